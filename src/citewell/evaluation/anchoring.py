"""Finds golds in the documents of a collection: from a name and a quote to exact characters.

Everything is kept as characters of the document, never as passages, so that another chunking changes nothing but which
passages are relevant (:func:`relevant_passages`). Each document is read once, however many questions name it.

How a quote is matched is :mod:`citewell.evaluation.quotes`'s; which document a name means is
:mod:`citewell.evaluation.naming`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import IntegrityError
from citewell.evaluation.naming import DocumentNames
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.quotes import MATCHES, Match, Text
from citewell.evaluation.runs import GoldState
from citewell.records import Json, Locator, Passage, Span
from citewell.store import Store

if TYPE_CHECKING:
    from citewell.catalog import Item

KEPT_DOCUMENTS = 1000
"""Documents whose passages are kept in memory while relevant passages are looked for."""

MIN_SHOWN = 8
"""Characters a stretch needs to show a gold it lies wholly inside of: less is a word or two of it."""

CANDIDATES = 12
"""Passages the words of a quote without a document are looked for in, best first."""

PROBE_WORDS = 16
"""Of such a quote, as many words are asked of the index, the longest first: enough to tell a passage."""

_PROBE_CHARACTERS = 600  # of the quote, which may be longer than any passage
_LOOKED_UP = 4096  # passages read at once; of all, only their documents' ids are kept
_THREADS = 4  # searches at once; the index works outside of Python

_WORD = re.compile(r"\w+")

_BEST: tuple[GoldState, ...] = ("anchored", "moved", "stale", "unplaced", "missing")
"""A question with several golds stands as its best one does: any of them is enough to be right."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A question with its golds placed: ``span``, ``document_version``, and the document's id in ``document``.

    Golds that could not be placed (:func:`is_placed`) keep all that can be found again: their words without a span, or
    the span of a gold without words. The question is measured by its others.
    reasons: what was noticed, one sentence each: what is lost and why, and what was chosen among several places.
    """

    question: Question
    state: GoldState
    reasons: tuple[str, ...] = ()


def covers(span: Span, gold_span: Span) -> bool:
    """Whether a stretch shows a gold: at least half of the gold's characters lie inside, or it lies wholly inside the
    gold and is no mere word of it."""
    shared = min(span[1], gold_span[1]) - max(span[0], gold_span[0])
    if shared <= 0:
        return False
    inside = gold_span[0] <= span[0] and span[1] <= gold_span[1]
    return 2 * shared >= gold_span[1] - gold_span[0] or (inside and shared >= MIN_SHOWN)


def is_placed(gold: Gold) -> bool:
    """Whether :func:`anchor` found where the gold stands today: words with their span, or neither, for a page or a
    whole document.

    Words without a span are not in the document. A span without words is one that can no longer be believed: taken for
    a whole document, it would be shown by any passage or citation of it.
    """
    return bool(gold.document and gold.document_version) and bool(gold.quote) == (gold.span is not None)


# -- golds to characters -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """One gold on its way. named: the documents it may stand in, best first; one, unless it has only words."""

    gold: Gold
    named: list[Item] = field(default_factory=list)
    found: dict[str, _Placing] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Placing:
    """What one document has of a gold. how: whether its words stand there to the letter."""

    gold: Gold
    state: GoldState
    how: Match = "exact"
    reason: str = ""


def anchor(questions: Sequence[Question], store: Store, scope: Scope) -> list[Anchored]:
    """Each question with its golds placed in the documents that ``scope`` sees; what it hides counts as absent."""
    names = DocumentNames([item for item in store.catalog.items(scope) if item.is_document])
    golds = [gold for question in questions for gold in question.golds]
    candidates = _candidates([gold.quote for gold in golds if gold.quote and not gold.document], store, scope)
    works = [[_work(gold, names, candidates) for gold in question.golds] for question in questions]
    waiting: dict[str, list[_Work]] = {}
    for work in (work for group in works for work in group):
        for item in work.named:
            waiting.setdefault(item.document_id, []).append(work)
    for document_id in sorted(waiting):
        _place_all(names.by_id[document_id], waiting[document_id], store)
    return [_anchored(question, group) for question, group in zip(questions, works, strict=True)]


def _work(gold: Gold, names: DocumentNames, candidates: Mapping[str, Sequence[str]]) -> _Work:
    if gold.document:
        found, reason = names.find(gold)
        return _Work(gold, found, reason=reason)
    if not gold.quote:
        return _Work(gold, reason="The gold names neither a document nor words.")
    return _Work(gold, [names.by_id[each] for each in candidates[gold.quote] if each in names.by_id])


def _candidates(quotes: Iterable[str], store: Store, scope: Scope) -> dict[str, list[str]]:
    """Quote → ids of documents that may hold it, best first: those whose passages share most with it."""
    wanted = list(dict.fromkeys(quotes))
    if not wanted:
        return {}
    index = store.index.snapshot()  # passages looked up below are those that were ranked
    with ThreadPoolExecutor(_THREADS) as pool:
        rankings = list(pool.map(lambda quote: index.rank_lexical(_probe(quote), CANDIDATES, scope), wanted))
    ids = sorted({each for ranking in rankings for each in ranking.ids})
    document_of = {
        passage.id: passage.document_id
        for start in range(0, len(ids), _LOOKED_UP) for passage in index.get(ids[start : start + _LOOKED_UP], scope)
    }  # fmt: skip
    return {
        quote: list(dict.fromkeys(document_of[each] for each in ranking.ids if each in document_of))
        for quote, ranking in zip(wanted, rankings, strict=True)
    }


def _probe(quote: str) -> str:
    words = dict.fromkeys(_WORD.findall(quote[:_PROBE_CHARACTERS]))
    return " ".join(sorted(words, key=lambda word: -len(word))[:PROBE_WORDS])


def _place_all(item: Item, works: Iterable[_Work], store: Store) -> None:
    try:
        parsed = store.blobs.get(item.version)
    except IntegrityError:
        parsed = None
    if parsed is None:
        for work in works:
            work.reason = f"The stored text of {item.uri} is missing or damaged. Read it again with:  citewell sync"
        return
    text = Text(str(parsed["text"]))
    for work in works:
        work.found[item.document_id] = _place(work.gold, item, text, parsed)


def _place(gold: Gold, item: Item, text: Text, parsed: Json) -> _Placing:
    """One gold in one document."""
    named = gold.name or (gold.document if gold.document != item.document_id else item.uri)
    here = replace(gold, document=item.document_id, name=named, document_version=item.version)
    renamed = bool(gold.document_version) and gold.document not in {item.document_id, ""}
    if not gold.quote:
        return _place_without_words(gold, here, item, text, parsed, renamed=renamed)
    if gold.span is not None and text.same(gold.span, gold.quote):
        return _Placing(here, "moved" if renamed else "anchored", reason=_renamed(item) if renamed else "")
    found = text.find(gold.quote)
    if not found.spans:
        state: GoldState = "stale" if gold.document_version and gold.document_version != item.version else "unplaced"
        why = "the document changed and they are gone" if state == "stale" else "the words are not there"
        return _Placing(_lost(gold), state, reason=f"'{_short(gold.quote)}' in {item.uri}: {why}.")
    span, note = _choose(found.spans, gold, parsed)
    note = f"'{_short(gold.quote)}' in {item.uri}: {note}." if note else ""
    if found.how == "words":
        note = (
            f"'{_short(gold.quote)}' in {item.uri}: only its words stand there in this order, with other marks between."
        )
    moved = gold.span is not None and bool(gold.document_version) and span != gold.span
    return _Placing(replace(here, span=span), "moved" if moved or renamed else "anchored", found.how, note)


def _place_without_words(gold: Gold, here: Gold, item: Item, text: Text, parsed: Json, *, renamed: bool) -> _Placing:
    """A gold that is a span, a page or a whole document."""
    state: GoldState = "moved" if renamed else "anchored"
    if gold.span is not None:
        changed = bool(gold.document_version) and gold.document_version != item.version
        words = text.text[gold.span[0] : gold.span[1]].strip()
        if changed or not words or gold.span[1] > len(text.text):
            why = "the document changed and the set does not say which words" if changed else "it is that short"
            reason = f"{item.uri} at {gold.span[0]}-{gold.span[1]}: {why}."
            return _Placing(gold, "stale" if changed else "unplaced", reason=reason)
        return _Placing(replace(here, quote=words, span=text.strip(gold.span)), state)
    pages = _pages(parsed) if gold.page is not None else set()
    if gold.page is not None and pages and gold.page not in pages:
        reason = f"{item.uri} has no page {gold.page}; its pages are {min(pages)} to {max(pages)}."
        return _Placing(gold, "unplaced", reason=reason)
    return _Placing(here, state)


def _choose(spans: Sequence[Span], gold: Gold, parsed: Json) -> tuple[Span, str]:
    """The place that is meant when words stand in several: the nearest to where they were, else on the stated page,
    else the first; and what a reader should know about the choice."""
    if gold.span is not None:
        start = gold.span[0]
        return min(spans, key=lambda span: (abs(span[0] - start), span)), ""
    if gold.page is not None:
        if here := [span for span in spans if gold.page in _pages_of(parsed, span)]:
            note = f"stands {len(here)} times on page {gold.page}; the first was taken" if len(here) > 1 else ""
            return here[0], note
        if pages := sorted(_pages_of(parsed, spans[0])):
            return spans[0], f"stands on page {pages[0]}, not {gold.page}"
    return spans[0], f"stands there {len(spans)} times; the first was taken" if len(spans) > 1 else ""


def _anchored(question: Question, works: Sequence[_Work]) -> Anchored:
    if not works:
        return Anchored(question, "none")
    placings = [_best(work) for work in works]
    state = min((each.state for each in placings), key=_BEST.index)
    reasons = tuple(dict.fromkeys(each.reason for each in placings if each.reason))
    return Anchored(replace(question, golds=tuple(each.gold for each in placings)), state, reasons)


def _best(work: _Work) -> _Placing:
    """Where a gold stands: of several documents the first that holds it to the letter, else loosely."""
    placed = [work.found[item.document_id] for item in work.named if item.document_id in work.found]
    held = [each for each in placed if each.state in {"anchored", "moved"}]
    if held:
        best = min(held, key=lambda each: MATCHES.index(each.how))
        if len(held) > 1:
            also = f"'{_short(work.gold.quote)}' also stands in {len(held) - 1} other documents; one was taken."
            return replace(best, reason=" ".join(part for part in (best.reason, also) if part))
        return best
    lost = _lost(work.gold)
    if work.gold.document and placed:
        return placed[0]
    if work.gold.quote and not work.gold.document:
        return _Placing(lost, "unplaced", reason=work.reason or f"No document holds '{_short(work.gold.quote)}'.")
    return _Placing(lost, "missing" if work.gold.document else "unplaced", reason=work.reason)


def _lost(gold: Gold) -> Gold:
    """A gold that was not placed. Words are found again by themselves; a span is all that a gold without words has."""
    return replace(gold, span=None) if gold.quote else gold


def _renamed(item: Item) -> str:
    return f"The document is now {item.uri}."


def _short(words: str) -> str:
    plain = " ".join(words.split())
    return plain if len(plain) <= 60 else f"{plain[:57]}…"


# -- pages -------------------------------------------------------------------------------------------------------------


def _pages(parsed: Json) -> set[int]:
    return {page for block in parsed["blocks"] for _, page in _places(block)}


def _pages_of(parsed: Json, span: Span) -> set[int]:
    """The pages (or slides) a stretch stands on."""
    blocks = (block for block in parsed["blocks"] if block["span"][0] < span[1] and span[0] < block["span"][1])
    return {page for block in blocks for place, page in _places(block) if place[0] < span[1] and span[0] < place[1]}


def _places(block: Json) -> list[tuple[Span, int]]:
    """Each part of a block that has a page: the block, or where it goes on over pages, its parts."""
    parts = [part for part in block.get("cells", ()) if _page(part["locator"]) is not None]
    return [
        ((part["span"][0], part["span"][1]), page)
        for part in parts or [block] if (page := _page(part["locator"])) is not None
    ]  # fmt: skip


def _page(locator: Json) -> int | None:
    page = locator.get("page", locator.get("slide"))
    return int(page) if page is not None else None


# -- characters to passages --------------------------------------------------------------------------------------------


class PassagesByDocument:
    """The visible passages of documents, for whoever asks about many questions: the last few documents are kept."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._index, self._scope = store.index, scope
        self._known: dict[str, list[Passage]] = {}

    def of(self, document_id: str) -> list[Passage]:
        if document_id not in self._known:
            if len(self._known) >= KEPT_DOCUMENTS:
                self._known.clear()
            self._known[document_id] = self._index.of_document(document_id, self._scope)
        return self._known[document_id]


def relevant_passages(
    golds: Sequence[Gold], store: Store, scope: Scope, passages: PassagesByDocument | None = None
) -> dict[str, int]:
    """Passage id → grade of every indexed passage that shows one of the golds, which :func:`anchor` has placed.

    A gold without words is all passages of its page or its document. One that was not placed has none. passages: what
    was read for other questions.
    """
    passages = passages or PassagesByDocument(store, scope)
    found: dict[str, int] = {}
    for gold in golds:
        for passage in passages.of(gold.document) if is_placed(gold) else ():
            if _shows(passage, gold):
                found[passage.id] = max(gold.grade, found.get(passage.id, gold.grade))
    return found


def _shows(passage: Passage, gold: Gold) -> bool:
    if gold.span is not None:
        return covers(passage.span, gold.span)
    return gold.page is None or gold.page in set(passage_pages(passage))


def passage_pages(passage: Passage) -> tuple[int, ...]:
    """The pages or slides a passage stands on, in order."""
    return tuple(sorted({page for place in passage.places if (page := _number(place.locator)) is not None}))


def _number(locator: Locator) -> int | None:
    return locator.page if locator.page is not None else locator.slide


def states(anchored: Iterable[Anchored]) -> Mapping[GoldState, int]:
    """How many questions stand how."""
    counts: dict[GoldState, int] = {}
    for each in anchored:
        counts[each.state] = counts.get(each.state, 0) + 1
    return counts
