"""Binary Office files in the smallest form that holds what a test needs: .doc, .ppt, .xls and .xlsb.

Layouts are those of [MS-DOC], [MS-PPT], [MS-XLS] and [MS-XLSB]; LibreOffice and Word would want more than is here.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.parsing.tiny_ole import compound_file

NORMAL, HEADING_1, OWN_HEADING, TITLE, LIST_BULLET = range(5)  # style numbers of every .doc made here
_STYLES = ((0, 0xFFF), (1, 0), (0xFFE, HEADING_1), (62, 0), (48, 0))  # built-in number, style it is based on
_TEXT_AT = 0x600


@dataclass(frozen=True)
class Words:
    """A paragraph of a .doc. text: with its end (``\\r`` or ``\\x07``). runs: (first, end, properties) by character."""

    text: str
    style: int = NORMAL
    properties: bytes = b""
    runs: tuple[tuple[int, int, bytes], ...] = ()


def sprm(code: int, value: int, size: int = 1) -> bytes:
    return struct.pack("<H", code) + value.to_bytes(size, "little")


def word_file(
    paragraphs: Sequence[Words], *, notes: str = "", compressed: bool = False, flags: int = 0x0200, version: int = 0xC1
) -> bytes:
    """A .doc. notes: text of the footnotes, after the body's. compressed: one byte for a character."""
    width = 1 if compressed else 2
    body = "".join(each.text for each in paragraphs)
    text = (body + notes).encode("cp1252" if compressed else "utf-16-le")
    starts = [_TEXT_AT]
    runs: list[tuple[int, int, bytes]] = []
    for each in paragraphs:
        start = starts[-1]
        runs += [(start + width * first, start + width * end, made) for first, end, made in each.runs]
        starts.append(start + width * _units(each.text, width))
    papx = [struct.pack("<H", each.style) + each.properties for each in paragraphs]
    pages = _page(starts, [_papx(each) for each in papx], 13)
    edges = sorted({_TEXT_AT, starts[-1], *(edge for run in runs for edge in run[:2])})
    made = {(first, end): bytes([len(value)]) + value for first, end, value in runs}
    pages += _page(edges, [made.get(pair, b"") for pair in pairwise(edges)], 1)
    text_page = -(-(_TEXT_AT + len(text)) // 512)
    pieces = struct.pack("<2I", 0, len(text) // width) + struct.pack(
        "<HIH", 0, (_TEXT_AT * 2 | 0x40000000) if compressed else _TEXT_AT, 0
    )
    tables, places = b"", {}
    sheet = struct.pack("<HHH", 4, len(_STYLES), 10)
    for built_in, base in _STYLES:
        sheet += struct.pack("<HHHH", 6, built_in, base << 4 | 1, 0)
    for at, part in (
        (0xA2, sheet),
        (0xFA, struct.pack("<3I", edges[0], edges[-1], text_page + 1)),
        (0x102, struct.pack("<3I", starts[0], starts[-1], text_page)),
        (0x1A2, b"\x02" + struct.pack("<I", len(pieces)) + pieces),
    ):
        places[at] = struct.pack("<2I", len(tables), len(part))
        tables += part
    header = bytearray(_TEXT_AT)
    struct.pack_into("<HHxxxxxxH", header, 0, 0xA5EC, version, flags)
    struct.pack_into("<II", header, 0x18, _TEXT_AT, _TEXT_AT + len(text))
    struct.pack_into("<II", header, 0x4C, _units(body, width), _units(notes, width))
    for at, place in places.items():
        header[at : at + 8] = place
    document = bytes(header) + text.ljust(text_page * 512 - _TEXT_AT, b"\0") + pages
    return compound_file({"WordDocument": document, "1Table": tables})


def _units(text: str, width: int) -> int:
    return len(text.encode("utf-16-le")) // 2 if width == 2 else len(text)


def _papx(data: bytes) -> bytes:
    return bytes([(len(data) + 1) // 2]) + data if len(data) % 2 else bytes([0, len(data) // 2]) + data


def _page(edges: Sequence[int], values: Sequence[bytes], step: int) -> bytes:
    """A page of formatted runs: places in the file, offsets within the page, and the properties from its end."""
    page = bytearray(512)
    struct.pack_into(f"<{len(edges)}I", page, 0, *edges)
    end = 511
    for index, value in enumerate(values):
        if value:
            end = (end - len(value)) & ~1
            page[end : end + len(value)] = value
            page[4 * len(edges) + step * index] = end // 2
    page[511] = len(values)
    return bytes(page)


def _record(kind: int, content: bytes, instance: int = 0, *, container: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if container else 0), kind, len(content)) + content


def _box(kind: int, text: str, top: int = 0, left: int = 0, outline: int | None = None) -> bytes:
    words = _record(0x0F9F, struct.pack("<I", kind))
    if outline is not None:
        words += _record(0x0F9E, struct.pack("<I", outline))
    else:
        words += _record(0x0FA0, text.encode("utf-16-le"))
    anchor = _record(0xF010, struct.pack("<4h", top, left, left + 500, top + 100))
    return _record(0xF004, anchor + _record(0xF00D, words, container=True), container=True)


def _drawing(shapes: bytes) -> bytes:
    group = _record(0xF003, _record(0xF004, b"", container=True) + shapes, container=True)
    return _record(0x040C, _record(0xF002, group, container=True), container=True)


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    mark = _record(0xF122, struct.pack("<HI", 0x039F, 1), 1)
    cells = _record(0xF004, _record(0xF010, struct.pack("<4h", 2000, 100, 900, 3000)) + mark, container=True)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            place = _record(0xF00F, struct.pack("<4i", column * 200, row * 80, column * 200 + 200, row * 80 + 80))
            words = _record(0x0F9F, struct.pack("<I", 4)) + _record(0x0FA8, text.encode("latin-1"))
            cells += _record(0xF004, place + _record(0xF00D, words, container=True), container=True)
    return _record(0xF003, cells, container=True)


@dataclass(frozen=True)
class Slide:
    """boxes: (text, top, left) in 1/576 inch. The title stands in the outline, as PowerPoint writes it."""

    title: str
    boxes: tuple[tuple[str, int, int], ...] = ()
    notes: str = ""
    hidden: bool = False
    table: tuple[tuple[str, ...], ...] = ()


def presentation(slides: Sequence[Slide], *, token: int = 0xE391C05F) -> bytes:
    """A .ppt."""
    records: list[bytes] = []
    outline = spoken = b""
    for number, slide in enumerate(slides):
        shapes = b"".join(_box(4, text, top, left) for text, top, left in slide.boxes) + _box(0, "", 0, 0, outline=0)
        shapes += _table(slide.table) if slide.table else b""
        atom = struct.pack("<I8xIIHH", 0, 0, 500 + number if slide.notes else 0, 0, 0)
        info = struct.pack("<iIBBHB3x", 0, 0, 0, 0, 4 if slide.hidden else 0, 0)
        content = _record(0x03EF, atom) + _record(0x03F9, info) + _drawing(shapes)
        records.append(_record(0x03EE, content, container=True))
        outline += _record(0x03F3, struct.pack("<IIiII", 2 + len(records) - 1, 0, 1, 256 + number, 0))
        outline += _record(0x0F9F, struct.pack("<I", 0)) + _record(0x0FA0, slide.title.encode("utf-16-le"))
        if slide.notes:
            records.append(_record(0x03F0, _drawing(_box(2, slide.notes)), container=True))
            spoken += _record(0x03F3, struct.pack("<IIiII", 2 + len(records) - 1, 0, 0, 500 + number, 0))
    lists = _record(0x0FF0, outline, 0, container=True) + _record(0x0FF0, spoken, 2, container=True)
    atom = _record(0x03E9, struct.pack("<2i", 5760, 4320) + bytes(32), 1)  # 10 by 7.5 inches
    records.insert(0, _record(0x03E8, atom + lists, container=True))
    stream, places = b"", []
    for each in records:
        places.append(len(stream))
        stream += each
    directory = len(stream)
    entry = struct.pack("<I", len(places) << 20 | 1) + struct.pack(f"<{len(places)}I", *places)
    stream += _record(0x1772, entry)
    edit = len(stream)
    stream += _record(0x0FF5, struct.pack("<IHBBIIIIHH", 256, 0, 0, 3, 0, directory, 1, len(places), 0, 0))
    user = _record(0x0FF6, struct.pack("<IIIHHBBH", 20, token, edit, 0, 0x3F4, 3, 0, 0))
    return compound_file({"PowerPoint Document": stream, "Current User": user})


@dataclass(frozen=True)
class Sheet:
    """cells: (row, column, value), from 0; a float with format 14 is a date. hidden rows, columns: from 0."""

    name: str
    cells: tuple[tuple[int, int, str | float], ...]
    dates: tuple[tuple[int, int], ...] = ()
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()


def workbook(sheets: Sequence[Sheet], *, password: bool = False) -> bytes:
    """An .xls of version 8."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    end = record(0x000A, b"")
    formats = b"".join(record(0x00E0, struct.pack("<HHH14x", 0, number, 1)) for number in (0, 14))
    head = begin(0x0005) + (record(0x002F, b"\0" * 6) if password else b"") + record(0x0042, b"\xb0\x04") + formats
    listed = [
        record(0x0085, struct.pack("<IBBBB", 0, each.hidden, 0, len(each.name), 0) + each.name.encode())
        for each in sheets
    ]
    place = len(head) + sum(map(len, listed)) + len(end)
    globals_, bodies = head, b""
    for each, line in zip(sheets, listed, strict=True):
        globals_ += line[:4] + struct.pack("<I", place + len(bodies)) + line[8:]
        body = begin(0x0010)
        body += b"".join(record(0x007D, struct.pack("<HHHHH2x", at, at, 2000, 0, 1)) for at in each.hidden_columns)
        body += b"".join(record(0x0208, struct.pack("<HHHHIHH", at, 0, 9, 255, 0, 0x20, 0)) for at in each.hidden_rows)
        for row, column, value in each.cells:
            form = 1 if (row, column) in each.dates else 0
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                body += record(0x0204, struct.pack("<HHH", row, column, form) + text)
            else:
                body += record(0x0203, struct.pack("<HHHd", row, column, form, value))
        bodies += body + end
    return compound_file({"Workbook": globals_ + end + bodies})


def binary_workbook(name: str, rows: Sequence[Sequence[str | float]]) -> bytes:
    """An .xlsb with one sheet."""

    def record(kind: int, content: bytes = b"") -> bytes:
        number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return number + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + text("rId1") + text(name))
    sheet = record(129) + record(148, struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + record(145)
    for row, values in enumerate(rows):
        sheet += record(0, struct.pack("<I", row) + bytes(13))
        for column, value in enumerate(values):
            place = struct.pack("<II", column, 0)
            sheet += (
                record(6, place + text(value))
                if isinstance(value, str)
                else record(5, place + struct.pack("<d", value))
            )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    line = f'<Relationship Id="rId1" Type="{kind}" Target="worksheets/sheet1.bin"/>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.bin", book + record(144) + record(132))
        archive.writestr("xl/worksheets/sheet1.bin", sheet + record(146) + record(130))
        archive.writestr("xl/_rels/workbook.bin.rels", f'<Relationships xmlns="{relations}">{line}</Relationships>')
    return buffer.getvalue()
