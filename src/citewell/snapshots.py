"""Snapshots: earlier states of a collection by name, taken in a moment, restored in one step.

    snapshots/before-the-move/
      passages.lance/     the passage table, its files linked (they are never changed in place)
      catalog.db          a copy
      snapshot.toml       what collection.toml was, and when, how much, and the catalog's hash; written last

Parsed documents are shared with the collection; those a snapshot names are kept. A restore builds a new generation from
a snapshot and switches to it, so it happens whole or not at all, and what was there before is a snapshot too.

A restore brings back documents, never rights: today's readers rules are applied to it, and what a person took out of
the collection meanwhile stays out.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.durable import sync_directory, write_durably
from citewell.errors import CollectionError, IntegrityError, SettingsError
from citewell.manifest import FIRST_CATALOG, FIRST_TABLE, copy_catalog, next_generation, parse_manifest, toml_value
from citewell.sources.files import ReadersRules
from citewell.store import SNAPSHOT_FILE, SNAPSHOT_NAME, SNAPSHOTS, Store, snapshot_folder

if TYPE_CHECKING:
    from citewell.catalog import Catalog, Item

_MAX_NOTE = 500  # characters


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One earlier state. created_at: ISO 8601 UTC. catalog_sha256: of its catalog, to tell a damaged one."""

    name: str
    created_at: str
    note: str
    encoder: str
    documents: int
    passages: int
    catalog_sha256: str

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name, "created_at": self.created_at, "note": self.note, "encoder": self.encoder,
            "documents": self.documents, "passages": self.passages,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. before: name of the snapshot of what was there until now, empty when none was wanted.

    readers_changed: documents that today's rules give other readers than the snapshot did. kept_out: URIs of documents
    that the snapshot holds and a person has since taken out of the collection.
    """

    snapshot: str
    before: str
    documents: int
    passages: int
    readers_changed: int
    kept_out: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        names = ("snapshot", "before", "documents", "passages", "readers_changed")
        return {**{name: getattr(self, name) for name in names}, "kept_out": list(self.kept_out)}


# -- taking, listing, dropping -----------------------------------------------------------------------------------------


def create(store: Store, name: str, note: str = "") -> Snapshot:
    """Takes a snapshot of the collection as it is."""
    with store.writing() as current:
        return create_locked(current, name, note)


def create_locked(store: Store, name: str, note: str = "") -> Snapshot:
    """:func:`create` for a caller that holds the collection's lock already."""
    from citewell.index.passages import clone_table

    folder = snapshot_folder(store.root, name)
    if folder.exists():
        raise CollectionError(
            f"There is a snapshot '{name}' already. Choose another name, or drop it:  citewell snapshot drop {name}"
        )
    documents = sum(item.is_document for item in store.catalog.items(Scope.owner()))
    folder.mkdir(parents=True)
    clone_table(store.root / store.manifest.table, folder / FIRST_TABLE)
    copy_catalog(store.root / store.manifest.catalog, folder / FIRST_CATALOG)
    snapshot = Snapshot(
        name=name, created_at=datetime.now(UTC).isoformat(timespec="seconds"), note=_plain(note),
        encoder=store.manifest.encoder, documents=documents, passages=store.index.count(Scope.owner()),
        catalog_sha256=_sha256(folder / FIRST_CATALOG),
    )  # fmt: skip
    _write(store, folder, snapshot)
    for each in (folder.parent, store.root):
        sync_directory(each)
    return snapshot


def free_name(store: Store, stem: str) -> str:
    """``stem-1``, or the next number that no snapshot has."""
    taken = re.compile(re.escape(stem) + r"-([0-9]{1,9})")
    found = (taken.fullmatch(entry.name) for entry in _folders(store.root))
    return f"{stem}-{max((int(match[1]) for match in found if match), default=0) + 1}"


def list_all(store: Store) -> list[Snapshot]:
    """Every whole snapshot, oldest first; damaged ones are what ``citewell check`` tells about."""
    found = []
    for folder in _folders(store.root):
        try:
            found.append(read_snapshot(store.root, folder.name))
        except (CollectionError, IntegrityError):
            continue
    return sorted(found, key=lambda snapshot: (snapshot.created_at, snapshot.name))


def read_snapshot(root: Path, name: str) -> Snapshot:
    """What ``snapshot.toml`` says, or an error that names the snapshot."""
    path = snapshot_folder(root, name) / SNAPSHOT_FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        parse_manifest(data, path)
        facts = data["snapshot"]
        return Snapshot(
            name=name, created_at=str(facts["created_at"]), note=str(facts["note"]), encoder=str(data["encoder"]),
            documents=int(facts["documents"]), passages=int(facts["passages"]),
            catalog_sha256=str(facts["catalog_sha256"]),
        )  # fmt: skip
    except FileNotFoundError:
        raise CollectionError(f"There is no snapshot '{name}'. List them with:  citewell snapshot list") from None
    except (ValueError, KeyError, TypeError, SettingsError) as error:
        raise IntegrityError(
            f"The snapshot '{name}' is damaged ({path.name}: {error}). Drop it:  citewell snapshot drop {name}"
        ) from None


def drop(store: Store, name: str) -> None:
    """Deletes a snapshot, also a damaged one, and the parsed documents that only it needed."""
    with store.writing() as current:
        folder = snapshot_folder(current.root, name)
        if not folder.is_dir():
            raise CollectionError(f"There is no snapshot '{name}'. List them with:  citewell snapshot list")
        (folder / SNAPSHOT_FILE).unlink(missing_ok=True)  # from here on it is a leftover, whatever happens
        sync_directory(folder)
        shutil.rmtree(folder)
        current.tidy(erase=True)


# -- restoring ---------------------------------------------------------------------------------------------------------


def restore(store: Store, name: str, *, keep_present: bool = True, erased: Collection[str] = frozenset()) -> Restored:
    """Makes the collection what it was in the snapshot ``name``, with today's readers rules.

    keep_present: first take a snapshot ``before-restore-N``, so that the restore can be undone. erased: ids of
    documents that were removed for good; they stay out unless someone has added them again.
    """
    with store.writing() as current:
        snapshot = read_snapshot(current.root, name)
        past = Store.open_snapshot(current.root, name)
        verify(current.root, snapshot)
        before = free_name(current, "before-restore") if keep_present else ""
        if before:
            create_locked(current, before, f"Before the snapshot '{name}' was restored.")
        return _restore(current, past, snapshot, before, erased)


def verify(root: Path, snapshot: Snapshot) -> None:
    """:class:`IntegrityError` unless the snapshot's catalog is the one that was written."""
    if _sha256(snapshot_folder(root, snapshot.name) / FIRST_CATALOG) != snapshot.catalog_sha256:
        raise IntegrityError(
            f"The snapshot '{snapshot.name}' is damaged: its catalog is not the one that was stored. Nothing was "
            f"changed. Drop it:  citewell snapshot drop {snapshot.name}"
        )


def _restore(store: Store, past: Store, snapshot: Snapshot, before: str, erased: Collection[str]) -> Restored:
    from citewell.catalog import Catalog
    from citewell.index.passages import PassageTable, clone_table

    generation = next_generation(store.root)
    clone_table(past.folder / past.manifest.table, store.root / generation.table)
    table = PassageTable.open(store.root / generation.table)
    items = list(_with_todays_rights(store, past, erased))
    kept_out = [was for was, now in items if was.version and not now.version]
    changed = {now.document_id: now.readers for was, now in items if now.version and now.readers != was.readers}
    if kept_out:
        table.delete([item.document_id for item in kept_out])
        table.purge()
    if changed:
        table.update_readers(changed)
    copy_catalog(store.root / store.manifest.catalog, store.root / generation.catalog)
    _rewrite(Catalog(store.root / generation.catalog), past.catalog, [now for _, now in items])
    sync_directory(store.root)
    fresh = store.switch(replace(past.manifest, table=generation.table, catalog=generation.catalog))
    fresh.tidy(erase=True)
    return Restored(
        snapshot=snapshot.name, before=before, documents=sum(bool(now.version) for _, now in items),
        passages=fresh.index.count(Scope.owner()), readers_changed=len(changed),
        kept_out=tuple(item.uri for item in kept_out),
    )  # fmt: skip


def _with_todays_rights(store: Store, past: Store, erased: Collection[str]) -> Iterator[tuple[Item, Item]]:
    """Each item of the snapshot, and what becomes of it now.

    Readers are those that the rules beside the files give today; where the files are out of reach, those that the
    catalog has today; where it has none, the snapshot's.
    """
    present = {(item.source_id, item.uri): item for item in store.catalog.items(Scope.owner())}
    excluded = {key for key, item in present.items() if item.status == "excluded"}
    rules = {source.id: _rules(Path(source.location)) for source in past.catalog.sources()}
    for item in past.catalog.items(Scope.owner()):
        key = (item.source_id, item.uri)
        rule = rules.get(item.source_id)
        readers = present[key].readers if key in present else item.readers
        now = item
        gone = item.document_id in erased and not (key in present and present[key].version)
        if gone or key in excluded or (item.source_id, item.container) in excluded:
            now = present[key] if key in excluded else _taken_out(item)
        yield item, replace(now, readers=rule.readers(item.container or item.uri) if rule else readers)


def _rules(location: Path) -> ReadersRules | None:
    """The rules beside the files, ``None`` when the files are out of reach. Broken rules stop a restore, as a sync."""
    return ReadersRules.load(location) if location.exists() else None


def _taken_out(item: Item) -> Item:
    return replace(item, status="excluded", version="", passages=0, title="", message="Removed on request.")


def _rewrite(catalog: Catalog, past: Catalog, items: list[Item]) -> None:
    """Makes the copy of today's catalog say what the snapshot's said; what else it records (removals) stays."""
    sources = past.sources()
    kept = {source.id for source in sources}
    for source in catalog.sources():
        if source.id not in kept:
            catalog.remove_source(source.id)
    for source in sources:
        catalog.add_source(source)
        catalog.mark_synced(source.id, source.synced_at)
    named = {(item.source_id, item.uri) for item in items}
    gone = [item for item in catalog.items(Scope.owner()) if (item.source_id, item.uri) not in named]
    catalog.forget([item for item in gone if item.status != "excluded"])
    catalog.record(items, past.signatures(Scope.owner()))
    catalog.close()


# -- erasing -----------------------------------------------------------------------------------------------------------


def erase(store: Store, document_ids: Collection[str]) -> tuple[str, ...]:
    """Takes documents out of every snapshot, text and all; the caller holds the lock and then tidies the collection.

    Returns the names of the snapshots that held some. Killed in the middle, the same call again finishes the work.
    """
    from citewell.catalog import Catalog
    from citewell.index.passages import PassageTable

    touched = []
    for snapshot in list_all(store):
        folder = snapshot_folder(store.root, snapshot.name)
        catalog = Catalog(folder / FIRST_CATALOG)
        gone = [item for item in catalog.items(Scope.owner()) if item.document_id in set(document_ids)]
        table = PassageTable.open(folder / FIRST_TABLE)
        if gone or not table.document_versions().keys().isdisjoint(document_ids):
            table.delete(document_ids)
            table.purge()
            catalog.forget(gone)
            touched.append(snapshot.name)
        catalog.close()
        if _sha256(folder / FIRST_CATALOG) != snapshot.catalog_sha256:
            left = sum(item.is_document for item in catalog.items(Scope.owner()))
            facts = replace(
                snapshot, documents=left, passages=table.count(Scope.owner()),
                catalog_sha256=_sha256(folder / FIRST_CATALOG),
            )  # fmt: skip
            _write(Store.open_snapshot(store.root, snapshot.name), folder, facts)
    return tuple(touched)


# -- files -------------------------------------------------------------------------------------------------------------


def _folders(root: Path) -> list[Path]:
    folders = sorted((root / SNAPSHOTS).glob("*/")) if (root / SNAPSHOTS).is_dir() else []
    return [folder for folder in folders if SNAPSHOT_NAME.fullmatch(folder.name) and (folder / SNAPSHOT_FILE).exists()]


def _write(store: Store, folder: Path, snapshot: Snapshot) -> None:
    manifest = replace(store.manifest, table=FIRST_TABLE, catalog=FIRST_CATALOG)
    facts: dict[str, str | int] = {
        "created_at": snapshot.created_at, "note": snapshot.note, "documents": snapshot.documents,
        "passages": snapshot.passages, "catalog_sha256": snapshot.catalog_sha256,
    }  # fmt: skip
    lines = [f"{name} = {toml_value(value)}" for name, value in facts.items()]
    text = manifest.to_toml() + "\n[snapshot]\n" + "\n".join(lines) + "\n"
    write_durably(folder / SNAPSHOT_FILE, text.encode("utf-8"))


def _plain(note: str) -> str:
    """One line without control characters."""
    return "".join(each for each in " ".join(note.split()) if each.isprintable())[:_MAX_NOTE]


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
