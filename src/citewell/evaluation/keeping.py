"""From a set's name to a run in a file: in the collection, or where someone wants it.

What can go wrong with names and files is found out before the first question is asked. While a run lasts, its results
are kept beside it (:mod:`citewell.evaluation.unfinished`).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import DataError
from citewell.evaluation import unfinished
from citewell.evaluation.library import check_name, free_run_name, list_sets, open_set, save_run
from citewell.evaluation.places import run_folder
from citewell.evaluation.questions import QuestionSet
from citewell.evaluation.running import Progress, System, evaluate
from citewell.evaluation.runs import Run
from citewell.evaluation.sets import choose_split
from citewell.samples import questions_path

if TYPE_CHECKING:
    from citewell.store import Store

SAMPLES = "samples"


def evaluate_to(
    store: Store,
    questions: QuestionSet,
    scope: Scope,
    *,
    name: str = "",
    out: Path | None = None,
    system: System | None = None,
    limit: int | None = None,
    on_progress: Progress | None = None,
    resume: bool = False,
) -> tuple[Run, Path]:
    """:func:`evaluate`, and the file that now holds the run: ``out``, or one in the collection.

    name: default ``SET-1``, ``SET-2``, … A run that is stopped leaves its results beside that file, for ``resume``.
    """
    path = writable(out) if out is not None else _stored(store, name or free_run_name(store, _stem(questions)))
    partial = unfinished.beside(path)
    run = evaluate(
        store, questions, scope, system=system, name=name or path.stem, limit=limit, on_progress=on_progress,
        partial=partial, resume=resume,
    )  # fmt: skip
    if out is not None:
        run.write(path)
    else:
        path = save_run(store, run)
    unfinished.discard(partial)
    return run, path


def open_questions(store: Store, questions: QuestionSet | str | os.PathLike[str], split: str = "") -> QuestionSet:
    """A set, one of the collection by name, a file, or ``samples``: the shipped questions about the sample documents.

    split: only this part of it.
    """
    if isinstance(questions, QuestionSet):
        return choose_split(questions, split)
    name_or_path = os.fspath(questions)
    known = {each.name for each in list_sets(store)}
    if name_or_path != SAMPLES or SAMPLES in known or Path(SAMPLES).exists():
        return open_set(store, name_or_path, split)
    samples = open_set(None, questions_path(), split)
    named = {f"/{gold.document}" for question in samples.questions for gold in question.golds if gold.document}
    if not any(item.uri.endswith(name) for item in store.catalog.items(Scope.owner()) for name in named):
        raise DataError(
            "This collection does not hold the sample documents that the set 'samples' asks about. Make one that does:"
            "  citewell demo -c samples.citewell"
        )
    return replace(samples, name=SAMPLES)


def writable(path: Path) -> Path:
    """``path``, if a file can be written there: an hour later is too late to find out."""
    if not path.parent.is_dir() or (path.exists() and not path.is_file()):  # a device would be replaced by a file
        raise DataError(f"'{path}' cannot be written. Expected a file in a folder that exists.")
    try:
        with TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise DataError(f"'{path}' cannot be written: {error.strerror}. Expected a folder that takes files.") from None


def _stem(questions: QuestionSet) -> str:
    """The set's name as the beginning of a run's name."""
    return re.sub(r"[^a-z0-9._-]+", "-", questions.name.lower()).strip("-._")[:50] or "run"


def _stored(store: Store, name: str) -> Path:
    """Where a run of the collection goes. Its folder is made now, for what is kept while it lasts."""
    path = run_folder(store) / f"{check_name(name, 'run')}.json"
    if path.exists():
        raise DataError(f"There is a run '{name}' already. Give another --name; runs are never replaced.")
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path
