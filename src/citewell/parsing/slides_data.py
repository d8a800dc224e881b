"""What a slide shows from parts of its own: charts, diagrams (SmartArt) and comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder
from citewell.parsing.slides_shapes import A, P
from citewell.records import Locator

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MAX_POINTS = 2_000
"""Rows of a chart: a drawn line of more points is data for a spreadsheet, not something anyone reads off a slide."""
_MAX_SERIES = 100


@dataclass(frozen=True, slots=True)
class Chart:
    """rows: the header (an empty corner and the names of the series), then each category with its values."""

    title: str
    rows: list[list[str]]


def chart(root: Any) -> Chart:
    """A chart's titles and cached numbers; the workbook behind it is not opened."""
    titles = [clean_line(_text(each)) for each in root.iter(f"{_C}title")]
    series = list(root.iter(f"{_C}ser"))[:_MAX_SERIES]
    columns = [_points(each, "val") or _points(each, "yVal") for each in series]
    categories: dict[int, str] = {}
    for each in series:
        categories = categories or _points(each, "cat") or _points(each, "xVal")
    header = ["", *(clean_line(" ".join(_values(each.find(f"{_C}tx")))) for each in series)]
    numbers = sorted({number for column in (categories, *columns) for number in column})[:_MAX_POINTS]
    rows = [[categories.get(number, ""), *(column.get(number, "") for column in columns)] for number in numbers]
    return Chart(": ".join(title for title in titles if title), [header, *rows] if rows else [])


def write_chart(found: Chart, place: Locator, out: Builder) -> None:
    """A chart as its caption and a table."""
    out.add("caption", found.title, place)
    table = out.table()
    for number, row in enumerate(found.rows):
        cells = [(text, place) for text in row]
        if number == 0 and any(row):
            table.header(cells, place)
        else:
            table.row(cells, place)


def _points(series: Any, name: str) -> dict[int, str]:
    """Values by their position; of nested categories the innermost."""
    source = series.find(f"{_C}{name}")
    if source is None:
        return {}
    level = next(source.iter(f"{_C}lvl"), source)
    found: dict[int, str] = {}
    for point in level.iter(f"{_C}pt"):
        position = point.get("idx", "")
        if position.isdigit() and len(position) < 8:
            found[int(position)] = _short(" ".join(_values(point)))
    return found


def _values(element: Any) -> Iterator[str]:
    if element is not None:
        for each in element.iter(f"{_C}v"):
            yield each.text or ""


def _short(text: str) -> str:
    """``0.1`` for a number stored as ``0.10000000000000001``; other text as it is."""
    digits = text.replace(".", "", 1).lstrip("-")
    return f"{float(text):.10g}" if digits.isdigit() and digits.isascii() and len(digits) > 12 else text


def _text(element: Any) -> str:
    return " ".join(each.text or "" for each in element.iter(f"{A}t", f"{_C}v"))


def diagram(root: Any) -> Iterator[tuple[str, int]]:
    """Words of a diagram's points with their level from 1, in the order they were written."""
    points = {each.get("modelId"): each for each in root.iter(f"{_DGM}pt")}
    below: dict[str | None, str | None] = {}
    for line in root.iter(f"{_DGM}cxn"):
        if line.get("type", "parOf") == "parOf":
            below.setdefault(line.get("destId"), line.get("srcId"))
    for identity, point in points.items():
        if point.get("type", "node") not in {"node", "asst"}:
            continue
        text = "\n".join("".join(t.text or "" for t in each.iter(f"{A}t")) for each in point.iter(f"{A}p"))
        if text.strip():
            yield text, max(1, _depth(identity, below))


def _depth(identity: str | None, below: dict[str | None, str | None]) -> int:
    depth = 0
    while depth < 10 and identity in below:
        identity, depth = below[identity], depth + 1
    return depth


def comments(roots: Iterable[Any], authors: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Text and author of each comment and reply, in the order of the file, in both kinds PowerPoint writes."""
    names = {
        each.get("id"): clean_line(each.get("name") or "")[:100]
        for root in authors
        for each in root
        if etree.QName(each).localname in {"cmAuthor", "author"}
    }
    for root in roots:
        for element in root.iter():
            kind = etree.QName(element).localname
            if kind not in {"cm", "reply"}:
                continue
            old = element.find(f"{P}text")
            bodies = [each for each in element if etree.QName(each).localname == "txBody"]
            text = (old.text or "") if old is not None else "\n".join(_text(p) for b in bodies for p in b.iter(f"{A}p"))
            yield text, names.get(element.get("authorId"), "")
