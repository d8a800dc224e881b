"""OpenDocument texts (odt) and presentations (odp), as packages or as one flat XML file (fodt, fodp).

Blocks follow the order of the document; text boxes stand after the paragraph they are anchored to, footnotes and page
headers at the end. Tracked deletions are kept by the format outside the text and are not read. Text that is not shown
is kept apart: hidden characters, paragraphs and sections, type of 1 point or smaller, white type on white paper, hidden
slides and shapes off a slide. Spreadsheets have a module of their own (:mod:`citewell.parsing.opendocument_sheets`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import packages
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.opendocument_styles import (
    DC,
    DRAW,
    FO,
    META,
    OFFICE,
    PRESENTATION,
    STYLE,
    SVG,
    TABLE,
    TEXT,
    Styles,
    length,
)
from citewell.parsing.opendocument_text import Body
from citewell.parsing.reading_order import BAND_INCHES, in_order
from citewell.records import Locator

_MEDIA = "application/vnd.oasis.opendocument."
_NOTES = {"footnote": "Footnotes", "endnote": "Endnotes"}


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file. archive: ``None`` for flat XML."""

    content: Any
    style_roots: tuple[Any, ...]
    archive: zipfile.ZipFile | None
    name: str

    def embedded(self, reference: str) -> Any:
        """The XML of a chart or formula inside the package, ``None`` when there is none."""
        part = f"{reference.removeprefix('./').strip('/')}/content.xml"
        if self.archive is None or "://" in part or part.startswith(("/", "..")):
            return None
        data = packages.read_part(self.archive, part, self.name)
        try:
            return packages.xml_root(data, part) if data else None
        except ParseError:
            return None


def read_text(data: bytes, out: Builder) -> None:
    out.media_type = f"{_MEDIA}text"
    source = open_source(data, out)
    root = _body(source, f"{OFFICE}text", "a text document", out)
    body = Body(out, Styles(*source.style_roots), source.embedded)
    body.blocks(root)
    _notes(body, out)
    _page_parts(body, source, out)


def read_presentation(data: bytes, out: Builder) -> None:
    out.media_type = f"{_MEDIA}presentation"
    source = open_source(data, out)
    root = _body(source, f"{OFFICE}presentation", "a presentation", out)
    styles = Styles(*source.style_roots)
    size = _page_size(source)
    for number, page in enumerate(root.iter(f"{DRAW}page"), start=1):
        out.close_sections(1)
        look = page.get(f"{DRAW}style-name", "")
        hidden = styles.value("drawing-page", look, "drawing-page-properties", f"{PRESENTATION}visibility") == "hidden"
        body = Body(out, styles, source.embedded, slide=number, unshown="hidden slide" if hidden else "")
        for shape in _in_order(page):
            if not hidden and _outside(shape, size):
                out.hide(" ".join("".join(p.itertext()) for p in shape.iter(f"{TEXT}p")), "off the slide", body.place)
            elif shape.get(f"{PRESENTATION}class") == "title":
                body.title(shape)
            else:
                body.shape(shape)
        for notes in page.iterfind(f"{PRESENTATION}notes"):
            body.place = Locator(slide=number, part="notes")
            for shape in _in_order(notes):
                if shape.get(f"{PRESENTATION}class", "notes") == "notes":
                    body.shape(shape)
        _notes(body, out)


def open_source(data: bytes, out: Builder) -> Source:
    """The parts of a file, its description read. Raises :class:`ParseError`."""
    name = out.name
    if not data.startswith(b"PK"):
        root = packages.xml_root(data, name)
        _describe(root, out)
        return Source(root, (root,), None, name)
    archive = packages.open_package(data, name)
    manifest = packages.read_part(archive, "META-INF/manifest.xml", name)
    if b"encryption-data" in manifest or "encrypted-package" in archive.namelist():
        raise ParseError(
            "encrypted",
            f"'{name}' is protected by a password. Open it in its office program, save a copy without the password, "
            "and add that.",
        )
    packages.note_macros(archive, out)
    content = packages.xml_root(packages.read_part(archive, "content.xml", name) or b"<none/>", name)
    roots = [content]
    if styles := packages.read_part(archive, "styles.xml", name):
        roots.append(packages.xml_root(styles, name))
    if meta := packages.read_part(archive, "meta.xml", name):
        _describe(packages.xml_root(meta, name), out)
    return Source(content, tuple(roots), archive, name)


def _body(source: Source, tag: str, what: str, out: Builder) -> Any:
    root = source.content.find(f"{OFFICE}body/{tag}")
    if root is None:
        raise ParseError(
            "corrupt",
            f"'{out.name}' is not {what}: its content holds none. Open it in its office program and save it again.",
        )
    return root


def _describe(root: Any, out: Builder) -> None:
    """Title, author and dates of meta.xml."""
    found: dict[str, str] = {}
    for element in root.iterfind(f"{OFFICE}meta/*"):
        found.setdefault(element.tag, clean_line(element.text or ""))
    out.title = found.get(f"{DC}title", "")[:300]
    out.modified_at = iso_date(found.get(f"{DC}date", "")) or iso_date(found.get(f"{META}creation-date", ""))
    if author := found.get(f"{DC}creator", "") or found.get(f"{META}initial-creator", ""):
        out.metadata["author"] = author[:300]


def _notes(body: Body, out: Builder) -> None:
    """Footnotes, endnotes and comments, after the text they belong to."""
    for kind, heading in _NOTES.items():
        notes = [each for each in body.notes if each.kind == kind]
        if notes and not body.slide:
            out.heading(heading, 1, Locator(part=heading.lower()))
        for note in notes:
            part = f"{kind} {note.label}".strip()
            out.add("list_item", note.text, Locator(slide=body.slide, part=part), level=1)
    if not body.slide:
        out.close_sections(1)
    for note in (each for each in body.notes if each.kind == "comment"):
        part = f"comment by {note.label}" if note.label else "comment"
        out.add("quote", note.text, Locator(slide=body.slide, part=part), level=1)


def _page_parts(body: Body, source: Source, out: Builder) -> None:
    """Page headers and footers, each once however many pages repeat it."""
    written: set[str] = set()
    out.close_sections(1)
    for root in source.style_roots:
        for page in root.iter(f"{STYLE}master-page"):
            for element in page:
                kind = next((kind for kind in ("header", "footer") if element.tag.startswith(f"{STYLE}{kind}")), None)
                text = body.plain(element) if kind else ""
                if kind and any(map(str.isalpha, text)) and text not in written:
                    written.add(text)
                    out.add("paragraph", text, Locator(part=f"page {kind}"))


def _page_size(source: Source) -> tuple[float, float]:
    """Width and height of the largest page in points; 0 when unknown."""
    sizes = [
        (length(each.get(f"{FO}page-width")), length(each.get(f"{FO}page-height")))
        for root in source.style_roots
        for each in root.iter(f"{STYLE}page-layout-properties")
    ]
    return max((width for width, _ in sizes), default=0.0), max((height for _, height in sizes), default=0.0)


def _outside(shape: Any, size: tuple[float, float]) -> bool:
    """Whether a shape lies wholly off the slide. One without a place of its own (a group, a turned shape) does not."""
    if not all(size) or shape.get(f"{SVG}x") is None or shape.get(f"{SVG}y") is None:
        return False
    left, top = length(shape.get(f"{SVG}x")), length(shape.get(f"{SVG}y"))
    right, bottom = left + length(shape.get(f"{SVG}width")), top + length(shape.get(f"{SVG}height"))
    return right < 0 or bottom < 0 or left > size[0] or top > size[1]


def _in_order(page: Any) -> Iterator[Any]:
    """Shapes of a page: the title, then placeholders, then from top left."""

    def placed(shape: Any) -> tuple[int, float, float, Any]:
        kind = shape.get(f"{PRESENTATION}class", "")
        rank = 0 if kind == "title" else 1 if kind else 2
        first = shape if shape.get(f"{SVG}y") else next((e for e in shape.iter() if e.get(f"{SVG}y")), shape)
        return rank, length(first.get(f"{SVG}y")), length(first.get(f"{SVG}x")), shape

    skipped = {f"{PRESENTATION}notes", f"{OFFICE}forms", f"{OFFICE}annotation"}
    shapes = [each for each in page if each.tag not in skipped and not each.tag.startswith((TABLE, TEXT))]
    yield from in_order(map(placed, shapes), BAND_INCHES * 72)
    yield from page.iterfind(f"{OFFICE}annotation")
