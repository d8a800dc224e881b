"""The command line as a stranger uses it: real processes, real files, exit statuses, JSON and nothing else."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from citewell.cli import run

COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]


def citewell(*arguments: str, cwd: Path, prefix: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(prefix or []), *COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text(
        "# Leave policy\n\nEffective: 2025-03-01\n\nNew employees get 27 days of paid leave each year.\n\n"
        "Requests go to your manager in the Pebble tool.\n"
    )
    return tmp_path


def test_ask_a_folder_and_get_a_cited_answer(folder: Path) -> None:
    done = citewell("ask", "How many days of paid leave do new employees get?", "docs", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "New employees get 27 days of paid leave each year. [1]" in done.stdout
    assert "Leave policy" in done.stdout
    assert "line 5" in done.stdout
    assert "2025-03-01" in done.stdout


def test_json_is_one_object_with_the_contract_and_nothing_else(folder: Path) -> None:
    done = citewell("ask", "--json", "How many days of paid leave do new employees get?", "docs", cwd=folder)
    answer = json.loads(done.stdout)
    assert {
        "answer", "refused", "confidence", "weak", "short_answer", "citations", "hits", "timings",
    } <= answer.keys()  # fmt: skip
    (first, *_) = answer["citations"]
    assert {"document", "uri", "title", "quote", "start", "end", "locator"} <= first.keys()
    shown = json.loads(citewell("show", "leave.md", "--json", cwd=folder).stdout)
    assert shown["text"][first["start"] : first["end"]] == first["quote"]
    short = answer["short_answer"]
    assert shown["text"][short["start"] : short["end"]] == short["text"]
    assert "27" in short["text"]
    assert short["text"] in answer["citations"][short["citation"]]["quote"]


def test_add_sync_status_remove(folder: Path) -> None:
    assert citewell("add", "docs", cwd=folder).returncode == 0
    assert "1 unchanged" in citewell("sync", cwd=folder).stderr
    assert "1 document," in citewell("status", cwd=folder).stdout
    removed = citewell("remove", "docs/leave.md", cwd=folder)
    assert "0 left" in removed.stdout
    assert "Nothing found." in citewell("search", "paid leave", cwd=folder).stdout
    assert citewell("check", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ask", "", "docs"), "question is empty"),
        (("ask", "x" * 100_000, "docs"), "at most 4,000 are read"),
        (("ask", "What?"), "There is no collection at"),
        (("add", "no-such-folder"), "does not exist"),
        (("add", "docs", "--encoder", "no-such-model"), "no-such-model"),
        (("search", "leave", "-c", "docs"), "There is no collection at"),
        (("add", "docs", "-c", "docs"), "not a Citewell collection"),
        (("ask", "leave?", "docs", "--as", "hr"), "not a principal"),
        (("ask", "leave?", "docs", "--after", "yesterday"), "yesterday"),
        (("ask", "leave?", "docs", "--where", "author"), "KEY=VALUE"),
        (("ask", "leave?", "dosc"), "does not exist"),
    ],
)
def test_what_the_user_must_change_exits_with_2_and_one_message(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = citewell(*arguments, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_mistyped_question_does_not_leave_a_collection_behind(folder: Path) -> None:
    citewell("ask", " ", "docs", cwd=folder)
    citewell("ask", "How many days?", "dosc", cwd=folder)
    assert not (folder / ".citewell").exists()


def test_another_encoder_than_the_collections_is_refused(folder: Path) -> None:
    citewell("add", "docs", cwd=folder)
    done = citewell("add", "docs", "--encoder", "other/model", cwd=folder)
    assert done.returncode == 2
    assert "reindex --encoder other/model" in done.stderr


def test_an_unreadable_file_is_listed(folder: Path) -> None:
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may read everything, and setpriv (util-linux), which drops that right, is not installed")
    locked = folder / "docs" / "locked.md"
    locked.write_text("# Locked\n\nNobody reads this.\n")
    locked.chmod(0)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    done = citewell("add", "docs", cwd=folder, prefix=drop if os.geteuid() == 0 else None)
    assert done.returncode == 0, done.stderr
    assert "locked.md: The file cannot be read: Permission denied" in done.stderr


def full_catalog() -> Exception:
    """What SQLite says when it has no room."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as error:
            database.execute("CREATE TABLE items (uri TEXT)")
        return error.value


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("LanceError(IO): No space left on device (os error 28)"),
        full_catalog(),
    ],
)
def test_a_full_disk_is_not_our_fault(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(run, "app", fails)
    with pytest.raises(SystemExit) as ending:
        run.run()
    assert ending.value.code == 2
    assert "Free some space" in capsys.readouterr().err


def test_version_and_help() -> None:
    assert citewell("--version", cwd=Path.cwd()).stdout.startswith("citewell 0.")
    helped = citewell("--help", cwd=Path.cwd())
    for name in (
        "ask",
        "add",
        "sync",
        "sources",
        "remove",
        "search",
        "show",
        "status",
        "check",
        "doctor",
        "evaluate",
        "demo",
    ):
        assert name in helped.stdout


def test_control_characters_in_documents_do_not_reach_the_terminal(folder: Path) -> None:
    (folder / "docs" / "evil.md").write_text("# Evil\n\nThe evil colour is \x1b[31mred\x1b[0m and \x9b2J gone.\n")
    done = citewell("ask", "What is the evil colour?", "docs", cwd=folder)
    assert "\x1b[31m" not in done.stdout
    assert "\x9b" not in done.stdout


@pytest.mark.integration
def test_everything_runs_without_a_network_interface(folder: Path) -> None:
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let tests make a network namespace of their own")
    probe = subprocess.run(
        [*alone, sys.executable, "-c", "import socket; socket.create_connection(('1.1.1.1', 53), 2)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Network is unreachable" in probe.stderr, f"the namespace is not cut off: {probe.stderr}"
    done = citewell("ask", "How many days of paid leave do new employees get?", "docs", cwd=folder, prefix=alone)
    assert done.returncode == 0, done.stderr
    assert "27 days" in done.stdout
