"""Instructions about form, completeness, citation metrics, and the table of all metrics."""

from __future__ import annotations

import pytest

from citewell.errors import DataError
from citewell.evaluation.metrics.catalog import BEIR_CUTOFFS, METRICS, RANKING_CUTOFFS
from citewell.evaluation.metrics.citations import citation_scores
from citewell.evaluation.metrics.completeness import completeness
from citewell.evaluation.metrics.instructions import FORMATS, follows, has_format, word_count
from citewell.evaluation.metrics.ranking import ranking_metrics
from citewell.evaluation.metrics.texts import text_scores
from citewell.evaluation.questions import Instructions
from citewell.evaluation.runs import Cited, Sentence

# -- instructions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "text"), [
    ("list", "- one\n- two"), ("list", "Steps:\n1. open\n2. close\n   slowly"), ("list", "* only one"),
    ("table", "| a | b |\n|---|---|\n| 1 | 2 |"), ("table", "Prices:\na\tb\n1\t2"),
    ("table", "<table><tr><td>1</td></tr></table>"), ("json", '{"a": 1}'), ("json", '```json\n[1, 2]\n```'),
    ("number", "42"), ("number", "$1,200.50"), ("number", "about 30 km."), ("number", "-5 °C"),
    ("date", "1 March 2025."), ("date", "2025-03-01"),
])  # fmt: skip
def test_an_answer_in_the_form_asked_for(form, text):
    assert has_format(text, form)
    assert follows(text, Instructions(format=form)) == {f"format: {form}": True}


@pytest.mark.parametrize(("form", "text"), [
    ("list", "one, two and three"), ("list", "Here is much to say.\nMore.\n- one"),
    ("list", "- one\nand prose after it"),
    ("list", ""), ("table", "a | b"), ("table", "| a |\nprose"), ("table", ""), ("json", "{'a': 1}"), ("json", '"a"'),
    ("json", "5"), ("json", "[" * 100_000), ("json", ""), ("number", "between 3 and 5"), ("number", "none"),
    ("number", "the pump of the plant has 3 valves"), ("number", ""),
    ("date", "March"), ("date", "due on 1 March 2025"), ("date", ""),
])  # fmt: skip
def test_an_answer_in_another_form(form, text):
    assert not has_format(text, form)


def test_each_instruction_has_its_entry():
    wanted = Instructions("list", 4, "de", contain=("Ventil", "4,5  BAR"), avoid=("vielleicht", "Pumpe"))
    found = follows("- Das Ventil der Pumpe öffnet bei 4,5 bar und schließt erst wieder bei 3,8 bar.", wanted)
    assert found == {
        "format: list": True, "at most 4 words": False, "language: de": True, "contains: Ventil": True,
        "contains: 4,5  BAR": True, "avoids: vielleicht": True, "avoids: Pumpe": False,
    }  # fmt: skip
    assert follows("anything", Instructions()) == {}


def test_the_language_is_told_from_the_text_or_taken_as_known():
    english = "The valve opens when the pressure in the boiler is higher than four bar."
    assert follows(english, Instructions(language="en")) == {"language: en": True}
    assert follows(english, Instructions(language="fr")) == {"language: fr": False}
    assert follows("42 km", Instructions(language="fr")) == {"language: fr": True}  # belongs to no language
    assert follows("42 km", Instructions(language="fr"), "en") == {"language: fr": False}


def test_an_empty_answer_follows_only_what_it_avoids():
    wanted = Instructions("number", 5, "en", ("a",), ("b",))
    assert list(follows("  ", wanted).values()) == [False, False, False, False, True]


def test_an_unknown_format_is_refused():
    with pytest.raises(DataError, match=r"'poem'.*list, table, json, number, date"):
        follows("text", Instructions(format="poem"))
    assert len(FORMATS) == 5


def test_words_are_what_white_space_separates():
    assert word_count("One – two, well-known & three.") == 4 and word_count("") == 0


# -- completeness and citations ----------------------------------------------------------------------------------------


def test_key_points_that_are_missing_are_named():
    answer = "Staff may work from home three days a week. The team lead agrees in writing."
    points = ["3 days a week", "team lead must agree in writing", "not during probation"]
    assert completeness(answer, points) == (pytest.approx(2 / 3), ("not during probation",))
    assert completeness("", points) == (0.0, tuple(points))


def test_completeness_needs_key_points():
    with pytest.raises(DataError, match="no key points"):
        completeness("text", [])
    with pytest.raises(DataError, match="1 of 2 key points are empty"):
        completeness("text", ["a", " "])


def cited(*, exact: bool = True, gold: bool = True) -> Cited:
    return Cited("d", "d.md", "quote", (0, 5), exact, gold)


def test_citation_metrics_are_shares():
    sentences = [Sentence("One.", (0, 1), 1.0, "supported"), Sentence("Two.", (), 0.1, "unsupported")]
    found = citation_scores(sentences, [cited(), cited(gold=False), cited(exact=False, gold=False), cited()])
    assert found == {"gold shown": 1.0, "citation precision": 0.5, "quote exactness": 0.75, "citation recall": 0.5}


def test_citation_metrics_that_do_not_apply_are_absent():
    assert citation_scores([], []) == {"gold shown": 0.0}
    assert citation_scores([], [], golds=False) == {}
    assert set(citation_scores([Sentence("One.", (), 0.0, "unsupported")], [], golds=False)) == {"citation recall"}


# -- the table of metrics ----------------------------------------------------------------------------------------------


def test_everything_emitted_is_in_the_table():
    emitted = set(citation_scores([Sentence("One.", (0,), 1.0, "supported")], [cited()]))
    emitted |= set(text_scores("Oslo", ["Oslo"]))
    for level in ("passage ", "page ", "document "):
        emitted |= {level + name for name in ranking_metrics(["a"], {"a"}, RANKING_CUTOFFS)}
    emitted |= set(ranking_metrics(["a"], {"a"}, BEIR_CUTOFFS))
    assert len(emitted) >= 40 and emitted <= set(METRICS)


def test_every_metric_says_what_it_means_and_where_it_comes_from():
    for name, metric in METRICS.items():
        assert metric.name == name and metric.meaning and metric.source and metric.level in {"question", "run"}
    assert next(iter(METRICS)) == "correct"
    assert METRICS["risk"].higher_is_better is False and METRICS["verbosity"].higher_is_better is None
    assert [name for name, metric in METRICS.items() if metric.bounds is None] == ["verbosity"]
