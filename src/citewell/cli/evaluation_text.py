"""Runs, comparisons and verdicts as text of at most 100 columns. Only words: nothing is said by colour alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from citewell.cli.output import count, short_path
from citewell.evaluation.comparing import Change, Compared, Comparison, in_order
from citewell.evaluation.gate import GATED, GateReport
from citewell.evaluation.library import StoredRun
from citewell.evaluation.runs import Figure, Result, Run
from citewell.evaluation.slices import LEAST_QUESTIONS, SliceFigure, slice_figures
from citewell.records import Json

WIDTH = 100
_NAME = 28  # columns of a metric's or slice's name
_UNPLACED = ("stale", "missing", "unplaced")
_DETAILS = ("@1", "@5", " P@10", " Hit@10", " MAP@10")  # of the ranking metrics, left out without --all

# -- one run -----------------------------------------------------------------------------------------------------------


def run_lines(run: Run, worst: int, everything: bool) -> list[str]:
    lines = [*_title(run), "", f"  {'':<{_NAME}} {'figure':>8}   {'95 % interval':<18} {'n':>6}"]
    shown = [name for name in run.metrics if everything or not _is_detail(name)]
    lines += [figure_line(name, run.metrics[name]) for name in shown]
    if hidden := len(run.metrics) - len(shown):
        lines.append(f"  and {count(hidden, 'figure')} more with --all")
    for metric in _main(run)[: None if everything else 1]:
        total = sum(metric in result.metrics for result in run.results)
        lines += _slice_lines(metric, slice_figures(run.results, metric), total)
    lines += _heading("Notes", [f"  {line}" for note in run.notes for line in _wrapped(note, WIDTH - 2)])
    lines += _heading("Golds that are not where the set says", list(_stale_lines(run)))
    lines += _heading("Worst questions", [line for each in worst_results(run, worst) for line in _worst_lines(each)])
    return lines


def summary_json(run: Run, worst: int) -> Json:
    """The run without its results, with its slices and the ids of stale and worst questions."""
    found = {name: value for name, value in run.to_json().items() if name != "results"}
    slices = {metric: [each.to_json() for each in slice_figures(run.results, metric)] for metric in _main(run)}
    stale = [{"id": each.question.id, "state": each.state} for each in run.results if each.state in _UNPLACED]
    return {
        **found, "questions": len(run.results), "slices": slices, "stale": stale,
        "worst": [each.question.id for each in worst_results(run, worst)],
    }  # fmt: skip


def worst_results(run: Run, most: int) -> list[Result]:
    """The questions with the lowest main metrics; of equal ones, those that were surest. None that is all right."""
    names = _main(run)

    def key(result: Result) -> tuple[float, float, float, str]:
        values = [result.metrics[name] for name in names if name in result.metrics]
        main = values[0] if values else 1.0
        return main, sum(values) / len(values) if values else 1.0, -result.confidence, result.question.id

    return [each for each in sorted(run.results, key=key) if key(each)[1] < 1][:most]


def question_lines(result: Result) -> list[str]:
    """One question in full: what was wanted, what was said, with hits and citations."""
    question = result.question
    lines = [f"{question.id}  {question.text}", ""]
    wanted = list(question.answers) or (["(no reference answer)"] if question.answerable else ["(a refusal)"])
    lines += [line for answer in wanted for line in _labelled("wanted", answer)]
    for gold in question.golds:
        page = f", page {gold.page}" if gold.page is not None else ""
        lines += _labelled("gold", f"{gold.quote or '(whole document)'}  [{gold.document}{page}; {result.state}]")
    said = f"refused ({result.refusal})" if result.refused else result.answer or "(nothing)"
    lines += _labelled("answer", said) + _labelled("confidence", f"{result.confidence:.3f}")
    if result.error:
        lines += _labelled("error", result.error)
    cited = [
        f"  {'gold' if each.gold else '    '} {'exact  ' if each.exact else 'INEXACT'} {short_path(each.uri)} "
        f'{each.span[0]}-{each.span[1]}  "{_one_line(each.quote)}"'
        for each in result.citations
    ]
    lines += _heading("Citations", [_cut(line) for line in cited])
    said_lines = [f"  {each.verdict:<12} {each.support:.2f}  {_one_line(each.text)}" for each in result.sentences]
    lines += _heading("Sentences and their support", [_cut(line) for line in said_lines])
    hits = [
        f"  {rank:>3} {each.score:>8.4f} {'gold' if each.gold else '    '} {short_path(each.uri)}"
        f"{f', page {each.page}' if each.page is not None else ''}  {_one_line(each.text)}"
        for rank, each in enumerate(result.hits, start=1)
    ]
    lines += _heading("Hits", [_cut(line) for line in hits])
    figures = [f"  {name:<{_NAME}} {result.metrics[name]:>8.3f}" for name in in_order(result.metrics)]
    lines += _heading("Metrics", figures)
    slices = [f"  {dimension:<{_NAME}} {', '.join(values)}" for dimension, values in sorted(result.slices.items())]
    return lines + _heading("Slices", slices)


def list_lines(runs: Sequence[StoredRun]) -> list[str]:
    width = max((len(each.name) for each in runs), default=0)
    lines = []
    for each in runs:
        if each.problem:
            lines.append(f"{each.name:<{width}}  cannot be read: {each.problem}")
            continue
        name = next((name for name in GATED.get(each.kind, ()) if name in each.metrics), "")
        main = each.metrics.get(name)
        figure = f"{name} {main['value']:.3f} ({main['low']:.3f} – {main['high']:.3f})" if main else ""
        asked = f"{each.set.get('name', '')} ({each.set.get('questions', '?')})"
        day = each.created_at[:16].replace("T", " ")
        lines.append(f"{each.name:<{width}}  {day}  {each.kind:<9}  {asked}  {figure}".rstrip())
    return lines


def figure_line(name: str, figure: Figure, indent: int = 2) -> str:
    """``name   0.712   0.655 – 0.763    266``; a dash where nothing was measured."""
    label = f"{' ' * indent}{name:<{_NAME + 2 - indent}}"
    if figure.n == 0:
        return f"{label} {'-':>8}   {'':<18} {0:>6}"
    interval = f"{_number(figure.low)} – {_number(figure.high)}"
    return f"{label} {_number(figure.value):>8}   {interval:<18} {figure.n:>6,}"


def _title(run: Run) -> list[str]:
    about = run.set
    system = " ".join(str(run.system[name]) for name in ("name", "citewell") if name in run.system)
    lines = [
        f"Run {run.name}: {run.kind}, {run.created_at[:16].replace('T', ' ')}",
        f"Questions {about.get('name', '')}: {len(run.results):,} ({about.get('origin', 'human')}), version "
        f"{str(about.get('identity', 'unknown'))[:8]}",
        f"System {system or 'unknown'}",
    ]
    if run.collection:
        held = [f"{run.collection[name]:,} {name}" for name in ("documents", "passages") if name in run.collection]
        encoder = f"encoder {run.collection['encoder']}" if "encoder" in run.collection else ""
        lines.append(f"Collection {', '.join([*held, *([encoder] if encoder else [])])}")
    return [_cut(line) for line in lines]


def _main(run: Run) -> list[str]:
    having = {name for result in run.results for name in result.metrics}
    return [name for name in GATED.get(run.kind, ()) if name in having] or in_order(having)[:1]


def _is_detail(name: str) -> bool:
    return name.startswith(("page ", "document ")) or name.endswith(_DETAILS)


def _slice_lines(metric: str, slices: Sequence[SliceFigure], total: int) -> list[str]:
    lines = []
    for dimension in dict.fromkeys(each.dimension for each in slices):
        members = [each for each in slices if each.dimension == dimension]
        if len(members) == 1 and members[0].figure.n == total:
            continue  # every question is in it: the figure above
        lines.append(f"  {dimension}")
        lines += [figure_line(each.value, each.figure, indent=4) for each in members if not each.too_small]
        if few := ", ".join(f"{each.value} ({each.figure.n})" for each in members if each.too_small):
            lines += [f"    {line}" for line in _wrapped(f"too few questions: {few}", WIDTH - 4)]
    return _heading(f"Slices of {metric} (fewer than {LEAST_QUESTIONS} questions say too little)", lines)


def _stale_lines(run: Run) -> Iterator[str]:
    for result in run.results:
        if result.state in _UNPLACED:
            documents = ", ".join(dict.fromkeys(gold.document for gold in result.question.golds))
            yield _cut(f"  {result.state:<9} {result.question.id}  {result.question.text}  [{documents}]")


def _worst_lines(result: Result) -> list[str]:
    if result.error:
        said = f"error: {result.error}"
    elif result.refused:
        said = f"refused ({result.refusal})"
    else:
        said = f"said: {_one_line(result.answer)}" if result.answer else "no answer"
    wanted = "wanted a refusal; " if not result.question.answerable else ""
    return [
        _cut(f"  {result.question.id}  {_one_line(result.question.text)}"), _cut(f"        {wanted}{said}"),
    ]  # fmt: skip


# -- two runs ----------------------------------------------------------------------------------------------------------


def comparison_lines(found: Comparison) -> list[str]:
    lines = [
        f"From {found.baseline} (A) to {found.run} (B): {count(found.questions, 'question')} in both", "",
        f"  {'':<{_NAME}} {'A':>7} {'B':>7}  {'B - A':>7}  {'95 % interval':<16} {'p':>6}  verdict",
    ]  # fmt: skip
    lines += [_compared_line(each.metric, each) for each in found.metrics]
    lines += _needed_lines(found.metrics)
    if found.slices:
        main, rows = found.metrics[0].metric, []
        for dimension in dict.fromkeys(each.dimension for each in found.slices):
            members = [each for each in found.slices if each.dimension == dimension]
            rows.append(f"  {dimension}")
            rows += [_compared_line(each.value, each, 4) for each in members if not each.too_small]
            if few := ", ".join(f"{each.value} ({each.run.n})" for each in members if each.too_small):
                rows += [f"    {line}" for line in _wrapped(f"too few questions: {few}", WIDTH - 4)]
        lines += _heading(f"Slices of {main}", rows)
    lines += _change_lines("Right now, were not", found.fixed) + _change_lines("Right before, are not", found.broken)
    lines += _change_lines("Largest gains", found.gains) + _change_lines("Largest losses", found.losses)
    differs = [_cut(f"  {name}: {old or 'none'} → {new or 'none'}") for name, old, new in found.differs]
    lines += _heading("What is not the same", differs)
    lines += _heading("Notes", [f"  {line}" for note in found.notes for line in _wrapped(note, WIDTH - 2)])
    lines += [
        "",
        *_wrapped(
            "p: paired randomisation test, corrected for every figure shown (Holm).",
            WIDTH,
        ),
    ]
    return lines


def _compared_line(name: str, each: Compared, indent: int = 2) -> str:
    interval = f"{each.difference.low:+.3f} to {each.difference.high:+.3f}"
    return (
        f"{' ' * indent}{name:<{_NAME + 2 - indent}} {_number(each.baseline.value):>7} {_number(each.run.value):>7}  "
        f"{each.difference.value:>+7.3f}  {interval:<16} {_p(each.corrected):>6}  {each.direction}"
    )


def _needed_lines(rows: Sequence[Compared]) -> list[str]:
    unseen = [each for each in rows if each.direction == "no difference seen" and each.needed]
    lines = [
        f"  {each.metric}: a true difference of {each.difference.value:+.3f} takes about {each.needed:,} questions"
        for each in unseen
    ]
    return _heading("To see such differences four times in five", lines)


def _change_lines(title: str, changes: Sequence[Change]) -> list[str]:
    lines = [
        _cut(f"  {each.question_id}  {each.baseline:.2f} → {each.run:.2f}  {_one_line(each.question)}")
        for each in changes
    ]
    metric = f", by {changes[0].metric}" if changes else ""
    return _heading(f"{title} ({len(changes)}{metric})", lines)


def gate_lines(report: GateReport) -> list[str]:
    lines = [f"Gate: {report.run} against {report.baseline}"]
    if report.metrics:
        lines += [
            f"{count(report.questions, 'question')} in both, margin {report.margin:g}", "",
            f"  {'':<22} {'baseline':>8} {'run':>7}  {'change':>7}  {'95 % interval':<18} {'p':>6}  {'would see':>9}",
        ]  # fmt: skip
    for each in report.metrics:
        interval = f"{each.difference.low:+.3f} to {each.difference.high:+.3f}"
        lines.append(
            f"  {each.metric:<22} {_number(each.baseline.value):>8} {_number(each.run.value):>7}  "
            f"{each.difference.value:>+7.3f}  {interval:<18} {_p(each.corrected):>6}  {each.detectable:>9.3f}  "
            f"{'WORSE' if each.regressed else 'ok'}"
        )
    lines += _heading("Floors", [_cut(f"  {each.message}") for each in report.floors])
    lines += _heading("Notes", [f"  {line}" for note in report.notes for line in _wrapped(note, WIDTH - 2)])
    word = {"pass": "PASS", "regression": "REGRESSION", "not comparable": "NOT COMPARABLE"}[report.status]
    return [*lines, "", *_wrapped(f"{word}: {report.reason}", WIDTH)]


# -- text --------------------------------------------------------------------------------------------------------------


def _heading(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _labelled(label: str, text: str) -> list[str]:
    first, *rest = _wrapped(_one_line(text), WIDTH - 13) or [""]
    return [f"  {label:<10} {first}", *(f"{'':<13}{line}" for line in rest)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _p(value: float | None) -> str:
    return "-" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
