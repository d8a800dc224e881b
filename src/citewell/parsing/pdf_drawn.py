"""What is drawn on a PDF page besides text: straight lines, images, and filled shapes with their place in the order.

Objects are painted one over the other, so whether a word can be seen depends on what was painted before and after it.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdfium

from citewell.records import Box

MAX_PATH_SEGMENTS = 20_000  # a page with more is a drawing, where lines say nothing about tables
MAX_OBJECTS = 50_000
MAX_SHAPES = 1_500
_MIN_RULE = 5.0  # points; shorter strokes are ornaments and parts of letters
_STRAIGHT = 1.5  # points a line may lean and still be level

Colour = tuple[int, int, int]


class Rule(NamedTuple):
    """A straight line: ``at`` is its y when level, its x when upright."""

    level: bool
    at: float
    start: float
    end: float


class Shape(NamedTuple):
    """Something painted over an area. colour: of a plain opaque fill, else ``None``. order: of painting on its page."""

    kind: str  # fill, image, other
    box: Box
    colour: Colour | None
    order: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn on one page. painted: for the address of a text object, its place in the order of painting."""

    rules: list[Rule]
    images: int
    shapes: list[Shape]
    painted: dict[int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """From PDF space (origin bottom left, unrotated) to the page as shown (origin top left).

    A page rotated clockwise shows text upright that was written with as many quarter turns against the clock."""

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


def drawn_on(page: Any, frame: Frame) -> Drawn:
    """page: a ``pypdfium2.PdfPage``. Looks into form objects."""
    found = _Walk()
    count = pdfium.FPDFPage_CountObjects(page)
    found.walk(count, lambda index: pdfium.FPDFPage_GetObject(page, index), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
    rules = [] if found.segments > MAX_PATH_SEGMENTS else _rules(found.lines, frame)
    boxes = frame.boxes(np.array([shape.box for shape in found.shapes])).tolist() if found.shapes else []
    shapes = [shape._replace(box=tuple(box)) for shape, box in zip(found.shapes, boxes, strict=True)]
    return Drawn(rules, found.images, shapes, found.painted)


def _rules(lines: list[Box], frame: Frame) -> list[Rule]:
    rules = []
    for x0, y0, x1, y1 in frame.boxes(np.array(lines)).tolist() if lines else []:
        if abs(y1 - y0) <= _STRAIGHT and x1 - x0 >= _MIN_RULE:
            rules.append(Rule(True, (y0 + y1) / 2, x0, x1))
        elif abs(x1 - x0) <= _STRAIGHT and y1 - y0 >= _MIN_RULE:
            rules.append(Rule(False, (x0 + x1) / 2, y0, y1))
    return rules


_RED, _GREEN, _BLUE, _OPACITY = (ctypes.c_uint() for _ in range(4))
_PARTS = tuple(map(ctypes.byref, (_RED, _GREEN, _BLUE, _OPACITY)))  # made once: asked for every object
Matrix = tuple[float, float, float, float, float, float]


@dataclass(slots=True)
class _Walk:
    """Collects what covers areas and the straight segments of paths, as (left, bottom, right, top) in PDF space."""

    lines: list[Box] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    painted: dict[int, int] = field(default_factory=dict)
    images: int = 0
    segments: int = 0
    objects: int = 0
    point: tuple[Any, Any] = field(default_factory=lambda: (ctypes.c_float(), ctypes.c_float()))

    def walk(self, count: int, get: Any, outer: Matrix, depth: int) -> None:
        for index in range(count):
            self.objects += 1
            if self.objects > MAX_OBJECTS:
                return
            item = get(index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                self.painted[ctypes.addressof(item.contents)] = self.objects
            elif kind == pdfium.FPDF_PAGEOBJ_PATH:
                self.path(item, outer)
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                self.images += 1
                self.shape("image", item, outer, None)
            elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
                self.shape("other", item, outer, None)
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < 4:
                inner = pdfium.FPDFFormObj_CountObjects(item)
                self.walk(inner, _getter(item), _compose(_matrix(item), outer), depth + 1)

    def shape(self, kind: str, item: Any, outer: Matrix, colour: Colour | None) -> None:
        sides = [ctypes.c_float() for _ in range(4)]
        if len(self.shapes) >= MAX_SHAPES or not pdfium.FPDFPageObj_GetBounds(item, *map(ctypes.byref, sides)):
            return
        left, bottom, right, top = (side.value for side in sides)
        corners = [_apply(outer, x, y) for x, y in ((left, bottom), (right, top), (left, top), (right, bottom))]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        if max(xs) - min(xs) > 4 and max(ys) - min(ys) > 4:
            self.shapes.append(Shape(kind, (min(xs), min(ys), max(xs), max(ys)), colour, self.objects))

    def path(self, item: Any, outer: Matrix) -> None:
        count = pdfium.FPDFPath_CountSegments(item)
        self.segments += max(0, count)
        if count < 2 or self.segments > MAX_PATH_SEGMENTS:
            return
        if len(self.shapes) < MAX_SHAPES:
            self.filled(item, outer, count)
        if count <= 2000:
            self.straight(item, _compose(_matrix(item), outer), count)

    def filled(self, item: Any, outer: Matrix, count: int) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(item, ctypes.byref(fill), ctypes.byref(stroke))
        if fill.value:
            # Four or five segments are a rectangle: the one shape that covers all of its box.
            plain = count <= 5 and not pdfium.FPDFPageObj_HasTransparency(item)
            colour = colour_of(item) if plain else None
            self.shape("fill" if colour else "other", item, outer, colour[0] if colour and colour[1] > 250 else None)
        elif stroke.value:
            width = ctypes.c_float()
            if pdfium.FPDFPageObj_GetStrokeWidth(item, ctypes.byref(width)) and width.value > 3:
                self.shape("other", item, outer, None)

    def straight(self, item: Any, matrix: Matrix, count: int) -> None:
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


def colour_of(item: Any) -> tuple[Colour, int] | None:
    """Fill colour and opacity (0 to 255); ``None`` for patterns."""
    if not pdfium.FPDFPageObj_GetFillColor(item, *_PARTS):
        return None
    return (_RED.value, _GREEN.value, _BLUE.value), _OPACITY.value


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
