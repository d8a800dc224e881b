"""The reader: stretches stand where it says, within what was asked for, whatever the text."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from citewell.answering.loaded import reader_of
from citewell.models.modelset import load_model_set
from citewell.models.reader import ANSWER_TOKENS, Reader, Reading, Stretch, Window

LEAVE = (
    "New employees get 27 days of paid leave each year. Requests go to the manager in the Pebble tool. "
    "The canteen opens at noon and closes at two."
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The one that ships; no test says what its scores are."""
    return reader_of(load_model_set())


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of :data:`LEAVE`."""
    ends = [place + 1 for place, letter in enumerate(text) if letter == "."]
    return list(zip([0, *(end + 1 for end in ends)], ends, strict=False))


# -- choosing from logits, by hand -------------------------------------------------------------------------------------


def window(start: list[float], end: list[float]) -> Window:
    """Token i stands at characters 10 i to 10 i + 9."""
    spans = tuple((10 * place, 10 * place + 9) for place in range(len(start)))
    return Window(spans, np.asarray(start, np.float32), np.asarray(end, np.float32))


def test_the_best_start_and_end_in_that_order() -> None:
    reading = Reading((window([0, 5, 1, 0], [9, 0, 2, 1]),), 0.0)
    assert reading.best() == Stretch((0, 9), 9.0), "an end before its start does not count"
    reading = Reading((window([0, 5, 1, 0], [3, 0, 2, 1]),), 0.0)
    assert reading.best() == Stretch((10, 29), 7.0)


def test_a_stretch_lies_whole_in_what_was_asked_for() -> None:
    reading = Reading((window([0, 5, 1, 0], [9, 0, 2, 1]),), 0.0)
    assert reading.best((20, 39)) == Stretch((20, 29), 3.0)
    assert reading.best((15, 39)) == Stretch((20, 29), 3.0), "a token that begins outside is not in"
    assert reading.best((12, 14)) is None
    assert reading.best((400, 500)) is None


def test_the_best_of_several_windows() -> None:
    early, late = window([1, 1], [1, 1]), Window(((20, 29),), np.ones(1, np.float32), np.full(1, 4, np.float32))
    assert Reading((early, late), 0.0).best() == Stretch((20, 29), 5.0)
    assert Reading((early, late), 0.0).best((0, 19)) == Stretch((0, 9), 2.0)
    assert Reading((), 0.0).best() is None
    assert Reading((window([], []),), 0.0).best() is None


def test_it_finds_what_trying_everything_finds() -> None:
    generator = np.random.default_rng(5)
    for size in (1, 2, ANSWER_TOKENS - 1, ANSWER_TOKENS, ANSWER_TOKENS + 1, 3 * ANSWER_TOKENS):
        start, end = generator.normal(size=(2, size)).astype(np.float32)
        best = Reading((window(list(start), list(end)),), 0.0).best()
        every = [
            (float(start[first] + end[last]), first, last)
            for first, last in itertools.product(range(size), repeat=2)
            if 0 <= last - first < ANSWER_TOKENS
        ]
        odds, first, last = max(every)
        assert best == Stretch((10 * first, 10 * last + 9), pytest.approx(odds))


# -- with the network --------------------------------------------------------------------------------------------------


def test_it_finds_what_is_asked_for(reader: Reader) -> None:
    asked = {"How many days of paid leave do new employees get?": "27", "When does the canteen open?": "noon"}
    for question, expected in asked.items():
        (reading,) = reader.read(question, ["House > Leave"], [LEAVE])
        stretch = reading.best()
        assert stretch is not None
        assert expected in LEAVE[slice(*stretch.span)]


def test_the_best_of_a_sentence_lies_in_it_and_none_beats_the_best_of_all(reader: Reader) -> None:
    (reading,) = reader.read("When does the canteen open?", [""], [LEAVE])
    whole, inside = reading.best(), [reading.best(span) for span in sentences(LEAVE)]
    assert whole is not None
    assert len(inside) == 3
    for span, stretch in zip(sentences(LEAVE), inside, strict=True):
        assert stretch is not None
        assert span[0] <= stretch.span[0] < stretch.span[1] <= span[1]
        assert stretch.odds <= whole.odds
    assert max(stretch.odds for stretch in inside if stretch) == whole.odds


def test_a_text_reads_the_same_alone_and_among_others(reader: Reader) -> None:
    question, texts = "When does the canteen open?", [LEAVE, "", "The goods lift is out of service.", LEAVE]
    together = reader.read(question, ["a > b"] * 4, texts)
    assert len(together) == 4
    for text, reading in zip(texts, together, strict=True):
        (alone,) = reader.read(question, ["a > b"], [text])
        assert (alone.best(), alone.relevance) == (reading.best(), reading.relevance)
    assert reader.read(question, [], []) == []


def test_the_text_that_answers_is_the_more_relevant_one(reader: Reader) -> None:
    other = "The goods lift in hall B is out of service. Mr Ilves repairs it on Monday."
    leave, lift = reader.read("How many days of paid leave do new employees get?", ["", ""], [LEAVE, other])
    assert leave.relevance > lift.relevance
    best, other_best = leave.best(), lift.best()
    assert best is not None
    assert other_best is not None
    assert best.odds > other_best.odds


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u200b\u200b", "\x00\x01"])
def test_a_text_without_words_has_no_answer_and_breaks_nothing(reader: Reader, text: str) -> None:
    (reading,) = reader.read("How many days?", ["Leave"], [text])
    assert reading.best() is None
    assert np.isfinite(reading.relevance)


ODD = (
    "🦊🦊🦊 The pump costs 120 EUR. 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 end",
    "المضخة تكلف 120 EUR في السنة. الصمام أرخص.",
    "\u202eDer Pumpe kostet 120 EUR\u202c heute, שלום עולם.",
    "泵的价格是120欧元。阀门更便宜。ポンプは一二〇ユーロです。",
    "Насос стоит 120 евро. पंप की कीमत 120 यूरो है। ปั๊มราคา 120 ยูโร",
    "e\u0301\u0301\u0301 Z̸̛͖a̴lgo costs 120 EUR, ﬃ ligature ℌ ½ Ǆ İi ẞ",
    "\ud800 The pump costs 120 EUR \udfff\udc00 half \ud83d pairs",
    "a\u00a0b\u2028c\u2029d\u0085e costs\r\n120\tEUR",
    "120" + "0" * 3000 + " EUR",
    "<<<]]>&amp;\\u0000 ${120} EUR {{x}} [SEP] [CLS] [MASK] ##um",
)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_offsets_are_characters_in_any_script(reader: Reader, text: str) -> None:
    (reading,) = reader.read("What does the pump cost?", ["Prices 🦊 \ud800"], [text])
    assert np.isfinite(reading.relevance)
    spans = [span for each in reading.windows for span in each.spans]
    assert spans
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(text[start:end].strip() for start, end in spans)
    stretch = reading.best()
    assert stretch is not None
    assert np.isfinite(stretch.odds)
    start, end = stretch.span
    assert 0 <= start < end <= len(text)
    cut = reading.best((start, end))
    assert cut is not None
    assert cut.span == stretch.span


def test_what_stands_behind_odd_characters_is_cut_out_exactly(reader: Reader) -> None:
    lead = "🦊 \ud800 \u202e ½ é e\u0301 泵 "
    plain, odd = LEAVE, lead + LEAVE
    (reading,) = reader.read("When does the canteen open?", [""], [odd])
    place = odd.index("The canteen")
    stretch = reading.best((place, len(odd)))
    assert stretch is not None
    assert place <= stretch.span[0]
    assert odd[slice(*stretch.span)] in plain


@pytest.mark.parametrize("question", ["", "?", "why " * 3000, "\ud800", "🦊", "[SEP]", "\x00"])
def test_odd_questions_break_nothing(reader: Reader, question: str) -> None:
    (reading,) = reader.read(question, [""], [LEAVE])
    stretch = reading.best()
    assert stretch is not None
    assert LEAVE[slice(*stretch.span)].strip()


def test_a_long_text_is_read_to_its_end_in_windows(reader: Reader) -> None:
    filler = " ".join(f"Valve {number} stands in hall B and was painted blue." for number in range(2100))
    text = f"{filler}\n{LEAVE}"
    assert len(text) > 100_000
    (reading,) = reader.read("When does the canteen open?", ["House > Leave"], [text])
    assert len(reading.windows) > 50
    stretch = reading.best()
    assert stretch is not None
    assert "noon" in text[slice(*stretch.span)]
    covered = sorted({span for each in reading.windows for span in each.spans})
    assert covered[0][0] == 0
    assert covered[-1][1] == len(text)
    between = "".join(text[one[1] : other[0]] for one, other in itertools.pairwise(covered))
    assert between.strip() == "", "nothing is left out"
