"""The characters of a .doc file with the properties that matter to reading: [MS-DOC] 2.4.1 (retrieving text),
2.4.6 (properties), 2.6 (the property codes, called sprm)."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from citewell.parsing import compound
from citewell.parsing.compound import number
from citewell.parsing.packages import is_white

PARAGRAPH_ENDS = "\r\x07\x0c"
_END = re.compile(f"[{PARAGRAPH_ENDS}]")

# [MS-DOC] 2.6.1 and 2.6.2
_VANISH, _DELETED, _SIZE, _COLOUR, _OLD_COLOUR, _SHADED = 0x083C, 0x0800, 0x4A43, 0x6870, 0x2A42, (0xCA71, 0x4866)
_IN_TABLE, _ROW_END, _OUTLINE, _LIST, _LIST_LEVEL = 0x2416, 0x2417, 0x2640, 0x460B, 0x260A
_PARAGRAPH_SHADED = (0xC64D, 0x442D)
_WHITE_INDEX = 8
_LENGTH_OF_OPERAND = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_TITLE, _LISTS = 62, range(47, 59)  # sti, [MS-DOC] 2.9.271: Title; List Bullet to List Number 5
_HEADINGS = range(1, 10)
_PAGE = 512


@dataclass(frozen=True, slots=True)
class Paragraph:
    """text: with the marks of Word, without its end. heading: level from 1, 0 for none. hidden: (text, reason)."""

    text: str
    end: str
    heading: int = 0
    kind: str = ""  # title, list
    level: int = 0
    in_table: bool = False
    row_end: bool = False
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters ``first`` to ``last`` stand at byte ``at`` of the document, ``width`` bytes each."""

    first: int
    last: int
    at: int
    width: int


@dataclass
class _Runs:
    """Properties by place in the file: ``starts`` increasing, each run up to ``ends``."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def at(self, place: int) -> bytes:
        found = bisect_right(self.starts, place) - 1
        return self.values[found] if found >= 0 and place < self.ends[found] else b""


class Text:
    def __init__(self, document: bytes, tables: bytes, name: str) -> None:
        self._document = document
        self._tables = tables
        self._pieces = self._piece_table(name)
        self.characters = "".join(map(self._decoded, self._pieces))
        self._styles = self._style_kinds()
        self._paragraph_runs = self._runs(0x102, paragraph=True)
        self._concealed = self._concealed_ranges(self._runs(0xFA, paragraph=False))
        self._concealed_starts = [each[0] for each in self._concealed]
        self._fields: list[bool] = []  # of each open field, whether its result has begun

    def paragraphs(self, start: int, end: int, *, paper: bool = True) -> Iterator[Paragraph]:
        """Paragraphs between two character positions. paper: whether they stand on the page itself."""
        self._fields = []
        end = min(end, len(self.characters))
        for mark in _END.finditer(self.characters, start, end):
            yield self._paragraph(start, mark.start(), mark[0], paper=paper)
            start = mark.end()
        if start < end:
            yield self._paragraph(start, end, "", paper=paper)

    def _paragraph(self, start: int, last: int, mark: str, *, paper: bool) -> Paragraph:
        record = self._paragraph_runs.at(self._place(last if mark else last - 1))
        style, codes = number(record, 0, 2), _codes(record[2:])
        kind, heading = self._styles.get(style, ("", 0))
        if 0 <= codes.get(_OUTLINE, 9) < 9:
            heading = codes[_OUTLINE] + 1
        in_table = codes.get(_IN_TABLE, 0) == 1
        if codes.get(_LIST):
            kind = "list"
        shaded = in_table or any(code in codes for code in _PARAGRAPH_SHADED)
        shown, hidden = self._shown(start, last, paper=paper and not shaded)
        return Paragraph(
            shown, mark, 0 if in_table else heading, kind, min(codes.get(_LIST_LEVEL, 0), 8), in_table,
            row_end=codes.get(_ROW_END, 0) == 1, hidden=hidden,
        )  # fmt: skip

    def _shown(self, start: int, last: int, *, paper: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Visible characters, field codes taken out; and the concealed ones."""
        pieces: list[str] = []
        hidden: list[tuple[str, str]] = []
        at = start
        position = max(0, bisect_right(self._concealed_starts, start) - 1)
        for first, end, reason in islice(self._concealed, position, None):
            if first >= last:
                break
            if end <= at or (reason == "white on white" and not paper):
                continue
            pieces.append(self._without_codes(self.characters[at : max(at, first)]))
            words = self._without_codes(self.characters[max(at, first) : min(end, last)])
            if reason != "deleted" and words.strip():
                hidden.append((words, reason))
            at = min(end, last)
        pieces.append(self._without_codes(self.characters[at:last]))
        return "".join(pieces), tuple(hidden)

    def _without_codes(self, text: str) -> str:
        """Results of fields without their instructions; fields may nest and span paragraphs."""
        if not self._fields and "\x13" not in text:
            return text
        kept: list[str] = []
        for character in text:
            if character == "\x13":
                self._fields.append(False)
            elif character == "\x14" and self._fields:
                self._fields[-1] = True
            elif character == "\x15" and self._fields:
                self._fields.pop()
            elif all(self._fields):
                kept.append(character)
        return "".join(kept)

    def _piece_table(self, name: str) -> list[_Piece]:
        table = self._tables[number(self._document, 0x1A2, 4) :][: number(self._document, 0x1A6, 4)]
        at = 0
        while table[at : at + 1] == b"\x01":  # properties of pieces, not needed
            at += 3 + number(table, at + 1, 2)
        if table[at : at + 1] != b"\x02":
            raise compound.damaged(name, "its piece table is missing")
        plc = table[at + 5 : at + 5 + number(table, at + 1, 4)]
        count = (len(plc) - 4) // 12
        found: list[_Piece] = []
        before = 0
        for index in range(count):
            first, last = number(plc, 4 * index, 4), number(plc, 4 * index + 4, 4)
            place = number(plc, 4 * (count + 1) + 8 * index + 2, 4)
            width = 1 if place & 0x40000000 else 2
            at = (place & 0x3FFFFFFF) // (2 if width == 1 else 1)
            if first != before or last < first or at + (last - first) * width > len(self._document):
                raise compound.damaged(name, "its piece table contradicts itself")
            found.append(_Piece(first, last, at, width))
            before = last
        return found

    def _decoded(self, piece: _Piece) -> str:
        data = self._document[piece.at : piece.at + (piece.last - piece.first) * piece.width]
        if piece.width == 1:
            return data.decode("cp1252", "replace")
        units = array("H")
        units.frombytes(data)  # little-endian, as every machine this runs on
        return "".join(map(chr, units))

    def _place(self, character: int) -> int:
        """The byte of the document at which a character stands."""
        found = bisect_right(self._pieces, character, key=lambda piece: piece.first) - 1
        if found < 0:
            return -1
        piece = self._pieces[found]
        return piece.at + (character - piece.first) * piece.width

    def _runs(self, at: int, *, paragraph: bool) -> _Runs:
        """All runs of one kind, from the 512-byte pages that hold them."""
        plc = self._tables[number(self._document, at, 4) :][: number(self._document, at + 4, 4)]
        count = max(0, (len(plc) - 4) // 8)
        runs = _Runs()
        for index in range(count):
            start = (number(plc, 4 * (count + 1) + 4 * index, 4) & 0x3FFFFF) * _PAGE
            page = self._document[start : start + _PAGE]
            if len(page) == _PAGE:
                _read_page(page, runs, paragraph=paragraph)
        return runs

    def _concealed_ranges(self, runs: _Runs) -> list[tuple[int, int, str]]:
        """Character ranges that are not shown, in order."""
        judged = [
            (start, end, reason)
            for start, end, value in zip(runs.starts, runs.ends, runs.values, strict=True)
            if (reason := _unseen(value))
        ]
        starts = [each[0] for each in judged]
        found: list[tuple[int, int, str]] = []
        for piece in self._pieces:
            limit = piece.at + (piece.last - piece.first) * piece.width
            position = max(0, bisect_right(starts, piece.at) - 1)
            while position < len(judged) and judged[position][0] < limit:
                start, end, reason = judged[position]
                first = piece.first + (max(start, piece.at) - piece.at) // piece.width
                last = piece.first + (min(end, limit) - piece.at) // piece.width
                if first < last:
                    found.append((first, last, reason))
                position += 1
        return found

    def _style_kinds(self) -> dict[int, tuple[str, int]]:
        """What each style makes of a paragraph: (kind, heading level), by the built-in style it is based on."""
        sheet = self._tables[number(self._document, 0xA2, 4) :][: number(self._document, 0xA6, 4)]
        at = 2 + number(sheet, 0, 2)
        bases: list[tuple[int, int]] = []
        for _ in range(min(number(sheet, 2, 2), 4094)):
            size = number(sheet, at, 2)
            record = sheet[at + 2 : at + 2 + size]
            bases.append((number(record, 0, 2) & 0xFFF, number(record, 2, 2) >> 4) if size else (0xFFF, 0xFFF))
            at += 2 + size + size % 2
        return {index: _kind(index, bases) for index in range(len(bases))}


def _kind(index: int, bases: list[tuple[int, int]]) -> tuple[str, int]:
    for _ in range(12):
        if index >= len(bases):
            break
        built_in, index = bases[index]
        if built_in in _HEADINGS:
            return "", built_in
        if built_in == _TITLE:
            return "title", 0
        if built_in in _LISTS:
            return "list", 0
    return "", 0


def _read_page(page: bytes, runs: _Runs, *, paragraph: bool) -> None:
    """One page of formatted runs ([MS-DOC] 2.9.23 and 2.9.157). Pages come in the order of the file."""
    count = page[-1]
    step = 13 if paragraph else 1
    for index in range(count):
        start, end = number(page, 4 * index, 4), number(page, 4 * index + 4, 4)
        offset = number(page, 4 * (count + 1) + step * index, 1) * 2
        if start >= end or (runs.starts and start < runs.starts[-1]):
            continue
        value = b""
        if offset:
            size = page[offset]
            if not paragraph:
                value = page[offset + 1 : offset + 1 + size]
            elif size:
                value = page[offset + 1 : offset + 2 * size]
            else:
                size = number(page, offset + 1, 1)
                value = page[offset + 2 : offset + 2 + 2 * size]
        runs.starts.append(start)
        runs.ends.append(end)
        runs.values.append(value)


def _codes(data: bytes) -> dict[int, int]:
    """Property code → operand, of fixed-size operands as a number, of others as 1."""
    found: dict[int, int] = {}
    at = 0
    while at + 3 <= len(data):
        code = number(data, at, 2)
        size = _LENGTH_OF_OPERAND.get(code >> 13)
        if size is None:
            size = 1 + number(data, at + 2, 1) if code != 0xD608 else 1 + number(data, at + 2, 2)
            found[code] = 1
        else:
            found[code] = number(data, at + 2, size)
        at += 2 + size
    return found


def _unseen(value: bytes) -> str:
    """How these character properties hide text."""
    codes = _codes(value)
    if codes.get(_DELETED) == 1:
        return "deleted"
    if codes.get(_VANISH) == 1:
        return "hidden text"
    if codes.get(_SIZE, 99) <= 2:  # half points
        return "too small to read"
    if any(code in codes for code in _SHADED):
        return ""
    colour = codes.get(_COLOUR)
    rgb = "" if colour is None or colour >> 24 else colour.to_bytes(4, "little")[:3].hex()
    return "white on white" if is_white(rgb) or (codes.get(_OLD_COLOUR) == _WHITE_INDEX and colour is None) else ""
