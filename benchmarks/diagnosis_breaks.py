"""Ways to break one stage of answering on purpose, for :mod:`benchmarks.diagnosis`. Each works on a copy.

A break gives the questions it was made for, with the class that is then the truth. Whether it took (a passage meant to
be buried may still be read) is checked on the run, never by the diagnosis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from unittest.mock import patch

import lance

import citewell
from benchmarks.diagnosis_base import (
    OWNER,
    Base,
    Broken,
    all_in,
    as_in_set,
    assembled,
    coin,
    commit_passages,
    corpus_files,
    indexed,
    rank_of_gold,
    rewrite,
    set_of,
    was_read,
)
from benchmarks.diagnosis_documents import deleted, edited, garbled, unreadable
from citewell.access import Scope
from citewell.answering import loaded
from citewell.answering.calibration import Calibration
from citewell.answering.read import PASSAGES_READ
from citewell.catalog import Change
from citewell.collection import Collection
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.running import CollectionSystem, evaluate
from citewell.evaluation.runs import Result
from citewell.index import rows
from citewell.records import Answer, Block, Claim, Document, Json, Passage, content_id
from citewell.store import Store


def every_break(base: Base, only: str = "") -> Iterator[Broken]:
    """All of them, made one after another. only: those whose function's name holds this."""
    for make in (
        deleted, unreadable, garbled, cut_in_two, cut_in_three, cut_tiny, hidden, unfindable, buried, misread,
        distracted, answers_always, refuses_always, talkative, mislabelled, called_unanswerable, edited,
    ):  # fmt: skip
        if only in make.__name__:
            yield make(base)


# -- passages ----------------------------------------------------------------------------------------------------------


def cut_in_two(base: Base) -> Broken:
    """Passages end in the middle of the golds."""
    collection = base.copy("cut-in-two")
    _cut(collection, base, 2)
    return _split("gold cut in two", base, collection)


def cut_in_three(base: Base) -> Broken:
    """Passages end twice inside the golds."""
    collection = base.copy("cut-in-three")
    _cut(collection, base, 3)
    return _split("gold cut in three", base, collection)


def cut_tiny(base: Base) -> Broken:
    """All passages are tiny; truth for the golds that no passage holds whole."""
    collection = base.copy("cut-tiny")
    collection.reindex(chunking={"max_tokens": 22, "min_tokens": 4, "context_tokens": 8}, keep_snapshot=False)
    return _split("tiny passages", base, citewell.open(collection.store.root))


def _split(name: str, base: Base, collection: Collection) -> Broken:
    truth = {each.question.id: "split_by_chunking" for each in base.answerable()}
    return Broken(name, collection, set_of(base), truth, True, took=lambda result: not _whole(collection, result))


def _cut(collection: Collection, base: Base, pieces: int) -> None:
    golds: dict[str, list[tuple[int, int]]] = {}
    for result in base.answerable():
        for gold in result.question.golds:
            if gold.span is not None:
                golds.setdefault(gold.document, []).append(gold.span)
    with collection.store.writing() as store:
        for document_id, spans in golds.items():
            text = collection.document(document_id).text
            cuts = {_blank(text, a + (b - a) * k // pieces) for a, b in spans for k in range(1, pieces)}
            cut = [part for each in store.index.of_document(document_id, OWNER) for part in _at(each, cuts, text)]
            commit_passages(store, cut, document_id)


def _blank(text: str, place: int) -> int:
    found = text.find(" ", place)
    return found if 0 <= found < place + 30 else place


def _at(passage: Passage, cuts: set[int], text: str) -> Iterator[Passage]:
    start, end = passage.span
    places = [start, *sorted(each for each in cuts if start < each < end), end]
    for a, b in pairwise(places):
        words = text[a:b]
        a, b = a + len(words) - len(words.lstrip()), b - len(words) + len(words.rstrip())  # noqa: PLW2901
        if a < b:
            yield replace(passage, id=content_id(passage.id, str(a)), text=text[a:b], span=(a, b))


def _whole(collection: Collection, result: Result) -> bool:
    for gold in result.question.golds:
        for each in collection.store.index.of_document(gold.document, OWNER) if gold.span else ():
            if gold.span and each.span[0] <= gold.span[0] and gold.span[1] <= each.span[1]:
                return True
    return False


def hidden(base: Base) -> Broken:
    """Every other document is for the board alone; everybody else asks."""
    collection = base.copy("hidden")
    secret = {item.document_id: item.uri for item in collection.items() if item.is_document and coin(item.uri, 2)}
    groups = tuple(sorted({reader for item in collection.items() for reader in item.readers}))
    with collection.store.writing() as store:
        items = [replace(i, readers=("group:vault",)) for i in store.catalog.items(OWNER) if i.document_id in secret]
        readers = {item.document_id: item.readers for item in items}
        store.commit(Change(tuple(items)), lambda: store.index.update_readers(readers))
    truth = {
        each.question.id: "not_retrieved" for each in base.answerable()
        if all(gold.document in secret for gold in each.question.golds)
    }  # fmt: skip
    return Broken("hidden by permission", collection, set_of(base, principals=groups), truth)


def unfindable(base: Base) -> Broken:
    """The index has other words and another vector for the golds' passages; their text is as it was."""
    collection = base.copy("unfindable")
    passages = _gold_passages(base)
    with collection.store.writing() as store:
        vectors = -store.encoder.encode([passage.embedded for passage in passages])  # as far as it can be
        table = rows.to_arrow(passages, vectors, store.index.dimension)
        column = table.schema.get_field_index(rows.SEARCHABLE)
        table = table.set_column(column, table.schema.field(column), [["zyxw vuts rqpo"] * len(passages)])
        dataset = lance.dataset(str(store.root / store.manifest.table))
        dataset.merge_insert("id").when_matched_update_all().execute(table)
        dataset.optimize.optimize_indices()
    opened = citewell.open(collection.store.root)
    truth = {each.question.id: "not_retrieved" for each in base.answerable()}
    return Broken("unfindable", opened, set_of(base), truth, took=lambda result: rank_of_gold(result) is None)


def buried(base: Base) -> Broken:
    """Around every gold stand near-twins of its passage without the gold, under headings that are the question."""
    collection = base.copy("buried")
    twins = []
    for result in base.answerable():
        for gold in result.question.golds:
            for passage in collection.store.index.of_document(gold.document, OWNER) if gold.span else ():
                if gold.span and passage.span[0] <= gold.span[0] and gold.span[1] <= passage.span[1]:
                    twins += list(_twins(passage, gold, result.question.text))
    with collection.store.writing() as store:
        commit_passages(store, twins)
    truth = {each.question.id: "ranked_too_low" for each in base.answerable()}
    return Broken("buried", collection, set_of(base), truth, took=lambda r: (rank_of_gold(r) or 99) > PASSAGES_READ)


def _twins(passage: Passage, gold: Gold, question: str) -> Iterator[Passage]:
    left = passage.text.replace(gold.quote, " ") if gold.quote in passage.text else passage.text[:40]
    for number in range(14):
        text = f"{left.strip()[:300]} Sheet {number + 1} of this file has nothing further."
        document = content_id(passage.document_id, "twin", question, str(number))
        yield replace(
            passage, id=content_id(document, text), document_id=document, text=text, span=(0, len(text)), places=(),
            heading_path=(question,), uri=f"{passage.uri}.twin{number}", header="",
        )  # fmt: skip


def _gold_passages(base: Base) -> list[Passage]:
    found = {}
    for result in base.answerable():
        for gold in result.question.golds:
            for each in base.collection.store.index.of_document(gold.document, OWNER):
                if gold.span and each.span[0] < gold.span[1] and gold.span[0] < each.span[1]:
                    found[each.id] = each
    return list(found.values())


# -- reading -----------------------------------------------------------------------------------------------------------


def misread(base: Base) -> Broken:
    """The reader prefers what it should not: its weights with their signs turned round, and it never refuses."""
    sound = base.collection.store.answering.calibration
    worse = replace(sound, weights=-sound.weights, answer=0.0, weak=0.0)
    truth = {each.question.id: "read_wrongly" for each in base.answerable()}
    return Broken(
        "reader damaged", base.copy("misread"), set_of(base), truth, took=was_read, damage=lambda: _calibrated(worse)
    )  # fmt: skip


def distracted(base: Base) -> Broken:
    """In front of every gold stands a sentence that has the question's words and does not answer it."""
    collection = base.copy("distracted")
    golds: dict[str, list[tuple[int, str]]] = {}
    for result in base.answerable():
        for gold in result.question.golds:
            if gold.span is not None:
                golds.setdefault(gold.document, []).append((gold.span[0], result.question.text.rstrip("?. ")))
    rewrite(collection, lambda document: _with_echoes(document, golds.get(document.id, [])))
    truth = {each.question.id: "read_wrongly" for each in base.answerable()}
    return Broken("distractor sentences", collection, set_of(base), truth, took=was_read)


def _with_echoes(document: Document, echoes: Sequence[tuple[int, str]]) -> Document:
    pieces: list[tuple[Block, str]] = []
    for block in document.blocks:
        for at, question in echoes:
            if block.span[0] <= at < block.span[1]:
                echo = f"Some day a sentence about this may stand here: {question}, 2 days, 5 percent, Ann Lee."
                pieces.append((replace(block, kind="paragraph", header=""), echo))
        pieces.append((block, document.text[slice(*block.span)]))
    return assembled(document, pieces)


def refuses_always(base: Base) -> Broken:
    """The threshold is 0.99."""
    strict = replace(base.collection.store.answering.calibration, answer=0.99, weak=0.99)
    truth = {each.question.id: "wrongly_refused" for each in base.answerable()}
    return Broken("threshold 0.99", base.copy("refuses"), set_of(base), truth, damage=lambda: _calibrated(strict))


def answers_always(base: Base) -> Broken:
    """The threshold is 0. So that enough questions are rightly refused before, half of the documents are gone, which
    makes the questions about them unanswerable."""
    gone = {path for path in corpus_files() if coin(path, 2)}
    collection = indexed(base, "answers", gone)
    absent = all_in(base, gone, "should_have_refused", base.run.results)
    asked = tuple(
        replace(each, answerable=False, answers=(), golds=()) if each.id in absent else each
        for each in (result.question for result in base.run.results)
    )  # fmt: skip
    questions = QuestionSet("samples", tuple(each for each in asked if not each.answerable))
    before = evaluate(collection.store, questions, OWNER)
    truth = {each.question.id: "should_have_refused" for each in before.results if each.refused}
    lax = replace(base.collection.store.answering.calibration, answer=0.0, weak=0.0)
    return Broken("threshold 0", collection, questions, truth, damage=lambda: _calibrated(lax))


@contextmanager
def _calibrated(calibration: Calibration) -> Iterator[None]:
    models = replace(loaded.answering_models(), calibration=calibration)
    with patch.object(loaded, "answering_models", lambda collection=None: models):
        yield


class Talkative:
    """Adds a sentence from somewhere else to every answer and cites the answer's own place for it."""

    name = "talkative"

    def __init__(self, store: Store, sentences: Sequence[str]) -> None:
        self._system, self._sentences = CollectionSystem(store), sentences

    @property
    def identity(self) -> Json:
        return self._system.identity

    def answer(self, question: Question, scope: Scope) -> Answer:
        answer = self._system.answer(question, scope)
        if answer.refused:
            return answer
        added = self._sentences[coin(question.id, len(self._sentences))]
        claim = Claim(added, (0,), 1.0, "supported")
        return replace(answer, text=f"{answer.text}\n{added}", claims=(*answer.claims, claim))


def talkative(base: Base) -> Broken:
    sentences = (
        "The works council agreed to this in Rotterdam on 4 May 2031.", "Every seventh visitor gets a blue umbrella.",
        "It was proposed by Hilde Marsh, then head of logistics.", "The rule ends when 900 pallets have been sold.",
        "No other company in Norway does it this way.", "Penguins and their keepers are exempt from the procedure.",
    )  # fmt: skip
    collection = base.copy("talkative")
    truth = {each.question.id: "unsupported_sentence" for each in base.answerable()}
    return Broken("sentences added", collection, set_of(base), truth, system=Talkative(collection.store, sentences))


# -- labels ------------------------------------------------------------------------------------------------------------


def mislabelled(base: Base) -> Broken:
    """The golds of another question, or another document, or words that no document has, by turns."""
    results = base.answerable()
    changed = {}
    for number, result in enumerate(results):
        other = results[(number + 37) % len(results)].question
        golds = tuple(as_in_set(gold) for gold in result.question.golds)
        others = tuple(as_in_set(gold) for gold in other.golds)
        kind = coin(result.question.id, 3)
        if kind == 0:
            golds = others
        elif kind == 1:
            golds = tuple(replace(gold, document=others[0].document, page=None) for gold in golds)
        else:
            golds = tuple(replace(gold, quote=_otherwise(gold.quote), page=None) for gold in golds)
        changed[result.question.id] = replace(result.question, golds=golds)
    truth = dict.fromkeys(changed, "gold_doubtful")
    return Broken("gold label wrong", base.copy("mislabelled"), set_of(base, changed), truth, True)


def _otherwise(quote: str) -> str:
    """The quote with other numbers, or with its last words replaced."""
    other = re.sub(r"\d+", lambda m: str(int(m.group()) * 2 + 7), quote)
    words = quote.split()
    return other if other != quote else " ".join([*words[: max(1, len(words) - 2)], "only", "on", "Sundays"])


def called_unanswerable(base: Base) -> Broken:
    """Questions that are answered rightly, called unanswerable."""
    changed = {
        each.question.id: replace(each.question, answerable=False, answers=(), golds=()) for each in base.answerable()
    }
    truth = dict.fromkeys(changed, "gold_doubtful")
    return Broken("called unanswerable", base.copy("unanswerable"), set_of(base, changed), truth)
