"""The process that touches bytes from outside. Started by :mod:`citewell.parsing.sandbox`; talks over two pipes.

    parent ── file ──► zygote ── fork ──► child: limits, guard, parse, answer, exit
           ◄─ answer ─        ◄─ answer ─

The zygote imports the parser libraries once, gives up what it does not need, and forks one child per file, so every
file starts from the same clean memory at the price of a fork (milliseconds). What holds a child back: it is a process
of its own with limits set by the kernel (address space, processor time, no file output, few descriptors, no core dump);
on Linux, as far as the kernel grants it, it has no network device, sees no files but Python's own and cannot change
those (:mod:`citewell.parsing.enclosure`), and has no system calls to talk, to start programs or to change anything
(:mod:`citewell.parsing.syscalls`); and an audit hook refuses sockets, programs, new native libraries and any file but
Python's own. The hook stops Python code that was talked into something; the kernel's layers hold native code as well.

Messages are a length (8 bytes, big endian) and that many bytes; see :func:`serve`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from citewell.parsing import enclosure, syscalls

LENGTH = struct.Struct(">Q")
MEMORY_STATUS = 77
"""Exit status of a child that ran out of memory so far that it could not even say so."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4

_REFUSED_EVENTS = (
    "socket.", "subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "os.startfile", "os.system", "os.fork",
    "os.kill", "os.chmod", "os.chown", "os.link", "os.symlink", "os.rename", "os.remove", "os.rmdir",
    "os.mkdir", "os.truncate", "os.putenv", "os.unsetenv", "shutil.", "tempfile.", "ctypes.dlopen", "urllib.",
    "http.client.", "ftplib.", "smtplib.", "imaplib.", "poplib.", "nntplib.", "telnetlib.", "pty.",
    "webbrowser.", "sqlite3.", "pickle.", "code.__new__",
)  # fmt: skip


def main() -> None:
    """Become a zygote: leave the namespaces, load, close the walls, say so, serve until the parent closes the pipe."""
    layers = ["process", "rlimits", "audit hook"]
    if sys.platform == "linux":
        layers += enclosure.leave_namespaces()
    from citewell.parsing import language, reader  # noqa: F401 - every library, once, out of reach of the network

    language.load()
    _python_files()  # found once, not in every child, and before the walls
    _nothing()
    time.localtime()  # loads the time zone
    if sys.platform == "linux":
        layers += enclosure.enclose(_module_directories(), own_mounts=enclosure.MOUNTS in layers)
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    layers += ["seccomp"] if syscalls.refuse_common() else []
    gc.collect()
    gc.freeze()  # shared pages of the libraries stay shared after a fork
    send(1, json.dumps({"isolation": layers}).encode())
    serve()


def serve() -> None:
    """Answer requests from standard input: a JSON header ``{"name", "limits"}`` (with ``{"numbers", "content_bytes"}``
    when members are asked for), then the file's bytes."""
    while (head := receive(0)) is not None:
        data = receive(0)
        if data is None:
            return
        request = json.loads(head)
        answer = in_child(request, data)
        del data
        send(1, answer)


def in_child(request: dict[str, Any], data: bytes) -> bytes:
    """Fork, let the child parse, and return its answer, or ours about how it ended."""
    limits = request["limits"]
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        _parse_and_exit(request, data, writable)
    os.close(writable)
    try:
        answer, ended = _collect(readable, time.monotonic() + limits["wall_seconds"], limits["output_bytes"])
    finally:
        os.close(readable)
    if ended != "complete":
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if ended == "complete" and status == 0 and answer:
        return answer
    aborted = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    if aborted and used.ru_maxrss > limits["memory_bytes"] >> 11:  # KiB, half the limit: how PDFium takes it
        return json.dumps({"error": memory_error(request["name"], limits)}).encode()
    return json.dumps({"error": _describe(ended, status, request)}).encode()


def _collect(readable: int, deadline: float, limit: int) -> tuple[bytes, str]:
    """Bytes until the child closes its pipe; why it ended: complete, timeout, too_large, or the parent went away."""
    pieces: list[bytes] = []
    size = 0
    poll = select.poll()
    poll.register(readable, select.POLLIN)
    poll.register(0, 0)  # reports only that the parent hung up
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return b"", "timeout"
        for descriptor, _event in poll.poll(left * 1000):
            if descriptor == 0:
                return b"", "abandoned"
            piece = os.read(readable, 1 << 20)
            if not piece:
                return b"".join(pieces), "complete"
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                return b"", "too_large"


def _describe(ended: str, status: int, request: dict[str, Any]) -> dict[str, str]:
    """The error for a child that did not answer."""
    name, limits = request["name"], request["limits"]
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if ended == "timeout":
        return _error(
            "timeout",
            f"'{name}' took longer than {limits['wall_seconds']:g} seconds to read and was stopped. Split it, or raise "
            "CITEWELL_PARSING_WALL_SECONDS.",
        )
    if ended == "too_large":
        return _error(
            "too_large",
            f"'{name}' unfolds to more than {limits['output_bytes'] >> 20} MB of text and structure."
            " Split it, or raise CITEWELL_PARSING_OUTPUT_MEGABYTES.",
        )
    if killed == signal.SIGXCPU:
        return _error(
            "timeout",
            f"'{name}' used its {limits['cpu_seconds']} seconds of processor time and was stopped. Split it, or raise "
            "CITEWELL_PARSING_CPU_SECONDS.",
        )
    if killed == signal.SIGKILL or (os.WIFEXITED(status) and os.WEXITSTATUS(status) == MEMORY_STATUS):
        return memory_error(name, limits)
    how = f"signal {signal.Signals(killed).name}" if killed else f"exit status {os.waitstatus_to_exitcode(status)}"
    return _error(
        "crashed",
        f"The parser crashed while reading '{name}' ({how}). The file is probably damaged or made to do harm; "
        "nothing else was affected. Open it in its program and save it again.",
    )


def memory_error(name: str, limits: dict[str, Any]) -> dict[str, str]:
    return _error(
        "memory",
        f"'{name}' needs more than {limits['memory_bytes'] >> 20} MB of memory to read. Split it, or raise "
        "CITEWELL_PARSING_MEMORY_MEGABYTES.",
    )


def _parse_and_exit(request: dict[str, Any], data: bytes, writable: int) -> NoReturn:
    """The whole life of a child. Nothing may return from here into the zygote's loop."""
    status = MEMORY_STATUS
    try:
        confine(request["limits"])
        answer = parse(request, data)
        while answer:
            answer = answer[os.write(writable, answer) :]
        status = 0
    finally:
        os._exit(status)


def parse(request: dict[str, Any], data: bytes) -> bytes:
    """The answer for one file: ``{"parsed": …}``, or the members asked for (see :mod:`citewell.parsing.wire`), or
    ``{"error": {…}}``."""
    from citewell.errors import MissingExtraError, ParseError
    from citewell.parsing import reader, wire

    name = request["name"]
    try:
        if (numbers := request.get("numbers")) is not None:
            return wire.encode_files(reader.extract(data, name, numbers, request["content_bytes"]))
        answer: dict[str, Any] = {"parsed": wire.encode(reader.read(data, name))}
    except ParseError as error:
        answer = {"error": _error(error.reason, str(error))}
    except MissingExtraError as error:
        answer = {"error": _error("unsupported", f"'{name}' was not read: {error}")}
    except MemoryError:
        answer = {"error": memory_error(name, request["limits"])}
    except Exception as error:  # noqa: BLE001 - libraries raise anything on hostile input; this is the one place for it
        detail = str(error)[:200] or "no detail is known"
        message = (
            f"'{name}' could not be read: part of it is not as its format prescribes ({detail}). It is probably "
            "damaged; open it in its program and save it again."
        )
        answer = {"error": _error("corrupt", message)}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _error(reason: str, message: str) -> dict[str, str]:
    return {"reason": reason, "message": message}


def confine(limits: dict[str, Any]) -> None:
    """Limit this process for good: standard streams away, resource limits down, the guard up."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    nothing = _nothing()
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    gc.set_threshold(100_000)
    for kind, value in (
        ("RLIMIT_AS", limits["memory_bytes"]),
        ("RLIMIT_CPU", limits["cpu_seconds"]),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_CORE", 0),
    ):
        _lower(getattr(resource, kind), value)
    syscalls.refuse_system_calls()
    guard()


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # One second more for the hard limit of processor time: the soft one sends SIGXCPU, which says what happened.
    above = value + 1 if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else value
    try:
        resource.setrlimit(kind, (value, above))
    except (ValueError, OSError):
        pass  # macOS refuses some kinds; the wall clock and the output limit hold everywhere


def _module_directories() -> list[str]:
    return [path for path in sys.path if path and Path(path).is_dir()]


@cache
def _python_files() -> tuple[str, ...]:
    """Directories that belong to Python, each with its final separator; also as written, without following links."""
    places = {sys.prefix, sys.base_prefix, *_module_directories()}
    return tuple({path + os.sep for each in places for path in (str(Path(each).resolve()), str(Path(each)))})


@cache
def _nothing() -> int:
    """An open null device; a zygote opens it before the walls close."""
    return os.open(os.devnull, os.O_RDWR)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def guard() -> None:
    """Refuse, for the rest of this process, what no parser needs. An audit hook cannot be removed again."""
    roots = _python_files()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(arguments, roots)
        elif event.startswith(_REFUSED_EVENTS):
            raise PermissionError(f"a parser may not use {event}")

    sys.addaudithook(hook)


def _check_open(arguments: tuple[Any, ...], roots: tuple[str, ...]) -> None:
    path, mode, flags = arguments
    writing = (isinstance(mode, str) and set(mode) & set("wax+")) or (
        isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    )
    if isinstance(path, int):
        return  # a descriptor that is open already
    name = os.path.realpath(os.fsdecode(path))
    if writing or not name.startswith(roots):
        raise PermissionError(f"a parser may not open {name}")


def send(descriptor: int, message: bytes) -> None:
    """Write one message to a blocking descriptor."""
    for piece in (LENGTH.pack(len(message)), message):
        view = memoryview(piece)
        while view:
            view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> bytes | None:
    """Read one message from a blocking descriptor; ``None`` when the other end closed it."""
    head = _exactly(descriptor, LENGTH.size)
    return None if head is None else _exactly(descriptor, LENGTH.unpack(head)[0])


def _exactly(descriptor: int, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        piece = os.read(descriptor, min(size - len(found), 1 << 20))
        if not piece:
            return None
        found += piece
    return bytes(found)
