"""Upkeep of the passage table: its indexes, compaction, cleaning and the integrity check."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np

from citewell.index import rows
from citewell.index.fulltext import tokenizer_options
from citewell.records import content_id

VECTOR_INDEX_ROWS = 10_000
"""From this many rows on vectors get an approximate index; below, comparing all is as fast and exact.

IVF_RQ with its defaults (about 4,096 rows per partition, 5 bits per number): of IVF_RQ, IVF_SQ and IVF_HNSW_SQ on
100,000 passages it answered fastest at equal recall, and was built in 5 seconds.
"""

_SCALAR_INDEXES = {
    "id": "BTREE", "document_id": "BTREE", "text_hash": "BTREE", "source_id": "BITMAP", "modified_at": "BTREE",
    "readers": "LABEL_LIST", "labels": "LABEL_LIST",
}  # fmt: skip
_VECTOR_INDEX = "vector_idx"
_MAX_PARTITION_ROWS = 16_384  # mean rows per partition, four times what a new index has, before it is built anew
_FULL_TEXT_INDEX = "searchable_idx"

_MAX_UNINDEXED = 2_000  # rows; searching them costs about 0.03 ms each
_MAX_FRAGMENTS = 32


def create_indexes(dataset: Any, language: str) -> None:
    """The full-text index and those for filters and look-ups, on a new table."""
    for column, kind in _SCALAR_INDEXES.items():
        dataset.create_scalar_index(column, kind, name=f"{column}_idx")
    _create_full_text_index(dataset, language)


def due(dataset: Any) -> bool:
    """Whether many rows are not in the full-text index yet, or there are many fragments."""
    indexed = next(each.num_rows_indexed for each in dataset.describe_indices() if each.name == _FULL_TEXT_INDEX)
    return bool(dataset.count_rows() - indexed > _MAX_UNINDEXED or len(dataset.get_fragments()) > _MAX_FRAGMENTS)


def optimize(dataset: Any, keep: timedelta) -> None:
    """Compact, update or create indexes, clean up. Each step is a commit of its own; stopping between is harmless."""
    dataset.optimize.compact_files()
    dataset.optimize.optimize_indices()
    if dataset.count_rows() >= VECTOR_INDEX_ROWS and (not _has_vector_index(dataset) or _outgrown(dataset)):
        _create_vector_index(dataset)
    dataset.cleanup_old_versions(older_than=keep, error_if_tagged_old_versions=False)


def purge(dataset: Any) -> None:
    """Rewrite fragments with deleted rows, rebuild every index from the live rows, remove all older versions."""
    dataset.optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
    language = dataset.schema.metadata[b"citewell.language"].decode()
    create_indexes(dataset, language)
    if _has_vector_index(dataset):
        _create_vector_index(dataset)
    dataset.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False)


def check(dataset: Any, dimension: int) -> list[str]:
    """Sentences about rows that contradict themselves, and missing indexes."""
    problems = _check_indexes(dataset)
    ids: Counter[str] = Counter()
    versions: dict[str, set[str]] = {}
    columns = ["id", "document_id", "document_version", "text", "start", "end", "text_hash", rows.SEARCHABLE]
    for batch in dataset.to_batches(columns=[*columns, rows.VECTOR], batch_size=4096):
        vectors = batch.column(rows.VECTOR).flatten().to_numpy().reshape(-1, dimension)
        unit = np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < 1e-3
        for row, sound in zip(batch.select(columns).to_pylist(), unit, strict=True):
            ids[row["id"]] += 1
            versions.setdefault(row["document_id"], set()).add(row["document_version"])
            if row["start"] < 0 or row["end"] - row["start"] != len(row["text"]):
                problems.append(f"passage {row['id']}: its span {row['start']}-{row['end']} does not fit its text.")
            if row["text_hash"] != content_id(row[rows.SEARCHABLE]):
                problems.append(f"passage {row['id']}: its text is not the one its hash was made of.")
            if not sound:
                problems.append(f"passage {row['id']}: its vector has not unit length.")
    problems += [f"passage {each}: stored {count} times." for each, count in ids.items() if count > 1]
    problems += [
        f"document {each}: passages of {len(found)} versions." for each, found in versions.items() if len(found) > 1
    ]
    return problems


def _check_indexes(dataset: Any) -> list[str]:
    present = {index.name for index in dataset.describe_indices()}
    expected = {f"{column}_idx" for column in _SCALAR_INDEXES} | {_FULL_TEXT_INDEX}
    return [f"the index {name} is missing." for name in sorted(expected - present)]


def _create_full_text_index(dataset: Any, language: str) -> None:
    options = tokenizer_options(language)
    dataset.create_scalar_index(rows.SEARCHABLE, "INVERTED", name=_FULL_TEXT_INDEX, **options)


def _has_vector_index(dataset: Any) -> bool:
    return any(index.name == _VECTOR_INDEX for index in dataset.describe_indices())


def _outgrown(dataset: Any) -> bool:
    """Whether the vector index was built for far fewer rows than there are now: its partitions never get more."""
    statistics = dataset.index_statistics(_VECTOR_INDEX)
    partitions = max(len(each["partitions"]) for each in statistics["indices"])
    return bool(dataset.count_rows() > _MAX_PARTITION_ROWS * partitions)


def _create_vector_index(dataset: Any) -> None:
    dimension = dataset.schema.field(rows.VECTOR).type.list_size
    kind = "IVF_RQ" if dimension % 8 == 0 else "IVF_SQ"  # RQ packs one bit a number into whole bytes
    dataset.create_index(rows.VECTOR, kind, name=_VECTOR_INDEX, metric="dot", replace=True)
