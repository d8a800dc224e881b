"""``citewell compare`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_cli import citewell

QUESTIONS = [
    {"id": "leave", "question": "How many days of paid leave do new employees get?", "answer": "27 days",
     "document": "leave.md", "quote": "New employees get 27 days of paid leave each year."},
    {"id": "hotel", "question": "How much is paid for a hotel in London?", "answer": "190 pounds",
     "document": "travel.md", "quote": "Hotels in London are paid up to 190 pounds a night."},
    {"id": "moon", "question": "Who won the football World Cup in 1998?", "answerable": False},
]  # fmt: skip
ANSWERS = [
    {"id": "leave", "answer": "New employees get 20 days.", "seconds": 1.5, "tokens": 40, "cost": 0.002},
    {"id": "hotel", "answer": "190 pounds", "seconds": 0.5, "tokens": 20, "cost": 0.001},
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    (folder / "docs").mkdir()
    (folder / "docs" / "leave.md").write_text(
        "# Leave policy\n\nNew employees get 27 days of paid leave each year.\n\nRequests go to the manager.\n"
    )
    (folder / "docs" / "travel.md").write_text("# Travel\n\nHotels in London are paid up to 190 pounds a night.\n")
    for name, rows in (("house.jsonl", QUESTIONS), ("closed.jsonl", ANSWERS)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert citewell("add", "docs", cwd=folder).returncode == 0
    return folder


@pytest.mark.integration
def test_the_table_and_the_stored_runs(house: Path) -> None:
    done = citewell("compare", "house.jsonl", "--answers", "closed-book=closed.jsonl", "--name", "first", cwd=house)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "house: 3 questions; each figure with its 95 % interval"
    assert lines[2].split() == ["rag", "retrieval", "closed-book", "questions"]
    (correct,) = [line for line in lines if line.startswith("correct") and "–" in line]
    assert correct.split()[1::2][:3] == ["1.000", "0.667", "0.333"]
    (failed,) = [line for line in lines if line.startswith("failed")]
    assert failed.split() == ["failed", "0", "0", "1", "3"]
    assert any(line.startswith("cost a question") for line in lines)
    assert "Difference to rag" in done.stdout
    assert "closed-book has no answer to 1 of 3 questions; they count as wrong. First: moon." in done.stderr
    listed = citewell("evaluate", "runs", "--json", cwd=house)
    for name in ("first-rag-1", "first-retrieval-1", "first-closed-book-1"):
        assert name in listed.stdout, listed.stderr


@pytest.mark.integration
def test_json_is_one_object_and_nothing_else(house: Path) -> None:
    done = citewell(
        "compare", "house.jsonl", "--systems", "retrieval,lexical", "--baseline", "lexical", "--limit", "2",
        "--no-keep", "--json", cwd=house,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert table["baseline"] == "lexical"
    assert table["questions"] == 2
    retrieval, lexical = table["systems"]
    assert lexical["differences"] == {}
    assert {"difference", "p", "p_holm"} == retrieval["differences"]["correct"].keys()
    assert {"value", "low", "high", "n"} == retrieval["seconds"]["p95"].keys()
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("house.jsonl", "--systems", "rag,magic"), "'magic' is not a system"),
        (("house.jsonl", "--systems", ""), "at least one"),
        (("house.jsonl", "--answers", "closed.jsonl"), "Expected NAME=FILE"),
        (("house.jsonl", "--answers", "a=closed.jsonl", "--answers", "a=closed.jsonl"), "each name once"),
        (("house.jsonl", "--answers", "closed=missing.jsonl"), "missing.jsonl cannot be read"),
        (("house.jsonl", "--answers", "closed=house.jsonl"), "line 1: unknown field"),
        (("house.jsonl", "--answers", "rag=closed.jsonl"), "each with its own name"),
        (("house.jsonl", "--baseline", "gpt"), "no system 'gpt'"),
        (("nothing.jsonl",), "nothing.jsonl"),
    ],
)
def test_what_the_user_must_change_exits_with_2_and_one_message(
    house: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = citewell("compare", *arguments, cwd=house)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
