"""OpenDocument spreadsheets (ods, fods): every row with its sheet and cells, like Excel's.

Read from the XML, not through python-calamine, which gives values without saying which rows, columns and sheets are
hidden, and makes a number of what the file shows as ``12.5 %``. Cells read as the file shows them, but dates are ISO.
Repeated empty rows and cells, which the format uses to fill a sheet, are counted and not unfolded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.numerals import column_letter
from citewell.parsing.opendocument import open_source
from citewell.parsing.opendocument_styles import DC, DRAW, OFFICE, TABLE, TEXT, Styles, whole
from citewell.parsing.sheets import Budget, Row, View, spread, visible, write_sheet
from citewell.records import Locator

_GROUPS = frozenset(
    f"{TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows", "table-header-columns",
                                  "table-column-group", "table-columns")
)  # fmt: skip
_MAX_ROWS, _MAX_COLUMNS = 1 << 24, 1 << 14  # what LibreOffice can hold, and more rows


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.oasis.opendocument.spreadsheet"
    source = open_source(data, out)
    root = source.content.find(f"{OFFICE}body/{OFFICE}spreadsheet")
    if root is None:
        raise ParseError(
            "corrupt",
            f"'{out.name}' is not a spreadsheet: its content holds none. Open it in its office program and save it "
            "again.",
        )
    styles = Styles(*source.style_roots)
    budget = Budget(out.name)
    for table in root.iterfind(f"{TABLE}table"):
        sheet = _Sheet(table, styles, out, budget)
        rows = visible(sheet.rows(), sheet.view, sheet.name, out)
        write_sheet(sheet.name, spread(rows, sheet.view, out), out, sheet.extras)


class _Sheet:
    def __init__(self, table: Any, styles: Styles, out: Builder, budget: Budget) -> None:
        self.table = table
        self.out = out
        self.budget = budget
        self.name = clean_line(table.get(f"{TABLE}name", ""))[:200]
        self.comments: list[tuple[str, str, str]] = []  # cell, author, text
        style = table.get(f"{TABLE}style-name", "")
        concealed = styles.value("table", style, "table-properties", f"{TABLE}display") == "false"
        self.view = View(hidden=concealed, rows=set(), columns=_hidden_columns(table))

    def rows(self) -> Iterator[Row]:
        number = 0
        for row, folded in _walk(self.table, f"{TABLE}table-row"):
            repeats = whole(row.get(f"{TABLE}number-rows-repeated", "1"), 1, _MAX_ROWS)
            texts = self.texts(row, number + 1)
            shown = row.get(f"{TABLE}visibility", "visible")
            if not texts:
                number += repeats
                yield number, [], None
                continue
            for _ in range(repeats):
                number += 1
                self.budget.spend(len(texts))
                if shown == "collapse" and not folded:
                    self.view.rows.add(number)
                self.view.folded = self.view.folded or shown == "filter" or (folded and shown == "collapse")
                yield number, texts, None

    def texts(self, row: Any, number: int) -> list[str]:
        """Texts by column, up to the last filled cell."""
        texts: list[str] = []
        column = 0
        for cell in row.iterfind("*"):
            if cell.tag not in {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}:
                continue
            repeats = whole(cell.get(f"{TABLE}number-columns-repeated", "1"), 1, _MAX_COLUMNS)
            text = _shown(cell)
            for note in cell.iterfind(f"{OFFICE}annotation"):
                words = " ".join("".join(each.itertext()) for each in note.iter(f"{TEXT}p"))
                author = clean_line(note.findtext(f"{DC}creator") or "")[:100]
                self.comments.append((f"{column_letter(column + 1)}{number}", author, words))
            height = whole(cell.get(f"{TABLE}number-rows-spanned", "1"), 1, _MAX_ROWS)
            if text and height > 1 and cell.tag == f"{TABLE}table-cell":
                self.view.merged.append((column + 1, number, number + height - 1))
            if text and cell.tag == f"{TABLE}table-cell":
                texts += [""] * (column - len(texts)) + [text] * min(repeats, _MAX_COLUMNS - column)
            column = min(column + repeats, _MAX_COLUMNS)
        return texts

    def extras(self) -> None:
        """Text boxes and comments, after the cells."""
        if self.view.hidden:
            return
        for shape in self.table.iterfind(f"{TABLE}shapes"):
            for box in shape.iter(f"{DRAW}text-box", f"{DRAW}custom-shape", f"{DRAW}rect", f"{DRAW}ellipse"):
                text = "\n".join("".join(each.itertext()) for each in box.iterfind(f"{TEXT}p"))
                self.out.add("paragraph", text, Locator(sheet=self.name, part="text box"))
        for cell, author, words in self.comments:
            part = f"comment by {author}" if author else "comment"
            self.out.add("quote", words, Locator(sheet=self.name, cells=cell, part=part), level=1)


def _hidden_columns(table: Any) -> set[int]:
    """1-based numbers. Columns folded away in a group stay: one click on the margin shows them."""
    found: set[int] = set()
    column = 0
    for element, folded in _walk(table, f"{TABLE}table-column"):
        repeats = whole(element.get(f"{TABLE}number-columns-repeated", "1"), 1, _MAX_COLUMNS)
        if element.get(f"{TABLE}visibility") == "collapse" and not folded:
            found.update(range(column + 1, min(column + repeats, _MAX_COLUMNS) + 1))
        column = min(column + repeats, _MAX_COLUMNS)
    return found


def _walk(parent: Any, wanted: str, folded: bool = False) -> Iterator[tuple[Any, bool]]:
    """Rows or columns in order, through groups; whether a group around them is folded."""
    for element in parent:
        if element.tag == wanted:
            yield element, folded
        elif element.tag in _GROUPS:
            yield from _walk(element, wanted, folded or element.get(f"{TABLE}display") == "false")


def _shown(cell: Any) -> str:
    """A cell's text as shown; dates as ISO 8601."""
    day = cell.get(f"{OFFICE}date-value", "")
    if cell.get(f"{OFFICE}value-type") == "date" and day:
        return str(day).removesuffix("T00:00:00").replace("T", " ")
    words = ["".join(_words(paragraph)) for paragraph in cell.iterfind(f"{TEXT}p")]
    value = cell.get(f"{OFFICE}value") or cell.get(f"{OFFICE}string-value") or ""
    return "\n".join(words).strip() or str(value)


def _words(paragraph: Any) -> Iterator[str]:
    yield paragraph.text or ""
    for element in paragraph:
        if element.tag == f"{TEXT}s":
            yield " "
        elif element.tag == f"{TEXT}line-break":
            yield "\n"
        elif element.tag != f"{OFFICE}annotation":
            yield from _words(element)
        yield element.tail or ""
