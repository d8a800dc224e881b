"""This run beside a baseline: what is different, how sure that is, and which questions flipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from citewell.evaluation.report import charts
from citewell.evaluation.report.blocks import plot, section, table
from citewell.evaluation.report.markup import Child, Markup, element
from citewell.evaluation.report.scales import Axis, round_step
from citewell.evaluation.report.words import exact, meaning, questions
from citewell.evaluation.runs import Figure

if TYPE_CHECKING:
    from citewell.evaluation.comparing import Change, Compared, Comparison

_DIRECTIONS = {
    "better": ("right", "▲ better"),
    "worse": ("wrong", "▼ worse"),
    "different": ("doubtful", "◆ different"),
    "no difference seen": ("muted", "no difference seen"),
    "too few": ("muted", "too few questions"),
}
_FLIPPED = 200  # of each kind are listed
_DRAWN = 12


def versus(comparison: Comparison) -> Markup:
    """The section about a comparison."""
    rows = [_row(each) for each in comparison.metrics]
    parts: list[Child] = [
        element("p", _verdict(comparison)),
        element("ul", *(element("li", note) for note in comparison.notes)) if comparison.notes else None,
        _differences(comparison.metrics),
        element(
            "p",
            "p is how often chance alone would make a difference as large as this, corrected for the number of "
            "things that are compared (Holm). Below 0.05 a difference counts as seen.",
        ),
        table(f"“{comparison.run}” beside “{comparison.baseline}”", _HEADS, rows),
    ]
    if comparison.slices:
        slices = [_row(each, f"{each.dimension}: {each.value}") for each in comparison.slices]
        parts.append(element(
            "details", element("summary", "The same for slices of the questions"),
            table("Both runs by slice", _HEADS, slices),
        ))  # fmt: skip
    if comparison.differs:
        listed = [[name, old or "–", new or "–"] for name, old, new in comparison.differs]
        parts.append(element(
            "details", element("summary", f"What was set differently: {len(listed):,} in all"),
            table("Settings, models and counts that differ", ["What", "Baseline", "This run"], listed, numbers=False),
        ))  # fmt: skip
    parts += _flipped("Wrong then, right now", comparison.fixed)
    parts += _flipped("Right then, wrong now", comparison.broken)
    parts += _changed("Largest gains", comparison.gains)
    parts += _changed("Largest losses", comparison.losses)
    return section("compared", f"Compared with “{comparison.baseline}”", *parts)


_HEADS = ["Metric", "Baseline", "This run", "Difference", "95 % interval", "p (Holm)", "n", "Verdict"]


def _verdict(comparison: Comparison) -> str:
    """The comparison in one sentence for people who read only one."""
    better = [meaning(each.metric).label.lower() for each in comparison.metrics if each.direction == "better"]
    worse = [meaning(each.metric).label.lower() for each in comparison.metrics if each.direction == "worse"]
    said = f"The same {questions(comparison.questions)} in both. "
    if worse:
        said += f"Worse: {', '.join(worse)}. "
    if better:
        said += f"Better: {', '.join(better)}. "
    if not better and not worse:
        said += "No difference is larger than chance could make. That does not show that there is none. "
    needed = next((each.needed for each in comparison.metrics[:1] if each.direction == "no difference seen"), 0)
    if needed > comparison.questions:
        label = meaning(comparison.metrics[0].metric).label.lower()
        said += f"To see a difference of this size in “{label}”, about {needed:,} questions are needed. "
    return said + f"{len(comparison.fixed):,} flipped to right, {len(comparison.broken):,} to wrong."


def _row(each: Compared, name: str = "") -> list[Child]:
    kind, words = _DIRECTIONS.get(each.direction, ("muted", each.direction))
    label: Child = name or [meaning(each.metric).label, element("small", element("code", each.metric))]
    return [
        label, _value(each.baseline), _value(each.run), _signed(each.difference.value),
        f"{_signed(each.difference.low)} to {_signed(each.difference.high)}",
        "–" if each.corrected is None else _probability(each.corrected), each.difference.n,
        element("span", words, class_=kind),
    ]  # fmt: skip


def _tenths(value: float) -> str:
    """A difference in points of a hundred with one decimal, without a sign where it is nothing."""
    return f"{100 * value:+.1f}".replace("-", "−") if round(100 * value, 1) else "0.0"


def _points(value: float) -> str:
    return f"{100 * value:+.3g}".replace("-", "−") if round(value, 6) else "0"


def _value(figure: Figure) -> str:
    return exact(figure.value) if figure.n else "–"


def _signed(value: float) -> str:
    text = exact(abs(value))
    return text if not float(text.replace(",", "")) else ("+" if value > 0 else "−") + text


def _probability(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _differences(compared: Sequence[Compared]) -> Markup | None:
    """Every difference with its interval on one axis around nothing."""
    shares = [each for each in compared if meaning(each.metric).share and each.difference.n][:_DRAWN]
    if not shares:
        return None
    reach = max(abs(end) for each in shares for end in (each.difference.low, each.difference.high, 0.01))
    reach = min(1.0, round_step(reach))
    rows = [
        charts.Row(
            meaning(each.metric).label, each.difference.value,
            _tenths(each.difference.value), each.difference.low, each.difference.high,
            quiet=each.direction == "too few",
        )
        for each in shares
    ]  # fmt: skip
    axis = Axis("points, this run minus baseline", -reach, reach, _points)
    title = "Differences"
    drawing = charts.dots(
        "differences", title,
        charts.told("This run minus the baseline, in points of a hundred", rows), rows, axis, 0.0,
    )  # fmt: skip
    says = (
        "In points of a hundred. Where the line crosses the dashed zero, that may be chance. Where it does not "
        "it still may, because several are compared at once: the verdict is in the table below."
    )
    data = table(
        "Differences", ["Metric", "Difference", "95 % interval"],
        [
            [meaning(each.metric).label, _signed(each.difference.value),
             f"{_signed(each.difference.low)} to {_signed(each.difference.high)}"]
            for each in shares
        ],
    )  # fmt: skip
    return plot(title, says, drawing, data)


def _flipped(heading: str, changes: Sequence[Change]) -> list[Child]:
    if not changes:
        return []
    listed = [
        element("li", element("bdi", change.question), " ", element("code", change.question_id, class_="muted"))
        for change in changes[:_FLIPPED]
    ]
    more = element("p", f"and {len(changes) - _FLIPPED:,} more") if len(changes) > _FLIPPED else None
    return [element(
        "details", element("summary", f"{heading}: {questions(len(changes))}"), element("ul", *listed), more,
    )]  # fmt: skip


def _changed(heading: str, changes: Sequence[Change]) -> list[Child]:
    if not changes:
        return []
    rows = [
        [element("bdi", change.question), exact(change.baseline), exact(change.run), _signed(change.difference)]
        for change in changes
    ]  # fmt: skip
    label = meaning(changes[0].metric).label.lower()
    return [element(
        "details", element("summary", f"{heading} ({label}): {questions(len(changes))}"),
        table(f"{heading}: {label}", ["Question", "Baseline", "This run", "Difference"], rows),
    )]  # fmt: skip
