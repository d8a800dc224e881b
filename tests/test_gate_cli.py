"""``citewell gate``, ``evaluate show``, ``runs`` and ``compare`` as a build server and a person use them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

import citewell as package
from citewell.evaluation.library import save_run
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.runs import Cited, Figure, Found, Result, Run, Sentence
from citewell.evaluation.statistics import interval
from tests.evaluation.test_comparing import right, run_of
from tests.test_cli import citewell


def finished(run: Run) -> Run:
    names = sorted({name for result in run.results for name in result.metrics})
    figures = {name: interval([each.metrics[name] for each in run.results]) for name in names}
    return replace(run, metrics=figures)


BEFORE = finished(run_of("before", right(range(20))))
AFTER = finished(run_of("after", right(range(15, 50))))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for run in (BEFORE, AFTER, finished(run_of("other", right(range(20)), identity="set-2"))):
        run.write(tmp_path / f"{run.name}.json")
    return tmp_path


def test_exit_status_0_1_2(runs: Path) -> None:
    passed = citewell("gate", "before.json", "--against", "before.json", cwd=runs)
    assert (passed.returncode, "PASS: all 100 questions" in passed.stdout) == (0, True)
    lost = citewell("gate", "after.json", "--against", "before.json", cwd=runs)
    assert lost.returncode == 1
    assert "REGRESSION: correct got worse: 0.800 to 0.650" in " ".join(lost.stdout.split())
    refused = citewell("gate", "other.json", "--against", "before.json", cwd=runs)
    assert refused.returncode == 2
    assert "NOT COMPARABLE" in refused.stdout
    missing = citewell("gate", "nothing.json", "--against", "before.json", cwd=runs)
    assert missing.returncode == 2
    assert "There is no run" in missing.stderr


def test_json_junit_margin_metric_and_floor(runs: Path) -> None:
    done = citewell(
        "gate", "after.json", "--against", "before.json", "--margin", "0.3", "--metric", "correct",
        "--floor", "correct=0.7", "--junit", "gate.xml", "--json", cwd=runs,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["margin"]) == (1, "regression", 0.3)
    assert [each["metric"] for each in told["metrics"]] == ["correct"]
    assert told["metrics"][0]["regressed"] is False
    assert told["floors"][0]["broken"] is True
    suite = etree.fromstring((runs / "gate.xml").read_bytes())[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


@pytest.mark.parametrize("floor", ["correct", "=0.5", "correct=much", "correct=nan", "correct=inf"])
def test_a_floor_that_is_none_says_what_was_expected(runs: Path, floor: str) -> None:
    done = citewell("gate", "after.json", "--against", "before.json", "--floor", floor, cwd=runs)
    assert done.returncode == 2
    assert "Expected a metric and a number, such as correct=0.6" in done.stderr


def test_compare_for_people_and_for_programs(runs: Path) -> None:
    done = citewell("evaluate", "compare", "before.json", "after.json", cwd=runs)
    assert done.returncode == 0
    assert "From before (A) to after (B): 100 questions in both" in done.stdout
    assert "Right now, were not (15, by correct)" in done.stdout
    assert "q000  0.00 → 1.00  question 0?" in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 100] == []
    told = json.loads(citewell("evaluate", "compare", "before.json", "after.json", "--json", cwd=runs).stdout)
    assert told["metrics"][0]["difference"]["value"] == pytest.approx(-0.15)
    assert len(told["broken"]) == 30
    refused = citewell("evaluate", "compare", "before.json", "other.json", cwd=runs)
    assert (refused.returncode, "--shared" in refused.stderr) == (2, True)


def test_show_a_run(runs: Path) -> None:
    results = list(AFTER.results)
    results[3] = replace(results[3], state="stale")
    replace(AFTER, results=tuple(results), notes=("A note.",)).write(runs / "after.json")
    done = citewell("evaluate", "show", "after.json", "--worst", "2", "--junit", "run.xml", cwd=runs)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["correct", "0.650"] and line.split()[-1] == "100" for line in lines)
    assert "too few questions: pdf (5)" in done.stdout
    assert "  stale     q003  question 3?  [doc]" in lines
    assert "  A note." in lines
    worst = lines.index("Worst questions")
    assert [line.split()[0] for line in lines[worst + 1 : worst + 5 : 2]] == ["q015", "q016"]
    assert all(len(line) <= 100 for line in lines)
    assert etree.fromstring((runs / "run.xml").read_bytes())[0].get("failures") == "35"


def test_show_as_json_has_slices_stale_and_worst_but_no_results(runs: Path) -> None:
    told = json.loads(citewell("evaluate", "show", "after.json", "--json", cwd=runs).stdout)
    assert "results" not in told
    assert told["questions"] == 100
    assert {each["dimension"] for each in told["slices"]["correct"]} == {"tag", "document type"}
    assert (told["stale"], len(told["worst"])) == ([], 10)


def test_show_one_question_in_full(runs: Path) -> None:
    question = Question("q1", "How many days?", ("27 days",), (Gold("leave.md", "27 days of leave", page=2),))
    result = Result(
        question, "anchored",
        (Found("p", "d", "leave.md", (0, 9), 0.9, page=2, gold=True, text="27 days of leave\x1b[31m"),),
        "You get 27 days.", confidence=0.8, sentences=(Sentence("You get 27 days.", (0,), 0.97, "supported"),),
        citations=(Cited("d", "leave.md", "27 days", (0, 7), exact=False, gold=True),),
        metrics={"correct": 1.0}, slices={"tag": ("hr",)},
    )  # fmt: skip
    replace(AFTER, results=(result,), metrics={"correct": Figure(1, 0, 1, 1)}).write(runs / "one.json")
    done = citewell("evaluate", "show", "one.json", "--question", "q1", cwd=runs)
    for piece in ("27 days of leave [leave.md, page 2; anchored]", "gold INEXACT leave.md 0-7", "supported    0.97",
                  "1   0.9000 gold leave.md, page 2", "correct                         1.000"):  # fmt: skip
        assert piece in done.stdout
    assert "\x1b" not in done.stdout
    assert json.loads(citewell("evaluate", "show", "one.json", "--question", "q1", "--json", cwd=runs).stdout)["answer"]
    missing = citewell("evaluate", "show", "one.json", "--question", "q9", cwd=runs)
    assert (missing.returncode, "has no question 'q9'" in missing.stderr) == (2, True)


@pytest.mark.integration
def test_runs_of_a_collection_are_listed_and_found_by_name(tmp_path: Path) -> None:
    collection = package.open(tmp_path / ".citewell", create=True)
    empty = citewell("evaluate", "runs", cwd=tmp_path)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "Make one:  citewell evaluate answers SET" in empty.stderr
    save_run(collection.store, BEFORE)
    listed = citewell("evaluate", "runs", cwd=tmp_path)
    assert listed.stdout.startswith("before  2026-11-20  answers    questions (100)  correct 0.800 (0.7")
    assert json.loads(citewell("evaluate", "runs", "--json", cwd=tmp_path).stdout)["runs"][0]["name"] == "before"
    AFTER.write(tmp_path / "after.json")
    done = citewell("gate", "after.json", "--against", "before", "--shared", cwd=tmp_path)
    assert "Gate: after against before" in done.stdout


def test_verdicts_that_cannot_be_written_are_told_before_anything_is_judged(runs: Path) -> None:
    done = citewell("gate", "after.json", "--against", "before.json", "--junit", "nowhere/gate.xml", cwd=runs)
    assert done.returncode == 2 and "'nowhere/gate.xml' cannot be written" in done.stderr and not done.stdout


def test_a_floor_is_judged_by_the_questions_not_by_an_edited_figure(runs: Path) -> None:
    run = json.loads((runs / "after.json").read_text())
    run["metrics"]["correct"]["value"] = 0.99
    (runs / "edited.json").write_text(json.dumps(run))
    done = citewell("gate", "edited.json", "--against", "edited.json", "--floor", "correct=0.95", cwd=runs)
    assert done.returncode == 1 and "wanted at least 0.95: not kept" in done.stdout
