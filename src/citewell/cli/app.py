"""The ``citewell`` command itself and the options that every command shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="citewell",
    help="Ask your own documents, offline, and get answers with exact citations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    rich_markup_mode=None,
)

DEFAULT_COLLECTION = Path(".citewell")


def _show_version(wanted: bool) -> None:
    if wanted:
        import citewell

        typer.echo(f"citewell {citewell.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    collection: Annotated[
        Path, typer.Option("-c", "--collection", metavar="DIR", help="The collection's directory.", show_default=True)
    ] = DEFAULT_COLLECTION,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    context.obj = collection


CollectionOption = Annotated[
    Path | None,
    typer.Option("-c", "--collection", metavar="DIR", help="The collection's directory. [default: ./.citewell]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on standard output.")]
AsOption = Annotated[
    list[str] | None,
    typer.Option("--as", metavar="PRINCIPAL", help="Read as user:NAME or group:NAME (repeatable). [default: owner]"),
]

YesOption = Annotated[
    bool, typer.Option("--yes", help="Forget files that are gone without asking, however many they are.")
]


def collection_path(context: typer.Context, given: Path | None) -> Path:
    """``-c`` after the command wins over ``-c`` before it."""
    path: Path = given or context.obj or DEFAULT_COLLECTION
    return path
