"""Values survive JSON, ids depend on content only, locators merge and read well."""

from __future__ import annotations

import pytest

from citewell.records import Block, Document, Locator, Place, content_id, merge_locators
from tests.fakes import make_document


def test_documents_survive_json() -> None:
    document = make_document(("table_header", "A | B"), ("table_row", "1 | 2", ("H",)))
    cell = Place((7, 8), Locator(sheet="S", cells="A2", page=3, boxes=((1.0, 2.0, 3.5, 4.0),), seconds=(0.5, 2.0)))
    block = Block("table_row", document.blocks[1].span, Locator(lines=(1, 2)), ("H",), (cell,), "A | B", 2)
    full = Document("i", "v", "/a", "t", "text/csv", document.text, (block,), "s", "en", "2025-01-01", ("everyone",),
                    {"k": [1]}, ("note",))  # fmt: skip
    assert Document.from_json(full.to_json()) == full


def test_content_id_depends_on_where_parts_end() -> None:
    assert content_id("ab", "c") != content_id("a", "bc")
    assert content_id("ab", b"c") == content_id("ab", "c")
    assert len(content_id()) == 32


@pytest.mark.parametrize(
    ("locator", "text"),
    [
        (Locator(page=3), "page 3"),
        (Locator(sheet="Prices", cells="A4:D4"), "sheet Prices, A4:D4"),
        (Locator(lines=(7, 7)), "line 7"),
        (Locator(part="prices.csv", lines=(7, 9)), "prices.csv, lines 7-9"),
        (Locator(slide=2), "slide 2"),
        (Locator(), ""),
    ],
)
def test_locators_read_well(locator: Locator, text: str) -> None:
    assert str(locator) == text


def test_merging_spans_lines_and_cells_of_the_first_place_only() -> None:
    merged = merge_locators([
        Locator(sheet="S", cells="B2:C2"), Locator(sheet="S", cells="AA4"), Locator(sheet="T", cells="A9"),
    ])  # fmt: skip
    assert merged == Locator(sheet="S", cells="B2:AA4")
    assert merge_locators([Locator(lines=(3, 4)), Locator(lines=(1, 2))]).lines == (1, 4)
    assert merge_locators([]) == Locator()
