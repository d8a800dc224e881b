"""How well a system knows what it knows: the coverage–risk curve with its area, and the calibration of confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citewell.errors import DataError

BINS = 10
"""Equal-width bins of the calibration error. Guo et al. 2017 use 15 for 10,000 samples; sets of questions are small."""


@dataclass(frozen=True, slots=True)
class CoverageRisk:
    """The share answered and the share of those that is wrong, for each confidence a threshold could lie at.

    coverage: rising, ends at 1. risk: at that coverage. area: under the curve, in [0, 1]; lower is better.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Mean confidence, share correct and count of each bin that holds a question, from the least sure to the surest.

    error: the expected calibration error, in [0, 1].
    """

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    count: tuple[int, ...]
    error: float


def coverage_risk(confidences: Sequence[float], correct: Sequence[bool]) -> CoverageRisk:
    """The curve of answering only the surest questions first.

    No threshold tells equal confidences apart, so they enter together. The area is the mean of the selective risk over
    all questions, each taken at the coverage at which it enters (AURC: Geifman & El-Yaniv 2017 for the curve; Geifman,
    Uziel & El-Yaniv 2019 for the area); it does not depend on the order in which equal confidences stand.
    """
    sure, right = _checked(confidences, correct)
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], ~right[order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) + 1  # how many are answered at each threshold
    risk = np.cumsum(wrong)[ends - 1] / ends
    entered = np.diff(ends, prepend=0)
    area = float(np.sum(risk * entered) / len(sure))
    return CoverageRisk(tuple((ends / len(sure)).tolist()), tuple(risk.tolist()), area)


def calibration(confidences: Sequence[float], correct: Sequence[bool], bins: int = BINS) -> CalibrationCurve:
    """Confidence beside accuracy in ``bins`` equal-width bins, open below and closed above (Guo et al. 2017, eq. 3–5).

    A confidence of exactly 0 belongs to the first bin, so that no question is lost.
    """
    if bins < 1:
        raise DataError(f"bins is {bins}. Expected 1 or more.")
    sure, right = _checked(confidences, correct)
    if sure.min() < 0 or sure.max() > 1:
        raise DataError(f"confidences go from {sure.min():g} to {sure.max():g}. Expected probabilities, from 0 to 1.")
    bin_of = np.maximum(np.digitize(sure, np.linspace(0, 1, bins + 1), right=True), 1)
    filled = np.unique(bin_of)
    count = np.array([np.sum(bin_of == each) for each in filled])
    confidence = np.array([sure[bin_of == each].mean() for each in filled])
    accuracy = np.array([right[bin_of == each].mean() for each in filled])
    error = float(np.sum(count * np.abs(accuracy - confidence)) / len(sure))
    return CalibrationCurve(
        tuple(confidence.tolist()), tuple(accuracy.tolist()), tuple(int(each) for each in count), error
    )


def _checked(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    sure, right = np.asarray(confidences, np.float64), np.asarray(correct, np.bool_)
    if sure.shape != right.shape or sure.ndim != 1:
        raise DataError(
            f"there are {sure.size} confidences and {right.size} verdicts. Expected one of each per question."
        )
    if not sure.size:
        raise DataError("there is no question to measure. Expected at least one confidence.")
    if not np.isfinite(sure).all():
        raise DataError(f"confidence {int(np.flatnonzero(~np.isfinite(sure))[0]) + 1} is not a number.")
    return sure, right
