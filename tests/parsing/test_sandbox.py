"""What a parser process may not do, and what happens to the parent when one misbehaves."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citewell.errors import MissingExtraError, ParseError, ParserStartError
from citewell.parsing import ParserPool, child, reader, sandbox, syscalls, wire
from citewell.parsing.parsed import Parsed
from citewell.records import Block, Locator
from citewell.settings import ParsingSettings

# The index engine, loaded by other tests, warns at any fork. The processes forked here never touch it.
pytestmark = pytest.mark.filterwarnings("ignore:lance is not fork-safe")

LIMITS = {"wall_seconds": 5.0, "cpu_seconds": 5, "memory_bytes": 2 << 30, "output_bytes": 1 << 20}


def confined(probe: Callable[[], object], limits: dict[str, float] | None = None) -> str:
    """Run ``probe`` in a forked process confined like a parser; what it returned, or the error it met."""
    return forked(probe, lambda: child.confine({**LIMITS, **(limits or {})}))


def forked(probe: Callable[[], object], prepare: Callable[[], None] = lambda: None) -> str:
    readable, writable = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(readable)
        prepare()
        try:
            found = f"returned {probe()!r}"
        except BaseException as error:  # noqa: BLE001 - the probe's error is the result
            found = f"{type(error).__name__}: {error}"
        os.write(writable, found.encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as pipe:
        found = pipe.read()
    status = os.waitpid(process, 0)[1]
    return found or f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else found


@pytest.mark.parametrize(
    "probe",
    [
        socket.socket,
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),  # noqa: S605
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        lambda: Path("/etc/passwd").read_text(),
        lambda: Path("/tmp/escape").write_text("x"),  # noqa: S108
        lambda: os.open("/tmp/escape", os.O_CREAT | os.O_WRONLY),  # noqa: S108
        lambda: os.remove("/tmp/escape"),  # noqa: S108, PTH107
        lambda: os.kill(os.getppid(), signal.SIGTERM),
        lambda: ctypes.CDLL("libc.so.6"),
        lambda: sys.modules["pickle"].loads(b"cposix\nsystem\n."),
    ],
)  # fmt: skip
def test_a_confined_process_is_refused(probe: Callable[[], object]) -> None:
    __import__("pickle")
    assert confined(probe).startswith("PermissionError: a parser may not")


def test_memory_and_time_are_limited_by_the_kernel() -> None:
    assert confined(lambda: len(bytearray(3 << 30))).startswith("MemoryError")

    def spin() -> None:
        while True:
            pass

    assert confined(spin, {"cpu_seconds": 1}) == f"signal {int(signal.SIGXCPU)}"


def test_modules_can_still_be_imported() -> None:
    assert confined(lambda: __import__("colorsys").__name__) == "returned 'colorsys'"


LIBC = ctypes.CDLL(None, use_errno=True)
NATIVE: dict[str, Callable[[Path], int]] = {
    "write a file": lambda folder: LIBC.open(bytes(folder / "kept.txt"), os.O_WRONLY),
    "make a file": lambda folder: LIBC.open(bytes(folder / "new.txt"), os.O_RDWR | os.O_CREAT, 0o600),
    "remove a file": lambda folder: LIBC.unlink(bytes(folder / "kept.txt")),
    "rename a file": lambda folder: LIBC.rename(bytes(folder / "kept.txt"), bytes(folder / "other.txt")),
    "make a folder": lambda folder: LIBC.mkdir(bytes(folder / "new"), 0o700),
    "make a link": lambda folder: LIBC.symlink(b"kept.txt", bytes(folder / "link")),
    "change permissions": lambda folder: LIBC.chmod(bytes(folder / "kept.txt"), 0o777),
    "make a socket": lambda folder: LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, 0),
    "make a pair of sockets": lambda folder: LIBC.socketpair(1, 1, 0, (ctypes.c_int * 2)()),
    "make a file in memory": lambda folder: LIBC.memfd_create(b"x", 0),
    "signal the parent": lambda folder: LIBC.kill(os.getppid(), 0),
    "limit the parent": lambda folder: LIBC.prlimit(os.getppid(), resource.RLIMIT_CORE, bytes(16), None),
}


@pytest.mark.skipif(not syscalls.available(), reason="there is no system call filter for this system")
@pytest.mark.parametrize("name", NATIVE)
def test_native_code_cannot_do_it_either(name: str, tmp_path: Path) -> None:
    def probe() -> str:
        return "done" if NATIVE[name](tmp_path) >= 0 else errno.errorcode[ctypes.get_errno()]

    (tmp_path / "kept.txt").write_text("x")
    assert confined(probe) == "returned 'EPERM'"
    assert (tmp_path / "kept.txt").read_text() == "x"
    assert forked(probe) == "returned 'done'"  # so it was the filter


@pytest.mark.skipif(not syscalls.available(), reason="there is no system call filter for this system")
def test_every_call_of_the_table_is_refused() -> None:
    def probe() -> list[str]:
        assert LIBC.syscall(syscalls.refused_numbers()["socket"], 1, 1, 0) == -1  # before anything that matters
        kept = []
        for name, number in syscalls.refused_numbers().items():
            ctypes.set_errno(0)
            if LIBC.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
                kept.append(name)
        for name, number in {"clone3": 435, "openat2": 437, "unknown": 9_999, "x32": 0x40000000}.items():
            if LIBC.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.ENOSYS:
                kept.append(name)
        return kept

    assert len(syscalls.refused_numbers()) > 100
    assert confined(probe) == "returned []"
    aborted = confined(lambda: (faulthandler.disable(), os.abort()))
    assert aborted == f"signal {int(signal.SIGABRT)}"  # what a process may still do to itself


PROBED = """
import ctypes, json, os, sys
sys.path.append({root!r})
from citewell.parsing import child, enclosure, syscalls
libc = ctypes.CDLL(None, use_errno=True)

def native(path):
    descriptor = libc.open(path.encode(), os.O_RDONLY)
    return "opened" if descriptor >= 0 else os.strerror(ctypes.get_errno())

def probe(request, data):
    try:
        found = eval(data, globals())
    except OSError as error:
        found = type(error).__name__
    return json.dumps({{"error": {{"reason": "corrupt", "message": repr(found)}}}}).encode()

child.parse = probe
{before}
child.main()
"""


@contextlib.contextmanager
def probed(monkeypatch: pytest.MonkeyPatch, before: str = "") -> Iterator[tuple[tuple[str, ...], Callable[[str], str]]]:
    """A real zygote whose children evaluate what they are sent: its layers, and a function that asks."""
    code = PROBED.format(root=sandbox._ROOT, before=before)
    monkeypatch.setattr(sandbox, "_COMMAND", [sys.executable, "-I", "-c", code])
    with ParserPool(ParsingSettings(workers=1, wall_seconds=20)) as pool:

        def ask(expression: str) -> str:
            with pytest.raises(ParseError) as caught:
                pool.parse(expression.encode(), "probe.py")
            return str(caught.value)

        yield pool.isolation, ask


def test_files_outside_python_do_not_exist_for_a_parser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with probed(monkeypatch) as (layers, ask):
        if "file system view" not in layers:
            pytest.skip("this system does not let a process have a file system view of its own")
        assert ask(f"native({str(secret)!r})") == "'No such file or directory'"
        assert ask("native('/etc/passwd')") == "'No such file or directory'"
        assert ask(f"os.path.exists({str(tmp_path)!r})") == "False"
        assert ask("os.path.exists('/proc')") == "False"
        assert ask("native('/..' * 30 + '/etc/passwd')") == "'No such file or directory'"
        assert ask("native(os.__file__)") == "'opened'"
        assert ask("__import__('colorsys').__name__") == "'colorsys'"  # modules are still found
        assert ask("__import__('_bz2').__name__") == "'_bz2'"  # and native ones with their libraries


def test_landlock_closes_files_where_there_are_no_namespaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with probed(monkeypatch, "enclosure._ATTEMPTS = ()") as (layers, ask):
        assert not {"file system view", "user namespace", "network namespace"} & set(layers)
        if "landlock" not in layers:
            pytest.skip("this kernel has no Landlock")
        assert ask(f"native({str(secret)!r})") == "'Permission denied'"
        assert ask("os.listdir('/')") == "'PermissionError'"
        assert ask("native(os.__file__)") == "'opened'"
        assert ask("__import__('_bz2').__name__") == "'_bz2'"


def test_a_parser_has_no_capabilities_and_no_network_device(monkeypatch: pytest.MonkeyPatch) -> None:
    held = "libc.capget(b'\x22\x05\x08\x20' + bytes(4), (found := ctypes.create_string_buffer(24))) or found.raw.hex()"
    unguarded = "child.guard = syscalls.refuse_common = syscalls.refuse_system_calls = lambda: None"
    with probed(monkeypatch, unguarded) as (layers, ask):
        if not {"no capabilities", "network namespace"} <= set(layers):
            pytest.skip("this system does not grant a namespace")
        assert ask(held) == repr("00" * 24)
        assert ask("[name for _, name in __import__('socket').if_nameindex()]") == "['lo']"
        refused = {"'OSError'", "'PermissionError'"}  # the latter from Landlock
        assert ask("__import__('socket').create_connection(('127.0.0.1', 9), 1)") in refused
        assert ask("libc.mount(None, b'/', None, 32 | 4096, None)") == "-1"  # it cannot make its view writable


def test_a_system_that_grants_nothing_still_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    deny = """
class Nothing:
    def __getattr__(self, name):
        return lambda *arguments: -1
enclosure._libc = Nothing
syscalls._libc = Nothing
child.parse = original
"""
    monkeypatch.setattr(f"{__name__}.PROBED", PROBED.replace("child.parse =", "original = child.parse\nchild.parse ="))
    code = PROBED.format(root=sandbox._ROOT, before=deny)
    monkeypatch.setattr(sandbox, "_COMMAND", [sys.executable, "-I", "-c", code])
    with ParserPool(ParsingSettings(workers=1)) as pool:
        assert pool.isolation == ("process", "rlimits", "audit hook")
        assert pool.parse(b"still read", "a.txt").text == "still read"


def _ended(probe: Callable[[], object], **limits: float) -> dict[str, str]:
    """The zygote's answer when a child does ``probe`` instead of parsing."""
    original = child.parse
    child.parse = lambda request, data: probe()  # type: ignore[assignment]
    held = os.dup(0)
    readable, writable = os.pipe()
    os.dup2(readable, 0)  # the zygote watches standard input for the parent to hang up
    try:
        return json.loads(child.in_child({"name": "x.txt", "limits": {**LIMITS, **limits}}, b"data"))["error"]
    finally:
        child.parse = original
        os.dup2(held, 0)
        for descriptor in (held, readable, writable):
            os.close(descriptor)


def test_how_a_child_died_is_told_apart() -> None:
    assert _ended(lambda: time.sleep(30), wall_seconds=0.3)["reason"] == "timeout"
    assert _ended(lambda: (faulthandler.disable(), os.abort()))["reason"] == "crashed"
    assert _ended(lambda: (faulthandler.disable(), ctypes.string_at(0)))["reason"] == "crashed"
    assert _ended(lambda: bytes(3 << 30))["reason"] == "memory"
    assert _ended(lambda: b"x" * (2 << 20))["reason"] == "too_large"

    def spin() -> None:
        while True:
            pass

    assert _ended(spin, cpu_seconds=1)["reason"] == "timeout"


def test_a_missing_package_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def needs_more(data: bytes, name: str) -> Parsed:
        raise MissingExtraError("Reading this", "code")

    monkeypatch.setattr(reader, "read", needs_more)
    error = json.loads(child.parse({"name": "x.txt", "limits": LIMITS}, b"data"))["error"]
    assert error["reason"] == "unsupported"
    assert "x.txt" in error["message"] and "pip install 'citewell[code]'" in error["message"]


def test_an_orphaned_child_is_stopped() -> None:
    readable, writable = os.pipe()
    held = os.dup(0)
    os.dup2(readable, 0)
    os.close(readable)
    os.close(writable)  # the parent is gone
    quiet, busy = os.pipe()
    try:
        assert child._collect(quiet, time.monotonic() + 5, 100)[1] == "abandoned"
    finally:
        os.dup2(held, 0)
        for descriptor in (held, quiet, busy):
            os.close(descriptor)


def test_isolation_is_reported(pool: ParserPool) -> None:
    assert {"process", "rlimits", "audit hook"} <= set(pool.isolation)
    assert ("seccomp" in pool.isolation) == syscalls.available()


def test_a_real_time_limit_and_the_file_after_it() -> None:
    rows = "\n".join(f"{number},name {number},{number * 7}" for number in range(60_000))
    with ParserPool(ParsingSettings(workers=1, wall_seconds=0.05)) as pool:
        with pytest.raises(ParseError, match="stopped") as caught:
            pool.parse(rows.encode(), "rows.csv")
        assert caught.value.reason == "timeout"
        assert caught.value.retryable
    with ParserPool(ParsingSettings(workers=1, output_megabytes=1)) as pool:
        with pytest.raises(ParseError, match="OUTPUT_MEGABYTES") as caught:
            pool.parse(rows.encode(), "rows.csv")
        assert caught.value.reason == "too_large"
        assert pool.parse(b"still here", "a.txt").text == "still here"


def test_a_killed_zygote_is_replaced() -> None:
    with ParserPool(ParsingSettings(workers=1)) as pool:
        assert pool.parse(b"first", "a.txt").text == "first"
        process = pool._zygotes[0]._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert pool.parse(b"second", "a.txt").text == "second"


def test_a_zygote_that_lies_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = (
        "import sys, time\n"
        "def say(m): sys.stdout.buffer.write(len(m).to_bytes(8, 'big') + m); sys.stdout.flush()\n"
        "say(b'{\"isolation\":[]}')"
    )
    for then, reason in (
        ("time.sleep(60)", "timeout"),
        ("sys.exit()", "crashed"),
        ("sys.stdout.buffer.write((1 << 62).to_bytes(8, 'big')); sys.stdout.flush(); time.sleep(9)", "crashed"),
        ("say(b'not json'); time.sleep(9)", "crashed"),
        ("say(b'{\"parsed\":{}}'); time.sleep(9)", "crashed"),
    ):  # fmt: skip
        monkeypatch.setattr("citewell.parsing.sandbox._COMMAND", [sys.executable, "-I", "-c", f"{hello}\n{then}"])
        monkeypatch.setattr("citewell.parsing.sandbox._GRACE_SECONDS", 0.2)
        with ParserPool(ParsingSettings(workers=1, wall_seconds=0.5)) as pool, pytest.raises(ParseError) as caught:
            pool.parse(b"data", "a.txt")
        assert caught.value.reason == reason


def test_a_zygote_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.parsing.sandbox._COMMAND", [sys.executable, "-c", "raise SystemExit(1)"])
    with ParserPool(ParsingSettings(workers=1)) as pool, pytest.raises(ParserStartError, match="could not start"):
        pool.parse(b"data", "a.txt")


def test_many_threads_share_a_pool(pool: ParserPool) -> None:
    found: dict[int, str] = {}

    def work(number: int) -> None:
        found[number] = pool.parse(f"text number {number}".encode(), f"{number}.txt").text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"text number {number}" for number in range(16)}


def test_size_limit_before_anything_starts() -> None:
    pool = ParserPool(ParsingSettings(workers=1, max_file_megabytes=1))
    with pytest.raises(ParseError, match="MAX_FILE_MEGABYTES"):
        pool.parse(b"x" * (2 << 20), "big.txt")
    assert pool._zygotes[0]._process is None
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.parse(b"x", "a.txt")


def test_nothing_is_left_running() -> None:
    with ParserPool(ParsingSettings(workers=1)) as pool:
        pool.parse(b"x y", "a.txt")
        process = pool._zygotes[0]._process
        assert process is not None
    assert process.returncode is not None


PARSED = Parsed(
    title="Title",
    media_type="text/plain",
    text="first\n\nsecond",
    blocks=(
        Block("heading", (0, 5), Locator(page=1), level=1),
        Block("paragraph", (7, 13), Locator(lines=(1, 2), boxes=((1, 2, 3.5, 4),)), ("first",)),
    ),
    language="en",
    modified_at="2024-01-01",
    metadata={"a": [1]},
    notes=("note",),
)


def test_the_wire_keeps_everything() -> None:
    assert wire.decode(json.loads(json.dumps(wire.encode(PARSED)))) == PARSED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.update(text=7),
        lambda data: data.update(title="x" * 5000),
        lambda data: data.update(text=data["text"] + "\ud800"),
        lambda data: data.update(metadata=[]),
        lambda data: data.update(metadata={"x": "y" * 200_000}),
        lambda data: data.update(notes="note"),
        lambda data: data.update(blocks=[]),
        lambda data: data["blocks"].reverse(),
        lambda data: data["blocks"].append(data["blocks"][1]),
        lambda data: data["blocks"][1].__setitem__(0, "script"),
        lambda data: data["blocks"][1].__setitem__(1, 6),  # begins with a newline
        lambda data: data["blocks"][1].__setitem__(1, 4),  # overlaps
        lambda data: data["blocks"][1].__setitem__(2, 99),
        lambda data: data["blocks"][1].__setitem__(2, 7),  # empty
        lambda data: data["blocks"][1].__setitem__(2, True),
        lambda data: data["blocks"][1].__setitem__(4, 9),
        lambda data: data["blocks"][1].__setitem__(4, -1),
        lambda data: data["blocks"][1].__setitem__(3, {"file": "/etc/passwd"}),
        lambda data: data["blocks"][1].__setitem__(3, {"lines": [3, 1]}),
        lambda data: data["blocks"][1].__setitem__(3, {"boxes": [[1, 2, 3]]}),
        lambda data: data["blocks"][1].__setitem__(3, {"boxes": [[1, 2, 3, 1e300]]}),
        lambda data: data["blocks"][1].__setitem__(3, {"part": "x" * 9000}),
        lambda data: data["blocks"][1].__setitem__(7, [[0, 5, {}]]),  # a cell outside its row
        lambda data: data["blocks"][1].pop(),
    ],
)
def test_the_parent_believes_nothing(spoil: Callable[[dict[str, object]], None]) -> None:
    data = json.loads(json.dumps(wire.encode(PARSED)))
    spoil(data)
    with pytest.raises(wire.WireError):
        wire.decode(data)
