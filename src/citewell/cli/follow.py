"""``citewell sync --watch`` and ``--every``: stays in the foreground and prints what each run did."""

from __future__ import annotations

import json as json_module
import re
import signal
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from citewell.cli.output import message, print_problems, printable, short_path
from citewell.errors import SettingsError, UserError

if TYPE_CHECKING:
    from citewell.collection import Collection
    from citewell.ingest import IngestReport

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def follow(opened: Collection, *, every: str, poll: str, watching: bool, json: bool) -> None:
    """Until Ctrl-C or a termination signal. Only runs that did something are printed; with json one object a line."""
    from citewell.watch import WatchSettings, every_so_often, watch

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    interval = seconds(every) if every else None
    settings = WatchSettings(full_seconds=interval or 600.0, poll_seconds=seconds(poll) if poll else None)

    def show(reports: list[IngestReport]) -> None:
        for report in reports:
            _print_run(report, json)

    def tell(error: UserError) -> None:
        message(f"{_clock()}  {error}")

    locations = ", ".join(short_path(each.location) for each in opened.store.catalog.sources()) or "no source yet"
    how = "as files change" if watching else f"every {every}"
    message(f"Following {locations} ({how}). Stop with Ctrl-C.")
    try:
        if watching:
            watch(opened, show, tell, stop, settings)
        else:
            every_so_often(opened, show, tell, stop, settings.full_seconds)
    except KeyboardInterrupt:
        stop.set()
    message("Stopped. Everything indexed so far is kept.")


def seconds(text: str) -> float:
    """``90s``, ``15m``, ``6h`` or ``1d`` as seconds; a bare number is seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if match is None or float(match[1]) <= 0:
        raise SettingsError(f"'{text}' is not a length of time. Expected a number and a unit: 90s, 15m, 6h or 1d.")
    return float(match[1]) * _UNITS[match[2] or "s"]


def _print_run(report: IngestReport, json: bool) -> None:
    did = {name: getattr(report, name) for name in ("added", "changed", "renamed", "removed", "readers_changed")}
    if not any(did.values()):
        return
    if json:
        sys.stdout.write(json_module.dumps(report.to_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    words = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in did.items() if number)
    message(f"{_clock()}  {printable(short_path(report.source.location))}: {words} in {report.seconds:.1f} s")
    if report.added or report.changed:
        print_problems(report.problems)


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
