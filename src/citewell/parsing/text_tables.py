"""Tables of word processors, given as rows of plain text."""

from __future__ import annotations

from citewell.parsing.builder import Builder
from citewell.parsing.numerals import column_letter
from citewell.parsing.spans import Continued
from citewell.records import Locator


def framed(rows: list[list[str]]) -> bool:
    """Whether rows are a frame around text, with one column or one row, rather than a table."""
    return len(rows) < 2 or max(map(len, rows)) < 2


def write_table(
    rows: list[list[str]],
    part: str,
    out: Builder,
    slide: int | None = None,
    continued: frozenset[tuple[int, int]] = frozenset(),
) -> None:
    """part: the table's name in locators, such as ``table 2``. continued: row and column, from 0, of cells that go on
    from the one above. A first row with two filled cells is the header."""
    table, merged = out.table(), Continued(out)
    for number, row in enumerate(rows, start=1):
        places = (Locator(slide=slide, part=part, cells=f"{column_letter(column + 1)}{number}")
                  for column in range(len(row)))  # fmt: skip
        cells = merged.row(
            [
                ((text, place), not text.strip() and (number - 1, column) in continued)
                for column, (text, place) in enumerate(zip(row, places, strict=True))
            ]
        )
        place = Locator(slide=slide, part=part, cells=f"A{number}:{column_letter(max(1, len(row)))}{number}")
        if number == 1 and sum(1 for text in row if text.strip()) >= 2:
            table.header(cells, place)
        else:
            table.row(cells, place)
