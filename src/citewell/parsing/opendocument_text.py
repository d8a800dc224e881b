"""The body of OpenDocument files: paragraphs, headings, lists, tables and shapes → blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.numerals import column_letter
from citewell.parsing.opendocument_styles import (
    CHART,
    DC,
    DRAW,
    FO,
    OFFICE,
    PRESENTATION,
    TABLE,
    TEXT,
    XLINK,
    XML_ID,
    Counter,
    Look,
    Styles,
    whole,
)
from citewell.records import BlockKind, Locator

MAX_REPEATS = 1_000
"""Cells or rows of text that one element may stand for. Files state millions of empty ones at the end of a row."""

_Below = dict[int, tuple[int, Cell]]  # column → how many more rows a cell covers there, and that cell
_MATH = "{http://www.w3.org/1998/Math/MathML}"
_DESCENDED = frozenset(
    f"{TEXT}{name}"
    for name in (
        "section", "table-of-content", "illustration-index", "table-index", "object-index", "user-index",
        "alphabetical-index", "bibliography", "index-body", "index-title", "numbered-paragraph",
    )
)  # fmt: skip
_PASSED_OVER = frozenset(
    f"{space}{name}"
    for space, name in (
        (TEXT, "tracked-changes"), (TEXT, "note-citation"), (TEXT, "ruby-text"), (TEXT, "sequence-decls"),
        (TEXT, "variable-decls"), (TEXT, "user-field-decls"), (OFFICE, "forms"), (OFFICE, "event-listeners"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """kind: footnote, endnote or comment. label: its number or author."""

    kind: str
    label: str
    text: str


@dataclass
class _Line:
    """One paragraph's characters, and what was found between them."""

    shown: list[str] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    shapes: list[Any] = field(default_factory=list)
    gone: bool = False  # the whole paragraph is hidden


class Body:
    """Writes one document, or one slide. place: of blocks on a slide; elsewhere paragraphs are counted.

    unshown: why nothing of it is shown, empty when it is.
    """

    def __init__(
        self,
        out: Builder,
        styles: Styles,
        embedded: Callable[[str], Any],
        *,
        slide: int | None = None,
        unshown: str = "",
    ) -> None:
        self.out = out
        self.styles = styles
        self.embedded = embedded
        self.slide = slide
        self.place = Locator(slide=slide)
        self.unshown = unshown
        self.notes: list[Note] = []
        self.paragraphs = self.tables = self.charts = 0
        self.paper = styles.white_page and slide is None
        self._outline = Counter(styles.outline)
        self._lists: dict[str, Counter] = {}

    def blocks(self, parent: Any) -> None:
        for element in parent:
            if element.tag == f"{TEXT}h":
                self.paragraph(element, heading=True)
            elif element.tag == f"{TEXT}p":
                self.paragraph(element)
            elif element.tag == f"{TEXT}list":
                self.items(element, None, "", 1)
            elif element.tag == f"{TABLE}table":
                self.table(element)
            elif element.tag in _DESCENDED:
                self.section(element)
            elif element.tag.startswith(DRAW):
                self.shape(element)

    def section(self, element: Any) -> None:
        before = self.unshown
        if element.get(f"{TEXT}display") == "none" or element.get(f"{TEXT}is-hidden") == "true":
            self.unshown = before or "hidden section"
        self.blocks(element)
        self.unshown = before

    def put(self, kind: BlockKind, text: str, *, level: int = 0) -> None:
        """One block, or hidden text."""
        if self.slide is None and text.strip() and not self.unshown:
            self.paragraphs += 1
        place = self.place if self.slide else Locator(part=f"paragraph {max(1, self.paragraphs)}")
        if self.unshown:
            self.out.hide(text, self.unshown, place)
        elif kind == "heading":
            self.out.heading(text, level, place)
        else:
            if kind == "title":
                self.out.title = self.out.title or clean_line(text)[:300]
            self.out.add(kind, text, place, level=level)

    def paragraph(self, element: Any, *, heading: bool = False, item: tuple[int, str] | None = None) -> None:
        """item: level and number of a list item."""
        line = self.line(element)
        text = "".join(line.shown)
        style = element.get(f"{TEXT}style-name", "")
        names = self.styles.names(style)
        level = self.styles.outline_level(style) if not heading else whole(element.get(f"{TEXT}outline-level"), 1, 10)
        if level and text.strip() and self.slide is None:
            number = self._outline.next(level) if element.get(f"{TEXT}is-list-header") != "true" else ""
            self.put("heading", f"{number} {text}" if number else text, level=level)
        elif item is not None:
            self.put("list_item", f"{item[1]} {text}" if item[1] and text.strip() else text, level=item[0])
        elif "Title" in names:
            self.put("title", text)
        elif "Preformatted Text" in names:
            self.put("code", text)
        elif "Quotations" in names:
            self.put("quote", text, level=1)
        elif "Caption" in names:
            self.put("caption", text)
        else:
            self.put("paragraph", text)
        for words, reason in line.hidden:
            self.out.hide(words, self.unshown or reason, self.here())
        for shape in line.shapes:
            self.shape(shape)

    def here(self) -> Locator:
        return self.place if self.slide else Locator(part=f"paragraph {max(1, self.paragraphs)}")

    def title(self, shape: Any) -> None:
        """A slide's title, however many paragraphs it has."""
        self.put("heading", self.plain(shape), level=1)

    def items(self, element: Any, counter: Counter | None, style: str, level: int) -> None:
        style = element.get(f"{TEXT}style-name", style)
        if counter is None:
            counter = self._counter(element, style)
        for item in element:
            if item.tag not in {f"{TEXT}list-item", f"{TEXT}list-header"}:
                continue
            first = item.tag == f"{TEXT}list-item"
            for child in item:
                if child.tag == f"{TEXT}list":
                    own = child.get(f"{TEXT}style-name", style)
                    self.items(child, counter if own == style else None, style, min(level + 1, 10))
                elif child.tag in {f"{TEXT}p", f"{TEXT}h"}:
                    counted = self._own_list(child, style, counter)
                    number = counted.next(level, item.get(f"{TEXT}start-value")) if first else ""
                    first = False
                    self.paragraph(child, heading=child.tag == f"{TEXT}h", item=(level, number))
                else:
                    self.blocks([child])

    def _counter(self, element: Any, style: str) -> Counter:
        """The numbers of a list: its own, or those of the list it goes on from."""
        before = element.get(f"{TEXT}continue-list", "")
        if not before and element.get(f"{TEXT}continue-numbering") == "true":
            before = f"style {style}"
        counter = (self._lists.get(before) if before else None) or Counter(self.styles.lists.get(style))
        self._lists[f"style {style}"] = counter
        if identity := element.get(XML_ID, ""):
            self._lists[identity] = counter
        return counter

    def _own_list(self, paragraph: Any, style: str, counter: Counter) -> Counter:
        """The numbers that count for a paragraph: its style may belong to another list than the one it stands in."""
        own = self.styles.list_of(paragraph.get(f"{TEXT}style-name", ""))
        if not own or own == style or own not in self.styles.lists:
            return counter
        return self._lists.setdefault(f"style {own}", Counter(self.styles.lists[own]))

    def table(self, element: Any) -> None:
        rows = list(_rows(element))
        widest = max((sum(count for _, count in _cells(row)) for row, _ in rows), default=0)
        self.tables += 1
        if widest < 2 and self.slide is None:  # a frame around text, not a table
            for row, _ in rows:
                for cell, _ in _cells(row):
                    self.blocks(cell)
            return
        self._write_table(element, rows, f"table {self.tables}")

    def _write_table(self, element: Any, rows: list[tuple[Any, int]], part: str) -> None:
        table = self.out.table()
        number = 0
        below: _Below = {}
        paper, self.paper = self.paper, self.paper and element.get(f"{TABLE}template-name") is None
        for row, repeats in rows:
            for _ in range(repeats if number + repeats < MAX_REPEATS or repeats == 1 else 1):
                number += 1
                cells, width = self._row(row, part, number, below)
                last = column_letter(max(1, width))
                place = Locator(slide=self.slide, part=part, cells=f"A{number}:{last}{number}")
                filled = sum(1 for text, _ in cells if text.strip())
                if self.unshown:
                    self.out.hide(" | ".join(text for text, _ in cells if text.strip()), self.unshown, place)
                elif number == 1 and len(rows) > 1 and filled >= 2:
                    table.header(cells, place)
                else:
                    table.row(cells, place)
        self.paper = paper

    def _row(self, row: Any, part: str, number: int, below: _Below) -> tuple[list[Cell], int]:
        """The row's cells up to the last filled one, and how many columns it has."""
        cells: list[Cell] = []
        column = 0
        said = False
        for cell, repeats in _cells(row):
            covered = cell.tag == f"{TABLE}covered-table-cell"
            text = "" if covered or not len(cell) else self.cell(cell)
            said = said or bool(text)
            end = min(column + repeats, MAX_REPEATS)
            waiting = [position for position in range(column, end) if position in below] if covered else []
            for position in range(len(cells), end if text else max(waiting, default=-1) + 1):
                place = Locator(slide=self.slide, part=part, cells=f"{column_letter(position + 1)}{number}")
                again = self.out.again(below[position][1]) if position in waiting else ("", place)
                cells.append((text, place) if text and position >= column else again)
            height = whole(cell.get(f"{TABLE}number-rows-spanned", "1"), 1, MAX_REPEATS)
            if text and height > 1 and column < end:
                below[column] = height, cells[column]
            column = end
        for position, (rows, above) in list(below.items()):
            below.pop(position) if rows < 2 else below.update({position: (rows - 1, above)})
        return cells if said else [], column

    def cell(self, cell: Any) -> str:
        """A cell's text on one line; tables inside it are read row by row."""
        style = cell.get(f"{TABLE}style-name", "")
        background = self.styles.value("table-cell", style, "table-cell-properties", f"{FO}background-color")
        paper, self.paper = self.paper, self.paper and background in {"", "transparent"}
        text = self.plain(cell)
        self.paper = paper
        return text

    def plain(self, parent: Any) -> str:
        """All paragraphs within an element, joined by blanks; hidden text is kept apart."""
        pieces: list[str] = []
        stack = [parent]
        while stack:
            element = stack.pop()
            if element.tag in {f"{TEXT}p", f"{TEXT}h"}:
                line = self.line(element)
                pieces.append("".join(line.shown))
                for words, reason in line.hidden:
                    self.out.hide(words, self.unshown or reason, self.here())
                stack += reversed(line.shapes)
            elif element.tag == f"{OFFICE}annotation":
                self.comment(element)
            elif element.tag not in _PASSED_OVER:
                stack += reversed(list(element))
        return " ".join(piece for piece in pieces if piece.strip())

    def shape(self, element: Any) -> None:
        """A text box, drawn shape, group, table or object."""
        paper, self.paper = self.paper, False  # what lies behind a shape is not worked out
        if element.tag == f"{OFFICE}annotation":
            self.comment(element)
        elif element.tag == f"{DRAW}object":
            self.object(element.get(f"{XLINK}href", ""), element)
        elif element.tag in {f"{TABLE}table", f"{TEXT}list", f"{TEXT}p", f"{TEXT}h"} or element.tag in _DESCENDED:
            self.blocks([element])
        elif element.tag.startswith((DRAW, PRESENTATION)):
            for child in element:
                self.shape(child)
        self.paper = paper

    def object(self, reference: str, element: Any) -> None:
        """A chart's title and numbers, or a formula's characters."""
        root = self.embedded(reference) if reference else next(iter(element), None)
        if root is None:
            return
        if root.tag == f"{_MATH}math":
            words = (each.text or "" for each in root.iter() if each.tag != f"{_MATH}annotation")
            self.put("paragraph", " ".join(word.strip() for word in words if word.strip()))
        for chart in root.iter(f"{CHART}chart"):
            self.charts += 1
            for title in chart.iterfind(f"{CHART}title"):
                self.put("caption", self.plain(title))
            for table in chart.iterfind(f"{TABLE}table"):
                self._write_table(table, list(_rows(table)), f"chart {self.charts}")

    def line(self, paragraph: Any) -> _Line:
        line = _Line()
        look = self.styles.look("paragraph", paragraph.get(f"{TEXT}style-name", ""), Look())
        self._inline(paragraph, look, line)
        if line.gone:
            line.hidden.append(("".join(line.shown), "hidden paragraph"))
            line.shown.clear()
        return line

    def _inline(self, parent: Any, look: Look, line: _Line) -> None:
        reason = look.unseen(paper=self.paper)

        def say(text: str | None) -> None:
            if text and reason and text.strip():
                line.hidden.append((text, reason))
            elif text:
                line.shown.append(text)

        say(_folded(parent.text))
        for element in parent:
            name = element.tag
            if name == f"{TEXT}s":
                say(" " * whole(element.get(f"{TEXT}c", "1"), 1, 100))
            elif name == f"{TEXT}tab":
                say("\t")
            elif name == f"{TEXT}line-break":
                say("\n")
            elif name == f"{TEXT}note":
                self.note(element)
            elif name == f"{OFFICE}annotation":
                self.comment(element)
            elif name == f"{TEXT}hidden-paragraph":
                line.gone = line.gone or element.get(f"{TEXT}is-hidden", "true") == "true"
            elif name == f"{TEXT}hidden-text":
                words = element.get(f"{TEXT}string-value", "") or "".join(element.itertext())
                shown = element.get(f"{TEXT}is-hidden", "true") != "true"
                (line.shown.append(words) if shown else line.hidden.append((words, "hidden text")))
            elif name.startswith(DRAW) and name != f"{DRAW}a":
                line.shapes.append(element)
            elif name not in _PASSED_OVER:
                self._inline(element, self._changed(element, look), line)
            say(_folded(element.tail))

    def _changed(self, element: Any, look: Look) -> Look:
        style = element.get(f"{TEXT}style-name", "")
        return self.styles.look("text", style, look) if style and element.tag == f"{TEXT}span" else look

    def note(self, element: Any) -> None:
        kind = element.get(f"{TEXT}note-class", "footnote")
        label = clean_line("".join("".join(each.itertext()) for each in element.iterfind(f"{TEXT}note-citation")))[:20]
        bodies = list(element.iterfind(f"{TEXT}note-body"))
        self.notes.append(Note(kind, label, " ".join(self.plain(body) for body in bodies)))

    def comment(self, element: Any) -> None:
        who = clean_line(element.findtext(f"{DC}creator") or "")[:100]
        text = " ".join("".join(each.itertext()) for each in element.iter(f"{TEXT}p"))
        if self.unshown:
            self.out.hide(text, self.unshown, self.place)
        else:
            self.notes.append(Note("comment", who, text))


def _folded(text: str | None) -> str:
    """White space of the XML is one blank; real blanks, tabs and breaks are elements."""
    if not text:
        return ""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"


def _rows(table: Any) -> Iterator[tuple[Any, int]]:
    """Rows in order, through groups and header rows, with how often each stands there."""
    for element in table:
        if element.tag == f"{TABLE}table-row":
            yield element, whole(element.get(f"{TABLE}number-rows-repeated", "1"), 1, 1 << 31)
        elif element.tag in {f"{TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows")}:
            yield from _rows(element)


def _cells(row: Any) -> Iterator[tuple[Any, int]]:
    for element in row:
        if element.tag in {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}:
            yield element, whole(element.get(f"{TABLE}number-columns-repeated", "1"), 1, 1 << 31)
