"""Which draft comes next, so that no kind, document or file type has more than its share."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from citewell.evaluation.making.drafts import Draft, Material

SHARES = {"cloze": 0.25, "field": 0.7, "code": 0.7}
"""How much of an equal share a kind gets; 1 for those not named. Gap questions are the least like people's."""

GAPS = 0.2  # share of gap questions above which a set rather stays short, where there are other kinds at all
SAME_SHAPE = 2  # questions of one table column or one rule that a document gives, before others are asked


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft that passed its own checks. order: by seed."""

    draft: Draft
    document_id: str
    media_type: str
    order: int
    given: Material


class Chooser:
    """Gives candidates one by one; costs little more than a sort. A queue for each kind, re-sorted only as far as its
    head changed."""

    def __init__(self, pool: Sequence[Candidate], plain: bool = False) -> None:
        """plain: all kinds count alike, as for questions written by a model."""
        self._pool = pool
        self._kinds: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._columns: Counter[tuple[str, str]] = Counter()
        self._shares = {} if plain else SHARES
        self._queues: dict[str, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
        for number, each in enumerate(pool):
            self._queues[each.draft.kind].append((self._key(each), number))
        for queue in self._queues.values():
            heapq.heapify(queue)
        self._several = len(self._queues) > 1

    @property
    def left(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def next(self) -> Candidate | None:
        """The best candidate of the kind that has least of its share; ``None`` when there are no more."""
        enough = self._several and self._kinds["cloze"] > GAPS * sum(self._kinds.values())
        full = [kind for kind, queue in self._queues.items() if queue and not (enough and kind == "cloze")]
        if not full:
            return None
        kind = min(full, key=lambda each: (self._kinds[each] / self._shares.get(each, 1.0), each))
        queue = self._queues[kind]
        while True:
            key, number = heapq.heappop(queue)
            current = self._key(self._pool[number])
            if current <= key or not queue:
                return self._pool[number]
            heapq.heappush(queue, (current, number))
            if queue[0] == (current, number):
                heapq.heappop(queue)
                return self._pool[number]

    def tell(self, candidate: Candidate, *, taken: bool) -> None:
        """Whether the last candidate became a question."""
        if not taken:
            return
        self._kinds[candidate.draft.kind] += 1
        self._documents[candidate.document_id] += 1
        self._types[candidate.media_type] += 1
        self._columns[_column(candidate)] += 1

    def _key(self, candidate: Candidate) -> tuple[int, ...]:
        repeated = self._columns[_column(candidate)] // SAME_SHAPE
        document, media = self._documents[candidate.document_id], self._types[candidate.media_type]
        return repeated, document, media, candidate.order


def _column(candidate: Candidate) -> tuple[str, str]:
    return candidate.document_id, candidate.draft.asked or candidate.draft.rule
