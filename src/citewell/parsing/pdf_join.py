"""What goes on in another column or on another page becomes one again: paragraphs, tables and their cut rows.

Footnotes go behind the text of their page, so that a sentence can run on across it.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

from citewell.cleaning import clean_line
from citewell.parsing.pdf_layout import Piece
from citewell.parsing.pdf_lines import join_lines
from citewell.parsing.pdf_tables import EMPTY, NUMERIC, TableCell

_FOOTNOTE = re.compile(r"(?:\d{1,3}|[*†‡§¶]{1,3}|[a-z])[.)]?\s?[^\W\d_]|\[\d{1,3}\]\s")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_MAX_PARTS = 20  # of one paragraph: more is a text without sentences
_MAX_PIECES = 2_000  # on one page; more are the labels of a drawing, among which no footnote is looked for
_EDGE = 12.0  # points by which the sides of one table differ between pages at most


def joined(pieces: list[Piece]) -> list[Piece]:
    """Pieces of the whole file, in reading order."""
    body = body_size(pieces)
    found: list[Piece] = []
    notes: list[Piece] = []  # footnotes of the page before: they come after the paragraph that runs across
    for _, page in groupby(pieces, key=lambda piece: piece.page):
        text, footnotes = _split_footnotes(list(page), body)
        for number, piece in enumerate(text):
            last = found[-1] if found else None
            if last is not None and _goes_on(last, piece, first=number == 0):
                continue
            if number == 0 or notes:
                found += notes
                notes = []
            found.append(piece)
        if text:
            found += notes
            notes = footnotes
        else:
            notes += footnotes
    return found + notes


def body_size(pieces: list[Piece]) -> float:
    """The size of most text outside of tables; that of the tables where outside stand only lines like headings."""
    sizes: Counter[float] = Counter()
    tables: Counter[float] = Counter()
    for piece in pieces:
        if piece.kind in {"text", "item"}:
            sizes[round(piece.size * 2) / 2] += len(piece.text)
        elif piece.kind == "table":
            tables[round(piece.size * 2) / 2] += sum(len(cell.text) for row in piece.rows for cell in row)
    if not sizes:
        return 10.0
    body = max(sizes, key=lambda size: sizes[size])
    usual = max(tables, key=lambda size: tables[size], default=body)
    if usual < body and tables[usual] > 2 * sizes[body]:
        large = [piece for piece in pieces if piece.kind == "text" and round(piece.size * 2) / 2 == body]
        if all(piece.lines == 1 and not piece.text.endswith(".") for piece in large):
            return usual
    return body


def _split_footnotes(pieces: list[Piece], body: float) -> tuple[list[Piece], list[Piece]]:
    """Footnotes are set smaller than the body or stand under a short line, begin with a mark, and have only footnotes
    below them. Comments and fields lie on the page and go behind them."""
    page = [piece for piece in pieces if piece.kind not in {"quote", "field"}]
    small = [
        piece.kind != "table" and (4.0 < piece.size <= 0.93 * body or (piece.under_rule and piece.size <= 1.05 * body))
        for piece in page
    ]
    for number, piece in enumerate(page[1:], start=1):
        small[number] |= small[number - 1] and page[number - 1].under_rule and piece.size <= page[number - 1].size
    top = min((piece.box[1] for piece in page), default=0.0)
    bottom = max((piece.box[3] for piece in page), default=0.0)
    found: set[int] = set()
    for number, piece in enumerate(page if len(page) <= _MAX_PIECES else ()):
        begins = small[number] and bool(_FOOTNOTE.match(piece.text)) and piece.box[1] > top + 0.4 * (bottom - top)
        follows = small[number] and number - 1 in found
        if (begins or follows) and not any(
            not small[other] and below.box[1] > piece.box[1] and _overlap(below, piece)
            for other, below in enumerate(page)
        ):
            found.add(number)
    added = [piece for piece in pieces if piece.kind in {"quote", "field"}]
    text = [piece for number, piece in enumerate(page) if number not in found]
    return (text, [page[number] for number in sorted(found)] + added) if text else (page + added, [])


def _overlap(one: Piece, other: Piece) -> bool:
    return min(one.box[2], other.box[2]) - max(one.box[0], other.box[0]) > 2.0


def _goes_on(last: Piece, piece: Piece, first: bool) -> bool:
    """Append ``piece`` to ``last`` when it continues it. first: it is the first of its page."""
    next_page = first and piece.page == (last.parts[-1].page if last.parts else last.last_page) + 1
    if last.kind == "table":
        return next_page and piece.kind == "table" and _append_table(last, piece)
    before = last.parts[-1].box if last.parts else last.box
    same_page = piece.page == (last.parts[-1].page if last.parts else last.page)
    next_column = same_page and piece.box[3] <= before[3] and piece.box[0] > before[2]
    if (
        len(last.parts) >= _MAX_PARTS
        or not (next_page or next_column)
        or piece.kind != "text"
        or abs(last.size - piece.size) > 0.5
    ):
        return False
    if last.bold != piece.bold or _SENTENCE_END.search(last.text) or not piece.text[:1].islower():
        return False
    last.parts = [*(last.parts or [last.part()]), piece.part()]
    last.text = join_lines([last.text, piece.text])
    last.lines += piece.lines
    return True


def _append_table(table: Piece, more: Piece) -> bool:
    """Rows of ``more``, which stands on the next page, go to ``table`` when its columns are the same."""
    a, b = table.box, more.box
    rows = _fitted(table, more)
    if not rows or (max(abs(a[0] - b[0]), abs(a[2] - b[2])) > _EDGE and len(more.rows[0]) != len(table.rows[0])):
        return False
    if max(abs(a[0] - b[0]), abs(a[2] - b[2])) > 4 * _EDGE:
        return False
    rows = _without_header(table, rows)
    if rows and _continues_row(table.rows[-1], rows[0]):
        table.rows[-1] = [_with_tail(cell, rest) for cell, rest in zip(table.rows[-1], rows[0], strict=True)]
        rows = rows[1:]
    table.rows += rows
    table.end_page = more.page
    return True


def _fitted(table: Piece, more: Piece) -> list[list[TableCell]]:
    """Rows of ``more`` in the columns of ``table``; columns without text on that page are filled up."""
    width = len(table.rows[0])
    if len(more.rows[0]) == width:
        return more.rows
    if len(more.rows[0]) > width:
        return []
    spans = [_span(table.rows[-200:], column) for column in range(width)]
    target: list[int] = []
    for column in range(len(more.rows[0])):
        left, right = _span(more.rows, column)
        overlaps = [min(right, span[1]) - max(left, span[0]) for span in spans]
        best = max(range(width), key=overlaps.__getitem__)
        if overlaps[best] <= 0 or best in target:
            return []
        target.append(best)
    return [[row[target.index(column)] if column in target else EMPTY for column in range(width)] for row in more.rows]


def _span(rows: list[list[TableCell]], column: int) -> tuple[float, float]:
    boxes = [row[column].box for row in rows if column < len(row) and row[column].text]
    return (min(box[0] for box in boxes), max(box[2] for box in boxes)) if boxes else (0.0, 0.0)


def _without_header(table: Piece, rows: list[list[TableCell]]) -> list[list[TableCell]]:
    """Rows without the table's first row, when it is repeated. Text that joined it is the rest of a cut row."""
    header = [clean_line(cell.text) for cell in table.rows[0]]
    first = [clean_line(cell.text) for cell in rows[0]]
    if not any(header) or not all(found.startswith(name) for found, name in zip(first, header, strict=True)):
        return rows
    rest = [
        cell._replace(text=found[len(name) :].strip()) if len(found) > len(name) else EMPTY
        for cell, found, name in zip(rows[0], first, header, strict=True)
    ]
    return [rest, *rows[1:]] if any(cell.text for cell in rest) else rows[1:]


def _continues_row(last: list[TableCell], row: list[TableCell]) -> bool:
    """Whether ``row`` is the rest of a row that was cut at the end of the page: its first cell is empty, it holds no
    numbers, and none of the cells it would go on from has ended its sentence."""
    if not row or row[0].text or not last[0].text:
        return False
    filled = [(before, cell) for before, cell in zip(last, row, strict=True) if cell.text]
    return bool(filled) and all(
        before.text and not _SENTENCE_END.search(before.text) and not NUMERIC.fullmatch(cell.text)
        for before, cell in filled
    )


def _with_tail(cell: TableCell, rest: TableCell) -> TableCell:
    return cell._replace(tail=(*cell.tail, rest)) if rest.text else cell
