"""Commands about a collection's content: add, sync, sources, remove, status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, YesOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.follow import follow
from citewell.cli.output import (
    console,
    count,
    ingest_progress,
    message,
    print_json,
    print_problems,
    printable,
    short_path,
)
from citewell.errors import MassRemovalError, SettingsError

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.collection import Removal
    from citewell.ingest import IngestReport


@app.command()
def add(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="Folders or files.")],
    collection: CollectionOption = None,
    encoder: Annotated[
        str, typer.Option(metavar="NAME|DIR", help="Encoder of a new collection. [default: the shipped one]")
    ] = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Register folders or files as sources and index what is new in them. The collection is made if there is none."""
    from dataclasses import replace

    import citewell
    from citewell.sources.files import resolve

    for path in paths:
        resolve(path)
    settings = citewell.Settings().with_environment(stored=False)
    if encoder:
        name = str(Path(encoder).resolve()) if Path(encoder).is_dir() else encoder
        settings = replace(settings, index=replace(settings.index, encoder=name))
    opened = citewell.open(collection_path(context, collection), create=True, settings=settings)
    used = opened.store.settings.index.encoder
    if encoder and settings.index.encoder != used:
        raise SettingsError(
            f"This collection uses encoder '{used}'. Change it with:  citewell reindex --encoder {encoder}"
        )
    with ingest_progress(quiet=json) as show:
        reports = _confirmed(lambda sure: opened.add(*paths, on_progress=show, confirmed=sure), yes)
    print_reports(reports, json)


@app.command()
def sync(
    context: typer.Context,
    collection: CollectionOption = None,
    watching: Annotated[bool, typer.Option("--watch", help="Stay, and index changes as they happen.")] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="Stay, and sync at this interval: 90s, 15m, 6h, 1d.")] = "",
    poll: Annotated[
        str, typer.Option(metavar="TIME", help="With --watch: look for changes this often, for network drives.")
    ] = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Bring every source up to date: new, changed, renamed and removed files, changed readers."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    if watching or every or poll:
        follow(opened, every=every, poll=poll, watching=watching or bool(poll), json=json)
        return
    with ingest_progress(quiet=json) as show:
        reports = _confirmed(lambda sure: opened.sync(on_progress=show, confirmed=sure), yes)
    print_reports(reports, json)
    if not reports and not json:
        message("This collection has no sources yet. Add one:  citewell add FOLDER")


def _confirmed(run: Callable[[bool], list[IngestReport]], yes: bool) -> list[IngestReport]:
    """Runs, and asks a person who is there before many vanished files are forgotten."""
    try:
        return run(yes)
    except MassRemovalError as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        message(str(error))
        if not typer.confirm("Forget these files?", err=True):
            raise typer.Exit(2) from None
        return run(True)


@app.command()
def sources(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """List the places documents come from."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    found = opened.store.catalog.sources()
    if json:
        print_json({"sources": [asdict(each) for each in found]})
        return
    for each in found:
        console().print(f"{each.kind}  {printable(each.location)}  last sync {each.synced_at or 'never'}")


@app.command()
def remove(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="A source, a folder or file of it, or a document id.")],
    collection: CollectionOption = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Read every file of the collection afterwards, and write a receipt.")
    ] = False,
    from_snapshots: Annotated[
        bool, typer.Option("--from-snapshots", help="Take it out of every snapshot as well.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Remove documents from the index, then ask the index whether they are gone."""
    import citewell

    removal = citewell.open(collection_path(context, collection)).remove(
        target, prove=prove, from_snapshots=from_snapshots
    )
    if json:
        print_json(removal.to_json())
    else:
        _print_removal(removal)
    if removal.remaining or (removal.receipt and not removal.receipt.proved):
        raise typer.Exit(1)


def _print_removal(removal: Removal) -> None:
    removed = f"{count(len(removal.documents), 'document')} ({count(removal.passages, 'passage')})"
    later = "" if removal.source_removed else " They stay out until added again."
    console().print(f"Removed {removed}; asked the index afterwards: {removal.remaining} left.{later}")
    if removal.receipt:
        console().print(f"\n{printable(removal.receipt.to_text())}")


@app.command()
def status(
    context: typer.Context,
    collection: CollectionOption = None,
    everything: Annotated[bool, typer.Option("--all", help="List every document, not only problems.")] = False,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the collection holds and which files could not be read, with reasons."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    found = opened.status(make_scope(principals))
    items = opened.items(make_scope(principals))
    if json:
        print_json({
            "collection": found.root, "encoder": found.encoder, "documents": found.documents,
            "passages": found.passages, "bytes_on_disk": found.bytes_on_disk,
            "sources": [{"location": each.location, "synced_at": each.synced_at} for each in found.sources],
            "items": [_item_json(item) for item in (items if everything else found.problems)],
        })  # fmt: skip
        return
    screen = console()
    held = f"{count(found.documents, 'document')}, {count(found.passages, 'passage')}"
    screen.print(f"{printable(found.root)}: {held}, {found.bytes_on_disk / 1e6:.1f} MB, encoder {found.encoder}")
    for each in found.sources:
        screen.print(f"  source {printable(each.location)}, last sync {each.synced_at or 'never'}")
    if everything:
        for item in items:
            if item.is_document:
                screen.print(f"  {item.document_id[:12]}  {item.passages:>4} passages  {item.modified_at[:10]:<10}  "
                             f"{printable(short_path(item.uri))}")  # fmt: skip
    print_problems(found.problems)


def print_reports(reports: list[IngestReport], json: bool) -> None:
    if json:
        print_json({"sources": [report.to_json() for report in reports]})
        return
    for report in reports:
        rate = (report.added + report.changed) / report.seconds if report.seconds else 0.0
        parts = [f"{report.added} added", f"{report.changed} changed", f"{report.unchanged} unchanged",
                 f"{report.removed} removed"]  # fmt: skip
        if report.renamed:
            parts.insert(2, f"{report.renamed} renamed")
        if report.readers_changed:
            parts.append(f"{report.readers_changed} with changed readers")
        console(stderr=True).print(
            f"{printable(short_path(report.source.location))}: {', '.join(parts)}; {report.passages} passages in "
            f"{report.seconds:.1f} s" + (f" ({rate:.1f} documents/s)" if rate else "")
        )
        if not (report.added or report.changed or report.unchanged or report.problems):
            message("No file was found there. Hidden files and folders are not indexed.")
        print_problems(report.problems)


def _item_json(item: Item) -> dict[str, object]:
    names = ("uri", "document_id", "status", "reason", "message", "title", "media_type", "modified_at", "passages")
    return {**{name: getattr(item, name) for name in names}, "readers": list(item.readers)}
