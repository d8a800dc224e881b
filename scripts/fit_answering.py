"""Fits the weights and the refusal threshold of ``citewell.answering`` on the sample questions.

    python -m scripts.fit_answering            # fits on the "fit" half, writes calibration.json, reports on both halves
    python -m scripts.fit_answering --report   # reports only
    python -m scripts.fit_answering --folds 5  # cross-validates the whole procedure on both halves; writes nothing

Two logistic models, both on the ``fit`` half alone. The first gives each unit of the retrieved passages the probability
that it holds the gold quote. The second judges from the best unit whether the sentences shown hold it; it and the
threshold are fitted on out-of-fold predictions (five folds by question), because a model is too sure on what it was
fitted on. The threshold maximises the share of questions treated rightly: the gold quote shown when there is an answer,
refused when there is none. The sample's unanswerable questions are near misses; a few that have nothing to do with the
corpus are added.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import citewell
from citewell.access import Scope
from citewell.answering import read as reading
from citewell.answering.cite import choose
from citewell.answering.conflicts import find_conflict
from citewell.collection import Collection
from citewell.evaluation.folds import CrossValidation, cross_validate
from citewell.evaluation.questions import Gold, Question
from citewell.models.encoder import load_encoder
from citewell.retrieval.search import search
from citewell.samples import corpus_path, questions_path

RIDGE = 3.0
FOLDS = 5
OUT = Path(reading.__file__).parent / "calibration.json"


OFF_TOPIC = (
    "Who won the football World Cup in 1998?", "How do I bake sourdough bread?", "What is the capital of Mongolia?",
    "Which vaccines does a puppy need?", "How tall is Mount Kilimanjaro?", "Who wrote Crime and Punishment?",
    "What is the boiling point of ethanol?", "How do I tune a guitar by ear?", "When did the Berlin Wall fall?",
    "What are the rules of chess castling?", "How many moons does Jupiter have?", "What does a photon weigh?",
    "How do I plant tomatoes on a balcony?", "Which year was the Eiffel Tower completed?", "Who painted Guernica?",
    "What is the speed limit on Italian motorways?", "How do I get a visa for Japan?", "What is a haiku?",
    "Which river flows through Vienna?", "How do I fix a flat bicycle tyre?",
)  # fmt: skip


@dataclass
class Case:
    """One question with its candidate units. labels: which units hold the gold quote."""

    row: dict[str, Any]
    features: reading.Features
    labels: np.ndarray

    @property
    def answerable(self) -> bool:
        return bool(self.row["answerable"])

    def evidence(self, logits: np.ndarray) -> list[reading.Evidence]:
        """The units as the answer path has them, best first."""
        chances = 1 / (1 + np.exp(-logits))
        places, vectors = self.features.places, self.features.vectors
        order = np.argsort(-logits, kind="stable")
        return [reading.Evidence(places[i][0], places[i][1], float(chances[i]), vectors[i]) for i in order]

    def shows_gold(self, logits: np.ndarray) -> bool:
        """Whether the sentences an answer would show hold the gold quote."""
        evidence = self.evidence(logits)
        shown = find_conflict(evidence) or choose(evidence, citewell.Settings().answering.sentences)
        at = {(id(unit.hit), unit.span) for unit in shown}
        places = zip(self.features.places, self.labels, strict=True)
        return any(gold and (id(hit), span) in at for (hit, span), gold in places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", action="store_true", help="report on the shipped weights, change nothing")
    parser.add_argument("--folds", type=int, metavar="K", help="cross-validate, and write nothing")
    parser.add_argument("--verbose", action="store_true", help="list the questions that were treated wrongly")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        collection = citewell.open(Path(folder) / "samples.citewell", create=True)
        collection.add(corpus_path())
        cases = [build(row, collection) for row in read_questions(collection)]
    if arguments.folds:
        print(json.dumps(validate(cases, arguments.folds).to_json(), indent=1))
        return
    fit = [case for case in cases if case.row["split"] == "fit"]
    test = [case for case in cases if case.row["split"] == "test"]
    if not arguments.report:
        write(fit)
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
    """Questions whose gold document is of a format this release reads, and the off-topic ones, half in each split."""
    indexed = {str(Path(item.uri).relative_to(corpus_path())) for item in collection.items() if item.version}
    rows = [json.loads(line) for line in questions_path().read_text(encoding="utf-8").splitlines()]
    rows += [
        {"id": f"o{number:02d}", "question": question, "answerable": False, "split": ("fit", "test")[number % 2]}
        for number, question in enumerate(OFF_TOPIC)
    ]
    return [row for row in rows if not row["answerable"] or row["document"] in indexed]


def build(row: dict[str, Any], collection: Collection) -> Case:
    store = collection.store
    hits = search(row["question"], store.index, store.encoder, Scope.owner(), None, store.settings.retrieval)
    features = reading.measure(row["question"], hits, store.encoder)
    golds = [row, *row.get("also", ())] if row["answerable"] else []
    labels = [
        any(
            hit.passage.uri.endswith("/" + gold["document"])
            and holds(reading.text_of(hit.passage, span), gold["quote"])
            for gold in golds
        )
        for hit, span in features.places
    ]
    return Case(row, features, np.asarray(labels, dtype=bool))


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
    return logistic(np.vstack([case.features.units for case in used]), np.concatenate([case.labels for case in used]))


def fit_all(fit: list[Case]) -> tuple[reading.Calibration, list[bool]]:
    """Both models and the threshold, with which of the questions are answerable."""
    weights, bias = fit_units(fit)
    judged, right, answerable = [], [], []
    for fold in range(FOLDS):
        fold_weights, fold_bias = fit_units([case for case in fit if fold_of(case) != fold])
        for case in (case for case in fit if fold_of(case) == fold):
            logits = case.features.units @ fold_weights + fold_bias
            judged.append(reading.confidence_features(case.features, logits))
            right.append(case.shows_gold(logits))
            answerable.append(case.answerable)
    confidence_weights, confidence_bias = logistic(np.asarray(judged), np.asarray(right), ridge=1.0)
    sure = 1 / (1 + np.exp(-(np.asarray(judged) @ confidence_weights + confidence_bias)))
    threshold = best_threshold(sure, np.asarray(right), np.asarray(answerable))
    return reading.Calibration(weights, bias, confidence_weights, confidence_bias, threshold), answerable


def write(fit: list[Case]) -> None:
    fitted, answerable = fit_all(fit)
    OUT.write_text(json.dumps({
        "weights": _named(reading.FEATURES, fitted.weights), "bias": round(fitted.bias, 5),
        "confidence": {"weights": _named(reading.CONFIDENCE_FEATURES, fitted.confidence_weights),
                       "bias": round(fitted.confidence_bias, 5)},
        "threshold": round(fitted.threshold, 4),
        "training": {
            "command": "python -m scripts.fit_answering", "date": date.today().isoformat(),
            "questions": {"file": questions_path().name, "split": "fit", "answerable": sum(answerable),
                          "unanswerable": len(answerable) - sum(answerable),
                          "sha256": hashlib.sha256(questions_path().read_bytes()).hexdigest()},
            "encoder": load_encoder().identity, "ridge": RIDGE, "folds": FOLDS,
        },
    }, indent=1) + "\n", encoding="utf-8")  # fmt: skip


def validate(cases: list[Case], k: int) -> CrossValidation:
    """The share of questions treated rightly by the models that were fitted without them, by documents."""
    by_id = {case.row["id"]: case for case in cases}
    questions = [
        Question(
            row["id"], row["question"], answerable=case.answerable,
            golds=tuple(Gold(each["document"]) for each in [row, *row.get("also", ())]) if case.answerable else (),
        )
        for case in cases for row in [case.row]
    ]  # fmt: skip

    def fit(chosen: Sequence[Question]) -> reading.Calibration:
        return fit_all([by_id[each.id] for each in chosen])[0]

    def score(fitted: reading.Calibration, chosen: Sequence[Question]) -> list[float]:
        return [float(judge(by_id[each.id], fitted) in {"right", "refused rightly"}) for each in chosen]

    return cross_validate(questions, fit, score, k)


def _named(names: tuple[str, ...], values: np.ndarray) -> dict[str, float]:
    return dict(zip(names, (round(float(value), 5) for value in values), strict=True))


def fold_of(case: Case) -> int:
    return int(hashlib.sha256(case.row["id"].encode()).hexdigest(), 16) % FOLDS


def best_threshold(sure: np.ndarray, right: np.ndarray, answerable: np.ndarray) -> float:
    """The confidence that treats most questions rightly; in the middle of the best range, so that it is stable."""
    steps = np.linspace(0.01, 0.95, 189)
    scores = [float(np.mean(np.where(answerable, (sure >= t) & right, sure < t))) for t in steps]
    top = [t for t, score in zip(steps, scores, strict=True) if math.isclose(score, max(scores))]
    return float(top[len(top) // 2])


def judge(case: Case, calibration: reading.Calibration) -> str:
    logits = case.features.units @ calibration.weights + calibration.bias
    judged = reading.confidence_features(case.features, logits) @ calibration.confidence_weights
    sure = 1 / (1 + math.exp(-(float(judged) + calibration.confidence_bias)))
    if sure < calibration.threshold:
        return "refused wrongly" if case.answerable else "refused rightly"
    if not case.answerable:
        return "should refuse"
    if case.shows_gold(logits):
        return "right"
    return "wrong sentence" if case.labels.any() else "not retrieved"


def report(cases: list[Case], calibration: reading.Calibration) -> dict[str, Any]:
    verdicts = {case.row["id"]: judge(case, calibration) for case in cases}
    asked = [case for case in cases if case.answerable]
    logits = [case.features.units @ calibration.weights + calibration.bias for case in asked]
    rightly = sum(verdict in {"right", "refused rightly"} for verdict in verdicts.values())
    off_topic = [verdict for key, verdict in verdicts.items() if key.startswith("o")]
    return {
        "answerable": len(asked), "unanswerable": len(cases) - len(asked),
        "gold among units": sum(bool(case.labels.any()) for case in asked),
        "gold first": sum(bool(case.labels[int(np.argmax(each))]) for case, each in zip(asked, logits, strict=True)),
        "gold shown": sum(case.shows_gold(each) for case, each in zip(asked, logits, strict=True)),
        "conflicts shown": conflicts(asked, logits, wanted=True),
        "conflicts shown elsewhere": conflicts(asked, logits, wanted=False),
        "treated rightly": round(rightly / len(cases), 3),
        "95% interval": [round(bound, 3) for bound in interval(rightly / len(cases), len(cases))],
        "off-topic refused": f"{off_topic.count('refused rightly')}/{len(off_topic)}",
        **{name: list(verdicts.values()).count(name) for name in sorted(set(verdicts.values()))},
    }  # fmt: skip


def conflicts(cases: list[Case], logits: list[np.ndarray], *, wanted: bool) -> str:
    """How many of the questions whose sources differ (or, unwanted, of the others) show a conflict."""
    chosen = [
        bool(find_conflict(case.evidence(each)))
        for case, each in zip(cases, logits, strict=True) if ("conflict" in case.row["tags"]) == wanted
    ]  # fmt: skip
    return f"{sum(chosen)}/{len(chosen)}"


def interval(share: float, n: int) -> tuple[float, float]:
    """Wilson score interval, 95 %."""
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


if __name__ == "__main__":
    main()
