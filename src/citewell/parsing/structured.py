"""JSON and JSON lines. Records become rows of ``key: value``, nested objects become dotted fields.

Locators are JSON pointers (RFC 6901) in ``part``, and for JSON lines also the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.records import Locator

MAX_DEPTH = 100
_FIELD_CHARACTERS = 1500  # fields of one object are grouped up to this length
_HUGE_DIGITS = 300  # longer integers stay text: turning them into numbers takes quadratic time
_TITLE_KEYS = ("title", "name", "subject", "headline")


def read_json(data: bytes, out: Builder) -> None:
    out.media_type = "application/json"
    text = decode(data, out.name)
    try:
        value = _load(text, out.name, 1)
    except ParseError:
        if not _is_lines(text):
            raise
        read_lines(data, out)
        return
    if isinstance(value, dict):
        out.title = next((str(value[k]) for k in _TITLE_KEYS if isinstance(value.get(k), str) and value[k].strip()), "")
    _write(value, "", Locator(), out)


def read_lines(data: bytes, out: Builder) -> None:
    """One value per line; a broken line is noted, and only a file without a single good line is an error."""
    out.media_type = "application/x-ndjson"
    broken: list[int] = []
    problem: ParseError | None = None
    table = out.table()
    for number, line in enumerate(decode(data, out.name).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _load(line, out.name, number)
        except ParseError as error:
            broken.append(number)
            problem = error
            continue
        table.row(_cells(value, "", number), Locator(lines=(number, number)))
    if problem is not None and not out.blocks:
        raise problem
    if broken:
        shown = ", ".join(map(str, broken[:10]))
        out.notes.append(f"{len(broken)} lines are not JSON and were left out: {shown}{' …' if broken[10:] else ''}.")


def _is_lines(text: str) -> bool:
    """Several values, one per line, in a file that is named as if it held one."""
    lines = [line for line in text[:100_000].split("\n") if line.strip()][:3]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line, parse_int=_integer), dict) for line in lines[:2])
    except (ValueError, RecursionError):
        return False


def _load(text: str, name: str, line: int) -> Any:
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise ParseError(
            "corrupt",
            f"'{name}' is not valid JSON: {error.msg} at line {error.lineno + line - 1}, column {error.colno}. "
            "Correct it there.",
        ) from None
    except RecursionError:
        raise ParseError("too_large", f"'{name}' nests deeper than this program can read.") from None


def _integer(digits: str) -> int | str:
    return digits if len(digits) > _HUGE_DIGITS else int(digits)


def _write(value: Any, pointer: str, place: Locator, out: Builder) -> None:
    """One top-level value: an array of records, an object, or a single value."""
    if isinstance(value, list):
        _records(value, pointer, out)
    elif isinstance(value, dict):
        plain = {key: each for key, each in value.items() if not _is_records(each)}
        _fields(plain, pointer, out)
        for key, each in value.items():
            if _is_records(each):
                out.heading(str(key), 1, _at(f"{pointer}/{_escape(key)}"))
                _records(each, f"{pointer}/{_escape(key)}", out)
    else:
        out.add("field", _scalar(value), _at(pointer))


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _records(values: list[Any], pointer: str, out: Builder) -> None:
    table = out.table()
    for number, value in enumerate(values):
        table.row(_cells(value, f"{pointer}/{number}", None), _at(f"{pointer}/{number}"))


def _cells(value: Any, pointer: str, line: int | None) -> Iterator[tuple[str, Locator]]:
    lines = None if line is None else (line, line)
    for name, own, leaf in _leaves(value, "", pointer, 0):
        yield (f"{name}: {leaf}" if name else leaf), Locator(part=_short(own) or None, lines=lines)


def _fields(value: dict[str, Any], pointer: str, out: Builder) -> None:
    """Each top-level member's leaves, grouped into blocks of a readable size."""
    for key, each in value.items():
        own = f"{pointer}/{_escape(key)}"
        group: list[str] = []
        first = own
        for name, place, leaf in _leaves(each, str(key), own, 1):
            if not group:
                first = place
            group.append(f"{name}: {leaf}")
            if sum(map(len, group)) > _FIELD_CHARACTERS:
                out.add("field", "\n".join(group), _at(first))
                group = []
        out.add("field", "\n".join(group), _at(own if first.startswith(own) and len(group) > 1 else first))


def _leaves(value: Any, name: str, pointer: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(dotted name, pointer, text) of every scalar; a list of scalars is one leaf."""
    if depth > MAX_DEPTH:
        raise ParseError("too_large", f"The JSON nests more than {MAX_DEPTH} levels deep at {pointer[:100]}….")
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{name}.{key}" if name else str(key), f"{pointer}/{_escape(key)}", depth + 1)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{name}.{number}" if name else str(number), f"{pointer}/{number}", depth + 1)
    else:
        text = ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)
        if text := clean_line(text):
            yield clean_line(name), pointer, text


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _escape(key: str) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _at(pointer: str) -> Locator:
    return Locator(part=_short(pointer) or None)


def _short(pointer: str) -> str:
    return clean_line(pointer)[:500]
