"""From a question to an answer with exact citations, or an honest refusal. One screen, one call per stage."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.answering.cite import choose, cite
from citewell.answering.conflicts import describe, find_conflict
from citewell.answering.read import load_calibration, read
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
    """The answer that these hits give. threshold: another than the calibrated one, in [0, 1]; 0 never refuses."""
    calibration = load_calibration()
    started = time.perf_counter()
    evidence, sure = read(question, hits, store.encoder, calibration)
    refused = refusal(question, hits, sure, calibration.threshold if threshold is None else threshold)
    was_read = time.perf_counter()
    rivals = [] if refused else find_conflict(evidence)
    chosen = [] if refused else rivals or choose(evidence, store.settings.answering.sentences)
    claims, citations = cite(chosen, hits)
    cited = time.perf_counter()
    return Answer(
        question=question,
        text="\n".join(claim.text for claim in claims),
        claims=claims,
        citations=citations,
        hits=tuple(hits),
        confidence=sure,
        refusal=refused,
        conflicts=(describe(rivals),) if rivals else (),
        timings={**(timings or {}), "read": was_read - started, "cite": cited - was_read},
        trace_id=uuid.uuid4().hex,
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


def refusal(question: str, hits: Sequence[Hit], confidence: float, threshold: float) -> Refusal | None:
    """Why there is no answer, or ``None`` when there is one. Invisible documents and absent ones look the same."""
    if not hits:
        return Refusal("nothing_found", "No document you can read matches this question.")
    if confidence < threshold:
        message = "The documents do not seem to answer this. The nearest passages are listed."
        return Refusal("weak_evidence", message + language_hint(question, hits))
    return None


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
