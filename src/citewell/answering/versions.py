"""Newer versions of a cited document, found among the passages of the same search.

A person who gets an answer from the policy of 2023 wants to know that there is one of 2025, also where the two do not
contradict each other in numbers (that is :mod:`citewell.answering.conflicts`). Only what the search found for this
asker is looked at: nothing is said about documents they may not read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from citewell.answering.read import Evidence
from citewell.answering.words import terms
from citewell.duplicates import names_of
from citewell.records import Copy, Hit, Passage

ABOUT_THE_SAME = 0.25  # share of the shorter passage's terms in both, where their headings differ


def newer_version(unit: Evidence, hits: Sequence[Hit], shown: Collection[str]) -> Copy | None:
    """The newest version of the unit's document that is newer and speaks of the same thing.

    shown: documents the answer cites already, or that hold the quote as well; if one of them is the newest version,
    there is nothing to warn of.
    """
    cited = unit.hit.passage
    found = [passage for hit in hits for passage in (hit.passage, *hit.copies) if _newer(passage, cited)]
    newest = max(found, key=lambda passage: passage.modified_at, default=None)
    if newest is None or any(
        passage.document_id in shown and passage.modified_at[:10] == newest.modified_at[:10] for passage in found
    ):
        return None
    return Copy.of(newest)


def _newer(other: Passage, cited: Passage) -> bool:
    """Whether ``other`` is of a newer version of the cited document and about the same thing."""
    if other.document_id == cited.document_id or not cited.modified_at:
        return False
    if other.modified_at[:10] <= cited.modified_at[:10]:
        return False
    if not names_of(other.title, other.uri) & names_of(cited.title, cited.uri):
        return False
    if other.heading_path and cited.heading_path and other.heading_path[-1] == cited.heading_path[-1]:
        return True
    one, two = set(terms(other.text)), set(terms(cited.text))
    return len(one & two) >= ABOUT_THE_SAME * max(1, min(len(one), len(two)))
