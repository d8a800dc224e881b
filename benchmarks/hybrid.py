"""Hybrid against lexical and dense retrieval, end to end, on any data sets in BEIR layout.

    python benchmarks/hybrid.py --data RETRIEVAL_SETS --sets scifact:train obliqa cosqa …

Each cell is ``citewell evaluate retrieval`` with that method: nDCG@10 and its 95 % interval. These weights were fitted
on development questions of some of these very sets; the honest figures are those of ``scripts/fit_fusion.py``, where
each set is measured with weights fitted on the others. Writes results/hybrid.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from citewell.evaluation.remembering import Remembering
from citewell.evaluation.retrieval import evaluate_retrieval
from citewell.models.encoder import load_encoder

METHODS = ("lexical", "dense", "hybrid")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--limit", type=int, help="questions per set")
    arguments = parser.parse_args()
    encoder, reports = Remembering(load_encoder()), []  # dense and hybrid share the work
    print(f"{'nDCG@10':24}" + "".join(f"{method:>22}" for method in METHODS))
    for name in arguments.sets:
        folder, _, split = name.partition(":")
        row = [
            evaluate_retrieval(arguments.data / folder, split or "dev", method, encoder=encoder, limit=arguments.limit)
            for method in METHODS
        ]
        cells = [report.metrics["nDCG@10"] for report in row]
        numbers = [f"{100 * each.value:.2f} ({100 * each.low:.1f}-{100 * each.high:.1f})" for each in cells]
        print(f"{folder:24}" + "".join(f"{number:>22}" for number in numbers), flush=True)
        reports += [report.to_json() for report in row]
    path = Path(__file__).parent / "results" / "hybrid.json"
    path.write_text(json.dumps({"command": "benchmarks/hybrid.py", "reports": reports}, indent=1) + "\n")


if __name__ == "__main__":
    main()
