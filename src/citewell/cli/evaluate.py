"""``citewell evaluate``: measure on data sets, with the same code that answers questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import JsonOption, app
from citewell.cli.output import console, message, print_json
from citewell.settings import BUILTIN_ENCODER

if TYPE_CHECKING:
    from citewell.evaluation.retrieval import Progress, RetrievalReport

evaluate = typer.Typer(help="Measure on a data set, with intervals.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate, name="evaluate")


class Method(StrEnum):
    """Which rankings are used."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    DENSE = "dense"


@evaluate.callback()
def evaluate_options() -> None:
    """Measure on a data set, with intervals."""


@evaluate.command("retrieval")
def retrieval(
    directory: Annotated[Path, typer.Argument(help="Folder in BEIR layout: corpus.jsonl, queries.jsonl, qrels/*.tsv.")],
    split: Annotated[str, typer.Option(help="Which qrels file, without .tsv.")] = "test",
    method: Annotated[Method, typer.Option(help="Fused, or one search alone.")] = Method.HYBRID,
    run_file: Annotated[Path | None, typer.Option(help="Write the ranking here, in TREC format.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many judged questions.")] = None,
    encoder: Annotated[str, typer.Option(metavar="NAME|DIR", help="Another encoder.")] = BUILTIN_ENCODER,
    json: JsonOption = False,
) -> None:
    """Index a BEIR data set, search for its judged questions, report nDCG, recall, MRR, precision and MAP."""
    from citewell.evaluation.retrieval import evaluate_retrieval
    from citewell.models.encoder import load_encoder

    with _progress(quiet=json) as show:
        report = evaluate_retrieval(
            directory, split, method.value, run_file=run_file, limit=limit, encoder=load_encoder(encoder), progress=show
        )
    if json:
        print_json(report.to_json())
    else:
        _print_report(report)


def _print_report(report: RetrievalReport) -> None:
    screen = console()
    screen.print(
        f"{report.data}, split {report.split}, {report.method}: {report.queries:,} questions over {report.documents:,} "
        f"documents ({report.passages:,} passages), encoder {report.encoder}"
    )
    for name, measured in report.metrics.items():
        screen.print(f"  {name:<12} {measured.value:.4f}   95 % interval {measured.low:.4f} – {measured.high:.4f}")
    if not report.metrics:
        message("note: only the ranking was written. For metrics:  pip install 'citewell[eval]'")
    screen.print("  " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items()))
    if report.outside:
        message(f"note: {report.outside} judged documents are not in the corpus; they count as not found.")


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar per stage with rate and time left; plain lines where standard error is no terminal."""
    if quiet:
        yield None
        return
    from rich import progress as rich_progress

    screen = console(stderr=True)
    columns = (
        rich_progress.TextColumn("{task.description:<8}"), rich_progress.BarColumn(bar_width=30),
        rich_progress.MofNCompleteColumn(), rich_progress.TimeElapsedColumn(), rich_progress.TextColumn("left"),
        rich_progress.TimeRemainingColumn(),
    )  # fmt: skip
    with rich_progress.Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
        tasks: dict[str, rich_progress.TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
                if not screen.is_terminal:
                    message(f"{stage}: {total:,}")
            bars.update(tasks[stage], completed=done, total=total)

        yield show
