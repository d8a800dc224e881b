"""What surrounds the text of an HTML page: its encoding, its facts, its main element, its boilerplate."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.parsing.html_nesting import check_nesting

_CHARSET = re.compile(
    rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w-]+)""", re.IGNORECASE
)
_SELF_CLOSING = re.compile(r"<([a-zA-Z][\w:-]*)((?:\s[^<>]*?)?)/>")
_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
))  # fmt: skip
_DATES = (
    "article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "article:published_time",
    "dcterms.date", "dc.date", "date", "dcterms.created", "pubdate",
)  # fmt: skip
_CHROME_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar")
)
_CHROME_CLASSES = frozenset((
    "navbox", "mw-portlet", "vector-dropdown", "vector-menu", "mw-editsection", "breadcrumb", "breadcrumbs",
    "cookie-banner", "skip-link", "toc",
))  # fmt: skip


def characters(data: bytes, name: str) -> str:
    """The text of a page, by the encoding it declares."""
    declared = _CHARSET.search(data[:4096])
    return decode(data, name, (declared[1] or declared[2]).decode("ascii") if declared else "")


def parse(text: str, name: str = "The page") -> LexborHTMLParser:
    """The tree of a page. In XHTML, ``<title/>`` is an empty title; read as HTML it would swallow the page."""
    check_nesting(text, name)
    head = text[:2000].lower()
    if "<?xml" in head or "xhtml" in head:
        text = _SELF_CLOSING.sub(
            lambda match: match[0] if match[1].lower() in _VOID else f"<{match[1]}{match[2]}></{match[1]}>", text
        )
    return LexborHTMLParser(text)


def describe(page: LexborHTMLParser, out: Builder) -> None:
    """Title, date and plain facts."""
    title = page.css_first("head title") or page.css_first("title")
    heading = page.css_first("h1")
    out.title = clean_line((title.text() if title else "") or (heading.text() if heading else ""))[:300]
    named: dict[str, str] = {}
    for meta in page.css("meta"):
        name = meta.attributes.get("property") or meta.attributes.get("name") or meta.attributes.get("http-equiv") or ""
        if value := clean_line(meta.attributes.get("content") or ""):
            named.setdefault(name.lower(), value[:500])
    out.modified_at = next((date for name in _DATES if (date := iso_date(named.get(name, "")))), "")
    for name in ("author", "description", "keywords"):
        if name in named:
            out.metadata[name] = named[name]


def main_element(page: LexborHTMLParser) -> LexborNode | None:
    """The element that holds the page's own text: ``main``, a lone ``article``, or the body."""
    body = page.body
    for selector in ("main", "[role=main]", "article"):
        found = page.css(selector)
        if len(found) == 1 and body is not None and len(found[0].text()) > 200:
            return found[0]
    return body


def is_recognised(page: LexborHTMLParser) -> bool:
    """Whether a text recogniser wrote the page (hOCR): every word has its box on a scan, and sizes mean nothing."""
    return (
        page.css_first('meta[name="ocr-system"], meta[name="ocr-capabilities"]') is not None
        and page.css_first('.ocr_page[title*="bbox"]') is not None
    )


def is_chrome(node: LexborNode, tag: str, within_main: bool) -> bool:
    """Not part of what a reader of the page came for: menus, banners, buttons for sharing."""
    attributes = node.attributes
    if tag == "header" and not within_main:
        return node.css_first("h1") is None
    if not attributes:
        return False
    return (
        not _CHROME_CLASSES.isdisjoint((attributes.get("class") or "").lower().split())
        or (attributes.get("role") or "").lower() in _CHROME_ROLES
        or ((attributes.get("aria-hidden") or "").lower() == "true" and _is_ornament(node, tag))
    )


def _is_ornament(node: LexborNode, tag: str) -> bool:
    """An icon or a mark beside a heading, which pages hide from screen readers."""
    classes = (node.attributes.get("class") or "").lower()
    return tag == "i" or "icon" in classes or not any(map(str.isalnum, node.text()))


def formula(node: LexborNode) -> str:
    """A formula as its author wrote it, where the page says so; else its symbols."""
    source = node.css_first('annotation[encoding="application/x-tex"]')
    return f" {' '.join((source or node).text().split())} "


def all_words(node: LexborNode) -> str:
    """The words of a hidden element; scripts are none."""
    return " ".join(
        each.text_content or ""
        for each in node.traverse(include_text=True)
        if each.is_text_node and (each.parent is None or each.parent.tag not in {"script", "style", "template"})
    )


def integer(text: str | None, default: int) -> int:
    """The number in an attribute."""
    try:
        return int(text or default)
    except ValueError:
        return default
