"""Whether a run's JSON holds what a run holds, before anything is counted with it.

A run is a file that people copy, cut and edit. What is wrong with one is told here, with its place, so that no figure,
gate or report is made from it. This looks at kinds and ranges of values, not at whether the figures are true.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

from citewell.records import Json, Verdict

Check = tuple[Callable[[Any], bool], str]


def _number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < math.inf if isinstance(value, float) else abs(value) <= 1 << 63


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _span(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(each) is int for each in value)


TEXT: Check = (lambda value: isinstance(value, str), "a text")
NUMBER: Check = (_number, "a finite number")
SHARE: Check = (_share, "a number from 0 to 1")
TRUTH: Check = (lambda value: isinstance(value, bool), "true or false")
COUNT: Check = (lambda value: type(value) is int and 0 <= value <= 1 << 53, "a whole number of at least 0")
OBJECT: Check = (lambda value: isinstance(value, dict), "an object")
LIST: Check = (lambda value: isinstance(value, list), "a list")
TEXTS: Check = (_texts, "a list of texts")
SPAN: Check = (_span, "two whole numbers")
NUMBERS: Check = (
    lambda value: isinstance(value, dict) and all(_number(each) for each in value.values()),
    "an object of finite numbers",
)
SERIES: Check = (lambda value: isinstance(value, list) and all(_number(each) for each in value), "a list of numbers")

UNBOUNDED = frozenset({"verbosity"})
"""Metrics that are no share; the catalogue of metrics, which stands above, says the same."""

_RUN = {
    "kind": TEXT, "name": TEXT, "created_at": TEXT, "system": OBJECT, "set": OBJECT, "collection": OBJECT,
    "results": LIST, "metrics": OBJECT, "curves": OBJECT, "notes": TEXTS, "timings": NUMBERS,
}  # fmt: skip
_SET = {"name": TEXT, "identity": TEXT, "origin": TEXT, "questions": COUNT}
_FIGURE = {"value": NUMBER, "low": NUMBER, "high": NUMBER, "n": COUNT}
_CURVES = {"coverage_risk": ("coverage", "risk"), "calibration": ("confidence", "accuracy", "count")}
_RESULT = {
    "question": OBJECT, "state": TEXT, "answer": TEXT, "refused": TRUTH, "refusal": TEXT, "confidence": SHARE,
    "sentences": LIST, "citations": LIST, "hits": LIST, "metrics": OBJECT, "slices": OBJECT, "tokens": NUMBER,
    "cost": NUMBER, "error": TEXT, "timings": NUMBERS,
}  # fmt: skip
_QUESTION = {"id": TEXT, "question": TEXT, "answerable": TRUTH}
_PARTS = {
    "sentences": {
        "text": TEXT, "citations": LIST, "support": SHARE,
        "verdict": (lambda value: value in get_args(Verdict), f"one of {', '.join(get_args(Verdict))}"),
    },
    "citations": {"document": TEXT, "uri": TEXT, "quote": TEXT, "span": SPAN, "exact": TRUTH, "gold": TRUTH},
    "hits": {"passage_id": TEXT, "document": TEXT, "uri": TEXT, "span": SPAN, "score": NUMBER, "gold": TRUTH},
}  # fmt: skip


def check_run(data: Json, kinds: tuple[str, ...], states: tuple[str, ...]) -> None:
    """Raises :class:`ValueError` with the first thing that is wrong with the JSON of a run."""
    _fields(data, _RUN, "")
    _one_of(data["kind"], kinds, "kind")
    _fields(data["set"], _SET, "set.")
    for name, figure in data["metrics"].items():
        _fields(figure, _FIGURE, f"metrics.{name}.")
    for name, series in _CURVES.items():
        if name in data["curves"]:
            curve = data["curves"][name]
            _fields(curve, dict.fromkeys(series, SERIES), f"curves.{name}.")
            if len({len(curve[each]) for each in series}) > 1:
                raise ValueError(f"'curves.{name}' has {' and '.join(series)} of different length")
    seen: set[str] = set()
    for number, result in enumerate(data["results"]):
        _result(result, f"results[{number}].", states)
        name = result["question"]["id"]
        if name in seen:
            raise ValueError(f"the question '{name}' is there twice; expected each once")
        seen.add(name)


def _result(result: Any, at: str, states: tuple[str, ...]) -> None:
    _fields(result, _RESULT, at)
    _fields(result["question"], _QUESTION, f"{at}question.")
    _one_of(result["state"], states, f"{at}state")
    for name, value in result["metrics"].items():
        _value(value, NUMBER if name in UNBOUNDED else SHARE, f"{at}metrics.{name}")
    for name, values in result["slices"].items():
        _value(values, TEXTS, f"{at}slices.{name}")
    for name, wanted in _PARTS.items():
        for number, part in enumerate(result[name]):
            _fields(part, wanted, f"{at}{name}[{number}].")
    for sentence in result["sentences"]:
        if any(type(each) is not int or not 0 <= each < len(result["citations"]) for each in sentence["citations"]):
            raise ValueError(f"'{at}sentences' cite {sentence['citations']!r:.60}, which are not all there")


def _fields(data: Any, wanted: dict[str, Check], at: str) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"'{at.rstrip('.')}' is {data!r:.60}; expected an object")
    for name, check in wanted.items():
        if name not in data:
            raise ValueError(f"'{at}{name}' is missing")
        _value(data[name], check, f"{at}{name}")


def _value(value: Any, check: Check, at: str) -> None:
    if not check[0](value):
        raise ValueError(f"'{at}' is {value!r:.60}; expected {check[1]}")


def _one_of(value: str, known: tuple[str, ...], at: str) -> None:
    if value not in known:
        raise ValueError(f"'{at}' is {value!r:.60}; expected one of {', '.join(known)}")
