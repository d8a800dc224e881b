"""The figures of a run: at a glance, by group, by slice, and as plots."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from citewell.evaluation.report import charts
from citewell.evaluation.report.blocks import plot, section, stacked_table, table
from citewell.evaluation.report.markup import Child, Markup, element
from citewell.evaluation.report.scales import Axis, log_axis, percent, plain, reaching, seconds
from citewell.evaluation.report.words import (
    GROUPS,
    HEADLINES,
    certainty,
    deciding,
    exact,
    in_order,
    meaning,
    questions,
    seconds_of,
    written,
)
from citewell.evaluation.runs import Figure, Run
from citewell.evaluation.slices import SliceFigure, slice_figures
from citewell.evaluation.statistics import interval

_CARDS = 6
_SLICES_DRAWN = 12  # of one dimension; the table has the rest
_SLICES_LISTED = 200
_DIMENSIONS = {"answerable": "whether the documents have the answer", "origin": "who thought of the question"}
_POINTS = 200  # of a curve; a drawing 320 units wide shows no more

# -- at a glance -------------------------------------------------------------------------------------------------------


def glance(run: Run) -> Markup:
    """The few figures that matter most for this kind of run."""
    wanted = [name for name in HEADLINES.get(run.kind, ()) if name in run.metrics]
    names = (wanted or list(run.metrics))[:_CARDS]
    cards = [_card(name, run.metrics[name]) for name in names]
    times = [seconds_of(result) for result in run.results if result.timings]
    if times:
        cards.append(_time_card(times))
    if any(result.cost for result in run.results):
        total = sum(result.cost for result in run.results)
        each = f"{total / len(run.results):.4g} a question, {sum(result.tokens for result in run.results):,} tokens."
        cards.append(_plain_card("Cost", f"{total:.4g}", each, "in the currency of the model's price list"))
    return section("glance", "At a glance", element("ul", *cards, class_="cards") if cards else _no_figures())


def _card(name: str, figure: Figure) -> Markup:
    told = meaning(name)
    return _plain_card(
        told.label, written(name, figure.value) if figure.n else "–", f"{told.says} {certainty(name, figure)}".strip(),
        [element("code", name), f" = {exact(figure.value)}, 95 % interval {_interval(figure)}, n = {figure.n:,}"],
    )  # fmt: skip


def _time_card(times: Sequence[float]) -> Markup:
    middle, slow = (float(value) for value in np.quantile(times, (0.5, 0.95)))
    return _plain_card(
        "Time for a question", seconds(middle),
        f"Half of the questions take less. One in twenty takes more than {seconds(slow)}.",
        ["median; 95th percentile ", seconds(slow), f", n = {len(times):,}"],
    )  # fmt: skip


def _plain_card(label: str, big: str, says: str, terms: Child) -> Markup:
    return element(
        "li",
        element("h3", label), element("span", big, class_="big"), element("p", says),
        element("p", terms, class_="small muted"),
        class_="card",
    )  # fmt: skip


def _interval(figure: Figure) -> str:
    return f"{exact(figure.low)} to {exact(figure.high)}"


def _no_figures() -> Markup:
    return element("p", "This run has no figures: no question had anything to measure.")


# -- every figure ------------------------------------------------------------------------------------------------------


def all_figures(run: Run) -> Markup:
    """A table for each group of metrics."""
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name in in_order(run.metrics):
        groups[meaning(name).group].append(name)
    tables: list[Child] = []
    for group, names in groups.items():
        if names:
            rows = [_figure_row(name, run.metrics[name]) for name in names]
            tables += [
                element("h3", group),
                stacked_table(
                    f"{group}: mean, 95 % interval, questions", ["Metric", "Mean", "95 % interval", "n"], rows
                ),
            ]
    note = element("p", "Unless it says otherwise, more is better.", class_="muted") if tables else _no_figures()
    return section("figures", "Every figure", note, *tables)


def _figure_row(name: str, figure: Figure) -> list[Child]:
    told = meaning(name)
    less = "Less is better." if told.better < 0 else ""
    label = [told.label, element("small", element("code", name), ". ", f"{told.says} {less}".strip())]
    if figure.n == 0:
        return [label, "–", "–", "0"]
    return [label, exact(figure.value), f"{exact(figure.low)}–{exact(figure.high)}", figure.n]


# -- plots -------------------------------------------------------------------------------------------------------------


def plots(run: Run) -> Markup | None:
    """Every plot that this run has data for."""
    found = [_coverage_risk(run), _calibration(run), _stages(run), _times(run)]
    drawn = [each for each in found if each is not None]
    return section("plots", "Plots", element("div", *drawn, class_="plots")) if drawn else None


def _coverage_risk(run: Run) -> Markup | None:
    data = run.curves.get("coverage_risk") or {}
    coverage, risk = data.get("coverage") or [], data.get("risk") or []
    if not coverage or len(coverage) != len(risk):
        return None
    points = [charts.Point(float(x), float(y)) for x, y in zip(coverage, risk, strict=True)]
    marks, now = [], ""
    if "coverage" in run.metrics and "risk" in run.metrics:
        x, y = run.metrics["coverage"].value, run.metrics["risk"].value
        now = f"as set: {percent(x)} answered, {percent(y)} of these wrong"
        marks = [charts.Mark(x, y, now)]
    title = "If it answered only when it is sure"
    says = (
        "Going left, it answers fewer questions, only the surest ones; the line shows how many of those answers are "
        "wrong. A line that falls to the left means that its confidence can be trusted. At the far left only a handful "
        "of questions stand behind it."
    )
    highest = max([point.y for point in points] + [mark.y for mark in marks])
    drawing = charts.curve(
        "coverage-risk", title,
        f"Share of wrong answers against share of questions answered. Ends at {percent(points[-1].y)} wrong with "
        f"{percent(points[-1].x)} answered.{f' {now[:1].upper()}{now[1:]}.' if now else ''}",
        _thinned(points, _POINTS), Axis("questions answered"), _up_to("wrong among the answered", highest),
        step=True, marks=marks,
    )  # fmt: skip
    listed = _thinned(points, 21)
    return plot(title, says, drawing, table(
        "Coverage and risk", ["Answered", "Wrong among them"],
        [[f"{point.x:.3f}", f"{point.y:.3f}"] for point in listed],
    ))  # fmt: skip


def _up_to(label: str, highest: float) -> Axis:
    """A share's axis, cut where nothing lies above: small risks would lie flat on the ground otherwise."""
    return Axis(label, 0.0, next(end for end in (0.1, 0.2, 0.4, 0.6, 1.0) if highest <= end or end == 1.0))


def _thinned(points: Sequence[charts.Point], most: int) -> list[charts.Point]:
    """At most so many of the points, evenly spread, with the first and the last."""
    if len(points) <= most:
        return list(points)
    chosen = np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))
    return [points[index] for index in chosen]


def _calibration(run: Run) -> Markup | None:
    data = run.curves.get("calibration") or {}
    columns = [data.get(name) or [] for name in ("confidence", "accuracy", "count")]
    if not columns[0] or len({len(column) for column in columns}) != 1:
        return None
    bins = [(float(sure), float(right), int(count)) for sure, right, count in zip(*columns, strict=True) if count]
    points = [charts.Point(sure, right, *_bounds(right, count)) for sure, right, count in bins]
    title = "Is it as sure as it should be?"
    says = (
        "Each dot is a group of questions with about the same confidence. On the dashed line, confidence is honest: of "
        "those with 70 %, 70 % are right. Below it, it is too sure; above, too modest. Lines show the uncertainty."
    )
    drawing = charts.curve(
        "calibration", title,
        "Share of questions that are right against the confidence stated, " + "; ".join(
            f"{percent(sure)} sure: {percent(right)} right of {count}" for sure, right, count in bins
        ) + ".",
        points, Axis("confidence"), Axis("right"), dots=True, diagonal="as sure as right",
        counts=[(sure, count) for sure, _, count in bins], counts_label="questions in each group",
    )  # fmt: skip
    listed: list[list[Child]] = [
        [f"{point.x:.3f}", f"{point.y:.3f}", f"{point.low:.3f}–{point.high:.3f}", count]
        for point, (_, _, count) in zip(points, bins, strict=True)
    ]
    return plot(title, says, drawing, table("Calibration", ["Confidence", "Right", "95 % interval", "n"], listed))


def _bounds(share: float, count: int) -> tuple[float, float]:
    right = round(share * count)
    figure = interval([1.0] * right + [0.0] * (count - right))
    return figure.low, figure.high


def _stages(run: Run) -> Markup | None:
    stages = list(dict.fromkeys(stage for result in run.results for stage in result.timings if stage != "total"))
    spread = {
        stage: np.quantile([r.timings[stage] for r in run.results if stage in r.timings], (0.05, 0.25, 0.5, 0.75, 0.95))
        for stage in stages
    }
    if len(spread) < 2 or len(run.results) < 2 or not any(values[2] > 0 for values in spread.values()):
        return None
    title = "Where the time goes"
    rows = [
        charts.Row(stage, float(mid), seconds(float(mid)), float(low), float(high), (float(first), float(third)))
        for stage, (low, first, mid, third, high) in spread.items()
    ]
    axis = log_axis("time for one question", [float(value) for values in spread.values() for value in values], seconds)
    marks = axis.ticks(charts.TICKS)
    slowest = max(stages, key=lambda stage: sum(result.timings.get(stage, 0.0) for result in run.results))
    drawing = charts.dots(
        "stages", title,
        charts.told("Middle time per stage", rows), rows, axis,
    )  # fmt: skip
    says = (
        f"Most of the time goes into {slowest}. Diamond: the middle question; thick: half of all; thin: 9 of 10. "
        f"From one mark to the next it is {marks[1] / marks[0]:.0f} times as long."
    )
    data = table(
        "Time per stage in seconds", ["Stage", "5 %", "25 %", "Median", "75 %", "95 %"],
        [[stage, *(f"{value:.4f}" for value in values)] for stage, values in spread.items()],
    )  # fmt: skip
    return plot(title, says, drawing, data)


def _times(run: Run) -> Markup | None:
    times = np.array([seconds_of(result) for result in run.results if result.timings])
    if len(times) < 10 or not times.max() > 0:
        return None
    end = float(np.quantile(times, 0.98)) or float(times.max())
    axis = reaching("time for one question", end, seconds)
    edges = np.linspace(0, axis.high, 17)
    counts, _ = np.histogram(np.minimum(times, axis.high), edges)
    title = "How long questions take"
    over = int((times > axis.high).sum())
    longest = (
        f" {questions(over)} took longer, up to {seconds(float(times.max()))}; they are in the last bar."
        if over
        else ""
    )
    drawing = charts.histogram(
        "times", title,
        f"Number of questions by the time they took. Half took less than {seconds(float(np.median(times)))}, the "
        f"longest {seconds(float(times.max()))}.",
        edges.tolist(), counts.tolist(), axis, reaching("questions", int(counts.max()), plain),
    )  # fmt: skip
    rows: list[list[Child]] = [
        [f"{seconds(float(start))} to {seconds(float(stop))}", int(count)]
        for (start, stop), count in zip(itertools.pairwise(edges), counts, strict=True)
    ]
    says = f"All stages of a question together.{longest}"
    return plot(title, says, drawing, table("Questions by time", ["Time", "Questions"], rows))


# -- slices ------------------------------------------------------------------------------------------------------------


def slices(run: Run) -> Markup | None:
    """The deciding metric by slice: a plot for each dimension."""
    rule = deciding(run)
    if rule is None:
        return None
    metric = rule[0]
    overall = run.metrics.get(metric)
    found = [
        (dimension, list(members))
        for dimension, members in itertools.groupby(slice_figures(run.results, metric), key=lambda each: each.dimension)
    ]
    drawn = [_slice_plot(dimension, members, metric, overall) for dimension, members in found if len(members) > 1]
    alone = [f"{dimension}: {members[0].value}" for dimension, members in found if len(members) == 1]
    if not drawn:
        return None
    told = meaning(metric)
    return section(
        "slices", "Where it is good and where it is not",
        element("p", f"{told.label} (", element("code", metric), ") by kind of question and document. The line is the "
                "95 % interval: where two of them overlap much, the difference may be chance. The dashed line is the "
                "mean of all questions. Hollow squares stand on fewer than 10 questions: too few to say anything."),
        element("div", *drawn, class_="plots"),
        element("p", f"The same for all questions: {'; '.join(alone)}.", class_="muted") if alone else None,
    )  # fmt: skip


def _slice_plot(dimension: str, members: Sequence[SliceFigure], metric: str, overall: Figure | None) -> Markup:
    rows = [
        charts.Row(
            each.value or "none", each.figure.value, f"{written(metric, each.figure.value)}, n = {each.figure.n:,}",
            each.figure.low, each.figure.high, quiet=each.too_small,
        )
        for each in members[:_SLICES_DRAWN]
    ]  # fmt: skip
    title = f"By {_DIMENSIONS.get(dimension, dimension)}"
    told = meaning(metric).label.lower()
    drawing = charts.dots(
        f"slice-{'-'.join(dimension.split())}", title,
        charts.told(f"{meaning(metric).label}, by {dimension}", rows), rows,
        Axis(told), overall.value if overall else None,
    )  # fmt: skip
    data = table(
        f"{meaning(metric).label} by {dimension}", ["Slice", "Mean", "95 % interval", "n", "Note"],
        [
            [each.value or "none", exact(each.figure.value), _interval(each.figure), each.figure.n,
             "too few" if each.too_small else ""]
            for each in members[:_SLICES_LISTED]
        ],
    )  # fmt: skip
    reliable = [each for each in members if not each.too_small]
    says = "Every slice has fewer than 10 questions: nothing to conclude."
    if reliable:
        best, worst = (pick(reliable, key=lambda each: each.figure.value) for pick in (max, min))
        says = (
            f"Highest: {best.value} ({written(metric, best.figure.value)}). "
            f"Lowest: {worst.value} ({written(metric, worst.figure.value)})."
        )
        if len(reliable) == 1:
            says = f"Only {best.value} has 10 questions or more."
        elif best.figure.low <= worst.figure.high:
            says += " Their intervals overlap: that may be chance."
    if len(members) > _SLICES_DRAWN:
        says += f" Drawn are the {_SLICES_DRAWN} largest of {len(members)}."
    return plot(title, says, drawing, data)
