"""Plain text: paragraphs between empty lines, modest headings, lists. Locators are lines.

Headings are recognised where writers of plain text agree: underlined with ``===`` or ``---``, or a short line in
capitals on its own. Everything else stays a paragraph; a wrong heading would mislead every passage below it.
"""

from __future__ import annotations

import re

from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.records import Locator

_UNDERLINE = re.compile(r"([=\-~^*#+\"'`])\1{2,}\s*")
_BULLET = re.compile(r"(\s*)(?:[-*•▪◦‣–]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_MARKER = re.compile(r"\s*[-*•▪◦‣–]\s+")
_WRAPPED = 45  # a line at least this long that is followed by another was broken by its width, not on purpose
_LONG_PARAGRAPH = 8  # lines; from here on a paragraph ends where a line ends a sentence
_LONGEST_PARAGRAPH = 25  # lines; a log without empty lines still becomes blocks one can point at
_UNDERLINE_LEVELS = {"=": 1, "#": 1, "*": 1, "-": 2, "+": 2, "~": 3, '"': 3, "'": 3, "^": 4, "`": 4}


def read(data: bytes, out: Builder) -> None:
    write(decode(data, out.name), out)


def write(text: str, out: Builder) -> None:
    """Append plain text to a document."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").split("\n")
    position = 0
    while position < len(lines):
        if not lines[position].strip():
            position += 1
            continue
        end = position
        while end < len(lines) and lines[end].strip():
            end += 1
        _group(lines, position, end, out)
        position = end


def _group(lines: list[str], start: int, end: int, out: Builder) -> None:
    """Lines without an empty one between them: headings, list items and paragraphs."""
    pending = start
    position = start
    while position < end:
        taken, level = _heading(lines, position, start, end)
        if taken:
            _paragraph(lines, pending, position, out)
            words = lines[position + taken - 2] if taken == 3 else lines[position]
            out.heading(words, level, _located(position, position + taken))
            position = pending = position + taken
        elif _BULLET.match(lines[position]):
            _paragraph(lines, pending, position, out)
            position = pending = _item(lines, position, end, out)
        else:
            position += 1
    _paragraph(lines, pending, end, out)


def _heading(lines: list[str], position: int, start: int, end: int) -> tuple[int, int]:
    """How many lines from ``position`` are a heading, and its level; (0, 0) when none."""
    line = lines[position].strip()
    if len(line) > 100:
        return 0, 0
    if position + 2 < end and _UNDERLINE.fullmatch(lines[position]) and _UNDERLINE.fullmatch(lines[position + 2]):
        return 3, _UNDERLINE_LEVELS[line[0]]  # over- and underlined
    if position + 1 < end and position in {start, end - 2}:
        under = lines[position + 1].rstrip()
        if _UNDERLINE.fullmatch(under) and 0.5 * len(line) <= len(under) <= 2 * len(line) + 4 and line[0].isalnum():
            return 2, _UNDERLINE_LEVELS[under[0]]
    alone = end - start == 1
    if alone and 3 < len(line) <= 70 and line.isupper() and sum(map(str.isalpha, line)) > 0.6 * len(line):
        return 1, 2
    return 0, 0


def _item(lines: list[str], start: int, end: int, out: Builder) -> int:
    """One list item with its continuation lines; returns where it ends."""
    indent = len(lines[start].expandtabs(4)) - len(lines[start].expandtabs(4).lstrip())
    position = start + 1
    while position < end and not _BULLET.match(lines[position]) and lines[position][:1].isspace():
        position += 1
    text = _MARKER.sub("", _joined(lines[start:position]), count=1)
    out.add("list_item", text, _located(start, position), level=1 + min(indent // 2, 8))
    return position


def _paragraph(lines: list[str], start: int, end: int, out: Builder) -> None:
    while start < end:
        cut = end
        if end - start > _LONGEST_PARAGRAPH:
            ends = (
                n
                for n in range(start + _LONG_PARAGRAPH, start + _LONGEST_PARAGRAPH)
                if lines[n - 1].rstrip()[-1:] in ".!?:"
            )
            cut = next(ends, start + _LONGEST_PARAGRAPH)
        if any(character.isalnum() for line in lines[start:cut] for character in line):
            out.add("paragraph", _joined(lines[start:cut]), _located(start, cut))
        start = cut


def _joined(lines: list[str]) -> str:
    """Lines broken by their width become one; lines broken on purpose (addresses, verse) stay."""
    pieces: list[str] = []
    for number, line in enumerate(lines):
        pieces.append(line.strip())
        wrapped = len(line.strip()) >= _WRAPPED and number + 1 < len(lines)
        pieces.append(" " if wrapped else "\n")
    return "".join(pieces[:-1])


def _located(start: int, end: int) -> Locator:
    return Locator(lines=(start + 1, end))
