"""Commands that look after a collection: check, reindex."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import CollectionOption, JsonOption, app, collection_path
from citewell.cli.output import console, count, message, print_json, printable

if TYPE_CHECKING:
    from citewell.reindex import ReindexProgress

_SHOWN = 50  # problems printed for people; --json has them all


@app.command()
def check(
    context: typer.Context,
    collection: CollectionOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended without losing anything.")] = False,
    json: JsonOption = False,
) -> None:
    """Verify everything a collection stores; exit with 1 when something contradicts itself."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    report = opened.repair() if repair else None
    problems = list(report.left) if report else opened.check()
    done = list(report.done) if report else []
    if json:
        print_json({
            "problems": problems, "repairable": sum(problem.repairable for problem in problems), "repaired": done,
        })  # fmt: skip
    else:
        for line in done:
            message(line)
        for problem in problems[:_SHOWN]:
            console().print(printable(problem))
        if len(problems) > _SHOWN:
            console().print(f"and {len(problems) - _SHOWN} more (all of them:  citewell check --json)")
        console().print(_verdict(len(problems), any(each.repairable for each in problems), repaired=repair))
    if problems:
        raise typer.Exit(1)


def _verdict(problems: int, repairable: bool, *, repaired: bool) -> str:
    if not problems:
        return "No problems found."
    if repaired:
        return f"{count(problems, 'problem')} left. Read the files again with:  citewell sync"
    return f"{count(problems, 'problem')} found." + " Mend with:  citewell check --repair" * repairable


@app.command()
def reindex(
    context: typer.Context,
    collection: CollectionOption = None,
    encoder: Annotated[str, typer.Option(metavar="NAME|DIR", help="Encoder to use. [default: the recorded one]")] = "",
    max_tokens: Annotated[
        int, typer.Option(metavar="NUMBER", help="Longest passage, in tokens. [default: the recorded one]", min=0)
    ] = 0,
    min_tokens: Annotated[
        int,
        typer.Option(
            metavar="NUMBER", help="Sections shorter than this are joined. [default: the recorded one]", min=0
        ),
    ] = 0,
    context_tokens: Annotated[
        int,
        typer.Option(metavar="NUMBER", help="Most tokens of title and headings. [default: the recorded one]", min=0),
    ] = 0,
    no_snapshot: Annotated[bool, typer.Option("--no-snapshot", help="Do not keep the state before.")] = False,
    json: JsonOption = False,
) -> None:
    """Cut and encode every document anew, with this release or other settings, while the old index goes on answering.

    A run that was stopped is continued by the same command. The state before is kept as a snapshot.
    """
    import citewell

    opened = citewell.open(collection_path(context, collection))
    name = str(Path(encoder).resolve()) if Path(encoder).is_dir() and encoder else encoder
    sizes = {"max_tokens": max_tokens, "min_tokens": min_tokens, "context_tokens": context_tokens}
    chosen = {key: value for key, value in sizes.items() if value}
    with _progress(quiet=json) as show:
        report = opened.reindex(name, chunking=chosen, keep_snapshot=not no_snapshot, on_progress=show)
    if json:
        print_json(report.to_json())
        return
    before = f", {report.continued} of them by the run before" if report.continued else ""
    console().print(
        f"Re-indexed {count(report.documents, 'document')}{before}: {count(report.passages, 'passage')}, "
        f"{report.encoded:,} texts encoded with {report.encoder} in {report.seconds:.1f} s."
    )
    if report.snapshot:
        console().print(f"To go back:  citewell snapshot restore {report.snapshot}")


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[ReindexProgress], None] | None]:
    """A bar with documents per second and time left; where standard error is no terminal, a line every five seconds."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield None if quiet else _lines()
        return
    from rich import progress as rich_progress

    columns = (
        rich_progress.TextColumn("{task.description:<10}"), rich_progress.BarColumn(bar_width=30),
        rich_progress.MofNCompleteColumn(), rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeElapsedColumn(), rich_progress.TextColumn("left"), rich_progress.TimeRemainingColumn(),
    )  # fmt: skip
    with rich_progress.Progress(*columns, console=screen, transient=True) as bars:
        task = bars.add_task("encoding", total=None, rate="")

        def show(progress: ReindexProgress) -> None:
            elapsed = bars.tasks[0].elapsed or 0
            rate = f"{progress.done / elapsed:.1f} documents/s" if elapsed > 0 else ""
            bars.update(task, description=progress.stage, total=progress.total, completed=progress.done, rate=rate)

        yield show


def _lines() -> Callable[[ReindexProgress], None]:
    started = last = time.monotonic()

    def show(progress: ReindexProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if progress.stage != "encoding":
            message("updating the index")
            return
        if now - last < 5 and progress.done < progress.total:
            return
        last = now
        rate = progress.done / max(now - started, 1e-6)
        left = (progress.total - progress.done) / max(rate, 1e-6)
        message(
            f"re-indexing: {progress.done}/{progress.total} documents, {progress.passages} passages, "
            f"{rate:.1f} documents/s, {left:.0f} s left"
        )

    return show
