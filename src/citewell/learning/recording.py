"""``TRAINING.json``: all that is needed to tell where a model came from, and to make it again."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import citewell
from citewell.learning.data.manifest import DataManifest
from citewell.learning.recipes import RecipeName, Trained
from citewell.models.files import file_sha256
from citewell.records import Json

if TYPE_CHECKING:
    from citewell.learning.train.folds import FoldMetric

PURPOSE = {
    "encoder": "Gives texts and questions vectors, so that a question lies near the passages that answer it.",
    "reranker": "Reads a question with a passage and tells how well the passage answers it.",
    "reader": "Reads a question with a passage and finds the answer in it, or that it is not there; and tells how well "
    "the passage answers the question.",
    "verifier": "Reads a sentence with evidence and tells whether the evidence supports it, and which words it does "
    "not. A warning, not a proof.",
}
RECORDED = ("torch", "transformers", "sentence-transformers", "peft", "accelerate", "datasets", "tokenizers", "numpy")
NOTICEABLE = 0.05
"""A gap between train and held out from which it is told in the limits; small samples show smaller ones by chance."""


def training_record(
    recipe: RecipeName, base: Path, trained: Trained, manifest: DataManifest, command: str = "",
    folds: Sequence[FoldMetric] = (), notes: Sequence[str] = (),
) -> Json:  # fmt: skip
    """The record. It names no place on this machine: models are handed on."""
    metrics = [
        {"set": side, "what": name, "value": round(figure.value, 4), "n": figure.n, "low": round(figure.low, 4),
         "high": round(figure.high, 4), **({"command": command} if command else {})}
        for side, found in (("held out", trained.held_out), ("learnt from", trained.train))
        for name, figure in found.items()
    ]  # fmt: skip
    gaps = trained.gaps
    limits = [
        f"Overfitting: {name} is {gap:.3f} better on what was learnt from than on held-out documents."
        for name, gap in gaps.items() if gap > NOTICEABLE
    ]  # fmt: skip
    return {
        "recipe": recipe, "purpose": PURPOSE[recipe],
        "base": {"name": base.resolve().name, "sha256": file_sha256(base / "model.safetensors")},
        "data": manifest.to_json(), "settings": trained.used, "seed": trained.used.get("seed"),
        "curve": trained.curve.to_json(), "metrics": metrics,
        "gaps": {name: round(gap, 4) for name, gap in gaps.items()}, "folds": [each.to_json() for each in folds],
        "limits": limits, "notes": list(notes), "command": command, "versions": versions(), "commit": commit(),
    }  # fmt: skip


def versions() -> dict[str, str]:
    found = {"citewell": citewell.__version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the source code, when it is run from a checkout; with a + when files were changed since."""
    git, here = shutil.which("git"), Path(__file__).resolve().parent
    if git is None:
        return ""

    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([git, "-C", str(here), *words], capture_output=True, text=True, check=False)

    if asked("ls-files", "--error-unmatch", "../__init__.py").returncode:  # some other repository, around a venv
        return ""
    changed = asked("status", "--porcelain", "--untracked-files=no").stdout.strip()
    return asked("rev-parse", "HEAD").stdout.strip() + ("+" if changed else "")
