"""Files below a folder, or one file: what is there, and who may read it.

Not indexed, on purpose: hidden files and folders (their name starts with a dot), folders that hold packages or caches
(:data:`SKIPPED_FOLDERS`), other Citewell collections, and the readers file itself. Links to folders are not followed,
and links to files only when the file is inside the source: a link can neither leave the source nor make it endless.

The readers file ``citewell-readers.toml``, in the source's root or the nearest folder above it, holds rules on paths
below its own folder; the first match decides::

    [[rule]]
    path = "hr/compensation/**"
    readers = ["group:hr"]

Without the file every document is readable by ``everyone``; with it, a path no rule matches is readable by nobody.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citewell.access import EVERYONE, check_principal
from citewell.errors import ParseError, PathError, SettingsError
from citewell.records import content_id

READERS_FILE = "citewell-readers.toml"
COLLECTION_FILE = "collection.toml"
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "__MACOSX"})


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as it was listed. uri: absolute path. size in bytes."""

    uri: str
    size: int
    mtime_ns: int


def source_id(location: Path) -> str:
    return content_id("files", str(location))


def resolve(path: str | Path) -> Path:
    """The absolute path of an existing file or folder, or :class:`PathError` with the nearest existing parent."""
    found = Path(path).expanduser()
    try:
        absolute = Path(os.path.abspath(found))  # keeps links as the user wrote them  # noqa: PTH100
        exists = absolute.exists()
    except (OSError, ValueError) as error:
        raise PathError(f"'{path}' is not a usable path: {error}.") from None
    if not exists:
        parent = next((each for each in absolute.parents if each.exists()), absolute.anchor)
        raise PathError(f"'{path}' does not exist (the nearest folder that does is {parent}). Check the spelling.")
    if absolute.is_dir() and not os.access(absolute, os.R_OK | os.X_OK):
        raise PathError(f"'{path}' cannot be listed: permission denied. Give this user the right to read the folder.")
    return absolute


def scan(location: Path, unreadable: list[tuple[str, str]]) -> Iterator[FileEntry]:
    """Every file of the source, folder by folder. What cannot be listed goes to ``unreadable`` with the reason."""
    if location.is_file():
        state = location.stat()
        yield FileEntry(str(location), state.st_size, state.st_mtime_ns)
        return
    root = location.resolve()
    stack = [str(location)]
    while stack:
        folder = stack.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((folder, error.strerror or str(error)))
            continue
        if folder.endswith(".citewell") and any(entry.name == COLLECTION_FILE for entry in entries):
            continue
        folders = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS or entry.name == READERS_FILE:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file():
                    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
                        unreadable.append((entry.path, "it is a link to a file outside the source"))
                        continue
                    state = entry.stat()
                    yield FileEntry(entry.path, state.st_size, state.st_mtime_ns)
            except OSError as error:
                unreadable.append((entry.path, error.strerror or str(error)))
        stack.extend(reversed(folders))


def read_bytes(entry: FileEntry, limit_megabytes: int) -> bytes:
    """The file's bytes, or a :class:`ParseError` that says why not."""
    if entry.size > limit_megabytes * 1_000_000:
        raise ParseError(
            "too_large",
            f"The file has {entry.size / 1e6:.0f} MB; files above {limit_megabytes} MB are not read. "
            "Split it, or set CITEWELL_PARSING_MAX_FILE_MEGABYTES higher.",
        )
    try:
        return Path(entry.uri).read_bytes()
    except FileNotFoundError:
        raise ParseError("vanished", "The file was removed while it was being read. Sync again.") from None
    except OSError as error:
        raise ParseError("unreadable", f"The file cannot be read: {error.strerror}. Check its permissions.") from None


class ReadersRules:
    """Who may read a path, from the source's readers file."""

    def __init__(self, folder: Path, rules: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] | None) -> None:
        self._folder = folder
        self._rules = rules

    @staticmethod
    def load(location: Path) -> ReadersRules:
        """The rules of the nearest readers file at or above ``location``: a part of a source keeps the whole's."""
        folder = next((each for each in (location, *location.parents) if (each / READERS_FILE).is_file()), None)
        if folder is None:
            return ReadersRules(location, None)
        path = folder / READERS_FILE
        try:
            rules = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", [])
            return ReadersRules(folder, [(glob_pattern(rule["path"]), _principals(rule["readers"])) for rule in rules])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SettingsError) as error:
            raise SettingsError(
                f"{path} cannot be used: {type(error).__name__}: {error}. Expected [[rule]] tables, each with "
                'path = "glob" and readers = ["everyone" | "user:NAME" | "group:NAME", …]. Nothing was indexed.'
            ) from None

    def readers(self, uri: str) -> tuple[str, ...]:
        """The principals who may read the file at this absolute path; none when no rule matches."""
        if self._rules is None:
            return (EVERYONE,)
        relative = Path(uri).relative_to(self._folder).as_posix()
        return next((readers for pattern, readers in self._rules if pattern.fullmatch(relative)), ())


def _principals(values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError("readers is one string; expected a list")
    return tuple(sorted({check_principal(value) for value in values}))


def glob_pattern(glob: str) -> re.Pattern[str]:
    """``**`` crosses folders (``a/**/b`` also matches ``a/b``), ``*`` and ``?`` stay within one name."""
    pattern = ""
    index = 0
    while index < len(glob):
        if glob.startswith("**/", index):
            pattern, index = pattern + "(?:.*/)?", index + 3
        elif glob.startswith("**", index):
            pattern, index = pattern + ".*", index + 2
        elif glob[index] == "*":
            pattern, index = pattern + "[^/]*", index + 1
        elif glob[index] == "?":
            pattern, index = pattern + "[^/]", index + 1
        else:
            pattern, index = pattern + re.escape(glob[index]), index + 1
    return re.compile(pattern, re.DOTALL)
