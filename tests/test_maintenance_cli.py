"""The commands that keep, compare, restore, move, verify and re-index, as a person or a program runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from citewell.cli import run  # noqa: F401 - registers the commands
from citewell.cli.app import app
from citewell.collection import Collection

QUESTION = "How many days of paid leave do new employees get?"


@pytest.fixture
def kept(collection: Collection, tmp_path: Path) -> Collection:
    """A snapshot ``first`` of one document, which has been edited since."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    collection.add(tmp_path / "docs")
    collection.snapshot("first", "the old policy")
    (tmp_path / "docs" / "leave.md").write_text("# Leave\n\nNew employees get 30 days of paid leave each year.\n")
    collection.sync()
    (tmp_path / "questions.jsonl").write_text(json.dumps({"question": QUESTION}) + "\n")
    return collection


def invoke(collection: Collection, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(collection.store.root), *arguments], env={"COLUMNS": "200"})


def text(collection: Collection, *arguments: str) -> str:
    done = invoke(collection, *arguments)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def values(collection: Collection, *arguments: str) -> dict[str, Any]:
    done = invoke(collection, *arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_snapshots_for_people(kept: Collection, tmp_path: Path) -> None:
    assert "Kept as 'second': 1 document, 1 passage." in text(kept, "snapshot", "create", "second")
    listed = text(kept, "snapshot", "list")
    assert listed.index("first") < listed.index("second")
    assert "the old policy" in listed
    shown = text(kept, "snapshot", "diff", "first", "--questions", str(tmp_path / "questions.jsonl"))
    assert "changed docs/leave.md" in shown
    assert "another answer" in shown
    assert "27 days" in shown and "30 days" in shown
    assert "0 of 1 question answered the same" in shown
    restored = text(kept, "snapshot", "restore", "first")
    assert "citewell snapshot restore before-restore-1" in restored
    assert "27 days" in kept.ask(QUESTION).text
    assert "Dropped 'second'." in text(kept, "snapshot", "drop", "second")


def test_snapshots_for_programs(kept: Collection, tmp_path: Path) -> None:
    made = values(kept, "snapshot", "create", "second", "--note", "why")
    assert (made["name"], made["note"], made["documents"]) == ("second", "why", 1)
    assert [each["name"] for each in values(kept, "snapshot", "list")["snapshots"]] == ["first", "second"]
    found = values(kept, "snapshot", "diff", "first", "second", "--questions", str(tmp_path / "questions.jsonl"))
    assert [answer["kind"] for answer in found["answers"]] == ["different_text"]
    restored = values(kept, "snapshot", "restore", "first", "--discard")
    assert (restored["before"], restored["documents"], restored["kept_out"]) == ("", 1, [])
    assert values(kept, "snapshot", "drop", "second") == {"dropped": "second"}


def test_a_collection_moves_as_one_file(kept: Collection, tmp_path: Path) -> None:
    archive, copy = tmp_path / "then.tar.gz", tmp_path / "copy.citewell"
    assert "1 document, 1 passage" in text(kept, "snapshot", "export", str(archive), "--snapshot", "first")
    done = CliRunner().invoke(app, ["-c", str(copy), "snapshot", "import", str(archive), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sources"] == [str(tmp_path / "docs")]
    asked = CliRunner().invoke(app, ["-c", str(copy), "ask", QUESTION])
    assert "27 days" in asked.output


@pytest.mark.damages_on_purpose
def test_check_says_what_is_wrong_and_repair_what_it_did(kept: Collection) -> None:
    assert "No problems found." in text(kept, "check")
    kept.store.index.delete([item.document_id for item in kept.items()])
    done = invoke(kept, "check")
    assert done.exit_code == 1
    assert "the index has none" in done.output
    assert "citewell check --repair" in done.output
    found = json.loads(invoke(kept, "check", "--json").stdout)
    assert (len(found["problems"]), found["repairable"], found["repaired"]) == (1, 1, [])
    repaired = values(kept, "check", "--repair")
    assert repaired["problems"] == []
    assert any("leave.md" in line for line in repaired["repaired"])
    assert "30 days" in kept.ask(QUESTION).text


def test_reindex_says_how_to_go_back(kept: Collection) -> None:
    done = text(kept, "reindex", "--max-tokens", "120")
    assert "Re-indexed 1 document: 1 passage" in done
    assert "citewell snapshot restore before-reindex-1" in done
    assert kept.store.settings.chunking.max_tokens == 120
    report = values(kept, "reindex", "--no-snapshot")
    assert (report["documents"], report["encoded"], report["snapshot"]) == (1, 0, "")
    assert kept.store.settings.chunking.max_tokens == 120, "what is not named stays"
