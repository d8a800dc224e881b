"""What the sandbox costs: small files parsed in disposable processes beside the same readers in this process.

    python -m benchmarks.sandbox [--files DIR…] [--largest 200000] [--rounds 5] [--out benchmarks/results/sandbox.json]

Every file up to ``--largest`` bytes is parsed once per round, first in a sandbox of one worker, then in this process;
the fastest round of each counts, files in the operating system's cache, readers loaded before the clock starts. CPU
counts the parent, the zygote and all its children (from /proc, so Linux only). The overhead alone is shown by a text
of one word. Without ``--files`` the package's own sample corpus is read.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citewell.errors import ParseError
from citewell.parsing import ParserPool, supported
from citewell.samples import corpus_path
from citewell.settings import ParsingSettings

TICK = os.sysconf("SC_CLK_TCK")
TINY = [("word.txt", b"word")] * 200


@dataclass(frozen=True)
class Cost:
    wall: float  # milliseconds per file
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--files", type=Path, nargs="*", default=[corpus_path()])
    parser.add_argument("--largest", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    files = [
        (path.name, path.read_bytes())
        for folder in arguments.files
        for path in sorted(folder.rglob("*"))
        if path.is_file() and supported(path.name) and 0 < path.stat().st_size <= arguments.largest
    ]
    result = measure(files, arguments.rounds)
    print(f"$ python -m benchmarks.sandbox --largest {arguments.largest} --rounds {arguments.rounds}")
    print(report(result))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(files: list[tuple[str, bytes]], rounds: int) -> dict[str, Any]:
    with ParserPool(ParsingSettings(workers=1)) as pool:
        started = time.perf_counter()
        layers = pool.isolation
        start = Cost((time.perf_counter() - started) * 1000, zygote_seconds(pool) * 1000)
        inside = {kind: fastest(pool.parse, each, rounds, pool) for kind, each in (("files", files), ("tiny", TINY))}
        memory = zygote_memory(pool)
    from citewell.parsing import language, reader

    language.load()
    outside = {kind: fastest(reader.read, each, rounds, None) for kind, each in (("files", files), ("tiny", TINY))}
    return {
        "layers": layers, "files": len(files), "median_bytes": statistics.median(len(data) for _, data in files),
        "zygote_start": vars(start), "zygote_megabytes": memory, "sandbox": {k: vars(v) for k, v in inside.items()},
        "in_process": {k: vars(v) for k, v in outside.items()}, "load": os.getloadavg()[0], "cores": os.cpu_count(),
    }  # fmt: skip


def fastest(
    parse: Callable[[bytes, str], object], files: list[tuple[str, bytes]], rounds: int, pool: ParserPool | None
) -> Cost:
    found = []
    for _ in range(rounds + 1):  # the first round loads what readers load late
        wall, cpu = time.perf_counter(), cpu_seconds(pool)
        for name, data in files:
            try:
                parse(data, name)
            except ParseError:
                pass  # a file that cannot be read costs as well, in both
        found.append(((time.perf_counter() - wall) / len(files), (cpu_seconds(pool) - cpu) / len(files)))
    walls, cpus = zip(*found[1:], strict=True)
    return Cost(min(walls) * 1000, min(cpus) * 1000)


def cpu_seconds(pool: ParserPool | None) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + (zygote_seconds(pool) if pool else 0.0)


def zygote_seconds(pool: ParserPool) -> float:
    """Of the zygote and the children it has waited for."""
    fields = Path(f"/proc/{zygote(pool)}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def zygote_memory(pool: ParserPool) -> float:
    pages = int(Path(f"/proc/{zygote(pool)}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def zygote(pool: ParserPool) -> int:
    process = pool._zygotes[0]._process
    assert process is not None
    return process.pid


def report(result: dict[str, Any]) -> str:
    lines = [
        f"layers: {', '.join(result['layers'])}",
        f"zygote: starts in {result['zygote_start']['wall']:.0f} ms ({result['zygote_start']['cpu']:.0f} ms CPU), "
        f"{result['zygote_megabytes']:.0f} MB; load {result['load']:.1f} on {result['cores']} cores",
        f"{'ms per file':34} {'sandbox':>17} {'this process':>17} {'more':>15} {'ratio':>6}",
    ]
    median = f"{result['files']} files, median {result['median_bytes']:,.0f} B"
    for kind, what in (("files", median), ("tiny", "a text of one word")):
        for clock in ("wall", "cpu"):
            inside, outside = result["sandbox"][kind][clock], result["in_process"][kind][clock]
            more, ratio = inside - outside, inside / outside
            lines.append(f"{what + ', ' + clock:34} {inside:17.2f} {outside:17.2f} {more:15.2f} {ratio:6.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
