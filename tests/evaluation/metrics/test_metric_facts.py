"""Numbers, dates, names and words of a text, as they are compared."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.literals.facts import content_words, negated, pieces


def values(text: str, language: str = "") -> list[tuple[str, ...]]:
    return [piece.keys for piece in pieces(text, language) if piece.kind in {"number", "date"}]


@pytest.mark.parametrize(("text", "language", "expected"), [
    ("1,000", "", [("1000",)]), ("1.000", "de", [("1000",)]), ("1.000", "", [("1",)]),
    ("1\u00a0000,5", "fr", [("1000.5",)]), ("-5 °C", "", [("-5", "°c")]), ("3-5 days", "", [("3",), ("5", "day")]),
    ("$5 or €7.20 or 9 GBP", "", [("5", "usd"), ("7.2", "eur"), ("9", "gbp")]), ("30km", "", [("30", "kilometre")]),
    ("two hundred", "", [("200",)]), ("3 bn dollars", "", [("3000000000", "usd")]),
    ("12 per cent", "", [("12", "percent")]),
    ("the 1990s and the 21st", "", [("1990",), ("21",)]), ("no one", "", []),
    ("4. Juli 2024", "de", [("2024", "m7", "4")]), ("July 4th, 2024", "", [("2024", "m7", "4")]),
    ("2024-07-04", "", [("2024", "m7", "4")]), ("4 de julio de 2024", "es", [("2024", "m7", "4")]),
    ("Sept. 2024", "", [("2024", "m9")]), ("it may rain", "", []), ("9" * 30, "", []),
])  # fmt: skip
def test_numbers_and_dates_by_value(text, language, expected):
    assert values(text, language) == expected


def test_a_long_number_is_an_identifier_and_never_rounded():
    one, other = pieces("9" * 40), pieces("9" * 39 + "8")
    assert one[0].kind == other[0].kind == "name" and one[0].keys != other[0].keys


def test_names_are_capitals_inside_sentences_codes_and_acronyms():
    found = [
        piece.text
        for piece in pieces("The XR-200 was built by Anna Berg. It runs. NASA saw it.")
        if piece.kind == "name"
    ]
    assert found == ["XR-200", "Anna", "Berg", "NASA"]
    assert not [piece for piece in pieces("Das alte Ventil der Pumpe", "de") if piece.kind == "name"]


def test_words_of_meaning_are_compared_by_stem():
    assert content_words("The plans were planned") == content_words("plan, plan!")
    assert set(content_words("companies' policies")) == set(content_words("a company's policy"))
    assert content_words("水泵停止") == ("水泵", "泵停", "停止")


def test_negation_is_read_in_the_texts_language():
    assert negated("It doesn’t open.") and negated("It can not open.") and negated("Es öffnet nicht.", "de")
    assert not negated("It is a knot.") and not negated("Note this.") and not negated("Er ist nie da.")


@given(st.text(max_size=200), st.sampled_from(["", "de", "zh"]))
def test_every_text_has_pieces_that_stand_in_it(text, language):
    import unicodedata

    plain = unicodedata.normalize("NFC", text)
    assert all(piece.keys and piece.text in plain for piece in pieces(text, language))


@pytest.mark.parametrize(
    "text",
    ["1," * 20_000, "a-" * 20_000, "1" * 20_000, "may " * 5_000, "$" * 20_000, "1 million " * 2_000, " \n" * 20_000],
)
def test_texts_made_to_be_slow_are_read_in_time(text):
    started = time.process_time()
    pieces(text)
    assert time.process_time() - started < 5  # a second at most; what grows with the square takes minutes
