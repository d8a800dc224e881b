"""``citewell evaluate report`` as a user runs it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from citewell.evaluation.runs import Run
from tests.evaluation.report.examples import example_diagnosis, example_run
from tests.test_cli import citewell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two runs and a diagnosis, as files."""
    run = example_run(40)
    run.write(tmp_path / "nightly-1.json")
    example_run(40, seed=2, name="nightly-0").write(tmp_path / "nightly-0.json")
    (tmp_path / "why.json").write_text(json.dumps(example_diagnosis(run)))
    return tmp_path


def test_a_run_becomes_one_file_that_only_its_owner_can_read(folder: Path) -> None:
    done = citewell("evaluate", "report", "nightly-1.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "nightly-1.html" in done.stdout
    assert "share it with people who may read" in done.stderr.casefold()
    page = folder / "nightly-1.html"
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {path.suffix for path in folder.iterdir()} == {".json", ".html"}


def test_baseline_diagnosis_and_another_place(folder: Path) -> None:
    (folder / "out").mkdir()
    done = citewell(
        "evaluate", "report", "nightly-1.json", "--against", "nightly-0.json", "--diagnosis", "why.json",
        "--out", "out/report.html", "--json", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    page = (folder / "out" / "report.html").read_bytes()
    assert told == {"report": "out/report.html", "bytes": len(page), "run": "nightly-1", "questions": 40}
    text = page.decode()
    assert "Compared with “nightly-0”" in text
    assert "Why questions went wrong" in text


def test_a_run_of_the_collection_is_found_by_its_name(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "leave.md").write_text("# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    assert citewell("add", "docs", cwd=folder).returncode == 0
    kept = folder / ".citewell" / "evaluations" / "runs"
    kept.mkdir(parents=True)
    Run.read(folder / "nightly-1.json").write(kept / "kept.json")
    assert citewell("evaluate", "report", "kept", cwd=folder).returncode == 0
    assert (folder / "kept.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.json"], "There is no run 'gone.json'"),
        (["nightly-1.json", "--out", "nightly-0.json"], "has to end in .html"),
        (["nightly-1.json", "--out", "no/such/folder/r.html"], "There is no folder 'no/such/folder'"),
        (["nightly-1.json", "--diagnosis", "gone.json"], "citewell diagnose RUN --json > gone.json"),
        (["nightly-1.json", "--diagnosis", "nightly-0.json"], "is no diagnosis"),
        (["nightly-1.json", "--diagnosis", "broken.json"], "cannot be read as a diagnosis"),
        (["broken.json"], "cannot be read as a run"),
        (["nightly-1.json", "--against", "other-set.json"], "--shared"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(folder: Path, arguments: list[str], told: str) -> None:
    (folder / "broken.json").write_text("{")
    other = json.loads((folder / "nightly-0.json").read_text())
    (folder / "other-set.json").write_text(json.dumps({**other, "set": {**other["set"], "identity": "f" * 16}}))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = citewell("evaluate", "report", *arguments, cwd=folder)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
