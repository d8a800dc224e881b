"""Words of questions and sentences: terms, names and numbers, and what kind of thing a question asks for."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[-.'][^\W_]+)*")
IDENTIFIER = re.compile(r"[A-Za-z]*\d[\w.-]*\w|[A-Z]{2,}[\w-]*")
"""Part numbers, years, codes, acronyms: what must be the same thing, not a similar one."""

_STOP_WORDS = frozenset(
    """a an the and or of to in on at for from by with is are was were be been do does did has have had can could may
    might must shall should will would i we you they he she it its our my your their this that these those what which
    who whom whose when where why how many much there if any not no me us them as about into per than then so""".split()  # noqa: SIM905
)

_ENDING = re.compile(r"(?<=\w{3})(?:ies|ing|ed|es|s|e|y)$")
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_KINDS = tuple(
    (re.compile(rf"\b(?:{asks})\b", re.IGNORECASE), re.compile(holds))
    for asks, holds in (
        ("how much|cost|price|pay|paid|fee|charge|budget|salary|amount|rate", r"\b[A-Z]{3}\b|[€$£¥%]|\d"),
        (
            "how long|how soon|how quickly|deadline|duration|lead time|period|notice",
            r"(?i)\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|ms|s|h)\b",
        ),
        ("when|what date|date|which day", rf"(?i)\b(?:19|20)\d\d\b|\b(?:{_MONTHS}|\w+days?)\b"),
        ("who|whom|whose", r"\b[A-Z][a-z]+ [A-Z][a-z]+|\b(?:team|manager|head|director|department|officer)\b"),
        (
            "how many|how often",
            r"(?i)\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|\w+ly)\b",
        ),
        (
            "how (?:hot|cold|warm|high|heavy|far|big|large|fast|old)|weigh|temperature|pressure|length|maximum|minimum|"
            "limit",
            r"\d",
        ),
    )
)


def terms(text: str) -> list[str]:
    """Lower-case words without stop words, light endings cut so that "limits" meets "limit"."""
    words = (match.group().lower() for match in _WORD.finditer(text))
    return [_ENDING.sub("", word) for word in words if word not in _STOP_WORDS]


def expected_kind(question: str) -> re.Pattern[str] | None:
    """What a sentence must hold to answer the question by its kind; ``None`` when the question does not say."""
    return next((holds for asks, holds in _KINDS if asks.search(question)), None)
