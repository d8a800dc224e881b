"""Sentences of a text as exact character spans.

The rules for some 300 languages come from the ``sentencex`` library; here they are turned into spans that never include
surrounding white space, so ``text[start:end]`` is the sentence a person would quote.
"""

from __future__ import annotations

from citewell.records import Span


def sentence_spans(text: str, language: str = "en") -> list[Span]:
    """Half-open spans of the sentences of ``text``, in order, stripped of white space, never overlapping.

    language: ISO 639-1 code; unknown or empty codes use the English rules. Line breaks inside a paragraph do not end a
    sentence; an empty line does.
    """
    import sentencex

    spans = []
    for found in sentencex.get_sentence_boundaries(language or "en", text):
        start, end = stripped(text, (found["start_index"], found["end_index"]))
        if start < end:
            spans.append((start, end))
    return spans


def stripped(text: str, span: Span) -> Span:
    """``span`` without the white space at its ends."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
