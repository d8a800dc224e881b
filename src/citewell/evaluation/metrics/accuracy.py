"""Answer accuracy: whether a free-text answer says what a reference says, without a model to judge it.

Exact match fails every answer that is a sentence, and F1 falls with each word around the right one. So an answer is
right when one reference

1. stands in it as whole words, numbers, dates and units compared by value (``1,000 dollars`` in "It costs $1000."), or
2. has, in one stretch of neighbouring sentences, all its numbers, dates and names and at least :data:`CONTENT` of its
   words of meaning, and that stretch says "not" where it does, and only there.

A reference that is only "yes" or "no" is right when the answer's first word is the same. The first rule is the
usual one for short answers (Chen et al. 2017, DrQA's match; Kandpal et al. 2023); the second is for references that are
sentences. It reads words, not meaning: a paraphrase fails, and "neither Rome nor Paris" holds "Paris".
``docs/explanation/metrics.md`` says how often people agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from citewell.literals.comparing import contains, keys, states
from citewell.literals.facts import Piece, content_words, negated, pieces
from citewell.sentences import sentence_spans

CONTENT = 0.8
"""Share of a reference's words of meaning that must be said."""

STRETCH = 3
"""Neighbouring sentences that may say together what a reference says in one."""

_YES_NO = frozenset("yes no ja nein oui non sí si sim não da нет да はい いいえ".split())  # noqa: SIM905


def answer_accuracy(answer: str, references: Sequence[str], language: str = "") -> bool:
    """Whether ``answer`` says what one of ``references`` says."""
    return any(says(answer, each, language) for each in references)


def says(answer: str, reference: str, language: str = "") -> bool:
    """Whether ``answer`` says what ``reference`` says, by the two rules above."""
    wanted = keys(reference, language)
    if not wanted:
        return False
    if len(wanted) == 1 and wanted[0] in _YES_NO:
        return keys(answer, language)[:1] == wanted
    return contains(keys(answer, language), wanted) or _covers(answer, reference, language)


def lacks(text: str, reference: str, language: str = "") -> list[Piece]:
    """Numbers, dates and names of ``reference`` that ``text`` does not state."""
    stated = pieces(text, language)
    return [piece for piece in pieces(reference, language) if piece.kind != "word" and not states(stated, piece)]


def _covers(answer: str, reference: str, language: str) -> bool:
    """The second rule."""
    words = set(content_words(reference, language))
    if not words or lacks(answer, reference, language):
        return False
    sentences = [answer[start:end] for start, end in sentence_spans(answer, language)]
    stretches = (" ".join(sentences[first : first + STRETCH]) for first in range(len(sentences)))
    return any(
        len(words & set(content_words(stretch, language))) >= CONTENT * len(words)
        and negated(stretch, language) == negated(reference, language)
        and not lacks(stretch, reference, language)
        for stretch in stretches
    )
