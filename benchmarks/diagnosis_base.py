"""What the breaks of :mod:`benchmarks.diagnosis_breaks` share: the sound collection, broken ones, and how documents and
passages are changed without reading a file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import citewell
from citewell.access import Scope
from citewell.answering.read import PASSAGES_READ
from citewell.catalog import Change
from citewell.chunking import chunk
from citewell.collection import Collection
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.running import System
from citewell.evaluation.runs import Result, Run
from citewell.records import Block, Document, Passage, content_id
from citewell.samples import corpus_path
from citewell.store import Store

OWNER = Scope.owner()


@dataclass
class Broken:
    """A collection with one broken stage.

    truth: question id → class. every: it takes so seldom that all questions are asked. took: whether the break did to a
    question what it was meant to. damage: what stays broken while questions are asked and while they are diagnosed.
    """

    name: str
    collection: Collection
    questions: QuestionSet
    truth: dict[str, str]
    every: bool = False
    took: Callable[[Result], bool] = lambda result: True
    system: System | None = None
    scope: Scope = OWNER
    damage: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass
class Base:
    """The sound collection, its run, and where copies go. right: the results of the questions that were right."""

    collection: Collection
    run: Run
    folder: Path
    right: dict[str, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.right = {
            each.question.id: each for each in self.run.results
            if each.metrics.get("correct") == 1.0 and not any(s.verdict != "supported" for s in each.sentences)
        }  # fmt: skip

    def answerable(self) -> list[Result]:
        """Right answers that show a gold: their cause of being right is known."""
        return [each for each in self.right.values() if each.metrics.get("gold shown") == 1.0]

    def copy(self, name: str) -> Collection:
        target = self.folder / f"{name}.citewell"
        shutil.copytree(self.collection.store.root, target)
        return citewell.open(target)


# -- what a run shows --------------------------------------------------------------------------------------------------


def rank_of_gold(result: Result) -> int | None:
    return next((place for place, hit in enumerate(result.hits, start=1) if hit.gold), None)


def was_read(result: Result) -> bool:
    return (rank_of_gold(result) or 99) <= PASSAGES_READ


# -- questions and files -----------------------------------------------------------------------------------------------


def set_of(
    base: Base, changed: dict[str, Question] | None = None, principals: tuple[str, ...] | None = None
) -> QuestionSet:
    """The questions as the set has them: golds by name, not anchored, unless ``changed`` has another one."""
    found = []
    for result in base.run.results:
        question = replace(result.question, golds=tuple(as_in_set(gold) for gold in result.question.golds))
        question = (changed or {}).get(question.id, question)
        found.append(replace(question, principals=principals or question.principals))
    return QuestionSet("samples", tuple(found))


def as_in_set(gold: Gold) -> Gold:
    """A gold as the set writes it."""
    return Gold(document=gold.name or gold.document, quote=gold.quote, page=gold.page)


def all_in(base: Base, paths: set[str], fault: str, results: Sequence[Result] = ()) -> dict[str, str]:
    return {
        each.question.id: fault for each in results or base.answerable()
        if each.question.golds and all((gold.name or gold.document) in paths for gold in each.question.golds)
    }  # fmt: skip


def corpus_files() -> list[str]:
    root = corpus_path()
    return sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*")
        if path.is_file() and path.name != "citewell-readers.toml"
    )  # fmt: skip


def indexed(base: Base, name: str, without: set[str], cut: set[str] | None = None) -> Collection:
    """A collection of the corpus without some files, and with some cut off."""
    corpus = base.folder / f"{name}-corpus"
    shutil.copytree(corpus_path(), corpus)
    for path in without:
        (corpus / path).unlink()
    for path in cut or ():
        data = (corpus / path).read_bytes()
        (corpus / path).write_bytes(data[: len(data) // 3])
    collection = citewell.open(base.folder / f"{name}.citewell", create=True)
    collection.add(corpus)
    return collection


def coin(text: str, sides: int) -> int:
    """A number below ``sides`` that depends on the text alone."""
    return int(hashlib.sha256(Path(text).name.encode()).hexdigest(), 16) % sides


# -- what is stored ----------------------------------------------------------------------------------------------------


def assembled(document: Document, pieces: Sequence[tuple[Block, str]]) -> Document:
    """A document of these blocks with these texts."""
    text, blocks = "", []
    for block, words in pieces:
        if words.strip():
            text += "\n\n" if text else ""
            blocks.append(replace(block, span=(len(text), len(text) + len(words)), cells=()))
            text += words
    version = content_id(document.version, "changed", text)
    return replace(document, text=text, blocks=tuple(blocks), version=version)


def rewrite(collection: Collection, change: Callable[[Document], Document]) -> None:
    """Replaces what is stored of every document, as if it had been read so."""
    with collection.store.writing() as store:
        for item in store.catalog.items(OWNER):
            if not item.is_document:
                continue
            document = change(collection.document(item.uri))
            store.blobs.put(document.version, document.to_json())
            passages = chunk(document, store.encoder, store.settings.chunking)
            fresh = replace(item, version=document.version, passages=len(passages))
            store.commit(Change((fresh,)), lambda p=passages, i=item: commit_passages(store, p, i.document_id))


def commit_passages(store: Store, passages: Sequence[Passage], *replaces: str) -> None:
    vectors = store.encoder.encode([each.embedded for each in passages]) if passages else None
    empty = np.zeros((0, store.index.dimension), np.float32)
    store.index.commit(passages, empty if vectors is None else vectors, replaces)
