"""TREC judgments and runs: order, round trip, and every kind of bad line, all of them told at once."""

from __future__ import annotations

import pytest

from citewell.errors import DataError
from citewell.evaluation.sets import read_set
from citewell.evaluation.sets.trec import read_qrels, read_run, write_run


def test_judgments_are_read_from_four_columns_and_from_three(tmp_path):
    trec, beir = tmp_path / "qrels.txt", tmp_path / "test.tsv"
    trec.write_text("q1 0 d1 2\nq1 0 d2 0\n\nq2\t0\td 3\t1\n".replace("d 3", "d3"))
    beir.write_text("query-id\tcorpus-id\tscore\nq1\ta name with blanks\t-1\n")
    assert read_qrels(trec) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}
    assert read_qrels(beir) == {"q1": {"a name with blanks": -1}}


def test_every_bad_judgment_is_told_with_its_line(tmp_path):
    path = tmp_path / "qrels.txt"
    path.write_text("q1 0 d1 high\nq1 0 d2 NaN\nq1 d1\nq1 0 d3 1\nq1 0 d3 2\n")
    with pytest.raises(DataError) as caught:
        read_qrels(path)
    told = str(caught.value)
    assert "4 problems" in told
    for line, why in (
        (1, "grade is 'high'"),
        (2, "grade is 'NaN'"),
        (3, "2 columns"),
        (5, "judged for query 'q1' before"),
    ):
        assert f"line {line}: " in told and why in told


def test_a_run_is_ordered_by_score_and_equal_scores_by_id_downwards(tmp_path):
    path = tmp_path / "system.run"
    path.write_text("q1 Q0 a 1 1.0 x\nq1 Q0 c 2 2.0 x\nq1 Q0 b 3 2.0 x\nq2 Q0 z 1 -3 x\n")
    assert [(query, list(ranking)) for query, ranking in read_run(path).items()] == [
        ("q1", ["c", "b", "a"]),
        ("q2", ["z"]),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("q1 Q0 d 1 nan x", "score is 'nan'"),
        ("q1 Q0 d 1 inf x", "score is 'inf'"),
        ("q1 Q0 d 1 high x", "score is"),
        ("q1 Q0 d 1 2.0", "5 columns"),
        ("q9 Q0 d 1 2.0 x", "query 'q9' is none of the 1"),
    ],
)
def test_bad_lines_of_a_run_are_named(tmp_path, line, why):
    path = tmp_path / "system.run"
    path.write_text(f"q1 Q0 first 1 5 x\n{line}\n")
    with pytest.raises(DataError, match="line 2") as caught:
        read_run(path, {"q1": ()})
    assert why in str(caught.value)


def test_a_document_ranked_twice_is_an_error(tmp_path):
    path = tmp_path / "system.run"
    path.write_text("q1 Q0 d 1 5 x\nq1 Q0 d 2 4 x\n")
    with pytest.raises(DataError, match="'d' is there twice"):
        read_run(path)


@pytest.mark.parametrize("read", [read_qrels, read_run])
def test_an_empty_file_is_an_error(tmp_path, read):
    path = tmp_path / "empty.txt"
    path.write_text("\n")
    with pytest.raises(DataError, match="holds no"):
        read(path)


def test_a_run_that_is_written_reads_back(tmp_path):
    rankings = {"q1": [("d2", 2.5), ("d1", 1.25)], "q2": [("d1", 0.5)]}
    write_run(tmp_path / "our.run", rankings, "ours")
    assert {query: list(each.items()) for query, each in read_run(tmp_path / "our.run").items()} == rankings
    with pytest.raises(DataError, match="holds blanks"):
        write_run(tmp_path / "bad.run", {"q 1": [("d", 1.0)]})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("queries.tsv", "q1\tWhere?\nq2\tWhen?\n"),
        ("queries.jsonl", '{"_id": "q1", "text": "Where?"}\n{"_id": "q2", "text": "When?"}\n'),
    ],
)
def test_judgments_with_queries_beside_them_are_a_set(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    (tmp_path / "qrels.txt").write_text("q1 0 d1 2\nq1 0 d2 0\nq2 0 d9 0\n")
    for place in (tmp_path, tmp_path / "qrels.txt"):
        found = read_set(place)
        assert [question.text for question in found.questions] == ["Where?", "When?"]
        assert [(gold.document, gold.grade) for gold in found.questions[0].golds] == [("d1", 2)]
        assert "1 questions have no relevant document" in found.notes[0]


def test_judgments_of_unknown_queries_and_without_any_are_told(tmp_path):
    (tmp_path / "qrels.txt").write_text("q1 0 d1 2\nq7 0 d1 2\n")
    with pytest.raises(DataError, match=r"Expected queries\.tsv"):
        read_set(tmp_path / "qrels.txt")
    (tmp_path / "queries.tsv").write_text("q1\tWhere?\n")
    with pytest.raises(DataError, match=r"judges query 'q7', which queries\.tsv does not hold"):
        read_set(tmp_path)
    (tmp_path / "queries.tsv").write_text("q1\tWhere?\nq1\tAgain?\nq7\n")
    with pytest.raises(DataError, match=r"queries\.tsv line 2: the id 'q1' was used before") as caught:
        read_set(tmp_path)
    assert "line 3" in str(caught.value)


@pytest.mark.parametrize("grade", ["9" * 400, "1000000001", "-" + "9" * 30])
def test_a_grade_that_no_sum_can_hold_is_refused(tmp_path, grade):
    path = tmp_path / "qrels.txt"
    path.write_text(f"q1 0 d1 1\nq1 0 d2 {grade}\n")
    with pytest.raises(DataError, match=r"line 2: the grade is .* at most 1,000,000,000"):
        read_qrels(path)
