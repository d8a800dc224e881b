"""Puts another model set to use in a collection, or goes back: copies first, then one step (see ``modelset.py``).

The caller holds the collection's lock. Whatever goes wrong before that step, the set before stays in use.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from citewell.durable import PARTIAL, sync_directory, sync_tree, write_durably
from citewell.errors import UserError
from citewell.models.modelset import (
    CURRENT_FILE,
    FORMAT,
    SET_FILE,
    SETS,
    SHIPPED,
    ModelSet,
    describe_models,
    description,
    find_model_set,
    load_model_set,
    read_current,
    read_model_set,
    set_directory,
)


def installed(directory: Path) -> list[str]:
    """Ids of a collection's own sets, oldest first."""
    folder = directory / SETS
    if not folder.is_dir():
        return []
    found = [each for each in folder.iterdir() if each.is_dir() and not each.name.endswith(PARTIAL)]
    return [each.name for each in sorted(found, key=lambda each: (each.stat().st_mtime_ns, each.name))]


def choose(directory: Path, name: str) -> str:
    """The id of the set that ``name`` means: an id, the beginning of one, a set's own name, or ``shipped``."""
    if name == SHIPPED:
        return SHIPPED
    ids = installed(directory)
    if name in ids:
        return name
    found = [each for each in ids if (len(name) >= 4 and each.startswith(name)) or _name_of(directory, each) == name]
    if len(found) == 1:
        return found[0]
    known = ", ".join([SHIPPED, *(f"{each} ({_name_of(directory, each)})" for each in ids)])
    if found:
        raise UserError(f"'{name}' means several sets: {', '.join(found)}. Give more of the id.")
    raise UserError(f"No model set '{name}'. Expected a directory with a {SET_FILE}, or one of: {known}.")


def _name_of(directory: Path, set_id: str) -> str:
    try:
        return find_model_set(directory, set_id).name
    except UserError:
        return "damaged"


def use(directory: Path, chosen: Path | str) -> ModelSet:
    """Puts a set to use: that in a directory, which is copied into the collection, or one that is there by its name.

    Every file is compared with its hash first, whether copied or there already.
    """
    before = _current_or_none(directory)
    _delete_leftovers(directory)
    if isinstance(chosen, Path):
        found = _install(directory, chosen, parent=before)
    else:
        found = find_model_set(directory, choose(directory, chosen))
        found.check()
    if found.id != before:
        _point(directory, found.id, before)
    return found


def rollback(directory: Path) -> ModelSet:
    """Puts the set to use that was in use before the present one."""
    current, parent = read_current(directory)
    if current == SHIPPED and not parent:
        raise UserError("What ships is in use, and there is no set before it. Nothing was changed.")
    found = find_model_set(directory, parent or SHIPPED)
    found.check()
    _delete_leftovers(directory)
    _point(directory, found.id, "" if found.id == SHIPPED else found.parent)
    return found


def _current_or_none(directory: Path) -> str:
    """The id of the set in use; empty when ``current.json`` is damaged, so that any set can be chosen anew."""
    try:
        return read_current(directory)[0]
    except UserError:
        return ""


def compose(
    directory: Path | None, target: Path, name: str, models: Mapping[str, tuple[Path, str]], *,
    calibration: Mapping[str, Any] | None = None,
) -> ModelSet:  # fmt: skip
    """Makes a set in the new folder ``target`` out of the one in use, some of its models replaced.

    models: role → directory and identity of the new one; one directory may have several roles. calibration: entries
    that replace those of the same name.
    """
    base = load_model_set(directory)
    base.check()
    sources = {role: (base.directory / entry.path, entry.identity) for role, entry in base.models.items()}
    sources |= models
    target.mkdir(parents=True)
    places: dict[Path, str] = {}
    for role, (source, _) in sources.items():
        if source not in places:
            places[source] = source.name if source.name not in places.values() else f"{role}-{source.name}"
            shutil.copytree(source, target / places[source])
    found = describe_models(
        target, name, {role: (places[source], identity) for role, (source, identity) in sources.items()},
        parent=base.id, calibration={**base.calibration, **(calibration or {})},
    )  # fmt: skip
    sync_tree(target)
    write_durably(target / SET_FILE, description(found))
    return found


def _delete_leftovers(directory: Path) -> None:
    """What killed processes left half-made."""
    for left in (*directory.glob(f"*{PARTIAL}"), *(directory / SETS).glob(f"*{PARTIAL}")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _install(directory: Path, source: Path, parent: str) -> ModelSet:
    """Copies a set into the collection under its id; nothing is in use yet."""
    offered = read_model_set(source)
    if present := _sound(directory, offered.id):
        return present
    folder, place = directory / SETS, set_directory(directory, offered.id)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{offered.id}.{uuid.uuid4().hex}{PARTIAL}"
    try:
        partial.mkdir()
        _copy(offered, partial)
        (partial / SET_FILE).write_bytes(description(replace(offered, parent=parent)))
        sync_tree(partial)
        if place.is_dir():  # damaged
            place.rename(folder / f"{offered.id}.{uuid.uuid4().hex}{PARTIAL}")
        partial.rename(place)
    except (OSError, UserError):
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_directory(folder)
    sync_directory(directory)
    sync_directory(directory.parent)
    return find_model_set(directory, offered.id)


def _sound(directory: Path, set_id: str) -> ModelSet | None:
    """The set when the collection has it, undamaged."""
    try:
        found = find_model_set(directory, set_id)
        found.check()
    except UserError:
        return None
    return found


def _copy(offered: ModelSet, target: Path) -> None:
    """Only the files that the set names; what is written is what was compared."""
    for role, entry in offered.models.items():
        for name, expected in entry.files.items():
            path = offered.directory / entry.path / name
            try:
                content = path.read_bytes()
            except OSError as error:
                raise UserError(f"{path} cannot be read: {error.strerror}. The model set is incomplete.") from None
            if (found := hashlib.sha256(content).hexdigest()) != expected:
                raise UserError(
                    f"{path} is not what {SET_FILE} says: found {found[:12]}, expected {expected[:12]} ({role}). The "
                    "set was not put to use; get it again, or describe it again."
                )
            copy = target / entry.path / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def _point(directory: Path, set_id: str, parent: str) -> None:
    """The one step."""
    directory.mkdir(exist_ok=True)
    content = json.dumps({"format": FORMAT, "set": set_id, "parent": parent}) + "\n"
    write_durably(directory / CURRENT_FILE, content.encode("utf-8"))
