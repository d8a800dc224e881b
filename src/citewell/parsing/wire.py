"""What a parser process sends to its parent: plain JSON, checked value by value before it becomes records.

The child read hostile bytes, so the parent believes nothing it says: types, sizes, order and bounds of every span are
checked here, and anything unexpected is one :class:`WireError`. Repeated texts (heading paths, table headers) travel
once and are referred to by number, which keeps large tables small.

    {"title", "media_type", "language", "modified_at", "metadata", "notes", "text",
     "paths": [[heading, …], …], "headers": [text, …],
     "hidden": [[text, reason, locator], …], "members": [[name, size, reason, message], …],
     "blocks": [[kind, start, end, locator, path number, header number, level, [[start, end, locator], …]], …]}

The bytes of members travel behind one line of JSON: ``{"files": [size or [reason, message], …]}``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

from citewell.errors import ParseError, ParseReason
from citewell.parsing.parsed import Member, Parsed
from citewell.records import Block, BlockKind, Hidden, Json, Locator, Place

_KINDS = frozenset(get_args(BlockKind))
_REASONS = frozenset(get_args(ParseReason))
_LOCATOR_TEXTS = ("sheet", "cells", "part")
_LOCATOR_NUMBERS = ("page", "slide")
_LOCATOR_FIELDS = frozenset({*_LOCATOR_TEXTS, *_LOCATOR_NUMBERS, "boxes", "lines", "seconds"})

MAX_SHORT = 2_000  # characters of a title, a locator's part, a note
MAX_LEVEL = 1_000
MAX_METADATA = 100_000  # characters of metadata as JSON
MAX_HIDDEN = 1_000_000  # characters of hidden text; a builder stops collecting far below
MAX_MEMBERS = 10_000


MAX_MESSAGE = 500  # characters of what is said about one member that was not handed over


class WireError(ValueError):
    """The child's answer is not what a parser of ours sends."""


def encode(parsed: Parsed) -> Json:
    """Plain JSON of ``parsed``; the inverse of :func:`decode`."""
    paths: dict[tuple[str, ...], int] = {}
    headers: dict[str, int] = {}
    blocks = [
        [
            block.kind, *block.span, block.locator.to_json(), paths.setdefault(block.heading_path, len(paths)),
            headers.setdefault(block.header, len(headers)), block.level,
            [[*cell.span, cell.locator.to_json()] for cell in block.cells],
        ]
        for block in parsed.blocks
    ]  # fmt: skip
    return {
        "title": parsed.title, "media_type": parsed.media_type, "language": parsed.language,
        "modified_at": parsed.modified_at, "metadata": parsed.metadata, "notes": list(parsed.notes),
        "hidden": [[each.text, each.reason, each.locator.to_json()] for each in parsed.hidden],
        "members": [[each.name, each.size, each.reason, each.message] for each in parsed.members],
        "text": parsed.text, "paths": [list(path) for path in paths], "headers": list(headers), "blocks": blocks,
    }  # fmt: skip


def decode(data: Any) -> Parsed:
    """A checked :class:`Parsed`; raises :class:`WireError`."""
    if not isinstance(data, dict):
        raise WireError("the answer is not an object")
    text = _text(data.get("text"), None, "text")
    paths = [_texts(path, "heading path") for path in _list(data.get("paths"), "paths")]
    headers = [_text(header, None, "header") for header in _list(data.get("headers"), "headers")]
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or len(json.dumps(metadata)) > MAX_METADATA:
        raise WireError("metadata is not a small object")
    members = _members(data.get("members"))
    blocks = _blocks(data.get("blocks"), text, paths, headers)
    if not blocks and not members:
        raise WireError("there are neither blocks nor members")
    return Parsed(
        title=_text(data.get("title"), MAX_SHORT, "title"),
        media_type=_text(data.get("media_type"), 200, "media type"),
        text=text,
        blocks=blocks,
        language=_text(data.get("language"), 20, "language"),
        modified_at=_text(data.get("modified_at"), 40, "date"),
        metadata=metadata,
        notes=tuple(_text(note, MAX_SHORT, "note") for note in _list(data.get("notes"), "notes")),
        hidden=_hidden(data.get("hidden")),
        members=members,
    )


def encode_files(files: Sequence[bytes | ParseError]) -> bytes:
    """Contents or errors of members, in order; the inverse of :func:`decode_files`."""
    table = [len(each) if isinstance(each, bytes) else [each.reason, str(each)[:MAX_MESSAGE]] for each in files]
    head = json.dumps({"files": table}, ensure_ascii=True, separators=(",", ":")).encode()
    return b"\n".join((head, b"".join(each for each in files if isinstance(each, bytes))))


def decode_files(data: bytes, count: int) -> list[bytes | ParseError]:
    """``count`` contents or errors; raises :class:`WireError`."""
    head, _, content = data.partition(b"\n")
    try:
        answer = json.loads(head)
    except ValueError:
        raise WireError("the answer does not begin with JSON") from None
    table = _list(answer.get("files") if isinstance(answer, dict) else None, "files")
    if len(table) != count:
        raise WireError(f"there are {len(table)} files, not {count}")
    found: list[bytes | ParseError] = []
    at = 0
    for row in table:
        if isinstance(row, list):
            found.append(_error(row))
            continue
        size = _number(row, 0, len(content) - at)
        found.append(content[at : at + size])
        at += size
    if at != len(content):
        raise WireError("there are bytes left over")
    return found


def _error(row: list[Any]) -> ParseError:
    if len(row) != 2 or row[0] not in _REASONS:
        raise WireError("an error is not a reason and a message")
    return ParseError(row[0], _text(row[1], MAX_MESSAGE, "message"))


def _hidden(rows: Any) -> tuple[Hidden, ...]:
    found: list[Hidden] = []
    for row in _list(rows, "hidden"):
        if not isinstance(row, list) or len(row) != 3:
            raise WireError("a hidden text is not a list of 3")
        text, reason, locator = row
        found.append(Hidden(_text(text, MAX_HIDDEN, "hidden"), _text(reason, MAX_SHORT, "reason"), _locator(locator)))
    if sum(len(each.text) for each in found) > MAX_HIDDEN:
        raise WireError("there is too much hidden text")
    return tuple(found)


def _members(rows: Any) -> tuple[Member, ...]:
    """Names are labels: relative, without empty, ``.`` or ``..`` steps, all different."""
    found: dict[str, Member] = {}
    for row in _list(rows, "members"):
        if not isinstance(row, list) or len(row) != 4:
            raise WireError("a member is not a list of 4")
        name = _text(row[0], MAX_SHORT, "member name")
        if not {"", ".", ".."}.isdisjoint(name.split("/")) or not name.isprintable() or name in found:
            raise WireError("a member has no usable name")
        reason = _text(row[2], 20, "reason")
        if reason and reason not in _REASONS:
            raise WireError("a member has an unknown reason")
        found[name] = Member(name, _number(row[1], 0, 1 << 62), reason, _text(row[3], MAX_SHORT, "message"))
    if len(found) > MAX_MEMBERS:
        raise WireError(f"there are more than {MAX_MEMBERS} members")
    return tuple(found.values())


def _blocks(rows: Any, text: str, paths: list[tuple[str, ...]], headers: list[str]) -> tuple[Block, ...]:
    found: list[Block] = []
    end = 0
    for row in _list(rows, "blocks"):
        if not isinstance(row, list) or len(row) != 8:
            raise WireError("a block is not a list of 8")
        kind, first, last, locator, path, header, level, cells = row
        if kind not in _KINDS:
            raise WireError("a block has an unknown kind")
        span = _span(first, last, end, len(text))
        if text[span[0]].isspace() or text[span[1] - 1].isspace():
            raise WireError("a block is not stripped")
        end = span[1]
        found.append(
            Block(
                kind=kind,
                span=span,
                locator=_locator(locator),
                heading_path=paths[_number(path, 0, len(paths) - 1)],
                cells=_cells(cells, span),
                header=headers[_number(header, 0, len(headers) - 1)],
                level=_number(level, 0, MAX_LEVEL),
            )
        )
    return tuple(found)


def _cells(rows: Any, span: tuple[int, int]) -> tuple[Place, ...]:
    found: list[Place] = []
    start, end = span
    for row in _list(rows, "cells"):
        if not isinstance(row, list) or len(row) != 3:
            raise WireError("a cell is not a list of 3")
        place = _span(row[0], row[1], start, end)
        start = place[1]
        found.append(Place(place, _locator(row[2])))
    return tuple(found)


def _span(first: Any, last: Any, low: int, high: int) -> tuple[int, int]:
    """A non-empty span that begins at ``low`` or later and ends by ``high``."""
    start = _number(first, low, high)
    return start, _number(last, start + 1, high)


def _locator(data: Any) -> Locator:
    if not isinstance(data, dict) or not _LOCATOR_FIELDS.issuperset(data):
        raise WireError("a locator has unknown fields")
    for name in _LOCATOR_TEXTS:
        if name in data:
            _text(data[name], MAX_SHORT, name)
    for name in _LOCATOR_NUMBERS:
        if name in data:
            _number(data[name], 1, 10_000_000)
    for box in _list(data.get("boxes", []), "boxes"):
        _reals(box, 4)
    if "seconds" in data:
        _reals(data["seconds"], 2)
    if "lines" in data:
        lines = _list(data["lines"], "lines")
        if len(lines) != 2:
            raise WireError("lines are not two numbers")
        _number(lines[1], _number(lines[0], 1, 1 << 31), 1 << 31)
    return Locator.from_json(data)


def _text(value: Any, limit: int | None, name: str) -> str:
    if not isinstance(value, str) or (limit is not None and len(value) > limit):
        raise WireError(f"{name} is not a text of at most {limit} characters")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise WireError(f"{name} holds half a character")
    return value


def _texts(values: Any, name: str) -> tuple[str, ...]:
    return tuple(_text(value, None, name) for value in _list(values, name))


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise WireError(f"{name} is not a list")
    return value


def _number(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise WireError(f"a number is not between {low} and {high}")
    return value


def _reals(value: Any, count: int) -> None:
    if not isinstance(value, list) or len(value) != count:
        raise WireError(f"not a list of {count} numbers")
    for each in value:
        if type(each) not in {int, float} or not -1e7 < each < 1e7:
            raise WireError("a coordinate is out of range")
