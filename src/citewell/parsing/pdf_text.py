"""One PDF page → words with boxes, sizes and weights, and the straight lines drawn on it.

Reads PDFium through its C interface: two calls per character for its code and box, then NumPy finds the words, and
fonts are looked up once per word. That is about ten times faster than asking for text objects one by one.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdfium

from citewell.records import Box

MAX_PATH_SEGMENTS = 20_000  # a page with more is a drawing, where lines say nothing about tables
MAX_OBJECTS = 50_000
_MIN_RULE = 5.0  # points; shorter strokes are ornaments and parts of letters
_STRAIGHT = 1.5  # points a line may lean and still be level
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|-medi$|cmbx|cmssbx|sfbx|ecbx", re.IGNORECASE)  # the last ones are TeX's


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


class Rule(NamedTuple):
    """A straight line: ``at`` is its y when level, its x when upright."""

    level: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A page rotated clockwise shows text upright that was written with as many quarter turns against the clock.

    From PDF space (origin bottom left, unrotated) to the page as shown (origin top left)."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int  # quarter turns clockwise

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page in this frame."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.rotation % 2 else (width, height)

    def back(self, u: float, v: float) -> tuple[float, float]:
        """A point of this frame in PDF space."""
        match self.rotation:
            case 1:
                return v + self.left, u + self.bottom
            case 2:
                return self.right - u, v + self.bottom
            case 3:
                return self.right - v, self.top - u
            case _:
                return u + self.left, self.top - v

    def boxes(self, values: np.ndarray) -> np.ndarray:
        """(n, 4) left, bottom, right, top in PDF space → (n, 4) left, top, right, bottom as shown."""
        x0, y0, x1, y1 = values[:, 0], values[:, 1], values[:, 2], values[:, 3]
        match self.rotation:
            case 1:
                turned = (y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left)
            case 2:
                turned = (self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom)
            case 3:
                turned = (self.top - y1, self.right - x1, self.top - y0, self.right - x0)
            case _:
                turned = (x0 - self.left, self.top - y1, x1 - self.left, self.top - y0)
        return np.stack(turned, axis=1)


@dataclass(frozen=True, slots=True)
class PageText:
    """What is on one page. unmapped: characters whose font does not say which letter they are.

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
    textpage = pdfium.FPDFText_LoadPage(page)
    try:
        words, unmapped, turns = _words(textpage, frame)
        turned = max(turns, key=lambda turn: turns[turn], default=frame.rotation)
        if turned != frame.rotation:
            frame = replace(frame, rotation=turned)
            words, unmapped, _ = _words(textpage, frame)
    finally:
        pdfium.FPDFText_ClosePage(textpage)
    rules, images = _drawn(page, frame)
    return PageText(number, *frame.size, words, rules, images, unmapped, frame, shown)


def _words(textpage: Any, frame: Frame) -> tuple[list[Word], int, Counter[int]]:
    """Upright words, how many characters have no code, and how many words stand at each quarter turn."""
    turns: Counter[int] = Counter()
    codes, shown = _characters(textpage, max(0, pdfium.FPDFText_CountChars(textpage)), frame)
    # PDFium ends a line wherever text is placed anew, even inside a word: where lines end is measured here instead.
    kept = np.flatnonzero((codes != 10) & (codes != 13))
    if not len(kept):
        return [], 0, turns
    after_break = np.diff(kept, prepend=-1) > 1
    codes, shown = codes[kept], shown[kept]
    blank = (codes <= 32) | (codes == 0xA0)
    starts = np.flatnonzero(_begins(shown, blank, after_break))
    ends = np.append(starts[1:], len(codes))
    low, high = np.minimum.reduceat(shown[:, :2], starts), np.maximum.reduceat(shown[:, 2:], starts)
    wanted = ~blank[starts] & np.all(high > 0, axis=1) & np.all(low < np.array(frame.size), axis=1)
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    fonts = _Fonts(textpage)
    words = []
    for number in np.flatnonzero(wanted).tolist():
        start, end = int(starts[number]), int(ends[number])
        size, bold, turn = fonts.of(int(kept[start]))
        turns[turn] += 1
        if turn == frame.rotation:  # else it stands at another angle than the text, such as a stamp in the margin
            (left, top), (right, bottom) = low[number].tolist(), high[number].tolist()
            words.append(Word(text[start:end], left, top, right, bottom, size, bold))
    return words, int(np.count_nonzero(codes == 0)), turns


def _begins(shown: np.ndarray, blank: np.ndarray, after_break: np.ndarray) -> np.ndarray:
    """Which characters begin a word: after a blank, on another line, or after a gap. (n, 4), (n,), (n,) → (n,)"""
    height = shown[:, 3] - shown[:, 1]
    middle = (shown[:, 1] + shown[:, 3]) / 2
    tall = np.maximum(np.minimum(height[1:], height[:-1]), 1.0)
    gap = shown[1:, 0] - shown[:-1, 2]
    moved = (np.abs(middle[1:] - middle[:-1]) > 0.6 * tall) | (gap < -1.5 * tall)
    wide = gap > np.where(after_break[1:], 0.16, 0.5) * tall
    return np.concatenate(([True], blank[1:] | blank[:-1] | moved | wide))


def _characters(textpage: Any, count: int, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,) and boxes as shown (n, 4)."""
    box, reference = pdfium.FPDFText_GetLooseCharBox, ctypes.byref
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    rectangles = (pdfium.FS_RECTF * count)()
    for index, rectangle in enumerate(rectangles):
        box(textpage, index, reference(rectangle))
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


class _Fonts:
    """Size and weight of a word's first character. Fonts are few, so their names are read once."""

    def __init__(self, textpage: Any) -> None:
        self.textpage = textpage
        self.matrix = pdfium.FS_MATRIX()
        self.bold: dict[int, bool] = {}
        self.address = 0
        self.last = (0.0, False, 0)

    def of(self, index: int) -> tuple[float, bool, int]:
        """(size in points, bold, quarter turns against the clock in PDF space) of a character."""
        written = pdfium.FPDFText_GetTextObject(self.textpage, index)
        address = ctypes.addressof(written.contents) if written else 0
        if not address or address != self.address:
            self.address, self.last = address, self.look(index, written)
        return self.last

    def look(self, index: int, written: Any) -> tuple[float, bool, int]:
        turn = 0
        size = pdfium.FPDFText_GetFontSize(self.textpage, index)
        matrix = self.matrix
        if pdfium.FPDFText_GetMatrix(self.textpage, index, ctypes.byref(matrix)):
            size *= math.hypot(matrix.c, matrix.d)
            turn = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
        return round(size, 2), bool(written) and self.is_bold(written), turn

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


def _drawn(page: Any, frame: Frame) -> tuple[list[Rule], int]:
    """Level and upright lines, and how many images there are; looks into form objects."""
    found = _Lines()
    count = pdfium.FPDFPage_CountObjects(page)
    found.walk(count, lambda index: pdfium.FPDFPage_GetObject(page, index), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
    if not found.lines or found.segments > MAX_PATH_SEGMENTS:
        return [], found.images
    rules = []
    for x0, y0, x1, y1 in frame.boxes(np.array(found.lines)).tolist():
        if abs(y1 - y0) <= _STRAIGHT and x1 - x0 >= _MIN_RULE:
            rules.append(Rule(True, (y0 + y1) / 2, x0, x1))
        elif abs(x1 - x0) <= _STRAIGHT and y1 - y0 >= _MIN_RULE:
            rules.append(Rule(False, (x0 + x1) / 2, y0, y1))
    return rules, found.images


Matrix = tuple[float, float, float, float, float, float]


class _Lines:
    """Collects the straight segments of all paths, as (left, bottom, right, top) in PDF space."""

    def __init__(self) -> None:
        self.lines: list[Box] = []
        self.images = 0
        self.segments = 0
        self.objects = 0
        self.point = (ctypes.c_float(), ctypes.c_float())

    def walk(self, count: int, get: Any, outer: Matrix, depth: int) -> None:
        for index in range(count):
            self.objects += 1
            if self.segments > MAX_PATH_SEGMENTS or self.objects > MAX_OBJECTS:
                return
            item = get(index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                self.path(item, _compose(_matrix(item), outer))
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                self.images += 1
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < 4:
                inner = pdfium.FPDFFormObj_CountObjects(item)
                self.walk(inner, _getter(item), _compose(_matrix(item), outer), depth + 1)

    def path(self, item: Any, matrix: Matrix) -> None:
        count = pdfium.FPDFPath_CountSegments(item)
        self.segments += max(0, count)
        if count < 2 or count > 2000:
            return
        x, y = self.point
        first = last = (0.0, 0.0)
        for index in range(count):
            segment = pdfium.FPDFPath_GetPathSegment(item, index)
            if not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
                continue
            here = _apply(matrix, x.value, y.value)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                first = here
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                self.line(last, here)
            last = here
            if pdfium.FPDFPathSegment_GetClose(segment):
                self.line(last, first)

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        (x0, y0), (x1, y1) = start, end
        if abs(x0 - x1) <= _STRAIGHT or abs(y0 - y1) <= _STRAIGHT:
            self.lines.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))


def _getter(item: Any) -> Any:
    return lambda index: pdfium.FPDFFormObj_GetObject(item, index)


def _matrix(item: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, ctypes.byref(found)):
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return (found.a, found.b, found.c, found.d, found.e, found.f)


def _compose(inner: Matrix, outer: Matrix) -> Matrix:
    """First ``inner``, then ``outer``."""
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
