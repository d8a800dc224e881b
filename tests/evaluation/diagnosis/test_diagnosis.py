"""Each stage broken on purpose in a small real collection: the diagnosis must name the stage that was broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

import citewell
from citewell import ask
from citewell.access import Scope
from citewell.answering import loaded
from citewell.collection import Collection
from citewell.errors import DataError
from citewell.evaluation.diagnosis import FAULTS, Case, Diagnosis, diagnose
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.running import CollectionSystem, System, evaluate
from citewell.evaluation.runs import Run
from citewell.records import Answer, Claim, Json

pytestmark = pytest.mark.integration

OWNER = Scope.owner()
LEAVE = "New employees get 27 days of paid leave each year."
HOTEL = "Hotels in London are paid up to 190 pounds a night."
FILES = {
    "leave.md": f"# Leave\n\n{LEAVE}\n\nAsk your manager two weeks before you go.\n",
    "travel.md": f"# Travel\n\n{HOTEL}\n\nTrains go before planes.\n",
    "lunch.md": "# Canteen\n\nThe canteen opens at noon and closes at two.\n",
    "safety.md": "# Fire\n\nThe assembly point is the car park behind hall B.\n\nWardens wear orange vests.\n",
    "it.md": "# Laptops\n\nA laptop is replaced after four years.\n\nBroken screens are repaired in Brno.\n",
    "pay.md": "# Pay\n\nThe director earns 120,000 pounds a year.\n",
}
LEAVE_QUESTION = Question(
    "leave", "How many days of paid leave do new employees get?", ("27 days",), (Gold("leave.md", LEAVE),)
)
HOTEL_QUESTION = Question(
    "hotel", "How much is paid for a hotel night in London?", ("190 pounds",), (Gold("travel.md", HOTEL),)
)
MOON = Question("moon", "How far away is the moon?", answerable=False)


def house(folder: Path, files: dict[str, str] = FILES, readers: str = "") -> Collection:
    for name, text in files.items():
        (folder / "files").mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(text)
    if readers:
        (folder / "files" / "citewell-readers.toml").write_text(readers)
    opened = citewell.open(folder / "house.citewell", create=True)
    opened.add(folder / "files")
    return opened


def run_of(collection: Collection, *questions: Question, system: System | None = None, scope: Scope = OWNER) -> Run:
    return evaluate(collection.store, QuestionSet("house", questions), scope, system=system)


def only_case(collection: Collection, run: Run) -> Case:
    found = diagnose(collection.store, run, OWNER, ladder=False)
    assert len(found.cases) == 1, found.cases
    assert found.cases[0].steps[-1].outcome == "failed"
    return found.cases[0]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Six documents, nothing broken; tests must not change it."""
    return house(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """The same documents; the one about leave is for another group. Tests must not change it."""
    rules = '[[rule]]\npath = "leave.md"\nreaders = ["group:hr"]\n\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n'
    return house(tmp_path_factory.mktemp("guarded"), readers=rules)


def test_nothing_is_said_of_a_run_without_failures(sound: Collection) -> None:
    run = run_of(sound, LEAVE_QUESTION, HOTEL_QUESTION, MOON)
    assert [each.metrics["correct"] for each in run.results] == [1.0, 1.0, 1.0]
    found = diagnose(sound.store, run, OWNER)
    assert found.failed == 0
    assert found.cases == ()
    assert [rung.figure.value for rung in found.ladder] == [1.0] * 6
    assert {stage.count for stage in found.funnel} == {2}


def test_a_document_that_is_not_there(tmp_path: Path) -> None:
    opened = house(tmp_path, {name: text for name, text in FILES.items() if name != "leave.md"})
    case = only_case(opened, run_of(opened, LEAVE_QUESTION))
    assert case.fault == "not_in_corpus"
    assert "leave.md" in case.evidence
    assert case.proven
    assert "right" in case.counterfactual


def test_a_file_that_could_not_be_read(tmp_path: Path) -> None:
    opened = house(tmp_path, {**FILES, "leave.docx": "no office file at all", "leave.md": "# Nothing\n"})
    question = replace(LEAVE_QUESTION, golds=(Gold("leave.docx", LEAVE),))
    case = only_case(opened, run_of(opened, question))
    assert (case.fault, case.kind) == ("lost_in_parsing", "not read")


def test_a_text_with_letters_lost(tmp_path: Path) -> None:
    garbled = "# Leave\n\nNw emplyees gt 2 das o pid lave eah yar.\n\nAsk yur mnager two weks bfore yu go.\n"
    opened = house(tmp_path, {**FILES, "leave.md": garbled})
    case = only_case(opened, run_of(opened, LEAVE_QUESTION))
    assert (case.fault, case.kind) == ("lost_in_parsing", "garbled")
    assert case.proven


def test_text_that_the_file_hides(tmp_path: Path) -> None:
    page = f'<html><body><h1>Leave</h1><p style="display:none">{LEAVE}</p><p>Ask your manager.</p></body></html>'
    opened = house(tmp_path, {**{k: v for k, v in FILES.items() if k != "leave.md"}, "leave.html": page})
    question = replace(LEAVE_QUESTION, golds=(Gold("leave.html", LEAVE),))
    case = only_case(opened, run_of(opened, question))
    assert (case.fault, case.kind) == ("lost_in_parsing", "hidden text")


def test_a_document_for_other_eyes(guarded: Collection) -> None:
    case = only_case(guarded, run_of(guarded, replace(LEAVE_QUESTION, principals=("group:sales",))))
    assert (case.fault, case.kind) == ("not_retrieved", "hidden by permission")
    assert case.proven
    assert "group:hr" in case.evidence


def test_a_question_asked_by_those_who_evaluate_keeps_their_rights(guarded: Collection) -> None:
    run = run_of(guarded, LEAVE_QUESTION, scope=Scope.of(["group:sales"]))
    as_sales = diagnose(guarded.store, run, Scope.of(["group:sales"]), ladder=False).cases[0]
    assert as_sales.fault == "not_in_corpus", "what a scope hides looks like what does not exist"
    assert "group:hr" not in json.dumps(as_sales.to_json())


class Refusing:
    """Answers with another threshold, as a collection with other settings would."""

    name = "refusing"

    def __init__(self, collection: Collection, threshold: float) -> None:
        self._collection, self._threshold = collection, threshold

    @property
    def identity(self) -> Json:
        return {"threshold": self._threshold}

    def answer(self, question: Question, scope: Scope) -> Answer:
        hits = self._collection.search(question.text, scope=scope)
        return ask.answer_from(question.text, hits, self._collection.store, threshold=self._threshold)


def test_a_threshold_that_is_too_high(sound: Collection) -> None:
    run = run_of(sound, LEAVE_QUESTION, system=Refusing(sound, 1.0))
    case = only_case(sound, run)
    assert case.fault == "wrongly_refused"
    assert case.proven
    assert "threshold" in case.advice


def test_a_threshold_of_zero(sound: Collection) -> None:
    case = only_case(sound, run_of(sound, MOON, system=Refusing(sound, 0.0)))
    assert case.fault == "should_have_refused"
    assert "0 of 0 right answers" in case.counterfactual


def test_a_reader_that_takes_the_wrong_sentence(sound: Collection) -> None:
    models = sound.store.answering
    calibration = replace(models.calibration, weights=-models.calibration.weights, answer=0.0, weak=0.0)
    worse = replace(models, calibration=calibration)
    with patch.object(loaded, "answering_models", lambda collection=None: worse):
        case = only_case(sound, run_of(sound, replace(LEAVE_QUESTION, answers=("27 days a year",))))
    assert case.fault == "read_wrongly"
    assert "rank 1" in case.evidence


class Wordy(CollectionSystem):
    """Adds a sentence that nothing supports to each answer."""

    name = "wordy"

    def answer(self, question: Question, scope: Scope) -> Answer:
        answer = super().answer(question, scope)
        added = Claim("Penguins were consulted in Rotterdam before 900 pallets had been sold.", (0,), 1.0, "supported")
        return replace(answer, text=f"{answer.text}\n{added.text}", claims=(*answer.claims, added))


def test_a_sentence_that_nothing_supports_is_listed_though_the_answer_is_right(sound: Collection) -> None:
    run = run_of(sound, LEAVE_QUESTION, system=Wordy(sound.store))
    assert run.results[0].metrics["correct"] == 1.0
    case = only_case(sound, run)
    assert case.fault == "unsupported_sentence"
    assert case.correct
    assert "Penguins" in case.evidence
    assert diagnose(sound.store, run, OWNER, ladder=False).counts()["unsupported_sentence"] == 0, "nothing failed"


@pytest.mark.parametrize(
    ("golds", "kind"),
    [
        ((Gold("travel.md", LEAVE),), "another document"),
        ((Gold("leave.md", LEAVE.replace("27", "31")),), "the document says otherwise"),
        ((Gold("lunch.md", "The canteen opens at noon and closes at two."),), "unlike the reference"),
    ],
)
def test_a_gold_that_points_elsewhere(sound: Collection, golds: tuple[Gold, ...], kind: str) -> None:
    question = replace(LEAVE_QUESTION, golds=golds, answers=("27 days, for everybody in their first year",))
    case = only_case(sound, run_of(sound, question))
    assert (case.fault, case.kind) == ("gold_doubtful", kind)


def test_a_question_that_is_answerable_after_all(sound: Collection) -> None:
    question = Question("leave", "How many days of paid leave do new employees get each year?", answerable=False)
    case = only_case(sound, run_of(sound, question))
    assert (case.fault, case.kind) == ("gold_doubtful", "answerable after all")


def test_a_document_that_changed_since_the_set_was_made_and_the_note_that_it_did(tmp_path: Path) -> None:
    opened = house(tmp_path)
    before = run_of(opened, LEAVE_QUESTION)
    anchored = before.results[0].question
    assert diagnose(opened.store, before, OWNER).notes == ()
    (tmp_path / "files" / "leave.md").write_text(FILES["leave.md"].replace("27", "30"))
    opened.sync()
    assert "changed" in diagnose(opened.store, before, OWNER).notes[0]
    case = only_case(opened, run_of(opened, replace(anchored, answers=("27 days",))))
    assert (case.fault, case.kind) == ("gold_doubtful", "the document changed")
    assert "'30' where the gold says '27'" in case.evidence


def test_characters_of_a_document_that_changed_and_no_words(tmp_path: Path) -> None:
    opened = house(tmp_path)
    (placed,) = run_of(opened, LEAVE_QUESTION).results[0].question.golds
    (tmp_path / "files" / "leave.md").write_text(f"# Leave\n\nRead this first.\n\n{LEAVE}\n")
    opened.sync()
    question = replace(LEAVE_QUESTION, answers=(), golds=(replace(placed, quote=""),))
    case = only_case(opened, run_of(opened, question))
    assert (case.fault, case.kind, case.proven) == ("gold_doubtful", "the document changed", None)
    assert placed.span is not None
    assert f"characters {placed.span[0]}-{placed.span[1]} of files/leave.md" in case.evidence


def test_without_a_gold_the_reference_is_looked_for(sound: Collection) -> None:
    nowhere = Question("parrot", "What is the name of the parrot in the canteen?", ("Coco the parrot",))
    case = only_case(sound, run_of(sound, nowhere))
    assert (case.fault, case.kind) == ("not_in_corpus", "no passage says it")
    there = replace(LEAVE_QUESTION, golds=())
    run = run_of(sound, there, system=Refusing(sound, 1.0))
    assert only_case(sound, run).fault == "wrongly_refused"


def test_every_failed_question_has_one_class_and_two_diagnoses_are_equal(sound: Collection) -> None:
    questions = (LEAVE_QUESTION, HOTEL_QUESTION, replace(MOON, id="m"), replace(LEAVE_QUESTION, id="x", golds=(
        Gold("nowhere.md", LEAVE),)))  # fmt: skip
    run = run_of(sound, *questions, system=Refusing(sound, 1.0))
    one, two = (diagnose(sound.store, run, OWNER).to_json() for _ in range(2))
    one.pop("timings")
    two.pop("timings")
    assert one == two
    failed = [each.question.id for each in run.results if each.metrics["correct"] == 0]
    assert [case["id"] for case in one["cases"]] == failed
    assert {case["fault"] for case in one["cases"]} <= set(FAULTS)
    assert sum(one["classes"].values()) == one["failed"] == len(failed)


def test_the_ladder_never_goes_down_and_adds_up(sound: Collection) -> None:
    questions = (LEAVE_QUESTION, replace(HOTEL_QUESTION, golds=(Gold("gone.md", HOTEL),)), MOON)
    found: Diagnosis = diagnose(sound.store, run_of(sound, *questions, system=Refusing(sound, 1.0)), OWNER)
    values = [rung.figure.value for rung in found.ladder]
    assert values == sorted(values)
    assert values[0] == pytest.approx(1 / 3)
    assert values[-1] == 1.0
    assert sum(rung.gain for rung in found.ladder) == pytest.approx(values[-1] - values[0])
    assert [rung.figure.n for rung in found.ladder] == [3] * 6
    counts = [stage.count for stage in found.funnel]
    assert counts == sorted(counts, reverse=True)
    assert counts[:2] == [2, 1], "one of two golds is in no document"


def test_a_question_that_could_not_be_asked_has_a_class_too(sound: Collection) -> None:
    questions = (replace(LEAVE_QUESTION, text="why " * 2000), replace(MOON, text="how " * 2000))
    run = run_of(sound, *questions)
    assert all(each.error for each in run.results)
    cases = diagnose(sound.store, run, OWNER, ladder=False).cases
    assert [(case.fault, case.kind) for case in cases] == [("read_wrongly", "failed")] * 2
    assert "8,000 characters" in cases[0].evidence or "7,999 characters" in cases[0].evidence


def test_a_run_of_another_kind_is_refused(sound: Collection) -> None:
    run = replace(run_of(sound, MOON), kind="retrieval")
    with pytest.raises(DataError, match="evaluate answers"):
        diagnose(sound.store, run, OWNER)


def test_an_answer_that_cites_what_the_evaluation_did_not_find(sound: Collection) -> None:
    """The run could not place the gold, so the answer counts as wrong; today it is found, and the answer cites it."""
    run = run_of(sound, LEAVE_QUESTION)
    lost = replace(run.results[0], question=LEAVE_QUESTION, state="unplaced", metrics={"correct": 0.0})
    case = only_case(sound, replace(run, results=(lost,)))
    assert (case.fault, case.kind) == ("gold_doubtful", "written otherwise")
    assert case.proven


def test_a_question_with_nothing_to_compare_with_stands_on_no_rung(sound: Collection) -> None:
    bare = replace(LEAVE_QUESTION, id="bare", golds=(), answers=())
    both = diagnose(sound.store, run_of(sound, LEAVE_QUESTION, bare), OWNER)
    assert [rung.figure.n for rung in both.ladder] == [1] * 6 and both.ladder[0].figure.value == 1.0
    assert diagnose(sound.store, run_of(sound, bare), OWNER).ladder == ()
