"""``citewell evaluate report``: a run as one HTML file, for people."""

from __future__ import annotations

import json as json_reader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import CollectionOption, JsonOption
from citewell.cli.evaluate import evaluate
from citewell.cli.evaluation_runs import RunArgument, SharedOption, _open
from citewell.cli.output import console, message, print_json, short_path
from citewell.errors import DataError

if TYPE_CHECKING:
    from citewell.records import Json


@evaluate.command("report")
def report(
    context: typer.Context,
    run: RunArgument,
    against: Annotated[str, typer.Option("--against", metavar="BASELINE", help="Another run, to show beside it.")] = "",
    diagnosis: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What citewell diagnose RUN --json printed.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Where to write.", show_default="RUN.html")
    ] = None,
    shared: SharedOption = False,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Write a run as one HTML file with its figures, plots and questions. It needs no network and no script."""
    from citewell.durable import write_durably
    from citewell.evaluation.comparing import compare_runs
    from citewell.evaluation.report import report_html

    path = _checked(out or Path(f"{Path(run).name.removesuffix('.json')}.html"))
    measured = _open(context, collection, run)
    compared = compare_runs(measured, _open(context, collection, against), shared=shared) if against else None
    page = report_html(measured, diagnosis=_read(diagnosis) if diagnosis else None, comparison=compared).encode()
    write_durably(path, page)
    path.chmod(0o600)  # it holds texts of documents that others may not be allowed to read
    if json:
        print_json({"report": str(path), "bytes": len(page), "run": measured.name, "questions": len(measured.results)})
        return
    console().print(f"{short_path(str(path.absolute()))}: {len(page) / 1e6:.1f} MB, opens in any browser")
    message("Only you can open it: it holds texts from the documents. Share it with people who may read those.")


def _checked(path: Path) -> Path:
    """Refuses names under which something else would be overwritten, before anything is worked out."""
    if path.suffix.lower() not in {".html", ".htm"}:
        raise DataError(f"'{path}' is no name for a report: it is an HTML file, so its name has to end in .html")
    if not path.parent.is_dir():
        raise DataError(f"There is no folder '{path.parent}' to write the report to. Make it, or choose another --out.")
    if path.is_dir():
        raise DataError(f"'{path}' is a folder. Choose another name:  --out FILE.html")
    return path


def _read(path: Path) -> Json:
    try:
        data = json_reader.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"There is no file '{path}'. Make it:  citewell diagnose RUN --json > {path.name}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a diagnosis: {error}.") from None
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list):
        raise DataError(f"{path} is no diagnosis: it has no list of cases. Make one:  citewell diagnose RUN --json")
    return data
