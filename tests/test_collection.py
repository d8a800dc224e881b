"""Opening collections: what is not one, what is too new, what was made with another encoder."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import citewell
from citewell.collection import Collection
from citewell.errors import CollectionError, EncoderMismatchError, PathError


def test_a_collection_opens_again_with_the_same_settings(collection: Collection) -> None:
    again = citewell.open(collection.store.root)
    assert again.store.manifest == collection.store.manifest
    assert again.store.root.stat().st_mode & 0o777 == 0o700


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="add FOLDER"):
        citewell.open(tmp_path / "nope")


def test_a_collection_of_the_first_format_is_read_and_becomes_the_second_when_written(collection: Collection) -> None:
    manifest = collection.store.root / "collection.toml"
    first = (
        manifest.read_text().replace("format_version = 2", "format_version = 1").replace('catalog = "catalog.db"\n', "")
    )
    manifest.write_text(first)
    opened = citewell.open(collection.store.root)
    assert (opened.store.manifest.format_version, opened.store.manifest.catalog) == (1, "catalog.db")
    assert opened.status().passages == 0
    assert manifest.read_text() == first, "reading changes nothing"
    opened.snapshot("one")
    assert opened.store.manifest.format_version == 2
    assert citewell.open(collection.store.root).store.manifest == opened.store.manifest


@pytest.mark.parametrize(
    "line", ['table = "../other.lance"', 'table = "/etc"', 'catalog = "../catalog.db"', 'catalog = ""']
)
def test_a_manifest_cannot_lead_out_of_the_collection(collection: Collection, line: str) -> None:
    manifest = collection.store.root / "collection.toml"
    name = line.partition(" ")[0]
    kept = [each for each in manifest.read_text().splitlines() if not each.startswith(f"{name} = ")]
    manifest.write_text("\n".join([line, *kept]))
    with pytest.raises(CollectionError, match="Expected names such as"):
        citewell.open(collection.store.root)


def test_a_writer_may_wait_for_another_one(collection: Collection) -> None:
    other = citewell.open(collection.store.root)
    entered = threading.Event()

    def hold() -> None:
        with collection.store.writing():
            entered.set()
            time.sleep(0.5)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait()
    with (
        pytest.raises(CollectionError, match=r"written by another process \(process \d+, since 20"),
        other.store.writing(),
    ):
        pass
    with other.store.writing(wait_seconds=30):
        pass
    holder.join()


def test_looking_for_a_switch_costs_microseconds(collection: Collection) -> None:
    store = collection.store
    started = time.perf_counter()
    for _ in range(2_000):
        assert store.current() is store
    assert (time.perf_counter() - started) / 2_000 < 0.001


def test_a_folder_with_other_things_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(CollectionError, match="not a Citewell collection"):
        citewell.open(tmp_path, create=True)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_what_a_killed_create_leaves_is_taken_over(tmp_path: Path) -> None:
    root = citewell.open(tmp_path / "c.citewell", create=True).store.root
    (root / "collection.toml").unlink()
    assert citewell.open(root, create=True).status().passages == 0


def test_a_newer_format_is_refused_and_left_alone(collection: Collection) -> None:
    manifest = collection.store.root / "collection.toml"
    text = manifest.read_text().replace("format_version = 2", "format_version = 99")
    manifest.write_text(text)
    with pytest.raises(CollectionError, match=r"format version 99.*Upgrade Citewell"):
        citewell.open(collection.store.root, create=True)
    assert manifest.read_text() == text


@pytest.mark.parametrize("text", ["", "format_version = 1", "not toml [", "format_version = 'x'"])
def test_a_damaged_manifest_is_explained(collection: Collection, text: str) -> None:
    (collection.store.root / "collection.toml").write_text(text)
    with pytest.raises(CollectionError):
        citewell.open(collection.store.root)


def test_another_encoder_is_refused_and_reindex_repairs_it(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Tea\n\nThe kettle is on the second floor.\n")
    collection.add(tmp_path / "a.md")
    manifest = collection.store.root / "collection.toml"
    identity = collection.store.manifest.encoder
    manifest.write_text(manifest.read_text().replace(identity, "other-model@000000000000"))
    other = citewell.open(collection.store.root)
    with pytest.raises(EncoderMismatchError, match=r"other-model@000000000000.*reindex"):
        other.ask("Where is the kettle?")
    assert other.reindex().encoded == 1
    assert "second floor" in citewell.open(collection.store.root).ask("Where is the kettle?").text
    assert other.check() == []


def test_documents_are_found_by_path_ending_and_id(collection: Collection, tmp_path: Path) -> None:
    for name in ("one/a.md", "two/a.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"# {name}\n\nText of {name}.\n")
    collection.add(tmp_path / "one", tmp_path / "two")
    found = collection.document("one/a.md")
    assert collection.document(found.id) == found == collection.document(str(tmp_path / "one" / "a.md"))
    with pytest.raises(PathError, match="names 2 documents"):
        collection.document("a.md")
    with pytest.raises(PathError, match="names 0 documents"):
        collection.document("b.md")


@pytest.mark.damages_on_purpose
def test_check_finds_what_contradicts_itself(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Tea\n\nThe kettle is on the second floor.\n")
    collection.add(tmp_path / "a.md")
    assert collection.check() == []
    (item,) = collection.items()
    collection.store.index.delete([item.document_id])
    assert any("the index has none" in problem for problem in collection.check())
