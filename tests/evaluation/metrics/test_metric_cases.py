"""Every metric beside values that the official implementations gave; each file of cases says which and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from citewell.evaluation.metrics.ranking import ranking_metrics
from citewell.evaluation.metrics.refusal import calibration, coverage_risk
from citewell.evaluation.metrics.texts import have_text_libraries, text_scores

CASES = Path(__file__).parent / "cases"
EXACT = 1e-9  # three decimals more than is asked for


def cases(name: str, at_least: int) -> list[dict[str, Any]]:
    data = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    assert data["made_by"] and len(data["cases"]) >= at_least
    return data["cases"]


@pytest.mark.parametrize("case", cases("ranking", 60))
def test_rankings_score_as_trec_eval_scores_them(case):
    cutoffs: dict[str, list[int]] = {}
    for name in case["expected"]:
        metric, k = name.split("@")
        cutoffs.setdefault(metric, []).append(int(k))
    found = ranking_metrics(case["ranked"], case["relevance"], cutoffs)
    assert found == pytest.approx(case["expected"], abs=EXACT)


@pytest.mark.parametrize("case", cases("squad", 24), ids=lambda case: case["answer"][:30])
def test_exact_match_and_f1_are_those_of_squads_script(case):
    found = text_scores(case["answer"], case["references"])
    assert {name: found[name] for name in case["expected"]} == pytest.approx(case["expected"], abs=EXACT)


@pytest.mark.skipif(not have_text_libraries(), reason="needs the extra 'eval'")
@pytest.mark.parametrize("case", cases("texts", 26), ids=lambda case: f"{case['language']} {case['answer'][:30]}")
def test_bleu_chrf_and_rouge_are_those_of_their_libraries(case):
    found = text_scores(case["answer"], case["references"], case["language"])
    assert {name: found[name] for name in case["expected"]} == pytest.approx(case["expected"], abs=EXACT)


@pytest.mark.parametrize("case", cases("calibration", 5), ids=lambda case: str(len(case["correct"])))
def test_the_calibration_error_is_that_of_scikit_learns_bins(case):
    found = calibration(case["confidences"], case["correct"])
    for name, expected in case["expected"].items():
        assert getattr(found, name) == pytest.approx(expected, abs=EXACT), name


@pytest.mark.parametrize("case", cases("coverage_risk", 5), ids=lambda case: str(len(case["correct"])))
def test_coverage_and_risk_follow_from_their_definition(case):
    found = coverage_risk(case["confidences"], case["correct"])
    for name, expected in case["expected"].items():
        assert getattr(found, name) == pytest.approx(expected, abs=EXACT), name
