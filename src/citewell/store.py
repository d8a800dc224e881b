"""A collection's directory and the parts in it: settings, passages, catalog, parsed documents, encoder.

    handbook.citewell/
      collection.toml     format version, encoder identity, settings; written last when created
      passages.lance/     passages, vectors, full-text index, readers
      catalog.db          sources and what became of each file
      blobs/              parsed documents by version
      lock                held by the one process that writes

Stages take a :class:`Store`; people use :class:`citewell.Collection`, which has the verbs. Parts open when first used,
so that asking never opens the catalog and ``status`` never loads the encoder.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.blobs import BlobStore
from citewell.errors import CollectionError, EncoderMismatchError
from citewell.settings import Settings

if TYPE_CHECKING:
    from citewell.catalog import Catalog
    from citewell.index.passages import PassageTable
    from citewell.models.encoder import Encoder
    from citewell.records import Passage

FORMAT_VERSION = 1
MANIFEST = "collection.toml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``collection.toml`` records. encoder: identity of the model that made the vectors. table: folder name."""

    format_version: int
    encoder: str
    dimension: int
    table: str
    settings: Settings


class Store:
    """The parts of one collection."""

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self.root = root
        self.manifest = manifest
        self.settings = manifest.settings.with_environment()
        self.blobs = BlobStore(root / "blobs")

    @staticmethod
    def create(root: Path, settings: Settings) -> Store:
        """Makes the directory; the manifest is written last, so its presence means complete."""
        from citewell.index.passages import PassageTable
        from citewell.models.encoder import load_encoder

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
        PassageTable.create(root / "passages.lance", encoder.dimension, settings.index.language)
        (root / "blobs").mkdir(exist_ok=True)
        manifest = Manifest(FORMAT_VERSION, encoder.identity, encoder.dimension, "passages.lance", settings)
        write_manifest(root, manifest)
        store = Store(root, manifest)
        store.__dict__["encoder"] = encoder
        return store

    @staticmethod
    def open(root: Path) -> Store:
        return Store(root, read_manifest(root))

    @cached_property
    def index(self) -> PassageTable:
        from citewell.index.passages import PassageTable

        return PassageTable.open(self.root / self.manifest.table)

    @cached_property
    def catalog(self) -> Catalog:
        from citewell.catalog import Catalog

        return Catalog(self.root / "catalog.db")

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

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the collection's lock; a second writer gets a :class:`CollectionError` at once."""
        with (self.root / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise CollectionError(
                    f"'{self.root}' is being written by another process ({lock.read().strip() or 'unknown'}). "
                    "Wait for it to finish, or stop it, and run the command again. Asking works meanwhile."
                ) from None
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield

    def tidy(self, *, erase: bool) -> None:
        """Indexes new rows when they are many; erase: also drops stored parses that no document needs any more."""
        if self.index.optimize_due():
            self.index.optimize()
        if erase:
            self.blobs.keep_only({item.version for item in self.catalog.items(Scope.owner())})

    def reindex(self, encoder_name: str, on_progress: Callable[[int], None] | None = None) -> int:
        """Encodes every stored passage again into a new table, then switches to it. Returns the passages encoded."""
        from citewell.index.passages import PassageTable
        from citewell.models.encoder import load_encoder

        encoder = load_encoder(encoder_name)
        number = int(self.manifest.table.removesuffix(".lance").partition("-")[2] or 1) + 1
        name = f"passages-{number}.lance"
        shutil.rmtree(self.root / name, ignore_errors=True)
        fresh = PassageTable.create(self.root / name, encoder.dimension, self.settings.index.language)
        done = 0
        documents = list(self.index.document_versions())
        while documents:
            batch: list[Passage] = []
            while documents and len(batch) < self.settings.ingest.batch_passages:
                batch += self.index.of_document(documents.pop(), Scope.owner())
            fresh.commit(batch, encoder.encode([passage.searchable for passage in batch]), ())
            done += len(batch)
            if on_progress:
                on_progress(done)
        fresh.optimize()
        settings = Settings.from_json({**self.manifest.settings.to_json(), "index": {
            "language": self.settings.index.language, "encoder": encoder_name,
        }})  # fmt: skip
        old = self.manifest.table
        write_manifest(self.root, Manifest(FORMAT_VERSION, encoder.identity, encoder.dimension, name, settings))
        shutil.rmtree(self.root / old, ignore_errors=True)
        return done


def read_manifest(root: Path) -> Manifest:
    path = root / MANIFEST
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise CollectionError(
            f"There is no collection at '{root}'. Make one by adding a folder:  citewell -c '{root}' add FOLDER"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CollectionError(f"{path} cannot be read: {error}. Restore it from a copy of the collection.") from None
    version = data.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise CollectionError(
            f"'{root}' has format version {version}; this release reads up to {FORMAT_VERSION}. It was not changed. "
            "Upgrade Citewell:  pip install --upgrade citewell"
        )
    try:
        settings = Settings.from_json(data["settings"])
        return Manifest(version, data["encoder"], int(data["dimension"]), data["table"], settings)
    except KeyError as error:
        raise CollectionError(f"{path} has no entry {error}. Restore it from a copy of the collection.") from None


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Replaces ``collection.toml`` in one step."""
    lines = [
        f"format_version = {manifest.format_version}",
        f"encoder = {json.dumps(manifest.encoder)}",
        f"dimension = {manifest.dimension}",
        f"table = {json.dumps(manifest.table)}",
    ]
    for stage, values in manifest.settings.to_json().items():
        values.pop("workers", None)  # belongs to the machine, not to the collection
        lines += ["", f"[settings.{stage}]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    partial = root / f"{MANIFEST}.partial"
    with partial.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(root / MANIFEST)


_PARTS = frozenset({"passages.lance", "blobs", "lock", f"{MANIFEST}.partial"})


def _is_unfinished(root: Path) -> bool:
    """Whether the folder holds only what a killed ``create`` leaves."""
    return root.is_dir() and not (root / MANIFEST).exists() and {entry.name for entry in root.iterdir()} <= _PARTS


def _discard_unfinished(root: Path) -> None:
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
