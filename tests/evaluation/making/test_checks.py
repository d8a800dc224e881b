"""What is judged of a question by itself."""

from __future__ import annotations

import time

from citewell.evaluation.making.checks import Seen, echo, fault, gives_away
from citewell.evaluation.making.rewording import reworded


def test_an_echo_is_the_longest_run_of_shared_words() -> None:
    quote = "A key is valid for 12 months."
    assert echo("Is it so that a key is valid for 12 months?", quote) == 1.0
    assert echo("For how many months is a key valid?", quote) < 0.5
    assert echo("Anything?", "") == 0.0


def test_a_question_that_holds_its_answer_is_seen() -> None:
    assert gives_away("Is the limit 190 pounds in London?", "190 pounds")
    assert gives_away("What about paid leave for new employees?", "paid leave of new employees")
    assert not gives_away("What is the limit in London?", "190 pounds")
    assert gives_away("Whatever?", "")


def test_faults_are_named_and_a_good_question_has_none() -> None:
    quote = "Hotels in London are paid up to 190 pounds a night."
    assert fault("What is paid for hotels in London?", "What is paid for hotels in London?", "190 pounds", quote) == ""
    assert fault("What?", "What?", "190 pounds", quote) == "too short or too long"
    assert fault("What is paid for | hotels?", "What is paid for | hotels?", "190", quote) == "not readable"
    told = "Are 190 pounds paid in London?"
    assert fault(told, told, "190 pounds", quote) == "answer stands in the question"
    copied = "Is it that hotels in London are paid up to 190 pounds a night by us?"
    assert fault(copied, copied, "by card", quote) == "repeats its source"
    assert fault("What is missing here: “up to ____ pounds a night”?", "up to ____ pounds", "190", quote) == ""


def test_nearly_the_same_question_is_taken_once() -> None:
    seen = Seen()
    seen.add("What is the price of the standard laptop?")
    assert seen.has("What was the price of a standard laptop?")
    assert not seen.has("What is the weight of the standard laptop?")
    assert not Seen().has("Anything at all?")


def test_looking_for_near_duplicates_does_not_compare_all_with_all() -> None:
    seen, started = Seen(), time.process_time()
    for number in range(20_000):
        question = f"What is the colour{number} of thing{number}?"
        assert not seen.has(question)
        seen.add(question)
    assert time.process_time() - started < 10  # half a second; comparing all with all takes minutes


def test_words_are_changed_only_where_they_surely_mean_the_same() -> None:
    assert reworded("Where are samples stored by employees?") == "Where are samples kept by staff?"
    assert reworded("Where is “stored” Stored?") == "Where is “stored” Stored?"
    assert reworded("Who reads the request?") == "Who reads the request?"
    assert reworded("How do you request leave?") == "How do you ask for leave?"
    assert reworded("What is the colour?") == "What is the colour?"
