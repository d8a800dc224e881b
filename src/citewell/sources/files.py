"""Files below a folder, or one file: what is there, and who may read it.

Not indexed, on purpose: hidden files and folders (their name starts with a dot), folders that hold packages or caches
(:data:`SKIPPED_FOLDERS`), other Citewell collections, and the readers file itself. Listed but not read: links to
folders, links to files outside the source (a link can neither leave the source nor make it endless), and what is no
file at all, such as named pipes, sockets and devices.

The readers file ``citewell-readers.toml``, in the source's root or the nearest folder above it, holds rules on paths
below its own folder; the first match decides::

    [[rule]]
    path = "hr/compensation/**"
    readers = ["group:hr"]

Without the file every document is readable by ``everyone``; with it, a path no rule matches is readable by nobody.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from citewell.access import EVERYONE, check_principal
from citewell.errors import ParseError, PathError, SettingsError
from citewell.records import content_id

READERS_FILE = "citewell-readers.toml"
COLLECTION_FILE = "collection.toml"
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "__MACOSX"})


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as it was listed. path: as the system knows it. uri: the same as text. size in bytes."""

    path: str
    size: int
    mtime_ns: int

    @property
    def uri(self) -> str:
        """The path; bytes of a name that are not UTF-8 are written ``\\xff``."""
        return readable(self.path)


@dataclass(frozen=True, slots=True)
class Unlisted:
    """What stands in a source but is not read. reason: as in :class:`~citewell.errors.ParseError`."""

    uri: str
    reason: Literal["unreadable", "special", "link"]
    message: str


def readable(path: str) -> str:
    """A path as text that can be stored and shown."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


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
    if (name := readable(str(absolute))) != str(absolute):
        raise PathError(f"'{name}' is not UTF-8, as a source's path has to be. Rename it, or add a folder above it.")
    if not exists:
        parent = next((each for each in absolute.parents if each.exists()), absolute.anchor)
        raise PathError(f"'{path}' does not exist (the nearest folder that does is {parent}). Check the spelling.")
    if absolute.is_dir() and not os.access(absolute, os.R_OK | os.X_OK):
        raise PathError(f"'{path}' cannot be listed: permission denied. Give this user the right to read the folder.")
    return absolute


def scan(location: Path, unlisted: list[Unlisted], within: Path | None = None) -> Iterator[FileEntry]:
    """Every file of the source, folder by folder. What is there but not read goes to ``unlisted`` with the reason.

    within: a file or folder of the source, to list only that; nothing when it is gone or left out on purpose.
    """
    start = within or location
    if start != location and (_left_out(start.relative_to(location).parts) or _in_collection(start, location)):
        return
    root = location.resolve()
    if not start.is_dir() or (start.is_symlink() and start != location):
        if start.parent.is_dir():
            with os.scandir(start.parent) as listing:
                entry = next((each for each in listing if each.name == start.name), None)
            if entry is not None:
                yield from _file(entry, root if location.is_dir() else root.parent, unlisted)
        return
    stack = [str(start)]
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            unlisted.append(_unreadable(folder, error))
            continue
        if folder.endswith(".citewell") and any(entry.name == COLLECTION_FILE for entry in entries):
            continue
        folders = []
        for entry in entries:
            if _left_out((entry.name,)):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                yield from _file(entry, root, unlisted)
        stack.extend(reversed(folders))


def _left_out(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") or part in SKIPPED_FOLDERS or part == READERS_FILE for part in parts)


def _in_collection(path: Path, location: Path) -> bool:
    """Whether ``path`` is, or is inside, a Citewell collection below ``location``."""
    above = [each for each in (path, *path.parents) if each != location and each.is_relative_to(location)]
    return any(each.name.endswith(".citewell") and (each / COLLECTION_FILE).exists() for each in above)


def _file(entry: os.DirEntry[str], root: Path, unlisted: list[Unlisted]) -> Iterator[FileEntry]:
    """The file of a folder's entry, or a line in ``unlisted``."""
    try:
        state = entry.stat()
        if entry.is_symlink():
            if stat.S_ISDIR(state.st_mode):
                unlisted.append(Unlisted(readable(entry.path), "link", "It is a link to a folder; those are not "
                                         "followed. Add the folder itself if it should be read."))  # fmt: skip
                return
            if not Path(entry.path).resolve().is_relative_to(root):
                unlisted.append(Unlisted(readable(entry.path), "link", "It is a link to a file outside the source. "
                                         "Add that file or its folder itself if it should be read."))  # fmt: skip
                return
        if not stat.S_ISREG(state.st_mode):
            message = f"It is {_special(state.st_mode)}, not a file; nothing is read from it."
            unlisted.append(Unlisted(readable(entry.path), "special", message))
            return
        yield FileEntry(entry.path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        if entry.is_symlink():
            why = "leads back to itself" if error.errno == errno.ELOOP else "points to nothing that is there"
            unlisted.append(Unlisted(readable(entry.path), "link", f"It is a link that {why}."))
        else:
            unlisted.append(_unreadable(entry.path, error))


def _unreadable(path: str, error: OSError) -> Unlisted:
    why = error.strerror or str(error)
    return Unlisted(readable(path), "unreadable", f"Not read: {why}. Check its permissions and sync again.")


def _special(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


READ_ATTEMPTS = 3
"""A file that changes while it is read is read again this often before it is left for the next run."""


def read_bytes(entry: FileEntry, limit_megabytes: int) -> bytes:
    """The file's bytes as they were at one moment, or a :class:`ParseError` that says why not."""
    limit = limit_megabytes * 1_000_000
    with _explained():
        for _ in range(READ_ATTEMPTS):
            if (data := _read_once(entry, limit)) is not None:
                return data
    raise ParseError(
        "changing", "The file changed each time it was read; someone is writing it. It is read again later."
    )


def read_head(entry: FileEntry, size: int) -> bytes:
    """At most the first ``size`` bytes, or a :class:`ParseError` that says why not."""
    with _explained(), _open(entry) as file:
        return file.read(size)


@contextmanager
def _explained() -> Iterator[None]:
    """What the system refuses, as a :class:`ParseError`."""
    try:
        yield
    except FileNotFoundError:
        raise ParseError("vanished", "The file was removed while it was being read. Sync again.") from None
    except OSError as error:
        raise ParseError("unreadable", f"The file cannot be read: {error.strerror}. Check its permissions.") from None


def _open(entry: FileEntry) -> BinaryIO:
    """The file, never waiting for a pipe that took its place."""
    file = os.fdopen(os.open(entry.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        raise ParseError("special", f"It is {_special(mode)} now, not a file; nothing is read from it.")
    return file


def _read_once(entry: FileEntry, limit: int) -> bytes | None:
    """All bytes, or ``None`` when the file changed meanwhile."""
    with _open(entry) as file:
        before = os.fstat(file.fileno())
        if before.st_size > limit:
            raise ParseError(
                "too_large",
                f"The file has {before.st_size / 1e6:,.0f} MB; files above {limit // 1_000_000} MB are not read. "
                "Split it, or set CITEWELL_PARSING_MAX_FILE_MEGABYTES higher.",
            )
        data = file.read(before.st_size + 1)
        after = os.fstat(file.fileno())
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and len(data) == after.st_size
    return data if same else None


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
