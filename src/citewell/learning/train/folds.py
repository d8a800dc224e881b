"""Cross-validation: a recipe trained k times, each time measured on documents that it has not seen."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citewell.learning.data.splits import folds
from citewell.learning.recipes import Report, Trained
from citewell.records import Json

Train = Callable[[Path, Sequence[Any], Sequence[Any]], Trained]
"""Trains in a folder on a list of examples; the other list is held out."""


@dataclass(frozen=True, slots=True)
class FoldMetric:
    """A metric over the folds. train: the same on examples that were learnt from. spread: standard deviation between
    folds, which no interval of one fold shows."""

    name: str
    held_out: tuple[float, ...]
    train: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.held_out)

    @property
    def spread(self) -> float:
        return statistics.stdev(self.held_out) if len(self.held_out) > 1 else 0.0

    @property
    def gap(self) -> float:
        """By how much it is better on what was learnt from: overfitting, when it is much."""
        return statistics.fmean(self.train) - self.mean if self.train else 0.0

    def to_json(self) -> Json:
        return {
            "metric": self.name, "mean": round(self.mean, 4), "sd": round(self.spread, 4), "gap": round(self.gap, 4),
            "folds": [round(each, 4) for each in self.held_out], "train": [round(each, 4) for each in self.train],
        }  # fmt: skip


def cross_validate(
    train: Train, examples: Sequence[Any], count: int, salt: str, work: Path, report: Report
) -> list[FoldMetric]:
    """Trains once per fold; sides are by document. Folds that are finished in ``work`` are not trained again."""
    found: list[Trained] = []
    for number, (learnt, held_out) in enumerate(folds(examples, k=count, salt=salt), start=1):
        report(f"fold {number} of {count}: {len(learnt):,} examples to learn from, {len(held_out):,} held out")
        place = work / f"fold-{number}"
        found.append(train(place, learnt, held_out))
        shutil.rmtree(found[-1].checkpoint, ignore_errors=True)
        for each in place.glob(
            "work/checkpoint-*/optimizer.pt"
        ):  # twice as large as the weights, and of no use any more
            each.unlink()
    names = [name for name in found[0].held_out if all(name in each.held_out for each in found)]
    return [
        FoldMetric(
            name, tuple(each.held_out[name].value for each in found),
            tuple(each.train[name].value for each in found if name in each.train),
        )
        for name in names
    ]  # fmt: skip
