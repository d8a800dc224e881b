"""The integrity check finds each kind of damage, and a repair mends it without losing anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import citewell
from citewell import Scope
from citewell.catalog import Item
from citewell.collection import Collection
from citewell.errors import CollectionError
from citewell.index import upkeep
from citewell.integrity import DAMAGED
from citewell.store import Store

OWNER = Scope.owner()
pytestmark = pytest.mark.damages_on_purpose


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Indexed once; each test damages a copy. The files stay where they are."""
    root = tmp_path_factory.mktemp("integrity")
    (root / "docs").mkdir()
    past = time.time() - 60
    for name, text in {
        "leave.md": "# Leave\n\nNew employees get 27 days of paid leave each year, whichever department they joined.\n",
        "pay.md": "# Pay\n\nSalaries are transferred on the 25th of each month by the accounting department.\n",
        "tea.md": "# Tea\n\nThe kettle is on the second floor, beside the photocopier of the drawing office.\n",
    }.items():
        (root / "docs" / name).write_text(text)
        os.utime(root / "docs" / name, (past, past))
    opened = citewell.open(root / "whole.citewell", create=True)
    opened.add(root / "docs")
    opened.snapshot("first")
    assert opened.check() == []
    assert all(item.version for item in opened.items())
    return opened


@pytest.fixture
def copy(whole: Collection, tmp_path: Path) -> Collection:
    shutil.copytree(whole.store.root, tmp_path / "copy.citewell")
    return citewell.open(tmp_path / "copy.citewell")


def item_of(collection: Collection, name: str) -> Item:
    (item,) = [item for item in collection.items() if item.uri.endswith(name)]
    return item


def blob_of(collection: Collection, name: str) -> Path:
    return collection.store.blobs.path(item_of(collection, name).version)


def change_row(collection: Collection, **changes: str) -> None:
    """Writes other values into the row of tea.md, past every check."""
    item = item_of(collection, "tea.md")
    dataset = collection.store.index._writer()
    dataset.update({name: f"'{value}'" for name, value in changes.items()}, where=f"document_id = '{item.document_id}'")


def lose_rows(collection: Collection) -> None:
    collection.store.index.delete([item_of(collection, "tea.md").document_id])


def unknown_rows(collection: Collection) -> None:
    collection.store.catalog.forget([item_of(collection, "tea.md")])


def other_version(collection: Collection) -> None:
    collection.store.catalog.record(
        [replace(item_of(collection, "tea.md"), version=item_of(collection, "pay.md").version)]
    )


def other_readers(collection: Collection) -> None:
    collection.store.index.update_readers({item_of(collection, "tea.md").document_id: ["user:eve"]})


def other_count(collection: Collection) -> None:
    collection.store.catalog.record([replace(item_of(collection, "tea.md"), passages=9)])


def rows_twice(collection: Collection) -> None:
    dataset = collection.store.index._writer()
    dataset.insert(dataset.to_table(filter=f"document_id = '{item_of(collection, 'tea.md').document_id}'"))


def lose_blob(collection: Collection) -> None:
    blob_of(collection, "tea.md").unlink()


def cut_blob(collection: Collection) -> None:
    path = blob_of(collection, "tea.md")
    path.write_bytes(path.read_bytes()[:-20])


def flip_blob(collection: Collection) -> None:
    path = blob_of(collection, "tea.md")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def orphan_blob(collection: Collection) -> None:
    collection.store.blobs.put("0123456789abcdef" * 2, {"text": "nobody knows me"})


def lose_index(name: str) -> Callable[[Collection], None]:
    return lambda collection: collection.store.index._writer().drop_index(name)


def half_made(collection: Collection) -> None:
    root = collection.store.root
    (root / "passages-9.lance" / "data").mkdir(parents=True)
    (root / "catalog-9.db").write_bytes(b"")
    (root / "collection.toml.0123.partial").write_text("half")
    (root / "snapshots" / "half").mkdir()
    next(root.glob("blobs/*")).joinpath("0123.json.z.4567.partial").write_bytes(b"half")


def open_to_all(collection: Collection) -> None:
    collection.store.root.chmod(0o755)


DAMAGES: dict[str, tuple[Callable[[Collection], None], str]] = {
    "rows are lost": (lose_rows, "the index has none"),
    "rows nobody knows": (unknown_rows, "does not know"),
    "another version": (other_version, "the index holds version"),
    "readers that differ": (other_readers, "lets user:eve read it, the catalog everyone"),
    "counts that differ": (other_count, "counts 9 passages, the index 1"),
    "rows twice": (rows_twice, "stored 2 times"),
    "a stored text is lost": (lose_blob, "its stored text is missing"),
    "a stored text is cut": (cut_blob, "is damaged"),
    "a bit of a stored text flipped": (flip_blob, "is damaged"),
    "a stored text of nobody": (orphan_blob, "the stored text of no document"),
    "no full-text index": (lose_index("searchable_idx"), "the index searchable_idx is missing"),
    "no index on readers": (lose_index("readers_idx"), "the index readers_idx is missing"),
    "what killed runs leave": (half_made, "left by a run that was stopped"),
    "a folder open to everybody": (open_to_all, "Every user of this computer"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_mended(copy: Collection, damage: str) -> None:
    harm, sentence = DAMAGES[damage]
    harm(copy)
    found = copy.check()
    assert any(sentence in problem for problem in found), found
    assert all(problem.repairable for problem in found)
    report = copy.repair()
    assert report.done
    if report.left:
        assert {problem.repair for problem in report.left} == {"reread"}
        assert report.sync
    if report.left or damage == "rows nobody knows":
        copy.sync()
        copy.repair()
    assert copy.check() == []
    assert "second floor" in copy.search("Where is the kettle?")[0].passage.text
    assert len(copy.items()) == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": "The kettle is broken."}, "its document has another text"),
        ({"text": "The kettle is broken."}, "does not fit its text"),
        ({"searchable": "something else"}, "not the one its hash was made of"),
    ],
)
def test_a_forged_row_is_found_and_made_again_from_the_stored_text(
    copy: Collection, changes: dict[str, str], sentence: str
) -> None:
    change_row(copy, **changes)
    assert any(sentence in problem for problem in copy.check())
    copy.repair()
    assert copy.check() == []
    assert "second floor" in copy.search("Where is the kettle?")[0].passage.text


def test_a_damaged_text_is_put_aside_and_not_deleted(copy: Collection) -> None:
    path = blob_of(copy, "tea.md")
    cut_blob(copy)
    damaged = path.read_bytes()
    copy.repair()
    aside = path.with_name(path.name + DAMAGED)
    assert aside.read_bytes() == damaged
    copy.sync()
    assert path.exists()
    assert any(DAMAGED in problem for problem in copy.check())
    copy.repair()
    assert not aside.exists()
    assert copy.check() == []


def test_a_text_of_the_first_format_is_still_read(copy: Collection) -> None:
    path = blob_of(copy, "tea.md")
    path.write_bytes(path.read_bytes()[32:])
    assert "second floor" in copy.document("tea.md").text
    assert copy.check() == []


def test_a_text_only_a_snapshot_names_is_no_orphan(copy: Collection) -> None:
    copy.remove(item_of(copy, "tea.md").uri)
    assert copy.check() == []
    copy.repair()
    past = Store.open_snapshot(copy.store.root, "first")
    assert all(item.version in copy.store.blobs for item in past.catalog.items(OWNER))


def test_a_snapshot_without_its_texts_is_told(copy: Collection) -> None:
    path = blob_of(copy, "tea.md")
    copy.remove(item_of(copy, "tea.md").uri)
    path.unlink()
    assert any("'first' lacks the stored text of 1 of" in problem for problem in copy.check())


def test_a_broken_catalog_is_told_and_nothing_is_deleted_for_it(copy: Collection) -> None:
    path = copy.store.root / copy.store.manifest.catalog
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(path.read_bytes())
    data[2 * size : 3 * size] = os.urandom(size)
    path.write_bytes(data)
    files = {each for each in copy.store.root.rglob("*") if each.is_file()}
    problems = copy.check()
    assert any("The catalog is damaged" in problem for problem in problems)
    assert copy.repair().done == ()
    assert {each for each in copy.store.root.rglob("*") if each.is_file()} >= files


def test_an_index_that_finds_nothing_is_noticed(copy: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_found_by_words", lambda *_: False)
    assert any("does not find it by its own words" in problem for problem in copy.check())
    monkeypatch.setattr(upkeep, "_found_by_vector", lambda *_: False)
    assert any("does not find 3 of 3 passages" in problem for problem in copy.check())
    assert upkeep._telling_words("The and of short words") == ""


def test_check_waits_for_no_writer(copy: Collection) -> None:
    with copy.store.writing(), pytest.raises(CollectionError, match="written by another process"):
        citewell.open(copy.store.root).check()


def test_vectors_that_are_no_directions_are_found(copy: Collection) -> None:
    dataset = copy.store.index._writer()
    table = dataset.to_table()
    column = table.schema.get_field_index("vector")
    flat = table["vector"].combine_chunks().flatten().to_numpy() * np.float32(3)
    kind = table.schema.field("vector").type
    longer = type(table["vector"].combine_chunks()).from_arrays(flat, type=kind)
    table = table.set_column(column, table.schema.field("vector"), longer)
    dataset.merge_insert("id").when_matched_update_all().execute(table)
    assert sum("unit length" in problem for problem in copy.check()) == 3
    copy.repair()
    assert copy.check() == []
