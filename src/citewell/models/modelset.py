"""Which trained models are used together, and with what calibration: one value, changed in one step.

    weights/modelset.json               what ships
    COLLECTION/models/current.json      which set this collection uses, and which it used before; without it, what ships
    COLLECTION/models/sets/ID/          a set of its own: modelset.json and a directory for each model

``modelset.json`` is ``{format, name, parent, created_at, models: {ROLE: {path, identity, files: {NAME: sha256}}},
calibration}``. ID is a hash over models and calibration, so it stands for every byte of the set. A set's directory is
complete before it gets its name and is never changed afterwards; ``current.json`` is replaced in one durable step. So a
process killed at any moment leaves the old set in use or the new one, and whoever loads meanwhile sees one of them.

Every file is compared with its hash before it is used. The encoder of a set is only named here: which encoder a
collection is searched with is fixed by its vectors, and changed by re-indexing.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citewell.errors import UserError
from citewell.models.files import PLAIN_NAME, WEIGHTS, file_sha256

if TYPE_CHECKING:
    from citewell.models.pair_model import PairModel

FORMAT = 1
MODELS = "models"
"""The folder of a collection that its own sets are in."""

SET_FILE, CURRENT_FILE, SETS = "modelset.json", "current.json", "sets"
SHIPPED = "shipped"
"""What the set that ships is called in place of an id."""

ENCODER, READER, RERANKER, VERIFIER = ROLES = ("encoder", "reader", "reranker", "verifier")

_ID = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of a set. path: its directory in the set's. files: sha256 of each of its files."""

    path: str
    identity: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class ModelSet:
    """Models that are used together. id: a hash over models and calibration, or ``shipped``.

    parent: id of the set it was made from, or that was in use before it; empty for what ships. Models are loaded when
    they are first asked for, and then kept; calls from several threads are safe.
    """

    directory: Path
    id: str
    name: str
    parent: str
    created_at: str
    models: Mapping[str, ModelEntry]
    calibration: Mapping[str, Any]
    _loaded: dict[str, PairModel] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def reader(self) -> PairModel | None:
        return self.pair_model(READER)

    def reranker(self) -> PairModel | None:
        return self.pair_model(RERANKER)

    def verifier(self) -> PairModel | None:
        return self.pair_model(VERIFIER)

    def pair_model(self, role: str) -> PairModel | None:
        """The model that has this role, ``None`` when the set has none.

        Raises UserError, naming the file, when one is missing or is not what the set says.
        """
        if role not in self.models:
            return None
        path = self.models[role].path  # two roles may be one model
        with self._lock:
            if path not in self._loaded:
                self._loaded[path] = self._load(role)
            return self._loaded[path]

    def _load(self, role: str) -> PairModel:
        from citewell.models.pair_model import PairModel

        entry = self.models[role]
        self.check(role)
        model = PairModel(self.directory / entry.path)
        if model.identity != entry.identity:
            raise UserError(
                f"{self.directory / entry.path} is {model.identity}, the model set '{self.name}' expects "
                f"{entry.identity}. {_ADVICE}"
            )
        return model

    def check(self, *roles: str) -> None:
        """Compares every file of these roles (default all) with its hash; raises UserError that names the first bad."""
        for role in roles or tuple(self.models):
            entry = self.models[role]
            for name, expected in entry.files.items():
                path = self.directory / entry.path / name
                found = file_sha256(path) if path.is_file() else "no file"
                if found != expected:
                    raise UserError(
                        f"{path} is damaged: found {found[:12]}, expected {expected[:12]} ({role} of the model set "
                        f"'{self.name}'). {_ADVICE}"
                    )

    @property
    def bytes(self) -> int:
        """Of all files that are there."""
        paths = {self.directory / entry.path / name for entry in self.models.values() for name in entry.files}
        return sum(path.stat().st_size for path in paths if path.is_file())

    def to_json(self) -> dict[str, Any]:
        """As in ``modelset.json``."""
        return {
            "format": FORMAT, "name": self.name, "parent": self.parent, "created_at": self.created_at,
            "models": {
                role: {"path": entry.path, "identity": entry.identity, "files": dict(entry.files)}
                for role, entry in self.models.items()
            },
            "calibration": dict(self.calibration),
        }  # fmt: skip


_ADVICE = (
    "Go back to the set before with:  citewell models rollback   or to what ships with:  citewell models use shipped"
)


def content_id(models: Mapping[str, Any], calibration: Mapping[str, Any]) -> str:
    """16 hex digits over what decides an answer: name, parent and time do not."""
    about = json.dumps([FORMAT, models, calibration], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(about.encode("utf-8")).hexdigest()[:16]


# -- reading -----------------------------------------------------------------------------------------------------------


def load_model_set(directory: Path | None = None) -> ModelSet:
    """The set that is used. directory: the ``models`` folder of a collection; without one, or where it has no set of
    its own, what ships.

    Costs one look at a small file: a set is read once, and its models are shared by all who load it.
    """
    current, _ = read_current(directory) if directory is not None else (SHIPPED, "")
    return find_model_set(directory, current)


def find_model_set(directory: Path | None, set_id: str) -> ModelSet:
    """The set with this id, whether in use or not."""
    if set_id == SHIPPED or directory is None:
        return _read_once(WEIGHTS, SHIPPED, *_state(WEIGHTS / SET_FILE))
    place = set_directory(directory, set_id)
    return _read_once(place, set_id, *_state(place / SET_FILE))


def set_directory(directory: Path, set_id: str) -> Path:
    return directory / SETS / set_id


def read_current(directory: Path) -> tuple[str, str]:
    """Ids of the set in use and of the one before it; what ships when the collection never had one of its own."""
    path = directory / CURRENT_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SHIPPED, ""
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}). Choose a set again with:  citewell models use ID") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(
            f"{path} is not of format {FORMAT}, which this release reads. Upgrade Citewell, or choose a set again "
            "with:  citewell models use ID"
        )
    current, parent = str(data.get("set", "")), str(data.get("parent", ""))
    for name in (current, parent or SHIPPED):
        if name != SHIPPED and not _ID.fullmatch(name):
            raise UserError(f"{path} names {name!r}, not a set. Choose one again with:  citewell models use ID")
    return current, parent


@lru_cache(maxsize=4)
def _read_once(directory: Path, set_id: str, _size: int, _changed: int) -> ModelSet:
    return read_model_set(directory, set_id)


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def read_model_set(directory: Path, expected: str = "") -> ModelSet:
    """``modelset.json`` in ``directory``, checked. expected: the id it must have; any, when empty.

    The models' own files are checked when they are used, see :meth:`ModelSet.check`.
    """
    path = directory / SET_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{path} is missing. Expected a model set; list those there are with:  citewell models list"
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}. {_ADVICE}") from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT:
        raise UserError(
            f"{path} has format {version!r}; this release reads {FORMAT}. Upgrade Citewell, or choose another set."
        )
    try:
        models = {role: _entry(role, entry) for role, entry in data["models"].items()}
        name, parent, made = (str(data[key]) for key in ("name", "parent", "created_at"))
        calibration = dict(data["calibration"])
        if not PLAIN_NAME.fullmatch(name):
            raise ValueError(f"name: {name!r}")
        if parent not in ("", SHIPPED) and not _ID.fullmatch(parent):
            raise ValueError(f"parent: {parent!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged: no usable {error}. {_ADVICE}") from None
    found = content_id(data["models"], calibration)
    if expected not in ("", SHIPPED, found):
        raise UserError(f"{path} is damaged: found {found}, expected {expected}. {_ADVICE}")
    return ModelSet(directory, expected or found, name, parent, made, models, calibration)


def _entry(role: str, data: Any) -> ModelEntry:
    """Checked: paths are plain names, so that none leads out of the set."""
    entry = ModelEntry(str(data["path"]), str(data["identity"]), dict(data["files"]))
    if role not in ROLES:
        raise ValueError(f"role {role!r}; known are {', '.join(ROLES)}")
    names = [entry.path, *(part for name in entry.files for part in str(name).split("/"))]
    if bad := [name for name in names if not PLAIN_NAME.fullmatch(name)]:
        raise ValueError(f"{role}: {bad[0]!r} is no plain name")
    if not entry.files or not all(_SHA256.fullmatch(str(value)) for value in entry.files.values()):
        raise ValueError(f"{role}: hashes")
    return entry


# -- writing a set's description ---------------------------------------------------------------------------------------


def describe_models(
    directory: Path, name: str, models: Mapping[str, tuple[str, str]], *, parent: str = "",
    calibration: Mapping[str, Any] | None = None, created_at: str = "",
) -> ModelSet:  # fmt: skip
    """The set of the model directories that lie in ``directory``; write it with :func:`description`.

    models: role → name of the directory and identity of the model.
    """
    entries = {}
    for role, (path, identity) in models.items():
        folder = directory / path
        names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
        if not names:
            raise UserError(f"{folder} has no files. Expected the model that is to be the {role}.")
        entries[role] = ModelEntry(path, identity, {each: file_sha256(folder / each) for each in names})
    made = created_at or datetime.now(UTC).isoformat(timespec="seconds")
    draft = ModelSet(directory, "", name, parent, made, entries, dict(calibration or {}))
    data = draft.to_json()
    return ModelSet(
        directory, content_id(data["models"], data["calibration"]), name, parent, made, entries, draft.calibration
    )


def description(model_set: ModelSet) -> bytes:
    """What its ``modelset.json`` holds."""
    return (json.dumps(model_set.to_json(), indent=1, ensure_ascii=False) + "\n").encode("utf-8")
