"""Two runs over the same questions: what got better, what got worse, and how sure that is.

Only questions that stand in both runs with the same id and the same text are compared, pair by pair. Runs that cannot
be compared are refused with the reason, because a number that mixes two sets or two collections looks like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from citewell.errors import DataError
from citewell.evaluation.metrics.catalog import METRICS
from citewell.evaluation.questions import Question
from citewell.evaluation.runs import Figure, Result, Run
from citewell.evaluation.slices import LEAST_QUESTIONS, slice_order
from citewell.evaluation.statistics import (
    Floats,
    holm,
    interval,
    paired_difference,
    questions_needed,
    sign_flip_test,
    spread,
)
from citewell.records import Json

LEVEL = 0.05
_SHOWN = 10  # largest gains and losses that are listed

Direction = Literal["better", "worse", "different", "no difference seen", "too few"]

MAIN = {
    "answers": ("correct", "passage nDCG@10", "gold shown", "citation precision", "answer accuracy", "groundedness"),
    "retrieval": ("nDCG@10", "Recall@100", "MRR@10", "P@10"),
    "reading": ("correct", "exact match", "F1", "answer accuracy"),
    "support": ("correct",),
}
"""Which metrics are compared unless others are named: every further one makes each of them harder to see."""


class NotComparableError(DataError):
    """Two runs that say nothing about each other."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric over one slice (or over all questions, where ``dimension`` is empty) in both runs.

    difference: run minus baseline, pair by pair. p: of the paired randomisation test; ``None`` with too few questions.
    corrected: p after Holm over everything in the comparison, half of it for metrics and half for slices. needed: how
    many questions it takes to see a true difference as large as this one four times in five; 0 when there is none.
    """

    metric: str
    dimension: str
    value: str
    baseline: Figure
    run: Figure
    difference: Figure
    p: float | None
    corrected: float | None
    needed: int
    direction: Direction

    @property
    def too_small(self) -> bool:
        return self.direction == "too few"

    def to_json(self) -> Json:
        place = {"dimension": self.dimension, "value": self.value} if self.dimension else {}
        return {
            "metric": self.metric, **place, "baseline": self.baseline.to_json(), "run": self.run.to_json(),
            "difference": self.difference.to_json(), "p": _rounded(self.p), "p_corrected": _rounded(self.corrected),
            "questions_needed": self.needed, "direction": self.direction,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose metric differs between the runs."""

    question_id: str
    question: str
    metric: str
    baseline: float
    run: float

    @property
    def difference(self) -> float:
        return self.run - self.baseline

    def to_json(self) -> Json:
        return {
            "id": self.question_id, "question": self.question, "metric": self.metric,
            "baseline": round(self.baseline, 6), "run": round(self.run, 6),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """What sets two runs apart.

    questions: how many were compared. fixed, broken: questions that are right now and were not, and the other way
    round, by the first metric. gains, losses: largest changes of the first metric that has degrees. differs: settings,
    models and counts that are not the same: name, baseline's value, run's.
    """

    run: str
    baseline: str
    kind: str
    questions: int
    metrics: tuple[Compared, ...]
    slices: tuple[Compared, ...] = ()
    fixed: tuple[Change, ...] = ()
    broken: tuple[Change, ...] = ()
    gains: tuple[Change, ...] = ()
    losses: tuple[Change, ...] = ()
    differs: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "run": self.run, "baseline": self.baseline, "kind": self.kind, "questions": self.questions,
            "metrics": [each.to_json() for each in self.metrics], "slices": [each.to_json() for each in self.slices],
            "fixed": [each.to_json() for each in self.fixed], "broken": [each.to_json() for each in self.broken],
            "gains": [each.to_json() for each in self.gains], "losses": [each.to_json() for each in self.losses],
            "differs": [{"name": name, "baseline": old, "run": new} for name, old, new in self.differs],
            "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """The same question in both runs."""

    run: Result
    baseline: Result

    @property
    def question(self) -> Question:
        return self.run.question

    def has(self, metric: str) -> bool:
        return metric in self.run.metrics and metric in self.baseline.metrics

    def change(self, metric: str) -> Change:
        return Change(
            self.question.id, self.question.text, metric, self.baseline.metrics[metric], self.run.metrics[metric]
        )


def compare_runs(run: Run, baseline: Run, *, metrics: Sequence[str] = (), shared: bool = False) -> Comparison:
    """Both runs, question by question.

    metrics: the first is the main one, by which slices and questions are shown; unless given, those of :data:`MAIN`
    that both runs have. shared: compare what two different sets have in common, instead of refusing.
    """
    pairs, notes = pair_up(run, baseline, shared=shared)
    names = chosen_metrics(pairs, run.kind, metrics)
    notes += [note for name in names if (note := lopsided(name, pairs))]
    groups = [(name, "", "", [pair for pair in pairs if pair.has(name)]) for name in names]
    groups += [(names[0], *place, members) for place, members in _slices(pairs, names[0])]
    rows = _compare(groups, len(pairs), {id(pair): place for place, pair in enumerate(pairs)})
    main = [pair.change(names[0]) for pair in pairs if pair.has(names[0])]
    graded = next((changes for name in names if (changes := _graded(pairs, name))), [])
    return Comparison(
        run=run.name, baseline=baseline.name, kind=run.kind, questions=len(pairs),
        metrics=tuple(row for row in rows if not row.dimension), slices=tuple(row for row in rows if row.dimension),
        fixed=tuple(each for each in main if each.baseline < 1 <= each.run),
        broken=tuple(each for each in main if each.run < 1 <= each.baseline),
        gains=tuple(sorted((each for each in graded if each.difference > 0), key=_by_size)[:_SHOWN]),
        losses=tuple(sorted((each for each in graded if each.difference < 0), key=_by_size)[:_SHOWN]),
        differs=tuple(_differences(baseline, run)), notes=tuple(notes),
    )  # fmt: skip


# -- which questions ---------------------------------------------------------------------------------------------------


def pair_up(run: Run, baseline: Run, *, shared: bool = False) -> tuple[list[Pair], list[str]]:
    """The questions of both runs in the run's order, with notes, or :class:`NotComparableError`."""
    if run.kind != baseline.kind:
        raise NotComparableError(
            f"'{run.name}' measures {run.kind} and '{baseline.name}' measures {baseline.kind}: "
            "they have no figure in common. Compare two runs of one kind."
        )
    _check_definitions(run, baseline)
    same_set = run.set.get("identity") == baseline.set.get("identity")
    if not same_set and not shared:
        raise NotComparableError(
            f"'{run.name}' used the questions '{run.set.get('name')}' (version {_short(run.set)}), '{baseline.name}' "
            f"those of '{baseline.set.get('name')}' (version {_short(baseline.set)}). Run both with the same set, or "
            "compare only the questions they have in common:  --shared"
        )
    others = {(result.question.id, result.question.text): result for result in baseline.results}
    pairs = [
        Pair(result, others[key])
        for result in run.results if (key := (result.question.id, result.question.text)) in others
    ]  # fmt: skip
    if not pairs:
        raise NotComparableError(
            f"'{run.name}' and '{baseline.name}' have no question in common: none has the same id and the same text."
        )
    notes = []
    if len(pairs) < max(len(run.results), len(baseline.results)):
        counted = (
            f"{len(pairs)} questions are in both runs; '{run.name}' has {len(run.results)}, '{baseline.name}' has "
            f"{len(baseline.results)}"
        )
        if not shared:
            raise NotComparableError(f"{counted}. Run both over the whole set, or compare those alone:  --shared")
        notes.append(f"{counted}. Only those in both are compared.")
    _check_documents(run, baseline, pairs)
    stale = sum(pair.run.state in {"stale", "missing", "unplaced"} for pair in pairs)
    if stale:
        notes.append(f"{stale} questions have a gold that is stale, missing or not to be found in '{run.name}'.")
    return pairs, notes


def _short(about: Json) -> str:
    return str(about.get("identity", "unknown"))[:8]


def _check_definitions(run: Run, baseline: Run) -> None:
    mine, theirs = (each.system.get("metric_definitions") for each in (run, baseline))
    if mine != theirs:
        raise NotComparableError(
            f"'{run.name}' was measured with metric definitions {mine}, '{baseline.name}' with {theirs}: the same name "
            "does not mean the same thing. Run the older one again with this release."
        )


def _check_documents(run: Run, baseline: Run, pairs: Sequence[Pair]) -> None:
    """Whether the golds were found in documents of which at least one is the same: by id, or by content where the same
    files were indexed in another place."""
    mine = _documents(pair.run for pair in pairs)
    theirs = _documents(pair.baseline for pair in pairs)
    if (mine or theirs) and not mine & theirs:
        raise NotComparableError(
            f"'{run.name}' and '{baseline.name}' were made on different collections: of the documents that answer the "
            f"questions ({len(mine)} and {len(theirs)} ids and versions), none is in both."
        )


def _documents(results: Iterable[Result]) -> set[str]:
    golds = [gold for result in results for gold in result.question.golds if gold.document_version]
    return {gold.document for gold in golds} | {gold.document_version for gold in golds}


def chosen_metrics(pairs: Sequence[Pair], kind: str, wanted: Sequence[str]) -> list[str]:
    """``wanted``, checked, or the main metrics of this kind of run, or whatever both runs have."""
    present = dict.fromkeys(name for pair in pairs for name in pair.run.metrics if pair.has(name))
    for name in wanted:
        if name not in present:
            known = METRICS.get(name)
            why = (
                "is a figure of the whole run, so it cannot be compared question by question"
                if known and known.level == "run" else "is not measured on any question of both runs"
            )  # fmt: skip
            raise NotComparableError(f"'{name}' {why}. There are: {', '.join(in_order(present)) or 'none'}.")
    names = list(dict.fromkeys(wanted)) or [name for name in MAIN.get(kind, ()) if name in present]
    names = names or in_order(present)
    if not names:
        raise NotComparableError("The two runs share questions but no metric of them.")
    return names


def in_order(names: Iterable[str]) -> list[str]:
    """As the catalog lists them; unknown ones behind, by name."""
    known = {name: place for place, name in enumerate(METRICS)}
    return sorted(names, key=lambda name: (known.get(name, len(known)), name))


def higher_is_better(metric: str) -> bool | None:
    """``True`` for metrics the catalog does not know."""
    known = METRICS.get(metric)
    return known.higher_is_better if known else True


def lopsided(metric: str, pairs: Sequence[Pair]) -> str:
    """A note about questions that have the metric in only one of the runs; empty when there are none."""
    one_sided = sum((metric in pair.run.metrics) != (metric in pair.baseline.metrics) for pair in pairs)
    return f"{metric}: {one_sided} questions have it in only one of the runs and are left out." if one_sided else ""


# -- figures -----------------------------------------------------------------------------------------------------------

_Group = tuple[str, str, str, list[Pair]]  # metric, dimension, value, its questions


def _slices(pairs: Sequence[Pair], metric: str) -> list[tuple[tuple[str, str], list[Pair]]]:
    groups: dict[tuple[str, str], list[Pair]] = {}
    having = [pair for pair in pairs if pair.has(metric)]
    for pair in having:
        for dimension, values in sorted(pair.run.slices.items()):
            for value in values:
                groups.setdefault((dimension, value), []).append(pair)
    found: dict[tuple[str, ...], tuple[tuple[str, str], list[Pair]]] = {}  # of equal slices only the first
    for place, members in groups.items():
        if len(members) < len(having):
            found.setdefault(tuple(pair.question.id for pair in members), (place, members))
    return sorted(found.values(), key=lambda each: slice_order(each[0][0], each[0][1], len(each[1])))


def _compare(groups: Sequence[_Group], count: int, places: Mapping[int, int]) -> list[Compared]:
    differences: Floats = np.zeros((count, len(groups)))
    for column, (metric, _, _, members) in enumerate(groups):
        for pair in members:
            differences[places[id(pair)], column] = pair.change(metric).difference
    p = sign_flip_test(differences)
    tested = {str(column): float(p[column]) for column, group in enumerate(groups) if _enough(group)}
    corrected = holm(tested, _weights([groups[int(column)] for column in tested], tested))
    return [
        _row(group, tested.get(str(column)), corrected.get(str(column))) for column, group in enumerate(groups)
    ]  # fmt: skip


def _weights(groups: Sequence[_Group], names: Iterable[str]) -> dict[str, float]:
    """Half of the allowed chance of a false alarm for the metrics, half for the slices: without that, many slices would
    hide what is plain over all questions."""
    slices = sum(bool(group[1]) for group in groups)
    whole = len(groups) - slices
    return {name: 0.5 / (slices if group[1] else whole) for name, group in zip(names, groups, strict=True)}


def _enough(group: _Group) -> bool:
    return not group[1] or len(group[3]) >= LEAST_QUESTIONS


def _row(group: _Group, p: float | None, corrected: float | None) -> Compared:
    metric, dimension, value, members = group
    ids = [pair.question.id for pair in members]
    new = [pair.run.metrics[metric] for pair in members]
    old = [pair.baseline.metrics[metric] for pair in members]
    found = paired_difference(new, old, ids)
    return Compared(
        metric, dimension, value, interval(old, ids), interval(new, ids), found, p, corrected,
        questions_needed(found.value, spread(new, old)), _direction(metric, found.value, corrected),
    )  # fmt: skip


def _direction(metric: str, difference: float, corrected: float | None) -> Direction:
    if corrected is None:
        return "too few"
    if corrected > LEVEL:
        return "no difference seen"
    higher = higher_is_better(metric)
    if higher is None:
        return "different"
    return "better" if (difference > 0) == higher else "worse"


def _graded(pairs: Sequence[Pair], metric: str) -> list[Change]:
    """The changes of a metric that has degrees: one whose values are not all 0 or 1."""
    changes = [pair.change(metric) for pair in pairs if pair.has(metric)]
    return changes if any(value not in (0, 1) for each in changes for value in (each.run, each.baseline)) else []


def _by_size(change: Change) -> tuple[float, str]:
    return -abs(change.difference), change.question_id


def _differences(baseline: Run, run: Run) -> Iterable[tuple[str, str, str]]:
    old = {**_flat("system", baseline.system), **_flat("collection", baseline.collection)}
    new = {**_flat("system", run.system), **_flat("collection", run.collection)}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name, str(old.get(name, "")), str(new.get(name, ""))


def _flat(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    return {key: found for part, inner in value.items() for key, found in _flat(f"{name}.{part}", inner).items()}


def _rounded(p: float | None) -> float | None:
    return None if p is None else round(p, 6)
