"""Thousands of files made to do harm, ingested the ordinary way, and looked at from outside.

    python -m benchmarks.hostile [--families bomb pdf …] [--every N] [--trace 300] [--out FILE]
    python -m benchmarks.hostile --files DIR [--out …]

Without ``--files`` the folder is written by :mod:`tests.hostile`: sound files of every format broken in every simple
way, and files designed for one weakness each (bombs, references, nesting, sizes, encodings, names). With it, a folder
of real files is ingested as it lies.

A process of its own, with its home, temporary and current directories inside a folder made for it, opens an empty
collection and adds the folder: shipped encoder, default limits. Checked from outside, and listed as problems:

* it ends by itself with exit status 0, and every file is indexed, unpacked, failed with a reason and a message, or
  skipped;
* nothing outside the collection has appeared, changed or gone: files, canary, home, temporary and current directory;
* the words of the canary file, which many payloads point to, are in no text, title, note or message of the collection;
* nothing called the listener on this machine that many payloads point to;
* its largest resident size stays below 1.5 GiB;
* no message shows the name of a program's exception instead of words for people.

``--trace N`` ingests N of the files once more under ``strace``: no internet socket may be made by any process, and
neither the canary nor ``/etc/passwd`` may be opened. Seconds are wall time on whatever else the machine was doing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MEMORY_TARGET = 1536  # MiB
SECRET = "heron-4711-quartz"  # noqa: S105 - bait
INSIDE = "!/"  # between a container and what is in it
WANTED_IN_TRACE = ("entity", "reference", "formula", "macro", "names", "bomb", "tar", "mail")
_EXCEPTION = re.compile(r"\b[A-Z][a-zA-Z]*(?:Error|Exception|Warning)\b|object has no attribute|Traceback|\bNoneType\b")
_INTERNET = re.compile(r"\bsocket\(AF_INET6?|sa_family=AF_INET")

Rows = list[dict[str, Any]]


@dataclass
class Outcome:
    """One run as its own process reported it, and as it looked from outside."""

    rows: Rows = field(default_factory=list)
    seconds: float = 0.0
    megabytes: int = 0
    problems: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--files", type=Path, help="a folder of real files instead of made ones")
    parser.add_argument("--families", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1, help="only every n-th made file")
    parser.add_argument("--trace", type=int, default=0, help="how many files to ingest once more under strace")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--ingest", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ingest:
        ingest(*map(Path, arguments.ingest))
        return
    sys.path.insert(0, str(ROOT))
    print(f"$ python -m benchmarks.hostile {' '.join(sys.argv[1:])}")
    with tempfile.TemporaryDirectory(prefix="cw-hostile-") as temporary:
        place = Path(temporary)
        secret = place / "canary" / "secret.txt"
        secret.parent.mkdir()
        secret.write_text(f"The password of the north store is {SECRET}.\n", encoding="utf-8")
        with Listener() as listener:
            files = arguments.files or write(
                place / "share", secret, listener.port, arguments.families, arguments.every
            )
            outcome = run(place, files.resolve(), "full")
            traced = trace(place, files, arguments.trace) if arguments.trace else None
            outcome.problems += [f"something called the listener: {call!r}" for call in listener.calls]
        secret.unlink()
    table = summary(outcome.rows, arguments.files)
    print_table(table, outcome)
    if traced is not None:
        print(
            f"\nstrace, {traced['files']} files: {traced['internet']} internet sockets, {traced['opened']} baits opened"
        )
        outcome.problems += traced["problems"]
    print("\n".join(f"PROBLEM {each}" for each in outcome.problems) or "\nno problems")
    if arguments.out:
        result = {
            "command": " ".join(("python -m benchmarks.hostile", *sys.argv[1:])).partition(" --out")[0],
            "files": len(top(outcome.rows)),
            "seconds": round(outcome.seconds), "peak_mib": outcome.megabytes, "families": table, "trace": traced,
            "reasons": dict(Counter(row["reason"] or row["status"] for row in top(outcome.rows)).most_common()),
            "inside_others": len(outcome.rows) - len(top(outcome.rows)), "problems": outcome.problems,
            "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count(),
        }  # fmt: skip
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def write(folder: Path, secret: Path, port: int, families: Sequence[str], every: int) -> Path:
    """The made files, a folder for each family."""
    from tests.hostile import Bait, cases, tree

    folder.mkdir()
    chosen = [each for each in cases(Bait(str(secret), port)) if not families or each.family in families]
    for each in chosen[::every]:
        path = folder / each.family / each.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(each.data)
    if not families or "tree" in families:
        (folder / "tree").mkdir()
        tree(folder / "tree", secret)
    return folder


class Listener:
    """Accepts connections on this machine and remembers them."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.calls.append(connection.recv(300))
                except OSError:
                    self.calls.append(b"")


def run(place: Path, files: Path, name: str, before: Sequence[str] = ()) -> Outcome:
    """Ingest ``files`` in a process of its own. before: words in front of its command."""
    for each in ("home", "tmp", "cwd", "report"):
        (place / each).mkdir(exist_ok=True)
    collection, report = place / f"{name}.citewell", place / "report" / f"{name}.json"
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("CITEWELL_", "XDG_", "PYTHON"))
    } | {"HOME": str(place / "home"), "TMPDIR": str(place / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    watched = [place / each for each in ("canary", "home", "tmp", "cwd")] + [files]
    seen = [snapshot(each) for each in watched]
    started = time.perf_counter()
    done = subprocess.run(
        [*before, sys.executable, str(Path(__file__).resolve()), "--ingest", str(collection), str(files), str(report)],
        check=False, cwd=place / "cwd", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    outcome = Outcome(seconds=time.perf_counter() - started)
    if done.returncode or not report.exists():
        outcome.problems.append(
            f"the run ended with status {done.returncode}: {done.stdout.decode(errors='replace')[-1500:]}"
        )
        return outcome
    found = json.loads(report.read_text())
    outcome.rows, outcome.megabytes = found["rows"], found["megabytes"]
    for folder, old in zip(watched, seen, strict=True):
        changes = differences(old, snapshot(folder))
        outcome.problems += [f"in {folder.name}: {each}" for each in changes[:10]]
    outcome.problems += found["leaks"] + judge(outcome, files)
    return outcome


def snapshot(folder: Path) -> dict[bytes, tuple[int, int, int]]:
    """Every entry below ``folder``: kind and rights, size, time of the last change."""
    found = {}
    for directory, folders, names in os.walk(os.fsencode(folder)):
        for name in (*folders, *names):
            path = directory + b"/" + name  # bytes: a name need not be text
            state = os.lstat(path)
            found[path] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return found


def differences(old: dict[bytes, tuple[int, int, int]], new: dict[bytes, tuple[int, int, int]]) -> list[str]:
    words = {path: "changed" if path in old and path in new else "appeared" if path in new else "went"
             for path in old.keys() | new.keys() if old.get(path) != new.get(path)}  # fmt: skip
    return [f"{os.fsdecode(path)!a} {word}" for path, word in sorted(words.items())]


def judge(outcome: Outcome, files: Path) -> list[str]:
    """What a row or the whole run should not show."""
    problems = []
    if outcome.megabytes > MEMORY_TARGET:
        problems.append(f"the largest resident size was {outcome.megabytes} MiB; expected at most {MEMORY_TARGET}")
    listed = {row["uri"] for row in outcome.rows}
    missing = [
        path for path in regular_files(files) if os.fsencode(path).decode("utf-8", "backslashreplace") not in listed
    ]
    problems += [f"{path!a} is not listed at all" for path in missing[:20]]
    for row in outcome.rows:
        if row["status"] not in {"indexed", "container", "failed", "skipped"}:
            problems.append(f"{row['uri']} is {row['status']}")
        if row["status"] in {"failed", "skipped"} and (not row["reason"] or len(row["message"]) < 25):
            problems.append(f"{row['uri']} {row['status']} without a reason or message: {row['message']!a}")
        if _EXCEPTION.search(row["message"]):
            problems.append(f"{row['uri']}: the message is not for people: {row['message']!a}")
    return problems


def regular_files(folder: Path) -> Iterator[str]:
    """Files a listing must mention: not hidden, not special, and links only where they point to a file."""
    for directory, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in names:
            path = f"{directory}/{name}"
            if not name.startswith(".") and Path(path).is_file():
                yield path


def trace(place: Path, files: Path, count: int) -> dict[str, Any]:
    """Part of the files once more under strace; those that point elsewhere first."""
    paths = [path for each in sorted(regular_files(files)) if not (path := Path(each)).is_symlink()]
    wanted = [path for path in paths if path.parent.name in WANTED_IN_TRACE] or paths
    others = [path for path in paths if path.parent.name not in WANTED_IN_TRACE]
    half = min(len(wanted), count * 2 // 3)
    chosen = wanted[:: max(1, len(wanted) // max(1, half))][:half]
    chosen += others[:: max(1, len(others) // max(1, count - half))][: count - half]
    sample = place / "sample"
    for path in chosen:
        (sample / path.parent.name).mkdir(parents=True, exist_ok=True)
        (sample / path.parent.name / path.name).write_bytes(path.read_bytes())
    log = place / "report" / "strace.log"
    strace = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto,open,openat,execve", "-o", str(log)]
    outcome = run(place, sample, "traced", strace)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    secret = str(place / "canary" / "secret.txt")
    internet = [line for line in lines if _INTERNET.search(line)]
    opened = [line for line in lines if "open" in line and (f'"{secret}"' in line or '"/etc/passwd"' in line)]
    problems = [f"traced: {each}" for each in [*outcome.problems, *internet[:5], *opened[:5]]]
    if not any("openat" in line for line in lines):
        problems.append("traced: the log is empty; is strace installed and allowed?")
    return {
        "files": len(chosen),
        "calls": len(lines),
        "internet": len(internet),
        "opened": len(opened),
        "problems": problems,
    }


def ingest(collection_path: Path, files: Path, report: Path) -> None:
    """What the process under test does: the public verbs, and a stop watch around each file's parser."""
    import citewell
    from citewell.parsing import ParserPool
    from citewell.parsing.parsed import Parsed

    seconds: dict[str, float] = defaultdict(float)
    parse = ParserPool.parse

    def timed(self: ParserPool, data: bytes, name: str) -> Parsed:
        started = time.perf_counter()
        try:
            return parse(self, data, name)
        finally:
            seconds[name] = max(seconds[name], time.perf_counter() - started)

    ParserPool.parse = timed  # type: ignore[method-assign]
    collection = citewell.open(collection_path, create=True)
    collection.add(files)
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) >> 10
    rows, leaks = [], []
    for item in collection.items():
        rows.append({
            "uri": item.uri, "status": item.status, "reason": item.reason, "message": item.message,
            "passages": item.passages, "size": item.size, "seconds": round(seconds.get(Path(item.uri).name, 0.0), 2),
        })  # fmt: skip
        held = f"{item.message} {item.title}"
        if item.status == "indexed":
            held += json.dumps(collection.store.blobs.get(item.version))
        if SECRET in held:
            leaks.append(f"{item.uri!a} holds the canary's words")
    report.write_text(json.dumps({"rows": rows, "leaks": leaks, "megabytes": peak}))


def top(rows: Rows) -> Rows:
    """Files of the folder, without those inside others."""
    return [row for row in rows if INSIDE not in row["uri"]]


def summary(rows: Rows, real: Path | None) -> dict[str, dict[str, Any]]:
    """By family: what became of its files, and the slowest one."""
    groups: dict[str, Rows] = defaultdict(list)
    for row in top(rows):
        path = Path(row["uri"])
        groups[
            path.suffix.lower() or "none" if real else path.name.partition("~")[0] if "~" in path.name else "tree"
        ].append(row)
    table = {}
    for family, members in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        slowest = max(members, key=lambda row: float(row["seconds"]))
        table[family] = {
            "files": len(members), "indexed": sum(row["status"] in {"indexed", "container"} for row in members),
            "reasons": dict(Counter(row["reason"] for row in members if row["reason"]).most_common()),
            "slowest_seconds": slowest["seconds"], "slowest": Path(slowest["uri"]).name,
        }  # fmt: skip
    return table


def print_table(table: dict[str, dict[str, Any]], outcome: Outcome) -> None:
    print(f"\n{'family':<12}{'files':>6}{'read':>6}{'slowest':>9}  not read, by reason")
    for family, row in table.items():
        reasons = ", ".join(f"{reason} {count}" for reason, count in row["reasons"].items())
        print(f"{family:<12}{row['files']:>6}{row['indexed']:>6}{row['slowest_seconds']:>8.1f}s  {reasons}")
    total, inside = len(top(outcome.rows)), len(outcome.rows) - len(top(outcome.rows))
    print(
        f"\n{total} files and {inside} inside them in {outcome.seconds:.0f} s; at most {outcome.megabytes} MiB resident"
    )
    for row in sorted(top(outcome.rows), key=lambda row: -row["seconds"])[:12]:
        print(f"  {row['seconds']:>6.1f} s  {row['reason'] or row['status']:<12}{Path(row['uri']).name}")


if __name__ == "__main__":
    main()
