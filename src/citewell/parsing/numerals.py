"""Numbers as office programs print them: before a list item, and as the name of a column."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Numeral = Literal["decimal", "lower_letter", "upper_letter", "lower_roman", "upper_roman"]

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 3999
_LARGEST_LETTERS = 780  # z thirty times; Word repeats a letter instead of counting like columns: z, aa, bb


def numeral(number: int, kind: Numeral) -> str:
    """``4`` as ``4``, ``d``, ``D``, ``iv`` or ``IV``."""
    if kind.endswith("letter") and 0 < number <= _LARGEST_LETTERS:
        repeated, letter = divmod(number - 1, 26)
        text = chr(97 + letter) * (repeated + 1)
    elif kind.endswith("roman") and 0 < number <= _LARGEST_ROMAN:
        text = _roman(number)
    else:
        return str(number)
    return text.upper() if kind.startswith("upper") else text


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text


@lru_cache(maxsize=1 << 14)
def column_letter(column: int) -> str:
    """``A`` for 1, ``AA`` for 27."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
