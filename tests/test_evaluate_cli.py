"""``citewell evaluate retrieval`` on a tiny BEIR folder, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import citewell


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    corpus = {
        "d1": ("Leave", "New employees get 27 days of paid leave each year."),
        "d2": ("Travel", "Hotels in London are paid up to 190 pounds a night."),
        "d3": ("Lunch", "The canteen opens at noon and closes at two."),
    }
    questions = {"q1": "How much holiday do I have?", "q2": "hotel limit London"}
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": k, "title": t, "text": x}) + "\n" for k, (t, x) in corpus.items())
    )
    (tmp_path / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": k, "text": q}) + "\n" for k, q in questions.items())
    )
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    return tmp_path


@pytest.mark.integration
def test_metrics_and_run_file(beir: Path) -> None:
    done = citewell("evaluate", "retrieval", ".", "--split", "test", "--run-file", "out.run", "--json", cwd=beir)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["queries"] == 2
    assert report["metrics"]["nDCG@10"]["value"] == 1.0
    assert {"low", "high", "value"} <= report["metrics"]["nDCG@10"].keys()
    first = (beir / "out.run").read_text().splitlines()[0].split()
    assert first[0] == "q1"
    assert first[1] == "Q0"
    assert first[2] == "d1"
    assert first[3] == "1"
    assert len(first) == 6


WITHOUT_METRICS = """
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name == "ir_measures" else find(name, *rest)
from citewell.cli import main
main()
"""


@pytest.mark.integration
def test_without_the_eval_extra_the_ranking_is_still_written(beir: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_METRICS, "evaluate", "retrieval", "."]
    refused = subprocess.run(command, cwd=beir, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "pip install 'citewell[eval]'" in refused.stderr
    written = subprocess.run([*command, "--run-file", "r"], cwd=beir, capture_output=True, text=True, check=False)
    assert written.returncode == 0, written.stderr
    assert "citewell[eval]" in written.stderr
    assert (beir / "r").read_text().startswith("q1 Q0 d1 1 ")


def test_a_missing_split_lists_what_there_is(beir: Path) -> None:
    done = citewell("evaluate", "retrieval", ".", "--split", "dev", cwd=beir)
    assert done.returncode == 2
    assert "test" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_line_is_named(beir: Path) -> None:
    with (beir / "corpus.jsonl").open("a") as file:
        file.write("{not json\n")
    done = citewell("evaluate", "retrieval", ".", cwd=beir)
    assert done.returncode == 2
    assert "4" in done.stderr
