"""Fusion: one ranking from the lexical and the dense one, by a weight that each question gets anew.

Both score lists are put on [0, 1] by their first and last value and added with weights 1 - w and w. A passage that only
one search found gets the other list's last score: the most it can have there. The dense weight is

    logit w = ln(dense spread / lexical spread) + intercept + coefficients · features

where spread is first minus last score. The first term alone is the sum of cosine and scaled BM25: BM25 speaks louder
where it separates passages well (long, specific questions), cosine where it does not (short ones). Intercept and
coefficients were fitted by ``scripts/fit_fusion.py`` on development questions and are stored in ``fusion.json`` with
the record of that fit. Their scale belongs to the shipped encoder; the same script fits another's.

Convex combination: Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval" (TOIS 42).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from citewell.index import Ranking

REFERENCE_DEPTH = 100
"""Spreads are taken over this many results, so that asking for more candidates keeps the weights."""

FEATURES = ("words", "letters", "decline")
"""words: ln(1 + words of the question). letters: mean length of its words. decline: the part of the first
lexical score that is lost at :data:`REFERENCE_DEPTH`, in [0, 1]; 1 when fewer passages share a word with it."""

_MIN_SPREAD = 1e-3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class FusionModel:
    """What :func:`dense_weight` needs: an intercept, and per feature a mean, a scale and a coefficient."""

    intercept: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]


@cache
def load_model() -> FusionModel:
    """The fitted model that ships."""
    stored = json.loads((resources.files(__package__) / "fusion.json").read_text(encoding="utf-8"))
    features = [stored["features"][name] for name in FEATURES]
    return FusionModel(
        intercept=stored["intercept"],
        means=tuple(each["mean"] for each in features),
        scales=tuple(each["scale"] for each in features),
        coefficients=tuple(each["coefficient"] for each in features),
    )


def fuse(question: str, lexical: Ranking, dense: Ranking, model: FusionModel | None = None) -> Ranking:
    """The passages of both rankings, best first; scores in [0, 1] up to :data:`REFERENCE_DEPTH` candidates.

    Does not depend on the order of equal scores: ties are broken by passage id.
    """
    weight = dense_weight(question, lexical, dense, model or load_model())
    ids = list(dict.fromkeys((*lexical.ids, *dense.ids)))
    position = {each: i for i, each in enumerate(ids)}
    fused = (1.0 - weight) * _scaled(lexical, _lexical_floor(lexical, dense), position)
    fused += weight * _scaled(dense, _last(dense), position)
    order = sorted(range(len(ids)), key=lambda i: (-fused[i], ids[i]))
    return Ranking(tuple(ids[i] for i in order), fused[order])


def dense_weight(question: str, lexical: Ranking, dense: Ranking, model: FusionModel) -> float:
    """The dense ranking's weight in [0, 1]; a ranking without results gets none."""
    if not lexical.ids or not dense.ids:
        return 1.0 if dense.ids else 0.0
    logit = log_spreads(lexical, dense) + model.intercept
    for value, mean, scale, coefficient in zip(
        features(question, lexical, dense), model.means, model.scales, model.coefficients, strict=True
    ):
        logit += coefficient * (value - mean) / scale
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def log_spreads(lexical: Ranking, dense: Ranking) -> float:
    """ln(dense spread / lexical spread)."""
    return math.log(_spread(dense, _last(dense)) / _spread(lexical, _lexical_floor(lexical, dense)))


def features(question: str, lexical: Ranking, dense: Ranking) -> tuple[float, ...]:
    """Values of :data:`FEATURES`."""
    words = _WORD.findall(question)
    letters = sum(map(len, words)) / len(words) if words else 0.0
    first = float(lexical.scores[0])
    return math.log1p(len(words)), letters, 1.0 - _lexical_floor(lexical, dense) / first if first > 0 else 0.0


def _last(ranking: Ranking) -> float:
    """The score at the reference depth, or the last one; 0 for an empty ranking."""
    return float(ranking.scores[:REFERENCE_DEPTH][-1]) if ranking.ids else 0.0


def _lexical_floor(lexical: Ranking, dense: Ranking) -> float:
    """What an unlisted passage has at most: 0 when every passage that shares a word is listed, else the last score."""
    return 0.0 if len(lexical.ids) < len(dense.ids) else _last(lexical)


def _spread(ranking: Ranking, floor: float) -> float:
    return max(float(ranking.scores[0]) - floor, _MIN_SPREAD)


def _scaled(ranking: Ranking, floor: float, position: dict[str, int]) -> NDArray[np.float64]:
    """Scores of all passages: 1 for the first, 0 at the floor; what is not listed gets the least of those listed."""
    if not ranking.ids:
        return np.zeros(len(position))
    width = _spread(ranking, floor)
    scaled = 1.0 - (ranking.scores[0] - ranking.scores) / width
    out = np.full(len(position), min(scaled[-1], 0.0))
    out[[position[each] for each in ranking.ids]] = scaled
    return out
