"""What an archive says, checked value by value before it becomes rows: types, lengths, ids, rights, places.

Nothing is believed that can be computed: ids are recomputed, a passage is only a place in a document that was read
before, and its text, context and locators come from there.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import PurePath
from typing import Any, get_args

from citewell.access import check_principal
from citewell.catalog import Item, Source, Status
from citewell.errors import ParseReason, SettingsError
from citewell.parsing import wire
from citewell.parsing.parsed import Parsed
from citewell.records import Block, Document, Json, Passage, content_id

_HEX = frozenset("0123456789abcdef")
_STATUSES = frozenset(get_args(Status))
_REASONS = frozenset({"", *get_args(ParseReason)})
_MAX_PATH, _MAX_TEXT, _MAX_NUMBER = 20_000, 100_000, 1 << 62
_MAX_SIGNATURE = 1 << 20  # bytes
_MAX_READERS = 10_000


Check = Callable[[Any], Any]


class BadValueError(ValueError):
    """A value in an archive is not what an export writes."""


def source(data: Any) -> Source:
    """A source whose id is that of its kind and location."""
    row = _object(data, Source)
    found = Source(
        id=_id(row["id"]), kind=_text(row["kind"], 16), location=_text(row["location"], _MAX_PATH),
        added_at=_time(row["added_at"]), synced_at=_time(row["synced_at"]),
    )  # fmt: skip
    if found.kind != "files" or not PurePath(found.location).is_absolute():
        raise BadValueError("a source is not a place for files")
    if found.id != content_id(found.kind, found.location):
        raise BadValueError("a source has an id that is not its own")
    return found


def item(data: Any, sources: Mapping[str, Source]) -> Item:
    """An item of one of ``sources``, inside it, with the id of its source and URI."""
    row = _object(data, Item)
    checks: dict[str, Check] = {
        "size": _number, "attempts": _number, "passages": _number, "mtime_ns": _signed, "seconds": _seconds,
        "readers": _readers, "retry_at": _time, "source_id": _id, "document_id": _id,
        "uri": _path, "container": _path, "version": _id_or_none, "status": _status, "reason": _reason,
    }  # fmt: skip
    values: Json = {}
    for name, value in row.items():
        values[name] = checks[name](value) if name in checks else _text(value, _MAX_TEXT)
    found = Item(**values)
    place = sources.get(found.source_id)
    file = PurePath(found.container or found.uri)
    if place is None or not file.is_relative_to(place.location) or ".." in file.parts:
        raise BadValueError("an item is in no source")
    if found.container and not found.uri.startswith(f"{found.container}!/"):
        raise BadValueError("an item is not inside its container")
    if found.document_id != content_id(found.source_id, found.uri):
        raise BadValueError("an item has an id that is not its own")
    return found


def signature(data: Any) -> bytes:
    try:
        found = base64.b64decode(_text(data, 2 * _MAX_SIGNATURE), validate=True)
    except (binascii.Error, ValueError):
        raise BadValueError("a signature is not base64") from None
    if len(found) > _MAX_SIGNATURE:
        raise BadValueError("a signature is too long")
    return found


def parse(data: Any) -> Parsed:
    """A parsed document, checked like the answer of a parser process: just as little trusted."""
    try:
        return wire.decode(wire.encode(Parsed.from_json(data)))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise BadValueError(f"a parsed document is not one of ours ({error})") from None


def passage(document: Document, row: Mapping[str, Any], occurrences: dict[str, int]) -> Passage:
    """The passage of ``document`` that a row points at. occurrences: of each text so far, in reading order."""
    start, end = row["start"], row["end"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(document.text):
        raise BadValueError("a passage lies outside its document")
    text = document.text[start:end]
    headings = tuple(_text(each, _MAX_TEXT) for each in row["heading_path"])
    header = _text(row["header"], _MAX_TEXT)
    touched = _touched(document, start, end)
    if not touched or not any(set(headings) <= set(block.heading_path) for block in touched):
        raise BadValueError("a passage stands under headings that its document does not have there")
    if header and not any(block.header.startswith(header) for block in touched):
        raise BadValueError("a passage has a table header that its document does not have there")
    occurrences[text] = occurrences.get(text, -1) + 1
    return Passage(
        id=content_id(document.id, text, str(occurrences[text])), document_id=document.id,
        document_version=document.version, source_id=document.source_id, uri=document.uri, title=document.title,
        text=text, span=(start, end), heading_path=headings, header=header, readers=document.readers,
        language=document.language, modified_at=document.modified_at, media_type=document.media_type,
        metadata=document.metadata,
    )  # fmt: skip


def _touched(document: Document, start: int, end: int) -> list[Block]:
    """The blocks that share a character with the span; blocks are in text order and never overlap."""
    first = bisect_right(document.blocks, start, key=lambda block: block.span[1])
    last = bisect_left(document.blocks, end, key=lambda block: block.span[0])
    return list(document.blocks[first:last])


def _object(data: Any, kind: type[Source] | type[Item]) -> Json:
    names = {each.name for each in fields(kind)}
    if not isinstance(data, dict) or set(data) != names:
        raise BadValueError(f"{kind.__name__.lower()}s should have the fields {', '.join(sorted(names))}")
    return data


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise BadValueError(f"something is not a text of at most {limit:,} characters")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadValueError("a text holds half a character")
    return value


def _path(value: Any) -> str:
    return _text(value, _MAX_PATH)


def _status(value: Any) -> str:
    return _one_of(value, _STATUSES)


def _reason(value: Any) -> str:
    return _one_of(value, _REASONS)


def _id(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 32 or not _HEX.issuperset(value):
        raise BadValueError("an id is not 32 hex digits")
    return value


def _id_or_none(value: Any) -> str:
    return _id(value) if value else ""


def _one_of(value: Any, known: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadValueError(f"{str(value)[:40]!r} is none of {', '.join(sorted(known - {''}))}")
    return value


def _time(value: Any) -> str:
    if value != "":
        try:
            datetime.fromisoformat(_text(value, 40))
        except ValueError:
            raise BadValueError("a time is not in ISO 8601") from None
    return str(value)


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise BadValueError("a number is negative or too large")
    return value


def _signed(value: Any) -> int:
    if type(value) is not int or not -_MAX_NUMBER <= value <= _MAX_NUMBER:
        raise BadValueError("a number is too large")
    return value


def _seconds(value: Any) -> float:
    if type(value) not in {int, float} or not 0 <= value <= 1e9:
        raise BadValueError("a duration is negative or too large")
    return float(value)


def _readers(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_READERS:
        raise BadValueError("readers are not a list")
    try:
        return tuple(check_principal(_text(each, 1_000)) for each in value)
    except SettingsError as error:
        raise BadValueError(f"a reader is not a principal ({error})") from None
