"""Commands about files that could not be read: list, explain, retry, skip."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.collections import print_reports
from citewell.cli.output import console, count, ingest_progress, message, print_json, printable, short_path

if TYPE_CHECKING:
    from citewell.catalog import Item

failures = typer.Typer(no_args_is_help=False, help="Files that could not be read: list, explain, retry, skip.")
app.add_typer(failures, name="failures")

FileArgument = Annotated[str, typer.Argument(help="Path, end of a path, or document id.")]


@failures.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    collection: CollectionOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also files of kinds that are not read.")] = False,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """List the files that could not be read, by reason."""
    import citewell
    from citewell.failures import explain, retry_note

    if context.invoked_subcommand is not None:
        if collection is not None:
            context.obj = collection
        return
    opened = citewell.open(collection_path(context, collection))
    found = [
        item for item in opened.items(make_scope(principals))
        if item.status == "failed" or (everything and item.status == "skipped")
    ]  # fmt: skip
    if json:
        print_json({"failures": [_as_json(item) for item in found]})
        return
    screen = console()
    if not found:
        screen.print("Every file of a kind that is read was read.")
    for reason in sorted({item.reason for item in found}):
        items = [item for item in found if item.reason == reason]
        screen.print(f"{reason.replace('_', ' ')}: {count(len(items), 'file')}. {explain(items[0]).meaning}")
        for item in items:
            screen.print(f"  {short_path(item.uri)}")
            screen.print(f"    {printable(item.message)}")
            screen.print(f"    {retry_note(item)}")
    if found:
        message("What to do about one:  citewell failures explain FILE")


@failures.command("explain")
def explain_one(
    context: typer.Context,
    file: FileArgument,
    collection: CollectionOption = None,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Say what happened to one file, what that means and what to do."""
    import citewell
    from citewell.failures import explain, retry_note

    opened = citewell.open(collection_path(context, collection))
    item = opened.failure(file, scope=make_scope(principals))
    explanation = explain(item)
    if json:
        print_json({**_as_json(item), **asdict(explanation)})
        return
    screen = console()
    screen.print(f"{short_path(item.uri)}: {item.status}, {item.reason.replace('_', ' ')}")
    screen.print(f"  found    {printable(item.message)}")
    screen.print(f"  means    {explanation.meaning}")
    screen.print(f"  do       {explanation.advice}")
    screen.print(f"  again    {retry_note(item)}")


@failures.command()
def retry(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Path, end of a path, or document id; without it all failures.")] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Read failed files again now, changed or not."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    with ingest_progress(quiet=json) as show:
        reports = opened.retry(file, on_progress=show)
    print_reports(reports, json)


@failures.command()
def skip(
    context: typer.Context, file: FileArgument, collection: CollectionOption = None, json: JsonOption = False
) -> None:
    """Leave a file out from now on; adding its path again takes it back."""
    import citewell

    item = citewell.open(collection_path(context, collection)).skip(file)
    if json:
        print_json(_as_json(item))
    else:
        console().print(f"Left out: {short_path(item.uri)}. Take it back with:  citewell add '{short_path(item.uri)}'")


def _as_json(item: Item) -> dict[str, object]:
    names = ("uri", "document_id", "container", "status", "reason", "message", "attempts", "retry_at", "size")
    return {name: getattr(item, name) for name in names}
