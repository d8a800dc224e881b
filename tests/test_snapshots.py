"""Snapshots: taken in a moment, restored whole, compared; rights are always today's."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

import citewell
from citewell import Scope, snapshots
from citewell.collection import Collection
from citewell.errors import CollectionError, DataError, IntegrityError
from citewell.store import Store

LEAVE = "How many days of paid leave do new employees get?"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    past = time.time() - 60
    os.utime(path, (past, past))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "docs" / "leave.md", "# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    write(tmp_path / "docs" / "hr" / "pay.md", "# Pay\n\nSalaries are paid on the 25th of each month.\n")
    return tmp_path / "docs"


@pytest.fixture
def kept(collection: Collection, folder: Path) -> Collection:
    """A collection with the snapshot ``first``, changed since: one document edited, one gone, one new."""
    collection.add(folder)
    collection.snapshot("first", "before the new policy")
    write(folder / "leave.md", "# Leave\n\nNew employees get 30 days of paid leave each year, from May on.\n")
    (folder / "hr" / "pay.md").unlink()
    write(folder / "tea.md", "# Tea\n\nThe kettle is on the second floor.\n")
    collection.sync()
    return collection


def names(collection: Collection) -> set[str]:
    return {Path(item.uri).name for item in collection.items() if item.version}


def test_a_snapshot_is_listed_with_what_it_holds(kept: Collection) -> None:
    (snapshot,) = kept.snapshots()
    assert (snapshot.name, snapshot.note, snapshot.documents) == ("first", "before the new policy", 2)
    assert snapshot.passages == kept.diff("first").passages[0] >= 2


def test_a_snapshot_takes_no_space_for_what_it_shares(kept: Collection) -> None:
    kept.snapshot("second")
    table = kept.store.root / "snapshots" / "second" / "passages.lance"
    data = [path for path in table.rglob("*.lance") if path.is_file()]
    assert data
    assert all(path.stat().st_nlink >= 2 for path in data)


def test_a_snapshot_is_a_copy_where_files_cannot_be_linked(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.add(folder)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    collection.snapshot("copied")
    collection.remove(folder / "leave.md")
    past = Store.open_snapshot(collection.store.root, "copied")
    assert past.index.count(Scope.owner()) == 2
    assert past.index.check() == []


def test_restoring_brings_back_documents_and_answers_and_can_be_undone(kept: Collection) -> None:
    assert "30 days" in kept.ask(LEAVE).text
    done = kept.restore("first")
    assert (done.documents, done.kept_out, done.before) == (2, (), "before-restore-1")
    assert names(kept) == {"leave.md", "pay.md"}
    assert "27 days" in kept.ask(LEAVE).text
    assert kept.check() == []
    kept.restore(done.before)
    assert names(kept) == {"leave.md", "tea.md"}
    assert "30 days" in kept.ask(LEAVE).text
    assert kept.check() == []


def test_the_present_can_be_discarded(kept: Collection) -> None:
    assert kept.restore("first", keep_present=False).before == ""
    assert [snapshot.name for snapshot in kept.snapshots()] == ["first"]


def test_after_a_restore_sync_reads_what_changed_since(kept: Collection) -> None:
    kept.restore("first")
    (report,) = kept.sync()
    assert (report.added, report.changed, report.removed) == (1, 1, 1)
    assert "30 days" in kept.ask(LEAVE).text
    assert kept.check() == []


def test_a_restored_document_has_todays_readers(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    collection.snapshot("open")
    write(folder / "citewell-readers.toml", '[[rule]]\npath = "hr/**"\nreaders = ["group:hr"]\n'
          '[[rule]]\npath = "**"\nreaders = ["everyone"]\n')  # fmt: skip
    done = collection.restore("open")
    assert done.readers_changed == 1
    assert not any(
        "Salaries" in hit.passage.text for hit in collection.search("salaries", scope=Scope.of(["user:kim"]))
    )
    assert any("Salaries" in hit.passage.text for hit in collection.search("salaries", scope=Scope.of(["group:hr"])))
    assert collection.check() == []


def test_readers_stay_revoked_when_the_files_are_out_of_reach(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    collection.snapshot("open")
    write(folder / "citewell-readers.toml", '[[rule]]\npath = "**"\nreaders = ["group:hr"]\n')
    collection.sync()
    shutil.move(folder, folder.with_name("unplugged"))
    collection.restore("open")
    assert collection.search("paid leave", scope=Scope.of(["user:kim"])) == []
    assert collection.search("paid leave", scope=Scope.of(["group:hr"]))


def test_a_document_removed_since_stays_removed(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    collection.snapshot("all")
    collection.remove(folder / "leave.md")
    done = collection.restore("all")
    assert [Path(uri).name for uri in done.kept_out] == ["leave.md"]
    assert names(collection) == {"pay.md"}
    collection.sync()
    assert names(collection) == {"pay.md"}
    assert collection.check() == []
    table = collection.store.root / collection.store.manifest.table
    assert not any(b"27 days" in path.read_bytes() for path in table.rglob("*") if path.is_file())


def test_a_document_removed_for_good_stays_out_although_its_whole_source_was_removed(
    collection: Collection, folder: Path
) -> None:
    collection.add(folder)
    collection.snapshot("all")
    ids = {Path(item.uri).name: item.document_id for item in collection.items()}
    collection.remove(folder)
    done = snapshots.restore(collection.store, "all", erased=[ids["leave.md"]])
    assert [Path(uri).name for uri in done.kept_out] == ["leave.md"]
    assert names(collection) == {"pay.md"}
    collection.add(folder / "leave.md")
    assert snapshots.restore(collection.store, "all", erased=[ids["leave.md"]]).kept_out == ()
    assert names(collection) == {"leave.md", "pay.md"}


def test_erasing_takes_documents_out_of_every_snapshot(collection: Collection, folder: Path) -> None:
    hint = "zebra-quartz-7741"
    secret = write(folder / "secret.md", f"# Note\n\nThe safe word is {hint} and nothing else.\n")
    collection.add(folder)
    collection.snapshot("one")
    collection.snapshot("two")
    (item,) = [item for item in collection.items() if item.uri == str(secret)]
    secret.unlink()
    collection.remove(secret)
    with collection.store.writing() as store:
        assert snapshots.erase(store, [item.document_id]) == ("one", "two")
        assert snapshots.erase(store, [item.document_id]) == ()
        store.tidy(erase=True)
    assert [snapshot.documents for snapshot in collection.snapshots()] == [2, 2]
    for path in collection.store.root.rglob("*"):
        assert not path.is_file() or hint.encode() not in path.read_bytes(), path
    collection.restore("one")
    assert names(collection) == {"leave.md", "pay.md"}
    assert collection.check() == []


def test_texts_that_only_a_snapshot_needs_stay_until_it_is_dropped(kept: Collection) -> None:
    (before,) = [
        item for item in Store.open_snapshot(kept.store.root, "first").catalog.items(Scope.owner())
        if item.uri.endswith("pay.md")
    ]  # fmt: skip
    assert before.version in kept.store.blobs
    kept.drop_snapshot("first")
    assert before.version not in kept.store.blobs
    assert kept.snapshots() == []
    assert kept.check() == []


def test_a_difference_names_documents_and_changed_answers(kept: Collection) -> None:
    kettle = "On which floor is the kettle?"
    found = kept.diff("first", questions=[LEAVE, kettle, "How many stars are in the sky?"])
    assert [[Path(uri).name for uri in uris] for uris in (found.added, found.changed, found.removed)] == [
        ["tea.md"], ["leave.md"], ["pay.md"],
    ]  # fmt: skip
    assert [answer.kind for answer in found.answers] == ["different_text", "now_answered", "same"]
    assert "27 days" in found.answers[0].before
    assert "30 days" in found.answers[0].after
    kept.snapshot("second")
    (back,) = kept.diff("second", "first", [kettle]).answers
    assert back.kind == "now_refused"
    assert [Path(uri).name for uri in back.before_sources] == ["tea.md"]


def test_the_same_words_from_another_document_are_told(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    collection.snapshot("first")
    (folder / "leave.md").rename(folder / "absence.md")
    collection.sync()
    (answer,) = collection.diff("first", questions=[LEAVE]).answers
    assert answer.kind == "different_citations"


def test_two_snapshots_are_compared_without_the_present(kept: Collection) -> None:
    kept.snapshot("second")
    kept.restore("first")
    found = kept.diff("first", "second")
    assert (len(found.added), len(found.changed), len(found.removed)) == (1, 1, 1)


def test_questions_come_from_a_file_with_one_object_a_line(tmp_path: Path) -> None:
    from citewell.differences import read_questions

    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "How long?", "answer": "x"}\n\n{"question": "Why?"}\n')
    assert read_questions(path) == ["How long?", "Why?"]
    path.write_text('{"question": "How long?"}\n["Why?"]\n')
    with pytest.raises(DataError, match="line 2"):
        read_questions(path)


@pytest.mark.parametrize("name", ["", ".", "..", "../other", "a/b", "Über", "-x", "a" * 65, "a\n", ".hidden"])
def test_names_lead_nowhere_else(collection: Collection, name: str) -> None:
    for verb in (collection.snapshot, collection.restore, collection.drop_snapshot):
        with pytest.raises(CollectionError, match="not a name for a snapshot"):
            verb(name)
    with pytest.raises(CollectionError):
        collection.diff(name)


def test_a_name_is_given_once_and_unknown_names_are_explained(collection: Collection) -> None:
    collection.snapshot("one")
    with pytest.raises(CollectionError, match="already"):
        collection.snapshot("one")
    for verb in (collection.restore, collection.drop_snapshot, collection.diff):
        with pytest.raises(CollectionError, match="no snapshot 'two'"):
            verb("two")


def test_a_snapshot_cannot_be_written(kept: Collection) -> None:
    past = Store.open_snapshot(kept.store.root, "first")
    with pytest.raises(CollectionError, match="never changed"), past.writing():
        pass


@pytest.mark.damages_on_purpose
def test_a_damaged_snapshot_is_not_restored_and_can_be_dropped(kept: Collection) -> None:
    kept.snapshot("whole")
    catalog = kept.store.root / "snapshots" / "first" / "catalog.db"
    catalog.write_bytes(catalog.read_bytes()[:-1] + b"x")
    generation = kept.store.manifest
    with pytest.raises(IntegrityError, match="'first' is damaged"):
        kept.restore("first")
    assert kept.store.manifest == generation
    assert any("'first'" in problem for problem in kept.check())
    kept.drop_snapshot("first")
    assert [snapshot.name for snapshot in kept.snapshots()] == ["whole"]
    assert kept.check() == []


def test_a_reader_that_was_open_before_a_restore_moves_on(kept: Collection) -> None:
    reader = citewell.open(kept.store.root)
    assert "30 days" in reader.ask(LEAVE).text
    encoder = reader.store.encoder
    kept.restore("first")
    assert "27 days" in reader.ask(LEAVE).text
    assert reader.store.encoder is encoder, "the model must not be loaded again"
    assert reader.status().documents == 2


def test_files_of_the_earlier_generation_stay_for_readers_until_the_next_writer(kept: Collection) -> None:
    held = kept.store
    kept.restore("first")
    assert held.index.count(Scope.owner()) == 2, "a reader in the middle of a question"
    old = kept.store.root / held.manifest.table
    assert old.is_dir()
    with kept.store.writing():
        assert not old.exists()
