"""The search: lexical and dense candidates, fused; then the best passages are read.

    question ─► rank_lexical ─┐
        └─► vector ─► rank_dense ─► fuse ─► get

The two rankings carry ids and scores only; texts are read for the final hits alone. The lexical one runs beside
encoding and the dense one. All reads of one search see the same commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citewell.access import Scope
from citewell.index import Filters, PassageIndex, Ranking
from citewell.records import Hit
from citewell.retrieval.fusion import fuse
from citewell.settings import RetrievalSettings

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
    """The best visible passages for ``question``, best first, with scores in [0, 1] that compare within one search."""
    settings = settings or RetrievalSettings()
    if not question.strip():
        return []
    index = index.snapshot()
    ranking = rank(question, lambda: encoder.encode([question])[0], index, scope, filters, settings.candidates)
    scores = dict(zip(ranking.ids[: settings.hits], ranking.scores, strict=False))
    passages = index.get(list(scores), scope)
    return [Hit(passage, float(scores[passage.id]), "fused") for passage in passages]


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
