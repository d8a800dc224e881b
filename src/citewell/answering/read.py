"""Which stretches of the ranked passages answer the question, and how sure that is.

Without a trained reader the unit of an answer is what a person would quote: a sentence, a list item, a table row. Each
unit of the best passages gets plain features (:data:`FEATURES`), and a logistic model turns them into the probability
that the unit holds the answer. A second one judges the best unit against the whole question
(:data:`CONFIDENCE_FEATURES`). Both are fitted on the ``fit`` half of the sample questions by
``scripts/fit_answering.py``; ``calibration.json`` holds weights, threshold and training record.
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
from numpy.typing import NDArray

from citewell.answering.words import IDENTIFIER, expected_kind, terms
from citewell.records import Hit, Passage, Span
from citewell.sentences import sentence_spans

if TYPE_CHECKING:
    from citewell.models.encoder import Encoder

Floats = NDArray[np.float64]

PASSAGES_READ = 8
UNIT_CHARACTERS = 700  # a longer unit is no quote; it is cut at a line end

FEATURES = (
    "cosine",  # of question and unit, the unit read with its headings
    "gap",  # how far that is below the best unit's
    "coverage",  # share of the question's terms in the unit's own words; terms rare among the units weigh more
    "coverage_before",  # the same in the unit, its headings and the unit before it
    "header_coverage",  # the same in its table's header row
    "label",  # share of a table row's first cell that the question names
    "passage",  # fused score of its passage, relative to the best
    "rank",  # 1 / (1 + rank of its passage)
    "kind",  # the question asks for an amount, a time, a person … and the unit holds one
    "no_kind",  # it asks for one and the unit holds none
    "echo",  # share of the unit's words that are the question's: a repeated question is no answer
    "length",  # log of its number of distinct words
    "leads",  # it ends with a colon or question mark: what follows is the answer, not this
)
CONFIDENCE_FEATURES = (
    "logit",  # of the best unit
    "passage_coverage",  # share of the question's terms anywhere in the best unit's passage
    "coverage_before",  # of the best unit, as above
    "missing_identifier",  # share of the question's names and numbers that best unit and headings lack
    "top_cosine",  # highest cosine among the units
)


def text_of(passage: Passage, span: Span) -> str:
    """The characters of ``span`` (document offsets) in ``passage``."""
    return passage.text[span[0] - passage.span[0] : span[1] - passage.span[0]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of a passage as an answer. span: document offsets. probability: that it holds the answer, in [0, 1].

    vector: the unit's embedding (unit length), for comparing units with each other.
    """

    hit: Hit
    span: Span
    probability: float
    vector: NDArray[np.float32]

    @property
    def text(self) -> str:
        return text_of(self.hit.passage, self.span)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted models. threshold: confidence below which an answer is refused."""

    weights: Floats
    bias: float
    confidence_weights: Floats
    confidence_bias: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Features:
    """The n units of the best passages in rank order, and what is known of each.

    places: hit and document span. units: (n, FEATURES). vectors: (n, dimension), rows of length 1. question: (n, 2),
    what only confidence needs.
    """

    places: list[tuple[Hit, Span]]
    units: Floats
    vectors: NDArray[np.float32]
    question: Floats


def read(
    question: str, hits: Sequence[Hit], encoder: Encoder, calibration: Calibration
) -> tuple[list[Evidence], float]:
    """The units of the best passages, most probable first, and the calibrated confidence in [0, 1]."""
    features = measure(question, hits, encoder)
    if not features.places:
        return [], 0.0
    logits = features.units @ calibration.weights + calibration.bias
    order = np.argsort(-logits, kind="stable")
    chances = 1 / (1 + np.exp(-logits))
    ordered = [(*features.places[i], float(chances[i]), features.vectors[i]) for i in order]
    evidence = [Evidence(hit, span, chance, vector) for hit, span, chance, vector in ordered]
    judged = confidence_features(features, logits) @ calibration.confidence_weights + calibration.confidence_bias
    return evidence, float(1 / (1 + np.exp(-judged)))


def units_of(passage: Passage) -> list[Span]:
    """Sentences, list items, rows of a passage as document spans; code stays in whole paragraphs."""
    if passage.media_type.startswith("text/x-"):
        pieces = [match.span() for match in re.finditer(r"\S(?:.|\n(?!\s*\n))*", passage.text)]
    else:
        pieces = []
        for line in re.finditer(r"[^\n]+", passage.text):
            whole = passage.header and " | " in line.group()
            found = [(0, len(line.group()))] if whole else sentence_spans(line.group(), passage.language)
            pieces.extend((line.start() + start, line.start() + end) for start, end in found)
    units = []
    for start, end in pieces:
        if end - start > UNIT_CHARACTERS:
            cut = passage.text.rfind("\n", start, start + UNIT_CHARACTERS)
            end = cut if cut > start else start + UNIT_CHARACTERS  # noqa: PLW2901
        units.append((passage.span[0] + start, passage.span[0] + end))
    return units


def measure(question: str, hits: Sequence[Hit], encoder: Encoder) -> Features:
    """The features of every unit of the best passages."""
    units = [(hit, span) for hit in hits[:PASSAGES_READ] for span in units_of(hit.passage)]
    if not units:
        return Features(
            [], np.zeros((0, len(FEATURES))), np.zeros((0, encoder.dimension), np.float32), np.zeros((0, 2))
        )
    texts = [text_of(hit.passage, span) for hit, span in units]
    contexts = [hit.passage.context for hit, _ in units]
    vectors = encoder.encode([question, *(f"{a}\n{b}" if a else b for a, b in zip(contexts, texts, strict=True))])
    cosines = vectors[1:] @ vectors[0]
    asked = set(terms(question))
    own = [set(terms(text)) for text in texts]
    whole = [words | set(terms(context)) for words, context in zip(own, contexts, strict=True)]
    weights = {term: math.log(1 + len(whole) / (0.5 + sum(term in words for words in whole))) for term in asked}

    def coverage(words: set[str]) -> float:
        return sum(weights[term] for term in asked & words) / (sum(weights.values()) or 1.0)

    in_passage: dict[str, set[str]] = {}
    for (hit, _), words in zip(units, whole, strict=True):
        in_passage.setdefault(hit.passage.id, set()).update(words)
    ranks = {key: rank for rank, key in enumerate(in_passage)}
    best = max(hit.score for hit, _ in units) or 1.0
    identifiers = {name.lower() for name in IDENTIFIER.findall(question)}
    kind = expected_kind(question)
    rows, extra = [], []
    for i, (hit, _) in enumerate(units):
        passage = hit.passage
        before = own[i - 1] if i and units[i - 1][0].passage.id == passage.id else set()
        label = set(terms(texts[i].split(" | ")[0])) if passage.header else set()
        fits = bool(kind and kind.search(texts[i]))
        rows.append((
            cosines[i], cosines.max() - cosines[i], coverage(own[i]), coverage(whole[i] | before),
            coverage(set(terms(passage.header))), len(label & asked) / max(1, len(label)), hit.score / best,
            1 / (1 + ranks[passage.id]), fits, bool(kind) and not fits, len(asked & own[i]) / max(1, len(own[i])),
            math.log1p(len(own[i])), texts[i].endswith((":", "?")),
        ))  # fmt: skip
        seen = f"{contexts[i]} {texts[i]}".lower()
        missing = sum(name not in seen for name in identifiers) / max(1, len(identifiers))
        extra.append((coverage(in_passage[passage.id]), missing))
    return Features(units, np.asarray(rows, dtype=np.float64), vectors[1:], np.asarray(extra, dtype=np.float64))


def confidence_features(features: Features, logits: Floats) -> Floats:
    """What decides whether the best unit is good enough: (CONFIDENCE_FEATURES,)."""
    best = int(np.argmax(logits))
    row = features.units[best]
    passage_coverage, missing = features.question[best]
    before = row[FEATURES.index("coverage_before")]
    top = features.units[:, FEATURES.index("cosine")].max()
    return np.asarray((logits[best], passage_coverage, before, missing, top))


@cache
def load_calibration() -> Calibration:
    """The shipped models; they must name the features this code computes."""
    data = json.loads((Path(__file__).parent / "calibration.json").read_text(encoding="utf-8"))
    return Calibration(
        weights=np.asarray([data["weights"][name] for name in FEATURES]),
        bias=data["bias"],
        confidence_weights=np.asarray([data["confidence"]["weights"][name] for name in CONFIDENCE_FEATURES]),
        confidence_bias=data["confidence"]["bias"],
        threshold=data["threshold"],
    )
