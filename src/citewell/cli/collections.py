"""Commands about a collection's content: add, sync, sources, remove, status, check, reindex."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
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
from citewell.errors import SettingsError

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
        reports = opened.add(*paths, on_progress=show)
    _print_reports(reports, json)


@app.command()
def sync(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """Bring every source up to date: new, changed and removed files, changed readers."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    with ingest_progress(quiet=json) as show:
        reports = opened.sync(on_progress=show)
    _print_reports(reports, json)
    if not reports and not json:
        message("This collection has no sources yet. Add one:  citewell add FOLDER")


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
    json: JsonOption = False,
) -> None:
    """Remove documents from the index, then ask the index whether they are gone."""
    import citewell

    removal = citewell.open(collection_path(context, collection)).remove(target)
    if json:
        print_json(asdict(removal))
    else:
        _print_removal(removal)
    if removal.remaining:
        raise typer.Exit(1)


def _print_removal(removal: Removal) -> None:
    removed = f"{count(len(removal.documents), 'document')} ({count(removal.passages, 'passage')})"
    later = "" if removal.source_removed else " They stay out until added again."
    console().print(f"Removed {removed}; asked the index afterwards: {removal.remaining} left.{later}")


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
            if item.version:
                screen.print(f"  {item.document_id[:12]}  {item.passages:>4} passages  {item.modified_at[:10]:<10}  "
                             f"{printable(short_path(item.uri))}")  # fmt: skip
    print_problems(found.problems)


@app.command()
def check(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """Compare index, catalog and stored texts; exit with 1 when they contradict each other."""
    import citewell

    problems = citewell.open(collection_path(context, collection)).check()
    if json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            console().print(printable(problem))
        console().print("No problems found." if not problems else "Repair with:  citewell sync")
    if problems:
        raise typer.Exit(1)


@app.command()
def reindex(
    context: typer.Context,
    collection: CollectionOption = None,
    encoder: Annotated[str, typer.Option(metavar="NAME|DIR", help="Encoder to use. [default: the recorded one]")] = "",
) -> None:
    """Encode every stored passage again, with this release's encoder or another one."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    total = opened.store.index.count(make_scope(None))
    name = encoder or opened.store.settings.index.encoder
    name = str(Path(name).resolve()) if Path(name).is_dir() else name
    done = opened.reindex(name, lambda count: message(f"reindexing: {count}/{total} passages"))
    console().print(f"Re-indexed {count(done, 'passage')} with {opened.store.manifest.encoder}.")


def _print_reports(reports: list[IngestReport], json: bool) -> None:
    if json:
        print_json({"sources": [report.to_json() for report in reports]})
        return
    for report in reports:
        rate = (report.added + report.changed) / report.seconds if report.seconds else 0.0
        parts = [f"{report.added} added", f"{report.changed} changed", f"{report.unchanged} unchanged",
                 f"{report.removed} removed"]  # fmt: skip
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
