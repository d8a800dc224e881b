"""What cleaning takes away, what it keeps, and that doing it twice changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.cleaning import clean, clean_code, clean_line


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("ﬁnal oﬃce ﬂow ﬀ ﬄ", "final office flow ff ffl"),
        ("10² m³ ½", "10² m³ ½"),  # NFC, not NFKC
        ("e\u0301", "é"),
        ("co\u00adoperate", "cooperate"),
        ("pass\u200bword\ufeff", "password"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("hi\U000e0049\U000e0067", "hi"),  # tag characters can spell hidden instructions
        ("❤\ufe0f x\ufe0f y\ufe01", "❤\ufe0f x y"),
        ("a\u00a0b\u2003c\u3000d", "a b c d"),
        ("a  \t b\r\nc \n\n\n\n d", "a b\nc\n\nd"),
        ("bell\x07 null\x00 esc\x1b[0m", "bell null esc[0m"),
        ("half \ud83d character", "half \ufffd character"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner is part of Persian spelling
        ("pass\u200cword", "password"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\uf0b7 item", "• item"),
    ],
)
def test_clean(raw: str, plain: str) -> None:
    assert clean(raw) == plain


def test_code_keeps_its_blanks() -> None:
    assert clean_code("\n\ndef f():\n    x  =  1\t\n\n") == "def f():\n    x  =  1"


def test_clean_line_has_no_newlines() -> None:
    assert clean_line(" a\n\n b\u2028c ") == "a b c"


_HOSTILE = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("\u200c\u200d\ufe0f\u0301\u00ad \n\t\ud800ﬁ❤می\r"))
)


@given(_HOSTILE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for function in (clean, clean_code, clean_line):
        once = function(text)
        assert function(once) == once


@given(_HOSTILE)
def test_nothing_invisible_is_left(text: str) -> None:
    for character in clean(text):
        assert (
            character == "\n"
            or (character.isprintable() and not "\ud800" <= character <= "\udfff")
            or (character not in "\u200b\u00ad\u202e\ufeff\x00\x1b")
        )
    clean(text).encode("utf-8")
