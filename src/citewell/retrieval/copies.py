"""Copies among the passages of one search: shown once, with every place they stand.

Copies stay in the index, because who may read them differs and because no document may hide another one: each search
puts together what its asker can see. Two passages are copies when their words are the same, or when all that differs
between them is slips of the pen: a letter inside a longer word, an article, a word joined or cut in two. A number, a
unit, a name, a negation or any other word more or less makes another text, so versions of one rule stay apart
(:mod:`citewell.answering.conflicts` compares those). Table headers must agree, and headings where both have one; a
format that keeps its headings in the text is no other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import combinations

from citewell.duplicates import WORD, words
from citewell.records import Hit, Passage

SHINGLE = 3  # words in a run
ALIKE = 0.4  # overlap of runs from which passages may be copies; results/duplicates.json shows a flat curve
ROUGHLY = 0.3  # share of blank-separated words in common below which the rest is not worked out
LETTERS = 5  # a shorter word with another letter is another word
_ARTICLES = frozenset(("a", "an", "the"))
_GUARDED = frozenset(
    """never without neither unless except excluding cannot three seven eight eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
    billion first second third fourth fifth sixth seventh eighth ninth tenth once twice half quarter double seconds
    minute minutes hours weeks month months years daily weekly monthly yearly metre metres meter meters litre litres
    grams kilogram percent cents euros pounds dollars january february march april august september october november
    december monday tuesday wednesday thursday friday saturday sunday""".split()  # noqa: SIM905
)
"""Words of five letters and more in which one letter may matter."""


class Text:
    """A passage as it is compared with others; what a comparison does not need is not worked out."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.rough = frozenset(passage.text.lower().split())

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(words(self.passage.text))

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        found = self.words
        return frozenset(found[i : i + SHINGLE] for i in range(max(1, len(found) - SHINGLE + 1)))

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """Numbers and signs, in order."""
        return tuple(word for word in self.words if not word[0].isalpha())

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that only stand here with a capital letter, in lower case: names, and what begins a sentence."""
        found = set(WORD.findall(self.passage.text))
        return frozenset(word.lower() for word in found if not word.islower() and word.lower() not in found)

    @cached_property
    def above(self) -> frozenset[tuple[str, ...]]:
        """Title and headings as words, each alone and together with those after it."""
        parts = [words(part) for part in (self.passage.title, *self.passage.heading_path)]
        ranges = combinations(range(len(parts) + 1), 2)
        return frozenset(tuple(word for part in parts[a:b] for word in part) for a, b in ranges)


def same(one: Text, other: Text) -> bool:
    """Whether two passages are copies of each other."""
    if one.passage.text != other.passage.text:
        shared = len(one.rough & other.rough)
        if shared < ROUGHLY * max(len(one.rough), len(other.rough)):
            return False
    if not one.words or not _same_context(one.passage, other.passage):
        return False
    if one.words == other.words:
        return True
    return one.figures == other.figures and overlap(one, other) >= ALIKE and only_slips(one, other)


def overlap(one: Text, other: Text) -> float:
    """Jaccard overlap of runs of :data:`SHINGLE` words."""
    return len(one.runs & other.runs) / len(one.runs | other.runs)


def only_slips(one: Text, other: Text) -> bool:
    """Whether nothing differs but slips of the pen, and headings that stand in one text and above the other."""
    names = one.names | other.names
    for kind, a, b, c, d in SequenceMatcher(None, one.words, other.words, autojunk=False).get_opcodes():
        mine, theirs = one.words[a:b], other.words[c:d]
        heading = (kind == "delete" and mine in other.above) or (kind == "insert" and theirs in one.above)
        if kind != "equal" and not heading and not _slip(mine, theirs, names):
            return False
    return True


def collapse(question: str, ranked: Iterable[tuple[Passage, float]], most: int) -> list[Hit]:
    """The first ``most`` different passages of ``ranked`` (best first), each with its copies.

    Among copies the one whose title and headings share most words with the question stands for all, then the better
    ranked, then the newer one; it keeps the best score of them.
    """
    classes: list[tuple[Text, float, list[tuple[Passage, float]]]] = []
    for passage, score in ranked:
        text = Text(passage)
        found = next((members for first, _, members in classes if same(first, text)), None)
        if found is not None:
            found.append((passage, score))
        elif len(classes) < most:
            classes.append((text, score, [(passage, score)]))
    asked = set(words(question))
    return [_hit(asked, score, members) for _, score, members in classes]


def _hit(asked: set[str], score: float, members: Sequence[tuple[Passage, float]]) -> Hit:
    if len(members) == 1:
        return Hit(members[0][0], score, "fused")
    newest = sorted(members, key=lambda member: member[0].modified_at, reverse=True)
    best = max(newest, key=lambda member: (len(asked.intersection(words(member[0].context))), member[1]))[0]
    return Hit(best, score, "fused", tuple(passage for passage, _ in newest if passage is not best))


def _same_context(one: Passage, other: Passage) -> bool:
    """Whether the table headers agree, and the innermost headings where both have one."""
    if one.header != other.header and words(one.header) != words(other.header):
        return False
    if not one.heading_path or not other.heading_path or one.heading_path[-1] == other.heading_path[-1]:
        return True
    return words(one.heading_path[-1]) == words(other.heading_path[-1])


def _slip(one: Sequence[str], other: Sequence[str], names: frozenset[str]) -> bool:
    """Whether these differing words are the same but for slips of the pen."""
    if _ARTICLES.issuperset(one) and _ARTICLES.issuperset(other):
        return True
    if any(re.search(r"[^\W\d_]", word) is None or word in names for word in (*one, *other)):
        return False
    if "".join(one) == "".join(other):
        return True
    return len(one) == len(other) and all(a == b or _one_letter(a, b) for a, b in zip(one, other, strict=True))


def _one_letter(one: str, other: str) -> bool:
    """Whether the words differ by one letter more, less, changed or swapped, and not at either end."""
    if min(len(one), len(other)) < LETTERS or abs(len(one) - len(other)) > 1 or {one, other} & _GUARDED:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    end = 0
    while end < min(len(left), len(right)) and left[-1 - end] == right[-1 - end]:
        end += 1
    left, right = left[: len(left) - end], right[: len(right) - end]
    swapped = len(left) == len(right) == 2 and left == right[::-1]
    return start > 0 and end > 0 and (max(len(left), len(right)) <= 1 or swapped)
