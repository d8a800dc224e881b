"""Documents into passages along their structure, with exact offsets.

A passage never crosses a section unless the sections are tiny, never cuts a sentence or a table row that fits, and is
never longer, context included, than the encoder reads. Text is cut only where a unit (sentence, row, code line) ends;
a unit longer than the budget is cut between words. Passages do not overlap: a neighbour can be fetched, a duplicate
cannot be un-ranked. Sizes were chosen with ``benchmarks/chunking.py`` (numbers in EXPERIMENTS.md).
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from citewell.records import Block, Document, Passage, Place, Span, content_id, stated_title
from citewell.sentences import sentence_spans, stripped
from citewell.settings import ChunkingSettings

CHUNKER_VERSION = "3"
"""Part of what a stored collection records; it changes when the same document would give other passages."""

_CODE_LINE = re.compile(r"^[^\S\n]*\S(?:.*\S)?", re.MULTILINE)
_LONGEST_TOKEN = 200  # characters; a longer one counts as several, so that no passage is megabytes long
SPECIAL_TOKENS = 4  # what an encoder adds around text, and a margin for the line break after the context


class Tokens(Protocol):
    """The part of an encoder that chunking needs."""

    max_tokens: int

    def token_spans(self, text: str) -> list[Span]: ...


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring units that share their context.

    units: spans in order. opens: which units begin a block. leads: spans of the headings right before the first unit.
    """

    heading_path: tuple[str, ...]
    header: str
    units: tuple[Span, ...]
    opens: frozenset[int]
    leads: tuple[Span, ...] = ()

    @property
    def span(self) -> Span:
        return self.units[0][0], self.units[-1][1]


class _Ruler:
    """Counts the tokens of any span of one text after tokenising it once."""

    def __init__(self, text: str, tokens: Tokens) -> None:
        self._starts = array("l")
        for first, last in _stretches(text):
            for start, end in tokens.token_spans(text[first:last]):
                # A word no one wrote, of a million letters, is one token.
                places = range(first + start, first + end, _LONGEST_TOKEN) if end - start > _LONGEST_TOKEN else None
                self._starts.extend(places or (first + start,))

    def __call__(self, span: Span) -> int:
        return bisect_left(self._starts, span[1]) - bisect_left(self._starts, span[0])

    def windows(self, text: str, span: Span, size: int) -> list[Span]:
        """``span`` cut every ``size`` tokens at most, at the last white space when there is one."""
        pieces = []
        start, end = span
        while self((start, end)) > size:
            first = bisect_left(self._starts, start)
            cut = self._starts[first + size]
            blank = max(text.rfind(character, start + 1, cut) for character in " \n\t")
            cut = blank if blank > start + (cut - start) // 2 else cut
            pieces.append(stripped(text, (start, cut)))
            start = stripped(text, (cut, end))[0]
        pieces.append((start, end))
        return [piece for piece in pieces if piece[0] < piece[1]]


def _stretches(text: str) -> Iterator[Span]:
    """``text`` cut after line breaks into a million characters at most: tokens of a whole long text are gigabytes."""
    start = 0
    while start < len(text):
        end = min(len(text), start + 1_000_000)
        if end < len(text) and (line := text.rfind("\n", start, end)) >= start:
            end = line + 1
        yield start, end
        start = end


def chunk(document: Document, tokens: Tokens, settings: ChunkingSettings) -> list[Passage]:
    """The passages of ``document`` in reading order; ``document.text[a:b] == passage.text`` for each span."""
    ruler = _Ruler(document.text, tokens)
    limit = min(settings.max_tokens, tokens.max_tokens) - SPECIAL_TOKENS
    title = stated_title(document.title, document.uri)  # the encoder reads no file name: renaming cuts nothing anew
    runs = _merge_small(document.text, _runs(document), ruler, settings.min_tokens, limit - settings.context_tokens)
    occurrences: dict[str, int] = {}
    passages = []
    for run in runs:
        context = _fit_context(title, run, tokens, settings.context_tokens)
        budget = limit - len(tokens.token_spans(_context_line(title, context)))
        for span in _pack(document.text, run, ruler, budget):
            text = document.text[span[0] : span[1]]
            occurrences[text] = occurrences.get(text, -1) + 1
            passages.append(_passage(document, context, span, occurrences[text]))
    return with_places(passages, document.blocks)


def _passage(document: Document, context: _Run, span: Span, occurrence: int) -> Passage:
    text = document.text[span[0] : span[1]]
    return Passage(
        id=content_id(document.id, text, str(occurrence)),
        document_id=document.id,
        document_version=document.version,
        source_id=document.source_id,
        uri=document.uri,
        title=document.title,
        text=text,
        span=span,
        heading_path=context.heading_path,
        header=context.header,
        readers=document.readers,
        language=document.language,
        modified_at=document.modified_at,
        media_type=document.media_type,
        metadata=document.metadata,
    )


def _runs(document: Document) -> list[_Run]:
    """Blocks as runs of units with one context each.

    A heading is the context of what stands below it, not text; one with nothing below it is a run of its own.
    """
    runs: list[_Run] = []
    units: list[Span] = []  # of the last run, and which of them begin a block: it may have a hundred thousand
    opens: list[int] = []
    headings: list[Block] = []
    for block in document.blocks:
        if block.kind in {"heading", "title"}:
            headings.append(block)
        elif block.kind != "table_header" and (found := _units(document, block)):
            leads, alone = _split_headings(document, headings, block.heading_path)
            headings = []
            last = runs[-1] if runs else None
            if not last or alone or (last.heading_path, last.header) != (block.heading_path, block.header):
                _close(runs, units, opens)
                runs += [*alone, _Run(block.heading_path, block.header, (), frozenset(), leads)]
                units, opens = [], []
            opens.append(len(units))
            units += found
    _close(runs, units, opens)
    runs.extend(_split_headings(document, headings, ())[1])
    return runs or _header_only(document)


def _close(runs: list[_Run], units: list[Span], opens: list[int]) -> None:
    """Give the last run what was gathered for it."""
    if units:
        runs[-1] = replace(runs[-1], units=tuple(units), opens=frozenset(opens))


def _split_headings(
    document: Document, headings: list[Block], path: tuple[str, ...]
) -> tuple[tuple[Span, ...], list[_Run]]:
    """Pending headings as those the next block stands under (their spans) and those with nothing below (as runs)."""
    leads, alone = [], []
    for heading in headings:
        text = document.text[heading.span[0] : heading.span[1]]
        if text in path:
            leads.append(heading.span)
        elif text != document.title or len(document.blocks) == 1:
            alone.append(_Run((), "", (heading.span,), frozenset({0})))
    return tuple(leads), alone


def _header_only(document: Document) -> list[_Run]:
    """A table with a header and no rows still says something."""
    headers = [block.span for block in document.blocks if block.kind == "table_header"]
    return [_Run((), "", (span,), frozenset({0})) for span in headers]


def _units(document: Document, block: Block) -> list[Span]:
    """The smallest stretches of a block that are never cut when they fit: sentences, rows, code lines."""
    start, end = block.span
    text = document.text[start:end]
    if block.kind in {"paragraph", "list_item", "quote", "caption"}:
        return [(start + a, start + b) for a, b in sentence_spans(text, document.language)]
    if block.kind == "code":
        return [(start + match.start(), start + match.end()) for match in _CODE_LINE.finditer(text)]
    return [block.span]


def _merge_small(text: str, runs: list[_Run], ruler: _Ruler, smallest: int, budget: int) -> list[_Run]:
    """Neighbouring runs joined while one of them is shorter than ``smallest`` tokens and both fit in ``budget``.

    The joined run keeps the headings both stand under; the others become part of its text.
    """
    merged: list[_Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last and not last.header and not run.header:
            shared = _common(last.heading_path, run.heading_path)
            before = [lead for lead in last.leads if text[lead[0] : lead[1]] not in shared]
            units = (*before, *last.units, *run.leads, *run.units)
            small = min(ruler(last.span), ruler(run.span)) < smallest
            if small and ruler((units[0][0], units[-1][1])) <= budget:
                opens = frozenset({0, len(before) + len(last.units)})
                leads = tuple(lead for lead in last.leads if lead not in before)
                merged[-1] = _Run(shared, "", units, opens, leads)
                continue
        merged.append(run)
    return merged


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]


def _context_line(title: str, run: _Run) -> str:
    return " > ".join((title, *run.heading_path, run.header))


def _fit_context(title: str, run: _Run, tokens: Tokens, allowed: int) -> _Run:
    """``run`` with outer headings dropped, then its table header shortened, until its context line fits.

    A title alone may exceed ``allowed``; the budget for text shrinks by as much.
    """
    while run.heading_path and len(tokens.token_spans(_context_line(title, run))) > allowed:
        run = replace(run, heading_path=run.heading_path[1:])
    spans = tokens.token_spans(run.header)
    room = max(allowed - len(tokens.token_spans(title)), allowed // 2)
    if len(spans) > room:
        run = replace(run, header=run.header[: spans[room][0]].rstrip(" |"))
    return run


def _pack(text: str, run: _Run, ruler: _Ruler, budget: int) -> list[Span]:
    """The run's blocks packed in order into passages within ``budget``; a block that fits is never cut.

    A longer block is cut between its units into pieces of about equal size, so that none is a leftover of one sentence.
    """
    budget = max(budget, 16)
    bounds = [*sorted(run.opens), len(run.units)]
    spans: list[Span] = []
    for first, last in pairwise(bounds):
        units = run.units[first:last]
        block = (units[0][0], units[-1][1])
        if ruler(block) > budget:
            spans.extend(_cut(text, units, ruler, budget))
        elif spans and ruler((spans[-1][0], block[1])) <= budget:
            spans[-1] = (spans[-1][0], block[1])
        else:
            spans.append(block)
    return spans


def _cut(text: str, units: Sequence[Span], ruler: _Ruler, budget: int) -> list[Span]:
    """One long block as pieces of about equal size, cut between units; a unit over ``budget`` is cut between words."""
    small = [piece for unit in units for piece in ruler.windows(text, unit, budget)]
    target = ruler((units[0][0], units[-1][1])) / math.ceil(ruler((units[0][0], units[-1][1])) / budget)
    spans = [small[0]]
    for unit in small[1:]:
        grown = (spans[-1][0], unit[1])
        if ruler(grown) <= min(budget, 1.15 * target):
            spans[-1] = grown
        else:
            spans.append(unit)
    return spans


def with_places(passages: list[Passage], blocks: Sequence[Block]) -> list[Passage]:
    """The passages with the locators of the blocks, or table cells, that they touch. Both lists are in text order."""
    placed = []
    first = 0
    for passage in passages:
        start, end = passage.span
        while first < len(blocks) and blocks[first].span[1] <= start:
            first += 1
        places: list[Place] = []
        number = first
        while number < len(blocks) and blocks[number].span[0] < end:
            places += _touched(blocks[number], start, end)
            number += 1
        placed.append(replace(passage, places=tuple(places)))
    return placed


def _touched(block: Block, start: int, end: int) -> Sequence[Place]:
    """The block's cells between ``start`` and ``end``, or itself; by halving: a row may have a million."""
    if not block.cells:
        return (Place(block.span, block.locator),)
    first = bisect_right(block.cells, start, key=lambda cell: cell.span[1])
    return block.cells[first : bisect_left(block.cells, end, key=lambda cell: cell.span[0])]
