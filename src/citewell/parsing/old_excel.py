"""Excel workbooks of before 2007 (.xls) and binary ones (.xlsb): values through python-calamine.

Calamine tells dates from numbers, but not how a number is shown, so ``12.5 %`` reads ``0.125`` here; and it has no
comments. Which rows and columns of an .xls are hidden is read from the records themselves ([MS-XLS] 2.4).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import python_calamine

from citewell.cleaning import clean_line
from citewell.parsing import compound, packages
from citewell.parsing.builder import Builder
from citewell.parsing.compound import number
from citewell.parsing.excel import shown
from citewell.parsing.sheets import Budget, Row, View, spread, visible, write_sheet

_BOUNDSHEET, _ROW, _COLUMNS, _FILTERED, _PASSWORD, _END = 0x0085, 0x0208, 0x007D, 0x009B, 0x002F, 0x000A
_MERGED = 0x00E5
_BEGIN = frozenset((0x0809, 0x0409, 0x0209, 0x0009))


def read(data: bytes, out: Builder) -> None:
    views: list[View] = []
    if data.startswith(b"PK"):
        out.media_type = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
        with packages.open_package(data, out.name) as archive:
            packages.describe(archive, out)
            packages.note_macros(archive, out)
    else:
        out.media_type = "application/vnd.ms-excel"
        with compound.open_compound(data, out.name) as file:
            compound.describe(file, out)
            records = compound.stream(file, "Workbook", out.name) or compound.stream(file, "Book", out.name)
        views = _views(records, out.name)
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = [each for each in book.sheets_metadata if each.typ == python_calamine.SheetTypeEnum.WorkSheet]
    except python_calamine.CalamineError as error:
        raise compound.damaged(out.name, f"not a readable Excel workbook: {error}") from None
    budget = Budget(out.name)
    known = views if len(views) == len(book.sheets_metadata) else [View() for _ in book.sheets_metadata]
    by_name = {sheet.name: view for sheet, view in zip(book.sheets_metadata, known, strict=True)}
    for sheet in sheets:
        view = by_name[sheet.name]
        view.hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
        name = clean_line(sheet.name)[:200]
        rows = visible(_rows(book, sheet.name, budget, out.name), view, name, out)
        write_sheet(name, spread(rows, view, out), out)


def _rows(book: Any, title: str, budget: Budget, name: str) -> Iterator[Row]:
    try:
        sheet = book.get_sheet_by_name(title)
        if sheet.start is None:
            return
        margin = [""] * sheet.start[1]  # calamine's rows count from the first of the sheet, its columns do not
        for count, values in enumerate(sheet.iter_rows(), start=1):
            texts = margin + ["" if value == "" else shown(value, "") for value in values]
            while texts and not texts[-1]:
                texts.pop()
            budget.spend(len(texts))
            yield count, texts, None
    except python_calamine.CalamineError as error:
        raise compound.damaged(name, f"sheet '{title[:100]}': {error}") from None


def _views(data: bytes, name: str) -> list[View]:
    """Hidden rows and columns of each sheet, in the order of the sheets. Raises :class:`ParseError` for a password."""
    found: list[View] = []
    for kind, start, _ in _records(data, 0):
        if kind == _PASSWORD:
            raise compound.protected(name)
        if kind == _BOUNDSHEET:
            found.append(_view(data, number(data, start, 4)))
    return found


def _view(data: bytes, at: int) -> View:
    view = View()
    hidden: list[tuple[int, bool]] = []
    for kind, start, size in _records(data, at):
        if kind == _ROW and size >= 16 and (options := number(data, start + 12, 2)) & 0x20:
            hidden.append((number(data, start, 2) + 1, bool(options & 0x7)))
        elif kind == _COLUMNS and size >= 10 and (options := number(data, start + 8, 2)) & 0x1:
            if not options & 0x700:
                view.columns.update(range(number(data, start, 2) + 1, min(number(data, start + 2, 2), 255) + 2))
        elif kind == _MERGED:
            view.merged += _merged(data, start, size)
        elif kind == _FILTERED:
            view.folded = True
    if view.folded:  # which rows the filter holds back cannot be told from those hidden by hand
        return view
    view.rows = {row for row, outlined in hidden if not outlined}
    view.folded = len(view.rows) < len(hidden)
    return view


def _merged(data: bytes, start: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Column, first and last row of the merged cells that cover more than one row."""
    for at in range(start + 2, start + min(size, 2 + 8 * number(data, start, 2)) - 7, 8):
        first, last = number(data, at, 2) + 1, number(data, at + 2, 2) + 1
        if last > first:
            yield number(data, at + 4, 2) + 1, first, last


def _records(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, start and size of each record of one substream."""
    depth = 0
    while at + 4 <= len(data):
        kind, size = number(data, at, 2), number(data, at + 2, 2)
        yield kind, at + 4, size
        depth += 1 if kind in _BEGIN else -1 if kind == _END else 0
        if depth <= 0:
            return
        at += 4 + size
