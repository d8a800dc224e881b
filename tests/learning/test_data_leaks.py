"""Planted leaks are found, exact, edited or inside a long document; clean sets stay clean; dropping is by document."""

from __future__ import annotations

import random
import time

import pytest

from citewell.learning.data.examples import RankingExample, ReadingExample, SupportExample, Text
from citewell.learning.data.leaks import (
    SKETCH,
    Leak,
    document_key,
    drop_leaks,
    find_leaks,
    find_question_leaks,
    leaks_between,
)

WORDS = [f"{a}{b}{c}" for a in ("lam", "tor", "ven", "kis", "ral", "dop", "mun", "sef") for b in "aeiou"
         for c in ("", "n", "st", "rk", "lt", "mp", "x", "ck", "d", "sh")]  # fmt: skip


def prose(seed: int | str, count: int = 90) -> str:
    """Words in an order of their own: two seeds share no run of five but by a rare chance."""
    generator = random.Random(seed)
    made = [generator.choice(WORDS) for _ in range(count)]
    return " ".join(word.capitalize() + "," if n % 11 == 0 else word for n, word in enumerate(made)) + "."


def edited(text: str, seed: int, changes: int) -> str:
    words = text.split()
    for at in random.Random(seed).sample(range(len(words)), changes):
        words[at] = "changed"
    return " ".join(words)


def corpus(side: str, documents: int = 40, passages: int = 6) -> dict[str, list[str]]:
    return {f"{side} {d}": [prose(f"{side} {d} {p}") for p in range(passages)] for d in range(documents)}


def test_clean_sets_have_no_leak():
    assert find_leaks(corpus("train"), corpus("test")) == []
    assert find_leaks({}, corpus("test")) == [] and find_leaks(corpus("train"), {}) == []
    assert find_leaks({"empty": [], "blank": ["", " "]}, {"empty": [], "blank": ["", " "]}) == []


def test_the_same_document_under_another_name_and_layout_is_found():
    train, test = corpus("train"), corpus("test")
    train["copy"] = [" ".join(test["test 7"]).upper().replace(",", " ;")]
    (leak,) = find_leaks(train, test)
    assert (leak.kind, leak.train, leak.test) == ("document", "copy", "test 7") and leak.share > 0.99


@pytest.mark.parametrize(("changes", "found"), [(0, True), (2, True), (3, True), (30, False)])
def test_a_lightly_edited_passage_is_found_and_another_text_is_not(changes, found):
    train, test = corpus("train"), corpus("test")
    train["train 3"][2] = edited(test["test 5"][1], 1, changes)
    leaks = find_leaks(train, test)
    assert [(leak.kind, leak.train, leak.test) for leak in leaks] == [("passage", "train 3", "test 5")] * found
    if found:
        assert 0.8 <= leaks[0].share <= 1 and test["test 5"][1].startswith(leaks[0].text)


def test_one_paragraph_inside_a_long_document_is_found_from_both_sides():
    paragraph, other = prose("the paragraph"), prose("another paragraph")
    train = {"book": [f"{prose('before', 20_000)} {paragraph} {prose('after', 20_000)}"], "note": [other]}
    test = {"leaflet": [prose("own"), paragraph], "essay": [f"{prose('x', 3000)} {other} {prose('y', 3000)}"]}
    found = {(leak.kind, leak.train, leak.test) for leak in find_leaks(train, test)}
    assert found == {("passage", "book", "leaflet"), ("document", "note", "essay")}


def test_a_long_passage_is_compared_by_a_sample_that_is_near_the_truth():
    long = prose("long", 12_000)
    assert len(long.split()) > 10 * SKETCH
    words = long.split()
    for kept, found in ((0.95, True), (0.5, False)):
        part = " ".join(words[: int(kept * len(words))]) + " " + prose("rest", int((1 - kept) * len(words)))
        leaks = find_leaks({"other": [part]}, {"long": [long]})
        assert bool(leaks) == found
        if found:
            assert leaks[0].share == pytest.approx(kept, abs=0.06)


def test_a_text_that_stands_in_every_document_is_told_for_each_and_short_ones_never():
    notice = prose("notice", 60)
    train = {f"train {n}": [prose(f"t{n}"), notice, "See the annex."] for n in range(300)}
    test = {f"test {n}": [prose(f"u{n}"), notice, "See the annex."] for n in range(3)}
    leaks = find_leaks(train, test)
    assert {leak.kind for leak in leaks} == {"passage"} and {leak.text for leak in leaks} == {notice[:80]}
    assert len({(leak.train, leak.test) for leak in leaks}) == len(leaks) == 900
    del train, test["test 0"][1], test["test 1"][1], test["test 2"][1]
    assert find_leaks({"one": [prose("z"), "See the annex."]}, test) == []


def test_other_scripts_are_compared_too():
    chinese = "灯台は一八七一年に点灯され、エイダ・フェンが四十年のあいだ守り続けた。今は誰も住んでいない。"
    arabic = "أضيء المصباح في عام واحد وسبعين وثمانمائة وألف وبقيت الحارسة هناك أربعين سنة كاملة وحدها"
    test = {"ja": [chinese], "ar": [arabic]}
    train = {"a": [prose("a"), f"💡 {chinese}"], "b": [prose("b"), f"{arabic} 💡"], "c": [prose("c")]}
    assert {(leak.train, leak.test, leak.share) for leak in find_leaks(train, test)} == {
        ("a", "ja", 1.0),
        ("b", "ar", 1.0),
    }


def test_the_threshold_decides():
    test = {"t": [prose("t", 100)]}
    half = {"h": [" ".join(test["t"][0].split()[:50]) + " " + prose("h", 50)]}
    assert find_leaks(half, test) == []
    (leak,) = find_leaks(half, test, threshold=0.4)
    assert leak.share == pytest.approx(46 / 96, abs=0.01)  # runs of five: 46 of the first 50 words, of 96 in all


def test_questions_that_are_asked_on_both_sides_are_found():
    train = {
        "a": ["Who built the lamp at Orrin Head?", "How deep is the well?", "When was the ferry to Sule Bay stopped?"],
        "b": ["Which keeper of the old lamp wrote down every ship that passed the cape in winter 1871?"],
    }
    test = {
        "x": ["who built a lamp at Orrin Head", "How deep is the lake?", "When was the ferry to Cape Wrath stopped?"],
        "y": ["Which keeper of the old lamp wrote down every ship that passed the cape in winter 1872?",
              "Which keeper of the old lamp wrote down every single ship that passed the cape in winter 1871?", "?!"],
    }  # fmt: skip
    found = [(leak.train, leak.test, leak.text[:9]) for leak in find_question_leaks(train, test)]
    assert found == [("a", "x", "Who built"), ("b", "y", "Which kee")]
    assert find_question_leaks(train, {}) == [] and find_question_leaks({}, test) == []


def test_a_question_of_one_form_about_another_name_is_another_question():
    asked = (
        "Which research and which clinical trials of the last years are being done for people with {} in all of Europe?"
    )
    train = {"a": [asked.format("Whiplash")]}
    assert find_question_leaks(train, {"x": [asked.format("Myopathy")]}) == []
    assert len(find_question_leaks(train, {"x": [asked.format("Whiplash").replace("done", "made")]})) == 1


def reading(document: str, text: str, question: str) -> ReadingExample:
    return ReadingExample(question, (Text(text, document=document),))


def test_dropping_is_by_document_and_by_question():
    leaked = prose("leaked")
    train = [
        reading("d1", leaked, "First?"),
        reading("d1", prose("same document"), "Second of the document?"),
        ReadingExample("Third?", (Text(prose("d2"), document="d2"), Text(leaked, document="d1"))),
        reading("d3", prose("d3"), "Who kept the lamp burning?"),
        reading("d4", prose("d4"), "What remains?"),
    ]
    test = [reading("t", f"{leaked} {prose('more')}", "who kept the lamp burning")]
    leaks = leaks_between(train, test)
    assert {(leak.kind, leak.train) for leak in leaks} == {("passage", "d1"), ("question", "d3")}
    assert [each.question for each in drop_leaks(train, leaks)] == ["What remains?"]
    assert drop_leaks(train, []) == train


def test_texts_without_a_document_are_dropped_by_the_text_itself():
    leaked = prose("leaked")
    train = [RankingExample("One?", (Text(leaked),)), RankingExample("Two?", (Text(prose("two")),), (Text(leaked),)),
             RankingExample("Three?", (Text(prose("three")),))]  # fmt: skip
    leaks = leaks_between(train, [SupportExample(leaked, "A sentence.", True)])
    assert [leak.train for leak in leaks] == [document_key(Text(leaked))]
    assert [each.query for each in drop_leaks(train, leaks)] == ["Three?"]
    support = [SupportExample(leaked, "S.", True), SupportExample(prose("other"), "S2.", False)]
    assert [each.sentence for each in drop_leaks(support, leaks_between(support, train[:1]))] == ["S2."]


def test_a_leak_as_json_names_both_documents():
    told = Leak("passage", "a", "b", 0.87654, "text").to_json()
    assert told == {"kind": "passage", "train": "a", "test": "b", "share": 0.877, "text": "text"}


def test_thousands_of_passages_take_seconds():
    train = {f"train {n}": [prose(f"train {n}", 110)] for n in range(3000)}
    test = {f"test {n}": [prose(f"test {n}", 110)] for n in range(3000)}
    planted = random.Random(0).sample(range(3000), 50)
    for n in planted:
        test[f"test {n}"] = [edited(train[f"train {n}"][0], n, 2)]
    started = time.perf_counter()
    found = find_leaks(train, test)
    assert time.perf_counter() - started < 30  # under a second on a quiet machine
    assert {(leak.train, leak.test) for leak in found} == {(f"train {n}", f"test {n}") for n in planted}
