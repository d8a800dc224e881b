"""How long a person waits before anything happens: ``import citewell``, and ``citewell ask`` cold from the shell.

    python -m benchmarks.startup [--runs 5] [--out benchmarks/results/startup.json]

Every number comes from a fresh process with files in the operating system's cache. ``import citewell`` is timed inside
the interpreter (median of 7), with the modules it loads and those it must never load. ``citewell ask`` is timed from
outside, process start and exit included, on the package's own sample corpus, indexed once before. Where its time goes
is shown three ways: one process that stops the clock after each stage, the answer's own stage timings, and
``python -X importtime`` added up by package. CPU seconds stand beside wall seconds: they hardly change when other
programs use the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from citewell.samples import DEMO_QUESTIONS, corpus_path

FORBIDDEN_ON_IMPORT = (
    "torch", "transformers", "sentence_transformers", "pandas", "scipy", "sklearn", "lance", "pyarrow", "numpy",
    "onnxruntime", "tokenizers", "sqlalchemy", "typer", "rich", "pypdfium2", "docx", "openpyxl", "selectolax",
    "markdown_it", "charset_normalizer", "py3langid", "sentencex", "ir_measures", "httpx", "requests",
)  # fmt: skip
FORBIDDEN_ON_ASK = (
    "torch", "transformers", "sentence_transformers", "pandas", "scipy", "sklearn", "pypdfium2", "docx", "openpyxl",
    "selectolax", "markdown_it", "py3langid", "ir_measures", "httpx", "requests",
)  # fmt: skip
TARGET_IMPORT, TARGET_ASK = 0.25, 1.5  # seconds

IMPORT = """
import json, sys, time
before = set(sys.modules); started = time.perf_counter()
import citewell
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before), "all": len(sys.modules)}))
"""
STAGES = """
import json, sys, time
path, question = sys.argv[1:]
stages, last = {}, time.perf_counter()
def lap(name):
    global last
    stages[name] = time.perf_counter() - last
    last = time.perf_counter()
from citewell.cli import app, ask as _a, collections as _b, documents as _c, evaluate as _d; lap("import command line")
import numpy; lap("import numpy")
import citewell; collection = citewell.open(path); lap("open collection")
import lance; lap("import lance, pyarrow")
store = collection.store; store.index; lap("open passage table")
import onnxruntime, tokenizers; lap("import onnxruntime, tokenizers")
store.encoder; lap("load encoder, check its hashes")
import citewell.ask; lap("import answering")
answer = collection.ask(question); lap("ask, first")
collection.ask(question); lap("(ask, again)")
from citewell.cli.ask import print_answer
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()): print_answer(answer)
lap("print")
print(json.dumps({"stages": stages, "timings": answer.timings, "modules": sorted(sys.modules)}))
"""
COMMAND = "import sys; sys.argv[0] = 'citewell'; from citewell.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    print(f"$ python -m benchmarks.startup --runs {arguments.runs}")
    imported = measure_import()
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        path = str(Path(temporary) / "sample.citewell")
        index = ["-c", path, "add", str(corpus_path()), "--json"]
        indexing = timed(index)
        asked = measure_ask(path, arguments.runs)
        asked["stages"], asked["timings"], asked["forbidden"] = measure_stages(path)
        asked["imports"] = measure_imports(path)
    print(f"(the sample corpus was indexed in {indexing['seconds']:.1f} s)")
    result = {"import": imported, "ask": asked, "load": os.getloadavg()[0], "cores": os.cpu_count()}
    print_report(result)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def fresh(code: str, *arguments: str) -> Any:
    done = subprocess.run([sys.executable, "-P", "-c", code, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure_import() -> dict[str, Any]:
    runs = [fresh(IMPORT) for _ in range(7)]
    loaded = {name.partition(".")[0] for name in runs[0]["modules"]}
    return {
        "seconds": statistics.median(run["seconds"] for run in runs), "slowest": max(run["seconds"] for run in runs),
        "new_modules": len(runs[0]["modules"]), "all_modules": runs[0]["all"],
        "own_modules": [name for name in runs[0]["modules"] if name.startswith("citewell")],
        "forbidden": sorted(loaded & set(FORBIDDEN_ON_IMPORT)),
    }  # fmt: skip


def timed(arguments: list[str]) -> dict[str, float]:
    """One command line in a fresh process: wall and CPU seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-P", "-c", COMMAND, *arguments], check=True, capture_output=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def measure_ask(path: str, runs: int) -> dict[str, Any]:
    done = [timed(["-c", path, "ask", DEMO_QUESTIONS[number % len(DEMO_QUESTIONS)]]) for number in range(runs)]
    walls, cpus = [run["seconds"] for run in done], [run["cpu"] for run in done]
    return {"median": statistics.median(walls), "max": max(walls), "cpu_median": statistics.median(cpus), "runs": walls}


def measure_stages(path: str) -> tuple[dict[str, float], dict[str, float], list[str]]:
    """Medians of five processes."""
    runs = [fresh(STAGES, path, DEMO_QUESTIONS[0]) for _ in range(5)]
    stages = {name: statistics.median(run["stages"][name] for run in runs) for name in runs[0]["stages"]}
    timings = {name: statistics.median(run["timings"][name] for run in runs) for name in runs[0]["timings"]}
    loaded = {name.partition(".")[0] for name in runs[0]["modules"]}
    return stages, timings, sorted(loaded & set(FORBIDDEN_ON_ASK))


def measure_imports(path: str) -> dict[str, dict[str, float]]:
    """Seconds of import by package, and of the ten slowest modules with all they import, in one ``citewell ask``."""
    command = [sys.executable, "-P", "-X", "importtime", "-c", COMMAND, "-c", path, "ask", DEMO_QUESTIONS[0]]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in lines:
        if line.startswith("import time:") and "|" in line and "self [us]" not in line:
            self_, cumulative, name = line.removeprefix("import time:").split("|")
            package = name.strip().partition(".")[0]
            own["(standard library)" if package in sys.stdlib_module_names else package] += int(self_)
            whole[name.strip()] = int(cumulative)
    return {
        "by_package": {name: micro / 1e6 for name, micro in own.most_common(10)},
        "with_what_they_import": {name: micro / 1e6 for name, micro in whole.most_common(10)},
        "total": {"all": sum(own.values()) / 1e6},
    }


def print_report(result: dict[str, Any]) -> None:
    imported, asked = result["import"], result["ask"]
    print(f"\n{'':<28}{'seconds':>9}{'slowest':>9}{'target':>9}")
    print(f"{'import citewell':<28}{imported['seconds']:>9.3f}{imported['slowest']:>9.3f}{TARGET_IMPORT:>9.2f}")
    print(f"{'citewell ask, from the shell':<28}{asked['median']:>9.3f}{asked['max']:>9.3f}{TARGET_ASK:>9.2f}")
    print(f"{'  its CPU seconds':<28}{asked['cpu_median']:>9.3f}")
    print(f"\nimport citewell: {imported['new_modules']} modules, {imported['all_modules']} with the interpreter's")
    print(f"its own: {', '.join(imported['own_modules'])}")
    print(f"forbidden: {', '.join(imported['forbidden']) or 'none'}; by ask: {', '.join(asked['forbidden']) or 'none'}")
    tables = {
        "stages of one ask, in one process": asked["stages"], "timings in the answer": asked["timings"],
        f"imports of ask by package, {asked['imports']['total']['all']:.3f} s in all": asked["imports"]["by_package"],
        "slowest imports, with what they import": asked["imports"]["with_what_they_import"],
    }  # fmt: skip
    for title, rows in tables.items():
        print(f"\n{title}")
        for name, seconds in rows.items():
            print(f"  {name:<34}{seconds:>8.3f}")
    print(f"\nload average while measuring: {result['load']:.1f} on {result['cores']} cores")


if __name__ == "__main__":
    main()
