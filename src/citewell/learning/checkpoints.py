"""Checkpoints on disk: which are whole, which is the newest of those, and what is kept of them.

A checkpoint is a folder ``checkpoint-STEP``. Its last file is the seal, which holds size and SHA-256 of the others: a
folder without one was being written when the program was killed, one that differs from it is damaged. Both are passed
over for the one before. Torch-free.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from citewell.durable import sync_file, write_durably
from citewell.errors import StorageError, UserError
from citewell.models.files import file_sha256

SEAL_NAME = "SEAL.json"
PLAN_NAME = "PLAN.json"
KEPT = 2
"""Checkpoints that are kept, beside the best one: one more than needed, for the day on which one is damaged."""


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def all_checkpoints(work: Path) -> list[Path]:
    """Oldest first, whole or not."""
    found = [each for each in work.glob("checkpoint-*") if each.is_dir() and each.name[len("checkpoint-") :].isdigit()]
    return sorted(found, key=step_of)


def seal(checkpoint: Path) -> None:
    """Marks what is in the folder as whole, and makes it durable first."""
    files = sorted(each for each in checkpoint.iterdir() if each.is_file() and each.name != SEAL_NAME)
    for each in files:
        sync_file(each)
    content = {each.name: {"bytes": each.stat().st_size, "sha256": file_sha256(each)} for each in files}
    write_durably(checkpoint / SEAL_NAME, (json.dumps(content, indent=1) + "\n").encode())


def fault_of(checkpoint: Path) -> str:
    """What is wrong with a checkpoint, for people; empty when it is whole."""
    try:
        sealed = json.loads((checkpoint / SEAL_NAME).read_text(encoding="utf-8"))
        for name, about in sealed.items():
            path = checkpoint / name
            if not path.is_file() or path.stat().st_size != about["bytes"] or file_sha256(path) != about["sha256"]:
                return f"{name} is not as it was written"
    except FileNotFoundError:
        return "it was not written to its end"
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return f"{SEAL_NAME} cannot be read"
    return ""


def newest_whole(work: Path, report: Callable[[str], None]) -> Path | None:
    """The newest checkpoint that is whole. Those after it are told of and removed."""
    for each in reversed(all_checkpoints(work)):
        fault = fault_of(each)
        if not fault:
            return each
        report(f"note: {each.name} is passed over: {fault}")
        shutil.rmtree(each, ignore_errors=True)
    return None


def keep_newest(work: Path, best_step: int | None) -> None:
    """Removes all but the newest two and the best one."""
    for each in all_checkpoints(work)[:-KEPT]:
        if step_of(each) != best_step:
            shutil.rmtree(each, ignore_errors=True)


def not_written(checkpoint: Path, error: BaseException) -> StorageError:
    """What to tell when the system refused to write a checkpoint; the part that was written goes."""
    shutil.rmtree(checkpoint, ignore_errors=True)
    before = [each for each in all_checkpoints(checkpoint.parent) if not fault_of(each)]
    kept = f"The one of step {step_of(before[-1]):,} is whole." if before else "There is none before it."
    return StorageError(
        f"The checkpoint of step {step_of(checkpoint):,} could not be written to '{checkpoint.parent}': "
        f"{str(error).splitlines()[0][:160]}. {kept} Nothing was exported, models in use are as they were. Free some "
        "space and run the same command again: it goes on from there."
    )


# -- the plan: what a folder of checkpoints belongs to ----------------------------------------------------------------


def read_plan(work: Path) -> dict[str, Any]:
    """The plan a training in ``work`` began with; empty when none did."""
    try:
        found = json.loads((work / PLAN_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or type(found.get("steps")) is not int:
        raise UserError(
            f"'{work / PLAN_NAME}' cannot be read, so the training in this folder cannot go on. Delete the folder to "
            "begin anew."
        )
    return found


def write_plan(work: Path, plan: Mapping[str, Any]) -> None:
    work.mkdir(parents=True, exist_ok=True)
    write_durably(work / PLAN_NAME, (json.dumps(plan, indent=1) + "\n").encode())


def need_same(work: Path, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Stops when the training in ``work`` was begun with something else: its checkpoints would not fit."""
    differing = [name for name in wanted if name in known and known[name] != wanted[name]]
    if differing:
        told = ", ".join(f"{name} was {known[name]!r:.60} and is {wanted[name]!r:.60}" for name in differing)
        raise UserError(
            f"'{work}' holds an unfinished training with other settings: {told}. Give the same settings to go on with "
            "it, or --fresh to begin anew."
        )
