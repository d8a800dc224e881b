"""The order in which a person reads what stands on a slide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

BAND_INCHES = 1 / 8
"""Shapes whose tops differ by less stand side by side: drawn by hand, they are seldom quite level."""


def in_order(items: Iterable[tuple[int, float, float, T]], band: float) -> list[T]:
    """Things with their rank, top and left: lower ranks first, then row by row, then from left to right.

    band: :data:`BAND_INCHES` in the unit of the tops.
    """
    ordered = sorted(items, key=lambda item: item[:3])
    found: list[tuple[int, float, float, T]] = []
    row = 0.0
    for rank, top, left, item in ordered:
        if not found or rank != found[-1][0] or top - row > band:
            row = top
        found.append((rank, row, left, item))
    found.sort(key=lambda item: item[:3])
    return [item for _, _, _, item in found]
