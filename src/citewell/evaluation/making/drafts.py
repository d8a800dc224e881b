"""What a rule gets and gives: a document with a name, and draft questions. No rule looks beyond one document."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Literal

from citewell.evaluation.making.phrases import Phrases, phrases_for
from citewell.records import Block, Document, Span

MOST_BLOCKS = 800
"""Blocks of one document that rules look at; of a longer one, stretches all over it."""
STRETCH = 40  # neighbouring blocks that are taken together, so that headings keep what stands below them

Shape = Literal["number", "amount", "date", "name", "text"]
"""What kind of value an answer is: a rival answer is one of the same shape."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question one rule made, not yet checked against the rest of the collection.

    question: without the document's name; named: with it, empty when it has none. alone: whether the first can be
    understood without knowing the document. span: of the gold, in the document. keys: the words that say what is asked
    for, without question words and the document's name. about, asked: the thing, and what of it is asked (for twins);
    empty when a rule does not know them.
    """

    question: str
    named: str
    answers: tuple[str, ...]
    span: Span
    kind: str
    rule: str
    keys: str
    shape: Shape = "text"
    alone: bool = True
    about: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """A document as rules see it. name: how a person would call it in a question, empty when nothing would do."""

    document: Document
    name: str
    blocks: tuple[Block, ...]
    phrases: Phrases = field(default_factory=lambda: phrases_for("en"))

    @property
    def english(self) -> bool:
        return self.phrases.language == "en"

    def text(self, block: Block) -> str:
        return self.document.text[block.span[0] : block.span[1]]

    def quote(self, span: Span) -> str:
        return self.document.text[span[0] : span[1]]

    def named(self, question: str) -> str:
        """The question with the document's name at its end; empty when the document has no name."""
        return self.phrases.within(question, self.name) if self.name else ""


def material(document: Document, name: str, seed: int) -> Material:
    """The document with at most :data:`MOST_BLOCKS` blocks, in reading order; which ones depends on seed and text."""
    blocks = document.blocks
    if len(blocks) > MOST_BLOCKS:
        starts = range(0, len(blocks), STRETCH)
        chosen = random.Random(seed).sample(starts, MOST_BLOCKS // STRETCH)  # noqa: S311 — a choice, no secret
        blocks = tuple(block for start in sorted(chosen) for block in blocks[start : start + STRETCH])
    return Material(document, name, blocks, phrases_for(document.language))


_SPACE = re.compile(r"\s+")


def plain(text: str) -> str:
    """One line, without marks that only laid the text out."""
    return _SPACE.sub(" ", text).strip().strip("*•·–—").strip()


def lower_first(text: str) -> str:
    """The first letter small, unless the word is a name, an acronym or a code: those have more capitals or digits."""
    word = text.split(" ", 1)[0]
    keeps = any(each.isupper() or each.isdigit() for each in word[1:]) or word in {"I", "I'm", "I'd", "I've"}
    return text if keeps else text[:1].lower() + text[1:]


def small(text: str) -> str:
    """Every word with a small first letter, except names of more capitals, digits or one letter: for labels in title
    case."""
    return " ".join(lower_first(word) if len(word) > 1 else word for word in text.split(" "))
