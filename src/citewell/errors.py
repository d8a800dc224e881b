"""The errors Citewell raises, split by what the caller can do about them.

    CitewellError
    ├── UserError                 the user must change something; printed without a traceback, exit status 2
    │   ├── PathError             a path is missing, empty or unreadable
    │   ├── MassRemovalError      a source lost so many files at once that someone should look first
    │   ├── QuestionError         a question is empty or too long
    │   ├── SettingsError         a setting is unknown, out of range or contradicts another
    │   ├── CollectionError       a directory is not a collection, is newer than this release, or is in use
    │   ├── EncoderMismatchError  the collection was indexed with another encoder
    │   ├── DataError             a data set (BEIR, SQuAD, …) does not have the expected layout
    │   └── MissingExtraError     an optional package is needed; the message holds the install command
    ├── ParseError                one document could not be read; the run goes on and lists it
    └── IntegrityError            stored data contradicts itself; exit status 1

Every message says what was found, what was expected and what to do next.
"""

from __future__ import annotations

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


class DataError(UserError):
    """A data set does not have the expected layout."""


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
