"""Bringing a folder of 10,000 small files up to date when nothing, or almost nothing, has changed.

    python -m benchmarks.sync [--count 10000] [--out benchmarks/results/sync.json]

The files (at least 100) are short notes in plain text, one to three sentences drawn from a small set, in folders of
100; the second half repeats the texts of the first. Every sync is a fresh ``citewell sync`` in its own process, start
and exit included. First the whole folder is indexed with the shipped encoder; then nothing has changed; then ten files
were touched (new time, same bytes), ten edited, ten deleted and ten renamed. What each run reports is checked against
what was done.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = "import sys; sys.argv[0] = 'citewell'; from citewell.cli import main; main()"
TARGET_UNCHANGED = 5.0  # seconds
COUNTS = ("added", "changed", "renamed", "unchanged", "removed", "embedded")
OLD = 1.7e9  # a modification time long ago: files changed within the last two seconds are read again on purpose

PLACES = ("north store", "south store", "workshop", "test bench", "loading bay", "pump room", "roof")
THINGS = (
    "pump",
    "valve",
    "flow meter",
    "gateway",
    "pressure sensor",
    "cable drum",
    "heat exchanger",
    "filter",
    "motor",
)
EVENTS = ("was inspected and passed", "needs a new seal", "was moved", "is out of calibration", "arrived", "went back")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    print(f"$ python -m benchmarks.sync --count {arguments.count}")
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        folder, collection = Path(temporary) / "notes", str(Path(temporary) / "notes.citewell")
        files = make_files(folder, arguments.count)
        rows = {"first": command(["-c", collection, "add", str(folder)])}
        steps: dict[str, Callable[[Path], None]] = {
            "nothing changed": lambda path: None, "10 touched": touch, "10 edited": edit, "10 deleted": Path.unlink,
            "10 renamed": rename,
        }  # fmt: skip
        for number, (name, change) in enumerate(steps.items()):
            for path in files[number * 10 : number * 10 + 10]:
                change(path)
            rows[name] = command(["-c", collection, "sync"])
        rows["nothing changed, again"] = command(["-c", collection, "sync"])
        rows["status"] = command(["-c", collection, "status"])
    problems = check(rows, arguments.count)
    print_table(rows, arguments.count)
    print("\n".join(problems) or "each run did exactly what had changed")
    if arguments.out:
        result = {"files": arguments.count, "rows": rows, "problems": problems, "load": os.getloadavg()[0]}
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def make_files(folder: Path, count: int) -> list[Path]:
    generator = random.Random(0)
    texts = [" ".join(sentence(generator) for _ in range(1 + number % 3)) for number in range((count + 1) // 2)]
    files = []
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"note-{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{texts[number % len(texts)]}\n", encoding="utf-8")
        os.utime(path, (OLD, OLD))
        files.append(path)
    return files


def sentence(generator: random.Random) -> str:
    day = generator.randint(1, 28)
    return (
        f"On {day} March the {generator.choice(THINGS)} in the {generator.choice(PLACES)} {generator.choice(EVENTS)}."
    )


def touch(path: Path) -> None:
    os.utime(path, (OLD + 60, OLD + 60))


def edit(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "This note was edited.\n", encoding="utf-8")
    touch(path)


def rename(path: Path) -> None:
    path.rename(path.with_name(f"renamed-{path.name}"))


def command(arguments: list[str]) -> dict[str, Any]:
    """One ``citewell`` command in a fresh process: wall and CPU seconds, and the counts it reports."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMMAND, *arguments, "--json"], check=True, capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    reported = json.loads(done.stdout)["sources"][0]
    counts = {name: reported[name] for name in COUNTS if name in reported}
    return {"seconds": seconds, "cpu": cpu, **counts}


def check(rows: dict[str, dict[str, Any]], count: int) -> list[str]:
    """What a run did besides what had changed, as sentences."""
    names = ("added", "changed", "renamed", "unchanged", "removed")
    expected = {
        "first": (count, 0, 0, 0, 0), "nothing changed": (0, 0, 0, count, 0), "10 touched": (0, 0, 0, count, 0),
        "10 edited": (0, 10, 0, count - 10, 0), "10 deleted": (0, 0, 0, count - 10, 10),
        "10 renamed": (0, 0, 10, count - 20, 0), "nothing changed, again": (0, 0, 0, count - 10, 0),
    }  # fmt: skip
    found = {name: tuple(rows[name][key] for key in names) for name in expected}
    problems = [
        f"{name}: expected {dict(zip(names, wanted, strict=True))}, found {dict(zip(names, found[name], strict=True))}"
        for name, wanted in expected.items() if found[name] != wanted
    ]  # fmt: skip
    encoded = {name: rows[name]["embedded"] for name in ("nothing changed", "10 touched", "10 deleted", "10 renamed")}
    return problems + [f"{name}: {texts} texts were encoded again" for name, texts in encoded.items() if texts]


def print_table(rows: dict[str, dict[str, Any]], count: int) -> None:
    print(f"\n{'sync':<24}{'seconds':>9}{'CPU s':>8}" + "".join(f"{key:>11}" for key in COUNTS))
    for name, row in rows.items():
        cells = "".join(f"{row.get(key, ''):>11}" for key in COUNTS)
        print(f"{name:<24}{row['seconds']:>9.2f}{row['cpu']:>8.2f}{cells}")
    print(
        f"\n{count} files, {count / rows['first']['seconds']:.0f} files/s first; target unchanged {TARGET_UNCHANGED} s"
    )


if __name__ == "__main__":
    main()
