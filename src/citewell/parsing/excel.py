"""Excel workbooks (xlsx, xlsm, templates): the cells through openpyxl, what stands beside them from the package.

Text boxes, chart titles and comments follow the cells of their sheet. Besides what :mod:`citewell.parsing.sheets` keeps
apart, white type on white cells and cells with the number format ``;;;`` are not shown, so not read as text. Macros and
the workbooks that formulas refer to are never opened.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import packages, sheets_parts
from citewell.parsing.builder import Builder
from citewell.parsing.sheets import Budget, Row, View, spread, visible, write_sheet
from citewell.records import Locator

_LAST_ROW = 1_048_576  # Excel's own limit
_UNCACHED = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def read_workbook(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with packages.open_package(data, out.name) as archive:
        packages.describe(archive, out)
        packages.note_macros(archive, out)
        data = packages.ordinary(archive, data, out.name)
        parts = sheets_parts.sheets(archive, out.name)
        uncached = any(_UNCACHED.search(part.xml(archive, out.name)) for part in parts.values())
        book = _load(data, out.name, values=True)
        formulas = _load(data, out.name, values=False) if uncached else None
        budget = Budget(out.name)
        for sheet in book.worksheets:
            part = parts.pop(sheet.title, None)
            view = View(hidden=sheet.sheet_state != "visible")
            notes = None
            if part is not None:
                _look(part.xml(archive, out.name), view)
                if not view.hidden:
                    notes = part.notes(archive, out.name)
            name = clean_line(sheet.title)[:200]
            rows = _sheet_rows(sheet, formulas, budget, _Concealed(view, name, out))
            write_sheet(name, spread(visible(rows, view, name, out), view, out), out, _extras(notes, name, out))
        for title, part in parts.items():  # sheets that are nothing but a chart
            name = clean_line(title)[:200]
            write_sheet(name, (), out, _extras(part.notes(archive, out.name), name, out))


def _load(data: bytes, name: str, *, values: bool) -> Any:
    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises anything on damaged XML; the message must name the format
        raise ParseError(
            "corrupt", f"'{name}' is not a readable Excel workbook ({error}). Open it in Excel and save it again."
        ) from None


def _look(xml: bytes, view: View) -> None:
    """Note hidden rows and columns of a sheet, from its XML."""
    filtered = sheets_parts.filtered_rows(xml)
    for number, folded in sheets_parts.hidden_rows(xml):
        if folded or number in filtered:
            view.folded = True
        else:
            view.rows.add(number)
    for columns in sheets_parts.hidden_columns(xml):
        view.columns.update(columns)
    view.merged = list(sheets_parts.merged_rows(xml))
    view.painted = sheets_parts.painted(xml)


def _extras(notes: sheets_parts.Notes | None, sheet: str, out: Builder) -> Callable[[], None] | None:
    if notes is None:
        return None

    def write() -> None:
        for kind, cell, text in notes.drawn:
            out.add(
                kind, text, Locator(sheet=sheet, cells=cell or None, part="chart" if kind == "caption" else "text box")
            )
        for author, cell, text in notes.comments:
            part = f"comment by {author}" if author else "comment"
            out.add("quote", text, Locator(sheet=sheet, cells=cell, part=part), level=1)

    return write


class _Concealed:
    """Cells whose own format hides them. Formats are few and cells many, so each format is judged once."""

    def __init__(self, view: View, sheet: str, out: Builder) -> None:
        self._view = view
        self._sheet = sheet
        self._out = out
        self._known: dict[Any, str] = {}

    def __call__(self, cell: Any, text: str) -> bool:
        """Whether the cell shows nothing; its text is then kept apart."""
        style = getattr(cell, "_style_id", 0)
        if not style:
            return False
        if style not in self._known:
            self._known[style] = _unseen(cell, painted=self._view.painted)
        if reason := self._known[style]:
            self._out.hide(text, reason, Locator(sheet=self._sheet, cells=str(cell.coordinate)))
        return bool(reason)


def _unseen(cell: Any, *, painted: bool) -> str:
    if (cell.number_format or "").replace('"', "") == ";;;":
        return "number format that shows nothing"
    colour = cell.font.color if cell.font is not None else None
    if painted or colour is None or (cell.fill is not None and cell.fill.fill_type is not None):
        return ""
    if colour.type == "theme":
        return "white on white" if colour.theme == 0 and not colour.tint else ""  # 0: the theme's background
    white = colour.type == "rgb" and isinstance(colour.rgb, str) and packages.is_white(colour.rgb[-6:])
    return "white on white" if white else ""


def _sheet_rows(sheet: Any, formulas: Any, budget: Budget, concealed: Callable[[Any, str], bool]) -> Iterator[Row]:
    """Rows with at least one value; the claimed size of a sheet is ignored, because files lie about it."""
    sheet.reset_dimensions()
    twin: Iterator[Any] = iter(())
    if formulas is not None:
        other = formulas[sheet.title]
        other.reset_dimensions()
        twin = other.iter_rows()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > _LAST_ROW:
            raise ParseError(
                "corrupt",
                f"'{budget.name}' claims rows beyond {_LAST_ROW:,}, which no workbook has. It is damaged or made to do "
                "harm; open it in Excel and save it again.",
            )
        beside = next(twin, ()) if formulas is not None else ()
        texts: list[str] = []
        for column, cell in enumerate(row):
            value = cell.value
            if value is None and column < len(beside):
                value = beside[column].value  # a formula that was never computed
            text = "" if value is None else shown(value, getattr(cell, "number_format", "") or "")
            texts.append("" if text and concealed(cell, text) else text)
        while texts and not texts[-1]:
            texts.pop()
        budget.spend(len(texts))
        yield number, texts, None


def shown(value: Any, number_format: str) -> str:
    """A value as a person sees it in its cell, near enough to be found: ISO dates, percent, no needless ``.0``."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format.split(";", maxsplit=1)[0])
    return str(value)


def _number(value: float, number_format: str) -> str:
    decimals = re.search(r"[0#]\.(0+)", number_format)
    try:
        if "%" in number_format:
            return f"{value * 100:.{len(decimals[1]) if decimals else 0}f}%"
        if decimals and "E" not in number_format and value != int(value):  # 12.50, but 74: people ask for 74
            return f"{value:.{len(decimals[1])}f}"
        if isinstance(value, float):
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(round(value, 10))
    except (OverflowError, ValueError):
        pass  # infinities and the like print as Python shows them
    return str(value)
