"""A calibration of a collection's own: fitted on its questions, put to use as a model set, undone by a rollback.

What is fitted, and on what, is :mod:`citewell.learning.calibration`; this finds the models, and puts the result in its
place. The collection can be asked all the while. The reader stays the one in use.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.answering.calibration import Calibration, RiskPoint
from citewell.answering.loaded import reader_of
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.errors import DataError, SettingsError, UserError
from citewell.evaluation.metrics.refusal import coverage_risk
from citewell.evaluation.report.charts import Mark, Point, curve
from citewell.evaluation.report.scales import Axis, percent
from citewell.learning.calibration import (
    TARGET_RISK,
    Case,
    Fitted,
    Progress,
    check_enough,
    collect,
    describe,
    fit,
)
from citewell.learning.curves import as_file
from citewell.models.modelset import MODELS, load_model_set, read_current
from citewell.models.switching import compose, use
from citewell.records import Json

if TYPE_CHECKING:
    from citewell.access import Scope
    from citewell.evaluation.questions import QuestionSet
    from citewell.models.modelset import ModelSet
    from citewell.store import Store

NAME = "calibrated"
"""What such a model set is called; its id tells two apart."""

TOLD = 10  # points of the curve that a person is shown


@dataclass(frozen=True, slots=True)
class OwnCalibration:
    """What was fitted and is now in use. model_set: its id. refitted: the weights of units are new, too; with few
    answerable questions only confidence and thresholds are."""

    fitted: Fitted
    model_set: str
    refitted: bool

    def to_json(self) -> Json:
        fitted = self.fitted
        return {
            "model_set": self.model_set, "questions": fitted.n, "right_if_never_refused": round(fitted.right, 4),
            "calibration_error": round(fitted.error, 4), "units_refitted": self.refitted,
            "target_risk": fitted.calibration.target_risk, "answer_from": round(fitted.calibration.answer, 4),
            "weak_from": round(fitted.calibration.weak, 4), "coverage": round(fitted.coverage, 4),
            "risk": round(fitted.risk, 4),
            "curve": [
                {name: round(getattr(each, name), 4) for name in ("threshold", "coverage", "risk")}
                for each in told_points(fitted)
            ],
        }  # fmt: skip


def learn_calibration(
    store: Store, questions: QuestionSet, scope: Scope, *, target_risk: float = TARGET_RISK,
    progress: Progress | None = None,
) -> OwnCalibration:  # fmt: skip
    """Reads every question of the set in the collection, fits, and puts the result to use.

    target_risk: the share of wrong ones among plain answers that is to be kept. Raises DataError when the questions do
    not allow a calibration; then nothing is changed.
    """
    if not 0 < target_risk < 1:
        raise SettingsError(f"The target risk is {target_risk:g}. Expected a share between 0 and 1, such as 0.1.")
    check_enough(len(questions.questions))
    folder = store.root / MODELS
    current, models = read_current(folder), load_model_set(folder)
    before = _before(models)
    cases = collect(store, questions, scope, reader=reader_of(models), progress=progress)
    fitted = fit(cases, before, target_risk=target_risk)
    if max(fitted.confidences) < fitted.calibration.weak:
        raise DataError(
            f"None of the answers to these {fitted.n:,} questions is likely enough to be right to be shown (the "
            f"chance is below {percent(fitted.calibration.weak)}): "
            f"{percent(fitted.right)} are right if none is refused. "
            "Nothing was changed. Find out why they are wrong:  citewell diagnose"
        )
    refitted = before is None or fitted.calibration.weights is not before.weights
    with tempfile.TemporaryDirectory(prefix="citewell-") as place, store.writing() as held:
        if read_current(folder) != current:
            raise UserError(
                "Another model set was put to use while the questions were read, and the calibration belongs to the "
                "one before. Nothing was changed. Run the same command again."
            )
        made = Path(place) / NAME
        compose(folder, made, NAME, {}, calibration=_record(fitted, questions, cases, reader_of(models).identity))
        used = use(held.root / MODELS, made)
    return OwnCalibration(fitted, used.id, refitted)


def _before(models: ModelSet) -> Calibration | None:
    """The calibration in use; ``None`` when there is none that fits this release."""
    stored = models.calibration or load_model_set(None).calibration
    try:
        return Calibration.from_json(stored, FEATURES, CONFIDENCE_FEATURES)
    except UserError:
        return None


def _record(fitted: Fitted, questions: QuestionSet, cases: Sequence[Case], reader: str) -> Json:
    return {
        **fitted.calibration.to_json(FEATURES, CONFIDENCE_FEATURES),
        "figures": dict(describe(fitted)),
        "training": {
            "command": "citewell learn calibration", "date": datetime.now(UTC).date().isoformat(), "reader": reader,
            "questions": {
                questions.name: {
                    "answerable": sum(case.question.answerable for case in cases), "of": len(cases),
                    "identity": questions.identity,
                }
            },
        },
    }  # fmt: skip


# -- what a person sees of it ------------------------------------------------------------------------------------------


def told_points(fitted: Fitted) -> list[RiskPoint]:
    """Points of the curve about evenly far apart, from few questions answered to all; the fit's, not the rounded."""
    found = coverage_risk(fitted.confidences, fitted.correct)
    order = sorted(fitted.confidences, reverse=True)
    points, reached = list[RiskPoint](), 0.0
    for coverage, risk in zip(found.coverage, found.risk, strict=True):
        if coverage >= reached + 1 / TOLD - 1e-9 or coverage == 1.0:
            points.append(RiskPoint(order[round(coverage * len(order)) - 1], coverage, risk))
            reached = coverage
    return points


def draw_risk(fitted: Fitted) -> str:
    """The curve as an SVG file of its own."""
    found = coverage_risk(fitted.confidences, fitted.correct)
    points = [Point(x, y) for x, y in zip(found.coverage, found.risk, strict=True)]
    now = f"answered plainly: {percent(fitted.coverage)}, {percent(fitted.risk)} of these wrong"
    marks = [Mark(fitted.coverage, fitted.risk, now)] if fitted.coverage else []
    highest = max(point.y for point in points)
    top = next(end for end in (0.1, 0.2, 0.4, 0.6, 1.0) if highest <= end)
    about = f"Share of wrong answers against share of questions answered, on {fitted.n:,} held-out questions. {now}."
    return as_file(curve(
        "coverage-risk", "If it answered only when it is sure", about, points, Axis("questions answered"),
        Axis("wrong among the answered", 0.0, top), step=True, marks=marks,
    ))  # fmt: skip
