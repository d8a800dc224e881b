"""Tables on a PDF page: by the lines drawn around their cells, else by columns that line up.

PDF files hold no tables, only words and strokes. A ruled table is a set of level and upright lines that cross; words
belong to the cell their middle lies in. Without lines, at least three rows whose pieces stand in the same columns make
a table, unless the pieces read like running text or like numbered items.
"""

from __future__ import annotations

import re
import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from citewell.parsing.pdf_lines import box_of, join_lines, rows_of
from citewell.parsing.pdf_text import Rule, Word
from citewell.records import Box

MAX_RULES = 3000  # more are a drawing or a map
_NEAR = 3.0  # points by which lines may miss each other and still meet
_NUMERIC = re.compile(r"[-+(~<>≈±]?\s*[$€£¥]?\s*[-–+]?[\d.,'\s]*\d[\d.,'\s]*(?:[%‰$€£¥)*†]|[A-Za-z]{1,3}\b)*\W*")
_LEADERS = re.compile(r"(?:\.\s?){5,}|…{2,}")
_NUMBERING = re.compile(r"(?:[•▪◦‣●○■□–—*-]|\(?[\dA-Za-z]{1,3}[.)]|\d+(?:\.\d+)+\.?)$")


class TableCell(NamedTuple):
    """Text of a cell and the box of its words; empty text and a zero box where a cell is empty."""

    text: str
    box: Box


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
        rows = grid.fill(inside)
        if rows is None:
            continue
        taken = set(inside)
        words = [word for word in words if word not in taken]
        tables.append(Table(box, rows, _has_header(rows, inside)))
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
        ):
            found[-1] = last._replace(end=max(last.end, rule.end))
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
        found: list[list[TableCell]] = []
        for row in sorted(used_rows):
            words_of = {column: cells[row, column] for column in used_columns if (row, column) in cells}
            for part in _split_lines(words_of) if rows <= 4 else [words_of]:
                found.append([cell_of(part[column]) if column in part else EMPTY for column in used_columns])
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


def _split_lines(cells: dict[int, list[Word]]) -> list[dict[int, list[Word]]]:
    """Rows inside one box: a table may have lines only around its header and body. Its cells then hold the same number
    of lines (three or more) at the same heights."""
    lines = {column: rows_of(words) for column, words in cells.items()}
    first = lines[min(lines)]
    if len(first) < 3:
        return [cells]
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


Segments = list[list[Word]]
"""One line, cut at its wide gaps."""


def aligned(rows: list[Segments]) -> list[tuple[int, int, Table]]:
    """Tables without lines: (first row, row after the last, table), in order."""
    found: list[tuple[int, int, Table]] = []
    number = 0
    while number < len(rows):
        end = _stretch(rows, number)
        table = _aligned_table(rows[number:end]) if end - number >= 3 else None
        if table is None:
            number += 1 if end - number < 3 else max(1, end - number)
        else:
            found.append((number, end, table))
            number = end
    return found


def _stretch(rows: list[Segments], start: int) -> int:
    """The end of the rows from ``start`` that have several pieces, or are one piece that continues a cell."""
    if len(rows[start]) < 2:
        return start + 1
    end = start + 1
    position = start + 1
    while position < len(rows):
        step = _top(rows[position]) - _top(rows[position - 1])
        if step > 4.0 * max(6.0, rows[position][0][0].size):
            break
        if len(rows[position]) == 1 and _is_title(rows[position][0], rows[start:position], step):
            break
        if len(rows[position]) >= 2:
            end = position + 1
        elif position - end >= 2 or step > 1.9 * max(6.0, rows[position][0][0].size):
            break
        position += 1
    return end


def _is_title(piece: list[Word], before: list[Segments], step: float) -> bool:
    """A line that begins something new: larger than the table's text, or bold and set apart."""
    size = statistics.median(word.size for row in before for segment in row for word in segment)
    steps = [_top(after) - _top(row) for row, after in pairwise(before)]
    apart = bool(steps) and step > 1.4 * statistics.median(steps)
    return piece[0].size > 1.08 * size or (apart and all(word.bold for word in piece))


def _top(row: Segments) -> float:
    return min(word.top for segment in row for word in segment)


def _aligned_table(rows: list[Segments]) -> Table | None:
    columns = _columns(rows)
    several = [row for row in rows if len(row) >= 2]
    if len(several) < 3 or not 2 <= len(columns) <= 20:
        return None
    lines = [_placed(row, columns) for row in rows]
    filled = [sum(1 for line in lines if column in line) for column in range(len(columns))]
    if sum(1 for count in filled if count >= 0.5 * len(several)) < 2:
        return None
    texts = [[" ".join(word.text for word in line[c]) for c in range(len(columns)) if c in line] for line in lines]
    if _reads_like_text(texts, lines, len(columns)):
        return None
    groups = _rows_of_cells(lines)
    cells = [
        [cell_of(group[column]) if column in group else EMPTY for column in range(len(columns))] for group in groups
    ]
    if _two_line_header(cells):
        cells[:2] = [[_joined(upper, lower) for upper, lower in zip(cells[0], cells[1], strict=True)]]
    words = [word for row in rows for segment in row for word in segment]
    return Table(box_of(words), cells, _has_header(cells, words))


def _two_line_header(rows: list[list[TableCell]]) -> bool:
    """Two rows of words above rows that are mostly numbers."""
    if len(rows) < 4:
        return False
    numbers = [sum(1 for cell in row if _NUMERIC.fullmatch(cell.text)) for row in rows[:4]]
    filled = [sum(1 for cell in row if cell.text) for row in rows[:4]]
    return numbers[:2] == [0, 0] and filled[0] > 1 and all(2 * numbers[n] >= filled[n] for n in (2, 3))


def _joined(upper: TableCell, lower: TableCell) -> TableCell:
    if not upper.text or not lower.text:
        return upper if upper.text else lower
    a, b = upper.box, lower.box
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return TableCell(f"{upper.text} {lower.text}", box)


def _columns(rows: list[Segments]) -> list[tuple[float, float]]:
    """Stretches of x that most rows use, between stretches that few rows touch."""
    if usual := _usual_columns(rows):
        return usual
    boxes = [(segment[0].left, max(word.right for word in segment)) for row in rows if len(row) >= 2 for segment in row]
    if not boxes:
        return []
    left, right = min(box[0] for box in boxes), max(box[1] for box in boxes)
    covered = [0] * (int(right - left) + 2)
    for start, end in boxes:
        for x in range(int(start - left), int(end - left) + 1):
            covered[x] += 1
    least = max(1, int(0.12 * sum(1 for row in rows if len(row) >= 2)) + 1)
    found: list[tuple[float, float]] = []
    start_x: int | None = None
    for x, count in enumerate([*covered, 0]):
        if count >= least and start_x is None:
            start_x = x
        elif count < least and start_x is not None:
            found.append((left + start_x, left + x))
            start_x = None
    return found


def _usual_columns(rows: list[Segments]) -> list[tuple[float, float]]:
    """Where the pieces of complete rows stand: medians, so that one long cell does not join two columns. Empty when
    no number of pieces is usual, or the pieces do not stand apart."""
    counts = Counter(len(row) for row in rows if len(row) >= 2)
    total = sum(counts.values())
    width = max((size for size, count in counts.items() if count >= max(2, 0.3 * total)), default=0)
    complete = [row for row in rows if len(row) == width]
    found = [
        (
            statistics.median(row[column][0].left for row in complete),
            statistics.median(max(word.right for word in row[column]) for row in complete),
        )
        for column in range(width)
    ]
    apart = all(before[1] < after[0] for before, after in pairwise(found))
    return found if apart else []


def _placed(row: Segments, columns: list[tuple[float, float]]) -> dict[int, list[Word]]:
    """Words by column: each piece goes to the column it overlaps most."""
    found: dict[int, list[Word]] = {}
    for segment in row:
        left, right = segment[0].left, max(word.right for word in segment)
        best = max(range(len(columns)), key=lambda c: min(right, columns[c][1]) - max(left, columns[c][0]))
        found.setdefault(best, []).extend(segment)
    return found


def _reads_like_text(texts: list[list[str]], lines: list[dict[int, list[Word]]], width: int) -> bool:
    """Columns of prose, tables of contents and lists are not tables."""
    every = [text for row in texts for text in row]
    if sum(1 for row in texts if any(_LEADERS.search(text) for text in row)) > 0.3 * len(texts):
        return True
    firsts = [" ".join(word.text for word in line[0]) for line in lines if 0 in line]
    if width == 2 and firsts and sum(1 for text in firsts if _NUMBERING.match(text)) > 0.7 * len(firsts):
        return True
    numbers = sum(1 for text in every if _NUMERIC.fullmatch(text))
    long = sum(1 for text in every if len(text) > 45)
    return numbers < 0.1 * len(every) and long > 0.55 * len(every)


def _rows_of_cells(lines: list[dict[int, list[Word]]]) -> list[dict[int, list[Word]]]:
    """Lines of a table as rows. A line continues the row above when it lacks the first cell and holds no numbers, or
    when it has a single cell and stands closer to the line above than rows do."""
    tops = [min(word.top for words in line.values() for word in words) for line in lines]
    full = [top for top, line in zip(tops, lines, strict=True) if len(line) > 1]
    usual = statistics.median([after - before for before, after in pairwise(full)] or [0.0])
    found: list[dict[int, list[Word]]] = []
    for number, line in enumerate(lines):
        words_only = not any(_is_number(words) for words in line.values())
        close = number > 0 and len(line) == 1 and tops[number] - tops[number - 1] < 0.85 * usual
        if found and words_only and len(line) <= len(found[-1]) and (0 not in line or close):
            for column, words in line.items():
                found[-1].setdefault(column, []).extend(words)
        else:
            found.append({column: list(words) for column, words in line.items()})
    return found


def _is_number(words: list[Word]) -> bool:
    return bool(_NUMERIC.fullmatch(" ".join(word.text for word in words)))


def _has_header(rows: list[list[TableCell]], words: list[Word]) -> bool:
    """The first row names the columns: all words, and bold, or above numbers, or short."""
    if len(rows) < 2:
        return False
    first = [cell for cell in rows[0] if cell.text]
    if len(first) < 2 or any(
        _NUMERIC.fullmatch(cell.text) and not re.fullmatch(r"(?:19|20)\d\d", cell.text) for cell in first
    ):
        return False
    bottom = max(cell.box[3] for cell in first)
    upper = [word for word in words if word.middle < bottom]
    lower = [word for word in words if word.middle >= bottom]
    bold = bool(upper) and all(word.bold for word in upper) and not all(word.bold for word in lower)
    numbers = any(_NUMERIC.fullmatch(cell.text) for row in rows[1:] for cell in row if cell.text)
    return bold or numbers or max(len(cell.text) for cell in first) <= 40
