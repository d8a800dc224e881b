"""What kind of value a text is: a date, an amount of money, a number, a person. By pattern; the words in the patterns
(months, numbers, "pounds") are English."""

from __future__ import annotations

import re

from citewell.evaluation.making.drafts import Shape

MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
DATE = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{MONTHS})\.?(?:,? \d{{4}})?|(?:{MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?"
    rf"(?:,? \d{{4}})?|(?:{MONTHS}) \d{{4}}|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}})\b"
)
CURRENCY = r"(?:GBP|EUR|USD|CHF|CZK|SGD|JPY|AUD|CAD|SEK|NOK|DKK|PLN|[€$£¥])"
AMOUNT = (
    rf"(?:{CURRENCY} ?\d[\d,. ]*\d|{CURRENCY} ?\d|\d[\d,.]* ?(?:€|{CURRENCY}\b|dollars|euros?|pounds))(?: (?:million|"
    rf"billion))?"
)
NUMBER_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?|{NUMBER_WORDS})"

_DATE = re.compile(DATE, re.IGNORECASE)
_AMOUNT = re.compile(AMOUNT)
_NUMBER = re.compile(rf"\b{NUMBER}\b", re.IGNORECASE)
_PERSON = re.compile(
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[A-Z][a-zà-ÿ]+(?:-[A-Z][a-z]+)?(?: (?:van|von|de|der|da|di|la|le|[A-Z]\.))*"
    r"(?: [A-Z][a-zà-ÿ]+(?:-[A-Z][a-z]+)?){1,2}"
)
_NO_PERSON = re.compile(
    r"(?i)\b(?:limited|ltd|inc|gmbh|company|street|road|office|department|services?|policy|plan|agreement|manager|"
    r"team|report|project|north|south|east|west|united|new|standard|general|health|plus|kingdom|states|monday|"
    r"tuesday|wednesday|thursday|friday|saturday|sunday|instruments?|management|technical|quality|first|second)\b"
)


_HOLDS: dict[Shape, re.Pattern[str]] = {
    "date": _DATE, "amount": _AMOUNT, "number": _NUMBER, "name": re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+"),
}  # fmt: skip


def shape_of(value: str) -> Shape:
    """The kind of ``value``; ``text`` when it is none of the others, or more than a few words long."""
    if len(value.split()) > 8:
        return "text"
    if _DATE.search(value):
        return "date"
    if _AMOUNT.search(value):
        return "amount"
    if _NUMBER.search(value):
        return "number"
    return "name" if looks_like_person(value) else "text"


def holds(shape: Shape, text: str) -> bool:
    """Whether ``text`` holds a value of this kind; anything holds ``text``."""
    pattern = _HOLDS.get(shape)
    return pattern is None or bool(pattern.search(text))


def looks_like_person(value: str) -> bool:
    """Two or three capitalised words, none of which is common in names of companies, places or documents."""
    return (
        bool(_PERSON.fullmatch(value))
        and not _NO_PERSON.search(value)
        and not re.search(rf"(?i)\b(?:{MONTHS})\b", value)
    )
