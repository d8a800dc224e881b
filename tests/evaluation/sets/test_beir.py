"""Reading BEIR data sets: what is accepted, and that each complaint names its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell.errors import DataError
from citewell.evaluation.questions import Gold
from citewell.evaluation.sets import read_set
from citewell.evaluation.sets.beir import read_beir, splits

GOOD = {
    "corpus.jsonl": '{"_id": "d1", "title": "T", "text": "alpha"}\n{"_id": 2, "text": "beta"}\n',
    "queries.jsonl": '{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n',
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq2\td1\t2\nq2\tgone\t1\n",
    "qrels/dev.tsv": "q1\t2\t1\n",
}


def write(folder: Path, **changes: str) -> Path:
    (folder / "qrels").mkdir(exist_ok=True)
    for name, text in {**GOOD, **changes}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_set_is_read(tmp_path):
    data = read_beir(write(tmp_path), "test")
    assert list(data.corpus) == ["d1", "2"] and data.corpus["d1"].title == "T" and data.corpus["2"].text == "beta"
    assert data.queries == {"q2": "two"}
    assert data.judgments == {"q2": {"d1": 2, "gone": 1}} and data.outside == 1
    assert splits(tmp_path) == ["dev", "test"]
    assert read_beir(tmp_path, "dev").judgments == {"q1": {"2": 1}}


def test_a_missing_split_lists_the_others(tmp_path):
    with pytest.raises(DataError, match="dev, test"):
        read_beir(write(tmp_path), "train")
    with pytest.raises(DataError, match="is not there"):
        read_beir(tmp_path / "absent", "test")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n{oops\n', r"corpus\.jsonl line 2: not JSON"),
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n\n[1]\n', "line 3: not a JSON object"),
        ("corpus.jsonl", '{"text": "a"}\n', "line 1: '_id' is None"),
        ("corpus.jsonl", '{"_id": "d1"}\n', "line 1: 'text' is None"),
        ("corpus.jsonl", '{"_id": "d1", "text": "a", "title": 3}\n', "line 1: 'title' is 3"),
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n' * 2, "line 2: '_id' 'd1' was used before"),
        ("corpus.jsonl", "", "is empty"),
        ("queries.jsonl", '{"_id": "q1", "text": "one"}\n', "judges query 'q2'"),
        ("queries.jsonl", '{"_id": true, "text": "one"}\n', "line 1: '_id' is True"),
        ("qrels/test.tsv", "q2\td1\n", "line 1: 'q2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq2\td1\thigh\n", "line 2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "holds no judgments"),
    ],
)
def test_complaints_name_file_and_line(tmp_path, name, text, complaint):
    with pytest.raises(DataError, match=complaint):
        read_beir(write(tmp_path, **{name: text}), "test")


def test_a_missing_corpus_is_named(tmp_path):
    write(tmp_path)
    (tmp_path / "corpus.jsonl").unlink()
    with pytest.raises(DataError, match=r"corpus\.jsonl is missing"):
        read_beir(tmp_path, "test")


def test_all_problems_of_a_set_are_told_at_once(tmp_path):
    broken = {"corpus.jsonl": '{"_id": "d1"}\n{"text": "a"}\n', "queries.jsonl": '{"_id": "q1", "text": 3}\n'}
    with pytest.raises(DataError) as caught:
        read_beir(write(tmp_path, **broken), "test")
    told = str(caught.value)
    assert "4 problems" in told and "corpus.jsonl line 1: 'text' is None" in told and "corpus.jsonl line 2" in told
    assert "queries.jsonl line 1: 'text' is 3" in told and "judges query 'q2'" in told


def test_as_a_set_the_judged_documents_are_the_golds_by_name(tmp_path):
    write(tmp_path, **{"qrels/test.tsv": "q2\td1\t2\nq2\tgone\t1\nq1\t2\t0\n"})
    found = read_set(tmp_path)
    second, first = found.questions
    assert (second.id, second.text, second.golds) == ("q2", "two", (Gold("d1", grade=2), Gold("gone")))
    assert first.golds == () and second.split == "test"
    assert "1 judged documents are not in corpus.jsonl (gone)" in found.notes[0]
    assert "1 questions have no relevant document" in found.notes[1]
    assert [question.id for question in read_set(tmp_path, "dev").questions] == ["q1"]
    (tmp_path / "corpus.jsonl").unlink()
    assert [question.id for question in read_set(tmp_path, "dev").questions] == ["q1"], "the documents may be elsewhere"


def test_of_several_splits_one_must_be_named(tmp_path):
    write(tmp_path)
    (tmp_path / "qrels" / "test.tsv").rename(tmp_path / "qrels" / "train.tsv")
    (tmp_path / "qrels" / "dev.tsv").rename(tmp_path / "qrels" / "other.tsv")
    with pytest.raises(DataError, match="other, train"):
        read_set(tmp_path)
