"""Intervals hold what they promise, tests are what their definitions say."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.evaluation.statistics import (
    Floats,
    detectable_difference,
    holm,
    interval,
    interval_of,
    paired_difference,
    paired_test,
    questions_needed,
    sign_flip_test,
    spread,
    student,
    unseen_spread,
)

# -- intervals ---------------------------------------------------------------------------------------------------------


def coverage_of_shares(n: int, chance: float) -> float:
    """How often the interval of 0/1 values holds ``chance``: over every sample there can be, with its probability."""
    inside = 0.0
    for ones in range(n + 1):
        found = interval([1.0] * ones + [0.0] * (n - ones))
        inside += math.comb(n, ones) * chance**ones * (1 - chance) ** (n - ones) * (found.low <= chance <= found.high)
    return inside


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("chance", [0.5, 0.7, 0.8, 0.9, 0.95])
def test_intervals_of_shares_hold_the_truth_in_93_to_97_of_100_samples(n: int, chance: float) -> None:
    assert 0.93 <= round(coverage_of_shares(n, chance), 3) <= 0.97


@pytest.mark.parametrize(("zeros", "ones"), [(0.05, 0.75), (0.15, 0.35), (0.7, 0.08)])
def test_intervals_of_values_like_ndcg_hold_the_truth(zeros: float, ones: float) -> None:
    random = np.random.default_rng(7)
    between = 1 / np.log2(np.arange(2, 11) + 1)
    true = ones + (1 - zeros - ones) * between.mean()
    inside, samples = 0, 400
    for _ in range(samples):
        place = random.random(50)
        values = np.where(place < zeros, 0.0, np.where(place < zeros + ones, 1.0, random.choice(between, 50)))
        found = interval(values.tolist())
        inside += found.low <= true <= found.high
    assert 0.915 <= inside / samples <= 0.985  # 93 to 97 % and what 400 samples can be off: one standard error is 1.1


def test_a_share_has_wilsons_interval() -> None:
    found = interval([1.0] * 8 + [0.0] * 2)
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == (pytest.approx(0.4901625), pytest.approx(0.9433178))  # Wilson 1927, eq. 5


def test_equal_values_do_not_make_an_interval_of_width_zero() -> None:
    assert interval([1.0] * 50).low < 0.95
    assert interval([1.0] * 50).high == 1.0
    assert interval([0.0] * 50).low == 0.0
    tenth = interval([0.1] * 50)
    assert tenth.low < 0.1 < tenth.high < 0.2


def test_more_questions_make_narrower_intervals() -> None:
    values = [0.0, 0.5, 1.0, 0.63, 1.0] * 10
    few, many = interval(values), interval(values * 10)
    assert 2.5 < (few.high - few.low) / (many.high - many.low) < 4


def test_one_value_and_no_value() -> None:
    assert interval([0.3]) == (type(interval([]))(0.3, 0.0, 1.0, 1))
    nothing = interval([])
    assert (nothing.n, nothing.low, nothing.high) == (0, 0.0, 1.0)
    assert json.dumps(nothing.to_json())


def test_values_beyond_the_unit_range_get_an_interval_around_their_mean() -> None:
    words = [12.0, 15, 9, 30, 22, 18, 11]
    found = interval(words)
    assert 9 < found.low < found.value < found.high < 30
    assert found.value == pytest.approx(np.mean(words))
    assert interval([12.0]).low == interval([12.0]).high == 12.0


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_value_that_is_no_number_names_its_question(wrong: float) -> None:
    with pytest.raises(DataError, match=r"question 'q2'"):
        interval([1.0, wrong, 0.0], ["q1", "q2", "q3"])
    with pytest.raises(DataError, match="value 2 of 3"):
        interval([1.0, wrong, 0.0])
    with pytest.raises(DataError, match="not a number"):
        interval_of(3, lambda chosen: wrong)


def test_the_same_values_give_the_same_figures_and_their_order_matters_little() -> None:
    values = np.random.default_rng(1).random(300)
    assert interval(values.tolist()) == interval(values.tolist())
    other = interval(values[::-1].tolist())
    assert other.low == pytest.approx(interval(values.tolist()).low, abs=0.003)


def test_thirty_metrics_of_a_thousand_questions_take_about_a_second() -> None:
    values = np.random.default_rng(2).random((30, 1000))
    started = time.process_time()
    for row in values:
        interval(row.tolist())
    assert time.process_time() - started < 4  # 0.5 s on an idle machine


def test_very_many_values_agree_with_the_bootstrap_of_fewer() -> None:
    values = np.random.default_rng(3).beta(2, 1, 20_000)
    large, small = interval(values.tolist()), interval(values[:5000].tolist())
    assert large.high - large.low == pytest.approx((small.high - small.low) / 2, rel=0.08)
    assert large.low < large.value < large.high


def test_a_statistic_of_the_whole_sample() -> None:
    values = np.random.default_rng(4).random(200)
    median = interval_of(200, lambda chosen: float(np.median(values[chosen])))
    assert median.value == pytest.approx(float(np.median(values)))
    assert median.low < median.value < median.high
    assert 0.08 < median.high - median.low < 0.25
    assert interval_of(1, lambda chosen: 0.4).to_json() == {"value": 0.4, "low": 0.0, "high": 1.0, "n": 1}
    assert interval_of(0, lambda chosen: math.nan).n == 0
    assert interval_of(1, lambda chosen: 4.0).high == 4.0


def test_a_calibration_error_that_is_all_noise_reaches_down_to_nought() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(20):
        sure = random.beta(2, 1.2, 200)
        right = random.random(200) < sure  # calibrated: the true error is 0

        def error(chosen: np.ndarray, sure: np.ndarray = sure, right: np.ndarray = right) -> float:
            places = np.ceil(sure[chosen] * 10).astype(int)
            return float(np.abs(np.bincount(places, right[chosen] - sure[chosen], 11)).sum() / 200)

        held += interval_of(200, error).low < 0.005
    assert held >= 14


def test_paired_differences_are_judged_pair_by_pair() -> None:
    before = np.random.default_rng(6).random(100) * 0.9
    found = paired_difference((before + 0.05).tolist(), before.tolist())
    assert found.value == pytest.approx(0.05)
    assert -0.01 < found.low < 0.05 < found.high < 0.1
    same = paired_difference(before.tolist(), before.tolist())
    assert same.low < 0 < same.high
    assert same.high < 0.05
    with pytest.raises(DataError, match="2 values cannot be compared in pairs with 1"):
        paired_difference([1.0, 0.0], [1.0])


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (19, 2.0930), (30, 2.0423), (199, 1.9720)]
)
def test_quantiles_of_students_t(freedom: int, expected: float) -> None:
    assert student(0.975, freedom) == pytest.approx(expected, abs=2e-4)
    assert student(0.025, freedom) == pytest.approx(-expected, abs=2e-4)


# -- tests -------------------------------------------------------------------------------------------------------------


def mid_p(differences: list[float], lower: bool) -> float:
    """The definition, spelled out over all signs."""
    seen, worse = sum(differences), 0.0
    for signs in itertools.product((1, -1), repeat=len(differences)):
        total = sum(sign * each for sign, each in zip(signs, differences, strict=True))
        away = seen - total if lower else abs(total) - abs(seen)
        worse += 1.0 if away > 1e-9 else 0.5 if abs(away) <= 1e-9 else 0.0
    return worse / 2 ** len(differences)


def one_side(differences: Sequence[float] | Floats) -> float:
    """The p value of a mean below 0."""
    return float(sign_flip_test(np.asarray(differences)[:, None], lower=True)[0])


@pytest.mark.parametrize(
    "differences", [[1.0, 1, 1, 1, -1], [0.2, -0.1, 0.4, 0.3], [0.5, 0.5, -0.25, 0.25, 0.1, 0.9], [-1.0] * 6]
)
def test_few_pairs_get_the_exact_p_value(differences: list[float]) -> None:
    zeros = [0.0] * len(differences)
    assert paired_test(differences, zeros) == pytest.approx(mid_p(differences, lower=False))
    assert one_side(differences) == pytest.approx(mid_p(differences, lower=True))


def test_many_pairs_agree_with_the_exact_p_value() -> None:
    differences = np.round(np.random.default_rng(8).normal(0.12, 0.3, 17), 2)
    sampled = float(sign_flip_test(differences[:, None])[0])
    assert sampled == pytest.approx(mid_p(differences.tolist(), lower=False), abs=0.012)


def test_no_difference_is_p_1_and_a_sampled_p_is_never_0() -> None:
    assert paired_test([0.5, 0.7], [0.5, 0.7]) == 1.0
    ones = (np.random.default_rng(9).random(200) * 0.1 + 0.5).tolist()
    assert paired_test(ones, [0.0] * 200) == pytest.approx(1 / 10_001)


def test_thousands_of_pairs_do_not_overflow() -> None:
    assert paired_test([1.0] * 2100 + [0.0] * 1900, [0.0] * 2100 + [1.0] * 1900) == pytest.approx(0.0016, abs=2e-4)


def test_questions_without_the_metric_change_nothing() -> None:
    values = np.random.default_rng(10).normal(0.05, 0.2, (30, 1))
    padded = np.vstack([values, np.zeros((20, 1))])
    assert sign_flip_test(padded) == pytest.approx(sign_flip_test(values))


def test_false_alarms_are_five_in_a_hundred() -> None:
    differences = np.random.default_rng(11).normal(0, 0.3, (60, 1000))
    assert 0.035 <= float((sign_flip_test(differences) <= 0.05).mean()) <= 0.065
    shares = np.random.default_rng(12).choice([-1.0, 0.0, 1.0], (200, 1000), p=[0.06, 0.88, 0.06])
    assert 0.03 <= float((sign_flip_test(shares, lower=True) <= 0.05).mean()) <= 0.065


def test_one_side_looks_down_only_and_a_margin_is_put_up_with() -> None:
    worse = np.array([-1.0] * 8 + [0.0] * 12)
    assert one_side(worse) < 0.01
    assert one_side(-worse) > 0.99
    assert one_side(worse + 0.5) > 0.5


def test_holm_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.5, "b": 0.6}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_holm_with_weights_gives_each_its_share() -> None:
    found = holm({"main": 0.02, "one": 0.02, "two": 0.5}, {"main": 0.5, "one": 0.25, "two": 0.25})
    assert found == pytest.approx({"main": 0.04, "one": 0.04, "two": 0.5})
    equal = {"a": 0.01, "b": 0.04, "c": 0.03}
    assert holm(equal, dict.fromkeys(equal, 0.2)) == pytest.approx(holm(equal))


# -- planning ----------------------------------------------------------------------------------------------------------


def test_questions_needed_is_the_textbook_formula() -> None:
    assert questions_needed(0.05, 0.3) == math.ceil(((1.959964 + 0.841621) * 0.3 / 0.05) ** 2)
    assert questions_needed(-0.05, 0.3) == questions_needed(0.05, 0.3)
    assert questions_needed(0.05, 0.3, one_sided=True) < questions_needed(0.05, 0.3)
    assert questions_needed(0, 0.3) == 0
    assert questions_needed(1, 0) == 5


def test_a_detectable_difference_needs_just_so_many_questions() -> None:
    assert questions_needed(detectable_difference(200, 0.3), 0.3) == pytest.approx(200, abs=1)
    assert detectable_difference(3, 0.3) == 1.0
    assert unseen_spread(300) == pytest.approx(0.1)
    assert spread([1.0, 0.0, 1.0], [0.0, 0.0, 1.0]) == pytest.approx(math.sqrt(1 / 3))


def test_the_promised_power_is_there() -> None:
    random = np.random.default_rng(13)
    n = questions_needed(0.1, 0.4)
    differences = random.normal(0.1, 0.4, (n, 300))
    assert 0.72 <= float((sign_flip_test(differences) <= 0.05).mean()) <= 0.88
