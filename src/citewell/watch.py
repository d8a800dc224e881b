"""Keeps a collection in step with its sources: as files change, at a fixed interval, and when failures are due again.

:func:`watch` blocks until told to stop. What changed is indexed alone, seconds later; everything is compared once in a
while as well, because no system reports every change (network drives often report none: give ``poll_seconds``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.errors import CollectionError, MassRemovalError, PathError, SettingsError, StorageError, UserError

if TYPE_CHECKING:
    from citewell.collection import Collection
    from citewell.ingest import IngestReport

SETTLE_MILLISECONDS = 400
"""Changes that follow each other faster are handled together; most programs save a file in several steps."""

LOOK_MILLISECONDS = 1_000
"""How often the loop wakes when nothing changes, to see what is due."""

BUSY_SECONDS = 5.0
"""How long to wait for another writer before what changed is put off."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """full_seconds: between two comparisons of everything. retry_seconds: between two looks for failures that are due.
    poll_seconds: look for changes this often instead of being told by the system; ``None`` to be told."""

    full_seconds: float = 600.0
    retry_seconds: float = 30.0
    poll_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("full_seconds", "retry_seconds", "poll_seconds"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SettingsError(f"{name} is {value}. Expected more than 0 seconds.")


def watch(
    collection: Collection,
    on_reports: Callable[[list[IngestReport]], None],
    on_error: Callable[[UserError], None],
    stop: threading.Event,
    settings: WatchSettings | None = None,
) -> None:
    """Follows every source until ``stop`` is set. on_reports: gets what each run did; on_error: gets what stood in the
    way of one, such as a drive that is away; the next run tries again."""
    from citewell.parsing.sandbox import ParserPool

    settings = settings or WatchSettings()
    with ParserPool(collection.store.settings.parsing) as pool:
        pool.parse(b"ready", "ready.txt")  # so that the first change does not wait for a parser to start
        waiting: set[Path] = set()
        everything = True
        full_at = retry_at = 0.0
        for changed in _changes(collection, stop, settings):
            waiting |= changed
            everything = everything or time.monotonic() >= full_at
            if not everything and time.monotonic() >= retry_at:
                waiting |= _due(collection)
                retry_at = time.monotonic() + settings.retry_seconds
            if not (waiting or everything):
                continue
            try:
                on_reports(
                    collection.sync(within=() if everything else sorted(waiting), pool=pool, wait_seconds=BUSY_SECONDS)
                )
            except (CollectionError, StorageError) as error:
                on_error(error)
                stop.wait(BUSY_SECONDS)
                continue  # someone else is writing, or the disk is full: what changed is still waiting
            except (PathError, MassRemovalError) as error:
                on_error(error)
            if everything:
                full_at = time.monotonic() + settings.full_seconds
            waiting, everything = set(), False


def _changes(collection: Collection, stop: threading.Event, settings: WatchSettings) -> Iterator[set[Path]]:
    """Changed paths, an empty set each second without changes. Begins anew when sources come or go."""
    import watchfiles

    root = collection.store.root.resolve()

    def outside(_change: watchfiles.Change, path: str) -> bool:
        return not Path(path).is_relative_to(root)

    while not stop.is_set():
        yield set()  # look at everything that is due before the first change
        locations = _locations(collection)
        if not locations:
            stop.wait(LOOK_MILLISECONDS / 1000)
            continue
        events = watchfiles.watch(
            *locations, watch_filter=outside, stop_event=stop, debounce=2 * SETTLE_MILLISECONDS,
            step=SETTLE_MILLISECONDS, rust_timeout=LOOK_MILLISECONDS, yield_on_timeout=True, raise_interrupt=True,
            force_polling=settings.poll_seconds is not None,
            poll_delay_ms=int((settings.poll_seconds or 1.0) * 1000), ignore_permission_denied=True,
        )  # fmt: skip
        try:
            for event in events:
                yield {Path(path) for _, path in event}
                if _locations(collection) != locations:
                    break
        except FileNotFoundError:
            continue  # a source vanished between looking and watching; it is told as the next run finds it


def _locations(collection: Collection) -> Sequence[Path]:
    """The sources that are there."""
    return [path for source in collection.store.catalog.sources() if (path := Path(source.location)).exists()]


def _due(collection: Collection) -> set[Path]:
    """Files whose failure is to be tried again by now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {Path(item.container or item.uri) for item in collection.items() if item.retry_at and item.retry_at <= now}


def every_so_often(
    collection: Collection,
    on_reports: Callable[[list[IngestReport]], None],
    on_error: Callable[[UserError], None],
    stop: threading.Event,
    interval_seconds: float,
) -> None:
    """Compares everything now, and again ``interval_seconds`` after each run began, until ``stop`` is set."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            on_reports(collection.sync(wait_seconds=BUSY_SECONDS))
        except (CollectionError, StorageError, PathError, MassRemovalError) as error:
            on_error(error)
        stop.wait(max(0.0, began + interval_seconds - time.monotonic()))
