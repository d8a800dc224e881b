"""Ragas data sets: rows of version 0.1 (``question``, ``ground_truth``, ``contexts``) and later ones (``user_input``,
``reference``, ``reference_contexts``), as JSON, JSON lines or CSV.

What a system answered and retrieved (``response``, ``retrieved_contexts``; in 0.1 ``answer``, ``contexts``) is no gold
and is left out. The exception are test sets that Ragas 0.1 itself generated: there, ``contexts`` are what the questions
were made from. Questions that Ragas generated come from a language model, and their origin says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from citewell.evaluation.sets.rows import Row, unpacked
from citewell.records import Json

_MARKS = frozenset({
    "user_input", "ground_truth", "ground_truths", "retrieved_contexts", "reference_contexts", "evolution_type",
    "synthesizer_name",
})  # fmt: skip
_GENERATED = ("evolution_type", "synthesizer_name")
_SYSTEM = frozenset(
    {"answer", "response", "retrieved_contexts", "contexts", "multi_responses", "retrieved_context_ids"}
)
_HOP = re.compile(r"\A<\d+-hop>\s*")

UNDERSTOOD = _SYSTEM | {
    "metadata", "episode_done", "reference_context_ids", "rubrics", "rubric", "persona_name", "query_style",
    "query_length",
}  # fmt: skip


def is_ragas(names: Iterable[str]) -> bool:
    """Whether rows with these (plain) names are of Ragas."""
    found = set(names)
    return bool(found & _MARKS) and bool(found & {"question", "user_input"})


def ragas_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with our own names."""
    for place, values in rows:
        yield Row(place, _row(values))


def _row(values: Json) -> Json:
    generated = any(values.get(name) for name in _GENERATED)
    found: Json = {name: value for name, value in values.items() if name not in _SYSTEM}
    if isinstance(values.get("user_input"), list):  # a conversation: the last thing the person said
        found["user_input"] = _last_words(values["user_input"])
    contexts = found.pop("reference_contexts", None)
    if contexts is None and generated:
        contexts = values.get("contexts")
    if contexts is not None:
        found["quote"] = [_HOP.sub("", each) if isinstance(each, str) else each for each in _listed(contexts)]
    if "ground_truths" in found and found.get("ground_truth") is None:
        found["answers"] = found.pop("ground_truths")
    return {**found, "origin": "model"} if generated else found


def _listed(value: Any) -> list[Any]:
    opened = unpacked(value)
    return opened if isinstance(opened, list) else [opened]


def _last_words(messages: list[Any]) -> Any:
    said = [each for each in messages if isinstance(each, Mapping) and each.get("type", "human") == "human"]
    return said[-1].get("content") if said else ""
