"""Archives, mailboxes and mails with attachments: each file inside is a document of its own."""

from __future__ import annotations

import io
import tarfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from citewell import Scope
from citewell.collection import Collection
from citewell.errors import PathError
from citewell.index.filters import Filters
from tests.fakes import settle


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def mail(subject: str, text: str, attachments: dict[str, bytes] | None = None, **fields: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ann@example.com", "bob@example.com", subject
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0000"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, data in (attachments or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    inner = zipped({"deep/giraffe.md": b"# Zoo\n\nThe giraffe eats acacia leaves at noon.\n"})
    (root / "archive.zip").write_bytes(
        zipped({
            "pump.txt": b"The pump in hall seven must be greased every 400 hours.\n",
            "inner.zip": inner,
            "picture.png": b"\x89PNG\r\n\x1a\n\x00\x00",
            "offer.eml": mail("Offer", "Please find the offer attached.", {"price.csv": b"Item,Price\nValve,35 EUR\n"}),
        })
    )  # fmt: skip
    settle(root)
    return root


def names(collection: Collection, status: str = "indexed") -> set[str]:
    return {item.uri.partition("archive.zip")[2] for item in collection.items() if item.status == status}


def test_everything_inside_is_found_with_its_own_address(collection: Collection, share: Path) -> None:
    (report,) = collection.add(share)
    inside = {"!/pump.txt", "!/inner.zip!/deep/giraffe.md", "!/offer.eml", "!/offer.eml!/price.csv"}
    assert names(collection) == inside
    assert names(collection, "container") == {"", "!/inner.zip"}
    assert names(collection, "skipped") == {"!/picture.png"}
    assert report.added == 4
    answer = collection.ask("How often must the pump in hall seven be greased?")
    assert answer.citations[0].uri == str(share / "archive.zip!/pump.txt")
    document = collection.document("archive.zip!/pump.txt")
    assert document.text[slice(*answer.citations[0].span)] == answer.citations[0].quote
    found = collection.search("valve price", filters=Filters(uris=("*offer.eml!/*",)))
    assert [hit.passage.title for hit in found] == ["price.csv"]
    assert found[0].passage.modified_at.startswith("2024-03-05"), "an attachment is as old as its mail"
    assert collection.status().documents == 4


def test_a_touched_archive_is_not_unfolded_again(collection: Collection, share: Path) -> None:
    collection.add(share)
    version = collection.store.index.version
    (share / "archive.zip").touch()
    (report,) = collection.sync()
    assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 4)
    assert collection.store.index.version == version


def test_a_changed_archive_changes_only_what_changed_in_it(collection: Collection, share: Path) -> None:
    collection.add(share)
    (share / "archive.zip").write_bytes(
        zipped({
            "pump.txt": b"The pump in hall seven must be greased every 300 hours.\n",
            "inner.zip": zipped({"deep/giraffe.md": b"# Zoo\n\nThe giraffe eats acacia leaves at noon.\n"}),
            "new.md": b"# Gate\n\nThe gate opens at seven.\n",
        })
    )  # fmt: skip
    (report,) = collection.sync()
    assert (report.added, report.changed, report.embedded) == (1, 1, 2)
    assert names(collection) == {"!/pump.txt", "!/inner.zip!/deep/giraffe.md", "!/new.md"}
    assert not any("35 EUR" in hit.passage.text for hit in collection.search("valve price"))
    assert collection.check() == []


def test_a_removed_archive_takes_its_contents_with_it(collection: Collection, share: Path) -> None:
    collection.add(share)
    (share / "other.md").write_text("# Other\n\nStays.\n")
    (share / "archive.zip").unlink()
    (report,) = collection.sync()
    assert (report.added, report.removed) == (1, 4)
    assert names(collection) == {""}
    assert collection.status().documents == 1


def test_one_file_inside_can_be_removed_and_stays_out(collection: Collection, share: Path) -> None:
    collection.add(share)
    removal = collection.remove(f"{share}/archive.zip!/offer.eml!/price.csv")
    assert (len(removal.documents), removal.remaining) == (1, 0)
    (share / "archive.zip").write_bytes(
        zipped({"offer.eml": mail("Offer", "Now cheaper.", {"price.csv": b"Item,Price\nValve,30 EUR\n"})})
    )
    collection.sync()
    assert names(collection) == {"!/offer.eml"}
    collection.add(share)
    assert names(collection) == {"!/offer.eml", "!/offer.eml!/price.csv"}


def test_readers_of_an_archive_hold_for_all_inside_it(collection: Collection, share: Path) -> None:
    (share / "citewell-readers.toml").write_text('[[rule]]\npath = "archive.zip"\nreaders = ["group:lab"]\n')
    collection.add(share)
    assert collection.search("giraffe", scope=Scope.of(["user:kim"])) == []
    assert collection.search("giraffe", scope=Scope.of(["group:lab"]))
    (share / "citewell-readers.toml").write_text('[[rule]]\npath = "**"\nreaders = ["group:zoo"]\n')
    (report,) = collection.sync()
    assert report.embedded == 0
    assert collection.search("giraffe", scope=Scope.of(["group:lab"])) == []
    assert collection.search("giraffe", scope=Scope.of(["group:zoo"]))


def test_a_damaged_archive_keeps_what_was_read_from_it(collection: Collection, share: Path) -> None:
    collection.add(share)
    (share / "archive.zip").write_bytes((share / "archive.zip").read_bytes()[:200])
    (report,) = collection.sync()
    (problem,) = [item for item in report.problems if item.status == "failed"]
    assert problem.reason == "corrupt" and "stays searchable" in problem.message
    assert collection.search("giraffe acacia")
    assert len(names(collection)) == 4


def test_a_bad_file_inside_is_one_listed_failure(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"ok.md": b"# Fine\n\nAll is fine.\n", "bad.docx": b"PK\x03\x04 cut off"}))
    (report,) = collection.add(tmp_path / "a.zip")
    (problem,) = report.problems
    assert (report.added, problem.reason, problem.uri.endswith("a.zip!/bad.docx")) == (1, "corrupt", True)


def test_archives_within_archives_end_somewhere(collection: Collection, tmp_path: Path) -> None:
    data = b"# Bottom\n\nHere is the bottom.\n"
    name = "bottom.md"
    for level in range(6):
        data, name = (
            zipped({name: data, f"level{level}.md": f"# Level {level}\n\nLevel {level}.".encode()}),
            f"{level}.zip",
        )
    (tmp_path / "nested.zip").write_bytes(data)
    (report,) = collection.add(tmp_path / "nested.zip")
    (problem,) = report.problems
    assert problem.reason == "too_large" and "containers deep" in problem.message, problem
    assert report.added == 3, "the three levels above the limit are read"


def test_archives_of_archives_have_a_budget_in_all(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citewell.reading.MAX_MEMBERS", 50)
    inner = zipped({f"{number}.txt": f"Shelf {number} of this cabinet.".encode() for number in range(30)})
    (tmp_path / "outer.zip").write_bytes(zipped({f"{number}.zip": inner for number in range(4)}))
    (report,) = collection.add(tmp_path / "outer.zip")
    assert report.added == 30
    assert {item.reason for item in report.problems} == {"too_large"}
    assert len(report.problems) == 3 and "holds more than 50 files in all" in report.problems[0].message


def test_mails_of_a_mailbox_and_their_attachments_are_documents(collection: Collection, tmp_path: Path) -> None:
    first = mail("Boiler", "When is the boiler serviced?", Message_ID="<1@x>")
    second = mail("Re: Boiler", "On 12 May.", {"plan.md": b"# Plan\n\nThe boiler is serviced on 12 May.\n"},
                  Message_ID="<2@x>", In_Reply_To="<1@x>", References="<1@x>")  # fmt: skip
    box = b"".join(b"From ann@example.com Tue Mar  5 10:00:00 2024\n" + each + b"\n\n" for each in (first, second))
    (tmp_path / "team.mbox").write_bytes(box)
    (report,) = collection.add(tmp_path / "team.mbox")
    assert report.added == 3 and report.problems == ()
    hits = collection.search("boiler serviced")
    thread = {value for hit in hits for key, value in hit.passage.metadata.items() if key == "thread"}
    assert len(thread) == 1
    found = collection.search("boiler", filters=Filters(metadata=(("thread", thread.pop()),)))
    assert len({hit.passage.document_id for hit in found}) == 2


def test_a_tar_of_many_files_goes_through_little_memory(collection: Collection, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "many.tar.gz", "w:gz") as archive:
        for number in range(60):
            data = f"Locker {number} belongs to team {number * 31}.".encode()
            entry = tarfile.TarInfo(f"lockers/{number:02d}.txt")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    (report,) = collection.add(tmp_path / "many.tar.gz")
    assert (report.added, report.problems) == (60, ())


def test_an_unknown_file_inside_is_named_as_unknown(collection: Collection, share: Path) -> None:
    collection.add(share)
    with pytest.raises(PathError, match="names 0 documents"):
        collection.document("archive.zip!/nothing.md")
