"""Runs the command line: which commands there are, and what happens when something goes wrong.

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

from citewell.cli import (  # noqa: F401 — each registers its commands
    ask,
    collections,
    compare,
    diagnose,
    documents,
    duplicates,
    evaluate,
    evaluation_data,
    evaluation_report,
    evaluation_runs,
    evaluation_sets,
    failures,
    learn,
    learn_calibration,
    maintenance,
    models,
    snapshots,
)
from citewell.cli.app import app
from citewell.cli.output import message
from citewell.errors import IntegrityError, UserError, damage, refusal

INTERRUPTED = 130  # what the command line library exits with after Ctrl-C: 128 + SIGINT


def run() -> None:
    """Runs the command line and turns errors into messages and exit statuses."""
    try:
        app()
    except UserError as error:
        message(f"error: {error}")
        sys.exit(2)
    except IntegrityError as error:
        message(f"integrity problem: {error}")
        sys.exit(1)
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            message("Stopped. What was committed is kept; run the same command again to go on.")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 — the last resort: anything here is a fault of ours, and is reported whole
        if told := refusal(error):
            message(f"error: {told}")
            sys.exit(2)
        if told := damage(error):
            message(f"integrity problem: {told}")
            sys.exit(1)
        path = _write_report(error)
        message(f"citewell failed: {type(error).__name__}: {error}")
        message(f"This is a fault of Citewell, not of yours. The report is in {path}")
        sys.exit(3)


def _write_report(error: Exception) -> Path:
    import citewell

    handle, name = tempfile.mkstemp(prefix="citewell-report-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"citewell {citewell.__version__}, Python {platform.python_version()}, {platform.platform()}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return Path(name)
