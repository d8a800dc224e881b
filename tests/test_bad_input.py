"""What people and disks hand over by mistake: huge files, full folders, half a collection, odd names, two writers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import citewell
from citewell.access import Scope
from citewell.cli import run
from citewell.collection import Collection
from citewell.errors import CollectionError, PathError

COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]
READER = """
import json, re, sys, time
import citewell
opened, seen, broken = citewell.open(sys.argv[1]), 0, []
print("ready", flush=True)
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    found = {}
    for hit in opened.search("generation of the report", hits=100):
        for passage in (hit.passage, *hit.copies):
            for name, generation, part in re.findall(r"Report (\\d+) generation (\\d+) part (\\d+)", passage.text):
                found.setdefault(name, set()).add((int(generation), int(part)))
    for name, marks in found.items():
        if len({generation for generation, _ in marks}) != 1 or {part for _, part in marks} != {1, 2, 3}:
            broken.append([name, sorted(marks)])
    seen += bool(found)
print(json.dumps({"seen": seen, "broken": broken[:3]}), flush=True)
"""


def note(path: Path, number: int) -> None:
    path.write_text(f"The code of cabinet {number} is {number * 7919}, says the caretaker of the hall.\n")
    os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(4):
        note(folder / f"{number}.txt", number)
    return folder


# -- files -------------------------------------------------------------------------------------------------------------


def test_two_gigabytes_are_refused_without_being_read(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with (folder / "access.txt").open("wb") as file:
        file.write(b"10.0.0.1 GET /index.html\n")
        file.truncate(2 << 30)
    began = time.process_time()
    collection.add(folder)
    assert time.process_time() - began < 1.0
    (item,) = collection.items()
    assert (item.status, item.reason) == ("failed", "too_large")
    assert "2,147 MB" in item.message and "CITEWELL_PARSING_MAX_FILE_MEGABYTES" in item.message


@pytest.mark.integration
def test_a_folder_of_twenty_thousand_pictures_is_listed_and_refused(collection: Collection, docs: Path) -> None:
    """Each is a row with its reason, and the documents among them are read. The memory benchmark has 200,000."""
    pictures = docs / "pictures"
    pictures.mkdir()
    first = pictures / "00000.png"
    first.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    for number in range(1, 20_000):
        os.link(first, pictures / f"{number:05d}.png")
    began = time.process_time()
    (report,) = collection.add(docs)
    assert report.added == 4
    assert len(report.problems) == 20_000
    assert {item.reason for item in report.problems} == {"unsupported"}
    assert time.process_time() - began < 30
    began = time.process_time()
    (again,) = collection.sync()
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)
    assert time.process_time() - began < 10


# -- the collection's folder -------------------------------------------------------------------------------------------


ODD_NAMES = ("with space", 'it is "quoted"', "it's", "new\nline", "üñî-文書", "percent %41 #?&=1")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_of_a_folder_will_do(tmp_path: Path, docs: Path, name: str) -> None:
    """For documents; for a collection, all that the index engine can store, and a message for the others."""
    place = tmp_path / name
    place.mkdir()
    shutil.move(docs, place / "docs")
    if "\n" in name:
        with pytest.raises(CollectionError, match=r"cannot be at .* Name another folder with -c"):
            citewell.open(place / "c.citewell", create=True)
        assert not (place / "c.citewell").exists()
        opened = citewell.open(tmp_path / "c.citewell", create=True)
    else:
        opened = citewell.open(place / "c.citewell", create=True)
    opened.add(place / "docs")
    assert {each.name for each in tmp_path.iterdir()} <= {place.name, "c.citewell"}, "nothing beside it"
    opened.snapshot("one")
    (place / "docs" / "3.txt").unlink()
    opened.sync()
    opened.restore("one", keep_present=False)
    assert "23757" in opened.search("What is the code of cabinet 3?")[0].passage.text
    assert "15838" in opened.ask("What is the code of cabinet 2?").text
    assert opened.remove(place / "docs" / "1.txt", prove=True).remaining == 0
    assert opened.status().documents == 3
    assert opened.check() == []


def test_a_folder_whose_name_is_not_utf_8_is_read_as_part_of_another(
    collection: Collection, tmp_path: Path, docs: Path
) -> None:
    odd = docs / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    note(odd / "5.txt", 5)
    with pytest.raises(PathError, match=r"is not UTF-8.* add a folder above it"):
        collection.add(odd)
    with pytest.raises(CollectionError, match=r"A collection cannot be at"):
        citewell.open(odd / "c.citewell", create=True)
    collection.add(docs)
    (hit,) = collection.search("cabinet 5", hits=1)
    assert hit.passage.uri == f"{docs}/caf\\xe9/5.txt"
    assert "39595" in collection.document(hit.passage.uri).text
    collection.remove(hit.passage.uri)
    assert collection.status().documents == 4


@pytest.mark.integration
def test_a_collection_that_may_not_be_written_can_be_asked(tmp_path: Path, docs: Path) -> None:
    root = tmp_path / "c.citewell"
    citewell.open(root, create=True).add(docs)
    note(docs / "4.txt", 4)
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write everything, and setpriv (util-linux), which drops that right, is not installed")
    drop = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    for folder, _, names in os.walk(root):
        for each in (Path(folder), *(Path(folder, each) for each in names)):
            each.chmod(each.stat().st_mode & ~0o222)
    try:
        asked, synced, added = (
            subprocess.run([*drop, *COMMAND, "-c", str(root), *arguments], check=False, capture_output=True, text=True)
            for arguments in (("ask", "What is the code of cabinet 3?"), ("sync",), ("add", str(docs)))
        )
    finally:
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(0o700)
    assert asked.returncode == 0 and "23757" in asked.stdout, asked.stderr
    for done in (synced, added):
        assert done.returncode == 2, done.stderr
        assert re.search(r"c\.citewell' cannot be written: Permission denied\. Asking works", done.stderr)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection to be copied and damaged; its documents lie beside it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "docs").mkdir()
    for number in range(4):
        note(folder / "docs" / f"{number}.txt", number)
    citewell.open(folder / "c.citewell", create=True).add(folder / "docs")
    return folder / "c.citewell"


# -- half a collection -------------------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_all(folder: Path, pattern: str) -> None:
    found = list(folder.rglob(pattern))
    assert found
    for path in found:
        cut(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda root: (root / "collection.toml").unlink(),
    "an empty manifest": lambda root: (root / "collection.toml").write_text(""),
    "a manifest of garbage": lambda root: (root / "collection.toml").write_bytes(b"\xff\x00garbage"),
    "no passages": lambda root: shutil.rmtree(root / "passages.lance"),
    "no versions": lambda root: shutil.rmtree(root / "passages.lance" / "_versions"),
    "a short version": lambda root: cut(min((root / "passages.lance" / "_versions").glob("*.manifest"))),
    "short data": lambda root: cut_all(root / "passages.lance" / "data", "*.lance"),
    "no data": lambda root: shutil.rmtree(root / "passages.lance" / "data"),
    "no catalog": lambda root: (root / "catalog.db").unlink(),
    "an empty catalog": lambda root: (root / "catalog.db").write_bytes(b""),
    "a short catalog": lambda root: cut(root / "catalog.db"),
    "a catalog of garbage": lambda root: (root / "catalog.db").write_bytes(bytes(range(256)) * 40),
}


@pytest.mark.damages_on_purpose
@pytest.mark.parametrize("damage", DAMAGES)
def test_half_a_collection_is_told_and_left_alone(
    damage: str, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command takes it for a fault of the program, and none deletes what is left, a repair included."""
    root = Path(shutil.copytree(whole, tmp_path / "c.citewell"))
    DAMAGES[damage](root)
    before = content(root)
    failed = 0
    for arguments in (["status"], ["ask", "code of cabinet 3?"], ["sync"], ["check"], ["check", "--repair"]):
        status, told = command(monkeypatch, capsys, "-c", str(root), *arguments)
        assert status in {0, 1, 2}, told
        assert "Traceback" not in told
        assert status == 0 or re.search(r"copy|snapshot", told, re.IGNORECASE), f"says what to do: {told}"
        failed += bool(status)
        if arguments in (["sync"], ["check"]):
            assert status, f"{arguments}: {told}"
    assert failed >= 3
    after = content(root)
    assert {name for name, data in before.items() if after.get(name) != data} <= {"lock"}


@pytest.mark.damages_on_purpose
@pytest.mark.parametrize("lost", ["_indices", "blobs"])
def test_what_can_be_made_again_is_made_again(
    lost: str, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(whole, tmp_path / "c.citewell"))
    shutil.rmtree(root / "blobs" if lost == "blobs" else root / "passages.lance" / "_indices")
    status, told = command(monkeypatch, capsys, "-c", str(root), "check")
    assert status == 1 and "missing" in told
    command(monkeypatch, capsys, "-c", str(root), "check", "--repair")
    assert command(monkeypatch, capsys, "-c", str(root), "sync")[0] == 0
    status, told = command(monkeypatch, capsys, "-c", str(root), "check")
    assert status == 0, told
    assert "23757" in command(monkeypatch, capsys, "-c", str(root), "ask", "What is the code of cabinet 3?")[1]


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit status of the command line, and all it printed."""
    monkeypatch.setattr(sys, "argv", ["citewell", *arguments])
    with pytest.raises(SystemExit) as ending:
        run.run()
    told = capsys.readouterr()
    return int(ending.value.code or 0), told.out + told.err


# -- several processes -------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_the_first_is(collection: Collection, docs: Path) -> None:
    collection.add(docs)
    root = str(collection.store.root)
    with collection.store.writing():
        done = subprocess.run([*COMMAND, "-c", root, "sync"], check=False, capture_output=True, text=True)
        asked = subprocess.run(
            [*COMMAND, "-c", root, "ask", "What is the code of cabinet 3?"], check=False, capture_output=True, text=True
        )
    assert done.returncode == 2
    assert f"is being written by another process (process {os.getpid()}, since " in done.stderr
    assert asked.returncode == 0 and "23757" in asked.stdout


def test_a_writer_waits_when_it_is_told_to(collection: Collection, docs: Path) -> None:
    collection.add(docs)
    note(docs / "new.txt", 9)
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with citewell.open(collection.store.root).store.writing():
            holding.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(30)
    with pytest.raises(CollectionError, match="is being written by another process"):
        collection.sync(wait_seconds=0.1)
    threading.Timer(0.3, release.set).start()
    (report,) = collection.sync(wait_seconds=30)
    holder.join()
    assert report.added == 1


@pytest.mark.integration
def test_readers_in_other_processes_see_whole_documents_while_they_are_replaced(
    collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    seconds = 8.0

    def write(generation: int) -> None:
        for number in range(5):
            parts = (f"Report {number} generation {generation} part {part}: " + "the gauge of the tank fell. " * 25
                     for part in (1, 2, 3))  # fmt: skip
            (folder / f"{number}.txt").write_text("\n\n".join(parts) + "\n")

    write(0)
    collection.add(folder)
    assert collection.status().passages >= 15, "each document is in several passages"
    root = str(collection.store.root)
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, root, str(seconds)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
    until, generation = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        generation += 1
        write(generation)
        collection.sync()
    assert generation > 1
    for reader in readers:
        out, _ = reader.communicate(timeout=60)
        assert reader.returncode == 0
        assert '"broken": []' in out
        assert '"seen": 0' not in out
    found = {passage.text.split(" part")[0] for document in collection.store.index.document_versions()
             for passage in collection.store.index.of_document(document, Scope.owner())}  # fmt: skip
    assert all(text.endswith(f"generation {generation}") for text in found)
