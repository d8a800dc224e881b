"""Other words for some of a question's, because people rarely ask in the words of the document.

Only pairs that mean the same in nearly every sentence, in the same form; nothing inside quotation marks, no name. It
lowers how much a search by words is flattered; it does not remove it (``benchmarks/making.py`` measures both).
"""

from __future__ import annotations

import re

_PAIRS = {
    "purchase": "buy", "purchased": "bought", "purchasing": "buying", "receive": "get", "obtain": "get",
    "employees": "staff", "annual": "yearly", "telephone": "phone", "repaired": "fixed",
    "approximately": "about", "begin": "start", "commence": "start", "inform": "tell", "informed": "told",
    "permitted": "allowed", "required": "needed", "submit": "hand in", "submitted": "handed in", "assist": "help",
    "sufficient": "enough", "terminate": "end", "terminated": "ended", "request": "ask for", "notify": "tell",
    "notified": "told", "vehicle": "car", "vehicles": "cars", "customer": "client", "customers": "clients",
    "supplier": "vendor", "suppliers": "vendors", "located": "found", "stored": "kept",
    "responsible for": "in charge of", "incorrect": "wrong", "error": "mistake", "errors": "mistakes",
    "prior to": "before", "in order to": "to", "postponed": "put off", "completed": "finished",
    "modified": "changed", "modify": "change",
}  # fmt: skip
"""Word of a document to word of a person."""
_VERBS = frozenset({"request", "purchase"})  # only after "you": elsewhere they may be nouns
_ONLY_AFTER_YOU = re.compile(r"(?i)\byou (?:can |must |should |need to |want to |have to )?$")
_WORD = re.compile(r"(?i)\b(?:" + "|".join(sorted(map(re.escape, _PAIRS), key=len, reverse=True)) + r")\b")
_KEPT = re.compile(r"“[^”]*”|«[^»]*»|„[^“]*“")


def reworded(question: str) -> str:
    """The question with other words where there are safe ones; the same when there are none."""
    kept = [match.span() for match in _KEPT.finditer(question)]

    def other(match: re.Match[str]) -> str:
        word, start = match.group(), match.start()
        if word != word.lower() or any(first <= start < last for first, last in kept):
            return word
        if word in _VERBS and not _ONLY_AFTER_YOU.search(question[:start]):
            return word
        return _PAIRS[word]

    return _WORD.sub(other, question)
