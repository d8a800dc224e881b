"""All that is wrong with a file, told at once: the first problems one by one, and how many there are."""

from __future__ import annotations

from pathlib import Path

from citewell.errors import DataError

SHOWN = 20


class Problems:
    """Collects what is wrong with one data set; :meth:`stop` raises it all as one :class:`DataError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: list[str] = []
        self.count = 0

    def add(self, place: str, message: str) -> None:
        """place: the file with line or JSON path. message: what was found and what was expected, as a sentence."""
        self.count += 1
        if len(self._first) < SHOWN:
            self._first.append(f"{place}: {message}")

    def stop(self) -> None:
        """Raises when something was found."""
        if self.count == 1:
            raise DataError(self._first[0])
        if self.count:
            rest = f"\n  … and {self.count - SHOWN:,} more" if self.count > SHOWN else ""
            listed = "\n  ".join(self._first)
            raise DataError(f"{self._path}: {self.count:,} problems, nothing was read.\n  {listed}{rest}")
