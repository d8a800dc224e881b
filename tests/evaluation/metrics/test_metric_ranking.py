"""Metrics of a ranking: trec_eval's on thousands of random rankings, and clear about what cannot be measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import citewell
from citewell.errors import DataError
from citewell.evaluation.metrics.ranking import NAMES, ranking_metrics

OFFICIAL = {"nDCG": "nDCG", "P": "P", "Recall": "R", "Hit": "Success", "MRR": "RR", "MAP": "AP"}
CUTOFFS = (1, 3, 5, 10, 100)


@st.composite
def judged_rankings(draw):
    """(ranking, grades) where at least one document is relevant, judged or not, found or not."""
    size = draw(st.integers(1, 40))
    grades = draw(st.dictionaries(st.integers(0, 59), st.integers(-2, 4), min_size=1, max_size=size))
    grades[draw(st.sampled_from(sorted(grades)))] = draw(st.integers(1, 4))
    ranked = draw(st.lists(st.integers(0, 59), unique=True, min_size=1, max_size=50))
    return [f"d{each}" for each in ranked], {f"d{each}": grade for each, grade in grades.items()}


@settings(max_examples=40, deadline=None)
@given(st.lists(judged_rankings(), min_size=60, max_size=60))
def test_random_rankings_score_as_ir_measures_scores_them(drawn):
    ir_measures = pytest.importorskip("ir_measures")
    measures = {f"{name}@{k}": getattr(ir_measures, OFFICIAL[name]) @ k for name in NAMES for k in CUTOFFS}
    judgments = {str(at): grades for at, (_, grades) in enumerate(drawn)}
    run = {
        str(at): {each: float(len(ranked) - rank) for rank, each in enumerate(ranked)}
        for at, (ranked, _) in enumerate(drawn)
    }
    values = {(each.query_id, str(each.measure)): each.value for each in ir_measures.iter_calc(
        measures.values(), judgments, run)}  # fmt: skip
    assert len(values) == len(drawn) * len(measures)
    for at, (ranked, grades) in enumerate(drawn):
        found = ranking_metrics(ranked, grades, dict.fromkeys(NAMES, CUTOFFS))
        assert found.keys() == measures.keys()
        for name, each in measures.items():
            assert math.isclose(found[name], values[str(at), str(each)], abs_tol=1e-9), (name, ranked, grades)


def test_values_worked_out_by_hand():
    ranked, relevance = ["a", "b", "c", "d"], {"b": 3, "d": 1, "e": 2, "a": 0, "c": -1}
    found = ranking_metrics(ranked, relevance, dict.fromkeys(NAMES, (4,)))
    best = 3 + 2 / math.log2(3) + 1 / 2
    assert found == pytest.approx({
        "nDCG@4": (3 / math.log2(3) + 1 / math.log2(5)) / best, "P@4": 2 / 4, "Recall@4": 2 / 3, "Hit@4": 1.0,
        "MRR@4": 1 / 2, "MAP@4": (1 / 2 + 2 / 4) / 3,
    })  # fmt: skip
    assert ranking_metrics(ranked, relevance, {"Hit": (1, 2)}) == {"Hit@1": 0.0, "Hit@2": 1.0}


def test_the_public_helper_gives_three_scores_at_once():
    scores = citewell.retrieval_scores(["a", "b", "c"], {"a", "c", "d"}, k=2)
    assert scores == (0.5, 1 / 3, pytest.approx(1 / (1 + 1 / math.log2(3))))
    assert (scores.precision, scores.recall, scores.ndcg) == tuple(scores)
    assert citewell.retrieval_scores(["a"], {"a": 2}) == (0.1, 1.0, 1.0)
    assert citewell.retrieval_scores(["a"], ["a", "a"]) == (0.1, 1.0, 1.0)


@pytest.mark.parametrize("relevance", [{}, set(), {"a": 0}, {"a": -1, "b": 0}])
def test_without_anything_relevant_every_value_is_zero(relevance):
    assert citewell.retrieval_scores(["a", "b"], relevance) == (0.0, 0.0, 0.0)
    assert set(ranking_metrics(["a"], relevance, dict.fromkeys(NAMES, (1, 10))).values()) == {0.0}


def test_an_empty_ranking_scores_zero():
    assert citewell.retrieval_scores([], {"a": 1}) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("grade", [math.nan, math.inf, 0.5, "1", None, [1]])
def test_a_grade_that_is_no_whole_number_is_named(grade):
    with pytest.raises(DataError, match=r"grade of 'b' is .*whole number"):
        citewell.retrieval_scores(["a"], {"a": 1, "b": grade})


@pytest.mark.parametrize("grade", [1, True, 1.0, np.int64(1), np.float32(1)])
def test_whole_numbers_of_any_type_are_grades(grade):
    assert citewell.retrieval_scores(["a"], {"a": grade}, k=1) == (1.0, 1.0, 1.0)


def test_an_id_ranked_twice_is_an_error_that_says_how_to_mend_it():
    with pytest.raises(DataError, match=r"'b' is ranked twice.*dict\.fromkeys"):
        citewell.retrieval_scores(["a", "b", "c", "b", "a"], {"a"})


@pytest.mark.parametrize("k", [0, -3, 2.0, True, None])
def test_a_cutoff_below_one_is_refused(k):
    with pytest.raises(DataError, match="whole number of 1 or more"):
        citewell.retrieval_scores(["a"], {"a"}, k=k)


def test_a_text_in_place_of_ids_is_refused():
    with pytest.raises(DataError, match="relevance is the text"):
        citewell.retrieval_scores(["a"], "abc")
    with pytest.raises(DataError, match="ranked_ids is the text"):
        citewell.retrieval_scores("abc", {"a"})
    with pytest.raises(DataError, match=r"'RR' is no ranking metric.*MRR"):
        ranking_metrics(["a"], {"a"}, {"RR": (10,)})
