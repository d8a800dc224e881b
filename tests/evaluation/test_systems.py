"""With and without retrieval: systems of every kind over the same questions, measured alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.errors import DataError
from citewell.evaluation.foreign import Usage, made_answer, marked_sentences, read_answers, unmarked
from citewell.evaluation.library import list_runs, load_run
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.systems import SystemTable, from_callable, run_stem
from citewell.records import Answer, Hit

DOCUMENTS = {
    "leave.md": "# Leave policy\n\nNew employees get 27 days of paid leave each year.\n\nRequests go to the manager.\n",
    "travel.md": "# Travel policy\n\nHotels in London are paid up to 190 pounds a night.\n",
    "canteen.md": "# Canteen\n\nThe canteen opens at noon and closes at two.\n",
}
QUESTIONS = QuestionSet("House questions", (
    Question("leave", "How many days of paid leave do new employees get?", ("27 days",),
             (Gold("leave.md", "New employees get 27 days of paid leave each year."),)),
    Question("hotel", "How much is paid for a hotel in London?", ("190 pounds",),
             (Gold("travel.md", "Hotels in London are paid up to 190 pounds a night."),)),
    Question("canteen", "When does the canteen open?", ("noon",),
             (Gold("canteen.md", "The canteen opens at noon and closes at two."),)),
    Question("moon", "Who won the football World Cup in 1998?", answerable=False),
))  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Collection:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    opened = citewell.open(tmp_path / "house.citewell", create=True)
    opened.add(folder)
    return opened


def write(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def by_name(table: SystemTable) -> dict[str, dict[str, float]]:
    return {row.name: {name: figure.value for name, figure in row.metrics.items()} for row in table.rows}


def results(table: SystemTable, name: str) -> dict[str, citewell.evaluation.runs.Result]:
    row = next(row for row in table.rows if row.name == name)
    return {result.question.id: result for result in row.run.results}


def test_the_collection_alone_gives_four_systems(house: Collection) -> None:
    table = house.compare(QUESTIONS, ["rag", "retrieval", "lexical", "dense"], keep=False)
    assert by_name(table)["rag"]["correct"] == 1.0
    assert by_name(table)["retrieval"]["correct"] == 0.75, "it cannot refuse the question nobody can answer"
    assert [row.refused for row in table.rows] == [1, 0, 1, 0], "no word of that question is in any document"
    assert table.baseline == "rag"
    assert [row.failed for row in table.rows] == [()] * 4


def test_retrieval_answers_with_its_best_passage_word_for_word(house: Collection) -> None:
    found = results(house.compare(QUESTIONS, ["retrieval"], keep=False), "retrieval")["leave"]
    assert found.answer == found.hits[0].text
    assert found.citations[0].exact
    assert found.citations[0].gold
    assert found.metrics["passage Hit@1"] == 1.0


def test_a_function_with_hits_cites_what_it_marks(house: Collection) -> None:
    def model(question: str, hits: Sequence[Hit]) -> str:
        place = next(n for n, hit in enumerate(hits, start=1) if "27 days" in hit.passage.text)
        return f"You get 27 days. [{place}] Ask your manager."

    found = results(house.compare(QUESTIONS, [from_callable("model", model, True)], keep=False), "model")["leave"]
    assert found.answer == "You get 27 days. Ask your manager."
    assert [(each.text, each.citations) for each in found.sentences] == [
        ("You get 27 days.", (0,)), ("Ask your manager.", ()),
    ]  # fmt: skip
    assert found.citations[0].exact
    assert found.citations[0].gold
    assert found.metrics["citation recall"] == 0.5


def test_a_closed_book_function_has_no_ranking(house: Collection) -> None:
    table = house.compare(QUESTIONS, ["rag", from_callable("closed", lambda question: "27 days")], keep=False)
    closed = results(table, "closed")
    assert closed["leave"].metrics["answer accuracy"] == 1.0
    assert closed["leave"].metrics["groundedness"] == 0.0
    assert not [name for name in table.rows[1].run.metrics if name.startswith(("passage ", "document ", "page "))]
    assert "passage nDCG@10" in table.rows[0].run.metrics


def test_none_is_a_refusal(house: Collection) -> None:
    table = house.compare(QUESTIONS, [from_callable("silent", lambda question: None)], keep=False)
    assert table.rows[0].refused == 4
    assert results(table, "silent")["moon"].metrics["correct"] == 1.0


def test_a_function_that_fails_on_a_question_is_wrong_there_and_goes_on(house: Collection) -> None:
    def fragile(question: str) -> str | None:
        if "football" in question:
            raise TimeoutError("no reply in 60 s")
        return "27 days"

    table = house.compare(QUESTIONS, [from_callable("fragile", fragile)], keep=False)
    found = results(table, "fragile")
    assert table.rows[0].failed == ("moon",)
    assert found["moon"].error == "TimeoutError: no reply in 60 s"
    assert found["moon"].metrics["correct"] == 0.0, "a failure is no refusal"
    assert found["leave"].metrics["correct"] == 1.0
    assert "no answer to 1 of 4 questions" in " ".join(table.notes)


def test_a_function_that_returns_no_text_is_told_so(house: Collection) -> None:
    table = house.compare(QUESTIONS, [from_callable("numbers", lambda question: 27)], keep=False)  # type: ignore[arg-type,return-value]
    assert len(table.rows[0].failed) == 4
    assert "returned int" in results(table, "numbers")["leave"].error


def test_recorded_answers_are_measured_like_any_other(house: Collection, tmp_path: Path) -> None:
    quotes = [
        {"document": "leave.md", "quote": "New employees get 27 days of paid leave each year."},
        {"document": "leave.md", "quote": "Everyone gets 99 days."},
        {"document": "gone.md", "quote": "27 days"},
    ]
    rows = [
        {"id": "leave", "answer": "27 days", "citations": quotes, "seconds": 2.0, "tokens": 90, "cost": 0.01},
        {"id": "hotel", "answer": "190 pounds", "confidence": 0.25, "seconds": 4.0, "tokens": 30, "cost": 0.03},
        {"id": "moon", "refused": True, "confidence": 0.1},
        {"id": "other", "answer": "Of another set."},
    ]
    path = write(tmp_path / "model.jsonl", rows)
    table = house.compare(QUESTIONS, ["rag"], answers={"model": path}, keep=False)
    found, row = results(table, "model"), table.rows[1]
    assert [cited.exact for cited in found["leave"].citations] == [True, False, False]
    assert found["leave"].citations[0].gold
    assert found["leave"].metrics["quote exactness"] == pytest.approx(1 / 3)
    assert found["hotel"].confidence == 0.25
    assert found["moon"].metrics["correct"] == 1.0
    assert row.failed == ("canteen",)
    assert found["canteen"].metrics["correct"] == found["canteen"].metrics["F1"] == 0.0
    assert "model.jsonl has no answer" in found["canteen"].error
    assert row.tokens.value == 30
    assert row.cost.value == pytest.approx(0.01)
    assert row.seconds["p50"].value == pytest.approx(2.0)
    assert any("1 answers are to questions that were not asked" in note for note in table.notes)


def test_a_stored_run_keeps_what_was_made_up(house: Collection, tmp_path: Path) -> None:
    made_up = [{"document": "nowhere.md", "quote": "Everyone gets 99 days of leave."}]
    path = write(tmp_path / "model.jsonl", [{"id": "leave", "answer": "99\u2028days", "citations": made_up}])
    path.write_text(path.read_text().replace("\\u2028", "\u2028"), encoding="utf-8")  # as other tools write it
    house.compare(QUESTIONS, ["retrieval"], answers={"model": path}, name="kept")
    found = next(each for each in load_run(house.store, "kept-model-1").results if each.question.id == "leave")
    assert found.citations[0].quote == "Everyone gets 99 days of leave." and found.answer == "99\u2028days"


class Closed:
    """A model that knows what it cost, and retrieves nothing."""

    name, identity = "closed", {"model": "none"}

    def answer(self, question: Question, scope: Scope) -> Answer:
        return made_answer(question.text, "27 days", (), (), 0.5, {})

    def usage(self, question_id: str) -> Usage:
        return Usage(12, 0.5)


def test_what_a_system_without_retrieval_cost_is_kept(house: Collection) -> None:
    table = house.compare(QUESTIONS, [Closed()], keep=False)
    assert (table.rows[0].tokens.value, table.rows[0].cost.value) == (12, 0.5)
    assert not any("nDCG" in name for name in table.rows[0].run.metrics)


def test_a_name_that_is_too_long_for_a_run_is_told_before_anything_is_asked(house: Collection) -> None:
    def never(question: str) -> str:
        raise AssertionError(question)

    with pytest.raises(DataError, match="is not a name for a run"):
        house.compare(QUESTIONS, [from_callable("x" * 60, never)])


def test_answers_of_another_set_are_refused(house: Collection, tmp_path: Path) -> None:
    path = write(tmp_path / "model.jsonl", [{"id": "q1", "answer": "x"}])
    with pytest.raises(DataError, match="'q1', but the set asks 'leave'"):
        house.compare(QUESTIONS, ["rag"], answers={"model": path}, keep=False)


def test_a_quote_from_a_hidden_document_is_not_confirmed(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "board.md").write_text("# Board\n\nThe merger closes in May.\n")
    (folder / "open.md").write_text("# Open\n\nThe canteen opens at noon.\n")
    (folder / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "board.md"\nreaders = ["user:kim"]\n\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n'
    )
    house = citewell.open(tmp_path / "secret.citewell", create=True)
    house.add(folder)
    asked = QuestionSet("board", (Question("q", "When does the merger close?", ("May",)),))
    citation = {"document": "board.md", "quote": "The merger closes in May."}
    path = write(tmp_path / "model.jsonl", [{"id": "q", "answer": "May", "citations": [citation]}])
    seen = {
        who: results(
            house.compare(asked, [], answers={"model": path}, scope=Scope.of([who]), keep=False), "model"
        )["q"].citations[0]
        for who in ("user:kim", "user:lee")
    }  # fmt: skip
    assert seen["user:kim"].exact
    assert not seen["user:lee"].exact
    assert seen["user:lee"].document_id == ""


def test_a_system_beside_itself_shows_no_difference(house: Collection) -> None:
    once, again = from_callable("once", lambda q: "27 days"), from_callable("again", lambda q: "27 days")
    table = house.compare(QUESTIONS, [once, again], keep=False)
    differences = table.rows[1].differences
    assert {"correct", "F1", "answer accuracy"} <= differences.keys()
    assert all(each.figure.value == 0 and each.p == each.p_holm == 1.0 for each in differences.values())
    assert table.rows[0].differences == {}


def test_p_is_corrected_over_the_whole_table(sample_collection: Collection) -> None:
    rows = [json.loads(line) for line in citewell.samples.questions_path().read_text(encoding="utf-8").splitlines()]
    chosen = tuple(
        Question(row["id"], row["question"], (row["answer"],), (Gold(row["document"], row["quote"]),))
        for row in rows[:20]
    )
    closed = from_callable("closed", lambda question: "I do not know that.")
    table = sample_collection.compare(QuestionSet("samples", chosen), ["rag", "retrieval", closed], keep=False)
    found = [each for row in table.rows for each in row.differences.values()]
    smallest = min(found, key=lambda each: each.p)
    assert len(found) >= 8
    assert smallest.p_holm == pytest.approx(min(1.0, smallest.p * len(found)))
    assert all(each.p <= each.p_holm <= 1 for each in found)
    accuracy = table.rows[2].differences["correct"]
    assert accuracy.figure.high < 0
    assert accuracy.p_holm < 0.05


def test_runs_are_stored_for_each_system_and_never_replaced(house: Collection) -> None:
    for _ in range(2):
        house.compare(QUESTIONS, ["rag", "retrieval"])
    stored = [each.name for each in list_runs(house.store)]
    assert sorted(stored) == [
        "house-questions-rag-1", "house-questions-rag-2", "house-questions-retrieval-1", "house-questions-retrieval-2",
    ]  # fmt: skip
    run = load_run(house.store, "house-questions-retrieval-1")
    assert run.system["name"] == "retrieval"
    assert len(run.results) == 4
    house.compare(QUESTIONS, ["lexical"], keep=False)
    assert len(list_runs(house.store)) == 4


def test_what_cannot_be_compared_is_said(house: Collection) -> None:
    wrong: tuple[tuple[list[citewell.evaluation.running.System | str], str, str], ...] = (
        ([], "", "none"),
        (["rag", "rag"], "", "its own name"),
        (["nonsense"], "", "'nonsense' is not a system"),
        (["rag"], "closed", "no system 'closed'"),
        ([from_callable("Über GPT", str)], "", "not a name for a system"),
    )
    for systems, baseline, words in wrong:
        with pytest.raises(DataError, match=words):
            house.compare(QUESTIONS, systems, baseline=baseline)
    assert list_runs(house.store) == []


def test_two_comparisons_are_the_same_apart_from_time(house: Collection) -> None:
    def timeless() -> str:
        table = house.compare(QUESTIONS, ["rag", "retrieval"], keep=False)
        rows = [
            replace(row, seconds={}, run=replace(
                row.run, created_at="", timings={}, results=tuple(replace(each, timings={}) for each in row.run.results)
            ))
            for row in table.rows
        ]  # fmt: skip
        return json.dumps([replace(table, rows=tuple(rows)).to_json(), *(row.run.to_json() for row in rows)])

    assert timeless() == timeless()


@pytest.mark.parametrize(
    ("text", "known", "sentences"),
    [
        ("It is 27 days [1]. Ask [2, 3].", 3, [("It is 27 days.", (0,)), ("Ask.", (1, 2))]),
        ("It is 27 days. [1][2] Ask them.", 2, [("It is 27 days.", (0, 1)), ("Ask them.", ())]),
        ("See [7].", 3, [("See [7].", ())]),  # nothing has that number
        ("The array a[0] is empty [1].", 1, [("The array a[0] is empty.", (0,))]),
        ("", 3, []),
        ("[1]", 1, []),
    ],
)
def test_marks_of_citations(text: str, known: int, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert marked_sentences(text, known) == sentences


def test_the_form_of_an_answer_is_kept() -> None:
    table = "| day | hours |\n|---|---|\n| Monday | 8 [1] |"
    assert unmarked(table, 1) == "| day | hours |\n|---|---|\n| Monday | 8 |"
    answer = made_answer("When?", '{"day": "Monday"}', (), (), None, {})
    assert json.loads(answer.text) == {"day": "Monday"}
    assert not answer.refused


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"answer": "x"}, '"id"'),
        ({"id": True, "answer": "x"}, '"id"'),
        ({"id": "a", "answer": ""}, "answer is empty"),
        ({"id": "a"}, "answer is empty"),
        ({"id": "a", "answer": 7}, "answer is 7"),
        ({"id": "a", "answer": "x", "refused": "no"}, "refused is 'no'"),
        ({"id": "a", "answer": "x", "confidence": 1.5}, "from 0 to 1"),
        ({"id": "a", "answer": "x", "confidence": float("nan")}, "NaN is not a number JSON has"),
        ({"id": "a", "answer": "x", "cost": -1}, "0 or more"),
        ({"id": "a", "answer": "x", "seconds": float("inf")}, "Infinity is not a number JSON has"),
        ({"id": "a", "answer": "x", "tokens": "many"}, "tokens is 'many'"),
        ({"id": "a", "answer": "x", "citations": [{"quote": "y"}]}, "expected citations like"),
        ({"id": "a", "answer": "x", "citation": []}, "unknown field 'citation'"),
        ({"id": "first", "answer": "x"}, "answered before"),
        ("text", '"id"'),
    ],
)
def test_a_row_of_answers_that_is_none_is_named_by_its_line(tmp_path: Path, row: object, words: str) -> None:
    path = write(tmp_path / "answers.jsonl", [{"id": "first", "answer": "x"}, row])
    with pytest.raises(DataError, match=f"line 2.*{words}"):
        read_answers(path)


def test_a_file_without_answers_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match="holds no answers"):
        read_answers(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        read_answers(tmp_path / "missing.jsonl")


def test_any_set_name_can_begin_a_runs_name() -> None:
    assert run_stem("My Set (2025)") == "my-set-2025-"
    assert run_stem("../../etc") == "etc"
    assert run_stem("") == "set"
    assert len(run_stem("x" * 500)) == 32


def test_answers_that_nest_too_deep_or_hold_half_a_character_do_no_harm(tmp_path: Path) -> None:
    deep = tmp_path / "deep.jsonl"
    deep.write_text("[" * 100_000)
    with pytest.raises(DataError, match="line 1 is not JSON"):
        read_answers(deep)
    half = tmp_path / "half.jsonl"
    half.write_text('{"id": "q1", "answer": "\\ud800 27 days"}\n')
    assert read_answers(half)["q1"].answer.encode().decode().endswith("27 days")
