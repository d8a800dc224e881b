"""What can be judged of a question by itself and its gold: readable, no echo, no answer in it, unlike the others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from citewell.answering.words import terms

GAP = "____"
"""The hole of a gap question."""

LONGEST_ECHO = 0.8
"""Share of the gold's words that may stand in the question in one run; more is the sentence with a question mark."""
GIVEN_AWAY = 0.7  # share of the answer's words in the question from which the question holds its answer
ALIKE = 0.8  # share of words two questions have in common from which one of them is enough
MOST_WORDS = 45

_WORD = re.compile(r"\w+(?:[-.'’]\w+)*")
_BROKEN = re.compile(r"[|{}<>�\n]|https?:|\\|\(\s|\s\)|\?\?|__|(?:^|\s)[-–]\s*\?")
_OPEN = (("(", ")"), ("“", "”"), ("«", "»"), ("[", "]"))


def words_of(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def echo(question: str, quote: str) -> float:
    """The longest run of words that question and quote share, as a share of the quote's words, in [0, 1]."""
    one, two = words_of(question), words_of(quote)[:400]
    longest, before = 0, [0] * (len(two) + 1)
    for word in one:
        now = [0] * (len(two) + 1)
        for place, other in enumerate(two, 1):
            if word == other:
                now[place] = before[place - 1] + 1
        longest, before = max(longest, *now), now
    return longest / len(two) if two else 0.0


def gives_away(question: str, answer: str) -> bool:
    """Whether the question holds its answer: as it stands, or most of its words."""
    asked, said = words_of(question), words_of(answer)
    if not said:
        return True
    if any(asked[start : start + len(said)] == said for start in range(len(asked) - len(said) + 1)):
        return True
    known, telling = set(terms(question)), set(terms(answer))
    return bool(telling) and len(telling & known) / len(telling) >= GIVEN_AWAY


def fault(question: str, asked: str, answer: str, quote: str) -> str:
    """Why this question is not taken, as a short phrase; empty when it is. asked: the question without the document's
    name."""
    count = len(question.split())
    if count < 4 or count > MOST_WORDS or not question.rstrip().endswith("?"):
        return "too short or too long"
    if _BROKEN.search(question.replace(GAP, "")) or any(
        question.count(one) != question.count(two) for one, two in _OPEN
    ):
        return "not readable"
    if len(set(terms(asked))) < 1 or sum(each.isalpha() for each in question) < 0.6 * len(question.replace(" ", "")):
        return "not readable"
    if gives_away(asked, answer):
        return "answer stands in the question"
    if echo(asked, quote) > LONGEST_ECHO:
        return "repeats its source"
    return ""


class Seen:
    """Questions taken so far; tells when a new one says nearly the same. Looks only at those that share a word."""

    def __init__(self) -> None:
        self._words: list[frozenset[str]] = []
        self._holding: dict[str, list[int]] = defaultdict(list)

    def has(self, question: str) -> bool:
        words = frozenset(terms(question))
        shared = Counter(number for word in words for number in self._holding.get(word, ()))
        return any(
            count / len(words | self._words[number]) >= ALIKE for number, count in shared.items()
        )  # fmt: skip

    def add(self, question: str) -> None:
        words = frozenset(terms(question))
        for word in words:
            self._holding[word].append(len(self._words))
        self._words.append(words)
