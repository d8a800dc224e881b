"""Printing: one JSON object, or text for people. Messages and progress go to standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

    from citewell.catalog import Item
    from citewell.ingest import Progress

    OnStage = Callable[[str, int, int], None]
    """Called with a stage, how much of it is done, and how much there is."""

PLAIN_SECONDS = 10.0  # between two lines of a stage where there is no terminal


def message(text: str) -> None:
    """A line for people on standard error."""
    sys.stderr.write(f"{printable(text)}\n")


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=not sys.stdout.isatty(), emoji=False, markup=False)


def printable(text: str) -> str:
    """``text`` without terminal control sequences: documents are not trusted to move the cursor."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)


def short_path(uri: str) -> str:
    """The path from here when that is shorter, else as it is."""
    relative = uri if "://" in uri else os.path.relpath(uri, Path.cwd())
    return printable(min(relative, uri, key=len)).replace("\n", "�")


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_NO_FILES = {"link": "a link that is not followed", "special": "no file, but a pipe, a socket or a device"}


def print_problems(problems: Iterable[Item]) -> None:
    """Failures one by one; what is not read by kind, because a folder can hold thousands of pictures."""
    kinds: dict[str, list[str]] = {}
    for item in problems:
        if item.status == "failed":
            message(f"  failed  {short_path(item.uri)}: {item.message}")
            continue
        ending = Path(item.uri).suffix.lower()
        kind = _NO_FILES.get(item.reason) or f"{ending or 'without an ending,'} is not read"
        kinds.setdefault(kind, []).append(Path(item.uri).name)
    for kind, names in sorted(kinds.items()):
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        message(f"  skipped {count(len(names), 'file')}, {kind}: {', '.join(names[:3])}{more}")
    if kinds:
        message("  (reasons for each:  citewell failures --all)")


@contextmanager
def ingest_progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar with files per second and time left; nothing when ``quiet``.

    Where standard error is no terminal, a plain line is printed every five seconds instead.
    """
    if quiet:
        yield None
        return
    from rich import progress as rich_progress

    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _plain_progress()
        return
    columns = (
        rich_progress.TextColumn("{task.description:<10}"), rich_progress.BarColumn(bar_width=30),
        rich_progress.MofNCompleteColumn(), rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeElapsedColumn(), rich_progress.TextColumn("left"), rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("{task.fields[name]}", style="dim"),
    )  # fmt: skip
    with rich_progress.Progress(*columns, console=screen, transient=True) as bars:
        task = bars.add_task("reading", total=None, rate="", name="")

        def show(progress: Progress) -> None:
            elapsed = bars.tasks[0].elapsed or 0
            rate = f"{progress.done / elapsed:.1f} files/s" if elapsed > 0 else ""
            name = printable(Path(progress.uri).name)[:40]
            bars.update(
                task, description=progress.stage, total=progress.total, completed=progress.done, rate=rate, name=name
            )

        yield show


def _plain_progress() -> Callable[[Progress], None]:
    import time

    started = time.monotonic()
    last = started

    def show(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if progress.stage != "reading":
            message("updating the index")
            return
        final = progress.done == progress.total
        if now - last < 5 and not final:
            return
        last = now
        rate = progress.done / max(now - started, 1e-6)
        left = (progress.total - progress.done) / max(rate, 1e-6)
        message(
            f"reading: {progress.done}/{progress.total} files, {progress.passages} passages, "
            f"{rate:.1f} files/s, {left:.0f} s left"
        )

    return show


@contextmanager
def stage_progress(quiet: bool) -> Iterator[OnStage | None]:
    """A bar per stage with rate and time left; nothing when ``quiet``.

    Where standard error is no terminal, a plain line is printed every ten seconds instead.
    """
    if quiet:
        yield None
        return
    from rich import progress as rich_progress

    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _plain_stages()
        return
    columns = (
        rich_progress.TextColumn("{task.description:<8}"), rich_progress.BarColumn(bar_width=30),
        rich_progress.MofNCompleteColumn(), rich_progress.TextColumn("{task.fields[rate]}"),
        rich_progress.TimeElapsedColumn(), rich_progress.TextColumn("left"), rich_progress.TimeRemainingColumn(),
    )  # fmt: skip
    with rich_progress.Progress(*columns, console=screen, transient=True) as bars:
        tasks: dict[str, rich_progress.TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, rate="")
            elapsed = bars.tasks[tasks[stage]].elapsed or 0.0
            bars.update(tasks[stage], completed=done, total=total, rate=f"{done / elapsed:.1f}/s" if elapsed else "")

        yield show


def _plain_stages() -> OnStage:
    import time

    started: dict[str, float] = {}
    last = 0.0

    def show(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if stage not in started:
            started[stage] = last = now
            message(f"{stage}: {total:,}")
        elif now - last >= PLAIN_SECONDS and done:
            last = now
            rate = done / (now - started[stage])
            message(f"{stage}: {done:,} of {total:,}, {rate:.1f} a second, {(total - done) / rate:.0f} s left")

    return show
