"""Ranking metrics of an answer's hits at three levels: passages, pages, documents.

A hit stands for all places of its text: a hit one of whose copies is relevant counts as relevant, once, and the other
relevant copies it shows are not asked for again. A page or document counts at its best rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from citewell.evaluation.anchoring import passage_pages
from citewell.evaluation.metrics.catalog import RANKING_CUTOFFS
from citewell.evaluation.metrics.ranking import ranking_metrics
from citewell.evaluation.questions import Gold
from citewell.records import Block, Document, Hit, Passage, Place, Span

_NOTHING = {"": 1}
"""Relevance when no passage holds a gold any more: what no ranking can hold is wanted, so all values are 0."""


def level_metrics(
    hits: Sequence[Hit],
    relevant: Mapping[str, int],
    golds: Sequence[Gold],
    document_of: Callable[[str], Document | None],
) -> dict[str, float]:
    """``{"passage nDCG@10": …, "document MRR@10": …}``; pages only where a gold has one.

    relevant: passage id → grade. golds: placed in today's documents.
    """
    documents = _best((gold.document, gold.grade) for gold in golds)
    pages = _best((f"{gold.document} {page}", gold.grade) for gold in golds if (page := page_of(gold, document_of)))
    found = _metrics("passage", hits, _passage, relevant) | _metrics("document", hits, _document, documents)
    return found | _metrics("page", hits, _pages, pages) if pages else found


def page_of(gold: Gold, document_of: Callable[[str], Document | None]) -> int | None:
    """The page or slide of a gold: as the set says, or the one that most of its characters stand on."""
    if gold.page is not None or gold.span is None:
        return gold.page
    document = document_of(gold.document)
    characters: dict[int, int] = {}
    for place in (place for block in document.blocks for place in _places(block)) if document else ():
        shared = _shared(place.span, gold.span)
        page = place.locator.page if place.locator.page is not None else place.locator.slide
        if page is not None and shared > 0:
            characters[page] = characters.get(page, 0) + shared
    return max(characters, key=lambda page: (characters[page], -page), default=None)


def ranked(
    hits: Sequence[Hit], units_of: Callable[[Passage], Sequence[str]], relevance: Mapping[str, int]
) -> tuple[list[str], dict[str, int]]:
    """The units the hits show, best first, each once, and what is relevant when copies count once.

    A hit counts as its best relevant unit that no better hit has shown, else as its own first one.
    """
    order: list[str] = []
    beside: set[str] = set()
    for hit in hits:
        units = list(dict.fromkeys(unit for each in (hit.passage, *hit.copies) for unit in units_of(each)))
        wanted = [unit for unit in units if relevance.get(unit, 0) > 0]
        fresh = sorted((unit for unit in wanted if unit not in order), key=lambda unit: -relevance[unit])
        if fresh:
            order.append(fresh[0])
            beside.update(fresh[1:])
        elif not wanted and units[0] not in order:
            order.append(units[0])
    return order, {unit: grade for unit, grade in relevance.items() if unit in order or unit not in beside}


def _metrics(
    level: str, hits: Sequence[Hit], units_of: Callable[[Passage], Sequence[str]], relevance: Mapping[str, int]
) -> dict[str, float]:
    order, wanted = ranked(hits, units_of, relevance)
    found = ranking_metrics(order, wanted or _NOTHING, RANKING_CUTOFFS)
    return {f"{level} {name}": value for name, value in found.items()}


def _passage(passage: Passage) -> Sequence[str]:
    return (passage.id,)


def _document(passage: Passage) -> Sequence[str]:
    return (passage.document_id,)


def _pages(passage: Passage) -> Sequence[str]:
    """The pages or slides a passage stands on; without any, its document as a whole."""
    return [f"{passage.document_id} {page}" for page in passage_pages(passage)] or [passage.document_id]


def _places(block: Block) -> Sequence[Place]:
    """The parts of a block that have places of their own, else the block."""
    return block.cells or (Place(block.span, block.locator),)


def _shared(one: Span, other: Span) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])


def _best(graded: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for unit, grade in graded:
        found[unit] = max(grade, found.get(unit, 0))
    return found
