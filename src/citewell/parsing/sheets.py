"""Rows → tables, for every kind of spreadsheet; and delimited text (csv, tsv).

A sheet becomes a heading and its tables. A table starts at its header row: the first row of two or more words that is
followed by data. Lines of words above a table (titles, remarks) are paragraphs; an empty row ends a table.

What a sheet does not show is kept apart: hidden sheets, rows and columns. They hold lookup lists, former prices and
private remarks as often as anything useful; a person who opens the file does not see them, so an answer must not quote
them, and a document must not be able to slip text to the index that its readers never saw. Two kinds of hidden rows are
read all the same, with a note: rows folded away in an outline and rows that a filter holds back. Both have a button on
the sheet that shows them, and a workbook saved with a filter on would lose most of its rows otherwise.
"""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.encoding import decode
from citewell.parsing.numerals import column_letter
from citewell.records import Locator

MAX_CELLS = 2_000_000
_GROUP_ROWS = 2000  # a longer table is written in parts, for memory's sake
_NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*-?\d[\d,.'\s]*\s*(?:%|[$€£¥]|[A-Za-z]{0,3})\)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}.*)?")

_SEPARATOR = re.compile(r"[,;\t|]")
_LONGEST_NAME = 60  # characters of a column's name; longer is a sentence
_NO_DELIMITER = "\x1f"  # of a file with one column, where commas are part of the text

_MAX_MERGED = 10_000  # merged cells of one sheet that are looked at
_MAX_BESIDE = 100  # of them in one row

Row = tuple[int, list[str], tuple[int, int] | None]
"""1-based row number, texts by column, and the file's lines it stands on (delimited text only)."""


class Again(str):
    """The text of a merged cell in a row below its first, which is ``row``."""

    row: int = 0


@dataclass
class View:
    """What of a sheet is hidden. rows, columns: 1-based. folded: rows that a filter or an outline holds back. merged:
    cells over several rows, as column, first and last row, all 1-based."""

    hidden: bool = False
    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    folded: bool = False
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    painted: bool = False  # tables or rules colour the cells, so that white type may stand on colour


class Budget:
    """How many cells of a file may still be read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._left = MAX_CELLS

    def spend(self, cells: int) -> None:
        self._left -= cells
        if self._left < 0:
            raise ParseError(
                "too_large",
                f"'{self.name}' holds more than {MAX_CELLS:,} cells. Split it, or load it into a database.",
            )


def write_sheet(name: str, rows: Iterable[Row], out: Builder, extras: Callable[[], None] | None = None) -> None:
    """A sheet's heading, tables, and what stands beside its cells."""
    before = len(out.blocks)
    out.heading(name, 1, Locator(sheet=name))
    headed = len(out.blocks) > before
    write_tables(rows, name, out)
    if extras is not None:
        extras()
    if headed and len(out.blocks) == before + 1:
        out.drop_last()  # the name of an empty sheet is no text
    out.close_sections(1)


def visible(rows: Iterable[Row], view: View, sheet: str, out: Builder) -> Iterator[Row]:
    """Rows as the sheet shows them; the rest is kept apart."""
    for row in rows:
        number, texts, lines = row
        if not any(texts):
            yield row
        elif view.hidden or number in view.rows:
            reason = "hidden sheet" if view.hidden else "hidden row"
            out.hide(" | ".join(text for text in texts if text), reason, _place(row, sheet))
        elif view.columns:
            covered = [text if column in view.columns else "" for column, text in enumerate(texts, 1)]
            if any(covered):
                place = _place((number, covered, lines), sheet)
                out.hide(" | ".join(text for text in covered if text), "hidden column", place)
            yield number, ["" if column in view.columns else text for column, text in enumerate(texts, 1)], lines
        else:
            yield row
    if view.folded and not view.hidden:
        out.notes.append(f"Sheet '{sheet[:100]}' holds rows that a filter or an outline folds away; they are included.")


def spread(rows: Iterable[Row], view: View, out: Builder) -> Iterator[Row]:
    """Rows with the text of merged cells in every row they cover: one is found without those above it. Rows without
    a text of their own stay empty, and what the sheet hides is not written again."""
    starting: dict[int, list[tuple[int, int]]] = {}  # row → column and last row of the merged cells that begin there
    open_: dict[int, tuple[int, Again]] = {}  # column → last row and text
    for row in rows:
        number, texts, lines = row
        if len(view.merged) <= _MAX_MERGED:  # readers may find merged cells row by row
            while view.merged:
                column, first, last = view.merged.pop()
                starting.setdefault(first, []).append((column, last))
        open_ = {column: each for column, each in open_.items() if each[0] >= number} if open_ else open_
        if open_ and any(texts):
            texts = texts + [""] * (max(open_) - len(texts))
            for column, (_, text) in open_.items():
                texts[column - 1] = texts[column - 1] or _again(text, out)
            yield number, texts, lines
        else:
            yield row
        for column, last in starting.pop(number, ()):
            if column <= len(texts) and texts[column - 1] and len(open_) < _MAX_BESIDE:
                again = Again(texts[column - 1])
                again.row = number
                open_[column] = last, again


def _again(text: Again, out: Builder) -> str:
    return text if out.again((text, Locator()))[0] else ""


def read_delimited(data: bytes, out: Builder) -> None:
    out.media_type = "text/tab-separated-values" if out.name.lower().endswith(".tsv") else "text/csv"
    text = decode(data, out.name).replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(10 << 20)
    delimiter = _delimiter(text, "\t" if out.name.lower().endswith(".tsv") else "")
    out.metadata["delimiter"] = delimiter.strip(_NO_DELIMITER)
    rows = _delimited_rows(text, delimiter, out.name)
    if delimiter == _NO_DELIMITER and not _SEPARATOR.search(text):
        _write_column([row for row in rows if any(row[1])], out)
    else:
        write_tables(rows, None, out)


def _write_column(rows: list[Row], out: Builder) -> None:
    """A list of single values is a table of one column; sentences saved as .csv have commas and do not come here."""
    first = rows[0][1][0] if rows else ""
    if len(rows) < 3 or len(first) > _LONGEST_NAME:
        write_tables(rows, None, out)
        return
    table = out.table()
    named = not (_NUMBER.fullmatch(first) or _DATE.fullmatch(first))
    for number, row in enumerate(rows):
        write = table.header if named and number == 0 else table.row
        write(_cells(row, None, [1]), _place(row, None))


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
    budget = Budget(name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    number = 0
    try:
        for record in reader:
            number += 1
            budget.spend(len(record))
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


def write_tables(rows: Iterable[Row], sheet: str | None, out: Builder) -> None:
    """Write rows as tables."""
    group: list[Row] = []
    header = _Header()
    for row in rows:
        if any(row[1]):
            group.append(row)
        if group and (not any(row[1]) or len(group) >= _GROUP_ROWS):
            header = _write_group(group, sheet, header, out)
            group = []
    if group:
        _write_group(group, sheet, header, out)


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
    cells: list[Cell] = []
    for column in columns:
        text = texts[column - 1] if column <= len(texts) else ""
        stands = text.row if isinstance(text, Again) else number
        cells.append((text, Locator(sheet=sheet, cells=f"{column_letter(column)}{stands}", lines=lines)))
    return cells


def _place(row: Row, sheet: str | None) -> Locator:
    """``A4:D4``, from the first to the last cell with a value."""
    number, texts, lines = row
    filled = [column for column, text in enumerate(texts, 1) if text]
    first, last = f"{column_letter(filled[0])}{number}", f"{column_letter(filled[-1])}{number}"
    return Locator(sheet=sheet, cells=first if first == last else f"{first}:{last}", lines=lines)
