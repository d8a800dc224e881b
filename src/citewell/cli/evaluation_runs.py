"""Commands about runs: evaluate show, runs, compare; and ``citewell gate``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import CollectionOption, JsonOption, app, collection_path
from citewell.cli.evaluate import evaluate
from citewell.cli.output import console, message, print_json, printable
from citewell.errors import DataError

if TYPE_CHECKING:
    from citewell.evaluation.runs import Result, Run
    from citewell.store import Store

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's name in the collection, or its file.")]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Also write the verdicts as JUnit XML.")
]
SharedOption = Annotated[
    bool, typer.Option("--shared", help="Compare only the questions that two different sets have in common.")
]


@evaluate.command()
def show(
    context: typer.Context,
    run: RunArgument,
    question: Annotated[str, typer.Option("--question", metavar="ID", help="One question in full.")] = "",
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst questions to list.")] = 10,
    everything: Annotated[bool, typer.Option("--all", help="Every figure, and the slices of every main one.")] = False,
    junit: JunitOption = None,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Show a run: figures with intervals, slices, notes, stale golds, the worst questions."""
    from citewell.cli import evaluation_text
    from citewell.evaluation.junit import junit_of_run, write_junit
    from citewell.evaluation.keeping import writable

    if junit:
        writable(junit)
    found = _open(context, collection, run)
    if question:
        result = _result(found, question)
        if json:
            print_json(result.to_json())
        else:
            _print(evaluation_text.question_lines(result))
        return
    if junit:
        write_junit(junit, junit_of_run(found))
    if json:
        print_json(evaluation_text.summary_json(found, worst))
    else:
        _print(evaluation_text.run_lines(found, worst, everything))


@evaluate.command()
def runs(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """List the runs that the collection keeps, oldest first."""
    from citewell.cli import evaluation_text
    from citewell.evaluation.library import list_runs
    from citewell.store import Store

    found = list_runs(Store.open(collection_path(context, collection)))
    if json:
        print_json({"runs": [each.to_json() for each in found]})
        return
    _print(evaluation_text.list_lines(found))
    if not found:
        message("No run is kept yet. Make one:  citewell evaluate answers SET")


@evaluate.command()
def compare(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="The earlier run: a name or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The later run: a name or a file.")],
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Compare this metric (repeatable; the first is the main one)."),
    ] = None,
    shared: SharedOption = False,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Compare two runs question by question: what got better, what got worse, from A to B."""
    from citewell.cli import evaluation_text
    from citewell.evaluation.comparing import compare_runs

    found = compare_runs(
        _open(context, collection, after), _open(context, collection, before), metrics=metric or (), shared=shared
    )
    if json:
        print_json(found.to_json())
    else:
        _print(evaluation_text.comparison_lines(found))


@app.command()
def gate(
    context: typer.Context,
    run: RunArgument,
    against: Annotated[str, typer.Option("--against", metavar="BASELINE", help="The run to be no worse than.")],
    margin: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Put up with a loss of so much, such as 0.02.")
    ] = 0.0,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Gate this metric instead of the usual ones (repeatable)."),
    ] = None,
    floor: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=BOUND", help='A bound to keep, such as "correct=0.6" (repeatable).'),
    ] = None,
    shared: SharedOption = False,
    junit: JunitOption = None,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Say whether a run is worse than its baseline. Exit status: 0 no, 1 regression, 2 not comparable."""
    from citewell.cli import evaluation_text
    from citewell.evaluation.gate import gate as judge
    from citewell.evaluation.junit import junit_of_gate, write_junit
    from citewell.evaluation.keeping import writable

    if junit:
        writable(junit)
    floors = dict(_floor(each) for each in floor or ())
    report = judge(
        _open(context, collection, run), _open(context, collection, against), margin, metric or (), floors,
        shared=shared,
    )  # fmt: skip
    if junit:
        write_junit(junit, junit_of_gate(report))
    if json:
        print_json(report.to_json())
    else:
        _print(evaluation_text.gate_lines(report))
    raise typer.Exit(report.exit_status)


def _open(context: typer.Context, collection: Path | None, name: str) -> Run:
    from citewell.evaluation.library import load_run

    return load_run(_store(collection_path(context, collection)), name)


def _result(run: Run, question: str) -> Result:
    found = next((each for each in run.results if each.question.id == question), None)
    if found is None:
        ids = [each.question.id for each in run.results]
        known = f", from '{ids[0]}' to '{ids[-1]}'" if ids else ""
        raise DataError(f"The run '{run.name}' has no question '{question}'. It has {len(ids)}{known}.")
    return found


def _store(path: Path) -> Store | None:
    """The collection, if there is one: runs in files can be read without."""
    from citewell.store import MANIFEST, Store

    return Store.open(path) if (path / MANIFEST).exists() else None


def _floor(text: str) -> tuple[str, float]:
    name, _, wanted = text.rpartition("=")
    try:
        bound = float(wanted)
    except ValueError:
        bound = math.nan
    if not name.strip() or not math.isfinite(bound):
        raise DataError(f"'{text}' is not a floor. Expected a metric and a number, such as correct=0.6")
    return name.strip(), bound


def _print(lines: list[str]) -> None:
    screen = console()
    for line in lines:
        screen.print(printable(line))
