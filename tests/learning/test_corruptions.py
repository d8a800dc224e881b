"""Sentences made unsupported: each kind makes the error it is named after, marks it, and leaves no true sentence."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.learning.data.corruptions import KINDS, TRAINED, UNSEEN, corrupt, edited, names, plain_words

PUMP = "The pump was installed in Bergen on 4 March 2019 and runs 1,200 hours between repairs."
NEIGHBOURS = "Anna Berg led the work in Oslo. Some valves often leak, because the seals dry out in summer."
EVIDENCE = f"{PUMP} {NEIGHBOURS} It was opened in Oslo in 2021 by Nora Dahl."
SIBLINGS = [
    "The turbine stands in Trondheim, which exports most of its electricity to neighbouring countries.",
    "It was sold by Kari Moen after the owners had quarrelled over an unpaid bill.",
]
FITTING = {
    "number": PUMP, "date": PUMP, "unit": PUMP, "entity": PUMP, "negation": PUMP,
    "roles": "The harbour of Bergen was visited by Anna Berg.", "graft": PUMP,
    "qualifier": "Some valves often leak.", "antonym": "The old pump was started before noon.",
}  # fmt: skip


def made(kind, sentence, evidence=EVIDENCE, seeds=range(20)):
    found = [corrupt(sentence, evidence, Random(seed), kinds=[kind], siblings=SIBLINGS) for seed in seeds]
    return [each for each in found if each is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_something_to_change_and_marks_it(kind):
    sentence = FITTING[kind]
    found = made(kind, sentence, f"{sentence} {EVIDENCE}")
    assert found
    for each in found:
        assert each.kind == kind and each.sentence != sentence
        assert each.unsupported and all(0 <= start < end <= len(each.sentence) for start, end in each.unsupported)
        assert each.replaced and all(0 <= start < end <= len(sentence) for start, end in each.replaced)


@given(
    st.sampled_from(KINDS),
    st.lists(st.sampled_from([PUMP, *NEIGHBOURS.split(". "), *SIBLINGS, "Ja.", "", "2", "É 😀 שלום"]), max_size=4),
    st.integers(0, 10**6),
)
def test_a_corruption_never_stands_in_its_evidence(kind, parts, seed):
    text = " ".join(parts)
    for sentence in parts:
        found = corrupt(sentence, text, Random(seed), kinds=[kind], siblings=SIBLINGS)
        assert found is None or plain_words(found.sentence) not in plain_words(text)


def test_the_same_seed_makes_the_same_corruption():
    ones = [corrupt(PUMP, EVIDENCE, Random(seed), siblings=SIBLINGS) for seed in range(30)]
    assert ones == [corrupt(PUMP, EVIDENCE, Random(seed), siblings=SIBLINGS) for seed in range(30)]
    assert len({each.sentence for each in ones if each}) > 5


def test_a_number_becomes_another_written_the_same_way():
    for each in made("number", PUMP):
        (start, end), *rest = each.unsupported
        assert not rest and each.sentence[start:end] != "1,200"
        assert each.sentence[:start] + "1,200" + each.sentence[end:] == PUMP


def test_years_and_days_are_dates_not_numbers():
    assert all("1,200" in each.sentence for each in made("date", PUMP))
    assert all("4 March 2019" in each.sentence for each in made("number", PUMP))


def test_a_name_becomes_one_of_the_same_sort():
    places = {each.sentence[each.unsupported[0][0] : each.unsupported[0][1]] for each in made("entity", PUMP)}
    assert places and places <= {"Oslo", "Trondheim"}  # after "in", one word; never Anna Berg


def test_negation_is_put_in_and_taken_out():
    assert {each.sentence for each in made("negation", "The valve is open.")} == {"The valve is not open."}
    out = made("negation", "The valve is not open.", "The valve is not open.")
    assert {each.sentence for each in out} == {"The valve is open."}
    assert out[0].sentence[slice(*out[0].unsupported[0])] == "is"


def test_roles_change_places_only_around_something_done():
    assert made("roles", FITTING["roles"])[0].sentence == "The harbour of Anna Berg was visited by Bergen."
    assert not made("roles", "The harbour joins Bergen and Anna Berg.")


def test_a_grafted_clause_is_one_the_evidence_does_not_tell():
    for each in made("graft", PUMP):
        start, end = each.unsupported[0]
        assert any(each.sentence[start:end].split()[-2] in sibling for sibling in SIBLINGS)
    assert not made("graft", PUMP, f"{EVIDENCE} {' '.join(SIBLINGS)}")


def test_what_the_evidence_says_between_the_same_words_is_no_corruption():
    told = "The cat is old. The dog is not old. The bird is not old."
    assert not made("negation", "The dog is not old.", f"{told} The dog is old.")


def test_unseen_kinds_are_never_made_unless_asked_for():
    assert set(UNSEEN).isdisjoint(TRAINED) and set(KINDS) == {*UNSEEN, *TRAINED}
    kinds = {each.kind for seed in range(200) if (each := corrupt(PUMP, EVIDENCE, Random(seed), siblings=SIBLINGS))}
    assert kinds and kinds <= set(TRAINED)


def test_opposites_leave_names_alone():
    assert not made("antonym", "He moved to New York with Old Tom.", "He moved to New York with Old Tom.")


def test_edits_say_where_they_stand_afterwards():
    text, spans = edited("one two three", [(8, 13, "four and more"), (0, 3, "zero")])
    assert text == "zero two four and more" and [text[a:b] for a, b in spans] == ["zero", "four and more"]


@pytest.mark.parametrize(("text", "expected"), [
    ("The pump of Anna Berg's firm stands in Oslo.", ["Anna Berg", "Oslo"]),
    ("In March Nora went home.", ["Nora"]),
    ("Valves leak. Seals dry out.", []),
    ("They work for NASA and the University of Oslo.", ["NASA", "University of Oslo"]),
])  # fmt: skip
def test_names_are_runs_of_capitals_but_no_first_words(text, expected):
    assert [text[start:end] for start, end in names(text)] == expected
