"""How a training went: its loss by step, as numbers, as a drawing for a terminal and as an SVG file. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from citewell.evaluation.report.charts import Point, curve
from citewell.evaluation.report.markup import Markup, element, verbatim
from citewell.evaluation.report.scales import Axis, plain
from citewell.evaluation.report.style import CHART_STYLE, variables
from citewell.records import Json

Losses = list[tuple[int, float]]
"""(step, loss), in order."""

_SIDES = ("train", "held_out")
TRAIN, HELD_OUT = "·", "●"  # how the two are drawn in a terminal


@dataclass(slots=True)
class Curve:
    """What happened. train, held_out: losses by step. planned: steps it was meant to take. best: the step whose weights
    were kept, 0 for the last. stopped: why it ended before ``planned``, for people; empty when it did not."""

    train: Losses = field(default_factory=list)
    held_out: Losses = field(default_factory=list)
    seconds: float = 0.0
    steps: int = 0
    planned: int = 0
    best: int = 0
    stopped: str = ""

    @staticmethod
    def restored(data: Json) -> Curve:
        """The curve that ``asdict`` took apart, from a file."""
        train, held_out = ([(int(step), float(loss)) for step, loss in data.get(side, ())] for side in _SIDES)
        return Curve(**{**data, "train": train, "held_out": held_out})

    def to_json(self) -> Json:
        return {
            "train": [[step, round(loss, 5)] for step, loss in self.train],
            "held_out": [[step, round(loss, 5)] for step, loss in self.held_out],
            "seconds": round(self.seconds, 1), "steps": self.steps, "planned_steps": self.planned,
            "best_step": self.best or self.steps, "stopped": self.stopped,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training is. loss, held_out: the newest of each, ``None`` before the first. left: seconds, estimated."""

    step: int
    steps: int
    loss: float | None
    held_out: float | None
    seconds: float
    left: float


def sketch(found: Curve, width: int = 60, height: int = 9) -> str:
    """The curve in characters, for a terminal; empty when there are fewer than two losses."""
    every = [*found.train, *found.held_out]
    if len(every) < 2:
        return ""
    first, last = min(step for step, _ in every), max(step for step, _ in every)
    low, high = min(loss for _, loss in every), max(loss for _, loss in every)
    grid = [[" "] * width for _ in range(height)]
    for losses, mark in ((found.train, TRAIN), (found.held_out, HELD_OUT)):
        for step, loss in losses:
            column = round((step - first) / max(1, last - first) * (width - 1))
            line = round((high - loss) / max(1e-9, high - low) * (height - 1))
            grid[line][column] = mark
    labels = {0: f"{high:.3g}", height - 1: f"{low:.3g}"}
    edge = max(map(len, labels.values()))
    lines = [f"{labels.get(number, ''):>{edge}} │{''.join(row).rstrip()}" for number, row in enumerate(grid)]
    under = f"{'':>{edge}} └{'─' * width}"
    ends = f"{first:,}"
    steps = f"{'':>{edge}}  {ends}{f'step {last:,}':>{width - len(ends)}}"
    told = f"{'':>{edge}}  loss: {TRAIN} training" + (f"  {HELD_OUT} held out" if found.held_out else "")
    return "\n".join([*lines, under, steps, told])


def draw(found: Curve, title: str) -> str:
    """The curve as an SVG file of its own; empty when there are fewer than two losses."""
    every = [*found.train, *found.held_out]
    if len(every) < 2:
        return ""
    x = Axis("step", 0, max(step for step, _ in every), plain)
    y = Axis("loss", 0, 1.05 * max(loss for _, loss in every) or 1.0, plain)
    ends = found.train or found.held_out
    about = f"Training loss from {plain(ends[0][1])} at step {ends[0][0]:,} to {plain(ends[-1][1])} at {ends[-1][0]:,}."
    if found.held_out:
        about += f" Held-out loss from {plain(found.held_out[0][1])} to {plain(found.held_out[-1][1])}."
    drawn = curve(
        "loss", title, about, _points(found.train), x, y, beside=_points(found.held_out), beside_label="held out"
    )  # fmt: skip
    return as_file(drawn)


def as_file(drawn: Markup) -> str:
    """A chart of a report as an SVG file that needs no page around it."""
    style = verbatim("style", f".chart{{{variables('light')}}}{CHART_STYLE}.chart{{background:var(--paper)}}")
    start, rest = drawn.split(">", 1)
    return f'{start} xmlns="http://www.w3.org/2000/svg">{element("g", style)}{rest}\n'


def _points(losses: Sequence[tuple[int, float]]) -> list[Point]:
    return [Point(step, loss) for step, loss in losses]
