"""``citewell evaluate``: measure on data sets, with the same code that answers questions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.output import console, count, message, print_json, printable, short_path, stage_progress
from citewell.settings import BUILTIN_ENCODER

if TYPE_CHECKING:
    from rich.console import Console

    from citewell.evaluation.retrieval import RetrievalReport
    from citewell.evaluation.runs import Figure, Run

evaluate = typer.Typer(help="Measure on a data set, with intervals.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate, name="evaluate")


class Method(StrEnum):
    """Which rankings are used."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    DENSE = "dense"


MAIN = {
    "Answering": (
        "correct", "correct when answerable", "correct when unanswerable", "answer accuracy", "F1", "completeness",
        "instructions",
    ),
    "Retrieval": (
        "passage Recall@10", "passage nDCG@10", "passage MRR@10", "page Recall@10", "document Recall@10",
        "document MRR@10",
    ),
    "Citations": ("gold shown", "citation precision", "citation recall", "quote exactness", "groundedness"),
    "Refusal": ("coverage", "risk", "area under coverage-risk", "expected calibration error"),
}  # fmt: skip
"""What is printed of a run, by what it tells about; the run has more."""
ONE_LINE = 150  # columns a terminal needs for a figure and its meaning in one line


@evaluate.callback()
def evaluate_options() -> None:
    """Measure on a data set, with intervals."""


@evaluate.command("answers")
def answers(
    context: typer.Context,
    question_set: Annotated[
        str,
        typer.Argument(metavar="SET", help="A set of this collection, a file, or 'samples' (the shipped questions)."),
    ],
    split: Annotated[str, typer.Option(help="Only this part of the set.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    name: Annotated[str, typer.Option(help="Name of the run. [default: the set's and a number]")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the run here instead of into the collection.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write each question's verdict as JUnit XML.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was stopped.")] = False,
    collection: CollectionOption = None,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Ask every question of a set, score the answers, keep the run, print the main figures with their intervals."""
    import citewell
    from citewell.evaluation.junit import junit_of_run, write_junit
    from citewell.evaluation.keeping import evaluate_to, open_questions, writable

    store = citewell.open(collection_path(context, collection)).store
    questions = open_questions(store, question_set, split)
    if junit is not None:
        writable(junit)
    try:
        with stage_progress(quiet=json) as show:
            run, path = evaluate_to(
                store, questions, make_scope(principals), name=name, out=out, limit=limit, resume=resume,
                on_progress=show,
            )  # fmt: skip
    except KeyboardInterrupt:
        message("Stopped. Finished answers are kept; continue with the same command and --resume.")
        raise typer.Exit(130) from None
    if junit is not None:
        write_junit(junit, junit_of_run(run))
    if json:
        print_json({"file": str(path), **{key: value for key, value in run.to_json().items() if key != "results"}})
    else:
        _print_run(run, path, stored=out is None)


def _print_run(run: Run, path: Path, *, stored: bool) -> None:
    from citewell.evaluation.metrics.catalog import METRICS

    screen = console()
    screen.print(
        f"{printable(run.name)}: {count(len(run.results), 'question')} of {printable(run.set['name'])} to "
        f"{count(run.collection['documents'], 'document')} ({count(run.collection['passages'], 'passage')}). "
        "Each figure with its 95 % interval."
    )
    beside = "  " if not screen.is_terminal or screen.width >= ONE_LINE else "\n      "
    for group, names in MAIN.items():
        shown = [name for name in names if name in run.metrics]
        if shown:
            screen.print(f"\n{group}")
        for name in shown:
            screen.print(f"{_row(name, run.metrics[name])}{beside}{METRICS[name].meaning}")
    _print_speed(screen, run)
    for note in run.notes:
        message(f"note: {note}")
    message(f"The run is in {short_path(str(path))}")
    called = run.name if stored else short_path(str(path))
    message(f"Why were answers wrong:   citewell diagnose {called}")
    message(f"All figures, to read:     citewell evaluate report {called}")


def _row(name: str, figure: Figure) -> str:
    return f"  {name:<27}{figure.value:.3f}   {figure.low:.3f} – {figure.high:.3f}   n {figure.n:<6,}"


def _print_speed(screen: Console, run: Run) -> None:
    from citewell.evaluation.statistics import interval

    stages = [name.removesuffix(" p50") for name in run.timings if name.endswith(" p50")]
    if not stages:
        return
    screen.print("\nSpeed (milliseconds a question: half are faster than the first figure, 95 % than the second)")
    for stage in stages:
        half, most = (1000 * run.timings[f"{stage} {level}"] for level in ("p50", "p95"))
        screen.print(f"  {stage:<27}{half:.1f}   {most:.1f}")
    if any(result.cost for result in run.results):
        cost = interval([result.cost for result in run.results], bounds=None)
        screen.print(f"  {'cost':<27}{cost.value:.4g}   {cost.low:.4g} – {cost.high:.4g}")
    screen.print("")


@evaluate.command("retrieval")
def retrieval(
    directory: Annotated[
        Path,
        typer.Argument(
            help="Folder in BEIR layout: corpus.jsonl, queries.jsonl, qrels/*.tsv; or a file of TREC qrels."
        ),
    ],
    split: Annotated[str, typer.Option(help="Which qrels file, without .tsv.")] = "test",
    method: Annotated[Method, typer.Option(help="Fused, or one search alone.")] = Method.HYBRID,
    from_run: Annotated[
        Path | None, typer.Option("--from-run", metavar="FILE", help="Score this TREC run; search nothing.")
    ] = None,
    run_file: Annotated[Path | None, typer.Option(help="Write the ranking here, in TREC format.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the whole run here, question by question.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the run. [default: data set and split]")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many judged questions.")] = None,
    encoder: Annotated[str, typer.Option(metavar="NAME|DIR", help="Another encoder.")] = BUILTIN_ENCODER,
    json: JsonOption = False,
) -> None:
    """Index a BEIR data set, search for its judged questions, report nDCG, recall, MRR, precision and MAP."""
    from citewell.evaluation.keeping import writable
    from citewell.evaluation.retrieval import evaluate_retrieval, score_rankings
    from citewell.models.encoder import load_encoder

    for path in (run_file, out):
        if path is not None:
            writable(path)
    if from_run is not None:
        report = score_rankings(directory, from_run, split, limit, name)
    else:
        with stage_progress(quiet=json) as show:
            report = evaluate_retrieval(
                directory, split, method.value, run_file=run_file, limit=limit, encoder=load_encoder(encoder),
                progress=show, name=name,
            )  # fmt: skip
    if out is not None and report.run is not None:
        report.run.write(out)
    if json:
        print_json(report.to_json())
    else:
        _print_report(report)


def _print_report(report: RetrievalReport) -> None:
    screen = console()
    screen.print(
        f"{report.data}, {f'split {report.split}, ' * bool(report.split)}{report.method}: {report.queries:,} questions "
        f"over {report.documents:,} documents"
        + (f" ({report.passages:,} passages), encoder {report.encoder}" if report.encoder else "")
    )
    for name, measured in report.metrics.items():
        screen.print(f"  {name:<12} {measured.value:.4f}   95 % interval {measured.low:.4f} – {measured.high:.4f}")
    screen.print("  " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items()))
    for note in report.run.notes if report.run is not None else ():
        message(f"note: {note}")
