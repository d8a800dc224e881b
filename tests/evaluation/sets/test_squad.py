"""SQuAD 1.1 and 2.0: contexts, answers at their places, the sentence as the gold, and complaints with JSON paths."""

from __future__ import annotations

import json
from typing import Any

import pytest

from citewell.errors import DataError
from citewell.evaluation.sets import read_set
from citewell.evaluation.sets.squad import read_squad

CONTEXT = "The lamp at Orrin Head was lit in 1871. It was built by Ada Fenn. Nobody lives there now."


def question(
    name: str = "q1", text: str = "Who built it?", answer: str = "Ada Fenn", start: int | None = None, **more: Any
) -> Any:
    place = CONTEXT.find(answer) if start is None else start
    return {"id": name, "question": text, "answers": [{"text": answer, "answer_start": place}], **more}


def write(path, *questions, context=CONTEXT, version="v2.0"):
    data = {
        "version": version,
        "data": [{"title": "Orrin_Head", "paragraphs": [{"context": context, "qas": questions}]}],
    }
    path.write_text(json.dumps(data))
    return path


def test_contexts_questions_and_answers_are_read(tmp_path):
    twice = question(answers=[{"text": "Ada Fenn", "answer_start": 54}] * 2)
    none = question("q2", "Who painted it?", is_impossible=True, answers=[], plausible_answers=[])
    data = read_squad(write(tmp_path / "dev.json", twice, none))
    assert (data.version, data.articles, [each.text for each in data.contexts]) == (
        "v2.0",
        ("Orrin_Head",),
        [CONTEXT],
    )
    first, second = data.questions
    assert [(answer.text, answer.start) for answer in first.answers] == [("Ada Fenn", CONTEXT.index("Ada"))]
    assert second.impossible and second.answers == ()


def test_as_a_set_the_gold_is_the_sentence_with_the_answer(tmp_path):
    found = read_set(write(tmp_path / "dev.json", question(), question("q2", "x?", is_impossible=True, answers=[])))
    one, other = found.questions
    assert one.answers == ("Ada Fenn",)
    assert [gold.quote for gold in one.golds] == ["It was built by Ada Fenn."]
    assert not other.answerable and other.golds == ()


def test_an_answer_over_two_sentences_has_both_and_one_a_little_off_is_found(tmp_path):
    long = question("q1", answer="Ada Fenn. Nobody", start=CONTEXT.index("Ada"))
    off = question("q2", answer="1871", start=CONTEXT.index("1871") + 2)
    found = read_set(write(tmp_path / "dev.json", long, off))
    assert found.questions[0].golds[0].quote == "It was built by Ada Fenn. Nobody lives there now."
    assert found.questions[1].golds[0].quote == "The lamp at Orrin Head was lit in 1871."


def test_a_file_named_in_an_export_is_the_gold_s_document(tmp_path):
    path = write(tmp_path / "export.json", question())
    data = json.loads(path.read_text())
    data["data"][0]["paragraphs"][0]["file_name"] = "lighthouses.pdf"
    path.write_text(json.dumps(data))
    assert read_set(path).questions[0].golds[0].document == "lighthouses.pdf"


def test_all_that_is_wrong_is_told_at_once_by_json_path(tmp_path):
    path = write(
        tmp_path / "dev.json",
        question(),
        question(),
        question("q3", start=3),
        question("q4", text=" "),
        question("q5", answers=[]),
        question("q6", start=None, answers="Ada"),
        question("q7", is_impossible="no"),
        7,
        question("q9", answers=[{"text": "", "answer_start": 0}]),
        question(""),
    )
    with pytest.raises(DataError) as caught:
        read_squad(path)
    told = str(caught.value)
    for place, why in (
        ("qas[1]", "the id 'q1' was used before, in $.data[0].paragraphs[0].qas[0]"),
        ("qas[2].answers[0]", "at 3"),
        ("qas[3]", "'question' is ' '"),
        ("qas[4]", "no answer to a question that has one"),
        ("qas[5]", "Expected a list"),
        ("qas[6]", "'is_impossible' is 'no'"),
        ("qas[7]", "not an object"),
        ("qas[8].answers[0]", "'text' is ''"),
        ("qas[9]", "'id' is ''"),
    ):
        assert any(f"$.data[0].paragraphs[0].{place}: " in line and why in line for line in told.splitlines()), (
            place,
            told,
        )


def test_a_paragraph_without_text_and_a_file_without_questions_are_errors(tmp_path):
    with pytest.raises(DataError, match=r"paragraphs\[0\]: 'context' is ''"):
        read_squad(write(tmp_path / "dev.json", question(), context=""))
    with pytest.raises(DataError, match="no question in it"):
        read_squad(write(tmp_path / "dev.json"))
    (tmp_path / "other.json").write_text('{"data": [1]}')
    with pytest.raises(DataError, match="Expected SQuAD's layout"):
        read_squad(tmp_path / "other.json")


def test_rows_as_data_frames_have_them_are_read_too(tmp_path):
    row = {
        "id": "a",
        "title": "T",
        "context": CONTEXT,
        "question": "When?",
        "answers": {"text": ["1871"], "answer_start": [34]},
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "b"}) + "\n")
    assert [question.answers for question in read_set(tmp_path / "rows.jsonl").questions] == [("1871",), ("1871",)]
