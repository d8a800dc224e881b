"""Upkeep of the passage table: its indexes, compaction, cleaning and the integrity check."""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from lance.query import MatchQuery

from citewell.durable import sync_directory, sync_tree
from citewell.index import rows
from citewell.index.filters import quote
from citewell.index.fulltext import query_words, tokenizer_options

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

_CLOCK_GRAIN_NANOSECONDS = 20_000_000  # file times may lag behind the clock by a tick of the kernel
_ENDINGS = {".lance": b"LANC", ".manifest": b"LANC", ".arrow": b"ARROW1"}  # last bytes of whole files, by format
_NEWEST_FIRST = (1 << 64) - 1  # a version's manifest is named by this number less the version

_SAMPLED = 40  # passages that the integrity check searches for
_TOLERATED_LOST = 0.1  # of them an approximate index may miss


def create_indexes(dataset: Any, language: str) -> None:
    """The full-text index and those for filters and look-ups, on a new table."""
    for column, kind in _SCALAR_INDEXES.items():
        dataset.create_scalar_index(column, kind, name=f"{column}_idx")
    _create_full_text_index(dataset, language)


def due(dataset: Any) -> bool:
    """Whether many rows are not in the full-text index yet, or there are many fragments."""
    indexed = next(each.num_rows_indexed for each in dataset.describe_indices() if each.name == _FULL_TEXT_INDEX)
    return bool(dataset.count_rows() - indexed > _MAX_UNINDEXED or len(dataset.get_fragments()) > _MAX_FRAGMENTS)


@contextmanager
def durable(dataset: Any) -> Iterator[None]:
    """What the engine commits in its block survives a power cut afterwards, or is taken back.

    The engine leaves its files unsynced. It also writes in the background, where an error of the last write of a file
    is lost: the file is short, and the commit that names it goes on; so every new file must end the way whole ones do.
    What could not be synced is not synced again: the system tells of a failed write once, and forgets it.
    """
    root, before, started = Path(dataset.uri), int(dataset.version), time.time_ns() - _CLOCK_GRAIN_NANOSECONDS
    try:
        yield
        _refuse_short_files(root, started)
        sync_tree(root, started)
    except (OSError, RuntimeError, ValueError):  # what the engine makes of errors
        take_back(root, before)
        _refuse_short_files(root, started)  # reading one may have been what failed
        raise


def take_back(root: Path, version: int) -> None:
    """Makes ``version`` the newest again. The files that only later ones name are cleaned away in time."""
    versions = root / "_versions"
    for path in versions.glob("*.manifest"):
        if _NEWEST_FIRST - int(path.stem) > version:
            path.unlink(missing_ok=True)
    (versions / "latest_version_hint.json").unlink(missing_ok=True)
    sync_directory(versions)


def _refuse_short_files(root: Path, since_ns: int) -> None:
    """Raises :class:`OSError` for a file that was written since then and lacks its end."""
    for folder, _, names in os.walk(root):
        for path in (Path(folder, name) for name in names):
            if path.suffix in _ENDINGS and _is_short(path, since_ns):
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def _is_whole(index: Path) -> bool:
    """Whether the files of an index are there and not cut off."""
    files = list(index.glob("*.lance"))
    return bool(files) and not any(_is_short(path, 0) for path in files)


def _is_short(path: Path, since_ns: int) -> bool:
    """Whether a file that was written since then lacks its end."""
    ending = _ENDINGS[path.suffix]
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            file.seek(max(0, state.st_size - len(ending)))
            return state.st_mtime_ns >= since_ns and file.read() != ending
    except FileNotFoundError:
        return False  # cleaned up meanwhile


def optimize(dataset: Any) -> None:
    """Compact, update or create indexes. Each step is a commit of its own; stopping between is harmless."""
    dataset.optimize.compact_files()
    dataset.optimize.optimize_indices()
    if dataset.count_rows() >= VECTOR_INDEX_ROWS and (not _has_vector_index(dataset) or _outgrown(dataset)):
        _create_vector_index(dataset)


def purge(dataset: Any) -> None:
    """Rewrite fragments with deleted rows, and rebuild every index from the live rows."""
    dataset.optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
    language = dataset.schema.metadata[b"citewell.language"].decode()
    create_indexes(dataset, language)
    if _has_vector_index(dataset):
        _create_vector_index(dataset)


def clean_up(dataset: Any, keep: timedelta) -> None:
    """Remove untagged versions older than ``keep``; all but the newest, and files of nobody, when that is nothing."""
    dataset.cleanup_old_versions(older_than=keep, delete_unverified=not keep, error_if_tagged_old_versions=False)


def check(dataset: Any, dimension: int) -> list[str]:
    """Sentences about rows that contradict themselves, and missing indexes."""
    problems = _check_indexes(dataset)
    ids: Counter[str] = Counter()
    versions: dict[str, set[str]] = {}
    columns = [*rows.PASSAGE_COLUMNS, "text_hash", rows.SEARCHABLE]
    for batch in dataset.to_batches(columns=[*columns, rows.VECTOR], batch_size=4096):
        vectors = batch.column(rows.VECTOR).flatten().to_numpy().reshape(-1, dimension)
        unit = np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < 1e-3
        selected = batch.select(columns)
        for row, passage, sound in zip(selected.to_pylist(), rows.to_passages(selected), unit, strict=True):
            ids[row["id"]] += 1
            versions.setdefault(row["document_id"], set()).add(row["document_version"])
            if row["start"] < 0 or row["end"] - row["start"] != len(row["text"]):
                problems.append(f"passage {row['id']}: its span {row['start']}-{row['end']} does not fit its text.")
            if (row["text_hash"], row[rows.SEARCHABLE]) != (passage.text_hash, passage.searchable):
                problems.append(f"passage {row['id']}: its text is not the one its hash was made of.")
            if not sound:
                problems.append(f"passage {row['id']}: its vector has not unit length.")
    problems += [f"passage {each}: stored {count} times." for each, count in ids.items() if count > 1]
    problems += [
        f"document {each}: passages of {len(found)} versions." for each, found in versions.items() if len(found) > 1
    ]
    return problems


def _check_indexes(dataset: Any) -> list[str]:
    present = {index.name: index.num_rows_indexed for index in dataset.describe_indices()}
    expected = {f"{column}_idx" for column in _SCALAR_INDEXES} | {_FULL_TEXT_INDEX}
    problems = [f"the index {name} is missing." for name in sorted(expected - present.keys())]
    if problems:
        return problems
    root = Path(dataset.uri, "_indices")
    lost = [index.name for index in dataset.describe_indices()
            if not all(_is_whole(root / str(segment.uuid)) for segment in index.segments)]  # fmt: skip
    if lost:
        return [f"files of the index {name} are missing or short." for name in sorted(lost)]
    count = dataset.count_rows()
    if (behind := count - present[_FULL_TEXT_INDEX]) > 2 * _MAX_UNINDEXED:
        problems.append(f"the full-text index lacks {behind} passages; they are found, but slowly.")
    return problems + _check_findable(dataset, count)


def _check_findable(dataset: Any, count: int) -> list[str]:
    """Whether passages spread over the table are found by their own words and their own vectors."""
    step = max(1, count // _SAMPLED)
    columns = ["id", rows.SEARCHABLE, rows.VECTOR]
    sample = dataset.take(list(range(0, count, step))[:_SAMPLED], columns=columns).to_pylist() if count else []
    problems = [
        f"passage {row['id']}: the full-text index does not find it by its own words."
        for row in sample
        if (words := _telling_words(row[rows.SEARCHABLE])) and not _found_by_words(dataset, row["id"], words)
    ]
    lost = sum(not _found_by_vector(dataset, row["id"], row[rows.VECTOR]) for row in sample)
    if lost > _TOLERATED_LOST * len(sample):
        problems.append(f"the vector index does not find {lost} of {len(sample)} passages by their own vectors.")
    return problems


def _telling_words(text: str) -> str:
    """Three or more words that no list of stop words has, as a query; empty when the text has too few."""
    words = [word for word in query_words(text).split() if 8 <= len(word) <= 30]
    return " ".join(words) if len(words) > 2 else ""


def _found_by_words(dataset: Any, passage_id: str, words: str) -> bool:
    query = MatchQuery(words, rows.SEARCHABLE)
    where = f"id = {quote(passage_id)}"
    found = dataset.to_table(columns=["id"], full_text_query=query, limit=1, filter=where, prefilter=True)
    return bool(found.num_rows)


def _found_by_vector(dataset: Any, passage_id: str, vector: list[float]) -> bool:
    """Among the nearest, or as near as the nearest: equal texts have equal vectors."""
    query = np.asarray(vector, np.float32)
    nearest = {"column": rows.VECTOR, "q": query, "k": 10, "metric": "dot", "minimum_nprobes": 32, "refine_factor": 2}
    found = dataset.to_table(columns=["id", "_distance"], nearest=nearest)
    distances = found["_distance"].to_numpy()
    return passage_id in found["id"].to_pylist() or bool(len(distances) and distances[-1] < 1e-3)


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
