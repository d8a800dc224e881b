"""Documents that answer the same question differently, usually two versions of one policy.

Two units conflict when they come from different documents with almost the same title, say almost the same thing, and
differ in their numbers or dates. Which one holds is for the reader to decide; both are shown, newest first, with dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from citewell.answering.read import Evidence
from citewell.answering.words import terms
from citewell.records import Conflict

ALIKE_TEXT = 0.70  # cosine of the two units
ALIKE_TITLE = 0.6  # Jaccard overlap of title words, numbers left out
LIKELY = 0.35  # the other unit must be at least this share as probable as the best
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def find_conflict(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The best unit and what contradicts it, newest first; empty when nothing does."""
    if not evidence:
        return []
    best = evidence[0]
    rivals = {best.hit.passage.document_id: best}
    for unit in evidence[1:]:
        if unit.probability < LIKELY * best.probability:
            break
        if unit.hit.passage.document_id not in rivals and _contradicts(best, unit):
            rivals[unit.hit.passage.document_id] = unit
    if len(rivals) == 1:
        return []
    return sorted(rivals.values(), key=lambda unit: unit.hit.passage.modified_at, reverse=True)


def describe(rivals: Sequence[Evidence]) -> Conflict:
    """The conflict in words. The rivals are the answer's first citations, in this order."""
    named = ", ".join(
        f"“{unit.hit.passage.title}” ({unit.hit.passage.modified_at[:10] or 'undated'}) [{number}]"
        for number, unit in enumerate(rivals, start=1)
    )
    return Conflict(f"These documents differ, newest first: {named}.", tuple(range(len(rivals))))


def _contradicts(one: Evidence, other: Evidence) -> bool:
    first, second = one.hit.passage, other.hit.passage
    if first.modified_at[:10] == second.modified_at[:10]:
        return False
    titles = _words(first.title), _words(second.title)
    overlap = len(titles[0] & titles[1]) / max(1, len(titles[0] | titles[1]))
    return (
        overlap >= ALIKE_TITLE
        and float(one.vector @ other.vector) >= ALIKE_TEXT
        and set(_NUMBER.findall(one.text)) != set(_NUMBER.findall(other.text))
    )


def _words(title: str) -> set[str]:
    return {word for word in terms(title) if not any(character.isdigit() for character in word)}
