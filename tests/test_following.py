"""Following a source: renames, mass removals, parts of a source, failures that come back, and watching."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import citewell
from citewell.collection import Collection
from citewell.errors import MassRemovalError, PathError, SettingsError, UserError
from citewell.failures import explain, retry_note
from citewell.ingest import IngestReport
from citewell.watch import WatchSettings, every_so_often, watch
from tests.fakes import settle

COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    for number in range(30):
        (root / f"note-{number:02d}.txt").write_text(f"The code of cabinet number {number} is {number * 7919}.\n")
    settle(root)
    return root


def did(report: IngestReport) -> dict[str, int]:
    names = ("added", "changed", "renamed", "removed", "readers_changed", "embedded", "withheld")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_renaming_everything_parses_and_encodes_nothing(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The titles of these files are their names, which a rename changes; the vectors stay."""
    collection.add(folder)
    for path in sorted(folder.iterdir()):
        path.rename(folder / f"renamed {path.name}")
    parsed: list[str] = []
    monkeypatch.setattr("citewell.parsing.sandbox.ParserPool.parse", lambda self, data, name: parsed.append(name))
    (report,) = collection.sync()
    assert did(report) == {"renamed": 30}
    assert parsed == []
    assert collection.search("cabinet number 17")[0].passage.title == "renamed note-17.txt"
    assert collection.check() == []


def test_a_folder_that_moves_is_no_mass_removal(collection: Collection, folder: Path) -> None:
    (folder / "sub").mkdir()
    for path in folder.glob("note-*"):
        path.rename(folder / "sub" / path.name)
    collection.add(folder)
    (folder / "sub").rename(folder / "other")
    (report,) = collection.sync()
    assert did(report) == {"renamed": 30}


def test_many_vanished_files_are_kept_until_someone_confirms(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    for path in sorted(folder.iterdir())[:25]:
        path.unlink()
    (folder / "new.txt").write_text("The gate opens at seven.\n")
    with pytest.raises(MassRemovalError, match=r"lost 25 documents .*citewell sync --yes"):
        collection.sync()
    assert "7919" in collection.search("code of cabinet number 1")[0].passage.text
    assert collection.search("gate opens")[0].passage.title == "new.txt", "everything else was done"
    (report,) = collection.sync(confirmed=True)
    assert did(report) == {"removed": 25}
    assert collection.check() == []


def test_a_few_vanished_files_are_forgotten_without_asking(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    for path in sorted(folder.iterdir())[:8]:
        path.unlink()
    (report,) = collection.sync()
    assert did(report) == {"removed": 8}


def test_the_command_refuses_and_takes_yes_for_an_answer(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    for path in sorted(folder.iterdir())[:25]:
        path.unlink()
    root = str(collection.store.root)
    refused = subprocess.run(
        [*COMMAND, "sync", "-c", root], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert refused.returncode == 2
    assert "lost 25 documents" in refused.stderr and "Traceback" not in refused.stderr
    done = subprocess.run(
        [*COMMAND, "sync", "-c", root, "--yes", "--json"], check=False, capture_output=True, text=True
    )
    assert json.loads(done.stdout)["sources"][0]["removed"] == 25


def test_only_the_named_part_of_a_source_is_looked_at(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "note-00.txt").write_text("The code of cabinet number 0 is secret now.\n")
    (folder / "note-01.txt").write_text("The code of cabinet number 1 is secret now.\n")
    (folder / "note-02.txt").unlink()
    (folder / "note-03.txt").unlink()
    (report,) = collection.sync(within=[folder / "note-00.txt", folder / "note-02.txt", folder / "never-there.txt"])
    assert did(report) == {"changed": 1, "removed": 1, "embedded": 1}
    (report,) = collection.sync()
    assert did(report) == {"changed": 1, "removed": 1, "embedded": 1}


def test_a_changed_readers_file_concerns_the_whole_source(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    (folder / "citewell-readers.toml").write_text('[[rule]]\npath = "**"\nreaders = ["group:hr"]\n')
    (report,) = collection.sync(within=[folder / "citewell-readers.toml"])
    assert did(report) == {"readers_changed": 30}


def test_a_future_or_set_back_clock_reads_no_file_again(collection: Collection, folder: Path) -> None:
    ahead = time.time() + 86_400
    os.utime(folder / "note-00.txt", (ahead, ahead))
    collection.add(folder)
    version = collection.store.index.version
    (report,) = collection.sync()
    assert (did(report), collection.store.index.version) == ({}, version)
    items = [item for item in collection.items() if item.uri.endswith("note-00.txt")]
    assert items[0].mtime_ns > 0, "a time in the future is as good as any other"


# -- failures ----------------------------------------------------------------------------------------------------------


def fail(collection: Collection, path: Path, reason: str) -> None:
    """Records a failure as a run would, without waiting for a real time limit."""
    (item,) = [item for item in collection.items() if item.uri == str(path)]
    with collection.store.writing() as store:
        store.index.delete([item.document_id])
        soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds")
        failed = replace(item, status="failed", reason=reason, version="", passages=0, attempts=1, retry_at=soon)
        store.catalog.record([failed])


def test_a_failure_waits_its_time_and_is_then_tried_again(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    path = folder / "note-05.txt"
    fail(collection, path, "timeout")
    (report,) = collection.sync()
    assert did(report) == {}, "a minute has not passed"
    with collection.store.writing() as store:
        (item,) = [item for item in collection.items() if item.uri == str(path)]
        store.catalog.record([replace(item, retry_at="2020-01-01T00:00:00+00:00")])
    (report,) = collection.sync()
    assert did(report)["added"] == 1


def test_a_retry_date_from_a_clock_that_was_set_back_is_not_believed(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    fail(collection, folder / "note-05.txt", "timeout")
    with collection.store.writing() as store:
        (item,) = [item for item in collection.items() if item.status == "failed"]
        store.catalog.record([replace(item, retry_at="2999-01-01T00:00:00+00:00")])
    (report,) = collection.sync()
    assert did(report)["added"] == 1


def test_a_file_that_always_fails_is_tried_less_often_and_then_no_more(collection: Collection, folder: Path) -> None:
    bad = folder / "locked.txt"
    bad.write_text("no")
    settle(folder)
    collection.add(folder)
    fail(collection, bad, "unreadable")
    waits = []
    bad.unlink()
    os.mkfifo(bad)
    collection.sync()
    (item,) = [item for item in collection.items() if item.uri == str(bad)]
    assert (item.status, item.reason, item.retry_at) == ("skipped", "special", "")
    from citewell.changes import retry_time

    for attempts in range(1, 8):
        at = retry_time(attempts)
        waits.append((datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds() / 60 if at else None)
    assert waits[-1] is None
    assert [round(wait) for wait in waits[:-1] if wait is not None] == [1, 4, 16, 64, 256, 1024]


def test_failures_are_listed_explained_retried_and_skipped_from_the_command_line(
    collection: Collection, folder: Path
) -> None:
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 this is no archive")
    (folder / "nothing.pdf").write_bytes(b"")
    collection.add(folder)
    root = str(collection.store.root)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-c", root, "failures", *arguments], check=False, capture_output=True, text=True
        )

    listed = run()
    assert listed.returncode == 0
    for expected in ("corrupt: 1 file", "empty: 1 file", "broken.docx", "nothing.pdf", "read again when it changes"):
        assert expected in listed.stdout
    explained = run("explain", "broken.docx")
    assert "means" in explained.stdout and "save it again" in explained.stdout
    assert {each["reason"] for each in json.loads(run("--json").stdout)["failures"]} == {"corrupt", "empty"}
    retried = json.loads(run("retry", "--json").stdout)
    assert len(retried["sources"][0]["problems"]) == 2
    skipped = run("skip", "nothing.pdf")
    assert "Take it back with" in skipped.stdout
    assert [each["reason"] for each in json.loads(run("--json").stdout)["failures"]] == ["corrupt"]
    collection.sync()
    assert [each["reason"] for each in json.loads(run("--json").stdout)["failures"]] == ["corrupt"]
    unknown = run("explain", "note-00.txt")
    assert unknown.returncode == 2 and "names 0 failures" in unknown.stderr


def test_every_reason_has_an_explanation(collection: Collection, folder: Path) -> None:
    from typing import get_args

    from citewell.errors import ParseReason

    collection.add(folder)
    item = collection.items()[0]
    for reason in get_args(ParseReason):
        explanation = explain(replace(item, status="failed", reason=reason))
        assert "left out" not in explanation.meaning, reason
        assert explanation.advice and retry_note(replace(item, status="failed", reason=reason))


# -- watching ----------------------------------------------------------------------------------------------------------


class Follower:
    """A watch in a thread, and what it reported."""

    def __init__(self, collection: Collection, settings: WatchSettings | None = None) -> None:
        self.reports: list[IngestReport] = []
        self.errors: list[UserError] = []
        self.stop = threading.Event()
        arguments = (collection, self.reports.extend, self.errors.append, self.stop, settings)
        self.thread = threading.Thread(target=watch, args=arguments)
        self.thread.start()

    def wait(self, condition: object, seconds: float = 30.0) -> float:
        """Seconds until ``condition()`` holds."""
        began = time.monotonic()
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < began + seconds, "nothing happened"
            time.sleep(0.05)
        return time.monotonic() - began

    def end(self) -> None:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.mark.integration
def test_changes_are_searchable_soon_after_they_happen(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    follower = Follower(collection)
    try:
        follower.wait(lambda: follower.reports)
        reader = citewell.open(collection.store.root)
        (folder / "new.txt").write_text("The walrus is on the roof.\n")
        follower.wait(lambda: any("walrus" in hit.passage.text for hit in reader.search("walrus roof")))
        (folder / "new.txt").write_text("The narwhal is on the roof.\n")
        follower.wait(lambda: any("narwhal" in hit.passage.text for hit in reader.search("narwhal roof")))
        (folder / "new.txt").rename(folder / "newer.txt")
        follower.wait(lambda: {hit.passage.title for hit in reader.search("narwhal")[:1]} == {"newer.txt"})
        (folder / "newer.txt").unlink()
        follower.wait(lambda: not any("narwhal" in hit.passage.text for hit in reader.search("narwhal roof")))
        assert sum(report.embedded for report in follower.reports) == 2, "each change did only its own work"
    finally:
        follower.end()
    assert collection.check() == []


@pytest.mark.integration
def test_a_drive_that_goes_away_and_comes_back_loses_nothing(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    follower = Follower(collection, WatchSettings(full_seconds=1.0))
    try:
        follower.wait(lambda: follower.reports)
        folder.rename(folder.with_name("away"))
        follower.wait(lambda: any(isinstance(error, PathError) for error in follower.errors))
        assert collection.search("cabinet number 3")
        folder.with_name("away").rename(folder)
        (folder / "note-00.txt").write_text("The code of cabinet number 0 is gone.\n")
        follower.wait(lambda: any(report.changed for report in follower.reports))
    finally:
        follower.end()


@pytest.mark.integration
def test_the_command_follows_until_it_is_told_to_stop(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    root = str(collection.store.root)
    process = subprocess.Popen([*COMMAND, "sync", "-c", root, "--watch", "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert process.stderr is not None and process.stdout is not None
        assert "Following" in process.stderr.readline()
        time.sleep(2)  # until the first comparison is over and changes are listened for
        (folder / "new.txt").write_text("The walrus is on the roof.\n")
        report = json.loads(process.stdout.readline())
        assert report["added"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "Everything indexed so far is kept" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()


def test_an_interval_syncs_again_and_again(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    stop = threading.Event()
    runs: list[list[IngestReport]] = []

    def enough(reports: list[IngestReport]) -> None:
        runs.append(reports)
        if len(runs) == 3:
            stop.set()

    every_so_often(collection, enough, pytest.fail, stop, 0.05)  # type: ignore[arg-type]
    assert len(runs) == 3


def test_lengths_of_time_are_read_with_their_units() -> None:
    from citewell.cli.follow import seconds

    assert [seconds(text) for text in ("90", "90s", "15m", "6h", "1d", "1.5m")] == [90, 90, 900, 21_600, 86_400, 90]
    for text in ("", "0s", "soon", "-5m", "5 weeks"):
        with pytest.raises(SettingsError, match="not a length of time"):
            seconds(text)
