"""The parent's side of parsing: a pool of zygotes, a deadline for each file, and no trust in what comes back.

See :mod:`citewell.parsing.child` for the layers that hold a parser back. This side never looks at a file's bytes.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, get_args

from citewell.errors import ParseError, ParseReason, ParserStartError
from citewell.parsing import wire
from citewell.parsing.parsed import Parsed
from citewell.settings import ParsingSettings

# The child must find this very package, installed or not, but nothing from the current directory.
_ROOT = str(Path(__file__).resolve().parents[2])
_START = f"import sys; sys.path.append({_ROOT!r}); from citewell.parsing.child import main; main()"
_COMMAND = [sys.executable, "-I", "-W", "ignore", "-c", _START]
_ENVIRONMENT = {
    "HOME": "/",  # or libraries look it up in /etc/passwd
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",  # one thread: a process that forks has no others
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # large pages where the kernel has them: fewer to copy with each fork
}  # fmt: skip

_LENGTH_BYTES = 8
_START_SECONDS = 120.0  # to import the parser libraries on a cold, busy machine
_GRACE_SECONDS = 5.0  # the zygote keeps the wall clock itself; this much later the parent stops waiting for it
_ROOM_FOR_ERROR = 10_000  # bytes of an answer beyond its content
_ROOM_FOR_MESSAGE = 4_000  # bytes of what is said about one member: wire.MAX_MESSAGE characters, escaped, and a reason
_MAX_CONTAINERS = 4_000_000  # lists and objects; 64 MB of nothing but "[]," would become 1.5 GB of Python objects
_REASONS = frozenset(get_args(ParseReason))
_Answer = TypeVar("_Answer")


class ParserPool:
    """Parses files in disposable processes, ``settings.workers`` side by side. Safe to share between threads.

    Processes start when first needed and stop with :meth:`close` or the end of a ``with`` block.
    """

    def __init__(self, settings: ParsingSettings | None = None) -> None:
        self.settings = settings or ParsingSettings()
        self._closed = threading.Event()
        self._zygotes = [_Zygote() for _ in range(self.settings.workers)]
        self._idle: queue.LifoQueue[_Zygote] = queue.LifoQueue()  # the one used last is warm
        for zygote in self._zygotes:
            self._idle.put(zygote)

    def parse(self, data: bytes, name: str) -> Parsed:
        """The parsed file, or a :class:`ParseError` with a reason. Waits for a free process.

        name: file name with its extension, which decides the format where the bytes do not.
        """
        self._check_size(data, name)
        answer = self._ask({"name": name, "limits": self._limits()}, data, _as_json)
        _raise_error(answer)
        return _believed(name, lambda: wire.decode(answer.get("parsed") if isinstance(answer, dict) else None))

    def extract(self, data: bytes, name: str, numbers: Sequence[int]) -> list[bytes | ParseError]:
        """The bytes of the members at these positions of ``Parsed.members``, in order, or why one is not given out.

        All of them together may have ``settings.output_megabytes``, so ask for a few at a time, by the sizes the
        members declare. Raises :class:`ParseError` when none of them can be had.
        """
        self._check_size(data, name)
        limits = self._limits()
        room = limits["output_bytes"] + len(numbers) * _ROOM_FOR_MESSAGE
        request = {"name": name, "limits": {**limits, "output_bytes": room}, "numbers": list(numbers),
                   "content_bytes": limits["output_bytes"]}  # fmt: skip
        answer = self._ask(request, data, bytes)
        if answer.startswith(b'{"error":'):
            _raise_error(_as_json(answer))
        return _believed(name, lambda: wire.decode_files(answer, len(numbers)))

    def _ask(self, request: dict[str, Any], data: bytes, decode: Callable[[bytes], _Answer]) -> _Answer:
        zygote = self._take()
        try:
            limit = request["limits"]["output_bytes"] + _ROOM_FOR_ERROR
            return zygote.ask(json.dumps(request).encode(), data, self._deadline(), limit, decode)
        finally:
            self._idle.put(zygote)

    def _check_size(self, data: bytes, name: str) -> None:
        if len(data) > self.settings.max_file_megabytes << 20:
            raise ParseError(
                "too_large",
                f"'{name}' has {len(data) / 2**20:.0f} MB, more than the {self.settings.max_file_megabytes} MB that "
                "are read. Split it, or raise CITEWELL_PARSING_MAX_FILE_MEGABYTES.",
            )
        if not data:
            raise ParseError("empty", f"'{name}' is empty: it has 0 bytes. Nothing to index.")

    @property
    def isolation(self) -> tuple[str, ...]:
        """Layers that hold a parser back on this machine, such as ``("process", "rlimits", "network namespace")``.
        Starts a process when none runs."""
        zygote = self._take()
        try:
            return zygote.isolation(time.monotonic() + _START_SECONDS)
        finally:
            self._idle.put(zygote)

    def close(self) -> None:
        """Stop all processes; files being parsed fail."""
        self._closed.set()
        for zygote in self._zygotes:
            zygote.stop()

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> _Zygote:
        zygote = self._idle.get()
        if self._closed.is_set():
            self._idle.put(zygote)
            raise RuntimeError("This ParserPool is closed. Make a new one.")
        return zygote

    def _limits(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "wall_seconds": settings.wall_seconds,
            "cpu_seconds": settings.cpu_seconds,
            "memory_bytes": settings.memory_megabytes << 20,
            "output_bytes": settings.output_megabytes << 20,
        }

    def _deadline(self) -> float:
        return time.monotonic() + self.settings.wall_seconds + _GRACE_SECONDS


class _Zygote:
    """One process that forks a child per file. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._layers: tuple[str, ...] = ()

    def isolation(self, deadline: float) -> tuple[str, ...]:
        self._started(deadline)
        return self._layers

    def ask(
        self, request: bytes, data: bytes, deadline: float, limit: int, decode: Callable[[bytes], _Answer]
    ) -> _Answer:
        """The decoded answer. A zygote that dies, stalls or talks nonsense is replaced for the next file."""
        process = self._started(time.monotonic() + _START_SECONDS)
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        try:
            for message in (request, data):
                _write(process.stdin.fileno(), len(message).to_bytes(_LENGTH_BYTES, "big"), deadline)
                _write(process.stdin.fileno(), message, deadline)
            return decode(_read_message(process.stdout.fileno(), deadline, limit))
        except TimeoutError:
            self.stop()
            raise ParseError(
                "timeout", "The parser process did not answer in time and was stopped. Try the file again."
            ) from None
        except (OSError, EOFError, ValueError) as error:
            self.stop()
            raise ParseError(
                "crashed", f"The parser process ended unexpectedly ({error}). Try the file again."
            ) from None

    def stop(self) -> None:
        """Kill the process and everything it started."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _started(self, deadline: float) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.stop()
        process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            bufsize=0,
            close_fds=True,
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        self._process = process
        try:
            hello = json.loads(_read_message(process.stdout.fileno(), deadline, 10_000))
            self._layers = tuple(str(layer) for layer in hello["isolation"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            self.stop()
            raise ParserStartError(
                f"The parser process could not start ({type(error).__name__}: {error}); no file was read. See why "
                f'with:  {sys.executable} -I -c \'import sys; sys.path.append("{_ROOT}"); '
                "import citewell.parsing.reader'"
            ) from None
        return process


def _as_json(answer: bytes) -> Any:
    if answer.count(b"[") + answer.count(b"{") > _MAX_CONTAINERS:
        raise ValueError(f"its answer has more than {_MAX_CONTAINERS:,} parts")
    return json.loads(answer)


def _raise_error(answer: Any) -> None:
    """The error an answer carries, if it is one."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict) and error.get("reason") in _REASONS and isinstance(error.get("message"), str):
        raise ParseError(error["reason"], error["message"][:2000])


def _believed(name: str, decode: Callable[[], _Answer]) -> _Answer:
    """What an answer holds once it is checked."""
    try:
        return decode()
    except wire.WireError as problem:
        raise ParseError(
            "crashed",
            f"The parser's answer for '{name}' was refused: {problem}. The file may be made to do harm. If you trust "
            "it, please report this as a fault of Citewell.",
        ) from None


def _write(descriptor: int, data: bytes, deadline: float) -> None:
    view = memoryview(data)
    while view:
        _wait(descriptor, select.POLLOUT, deadline)
        view = view[os.write(descriptor, view[: 1 << 20]) :]


def _read_message(descriptor: int, deadline: float, limit: int) -> bytes:
    size = int.from_bytes(_read(descriptor, _LENGTH_BYTES, deadline), "big")
    if size > limit:
        raise ValueError(f"its answer has {size} bytes, more than {limit}")
    return _read(descriptor, size, deadline)


def _read(descriptor: int, size: int, deadline: float) -> bytes:
    found = bytearray()
    while len(found) < size:
        _wait(descriptor, select.POLLIN, deadline)
        piece = os.read(descriptor, min(size - len(found), 1 << 20))
        if not piece:
            raise EOFError("it closed its pipe")
        found += piece
    return bytes(found)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Until the descriptor is ready or its other end closed. Raises :class:`TimeoutError` at the deadline."""
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError
