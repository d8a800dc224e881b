"""Filters: what a search is restricted to, and the one place where restrictions become the engine's SQL.

Every value is quoted by :func:`quote` or checked to be a date; nothing a user types reaches the engine unquoted. A
filter is a conjunction: fields are joined by AND, the values within one field by OR (``metadata`` pairs by AND).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citewell.access import Scope
from citewell.errors import SettingsError

_LABEL_SEPARATOR = "\x1f"  # ASCII unit separator: in no sensible key


@dataclass(frozen=True, slots=True)
class Filters:
    """What to search in; empty fields do not restrict.

    uris: glob patterns over the whole URI (``*`` any characters, ``?`` one, ``[ab]`` a set, ``[!ab]`` its complement).
    media_types, languages, sources: exact values, any of them. after, before: ISO 8601 date or date-time compared as
    text with ``modified_at``, ``after <= modified_at < before``; undated documents match neither. metadata: pairs that
    must all be present; a list in the document's metadata matches when one of its items does.
    """

    uris: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("after", self.after), ("before", self.before)):
            if value:
                _check_date(name, value)


def condition(scope: Scope, filters: Filters | None = None) -> str | None:
    """The engine's condition for what ``scope`` may read and ``filters`` keep; ``None`` when nothing is restricted."""
    parts: list[str] = []
    if scope.principals is not None:
        parts.append(_any_of("readers", scope.principals))
    if filters is not None:
        if filters.uris:
            parts.append("(" + " OR ".join(_uri_matches(pattern) for pattern in filters.uris) + ")")
        for column, values in (
            ("media_type", filters.media_types),
            ("language", filters.languages),
            ("source_id", filters.sources),
        ):
            if values:
                parts.append(one_of(column, values))
        if filters.after:
            parts.append(f"modified_at >= {quote(filters.after)}")
        if filters.before:
            parts.append(f"(modified_at != '' AND modified_at < {quote(filters.before)})")
        parts.extend(_any_of("labels", [label(key, value)]) for key, value in filters.metadata)
    return " AND ".join(parts) if parts else None


def both(first: str | None, second: str) -> str:
    """Two conditions joined by AND."""
    return second if first is None else f"({first}) AND ({second})"


def quote(value: str) -> str:
    """An SQL string literal. A quote is doubled; no other character is special in the engine's literals."""
    return "'" + value.replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """``column IN (…)``; false for no values."""
    quoted = ", ".join(quote(value) for value in sorted(set(values)))
    return f"{column} IN ({quoted})" if quoted else "false"


def labels_of(metadata: Mapping[str, Any]) -> list[str]:
    """The searchable ``key``/``value`` pairs of a document's metadata: its scalars and the scalars of its lists."""
    found = set()
    for key, value in metadata.items():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, bool):
                found.add(label(key, "true" if item else "false"))
            elif isinstance(item, (str, int, float)):
                found.add(label(key, str(item)))
    return sorted(found)


def label(key: str, value: str) -> str:
    """One metadata pair as it is stored and looked up."""
    return f"{key}{_LABEL_SEPARATOR}{value}"


def _any_of(column: str, values: Iterable[str]) -> str:
    quoted = ", ".join(quote(value) for value in sorted(set(values)))
    return f"array_has_any({column}, [{quoted}])" if quoted else "false"


def _uri_matches(pattern: str) -> str:
    if not any(character in pattern for character in "*?["):
        return f"uri = {quote(pattern)}"
    return f"regexp_like(uri, {quote(f'^(?s:{_glob_to_regex(pattern)})$')})"


def _glob_to_regex(pattern: str) -> str:
    """A glob as a regular expression both Python and the engine's (Rust) dialect read alike."""
    out, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            out.append(".*")
        elif character == "?":
            out.append(".")
        elif character == "[" and (end := pattern.find("]", position + 1)) > 0:
            members = pattern[position:end]
            negated, members = members.startswith("!"), members.removeprefix("!")
            position = end + 1
            if members:
                out.append(f"[{'^' if negated else ''}{_set_members(members)}]")
        else:
            out.append(re.escape(character))
    return "".join(out)


def _set_members(members: str) -> str:
    """Characters of a glob set; a range ``a-z`` that runs backwards is read as its three characters."""
    out, position = [], 0
    while position < len(members):
        span = members[position : position + 3]
        if len(span) == 3 and span[1] == "-" and span[0] <= span[2]:
            out.append(f"{re.escape(span[0])}-{re.escape(span[2])}")
            position += 3
        else:
            out.append(re.escape(members[position]))
            position += 1
    return "".join(out)


def _check_date(name: str, value: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise SettingsError(
            f"filter {name} is '{value}'. Expected an ISO 8601 date or date-time such as 2024-05-31."
        ) from None
