"""Word documents: paragraphs, headings, lists, tables and notes in body order.

Tracked changes read as accepted: insertions are text, deletions are not. Page headers and footers repeat on every page
and are left out. Word files have no pages until they are printed, so locators count paragraphs and tables.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.packages import BROKEN, describe, open_package
from citewell.records import Locator

_P, _TBL, _TR, _TC, _SDT, _SDT_CONTENT = (qn(f"w:{name}") for name in ("p", "tbl", "tr", "tc", "sdt", "sdtContent"))
_TEXT, _TAB, _BREAK, _RETURN, _HYPHEN = (qn(f"w:{name}") for name in ("t", "tab", "br", "cr", "noBreakHyphen"))
_VAL = qn("w:val")
_SKIPPED = frozenset(
    [qn(f"w:{name}") for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "txbxContent", "footnoteReference")]
    + ["{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"]
)
_BOX = qn("w:txbxContent")
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|otsikko)\s*(\d)", re.IGNORECASE)
_CODE_STYLE = re.compile(r"code|source|listing|preformatted|consol", re.IGNORECASE)
_NOTES = {"footnotes": "Footnotes", "endnotes": "Endnotes"}


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    with open_package(data, out.name) as archive:
        describe(archive, out)
        if b"purl.oclc.org/ooxml" in archive.read(
            "_rels/.rels" if "_rels/.rels" in archive.namelist() else archive.namelist()[0]
        ):
            raise ParseError(
                "unsupported",
                f"'{out.name}' is a 'Strict Open XML' document, which is not read yet. In Word, save it as an ordinary "
                ".docx document.",
            )
    try:
        document = docx.Document(io.BytesIO(data))
    except (PackageNotFoundError, *BROKEN, KeyError, SyntaxError, AttributeError) as error:
        raise ParseError(
            "corrupt", f"'{out.name}' is not a readable Word document ({error}). Open it in Word and save it again."
        ) from None
    reader = _Body(document, out)
    reader.blocks(document.element.body)
    reader.notes()


class _Body:
    """One pass over the body. Counts paragraphs and tables as a reader would, from 1."""

    def __init__(self, document: Any, out: Builder) -> None:
        self.document = document
        self.out = out
        self.paragraphs = 0
        self.tables = 0
        self.styles = {style.style_id: style for style in document.styles}

    def blocks(self, parent: Any) -> None:
        for element in _flattened(parent):
            if element.tag == _P:
                self.paragraph(element)
            else:
                self.table(element)

    def paragraph(self, element: Any) -> None:
        text = _text(element)
        if text.strip():
            self.paragraphs += 1
            self.write(element, text, Locator(part=f"paragraph {self.paragraphs}"))
        for box in _boxes(element):
            self.blocks(box)

    def write(self, element: Any, text: str, place: Locator) -> None:
        """One paragraph by its style."""
        out = self.out
        style, outline, numbered = self.style(element)
        heading = _HEADING.match(style)
        if style in {"Title", "Titel", "Titre"}:
            out.title = out.title or clean_line(text)
            out.add("title", text, place)
        elif heading or outline is not None:
            out.heading(text, int(heading[1]) if heading else (outline or 0) + 1, place)
        elif numbered is not None or style.startswith(("List", "Liste")):
            digit = re.search(r"\d+$", style)
            out.add("list_item", text, place, level=1 + (numbered or (int(digit[0]) - 1 if digit else 0)))
        elif "caption" in style.lower():
            out.add("caption", text, place)
        elif _CODE_STYLE.search(style):
            out.add("code", text, place)
        elif "quote" in style.lower():
            out.add("quote", text, place, level=1)
        else:
            out.add("paragraph", text, place)

    def style(self, element: Any) -> tuple[str, int | None, int | None]:
        """Style name, outline level (0 is outermost), list level (0 is outermost); ``None`` where there is none."""
        properties = element.find(qn("w:pPr"))
        outline = numbered = None
        name = ""
        if properties is not None:
            named = properties.find(qn("w:pStyle"))
            style = self.styles.get(named.get(_VAL)) if named is not None else None
            name = (style.name or "") if style is not None else ""
            outline = _number(properties.find(qn("w:outlineLvl")))
            list_ = properties.find(qn("w:numPr"))
            if list_ is not None and _number(list_.find(qn("w:numId"))) != 0:
                numbered = _number(list_.find(qn("w:ilvl"))) or 0
        return name, outline if outline is not None and outline < 9 else None, numbered

    def table(self, element: Any) -> None:
        rows = [list(_row(row)) for row in _rows(element)]
        self.tables += 1
        part = f"table {self.tables}"
        if max((len(row) for row in rows), default=0) < 2 or len(rows) == 1:
            for cell in (cell for row in rows for cell, _, _ in row):  # a box around text, not a table
                self.blocks(cell)
            return
        table = self.out.table()
        for number, row in enumerate(rows, start=1):
            cells: list[Cell] = []
            for cell, column, continued in row:
                while len(cells) < column:
                    cells.append(("", Locator()))
                place = Locator(part=part, cells=f"{_letter(column)}{number}")
                cells.append(("" if continued else _cell_text(cell), place))
            place = Locator(part=part, cells=f"A{number}:{_letter(max(0, len(cells) - 1))}{number}")
            filled = sum(1 for text, _ in cells if text.strip())
            if number == 1 and filled >= 2:
                table.header(cells, place)
            else:
                table.row(cells, place)

    def notes(self) -> None:
        """Footnotes and endnotes, after the body, under headings of their own."""
        for part in self.document.part.package.iter_parts():
            kind = next((kind for kind in _NOTES if str(part.partname).endswith(f"/{kind}.xml")), None)
            if kind is None:
                continue
            try:
                root = parse_xml(part.blob)
            except SyntaxError:  # lxml's error for damaged XML is one
                self.out.notes.append(f"The {kind} could not be read.")
                continue
            self.note_part(root, _NOTES[kind])

    def note_part(self, root: Any, heading: str) -> None:
        written = False
        for note in root:
            text = "\n".join(_text(paragraph) for paragraph in note.iter(_P))
            if note.get(qn("w:type")) or not text.strip():
                continue  # separators
            if not written:
                self.out.heading(heading, 1, Locator(part=heading.lower()))
                written = True
            number = clean_line(note.get(qn("w:id")) or "")[:20]
            self.out.add("list_item", text, Locator(part=f"{heading.lower()[:-1]} {number}"), level=1)


def _flattened(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables, through content controls and tracked blocks."""
    for element in parent:
        if element.tag in {_P, _TBL}:
            yield element
        elif element.tag == _SDT:
            content = element.find(_SDT_CONTENT)
            if content is not None:
                yield from _flattened(content)
        elif element.tag in {qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")}:
            yield from _flattened(element)


def _rows(table: Any) -> Iterator[Any]:
    for element in table:
        if element.tag == _TR:
            yield element
        elif element.tag == _SDT and element.find(_SDT_CONTENT) is not None:
            yield from _rows(element.find(_SDT_CONTENT))


def _row(row: Any) -> Iterator[tuple[Any, int, bool]]:
    """Cells with their 0-based column, and whether they continue a merged cell from above."""
    column = 0
    for cell in row.iter(_TC):
        if next((each for each in cell.iterancestors(_TR)), None) is not row:
            continue  # a cell of a nested table
        properties = cell.find(qn("w:tcPr"))
        width, continued = 1, False
        if properties is not None:
            width = min(max(1, _number(properties.find(qn("w:gridSpan"))) or 1), 1000)
            merge = properties.find(qn("w:vMerge"))
            continued = merge is not None and merge.get(_VAL) in {None, "continue"}
        yield cell, column, continued
        column += width


def _cell_text(cell: Any) -> str:
    return " ".join(_text(paragraph) for paragraph in cell.iter(_P))


def _boxes(paragraph: Any) -> Iterator[Any]:
    for box in paragraph.iter(_BOX):
        ancestors = list(box.iterancestors())
        if not any(each.tag.endswith("}Fallback") for each in ancestors) and sum(e.tag == _BOX for e in ancestors) == 0:
            yield box


def _text(paragraph: Any) -> str:
    """Visible characters of a paragraph, tracked changes accepted."""
    pieces: list[str] = []
    stack = [iter(paragraph)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in _SKIPPED or not isinstance(element.tag, str):
            continue
        elif element.tag in {_TEXT, _MATH_TEXT}:
            pieces.append(element.text or "")
        elif element.tag == _TAB:
            pieces.append("\t")
        elif element.tag in {_BREAK, _RETURN}:
            pieces.append("\n")
        elif element.tag == _HYPHEN:
            pieces.append("-")
        else:
            stack.append(iter(element))
    return "".join(pieces)


def _number(element: Any) -> int | None:
    if element is None:
        return None
    text = element.get(_VAL) or ""
    return int(text) if text.lstrip("-").isdigit() and len(text) < 6 else None


def _letter(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
