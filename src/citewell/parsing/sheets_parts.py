"""The parts of an Excel package that openpyxl does not report when it streams: hidden rows and columns, text boxes,
chart titles and comments."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from openpyxl.utils import column_index_from_string, range_boundaries

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import packages, slides_data
from citewell.parsing.numerals import column_letter
from citewell.parsing.slides_shapes import A, R

_X = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_TC = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"'](?:1|true)[\"']")
_LEVEL = re.compile(rb"\boutlineLevel\s*=\s*[\"'][1-9]")
_FILTER = re.compile(rb"<(?:\w+:)?autoFilter\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"'][^>]*(?<!/)>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_PAINT = re.compile(rb"<(?:\w+:)?(?:tablePart|conditionalFormatting|picture)\b")
_MAX_COLUMN = 16_384


@dataclass
class Notes:
    """What stands beside the cells of a sheet, as (kind, cell, text) and (author, cell, text)."""

    drawn: list[tuple[Literal["caption", "paragraph"], str, str]] = field(default_factory=list)
    comments: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet of the workbook. people: authors of threaded comments by id."""

    path: str
    kind: str
    people: dict[str, str]

    def xml(self, archive: zipfile.ZipFile, name: str) -> bytes:
        return packages.transitional(packages.read_part(archive, self.path, name)) if self.kind == "worksheet" else b""

    def notes(self, archive: zipfile.ZipFile, name: str) -> Notes:
        found = Notes()
        related = list(packages.relations(archive, self.path, name).values())
        for relation in related:
            if relation.kind == "drawing":
                _drawing(archive, relation.target, name, found)
        threaded = {relation.target for relation in related if relation.kind == "threadedComment"}
        for target in sorted(threaded):
            found.comments += _threaded(_root(archive, target, name), self.people)
        answered = {cell for _, cell, _ in found.comments}  # Excel repeats these in the old form
        for relation in related:
            if relation.kind == "comments":
                old = _comments(_root(archive, relation.target, name))
                found.comments += [comment for comment in old if comment[1] not in answered]
        return found


def sheets(archive: zipfile.ZipFile, name: str) -> dict[str, Part]:
    """The sheets of a workbook by title, in its order."""
    start = next(
        (each.target for each in packages.relations(archive, "", name).values() if each.kind == "officeDocument"), ""
    )
    root = _root(archive, start, name)
    if root is None:
        return {}
    related = packages.relations(archive, start, name)
    people: dict[str, str] = {}
    for relation in related.values():
        if relation.kind == "person" and (persons := _root(archive, relation.target, name)) is not None:
            people |= {each.get("id", ""): clean_line(each.get("displayName", ""))[:100] for each in persons}
    found: dict[str, Part] = {}
    for element in root.iterfind(f"{_X}sheets/{_X}sheet"):
        target = related.get(element.get(f"{R}id", ""))
        if target is not None:
            found[element.get("name", "")] = Part(target.target, target.kind, people)
    return found


def hidden_rows(xml: bytes) -> Iterator[tuple[int, bool]]:
    """Numbers of hidden rows, and whether an outline folds them away."""
    number = 0
    for match in _ROW.finditer(xml):
        given = re.search(rb"\br\s*=\s*[\"'](\d{1,8})[\"']", match[1])
        number = int(given[1]) if given else number + 1
        if _HIDDEN.search(match[1]):
            yield number, bool(_LEVEL.search(match[1]))


def hidden_columns(xml: bytes) -> Iterator[range]:
    """1-based columns; those an outline folds away stay."""
    for match in _COLUMN.finditer(xml):
        ends = [re.search(rb"\b%b\s*=\s*[\"'](\d{1,6})[\"']" % end, match[1]) for end in (b"min", b"max")]
        if ends[0] and ends[1] and _HIDDEN.search(match[1]) and not _LEVEL.search(match[1]):
            yield range(int(ends[0][1]), min(int(ends[1][1]), _MAX_COLUMN) + 1)


def filtered_rows(xml: bytes) -> range:
    """The rows below the header of a filter that is in use."""
    match = _FILTER.search(xml)
    if match is None or b"filterColumn" not in xml:
        return range(0)
    try:
        _, first, _, last = range_boundaries(match[1].decode())
    except ValueError:
        return range(0)
    return range(int(first or 0) + 1, int(last or 0) + 1)


def merged_rows(xml: bytes) -> Iterator[tuple[int, int, int]]:
    """Column, first and last row of the merged cells that cover more than one row."""
    for match in _MERGED.finditer(xml):
        first, last = int(match[2]), int(match[4])
        if last > first:
            yield column_index_from_string(match[1].decode()), first, last


def painted(xml: bytes) -> bool:
    """Whether something besides the cells' own format may colour them."""
    return _PAINT.search(xml) is not None


def _root(archive: zipfile.ZipFile, part: str, name: str) -> Any:
    data = packages.read_part(archive, part, name)
    try:
        return packages.xml_root(packages.transitional(data), part) if data else None
    except ParseError:
        return None


def _drawing(archive: zipfile.ZipFile, part: str, name: str, found: Notes) -> None:
    """Text boxes and chart titles, from top to bottom, each with the cell its corner stands on."""
    root = _root(archive, part, name)
    if root is None:
        return
    related = packages.relations(archive, part, name)
    placed: list[tuple[int, int, Literal["caption", "paragraph"], str]] = []
    for anchor in root:
        row, column = (_number(anchor.findtext(f"{_XDR}from/{_XDR}{each}")) for each in ("row", "col"))
        for body in anchor.iter(f"{_XDR}txBody"):
            lines = ("".join(t.text or "" for t in paragraph.iter(f"{A}t")) for paragraph in body.iter(f"{A}p"))
            placed.append((row, column, "paragraph", "\n".join(lines)))
        for element in anchor.iter(f"{_C}chart"):
            relation = related.get(element.get(f"{R}id", ""))
            chart = _root(archive, relation.target, name) if relation is not None else None
            if chart is not None:
                placed.append((row, column, "caption", slides_data.chart(chart).title))
    for row, column, kind, text in sorted(placed, key=lambda each: each[:2]):
        found.drawn.append((kind, f"{column_letter(column + 1)}{row + 1}" if row or column else "", text))


def _number(text: str | None) -> int:
    digits = (text or "").strip()
    return min(int(digits), _MAX_COLUMN) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0


def _comments(root: Any) -> Iterator[tuple[str, str, str]]:
    if root is None:
        return
    authors = [clean_line(each.text or "")[:100] for each in root.iterfind(f"{_X}authors/{_X}author")]
    for comment in root.iter(f"{_X}comment"):
        number = _number(comment.get("authorId"))
        author = authors[number] if number < len(authors) else ""
        text = "".join(each.text or "" for each in comment.iter(f"{_X}t"))
        yield author, comment.get("ref", "")[:20], text.removeprefix(f"{author}:").strip()


def _threaded(root: Any, people: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for comment in root.iter(f"{_TC}threadedComment") if root is not None else ():
        yield (
            people.get(comment.get("personId", ""), ""),
            comment.get("ref", "")[:20],
            comment.findtext(f"{_TC}text", ""),
        )
