"""A whole evaluation on a tiny set with a fake encoder, and its parts against known values."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.evaluation.retrieval import METRICS, best_documents, bootstrap, evaluate_retrieval, score_run
from citewell.index import Ranking

ANIMALS = ["zebra", "lion", "otter", "badger", "heron", "newt", "moth", "viper", "mole", "lark"]


class FakeEncoder:
    """One axis per animal; tokens are words."""

    identity, dimension, max_tokens = "fake@0", len(ANIMALS) + 1, 256

    def encode(self, texts, progress=None):
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[-1] = 0.1
            for position, animal in enumerate(ANIMALS):
                row[position] = text.count(animal)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, texts):
        return [len(text.split()) + 2 for text in texts]

    def token_spans(self, text):
        return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Each document speaks of one animal; the zebra's only deep in a text that must be cut."""
    folder = tmp_path / "animals"
    (folder / "qrels").mkdir(parents=True)
    filler = "Grass grew beside the slow river for a very long time. " * 60
    texts = {animal: f"The {animal} sleeps. The {animal} wakes." for animal in ANIMALS}
    texts["zebra"] = f"{filler}\n\nThe zebra sleeps here and the zebra wakes.\n\n{filler}"
    rows = [{"_id": f"doc-{name}", "title": "Note", "text": text} for name, text in texts.items()]
    rows.append({"_id": "doc-empty", "title": "Only a title", "text": " "})
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": f"q-{name}", "text": f"When does the {name} wake?"} for name in ANIMALS]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    judged = "".join(f"q-{name}\tdoc-{name}\t1\n" for name in ANIMALS)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return folder


@pytest.mark.parametrize("method", ["hybrid", "lexical", "dense"])
def test_every_method_finds_every_animal(data, tmp_path, method):
    steps = []
    run_file = tmp_path / "out.trec"
    report = evaluate_retrieval(
        data, "test", method, run_file=run_file, encoder=FakeEncoder(), work=tmp_path,
        progress=lambda *step: steps.append(step),
    )  # fmt: skip
    assert set(report.metrics) == set(METRICS)
    assert report.metrics["nDCG@10"].value == report.metrics["MRR@10"].value == 1.0
    assert (report.documents, report.queries, report.outside) == (11, 10, 0) and report.passages > 15
    assert steps[-1] == ("search", 10, 10) and ("index", 11, 11) in steps
    lines = [line.split() for line in run_file.read_text().splitlines()]
    assert {line[5] for line in lines} == {f"Citewell-{method}"} and all(len(line) == 6 for line in lines)
    first = [line for line in lines if line[0] == "q-zebra"]
    assert first[0][2:4] == ["doc-zebra", "1"] and len({line[2] for line in first}) == len(first)
    assert [float(line[4]) for line in first] == sorted({float(line[4]) for line in first}, reverse=True)
    assert not list(tmp_path.glob("citewell-evaluation-*"))
    assert json.loads(json.dumps(report.to_json()))["method"] == method


def test_limit_takes_the_first_questions(data):
    assert evaluate_retrieval(data, "test", encoder=FakeEncoder(), limit=3).queries == 3


def test_ids_with_blanks_are_refused_for_a_run_file_only(data, tmp_path):
    text = (data / "corpus.jsonl").read_text().replace("doc-empty", "doc empty")
    (data / "corpus.jsonl").write_text(text)
    assert evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder()).queries == 10
    with pytest.raises(DataError, match="'doc empty' contains white space"):
        evaluate_retrieval(data, "test", "lexical", run_file=tmp_path / "x", encoder=FakeEncoder())


def test_an_unknown_method_is_refused(data):
    with pytest.raises(DataError, match="hybrid, lexical, dense"):
        evaluate_retrieval(data, "test", "magic", encoder=FakeEncoder())


def test_scores_are_the_official_ones():
    judgments = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"z": 1}}
    scores = score_run(judgments, {"q1": {"b": 3.0, "x": 2.0, "a": 1.0}})  # q2 found nothing: 0 everywhere
    expected = (1 + 2 / math.log2(4)) / (2 + 1 / math.log2(3)) / 2
    assert scores["nDCG@10"].value == pytest.approx(expected)
    assert scores["Recall@10"].value == 0.5 and scores["MRR@10"].value == 0.5
    assert scores["P@10"].value == pytest.approx(0.1)
    assert scores["MAP@100"].value == pytest.approx((1 + 2 / 3) / 2 / 2)


def test_a_document_scores_as_its_best_passage():
    ranking = Ranking(("p1", "p2", "p3", "p4"), np.array([0.9, 0.9, 0.8, 0.8]))
    found = best_documents(ranking, {"p1": "d1", "p2": "d1", "p3": "d2", "p4": "d3"})
    assert list(found) == ["d1", "d2", "d3"]
    assert found["d1"] == 0.9 and found["d2"] == 0.8 and found["d3"] < 0.8
    assert list(best_documents(ranking, dict.fromkeys(ranking.ids, "d"), k=1)) == ["d"]


def test_the_interval_holds_the_mean_and_repeats():
    values = np.random.default_rng(0).random(200)
    one, two = bootstrap(values), bootstrap(values)
    assert one == two and one.value == pytest.approx(values.mean()) and one.low < one.value < one.high
    assert 0.05 < one.high - one.low < 0.11  # 4 standard errors of a uniform mean are 0.082
