"""Whether the form of an answer is the one that was asked for. Each instruction is followed or not; none is weighed."""

from __future__ import annotations

import json
import re
import unicodedata

from citewell.errors import DataError
from citewell.evaluation.questions import Instructions
from citewell.literals.facts import pieces

FORMATS = ("list", "table", "json", "number", "date")

_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)]|[a-z][.)])\s+\S")
_FENCE = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)
_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")


def follows(answer: str, wanted: Instructions, language: str = "") -> dict[str, bool]:
    """One entry per instruction, such as ``{"format: list": True, "at most 50 words": False}``.

    language: of the answer, ISO 639-1, when it is known; otherwise it is told from the text. An empty answer follows
    only what it avoids.
    """
    found: dict[str, bool] = {}
    text = answer.strip()
    if wanted.format:
        found[f"format: {wanted.format}"] = has_format(text, wanted.format, language or wanted.language)
    if wanted.max_words:
        found[f"at most {wanted.max_words} words"] = 0 < word_count(text) <= wanted.max_words
    if wanted.language:
        found[f"language: {wanted.language}"] = bool(text) and _in_language(text, wanted.language, language)
    plain = _plain(text)
    for each in wanted.contain:
        found[f"contains: {each}"] = _plain(each) in plain
    for each in wanted.avoid:
        found[f"avoids: {each}"] = _plain(each) not in plain
    return found


def word_count(text: str) -> int:
    """Words of ``text``: what white space separates and holds a letter or digit. Also the metric ``verbosity``."""
    return sum(any(each.isalnum() for each in word) for word in text.split())


def has_format(text: str, form: str, language: str = "") -> bool:
    """Whether ``text`` is a list, a table, JSON, one number or one date, and little else."""
    if form not in FORMATS:
        raise DataError(f"the format asked for is '{form}'. Expected one of: {', '.join(FORMATS)}.")
    if form == "list":
        return _is_list(text)
    if form == "table":
        return _is_table(text)
    if form == "json":
        return _is_json(text)
    found = pieces(text, language)
    values = [each for each in found if each.kind == form]
    return len(values) == 1 and len(found) <= (3 if form == "number" else 1)


def _is_list(text: str) -> bool:
    """Items that begin with a bullet or number; lines between them are indented, and one line may lead in."""
    lines = [line for line in text.splitlines() if line.strip()]
    items = [bool(_ITEM.match(line)) for line in lines]
    if True not in items:
        return False
    first = items.index(True)
    leads = first == 0 or (first == 1 and lines[0].rstrip().endswith(":"))
    return leads and all(item or line[0].isspace() for item, line in zip(items[first:], lines[first:], strict=True))


def _is_table(text: str) -> bool:
    """A Markdown table, tab-separated rows, or an HTML table; one line may lead in."""
    if re.search(r"<table\b.*<tr\b.*</table>", text, re.DOTALL | re.IGNORECASE):
        return True
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].endswith(":"):
        lines = lines[1:]
    if len(lines) >= 2 and "|" in lines[0] and "|" in lines[1] and _RULE.fullmatch(lines[1]):
        return all("|" in line for line in lines)
    cells = {line.count("\t") for line in lines}
    return len(lines) >= 2 and len(cells) == 1 and cells != {0}


def _is_json(text: str) -> bool:
    """A JSON object or array, perhaps fenced as code."""
    fenced = _FENCE.fullmatch(text)
    try:
        return isinstance(json.loads(fenced[1] if fenced else text), (dict, list))
    except (ValueError, RecursionError):  # thousands of open brackets are no answer
        return False


def _in_language(text: str, wanted: str, known: str) -> bool:
    """An answer too short to tell ("42 km", "Paris") follows any wish for a language."""
    from citewell.parsing.language import identify

    told = known or identify(text)
    return not told or told.lower()[:2] == wanted.lower()[:2]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
