"""From values to places in a drawing: axes, round ticks, how wide a label is."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TEXT = 13.0
"""Size of every label, in units of the drawing. Drawings are 320 units wide and never shown narrower than 300 pixels,
so a label is never smaller than 12 pixels."""


def percent(value: float) -> str:
    return f"{value * 100:.0f} %"


def percent_mark(value: float) -> str:
    """A share at a tick, which may fall between two whole percents."""
    return f"{100 * value:.1f}".removesuffix(".0") + " %"


def plain(value: float) -> str:
    """A number in as few characters as tell it: ``0.25``, ``3``, ``1,200``."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    """``0.4 ms``, ``12 ms``, ``1.5 s``, ``90 s``."""
    if value < 0.01:
        return f"{value * 1000:.2g} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f}".removesuffix(".0") + " s" if value < 10 else f"{value:,.0f} s"


@dataclass(frozen=True, slots=True)
class Axis:
    """What one direction of a plot shows. write: a value as text. log: equal steps are equal factors. step: from tick
    to tick, where it is not left to the drawing."""

    label: str
    low: float = 0.0
    high: float = 1.0
    write: Callable[[float], str] = percent_mark
    log: bool = False
    step: float = 0.0

    def share(self, value: float) -> float:
        """Where ``value`` lies between the ends, in [0, 1]; what lies outside is drawn at the end."""
        low, high, given = self.low, self.high, value
        if self.log:
            low, high, given = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        return min(1.0, max(0.0, (given - low) / (high - low)))

    def ticks(self, wanted: int) -> list[float]:
        """Round values inside the axis, about ``wanted`` and never many more."""
        if self.log:
            return _decades(self.low, self.high, wanted)
        if self.step:
            return [self.low + self.step * place for place in range(round((self.high - self.low) / self.step) + 1)]
        return round_ticks(self.low, self.high, wanted)


def reaching(label: str, highest: float, write: Callable[[float], str] = plain) -> Axis:
    """An axis from 0 to a round value not far above ``highest``, in three to six round steps."""
    if not math.isfinite(highest) or highest < 1e-12:
        return Axis(label, 0.0, 1.0, write)
    steps = [round_step(highest / count) for count in (4, 5, 3, 6)]
    high, _, step = min((math.ceil(highest / step - 1e-9) * step, place, step) for place, step in enumerate(steps))
    return Axis(label, 0.0, high, write, step=step)


def log_axis(label: str, values: Sequence[float], write: Callable[[float], str]) -> Axis:
    """Whole powers of ten around the values above 0."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    return Axis(label, 10.0**low, 10.0 ** max(high, low + 1), write, log=True)


def round_step(rough: float) -> float:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))


def round_ticks(low: float, high: float, wanted: int) -> list[float]:
    if not high > low:
        return [low]
    step = round_step((high - low) / max(wanted, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _decades(low: float, high: float, wanted: int) -> list[float]:
    first, last = round(math.log10(low)), round(math.log10(high))
    return [10.0**power for power in range(first, last + 1, max(1, math.ceil((last - first) / max(wanted, 1))))]


# -- labels ------------------------------------------------------------------------------------------------------------

_NARROW, _SLIM, _WIDE = frozenset("iljI.,:;'| "), frozenset("tfr()[]!-–"), frozenset("mMwW%@…")
_SIGNS = frozenset("+−=<>≤≥~")
_GAP = 6.0  # between two labels


def text_width(text: str) -> float:
    """About how wide ``text`` is in a sans-serif face, rather too wide than too narrow: no browser is asked. Measured
    on DejaVu Sans, the widest face that ``system-ui`` commonly stands for."""
    return TEXT * sum(_character_width(character) for character in text)


def _character_width(character: str) -> float:
    if character in _NARROW or character in _SLIM:
        return 0.34 if character in _NARROW else 0.42
    if character in _WIDE or character.isupper():
        return 0.96 if character in _WIDE else 0.73
    if character in _SIGNS:
        return 0.84
    if unicodedata.combining(character):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF else 0.63


def fitted(text: str, width: float) -> str:
    """``text`` on one line, shortened with an ellipsis where it is wider than ``width``."""
    line = " ".join(text.split())
    if text_width(line) <= width:
        return line
    room, used = width - text_width("…"), 0.0
    for place, character in enumerate(line):
        used += TEXT * _character_width(character)
        if used > room:
            return line[:place].rstrip() + "…"
    return line


def without_overlap(places: Sequence[float], widths: Sequence[float]) -> list[int]:
    """Which of these centred labels can be written, from the first on, so that none touches another."""
    chosen: list[int] = []
    free = -math.inf
    for index, (place, width) in enumerate(zip(places, widths, strict=True)):
        if place - width / 2 >= free:
            chosen.append(index)
            free = place + width / 2 + _GAP
    return chosen
