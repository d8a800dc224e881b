"""Word documents of before 2007 (.doc, Word 97 to 2003), as [MS-DOC] describes them.

The text lies in pieces, in the order of the piece table; paragraph and character properties lie on pages of their own,
found by the place of the text in the file. Read are: headings by the built-in style or outline level, list items,
tables, footnotes, endnotes, comments, text boxes, and page headers once. Hidden characters, type of 1 point or smaller
and white type are kept apart; tracked deletions are left out. The numbers before list items are not worked out.
Word 6 and 95 files are read as paragraphs alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from citewell.errors import ParseError
from citewell.parsing import compound
from citewell.parsing.builder import Builder
from citewell.parsing.compound import number
from citewell.parsing.old_word_text import PARAGRAPH_ENDS, Paragraph, Text
from citewell.parsing.text_tables import framed, write_table
from citewell.records import Locator

_WORD_97, _WORD_6 = 0xA5EC, 0xA5DC
_FIRST_97 = 0xC1  # nFib of Word 97
_COMPLEX, _ENCRYPTED = 0x0004, 0x0100
_LENGTHS = (  # [MS-DOC] 2.5.4: characters of each kind of text, in the order in which they follow each other
    ("text", 0x4C), ("footnotes", 0x50), ("headers", 0x54), ("macros", 0x58), ("comments", 0x5C), ("endnotes", 0x60),
    ("boxes", 0x64), ("header boxes", 0x68),
)  # fmt: skip
_MARKS = "\x02\x05\x01\x08"  # where a note, comment or picture stands


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/msword"
    with compound.open_compound(data, out.name) as file:
        document = compound.stream(file, "WordDocument", out.name)
        compound.describe(file, out)
        flags, version = number(document, 0x0A, 2), number(document, 2, 2)
        if number(document, 0, 2) not in {_WORD_97, _WORD_6}:
            raise compound.damaged(out.name, "it does not begin like a Word document")
        if flags & _ENCRYPTED:
            raise compound.protected(out.name)
        if version < _FIRST_97:
            _plain(document, flags, out)
            return
        tables = compound.stream(file, "1Table" if flags & 0x0200 else "0Table", out.name)
    _Document(Text(document, tables, out.name), document, out).read()


def _plain(document: bytes, flags: int, out: Builder) -> None:
    """Word 6 and 95: the text in one stretch of the Windows code page."""
    if flags & _COMPLEX:
        raise ParseError(
            "unsupported",
            f"'{out.name}' was saved by Word 6 or 95 in its fast way, which is not read. Open it in Word or "
            "LibreOffice and save it as .docx.",
        )
    text = document[number(document, 0x18, 4) : number(document, 0x1C, 4)].decode("cp1252", "replace")
    for count, words in enumerate(text.replace("\x07", "\r").split("\r"), start=1):
        shown = "".join(character for character in words if character not in _MARKS)
        out.add("paragraph", shown, Locator(part=f"paragraph {count}"))


@dataclass
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)


class _Document:
    def __init__(self, text: Text, document: bytes, out: Builder) -> None:
        self.text = text
        self.out = out
        self.paragraphs = self.tables = 0
        self.parts: dict[str, tuple[int, int]] = {}
        start = 0
        for name, at in _LENGTHS:
            end = start + min(number(document, at, 4), len(text.characters))
            self.parts[name] = (start, end)
            start = end

    def read(self) -> None:
        table = _Table()
        for paragraph in self.text.paragraphs(*self.parts["text"]):
            self.hide(paragraph, Locator(part=f"paragraph {max(1, self.paragraphs)}"))
            if paragraph.in_table:
                self.cell(table, paragraph)
                continue
            table = self.flush(table)
            self.paragraph(paragraph)
        self.flush(table)
        self.boxes()
        self.notes("footnotes", "Footnotes")
        self.notes("endnotes", "Endnotes")
        self.out.close_sections(1)
        for paragraph in self.text.paragraphs(*self.parts["comments"]):
            self.out.add("quote", _shown(paragraph.text), Locator(part="comment"), level=1)
        self.headers()

    def hide(self, paragraph: Paragraph, place: Locator) -> None:
        for words, reason in paragraph.hidden:
            self.out.hide(words, reason, place)

    def paragraph(self, paragraph: Paragraph) -> None:
        text = _shown(paragraph.text)
        if not text.strip():
            return
        self.paragraphs += 1
        place = Locator(part=f"paragraph {self.paragraphs}")
        if paragraph.heading:
            self.out.heading(text, paragraph.heading, place)
        elif paragraph.kind == "title":
            self.out.title = self.out.title or " ".join(text.split())[:300]
            self.out.add("title", text, place)
        elif paragraph.kind == "list":
            self.out.add("list_item", text, place, level=paragraph.level + 1)
        else:
            self.out.add("paragraph", text, place)

    def cell(self, table: _Table, paragraph: Paragraph) -> None:
        """One paragraph of a cell. The mark of a row's end is a paragraph of its own."""
        if paragraph.row_end:
            if table.cells:
                table.rows.append(table.cells)
            table.cells, table.cell = [], []
            return
        if (words := _shown(paragraph.text)).strip():
            table.cell.append(words)
        if paragraph.end == "\x07":
            table.cells.append(" ".join(table.cell))
            table.cell = []

    def flush(self, table: _Table) -> _Table:
        """Write a table that has ended. One column or one row is a frame around text."""
        rows = table.rows + ([[*table.cells, " ".join(table.cell)]] if table.cells or table.cell else [])
        if not rows:
            return table
        self.tables += 1
        if framed(rows):
            for text in (text for row in rows for text in row if text.strip()):
                self.paragraphs += 1
                self.out.add("paragraph", text, Locator(part=f"paragraph {self.paragraphs}"))
            return _Table()
        write_table(rows, f"table {self.tables}", self.out)
        return _Table()

    def notes(self, name: str, heading: str) -> None:
        """Notes, numbered as they come: each begins with the mark of its reference."""
        pieces: list[list[str]] = []
        for paragraph in self.text.paragraphs(*self.parts[name]):
            if paragraph.text.startswith("\x02") or not pieces:
                pieces.append([])
            pieces[-1].append(_shown(paragraph.text))
        if any(text.strip() for piece in pieces for text in piece):
            self.out.heading(heading, 1, Locator(part=name))
        for count, piece in enumerate(pieces, start=1):
            self.out.add("list_item", "\n".join(piece), Locator(part=f"{name[:-1]} {count}"), level=1)

    def boxes(self) -> None:
        for paragraph in self.text.paragraphs(*self.parts["boxes"], paper=False):
            self.hide(paragraph, Locator(part="text box"))
            self.out.add("paragraph", _shown(paragraph.text), Locator(part="text box"))

    def headers(self) -> None:
        """Page headers and footers, each once."""
        written: set[str] = set()
        for name in ("headers", "header boxes"):
            for paragraph in self.text.paragraphs(*self.parts[name]):
                text = " ".join(_shown(paragraph.text).split())
                if any(map(str.isalpha, text)) and text not in written:
                    written.add(text)
                    self.out.add("paragraph", text, Locator(part="page header"))


_SHOWN = str.maketrans({
    "\x1e": "-", "\x1f": None, "\x0b": "\n", "\x0e": "\n", "\x07": " ", "\xad": None,
    **dict.fromkeys([*_MARKS, *PARAGRAPH_ENDS], None),
})  # fmt: skip


def _shown(text: str) -> str:
    """Characters as printed. A character beyond the 65,536th is two in the file."""
    text = text.translate(_SHOWN)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
