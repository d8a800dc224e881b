"""The calibration as a value: kept in JSON, tied to its features, graded by its thresholds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citewell.answering.calibration import Calibration, RiskPoint
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.errors import UserError
from tests.fakes import make_calibration

FITTED = replace(
    make_calibration({"coverage": 2.5, "odds": -0.125}, {"logit": 1.5, "missing_identifier": -2.0}),
    bias=-1.25, confidence_bias=0.5, target_risk=0.05, n=1234,
    knots=((0.1, 0.05), (0.5, 0.4), (0.9, 0.95)), curve=(RiskPoint(0.0, 1.0, 0.25), RiskPoint(0.5, 0.75, 0.125)),
)  # fmt: skip


def stored() -> dict[str, Any]:
    return json.loads(json.dumps(FITTED.to_json(FEATURES, CONFIDENCE_FEATURES)))


def restored(data: dict[str, Any]) -> Calibration:
    return Calibration.from_json(data, FEATURES, CONFIDENCE_FEATURES)


def test_it_comes_back_from_json_as_it_was() -> None:
    found = restored(stored())
    np.testing.assert_array_equal(found.weights, FITTED.weights)
    np.testing.assert_array_equal(found.confidence_weights, FITTED.confidence_weights)
    for name in ("bias", "confidence_bias", "answer", "weak", "target_risk", "knots", "curve", "n"):
        assert getattr(found, name) == getattr(FITTED, name), name
    assert found.to_json(FEATURES, CONFIDENCE_FEATURES) == stored()


def test_weights_go_to_their_features_by_name_whatever_the_order() -> None:
    data = stored()
    data["units"]["weights"] = dict(reversed(data["units"]["weights"].items()))
    np.testing.assert_array_equal(restored(data).weights, FITTED.weights)


def test_weights_of_other_features_are_refused() -> None:
    data = stored()
    data["units"]["weights"]["charm"] = data["units"]["weights"].pop("echo")
    with pytest.raises(UserError, match=r"the features charm, echo.+citewell learn calibration SET"):
        restored(data)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.clear(), "format"),
        (lambda data: data.update(format=1), "found 'format 1'; expected format 2"),
        (lambda data: data.pop("thresholds"), "thresholds"),
        (lambda data: data["thresholds"].pop("weak"), "weak"),
        (lambda data: data["units"].update(bias="much"), "much"),
        (lambda data: data["units"]["weights"].update(odds=None), "does not fit this release"),
        (lambda data: data["confidence"].update(knots=[[0.1]]), "does not fit this release"),
        (lambda data: data.update(curve=[[0.1, 0.2]]), "does not fit this release"),
        (lambda data: data["confidence"].update(knots=None), "does not fit this release"),
    ],
)
def test_what_is_no_calibration_of_this_release_is_refused_with_advice(change: Any, told: str) -> None:
    data = stored()
    change(data)
    with pytest.raises(UserError, match="does not fit this release") as refused:
        restored(data)
    assert told in str(refused.value)
    assert "citewell learn calibration SET" in str(refused.value)


def test_the_thresholds_grade_and_belong_to_the_better_grade() -> None:
    assert [FITTED.grade(each) for each in (0.0, 0.399, 0.4, 0.699, 0.7, 1.0)] == [
        "refusal", "refusal", "weak", "weak", "answer", "answer",
    ]  # fmt: skip
    never = replace(FITTED, answer=1.01, weak=1.01)
    assert never.grade(1.0) == "refusal"
    always = replace(FITTED, answer=0.0, weak=0.0)
    assert always.grade(0.0) == "answer"


def test_between_knots_confidence_is_drawn_straight_and_beyond_them_it_stays() -> None:
    assert [FITTED.calibrated(raw) for raw in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)] == pytest.approx(
        [0.05, 0.05, 0.225, 0.4, 0.675, 0.95, 0.95]
    )
    assert replace(FITTED, knots=()).calibrated(0.3) == 0.3


def test_confidence_is_a_probability_whatever_the_features() -> None:
    plain = replace(FITTED, knots=())
    zero = np.zeros(len(CONFIDENCE_FEATURES))
    assert plain.confidence(zero) == pytest.approx(1 / (1 + np.exp(-0.5)))
    logit = zero.copy()
    for value, least, most in ((1e9, 0.999, 1.0), (-1e9, 0.0, 0.001)):
        logit[CONFIDENCE_FEATURES.index("logit")] = value
        assert least <= plain.confidence(logit) <= most


def test_unit_logits_are_weights_times_features() -> None:
    units = np.zeros((2, len(FEATURES)))
    units[1, FEATURES.index("coverage")], units[1, FEATURES.index("odds")] = 1.0, 4.0
    np.testing.assert_allclose(FITTED.unit_logits(units), [-1.25, 2.5 - 0.5 - 1.25])
