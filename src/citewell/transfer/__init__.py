"""A collection as one archive: out of here, and into a new directory somewhere else.

An export is what the collection says, not the files it is kept in: sources and items, parsed documents, the places
where they are cut, the vectors. An import believes none of it (:mod:`citewell.transfer.values`), builds a collection by
the usual commits in a folder of its own, verifies it whole (:mod:`citewell.integrity`), and only then gives it its
name. Original files are not in it; the sources keep the paths they have.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citewell.access import Scope
from citewell.chunking import with_places
from citewell.durable import PARTIAL, sync_directory, sync_tree
from citewell.errors import CollectionError, EncoderMismatchError, IntegrityError, PathError, SettingsError
from citewell.integrity import check
from citewell.records import Json, Passage
from citewell.reindex import stored_document
from citewell.settings import BUILTIN_ENCODER, Settings
from citewell.store import Store
from citewell.transfer import values
from citewell.transfer.archive import MEMBERS, unpack_archive, write_archive

if TYPE_CHECKING:
    import numpy as np

    from citewell.catalog import Item, Source

__all__ = ["Exported", "Imported", "export_collection", "import_archive"]

FORMAT, VERSION = "citewell export", 1
_CATALOG, _PARSES, _PASSAGES, _VECTORS = MEMBERS

_DOCUMENTS_AT_ONCE = 64
_COMMIT_PASSAGES = 2_048
_MAX_LINE = 512 << 20  # bytes of one JSON line; a parser may return 64 MB, which JSON makes longer


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. bytes: size of the archive."""

    path: str
    documents: int
    passages: int
    bytes: int

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read. sources: their places, as on the machine the archive comes from."""

    root: str
    documents: int
    passages: int
    sources: tuple[str, ...]

    def to_json(self) -> Json:
        return {**asdict(self), "sources": list(self.sources)}


# -- out ---------------------------------------------------------------------------------------------------------------


def export_collection(store: Store, path: Path) -> Exported:
    """Writes the state of ``store``, the present or a snapshot, to ``path``. No writer may run meanwhile."""
    if path.exists():
        raise PathError(f"'{path}' exists already. Name another file, or delete it first.")
    if not path.parent.is_dir():
        raise PathError(f"The folder '{path.parent}' does not exist. Make it, or name another place.")
    if store.read_only:
        return _export(store, path)
    with store.writing() as current:
        return _export(current, path)


def _export(store: Store, path: Path) -> Exported:
    with tempfile.TemporaryDirectory(prefix=".citewell-export-", dir=path.parent) as name:
        folder = Path(name)
        items = store.catalog.items(Scope.owner())
        _write_catalog(store, items, folder)
        passages = _write_documents(store, items, folder)
        settings = store.manifest.settings.to_json()
        settings["parsing"].pop("workers", None)  # belongs to the machine
        head: Json = {
            "format": FORMAT, "version": VERSION, "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "encoder": store.manifest.encoder, "dimension": store.manifest.dimension, "passages": passages,
            "settings": settings,
        }  # fmt: skip
        write_archive(path, head, folder)
    return Exported(str(path), sum(item.is_document for item in items), passages, path.stat().st_size)


def _write_catalog(store: Store, items: Sequence[Item], folder: Path) -> None:
    signatures = store.catalog.signatures(Scope.owner())
    with (folder / _CATALOG).open("w", encoding="utf-8") as file:
        for source in store.catalog.sources():
            _write_line(file, {"source": asdict(source)})
        for item in items:
            signature = base64.b64encode(signatures.get(item.document_id, b"")).decode("ascii")
            _write_line(file, {"item": asdict(item), "signature": signature})


def _write_documents(store: Store, items: Sequence[Item], folder: Path) -> int:
    """Parses, cuts and vectors of every document; returns the number of passages."""
    written: set[str] = set()
    count = 0
    with (
        (folder / _PARSES).open("w", encoding="utf-8") as parses,
        (folder / _PASSAGES).open("w", encoding="utf-8") as passages,
        (folder / _VECTORS).open("wb") as vectors,
    ):
        for part in _parts([item for item in items if item.version], _DOCUMENTS_AT_ONCE):
            texts = {item.document_id: _parse_of(store, item) for item in part}
            for item in part:
                if item.version not in written:
                    _write_line(parses, {"version": item.version, "parse": texts[item.document_id]})
                    written.add(item.version)
            found, matrix = store.index.with_vectors(list(texts))
            for passage in found:
                _check_passage(passage, texts[passage.document_id])
                _write_line(passages, {
                    "document": passage.document_id, "start": passage.span[0], "end": passage.span[1],
                    "heading_path": passage.heading_path, "header": passage.header,
                })  # fmt: skip
            vectors.write(matrix.astype("<f4").tobytes())
            count += len(found)
    return count


def _parse_of(store: Store, item: Item) -> Json:
    parsed = store.blobs.get(item.version)
    if parsed is None:
        raise IntegrityError(f"The stored text of {item.uri} is missing. Read it again with:  citewell sync")
    return parsed


def _check_passage(passage: Passage, parsed: Json) -> None:
    if parsed["text"][passage.span[0] : passage.span[1]] != passage.text:
        raise IntegrityError(
            f"A passage of {passage.uri} is not what its document says. Mend it with:  citewell check --repair"
        )


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _write_line(file: Any, value: Json) -> None:
    file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


# -- in ----------------------------------------------------------------------------------------------------------------


def import_archive(path: Path, root: Path, encoder: str = "") -> Imported:
    """Makes a collection at ``root`` from an archive. encoder: name or folder of the archive's encoder on this machine,
    needed unless it is the shipped one: an archive cannot make this machine load a model.

    Whatever is wrong with the archive is one :class:`IntegrityError`, and nothing of it is left behind.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CollectionError(f"'{root}' exists already. Name a new folder with -c.")
    root.absolute().parent.mkdir(parents=True, exist_ok=True)
    work = root.absolute().parent / f".{root.name}.{uuid.uuid4().hex}{PARTIAL}"
    work.mkdir(mode=0o700)
    try:
        members = work / "members"
        members.mkdir()
        head = unpack_archive(path, members)
        store = Store.create(work / "collection", _settings(head, encoder))
        _check_encoder(store, head)
        try:
            found = _fill(store, members)
        except values.BadValueError as error:
            raise IntegrityError(f"The archive cannot be imported: {error}. Nothing was kept of it.") from None
        if problems := check(store):
            raise IntegrityError(f"The archive cannot be imported: {problems[0]} Nothing was kept of it.")
        sync_tree(store.root)
        store.root.rename(root)
        sync_directory(root.absolute().parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return replace(found, root=str(root))


def _settings(head: Json, encoder: str) -> Settings:
    if (head.get("format"), head.get("version")) != (FORMAT, VERSION):
        raise IntegrityError(
            f"The archive has format '{head.get('format')}' version {head.get('version')}; this release reads "
            f"'{FORMAT}' version {VERSION}. Export it again with this release."
        )
    try:
        settings = Settings.from_json(head["settings"])
    except (SettingsError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"The archive's settings cannot be used: {error}. Nothing was kept of it.") from None
    name = encoder or settings.index.encoder
    if not encoder and name != BUILTIN_ENCODER:
        raise EncoderMismatchError(
            f"The archive was made with the encoder '{name}' ({head.get('encoder')}), which is not shipped. Name it on "
            f"this machine:  citewell snapshot import FILE --encoder NAME|DIR"
        )
    return replace(settings, index=replace(settings.index, encoder=name))


def _check_encoder(store: Store, head: Json) -> None:
    if (store.manifest.encoder, store.manifest.dimension) != (head.get("encoder"), head.get("dimension")):
        raise EncoderMismatchError(
            f"The archive's vectors were made with {head.get('encoder')}; '{store.settings.index.encoder}' is "
            f"{store.manifest.encoder} here. Name the right one:  citewell snapshot import FILE --encoder NAME|DIR"
        )


def _fill(store: Store, members: Path) -> Imported:
    sources, items, signatures = _read_catalog(members / _CATALOG)
    documents = {item.document_id: item for item in items if item.version}
    _read_parses(store, members / _PARSES, {item.version for item in documents.values()})
    count = 0
    for source in sources:  # before the passages: an index with passages and no catalog would be taken for damage
        store.catalog.add_source(source)
    for passages, vectors in _read_passages(store, members, documents):
        store.index.commit(passages, vectors, ())
        count += len(passages)
    store.index.optimize()
    store.catalog.record(items, signatures)
    return Imported("", sum(item.is_document for item in items), count, tuple(source.location for source in sources))


def _read_catalog(path: Path) -> tuple[list[Source], list[Item], dict[str, bytes]]:
    sources: dict[str, Source] = {}
    items: dict[str, Item] = {}
    signatures: dict[str, bytes] = {}
    for line in _lines(path):
        if set(line) == {"source"}:
            source = values.source(line["source"])
            if source.id in sources:
                raise values.BadValueError("a source is there twice")
            sources[source.id] = source
        elif set(line) == {"item", "signature"}:
            item = values.item(line["item"], sources)
            if item.document_id in items:
                raise values.BadValueError("an item is there twice")
            items[item.document_id] = item
            if (signature := values.signature(line["signature"])) and item.version:
                signatures[item.document_id] = signature
        else:
            raise values.BadValueError("a line of the catalog is neither a source nor an item")
    return list(sources.values()), list(items.values()), signatures


def _read_parses(store: Store, path: Path, wanted: set[str]) -> None:
    for line in _lines(path):
        if set(line) != {"version", "parse"} or line["version"] not in wanted:
            raise values.BadValueError("a parsed document is there twice, or belongs to none")
        wanted.remove(line["version"])
        store.blobs.put(line["version"], values.parse(line["parse"]).to_json(), sync=False)
    if wanted:
        raise values.BadValueError(f"{len(wanted)} parsed documents are missing")


def _read_passages(
    store: Store, members: Path, documents: dict[str, Item]
) -> Iterator[tuple[list[Passage], np.ndarray]]:
    """Passages with their vectors, whole documents at a time; each document is there once, in reading order."""
    waiting = dict(documents)
    batch: list[Passage] = []
    with (members / _VECTORS).open("rb") as vectors:
        for document_id, rows in _by_document(members / _PASSAGES):
            item = waiting.pop(document_id, None)
            parsed = store.blobs.get(item.version) if item else None
            if item is None or parsed is None:
                raise values.BadValueError("passages belong to no document, or a document comes twice")
            document = stored_document(item, parsed)
            occurrences: dict[str, int] = {}
            found = [values.passage(document, row, occurrences) for row in rows]
            if any(late.span[0] < early.span[1] for early, late in pairwise(found)):
                raise values.BadValueError("passages are not in reading order, or overlap")
            batch += with_places(found, document.blocks)
            if len(batch) >= _COMMIT_PASSAGES:
                yield batch, _vectors(vectors, len(batch), store.manifest.dimension)
                batch = []
        if batch:
            yield batch, _vectors(vectors, len(batch), store.manifest.dimension)
        if vectors.read(1):
            raise values.BadValueError("there are more vectors than passages")


def _by_document(path: Path) -> Iterator[tuple[str, list[Json]]]:
    rows: list[Json] = []
    for line in _lines(path):
        if set(line) != {"document", "start", "end", "heading_path", "header"}:
            raise values.BadValueError("a passage does not have the fields of one")
        if not (isinstance(line["document"], str) and isinstance(line["heading_path"], list)):
            raise values.BadValueError("a passage has fields of another type")
        if rows and rows[0]["document"] != line["document"]:
            yield rows[0]["document"], rows
            rows = []
        rows.append(line)
    if rows:
        yield rows[0]["document"], rows


def _vectors(file: Any, count: int, dimension: int) -> np.ndarray:
    """(count, dimension) finite rows of length 1."""
    import numpy as np

    size = count * dimension * 4
    data = file.read(size)
    if len(data) != size:
        raise values.BadValueError("there are fewer vectors than passages")
    rows = np.frombuffer(data, dtype="<f4").reshape(count, dimension)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    if not (np.isfinite(lengths).all() and (np.abs(lengths - 1.0) < 1e-3).all()):
        raise values.BadValueError("a vector has not unit length")
    return rows


def _lines(path: Path) -> Iterator[Json]:
    with path.open("rb") as file:
        while raw := file.readline(_MAX_LINE):
            if not raw.endswith(b"\n"):
                raise values.BadValueError(f"{path.name} has a line without an end")
            try:
                line = json.loads(raw)
            except (ValueError, RecursionError):
                line = None
            if not isinstance(line, dict):
                raise values.BadValueError(f"{path.name} has a line that is no JSON object")
            yield line
