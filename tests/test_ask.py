"""Asking the sample corpus: exact citations, honest refusals, versions that differ, and who may see what."""

from __future__ import annotations

import json

import pytest

from citewell import Scope
from citewell.answering.extent import SHORT_WORDS
from citewell.collection import Collection
from citewell.errors import QuestionError
from citewell.index.filters import Filters
from citewell.records import Answer
from citewell.samples import DEMO_QUESTIONS, questions_path

QUESTIONS = [json.loads(line) for line in questions_path().read_text(encoding="utf-8").splitlines()]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def answers(sample_collection: Collection) -> list[Answer]:
    """To every fourth sample question."""
    return [sample_collection.ask(row["question"]) for row in QUESTIONS[::4]]


def test_every_quote_is_the_documents_own_text_at_its_span(
    sample_collection: Collection, answers: list[Answer]
) -> None:
    asked = 0
    for answer in answers:
        for citation in answer.citations:
            document = sample_collection.document(citation.document_id)
            start, end = citation.span
            assert document.text[start:end] == citation.quote
            assert document.version == citation.document_version
            asked += 1
    assert asked > 60


def test_claims_point_at_citations_and_refusals_have_none(answers: list[Answer]) -> None:
    for answer in answers:
        assert answer.refused == (not answer.claims) == (not answer.citations) == (answer.text == "")
        assert 0 <= answer.confidence <= 1
        for claim in answer.claims:
            assert claim.citations
            assert all(0 <= number < len(answer.citations) for number in claim.citations)


def test_confidence_decides_between_answer_weak_answer_and_refusal(
    sample_collection: Collection, answers: list[Answer]
) -> None:
    grade = sample_collection.store.answering.calibration.grade
    graded = [each for each in answers if each.refusal is None or each.refusal.reason == "weak_evidence"]
    given = ["refusal" if each.refused else "weak" if each.weak else "answer" for each in graded]
    assert given == [grade(each.confidence) for each in graded]
    assert set(given) == {"answer", "weak", "refusal"}


def test_a_part_number_that_no_document_mentions_is_refused_by_name(sample_collection: Collection) -> None:
    refused = sample_collection.ask("What is the burst pressure of the TPX-230?")
    assert refused.refusal is not None
    assert refused.refusal.reason == "unknown_name"
    assert "TPX-230" in refused.refusal.message
    assert refused.hits
    assert not sample_collection.ask("What is the burst pressure of the TPX-220?").refused


def test_a_short_answer_stands_in_the_quote_that_proves_it(
    sample_collection: Collection, answers: list[Answer]
) -> None:
    short = [each for each in answers if each.short is not None]
    assert len(short) > 10
    for answer in short:
        assert answer.short is not None
        assert not answer.refused
        citation = answer.citations[answer.short.citation]
        start, end = answer.short.span
        assert citation.span[0] <= start < end <= citation.span[1]
        document = sample_collection.document(citation.document_id)
        assert document.text[start:end] == answer.short.text == answer.short.text.strip()
        assert len(answer.short.text.split()) <= SHORT_WORDS


def test_the_demo_shows_what_it_promises(sample_collection: Collection) -> None:
    prose, table, versions, nothing = (sample_collection.ask(question) for question in DEMO_QUESTIONS)
    assert not prose.refused
    assert table.citations[0].header
    assert table.citations[0].locator.page is not None
    assert table.citations[0].locator.boxes
    assert versions.conflicts
    first, second = (versions.citations[number] for number in versions.conflicts[0].citations[:2])
    assert first.modified_at > second.modified_at != ""
    assert nothing.refused
    assert nothing.hits


def test_restricted_documents_do_not_exist_for_others(sample_collection: Collection) -> None:
    restricted = [row for row in QUESTIONS if row.get("principals")]
    assert len(restricted) >= 8
    stranger = Scope.of(["user:stranger"])
    for row in restricted:
        hits = sample_collection.ask(row["question"], scope=stranger).hits
        assert not any(hit.passage.uri.endswith(row["document"]) for hit in hits)
    seen = 0
    for row in restricted:
        hits = sample_collection.ask(row["question"], scope=Scope.of(row["principals"])).hits
        seen += any(hit.passage.uri.endswith(row["document"]) for hit in hits)
    assert seen >= 0.8 * len(restricted)


def test_filters_restrict_by_type_date_and_path(sample_collection: Collection) -> None:
    question = "What is the hotel limit in London?"
    pdf = sample_collection.ask(question, filters=Filters(media_types=("application/pdf",)))
    assert {hit.passage.media_type for hit in pdf.hits} == {"application/pdf"}
    old = sample_collection.ask(question, filters=Filters(before="2024-01-01"))
    assert old.hits
    assert all(hit.passage.modified_at < "2024-01-01" for hit in old.hits)
    none = sample_collection.ask(question, filters=Filters(uris=("*/no-such-folder/*",)))
    assert none.refusal is not None
    assert none.refusal.reason == "nothing_found"


@pytest.mark.parametrize("question", ["", "   ", "?!", "\n\t"])
def test_an_empty_question_is_explained(sample_collection: Collection, question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        sample_collection.ask(question)


def test_a_huge_question_is_explained(sample_collection: Collection) -> None:
    with pytest.raises(QuestionError, match=r"99,999 characters; at most 4,000"):
        sample_collection.ask("why " * 25_000)


ODD = (
    "Wie hoch ist der Mount Everest?", "东京的人口是多少？", "'; DROP TABLE passages; --", "a" * 3999, "😀 emoji?",
    'readers OR "everyone" AND (',
)  # fmt: skip


@pytest.mark.parametrize("question", ODD)
def test_odd_questions_get_an_answer_or_a_refusal(sample_collection: Collection, question: str) -> None:
    answer = sample_collection.ask(question)
    assert answer.refused or answer.citations


def test_a_question_in_another_language_is_told_so(sample_collection: Collection) -> None:
    answer = sample_collection.ask("Welche Farbe hat der Himmel über der Wüste am Abend?")
    assert answer.refusal is not None
    assert "language 'de'" in answer.refusal.message
    assert "reindex --encoder" in answer.refusal.message
    english = sample_collection.ask("Who won the football World Cup in 1998?")
    assert english.refusal is not None
    assert "language" not in english.refusal.message


def test_an_empty_collection_refuses(collection: Collection) -> None:
    answer = collection.ask("How many days of leave?")
    assert answer.refusal is not None


def test_the_same_question_gives_the_same_answer(sample_collection: Collection) -> None:
    one, other = (sample_collection.ask(DEMO_QUESTIONS[0]).to_json() for _ in range(2))
    for varying in ("timings", "trace_id"):
        one.pop(varying), other.pop(varying)
    assert one == other
