"""``citewell learn calibration``, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import citewell as package
from citewell.models.modelset import MODELS, load_model_set
from citewell.settings import RetrievalSettings
from tests.test_cli import citewell

pytestmark = pytest.mark.integration

KEEPERS = ("Ann Lee", "Bo Ek", "Cy Tan", "Di Oz", "Ed Roy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection about halls, a set of 50 questions of which 25 are answered there, and one that is too small."""
    rows, files = [], tmp_path / "files"
    files.mkdir()
    for number in range(1, 26):
        quote = f"Hall {number} is kept by {KEEPERS[number % 5]}."
        (files / f"hall{number}.md").write_text(f"# Hall {number}\n\n{quote}\n")
        rows.append({"id": f"k{number}", "question": f"Who keeps hall {number}?", "answers": [KEEPERS[number % 5]],
                     "golds": [{"document": f"hall{number}.md", "quote": quote}]})  # fmt: skip
    rows += [{"id": f"m{n}", "question": f"How many moons has planet {n}?", "answerable": False} for n in range(25)]
    (tmp_path / "halls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:9]))
    settings = package.Settings(retrieval=RetrievalSettings(hits=2))  # passages to read: the slow part
    package.open(tmp_path / ".citewell", create=True, settings=settings).add(files)
    return tmp_path


def test_it_tells_what_it_found_and_can_be_undone(folder: Path) -> None:
    done = citewell("learn", "calibration", "halls.jsonl", "--svg", "risk.svg", "--target-risk", "0.2", cwd=folder)
    assert done.returncode == 0, done.stderr
    used = load_model_set(folder / ".citewell" / MODELS)
    assert "on 50 questions; every figure is of questions it was not fitted on." in done.stdout
    for told in ("right if never refused", "calibration error", "plain answer from", "weak answer from"):
        assert told in done.stdout
    assert "of the questions, " in done.stdout and "(target 20%)" in done.stdout
    last = [line for line in done.stdout.splitlines() if line.strip().startswith("100%")]
    assert len(last) == 1, "the curve ends with every question answered"
    assert f"In use: model set {used.id}. To go back:  citewell models rollback" in done.stdout
    assert "read: 50" in done.stderr
    assert used.calibration["thresholds"]["target_risk"] == 0.2
    drawn = (folder / "risk.svg").read_text()
    assert drawn.startswith("<svg") and "50 held-out questions" in drawn
    back = citewell("models", "rollback", cwd=folder)
    assert "In use: citewell (shipped)" in back.stdout
    assert citewell("check", cwd=folder).returncode == 0


def test_json_is_one_object_and_nothing_else(folder: Path) -> None:
    done = citewell("learn", "calibration", "halls.jsonl", "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["questions"] == 50
    assert told["model_set"] == load_model_set(folder / ".citewell" / MODELS).id
    assert 0 <= told["risk"] <= told["target_risk"] == 0.1
    assert told["coverage"] > 0.3
    assert told["curve"][-1]["coverage"] == 1.0
    assert told["curve"][-1]["risk"] == pytest.approx(1 - told["right_if_never_refused"], abs=1e-4)


def test_what_cannot_be_is_told_before_anything_is_read(folder: Path) -> None:
    for given, expected in (
        (("few.jsonl",), "has 9 questions that can be used, a calibration needs at least 50"),
        (("nowhere.jsonl",), "nowhere.jsonl"),
        (("halls.jsonl", "--svg", "no-folder/risk.svg"), "Expected a file in a folder that exists"),
        (("halls.jsonl", "--target-risk", "7"), "--target-risk"),
        (("halls.jsonl", "-c", "elsewhere"), "no collection at"),
    ):
        done = citewell("learn", "calibration", *given, cwd=folder)
        assert done.returncode == 2, done.stderr
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
    assert load_model_set(folder / ".citewell" / MODELS).id == "shipped"
