"""Where the gold of a question stands today: its file, its document, its text, its passages, its readers.

Read with the rights of whoever diagnoses, which may be more than those of whoever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.evaluation.anchoring import covers, is_placed
from citewell.evaluation.diagnosis.traces import Trace, at, holds, trace
from citewell.evaluation.naming import DocumentNames
from citewell.evaluation.questions import Gold
from citewell.evaluation.quotes import Text
from citewell.records import Block, Document, Passage

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.store import Store

_PROBE, _LOOKED_AT = 400, 12
"""Characters of a quote that are looked for in other documents, and passages whose documents are compared with it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One gold. item: its file; ``None`` when no file is called so. trace: its quote in the document's text. parts:
    the passages that touch it, in order; of a gold without words or page, all passages of its document.
    """

    gold: Gold
    item: Item | None = None
    document: Document | None = None
    trace: Trace | None = None
    parts: tuple[Passage, ...] = ()

    @property
    def in_text(self) -> bool:
        return self.document is not None and (is_placed(self.gold) if self.trace is None else self.trace.kind == "same")

    @property
    def whole(self) -> tuple[Passage, ...]:
        """Passages that hold all of the gold."""
        span = self.gold.span
        if span is None:
            return self.parts
        return tuple(each for each in self.parts if each.span[0] <= span[0] and span[1] <= each.span[1])

    @property
    def shown_by(self) -> tuple[Passage, ...]:
        """Passages that hold enough of the gold to count as showing it."""
        span = self.gold.span
        return self.parts if span is None else tuple(each for each in self.parts if covers(each.span, span))


class Library:
    """The documents of a collection, by what a set calls them. Documents are read once and kept while they are few."""

    _KEPT = 64

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store, self._scope = store, scope
        items = store.catalog.items(scope)
        self._by_id = {item.document_id: item for item in items}
        self._names = DocumentNames([item for item in items if item.is_document])
        self._problems = DocumentNames([item for item in items if not item.is_document])
        self._documents: dict[str, Document] = {}

    def items(self, gold: Gold) -> list[Item]:
        """The files a gold may mean, usually one: documents, or else files that could not be read or were left out."""
        return self._names.find(gold)[0] or self._problems.find(gold)[0]

    def document(self, document_id: str) -> Document | None:
        """What is stored of a document; ``None`` when there is none, or it is not for these eyes."""
        if document_id in self._documents:
            return self._documents[document_id]
        item = self._by_id.get(document_id)
        found = self._store.document(item) if item is not None and item.is_document else None
        if found is None:
            return None
        if len(self._documents) >= self._KEPT:
            del self._documents[next(iter(self._documents))]
        self._documents[document_id] = found
        return found

    def elsewhere(self, quote: str, but: str) -> Document | None:
        """Another document that says ``quote`` word for word, among those the full-text search finds with its words."""
        hits = self._store.index.lexical(quote[:_PROBE], _LOOKED_AT, self._scope)
        for document_id in dict.fromkeys(hit.passage.document_id for hit in hits):
            document = self.document(document_id) if document_id != but else None
            if document is not None and holds(document.text, quote):
                return document
        return None

    def standing(self, gold: Gold) -> Standing:
        """What is known of ``gold``; of several files it may mean, in the first that says it."""
        items = self.items(gold) if gold.document or gold.name else []
        found = [self._standing(gold, item) for item in items]
        return next((each for each in found if each.in_text), found[0] if found else Standing(gold))

    def _standing(self, gold: Gold, item: Item) -> Standing:
        document = self.document(item.document_id)
        if document is None:
            return Standing(gold, item)
        gold, found = _placed(gold, document)
        parts = self._store.index.of_document(item.document_id, self._scope)
        return Standing(gold, item, document, found, tuple(_touching(parts, gold, document)))


def _placed(gold: Gold, document: Document) -> tuple[Gold, Trace | None]:
    """The gold with its span in the document of today."""
    gold = replace(gold, document=document.id, document_version=document.version)
    if not gold.quote:
        return gold, None
    if gold.span is not None and Text(document.text).same(gold.span, gold.quote):
        return gold, at(gold.quote, document.text, gold.span)
    found = trace(gold.quote, document.text)
    return replace(gold, span=found.span if found.kind == "same" else None), found


def _touching(passages: Sequence[Passage], gold: Gold, document: Document) -> list[Passage]:
    if not is_placed(gold):
        return []
    if gold.span is not None:
        start, end = gold.span
        return [each for each in passages if each.span[0] < end and start < each.span[1]]
    if gold.page is not None:
        spans = [block.span for block in document.blocks if gold.page in _pages(block)]
        return [each for each in passages if any(each.span[0] < b and a < each.span[1] for a, b in spans)]
    return list(passages)


def _pages(block: Block) -> set[int | None]:
    return {block.locator.page, *(place.locator.page for place in block.cells)}
