"""The search: lexical and dense candidates, fused; then the best passages are read.

    question ─► rank_lexical ─┐
        └─► vector ─► rank_dense ─► fuse ─► get ─► collapse

The two rankings carry ids and scores only; texts are read for the best alone, twice as many as there will be hits, so
that copies among them are found. Where copies crowd out other passages, more are read. The lexical ranking runs beside
encoding and the dense one. All reads of one search see the same commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citewell.access import Scope
from citewell.index import Filters, PassageIndex, Ranking
from citewell.records import Hit, Passage
from citewell.retrieval.copies import collapse
from citewell.retrieval.fusion import fuse
from citewell.settings import RetrievalSettings

READ_AHEAD = 2  # times the wanted hits are read at first
WIDEN, WIDEST = 4, 16  # where copies fill all candidates, times as many are taken; at most so many in all

_BESIDE = ThreadPoolExecutor(thread_name_prefix="lexical")


class QuestionEncoder(Protocol):
    """The part of an encoder that searching needs."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def search(
    question: str,
    index: PassageIndex,
    encoder: QuestionEncoder,
    scope: Scope,
    filters: Filters | None = None,
    settings: RetrievalSettings | None = None,
) -> list[Hit]:
    """The best visible passages for ``question``, best first, with scores in [0, 1] that compare within one search.

    Passages with the same text are one hit with several places; see :mod:`citewell.retrieval.copies`.
    """
    settings = settings or RetrievalSettings()
    if not question.strip():
        return []
    index, wanted, candidates = index.snapshot(), settings.hits, settings.candidates
    vector = cache(lambda: encoder.encode([question])[0])
    passages: dict[str, Passage] = {}
    while True:
        ranking = rank(question, vector, index, scope, filters, candidates)
        hits = _distinct(question, ranking, index, scope, wanted, passages)
        exhausted = len(ranking.ids) < candidates or candidates >= WIDEST * settings.candidates
        if len(hits) == wanted or exhausted:
            return hits
        candidates *= WIDEN


def _distinct(
    question: str, ranking: Ranking, index: PassageIndex, scope: Scope, wanted: int, passages: dict[str, Passage]
) -> list[Hit]:
    """Up to ``wanted`` different passages; texts are read until there are as many. passages: those read, added to."""
    end, hits = 0, list[Hit]()
    while end < len(ranking.ids) and len(hits) < wanted:
        end = max(READ_AHEAD * wanted, 2 * end)
        ids = ranking.ids[:end]
        passages.update((each.id, each) for each in index.get([each for each in ids if each not in passages], scope))
        read = zip(ids, ranking.scores.tolist(), strict=False)
        hits = collapse(question, ((passages[each], score) for each, score in read if each in passages), wanted)
    return hits


def rank(
    question: str,
    vector: Callable[[], NDArray[np.float32]],
    index: PassageIndex,
    scope: Scope,
    filters: Filters | None = None,
    candidates: int = 100,
) -> Ranking:
    """Ids and fused scores of up to ``candidates`` passages from each of the two searches, best first.

    vector: gives the question's vector; it is called while the lexical search runs.
    """
    lexical = _BESIDE.submit(index.rank_lexical, question, candidates, scope, filters)
    dense = index.rank_dense(vector(), candidates, scope, filters)
    return fuse(question, lexical.result(), dense)
