"""Plots: values stand where they should, labels never touch or leave the drawing, every drawing says what it shows."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from citewell.evaluation.report import charts
from citewell.evaluation.report.charts import Mark, Point, Row
from citewell.evaluation.report.scales import (
    TEXT,
    Axis,
    fitted,
    log_axis,
    percent,
    plain,
    reaching,
    round_ticks,
    seconds,
    text_width,
    without_overlap,
)

SHARE = Axis("share")


def rows(count: int) -> list[Row]:
    source = random.Random(count)
    return [
        Row(f"slice {'long ' * (place % 9)}{place}", value := source.random(), percent(value), value * 0.8, value)
        for place in range(count)
    ]  # fmt: skip


def points(count: int) -> list[Point]:
    source = random.Random(count)
    return [
        Point(place / max(count - 1, 1), y := source.random(), y * 0.5, min(1.0, y * 1.2)) for place in range(count)
    ]


DRAWINGS: dict[str, Callable[[int], str]] = {
    "curve": lambda n: charts.curve("k", "T", "D", points(n), SHARE, Axis("wrong among the answered"), step=True),
    "calibration": lambda n: charts.curve(
        "k", "T", "D", points(n), Axis("confidence"), Axis("right"), dots=True, diagonal="as sure as right",
        counts=[(point.x, 3) for point in points(n)], counts_label="questions in each group",
        marks=[Mark(0.5, 0.5, "a very long legend that has to be broken into several lines because of its length")],
    ),
    "dots": lambda n: charts.dots("k", "T", "D", rows(n), SHARE, 0.5),
    "bars": lambda n: charts.bars("k", "T", "D", rows(n), SHARE),
    "histogram": lambda n: charts.histogram(
        "k", "T", "D", [float(each) for each in range(n + 1)], [each % 7 for each in range(n)],
        reaching("time", n, seconds), reaching("questions", 6),
    ),
    "times": lambda n: charts.dots("k", "T", "D", [
        Row(f"stage {each}", 10.0**-each, seconds(10.0**-each), 10.0**-each / 2, 10.0**-each * 2, (10.0**-each,) * 2)
        for each in range(n % 6 + 1)
    ], log_axis("time", [10.0**-each for each in range(n % 6 + 1)], seconds)),
}  # fmt: skip


def drawn(markup: str) -> LexborNode:
    return LexborHTMLParser(markup).css_first("svg")


def number(node: LexborNode, name: str) -> float:
    return float(node.attributes[name] or "nan")


def boxes(svg: LexborNode) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right, bottom of every label, by the widths that the code assumes."""
    found = []
    for text in svg.css("text"):
        words, x, y = text.text(), number(text, "x"), number(text, "y")
        width = text_width(words)
        left = x - {"end": width, "middle": width / 2}.get(text.attributes.get("text-anchor") or "", 0.0)
        found.append((left, y - TEXT * 0.8, left + width, y + TEXT * 0.2, words))
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("kind", DRAWINGS)
def test_labels_stay_inside_and_never_touch(kind: str, count: int) -> None:
    svg = drawn(DRAWINGS[kind](count))
    _, _, width, height = (float(each) for each in (svg.attributes["viewBox"] or "").split())
    labels = boxes(svg)
    assert labels
    for left, top, right, bottom, words in labels:
        assert left >= -0.5, f"{words!r} starts at {left}"
        assert right <= width + 0.5, f"{words!r} ends at {right}"
        assert top >= 0, words
        assert bottom <= height, words
    for one, other in itertools.combinations(labels, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, f"{one[4]!r} touches {other[4]!r}"


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("kind", DRAWINGS)
def test_every_mark_lies_inside_the_drawing(kind: str, count: int) -> None:
    svg = drawn(DRAWINGS[kind](count))
    _, _, width, height = (float(each) for each in (svg.attributes["viewBox"] or "").split())
    marks = svg.css("line, rect, circle")
    assert marks
    for mark in marks:
        for name, value in mark.attributes.items():
            if name in {"x1", "x2", "cx", "x"}:
                assert -0.5 <= float(value or "nan") <= width + 0.5
            if name in {"y1", "y2", "cy", "y"}:
                assert -0.5 <= float(value or "nan") <= height + 0.5
            if name in {"width", "height"}:
                assert float(value or "nan") >= 0


@pytest.mark.parametrize("kind", DRAWINGS)
def test_every_drawing_has_a_name_and_a_description(kind: str) -> None:
    svg = drawn(DRAWINGS[kind](5))
    assert svg.attributes["role"] == "img"
    first, second, *_ = (node for node in svg.iter())
    assert (first.tag, second.tag) == ("title", "desc")
    assert svg.attributes["aria-labelledby"] == f"{first.attributes['id']} {second.attributes['id']}"


def test_rows_stand_at_their_values_with_their_intervals() -> None:
    svg = drawn(charts.dots("k", "T", "D", [Row("all", 0.25, "25 %", 0.0, 1.0)], SHARE))
    (dot,) = svg.css("circle")
    line = svg.css(".whisker")[0]
    low, high = number(line, "x1"), number(line, "x2")
    assert number(dot, "cx") == pytest.approx(low + (high - low) * 0.25)


def test_a_row_that_should_not_be_relied_on_has_another_shape() -> None:
    svg = drawn(charts.dots("k", "T", "D", [Row("few", 0.5, "50 %", 0.1, 0.9, quiet=True)], SHARE))
    assert not svg.css("circle")
    assert svg.css("rect.mark.quiet")


def test_bars_are_as_long_as_their_values() -> None:
    svg = drawn(
        charts.bars("k", "T", "D", [Row("a", 10, "10"), Row("b", 40, "40"), Row("c", 0, "0")], reaching("n", 40))
    )
    widths = [number(bar, "width") for bar in svg.css("rect")]
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.1)
    assert widths[2] == 0


def test_a_step_curve_is_level_until_the_next_point() -> None:
    svg = drawn(charts.curve("k", "T", "D", [Point(0, 1), Point(0.5, 0)], SHARE, SHARE, step=True))
    path = svg.css_first("path.line").attributes["d"] or ""
    assert path.count("H") == 1
    assert path.count("V") == 1
    assert "L" not in path


def test_hostile_words_in_labels_stay_words() -> None:
    bad = "</text></svg><script>alert(1)</script>"
    svg = charts.bars("k", bad, bad, [Row(bad, 0.5, bad)], Axis(bad))
    tree = LexborHTMLParser(svg)
    assert not tree.css("script")
    assert len(tree.css("svg")) == 1


# -- axes --------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 8)
)  # fmt: skip
def test_ticks_are_inside_even_and_few(low: float, width: float, wanted: int) -> None:
    high = low + width
    if not high > low + abs(low) * 1e-9:
        return
    ticks = round_ticks(low, high, wanted)
    slack = width * 1e-6 + abs(low) * 1e-9
    assert len(ticks) <= wanted + 1
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    steps = {round((after - before) / width, 4) for before, after in itertools.pairwise(ticks)}
    assert len(steps) <= 1


@settings(deadline=None)
@given(st.floats(0, 1e9, allow_nan=False))
def test_an_axis_reaches_its_highest_value(highest: float) -> None:
    axis = reaching("n", highest)
    assert axis.high >= highest * (1 - 1e-9)
    assert axis.high <= max(1.0, highest * 1.51)
    ticks = axis.ticks(4)
    assert ticks[0] == 0
    assert ticks[-1] == pytest.approx(axis.high)
    assert len(ticks) <= 7


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.5], [1e-5, 3.0], [1.0]])
def test_a_log_axis_holds_every_value(values: list[float]) -> None:
    axis = log_axis("time", values, seconds)
    assert 0 < axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in values if value > 0)
    assert axis.share(0.0) == 0.0
    assert all(math.isfinite(axis.share(value)) for value in values)


def test_what_lies_outside_an_axis_is_drawn_at_its_end() -> None:
    assert SHARE.share(1.7) == 1.0
    assert SHARE.share(-3) == 0.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0004, "0.4 ms"), (0.012, "12 ms"), (0.9999, "1 s"), (1.5, "1.5 s"), (90, "90 s"), (0.0, "0 ms")],
)
def test_times_as_people_write_them(value: float, text: str) -> None:
    assert seconds(value) == text


def test_numbers_as_people_write_them() -> None:
    assert [plain(each) for each in (0.25, 3.0, 1200.0, 1234.5)] == ["0.25", "3", "1,200", "1,234"]
    assert percent(0.456) == "46 %"


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300), st.floats(20, 400))
def test_a_fitted_label_is_one_line_and_fits(text: str, width: float) -> None:
    label = fitted(text, width)
    assert text_width(label) <= width + 1e-6
    assert "\n" not in label


def test_of_labels_that_would_touch_the_first_stay() -> None:
    assert without_overlap([0, 10, 30, 100], [18, 18, 18, 18]) == [0, 2, 3]
