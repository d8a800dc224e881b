"""Questions the collection does not answer, made from ones it does: another year, thing, column or document.

A twin is kept only when no passage a wide search finds names the thing and says half of what is asked
(:meth:`citewell.evaluation.making.corpus.Corpus.speaks_of`). That is strict on purpose: a twin that is answered
somewhere in other words would count an answer as a fault.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citewell.answering.words import terms
from citewell.evaluation.making.corpus import Corpus
from citewell.evaluation.making.drafts import Draft, small
from citewell.records import Passage

ATTRIBUTES = (
    "telephone number", "contact person", "warranty period", "supplier", "price", "serial number", "start date",
    "delivery date", "insurance number", "annual budget", "postal address", "project manager",
)  # fmt: skip
"""What people ask of things that have a name, for where a document has no other columns to borrow from."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PRODUCT = re.compile(r"\b(?P<family>[A-Z][A-Za-z]{0,9}[- ]?)(?P<number>\d{1,5})(?P<rest>[A-Za-z]?)\b")
_COUNTED = re.compile(
    r"(?:GBP|EUR|USD|CHF|CZK|SGD|JPY|[Pp]age|[Ss]tep|[Ww]eek|[Dd]ay|[Pp]art|[Uu]nder|[Oo]ver|[Aa]bout|[Vv]ersion|"
    r"Play|Phase)"
)
_PLAIN = re.compile(r"[A-Za-z]{4,}(?:[ _][a-z]+)?")  # a column name that stands in any sentence
_NO_NOUN = re.compile(
    r"(?i).*(?:ed|to|by|on|for|of)|descriptions?|types?|items?|names?|notes?|messages?|details?|status|dates?|use|what|"
    r"other|values?|measures?|causes?|responsible|purpose|data|results?"
)
_OF_A_DOCUMENT = frozenset({"condition", "number", "date", "person", "place", "reason", "fact", "how-to"})
_TITLED = re.compile(r"“([^”]+)”")  # a document that its title alone tells from all others
_MONTH = re.compile(r"(?i)(?:january|february|march|april|may|june|july|august|september|october|november|december) ?$")


@dataclass(frozen=True, slots=True)
class Twin:
    """An unanswerable question. why: for people. change: what was made other. about, asked: a thing, and what of it is
    asked; a passage that says both may answer it."""

    question: str
    why: str
    change: str
    about: str
    asked: str


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What twins may borrow from all drafts. columns: names of columns, by the noun of the things they are of (``the
    model``), so that no grade is asked for its weight. headings: of sections."""

    columns: Mapping[str, tuple[str, ...]]
    headings: tuple[str, ...]


def borrowed(drafts: Sequence[Draft]) -> Borrowed:
    columns: dict[str, set[str]] = {}
    for draft in drafts:
        if draft.kind == "table" and _PLAIN.fullmatch(draft.asked) and not _NO_NOUN.fullmatch(draft.asked):
            columns.setdefault(_noun(draft.about), set()).add(draft.asked)
    headings = {draft.asked for draft in drafts if draft.kind == "heading" and draft.asked}
    return Borrowed({noun: tuple(sorted(each)) for noun, each in columns.items() if noun}, tuple(sorted(headings)))


def _noun(about: str) -> str:
    """``the model`` of "the model Standard 14"; empty when the thing has only its name."""
    found = re.match(r"the [a-z]+(?: [a-z]+)? ", about)
    return found[0] if found else ""


def twins_of(
    draft: Draft, question: str, name: str, lent: Borrowed, others: Sequence[str], rng: random.Random
) -> Iterator[Twin]:
    """Possible twins of a question; each still has to be verified. others: names of documents near to it."""
    yield from _other_year(draft, question, rng)
    yield from _other_product(draft, question, rng)
    yield from _other_column(draft, question, lent, rng)
    yield from _other_attribute(draft, rng)
    yield from _other_heading(draft, lent, rng)
    yield from _other_document(draft, name, others)


def verified(twin: Twin, corpus: Corpus) -> tuple[bool, Passage | None]:
    """Whether nothing in the collection answers the twin, and the passage nearest to it."""
    if not terms(twin.about) or not terms(twin.asked):
        return False, None
    if corpus.speaks_of(twin.question, twin.about, twin.asked) is not None:
        return False, None
    return True, corpus.nearest(twin.question)


def _other_year(draft: Draft, question: str, rng: random.Random) -> Iterator[Twin]:
    years = list(_YEAR.finditer(draft.question))
    if len(years) != 1 or draft.question not in question:
        return
    found, year = years[0], int(years[0].group())
    for step in rng.sample((-3, -4, -5, -7, 4, 6), 3):
        other = str(year + step)
        asked = f"{draft.question[: found.start()]}{other}{draft.question[found.end() :]}"
        why = f"asks about {other}; the documents speak of {year}"
        keys = draft.keys.replace(found.group(), "")
        yield Twin(question.replace(draft.question, asked), why, "other year", other, keys)


def _other_product(draft: Draft, question: str, rng: random.Random) -> Iterator[Twin]:
    """A neighbouring number of the same family: TPX-230 for TPX-220."""
    found = next((each for each in _PRODUCT.finditer(draft.question) if _is_product(each)), None)
    if not found or draft.question not in question:
        return
    size, family = len(found["number"]), found["family"]
    tens = 10 if size > 1 and found["number"].endswith("0") else 1
    numbers = [int(found["number"]) + tens * step for step in (1, 2, 3, 4, 6, 8, -1, -2)]
    others = [f"{family}{number:0{size}d}{found['rest']}" for number in numbers if number > 0]
    for other in rng.sample(others, min(4, len(others))):
        asked = draft.question.replace(found.group(), other)
        keys = draft.keys.replace(found.group(), "")
        why = f"asks about {other}; the documents speak of {found.group()}"
        yield Twin(question.replace(draft.question, asked), why, "other thing", other, keys if terms(keys) else other)


def _is_product(found: re.Match[str]) -> bool:
    family, number = found["family"].strip(" -"), found["number"]
    date = _YEAR.fullmatch(number) or _MONTH.match(family) or _COUNTED.fullmatch(family)
    return bool(family) and not date and (len(family) > 1 or len(number) > 1)


def _other_column(draft: Draft, question: str, lent: Borrowed, rng: random.Random) -> Iterator[Twin]:
    """A column of another table."""
    if draft.kind != "table" or not _named(draft.about):
        return
    known = lent.columns.get(_noun(draft.about), ())
    columns = [each for each in known if not set(terms(each)) & set(terms(draft.asked))]
    for column in rng.sample(columns, min(4, len(columns))):
        asked = f"What is the {small(column.replace('_', ' '))} for {draft.about}?"
        text = question.replace(draft.question, asked) if draft.question in question else asked
        yield Twin(text, f"no table gives a '{column}' for it", "other column", draft.about, column)


def _other_attribute(draft: Draft, rng: random.Random) -> Iterator[Twin]:
    if draft.kind != "table" or not _named(draft.about):
        return
    for attribute in rng.sample(ATTRIBUTES, 3):
        asked = f"What is the {attribute} of {draft.about}?"
        yield Twin(asked, f"no document gives a {attribute} for it", "other attribute", draft.about, attribute)


def _other_heading(draft: Draft, lent: Borrowed, rng: random.Random) -> Iterator[Twin]:
    """What the document says about something only another one has a section on."""
    title = _TITLED.fullmatch(draft.about)
    if draft.kind != "heading" or not draft.asked or not title:
        return
    for heading in rng.sample(lent.headings, min(4, len(lent.headings))):
        asked = f"What does {draft.about} say about “{heading.rstrip('.:')}”?"
        yield Twin(asked, f"{draft.about} has no section on '{heading}'", "other topic", title[1], heading)


def _other_document(draft: Draft, name: str, others: Sequence[str]) -> Iterator[Twin]:
    """The same question of a document that is near, and does not say."""
    if draft.kind not in _OF_A_DOCUMENT or not draft.named or draft.named == draft.question:
        return
    for other in others[:6]:
        if title := _TITLED.fullmatch(other):
            why = f"asks {other}, which does not say; {name} does"
            yield Twin(draft.named.replace(name, other), why, "other document", title[1], draft.keys)


def _named(about: str) -> bool:
    """Whether this is a name: short, and its last word has a capital or a digit."""
    words = about.removeprefix("the ").split()
    return (
        0 < len(words) <= 5 and any(each.isupper() or each.isdigit() for each in words[-1]) and words[-1][:1].isalnum()
    )
