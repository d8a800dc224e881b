"""A collection's directory and the parts in it: settings, passages, catalog, parsed documents, encoder.

    handbook.citewell/
      collection.toml     format version, encoder identity, settings, names of the current generation (manifest.py)
      passages.lance/     passages, vectors, full-text index, readers
      catalog.db          sources and what became of each file
      blobs/              parsed documents by version
      snapshots/          earlier states (snapshots.py)
      lock                held by the one process that writes

A :class:`Store` is one generation and never moves on by itself; :meth:`Store.current` gives the store of the newest.
Stages take a store; people use :class:`citewell.Collection`, which has the verbs and asks for the current store at each
of them. Parts open when first used, so that asking never opens the catalog and ``status`` never loads the encoder.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import tempfile
import time
import tomllib
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from citewell.access import Scope
from citewell.blobs import BlobStore
from citewell.durable import sync_directory
from citewell.errors import CollectionError, EncoderMismatchError, IntegrityError, Refusals
from citewell.manifest import (
    FIRST_TABLE,
    FORMAT_VERSION,
    MANIFEST,
    Manifest,
    delete_leftovers,
    parse_manifest,
    read_manifest,
    write_manifest,
)
from citewell.records import Document
from citewell.settings import Settings

if TYPE_CHECKING:
    from citewell.answering.loaded import AnsweringModels
    from citewell.catalog import Catalog, Change, Item
    from citewell.index.passages import PassageTable
    from citewell.models.encoder import Encoder

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST",
    "SNAPSHOTS",
    "SNAPSHOT_FILE",
    "SNAPSHOT_NAME",
    "Manifest",
    "Store",
    "read_manifest",
    "snapshot_folder",
]

SNAPSHOTS, SNAPSHOT_FILE = "snapshots", "snapshot.toml"
SNAPSHOT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

_LOCK_POLL_SECONDS = 0.05

_State = tuple[int, int, int]


class Store:
    """The parts of one generation of a collection."""

    def __init__(self, root: Path, manifest: Manifest, *, folder: Path | None = None) -> None:
        """Use :meth:`create`, :meth:`open` or :meth:`open_snapshot`. folder: where table and catalog are, if not root;
        such a store is read-only."""
        self.root = root
        self.manifest = manifest
        self.settings = manifest.settings.with_environment()
        self.blobs = BlobStore(root / "blobs")
        self.folder = folder or root
        self.read_only = folder is not None
        self._state = _state(root)

    @staticmethod
    def create(root: Path, settings: Settings) -> Store:
        """Makes the directory; the manifest is written last, so its presence means complete."""
        from citewell.index.passages import PassageTable
        from citewell.models.encoder import load_encoder

        _check_path(root)
        if root.exists() and (not root.is_dir() or any(entry.name != "lock" for entry in root.iterdir())):
            if not _is_unfinished(root):
                raise CollectionError(
                    f"'{root}' exists and is not a Citewell collection (it has no {MANIFEST}). "
                    "Name another folder with -c, or an empty one."
                )
            _discard_unfinished(root)
        encoder = load_encoder(settings.index.encoder)
        try:
            root.mkdir(parents=True, exist_ok=True)
            root.chmod(0o700)
        except OSError as error:
            raise CollectionError(
                f"'{root}' cannot be created: {error.strerror}. Name another folder with -c."
            ) from None
        with Refusals(root):
            PassageTable.create(root / FIRST_TABLE, encoder.dimension, settings.index.language)
            (root / "blobs").mkdir(exist_ok=True)
            write_manifest(root, Manifest(FORMAT_VERSION, encoder.identity, encoder.dimension, FIRST_TABLE, settings))
            sync_directory(root.parent)
        store = Store.open(root)
        store.__dict__["encoder"] = encoder
        return store

    @staticmethod
    def open(root: Path) -> Store:
        manifest = read_manifest(root)
        _check_path(root)
        return Store(root, manifest)

    @staticmethod
    def open_snapshot(root: Path, name: str) -> Store:
        """The snapshot ``name`` as a store that can be searched and asked, and refuses to be written.

        It shows documents to those who could read them then: for the owner, not for askers with fewer rights.
        """
        folder = snapshot_folder(root, name)
        path = folder / SNAPSHOT_FILE
        try:
            manifest = parse_manifest(tomllib.loads(path.read_text(encoding="utf-8")), path)
        except FileNotFoundError:
            raise CollectionError(f"There is no snapshot '{name}'. List them with:  citewell snapshot list") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise IntegrityError(f"{path} is damaged: {error}. Drop it:  citewell snapshot drop {name}") from None
        return Store(root, manifest, folder=folder)

    def current(self) -> Store:
        """The store of the generation the collection is at now: this one, or a new one after a switch.

        Costs one look at the manifest's file (2 microseconds). An encoder that is still the right one is kept.
        """
        if self.read_only or _state(self.root) == self._state:
            return self
        fresh = Store.open(self.root)
        same = (fresh.manifest.encoder, fresh.settings.index) == (self.manifest.encoder, self.settings.index)
        if same and "encoder" in self.__dict__:
            fresh.__dict__["encoder"] = self.encoder
        return fresh

    @cached_property
    def index(self) -> PassageTable:
        from citewell.index.passages import PassageTable

        return PassageTable.open(self.folder / self.manifest.table)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog; that of a snapshot is a copy, because opening one of an earlier release changes it."""
        from citewell.catalog import Catalog

        path = self.folder / self.manifest.catalog
        if not self.read_only:
            if not (path.exists() and path.stat().st_size) and self.index.count(Scope.owner()):
                raise IntegrityError(
                    f"{path} is missing or empty, but the index holds passages. Nothing was changed. Restore it from a "
                    "copy of the collection."
                )
            return Catalog(path)
        copies = tempfile.mkdtemp(prefix="citewell-snapshot-")
        catalog = Catalog(Path(shutil.copy(path, copies)))
        weakref.finalize(catalog, shutil.rmtree, copies, ignore_errors=True)
        return catalog

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder the vectors were made with, or :class:`EncoderMismatchError`."""
        from citewell.models.encoder import load_encoder

        encoder = load_encoder(self.settings.index.encoder)
        if encoder.identity != self.manifest.encoder:
            raise EncoderMismatchError(
                f"'{self.root}' was indexed with encoder {self.manifest.encoder}; "
                f"'{self.settings.index.encoder}' is now {encoder.identity}. Vectors of two encoders do not compare. "
                f"Re-index the stored passages with:  citewell -c '{self.root}' reindex"
            )
        return encoder

    @property
    def answering(self) -> AnsweringModels:
        """Reader, verifier and calibration of the model set that is in use now."""
        from citewell.answering.loaded import answering_models

        return answering_models(self.root)

    def document(self, item: Item) -> Document | None:
        """What was read of a document, with what the catalog says of it; ``None`` when nothing of it is stored. For
        whoever holds an item, which the scope was asked for."""
        parsed = self.blobs.get(item.version)
        if parsed is None:
            return None
        known = {
            "id": item.document_id, "version": item.version, "uri": item.uri, "source_id": item.source_id,
            "readers": item.readers, "modified_at": item.modified_at,
        }  # fmt: skip
        return Document.from_json({**parsed, **known})

    @contextmanager
    def writing(self, wait_seconds: float = 0.0, *, clean: bool = True) -> Iterator[Store]:
        """Holds the collection's lock and gives the current store. clean: first delete what killed writers left.

        A second writer gets a :class:`CollectionError` that names the first, after ``wait_seconds``.
        """
        if self.read_only:
            raise CollectionError(f"'{self.folder}' is a snapshot; it is never changed. Restore it to go on from it.")
        with Refusals(self.root), _open_lock(self.root) as lock:
            _acquire(lock.fileno(), self.root, wait_seconds)
            unfinished = os.fstat(lock.fileno()).st_size > 0  # the last writer did not come to its end
            lock.truncate(0)
            lock.write(f"process {os.getpid()}, since {datetime.now(UTC).isoformat(timespec='seconds')}")
            lock.flush()
            store = self.current()
            if clean and store.manifest.format_version < FORMAT_VERSION:
                store = store.switch(store.manifest)
            if clean:
                delete_leftovers(self.root, store.manifest)
                store._finish_commit()
            if clean and unfinished:
                store.blobs.keep_only(store.kept_versions())
            yield store
            lock.truncate(0)

    def switch(self, manifest: Manifest) -> Store:
        """Makes ``manifest`` the collection's, in one durable step; gives the store of it. The caller holds the lock.

        The earlier generation's files stay until the next writer comes, for those who are reading them.
        """
        write_manifest(self.root, replace(manifest, format_version=FORMAT_VERSION))
        return self.current()

    def commit(self, change: Change, write: Callable[[], object] | None = None) -> None:
        """Changes index and catalog together. write: the one commit of the index that belongs to ``change``.

        What the commit means is written down before it, so that a process killed between index and catalog leaves
        enough for the next writer to finish the catalog's part.
        """
        if write is not None:
            self.catalog.intend(change, self.index.version)
            write()
        self.catalog.record(change.items, change.signatures, change.gone)

    def _finish_commit(self) -> None:
        """Finishes, or forgets, what a killed writer intended: the index's version says whether its commit happened."""
        intended = self.catalog.intention()
        if intended is not None:
            change, version = intended
            if self.index.version != version:
                self.catalog.record(change.items, change.signatures, change.gone)
            else:
                self.catalog.record(())

    def kept_versions(self) -> set[str]:
        """Versions of the documents that the catalog or a snapshot names: the parses that must stay."""
        kept = {item.version for item in self.catalog.items(Scope.owner())}
        for path in (self.root / SNAPSHOTS).glob("*/catalog*.db"):
            kept |= _versions(path)
        return kept - {""}

    def tidy(self, *, erase: bool) -> None:
        """Indexes new rows when they are many; erase: also drops stored parses that no document needs any more."""
        if self.index.optimize_due():
            self.index.optimize()
        if erase:
            self.blobs.keep_only(self.kept_versions())


def _check_path(root: Path) -> None:
    """The index engine keeps no tables below folders whose names have control characters or are not UTF-8."""
    path = os.fsencode(root.absolute()).decode("utf-8", "replace")
    if "\ufffd" in path or any(character < " " or character == "\x7f" for character in path):
        raise CollectionError(
            f"A collection cannot be at {path!r}: the names on the way hold control characters or are not UTF-8. "
            "Name another folder with -c; the documents may stay where they are."
        )


def snapshot_folder(root: Path, name: str) -> Path:
    """The folder of a snapshot; the name is checked, so that it cannot lead anywhere else."""
    if not SNAPSHOT_NAME.fullmatch(name):
        raise CollectionError(
            f"'{name}' is not a name for a snapshot. Expected up to 64 of a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter or a digit."
        )
    return root / SNAPSHOTS / name


def _state(root: Path) -> _State:
    """What changes whenever the manifest is replaced."""
    try:
        found = (root / MANIFEST).stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _open_lock(root: Path) -> TextIO:
    try:
        return (root / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise CollectionError(
            f"'{root}' cannot be written: {error.strerror}. Asking works; to change it, become its owner or copy it."
        ) from None


def _acquire(handle: int, root: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(_LOCK_POLL_SECONDS)
                continue
        holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "unknown"
        raise CollectionError(
            f"'{root}' is being written by another process ({holder}). "
            "Wait for it to finish, or stop it, and run the command again. Asking works meanwhile."
        ) from None


def _versions(catalog: Path) -> set[str]:
    """Document versions a snapshot's catalog names; a damaged one stops whoever wants to delete by it."""
    try:
        with closing(sqlite3.connect(f"{catalog.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return {row[0] for row in connection.execute("SELECT DISTINCT version FROM items")}
    except sqlite3.Error as error:
        raise IntegrityError(
            f"{catalog} is damaged ({error}), so it is unknown which stored texts the snapshot needs. "
            f"Drop it:  citewell snapshot drop {catalog.parent.name}"
        ) from None


_PARTS = frozenset({FIRST_TABLE, "blobs", "lock"})


def _is_unfinished(root: Path) -> bool:
    """Whether the folder holds only what a killed ``create`` leaves."""
    if not root.is_dir() or (root / MANIFEST).exists():
        return False
    if any((root / "blobs").glob("*")) or any((root / FIRST_TABLE / "data").glob("*")):
        return False  # documents were stored: a copy that is missing its manifest
    return all(entry.name in _PARTS or entry.name.startswith(f"{MANIFEST}.") for entry in root.iterdir())


def _discard_unfinished(root: Path) -> None:
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
