"""Questions with what is known about their right answers. Values only; :mod:`citewell.evaluation.sets` reads them.

A gold is a stretch of a document that answers a question. It is anchored to the document's characters, not to a
passage, so cutting a document differently never invalidates a set.

    QuestionSet ─ Question ─ Gold
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from citewell.records import Json, Span, content_id

Origin = Literal["human", "made", "model"]
"""Who thought of a question: people, rules over the documents (``citewell evaluate make``), or a language model."""

SET_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands.

    document: what the set calls it: a document id, a URI, or a unique ending of one; empty when the set only gives
    words (``quote``), which may then stand in any document. quote: the document's words. page: 1-based. span and
    document_version: where the quote was found and in which version of the document; unset until anchored.
    grade: relevance, 1 unless graded. name: what the set called the document before it was anchored, for when a moved
    folder gives its documents new ids.
    """

    document: str = ""
    quote: str = ""
    page: int | None = None
    span: Span | None = None
    document_version: str = ""
    grade: int = 1
    name: str = ""

    def to_json(self) -> Json:
        found: Json = {"document": self.document}
        if self.quote:
            found["quote"] = self.quote
        if self.page is not None:
            found["page"] = self.page
        if self.span is not None:
            found["span"] = list(self.span)
        if self.document_version:
            found["document_version"] = self.document_version
        if self.grade != 1:
            found["grade"] = self.grade
        if self.name:
            found["name"] = self.name
        return found

    @staticmethod
    def from_json(data: Json) -> Gold:
        span = data.get("span")
        return Gold(
            document=data.get("document", ""), quote=data.get("quote", ""), page=data.get("page"),
            span=(int(span[0]), int(span[1])) if span else None, document_version=data.get("document_version", ""),
            grade=int(data.get("grade", 1)), name=data.get("name", ""),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the form of an answer was asked to be. Empty fields ask for nothing.

    format: ``list``, ``table``, ``json``, ``number`` or ``date``. max_words: at most so many. language: ISO 639-1 code.
    contain, avoid: texts the answer must, must not hold (case ignored).
    """

    format: str = ""
    max_words: int = 0
    language: str = ""
    contain: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Instructions()

    def to_json(self) -> Json:
        found: Json = {
            "format": self.format, "max_words": self.max_words, "language": self.language,
            "contain": list(self.contain), "avoid": list(self.avoid),
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}

    @staticmethod
    def from_json(data: Json) -> Instructions:
        return Instructions(
            data.get("format", ""), int(data.get("max_words", 0)), data.get("language", ""),
            tuple(data.get("contain", ())), tuple(data.get("avoid", ())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what is known of its answer.

    answers: reference answers, any of which is right. golds: where it is answered; empty when unknown or unanswerable.
    answerable: whether the documents answer it. key_points: what a complete answer says. kind: the type of question,
    such as ``definition`` or ``table``. tags, split: for slices and for choosing. principals: who asks; ``None`` means
    whoever evaluates. origin: who thought of it. note: how it was made, or why it is unanswerable. sources: ids of the
    documents a made question without golds took its words from, so that it goes when they are removed.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    golds: tuple[Gold, ...] = ()
    answerable: bool = True
    key_points: tuple[str, ...] = ()
    instructions: Instructions = field(default_factory=Instructions)
    kind: str = ""
    tags: tuple[str, ...] = ()
    split: str = ""
    principals: tuple[str, ...] | None = None
    origin: Origin = "human"
    note: str = ""
    sources: tuple[str, ...] = ()

    def to_json(self) -> Json:
        found: Json = {
            "id": self.id, "question": self.text, "answers": list(self.answers),
            "golds": [gold.to_json() for gold in self.golds], "answerable": self.answerable,
            "key_points": list(self.key_points), "instructions": self.instructions.to_json(), "kind": self.kind,
            "tags": list(self.tags), "split": self.split, "note": self.note, "sources": list(self.sources),
        }  # fmt: skip
        found = {name: value for name, value in found.items() if value or name in {"id", "question", "answerable"}}
        if self.principals is not None:
            found["principals"] = list(self.principals)
        return {**found, "origin": self.origin}

    @staticmethod
    def from_json(data: Json) -> Question:
        principals = data.get("principals")
        return Question(
            id=data["id"], text=data["question"], answers=tuple(data.get("answers", ())),
            golds=tuple(Gold.from_json(each) for each in data.get("golds", ())), answerable=data["answerable"],
            key_points=tuple(data.get("key_points", ())),
            instructions=Instructions.from_json(data.get("instructions", {})), kind=data.get("kind", ""),
            tags=tuple(data.get("tags", ())), split=data.get("split", ""),
            principals=None if principals is None else tuple(principals), origin=data.get("origin", "human"),
            note=data.get("note", ""), sources=tuple(data.get("sources", ())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions that are evaluated together. made: how it came about, for sets that were made by ``evaluate make``.
    notes: what was noticed while it was read, such as columns that were not used; no part of the set."""

    name: str
    questions: tuple[Question, ...]
    made: Json = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def identity(self) -> str:
        """The set's version: a hash of every question and gold, whatever the set is called and where it is kept."""
        import json

        return content_id(*(json.dumps(each.to_json(), sort_keys=True) for each in self.questions))

    @property
    def origin(self) -> str:
        """``human``, ``made`` or ``model``; ``mixed`` when its questions come from several."""
        origins = {question.origin for question in self.questions}
        return origins.pop() if len(origins) == 1 else "mixed" if origins else "human"

    def to_json(self) -> Json:
        return {
            "format": SET_FORMAT, "name": self.name, "identity": self.identity, "origin": self.origin,
            "made": self.made, "questions": [question.to_json() for question in self.questions],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> QuestionSet:
        return QuestionSet(
            data["name"], tuple(Question.from_json(each) for each in data["questions"]), data.get("made", {})
        )
