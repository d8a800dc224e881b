"""Lets the n-th change that the command line asks the system for fail, for every n, and looks at what is left.

    python -m benchmarks.faults                      all operations, all points, two kinds of failure
    python -m benchmarks.faults --every 5 --operations add sync

A small library (tests/faults/shim.c, compiled here) stands between the program and the system. It makes the n-th write,
sync, rename, link, shortening or creation of a file in the collection's folder fail: once with "Input/output error", or
from then on with "No space left on device", as a disk that stays full. For n = 1, 2, 3, … until an operation ends
without having met its failure, this demands:

    the command ends by itself, with status 0, or with 1 or 2 and one message that names what the system refused;
    no traceback, no "fault of Citewell", no hang
    status 0 is given only when nothing was lost, and never when the program's own fsync failed (SQLite, which calls
    fdatasync, goes on when a folder cannot be synced)
    each document is as before or as after, whole; re-index, restore and snapshots happen whole or not at all
    the same command run again, on a sound disk, completes, and ``check`` finds nothing

The command line runs in children of one process that has loaded the program already, which saves its start each time.
Writes results/faults.json.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import citewell
from citewell.access import Scope
from citewell.integrity import check
from citewell.store import MANIFEST, Store

RESULTS = Path(__file__).parent / "results" / "faults.json"
SHIM = Path(__file__).parents[1] / "tests" / "faults" / "shim.c"
PARAGRAPHS = 3
LIMIT_SECONDS = 90.0  # for one command; one that takes longer hangs
SYSTEM_SAYS = {errno.EIO: ("Input/output error",), errno.ENOSPC: ("No space left on device", "disk is full")}
SQLITE_SAYS = ("disk I/O error", "unable to open database file", "attempt to write a readonly database")

SERVER = """
import ctypes, io, json, os, sys, traceback
import citewell.cli.run, citewell.collection, citewell.erasure, citewell.index.passages, citewell.ingest
import citewell.integrity, citewell.models.encoder, citewell.parsing.sandbox, citewell.reindex, citewell.snapshots
shim = ctypes.CDLL(None)
shim.fault_fired.restype = ctypes.c_char_p
shim.fault_count.restype = ctypes.c_long
shim.fault_arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)

def child(job):
    os.setsid()
    for name, number in (("out", 1), ("err", 2)):
        handle = os.open(os.path.join(job["scratch"], name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["citewell", *job["arguments"]]
    shim.fault_arm(os.fsencode(job["folder"]), job["at"], job["error"], job["stays"])
    status = 0
    try:
        citewell.cli.run.run()
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:  # whatever it is, it is the outcome of this run, and status 3 is a violation
        traceback.print_exc()
        status = 3
    fired, count = shim.fault_fired().decode(errors="replace"), shim.fault_count()
    sys.stdout.flush()
    sys.stderr.flush()
    with open(os.path.join(job["scratch"], "report"), "w") as file:
        json.dump([fired, count], file)
    os._exit(status)

print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        child(job)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

State = dict[str, int]
"""File name → generation of its text."""


class NoCompilerError(Exception):
    """The shim cannot be made here."""


class ViolationError(Exception):
    """What was demanded does not hold."""


@dataclass(frozen=True)
class Fault:
    """at: number of the call that fails; 0 for none. stays: whether all calls after it fail too."""

    at: int = 0
    error: int = 0
    stays: bool = False

    def __str__(self) -> str:
        return f"{errno.errorcode.get(self.error, '-')}{' and all after' * self.stays} at call {self.at}"


@dataclass(frozen=True)
class Outcome:
    """How one command ended. fired: the call that failed first, empty when none did. calls: how many were counted."""

    status: int
    out: str
    err: str
    fired: str
    calls: int
    seconds: float


def compile_shim(folder: Path) -> Path:
    """The shim as a library in ``folder``, or :class:`NoCompilerError` that says why not."""
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if sys.platform != "linux" or compiler is None:
        raise NoCompilerError("needs Linux and a C compiler")
    library = folder / "shim.so"
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise NoCompilerError(f"the C compiler refuses the shim: {made.stderr[-300:]}")
    return library


class CommandLine:
    """The command line in children of a process that has it loaded, each with its own fault."""

    def __init__(self, library: Path, scratch: Path) -> None:
        self._scratch = scratch
        scratch.mkdir(exist_ok=True)
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, env={**os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._server.stdout is not None
        if self._server.stdout.readline() != "ready\n":
            raise ViolationError("the command line does not start with the shim")

    def run(self, arguments: Sequence[str], folder: Path, fault: Fault = Fault()) -> Outcome:
        job = {"arguments": list(arguments), "folder": str(folder), "scratch": str(self._scratch), **asdict(fault)}
        (self._scratch / "report").unlink(missing_ok=True)
        assert self._server.stdin is not None and self._server.stdout is not None
        began = time.monotonic()
        self._server.stdin.write(json.dumps(job) + "\n")
        child = int(self._server.stdout.readline())
        previous = signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
        try:
            status = int(self._server.stdout.readline())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        out, err = ((self._scratch / name).read_text(errors="replace") for name in ("out", "err"))
        report = self._scratch / "report"
        fired, calls = json.loads(report.read_text()) if report.exists() else ("unknown", 0)
        return Outcome(status, out, err, fired, calls, time.monotonic() - began)

    def close(self) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


# -- the collection and what must be true of it ------------------------------------------------------------------------


@dataclass
class World:
    """A folder of documents and a collection that operations start from. state: what the collection holds then."""

    root: Path
    folder: State = field(default_factory=dict)
    state: State = field(default_factory=dict)
    generation: int = 0

    @property
    def live(self) -> Path:
        """Where everything lies while it runs; the same for each case, because catalogs hold whole paths."""
        return self.root / "live"

    @property
    def docs(self) -> Path:
        return self.live / "docs"

    @property
    def collection(self) -> Path:
        return self.live / "c.citewell"

    def write(self, name: str) -> None:
        self.generation += 1
        self.folder[name] = self.generation
        text = "\n\n".join(
            f"File {name} generation {self.generation} paragraph {number}: the valve of pump {number * 7} in hall "
            f"{self.generation} was opened by the night shift, and the gauge of tank {number} fell to {number}.5 bar "
            "until the plan of the day was followed again and the report of the shift was written in full."
            for number in range(1, PARAGRAPHS + 1)
        )
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        os.utime(path, (1_700_000_000 + self.generation, 1_700_000_000 + self.generation))

    def observe(self) -> State:
        """What the collection holds, as a reader sees it; a document in pieces is a violation."""
        if not (self.collection / MANIFEST).exists():
            return {}
        store = Store.open(self.collection)
        found: State = {}
        for document_id in store.index.document_versions():
            passages = store.index.of_document(document_id, Scope.owner())
            text = "\n".join(passage.text for passage in passages)
            marks = re.findall(r"File (\S+) generation (\d+) paragraph (\d+):", text)
            generations = {int(generation) for _, generation, _ in marks}
            if len(generations) != 1 or {int(number) for *_, number in marks} != set(range(1, PARAGRAPHS + 1)):
                raise ViolationError(f"{passages[0].uri} is in pieces: {sorted(marks)}")
            found[Path(passages[0].uri).name] = generations.pop()
        return found


@dataclass(frozen=True)
class Operation:
    """A command line, what has to be there before it, and what the collection holds after it.

    whole: whether it happens for all documents or for none. finished: says of a world whether the operation is done,
    where running it again would be refused.
    """

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[World], State]
    whole: bool = False
    finished: Callable[[World], bool] = lambda world: False


def _nothing(world: World) -> State:
    shutil.rmtree(world.collection)
    world.state = {}
    return dict(world.folder)


def _more(world: World) -> State:
    for name in ("more/a.txt", "more/b.txt"):
        world.write(f"../{name}")
        world.folder[Path(name).name] = world.folder.pop(f"../{name}")
    for path in (world.live / "more").iterdir():
        path.write_text(path.read_text().replace("../more/", ""))
        os.utime(path, (1_700_000_100, 1_700_000_100))
    return dict(world.folder)


def _edited(world: World) -> State:
    """One file of each kind: changed, gone, renamed (its text keeps its old name), new."""
    world.write("f0.txt")
    (world.docs / "f1.txt").unlink()
    (world.docs / "f2.txt").rename(world.docs / "renamed.txt")
    world.write("new.txt")
    after = {**world.folder, "renamed.txt": world.folder["f2.txt"]}
    return {name: generation for name, generation in after.items() if name not in {"f1.txt", "f2.txt"}}


def _unchanged(world: World) -> State:
    return dict(world.state)


def _without(world: World) -> State:
    return {name: generation for name, generation in world.state.items() if name != "f1.txt"}


def _earlier(world: World) -> State:
    """A snapshot of the present, then changes that are indexed."""
    before = dict(world.state)
    _edited(world)
    citewell.open(world.collection).sync()
    world.state = world.observe()
    return before


def _has_snapshot(world: World) -> bool:
    opened = citewell.open(world.collection)
    return any(each.name == "second" for each in opened.snapshots()) and opened.diff("second").unchanged == len(
        world.state
    )


def _has_no_snapshot(world: World) -> bool:
    return not citewell.open(world.collection).snapshots()


OPERATIONS = (
    Operation("create", ("add", "docs"), _nothing),
    Operation("add", ("add", "more"), _more),
    Operation("sync", ("sync",), _edited),
    Operation("remove", ("remove", "docs/f1.txt", "--prove"), _without),
    Operation("reindex", ("reindex", "--max-tokens", "120"), _unchanged, whole=True),
    Operation("snapshot", ("snapshot", "create", "second"), _unchanged, whole=True, finished=_has_snapshot),
    Operation("restore", ("snapshot", "restore", "first"), _earlier, whole=True),
    Operation("drop", ("snapshot", "drop", "first"), _unchanged, whole=True, finished=_has_no_snapshot),
)
FAULTS = ((errno.EIO, False), (errno.ENOSPC, True))


class Bench:
    """Runs operations with faults, each from the same start."""

    def __init__(self, root: Path, library: Path) -> None:
        self.root = root
        self.commands = CommandLine(library, root / "scratch")
        self._start = World(root)
        for number in range(4):
            self._start.write(f"f{number}.txt")
        opened = citewell.open(self._start.collection, create=True)
        opened.add(self._start.docs)
        opened.snapshot("first")
        self._start.state = self._start.observe()
        shutil.move(self._start.live, root / "template")

    def close(self) -> None:
        self.commands.close()

    def series(self, operation: Operation, error: int, stays: bool, every: int = 1) -> Series:
        """Every ``every``-th fault point of an operation."""
        prepared = self.root / f"prepared-{operation.name}"
        world, after = self._prepare(operation, prepared)
        series = Series(operation.name, errno.errorcode[error], stays, every)
        at = 1
        while True:
            self._reset(prepared)
            fault = Fault(at, error, stays)
            outcome = self.commands.run(self._line(operation), world.collection, fault)
            if not outcome.fired:
                return series
            try:
                self._judge(operation, world, after, fault, outcome)
            except ViolationError as violation:
                kept = self.root / f"violation-{operation.name}-{errno.errorcode[error]}-{at}"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(world.live, kept)
                series.violations.append(f"{fault} ({outcome.fired.replace(str(world.live), '')}): {violation}")
            series.add(outcome)
            at += every

    def one(self, name: str, at: int, error: int, stays: bool) -> Outcome:
        """One fault point, judged."""
        operation = next(each for each in OPERATIONS if each.name == name)
        prepared = self.root / f"prepared-{name}"
        world, after = self._prepare(operation, prepared)
        self._reset(prepared)
        fault = Fault(at, error, stays)
        outcome = self.commands.run(self._line(operation), world.collection, fault)
        if outcome.fired:
            self._judge(operation, world, after, fault, outcome)
        return outcome

    def _prepare(self, operation: Operation, prepared: Path) -> tuple[World, State]:
        world = World(self.root, dict(self._start.folder), dict(self._start.state), self._start.generation)
        self._reset(self.root / "template")
        after = operation.prepare(world)
        shutil.rmtree(prepared, ignore_errors=True)
        shutil.copytree(world.live, prepared)
        return world, after

    def _reset(self, source: Path) -> None:
        shutil.rmtree(self.root / "live", ignore_errors=True)
        shutil.copytree(source, self.root / "live")

    def _line(self, operation: Operation) -> list[str]:
        live = self.root / "live"
        words = [str(live / word) if word.startswith(("docs", "more")) else word for word in operation.arguments]
        return ["-c", str(live / "c.citewell"), *words]

    def _judge(self, operation: Operation, world: World, after: State, fault: Fault, outcome: Outcome) -> None:
        _judge_message(outcome, fault)
        seen = world.observe()
        _judge_state(operation, world.state, after, seen)
        if outcome.status == 0 and seen != after:
            raise ViolationError(f"status 0, but the collection is at {seen} instead of {after}")
        if outcome.status == 0 and outcome.fired.startswith("fsync"):
            raise ViolationError("status 0, although a sync failed")
        again = self.commands.run(self._line(operation), world.collection)
        if again.status != 0 and not (again.status == 2 and operation.finished(world)):
            raise ViolationError(f"run again it ends with status {again.status}: {_tail(again.err)}")
        if (seen := world.observe()) != after:
            raise ViolationError(f"run again it comes to {seen} instead of {after}")
        problems = [str(problem) for problem in check(Store.open(world.collection))]
        if problems:
            raise ViolationError(f"check, after it was run again: {problems[:4]}")


PROGRESS = ("reading: ", "re-indexing: ", "updating the index")


def _judge_message(outcome: Outcome, fault: Fault) -> None:
    if outcome.status not in {0, 1, 2}:
        raise ViolationError(f"status {outcome.status}: {_tail(outcome.err)}")
    if "Traceback" in outcome.err or "panicked" in outcome.err:
        raise ViolationError(f"a traceback: {_tail(outcome.err)}")
    if outcome.status and not any(each in outcome.err for each in (*SYSTEM_SAYS[fault.error], *SQLITE_SAYS)):
        raise ViolationError(f"the message does not name what the system refused: {_tail(outcome.err)}")
    if outcome.status and len([line for line in outcome.err.splitlines() if not line.startswith(PROGRESS)]) > 1:
        raise ViolationError(f"not one message: {_tail(outcome.err)}")


def _judge_state(operation: Operation, before: State, after: State, seen: State) -> None:
    if operation.whole and seen not in (before, after):
        raise ViolationError(f"the collection is at {seen}; expected {before} or {after}")
    for name in before.keys() | after.keys() | seen.keys():
        if seen.get(name) not in {before.get(name), after.get(name)}:
            raise ViolationError(f"{name} is at {seen.get(name)}; expected {before.get(name)} or {after.get(name)}")


def _tail(text: str) -> str:
    return text.strip()[-600:]


@dataclass
class Series:
    """What came of one operation with one kind of failure."""

    operation: str
    error: str
    stays: bool
    every: int
    points: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.points += 1
        self.statuses[outcome.status] += 1
        self.calls[outcome.fired.partition(" ")[0]] += 1

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "statuses": {str(key): value for key, value in sorted(self.statuses.items())},
                "calls": dict(sorted(self.calls.items()))}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="try only every K-th point")
    parser.add_argument("--operations", nargs="+", default=[each.name for each in OPERATIONS])
    parser.add_argument("--keep", type=Path, help="work here, and keep what violated something")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    root = (arguments.keep or Path(tempfile.mkdtemp(prefix="citewell-faults-"))).resolve()
    root.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    bench = Bench(root, compile_shim(root))
    found = []
    for operation in OPERATIONS:
        for error, stays in FAULTS if operation.name in arguments.operations else ():
            found.append(bench.series(operation, error, stays, arguments.every))
            print(json.dumps(found[-1].to_json(), indent=1), flush=True)
    bench.close()
    result = {
        "command": f"python -m benchmarks.faults --every {arguments.every}",
        "points": sum(each.points for each in found), "violations": sum(len(each.violations) for each in found),
        "seconds": round(time.monotonic() - began), "series": [each.to_json() for each in found],
    }  # fmt: skip
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    if not arguments.keep:
        shutil.rmtree(root)
    return int(bool(result["violations"]))


if __name__ == "__main__":
    sys.exit(main())
