"""Whether a run is worse than its baseline: the rule that a build stops at.

The rule, exactly. Of each gated metric, the differences run minus baseline are taken question by question, turned so
that higher is better, and the margin is added. The one-sided paired randomisation test says how likely sums so low are
when the true loss is no larger than the margin. These p values are corrected for the number of gated metrics (Holm). A
metric has regressed when its mean is lower than the baseline's by more than the margin and its corrected p is at most
0.05. A floor is broken when the figure is on the wrong side of it. One regressed metric or broken floor is a
regression; otherwise the gate passes.

So a pass means "no loss beyond the margin was shown", not "there is none". Each metric therefore also says which loss
these questions would have shown four times in five, and whether a loss beyond the margin is ruled out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from citewell.errors import DataError
from citewell.evaluation.comparing import (
    LEVEL,
    NotComparableError,
    Pair,
    higher_is_better,
    in_order,
    lopsided,
    pair_up,
)
from citewell.evaluation.metrics.catalog import METRICS
from citewell.evaluation.runs import Figure, Run
from citewell.evaluation.statistics import (
    Floats,
    detectable_difference,
    holm,
    interval,
    paired_difference,
    sign_flip_test,
    spread,
    unseen_spread,
)
from citewell.records import Json

Status = Literal["pass", "regression", "not comparable"]

GATED = {
    "answers": ("correct", "passage nDCG@10", "citation precision"),
    "retrieval": ("nDCG@10", "Recall@100", "MRR@10"),
    "reading": ("correct", "exact match", "F1"),
    "support": ("correct",),
}
"""Unless others are named. Each further metric makes a loss of the others harder to see."""


@dataclass(frozen=True, slots=True)
class Gated:
    """One metric of the gate.

    difference: run minus baseline; negative is worse unless lower is better. changed: on how many questions the runs
    differ. p, corrected: see the rule. detectable: the loss that these questions show four times in five. ruled_out:
    whether the 95 % interval of the difference holds no loss beyond the margin.
    """

    metric: str
    baseline: Figure
    run: Figure
    difference: Figure
    changed: int
    p: float
    corrected: float
    detectable: float
    ruled_out: bool
    regressed: bool

    @property
    def message(self) -> str:
        p = f"p {self.corrected:.3f}" if self.corrected >= 0.001 else "p < 0.001"
        return (
            f"{self.metric}{' got worse' if self.regressed else ''}: {self.baseline.value:.3f} to {self.run.value:.3f} "
            f"(difference {self.difference.low:+.3f} to {self.difference.high:+.3f}), {p}, "
            f"{self.run.n:,} questions"
        )

    def to_json(self) -> Json:
        return {
            "metric": self.metric, "baseline": self.baseline.to_json(), "run": self.run.to_json(),
            "difference": self.difference.to_json(), "changed": self.changed, "p": round(self.p, 6),
            "p_corrected": round(self.corrected, 6),
            "detectable": round(self.detectable, 6), "ruled_out": self.ruled_out, "regressed": self.regressed,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Floor:
    """A bound that a figure of the run must keep: at least, or at most where lower is better."""

    metric: str
    bound: float
    figure: Figure
    broken: bool

    @property
    def message(self) -> str:
        word = "at most" if higher_is_better(self.metric) is False else "at least"
        found = f"{self.metric}: {self.figure.value:.3f} over {self.figure.n:,} questions, wanted {word} {self.bound:g}"
        return f"{found}: not kept" if self.broken else found

    def to_json(self) -> Json:
        return {
            "metric": self.metric, "bound": self.bound, "figure": self.figure.to_json(), "broken": self.broken,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GateReport:
    """reason: the verdict in words. questions: compared. margin: how large a loss is put up with."""

    status: Status
    reason: str
    run: str
    baseline: str
    margin: float = 0.0
    questions: int = 0
    metrics: tuple[Gated, ...] = ()
    floors: tuple[Floor, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        return {"pass": 0, "regression": 1, "not comparable": 2}[self.status]

    def to_json(self) -> Json:
        return {
            "status": self.status, "reason": self.reason, "run": self.run, "baseline": self.baseline,
            "margin": self.margin, "questions": self.questions,
            "metrics": [each.to_json() for each in self.metrics], "floors": [each.to_json() for each in self.floors],
            "notes": list(self.notes),
        }  # fmt: skip


def gate(
    run: Run,
    baseline: Run,
    margin: float = 0.0,
    metrics: Sequence[str] = (),
    floors: Mapping[str, float] | None = None,
    *,
    shared: bool = False,
) -> GateReport:
    """The verdict on ``run``, by the rule above. A run that cannot be compared is a verdict too, with the reason.

    metrics: unless given, those of :data:`GATED` that both runs have. floors: metric → bound. shared: compare only the
    questions that two different sets have in common.
    """
    if not 0 <= margin < 1:
        raise DataError(f"The margin is {margin:g}; expected a share from 0 up to, not including, 1, such as 0.02.")
    try:
        pairs, notes = pair_up(run, baseline, shared=shared)
        names = _gated_metrics(pairs, run.kind, metrics)
        kept = tuple(_floor(run, name, bound) for name, bound in (floors or {}).items())
    except NotComparableError as error:
        return GateReport("not comparable", str(error), run.name, baseline.name, margin)
    found = _judge(pairs, names, margin)
    notes += [note for name in names if (note := lopsided(name, pairs))]
    failed = [each.metric for each in found if each.regressed] + [each.metric for each in kept if each.broken]
    return GateReport(
        "regression" if failed else "pass", _reason(found, kept, margin, len(pairs)), run.name, baseline.name, margin,
        len(pairs), tuple(found), kept, tuple(notes),
    )  # fmt: skip


def _gated_metrics(pairs: Sequence[Pair], kind: str, wanted: Sequence[str]) -> list[str]:
    present = dict.fromkeys(name for pair in pairs for name in pair.run.metrics if pair.has(name))
    names = list(dict.fromkeys(wanted)) or [name for name in GATED.get(kind, ()) if name in present]
    for name in names:
        known = METRICS.get(name)
        if known and known.level == "run":
            raise NotComparableError(
                f"'{name}' is a figure of the whole run: it cannot be compared question by question. "
                f'Give it a bound:  --floor "{name}=0.2"'
            )
        if name not in present:
            raise NotComparableError(
                f"No question has '{name}' in both runs. There are: {', '.join(in_order(present))}."
            )
        if higher_is_better(name) is None:
            raise NotComparableError(f"'{name}' is neither better nor worse when it is higher, so it cannot be gated.")
    if not names:
        raise NotComparableError("The two runs have no metric in common that can be gated. Name one:  --metric NAME")
    return names


def _judge(pairs: Sequence[Pair], names: Sequence[str], margin: float) -> list[Gated]:
    gains: Floats = np.zeros((len(pairs), len(names)))  # plus the margin; 0 where a question lacks the metric
    for column, name in enumerate(names):
        sign = -1 if higher_is_better(name) is False else 1
        for row, pair in enumerate(pairs):
            if pair.has(name):
                gains[row, column] = sign * pair.change(name).difference + margin
    p, corrected = loss_tests(gains, names)
    return [_gated(name, pairs, margin, p[name], corrected[name], len(names)) for name in names]


def loss_tests(gains: Floats, names: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
    """For each column of (questions, metrics), how often chance alone would give a sum so low; and after Holm."""
    p = dict(zip(names, map(float, sign_flip_test(gains, lower=True)), strict=True))
    return p, holm(p)


def _gated(metric: str, pairs: Sequence[Pair], margin: float, p: float, corrected: float, family: int) -> Gated:
    having = [pair for pair in pairs if pair.has(metric)]
    ids = [pair.question.id for pair in having]
    new, old = [pair.run.metrics[metric] for pair in having], [pair.baseline.metrics[metric] for pair in having]
    difference = paired_difference(new, old, ids)
    lower = higher_is_better(metric) is False
    loss = difference.value if lower else -difference.value
    worst = difference.high if lower else -difference.low
    seen = spread(new, old) or unseen_spread(len(having))
    detectable = detectable_difference(len(having), seen, level=LEVEL / family, one_sided=True)
    return Gated(
        metric, interval(old, ids), interval(new, ids), difference, int(np.sum(np.not_equal(new, old))), p, corrected,
        detectable=min(1.0, margin + detectable),
        ruled_out=worst < margin, regressed=loss > margin and corrected <= LEVEL,
    )  # fmt: skip


def _floor(run: Run, metric: str, bound: float) -> Floor:
    ids = [result.question.id for result in run.results if metric in result.metrics]
    values = [result.metrics[metric] for result in run.results if metric in result.metrics]
    figure = interval(values, ids) if values else run.metrics.get(metric)  # of the questions, where they have it
    if figure is None:
        names = in_order({*run.metrics, *(name for result in run.results for name in result.metrics)})
        raise NotComparableError(f"'{run.name}' has no figure '{metric}' for the floor. There are: {', '.join(names)}.")
    broken = figure.value > bound if higher_is_better(metric) is False else figure.value < bound
    return Floor(metric, bound, figure, broken)


def _reason(found: Sequence[Gated], floors: Sequence[Floor], margin: float, questions: int) -> str:
    failed = [each.message for each in found if each.regressed] + [each.message for each in floors if each.broken]
    if failed:
        return "; ".join(failed) + "."
    if not any(each.changed for each in found):
        return f"all {questions:,} questions have the same figures in both runs."
    blind = max(found, key=lambda each: each.detectable)
    beyond = f" beyond the margin of {margin:g}" if margin else ""
    if margin and all(each.ruled_out for each in found):
        return f"a loss{beyond} is ruled out on {questions:,} questions (95 % intervals)."
    return (
        f"no loss{beyond} was shown on {questions:,} questions. A loss of {blind.detectable:.3f} in {blind.metric} "
        "would have shown four times in five; a smaller one may go unseen."
    )
