"""Random histories of files, rules and snapshots: who may see what, against a model that is a few lines.

    python -m benchmarks.scopes --cases 2000

The histories, the model and the comparison are those of ``tests/test_scopes_stateful.py``, which runs a few. A case is
one asker looking at one state of the collection: search, answer, status, items, duplicates, every document by name.
Writes results/scopes.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.test_scopes_stateful import SCOPES, run_histories

import citewell

RESULTS = Path(__file__).parent / "results" / "scopes.json"
STEPS = 10  # of one history, at most
ROUND = 20  # histories


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    arguments = parser.parse_args()
    began, cases, histories = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="citewell-scopes-") as folder:
        template = Path(folder, "template.citewell")
        citewell.open(template, create=True)
        while cases < arguments.cases:
            cases += run_histories(template, ROUND, STEPS, verbose=True)
            histories += ROUND
            print(f"{cases} cases, {histories} histories, {time.monotonic() - began:.0f} s", flush=True)
    result = {
        "command": f"python -m benchmarks.scopes --cases {arguments.cases}", "cases": cases, "histories": histories,
        "askers": len(SCOPES), "violations": 0, "rate_at_most": round(3 / cases, 5),
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
