"""Tables of word processors, given as rows of plain text."""

from __future__ import annotations

from citewell.parsing.builder import Builder
from citewell.parsing.numerals import column_letter
from citewell.records import Locator


def framed(rows: list[list[str]]) -> bool:
    """Whether rows are a frame around text, with one column or one row, rather than a table."""
    return len(rows) < 2 or max(map(len, rows)) < 2


def write_table(rows: list[list[str]], part: str, out: Builder, slide: int | None = None) -> None:
    """part: the table's name in locators, such as ``table 2``. A first row with two filled cells is the header."""
    table = out.table()
    for number, row in enumerate(rows, start=1):
        cells = [
            (text, Locator(slide=slide, part=part, cells=f"{column_letter(column)}{number}"))
            for column, text in enumerate(row, start=1)
        ]
        place = Locator(slide=slide, part=part, cells=f"A{number}:{column_letter(max(1, len(row)))}{number}")
        if number == 1 and sum(1 for text in row if text.strip()) >= 2:
            table.header(cells, place)
        else:
            table.row(cells, place)
