"""Measures the sample questions on the sample documents and writes what ``tests/test_gates.py`` compares with.

    python -m scripts.make_gate_baseline            # measures, says what changed, writes the baseline
    python -m scripts.make_gate_baseline --report   # only says what changed

The baseline is a run like any other without what a gate does not need: hits, quotes, settings of the machine. One
question stands on one line, so that a review shows which questions changed. It holds no path and no time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.gate import gate
from citewell.evaluation.questions import Question
from citewell.evaluation.running import evaluate
from citewell.evaluation.runs import Result, Run
from citewell.evaluation.sets import read_set
from citewell.samples import corpus_path, questions_path

OUT = Path(__file__).parents[1] / "tests" / "gates" / "samples.baseline.json"

KEPT = (
    "correct", "passage nDCG@10", "passage Recall@10", "document Recall@10", "gold shown", "citation precision",
    "quote exactness", "answer accuracy", "F1", "groundedness",
)  # fmt: skip
"""Metrics of each question that the baseline keeps; the others follow from the same answers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", action="store_true", help="say what changed, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        collection = citewell.open(Path(folder) / "samples.citewell", create=True)
        collection.add(corpus_path())
        run = measured(collection)
    if OUT.exists():
        print(gate(run, Run.read(OUT)).reason)
    for name in (*KEPT, "correct when answerable", "correct when unanswerable"):
        figure = run.metrics[name]
        print(f"{name:<28}{figure.value:.4f}   {figure.low:.4f} – {figure.high:.4f}   n {figure.n}")
    if not arguments.report:
        OUT.write_text(written(run), encoding="utf-8")
        print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB")


def measured(collection: Collection) -> Run:
    """All sample questions asked of the sample documents, without what belongs to this machine or this day."""
    run = evaluate(collection.store, read_set(questions_path()), Scope.owner(), name="samples")
    names = {item.document_id: Path(item.uri).relative_to(corpus_path()).as_posix() for item in collection.items()}
    facts = ("documents", "passages", "encoder", "chunking")
    return replace(
        run, created_at="", timings={}, curves={},
        system={name: run.system[name] for name in ("name", "encoder", "models", "citewell")},
        collection={name: run.collection[name] for name in facts},
        results=tuple(_bare(result, names) for result in run.results),
    )  # fmt: skip


def _bare(result: Result, names: dict[str, str]) -> Result:
    question = result.question
    golds = tuple(
        replace(gold, document=names.get(gold.document, gold.document), quote="", span=None, name="")
        for gold in question.golds
    )
    return Result(
        question=Question(question.id, question.text, golds=golds, answerable=question.answerable), state=result.state,
        refused=result.refused, confidence=round(result.confidence, 3),
        metrics={name: result.metrics[name] for name in KEPT if name in result.metrics},
    )  # fmt: skip


def written(run: Run) -> str:
    """The run as JSON with one question a line; :meth:`Run.read` reads it."""
    data = run.to_json()
    lines = ",\n".join(json.dumps(result, ensure_ascii=False) for result in data.pop("results"))
    head = json.dumps(data, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "results": [\n{lines}\n ]\n}}\n'


if __name__ == "__main__":
    main()
