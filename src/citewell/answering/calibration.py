"""What was fitted to judge answers: weights of units, confidence, and the thresholds that a wanted risk gives.

It is stored with the model set it was fitted for. ``learning/calibration.py`` fits it; this is its form, and its use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from citewell.errors import UserError
from citewell.records import Json

Floats = NDArray[np.float64]
Grade = Literal["answer", "weak", "refusal"]

FORMAT = 2


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """At this threshold: the share of the questions that is answered, and the share of those that is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted models. weights and bias: of :data:`read.FEATURES`; confidence_weights and confidence_bias: of
    :data:`read.CONFIDENCE_FEATURES`.

    knots: pairs (raw confidence, calibrated) between which confidence is drawn straight; none: it stays as it is.
    answer: calibrated confidence from which an answer is given plainly. weak: from which it is given as weak; below, it
    is refused. target_risk: the share of wrong ones among plain answers that ``answer`` was chosen for. curve: what
    other thresholds give, on n held-out questions.
    """

    weights: Floats
    bias: float
    confidence_weights: Floats
    confidence_bias: float
    answer: float
    weak: float
    target_risk: float = 0.1
    knots: tuple[tuple[float, float], ...] = ()
    curve: tuple[RiskPoint, ...] = ()
    n: int = 0

    def unit_logits(self, units: Floats) -> Floats:
        """(n, FEATURES) to (n,): log odds that each unit holds the answer."""
        return np.asarray(units @ self.weights + self.bias)

    def confidence(self, features: Floats) -> float:
        """(CONFIDENCE_FEATURES,) to the calibrated probability in [0, 1] that the answer shown is right."""
        return self.calibrated(self.raw_confidence(features))

    def raw_confidence(self, features: Floats) -> float:
        judged = float(features @ self.confidence_weights + self.confidence_bias)
        return 1 / (1 + float(np.exp(-np.clip(judged, -50, 50))))

    def calibrated(self, raw: float) -> float:
        if not self.knots:
            return raw
        places, values = zip(*self.knots, strict=True)
        return float(np.interp(raw, places, values))

    def grade(self, confidence: float) -> Grade:
        if confidence >= self.answer:
            return "answer"
        return "weak" if confidence >= self.weak else "refusal"

    def to_json(self, features: tuple[str, ...], confidence_features: tuple[str, ...]) -> Json:
        """The names make sure that weights are never given to other features than they were fitted on."""
        return {
            "format": FORMAT,
            "units": {"weights": _named(features, self.weights), "bias": round(self.bias, 5)},
            "confidence": {
                "weights": _named(confidence_features, self.confidence_weights), "bias": round(self.confidence_bias, 5),
                "knots": [[round(raw, 5), round(value, 5)] for raw, value in self.knots],
            },
            "thresholds": {
                "answer": round(self.answer, 4), "weak": round(self.weak, 4), "target_risk": self.target_risk,
            },
            "n": self.n,
            "curve": [[round(p.threshold, 4), round(p.coverage, 4), round(p.risk, 4)] for p in self.curve],
        }  # fmt: skip

    @staticmethod
    def from_json(
        data: Mapping[str, Any], features: tuple[str, ...], confidence_features: tuple[str, ...]
    ) -> Calibration:
        """Raises UserError when it was fitted for another release."""
        try:
            if data["format"] != FORMAT:
                raise KeyError(f"format {data['format']}")
            return Calibration(
                weights=_in_order(data["units"]["weights"], features), bias=float(data["units"]["bias"]),
                confidence_weights=_in_order(data["confidence"]["weights"], confidence_features),
                confidence_bias=float(data["confidence"]["bias"]),
                answer=float(data["thresholds"]["answer"]), weak=float(data["thresholds"]["weak"]),
                target_risk=float(data["thresholds"]["target_risk"]),
                knots=tuple((float(raw), float(value)) for raw, value in data["confidence"]["knots"]),
                curve=tuple(RiskPoint(*map(float, point)) for point in data["curve"]), n=int(data["n"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"The calibration of this model set does not fit this release (found {error}; expected format {FORMAT}"
                "). Fit it again:  citewell learn calibration SET"
            ) from None


def _named(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return dict(zip(names, (round(float(value), 5) for value in values), strict=True))


def _in_order(weights: Mapping[str, float], names: tuple[str, ...]) -> Floats:
    if set(weights) != set(names):
        raise KeyError(f"the features {', '.join(sorted(set(weights) ^ set(names)))}")
    return np.asarray([float(weights[name]) for name in names])
