"""``citewell compare``: the same questions with and without retrieval, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.output import console, count, message, print_json, printable, stage_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citewell.evaluation.runs import Figure
    from citewell.evaluation.systems import SystemRow, SystemTable

LEVEL = 0.05  # p after Holm below which a difference is called one
LABEL, COLUMN, COUNTS = 18, 20, 12  # characters of a line's name, of a system, of the number of questions
WIDTH = 120  # where there is no terminal
LEAST_P = 0.0001  # the smallest that 10,000 flips can show


@app.command("compare")
def compare(
    context: typer.Context,
    question_set: Annotated[str, typer.Argument(metavar="SET", help="A set of this collection, or a file.")],
    systems: Annotated[
        str, typer.Option(metavar="NAMES", help="Which of rag, retrieval, lexical, dense; with commas.")
    ] = "rag,retrieval",
    answers: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Answers given elsewhere, as JSONL, such as a model's (repeatable)."),
    ] = None,
    baseline: Annotated[str, typer.Option(metavar="NAME", help="Compare with this one. [default: the first]")] = "",
    split: Annotated[str, typer.Option(help="Only this part of the set.")] = "",
    name: Annotated[str, typer.Option(help="Name of the runs, before the system's. [default: the set's]")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    no_keep: Annotated[bool, typer.Option("--no-keep", help="Do not store the systems' runs.")] = False,
    collection: CollectionOption = None,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the same questions with retrieval, without it, and with half of it; compare answers, time and cost."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    with stage_progress(quiet=json) as show:
        table = opened.compare(
            question_set, systems=[each.strip() for each in systems.split(",") if each.strip()],
            answers=_named_files(answers or []), baseline=baseline, split=split, name=name, limit=limit,
            keep=not no_keep, scope=make_scope(principals), on_progress=show,
        )  # fmt: skip
    if json:
        print_json(table.to_json())
    else:
        _print_table(table, kept=not no_keep)


def _named_files(answers: list[str]) -> dict[str, Path]:
    from citewell.errors import SettingsError

    found: dict[str, Path] = {}
    for each in answers:
        name, separator, path = each.partition("=")
        if not (separator and name and path) or name in found:
            raise SettingsError(
                f"--answers '{each}' is not usable. Expected NAME=FILE, each name once, for example "
                "--answers closed-book=answers.jsonl"
            )
        found[name] = Path(path)
    return found


def _print_table(table: SystemTable, kept: bool) -> None:
    screen = console()
    screen.print(f"{printable(table.set)}: {count(table.questions, 'question')}; each figure with its 95 % interval")
    width = screen.width if screen.is_terminal else WIDTH
    at_once = max(1, (width - LABEL - COUNTS) // COLUMN)
    for start in range(0, len(table.rows), at_once):
        _print_columns(table, table.rows[start : start + at_once])
    _print_differences(table)
    for note in table.notes:
        message(f"note: {note}")
    if kept:
        names = " ".join(row.run.name for row in table.rows[:2])
        message(f"The runs are stored; more of two:  citewell evaluate compare {names}")


def _print_columns(table: SystemTable, rows: Sequence[SystemRow]) -> None:
    """Some of the systems side by side: as many as fit."""
    lines = [("", [row.name for row in rows], "questions")]
    for name in dict.fromkeys(name for row in table.rows for name in row.metrics):
        figures = [row.metrics.get(name) for row in rows]
        lines.append((name, [_share(each) for each in figures], _counts(figures)))
    lines.append(("refused", [f"{row.refused:,}" for row in rows], f"{table.questions:,}"))
    if any(row.failed for row in rows):
        lines.append(("failed", [f"{len(row.failed):,}" for row in rows], f"{table.questions:,}"))
    for name in ("p50", "p95"):
        figures = [row.seconds[name] if row.seconds[name].value else None for row in rows]
        lines.append((f"milliseconds {name}", [_milliseconds(each) for each in figures], _counts(figures)))
    for name in ("tokens", "cost"):
        figures = [each if (each := getattr(row, name)).value else None for row in rows]
        if any(figures):
            lines.append((f"{name} a question", [_amount(each) for each in figures], _counts(figures)))
    screen = console()
    screen.print()
    for label, cells, counts in lines:
        screen.print(f"{label:<{LABEL}}{''.join(f'{printable(cell):>{COLUMN}}' for cell in cells)}{counts:>{COUNTS}}")


def _print_differences(table: SystemTable) -> None:
    screen = console()
    others = [row for row in table.rows if row.differences]
    if others:
        screen.print(f"\nDifference to {table.baseline}, question by question; p after Holm over all of these")
    for row in others:
        screen.print(f"\n{printable(row.name)}")
        for name, each in row.differences.items():
            figure = each.figure
            word = "no difference seen" if each.p_holm >= LEVEL else "better" if figure.value > 0 else "worse"
            chance = "p < 0.0001" if each.p_holm < LEAST_P else f"p {each.p_holm:.4f}"
            interval = f"{figure.low:+.3f} to {figure.high:+.3f}"
            screen.print(f"  {name:<16}{figure.value:+8.3f}   {interval}   n {figure.n:<6,}{chance:<12}{word}")


def _share(figure: Figure | None) -> str:
    return f"{figure.value:.3f} ({figure.low:.2f}–{figure.high:.2f})" if figure else "–"


def _milliseconds(figure: Figure | None) -> str:
    value, low, high = (1000 * each for each in (figure.value, figure.low, figure.high)) if figure else (0, 0, 0)
    return f"{value:,.0f} ({low:,.0f}–{high:,.0f})" if figure else "–"


def _amount(figure: Figure | None) -> str:
    return f"{figure.value:.3g} ({figure.low:.3g}–{figure.high:.3g})" if figure else "–"


def _counts(figures: Sequence[Figure | None]) -> str:
    """The number of questions behind a line, a range where systems differ: a refusal has no groundedness."""
    found = [figure.n for figure in figures if figure]
    low, high = min(found, default=0), max(found, default=0)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
