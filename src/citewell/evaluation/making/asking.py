"""The last step of the rules for sentences: a question is made smooth, and given up when it points at nothing."""

from __future__ import annotations

import re

from citewell.evaluation.making.drafts import Draft, Material, Shape, plain
from citewell.records import Span

PRONOUN = re.compile(
    r"(?i)\b(?:it|its|they|their|them|this|that|these|those|he|she|his|her|him|there|here|above|below|such|one|so|"
    r"same)\b"
)
YOURS = re.compile(r"(?i)^(?:you|we)\b")
LONG = 13  # words from which a question without names says enough to be asked of a whole collection
_POINTS = re.compile(
    r"(?i)\b(?:it|its|they|their|them|this|that|these|those|he|she|his|her|him|below|above|following|one|ones|such)\b"
)


def made(
    given: Material, question: str, answer: str, span: Span, kind: str, rule: str, keys: str, shape: Shape = "text",
    *, vague: bool = False,
) -> Draft | None:  # fmt: skip
    """The draft, or nothing when the question points at something outside of it or was cut off.

    vague: whether it needs the document's name unless it names something itself.
    """
    question = re.sub(r"\s+([,?])", r"\1", " ".join(question.split()))
    if _POINTS.search(question) or re.search(r"[,;:–-]\s*\?|\b(?:and|or|the|of|a)\?", question):
        return None
    alone = (telling(question) or len(question.split()) >= LONG) and not re.search(r"(?i)\b(?:we|our|us)\b", question)
    answer = re.sub(r"^please ", "", plain(answer).rstrip("."))
    return Draft(
        question, given.named(question), (answer,), span, kind, rule, keys=keys, shape=shape,
        alone=alone and not (vague and not telling(question)),
    )  # fmt: skip


def telling(question: str) -> bool:
    """Whether the question names something: a word with a capital that does not begin it, or a code."""
    words = question.rstrip("?").split()[1:]
    capital = any(
        word[:1].isupper() and (len(word) > 1) and word not in {"I'm", "I’m", "I'd", "I've"} for word in words
    )
    return capital or any(any(e.isdigit() for e in word) and any(e.isalpha() for e in word) for word in words)
