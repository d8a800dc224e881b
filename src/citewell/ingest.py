"""From files to an index: what changed since the last time, and only that.

:func:`sync` is the whole path: list → compare → parse (disposable processes, in parallel) → chunk → encode → commit.
A batch of documents becomes searchable by one atomic commit, then the catalog learns of it; a process killed in between
repeats that batch and nothing else. A document that cannot be read is listed with its reason and never stops the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.catalog import Item, Source, Status
from citewell.changes import PIPELINE, Plan, compare
from citewell.chunking import chunk
from citewell.dates import stated_date
from citewell.errors import IntegrityError, ParseError
from citewell.parsing.parsed import Parsed
from citewell.records import Document, Passage, content_id
from citewell.sources.files import FileEntry, read_bytes, resolve

if TYPE_CHECKING:
    import numpy as np

    from citewell.parsing.sandbox import ParserPool
    from citewell.store import Store

SETTLED_NANOSECONDS = 2_000_000_000
"""A file changed this shortly before it was read may change again within the clock's grain; the next run reads it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. total: files to read in this source; stage: ``reading`` or ``indexing``."""

    done: int
    total: int
    passages: int
    uri: str
    stage: str = "reading"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did. Counts are documents; ``problems`` are the failed and skipped items of the whole source."""

    source: Source
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    readers_changed: int = 0
    passages: int = 0
    embedded: int = 0
    seconds: float = 0.0
    problems: tuple[Item, ...] = ()

    def to_json(self) -> dict[str, object]:
        names = ("added", "changed", "unchanged", "removed", "readers_changed", "passages", "embedded")
        return {
            "source": self.source.location,
            **{name: getattr(self, name) for name in names},
            "seconds": round(self.seconds, 3),
            "problems": [
                {"uri": item.uri, "status": item.status, "reason": item.reason, "message": item.message}
                for item in self.problems
            ],
        }


@dataclass(frozen=True, slots=True)
class _Read:
    """One file after parsing: its catalog row, and the document unless it failed or is unchanged."""

    item: Item
    document: Document | None = None


@dataclass(slots=True)
class _Batch:
    """Documents on their way to one commit."""

    items: list[Item] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    opened: float = field(default_factory=time.monotonic)


def sync(
    store: Store,
    source: Source,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    again: frozenset[str] = frozenset(),
) -> IngestReport:
    """Brings the index in step with ``source``. again: URIs to take back although a person removed them."""
    started = time.monotonic()
    location = resolve(source.location)
    known = {item.uri: item for item in store.catalog.items(Scope.owner(), source.id)}
    plan = compare(store, location, source, known, again)
    _apply_readers(store, plan.readers_changed)
    passages = embedded = done = 0
    batch = _Batch()
    for read in _read_all(store, source, plan):
        done += 1
        batch.items.append(read.item)
        if read.document is not None:
            batch.replaced.append(read.document.id)
            batch.passages.extend(chunk(read.document, store.encoder, store.settings.chunking))
        if on_progress:
            on_progress(Progress(done, len(plan.to_read), passages + len(batch.passages), read.item.uri))
        if _full(batch, store) or done == len(plan.to_read):
            embedded += _commit(store, batch)
            passages += len(batch.passages)
            batch = _Batch()
    _remove(store, source, plan)  # last, so that a renamed file finds its vectors
    if plan.to_read or plan.removed or plan.orphans:
        if on_progress and store.index.optimize_due():
            on_progress(Progress(done, len(plan.to_read), passages, "", stage="indexing"))
        store.tidy(erase=plan.leaves_old_text)
    store.catalog.mark_synced(source.id, now())
    after = store.catalog.items(Scope.owner(), source.id)
    return _report(source, known, after, plan, passages, embedded, time.monotonic() - started)


def now() -> str:
    """The current time, ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read_all(store: Store, source: Source, plan: Plan) -> Iterator[_Read]:
    """Every planned file, in the order they finish. At most twice as many are under way as there are parsers."""
    from citewell.parsing.sandbox import ParserPool

    if not plan.to_read:
        return
    workers = store.settings.parsing.workers
    # Left in reverse order: after Ctrl-C the parsers are killed first, so that no thread waits for one.
    with ThreadPoolExecutor(workers) as threads, ParserPool(store.settings.parsing) as pool:
        waiting: set[Future[_Read]] = set()
        try:
            for entry, readers, old in plan.to_read:
                waiting.add(threads.submit(_read, store, pool, source, entry, readers, old))
                if len(waiting) >= 2 * workers:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in finished)
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in finished)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _read(
    store: Store, pool: ParserPool, source: Source, entry: FileEntry, readers: tuple[str, ...], old: Item | None
) -> _Read:
    """Bytes → document, through the store of earlier parses. A failure keeps the last good version searchable."""
    started = time.monotonic()
    settled = time.time_ns() - entry.mtime_ns > SETTLED_NANOSECONDS
    item = Item(
        source_id=source.id, uri=entry.uri, document_id=content_id(source.id, entry.uri), status="indexed",
        size=entry.size, mtime_ns=entry.mtime_ns if settled else -1, pipeline=PIPELINE, readers=readers,
    )  # fmt: skip
    try:
        data = read_bytes(entry, store.settings.parsing.max_file_megabytes)
        version = content_id(data, Path(entry.uri).name, PIPELINE)  # the name decides the format, and often the title
        if old is not None and old.status == "indexed" and (old.version, old.readers) == (version, readers):
            return _Read(replace(old, size=entry.size, mtime_ns=item.mtime_ns))
        parsed = _parse(store, pool, data, entry, version)
    except ParseError as error:
        status: Status = "skipped" if error.reason == "unsupported" else "failed"
        kept = old.version if old is not None else ""
        message = str(error) + (" The last version that could be read stays searchable." if kept else "")
        return _Read(replace(item, status=status, reason=error.reason, message=message, version=kept))
    title = parsed.title or Path(entry.uri).name
    modified_at = stated_date(parsed.text) or parsed.modified_at or _file_date(entry)
    document = Document(
        id=item.document_id, version=version, uri=entry.uri, title=title, media_type=parsed.media_type,
        text=parsed.text, blocks=parsed.blocks, source_id=source.id, language=parsed.language, modified_at=modified_at,
        readers=readers, metadata=parsed.metadata, notes=parsed.notes,
    )  # fmt: skip
    item = replace(
        item, version=version, title=parsed.title, media_type=parsed.media_type, modified_at=modified_at,
        message=" ".join(parsed.notes), seconds=round(time.monotonic() - started, 4),
    )  # fmt: skip
    return _Read(item, document)


def _parse(store: Store, pool: ParserPool, data: bytes, entry: FileEntry, version: str) -> Parsed:
    try:
        stored = store.blobs.get(version)
    except IntegrityError:
        stored = None  # damaged: parse the file again, which replaces it
    if stored is not None:
        return Parsed.from_json(stored)
    parsed = pool.parse(data, Path(entry.uri).name)
    store.blobs.put(version, parsed.to_json())
    return parsed


def _file_date(entry: FileEntry) -> str:
    return datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC).date().isoformat()


def _full(batch: _Batch, store: Store) -> bool:
    limits = store.settings.ingest
    return len(batch.passages) >= limits.batch_passages or time.monotonic() - batch.opened > limits.batch_seconds


def _commit(store: Store, batch: _Batch) -> int:
    """Encodes what is new, replaces the batch's documents in one commit, then records them. Returns texts encoded."""
    vectors, embedded = _vectors(store, batch.passages)
    counts: dict[str, int] = {}
    for passage in batch.passages:
        counts[passage.document_id] = counts.get(passage.document_id, 0) + 1
    if batch.replaced:
        store.index.commit(batch.passages, vectors, batch.replaced)
    store.catalog.record([replace(item, passages=counts.get(item.document_id, item.passages)) for item in batch.items])
    return embedded


def _vectors(store: Store, passages: Sequence[Passage]) -> tuple[np.ndarray, int]:
    """(n, d) unit rows in passage order. Equal texts are encoded once, texts the index holds not at all."""
    import numpy as np

    texts = {passage.text_hash: passage.searchable for passage in passages}
    found = store.index.vectors_for(list(texts))
    missing = [key for key in texts if key not in found]
    found.update(zip(missing, store.encoder.encode([texts[key] for key in missing]), strict=True))
    rows = [found[passage.text_hash] for passage in passages]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), store.encoder.dimension), len(missing)


def _apply_readers(store: Store, items: Sequence[Item]) -> None:
    """A changed readers rule reaches the index without parsing or encoding anything."""
    if items:
        store.index.update_readers({item.document_id: item.readers for item in items})
        store.catalog.record(items)


def _remove(store: Store, source: Source, plan: Plan) -> None:
    gone = {item.document_id for item in plan.removed} | plan.orphans
    if gone:
        store.index.delete(gone)
        store.catalog.forget(source.id, [item.uri for item in plan.removed])
    store.catalog.record(plan.unreadable)


def _report(
    source: Source,
    known: dict[str, Item],
    after: Sequence[Item],
    plan: Plan,
    passages: int,
    embedded: int,
    seconds: float,
) -> IngestReport:
    read = {entry.uri for entry, _, _ in plan.to_read}
    indexed = [item for item in after if item.status == "indexed"]
    fresh = [item for item in indexed if item.uri in read]
    added = sum(not (item.uri in known and known[item.uri].version) for item in fresh)
    changed = sum(item.uri in known and known[item.uri].version not in {"", item.version} for item in fresh)
    return IngestReport(
        source=source, added=added, changed=changed,
        unchanged=len(indexed) - added - changed, removed=sum(bool(item.version) for item in plan.removed),
        readers_changed=len(plan.readers_changed), passages=passages, embedded=embedded, seconds=seconds,
        problems=tuple(item for item in after if item.status in {"failed", "skipped"}),
    )  # fmt: skip
