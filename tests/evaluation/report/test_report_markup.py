"""The element builder: nothing that comes from outside can become markup."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from citewell.evaluation.report.markup import Markup, clean, element, joined, verbatim

HOSTILE = (
    "<script>alert(1)</script>", "</p><img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "' autofocus='",
    "<!-- ", "]]>", "</title><script>", "&lt;script&gt;", "\x00<b\x00>", "javascript:alert(1)", "<svg/onload=alert(1)>",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_in_content_and_in_attributes(text: str) -> None:
    tree = LexborHTMLParser(element("p", text, title=text))
    assert tree.body is not None
    paragraph = tree.css_first("p")
    assert [node.tag for node in tree.body.css("*")] == ["body", "p"]
    assert paragraph.text() == clean(text)
    assert paragraph.attributes == {"title": clean(text)}


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_any_text_comes_back_as_it_was_cleaned(text: str) -> None:
    paragraph = LexborHTMLParser(element("div", element("b"), text, lang=text)).css_first("div")
    assert paragraph.text() == clean(text)
    assert paragraph.attributes["lang"] == clean(text)
    element("p", text).encode("utf-8")  # no half of a surrogate pair is left


def test_only_markup_made_here_is_not_escaped() -> None:
    assert element("p", element("b", "1 < 2"), " & ", ["x", None, 1_234]) == "<p><b>1 &lt; 2</b> &amp; x1,234</p>"
    assert joined(["<", Markup("<hr>")]) == "&lt;<hr>"


def test_a_condition_that_does_not_hold_leaves_nothing() -> None:
    shown = False
    assert element("p", shown and "x", None) == "<p></p>"
    assert element("input", hidden=True, disabled=False, value=None, id="a") == '<input hidden id="a">'


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("abc\u202edcb", "abc\ufffddcb"),  # turns the direction of what follows
        ("a\u2066b\u2069", "a\ufffdb\ufffd"),
        ("so\u00adft\u200b", "soft"),
        ("\ufefftext", "text"),
        ("bell\x07 null\x00 escape\x1b[2J", "bell\ufffd null\ufffd escape\ufffd[2J"),
        ("lines\r\nof\rtext\n", "lines\nof\ntext\n"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner belongs to the word
        ("hi\U000e0041", "hi\ufffd"),  # an invisible tag
        ("\ud800", "\ufffd"),
    ],
)
def test_what_is_not_seen_or_moves_other_text_is_replaced(given_text: str, expected: str) -> None:
    assert clean(given_text) == expected


def test_style_and_script_cannot_end_early() -> None:
    assert verbatim("style", "a>b{}") == "<style>a>b{}</style>"
    with pytest.raises(ValueError, match="would end it"):
        verbatim("script", "x = '</script>'")


def test_a_name_of_an_attribute_is_never_data() -> None:
    with pytest.raises(ValueError, match="no name of an attribute"):
        element("p", **{"x onload": "alert(1)"})
