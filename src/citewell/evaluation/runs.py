"""A run: everything one evaluation found, in one file that needs nothing else to be read.

    Run ─ Result ─ Found, Cited        what happened to each question
        ─ Figure                       each metric's mean with its interval

Everything but ``timings`` (of the run and of each result) and ``created_at`` is the same in two runs of the same
evaluation, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from citewell.durable import write_durably
from citewell.errors import DataError
from citewell.evaluation.questions import Question
from citewell.evaluation.run_shape import check_run
from citewell.records import Json, Span, Verdict

RUN_FORMAT = 1
Kind = Literal["answers", "retrieval", "reading", "support"]
GoldState = Literal["anchored", "moved", "stale", "missing", "unplaced", "none"]
"""How a question's golds stand to the documents of today: found where the set says; found elsewhere after the document
changed; the document changed and the words are gone; the document is not there; the words are not in the document the
set names, which never changed; the question has no golds."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over ``n`` questions with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> Json:
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6), "n": self.n}

    @staticmethod
    def from_json(data: Json) -> Figure:
        return Figure(data["value"], data["low"], data["high"], data["n"])


@dataclass(frozen=True, slots=True)
class Found:
    """One ranked passage. page: 1-based, where there are pages. gold: whether it answers the question."""

    passage_id: str
    document_id: str
    uri: str
    span: Span
    score: float
    page: int | None = None
    gold: bool = False
    text: str = ""

    def to_json(self) -> Json:
        found: Json = {
            "passage_id": self.passage_id, "document": self.document_id, "uri": self.uri, "span": list(self.span),
            "score": round(self.score, 6), "gold": self.gold, "text": self.text,
        }  # fmt: skip
        return found if self.page is None else {**found, "page": self.page}

    @staticmethod
    def from_json(data: Json) -> Found:
        return Found(
            data["passage_id"], data["document"], data["uri"], (data["span"][0], data["span"][1]), data["score"],
            data.get("page"), data["gold"], data.get("text", ""),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation. exact: whether the document holds the quote at the span, character for character. gold: whether it
    shows a gold."""

    document_id: str
    uri: str
    quote: str
    span: Span
    exact: bool
    gold: bool

    def to_json(self) -> Json:
        return {
            "document": self.document_id, "uri": self.uri, "quote": self.quote, "span": list(self.span),
            "exact": self.exact, "gold": self.gold,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Cited:
        return Cited(
            data["document"], data["uri"], data["quote"], (data["span"][0], data["span"][1]), data["exact"],
            data["gold"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the answer. citations: indexes into the result's. support: in [0, 1]."""

    text: str
    citations: tuple[int, ...]
    support: float
    verdict: Verdict

    def to_json(self) -> Json:
        return {
            "text": self.text, "citations": list(self.citations), "support": round(self.support, 6),
            "verdict": self.verdict,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Sentence:
        return Sentence(data["text"], tuple(data["citations"]), data["support"], data["verdict"])


@dataclass(frozen=True, slots=True)
class Result:
    """What happened to one question.

    question: with golds as they were anchored for this run. state: how the golds stand to the documents. hits: as the
    answer saw them, best first. answer: empty when refused. confidence: calibrated, in [0, 1]. metrics: name → value
    for those that apply to this question. slices: dimension → value, such as ``type`` → ``pdf``. cost: in the currency
    of the model's price list. timings: seconds per stage. error: why there is no answer, when a system failed.
    correct_if_answered: whether the answer is right, also of a question that was refused, had it not been; ``None``
    when that is unknown. The coverage–risk curve and the calibration are made of it.
    """

    question: Question
    state: GoldState = "none"
    hits: tuple[Found, ...] = ()
    answer: str = ""
    refused: bool = False
    refusal: str = ""
    confidence: float = 0.0
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Cited, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    slices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: int = 0
    cost: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    error: str = ""
    correct_if_answered: bool | None = None

    def to_json(self) -> Json:
        return {
            "question": self.question.to_json(), "state": self.state, "answer": self.answer, "refused": self.refused,
            "refusal": self.refusal, "confidence": round(self.confidence, 6),
            "sentences": [each.to_json() for each in self.sentences],
            "citations": [each.to_json() for each in self.citations], "hits": [each.to_json() for each in self.hits],
            "metrics": {name: round(value, 6) for name, value in sorted(self.metrics.items())},
            "slices": {name: list(values) for name, values in sorted(self.slices.items())}, "tokens": self.tokens,
            "cost": round(self.cost, 6), "error": self.error, "correct_if_answered": self.correct_if_answered,
            "timings": {stage: round(seconds, 6) for stage, seconds in self.timings.items()},
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Result:
        return Result(
            question=Question.from_json(data["question"]), state=data["state"],
            hits=tuple(Found.from_json(each) for each in data["hits"]), answer=data["answer"], refused=data["refused"],
            refusal=data["refusal"], confidence=data["confidence"],
            sentences=tuple(Sentence.from_json(each) for each in data["sentences"]),
            citations=tuple(Cited.from_json(each) for each in data["citations"]), metrics=data["metrics"],
            slices={name: tuple(values) for name, values in data["slices"].items()}, tokens=data["tokens"],
            cost=data["cost"], timings=data["timings"], error=data["error"],
            correct_if_answered=data.get("correct_if_answered"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation.

    system: what was evaluated: its label, the release, models, settings. set: name, identity, origin and count of the
    questions. collection: documents, passages, encoder and a hash of what it holds. metrics: name → mean with interval.
    curves: for plots, such as ``coverage_risk``. notes: what the reader of the figures should know.
    """

    kind: Kind
    name: str
    created_at: str
    system: Json
    set: Json
    collection: Json
    results: tuple[Result, ...]
    metrics: dict[str, Figure]
    curves: Json = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            "format": RUN_FORMAT, "kind": self.kind, "name": self.name, "created_at": self.created_at,
            "system": self.system, "set": self.set, "collection": self.collection,
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()}, "curves": self.curves,
            "notes": list(self.notes),
            "timings": {stage: round(seconds, 6) for stage, seconds in self.timings.items()},
            "results": [result.to_json() for result in self.results],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Run:
        return Run(
            kind=data["kind"], name=data["name"], created_at=data["created_at"], system=data["system"],
            set=data["set"], collection=data["collection"],
            results=tuple(Result.from_json(each) for each in data["results"]),
            metrics={name: Figure.from_json(each) for name, each in data["metrics"].items()},
            curves=data["curves"], notes=tuple(data["notes"]), timings=data["timings"],
        )  # fmt: skip

    def write(self, path: Path) -> None:
        """The run as one JSON file; written whole or not at all."""
        write_durably(path, (json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n").encode())

    @staticmethod
    def read(path: Path) -> Run:
        """The run in ``path``, or a :class:`DataError` that says what is wrong with the file."""
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"There is no run '{path}'. Make one:  citewell evaluate answers SET") from None
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{path} cannot be read as a run: {error}. Make it again, or take a whole copy.") from None
        if not isinstance(data, dict) or data.get("format") != RUN_FORMAT:
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise DataError(f"{path} is no run of this release: its format is {found!r}, expected {RUN_FORMAT}.")
        try:
            check_run(data, get_args(Kind), get_args(GoldState))
            return Run.from_json(data)
        except ValueError as error:
            raise DataError(f"{path} is not a whole run: {error}. Make it again, or take a whole copy.") from None
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise DataError(f"{path} is not a complete run: {type(error).__name__}: {error}.") from None
