"""Review of a made set, one question at a time: accept, edit, reject, with the source beside it.

Here are the steps as functions from a set to a set, and what to show of a question; asking a person is the front end's.
A question that was accepted carries the tag ``reviewed``; one that was rejected is gone from the set, and its ``made``
counts it. After every step the set is kept, so a review can be stopped at any time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import DataError
from citewell.evaluation.library import drop_set, list_sets, save_set
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.records import Json, Locator, merge_locators

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.store import Store

REVIEWED, EDITED = "reviewed", "edited"
LINES_AROUND = 2  # of the document, shown before and after the quote
_DIGITS = 12  # of an identity that tell the versions of one set apart
LINE_CHARACTERS = 400  # shown of a longer line, around the quote


@dataclass(frozen=True, slots=True)
class Source:
    """Where a gold stands. before, after: the lines around it. place: for people; problem: why it cannot be shown."""

    uri: str
    place: str
    quote: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    problem: str = ""


def pending(questions: QuestionSet) -> list[Question]:
    """What was not decided on yet, in the set's order."""
    return [question for question in questions.questions if REVIEWED not in question.tags]


def accept(questions: QuestionSet, identifiers: Sequence[str] | None = None) -> QuestionSet:
    """The set with these questions accepted; all that are pending by default."""
    wanted = {question.id for question in pending(questions)} if identifiers is None else set(identifiers)
    _check_known(questions, wanted)
    return _changed(questions, {each.id: _tagged(each, REVIEWED) for each in questions.questions if each.id in wanted})


def reject(questions: QuestionSet, identifiers: Sequence[str]) -> QuestionSet:
    """The set without these questions. The last one stays: a set without questions is none."""
    unwanted = set(identifiers)
    _check_known(questions, unwanted)
    kept = tuple(question for question in questions.questions if question.id not in unwanted)
    if not kept:
        raise DataError(
            f"Nothing would be left of the set '{questions.name}'. Make another one:  citewell evaluate make"
        )
    rejected = int(questions.made.get("rejected", 0)) + len(questions.questions) - len(kept)
    return replace(questions, questions=kept, made={**questions.made, "rejected": rejected})


def edit(questions: QuestionSet, identifier: str, *, text: str = "", answer: str = "") -> QuestionSet:
    """The set with another wording of a question, or another answer. It keeps its id and its golds."""
    question = _one(questions, identifier)
    if text.strip():
        question = replace(_tagged(question, EDITED), text=" ".join(text.split()))
    if answer.strip():
        question = replace(_tagged(question, EDITED), answers=(" ".join(answer.split()),))
    return _changed(questions, {identifier: question})


class Keeper:
    """Keeps a set after every step of a review. The set as it was before stays as an earlier version, because runs may
    refer to it; the steps between do not."""

    def __init__(self, store: Store, questions: QuestionSet) -> None:
        self._store, self._first, self._kept = store, questions, questions

    @property
    def questions(self) -> QuestionSet:
        return self._kept

    def keep(self, questions: QuestionSet) -> None:
        if _same(questions, self._kept):
            return
        save_set(self._store, questions)
        earlier = {each.identity for each in list_sets(self._store) if each.name == questions.name and not each.current}
        for identity in sorted({self._kept.identity, questions.identity} & earlier):
            if identity != self._first.identity or identity == questions.identity:
                drop_set(self._store, f"{questions.name}@{identity[:_DIGITS]}")
        self._kept = questions


@dataclass(frozen=True, slots=True)
class Sources:
    """Shows where golds stand, in the documents one scope sees."""

    store: Store
    items: dict[str, Item]

    @staticmethod
    def of(store: Store, scope: Scope) -> Sources:
        return Sources(store, {item.document_id: item for item in store.catalog.items(scope) if item.is_document})

    def of_question(self, question: Question) -> list[Source]:
        return [self.of_gold(gold) for gold in question.golds]

    def of_gold(self, gold: Gold) -> Source:
        """The quote with the lines around it; without them when the document changed or cannot be seen."""
        item = self.items.get(gold.document)
        if item is None:
            return Source(gold.name or gold.document, _page(gold.page), gold.quote, problem="The document is gone.")
        parsed = self.store.blobs.get(item.version)
        text = str(parsed["text"]) if parsed else ""
        if gold.span is None or not gold.quote or text[gold.span[0] : gold.span[1]] != gold.quote:
            return Source(item.uri, _page(gold.page), gold.quote, problem="The document changed since.")
        start, end = gold.span
        before, after = text[:start].split("\n"), text[end:].split("\n")
        above = _near([line for line in before[:-1] if line.strip()], -LINES_AROUND)
        below = _near([line for line in after[1:] if line.strip()], LINES_AROUND)
        return Source(
            item.uri, str(_locator(parsed or {}, start, end)), gold.quote,
            before=(*above, *_half(before[-1], first=True)), after=(*_half(after[0], first=False), *below),
        )  # fmt: skip


def listed(questions: QuestionSet, sources: Sources) -> Json:
    """The whole set for programs: every question, whether it was reviewed, and where its golds stand."""
    rows = []
    for question in questions.questions:
        places = [
            {"uri": each.uri, "file": PurePath(each.uri).name, "place": each.place, "quote": each.quote,
             "before": list(each.before), "after": list(each.after), "problem": each.problem}
            for each in sources.of_question(question)
        ]  # fmt: skip
        rows.append({**question.to_json(), "reviewed": REVIEWED in question.tags, "sources_shown": places})
    left = len(pending(questions))
    return {
        "name": questions.name, "identity": questions.identity, "origin": questions.origin,
        "reviewed": len(questions.questions) - left, "pending": left, "questions": rows,
    }  # fmt: skip


# -- parts -------------------------------------------------------------------------------------------------------------


def _one(questions: QuestionSet, identifier: str) -> Question:
    _check_known(questions, {identifier})
    return next(question for question in questions.questions if question.id == identifier)


def _check_known(questions: QuestionSet, identifiers: set[str]) -> None:
    missing = sorted(identifiers - {question.id for question in questions.questions})
    if missing:
        raise DataError(
            f"The set '{questions.name}' has no question '{missing[0]}'. List its questions with:  "
            f"citewell evaluate review {questions.name} --json"
        )


def _changed(questions: QuestionSet, new: dict[str, Question]) -> QuestionSet:
    return replace(questions, questions=tuple(new.get(each.id, each) for each in questions.questions))


def _tagged(question: Question, tag: str) -> Question:
    return question if tag in question.tags else replace(question, tags=(*question.tags, tag))


def _same(one: QuestionSet, two: QuestionSet) -> bool:
    return json.dumps(one.to_json()) == json.dumps(two.to_json())


def _locator(parsed: Json, start: int, end: int) -> Locator:
    touched = [
        Locator.from_json(block["locator"]) for block in parsed.get("blocks", ())
        if block["span"][0] < end and start < block["span"][1]
    ]  # fmt: skip
    return replace(merge_locators(touched), boxes=())


def _page(page: int | None) -> str:
    return f"page {page}" if page is not None else ""


def _near(lines: Sequence[str], count: int) -> list[str]:
    chosen = lines[count:] if count < 0 else lines[:count]
    return [line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]}…" for line in chosen]


def _half(line: str, *, first: bool) -> tuple[str, ...]:
    """The part of the quote's own line before or after it."""
    if not line.strip():
        return ()
    if len(line) <= LINE_CHARACTERS:
        return (line.strip(),)
    return (f"…{line[-LINE_CHARACTERS:].strip()}",) if first else (f"{line[:LINE_CHARACTERS].strip()}…",)
