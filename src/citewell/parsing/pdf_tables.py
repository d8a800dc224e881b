"""Tables on a PDF page by the lines drawn around their cells.

PDF files hold no tables, only words and strokes. A ruled table is a set of level and upright lines that cross; words
belong to the cell their middle lies in. Tables without lines are found in :mod:`citewell.parsing.pdf_aligned`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from citewell.parsing.pdf_drawn import Rule
from citewell.parsing.pdf_lines import box_of, is_marker, join_lines, rows_of, split_at_gaps
from citewell.parsing.pdf_text import Word
from citewell.records import Box

MAX_RULES = 3000  # more are a drawing or a map
_NEAR = 3.0  # points by which lines may miss each other and still meet
NUMERIC = re.compile(r"[-+(~<>≈±]?\s*[$€£¥]?\s*[-–+]?[\d.,'\s]*\d[\d.,'\s]*(?:[%‰$€£¥)*†]|[A-Za-z]{1,3}\b)*\W*")


class TableCell(NamedTuple):
    """Text of a cell and the box of its words; empty text and a zero box where a cell is empty. tail: the rest of a
    cell that goes on over a page."""

    text: str
    box: Box
    page: int = 0
    tail: tuple[TableCell, ...] = ()


EMPTY = TableCell("", (0.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Table:
    box: Box
    rows: list[list[TableCell]]
    has_header: bool


def ruled(rules: list[Rule], words: list[Word], size: tuple[float, float]) -> tuple[list[Table], list[Word]]:
    """Tables drawn with lines, top to bottom, and the words outside of them."""
    tables: list[Table] = []
    for levels, uprights in _components(_merged(rules, size)):
        grid = _grid(levels, uprights)
        if grid is None:
            continue
        box = (grid.xs[0], grid.ys[0], grid.xs[-1], grid.ys[-1])
        inside = [word for word in words if _contains(box, word)]
        rows = grid.finer(inside).fill(inside)
        if rows is None:
            continue
        taken = set(inside)
        words = [word for word in words if word not in taken]
        tables.append(Table(box, rows, has_header(rows, inside)))
    return sorted(tables, key=lambda table: (table.box[1], table.box[0])), words


def _merged(rules: list[Rule], size: tuple[float, float]) -> list[Rule]:
    """Lines that continue or repeat each other become one; lines around the whole page are not a table's."""
    found: list[Rule] = []
    if len(rules) > MAX_RULES:
        return found
    width, height = size
    for rule in sorted(rules, key=lambda rule: (rule.level, round(rule.at / 2), rule.start)):
        if rule.at < 2 or rule.at > (height if rule.level else width) - 2:
            continue
        last = found[-1] if found else None
        if (
            last is not None
            and last.level == rule.level
            and abs(last.at - rule.at) < _NEAR
            and rule.start <= last.end + _NEAR
            and rule.end >= last.start - _NEAR
        ):
            at = max(last, rule, key=lambda each: each.end - each.start).at  # underlined words do not move a line
            found[-1] = Rule(rule.level, at, min(last.start, rule.start), max(last.end, rule.end))
        else:
            found.append(rule)
    return found


def _components(rules: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Level and upright lines that meet, directly or through others."""
    levels = [rule for rule in rules if rule.level]
    uprights = [rule for rule in rules if not rule.level]
    parent = list(range(len(rules)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for i, level in enumerate(levels):
        for j, upright in enumerate(uprights, start=len(levels)):
            if (
                level.start - _NEAR <= upright.at <= level.end + _NEAR
                and upright.start - _NEAR <= level.at <= upright.end + _NEAR
            ):
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, rule in enumerate([*levels, *uprights]):
        groups.setdefault(root(number), ([], []))[0 if rule.level else 1].append(rule)
    return [group for group in groups.values() if group[0] and group[1]]


def _grid(levels: list[Rule], uprights: list[Rule]) -> _Grid | None:
    ys, xs = _clustered([rule.at for rule in levels]), _clustered([rule.at for rule in uprights])
    left, right = min(rule.start for rule in levels), max(rule.end for rule in levels)
    # A table may be open at its sides: the level lines say how wide it is.
    if xs[0] - left > 12:
        xs.insert(0, left)
    if right - xs[-1] > 12:
        xs.append(right)
    if len(ys) < 3 or len(xs) < 3:
        return None
    return _Grid(ys, xs, levels, uprights)


def _clustered(values: list[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 2 * _NEAR:
            found.append(value)
    return found


@dataclass(frozen=True, slots=True)
class _Grid:
    ys: list[float]
    xs: list[float]
    levels: list[Rule]
    uprights: list[Rule]

    def finer(self, words: list[Word]) -> _Grid:
        """Also cut where no line is drawn, but the pieces of several lines of one drawn column stand apart."""
        added: list[float] = []
        for left, right in pairwise(self.xs):
            column = [word for word in words if left <= (word.left + word.right) / 2 < right]
            lines = [split_at_gaps(row.words, 1.2) for row in rows_of(column)]
            if sum(len(line) > 1 for line in lines) >= max(3, 0.25 * len(lines)):
                added += _blank_stripes([(piece[0].left, piece[-1].right) for line in lines for piece in line])
        virtual = [Rule(False, x, self.ys[0], self.ys[-1]) for x in added]
        return replace(self, xs=sorted([*self.xs, *added]), uprights=[*self.uprights, *virtual]) if added else self

    def fill(self, words: list[Word]) -> list[list[TableCell]] | None:
        """Words by cell; ``None`` when this is no table (too few filled cells, or one box around text)."""
        rows, columns = len(self.ys) - 1, len(self.xs) - 1
        owner = self._owners(rows, columns)
        cells: dict[tuple[int, int], list[Word]] = {}
        for word in words:
            row = min(rows - 1, max(0, bisect_right(self.ys, word.middle) - 1))
            column = min(columns - 1, max(0, bisect_right(self.xs, (word.left + word.right) / 2) - 1))
            cells.setdefault(owner[row][column], []).append(word)
        used_rows = {row for row, _ in cells}
        used_columns = sorted({column for _, column in cells})
        several = sum(1 for row in used_rows if sum(1 for cell in cells if cell[0] == row) > 1)
        if len(used_rows) < 2 or len(used_columns) < 2 or len(cells) < 4 or 2 * several < len(used_rows):
            return None  # frames around text, as on forms and invoices
        if sum(len(cell) for cell in cells.values() if _holds_columns(cell)) > 0.4 * len(words):
            return None  # a frame around a table that has no lines of its own
        found: list[list[TableCell]] = []
        for row in sorted(used_rows):
            words_of = {column: cells[row, column] for column in used_columns if (row, column) in cells}
            above = {
                column: cell_of(cells[owner[row][column]])
                for column in used_columns
                if owner[row][column][0] < row and owner[row][column][1] == column and owner[row][column] in cells
            }  # a cell merged with the rows below belongs to each of them
            for part in _split_lines(words_of) if rows <= 4 else [words_of]:
                cut = {column: cell_of(part[column]) for column in part}
                found.append([cut.get(column) or above.get(column, EMPTY) for column in used_columns])
        return found

    def _owners(self, rows: int, columns: int) -> list[list[tuple[int, int]]]:
        """For each grid cell, the first cell of the merged cell it is part of: no line lies between them."""
        owner = [[(row, column) for column in range(columns)] for row in range(rows)]
        for row in range(rows):
            y = (self.ys[row] + self.ys[row + 1]) / 2
            for column in range(columns):
                x = (self.xs[column] + self.xs[column + 1]) / 2
                if column and not _crosses(self.uprights, self.xs[column], y):
                    owner[row][column] = owner[row][column - 1]
                elif row and not _crosses(self.levels, self.ys[row], x):
                    owner[row][column] = owner[row - 1][column]
        return owner


def _holds_columns(cell: list[Word]) -> bool:
    """Whether a cell's lines are pieces that stand far apart."""
    lines = [split_at_gaps(row.words, 1.6) for row in rows_of(cell)]
    return 2 * sum(len(line) > 1 for line in lines) > len(lines)


def _blank_stripes(spans: list[tuple[float, float]]) -> list[float]:
    """The middles of the stretches of x between spans that none of them covers."""
    found: list[float] = []
    end: float | None = None
    for left, right in sorted(spans):
        if end is not None and left - end >= 2 * _NEAR:
            found.append((left + end) / 2)
        end = right if end is None else max(end, right)
    return found


def _split_lines(cells: dict[int, list[Word]]) -> list[dict[int, list[Word]]]:
    """Rows inside one box: a table may have lines only around its header and body. Its cells then hold the same number
    of lines (three or more) at the same heights."""
    lines = {column: rows_of(words) for column, words in cells.items()}
    first = lines[min(lines)]
    if len(first) < 3 or any(is_marker(row.words[:1]) for rows in lines.values() for row in rows):
        return [cells]  # lists in cells have lines at the same heights too
    middles = [(row.box[1] + row.box[3]) / 2 for row in first]
    found: list[dict[int, list[Word]]] = [{} for _ in first]
    matched = 0
    for column, rows in lines.items():
        matched += len(rows) == len(first)
        for row in rows:
            middle = (row.box[1] + row.box[3]) / 2
            near = min(range(len(middles)), key=lambda number: abs(middles[number] - middle))
            if abs(middles[near] - middle) > 0.5 * max(4.0, row.size):
                return [cells]
            found[near].setdefault(column, []).extend(row.words)
    return found if matched >= 2 else [cells]


def _crosses(rules: list[Rule], at: float, other: float) -> bool:
    return any(abs(rule.at - at) <= 2 * _NEAR and rule.start - _NEAR <= other <= rule.end + _NEAR for rule in rules)


def _contains(box: Box, word: Word) -> bool:
    return box[0] <= (word.left + word.right) / 2 <= box[2] and box[1] <= word.middle <= box[3]


def cell_of(words: Sequence[Word]) -> TableCell:
    return TableCell(join_lines([row.text for row in rows_of(words)]), box_of(words))


def has_header(rows: list[list[TableCell]], words: list[Word]) -> bool:
    """The first row names the columns: all words, and bold, or above numbers, or short."""
    if len(rows) < 2:
        return False
    first = [cell for cell in rows[0] if cell.text]
    if len(first) < 2 or any(
        NUMERIC.fullmatch(cell.text) and not re.fullmatch(r"(?:19|20)\d\d", cell.text) for cell in first
    ):
        return False
    bottom = max(cell.box[3] for cell in first)
    upper = [word for word in words if word.middle < bottom]
    lower = [word for word in words if word.middle >= bottom]
    bold = bool(upper) and all(word.bold for word in upper) and not all(word.bold for word in lower)
    numbers = any(NUMERIC.fullmatch(cell.text) for row in rows[1:] for cell in row if cell.text)
    return bold or numbers or max(len(cell.text) for cell in first) <= 40
