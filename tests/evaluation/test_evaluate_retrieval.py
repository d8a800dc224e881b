"""A whole evaluation on a tiny set with a fake encoder, and its parts against known values."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.evaluation.comparing import compare_runs
from citewell.evaluation.retrieval import (
    KEPT_DOCUMENTS,
    best_documents,
    evaluate_retrieval,
    score_rankings,
    score_run,
)
from citewell.evaluation.runs import Run
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
    assert list(report.metrics) == ["nDCG@10", "Recall@10", "Recall@100", "MRR@10", "P@10", "MAP@100"]
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


def test_scores_are_those_of_the_reference_implementation(data, tmp_path):
    """The same ranking, scored by ``ir_measures`` from the run file."""
    import ir_measures

    file = tmp_path / "out.trec"
    report = evaluate_retrieval(data, "test", "lexical", run_file=file, encoder=FakeEncoder())
    qrels = [ir_measures.Qrel(f"q-{name}", f"doc-{name}", 1) for name in ANIMALS]
    official = {"nDCG@10": "nDCG@10", "Recall@10": "R@10", "MRR@10": "RR@10", "P@10": "P@10", "MAP@100": "AP@100"}
    measured = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(each) for each in official.values()], qrels, ir_measures.read_trec_run(str(file))
    )
    told = {str(measure): value for measure, value in measured.items()}
    for ours, theirs in official.items():
        assert report.metrics[ours].value == pytest.approx(told[theirs], abs=1e-9), ours


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_has_every_question_with_its_first_documents(data, tmp_path):
    run = evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder(), name="animals").run
    run.write(tmp_path / "run.json")
    assert Run.read(tmp_path / "run.json").to_json() == run.to_json()
    assert (run.kind, run.name, run.set["split"], run.set["questions"]) == ("retrieval", "animals", "test", 10)
    zebra = next(result for result in run.results if result.question.id == "q-zebra")
    assert zebra.hits[0].document_id == "doc-zebra" and zebra.hits[0].gold and len(zebra.hits) <= KEPT_DOCUMENTS
    assert [gold.document for gold in zebra.question.golds] == ["doc-zebra"] and zebra.metrics["MRR@10"] == 1.0
    assert run.metrics["nDCG@10"].value == np.mean([result.metrics["nDCG@10"] for result in run.results])


def test_the_content_of_the_corpus_is_in_the_run(data):
    before = evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder()).run
    same = evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder()).run
    (data / "corpus.jsonl").write_text((data / "corpus.jsonl").read_text().replace("The lion sleeps", "The lion naps"))
    after = evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder()).run
    assert before.collection == same.collection and before.set == after.set
    assert before.collection["content"] != after.collection["content"]


def test_two_runs_compare(data, tmp_path):
    run = evaluate_retrieval(data, "test", "lexical", run_file=tmp_path / "a.trec", encoder=FakeEncoder()).run
    worse = [line for line in (tmp_path / "a.trec").read_text().splitlines() if " doc-lion 1 " not in line]
    (tmp_path / "b.trec").write_text("\n".join(worse) + "\n")
    other = score_rankings(data, tmp_path / "b.trec").run
    found = compare_runs(other, run, metrics=["MRR@10"])
    assert run.metrics["MRR@10"].value == 1.0 and other.metrics["MRR@10"].value < 1.0
    assert json.loads(json.dumps(found.to_json()))


# -- rankings made elsewhere -------------------------------------------------------------------------------------------


def test_a_given_ranking_scores_as_the_search_that_made_it(data, tmp_path):
    searched = evaluate_retrieval(data, "test", run_file=tmp_path / "a.trec", encoder=FakeEncoder())
    given = score_rankings(data, tmp_path / "a.trec")
    assert given.metrics == searched.metrics and (given.method, given.queries, given.documents) == ("given", 10, 11)
    assert given.run.notes == ()


def test_a_file_of_judgments_is_enough(tmp_path):
    (tmp_path / "a.qrels").write_text("q1 0 d1 2\nq1 0 d2 1\nq2 0 d9 1\n")
    (tmp_path / "a.trec").write_text("q1 Q0 d2 1 9 x\nq1 Q0 d1 2 8 x\n")
    report = score_rankings(tmp_path / "a.qrels", tmp_path / "a.trec")
    expected = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)) / 2
    assert report.metrics["nDCG@10"].value == pytest.approx(expected)
    assert (report.queries, report.documents, report.outside) == (2, 0, 0)
    assert "1 of 2 judged queries have no ranking and count 0, such as 'q2'" in report.run.notes[0]


def test_what_rankings_and_corpus_do_not_share_is_told(data, tmp_path):
    (tmp_path / "a.trec").write_text("q-lion Q0 doc-lion 1 9 x\nq-lion Q0 nowhere 2 8 x\nq-yeti Q0 doc-lion 1 9 x\n")
    notes = " ".join(score_rankings(data, tmp_path / "a.trec").run.notes)
    assert "9 of 10 judged queries have no ranking" in notes
    assert "1 ranked queries are not judged and were left out, such as 'q-yeti'" in notes
    assert "1 ranked documents are not in the corpus, such as 'nowhere'" in notes


def test_rankings_of_other_queries_are_refused(data, tmp_path):
    (tmp_path / "a.trec").write_text("17 Q0 doc-lion 1 9 x\n")
    with pytest.raises(DataError, match=r"none of the 10 queries.*'17'.*'q-zebra'"):
        score_rankings(data, tmp_path / "a.trec")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [("q-lion Q0 a 1 9 x\nq-lion Q0 a 2 8 x\n", "twice"), ("q-lion Q0 a 1 nan x\n", "'nan'"), ("", "no ranking")],
)
def test_a_damaged_run_file_is_refused(data, tmp_path, lines, complaint):
    (tmp_path / "a.trec").write_text(lines)
    with pytest.raises(DataError, match=complaint):
        score_rankings(data, tmp_path / "a.trec")


def test_questions_without_anything_relevant_count_0_and_are_told(data):
    with (data / "qrels" / "test.tsv").open("a") as file:
        file.write("q-none\tdoc-lion\t0\n")
    with (data / "queries.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "q-none", "text": "What is a lion?"}) + "\n")
    report = evaluate_retrieval(data, "test", "lexical", encoder=FakeEncoder())
    assert report.queries == 11 and report.metrics["MRR@10"].value == pytest.approx(10 / 11)
    assert "1 of 11 questions have nothing relevant; they count 0." in report.run.notes


def test_what_is_no_folder_is_told_apart_from_a_split_that_is_missing(data, tmp_path):
    with pytest.raises(DataError, match=r"nowhere is not there\. Expected a folder with corpus\.jsonl"):
        evaluate_retrieval(tmp_path / "nowhere", encoder=FakeEncoder())
    with pytest.raises(DataError, match=r"corpus\.jsonl is a file\. .* together with --from-run RUN"):
        evaluate_retrieval(data / "corpus.jsonl", encoder=FakeEncoder())
    with pytest.raises(DataError, match=r"Splits with judgments in .*: test"):
        evaluate_retrieval(data, "dev", encoder=FakeEncoder())
