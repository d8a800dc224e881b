"""reStructuredText: headings, paragraphs, lists, tables, code and admonitions, each with its lines.

Docutils parses it with everything switched off that opens files or the network; ``include``, ``raw`` files and tables
from files are noted, not followed. Directives and roles that only Sphinx knows keep their text: each unknown name found
in the file is given a stand-in before parsing. Not for building documentation: references stay words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree

from citewell.cleaning import clean_line
from citewell.parsing import text as plain_text
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.parsing.restructured_directives import DIRECTIVE, FILE_DIRECTIVES, stand_in
from citewell.parsing.spans import Spread
from citewell.records import BlockKind, Locator

_SETTINGS: dict[str, Any] = {
    "_disable_config": True,  # docutils.conf files
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,  # nothing is printed
    "halt_level": 6,  # nothing ends the parse
    "traceback": True,  # an error is raised, not printed
    "warning_stream": "",
    "doctitle_xform": True,
    "docinfo_xform": False,
    "sectnum_xform": False,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "line_length_limit": 1_000_000,
}
_ADMONITIONS = (
    nodes.attention, nodes.caution, nodes.danger, nodes.error, nodes.hint, nodes.important, nodes.note, nodes.tip,
    nodes.warning,
)  # fmt: skip
_SILENT = (
    nodes.system_message, nodes.target, nodes.substitution_definition, nodes.pending, nodes.meta, nodes.raw,
    nodes.generated,
)  # fmt: skip
_LONGEST_LINE = 10_000  # the limit of docutils itself, whose patterns take minutes for a line of 60,000 digits
_LONGEST_TITLE = 300


def read(data: bytes, out: Builder) -> None:
    out.media_type = "text/x-rst"
    write(decode(data, out.name), out)


def write(text: str, out: Builder) -> None:
    """Append reStructuredText to a document."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        plain_text.write(text, out)
        out.notes.append(f"It has a line of more than {_LONGEST_LINE:,} characters; it was read as plain text.")
        return
    stand_in(text)
    walk = _Walk(out)
    walk.document(publish_doctree(text, settings_overrides=_SETTINGS))
    if not out.blocks and not walk.not_followed:
        plain_text.write(text, out)
        out.notes.append("Its reStructuredText could not be understood; it was read as plain text.")
    if walk.not_followed:
        shown = ", ".join(dict.fromkeys(walk.not_followed))
        out.notes.append(f"Content that this file takes from elsewhere is not part of it: {shown[:500]}.")


@dataclass
class _Walk:
    """One pass over the tree of docutils."""

    out: Builder
    level: int = 0  # of the open section
    lists: int = 0
    quotes: int = 0
    prefix: str = ""  # of the list item or admonition whose first text is still to come
    in_item: bool = False
    base: int = 0  # lines inside a table read from text count from its own first line
    not_followed: list[str] = field(default_factory=list)

    def document(self, document: Any) -> None:
        for node in document.children:
            if isinstance(node, nodes.field_list) and not self.lists:
                self._describe(node)
                break
            if not isinstance(node, nodes.title | nodes.subtitle | nodes.comment | nodes.target | nodes.system_message):
                break
        self.children(document)

    def _describe(self, fields: Any) -> None:
        """Author and date from the field list at the top."""
        for each in fields.children:
            if not isinstance(each, nodes.field):
                continue
            name, value = each.children[0].astext().strip().lower(), clean_line(_words(each.children[1]))
            if name == "author" and value:
                self.out.metadata["author"] = value[:300]
            elif name == "date":
                self.out.modified_at = iso_date(value.strip("$").removeprefix("Date:"))

    def children(self, node: Any) -> None:
        for child in node.children:
            self.node(child)

    def node(self, node: Any) -> None:
        match node:
            case nodes.comment():
                self._comment(node)
            case nodes.system_message():
                self._message(node)
            case _ if isinstance(node, _SILENT):
                pass
            case nodes.section():
                self.level += 1
                self.children(node)
                self.level -= 1
            case nodes.title() | nodes.subtitle():
                self._title(node)
            case nodes.literal_block() | nodes.doctest_block() | nodes.math_block():
                self.out.add("code", _words(node), self.lines(node))
            case nodes.bullet_list() | nodes.enumerated_list():
                self._list(node)
            case nodes.definition_list() | nodes.option_list():
                self._definitions(node)
            case nodes.field_list():
                self._fields(node)
            case nodes.table():
                self._table(node)
            case _:
                self._other(node)

    def _other(self, node: Any) -> None:
        match node:
            case nodes.block_quote():
                self.quotes += 1
                self.children(node)
                self.quotes -= 1
            case nodes.topic() if "contents" in node["classes"]:
                pass  # made of the headings
            case nodes.footnote() | nodes.citation():
                self.prefix = f"[{node.children[0].astext()}] " if node.children else ""
                self.children(node)
                self.prefix = ""
            case nodes.label():
                pass
            case nodes.caption():
                self.out.add("caption", _flowing(node), self.lines(node))
            case nodes.image():
                self.out.add("caption", node.get("alt") or "", self.lines(node))
            case _ if isinstance(node, _ADMONITIONS):
                self.prefix = f"{type(node).__name__.capitalize()}: "
                self.children(node)
                self.prefix = ""
            case nodes.line_block():
                self.text("\n".join(_lines_of(node)), node)
            case nodes.TextElement():
                self.text(_flowing(node), node)
            case _:
                self.children(node)

    def text(self, words: str, node: Any) -> None:
        """A paragraph, in whatever it stands in."""
        if not words.strip():
            return
        kind: BlockKind = "paragraph"
        if self.in_item:
            kind, self.in_item = "list_item", False
        elif self.quotes:
            kind = "quote"
        prefix, self.prefix = self.prefix, ""
        self.out.add(kind, prefix + words, self.lines(node), level=self.lists if kind == "list_item" else self.quotes)

    def _title(self, node: Any) -> None:
        words = clean_line(_flowing(node))
        if not isinstance(node.parent, nodes.document | nodes.section):  # of a topic, sidebar or admonition
            self.text(words, node)
            return
        above = sum(isinstance(each, nodes.title | nodes.subtitle) for each in node.document.children[:20])
        if not self.level:  # of the document
            above = 1 if isinstance(node, nodes.title) else 2
            self.out.title = self.out.title or words[:_LONGEST_TITLE]
        self.out.heading(words, self.level + above, self.lines(node, -1))

    def _list(self, node: Any) -> None:
        number = node.get("start", 1)
        self.lists += 1
        for item in node.children:
            self.in_item, self.prefix = True, ""
            if isinstance(node, nodes.enumerated_list):
                self.prefix = (
                    f"{node.get('prefix', '')}{_numeral(number, node.get('enumtype'))}{node.get('suffix', '.')} "
                )
                number += 1
            self.children(item)
        self.lists -= 1
        self.in_item, self.prefix = False, ""

    def _definitions(self, node: Any) -> None:
        """A term with its classifiers is an item, its definition items one deeper."""
        self.lists += 1
        for item in node.children:
            terms = [
                each for each in item.children if isinstance(each, nodes.term | nodes.classifier | nodes.option_group)
            ]
            words = " : ".join(filter(None, (clean_line(_words(each)) for each in terms)))
            self.in_item = True
            self.text(words, terms[0] if terms else item)
            self.lists += 1
            for each in item.children:
                if isinstance(each, nodes.definition | nodes.description):
                    self.in_item = True
                    self.children(each)
                    self.in_item = False
            self.lists -= 1
        self.lists -= 1

    def _fields(self, node: Any) -> None:
        for each in node.children:
            name, body = each.children[0], each.children[1]
            simple = all(isinstance(child, nodes.paragraph) for child in body.children)
            words = "\n".join(_flowing(child) for child in body.children) if simple else ""
            self.out.add("field", f"{clean_line(_words(name))}: {words}".strip(), self.lines(each))
            if not simple:
                self.children(body)

    def _table(self, node: Any) -> None:
        for title in node.children:
            if isinstance(title, nodes.title):
                self.out.add("caption", _flowing(title), self.lines(title))
        before, self.base = self.base, node.line or self.base
        table, whole = self.out.table(), self.lines(node)
        for group in node.findall(nodes.tgroup):
            spread = Spread(self.out)
            for part in group.children:
                for row in part.children if isinstance(part, nodes.thead | nodes.tbody) else ():
                    cells = spread.row(self._cells(row))
                    place = next((each for text, each in cells if text), whole)
                    (table.header if isinstance(part, nodes.thead) else table.row)(cells, place)
        self.base = before

    def _cells(self, row: Any) -> Iterator[tuple[Cell, int, int]]:
        """Each cell, the columns and the rows it takes."""
        for entry in row.children:
            words = " ".join(_pieces(entry))
            place = self.lines(next((each for each in entry.findall() if each.line), entry))
            yield (words, place), entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1

    def _comment(self, node: Any) -> None:
        if "elsewhere" in node["classes"]:
            self.not_followed.append(node.astext())
        else:
            self.out.hide(node.astext(), "comment", self.lines(node))

    def _message(self, node: Any) -> None:
        """What docutils could not understand is kept as it stands; its remarks on the rest are dropped."""
        literal = next((each for each in node.children if isinstance(each, nodes.literal_block)), None)
        if literal is None:
            return
        words = literal.astext()
        if node["level"] >= 3:
            last = max(1, node.get("line") or 1)
            self.out.add("code", words, Locator(lines=(max(1, last - words.strip("\n").count("\n")), last)))
        elif (match := DIRECTIVE.search(words)) and match[1] in FILE_DIRECTIVES:
            self.not_followed.append(clean_line(words)[:100])

    def lines(self, node: Any, shift: int = 0) -> Locator:
        """The lines of a node: docutils knows the first, its source says how many."""
        each = node
        while each is not None and not each.line:
            each = each.parent
        if each is None:
            return Locator()
        first = max(1, each.line + shift)
        if first < self.base:
            return Locator(lines=(self.base, self.base))
        if shift:
            return Locator(lines=(first, each.line))
        last = first
        for inner in (
            each.findall(lambda inner: bool(inner.line and inner.rawsource)) if not each.rawsource else (each,)
        ):
            last = max(last, inner.line + inner.rawsource.strip("\n").count("\n"))
        return Locator(lines=(first, last))


def _words(node: Any) -> str:
    """The words of inline nodes: footnote marks in brackets, pictures by their alternative text."""
    return "".join(_inline(node))


def _inline(node: Any) -> Iterator[str]:
    for child in node.children:
        match child:
            case nodes.Text():
                yield child.astext()
            case nodes.footnote_reference() | nodes.citation_reference():
                yield f"[{child.astext()}]"
            case nodes.image():
                yield child.get("alt") or ""
            case nodes.option():
                yield from ("" if child is node.children[0] else ", ", *_inline(child))
            case nodes.option_argument():
                yield child.get("delimiter", " ") + child.astext()
            case nodes.substitution_reference():
                yield f"|{child.astext()}|"
            case _ if isinstance(child, _SILENT):
                pass
            case _:
                yield from _inline(child)


def _flowing(node: Any) -> str:
    """Lines broken by their width are one."""
    return " ".join(_words(node).split())


def _pieces(node: Any) -> Iterator[str]:
    """The texts of a table cell, whatever blocks it holds."""
    for child in node.children:
        if isinstance(child, nodes.image):
            yield child.get("alt") or ""
        elif isinstance(child, nodes.TextElement):
            if not isinstance(child, nodes.comment) and (words := _flowing(child)):
                yield words
        elif not isinstance(child, nodes.system_message):
            yield from _pieces(child)


def _lines_of(block: Any) -> Iterator[str]:
    for child in block.children:
        if isinstance(child, nodes.line_block):
            yield from _lines_of(child)
        else:
            yield _flowing(child)


_ROMAN: Mapping[int, str] = {
    1000: "m", 900: "cm", 500: "d", 400: "cd", 100: "c", 90: "xc", 50: "l", 40: "xl", 10: "x", 9: "ix", 5: "v", 4: "iv",
    1: "i",
}  # fmt: skip


def _numeral(number: int, kind: str | None) -> str:
    """The mark of a list item as it stands in the file."""
    if kind and kind.endswith("alpha") and 1 <= number <= 26:
        mark = chr(ord("a") + number - 1)
    elif kind and kind.endswith("roman") and 1 <= number < 4000:
        mark, left = "", number
        for value, letters in _ROMAN.items():
            mark += letters * (left // value)
            left %= value
    else:
        return str(number)
    return mark.upper() if kind.startswith("upper") else mark
