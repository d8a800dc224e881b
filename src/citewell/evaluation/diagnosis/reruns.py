"""Asking again with one thing changed. Nothing is written: the index is read, and what is changed is changed in memory.

Reruns(store)
  .hits(question, scope)            as a search gives them today
  .ranks(question, scope, ids)      where passages stand in either search, and fused, among very many
  .placed(question, scope, …)       the hits if a passage were in the index, at the place its scores give it
  .first(hits, passages)            the hits with these in front
  .answer(question, hits, …)        what these hits come to
"""

from __future__ import annotations

import copy
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from citewell.access import Scope
from citewell.answering.words import terms
from citewell.ask import answer_from
from citewell.evaluation.remembering import Remembering
from citewell.index import Ranking
from citewell.index.fulltext import query_words
from citewell.records import Answer, Hit, Passage
from citewell.retrieval.copies import collapse
from citewell.retrieval.fusion import fuse
from citewell.retrieval.search import search

if TYPE_CHECKING:
    from citewell.index import PassageIndex
    from citewell.models.encoder import Encoder
    from citewell.store import Store

DEEP = 2_000
"""Passages of each search among which a gold is looked for that is not among the candidates."""

_READ = 5  # times the wanted hits are read, so that enough are left when copies are put together


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where the best of some passages stands, from 1; ``None``: not among the first :data:`DEEP`."""

    lexical: int | None
    dense: int | None
    fused: int | None


class Reruns:
    """A store, asked again and again. Not for use from several threads."""

    def __init__(self, store: Store) -> None:
        self._encoder = Remembering(store.encoder)
        self.store = copy.copy(store)
        self.store.__dict__["encoder"] = cast("Encoder", self._encoder)
        self.index: PassageIndex = store.index.snapshot()
        self.settings = store.settings.retrieval
        self._searches: dict[tuple[str, Scope, int], tuple[Ranking, Ranking]] = {}
        self._hits: dict[tuple[str, Scope], list[Hit]] = {}

    def forget(self) -> None:
        """Between questions: what was remembered of one serves no other."""
        self._encoder.forget()
        self._searches.clear()
        self._hits.clear()

    def hits(self, question: str, scope: Scope) -> list[Hit]:
        """What a search finds today."""
        key = (question, scope)
        if key not in self._hits:
            self._hits[key] = search(question, self.index, self._encoder, scope, None, self.settings)
        return self._hits[key]

    def searches(self, question: str, scope: Scope, depth: int) -> tuple[Ranking, Ranking]:
        """The lexical and the dense ranking."""
        key = (question, scope, depth)
        if key not in self._searches:
            vector = self._encoder.encode([question])[0]
            self._searches[key] = (
                self.index.rank_lexical(question, depth, scope),
                self.index.rank_dense(vector, depth, scope),
            )
        return self._searches[key]

    def ranks(self, question: str, scope: Scope, ids: Collection[str], depth: int = DEEP) -> Ranks:
        """Where the best of ``ids`` stands among ``depth`` passages of each search."""
        lexical, dense = self.searches(question, scope, depth)
        fused = fuse(question, lexical, dense)
        return Ranks(_place(lexical.ids, ids), _place(dense.ids, ids), _place(fused.ids, ids))

    def deep(self, question: str, scope: Scope) -> list[Hit]:
        """The hits if every one of very many passages were a candidate."""
        return self._cut(question, fuse(question, *self.searches(question, scope, DEEP)), scope)

    def placed(self, question: str, scope: Scope, passage: Passage, parts: Sequence[Passage] = ()) -> list[Hit]:
        """The hits if ``passage`` were in the index and ``parts`` of it were not.

        Its cosine is exact. Its BM25 is estimated word by word, because the sum over the question's words is what BM25
        is: the best of its parts for that word, or what a typical passage with the word has.
        """
        lexical, dense = self.searches(question, scope, self.settings.candidates)
        gone = {part.id for part in parts}
        vectors = self._encoder.encode([question, passage.embedded])
        cosine = float(vectors[0] @ vectors[1])
        words = self._lexical_estimate(question, scope, passage, gone)
        fused = fuse(question, _with(lexical, gone, passage.id, words), _with(dense, gone, passage.id, cosine))
        return self._cut(question, fused, scope, passage)

    def first(self, hits: Sequence[Hit], passages: Iterable[Passage]) -> list[Hit]:
        """The hits with ``passages`` before all others, as if nothing had scored better."""
        chosen = list(passages)
        ids = {passage.id for passage in chosen}
        best = max((hit.score for hit in hits), default=1.0)
        top = [Hit(passage, best, "fused") for passage in chosen]
        rest = [hit for hit in hits if hit.passage.id not in ids]
        return (top + rest)[: max(self.settings.hits, len(top))]

    def answer(self, question: str, hits: Sequence[Hit], threshold: float | None = None) -> Answer:
        """What these hits come to, with the reader that citewell ships."""
        return answer_from(question, hits, self.store, threshold=threshold)

    def get(self, ids: Sequence[str], scope: Scope) -> list[Passage]:
        return self.index.get(ids, scope)

    def _cut(self, question: str, ranking: Ranking, scope: Scope, extra: Passage | None = None) -> list[Hit]:
        ids = ranking.ids[: _READ * self.settings.hits]
        found = {each.id: each for each in self.index.get([i for i in ids if not extra or i != extra.id], scope)}
        if extra is not None:
            found[extra.id] = extra
        scores = zip(ids, ranking.scores.tolist(), strict=False)
        return collapse(question, ((found[i], score) for i, score in scores if i in found), self.settings.hits)

    def _lexical_estimate(self, question: str, scope: Scope, passage: Passage, parts: Collection[str]) -> float:
        own, total = set(terms(passage.searchable)), 0.0
        for word in query_words(question).split():
            ranking = self.index.rank_lexical(word, self.settings.candidates, scope)
            scores = dict(zip(ranking.ids, ranking.scores.tolist(), strict=True))
            of_parts = [scores[each] for each in parts if each in scores]
            if of_parts:
                total += max(of_parts)
            elif scores and own.intersection(terms(word)):
                total += statistics.median(scores.values())
        return total


def _place(ids: Sequence[str], wanted: Collection[str]) -> int | None:
    return next((place for place, each in enumerate(ids, start=1) if each in wanted), None)


def _with(ranking: Ranking, gone: Collection[str], new: str, score: float) -> Ranking:
    """The ranking without ``gone`` and with ``new`` at the place of its score; a score of 0 or less is no match."""
    pairs = [
        (each, value)
        for each, value in zip(ranking.ids, ranking.scores.tolist(), strict=True)
        if each not in gone and each != new
    ]
    if score > 0:
        pairs.append((new, score))
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    return Ranking(tuple(each for each, _ in pairs), np.asarray([value for _, value in pairs], dtype=np.float64))
