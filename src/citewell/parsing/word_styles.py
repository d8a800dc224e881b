"""What a Word style makes of a paragraph or a run: heading, list item, or nothing to be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from citewell.parsing.packages import is_white
from citewell.parsing.word_lists import VAL, W, whole

HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|otsikko|overskrift|nagłówek|nadpis|başlık|заголовок|"
    r"επικεφαλίδα|標題|标题|見出し|제목)\s*(\d)",
    re.IGNORECASE,
)
CODE_STYLE = re.compile(r"code|source|listing|preformatted|consol", re.IGNORECASE)
TITLES = frozenset(("title", "titel", "titre", "título", "titolo", "tytuł", "название", "τίτλος", "標題", "标题"))

_SMALLEST = 2  # half points
_MAX_PARENTS = 20
_BODY_TEXT = 9  # the outline level that is none


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """heading: level from 1, 0 for none. number, level: of the list it belongs to, if any."""

    identity: str = ""
    name: str = ""
    heading: int = 0
    number: str = ""
    level: int | None = None
    shaded: bool = False


class Styles:
    """root: of styles.xml, ``None`` when there is none."""

    def __init__(self, root: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._paragraphs: dict[str, ParagraphStyle] = {}
        self._runs: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.usual = ""
        for element in root.iterfind(f"{W}style") if root is not None else ():
            identity = element.get(f"{W}styleId", "")
            self._styles[identity] = element
            if element.get(f"{W}type") == "paragraph" and element.get(f"{W}default") in {"1", "true"}:
                self.usual = identity

    def chain(self, identity: str) -> Iterator[Any]:
        """A style and those it is based on."""
        for _ in range(_MAX_PARENTS):
            element = self._styles.get(identity)
            if element is None:
                return
            yield element
            base = element.find(f"{W}basedOn")
            identity = "" if base is None else base.get(VAL, "")

    def paragraph(self, identity: str) -> ParagraphStyle:
        identity = identity or self.usual
        if identity not in self._paragraphs:
            self._paragraphs[identity] = self._read(identity)
        return self._paragraphs[identity]

    def _read(self, identity: str) -> ParagraphStyle:
        names = [_value(element.find(f"{W}name")) for element in self.chain(identity)]
        outline = number = ""
        level: int | None = None
        shaded = False
        for element in self.chain(identity):
            properties = element.find(f"{W}pPr")
            if properties is None:
                continue
            outline = outline or _value(properties.find(f"{W}outlineLvl"))
            list_ = properties.find(f"{W}numPr")
            if list_ is not None:
                number = number or _value(list_.find(f"{W}numId"))
                level = whole(_value(list_.find(f"{W}ilvl"))) if level is None else level
            shaded = shaded or _filled(properties.find(f"{W}shd"))
        named = next((match for name in names if (match := HEADING.match(name))), None)
        heading = int(named[1]) if named else 0
        if outline:
            heading = whole(outline, _BODY_TEXT) + 1 if whole(outline, _BODY_TEXT) < _BODY_TEXT else 0
        return ParagraphStyle(identity, names[0] if names else "", heading, number, level, shaded)

    def linked_list(self, identity: str) -> str:
        """The list that a numbering style stands for."""
        for element in self.chain(identity):
            if (found := element.find(f"{W}pPr/{W}numPr/{W}numId")) is not None:
                return _value(found)
        return ""

    def colours_tables(self, identity: str) -> bool:
        """Whether a table style fills cells, so that white type may stand on colour."""
        return any(_filled(shade) for element in self.chain(identity) for shade in element.iter(f"{W}shd"))

    def unseen(self, run: Any, paragraph: str, *, paper: bool) -> str:
        """How a run is hidden, empty when it is not. paper: whether plain white lies behind it."""
        own = run.find(f"{W}rPr")
        style = "" if own is None else _value(own.find(f"{W}rStyle"))
        if own is None or (not style and not len(own)):
            properties: tuple[Any, ...] = self._run_properties("", paragraph)
        else:
            properties = (own, *self._run_properties(style, paragraph))
        if not properties:
            return ""
        vanish = _first(properties, "vanish")
        if vanish is not None and vanish.get(VAL) not in {"0", "false", "off"}:
            return "hidden text"
        size = _first(properties, "sz")
        if size is not None and whole(_value(size).removesuffix("pt"), 99) <= _SMALLEST:
            return "too small to read"
        colour = _first(properties, "color")
        if not paper or colour is None or not is_white(_value(colour)):
            return ""
        lit = _first(properties, "highlight") is not None or _filled(_first(properties, "shd"))
        return "" if lit else "white on white"

    def _run_properties(self, style: str, paragraph: str) -> tuple[Any, ...]:
        key = (style, paragraph)
        if key not in self._runs:
            chains = (self.chain(identity) for identity in (style, paragraph or self.usual) if identity)
            found = (element.find(f"{W}rPr") for chain in chains for element in chain)
            self._runs[key] = tuple(each for each in found if each is not None)
        return self._runs[key]


def _first(properties: tuple[Any, ...], name: str) -> Any:
    """The nearest element of this name."""
    for each in properties:
        if (found := each.find(f"{W}{name}")) is not None:
            return found
    return None


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(VAL, ""))


def _filled(shade: Any) -> bool:
    """Whether shading puts a colour behind text."""
    if shade is None:
        return False
    fill = shade.get(f"{W}fill", "auto")
    return shade.get(f"{W}themeFill") is not None or (fill != "auto" and not is_white(fill))


def filled(properties: Any) -> bool:
    """Whether the properties of a paragraph or cell put a colour behind its text."""
    return properties is not None and _filled(properties.find(f"{W}shd"))
