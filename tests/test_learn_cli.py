"""``citewell learn``, as a user runs it, on a tiny random BERT."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from citewell.learning import learn as learning
from tests.learning import tiny_training
from tests.learning.test_learn import data_for
from tests.test_cli import COMMAND

ready = pytest.mark.skipif(
    any(learning.find_spec(name) is None for name in learning.PACKAGES), reason="the train extra is not installed"
)
SHORT = ("--epochs", "4", "--learning-rate", "0.001", "--batch", "300", "--threads", "1", "--held-out", "0.25")


def citewell(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """With more time than other commands get: torch alone takes long to load on a busy machine."""
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_training.base(tmp_path / "tiny-bert")
    for recipe in ("reader", "verifier", "encoder"):
        data_for(recipe, tmp_path)
    return tmp_path


@ready
@pytest.mark.integration
def test_a_reader_is_learnt_and_told_of(folder: Path) -> None:
    done = citewell(
        "learn", "reader", "--data", "reader.jsonl", "--base", "tiny-bert", "--output", "mine", "--as-given", *SHORT,
        "--licence", "CC0", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "reader.jsonl: 48 examples (JSON lines" in done.stderr
    assert done.stderr.index("estimate: ") < done.stderr.index("held-out loss")
    assert "loss: · training  ● held out" in done.stdout
    assert "exact" in done.stdout and "unanswerable told" in done.stdout
    record = json.loads((folder / "mine" / "TRAINING.json").read_text())
    assert record["command"].startswith("citewell learn reader --data reader.jsonl --base tiny-bert --output mine")
    assert record["data"]["sources"][0]["licence"] == "CC0"
    again = citewell(
        "learn", "reader", "--data", "reader.jsonl", "--base", "tiny-bert", "--output", "mine", *SHORT, cwd=folder
    )
    assert again.returncode == 2
    assert "error: 'mine' exists. Choose another --output; or give --fresh" in again.stderr


@ready
@pytest.mark.integration
def test_json_is_one_object_and_nothing_else(folder: Path) -> None:
    done = citewell(
        "learn", "verifier", "--data", "verifier.jsonl", "--base", "tiny-bert", "--output", "mine", "--json", *SHORT,
        "--folds", "2", "--lora-rank", "2", "--budget", "5m", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["recipe"] == "verifier"
    assert told["metrics"]["accuracy"]["n"] > 0
    assert len(told["folds"][0]["folds"]) == 2
    assert told["curve"]["steps"] == told["curve"]["planned_steps"]


@ready
@pytest.mark.integration
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_same_command_goes_on_after_a_kill(folder: Path) -> None:
    """It is killed when its first checkpoint is whole, and goes on from there to the end."""
    command = [
        "learn", "reader", "--data", "reader.jsonl", "--base", "tiny-bert", "--output", "mine", "--as-given",
        "--epochs", "300", "--learning-rate", "0.001", "--batch", "300", "--threads", "1", "--patience", "0",
    ]  # fmt: skip
    started = subprocess.Popen([*COMMAND, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    work, until = folder / "mine.training" / "work", time.monotonic() + 600
    while time.monotonic() < until and started.poll() is None and not list(work.glob("checkpoint-*/SEAL.json")):
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    assert started.wait(30) == -signal.SIGKILL, "it ended before it could be killed"
    assert not (folder / "mine").exists()
    done = citewell(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "going on from checkpoint-" in done.stderr
    assert (folder / "mine" / "model.onnx").is_file()
    assert not (folder / "mine.training").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--budget", "soon"), "Expected a time such as 30m"),
        (("--lora-alpha", "8"), "Give --lora-rank, too"),
        (("--folds", "1"), "Expected from 2 to 20"),
        (("--held-out", "0.9"), "at most 0.5"),
    ],
)
def test_options_that_cannot_be_are_refused(folder: Path, given: tuple[str, str], told: str) -> None:
    done = citewell(
        "learn", "reader", "--data", "reader.jsonl", "--base", "tiny-bert", "--output", "mine", *given, cwd=folder
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "mine").exists()


@pytest.mark.skipif(all(map(learning.find_spec, learning.PACKAGES)), reason="the train extra is installed")
def test_without_the_extra_the_command_names_it(folder: Path) -> None:
    done = citewell(
        "learn", "encoder", "--data", "encoder.jsonl", "--base", "tiny-bert", "--output", "mine", cwd=folder
    )
    assert done.returncode == 2
    assert "pip install 'citewell[train]'" in done.stderr


def test_help_lists_what_can_be_learnt(tmp_path: Path) -> None:
    done = citewell("learn", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("encoder", "reranker", "reader", "verifier"):
        assert name in done.stdout
