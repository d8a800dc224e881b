"""The public verbs on a collection: add, sync, remove, search, ask, document, status, check.

A thin face over :mod:`citewell.ingest`, :mod:`citewell.ask` and the store; it holds no logic of the stages.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import MassRemovalError, PathError, UserError
from citewell.index.filters import Filters
from citewell.records import Answer, Document, Hit
from citewell.settings import Settings
from citewell.store import MANIFEST, Store

if TYPE_CHECKING:
    from citewell.catalog import Item, Source
    from citewell.differences import Difference
    from citewell.duplicates import Group
    from citewell.erasure import Receipt
    from citewell.evaluation.questions import QuestionSet
    from citewell.evaluation.running import System
    from citewell.evaluation.runs import Run
    from citewell.evaluation.systems import SystemTable
    from citewell.ingest import IngestReport, Progress
    from citewell.integrity import Problem, RepairReport
    from citewell.learning.own_calibration import OwnCalibration
    from citewell.parsing.sandbox import ParserPool
    from citewell.reindex import ReindexProgress, ReindexReport
    from citewell.snapshots import Restored, Snapshot
    from citewell.transfer import Exported

OnProgress = Callable[["Progress"], None]

OWNER = Scope.owner()


@dataclass(frozen=True, slots=True)
class Removal:
    """What a removal did. remaining: passages of these documents found afterwards by asking the index; always 0.
    receipt: of a removal with proof."""

    documents: tuple[str, ...]
    passages: int
    remaining: int
    source_removed: bool
    receipt: Receipt | None = None

    def to_json(self) -> dict[str, object]:
        names = ("documents", "passages", "remaining", "source_removed")
        receipt = self.receipt.to_json() if self.receipt else None
        return {**{name: getattr(self, name) for name in names}, "receipt": receipt}


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
        self._store = store

    @property
    def store(self) -> Store:
        """The parts of the newest generation; after a re-index or a restore by any process it is another one."""
        self._store = self._store.current()
        return self._store

    def __repr__(self) -> str:
        return f"Collection({str(self._store.root)!r})"

    def add(
        self, *paths: str | os.PathLike[str], on_progress: OnProgress | None = None, confirmed: bool = False
    ) -> list[IngestReport]:
        """Registers folders or files as sources and indexes what is new in them.

        A path inside a known source brings that source up to date; a folder that contains known sources takes them in.
        confirmed: as for :meth:`sync`.
        """
        from citewell.catalog import Source
        from citewell.ingest import now, sync
        from citewell.removal import forget_source
        from citewell.sources.files import resolve, source_id

        locations = [resolve(os.fspath(path)) for path in paths]
        for location in locations:
            if location.is_relative_to(self.store.root.resolve()):
                raise PathError(f"'{location}' is the collection itself. Add the folder your documents are in.")
        reports = []
        with self.store.writing() as store:
            for location in locations:
                known = store.catalog.sources()
                cover = next((each for each in known if location.is_relative_to(each.location)), None)
                source = cover or Source(source_id(location), "files", str(location), now())
                store.catalog.add_source(source)
                again = frozenset(
                    item.uri for item in store.catalog.items(OWNER, source.id)
                    if Path(item.container or item.uri).is_relative_to(location)
                )  # fmt: skip
                reports.append(sync(store, source, on_progress, again=again, confirmed=confirmed))
                for inner in known:
                    if inner.id != source.id and Path(inner.location).is_relative_to(location):
                        forget_source(store, inner)
        _raise_withheld(reports)
        return reports

    def sync(
        self,
        on_progress: OnProgress | None = None,
        *,
        within: Sequence[str | os.PathLike[str]] = (),
        confirmed: bool = False,
        pool: ParserPool | None = None,
        wait_seconds: float = 0.0,
    ) -> list[IngestReport]:
        """Brings every source up to date: new, changed, renamed and removed files, changed readers.

        within: look only at these files and folders. confirmed: files that are gone are gone on purpose, however many.
        pool: running parsers, for who syncs often. wait_seconds: for another writer to finish.

        A source that cannot be listed does not stop the others; :class:`PathError` names it when they are done.
        :class:`MassRemovalError` says that a source lost so many files that they were kept for now; all else was done.
        """
        from citewell.ingest import sync

        paths = [Path(os.path.abspath(path)) for path in within]  # noqa: PTH100 — keeps links as written
        reports, errors = [], []
        with self.store.writing(wait_seconds) as store:
            for source in store.catalog.sources():
                own = [path for path in paths if path.is_relative_to(source.location)]
                if paths and not own:
                    continue
                try:
                    reports.append(sync(store, source, on_progress, within=own, confirmed=confirmed, pool=pool))
                except (PathError, MassRemovalError) as error:
                    errors.append(error)
        if errors:
            rest = [f"The other {len(reports)} sources are up to date."] * bool(reports)
            raise type(errors[0])("\n".join([*map(str, errors), *rest]))
        _raise_withheld(reports)
        return reports

    def remove(self, target: str | os.PathLike[str], *, prove: bool = False, from_snapshots: bool = False) -> Removal:
        """Removes a source, a folder of it, or one document (path, URI or document id).

        Documents whose file still exists stay out until someone adds their path again. Question sets and runs kept in
        the collection lose the documents' words too. The index is asked afterwards; what it still holds is in
        ``remaining``. prove: also read every file of the collection for what was removed, and write a receipt
        (:class:`citewell.erasure.Receipt`). The same call finishes a removal that was stopped.
        from_snapshots: take it out of every snapshot as well; otherwise the receipt names those that hold it.
        """
        from citewell import erasure, snapshots
        from citewell.evaluation import forgetting
        from citewell.removal import exclude, forget_source

        name = os.fspath(target)
        path = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 — keeps links as written
        with self.store.writing() as store:
            items = store.catalog.items(OWNER)
            sources = [each for each in store.catalog.sources() if Path(each.location).is_relative_to(path)]
            named = [item for item in items if self._named(item, name, path)]
            if not named and not sources:
                raise PathError(f"Nothing here is named '{name}'. List what there is:  citewell status --all")
            gone = [item for item in named if item.status != "excluded"]  # the others went before
            evidence = erasure.gather(store, named) if prove else None
            whole = {each.id for each in sources}
            forgetting.erase(store, {item.document_id for item in named})  # first: it reads what is about to go
            exclude(store, [item for item in gone if item.source_id not in whole])
            for source in sources:
                forget_source(store, source)
            erasure.discard_unfinished(store)
            if from_snapshots:
                snapshots.erase(store, {item.document_id for item in named})
            store.tidy(erase=True)
            store.index.purge()
            remaining = sum(len(store.index.of_document(item.document_id, OWNER)) for item in named)
            receipt = erasure.prove(store, evidence) if evidence is not None else None
        passages = sum(item.passages for item in gone)
        documents = tuple(item.uri for item in gone if item.is_document)
        return Removal(documents, passages, remaining, bool(sources), receipt)

    def failure(self, name: str, *, scope: Scope = OWNER) -> Item:
        """One file that could not be read, by path, ending of its URI or document id."""
        items = [item for item in self.store.catalog.items(scope) if item.status in {"failed", "skipped"}]
        return _one(items, name, "failures", "citewell failures --all")

    def retry(self, name: str = "", on_progress: OnProgress | None = None) -> list[IngestReport]:
        """Reads a file that failed again now, or all of them, changed or not."""
        from citewell.removal import make_due

        failed = [self.failure(name)] if name else [item for item in self.items() if item.status == "failed"]
        with self.store.writing() as store:
            make_due(store, failed)
        return self.sync(on_progress, within=[item.container or item.uri for item in failed]) if failed else []

    def skip(self, name: str) -> Item:
        """Leaves a file that could not be read out from now on; adding its path takes it back."""
        from citewell.removal import exclude

        item = self.failure(name)
        with self.store.writing() as store:
            exclude(store, [item], "Left out on request.")
        return item

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

    def evaluate(
        self,
        questions: QuestionSet | str | os.PathLike[str],
        *,
        scope: Scope = OWNER,
        split: str = "",
        name: str = "",
        limit: int | None = None,
        system: System | None = None,
        keep: bool = True,
        resume: bool = False,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> Run:
        """Asks every question of a set and scores the answers; ``run.metrics`` has each figure with its interval.

        questions: a set, the name of one in this collection, a file, or ``"samples"``. scope: who asks those that name
        no principals of their own. name: of the run; default ``SET-1``, ``SET-2``, … keep: store it in the collection.
        resume: continue a run of this name that was stopped.
        """
        from citewell.evaluation.keeping import evaluate_to, open_questions
        from citewell.evaluation.running import evaluate

        store = self.store
        asked = open_questions(store, questions, split)
        if not keep:
            return evaluate(store, asked, scope, system=system, name=name, limit=limit, on_progress=on_progress)
        return evaluate_to(
            store, asked, scope, name=name, system=system, limit=limit, resume=resume, on_progress=on_progress
        )[0]

    def compare(
        self,
        questions: QuestionSet | str | os.PathLike[str],
        systems: Sequence[System | str] = ("rag", "retrieval"),
        *,
        answers: Mapping[str, str | os.PathLike[str]] | None = None,
        baseline: str = "",
        scope: Scope = OWNER,
        split: str = "",
        name: str = "",
        limit: int | None = None,
        keep: bool = True,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> SystemTable:
        """The same questions through several systems, with and without retrieval, side by side.

        questions: a set, the name of one in this collection, or a file. systems: names of
        :data:`citewell.evaluation.systems.BUILT_IN`, or any objects that answer questions
        (:func:`citewell.evaluation.systems.from_callable` makes one of a function). answers: name → JSONL file of
        answers given elsewhere. baseline: what the others are compared with; default the first. keep: store each
        system's run.
        """
        from citewell.evaluation.systems import compare

        paths = {each: Path(path) for each, path in (answers or {}).items()}
        return compare(
            self.store, questions, systems, paths, scope, baseline=baseline, split=split, name=name, limit=limit,
            keep=keep, on_progress=on_progress,
        )  # fmt: skip

    def learn_calibration(
        self,
        questions: QuestionSet | str | os.PathLike[str],
        *,
        scope: Scope = OWNER,
        split: str = "",
        target_risk: float = 0.1,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> OwnCalibration:
        """Fits on these questions how sure an answer must be to be given, and puts that to use in this collection.

        target_risk: the share of wrong ones among plain answers to keep to. The calibration before comes back with
        ``citewell models rollback``. Raises DataError, and changes nothing, when the questions do not allow one.
        """
        from citewell.evaluation.keeping import open_questions
        from citewell.learning.own_calibration import learn_calibration

        store = self.store
        asked = open_questions(store, questions, split)
        return learn_calibration(store, asked, scope, target_risk=target_risk, progress=on_progress)

    def document(self, name: str, *, scope: Scope = OWNER) -> Document:
        """One document by id, URI or path (a unique ending of the URI will do). Invisible and absent look the same."""
        items = [item for item in self.store.catalog.items(scope) if item.is_document]
        item = _one(items, name, "documents", "citewell status --all")
        document = self.store.document(item)
        if document is None:
            raise UserError(f"The stored text of {item.uri} is missing. Parse it again with:  citewell sync")
        return document

    def items(self, scope: Scope = OWNER) -> list[Item]:
        """Every file of every source and what became of it."""
        return self.store.catalog.items(scope)

    def duplicates(self, scope: Scope = OWNER) -> list[Group]:
        """Visible documents that are copies, near copies or versions of one another, the largest groups first."""
        from citewell.duplicates import Signed, groups

        signatures = self.store.catalog.signatures(scope)
        return groups([
            Signed(item.document_id, item.uri, item.title, item.modified_at, item.version,
                   signatures[item.document_id], item.readers)
            for item in self.items(scope) if item.document_id in signatures
        ])  # fmt: skip

    def status(self, scope: Scope = OWNER) -> Status:
        items = self.items(scope)
        return Status(
            root=str(self.store.root),
            encoder=self.store.manifest.encoder,
            sources=tuple(self.store.catalog.sources()),
            documents=sum(item.is_document for item in items),
            passages=self.store.index.count(scope),
            problems=tuple(item for item in items if item.status in {"failed", "skipped"}),
            bytes_on_disk=sum(_size(each) for each in self.store.root.rglob("*")),
        )

    def check(self) -> list[Problem]:
        """Everything in the collection that contradicts itself, as sentences; empty when all is well."""
        from citewell.integrity import check

        return check(self.store)

    def repair(self) -> RepairReport:
        """Mends what can be mended without losing anything; what must be read again is left to :meth:`sync`."""
        from citewell.integrity import repair

        return repair(self.store)

    def reindex(
        self,
        encoder: str = "",
        *,
        chunking: Mapping[str, int] | None = None,
        keep_snapshot: bool = True,
        on_progress: Callable[[ReindexProgress], None] | None = None,
    ) -> ReindexReport:
        """Cuts and encodes every document anew, with another encoder or chunking, while searches use the old index.

        A run that was stopped is continued. keep_snapshot: the state before becomes the snapshot ``before-reindex-N``.
        """
        from citewell.reindex import reindex, with_changes

        settings = with_changes(self.store.manifest.settings, encoder, chunking)
        return reindex(self.store, settings, keep_snapshot=keep_snapshot, on_progress=on_progress)

    def snapshots(self) -> list[Snapshot]:
        """Earlier states that were kept, oldest first."""
        from citewell.snapshots import list_all

        return list_all(self.store)

    def snapshot(self, name: str, note: str = "") -> Snapshot:
        """Keeps the present state under a name; takes a moment and almost no space."""
        from citewell.snapshots import create

        return create(self.store, name, note)

    def restore(self, name: str, *, keep_present: bool = True) -> Restored:
        """Makes the collection what it was, with today's readers rules; the present becomes a snapshot first.

        Documents that were removed since stay out, those of a receipt also when their whole source was removed.
        """
        from citewell.erasure import erased_ids
        from citewell.snapshots import read_snapshot, restore

        store = self.store
        erased = erased_ids(store, since=read_snapshot(store.root, name).created_at)
        return restore(store, name, keep_present=keep_present, erased=erased)

    def drop_snapshot(self, name: str) -> None:
        """Deletes a snapshot and the stored texts that only it needed."""
        from citewell.snapshots import drop

        drop(self.store, name)

    def diff(self, before: str, after: str | None = None, questions: Sequence[str] = ()) -> Difference:
        """What changed between two snapshots, or between one and the present, and what that does to the answers."""
        from citewell.differences import compare

        root = self.store.root
        return compare(
            Store.open_snapshot(root, before), Store.open_snapshot(root, after) if after else self.store, questions
        )

    def export(self, path: str | os.PathLike[str], snapshot: str = "") -> Exported:
        """Writes the present state, or a snapshot's, as one archive; ``citewell.transfer.import_archive`` reads it."""
        from citewell.transfer import export_collection

        store = Store.open_snapshot(self.store.root, snapshot) if snapshot else self.store
        return export_collection(store, Path(path).expanduser())

    @staticmethod
    def _named(item: Item, name: str, path: Path) -> bool:
        return name in {item.document_id, item.uri} or any(
            each and Path(each).is_relative_to(path) for each in (item.uri, item.container)
        )


def _one(items: Sequence[Item], name: str, what: str, listing: str) -> Item:
    """The item ``name`` means: its document id, URI or path, or a unique ending of the URI."""
    path = str(Path(os.path.abspath(Path(name).expanduser())))  # noqa: PTH100
    exact = [item for item in items if name in {item.document_id, item.uri} or item.uri == path]
    found = exact or [item for item in items if item.uri.endswith(f"/{name}")]
    if len(found) != 1:
        several = "".join(f"\n  {item.uri}" for item in found[:10])
        raise PathError(
            f"'{name}' names {len(found)} {what}; expected one. "
            + (f"Use the whole path:{several}" if found else f"List what there is:  {listing}")
        )
    return found[0]


def _raise_withheld(reports: Sequence[IngestReport]) -> None:
    """An error when files were kept that are gone, because they are too many to be forgotten unasked."""
    kept = [f"{report.source.location} lost {report.withheld} documents" for report in reports if report.withheld]
    if kept:
        raise MassRemovalError(
            f"{'; '.join(kept)} since the last sync (an unmounted drive, a folder moved away?). They stay searchable "
            "for now; everything else is up to date. If they are really gone:  citewell sync --yes"
        )


def _size(path: Path) -> int:
    """Bytes of a file; 0 for a folder, and for a file that a writer has just replaced."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
