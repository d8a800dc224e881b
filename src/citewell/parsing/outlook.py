"""Outlook messages (.msg): a compound file of MAPI properties, as [MS-OXMSG] describes, read as the mail it is."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import olefile

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import compressed_rtf, letter
from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.parsing.letter import Letter
from citewell.parsing.mail import WRAPPINGS, special
from citewell.parsing.members import Inner, Walk, refuse

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_DEPTH = 5  # messages within messages; the caller stops opening them before

_PROPERTIES = "__properties_version1.0"
_HEADER_BYTES = {"message": 32, "embedded": 24, "other": 8}  # [MS-OXMSG] 2.4.1
_TEXT, _TEXT8, _BINARY = "001F", "001E", "0102"

# Property ids, [MS-OXPROPS]
_CLASS, _SUBJECT, _BODY, _HTML, _RTF = 0x001A, 0x0037, 0x1000, 0x1013, 0x1009
_SENDERS = ((0x0042, 0x5D02, 0x0065), (0x0C1A, 0x5D01, 0x0C1F))  # name, SMTP address, address; on behalf of, then by
_TO, _CC = 0x0E04, 0x0E03
_DATES = (0x0039, 0x0E06, 0x3007)  # sent, delivered, created
_MESSAGE_ID, _IN_REPLY_TO, _REFERENCES, _CODE_PAGES = 0x1035, 0x1042, 0x1039, (0x3FDE, 0x3FFD)
_DATA, _METHOD, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = 0x3701, 0x3705, 0x3707, 0x3704, 0x3001
_MIME_TYPE, _CONTENT_ID, _HIDDEN, _SMTP, _ADDRESS, _KIND = 0x370E, 0x3712, 0x7FFE, 0x39FE, 0x3003, 0x0C15
_BY_VALUE, _EMBEDDED = 1, 5  # values of _METHOD

_BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError)


def read(data: bytes, out: Builder) -> None:
    letter.write(_open(data, out.name), out)
    out.media_type = "application/vnd.ms-outlook"


def walk(data: bytes, name: str) -> Walk:
    """The files attached to a message; a message within it as an ``.eml`` file."""
    yield from _open(data, name).files


def is_message(data: bytes) -> bool:
    """Whether a compound file is a message at its root, not only one that holds a message somewhere."""
    if not data.startswith(COMPOUND) or _PROPERTIES.encode("utf-16-le") not in data:
        return False
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            return bool(file.exists(_PROPERTIES))
    except _BROKEN:
        return False


def _open(data: bytes, name: str) -> Letter:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            storage = _Storage(file, (), "message", name)
            if not storage.exists(_PROPERTIES):
                raise ParseError("corrupt", f"'{name}' is not an Outlook message: it holds no properties of one.")
            return _letter(storage, 0)
    except _BROKEN as error:
        raise ParseError(
            "corrupt", f"'{name}' is damaged: this Outlook message cannot be read ({error}). Save it again in Outlook."
        ) from None


@dataclass(frozen=True, slots=True)
class _Storage:
    """A folder of the compound file that holds one message, recipient or attachment."""

    file: Any
    path: tuple[str, ...]
    kind: str
    name: str

    def exists(self, stream: str) -> bool:
        return bool(self.file.exists([*self.path, stream]))

    def stream(self, stream: str) -> bytes:
        if not self.exists(stream) or self.file.get_type([*self.path, stream]) != olefile.STGTY_STREAM:
            return b""
        with self.file.openstream([*self.path, stream]) as content:
            return bytes(content.read())

    def inner(self, start: str) -> Iterator[_Storage]:
        """Storages directly within this one whose name starts so, in the order of their numbers."""
        depth = len(self.path)
        found = {
            tuple(each[: depth + 1])
            for each in self.file.listdir(streams=True, storages=True)
            if len(each) > depth and tuple(each[:depth]) == self.path and each[depth].startswith(start)
        }
        for path in sorted(found):
            yield _Storage(self.file, path, "other", self.name)

    def fixed(self, wanted: int) -> int | None:
        """A property of fixed size: a number, truth value or time."""
        table = self.stream(_PROPERTIES)
        for at in range(_HEADER_BYTES[self.kind], len(table) - 15, 16):
            kind, number = struct.unpack_from("<HH", table, at)
            if number == wanted:
                value: int = struct.unpack_from("<Q", table, at + 8)[0]
                return value if kind == 0x0040 else value & 0xFFFFFFFF if kind == 0x0003 else value & 1
        return None

    def text(self, number: int) -> str:
        if content := self.stream(_substream(number, _TEXT)):
            return content.decode("utf-16-le", "replace")
        if content := self.stream(_substream(number, _TEXT8)):
            return decode(content, self.name, self.code_page())
        return ""

    def code_page(self) -> str:
        page = next((page for each in _CODE_PAGES if (page := self.fixed(each))), 0)
        return {0: "", 65001: "utf-8", 20127: "ascii", 28591: "latin-1"}.get(page, f"cp{page}")


def _substream(number: int, kind: str) -> str:
    return f"__substg1.0_{number:04X}{kind}"


def _letter(message: _Storage, depth: int) -> Letter:
    bodies = _bodies(message)
    files: list[Inner] = []
    notes: dict[str, None] = {}
    pictures = 0
    for number, attachment in enumerate(message.inner("__attach_version1.0_"), start=1):
        if _is_picture_within(attachment):
            pictures += 1
            continue
        if note := WRAPPINGS.get(attachment.text(_MIME_TYPE).lower()):
            notes[note] = None
            continue
        files.append(inner := _file(attachment, number, depth))
        if inner.reason:
            notes[inner.message] = None
    if pictures:
        what = "1 picture" if pictures == 1 else f"{pictures} pictures"
        notes[f"{what} within the message {'was' if pictures == 1 else 'were'} not looked at."] = None
    return Letter(_fields(message), bodies, files, tuple(notes))


def _fields(message: _Storage) -> dict[str, str]:
    people: dict[int, list[str]] = {}
    for each in message.inner("__recip_version1.0_"):
        person = _person(each.text(_DISPLAY_NAME), each.text(_SMTP) or each.text(_ADDRESS))
        people.setdefault(each.fixed(_KIND) or 1, []).append(person)
    sender = next(
        (
            found
            for name, smtp, address in _SENDERS
            if (found := _person(message.text(name), message.text(smtp) or message.text(address)))
        ),
        "",
    )
    fields = {
        "From": sender,
        "To": ", ".join(people.get(1, ())) or message.text(_TO),
        "Cc": ", ".join(people.get(2, ())) or message.text(_CC),
        "Date": _date(message),
        "Subject": message.text(_SUBJECT),
        "Message-ID": message.text(_MESSAGE_ID),
        "In-Reply-To": message.text(_IN_REPLY_TO),
        "References": message.text(_REFERENCES),
    }
    return {name: value for name, text in fields.items() if (value := clean_line(text)[:5000])}


def _person(name: str, address: str) -> str:
    name, address = clean_line(name).strip("'\""), clean_line(address)
    name = name.replace(f"<{address}>", "").strip("'\" ")
    if "@" not in address or address == name:  # the directory path of an Exchange server says nothing to people
        return name or address
    return f"{name} <{address}>" if name else address


def _date(message: _Storage) -> str:
    for number in _DATES:
        if ticks := message.fixed(number):  # of 100 ns since 1601
            try:
                return format_datetime(datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10))
            except (OverflowError, ValueError):
                continue
    return ""


def _bodies(message: _Storage) -> list[tuple[str, str]]:
    """The plain text when it says something, else HTML, else rich text."""
    if (plain := message.text(_BODY)).strip():
        return [("text", plain)]
    content = message.stream(_substream(_HTML, _BINARY))
    page = decode(content, message.name, message.code_page()) if content else message.text(_HTML)
    if page.strip():
        return [("html", page)]
    return [("text", compressed_rtf.text_of(message.stream(_substream(_RTF, _BINARY))))]


def _is_picture_within(attachment: _Storage) -> bool:
    name = (attachment.text(_LONG_NAME) or attachment.text(_SHORT_NAME)).lower()
    picture = attachment.text(_MIME_TYPE).lower().startswith("image/") or name.endswith(
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emz", ".wmf")
    )
    return picture and bool(attachment.text(_CONTENT_ID) or attachment.fixed(_HIDDEN))


def _file(attachment: _Storage, number: int, depth: int) -> Inner:
    given = attachment.text(_LONG_NAME) or attachment.text(_SHORT_NAME) or attachment.text(_DISPLAY_NAME)
    name = clean_line(given) or f"attachment {number}"
    method = attachment.fixed(_METHOD)
    if method == _EMBEDDED:
        return _message(attachment, clean_line(attachment.text(_DISPLAY_NAME)), number, depth)
    if method not in {None, _BY_VALUE}:
        return refuse(name, 0, "unsupported", f"'{name}' is a link to a file or an object of another program; the "
                      "message does not hold it as a file.")  # fmt: skip
    return special(name, attachment.text(_MIME_TYPE).lower(), attachment.stream(_substream(_DATA, _BINARY)))


def _message(attachment: _Storage, title: str, number: int, depth: int) -> Inner:
    name = f"{title.replace('/', '-').replace(chr(92), '-')[:150] or f'message {number}'}.eml"
    if depth >= MAX_DEPTH:
        return refuse(name, 0, "too_large", f"'{name}' lies more than {MAX_DEPTH} messages deep and was not opened.")
    path = (*attachment.path, _substream(_DATA, "000D"))
    data = letter.compose(_letter(_Storage(attachment.file, path, "embedded", attachment.name), depth + 1))
    return Inner(name, len(data), lambda: data)
