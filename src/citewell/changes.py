"""What changed in a source since the last time: the difference between its files and what is stored.

No file is opened here. Size, time, readers rules, the versions of parser and chunker, and what index and parses really
hold decide what has to be read; everything else is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.catalog import Item, Source
from citewell.chunking import CHUNKER_VERSION
from citewell.errors import MassRemovalError
from citewell.parsing.detect import format_of_name
from citewell.parsing.parsed import PARSER_VERSION
from citewell.records import content_id
from citewell.sources.files import READERS_FILE, FileEntry, ReadersRules, Unlisted, resolve, scan

if TYPE_CHECKING:
    from citewell.store import Store

PIPELINE = f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}"

LONGEST_WAIT = timedelta(days=1)
"""Between two attempts at a file. A date further ahead was written by a clock that has been put back since."""


def document_version(data: bytes, uri: str, pipeline: str = PIPELINE) -> str:
    """The version of a document with these bytes. Of its name only what decides how it is read takes part, so that a
    renamed file keeps its parse."""
    name = PurePath(uri).name
    return content_id(data, PurePath(name).suffix.lower(), format_of_name(name) or "", pipeline)


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file that must be opened, and what is stored of it and of the files inside it.

    items: by URI, the file itself among them. good: URIs of those whose parse and passages are all there and that need
    not be tried again.
    """

    entry: FileEntry
    readers: tuple[str, ...]
    items: Mapping[str, Item]
    good: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between a listing and what is stored.

    unlisted: what stands there but is not read. orphans: ids of documents in the index that no source knows, left by a
    process killed before it recorded them.
    """

    to_read: tuple[FileToRead, ...]
    readers_changed: tuple[Item, ...]
    removed: tuple[Item, ...]
    unlisted: tuple[Item, ...]
    orphans: frozenset[str]

    @property
    def leaves_old_text(self) -> bool:
        """Whether stored parses may be left behind that no document needs any more."""
        return bool(self.removed or self.orphans) or any(
            item.version for file in self.to_read for item in file.items.values()
        )


def compare(
    store: Store,
    source: Source,
    known: Mapping[str, Item],
    *,
    again: frozenset[str] = frozenset(),
    within: Sequence[Path] = (),
    confirmed: bool = False,
) -> Plan:
    """Reads no file: size, time, pipeline, readers rules and what is really stored decide.

    known: the source's items by URI. again: URIs to take back although a person removed them. within: look only at
    these files and folders. confirmed: a source that lists nothing any more is meant to.
    """
    location = resolve(source.location)
    starts = _starts(location, within)
    rules = ReadersRules.load(location)
    stored = store.index.document_versions()
    inside: defaultdict[str, list[Item]] = defaultdict(list)
    for item in known.values():
        inside[item.container or item.uri].append(item)
    unlisted: list[Unlisted] = []
    to_read, readers_changed = [], []
    seen: set[str] = set()
    for entry in _scan(location, starts, unlisted):
        if entry.uri in seen:
            unlisted.append(Unlisted(entry.uri, "special", "Another file has the same name when written as text."))
            continue
        seen.add(entry.uri)
        readers = rules.readers(entry.uri)
        own = known.get(entry.uri)
        # Readers before anything is read: they hold even if reading fails, and for what is left out.
        items = {item.uri: replace(item, readers=readers) for item in inside[entry.uri]}
        readers_changed += [item for item in items.values() if item != known[item.uri]]
        if own is not None and own.status == "excluded" and entry.uri not in again:
            continue
        good = frozenset(
            uri for uri, item in items.items()
            if _intact(item, store, stored) and not _due(item) and not (item.status == "excluded" and uri in again)
        )  # fmt: skip
        if own is None or len(good) < len(items) or _changed(own, entry):
            to_read.append(FileToRead(entry, readers, items, good))
    if (
        known
        and not seen
        and not within
        and not confirmed
        and any(item.status != "excluded" for item in known.values())
    ):
        raise MassRemovalError(
            f"{location} lists no file, but {len(inside)} were there at the last sync (an unmounted drive?). "
            "Nothing was removed. If they are really gone:  citewell sync --yes"
        )
    gone = _gone(known, seen, unlisted, starts if within else [location])
    orphans = frozenset(stored) - _owned(store) - {content_id(source.id, uri) for uri in seen} if not within else ()
    return Plan(
        tuple(to_read), tuple(readers_changed), gone,
        tuple(_unlisted_item(source, each, rules, known) for each in unlisted), frozenset(orphans),
    )  # fmt: skip


def retry_time(attempts: int) -> str:
    """When to try a file again after so many failures in a row: 1, 4, 16 minutes, 1, 4 and 17 hours; then never."""
    if attempts > 6:
        return ""
    return (datetime.now(UTC) + min(LONGEST_WAIT, timedelta(minutes=4 ** (attempts - 1)))).isoformat(timespec="seconds")


def _starts(location: Path, within: Sequence[Path]) -> list[Path]:
    """Where to list; a changed readers file concerns the whole source. No start lies inside another."""
    if not within or any(path.name == READERS_FILE for path in within):
        return [location]
    starts = sorted({path for path in within if path.is_relative_to(location)}, key=lambda path: len(path.parts))
    kept: list[Path] = []
    for path in starts:
        if not any(path.is_relative_to(each) for each in kept):
            kept.append(path)
    return kept


def _scan(location: Path, starts: Sequence[Path], unlisted: list[Unlisted]) -> Iterator[FileEntry]:
    for start in starts:
        yield from scan(location, unlisted, start)


def _gone(
    known: Mapping[str, Item], seen: set[str], unlisted: Sequence[Unlisted], starts: Sequence[Path]
) -> tuple[Item, ...]:
    """Items whose file is not there any more. What cannot be listed just now is not gone."""
    hidden = [each.uri for each in unlisted if each.reason == "unreadable"]

    def is_gone(item: Item) -> bool:
        file = item.container or item.uri
        return file not in seen and _below(file, map(str, starts)) and not _below(file, hidden)

    return tuple(item for item in known.values() if is_gone(item))


def _below(path: str, folders: Iterator[str] | Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _unlisted_item(source: Source, each: Unlisted, rules: ReadersRules, known: Mapping[str, Item]) -> Item:
    kept = known[each.uri].version if each.reason == "unreadable" and each.uri in known else ""
    return Item(
        source.id, each.uri, content_id(source.id, each.uri), "failed" if each.reason == "unreadable" else "skipped",
        version=kept, reason=each.reason, message=each.message + KEPT * bool(kept), readers=rules.readers(each.uri),
        retry_at=retry_time(1) if each.reason == "unreadable" else "",
    )  # fmt: skip


KEPT = " The last version that could be read stays searchable."


def _owned(store: Store) -> set[str]:
    return {item.document_id for item in store.catalog.items(Scope.owner())}


def _changed(item: Item, entry: FileEntry) -> bool:
    same = (item.size, item.mtime_ns, item.pipeline) == (entry.size, entry.mtime_ns, PIPELINE)
    return not same or item.status == "excluded"


def _due(item: Item) -> bool:
    """Whether a failure is to be tried again by now."""
    if not item.retry_at:
        return False
    now = datetime.now(UTC)
    return not now < datetime.fromisoformat(item.retry_at) <= now + LONGEST_WAIT


def _intact(item: Item, store: Store, stored: Mapping[str, str]) -> bool:
    """Whether the index and the store of parses hold what the catalog says; what they lost is read again."""
    if not item.version:
        return True
    return item.version in store.blobs and (not item.passages or stored.get(item.document_id) == item.version)
