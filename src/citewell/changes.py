"""What changed in a source since the last time: the difference between its files and what is stored.

No file is opened here. Size, time, readers rules, the versions of parser and chunker, and what index and parses really
hold decide what has to be read; everything else is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.catalog import Item, Source
from citewell.chunking import CHUNKER_VERSION
from citewell.errors import ParseError, PathError
from citewell.parsing.parsed import PARSER_VERSION
from citewell.records import content_id
from citewell.sources.files import FileEntry, ReadersRules, scan

if TYPE_CHECKING:
    from citewell.store import Store

PIPELINE = f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between a listing and what is stored.

    to_read: with the readers of each, and what is stored of it, if whole. unreadable: what could not be listed.
    orphans: ids of documents in the index that no source knows, left by a process killed before it recorded them.
    """

    to_read: tuple[tuple[FileEntry, tuple[str, ...], Item | None], ...]
    readers_changed: tuple[Item, ...]
    removed: tuple[Item, ...]
    unreadable: tuple[Item, ...]
    orphans: frozenset[str]

    @property
    def leaves_old_text(self) -> bool:
        """Whether stored parses may be left behind that no document needs any more."""
        return bool(self.removed) or any(old is not None and old.version for _, _, old in self.to_read)


def compare(store: Store, location: Path, source: Source, known: dict[str, Item], again: frozenset[str]) -> Plan:
    """Reads no file: size, time, pipeline, readers rules and what is really stored decide."""
    unlisted: list[tuple[str, str]] = []
    rules = ReadersRules.load(location)
    stored = store.index.document_versions()
    to_read, readers_changed = [], []
    seen = set()
    for entry in scan(location, unlisted):
        seen.add(entry.uri)
        readers = rules.readers(entry.uri)
        item = known.get(entry.uri)
        if item is not None and item.status == "excluded" and entry.uri not in again:
            continue
        if item is not None and item.readers != readers:  # before anything is read: it holds even if reading fails
            item = replace(item, readers=readers)
            readers_changed.append(item)
        whole = item is not None and _intact(item, store, stored)
        if item is None or not whole or _stale(item, entry):
            to_read.append((entry, readers, item if whole else None))
    unreadable = tuple(
        Item(source.id, uri, content_id(source.id, uri), "failed", reason="unreadable", message=f"Not read: {why}.",
             readers=rules.readers(uri))
        for uri, why in unlisted
    )  # fmt: skip
    hidden = tuple(item.uri for item in unreadable)
    removed = tuple(item for uri, item in known.items() if uri not in seen and not uri.startswith(hidden))
    owned = {item.document_id for item in store.catalog.items(Scope.owner())}
    orphans = stored.keys() - owned - {content_id(source.id, uri) for uri in seen}
    if known and not seen and not all(item.status == "excluded" for item in known.values()):
        raise PathError(
            f"{location} lists no file, but {len(known)} were there at the last sync (an unmounted drive?). "
            f"Nothing was removed. If they are really gone:  citewell remove '{location}'"
        )
    return Plan(tuple(to_read), tuple(readers_changed), removed, unreadable, frozenset(orphans))


def _stale(item: Item, entry: FileEntry) -> bool:
    retry = item.status == "failed" and ParseError(item.reason, "").retryable  # type: ignore[arg-type]
    same = (item.size, item.mtime_ns, item.pipeline) == (entry.size, entry.mtime_ns, PIPELINE)
    return retry or not same or item.status == "excluded"


def _intact(item: Item, store: Store, stored: dict[str, str]) -> bool:
    """Whether the index and the store of parses hold what the catalog says; what they lost is read again."""
    if not item.version:
        return True
    return item.version in store.blobs and (not item.passages or stored.get(item.document_id) == item.version)
