"""The steps of a review, and that they are kept in the collection one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.errors import DataError
from citewell.evaluation.library import list_sets, load_set, save_set
from citewell.evaluation.making import make_set
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.review import Keeper, Sources, accept, edit, listed, pending, reject

LINES = (
    "# Rules of the house", "The doors open at seven in the morning.", "Lamps are switched off by the last person.",
    "An Orca card is valid for 12 months.", "Lost cards are reported at the desk.", "Visitors sign the book.",
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Collection:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "house.md").write_text("\n\n".join(LINES) + "\n")
    made = citewell.open(tmp_path / "house.citewell", create=True)
    made.add(tmp_path / "docs")
    return made


def three() -> QuestionSet:
    return QuestionSet("mine", tuple(Question(f"q{n}", f"Question {n}?", (f"answer {n}",)) for n in range(3)))


def test_accepting_rejecting_and_editing_change_only_what_is_named() -> None:
    before = three()
    assert [question.id for question in pending(before)] == ["q0", "q1", "q2"]
    after = edit(reject(accept(before, ["q0"]), ["q1"]), "q2", text=" What\n is  it? ", answer="Something else")
    assert [question.id for question in after.questions] == ["q0", "q2"]
    assert after.questions[0].tags == ("reviewed",)
    assert after.questions[1].text == "What is it?"
    assert after.questions[1].answers == ("Something else",)
    assert after.questions[1].tags == ("edited",)
    assert after.made == {"rejected": 1}
    assert [question.id for question in pending(after)] == ["q2"]
    assert pending(accept(after)) == []
    assert accept(accept(before)) == accept(before)
    assert edit(before, "q0") == before
    assert before == three()


def test_an_unknown_question_and_an_empty_set_are_refused() -> None:
    with pytest.raises(DataError, match="no question 'q9'"):
        reject(three(), ["q9"])
    with pytest.raises(DataError, match="no question 'q9'"):
        edit(three(), "q9", text="What?")
    with pytest.raises(DataError, match="Nothing would be left"):
        reject(three(), ["q0", "q1", "q2"])


def test_every_step_is_kept_and_only_the_first_state_stays_beside_it(house: Collection) -> None:
    store = house.store
    save_set(store, three())
    keeper = Keeper(store, load_set(store, "mine"))
    for step in (
        lambda each: accept(each, ["q0"]), lambda each: reject(each, ["q1"]), lambda each: edit(each, "q2", text="New?")
    ):  # fmt: skip
        keeper.keep(step(keeper.questions))
        assert load_set(store, "mine") == keeper.questions
    versions = [each for each in list_sets(store) if not each.current]
    assert [each.identity for each in versions] == [three().identity]
    keeper.keep(three())
    assert load_set(store, "mine") == three()
    assert [each.identity for each in list_sets(store)] == [three().identity]


def test_a_made_question_is_shown_with_the_lines_around_its_source(house: Collection) -> None:
    made = make_set(house.store, Scope.owner(), count=10)
    question = next(question for question in made.questions if question.kind == "number")
    (source,) = Sources.of(house.store, Scope.owner()).of_question(question)
    assert source.quote == LINES[3]
    assert source.before == LINES[1:3]
    assert source.after == LINES[4:6]
    assert source.place == "line 7"
    assert source.uri.endswith("house.md")
    assert source.problem == ""


def test_a_source_that_changed_or_is_hidden_says_so(house: Collection) -> None:
    item = next(iter(house.items()))
    gold = Gold(item.document_id, "Old words.", span=(0, 10), document_version="old", name=item.uri)
    assert Sources.of(house.store, Scope.owner()).of_gold(gold).problem == "The document changed since."
    hidden = Sources.of(house.store, Scope.of(["user:nobody"]))
    house_is_open = "everyone" in item.readers
    problem = hidden.of_gold(gold).problem
    assert problem == ("The document changed since." if house_is_open else "The document is gone.")
    gone = replace(gold, document="0" * 32)
    assert Sources.of(house.store, Scope.owner()).of_gold(gone).problem == "The document is gone."


def test_the_list_for_programs_has_every_question_with_its_source(house: Collection) -> None:
    made = accept(make_set(house.store, Scope.owner(), count=10), [])
    told = listed(made, Sources.of(house.store, Scope.owner()))
    assert told["pending"] == len(made.questions) == len(told["questions"])
    assert told["reviewed"] == 0
    shown = next(each for each in told["questions"] if each["kind"] == "number")
    assert shown["sources_shown"][0]["quote"] == LINES[3]
    assert shown["reviewed"] is False
