"""Runs that were cut, copied or edited: every one is refused with the place that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import DataError
from citewell.evaluation.metrics.catalog import METRICS
from citewell.evaluation.questions import Question
from citewell.evaluation.run_shape import UNBOUNDED
from citewell.evaluation.runs import Cited, Figure, Found, Result, Run, Sentence

BASELINE = Path(__file__).parents[1] / "gates" / "samples.baseline.json"
RUN = Run(
    kind="answers", name="first", created_at="2026-11-20T12:00:00+00:00", system={"name": "rag"},
    set={"name": "leave", "identity": "a" * 32, "origin": "human", "questions": 1}, collection={"documents": 1},
    results=(
        Result(
            Question("q1", "How many days?", ("27 days",)), "anchored",
            (Found("p1", "d1", "leave.md", (0, 9), 0.5, gold=True),), "It is 27 days.", confidence=0.9,
            sentences=(Sentence("It is 27 days.", (0,), 1.0, "supported"),),
            citations=(Cited("d1", "leave.md", "27 days", (0, 7), True, True),),
            metrics={"correct": 1.0, "verbosity": 4.0}, slices={"tag": ("hr",)}, timings={"read": 0.1},
        ),
    ),
    metrics={"correct": Figure(1.0, 0.0, 1.0, 1)},
    curves={"calibration": {"confidence": [0.9], "accuracy": [1.0], "count": [1]}}, timings={"ask": 0.1},
)  # fmt: skip


def test_a_run_reads_back_and_so_does_the_baseline_of_the_samples(tmp_path: Path) -> None:
    RUN.write(tmp_path / "run.json")
    assert Run.read(tmp_path / "run.json") == RUN
    assert len(Run.read(BASELINE).results) > 200


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


ONE = ("results", 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(*ONE, "metrics", "correct", value=1e308), "'results[0].metrics.correct' is 1e+308"),
        (put(*ONE, "metrics", "correct", value=2), "expected a number from 0 to 1"),
        (put(*ONE, "metrics", "correct", value=float("nan")), "'results[0].metrics.correct' is nan"),
        (put(*ONE, "metrics", "correct", value="high"), "'results[0].metrics.correct' is 'high'"),
        (put(*ONE, "metrics", "verbosity", value=10**400), "expected a finite number"),
        (put(*ONE, "confidence", value="sure"), "'results[0].confidence' is 'sure'"),
        (put(*ONE, "slices", "tag", value=5), "'results[0].slices.tag' is 5"),
        (put(*ONE, "hits", 0, value={"x": 1}), "'results[0].hits[0].passage_id' is missing"),
        (put(*ONE, "sentences", 0, "citations", value=[4]), "'results[0].sentences' cite [4]"),
        (put(*ONE, "sentences", 0, "verdict", value="maybe"), "is 'maybe'; expected one of supported"),
        (put(*ONE, "state", value="lost"), "'results[0].state' is 'lost'"),
        (put(*ONE, "question", "question", value=5), "'results[0].question.question' is 5"),
        (drop(*ONE, "answer"), "'results[0].answer' is missing"),
        (lambda data: data["results"].append(data["results"][0]), "the question 'q1' is there twice"),
        (put("results", value="x"), "'results' is 'x'; expected a list"),
        (put("set", value=[]), "'set' is []; expected an object"),
        (put("curves", "calibration", value=5), "'curves.calibration' is 5"),
        (put("curves", "calibration", "count", value=[]), "of different length"),
        (put("timings", "ask", value=float("inf")), "expected an object of finite numbers"),
        (put("metrics", "correct", "value", value=None), "'metrics.correct.value' is None"),
        (put("notes", value="hello"), "'notes' is 'hello'; expected a list of texts"),
        (put("name", value=None), "'name' is None; expected a text"),
        (put("kind", value="weird"), "'kind' is 'weird'; expected one of answers"),
        (drop("collection"), "'collection' is missing"),
    ],
)  # fmt: skip
def test_an_edited_run_is_refused_with_the_place(tmp_path: Path, change: Callable[[Any], None], told: str) -> None:
    data = RUN.to_json()
    data = json.loads(json.dumps(data))
    change(data)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Run.read(path)
    assert told in str(caught.value) and str(path) in str(caught.value)


def test_the_metrics_without_bounds_are_those_of_the_catalogue() -> None:
    assert {name for name, metric in METRICS.items() if metric.bounds != (0.0, 1.0)} == UNBOUNDED
