"""``citewell evaluate make``, ``review``, ``sets`` and ``import``, as a user and as a script run them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.test_cli import COMMAND, citewell

POLICY = """# Access rules

An Orca card is valid for 12 months.

The Orca desk is located on the second floor of the north building.

If an Orca card is lost, the desk blocks it within two hours.

| Card | Colour | Price |
|---|---|---|
| Orca 7 | green | 12 EUR |
| Orca 9 | black | 17 EUR |
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "access.md").write_text(POLICY)
    assert citewell("add", "docs", cwd=tmp_path).returncode == 0
    return tmp_path


def typed(keys: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, input=keys, capture_output=True, text=True, timeout=120, check=False
    )


def make(cwd: Path, name: str = "first") -> dict[str, object]:
    done = citewell("evaluate", "make", "--count", "8", "--name", name, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def questions(cwd: Path, name: str = "first") -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(citewell("evaluate", "review", name, "--json", cwd=cwd).stdout)[
        "questions"
    ]
    return found


def test_a_set_is_made_listed_and_not_overwritten(house: Path) -> None:
    done = citewell("evaluate", "make", "--count", "50", cwd=house)
    assert done.returncode == 0, done.stderr
    assert "made: " in done.stdout
    assert "unanswerable" in done.stdout
    assert "50 were asked for" in done.stderr
    assert "citewell evaluate review made" in done.stderr
    (row,) = json.loads(citewell("evaluate", "sets", "--json", cwd=house).stdout)["sets"]
    assert row["name"] == "made"
    assert row["origin"] == "made"
    assert row["stale"] == 0
    assert row["made"]["seed"] == 20261120
    assert row["made"]["how"] == "rules"
    listed = citewell("evaluate", "sets", cwd=house).stdout
    assert row["identity"][:8] in listed
    assert "made by rules" in listed
    again = citewell("evaluate", "make", cwd=house)
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert citewell("evaluate", "make", "--replace", cwd=house).returncode == 0


def test_a_made_set_can_be_measured_with(house: Path) -> None:
    make(house)
    done = citewell("evaluate", "answers", "first", "--json", cwd=house)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["set"]["origin"] == "made"


def test_keys_of_a_review_through_a_pipe(house: Path) -> None:
    make(house)
    before = questions(house)
    keys = "a\nr\nu\ne\nWhat is it, then?\nw\nA thing\na\nx\ns\nq\n"
    done = typed(keys, "evaluate", "review", "first", cwd=house)
    assert done.returncode == 0, done.stderr
    assert "access.md" in done.stdout
    assert "'x' is no key" in done.stderr
    after = {str(each["id"]): each for each in questions(house)}
    assert set(after) == {str(each["id"]) for each in before}
    first, second = after[str(before[0]["id"])], after[str(before[1]["id"])]
    assert first["reviewed"] is True
    assert first["question"] == before[0]["question"]
    assert second["reviewed"] is True
    assert second["question"] == "What is it, then?"
    assert second["answers"] == ["A thing"]
    assert sum(bool(each["reviewed"]) for each in after.values()) == 2


def test_a_review_that_ends_in_the_middle_goes_on_where_it_was(house: Path) -> None:
    make(house)
    total = len(questions(house))
    assert typed("a\n", "evaluate", "review", "first", cwd=house).returncode == 0
    done = typed("r\n", "evaluate", "review", "first", cwd=house)
    assert f"1 of {total - 1}" in done.stdout
    left = questions(house)
    assert len(left) == total - 1
    assert sum(bool(each["reviewed"]) for each in left) == 1
    undone = typed("u\nq\n", "evaluate", "review", "first", cwd=house)
    assert "nothing to undo" in undone.stderr


def test_scripts_accept_and_reject_without_keys(house: Path) -> None:
    make(house)
    unwanted = str(questions(house)[0]["id"])
    done = citewell("evaluate", "review", "first", "--reject", unwanted, "--accept-all", "--json", cwd=house)
    told = json.loads(done.stdout)
    assert told["pending"] == 0
    assert unwanted not in {each["id"] for each in told["questions"]}
    wrong = citewell("evaluate", "review", "first", "--reject", "m-nothing", cwd=house)
    assert wrong.returncode == 2
    assert "m-nothing" in wrong.stderr


def test_a_set_from_a_file_keeps_its_origin_and_tells_of_lost_golds(house: Path) -> None:
    (house / "mine.jsonl").write_text(
        json.dumps({"id": "q1", "question": "How long is an Orca card valid?", "answer": "12 months",
                    "document": "access.md", "quote": "An Orca card is valid for 12 months."}) + "\n"
        + json.dumps({"id": "q2", "question": "Who paints it?", "answer": "Ada", "document": "access.md",
                      "quote": "Ada paints the cards by hand."}) + "\n"
    )  # fmt: skip
    done = citewell("evaluate", "import", "mine.jsonl", "--name", "ours", "--json", cwd=house)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["origin"] == "human"
    assert told["states"] == {"anchored": 1, "unplaced": 1}
    rows = json.loads(citewell("evaluate", "sets", "--json", cwd=house).stdout)["sets"]
    assert [(row["name"], row["stale"]) for row in rows] == [("ours", 1)]
    make_over = citewell("evaluate", "make", "--name", "ours", "--replace", cwd=house)
    assert make_over.returncode == 2
    assert "human" in make_over.stderr


def test_an_import_without_a_name_or_over_another_set_is_refused(house: Path) -> None:
    (house / "mine.jsonl").write_text('{"question": "What?", "answer": "It"}\n')
    assert "--name" in citewell("evaluate", "import", "mine.jsonl", cwd=house).stderr
    make(house)
    over = citewell("evaluate", "import", "mine.jsonl", "--name", "first", cwd=house)
    assert over.returncode == 2
    assert "another set 'first'" in over.stderr


def test_a_changed_document_makes_its_questions_stale(house: Path) -> None:
    make(house)
    (house / "docs" / "access.md").write_text("# Access rules\n\nThere are no cards any more.\n")
    assert citewell("sync", cwd=house).returncode == 0
    (row,) = json.loads(citewell("evaluate", "sets", "--json", cwd=house).stdout)["sets"]
    assert row["stale"] > 0
    assert "stale" in citewell("evaluate", "sets", cwd=house).stdout
    shown = typed("q\n", "evaluate", "review", "first", cwd=house)
    assert shown.returncode == 0, shown.stderr


def test_no_set_yet_says_how_to_get_one(house: Path) -> None:
    assert "citewell evaluate make" in citewell("evaluate", "sets", cwd=house).stderr
    assert citewell("evaluate", "review", "none", cwd=house).returncode == 2
