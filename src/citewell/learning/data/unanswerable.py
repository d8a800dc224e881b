"""Questions that a passage nearly answers: one thing in a good question is exchanged, so that the answer is gone.

SQuAD 2.0's unanswerable questions were written by people in this manner (Rajpurkar et al. 2018, arXiv:1806.03822, table
2: entity swap, antonym, negation, mutual exclusion, impossible condition). Here rules make them from answerable ones,
so the reader learns to say "not here" from data that anybody has.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NAME = re.compile(r"(?<![.?!]\s)(?<=\s)(?:[A-Z][\w'’-]+)(?:\s+(?:of|the|de|von|van)?\s*[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th|s)?\b")
_WORD = re.compile(r"[a-z]{4,}")
_AFTER_ARTICLE = re.compile(r"\b(?:the|a|an|of|many|much|what|which|type|kind)\s+([a-z]{4,})\b")
_AUXILIARY = re.compile(
    r"\b(is|was|are|were|did|does|do|can|could|has|have|had|will|would|should|may|might|must)\b", re.IGNORECASE
)

_NO_NOUNS = frozenset(
    """their whom other many main most some same such only also each both first last next past very more less much
    than then they them this that these those with from into over under about after before while where when which
    whose what whole between during against through there here been being were have because""".split()  # noqa: SIM905
)

ANTONYMS = {
    a: b
    for pair in """first/last highest/lowest largest/smallest biggest/smallest oldest/youngest newest/oldest
    before/after more/less most/least more/fewer longest/shortest greater/smaller higher/lower larger/smaller
    earlier/later early/late increase/decrease increased/decreased rise/fall rose/fell grew/shrank begin/end began/ended
    start/end started/stopped open/close opened/closed founded/dissolved win/lose won/lost gain/lose gained/lost
    north/south east/west northern/southern eastern/western left/right upper/lower male/female man/woman men/women
    king/queen father/mother son/daughter brother/sister born/buried married/divorced public/private rich/poor
    major/minor strong/weak hot/cold warm/cool fast/slow high/low long/short old/new good/bad best/worst
    positive/negative maximum/minimum allow/forbid allowed/forbidden permitted/prohibited accept/reject
    accepted/rejected approve/reject approved/rejected support/oppose supported/opposed attack/defend attacked/defended
    buy/sell bought/sold import/export arrive/leave arrived/left enter/leave entered/left inside/outside above/below
    internal/external domestic/foreign always/never all/none common/rare popular/unpopular possible/impossible
    advantage/disadvantage advantages/disadvantages agree/disagree success/failure friend/enemy ally/enemy
    winter/summer day/night morning/evening urban/rural import/export input/output included/excluded include/exclude
    required/optional mandatory/optional ancient/modern former/current""".split()  # noqa: SIM905
    for a, b in (pair.split("/"), pair.split("/")[::-1])
}

Change = Callable[[str, str, Sequence[str], random.Random], str | None]


def make_unanswerable(
    question: str, passage: str, others: Sequence[str], generator: random.Random
) -> tuple[str, str] | None:
    """A question that ``passage``, which answers ``question``, does not answer, and the name of the change.

    others: passages of the same document; what is put in comes from them, so that the topic stays. ``None`` when no
    rule applies.
    """
    names, weights = list(CHANGES), [share for _, share in CHANGES.values()]
    while names:
        name = generator.choices(names, weights)[0]
        changed = CHANGES[name][0](question, passage, others, generator)
        if changed is not None and changed.casefold() != question.casefold():
            return changed, name
        del weights[names.index(name)]
        names.remove(name)
    return None


def _swap_name(question: str, passage: str, others: Sequence[str], generator: random.Random) -> str | None:
    here = [match for match in _NAME.finditer(question) if match.group() in passage]
    if not here:
        return None
    match = generator.choice(here)
    size = len(match.group().split())
    found = {name for text in (passage, *others) for name in _NAME.findall(text)}
    fitting = sorted(name for name in found if len(name.split()) == size and name not in question)
    return _replaced(question, match.span(), generator.choice(fitting)) if fitting else None


def _swap_number(question: str, passage: str, others: Sequence[str], generator: random.Random) -> str | None:
    here = list(_NUMBER.finditer(question))
    if not here:
        return None
    match = generator.choice(here)
    old = match.group()
    found = {number for text in others for number in _NUMBER.findall(text) if len(number) == len(old)}
    fitting = sorted(number for number in found if number not in passage and number not in question)
    if fitting and generator.random() < 0.7:
        return _replaced(question, match.span(), generator.choice(fitting))
    digits = [place for place, character in enumerate(old) if character.isdigit()]
    place = generator.choice(digits[-2:])
    new = old[:place] + generator.choice([each for each in "123456789" if each != old[place]]) + old[place + 1 :]
    return None if new in passage else _replaced(question, match.span(), new)


def _swap_noun(question: str, passage: str, others: Sequence[str], generator: random.Random) -> str | None:
    """A word after an article, for another one that stands so elsewhere in the document and not in the passage."""
    here = [
        match for match in _AFTER_ARTICLE.finditer(question)
        if match.group(1) in passage.lower() and match.group(1) not in _NO_NOUNS
    ]  # fmt: skip
    if not here:
        return None
    match = generator.choice(here)
    inside = set(_WORD.findall(passage.lower())) | set(_WORD.findall(question.lower()))
    plural = match.group(1).endswith("s")
    found = {word for text in others for word in _AFTER_ARTICLE.findall(text)}
    fitting = sorted(word for word in found - inside if word.endswith("s") == plural and word not in _NO_NOUNS)
    return _replaced(question, match.span(1), generator.choice(fitting)) if fitting else None


def _turn_round(question: str, passage: str, others: Sequence[str], generator: random.Random) -> str | None:
    here = [match for match in re.finditer(r"[a-z]+", question) if match.group() in ANTONYMS]
    if not here:
        return None
    match = generator.choice(here)
    return _replaced(question, match.span(), ANTONYMS[match.group()])


def _negate(question: str, passage: str, others: Sequence[str], generator: random.Random) -> str | None:
    here = _AUXILIARY.search(question)
    if here is None or re.search(r"\b(?:not|never|no)\b|n't", question):
        return None
    said = generator.choice((f"{here.group()} not", f"{here.group()}n't", f"{here.group()} never"))
    return _replaced(question, here.span(), said)


def _replaced(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


CHANGES: dict[str, tuple[Change, float]] = {
    "name": (_swap_name, 0.34),
    "noun": (_swap_noun, 0.26),
    "number": (_swap_number, 0.16),
    "antonym": (_turn_round, 0.16),
    "negation": (_negate, 0.08),
}
"""Each change with its share of the choice. Negation is kept rare: a question with "not" can well have an answer."""
