"""Spreadsheets (xlsx) and delimited text (csv, tsv): every row with its sheet and cells.

A sheet becomes a heading and its tables. A table starts at its header row: the first row of two or more words that is
followed by data. Lines of words above a table (titles, remarks) are paragraphs; an empty row ends a table.
"""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.encoding import decode
from citewell.parsing.packages import describe, open_package
from citewell.records import Locator

MAX_CELLS = 2_000_000
_GROUP_ROWS = 2000  # a longer table is written in parts, for memory's sake
_UNCACHED = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*-?\d[\d,.'\s]*\s*(?:%|[$€£¥]|[A-Za-z]{0,3})\)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}.*)?")

_NO_DELIMITER = "\x1f"  # of a file with one column, where commas are part of the text

Row = tuple[int, list[str], tuple[int, int] | None]
"""1-based row number, texts by column, and the file's lines it stands on (delimited text only)."""


def read_workbook(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with open_package(data, out.name) as archive:
        describe(archive, out)
        uncached = any(
            _UNCACHED.search(archive.read(entry))
            for entry in archive.infolist()
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
        )
    book = _load(data, out.name, values=True)
    formulas = _load(data, out.name, values=False) if uncached else None
    budget = MAX_CELLS
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            out.notes.append(
                f"Sheet '{clean_line(sheet.title)[:100]}' is hidden in the workbook; its rows are included."
            )
        name = clean_line(sheet.title)[:200]
        before = len(out.blocks)
        out.heading(name, 1, Locator(sheet=name))
        budget = _write_tables(_sheet_rows(sheet, formulas, out.name, budget), name, out)
        if len(out.blocks) == before + 1:
            out.drop_last()  # the name of an empty sheet is no text
    out.close_sections(1)


def _load(data: bytes, name: str, *, values: bool) -> Any:
    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - openpyxl raises anything on damaged XML; the message must name the format
        raise ParseError(
            "corrupt", f"'{name}' is not a readable Excel workbook ({error}). Open it in Excel and save it again."
        ) from None


def _sheet_rows(sheet: Any, formulas: Any, name: str, budget: int) -> Iterator[Row]:
    """Rows with at least one value; the claimed size of a sheet is ignored, because files lie about it."""
    sheet.reset_dimensions()
    twin: Iterator[Any] = iter(())
    if formulas is not None:
        other = formulas[sheet.title]
        other.reset_dimensions()
        twin = other.iter_rows()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        beside = next(twin, ()) if formulas is not None else ()
        texts: list[str] = []
        for column, cell in enumerate(row):
            value = cell.value
            if value is None and column < len(beside):
                value = beside[column].value  # a formula that was never computed
            texts.append("" if value is None else shown(value, getattr(cell, "number_format", "") or ""))
        while texts and not texts[-1]:
            texts.pop()
        budget -= len(texts)
        if budget < 0:
            raise ParseError(
                "too_large", f"'{name}' holds more than {MAX_CELLS:,} cells. Split it, or load it into a database."
            )
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


def read_delimited(data: bytes, out: Builder) -> None:
    out.media_type = "text/tab-separated-values" if out.name.lower().endswith(".tsv") else "text/csv"
    text = decode(data, out.name).replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(10 << 20)
    delimiter = _delimiter(text, "\t" if out.name.lower().endswith(".tsv") else "")
    out.metadata["delimiter"] = delimiter.strip(_NO_DELIMITER)
    _write_tables(_delimited_rows(text, delimiter, out.name), None, out)


def _delimiter(text: str, expected: str) -> str:
    """The character that splits the first records into the most even columns."""
    sample = text[:100_000]
    best, best_score = expected or _NO_DELIMITER, 0.0
    for candidate in (expected,) if expected and expected in sample.split("\n")[0] else (",", ";", "\t", "|"):
        counts = []
        try:
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=candidate):
                if record:
                    counts.append(len(record))
                if len(counts) >= 60:
                    break
        except csv.Error:
            continue
        if not counts:
            continue
        usual = max(set(counts), key=lambda width: (counts.count(width), width))
        score = counts.count(usual) / len(counts) * (1 + 0.05 * min(usual, 20)) if usual > 1 else 0.0
        if score > best_score:
            best, best_score = candidate, score
    return best


def _delimited_rows(text: str, delimiter: str, name: str) -> Iterator[Row]:
    budget = MAX_CELLS
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    number = 0
    try:
        for record in reader:
            number += 1
            budget -= len(record)
            if budget < 0:
                raise ParseError(
                    "too_large", f"'{name}' holds more than {MAX_CELLS:,} cells. Split it, or load it into a database."
                )
            yield number, [field.strip() for field in record], (line, max(line, reader.line_num))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ParseError(
            "corrupt", f"'{name}' cannot be split into columns: {error} in line {reader.line_num}. Correct it there."
        ) from None


@dataclass
class _Header:
    """The header row in force, for a table that goes on after an empty row."""

    text: str = ""
    width: int = 0  # filled cells
    rows: int = 0  # data rows seen below it


def _write_tables(rows: Iterable[Row], sheet: str | None, out: Builder) -> int:
    """Write rows as tables; returns how many cells may still be read."""
    group: list[Row] = []
    header = _Header()
    used = 0
    for row in rows:
        used += len(row[1])
        if any(row[1]):
            group.append(row)
        if group and (not any(row[1]) or len(group) >= _GROUP_ROWS):
            header = _write_group(group, sheet, header, out)
            group = []
    if group:
        _write_group(group, sheet, header, out)
    return MAX_CELLS - used


def _write_group(group: list[Row], sheet: str | None, header: _Header, out: Builder) -> _Header:
    """Rows without an empty one between them. Returns the header in force."""
    widest = max(sum(1 for text in row[1] if text) for row in group)
    goes_on = header.rows >= 2 and 1 < widest <= header.width
    start = _header_position(group) if not goes_on or _differs(group) else None
    if start is None and widest < 2:
        for row in group:
            _write_words(row, sheet, out)
        return header
    for row in group[: start or 0]:
        _write_words(row, sheet, out)
    table = out.table(header.text if start is None and goes_on else "")
    columns = sorted({column for row in group for column, text in enumerate(row[1], 1) if text})
    body = group
    if start is not None:
        table.header(_cells(group[start], sheet, columns), _place(group[start], sheet))
        body = group[start + 1 :]
    for row in body:
        table.row(_cells(row, sheet, columns), _place(row, sheet))
    width = sum(1 for text in group[start][1] if text) if start is not None else header.width
    return _Header(table.header_text, width, len(body) + (header.rows if goes_on and start is None else 0))


def _differs(group: list[Row]) -> bool:
    """Whether the first row is words above numbers, so a header of its own."""
    first = [text for text in group[0][1] if text]
    second = [text for text in group[1][1] if text] if len(group) > 1 else []
    return any(map(_NUMBER.fullmatch, second)) and not any(map(_NUMBER.fullmatch, first))


def _header_position(group: list[Row]) -> int | None:
    """Where the header row is: two or more cells, all words, nearly as wide as the table, and data below it."""
    sample = group[:200]
    widths = [sum(1 for text in row[1] if text) for row in sample]
    usual = statistics.median([width for width in widths if width > 1] or [1])
    for position, (_, texts, _) in enumerate(sample[:12]):
        filled = [text for text in texts if text]
        if position + 1 == len(group):
            return None
        if len(filled) < 2 or len(filled) < 0.6 * usual:
            continue
        if any(_NUMBER.fullmatch(text) or _DATE.fullmatch(text) or len(text) > 120 for text in filled):
            return None if position == 0 else _year_header(sample, position)
        return position
    return None


def _year_header(sample: list[Row], position: int) -> int | None:
    """``Region | 2022 | 2023`` is a header too when its first cell is a word and all its numbers are years."""
    texts = [text for text in sample[position][1] if text]
    years = all(re.fullmatch(r"(?:19|20)\d\d", text) for text in texts if _NUMBER.fullmatch(text))
    return position if years and not _NUMBER.fullmatch(texts[0]) else None


def _write_words(row: Row, sheet: str | None, out: Builder) -> None:
    text = " ".join(text for text in row[1] if text)
    out.add("paragraph", text, _place(row, sheet))


def _cells(row: Row, sheet: str | None, columns: list[int]) -> list[Cell]:
    """Cells of the columns the table uses at all."""
    number, texts, lines = row
    return [
        (
            texts[column - 1] if column <= len(texts) else "",
            Locator(sheet=sheet, cells=f"{_letter(column)}{number}", lines=lines),
        )
        for column in columns
    ]


def _place(row: Row, sheet: str | None) -> Locator:
    """``A4:D4``, from the first to the last cell with a value."""
    number, texts, lines = row
    filled = [column for column, text in enumerate(texts, 1) if text]
    first, last = f"{_letter(filled[0])}{number}", f"{_letter(filled[-1])}{number}"
    return Locator(sheet=sheet, cells=first if first == last else f"{first}:{last}", lines=lines)


def _letter(column: int) -> str:
    return str(get_column_letter(min(column, 18278)))
