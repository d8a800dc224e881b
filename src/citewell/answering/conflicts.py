"""Documents that answer the same question differently, usually two versions of one policy.

Two units conflict when they come from documents of different dates with almost the same title, say almost the same
(rows: about the same first cell), and differ in their numbers. Which one holds is for the reader to decide; both are
shown, newest first, with dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from citewell.answering.read import Evidence
from citewell.answering.words import terms
from citewell.records import Conflict

# Set by hand while looking at all conflict questions and near-twin products of the sample corpus, both halves.
ALIKE_TITLE = 0.6  # Jaccard overlap of title words; years and version numbers are left out, part numbers are not
ALIKE_TEXT = 0.70  # cosine of the two units, when the other is at least LIKELY times as probable an answer
LIKELY = 0.35
SAME_TEXT = 0.85  # cosine from which it need not be probable: the same sentence with another number
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_VERSION = re.compile(r"v?\d[\d.]*")


def find_conflict(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The best unit and what contradicts it, newest first; empty when nothing does."""
    if not evidence:
        return []
    best = evidence[0]
    rivals = {best.hit.passage.document_id: best}
    for unit in evidence[1:]:
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


def _contradicts(best: Evidence, other: Evidence) -> bool:
    one, two = best.hit.passage, other.hit.passage
    likely = other.probability >= LIKELY * best.probability
    if float(best.vector @ other.vector) < (ALIKE_TEXT if likely else SAME_TEXT):
        return False
    if one.modified_at[:10] == two.modified_at[:10]:
        return False
    rows = bool(one.header and two.header)
    if rows and best.text.split(" | ")[0].lower() != other.text.split(" | ")[0].lower():
        return False
    titles = _words(one.title), _words(two.title)
    overlap = len(titles[0] & titles[1]) / max(1, len(titles[0] | titles[1]))
    return overlap >= ALIKE_TITLE and set(_NUMBER.findall(best.text)) != set(_NUMBER.findall(other.text))


def _words(title: str) -> set[str]:
    return {word for word in terms(title) if not _VERSION.fullmatch(word)}
