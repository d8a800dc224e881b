"""The one place that writes a document's text: readers hand it pieces in reading order, it cleans and counts them.

Blocks are separated by an empty line, rows of one table and items of one list by a newline. Text is cleaned before it
is counted, so a span always cuts exactly the block's characters out of the finished text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace

from citewell.cleaning import clean, clean_code, clean_line
from citewell.errors import ParseError
from citewell.parsing.parsed import Member, Parsed
from citewell.records import Block, BlockKind, Hidden, Json, Locator, Place

MAX_CHARACTERS = 20_000_000
"""About 40 books. More is a data dump, which no one reads and which would fill the memory of whoever indexes it."""

MAX_PLACES = 500_000
"""Blocks and table cells of one file. Each costs whoever receives them about a kilobyte until they are indexed: a row
of a million commas must not fill the memory."""

MAX_HIDDEN_CHARACTERS = 100_000
"""Hidden text beyond this is counted, not kept."""

MAX_AGAIN = 200
"""Characters of a cell that is written again in every row it spans: a label, such as a year. A paragraph beside ten
rows would only fill the index with itself."""

MAX_AGAIN_IN_ALL = 2_000_000
"""Characters written again in one file: a few bytes may claim a thousand rows."""

Cell = tuple[str, Locator]
"""A table cell's raw text and where it stands."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How much a document holds."""

    blocks: int
    parts: int
    hidden: int
    notes: int
    length: int
    places: int
    hidden_length: int
    sections: tuple[tuple[int, str], ...]


class Builder:
    """Collects one document. Readers set the public fields as they learn them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = ""
        self.media_type = "text/plain"
        self.modified_at = ""
        self.language: str | None = None  # None: find out from the text
        self.metadata: Json = {}
        self.notes: list[str] = []
        self.members: list[Member] = []
        self._hidden: list[Hidden] = []
        self._hidden_length = 0
        self._places = 0
        self._again = 0
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._sections: list[tuple[int, str]] = []  # level and text of the open headings

    @property
    def blocks(self) -> list[Block]:
        return self._blocks

    @property
    def path(self) -> tuple[str, ...]:
        """The headings the next block stands under, outermost first."""
        return tuple(text for _, text in self._sections)

    def add(
        self, kind: BlockKind, text: str, locator: Locator, *, level: int = 0, path: tuple[str, ...] | None = None
    ) -> None:
        """Append one block; text without visible characters is left out. path: default the open headings."""
        text = _clean_code_block(text) if kind == "code" else clean(text)
        if not text:
            return
        tight = kind == "list_item" and bool(self._blocks) and self._blocks[-1].kind == "list_item"
        span = self._append(text, "\n" if tight else "\n\n")
        self._blocks.append(Block(kind, span, locator, self.path if path is None else path, level=level))

    def heading(self, text: str, level: int, locator: Locator) -> None:
        """Append a heading and open its section; deeper and equal sections end."""
        text = clean_line(text)
        if not text:
            return
        self.close_sections(level)
        self.add("heading", text, locator, level=level)
        self._sections.append((level, text))

    def close_sections(self, level: int) -> None:
        """End the sections of this level and deeper."""
        while self._sections and self._sections[-1][0] >= level:
            self._sections.pop()

    def table(self, header: str = "") -> Table:
        """A new table. header: of a table that goes on from before, its header row's text."""
        return Table(self, header)

    def add_row(self, kind: BlockKind, cells: Iterable[Cell], locator: Locator, header: str, *, tight: bool) -> str:
        """Append one row; see :class:`Table`. Returns its text."""
        pieces: list[str] = []
        found: list[tuple[int, int, Locator]] = []
        length = 0
        pending = ""
        for number, (raw, place) in enumerate(cells):
            if number:
                pending += " | " if length and not pending else "| "
            if not (text := clean_line(raw)):
                continue
            pieces += (pending, text)
            length += len(pending)
            found.append((length, length + len(text), place))
            length += len(text)
            pending = ""
        if not found:
            return ""
        self._places += len(found)
        text = "".join(pieces)
        start, end = self._append(text, "\n" if tight else "\n\n")
        places = tuple(Place((start + a, start + b), place) for a, b, place in found)
        self._blocks.append(Block(kind, (start, end), locator, self.path, cells=places, header=header))
        return text

    def again(self, cell: Cell) -> Cell:
        """A cell in a row below that it spans: its text once more, so that the row can be understood alone, with the
        place where it stands. Empty where repeating it would do more harm than good."""
        text, place = cell
        if len(text) > MAX_AGAIN or self._again > MAX_AGAIN_IN_ALL:
            return "", place
        self._again += len(text)
        return cell

    def hide(self, text: str, reason: str, locator: Locator) -> None:
        """Keep text apart that the file does not show. reason: how it is hidden, such as ``white on white``."""
        if text := clean(text):
            kept = text[: max(0, MAX_HIDDEN_CHARACTERS - self._hidden_length)]
            self._hidden_length += len(text)
            if kept:
                self._hidden.append(Hidden(kept, reason, locator))

    def drop_last(self) -> None:
        """Take back the last block."""
        block = self._blocks.pop()
        while self._length > block.span[0]:
            self._length -= len(self._parts.pop())
        if self._parts:  # the separator before it
            self._length -= len(self._parts.pop())
        if block.kind == "heading" and self._sections:
            self._sections.pop()

    def mark(self) -> Mark:
        """Where the document stands now, for :meth:`back_to`."""
        return Mark(
            len(self._blocks), len(self._parts), len(self._hidden), len(self.notes), self._length, self._places,
            self._hidden_length, tuple(self._sections),
        )  # fmt: skip

    def back_to(self, mark: Mark) -> None:
        """Take back all that was added since, to read a part another way."""
        del self._blocks[mark.blocks :], self._parts[mark.parts :]
        del self._hidden[mark.hidden :], self.notes[mark.notes :]
        self._length, self._places, self._hidden_length = mark.length, mark.places, mark.hidden_length
        self._sections = list(mark.sections)

    def said_since(self, mark: Mark) -> str:
        """The text that was added since."""
        return "".join(self._parts[mark.parts :])

    def relocate(self, start: int, part: str) -> None:
        """Give the blocks from number ``start`` on a locator that names ``part`` alone, because positions counted
        within a decoded part would not be found in the file."""
        for number in range(start, len(self._blocks)):
            block = self._blocks[number]
            cells = tuple(replace(cell, locator=Locator(part=part)) for cell in block.cells)
            self._blocks[number] = replace(block, locator=Locator(part=part), cells=cells)

    def finish(self) -> Parsed:
        """The document, or a :class:`ParseError` when nothing in it can be read."""
        self._note_hidden()
        if not self._blocks and not self.members:
            held = " that it shows" if self._hidden else ""
            raise ParseError("no_text", f"'{self.name}' was read, but holds no text{held}. Nothing to index.")
        return Parsed(
            title=(clean_line(self.title) or self._first_heading())[:300],
            media_type=self.media_type,
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            language=self._identify() if self.language is None else self.language,
            modified_at=self.modified_at,
            metadata=self.metadata,
            notes=tuple(self.notes),
            hidden=tuple(self._hidden),
            members=tuple(self.members),
        )

    def _note_hidden(self) -> None:
        if self._hidden:
            reasons = ", ".join(sorted({each.reason for each in self._hidden}))
            self.notes.append(
                f"{self._hidden_length:,} characters that the file does not show ({reasons}) were kept apart; they are "
                "not searched or quoted."
            )

    def _append(self, text: str, separator: str) -> tuple[int, int]:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self._places += 1
        if self._places > MAX_PLACES:
            raise ParseError(
                "too_large",
                f"'{self.name}' holds more than {MAX_PLACES:,} paragraphs and table cells. Split it, or load it into a "
                "database.",
            )
        if self._length > MAX_CHARACTERS:
            raise ParseError(
                "too_large",
                f"'{self.name}' holds more than {MAX_CHARACTERS:,} characters of text. Split it into smaller files.",
            )
        return start, self._length

    def _first_heading(self) -> str:
        text = "".join(self._parts[:8])
        first = next((b for b in self._blocks[:3] if b.kind in {"heading", "title"} and b.span[1] <= len(text)), None)
        return text[slice(*first.span)] if first else ""

    def _identify(self) -> str:
        from citewell.parsing.language import identify

        pieces: list[str] = []
        wanted = 3000
        for part in self._parts:
            pieces.append(part[:wanted])
            wanted -= len(part)
            if wanted <= 0:
                break
        return identify("".join(pieces))


class Table:
    """Rows of one table. Each row is one block, its cells joined with `` | ``; an empty cell keeps its position."""

    def __init__(self, builder: Builder, header: str) -> None:
        self._builder = builder
        self.header_text = header
        self._tight = False

    def header(self, cells: Iterable[Cell], locator: Locator) -> None:
        text = self._builder.add_row("table_header", cells, locator, "", tight=self._tight)
        if text:
            self.header_text, self._tight = text, True

    def row(self, cells: Iterable[Cell], locator: Locator) -> None:
        if self._builder.add_row("table_row", cells, locator, self.header_text, tight=self._tight):
            self._tight = True


def _clean_code_block(text: str) -> str:
    return textwrap.dedent(clean_code(text)).strip()
