"""Answers that are made elsewhere: by a function of yours, or earlier, by a model whose answers are in a file.

A language model's text becomes an :class:`Answer` here. ``[2]`` in it cites the second passage it was given (or the
second citation of its row); what it cites is looked up in the documents, so a made-up quotation counts as one.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citewell.access import Scope
from citewell.errors import DataError, UserError
from citewell.evaluation.naming import DocumentNames
from citewell.evaluation.questions import Question
from citewell.evaluation.quotes import Text
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode, parsed
from citewell.records import Answer, Citation, Claim, Hit, Json, Locator, Refusal, content_id
from citewell.retrieval.search import search
from citewell.sentences import sentence_spans

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.store import Store

_MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_MARK_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+)")
KEPT_TEXTS = 256  # documents held in memory, folded, while quotations are looked up in them
_ROW = frozenset({"id", "answer", "refused", "confidence", "citations", "seconds", "tokens", "cost"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer took. cost: in the currency of whoever filled it in."""

    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Quoted:
    """A citation as it was claimed. document: id, URI or a unique ending of one."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of a file of answers. confidence: ``None`` when the row has none."""

    answer: str
    refused: bool = False
    confidence: float | None = None
    citations: tuple[Quoted, ...] = ()
    seconds: float = 0.0
    usage: Usage = Usage()


class SystemFailedError(UserError):
    """A system of somebody else's gave no answer to one question; the others go on."""


class FunctionSystem:
    """A plain function as a system; make one with :func:`citewell.evaluation.systems.from_callable`.

    store: where hits come from for a function that is given some; ``compare_systems`` fills it in.
    """

    def __init__(
        self, name: str, function: Callable[..., str | None], passes_hits: bool = False, identity: Json | None = None,
        store: Store | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.identity: Json = {"kind": "function", "retrieval": passes_hits, **(identity or {})}
        self.passes_hits = passes_hits
        self.store = store
        self._function = function

    def answer(self, question: Question, scope: Scope) -> Answer:
        timings, hits = {}, list[Hit]()
        if self.passes_hits:
            started = time.perf_counter()
            hits = self._hits(question.text, scope)
            timings["retrieve"] = time.perf_counter() - started
        started = time.perf_counter()
        try:
            text: object = self._function(question.text, hits) if self.passes_hits else self._function(question.text)
        except Exception as error:  # not our function: that it failed is what there is to report
            raise SystemFailedError(f"{type(error).__name__}: {error}") from error
        timings["answer"] = time.perf_counter() - started
        if text is not None and not isinstance(text, str):
            raise DataError(
                f"The function of system '{self.name}' returned {type(text).__name__}. Expected a text, or None, which "
                "means that it refuses."
            )
        return made_answer(question.text, text, hits, [whole(hit) for hit in hits], None, timings, only_marked=True)

    def _hits(self, question: str, scope: Scope) -> list[Hit]:
        store = self.store
        if store is None:
            raise DataError(f"System '{self.name}' wants hits, but no store was given. Use Collection.compare.")
        return search(question, store.index, store.encoder, scope, None, store.settings.retrieval)


class RecordedSystem:
    """Answers from a file. A question without one is reported as an error of this system, never left out."""

    def __init__(self, name: str, answers: Mapping[str, Recorded], store: Store, source: str = "") -> None:
        self.name = name
        rows = (f"{key}\n{row.answer}\n{row.refused}\n{row.citations}" for key, row in sorted(answers.items()))
        self.identity: Json = {"kind": "recorded", "answers": len(answers), "content": content_id(*rows)}
        self.answers = answers
        self._documents = Documents(store)
        self._source = source or "The file"

    def answer(self, question: Question, scope: Scope) -> Answer:
        row = self.answers.get(question.id)
        if row is None:
            raise SystemFailedError(f"{self._source} has no answer to this question.")
        citations = [self._documents.citation(each, scope) for each in row.citations]
        text = None if row.refused else row.answer
        return made_answer(question.text, text, (), citations, row.confidence, {"answer": row.seconds})

    def usage(self, question_id: str) -> Usage:
        return row.usage if (row := self.answers.get(question_id)) else Usage()


class Documents:
    """Looks quotations up in the documents that a scope may read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[Scope, DocumentNames] = {}
        self._texts: dict[str, Text] = {}

    def citation(self, claimed: Quoted, scope: Scope) -> Citation:
        """The claimed quotation at its place; with an empty span where the document lacks it, or is not there."""
        if scope not in self._names:
            self._names[scope] = DocumentNames([item for item in self._store.catalog.items(scope) if item.is_document])
        names = self._names[scope]
        found = [names.by_id[claimed.document]] if claimed.document in names.by_id else names.named(claimed.document)
        places = [(item, span) for item in found for span in self._text(item).find(claimed.quote).spans[:1]]
        if not places:
            return Citation("", "", "", claimed.document, claimed.document, claimed.quote, (0, 0), Locator())
        item, span = places[0]
        return Citation(
            "", item.document_id, item.version, item.uri, item.title, claimed.quote, span, Locator(),
            modified_at=item.modified_at,
        )  # fmt: skip

    def _text(self, item: Item) -> Text:
        if item.version not in self._texts:
            if len(self._texts) >= KEPT_TEXTS:
                self._texts.clear()
            parsed = self._store.blobs.get(item.version)
            self._texts[item.version] = Text(parsed["text"] if parsed else "")
        return self._texts[item.version]


def made_answer(
    question: str, text: str | None, hits: Sequence[Hit], citations: Sequence[Citation], confidence: float | None,
    timings: Mapping[str, float], *, only_marked: bool = False,
) -> Answer:  # fmt: skip
    """``text`` as an answer; ``None`` or an empty one is a refusal.

    citations: what ``[n]`` in the text means, from 1. only_marked: those without a mark are left out; otherwise, in a
    text without any mark, every sentence has all of them. confidence: ``None`` counts as 1 for an answer.
    """
    refused = not (text or "").strip()
    sentences = [] if text is None else marked_sentences(text, len(citations))
    marked = sorted({number for _, numbers in sentences for number in numbers})
    kept = [] if refused else marked if only_marked else list(range(len(citations)))
    place = {number: index for index, number in enumerate(kept)}
    sure = (0.0 if refused else 1.0) if confidence is None else confidence
    claims = tuple(
        Claim(sentence, tuple(place[each] for each in numbers) if marked else tuple(range(len(kept))), sure, "weak")
        for sentence, numbers in sentences
    )
    return Answer(
        question=question, text="" if refused else unmarked(text or "", len(citations)), claims=claims,
        citations=tuple(citations[number] for number in kept), hits=tuple(hits), confidence=sure,
        refusal=Refusal("weak_evidence", "The system gave no answer.") if refused else None, timings=dict(timings),
    )  # fmt: skip


def marked_sentences(text: str, known: int) -> list[tuple[str, tuple[int, ...]]]:
    """The sentences without their ``[n]``, and the 0-based numbers each was marked with."""
    text = _MARK_AFTER_STOP.sub(lambda found: found[2] + found[1], text)
    sentences = []
    for start, end in sentence_spans(text):
        numbers = [number for mark in _MARK.findall(text[start:end]) for number in _numbers(mark, known)]
        if sentence := unmarked(text[start:end], known):
            sentences.append((sentence, tuple(dict.fromkeys(numbers))))
    return sentences


def unmarked(text: str, known: int) -> str:
    """``text`` without its ``[n]``; numbers above ``known`` cite nothing and stay."""
    return _MARK.sub(lambda found: "" if _numbers(found[1], known) else found[0], text).strip()


def _numbers(mark: str, known: int) -> list[int]:
    """``"1, 3"`` → ``[0, 2]``; empty when one of them is not known."""
    named = [int(each) for each in mark.split(",")]
    return [each - 1 for each in named] if all(1 <= each <= known for each in named) else []


def whole(hit: Hit) -> Citation:
    """The hit's passage, cited from its first character to its last."""
    passage = hit.passage
    return Citation(
        passage_id=passage.id, document_id=passage.document_id, document_version=passage.document_version,
        uri=passage.uri, title=passage.title, quote=passage.text, span=passage.span, locator=passage.locate(),
        heading_path=passage.heading_path, header=passage.header, modified_at=passage.modified_at,
    )  # fmt: skip


def read_answers(path: Path) -> dict[str, Recorded]:
    """Question id → answer, from JSONL; :class:`DataError` names the first line that is wrong."""
    lines = decode(path, Problems(path)).split("\n")  # not U+2028 and the like, which JSON may hold
    found: dict[str, Recorded] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = parsed(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{place} is not JSON: {error}.") from None
        name, recorded = _recorded(row, place)
        if name in found:
            raise DataError(f"{place}: question '{name}' was answered before. Expected one answer a question.")
        found[name] = recorded
    if not found:
        raise DataError(f'{path} holds no answers. Expected lines like {{"id": "q1", "answer": "27 days"}}.')
    return found


def _recorded(row: Any, place: str) -> tuple[str, Recorded]:
    if not isinstance(row, dict) or not isinstance(row.get("id"), (str, int)) or isinstance(row.get("id"), bool):
        raise DataError(f'{place}: expected an object with the question\'s "id" and an "answer".')
    if unknown := sorted(set(row) - _ROW):
        raise DataError(f"{place}: unknown field '{unknown[0]}'. Known: {', '.join(sorted(_ROW))}.")
    answer, refused = row.get("answer") or "", row.get("refused", False)
    if not isinstance(answer, str) or not isinstance(refused, bool):
        raise DataError(f"{place}: answer is {answer!r}, refused is {refused!r}; expected a text, and true or false.")
    if not answer.strip() and "refused" not in row:
        raise DataError(f'{place}: the answer is empty. If the system refused, write "refused": true.')
    confidence = _number(row, "confidence", place, most=1.0) if row.get("confidence") is not None else None
    citations = row.get("citations") or []
    if not isinstance(citations, list) or not all(
        isinstance(each, dict) and isinstance(each.get("document"), str) and isinstance(each.get("quote"), str)
        for each in citations
    ):
        raise DataError(f'{place}: expected citations like [{{"document": "leave.md", "quote": "27 days"}}].')
    return str(row["id"]), Recorded(
        answer=answer, refused=refused or not answer.strip(), confidence=confidence,
        citations=tuple(Quoted(each["document"], each["quote"]) for each in citations),
        seconds=_number(row, "seconds", place),
        usage=Usage(int(_number(row, "tokens", place)), _number(row, "cost", place)),
    )  # fmt: skip


def _number(row: Json, name: str, place: str, most: float = math.inf) -> float:
    value = row.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most or value == math.inf:
        wanted = f"from 0 to {most:g}" if most < math.inf else "0 or more"
        raise DataError(f"{place}: {name} is {value!r}, expected a number, {wanted}.")
    return float(value)
