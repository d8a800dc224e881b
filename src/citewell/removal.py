"""Taking documents out: for good, or until someone adds their path again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from citewell.access import Scope
from citewell.catalog import Change, Item, Source
from citewell.store import Store

LONG_AGO = "1970-01-01T00:00:00+00:00"


def exclude(store: Store, items: Sequence[Item], message: str = "Removed on request.") -> None:
    """Removes documents and keeps their files out until someone adds them again. What was inside one of the files needs
    no row of its own."""
    if not items:
        return
    files = {item.uri for item in items}
    inside = tuple(item for item in items if item.container in files)
    excluded = tuple(
        replace(item, status="excluded", version="", passages=0, title="", retry_at="", message=message)
        for item in items if item.container not in files
    )  # fmt: skip
    ids = [item.document_id for item in items]
    store.commit(Change(excluded, inside), lambda: store.index.delete(ids))


def forget_source(store: Store, source: Source) -> None:
    """Removes a source with all its documents."""
    items = store.catalog.items(Scope.owner(), source.id)
    ids = [item.document_id for item in items]
    store.commit(Change(gone=tuple(items)), lambda: store.index.delete(ids))
    store.catalog.remove_source(source.id)


def make_due(store: Store, items: Sequence[Item]) -> None:
    """Has failed files read again by the next sync, as if they had never failed."""
    store.commit(Change(tuple(replace(item, attempts=0, retry_at=LONG_AGO) for item in items)))
