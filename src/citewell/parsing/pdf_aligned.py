"""Tables without lines on a PDF page: rows whose pieces stand in the same columns.

At least three rows whose pieces line up make a table, unless the pieces read like running text or like numbered items.
Justified text has wide gaps too, but they line up nowhere.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from itertools import pairwise

from citewell.parsing.pdf_lines import box_of
from citewell.parsing.pdf_tables import EMPTY, NUMERIC, Table, TableCell, cell_of, has_header
from citewell.parsing.pdf_text import Word

_LEADERS = re.compile(r"(?:\.\s?){5,}|…{2,}")
_NUMBERING = re.compile(r"(?:[•▪◦‣●○■□–—*-]|\(?[\dA-Za-z]{1,3}[.)]|\d+(?:\.\d+)+\.?)$")
_LINED_UP = 4.0  # points by which the pieces of a column usually miss a common edge at most

Segments = list[list[Word]]
"""One line, cut at its wide gaps."""


def aligned(rows: list[Segments]) -> list[tuple[int, int, Table]]:
    """Tables without lines: (first row, row after the last, table), in order."""
    found: list[tuple[int, int, Table]] = []
    number = 0
    while number < len(rows):
        end = _stretch(rows, number)
        few = end - number < 3
        table = None if few and not _pair(rows[number:end]) else _aligned_table(rows[number:end])
        if table is None:
            number += 1 if few else max(1, end - number)
        else:
            found.append((number, end, table))
            number = end
    return found


def _pair(rows: list[Segments]) -> bool:
    """A row of names above a row of values, at least three each, that begin or end at the same places."""
    if len(rows) != 2 or len(rows[0]) != len(rows[1]) or len(rows[0]) < 3:
        return False
    named = not any(_is_number(piece) for piece in rows[0]) and any(_is_number(piece) for piece in rows[1])
    return named and all(
        abs(upper[0].left - lower[0].left) < 2.0 or abs(upper[-1].right - lower[-1].right) < 2.0
        for upper, lower in zip(*rows, strict=True)
    )


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
    if len(several) < min(3, len(rows)) or not 2 <= len(columns) <= 20:
        return None
    lines = [_placed(row, columns) for row in rows]
    filled = [sum(1 for line in lines if column in line) for column in range(len(columns))]
    if sum(1 for count in filled if count >= 0.5 * len(several)) < 2:
        return None
    texts = [[" ".join(word.text for word in line[c]) for c in range(len(columns)) if c in line] for line in lines]
    if _reads_like_text(texts, lines, len(columns)) or not _lined_up(lines, len(columns)):
        return None
    groups = _rows_of_cells(lines)
    cells = [
        [cell_of(group[column]) if column in group else EMPTY for column in range(len(columns))] for group in groups
    ]
    if _two_line_header(cells):
        cells[:2] = [[_joined(upper, lower) for upper, lower in zip(cells[0], cells[1], strict=True)]]
    words = [word for row in rows for segment in row for word in segment]
    return Table(box_of(words), cells, has_header(cells, words))


def _two_line_header(rows: list[list[TableCell]]) -> bool:
    """Two rows of words above rows that are mostly numbers."""
    if len(rows) < 4:
        return False
    numbers = [sum(1 for cell in row if NUMERIC.fullmatch(cell.text)) for row in rows[:4]]
    filled = [sum(1 for cell in row if cell.text) for row in rows[:4]]
    return numbers[:2] == [0, 0] and filled[0] > 1 and all(2 * numbers[n] >= filled[n] for n in (2, 3))


def _joined(upper: TableCell, lower: TableCell) -> TableCell:
    if not upper.text or not lower.text:
        return upper if upper.text else lower
    a, b = upper.box, lower.box
    box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return TableCell(f"{upper.text} {lower.text}", box)


def _columns(rows: list[Segments]) -> list[tuple[float, float]]:
    """Left and right edge of each column: as complete rows show them, or more of them where few rows are complete."""
    usual, touched = _usual_columns(rows), _touched(rows)
    return touched if len(touched) > len(usual) else usual


def _touched(rows: list[Segments]) -> list[tuple[float, float]]:
    """Stretches of x that most rows use, between stretches that few rows touch."""
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


def _lined_up(lines: list[dict[int, list[Word]]], width: int) -> bool:
    """Most columns share a left edge, a right edge or a middle."""
    common = 0
    for column in range(width):
        edges = [(line[column][0].left, max(word.right for word in line[column])) for line in lines if column in line]
        if len(edges) < 2:
            continue
        spreads = []
        for values in ([a for a, _ in edges], [b for _, b in edges], [(a + b) / 2 for a, b in edges]):
            usual = statistics.median(values)
            spreads.append(statistics.median(abs(value - usual) for value in values))
        common += min(spreads) <= _LINED_UP
    return common >= 2 and common >= 0.6 * width


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
    numbers = sum(1 for text in every if NUMERIC.fullmatch(text))
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
        apart = number > 0 and len(line) > 1 and tops[number] - tops[number - 1] > 0.95 * usual
        named = apart and all(words[0].text[:1].isupper() for words in line.values())
        if found and words_only and not named and len(line) <= len(found[-1]) and (0 not in line or close):
            for column, words in line.items():
                found[-1].setdefault(column, []).extend(words)
        else:
            found.append({column: list(words) for column, words in line.items()})
    return found


def _is_number(words: list[Word]) -> bool:
    return bool(NUMERIC.fullmatch(" ".join(word.text for word in words)))
