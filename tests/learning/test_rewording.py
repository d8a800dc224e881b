"""True sentences in other words: each rule keeps the sentence true, and answered questions become statements."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.learning.data.rewording import reworded, statement


def every(sentence, **rest):
    return {reworded(sentence, Random(seed), **rest) for seed in range(60)}


@pytest.mark.parametrize(("sentence", "made"), [
    ("In 1990, the harbour was closed.", "The harbour was closed in 1990."),
    ("The harbour was closed by the city in 1990.", "In 1990, the harbour was closed by the city."),
    ("The pump (model 4) runs all day long.", "The pump runs all day long."),
    ("Anna Berg, an engineer, was born in Oslo.", "Anna Berg was born in Oslo."),
    ("Anna Berg, an engineer, was born in Oslo.", "Anna Berg was an engineer."),
    ("The old mill burned down last year, and nobody was hurt.", "The old mill burned down last year."),
    ("However, the pump runs all day long.", "The pump runs all day long."),
    ("The film lasted over 1,200 minutes.", "The movie lasted over 1,200 minutes."),
    ("The film lasted over 1,200 minutes.", "The film lasted over 1200 minutes."),
])  # fmt: skip
def test_each_rule_is_used(sentence, made):
    assert made in every(sentence, steps=1)


def test_a_pronoun_is_resolved_only_with_a_name():
    assert every("She was born in Oslo.", name="Anna Berg", steps=1) == {"Anna Berg was born in Oslo."}
    assert every("Her house burned down.", name="Anna Berg", steps=1) == {"Anna Berg's house burned down."}
    assert every("She was born in Oslo.") == {"She was born in Oslo."}


def test_a_time_is_not_moved_out_of_its_clause():
    sentence = "The hearing took place before those who had met in 1971."
    assert every(sentence, steps=1) == {sentence}


@given(st.text(max_size=200), st.integers(0, 1000))
def test_any_text_stays_a_text(text, seed):
    made = reworded(text, Random(seed), name="Anna")
    assert made == reworded(text, Random(seed), name="Anna")
    assert bool(made.strip()) or not text.strip()


@pytest.mark.parametrize(("question", "answer", "made"), [
    ("Who designed the wedding gown?", "Norman Hart", "Norman Hart designed the wedding gown."),
    ("What replaced the council in 2000?", "the Authority", "The Authority replaced the council in 2000."),
    ("Which country produced most uranium?", "Uzbekistan", "Uzbekistan is the country that produced most uranium."),
    ("What is the capital of Norway?", "Oslo", "The capital of Norway is Oslo."),
    ("In what year did Norway leave the union?", "1905", "Norway did leave the union in 1905."),
    ("When was Oslo founded by the king?", "4 May 1048", "Oslo was founded by the king on 4 May 1048."),
    ("How many islands are part of the group?", "29", "29 islands are part of the group."),
    ("Why did it rain?", "because of clouds", ""),
    ("What position does he hold?", "chairman", ""),
])  # fmt: skip
def test_questions_with_answers_become_statements(question, answer, made):
    assert statement(question, answer) == made
