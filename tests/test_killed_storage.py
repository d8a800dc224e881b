"""Kill whoever takes, restores or drops snapshots, or re-indexes: the collection is always one whole state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import citewell
from citewell.collection import Collection

NOTES = 40

WRITER = """
import itertools, sys
import citewell
opened = citewell.open(sys.argv[1])
opened.store.encoder
print("ready", flush=True)
for turn in itertools.count():
    name = f"turn-{turn}-{sys.argv[2]}"
    opened.snapshot(name)
    opened.reindex(chunking={"max_tokens": 100 + 50 * (turn % 3)}, keep_snapshot=turn % 2 == 0)
    opened.restore(name, keep_present=turn % 3 == 0)
    for old in opened.snapshots()[:-4]:
        opened.drop_snapshot(old.name)
    print(turn, flush=True)
"""


@pytest.fixture
def notes(collection: Collection, tmp_path: Path) -> Collection:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(NOTES):
        text = f"The code of cabinet {number} is {number * 7919}, says the caretaker of building {number}. " * 8
        (folder / f"{number:03d}.md").write_text(f"# Note {number}\n\n{text}\n")
    collection.add(folder)
    return collection


@pytest.mark.integration
def test_kill_nine_leaves_one_whole_generation(notes: Collection) -> None:
    chance = random.Random(20261120)
    root = notes.store.root
    for kill in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(kill)], stdout=subprocess.PIPE, text=True,
            start_new_session=True, env={**os.environ, "CITEWELL_INGEST_BATCH_PASSAGES": "40"},
        )  # fmt: skip
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.02, 1.5))
        os.killpg(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

        found = citewell.open(root)
        assert found.status().documents == NOTES
        (hit, *_) = found.search("What is the code of cabinet 17?")
        assert "134623" in hit.passage.text
        assert [problem for problem in found.check() if problem.repair != "delete"] == []
        for snapshot in found.snapshots():
            assert found.diff(snapshot.name).unchanged == NOTES
    assert notes.repair().left == ()
    tables = {path.name for path in root.glob("passages*.lance")}
    assert tables == {notes.store.manifest.table}
