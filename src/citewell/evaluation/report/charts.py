"""Plots as SVG text: pure functions from numbers to a drawing, without a plotting library and without script.

Every drawing has ``role="img"``, a title and a description for readers who do not see it, is 320 units wide so that its
labels stay readable on a phone, and tells series apart by shape as well as by colour. Colours are the variables of
:mod:`citewell.evaluation.report.style`, so one drawing serves light, dark and print. Nothing here knows about
evaluations: the page that uses a plot also shows its numbers as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from citewell.evaluation.report.markup import Child, Markup, element
from citewell.evaluation.report.scales import Axis, fitted, text_width, without_overlap

WIDTH = 320.0
_LINE = 20.0  # from one line of text to the next
_PLOT = 180.0  # height of a plot with two axes
_STRIP = 44.0  # height of the counts under it
_ROW = 40.0  # height of a row of bars or dots: a line of text and the mark under it
_MARGIN = 8.0
_RADIUS = 5.0
TICKS = 5
"""About how many values are marked on a horizontal axis."""

Shape = Literal["dot", "diamond", "square"]
Hue = Literal["a", "b", "c", "quiet"]


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a place. low, high: the bounds of its interval."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A single place that the legend names, such as the one that was chosen."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A named value. text: what is written for it. low, high: a thin line; inner: a thick one. quiet: drawn grey and
    hollow, because it should not be relied on."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    inner: tuple[float, float] | None = None
    quiet: bool = False


def told(what: str, rows: Sequence[Row]) -> str:
    """A description of rows for readers who do not see them."""
    return f"{what}: {'; '.join(f'{row.label} {row.text}' for row in rows)}."


# -- plots with two axes -----------------------------------------------------------------------------------------------


def curve(
    key: str,
    title: str,
    description: str,
    points: Sequence[Point],
    x: Axis,
    y: Axis,
    *,
    step: bool = False,
    dots: bool = False,
    marks: Sequence[Mark] = (),
    beside: Sequence[Point] = (),
    beside_label: str = "",
    diagonal: str = "",
    counts: Sequence[tuple[float, int]] = (),
    counts_label: str = "",
) -> Markup:
    """A line through ``points``.

    step: level until the next point. dots: a dot at each point. beside: a second series, as diamonds without a line.
    diagonal: the legend's words for a dashed line from corner to corner. counts: how many stand behind a place, as bars
    below.
    """
    left = 12.0 + max(text_width(y.write(tick)) for tick in y.ticks(4))
    frame = _Frame(left, 2 * _LINE - 6, WIDTH - 2 * _MARGIN, _PLOT, x, y)
    parts: list[Child] = [*_grid(frame)]
    if diagonal:
        parts.append(_line(frame.left, frame.bottom, frame.right, frame.top, "dashed"))
    parts.append(_path(frame, points, step=step))
    parts.extend(_point(frame, point, dot=dots) for point in points if dots or point.low is not None)
    parts.extend(_shape("diamond", frame.x(each.x), frame.y(each.y), "b") for each in (*marks, *beside))
    bottom = frame.bottom + 2 * _LINE + 6
    if counts:
        parts.append(_counts(frame, counts, counts_label, bottom))
        bottom += _STRIP + _LINE
    legend = [("diamond", mark.label) for mark in marks] + [("diamond", beside_label)] * bool(beside)
    legend += [("dashed", diagonal)] * bool(diagonal)
    for symbol, words in legend:
        drawn, bottom = _legend(symbol, words, bottom)
        parts.append(drawn)
    return _drawing(key, title, description, bottom + 2, parts)


def histogram(
    key: str, title: str, description: str, edges: Sequence[float], counts: Sequence[int], x: Axis, y: Axis
) -> Markup:
    """Bars between ``edges``; there is one edge more than there are counts."""
    left = 12.0 + max(text_width(y.write(tick)) for tick in y.ticks(4))
    frame = _Frame(left, 2 * _LINE - 6, WIDTH - 2 * _MARGIN, _PLOT, x, y)
    parts: list[Child] = [*_grid(frame)]
    for (start, end), count in zip(pairwise(edges), counts, strict=True):
        if count:
            at, top = frame.x(start), frame.y(count)
            parts.append(_bar(at + 0.5, top, max(1.0, frame.x(end) - at - 1), frame.bottom - top))
    return _drawing(key, title, description, frame.bottom + 2 * _LINE + 2, parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The rectangle that values are drawn in."""

    left: float
    top: float
    right: float
    height: float
    x_axis: Axis
    y_axis: Axis

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * self.x_axis.share(value)

    def y(self, value: float) -> float:
        return self.bottom - self.height * self.y_axis.share(value)


def _grid(frame: _Frame) -> Iterator[Markup]:
    """Axes with ticks and labels. The vertical axis is named above it, to be read without turning the head."""
    yield _text(0, 14, frame.y_axis.label, "name")
    for tick in frame.y_axis.ticks(4):
        height = frame.y(tick)
        yield _line(frame.left, height, frame.right, height, "grid")
        yield _text(frame.left - 6, height + 4.5, frame.y_axis.write(tick), "label", "end")
    yield _line(frame.left, frame.bottom, frame.right, frame.bottom, "axis")
    yield from _ticks(frame.x_axis, frame.left, frame.right, frame.bottom)
    yield _text(frame.right, frame.bottom + 2 * _LINE - 3, frame.x_axis.label, "name", "end")


def _ticks(axis: Axis, left: float, right: float, height: float) -> Iterator[Markup]:
    """Ticks and their labels under a horizontal axis; labels that would touch another are left out."""
    ticks = axis.ticks(TICKS)
    places = [left + (right - left) * axis.share(tick) for tick in ticks]
    words = [axis.write(tick) for tick in ticks]
    widths = [text_width(each) for each in words]
    # Kept inside the drawing, so that the last label is not cut off.
    middles = [
        min(max(place, width / 2), WIDTH - width / 2 - 1) for place, width in zip(places, widths, strict=True)
    ]  # fmt: skip
    for place in places:
        yield _line(place, height, place, height + 4, "axis")
    for index in without_overlap(middles, widths):
        yield _text(middles[index], height + 19, words[index], "label", "middle")


def _path(frame: _Frame, points: Sequence[Point], *, step: bool) -> Markup:
    orders: list[str] = []
    for index, point in enumerate(points):
        at, height = frame.x(point.x), frame.y(point.y)
        if index and step:
            orders.append(f"H{at:.1f}V{height:.1f}")
        else:
            orders.append(f"{'L' if index else 'M'}{at:.1f} {height:.1f}")
    return element("path", class_="line", d="".join(orders))


def _point(frame: _Frame, point: Point, *, dot: bool) -> list[Markup]:
    at, found = frame.x(point.x), []
    if point.low is not None and point.high is not None:
        low, high = frame.y(point.low), frame.y(point.high)
        found.append(_line(at, low, at, high, "whisker"))
        found.extend(_line(at - 4, end, at + 4, end, "whisker") for end in (low, high))
    if dot:
        found.append(_shape("dot", at, frame.y(point.y), "a"))
    return found


def _counts(frame: _Frame, counts: Sequence[tuple[float, int]], label: str, top: float) -> list[Markup]:
    """Bars under the plot, on its horizontal axis, each as wide as the closest two places allow."""
    most = max((count for _, count in counts), default=1) or 1
    places = sorted(frame.x(place) for place, _ in counts)
    width = min([24.0, *(max(3.0, (after - before) * 0.8) for before, after in pairwise(places))])
    floor = top + _LINE + _STRIP - 12
    parts = [_text(0, top + 12, f"{label} (at most {most:,})", "name")]
    for place, count in counts:
        height = (_STRIP - 12) * count / most
        parts.append(_bar(frame.x(place) - width / 2, floor - height, width, max(height, 1.0 if count else 0.0), "c"))
    return [*parts, _line(frame.left, floor, frame.right, floor, "axis")]


# -- rows: one named value below the other -----------------------------------------------------------------------------


def dots(
    key: str, title: str, description: str, rows: Sequence[Row], axis: Axis, reference: float | None = None
) -> Markup:
    """A dot with its interval per row, all on one axis. reference: a dashed line, such as the value over all."""
    return _rows(key, title, description, rows, axis, _dot_row, reference)


def bars(key: str, title: str, description: str, rows: Sequence[Row], axis: Axis) -> Markup:
    """A bar from the axis' low end per row. A row with bounds gets its whisker over the bar."""
    return _rows(key, title, description, rows, axis, _bar_row, None)


def _rows(
    key: str,
    title: str,
    description: str,
    rows: Sequence[Row],
    axis: Axis,
    draw: Callable[[Row, float, Callable[[float], float]], list[Markup]],
    reference: float | None,
) -> Markup:
    left, right = _MARGIN, WIDTH - _MARGIN

    def at(value: float) -> float:
        return left + (right - left) * axis.share(value)

    parts: list[Child] = []
    floor = _ROW * len(rows) + 4
    ticks = axis.ticks(TICKS)
    parts.extend(
        _line(at(tick), 22 + _ROW * index, at(tick), 38 + _ROW * index, "grid")
        for index in range(len(rows)) for tick in ticks
    )  # fmt: skip
    if reference is not None:
        parts.extend(
            _line(at(reference), 20 + _ROW * index, at(reference), 40 + _ROW * index, "dashed")
            for index in range(len(rows))
        )  # fmt: skip
    for index, row in enumerate(rows):
        top = _ROW * index
        value = fitted(row.text, WIDTH * 0.6)
        label = fitted(row.label, WIDTH - 2 * _MARGIN - text_width(value))
        parts.append(_text(0, top + 14, label, "label"))
        parts.append(_text(WIDTH, top + 14, value, "label", "end"))
        parts.extend(draw(row, top + 30, at))
    parts.append(_line(left, floor, right, floor, "axis"))
    parts.extend(_ticks(axis, left, right, floor))
    parts.append(_text(right, floor + 2 * _LINE - 3, axis.label, "name", "end"))
    return _drawing(key, title, description, floor + 2 * _LINE + 2, parts)


def _dot_row(row: Row, middle: float, at: Callable[[float], float]) -> list[Markup]:
    parts = []
    if row.low is not None and row.high is not None:
        low, high = at(row.low), at(row.high)
        parts.append(_line(low, middle, high, middle, "whisker"))
        parts.extend(_line(end, middle - 4, end, middle + 4, "whisker") for end in (low, high))
    if row.inner is not None:
        start, end = (at(value) for value in row.inner)
        parts.append(_bar(start, middle - 4, max(end - start, 1.0), 8.0))
    shape: Shape = "square" if row.quiet else "dot" if row.inner is None else "diamond"
    return [*parts, _shape(shape, at(row.value), middle, "quiet" if row.quiet else "b" if row.inner else "a")]


def _bar_row(row: Row, middle: float, at: Callable[[float], float]) -> list[Markup]:
    start, end = at(0.0), at(row.value)
    parts = [_bar(start, middle - 6, max(end - start, 1.0 if row.value else 0.0), 12.0, "quiet" if row.quiet else "a")]
    if row.low is not None and row.high is not None:
        low, high = at(row.low), at(row.high)
        for kind in ("halo", "over"):  # light under dark, to be seen on the bar and beside it
            parts.append(_line(low, middle, high, middle, kind))
            parts.extend(_line(end, middle - 4, end, middle + 4, kind) for end in (low, high))
    return parts


# -- shapes ------------------------------------------------------------------------------------------------------------


def _drawing(key: str, title: str, description: str, height: float, parts: Sequence[Child]) -> Markup:
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-description"),
        *parts,
        class_="chart",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby=f"{key}-title {key}-description",
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str | None = None) -> Markup:
    return element("text", words, x=x, y=y, class_=kind, text_anchor=anchor)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _bar(x: float, y: float, width: float, height: float, hue: Hue = "a") -> Markup:
    return element("rect", x=x, y=y, width=width, height=height, class_=f"fill {hue}")


def _shape(shape: Shape, x: float, y: float, hue: Hue) -> Markup:
    kind, radius = f"mark {hue}", _RADIUS
    if shape == "dot":
        return element("circle", cx=x, cy=y, r=radius, class_=kind)
    if shape == "square":
        return element("rect", x=x - 4, y=y - 4, width=8, height=8, class_=kind)
    corners = [(x, y - radius - 1.5), (x + radius + 1.5, y), (x, y + radius + 1.5), (x - radius - 1.5, y)]
    return element("polygon", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in corners), class_=kind)


def _legend(symbol: str, words: str, top: float) -> tuple[list[Markup], float]:
    """A line of the legend, broken where it is too long, and where the next one starts."""
    drawn = _line(2, top + 9, 22, top + 9, "dashed") if symbol == "dashed" else _shape("diamond", 12, top + 9, "b")
    lines = _broken(words, WIDTH - 32)
    texts = [_text(30, top + 14 + _LINE * index, line, "label") for index, line in enumerate(lines)]
    return [drawn, *texts], top + _LINE * len(lines)


def _broken(words: str, width: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fitted(line, width) for line in lines]
