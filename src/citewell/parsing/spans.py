"""Table cells that span rows: their text is written in every row they span.

A row is found, and read, without the rows above it: ``134`` says nothing when its year stands three rows higher. A cell
that spans columns is written once, because its row says it already. A row without words of its own is not written.
"""

from __future__ import annotations

from collections.abc import Iterable

from citewell.parsing.builder import Builder, Cell

MAX_SPAN = 1000  # the most rows or columns one cell may claim


class Spread:
    """The rows of one table whose cells say how many rows and columns they take, as in HTML."""

    def __init__(self, out: Builder) -> None:
        self._out = out
        self._below: dict[int, tuple[int, Cell]] = {}  # column → rows it still covers, and the cell
        self._group: object = None

    def row(self, own: Iterable[tuple[Cell, int, int]], columns: int = MAX_SPAN, group: object = None) -> list[Cell]:
        """Cells by column.

        own: the row's cells, how many columns and how many rows each takes. columns: where spanning ends, because a
        cell may claim a thousand columns that no row fills. group: the part of the table; no cell reaches out of it.
        """
        if group != self._group:
            self._group, self._below = group, {}
        cells: list[Cell] = []
        said = False
        for cell, width, height in own:
            self._covered(cells)
            said = said or bool(cell[0].strip())
            for offset in range(max(1, min(width, columns - len(cells), MAX_SPAN))):
                placed = cell if offset == 0 else ("", cell[1])
                if height > 1 and len(cells) < columns:
                    self._below[len(cells)] = (min(height, MAX_SPAN) - 1, placed)
                cells.append(placed)
        self._covered(cells)
        return cells if said else []

    @property
    def covered(self) -> int:
        """How many columns of the next row are taken from above."""
        return len(self._below)

    def _covered(self, cells: list[Cell]) -> None:
        while (waiting := self._below.get(len(cells))) is not None:
            rows, cell = waiting
            if rows > 1:
                self._below[len(cells)] = rows - 1, cell
            else:
                del self._below[len(cells)]
            cells.append(self._out.again(cell))


class Continued:
    """The rows of one table whose cells say that they go on from the row above, as in Word."""

    def __init__(self, out: Builder) -> None:
        self._out = out
        self._above: dict[int, Cell] = {}

    def row(self, own: list[tuple[Cell, bool]]) -> list[Cell]:
        """own: the row's cells by column, and whether each goes on from above."""
        if not any(cell[0].strip() for cell, goes_on in own if not goes_on):
            return []
        cells: list[Cell] = []
        for column, (cell, goes_on) in enumerate(own):
            if goes_on:
                cells.append(self._out.again(self._above.get(column, cell)))
            else:
                self._above[column] = cell
                cells.append(cell)
        return cells
