"""A disk that is really full: a small file system, documents that do not fit, and what is left of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import citewell

CITEWELL = f"{sys.executable} -c 'from citewell.cli import main; main()'"

SCRIPT = f"""
set -u
mount -t tmpfs -o size=$2 citewell-test "$1/disk" || exit 99
{CITEWELL} -c "$1/disk/c.citewell" add "$1/docs" > "$1/out1" 2> "$1/err1"
echo $? > "$1/status1"
cp -a "$1/disk/c.citewell" "$1/full.citewell"
mount -o remount,size=$3 "$1/disk" || exit 99
{CITEWELL} -c "$1/disk/c.citewell" add "$1/docs" > "$1/out2" 2> "$1/err2"
echo $? > "$1/status2"
{CITEWELL} -c "$1/disk/c.citewell" check > "$1/check" 2>&1
echo $? > "$1/status3"
{CITEWELL} -c "$1/disk/c.citewell" status --json > "$1/status.json" 2> "$1/err4"
umount "$1/disk"
"""
"""Runs in a mount namespace of its own, so that nothing of it is left behind whatever happens."""

DOCUMENTS, PARAGRAPHS = 60, 12


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (tmp_path / "disk").mkdir()
    past = time.time() - 60
    for number in range(DOCUMENTS):
        text = "\n\n".join(
            f"Document {number} paragraph {part}: the code of cabinet {number * 100 + part} is {number * 7919 + part}, "
            f"says the caretaker of hall {part * 31 + number}, and pump {number * part} was opened at {part} o'clock."
            for part in range(1, PARAGRAPHS + 1)
        )
        path = folder / f"{number:02d}.txt"
        path.write_text(text + "\n")
        os.utime(path, (past, past))
    return folder


def run(folder: Path, small: str, large: str) -> None:
    """The script as root of a namespace; skips where that is not allowed."""
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or unshare is None:
        pytest.skip("needs Linux and unshare (util-linux)")
    flags = ["-m"] if os.geteuid() == 0 else ["-Urm"]
    environment = {**os.environ, "CITEWELL_INGEST_BATCH_PASSAGES": "20", "CITEWELL_PARSING_WORKERS": "1"}
    done = subprocess.run(
        [unshare, *flags, "sh", "-c", SCRIPT, "sh", str(folder), small, large], check=False, capture_output=True,
        text=True, timeout=300, env=environment,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"may not mount a file system here: {done.stderr.strip()[-200:]}")


@pytest.mark.integration
def test_a_full_disk_keeps_what_was_committed_and_goes_on_with_more_room(tmp_path: Path, docs: Path) -> None:
    run(tmp_path, "1200k", "60m")
    told = (tmp_path / "err1").read_text()
    assert (tmp_path / "status1").read_text().strip() == "2", told
    assert "No space left on device" in told or "database or disk is full" in told or "disk I/O error" in told
    assert "Traceback" not in told and "fault of Citewell" not in told

    left = citewell.open(tmp_path / "full.citewell")
    found: dict[str, set[int]] = {}
    for document_id in left.store.index.document_versions():
        passages = left.store.index.of_document(document_id, citewell.Scope.owner())
        text = "\n".join(passage.text for passage in passages)
        whole = {part for part in range(1, PARAGRAPHS + 1) if f" paragraph {part}: " in text}
        found[passages[0].uri] = whole
    assert found, "some documents fit"
    assert len(found) < DOCUMENTS, "not all of them"
    assert all(parts == set(range(1, PARAGRAPHS + 1)) for parts in found.values())

    assert (tmp_path / "status2").read_text().strip() == "0", (tmp_path / "err2").read_text()
    assert (tmp_path / "status3").read_text().strip() == "0", (tmp_path / "check").read_text()
    assert json.loads((tmp_path / "status.json").read_text())["documents"] == DOCUMENTS
    assert docs.is_dir()
