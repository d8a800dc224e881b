"""Metrics of a trained network while it is still in memory: values of each example to figures with intervals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from citewell.evaluation.metrics.ranking import ranking_metrics
from citewell.evaluation.runs import Figure
from citewell.evaluation.statistics import interval
from citewell.models.files import file_sha256


def figures(values: Mapping[str, Sequence[float]]) -> dict[str, Figure]:
    """The mean of each metric that has any value, with its 95 % interval."""
    return {name: interval(found) for name, found in values.items() if found}


def ranking_values(rankings: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, list[float]]:
    """nDCG@10 and MRR@10 of each (ranked ids, relevant ids)."""
    found: dict[str, list[float]] = {"nDCG@10": [], "MRR@10": []}
    for ranked, relevant in rankings:
        values = ranking_metrics(ranked, set(relevant), {"nDCG": (10,), "MRR": (10,)})
        for name, each in found.items():
            each.append(values[name])
    return found


def identity_of(base: Path, *sides: Sequence[object]) -> str:
    """What a training begins from, the weights and every example, in a few characters."""
    digest = hashlib.sha256(file_sha256(base / "model.safetensors").encode())
    for side in sides:
        digest.update(f"{len(side)}\n".encode())
        for each in side:
            digest.update(repr(each).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
