"""Reading SQuAD data: official scores, exact spans, refusals, and the same run twice."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes import ScriptedReader

from citewell.answering.loaded import reader_of
from citewell.errors import DataError
from citewell.evaluation.reading import (
    best_span,
    evaluate_reading,
    null_odds,
    official_scores,
    predictions,
    spread_out,
)
from citewell.evaluation.remembering import Remembering
from citewell.evaluation.runs import Run
from citewell.models.encoder import Encoder, load_encoder
from citewell.models.modelset import load_model_set
from citewell.models.reader import Reader

LEAVE = (
    "New employees get 27 days of paid leave each year. Requests go to the manager in the Pebble tool.\n\n"
    "The canteen opens at noon and closes at two. It serves soup on Fridays."
)
HALL = "The goods lift in hall B is out of service. Mr Ilves repairs it on Monday."


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The one that ships; no test says what its scores are."""
    return reader_of(load_model_set())


def question(name: str, text: str, answer: str = "", context: str = LEAVE) -> dict[str, Any]:
    answers = [{"text": answer, "answer_start": context.index(answer)}] if answer else []
    return {"id": name, "question": text, "answers": answers, "is_impossible": not answer}


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    paragraphs = [
        {"context": LEAVE, "qas": [
            question("q1", "How many days of paid leave do new employees get?", "27 days"),
            question("q2", "When does the canteen open?", "noon"),
            question("q3", "Who won the football World Cup in 1998?"),
        ]},
        {"context": HALL, "qas": [question("q4", "Who repairs the goods lift in hall B?", "Mr Ilves", HALL)]},
    ]  # fmt: skip
    path = tmp_path / "small.json"
    data = [{"title": "House", "paragraphs": paragraphs}]
    path.write_text(json.dumps({"version": "v2.0", "data": data}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("answer", "references", "exact", "overlap"),
    [
        ("The Cat!", ["cat"], 1.0, 1.0),
        ("a cat sat", ["cat"], 0.0, 2 / 3),  # the article goes: one of two words, one of one
        ("in 1973", ["October 1973", "1973"], 0.0, 2 / 3),
        ("cat cat", ["cat"], 0.0, 2 / 3),  # a word counts as often as it is there
        ("dog", ["cat"], 0.0, 0.0),
        ("", [], 1.0, 1.0),  # there is no answer, and none was given
        ("dog", [], 0.0, 0.0),
        ("", ["cat"], 0.0, 0.0),
        (
            "",
            ["the", "cat"],
            0.0,
            0.0,
        ),  # a reference that normalises to nothing is left out, as the official script does
    ],
)
def test_scores_are_those_of_the_official_scripts(
    answer: str, references: list[str], exact: float, overlap: float
) -> None:
    assert official_scores(answer, references) == (exact, pytest.approx(overlap))


def test_the_stretch_is_the_contexts_own_characters(encoder: Encoder, reader: Reader) -> None:
    found = best_span("When does the canteen open?", LEAVE, encoder, reader)
    assert "noon" in found.text
    assert len(found.text) < len("The canteen opens at noon and closes at two.")
    assert LEAVE[found.start :].startswith(found.text)
    assert 0 < found.confidence < 1
    assert found.null == (found.confidence < 0.5)


@pytest.mark.parametrize(
    "context", ["  one\r\n\r\n two \r\n", "\n\n\tItem: 7 days\n", "Ünïcode – é. Zweiter Satz.", "x", "🦊 x\u2028y"]
)
def test_odd_white_space_moves_no_span(encoder: Encoder, reader: Reader, context: str) -> None:
    found = best_span("How many days?", context, encoder, reader)
    assert found.text
    assert context[found.start : found.start + len(found.text)] == found.text


def test_an_empty_context_has_no_answer(encoder: Encoder, reader: Reader) -> None:
    found = best_span("How many days?", " \n ", encoder, reader)
    assert (found.text, found.confidence, found.null) == ("", 0.0, True)


def test_a_context_longer_than_what_is_read_is_searched(encoder: Encoder, reader: Reader) -> None:
    filler = "\n\n".join(
        f"Paragraph {number} tells of pumps, valves and gauges in building {number}, which nobody asked about. " * 8
        for number in range(30)
    )
    context = f"{filler}\n\n{LEAVE}"
    found = best_span("How many days of paid leave are there?", context, encoder, reader)
    assert "27" in found.text
    assert found.start >= len(filler)


def test_below_even_odds_it_says_null_and_still_gives_the_stretch(encoder: Encoder) -> None:
    for odds, null in ((0.5, False), (-0.5, True)):
        found = best_span("When?", HALL, encoder, ScriptedReader({HALL: (0.0, {"Monday": odds})}))  # type: ignore[arg-type]
        assert (found.text, found.start, found.null) == ("Monday", HALL.index("Monday"), null)
        assert found.confidence == pytest.approx(1 / (1 + math.exp(-odds)))


def test_remembered_vectors_are_the_encoders(encoder: Encoder) -> None:
    remembering = Remembering(encoder)
    texts = ["one", "two", "one", "three"]
    remembering.encode(["two", "four"])
    np.testing.assert_array_equal(remembering.encode(texts), encoder.encode(texts))
    assert remembering.encode([]).shape == encoder.encode([]).shape == (0, encoder.dimension)


def test_no_text_is_encoded_twice_until_all_are_forgotten(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    really = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts, progress=None: encoded.extend(texts) or really(texts))
    remembering = Remembering(encoder)
    remembering.encode(["one", "two", "one"])
    remembering.encode(["two", "three"])
    assert encoded == ["one", "two", "three"]
    remembering.forget()
    remembering.encode(["two"])
    assert encoded == ["one", "two", "three", "two"]


def test_limit_takes_questions_from_the_whole_file() -> None:
    assert spread_out(range(10), 4) == [0, 2, 5, 7]
    assert spread_out(range(3), 7) == [0, 1, 2]
    assert spread_out(range(3), None) == [0, 1, 2]


def test_a_run_scores_every_question(squad: Path, encoder: Encoder) -> None:
    reader = ScriptedReader({
        LEAVE: (2.0, {"27 days of paid leave": 3.0}), HALL: (1.0, {"Mr Ilves": 1.0}),
    })  # fmt: skip
    asked = ScriptedReader({LEAVE: (2.0, {"noon": -1.0}), HALL: (0.0, {})})

    class Both:
        """Knows no World Cup."""

        identity = "both@1"

        def read(self, question: str, contexts: list[str], texts: list[str]) -> list[Any]:
            return (asked if "World Cup" in question else reader).read(question, contexts, texts)

    run = evaluate_reading(squad, encoder=encoder, reader=Both())  # type: ignore[arg-type]
    assert run.system["reader"] == "both@1"
    by_id = {result.question.id: result for result in run.results}
    assert list(by_id) == ["q1", "q2", "q3", "q4"]
    assert by_id["q1"].metrics["correct"] == 1.0
    assert by_id["q1"].answer == "27 days of paid leave"
    assert by_id["q1"].metrics["F1"] == pytest.approx(2 * 2 / (2 + 5))
    assert by_id["q1"].metrics["exact match"] == 0.0
    assert by_id["q2"].metrics["correct"] == 0.0, "not where the reference stands"
    assert by_id["q4"].metrics["exact match"] == by_id["q4"].metrics["correct"] == 1.0
    assert by_id["q3"].refused
    assert by_id["q3"].metrics["exact match"] == by_id["q3"].metrics["NoAns F1"] == 1.0
    assert all(cited.exact for result in run.results for cited in result.citations)
    assert run.metrics["correct"].n == 4
    assert run.metrics["HasAns exact match"].n == 3
    assert run.metrics["NoAns exact match"].n == 1
    assert run.set["questions"] == 4


def test_an_answer_counts_only_at_its_own_place(tmp_path: Path, encoder: Encoder) -> None:
    context = "The bridge of 1990 has two lanes and is blue. In the year 1990 a storm took the roof of the town hall."
    start = context.rindex("1990")
    asked = {"id": "q", "question": "Which bridge has two lanes and is blue?", "is_impossible": False}
    qas = [{**asked, "answers": [{"text": "1990", "answer_start": start}]}]
    path = tmp_path / "place.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [{"context": context, "qas": qas}]}]}))
    for answer, correct in (("1990 has", 0.0), ("In the year 1990", 1.0)):
        reader = ScriptedReader({context: (0.0, {answer: -1.0})})
        (result,) = evaluate_reading(path, encoder=encoder, reader=reader, answer_always=True).results  # type: ignore[arg-type]
        assert result.answer == answer
        assert result.metrics["correct"] == correct


def test_predictions_and_null_odds_are_what_the_official_scripts_read(squad: Path, encoder: Encoder) -> None:
    run = evaluate_reading(squad, encoder=encoder)
    answers, odds = predictions(run), null_odds(run)
    assert answers.keys() == odds.keys() == {"q1", "q2", "q3", "q4"}
    assert answers["q3"] == ""
    assert odds["q3"] == max(odds.values())
    assert all(0 <= chance <= 1 for chance in odds.values())
    always = evaluate_reading(squad, encoder=encoder, answer_always=True)
    assert all(predictions(always).values())
    assert null_odds(always) == odds


def test_two_runs_are_the_same_apart_from_time(squad: Path, encoder: Encoder, tmp_path: Path) -> None:
    def timeless(run: Run) -> str:
        results = tuple(replace(result, timings={}) for result in run.results)
        return json.dumps(replace(run, results=results, timings={}, created_at="").to_json())

    first, second = evaluate_reading(squad, encoder=encoder), evaluate_reading(squad, encoder=encoder)
    assert timeless(first) == timeless(second)
    first.write(tmp_path / "run.json")
    assert Run.read(tmp_path / "run.json").metrics.keys() == first.metrics.keys()


def test_an_answer_that_is_not_where_the_file_says_is_refused(squad: Path) -> None:
    broken = squad.read_text(encoding="utf-8").replace('"answer_start": 18', '"answer_start": 60')
    squad.write_text(broken, encoding="utf-8")
    with pytest.raises(DataError, match="27 days"):
        evaluate_reading(squad)
