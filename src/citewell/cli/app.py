"""The ``citewell`` command: its options, its exit statuses, and what happens when something goes wrong.

Exit status: 0 done, 1 an honest negative (a check found problems), 2 the user must change something, 3 a fault of ours
(the traceback is in a report file), 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

import typer

from citewell.cli.output import message
from citewell.errors import IntegrityError, UserError

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


def run() -> None:
    """Runs the command line and turns errors into messages and exit statuses."""
    from citewell.cli import ask, collections, documents, evaluate  # noqa: F401 — each registers its commands

    try:
        app()
    except UserError as error:
        message(f"error: {error}")
        sys.exit(2)
    except IntegrityError as error:
        message(f"integrity problem: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        message("Stopped. What was committed is kept; run the same command again to go on.")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 — the last resort: anything here is a fault of ours, and is reported whole
        path = _write_report(error)
        message(f"citewell failed: {type(error).__name__}: {error}\nThis is a fault of Citewell. The report is in {path}")
        sys.exit(3)


def _write_report(error: Exception) -> Path:
    import citewell

    handle, name = tempfile.mkstemp(prefix="citewell-report-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"citewell {citewell.__version__}, Python {platform.python_version()}, {platform.platform()}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return Path(name)


def collection_path(context: typer.Context, given: Path | None) -> Path:
    """``-c`` after the command wins over ``-c`` before it."""
    path: Path = given or context.obj or DEFAULT_COLLECTION
    return path
