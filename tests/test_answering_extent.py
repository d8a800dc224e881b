"""How much is quoted: a few words, the sentence around them, a whole list; always the document's own characters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from citewell.answering.cite import cite
from citewell.answering.extent import MOST_ITEMS, SHORT_WORDS, short_answer, widen
from citewell.answering.read import Evidence, units_of
from citewell.ask import compose
from citewell.records import Answer, Hit, Passage, ShortAnswer
from tests.test_answering import passage


def unit(found: Passage, text: str, answer: str = "") -> Evidence:
    """The unit of the passage that holds ``text``, with ``answer`` in it as the reader's stretch."""
    at = found.span[0] + found.text.index(text)
    span = next(each for each in units_of(found) if each[0] <= at < each[1])
    start = found.span[0] + found.text.index(answer, span[0] - found.span[0]) if answer else 0
    stretch = (start, start + len(answer)) if answer else None
    return Evidence(Hit(found, 1.0, "fused"), span, 0.9, np.ones(2, np.float32), stretch)


def short(question: str, found: Passage, answer: str) -> ShortAnswer | None:
    quoted = unit(found, answer, answer)
    _, (citation,) = cite([quoted])
    return short_answer(question, quoted, citation, 0)


# -- the few words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stretch", "expected"),
    [
        ("New employees get 27 days of leave.", "27 days", "27 days"),
        ("New employees get 27 days of leave.", "7 da", "27 days"),  # whole words
        ("The canteen opens at 12:30 today.", "2:3", "12:30"),
        ("It is called Zürichsee-Fähre here.", "richsee-F", "Zürichsee-Fähre"),
        ("He said: “27 days.” Then he left.", "“27 days.”", "27 days"),
        ("It was founded in Ghent (Belgium).", "(Belgium).", "(Belgium)"),
        ("It opened in the U.S. in May.", "U.S.", "U.S."),  # its stops are its own
        ("Ask Ann Lee, head of sales.", " Ann Lee,", "Ann Lee"),
        ("The pump costs 120 EUR.", "120 EUR.", "120 EUR"),
        ("The price is €120.", "€120", "€120"),
    ],
)
def test_whole_words_without_what_stands_around_them(text: str, stretch: str, expected: str) -> None:
    found = passage(text)
    answer = short("When or what?", found, stretch)
    assert answer is not None
    assert answer.text == expected
    start, end = (offset - found.span[0] for offset in answer.span)
    assert found.text[start:end] == expected


@pytest.mark.parametrize(
    "question",
    [
        "How do I request leave?", "How can a visitor enter?", "How is leave requested?", "Why is it closed?",
        "  why is it closed?", "Explain the process.", "What happens if I am late?", "What does RSU mean?",
        "What should I do first?", "What is the difference between A and B?", "Is leave paid?", "Can I work abroad?",
        "Does it cost anything?", "Describe the canteen.",
    ],
)  # fmt: skip
def test_what_asks_for_more_than_a_few_words_gets_the_sentence_alone(question: str) -> None:
    assert short(question, passage("New employees get 27 days of leave."), "27 days") is None


@pytest.mark.parametrize(
    "question",
    ["How many days of leave are there?", "How long is the leave?", "How much leave is there?", "When is it?",
     "Who decides?", "What is the number of days?", "Which team is it?", "days of leave"],
)  # fmt: skip
def test_what_asks_for_a_thing_gets_it(question: str) -> None:
    answer = short(question, passage("New employees get 27 days of leave."), "27 days")
    assert answer is not None
    assert answer.text == "27 days"


def test_nothing_short_is_made_of_a_long_stretch_or_of_none() -> None:
    words = " ".join(f"w{number}" for number in range(SHORT_WORDS + 1))
    assert short("Which words?", passage(f"Here {words}."), words) is None
    assert short("Which words?", passage(f"Here {words}."), words.rpartition(" ")[0]) is not None
    assert short("Which words?", passage("Here: “;” it was."), "“;”") is None
    found = passage("Here it is.")
    _, (citation,) = cite([unit(found, "Here")])
    assert short_answer("Where is it?", unit(found, "Here"), citation, 0) is None


def test_an_answer_says_which_citation_its_few_words_stand_in() -> None:
    found = passage("New employees get 27 days of leave.\n\nThe canteen opens at noon.")
    units = [unit(found, "New", "27 days"), replace(unit(found, "canteen"), vector=np.asarray([1, -1], np.float32))]

    def asked(question: str, grade: str) -> Answer:
        return compose(question, [units[0].hit], units, 0.5, grade, 3)  # type: ignore[arg-type]

    answer = asked("How many days?", "answer")
    assert answer.short is not None
    assert len(answer.citations) == 2
    assert answer.short.text in answer.citations[answer.short.citation].quote
    assert answer.short.to_json() == {"text": "27 days", "citation": 0, "start": 118, "end": 125}
    assert not answer.weak
    weak = asked("How many days?", "weak")
    assert (weak.weak, weak.short, weak.refused) == (True, answer.short, False)
    refused = asked("How many days?", "refusal")
    assert (refused.weak, refused.short, refused.refused, refused.citations) == (False, None, True, ())
    assert asked("How do I get leave?", "answer").short is None


# -- whole lists -------------------------------------------------------------------------------------------------------

LIST = "Office hours are long.\n\nFor travel you need:\n\n- a passport\n- a ticket, printed\n- 20 GBP\n\nThen you go."
WHOLE = "For travel you need:\n\n- a passport\n- a ticket, printed\n- 20 GBP"
STEPS = "1. Open Pebble.\n2. Choose a day.\n3. Wait for the manager."


def widened(question: str, found: Passage, at: str) -> str:
    wide = widen(question, unit(found, at))
    (claim,), (citation,) = cite([wide])
    start, end = (offset - found.span[0] for offset in citation.span)
    assert citation.quote == found.text[start:end], "the document's own characters"
    assert claim.text == citation.quote or found.header
    return citation.quote


@pytest.mark.parametrize(
    "question",
    ["What are the things I need?", "Which documents do I need for travel?", "List what I need for travel.",
     "What documents do I need?", "How do I get ready to travel?", "Name three things I need."],
)  # fmt: skip
@pytest.mark.parametrize("at", ["a passport", "a ticket", "20 GBP", "For travel"])
def test_a_list_is_quoted_whole_from_its_lead_to_its_last_item(question: str, at: str) -> None:
    assert widened(question, passage(LIST), at) == WHOLE


@pytest.mark.parametrize("question", ["How much money do I need?", "Where is the ticket printed?", "Who travels?"])
def test_who_asks_for_one_thing_gets_one_item(question: str) -> None:
    assert "\n" not in widened(question, passage(LIST), "20 GBP")


def test_steps_without_a_lead_are_quoted_and_nothing_around_them() -> None:
    text = f"How leave is requested.\n\n{STEPS}\n\nThat is all."
    assert widened("What steps are there?", passage(text), "Choose") == STEPS
    assert widened("What steps are there?", passage(STEPS), "Choose") == STEPS


def test_a_sentence_that_is_no_item_stays_a_sentence() -> None:
    assert widened("What are the office hours?", passage(LIST), "Office") == "Office hours are long."
    assert widened("What are the steps?", passage(LIST), "Then you go") == "Then you go."


@pytest.mark.parametrize("items", [1, MOST_ITEMS + 1])
def test_one_item_is_no_list_and_an_endless_list_is_no_quote(items: int) -> None:
    text = "You need:\n" + "\n".join(f"- thing number {number}" for number in range(items))
    assert "\n" not in widened("Which things do I need?", passage(text), "thing number 0")
    if items > 1:
        fits = text.rpartition("\n")[0]
        assert widened("Which things do I need?", passage(fits), "thing number 0") == fits


def test_a_list_keeps_odd_characters_and_its_white_space() -> None:
    text = "Wichtig – 重要:\n\n  • Größe «L»\n  •\tعربى\n  • 🦊  fox"
    assert widened("Which sizes are there?", passage(text), "fox") == text


def test_rows_of_a_table_stay_rows() -> None:
    table = passage("1. Pump | 120 EUR\n2. Valve | 35 EUR\n3. Gauge | 12 EUR", header="Item | Price")
    assert widened("Which items are there?", table, "Valve") == "2. Valve | 35 EUR"
    assert widened("List the items.", table, "Pump") == "1. Pump | 120 EUR"
    answer = short("What does the valve cost?", table, "35 EUR")
    assert answer is not None
    assert answer.text == "35 EUR"


def test_the_few_words_stay_in_place_when_the_list_around_them_is_quoted() -> None:
    found = passage(LIST)
    wide = widen("Which amount do travellers need, and what are the documents?", unit(found, "20 GBP", "20 GBP"))
    _, (citation,) = cite([wide])
    answer = short_answer("Which things are needed?", wide, citation, 0)
    assert answer is not None
    assert answer.text == "20 GBP"
    assert answer.span[0] - found.span[0] == found.text.index("20 GBP")
