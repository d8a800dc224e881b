"""Words of questions and sentences: terms, names and numbers, and what kind of thing a question asks for."""

from __future__ import annotations

import re

from citewell.literals.terms import terms

__all__ = ["CODE", "IDENTIFIER", "expected_kind", "terms"]

IDENTIFIER = re.compile(r"[A-Za-z]*\d[\w.-]*\w|[A-Z]{2,}[\w-]*")
"""Part numbers, years, codes, acronyms: what must be the same thing, not a similar one."""

CODE = re.compile(r"\b[A-Z]{2,}[A-Z0-9]*-\d[\w-]*|\b[A-Z]{3,}\d{2,}\w*")
"""The surest of them: letters and digits that name one thing, such as TPX-220 or EN10025, and no quarter or year."""

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


def expected_kind(question: str) -> re.Pattern[str] | None:
    """What a sentence must hold to answer the question by its kind; ``None`` when the question does not say."""
    return next((holds for asks, holds in _KINDS if asks.search(question)), None)
