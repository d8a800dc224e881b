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
from typing import Literal, NamedTuple

from citewell.parsing import pdf_aligned, pdf_prose, pdf_tables
from citewell.parsing.pdf_columns import Barriers, facing_pages, regions
from citewell.parsing.pdf_drawn import Rule
from citewell.parsing.pdf_lines import BULLET, Row, box_of, is_marker, join_lines, justified, rows_of
from citewell.parsing.pdf_tables import Table, TableCell
from citewell.parsing.pdf_text import PageText, Word
from citewell.records import Box

_ENDS_SENTENCE = (".", "!", "?", ":", ";", "”", '"', ")")


class Part(NamedTuple):
    """Text that goes on elsewhere, and where this part of it stands."""

    text: str
    page: int
    box: Box


@dataclass(slots=True)
class Piece:
    """One block as the page shows it; a quote is a comment, a field a form's. parts: of a paragraph that stands in
    several columns or on several pages."""

    kind: Literal["text", "item", "table", "quote", "field"]
    text: str
    page: int
    box: Box
    size: float = 0.0
    bold: bool = False
    lines: int = 1
    indent: float = 0.0
    rows: list[list[TableCell]] = field(default_factory=list)  # of a table
    has_header: bool = False
    parts: list[Part] = field(default_factory=list)
    end_page: int = 0  # of a table that goes on over pages
    under_rule: bool = False  # a short line is drawn above it, as above footnotes

    @property
    def last_page(self) -> int:
        return self.end_page or self.page

    def part(self) -> Part:
        return Part(self.text, self.page, self.box)


def pieces_of(page: PageText, skipped: set[Word]) -> list[Piece]:
    """Blocks in reading order. skipped: running headers and footers."""
    words_on_page = words = [word for word in page.words if word not in skipped]
    tables, words = pdf_tables.ruled(page.rules, words, (page.width, page.height))
    found: list[Piece] = []
    blocks: list[tuple[Box, Piece]] = [
        (table.box, Piece("table", "", page.number, table.box, rows=table.rows, has_header=table.has_header))
        for table in tables
    ]
    barriers = Barriers([box for box, _ in blocks], [rule for rule in page.rules if rule.level])
    for half in facing_pages(words, (page.width, page.height), barriers.levels):
        for region in regions(half, barriers):
            found.extend(_read_region(region, page.number, blocks, barriers.levels))
    found.extend(piece for _, piece in sorted(blocks, key=lambda block: block[0][1]))
    short = [rule for rule in barriers.levels if 20 < rule.end - rule.start < 0.5 * page.width][:500]
    for piece in found:
        if piece.kind == "table":
            piece.size = _usual_size(words_on_page, piece.box)
            if _right_to_left(piece.rows):
                piece.rows = [row[::-1] for row in piece.rows]
        left, top, _, _ = piece.box
        piece.under_rule = any(-1.0 <= top - rule.at < 16.0 and abs(rule.start - left) < 8.0 for rule in short)
        piece.box = page.as_shown(piece.box)
        for row in piece.rows:
            row[:] = [
                cell._replace(box=page.as_shown(cell.box), page=page.number) if cell.text else cell for cell in row
            ]
    return found


def _usual_size(words: list[Word], box: Box) -> float:
    return statistics.mode(
        [word.size for word in words if box[0] <= word.left <= box[2] and box[1] <= word.middle <= box[3]] or [0.0]
    )


def _right_to_left(rows: list[list[TableCell]]) -> bool:
    """Whether most cells begin in such a script: their first column is the right one."""
    firsts = [cell.text[0] for row in rows for cell in row if cell.text and cell.text[0].isalpha()]
    return 2 * sum("\u0590" <= first <= "\u08ff" for first in firsts) > len(firsts)


def _read_region(words: list[Word], page: int, tables: list[tuple[Box, Piece]], levels: list[Rule]) -> list[Piece]:
    """Paragraphs and aligned tables of one region, with the ruled tables that stand between its rows."""
    rows = [row for row in rows_of(words) if _says_something(row)]
    found: list[Piece] = []
    pending: list[Row] = []
    region = box_of(words)

    def flush() -> None:
        found.extend(_paragraphs(pending, page, region))
        pending.clear()

    prose = justified(rows, region)
    lines = [[row.words] if stretched else row.segments() for row, stretched in zip(rows, prose, strict=True)]
    aligned = _without_lines(rows, lines, levels)
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


def _without_lines(rows: list[Row], lines: list[list[list[Word]]], levels: list[Rule]) -> dict[int, tuple[int, Table]]:
    """Tables by their first line, with the line after the last; long cells first, for their lines also line up."""
    found: dict[int, tuple[int, Table]] = {}
    done = 0
    several = sum(len(line) > 1 for line in lines) > 1
    long = pdf_prose.tables(rows, levels) if several else []
    for start, end, table in [*long, (len(rows), len(rows), None)]:
        for first, last, other in pdf_aligned.aligned(lines[done:start]):
            found[done + first] = (done + last, other)
        if table is not None:
            found[start] = (end, table)
        done = end
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
    beside = row.box[0] > last.box[2] or row.box[2] < last.box[0]  # as a heading below a date on the right
    if beside or step > max(1.22 * pitch, pitch + 0.25) or step < -0.5:
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
