"""CSV and JSON lines of questions: every field, the names it goes by, and every complaint with its line."""

from __future__ import annotations

import json

import pytest

from citewell.errors import DataError
from citewell.evaluation.questions import Gold, Instructions, Question, QuestionSet
from citewell.evaluation.sets import plain_set_name, read_set
from citewell.samples import questions_path

FULL = {
    "id": "q1",
    "question": "How long is leave?",
    "answer": "24 days",
    "document": "hr/leave.pdf",
    "quote": "24 days of leave",
    "locator": {"page": 2},
    "tags": ["hr", "numeric"],
    "kind": "fact",
    "split": "dev",
    "key_points": ["24 days", "per year"],
    "principals": ["group:hr"],
    "instructions": {"format": "list", "max_words": 20, "contain": ["24"]},
    "note": "checked",
    "also": [{"document": "hr/old.pdf", "quote": "20 days", "locator": {"page": 1}, "grade": 2}],
}


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def complaints(path) -> str:
    with pytest.raises(DataError) as caught:
        read_set(path)
    return str(caught.value)


def test_a_row_with_everything(tmp_path):
    found = read_set(lines(tmp_path / "Our Set (2).jsonl", FULL))
    assert found.name == "our-set-2" and found.origin == "human" and found.notes == ()
    assert found.questions == (
        Question(
            "q1",
            "How long is leave?",
            ("24 days",),
            (Gold("hr/leave.pdf", "24 days of leave", 2), Gold("hr/old.pdf", "20 days", 1, grade=2)),
            key_points=("24 days", "per year"),
            instructions=Instructions("list", 20, contain=("24",)),
            kind="fact",
            tags=("hr", "numeric"),
            split="dev",
            principals=("group:hr",),
            note="checked",
        ),
    )


def test_the_sample_questions_read_whole():
    found = read_set(questions_path())
    assert len(found.questions) == 266 and found.notes == ()
    assert sum(not question.answerable for question in found.questions) == 49
    assert all(question.golds and question.answers for question in found.questions if question.answerable)
    assert all(gold.document and gold.quote for question in found.questions for gold in question.golds)
    assert any(question.principals for question in found.questions)
    assert any(question.note.endswith("Nearest: hr/travel-expenses-policy-2025.pdf.") for question in found.questions)
    assert len(read_set(questions_path(), "fit").questions) + len(read_set(questions_path(), "test").questions) == 266


def test_a_set_of_our_own_comes_back_with_the_same_identity(tmp_path):
    questions = (
        *read_set(questions_path()).questions[:60],
        Question("m", "Made?", ("x",), (Gold("d", "q", None, (3, 9), "v", 2, "n"),), origin="made"),
    )
    kept = QuestionSet("mine", questions, {"seed": 7})
    (tmp_path / "kept.json").write_text(json.dumps(kept.to_json()))
    found = read_set(tmp_path / "kept.json", name="mine")
    assert found == kept and found.identity == kept.identity and found.origin == "mixed"


def test_a_set_of_a_later_release_is_refused(tmp_path):
    (tmp_path / "kept.json").write_text('{"format": 99, "questions": [{"question": "a?"}]}')
    assert "format 99" in complaints(tmp_path / "kept.json")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_spreadsheets_save_it(tmp_path, encoding, delimiter):
    rows = [
        ["Id", "Question", "Expected Answer", "File Name", "Page", "Answerable", "Tags"],
        ["1", '"Größe, Länge; Höhe?"', '"5,5 m"', "maße.xlsx", "3", "yes", '"a, b"'],
        ["2", "Wer?", "", "", "", "FALSE", ""],
    ]
    (tmp_path / "set.csv").write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    first, second = read_set(tmp_path / "set.csv").questions
    assert (first.id, first.text, first.answers, first.tags) == ("1", "Größe, Länge; Höhe?", ("5,5 m",), ("a", "b"))
    assert first.golds == (Gold("maße.xlsx", page=3),)
    assert (second.answerable, second.golds, second.answers) == (False, (), ())


def test_several_answers_in_a_cell_and_spans_over_a_corpus(tmp_path):
    (tmp_path / "set.csv").write_text(
        "question,answers,references,corpus_id\n"
        'a?,"[""x"", ""y""]","[{""content"": ""words here"", ""start_index"": 4, ""end_index"": 14}]",wiki\n'
        "b?,x || y,,\n"
    )
    one, other = read_set(tmp_path / "set.csv").questions
    assert one.answers == other.answers == ("x", "y")
    assert one.golds == (Gold("wiki"), Gold("", "words here", None, (4, 14)))


def test_references_that_are_texts_are_answers(tmp_path):
    path = lines(
        tmp_path / "set.jsonl",
        {"id": 1, "question": "a?", "references": ["x", "y"]},
        {"id": 2, "question": "b?", "references": "z"},
    )
    assert [question.answers for question in read_set(path).questions] == [("x", "y"), ("z",)]


def test_ids_that_are_not_given_come_from_the_content(tmp_path):
    one, two = {"question": "a?", "answer": "1"}, {"question": "a?", "answer": "2"}
    before = read_set(lines(tmp_path / "set.jsonl", one, two))
    after = read_set(lines(tmp_path / "set.jsonl", {"question": "new?"}, two, one, two))
    assert {q.id for q in before.questions} <= {q.id for q in after.questions} and len(after.questions) == 3
    assert "1 rows without an id" in after.notes[0]


def test_kinds_that_say_there_is_no_answer(tmp_path):
    path = lines(
        tmp_path / "set.jsonl",
        {"question": "a?", "kind": "off_topic"},
        {"question": "b?", "kind": "definition"},
        {"question": "c?", "is_impossible": True},
        {"question": "d?", "kind": "nonsense", "answerable": True},
    )
    assert [question.answerable for question in read_set(path).questions] == [False, True, False, True]


def test_one_question_is_a_set_and_none_is_an_error(tmp_path):
    assert len(read_set(lines(tmp_path / "one.jsonl", {"question": "a?"})).questions) == 1
    (tmp_path / "header.csv").write_text("question,answer\n")
    assert "no question in it" in complaints(tmp_path / "header.csv")
    (tmp_path / "nothing.json").write_text("[]")
    assert "no question in it" in complaints(tmp_path / "nothing.json")
    for text in ("", " \n"):
        (tmp_path / "empty.csv").write_text(text)
        assert "is empty" in complaints(tmp_path / "empty.csv")


GOOD = {"id": "ok", "question": "a?"}

STRANGE = (
    [], {}, [[]], [None], {"a": [1]}, True, -1, 10**400, 1e308, "", " ", "\x00", "[1,", "{'a':", "||", ";", "\ud800",
    [{"text": 3}], {"text": [""]}, "x" * 5_000,
)  # fmt: skip


@pytest.mark.parametrize(
    "field", sorted({*FULL, "references", "span", "start", "grade", "is_impossible", "nearest", "origin"})
)
def test_whatever_stands_in_a_field_is_read_or_told(tmp_path, field):
    outcomes = set()
    for value in STRANGE:
        path = lines(tmp_path / "set.jsonl", {"id": "q", "question": "a?", "document": "d", field: value})
        try:
            found = read_set(path)
        except DataError as error:
            assert str(path) in str(error).encode().decode()
            outcomes.add("told")
        else:
            assert json.dumps(found.to_json(), ensure_ascii=False).encode()
            outcomes.add("read")
    assert "told" in outcomes or field == "locator", "some of it cannot be what the field means"


def test_half_characters_become_what_they_become_in_documents(tmp_path):
    (tmp_path / "set.jsonl").write_text(
        '{"id": "a", "question": "A\\ud800?"}\n{"id": "b", "question": "\\ud83d\\ude00?"}\n'
    )
    assert [question.text for question in read_set(tmp_path / "set.jsonl").questions] == ["A\ufffd?", "😀?"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"id": "ok", "question": "b?"}, "the id 'ok' was used before, in line 1"),
        ({"id": "x", "question": "  "}, "'question' is '  '"),
        ({"id": "x", "question": "nan"}, "'question' is 'nan'"),
        ({"id": "x", "answer": "y"}, "no question among id, answer"),
        ({"id": "x", "question": ["a?"]}, "'question' is ['a?']. Expected a text"),
        ({"id": "x", "question": "b?", "answers": ["y", ""]}, "'answers' number 2 is ''"),
        ({"id": "x", "question": "b?", "answers": []}, "no reference answer and no document"),
        ({"id": "x", "question": "b?", "answer": {"a": 1}}, "'answer' is {'a': 1}"),
        ({"id": "x", "question": "b?", "answerable": "perhaps"}, "'answerable' is 'perhaps'. Expected true or false"),
        ({"id": "x", "question": "b?", "answerable": False, "document": "d"}, "'answerable' is false, and a document"),
        (
            {"id": "x", "question": "b?", "document": "d", "page": 0},
            "'page' is 0. Expected a whole number of at least 1",
        ),
        ({"id": "x", "question": "b?", "document": "d", "page": "iv"}, "'page' is 'iv'"),
        ({"id": "x", "question": "b?", "document": "d", "locator": {"page": 1.5}}, "'locator.page' is 1.5"),
        ({"id": "x", "question": "b?", "page": 3}, "a page or a span without 'document'"),
        ({"id": "x", "question": "b?", "document": "d", "grade": "high"}, "'grade' is 'high'"),
        ({"id": "x", "question": "b?", "document": "d", "span": [9, 3]}, "'span' is [9, 3]"),
        ({"id": "x", "question": "b?", "document": "d", "start": 3}, "'start, end' is [3, None]"),
        ({"id": "x", "question": "b?", "also": [{"page": 3}]}, "also[0]: a page or a span without 'document'"),
        ({"id": "x", "question": "b?", "also": [{}]}, "also[0]: {} names neither a document nor a quote"),
        ({"id": "x", "question": "b?", "golds": [7]}, "golds[0]: 7. Expected an object"),
        ({"id": "x", "question": "b?", "instructions": {"size": 3}}, "'instructions' is {'size': 3}"),
        ({"id": "x", "question": "b?", "instructions": {"format": "poem"}}, "'format' is 'poem'"),
        ({"id": "x", "question": "b?", "principals": ["anna"]}, "'anna' is not a principal"),
        ({"id": "x", "question": "b?", "origin": "robot"}, "'origin' is 'robot'"),
        (
            {"id": "x", "question": "b?", "document": "d", "grade": 1e308},
            "'grade' is 1e+308. Expected a whole number of",
        ),
        ({"id": "x", "question": "b?", "document": "d", "page": 10**30}, "of at most 1,000,000,000"),
    ],
)
def test_complaints_name_the_line_and_what_was_expected(tmp_path, row, why):
    told = complaints(lines(tmp_path / "set.jsonl", GOOD, row))
    assert told.startswith(str(tmp_path / "set.jsonl") + " line 2") and why in told


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"id": "x", "question": "b?", "grade": NaN}', "NaN is not a number JSON has"),
        ('{"id": "x", "question": ', "not JSON"),
        ("[1]", "not a JSON object but a list"),
        ("7", "but a number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_lines_that_are_no_rows(tmp_path, line, why):
    path = lines(tmp_path / "set.jsonl", GOOD, {**GOOD, "id": "z"})
    path.write_text(path.read_text() + line + "\n")
    told = complaints(path)
    assert "line 3" in told and why in told


def test_csv_rows_that_do_not_fit_their_header(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text(
        'id,question,grade,document\n1,a?,1,d\n2,"b\nb?",1\n3,c?,nan,d\n4,d?,1,d,more\n1,e?,1,d\n5,"f"?,1,d\n'
    )
    told = complaints(path)
    for line, why in (
        ("line 3", "3 cells, but the header names 4"),
        ("line 5", "'grade' is 'nan'"),
        ("line 6", "5 cells"),
        ("line 7", "the id '1' was used before, in line 2"),
        ("line 8", "not readable as CSV"),
    ):
        assert any(f"set.csv {line}: " in each and why in each for each in told.splitlines()), (line, told)
    path.write_text("question,answer,Answer\na?,b,c\n")
    assert "line 1: the column 'answer' is there twice" in complaints(path)


def test_tab_separated_text_may_have_quotation_marks_as_characters(tmp_path):
    (tmp_path / "set.tsv").write_text(
        'id\tutterance\ttargetValue\n1\t"who said "no"?\tAnna\n2\thow tall is 6\' 2"\t188 cm\n'
    )
    assert [question.answers for question in read_set(tmp_path / "set.tsv").questions] == [("Anna",), ("188 cm",)]


def test_another_encoding_is_told_with_its_lines(tmp_path):
    (tmp_path / "set.csv").write_bytes("question,answer\nWie groß?,5\nWo?,München\nWer?,Ada\n".encode("latin-1"))
    told = complaints(tmp_path / "set.csv")
    assert "line 2: byte 0xdf at column 8 is not UTF-8" in told and "line 3: byte 0xfc" in told and "line 4" not in told


def test_the_first_twenty_problems_are_shown_and_all_are_counted(tmp_path):
    told = complaints(lines(tmp_path / "set.jsonl", *({"id": str(number), "question": ""} for number in range(1_234))))
    assert "1,234 problems, nothing was read" in told and "line 20: " in told and "line 21: " not in told
    assert told.endswith("… and 1,214 more")


def test_what_is_no_set_says_what_was_looked_for(tmp_path):
    for name, text in (
        ("a.json", '{"rows_of": 3}'),
        ("b.json", '[{"table": 1}]'),
        ("c.csv", "name,size\nx,1\n"),
        ("d.txt", "Dear all,\nhello\n"),
    ):
        (tmp_path / name).write_text(text)
        told = complaints(tmp_path / name)
        assert "Looked for" in told and "SQuAD" in told and "Ragas" in told and "'question'" in told
    assert "holds no question set" in complaints(tmp_path)
    assert "There is no file or folder" in complaints(tmp_path / "absent.csv")
    (tmp_path / "broken.json").write_text("[{]")
    assert "is not JSON" in complaints(tmp_path / "broken.json")


def test_fields_nobody_knows_are_named_in_a_note(tmp_path):
    found = read_set(
        lines(tmp_path / "set.jsonl", {**GOOD, "mood": "calm"}, {"id": "b", "question": "b?", "mood": "x"})
    )
    assert "mood (2)" in found.notes[0]
    assert any("only what needs none of them" in note for note in found.notes)


def test_an_unknown_split_lists_those_there_are(tmp_path):
    path = lines(tmp_path / "set.jsonl", {**GOOD, "split": "dev"}, {"id": "b", "question": "b?", "split": "test"})
    assert [question.id for question in read_set(path, "dev").questions] == ["ok"]
    with pytest.raises(DataError, match="Splits there: dev, test"):
        read_set(path, "train")


def test_names_of_sets_come_from_files(tmp_path):
    folder = tmp_path / "Größe"
    folder.mkdir()
    assert plain_set_name(folder) == "grosse"
    assert plain_set_name(tmp_path / "設問") == "set"
