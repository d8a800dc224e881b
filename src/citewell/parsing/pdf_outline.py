"""A PDF file's bookmarks: which headings it has, and of which level.

Bookmarks are written by the program that made the file, so they are believed over sizes of fonts. They may point in
circles, so entries are counted and never visited twice.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from citewell.cleaning import clean_line
from citewell.parsing.pdf_layout import Piece

MAX_BOOKMARKS = 5_000
MAX_DEPTH = 6  # levels of headings
_MAX_TITLE = 1_000  # bytes of UTF-16
_NUMBER = re.compile(
    r"^(?:(?:chapter|section|part|appendix|kapitel|teil)\s+)?(?:[\dA-Z]{1,3}(?:\.\d+)*|[IVX]+)[.:)]?\s+", re.I
)
_NOT_WORDS = re.compile(r"[\W_]+")


class Bookmark(NamedTuple):
    """page: 1-based. y: of the target on it, in points from the bottom in PDF space; ``None`` when not stated."""

    title: str
    level: int
    page: int
    y: float | None = None


def bookmarks(document: Any) -> list[Bookmark]:
    """In the file's order. document: a ``pypdfium2.PdfDocument``."""
    found: list[Bookmark] = []
    seen: set[int] = set()
    waiting = [(pdfium.FPDFBookmark_GetFirstChild(document, None), 1)]
    while waiting and len(seen) < MAX_BOOKMARKS:
        mark, level = waiting.pop()
        address = ctypes.addressof(mark.contents) if mark else 0
        if not address or address in seen:
            continue
        seen.add(address)
        page, y = _target_of(document, mark)
        title = clean_line(_title(mark))
        if title and page:
            found.append(Bookmark(title, level, page, y))
        waiting.append((pdfium.FPDFBookmark_GetNextSibling(document, mark), level))
        if level < MAX_DEPTH:
            waiting.append((pdfium.FPDFBookmark_GetFirstChild(document, mark), level + 1))
    return found


def _title(mark: Any) -> str:
    size = min(_MAX_TITLE, pdfium.FPDFBookmark_GetTitle(mark, None, 0))
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(_MAX_TITLE)
    size = pdfium.FPDFBookmark_GetTitle(mark, buffer, _MAX_TITLE)
    return buffer.raw[: max(0, min(size, _MAX_TITLE) - 2)].decode("utf-16-le", "ignore")


def _target_of(document: Any, mark: Any) -> tuple[int, float | None]:
    """Page, from 1, and height on it; page 0 when it leads nowhere in this file."""
    target = pdfium.FPDFBookmark_GetDest(document, mark)
    if not target:
        action = pdfium.FPDFBookmark_GetAction(mark)
        target = pdfium.FPDFAction_GetDest(document, action) if action else None
    if not target:
        return 0, None
    has_x, has_y, has_zoom = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    x, y, zoom = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    places = [ctypes.byref(has_x), ctypes.byref(has_y), ctypes.byref(has_zoom)]
    places += [ctypes.byref(x), ctypes.byref(y), ctypes.byref(zoom)]
    known = pdfium.FPDFDest_GetLocationInPage(target, *places)
    page = int(pdfium.FPDFDest_GetDestPageIndex(document, target)) + 1
    return page, y.value if known and has_y.value else None


def split_at(pieces: list[Piece], marks: list[Bookmark]) -> list[Piece]:
    """Cut off the first line of a paragraph that is a bookmark's title: a heading that looks like the text below it."""
    wanted: dict[int, set[str]] = {}
    for mark in marks:
        for page in (mark.page, mark.page + 1):
            wanted.setdefault(page, set()).update(_names(mark.title))
    found: list[Piece] = []
    for piece in pieces:
        first, _, rest = piece.text.partition("\n")
        if rest and piece.kind == "text" and not piece.parts and _names(first) & wanted.get(piece.page, set()):
            left, top, right, bottom = piece.box
            below = top + (bottom - top) / max(2, piece.lines)
            found.append(replace(piece, text=first, box=(left, top, right, below), lines=1))
            found.append(replace(piece, text=rest, box=(left, below, right, bottom), lines=max(1, piece.lines - 1)))
        else:
            found.append(piece)
    return found


def levels_by_piece(pieces: list[Piece], marks: list[Bookmark], heights: dict[int, float]) -> dict[int, int]:
    """Number of a piece → level, for the pieces that bookmarks name. heights: of pages that are not rotated, to find
    the one that is meant where a title stands on a page more than once."""
    by_page: dict[int, list[int]] = {}
    for number, piece in enumerate(pieces):
        if piece.kind in {"text", "item"} and len(piece.text) <= 250:
            by_page.setdefault(piece.page, []).append(number)
    found: dict[int, int] = {}
    for mark in marks:
        wanted = _names(mark.title)
        for page in (mark.page, mark.page + 1):  # some programs point to the end of the page before
            named = [n for n in by_page.get(page, ()) if n not in found and _names(pieces[n].text) & wanted]
            if named:
                top = heights[page] - mark.y if mark.y is not None and page == mark.page and page in heights else None
                found[min(named, key=lambda n: _unlikely(pieces[n], top))] = mark.level
                break
    return found


def _unlikely(piece: Piece, top: float | None) -> tuple[float, bool, float]:
    """Lower for the piece that a bookmark means: near its target, no list item, large."""
    away = 0.0 if top is None else abs(piece.box[1] - top)
    return away, piece.kind == "item", -piece.size - piece.bold


def _names(text: str) -> set[str]:
    """The words of a title, with its number and without."""
    line = clean_line(text)
    return {name for name in (_words(line), _words(_NUMBER.sub("", line))) if len(name) > 1}


def _words(text: str) -> str:
    return _NOT_WORDS.sub("", text).lower()
