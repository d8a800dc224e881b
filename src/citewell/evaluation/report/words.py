"""What the report calls things: each metric in a manager's words beside the name an engineer looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from citewell.evaluation.metrics.catalog import METRICS
from citewell.evaluation.report.scales import percent
from citewell.evaluation.runs import Figure, Result, Run
from citewell.records import Json

GROUPS = (
    "Right or wrong", "Knowing when not to answer", "Answers", "Citations", "Finding the passage", "Finding the page",
    "Finding the document", "Finding", "Telling support from its absence", "Other figures",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """label: what it is, for anyone. says: how to read it. better: 1 when more is better, -1 when less is, 0 neither.
    share: whether it lies in [0, 1]."""

    group: str
    label: str
    says: str
    better: int = 1
    share: bool = True


_MEANINGS = {
    "correct": Meaning(
        "Right or wrong", "Questions handled right",
        "Answered with the right place cited or the right words; or refused, where the documents have no answer.",
    ),
    "correct when answerable": Meaning(
        "Right or wrong", "Right where there is an answer", "Of the questions that the documents do answer.",
    ),
    "correct when unanswerable": Meaning(
        "Right or wrong", "Right where there is none",
        "Of the questions that the documents do not answer: how many were refused, as they should be.",
    ),
    "coverage": Meaning(
        "Knowing when not to answer", "Questions answered", "The rest were refused.", 0,
    ),
    "risk": Meaning(
        "Knowing when not to answer", "Wrong among the answered", "Of the answers that were given, how many are wrong.",
        -1,
    ),
    "area under coverage-risk": Meaning(
        "Knowing when not to answer", "Risk over all thresholds",
        "The share of wrong answers, averaged over every way to choose how sure is sure enough.", -1,
    ),
    "expected calibration error": Meaning(
        "Knowing when not to answer", "How far confidence is off",
        "The usual distance between the confidence stated and the share that is right.", -1,
    ),
    "exact match": Meaning("Answers", "Same words as a reference", "Case, articles and punctuation are ignored."),
    "F1": Meaning("Answers", "Words shared with a reference", "Precision and recall of words, combined."),
    "BLEU": Meaning("Answers", "Word sequences shared (BLEU)", "Up to four words in a row; lower for long answers."),
    "ROUGE-L": Meaning("Answers", "Longest common sequence", "Words in the same order as in a reference."),
    "chrF": Meaning("Answers", "Letters shared (chrF)", "Sequences of letters; kinder to other forms of a word."),
    "answer accuracy": Meaning(
        "Answers", "Says the right answer", "A reference stands in the answer, or all its facts and most of its words.",
    ),
    "answer shown": Meaning("Answers", "Shows the right answer", "What is quoted holds a reference answer."),
    "groundedness": Meaning(
        "Answers", "Backed by what is cited", "How far each sentence is carried by the text that it cites.",
    ),
    "completeness": Meaning("Answers", "Key points said", "Of the points that a complete answer makes."),
    "instructions": Meaning("Answers", "Instructions followed", "Form, length, language, words to use or to avoid."),
    "verbosity": Meaning("Answers", "Words in an answer", "Neither more nor less is better by itself.", 0, False),
    "citation precision": Meaning("Citations", "Citations that show the answer", "Of the citations given."),
    "citation recall": Meaning("Citations", "Sentences with a citation", "Of the sentences of an answer."),
    "gold shown": Meaning(
        "Citations", "Right place cited", "Questions where a citation shows the place that answers them.",
    ),
    "quote exactness": Meaning(
        "Citations", "Quotes that are word for word", "The document holds them, character for character.",
    ),
    "HasAns exact match": Meaning("Answers", "Same words, where there is an answer", "Only questions with an answer."),
    "HasAns F1": Meaning("Answers", "Words shared, where there is an answer", "Only questions with an answer."),
    "NoAns exact match": Meaning("Answers", "Refused, where there is no answer", "Only questions without an answer."),
    "NoAns F1": Meaning("Answers", "The same, as F1", "Of a refusal, F1 is 1; of any answer, 0."),
    "AUROC": Meaning(
        "Telling support from its absence", "Order of supported and unsupported",
        "How often a supported claim scores higher than an unsupported one; 0.5 is chance.",
    ),
    "balanced accuracy": Meaning(
        "Telling support from its absence", "Judged right", "The mean of both kinds, so that the larger does not rule.",
    ),
    "F1 of unsupported": Meaning(
        "Telling support from its absence", "Unsupported claims found", "Precision and recall, combined.",
    ),
}  # fmt: skip

_RANKING = {
    "nDCG": ("Quality of the order", "1 when everything relevant stands on top; lower places count less."),
    "P": ("Relevant among the first {k}", "Of the first {k} results, how many are relevant."),
    "Recall": ("Found among the first {k}", "Of what is relevant, how much is among the first {k} results."),
    "Hit": ("Questions with something relevant in the first {k}", "At least one relevant result among the first {k}."),
    "MRR": ("How high the first relevant one stands", "1 for the first place, 1/2 for the second, 1/3 for the third."),
    "MAP": ("Precision over all that is relevant", "Precision at the place of each relevant result, averaged."),
}
_FIRST = {
    "P": ("The first result is relevant", "How often."),
    "Recall": ("Found in the first place", "Of what is relevant, how much stands first."),
    "Hit": ("Questions with something relevant in the first place", "The first result is relevant."),
}
_RANKED = re.compile(r"(?:(passage|page|document) )?(nDCG|P|Recall|Hit|MRR|MAP)@(\d+)")
_PLACES = {"passage": "Finding the passage", "page": "Finding the page", "document": "Finding the document"}

HEADLINES = {
    "answers": ("correct", "coverage", "risk", "gold shown", "quote exactness", "passage Hit@10", "document Hit@10"),
    "retrieval": (
        "passage nDCG@10", "passage Hit@10", "passage MRR@10", "document nDCG@10", "document Hit@10", "nDCG@10",
        "Recall@10", "MRR@10",
    ),
    "reading": ("correct", "answer shown", "F1", "exact match", "coverage", "risk", "correct when unanswerable"),
    "support": ("AUROC", "balanced accuracy", "F1 of unsupported", "expected calibration error"),
}  # fmt: skip
"""Which figures stand at the top of the report, for each kind of run; those that a run has, six at most."""

_DECIDING = (
    ("correct", 1.0), ("answer accuracy", 1.0), ("passage Hit@10", 1.0), ("document Hit@10", 1.0), ("Hit@10", 1.0),
    ("answer shown", 1.0), ("exact match", 1.0), ("F1", 0.5), ("Recall@10", 1e-9), ("nDCG@10", 1e-9),
)  # fmt: skip
"""What decides whether a question went right: the first of these that the run has, at least this much."""

KINDS = {
    "answers": "Answers to questions, with their citations", "retrieval": "Search alone: which passages were found",
    "reading": "Reading alone: each question with its paragraph, nothing searched",
    "support": "Telling whether a text supports a claim",
}  # fmt: skip

ORIGINS = {
    "human": "Asked by people.",
    "made": "Made by rules from the documents themselves, not by people. Such questions are easier than real ones: use "
    "them to see what changes, not to say how good it is.",
    "model": "Written by a language model, not by people: use them to see what changes, not to say how good it is.",
    "mixed": "From several sources, people's questions and others. Look at the slices before you believe the mean.",
}

STATES = {
    "moved": "found elsewhere after the document changed",
    "stale": "the document changed and the words are gone",
    "missing": "the document is not in the collection",
    "unplaced": "the words are not in the document that the set names",
}
"""States of a gold that a reader should know about."""


def meaning(name: str) -> Meaning:
    """What the metric ``name`` is; a metric this release does not know keeps its name."""
    if found := _MEANINGS.get(name):
        return found
    if ranked := _RANKED.fullmatch(name):
        level, measure, cutoff = ranked.groups()
        words = _FIRST.get(measure, _RANKING[measure]) if cutoff == "1" else _RANKING[measure]
        label, says = (each.format(k=cutoff) for each in words)
        return Meaning(_PLACES.get(level, "Finding"), label, says)
    known = METRICS.get(name)
    if known is None:
        return Meaning("Other figures", name[:1].upper() + name[1:], "", 0)
    better = {True: 1, False: -1, None: 0}[known.higher_is_better]
    says = f"{known.meaning[:1].upper()}{known.meaning[1:]}."
    return Meaning("Other figures", name[:1].upper() + name[1:], says, better, known.bounds == (0.0, 1.0))


def in_order(names: Iterable[str]) -> list[str]:
    """Names of metrics in the order of the catalog; those that it does not have at the end, as they came."""
    places = {name: place for place, name in enumerate(METRICS)}
    return sorted(names, key=lambda name: places.get(name, len(places)))


def written(name: str, value: float) -> str:
    """A metric's value in words: a share as a percentage, words as a number."""
    return percent(value) if meaning(name).share and 0 <= value <= 1 else f"{value:.3g}"


def exact(value: float) -> str:
    """A metric's value in digits, for tables."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def questions(number: int) -> str:
    return f"{number:,} question{'' if number == 1 else 's'}"


def certainty(name: str, figure: Figure) -> str:
    """How far to trust a figure, in a sentence without terms."""
    if figure.n == 0:
        return "No question to measure it on."
    low, high = written(name, figure.low), written(name, figure.high)
    if figure.n == 1:
        return "Measured on 1 question: that says nothing about others."
    few = " That is few: take it as a hint." if figure.n < 30 else ""
    return f"Measured on {questions(figure.n)}; other questions of this kind would give {low} to {high}.{few}"


def deciding(run: Run) -> tuple[str, float] | None:
    """The metric that says whether a question went right in this run, and how much is enough."""
    present = {name for result in run.results for name in result.metrics}
    return next(((name, enough) for name, enough in _DECIDING if name in present), None)


def went_right(result: Result, rule: tuple[str, float] | None) -> bool | None:
    """Whether this question went right; ``None`` when the deciding metric does not apply to it."""
    if rule is None or rule[0] not in result.metrics:
        return None
    return result.metrics[rule[0]] >= rule[1] - 1e-9


def seconds_of(result: Result) -> float:
    """The time one question took: its total when that is among the stages, else their sum."""
    return result.timings.get("total", sum(result.timings.values()))


def fact(value: object) -> str:
    """A value of a run's facts as text."""
    if isinstance(value, dict):
        nested = any(isinstance(each, dict) for each in value.values())
        return "; ".join(f"{_named(key)}: {fact(each)}" for key, each in value.items()) if nested else \
            ", ".join(f"{_named(key)} {fact(each)}" for key, each in value.items())  # fmt: skip
    if isinstance(value, (list, tuple)):
        return ", ".join(fact(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def facts(data: Json) -> list[tuple[str, str]]:
    """A run's facts as names and texts; empty ones are left out."""
    return [(_named(key), fact(value)) for key, value in data.items() if value not in ("", None, [], {}, ())]


def _named(key: str) -> str:
    return key.replace("_", " ")
