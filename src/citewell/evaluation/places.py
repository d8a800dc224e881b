"""Where sets and runs are kept in a collection, for those who keep them and for those who look what is there."""

from __future__ import annotations

from pathlib import Path

from citewell.durable import PARTIAL
from citewell.store import Store

EVALUATIONS, SETS, RUNS = "evaluations", "sets", "runs"
UNFINISHED = f".jsonl{PARTIAL}"
"""Ends the name of a file with the results of a run that was stopped; see :mod:`citewell.evaluation.unfinished`."""


def set_folder(store: Store) -> Path:
    return store.root / EVALUATIONS / SETS


def run_folder(store: Store) -> Path:
    return store.root / EVALUATIONS / RUNS
