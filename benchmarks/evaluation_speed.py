"""What measuring costs beside retrieving: 1,000 questions over 100,000 passages, beside ``ranx`` and BEIR's evaluator.

    python -m benchmarks.evaluation_speed --peers PYTHON

Passages and vectors are made up (words by Zipf's law, one topic per passage; a question has words of one passage and a
vector near its own), so nothing is needed but disk for the table. Retrieval is the product's hybrid search, 100
passages deep, with the question's vector given: encoding would only make measuring look cheaper. Citewell measures
twelve metrics at three levels (passage, page, document) and the 95 % interval of each mean; the peers measure the same
twelve, or as many of them as they have, at one level, without intervals. So one level without intervals is timed, too.
PYTHON: an environment with ``ranx``, ``pytrec_eval-terrier`` and ``beir`` (its evaluator needs no more than ``pip
install --no-deps beir``). Means are compared; a difference above 1e-6 (BEIR rounds: 1e-5) is an error. CPU seconds
count all threads and are steadier than wall seconds where machines are shared. Writes results/evaluation_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
DIMENSION, WORDS, VOCABULARY, DEPTH, COMMIT = 384, 60, 30_000, 100, 10_000
CUTOFFS = {"nDCG": (10,), "P": (1, 5, 10), "Recall": (1, 5, 10), "Hit": (1, 5, 10), "MRR": (10,), "MAP": (10,)}
PAGE, DOCUMENT = 5, 50  # passages of a page, of a document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--peers", help="Python of the peers' environment")
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)  # what runs in the peers' environment
    arguments = parser.parse_args()
    if arguments.score:
        print(json.dumps(score_with_peers(json.loads(arguments.score.read_text(encoding="utf-8")))))
        return
    judgments, run, rows = retrieve(arguments.passages, arguments.questions)
    rows += measure(judgments, run)
    if arguments.peers:
        rows += ask_peers(arguments.peers, judgments, run)
    report(rows, arguments)


# -- the run to be measured --------------------------------------------------------------------------------------------


def retrieve(count: int, asked: int) -> tuple[dict[str, dict[str, int]], dict[str, list[str]], list[dict[str, Any]]]:
    """Judgments, rankings, and the time of the retrieval."""
    import numpy as np

    from citewell.access import EVERYONE, Scope
    from citewell.index.passages import PassageTable
    from citewell.records import Passage
    from citewell.retrieval.search import rank

    random = np.random.default_rng(20261120)
    vocabulary = np.array([f"w{number:05d}" for number in range(VOCABULARY)])
    chances = 1 / np.arange(1, VOCABULARY + 1)
    words = random.choice(VOCABULARY, size=(count, WORDS), p=chances / chances.sum())
    vectors = random.standard_normal((count, DIMENSION)).astype(np.float32)
    names = [f"p{number:06d}" for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="citewell-evaluation-speed-") as place:
        table = PassageTable.create(Path(place) / "table.lance", DIMENSION)
        for start in range(0, count, COMMIT):
            part = range(start, min(start + COMMIT, count))
            texts = [" ".join(vocabulary[words[at]]) for at in part]
            table.commit(
                [
                    Passage(id=names[at], document_id=names[at], document_version="1", source_id="", uri=names[at],
                            title="", text=text, span=(0, len(text)), readers=(EVERYONE,))
                    for at, text in zip(part, texts, strict=True)
                ],
                vectors[start : part.stop], (),
            )  # fmt: skip
        table.optimize()
        golds = random.choice(count - 3, size=asked, replace=False)
        questions = [" ".join(vocabulary[random.choice(words[gold], 6)]) for gold in golds]
        nearby = vectors[golds] + random.standard_normal((asked, DIMENSION)).astype(np.float32)
        index, scope = table.snapshot(), Scope.owner()
        for at in range(20):  # warm
            rank(questions[at], lambda at=at: nearby[at], index, scope, candidates=DEPTH)
        run: dict[str, list[str]] = {}

        def search() -> None:
            for at, question in enumerate(questions):
                found = rank(question, lambda at=at: nearby[at], index, scope, candidates=DEPTH)
                run[f"q{at}"] = list(found.ids[:DEPTH])

        row = timed("retrieval: hybrid search, 100 deep", search)
    judgments = {
        f"q{at}": {names[int(gold)]: 2, names[int(gold) + 1]: 1, names[int(gold) + 2]: 1, names[int(gold) + 3]: 0}
        for at, gold in enumerate(golds)
    }
    return judgments, run, [row]


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure(judgments: dict[str, dict[str, int]], run: dict[str, list[str]]) -> list[dict[str, Any]]:
    from citewell.evaluation.metrics.ranking import ranking_metrics
    from citewell.evaluation.statistics import interval

    def one_level() -> dict[str, float]:
        values = [ranking_metrics(run[each], judgments[each], CUTOFFS) for each in judgments]
        return {name: sum(each[name] for each in values) / len(values) for name in values[0]}

    def everything() -> dict[str, float]:
        values: dict[str, list[float]] = {}
        for each, grades in judgments.items():
            for level, size in (("passage", 1), ("page", PAGE), ("document", DOCUMENT)):
                ranked = list(dict.fromkeys(grouped(name, size) for name in run[each]))
                relevant: dict[str, int] = {}
                for name, grade in grades.items():
                    relevant[grouped(name, size)] = max(grade, relevant.get(grouped(name, size), 0))
                for name, value in ranking_metrics(ranked, relevant, CUTOFFS).items():
                    values.setdefault(f"{level} {name}", []).append(value)
        return {name: interval(each).value for name, each in values.items()}

    return [
        timed("citewell, 12 metrics, one level", one_level),
        timed("citewell, 12 metrics, 3 levels, intervals", everything),
    ]


def grouped(name: str, size: int) -> str:
    return str(int(name[1:]) // size) if size > 1 else name


def score_with_peers(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Both peers on the same run; each is timed from plain dictionaries, as the caller has them, to means."""
    from importlib.metadata import version

    from beir.retrieval.evaluation import EvaluateRetrieval
    from ranx import Qrels, Run, evaluate

    judgments = {
        query: {name: grade for name, grade in grades.items() if grade} for query, grades in data["qrels"].items()
    }
    run = {query: {name: float(DEPTH - at) for at, name in enumerate(names)} for query, names in data["run"].items()}
    theirs = {"nDCG": "ndcg", "P": "precision", "Recall": "recall", "Hit": "hit_rate", "MRR": "mrr", "MAP": "map"}
    names = {f"{name}@{k}": f"{theirs[name]}@{k}" for name, cutoffs in CUTOFFS.items() for k in cutoffs}

    def by_ranx() -> dict[str, float]:
        found = evaluate(Qrels(judgments), Run(run), list(names.values()))
        return {name: float(found[official]) for name, official in names.items()}

    def by_beir() -> dict[str, float]:
        ndcg, mean, recall, precision = EvaluateRetrieval.evaluate(judgments, run, [1, 5, 10])
        rank = EvaluateRetrieval.evaluate_custom(judgments, run, [10], metric="mrr")
        shares = {name: value for name, value in (precision | recall).items() if name in names}
        return shares | {"nDCG@10": ndcg["NDCG@10"], "MAP@10": mean["MAP@10"], "MRR@10": rank["MRR@10"]}

    rows = [timed(f"ranx {version('ranx')}, 12 metrics, first call (compiles)", by_ranx)]
    rows.append(timed(f"ranx {version('ranx')}, 12 metrics, one level", by_ranx))
    rows.append(timed(f"BEIR {version('beir')} (pytrec_eval {version('pytrec_eval-terrier')}), 9 metrics", by_beir))
    return rows


def ask_peers(python: str, judgments: dict[str, dict[str, int]], run: dict[str, list[str]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "run.json"
        path.write_text(json.dumps({"qrels": judgments, "run": run}), encoding="utf-8")
        told = subprocess.run(
            [python, "-P", __file__, "--score", str(path)], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": ""},
        )  # fmt: skip
    if told.returncode:
        sys.exit(f"The peers failed:\n{told.stderr[-2000:]}")
    rows: list[dict[str, Any]] = json.loads(told.stdout.splitlines()[-1])
    return rows


def timed(name: str, work: Callable[[], dict[str, float] | None]) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    means = work()
    return {
        "what": name, "wall_seconds": round(time.perf_counter() - wall, 4),
        "cpu_seconds": round(time.process_time() - processor, 4), "means": means or {},
    }  # fmt: skip


# -- the table ---------------------------------------------------------------------------------------------------------


def report(rows: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    whole, ours = rows[0], rows[1]["means"]
    differing = [
        (row["what"], name, value, ours[name])
        for row in rows[1:] for name, value in row["means"].items()
        if name in ours and abs(value - ours[name]) > (1e-6 if "BEIR" not in row["what"] else 1e-5)  # BEIR rounds
    ]  # fmt: skip
    print(f"{'':58}{'wall s':>9}{'CPU s':>9}{'of retrieval, CPU':>19}")
    for row in rows:
        share = row["cpu_seconds"] / whole["cpu_seconds"]
        print(f"{row['what']:58}{row['wall_seconds']:>9.3f}{row['cpu_seconds']:>9.3f}{share:>18.1%}")
    for each in differing:
        print("means differ:", *each)
    share, wall = (rows[2][f"{kind}_seconds"] / whole[f"{kind}_seconds"] for kind in ("cpu", "wall"))
    print(f"evaluation adds {share:.1%} to the retrieval (CPU), {wall:.1%} (wall)")
    result = {
        "command": f"python -m benchmarks.evaluation_speed --passages {arguments.passages} "
        f"--questions {arguments.questions} --peers PYTHON",
        "passages": arguments.passages, "questions": arguments.questions, "python": platform.python_version(),
        "cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 1), "date": time.strftime("%Y-%m-%d"),
        "evaluation_over_retrieval_cpu": round(share, 4), "means_differ": bool(differing), "rows": rows,
    }  # fmt: skip
    (RESULTS / "evaluation_speed.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if differing:
        sys.exit(1)


if __name__ == "__main__":
    main()
