"""Word documents: paragraphs, headings, lists, tables, text boxes, charts and notes in body order.

The XML is read directly rather than through python-docx, which loads every picture, gives up at the first damaged part,
and knows neither numbers of lists nor text boxes, notes or 'Strict Open XML'.

Tracked changes read as accepted: insertions are text, deletions are not. Fields show their last result. Footnotes,
endnotes, comments and page headers (each once) follow the body. Word files have no pages until they are printed, so
locators count paragraphs and tables. Hidden text, type of 1 point or smaller and white type on white paper are kept
apart. Nothing outside the file (linked pictures, attached templates) is ever fetched, and macros are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import office_math, packages, slides_data, word_tables
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.numerals import column_letter
from citewell.parsing.slides_shapes import MC, R
from citewell.parsing.spans import Continued
from citewell.parsing.word_lists import VAL, Lists, W
from citewell.parsing.word_styles import CODE_STYLE, TITLES, ParagraphStyle, Styles, filled
from citewell.parsing.word_tables import SDT, SDT_CONTENT, symbol, tick, value_of
from citewell.records import Locator

_P, _TBL = f"{W}p", f"{W}tbl"
_BOX, _FIELD = f"{W}txbxContent", f"{W}fldChar"
_CHARACTERS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": "\t"}
_SKIPPED = frozenset(
    [f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "delText", "footnoteReference", "rt")]
    + [f"{MC}Fallback"]
)
_DRAWN = frozenset(
    (_BOX, "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart",
     "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds")
)  # fmt: skip
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_NOTES = {"footnotes": "Footnotes", "endnotes": "Endnotes"}
_MAX_NESTED = 30  # text boxes and tables within each other


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    with packages.open_package(data, out.name) as archive:
        packages.describe(archive, out)
        packages.note_macros(archive, out)
        package = packages.Package(archive, out.name)
        part = package.main("word/document.xml")
        root = packages.xml_root(
            packages.transitional(packages.read_part(archive, part, out.name)) or b"<none/>", out.name
        )
        body = root.find(f"{W}body")
        if body is None:
            raise ParseError(
                "corrupt", f"'{out.name}' is not a readable Word document: it has no body. Open it in Word and save it."
            )
        reader = _Body(package, part, out)
        background = root.find(f"{W}background")
        reader.paper = background is None or background.get(f"{W}color", "auto").lower() in {"auto", "ffffff"}
        reader.blocks(body)
        reader.notes()


@dataclass
class _Line:
    """One paragraph's characters and what is anchored to it."""

    shown: list[str] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    drawn: list[Any] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.shown)


class _Body:
    """One pass over the body. Counts paragraphs and tables as a reader would, from 1."""

    def __init__(self, package: packages.Package, part: str, out: Builder) -> None:
        self.package = package
        self.part = part
        self.out = out
        self.paper = True
        self.paragraphs = self.tables = self.charts = 0
        self.depth = 0
        self.styles = Styles(package.root(package.related(part, "styles")))
        self.lists = Lists(package.root(package.related(part, "numbering")))

    def blocks(self, parent: Any) -> None:
        for element in _flattened(parent):
            if element.tag == _P:
                self.paragraph(element)
            else:
                self.table(element)

    def paragraph(self, element: Any) -> None:
        style, number, level = self.look(element)
        line = self.line(element, style)
        text = line.text
        if text.strip():
            self.paragraphs += 1
            mark = self.mark(number, level, style)
            self.write(text, mark, style, level if number else None)
        self.hide(line)
        for words in line.pictures:
            self.out.add("caption", words, self.place)
        self.drawn(line)

    def mark(self, number: str, level: int, style: ParagraphStyle) -> str:
        if not number:
            return ""
        linked = self.styles.linked_list(self.lists.link(number)) if self.lists.link(number) else ""
        return self.lists.next(number, level, linked)

    def write(self, text: str, mark: str, style: ParagraphStyle, level: int | None) -> None:
        """One paragraph by its style. level: in a list, from 0."""
        out, place, name = self.out, self.place, style.name
        shown = f"{mark} {text}" if mark else text
        if name.lower() in TITLES:
            out.title = out.title or clean_line(text)
            out.add("title", text, place)
        elif style.heading:
            out.heading(shown, style.heading, place)
        elif level is not None or name.startswith(("List", "Liste")):
            digit = re.search(r"\d+$", name)
            out.add("list_item", shown, place, level=1 + (level or (int(digit[0]) - 1 if digit else 0)))
        elif "caption" in name.lower():
            out.add("caption", text, place)
        elif CODE_STYLE.search(name):
            out.add("code", text, place)
        elif "quote" in name.lower():
            out.add("quote", text, place, level=1)
        else:
            out.add("paragraph", text, place)

    @property
    def place(self) -> Locator:
        return Locator(part=f"paragraph {max(1, self.paragraphs)}")

    def hide(self, line: _Line) -> None:
        for text, reason in line.hidden:
            self.out.hide(text, reason, self.place)

    def look(self, element: Any) -> tuple[ParagraphStyle, str, int]:
        """A paragraph's style, and its list (empty for none) with the level from 0."""
        properties = element.find(f"{W}pPr")
        if properties is None:
            style = self.styles.paragraph("")
            return style, style.number if style.number != "0" else "", style.level or 0
        named = properties.find(f"{W}pStyle")
        style = self.styles.paragraph("" if named is None else named.get(VAL, ""))
        outline = value_of(properties.find(f"{W}outlineLvl"))
        if outline is not None:
            style = _with_heading(style, outline + 1 if 0 <= outline < 9 else 0)
        number, level = style.number, style.level
        if number and level is None:
            level = self.lists.level_of_style(number, style.identity)
        list_ = properties.find(f"{W}numPr")
        if list_ is not None:
            own = list_.find(f"{W}numId")
            number = number if own is None else own.get(VAL, "")
            given = value_of(list_.find(f"{W}ilvl"))
            level = given if given is not None else level
        return style, number if number != "0" else "", min(max(level or 0, 0), 8)

    def line(self, paragraph: Any, style: ParagraphStyle) -> _Line:
        line = _Line()
        paper = self.paper and not style.shaded and not filled(paragraph.find(f"{W}pPr"))
        stack: list[tuple[Iterator[Any], str]] = [(iter(paragraph), "")]
        while stack:
            children, reason = stack[-1]
            element = next(children, None)
            if element is None:
                stack.pop()
                continue
            tag = element.tag
            if tag in _SKIPPED or not isinstance(tag, str):
                continue
            if tag in _DRAWN:
                line.drawn.append(element)
                continue
            if tag == _PICTURE and (words := packages.picture_words(element)):
                line.pictures.append(words)
            text = _characters(element)
            if text is None:
                reason = self.styles.unseen(element, style.identity, paper=paper) if tag == f"{W}r" else reason
                stack.append((iter(element), reason))
            elif reason and text.strip():
                line.hidden.append((text, reason))
            else:
                line.shown.append(text)
        return line

    def drawn(self, line: _Line) -> None:
        """Text boxes, charts and diagrams, after the paragraph they are anchored to."""
        for element in line.drawn:
            if element.tag == _BOX:
                self.box(element)
                continue
            diagram = element.tag.endswith("relIds")
            relation = self.package.relations(self.part).get(element.get(f"{R}{'dm' if diagram else 'id'}", ""))
            root = self.package.root(relation.target) if relation is not None else None
            if root is None:
                continue
            if diagram:
                for text, level in slides_data.diagram(root):
                    self.out.add("list_item", text, self.place, level=level)
            else:
                self.charts += 1
                slides_data.write_chart(slides_data.chart(root), Locator(part=f"chart {self.charts}"), self.out)

    def box(self, element: Any) -> None:
        if self.depth >= _MAX_NESTED:
            return
        paper, self.paper = self.paper, False  # what a box is filled with is not worked out
        self.depth += 1
        self.blocks(element)
        self.depth -= 1
        self.paper = paper

    def table(self, element: Any) -> None:
        rows = [list(word_tables.cells(row)) for row in word_tables.rows(element)]
        self.tables += 1
        part = f"table {self.tables}"
        style = element.find(f"{W}tblPr/{W}tblStyle")
        paper = self.paper
        if style is not None and self.styles.colours_tables(style.get(VAL, "")):
            self.paper = False
        narrow = max((len(row) for row in rows), default=0) < 2
        column = [cell for row in rows for cell, _, continued in row if not continued] if narrow else []
        if len(rows) == 1 or (narrow and not word_tables.is_column(column)):
            if self.depth < _MAX_NESTED:
                self.depth += 1
                for cell in (cell for row in rows for cell, _, _ in row):  # a box around text, not a table
                    self.blocks(cell)
                self.depth -= 1
        else:
            self.rows(rows, part)
        self.paper = paper

    def rows(self, rows: list[list[tuple[Any, int, str]]], part: str) -> None:
        table, merged = self.out.table(), Continued(self.out)
        for number, row in enumerate(rows, start=1):
            own: list[tuple[Cell, bool]] = []
            for cell, column, continued in row:
                own += [(("", Locator()), False)] * (column - len(own))
                place = Locator(part=part, cells=f"{column_letter(column + 1)}{number}")
                own.append((("" if continued else self.cell(cell), place), continued == "vMerge"))
            cells = merged.row(own)
            place = Locator(part=part, cells=f"A{number}:{column_letter(max(1, len(cells)))}{number}")
            filled_cells = sum(1 for text, _ in cells if text.strip())
            if number == 1 and (filled_cells >= 2 or self.names_column(rows)):
                table.header(cells, place)
            else:
                table.row(cells, place)

    def names_column(self, rows: list[list[tuple[Any, int, str]]]) -> bool:
        """Whether the first row of a table of one column is its header."""
        return len(rows) > 2 and max(map(len, rows)) < 2 and bool(rows[0]) and word_tables.is_name(rows[0][0][0])

    def cell(self, cell: Any, depth: int = 0) -> str:
        """A cell's text on one line; tables and text boxes inside it are read in order."""
        paper, self.paper = self.paper, self.paper and not filled(cell.find(f"{W}tcPr"))
        pieces: list[str] = []
        for element in _flattened(cell) if depth < _MAX_NESTED else ():
            if element.tag == _TBL:
                inner = (
                    each
                    for row in word_tables.rows(element)
                    for each, _, continued in word_tables.cells(row)
                    if not continued
                )
                pieces += (self.cell(each, depth + 1) for each in inner)
                continue
            style, number, level = self.look(element)
            line = self.line(element, style)
            if line.text.strip():
                mark = self.mark(number, level, style)
                pieces.append(f"{mark} {line.text}" if mark else line.text)
            pieces += line.pictures
            self.hide(line)
            pieces += (self.cell(each, depth + 1) for each in line.drawn if each.tag == _BOX)
        self.paper = paper
        return " ".join(piece for piece in pieces if piece.strip())

    def notes(self) -> None:
        """Notes and comments under headings of their own or as quotes; page headers and footers, each once."""
        for kind, heading in _NOTES.items():
            root = self.package.root(self.package.related(self.part, kind))
            written = False
            for note in root if root is not None else ():
                text = self.cell(note)
                if note.get(f"{W}type") in {"separator", "continuationSeparator", "continuationNotice"} or not text:
                    continue
                if not written:
                    self.out.heading(heading, 1, Locator(part=kind))
                    written = True
                label = clean_line(note.get(f"{W}id") or "")[:20]
                self.out.add("list_item", text, Locator(part=f"{kind[:-1]} {label}"), level=1)
        self.out.close_sections(1)
        comments = self.package.root(self.package.related(self.part, "comments"))
        for comment in comments.iterfind(f"{W}comment") if comments is not None else ():
            author = clean_line(comment.get(f"{W}author") or "")[:100]
            part = f"comment by {author}" if author else "comment"
            self.out.add("quote", self.cell(comment), Locator(part=part), level=1)
        self.page_parts()

    def page_parts(self) -> None:
        written: set[str] = set()
        for relation in self.package.relations(self.part).values():
            if relation.kind in {"header", "footer"} and (root := self.package.root(relation.target)) is not None:
                text = self.cell(root)
                if any(map(str.isalpha, text)) and text not in written:
                    written.add(text)
                    self.out.add("paragraph", text, Locator(part=f"page {relation.kind}"))


def _characters(element: Any) -> str | None:
    """What an element says by itself; ``None`` when that is said by the elements in it."""
    tag = element.tag
    if tag == f"{W}t":
        return element.text or ""
    if tag in office_math.FORMULAS:
        return (" " if _is_formula(element.getprevious()) else "") + office_math.line(element)
    if tag == f"{W}sym":
        return symbol(element)
    return tick(element) or None if tag in {SDT, _FIELD} else _CHARACTERS.get(tag)


def _is_formula(element: Any) -> bool:
    return element is not None and element.tag in office_math.FORMULAS


def _with_heading(style: ParagraphStyle, heading: int) -> ParagraphStyle:
    return ParagraphStyle(style.identity, style.name, heading, style.number, style.level, style.shaded)


def _flattened(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables, through content controls and tracked blocks."""
    for element in parent:
        if element.tag in {_P, _TBL}:
            yield element
        elif element.tag == SDT:
            content = element.find(SDT_CONTENT)
            if content is not None:
                yield from _flattened(content)
        elif element.tag in {f"{W}ins", f"{W}moveTo", f"{W}customXml", f"{W}smartTag"}:
            yield from _flattened(element)
