"""Kills the writer with SIGKILL at random moments of add, sync, remove, re-index, snapshot and restore, and checks what
is left from outside.

    python -m benchmarks.crash --runs 1000 --jobs 2

One run: a worker process does random operations on a collection that earlier runs have been killed in, too; after a
random time it is killed. This process keeps the books: what the worker acknowledged, and what the operation in flight
could have made of it. Then it opens the collection and demands

    no acknowledged document is lost or old, no removed one is back
    every document is whole: all paragraphs of one generation of its file, none of another
    a restore happened whole or not at all
    ``check`` finds nothing once the next writer has opened the collection, except that a re-index waits to be continued

"0 failures in n" supports a failure rate of at most 3/n (95 %).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import citewell
from citewell.access import Scope
from citewell.integrity import check
from citewell.manifest import BUILDING
from citewell.snapshots import read_snapshot
from citewell.store import Store

FILES, PARAGRAPHS = 10, 6
WORDS = (
    "valve",
    "pump",
    "hall",
    "night",
    "shift",
    "report",
    "plan",
    "tank",
    "line",
    "motor",
    "water",
    "steam",
    "gauge",
)
RESULTS = Path(__file__).parent / "results" / "crash.json"

WORKER = """
import json, sys
import citewell
from citewell.parsing.sandbox import ParserPool
opened = citewell.open(sys.argv[1])
opened.store.encoder
with ParserPool(opened.store.settings.parsing) as pool:
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, argument = json.loads(line)
        if name == "sync":
            opened.sync(pool=pool, confirmed=True)
        elif name == "add":
            opened.add(argument)
        elif name == "remove":
            opened.remove(argument, prove=argument.endswith(tuple(sys.argv[2:])))
        elif name == "reindex":
            opened.reindex(chunking={"max_tokens": argument})
        elif name == "snapshot":
            opened.snapshot(argument)
        elif name == "restore":
            opened.restore(argument)
        elif name == "drop":
            opened.drop_snapshot(argument)
        print(json.dumps(name), flush=True)
"""

PROVED = ("1.txt", "5.txt")
"""Files with these endings are removed with proof."""

State = dict[str, int]
"""File name → generation of its text."""


class ViolationError(Exception):
    """The collection contradicts the books."""


@dataclass
class World:
    """The folder, the collection, and what must be true of it."""

    root: Path
    seed: int
    random: random.Random = field(init=False)
    folder: State = field(default_factory=dict)  # the files as they are
    state: State = field(default_factory=dict)  # the collection as acknowledged or observed
    excluded: set[str] = field(default_factory=set)
    snapshots: dict[str, State] = field(default_factory=dict)
    excluded_then: dict[str, set[str]] = field(default_factory=dict)  # snapshot → what was excluded when it was taken
    generation: int = 0
    kills: dict[str, int] = field(default_factory=dict)  # operation in flight → how often
    acknowledged: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # of an operation, smoothed

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.docs.mkdir(parents=True)
        for number in range(FILES):
            self.write(f"f{number}.txt")
        opened = citewell.open(self.collection, create=True)
        opened.add(self.docs)
        self.state = dict(self.folder)

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def collection(self) -> Path:
        return self.root / "c.citewell"

    def write(self, name: str) -> None:
        self.generation += 1
        self.folder[name] = self.generation
        maker = random.Random(self.generation)
        paragraphs = [
            f"File {name} generation {self.generation} paragraph {number}: "
            + " ".join(maker.choices(WORDS, k=70))
            + "."
            for number in range(1, PARAGRAPHS + 1)
        ]
        (self.docs / name).write_text("\n\n".join(paragraphs) + "\n")

    # -- operations: what is asked of the worker, and the states it may leave --------------------------------------

    def next_operation(self) -> tuple[str, object, list[State] | None, State]:  # noqa: PLR0911 - one return a kind
        """Name, argument, states that are possible if it is killed (``None``: each file old or new), state after it."""
        kinds = ["sync"] * 4 + ["remove", "add", "reindex", "snapshot", "restore"] * 2 + ["drop"]
        kind = self.random.choice(kinds)
        if kind == "remove" and len(self.state) > 4:
            name = self.random.choice(sorted(self.state))
            if name in self.folder:
                self.excluded.add(name)
                return "remove", str(self.docs / name), None, {k: v for k, v in self.state.items() if k != name}
        if kind == "add" and self.excluded:
            name = self.random.choice(sorted(self.excluded))
            if name in self.folder:
                self.excluded.discard(name)
                return "add", str(self.docs / name), None, self.after_sync()
        if kind == "reindex":
            tokens = self.random.choice([120, 140, 160, 180, 200])
            return "reindex", tokens, [self.state], self.state
        if kind == "snapshot" and len(self.snapshots) < 4:
            return "snapshot", f"s{self.random.randrange(10**9)}", [self.state], self.state
        if kind == "restore" and self.snapshots:
            name = self.random.choice(sorted(self.snapshots))
            out = self.excluded | (self.erased_since(name) - self.state.keys())
            after = {k: v for k, v in self.snapshots[name].items() if k not in out}
            return "restore", name, [self.state, after], after
        if kind == "drop" and self.snapshots:
            name = self.random.choice(sorted(self.snapshots))
            return "drop", name, [self.state], self.state
        self.edit()
        return "sync", None, None, self.after_sync()

    def erased_since(self, snapshot: str) -> set[str]:
        """Names of files that receipts written after a snapshot say were removed."""
        taken = read_snapshot(self.collection, snapshot).created_at
        receipts = [json.loads(path.read_text()) for path in self.collection.glob("receipts/*.json")]
        later = [receipt for receipt in receipts if receipt["removed_at"] >= taken]
        return {Path(each["uri"]).name for receipt in later for each in receipt["documents"]}

    def edit(self) -> None:
        names = sorted(self.folder)
        for name in self.random.sample(names, self.random.randint(0, 3)):
            self.write(name)
        if self.random.random() < 0.3 and len(names) > 6:
            gone = self.random.choice(names)
            (self.docs / gone).unlink()
            del self.folder[gone]
        if self.random.random() < 0.4:
            self.write(f"f{self.random.randrange(40)}.txt")

    def after_sync(self) -> State:
        return {name: generation for name, generation in self.folder.items() if name not in self.excluded}

    # -- after a kill -----------------------------------------------------------------------------------------------

    def observe(self) -> State:
        """What the collection holds, as a reader sees it; a document in pieces is a violation."""
        store = Store.open(self.collection)
        found: State = {}
        for document_id in store.index.document_versions():
            passages = store.index.of_document(document_id, Scope.owner())
            text = "\n".join(passage.text for passage in passages)
            name = Path(passages[0].uri).name
            marks = re.findall(r"File (\S+) generation (\d+) paragraph (\d+):", text)
            generations = {int(generation) for _, generation, _ in marks}
            if len(generations) != 1 or {int(number) for _, _, number in marks} != set(range(1, PARAGRAPHS + 1)):
                raise ViolationError(f"{name} is in pieces: {sorted(marks)}")
            if len({passage.document_version for passage in passages}) != 1:
                raise ViolationError(f"{name} has passages of two versions")
            found[name] = generations.pop()
        return found

    def judge(self, possible: list[State] | None, after: State) -> None:
        """Compares with the books, before and after the next writer opens the collection."""
        first = self.observe()
        with Store.open(self.collection).writing():
            pass
        found = self.observe()
        for seen in (first, found):
            if possible is None:
                for name in self.state.keys() | after.keys() | seen.keys():
                    if seen.get(name) not in {self.state.get(name), after.get(name)}:
                        raise ViolationError(
                            f"{name} is at {seen.get(name)}; expected {self.state.get(name)} or {after.get(name)}"
                        )
            elif seen not in possible:
                raise ViolationError(f"the collection is at {seen}; expected one of {possible}")
        problems = [str(problem) for problem in check(Store.open(self.collection)) if problem.subject != BUILDING]
        if problems:
            raise ViolationError(f"check: {problems}")
        store = Store.open(self.collection)
        self.excluded = {Path(i.uri).name for i in store.catalog.items(Scope.owner()) if i.status == "excluded"}
        self.state = found
        listed = {snapshot.name for snapshot in citewell.open(self.collection).snapshots()}
        for name in self.snapshots.keys() - listed:
            raise ViolationError(f"the snapshot {name} is gone")

    def judge_snapshots(self, unfinished: str) -> None:
        """A snapshot that is listed is whole, also one whose making was killed. Those not in the books are dropped."""
        opened = citewell.open(self.collection)
        for snapshot in opened.snapshots():
            expected = self.state if snapshot.name == unfinished else self.snapshots.get(snapshot.name)
            if expected is not None:
                self.verify_snapshot(snapshot.name, expected)
            if snapshot.name not in self.snapshots:
                opened.drop_snapshot(snapshot.name)

    def acknowledge(self, name: str, argument: object, after: State) -> None:
        """Writes an operation that ended into the books."""
        self.acknowledged += 1
        self.state = after
        if name == "snapshot":
            self.snapshots[str(argument)] = dict(after)
            self.excluded_then[str(argument)] = set(self.excluded)
        if name == "restore":
            self.excluded |= self.excluded_then[str(argument)]
            self.excluded |= self.snapshots[str(argument)].keys() - after.keys()
        if name in {"sync", "add"}:
            self.excluded &= self.folder.keys()  # what is gone needs no row any more
        if name == "drop":
            self.snapshots.pop(str(argument), None)

    def verify_snapshot(self, name: str, expected: State) -> None:
        """A snapshot that is listed after a kill must be whole."""
        store = Store.open_snapshot(self.collection, name)
        held = {Path(item.uri).name for item in store.catalog.items(Scope.owner()) if item.version}
        if held != expected.keys():
            raise ViolationError(f"snapshot {name} holds {sorted(held)}, expected {sorted(expected)}")


def run(world: World) -> None:
    """One worker from start to kill."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(world.collection), *PROVED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
    )  # fmt: skip
    try:
        assert worker.stdout is not None and worker.stderr is not None
        if worker.stdout.readline() != '"ready"\n':
            raise ViolationError(f"the worker did not start: {worker.stderr.read()[-2000:]}")
        for _ in range(world.random.randint(0, 2)):
            operate(world, worker, last=False)
        operate(world, worker, last=True)
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        for pipe in (worker.stdin, worker.stdout, worker.stderr):
            if pipe is not None:
                pipe.close()


def operate(world: World, worker: subprocess.Popen[str], *, last: bool) -> None:
    """One operation; the last is killed after a random part of the time it usually takes, and judged."""
    assert worker.stdin is not None and worker.stdout is not None and worker.stderr is not None
    before = set(world.excluded)
    name, argument, possible, after = world.next_operation()
    began = time.monotonic()
    worker.stdin.write(json.dumps([name, argument]) + "\n")
    typical = world.seconds.get(name, 0.5)
    delay = world.random.uniform(0, 0.9 * typical) if last else 120.0
    done = bool(select.select([worker.stdout], [], [], delay)[0])
    if done and worker.stdout.readline() != f'"{name}"\n':
        raise ViolationError(f"{name} failed: {worker.stderr.read()[-3000:]}")
    if done:
        world.seconds[name] = 0.7 * typical + 0.3 * (time.monotonic() - began)
        world.acknowledge(name, argument, after)
        possible = [after]
    elif not last:
        raise ViolationError(f"{name} hangs")
    if not last:
        return
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    flight = "idle" if done else name
    world.kills[flight] = world.kills.get(flight, 0) + 1
    if not done:
        if name == "drop":
            world.snapshots.pop(str(argument), None)  # it may be gone or not
        world.excluded = before if name in {"remove", "add"} else world.excluded
    world.judge(possible, after)
    world.judge_snapshots(str(argument) if name == "snapshot" and not done else "")


def series(seed: int, runs: int, folder: Path) -> World:
    world = World(folder / f"world-{seed}", seed)
    for number in range(runs):
        try:
            run(world)
        except ViolationError as violation:
            kept = folder / f"violation-{seed}-{number}"
            shutil.copytree(world.root, kept)
            print(f"seed {seed}, run {number}: {violation}\nThe collection is kept in {kept}", flush=True)
            raise SystemExit(1) from None
        if (number + 1) % 50 == 0:
            print(f"seed {seed}: {number + 1}/{runs} kills, {world.acknowledged} operations acknowledged", flush=True)
    return world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="citewell-crash-"))
    share = -(-arguments.runs // arguments.jobs)
    with ThreadPoolExecutor(arguments.jobs) as threads:
        worlds = list(threads.map(lambda n: series(arguments.seed + n, share, folder), range(arguments.jobs)))
    kills: dict[str, int] = {}
    for world in worlds:
        for name, number in world.kills.items():
            kills[name] = kills.get(name, 0) + number
    total = sum(kills.values())
    result = {
        "command": f"python -m benchmarks.crash --runs {arguments.runs} --jobs {arguments.jobs}",
        "kills": total, "in_flight": dict(sorted(kills.items())), "acknowledged": sum(w.acknowledged for w in worlds),
        "violations": 0, "rate_at_most": round(3 / total, 5), "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
