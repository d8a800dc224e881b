"""Which slices a question belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.questions import Question
from citewell.evaluation.runs import Result
from citewell.evaluation.slices import (
    DIMENSIONS,
    DocumentFacts,
    document_facts,
    document_type,
    freshness,
    question_language,
    question_type,
    slice_figures,
    slices_of,
)

PDF = DocumentFacts("a.pdf", "application/pdf", "en", "2025-01-01", "newest third")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("How many days of leave do I get?", "how many"),
        ("I'm going to be a dad. How many fully paid weeks do I get?", "how many"),
        ("How much notice must I give?", "how much"),
        ("What does the course cost?", "how much"),
        ("How long is the warranty?", "how long"),
        ("How do I remove lime?", "how to"),
        ("Who signs off a trip that costs 5,000 pounds, and when?", "who"),
        ("By when must I decide?", "when"),
        ("In 2024, where was the office?", "where"),
        ("Why did the probe fail?", "why"),
        ("Which form was used?", "which"),
        ("May I keep it when it is a gift?", "yes or no"),
        ("What is a guard band?", "what"),
        ("What is turndown?", "definition"),
        ("The display shows E04. What does it mean?", "definition"),
        ("What is the difference between the two?", "comparison"),
        ("What happens on the first day?", "what"),
        ("How accurate is it?", "how"),
        ("Wie viele Tage Urlaub habe ich?", "how many"),
        ("Wer leitet den Einkauf?", "who"),
        ("Combien de jours de congé ?", "how many"),
        ("¿Cuándo empieza el curso?", "when"),
        ("Nightly hotel cap for Singapore", "other"),
    ],
)
def test_the_type_of_a_question(text: str, kind: str) -> None:
    assert question_type(text) == kind


@pytest.mark.parametrize(
    ("media_type", "word"),
    [
        ("application/pdf", "pdf"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "word"),
        ("application/vnd.oasis.opendocument.text", "word"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "sheet"),
        ("application/vnd.oasis.opendocument.spreadsheet", "sheet"),
        ("text/csv", "sheet"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "slides"),
        ("text/html", "web page"),
        ("message/rfc822", "mail"),
        ("text/markdown", "marked-up text"),
        ("text/plain", "plain text"),
        ("text/x-python", "code"),
        ("application/x-ipynb+json", "notebook"),
        ("application/json", "data"),
        ("application/epub+zip", "book"),
        ("application/zip", "archive"),
        ("application/x-unheard-of", "application/x-unheard-of"),
        ("", "unknown"),
    ],
)
def test_every_media_type_has_an_everyday_word(media_type: str, word: str) -> None:
    assert document_type(media_type) == word


def test_a_question_is_in_a_slice_of_every_dimension() -> None:
    question = Question("q", "How many days of paid leave do new employees get?", tags=("hr", "number", "hr"))
    found = slices_of(question, [PDF, replace(PDF, uri="b.csv", media_type="text/csv", language="de")])
    assert set(found) == set(DIMENSIONS)
    assert found["tag"] == ("hr", "number")
    assert found["document type"] == ("pdf", "sheet")
    assert found["document language"] == ("de", "en")
    assert found["question type"] == ("how many",)
    assert found["question length"] == ("6 to 10 words",)
    assert found["answerable"] == ("answerable",)
    assert found["origin"] == ("human",)


def test_a_question_without_documents_has_no_slice_of_theirs() -> None:
    found = slices_of(Question("q", "Where?", answerable=False, origin="model", kind="near miss"), [])
    assert not {"document type", "document language", "freshness", "tag"} & set(found)
    assert found["question type"] == ("near miss",)
    assert found["origin"] == ("made",)


def test_the_language_of_a_short_question_is_that_of_its_documents_unless_another_leads_clearly() -> None:
    assert question_language("TPX-210 supply voltage", {"en"}) == "en"
    assert question_language("TPX-210", ()) == "uncertain"
    german = "Wie viele bezahlte Urlaubstage bekommen neue Mitarbeiter in jedem Jahr?"
    assert question_language(german, {"en"}) == "de"
    assert question_language(german) == "de"


def test_freshness_counts_against_the_other_documents() -> None:
    days = [date(2020, 1, 1), date(2021, 1, 1), date(2022, 1, 1), date(2023, 1, 1), date(2024, 1, 1), date(2025, 1, 1)]
    assert [freshness(day, days) for day in days] == ["oldest third"] * 2 + ["middle third"] * 2 + ["newest third"] * 2
    assert freshness(days[0], [days[0]] * 5) == "middle third"
    assert freshness(None, days) == "undated"


def test_a_slice_of_fewer_than_ten_says_so_and_large_ones_come_first() -> None:
    results = [
        Result(
            Question(f"q{i}", "?"), metrics={"correct": float(i % 2)}, slices={"tag": ("big",) if i < 20 else ("s",)}
        )
        for i in range(29)
    ]
    results.append(Result(Question("none", "?"), slices={"tag": ("s",)}))
    big, small = slice_figures(results, "correct")
    assert (big.value, big.figure.n, big.too_small) == ("big", 20, False)
    assert (small.value, small.figure.n, small.too_small) == ("s", 9, True)
    assert small.to_json() == {"dimension": "tag", "value": "s", **small.figure.to_json(), "too_small": True}
    assert slice_figures(results, "F1") == []


@pytest.mark.integration
def test_facts_of_the_sample_documents(sample_collection: Collection) -> None:
    items = {item.uri.rsplit("/", 1)[-1]: item for item in sample_collection.items() if item.is_document}
    names = ("beckline-sla-v1.docx", "corvid-7-release-notes.md")
    wanted = [items[name].document_id for name in names]
    found = document_facts(sample_collection.store, wanted, Scope.owner())
    old, new = (found[each] for each in wanted)
    assert len(found) == 2
    assert (old.freshness, document_type(old.media_type), old.language) == ("oldest third", "word", "en")
    assert new.freshness != "oldest third"
    hidden = document_facts(sample_collection.store, [items["salary-bands-2025.xlsx"].document_id], Scope.of(()))
    assert hidden == {}
