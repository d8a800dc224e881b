"""The numbers Word prints before list items and headings; the file holds only how to count ([ECMA-376] 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from citewell.parsing.numerals import Numeral, numeral

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = f"{W}val"

_FORMATS: dict[str, Numeral] = {
    "lowerLetter": "lower_letter", "upperLetter": "upper_letter", "lowerRoman": "lower_roman",
    "upperRoman": "upper_roman",
}  # fmt: skip
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    text: str
    style: str  # the paragraph style that stands for this level
    restarts: bool
    plain: bool  # all numbers in it are decimal


@dataclass
class _List:
    """A definition and how far it has been counted. Lists that share one go on counting together."""

    levels: dict[int, _Level]
    link: str
    counts: dict[int, int] = field(default_factory=dict)


class Lists:
    """numbering: the root of numbering.xml, ``None`` when there is none."""

    def __init__(self, numbering: Any) -> None:
        self._definitions: dict[str, _List] = {}
        self._numbers: dict[str, tuple[str, dict[int, int]]] = {}
        self._begun: set[tuple[str, int]] = set()
        if numbering is None:
            return
        for element in numbering.iterfind(f"{W}abstractNum"):
            link = element.find(f"{W}numStyleLink")
            levels = {whole(each.get(f"{W}ilvl")): _level(each) for each in element.iterfind(f"{W}lvl")}
            self._definitions[element.get(f"{W}abstractNumId", "")] = _List(
                levels, "" if link is None else link.get(VAL, "")
            )
        for element in numbering.iterfind(f"{W}num"):
            definition = element.find(f"{W}abstractNumId")
            starts = {
                whole(each.get(f"{W}ilvl")): whole(each.find(f"{W}startOverride").get(VAL), 1)
                for each in element.iterfind(f"{W}lvlOverride")
                if each.find(f"{W}startOverride") is not None
            }
            name = "" if definition is None else definition.get(VAL, "")
            self._numbers[element.get(f"{W}numId", "")] = (name, starts)

    def level_of_style(self, number: str, style: str) -> int:
        """The level a paragraph style stands for in a list, 0 when the list does not say."""
        found = self._definitions.get(self._numbers.get(number, ("", {}))[0])
        return next((index for index, level in found.levels.items() if level.style == style), 0) if found else 0

    def next(self, number: str, level: int, linked: str = "") -> str:
        """Count one paragraph; what is printed before it, empty for a bullet. linked: the list of the style that the
        definition refers to."""
        name, starts = self._numbers.get(number, ("", {}))
        found = self._definitions.get(name)
        if found is not None and not found.levels and linked and linked != number:
            name = self._numbers.get(linked, ("", {}))[0]
            found = self._definitions.get(name)
        if found is None or level not in found.levels:
            return ""
        if level in starts and (number, level) not in self._begun:
            self._begun.add((number, level))
            found.counts[level] = starts[level] - 1
        for deeper in [each for each in found.counts if each > level]:
            if deeper not in found.levels or found.levels[deeper].restarts:
                del found.counts[deeper]
        for above in range(level):  # a level that was passed over counts as begun
            if above in found.levels:
                found.counts.setdefault(above, found.levels[above].start)
        form = found.levels[level]
        found.counts[level] = found.counts.get(level, form.start - 1) + 1
        if form.kind in {"bullet", "none"}:
            return ""
        return _PLACE.sub(lambda match: self._printed(found, int(match[1]) - 1, form), form.text).strip()

    def link(self, number: str) -> str:
        """The numbering style that a list refers to, empty when it stands for itself."""
        found = self._definitions.get(self._numbers.get(number, ("", {}))[0])
        return found.link if found else ""

    def _printed(self, found: _List, level: int, form: _Level) -> str:
        other = found.levels.get(level)
        if other is None:
            return ""
        count = found.counts.get(level, other.start)
        kind = "decimal" if form.plain else other.kind
        return f"{count:02}" if kind == "decimalZero" else numeral(count, _FORMATS.get(kind, "decimal"))


def _level(element: Any) -> _Level:
    def value(name: str, usual: str) -> str:
        found = element.find(f"{W}{name}")
        return usual if found is None else str(found.get(VAL, usual))

    legal = element.find(f"{W}isLgl")
    return _Level(
        start=whole(value("start", "1")),
        kind=value("numFmt", "decimal"),
        text=value("lvlText", "")[:100],
        style=value("pStyle", ""),
        restarts=value("lvlRestart", "1") != "0",
        plain=legal is not None and legal.get(VAL) not in {"0", "false"},
    )


def whole(text: str | None, usual: int = 0) -> int:
    digits = text or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else usual
