"""From a file to its documents: its own text, and the files inside it, each a document of its own.

An archive, a mailbox or a mail with attachments is unfolded in disposable processes, member by member; this module
never looks into the bytes. A member's URI is its container's, ``!/`` and its name. What is stored already is not
parsed again, and what cannot be read keeps its last good version searchable.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePath
from queue import Empty, Full, Queue, SimpleQueue
from typing import TYPE_CHECKING

from citewell.catalog import Item, Source, Status
from citewell.changes import KEPT, PIPELINE, FileToRead, document_version, retry_time
from citewell.dates import stated_date
from citewell.duplicates import signature
from citewell.errors import IntegrityError, ParseError
from citewell.parsing.detect import HEAD_BYTES, refuse_unread
from citewell.parsing.parsed import Member, Parsed
from citewell.records import Document, content_id
from citewell.sources.files import read_bytes, read_head

if TYPE_CHECKING:
    from citewell.parsing.sandbox import ParserPool
    from citewell.store import Store

SETTLED_NANOSECONDS = 2_000_000_000
"""A file changed this shortly before it was read may change again within the clock's grain; the next run reads it."""

MAX_DEPTH = 3
"""Files inside files inside files: a mail in a mailbox in an archive, and its attachments are the last."""

MAX_MEMBERS = 10_000
MAX_UNPACKED = 1 << 30
"""Files, and bytes they unpack to, inside one file with everything nested in it. Each container is within limits of its
own; without a limit for the whole, ten thousand archives of ten thousand archives would never end."""

INSIDE = "!/"
"""Between a container's URI and the name of a file in it."""

_SKIPPED = frozenset({"unsupported", "special", "link"})


@dataclass(frozen=True, slots=True)
class Read:
    """What one file, or one file inside it, came to.

    document: unless it failed, is unchanged or holds no text of its own. ends_file: this is the file itself, after
    everything inside it. gone: what was inside it and is not any more.
    """

    item: Item
    document: Document | None = None
    signature: bytes = b""
    ends_file: bool = False
    gone: tuple[Item, ...] = ()


def read_all(store: Store, pool: ParserPool, source: Source, to_read: Sequence[FileToRead]) -> Iterator[Read]:
    """Every document of every planned file, as they finish; a few files at a time, few results waiting.

    A file's documents arrive one by one, so that an archive never has to fit into memory as parsed text.
    """
    todo: SimpleQueue[FileToRead] = SimpleQueue()
    for file in to_read:
        todo.put(file)
    workers = min(store.settings.parsing.workers, len(to_read))
    results: Queue[Read | BaseException | None] = Queue(maxsize=2 * workers + 1)
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_work, args=(store, pool, source, todo, results, stopped), daemon=True)
        for _ in range(workers)
    ]
    for thread in threads:
        thread.start()
    running = workers
    try:
        while running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                running -= 1
            else:
                yield result
    finally:
        stopped.set()
        if running:
            pool.close()  # after Ctrl-C, so that no thread waits for a parser
        for thread in threads:
            thread.join()


def _work(
    store: Store,
    pool: ParserPool,
    source: Source,
    todo: SimpleQueue[FileToRead],
    results: Queue[Read | BaseException | None],
    stopped: threading.Event,
) -> None:
    ending: BaseException | None = None
    try:
        while not stopped.is_set():
            file = todo.get_nowait()
            for read in _Reader(store, pool, source, file).read():
                if not _put(results, read, stopped):
                    return
    except Empty:
        pass
    except BaseException as error:  # noqa: BLE001 - handed to the thread that reads the results, which raises it
        ending = error
    _put(results, ending, stopped)


def _put(
    results: Queue[Read | BaseException | None], value: Read | BaseException | None, stop: threading.Event
) -> bool:
    """Waits for room; ``False`` when nobody takes results any more."""
    while not stop.is_set():
        try:
            results.put(value, timeout=0.2)
            return True
        except Full:
            continue
    return False


@dataclass(slots=True)
class _Reader:
    """Reads one file and what is inside it."""

    store: Store
    pool: ParserPool
    source: Source
    file: FileToRead
    seen: set[str] = field(default_factory=set)  # URIs inside the file that are still there
    members: int = 0  # files inside it that were opened so far, on all levels
    unpacked: int = 0  # bytes of them

    def read(self) -> Iterator[Read]:
        entry, old = self.file.entry, self.file.items.get(self.file.entry.uri)
        settled = abs(time.time_ns() - entry.mtime_ns) > SETTLED_NANOSECONDS
        item = Item(
            self.source.id, entry.uri, content_id(self.source.id, entry.uri), "indexed", size=entry.size,
            mtime_ns=entry.mtime_ns if settled else -1, pipeline=PIPELINE, readers=self.file.readers,
        )  # fmt: skip
        try:
            refuse_unread(read_head(entry, HEAD_BYTES), PurePath(entry.uri).name)
            data = read_bytes(entry, self.store.settings.parsing.max_file_megabytes)
        except ParseError as error:
            yield Read(_failed(item, error, old), ends_file=True)
            return
        for read in self._unfold(data, item, _file_date(entry.mtime_ns), 0):
            if read.item.uri != entry.uri:
                yield read
                continue
            gone = [each for uri, each in self.file.items.items() if uri != entry.uri and uri not in self.seen]
            yield replace(read, ends_file=True, gone=tuple(gone))

    def _unfold(self, data: bytes, item: Item, date: str, depth: int) -> Iterator[Read]:
        """The files inside ``data``, then itself. date: when nothing in it says one."""
        started = time.monotonic()
        old = self.file.items.get(item.uri)
        name = PurePath(item.uri).name
        version = document_version(data, name)
        inner = [uri for uri in self.file.items if uri.startswith(item.uri + INSIDE)]
        if self._unchanged(old, version, item) and self.file.good.issuperset(inner):
            assert old is not None  # noqa: S101 - an unchanged item was there before
            self.seen.update(inner)
            yield Read(replace(old, size=item.size, mtime_ns=item.mtime_ns, pipeline=PIPELINE))
            return
        try:
            parsed, closed = self._parse(data, name, version, depth)
        except ParseError as error:
            self.seen.update(inner)
            yield Read(_failed(item, error, old))
            return
        modified_at = (stated_date(parsed.text) if parsed.blocks else "") or parsed.modified_at or date
        notes = parsed.notes
        if closed:
            notes = (*notes, f"The {len(parsed.members)} files in it were not opened: {closed}.")
        elif parsed.members:
            self.members += len(parsed.members)
            self.unpacked += sum(member.size for member in parsed.members)
            yield from self._members(data, name, item, parsed.members, modified_at, depth)
        item = replace(
            item, version=version, title=parsed.title or name, media_type=parsed.media_type, modified_at=modified_at,
            status="indexed" if parsed.blocks else "container", message=" ".join(notes),
            seconds=round(time.monotonic() - started, 4),
        )  # fmt: skip
        if self._unchanged(old, version, item):  # only something inside it had to be read again
            yield Read(replace(item, passages=old.passages if old else 0))
        elif parsed.blocks:
            yield Read(item, _document(item, parsed), signature(parsed.text))
        else:
            yield Read(item)

    def _members(
        self, data: bytes, name: str, container: Item, members: Sequence[Member], date: str, depth: int
    ) -> Iterator[Read]:
        for numbers in _batches(members, self.store.settings.parsing.output_megabytes << 19):
            wanted = [number for number in numbers if not members[number].reason]
            contents = dict(zip(wanted, self._extract(data, name, wanted), strict=True))
            for number in numbers:
                member = members[number]
                uri = f"{container.uri}{INSIDE}{member.name}"
                self.seen.add(uri)
                item = replace(
                    container, uri=uri, document_id=content_id(self.source.id, uri), size=member.size,
                    container=self.file.entry.uri,
                )  # fmt: skip
                old = self.file.items.get(uri)
                if old is not None and old.status == "excluded" and uri in self.file.good:
                    continue
                content = contents.pop(number, None)
                if isinstance(content, bytes):
                    yield from self._unfold(content, item, date, depth + 1)
                else:
                    yield Read(_failed(item, content or ParseError(member.reason, member.message), old))  # type: ignore[arg-type]

    def _closed(self, members: Sequence[Member], depth: int) -> str:
        """Why a container's files are not opened; empty when they are."""
        if members and depth >= MAX_DEPTH:
            return f"it lies {depth} containers deep"
        if self.members + len(members) > MAX_MEMBERS:
            return f"the file it is in holds more than {MAX_MEMBERS:,} files in all"
        if self.unpacked + sum(member.size for member in members) > MAX_UNPACKED:
            return f"the file it is in unpacks to over {MAX_UNPACKED >> 20:,} MB in all"
        return ""

    def _extract(self, data: bytes, name: str, wanted: Sequence[int]) -> Sequence[bytes | ParseError]:
        """The members' bytes; when the process that unpacks them fails, all of them fail with its reason."""
        try:
            return self.pool.extract(data, name, wanted) if wanted else ()
        except ParseError as error:
            return [error] * len(wanted)

    def _unchanged(self, old: Item | None, version: str, item: Item) -> bool:
        whole = old is not None and old.uri in self.file.good and old.status in {"indexed", "container"}
        return whole and old is not None and (old.version, old.readers) == (version, item.readers)

    def _parse(self, data: bytes, name: str, version: str, depth: int) -> tuple[Parsed, str]:
        """The parse, stored or fresh, and why the files inside are not opened, if so."""
        try:
            stored = self.store.blobs.get(version)
        except IntegrityError:
            stored = None  # damaged: parse the file again, which replaces it
        parsed = Parsed.from_json(stored) if stored is not None else self.pool.parse(data, name)
        closed = self._closed(parsed.members, depth)
        if closed and not parsed.blocks:
            raise ParseError(
                "too_large",
                f"The {len(parsed.members)} files in it are not opened: {closed}. Unpack it beside the others.",
            )
        if stored is None:
            self.store.blobs.put(version, parsed.to_json())
        return parsed, closed


def _document(item: Item, parsed: Parsed) -> Document:
    return Document(
        id=item.document_id, version=item.version, uri=item.uri, title=item.title, media_type=parsed.media_type,
        text=parsed.text, blocks=parsed.blocks, source_id=item.source_id, language=parsed.language,
        modified_at=item.modified_at, readers=item.readers, metadata=parsed.metadata, notes=parsed.notes,
        hidden=parsed.hidden,
    )  # fmt: skip


def _failed(item: Item, error: ParseError, old: Item | None) -> Item:
    """A failure keeps the last good version searchable, and counts how often it happened in a row."""
    kept = old.version if old is not None else ""
    again = old is not None and (old.status, old.reason, old.mtime_ns) == ("failed", error.reason, item.mtime_ns)
    attempts = old.attempts + 1 if again and old is not None else 1
    status: Status = "skipped" if error.reason in _SKIPPED else "failed"
    return replace(
        item, status=status, reason=error.reason, message=str(error) + KEPT * bool(kept), version=kept,
        passages=old.passages if old is not None and kept else 0, attempts=attempts,
        retry_at=retry_time(attempts) if error.retryable else "",
    )  # fmt: skip


def _batches(members: Sequence[Member], limit: int) -> Iterator[list[int]]:
    """Positions of members whose declared sizes together stay below ``limit`` bytes, at least one each time."""
    batch: list[int] = []
    size = 0
    for number, member in enumerate(members):
        if batch and size + member.size > limit:
            yield batch
            batch, size = [], 0
        batch.append(number)
        size += member.size
    if batch:
        yield batch


def _file_date(mtime_ns: int) -> str:
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""  # a clock gone wrong
