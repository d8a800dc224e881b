"""Finished results of a run that may be stopped, appended to a file beside the run, so that it can be continued.

    samples-1.json                  the run
    samples-1.jsonl.partial         what was asked (one object), then one result a line

The file goes when the run is written, and with every removal of documents, whose words it may hold. What a killed
process left is read up to its last whole line.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from citewell.errors import DataError
from citewell.evaluation.places import UNFINISHED
from citewell.evaluation.runs import Result
from citewell.records import Json

EVERY_QUESTIONS, EVERY_SECONDS = 50, 30.0
"""Results are written at least this often: what a power cut may cost."""


def beside(run: Path) -> Path:
    """Where the results of an unfinished run to the file ``run`` are kept."""
    return run.with_name(run.name.removesuffix(".json") + UNFINISHED)


def discard(path: Path) -> None:
    """Deletes the results, once they are in a run."""
    path.unlink(missing_ok=True)


class Unfinished:
    """Results on their way to a run. As a context, it keeps what was added also when the block is stopped.

    path: ``None`` keeps nothing. asked: what makes two runs the same: set, collection, system, asker. resume: begin
    with the results that are there, which must be of the same run.
    """

    def __init__(self, path: Path | None, asked: Json, *, resume: bool = False) -> None:
        self.results: dict[str, Result] = {}
        self._waiting: list[Result] = []
        self._written_at = time.monotonic()
        self._file = _locked(path) if path is not None else None
        if self._file is not None and path is not None:
            try:
                self._begin(self._file, path, json.loads(json.dumps(asked)), resume)
            except BaseException:  # also Ctrl-C: the lock is let go, whatever stopped the reading
                self._file.close()
                raise

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self._flush()
        if self._file is not None:
            self._file.close()

    def add(self, result: Result) -> None:
        """Keeps ``result`` as it will be read back, so that a continued run has the same figures as any other."""
        kept = Result.from_json(result.to_json())
        self.results[kept.question.id] = kept
        self._waiting.append(kept)
        if len(self._waiting) >= EVERY_QUESTIONS or time.monotonic() - self._written_at >= EVERY_SECONDS:
            self._flush()

    def _begin(self, file: BinaryIO, path: Path, asked: Json, resume: bool) -> None:
        file.seek(0)
        lines = file.read().split(b"\n")[:-1] if resume else []  # what follows the last line break is torn
        if lines:
            self.results = _read(lines, path, asked)
            file.truncate(sum(len(line) + 1 for line in lines))
        else:
            file.truncate(0)
            _append(file, [asked])

    def _flush(self) -> None:
        if self._file is not None and self._waiting:
            _append(self._file, [each.to_json() for each in self._waiting])
        self._waiting.clear()
        self._written_at = time.monotonic()


def _locked(path: Path) -> BinaryIO:
    """The file, open for this process alone."""
    file = path.open("a+b")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise DataError(
            f"Another process is evaluating to the same run ({path}). Wait for it, or give another --name."
        ) from None
    return file


def _append(file: BinaryIO, values: list[Json]) -> None:
    file.writelines((json.dumps(value, ensure_ascii=False) + "\n").encode() for value in values)
    file.flush()
    os.fsync(file.fileno())


def _read(lines: list[bytes], path: Path, asked: Json) -> dict[str, Result]:
    """The results of the same run in ``path``."""
    anew = "Run without --resume to begin anew."
    try:
        first, *rest = [json.loads(line) for line in lines]
        results = [Result.from_json(each) for each in rest]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError(f"{path} holds no results of a run ({type(error).__name__}: {error}). {anew}") from None
    if first != asked:
        there = first if isinstance(first, dict) else {}
        differing = ", ".join(name for name in asked if there.get(name) != asked[name])
        raise DataError(
            f"{path} holds {len(results)} results of another run: not the same {differing or 'fields'}. A run is "
            f"continued with the same questions, documents, code and settings. {anew}"
        )
    return {each.question.id: each for each in results}
