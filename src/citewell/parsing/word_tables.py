"""Tables of Word documents: their rows and cells, and whether one of a single column is a table at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from citewell.parsing.word_lists import VAL, W, whole

SDT, SDT_CONTENT = f"{W}sdt", f"{W}sdtContent"
_MAX_SPAN = 1_000
_LIST_CELL = 300  # characters; a longer cell of a single column is a text with a frame around it


def rows(table: Any) -> Iterator[Any]:
    """Rows that are there: not those whose deletion is tracked."""
    for element in table:
        if element.tag == f"{W}tr":
            if element.find(f"{W}trPr/{W}del") is None:
                yield element
        elif element.tag == SDT and element.find(SDT_CONTENT) is not None:
            yield from rows(element.find(SDT_CONTENT))


def cells(row: Any) -> Iterator[tuple[Any, int, str]]:
    """Cells with their 0-based column, and by what they continue a merged cell (empty: they do not)."""
    before = row.find(f"{W}trPr/{W}gridBefore")
    column = min(max(0, value_of(before) or 0), _MAX_SPAN)
    for cell in _elements(row):
        properties = cell.find(f"{W}tcPr")
        width, continued = 1, ""
        if properties is not None:
            width = min(max(1, value_of(properties.find(f"{W}gridSpan")) or 1), _MAX_SPAN)
            for name in ("vMerge", "hMerge"):
                merge = properties.find(f"{W}{name}")
                if merge is not None and merge.get(VAL) in {None, "continue"}:
                    continued = name
        yield cell, min(column, _MAX_SPAN), continued
        column += width


def _elements(row: Any) -> Iterator[Any]:
    for element in row:
        if element.tag == f"{W}tc":
            yield element
        elif element.tag == SDT and element.find(SDT_CONTENT) is not None:
            yield from _elements(element.find(SDT_CONTENT))
        elif element.tag == f"{W}customXml":
            yield from _elements(element)


def value_of(element: Any) -> int | None:
    """The whole number an element states."""
    return None if element is None else whole(element.get(VAL), -1)


def is_column(cells: list[Any]) -> bool:
    """Whether cells below each other are a table of one column: several short ones, and nothing but words in them.
    Anything else is a frame around a text."""
    return len(cells) > 1 and all(_is_short(cell) for cell in cells)


def is_name(cell: Any) -> bool:
    """Whether a cell names the column below it."""
    paragraphs = list(cell.iter(f"{W}p"))
    return len(paragraphs) == 1 and 0 < len(_words(cell)) <= 60 and cell.find(f".//{W}numPr") is None


def _is_short(cell: Any) -> bool:
    if any(True for _ in cell.iter(f"{W}tbl", f"{W}txbxContent", f"{W}outlineLvl")):
        return False
    named = (style.get(VAL, "").lower() for style in cell.iter(f"{W}pStyle"))
    return not any(name.startswith(("heading", "title")) for name in named) and 0 < len(_words(cell)) <= _LIST_CELL


def _words(cell: Any) -> str:
    return "".join(text.text or "" for text in cell.iter(f"{W}t")).strip()


# -- boxes to tick ---------------------------------------------------------------------------------------------------

TICKED, OPEN = "☒", "☐"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_WINGDINGS = {0x6F: OPEN, 0x71: OPEN, 0xA8: OPEN, 0xFB: "✗", 0xFC: "✓", 0xFD: TICKED, 0xFE: "☑"}


def tick(element: Any) -> str:
    """The mark of a box to tick: a content control without a character of its own, or a field of an old form."""
    if element.tag == SDT:
        box = element.find(f"{W}sdtPr/{_W14}checkbox")
        if box is None or any((text.text or "").strip() for text in element.iter(f"{W}t")):
            return ""
        state = box.find(f"{_W14}checked")
        return TICKED if state is not None and state.get(f"{_W14}val", "1") in {"1", "true"} else OPEN
    box = element.find(f"{W}ffData/{W}checkBox")
    if box is None:
        return ""
    state = box.find(f"{W}checked")
    state = box.find(f"{W}default") if state is None else state
    return TICKED if state is not None and state.get(VAL, "1") in {"1", "true", "on"} else OPEN


def symbol(element: Any) -> str:
    """A character of a symbol font: a mark where it is known, else the private code that Word files give it."""
    code = element.get(f"{W}char", "")
    try:
        value = int(code, 16) if 0 < len(code) <= 4 else 0
    except ValueError:
        return ""
    known = _WINGDINGS.get(value & 0xFF) if element.get(f"{W}font", "") == "Wingdings" and value < 0xF100 else None
    return known or (chr(value) if value > 0 else "")
