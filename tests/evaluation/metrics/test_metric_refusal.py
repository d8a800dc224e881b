"""Coverage, risk and calibration: ties, orders, ends, and what cannot be measured."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.evaluation.metrics.refusal import calibration, coverage_risk


def test_a_curve_worked_out_by_hand():
    found = coverage_risk([0.9, 0.8, 0.3, 0.2], [True, False, True, False])
    assert found.coverage == (0.25, 0.5, 0.75, 1.0)
    assert found.risk == pytest.approx((0, 1 / 2, 1 / 3, 1 / 2))
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_enter_together_whatever_their_order():
    sure, right = [0.9, 0.5, 0.5, 0.5, 0.1], [True, True, False, False, True]
    first = coverage_risk(sure, right)
    assert first.coverage == pytest.approx((0.2, 0.8, 1.0)) and first.risk == pytest.approx((0, 0.5, 0.4))
    pairs = list(zip(sure, right, strict=True))
    for seed in range(20):
        random.Random(seed).shuffle(pairs)
        assert coverage_risk(*zip(*pairs, strict=True)) == first


def test_confidence_that_tells_nothing_has_the_area_of_the_error_rate():
    assert coverage_risk([0.5] * 10, [True] * 7 + [False] * 3).area == pytest.approx(0.3)


def test_a_better_order_has_a_smaller_area():
    right = [True] * 6 + [False] * 4
    best = coverage_risk(np.linspace(1, 0, 10), right).area
    worst = coverage_risk(np.linspace(0, 1, 10), right).area
    assert best < 0.4 < worst
    assert coverage_risk([0.3, 0.4], [True, True]).area == 0


def test_confidence_that_means_what_it_says_has_no_error():
    found = calibration([0.25] * 4 + [0.75] * 4, [True, False, False, False, True, True, True, False])
    assert found.error == pytest.approx(0)
    assert found.count == (4, 4) and found.accuracy == (0.25, 0.75) and found.confidence == (0.25, 0.75)
    assert calibration([1.0, 1.0], [False, False]).error == 1


def test_the_edges_of_bins_lose_no_question():
    edges = [each / 10 for each in range(11)]
    found = calibration(edges, [True] * 11)
    assert sum(found.count) == 11 and found.count == (2, *[1] * 9)  # 0 and 0.1 share the first bin
    assert calibration([0.3], [True], bins=1).count == (1,)


@pytest.mark.parametrize("measure", [coverage_risk, calibration])
def test_what_cannot_be_measured_is_said(measure):
    with pytest.raises(DataError, match="no question to measure"):
        measure([], [])
    with pytest.raises(DataError, match="2 confidences and 1 verdicts"):
        measure([0.1, 0.2], [True])
    with pytest.raises(DataError, match="confidence 2 is not a number"):
        measure([0.1, math.nan], [True, False])


def test_calibration_needs_probabilities():
    with pytest.raises(DataError, match=r"from 0\.5 to 3"):
        calibration([0.5, 3.0], [True, False])
    with pytest.raises(DataError, match="bins is 0"):
        calibration([0.5], [True], bins=0)
