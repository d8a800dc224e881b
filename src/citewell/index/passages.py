"""The passage table: Citewell's index in one Lance data set.

Holds passages, vectors, full-text postings and readers together, so that one commit changes them together. What is
*not* here: the encoder (vectors come in ready), fusion, and any wait for other writers; a collection has one writer
process, and any number of readers that see each commit at their next call.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pyarrow as pa
from lance.query import MatchQuery
from numpy.typing import NDArray

from citewell.access import Scope
from citewell.durable import link_tree, sync_tree
from citewell.errors import CollectionError
from citewell.index import DocumentRows, Filters, Ranking, rows, upkeep
from citewell.index.filters import both, condition, one_of
from citewell.index.fulltext import query_words
from citewell.records import Hit, Passage, Span, Stage

Vectors = NDArray[np.float32]

EXACT_ROWS = 1_000
"""A search restricted to at most this many rows compares them all; see ``benchmarks/filtered_recall.py``."""

PROBES, REFINE = 32, 2
"""Partitions an approximate search opens at least, and how many times ``k`` candidates it compares exactly."""

_LOOKUP_BATCH = 500  # ids in one condition; longer lists are looked up in several


def clone_table(source: Path, target: Path) -> None:
    """A table of its own with the newest rows of ``source``, in a moment and without space: its files, which are never
    changed in place, are linked. Earlier versions are left out. The caller lets nobody write meanwhile."""
    link_tree(source, target)
    lance.dataset(str(target)).cleanup_old_versions(
        older_than=timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False
    )
    sync_tree(target)


class PassageTable:
    """A :class:`~citewell.index.PassageIndex` in the directory ``path``. Safe to share between threads."""

    def __init__(self, dataset: Any, *, following: bool = True) -> None:
        """Use :meth:`create` or :meth:`open`. following: whether reads move on to newer commits."""
        self._dataset = dataset
        self._following = following
        self._writing = threading.Lock()
        self._row_of: dict[str, int] = {}  # passage id → row, of what a snapshot ranked; rows belong to one version
        self.dimension: int = dataset.schema.field(rows.VECTOR).type.list_size

    @staticmethod
    def create(path: str | Path, dimension: int, language: str = "English") -> PassageTable:
        """A new empty table; ``language`` decides stemming and stop words for good. The directory must not exist."""
        if Path(path).exists():
            raise CollectionError(f"{path} exists already. Expected a new directory for the passage table.")
        schema = rows.schema(dimension, {"citewell.language": language})
        dataset = lance.write_dataset(schema.empty_table(), str(path), schema=schema, enable_stable_row_ids=True)
        with upkeep.durable(dataset):
            upkeep.create_indexes(dataset, language)
        sync_tree(Path(path))
        return PassageTable(dataset)

    @staticmethod
    def open(path: str | Path) -> PassageTable:
        """The table stored in ``path``."""
        if not (Path(path) / "_versions").is_dir():
            raise CollectionError(f"{path} holds no passage table. Restore it from a copy of the collection.")
        return PassageTable(lance.dataset(str(path)))

    @property
    def version(self) -> int:
        """Number of the newest commit this reader sees."""
        return int(self._current().version)

    def snapshot(self) -> PassageTable:
        """A reader fixed at the newest commit; it costs nothing, and its version may be cleaned up after an hour."""
        return PassageTable(self._current(), following=False)

    # -- writing ---------------------------------------------------------------------------------------------------

    def commit(self, passages: Sequence[Passage], vectors: Vectors, replaces: Collection[str]) -> int:
        """Insert or update ``passages`` and delete every other passage of the documents ``replaces``, in one commit.

        vectors: (n, dimension), one row per passage; they are scaled to unit length. replaces: document ids; with no
        passages this deletes. Returns the new version. Afterwards all of it is durable, or (an exception) none of it.
        """
        table = rows.to_arrow(passages, self._unit_rows(passages, vectors), self.dimension)
        with self._changing() as dataset:
            stale = one_of("document_id", replaces)
            replacing = bool(replaces) and dataset.count_rows(stale) > 0
            if passages:
                merge = dataset.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                if replacing:
                    merge = merge.when_not_matched_by_source_delete(stale)
                merge.execute(table)
            elif replacing:
                dataset.delete(stale)
        return int(dataset.version)

    def delete(self, document_ids: Collection[str]) -> int:
        """Delete every passage of these documents in one commit; returns the version. See :meth:`purge`."""
        return self.commit([], np.zeros((0, self.dimension), np.float32), document_ids)

    def update_readers(self, readers: Mapping[str, Sequence[str]]) -> int:
        """Give documents (id → principals) new readers in one commit, keeping text and vectors; returns the version."""
        with self._changing() as dataset:
            table = dataset.to_table(filter=one_of("document_id", readers))
            if table.num_rows:
                column = table.schema.get_field_index("readers")
                changed = [list(readers[document]) for document in table["document_id"].to_pylist()]
                wanted = table.schema.field(column)  # with its type: lists that are all empty do not tell theirs
                table = table.set_column(column, wanted, pa.array(changed, wanted.type))
                dataset.merge_insert("id").when_matched_update_all().execute(table)
        return int(dataset.version)

    def optimize(self, keep: timedelta = timedelta(hours=1)) -> None:
        """Join small fragments, bring every index up to date, and drop untagged versions older than ``keep``.

        Searches give the same passages before, meanwhile and after; they only get faster. A reader that holds a
        :meth:`snapshot` longer than ``keep`` finds its files gone.
        """
        with self._changing(keep) as dataset:
            upkeep.optimize(dataset)

    def optimize_due(self) -> bool:
        """Whether enough was committed since the last :meth:`optimize` to slow searches down."""
        return upkeep.due(self._current())

    def purge(self) -> None:
        """Rewrite what holds deleted rows and remove every untagged older version, so that nothing deleted is left.

        Rebuilds all indexes (seconds per 100,000 passages). Readers at older versions must start again.
        """
        with self._changing(timedelta(0)) as dataset:
            upkeep.purge(dataset)

    def check(self) -> list[str]:
        """Integrity problems as sentences; none for a sound table. Reads every row (internal: takes no scope)."""
        return upkeep.check(self._current(), self.dimension)

    # -- reading ---------------------------------------------------------------------------------------------------

    def count(self, scope: Scope, filters: Filters | None = None) -> int:
        """Number of visible passages."""
        return int(self._current().count_rows(condition(scope, filters)))

    def get(self, ids: Sequence[str], scope: Scope) -> list[Passage]:
        """Passages with these ids in the given order; missing and invisible ones are left out."""
        dataset, found = self._current(), dict[str, Passage]()
        for start in range(0, len(ids), _LOOKUP_BATCH):
            where = both(condition(scope), self._are(ids[start : start + _LOOKUP_BATCH]))
            for passage in rows.to_passages(dataset.to_table(columns=rows.PASSAGE_COLUMNS, filter=where)):
                found[passage.id] = passage
        return [found[each] for each in ids if each in found]

    def of_document(self, document_id: str, scope: Scope) -> list[Passage]:
        """A document's visible passages in span order."""
        where = both(condition(scope), one_of("document_id", [document_id]))
        passages = rows.to_passages(self._current().to_table(columns=rows.PASSAGE_COLUMNS, filter=where))
        return sorted(passages, key=lambda passage: (passage.span, passage.id))

    def document_versions(self) -> dict[str, str]:
        """Document id → document version, of every document that has passages.

        Internal: recovery compares it with the catalog, which knows all documents; it never answers an asker, so it
        takes no scope.
        """
        table = self._current().to_table(columns=["document_id", "document_version"])
        return dict(zip(table["document_id"].to_pylist(), table["document_version"].to_pylist(), strict=True))

    def documents(self) -> dict[str, DocumentRows]:
        """What the table holds of each document. Internal, like :meth:`document_versions`."""
        table = self._current().to_table(columns=["document_id", "document_version", "readers"])
        columns = (table[name].to_pylist() for name in ("document_id", "document_version", "readers"))
        found: dict[str, DocumentRows] = {}
        for document_id, version, readers in zip(*columns, strict=True):
            known = found.get(document_id)
            found[document_id] = DocumentRows(version, known.passages + 1 if known else 1, tuple(readers))
        return found

    def texts(self) -> Iterator[tuple[str, str, str, Span, str]]:
        """Passage id, document id and version, span and text of every row. Internal: the integrity check reads it."""
        columns = ["id", "document_id", "document_version", "start", "end", "text"]
        for batch in self._current().to_batches(columns=columns, batch_size=4096):
            for row in batch.to_pylist():
                span = (row["start"], row["end"])
                yield row["id"], row["document_id"], row["document_version"], span, row["text"]

    def with_vectors(self, document_ids: Collection[str]) -> tuple[list[Passage], Vectors]:
        """The passages of these documents in span order, document by document, and their vectors. Internal: export."""
        where = one_of("document_id", document_ids)
        table = self._current().to_table(columns=[*rows.PASSAGE_COLUMNS, rows.VECTOR], filter=where).combine_chunks()
        passages = rows.to_passages(table.drop_columns([rows.VECTOR]))
        column = table[rows.VECTOR]
        matrix = column.combine_chunks().flatten().to_numpy().reshape(-1, self.dimension) if passages else None
        order = sorted(range(len(passages)), key=lambda i: (passages[i].document_id, passages[i].span))
        vectors = np.zeros((0, self.dimension), np.float32) if matrix is None else matrix[order]
        return [passages[i] for i in order], vectors

    def vectors_for(self, text_hashes: Collection[str]) -> dict[str, Vectors]:
        """:attr:`Passage.text_hash` → stored vector, for those that are stored.

        Internal: ingestion uses vectors again instead of encoding; a vector is given only to whoever already has the
        text, so it takes no scope.
        """
        dataset, found, wanted = self._current(), dict[str, Vectors](), sorted(set(text_hashes))
        for start in range(0, len(wanted), _LOOKUP_BATCH):
            where = one_of("text_hash", wanted[start : start + _LOOKUP_BATCH])
            table = dataset.to_table(columns=["text_hash", rows.VECTOR], filter=where).combine_chunks()
            matrix = table[rows.VECTOR].combine_chunks().flatten().to_numpy().reshape(-1, self.dimension)
            found.update(zip(table["text_hash"].to_pylist(), matrix, strict=True))
        return found

    # -- searching -------------------------------------------------------------------------------------------------

    def rank_lexical(self, query: str, k: int, scope: Scope, filters: Filters | None = None) -> Ranking:
        """Ids and BM25 scores of the ``k`` best passages that share a word with ``query`` (plain words, no syntax)."""
        words = query_words(query)
        if not words or k < 1:
            return Ranking()
        table = self._current().to_table(
            columns=["id", "_rowid", "_score"], full_text_query=MatchQuery(words, rows.SEARCHABLE), limit=k,
            filter=condition(scope, filters), prefilter=True,
        )  # fmt: skip
        return self._ranking(table, table["_score"].to_numpy())

    def rank_dense(
        self, vector: Vectors, k: int, scope: Scope, filters: Filters | None = None, *, exact: bool = False
    ) -> Ranking:
        """Ids and cosines of the ``k`` passages whose vectors are nearest to ``vector`` (dimension numbers).

        exact: compare with every passage even where an approximate index would do; for measuring that index.
        """
        length = float(np.linalg.norm(vector))
        if k < 1 or length == 0.0:
            return Ranking()
        dataset, where = self._current(), condition(scope, filters)
        exact = exact or (where is not None and dataset.count_rows(where) <= EXACT_ROWS)
        nearest = {
            "column": rows.VECTOR, "q": np.asarray(vector, np.float32) / length, "k": k, "metric": "dot",
            "use_index": not exact, "minimum_nprobes": PROBES, "refine_factor": REFINE,
        }  # fmt: skip
        columns = ["id", "_rowid", "_distance"]
        table = dataset.to_table(columns=columns, nearest=nearest, filter=where, prefilter=True)
        return self._ranking(table, 1.0 - table["_distance"].to_numpy())

    def lexical(self, query: str, k: int, scope: Scope, filters: Filters | None = None) -> list[Hit]:
        """:meth:`rank_lexical` with the passages."""
        return self._hits(self.rank_lexical(query, k, scope, filters), "lexical", scope)

    def dense(self, vector: Vectors, k: int, scope: Scope, filters: Filters | None = None) -> list[Hit]:
        """:meth:`rank_dense` with the passages."""
        return self._hits(self.rank_dense(vector, k, scope, filters), "dense", scope)

    def _hits(self, ranking: Ranking, stage: Stage, scope: Scope) -> list[Hit]:
        scores = dict(zip(ranking.ids, ranking.scores, strict=True))
        return [Hit(passage, float(scores[passage.id]), stage) for passage in self.get(ranking.ids, scope)]

    def _ranking(self, table: Any, scores: NDArray[np.float32]) -> Ranking:
        """Best first, equal scores by id."""
        ids = table["id"].to_pylist()
        if not self._following:
            self._row_of.update(zip(ids, table["_rowid"].to_pylist(), strict=True))
        order = sorted(range(len(ids)), key=lambda i: (-scores[i], ids[i]))
        return Ranking(tuple(ids[i] for i in order), scores[order].astype(np.float64))

    def _are(self, ids: Sequence[str]) -> str:
        """The condition for these passages; by row where a snapshot knows it, which needs no index to be fast."""
        if ids and all(each in self._row_of for each in ids):
            return f"_rowid IN ({', '.join(str(self._row_of[each]) for each in ids)})"
        return one_of("id", ids)

    # -- handles ---------------------------------------------------------------------------------------------------

    def _current(self) -> Any:
        """A handle at the newest commit. Handles never change once readers have them; a newer one replaces them."""
        dataset = self._dataset
        if self._following and (latest := dataset.latest_version) != dataset.version:
            dataset = self._dataset = dataset.checkout_version(latest)
        return dataset

    def _writer(self) -> Any:
        """An own handle to write with, since writing moves a handle on."""
        if not self._following:
            raise CollectionError("This reader is fixed at one version. Write through the table it was taken from.")
        dataset = self._current()
        return dataset.checkout_version(dataset.version)

    @contextmanager
    def _changing(self, keep: timedelta | None = None) -> Iterator[Any]:
        """A handle to write with. Readers move on to what it committed once that is durable; after an exception they
        stay. keep: then drop versions older than this."""
        with self._writing:
            dataset = self._writer()
            try:
                with upkeep.durable(dataset):
                    yield dataset
            except (OSError, RuntimeError, ValueError):
                self._dataset = lance.dataset(str(dataset.uri))  # without what it remembers of versions taken back
                raise
            if keep is not None:
                upkeep.clean_up(dataset, keep)
            self._dataset = dataset

    def _unit_rows(self, passages: Sequence[Passage], vectors: Vectors) -> Vectors:
        if vectors.shape != (len(passages), self.dimension):
            raise ValueError(f"vectors have shape {vectors.shape}, expected {(len(passages), self.dimension)}.")
        if len({passage.id for passage in passages}) < len(passages):
            raise ValueError("two passages of one commit have the same id.")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise ValueError("a vector is zero or not finite.")
        return np.asarray(vectors / lengths, dtype=np.float32)
