"""Files inside other files: how a container lists them, and their names made harmless.

A container (archive, mailbox, mail) walks over its :class:`Inner` files, always in the same order. Reading turns the
walk into the table of contents, extracting takes the bytes at given positions from it. What a member is, and whether
its type is read, is decided by whoever asks for its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from citewell.cleaning import clean_line
from citewell.errors import ParseError, ParseReason
from citewell.parsing.builder import Builder
from citewell.parsing.parsed import Member

MAX_ENTRIES = 10_000  # also what the wire carries
MAX_STEP = 200  # characters of one step of a path; file systems allow 255 bytes
MAX_NAME = 1_000

_DRIVE = re.compile(r"^[A-Za-z]:")
_LEFT_OUT = ("__MACOSX/", "/__MACOSX/")  # what macOS stores beside every file


@dataclass(frozen=True, slots=True)
class Inner:
    """One file inside another. name: as the container has it. size: in bytes, as declared.

    load: its bytes, or a :class:`ParseError`; to be called before the walk goes on. reason, message: why it is not
    read, as far as the table of contents says so.
    """

    name: str
    size: int
    load: Callable[[], bytes]
    reason: ParseReason | Literal[""] = ""
    message: str = ""


Walk = Iterator[Inner]


def refuse(name: str, size: int, reason: ParseReason, message: str) -> Inner:
    """An inner file that is listed and not read."""

    def load() -> bytes:
        raise ParseError(reason, message)

    return Inner(name, size, load, reason, message)


def left_out(path: str) -> bool:
    """Whether a file says nothing to anybody: what macOS puts into every archive it makes."""
    path = path.replace("\\", "/")
    return path.startswith(_LEFT_OUT[0]) or _LEFT_OUT[1] in path or path.rpartition("/")[2] == ".DS_Store"


def collect(walk: Iterable[Inner], out: Builder) -> None:
    """Write the table of contents."""
    names = Names()
    for inner in walk:
        if len(out.members) == MAX_ENTRIES:
            raise ParseError("too_large", f"'{out.name}' holds more than {MAX_ENTRIES:,} files. Split it.")
        name = names.unique(label(inner.name) or f"member {len(out.members) + 1}")
        out.members.append(Member(name, max(0, inner.size), inner.reason, inner.message[:MAX_NAME]))


def take(walk: Iterable[Inner], numbers: Sequence[int], name: str, limit: int) -> list[bytes | ParseError]:
    """The bytes of the members at these positions. limit: bytes of all of them together."""
    wanted = set(numbers)
    found: dict[int, bytes | ParseError] = {}
    absent = ParseError("vanished", f"'{name}' has no member at this position. It is not the file that was listed.")
    try:
        for number, inner in enumerate(walk):
            if number in wanted:
                found[number] = answer = _load(inner, limit)
                limit -= len(answer) if isinstance(answer, bytes) else 0
            if len(found) == len(wanted):
                break
    except ParseError as error:  # damaged from here on
        if not found:
            raise
        absent = error
    return [found.get(number, absent) for number in numbers]


def _load(inner: Inner, limit: int) -> bytes | ParseError:
    if inner.reason:
        return ParseError(inner.reason, inner.message)
    if inner.size > limit:
        return _too_large(inner)
    try:
        data = inner.load()
    except ParseError as error:
        return error
    return data if len(data) <= limit else _too_large(inner)


def _too_large(inner: Inner) -> ParseError:
    return ParseError(
        "too_large",
        f"'{label(inner.name)}' has {inner.size / 2**20:.1f} MB, more than what is handed over at once. Take it out of "
        "its container and add it by itself, or raise CITEWELL_PARSING_OUTPUT_MEGABYTES.",
    )


def label(path: str) -> str:
    """A relative path that is safe to show: no drive, no root, no way up, nothing invisible. May be empty."""
    path = _DRIVE.sub("", path.replace("\\", "/").replace("\x00", ""))
    steps = [_step(step) for step in path.split("/")]
    steps = [step for step in steps if step not in {"", ".", ".."}]
    while len(steps) > 1 and sum(len(step) + 1 for step in steps) > MAX_NAME:
        del steps[0]
    return "/".join(steps)


def _step(text: str) -> str:
    text = "".join(character for character in clean_line(text) if character.isprintable())
    if len(text) > MAX_STEP:
        suffix = PurePosixPath(text).suffix[:20]
        text = text[: MAX_STEP - len(suffix)] + suffix
    return text.strip()


class Names:
    """Gives a second file of the same name another one: ``a.txt``, ``a (2).txt``."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def unique(self, name: str) -> str:
        found = name
        path = PurePosixPath(name)
        while found in self._taken:
            count = self._counts[name] = self._counts.get(name, 1) + 1
            found = str(path.with_name(f"{path.stem} ({count}){path.suffix}"))
        self._taken.add(found)
        return found
