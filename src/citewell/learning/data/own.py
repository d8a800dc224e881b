"""A collection's own questions as training examples: where an answer stands, in the passages as they are indexed.

A gold is a stretch of a document, found anew in the present documents (:mod:`citewell.evaluation.anchoring`); the
passages that show it are the positives. A question that the documents do not answer is read in the passages that come
nearest by their words. What has lost its place is counted in a note, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from citewell.access import Scope
from citewell.evaluation.anchoring import Anchored, PassagesByDocument, anchor, covers
from citewell.evaluation.questions import Gold, Question
from citewell.index import PassageIndex
from citewell.learning.data.examples import AnswerPlace, RankingExample, ReadingExample, Text
from citewell.learning.data.rows import places_of
from citewell.records import Passage, Span
from citewell.store import Store

NEAREST = 3
"""Passages an unanswerable question is read in."""


@dataclass(frozen=True, slots=True)
class OwnExamples:
    """What a set's questions give. Documents go by their ids. notes: what could not be used, for people."""

    reading: tuple[ReadingExample, ...]
    ranking: tuple[RankingExample, ...]
    notes: tuple[str, ...] = ()


def own_examples(questions: Sequence[Question], store: Store, scope: Scope, nearest: int = NEAREST) -> OwnExamples:
    """The questions with the passages that ``scope`` sees; a model that learns from them has read those."""
    passages = PassagesByDocument(store, scope)
    index = store.index.snapshot()
    reading: list[ReadingExample] = []
    ranking: list[RankingExample] = []
    lost: Counter[str] = Counter()
    for each in anchor(questions, store, scope):
        question = each.question
        if not question.answerable:
            if beside := _nearest(question.text, index, scope, nearest):
                reading.append(ReadingExample(question.text, tuple(map(_text, beside)), (), "given, unanswerable"))
            else:
                lost["are unanswerable, and no passage shares a word with them"] += 1
            continue
        shown, places = _shown(question, passages)
        if not shown:
            lost[_why(each)] += 1
            continue
        texts = tuple(map(_text, shown))
        ranking.append(RankingExample(question.text, texts))
        reading.append(ReadingExample(question.text, texts, places, "given"))
    notes = tuple(
        f"{count:,} of {len(questions):,} questions were left out: they {why}." for why, count in lost.items()
    )
    return OwnExamples(tuple(reading), tuple(ranking), notes)


def _shown(question: Question, passages: PassagesByDocument) -> tuple[list[Passage], tuple[AnswerPlace, ...]]:
    """The passages that show a gold with a place, and the places of answers in them."""
    shown: dict[str, Passage] = {}
    places: dict[tuple[str, Span], None] = {}
    for gold in question.golds:
        if gold.span is None or not gold.document:
            continue
        for passage in passages.of(gold.document):
            if covers(passage.span, gold.span):
                shown[passage.id] = passage
                places.update(((passage.id, span), None) for span in _places(passage, gold, question.answers))
    order = {name: number for number, name in enumerate(shown)}
    return list(shown.values()), tuple(sorted((order[name], *span) for name, span in places))


def _places(passage: Passage, gold: Gold, answers: Sequence[str]) -> list[Span]:
    """The reference answers inside the gold's words; where none stands there, the gold's words in this passage."""
    if gold.span is None:
        return []
    start = max(0, gold.span[0] - passage.span[0])
    words = passage.text[start : min(len(passage.text), gold.span[1] - passage.span[0])]
    found = [span for answer in answers for span in places_of(answer, words)]
    return [(start + first, start + last) for first, last in found or [(0, len(words))]]


def _nearest(text: str, index: PassageIndex, scope: Scope, count: int) -> list[Passage]:
    return index.get(index.rank_lexical(text, count, scope).ids, scope)


def _text(passage: Passage) -> Text:
    return Text(passage.text, passage.context, passage.document_id)


def _why(anchored: Anchored) -> str:
    if anchored.state == "none":
        return "name no place in a document"
    if anchored.state in {"anchored", "moved"}:
        return "name only a page or a document, or words that no passage shows"
    return f"are {anchored.state}: the words are not where the set says"
