"""Removal with proof: nothing is left in any file, the receipt says what was checked, and the file can come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import citewell
from citewell import erasure, snapshots
from citewell.collection import Collection
from citewell.evaluation.library import save_set
from citewell.evaluation.questions import Gold, Question, QuestionSet

SENTENCE = "The vault of branch Quillmere opens with the phrase violet-anvil-5520 at dawn."


@pytest.fixture
def share(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    (root / "vault.md").write_text(
        f"# Vault of Quillmere\n\n{SENTENCE}\n\nThe second key is kept by the harbour master.\n"
    )
    (root / "menu.md").write_text("# Canteen\n\nOn Fridays there is fish and lentil soup for everybody.\n")
    past = time.time() - 60
    for path in root.iterdir():
        os.utime(path, (past, past))
    return root


def test_the_receipt_says_what_was_checked_and_nothing_of_the_text(collection: Collection, share: Path) -> None:
    collection.add(share)
    save_set(collection.store, QuestionSet("mine", (Question("q", "How?", golds=(Gold("vault.md", SENTENCE),)),)))
    removal = collection.remove(share / "vault.md", prove=True)
    receipt = removal.receipt
    assert receipt is not None and receipt.proved and removal.remaining == 0
    assert [each.uri for each in receipt.documents] == [str(share / "vault.md")]
    assert {check.where for check in receipt.checks} == {
        "search", "passages and their indexes", "stored parses", "catalog", "question sets and runs",
        "settings, lock, receipts, model sets",
    }  # fmt: skip
    assert all(check.examined > 0 for check in receipt.checks)
    written = sorted((collection.store.root / erasure.RECEIPTS).iterdir())
    assert [path.suffix for path in written] == [".json", ".txt"]
    assert json.loads(written[0].read_text()) == json.loads(json.dumps(receipt.to_json()))
    for path in written:
        assert "violet" not in path.read_text()

    assert receipt.documents[0].original, "the file itself still stands there, and the receipt says so"
    assert "stay out until added again" in receipt.to_text()


def test_no_file_of_the_collection_holds_it_and_the_file_can_come_back_at_once(
    collection: Collection, share: Path
) -> None:
    collection.add(share)
    collection.remove(share / "vault.md", prove=True)
    for path in collection.store.root.rglob("*"):
        if path.is_file():
            assert b"violet" not in path.read_bytes(), path
    (report,) = collection.add(share / "vault.md")
    assert report.added == 1
    assert collection.ask("Which phrase opens the vault of Quillmere?").citations[0].quote == SENTENCE


@pytest.mark.parametrize("place", ["passages", "parse", "catalog", "unknown lance file"])
@pytest.mark.damages_on_purpose
def test_what_a_bad_removal_leaves_is_found(
    collection: Collection, share: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The proof is worth something only if it fails when it should."""
    collection.add(share)
    store = collection.store
    (item,) = [item for item in collection.items() if item.uri.endswith("vault.md")]
    if place == "passages":  # rows deleted, but still in the files and in older versions
        monkeypatch.setattr("citewell.index.passages.PassageTable.purge", lambda self: None)
    elif place == "parse":
        monkeypatch.setattr("citewell.blobs.BlobStore.keep_only", lambda self, keys: 0)
    elif place == "catalog":
        really = type(store.catalog).record

        def forgetful(self: object, *arguments: object) -> None:
            really(self, *arguments)  # type: ignore[arg-type]
            really(self, [item])  # type: ignore[arg-type]

        monkeypatch.setattr(type(store.catalog), "record", forgetful)
    else:
        import lance

        copy = store.index.of_document(item.document_id, citewell.Scope.owner())
        from citewell.index import rows

        vectors = store.encoder.encode([passage.embedded for passage in copy])
        stray = store.root / store.manifest.table / "data" / "stray"
        lance.write_dataset(rows.to_arrow(copy, vectors, store.index.dimension), str(stray))
        monkeypatch.setattr("citewell.index.upkeep.purge", lambda dataset: None)
    removal = collection.remove(share / "vault.md", prove=True)
    assert removal.receipt is not None and not removal.receipt.proved
    assert "SOMETHING IS LEFT" in removal.receipt.to_text()


def test_snapshots_that_hold_it_are_named_with_the_command_that_drops_them(collection: Collection, share: Path) -> None:
    collection.add(share)
    snapshots.create(collection.store, "before")
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved, "a snapshot is not the collection; it is named"
    (held,) = receipt.snapshots
    assert (held.snapshot, held.documents) == ("before", 1)
    assert "citewell snapshot drop before" in receipt.to_text()
    snapshots.drop(collection.store, "before")
    with zipfile.ZipFile(share / "later.zip", "w") as archive:
        archive.writestr("x.md", "# Later\n\nNothing of interest.\n")
    collection.add(share / "later.zip")
    for path in collection.store.root.rglob("*"):
        if path.is_file():
            assert b"violet" not in path.read_bytes(), path


def test_a_removal_can_reach_into_the_snapshots(collection: Collection, share: Path) -> None:
    collection.add(share)
    snapshots.create(collection.store, "before")
    receipt = collection.remove(share / "vault.md", prove=True, from_snapshots=True).receipt
    assert receipt is not None and receipt.proved and receipt.snapshots == ()
    for path in collection.store.root.rglob("*"):
        if path.is_file():
            assert b"violet" not in path.read_bytes(), path
    collection.restore("before")
    assert not any("violet" in hit.passage.text for hit in collection.search("phrase that opens the vault"))
    assert any("lentil" in hit.passage.text for hit in collection.search("Friday soup"))


def test_what_came_back_before_a_snapshot_comes_back_with_it(collection: Collection, share: Path) -> None:
    """A receipt keeps a document out of earlier snapshots, not out of those that hold it with good reason."""
    collection.add(share)
    snapshots.create(collection.store, "early")
    collection.remove(share / "vault.md", prove=True)
    time.sleep(1.1)  # receipts and snapshots are dated to the second
    collection.add(share / "vault.md")
    snapshots.create(collection.store, "late")
    (share / "vault.md").unlink()
    collection.sync()
    collection.restore("late")
    assert any("violet" in hit.passage.text for hit in collection.search("phrase that opens the vault"))
    (share / "vault.md").unlink(missing_ok=True)
    collection.sync()
    collection.restore("early")
    assert not any("violet" in hit.passage.text for hit in collection.search("phrase that opens the vault"))


def test_sentences_that_other_documents_hold_too_are_named_not_denied(collection: Collection, share: Path) -> None:
    (share / "copy.md").write_text(f"# A copy\n\n{SENTENCE}\n")
    collection.add(share)
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved
    assert receipt.elsewhere == (str(share / "copy.md"),)


def test_a_whole_source_is_removed_with_one_receipt(collection: Collection, share: Path) -> None:
    collection.add(share)
    removal = collection.remove(share, prove=True)
    assert removal.receipt is not None and removal.receipt.proved
    assert len(removal.receipt.documents) == 2
    assert erasure.erased_ids(collection.store) == {each.document_id for each in removal.receipt.documents}


def test_a_removal_with_proof_reaches_into_an_unfinished_reindex(collection: Collection, share: Path) -> None:
    collection.add(share)
    root = collection.store.root
    (root / "building.toml").write_text('table = "passages-9.lance"\ncatalog = "catalog-9.db"\n')
    (root / "passages-9.lance").mkdir()
    (root / "passages-9.lance" / "half.bin").write_bytes(SENTENCE.encode())
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved
    assert not (root / "passages-9.lance").exists()


def test_every_file_and_table_of_a_collection_is_claimed_by_a_holding(collection: Collection, share: Path) -> None:
    """A part added later must join the registry, or this fails."""
    collection.add(share)
    snapshots.create(collection.store, "one")
    save_set(collection.store, QuestionSet("mine", (Question("q", "How?"),)))
    collection.remove(share / "menu.md", prove=True)
    collection.ask("Which phrase opens the vault?")
    assert erasure.unclaimed(collection.store) == []
    (collection.store.root / "cache.db").write_text("x")
    assert erasure.unclaimed(collection.store) == ["cache.db"]
    (collection.store.root / "cache.db").unlink()


def test_the_command_prints_the_receipt_and_exits_with_zero(collection: Collection, share: Path) -> None:
    collection.add(share)
    command = [
        sys.executable,
        "-c",
        "from citewell.cli import main; main()",
        "remove",
        "-c",
        str(collection.store.root),
    ]
    done = subprocess.run([*command, "--prove", str(share / "vault.md")], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Result: nothing of it was found." in done.stdout
    again = subprocess.run(
        [*command, "--prove", "--json", str(share / "menu.md")], check=False, capture_output=True, text=True
    )
    assert json.loads(again.stdout)["receipt"]["proved"] is True
