"""Cross-validation for anything that is fitted on questions: fit on some, score on the others, and never leak.

Two questions about one document are alike: what is learnt from one helps with the other. So questions that share a gold
document, directly or through others, stay on one side of every split.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from citewell.errors import DataError
from citewell.evaluation.questions import Question
from citewell.evaluation.runs import Figure
from citewell.evaluation.statistics import SEED, interval, paired_difference
from citewell.records import Json

Model = TypeVar("Model")


class Fold(NamedTuple):
    """One split, each side in the order the questions were given."""

    train: tuple[Question, ...]
    test: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What a procedure is worth on questions it was not fitted on.

    held_out: every question once, scored by the model that did not see it. fitted: every question, scored by the models
    that did see it (the mean over them). gap: fitted minus held out, question by question; well above 0 means that the
    procedure learns its questions by heart. folds: held-out figure and fitted figure of each fold.
    """

    held_out: Figure
    fitted: Figure
    gap: Figure
    folds: tuple[tuple[Figure, Figure], ...]

    def to_json(self) -> Json:
        return {
            "held_out": self.held_out.to_json(), "fitted": self.fitted.to_json(), "gap": self.gap.to_json(),
            "folds": [{"held_out": held.to_json(), "fitted": fitted.to_json()} for held, fitted in self.folds],
        }  # fmt: skip


def folds(questions: Sequence[Question], k: int = 5, seed: int = SEED) -> list[Fold]:
    """``k`` splits in which every question is held out once.

    Groups of questions are dealt out, the largest first, to the fold that has fewest of their kind (answerable or not).
    """
    _check_ids(questions)
    groups = _groups(questions)
    if not 2 <= k <= len(groups):
        raise DataError(
            f"{len(questions)} questions cannot be split into {k} folds: those about one document stay together, which "
            f"leaves {len(groups)} groups. Expected from 2 to {len(groups)} folds."
            if len(groups) > 1 else f"{len(questions)} questions cannot be split: all belong to one group of documents."
        )  # fmt: skip
    random.Random(seed).shuffle(groups)  # noqa: S311 — no secret: which fold a question falls into
    fold_of: dict[str, int] = {}
    counts = [[0, 0] for _ in range(k)]
    for group in sorted(groups, key=len, reverse=True):
        kind = int(sum(each.answerable for each in group) * 2 >= len(group))
        chosen = min(range(k), key=lambda fold: (counts[fold][kind], sum(counts[fold]), fold))
        for each in group:
            counts[chosen][int(each.answerable)] += 1
            fold_of[each.id] = chosen
    return [
        Fold(
            tuple(each for each in questions if fold_of[each.id] != fold),
            tuple(each for each in questions if fold_of[each.id] == fold),
        )
        for fold in range(k)
    ]


def cross_validate(
    questions: Sequence[Question],
    fit: Callable[[Sequence[Question]], Model],
    score: Callable[[Model, Sequence[Question]], Sequence[float]],
    k: int = 5,
    seed: int = SEED,
) -> CrossValidation:
    """Fits ``k`` times and scores each model on what it saw and on what it did not.

    fit: questions → model. score: model, questions → one value per question, in [0, 1], in their order.
    """
    held_out: dict[str, float] = {}
    fitted: dict[str, list[float]] = {each.id: [] for each in questions}
    figures = []
    for train, test in folds(questions, k, seed):
        model = fit(train)
        seen, unseen = _scored(model, score, train), _scored(model, score, test)
        held_out |= unseen
        for name, value in seen.items():
            fitted[name].append(value)
        figures.append((_figure(unseen), _figure(seen)))
    ids = [each.id for each in questions]
    means = {name: sum(values) / len(values) for name, values in fitted.items()}
    gap = paired_difference([means[name] for name in ids], [held_out[name] for name in ids], ids)
    return CrossValidation(_figure(held_out), _figure(means), gap, tuple(figures))


def _scored(
    model: Model, score: Callable[[Model, Sequence[Question]], Sequence[float]], questions: Sequence[Question]
) -> dict[str, float]:
    values = score(model, questions)
    if len(values) != len(questions):
        raise DataError(f"{len(values)} scores came back for {len(questions)} questions. Expected one for each.")
    return {each.id: float(value) for each, value in zip(questions, values, strict=True)}


def _figure(values: dict[str, float]) -> Figure:
    return interval(list(values.values()), list(values))


def _check_ids(questions: Sequence[Question]) -> None:
    seen: set[str] = set()
    for each in questions:
        if each.id in seen:
            raise DataError(f"Two questions have the id '{each.id}'. Give each its own.")
        seen.add(each.id)


def _groups(questions: Sequence[Question]) -> list[list[Question]]:
    """Questions that share gold documents, directly or through others; one without golds is a group of its own."""
    leader: dict[str, str] = {}  # document → another of its group, up to the first, which leads to itself

    def first(document: str) -> str:
        while leader.setdefault(document, document) != document:
            document = leader[document]
        return document

    for question in questions:
        named = [gold.document for gold in question.golds if gold.document]
        for document in named[1:]:
            leader[first(document)] = first(named[0])
    groups: dict[str, list[Question]] = {}
    for question in questions:
        named = [gold.document for gold in question.golds if gold.document]
        groups.setdefault(f"document {first(named[0])}" if named else f"question {question.id}", []).append(question)
    return list(groups.values())
