"""DeepEval's goldens and test cases: ``input``, ``expected_output``, ``context``, ``source_file``; exports of its web
service write the same names in camel case.

``context`` is what the answer should rest on, so each text of it is a gold. ``actual_output`` and ``retrieval_context``
are what a system did; they are left out. Goldens that a synthesizer made come from a language model, and their origin
says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from citewell.evaluation.sets.rows import Row, unpacked
from citewell.records import Json

_MARKS = frozenset({
    "expected_output", "actual_output", "context", "retrieval_context", "source_file", "additional_metadata",
    "expected_tools", "tools_called",
})  # fmt: skip
_SYNTHETIC = ("evolutions", "synthetic_input_quality", "context_quality")

UNDERSTOOD = frozenset({
    "actual_output", "retrieval_context", "additional_metadata", "tools_called", "expected_tools", "completion_time",
    "token_cost", "custom_column_key_values", "multimodal", "images_mapping",
})  # fmt: skip


def is_deepeval(names: Iterable[str]) -> bool:
    """Whether rows with these (plain) names are of DeepEval."""
    found = set(names)
    return "input" in found and bool(found & _MARKS)


def deepeval_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with our own names."""
    for place, values in rows:
        yield Row(place, _row(values))


def _row(values: Json) -> Json:
    found: Json = {name: value for name, value in values.items() if name not in UNDERSTOOD and name != "name"}
    if isinstance(values.get("name"), str) and values["name"].strip():
        found["id"] = values["name"]
    contexts = found.pop("context", None)
    if contexts is not None and (quotes := _quotes(contexts)) != []:
        found["quote"] = quotes
    if isinstance(found.get("source_file"), str):
        found["source_file"] = PurePath(found["source_file"].replace("\\", "/")).as_posix()
    metadata = unpacked(values.get("additional_metadata"))
    synthetic = isinstance(metadata, dict) and any(name in metadata for name in _SYNTHETIC)
    return {**found, "origin": "model"} if synthetic else found


def _quotes(contexts: Any) -> Any:
    """A list of texts; CSV files have them in one cell with ``|`` or ``;`` between them, which may belong to the text,
    so that such a cell is one quote."""
    opened = unpacked(contexts)
    return opened if isinstance(opened, list) else [opened]
