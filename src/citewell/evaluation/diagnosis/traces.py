"""Traces of a quote in a text that does not hold it word for word: changed, garbled, scattered or gone.

    trace(quote, text)  ─►  Trace: the stretch most like the quote, and what became of the quote's words there

A document that was edited has other words of its own where the quote's stood; a document that was read badly has
pieces of the quote's words, or the words themselves in another order, or a hole.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from citewell.evaluation.quotes import Text
from citewell.records import Span

Kind = Literal["same", "changed", "garbled", "gone"]

GRAM = 4  # letters in a row that are looked for
WINDOW = 1.6  # a stretch is compared that is so many times as long as the quote
SCATTER = 5.0  # the words of interleaved columns are looked for in a stretch so many times as long
LONGEST = 2_000  # letters of a quote that are compared

# Set on the questions marked "fit" of the sample corpus, broken by benchmarks/diagnosis.py.
LIKE = 0.55  # share of the quote's letters, in order, from which a stretch is the quote in some form
THERE = 0.75  # share of the quote's words from which they stand there in another order
CLEAN = 0.6  # share of the quote's words in order from which what differs is an edit
PIECE = 0.6  # likeness of a word to the quote's from which it is a piece of it
PIECES = 0.15  # share of the quote's words in pieces from which a text is garbled

_TELLING = 4  # letters from which a word near by says something
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Trace:
    """The stretch of a text that is most like a quote.

    likeness: share of the quote's letters that stand there in order. words: share of its words that stand there or
    near it, in any order. lost, instead: words of the quote that do not stand there, and what stands in their place.
    """

    kind: Kind
    span: Span = (0, 0)
    likeness: float = 0.0
    words: float = 0.0
    lost: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


def words_of(text: str) -> list[str]:
    return [match.group().casefold() for match in _WORD.finditer(text)]


def holds(text: str, quote: str) -> bool:
    """Whether ``quote`` stands in ``text``, as golds are looked for."""
    return bool(Text(text).find(quote).spans)


def at(quote: str, text: str, span: Span) -> Trace:
    """The trace of a quote that stands at ``span`` letter for letter. Its words may be in pieces all the same, which no
    search by words finds."""
    asked, found = words_of(quote), set(words_of(text[slice(*span)]))
    there = sum(word in found for word in asked) / (len(asked) or 1)
    lost = tuple(word for word in asked if word not in found)
    return Trace("same" if there >= CLEAN or not asked else "garbled", span, 1.0, there, lost)


def trace(quote: str, text: str) -> Trace:
    """What became of ``quote`` in ``text``."""
    if places := Text(text).find(quote).spans:
        return at(quote, text, places[0])
    wanted, (letters, offsets) = _letters(quote)[0][:LONGEST], _letters(text)
    place = _densest(wanted, letters)
    if place is None:
        return Trace("gone")
    start, end = place
    near = letters[start:end]
    blocks = [b for b in SequenceMatcher(None, wanted, near, autojunk=False).get_matching_blocks() if b.size >= 2]
    likeness = sum(block.size for block in blocks) / len(wanted)
    if blocks:  # what is not matched of the quote's ends has something in its place
        first, last = blocks[0], blocks[-1]
        end = min(len(letters), start + last.b + len(wanted) - last.a)
        start = max(0, start + first.b - first.a)
    span = (offsets[start], offsets[end - 1] + 1)
    around = round(SCATTER * len(quote) / 2)
    wide = set(words_of(text[max(0, span[0] - around) : span[1] + around]))
    asked = words_of(quote) or [quote]
    telling = [word for word in asked if len(word) >= _TELLING or word.isdigit()] or asked
    there = sum(word in wide for word in telling) / len(telling)
    lost, instead, in_order = _compare(asked, words_of(_whole_words(text, span)))
    astray = sum(word in wide for word in lost)
    kind = _judge(asked, likeness, there, lost, instead, in_order, astray)
    return Trace(kind, span, likeness, there, tuple(lost), tuple(instead))


def _judge(
    asked: list[str], likeness: float, there: float, lost: list[str], instead: list[str], in_order: float, astray: int
) -> Kind:
    """astray: how many of the lost words stand near by."""
    if not lost and not instead:
        return "same"  # only punctuation differs
    if likeness < LIKE and there < THERE:
        return "gone"
    pieces = sum(any(_is_piece(each, word) for each in instead) for word in lost)
    if pieces >= max(1, PIECES * len(asked)):
        return "garbled"
    if len(lost) == len(instead) and all(any(map(str.isdigit, word)) for word in (*lost, *instead)):
        return "changed"  # other numbers among the same words
    mixed = astray >= max(2, len(lost) / 2) or (not lost and len(instead) > PIECES * len(asked))
    if mixed:
        return "garbled"
    return "changed" if in_order >= CLEAN and instead else "garbled"


def _is_piece(found: str, word: str) -> bool:
    """Whether ``found`` is what is left of ``word``: the same letters with some lost. A number is no piece of one."""
    if found == word or found.isdigit() or word.isdigit() or len(word) < 3:
        return False
    blocks = SequenceMatcher(None, word, found, autojunk=False).get_matching_blocks()
    shared = sum(block.size for block in blocks)
    return shared >= len(found) - 1 and shared >= PIECE * len(word)


def _compare(asked: list[str], found: list[str]) -> tuple[list[str], list[str], float]:
    """Words that are not found in their place, what stands there instead, and the share of words in their order."""
    lost: list[str] = []
    instead: list[str] = []
    kept = 0
    for kind, a, b, c, d in SequenceMatcher(None, asked, found, autojunk=False).get_opcodes():
        if kind == "equal":
            kept += b - a
        else:
            lost.extend(asked[a:b])
            instead.extend(found[c:d])
    return lost, instead, kept / len(asked)


def _whole_words(text: str, span: Span) -> str:
    start, end = span
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[start:end]


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits in lower case, and where each stands."""
    offsets = [place for place, character in enumerate(text) if character.isalnum()]
    return "".join(text[place].lower()[:1] for place in offsets), offsets


def _densest(wanted: str, letters: str) -> Span | None:
    """The stretch of ``letters`` with most different runs of :data:`GRAM` letters of ``wanted``."""
    size = min(GRAM, len(wanted))
    if not size:
        return None
    grams = {wanted[i : i + size] for i in range(len(wanted) - size + 1)}
    places = sorted((match, gram) for gram in grams for match in _places(gram, letters))
    if not places:
        return None
    starts = [place for place, _ in places]
    length = max(size, round(WINDOW * len(wanted)))
    best, found = 0, 0
    inside: dict[str, int] = {}
    right = 0
    for start, gram in places:
        stop = bisect_right(starts, start + length - size)
        while right < stop:
            inside[places[right][1]] = inside.get(places[right][1], 0) + 1
            right += 1
        if len(inside) > found:
            best, found = start, len(inside)
        inside[gram] -= 1
        if not inside[gram]:
            del inside[gram]
    spare = round((WINDOW - 1) * len(wanted) / 2)
    return max(0, best - spare), min(len(letters), best + length + spare)


def _places(gram: str, letters: str) -> list[int]:
    found, at = [], letters.find(gram)
    while at >= 0:
        found.append(at)
        at = letters.find(gram, at + 1)
    return found
