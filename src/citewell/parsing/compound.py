"""Compound files (OLE 2, [MS-CFB]): what the Office formats of before 2007 are stored in."""

from __future__ import annotations

import io
import struct
from datetime import datetime
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
    try:
        found = file.get_metadata()
        page = found.codepage
        title, author = _words(found.title, page), _words(found.author, page)
        dates = [each for each in (found.last_saved_time, found.create_time) if isinstance(each, datetime)]
        storages = {entry[0].lower() for entry in file.listdir(streams=False, storages=True)}
    except BROKEN:
        return  # a summary is a courtesy
    out.title = title[:300]
    if author:
        out.metadata["author"] = author[:300]
    if dates and dates[0].year > 1970:  # an empty date is 1601
        out.modified_at = dates[0].isoformat(timespec="seconds")
    if storages & _MACROS:
        out.notes.append(MACROS)


def _words(value: Any, page: Any) -> str:
    if not isinstance(value, bytes):
        return ""
    codec = {65001: "utf-8", 1200: "utf-16-le", 10000: "mac_roman"}.get(page, f"cp{page}")
    try:
        return clean_line(value.decode(codec, "replace"))
    except LookupError:
        return clean_line(value.decode("cp1252", "replace"))


def number(data: bytes, at: int, size: int) -> int:
    """An unsigned little-endian number; 0 beyond the end."""
    return int.from_bytes(data[at : at + size], "little")
