"""How fast a training is on this machine, and how many steps of it fit into a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformers import PrinterCallback, Trainer, TrainerCallback

from citewell.errors import UserError

EVALUATIONS = 8  # on the way, when how often is left to us
EVALUATION_SHARE = 0.2  # of a budget, at most, spent on held-out examples
FORWARD = 0.4  # cost of reading a token beside that of learning from it: a third, and some overhead
PROBE_STEPS = 12
PROBE_SHARE = 0.04  # of a budget, at most, spent on measuring
PROBE_SECONDS = 10.0  # the same without a budget


@dataclass(frozen=True, slots=True)
class Pace:
    """steps: to take. every: steps after which to evaluate. seconds: what that will take."""

    steps: int
    every: int
    seconds: float


def choose_steps(most: int, budget: float, every: int, seconds: float, held_out: float) -> Pace:
    """As many of ``most`` steps as fit into ``budget`` seconds (0: all).

    every: steps after which to evaluate; 0: chosen. seconds: of a step. held_out: size of that side in steps.
    """
    evaluation = FORWARD * held_out * seconds
    left, steps, count = (1 - PROBE_SHARE) * budget, most, EVALUATIONS
    if budget:
        if every:
            fitting = (left - evaluation) / (seconds + evaluation / every)
        else:
            count = max(1, min(EVALUATIONS, int(EVALUATION_SHARE * budget / max(evaluation, 1e-9))))
            fitting = (left - count * evaluation) / seconds
        steps = min(most, int(fitting))
        if steps < 1:
            raise UserError(
                f"The budget of {minutes(budget)} is not enough: a step takes {seconds:.1f} s and reading the held-out "
                f"examples {evaluation:.1f} s. Give a larger budget, fewer held-out examples or smaller batches."
            )
    every = min(steps, every) if every else math.ceil(steps / count)
    return Pace(steps, every, steps * seconds + math.ceil(steps / every) * evaluation)


class _Stopwatch(TrainerCallback):
    """Times steps, the first one aside, and ends when enough time was spent."""

    def __init__(self, most: float) -> None:
        self._most, self._started, self.steps, self.seconds = most, 0.0, 0, 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        now = time.monotonic()
        if state.global_step == 1:
            self._started = now
            return
        self.steps, self.seconds = state.global_step - 1, now - self._started
        if self.seconds > self._most:
            control.should_training_stop = True


def seconds_per_step(build: Callable[[TrainerCallback], Trainer], budget: float) -> float:
    """Measured on some steps of a trainer that is thrown away afterwards."""
    watch = _Stopwatch(PROBE_SHARE * budget or PROBE_SECONDS)
    trainer = build(watch)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return max(watch.seconds / max(1, watch.steps), 1e-6)


def minutes(seconds: float) -> str:
    """``40 s``, ``12 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 90 else f"{whole // 60} h {whole % 60} min"
