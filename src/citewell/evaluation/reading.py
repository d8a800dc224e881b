"""Measures reading alone on SQuAD data: each question is given its paragraph, nothing is searched.

The paragraph is cut by the chunker and read by the code that answers questions. Scores are those of SQuAD's official
scripts (versions 1.1 and 2.0): exact match and F1 against the best of the reference answers, and for a question without
an answer 1 when none is given. Today's reader quotes whole sentences, items and rows while the references are a few
words: exact match is low by nature. ``correct`` says how often what is quoted holds a reference answer, or a question
without one is refused.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from citewell.access import EVERYONE
from citewell.answering.loaded import reader_of
from citewell.answering.read import PASSAGES_READ
from citewell.chunking import chunk
from citewell.evaluation.metrics.texts import f1, normalised
from citewell.evaluation.questions import Question, QuestionSet
from citewell.evaluation.remembering import Remembering
from citewell.evaluation.running import release_facts
from citewell.evaluation.runs import Cited, Result, Run
from citewell.evaluation.scoring import summarise
from citewell.evaluation.sets.squad import SquadQuestion, read_squad
from citewell.models.encoder import Encoder, load_encoder
from citewell.models.modelset import load_model_set
from citewell.models.reader import Reader
from citewell.records import Block, Document, Hit, Locator
from citewell.settings import ChunkingSettings

Progress = Callable[[str, int, int], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class BestSpan:
    """What a reader gives for one question: ``context[start : start + len(text)] == text``.

    confidence: that the context answers the question, in [0, 1]. null: that it does not, or no unit could be read; the
    best stretch is given all the same.
    """

    text: str
    start: int
    confidence: float
    null: bool


def best_span(question: str, context: str, encoder: Encoder, reader: Reader) -> BestSpan:
    """The stretch of ``context`` that answers ``question`` best. The one place that knows which reader there is."""
    passages = [hit.passage for hit in _hits(question, context, encoder)[:PASSAGES_READ]]
    readings = reader.read(question, [each.context for each in passages], [each.text for each in passages])
    best, found = 0, None
    for number, reading in enumerate(readings):
        stretch = reading.best()
        if stretch is not None and (found is None or stretch.odds > found.odds):
            best, found = number, stretch
    if found is None:
        return BestSpan("", 0, 0.0, null=True)
    start, end = (place + passages[best].span[0] for place in found.span)
    return BestSpan(context[start:end], start, 1 / (1 + math.exp(-found.odds)), null=found.odds < 0)


def _hits(question: str, context: str, encoder: Encoder) -> list[Hit]:
    """The context's passages as search would hand them to the reader, all alike; of a long one the nearest."""
    blocks = tuple(
        Block("paragraph", (start, end), Locator()) for start, end in _paragraphs(context)
    )  # fmt: skip
    document = Document(
        id="context", version="1", uri="context", title="", media_type="text/plain", text=context, blocks=blocks,
        readers=(EVERYONE,),
    )  # fmt: skip
    passages = chunk(document, encoder, ChunkingSettings())
    if len(passages) <= PASSAGES_READ:
        return [Hit(passage, 1.0, "fused") for passage in passages]
    vectors = encoder.encode([question, *(passage.embedded for passage in passages)])
    near = vectors[1:] @ vectors[0]
    return [Hit(passages[index], float(near[index]), "dense") for index in np.argsort(-near, kind="stable")]


def _paragraphs(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.splitlines(keepends=True):
        inner = line.strip()
        if inner:
            first = start + line.index(inner)
            spans.append((first, first + len(inner)))
        start += len(line)
    return spans


def evaluate_reading(
    path: Path, *, name: str = "", encoder: Encoder | None = None, limit: int | None = None,
    answer_always: bool = False, reader: Reader | None = None, on_progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Reads every question's paragraph; :func:`predictions` and :func:`null_odds` turn the run into official files.

    limit: only so many questions, taken evenly from the whole file. answer_always: give the best stretch where the
    reader would refuse, as SQuAD 1.1 expects, and the official script of 2.0 when it is given null odds.
    """
    path = Path(path)
    data = read_squad(path)
    asked = spread_out(data.questions, limit)
    encoder, reader = Remembering(encoder or load_encoder()), reader or reader_of(load_model_set())
    started = time.perf_counter()
    results, last = list[Result](), -1
    for done, each in enumerate(asked, start=1):
        if each.context != last:
            encoder.forget()
            last = each.context
        context = data.contexts[each.context]
        article = data.articles[context.article]
        results.append(_result(each, context.text, article, encoder, reader, answer_always))
        if on_progress is not None:
            on_progress("read", done, len(asked))
    read_all = time.perf_counter()
    figures, curves = summarise(results)
    questions = QuestionSet(path.stem, tuple(result.question for result in results))
    return Run(
        kind="reading", name=name or path.stem, created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        system={
            "name": "reading", **release_facts(), "encoder": encoder.identity, "reader": reader.identity,
            "answer_always": answer_always,
        },
        set={
            "name": path.stem, "identity": questions.identity, "origin": "human", "questions": len(results),
            "of": len(data.questions),
        },
        collection={}, results=tuple(results), metrics=figures, curves=curves,
        timings={"read": read_all - started, "summarise": time.perf_counter() - read_all},
    )  # fmt: skip


def predictions(run: Run) -> dict[str, str]:
    """Question id → answer, empty for a refusal: the file SQuAD's official scripts read."""
    return {result.question.id: result.answer for result in run.results}


def null_odds(run: Run) -> dict[str, float]:
    """Question id → the chance that there is no answer: the second file that the script of SQuAD 2.0 reads."""
    return {result.question.id: round(1 - result.confidence, 6) for result in run.results}


def official_scores(answer: str, references: Sequence[str]) -> tuple[float, float]:
    """Exact match and F1 as SQuAD 1.1 and 2.0 define them. No reference: there is no answer, and none is right."""
    told = [each for each in references if normalised(each)] or [""]
    return max(float(normalised(answer) == normalised(each)) for each in told), max(f1(answer, each) for each in told)


def spread_out(items: Sequence[Item], limit: int | None) -> list[Item]:
    """``limit`` of the items, evenly over all of them: neighbours in SQuAD share their paragraph and article."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[number * len(items) // limit] for number in range(limit)]


def _result(
    asked: SquadQuestion, context: str, article: str, encoder: Encoder, reader: Reader, answer_always: bool
) -> Result:
    started = time.perf_counter()
    best = best_span(asked.text, context, encoder, reader)
    seconds = time.perf_counter() - started
    refused = best.null and not (answer_always and best.text)
    answer, references = "" if refused else best.text, [each.text for each in asked.answers]
    exact, overlap = official_scores(answer, references)
    kind = "NoAns" if asked.impossible else "HasAns"
    metrics = {"exact match": exact, "F1": overlap, f"{kind} exact match": exact, f"{kind} F1": overlap}
    holds = _holds(best, asked)
    metrics["correct"] = float(refused if asked.impossible else holds and not refused)
    end = best.start + len(best.text)
    cited = Cited("", article, best.text, (best.start, end), context[best.start : end] == best.text, holds)
    return Result(
        question=Question(asked.id, asked.text, tuple(dict.fromkeys(references)), answerable=not asked.impossible),
        answer=answer, refused=refused, refusal="weak_evidence" if refused else "", confidence=best.confidence,
        citations=() if refused else (cited,), metrics=metrics, slices={"answerable": (kind,)},
        timings={"read": seconds}, correct_if_answered=holds,
    )  # fmt: skip


def _holds(best: BestSpan, asked: SquadQuestion) -> bool:
    """Whether a reference answer stands inside the stretch, at its own place, or is the stretch."""
    end = best.start + len(best.text)
    return any(
        (best.start <= each.start and each.start + len(each.text) <= end)
        or normalised(each.text) == normalised(best.text)
        for each in asked.answers
    )
