"""Tables of HTML pages: rows, cells and headers, and which tables only lay out a page."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

_FIGURE = re.compile(r"[-+(]?[$€£¥]?\s?\d[\d.,]*\s?[%$€£¥)]?")
_GRID_CELL = 200  # characters, with those of the tables inside it


def looks_like_header(rows: list[LexborNode]) -> bool:
    """A first row of short words above rows with figures, in a table without header cells."""
    first = [cell.text().strip() for cell in cells_of(rows[0])]
    if not all(text and len(text) <= 40 and not _FIGURE.fullmatch(text) for text in first):
        return False
    return any(_FIGURE.fullmatch(cell.text().strip()) for row in rows[1:5] for cell in cells_of(row))


def is_header(row: LexborNode, *, first: bool) -> bool:
    """first: whether only headers stand above it."""
    parent = row.parent
    if parent is not None and parent.tag == "thead":
        return True
    return first and all(cell.tag == "th" for cell in cells_of(row))


def has_header(row: LexborNode) -> bool:
    return any(cell.tag == "th" for cell in cells_of(row))


def is_grid(rows: list[LexborNode]) -> bool:
    """Whether a table with others inside is one itself: rows of short cells under a row without tables. Tables for
    layout hold what is long, or stand alone in their row."""
    filled = [own for row in rows if (own := cells_of(row))]
    if len(filled) < 2 or any(len(own) < 2 for own in filled) or any(cell.css("table") for cell in filled[0]):
        return False
    texts = (" ".join(cell.text().split()) for own in filled for cell in own)
    return all(0 < len(text) <= _GRID_CELL for text in texts)


def cells_of(row: LexborNode) -> list[LexborNode]:
    found = []
    child = row.child
    while child is not None:
        if child.tag in {"td", "th"}:
            found.append(child)
        child = child.next
    return found


def owner(node: LexborNode) -> int | None:
    """``mem_id`` of the table a row belongs to."""
    parent = node.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return None if parent is None else int(parent.mem_id)
