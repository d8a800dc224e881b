"""From a set of questions to a run: every question is asked with the code that answers questions, then scored.

    anchor golds ─► ask ─► score ─► summarise ─► Run

A question that cannot be asked (it is too long, say) becomes a result with an error and counts as wrong; it never stops
the others. A run that is stopped keeps what it finished (:mod:`citewell.evaluation.unfinished`) and can be continued.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import citewell
from citewell import ask
from citewell.access import Scope
from citewell.errors import CollectionError, DataError, MissingExtraError, SettingsError, StorageError, UserError
from citewell.evaluation.anchoring import Anchored, PassagesByDocument, anchor, relevant_passages
from citewell.evaluation.metrics.catalog import DEFINITIONS
from citewell.evaluation.metrics.texts import have_text_libraries
from citewell.evaluation.questions import Question, QuestionSet
from citewell.evaluation.runs import GoldState, Result, Run
from citewell.evaluation.scoring import PLACED, DocumentOf, score, stage_timings, summarise, with_forced
from citewell.evaluation.slices import DocumentFacts, document_facts, slices_of
from citewell.evaluation.unfinished import Unfinished
from citewell.records import Answer, Document, Json, content_id

if TYPE_CHECKING:
    from citewell.store import Store

Progress = Callable[[str, int, int], None]
"""Called with a stage (``anchor``, ``ask``), how many questions are done, and how many there are."""

STAGES = ("chunking", "retrieval", "answering")
"""Settings that decide an answer; the others say how much of the machine is used, which differs between machines."""
NAMED = 5  # questions that a note names; the results have all
KEPT_DOCUMENTS = 64  # parsed documents held in memory while answers are scored


class System(Protocol):
    """Something that answers questions. name: a label. identity: what decides its answers: models, settings."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> Json: ...

    def answer(self, question: Question, scope: Scope) -> Answer: ...


@runtime_checkable
class Forcible(Protocol):
    """A system that can say what it would have answered where it refused. Its confidence can be judged on every
    question; another system's only on those it answered."""

    def force(self, refused: Answer) -> Answer: ...


class Used(Protocol):
    """What one answer took. cost: in the currency of whoever fills it in."""

    @property
    def tokens(self) -> int: ...

    @property
    def cost(self) -> float: ...


@runtime_checkable
class Metered(Protocol):
    """A system that knows what its answers took."""

    def usage(self, question_id: str) -> Used: ...


class CollectionSystem:
    """The collection as it is asked: search, reading, citing, refusing."""

    name = "rag"

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def identity(self) -> Json:
        store = self._store
        return {
            "encoder": store.manifest.encoder, "models": store.answering.identity,
            "settings": {stage: values for stage, values in store.settings.to_json().items() if stage in STAGES},
        }  # fmt: skip

    def answer(self, question: Question, scope: Scope) -> Answer:
        return ask.ask(question.text, self._store, scope)

    def force(self, refused: Answer) -> Answer:
        return ask.answer_from(refused.question, refused.hits, self._store, threshold=0.0)


def evaluate(
    store: Store,
    questions: QuestionSet,
    scope: Scope,
    *,
    system: System | None = None,
    name: str = "",
    limit: int | None = None,
    on_progress: Progress | None = None,
    partial: Path | None = None,
    resume: bool = False,
) -> Run:
    """Asks every question of the set, scores the answers, and gives the run.

    scope: who asks (:func:`asker`). limit: only the first so many. partial: file that keeps finished results while the
    run lasts; whoever writes the run deletes it. resume: continue from it. The same evaluation gives the same run,
    apart from ``created_at`` and ``timings``.
    """
    started = time.perf_counter()
    report = on_progress or (lambda stage, done, total: None)
    system, asked = system or CollectionSystem(store), _chosen(questions, limit)
    facts, described, kept_set = collection_facts(store, scope), system_facts(system), _set_facts(questions, asked)
    known = list(_known(asked, store, scope, report))
    documents = {own: documents_of(store, own) for own in {each.scope for each in known}}
    anchored = time.perf_counter()
    header = {"set": kept_set, "collection": facts, "system": described, "asker": _asker(scope)}
    with Unfinished(partial, header, resume=resume) as kept:
        for done, each in enumerate(known):
            report("ask", done, len(known))
            if each.question.id not in kept.results:
                kept.add(_result(system, each, documents[each.scope]))
    report("ask", len(known), len(known))
    results = tuple(kept.results[each.id] for each in asked)
    ended = time.perf_counter()
    figures, curves = summarise(results)
    unchanged = collection_facts(store, scope) == facts
    return Run(
        kind="answers", name=name or questions.name, created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        system=described, set=kept_set, collection=facts, results=results, metrics=figures, curves=curves,
        notes=tuple(notes(results, questions, unchanged)),
        timings={"anchor": anchored - started, "ask and score": ended - anchored, **stage_timings(results)},
    )  # fmt: skip


def collection_facts(store: Store, scope: Scope) -> Json:
    """What the collection holds for this scope. content: a hash over every document and its version."""
    items = [item for item in store.catalog.items(scope) if item.is_document]
    return {
        "documents": len(items), "passages": store.index.count(scope), "encoder": store.manifest.encoder,
        "chunking": store.settings.to_json()["chunking"],
        "content": content_id(*sorted(f"{item.document_id} {item.version}" for item in items)),
    }  # fmt: skip


def system_facts(system: System) -> Json:
    """The system and what measured it."""
    return {"name": system.name, **system.identity, **release_facts()}


def release_facts() -> Json:
    """What measured: the release, its code, and which definitions of the metrics it has."""
    return {"citewell": citewell.__version__, "code": code_hash(), "metric_definitions": DEFINITIONS}


@lru_cache(maxsize=1)
def code_hash() -> str:
    """One hash over every file of the package that decides an answer or a figure: code, fitted weights, calibration.

    It names the code exactly, in a checkout with changes and in an installed wheel alike. Encoders have an identity of
    their own, and the command line decides nothing.
    """
    root = Path(citewell.__file__).parent
    others = {"samples", "weights", "cli"}
    files = sorted(
        path for path in root.rglob("*")
        if path.suffix in {".py", ".json"} and not others & set(path.relative_to(root).parts)
    )  # fmt: skip
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def notes(results: Sequence[Result], questions: QuestionSet, unchanged: bool = True) -> Iterator[str]:
    """What the reader of the figures should know."""
    yield from questions.notes
    total = len(results)
    for state, meaning in _STATES.items():
        if ids := [result.question.id for result in results if result.state == state]:
            shown = ", ".join(ids[:NAMED]) + ", …" * (len(ids) > NAMED)
            yield (
                f"{len(ids)} of {total} questions {meaning}; rankings and citations are not judged for them: {shown}."
            )
    if moved := sum(result.state == "moved" for result in results):
        yield f"{moved} of {total} questions have golds in documents that changed; the words were found again."
    if failed := [result for result in results if result.error]:
        first = f"{failed[0].question.id}: {failed[0].error}"
        yield f"{len(failed)} of {total} questions could not be asked and count as wrong. First: {first}"
    if unknown := sum("correct" not in result.metrics for result in results):
        yield f"{unknown} of {total} questions have no gold and no answer to compare with; only form is measured."
    if len(results) == 1:
        yield "One question says nothing about others: its intervals cover the whole range."
    if questions.origin != "human":
        yield f"The questions are {_ORIGINS[questions.origin]}: figures on them are not figures on people's questions."
    if any(result.question.answers for result in results) and not have_text_libraries():
        yield "BLEU, ROUGE-L and chrF are left out. For them:  pip install 'citewell[eval]'"
    if not unchanged:
        yield "The collection changed during the run: later questions were asked of other documents than earlier ones."


_STATES: dict[GoldState, str] = {
    "stale": "have golds whose words are gone from a document that changed",
    "missing": "have golds in documents that are not here",
    "unplaced": "have golds whose words are not in the document they name",
}
_ORIGINS = {"made": "made by rules", "model": "made by a model", "mixed": "from several origins"}


def _chosen(questions: QuestionSet, limit: int | None) -> tuple[Question, ...]:
    """The questions to ask; an empty set and ids used twice are refused."""
    asked = questions.questions if limit is None else questions.questions[:limit]
    if not asked:
        raise DataError(f"The set '{questions.name}' has no questions to ask. Expected at least one.")
    seen: set[str] = set()
    for question in asked:
        if question.id in seen:
            raise DataError(f"The set '{questions.name}' has two questions '{question.id}'. Expected each id once.")
        seen.add(question.id)
    return asked


def _set_facts(questions: QuestionSet, asked: Sequence[Question]) -> Json:
    """Which questions: the set's name and origin, and the identity of those that are asked."""
    part = replace(questions, questions=tuple(asked))
    return {"name": questions.name, "identity": part.identity, "origin": part.origin, "questions": len(asked)}


def asker(question: Question, scope: Scope) -> Scope:
    """Who asks ``question``: those it names, else whoever evaluates. A set is only a file, so that it never gives
    rights: of the principals it names, ``scope`` must have them."""
    if question.principals is None:
        return scope
    own = Scope.of(question.principals)
    if scope.principals is None or own.principals is None:
        return own
    return Scope(own.principals & scope.principals)


def _asker(scope: Scope) -> Json:
    return {"principals": None if scope.principals is None else sorted(scope.principals)}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a question before it is asked.

    question: with its golds placed. relevant: passage id → grade, of the passages that hold a gold. slices: dimension →
    values. scope: who asks.
    """

    question: Question
    state: GoldState
    relevant: Mapping[str, int]
    slices: Mapping[str, tuple[str, ...]]
    scope: Scope


def _known(asked: Sequence[Question], store: Store, scope: Scope, report: Progress) -> Iterator[Known]:
    """What is known of each question; golds are looked for with the asker's own eyes."""
    scopes = [asker(each, scope) for each in asked]
    placed: dict[str, Anchored] = {}
    facts: dict[Scope, dict[str, DocumentFacts]] = {}
    passages = {own: PassagesByDocument(store, own) for own in dict.fromkeys(scopes)}
    for own in passages:
        theirs = [each for each, asker in zip(asked, scopes, strict=True) if asker == own]
        found = anchor(theirs, store, own)
        placed |= {each.question.id: each for each in found}
        named = {gold.document for each in found for gold in each.question.golds}
        facts[own] = document_facts(store, named, own)
    for done, (question, own) in enumerate(zip(asked, scopes, strict=True), start=1):
        each = placed[question.id]
        relevant = relevant_passages(each.question.golds, store, own, passages[own]) if each.state in PLACED else {}
        documents = dict.fromkeys(gold.document for gold in each.question.golds)
        slices = slices_of(each.question, [facts[own][name] for name in documents if name in facts[own]])
        yield Known(each.question, each.state, relevant, slices, own)
        report("anchor", done, len(asked))


def _result(system: System, known: Known, document_of: DocumentOf) -> Result:
    """One question asked and scored. What is wrong with the question or its answer is an error of this one alone; what
    would go wrong with every question stops the run."""
    question, state, relevant = known.question, known.state, known.relevant
    try:
        answer = system.answer(question, known.scope)
        result = score(question, state, answer, relevant, document_of, slices=known.slices)
        if answer.refused and question.answerable and isinstance(system, Forcible):
            result = with_forced(result, system.force(answer), document_of)
        used = system.usage(question.id) if isinstance(system, Metered) else None
        return result if used is None else replace(result, tokens=used.tokens, cost=used.cost)
    except (CollectionError, StorageError, SettingsError, MissingExtraError):
        raise
    except UserError as error:
        nothing = Answer(question.text, "", (), (), (), 0.0)
        return score(question, state, nothing, relevant, document_of, slices=known.slices, error=str(error))


def documents_of(store: Store, scope: Scope) -> DocumentOf:
    """Reads documents that ``scope`` sees; the last :data:`KEPT_DOCUMENTS` are kept in memory."""
    items = {item.document_id: item for item in store.catalog.items(scope) if item.is_document}

    @lru_cache(maxsize=KEPT_DOCUMENTS)
    def read(document_id: str) -> Document | None:
        item = items.get(document_id)
        return store.document(item) if item is not None else None

    return read
