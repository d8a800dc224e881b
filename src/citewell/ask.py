"""From a question to an answer with exact citations, or an honest refusal. One screen, one call per stage."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.answering.calibration import Grade
from citewell.answering.cite import choose, cite
from citewell.answering.conflicts import describe, find_conflict
from citewell.answering.extent import short_answer, widen
from citewell.answering.read import Evidence, read
from citewell.answering.words import CODE
from citewell.errors import QuestionError
from citewell.index.filters import Filters
from citewell.records import Answer, Hit, Refusal
from citewell.retrieval.search import search

if TYPE_CHECKING:
    from citewell.store import Store

CLEARLY = 8.0  # log-likelihood by which a language must lead: of 266 English questions one leads wrongly, by 3.4


def ask(question: str, store: Store, scope: Scope, filters: Filters | None = None) -> Answer:
    """The best-supported sentences, quoted and cited; below the threshold a refusal with the nearest hits."""
    question = check_question(question, store.settings.answering.max_question_characters)
    started = time.perf_counter()
    hits = search(question, store.index, store.encoder, scope, filters, store.settings.retrieval)
    return answer_from(question, hits, store, {"retrieve": time.perf_counter() - started})


def answer_from(
    question: str,
    hits: Sequence[Hit],
    store: Store,
    timings: Mapping[str, float] | None = None,
    threshold: float | None = None,
) -> Answer:
    """The answer that these hits give. threshold: another than the calibrated ones, in [0, 1]; 0 never refuses."""
    models, started = store.answering, time.perf_counter()
    evidence, sure = read(question, hits, store.encoder, models.reader, models.calibration)
    if threshold is None:
        grade = "refusal" if unknown_names(question, hits) else models.calibration.grade(sure)
    else:
        grade = "refusal" if sure < threshold else "answer"
    timings = {**(timings or {}), "read": time.perf_counter() - started}
    return compose(question, hits, evidence, sure, grade, store.settings.answering.sentences, timings)


def compose(
    question: str,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    confidence: float,
    grade: Grade,
    sentences: int,
    timings: Mapping[str, float] | None = None,
) -> Answer:
    """The answer that this evidence gives, or the refusal. evidence: best first. sentences: at most so many quotes."""
    started = time.perf_counter()
    refused = refusal(question, hits, grade)
    rivals = [] if refused else find_conflict(evidence)
    chosen = [] if refused else rivals or choose(evidence, sentences)
    claims, citations = cite([widen(question, unit) for unit in chosen], hits)
    return Answer(
        question=question,
        text="\n".join(claim.text for claim in claims),
        claims=claims,
        citations=citations,
        hits=tuple(hits),
        confidence=confidence,
        refusal=refused,
        conflicts=(describe(rivals),) if rivals else (),
        timings={**(timings or {}), "cite": time.perf_counter() - started},
        trace_id=uuid.uuid4().hex,
        short=short_answer(question, chosen[0], citations[0], 0) if chosen else None,
        weak=bool(chosen) and grade == "weak",
    )


def check_question(question: str, longest: int) -> str:
    """The question without surrounding white space, or :class:`QuestionError`."""
    text = " ".join(question.split())
    if not any(character.isalnum() for character in text):
        raise QuestionError('The question is empty. Ask in words, for example:  citewell ask "How do I request leave?"')
    if len(text) > longest:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {longest:,} are read. "
            "Ask the question itself and add long material as a file:  citewell add FILE"
        )
    return text


def refusal(question: str, hits: Sequence[Hit], grade: Grade) -> Refusal | None:
    """Why there is no answer, or ``None`` when there is one. Invisible documents and absent ones look the same."""
    if not hits:
        return Refusal("nothing_found", "No document you can read matches this question.")
    if grade == "refusal" and (names := unknown_names(question, hits)):
        return Refusal("unknown_name", f"No passage found mentions {' or '.join(names)}. The nearest ones are listed.")
    if grade == "refusal":
        message = "The documents do not seem to answer this. The nearest passages are listed."
        return Refusal("weak_evidence", message + language_hint(question, hits))
    return None


def unknown_names(question: str, hits: Sequence[Hit]) -> list[str]:
    """Part numbers and codes of the question that stand in none of the hits. Full-text search looks for them as they
    are, so what it did not find is not there, and an answer about the nearest other part would mislead."""
    told = "\n".join(hit.passage.searchable for hit in hits).casefold()
    return [name for name in dict.fromkeys(CODE.findall(question)) if hits and name.casefold() not in told]


def language_hint(question: str, hits: Sequence[Hit]) -> str:
    """What to do when the question is not in the language of the nearest documents; empty when it is, or unknown."""
    from py3langid import langid

    documents = {hit.passage.language for hit in hits} - {""}
    scores = {str(language): float(score) for language, score in langid.rank(question)}
    asked = max(scores, key=scores.__getitem__)
    if not documents or scores[asked] - max(scores.get(each, -1e9) for each in documents) < CLEARLY:
        return ""
    return (
        f" The question looks like language '{asked}', the nearest documents are in '{', '.join(sorted(documents))}': "
        "ask in their language, or re-index with a multilingual encoder:  citewell reindex --encoder DIR"
    )
