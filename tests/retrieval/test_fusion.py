"""Laws of the fusion: bounds, order, robustness; and that it costs next to nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citewell.index import Ranking
from citewell.retrieval.fusion import FEATURES, FusionModel, dense_weight, fuse, load_model

EVEN = FusionModel(2.7, (0.0,) * 3, (1.0,) * 3, (0.0,) * 3)


def ranking(*pairs: tuple[str, float]) -> Ranking:
    return Ranking(tuple(name for name, _ in pairs), np.array([score for _, score in pairs], float))


@st.composite
def rankings(draw: st.DrawFn, low: float, high: float) -> Ranking:
    names = draw(st.lists(st.sampled_from([f"p{i}" for i in range(30)]), unique=True, max_size=20))
    scores = sorted(draw(st.lists(st.floats(low, high), min_size=len(names), max_size=len(names))), reverse=True)
    return ranking(*zip(names, scores, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), rankings(0.0, 60.0), rankings(-1.0, 1.0))
def test_fusion_is_a_sorted_union_within_bounds(question: str, lexical: Ranking, dense: Ranking) -> None:
    fused = fuse(question, lexical, dense)
    assert set(fused.ids) == {*lexical.ids, *dense.ids} and len(fused.ids) == len(set(fused.ids))
    assert ((fused.scores >= 0) & (fused.scores <= 1 + 1e-9)).all()
    assert list(zip(-fused.scores, fused.ids, strict=True)) == sorted(zip(-fused.scores, fused.ids, strict=True))


def test_one_empty_ranking_leaves_the_other() -> None:
    dense = ranking(("a", 0.9), ("b", 0.5), ("c", 0.1))
    assert fuse("q", Ranking(), dense).ids == ("a", "b", "c")
    assert fuse("q", dense, Ranking()).ids == ("a", "b", "c")
    assert fuse("q", Ranking(), Ranking()).ids == ()


def test_a_single_match_by_words_beats_an_unrelated_neighbour() -> None:
    fused = fuse("invoice AB-1234", ranking(("a", 9.0)), ranking(("b", 0.31), ("a", 0.3), ("c", 0.1)))
    assert fused.ids[0] == "a"


def test_agreement_wins() -> None:
    lexical = ranking(("x", 10.0), ("both", 9.0), ("y", 1.0))
    dense = ranking(("z", 0.8), ("both", 0.78), ("w", 0.2))
    assert fuse("some question", lexical, dense, EVEN).ids[0] == "both"


def test_the_weight_follows_the_spreads() -> None:
    dense = ranking(("a", 0.8), ("b", 0.5), ("c", 0.3))
    flat, steep = ranking(("a", 5.0), ("b", 4.8), ("c", 4.5)), ranking(("a", 50.0), ("b", 20.0), ("c", 2.0))
    assert dense_weight("q", flat, dense, load_model()) > dense_weight("q", steep, dense, load_model())


def test_more_candidates_keep_the_weight() -> None:
    scores = np.linspace(30.0, 3.0, 300)
    names = [f"p{i}" for i in range(300)]
    long, short = Ranking(tuple(names), scores), Ranking(tuple(names[:100]), scores[:100])
    cosines = np.linspace(0.8, 0.1, 300)
    dense, dense_short = Ranking(tuple(names), cosines), Ranking(tuple(names[:100]), cosines[:100])
    model = load_model()
    assert dense_weight("a question", long, dense, model) == dense_weight("a question", short, dense_short, model)


def test_the_shipped_model_is_whole() -> None:
    model = load_model()
    assert len(model.means) == len(model.scales) == len(model.coefficients) == len(FEATURES)
    assert all(scale > 0 for scale in model.scales)


@pytest.mark.parametrize("question", ["", "?", "x" * 100_000, "日本語の質問", "a\x00b"])
def test_any_question_has_a_weight(question: str) -> None:
    weight = dense_weight(question, ranking(("a", 1.0)), ranking(("b", 0.5)), load_model())
    assert 0.0 <= weight <= 1.0


def test_fusing_takes_less_than_a_millisecond() -> None:
    lexical = Ranking(tuple(f"{i:032x}" for i in range(100)), np.linspace(30, 3, 100))
    dense = Ranking(tuple(f"{i:032x}" for i in range(50, 150)), np.linspace(0.8, 0.2, 100))
    times = []
    for _ in range(50):
        started = time.perf_counter()
        fuse("what are the notice periods for employees?", lexical, dense)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.001
