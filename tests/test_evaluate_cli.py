"""``citewell evaluate retrieval`` and ``answers`` on tiny data, as a user runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
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


@pytest.mark.integration
def test_a_whole_run_is_written_and_a_ranking_of_others_scored(beir: Path) -> None:
    done = citewell("evaluate", "retrieval", ".", "--out", "run.json", "--run-file", "a.trec", cwd=beir)
    assert done.returncode == 0, done.stderr
    run = json.loads((beir / "run.json").read_text())
    assert run["kind"] == "retrieval" and [each["question"]["id"] for each in run["results"]] == ["q1", "q2"]
    given = citewell("evaluate", "retrieval", ".", "--from-run", "a.trec", "--json", cwd=beir)
    assert given.returncode == 0, given.stderr
    assert json.loads(given.stdout)["metrics"]["nDCG@10"] == run["metrics"]["nDCG@10"]


def test_a_file_that_cannot_be_written_is_told_before_anything_is_indexed(beir: Path) -> None:
    done = citewell("evaluate", "retrieval", ".", "--out", "nowhere/run.json", cwd=beir)
    assert done.returncode == 2
    assert "'nowhere/run.json' cannot be written" in done.stderr
    assert "index" not in done.stderr


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


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two indexed documents and a file of three questions about them."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "files").mkdir()
    (folder / "files" / "leave.md").write_text("# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    (folder / "files" / "canteen.md").write_text("# Canteen\n\nThe canteen opens at noon.\n")
    rows = [
        {"id": "leave", "question": "How many days of paid leave do new employees get?", "answer": "27 days",
         "document": "leave.md", "quote": "New employees get 27 days of paid leave each year."},
        {"id": "noon", "question": "When does the canteen open?", "answer": "noon", "document": "canteen.md",
         "quote": "The canteen opens at noon."},
        {"id": "moon", "question": "How far away is the moon?", "answerable": False},
    ]  # fmt: skip
    (folder / "house.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert citewell("add", "files", cwd=folder).returncode == 0
    return folder


@pytest.mark.integration
def test_answers_are_evaluated_kept_and_explained(house: Path) -> None:
    done = citewell("evaluate", "answers", "house.jsonl", "--junit", "verdicts.xml", cwd=house)
    assert done.returncode == 0, done.stderr
    for group in ("Answering", "Retrieval", "Citations", "Refusal", "Speed"):
        assert f"\n{group}" in done.stdout
    correct = next(line for line in done.stdout.splitlines() if line.startswith("  correct "))
    assert "1.000" in correct and "n 3" in correct and "treated rightly" in correct
    assert "citewell diagnose house-1" in done.stderr and "citewell evaluate report house-1" in done.stderr
    run = json.loads((house / ".citewell" / "evaluations" / "runs" / "house-1.json").read_text())
    assert [each["question"]["id"] for each in run["results"]] == ["leave", "noon", "moon"]
    assert 'tests="3" failures="0"' in (house / "verdicts.xml").read_text()
    assert not list(house.rglob("*.partial"))


@pytest.mark.integration
def test_answers_as_json_elsewhere_in_part(house: Path) -> None:
    done = citewell("evaluate", "answers", "house.jsonl", "--limit", "2", "--out", "two.json", "--json", cwd=house)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["file"] == "two.json" and told["name"] == "two" and told["set"]["questions"] == 2
    assert "results" not in told and told["metrics"]["correct"]["n"] == 2
    assert {key: told[key] for key in told if key != "file"} == {
        key: value for key, value in json.loads((house / "two.json").read_text()).items() if key != "results"
    }


@pytest.mark.integration
def test_a_name_that_is_taken_is_told_before_asking(house: Path) -> None:
    assert citewell("evaluate", "answers", "house.jsonl", "--limit", "1", "--name", "mine", cwd=house).returncode == 0
    done = citewell("evaluate", "answers", "house.jsonl", "--name", "mine", cwd=house)
    assert done.returncode == 2
    assert "There is a run 'mine' already" in done.stderr and "ask:" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nothing"], "There is no set 'nothing'"),
        (["samples"], "citewell demo -c"),
        (["house.jsonl", "--split", "dev"], "split"),
        (["house.jsonl", "--name", "../mine"], "is not a name for a run"),
        (["house.jsonl", "--out", "nowhere/run.json"], "cannot be written"),
        (["house.jsonl", "--junit", "nowhere/verdicts.xml"], "cannot be written"),
    ],
)
def test_bad_input_is_told(house: Path, arguments: list[str], complaint: str) -> None:
    before = sorted(house.rglob("*.json"))
    done = citewell("evaluate", "answers", *arguments, cwd=house)
    assert done.returncode == 2
    assert complaint in done.stderr and "Traceback" not in done.stderr
    assert sorted(house.rglob("*.json")) == before


INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from citewell.cli import main
main()
"""


@pytest.mark.integration
def test_an_interrupted_evaluation_says_how_to_go_on(house: Path, tmp_path: Path) -> None:
    rows = [{"id": f"q{i}", "question": f"How many days of paid leave in year {i}?"} for i in range(3000)]
    (tmp_path / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["-c", str(house / ".citewell"), "evaluate", "answers", "many.jsonl", "--out", "many.json"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    partial = tmp_path / "many.jsonl.partial"
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and not (partial.exists() and len(partial.read_bytes().splitlines()) > 1):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in told and not (tmp_path / "many.json").exists()
    kept = len(partial.read_bytes().splitlines()) - 1
    assert 50 <= kept < 3000
    done = citewell(*arguments, "--resume", "--limit", "40", cwd=tmp_path)
    assert done.returncode == 2 and f"{kept} results of another run" in done.stderr
