"""Sets made from real collections: what holds for every question, and what becomes of rivals, copies and twins."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.errors import DataError
from citewell.evaluation.anchoring import anchor
from citewell.evaluation.making import make_set
from citewell.evaluation.making.checks import LONGEST_ECHO, echo, gives_away
from citewell.evaluation.making.choosing import Candidate, Chooser
from citewell.evaluation.making.drafts import Draft, material
from citewell.evaluation.making.make import in_order
from citewell.evaluation.making.naming import names_of_documents
from citewell.evaluation.questions import Question, QuestionSet
from citewell.records import Document

OWNER = Scope.owner()


def collect(tmp_path: Path, files: dict[str, str]) -> Collection:
    folder = tmp_path / "docs"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = citewell.open(tmp_path / "made.citewell", create=True)
    made.add(folder)
    return made


def texts(questions: QuestionSet, *, answerable: bool = True) -> list[str]:
    return [question.text for question in questions.questions if question.answerable == answerable]


@pytest.fixture(scope="module")
def sample_set(sample_collection: Collection) -> QuestionSet:
    return make_set(sample_collection.store, OWNER, count=60, seed=7)


def test_every_answerable_question_has_its_words_at_its_span(
    sample_set: QuestionSet, sample_collection: Collection
) -> None:
    answerable = [question for question in sample_set.questions if question.answerable]
    assert len(answerable) == 48
    for question in answerable:
        assert question.origin == "made"
        assert question.kind
        assert question.answers
        assert question.note.startswith("Made from ")
        for gold in question.golds:
            document = sample_collection.document(gold.document)
            assert gold.span is not None
            assert document.text[gold.span[0] : gold.span[1]] == gold.quote
            assert gold.document_version == document.version
    states = Counter(each.state for each in anchor(answerable, sample_collection.store, OWNER))
    assert states == {"anchored": 48}


def test_no_question_holds_its_answer_or_repeats_its_source(sample_set: QuestionSet) -> None:
    for question in sample_set.questions:
        assert question.text.endswith("?")
        if question.answerable:
            asked = question.text.split(", according to ")[0]
            assert not gives_away(asked, question.answers[0]), question
            assert echo(asked, question.golds[0].quote) <= LONGEST_ECHO, question


def test_a_fifth_is_unanswerable_and_says_why(sample_set: QuestionSet, sample_collection: Collection) -> None:
    documents = {item.document_id for item in sample_collection.items()}
    twins = [question for question in sample_set.questions if not question.answerable]
    assert len(twins) == 12
    for twin in twins:
        assert twin.golds == ()
        assert twin.answers == ()
        assert twin.note.startswith("Made unanswerable: ")
        assert "Nearest: " in twin.note
        assert set(twin.sources) <= documents
        assert twin.sources
    assert len({twin.tags[1] for twin in twins}) > 2


def test_the_set_is_spread_over_documents_types_and_kinds(sample_set: QuestionSet) -> None:
    answerable = [question for question in sample_set.questions if question.answerable]
    documents = Counter(question.golds[0].document for question in answerable)
    kinds = Counter(question.kind for question in answerable)
    assert len(documents) >= 20
    assert max(documents.values()) <= 8
    assert len(kinds) >= 8
    assert max(kinds.values()) <= 8
    assert kinds["cloze"] <= 5


def test_the_set_says_how_it_was_made(sample_set: QuestionSet, sample_collection: Collection) -> None:
    made = sample_set.made
    assert made["how"] == "rules"
    assert made["seed"] == 7
    assert made["made"] == len(sample_set.questions) == sum(made["kinds"].values())
    assert made["unanswerable"] == 12
    assert made["documents"] == len([item for item in sample_collection.items() if item.is_document])
    assert 0.9 <= made["gold_found_among_wide"] <= 1
    assert "100 passages" in made["filter"]
    later = replace(sample_set, made={**made, "made_at": "2030-01-01T00:00:00+00:00"})
    assert later.identity == sample_set.identity
    assert QuestionSet.from_json(json.loads(json.dumps(sample_set.to_json()))) == sample_set


def test_the_same_seed_makes_the_same_set_and_another_one_another(
    sample_set: QuestionSet, sample_collection: Collection
) -> None:
    again = make_set(sample_collection.store, OWNER, count=60, seed=7)
    assert [each.to_json() for each in again.questions] == [each.to_json() for each in sample_set.questions]
    other = make_set(sample_collection.store, OWNER, count=10, seed=8)
    assert not set(texts(other)) <= set(texts(sample_set))


def test_a_question_with_two_answers_names_its_document(tmp_path: Path) -> None:
    made = collect(tmp_path, {
        "north.md": "# Rules of the north site\n\nAn Orca access card is valid for 12 months.\n",
        "south.md": "# Rules of the south site\n\nAn Orca access card is valid for 24 months.\n",
    })  # fmt: skip
    asked = {question.text: question.answers[0] for question in make_set(made.store, OWNER, count=10).questions
             if question.answerable and question.kind == "number"}  # fmt: skip
    right = {
        "For how many months is an Orca access card valid, according to “Rules of the north site”?": "12 months",
        "For how many months is an Orca access card valid, according to “Rules of the south site”?": "24 months",
    }
    assert asked
    assert asked.items() <= right.items()  # the second may count as nearly the same question


def test_documents_that_nothing_tells_apart_give_no_question_that_needs_their_name(tmp_path: Path) -> None:
    made = collect(tmp_path, {
        "a.md": "# Rules\n\nAn Orca access card is valid for 12 months.\n",
        "b.md": "# Rules\n\nAn Orca access card is valid for 24 months.\n",
    })  # fmt: skip
    found = make_set(made.store, OWNER, count=10)
    assert not [question for question in found.questions if question.kind == "number"]
    assert found.made["dropped"]["another stretch gives another answer"] >= 2


def test_the_same_answer_elsewhere_is_a_second_gold(tmp_path: Path) -> None:
    sentence = "An Orca access card is valid for 12 months."
    made = collect(tmp_path, {
        "a.md": f"# Rules of the north\n\n{sentence}\n",
        "b.md": f"# Rules of the south\n\nPlease note the rules of the site. {sentence}\n",
    })  # fmt: skip
    found = [question for question in make_set(made.store, OWNER, count=10).questions if question.kind == "number"]
    assert len(found) == 1
    assert found[0].text == "For how many months is an Orca access card valid?"
    assert {made.document(gold.document).uri[-4:] for gold in found[0].golds} == {"a.md", "b.md"}


def test_hidden_documents_give_no_question_and_no_rival(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "secret").mkdir(parents=True)
    (folder / "open.md").write_text("# Open rules\n\nAn Orca access card is valid for 12 months.\n")
    (folder / "secret" / "board.md").write_text("# Board rules\n\nAn Orca access card is valid for 24 months.\n")
    (folder / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "secret/**"\nreaders = ["group:board"]\n\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n'
    )
    made = citewell.open(tmp_path / "scoped.citewell", create=True)
    made.add(folder)
    found = make_set(made.store, Scope.of([]), count=10)
    assert texts(found) == ["For how many months is an Orca access card valid?"]
    assert "Board" not in json.dumps(found.to_json())
    assert found.made["documents"] == 1
    owner = make_set(made.store, OWNER, count=10)
    assert "For how many months is an Orca access card valid?" not in texts(owner)


def test_a_twin_is_dropped_when_the_documents_answer_it(tmp_path: Path) -> None:
    rows = "".join(f"| TPX-{number} | {number} bar | {number + 7} EUR |\n" for number in range(210, 300, 10))
    table = f"| Model | Pressure | Price |\n|---|---|---|\n{rows}"
    made = collect(tmp_path, {"list.md": f"# Price list of transmitters\n\n{table}"})
    found = make_set(made.store, OWNER, count=40)
    twins = [question for question in found.questions if not question.answerable]
    assert twins
    known = {f"TPX-{number}" for number in range(210, 300, 10)}
    for twin in twins:
        if "other thing" in twin.tags:
            assert not any(name in twin.text for name in known), twin.text


def test_one_short_document_gives_what_it_can_and_says_what_it_cannot(tmp_path: Path) -> None:
    made = collect(tmp_path, {"one.md": "# Leave\n\nNew employees get 27 days of paid leave each year.\n"})
    found = make_set(made.store, OWNER, count=50)
    assert 0 < len(found.questions) < 10
    assert found.made["asked_for"] == 50
    assert found.made["made"] == len(found.questions)


def test_an_empty_collection_is_an_error_that_says_what_to_do(collection: Collection) -> None:
    with pytest.raises(DataError, match="citewell add"):
        make_set(collection.store, OWNER)


def test_progress_is_told_for_every_stage(tmp_path: Path) -> None:
    made = collect(
        tmp_path, {f"{n}.md": f"# Rules {n}\n\nKey number K{n}7 is valid for {n + 3} months.\n" for n in range(5)}
    )
    told: list[tuple[str, int, int]] = []
    make_set(made.store, OWNER, count=5, on_progress=lambda *each: told.append(each))
    assert {stage for stage, _, _ in told} >= {"reading", "verifying"}
    assert all(0 <= done <= total for _, done, total in told)


def test_file_types_take_turns_in_the_order_of_reading(sample_collection: Collection) -> None:
    items = [item for item in sample_collection.items() if item.is_document]
    order = in_order(items, 1)
    assert sorted(item.uri for item in order) == sorted(item.uri for item in items)
    types = len({item.media_type for item in items})
    assert len({item.media_type for item in order[:types]}) == types
    assert [item.uri for item in in_order(list(reversed(items)), 1)] == [item.uri for item in order]


def test_documents_of_one_title_are_told_apart_by_their_year_or_have_no_name(sample_collection: Collection) -> None:
    items = [item for item in sample_collection.items() if item.is_document]
    names = names_of_documents(items)
    by_file = {item.uri.rpartition("/")[2]: names[item.document_id] for item in items}
    assert by_file["travel-expenses-policy-2025.pdf"] == "“Travel and Expenses Policy” of 2025"
    assert by_file["remote-working-policy.html"] == "“Remote Working Policy”"
    assert by_file["client.py"] == "the file client.py"
    given = [name for name in names.values() if name]
    assert len(set(given)) == len(given)
    twice = names_of_documents([items[0], replace(items[0], document_id="x" * 32)])
    assert set(twice.values()) == {""} or items[0].title == ""


def candidate(number: int, document: str, kind: str) -> Candidate:
    given = material(Document(document, "v", f"/{document}.md", document, "text/markdown", "", ()), document, 1)
    draft = Draft(f"Question {number} of {document}?", "", ("answer",), (0, 1), kind, f"rule {number}", "keys")
    return Candidate(draft, document, "text/markdown", number, given)


def test_the_chooser_takes_turns_over_kinds_and_documents_and_ends() -> None:
    pool = [candidate(n, f"d{n % 3}", "number" if n % 2 else "person") for n in range(12)]
    chooser, taken = Chooser(pool), list[Candidate]()
    while (each := chooser.next()) is not None:
        chooser.tell(each, taken=True)
        taken.append(each)
    assert len(taken) == len({each.order for each in taken}) == 12
    assert {each.draft.kind for each in taken[:2]} == {"number", "person"}
    assert max(Counter(each.document_id for each in taken[:6]).values()) <= 3


def test_gap_questions_fill_a_set_only_where_there_is_nothing_else() -> None:
    mixed = [candidate(n, f"d{n}", "cloze" if n < 30 else "number") for n in range(40)]
    alone = [candidate(n, f"d{n}", "cloze") for n in range(30)]
    for pool, most in ((mixed, 3), (alone, 30)):
        chooser, taken = Chooser(pool), list[Candidate]()
        while (each := chooser.next()) is not None:
            chooser.tell(each, taken=True)
            taken.append(each)
        assert sum(each.draft.kind == "cloze" for each in taken) == most


def test_question_without_sources_is_written_as_before() -> None:
    plain = Question("q", "What?")
    assert "sources" not in plain.to_json()
    held = replace(plain, sources=("d1",))
    assert Question.from_json(held.to_json()) == held
