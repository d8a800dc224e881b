"""Markdown: headings, paragraphs, lists, tables, code and quotes, each with its lines.

Inline markup becomes the words a reader sees; links and images keep their text. Front matter between ``---`` lines
becomes metadata. Template lines of site generators (``{% … %}``, ``{: .class}``) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder, Cell, Table
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.records import BlockKind, Locator

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z_][\w .-]{0,60}):[ \t]+(.+)")
_TEMPLATE = re.compile(r"^[ \t]*(?:>[ \t]*)*(?:\{%.*?%\}|\{\{[<%].*?[%>]\}\}|\{:.*?\})[ \t]*$", re.MULTILINE)
_INLINE_TEMPLATE = re.compile(r"\{%.*?%\}|\{:[^}\n]*\}|\{#[\w-]+\}")
_TEMPLATE_LINK = re.compile(r"\]\(\s*\{[%{][^\n]*?[%}]\}[^)\s]*\s*\)")
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z!?][^>]*>", re.DOTALL)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6])\b[^>]*>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_UNSEEN_ELEMENT = re.compile(r"<(script|style|noscript|template)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_DATE_FIELDS = ("modified", "last_modified", "last_modified_at", "lastmod", "updated", "date")


def read(data: bytes, out: Builder) -> None:
    out.media_type = "text/markdown"
    write(decode(data, out.name), out)


def write(text: str, out: Builder) -> None:
    """Append Markdown text to a document."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if match := _FRONT_MATTER.match(text):
        _front_matter(match[1], out)
        text = "\n" * match[0].count("\n") + text[match.end() :]  # lines keep their numbers
    text = _TEMPLATE_LINK.sub("](#)", _TEMPLATE.sub("", text))
    _Walk(out).run(_parser().parse(text))


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
    lists: list[int | None] = field(default_factory=list)  # the next number of each open list; None for bullets
    quotes: int = 0
    item_text: str | None = None  # prefix of the item whose first text is still to come
    table: Table | None = None
    cells: list[Cell] = field(default_factory=list)
    in_header: bool = False

    def run(self, tokens: list[Token]) -> None:
        for position, token in enumerate(tokens):
            match token.type:
                case "inline":
                    self._inline(token, tokens[position - 1])
                case "fence" | "code_block":
                    self.out.add("code", token.content, _lines(token))
                case "html_block":
                    self.out.add("paragraph", _visible(token.content), _lines(token))
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

    def _inline(self, token: Token, opening: Token) -> None:
        text = inline_text(token)
        if opening.type in {"th_open", "td_open"}:
            self.cells.append((text, _lines(token)))
        elif opening.type == "heading_open":
            self.out.heading(text, int(opening.tag[1]), _lines(opening))
        elif self.lists:
            kind: BlockKind = "list_item" if self.item_text is not None else "paragraph"
            level = len(self.lists) if kind == "list_item" else 0
            self.out.add(kind, (self.item_text or "") + text if text.strip() else "", _lines(token), level=level)
            self.item_text = None
        else:
            self.out.add("quote" if self.quotes else "paragraph", text, _lines(token), level=self.quotes)

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


def inline_text(token: Token) -> str:
    """The words of an inline token: links and images keep their text, tags and template marks go."""
    pieces: list[str] = []
    for child in token.children or ():
        if child.type in {"text", "code_inline", "text_special"}:
            pieces.append(child.content)
        elif child.type == "softbreak":
            pieces.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _BREAK.match(child.content)):
            pieces.append("\n")
        elif child.type == "image":
            pieces.append(inline_text(child) if child.children else child.content)
    return _INLINE_TEMPLATE.sub("", "".join(pieces))


def _visible(html: str) -> str:
    """Words of a raw HTML block; comments and scripts are not words."""
    html = _UNSEEN_ELEMENT.sub("", _COMMENT.sub("", html))
    html = _TAG.sub("", _BREAK.sub("\n", html))
    for name, character in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ):
        html = html.replace(name, character)
    return html


def _lines(token: Token) -> Locator:
    if token.map is None:
        return Locator()
    return Locator(lines=(token.map[0] + 1, max(token.map[0] + 1, token.map[1])))
