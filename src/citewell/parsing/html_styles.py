"""What a page shows to nobody: elements and text hidden by attributes, inline styles and simple style rules.

Not a style engine. It reads ``style`` attributes and the rules of ``<style>`` elements whose selectors are made of a
tag, classes and ids; other selectors, variables and style sheets in other files are not known here. Where they may
decide, text counts as shown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

Colour = tuple[int, int, int]

MAX_RULES = 20_000
MAX_CSS = 2_000_000  # characters; the rest of the styles is not looked at

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_SELECTOR = re.compile(r"([a-z][\w-]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(-?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}))\s{0,9}(px|pt|em|rem|ex|ch|vw|vh|in|cm|mm|%|)", re.IGNORECASE
)
_ZERO = re.compile(r"0(?:\.0+)?(?:px|pt|em|%)?")
_CLIPPED = re.compile(r"rect\((?:\s*[01](?:px)?[\s,)]+){4}|inset\(\s*(?:50|100)%")
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*(?:[,/]\s*([\d.]+%?)\s*)?\)", re.IGNORECASE)
_NAMED: dict[str, Colour] = {
    "white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240), "whitesmoke": (245, 245, 245), "red": (255, 0, 0),
    "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0), "gray": (128, 128, 128),
    "grey": (128, 128, 128), "silver": (192, 192, 192), "navy": (0, 0, 128), "maroon": (128, 0, 0),
    "teal": (0, 128, 128), "lime": (0, 255, 0), "aqua": (0, 255, 255), "cyan": (0, 255, 255), "orange": (255, 165, 0),
    "purple": (128, 0, 128), "fuchsia": (255, 0, 255), "magenta": (255, 0, 255), "olive": (128, 128, 0),
    "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "darkgray": (169, 169, 169), "pink": (255, 192, 203),
}  # fmt: skip
_WHITE = (255, 255, 255)
_CLOSE = 10  # of 255 in each channel: no one tells such colours apart
_AWAY = -500.0  # px; further out than any screen's margin
_SMALLEST = 2.0  # px; smaller text is a line, not letters
_DEFAULT_SIZE = 16.0
_PIXELS = {"px": 1.0, "": 1.0, "pt": 4 / 3, "rem": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "vw": 10.0, "vh": 10.0,
           "ex": 8.0, "ch": 8.0}  # fmt: skip
_USED = frozenset((
    "display", "visibility", "opacity", "font-size", "font", "color", "background", "background-color",
    "background-image", "position", "left", "top", "right", "bottom", "margin-left", "text-indent", "clip", "clip-path",
    "overflow", "height", "width", "max-height", "max-width", "-webkit-text-fill-color",
))  # fmt: skip

Declarations = dict[str, tuple[int, str]]
"""Property → its weight (2 when important) and value."""


@dataclass(frozen=True, slots=True)
class Look:
    """How text at one place of a page looks, as far as its colours and size go.

    colour: ``None`` when unknown. background: likewise; ``None`` also when it is a picture. stated: whether a style
    says what the background is. marked: whether an element around it has a class or an id, by which rules that are not
    known here may change it. visibility: why it is not seen, unless an element inside says otherwise.
    """

    colour: Colour | None = (0, 0, 0)
    background: Colour | None = _WHITE
    stated: bool = False
    marked: bool = False
    size: float = _DEFAULT_SIZE
    visibility: str = ""

    def reason(self, foreign: bool) -> str:
        """Why text here is not seen; empty when it is. foreign: whether the page has rules that are not known."""
        if self.visibility:
            return self.visibility
        if self.size < _SMALLEST:
            return "font size near zero"
        if self.colour is None or self.background is None or (foreign and self.marked and not self.stated):
            return ""
        if max(abs(a - b) for a, b in zip(self.colour, self.background, strict=True)) > _CLOSE:
            return ""
        return "white on white" if self.colour == _WHITE else "colour of its background"


@dataclass(frozen=True, slots=True)
class _Rule:
    weight: tuple[int, int]  # specificity, order
    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    declarations: Declarations
    narrow: bool  # only on some screens: it may show what is hidden, but hides nothing


@dataclass
class Styles:
    """The rules of one page, found by the class, id or tag they are about."""

    rules: dict[str, list[_Rule]] = field(default_factory=lambda: defaultdict(list))
    ruled: dict[tuple[str, str, str], Declarations] = field(default_factory=dict)  # what they came to, by element
    count: int = 0
    foreign: bool = False
    sizes: bool = True  # whether sizes of type are believed

    @staticmethod
    def of(page: LexborHTMLParser) -> Styles:
        found = Styles()
        found.foreign = any(
            "stylesheet" in (link.attributes.get("rel") or "").lower() for link in page.css("link[rel]")
        )
        css = "\n".join(style.text() for style in page.css("style"))[:MAX_CSS]
        if css:
            found._sheet(_COMMENT.sub(" ", css))
        return found

    def look(self, node: LexborNode, tag: str, above: Look) -> tuple[Look, str]:
        """How text in this element looks, and why the element is not shown at all (empty: it is)."""
        attributes = node.attributes
        style = self._style(tag, attributes)
        if "hidden" in attributes:
            return above, "hidden attribute"
        marked = above.marked or (tag != "body" and ("class" in attributes or "id" in attributes))
        if not style and not attributes.get("bgcolor") and marked == above.marked and tag != "font":
            return above, ""
        if reason := _gone(style):
            return above, reason
        look = replace(above, marked=marked)
        if colour := attributes.get("color") if tag == "font" else None:
            look = replace(look, colour=_colour(colour))
        if background := attributes.get("bgcolor"):
            look = replace(look, background=_colour(background), stated=True)
        look = _styled(look, style)
        return (look if self.sizes else replace(look, size=_DEFAULT_SIZE)), ""

    def _style(self, tag: str, attributes: dict[str, str | None]) -> dict[str, str]:
        """The declarations that win for one element."""
        inline = attributes.get("style")
        if not self.count and not inline:
            return {}
        key = tag, attributes.get("class") or "", attributes.get("id") or ""
        if key not in self.ruled:
            self.ruled[key] = self._rules(*key) if self.count else {}
        ruled = self.ruled[key]
        found = {name: value for name, (_, value) in ruled.items()}
        for name, (importance, value) in _declarations(inline or "").items():
            if name not in ruled or importance >= ruled[name][0]:
                found[name] = value
        return found

    def _rules(self, tag: str, names: str, own_id: str) -> Declarations:
        """The declarations that win for elements of this tag, these classes and this id."""
        classes = frozenset(names.split())
        matching = [
            rule
            for key in (tag, "*", *(f".{name}" for name in classes), f"#{own_id}")
            for rule in self.rules.get(key, ())
            if rule.tag in {"", "*", tag} and rule.classes <= classes and rule.ids <= {own_id}
        ]
        won: dict[str, tuple[tuple[int, int, int], str]] = {}
        for rule in sorted(matching, key=lambda rule: rule.narrow):
            for name, (importance, value) in rule.declarations.items():
                weight = (importance, *rule.weight)
                if rule.narrow and not _shows(name, value):
                    continue
                if name not in won or weight >= won[name][0] or rule.narrow:
                    won[name] = (weight, value)
        return {name: (weight[0], value) for name, (weight, value) in won.items()}

    def _sheet(self, css: str, narrow: bool = False, depth: int = 0) -> None:
        """Rules of a style sheet; blocks of other media than screens are passed over."""
        position = 0
        while (opened := css.find("{", position)) >= 0 and self.count < MAX_RULES:
            head = css[position:opened].rpartition(";")[2].strip()
            closed = _closing(css, opened)
            if not head.startswith("@"):
                self._rule(head, css[opened + 1 : closed], narrow)
            elif head.startswith(("@media", "@supports", "@layer", "@container")) and depth < 5:
                media = head.startswith(("@media", "@supports", "@container"))
                if "print" not in head and "prefers-color-scheme" not in head:
                    self._sheet(css[opened + 1 : closed], narrow or media, depth + 1)
            position = closed + 1

    def _rule(self, selectors: str, body: str, narrow: bool) -> None:
        declarations = _declarations(body)
        if not declarations:
            return
        for selector in selectors.split(","):
            match = _SELECTOR.fullmatch(selector.strip())
            if not match or not match[0]:
                if "background" in declarations or "background-color" in declarations:
                    self.foreign = True  # a rule this does not understand may put a colour behind the text
                continue
            tag = (match[1] or "").lower()
            names = re.findall(r"[.#][\w-]+", match[2])
            classes = frozenset(name[1:] for name in names if name[0] == ".")
            ids = frozenset(name[1:] for name in names if name[0] == "#")
            specificity = 10_000 * len(ids) + 100 * len(classes) + bool(tag)
            key = names[0] if names else tag
            self.count += 1
            self.rules[key].append(_Rule((specificity, self.count), tag, classes, ids, declarations, narrow))


def unseen(opening: str) -> str:
    """Why what stands in this element, given by its opening tag alone, is not shown; empty when it is."""
    body = LexborHTMLParser(opening).body
    node = body.child if body is not None else None
    if node is None or not node.is_element_node:
        return ""
    look, reason = Styles().look(node, node.tag or "", Look())
    return reason or look.reason(False)


def _closing(css: str, opened: int) -> int:
    """Where the block that opens here ends."""
    depth = 0
    for match in _BRACE.finditer(css, opened):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(css)


def _declarations(body: str) -> Declarations:
    found: Declarations = {}
    for part in body.split(";"):
        name, colon, value = part.partition(":")
        name = name.strip().lower()
        if colon and name in _USED:
            value = value.strip().lower()
            important = value.endswith("!important")
            found[name] = (2 if important else 1, value.removesuffix("!important").strip())
    return found


def _shows(name: str, value: str) -> bool:
    return (name, value) != ("display", "none") and (
        name == "display" or (name == "visibility" and value == "visible") or (name == "opacity" and value != "0")
    )


def _gone(style: dict[str, str]) -> str:
    """Why an element with this style is not shown, and nothing in it can be."""
    if style.get("display") == "none":
        return "display: none"
    if (opacity := _NUMBER.fullmatch(style.get("opacity", ""))) and float(opacity[1]) < (0.05 if not opacity[2] else 5):
        return "opacity: 0"
    sizes = [style[name] for name in ("height", "width", "max-height", "max-width") if name in style]
    if style.get("overflow", "") in {"hidden", "clip"} and any(_ZERO.fullmatch(each) for each in sizes):
        return "no size"
    return _moved(style)


def _moved(style: dict[str, str]) -> str:
    """Off the screen, or clipped until nothing is left."""
    position = style.get("position", "")
    places = [_pixels(style.get(name, "")) for name in ("left", "top", "right", "bottom")]
    if position in {"absolute", "fixed", "relative"} and min(places) <= _AWAY:
        return "off screen"
    if min(_pixels(style.get("text-indent", "")), _pixels(style.get("margin-left", ""))) <= _AWAY:
        return "off screen"
    clip = f"{style.get('clip', '')} {style.get('clip-path', '')}"
    return "clipped to nothing" if position in {"absolute", "fixed"} and _CLIPPED.search(clip) else ""


def _styled(look: Look, style: dict[str, str]) -> Look:
    if visibility := style.get("visibility"):
        look = replace(look, visibility=f"visibility: {visibility}" if visibility in {"hidden", "collapse"} else "")
    if size := style.get("font-size"):
        look = replace(look, size=_size(size, look.size))
    elif (font := _NUMBER.search(style.get("font", ""))) and font[2]:
        look = replace(look, size=_size(font[0], look.size))
    if colour := style.get("-webkit-text-fill-color") or style.get("color"):
        if colour == "transparent" or ((rgb := _RGB.fullmatch(colour)) and rgb[4] and float(rgb[4].rstrip("%")) == 0):
            return replace(look, visibility="transparent text")
        if colour not in {"inherit", "currentcolor"}:
            look = replace(look, colour=_colour(colour))
    if "url(" in style.get("background-image", "") or "gradient" in style.get("background-image", ""):
        return replace(look, background=None, stated=True)
    background = style.get("background-color") or style.get("background")
    if background and background not in {"none", "transparent", "inherit", "initial", "unset"}:
        look = replace(look, background=_colour(background), stated=True)
    return look


def _size(value: str, above: float) -> float:
    """Font size in pixels; words such as ``small`` are readable."""
    match = _NUMBER.fullmatch(value)
    if not match:
        return _DEFAULT_SIZE
    number, unit = float(match[1]), match[2].lower()
    if unit in {"em", "%"}:
        return above * number / (100 if unit == "%" else 1)
    return number * _PIXELS[unit]


def _pixels(value: str) -> float:
    match = _NUMBER.fullmatch(value)
    if not match:
        return 0.0
    unit = match[2].lower()
    return float(match[1]) * (16.0 if unit == "em" else 10.0 if unit == "%" else _PIXELS[unit])


def _colour(value: str) -> Colour | None:
    """The colour in a value; ``None`` for a picture, a gradient, a variable or a name not known here."""
    if "url(" in value or "gradient" in value or "var(" in value:
        return None
    if match := _HEX.search(value):
        digits = match[1]
        if len(digits) < 6:
            digits = "".join(digit * 2 for digit in digits)
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if match := _RGB.search(value):
        opaque = match[4] is None or float(match[4].rstrip("%")) >= (90 if "%" in match[4] else 0.9)
        return (min(255, int(match[1])), min(255, int(match[2])), min(255, int(match[3]))) if opaque else None
    return next((_NAMED[word] for word in re.findall(r"[a-z]+", value.lower()) if word in _NAMED), None)
