"""Fits how a verifier weighs its network against the plain features, on pairs that it was not trained on.

A logistic model with a small ridge; every kind of source (``group_of``) and both answers count alike, so that a large
made set does not outvote what people judged. Its threshold moves to 0.5: where the mean balanced accuracy of the groups
is best. The same data choose from which probability a word is marked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citewell.durable import write_durably
from citewell.errors import DataError
from citewell.learning.data.examples import SupportExample
from citewell.literals.features import COMPANIONS, measure, read_literally
from citewell.models.files import SUMS_NAME
from citewell.models.verifier import COMBINATION_NAME, MOST, NEURAL, Combination, Reading, marked_words
from citewell.records import Json, Span

RIDGE = 1.0
STEPS = 50  # of Newton's method; it needs about eight
LEAST = 20  # pairs of each answer; fewer say nothing about eleven weights
MARKS = tuple(round(0.1 + 0.05 * step, 2) for step in range(17))

Read = Callable[[str, Sequence[str]], Reading]
Numbers = NDArray[np.float64]


def fit_companions(
    read: Read, examples: Sequence[SupportExample], group_of: Callable[[SupportExample], str] = lambda each: ""
) -> Combination:
    """The combination for a network that ``read`` asks. Verbatim quotes are left out: nobody weighs them."""
    used = [each for each in examples if read_literally(each.sentence, [each.evidence]) is None]
    right = np.array([each.supported for each in used], dtype=bool)
    if min(right.sum(), (~right).sum()) < LEAST:
        raise DataError(
            f"{int(right.sum())} supported and {int((~right).sum())} unsupported pairs that are no quotes are held "
            f"out. Expected at least {LEAST} of each. Give more examples."
        )
    readings = [read(each.sentence, [each.evidence]) for each in used]
    names = (NEURAL, *COMPANIONS)
    rows = np.array([_features(each, reading) for each, reading in zip(used, readings, strict=True)])
    groups = np.array([group_of(each) for each in used])
    weights, bias = logistic(rows, right, balanced(groups, right))
    totals = rows @ weights + bias
    bias -= best_threshold(totals, right, groups)
    marked_from = _best_marks(used, readings)
    training: Json = {
        "pairs": len(used), "supported": int(right.sum()), "ridge": RIDGE,
        "groups": {name: int((groups == name).sum()) for name in sorted(set(groups.tolist()))},
    }  # fmt: skip
    rounded = {name: round(float(each), 5) for name, each in zip(names, weights, strict=True)}
    return Combination(rounded, round(float(bias), 5), marked_from, training)


def _features(example: SupportExample, reading: Reading) -> list[float]:
    measured, _ = measure(example.sentence, [example.evidence])
    return [max(-MOST, min(MOST, reading.logit)), *(measured[name] for name in COMPANIONS)]


def add_combination(directory: Path, combination: Combination) -> None:
    """Writes the combination beside the pair model in ``directory`` and its hash among the others."""
    content = (json.dumps(combination.to_json(), indent=1) + "\n").encode()
    sums = directory / SUMS_NAME
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    others = [line for line in lines if line.partition("  ")[2] != COMBINATION_NAME]
    write_durably(directory / COMBINATION_NAME, content)
    told = [*others, f"{hashlib.sha256(content).hexdigest()}  {COMBINATION_NAME}"]
    write_durably(sums, ("\n".join(told) + "\n").encode())


def balanced(groups: NDArray[np.str_], right: NDArray[np.bool_]) -> Numbers:
    """A weight of each pair, so that every answer of every group counts alike; their sum is their number."""
    cells = np.array([f"{group} {answer}" for group, answer in zip(groups, right, strict=True)])
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    each = 1.0 / counts[where]
    return np.asarray(each * len(each) / each.sum())


def logistic(rows: Numbers, right: NDArray[np.bool_], weights: Numbers) -> tuple[Numbers, float]:
    """Coefficients and bias of the ridge logistic model, by Newton's method; the bias has no ridge."""
    wide = np.column_stack([rows, np.ones(len(rows))])
    ridge = np.diag([*np.full(rows.shape[1], RIDGE), 0.0])
    found = np.zeros(wide.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(wide @ found, -30, 30)))
        slope = wide.T @ (weights * (chance - right)) + ridge @ found
        bend = wide.T @ (wide * (weights * np.maximum(chance * (1 - chance), 1e-9))[:, None]) + ridge
        step = np.linalg.solve(bend, slope)
        found = found - step
        if np.abs(step).max() < 1e-8:
            break
    return found[:-1], float(found[-1])


def best_threshold(totals: Numbers, right: NDArray[np.bool_], groups: NDArray[np.str_]) -> float:
    """Where the mean over groups of balanced accuracy is best; the middle of equal ones."""
    seen = np.unique(np.quantile(totals, np.linspace(0.01, 0.99, 197)))
    grid = (seen[1:] + seen[:-1]) / 2 if len(seen) > 1 else seen
    figures = np.array([_mean_balanced(totals >= each, right, groups) for each in grid])
    return float(np.median(grid[figures >= figures.max() - 1e-9]))


def _mean_balanced(said: NDArray[np.bool_], right: NDArray[np.bool_], groups: NDArray[np.str_]) -> float:
    found = []
    for name in set(groups.tolist()):
        inside = groups == name
        kinds = [inside & right, inside & ~right]
        if all(kind.any() for kind in kinds):
            found.append((float(said[kinds[0]].mean()) + float((~said[kinds[1]]).mean())) / 2)
    return sum(found) / max(1, len(found))


def _best_marks(examples: Sequence[SupportExample], readings: Sequence[Reading]) -> float:
    """The probability from which marked characters agree best (F1) with those that are known to be wrong."""
    known = [
        (each, reading) for each, reading in zip(examples, readings, strict=True)
        if each.unsupported and not each.supported
    ]  # fmt: skip
    if not known:
        return 0.5
    figures = []
    for marked_from in MARKS:
        both = marked = wrong = 0
        for each, reading in known:
            found = _characters(marked_words(each.sentence, reading, marked_from))
            true = _characters(each.unsupported)
            both, marked, wrong = both + len(found & true), marked + len(found), wrong + len(true)
        figures.append(2 * both / max(1, marked + wrong))
    return MARKS[int(np.argmax(figures))]


def _characters(spans: Sequence[Span]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}
