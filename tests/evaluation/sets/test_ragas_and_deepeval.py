"""What Ragas and DeepEval write: old and new names, what is gold and what a system did, and who thought of it."""

from __future__ import annotations

import csv
import json

import pytest

from citewell.errors import DataError
from citewell.evaluation.sets import read_set

NEW = {
    "user_input": "How long is leave?",
    "reference": "24 days",
    "reference_contexts": ["Leave is 24 days.", "It starts in May."],
    "retrieved_contexts": ["Something else."],
    "response": "Two weeks",
}


def write(path, value):
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("how", ["list", "lines", "samples", "csv", "one line"])
def test_rows_of_today_s_ragas(tmp_path, how):
    rows = [NEW, {**NEW, "user_input": "Who asks?", "reference_contexts": None}]
    path = tmp_path / ("set.csv" if how == "csv" else "set.json")
    if how == "csv":  # as its data set class writes it: lists as Python shows them
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(NEW))
            writer.writeheader()
            writer.writerows(rows)
    elif how == "lines":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif how == "one line":
        path.write_text(json.dumps(NEW) + "\n")
    else:
        write(path, rows if how == "list" else {"samples": rows})
    found = read_set(path)
    first = found.questions[0]
    assert (first.text, first.answers, first.origin) == ("How long is leave?", ("24 days",), "human")
    assert [gold.quote for gold in first.golds] == ["Leave is 24 days.", "It starts in May."]
    if how != "one line":
        assert found.questions[1].golds == ()
    assert found.notes == ()


def test_rows_of_version_0_1_and_what_the_system_did_is_left_out(tmp_path):
    row = {
        "question": "How long?",
        "answer": "Two weeks",
        "contexts": ["Retrieved."],
        "ground_truths": ["24 days", "24"],
    }
    (question,) = read_set(write(tmp_path / "set.json", [row])).questions
    assert (question.answers, question.golds) == (("24 days", "24"), ())
    both = {"question": "How long?", "answer": "Two weeks", "contexts": ["Retrieved."], "ground_truth": "24 days"}
    (question,) = read_set(write(tmp_path / "set.json", [both])).questions
    assert (question.answers, question.golds) == (("24 days",), ())


def test_by_columns_as_data_frames_are_written(tmp_path):
    lists = {"question": ["a?", "b?"], "ground_truth": ["1", "2"]}
    objects = {name: {str(number): value for number, value in enumerate(each)} for name, each in lists.items()}
    for data in (lists, objects):
        assert [q.answers for q in read_set(write(tmp_path / "set.json", data)).questions] == [("1",), ("2",)]
    with pytest.raises(DataError, match="columns of different length"):
        read_set(write(tmp_path / "set.json", {**lists, "contexts": [[]]}))


def test_questions_ragas_made_are_a_model_s_and_rest_on_their_contexts(tmp_path):
    old = {
        "question": "a?",
        "contexts": ["Source."],
        "ground_truth": "1",
        "evolution_type": "simple",
        "metadata": [{}],
        "episode_done": True,
    }
    new = {**NEW, "reference_contexts": ["<1-hop>\n\nFirst.", "<2-hop>\n\nSecond."], "synthesizer_name": "multi_hop"}
    one, other = (read_set(write(tmp_path / "set.json", [row])) for row in (old, new))
    assert (one.origin, one.questions[0].kind, [g.quote for g in one.questions[0].golds]) == (
        "model",
        "simple",
        ["Source."],
    )
    assert (other.origin, [gold.quote for gold in other.questions[0].golds]) == ("model", ["First.", "Second."])
    assert one.notes == other.notes == ()


def test_a_conversation_asks_what_the_person_said_last(tmp_path):
    turns = [
        {"type": "human", "content": "Hello"},
        {"type": "ai", "content": "Yes?"},
        {"type": "human", "content": "How long?"},
    ]
    (question,) = read_set(write(tmp_path / "set.json", [{"user_input": turns, "reference": "24"}])).questions
    assert question.text == "How long?"


@pytest.mark.parametrize(("answer", "told"), [("", "''"), ("nan", "'nan'")])
def test_an_empty_reference_is_an_error(tmp_path, answer, told):
    with pytest.raises(DataError, match=rf"\$\[1\]: 'reference' is {told}"):
        read_set(write(tmp_path / "set.json", [NEW, {**NEW, "reference": answer}]))


def test_goldens_and_test_cases_in_both_spellings(tmp_path):
    snake = {
        "input": "How long?",
        "expected_output": "24 days",
        "context": ["Leave is 24 days."],
        "source_file": "hr/leave.pdf",
        "actual_output": "Two weeks",
        "retrieval_context": ["Else."],
        "additional_metadata": None,
        "comments": "checked",
    }
    camel = {
        "input": "How long?",
        "expectedOutput": "24 days",
        "context": ["Leave is 24 days."],
        "sourceFile": "hr\\leave.pdf",
        "actualOutput": "Two weeks",
        "retrievalContext": ["Else."],
        "comments": "checked",
    }
    for data in ([snake], [camel], {"goldens": [camel]}, {"test_cases": [snake]}, {"testCases": [camel]}):
        found = read_set(write(tmp_path / "set.json", data))
        (question,) = found.questions
        assert (question.text, question.answers, question.note, question.origin) == (
            "How long?",
            ("24 days",),
            "checked",
            "human",
        )
        assert [(gold.document, gold.quote) for gold in question.golds] == [("hr/leave.pdf", "Leave is 24 days.")]
        assert found.notes == ()


def test_goldens_of_a_synthesizer_are_a_model_s_and_a_name_is_the_id(tmp_path):
    row = {
        "input": "a?",
        "name": "case-7",
        "expected_output": "b",
        "additional_metadata": {"evolutions": ["Reasoning"]},
    }
    (question,) = read_set(write(tmp_path / "set.json", [row])).questions
    assert (question.id, question.origin) == ("case-7", "model")
