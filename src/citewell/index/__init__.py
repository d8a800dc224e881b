"""The index: passages, their vectors and their full-text postings behind one small protocol.

:class:`PassageIndex` is the whole contract between the index and the rest of Citewell. One implementation ships,
:class:`citewell.index.passages.PassageTable` (Lance, embedded); another one joins by passing the conformance suite in
``tests/index/``. Importing this package loads no engine.

What every implementation promises:

- **One atomic commit** replaces whole documents: readers see all of it or nothing, also after ``kill -9``.
- **Scope and filters run inside every search**, never after it, so a restricted search still returns ``k`` results.
- **New rows are searchable at once**, before any upkeep; upkeep only makes them faster to search.
- **Ties are broken by passage id**, so the same table gives the same order.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citewell.access import Scope
from citewell.index.filters import Filters
from citewell.records import Hit, Passage

os.environ.setdefault("LANCE_LOG", "error")  # the engine warns on standard error about partitions it opens in vain

__all__ = ["DocumentRows", "Filters", "PassageIndex", "Ranking"]

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passage ids of one search, best first, with their scores: what fusion needs, and no text.

    scores: float64, not increasing; lexical ones are BM25 (0 and more), dense ones cosines in [-1, 1].
    """

    ids: tuple[str, ...] = ()
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """What an index holds of one document: its version, how many passages, and who may read them."""

    version: str
    passages: int
    readers: tuple[str, ...]


class PassageIndex(Protocol):
    """Passages of one collection: committed atomically, read through a :class:`Scope`.

    Methods that take no scope serve ingestion and recovery, never an asker; each says so.
    """

    @property
    def version(self) -> int:
        """Number of the newest commit this reader sees; grows with every commit."""

    @property
    def dimension(self) -> int:
        """Length of the vectors."""

    def snapshot(self) -> PassageIndex:
        """A reader fixed at the newest commit, so that several calls see the same rows."""

    def commit(self, passages: Sequence[Passage], vectors: Vectors, replaces: Collection[str]) -> int: ...

    def delete(self, document_ids: Collection[str]) -> int: ...

    def update_readers(self, readers: Mapping[str, Sequence[str]]) -> int: ...

    def count(self, scope: Scope, filters: Filters | None = None) -> int: ...

    def get(self, ids: Sequence[str], scope: Scope) -> list[Passage]: ...

    def of_document(self, document_id: str, scope: Scope) -> list[Passage]: ...

    def document_versions(self) -> dict[str, str]: ...

    def documents(self) -> dict[str, DocumentRows]: ...

    def vectors_for(self, text_hashes: Collection[str]) -> dict[str, Vectors]: ...

    def rank_lexical(self, query: str, k: int, scope: Scope, filters: Filters | None = None) -> Ranking: ...

    def rank_dense(self, vector: Vectors, k: int, scope: Scope, filters: Filters | None = None) -> Ranking: ...

    def lexical(self, query: str, k: int, scope: Scope, filters: Filters | None = None) -> list[Hit]: ...

    def dense(self, vector: Vectors, k: int, scope: Scope, filters: Filters | None = None) -> list[Hit]: ...

    def optimize(self, keep: timedelta = ...) -> None: ...

    def optimize_due(self) -> bool: ...

    def purge(self) -> None: ...

    def check(self) -> list[str]: ...
