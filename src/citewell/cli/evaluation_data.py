"""``citewell evaluate reading`` and ``support``: data sets that bring their own texts, so no collection is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli.app import JsonOption
from citewell.cli.evaluate import evaluate
from citewell.cli.output import console, count, message, print_json, stage_progress
from citewell.settings import BUILTIN_ENCODER

if TYPE_CHECKING:
    from citewell.evaluation.runs import Run

OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the whole run here.")]


@evaluate.command("reading")
def reading(
    data: Annotated[Path, typer.Argument(metavar="SQUAD.json", help="SQuAD 1.1 or 2.0.")],
    predictions_file: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", help="Write the answers for the official script.")
    ] = None,
    null_odds_file: Annotated[
        Path | None, typer.Option("--null-odds", metavar="FILE", help="Write how likely there is no answer, likewise.")
    ] = None,
    answer_always: Annotated[bool, typer.Option("--answer-always", help="Never refuse.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many questions, evenly over the file.")] = None,
    encoder: Annotated[str, typer.Option(metavar="NAME|DIR", help="Another encoder.")] = BUILTIN_ENCODER,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Give every question its paragraph, read it, score the answer as SQuAD's official scripts do."""
    from citewell.evaluation.reading import evaluate_reading, null_odds, predictions
    from citewell.models.encoder import load_encoder

    _check(predictions_file, null_odds_file, out)
    with stage_progress(quiet=json) as show:
        run = evaluate_reading(
            data, encoder=load_encoder(encoder), limit=limit, answer_always=answer_always, on_progress=show
        )
    _write_json(predictions_file, predictions(run))
    _write_json(null_odds_file, null_odds(run))
    _finish(run, out, json)


@evaluate.command("support")
def support(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS.jsonl", help="Rows with premise, claim and label.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many pairs of each source.")] = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Score how far each premise supports its claim, and compare with the labels."""
    from citewell.evaluation.support_data import evaluate_support

    _check(out)
    with stage_progress(quiet=json) as show:
        run = evaluate_support(pairs, limit=limit, on_progress=show)
    _finish(run, out, json)


def _check(*paths: Path | None) -> None:
    """Finds out before the work that a file cannot be written."""
    from citewell.evaluation.keeping import writable

    for path in paths:
        if path is not None:
            writable(path)


def _write_json(path: Path | None, value: Any) -> None:
    from json import dumps

    from citewell.durable import write_durably

    if path is not None:
        write_durably(path, (dumps(value, ensure_ascii=False, indent=0) + "\n").encode())


def _finish(run: Run, out: Path | None, json: bool) -> None:
    """Writes the run where asked and prints its figures; the questions are only in the file."""
    if out is not None:
        run.write(out)
    if json:
        shown = run.to_json()
        del shown["results"]
        print_json(shown)
        return
    screen = console()
    noun = "pair" if run.kind == "support" else "question"
    screen.print(f"{run.set['name']}: {count(len(run.results), noun)}")
    width = max(map(len, run.metrics))
    for name, figure in run.metrics.items():
        interval = f"95 % interval {figure.low:.4f} – {figure.high:.4f}"
        screen.print(f"  {name:<{width}}  {figure.value:.4f}   {interval}   n {figure.n:,}")
    for source, figures in run.curves.get("sources", {}).items():
        screen.print(f"  {source}: n {next(iter(figures.values()))['n']:,}")
        for name, figure in figures.items():
            screen.print(f"    {name:<{width}}  {figure['value']:.4f}   {figure['low']:.4f} – {figure['high']:.4f}")
    screen.print("  " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in run.timings.items()))
    for note in run.notes:
        message(f"note: {note}")
