"""How far an exported model is from the one that was trained: logits beside logits, size and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from citewell.models.pairs import Pair
from citewell.models.tokens import Floats
from citewell.records import Json

Doubles = NDArray[np.float64]
Logits = dict[str, Floats]
"""Of one pair: head name → (tokens, size) or (size,)."""

REPEATS = 15  # of each timed pair; the median is told, because other work on the machine only ever adds


@dataclass(frozen=True, slots=True)
class Comparison:
    """One head's logits in two implementations. rank_correlation: Spearman's, over all of its logits on all pairs."""

    largest: float
    mean: float
    rank_correlation: float
    logits: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds for one pair of so many tokens on one thread, as written and in float."""

    tokens: int
    milliseconds: float
    float_milliseconds: float

    @property
    def ratio(self) -> float:
        return self.float_milliseconds / self.milliseconds

    def to_json(self) -> Json:
        return {"tokens": self.tokens, "milliseconds": round(self.milliseconds, 2),
                "float_milliseconds": round(self.float_milliseconds, 2), "ratio": round(self.ratio, 2)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export gave. comparisons: "int8 to float graph" and, with torch, "int8 to torch" and "float graph to
    torch" → head → how far. held_back: whether the compared pairs were not calibrated on."""

    name: str
    identity: str
    bytes: int
    float_bytes: int
    comparisons: dict[str, dict[str, Comparison]]
    compared_pairs: int
    held_back: bool
    timings: list[Timing]
    seconds: float

    def to_json(self) -> Json:
        comparisons = {
            name: {head: asdict(found) for head, found in heads.items()} for name, heads in self.comparisons.items()
        }
        return {
            "name": self.name, "identity": self.identity, "bytes": self.bytes, "float_bytes": self.float_bytes,
            "comparisons": comparisons, "compared_pairs": self.compared_pairs, "held_back": self.held_back,
            "timings": [each.to_json() for each in self.timings], "seconds": self.seconds,
        }  # fmt: skip


def compare(ours: Sequence[Logits], theirs: Sequence[Logits]) -> dict[str, Comparison]:
    """Every head's logits on the same pairs, side by side."""
    found = {}
    for name in ours[0]:
        a = np.concatenate([each[name].ravel() for each in ours]).astype(np.float64)
        b = np.concatenate([each[name].ravel() for each in theirs]).astype(np.float64)
        off = np.abs(a - b)
        found[name] = Comparison(
            float(f"{off.max():.3g}"), float(f"{off.mean():.3g}"), round(rank_correlation(a, b), 5), a.size
        )
    return found


def rank_correlation(a: Doubles, b: Doubles) -> float:
    """Spearman's: the correlation of the ranks, equal values sharing theirs. 1 when a side has one value only."""
    first, second = _ranks(a), _ranks(b)
    spread = float(first.std() * second.std())
    if spread == 0:
        return 1.0
    return float(np.mean((first - first.mean()) * (second - second.mean())) / spread)


def _ranks(values: Doubles) -> Doubles:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray(((ends - counts + ends - 1) / 2)[place])


def time_pairs(
    ours: Callable[[Pair], object], theirs: Callable[[Pair], object], pairs: Sequence[Pair], tokens: int
) -> Timing:
    """Both on one pair of exactly ``tokens`` tokens, made from the given ones, by turns."""
    ids = list(islice(cycle([each for pair in pairs for each in pair.ids]), tokens))
    types = [int(place >= tokens // 5) for place in range(tokens)]
    pair = Pair(ids, types, [], [], tokens // 5)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for run, seconds in zip((ours, theirs), taken, strict=True):
            started = time.perf_counter()
            run(pair)
            seconds.append(time.perf_counter() - started)
    return Timing(tokens, *(1000 * float(np.median(seconds)) for seconds in taken))
