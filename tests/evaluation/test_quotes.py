"""Quotes are found as people copy them, and the span is exact characters of the text as it is."""

from __future__ import annotations

import pytest

from citewell.evaluation.quotes import Text


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("moor at the “outer” quay", "moor at the “outer” quay"),
        ('moor  at\nthe "outer" quay', "moor at the “outer” quay"),
        ("MOOR AT THE 'OUTER' QUAY", "moor at the “outer” quay"),
        ("a reentry permit costs", "a re-entry permit costs"),
        ("a re\u2011en-\ntry permit costs", "a re-entry permit costs"),
        ("North 190 CHF", "North | 190 | CHF"),
        ("**Nobody** may\u00a0fish", "Nobody may fish"),
        ("{North: [190, CHF], South}", "North | 190 | CHF\nSouth"),
    ],
)
def test_quotes_are_found_as_people_copy_them(quote, stands):
    text = "Boats moor at the “outer” quay; a re-entry permit costs 45.\nNorth | 190 | CHF\nSouth | 145 | CHF\n"
    text += "Nobody may fish."
    found = Text(text).find(quote)
    assert [text[start:end] for start, end in found.spans] == [stands]
    assert found.how == ("exact" if quote == stands else "words" if quote.startswith("{") else "loose")


@pytest.mark.parametrize("quote", ["art", "10.55", "105", "of the", "", " ", "“”", "boats sink"])
def test_what_does_not_stand_there_is_not_found(quote):
    assert Text("The parties of that house pay 10.5 and more for boats. Sink or swim.").find(quote).spans == ()


def test_characters_that_become_longer_without_case_do_not_shift_the_place():
    text = "Die Straße İstanbul ist groß. Der ﬁsch – der große – schwimmt."
    for quote, stands in (
        ("GROSSE - schwimmt", "große – schwimmt"),
        ("strasse i̇stanbul", "Straße İstanbul"),
        ("IST GROSS", "ist groß"),
    ):
        assert [text[start:end] for start, end in Text(text).find(quote).spans] == [stands]


def test_text_without_blanks_between_words_is_found_within():
    text = "港口规则:船只停泊在北码头,费用为一百九十法郎。"
    (span,) = Text(text).find("停泊在 北码头").spans
    assert text[span[0] : span[1]] == "停泊在北码头"


def test_a_whole_word_comes_before_a_part_of_one():
    text = "A particle is a part."
    assert Text(text).find("part").spans == ((16, 20),)
    assert Text("particle").find("part").spans == ()
    assert Text("The harbour master keeps the keys").find("harbour master keeps the ke").spans == ((4, 31),), "a cut"
