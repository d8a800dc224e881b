"""Answers beside references: what SQuAD's rules leave open, other languages, and answer accuracy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.evaluation.metrics.accuracy import answer_accuracy, lacks
from citewell.evaluation.metrics.texts import (
    LIBRARY_METRICS,
    WordTokenizer,
    f1,
    have_text_libraries,
    normalised,
    text_scores,
    tokens,
)

needs_libraries = pytest.mark.skipif(not have_text_libraries(), reason="needs the extra 'eval'")


# -- exact match, F1, the libraries ------------------------------------------------------------------------------------


def test_without_references_there_is_nothing_to_measure():
    assert text_scores("anything", []) == {}


def test_an_unanswerable_question_has_only_exact_match_and_f1():
    assert text_scores("", [""]) == {"exact match": 1.0, "F1": 1.0}
    assert text_scores("something", ["", "  "]) == {"exact match": 0.0, "F1": 0.0}


def test_an_empty_reference_beside_others_is_ignored():
    assert text_scores("", ["", "Oslo"])["exact match"] == 0.0
    assert text_scores("Oslo", ["", "Oslo"])["exact match"] == 1.0


def test_the_best_reference_counts():
    found = text_scores("in the old harbour", ["in town", "the old harbour", "harbour"])
    assert found["exact match"] == 0.0 and found["F1"] == pytest.approx(2 * 2 / (3 + 2))


def test_only_english_articles_are_dropped():
    assert normalised("The cat, a dog") == "cat dog" == normalised("The cat, a dog", "en")
    assert normalised("a la casa", "es") == "a la casa"
    assert normalised("«Привет», сказал он…", "ru") == "привет сказал он"


def test_characters_count_as_words_where_nothing_separates_words():
    assert tokens("每六个月。", "zh") == ["每", "六", "个", "月"]
    assert text_scores("每六个月更换", ["每六个月"])["F1"] == pytest.approx(2 * 4 / (6 + 4))
    assert f1("iPhone 手机", "iphone", "zh") == pytest.approx(2 / 4)


@needs_libraries
def test_every_metric_is_one_for_the_reference_itself_in_any_script():
    for language, text in [
        ("", "The pump stops when the tank is empty."), ("de", "Die Pumpe hält an, wenn der Tank leer ist."),
        ("ru", "Насос останавливается, когда бак пуст."), ("el", "Η αντλία σταματά όταν αδειάσει το δοχείο."),
        ("zh", "水箱空时水泵会停止。"), ("ar", "تتوقف المضخة عندما يفرغ الخزان."),
    ]:  # fmt: skip
        found = text_scores(text, ["x", text], language)
        assert found == pytest.approx(dict.fromkeys(("exact match", "F1", "answer accuracy", *LIBRARY_METRICS), 1.0))


@needs_libraries
def test_an_empty_answer_scores_zero_everywhere():
    assert set(text_scores("", ["The pump stops."]).values()) == {0.0}


def longest_common(one: list[str], other: list[str]) -> int:
    if not one or not other:
        return 0
    if one[-1] == other[-1]:
        return 1 + longest_common(one[:-1], other[:-1])
    return max(longest_common(one[:-1], other), longest_common(one, other[:-1]))


@needs_libraries
@given(*[st.lists(st.sampled_from(["насос", "бак", "пуст", "стоп"]), min_size=1, max_size=6) for _ in range(2)])
def test_rouge_l_of_other_scripts_follows_its_definition(one, other):
    shared = longest_common(one, other)
    expected = 2 * shared / (len(one) + len(other))
    assert text_scores(" ".join(one), [" ".join(other)], "ru")["ROUGE-L"] == pytest.approx(expected)


def test_without_the_extra_the_core_metrics_remain(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not have_text_libraries()
    assert set(text_scores("Oslo", ["Oslo"])) == {"exact match", "F1", "answer accuracy"}


def test_the_tokenizer_for_rouge_keeps_every_script():
    assert WordTokenizer("el").tokenize("Η αντλία σταματά.") == ["η", "αντλία", "σταματά"]


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=3), st.sampled_from(["", "en", "de", "zh", "xx"]))
def test_any_text_gives_values_between_zero_and_one(answer, references, language):
    assert all(0 <= value <= 1 + 1e-9 for value in text_scores(answer, references, language).values())


# -- answer accuracy ---------------------------------------------------------------------------------------------------

RIGHT = [
    ("Staff may work from home on up to three days a week.", "three days a week"),
    ("It costs 1,000 dollars.", "$1000"), ("It costs USD 1000", "1,000 dollars"),
    ("The limit is 2.50 %.", "2.5 percent"), ("About 5.5 million people", "5,500,000"),
    ("He left on 1 March 2025.", "March 1, 2025"), ("He left on 2025-03-01.", "1st of March 2025"),
    ("He left on 1 March 2025.", "March 2025"), ("He left on 1 March 2025.", "2025"),
    ("The valve weighs 30 kg.", "30 kilograms"), ("You have 30 working days.", "the days you have are 30"),
    ("Ask Maria Ólafsdóttir.", "Maria Olafsdottir"), ("The captain’s log", "the captain's log"),
    ("Yes, after a month.", "yes"), ("no", "No."),
    ("The filter is replaced every six months by the plant's maintenance team.",
     "The maintenance team replaces the plant filters every 6 months."),
    ("You cannot return opened packs.", "Opened packs can not be returned."),
    ("Der Preis beträgt 1.000,50 Euro.", "1000,5 €"),
]  # fmt: skip
WRONG = [
    ("Staff may work from home on two days a week.", "three days a week"),
    ("It costs 1,000 euros.", "$1000"), ("Version 5.5", "55"), ("5 million people", "5"), ("5 miles", "5 km"),
    ("He left on 2 March 2025.", "March 1, 2025"), ("He left in March 2024.", "March 2025"),
    ("Ask Maria Jensen.", "Maria Ólafsdóttir"), ("There is no limit.", "yes"), ("There is no limit.", "no"),
    ("Romesh went home.", "Rome"), ("", "anything"),
    ("Opened packs can be returned.", "Opened packs can not be returned."),
    ("The filter is cleaned often. The maintenance team is small. It works late. The plant closed after six months.",
     "The maintenance team replaces the plant filters every six months."),
    ("Der Preis beträgt 1.000,50 Euro.", "1,00050 Euro"),
]  # fmt: skip


def language_of_pair(answer: str) -> str:
    return "de" if "Preis" in answer else ""


@pytest.mark.parametrize(("answer", "reference"), RIGHT)
def test_an_answer_that_says_the_reference_is_right(answer, reference):
    assert answer_accuracy(answer, ["something else", reference], language_of_pair(answer))


@pytest.mark.parametrize(("answer", "reference"), WRONG)
def test_an_answer_that_does_not_say_it_is_wrong(answer, reference):
    assert not answer_accuracy(answer, [reference], language_of_pair(answer))


def test_what_is_lacking_is_named_as_written():
    found = lacks("Anna flew on 3 May 2024 for 10 hours.", "Anna Berg flew on 4 May 2024 for 12 hours.")
    assert [piece.text for piece in found] == ["Berg", "4 May 2024", "12 hours"]
