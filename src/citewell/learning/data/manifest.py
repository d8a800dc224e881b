"""Where training data came from: written beside every model that learnt from it, and into its card.

A manifest names sources, never places on somebody's machine: what is trained here may be handed on. Data whose licence
nobody stated may be learnt from, but what ships may only come from sources that are marked safe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from citewell.errors import DataError
from citewell.records import Json

FORMAT = 1
NOT_STATED = "not stated"
"""The licence of data that comes without one, such as a user's own."""

_BLOCK = 1 << 20
_SOURCE_TEXTS, _SOURCE_COUNTS = ("name", "path_name", "sha256", "licence", "url"), ("examples", "documents")


@dataclass(frozen=True, slots=True)
class DataSource:
    """One file or folder that was learnt from.

    path_name: its name, never where it lies. sha256: of the file; of a folder, of its files' names and hashes.
    examples, documents: how many of each were used. safe_to_ship: the licence allows to hand on what was learnt.
    """

    name: str
    path_name: str
    sha256: str
    licence: str = NOT_STATED
    url: str = ""
    examples: int = 0
    documents: int = 0
    safe_to_ship: bool = False

    def __post_init__(self) -> None:
        posix, windows = PurePosixPath(self.path_name), PureWindowsPath(self.path_name)
        if not self.path_name or posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
            raise DataError(
                f"The data source '{self.name}' has the path {self.path_name!r}. Expected the name of a file or folder "
                "without where it lies: a manifest is handed on."
            )
        if not self.licence.strip():
            object.__setattr__(self, "licence", NOT_STATED)
        if self.safe_to_ship and self.licence == NOT_STATED:
            raise DataError(f"The data source '{self.name}' is marked safe to ship and states no licence. State it.")

    def to_json(self) -> Json:
        return {
            "name": self.name, "path_name": self.path_name, "sha256": self.sha256, "licence": self.licence,
            "url": self.url, "examples": self.examples, "documents": self.documents, "safe_to_ship": self.safe_to_ship,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> DataSource:
        for name, kind in [*((each, str) for each in _SOURCE_TEXTS), *((each, int) for each in _SOURCE_COUNTS),
                           ("safe_to_ship", bool)]:  # fmt: skip
            _check(data, name, kind, "a data source")
        return DataSource(**{name: data[name] for name in (*_SOURCE_TEXTS, *_SOURCE_COUNTS, "safe_to_ship")})


@dataclass(frozen=True, slots=True)
class DataManifest:
    """All that one training learnt from. counts: split (``train``, ``held out``, …) → examples in it. created_by: the
    program and its version."""

    sources: tuple[DataSource, ...]
    split_salt: str
    counts: Mapping[str, int] = field(default_factory=dict)
    created_by: str = ""

    @property
    def safe_to_ship(self) -> bool:
        """Whether every source is; with no source nothing is known, so it is not."""
        return bool(self.sources) and all(each.safe_to_ship for each in self.sources)

    def to_json(self) -> Json:
        return {
            "format": FORMAT, "sources": [each.to_json() for each in self.sources], "split_salt": self.split_salt,
            "counts": dict(self.counts), "created_by": self.created_by,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> DataManifest:
        if data.get("format") != FORMAT:
            raise DataError(f"The data manifest has format {data.get('format')!r}; this release reads {FORMAT}.")
        for name, kind in (("sources", list), ("split_salt", str), ("counts", dict), ("created_by", str)):
            _check(data, name, kind, "the data manifest")
        if any(type(each) is not int for each in data["counts"].values()):
            raise DataError(f"'counts' of the data manifest is {data['counts']!r:.80}. Expected whole numbers.")
        sources = tuple(DataSource.from_json(each) for each in data["sources"])
        return DataManifest(sources, data["split_salt"], dict(data["counts"]), data["created_by"])


def describe(
    path: Path,
    *,
    examples: int,
    documents: int,
    name: str = "",
    licence: str = NOT_STATED,
    url: str = "",
    safe_to_ship: bool = False,
) -> DataSource:
    """``path`` as a source, hashed as it is now."""
    path = Path(path)
    shown = path.resolve().name
    return DataSource(name or shown, shown, hash_of(path), licence, url, examples, documents, safe_to_ship)


def hash_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, of the names and hashes of all files below it in order."""
    if not path.is_dir():
        return _file_hash(path)
    digest = hashlib.sha256()
    files: Sequence[Path] = [each for each in path.rglob("*") if each.is_file()]
    for place, each in sorted((each.relative_to(path).as_posix(), each) for each in files):
        digest.update(f"{len(place.encode())} {place} {_file_hash(each)}\n".encode())
    return digest.hexdigest()


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    return digest.hexdigest()


def _check(data: Json, name: str, kind: type, what: str) -> None:
    found = data.get(name) if isinstance(data, dict) else None
    if type(found) is not kind:
        raise DataError(f"'{name}' of {what} is {found!r:.80}. Expected {_WORDS[kind]}; the file is damaged.")


_WORDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}
