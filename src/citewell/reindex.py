"""Re-indexing: every document cut and encoded anew, beside the index that goes on answering, then one switch.

For another encoder, other chunking settings, or a newer parser. A document is read again from its file where the parser
has changed and the file is there with the same bytes, else from its stored parse; nothing is lost when a file is gone.
Vectors of texts that stay the same are taken over when the encoder stays the same.

A killed run is continued by the next one with the same target (``building.toml`` says which); what counts as done is
what the new table holds. The old state is kept as the snapshot ``before-reindex-N``.
"""

from __future__ import annotations

import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from citewell import snapshots
from citewell.access import Scope
from citewell.changes import PIPELINE, document_version
from citewell.chunking import chunk
from citewell.durable import sync_directory, write_durably
from citewell.errors import CitewellError, IntegrityError, ParseError
from citewell.manifest import BUILDING, FORMAT_VERSION, Manifest, copy_catalog, next_generation, parse_manifest
from citewell.records import Document, Json, Passage
from citewell.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from citewell.catalog import Item
    from citewell.index.passages import PassageTable
    from citewell.models.encoder import Encoder
    from citewell.parsing.sandbox import ParserPool
    from citewell.store import Store


@dataclass(frozen=True, slots=True)
class ReindexProgress:
    """Where a re-index stands. done, total: documents. stage: ``encoding`` or ``indexing``."""

    done: int
    total: int
    passages: int
    stage: str = "encoding"


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What a re-index did. passages: those the new index holds. encoded: texts the encoder read in this run; the others
    had their vectors already. reread: documents parsed again from their files. continued: documents that an earlier,
    killed run had finished. snapshot: name of the state before, empty when none was wanted."""

    documents: int
    passages: int
    encoded: int
    reread: int
    continued: int
    encoder: str
    snapshot: str
    seconds: float

    def to_json(self) -> dict[str, object]:
        names = ("documents", "passages", "encoded", "reread", "continued", "encoder", "snapshot")
        return {**{name: getattr(self, name) for name in names}, "seconds": round(self.seconds, 3)}


OnProgress = Callable[[ReindexProgress], None]


def reindex(
    store: Store, settings: Settings, *, keep_snapshot: bool = True, on_progress: OnProgress | None = None
) -> ReindexReport:
    """Builds the index anew with the encoder and the chunking of ``settings``, then switches to it."""
    from citewell.models.encoder import load_encoder

    started = time.monotonic()
    encoder = load_encoder(settings.index.encoder)
    with store.writing() as current:
        build = _Build(current, _begin_or_continue(current, settings, encoder), encoder, on_progress)
        build.fill()
        build.finish()
        name = snapshots.free_name(current, "before-reindex") if keep_snapshot else ""
        if name:
            snapshots.create_locked(current, name, f"Before the index was built anew with {encoder.identity}.")
        fresh = current.switch(build.target)
        (fresh.root / BUILDING).unlink(missing_ok=True)
        fresh.__dict__["encoder"] = encoder
        fresh.tidy(erase=True)
        return ReindexReport(
            documents=len(build.items), passages=fresh.index.count(Scope.owner()), encoded=build.encoded,
            reread=build.reread, continued=build.continued, encoder=encoder.identity, snapshot=name,
            seconds=time.monotonic() - started,
        )  # fmt: skip


def with_changes(settings: Settings, encoder: str = "", chunking: Mapping[str, int] | None = None) -> Settings:
    """``settings`` with another encoder and other chunking values; what is not named stays."""
    changes: dict[str, dict[str, object]] = {"chunking": dict(chunking or {})}
    if encoder:
        changes["index"] = {"encoder": encoder}
    known = settings.to_json()
    return Settings.from_json({stage: {**values, **changes.get(stage, {})} for stage, values in known.items()})


def _begin_or_continue(store: Store, settings: Settings, encoder: Encoder) -> Manifest:
    """The manifest to switch to, its table on disk: the one a killed run was filling, if it is for the same target."""
    from citewell.index.passages import PassageTable

    generation = next_generation(store.root)
    target = Manifest(
        FORMAT_VERSION, encoder.identity, encoder.dimension, generation.table, settings, generation.catalog
    )
    path = store.root / BUILDING
    if (found := _unfinished(path)) is not None:
        if found == replace(target, table=found.table, catalog=found.catalog) and (store.root / found.table).is_dir():
            (store.root / found.table).rename(store.root / target.table)  # a restore since may have a higher number
            _write_target(path, target)
            return target
        path.unlink()
        shutil.rmtree(store.root / found.table, ignore_errors=True)
        (store.root / found.catalog).unlink(missing_ok=True)
    PassageTable.create(store.root / target.table, encoder.dimension, settings.index.language)
    _write_target(path, target)
    return target


def _write_target(path: Path, target: Manifest) -> None:
    build = f'\n[build]\npipeline = "{PIPELINE}"\n'
    write_durably(path, (target.to_toml() + build).encode("utf-8"))


def _unfinished(path: Path) -> Manifest | None:
    """What a killed run was building, with this release's parser and chunker."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        manifest = parse_manifest(data, path)
    except (OSError, ValueError, CitewellError):
        return None
    return manifest if data.get("build") == {"pipeline": PIPELINE} else replace(manifest, encoder="")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One document before cutting. item: what the catalog will say of it. document: ``None`` when its parse is lost."""

    item: Item
    document: Document | None
    reread: bool = False


@dataclass(slots=True)
class _Build:
    """A generation being filled."""

    store: Store
    target: Manifest
    encoder: Encoder
    on_progress: OnProgress | None
    items: list[Item] = field(default_factory=list)
    signatures: dict[str, bytes] = field(default_factory=dict)
    encoded: int = 0
    reread: int = 0
    continued: int = 0

    @property
    def table(self) -> PassageTable:
        from citewell.index.passages import PassageTable

        return PassageTable.open(self.store.root / self.target.table)

    def fill(self) -> None:
        """Commits every document that the new table does not hold yet."""
        table, todo = self.table, _documents(self.store)
        finished = table.document_versions()
        batch: list[Passage] = []
        replaced: list[str] = []
        passages = 0
        for number, prepared in enumerate(_prepare_all(self.store, todo), 1):
            self.items.append(prepared.item)
            self.reread += prepared.reread
            if prepared.reread and prepared.document is not None:
                self._sign(prepared.document)
            if finished.get(prepared.item.document_id) == prepared.item.version:
                self.continued += 1
            else:
                batch += self._cut(prepared)
                replaced.append(prepared.item.document_id)
            if len(batch) >= self.store.settings.ingest.batch_passages or number == len(todo):
                passages += len(batch)
                self._commit(table, batch, replaced)
                batch, replaced = [], []
            self._tell(number, len(todo), passages + len(batch))

    def finish(self) -> None:
        """Everything beside the passages: what is gone meanwhile, today's readers, indexes, the catalog."""
        from citewell.catalog import Catalog

        table = self.table
        wanted = {item.document_id: item for item in self.items}
        found = table.documents()
        if gone := found.keys() - wanted.keys():
            table.delete(gone)
        readers = {key: wanted[key].readers for key, rows in found.items() if key in wanted}
        if changed := {key: value for key, value in readers.items() if set(value) != set(found[key].readers)}:
            table.update_readers(changed)
        self._tell(len(self.items), len(self.items), sum(rows.passages for rows in found.values()), "indexing")
        table.optimize()
        path = self.store.root / self.target.catalog
        path.unlink(missing_ok=True)
        copy_catalog(self.store.root / self.store.manifest.catalog, path)
        catalog = Catalog(path)
        counts = {key: rows.passages for key, rows in found.items()}
        items = [replace(item, passages=counts.get(item.document_id, 0)) for item in self.items]
        catalog.record(items, self.signatures)
        catalog.close()
        sync_directory(self.store.root)

    def _cut(self, prepared: _Prepared) -> Sequence[Passage]:
        """A document whose parse is lost keeps the passages it has."""
        if prepared.document is None:
            return self.store.index.of_document(prepared.item.document_id, Scope.owner())
        return chunk(prepared.document, self.encoder, self.target.settings.chunking)

    def _commit(self, table: PassageTable, passages: Sequence[Passage], replaced: Sequence[str]) -> None:
        if replaced:
            table.commit(passages, self._vectors(passages), replaced)

    def _vectors(self, passages: Sequence[Passage]) -> np.ndarray:
        import numpy as np

        texts = {passage.text_hash: passage.embedded for passage in passages}
        same = self.store.manifest.encoder == self.encoder.identity
        found = self.store.index.vectors_for(list(texts)) if same else {}
        missing = [key for key in texts if key not in found]
        if missing:
            found.update(zip(missing, self.encoder.encode([texts[key] for key in missing]), strict=True))
        self.encoded += len(missing)
        rows = [found[passage.text_hash] for passage in passages]
        return np.asarray(rows, dtype=np.float32).reshape(len(rows), self.encoder.dimension)

    def _sign(self, document: Document) -> None:
        from citewell.duplicates import signature

        self.signatures[document.id] = signature(document.text)

    def _tell(self, done: int, total: int, passages: int, stage: str = "encoding") -> None:
        if self.on_progress:
            self.on_progress(ReindexProgress(done, total, passages, stage))


def _documents(store: Store) -> list[Item]:
    return [item for item in store.catalog.items(Scope.owner()) if item.is_document]


def _prepare_all(store: Store, items: Sequence[Item]) -> Iterator[_Prepared]:
    """Every document in order, a few at a time side by side; parsers start only when a file must be read again."""
    from citewell.parsing.sandbox import ParserPool

    workers = store.settings.parsing.workers
    with ParserPool(store.settings.parsing) as pool, ThreadPoolExecutor(workers) as threads:
        for start in range(0, len(items), 4 * workers):
            yield from threads.map(lambda item: _prepare(store, pool, item), items[start : start + 4 * workers])


def _prepare(store: Store, pool: ParserPool, item: Item) -> _Prepared:
    if item.pipeline != PIPELINE and not item.container and (again := _read_again(store, pool, item)) is not None:
        return again
    try:
        parsed = store.blobs.get(item.version)
    except IntegrityError:
        parsed = None
    return _Prepared(item, stored_document(item, parsed) if parsed is not None else None)


def _read_again(store: Store, pool: ParserPool, item: Item) -> _Prepared | None:
    """The document as this release parses its file; ``None`` when the file is gone, changed, or holds other files.

    What changed since the last sync is the next sync's work, done with everything that belongs to it.
    """
    try:
        data = Path(item.uri).read_bytes()
    except OSError:
        return None
    if document_version(data, item.uri, item.pipeline) != item.version:
        return None
    version = document_version(data, item.uri, PIPELINE)
    try:
        parsed = store.blobs.get(version)
        if parsed is None:
            fresh = pool.parse(data, PurePath(item.uri).name)
            if fresh.members or not fresh.blocks:
                return None
            parsed = fresh.to_json()
            store.blobs.put(version, parsed)
    except (ParseError, IntegrityError):
        return None  # the stored parse is better than none
    title = parsed["title"] or PurePath(item.uri).name
    item = replace(item, version=version, pipeline=PIPELINE, title=title, media_type=parsed["media_type"])
    return _Prepared(item, stored_document(item, parsed), reread=True)


def stored_document(item: Item, parsed: Json) -> Document:
    """A document from its stored parse and what the catalog says of it."""
    identity = {
        "id": item.document_id, "version": item.version, "uri": item.uri, "source_id": item.source_id,
        "readers": item.readers, "modified_at": item.modified_at, "title": parsed["title"] or PurePath(item.uri).name,
    }  # fmt: skip
    return Document.from_json({**parsed, **identity})
