"""Export and import: the same collection somewhere else, and nothing at all from an archive that lies."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import citewell
from citewell import Scope
from citewell.collection import Collection
from citewell.errors import CollectionError, EncoderMismatchError, IntegrityError, PathError
from citewell.transfer import export_collection, import_archive

OWNER = Scope.owner()
NAMES = ("export.json", "catalog.jsonl", "parses.jsonl", "passages.jsonl", "vectors.f32")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """A small collection with rights, a table, a copy of a file and one that cannot be read."""
    root = tmp_path_factory.mktemp("transfer")
    (root / "docs" / "hr").mkdir(parents=True)
    leave = (
        "# Leave\n\n## Days\n\nNew employees get 27 days of paid leave each year. 🌴\n\n## Who\n\nAsk your manager.\n"
    )
    (root / "docs" / "leave.md").write_text(leave)
    (root / "docs" / "leave-copy.md").write_text(leave)
    (root / "docs" / "hr" / "pay.md").write_text("# Pay\n\nSalaries are paid on the 25th of each month.\n")
    (root / "docs" / "prices.csv").write_text("Item,Price\nPump,120 EUR\nValve,35 EUR\n")
    (root / "docs" / "empty.md").write_text("")
    (root / "docs" / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "hr/**"\nreaders = ["group:hr"]\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n'
    )
    opened = citewell.open(root / "original.citewell", create=True)
    opened.add(root / "docs")
    return opened


@pytest.fixture(scope="module")
def archive(original: Collection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archives") / "handbook.tar"
    export_collection(original.store, path)
    return path


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def pack(path: Path, contents: dict[str, bytes], *, honest: bool = True) -> Path:
    """An archive of these members; honest: its head tells their real sizes and hashes."""
    if honest:
        head = json.loads(contents["export.json"])
        for name in NAMES[1:]:
            head["members"][name] = {
                "size": len(contents[name]), "sha256": hashlib.sha256(contents[name]).hexdigest(),
            }  # fmt: skip
        contents = {**contents, "export.json": json.dumps(head).encode()}
    with tarfile.open(path, "w") as tar:
        for name, data in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["copy.tar", "copy.tar.gz"])
def test_an_import_is_the_same_collection(original: Collection, tmp_path: Path, name: str) -> None:
    done = original.export(tmp_path / name)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    imported = import_archive(tmp_path / name, tmp_path / "new" / "copy.citewell")
    copy = citewell.open(tmp_path / "new" / "copy.citewell")
    assert (imported.documents, imported.passages) == (done.documents, done.passages) == (4, original.status().passages)
    assert copy.items() == original.items()
    assert copy.store.catalog.sources() == original.store.catalog.sources()
    assert copy.store.catalog.signatures(OWNER) == original.store.catalog.signatures(OWNER)
    assert copy.store.manifest.settings == original.store.manifest.settings
    for item in original.items():
        ours, theirs = (each.store.index.with_vectors([item.document_id]) for each in (copy, original))
        assert ours[0] == theirs[0]
        assert np.array_equal(ours[1], theirs[1])
        if item.version:
            assert copy.document(item.document_id) == original.document(item.document_id)
    assert copy.check() == []
    assert copy.store.root.stat().st_mode & 0o777 == 0o700
    question = "How many days of paid leave do new employees get?"
    assert copy.ask(question).text == original.ask(question).text
    assert not any("Salaries" in hit.passage.text for hit in copy.search("salaries", scope=Scope.of(["user:kim"])))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "new"])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy.citewell"]


def test_a_snapshot_is_exported_as_it_was(original: Collection, tmp_path: Path) -> None:
    original.snapshot("then")
    original.export(tmp_path / "then.tar", snapshot="then")
    assert members(tmp_path / "then.tar")["passages.jsonl"] == _passages_of(original, tmp_path)
    original.drop_snapshot("then")


def _passages_of(collection: Collection, folder: Path) -> bytes:
    collection.export(folder / "now.tar")
    return members(folder / "now.tar")["passages.jsonl"]


def refused(path: Path, tmp_path: Path, match: str, kind: type[Exception] = IntegrityError) -> None:
    """The import fails with this message, and leaves nothing behind."""
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    with pytest.raises(kind, match=match):
        import_archive(path, target / "new.citewell")
    assert list(target.iterdir()) == []


def test_a_truncated_archive_is_refused_wherever_it_ends(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    used = len(whole.rstrip(b"\0"))
    for cut in (0, 100, 512, 600, used // 4, used // 2, used - 10):
        (tmp_path / "cut.tar").write_bytes(whole[:cut])
        refused(tmp_path / "cut.tar", tmp_path, "cannot be imported")
    packed = gzip.compress(whole)
    for cut in (20, len(packed) // 2, len(packed) - 4):
        (tmp_path / "cut.tar.gz").write_bytes(packed[:cut])
        refused(tmp_path / "cut.tar.gz", tmp_path, "cannot be imported")


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_in_any_member_is_noticed(archive: Path, tmp_path: Path, name: str) -> None:
    data = bytearray(archive.read_bytes())
    with tarfile.open(archive) as tar:
        entry = tar.getmember(name)
    data[entry.offset_data + entry.size // 2] ^= 1
    (tmp_path / "changed.tar").write_bytes(data)
    refused(tmp_path / "changed.tar", tmp_path, "cannot be (imported|used)|has format")


def link(name: str) -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, name, 0

    return change


def rename(name: str) -> Callable[[tarfile.TarInfo], None]:
    return lambda entry: setattr(entry, "name", name)


@pytest.mark.parametrize(
    "change", [rename("../catalog.jsonl"), rename("/etc/passwd"), rename("blobs/x"), link("/etc/passwd")]
)
def test_other_names_and_links_are_refused(
    archive: Path, tmp_path: Path, change: Callable[[tarfile.TarInfo], None]
) -> None:
    with tarfile.open(tmp_path / "odd.tar", "w") as tar:
        for name, data in members(archive).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if name == "catalog.jsonl":
                change(entry)
            tar.addfile(entry, io.BytesIO(data))
    refused(tmp_path / "odd.tar", tmp_path, "plain file catalog.jsonl should come next")


def test_members_in_another_order_or_too_many_are_refused(archive: Path, tmp_path: Path) -> None:
    contents = members(archive)
    swapped = {name: contents[name] for name in ("export.json", *reversed(NAMES[1:]))}
    refused(pack(tmp_path / "swapped.tar", swapped, honest=False), tmp_path, "should come next")
    extra = {**contents, "more.txt": b"hello"}
    refused(pack(tmp_path / "extra.tar", extra, honest=False), tmp_path, "something follows")


Row = dict[str, Any]


def edit(name: str, change: Callable[[Row], None], number: int = 0) -> Callable[[dict[str, bytes]], None]:
    """Changes the given line of a member that has one JSON object a line."""

    def apply(contents: dict[str, bytes]) -> None:
        rows = [json.loads(line) for line in contents[name].splitlines()]
        change(rows[number])
        contents[name] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    return apply


def setting(*path: str | int, to: Any) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        place: Any = row
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def repeat(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda contents: contents.update({name: contents[name] + contents[name]})


def vectors(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict[str, bytes]], None]:
    def apply(contents: dict[str, bytes]) -> None:
        rows = np.frombuffer(contents["vectors.f32"], "<f4").copy()
        contents["vectors.f32"] = change(rows).astype("<f4").tobytes()

    return apply


def poisoned(rows: np.ndarray) -> np.ndarray:
    rows[3] = np.nan
    return rows


LIES: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "another source id": (edit("catalog.jsonl", setting("source", "id", to="0" * 32)), "source has an id"),
    "a source that is no path": (edit("catalog.jsonl", setting("source", "location", to="docs")), "not a place"),
    "another document id": (edit("catalog.jsonl", setting("item", "document_id", to="0" * 32), 1), "not its own"),
    "an item outside its source": (edit("catalog.jsonl", setting("item", "uri", to="/etc/passwd"), 1), "in no source"),
    "an item that climbs out": (
        edit("catalog.jsonl", lambda row: row["item"].update(uri=row["item"]["uri"] + "/../../x"), 1), "in no source",
    ),
    "a version that is a path": (edit("catalog.jsonl", setting("item", "version", to="../../x"), 1), "32 hex digits"),
    "readers that are none": (edit("catalog.jsonl", setting("item", "readers", to=["root"]), 1), "not a principal"),
    "readers as one text": (edit("catalog.jsonl", setting("item", "readers", to="everyone"), 1), "not a list"),
    "a number as text": (edit("catalog.jsonl", setting("item", "passages", to="1"), 1), "number"),
    "an unknown status": (edit("catalog.jsonl", setting("item", "status", to="great"), 1), "none of"),
    "an unknown field": (edit("catalog.jsonl", setting("item", "admin", to=True), 1), "should have the fields"),
    "half a character": (edit("catalog.jsonl", setting("item", "title", to="\ud800"), 1), "half a character"),
    "other counts": (edit("catalog.jsonl", setting("item", "passages", to=77), 3), "catalog counts 77"),
    "the catalog twice": (repeat("catalog.jsonl"), "there twice"),
    "a parse with a block outside its text": (
        edit("parses.jsonl", setting("parse", "blocks", 0, "span", to=[0, 10_000])), "not one of ours",
    ),
    "a parse without text": (edit("parses.jsonl", lambda row: row["parse"].pop("text")), "not one of ours"),
    "a parse of another kind": (edit("parses.jsonl", setting("parse", to=[1, 2])), "not one of ours"),
    "a parse for nobody": (edit("parses.jsonl", setting("version", to="0" * 32)), "belongs to none"),
    "no parses": (lambda contents: contents.update({"parses.jsonl": b""}), "parsed documents are missing"),
    "another text": (edit("parses.jsonl", setting("parse", "text", to=" " * 500)), "not one of ours"),
    "a passage outside its document": (edit("passages.jsonl", setting("end", to=100_000)), "outside its document"),
    "a passage from the end": (edit("passages.jsonl", setting("start", to=-5)), "outside its document"),
    "other headings": (edit("passages.jsonl", setting("heading_path", to=["Trust me"])), "headings"),
    "another table header": (edit("passages.jsonl", setting("header", to="Trust | me")), "table header"),
    "the passages twice": (repeat("passages.jsonl"), "comes twice"),
    "a line cut short": (lambda contents: contents.update({"passages.jsonl": contents["passages.jsonl"][:-1]}), "end"),
    "no passages": (lambda contents: contents.update({"passages.jsonl": b""}), "more vectors than passages"),
    "vectors of another length": (vectors(lambda rows: rows * 2), "unit length"),
    "vectors that are no numbers": (vectors(poisoned), "unit length"),
    "too few vectors": (vectors(lambda rows: rows[:-1]), "fewer vectors"),
    "too many vectors": (vectors(lambda rows: np.append(rows, rows)), "more vectors"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_an_archive_that_lies_consistently_is_refused(archive: Path, tmp_path: Path, lie: str) -> None:
    change, message = LIES[lie]
    contents = members(archive)
    change(contents)
    refused(pack(tmp_path / "lie.tar", contents), tmp_path, message)


def head(change: Callable[[Row], None]) -> Callable[[dict[str, bytes]], None]:
    def apply(contents: dict[str, bytes]) -> None:
        row = json.loads(contents["export.json"])
        change(row)
        contents["export.json"] = json.dumps(row).encode()

    return apply


@pytest.mark.parametrize(
    ("change", "message", "kind"),
    [
        (setting("version", to=99), "version 99", IntegrityError),
        (setting("settings", "chunking", "max_tokens", to="many"), "settings cannot be used", IntegrityError),
        (setting("settings", to="none"), "settings cannot be used", IntegrityError),
        (setting("encoder", to="other@000000000000"), "Name the right one", EncoderMismatchError),
        (setting("settings", "index", "encoder", to="/models/evil"), "not shipped", EncoderMismatchError),
        (setting("members", "vectors.f32", "size", to=-1), "does not describe", IntegrityError),
        (setting("members", "vectors.f32", "size", to=1 << 60), "free there", PathError),
        (setting("members", to={}), "does not describe", IntegrityError),
    ],
)
def test_a_head_that_cannot_be_used_is_explained(
    archive: Path, tmp_path: Path, change: Callable[[Row], None], message: str, kind: type[Exception]
) -> None:
    contents = members(archive)
    head(change)(contents)
    refused(pack(tmp_path / "odd.tar", contents, honest=False), tmp_path, message, kind)


def test_nothing_that_exists_is_overwritten(archive: Path, original: Collection, tmp_path: Path) -> None:
    with pytest.raises(PathError, match="exists already"):
        original.export(archive)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(CollectionError, match="exists already"):
        import_archive(archive, tmp_path / "mine")
    with pytest.raises(PathError, match="does not exist"):
        import_archive(tmp_path / "nothing.tar", tmp_path / "new.citewell")
    with pytest.raises(PathError, match="does not exist"):
        original.export(tmp_path / "no" / "folder.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
