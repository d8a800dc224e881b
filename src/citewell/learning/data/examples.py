"""What the recipes learn from: one frozen value per kind of example, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass

from citewell.records import Span

AnswerPlace = tuple[int, int, int]
"""Index of the passage, then start and end of the answer in its text (characters, half-open)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A passage as a model reads it.

    context: title, headings and table header in one line, as ``Passage.context``. document: what splits and leak checks
    go by; texts of one document never stand on both sides.
    """

    text: str
    context: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class ReadingExample:
    """A question with the passages it is read in. answers: every place of a right answer; none: unanswerable here."""

    question: str
    passages: tuple[Text, ...]
    answers: tuple[AnswerPlace, ...] = ()
    kind: str = ""  # how it was made: "given", "distracted", "made unanswerable" …


@dataclass(frozen=True, slots=True)
class RankingExample:
    """A query, texts that answer it and texts that do not."""

    query: str
    positives: tuple[Text, ...]
    negatives: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class SupportExample:
    """A sentence and what is said to support it. unsupported: the characters of the sentence that evidence lacks.

    kind: what was done to the sentence, empty when nothing was.
    """

    evidence: str
    sentence: str
    supported: bool
    unsupported: tuple[Span, ...] = ()
    kind: str = ""
    document: str = ""
