"""Questions about one document never stand on both sides, and cross-validation tells learning from knowing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from citewell.errors import DataError
from citewell.evaluation.folds import cross_validate, folds
from citewell.evaluation.questions import Gold, Question


def asked(count: int = 60, documents: int = 15, unanswerable: int = 20) -> list[Question]:
    known = [Question(f"q{i}", f"question {i}", golds=(Gold(f"d{i % documents}"),)) for i in range(count)]
    return known + [Question(f"u{i}", f"not {i}", answerable=False) for i in range(unanswerable)]


def test_every_question_is_held_out_once_and_trained_on_otherwise() -> None:
    questions = asked()
    splits = folds(questions, 5)
    held = [each.id for fold in splits for each in fold.test]
    assert sorted(held) == sorted(each.id for each in questions)
    for train, test in splits:
        assert {each.id for each in train} | {each.id for each in test} == {each.id for each in questions}
        assert not {each.id for each in train} & {each.id for each in test}


def test_no_document_stands_on_both_sides_even_through_others() -> None:
    questions = [*asked(), Question("link", "two", golds=(Gold("d0"), Gold("d1")))]
    for train, test in folds(questions, 5):
        sides = [{gold.document for each in side for gold in each.golds} for side in (train, test)]
        assert not sides[0] & sides[1]
    with_link = next(fold.test for fold in folds(questions, 5) if any(each.id == "link" for each in fold.test))
    assert {"q0", "q1", "q15", "q16"} <= {each.id for each in with_link}


def test_folds_are_of_like_size_and_like_kind() -> None:
    splits = folds(asked(), 5)
    assert {len(fold.test) for fold in splits} == {16}
    assert {sum(not each.answerable for each in fold.test) for fold in splits} == {4}


def test_the_seed_decides_and_nothing_else() -> None:
    questions = asked()
    assert folds(questions, 5) == folds(questions, 5)
    assert folds(questions, 5, seed=1) != folds(questions, 5, seed=2)


def test_too_few_groups_say_why() -> None:
    with pytest.raises(DataError, match=r"leaves 3 groups. Expected from 2 to 3 folds"):
        folds(asked(30, 3, 0), 5)
    with pytest.raises(DataError, match="all belong to one group"):
        folds(asked(30, 1, 0), 2)
    with pytest.raises(DataError, match="Two questions have the id 'q0'"):
        folds([*asked(), *asked()], 2)


def test_learning_by_heart_shows_as_a_gap() -> None:
    questions = asked()

    def score(known: set[str], chosen: Sequence[Question]) -> list[float]:
        return [1.0 if each.id in known else 0.0 for each in chosen]

    found = cross_validate(questions, lambda train: {each.id for each in train}, score, 5)
    assert (found.fitted.value, found.held_out.value, found.gap.value) == (1.0, 0.0, 1.0)
    assert found.gap.low > 0.9
    assert found.held_out.n == len(questions)
    assert [held.n for held, _ in found.folds] == [16] * 5


def test_a_rule_that_learns_nothing_has_no_gap() -> None:
    questions = asked()
    found = cross_validate(
        questions, lambda train: None, lambda model, chosen: [float(each.id[-1] in "02468") for each in chosen], 4
    )
    assert found.gap.value == 0
    assert found.gap.low < 0 < found.gap.high
    assert found.fitted.value == found.held_out.value == pytest.approx(0.5)
    assert set(found.to_json()) == {"held_out", "fitted", "gap", "folds"}


def test_a_score_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="1 scores came back for 64 questions"):
        cross_validate(asked(), lambda train: None, lambda model, chosen: [1.0], 5)
