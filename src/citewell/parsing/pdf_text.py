"""One PDF page → words with boxes, sizes and weights, and the straight lines drawn on it.

Reads PDFium through its C interface: two calls per character for its code and box, then NumPy finds the words, and
fonts are looked up once per word. That is about ten times faster than asking for text objects one by one.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdfium

from citewell.parsing.pdf_drawn import Colour, Frame, Rule, Shape, colour_of, drawn_on
from citewell.records import Box

_BOLD_NAME = re.compile(r"bold|black|heavy|demi|-medi$|cmbx|cmssbx|sfbx|ecbx", re.IGNORECASE)  # the last ones are TeX's


_loose_box = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)(
    ctypes.cast(pdfium.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)
"""Asked for every character. It takes plain addresses here, which saves half the time of wrapping each rectangle."""


class Word(NamedTuple):
    """Characters without a gap. Coordinates in points from the top left corner of the page as it is shown."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float  # of the font, in points as shown
    bold: bool

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


class Style(NamedTuple):
    """How a word is painted. mode: PDF's text rendering mode, 3 is invisible. order: of painting on its page, 0 when
    unknown. colour: of a plain fill. layered: it belongs to a layer, which may be switched off.
    artifact: the file says that it is no part of the text, as running headers are."""

    mode: int
    colour: Colour | None
    opacity: int
    order: int
    layered: bool
    artifact: bool


_UNKNOWN = Style(0, None, 255, 0, False, False)


@dataclass(frozen=True, slots=True)
class PageText:
    """What is on one page. unmapped: characters whose font does not say which letter they are. styles: of each word.
    outside: words beyond the edge of the page. shapes: what is painted besides text. scanned: the words are the
    invisible text layer of an image that fills the page.

    Most of a page's text may lie on its side (a landscape table on an upright page, a scan the wrong way round). It is
    read upright: words, rules, width and height are in that turned frame, and :meth:`as_shown` leads back.
    """

    number: int
    width: float
    height: float
    words: list[Word]
    rules: list[Rule]
    images: int
    unmapped: int
    frame: Frame
    shown: Frame
    styles: list[Style]
    outside: list[Word]
    shapes: list[Shape]
    scanned: bool = False

    def as_shown(self, box: Box) -> Box:
        """``box`` in points from the top left corner of the page as it is shown."""
        if self.frame == self.shown:
            return box
        (x0, y0), (x1, y1) = self.frame.back(box[0], box[1]), self.frame.back(box[2], box[3])
        values = np.array([[min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]])
        left, top, right, bottom = self.shown.boxes(values)[0].tolist()
        return (left, top, right, bottom)


def read_page(page: Any, number: int) -> PageText:
    """page: a ``pypdfium2.PdfPage``. number: 1-based."""
    left, bottom, right, top = page.get_bbox()
    frame = shown = Frame(left, bottom, right, top, page.get_rotation() // 90 % 4)
    drawn = drawn_on(page, frame)
    textpage = pdfium.FPDFText_LoadPage(page)
    try:
        found = _words(textpage, frame, drawn.painted)
        turned = max(found.turns, key=lambda turn: found.turns[turn], default=frame.rotation)
        if turned != frame.rotation:
            frame = replace(frame, rotation=turned)
            found = _words(textpage, frame, drawn.painted)
            drawn = drawn_on(page, frame)
    finally:
        pdfium.FPDFText_ClosePage(textpage)
    return PageText(
        number, *frame.size, found.words, drawn.rules, drawn.images, found.unmapped, frame, shown, found.styles,
        found.outside, drawn.shapes,
    )  # fmt: skip


@dataclass(slots=True)
class _Words:
    """Upright words, those beyond the page, how many characters have no code, and how many words stand at each quarter
    turn."""

    words: list[Word] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    outside: list[Word] = field(default_factory=list)
    unmapped: int = 0
    turns: Counter[int] = field(default_factory=Counter)


def _words(textpage: Any, frame: Frame, painted: dict[int, int]) -> _Words:
    found = _Words()
    codes, shown = _characters(textpage, max(0, pdfium.FPDFText_CountChars(textpage)), frame)
    # PDFium ends a line wherever text is placed anew, even inside a word: where lines end is measured here instead.
    kept = np.flatnonzero((codes != 10) & (codes != 13))
    if not len(kept):
        return found
    after_break = np.diff(kept, prepend=-1) > 1
    codes, shown = codes[kept], shown[kept]
    _mend_ligatures(codes, shown)
    blank = (codes <= 32) | (codes == 0xA0)
    starts = np.flatnonzero(_begins(shown, blank, after_break) | _raised(codes, shown))
    ends = np.append(starts[1:], len(codes))
    low, high = np.minimum.reduceat(shown[:, :2], starts), np.maximum.reduceat(shown[:, 2:], starts)
    inside = np.all(high > 0, axis=1) & np.all(low < np.array(frame.size), axis=1)
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    fonts = _Fonts(textpage, painted)
    for number in np.flatnonzero(~blank[starts]).tolist():
        start, end = int(starts[number]), int(ends[number])
        size, bold, turn, style = fonts.of(int(kept[start]))
        (left, top), (right, bottom) = low[number].tolist(), high[number].tolist()
        word = Word(text[start:end], left, top, right, bottom, size, bold)
        if not inside[number]:
            found.outside.append(word)
            continue
        found.turns[turn] += 1
        if turn == frame.rotation:  # else it stands at another angle than the text, such as a stamp in the margin
            found.words.append(word)
            found.styles.append(style)
    found.unmapped = int(np.count_nonzero(codes == 0))
    return found


def _begins(shown: np.ndarray, blank: np.ndarray, after_break: np.ndarray) -> np.ndarray:
    """Which characters begin a word: after a blank, on another line, or after a gap. (n, 4), (n,), (n,) → (n,)"""
    height = shown[:, 3] - shown[:, 1]
    middle = (shown[:, 1] + shown[:, 3]) / 2
    tall = np.maximum(np.minimum(height[1:], height[:-1]), 1.0)
    gap = shown[1:, 0] - shown[:-1, 2]
    moved = (np.abs(middle[1:] - middle[:-1]) > 0.6 * tall) | (gap < -1.5 * tall)
    wide = gap > np.where(after_break[1:], 0.16, 0.5) * tall
    return np.concatenate(([True], blank[1:] | blank[:-1] | moved | wide))


def _raised(codes: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Which characters begin a mark above the line, such as a footnote's number. (n,), (n, 4) → (n,)"""
    height = shown[:, 3] - shown[:, 1]
    smaller = height[1:] < 0.85 * height[:-1]
    higher = shown[:-1, 3] - shown[1:, 3] > 0.18 * height[:-1]
    digit = (codes[1:] >= ord("0")) & (codes[1:] <= ord("9"))
    after_digit = (codes[:-1] >= ord("0")) & (codes[:-1] <= ord("9"))
    return np.concatenate(([False], smaller & higher & digit & ~after_digit))


def _characters(textpage: Any, count: int, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,) and boxes as shown (n, 4)."""
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    rectangles = (pdfium.FS_RECTF * count)()
    start, size = ctypes.addressof(rectangles), ctypes.sizeof(pdfium.FS_RECTF)
    address = ctypes.cast(textpage, ctypes.c_void_p).value
    for index, place in enumerate(range(start, start + size * count, size)):
        _loose_box(address, index, place)
    values = np.frombuffer(rectangles, dtype=np.float32).reshape(count, 4).astype(float)  # left, top, right, bottom
    values = np.nan_to_num(values[:, (0, 3, 2, 1)], nan=0.0, posinf=0.0, neginf=0.0)
    low, high = np.minimum(values[:, 1], values[:, 3]), np.maximum(values[:, 1], values[:, 3])
    values[:, 1], values[:, 3] = low, high
    return _codes(textpage, count), frame.boxes(np.clip(values, -1e6, 1e6))


def _codes(textpage: Any, count: int) -> np.ndarray:
    """One Unicode code per character; PDFium's mark for a hyphen at the end of a line becomes a hyphen."""
    units = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(textpage, 0, count, units) - 1
    codes = np.asarray(np.ctypeslib.as_array(units)[:count], dtype=np.int64)
    if written != count or np.any((codes >= 0xD800) & (codes < 0xE000)):
        # Characters without a code are left out of the text, and rare ones take two units: ask one by one.
        code = pdfium.FPDFText_GetUnicode
        codes = np.array([code(textpage, index) for index in range(count)], dtype=np.int64)
    codes[(codes == 2) | (codes == 0xFFFE)] = ord("-")
    codes[(codes >= 0x110000) | (codes >= 0xD800) & (codes < 0xE000)] = 0xFFFD
    return codes


def _mend_ligatures(codes: np.ndarray, shown: np.ndarray) -> None:
    """The Arabic ligature of lam and alef is one glyph, whose two letters PDFium turns round with the rest of the word:
    two letters on one spot are put back in order."""
    first, second = codes[:-1], codes[1:]
    alefs = np.isin(first, (0x622, 0x623, 0x625, 0x627)) & (second == 0x644)
    at = np.flatnonzero(alefs & np.all(np.abs(shown[:-1] - shown[1:]) < 0.2, axis=1))
    codes[at], codes[at + 1] = codes[at + 1], codes[at]


class _Fonts:
    """Size, weight and style of a word's first character. Fonts are few, so their names are read once."""

    def __init__(self, textpage: Any, painted: dict[int, int]) -> None:
        self.textpage = textpage
        self.painted = painted
        self.matrix = pdfium.FS_MATRIX()
        self.bold: dict[int, bool] = {}
        self.address = 0
        self.last = (0.0, False, 0, _UNKNOWN)

    def of(self, index: int) -> tuple[float, bool, int, Style]:
        """(size in points, bold, quarter turns against the clock in PDF space, style) of a character."""
        written = pdfium.FPDFText_GetTextObject(self.textpage, index)
        address = ctypes.addressof(written.contents) if written else 0
        if not address or address != self.address:
            self.address, self.last = address, self.look(index, written, address)
        return self.last

    def look(self, index: int, written: Any, address: int) -> tuple[float, bool, int, Style]:
        turn = 0
        size = pdfium.FPDFText_GetFontSize(self.textpage, index)
        matrix = self.matrix
        if pdfium.FPDFText_GetMatrix(self.textpage, index, ctypes.byref(matrix)):
            size *= math.hypot(matrix.c, matrix.d)
            turn = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
        if not written:
            return round(size, 2), False, turn, _UNKNOWN
        colour, opacity = colour_of(written) or (None, 255)
        mode = pdfium.FPDFTextObj_GetTextRenderMode(written)
        style = Style(mode, colour, opacity, self.painted.get(address, 0), *_marks(written))
        return round(size, 2), self.is_bold(written), turn, style

    def is_bold(self, written: Any) -> bool:
        font = pdfium.FPDFTextObj_GetFont(written)
        if not font:
            return False
        key = ctypes.addressof(font.contents)
        if key not in self.bold:
            buffer = ctypes.create_string_buffer(256)
            pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
            self.bold[key] = bool(_BOLD_NAME.search(buffer.value.decode("utf-8", "ignore")))
        return self.bold[key]


def _marks(item: Any) -> tuple[bool, bool]:
    """Whether an object is marked as optional content, and whether as an artifact."""
    found = set()
    for number in range(min(8, max(0, pdfium.FPDFPageObj_CountMarks(item)))):
        buffer, size = ctypes.create_string_buffer(20), ctypes.c_ulong()
        mark = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
        pdfium.FPDFPageObjMark_GetName(pdfium.FPDFPageObj_GetMark(item, number), mark, 20, ctypes.byref(size))
        found.add(buffer.raw[: max(0, size.value - 2)])
    return "OC".encode("utf-16-le") in found, "Artifact".encode("utf-16-le") in found
