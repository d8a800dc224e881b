"""Two runs, question by question: what is compared, what is refused, what is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from citewell.errors import DataError
from citewell.evaluation.comparing import NotComparableError, compare_runs
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.runs import Result, Run

Scores = Callable[[int], Mapping[str, float]]


def run_of(
    name: str,
    scores: Scores,
    count: int = 100,
    *,
    identity: str = "set-1",
    document: str = "doc",
    system: Mapping[str, object] | None = None,
    drop: Sequence[int] = (),
) -> Run:
    results = tuple(
        Result(
            Question(f"q{i:03d}", f"question {i}?", golds=(Gold(document, document_version=f"{document}-v1"),)),
            state="anchored", metrics=dict(scores(i)),
            slices={"tag": ("even" if i % 2 == 0 else "odd",), "document type": ("pdf",) if i < 5 else ("word",)},
        )
        for i in range(count) if i not in drop
    )  # fmt: skip
    about = {"name": "questions", "identity": identity, "origin": "human", "questions": count}
    return Run("answers", name, "2026-11-20", dict(system or {"name": "rag"}), about, {}, results, {})


def right(wrong: Sequence[int]) -> Scores:
    return lambda i: {"correct": 0.0 if i in wrong else 1.0, "passage nDCG@10": 0.3 if i in wrong else 0.9}


BEFORE = run_of("before", right(range(20)))
AFTER = run_of("after", right(range(5, 45)), system={"name": "rag", "answering": {"k": 8}})


def test_figures_differences_and_what_flipped() -> None:
    found = compare_runs(AFTER, BEFORE)
    assert [each.metric for each in found.metrics] == ["correct", "passage nDCG@10"]
    correct = found.metrics[0]
    assert (correct.baseline.value, correct.run.value) == (pytest.approx(0.8), pytest.approx(0.6))
    assert correct.difference.value == pytest.approx(-0.2)
    assert -0.32 < correct.difference.low < -0.2 < correct.difference.high < -0.08
    assert correct.p is not None
    assert correct.corrected is not None
    assert correct.p < correct.corrected < 0.01
    assert correct.direction == "worse"
    assert [each.question_id for each in found.fixed] == [f"q{i:03d}" for i in range(5)]
    assert [each.question_id for each in found.broken] == [f"q{i:03d}" for i in range(20, 45)]
    assert len(found.losses) == 10
    assert found.losses[0].metric == "passage nDCG@10"
    assert [round(each.difference, 6) for each in found.gains] == [0.6] * 5
    assert found.differs == (("system.answering.k", "", "8"),)


def test_swapped_runs_give_the_opposite() -> None:
    one, other = compare_runs(AFTER, BEFORE), compare_runs(BEFORE, AFTER)
    assert other.metrics[0].difference.value == -one.metrics[0].difference.value
    assert other.metrics[0].p == one.metrics[0].p
    assert other.metrics[0].direction == "better"
    assert [each.question_id for each in other.fixed] == [each.question_id for each in one.broken]


def test_slices_are_compared_and_small_ones_say_so() -> None:
    found = {(each.dimension, each.value): each for each in compare_runs(AFTER, BEFORE).slices}
    assert set(found) == {("tag", "even"), ("tag", "odd"), ("document type", "pdf"), ("document type", "word")}
    small = found["document type", "pdf"]
    assert (small.p, small.corrected, small.direction, small.run.n) == (None, None, "too few", 5)
    assert found["tag", "even"].run.n == 50
    assert found["tag", "even"].direction in {"worse", "no difference seen"}


def test_a_slice_that_repeats_another_is_shown_once() -> None:
    twice = [replace(each, slices={**each.slices, "twin": each.slices["tag"]}) for each in AFTER.results]
    found = compare_runs(replace(AFTER, results=tuple(twice)), BEFORE)
    assert [each.dimension for each in found.slices if each.dimension in {"tag", "twin"}] == ["tag", "tag"]


def test_the_same_run_twice_shows_nothing() -> None:
    found = compare_runs(BEFORE, replace(BEFORE, name="again"))
    assert all(each.p == 1.0 and each.direction == "no difference seen" for each in found.metrics)
    assert found.metrics[0].difference.low < 0 < found.metrics[0].difference.high
    assert found.metrics[0].needed == 0
    assert (found.fixed, found.broken, found.gains, found.losses, found.differs) == ((), (), (), (), ())


def test_questions_needed_tell_how_large_a_set_would_have_to_be() -> None:
    little = run_of("little", right(range(2, 24)))
    found = compare_runs(little, BEFORE).metrics[0]
    assert found.direction == "no difference seen"
    assert 500 < found.needed < 2000


def test_a_metric_without_a_good_direction_is_different_neither_better_nor_worse() -> None:
    long = run_of("long", lambda i: {"verbosity": 30.0 + i % 7})
    short = run_of("short", lambda i: {"verbosity": 10.0 + i % 3})
    found = compare_runs(short, long)
    assert found.metrics[0].direction == "different"
    assert found.metrics[0].difference.value == pytest.approx(-21.96)


def test_an_unknown_metric_and_one_of_the_whole_run_are_refused() -> None:
    with pytest.raises(NotComparableError, match=r"'F9' is not measured .* There are: correct, passage nDCG@10"):
        compare_runs(AFTER, BEFORE, metrics=["F9"])
    with pytest.raises(NotComparableError, match="figure of the whole run"):
        compare_runs(AFTER, BEFORE, metrics=["risk"])
    named = compare_runs(AFTER, BEFORE, metrics=["passage nDCG@10"])
    assert [each.metric for each in named.metrics] == ["passage nDCG@10"]


def test_another_kind_is_refused() -> None:
    with pytest.raises(NotComparableError, match="measures answers and 'before' measures retrieval"):
        compare_runs(AFTER, replace(BEFORE, kind="retrieval"))


def test_another_set_is_refused_unless_only_shared_questions_are_wanted() -> None:
    other = run_of("other", right(range(20)), 80, identity="set-2")
    with pytest.raises(NotComparableError, match=r"version set-1.*version set-2.*--shared"):
        compare_runs(AFTER, other)
    found = compare_runs(AFTER, other, shared=True)
    assert found.questions == 80
    assert found.notes[0].startswith("80 questions are in both runs; 'after' has 100, 'other' has 80")


def test_a_run_of_fewer_questions_is_refused_unless_only_shared_ones_are_wanted() -> None:
    partial = run_of("partial", right(range(20)), drop=[3, 50])
    with pytest.raises(NotComparableError, match="98 questions are in both"):
        compare_runs(partial, BEFORE)
    assert compare_runs(partial, BEFORE, shared=True).questions == 98


def test_the_same_id_with_another_text_is_another_question() -> None:
    changed = tuple(replace(each, question=replace(each.question, text="else?")) for each in BEFORE.results)
    with pytest.raises(NotComparableError, match="no question in common"):
        compare_runs(AFTER, replace(BEFORE, results=changed))


def test_a_run_of_another_collection_is_refused() -> None:
    with pytest.raises(NotComparableError, match="different collections"):
        compare_runs(AFTER, run_of("elsewhere", right(range(20)), document="other"))


def test_the_same_files_in_another_place_are_the_same_documents() -> None:
    moved = tuple(
        replace(each, question=replace(each.question, golds=(Gold("new-id", document_version="doc-v1"),)))
        for each in BEFORE.results
    )
    assert compare_runs(AFTER, replace(BEFORE, results=moved)).questions == 100


def test_other_definitions_of_metrics_are_refused() -> None:
    with pytest.raises(NotComparableError, match="metric definitions 2"):
        compare_runs(
            replace(AFTER, system={"metric_definitions": 2}), replace(BEFORE, system={"metric_definitions": 1})
        )


def test_questions_with_the_metric_in_one_run_only_are_left_out_and_told() -> None:
    partly = run_of("partly", lambda i: right(range(20))(i) if i % 4 else {"correct": 1.0})
    found = compare_runs(partly, BEFORE)
    assert found.metrics[1].run.n == 75
    assert "passage nDCG@10: 25 questions have it in only one of the runs and are left out." in found.notes


def test_the_json_is_plain_and_complete() -> None:
    told = json.loads(json.dumps(compare_runs(AFTER, BEFORE).to_json()))
    assert set(told["metrics"][0]) == {
        "metric", "baseline", "run", "difference", "p", "p_corrected", "questions_needed", "direction",
    }  # fmt: skip
    assert told["slices"][0]["dimension"] == "tag"
    assert told["fixed"][0] == {
        "id": "q000", "question": "question 0?", "metric": "correct", "baseline": 0.0, "run": 1.0,
    }  # fmt: skip
    assert issubclass(NotComparableError, DataError)
