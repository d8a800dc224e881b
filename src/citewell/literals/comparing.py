"""Whether one text states what another does: word for word, or one fact, compared by value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from citewell.literals.facts import Piece, pieces, unit_of

_ARTICLES = frozenset({"a", "an", "the"})


@lru_cache(maxsize=4096)
def keys(text: str, language: str = "") -> tuple[str, ...]:
    """What ``text`` is compared by, word for word; English articles are left out."""
    dropped = _ARTICLES if language in {"", "en"} else frozenset[str]()
    return tuple(key for piece in pieces(text, language) for key in piece.keys if key not in dropped)


def contains(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Whether ``part`` stands in ``whole`` without a gap."""
    size = len(part)
    return any(whole[at : at + size] == part for at in range(len(whole) - size + 1))


def states(stated: Sequence[Piece], wanted: Piece) -> bool:
    """Whether one of ``stated`` is what ``wanted`` is: the same name; at least its parts of a date; the same number.

    A number with a unit needs the unit: its own, or, when it has none there, one named anywhere else, as in the head of
    a table or in "30 working days". A bare number also is a year or day of a date.
    """
    if wanted.kind != "number":
        return any(set(wanted.keys) <= set(piece.keys) for piece in stated)
    value, unit = wanted.keys[0], wanted.keys[1:]
    same = [piece for piece in stated if piece.kind in {"number", "date"} and value in piece.keys]
    if not unit or any(piece.keys[1:] == unit for piece in same):
        return bool(same)
    return any(len(piece.keys) == 1 for piece in same) and any(unit_of(piece) == unit[0] for piece in stated)
