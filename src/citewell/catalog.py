"""The catalog: which sources a collection has, what became of every file in them, and the documents' signatures.

SQLite through SQLAlchemy Core. It holds no text of documents. One writer at a time (the collection's lock file sees to
that), a rollback journal instead of a write-ahead log (SQLite before 3.51.3 can corrupt a log that several connections
checkpoint), ``synchronous=FULL`` and no memory mapping. Schema changes are the ordered list :data:`MIGRATIONS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.pool import NullPool

from citewell.access import Scope
from citewell.errors import CollectionError

Status = Literal["indexed", "container", "failed", "skipped", "excluded"]
"""container: a file without text of its own, read for the files inside it. excluded: a person took it out."""

_METADATA = MetaData()
_SOURCES = Table(
    "sources",
    _METADATA,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("location", Text, nullable=False),
    Column("added_at", String(32), nullable=False),
    Column("synced_at", String(32), nullable=False, default=""),
)
_ITEMS = Table(
    "items",
    _METADATA,
    Column("source_id", String(32), primary_key=True),
    Column("uri", Text, primary_key=True),
    Column("document_id", String(32), nullable=False, index=True),
    Column("version", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("pipeline", String(64), nullable=False),
    Column("readers", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("media_type", String(128), nullable=False),
    Column("modified_at", String(32), nullable=False),
    Column("passages", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("container", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", String(32), nullable=False, server_default=""),
)
_SIGNATURES = Table(
    "signatures",
    _METADATA,
    Column("document_id", String(32), primary_key=True),
    Column("signature", LargeBinary, nullable=False),
)
_INTENTION = Table(
    "intention",
    _METADATA,
    Column("index_version", BigInteger, nullable=False),
    Column("change", Text, nullable=False),  # JSON
)
_SCHEMA = Table("schema_version", _METADATA, Column("version", Integer, nullable=False))


@dataclass(frozen=True, slots=True)
class Source:
    """A place documents come from. kind: ``files``. location: absolute path. Times are ISO 8601 UTC."""

    id: str
    kind: str
    location: str
    added_at: str
    synced_at: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a source, or a file inside one, and what became of it.

    version: of the indexed document, empty when none. mtime_ns: -1 when the file was too fresh to be trusted unchanged.
    pipeline: parser and chunker versions that saw it. seconds: of parsing. container: URI of the file that holds it
    (an archive, a mail), empty for a file of its own. attempts: failures in a row with the same bytes. retry_at: when
    a failure is tried again by itself, ISO 8601 UTC; empty when only a change or a person brings it back.
    """

    source_id: str
    uri: str
    document_id: str
    status: Status
    version: str = ""
    reason: str = ""
    message: str = ""
    size: int = 0
    mtime_ns: int = -1
    pipeline: str = ""
    readers: tuple[str, ...] = ()
    title: str = ""
    media_type: str = ""
    modified_at: str = ""
    passages: int = 0
    seconds: float = 0.0
    container: str = ""
    attempts: int = 0
    retry_at: str = ""

    @property
    def is_document(self) -> bool:
        """Whether there is text of it to search: an archive without text of its own is none."""
        return bool(self.version) and self.status != "container"


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit of the index means for the catalog. items: inserted or replaced. gone: deleted. signatures: by
    document id."""

    items: tuple[Item, ...] = ()
    gone: tuple[Item, ...] = ()
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    def to_text(self) -> str:
        signatures = {key: value.hex() for key, value in self.signatures.items()}
        return json.dumps({
            "items": [asdict(item) for item in self.items], "gone": [asdict(item) for item in self.gone],
            "signatures": signatures,
        })  # fmt: skip

    @staticmethod
    def from_text(text: str) -> Change:
        data = json.loads(text)
        items, gone = (
            tuple(Item(**{**row, "readers": tuple(row["readers"])}) for row in data[name]) for name in ("items", "gone")
        )
        return Change(items, gone, {key: bytes.fromhex(value) for key, value in data["signatures"].items()})


_ITEM_FIELDS = tuple(each.name for each in fields(Item))


def _create_tables(connection: Connection) -> None:
    _METADATA.create_all(connection)


def _add_containers_and_retries(connection: Connection) -> None:
    """Columns of release 0.2: files inside files, and failures that are tried again."""
    present = {column["name"] for column in inspect(connection).get_columns("items")}
    for name, kind in (("container", "TEXT"), ("attempts", "INTEGER"), ("retry_at", "VARCHAR(32)")):
        if name not in present:
            default = "0" if kind == "INTEGER" else "''"
            connection.exec_driver_sql(f"ALTER TABLE items ADD COLUMN {name} {kind} NOT NULL DEFAULT {default}")
    _SIGNATURES.create(connection, checkfirst=True)
    _INTENTION.create(connection, checkfirst=True)


MIGRATIONS = (_create_tables, _add_containers_and_retries)
"""Applied in order, each once, in one transaction; the number applied is the schema version."""


class Catalog:
    """Opens, creates and upgrades ``catalog.db``. Reads that name documents take a :class:`Scope`."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        with self._engine.begin() as connection:
            _SCHEMA.create(connection, checkfirst=True)
            applied = connection.execute(select(_SCHEMA.c.version)).scalar() or 0
            if applied > len(MIGRATIONS):
                raise CollectionError(
                    f"{path} has schema version {applied}; this release knows up to {len(MIGRATIONS)}. "
                    "Upgrade Citewell:  pip install --upgrade citewell"
                )
            for migrate in MIGRATIONS[applied:]:
                migrate(connection)
            if applied < len(MIGRATIONS):
                connection.execute(delete(_SCHEMA))
                connection.execute(insert(_SCHEMA).values(version=len(MIGRATIONS)))

    def close(self) -> None:
        self._engine.dispose()

    def sources(self) -> list[Source]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(_SOURCES).order_by(_SOURCES.c.added_at, _SOURCES.c.id))
            return [Source(**row) for row in rows.mappings()]

    def add_source(self, source: Source) -> None:
        """Registers a source; one that is known already stays as it is."""
        with self._engine.begin() as connection:
            known = connection.execute(select(_SOURCES.c.id).where(_SOURCES.c.id == source.id)).scalar()
            if known is None:
                connection.execute(insert(_SOURCES).values(**{f.name: getattr(source, f.name) for f in fields(Source)}))

    def mark_synced(self, source_id: str, at: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(_SOURCES).where(_SOURCES.c.id == source_id).values(synced_at=at))

    def remove_source(self, source_id: str) -> None:
        """Forgets a source and its items; the caller has removed its documents from the index."""
        ids = select(_ITEMS.c.document_id).where(_ITEMS.c.source_id == source_id)
        with self._engine.begin() as connection:
            connection.execute(delete(_SIGNATURES).where(_SIGNATURES.c.document_id.in_(ids)))
            connection.execute(delete(_ITEMS).where(_ITEMS.c.source_id == source_id))
            connection.execute(delete(_SOURCES).where(_SOURCES.c.id == source_id))

    def items(self, scope: Scope, source_id: str | None = None) -> list[Item]:
        """The visible items of one source or of all, by URI. Failed items have the readers their path gives them."""
        query = select(_ITEMS).order_by(_ITEMS.c.uri)
        if source_id is not None:
            query = query.where(_ITEMS.c.source_id == source_id)
        with self._engine.connect() as connection:
            found = [_item(row) for row in connection.execute(query).mappings()]
        return [item for item in found if scope.allows(item.readers)]

    def record(
        self, items: Sequence[Item], signatures: Mapping[str, bytes] | None = None, gone: Sequence[Item] = ()
    ) -> None:
        """Inserts or replaces ``items`` and signatures, deletes ``gone``, and ends an intention, in one transaction.
        Documents without a version lose their signature."""
        rows = [{name: getattr(item, name) for name in _ITEM_FIELDS} for item in items]
        for row in rows:
            row["readers"] = json.dumps(row["readers"])
        signed = [{"document_id": key, "signature": value} for key, value in (signatures or {}).items()]
        unsigned = [item.document_id for item in gone] + [item.document_id for item in items if not item.version]
        with self._engine.begin() as connection:
            _forget_signatures(connection, unsigned)
            for each in gone:
                where = (_ITEMS.c.source_id == each.source_id, _ITEMS.c.uri == each.uri)
                connection.execute(delete(_ITEMS).where(*where))
            if rows:
                connection.execute(insert(_ITEMS).prefix_with("OR REPLACE"), rows)
            if signed:
                connection.execute(insert(_SIGNATURES).prefix_with("OR REPLACE"), signed)
            connection.execute(delete(_INTENTION))

    def forget(self, items: Sequence[Item]) -> None:
        """Deletes these items and the signatures of their documents."""
        self.record((), gone=items)

    def intend(self, change: Change, index_version: int) -> None:
        """Writes down what a commit of the index is about to mean; index_version: of the index before it."""
        with self._engine.begin() as connection:
            connection.execute(delete(_INTENTION))
            connection.execute(insert(_INTENTION).values(index_version=index_version, change=change.to_text()))

    def intention(self) -> tuple[Change, int] | None:
        """What was intended and never recorded, and the index's version before; ``None`` after a clean end."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_INTENTION.c.change, _INTENTION.c.index_version)).first()
        return (Change.from_text(row[0]), int(row[1])) if row else None

    def signatures(self, scope: Scope) -> dict[str, bytes]:
        """Document id → signature, of the visible documents."""
        visible = {item.document_id for item in self.items(scope) if item.version}
        with self._engine.connect() as connection:
            rows = connection.execute(select(_SIGNATURES.c.document_id, _SIGNATURES.c.signature))
            return {document_id: signature for document_id, signature in rows if document_id in visible}


def _forget_signatures(connection: Connection, document_ids: Sequence[str]) -> None:
    for start in range(0, len(document_ids), 500):
        part = document_ids[start : start + 500]
        connection.execute(delete(_SIGNATURES).where(_SIGNATURES.c.document_id.in_(part)))


def _item(row: Any) -> Item:
    values = {name: row[name] for name in _ITEM_FIELDS}
    return Item(**{**values, "readers": tuple(json.loads(values["readers"]))})


def _engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=TRUNCATE", "synchronous=FULL", "mmap_size=0", "foreign_keys=ON", "trusted_schema=OFF",
            "secure_delete=ON",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
