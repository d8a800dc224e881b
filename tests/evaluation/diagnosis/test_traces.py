"""What became of a quote: edited, garbled, scattered or gone must not be taken for one another."""

from __future__ import annotations

import pytest

from citewell.evaluation.diagnosis.traces import trace

QUOTE = "New employees get 27 days of paid leave each year, to be taken before the end of March."
BEFORE = "Working time is agreed with the line manager. Nobody works on public holidays. "
AFTER = " Sick days are reported before nine in the morning. The canteen opens at noon and closes at two."


def in_document(words: str) -> str:
    return BEFORE * 3 + words + AFTER * 3


def test_the_words_themselves_are_the_same_whatever_stands_between_them() -> None:
    found = trace(QUOTE, in_document(QUOTE.replace(" of paid", " of\npaid").replace("year,", "year -")))
    assert found.kind == "same"
    start, end = found.span
    assert in_document(QUOTE)[start : start + 3] == "New"
    assert end > start


@pytest.mark.parametrize(
    ("words", "lost", "instead"),
    [
        (QUOTE.replace("27", "30"), ("27",), ("30",)),
        (QUOTE.replace("end of March", "last day of June"), ("end", "march"), ("last", "day", "june")),
    ],
)
def test_other_words_in_their_place_are_an_edit(words: str, lost: tuple[str, ...], instead: tuple[str, ...]) -> None:
    found = trace(QUOTE, in_document(words))
    assert found.kind == "changed"
    assert set(lost) <= set(found.lost)
    assert set(instead) <= set(found.instead)


@pytest.mark.parametrize(
    "words",
    [
        "Nw emplyees gt 27 das o paid lave eah yar, t be takn bfore the ed of Mach.",
        "N ew empl oyees g et 27 da ys of pa id lea ve ea ch ye ar, to be ta ken be fore the e nd of Ma rch.",
        "New employees get Hotels in London 27 days of paid cost up to leave each year, 190 pounds a night to be taken "
        "before unless the board the end of March. says otherwise.",
    ],
)
def test_pieces_of_words_and_mixed_columns_are_bad_reading(words: str) -> None:
    assert trace(QUOTE, in_document(words)).kind == "garbled"


def test_nothing_of_a_quote_is_found_where_nothing_is() -> None:
    assert trace(QUOTE, in_document("")).kind == "gone"
    assert trace(QUOTE, "").kind == "gone"
    assert trace("Ω", "letters").kind == "gone"


def test_the_stretch_most_like_the_quote_is_shown() -> None:
    text = in_document(QUOTE.replace("27", "30"))
    found = trace(QUOTE, text)
    assert "30 days of paid leave" in text[slice(*found.span)]
    assert found.likeness > 0.9
