"""``citewell evaluate reading`` and ``support`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citewell.evaluation.runs import Run
from tests.test_cli import citewell

CONTEXT = "New employees get 27 days of paid leave each year. The canteen opens at noon."
PAIRS = [
    {"premise": CONTEXT, "claim": "New employees get 27 days of paid leave.", "label": "entailment", "source": "hr"},
    {"premise": CONTEXT, "claim": "The moon is made of cheese.", "label": "neutral", "source": "hr"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    qas = [
        {"id": "a", "question": "How many days of paid leave do new employees get?", "is_impossible": False,
         "answers": [{"text": "27 days", "answer_start": CONTEXT.index("27 days")}]},
        {"id": "b", "question": "Who won the football World Cup in 1998?", "is_impossible": True, "answers": []},
    ]  # fmt: skip
    data = {"version": "v2.0", "data": [{"title": "House", "paragraphs": [{"context": CONTEXT, "qas": qas}]}]}
    (tmp_path / "house.json").write_text(json.dumps(data))
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
    return tmp_path


@pytest.mark.integration
def test_reading_prints_figures_and_writes_official_files(folder: Path) -> None:
    done = citewell(
        "evaluate", "reading", "house.json", "--predictions", "p.json", "--null-odds", "n.json", "--out", "run.json",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("house: 2 questions\n")
    assert "  HasAns F1  " in done.stdout
    found = json.loads((folder / "p.json").read_text())
    assert found["b"] == ""
    assert "27" in found["a"]
    assert found["a"] in "New employees get 27 days of paid leave each year."
    odds = json.loads((folder / "n.json").read_text())
    assert 0 <= odds["a"] < odds["b"] <= 1
    run = Run.read(folder / "run.json")
    assert run.kind == "reading"
    assert run.metrics["NoAns exact match"].value == 1.0


@pytest.mark.integration
def test_always_answering_leaves_no_prediction_empty(folder: Path) -> None:
    done = citewell(
        "evaluate", "reading", "house.json", "--answer-always", "--predictions", "p.json", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert all(json.loads((folder / "p.json").read_text()).values())
    printed = json.loads(done.stdout)
    assert printed["metrics"]["coverage"]["value"] == 1.0
    assert "results" not in printed


@pytest.mark.integration
def test_support_prints_figures_by_source(folder: Path) -> None:
    done = citewell("evaluate", "support", "pairs.jsonl", "--out", "run.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pairs: 2 pairs\n")
    assert "  AUROC " in done.stdout
    assert "  hr: n 2" in done.stdout
    assert Run.read(folder / "run.json").kind == "support"
    printed = json.loads(citewell("evaluate", "support", "pairs.jsonl", "--json", cwd=folder).stdout)
    assert printed["metrics"]["AUROC"]["value"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("reading", "pairs.jsonl"), "pairs.jsonl"),
        (("reading", "missing.json"), "missing.json"),
        (("reading", "house.json", "--predictions", "no/such/folder/p.json"), "no/such/folder"),
        (("support", "house.json"), "line 1 has no 'premise'"),
        (("support", "missing.jsonl"), "missing.jsonl cannot be read"),
        (("support", "pairs.jsonl", "--out", "no/such/folder/run.json"), "no/such/folder"),
    ],
)
def test_what_the_user_must_change_exits_with_2_and_one_message(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = citewell("evaluate", *arguments, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
