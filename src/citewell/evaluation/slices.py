"""Which slices a question belongs to, so that a mean can be taken apart: "good on PDF files, bad on tables".

A slice is a dimension with a value, such as ``document type`` → ``pdf``. A question may be in several of one dimension
(its tags), or in none. How fresh a document is counts against the other documents of the collection, never against
today's clock, so that the same evaluation gives the same slices next year.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from citewell.evaluation.questions import Question
from citewell.evaluation.runs import Figure, Result
from citewell.evaluation.statistics import interval
from citewell.records import Json

if TYPE_CHECKING:
    from citewell.access import Scope
    from citewell.store import Store

LEAST_QUESTIONS = 10
"""A slice of fewer questions gets no verdict: its 95 % interval is half the scale wide (0.24-0.76 for 5 of 10)."""

DIMENSIONS = (
    "answerable", "tag", "question type", "question length", "question language", "document type", "document language",
    "freshness", "origin",
)  # fmt: skip

_MEDIA = (
    (r"application/pdf", "pdf"),
    (r"application/x-ipynb|notebook", "notebook"),
    (r"spreadsheet|excel|text/csv|tab-separated", "sheet"),
    (r"presentation|powerpoint", "slides"),
    (r"wordprocessing|msword|opendocument\.text|rtf", "word"),
    (r"html", "web page"),
    (r"message/rfc822|outlook|mbox", "mail"),
    (r"epub", "book"),
    (r"markdown|x-rst|asciidoc|x-org|x-tex", "marked-up text"),
    (r"vtt|subrip|^audio/|^video/", "recording"),
    (r"^image/", "picture"),
    (r"json|xml|yaml|toml", "data"),
    (r"zip|x-tar|gzip|bzip2|x-xz", "archive"),
    (r"text/x-|application/sql|javascript", "code"),
    (r"text/plain", "plain text"),
)
"""The first that fits gives a media type its everyday word."""

_TYPES = tuple(
    (re.compile(asks, re.IGNORECASE), kind)
    for asks, kind in (
        (r"how many\b|wie viele\b|combien de\b|cuánt[oa]s\b", "how many"),
        (r"how (?:long|often|soon|quickly)\b|wie (?:lange|oft)\b|cuánto tiempo\b", "how long"),
        (r"how much\b|wie ?viel\b|combien\b|cuánto\b|what\b.*\b(?:price|cost|fee)\b", "how much"),
        (r"how (?:do|does|can|should|would|to|must)\b|wie (?:kann|muss|geht)\b|comment\b|cómo\b", "how to"),
        (r"(?:who|whom|whose)\b|(?:wer|wen|wem|wessen)\b|qui\b|quién", "who"),
        (r"when\b|what (?:date|year|day|month|time)\b|wann\b|quand\b|cuándo\b", "when"),
        (r"where\b|wo\b|wohin\b|où\b|dónde\b", "where"),
        (r"why\b|warum\b|wieso\b|pourquoi\b|por qué\b", "why"),
        (r"define\b|what (?:is|are) (?:an? )?[\w-]+\s*\?*$|what (?:is|are) meant\b", "definition"),
        (r"what (?:does|do)\b.*\b(?:mean|stand for)\b|was (?:ist|bedeutet)\b|qu'est-ce\b|qué es\b", "definition"),
        (r"compare\b|what\b.*\bdifferences?\b|how (?:does|do)\b.*\bdiffer", "comparison"),
        (r"(?:list|name|which)\b|welche[rsnm]?\b|quel(?:le)?s?\b|cuál", "which"),
        (r"(?:is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would|has|have|had|am)\b", "yes or no"),
        (r"(?:ist|sind|war|kann|darf|muss|soll|gibt|hat|haben|est-ce|puis-je|puedo)\b", "yes or no"),
        (r"what\b|was\b|que\b|qué\b", "what"),
        (r"how\b|wie\b", "how"),
    )
)
"""Words that begin a question, in this order: "how many" before "how"."""

_BEFORE = re.compile(
    r"^(?:and|or|but|so|by|for|from|in|at|on|to|up to|of|until|since|with|within|after|below)\s+", re.IGNORECASE
)

_THIRDS = ("oldest third", "middle third", "newest third")
_LENGTHS = ((5, "up to 5 words"), (10, "6 to 10 words"), (20, "11 to 20 words"))
_LONGER = "over 20 words"


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What slices need of a document. freshness: which third of the collection's dated documents it belongs to, by
    date; ``undated`` when it has none."""

    uri: str
    media_type: str = ""
    language: str = ""
    modified_at: str = ""
    freshness: str = "undated"


@dataclass(frozen=True, slots=True)
class SliceFigure:
    """One metric over one slice. too_small: fewer than 10 questions, so that the figure says too little."""

    dimension: str
    value: str
    figure: Figure
    too_small: bool

    def to_json(self) -> Json:
        return {
            "dimension": self.dimension, "value": self.value, **self.figure.to_json(), "too_small": self.too_small,
        }  # fmt: skip


def slices_of(question: Question, documents: Sequence[DocumentFacts]) -> dict[str, tuple[str, ...]]:
    """The slices of one question. documents: those that its golds name; empty when it has none."""
    found = {
        "answerable": ("answerable" if question.answerable else "unanswerable",),
        "tag": tuple(sorted(set(question.tags))),
        "question type": (question.kind or question_type(question.text),),
        "question length": (_step(len(question.text.split()), _LENGTHS, _LONGER),),
        "question language": (question_language(question.text, {each.language for each in documents} - {""}),),
        "document type": _distinct(document_type(each.media_type) for each in documents),
        "document language": _distinct(each.language or "unknown" for each in documents),
        "freshness": _distinct(each.freshness for each in documents),
        "origin": ("human" if question.origin == "human" else "made",),
    }
    return {dimension: values for dimension, values in found.items() if values}


def slice_figures(results: Sequence[Result], metric: str) -> list[SliceFigure]:
    """The metric over every slice that has a question with it: dimensions in their order, large slices first."""
    having = [result for result in results if metric in result.metrics]
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in having:
        for dimension, values in result.slices.items():
            for value in values:
                groups.setdefault((dimension, value), []).append(result)
    figures = [
        SliceFigure(dimension, value, _figure(members, metric), len(members) < LEAST_QUESTIONS)
        for (dimension, value), members in groups.items()
    ]
    return sorted(figures, key=lambda each: slice_order(each.dimension, each.value, each.figure.n))


def slice_order(dimension: str, value: str, count: int) -> tuple[int, str, int, str]:
    """The key by which slices are listed."""
    place = DIMENSIONS.index(dimension) if dimension in DIMENSIONS else len(DIMENSIONS)
    return place, dimension, -count, value


def document_facts(store: Store, document_ids: Collection[str], scope: Scope) -> dict[str, DocumentFacts]:
    """What slices need of these documents, by id; those the scope does not see are left out."""
    items = [item for item in store.catalog.items(scope) if item.is_document]
    days = sorted(day for item in items if (day := _day(item.modified_at)))
    found = {}
    for item in items:
        if item.document_id in document_ids:
            passages = store.index.of_document(item.document_id, scope)
            found[item.document_id] = DocumentFacts(
                item.uri, item.media_type, passages[0].language if passages else "", item.modified_at,
                freshness(_day(item.modified_at), days),
            )  # fmt: skip
    return found


def document_type(media_type: str) -> str:
    """The everyday word for a media type, such as ``sheet``; the type itself when there is none."""
    return next((word for fits, word in _MEDIA if re.search(fits, media_type)), media_type or "unknown")


def question_type(text: str) -> str:
    """What a question asks for, by the words it begins with in English, German, French or Spanish; ``other`` when they
    do not tell. Of several sentences, the first that begins like a question counts."""
    for sentence in re.split(r"(?<=[.?!])\s+|,\s+|:\s+", text.strip()):
        asked = _BEFORE.sub("", sentence.lstrip("¿¡\"'“„«( "), count=1)
        if kind := next((kind for asks, kind in _TYPES if asks.match(asked)), ""):
            return kind
    return "other"


def question_language(text: str, documents: Collection[str] = ()) -> str:
    """The question's language. Short texts are often guessed wrong: unless another leads clearly, it is the language
    of the documents that answer it, or ``uncertain``."""
    from py3langid import langid

    from citewell.ask import CLEARLY

    scores = {str(language): float(score) for language, score in langid.rank(text)}
    ordered = sorted(scores, key=lambda language: (-scores[language], language))
    first = ordered[0]
    known = max((each for each in documents if each in scores), key=lambda each: (scores[each], each), default="")
    if known:
        return known if scores[first] - scores[known] < CLEARLY else first
    return first if scores[first] - scores[ordered[1]] >= CLEARLY else "uncertain"


def freshness(day: date | None, days: Sequence[date]) -> str:
    """The third of ``days`` (of all dated documents, in order) that ``day`` falls into; equal days fall into the same,
    the one in which their middle lies."""
    if day is None or not days:
        return "undated"
    middle = (bisect_left(days, day) + bisect_right(days, day)) / 2
    return _THIRDS[min(2, int(3 * middle / len(days)))]


def _figure(results: Sequence[Result], metric: str) -> Figure:
    return interval([result.metrics[metric] for result in results], [result.question.id for result in results])


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _step(number: int, steps: Sequence[tuple[int, str]], beyond: str) -> str:
    return next((word for most, word in steps if number <= most), beyond)


def _day(text: str) -> date | None:
    """The day of an ISO date or date-time; a year or a month alone counts from its first day."""
    parts = re.match(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text)
    if not parts:
        return None
    try:
        return date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        return None
