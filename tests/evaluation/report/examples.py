"""Runs built by hand, for tests of the report: what an evaluation of a small company's documents could have found."""

from __future__ import annotations

import random
from dataclasses import replace

from citewell.evaluation.metrics.refusal import calibration, coverage_risk
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.runs import Cited, Figure, Found, Kind, Result, Run, Sentence
from citewell.evaluation.statistics import interval
from citewell.records import Json

FILES = ("hr/leave.pdf", "hr/travel.docx", "it/passwords.md", "finance/prices.xlsx", "legal/terms.html")
ROOT = "/data/company"


def example_run(count: int = 60, *, seed: int = 1, kind: Kind = "answers", name: str = "nightly-1") -> Run:
    """A run of ``count`` questions whose figures, curves and slices are those of its results."""
    source = random.Random(seed)
    results = tuple(_result(number, source) for number in range(count))
    names = sorted({name for result in results for name in result.metrics})
    metrics = {name: interval(_values(results, name), bounds=None if name == "verbosity" else (0, 1)) for name in names}
    metrics["coverage"] = interval([float(not each.refused) for each in results])
    metrics["risk"] = interval([1 - each.metrics["correct"] for each in results if not each.refused])
    sure = [each.confidence for each in results]
    right = [each.metrics["correct"] == 1 for each in results]
    risk, bins = coverage_risk(sure, right), calibration(sure, right)
    metrics["expected calibration error"] = Figure(bins.error, bins.error / 2, bins.error * 1.5, count)
    return Run(
        kind=kind, name=name, created_at="2026-11-20T09:30:00+00:00",
        system={"name": "rag", "citewell": "0.2.0", "encoder": "minilm-l6-int8@b95c0788f41e", "settings": {"hits": 10}},
        set={"name": "handbook", "identity": "0123456789abcdef", "origin": "human", "questions": count},
        collection={"documents": 5, "passages": 321, "encoder": "minilm-l6-int8@b95c0788f41e"}, results=results,
        metrics=metrics, notes=("BLEU, ROUGE-L and chrF are left out:  pip install 'citewell[eval]'",),
        curves={
            "coverage_risk": {"coverage": list(risk.coverage), "risk": list(risk.risk)},
            "calibration": {
                "confidence": list(bins.confidence), "accuracy": list(bins.accuracy), "count": list(bins.count),
            },
        },
        timings={"answer": 12.5, "score": 0.4},
    )  # fmt: skip


def _values(results: tuple[Result, ...], name: str) -> list[float]:
    return [each.metrics[name] for each in results if name in each.metrics]


def _result(number: int, source: random.Random) -> Result:
    file = FILES[number % len(FILES)]
    sure = source.random()
    refused, answerable = sure < 0.25, number % 6 != 5
    shown = answerable and not refused and source.random() < 0.2 + 0.8 * sure
    correct = shown if answerable else refused
    rank = source.choice([1, 1, 1, 2, 3, 5, 9, 0])
    hits = tuple(
        Found(f"p{place}", f"d{place % 5}", f"{ROOT}/{FILES[place % 5]}", (place * 100, place * 100 + 90),
              1 / (place + 1), page=place % 7 + 1, gold=place + 1 == rank, text=f"Passage {place} of the handbook.")
        for place in range(10)
    )  # fmt: skip
    quote, document = f"The limit is {number} days.", f"d{number % len(FILES)}"
    metrics = {"correct": float(correct)}
    if answerable:
        metrics |= {"passage nDCG@10": 1 / rank if rank else 0.0, "passage Hit@10": float(rank > 0)}
        metrics |= {"gold shown": float(shown)}
    if not refused:
        metrics |= {"quote exactness": 1.0, "groundedness": 0.9, "verbosity": 12.0 + number % 5}
    return Result(
        question=Question(
            f"q{number:03}", f"How many days may I take for case {number}?", (f"{number} days",) if answerable else (),
            (Gold(document, quote, page=2),) if answerable else (), answerable,
            tags=("numeric", file.partition("/")[0]),
        ),
        state="anchored" if answerable else "none", hits=hits, refused=refused,
        answer="" if refused else quote, refusal="weak_evidence" if refused else "", confidence=sure,
        sentences=() if refused else (Sentence(quote, (0,), 0.9, "supported"),),
        citations=() if refused else (Cited(document, f"{ROOT}/{file}", quote, (10, 10 + len(quote)), True, shown),),
        metrics=metrics,
        slices={
            "document type": (file.rpartition(".")[2],), "tag": ("numeric", file.partition("/")[0]),
            "answerable": ("answerable" if answerable else "unanswerable",),
            "question length": ("6 to 10 words",),
            "freshness": ("newest 3 months" if number % 12 else "over 3 years",),
        },
        timings={
            "retrieve": 0.02 * source.lognormvariate(0, 0.4), "read": 0.2 * source.lognormvariate(0, 0.6),
            "cite": 0.0002 * source.lognormvariate(0, 0.3),
        },
    )  # fmt: skip


def example_diagnosis(run: Run) -> Json:
    """What a diagnosis of ``run`` could say, in the JSON of ``citewell diagnose``."""
    faults = ("not_retrieved", "ranked_too_low", "wrongly_refused", "should_have_refused", "read_wrongly")
    wrong = [each for each in run.results if each.metrics["correct"] < 1]
    cases = [
        {
            "id": each.question.id, "question": each.question.text, "fault": faults[place % 5 if place % 3 else 0],
            "kind": "by words", "evidence": "The gold stands in place 23 of the search.", "proven": True,
            "counterfactual": "With the gold in the first place, the answer is right.", "correct": False,
            "advice": "Say it in the document's words", "steps": [
                {"test": "the passage is among those that are read", "outcome": "failed", "evidence": "rank 23"},
            ],
        }
        for place, each in enumerate(wrong)
    ]  # fmt: skip
    rungs = [("as it is", 0.55), ("perfect search", 0.71), ("perfect ranking", 0.78), ("perfect reading", 0.96)]
    return {
        "run": run.name, "questions": len(run.results), "failed": len(wrong), "cases": cases, "notes": [],
        "ladder": [
            {"name": name, "meaning": "every stage before makes no mistake", "value": value, "low": value - 0.08,
             "high": min(1.0, value + 0.08), "n": len(run.results), "gain": value - rungs[max(place - 1, 0)][1]}
            for place, (name, value) in enumerate(rungs)
        ],
        "funnel": [{"stage": stage, "count": count} for stage, count in
                   (("in the documents", 50), ("read from the file", 49), ("found", 43), ("among the hits", 40),
                    ("cited", 33))],
    }  # fmt: skip


def with_first(run: Run, **changes: object) -> Run:
    """``run`` with its first result changed."""
    return replace(run, results=(replace(run.results[0], **changes), *run.results[1:]))  # type: ignore[arg-type]
