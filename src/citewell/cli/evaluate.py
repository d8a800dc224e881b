"""``citewell evaluate``: measure on data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citewell.cli.app import JsonOption, app
from citewell.cli.output import console, message, print_json

evaluate = typer.Typer(help="Measure retrieval on a data set.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate, name="evaluate")


@evaluate.callback()
def evaluate_options() -> None:
    """Measure on a data set."""
