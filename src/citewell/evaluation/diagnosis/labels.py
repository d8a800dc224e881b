"""Whether a gold itself can be right: do question and reference answer speak of what stands where the gold points?

Only plain words are compared, so a doubt is raised when almost nothing of them stands there, or when all of the
reference stands where the answer points.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from citewell.answering.words import IDENTIFIER, expected_kind, terms
from citewell.literals.facts import pieces

# Set on the 103 placed golds and 78 right answers marked "fit" of the sample corpus.
UNLIKE = 0.3  # share of question and reference below which a passage is about something else: 3 % of its golds are, and
# 97 % of the golds of other questions
SAYS = 0.95  # share from which a text says the reference
ASKED = 0.75  # share of the question's words that a text says, which answers it from another place
BESIDE = 0.47  # share of the reference that quotes from another page say; set by hand on 15 questions of another set
SURE, ALL_ASKED = 0.6, 0.8  # confidence and share of the question's words from which "unanswerable" is doubted: 3 of 19
# answers to unanswerable questions reach them, and a third of the right answers
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f ](?=\d{3}(?!\d))")
_FIGURE = 2.0  # weight of a number or a name beside that of another word


def share_said(reference: str, texts: Iterable[str]) -> float:
    """The share of the reference's words and numbers that stand in ``texts``; numbers count double."""
    wanted, held = _facts(reference), set[str]()
    for text in texts:
        held |= _facts(text)
    weights = {fact: _FIGURE if any(map(str.isdigit, fact)) else 1.0 for fact in sorted(wanted)}
    return sum(weight for fact, weight in weights.items() if fact in held) / (sum(weights.values()) or 1.0)


def best_said(references: Sequence[str], texts: Sequence[str]) -> float:
    """The same for the reference that is said best."""
    return max((share_said(each, texts) for each in references), default=0.0)


def likeness(question: str, references: Sequence[str], texts: Sequence[str]) -> float:
    """The share of question and reference together that stands in ``texts``."""
    return best_said([f"{question} {each}" for each in references], texts)


def seems_answered(question: str, confidence: float, quote: str, context: str) -> bool:
    """Whether an answer to a question that is called unanswerable makes that doubtful."""
    kind = expected_kind(question)
    asked = share_said(question, [quote, context])
    return confidence >= SURE and asked >= ALL_ASKED and (kind is None or kind.search(quote) is not None)


def answers(question: str, references: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether ``texts`` say a reference and are about what the question asks."""
    whole = " ".join(texts).lower()
    return (
        best_said(references, texts) >= SAYS
        and all(name.lower() in whole for name in IDENTIFIER.findall(question))
        and share_said(question, texts) >= ASKED
    )


def _facts(text: str) -> set[str]:
    """Words, numbers and dates in one way of writing them."""
    counted = (piece.keys for piece in pieces(text) if piece.kind in {"number", "date"})
    return set(terms(_THOUSANDS.sub("", text))).union(*counted)
