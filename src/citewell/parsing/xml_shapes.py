"""What the elements of an XML file are, by their names and shape: prose, lists, tables, records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from citewell.cleaning import clean_line

TITLES = frozenset(("invention-title", "title-of-invention", "b540"))
"""Of patents; ``B540`` is the title in the numbering of WIPO ST.32."""

HEADINGS = frozenset((
    "title", "head", "heading", "h", "h1", "h2", "h3", "h4", "h5", "h6", "article-title", "subtitle",
    "section-title", "chapter-title", "bridgehead", *TITLES,
))  # fmt: skip
PROSE = frozenset((
    "p", "para", "paragraph", "simpara", "claim-text", "disp-quote", "attrib", "verse-line", "ab", "l", "quote",
    "blockquote", "formalpara", "clm", "paragraph-federal-research-statement", "license-p", "mixed-citation",
    "disp-formula",
))  # fmt: skip
LISTS = frozenset((
    "list", "ul", "ol", "itemizedlist", "orderedlist", "simplelist", "variablelist", "def-list", "ref-list",
    "simple-list", "glosslist", "procedure",
))  # fmt: skip
ITEMS = frozenset((
    "list-item", "li", "listitem", "member", "item-text", "ref", "def-item", "varlistentry", "step", "glossentry",
))  # fmt: skip
CAPTIONS = frozenset(("caption", "figcaption", "legend"))
TABLES = frozenset(("table", "informaltable", "tgroup"))
PREFORMATTED = frozenset(("programlisting", "code", "screen", "literallayout", "preformat", "pre", "verbatim"))
SKIPPED = frozenset((
    "graphic", "inline-graphic", "imagedata", "binary", "script", "style", "colspec", "processing-instruction",
    "math-image", "img", "media", "ds:signature", "signaturevalue", "x509certificate",
    # What files an article or patent away, and says nothing in it: subjects, classes, numbers of persons and parts.
    "article-categories", "subj-group", "contrib-id", "custom-meta-group", "pub-date", "classifications-ipcr",
    "classifications-cpc", "classification-national", "us-field-of-classification-search", "classification-ipc",
))  # fmt: skip
_ROWS = frozenset(("tr", "row"))
_CELLS = frozenset(("td", "th", "entry", "entrytbl"))
_SPACED = frozenset((*PROSE, *LISTS, *ITEMS, *HEADINGS, *_CELLS, *_ROWS, "break", "br", "lb", "name", "string-name",
                     "surname", "given-names", "label", "year", "source", "volume", "fpage", "lpage", "pub-id",
                     "person-group", "collab", "ext-link", "abstract", "sec"))  # fmt: skip
_TEX = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)

_NO_RECORDS = HEADINGS | ITEMS | PREFORMATTED | CAPTIONS | {"label"}

MAX_RECORD_CHARACTERS = 1500  # more is no record but a section
MAX_RECORD_LEAVES = 60
MAX_LEAF_CHARACTERS = 300  # longer texts are prose


def local(element: Any) -> str:
    """The name without its namespace, lower case; empty for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def shown(element: Any) -> str:
    """The name without its namespace, as it is written."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_prose(element: Any) -> bool:
    """Text and elements side by side."""
    if not len(element):
        return False
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def is_record(element: Any) -> bool:
    """Facts alone: short texts in elements without mixed content, or attributes."""
    if local(element) in _NO_RECORDS:
        return False
    characters = found = 0
    for each in element.iter():
        name = local(each)
        if (
            name in PROSE
            or name in TABLES
            or name in LISTS
            or name in TITLES
            or name == "title-group"
            or is_prose(each)
        ):
            return False
        if not len(each):
            text = (each.text or "").strip()
            characters += len(text) + sum(map(len, each.attrib.values()))
            found += 1
            if len(text) > MAX_LEAF_CHARACTERS or "</" in text:
                return False
        if characters > MAX_RECORD_CHARACTERS or found > MAX_RECORD_LEAVES:
            return False
    return found > 0


def has_several(element: Any) -> bool:
    """Whether a record has more than one fact."""
    found = leaves(element, "")
    return next(found, None) is not None and next(found, None) is not None


def leaves(element: Any, name: str) -> Iterator[tuple[str, str, Any]]:
    """(dotted name, text, element) of every text below, and of the attributes of elements without text."""
    if local(element) == "xref":  # the number of a footnote or address that stands elsewhere
        return
    if local(element) == "name" and (person := _person(element)):
        yield name or "name", person, element
        return
    below = [child for child in element if local(child) and local(child) not in SKIPPED]
    text = clean_line(element.text or "")
    if text and not below:
        yield name, text, element
    if not text or not below:
        for key, value in element.attrib.items():
            own = key.rpartition("}")[2]
            plain = not text and not below and not key.startswith("{") and own.lower() not in _LAYOUT
            stated = own in _FACTS or plain
            if stated and (value := clean_line(value)):
                yield f"{name}.{own}" if name else own, value[:2000], element
    for child in below:
        yield from leaves(child, f"{name}.{shown(child)}" if name else shown(child))


def _person(element: Any) -> str:
    """``Ada Lovelace`` of a name in parts, as articles have them; empty for other names."""
    parts = {local(child): clean_line(child.text or "") for child in element}
    found = [parts.get(part, "") for part in ("prefix", "given-names", "surname", "suffix")]
    return " ".join(filter(None, found)) if parts.get("surname") else ""


_FACTS = frozenset(("name", "title", "label", "value", "text", "description", "summary", "alt", "caption", "key",
                    "message", "contextRef"))  # fmt: skip


_LAYOUT = frozenset((
    "id", "idref", "rid", "ref-type", "class", "style", "width", "height", "he", "wi", "img-content", "img-format",
    "inline", "orientation", "content-type", "lang", "file", "alt-img", "position",
))  # fmt: skip


def inline(element: Any) -> str:
    """The words of an element and all in it. Formulas are kept as TeX where the file has it."""
    name = local(element)
    if name in SKIPPED:
        return element.get("alt") or ""
    if name == "tex-math":
        text = "".join(element.itertext())
        match = _TEX.search(text)
        return f" {(match[1] if match else text).strip()} "
    children = list(element)
    if name in {"alternatives", "inline-formula", "disp-formula"}:  # the same formula several times
        tex = next((each for each in element.iter() if local(each) == "tex-math"), None)
        if tex is not None:
            return inline(tex)
    pieces = [element.text or ""]
    for child in children:
        if inner := local(child):
            around = " " if inner in _SPACED else ""
            pieces += (around, inline(child), around)
        pieces.append(child.tail or "")
    return "".join(pieces)


def table_rows(element: Any) -> Iterator[tuple[Any, bool, list[tuple[str, int, int]]]]:
    """(row, whether it is a header, each cell's text, columns and rows) of an HTML or CALS table."""
    for row in _own_rows(element):
        cells = [cell for cell in row if local(cell) in _CELLS]
        parent = row.getparent()
        is_header = (parent is not None and local(parent) == "thead") or {local(cell) for cell in cells} == {"th"}
        yield row, is_header, [(clean_line(inline(cell)), _width(cell), _height(cell)) for cell in cells]


def _own_rows(element: Any) -> Iterator[Any]:
    for child in element:
        if local(child) in _ROWS:
            yield child
        elif local(child) in {"thead", "tbody", "tfoot", "tgroup"}:
            yield from _own_rows(child)


def _width(cell: Any) -> int:
    """Columns of a cell: ``colspan``, or the numbered columns between ``namest`` and ``nameend``."""
    first, last = (re.search(r"\d+$", cell.get(name) or "") for name in ("namest", "nameend"))
    if first and last:
        return min(1000, max(1, int(last[0]) - int(first[0]) + 1))
    return _number(cell.get("colspan"), 1)


def _height(cell: Any) -> int:
    """Rows of a cell: ``rowspan``, or ``morerows`` besides its own."""
    return max(_number(cell.get("rowspan"), 1), _number(cell.get("morerows"), 0) + 1)


def _number(value: str | None, default: int) -> int:
    return min(1000, int(value)) if value and value.isascii() and value.isdigit() and len(value) < 9 else default
