"""Delimited text of one column: a list is a table, sentences are not."""

from __future__ import annotations

from tests.parsing.conftest import Parse


def test_a_list_of_single_values_is_a_table_under_its_first_line(parse: Parse) -> None:
    parsed = parse("Industry\nAutomotive\n\nSales/Travel\nOther\n", "industry.csv")
    assert [block.kind for block in parsed.blocks] == ["table_header", "table_row", "table_row", "table_row"]
    assert {block.header for block in parsed.blocks[1:]} == {"Industry"}
    assert parsed.blocks[2].locator.cells == "A4"
    assert parsed.blocks[2].locator.lines == (4, 4)
    assert parsed.text.split("\n") == ["Industry", "Automotive", "Sales/Travel", "Other"]


def test_a_list_that_begins_with_a_number_has_no_header(parse: Parse) -> None:
    parsed = parse("2024-01-05\n2024-02-09\n2024-03-08\n", "dates.csv")
    assert {(block.kind, block.header) for block in parsed.blocks} == {("table_row", "")}


def test_sentences_saved_as_csv_stay_paragraphs(parse: Parse) -> None:
    for text in ("Lorem, ipsum\ndolor sit\namet\nelit\n", f"{'A long first line without any mark ' * 3}\nb\nc\n"):
        assert {block.kind for block in parse(text, "prose.csv").blocks} == {"paragraph"}


def test_one_or_two_values_are_no_table(parse: Parse) -> None:
    assert {block.kind for block in parse("Industry\nSales\n", "short.csv").blocks} == {"paragraph"}
