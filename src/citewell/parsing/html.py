"""HTML: the main text of a page, without navigation and scripts; what the page hides is kept apart.

Source positions are not kept by the HTML parser, so a locator's ``part`` is the nearest anchor above (``#warranty``),
or the heading's words when it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell, Mark, Table
from citewell.parsing.html_page import (
    all_words,
    characters,
    describe,
    formula,
    integer,
    is_chrome,
    is_recognised,
    main_element,
    parse,
)
from citewell.parsing.html_styles import Look, Styles
from citewell.parsing.html_tables import cells_of, has_header, is_grid, is_header, looks_like_header, owner
from citewell.parsing.spans import MAX_SPAN, Spread
from citewell.records import BlockKind, Locator

MAX_DEPTH = 250  # deeper elements are read as one run of text; real pages stay below 60

_DROPPED = frozenset((
    "script", "style", "noscript", "template", "nav", "footer", "aside", "iframe", "object", "svg",
    "canvas", "button", "select", "option", "input", "textarea", "dialog", "head", "link",
    "meta", "audio", "video",
))  # fmt: skip
_CHROME = frozenset(("nav", "footer", "aside"))
_IN_BOOKS = frozenset(("aside", "footer"))  # of a chapter: notes and endings, not boilerplate
_BLOCKS = frozenset((
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "li", "main", "menu", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", "caption", "aside",
))  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SPACE = re.compile(r"\s+")
_EMPTY_LINE = re.compile(r"\n\s*\n")
_FEW_WORDS = 40  # a page of fewer, and less than this share of its words, has lost more than its menus
_SMALL_SHARE = 0.2
_SENTENCE = 6  # words in a row are something said, however long the menus around it
_HEADER_ROWS = 4  # of header cells alone; a table of nothing else has no more
_COMMENT_WORDS = 6  # fewer mark a place in the page, such as "end of header"
_MAX_COMMENT = 2000  # longer comments are parts of pages that were switched off, not words


def read(data: bytes, out: Builder) -> None:
    out.media_type = "text/html"
    write(characters(data, out.name), out)


def write(text: str, out: Builder) -> None:
    """Append the readable part of an HTML page to a document, and take its title and date from it."""
    page = parse(text, out.name)
    describe(page, out)
    root = main_element(page)
    if root is None:
        raise ParseError("no_text", f"'{out.name}' is an HTML page without a body.")
    before, styles = out.mark(), Styles.of(page)
    _walk(root, _Walk(out, styles, within_main=root.tag != "body"))
    if len(out.blocks) == before.blocks and is_recognised(page):
        out.back_to(before)
        styles.sizes = False
        _walk(root, _Walk(out, styles, within_main=True))
        out.notes.append("A text recogniser wrote this page (hOCR) and gave no letter a size; all its words were read.")
    if _says_little(page, out, before):  # menus, or a part of one: then they are what it says
        out.back_to(before)
        _walk(root, _Walk(out, styles, within_main=True, whole=True))


def _says_little(page: LexborHTMLParser, out: Builder, before: Mark) -> bool:
    """Whether next to nothing is left of a page without its menus, and no sentence is."""
    left = out.said_since(before)
    if not left.strip():
        return True
    if any(len(line.split()) >= _SENTENCE for line in left.split("\n")):
        return False
    count = len(left.split())
    return count < _FEW_WORDS and page.body is not None and count < _SMALL_SHARE * len(all_words(page.body).split())


def write_fragment(
    text: str, out: Builder, part: str = "", *, book: bool = False, at: Locator | None = None
) -> LexborHTMLParser:
    """Append the whole body of a page that is one part of a document, and return the page.

    part: begins every locator. book: a chapter, in which asides and footers belong to the text. at: the locator of
    everything in it, instead.
    """
    page = parse(text, out.name)
    if page.body is not None:
        _walk(page.body, _Walk(out, Styles.of(page), True, whole=at is not None, part=part, book=book, at=at))
    return page


def has_heading(text: str) -> bool:
    """Whether a page has a heading of any level with words in it."""
    return any(node.text().strip() for node in parse(text).css("h1, h2, h3, h4, h5, h6"))


def _walk(root: LexborNode, walk: _Walk) -> None:
    above: list[LexborNode] = []
    node: LexborNode | None = root
    while node is not None and node.is_element_node:
        above.append(node)
        node = node.parent
    for each in reversed(above):  # colours and sizes come down from the root
        walk.look = walk.styles.look(each, each.tag or "", walk.look)[0]
    walk.children(root, 0)
    walk.flush()


@dataclass
class _Walk:
    """Reads elements in order: inline text gathers until a block begins or ends."""

    out: Builder
    styles: Styles
    within_main: bool
    whole: bool = False  # with what is no boilerplate only when there is something else
    part: str = ""
    book: bool = False
    at: Locator | None = None
    place: str = ""  # the nearest anchor or heading above
    look: Look = field(default_factory=Look)
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
        if self.at is not None:
            return self.at
        between = ", " if self.part and self.place and not self.place.startswith("#") else ""
        return Locator(part=f"{self.part}{between}{self.place}"[:300] or None)

    def children(self, node: LexborNode, depth: int) -> None:
        child = node.child
        while child is not None:
            self.node(child, depth + 1)
            child = child.next

    def node(self, node: LexborNode, depth: int) -> None:
        if node.is_text_node:
            if words := self.seen(node.text_content or ""):
                self.inline.append(_SPACE.sub(" ", words))
            return
        tag = node.tag or ""
        if not node.is_element_node:
            self.comment(node)
            return
        if self.dropped(node, tag):
            return
        if anchor := node.attributes.get("id") or (node.attributes.get("name") if tag == "a" else None):
            self.anchor(tag, clean_line(anchor))
        look = self.look
        if not self.enter(node, tag):
            return
        if depth > MAX_DEPTH:
            self.inline.append(_SPACE.sub(" ", self.seen(node.text())))
        elif tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self.inline.append(_SPACE.sub(" ", node.attributes.get("alt") or ""))
        elif tag == "math":
            self.inline.append(formula(node))
        elif tag in _BLOCKS:
            self.flush()
            self.block(node, tag, depth)
            self.flush()
        else:
            self.children(node, depth)
        self.look = look

    def anchor(self, tag: str, name: str) -> None:
        if tag in _BLOCKS:
            self.flush()
        if not self.inline and name:
            self.place = f"#{name}"

    def dropped(self, node: LexborNode, tag: str) -> bool:
        """Not part of what a reader of the page came for."""
        if tag in _DROPPED and not (self.book and tag in _IN_BOOKS) and not (self.whole and tag in _CHROME):
            return True
        return not self.whole and is_chrome(node, tag, self.within_main)

    def enter(self, node: LexborNode, tag: str) -> bool:
        """Look at text as it looks in this element; an element that is not shown is kept apart as a whole."""
        look, reason = self.styles.look(node, tag, self.look)
        if reason:
            self.out.hide(all_words(node), reason, self.locator())
            return False
        self.look = look
        return True

    def seen(self, words: str) -> str:
        """The words, or nothing when they cannot be seen here."""
        if words.strip() and (reason := self.look.reason(self.styles.foreign)):
            self.out.hide(words, reason, self.locator())
            return ""
        return words

    def comment(self, node: LexborNode) -> None:
        words = (node.html or "").removeprefix("<!--").removesuffix("-->").strip()
        said = len(words) <= _MAX_COMMENT and len(words.split()) >= _COMMENT_WORDS
        if said and "<" not in words and not words.startswith("["):
            self.out.hide(words, "comment", self.locator())

    def words(self, node: LexborNode, depth: int, *, code: bool = False) -> str:
        """All words of an element on one line (of code: as they stand), without what is hidden or no text."""
        return "".join(self.pieces(node, depth, code))

    def pieces(self, node: LexborNode, depth: int, code: bool) -> Iterator[str]:
        child = node.child
        while child is not None:
            tag = child.tag or ""
            if child.is_text_node:
                text = self.seen(child.text_content or "")
                yield text if code else _SPACE.sub(" ", text)
            elif not child.is_element_node:
                self.comment(child)
            elif not self.dropped(child, tag):
                look = self.look
                if self.enter(child, tag):
                    yield from self.inner(child, tag, depth + 1, code)
                self.look = look
            child = child.next

    def inner(self, node: LexborNode, tag: str, depth: int, code: bool) -> Iterator[str]:
        if tag == "br":
            yield "\n" if code else " "
        elif tag == "img":
            yield node.attributes.get("alt") or ""
        elif tag == "math":
            yield formula(node)
        elif depth > MAX_DEPTH:
            yield self.seen(node.text())
        else:
            around = "" if tag not in _BLOCKS else "\n" if code else " "
            yield around
            yield from self.pieces(node, depth, code)
            yield around

    def block(self, node: LexborNode, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self.heading(node, int(tag[1]), depth)
        elif tag == "pre":
            self.out.add("code", self.words(node, depth, code=True), self.locator())
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

    def heading(self, node: LexborNode, level: int, depth: int) -> None:
        words = clean_line(self.words(node, depth)).rstrip("¶#").strip()
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
        number = integer(node.attributes.get("start"), 1)
        child = node.child
        while child is not None:
            if child.tag == "li" and not self.dropped(child, "li"):
                self.kind, self.level = "list_item", level
                self.prefix = f"{number}. " if tag == "ol" else ""
                number += 1
                if anchor := child.attributes.get("id"):
                    self.place = f"#{clean_line(anchor)}"
                look = self.look
                if self.enter(child, "li"):
                    self.children(child, depth + 1)
                    self.flush()
                self.look = look
            else:
                self.node(child, depth + 1)
                self.flush()
            child = child.next
        self.list_level = level - 1
        self.kind, self.level, self.prefix = before

    def table(self, node: LexborNode, depth: int) -> None:
        """A data table as rows; a table used for layout (other tables inside, one column) as its contents."""
        rows = [row for row in node.css("tr") if owner(row) == node.mem_id and not self.dropped(row, "tr")]
        widest = max((len(cells_of(row)) for row in rows), default=0)
        nested = any(inner.mem_id != node.mem_id for inner in node.css("table"))
        if widest < 2 or (nested and not any(has_header(row) for row in rows) and not is_grid(rows)):
            self.children(node, depth)
            return
        if (caption := node.css_first("caption")) is not None and owner(caption) == node.mem_id:
            self.out.add("caption", self.words(caption, depth), self.locator())
        table = self.out.table()
        spread = Spread(self.out)
        unmarked = node.css_first("th") is None and looks_like_header(rows)
        outside, headed = self.look, 0
        for number, row in enumerate(rows):
            self.look = outside
            if (group := row.parent) is not None and group.tag in {"thead", "tbody", "tfoot"}:
                self.look = self.styles.look(group, group.tag, self.look)[0]
            if not self.enter(row, "tr"):
                continue
            cells = spread.row(self.row(row, depth), min(MAX_SPAN, 2 * widest + 20), group and group.mem_id)
            if is_header(row, first=number == headed < _HEADER_ROWS) or (unmarked and number == 0):
                self.header(table, cells)
                headed += 1
            else:
                table.row(cells, self.locator())
        self.look = outside

    def header(self, table: Table, cells: list[Cell]) -> None:
        if any(text for text, _ in cells):
            table.header(cells, self.locator())

    def row(self, row: LexborNode, depth: int) -> Iterator[tuple[Cell, int, int]]:
        """Each cell, the columns and the rows it takes; no rows stand for all that follow."""
        for cell in cells_of(row):
            place = self.place
            if anchor := clean_line(cell.attributes.get("id") or ""):
                self.place = f"#{anchor}"
            located, look = self.locator(), self.look
            text = clean_line(self.words(cell, depth) if self.enter(cell, cell.tag or "") else "")
            self.place, self.look = place, look
            height = integer(cell.attributes.get("rowspan"), 1)
            yield (text, located), integer(cell.attributes.get("colspan"), 1), height or MAX_SPAN
