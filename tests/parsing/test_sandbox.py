"""What a parser process may not do, and what happens to the parent when one misbehaves."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from citewell.errors import ParseError
from citewell.parsing import ParserPool, child, wire
from citewell.parsing.parsed import Parsed
from citewell.records import Block, Locator
from citewell.settings import ParsingSettings

# The index engine, loaded by other tests, warns at any fork. The processes forked here never touch it.
pytestmark = pytest.mark.filterwarnings("ignore:lance is not fork-safe")

LIMITS = {"wall_seconds": 5.0, "cpu_seconds": 5, "memory_bytes": 2 << 30, "output_bytes": 1 << 20}


def confined(probe: Callable[[], object], limits: dict[str, float] | None = None) -> str:
    """Run ``probe`` in a forked process confined like a parser; what it returned, or the error it met."""
    readable, writable = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(readable)
        child.confine({**LIMITS, **(limits or {})})
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
    with ParserPool(ParsingSettings(workers=1)) as pool, pytest.raises(ParseError, match="could not start"):
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
