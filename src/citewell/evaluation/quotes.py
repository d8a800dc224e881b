"""Finds quoted words in a text: to the letter, or else as people copy them, and always as exact characters.

People copy quotes from a rendered page, a printout or Markdown source. What changes on the way is blanks and line ends,
case, hyphenation, dashes, kinds of quotation marks, and the marks of tables and of Markdown. All of that is left out of
both sides before they are compared; what remains must be the same, and must begin and end where words do. Last, the
words alone are compared, because a quote of a JSON file or a table has brackets and commas where the text has other
marks. The span that comes back counts characters of the text as it is.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal, get_args

from citewell.cleaning import clean
from citewell.records import Span

MAX_PLACES = 50
"""Occurrences of one quote that are told apart; the rest of a running header does not matter."""

_LEFT_OUT = (
    r"\s\u00ad\u200b-\u200d\u2060\ufeff"  # blanks, line ends, what nobody sees
    r"\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d"  # hyphens, dashes, minus
    r"\"'`´\u2018-\u201f\u2032-\u2037\u2039\u203a«»\u300c-\u300f\uff02\uff07"  # quotation marks, primes
    r"|*_#\\•▪➢·"  # cells of tables, marks of Markdown, bullets
)
_KEPT = re.compile(f"[^{_LEFT_OUT}]+")

_WITHOUT_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: words there do not end at a blank."""


_WORDS = re.compile(r"(?:[^\W_]|(?<=\d)[.,:/](?=\d))+")
MIN_CUT = 24
"""Characters from which on a quote may begin or end inside a word: ``190`` does not stand in ``1905``."""

MIN_WORDS = 4
"""Words that a quote needs to be found by them alone."""

Match = Literal["exact", "loose", "words"]
MATCHES: tuple[Match, ...] = get_args(Match)
"""How a quote was found, the best first: to the letter, but for blanks, case and the like, by its words alone."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where words stand, in order."""

    spans: tuple[Span, ...]
    how: Match


class Text:
    """A text in which quotes are looked for; what is needed for the looser comparisons is made at the first need."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _loose(self) -> _Folded:
        return _Folded(self.text, _KEPT)

    @cached_property
    def _words(self) -> _Folded:
        return _Folded(self.text, _WORDS)

    def find(self, quote: str) -> Places:
        """Every place of ``quote``: to the letter, else loosely, else by its words, else none."""
        plain = quote.strip()
        if plain and (exact := _occurrences(self.text, plain)):
            whole = [span for span in exact if _whole_words(self.text, span)]
            if whole or len(plain) >= MIN_CUT:
                return Places(tuple(whole or exact), "exact")
        cleaned = clean(quote)
        if (wanted := fold(cleaned)) and (spans := self._whole(self._loose, wanted)):
            return Places(spans, "loose")
        words = [word.casefold() for word in _WORDS.findall(cleaned)]
        if len(words) >= MIN_WORDS and (spans := self._whole(self._words, "".join(words))):
            return Places(spans, "words")
        return Places((), "words")

    def _whole(self, folded: _Folded, wanted: str) -> tuple[Span, ...]:
        spans = (folded.span(start, end) for start, end in _occurrences(folded.text, wanted))
        return tuple(span for span in spans if _whole_words(self.text, span))

    def same(self, span: Span, quote: str) -> bool:
        """Whether ``quote`` stands at ``span``, to the letter or loosely."""
        words = self.text[span[0] : span[1]]
        return words == quote or (bool(fold(words)) and fold(words) == fold(clean(quote)))

    def strip(self, span: Span) -> Span:
        """``span`` without blanks at its ends."""
        words = self.text[span[0] : span[1]]
        start = span[0] + len(words) - len(words.lstrip())
        return start, start + len(words.strip())


def fold(text: str) -> str:
    """What is compared: no blanks, dashes, quotation marks or marks of layout; no case."""
    return "".join(_KEPT.findall(text)).casefold()


class _Folded:
    """A text without what ``kept`` leaves out and without case, and the way back: where each run begins in either."""

    def __init__(self, text: str, kept: re.Pattern[str]) -> None:
        runs: list[str] = []
        self._starts: list[int] = []
        for match in kept.finditer(text):
            run = match.group()
            folded = run.casefold()
            if len(folded) == len(run):
                runs.append(folded)
                self._starts.append(match.start())
                continue
            for place, character in enumerate(run, start=match.start()):  # ß and others become longer
                runs.append(character.casefold())
                self._starts.append(place)
        self.text = "".join(runs)
        self._lengths = [len(run) for run in runs]
        self._offsets = [0, *accumulate(self._lengths)][:-1]

    def span(self, start: int, end: int) -> Span:
        """The characters that became ``start`` to ``end``."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, index: int) -> int:
        run = bisect.bisect_right(self._offsets, index) - 1
        inside = index - self._offsets[run]
        return self._starts[run] + inside if self._is_plain(run) else self._starts[run]

    def _is_plain(self, run: int) -> bool:
        following = self._starts[run + 1] if run + 1 < len(self._starts) else self._starts[run] + self._lengths[run]
        return self._starts[run] + self._lengths[run] <= following


def _occurrences(text: str, words: str) -> list[Span]:
    found: list[Span] = []
    start = text.find(words)
    while start >= 0 and len(found) < MAX_PLACES:
        found.append((start, start + len(words)))
        start = text.find(words, start + len(words))
    return found


def _whole_words(text: str, span: Span) -> bool:
    """Whether a stretch neither begins nor ends inside a word."""
    return _ends(text, span[0]) and _ends(text, span[1])


def _ends(text: str, place: int) -> bool:
    if place <= 0 or place >= len(text):
        return True
    before, after = text[place - 1], text[place]
    if not (before.isalnum() and after.isalnum()):
        return True
    return bool(_WITHOUT_BLANKS.match(before) or _WITHOUT_BLANKS.match(after))
