"""How soon a change is searchable while ``citewell sync --watch`` follows a folder of 10,000 files.

    python -m benchmarks.watch [--count 10000] [--changes 20]

Another process searches in a loop (every 50 ms). Timed is from the moment the file's new content is closed to the first
search that shows it: new files, edits, renames, deletions, in turn. Writes results/watch.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import citewell
from benchmarks.sync import COMMAND, command, make_files

RESULTS = Path(__file__).parent / "results" / "watch.json"
LONGEST = 60.0  # seconds to wait for one change


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        folder, root = Path(temporary) / "notes", Path(temporary) / "notes.citewell"
        make_files(folder, arguments.count)
        command(["-c", str(root), "add", str(folder)])
        follower = subprocess.Popen([sys.executable, "-c", COMMAND, "-c", str(root), "sync", "--watch"],
                                    stderr=subprocess.PIPE, text=True)  # fmt: skip
        try:
            assert follower.stderr is not None
            follower.stderr.readline()
            time.sleep(15)  # the first comparison of everything
            seconds = measure(citewell.open(root), folder, arguments.changes)
        finally:
            follower.terminate()
            follower.communicate(timeout=60)
    result = {
        name: {"n": len(times), "median": round(statistics.median(times), 2), "longest": round(max(times), 2)}
        for name, times in seconds.items()
    }
    print(f"{'change':<10}{'n':>4}{'median s':>10}{'longest s':>11}")
    for name, row in result.items():
        print(f"{name:<10}{row['n']:>4}{row['median']:>10.2f}{row['longest']:>11.2f}")
    line = f"python -m benchmarks.watch --count {arguments.count} --changes {arguments.changes}"
    RESULTS.write_text(json.dumps({"command": line, "files": arguments.count, "seconds": result}, indent=1) + "\n")


def measure(collection: citewell.Collection, folder: Path, changes: int) -> dict[str, list[float]]:
    """Seconds per kind of change."""
    found: dict[str, list[float]] = {"new": [], "edited": [], "renamed": [], "deleted": []}

    def shown(word: str) -> set[str]:
        return {hit.passage.title for hit in collection.search(word) if word in hit.passage.text}

    def wait(name: str, condition: Callable[[], bool]) -> None:
        began = time.monotonic()
        while not condition():
            if time.monotonic() > began + LONGEST:
                raise SystemExit(f"a {name} file was not noticed within {LONGEST:.0f} s")
            time.sleep(0.05)
        found[name].append(time.monotonic() - began)

    for number in range(changes):
        path, other = folder / f"new-{number}.txt", folder / f"moved-{number}.txt"
        first, second = f"zeppelin{number:04}a", f"zeppelin{number:04}b"
        path.write_text(f"The {first} stands in the north store.\n")
        wait("new", lambda: bool(shown(first)))  # noqa: B023 - called at once
        path.write_text(f"The {second} stands in the north store.\n")
        wait("edited", lambda: bool(shown(second)))  # noqa: B023
        path.rename(other)
        wait("renamed", lambda: shown(second) == {other.name})  # noqa: B023
        other.unlink()
        wait("deleted", lambda: not shown(second))  # noqa: B023
    return found


if __name__ == "__main__":
    main()
