"""Fits what judges answers: the weights of units, the confidence, and the thresholds for a wanted risk.

Every question of a set is searched and read as when it is asked; whether the answer that would be shown is right is
judged as ``citewell evaluate answers`` judges it. Confidence and thresholds come from predictions for questions that
the models were fitted without (folds by document), because a model is too sure of what it was fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from citewell.answering.calibration import Calibration, Floats, RiskPoint
from citewell.answering.read import (
    CONFIDENCE_FEATURES,
    FEATURES,
    Features,
    confidence_features,
    evidence_of,
    measure,
)
from citewell.ask import compose
from citewell.errors import DataError
from citewell.evaluation.anchoring import anchor
from citewell.evaluation.folds import folds as split_into_folds
from citewell.evaluation.metrics.refusal import calibration as calibration_curve
from citewell.evaluation.metrics.refusal import coverage_risk
from citewell.evaluation.running import asker, documents_of
from citewell.evaluation.scoring import placed_golds, score, shows
from citewell.retrieval.search import search

if TYPE_CHECKING:
    from citewell.access import Scope
    from citewell.evaluation.questions import Question, QuestionSet
    from citewell.evaluation.scoring import DocumentOf
    from citewell.models.reader import Reader
    from citewell.records import Hit
    from citewell.store import Store

Progress = Callable[[str, int, int], None]

RIDGE = 3.0  # penalty on the weights of standardised features, for units
CONFIDENCE_RIDGE = 1.0
LEAST_SPREAD = 0.1  # standard deviation that a column is standardised by at least; most features run from 0 to 1
ISOTONIC_FROM = 1000  # questions; with fewer the logistic model's own calibration is kept (Niculescu-Mizil and Caruana
# 2005, figure 8: isotonic regression overfits below about that many)
TARGET_RISK = 0.10  # wrong ones among plain answers
WEAK_FROM = 0.4  # chance of being right below which even a marked answer helps nobody: a wrong one costs two thirds of
# what a right one is worth
FEWEST = 50  # questions; thresholds from fewer would be chance
FEWEST_UNITS = 200  # answerable questions from which the weights of units are fitted anew
STEADY = 20  # answers below which no risk is read from the curve's start


@dataclass(frozen=True, slots=True)
class Case:
    """A question as it was read. labels: which units show a gold; empty when golds have no characters."""

    question: Question
    features: Features
    labels: NDArray[np.bool_]
    hits: tuple[Hit, ...]
    state: str
    document_of: DocumentOf
    sentences: int

    def right(self, logits: Floats) -> bool:
        """Whether the answer these logits give, never refused, is right."""
        answer = compose(
            self.question.text, self.hits, evidence_of(self.features, logits), 1.0, "answer", self.sentences
        )
        judged = score(self.question, self.state, replace(answer, hits=()), {}, self.document_of)  # type: ignore[arg-type]
        return bool(judged.correct_if_answered)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The calibration and what it does on questions it was not fitted on. error: expected calibration error.

    coverage: share of the questions that is answered plainly at the target risk; risk: share of wrong ones among them.
    """

    calibration: Calibration
    n: int
    right: float
    error: float
    coverage: float
    risk: float
    confidences: tuple[float, ...]
    correct: tuple[bool, ...]


def collect(
    store: Store,
    questions: QuestionSet,
    scope: Scope,
    *,
    reader: Reader | None = None,
    progress: Progress | None = None,
) -> list[Case]:
    """Searches and reads every question of the set in the collection. reader: default the one in use."""
    reader, cases = reader or store.answering.reader, list[Case]()
    found = anchor(questions.questions, store, scope)
    for done, anchored in enumerate(found, start=1):
        question, own = anchored.question, asker(anchored.question, scope)
        hits = search(question.text, store.index, store.encoder, own, None, store.settings.retrieval)
        features = measure(question.text, hits, store.encoder, reader)
        golds = [gold for gold in placed_golds(question, anchored.state) if gold.span is not None]
        labels = [
            any(shows(hit.passage.document_id, span, hit.passage.locate(span), gold) for gold in golds)
            for hit, span in features.places
        ]
        known = bool(golds) or not question.answerable
        cases.append(Case(
            question, features, np.asarray(labels if known else [], dtype=bool), tuple(hits), anchored.state,
            documents_of(store, own), store.settings.answering.sentences,
        ))  # fmt: skip
        if progress is not None:
            progress("read", done, len(found))
    return cases


def fit(
    cases: Sequence[Case], before: Calibration | None = None, *, k: int = 5, target_risk: float = TARGET_RISK,
    weak_from: float = WEAK_FROM,
) -> Fitted:  # fmt: skip
    """A calibration for such questions. before: what is in use; its weights of units are kept when the cases are too
    few to fit new ones. Raises DataError when they are too few or all alike."""
    check_enough(len(cases))
    labelled = sum(bool(case.labels.any()) for case in cases)
    refit = before is None or labelled >= FEWEST_UNITS
    judged, right = np.zeros((len(cases), len(CONFIDENCE_FEATURES))), np.zeros(len(cases), dtype=bool)
    place = {id(case.question): index for index, case in enumerate(cases)}
    parts = [
        [place[id(question)] for question in fold.test] for fold in split_into_folds([c.question for c in cases], k)
    ]
    for part in parts:
        inside = set(part)
        weights, bias = _units([case for i, case in enumerate(cases) if i not in inside]) if refit else _kept(before)
        for index in part:
            case = cases[index]
            if not case.features.places:
                continue
            logits = case.features.units @ weights + bias
            judged[index] = confidence_features(case.features, logits)
            right[index] = case.right(logits)
    read = np.asarray([bool(case.features.places) for case in cases])
    if right[read].all() or not right[read].any():
        raise DataError(
            f"All {int(read.sum())} answers are {'right' if right[read].all() else 'wrong'}: there is nothing to "
            "learn a threshold from. Add questions of the other kind, such as some that the documents do not answer."
        )
    raw = np.zeros(len(cases))
    for part in parts:
        outside = np.asarray([i for i in range(len(cases)) if i not in set(part) and read[i]])
        weights, bias = logistic(judged[outside], right[outside], CONFIDENCE_RIDGE)
        raw[part] = np.where(read[part], _sigmoid(judged[part] @ weights + bias), 0.0)
    units = _units(cases) if refit else _kept(before)
    weights, bias = logistic(judged[read], right[read], CONFIDENCE_RIDGE)
    sure, knots = raw, tuple[tuple[float, float], ...]()
    if len(cases) >= ISOTONIC_FROM:
        knots = isotonic(raw, right)
        sure = _out_of_fold_isotonic(raw, right, parts)
    answer, coverage, risk = threshold_for(sure, right, target_risk)
    curve = tuple(
        RiskPoint(float(t), float((sure >= t).mean()), float(1 - right[sure >= t].mean()) if (sure >= t).any() else 0.0)
        for t in np.linspace(0, 0.95, 20)
    )
    fitted = Calibration(*units, weights, bias, answer, min(weak_from, answer), target_risk, knots, curve, len(cases))
    error = calibration_curve(list(sure), list(right)).error
    return Fitted(
        fitted, len(cases), float(right.mean()), error, coverage, risk, tuple(map(float, sure)), tuple(map(bool, right))
    )


def check_enough(questions: int) -> None:
    """Raises DataError when thresholds from so many would be chance."""
    if questions < FEWEST:
        raise DataError(
            f"The set has {questions} questions that can be used, a calibration needs at least {FEWEST}. Add "
            "questions, also some that the documents do not answer:  citewell evaluate make"
        )


def threshold_for(sure: Floats, right: NDArray[np.bool_], risk: float) -> tuple[float, float, float]:
    """The confidence from which at most ``risk`` of the answers are wrong, with coverage and risk there.

    The lowest such confidence, in the middle between two questions; 1.01 when there is none.
    """
    curve = coverage_risk(list(sure), list(right))
    order = np.sort(sure)[::-1]
    best = None
    for coverage, found in zip(curve.coverage, curve.risk, strict=True):
        if round(coverage * len(sure)) >= min(STEADY, len(sure)) and found <= risk:
            best = (coverage, found)
    if best is None:
        return 1.01, 0.0, 0.0
    n = round(best[0] * len(sure))
    below = order[n] if n < len(order) else 0.0
    return float((order[n - 1] + below) / 2), best[0], best[1]


def isotonic(raw: Floats, right: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Knots of the rising step function nearest to the outcomes (pool adjacent violators, Ayer et al. 1955), drawn
    through the middle of its steps; never quite 0 or 1."""
    order = np.argsort(raw, kind="stable")
    blocks: list[list[float]] = []  # mean outcome, count, mean raw
    for index in order:
        blocks.append([float(right[index]), 1.0, float(raw[index])])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value, count, at = blocks.pop()
            total = blocks[-1][1] + count
            blocks[-1][0] = (blocks[-1][0] * blocks[-1][1] + value * count) / total
            blocks[-1][2] = (blocks[-1][2] * blocks[-1][1] + at * count) / total
            blocks[-1][1] = total
    knots = [
        (at, (value * count + 0.5) / (count + 1)) for value, count, at in blocks
    ]  # drawn to 1/2 by half a question
    rising = np.maximum.accumulate([value for _, value in knots])
    return tuple((at, float(value)) for (at, _), value in zip(knots, rising, strict=True))


def logistic(features: Floats, labels: NDArray[np.bool_], ridge: float) -> tuple[Floats, float]:
    """Ridge-penalised logistic regression by Newton's method on standardised columns; returns raw weights and bias.

    A column that hardly varies is not blown up (:data:`LEAST_SPREAD`): a weight learnt from a few odd rows would rule
    over every row that differs, such as the header's words where the questions were hardly about tables.
    """
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SPREAD)
    design = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    penalty = np.diag([ridge] * features.shape[1] + [1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = _sigmoid(design @ weights)
        gradient = design.T @ (chance - labels) + penalty @ weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    raw = weights[:-1] / scale
    return raw, float(weights[-1] - raw @ mean)


def _units(cases: Sequence[Case]) -> tuple[Floats, float]:
    """From questions whose gold was retrieved, and unanswerable ones: what was not found teaches nothing."""
    used = [case for case in cases if len(case.labels) and (case.labels.any() or not case.question.answerable)]
    return logistic(np.vstack([case.features.units for case in used]), np.concatenate([c.labels for c in used]), RIDGE)


def _kept(before: Calibration | None) -> tuple[Floats, float]:
    assert before is not None and len(before.weights) == len(FEATURES)  # noqa: S101 - the caller decides on it
    return before.weights, before.bias


def _out_of_fold_isotonic(raw: Floats, right: NDArray[np.bool_], parts: Sequence[Sequence[int]]) -> Floats:
    sure = np.zeros_like(raw)
    for part in parts:
        outside = np.setdiff1d(np.arange(len(raw)), part)
        places, values = zip(*isotonic(raw[outside], right[outside]), strict=True)
        sure[part] = np.interp(raw[part], places, values)
    return sure


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))))


def describe(fitted: Fitted) -> Mapping[str, float]:
    """The figures a person wants to see."""
    return {
        "questions": fitted.n, "right if never refused": round(fitted.right, 4),
        "calibration error": round(fitted.error, 4),
        "answer from": round(fitted.calibration.answer, 4), "weak from": round(fitted.calibration.weak, 4),
        "coverage": round(fitted.coverage, 4), "risk": round(fitted.risk, 4),
    }  # fmt: skip
