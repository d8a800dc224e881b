"""Small client for the Beckline API, used by the test benches and by field service."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

BASE_ADDRESS = "https://api.beckline.tarnholt.example/v2"
TIMEOUT_SECONDS = 20
MAX_ATTEMPTS = 4
WRITE_BATCH = 500  # the service takes 1,000; half of it keeps the calls below one second


class BecklineError(Exception):
    """The service refused a call. ``code`` is the four-digit error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class BecklineClient:
    """Reads and writes values; waits and tries again when the service asks for it."""

    def __init__(self, key: str, base: str = BASE_ADDRESS) -> None:
        self._key = key
        self._base = base

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(self._base + path, data=data, method=method)
        request.add_header("X-Beckline-Key", self._key)
        request.add_header("Content-Type", "application/json")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code not in (429, 503) or attempt == MAX_ATTEMPTS:
                    detail = json.load(error)
                    raise BecklineError(detail["code"], detail["message"]) from error
                time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
        raise AssertionError("unreachable")

    def readings(self, tag: int, start: str, end: str, step: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the readings of ``tag`` between two UTC times, following the cursor."""
        path = f"/tags/{tag}/readings?from={start}&to={end}"
        if step is not None:
            path += f"&step={step}"
        cursor: str | None = None
        while True:
            page = self._call("GET", path + (f"&cursor={cursor}" if cursor else ""))
            yield from page["readings"]
            cursor = page.get("next")
            if cursor is None:
                return

    def write(self, tag: int, values: list[tuple[str, float]], quality: int = 0) -> int:
        """Write ``values`` in batches and return how many were sent. Duplicates (code 4091) are skipped."""
        sent = 0
        for first in range(0, len(values), WRITE_BATCH):
            batch = [{"t": t, "v": v, "q": quality} for t, v in values[first : first + WRITE_BATCH]]
            try:
                self._call("POST", f"/tags/{tag}/readings", {"readings": batch})
            except BecklineError as error:
                if error.code != 4091:
                    raise
            else:
                sent += len(batch)
        return sent

    def acknowledge(self, alarm: int, person: str) -> None:
        """Acknowledge an alarm in the name of ``person``."""
        self._call("POST", f"/alarms/{alarm}/ack", {"by": person})
