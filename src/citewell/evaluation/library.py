"""Question sets and runs that are kept inside a collection.

    evaluations/sets/NAME.json               a set; NAME@IDENTITY.json are its earlier versions
    evaluations/runs/NAME.json               a run

A set is told by its content (:attr:`QuestionSet.identity`): saving another one under the same name keeps the earlier
one, because runs refer to it. A run is never replaced. Both hold words of documents, so a removal takes them out here
too (:mod:`citewell.evaluation.forgetting`). They belong to the collection's directory, not to its state: snapshots,
restores and exports leave them alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from citewell.access import Scope
from citewell.durable import sync_directory, write_durably
from citewell.errors import DataError
from citewell.evaluation.forgetting import erase, forget_in_run, unreadable
from citewell.evaluation.places import RUNS, SETS, run_folder, set_folder
from citewell.evaluation.questions import SET_FORMAT, QuestionSet
from citewell.evaluation.runs import RUN_FORMAT, Run
from citewell.records import Json
from citewell.store import SNAPSHOT_NAME, Store

__all__ = [
    "RUNS",
    "SETS",
    "StoredRun",
    "StoredSet",
    "check_name",
    "drop_set",
    "erase",
    "free_run_name",
    "list_runs",
    "list_sets",
    "load_run",
    "load_set",
    "open_set",
    "save_run",
    "save_set",
    "unreadable",
]

_VERSION_DIGITS = 12  # of a set's identity, in the name of an earlier version
_VERSION = re.compile(r"(?P<name>.+)@(?P<identity>[0-9a-f]{4,32})")
_WAIT_SECONDS = 60.0
"""For another writer to finish: a run may have taken an hour and must not be lost because a sync is under way."""


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set in the collection, without its questions. current: not an earlier version. problem: why it is not read."""

    name: str
    identity: str
    origin: str
    questions: int
    current: bool = True
    problem: str = ""

    def to_json(self) -> Json:
        names = ("name", "identity", "origin", "questions", "current", "problem")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run in the collection, without its results. set: name, identity, origin and count of its questions."""

    name: str
    kind: str
    created_at: str
    system: str
    set: Json
    metrics: Json
    problem: str = ""

    def to_json(self) -> Json:
        names = ("name", "kind", "created_at", "system", "set", "metrics", "problem")
        return {name: getattr(self, name) for name in names}


# -- sets --------------------------------------------------------------------------------------------------------------


def save_set(store: Store, questions: QuestionSet) -> Path:
    """Keeps a set in the collection. One of the same name and another content stays as ``NAME@IDENTITY``."""
    check_name(questions.name, "set")
    if not questions.questions:
        raise DataError(f"The set '{questions.name}' holds no question, so there is nothing to keep.")
    with store.writing(_WAIT_SECONDS) as current:
        path = _made(set_folder(current)) / f"{questions.name}.json"
        if path.exists():
            earlier = _read_set(path)
            if earlier.identity != questions.identity:
                kept = path.with_name(f"{questions.name}@{earlier.identity[:_VERSION_DIGITS]}.json")
                _write(kept, replace(earlier, name=kept.stem).to_json())
        _write(path, questions.to_json())
    return path


def load_set(store: Store, name: str) -> QuestionSet:
    """The set of this name, or the version of it that ``NAME@IDENTITY`` (any beginning of the identity) says."""
    version = _VERSION.fullmatch(name)
    stem = check_name(version["name"] if version else name, "set")
    folder = set_folder(store)
    if version is None:
        path = folder / f"{stem}.json"
        if path.is_file():
            return _read_set(path)
        raise DataError(f"The collection holds no set '{name}'. {_known(store)}")
    found = [_read_set(path) for path in [*folder.glob(f"{stem}@*.json"), folder / f"{stem}.json"] if path.is_file()]
    matching = {each.identity: each for each in found if each.identity.startswith(version["identity"])}
    if len(matching) != 1:
        raise DataError(f"'{name}' names {len(matching)} versions; expected one. {_known(store)}")
    return replace(next(iter(matching.values())), name=stem)


def list_sets(store: Store) -> list[StoredSet]:
    """Every set of the collection by name, each followed by its earlier versions; those that cannot be read too."""
    found = []
    for path in _files(set_folder(store)):
        name, _, version = path.stem.partition("@")
        try:
            each = _read_set(path)
        except DataError as error:
            found.append(StoredSet(name, version, "", 0, current=not version, problem=str(error)))
            continue
        found.append(StoredSet(name, each.identity, each.origin, len(each.questions), current=not version))
    return sorted(found, key=lambda each: (each.name, not each.current, each.identity))


def drop_set(store: Store, name: str) -> None:
    """Deletes a set, or one earlier version of it."""
    load_set(store, name)
    version = _VERSION.fullmatch(name)
    with store.writing(_WAIT_SECONDS) as current:
        folder = set_folder(current)
        stem = version["name"] if version else name
        paths = folder.glob(f"{stem}@{version['identity']}*.json") if version else [folder / f"{name}.json"]
        for path in list(paths):
            path.unlink(missing_ok=True)
        sync_directory(folder)


def open_set(store: Store | None, name_or_path: str | Path, split: str = "") -> QuestionSet:
    """A set by its name in the collection, or from a file or folder in any format that is read.

    A name the collection knows comes before a file of that name; write ``./NAME`` for the file. split: only its
    questions.
    """
    from citewell.evaluation.sets import choose_split, read_set

    text, path = str(name_or_path), Path(name_or_path).expanduser()
    stem = text.partition("@")[0]
    if store is not None and SNAPSHOT_NAME.fullmatch(stem) and any(each.name == stem for each in list_sets(store)):
        return choose_split(load_set(store, text), split)
    if path.exists():
        return read_set(path, split)
    known = _known(store) if store is not None else ""
    raise DataError(f"There is no set '{text}': no file or folder of this name, and none in the collection. {known}")


# -- runs --------------------------------------------------------------------------------------------------------------


def save_run(store: Store, run: Run) -> Path:
    """Keeps a run in the collection; a run of this name must not be there.

    A document may have been removed while the run was under way: its words are left out.
    """
    check_name(run.name, "run")
    with store.writing(_WAIT_SECONDS) as current:
        path = _made(run_folder(current)) / f"{run.name}.json"
        if path.exists():
            raise DataError(f"There is a run '{run.name}' already. Choose another name; runs are never replaced.")
        known = {item.document_id for item in current.catalog.items(Scope.owner()) if item.version}
        forget_in_run(run, known).write(path)
    return path


def load_run(store: Store | None, name_or_path: str | Path) -> Run:
    """A run by its name in the collection, or from a file."""
    text, path = str(name_or_path), Path(name_or_path).expanduser()
    if store is not None and SNAPSHOT_NAME.fullmatch(text):
        stored = run_folder(store) / f"{text}.json"
        if stored.is_file():
            return Run.read(stored)
        if not path.exists():
            names = ", ".join(each.name for each in list_runs(store)[-5:]) or "none yet"
            raise DataError(f"The collection holds no run '{text}'. The newest there: {names}.")
    return Run.read(path)


def list_runs(store: Store) -> list[StoredRun]:
    """Every run of the collection, oldest first; those that cannot be read too, at the end."""
    found, broken = [], []
    for path in _files(run_folder(store)):
        try:
            data = _read_json(path, RUN_FORMAT, "run")
            found.append(StoredRun(
                path.stem, str(data["kind"]), str(data["created_at"]), str(data["system"].get("name", "")),
                dict(data["set"]), dict(data["metrics"]),
            ))  # fmt: skip
        except (DataError, KeyError, TypeError, ValueError, AttributeError) as error:
            problem = str(error) if isinstance(error, DataError) else f"{path} is not a complete run: {error!r}."
            broken.append(StoredRun(path.stem, "", "", "", {}, {}, problem))
    return sorted(found, key=lambda each: (each.created_at, each.name)) + broken


def free_run_name(store: Store, stem: str) -> str:
    """``stem-1``, or the next number that no run has."""
    taken = re.compile(re.escape(stem) + r"-([0-9]{1,9})")
    found = (taken.fullmatch(path.stem) for path in _files(run_folder(store)))
    return f"{stem}-{max((int(match[1]) for match in found if match), default=0) + 1}"


# -- files -------------------------------------------------------------------------------------------------------------


def check_name(name: str, what: str) -> str:
    """``name`` itself, if it can name a set or a run and lead nowhere else."""
    if not SNAPSHOT_NAME.fullmatch(name):
        raise DataError(
            f"'{name}' is not a name for a {what}. Expected up to 64 of a-z, 0-9, '.', '_' and '-', beginning with a "
            "letter or a digit."
        )
    return name


def _made(folder: Path) -> Path:
    for each in (folder.parent, folder):
        if not each.is_dir():
            each.mkdir(mode=0o700)
            sync_directory(each.parent)
    return folder


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.glob("*.json") if path.is_file()))


def _write(path: Path, value: Json) -> None:
    write_durably(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def _read_set(path: Path) -> QuestionSet:
    data = _read_json(path, SET_FORMAT, "set")
    try:
        found = QuestionSet.from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(f"{path} is not a complete set: {type(error).__name__}: {error}.") from None
    return replace(found, name=path.stem)


def _read_json(path: Path, wanted: int, what: str) -> Json:
    try:
        data: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}. Delete it, or put a whole copy in its place.") from None
    if not isinstance(data, dict) or data.get("format") != wanted:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise DataError(f"{path} is no {what} of this release: its format is {found!r}, expected {wanted}.")
    return data


def _known(store: Store) -> str:
    names = [each.name if each.current else f"{each.name}@{each.identity[:8]}" for each in list_sets(store)]
    return f"Sets there: {', '.join(names)}." if names else "It holds no set yet."
