"""Ingest end to end on real files: only what changed is done, nothing is lost, every failure is listed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

import citewell
from citewell import Scope
from citewell.collection import Collection
from citewell.errors import CollectionError, MassRemovalError, PathError
from tests.fakes import settle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "hr").mkdir(parents=True)
    (root / "leave.md").write_text("# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    (root / "hr" / "pay.md").write_text("# Pay\n\nSalaries are paid on the 25th of each month.\n")
    (root / "prices.csv").write_text("Item,Price\nPump,120 EUR\nValve,35 EUR\n")
    settle(root)
    return root


def test_first_sync_adds_and_the_second_does_nothing(collection: Collection, folder: Path) -> None:
    (first,) = collection.add(folder)
    assert (first.added, first.changed, first.removed, first.problems) == (3, 0, 0, ())
    assert first.passages == first.embedded >= 3
    version = collection.store.index.version
    (second,) = collection.sync()
    assert (second.added, second.changed, second.unchanged, second.passages, second.embedded) == (0, 0, 3, 0, 0)
    assert collection.store.index.version == version
    assert collection.check() == []


def test_edit_rename_and_delete_each_do_only_their_own_work(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "leave.md").write_text("# Leave\n\nNew employees get 30 days of paid leave each year.\n")
    (folder / "hr" / "pay.md").rename(folder / "wages.md")
    (folder / "prices.csv").unlink()
    (report,) = collection.sync()
    did = (report.added, report.changed, report.renamed, report.removed, report.unchanged)
    assert did == (0, 1, 1, 1, 0)
    assert report.embedded == 1, "the renamed file must find its vectors"
    texts = [hit.passage.text for hit in collection.search("leave salaries pump price", hits=50)]
    assert any("30 days" in text for text in texts)
    assert any("25th" in text for text in texts)
    assert not any("27 days" in text or "Pump" in text for text in texts)
    assert {Path(item.uri).name for item in collection.items()} == {"leave.md", "wages.md"}
    assert collection.check() == []


def test_a_copy_is_its_own_document_but_is_encoded_once(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "leave-copy.md").write_bytes((folder / "leave.md").read_bytes())
    (report,) = collection.sync()
    assert (report.added, report.embedded) == (1, 0)


def test_equal_files_side_by_side_are_all_indexed(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "twins").mkdir()
    for number in range(120):
        (tmp_path / "twins" / f"{number:03d}.txt").write_text(
            f"The twin pair number {number // 2} says hello to everybody."
        )
    (report,) = collection.add(tmp_path / "twins")
    assert (report.added, report.embedded) == (120, 60)  # a name is not part of what is encoded
    assert not list(collection.store.root.rglob("*.partial"))
    best = collection.search("twin pair number 7", hits=2)[0]
    assert {passage.title for passage in (best.passage, *best.copies)} == {"014.txt", "015.txt"}


def test_touching_a_file_changes_nothing(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    os.utime(folder / "leave.md")
    version = collection.store.index.version
    (report,) = collection.sync()
    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)
    assert collection.store.index.version == version


def test_changed_readers_reach_the_index_without_encoding(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    kim = Scope.of(["user:kim"])
    assert collection.search("salaries", scope=kim)
    (folder / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "hr/**"\nreaders = ["group:hr"]\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n'
    )
    (report,) = collection.sync()
    assert (report.readers_changed, report.embedded, report.changed) == (1, 0, 0)
    assert not any("Salaries" in hit.passage.text for hit in collection.search("salaries", scope=kim))
    assert any("Salaries" in hit.passage.text for hit in collection.search("salaries", scope=Scope.of(["group:hr"])))


def test_failures_are_listed_and_do_not_stop_the_run(collection: Collection, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    (folder / "empty.md").write_bytes(b"")
    (folder / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64)
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (report,) = collection.add(folder)
    assert report.added == 3
    reasons = {Path(item.uri).name: (item.status, item.reason) for item in report.problems}
    assert reasons["empty.md"] == ("failed", "empty")
    assert reasons["film.mp4"] == ("skipped", "unsupported")
    assert reasons["broken.pdf"] == ("failed", "corrupt")
    assert "binary.txt" in reasons
    assert all(len(item.message) > 20 for item in report.problems)


def test_wrong_encoding_is_read_as_what_it_is(collection: Collection, folder: Path) -> None:
    text = "Die Prämie für Grüße beträgt fünfzig Euro, überwiesen im März. Schöne Grüße aus Köln. " * 4
    (folder / "latin.txt").write_bytes(text.encode("latin-1"))
    (folder / "utf16.txt").write_bytes(text.encode("utf-16"))
    (report,) = collection.add(folder)
    assert report.problems == ()
    for name in ("latin.txt", "utf16.txt"):
        assert "Prämie für Grüße" in collection.document(name).text


def test_a_file_that_can_no_longer_be_read_keeps_its_last_good_version(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "leave.md").write_bytes(b"")
    (report,) = collection.sync()
    (problem,) = report.problems
    assert (problem.status, problem.reason) == ("failed", "empty")
    assert "stays searchable" in problem.message
    assert any("27 days" in hit.passage.text for hit in collection.search("paid leave"))


def test_narrowed_readers_hold_although_the_file_can_no_longer_be_read(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "leave.md").write_bytes(b"")
    (folder / "citewell-readers.toml").write_text('[[rule]]\npath = "**"\nreaders = ["group:hr"]\n')
    (report,) = collection.sync()
    assert report.readers_changed == 3
    assert collection.search("paid leave", scope=Scope.of(["user:kim"])) == []
    assert any("27 days" in hit.passage.text for hit in collection.search("paid leave", scope=Scope.of(["group:hr"])))


def test_the_text_of_an_edited_version_leaves_the_stored_parses(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (item,) = [item for item in collection.items() if item.uri.endswith("leave.md")]
    (folder / "leave.md").write_text("# Leave\n\nEverybody gets 31 days.\n")
    collection.sync()
    assert item.version not in collection.store.blobs


def test_a_source_that_suddenly_is_empty_removes_nothing(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    for path in list(folder.rglob("*")):
        if path.is_file():
            path.unlink()
    with pytest.raises(MassRemovalError, match="unmounted drive"):
        collection.sync()
    assert collection.search("paid leave")
    (report,) = collection.sync(confirmed=True)
    assert (report.removed, collection.search("paid leave")) == (3, [])


def test_an_empty_folder_is_a_source_with_nothing_in_it(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (report,) = collection.add(tmp_path / "empty")
    assert (report.added, report.problems) == (0, ())


def test_removal_is_proved_and_the_same_file_can_come_back(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    removal = collection.remove(folder / "leave.md")
    assert (len(removal.documents), removal.remaining, removal.source_removed) == (1, 0, False)
    assert removal.passages >= 1
    assert not any("27 days" in hit.passage.text for hit in collection.search("paid leave days"))
    collection.sync()
    assert not any("27 days" in hit.passage.text for hit in collection.search("paid leave days"))
    (report,) = collection.add(folder / "leave.md")
    assert report.added == 1
    assert any("27 days" in hit.passage.text for hit in collection.search("paid leave days"))


def test_removed_text_is_in_no_file_of_the_collection(collection: Collection, folder: Path) -> None:
    hint = "zebra-quartz-7741"
    (folder / "secret.md").write_text(f"# Note\n\nThe safe word is {hint} and nothing else.\n")
    collection.add(folder)
    collection.remove(folder / "secret.md")
    for path in collection.store.root.rglob("*"):
        if path.is_file():
            assert hint.encode() not in path.read_bytes(), path


def test_removing_a_source_removes_all_of_it(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    removal = collection.remove(folder)
    assert (len(removal.documents), removal.source_removed) == (3, True)
    assert collection.status().passages == 0
    assert collection.store.catalog.sources() == []
    with pytest.raises(PathError, match="Nothing here is named"):
        collection.remove(folder)


def test_a_folder_takes_in_the_sources_inside_it(collection: Collection, folder: Path) -> None:
    collection.add(folder / "leave.md")
    collection.add(folder)
    (source,) = collection.store.catalog.sources()
    assert source.location == str(folder)
    assert collection.status().documents == 3
    collection.add(folder / "hr")
    assert len(collection.store.catalog.sources()) == 1
    assert collection.check() == []


@pytest.mark.damages_on_purpose
def test_sync_repairs_what_was_lost(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    items = {Path(item.uri).name: item for item in collection.items()}
    blob = next(collection.store.root.glob(f"blobs/*/{items['leave.md'].version}*"))
    blob.unlink()
    next(collection.store.root.glob(f"blobs/*/{items['prices.csv'].version}*")).write_bytes(b"damaged")
    collection.store.index.delete([items["pay.md"].document_id])
    assert len(collection.check()) == 3
    collection.sync()
    assert blob.exists()
    assert [problem for problem in collection.check() if "prices.csv" not in problem] == []
    assert "25th" in collection.search("salaries paid")[0].passage.text


def test_what_a_killed_run_did_not_record_is_cleaned_up(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    item = next(item for item in collection.items() if item.uri.endswith("leave.md"))
    (folder / "leave.md").unlink()
    collection.store.catalog.forget([item])
    assert any("does not know" in problem for problem in collection.check())
    collection.sync()
    assert collection.check() == []


def test_one_missing_source_does_not_stop_the_others(collection: Collection, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# {name}\n\nText of {name}.\n")
        collection.add(tmp_path / name)
    (tmp_path / "one" / "a.md").unlink()
    (tmp_path / "one").rmdir()
    (tmp_path / "two" / "b.md").write_text("# New\n\nThe giraffe is new.\n")
    with pytest.raises(PathError, match="does not exist"):
        collection.sync()
    assert "giraffe" in collection.search("giraffe")[0].passage.text


def test_the_collection_itself_is_no_source(collection: Collection) -> None:
    with pytest.raises(PathError, match="is the collection itself"):
        collection.add(collection.store.root)


def test_a_second_writer_is_told_to_wait(collection: Collection, folder: Path) -> None:
    other = citewell.open(collection.store.root)
    with collection.store.writing(), pytest.raises(CollectionError, match="written by another process"):
        other.add(folder)


KILLED = """
import sys, citewell
citewell.open(sys.argv[1], create=True).add(sys.argv[2])
"""


@pytest.mark.integration
def test_ctrl_c_stops_at_once_and_the_next_run_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03d}.md").write_text(
            f"# Note {number}\n\nThe code of cabinet {number} is {number * 7919}.\n"
        )
    settle(folder)
    command = [sys.executable, "-c", "from citewell.cli import main; main()", "add", "many"]
    environment = {**os.environ, "CITEWELL_INGEST_BATCH_PASSAGES": "10"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not committed(tmp_path):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130, message
    assert "run the same command again" in message
    assert "Traceback" not in message
    opened = citewell.open(tmp_path / ".citewell")
    assert 0 < opened.status().documents < 400
    (report,) = opened.add(folder)
    assert report.unchanged > 0
    assert report.added + report.unchanged == 400
    assert opened.check() == []


def committed(place: Path) -> bool:
    """Whether the run under way has acknowledged documents."""
    try:
        return citewell.open(place / ".citewell").status().documents > 0
    except (CollectionError, OperationalError):
        return False  # not created yet, or its catalog is being written


@pytest.mark.integration
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    root, folder = tmp_path / "k.citewell", tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:03d}.md").write_text(
            f"# Note {number}\n\nThe code of cabinet {number} is {number * 7919}.\n"
        )
    settle(folder)
    environment = {**os.environ, "CITEWELL_INGEST_BATCH_PASSAGES": "5"}
    for delay in (1.5, 2.0, 2.5):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(root), str(folder)], env=environment, start_new_session=True
        )
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    opened = citewell.open(root, create=True)
    in_index = opened.store.index.document_versions()
    recorded = {item.document_id: item.version for item in opened.items() if item.version}
    assert recorded.items() <= in_index.items(), "the catalog acknowledged a document that the index does not hold"
    (report,) = opened.add(folder)
    assert report.added + report.unchanged == 60
    assert opened.check() == []
    assert opened.status().passages == 60
