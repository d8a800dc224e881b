"""Writes HTML and SVG in which nothing that comes from a document can be markup.

    element("p", "a < b", class_="note")    →    <p class="note">a &lt; b</p>

Texts and attribute values are escaped, always. The only way to text that is not is :class:`Markup`, which these
functions make and nobody else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_EMPTY = frozenset({"meta", "input", "br", "hr"})  # elements of HTML that have no end tag

_DROPPED = re.compile("[\u00ad\u061c\u200b\u200e\u200f\ufeff]")
"""Invisible, and nothing is lost without them. Joiners (U+200C, U+200D) stay: Persian and emoji need them."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
"""Control characters, orders to turn the direction of writing, halves of surrogate pairs, no characters, tags."""

_NAME = re.compile(r"[a-zA-Z][\w:-]*")


class Markup(str):
    """Text that may stand in a page as it is."""

    __slots__ = ()


Child = Markup | str | int | None | Iterable["Child"]


def clean(text: str) -> str:
    """``text`` without characters that would not be seen or would change what stands around them."""
    return _FORBIDDEN.sub("\ufffd", _DROPPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def element(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. ``class_`` is written ``class``, ``aria_label`` ``aria-label``; ``None`` and ``False`` leave an
    attribute out, ``True`` writes its name alone."""
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Markup(start if name in _EMPTY else f"{start}{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Children one after the other, escaped where they are no markup."""
    return Markup("".join(_written(child) for child in children))


def verbatim(name: str, text: str) -> Markup:
    """A ``style`` or ``script`` of our own, whose text HTML does not unescape."""
    if "</" in text:
        raise ValueError(f"the text of <{name}> would end it: it holds '</'")
    return Markup(f"<{name}>{text}</{name}>")


def _written(child: Child) -> str:
    if child is None or child is False:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(clean(child), quote=False)
    if isinstance(child, int):
        return f"{child:,}"
    return "".join(_written(each) for each in child)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name of an attribute")
    if value is True:
        return f" {name}"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{escape(clean(text))}"'
