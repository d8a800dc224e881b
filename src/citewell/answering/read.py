"""Which stretches of the ranked passages answer the question, and how likely they do.

Without a trained reader the unit of an answer is what a person would quote: a sentence, a list item, a table row. Each
unit of the best passages gets a few plain features (:data:`FEATURES`), and a logistic model fitted on the sample
questions' ``fit`` half turns them into the probability that the unit holds the answer. Weights and training record
are in ``calibration.json``, written by ``scripts/fit_answering.py``; nothing here is tuned by hand.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from citewell.records import Hit, Passage, Span
from citewell.sentences import sentence_spans, stripped

if TYPE_CHECKING:
    from citewell.models.encoder import Encoder

PASSAGES_READ = 8
UNIT_CHARACTERS = 700  # a longer unit is no quote; it is cut at a line end

FEATURES = (
    "cosine",  # of question and unit, each unit read with its headings
    "coverage",  # share of the question's terms in unit and headings, rare terms weigh more
    "unit_coverage",  # the same in the unit's own words
    "passage",  # fused score of its passage, relative to the best
    "rank",  # 1 / (1 + rank of its passage)
    "number",  # question asks for a quantity or date and the unit holds a digit
    "no_number",  # it asks for one and there is none
    "echo",  # share of the unit's words that are the question's: a heading or question repeated is no answer
    "length",  # log of its words
    "gap",  # how far its cosine is below the best unit's
)

_WORD = re.compile(r"[^\W_]+(?:[-.'][^\W_]+)*")
_QUANTITY = re.compile(
    r"\b(how (?:many|much|long|often|far|soon|old|big|large|fast|high|late|early)|when|what (?:time|date|year|"
    r"percentage|price|rate|limit|number|amount)|maximum|minimum|price|cost|deadline|limit|phone|version|dates?|hours?|days?)\b",
    re.IGNORECASE,
)
_STOP_WORDS = frozenset(
    """a an the and or of to in on at for from by with is are was were be been do does did has have had can could may
    might must shall should will would i we you they he she it its our my your their this that these those what which
    who whom whose when where why how many much there if any not no me us them as about into per than then so""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of a passage as an answer. span: document offsets. probability: that it holds the answer, in [0, 1].

    vector: the unit's embedding, for comparing units with each other; rows have length 1.
    """

    hit: Hit
    span: Span
    probability: float
    vector: np.ndarray

    @property
    def text(self) -> str:
        start = self.hit.passage.span[0]
        return self.hit.passage.text[self.span[0] - start : self.span[1] - start]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted model. threshold: confidence below which an answer is refused. platt: slope and offset."""

    weights: tuple[float, ...]
    bias: float
    platt: tuple[float, float]
    threshold: float


def read(question: str, hits: Sequence[Hit], encoder: Encoder, calibration: Calibration) -> list[Evidence]:
    """The units of the best passages, most probable first."""
    units = [(hit, span) for hit in hits[:PASSAGES_READ] for span in units_of(hit.passage)]
    if not units:
        return []
    features, vectors = unit_features(question, units, encoder)
    logits = features @ np.asarray(calibration.weights) + calibration.bias
    order = np.argsort(-logits, kind="stable")
    return [Evidence(units[i][0], units[i][1], _sigmoid(float(logits[i])), vectors[i]) for i in order]


def confidence(evidence: Sequence[Evidence], calibration: Calibration) -> float:
    """Calibrated probability in [0, 1] that the evidence answers the question (Platt scaling of the best unit)."""
    if not evidence:
        return 0.0
    best = min(max(evidence[0].probability, 1e-6), 1 - 1e-6)
    slope, offset = calibration.platt
    return _sigmoid(slope * math.log(best / (1 - best)) + offset)


def units_of(passage: Passage) -> list[Span]:
    """Sentences, list items, rows of a passage as document spans; code stays whole paragraphs."""
    offset = passage.span[0]
    if passage.media_type.startswith("text/x-") or passage.media_type == "application/x-ipynb+json":
        pieces = [match.span() for match in re.finditer(r"\S(?:.|\n(?!\s*\n))*", passage.text)]
    else:
        pieces = []
        for line in re.finditer(r"[^\n]+", passage.text):
            row = " | " in line.group() and passage.header
            found = [(0, len(line.group()))] if row else sentence_spans(line.group(), passage.language)
            pieces.extend((line.start() + start, line.start() + end) for start, end in found)
    spans = []
    for start, end in pieces:
        if end - start > UNIT_CHARACTERS:
            cut = passage.text.rfind("\n", start, start + UNIT_CHARACTERS)
            end = cut if cut > start else start + UNIT_CHARACTERS  # noqa: PLW2901
        start, end = stripped(passage.text, (start, end))  # noqa: PLW2901
        if start < end:
            spans.append((offset + start, offset + end))
    return spans


def unit_features(question: str, units: Sequence[tuple[Hit, Span]], encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """(units, FEATURES) float64, and the units' unit vectors (units, dimension)."""
    texts = [_own_text(hit.passage, span) for hit, span in units]
    contexts = [hit.passage.context for hit, _ in units]
    vectors = encoder.encode([question, *(f"{a}\n{b}" if a else b for a, b in zip(contexts, texts, strict=True))])
    cosines = vectors[1:] @ vectors[0]
    asked = set(terms(question))
    own = [set(terms(text)) for text in texts]
    whole = [words | set(terms(context)) for words, context in zip(own, contexts, strict=True)]
    weights = {term: math.log(1 + len(whole) / (0.5 + sum(term in words for words in whole))) for term in asked}
    total = sum(weights.values()) or 1.0
    best = max(hit.score for hit, _ in units) or 1.0
    order = {key: rank for rank, key in enumerate(dict.fromkeys(hit.passage.id for hit, _ in units))}
    wants_number = bool(_QUANTITY.search(question))
    rows = []
    for index, (hit, _) in enumerate(units):
        has_number = any(character.isdigit() for character in texts[index])
        rows.append((
            float(cosines[index]),
            sum(weights[term] for term in asked & whole[index]) / total,
            sum(weights[term] for term in asked & own[index]) / total,
            hit.score / best,
            1 / (1 + order[hit.passage.id]),
            float(wants_number and has_number),
            float(wants_number and not has_number),
            len(asked & own[index]) / max(1, len(own[index])),
            math.log1p(len(own[index])),
            float(cosines.max() - cosines[index]),
        ))  # fmt: skip
    return np.asarray(rows), vectors[1:]


def terms(text: str) -> list[str]:
    """Lower-case words without stop words, light endings cut so that "limits" meets "limit"."""
    return [
        _stem(word) for word in (match.group().lower() for match in _WORD.finditer(text)) if word not in _STOP_WORDS
    ]


def _stem(word: str) -> str:
    for ending in ("ies", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word.removesuffix("e") if len(word) > 4 else word


def _own_text(passage: Passage, span: Span) -> str:
    return passage.text[span[0] - passage.span[0] : span[1] - passage.span[0]]


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


@cache
def load_calibration() -> Calibration:
    """The shipped weights; their features must be the ones this code computes."""
    data = json.loads((Path(__file__).parent / "calibration.json").read_text(encoding="utf-8"))
    weights = data["weights"]
    return Calibration(tuple(weights[name] for name in FEATURES), data["bias"], tuple(data["platt"]), data["threshold"])
