"""What one answer is worth, and what all answers of a run are worth together.

    score       question, its golds and an answer ─► Result with every metric that applies
    summarise   results ─► each metric's mean with its interval, figures of the whole run, curves

A metric that does not apply to a question is absent from it: an unanswerable question has no nDCG, a refused one no
citations. Means are over the questions that have it, and each figure says over how many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from citewell.errors import DataError
from citewell.evaluation.anchoring import covers, is_placed
from citewell.evaluation.levels import level_metrics
from citewell.evaluation.metrics.citations import citation_scores
from citewell.evaluation.metrics.completeness import completeness
from citewell.evaluation.metrics.instructions import follows
from citewell.evaluation.metrics.refusal import calibration, coverage_risk
from citewell.evaluation.metrics.support import support
from citewell.evaluation.metrics.texts import text_scores
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.runs import Cited, Figure, Found, GoldState, Result, Sentence
from citewell.evaluation.statistics import interval, interval_of
from citewell.records import Answer, Citation, Claim, Document, Hit, Json, Locator, Span

PLACED: frozenset[GoldState] = frozenset({"anchored", "moved"})
"""States in which it is known where the answer stands today; in any other, rankings and citations are not judged."""

DocumentOf = Callable[[str], Document | None]
"""Gives a document by id as the asker sees it, ``None`` for one that is absent or hidden."""


# -- one question ------------------------------------------------------------------------------------------------------


def score(
    question: Question,
    state: GoldState,
    answer: Answer,
    relevant: Mapping[str, int],
    document_of: DocumentOf,
    *,
    slices: Mapping[str, tuple[str, ...]] | None = None,
    error: str = "",
) -> Result:
    """Everything that can be said of ``answer``.

    question: with its golds as they were anchored. relevant: passage id → grade. error: why there is no answer; then
    every metric is that of an empty one.
    """
    golds = placed_golds(question, state)
    citations = tuple(_cited(each, golds, document_of) for each in answer.citations)
    sentences = tuple(_sentence(claim, answer.citations, document_of) for claim in answer.claims)
    metrics = citation_scores(sentences, citations, golds=bool(golds)) | _text_metrics(question, answer, document_of)
    if golds:
        metrics |= level_metrics(answer.hits, relevant, golds, document_of)
    if sentences:
        metrics["groundedness"] = sum(each.support for each in sentences) / len(sentences)
    right = _is_right(question, metrics)
    if right is not None:
        treated = right and not answer.refused if question.answerable else answer.refused
        metrics["correct"] = float(treated and not error)
    _check(metrics, answer)
    return Result(
        question=question, state=state, hits=tuple(_found(hit, relevant) for hit in answer.hits),
        answer=answer.text, refused=answer.refused, refusal=answer.refusal.reason if answer.refusal else "",
        confidence=answer.confidence, sentences=sentences, citations=citations, metrics=metrics,
        slices=dict(slices or {}), timings=dict(answer.timings), error=error,
        correct_if_answered=None if error or (answer.refused and question.answerable) else right,
    )  # fmt: skip


def with_forced(result: Result, forced: Answer, document_of: DocumentOf) -> Result:
    """``result`` of a refused question, with whether ``forced``, the answer it would have had, is right."""
    judged = score(result.question, result.state, replace(forced, hits=()), {}, document_of)
    if forced.refused:  # nothing was found: there is no answer to force
        return replace(result, correct_if_answered=False if "correct" in result.metrics else None)
    return replace(result, correct_if_answered=judged.correct_if_answered)


def placed_golds(question: Question, state: GoldState) -> tuple[Gold, ...]:
    """Golds whose place in today's documents is known."""
    golds = question.golds if state in PLACED else ()
    return tuple(gold for gold in golds if gold.grade > 0 and is_placed(gold))


def _is_right(question: Question, metrics: Mapping[str, float]) -> bool | None:
    """Whether what was said answers the question; ``None`` when nothing is known that could tell."""
    if not question.answerable:
        return False
    told = [metrics[name] == 1.0 for name in ("gold shown", "answer accuracy") if name in metrics]
    return any(told) if told else None


def _text_metrics(question: Question, answer: Answer, document_of: DocumentOf) -> dict[str, float]:
    """Metrics of the answer's words."""
    found: dict[str, float] = {}
    language = _language(question, document_of)
    if question.answerable and question.answers:
        found |= text_scores(answer.text, question.answers, language)
        if answer.short:  # exact match and F1 are about the few words, the rest about what is said
            short = text_scores(answer.short.text, question.answers, language)
            found |= {name: short[name] for name in ("exact match", "F1") if name in short}
    if question.answerable and question.key_points:
        found["completeness"] = completeness(answer.text, question.key_points, language)[0]
    if answer.text:
        found["verbosity"] = float(len(answer.text.split()))
        if question.instructions:
            kept = follows(answer.text, question.instructions)
            found["instructions"] = sum(kept.values()) / len(kept)
    return found


def _language(question: Question, document_of: DocumentOf) -> str:
    """The language answers are given in: that of the document that answers, as quotes are the document's own words."""
    documents = (document_of(gold.document) for gold in question.golds if gold.document)
    return next((each.language for each in documents if each is not None and each.language), "")


def _cited(citation: Citation, golds: Sequence[Gold], document_of: DocumentOf) -> Cited:
    document = document_of(citation.document_id)
    start, end = citation.span
    exact = document is not None and bool(citation.quote) and document.text[start:end] == citation.quote
    places = [(citation.document_id, citation.span, citation.locator)]
    places += [(copy.document_id, copy.span, copy.locator) for copy in citation.also]
    gold = any(shows(*place, gold) for place in places for gold in golds)
    return Cited(citation.document_id, citation.uri, citation.quote, citation.span, exact, gold)


def shows(document_id: str, span: Span, locator: Locator, gold: Gold) -> bool:
    """Whether what stands at ``span`` of a document shows the gold."""
    if document_id != gold.document:
        return False
    if gold.span is not None:
        return covers(span, gold.span)
    return gold.page is None or gold.page in {locator.page, locator.slide}


def _shown_text(citation: Citation, document_of: DocumentOf) -> tuple[str, ...]:
    """What a reader of the citation sees: the document's characters at its span, whatever the quote says; of a table
    row also its header, and each cell with its column's name."""
    document = document_of(citation.document_id)
    start, end = citation.span
    text = document.text[start:end] if document is not None else ""
    if not text or not citation.header:
        return (text,) if text else ()
    names, cells = citation.header.split(" | "), text.split(" | ")
    row = "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=False) if cell.strip())
    return (text, citation.header, row) if len(cells) <= len(names) else (text, citation.header)


def _sentence(claim: Claim, citations: Sequence[Citation], document_of: DocumentOf) -> Sentence:
    cited = [citations[each] for each in claim.citations]
    documents = (document_of(each.document_id) for each in cited)
    language = next((each.language for each in documents if each is not None), "")
    judged = support(claim.text, [text for each in cited for text in _shown_text(each, document_of)], language)
    return Sentence(claim.text, claim.citations, judged.score, judged.verdict)


def _found(hit: Hit, relevant: Mapping[str, int]) -> Found:
    passage = hit.passage
    gold = any(relevant.get(each.id, 0) > 0 for each in (passage, *hit.copies))
    return Found(
        passage.id, passage.document_id, passage.uri, passage.span, hit.score, passage.locate().page, gold, passage.text
    )


def _check(metrics: Mapping[str, float], answer: Answer) -> None:
    """A system may be anyone's: what it gives is checked before it enters means."""
    if not 0 <= answer.confidence <= 1:
        raise DataError(f"The confidence of the answer is {answer.confidence!r}. Expected a probability, from 0 to 1.")
    if any(not math.isfinite(hit.score) for hit in answer.hits):
        raise DataError("The score of a hit is not a number. Expected finite scores, best first.")
    if wrong := next((name for name, value in metrics.items() if not math.isfinite(value)), ""):
        raise DataError(f"'{wrong}' of the answer is {metrics[wrong]!r}, not a number.")


# -- a whole run -------------------------------------------------------------------------------------------------------


class Summary(NamedTuple):
    """Figures and curves of a run."""

    metrics: dict[str, Figure]
    curves: Json


def summarise(results: Sequence[Result]) -> Summary:
    """Each metric's mean with its 95 % interval, the figures that only a whole run has, and the curves."""
    figures = {name: _mean(results, name) for name in sorted({name for each in results for name in each.metrics})}
    whole = _refusal_figures(results)
    judged = [each for each in results if each.correct_if_answered is not None]
    sure = np.asarray([each.confidence for each in judged])
    right = np.asarray([bool(each.correct_if_answered) for each in judged])
    if judged:
        whole["area under coverage-risk"] = interval_of(len(judged), _on(sure, right, _area))
        whole["expected calibration error"] = interval_of(len(judged), _on(sure, right, _error))
    main = {"correct": figures.pop("correct")} if "correct" in figures else {}
    return Summary({**main, **whole, **figures}, _curves(sure, right) if judged else {})


def stage_timings(results: Sequence[Result]) -> dict[str, float]:
    """Seconds per stage that half and 95 % of the questions stay below: ``retrieve p50``, ``retrieve p95``, …"""
    found: dict[str, float] = {}
    for stage in dict.fromkeys(stage for each in results for stage in each.timings):
        seconds = [each.timings[stage] for each in results if stage in each.timings]
        for percent in (50, 95):
            found[f"{stage} p{percent}"] = float(np.percentile(seconds, percent))
    return found


def _mean(results: Sequence[Result], name: str) -> Figure:
    having = [each for each in results if name in each.metrics]
    return interval([each.metrics[name] for each in having], [each.question.id for each in having])


def _refusal_figures(results: Sequence[Result]) -> dict[str, Figure]:
    """Accuracy on answerable and unanswerable questions, coverage and risk."""
    correct = [each for each in results if "correct" in each.metrics]
    values = {
        "correct when answerable": [each.metrics["correct"] for each in correct if each.question.answerable],
        "correct when unanswerable": [each.metrics["correct"] for each in correct if not each.question.answerable],
        "coverage": [float(_answered(each)) for each in results],
        "risk": [1 - each.metrics["correct"] for each in correct if _answered(each)],
    }
    return {name: interval(found) for name, found in values.items() if found}


def _answered(result: Result) -> bool:
    return not result.refused and not result.error


def _on(
    sure: NDArray[np.float64], right: NDArray[np.bool_], measure: Callable[[Sequence[float], Sequence[bool]], float]
) -> Callable[[NDArray[np.intp]], float]:
    return lambda chosen: measure(sure[chosen], right[chosen])  # type: ignore[arg-type]  # arrays are sequences


def _area(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    return coverage_risk(confidences, correct).area


def _error(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    return calibration(confidences, correct).error


def _curves(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> Json:
    curve = coverage_risk(sure.tolist(), right.tolist())
    bins = calibration(sure.tolist(), right.tolist())
    return {
        "coverage_risk": {"coverage": _rounded(curve.coverage), "risk": _rounded(curve.risk)},
        "calibration": {
            "confidence": _rounded(bins.confidence), "accuracy": _rounded(bins.accuracy), "count": list(bins.count),
        },
    }  # fmt: skip


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 6) for value in values]
