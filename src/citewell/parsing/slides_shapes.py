"""What stands where on a slide, and what of it can be seen: boxes, placeholders, colours.

Only as much as reading needs: an order from top left, and the three ways of hiding words (off the slide, too small,
white on white). Words count as white on white only where nothing else could lie behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from citewell.parsing.packages import is_white
from citewell.parsing.reading_order import BAND_INCHES, in_order

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

SMALLEST = 100
"""Type of 1 point, in hundredths of a point: no one reads smaller print on a slide."""

_INCH = 914_400  # in EMU
_MAX_DEPTH = 30  # of groups within groups
_LEAVES = frozenset(f"{P}{name}" for name in ("sp", "graphicFrame", "pic", "cxnSp"))
_FILLS = ("noFill", "solidFill", "gradFill", "blipFill", "pattFill", "grpFill")

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in EMU."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One leaf of the shape tree. placeholder: its type (``title``, ``body``, ``obj``, …), empty for free shapes."""

    element: Any
    box: Box | None
    placeholder: str
    hidden: bool
    index: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A slide's, layout's or master's XML with what it inherits from."""

    root: Any
    parent: Sheet | None = None
    theme: Any = None
    shapes: list[Shape] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Frame:
    """How coordinates inside a group become those of the slide."""

    x: float = 0.0
    y: float = 0.0
    across: float = 1.0
    down: float = 1.0


def sheet(root: Any, parent: Sheet | None = None, theme: Any = None) -> Sheet:
    """A sheet with its shapes in reading order: placeholders first, then from top left; groups stay together."""
    made = Sheet(root, parent, theme)
    tree = root.find(f"{P}cSld/{P}spTree")
    if tree is not None:
        made.shapes.extend(_in_order(tree, made, _Frame(), hidden=False, depth=0))
    return made


def children(tree: Any) -> Iterator[Any]:
    """Shapes of a tree or group; of alternatives the first, or the second where the first holds no shape."""
    for element in tree:
        if element.tag == f"{MC}AlternateContent":
            for branch in element:
                inside = [each for each in branch if each.tag in _LEAVES or each.tag == f"{P}grpSp"]
                if inside:
                    yield from inside
                    break
        else:
            yield element


def _in_order(tree: Any, owner: Sheet, frame: _Frame, *, hidden: bool, depth: int) -> list[Shape]:
    found: list[tuple[int, float, float, list[Shape]]] = []
    for element in children(tree):
        if element.tag == f"{P}grpSp" and depth < _MAX_DEPTH:
            box = _box(element.find(f"{P}grpSpPr/{A}xfrm"), frame)
            concealed = hidden or _marked_hidden(element)
            inner = _in_order(element, owner, _inner(element, frame), hidden=concealed, depth=depth + 1)
            found.append((2, *_corner(box), inner))
        elif element.tag in _LEAVES:
            shape = _shape(element, owner, frame, hidden=hidden)
            rank = {"title": 0, "ctrTitle": 0, "": 2, "ftr": 3, "dt": 3, "sldNum": 3}.get(shape.placeholder, 1)
            found.append((rank, *_corner(shape.box), [shape]))
    return [shape for shapes in in_order(found, BAND_INCHES * _INCH) for shape in shapes]


def _corner(box: Box | None) -> tuple[float, float]:
    """Top and left."""
    return (box[1], box[0]) if box else (0.0, 0.0)


def _shape(element: Any, owner: Sheet, frame: _Frame, *, hidden: bool) -> Shape:
    mark = element.find(f"*/{P}nvPr/{P}ph")
    placeholder = "" if mark is None else mark.get("type", "obj")
    index = "" if mark is None else mark.get("idx", "")
    transform = element.find(f"{P}spPr/{A}xfrm")
    if transform is None:
        transform = element.find(f"{P}xfrm")  # of a table or chart
    made = Shape(element, _box(transform, frame), placeholder, hidden or _marked_hidden(element), index)
    if made.box is None and made.placeholder and (base := inherited(made, owner)) is not None:
        return replace(made, box=base.box)
    return made


def inherited(shape: Shape, owner: Sheet) -> Shape | None:
    """The placeholder of the layout or master that this one takes its place and looks from."""
    if owner.parent is None or not shape.placeholder:
        return None
    kind = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(shape.placeholder, shape.placeholder)
    candidates = [each for each in owner.parent.shapes if each.placeholder]
    for each in candidates:
        if each.index == shape.index and (shape.index or each.placeholder == shape.placeholder):
            return each
    usual = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}
    return next((each for each in candidates if usual.get(each.placeholder, each.placeholder) == kind), None)


def _marked_hidden(element: Any) -> bool:
    properties = element.find(f"*/{P}cNvPr")
    return properties is not None and properties.get("hidden") in {"1", "true"}


def _box(transform: Any, frame: _Frame) -> Box | None:
    if transform is None:
        return None
    left, top = _point(transform.find(f"{A}off"), "x", "y")
    width, height = _point(transform.find(f"{A}ext"), "cx", "cy")
    x, y = frame.x + left * frame.across, frame.y + top * frame.down
    return (x, y, x + width * frame.across, y + height * frame.down)


def _inner(group: Any, frame: _Frame) -> _Frame:
    transform = group.find(f"{P}grpSpPr/{A}xfrm")
    box = _box(transform, frame)
    if box is None:
        return frame
    left, top = _point(transform.find(f"{A}chOff"), "x", "y")
    width, height = _point(transform.find(f"{A}chExt"), "cx", "cy")
    across = (box[2] - box[0]) / width if width else frame.across
    down = (box[3] - box[1]) / height if height else frame.down
    return _Frame(box[0] - left * across, box[1] - top * down, across, down)


def _point(element: Any, first: str, second: str) -> tuple[float, float]:
    return (0.0, 0.0) if element is None else (_number(element.get(first)), _number(element.get(second)))


def _number(text: str | None) -> float:
    digits = (text or "").strip()
    return float(digits) if digits.lstrip("-").isdigit() and len(digits) < 16 else 0.0


def off_slide(box: Box | None, size: tuple[float, float]) -> bool:
    """Whether a box lies wholly outside the slide. A box without width and height is a point: its words overflow it."""
    if box is None or not all(size):
        return False
    return box[2] < 0 or box[3] < 0 or box[0] > size[0] or box[1] > size[1]


def unseen(run: Any, owner: Sheet, *, white_paper: bool) -> str:
    """How a run of text is hidden, empty when it is not."""
    properties = run.find(f"{A}rPr")
    if properties is None:
        return ""
    size = properties.get("sz", "")
    if size.isdigit() and int(size) <= SMALLEST:
        return "too small to read"
    fill = next((each for each in properties if each.tag in {f"{A}noFill", f"{A}solidFill"}), None)
    if fill is None:
        return ""
    if fill.tag == f"{A}noFill" and properties.find(f"{A}ln") is None:
        return "transparent"
    if properties.find(f"{A}highlight") is not None:
        return ""
    return "white on white" if white_paper and is_white(_colour(fill, owner)) else ""


def on_white(shape: Shape, owner: Sheet) -> bool:
    """Whether this shape's words stand on plain white: its own fill, else the background with nothing between."""
    fill = _fill(shape, owner)
    if fill is not None and fill.tag != f"{A}noFill":
        return fill.tag == f"{A}solidFill" and is_white(_colour(fill, owner))
    level: Sheet | None = owner
    while level is not None:
        if any(each.element is not shape.element and _covers(each, shape, level) for each in level.shapes):
            return False
        level = level.parent
    return _white_background(owner)


def _fill(shape: Shape, owner: Sheet) -> Any:
    """The element that says what a shape is filled with; ``None`` when nothing does."""
    properties = shape.element.find(f"{P}spPr")
    if properties is not None:
        for element in properties:
            if element.tag.rpartition("}")[2] in _FILLS:
                return element
    style = shape.element.find(f"{P}style/{A}fillRef")
    if style is not None and style.get("idx") not in {None, "0"}:
        return style
    base = inherited(shape, owner)
    return _fill(base, owner.parent) if base is not None and owner.parent is not None else None


def _covers(other: Shape, shape: Shape, owner: Sheet) -> bool:
    """Whether ``other`` may put colour behind ``shape``."""
    if other.element.tag == f"{P}sp":
        fill = _fill(other, owner)
        if fill is None or fill.tag == f"{A}noFill":
            return False
        if fill.tag == f"{A}solidFill" and is_white(_colour(fill, owner)):
            return False
    elif other.element.tag == f"{P}cxnSp":
        return False
    if other.box is None or shape.box is None:
        return True
    (left, top, right, bottom), box = other.box, shape.box
    return left < box[2] and right > box[0] and top < box[3] and bottom > box[1]


def _white_background(owner: Sheet) -> bool:
    background = _nearest(owner, lambda each: each.root.find(f"{P}cSld/{P}bg"))
    if background is None:
        return True
    fill = background.find(f"{P}bgPr/{A}solidFill")
    if fill is None:
        fill = background.find(f"{P}bgRef")
        if fill is not None and fill.get("idx") != "1001":  # the theme's first fill is plain colour
            return False
    return fill is not None and is_white(_colour(fill, owner))


def _colour(fill: Any, owner: Sheet) -> str:
    """Six hexadecimal digits; empty when the colour is mixed or unknown."""
    element = next(iter(fill), None)
    if element is None or len(element):
        return ""
    if element.tag == f"{A}srgbClr":
        return element.get("val") or ""
    if element.tag == f"{A}sysClr":
        return element.get("lastClr") or ""
    if element.tag != f"{A}schemeClr":
        return ""
    name = element.get("val", "")
    mapping = _nearest(owner, lambda each: each.root.find(f"{P}clrMap"))
    theme = _nearest(owner, lambda each: each.theme)
    name = name if mapping is None else mapping.get(name, name)
    entry = None if theme is None else theme.find(f"{A}themeElements/{A}clrScheme/{A}{name}")
    return _colour(entry, owner) if entry is not None else ""


def _nearest(owner: Sheet, look: Callable[[Sheet], Any]) -> Any:
    """What the sheet says itself, else its layout, else its master."""
    level: Sheet | None = owner
    while level is not None:
        if (found := look(level)) is not None:
            return found
        level = level.parent
    return None
