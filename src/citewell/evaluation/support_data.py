"""Measures the support score on labelled pairs: does this premise say what the claim says?

The score is the one that answers are judged with (:mod:`citewell.evaluation.metrics.support`). Nothing is retrieved and
nothing is read, so a low figure here is the verifier's own. "Contradicted" counts as not supported: the score says how
far the evidence carries a claim, not why it does not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from citewell.errors import DataError
from citewell.evaluation.metrics.refusal import calibration
from citewell.evaluation.metrics.support import judged_by, support
from citewell.evaluation.questions import Question
from citewell.evaluation.running import release_facts
from citewell.evaluation.runs import Figure, Result, Run, Sentence
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode, parsed
from citewell.evaluation.statistics import interval, interval_of
from citewell.records import Json, content_id

Label = Literal["supported", "not supported", "contradicted"]
Progress = Callable[[str, int, int], None]

_ALIASES: dict[Label, str] = {
    "supported": "supported support supports entailment entailed entails true yes 1",
    "not supported": "not_supported not_support unsupported neutral not_enough_info nei partial partially_supported "
    "not_entailment false no 0",
    "contradicted": "contradicted contradict contradicts contradiction refutes refuted refute",
}
LABELS: dict[str, Label] = {alias: label for label, aliases in _ALIASES.items() for alias in aliases.split()}
"""Word of a data set, lower case, ``_`` for blanks and hyphens → what it means."""

FIGURES = ("AUROC", "balanced accuracy", "F1 of unsupported", "expected calibration error")
_PREMISES, _CLAIMS, _SOURCES = ("premise", "evidence"), ("claim", "hypothesis"), ("source", "src")


@dataclass(frozen=True, slots=True)
class Pair:
    """One labelled pair. source: which collection of pairs it comes from, when the file says so."""

    id: str
    premise: tuple[str, ...]
    claim: str
    label: Label
    source: str = ""


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a JSONL file; :class:`DataError` names the first line that is not one."""
    lines = decode(path, Problems(path)).split("\n")  # not U+2028 and the like, which JSON may hold
    pairs = [_pair(line, f"{path}, line {number}", number) for number, line in enumerate(lines, 1) if line.strip()]
    if not pairs:
        raise DataError(
            f'{path} holds no pairs. Expected lines like {{"premise": …, "claim": …, "label": "supported"}}.'
        )
    seen: dict[str, int] = {}
    for number, pair in enumerate(pairs, 1):
        if pair.id in seen:
            raise DataError(f"{path}: the id '{pair.id}' names pair {seen[pair.id]} and pair {number}.")
        seen[pair.id] = number
    return pairs


def _pair(line: str, place: str, number: int) -> Pair:
    try:
        row = parsed(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is not JSON: {error}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{place} holds {type(row).__name__}, expected an object with premise, claim and label.")
    found = _first(row, _PREMISES, place)
    premise = tuple(found) if isinstance(found, list) else (found,)
    claim = _first(row, _CLAIMS, place)
    if not premise or any(not isinstance(each, str) for each in premise):
        raise DataError(f"{place}: the premise is {found!r}, expected a text or a list of texts.")
    if not isinstance(claim, str) or not claim.strip():
        raise DataError(f"{place}: the claim is {claim!r}, expected a text.")
    source = next((str(row[name]) for name in _SOURCES if row.get(name)), "")
    return Pair(str(row.get("id", number)), premise, claim, _label(row.get("label"), place), source)


def _first(row: Json, names: Sequence[str], place: str) -> Any:
    for name in names:
        if name in row:
            return row[name]
    raise DataError(f"{place} has no '{names[0]}'. Found: {', '.join(sorted(row)) or 'nothing'}.")


def _label(found: Any, place: str) -> Label:
    word = str(int(found)) if isinstance(found, bool) else str(found)
    label = LABELS.get(word.strip().lower().replace(" ", "_").replace("-", "_"))
    if label is None:
        raise DataError(
            f"{place}: the label is {found!r}, expected one of supported, not supported, contradicted "
            "(or entailment, neutral, contradiction, supports, refutes, true, false, 1, 0)."
        )
    return label


def evaluate_support(
    path: Path, *, name: str = "", limit: int | None = None, on_progress: Progress | None = None
) -> Run:
    """Scores every pair. Figures: :data:`FIGURES`, over all pairs and, in ``curves["sources"]``, for each source.

    limit: only the first so many pairs of each source.
    """
    path = Path(path)
    pairs = _limited(read_pairs(path), limit)
    started = time.perf_counter()
    results = []
    for done, pair in enumerate(pairs, start=1):
        results.append(_result(pair))
        if on_progress is not None and (done % 100 == 0 or done == len(pairs)):
            on_progress("support", done, len(pairs))
    scored = time.perf_counter()
    figures, curves, notes = _summary(pairs, results)
    return Run(
        kind="support", name=name or path.stem, created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        system={"name": "support", "verifier": judged_by(), **release_facts()},
        set={
            "name": path.stem, "origin": "human", "questions": len(pairs),
            "identity": content_id(*(f"{each.id}\n{each.claim}\n{each.label}\n{each.premise}" for each in pairs)),
        },
        collection={}, results=tuple(results), metrics=figures, curves=curves, notes=notes,
        timings={"score": scored - started, "summarise": time.perf_counter() - scored},
    )  # fmt: skip


def _limited(pairs: Sequence[Pair], limit: int | None) -> list[Pair]:
    taken: dict[str, int] = {}
    kept = []
    for pair in pairs:
        taken[pair.source] = taken.get(pair.source, 0) + 1
        if limit is None or taken[pair.source] <= limit:
            kept.append(pair)
    return kept


def _result(pair: Pair) -> Result:
    started = time.perf_counter()
    found = support(pair.claim, pair.premise)
    right = (found.verdict == "supported") == (pair.label == "supported")
    slices: dict[str, tuple[str, ...]] = {"label": (pair.label,)}
    if pair.source:
        slices["source"] = (pair.source,)
    return Result(
        question=Question(pair.id, pair.claim, answerable=pair.label == "supported", note=pair.label),
        confidence=found.score, sentences=(Sentence(pair.claim, (), found.score, found.verdict),),
        metrics={"correct": float(right)}, slices=slices, timings={"support": time.perf_counter() - started},
    )  # fmt: skip


def _summary(pairs: Sequence[Pair], results: Sequence[Result]) -> tuple[dict[str, Figure], Json, tuple[str, ...]]:
    scores = np.asarray([each.confidence for each in results])
    said = np.asarray([each.sentences[0].verdict == "supported" for each in results])
    holds = np.asarray([each.label == "supported" for each in pairs])
    figures = {"correct": interval([each.metrics["correct"] for each in results])}
    figures.update(pair_figures(scores, said, holds))
    curve = calibration(scores.tolist(), holds.tolist())
    curves: Json = {
        "calibration": {
            "confidence": list(curve.confidence), "accuracy": list(curve.accuracy), "count": list(curve.count),
        }
    }  # fmt: skip
    sources = sorted({pair.source for pair in pairs})
    if sources != [""]:
        curves["sources"] = {}
        for source in sources:
            of = np.asarray([pair.source == source for pair in pairs])
            each = pair_figures(scores[of], said[of], holds[of])
            curves["sources"][source or "(none)"] = {name: figure.to_json() for name, figure in each.items()}
    notes = () if 0 < holds.sum() < len(holds) else (
        f"All {len(pairs)} pairs are {'supported' if holds.all() else 'not supported'}. AUROC, balanced accuracy and "
        "F1 need pairs of both kinds and were left out.",
    )  # fmt: skip
    return figures, curves, notes


def pair_figures(scores: NDArray[np.float64], said: NDArray[np.bool_], holds: NDArray[np.bool_]) -> dict[str, Figure]:
    """:data:`FIGURES` with their intervals. said: the verdict was "supported". holds: the label is."""
    statistics: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "AUROC": lambda chosen: auroc(scores[chosen], holds[chosen]),
        "balanced accuracy": lambda chosen: balanced_accuracy(said[chosen], holds[chosen]),
        "F1 of unsupported": lambda chosen: f1(~said[chosen], ~holds[chosen]),
        "expected calibration error": lambda chosen: calibration(
            scores[chosen].tolist(), holds[chosen].tolist()
        ).error,
    }  # fmt: skip
    if holds.all() or not holds.any():
        statistics = {"expected calibration error": statistics["expected calibration error"]}
    return {name: interval_of(len(scores), statistic) for name, statistic in statistics.items()}


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The chance that a positive pair scores above a negative one, ties half (Mann–Whitney); NaN with one kind only."""
    count = int(positive.sum())
    if count in {0, len(positive)}:
        return math.nan
    _, where, times = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(times) - (times - 1) / 2
    above = float(ranks[where][positive].sum()) - count * (count + 1) / 2
    return above / (count * (len(positive) - count))


def balanced_accuracy(said: NDArray[np.bool_], holds: NDArray[np.bool_]) -> float:
    """The mean of how many of each kind were told rightly."""
    shares = [float((said[holds == kind] == kind).mean()) for kind in (True, False) if (holds == kind).any()]
    return sum(shares) / len(shares)


def f1(said: NDArray[np.bool_], holds: NDArray[np.bool_]) -> float:
    """F1 of the kind that is ``True``; 0 when it was never told and never is."""
    both = int((said & holds).sum())
    return 2 * both / max(1, int(said.sum() + holds.sum()))
