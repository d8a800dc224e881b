"""Tables without lines whose cells are long: rows of text set side by side, with a gap below each row.

The pieces of one line tell nothing here, because every line of a cell looks like text in a column. What tells is that
all columns begin again at the same height, and that no line reaches from one column into the next.
"""

from __future__ import annotations

import statistics
from itertools import pairwise

from citewell.parsing.pdf_drawn import Rule
from citewell.parsing.pdf_lines import BULLET, Row, box_of, is_marker, split_at_gaps
from citewell.parsing.pdf_tables import EMPTY, Table, cell_of, has_header
from citewell.parsing.pdf_text import Word

_GAP = 8.0  # points between columns
Band = list[Row]
"""Lines without a gap between them: one row of a table, if it is one."""


def tables(rows: list[Row], levels: list[Rule]) -> list[tuple[int, int, Table]]:
    """(first line, line after the last, table), in order. levels: level rules, which part rows as a gap does."""
    bands = _bands(rows, levels)
    found: list[tuple[int, int, Table]] = []
    number = start = 0
    while number < len(bands):
        end = _stretch(bands, number)
        table = _table(bands[number:end]) if end - number >= 3 else None
        step = end - number if table is not None else 1
        length = sum(len(band) for band in bands[number : number + step])
        if table is not None:
            found.append((start, start + length, table))
        start += length
        number += step
    return found


def _bands(rows: list[Row], levels: list[Rule]) -> list[Band]:
    """Lines cut where the step to the next one is larger than usual, or where a rule lies between them."""
    if not rows:
        return []
    steps = [after.box[1] - before.box[1] for before, after in pairwise(rows)]
    usual = statistics.median_low([step for step in steps if step > 1.0] or [12.0])
    found: list[Band] = [[rows[0]]]
    for before, row, step in zip(rows, rows[1:], steps, strict=False):
        middle = (row.box[0] + row.box[2]) / 2
        ruled = any(
            before.box[3] - 3 < rule.at < row.box[1] + 3 and rule.start - 3 <= middle <= rule.end + 3 for rule in levels
        )
        if ruled or step > 1.22 * usual:
            found.append([])
        found[-1].append(row)
    return found


def _spans(band: Band) -> list[tuple[float, float]]:
    """Stretches of x that the band's words cover, apart by a gap."""
    found: list[tuple[float, float]] = []
    for word in sorted((word for row in band for word in row.words), key=lambda word: word.left):
        if found and word.left - found[-1][1] < _GAP:
            found[-1] = (found[-1][0], max(found[-1][1], word.right))
        else:
            found.append((word.left, word.right))
    return found


def _stretch(bands: list[Band], start: int) -> int:
    """The end of the bands from ``start`` that keep to common columns."""
    columns = _spans(bands[start])
    if len(columns) < 2:
        return start + 1
    end = start + 1
    while end < len(bands):
        spans = _spans(bands[end])
        merged = _united(columns, spans)
        if len(spans) < 2 or len(merged) < 2 or len(merged) < min(len(columns), len(spans)):
            break
        if bands[end][0].box[1] - bands[end - 1][-1].box[3] > 60:
            break
        columns = merged
        end += 1
    return end


def _united(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for left, right in sorted([*one, *other]):
        if found and left - found[-1][1] < _GAP:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _table(bands: list[Band]) -> Table | None:
    columns: list[tuple[float, float]] = []
    for band in bands:
        columns = _united(columns, _spans(band))
    if not 2 <= len(columns) <= 12 or sum(len(band) > 1 for band in bands) < max(2, 0.3 * len(bands)):
        return None
    rows = [_cells(part, columns) for band in bands for part in _entries(band, columns)]
    firsts = [row[0] for row in rows if row[0]]
    marks = sum(1 for words in firsts if is_marker(words) or BULLET.match(words[0].text))
    full = sum(1 for row in rows if sum(map(bool, row)) > 1)
    if 2 * marks > len(rows) or full < 0.7 * len(rows) or not _begin_together(rows) or _figure(bands):
        return None
    words = [word for band in bands for row in band for word in row.words]
    cells = [[cell_of(cell) if cell else EMPTY for cell in row] for row in rows]
    return Table(box_of(words), cells, has_header(cells, words))


def _entries(band: Band, columns: list[tuple[float, float]]) -> list[Band]:
    """A band cut where a new entry begins although no gap shows it: its name stands in the first column again, after
    lines without one or after lines that end early."""
    found: list[Band] = [[]]
    named, early = False, False  # of the line before
    for row in band:
        cells = _cells([row], columns)
        filled = [(cell, span) for cell, span in zip(cells[1:], columns[1:], strict=True) if cell]
        if found[-1] and cells[0] and filled and (not named or early):
            found.append([])
        found[-1].append(row)
        named = bool(cells[0])
        early = bool(filled) and all(
            span[1] - max(word.right for word in cell) > 0.25 * (span[1] - span[0]) for cell, span in filled
        )
    return found


def _cells(band: Band, columns: list[tuple[float, float]]) -> list[list[Word]]:
    found: list[list[Word]] = [[] for _ in columns]
    for row in band:
        for word in row.words:
            middle = (word.left + word.right) / 2
            found[min(range(len(columns)), key=lambda number: _distance(middle, columns[number]))].append(word)
    return found


def _distance(x: float, span: tuple[float, float]) -> float:
    return max(span[0] - x, x - span[1], 0.0)


def _begin_together(rows: list[list[list[Word]]]) -> bool:
    """The cells of a row begin at the same height (or are centred on it), in most rows; columns have a left edge."""
    together = 0
    for row in rows:
        tops = [min(word.top for word in cell) for cell in row if cell]
        middles = [(min(w.top for w in cell) + max(w.bottom for w in cell)) / 2 for cell in row if cell]
        together += max(tops) - min(tops) < 4.0 or max(middles) - min(middles) < 4.0
    edges = 0
    for column in range(len(rows[0])):
        lefts = [min(word.left for word in row[column]) for row in rows if row[column]]
        usual = statistics.median(lefts)
        edges += statistics.median(abs(left - usual) for left in lefts) < 3.0
    return together >= 0.75 * len(rows) and edges >= 0.6 * len(rows[0])


def _figure(bands: list[Band]) -> bool:
    """Labels scattered over a drawing: lines of single short words."""
    pieces = [piece for band in bands for row in band for piece in split_at_gaps(row.words)]
    return statistics.median(len(" ".join(word.text for word in piece)) for piece in pieces) < 4
