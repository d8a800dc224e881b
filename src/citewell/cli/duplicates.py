"""``citewell duplicates``: documents that are copies or versions of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.output import console, count, message, print_json, short_path

if TYPE_CHECKING:
    from citewell.duplicates import Group, Signed

_SHOWN = 20  # documents of one group printed for people; --json has them all


@app.command("duplicates")
def duplicates_command(
    context: typer.Context,
    collection: CollectionOption = None,
    versions: Annotated[bool, typer.Option("--versions", help="Only groups that hold several versions.")] = False,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """List documents that are copies, near copies or versions of one another."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    found = [group for group in opened.duplicates(make_scope(principals)) if not versions or group.kind == "versions"]
    if json:
        print_json({"groups": [group.to_json() for group in found]})
        return
    for group in found:
        _print_group(group)
    if not found:
        console().print("No document is a copy or a version of another.")
    else:
        documents = sum(len(group.documents) for group in found)
        message(f"{count(len(found), 'group')}, {count(documents, 'document')}. Nothing was changed or left out.")


def _print_group(group: Group) -> None:
    screen = console()
    screen.print(f"{group.kind}: {count(len(group.documents), 'document')}, overlap {group.similarity:.0%}")
    left = _SHOWN
    for number, version in enumerate(group.versions):
        mark = "newest  " if group.kind == "versions" and number == 0 else " " * 8
        for copy, document in enumerate(version[:left]):
            screen.print(f"  {mark if copy == 0 else '  copy  '}{_line(document)}")
        left -= len(version[:left])
    if len(group.documents) > _SHOWN:
        screen.print(f"  … and {len(group.documents) - _SHOWN} more (all of them:  citewell duplicates --json)")


def _line(document: Signed) -> str:
    return f"{document.modified_at[:10] or 'undated':<12}{short_path(document.uri)}"
