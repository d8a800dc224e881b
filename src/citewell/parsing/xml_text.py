"""XML of any kind: prose as headings, paragraphs, lists and tables, data as rows of ``name: value``.

Which is which is told by the shape of the elements and by the names that JATS, DocBook, TEI, patents and feeds share;
no schema is read. Locators hold the line and the path of the element. Markup that drives a program (attributes, hardly
any text) is read as code. Entities are never expanded, except the named characters of HTML.
"""

from __future__ import annotations

import html.entities
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import code
from citewell.parsing import html as web
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.parsing.packages import xml_root
from citewell.parsing.spans import Spread
from citewell.parsing.xml_shapes import (
    CAPTIONS,
    HEADINGS,
    ITEMS,
    LISTS,
    PREFORMATTED,
    PROSE,
    SKIPPED,
    TABLES,
    TITLES,
    has_several,
    inline,
    is_prose,
    is_record,
    leaves,
    local,
    shown,
    table_rows,
)
from citewell.records import BlockKind, Locator

_DOCTYPE = re.compile(rb"<!DOCTYPE\s[^\[>]*(?:\[(.*?)\]\s*)?>", re.DOTALL)
_ENTITY = re.compile(rb"<!ENTITY\s[^>]*>")
_UNPARSED = re.compile(rb"""<!ENTITY\s+[\w.:-]+\s+(?:SYSTEM|PUBLIC)\s+[^>]*\sNDATA\s+[\w.:-]+\s*>""")
_REFERENCE = re.compile(rb"&([A-Za-z][A-Za-z0-9._:-]*);")
_XML_NAMES = frozenset((b"amp", b"lt", b"gt", b"quot", b"apos"))
_DECLARATION = re.compile(r"\ufeff?\s*<\?xml[^>]*\?>")
_MARKUP = re.compile(
    r"</?(?:p|div|br|a|b|i|strong|em|ul|ol|li|span|table|h[1-6]|img|blockquote)\b[^>]*>", re.IGNORECASE
)
# A file is markup for a program when it has less text than this share, and this much more in its attributes.
_LEAST_TEXT = 0.06
_MOST_ATTRIBUTES = 3
_SMALL = 300  # bytes; too few to tell
_TITLE_PARENTS = frozenset((
    "title-group", "info", "bookinfo", "articleinfo", "head", "channel", "feed", "metadata", "titlestmt", "front",
))  # fmt: skip
_DATES = ("pubdate", "lastbuilddate", "updated", "modified", "date-publ", "published", "date")
_FIELD_CHARACTERS = 1500  # of facts in one block


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/xml"
    data = _prepared(data, out.name)
    try:
        root = xml_root(data, out.name)
    except ParseError as error:
        if _ENTITY.search(data):
            raise
        code.read(data, out)
        out.media_type = "application/xml"
        out.notes.append(f"{str(error)[:400]} It was read as plain lines.")
        return
    if local(root) == "html":
        web.read(data, out)
    elif _is_program(root, len(data)):
        code.read(data, out)
        out.media_type = "application/xml"
    else:
        _Walk(out).document(root)


def _prepared(data: bytes, name: str) -> bytes:
    """Bytes that name no entity but the five of XML, with the lines where they were."""
    if b"\x00" in data[:1000] or not data[:200].isascii():
        data = _DECLARATION.sub("", decode(data, name), count=1).encode()
    match = _DOCTYPE.match(data, max(0, data.find(b"<!DOCTYPE")))
    if match:
        rest = _UNPARSED.sub(b"", match[1] or b"")
        if not _ENTITY.search(rest) and b"%" not in rest:  # what it declares are pictures, or nothing
            data = data[: match.start()] + b"\n" * match[0].count(b"\n") + data[match.end() :]
    return _REFERENCE.sub(_character, data)


def _character(match: re.Match[bytes]) -> bytes:
    if match[1] in _XML_NAMES:
        return match[0]
    found = html.entities.html5.get(match[1].decode() + ";")
    return "".join(f"&#{ord(each)};" for each in found).encode() if found else b"&amp;" + match[0][1:]


def _is_program(root: Any, size: int) -> bool:
    characters = sum(len(text.strip()) for text in root.itertext())
    if size < _SMALL or characters >= _LEAST_TEXT * size:
        return False
    return sum(len(value) for each in root.iter() for value in each.attrib.values()) > _MOST_ATTRIBUTES * characters


class _Walk:
    """One pass over the elements."""

    def __init__(self, out: Builder) -> None:
        self.out = out
        self.depth = 0  # sections with a heading
        self.lists = 0

    def document(self, root: Any) -> None:
        self.children(root, f"/{shown(root)}")
        if not self.out.blocks:
            self.facts([(root, f"/{shown(root)}")], f"/{shown(root)}")

    def children(self, element: Any, path: str) -> None:
        names = Counter(local(child) for child in element)
        seen: Counter[str] = Counter()
        rows: list[tuple[Any, str]] = []  # records of one name, side by side
        facts: list[tuple[Any, str]] = []  # other records
        for child in element:
            name = local(child)
            if not name or name in SKIPPED:
                continue
            seen[name] += 1
            own = f"{path}/{shown(child)}" + (f"[{seen[name]}]" if names[name] > 1 else "")
            record = is_record(child)
            row = record and names[name] > 1 and has_several(child)
            if rows and not (row and local(rows[-1][0]) == name):
                self.records(rows)
                rows = []
            if facts and (row or not record):
                self.facts(facts, path)
                facts = []
            if row:
                rows.append((child, own))
            elif record:
                facts.append((child, own))
            else:
                self.element(child, own)
        self.records(rows)
        self.facts(facts, path)

    def element(self, element: Any, path: str) -> None:
        name = local(element)
        if name in SKIPPED:
            return
        if name in HEADINGS:
            self.heading(element, path)
        elif name in TABLES and any(True for _ in table_rows(element)):
            self.table(element, path)
        elif name in LISTS:
            self.lists += 1
            self.children(element, path)
            self.lists -= 1
        elif name in CAPTIONS:
            self.out.add("caption", inline(element), self.place(element, path))
        elif name == "label":
            self.label(element, path)
        elif name in PREFORMATTED:
            self.out.add("code", "".join(element.itertext()), self.place(element, path))
        elif name in ITEMS or name in PROSE or is_prose(element):
            self.prose(element, path, "list_item" if name in ITEMS else "paragraph")
        elif len(element) == 0:
            self.leaf(element, path)
        else:
            self.section(element, path)

    def section(self, element: Any, path: str) -> None:
        titled = any(local(child) in HEADINGS for child in element)
        self.depth += titled
        self.children(element, path)
        if titled:
            self.out.close_sections(self.depth)
        self.depth -= titled

    def heading(self, element: Any, path: str) -> None:
        words = clean_line(inline(element))
        before = element.getprevious()
        if before is not None and local(before) == "label":
            words = f"{clean_line(inline(before))} {words}"
        parent = element.getparent()
        above = local(parent) if parent is not None else ""
        outer = path.count("/") == 2  # right below the root
        if not self.out.title and (outer or above in _TITLE_PARENTS or local(element) in TITLES):
            self.out.title = words[:300]
        if above in {"caption", "table", "fig", "figure", "note", "tip", "warning"}:
            self.out.add("caption", words, self.place(element, path))
            return
        level = element.get("level") or element.get("LVL") or ""
        deeper = int(level) if level.isdigit() and len(level) == 1 else 0
        self.out.heading(words, max(1, self.depth + deeper), self.place(element, path))

    def label(self, element: Any, path: str) -> None:
        """``Table 1``; the number of a heading stands in the heading."""
        after = element.getnext()
        if after is None or local(after) not in HEADINGS:
            self.out.add("caption", inline(element), self.place(element, path))

    def prose(self, element: Any, path: str, kind: BlockKind) -> None:
        """Words gather until an element of its own begins."""
        pieces = [element.text or ""]
        names: Counter[str] = Counter()

        def flush() -> None:
            nonlocal kind
            words = " ".join("".join(pieces).split())
            pieces.clear()
            if words:
                level = max(1, self.lists) if kind == "list_item" else 0
                self.out.add(kind, words, self.place(element, path), level=level)
                kind = "paragraph"

        for child in element:
            name = local(child)
            names[name] += 1
            own_block = name in TABLES or name in LISTS or name in PREFORMATTED or name in PROSE or name in ITEMS
            if own_block or (name in HEADINGS and local(element) not in PROSE):
                first = not "".join(pieces).strip()
                flush()
                inner = f"{path}/{shown(child)}[{names[name]}]"
                if kind == "list_item" and first and name in PROSE:  # the paragraph that is the item's text
                    self.prose(child, inner, kind)
                    kind = "paragraph"
                else:
                    self.element(child, inner)
            elif name and name not in SKIPPED:
                pieces.append(inline(child))
            pieces.append(child.tail or "")
        flush()

    def leaf(self, element: Any, path: str) -> None:
        """Text too long for a fact, or with HTML in it, as feeds have."""
        words = (element.text or "").strip()
        if _MARKUP.search(words):
            web.write_fragment(words, self.out, at=self.place(element, path))
        else:
            self.prose(element, path, "paragraph")

    def facts(self, elements: list[tuple[Any, str]], path: str) -> None:
        """Lines of ``name: value``, in blocks of a readable size."""
        lines: list[str] = []
        places: list[Locator] = []
        for element, own in elements:
            self.describe(element)
            for name, words, _ in leaves(element, shown(element)):
                lines.append(f"{'.'.join(name.split('.')[-2:])}: {words}")  # longer names say no more
            places.append(self.place(element, own))
            if sum(map(len, lines)) > _FIELD_CHARACTERS:
                self.out.add("field", "\n".join(lines), _joined(places, path))
                lines, places = [], []
        if lines:
            self.out.add("field", "\n".join(lines), _joined(places, path))

    def describe(self, element: Any) -> None:
        name, words = local(element), clean_line(element.text or "")
        if name in _DATES and not self.out.modified_at:
            self.out.modified_at = iso_date(words)
        if name in {"creator", "author"} and words:
            self.out.metadata.setdefault("author", words[:300])

    def records(self, rows: list[tuple[Any, str]]) -> None:
        """Elements of one name, side by side, that hold nothing but facts."""
        table = self.out.table()
        for element, path in rows:
            cells = [
                (f"{'.'.join((own or shown(element)).split('.')[-2:])}: {words}", self.place(inner, path))
                for own, words, inner in leaves(element, "")
            ]
            table.row(cells, self.place(element, path))

    def table(self, element: Any, path: str) -> None:
        for title in element:
            if local(title) in {"title", "caption"}:
                self.out.add("caption", inline(title), self.place(title, path))
        table, spread = self.out.table(), Spread(self.out)
        for row, is_header, own in table_rows(element):
            place = self.place(row, path)
            cells = spread.row((((text, place), width, height) for text, width, height in own), group=row.getparent())
            (table.header if is_header else table.row)(cells, place)

    def place(self, element: Any, path: str) -> Locator:
        first = element.sourceline
        if not first:
            return Locator(part=path[:300])
        return Locator(part=path[:300], lines=(first, first + sum(text.count("\n") for text in _texts(element))))


def _joined(places: list[Locator], path: str) -> Locator:
    """One place for neighbours: their own, or that of what holds them."""
    if len(places) == 1:
        return places[0]
    lines = [place.lines for place in places if place.lines]
    return Locator(part=path[:300], lines=(lines[0][0], max(each[1] for each in lines)) if lines else None)


def _texts(element: Any) -> Iterator[str]:
    return (text for text in element.itertext() if "\n" in text)
