"""Passages: exact, complete, within budget, along the structure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from citewell.chunking import chunk
from citewell.records import Document
from citewell.settings import ChunkingSettings
from tests.fakes import WordEncoder, make_document

SMALL = ChunkingSettings(max_tokens=40, min_tokens=8, context_tokens=12)

words = st.lists(
    st.sampled_from(["alpha", "beta", "one", "Three.", "Four!", "5%", "x-ray", "naïve", "中文", "😀"]), min_size=1
)
kinds = st.sampled_from(["heading", "paragraph", "list_item", "table_header", "table_row", "code", "quote", "field"])
documents = st.lists(st.tuples(kinds, words.map(" ".join), st.sampled_from([(), ("A",), ("A", "B")])), max_size=12).map(
    lambda blocks: make_document(*blocks)
)


@given(documents)
def test_every_span_is_exact_and_in_order(document: Document) -> None:
    passages = chunk(document, WordEncoder(), SMALL)
    end = 0
    for passage in passages:
        start, stop = passage.span
        assert document.text[start:stop] == passage.text
        assert passage.text == passage.text.strip() != ""
        assert start >= end
        end = stop


@given(documents)
def test_no_body_text_is_lost(document: Document) -> None:
    covered: set[int] = set()
    for passage in chunk(document, WordEncoder(), SMALL):
        covered.update(range(*passage.span))
    for block in document.blocks:
        if block.kind not in {"heading", "title", "table_header"}:
            missing = [
                document.text[i] for i in range(*block.span) if i not in covered and not document.text[i].isspace()
            ]
            assert missing == []


@given(documents)
def test_never_longer_than_the_encoder_reads(document: Document) -> None:
    encoder = WordEncoder()
    for passage in chunk(document, encoder, SMALL):
        assert encoder.count_tokens([passage.searchable])[0] <= min(SMALL.max_tokens, encoder.max_tokens)


@given(documents)
def test_ids_are_unique_and_repeatable(document: Document) -> None:
    first, second = (chunk(document, WordEncoder(), SMALL) for _ in range(2))
    assert [each.id for each in first] == [each.id for each in second]
    assert len({each.id for each in first}) == len(first)


def test_sections_are_kept_apart_and_headings_are_context() -> None:
    body = "Nights in a hotel are paid up to a limit that depends on the city. " * 3
    document = make_document(
        ("heading", "Hotels"), ("paragraph", body.strip(), ("Hotels",)),
        ("heading", "Meals"), ("paragraph", body.strip(), ("Meals",)),
    )  # fmt: skip
    passages = chunk(document, WordEncoder(), ChunkingSettings(max_tokens=64, min_tokens=8, context_tokens=12))
    assert {passage.heading_path for passage in passages} == {("Hotels",), ("Meals",)}
    assert all(passage.context.startswith("Guide > ") for passage in passages)
    assert all("Hotels" not in passage.text and "Meals" not in passage.text for passage in passages)


def test_tiny_sections_are_joined_and_keep_their_headings_as_text() -> None:
    document = make_document(
        ("heading", "Scope"), ("paragraph", "All staff.", ("Scope",)),
        ("heading", "Owner"), ("paragraph", "People team.", ("Owner",)),
    )  # fmt: skip
    (passage,) = chunk(document, WordEncoder(), SMALL)
    assert passage.text == "Scope\n\nAll staff.\n\nOwner\n\nPeople team."
    assert passage.heading_path == ()


def test_rows_know_their_header_and_are_not_cut() -> None:
    rows = [("table_row", f"Model {n} | {n * 10} bar | {n} kg") for n in range(12)]
    document = make_document(("table_header", "Model | Pressure | Weight"), *rows)
    passages = chunk(document, WordEncoder(), SMALL)
    assert len(passages) > 1
    assert all(passage.header == "Model | Pressure | Weight" for passage in passages)
    lines = [line for passage in passages for line in passage.text.split("\n")]
    assert lines == [text for _, text in rows]


def test_a_passage_knows_where_its_parts_stand() -> None:
    document = make_document(("paragraph", "First sentence here."), ("paragraph", "Second sentence here."))
    (passage,) = chunk(document, WordEncoder(), SMALL)
    start = document.text.index("Second")
    assert passage.locate((start, start + 6)).lines == (2, 2)
    assert passage.locate().lines == (1, 2)


def test_a_heading_without_body_is_still_found() -> None:
    document = make_document(("heading", "Quarterly results 2025"), title="Deck")
    (passage,) = chunk(document, WordEncoder(), SMALL)
    assert passage.text == "Quarterly results 2025"
