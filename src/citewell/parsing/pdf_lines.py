"""Words of a page → lines: which words stand side by side, where wide gaps cut a line, how lines join to text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from citewell.parsing.pdf_text import Word
from citewell.records import Box

BULLET = re.compile(r"[•▪◦‣●○■□➢➤\uf000-\uf0ff\u25aa-\u25ff*–—-]$")
_NUMBERED = re.compile(r"\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,5})[.)]$")
CUT = "\x1f"
"""Stands for a hyphen at the end of a line until the whole file's words tell whether it belongs to the word."""


class Row:
    """Words on one line, left to right (right to left in such scripts)."""

    __slots__ = ("box", "size", "words")

    def __init__(self, words: list[Word]) -> None:
        self.words = words
        self.box = box_of(words)
        self.size = max(words, key=_length).size

    @property
    def bold(self) -> bool:
        return all(word.bold for word in self.words if any(map(str.isalnum, word.text)))

    @property
    def text(self) -> str:
        return " ".join([word.text for word in self.words])

    def segments(self) -> list[list[Word]]:
        """Words between wide gaps, which separate columns."""
        return split_at_gaps(self.words)


def _length(word: Word) -> int:
    return len(word.text)


def rows_of(words: Iterable[Word]) -> list[Row]:
    """Words grouped by line, top to bottom."""
    ordered = sorted(words, key=lambda word: (word.top + word.bottom, word.left))
    rows: list[list[Word]] = []
    middle = height = 0.0
    for word in ordered:
        _, _, top, _, bottom, _, _ = word
        center, tall = (top + bottom) / 2, bottom - top if bottom - top > 1.0 else 1.0
        lower, higher = (height, tall) if height < tall else (tall, height)
        if rows and abs(center - middle) < 0.45 * lower + 0.15 * higher:
            rows[-1].append(word)
            if tall > height:  # the tallest word decides where the line is; superscripts do not move it
                middle, height = center, tall
        else:
            rows.append([word])
            middle, height = center, tall
    return [Row(_in_order(row)) for row in rows]


def _in_order(words: list[Word]) -> list[Word]:
    right_to_left = sum(1 for word in words if "\u0590" <= word.text[0] <= "\u08ff") * 2 > len(words)
    return sorted(words, key=(lambda word: -word.right) if right_to_left else (lambda word: word.left))


def split_at_gaps(words: Sequence[Word], wide: float = 0.95) -> list[list[Word]]:
    """Words left to right, cut where the gap is wider than any space between words of a line. wide: that space, as a
    multiple of the size of the font."""
    ordered = sorted(words, key=lambda word: word.left)
    found = [[ordered[0]]]
    right = ordered[0].right
    for word in ordered[1:]:
        if word.left - right > max(6.0, wide * min(word.size or 10.0, 24.0)) and not (
            is_marker(found[-1]) and not is_marker([word])
        ):
            found.append([word])
        else:
            found[-1].append(word)
        right = max(right, word.right)
    return found


def justified(rows: Sequence[Row], region: Box) -> list[bool]:
    """Which rows were stretched to fill the region: they reach both of its edges and their gaps are equally wide."""
    stretched = [_stretched(row, region) for row in rows]
    # One gap alone is as wide as itself: a pair of words counts beside a stretched line.
    return [
        found == "yes" or (found == "maybe" and "yes" in stretched[max(0, number - 2) : number + 3])
        for number, found in enumerate(stretched)
    ]


def _stretched(row: Row, region: Box) -> str:
    words = sorted(row.words, key=lambda word: word.left)
    if is_marker(words[:1]):
        words = words[1:]
    gaps = [after.left - before.right for before, after in pairwise(words)]
    if not gaps or region[2] - words[-1].right > 2.5 or words[0].left - region[0] > 0.25 * (region[2] - region[0]):
        return "no"
    if max(gaps) > 1.2 * min(gaps) + 1.0:
        return "no"
    return "yes" if len(gaps) > 1 else "maybe" if all(word.text[0].isalpha() for word in words) else "no"


def is_marker(words: list[Word]) -> bool:
    """A bullet or number, which belongs to the text to its right however far that is."""
    return len(words) == 1 and bool(BULLET.match(words[0].text) or _NUMBERED.match(words[0].text))


def join_lines(lines: list[str]) -> str:
    """Lines of one paragraph as running text; :data:`CUT` stands where a word was cut at the end of a line."""
    text = ""
    for line in lines:
        if not text:
            text = line
        elif text[-1] in "-\u00ad\u2010" and len(text) > 1 and text[-2].isalpha() and line[:1].islower():
            text = text[:-1] + CUT + line
        elif _unspaced(text[-1]) and _unspaced(line[:1] or " "):
            text += line
        else:
            text = f"{text} {line}"
    return text


def _unspaced(character: str) -> bool:
    """Chinese and Japanese are written without spaces."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def box_of(words: Sequence[Word]) -> Box:
    _, lefts, tops, rights, bottoms, _, _ = zip(*words, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
