"""Deterministic passages and vectors for the index's conformance suite; no model, no network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citewell.index.passages import PassageTable
from citewell.records import Locator, Passage, Place, content_id

DIMENSION = 16

MakePassage = Callable[..., Passage]


def passage(document: str, text: str, *, start: int = 0, **changes: Any) -> Passage:
    """A passage of ``document``; ``start`` is its offset and tells equal texts apart."""
    values: dict[str, Any] = {
        "id": content_id(document, text, str(start)), "document_id": document, "document_version": "v1",
        "source_id": "source-1", "uri": f"file:///{document}.txt", "title": f"Title {document}", "text": text,
        "span": (start, start + len(text)), "heading_path": ("Part", document), "header": "",
        "places": (Place((start, start + len(text)), Locator(page=2, boxes=((1.0, 2.0, 3.0, 4.5),))),),
        "readers": ("everyone",), "language": "en", "modified_at": "2024-05-31", "media_type": "text/plain",
        "metadata": {"team": "legal", "year": 2024, "tags": ["a", "b"], "draft": False},
    }  # fmt: skip
    return Passage(**{**values, **changes})


def vector(text: str) -> np.ndarray:
    """A unit vector that depends on ``text`` alone."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    row = np.random.default_rng(seed).normal(size=DIMENSION)
    return (row / np.linalg.norm(row)).astype(np.float32)


def vectors(passages: list[Passage]) -> np.ndarray:
    return np.array([vector(each.text) for each in passages], np.float32).reshape(-1, DIMENSION)


@pytest.fixture(params=["lance"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> PassageTable:
    """An empty index of every implementation: the suite's only seam."""
    assert request.param == "lance"
    return PassageTable.create(tmp_path / "passages.lance", DIMENSION)


@pytest.fixture
def fill() -> Callable[..., int]:
    """``fill(index, *passages, replaces=())``: commit with vectors made from the texts."""

    def commit(index: PassageTable, *passages: Passage, replaces: tuple[str, ...] = ()) -> int:
        return index.commit(list(passages), vectors(list(passages)), replaces)

    return commit


@pytest.fixture
def make() -> MakePassage:
    return passage


@pytest.fixture
def vector_of() -> Callable[[str], np.ndarray]:
    return vector
