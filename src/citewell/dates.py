"""The date a document gives itself.

Policies and contracts say "Effective: 2025-03-01" or "Version 3.2, 1 March 2025" near their top; that date, not the
file's, decides which of two versions is newer. Only dates that name their month or are ISO 8601 are read: 03/04/2025
means different days to different readers.
"""

from __future__ import annotations

import re

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = (
    rf"(?:(\d{{4}})-(\d{{2}})-(\d{{2}})|(\d{{1,2}})\.? ({_MONTH})\.?,? (\d{{4}})|({_MONTH})\.? (\d{{1,2}}),? (\d{{4}}))"
)
_CUES = (
    r"effective(?: date| from| as of| as from)?|in force (?:from|since)|valid (?:from|as of)|applies from",
    r"last (?:updated|modified|reviewed|revised)|revised|updated|version [\w.]+|revision [\w.]+|issued|date",
)
_STATED = tuple(re.compile(rf"\b(?:{cue})\b[^\w\n]{{0,4}}(?:on )?{_DATE}", re.IGNORECASE) for cue in _CUES)

HEAD_CHARACTERS = 2500
"""Only the top of a document speaks about the document as a whole."""


def stated_date(text: str) -> str:
    """The ISO date the first lines of ``text`` state, or ``""``. A date in force beats an edit date."""
    head = text[:HEAD_CHARACTERS]
    for pattern in _STATED:
        for match in pattern.finditer(head):
            if found := _iso(match.groups()):
                return found
    return ""


def _iso(groups: tuple[str | None, ...]) -> str:
    year, month, day, day_first, month_name, year_last, month_first, day_second, year_second = groups
    if month_name and day_first and year_last:
        parts = (int(year_last), _MONTHS[month_name.lower()], int(day_first))
    elif month_first and day_second and year_second:
        parts = (int(year_second), _MONTHS[month_first.lower()], int(day_second))
    elif year and month and day:
        parts = (int(year), int(month), int(day))
    else:
        return ""
    valid = 1 <= parts[1] <= 12 and 1 <= parts[2] <= 31
    return f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}" if valid else ""
