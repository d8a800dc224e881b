"""Which of the points that a complete answer makes an answer makes."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.errors import DataError
from citewell.evaluation.metrics.accuracy import says


def completeness(answer: str, key_points: Sequence[str], language: str = "") -> tuple[float, tuple[str, ...]]:
    """The share of ``key_points`` that ``answer`` says, by the rules of answer accuracy, and those it does not say."""
    if not key_points:
        raise DataError("there are no key points to look for. Leave completeness out of such a question.")
    if blank := [point for point in key_points if not point.strip()]:
        raise DataError(f"{len(blank)} of {len(key_points)} key points are empty. Write them out or take them away.")
    missing = tuple(point for point in key_points if not says(answer, point, language))
    return 1 - len(missing) / len(key_points), missing
