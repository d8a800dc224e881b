"""The gate stops losses, lets equal runs through, and says what it could not have seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.evaluation.test_comparing import right, run_of

from citewell.errors import DataError
from citewell.evaluation.gate import gate, loss_tests
from citewell.evaluation.runs import Figure, Run

BEFORE = run_of("before", right(range(20)), 200)


def with_wrong(wrong: Sequence[int]) -> Run:
    return run_of("after", right(wrong), 200)


def test_identical_results_pass() -> None:
    report = gate(replace(BEFORE, name="again"), BEFORE)
    assert (report.status, report.exit_status) == ("pass", 0)
    assert report.reason == "all 200 questions have the same figures in both runs."
    assert {each.metric: each.changed for each in report.metrics} == {"correct": 0, "passage nDCG@10": 0}
    assert all(each.p == 1.0 for each in report.metrics)


def test_a_loss_of_seven_points_without_gains_is_a_regression() -> None:
    report = gate(with_wrong(range(34)), BEFORE)
    assert (report.status, report.exit_status) == ("regression", 1)
    assert [each.metric for each in report.metrics if each.regressed] == ["correct", "passage nDCG@10"]
    assert report.reason.startswith("correct got worse: 0.900 to 0.830 (difference -0.1")
    assert report.metrics[0].corrected < 0.001


def test_a_gain_passes() -> None:
    report = gate(with_wrong(range(4)), BEFORE)
    assert report.status == "pass"
    assert report.metrics[0].p > 0.99


def test_a_loss_within_the_margin_passes_and_one_beyond_it_does_not() -> None:
    lost = with_wrong(range(34))
    assert gate(lost, BEFORE, 0.02, ["correct"]).status == "regression"
    within = gate(lost, BEFORE, 0.07, ["correct"])
    assert within.status == "pass"
    assert not within.metrics[0].ruled_out
    assert gate(lost, BEFORE, 0.15, ["correct"]).metrics[0].ruled_out


def test_a_pass_with_few_questions_says_how_little_it_means() -> None:
    before, after = (run_of(name, right(wrong), 20) for name, wrong in (("a", range(4)), ("b", range(2, 6))))
    report = gate(after, before, metrics=["correct"])
    assert report.status == "pass"
    assert 0.15 < report.metrics[0].detectable < 0.4
    assert "would have shown four times in five; a smaller one may go unseen" in report.reason
    none_differs = gate(replace(before, name="b"), before, metrics=["correct"])
    assert none_differs.metrics[0].detectable > 0.1


def test_a_margin_that_is_kept_for_sure_is_said() -> None:
    report = gate(replace(BEFORE, name="again"), replace(BEFORE, results=BEFORE.results), 0.03)
    assert all(each.ruled_out for each in report.metrics)
    mixed = gate(with_wrong([*range(1, 20), 21]), BEFORE, 0.05)
    assert mixed.reason == "a loss beyond the margin of 0.05 is ruled out on 200 questions (95 % intervals)."


def test_floors_hold_whatever_the_baseline_did() -> None:
    report = gate(BEFORE, BEFORE, floors={"correct": 0.95})
    assert (report.status, report.floors[0].broken) == ("regression", True)
    assert "correct: 0.900 over 200 questions, wanted at least 0.95: not kept" in report.reason
    assert gate(BEFORE, BEFORE, floors={"correct": 0.9}).status == "pass"


def test_a_floor_of_a_figure_that_should_be_low_is_a_ceiling() -> None:
    risky = replace(BEFORE, metrics={"risk": Figure(0.3, 0.2, 0.4, 200)})
    assert gate(risky, BEFORE, floors={"risk": 0.35}).status == "pass"
    report = gate(risky, BEFORE, floors={"risk": 0.25})
    assert report.status == "regression"
    assert "wanted at most 0.25" in report.reason


def test_what_cannot_be_compared_has_its_own_verdict() -> None:
    report = gate(run_of("other", right(range(20)), 200, identity="set-2"), BEFORE)
    assert (report.status, report.exit_status) == ("not comparable", 2)
    assert "--shared" in report.reason
    assert gate(run_of("other", right(range(20)), 200, identity="set-2"), BEFORE, shared=True).status == "pass"


@pytest.mark.parametrize(
    ("metrics", "floors", "why"),
    [
        (["risk"], {}, "figure of the whole run"),
        (["F9"], {}, "No question has 'F9' in both runs"),
        ([], {"F9": 0.5}, "no figure 'F9' for the floor"),
    ],
)
def test_metrics_that_cannot_be_gated(metrics: list[str], floors: dict[str, float], why: str) -> None:
    report = gate(BEFORE, BEFORE, metrics=metrics, floors=floors)
    assert report.status == "not comparable"
    assert why in report.reason


def test_a_metric_without_a_good_direction_cannot_be_gated() -> None:
    wordy = run_of("a", lambda i: {"verbosity": float(i)})
    assert "neither better nor worse" in gate(wordy, wordy, metrics=["verbosity"]).reason


@pytest.mark.parametrize("margin", [-0.1, 1.0, float("nan")])
def test_an_impossible_margin_is_refused(margin: float) -> None:
    with pytest.raises(DataError, match="The margin is"):
        gate(BEFORE, BEFORE, margin)


def test_questions_without_the_metric_do_not_count_with_a_margin_either() -> None:
    scores = right(range(40))
    half = run_of("half", lambda i: scores(i) if i % 2 else {"passage nDCG@10": 0.9}, 200)
    report = gate(half, half, 0.05, ["correct"])
    assert report.metrics[0].run.n == 100
    assert report.status == "pass"


def test_a_single_question_gives_a_verdict_that_admits_it() -> None:
    one = run_of("one", right([]), 1)
    report = gate(one, one)
    assert report.status == "pass"
    assert report.metrics[0].detectable == 1.0


def test_false_alarms_stay_below_five_in_a_hundred() -> None:
    random = np.random.default_rng(14)
    alarms = 0
    for _ in range(400):
        flips = random.choice([-1.0, 0.0, 1.0], (200, 1), p=[0.05, 0.9, 0.05])
        ranks = np.where(flips != 0, flips * random.random((200, 1)), random.normal(0, 0.05, (200, 1)))
        _, corrected = loss_tests(np.hstack([flips, ranks]), ["correct", "passage nDCG@10"])
        alarms += min(corrected.values()) <= 0.05
    assert alarms / 400 <= 0.07  # 5 % and what 400 samples can be off: two standard errors


def test_a_true_loss_of_five_points_is_seen_three_times_in_four() -> None:
    random = np.random.default_rng(15)
    seen = 0
    for _ in range(400):
        flips = random.choice([-1.0, 0.0, 1.0], (200, 1), p=[0.065, 0.92, 0.015])
        seen += loss_tests(flips, ["correct"])[0]["correct"] <= 0.05
    assert seen / 400 >= 0.75


def test_the_json_is_plain_and_complete() -> None:
    told = json.loads(json.dumps(gate(with_wrong(range(34)), BEFORE, floors={"correct": 0.5}).to_json()))
    assert told["status"] == "regression"
    assert set(told) == {
        "status", "reason", "run", "baseline", "margin", "questions", "metrics", "floors", "notes",
    }  # fmt: skip
    assert set(told["metrics"][0]) == {
        "metric", "baseline", "run", "difference", "changed", "p", "p_corrected", "detectable", "ruled_out",
        "regressed",
    }  # fmt: skip
    assert told["floors"][0]["broken"] is False
