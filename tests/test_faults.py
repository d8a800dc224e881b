"""What the system refuses in the middle of a command: a sample of ``benchmarks/faults.py``, which tries every point."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lance
import pytest
from benchmarks.faults import Bench, NoCompilerError, compile_shim

from citewell.collection import Collection
from citewell.errors import PathError, StorageError, refusal
from citewell.index import upkeep


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp("faults")
    try:
        library = compile_shim(root)
    except NoCompilerError as error:
        pytest.skip(str(error))
    made = Bench(root, library)
    yield made
    made.close()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("operation", "at", "error", "stays"),
    [
        ("add", 3, errno.EIO, False),
        ("add", 30, errno.ENOSPC, True),
        ("add", 60, errno.EIO, False),
        ("sync", 10, errno.EIO, False),
        ("sync", 45, errno.ENOSPC, True),
        ("sync", 75, errno.EIO, False),
        ("remove", 50, errno.EIO, False),
        ("remove", 120, errno.ENOSPC, True),
        ("remove", 280, errno.EIO, False),
        ("snapshot", 25, errno.ENOSPC, True),
        ("snapshot", 61, errno.EIO, False),
    ],
)
def test_a_refusal_ends_with_a_message_and_loses_nothing(
    bench: Bench, operation: str, at: int, error: int, stays: bool
) -> None:
    """The bench judges the message, the state, the same command run again, and the check after it."""
    outcome = bench.one(operation, at, error, stays)
    assert outcome.fired, f"{operation} makes only {outcome.calls} calls"


def test_a_commit_that_is_not_durable_is_taken_back(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same process goes on afterwards, and what it commits then is whole."""
    (tmp_path / "a.txt").write_text("The code of cabinet 7 is 55433.\n")
    (tmp_path / "b.txt").write_text("The code of cabinet 8 is 63352.\n")
    collection.add(tmp_path / "a.txt")
    before = collection.store.index.version
    with monkeypatch.context() as patched:
        patched.setattr(upkeep, "sync_tree", refuse)
        with pytest.raises(StorageError, match=r"refused access to .*: Input/output error"):
            collection.add(tmp_path / "b.txt")
    assert collection.store.index.version == before
    assert lance.dataset(str(collection.store.root / collection.store.manifest.table)).version == before
    collection.sync()
    assert "63352" in collection.search("What is the code of cabinet 8?")[0].passage.text
    assert collection.check() == []


def refuse(root: Path, since_ns: int = 0) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_file_that_the_index_engine_left_short_is_noticed(collection: Collection, tmp_path: Path) -> None:
    """An error of the last write of a file never reaches the engine's caller."""
    (tmp_path / "a.txt").write_text("The code of cabinet 7 is 55433.\n")
    collection.add(tmp_path / "a.txt")
    dataset = lance.dataset(str(collection.store.root / collection.store.manifest.table))
    (data,) = Path(dataset.uri, "data").glob("*.lance")
    whole = data.read_bytes()
    with pytest.raises(OSError, match="Input/output error"), upkeep.durable(dataset):
        data.write_bytes(whole[:-8])
    with upkeep.durable(dataset):
        data.write_bytes(whole)


def test_what_the_system_refused_is_told_whoever_says_it() -> None:
    assert "'/c': No space left on device" in refusal(OSError(errno.ENOSPC, "No space left on device"), "/c")
    assert "Input/output error" in refusal(OSError("LanceError(IO): Input/output error (os error 5), file.rs:1"), "/c")
    with pytest.raises(sqlite3.Error) as error:
        sqlite3.connect("/dev/null/none")
    assert "unable to open database file" in refusal(error.value, "/c")


def test_what_is_our_own_fault_is_not_put_on_the_system() -> None:
    assert refusal(OSError(errno.EBADF, "Bad file descriptor"), "/c") == ""
    assert refusal(ValueError("5"), "/c") == ""
    assert refusal(PathError("It does not exist."), "/c") == ""
    with closing(sqlite3.connect(":memory:")) as database, pytest.raises(sqlite3.Error) as error:
        database.execute("SELECT nothing")
    assert refusal(error.value, "/c") == ""
