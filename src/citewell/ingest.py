"""From files to an index: what changed since the last time, and only that.

:func:`sync` is the whole path: compare → read (parsed in disposable processes, side by side) → chunk → encode → commit.
A batch of documents becomes searchable by one atomic commit, then the catalog learns of it; a process killed in between
repeats that batch and nothing else. A document that cannot be read is listed with its reason and never stops the run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.catalog import Change, Item, Source
from citewell.changes import Plan, compare
from citewell.chunking import chunk
from citewell.reading import Read, read_all
from citewell.records import Passage

if TYPE_CHECKING:
    import numpy as np

    from citewell.parsing.sandbox import ParserPool
    from citewell.store import Store


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
    """What one run did. Counts are documents, those inside archives and mails included.

    renamed: removed in one place and found with the same bytes in another; not counted as added or removed. withheld:
    documents whose files are gone, kept because they are too many to be forgotten unasked. problems: the failed and
    skipped items of the whole source.
    """

    source: Source
    added: int = 0
    changed: int = 0
    renamed: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    readers_changed: int = 0
    passages: int = 0
    embedded: int = 0
    seconds: float = 0.0
    problems: tuple[Item, ...] = ()

    def to_json(self) -> dict[str, object]:
        names = ("added", "changed", "renamed", "unchanged", "removed", "withheld", "readers_changed", "passages",
                 "embedded")  # fmt: skip
        return {
            "source": self.source.location,
            **{name: getattr(self, name) for name in names},
            "seconds": round(self.seconds, 3),
            "problems": [
                {"uri": item.uri, "status": item.status, "reason": item.reason, "message": item.message}
                for item in self.problems
            ],
        }


@dataclass(slots=True)
class _Batch:
    """Documents on their way to one commit."""

    items: list[Item] = field(default_factory=list)
    signatures: dict[str, bytes] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    gone: list[Item] = field(default_factory=list)
    opened: float = field(default_factory=time.monotonic)

    def add(self, read: Read, passages: Sequence[Passage]) -> None:
        self.items.append(read.item)
        self.gone += read.gone
        self.passages += passages
        if read.document is not None:
            self.replaced.append(read.document.id)
            self.signatures[read.document.id] = read.signature


@dataclass(slots=True)
class _Count:
    """What a run came to so far."""

    passages: int = 0
    embedded: int = 0
    versions: Counter[str] = field(default_factory=Counter)  # of documents that were not there before
    changed: int = 0


def sync(
    store: Store,
    source: Source,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    again: frozenset[str] = frozenset(),
    within: Sequence[Path] = (),
    confirmed: bool = False,
    pool: ParserPool | None = None,
) -> IngestReport:
    """Brings the index in step with ``source``. again: URIs to take back although a person removed them; within: look
    only at these files and folders; confirmed: many files are gone on purpose; pool: running parsers to use."""
    started = time.monotonic()
    known = {item.uri: item for item in store.catalog.items(Scope.owner(), source.id)}
    plan = compare(store, source, known, again=again, within=within, confirmed=confirmed)
    _apply_readers(store, plan.readers_changed)
    done, batch, count = 0, _Batch(), _Count()
    with _parsers(store, plan, pool) as parsers:
        for read in read_all(store, parsers, source, plan.to_read):
            done += read.ends_file
            passages = chunk(read.document, store.encoder, store.settings.chunking) if read.document else []
            batch.add(read, passages)
            _note(count, read, known.get(read.item.uri))
            if on_progress:
                on_progress(Progress(done, len(plan.to_read), count.passages + len(batch.passages), read.item.uri))
            if _full(batch, store):
                _commit(store, batch, count)
                batch = _Batch()
    _commit(store, batch, count)
    removed, withheld = _judge_removals(plan, known, count, confirmed, store)
    _remove(store, plan, removed)  # last, so that a renamed file finds its vectors
    if plan.to_read or removed or plan.orphans:
        if on_progress and store.index.optimize_due():
            on_progress(Progress(done, len(plan.to_read), count.passages, "", stage="indexing"))
        store.tidy(erase=plan.leaves_old_text)
    if not within and not withheld:
        store.catalog.mark_synced(source.id, now())
    return _report(store, source, plan, count, removed, withheld, time.monotonic() - started)


def now() -> str:
    """The current time, ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _parsers(store: Store, plan: Plan, running: ParserPool | None) -> Iterator[ParserPool]:
    """The running parsers, or new ones for this run; they start when the first file needs them."""
    from citewell.parsing.sandbox import ParserPool

    if running is not None:
        yield running
        return
    with ParserPool(store.settings.parsing) as pool:
        yield pool


def _note(count: _Count, read: Read, old: Item | None) -> None:
    if read.document is not None and old is not None and old.version:
        count.changed += old.version != read.item.version
    elif read.document is not None:
        count.versions[read.item.version] += 1


def _full(batch: _Batch, store: Store) -> bool:
    limits = store.settings.ingest
    return len(batch.passages) >= limits.batch_passages or time.monotonic() - batch.opened > limits.batch_seconds


def _commit(store: Store, batch: _Batch, count: _Count) -> None:
    """Encodes what is new, replaces the batch's documents in one commit, then records them."""
    vectors, embedded = _vectors(store, batch.passages)
    passages = Counter(passage.document_id for passage in batch.passages)
    replaced = [*batch.replaced, *(item.document_id for item in batch.gone)]
    fresh = set(batch.replaced)
    items = (
        replace(item, passages=passages[item.document_id]) if item.document_id in fresh else item
        for item in batch.items
    )
    change = Change(tuple(items), tuple(batch.gone), batch.signatures)
    if batch.items:
        write = partial(store.index.commit, batch.passages, vectors, replaced) if replaced else None
        store.commit(change, write)
    count.passages += len(batch.passages)
    count.embedded += embedded


def _vectors(store: Store, passages: Sequence[Passage]) -> tuple[np.ndarray, int]:
    """(n, d) unit rows in passage order. Equal texts are encoded once, texts the index holds not at all."""
    import numpy as np

    texts = {passage.text_hash: passage.embedded for passage in passages}
    found = store.index.vectors_for(list(texts))
    missing = [key for key in texts if key not in found]
    found.update(zip(missing, store.encoder.encode([texts[key] for key in missing]) if missing else (), strict=True))
    rows = [found[passage.text_hash] for passage in passages]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), store.index.dimension), len(missing)


def _apply_readers(store: Store, items: Sequence[Item]) -> None:
    """A changed readers rule reaches the index without parsing or encoding anything."""
    if items:
        readers = {item.document_id: item.readers for item in items}
        store.commit(Change(tuple(items)), partial(store.index.update_readers, readers))


def _judge_removals(
    plan: Plan, known: Mapping[str, Item], count: _Count, confirmed: bool, store: Store
) -> tuple[tuple[Item, ...], int]:
    """What may be removed, and how many documents are kept because too many are gone at once to be believed.

    A file that was renamed is not gone: its bytes were found elsewhere in this run.
    """
    limits = store.settings.ingest
    documents = [item for item in plan.removed if item.is_document]
    lost = (Counter(item.version for item in documents) - count.versions).total()
    before = sum(item.is_document for item in known.values())
    if confirmed or lost < limits.guarded_removals or lost * 100 <= before * limits.max_removed_percent:
        return plan.removed, 0
    found = count.versions
    kept = tuple(item for item in plan.removed if found[item.version])  # the old places of renamed files
    return kept, lost


def _remove(store: Store, plan: Plan, removed: Sequence[Item]) -> None:
    gone = {item.document_id for item in removed} | plan.orphans
    change = Change(plan.unlisted, tuple(removed))
    if gone:
        store.commit(change, partial(store.index.delete, gone))
    elif plan.unlisted:
        store.commit(change)


def _report(
    store: Store, source: Source, plan: Plan, count: _Count, removed: Sequence[Item], withheld: int, seconds: float
) -> IngestReport:
    after = store.catalog.items(Scope.owner(), source.id)
    documents = [item for item in removed if item.is_document]
    renamed = (Counter(item.version for item in documents) & count.versions).total()
    added = count.versions.total() - renamed
    indexed = sum(item.status == "indexed" for item in after)
    return IngestReport(
        source=source, added=added, changed=count.changed, renamed=renamed,
        unchanged=indexed - added - count.changed - renamed - withheld, removed=len(documents) - renamed,
        withheld=withheld, readers_changed=len(plan.readers_changed), passages=count.passages,
        embedded=count.embedded, seconds=seconds,
        problems=tuple(item for item in after if item.status in {"failed", "skipped"}),
    )  # fmt: skip
