"""Fits the weights and the refusal threshold of ``citewell.answering`` on the sample questions.

    python -m scripts.fit_answering            # fits on the "fit" half, reports on the "test" half, writes calibration.json
    python -m scripts.fit_answering --report   # reports only

Two logistic models, both on the ``fit`` half alone. The first gives each unit of the retrieved passages the probability
that it holds the gold quote. The second (Platt scaling) turns the best unit's logit into the probability that the answer
is right; it and the threshold are fitted on out-of-fold predictions (five folds by question), because a model is too sure
on what it was fitted on. The threshold maximises the share of questions treated rightly: answered with the right unit when
there is an answer, refused when there is none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import citewell
from citewell.answering import read as reading
from citewell.access import Scope
from citewell.collection import Collection
from citewell.retrieval.search import search
from citewell.samples import corpus_path, questions_path

RIDGE = 0.3
FOLDS = 5
OUT = Path(reading.__file__).parent / "calibration.json"


@dataclass
class Case:
    """One question with its candidate units. labels: which units hold the gold quote."""

    row: dict[str, Any]
    features: np.ndarray
    labels: np.ndarray

    @property
    def answerable(self) -> bool:
        return bool(self.row["answerable"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", action="store_true", help="report on the shipped weights, change nothing")
    parser.add_argument("--verbose", action="store_true", help="list the questions that were treated wrongly")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        collection = citewell.open(Path(folder) / "samples.citewell", create=True)
        collection.add(corpus_path())
        cases = [build(row, collection) for row in read_questions(collection)]
    fit = [case for case in cases if case.row["split"] == "fit"]
    test = [case for case in cases if case.row["split"] == "test"]
    if not arguments.report:
        write(fit, test)
    reading.load_calibration.cache_clear()
    calibration = reading.load_calibration()
    for name, part in (("fit", fit), ("test", test)):
        print(f"{name:<5}", json.dumps(report(part, calibration)))
    if arguments.verbose:
        for case in test:
            verdict = judge(case, calibration)
            if verdict not in {"right", "refused rightly"}:
                print(f"  {verdict:<16} {case.row['id']} {case.row['question']}")


def read_questions(collection: Collection) -> list[dict[str, Any]]:
    """Questions whose gold document is of a format this release reads."""
    indexed = {str(Path(item.uri).relative_to(corpus_path())) for item in collection.items() if item.version}
    rows = [json.loads(line) for line in questions_path().read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if not row["answerable"] or row["document"] in indexed]


def build(row: dict[str, Any], collection: Collection) -> Case:
    store = collection.store
    scope = Scope.owner()
    hits = search(row["question"], store.index, store.encoder, scope, None, store.settings.retrieval)
    units = [(hit, span) for hit in hits[: reading.PASSAGES_READ] for span in reading.units_of(hit.passage)]
    features, _ = reading.unit_features(row["question"], units, store.encoder)
    golds = [] if not row["answerable"] else [(row["document"], row["quote"])]
    golds += [(other["document"], other["quote"]) for other in row.get("also", ())]
    labels = [
        any(hit.passage.uri.endswith("/" + document) and holds(unit_text(hit.passage, span), quote) for document, quote in golds)
        for hit, span in units
    ]
    return Case(row, features, np.asarray(labels if row["answerable"] else [False] * len(units)))


def unit_text(passage: Any, span: tuple[int, int]) -> str:
    return passage.text[span[0] - passage.span[0] : span[1] - passage.span[0]]


def holds(unit: str, quote: str) -> bool:
    """Whether the unit and the gold quote are the same stretch: one holds at least 60 % of the other's words."""
    mine, gold = re.findall(r"\w+", unit.lower()), re.findall(r"\w+", quote.lower())
    shared = len(set(mine) & set(gold))
    return shared >= 0.6 * len(set(gold)) or (len(mine) >= 4 and shared == len(set(mine)))


def logistic(features: np.ndarray, labels: np.ndarray, ridge: float = RIDGE) -> tuple[np.ndarray, float]:
    """Ridge-penalised logistic regression by Newton's method on standardised columns; returns raw weights and bias."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    design = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    penalty = np.diag([ridge] * features.shape[1] + [1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (chance - labels) + penalty @ weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    raw = weights[:-1] / scale
    return raw, float(weights[-1] - raw @ mean)


def fit_units(cases: list[Case]) -> tuple[np.ndarray, float]:
    """Units of questions whose gold was retrieved, and of unanswerable ones: what was not found teaches nothing."""
    used = [case for case in cases if case.labels.any() or not case.answerable]
    return logistic(np.vstack([case.features for case in used]), np.concatenate([case.labels for case in used]))


def write(fit: list[Case], test: list[Case]) -> None:
    weights, bias = fit_units(fit)
    best, right, answerable = [], [], []
    for fold in range(FOLDS):
        inside = [case for case in fit if fold_of(case) != fold]
        fold_weights, fold_bias = fit_units(inside)
        for case in fit:
            if fold_of(case) == fold:
                logits = case.features @ fold_weights + fold_bias
                best.append(float(logits.max()))
                right.append(bool(case.labels[int(np.argmax(logits))]))
                answerable.append(case.answerable)
    slope, offset = logistic(np.asarray(best)[:, None], np.asarray(right), ridge=0.01)
    sure = 1 / (1 + np.exp(-(float(slope[0]) * np.asarray(best) + offset)))
    threshold = best_threshold(sure, np.asarray(right), np.asarray(answerable))
    OUT.write_text(json.dumps({
        "weights": dict(zip(reading.FEATURES, (round(float(w), 5) for w in weights), strict=True)),
        "bias": round(bias, 5), "platt": [round(float(slope[0]), 5), round(offset, 5)], "threshold": round(threshold, 4),
        "training": {
            "command": "python -m scripts.fit_answering", "date": date.today().isoformat(),
            "questions": {"file": questions_path().name, "split": "fit", "answerable": sum(answerable),
                          "unanswerable": len(answerable) - sum(answerable),
                          "sha256": hashlib.sha256(questions_path().read_bytes()).hexdigest()},
            "encoder": citewell.Settings().index.encoder, "ridge": RIDGE, "folds": FOLDS,
        },
    }, indent=1) + "\n", encoding="utf-8")  # fmt: skip


def fold_of(case: Case) -> int:
    return int(hashlib.sha256(case.row["id"].encode()).hexdigest(), 16) % FOLDS


def best_threshold(sure: np.ndarray, right: np.ndarray, answerable: np.ndarray) -> float:
    """The confidence that treats most questions rightly; in the middle of the best range, so that it is stable."""
    steps = np.linspace(0.01, 0.95, 189)
    scores = [float(np.mean(np.where(answerable, (sure >= t) & right, sure < t))) for t in steps]
    top = [t for t, score in zip(steps, scores, strict=True) if math.isclose(score, max(scores))]
    return float(top[len(top) // 2])


def judge(case: Case, calibration: reading.Calibration) -> str:
    logits = case.features @ np.asarray(calibration.weights) + calibration.bias
    slope, offset = calibration.platt
    sure = 1 / (1 + math.exp(-(slope * float(logits.max()) + offset)))
    if sure < calibration.threshold:
        return "refused wrongly" if case.answerable else "refused rightly"
    if not case.answerable:
        return "should refuse"
    if case.labels[int(np.argmax(logits))]:
        return "right"
    return "wrong unit" if case.labels.any() else "not retrieved"


def report(cases: list[Case], calibration: reading.Calibration) -> dict[str, Any]:
    verdicts = [judge(case, calibration) for case in cases]
    asked = sum(case.answerable for case in cases)
    best = [int(np.argmax(case.features @ np.asarray(calibration.weights))) for case in cases]
    first = sum(bool(case.labels[at]) for case, at in zip(cases, best, strict=True) if case.answerable)
    found = sum(bool(case.labels.any()) for case in cases if case.answerable)
    counts = {name: verdicts.count(name) for name in sorted(set(verdicts))}
    low, high = interval((counts.get("right", 0) + counts.get("refused rightly", 0)) / len(cases), len(cases))
    return {
        "answerable": asked, "unanswerable": len(cases) - asked, "gold among units": found, "gold first": first,
        "treated rightly": round((counts.get("right", 0) + counts.get("refused rightly", 0)) / len(cases), 3),
        "95% interval": [round(low, 3), round(high, 3)], **counts,
    }  # fmt: skip


def interval(share: float, n: int) -> tuple[float, float]:
    """Wilson score interval, 95 %."""
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


if __name__ == "__main__":
    main()
