"""Which stretches of the ranked passages answer the question, and how sure that is.

The unit of an answer is what a person would quote: a sentence, a list item, a table row. The trained reader says for
each unit of the best passages how surely it holds the answer and in which words; with plain features of the unit and
its passage (:data:`FEATURES`) a logistic model turns that into a probability. A second one judges the best unit against
the whole question (:data:`CONFIDENCE_FEATURES`). ``calibration.py`` holds what was fitted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from citewell.answering.calibration import Calibration
from citewell.answering.words import IDENTIFIER, expected_kind, terms
from citewell.records import Hit, Passage, Span
from citewell.sentences import sentence_spans

if TYPE_CHECKING:
    from citewell.models.encoder import Encoder
    from citewell.models.reader import Reader

Floats = NDArray[np.float64]

PASSAGES_READ = 8
UNIT_CHARACTERS = 700  # a longer unit is no quote; it is cut at a line end
MOST_ODDS = 12.0  # log odds beyond which the reader is not taken at its word

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
    "odds",  # the reader's log odds of the unit's likeliest stretch against "not in this passage"
    "odds_gap",  # how far that is below the best unit's
    "relevance",  # the reader's logit that the passage answers the question
    "agreed",  # log of that stretch's probability over all passages, equal answers added up
)
CONFIDENCE_FEATURES = (
    "logit",  # of the best unit
    "passage_coverage",  # share of the question's terms anywhere in the best unit's passage
    "coverage_before",  # of the best unit, as above
    "missing_identifier",  # share of the question's names and numbers that best unit and headings lack
    "top_cosine",  # highest cosine among the units
    "odds",  # of the best unit
    "top_odds",  # highest among the units
    "relevance",  # of the best unit's passage
    "agreed",  # of the best unit
    "lead",  # by how much the best unit's logit exceeds the best one with another answer
)


def text_of(passage: Passage, span: Span) -> str:
    """The characters of ``span`` (document offsets) in ``passage``."""
    return passage.text[span[0] - passage.span[0] : span[1] - passage.span[0]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of a passage as an answer. span: document offsets. probability: that it holds the answer, in [0, 1].

    vector: the unit's embedding (unit length), for comparing units with each other. answer: document offsets of the
    stretch in it that the reader would give as a short answer, if any.
    """

    hit: Hit
    span: Span
    probability: float
    vector: NDArray[np.float32]
    answer: Span | None = None

    @property
    def text(self) -> str:
        return text_of(self.hit.passage, self.span)


@dataclass(frozen=True, slots=True)
class Features:
    """The n units of the best passages in rank order, and what is known of each.

    places: hit and document span. units: (n, FEATURES). vectors: (n, dimension), rows of length 1. question: (n, 2),
    what only confidence needs. answers: of each unit the reader's likeliest stretch, document offsets. said: its words,
    to compare answers by.
    """

    places: list[tuple[Hit, Span]]
    units: Floats
    vectors: NDArray[np.float32]
    question: Floats
    answers: list[Span | None]
    said: list[str]


def read(
    question: str, hits: Sequence[Hit], encoder: Encoder, reader: Reader, calibration: Calibration
) -> tuple[list[Evidence], float]:
    """The units of the best passages, most probable first, and the calibrated confidence in [0, 1]."""
    features = measure(question, hits, encoder, reader)
    if not features.places:
        return [], 0.0
    logits = calibration.unit_logits(features.units)
    return evidence_of(features, logits), calibration.confidence(confidence_features(features, logits))


def evidence_of(features: Features, logits: Floats) -> list[Evidence]:
    """The units with their probabilities, most probable first."""
    chances = 1 / (1 + np.exp(-logits))
    return [
        Evidence(hit, span, float(chances[i]), features.vectors[i], features.answers[i])
        for i in np.argsort(-logits, kind="stable")
        for hit, span in [features.places[i]]
    ]


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


def measure(question: str, hits: Sequence[Hit], encoder: Encoder, reader: Reader) -> Features:
    """The features of every unit of the best passages."""
    units = [(hit, span) for hit in hits[:PASSAGES_READ] for span in units_of(hit.passage)]
    if not units:
        empty = np.zeros((0, encoder.dimension), np.float32)
        return Features([], np.zeros((0, len(FEATURES))), empty, np.zeros((0, 2)), [], [])
    texts = [text_of(hit.passage, span) for hit, span in units]
    contexts = [hit.passage.context for hit, _ in units]
    vectors = encoder.encode([question, *(f"{a}\n{b}" if a else b for a, b in zip(contexts, texts, strict=True))])
    cosines = vectors[1:] @ vectors[0]
    found = _Reading.of(question, units, reader)
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
            found.odds[i], found.odds.max() - found.odds[i], found.relevance[i], found.agreed[i],
        ))  # fmt: skip
        seen = f"{contexts[i]} {texts[i]}".lower()
        missing = sum(name not in seen for name in identifiers) / max(1, len(identifiers))
        extra.append((coverage(in_passage[passage.id]), missing))
    features, more = np.asarray(rows, dtype=np.float64), np.asarray(extra, dtype=np.float64)
    return Features(units, features, vectors[1:], more, found.answers, found.said)


def confidence_features(features: Features, logits: Floats) -> Floats:
    """What decides whether the best unit is good enough: (CONFIDENCE_FEATURES,)."""
    best = int(np.argmax(logits))
    row = dict(zip(FEATURES, features.units[best], strict=True))
    passage_coverage, missing = features.question[best]
    others = [logit for logit, said in zip(logits, features.said, strict=True) if said != features.said[best]]
    lead = min(MOST_ODDS, logits[best] - max(others, default=-np.inf))
    top = {name: features.units[:, FEATURES.index(name)].max() for name in ("cosine", "odds")}
    return np.asarray((
        logits[best], passage_coverage, row["coverage_before"], missing, top["cosine"], row["odds"], top["odds"],
        row["relevance"], row["agreed"], lead,
    ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the reader says of each of n units. odds, relevance, agreed: (n,)."""

    odds: Floats
    relevance: Floats
    agreed: Floats
    answers: list[Span | None]
    said: list[str]

    @staticmethod
    def of(question: str, units: Sequence[tuple[Hit, Span]], reader: Reader) -> _Reading:
        passages = {hit.passage.id: hit.passage for hit, _ in units}
        contexts, texts = zip(*((each.context, each.text) for each in passages.values()), strict=True)
        readings = dict(zip(passages, reader.read(question, contexts, texts), strict=True))
        odds, answers, said = [], list[Span | None](), []
        for hit, (start, end) in units:
            offset = hit.passage.span[0]
            stretch = readings[hit.passage.id].best((start - offset, end - offset))
            odds.append(max(-MOST_ODDS, min(MOST_ODDS, stretch.odds)) if stretch else -MOST_ODDS)
            span = (stretch.span[0] + offset, stretch.span[1] + offset) if stretch else None
            answers.append(span)
            said.append(" ".join(re.findall(r"\w+", text_of(hit.passage, span).casefold())) if span else "")
        ids = [hit.passage.id for hit, _ in units]
        agreed = _marginal(np.asarray(odds), ids, {key: each.relevance for key, each in readings.items()}, said)
        relevance = [readings[key].relevance for key in ids]
        return _Reading(np.asarray(odds), np.asarray(relevance), np.log(agreed + 1e-6), answers, said)


def _marginal(odds: Floats, ids: Sequence[str], relevance: dict[str, float], said: Sequence[str]) -> Floats:
    """(n,) each answer's probability over all passages: a passage weighs by its relevance (softmax), an answer in it by
    its odds beside the others' and "not here"; equal answers are added up (Lewis et al. 2020, arXiv:2005.11401,
    RAG-Sequence, for spans)."""
    top = max(relevance.values())
    weight = {key: math.exp(each - top) for key, each in relevance.items()}
    total = dict.fromkeys(relevance, 1.0)
    for key, each in zip(ids, odds, strict=True):
        total[key] += math.exp(each)
    sums: dict[str, float] = {}
    for key, each, words in zip(ids, odds, said, strict=True):
        sums[words] = sums.get(words, 0.0) + weight[key] * math.exp(each) / total[key]
    return np.asarray([sums[words] for words in said]) / sum(weight.values())
