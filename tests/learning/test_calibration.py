"""What is fitted to judge answers: the small procedures by hand, the whole on cases of which the right is known."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.fakes import make_calibration

from citewell.answering.calibration import Calibration
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES, Features
from citewell.errors import DataError
from citewell.evaluation.questions import Question
from citewell.learning.calibration import (
    FEWEST,
    FEWEST_UNITS,
    ISOTONIC_FROM,
    Case,
    describe,
    fit,
    isotonic,
    logistic,
    threshold_for,
)
from citewell.learning.own_calibration import draw_risk, told_points
from citewell.records import Hit, Passage

# -- isotonic regression -----------------------------------------------------------------------------------------------


def test_isotonic_by_hand() -> None:
    """Outcomes 0 1 0 1: the two in the middle fall, so they are pooled. Each step is drawn to 1/2 by half a case:
    (0 + 1/2) / 2, (1 + 1/2) / 3, (1 + 1/2) / 2."""
    knots = isotonic(np.asarray([0.4, 0.1, 0.3, 0.2]), np.asarray([True, False, False, True]))
    assert [at for at, _ in knots] == pytest.approx([0.1, 0.25, 0.4])
    assert [value for _, value in knots] == pytest.approx([0.25, 0.5, 0.75])


def test_pooling_goes_back_as_far_as_it_must() -> None:
    """1 1 0 0 0 1: the first five fall all the way, 2 of 5 are right."""
    knots = isotonic(np.arange(6) / 10, np.asarray([True, True, False, False, False, True]))
    assert [at for at, _ in knots] == pytest.approx([0.2, 0.5])
    assert [value for _, value in knots] == pytest.approx([2.5 / 6, 1.5 / 2])


def test_isotonic_rises_is_never_sure_and_keeps_the_order_of_its_places() -> None:
    generator = np.random.default_rng(3)
    for size in (1, 2, 50, 500):
        raw = generator.random(size).round(2)  # with ties
        right = generator.random(size) < raw
        places, values = zip(*isotonic(raw, right), strict=True)
        assert list(places) == sorted(places)
        assert list(values) == sorted(values)
        assert 0 < values[0] <= values[-1] < 1


def test_isotonic_puts_right_what_is_too_sure() -> None:
    generator = np.random.default_rng(4)
    truth = generator.random(4000)
    right = generator.random(4000) < truth
    places, values = zip(*isotonic(truth**0.25, right), strict=True)  # 0.5 is said to be 0.84
    mended = np.interp(truth**0.25, places, values)
    assert np.abs(mended - truth).mean() < 0.05 < np.abs(truth**0.25 - truth).mean()


# -- thresholds --------------------------------------------------------------------------------------------------------


def curve(*right: bool) -> tuple[np.ndarray, np.ndarray]:
    """So many questions, the surest first, a hundredth between any two."""
    return np.asarray([(99 - place) / 100 for place in range(len(right))]), np.asarray(right)


def test_the_threshold_is_the_lowest_that_keeps_the_risk() -> None:
    """30 right, then 10 wrong: with 3 of the wrong ones 3/33 are wrong, with 4 it is 4/34."""
    sure, right = curve(*[True] * 30, *[False] * 10)
    threshold, coverage, risk = threshold_for(sure, right, 0.1)
    assert (coverage, risk) == pytest.approx((33 / 40, 3 / 33))
    assert threshold == pytest.approx((sure[32] + sure[33]) / 2)
    assert (sure >= threshold).mean() == coverage


def test_a_higher_risk_lower_down_does_not_hide_a_low_one_further_on() -> None:
    sure, right = curve(*[False] * 3, *[True] * 37)
    threshold, coverage, risk = threshold_for(sure, right, 0.1)
    assert (coverage, risk) == pytest.approx((1.0, 3 / 40))
    assert threshold == pytest.approx(sure[-1] / 2)


def test_no_threshold_keeps_a_risk_that_is_never_reached() -> None:
    assert threshold_for(*curve(*[True, False] * 20), 0.1) == (1.01, 0.0, 0.0)
    assert threshold_for(*curve(*[False] * 30), 0.5) == (1.01, 0.0, 0.0)


def test_a_lucky_start_is_not_taken_for_a_low_risk() -> None:
    assert threshold_for(*curve(*[True] * 5, *[False] * 35), 0.1)[0] == 1.01


def test_equal_confidences_are_answered_together_or_not_at_all() -> None:
    sure, right = np.full(40, 0.6), np.asarray([True] * 30 + [False] * 10)
    assert threshold_for(sure, right, 0.1)[0] == 1.01
    threshold, coverage, risk = threshold_for(sure, right, 0.25)
    assert (coverage, risk) == (1.0, 0.25)
    assert threshold <= 0.6


# -- logistic regression -----------------------------------------------------------------------------------------------


def test_it_finds_the_direction_that_separates_and_stays_finite() -> None:
    generator = np.random.default_rng(0)
    columns = generator.normal(size=(400, 3))
    columns[:, 2] = 7.0  # says nothing
    labels = columns[:, 0] > 0
    weights, bias = logistic(columns, labels, ridge=3.0)
    assert np.isfinite([*weights, bias]).all()
    assert weights[0] > 2
    assert abs(weights[1]) < 0.2 * weights[0]
    assert abs(weights[2]) < 1e-3
    assert ((columns @ weights + bias > 0) == labels).mean() > 0.98


def test_more_ridge_is_less_sure() -> None:
    columns = np.random.default_rng(1).normal(size=(200, 2))
    weights = [logistic(columns, columns[:, 0] > 0, ridge)[0][0] for ridge in (0.1, 3.0, 100.0)]
    assert weights[0] > weights[1] > weights[2] > 0


def test_the_unit_of_a_feature_does_not_matter() -> None:
    generator = np.random.default_rng(2)
    columns = generator.normal(size=(300, 2))
    labels = generator.random(300) < 1 / (1 + np.exp(-columns[:, 0]))
    weights, bias = logistic(columns, labels, 1.0)
    other = columns * [1000, 1] + [5, 0]
    scaled, scaled_bias = logistic(other, labels, 1.0)
    np.testing.assert_allclose(columns @ weights + bias, other @ scaled + scaled_bias, atol=1e-5)


def test_without_anything_to_tell_by_it_says_how_often() -> None:
    labels = np.asarray([True] * 30 + [False] * 70)
    weights, bias = logistic(np.zeros((100, 1)), labels, 1.0)
    assert 1 / (1 + np.exp(-bias)) == pytest.approx(0.3, abs=1e-3)
    assert abs(weights[0]) < 1e-3


# -- the whole fit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known(Case):
    """A case whose answer is right or wrong as it was made, not as it is judged."""

    outcome: bool = False

    def right(self, logits: np.ndarray) -> bool:
        return self.outcome


def made_up(number: int, *, right: bool, noise: float = 0.0) -> Known:
    """Four units, one of them a gold; a right one reads much better than a wrong one, but for the noise."""
    generator = np.random.default_rng(number)
    units = generator.normal(size=(4, len(FEATURES))) * 0.1
    labels = np.asarray([True, False, False, False]) & right
    units[:, FEATURES.index("coverage")] += labels * 2.0
    units[:, FEATURES.index("odds")] += 2.0 * right + noise * generator.normal()
    text = "word " * 20
    hit = Hit(Passage(f"p{number}", "d", "v", "s", "/d.md", "t", text, (0, len(text))), 1.0, "fused")
    places = [(hit, (10 * each, 10 * each + 9)) for each in range(4)]
    features = Features(
        places, units, np.eye(4, dtype=np.float32), generator.random((4, 2)), [None] * 4, ["a", "b", "c", "d"]
    )
    question = Question(f"q{number}", "Why?", answerable=right)
    return Known(question, features, labels, (hit,), "anchored", lambda _name: None, 3, right)


def cases(count: int, share: float = 0.6, noise: float = 0.0) -> list[Known]:
    generator = np.random.default_rng(count)
    return [made_up(number, right=bool(generator.random() < share), noise=noise) for number in range(count)]


def test_what_can_be_told_is_told() -> None:
    fitted = fit(cases(120))
    assert fitted.n == fitted.calibration.n == len(fitted.confidences) == 120
    assert fitted.right == pytest.approx(np.mean(fitted.correct))
    assert fitted.risk <= 0.1
    assert fitted.coverage >= fitted.right, "everything that is right is answered"
    assert 0 < fitted.calibration.weak <= fitted.calibration.answer < 1
    assert fitted.calibration.weights[FEATURES.index("coverage")] == max(fitted.calibration.weights)
    assert fitted.calibration.knots == ()
    told = describe(fitted)
    assert told["questions"] == 120
    assert told["coverage"] == round(fitted.coverage, 4)


def test_its_figures_are_those_of_its_confidences() -> None:
    fitted = fit(cases(150, noise=2.0), target_risk=0.2)
    sure, right = np.asarray(fitted.confidences), np.asarray(fitted.correct)
    plain = sure >= fitted.calibration.answer
    assert plain.mean() == pytest.approx(fitted.coverage)
    assert 1 - right[plain].mean() == pytest.approx(fitted.risk)
    assert 0 < fitted.risk <= 0.2
    for point in fitted.calibration.curve:
        chosen = sure >= point.threshold
        assert chosen.mean() == pytest.approx(point.coverage)
        assert point.risk == (pytest.approx(1 - right[chosen].mean()) if chosen.any() else 0.0)
    points = told_points(fitted)
    assert points[-1].coverage == 1.0
    assert 2 <= len(points) <= 11
    for point in points:
        assert (sure >= point.threshold).mean() == pytest.approx(point.coverage)


@pytest.mark.parametrize("before", [None, make_calibration({"coverage": 3.0, "odds": 1.0})], ids=["anew", "kept"])
def test_whether_a_case_was_right_has_no_say_in_its_own_confidence(before: Calibration | None) -> None:
    """The same questions, but one answer was the opposite of what it was. Those of its own fold keep their confidence
    to the last bit, it among them; the others' models saw it, and change."""
    some = cases(80, noise=1.0)
    first = fit(some, before)
    for changed in (0, 33, 79):
        case = some[changed]
        second = fit([*some[:changed], replace(case, outcome=not case.outcome), *some[changed + 1 :]], before)
        assert second.confidences[changed] == first.confidences[changed]
        assert second.correct[changed] != first.correct[changed]
        kept = sum(one == two for one, two in zip(second.confidences, first.confidences, strict=True))
        assert 1 <= kept < 40


def test_what_cannot_be_told_is_said_to_be_unsure() -> None:
    generator = np.random.default_rng(9)
    luck = [replace(case, outcome=bool(generator.random() < 0.5)) for case in cases(200, share=1.0)]
    fitted = fit(luck)
    assert fitted.error < 0.15
    assert fitted.coverage < 0.2
    assert np.mean(fitted.confidences) == pytest.approx(np.mean(fitted.correct), abs=0.1)


def test_few_questions_are_refused_with_advice() -> None:
    with pytest.raises(DataError, match=rf"49 questions.+at least {FEWEST}.+citewell evaluate make"):
        fit(cases(FEWEST - 1))


@pytest.mark.parametrize(("outcome", "told"), [(True, "right"), (False, "wrong")])
def test_answers_that_are_all_alike_are_refused(outcome: bool, told: str) -> None:
    with pytest.raises(DataError, match=rf"All 60 answers are {told}.+of the other kind"):
        fit([replace(case, outcome=outcome) for case in cases(60)])


def test_a_question_for_which_nothing_was_read_is_refused_and_teaches_nothing() -> None:
    empty = Features([], np.zeros((0, len(FEATURES))), np.zeros((0, 4), np.float32), np.zeros((0, 2)), [], [])
    nothing = replace(made_up(500, right=False), features=empty, labels=np.zeros(0, bool), hits=(), outcome=True)
    fitted = fit([*cases(80), nothing])
    assert fitted.confidences[-1] == 0.0
    assert fitted.correct[-1] is False


def test_with_few_answerable_questions_the_weights_of_units_stay() -> None:
    before = make_calibration({"coverage": 3.0, "odds": 1.0})
    kept = fit(cases(100), before).calibration
    np.testing.assert_array_equal(kept.weights, before.weights)
    assert kept.bias == before.bias
    assert kept.confidence_weights.any()
    many = cases(FEWEST_UNITS + 5, share=1.0)
    anew = fit([replace(case, outcome=number % 3 > 0) for number, case in enumerate(many)], before).calibration
    assert (anew.weights != before.weights).all()


def test_many_questions_get_knots_that_rise() -> None:
    fitted = fit(cases(ISOTONIC_FROM, noise=2.0))
    places, values = zip(*fitted.calibration.knots, strict=True)
    assert list(places) == sorted(places)
    assert list(values) == sorted(values)
    assert fitted.error < 0.05
    stored = json.loads(json.dumps(fitted.calibration.to_json(FEATURES, CONFIDENCE_FEATURES)))
    restored = Calibration.from_json(stored, FEATURES, CONFIDENCE_FEATURES)
    assert restored.calibrated(0.5) == pytest.approx(fitted.calibration.calibrated(0.5), abs=1e-4)


def test_the_drawing_is_a_file_of_its_own() -> None:
    drawn = draw_risk(fit(cases(60)))
    assert drawn.startswith("<svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawn.partition(">")[0]
    assert "60 held-out questions" in drawn
    assert "answered plainly" in drawn
