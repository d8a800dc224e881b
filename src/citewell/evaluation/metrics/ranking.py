"""Metrics of one ranking: nDCG, precision, recall, hit, MRR and MAP, each with a cut-off.

The definitions are trec_eval's: a grade above 0 is relevant; the gain of nDCG is the grade itself, discounted by
``log2(rank + 1)``, over the best possible ranking of everything judged (Järvelin & Kekäläinen 2002); ``P@k`` divides by
``k`` even when fewer were found; ``MAP@k`` divides by all that is relevant. They are written out here because the
package that measures must not need 143 MB of scipy to count ranks; the tests hold them against ``ir_measures``.

A question without anything relevant has no ranking to measure: every value is 0, and callers leave it out of means.
An id that is ranked twice is an error, because which of its ranks counts would change every value silently.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from citewell.errors import DataError

NAMES = ("nDCG", "P", "Recall", "Hit", "MRR", "MAP")


class RetrievalScores(NamedTuple):
    """What the first k results are worth: each in [0, 1], 1 is best."""

    precision: float
    recall: float
    ndcg: float


def retrieval_scores(
    ranked_ids: Sequence[str], relevance: Mapping[str, int] | Collection[str], k: int = 10
) -> RetrievalScores:
    """Precision, recall and nDCG of the first ``k`` of ``ranked_ids``, best first.

    relevance: id → grade (0 and below: not relevant), or the ids that are relevant.

    >>> retrieval_scores(["a", "b", "c"], {"a", "c", "d"}, k=2)
    RetrievalScores(precision=0.5, recall=0.3333333333333333, ndcg=0.6131471927654584)
    """
    found = ranking_metrics(ranked_ids, relevance, {"P": (k,), "Recall": (k,), "nDCG": (k,)})
    return RetrievalScores(found[f"P@{k}"], found[f"Recall@{k}"], found[f"nDCG@{k}"])


def ranking_metrics(
    ranked_ids: Sequence[str], relevance: Mapping[str, int] | Collection[str], cutoffs: Mapping[str, Sequence[int]]
) -> dict[str, float]:
    """``{"nDCG@10": …, "P@1": …}`` for the metrics and cut-offs asked for, such as ``{"nDCG": [10], "P": [1, 5]}``."""
    grades = _grades(relevance)
    _check(ranked_ids, cutoffs)
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    gains = [max(0, grades.get(each, 0)) for each in ranked_ids]
    hits = [rank for rank, gain in enumerate(gains, start=1) if gain]  # ranks of what is relevant
    return {
        f"{name}@{k}": _value(name, k, gains, hits, ideal) if ideal else 0.0
        for name, wanted in cutoffs.items()
        for k in wanted
    }


def _value(name: str, k: int, gains: list[int], hits: list[int], ideal: list[int]) -> float:
    within = [rank for rank in hits if rank <= k]
    if name == "nDCG":
        return _discounted(gains[:k]) / _discounted(ideal[:k])
    if name == "P":
        return len(within) / k
    if name == "Recall":
        return len(within) / len(ideal)
    if name == "Hit":
        return float(bool(within))
    if name == "MRR":
        return 1 / within[0] if within else 0.0
    return sum(count / rank for count, rank in enumerate(within, start=1)) / len(ideal)


def _discounted(gains: list[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1) if gain)


def _grades(relevance: Mapping[str, int] | Collection[str]) -> Mapping[str, int]:
    """Id → grade as a whole number, or a complaint about the first grade that is none."""
    if isinstance(relevance, str):
        raise DataError(f"relevance is the text '{relevance}'. Expected ids with grades, or a collection of ids.")
    if not isinstance(relevance, Mapping):
        return dict.fromkeys(relevance, 1)
    for name, grade in relevance.items():
        if type(grade) is not int and not _is_whole(grade):
            raise DataError(f"the grade of '{name}' is {grade!r}. Expected a whole number; 0 means not relevant.")
    return relevance


def _is_whole(grade: object) -> bool:
    """Whether ``grade`` counts as a whole number: 1, True, 1.0 and numpy's do; 0.5, NaN and "1" do not."""
    if isinstance(grade, (str, bytes)):
        return False
    try:
        return float(grade).is_integer()  # type: ignore[arg-type]  # what cannot be turned into a number is refused
    except (TypeError, ValueError, OverflowError):
        return False


def _check(ranked_ids: Sequence[str], cutoffs: Mapping[str, Sequence[int]]) -> None:
    if isinstance(ranked_ids, str):
        raise DataError(f"ranked_ids is the text '{ranked_ids}'. Expected a sequence of ids, best first.")
    if len(set(ranked_ids)) != len(ranked_ids):
        twice = next(each for at, each in enumerate(ranked_ids) if each in ranked_ids[:at])
        raise DataError(
            f"'{twice}' is ranked twice. Each id counts once; keep its first place:  list(dict.fromkeys(ranked_ids))"
        )
    for name, wanted in cutoffs.items():
        if name not in NAMES:
            raise DataError(f"'{name}' is no ranking metric. Expected one of: {', '.join(NAMES)}.")
        for k in wanted:
            if isinstance(k, bool) or not isinstance(k, int) or k < 1:
                raise DataError(f"the cut-off of {name} is {k!r}. Expected a whole number of 1 or more.")
