"""Removal with proof: what was removed, where it was looked for afterwards, and what still holds it.

:data:`HOLDINGS` lists every place of a collection that may hold words of documents, and which files and catalog tables
belong to it; a test fails when a collection has a file or a table that no holding claims, so a part added later cannot
be forgotten. After a removal :func:`prove` asks the search for the documents' own sentences and reads the collection's
files from disk, unpacking what is packed. The :class:`Receipt` says what was checked and what was found; it holds no
sentence of the documents, only their paths and ids.

It cannot speak for what lies outside: the original file, exports, copies of the directory, blocks that a disk has not
reused yet. The receipt says so.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citewell import blobs, snapshots
from citewell.access import Scope
from citewell.durable import sync_directory, write_durably
from citewell.evaluation import forgetting
from citewell.evaluation.places import EVALUATIONS
from citewell.manifest import BUILDING, delete_leftovers
from citewell.models.modelset import MODELS
from citewell.records import Json, content_id
from citewell.store import SNAPSHOTS, Store

if TYPE_CHECKING:
    from citewell.catalog import Item

RECEIPTS = "receipts"

SENTENCES_PER_DOCUMENT, SENTENCES = 12, 240
"""Sentences looked for: of each document, and in all when there are many documents."""

MIN_SENTENCE, MAX_SENTENCE = 24, 120  # characters; shorter ones stand in many documents
SEARCHED = 24  # sentences asked of the search itself

OWNER = Scope.owner()


@dataclass(frozen=True, slots=True)
class Erased:
    """One document that was removed. original: whether its file still stands at its place."""

    uri: str
    document_id: str
    version: str
    passages: int
    original: bool

    def to_json(self) -> Json:
        names = ("uri", "document_id", "version", "passages", "original")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What to look for: taken before the removal, kept in memory only. sentences: that no remaining document holds."""

    documents: tuple[Erased, ...]
    sentences: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()  # URIs of remaining documents that hold some of the same sentences

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(each.document_id for each in self.documents)


@dataclass(frozen=True, slots=True)
class Check:
    """One place that was looked at. found: what was still there, as sentences for people; empty is the proof."""

    where: str
    how: str
    examined: int
    found: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {"where": self.where, "how": self.how, "examined": self.examined, "found": list(self.found)}


@dataclass(frozen=True, slots=True)
class Held:
    """A snapshot that still holds removed documents, until it is dropped."""

    snapshot: str
    created_at: str
    documents: int

    def to_json(self) -> Json:
        return {"snapshot": self.snapshot, "created_at": self.created_at, "documents": self.documents,
                "until": "dropped", "drop": f"citewell snapshot drop {self.snapshot}"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a removal with proof."""

    id: str
    collection: str
    removed_at: str
    documents: tuple[Erased, ...]
    checks: tuple[Check, ...]
    snapshots: tuple[Held, ...]
    elsewhere: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """Nothing of the documents was found in the collection; snapshots are listed apart."""
        return not any(check.found for check in self.checks)

    def to_json(self) -> Json:
        return {
            "id": self.id, "collection": self.collection, "removed_at": self.removed_at, "proved": self.proved,
            "documents": [each.to_json() for each in self.documents],
            "checks": [each.to_json() for each in self.checks],
            "snapshots": [each.to_json() for each in self.snapshots], "elsewhere": list(self.elsewhere),
            "not_covered": list(NOT_COVERED),
        }  # fmt: skip

    def to_text(self) -> str:
        """The receipt for people."""
        lines = [f"Receipt {self.id}", f"Removed {self.removed_at} from {self.collection}", ""]
        lines += [f"  {each.uri}  ({each.passages} passages, document {each.document_id})" for each in self.documents]
        lines += ["", "Looked for afterwards:"]
        for check in self.checks:
            lines.append(
                f"  {'found ' if check.found else 'clean '} {check.where}: {check.how} ({check.examined:,} read)"
            )
            lines += [f"         {each}" for each in check.found]
        lines += ["", "Snapshots that still hold it:" if self.snapshots else "No snapshot holds it."]
        lines += [f"  {each.snapshot}, taken {each.created_at}, {each.documents} of these documents, until dropped:  "
                  f"citewell snapshot drop {each.snapshot}" for each in self.snapshots]  # fmt: skip
        if self.elsewhere:
            lines += ["", "Some of the same sentences also stand in documents that were not removed:"]
            lines += [f"  {uri}" for uri in self.elsewhere]
        if still := [each.uri for each in self.documents if each.original]:
            lines += ["", "The original files still stand at their places and stay out until added again:"]
            lines += [f"  {uri}" for uri in still]
        lines += ["", "Not covered by this receipt:", *(f"  {each}" for each in NOT_COVERED)]
        lines += ["", "Result: " + ("nothing of it was found." if self.proved else "SOMETHING IS LEFT, see above.")]
        return "\n".join(lines) + "\n"


NOT_COVERED = (
    "exports and copies of the collection's directory made earlier, and backups",
    "disk blocks the system has freed but not overwritten",
    "answers that people copied elsewhere",
)


@dataclass(frozen=True, slots=True)
class Holding:
    """A part of a collection that may hold words of documents.

    files: globs in the collection's directory. tables: of the catalog. check: looks whether removed ones are left.
    """

    name: str
    files: tuple[str, ...]
    tables: tuple[str, ...]
    check: Callable[[Store, Evidence], Check]


# -- before the removal ------------------------------------------------------------------------------------------------


def gather(store: Store, items: Sequence[Item]) -> Evidence:
    """What to look for after the removal of ``items``: their ids, and sentences that stand in no other document."""
    documents = tuple(
        Erased(item.uri, item.document_id, item.version, item.passages, Path(item.container or item.uri).exists())
        for item in items if item.version or item.status == "excluded"
    )  # fmt: skip
    ids = {each.document_id for each in documents}
    share = max(1, min(SENTENCES_PER_DOCUMENT, SENTENCES // max(1, len(documents))))
    candidates: list[str] = []
    for each in documents[:SENTENCES]:
        candidates += _sentences([passage.text for passage in store.index.of_document(each.document_id, OWNER)], share)
    sentences, elsewhere = [], set[str]()
    for sentence in dict.fromkeys(candidates):
        others = [hit.passage.uri for hit in store.index.lexical(sentence, 20, OWNER)
                  if hit.passage.document_id not in ids and sentence in hit.passage.text]  # fmt: skip
        elsewhere.update(others)
        if not others:
            sentences.append(sentence)
    return Evidence(documents, tuple(sentences), tuple(sorted(elsewhere)))


def _sentences(texts: Sequence[str], wanted: int) -> list[str]:
    """Lines of the passages, evenly spread, long enough to be told from others."""
    lines = [line.strip()[:MAX_SENTENCE].rstrip() for text in texts for line in text.splitlines()]
    long = [line for line in dict.fromkeys(lines) if len(line) >= MIN_SENTENCE]
    step = max(1, len(long) // wanted)
    return long[::step][:wanted]


def discard_unfinished(store: Store) -> None:
    """Deletes a generation that a re-index has begun and not finished, and what earlier ones left: they hold words of
    documents too. The re-index starts over."""
    (store.root / BUILDING).unlink(missing_ok=True)
    delete_leftovers(store.root, store.manifest)


# -- after the removal -------------------------------------------------------------------------------------------------


def prove(store: Store, evidence: Evidence) -> Receipt:
    """Looks everywhere, and writes the receipt into the collection. The caller holds the lock."""
    removed_at = datetime.now(UTC).isoformat(timespec="seconds")
    checks = (_check_search(store, evidence), *(each.check(store, evidence) for each in HOLDINGS))
    receipt = Receipt(
        id=content_id(removed_at, *sorted(evidence.ids))[:16], collection=str(store.root), removed_at=removed_at,
        documents=evidence.documents, checks=checks, snapshots=_held(store, evidence), elsewhere=evidence.elsewhere,
    )  # fmt: skip
    folder = store.root / RECEIPTS
    folder.mkdir(mode=0o700, exist_ok=True)
    stem = f"{removed_at[:10]}-{receipt.id}"
    write_durably(folder / f"{stem}.json", json.dumps(receipt.to_json(), ensure_ascii=False, indent=2).encode())
    write_durably(folder / f"{stem}.txt", receipt.to_text().encode())
    sync_directory(store.root)
    return receipt


def erased_ids(store: Store, since: str = "") -> frozenset[str]:
    """Ids of every document that a receipt of ``since`` (ISO 8601 UTC) or later says was removed."""
    found: set[str] = set()
    for path in sorted((store.root / RECEIPTS).glob("*.json")):
        receipt = json.loads(path.read_text(encoding="utf-8"))
        if receipt["removed_at"] >= since:
            found.update(each["document_id"] for each in receipt["documents"])
    return frozenset(found)


def _check_search(store: Store, evidence: Evidence) -> Check:
    """Asks both searches for the documents' own sentences."""
    found: set[str] = set()
    asked = evidence.sentences[:SEARCHED]
    vectors = store.encoder.encode(list(asked)) if asked else ()
    for sentence, vector in zip(asked, vectors, strict=True):
        hits = [*store.index.lexical(sentence, 20, OWNER), *store.index.dense(vector, 20, OWNER)]
        found.update(
            f"the search still returns {hit.passage.uri}" for hit in hits
            if hit.passage.document_id in evidence.ids or sentence in hit.passage.text
        )  # fmt: skip
    for document_id in sorted(evidence.ids):
        if store.index.of_document(document_id, OWNER):
            found.add(f"the index still lists document {document_id}")
    how = f"asked for {len(asked)} of its sentences by words and by meaning, and for its ids"
    return Check("search", how, 2 * len(asked) + len(evidence.ids), tuple(sorted(found)))


def _check_passages(store: Store, evidence: Evidence) -> Check:
    """Every row of every file of the passage tables, deleted rows and index files included."""
    return _check_files(store, evidence, "passages and their indexes", PASSAGES, "every row of every file, unpacked")


def _check_parses(store: Store, evidence: Evidence) -> Check:
    used = {item.version for item in store.catalog.items(OWNER)}
    shared = _snapshot_versions(store) - used
    how = "every file but those a snapshot still needs, unpacked"
    check = _check_files(store, evidence, "stored parses", PARSES, how, shared)
    left = [f"the parse {each.version} is still stored" for each in evidence.documents
            if each.version in store.blobs and each.version not in used | shared]  # fmt: skip
    return Check(check.where, check.how, check.examined, (*check.found, *left))


def _check_catalog(store: Store, evidence: Evidence) -> Check:
    """Rows of the documents, and the file's bytes with its free pages. The path of an excluded file stays."""
    found = []
    with closing(
        sqlite3.connect(f"{(store.root / store.manifest.catalog).absolute().as_uri()}?mode=ro", uri=True)
    ) as db:
        for document_id in sorted(evidence.ids):
            if db.execute("SELECT 1 FROM signatures WHERE document_id = ?", (document_id,)).fetchone():
                found.append(f"the signature of {document_id} is still stored")
            for version, title in db.execute("SELECT version, title FROM items WHERE document_id = ?", (document_id,)):
                if version or title:
                    found.append(f"the catalog still describes {document_id}")
    check = _check_files(store, evidence, "catalog", CATALOG, "its rows, and every byte of its file")
    return Check(check.where, check.how, check.examined, (*found, *check.found))


def _check_evaluations(store: Store, evidence: Evidence) -> Check:
    """Question sets and runs: every byte, what they quote by document, and files that nobody can read."""
    check = _check_files(store, evidence, "question sets and runs", SETS_AND_RUNS, "every byte, and quotes by document")
    left = (*forgetting.held(store, evidence.ids), *forgetting.unreadable(store))
    return Check(check.where, check.how, check.examined, (*check.found, *left))


def _check_rest(store: Store, evidence: Evidence) -> Check:
    return _check_files(store, evidence, "settings, lock, receipts, model sets", REST, "every byte")


PASSAGES = ("passages*.lance/**/*",)
PARSES = ("blobs/**/*",)
CATALOG = ("catalog*.db", "catalog*.db-journal", "catalog*.db.*")
SETS_AND_RUNS = (f"{EVALUATIONS}/**/*",)
REST = (
    "collection.toml",
    "collection.toml.*",
    "building.toml",
    "building.toml.*",
    "lock",
    f"{RECEIPTS}/*",
    f"{MODELS}/**/*",
)

HOLDINGS = (
    Holding("passages and their indexes", PASSAGES, (), _check_passages),
    Holding("stored parses", PARSES, (), _check_parses),
    Holding("catalog", CATALOG, ("items", "signatures", "sources", "intention", "schema_version"), _check_catalog),
    Holding("question sets and runs", SETS_AND_RUNS, (), _check_evaluations),
    Holding("settings, lock, receipts, model sets", REST, (), _check_rest),
)
"""Every part of the live collection. Snapshots are what the receipt lists apart: they hold what they held."""


def unclaimed(store: Store) -> list[str]:
    """Files of the collection and tables of its catalog that no holding claims; always empty, as a test makes sure."""
    claimed = {path for holding in HOLDINGS for glob in holding.files for path in store.root.glob(glob)}
    files = [path.relative_to(store.root) for path in store.root.rglob("*") if path.is_file() and path not in claimed]
    strange = [str(path) for path in files if path.parts[0] != SNAPSHOTS]
    with closing(sqlite3.connect(store.root / store.manifest.catalog)) as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    known = {table for holding in HOLDINGS for table in holding.tables}
    return strange + sorted(f"table {table}" for table in tables - known if not table.startswith("sqlite_"))


def _check_files(
    store: Store,
    evidence: Evidence,
    where: str,
    globs: Sequence[str],
    how: str,
    shared: frozenset[str] | set[str] = frozenset(),
) -> Check:
    """Reads the files from disk and looks for the sentences, and for the ids where rows carry them."""
    found: list[str] = []
    examined = 0
    wanted = [form for sentence in evidence.sentences for form in _forms(sentence)]
    for path in sorted(path for glob in globs for path in store.root.glob(glob)):
        if not path.is_file() or path.name.partition(".")[0] in shared:
            continue
        examined += 1
        name = path.relative_to(store.root)
        for content in _contents(path):
            if isinstance(content, frozenset):
                found += [f"{name} holds a row of document {each}" for each in sorted(content & evidence.ids)]
            elif any(form in content for form in wanted):
                found.append(f"{name} holds one of its sentences")
    return Check(where, how, examined, tuple(dict.fromkeys(found)))


def _forms(sentence: str) -> Iterator[bytes]:
    """How a sentence may stand in a file: plain, as JSON writes it, in two bytes a character."""
    yield sentence.encode()
    yield json.dumps(sentence)[1:-1].encode()
    yield json.dumps(sentence, ensure_ascii=False)[1:-1].encode()
    yield sentence.encode("utf-16-le")


def _contents(path: Path) -> Iterator[bytes | frozenset[str]]:
    """A file's bytes as they are, and unpacked; of a table's file also the document ids in its rows."""
    data = path.read_bytes()
    yield data
    if path.name.endswith(".json.z"):
        try:
            yield json.dumps(blobs.unpack(data), ensure_ascii=False).encode()
        except ValueError:
            return  # damaged: its plain bytes were looked at
    elif path.suffix == ".lance":
        yield from _columns(path)


def _columns(path: Path) -> Iterator[bytes | frozenset[str]]:
    """The texts in a table's or an index's file, decoded, column by column. Deleted rows are among them."""
    from lance.file import LanceFileReader

    reader = LanceFileReader(str(path))
    for batch in reader.read_all(batch_size=4096).to_batches():
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name == "vector":
                continue
            values = [value for value in column.to_pylist() if value is not None]
            if name == "document_id":
                yield frozenset(values)
            yield "\x00".join(_flat(values)).encode("utf-8", "replace")


def _flat(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bytes):
            yield value.decode("utf-8", "replace")
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)
        elif isinstance(value, dict):
            yield from _flat(value.values())


def _held(store: Store, evidence: Evidence) -> tuple[Held, ...]:
    """Snapshots whose catalog names removed documents."""
    found = []
    for snapshot in snapshots.list_all(store):
        items = Store.open_snapshot(store.root, snapshot.name).catalog.items(OWNER)
        documents = sum(item.document_id in evidence.ids and bool(item.version) for item in items)
        if documents:
            found.append(Held(snapshot.name, snapshot.created_at, documents))
    return tuple(found)


def _snapshot_versions(store: Store) -> set[str]:
    """Versions that snapshots name; their parses are shared with the collection and stay for them."""
    names = [snapshot.name for snapshot in snapshots.list_all(store)]
    return {item.version for name in names for item in Store.open_snapshot(store.root, name).catalog.items(OWNER)}
