"""How much is quoted: the few words that answer, or the whole list that a question asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from citewell.answering.read import Evidence
from citewell.records import Citation, ShortAnswer

SHORT_WORDS = 12  # a longer stretch is not short; the sentence says it as well
MOST_ITEMS = 15  # of a list that is quoted whole

_ITEM = re.compile(r"\s*(?:[-*•–·▪◦]|\(?\d{1,2}[.)]|[a-z][.)])\s+\S")
_WANTS_SENTENCES = re.compile(
    r"\s*(?:how (?:do|does|did|can|could|should|would|to|is|are)\b|why\b|explain\b|describe\b|define\b|tell me\b|"
    r"what (?:does .+ mean|happens|should|is the (?:difference|purpose|process|procedure)|are the differences)\b|"
    r"(?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have|am)\b)",
    re.IGNORECASE,
)
_WANTS_LIST = re.compile(
    r"\b(?:list|which (?:\w+ ){0,2}\w+s\b|what (?:are|were)\b|"
    r"what (?:\w+ ){0,2}\w+s (?:are|were|do|does|must|can|should)\b|"
    r"steps?|requirements|how (?:do|can|should|to)\b|name (?:all|the|three|two))",
    re.IGNORECASE,
)


def short_answer(question: str, unit: Evidence, citation: Citation, number: int) -> ShortAnswer | None:
    """The stretch of ``unit`` that the reader found, unless the question asks for more than a few words.

    citation: the unit's, at index ``number`` of the answer's.
    """
    if unit.answer is None or _WANTS_SENTENCES.match(question):
        return None
    start, end = _whole_words(unit, citation)
    text = citation.quote[start - citation.span[0] : end - citation.span[0]]
    if not text or len(text.split()) > SHORT_WORDS:
        return None
    return ShortAnswer(text, number, (start, end))


def _whole_words(unit: Evidence, citation: Citation) -> tuple[int, int]:
    """The stretch in document offsets, widened to whole words, without quotation marks and stops at its ends."""
    quote, offset = citation.quote, citation.span[0]
    assert unit.answer is not None  # noqa: S101 - the caller asked
    start, end = (max(0, place - offset) for place in unit.answer)
    while start > 0 and quote[start - 1].isalnum() and quote[start : start + 1].isalnum():
        start -= 1
    while end < len(quote) and quote[end].isalnum() and quote[end - 1 : end].isalnum():
        end += 1
    while start < end and quote[start] in " \t\n,;:.“”\"'‘’)]":
        start += 1
    while start < end and quote[end - 1] in " \t\n,;:“”\"'‘’([":
        end -= 1
    if end - start > 3 and quote[end - 1] == "." and "." not in quote[start : end - 1]:
        end -= 1
    return start + offset, end + offset


def widen(question: str, unit: Evidence) -> Evidence:
    """The unit, or, when the question asks for several things and the unit is one item of a list or leads to one, the
    list as it stands in the passage, from its lead to its last item."""
    passage = unit.hit.passage
    offset = passage.span[0]
    lines = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", passage.text)]
    at = next((i for i, (start, end) in enumerate(lines) if start <= unit.span[0] - offset < end), None)
    if at is None or passage.header or not _WANTS_LIST.search(question):
        return unit
    items = [_ITEM.match(passage.text, start, end) is not None for start, end in lines]
    leads = passage.text[lines[at][0] : lines[at][1]].rstrip().endswith(":")
    first = at + 1 if leads and not items[at] else at
    if first >= len(lines) or not items[first]:
        return unit
    begin, end = _run(items, first)
    if end - begin < 2 or end - begin > MOST_ITEMS:
        return unit
    if begin > 0 and passage.text[lines[begin - 1][0] : lines[begin - 1][1]].rstrip().endswith(":"):
        begin -= 1
    return replace(unit, span=(offset + lines[begin][0], offset + lines[end - 1][1]))


def _run(items: Sequence[bool], at: int) -> tuple[int, int]:
    begin, end = at, at + 1
    while begin > 0 and items[begin - 1]:
        begin -= 1
    while end < len(items) and items[end]:
        end += 1
    return begin, end
