"""Parsers in processes of their own, measured from outside: seconds, CPU seconds and memory of the process tree."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.ingest_peers import descendants, resident

START_SECONDS = 120
SAMPLE_SECONDS = 0.02
TICK = os.sysconf("SC_CLK_TCK")


class System:
    """One parser in its own process, started again after a file that stopped it."""

    def __init__(self, name: str, python: Path, timeout: float) -> None:
        self.name = name
        self.python = python
        self.timeout = timeout
        self.process: subprocess.Popen[bytes] | None = None

    def measure(self, path: Path) -> dict[str, Any]:
        """The answer, with seconds, CPU seconds and peak memory."""
        process = self._started()
        peak: list[int] = [0]
        stop = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, stop))
        before = _cpu(process.pid)
        started = time.perf_counter()
        watcher.start()
        assert process.stdin
        process.stdin.write(f"{path}\n".encode())
        process.stdin.flush()
        line = self._line(self.timeout)
        waited = time.perf_counter() - started
        after = _cpu(process.pid)
        stop.set()
        watcher.join()
        answer = json.loads(line) if line else {"error": f"no answer in {self.timeout:g} s", "seconds": waited}
        if not line:
            self.stop()
        return {**answer, "cpu": max(0.0, after - before), "peak": peak[0]}

    def stop(self) -> None:
        if self.process:
            for pid in list(descendants(self.process.pid)):
                with contextlib.suppress(ProcessLookupError):  # it ended by itself
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            command = [str(self.python), "-P", str(Path(__file__).with_name("parsing_child.py")), self.name]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
            if self._line(START_SECONDS) != b"ready\n":
                sys.exit(f"{self.name} does not start. See why with:  {' '.join(command)}")
        return self.process

    def _line(self, seconds: float) -> bytes:
        """One line of answer; empty when the process ended or took longer."""
        assert self.process and self.process.stdout
        descriptor, found, deadline = self.process.stdout.fileno(), bytearray(), time.monotonic() + seconds
        while not found.endswith(b"\n"):
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return b""
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                return b""
            found += piece
        return bytes(found)


def _watch(pid: int, peak: list[int], stop: threading.Event) -> None:
    while True:
        peak[0] = max(peak[0], sum(map(resident, descendants(pid))))
        if stop.wait(SAMPLE_SECONDS):
            return


def _cpu(pid: int) -> float:
    """CPU seconds of a process, its children, and those of its children that have ended."""
    total = 0
    for each in descendants(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        total += sum(map(int, fields[11:15]))
    return total / TICK
