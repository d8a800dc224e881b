"""Held-out sides and folds: no document on both sides, the same every time, near the share even with few documents."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.errors import DataError
from citewell.learning.data.examples import RankingExample, ReadingExample, SupportExample, Text
from citewell.learning.data.splits import documents_of, folds, split


def about(document: str, number: int) -> ReadingExample:
    return ReadingExample(f"What is number {number} of {document}?", (Text(f"It is {number}.", document=document),))


def sides_share_nothing(train, held_out) -> bool:
    return {d for each in train for d in documents_of(each)}.isdisjoint(
        d for each in held_out for d in documents_of(each)
    )


@pytest.mark.parametrize("documents", [2, 3, 5, 10, 100])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_a_split_is_by_document_and_as_near_to_the_share_as_documents_allow(documents, share):
    examples = [about(f"d{number % documents}", number) for number in range(400)]
    for salt in ("", "one", "two"):
        train, held_out = split(examples, documents_of, share, salt)
        assert sides_share_nothing(train, held_out) and len(train) + len(held_out) == 400
        assert train and held_out
        assert abs(len(held_out) - share * 400) <= max(400 / documents, 1)


@given(st.lists(st.integers(0, 8), min_size=2, max_size=60), st.floats(0.02, 0.98), st.text(max_size=3))
def test_no_document_ever_stands_on_both_sides(numbers, share, salt):
    examples = [about(f"d{each}", number) for number, each in enumerate(numbers)]
    if len(set(numbers)) < 2:
        with pytest.raises(DataError, match="all belong to one group of documents"):
            split(examples, documents_of, share, salt)
        return
    train, held_out = split(examples, documents_of, share, salt)
    assert train and held_out and sides_share_nothing(train, held_out)
    k = len(set(numbers))
    parts = folds(examples, documents_of, k, salt)
    assert sorted(each.question for _, held in parts for each in held) == sorted(each.question for each in examples)
    assert all(train and held and sides_share_nothing(train, held) for train, held in parts)


def test_documents_of_very_different_size_still_come_near_the_share():
    sizes = [200, 90, 40, 20, 10, 5, 5, 3, 2, 1]
    examples = [about(f"d{d}", number) for d, size in enumerate(sizes) for number in range(size)]
    for salt in map(str, range(20)):
        _, held_out = split(examples, documents_of, 0.2, salt)
        assert 0.1 <= len(held_out) / len(examples) <= 0.3


def test_the_order_of_examples_does_not_change_who_is_held_out_and_the_salt_does():
    examples = [about(f"d{number % 30}", number) for number in range(300)]
    mixed = random.Random(4).sample(examples, len(examples))
    assert {e.question for e in split(examples, salt="a")[1]} == {e.question for e in split(mixed, salt="a")[1]}
    assert {e.question for e in split(examples, salt="a")[1]} != {e.question for e in split(examples, salt="b")[1]}
    assert [e.question for e in split(mixed)[0]] == [e.question for e in mixed if e not in split(mixed)[1]]


def test_another_process_makes_the_same_split():
    program = (
        "from citewell.learning.data.examples import *; from citewell.learning.data.splits import split\n"
        "each = [ReadingExample(f'q{n}', (Text('t', document=f'd{n % 7}'),)) for n in range(50)]\n"
        "print(','.join(e.question for e in split(each, share=0.3, salt='s')[1]))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1 and runs.pop().startswith("q")


def test_examples_that_share_a_document_through_others_stay_together():
    chain = [
        RankingExample("one", (Text("a", document="A"), Text("b", document="B"))),
        RankingExample("two", (Text("b2", document="B"), Text("c", document="C"))),
        RankingExample("three", (Text("c2", document="C"),)),
    ]
    others = [RankingExample(f"other {n}", (Text(f"t{n}", document=f"X{n}"),)) for n in range(9)]
    for salt in map(str, range(10)):
        _, held_out = split([*chain, *others], documents_of, 0.25, salt)
        assert sum(each in held_out for each in chain) in {0, 3}


def test_a_distractor_does_not_tie_documents_together():
    read = ReadingExample("Q?", (Text("right", document="A"), Text("wrong", document="B")), ((0, 0, 5),))
    assert documents_of(read) == ("A",)
    assert documents_of(ReadingExample("Q?", (Text("first", document="A"), Text("x", document="B")))) == ("A",)
    assert documents_of(RankingExample("Q?", (Text("p", document="A"),), (Text("n", document="B"),))) == ("A",)
    assert documents_of(SupportExample("e", "s", True)) == ()


def test_without_a_document_the_same_question_or_the_same_passage_stays_on_one_side():
    examples = [SupportExample(f"Evidence {n}.", f"Sentence  {n // 2}!", True) for n in range(40)]
    examples += [SupportExample(f"Evidence {n}.", f"sentence {n // 2}", False) for n in range(0, 40, 2)]
    train, held_out = split(examples, share=0.3, salt="x")
    plain = [{" ".join(e.sentence.lower().strip("!").split()) for e in side} for side in (train, held_out)]
    assert plain[0].isdisjoint(plain[1])
    one = [RankingExample(f"question {n}", (Text(f"passage {n // 4}"),)) for n in range(40)]
    train_side, held_side = split(one, share=0.3)
    assert {e.positives for e in train_side}.isdisjoint(e.positives for e in held_side) and held_side


def test_folds_are_of_equal_size_and_each_example_is_held_out_once():
    examples = [about(f"d{number % 23}", number) for number in range(230)]
    parts = folds(examples, documents_of, 5, "s")
    assert [len(held) for _, held in parts] == [50, 50, 50, 40, 40]
    assert sorted(e.question for _, held in parts for e in held) == sorted(e.question for e in examples)
    assert all(len(train) + len(held) == 230 and sides_share_nothing(train, held) for train, held in parts)


@pytest.mark.parametrize(("share", "told"), [(0, "share to hold out is 0"), (1.0, "is 1.0"), (-1, "is -1")])
def test_a_share_that_is_none_is_told(share, told):
    with pytest.raises(DataError, match=told):
        split([about("a", 1), about("b", 2)], documents_of, share)


def test_too_few_documents_are_told():
    with pytest.raises(DataError, match="There is no example"):
        split([])
    with pytest.raises(DataError, match=r"2 examples all belong to one group .* cannot make 2 folds"):
        folds([about("a", 1), about("a", 2)], documents_of, 2)
    with pytest.raises(
        DataError, match=r"make 2 groups of documents, which cannot make 5 folds\. Expected from 2 to 2"
    ):
        folds([about("a", 1), about("b", 2)])
