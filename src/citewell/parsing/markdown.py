"""Markdown: headings, paragraphs, lists, tables, code and quotes, each with its lines.

Inline markup becomes the words a reader sees; links and images keep their text. Raw HTML is read as HTML: its comments
and what it hides are kept apart. Front matter between ``---`` or ``+++`` lines becomes metadata. Template lines of site
generators (``{% … %}``, ``{: .class}``) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from citewell.cleaning import clean_line
from citewell.parsing import html
from citewell.parsing.builder import Builder, Cell, Table
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.parsing.html_styles import unseen
from citewell.records import BlockKind, Locator

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML_FRONT_MATTER = re.compile(r"\A\ufeff?\+\+\+[ \t]*\n(.*?\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z_][\w .-]{0,60})(?::[ \t]|[ \t]*=)[ \t]*(.+)")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_FOOTNOTE = re.compile(r"([ \t>]*)\[\^([^\]\s]+)\]:")
# What is repeated is bounded: without, a line of 100,000 opening marks takes minutes.
_TEMPLATE = re.compile(
    r"^[ \t]*(?:>[ \t]*){0,20}(?:\{%.{0,2000}?%\}|\{\{[<%].{0,2000}?[%>]\}\}|\{:.{0,2000}?\})[ \t]*$", re.MULTILINE
)
_INLINE_TEMPLATE = re.compile(r"\{%.{0,500}?%\}|\{:[^}\n]{0,500}\}|\{#[\w-]{1,200}\}")
_TEMPLATE_LINK = re.compile(r"\]\(\s{0,20}\{[%{][^\n]{0,500}?[%}]\}[^)\s]{0,500}\s{0,20}\)")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6])\b[^>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)\b[^>]*>")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_STAY_OPEN = frozenset(("div", "section", "article", "details", "main", "center", "table", "blockquote"))
_CLOSED_ANYWAY = frozenset((  # elements without content, or that end with their block
    "img", "br", "hr", "input", "link", "meta", "source", "wbr", "p", "li", "dt", "dd", "td", "th", "tr", "option",
))  # fmt: skip
_STYLED = re.compile(r"\b(?:style|hidden|color)\b", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"""<img\b[^>]*\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_DATE_FIELDS = ("modified", "last_modified", "last_modified_at", "lastmod", "updated", "date")


def read(data: bytes, out: Builder) -> None:
    out.media_type = "text/markdown"
    write(decode(data, out.name), out)


def write(text: str, out: Builder, part: str = "") -> None:
    """Append Markdown text to a document. part: what the text is in a larger file; only a whole file (no part) has
    front matter."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not part and (match := _FRONT_MATTER.match(text) or _TOML_FRONT_MATTER.match(text)):
        _front_matter(match[1], out)
        text = "\n" * match[0].count("\n") + text[match.end() :]  # lines keep their numbers
    text = _TEMPLATE_LINK.sub("](#)", _TEMPLATE.sub("", text))
    _Walk(out, part).run(_parser().parse(_with_footnotes(text)))


def _with_footnotes(text: str) -> str:
    """``[^1]: word`` would be read as the target of a link and lost; as a list item it is kept."""
    if "[^" not in text:
        return text
    lines = text.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        elif not fence:
            lines[number] = _FOOTNOTE.sub(r"\1- \\[^\2]:", line, count=1) if _FOOTNOTE.match(line) else line
    return "\n".join(lines)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _front_matter(text: str, out: Builder) -> None:
    """``key: value`` lines; nested YAML is ignored, because only title, date and plain facts are wanted."""
    found = {}
    for line in text.split("\n"):
        if match := _FIELD.fullmatch(line.rstrip()):
            value = clean_line(match[2]).strip("\"'")
            if value and len(value) <= 500:
                found[clean_line(match[1]).lower()] = value
    out.title = found.get("title", "")
    out.modified_at = next((date for name in _DATE_FIELDS if (date := iso_date(found.get(name, "")))), "")
    if found:
        out.metadata["front_matter"] = found


@dataclass
class _Walk:
    """One pass over the tokens. Markdown-it nests at most 20 deep, and this keeps counters instead of recursing."""

    out: Builder
    part: str = ""
    lists: list[int | None] = field(default_factory=list)  # the next number of each open list; None for bullets
    quotes: int = 0
    item_text: str | None = None  # prefix of the item whose first text is still to come
    table: Table | None = None
    cells: list[Cell] = field(default_factory=list)
    in_header: bool = False
    unseen: str = ""  # why what follows is not shown, while within an element that hides it
    unseen_tag: str = ""
    unseen_depth: int = 0

    def run(self, tokens: list[Token]) -> None:
        for position, token in enumerate(tokens):
            match token.type:
                case "inline":
                    self._inline(token, tokens[position - 1])
                case "fence" | "code_block" if self.unseen:
                    self.out.hide(token.content, self.unseen, self.lines(token))
                case "fence" | "code_block":
                    self.out.add("code", token.content, self.lines(token))
                case "html_block":
                    self._html(token)
                case "bullet_list_open":
                    self.lists.append(None)
                case "ordered_list_open":
                    self.lists.append(int(token.attrGet("start") or 1))
                case "bullet_list_close" | "ordered_list_close":
                    self.lists.pop()
                case "list_item_open":
                    self._item()
                case "blockquote_open":
                    self.quotes += 1
                case "blockquote_close":
                    self.quotes -= 1
                case _:
                    self._table(token)

    def _item(self) -> None:
        number = self.lists[-1]
        self.item_text = "" if number is None else f"{number}. "
        if number is not None:
            self.lists[-1] = number + 1

    def _html(self, token: Token) -> None:
        """A block of raw HTML. An element that it opens and hides also hides what follows, until it is closed."""
        before = self.unseen
        for comment in _COMMENT.finditer(token.content):
            self.out.hide(comment[1], "comment", self.lines(token))
        content = _COMMENT.sub("", token.content)
        self._enter(content)
        if before:
            html.write_fragment(f'<div style="display:none">{content}</div>', self.out, at=self.lines(token))
        elif self.unseen or not _BREAK.fullmatch(content.strip()):
            html.write_fragment(content, self.out, at=self.lines(token))

    def _enter(self, raw: str) -> None:
        """Follow the raw tags: whether what comes after them is seen."""
        for tag in _ANY_TAG.finditer(raw):
            name, closing = tag[2].lower(), bool(tag[1])
            if name in _CLOSED_ANYWAY or tag[0].endswith("/>"):
                continue
            if not self.unseen and not closing and _STYLED.search(tag[0]) and (reason := unseen(tag[0])):
                self.unseen, self.unseen_tag, self.unseen_depth = reason, name, 1
            elif self.unseen and name == self.unseen_tag:
                self.unseen_depth += -1 if closing else 1
                if self.unseen_depth <= 0:
                    self.unseen = ""

    def _inline(self, token: Token, opening: Token) -> None:
        text = self._words(token)
        place = self.lines(token)
        if opening.type in {"th_open", "td_open"}:
            self.cells.append((text, place))
        elif opening.type == "heading_open":
            self.out.heading(text, int(opening.tag[1]), self.lines(opening))
        elif self.lists:
            kind: BlockKind = "list_item" if self.item_text is not None else "paragraph"
            level = len(self.lists) if kind == "list_item" else 0
            self.out.add(kind, (self.item_text or "") + text if text.strip() else "", place, level=level)
            self.item_text = None
        else:
            self.out.add("quote" if self.quotes else "paragraph", text, place, level=self.quotes)

    def _words(self, token: Token) -> str:
        """The words of an inline token: links and images keep their text, tags and template marks go."""
        pieces: list[str] = []
        before = self.unseen
        for child in token.children or ():
            if child.type == "html_inline":
                pieces.append(self._raw(child.content, token))
                continue
            words = _plain(child)
            if self.unseen and words.strip():
                self.out.hide(words, self.unseen, self.lines(token))
            else:
                pieces.append(words)
        if not before and self.unseen_tag not in _STAY_OPEN:
            self.unseen = ""  # the end of the paragraph ends it
        return _INLINE_TEMPLATE.sub("", "".join(pieces))

    def _raw(self, tag: str, token: Token) -> str:
        """What a raw tag within a line stands for."""
        if tag.startswith("<!--"):
            self.out.hide(tag[4:].removesuffix("-->"), "comment", self.lines(token))
        self._enter(tag)
        if not self.unseen and (alternative := _ALTERNATIVE.match(tag)):
            return alternative[1] or alternative[2] or ""
        return "\n" if _BREAK.match(tag) else ""

    def lines(self, token: Token) -> Locator:
        if token.map is None:
            return Locator(part=self.part or None)
        return Locator(part=self.part or None, lines=(token.map[0] + 1, max(token.map[0] + 1, token.map[1])))

    def _table(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self.table = self.out.table()
            case "thead_open" | "thead_close":
                self.in_header = token.type == "thead_open"
            case "tr_open":
                self.cells = []
            case "tr_close" if self.table is not None and self.cells:
                place = self.cells[0][1]
                (self.table.header if self.in_header else self.table.row)(self.cells, place)


def _plain(child: Token) -> str:
    match child.type:
        case "text" | "code_inline" | "text_special":
            return child.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return "".join(map(_plain, child.children)) if child.children else child.content
        case _:
            return ""
