"""JSON and JSON lines. Records become rows of ``key: value``, nested objects become dotted fields.

Locators are JSON pointers (RFC 6901) in ``part``, with the lines where the file has more than one. What is not JSON
after all is read as plain text, with a note.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import text as plain_text
from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.parsing.json_places import Places, places
from citewell.records import Locator

MAX_DEPTH = 100
_FIELD_CHARACTERS = 1500  # fields of one object are grouped up to this length
_HUGE_DIGITS = 300  # longer integers stay text: turning them into numbers takes quadratic time
_TITLE_KEYS = ("title", "name", "subject", "headline")


def read_json(data: bytes, out: Builder) -> None:
    out.media_type = "application/json"
    text = decode(data, out.name)
    try:
        value = load(text, out.name)
    except ParseError as error:
        if error.reason == "too_large":
            raise
        if _is_lines(text):
            read_lines(data, out)
        else:
            _read_as_text(text, out, str(error))
        return
    if isinstance(value, dict):
        out.title = next((str(value[k]) for k in _TITLE_KEYS if isinstance(value.get(k), str) and value[k].strip()), "")
    _write(value, "", _Place(places(text)), out)


def read_lines(data: bytes, out: Builder) -> None:
    """One value per line; a broken line is noted, and a file without a single good line is read as plain text."""
    out.media_type = "application/x-ndjson"
    broken: list[int] = []
    problem = ""
    table = out.table()
    text = decode(data, out.name)
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = load(line, out.name, number)
        except ParseError as error:
            if error.reason == "too_large":
                raise
            broken.append(number)
            problem = problem or str(error)
            continue
        table.row(_cells(value, "", _Place({}, number)), Locator(lines=(number, number)))
    if problem and not out.blocks:
        _read_as_text(text, out, problem)
    elif broken:
        shown = ", ".join(map(str, broken[:10]))
        out.notes.append(f"{len(broken)} lines are not JSON and were left out: {shown}{' …' if broken[10:] else ''}.")


def _read_as_text(text: str, out: Builder, problem: str) -> None:
    out.media_type = "text/plain"
    plain_text.write(text, out)
    problem = problem.removesuffix(" Correct it there.").rstrip(".")
    out.notes.append(f"{problem[:400]}; it was read as plain text.")


def _is_lines(text: str) -> bool:
    """Several values, one per line, in a file that is named as if it held one."""
    lines = [line for line in text[:100_000].split("\n") if line.strip()][:3]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line, parse_int=_integer), dict) for line in lines[:2])
    except (ValueError, RecursionError):
        return False


def load(text: str, name: str, line: int = 1) -> Any:
    """One JSON value. line: of the file, where the text begins. Raises :class:`ParseError`."""
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where values stand. known: lines by pointer. line: of all of them, in JSON lines."""

    known: Places
    line: int = 0

    def at(self, pointer: str) -> Locator:
        lines = (self.line, self.line) if self.line else self.known.get(pointer)
        return Locator(part=clean_line(pointer)[:500] or None, lines=lines)

    def between(self, first: str, last: str) -> tuple[int, int] | None:
        start, end = self.known.get(first), self.known.get(last)
        return (start[0], end[1]) if start and end else None


def _write(value: Any, pointer: str, place: _Place, out: Builder) -> None:
    """One top-level value: an array of records, an object, or a single value."""
    if isinstance(value, list):
        _records(value, pointer, place, out)
    elif isinstance(value, dict):
        plain = {key: each for key, each in value.items() if not _is_records(each)}
        _fields(plain, pointer, place, out)
        for key, each in value.items():
            if _is_records(each):
                own = f"{pointer}/{_escape(key)}"
                out.heading(str(key), 1, replace(place.at(own), lines=None))
                _records(each, own, place, out)
    else:
        out.add("field", _scalar(value), place.at(pointer))


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _records(values: list[Any], pointer: str, place: _Place, out: Builder) -> None:
    table = out.table()
    for number, value in enumerate(values):
        own = f"{pointer}/{number}"
        table.row(_cells(value, own, place), place.at(own))


def _cells(value: Any, pointer: str, place: _Place) -> Iterator[tuple[str, Locator]]:
    for name, own, leaf in _leaves(value, "", pointer, 0):
        yield (f"{name}: {leaf}" if name else leaf), place.at(own)


def _fields(value: dict[str, Any], pointer: str, place: _Place, out: Builder) -> None:
    """Each top-level member's leaves, grouped into blocks of a readable size."""
    for key, each in value.items():
        own = f"{pointer}/{_escape(key)}"
        group: list[str] = []
        first = last = own
        for name, at, leaf in _leaves(each, str(key), own, 1):
            if not group:
                first = at
            group.append(f"{name}: {leaf}")
            last = at
            if sum(map(len, group)) > _FIELD_CHARACTERS:
                out.add("field", "\n".join(group), replace(place.at(first), lines=place.between(first, last)))
                group = []
        shown = own if first.startswith(own) and len(group) > 1 else first
        out.add("field", "\n".join(group), replace(place.at(shown), lines=place.between(first, last)))


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
