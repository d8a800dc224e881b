"""The word vectors that all shipped models share: read once out of the encoder's own graph, looked up outside of it.

They are more than half of a small BERT, and every model here keeps those of its base. So they ship once, inside the
sentence encoder, whose file stays as it is: its hash is part of every index. A pair model gets the rows of its tokens
handed in. Looking up 256 rows takes 0.03 ms and no memory; ONNX Runtime 1.31 can also be given the table itself
(``add_external_initializers``), but copies it, 12 MB for every session.

    ModelProto.graph (7) ─► GraphProto.initializer (5) ─► TensorProto: dims (1), data_type (2), name (8), raw_data (9)

Only this much of ONNX's protobuf is read (github.com/onnx/onnx, onnx.proto), because the ``onnx`` package is not among
what Citewell needs when a question is asked.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citewell.errors import UserError

Floats = NDArray[np.float32]

STEPS, SCALE = "words", "words.scale"
"""The two tensors, as ``bert_graph`` names them."""

_KINDS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 3: np.dtype("int8")}  # TensorProto.FLOAT and .INT8


@dataclass(frozen=True, slots=True)
class WordTable:
    """Word vectors on 8 bits. steps: (words, hidden) int8, scale: (words, 1). digest: sha256 over both."""

    steps: NDArray[np.int8]
    scale: Floats
    digest: str

    @staticmethod
    def of(steps: NDArray[np.int8], scale: Floats) -> WordTable:
        digest = hashlib.sha256(np.ascontiguousarray(steps).reshape(-1).data)
        digest.update(np.ascontiguousarray(scale, dtype="<f4").reshape(-1).data)
        return WordTable(steps, scale, digest.hexdigest())

    def rows(self, ids: Sequence[int]) -> Floats:
        """(tokens, hidden), what the encoder's graph makes of these ids."""
        return np.asarray(self.steps[ids].astype(np.float32) * self.scale[ids])


def read_words(graph: Path) -> WordTable:
    """The word table in an ONNX file that ``bert_graph`` wrote; each file is read once and then shared."""
    try:
        state = graph.stat()
    except OSError as error:
        raise UserError(f"{graph} is missing ({error.strerror}). Expected the word table there; restore it.") from None
    return _read(graph, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(graph: Path, _size: int, _changed: int) -> WordTable:
    data = graph.read_bytes()
    try:
        found = {name: tensor for name, tensor in _tensors(data) if name in (STEPS, SCALE)}
        steps, scale = found[STEPS], found[SCALE]
        if steps.dtype != np.int8 or steps.ndim != 2 or scale.shape != (len(steps), 1):
            raise ValueError(f"{STEPS} is {steps.dtype} {steps.shape}, {SCALE} {scale.shape}")
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(
            f"{graph} has no word table that can be used ({error}). Expected 8-bit rows and a scale for each. Restore "
            "the file, or export it again."
        ) from None
    return WordTable.of(steps.copy(), scale.astype(np.float32))  # copies: the rest of the file is not kept


def _tensors(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and values of each constant with a kind of number used here; the values lie in ``data`` itself."""
    for number, start, end in _fields(data, 0, len(data)):
        if number == 7:
            for inner, first, last in _fields(data, start, end):
                if inner == 5:
                    yield from _tensor(data, first, last)


def _tensor(data: bytes, start: int, end: int) -> Iterator[tuple[str, NDArray[Any]]]:
    shape: list[int] = []
    kind, name, values = 0, "", (0, 0)
    for number, first, last in _fields(data, start, end):
        if number == 1:
            shape.append(first)
        elif number == 2:
            kind = first
        elif number == 8:
            name = data[first:last].decode("utf-8")
        elif number == 9:
            values = (first, last)
    if dtype := _KINDS.get(kind):
        if values[1] - values[0] != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} has {values[1] - values[0]} bytes for {shape}")
        yield name, np.frombuffer(data, dtype, math.prod(shape), values[0]).reshape(shape)


def _fields(data: bytes, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Field number with either (value, 0) of a whole number or (start, end) of its bytes."""
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield number, value, 0
            continue
        if kind == 2:
            length, place = _varint(data, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"byte {place} is not ONNX")
        if place + length > end:
            raise ValueError("the file is cut off")
        yield number, place, place + length
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and the place after it."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError(f"byte {place} is not ONNX")
