"""The trained parts that answering uses, loaded once per model set: reader, verifier, calibration.

What a set does not bring comes from the set that ships, so a collection may change one part and keep the others.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from citewell.answering.calibration import Calibration
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.errors import UserError
from citewell.models.modelset import MODELS, ModelSet, load_model_set
from citewell.models.reader import Reader
from citewell.models.verifier import Verifier

KEPT = 4  # model sets in memory: of a few collections, or of one before and after a change


@dataclass(frozen=True, slots=True)
class AnsweringModels:
    """identity: names everything that decides an answer besides the encoder and the settings."""

    reader: Reader
    verifier: Verifier | None
    calibration: Calibration
    identity: str


_loaded: dict[tuple[Path, str], AnsweringModels] = {}
_lock = threading.Lock()


def answering_models(collection: Path | None = None) -> AnsweringModels:
    """Those of the set that ``collection`` uses now; without one, those that ship.

    A look at one small file each time, so that a change of set is effective with the next question. Raises UserError
    when a file is damaged.
    """
    found = load_model_set(collection / MODELS if collection is not None else None)
    key = (found.directory, found.id)
    with _lock:
        if key not in _loaded:
            while len(_loaded) >= KEPT:
                del _loaded[next(iter(_loaded))]
            _loaded[key] = _load(found)
        return _loaded[key]


def _load(models: ModelSet) -> AnsweringModels:
    shipped = load_model_set(None)
    fitted = models.calibration or shipped.calibration
    verifier = Verifier.of_set(models) or Verifier.of_set(shipped)
    return AnsweringModels(
        reader_of(models),
        verifier,
        Calibration.from_json(fitted, FEATURES, CONFIDENCE_FEATURES),
        f"{models.name}@{models.id}",
    )


def reader_of(models: ModelSet) -> Reader:
    """The set's reader, or the one that ships."""
    reader = models.reader() or load_model_set(None).reader()
    if reader is None:
        raise UserError(
            "The model set that ships has no reader. Install Citewell again:  pip install --force-reinstall citewell"
        )
    return Reader(reader)
