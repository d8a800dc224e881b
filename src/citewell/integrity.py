"""``citewell check``: every invariant of a collection that can be verified on disk, and the repairs that are safe.

A repair deletes only what nothing names, rebuilds what can be computed from something else that is whole, and asks for
the rest to be read again; it never deletes the only copy of anything.
"""

from __future__ import annotations

import re
import sqlite3
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from citewell import snapshots
from citewell.access import Scope
from citewell.chunking import chunk
from citewell.errors import CollectionError, IntegrityError
from citewell.evaluation import forgetting
from citewell.manifest import BUILDING, delete_leftovers, is_earlier, leftovers
from citewell.reindex import stored_document
from citewell.store import SNAPSHOTS, Store

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.index import DocumentRows

Repair = Literal["none", "delete", "modes", "indexes", "document", "reread"]
"""What mends a problem. document: cut and encode it again from its stored text. reread: ``citewell sync`` must read the
file again. none: a person has to decide."""

DAMAGED = ".damaged"
"""Ending that a repair gives to a stored text that does not unpack, so that it is read again and yet not lost."""

_ROW = re.compile(r"(passage|document) ([0-9a-f]{32})\b")

_TEXTS_HELD = 64  # documents whose text is kept while their passages are compared; rows of one stand together
_OWNER = Scope.owner()


class Problem(str):
    """A sentence about something that contradicts itself, with what would mend it."""

    __slots__ = ("repair", "subject")

    def __new__(cls, message: str, repair: Repair = "none", subject: str = "") -> Problem:
        problem = super().__new__(cls, message)
        problem.repair = repair
        problem.subject = subject
        return problem

    repair: Repair
    subject: str
    """Document id, or path below the collection; empty when the problem concerns the whole."""

    @property
    def message(self) -> str:
        return str(self)

    @property
    def repairable(self) -> bool:
        return self.repair != "none"


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair found, what it did, and what is left. sync: whether ``citewell sync`` should follow."""

    found: tuple[Problem, ...]
    done: tuple[str, ...]
    left: tuple[Problem, ...]
    sync: bool = False


@dataclass(slots=True)
class _State:
    """What one check reads once and several parts of it compare."""

    store: Store
    items: dict[str, Item]
    rows: dict[str, DocumentRows]
    texts: OrderedDict[str, str | None] = field(default_factory=OrderedDict)


def check(store: Store) -> list[Problem]:
    """Every problem found; none for a sound collection. Waits for no writer, and lets none begin meanwhile."""
    with store.writing(clean=False) as current:
        return check_locked(current)


def check_locked(store: Store) -> list[Problem]:
    """:func:`check` for a caller that holds the collection's lock already."""
    problems = [*_check_files(store), *_check_catalog_file(store)]
    if problems and problems[-1].subject == "catalog":
        return problems  # nothing can be compared with a catalog that is broken
    items = {item.document_id: item for item in store.catalog.items(_OWNER) if item.version}
    state = _State(store, items, store.index.documents())
    problems += _check_table(store)
    problems += _check_documents(state)
    problems += _check_blobs(state)
    problems += _check_spans(state)
    problems += _check_snapshots(state)
    problems += _check_evaluations(store)
    return problems


def repair(store: Store) -> RepairReport:
    """Mends what can be mended safely, then checks again."""
    found = check(store)
    with store.writing() as current:  # which by itself finishes, or clears away, what a killed run left
        left = check_locked(current)
        done = ["Finished or cleared away what a stopped run had left."] if len(left) < len(found) else []
        if mended := list(_mend(current, left)):
            left = check_locked(current)
        reread = any(each.repair == "reread" for each in left)
        return RepairReport(tuple(found), (*done, *mended), tuple(left), reread)


# -- checks ------------------------------------------------------------------------------------------------------------


def _check_files(store: Store) -> Iterator[Problem]:
    root = store.root
    if root.stat().st_mode & stat.S_IRWXO:
        yield Problem(f"Every user of this computer can enter {root}, and with it the documents.", "modes")
    for path in leftovers(root, store.manifest):
        if not is_earlier(path, store.manifest):
            name = path.relative_to(root).as_posix()
            yield Problem(f"{name} was left by a run that was stopped; nothing uses it.", "delete", name)
    if (root / BUILDING).exists():
        message = "A re-index was stopped before it was done. Go on with the same command, or give it up with a repair."
        yield Problem(message, "delete", BUILDING)
    for path in root.glob(f"blobs/*/*{DAMAGED}"):
        if path.name.removesuffix(DAMAGED) in {each.name for each in path.parent.iterdir()}:
            name = path.relative_to(root).as_posix()
            yield Problem(f"{name} is damaged and has been replaced since.", "delete", name)
    if store.index.dimension != store.manifest.dimension:
        yield Problem(f"Vectors have {store.index.dimension} numbers, the manifest says {store.manifest.dimension}.")


def _check_catalog_file(store: Store) -> Iterator[Problem]:
    for sentence in _sqlite_problems(store.folder / store.manifest.catalog):
        message = f"The catalog is damaged: {sentence}. Restore a snapshot:  citewell snapshot list"
        yield Problem(message, "none", "catalog")


def _sqlite_problems(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def _check_table(store: Store) -> Iterator[Problem]:
    """Rows that contradict themselves, and indexes that are missing or do not find what they should."""
    for message in store.index.check():
        named = _ROW.match(message)
        if named is None:
            yield Problem(message, "indexes")
        elif named[1] == "document":
            yield Problem(message, "document", named[2])
        else:
            found = store.index.get([named[2]], _OWNER)
            repair: Repair = "indexes" if "index" in message else "document"
            yield Problem(message, repair, found[0].document_id) if found else Problem(message, "indexes")


def _check_documents(state: _State) -> Iterator[Problem]:
    """Catalog against index, both ways: versions, numbers of passages, readers."""
    for document_id, rows in state.rows.items():
        item = state.items.get(document_id)
        if (message := _difference(item, document_id, rows)) is not None:
            torn = item is not None and item.version != rows.version  # the file knows which of the two is right
            yield Problem(message, "reread" if torn else "document", document_id)
    for document_id, item in state.items.items():
        if item.passages and document_id not in state.rows:
            message = f"{item.uri}: the catalog counts {item.passages} passages, the index has none."
            yield Problem(message, "document", document_id)


def _difference(item: Item | None, document_id: str, rows: DocumentRows) -> str | None:
    if item is None:
        return f"The index holds document {document_id}, which the catalog does not know."
    if item.version != rows.version:
        return f"{item.uri}: the index holds version {rows.version}, the catalog {item.version}."
    if item.passages != rows.passages:
        return f"{item.uri}: the catalog counts {item.passages} passages, the index {rows.passages}."
    if set(item.readers) != set(rows.readers):
        return f"{item.uri}: the index lets {_names(rows.readers)} read it, the catalog {_names(item.readers)}."
    return None


def _check_blobs(state: _State) -> Iterator[Problem]:
    store = state.store
    for item in state.items.values():
        try:
            if store.blobs.get(item.version) is None:
                yield Problem(f"{item.uri}: its stored text is missing.", "reread", item.document_id)
        except IntegrityError as error:
            yield Problem(f"{item.uri}: {error}", "reread", item.document_id)
    try:
        kept = store.kept_versions()
    except IntegrityError:
        return  # which texts a damaged snapshot needs is unknown; it has a problem of its own
    for key in sorted(set(store.blobs.keys()) - kept):
        name = store.blobs.path(key).relative_to(store.root).as_posix()
        yield Problem(f"{name} is the stored text of no document.", "delete", name)


def _check_spans(state: _State) -> Iterator[Problem]:
    """Each passage is exactly what the stored text of its document has at its span."""
    for passage_id, document_id, version, span, text in state.store.index.texts():
        stored = _text(state, version)
        if stored is not None and stored[span[0] : span[1]] != text:
            yield Problem(f"passage {passage_id}: its document has another text at {span[0]}-{span[1]}.",
                          "document", document_id)  # fmt: skip


def _text(state: _State, version: str) -> str | None:
    """The text of a document; ``None`` when it is missing or damaged, which another check tells."""
    if version not in state.texts:
        try:
            parsed = state.store.blobs.get(version)
        except IntegrityError:
            parsed = None
        state.texts[version] = str(parsed["text"]) if parsed else None
        if len(state.texts) > _TEXTS_HELD:
            state.texts.popitem(last=False)
    return state.texts[version]


def _check_snapshots(state: _State) -> Iterator[Problem]:
    store, present = state.store, {item.version for item in state.items.values()}
    if not (store.root / SNAPSHOTS).is_dir():
        return
    for folder in sorted(each for each in (store.root / SNAPSHOTS).iterdir() if each.is_dir()):
        try:
            snapshot = snapshots.read_snapshot(store.root, folder.name)
            snapshots.verify(store.root, snapshot)
            past = Store.open_snapshot(store.root, folder.name)
            if (held := past.index.count(_OWNER)) != snapshot.passages:
                yield Problem(f"The snapshot '{folder.name}' holds {held} passages instead of {snapshot.passages}.")
            versions = {item.version for item in past.catalog.items(_OWNER)} - present - {""}
            if missing := sum(version not in store.blobs for version in versions):
                yield Problem(f"The snapshot '{folder.name}' lacks the stored text of {missing} of its documents.")
        except IntegrityError as error:
            yield Problem(str(error))
        except CollectionError:
            continue  # without its last file it is a leftover


def _check_evaluations(store: Store) -> Iterator[Problem]:
    """Question sets and runs that cannot be read, and what a killed process left of one."""
    for path in forgetting.leftovers(store):
        name = path.relative_to(store.root).as_posix()
        yield Problem(f"{name} was left by a run that was stopped; nothing uses it.", "delete", name)
    for message in forgetting.unreadable(store):
        yield Problem(f"{message} Put a whole copy in its place, or delete it.")


def _names(readers: tuple[str, ...]) -> str:
    return ", ".join(readers) or "nobody"


# -- repairs -----------------------------------------------------------------------------------------------------------


def _mend(store: Store, problems: list[Problem]) -> Iterator[str]:
    """Does what is safe and says what was done. Documents first, because their rows need the stored texts."""
    by_kind: dict[str, list[Problem]] = {}
    for problem in problems:
        by_kind.setdefault(problem.repair, []).append(problem)
    items = {item.document_id: item for item in store.catalog.items(_OWNER) if item.version}
    for document_id in dict.fromkeys(problem.subject for problem in by_kind.get("document", ())):
        yield _mend_document(store, items.get(document_id), document_id)
    for document_id in dict.fromkeys(problem.subject for problem in by_kind.get("reread", ())):
        yield _read_again_later(store, items[document_id])
    if "indexes" in by_kind:
        store.index.purge()
        yield "Built every index anew."
    if "modes" in by_kind:
        store.root.chmod(stat.S_IMODE(store.root.stat().st_mode) & ~stat.S_IRWXO)
        yield f"Closed {store.root} to other users."
    if "delete" in by_kind:
        (store.root / BUILDING).unlink(missing_ok=True)
        delete_leftovers(store.root, store.manifest)
        for problem in by_kind["delete"]:
            path = store.root / problem.subject
            if not path.is_dir():
                path.unlink(missing_ok=True)
        yield f"Deleted {len(by_kind['delete'])} files and folders that nothing uses."


def _mend_document(store: Store, item: Item | None, document_id: str) -> str:
    """Rows of a document that the catalog does not know go; others are made again from the stored text."""
    if item is None:
        store.index.delete([document_id])
        return f"Removed document {document_id}, which the catalog does not know, from the index."
    try:
        parsed = store.blobs.get(item.version)
    except IntegrityError:
        parsed = None
    if parsed is None:
        return _read_again_later(store, item)
    passages = chunk(stored_document(item, parsed), store.encoder, store.settings.chunking)
    vectors = store.encoder.encode([passage.embedded for passage in passages])
    store.index.delete([item.document_id])  # a row that is there twice cannot be replaced
    store.index.commit(passages, vectors, ())
    store.catalog.record([replace(item, passages=len(passages))])
    return f"{item.uri}: cut and encoded again from its stored text."


def _read_again_later(store: Store, item: Item) -> str:
    """Marks a document for the next sync; a stored text that does not unpack is put aside for it."""
    try:
        store.blobs.get(item.version)
    except IntegrityError:
        path = store.blobs.path(item.version)
        path.replace(path.with_name(path.name + DAMAGED))
    store.catalog.record([replace(item, mtime_ns=-1)])
    return f"{item.uri}: marked; the next sync reads it again."
