"""Sentences of a text as exact character spans.

The rules for some 300 languages come from the ``sentencex`` library; here they are turned into spans that never include
surrounding white space, so ``text[start:end]`` is the sentence a person would quote.
"""

from __future__ import annotations

from collections.abc import Iterator

from citewell.records import Span

WINDOW = 4_000
"""Characters the library looks at in one go. Its time grows with the square of the length where quotation marks or
brackets stay open (200,000 backticks took it a minute), so a longer paragraph is read in stretches."""


def sentence_spans(text: str, language: str = "en") -> list[Span]:
    """Half-open spans of the sentences of ``text``, in order, stripped of white space, never overlapping.

    language: ISO 639-1 code; unknown or empty codes use the English rules. Line breaks inside a paragraph do not end a
    sentence; an empty line does.
    """
    spans = []
    for found in _boundaries(text, language or "en"):
        start, end = stripped(text, found)
        if start < end:
            spans.append((start, end))
    return spans


def _boundaries(text: str, language: str) -> Iterator[Span]:
    """Stretches of at most :data:`WINDOW` characters; the last sentence of each, perhaps cut, begins the next."""
    import sentencex

    start = 0
    while start < len(text):
        end = min(len(text), start + WINDOW)
        found = sentencex.get_sentence_boundaries(language, text[start:end])
        spans = [(start + each["start_index"], start + each["end_index"]) for each in found]
        if end < len(text) and len(spans) > 1 and spans[-1][0] > start:
            yield from spans[:-1]
            start = spans[-1][0]
            continue
        if end < len(text):  # one sentence fills the stretch: cut between words, where there are any
            blank = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = blank + 1 if blank > start + WINDOW // 2 else end
        yield from ((first, min(last, end)) for first, last in spans if first < end)
        start = end


def stripped(text: str, span: Span) -> Span:
    """``span`` without the white space at its ends."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
