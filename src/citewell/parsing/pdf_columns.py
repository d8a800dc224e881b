"""Columns of running text on a PDF page: where gutters cut it, and in which order the columns are read.

Not for the columns of tables: cells of one table row begin on one line, columns of text go on independently.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from citewell.parsing.pdf_drawn import Rule
from citewell.parsing.pdf_lines import Row, box_of, rows_of, split_at_gaps
from citewell.parsing.pdf_text import Word
from citewell.records import Box

_MAX_DEPTH = 8  # cuts into columns within columns
_MAX_GUTTERS = 4  # places tried per cut
_RIVER = 9.0  # points; spaces of a few stretched lines may stand above each other, but none is as wide as a gutter
_SAME_LINE = 3.0  # points by which tops of cells of one row differ at most


@dataclass(frozen=True, slots=True)
class Barriers:
    """What a gutter between columns does not cross: tables, and the level lines between rows of a table."""

    tables: list[Box]
    levels: list[Rule]

    def lines_across(self, x: float, top: float, bottom: float) -> int:
        return len(
            {
                round(rule.at)
                for rule in self.levels
                if rule.start < x - 5 and rule.end > x + 5 and top < rule.at < bottom
            }
        )


def regions(words: list[Word], barriers: Barriers, depth: int = 0) -> list[list[Word]]:
    """Words cut into columns of text, in reading order."""
    rows = rows_of(words)
    if depth >= _MAX_DEPTH or len(rows) < 4:
        return [words] if words else []
    cut = _gutter(rows, barriers)
    if cut is None:
        return [words]
    first, last, x = cut
    above = [word for row in rows[:first] for word in row.words]
    inside = [word for row in rows[first:last] for word in row.words]
    below = [word for row in rows[last:] for word in row.words]
    left, right = _sides(inside, x)
    return [region for part in (above, left, right, below) for region in regions(part, barriers, depth + 1)]


def facing_pages(words: list[Word], size: tuple[float, float], levels: list[Rule]) -> list[list[Word]]:
    """The two pages of a spread that was saved as one, left and right; or all words together."""
    width, height = size
    middle = width / 2
    crossed = any(word.left < middle + 0.03 * width and word.right > middle - 0.03 * width for word in words)
    if width < 1.2 * height or crossed or any(rule.start < middle < rule.end - 5 for rule in levels):
        return [words]
    left, right = _sides(words, middle)
    if not left or not right or box_of(right)[0] - box_of(left)[2] < 0.08 * width:
        return [words]
    for side in (left, right):
        rows = rows_of(side)
        if len(rows) < 5 or statistics.median(len(row.words) for row in rows) < 3:
            return [words]
    return [left, right]


def _sides(words: Sequence[Word], x: float) -> tuple[list[Word], list[Word]]:
    left = [word for word in words if word.left + word.right < 2 * x]
    return left, [word for word in words if word.left + word.right >= 2 * x]


def _gutter(rows: list[Row], barriers: Barriers) -> tuple[int, int, float] | None:
    """(first row, row after the last, x) of the longest stretch of rows with running text on both sides of x."""
    for x in _candidates(rows):
        run = _longest_run(rows, x, barriers.tables)
        if run is None or barriers.lines_across(x, rows[run[0]].box[1], rows[run[1] - 1].box[3]) >= 2:
            continue
        if _is_text(rows[run[0] : run[1]], x):
            return (*run, x)
    return None


def _candidates(rows: list[Row]) -> list[float]:
    """Middles of stretches of x that no word touches, then of those that most rows leave blank between words."""
    left = min(row.box[0] for row in rows)
    right = max(row.box[2] for row in rows)
    bins = max(1, int((right - left) / 2) + 1)
    votes = [0] * bins
    for row in rows:
        end: float | None = None
        for word in sorted(row.words, key=lambda word: word.left):
            if end is not None and word.left - end > max(5.0, 0.5 * min(word.size, 20.0)):
                for position in range(int((end - left) / 2) + 1, min(bins, int((word.left - left) / 2))):
                    votes[position] += 1
            end = word.right if end is None else max(end, word.right)
    found = _untouched([(word.left, word.right) for row in rows for word in row.words])[:_MAX_GUTTERS]
    most = len(found) + _MAX_GUTTERS
    while len(found) < most and (best := max(votes)) >= 4:
        first = last = max(range(bins), key=votes.__getitem__)
        while last + 1 < bins and votes[last + 1] == best:
            last += 1
        found.append(left + first + last + 1)
        for position in range(max(0, first - 6), min(bins, last + 7)):
            votes[position] = 0
    return found


def _untouched(spans: list[tuple[float, float]]) -> list[float]:
    found: list[float] = []
    end: float | None = None
    for left, right in sorted(spans):
        if end is not None and left - end >= _RIVER:
            found.append((left + end) / 2)
        end = right if end is None else max(end, right)
    return found


def _longest_run(rows: list[Row], x: float, tables: list[Box]) -> tuple[int, int] | None:
    """Consecutive rows that do not cross x, with the most rows on both sides; first rows on the left only stay out."""
    best = (3, 0, 0)  # rows on both sides, first row, row after the last; fewer than four rows are no columns
    start: int | None = None
    both = 0
    above = 0.0  # the bottom of the row before
    for number, row in enumerate([*rows, None]):
        crossed = row is not None and any(word.left < x - 0.5 and word.right > x + 0.5 for word in row.words)
        blocked = row is None or crossed
        if row is not None and any(box[0] < x < box[2] and above <= box[1] <= row.box[1] for box in tables):
            blocked = True
        if blocked:
            if start is not None and both > best[0]:
                best = (both, start, number)
            start, both = None, 0
        if row is None:
            break
        above = row.box[3]
        if crossed:
            continue
        sides = {word.left + word.right >= 2 * x for word in row.words}
        if start is None and True in sides:
            start = number
        both += start is not None and len(sides) == 2
    return (best[1], best[2]) if best[2] else None


def _is_text(rows: list[Row], x: float) -> bool:
    """Both sides read like running text, and do not begin their paragraphs side by side as cells of a table do."""
    gaps = []
    for row in rows:
        west, east = _sides(row.words, x)
        if west and east:
            gaps.append(min(word.left for word in east) - max(word.right for word in west))
    if not gaps or statistics.median(gaps) < (_RIVER if len(rows) < 15 else 0.5 * _RIVER):
        return False
    left, right = _sides([word for row in rows for word in row.words], x)
    return _is_column(left) and _is_column(right) and not _in_step(rows_of(left), rows_of(right))


def _is_column(words: list[Word], depth: int = 0) -> bool:
    """Lines of several words that fill most of the width; or several such columns."""
    rows = rows_of(words)
    if len(rows) < 3:
        return False
    letters = [sum(len(word.text) > 1 and word.text.isalpha() for word in row.words) / len(row.words) for row in rows]
    if statistics.mean(letters) < 0.4:
        return False  # numbers
    left, _, right, _ = box_of(words)
    pieces = [split_at_gaps(row.words, 1.6) for row in rows]
    shares = [sum(piece[-1].right - piece[0].left for piece in line) / max(1.0, right - left) for line in pieces]
    several = statistics.median(len(row.words) for row in rows) >= 3
    if several and statistics.median(map(len, pieces)) <= 1 and statistics.median(shares) > 0.45:
        return True
    return depth < 3 and any(_splits(rows, x, depth + 1) for x in _candidates(rows))


def _splits(rows: list[Row], x: float, depth: int) -> bool:
    run = _longest_run(rows, x, [])
    if run is None or run[1] - run[0] < 0.6 * len(rows):
        return False
    left, right = _sides([word for row in rows[run[0] : run[1]] for word in row.words], x)
    return _is_column(left, depth) and _is_column(right, depth) and not _in_step(rows_of(left), rows_of(right))


def _in_step(left: list[Row], right: list[Row]) -> bool:
    """Whether paragraphs begin at the same heights on both sides, again and again: rows of a table."""
    starts = [_starts(left), _starts(right)]
    fewer, more = sorted(starts, key=len)
    common = sum(any(abs(a - b) <= _SAME_LINE for b in more) for a in fewer)
    return common >= 2 and common >= 0.7 * len(fewer) and common >= 0.35 * len(more)


def _starts(rows: list[Row]) -> list[float]:
    """Heights of lines that stand further below the line before than lines usually do."""
    steps = [after.box[1] - before.box[1] for before, after in pairwise(rows)]
    usual = statistics.median_low(steps) if steps else 0.0
    return [row.box[3] for row, step in zip(rows[1:], steps, strict=True) if step > 1.25 * usual]
