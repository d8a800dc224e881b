"""Words of a page → paragraphs, lists, headings and tables in reading order.

1. Ruled tables are taken out first, so that their columns are not mistaken for columns of text.
2. The rest is cut into regions: where a gutter separates two columns of running text for several lines, the part
   above is read first, then the left column, the right column, and what is below.
3. In a region, words on one line form rows; rows that line up in columns form tables; the others form paragraphs, cut
   where spacing, size, weight, indentation or a bullet says so.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from citewell.parsing import pdf_tables
from citewell.parsing.pdf_lines import BULLET, Row, box_of, is_marker, join_lines, rows_of
from citewell.parsing.pdf_tables import TableCell
from citewell.parsing.pdf_text import PageText, Rule, Word
from citewell.records import Box

_MAX_DEPTH = 8  # cuts into columns within columns
_ENDS_SENTENCE = (".", "!", "?", ":", ";", "”", '"', ")")


@dataclass(slots=True)
class Piece:
    """One block as the page shows it."""

    kind: Literal["text", "item", "table"]
    text: str
    page: int
    box: Box
    size: float = 0.0
    bold: bool = False
    lines: int = 1
    indent: float = 0.0
    rows: list[list[TableCell]] = field(default_factory=list)  # of a table
    has_header: bool = False


def pieces_of(page: PageText, skipped: set[Word]) -> list[Piece]:
    """Blocks in reading order. skipped: running headers and footers."""
    words = [word for word in page.words if word not in skipped]
    tables, words = pdf_tables.ruled(page.rules, words, (page.width, page.height))
    found: list[Piece] = []
    blocks: list[tuple[Box, Piece]] = [
        (table.box, Piece("table", "", page.number, table.box, rows=table.rows, has_header=table.has_header))
        for table in tables
    ]
    barriers = _Barriers([box for box, _ in blocks], [rule for rule in page.rules if rule.level])
    for region in _regions(words, barriers, 0):
        found.extend(_read_region(region, page.number, blocks))
    found.extend(piece for _, piece in sorted(blocks, key=lambda block: block[0][1]))
    for piece in found:
        piece.box = page.as_shown(piece.box)
        for row in piece.rows:
            row[:] = [cell._replace(box=page.as_shown(cell.box)) if cell.text else cell for cell in row]
    return found


@dataclass(frozen=True, slots=True)
class _Barriers:
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


def _regions(words: list[Word], barriers: _Barriers, depth: int) -> list[list[Word]]:
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
    left = [word for word in inside if word.left + word.right < 2 * x]
    right = [word for word in inside if word.left + word.right >= 2 * x]
    return [region for part in (above, left, right, below) for region in _regions(part, barriers, depth + 1)]


def _gutter(rows: list[Row], barriers: _Barriers) -> tuple[int, int, float] | None:
    """(first row, row after the last, x) of the longest stretch of rows with running text on both sides of x."""
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
    best = max(votes)
    if best < 4:
        return None
    middle = [position for position, count in enumerate(votes) if count == best]
    x = left + 2 * middle[len(middle) // 2] + 1
    run = _longest_run(rows, x, barriers.tables)
    if run is None or barriers.lines_across(x, rows[run[0]].box[1], rows[run[1] - 1].box[3]) >= 2:
        return None
    return (*run, x) if _is_text(rows[run[0] : run[1]], x, left, right) else None


def _longest_run(rows: list[Row], x: float, tables: list[Box]) -> tuple[int, int] | None:
    """Consecutive rows that do not cross x, with the most rows on both sides; first rows on the left only stay out."""
    best = (3, 0, 0)  # rows on both sides, first row, row after the last; fewer than four rows are no columns
    start: int | None = None
    both = 0
    above = 0.0  # the bottom of the row before
    for number, row in enumerate([*rows, None]):
        blocked = row is None or any(word.left < x - 0.5 and word.right > x + 0.5 for word in row.words)
        if row is not None and any(box[0] < x < box[2] and above <= box[1] <= row.box[1] for box in tables):
            blocked = True
        if blocked:
            if start is not None and both > best[0]:
                best = (both, start, number)
            start, both = None, 0
        if row is None:
            break
        above = row.box[3]
        sides = {word.left + word.right >= 2 * x for word in row.words}
        if blocked and any(word.left < x - 0.5 and word.right > x + 0.5 for word in row.words):
            continue
        if start is None and True in sides:
            start = number
        both += start is not None and len(sides) == 2
    return (best[1], best[2]) if best[2] else None


def _is_text(rows: list[Row], x: float, left: float, right: float) -> bool:
    """Both sides read like running text: lines that fill most of the column, of several words."""
    letters = [sum(len(word.text) > 1 and word.text.isalpha() for word in row.words) / len(row.words) for row in rows]
    if statistics.mean(letters) < 0.5:
        return False  # numbers
    shares: list[tuple[float, float]] = []
    counts: list[tuple[int, int]] = []
    pieces: list[int] = []
    for row in rows:
        segments = row.segments()
        west = [segment for segment in segments if segment[0].left + segment[-1].right < 2 * x]
        east = [segment for segment in segments if segment[0].left + segment[-1].right >= 2 * x]
        if west and east:
            widths = (_width(west) / max(1.0, x - left), _width(east) / max(1.0, right - x))
            shares.append(widths)
            counts.append((sum(map(len, west)), sum(map(len, east))))
            pieces.append(len(segments))
    if not shares:
        return False
    filled = min(statistics.median(share[side] for share in shares) for side in (0, 1))
    words = min(statistics.median(count[side] for count in counts) for side in (0, 1))
    # More than two pieces on a line are three columns of text, which fill the page, or a table, which does not.
    return words >= 3 and filled > (0.45 if statistics.median(pieces) <= 2 else 0.75)


def _width(segments: list[list[Word]]) -> float:
    return sum(segment[-1].right - segment[0].left for segment in segments)


def _read_region(words: list[Word], page: int, tables: list[tuple[Box, Piece]]) -> list[Piece]:
    """Paragraphs and aligned tables of one region, with the ruled tables that stand between its rows."""
    rows = [row for row in rows_of(words) if _says_something(row)]
    found: list[Piece] = []
    pending: list[Row] = []
    region = box_of(words)

    def flush() -> None:
        found.extend(_paragraphs(pending, page, region))
        pending.clear()

    aligned = {start: (end, table) for start, end, table in pdf_tables.aligned([row.segments() for row in rows])}
    number = 0
    while number < len(rows):
        box = rows[number].box
        for entry in [entry for entry in tables if entry[0][1] < box[1] and _beside(entry[0], region)]:
            flush()
            found.append(entry[1])
            tables.remove(entry)
        if number in aligned:
            flush()
            end, table = aligned[number]
            found.append(Piece("table", "", page, table.box, rows=table.rows, has_header=table.has_header))
            number = end
        else:
            pending.append(rows[number])
            number += 1
    flush()
    return found


def _beside(box: Box, region: Box) -> bool:
    return min(box[2], region[2]) - max(box[0], region[0]) > 0.3 * min(box[2] - box[0], region[2] - region[0])


def _paragraphs(rows: list[Row], page: int, region: Box) -> list[Piece]:
    """Rows cut where a new paragraph begins."""
    found: list[Piece] = []
    group: list[Row] = []
    pitch = _pitch(rows)
    for row in rows:
        if group and _begins(group, row, pitch, region):
            found.append(_piece(group, page, region))
            group = []
        group.append(row)
    if group:
        found.append(_piece(group, page, region))
    return found


def _pitch(rows: list[Row]) -> float:
    """Usual distance between the tops of neighbouring lines, as a multiple of their size."""
    steps = [
        (after.box[1] - before.box[1]) / max(1.0, after.size)
        for before, after in pairwise(rows)
        if abs(before.size - after.size) < 0.5 and 0 < after.box[1] - before.box[1] < 2.6 * max(1.0, after.size)
    ]
    return statistics.median_low(steps) if steps else 1.3


def _begins(group: list[Row], row: Row, pitch: float, region: Box) -> bool:
    """Whether ``row`` starts a new paragraph after ``group``."""
    last = group[-1]
    size = max(1.0, min(last.size, row.size))
    step = (row.box[1] - last.box[1]) / max(1.0, row.size)
    if abs(last.size - row.size) > 0.08 * size + 0.3 and _significant(last, row):
        return True
    if step > max(1.22 * pitch, pitch + 0.25) or step < -0.5:
        return True
    if last.bold != row.bold and (len(group) == 1 or group[0].bold == last.bold) and _stands_alone(group, row, region):
        return True
    if is_marker(row.words[:1]) and len(row.words) > 1:
        return True
    in_item = is_marker(group[0].words[:1])
    indent = row.box[0] - last.box[0]
    ended = last.text.endswith(_ENDS_SENTENCE)
    short = region[2] - last.box[2] > 0.25 * (region[2] - region[0])
    if in_item:
        return indent < -2.0 and len(group) > 1 and row.box[0] <= group[0].box[0] + 1.0
    return (ended and indent > 0.8 * size and row.box[0] - region[0] < 5 * size) or (
        ended and short and len(row.words) > 1
    )


def _significant(last: Row, row: Row) -> bool:
    """A line of a single superscript or footnote mark does not end a paragraph."""
    return sum(len(word.text) for word in last.words) > 2 and sum(len(word.text) for word in row.words) > 2


def _stands_alone(group: list[Row], row: Row, region: Box) -> bool:
    """A bold line ends short of the column, as a heading does, rather than being emphasis inside a paragraph."""
    last = group[-1]
    if last.bold:
        return region[2] - last.box[2] > 0.12 * (region[2] - region[0]) or not row.text[:1].islower()
    return last.text.endswith(_ENDS_SENTENCE) or region[2] - last.box[2] > 0.2 * (region[2] - region[0])


def _says_something(row: Row) -> bool:
    """Lines of dots, dashes and other ornaments say nothing."""
    return any(character.isalnum() for word in row.words for character in word.text)


def _piece(rows: list[Row], page: int, region: Box) -> Piece:
    words = [word for row in rows for word in row.words]
    size = statistics.mode(word.size for word in words for _ in word.text[:12])
    box = box_of(words)
    marker = rows[0].words[0] if len(rows[0].words) > 1 and is_marker(rows[0].words[:1]) else None
    kind: Literal["text", "item"] = "item" if marker is not None else "text"
    if marker is not None and BULLET.match(marker.text):
        rows = [Row(rows[0].words[1:]), *rows[1:]]
    letters = [word for word in words if any(map(str.isalnum, word.text))]
    bold = bool(letters) and sum(word.bold for word in letters) > 0.9 * len(letters)
    return Piece(kind, _flow(rows, region), page, box, size, bold, len(rows), box[0] - region[0])


def _flow(rows: list[Row], region: Box) -> str:
    """Lines as running text, but a line stays a line where the next word would easily have fitted behind it."""
    lines: list[list[str]] = [[]]
    slack = 0.3 * (region[2] - region[0])
    for number, row in enumerate(rows):
        lines[-1].append(row.text)
        following = rows[number + 1] if number + 1 < len(rows) else None
        if following is not None:
            first = following.words[0]
            if region[2] - row.box[2] > first.right - first.left + slack and not row.text.endswith("-"):
                lines.append([])
    return "\n".join(join_lines(each) for each in lines)
