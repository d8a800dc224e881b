"""A claim beside its evidence in plain numbers: what of its words, numbers, dates, names and negation stands there.

These numbers see words, not meaning; a logistic model makes a probability of support out of them, alone
(``evaluation/metrics/support.py``) or beside a trained verifier (``models/verifier.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile

from citewell.literals.comparing import contains, keys, states
from citewell.literals.facts import Piece, content_words, negated, pieces
from citewell.records import Span, Verdict
from citewell.sentences import sentence_spans

FEATURES = (
    "together",  # share of the claim's words of meaning in the best stretch of neighbouring sentences, compared by stem
    "complete",  # the evidence has all of them, no number or name is missing, and it says "not" where the claim does
    "scarce",  # how far less than half of the words are anywhere in the evidence: it is about something else
    "related",  # share of its words that are missing but begin like one that is there: "director", "directed"
    "subject",  # the name the claim begins with is missing, but the evidence has a word for it such as "he" or "its";
    # then its words do not count above
    "missing_numbers",  # share of its numbers, units and dates that the evidence lacks
    "wrong_number",  # it has a number the evidence lacks, while the best stretch has another one
    "negation",  # the claim says "not" and the best stretch does not, or the other way round
    "stronger",  # it says "only", "always" or "never", and the best stretch says nothing of the kind
)
COMPANIONS = (
    *FEATURES,
    "missing_names",  # share of its names that the evidence lacks
    "absent",  # share of its words of meaning that are nowhere in the evidence
    "long",  # how often the evidence doubles a passage's length: more of it holds any word by chance
    "neighbours",  # share of its neighbouring pairs of such words that are neighbours there, too
)
"""What a trained verifier is combined with."""

_STRONG = frozenset({"only", "solely", "exclusively", "entirely", "always", "never"})
_PRONOUNS = frozenset({"he", "she", "it", "they", "his", "her", "its", "their", "him", "them", "this", "these"})
_WORD = re.compile(r"\w+")
_PART = re.compile("[-.']")

STRETCH = 3  # neighbouring sentences that are read together
PASSAGE = 1_000  # characters of a usual passage
RELATED_LETTERS = 5  # two words that begin with so many equal letters are related
SUPPORTED = 0.5  # the score is a probability: more likely than not
WEAK = 0.25  # below, at most one claim in four is supported
CONTRADICTING = 0.8  # share of the claim's words that stand together, from which another number or "not" contradicts


@dataclass(frozen=True, slots=True)
class Support:
    """score: in [0, 1]. missing: words, names, numbers and dates of the claim that the evidence lacks, as written.

    unsupported: character spans of the claim that are not supported, for marking; what is missing and, with a trained
    verifier, what it says is wrong.
    """

    score: float
    missing: tuple[str, ...]
    verdict: Verdict
    unsupported: tuple[Span, ...] = ()


def read_literally(claim: str, evidence: Sequence[str], language: str = "") -> Support | None:
    """What is certain without weighing anything; ``None`` when nothing is.

    A claim that stands in one piece of evidence word for word is supported; nothing supports a claim without words, and
    no claim is supported by no evidence.
    """
    wanted = keys(claim, language)
    told = [each for each in evidence if each.strip()]
    if not wanted or not told:
        missing = tuple(piece.text for piece in pieces(claim, language))
        return Support(0.0, missing, "unsupported", places(claim, missing))
    if len(wanted) > 1 and any(contains(keys(each, language), wanted) for each in told):
        return Support(1.0, (), "supported")
    return None


def verdict_of(score: float, measured: Mapping[str, float]) -> Verdict:
    """``contradicted``: the evidence says the claim's words with another number, date or negation."""
    differs = measured["negation"] or measured["wrong_number"]
    if score < SUPPORTED and differs and measured["together"] >= CONTRADICTING:
        return "contradicted"
    if score >= SUPPORTED:
        return "supported"
    return "weak" if score >= WEAK else "unsupported"


def places(claim: str, missing: Sequence[str]) -> tuple[Span, ...]:
    """Where in ``claim`` the ``missing`` pieces stand as whole words, in order, overlapping ones together."""
    spans = [
        match.span() for each in dict.fromkeys(missing)
        for match in re.finditer(rf"(?<!\w){re.escape(each)}(?!\w)" if each[:1].isalnum() else re.escape(each), claim)
    ]  # fmt: skip
    return united(spans)


def united(spans: Sequence[Span]) -> tuple[Span, ...]:
    """``spans`` in order; those that overlap or touch become one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def measure(claim: str, evidence: Sequence[str], language: str = "") -> tuple[dict[str, float], tuple[str, ...]]:
    """The features of ``claim`` beside ``evidence``, and what of the claim is missing there."""
    read = [_read(each, language) for each in evidence]
    subject = _subject(claim, language) if _refers(evidence) else ()
    there = frozenset[str]().union(*(each.words for each in read))
    unsaid = {word for piece in subject for word in content_words(piece.text, language) if word not in there}
    words = tuple(word for word in content_words(claim, language) if word not in unsaid)
    best, said = _best_stretch(frozenset(words), read)
    absent = [word for word in dict.fromkeys(words) if word not in there]
    stated = [piece for each in read for piece in each.stated]
    lacking = [each for each in pieces(claim, language) if each.kind != "word" and not _stated(stated, each)]
    names = [each for each in lacking if each.kind == "name" and each not in subject]
    numbers = [each for each in lacking if each.kind != "name"]
    denied = negated(claim, language) != negated(best, language)
    distinct = max(1, len(set(words)))
    measured = {
        "together": said / distinct,
        "complete": float(not (absent or denied or names or numbers or unsaid)),
        "scarce": max(0.0, 2 * len(absent) / distinct - 1),
        "related": sum(_related(word, there) for word in absent) / distinct,
        "subject": float(bool(unsaid)),
        "missing_numbers": len(numbers) / _count(claim, language, ("number", "date")),
        "wrong_number": float(bool(numbers) and _has_other(pieces(best, language), numbers)),
        "negation": float(denied),
        "stronger": float(_strong(claim) and not _strong(best)),
        "missing_names": len(names) / _count(claim, language, ("name",)),
        "absent": len(absent) / distinct,
        "long": max(0.0, math.log2(max(1, sum(len(each) for each in evidence)) / PASSAGE)),
        "neighbours": _neighbours(words, read),
    }
    return measured, _missing(claim, frozenset(absent) | unsaid, lacking, language)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One piece of evidence: its stems, pieces, and stretches of sentences with their stems."""

    words: frozenset[str]
    neighbours: frozenset[tuple[str, str]]
    stated: tuple[Piece, ...]
    stretches: tuple[tuple[str, frozenset[str]], ...]


@lru_cache(maxsize=1024)
def _read(text: str, language: str) -> _Evidence:
    text = text.encode("utf-8", "replace").decode("utf-8")  # halves of surrogate pairs, which nobody can split
    sentences = [text[start:end] for start, end in sentence_spans(text, language)]
    words = [content_words(each, language) for each in sentences]
    whole = [word for each in words for word in each]
    firsts = range(max(1, len(sentences) - STRETCH + 1))
    return _Evidence(
        words=frozenset(whole), neighbours=frozenset(pairwise(whole)), stated=pieces(text, language),
        stretches=tuple(
            (" ".join(sentences[at : at + STRETCH]), frozenset[str]().union(*words[at : at + STRETCH])) for at in firsts
        ),
    )  # fmt: skip


def _best_stretch(words: frozenset[str], read: Sequence[_Evidence]) -> tuple[str, int]:
    """The stretch with most of ``words``, the first of equal ones, and how many it has."""
    found = [(text, len(words & held)) for each in read for text, held in each.stretches]
    return max(found, key=lambda each: each[1]) if found else ("", 0)


def _neighbours(words: Sequence[str], read: Sequence[_Evidence]) -> float:
    pairs = set(pairwise(words))
    return sum(any(pair in each.neighbours for each in read) for pair in pairs) / max(1, len(pairs))


def _stated(stated: Sequence[Piece], wanted: Piece) -> bool:
    """Like :func:`states`; a name may also be part of a longer word or stand in small letters."""
    return states(stated, wanted) or (
        wanted.kind == "name" and any(wanted.keys[0] in _PART.split(key) for piece in stated for key in piece.keys)
    )


def _subject(claim: str, language: str) -> tuple[Piece, ...]:
    """The names a claim begins with: evidence often calls its subject "he" or "it"."""
    return tuple(
        takewhile(lambda piece: piece.kind == "name" or piece.keys[0] in {"the", "a", "an"}, pieces(claim, language))
    )


def _refers(evidence: Sequence[str]) -> bool:
    """Whether a word in ``evidence`` stands for somebody or something named elsewhere."""
    return any(not _PRONOUNS.isdisjoint(_WORD.findall(each.lower())) for each in evidence)


def _strong(text: str) -> bool:
    return not _STRONG.isdisjoint(text.lower().split())


def _related(word: str, there: frozenset[str]) -> bool:
    return len(word) >= RELATED_LETTERS and any(each.startswith(word[:RELATED_LETTERS]) for each in there)


def _has_other(stated: Sequence[Piece], wanted: Sequence[Piece]) -> bool:
    """Whether ``stated`` has a number or date of the kind (and unit) of one that is wanted."""
    return any(
        piece.kind == each.kind and (piece.kind == "date" or piece.keys[1:] == each.keys[1:])
        for each in wanted for piece in stated
    )  # fmt: skip


def _count(claim: str, language: str, kinds: tuple[str, ...]) -> int:
    return max(1, sum(piece.kind in kinds for piece in pieces(claim, language)))


def _missing(claim: str, absent: frozenset[str], lacking: Sequence[Piece], language: str) -> tuple[str, ...]:
    found = [
        piece.text for piece in pieces(claim, language)
        if piece in lacking or (piece.kind == "word" and absent & set(content_words(piece.text, language)))
    ]  # fmt: skip
    return tuple(dict.fromkeys(found))
