"""Vectors of any length get an approximate index; the packed kind needs whole bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citewell.access import Scope
from citewell.index import upkeep
from citewell.index.passages import PassageTable
from citewell.records import Passage, content_id


@pytest.mark.parametrize("dimension", [12, 16])
def test_an_index_is_built_for_any_dimension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dimension: int) -> None:
    monkeypatch.setattr(upkeep, "VECTOR_INDEX_ROWS", 400)
    texts = [f"note number {number}" for number in range(500)]
    passages = [
        Passage(
            content_id(text), content_id(text), "v", "s", f"/{text}", "", text, (0, len(text)), readers=("everyone",)
        )
        for text in texts
    ]
    vectors = np.random.default_rng(0).standard_normal((500, dimension)).astype(np.float32)
    table = PassageTable.create(tmp_path / "t.lance", dimension)
    table.commit(passages, vectors, ())
    table.optimize()
    hit = table.dense(vectors[7], 1, Scope.owner())[0]
    assert hit.passage.text == "note number 7"
