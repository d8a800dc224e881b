"""Sentences of a document's prose, with exact spans. What only leads to a list is no sentence by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citewell.evaluation.making.drafts import Material
from citewell.records import Block, Span
from citewell.sentences import sentence_spans

PROSE = frozenset({"paragraph", "list_item", "quote"})
_HOLE = re.compile(r"\s[.,;:](?:\s|$)|\(\s*\)|“\s*”|https?:|\]\[|\]\(")
"""Where a link or a piece of code stood that is not in the text, or where there is an address nobody asks with."""
LEAST_WORDS, MOST_WORDS = 5, 60


def sentences_of(given: Material) -> Iterator[tuple[Block, Span, str]]:
    """Block, span in the document and text (white space joined) of every whole sentence of prose."""
    for block in given.blocks:
        if block.kind not in PROSE or block.span[1] - block.span[0] > 4_000:
            continue
        text = given.text(block)
        for start, end in sentence_spans(text, given.document.language):
            sentence = " ".join(text[start:end].split()).lstrip("•*–- ")
            if _HOLE.search(sentence):
                continue
            if LEAST_WORDS <= len(sentence.split()) <= MOST_WORDS and sentence.endswith((".", "。", "!", ")")):
                yield block, (block.span[0] + start, block.span[0] + end), sentence
