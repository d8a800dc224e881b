"""Rows of the passage table: the columns, and passages to and from Arrow.

Vectors are stored as float32, of unit length.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from citewell.index.filters import labels_of
from citewell.records import Json, Passage, Place

PASSAGE_COLUMNS = [
    "id", "document_id", "document_version", "source_id", "uri", "title", "text", "heading_path", "header", "start",
    "end", "places", "readers", "language", "modified_at", "media_type", "metadata",
]  # fmt: skip
"""What a whole :class:`Passage` is read from."""

SEARCHABLE, VECTOR = "searchable", "vector"

_TEXTS = pa.list_(pa.string())
_FIELDS: list[tuple[str, Any]] = [
    ("id", pa.string()),
    ("document_id", pa.string()),
    ("document_version", pa.string()),
    ("source_id", pa.string()),
    ("uri", pa.string()),
    ("title", pa.string()),
    ("text", pa.string()),
    ("heading_path", _TEXTS),
    ("header", pa.string()),
    ("start", pa.int64()),
    ("end", pa.int64()),
    ("places", pa.string()),  # JSON
    ("readers", _TEXTS),
    ("language", pa.string()),
    ("modified_at", pa.string()),
    ("media_type", pa.string()),
    ("metadata", pa.string()),  # JSON
    ("labels", _TEXTS),  # metadata pairs as filters look them up
    ("text_hash", pa.string()),
    (SEARCHABLE, pa.string()),
]


def schema(dimension: int, metadata: dict[str, str] | None = None) -> Any:
    """The table's Arrow schema for vectors of ``dimension`` numbers."""
    vector = pa.field(VECTOR, pa.list_(pa.float32(), dimension), nullable=False)
    return pa.schema([*(pa.field(name, kind) for name, kind in _FIELDS), vector], metadata=metadata)


def to_arrow(passages: Sequence[Passage], vectors: NDArray[np.float32], dimension: int) -> Any:
    """An Arrow table of passages and their (n, dimension) vectors."""
    columns: dict[str, Any] = {name: [] for name, _ in _FIELDS}
    for passage in passages:
        for name, value in _row(passage).items():
            columns[name].append(value)
    arrays = [pa.array([_clean(v) for v in columns[name]], type=kind) for name, kind in _FIELDS]
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    arrays.append(pa.FixedSizeListArray.from_arrays(flat, dimension))
    return pa.Table.from_arrays(arrays, schema=schema(dimension))


def to_passages(table: Any) -> list[Passage]:
    """Passages of an Arrow table that has :data:`PASSAGE_COLUMNS`."""
    return [_passage(row) for row in table.to_pylist()]


def _row(passage: Passage) -> Json:
    return {
        "id": passage.id, "document_id": passage.document_id, "document_version": passage.document_version,
        "source_id": passage.source_id, "uri": passage.uri, "title": passage.title, "text": passage.text,
        "heading_path": list(passage.heading_path), "header": passage.header, "start": passage.span[0],
        "end": passage.span[1], "places": _json([place.to_json() for place in passage.places]),
        "readers": list(passage.readers), "language": passage.language, "modified_at": passage.modified_at,
        "media_type": passage.media_type, "metadata": _json(passage.metadata), "labels": labels_of(passage.metadata),
        "text_hash": passage.text_hash, SEARCHABLE: passage.searchable,
    }  # fmt: skip


def _passage(row: Json) -> Passage:
    return Passage(
        id=row["id"], document_id=row["document_id"], document_version=row["document_version"],
        source_id=row["source_id"], uri=row["uri"], title=row["title"], text=row["text"],
        span=(row["start"], row["end"]), heading_path=tuple(row["heading_path"]), header=row["header"],
        places=tuple(Place.from_json(place) for place in json.loads(row["places"])), readers=tuple(row["readers"]),
        language=row["language"], modified_at=row["modified_at"], media_type=row["media_type"],
        metadata=json.loads(row["metadata"]),
    )  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    """Text that Arrow can hold: a lone surrogate, which no file should contain, becomes a question mark."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
