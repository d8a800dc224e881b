"""Compound files (OLE 2, [MS-CFB]): what the Office formats of before 2007 are stored in."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import olefile

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.packages import MACROS

Kind = Literal["doc", "xls", "ppt", "encrypted", ""]

BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError)

_STREAMS: dict[str, Kind] = {
    "EncryptedPackage": "encrypted", "WordDocument": "doc", "Workbook": "xls", "Book": "xls",
    "PowerPoint Document": "ppt",
}  # fmt: skip
_CODE_PAGE, _TITLE, _AUTHOR, _CREATED, _SAVED = 1, 2, 4, 12, 13  # properties of a summary
_SHORT, _STRING, _FILE_TIME = 0x02, 0x1E, 0x40  # kinds of value
_MAX_PROPERTIES, _MAX_STRING = 100, 4_000

_MACROS = frozenset(("macros", "_vba_project_cur", "vba"))


def kind(data: bytes) -> Kind:
    """What a compound file is by the streams at its root, whatever is embedded deeper."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            return next((kind for stream, kind in _STREAMS.items() if file.exists(stream)), "")
    except BROKEN:
        return ""


def open_compound(data: bytes, name: str) -> Any:
    """The opened file. Raises :class:`ParseError`."""
    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except BROKEN as error:
        raise damaged(name, str(error)) from None


def stream(file: Any, path: str, name: str) -> bytes:
    """A stream's bytes, empty when there is none of this name. Raises :class:`ParseError`."""
    try:
        return bytes(file.openstream(path).read()) if file.exists(path) else b""
    except BROKEN as error:
        raise damaged(name, f"{path}: {error}") from None


def damaged(name: str, what: str) -> ParseError:
    return ParseError(
        "corrupt", f"'{name}' is damaged ({what[:200]}). Open it in its office program and save it again."
    )


def protected(name: str) -> ParseError:
    return ParseError(
        "encrypted",
        f"'{name}' is protected by a password. Open it in its Office program, save a copy without the password, and "
        "add that.",
    )


def describe(file: Any, out: Builder) -> None:
    """Title, author and date of the summary; a note when there are macros."""
    found = _summary(stream(file, "\x05SummaryInformation", out.name))
    page = found.get(_CODE_PAGE, 1252)
    codec = {65001: "utf-8", 1200: "utf-16-le", 10000: "mac_roman"}.get(page, f"cp{page}")
    out.title = _words(found.get(_TITLE), codec)
    if author := _words(found.get(_AUTHOR), codec):
        out.metadata["author"] = author
    out.modified_at = _date(found.get(_SAVED)) or _date(found.get(_CREATED))
    try:
        storages = {entry[0].lower() for entry in file.listdir(streams=False, storages=True)}
    except BROKEN:
        return
    if storages & _MACROS:
        out.notes.append(MACROS)


def _summary(data: bytes) -> dict[int, Any]:
    """Properties by number ([MS-OLEPS] 2.21). olefile reads all of them, and a made-up count keeps it for minutes."""
    found: dict[int, Any] = {}
    start = number(data, 44, 4)
    for index in range(min(number(data, start + 4, 4), _MAX_PROPERTIES)):
        identity, at = (number(data, start + 8 + 8 * index + step, 4) for step in (0, 4))
        kind, at = number(data, start + at, 4), start + at + 4
        if kind == _SHORT:
            found[identity] = number(data, at, 2)
        elif kind == _STRING:
            found[identity] = data[at + 4 : at + 4 + min(number(data, at, 4), _MAX_STRING)]
        elif kind == _FILE_TIME:
            found[identity] = number(data, at, 8)
    return found


def _words(value: Any, codec: str) -> str:
    if not isinstance(value, bytes):
        return ""
    try:
        text = value.decode(codec, "replace")
    except LookupError:
        text = value.decode("cp1252", "replace")
    return clean_line(text.partition("\0")[0])[:300]


def _date(value: Any) -> str:
    """ISO 8601 of a file time: tenths of a microsecond since 1601. An empty one is 0, or close to it."""
    if not isinstance(value, int):
        return ""
    try:
        found = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 10)
    except OverflowError:
        return ""
    return found.isoformat(timespec="seconds") if found.year > 1970 else ""


def number(data: bytes, at: int, size: int) -> int:
    """An unsigned little-endian number; 0 beyond the end."""
    return int.from_bytes(data[at : at + size], "little")
