"""The errors Citewell raises, split by what the caller can do about them.

    CitewellError
    ├── UserError                 the user must change something; printed without a traceback, exit status 2
    │   ├── PathError             a path is missing, empty or unreadable
    │   ├── MassRemovalError      a source lost so many files at once that someone should look first
    │   ├── QuestionError         a question is empty or too long
    │   ├── SettingsError         a setting is unknown, out of range or contradicts another
    │   ├── CollectionError       a directory is not a collection, is newer than this release, or is in use
    │   ├── EncoderMismatchError  the collection was indexed with another encoder
    │   ├── StorageError          the system refused to read or write the collection: a full disk, a broken one
    │   ├── DataError             a data set (BEIR, SQuAD, …) does not have the expected layout
    │   ├── ParserStartError      the processes that parse files cannot be started at all
    │   └── MissingExtraError     an optional package is needed; the message holds the install command
    ├── ParseError                one document could not be read; the run goes on and lists it
    └── IntegrityError            stored data contradicts itself; exit status 1

Every message says what was found, what was expected and what to do next.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Literal

ParseReason = Literal[
    "encrypted", "empty", "no_text", "unsupported", "corrupt", "too_large", "timeout", "memory", "crashed",
    "unreadable", "vanished", "changing", "special", "link",
]  # fmt: skip

RETRYABLE: frozenset[str] = frozenset({"timeout", "memory", "crashed", "unreadable", "vanished", "changing"})
"""Reasons that may pass by themselves: the machine was busy, a drive was away, someone was writing."""


class CitewellError(Exception):
    """Base of everything Citewell raises on purpose."""


class UserError(CitewellError):
    """The user must change something. Front ends print the message alone."""


class PathError(UserError):
    """A path is missing, empty or unreadable."""


class MassRemovalError(UserError):
    """A source lost so many files at once that someone should look before they are forgotten."""


class QuestionError(UserError):
    """A question is empty or too long."""


class SettingsError(UserError):
    """A setting is unknown, out of range or contradicts another."""


class CollectionError(UserError):
    """A directory is not a collection, was made by a newer release, or is in use by another process."""


class EncoderMismatchError(CollectionError):
    """The collection's vectors were made by another encoder than the one loaded."""


class StorageError(UserError):
    """The system refused to read or write a collection. What was committed is kept."""


class DataError(UserError):
    """A data set does not have the expected layout."""


class ParserStartError(UserError):
    """The processes that parse files cannot be started: no file could be read, so the run stops."""


class MissingExtraError(UserError):
    """An optional package is needed."""

    def __init__(self, feature: str, extra: str) -> None:
        command = f"pip install 'citewell[{extra}]'"
        super().__init__(f"{feature} needs a package that is not installed. Install it with:  {command}")
        self.extra = extra


class ParseError(CitewellError):
    """One document could not be read.

    reason: a stable word for programs. retryable: whether the same bytes may succeed later (a time limit, memory).
    """

    def __init__(self, reason: ParseReason, message: str) -> None:
        super().__init__(message)
        self.reason: ParseReason = reason

    @property
    def retryable(self) -> bool:
        return self.reason in RETRYABLE


class IntegrityError(CitewellError):
    """Stored data contradicts itself."""


# -- what the system refuses -------------------------------------------------------------------------------------------

_ADVICE = {
    errno.ENOSPC: "Free some space",
    errno.EDQUOT: "Free some space",
    errno.EROFS: "Make it writable",
    errno.EACCES: "Become its owner, or copy it",
    errno.EPERM: "Become its owner, or copy it",
    errno.EIO: "See whether the disk is sound",
    errno.EMFILE: "Raise the limit of open files (ulimit -n)",
    errno.ENFILE: "Close some programs",
}
"""Error numbers that say something about the system, never about the program."""

_SQLITE = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_IOERR": errno.EIO,
    "SQLITE_READONLY": errno.EACCES,
    "SQLITE_PERM": errno.EACCES,
    "SQLITE_CANTOPEN": errno.EACCES,
}

_INDEX_ENGINE = re.compile(r"\(os error (\d+)\)")  # how Rust writes an error number


class Refusals:
    """In its block, what the system refuses ends as a :class:`StorageError` that names ``place``, and what is damaged
    as an :class:`IntegrityError`."""

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is not None and (told := refusal(error, self._place)):
            raise StorageError(told) from error
        if error is not None and (told := damage(error, self._place)):
            raise IntegrityError(told) from error


def refusal(error: BaseException, place: str | os.PathLike[str] = "") -> str:
    """What the system refused, for people; empty when ``error`` is about anything else.

    The index engine hands error numbers on as text, the catalog's as SQLite's own codes, and both may be wrapped.
    """
    if isinstance(error, CitewellError):
        return ""
    for each in _with_causes(error):
        number, said = _number(each)
        if number:
            where = str(place) or str(getattr(each, "filename", None) or "")
            target = f"'{where}'" if where else "the collection"
            return (
                f"The system refused access to {target}: {said}. What was committed is kept. "
                f"{_ADVICE[number]}, and run the command again."
            )
    return ""


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _number(error: BaseException) -> tuple[int, str]:
    """The error number of a refusal and the system's words for it; 0 for another error."""
    if isinstance(error, OSError) and error.errno in _ADVICE:
        return error.errno, os.strerror(error.errno)
    code = str(getattr(error, "sqlite_errorname", ""))
    if number := next((number for name, number in _SQLITE.items() if code.startswith(name)), 0):
        return number, str(error)
    found = _INDEX_ENGINE.search(str(error))
    number = int(found[1]) if found else 0
    return (number, os.strerror(number)) if number in _ADVICE else (0, "")


_DAMAGED_TABLE = re.compile(
    r"file size is too small|failed to fill whole buffer|invalid magic|Invalid range"
    r"|Not found: \S+/(?:data|_indices|_versions|_deletions)/"
)
"""How the index engine tells of files of its own that are short or missing."""


def damage(error: BaseException, place: str | os.PathLike[str] = "") -> str:
    """Which part of a collection is damaged, for people; empty when ``error`` is about anything else."""
    if isinstance(error, CitewellError):
        return ""
    where = f" of '{place}'" if str(place) else ""
    for each in _with_causes(error):
        if str(getattr(each, "sqlite_errorname", "")).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return f"The catalog{where} is damaged: {each}. Restore it from a copy of the collection."
        if _DAMAGED_TABLE.search(str(each)):
            return (
                f"A file of the passage table{where} is damaged or missing. See what can be mended:  citewell check "
                "--repair  Otherwise restore it from a copy of the collection."
            )
    return ""
