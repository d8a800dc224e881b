"""``citewell diagnose`` as a user runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from citewell.collection import Collection
from citewell.evaluation.library import save_run
from citewell.evaluation.questions import Gold
from tests.evaluation.diagnosis.test_diagnosis import (
    HOTEL_QUESTION,
    LEAVE_QUESTION,
    MOON,
    Refusing,
    house,
    run_of,
)
from tests.test_cli import citewell

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a collection that holds a run with three failures: ``first-1`` before it, ``strict-1`` after."""
    folder = tmp_path_factory.mktemp("cli")
    opened: Collection = house(folder)
    gone = replace(HOTEL_QUESTION, id="gone", golds=(Gold("prices.md", "Hotels in Brno cost 90 euros."),), answers=())
    save_run(opened.store, replace(run_of(opened, LEAVE_QUESTION), name="first-1", created_at="2026-01-01T00:00:00"))
    run = run_of(opened, LEAVE_QUESTION, HOTEL_QUESTION, gone, MOON, system=Refusing(opened, 1.0))
    save_run(opened.store, replace(run, name="strict-1", created_at="2026-01-02T00:00:00"))
    run.write(folder / "strict.json")
    return folder


def test_the_newest_run_is_diagnosed_and_reads_well(diagnosed: Path) -> None:
    done = citewell("-c", "house.citewell", "diagnose", cwd=diagnosed)
    assert done.returncode == 0, done.stderr
    assert "strict-1" in done.stderr
    assert "3 of 4 questions failed (75%)" in done.stdout
    assert "wrongly refused" in done.stdout
    assert "Not in the corpus, 1 question" in done.stdout
    assert "perfect refusal" in done.stdout
    assert "answerable, with a gold 3 → in the corpus 2" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_json_goes_to_standard_output_and_to_a_file(diagnosed: Path, tmp_path: Path) -> None:
    out = tmp_path / "why.json"
    done = citewell(
        "-c", "house.citewell", "diagnose", "strict.json", "--json", "--out", str(out), cwd=diagnosed
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == {"run", "questions", "failed", "classes", "ladder", "funnel", "cases", "notes", "timings"}
    assert found["classes"]["wrongly_refused"] == 2
    named = {"id", "question", "fault", "kind", "evidence", "counterfactual", "proven", "advice", "correct", "steps"}
    assert found["cases"][0].keys() == named
    assert json.loads(out.read_text()) == found


def test_one_question_is_shown_with_every_test(diagnosed: Path) -> None:
    done = citewell("-c", "house.citewell", "diagnose", "strict-1", "--question", "hotel", cwd=diagnosed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("passed ") == 7
    assert done.stdout.count("failed ") == 1
    assert "Why: wrongly refused" in done.stdout
    assert "0 of 1 right refusals" in done.stdout, "thresholds are judged by the whole run"
    fine = citewell("-c", "house.citewell", "diagnose", "strict-1", "--question", "moon", cwd=diagnosed)
    assert "answered rightly" in fine.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diagnose", "nothing"), "nothing"),
        (("diagnose", "strict-1", "--question", "x"), "has no question 'x'. It has leave"),
        (("diagnose", "strict-1", "--out", "no/such/folder/why.json"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_said(diagnosed: Path, arguments: tuple[str, ...], said: str) -> None:
    done = citewell("-c", "house.citewell", *arguments, cwd=diagnosed)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_collection_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    house(tmp_path)
    done = citewell("-c", "house.citewell", "diagnose", cwd=tmp_path)
    assert done.returncode == 2
    assert "citewell evaluate answers" in done.stderr
