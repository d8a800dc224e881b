"""OpenDocument styles as far as reading needs them: what hides text, and the numbers of lists and headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from citewell.parsing.numerals import Numeral, numeral
from citewell.parsing.packages import is_white

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE, DRAW, STYLE, PRESENTATION, CHART, META = (
    f"{{{_OASIS}{name}:1.0}}"
    for name in ("office", "text", "table", "drawing", "style", "presentation", "chart", "meta")
)
FO, SVG = (f"{{{_OASIS}{name}:1.0}}" for name in ("xsl-fo-compatible", "svg-compatible"))
DC, XLINK = "{http://purl.org/dc/elements/1.1/}", "{http://www.w3.org/1999/xlink}"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"

SMALLEST_POINTS = 1.0
_MAX_PARENTS = 20
_MAX_LEVEL = 10
_NUMERALS: dict[str, Numeral] = {
    "1": "decimal", "a": "lower_letter", "A": "upper_letter", "i": "lower_roman", "I": "upper_roman",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How characters are set; empty where nothing says."""

    display: str = ""
    colour: str = ""
    size: str = ""
    background: str = ""

    def unseen(self, *, paper: bool) -> str:
        """How text of this look is hidden, empty when it is not. paper: whether it stands on the page itself."""
        if self.display == "none":
            return "hidden text"
        points = self.size.removesuffix("pt")
        if points != self.size and points.replace(".", "", 1).isdigit() and float(points) <= SMALLEST_POINTS:
            return "too small to read"
        if paper and self.background in {"", "transparent"} and is_white(self.colour):
            return "white on white"
        return ""


class Styles:
    """The styles of content.xml and styles.xml by family and name."""

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self.lists: dict[str, Any] = {}
        self.outline: Any = None
        self.white_page = True
        self._looks: dict[tuple[str, str], Look] = {}
        for root in roots:
            for element in root.iter(f"{STYLE}style"):
                key = (element.get(f"{STYLE}family", ""), element.get(f"{STYLE}name", ""))
                self._styles.setdefault(key, element)
            for element in root.iter(f"{TEXT}list-style"):
                self.lists.setdefault(element.get(f"{STYLE}name", ""), element)
            self.outline = next(root.iter(f"{TEXT}outline-style"), self.outline)
            for element in root.iter(f"{STYLE}page-layout-properties"):
                colour = element.get(f"{FO}background-color", "transparent")
                self.white_page = self.white_page and (colour == "transparent" or is_white(colour))

    def chain(self, family: str, name: str) -> Iterator[Any]:
        """A style and its parents."""
        for _ in range(_MAX_PARENTS):
            element = self._styles.get((family, name))
            if element is None:
                return
            yield element
            name = element.get(f"{STYLE}parent-style-name", "")

    def value(self, family: str, name: str, group: str, attribute: str) -> str:
        """One property, from the style or the nearest parent that sets it; empty when none does."""
        for element in self.chain(family, name):
            for properties in element.iterfind(f"{STYLE}{group}"):
                if (found := properties.get(attribute)) is not None:
                    return str(found)
        return ""

    def names(self, name: str) -> set[str]:
        """Names of a paragraph style and its parents, with plain spaces."""
        return {element.get(f"{STYLE}name", "").replace("_20_", " ") for element in self.chain("paragraph", name)} | {
            name.replace("_20_", " ")
        }

    def outline_level(self, name: str) -> int:
        """The level of a heading style, 0 of any other."""
        for element in self.chain("paragraph", name):
            if (level := element.get(f"{STYLE}default-outline-level")) is not None:
                return whole(level, 0, _MAX_LEVEL)
        return 0

    def list_of(self, name: str) -> str:
        """The list style that a paragraph style names itself, empty when it names none."""
        element = self._styles.get(("paragraph", name))
        return "" if element is None else element.get(f"{STYLE}list-style-name", "")

    def look(self, family: str, name: str, base: Look) -> Look:
        """``base`` changed by a style."""
        if (family, name) not in self._looks:
            background = self.value(family, name, "text-properties", f"{FO}background-color")
            if family == "paragraph":
                background = background or self.value(family, name, "paragraph-properties", f"{FO}background-color")
            self._looks[family, name] = Look(
                self.value(family, name, "text-properties", f"{TEXT}display"),
                self.value(family, name, "text-properties", f"{FO}color"),
                self.value(family, name, "text-properties", f"{FO}font-size"),
                background,
            )
        found = self._looks[family, name]
        return replace(
            base,
            display=found.display or base.display,
            colour=found.colour or base.colour,
            size=found.size or base.size,
            background=found.background or base.background,
        )


class Counter:
    """Numbers of one list, or of the headings, level by level."""

    def __init__(self, style: Any) -> None:
        self._levels: dict[int, Any] = {}
        for element in style if style is not None else ():
            self._levels[whole(element.get(f"{TEXT}level"), 1, _MAX_LEVEL)] = element
        self._counts: dict[int, int] = {}

    def next(self, level: int, start: str | None = None) -> str:
        """Count one item; its number with what is printed around it, empty for a bullet."""
        for deeper in [each for each in self._counts if each > level]:
            del self._counts[deeper]
        element = self._levels.get(level)
        first = 1 if element is None else whole(element.get(f"{TEXT}start-value", "1"), 1, 99_999)
        self._counts[level] = whole(start, 1, 99_999) if start else self._counts.get(level, first - 1) + 1
        if element is None or not element.get(f"{STYLE}num-format"):
            return ""
        shown = whole(element.get(f"{TEXT}display-levels", "1"), 1, level)
        numbers = [self._number(each) for each in range(level - shown + 1, level + 1)]
        text = ".".join(number for number in numbers if number)
        return f"{element.get(f'{STYLE}num-prefix', '')}{text}{element.get(f'{STYLE}num-suffix', '')}".strip()

    def _number(self, level: int) -> str:
        element = self._levels.get(level)
        kind = "" if element is None else element.get(f"{STYLE}num-format", "")
        return numeral(self._counts.get(level, 1), _NUMERALS.get(kind, "decimal")) if kind else ""


def whole(text: str | None, low: int, high: int) -> int:
    """A whole number held between two others; ``low`` when it is none."""
    digits = (text or "").strip()
    return min(max(int(digits), low), high) if digits.isascii() and digits.isdigit() and len(digits) < 12 else low


def length(text: str | None) -> float:
    """A length in points; 0 when there is none."""
    digits, unit = (text or "")[:-2], (text or "")[-2:]
    factor = {"cm": 28.35, "mm": 2.835, "in": 72.0, "pt": 1.0, "px": 0.75, "pc": 12.0}.get(unit)
    plain = digits.lstrip("-").replace(".", "", 1)
    return float(digits) * factor if factor and plain.isascii() and plain.isdigit() and len(digits) < 20 else 0.0
