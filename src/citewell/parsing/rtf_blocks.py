"""What an RTF file says, put together: characters → paragraphs, cells and rows → blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder
from citewell.parsing.rtf_words import FLOWS
from citewell.parsing.text_tables import framed, write_table
from citewell.parsing.word_styles import CODE_STYLE, HEADING
from citewell.records import Locator

_MAX_COLUMNS = 1000


@dataclass
class Paragraph:
    """Properties in force. outline: level from 0, ``None`` for body text."""

    style: str = ""
    outline: int | None = None
    in_table: bool = False
    listed: bool = False
    level: int = 0


@dataclass
class _Flow:
    """One stream of text: the body, or a note, comment, text box, header or footer."""

    kind: str
    pieces: list[str] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    mark: str = ""
    cell: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    open_row: bool = False
    defined: int = 0  # cells of the open row
    below: set[int] = field(default_factory=set)  # those of them that go on from the row above
    continued: set[tuple[int, int]] = field(default_factory=set)  # row and column of such cells of the table
    finished: list[str] = field(default_factory=list)  # paragraphs, of all but the body


class Blocks:
    """author: of the comment that comes next."""

    kinds = frozenset(("body", *FLOWS.values()))

    def __init__(self, out: Builder) -> None:
        self.out = out
        self.author = ""
        self.paragraphs = self.tables = 0
        self._flows = [_Flow("body")]
        self._notes: list[str] = []
        self._comments: list[tuple[str, str]] = []
        self._page_parts: dict[str, str] = {}

    def say(self, text: str, unseen: str, paragraph: Paragraph) -> None:
        flow = self._flows[-1]
        if unseen and text.strip():
            flow.hidden.append((text, unseen))
        else:
            if flow.rows and not (paragraph.in_table or flow.open_row or flow.cells) and text.strip():
                self._end_table(flow)
            flow.pieces.append(text)

    def mark(self, text: str) -> None:
        """The number or bullet that Word wrote before a list item."""
        self._flows[-1].mark += text

    def enter(self, kind: str) -> None:
        self._flows.append(_Flow(kind))

    def leave(self) -> None:
        if len(self._flows) < 2:
            return
        self.end_paragraph(Paragraph())
        flow = self._flows.pop()
        rows = flow.rows + ([[*flow.cells, " ".join(flow.cell)]] if flow.cells or flow.cell else [])
        text = "\n".join([*flow.finished, *(" | ".join(row) for row in rows)]).strip()
        if flow.kind == "footnote":
            self._notes.append(text)
        elif flow.kind == "comment":
            self._comments.append((clean_line(self.author)[:100], text))
            self.author = ""
        elif flow.kind == "text box":
            self.out.add("paragraph", text, Locator(part="text box"))
        elif any(map(str.isalpha, text)):
            self._page_parts.setdefault(text, flow.kind)

    def end_paragraph(self, paragraph: Paragraph) -> None:
        flow = self._flows[-1]
        text, mark = _joined(flow.pieces), " ".join(flow.mark.split())
        flow.pieces, flow.mark = [], ""
        self._hide(flow)
        if flow.kind != "body":
            flow.finished.append(text)
        elif paragraph.in_table or flow.open_row:
            flow.cell.append(f"{mark} {text}" if mark else text)
        else:
            self._end_table(flow)
            self._write(text, mark, paragraph)

    def end_cell(self) -> None:
        flow = self._flows[-1]
        flow.cell.append(_joined(flow.pieces))
        flow.pieces, flow.mark = [], ""
        self._hide(flow)
        flow.cells.append(" ".join(each for each in flow.cell if each.strip()))
        flow.cell = []

    def begin_row(self) -> None:
        flow = self._flows[-1]
        flow.open_row, flow.defined, flow.below = True, 0, set()

    def define_cell(self) -> None:
        self._flows[-1].defined += 1

    def define_continued(self) -> None:
        """The cell that is defined next goes on from the row above."""
        if self._flows[-1].defined < _MAX_COLUMNS:
            self._flows[-1].below.add(self._flows[-1].defined)

    def end_row(self) -> None:
        flow = self._flows[-1]
        flow.open_row = False
        if flow.cells:
            flow.continued.update((len(flow.rows), column) for column in flow.below)
            flow.rows.append(flow.cells)
        flow.cells, flow.defined, flow.below = [], 0, set()

    def finish(self) -> None:
        """Write what is open, then notes, comments and page headers."""
        while len(self._flows) > 1:
            self.leave()
        self.end_row()
        self.end_paragraph(Paragraph())
        if any(self._notes):
            self.out.heading("Footnotes", 1, Locator(part="footnotes"))
        for count, text in enumerate(self._notes, start=1):
            self.out.add("list_item", text, Locator(part=f"footnote {count}"), level=1)
        self.out.close_sections(1)
        for author, text in self._comments:
            self.out.add("quote", text, Locator(part=f"comment by {author}" if author else "comment"), level=1)
        for text, kind in self._page_parts.items():
            self.out.add("paragraph", text, Locator(part=kind))

    def _hide(self, flow: _Flow) -> None:
        for text, reason in flow.hidden:
            self.out.hide(_joined([text]), reason, Locator(part=f"paragraph {self.paragraphs + 1}"))
        flow.hidden = []

    def _write(self, text: str, mark: str, paragraph: Paragraph) -> None:
        if not text.strip():
            return
        self.paragraphs += 1
        place = Locator(part=f"paragraph {self.paragraphs}")
        heading = HEADING.match(paragraph.style)
        outlined = paragraph.outline is not None and 0 <= paragraph.outline < 9
        number = "" if not any(map(str.isalnum, mark)) else mark
        shown = f"{number} {text}" if number else text
        if heading or outlined:
            self.out.heading(shown, int(heading[1]) if heading else (paragraph.outline or 0) + 1, place)
        elif paragraph.style.lower() == "title":
            self.out.title = self.out.title or clean_line(text)[:300]
            self.out.add("title", text, place)
        elif paragraph.listed or mark:
            self.out.add("list_item", shown, place, level=paragraph.level + 1)
        elif CODE_STYLE.search(paragraph.style):
            self.out.add("code", text, place)
        else:
            self.out.add("paragraph", text, place)

    def _end_table(self, flow: _Flow) -> None:
        rows, flow.rows = flow.rows, []
        continued, flow.continued = frozenset(flow.continued), set()
        if not rows:
            return
        self.tables += 1
        if framed(rows):
            for text in (text for row in rows for text in row if text.strip()):
                self._write(text, "", Paragraph())
        else:
            write_table(rows, f"table {self.tables}", self.out, continued=continued)


def _joined(pieces: list[str]) -> str:
    """Characters beyond the 65,536th come as two, often in groups of their own."""
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
