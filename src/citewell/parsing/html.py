"""HTML: the main text of a page, without navigation, scripts and hidden elements.

Source positions are not kept by the HTML parser, so a locator's ``part`` is the nearest anchor above (``#warranty``),
or the heading's words when it has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell, Table
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.records import BlockKind, Locator

MAX_DEPTH = 250  # deeper elements are read as one run of text; real pages stay below 60

_DROPPED = frozenset((
    "script", "style", "noscript", "template", "nav", "footer", "aside", "iframe", "object", "svg", "math",
    "canvas", "button", "select", "option", "input", "textarea", "dialog", "head", "link",
    "meta", "audio", "video",
))  # fmt: skip
_BLOCKS = frozenset((
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "li", "main", "menu", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", "caption",
))  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHROME_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar")
)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_DATES = (
    "article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "article:published_time",
    "dcterms.date", "dc.date", "date", "dcterms.created", "pubdate",
)  # fmt: skip
_SPACE = re.compile(r"\s+")
_EMPTY_LINE = re.compile(r"\n\s*\n")
_FIGURE = re.compile(r"[-+(]?[$€£¥]?\s?\d[\d.,]*\s?[%$€£¥)]?")
_CHROME_CLASSES = frozenset((
    "navbox", "mw-portlet", "vector-dropdown", "vector-menu", "mw-editsection", "breadcrumb", "breadcrumbs",
    "cookie-banner", "skip-link", "toc",
))  # fmt: skip
_MAX_SPAN = 1000  # the most columns one cell may claim


def read(data: bytes, out: Builder) -> None:
    out.media_type = "text/html"
    declared = _CHARSET.search(data[:4096])
    write(decode(data, out.name, declared[1].decode("ascii") if declared else ""), out)


def write(text: str, out: Builder) -> None:
    """Append the readable part of an HTML page to a document."""
    page = LexborHTMLParser(text)
    _describe(page, out)
    root = _main(page)
    if root is None:
        raise ParseError("no_text", f"'{out.name}' is an HTML page without a body.")
    walk = _Walk(out, within_main=root.tag != "body")
    walk.children(root, 0)
    walk.flush()


def _describe(page: LexborHTMLParser, out: Builder) -> None:
    title = page.css_first("head title") or page.css_first("title")
    heading = page.css_first("h1")
    out.title = clean_line((title.text() if title else "") or (heading.text() if heading else ""))[:300]
    named: dict[str, str] = {}
    for meta in page.css("meta"):
        name = meta.attributes.get("property") or meta.attributes.get("name") or meta.attributes.get("http-equiv") or ""
        if value := clean_line(meta.attributes.get("content") or ""):
            named.setdefault(name.lower(), value[:500])
    out.modified_at = next((date for name in _DATES if (date := iso_date(named.get(name, "")))), "")
    for name in ("author", "description", "keywords"):
        if name in named:
            out.metadata[name] = named[name]


def _main(page: LexborHTMLParser) -> LexborNode | None:
    """The element that holds the page's own text: ``main``, a lone ``article``, or the body."""
    body = page.body
    for selector in ("main", "[role=main]", "article"):
        found = page.css(selector)
        if len(found) == 1 and body is not None and len(found[0].text()) > 200:
            return found[0]
    return body


@dataclass
class _Walk:
    """Reads elements in order: inline text gathers until a block begins or ends."""

    out: Builder
    within_main: bool
    place: str = ""  # the nearest anchor or heading above
    kind: BlockKind = "paragraph"
    level: int = 0
    prefix: str = ""
    list_level: int = 0

    def __post_init__(self) -> None:
        self.inline: list[str] = []

    def flush(self) -> None:
        """End the block being gathered."""
        text, self.inline = "".join(self.inline), []
        for part in _EMPTY_LINE.split(text):  # two <br> are a new paragraph
            if not part.strip():
                continue
            self.out.add(self.kind, self.prefix + part.strip(), self.locator(), level=self.level)
            if self.kind == "list_item":
                self.kind, self.prefix, self.level = "paragraph", "", 0  # what follows in the same item

    def locator(self) -> Locator:
        return Locator(part=self.place[:200] or None)

    def children(self, node: LexborNode, depth: int) -> None:
        child = node.child
        while child is not None:
            self.node(child, depth + 1)
            child = child.next

    def node(self, node: LexborNode, depth: int) -> None:
        if node.is_text_node:
            self.inline.append(_SPACE.sub(" ", node.text_content or ""))
            return
        tag = node.tag or ""
        if not node.is_element_node or self.dropped(node, tag):
            return
        if anchor := node.attributes.get("id") or (node.attributes.get("name") if tag == "a" else None):
            self.anchor(tag, clean_line(anchor))
        if depth > MAX_DEPTH:
            self.inline.append(_SPACE.sub(" ", node.text()))
        elif tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self.inline.append(_SPACE.sub(" ", node.attributes.get("alt") or ""))
        elif tag in _BLOCKS:
            self.flush()
            self.block(node, tag, depth)
            self.flush()
        else:
            self.children(node, depth)

    def anchor(self, tag: str, name: str) -> None:
        if tag in _BLOCKS:
            self.flush()
        if not self.inline and name:
            self.place = f"#{name}"

    def dropped(self, node: LexborNode, tag: str) -> bool:
        """Not part of what a reader of the page came for, or not seen at all."""
        if tag in _DROPPED:
            return True
        attributes = node.attributes
        if not attributes:
            return tag == "header" and not self.within_main
        return (
            "hidden" in attributes
            or (attributes.get("aria-hidden") or "").lower() == "true"
            or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
            or not _CHROME_CLASSES.isdisjoint((attributes.get("class") or "").lower().split())
            or (attributes.get("role") or "").lower() in _CHROME_ROLES
            or (tag == "header" and not self.within_main and node.css_first("h1") is None)
        )

    def block(self, node: LexborNode, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self.heading(node, int(tag[1]))
        elif tag == "pre":
            self.out.add("code", node.text(), self.locator())
        elif tag == "table":
            self.table(node, depth)
        elif tag in {"ul", "ol", "menu"}:
            self.items(node, tag, depth)
        elif tag == "blockquote":
            self.styled(node, depth, "quote", 1)
        elif tag in {"figcaption", "caption"}:
            self.styled(node, depth, "caption", 0)
        elif tag == "dt":
            self.styled(node, depth, "list_item", 1)
        elif tag == "dd":
            self.styled(node, depth, "list_item", 2)
        else:
            self.children(node, depth)

    def heading(self, node: LexborNode, level: int) -> None:
        words = clean_line(_SPACE.sub(" ", node.text())).rstrip("¶#").strip()
        anchor = node.attributes.get("id") or next(
            (inner.attributes.get("id") or inner.attributes.get("name") for inner in node.css("[id], a[name]")), None
        )
        if anchor and clean_line(anchor):
            self.place = f"#{clean_line(anchor)}"
        elif words:
            self.place = words
        self.out.heading(words, level, self.locator())

    def styled(self, node: LexborNode, depth: int, kind: BlockKind, level: int) -> None:
        """Children as blocks of another kind."""
        before = self.kind, self.level, self.prefix
        self.kind, self.level, self.prefix = kind, level, ""
        self.children(node, depth)
        self.flush()
        self.kind, self.level, self.prefix = before

    def items(self, node: LexborNode, tag: str, depth: int) -> None:
        before = self.kind, self.level, self.prefix
        level = self.list_level + 1
        self.list_level = level
        number = _integer(node.attributes.get("start"), 1)
        child = node.child
        while child is not None:
            if child.tag == "li" and not self.dropped(child, "li"):
                self.kind, self.level = "list_item", level
                self.prefix = f"{number}. " if tag == "ol" else ""
                number += 1
                if anchor := child.attributes.get("id"):
                    self.place = f"#{clean_line(anchor)}"
                self.children(child, depth + 1)
                self.flush()
            else:
                self.node(child, depth + 1)
                self.flush()
            child = child.next
        self.list_level = level - 1
        self.kind, self.level, self.prefix = before

    def table(self, node: LexborNode, depth: int) -> None:
        """A data table as rows; a table used for layout (nested tables, one column) as its contents."""
        rows = [row for row in node.css("tr") if _owner(row) == node.mem_id and not self.dropped(row, "tr")]
        widest = max((sum(1 for _ in _cells(row)) for row in rows), default=0)
        if widest < 2 or node.css_first("table table") is not None:
            self.children(node, depth)
            return
        if (caption := node.css_first("caption")) is not None and _owner(caption) == node.mem_id:
            self.out.add("caption", _cell_text(caption), self.locator())
        table = self.out.table()
        waiting: dict[int, int] = {}  # column → rows it is still covered by a cell from above
        unmarked = node.css_first("th") is None and _looks_like_header(rows)
        for number, row in enumerate(rows):
            cells = self.row(row, waiting)
            if _is_header(row, number) or (unmarked and number == 0):
                self.header(table, cells)
            else:
                table.row(cells, self.locator())

    def header(self, table: Table, cells: list[Cell]) -> None:
        if sum(1 for text, _ in cells if text) >= 1:
            table.header(cells, self.locator())

    def row(self, row: LexborNode, waiting: dict[int, int]) -> list[Cell]:
        """Texts by column; columns covered by a spanning cell stay empty."""
        cells: list[Cell] = []

        def covered() -> None:
            while waiting.get(len(cells), 0) > 0:
                waiting[len(cells)] -= 1
                cells.append(("", Locator()))

        for cell in _cells(row):
            covered()
            place = self.locator()
            if anchor := cell.attributes.get("id"):
                place = Locator(part=f"#{clean_line(anchor)}"[:200])
            width = min(max(1, _integer(cell.attributes.get("colspan"), 1)), _MAX_SPAN)
            height = min(max(1, _integer(cell.attributes.get("rowspan"), 1)), _MAX_SPAN)
            for offset in range(width):
                if height > 1:
                    waiting[len(cells)] = height - 1
                cells.append((_cell_text(cell) if offset == 0 else "", place))
        covered()
        return cells


def _is_header(row: LexborNode, number: int) -> bool:
    parent = row.parent
    if parent is not None and parent.tag == "thead":
        return True
    return number == 0 and all(cell.tag == "th" for cell in _cells(row))


def _looks_like_header(rows: list[LexborNode]) -> bool:
    """A first row of short words above rows with figures, in a table without header cells."""
    first = [_cell_text(cell).strip() for cell in _cells(rows[0])]
    if not all(text and len(text) <= 40 and not _FIGURE.fullmatch(text) for text in first):
        return False
    return any(_FIGURE.fullmatch(_cell_text(cell).strip()) for row in rows[1:5] for cell in _cells(row))


def _cells(row: LexborNode) -> list[LexborNode]:
    found = []
    child = row.child
    while child is not None:
        if child.tag in {"td", "th"}:
            found.append(child)
        child = child.next
    return found


def _owner(node: LexborNode) -> int | None:
    """``mem_id`` of the table a row belongs to."""
    parent = node.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return None if parent is None else int(parent.mem_id)


def _cell_text(node: LexborNode) -> str:
    pieces: list[str] = []
    for each in node.traverse(include_text=True):
        if each.is_text_node:
            owner = each.parent
            if owner is None or owner.tag not in _DROPPED:
                pieces.append(each.text_content or "")
        elif each.tag in _BLOCKS or each.tag == "br":
            pieces.append(" ")
        elif each.tag == "img":
            pieces.append(each.attributes.get("alt") or "")
    return _SPACE.sub(" ", "".join(pieces))


def _integer(text: str | None, default: int) -> int:
    try:
        return int(text or default)
    except ValueError:
        return default
