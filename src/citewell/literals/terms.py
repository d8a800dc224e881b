"""The words of a text that carry meaning, as they are compared everywhere."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[-.'][^\W_]+)*")

_STOP_WORDS = frozenset(
    """a an the and or of to in on at for from by with is are was were be been do does did has have had can could may
    might must shall should will would i we you they he she it its our my your their this that these those what which
    who whom whose when where why how many much there if any not no me us them as about into per than then so""".split()  # noqa: SIM905
)

_ENDING = re.compile(r"(?<=\w{3})(?:ies|ing|ed|es|s|e|y)$")


def terms(text: str) -> list[str]:
    """Lower-case words without stop words, light endings cut so that "limits" meets "limit"."""
    words = (match.group().lower() for match in _WORD.finditer(text))
    return [_ENDING.sub("", word) for word in words if word not in _STOP_WORDS]
