"""ONNX Runtime on the processor: how a graph is loaded, and how several inputs run side by side.

A session has one thread. Inputs run side by side instead, each in a session call of its own, so that they need not wait
for each other at every layer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from citewell.errors import UserError

Input = TypeVar("Input")
Output = TypeVar("Output")


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(run: Callable[[Input], Output], inputs: Sequence[Input], threads: int) -> Iterator[Output]:
    """``run`` of every input, in order, at most ``threads`` at a time."""
    workers = min(threads, len(inputs))
    if workers < 2:
        yield from map(run, inputs)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="model") as pool:
        yield from pool.map(run, inputs)


def start_session(graph: Path | bytes) -> Any:
    """An ONNX Runtime session on the processor, silent and without telemetry. graph: a file, or what one would hold."""
    # Since 1.29 the official builds for Linux report to Microsoft from the moment they are imported, and keep a device
    # id in the home directory. Only this variable, set before the import, keeps that from starting.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # see side_by_side
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what goes wrong is raised, and reported once
    source, shown = (str(graph), graph) if isinstance(graph, Path) else (graph, "The graph")
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its error classes are private and share only Exception
        raise UserError(f"{shown} cannot be loaded ({error}). Restore the file, or export it again.") from error
