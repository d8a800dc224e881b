"""The public verbs on a collection: add, sync, remove, search, ask, document, status, check.

A thin face over :mod:`citewell.ingest`, :mod:`citewell.ask` and the store; it holds no logic of the stages.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import IntegrityError, PathError, UserError
from citewell.index.filters import Filters
from citewell.records import Answer, Document, Hit
from citewell.settings import Settings
from citewell.store import MANIFEST, Store

if TYPE_CHECKING:
    from citewell.catalog import Item, Source
    from citewell.ingest import IngestReport, Progress

OnProgress = Callable[["Progress"], None]

OWNER = Scope.owner()


@dataclass(frozen=True, slots=True)
class Removal:
    """What a removal did. remaining: passages of these documents found afterwards by asking the index; always 0."""

    documents: tuple[str, ...]
    passages: int
    remaining: int
    source_removed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A collection at a glance. Counts are what the asking scope may see."""

    root: str
    encoder: str
    sources: tuple[Source, ...]
    documents: int
    passages: int
    problems: tuple[Item, ...]
    bytes_on_disk: int


def open(  # noqa: A001 — reads as citewell.open, like gzip.open
    path: str | os.PathLike[str] = ".citewell", *, create: bool = False, settings: Settings | None = None
) -> Collection:
    """The collection at ``path``. create: make it there when there is none, with ``settings`` (default: environment).

    Raises :class:`CollectionError` when there is none, when it is newer than this release, or when the folder holds
    something else.
    """
    root = Path(path).expanduser()
    if create and not (root / MANIFEST).exists():
        return Collection(Store.create(root, settings or Settings().with_environment(stored=False)))
    return Collection(Store.open(root))


class Collection:
    """Documents that can be searched and asked. Every read takes a :class:`Scope`; the default is the owner's."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __repr__(self) -> str:
        return f"Collection({str(self.store.root)!r})"

    def add(self, *paths: str | os.PathLike[str], on_progress: OnProgress | None = None) -> list[IngestReport]:
        """Registers folders or files as sources and indexes what is new in them.

        A path inside a known source brings that source up to date; a folder that contains known sources takes them in.
        """
        from citewell.catalog import Source
        from citewell.ingest import now, sync
        from citewell.sources.files import resolve, source_id

        locations = [resolve(os.fspath(path)) for path in paths]
        for location in locations:
            if location.is_relative_to(self.store.root.resolve()):
                raise PathError(f"'{location}' is the collection itself. Add the folder your documents are in.")
        reports = []
        with self.store.writing():
            for location in locations:
                known = self.store.catalog.sources()
                cover = next((each for each in known if location.is_relative_to(each.location)), None)
                source = cover or Source(source_id(location), "files", str(location), now())
                self.store.catalog.add_source(source)
                again = frozenset(
                    item.uri for item in self.store.catalog.items(OWNER, source.id)
                    if Path(item.uri).is_relative_to(location)
                )  # fmt: skip
                reports.append(sync(self.store, source, on_progress, again=again))
                for inner in known:
                    if inner.id != source.id and Path(inner.location).is_relative_to(location):
                        self._forget_source(inner)
        return reports

    def sync(self, on_progress: OnProgress | None = None) -> list[IngestReport]:
        """Brings every source up to date: new, changed and removed files, changed readers.

        A source that cannot be listed does not stop the others; :class:`PathError` names it when they are done.
        """
        from citewell.ingest import sync

        reports, errors = [], []
        with self.store.writing():
            for source in self.store.catalog.sources():
                try:
                    reports.append(sync(self.store, source, on_progress))
                except PathError as error:
                    errors.append(str(error))
        if errors:
            raise PathError(
                "\n".join([*errors, *([f"The other {len(reports)} sources are up to date."] * bool(reports))])
            )
        return reports

    def remove(self, target: str | os.PathLike[str]) -> Removal:
        """Removes a source, a folder of it, or one document (path, URI or document id).

        Documents whose file still exists stay out until someone adds their path again. The index is asked afterwards;
        what it still holds is in ``remaining``.
        """
        name = os.fspath(target)
        path = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 — keeps links as written
        with self.store.writing():
            items = self.store.catalog.items(OWNER)
            sources = [each for each in self.store.catalog.sources() if Path(each.location).is_relative_to(path)]
            gone = [item for item in items if self._named(item, name, path) and item.status != "excluded"]
            if not gone and not sources:
                raise PathError(f"Nothing here is named '{name}'. List what there is:  citewell status --all")
            self.store.index.delete([item.document_id for item in gone])
            for source in sources:
                self._forget_source(source)
            kept = {source.id for source in sources}
            self.store.catalog.record([
                replace(item, status="excluded", version="", passages=0, title="", message="Removed on request.")
                for item in gone if item.source_id not in kept
            ])  # fmt: skip
            self.store.tidy(erase=True)
            self.store.index.purge()
            remaining = sum(len(self.store.index.of_document(item.document_id, OWNER)) for item in gone)
        passages = sum(item.passages for item in gone)
        documents = tuple(item.uri for item in gone if item.version)
        return Removal(documents, passages, remaining, bool(sources))

    def search(
        self, query: str, *, scope: Scope = OWNER, filters: Filters | None = None, hits: int | None = None
    ) -> list[Hit]:
        """The best passages for ``query``, best first."""
        from citewell.ask import check_question
        from citewell.retrieval.search import search

        settings = self.store.settings.retrieval
        settings = replace(settings, hits=hits) if hits else settings
        query = check_question(query, self.store.settings.answering.max_question_characters)
        return search(query, self.store.index, self.store.encoder, scope, filters, settings)

    def ask(self, question: str, *, scope: Scope = OWNER, filters: Filters | None = None) -> Answer:
        """An answer with exact citations, or a refusal that says why."""
        from citewell.ask import ask

        return ask(question, self.store, scope, filters)

    def document(self, name: str, *, scope: Scope = OWNER) -> Document:
        """One document by id, URI or path (a unique ending of the URI will do). Invisible and absent look the same."""
        path = str(Path(os.path.abspath(Path(name).expanduser())))  # noqa: PTH100
        items = [item for item in self.store.catalog.items(scope) if item.version]
        exact = [item for item in items if name in {item.document_id, item.uri} or item.uri == path]
        found = exact or [item for item in items if item.uri.endswith(f"/{name}")]
        if len(found) != 1:
            several = "".join(f"\n  {item.uri}" for item in found[:10])
            raise PathError(
                f"'{name}' names {len(found)} documents; expected one. "
                + (f"Use the whole path:{several}" if found else "List what there is:  citewell status --all")
            )
        item = found[0]
        parsed = self.store.blobs.get(item.version)
        if parsed is None:
            raise UserError(f"The stored text of {item.uri} is missing. Parse it again with:  citewell sync")
        identity = {
            "id": item.document_id, "version": item.version, "uri": item.uri, "source_id": item.source_id,
            "readers": item.readers, "modified_at": item.modified_at,
        }  # fmt: skip
        return Document.from_json({**parsed, **identity})

    def items(self, scope: Scope = OWNER) -> list[Item]:
        """Every file of every source and what became of it."""
        return self.store.catalog.items(scope)

    def status(self, scope: Scope = OWNER) -> Status:
        items = self.items(scope)
        return Status(
            root=str(self.store.root),
            encoder=self.store.manifest.encoder,
            sources=tuple(self.store.catalog.sources()),
            documents=sum(bool(item.version) for item in items),
            passages=self.store.index.count(scope),
            problems=tuple(item for item in items if item.status in {"failed", "skipped"}),
            bytes_on_disk=sum(_size(each) for each in self.store.root.rglob("*")),
        )

    def check(self) -> list[str]:
        """Contradictions between index, catalog and stored texts; empty when all is well."""
        problems = list(self.store.index.check())
        in_index = self.store.index.document_versions()
        items = {item.document_id: item for item in self.items() if item.version}
        for document_id, version in in_index.items():
            item = items.get(document_id)
            if item is None:
                problems.append(f"The index holds document {document_id}, which the catalog does not know.")
            elif item.version != version:
                problems.append(f"{item.uri}: the index holds version {version}, the catalog {item.version}.")
        for item in items.values():
            if item.passages and item.document_id not in in_index:
                problems.append(f"{item.uri}: the catalog counts {item.passages} passages, the index has none.")
            try:
                if self.store.blobs.get(item.version) is None:
                    problems.append(f"{item.uri}: its stored text is missing.")
            except IntegrityError as error:
                problems.append(f"{item.uri}: {error}")
        return problems

    def reindex(self, encoder: str, on_progress: Callable[[int], None] | None = None) -> int:
        """Encodes every stored passage with another encoder. Searches use the old vectors until all are done."""
        with self.store.writing():
            done = self.store.reindex(encoder, on_progress)
            self.store = Store.open(self.store.root)
        return done

    def _forget_source(self, source: Source) -> None:
        self.store.index.delete([item.document_id for item in self.store.catalog.items(OWNER, source.id)])
        self.store.catalog.remove_source(source.id)

    @staticmethod
    def _named(item: Item, name: str, path: Path) -> bool:
        return name in {item.document_id, item.uri} or Path(item.uri).is_relative_to(path)


def _size(path: Path) -> int:
    """Bytes of a file; 0 for a folder, and for a file that a writer has just replaced."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
