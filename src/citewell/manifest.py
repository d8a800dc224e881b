"""``collection.toml``: which files make up a collection now. Replacing it is the one switch between generations.

A generation is a passage table and a catalog that belong together, ``passages-7.lance`` and ``catalog-7.db``. A new one
is built beside the present one; the manifest then names it instead, in one durable step. Nothing else decides what is
current, so a process killed at any moment leaves the old generation or the new one, and files nobody names, which the
next writer deletes.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citewell.durable import PARTIAL, sync_directory, sync_file, write_durably
from citewell.errors import CollectionError
from citewell.settings import Settings

FORMAT_VERSION = 2
"""2: the manifest names the catalog, snapshots exist, parsed documents carry their hash. Format 1 is read, and becomes
2 when it is next written."""

MANIFEST = "collection.toml"
BUILDING = "building.toml"
"""Names the generation that a re-index is building, so that it is continued instead of deleted."""

FIRST_TABLE, FIRST_CATALOG = "passages.lance", "catalog.db"

_TABLE = re.compile(r"passages(?:-([0-9]{1,9}))?\.lance")
_CATALOG = re.compile(r"catalog(?:-([0-9]{1,9}))?\.db")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``collection.toml`` records.

    encoder: identity of the model that made the vectors. table, catalog: names of the generation's folder and file.
    """

    format_version: int
    encoder: str
    dimension: int
    table: str
    settings: Settings
    catalog: str = FIRST_CATALOG

    def to_toml(self) -> str:
        lines = [
            f"format_version = {self.format_version}",
            f"encoder = {toml_value(self.encoder)}",
            f"dimension = {self.dimension}",
            f"table = {toml_value(self.table)}",
            f"catalog = {toml_value(self.catalog)}",
        ]
        for stage, values in self.settings.to_json().items():
            values.pop("workers", None)  # belongs to the machine, not to the collection
            lines += ["", f"[settings.{stage}]"]
            lines += [f"{name} = {toml_value(value)}" for name, value in values.items()]
        return "\n".join(lines) + "\n"


def toml_value(value: str | int | float | bool) -> str:
    """A text, number or truth value as TOML writes it: JSON's way, except for two characters."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True, slots=True)
class Generation:
    """Names of a table and a catalog that belong together."""

    table: str
    catalog: str

    @staticmethod
    def numbered(number: int) -> Generation:
        return Generation(f"passages-{number}.lance", f"catalog-{number}.db")


def read_manifest(root: Path) -> Manifest:
    """The manifest of the collection at ``root``, or a :class:`CollectionError` that says what to do."""
    path = root / MANIFEST
    data = _read_toml(root, path)
    version = data.get("format_version")
    if version is None:
        raise CollectionError(f"{path} has no format_version. Restore it from a copy of the collection.")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise CollectionError(
            f"'{root}' has format version {version}; this release reads up to {FORMAT_VERSION}. It was not changed. "
            "Upgrade Citewell:  pip install --upgrade citewell"
        )
    return parse_manifest(data, path)


def parse_manifest(data: dict[str, Any], path: Path) -> Manifest:
    """A manifest from the values of its file, checked: names are plain names, never paths."""
    try:
        manifest = Manifest(
            data["format_version"], str(data["encoder"]), int(data["dimension"]), str(data["table"]),
            Settings.from_json(data["settings"]), str(data.get("catalog", FIRST_CATALOG)),
        )  # fmt: skip
    except KeyError as error:
        raise CollectionError(f"{path} has no entry {error}. Restore it from a copy of the collection.") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise CollectionError(f"{path} cannot be used: {error}. Restore it from a copy of the collection.") from None
    if not (_TABLE.fullmatch(manifest.table) and _CATALOG.fullmatch(manifest.catalog)):
        raise CollectionError(
            f"{path} names '{manifest.table}' and '{manifest.catalog}'. Expected names such as {FIRST_TABLE} and "
            f"{FIRST_CATALOG}. Restore it from a copy of the collection."
        )
    return manifest


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Replaces ``collection.toml`` in one durable step: the switch."""
    write_durably(root / MANIFEST, manifest.to_toml().encode("utf-8"))


def next_generation(root: Path) -> Generation:
    """Names that nothing in the collection has yet."""
    found = (_TABLE.fullmatch(entry.name) or _CATALOG.match(entry.name) for entry in root.iterdir())
    taken = [int(match[1] or 1) for match in found if match]
    return Generation.numbered(max(taken, default=0) + 1)


def copy_catalog(source: Path, target: Path) -> None:
    """A consistent, durable copy of an SQLite file."""
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    sync_file(target)


def leftovers(root: Path, manifest: Manifest) -> Iterator[Path]:
    """What no manifest names: earlier generations, and what killed processes left half-made.

    A generation that a re-index is building is none (``building.toml`` names it), so that it can be continued. Files
    that are not ours are not looked at.
    """
    building = _building(root)
    kept = {manifest.table, manifest.catalog, *building}
    if building == (manifest.table, manifest.catalog):
        yield root / BUILDING  # finished, but killed before it was deleted
    for entry in root.iterdir():
        if entry.is_dir():
            found = bool(_TABLE.fullmatch(entry.name)) and entry.name not in kept
        elif _CATALOG.match(entry.name):
            found = f"{entry.name.partition('.db')[0]}.db" not in kept  # its journal belongs to it
        else:
            found = entry.name.endswith(PARTIAL)
        if found:
            yield entry
    if (root / "snapshots").is_dir():
        for entry in (root / "snapshots").iterdir():
            if entry.is_dir() and not (entry / "snapshot.toml").exists():
                yield entry
    for entry in (root / "blobs").glob(f"*/*{PARTIAL}"):
        yield entry


def is_earlier(path: Path, manifest: Manifest) -> bool:
    """Whether a leftover is an earlier generation, which stays until the next writer comes; others are accidents."""
    found = _TABLE.fullmatch(path.name) or _CATALOG.match(path.name)
    current = _TABLE.fullmatch(manifest.table)
    return bool(found and current and int(found[1] or 1) < int(current[1] or 1))


def delete_leftovers(root: Path, manifest: Manifest) -> int:
    """Deletes :func:`leftovers`; the caller holds the lock. Returns how many there were."""
    found = list(leftovers(root, manifest))
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if found:
        sync_directory(root)
    return len(found)


def _building(root: Path) -> tuple[str, ...]:
    try:
        data = tomllib.loads((root / BUILDING).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ()
    return tuple(str(data.get(name, "")) for name in ("table", "catalog"))


def _read_toml(root: Path, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if (root / FIRST_TABLE).is_dir() or (root / "snapshots").is_dir():
            raise CollectionError(
                f"'{root}' has parts of a collection, but no {MANIFEST}. Restore it from a copy of the collection."
            ) from None
        raise CollectionError(
            f"There is no collection at '{root}'. Make one by adding a folder:  citewell -c '{root}' add FOLDER"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CollectionError(f"{path} cannot be read: {error}. Restore it from a copy of the collection.") from None
