"""How much code one question runs through: own functions, own files and the deepest own call chain of one ``ask``.

    python -m benchmarks.trace [--question TEXT] [--out benchmarks/results/trace.json]

The sample corpus is indexed, then one ``collection.ask()`` runs under ``sys.setprofile`` twice, each time in a fresh
process: warm (a question was answered before, so everything is open) and cold (the first question of the process).
Counted are distinct functions of the package; comprehensions, generator expressions and lambdas are listed apart, the
bodies of modules and classes that an import runs not at all. Threads count too. The chain counts own functions that are
active together in one thread.
"""

# ruff: noqa: A005 — named for what it does; started with -P or -m, nothing finds it instead of the standard one

from __future__ import annotations

import argparse
import inspect
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from citewell.samples import DEMO_QUESTIONS

TARGET_FUNCTIONS, TARGET_FILES = 25, 12


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(trace(*sys.argv[2:])))
        return
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--question", default=DEMO_QUESTIONS[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    print(f"$ python -m benchmarks.trace --question {arguments.question!r}")
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        path = str(Path(temporary) / "sample.citewell")
        index_samples(path)
        result = {
            state: json.loads(
                subprocess.run(
                    [sys.executable, "-P", __file__, "--child", state, path, arguments.question],
                    check=True, capture_output=True, text=True,
                ).stdout
            )
            for state in ("warm", "cold")
        }  # fmt: skip
    print_report(result)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def index_samples(path: str) -> None:
    import citewell
    from citewell.samples import corpus_path

    citewell.open(path, create=True).add(corpus_path())


def trace(state: str, path: str, question: str) -> dict[str, Any]:
    """One traced question: its functions in the order they first run, as [file, name, depth]."""
    import citewell

    package = str(Path(citewell.__file__).parent)
    seen: dict[CodeType, int] = {}
    chain: list[CodeType] = []
    on = False

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal chain
        if on and event == "call" and counted(frame.f_code, package):
            active = own_chain(frame, package)
            seen.setdefault(frame.f_code, len(active))
            chain = active if len(active) > len(chain) else chain

    threading.setprofile(watch)  # before any thread is made: pools keep theirs
    sys.setprofile(watch)
    collection = citewell.open(path)
    if state == "warm":
        collection.ask(question)
    on = True
    answer = collection.ask(question)
    on = False
    sys.setprofile(None)
    functions = [(code, depth) for code, depth in seen.items() if not code.co_name.startswith("<")]
    small = [code for code in seen if code.co_name.startswith("<")]
    return {
        "refused": answer.refusal is not None,
        "functions": [[relative(code, package), code.co_qualname, depth] for code, depth in functions],
        "files": sorted({relative(code, package) for code, _ in functions}),
        "comprehensions_and_lambdas": len(small),
        "deepest": len(chain),
        "chain": [f"{relative(code, package)}:{code.co_qualname}" for code in chain],
    }


def counted(code: CodeType, package: str) -> bool:
    """Own functions; bodies of modules and classes are no functions (they have no fast locals)."""
    return code.co_filename.startswith(package) and bool(code.co_flags & inspect.CO_OPTIMIZED)


def own_chain(frame: FrameType | None, package: str) -> list[CodeType]:
    """Own functions active at ``frame``, outermost first, comprehensions and lambdas left out."""
    found = []
    while frame is not None:
        if counted(frame.f_code, package) and not frame.f_code.co_name.startswith("<"):
            found.append(frame.f_code)
        frame = frame.f_back
    return found[::-1]


def relative(code: CodeType, package: str) -> str:
    return str(Path(code.co_filename).relative_to(package))


def print_report(result: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'one ask':<10}{'functions':>10}{'files':>7}{'deepest chain':>15}{'comprehensions, lambdas':>25}")
    for state, found in result.items():
        counts = f"{len(found['functions']):>10}{len(found['files']):>7}{found['deepest']:>15}"
        print(f"{state:<10}{counts}{found['comprehensions_and_lambdas']:>25}")
    print(f"{'target':<10}{TARGET_FUNCTIONS:>10}{TARGET_FILES:>7}")
    for state, found in result.items():
        print(f"\n{state}: functions in the order they first run, indented by the depth of that call")
        for file, name, depth in found["functions"]:
            print(f"  {'  ' * (depth - 1)}{name:<{58 - 2 * depth}} {file}")
        print(f"  deepest chain: {' > '.join(found['chain'])}")


if __name__ == "__main__":
    main()
