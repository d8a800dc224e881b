"""The same questions through several ways to answer: with retrieval, without it, or with half of it.

    rag               the collection as it is asked
    retrieval         the best passage, word for word; never refuses while there is one
    lexical, dense    the same, with one of the two searches alone
    from_callable     any Python function, with or without retrieved passages: closed book, fine-tuned, RAG with a model
    recorded          answers that were given elsewhere, read from a file

Each gives an :class:`Answer`, is measured by :mod:`citewell.evaluation.running` like any other, and is compared with
the first one question by question.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from citewell.access import Scope
from citewell.ask import check_question
from citewell.errors import DataError
from citewell.evaluation.foreign import FunctionSystem, RecordedSystem, made_answer, read_answers, whole
from citewell.evaluation.keeping import open_questions
from citewell.evaluation.library import check_name, free_run_name, save_run
from citewell.evaluation.questions import Question, QuestionSet
from citewell.evaluation.running import CollectionSystem, System, evaluate
from citewell.evaluation.runs import Figure, Run
from citewell.evaluation.scoring import summarise
from citewell.evaluation.statistics import holm, interval, interval_of, paired_difference, paired_test
from citewell.records import Answer, Json
from citewell.retrieval.search import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from citewell.store import Store

BUILT_IN = ("rag", "retrieval", "lexical", "dense")
"""Systems of a collection, by name."""

SHOWN = ("correct", "answer accuracy", "exact match", "F1", "ROUGE-L", "BLEU", "groundedness")
"""Metrics of the table, in its order; those a run does not have are left out."""

LONGEST_STEM = 32  # of a run's name, which has 64 characters with the system's name and a number
Progress = Callable[[str, int, int], None]
_RANKED = ("passage ", "page ", "document ")  # what metrics of ranking begin with


class PassageSystem:
    """The best passage as the answer, cited whole: what retrieval alone gives, before anything is read.

    name: ``retrieval`` (both searches, fused), ``lexical`` or ``dense``. It is as sure of its answer as it can be: a
    score of one search says nothing about another's, so there is no confidence to report.
    """

    def __init__(self, store: Store, name: str = "retrieval") -> None:
        self.name = name
        self.identity: Json = {"kind": "passage", "search": "hybrid" if name == "retrieval" else name}
        self._store = store

    def answer(self, question: Question, scope: Scope) -> Answer:
        store, wanted = self._store, self._store.settings.retrieval.hits
        text = check_question(question.text, store.settings.answering.max_question_characters)
        started = time.perf_counter()
        if self.name == "lexical":
            hits = store.index.lexical(text, wanted, scope)
        elif self.name == "dense":
            hits = store.index.dense(store.encoder.encode([text])[0], wanted, scope)
        else:
            hits = search(text, store.index, store.encoder, scope, None, store.settings.retrieval)
        timings = {"retrieve": time.perf_counter() - started}
        best = [whole(hit) for hit in hits[:1]]
        return made_answer(text, best[0].quote if best else None, hits, best, None, timings)


def built_in(store: Store, name: str) -> System:
    """A system that a collection alone gives."""
    if name == "rag":
        return CollectionSystem(store)
    if name not in BUILT_IN:
        raise DataError(f"'{name}' is not a system of a collection. Expected one of: {', '.join(BUILT_IN)}.")
    return PassageSystem(store, name)


def from_callable(
    name: str, function: Callable[..., str | None], passes_hits: bool = False, identity: Json | None = None
) -> FunctionSystem:
    """``function(question) -> str`` as a system; ``None`` means that it refuses.

    passes_hits: the function is called with (question, hits of the collection's search), and ``[2]`` in its text cites
    the second hit. identity: what a run should record of it, such as the model's name and prompt.
    """
    return FunctionSystem(name, function, passes_hits, identity)


def recorded(name: str, path: Path, store: Store) -> RecordedSystem:
    """Answers from a JSONL file; see :func:`citewell.evaluation.foreign.read_answers`."""
    return RecordedSystem(name, read_answers(path), store, path.name)


@dataclass(frozen=True, slots=True)
class Difference:
    """This system's metric minus the baseline's over the questions that both have it for. p: two-sided, paired;
    p_holm: after Holm's correction over every system and metric of the table."""

    figure: Figure
    p: float
    p_holm: float

    def to_json(self) -> Json:
        return {"difference": self.figure.to_json(), "p": round(self.p, 6), "p_holm": round(self.p_holm, 6)}


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system. seconds: 50th and 95th percentile of a question. cost, tokens: mean of a question.

    refused: how many questions. failed: ids of the questions without an answer; they count as wrong everywhere.
    differences: to the baseline, by metric; empty for the baseline itself.
    """

    name: str
    run: Run
    seconds: dict[str, Figure]
    cost: Figure
    tokens: Figure
    refused: int
    failed: tuple[str, ...] = ()
    differences: dict[str, Difference] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, Figure]:
        """Those of :data:`SHOWN` that the run has."""
        return {name: self.run.metrics[name] for name in SHOWN if name in self.run.metrics}

    def to_json(self) -> Json:
        return {
            "name": self.name, "run": self.run.name, "system": self.run.system,
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()},
            "seconds": {name: figure.to_json() for name, figure in self.seconds.items()},
            "cost": self.cost.to_json(), "tokens": self.tokens.to_json(), "refused": self.refused,
            "failed": list(self.failed),
            "differences": {name: each.to_json() for name, each in self.differences.items()},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SystemTable:
    """Systems over the same questions. baseline: what the others are compared with."""

    set: str
    questions: int
    baseline: str
    rows: tuple[SystemRow, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "set": self.set, "questions": self.questions, "baseline": self.baseline,
            "systems": [row.to_json() for row in self.rows], "notes": list(self.notes),
        }  # fmt: skip


def compare(
    store: Store, questions: QuestionSet | str | os.PathLike[str], systems: Sequence[System | str],
    answers: Mapping[str, Path], scope: Scope, *, split: str = "", baseline: str = "", name: str = "",
    limit: int | None = None, keep: bool = True, on_progress: Progress | None = None,
) -> SystemTable:  # fmt: skip
    """:func:`compare_systems` with names: of a set or its file, of systems, and of files of answers."""
    found = open_questions(store, questions, split)
    chosen = [built_in(store, each) if isinstance(each, str) else each for each in systems]
    chosen += [recorded(each, path, store) for each, path in answers.items()]
    return compare_systems(
        store, found, chosen, scope, baseline=baseline, name=name, limit=limit, keep=keep, on_progress=on_progress
    )


def compare_systems(
    store: Store, questions: QuestionSet, systems: Sequence[System], scope: Scope, *, baseline: str = "",
    name: str = "", limit: int | None = None, keep: bool = False, on_progress: Progress | None = None,
) -> SystemTable:  # fmt: skip
    """Every system over the same questions, and its difference to ``baseline`` (default: the first).

    name: of the runs, before the system's name; default the set's. limit: only the first so many questions. keep: store
    the runs, when all are done; a stopped comparison leaves nothing behind.
    """
    names = [check_name(system.name, "system") for system in systems]
    if not names or len(set(names)) < len(names):
        raise DataError(f"The systems are {', '.join(names) or 'none'}. Expected at least one, each with its own name.")
    if baseline and baseline not in names:
        raise DataError(f"There is no system '{baseline}' to compare with. Expected one of: {', '.join(names)}.")
    baseline, stem = baseline or names[0], run_stem(name or questions.name)
    run_names = {each: free_run_name(store, f"{stem}-{each}") for each in names}
    for each in run_names.values() if keep else ():
        check_name(each, "run")  # now: when all answers are there it is too late
    asked = questions.questions[:limit]
    notes = _unknown_answers(systems, asked)
    rows = []
    for system in systems:
        if isinstance(system, FunctionSystem) and system.store is None:
            system.store = store
        progress = None if on_progress is None else partial(_named, on_progress, system.name)
        run = evaluate(
            store, questions, scope, system=system, name=run_names[system.name], limit=limit, on_progress=progress
        )
        rows.append(_row(system.name, without_rankings(run)))
    rows = _with_differences(rows, baseline)
    for row in rows:
        if row.failed:
            notes.append(
                f"{row.name} has no answer to {len(row.failed)} of {len(asked)} questions; they count as wrong. First: "
                f"{row.failed[0]}."
            )
    if keep:
        for row in rows:
            save_run(store, row.run)
    return SystemTable(questions.name, len(asked), baseline, tuple(rows), tuple(notes))


def run_stem(name: str) -> str:
    """``name`` as the beginning of a run's name: what cannot stand there becomes a hyphen."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).lstrip("._-")
    return plain[:LONGEST_STEM] or "set"


def _named(on_progress: Progress, name: str, stage: str, done: int, total: int) -> None:
    on_progress(f"{name} {stage}", done, total)


def _unknown_answers(systems: Sequence[System], asked: Sequence[Question]) -> list[str]:
    """Recorded answers to questions that nobody asks; a file that answers none of them is of another set."""
    ids = {question.id for question in asked}
    notes = []
    for system in systems:
        if not isinstance(system, RecordedSystem):
            continue
        unknown = [each for each in system.answers if each not in ids]
        if len(unknown) == len(system.answers):
            raise DataError(
                f"The answers of '{system.name}' are to questions like '{unknown[0]}', but the set asks '{asked[0].id}'"
                " and others. Expected the same ids."
            )
        if unknown:
            notes.append(f"{system.name}: {len(unknown)} answers are to questions that were not asked, left out.")
    return notes


def without_rankings(run: Run) -> Run:
    """The run without metrics of ranking where its system ranked nothing; else the run as it is."""
    if any(result.hits for result in run.results):
        return run
    results = tuple(
        replace(result, metrics={
            name: value for name, value in result.metrics.items() if not name.startswith(_RANKED)
        })
        for result in run.results
    )  # fmt: skip
    figures, curves = summarise(results)
    return replace(run, results=results, metrics=figures, curves=curves)


def _row(name: str, run: Run) -> SystemRow:
    answered = [result for result in run.results if not result.error]
    seconds = np.asarray([sum(result.timings.values()) for result in answered])
    percentiles = {f"p{level}": _percentile(seconds, level) for level in (50, 95)}
    return SystemRow(
        name, run, percentiles,
        cost=interval([result.cost for result in run.results], bounds=None),
        tokens=interval([result.tokens for result in run.results], bounds=None),
        refused=sum(result.refused for result in run.results),
        failed=tuple(result.question.id for result in run.results if result.error),
    )  # fmt: skip


def _percentile(values: NDArray[np.float64], level: int) -> Figure:
    if len(values) < 2:
        only = float(values[0]) if len(values) else 0.0
        return Figure(only, only, only, len(values))
    return interval_of(len(values), lambda chosen: float(np.percentile(values[chosen], level)), bounds=None)


def _with_differences(rows: Sequence[SystemRow], baseline: str) -> list[SystemRow]:
    base = next(row for row in rows if row.name == baseline)
    found = {
        (row.name, metric): _pairs(row.run, base.run, metric)
        for row in rows if row is not base
        for metric in row.metrics if metric in base.metrics
    }  # fmt: skip
    found = {key: pairs for key, pairs in found.items() if pairs[0]}
    chances = {key: paired_test(*pairs) for key, pairs in found.items()}
    corrected = holm({"\t".join(key): p for key, p in chances.items()})
    return [
        replace(row, differences={
            metric: Difference(paired_difference(*found[name, metric]), p, corrected[f"{name}\t{metric}"])
            for (name, metric), p in chances.items() if name == row.name
        })
        for row in rows
    ]  # fmt: skip


def _pairs(run: Run, base: Run, metric: str) -> tuple[list[float], list[float]]:
    others = {each.question.id: each.metrics[metric] for each in base.results if metric in each.metrics}
    both = [each for each in run.results if metric in each.metrics and each.question.id in others]
    return [each.metrics[metric] for each in both], [others[each.question.id] for each in both]
