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
from citewell.parsing.xml_shapes import (
    HEADINGS,
    ITEMS,
    LISTS,
    PREFORMATTED,
    PROSE,
    SKIPPED,
    TABLES,
    inline,
    is_prose,
    is_record,
    leaves,
    local,
    table_rows,
)  # fmt: skip
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
_LEAST_TEXT = 0.06  # of all characters; below it the file is markup for a program
_TITLE_PARENTS = frozenset((
    "title-group", "info", "bookinfo", "articleinfo", "head", "channel", "feed", "metadata", "titlestmt", "front",
))  # fmt: skip
_DATES = ("pubdate", "lastbuilddate", "updated", "modified", "date-publ", "published", "date")
_LONGEST_FIELD = 200


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
    match = _DOCTYPE.search(data)
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
    return size > 300 and characters < _LEAST_TEXT * size


class _Walk:
    """One pass over the elements."""

    def __init__(self, out: Builder) -> None:
        self.out = out
        self.depth = 0  # sections with a heading
        self.lists = 0

    def document(self, root: Any) -> None:
        self.children(root, f"/{local(root)}")
        if not self.out.blocks:
            self.fields(root, f"/{local(root)}")

    def children(self, element: Any, path: str) -> None:
        names = Counter(local(child) for child in element)
        seen: Counter[str] = Counter()
        rows: list[tuple[Any, str]] = []
        for child in element:
            name = local(child)
            if not name:
                continue
            seen[name] += 1
            own = f"{path}/{name}" + (f"[{seen[name]}]" if names[name] > 1 else "")
            if names[name] > 1 and is_record(child) and (not rows or local(rows[-1][0]) == name):
                rows.append((child, own))
                continue
            self.records(rows)
            rows = [(child, own)] if names[name] > 1 and is_record(child) else []
            if not rows:
                self.element(child, own)
        self.records(rows)

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
        elif name in PREFORMATTED:
            self.out.add("code", "".join(element.itertext()), self.place(element, path))
        elif name in ITEMS or name in PROSE or is_prose(element):
            self.prose(element, path, "list_item" if name in ITEMS else "paragraph")
        elif len(element) == 0:
            self.leaf(element, path)
        elif is_record(element):
            self.fields(element, path)
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
        parent = element.getparent()
        above = local(parent) if parent is not None else ""
        outer = path.count("/") == 2  # right below the root
        if not self.out.title and (outer or above in _TITLE_PARENTS or local(element) == "invention-title"):
            self.out.title = words[:300]
        if above in {"caption", "table", "fig", "figure", "note", "tip", "warning"}:
            self.out.add("caption", words, self.place(element, path))
            return
        level = element.get("level") or element.get("LVL") or ""
        deeper = int(level) if level.isdigit() and len(level) == 1 else 0
        self.out.heading(words, max(1, self.depth + deeper), self.place(element, path))

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
                inner = f"{path}/{name}[{names[name]}]"
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
        words = (element.text or "").strip()
        name = local(element)
        if name in _DATES and not self.out.modified_at:
            self.out.modified_at = iso_date(words)
        if name in {"creator", "author"} and words and "author" not in self.out.metadata:
            self.out.metadata["author"] = clean_line(words)[:300]
        if _MARKUP.search(words):
            web.write_fragment(words, self.out, at=self.place(element, path))
        elif len(words) > _LONGEST_FIELD:
            self.prose(element, path, "paragraph")
        else:
            self.fields(element, path)

    def fields(self, element: Any, path: str) -> None:
        found = leaves(element, local(element))
        lines = [f"{'.'.join(name.split('.')[-2:])}: {words}" for name, words, _ in found]  # longer names say no more
        self.out.add("field", "\n".join(lines), self.place(element, path))

    def records(self, rows: list[tuple[Any, str]]) -> None:
        """Elements of one name, side by side, that hold nothing but facts."""
        table = self.out.table()
        for element, path in rows:
            if name := local(element):
                cells = [
                    (f"{'.'.join((own or name).split('.')[-2:])}: {words}", self.place(inner, path))
                    for own, words, inner in leaves(element, "")
                ]
                table.row(cells, self.place(element, path))

    def table(self, element: Any, path: str) -> None:
        for title in element:
            if local(title) in {"title", "caption"}:
                self.out.add("caption", inline(title), self.place(title, path))
        table = self.out.table()
        for row, is_header, texts in table_rows(element):
            place = self.place(row, path)
            (table.header if is_header else table.row)([(text, place) for text in texts], place)

    def place(self, element: Any, path: str) -> Locator:
        first = element.sourceline
        if not first:
            return Locator(part=path[:300])
        return Locator(part=path[:300], lines=(first, first + sum(text.count("\n") for text in _texts(element))))


def _texts(element: Any) -> Iterator[str]:
    return (text for text in element.itertext() if "\n" in text)
