"""How deep a page nests and how wide its tags are, found out before it is parsed.

For every tag the rules of HTML look through the elements that are still open, so the parser's time grows with the
square of the depth: 100,000 nested ``div`` elements, one megabyte, take it minutes. Browsers stop at 512 levels (the
limit in Chromium and WebKit); pages people write stay below 60.
"""

from __future__ import annotations

import re
from collections import Counter

from citewell.errors import ParseError

MAX_NESTING = 2000
MAX_ATTRIBUTES = 2000  # of one element; each is compared with all before it

_RAW = re.compile(
    r"<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b.*?(?:</\1|\Z)|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(
    r"<(/?)(address|article|aside|blockquote|center|details|dialog|dir|div|dl|fieldset|figcaption|figure|footer|form|"
    r"header|hgroup|main|menu|nav|ol|pre|search|section|summary|table|ul)[\s/>]",
    re.IGNORECASE,
)
"""The elements that end an open paragraph, for which the parser has to look for one. All of them are closed by their
own end tag alone, so that open ones can be counted without parsing."""


_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{8000,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def check_nesting(text: str, name: str) -> None:
    """Raises :class:`ParseError` when more than :data:`MAX_NESTING` elements are open at one place, or one element has
    more than :data:`MAX_ATTRIBUTES`."""
    if _deeper(text):
        what = f"nests more than {MAX_NESTING:,} elements inside each other"
    elif any(len(_QUOTED.sub("", tag[0]).split()) > MAX_ATTRIBUTES for tag in _LONG_TAG.finditer(text)):
        what = f"has an element with more than {MAX_ATTRIBUTES:,} attributes"
    else:
        return
    raise ParseError(
        "too_large",
        f"'{name}' {what}, which no page made for people does. It may be made to do harm and was not read.",
    )


def _deeper(text: str) -> bool:
    if text.count("<") <= MAX_NESTING:
        return False
    open_: Counter[str] = Counter()
    depth = 0
    for match in _TAG.finditer(_RAW.sub("", text)):
        tag = match[2].lower()
        if not match[1]:
            open_[tag] += 1
            depth += 1
        elif open_[tag]:
            open_[tag] -= 1
            depth -= 1
        if depth > MAX_NESTING:
            return True
    return False
