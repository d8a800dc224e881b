"""The parsing benchmark measures what it says: small cases with values counted by hand."""

from __future__ import annotations

import pytest
from benchmarks.parsing_report import interval, table, worst
from benchmarks.parsing_scores import (
    aligned,
    content_of_markdown,
    content_of_parsed,
    content_of_text,
    heading_scores,
    joined,
    order,
    plain,
    score,
    string_score,
    table_scores,
    word_overlap,
    words,
)

from citewell.parsing.builder import Builder
from citewell.records import Locator

HERE = Locator()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Naïve café", ["naïve", "café"]),
        ("price_gbp: 1,250.50", ["price", "gbp", "1", "250", "50"]),
        ("ﬁne co\u00adoperate", ["fine", "cooperate"]),
        ("東京 Tokyo", ["東", "京", "tokyo"]),
        ("due 2025-03-01 00:00:00", ["due", "2025", "03", "01"]),
        ("at 2025-03-01 00:30", ["at", "2025", "03", "01", "00", "30"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('see [the docs](https://example.com/a_(b) "Title") now', "see the docs now"),
        ("![A chart](data:image/png;base64,AAAA) below", "a chart below"),
        ("[![logo](a.png)](https://example.com)", "logo"),
        ("- [x] Tea &amp; milk", "tea milk"),
        ("2. Second", "second"),
        ("b) Third", "third"),
        ("- A. Fourth of 4. all", "fourth of 4 all"),
        ("2.1 Not a marker", "2 1 not a marker"),
        ("ends in a letter c. And goes on", "ends in a letter c and goes on"),
        (r"area $A=\pi r^{2}$ costs \$5", "area a r 2 costs 5"),
        ("H<sub>2</sub>O if a < b", "h 2 o if a b"),
    ],
)
def test_markup_is_not_text(line: str, expected: str) -> None:
    assert " ".join(words(plain(line))) == expected


MARKDOWN = """# Guide
<!-- image -->
Intro *text*.

```python
# not a heading
print(1)
```

## 1. Prices

| Article | Price \\| GBP | |
|---|:--|---|
| Bolt | 12 | |
| | | |
| Nut | | |
"""


def test_markdown_becomes_words_tables_and_headings() -> None:
    content = content_of_markdown(MARKDOWN)
    assert content.headings == ((1, "guide"), (2, "prices"))
    assert content.tables == ((("article", "price gbp"), ("bolt", "12"), ("nut", "")),)
    assert " ".join(content.words) == ("guide intro text not a heading print 1 prices article price gbp bolt 12 nut")


def test_blocks_and_markdown_of_the_same_document_are_the_same_content() -> None:
    out = Builder("guide.md")
    out.heading("Guide", 1, HERE)
    out.add("paragraph", "Intro text.", HERE)
    out.add("code", "# not a heading\nprint(1)", HERE)
    out.heading("1. Prices", 2, HERE)
    prices = out.table()
    for cells in (("Article", "Price | GBP"), ("Bolt", "12"), ("Nut", "")):
        write = prices.header if cells[0] == "Article" else prices.row
        write([(cell, HERE) for cell in cells], HERE)
    ours, theirs = content_of_parsed(out.finish()), content_of_markdown(MARKDOWN)
    assert (ours.words, ours.tables, ours.headings) == (theirs.words, theirs.tables, theirs.headings)
    assert {value for value in score(theirs, ours).values() if value is not None} == {1.0}


def test_plain_text_is_not_read_as_markdown() -> None:
    assert content_of_text("# 1\n- see [a](b) <m:t>\n").words == ("1", "see", "a", "b", "m", "t")
    out = Builder("a.docx")
    out.add("paragraph", "The <m:oMath> element & [link](x)", HERE)
    assert content_of_parsed(out.finish()).words == ("the", "m", "omath", "element", "link", "x")


def test_a_title_from_the_properties_is_no_text() -> None:
    out = Builder("a.txt")
    out.title = "Annual report"
    out.add("paragraph", "Sales rose.", HERE)
    assert content_of_parsed(out.finish()).words == ("sales", "rose")


def test_the_number_of_a_chapter_is_a_matter_of_taste_that_of_a_section_is_not() -> None:
    titles = ("# 3 Scope", "# 3. Scope", "# Scope", "# 3.1 Scope", "# 3")
    assert [content_of_markdown(title).headings[0][1] for title in titles] == [
        "scope", "scope", "scope", "3 1 scope", "3",
    ]  # fmt: skip


def test_words_count_as_often_as_they_stand_there() -> None:
    assert word_overlap(["a", "a", "b", "c"], ["a", "b", "b", "d", "d"]) == (2 / 4, 2 / 5)
    assert word_overlap([], ["a"]) == (None, None)
    assert word_overlap(["a"], []) == (0.0, None)


def test_order_is_the_share_of_pairs_in_their_order() -> None:
    text = [f"w{number}" for number in range(14)]  # 12 triples
    assert order(text, text) == 1.0
    swapped = text[7:] + text[:7]  # two halves of 5 triples, each in order: 10 shared, 20 of 45 pairs in order
    assert order(text, swapped) == pytest.approx(20 / 45)
    assert order(text, text[:10]) is None  # 8 triples say nothing
    assert order(text, list(reversed(text))) is None  # and backwards shares none


def test_cells_are_matched_in_order_within_rows_in_order() -> None:
    wanted = (("a", "b", "c"), ("1", "2", "3"), ("4", "5", "6"))
    assert aligned(wanted, wanted) == 9
    assert aligned(wanted, (("a", "b", "c"), ("4", "5", "6"))) == 6
    assert aligned(wanted, (("4", "5", "6"), ("1", "2", "3"))) == 3  # rows the wrong way round: one of them
    assert aligned(wanted, (("b", "a", "c"),)) == 2  # columns swapped: two in order
    assert aligned((("m", "m", "x"),), (("m", "", "x"),)) == 2  # a merged cell, written twice or once


def test_tables_are_paired_by_their_cells() -> None:
    first, second = (("a", "b"), ("1", "2")), (("c", "d"), ("3", "4"))
    assert table_scores([first, second], [second, first]) == {
        "cell recall": 1.0, "cell precision": 1.0, "shape": 1.0, "no false table": None,
    }  # fmt: skip
    part = (("c", "d", "x"),)
    assert table_scores([first, second], [part]) == {
        "cell recall": 2 / 8, "cell precision": 2 / 3, "shape": 0.0, "no false table": None,
    }  # fmt: skip
    assert table_scores([], [first])["no false table"] == 0.0
    assert table_scores([], [])["no false table"] == 1.0


def test_headings_agree_in_text_and_in_which_way_levels_go() -> None:
    wanted = [(1, "guide"), (2, "setup"), (3, "tools"), (2, "use")]
    assert heading_scores(wanted, [(2, "guide"), (3, "setup"), (4, "tools"), (3, "use")]) == {
        "heading recall": 1.0, "heading precision": 1.0, "heading level": 1.0,
    }  # fmt: skip
    assert heading_scores(wanted, [(1, "guide"), (1, "setup"), (2, "noise"), (1, "use")]) == {
        "heading recall": 3 / 4, "heading precision": 3 / 4, "heading level": 1 / 2,
    }  # fmt: skip
    assert heading_scores(wanted, []) == {"heading recall": 0.0, "heading precision": None, "heading level": None}


def test_strings_are_looked_for_as_words_and_absent_ones_as_letters() -> None:
    found = content_of_markdown("# Title\n\nBill Gates **founded** it. <rss>")
    present = ["founded it", "[Bill Gates](/wiki/x)", "| --- |", "data:image/png;base64...", "gates founded them"]
    assert string_score(present, ["<feed", "<rss"], found) == (2 + 1) / (3 + 2)
    assert string_score(["```"], [], found) is None


def test_members_are_read_with_their_container() -> None:
    both = joined([content_of_markdown("# A\n\nx"), content_of_markdown("## B\n\n|c|d|\n|-|-|\n|1|2|")])
    assert both.words == ("a", "x", "b", "c", "d", "1", "2")
    assert (both.headings, len(both.tables)) == (((1, "a"), (2, "b")), 1)


def row(system: str, file: str, value: float | None) -> dict[str, object]:
    return {"system": system, "file": file, "format": "pdf", "kind": "markdown", "scores": {"order": value}}


def test_the_table_compares_with_the_best_peer_over_the_files_both_have(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row("citewell", "a", 0.9), row("citewell", "b", 0.5), row("low", "a", 0.1), row("low", "b", 0.2),
            row("high", "a", 0.7), row("high", "b", None)]  # fmt: skip
    (entry,) = table(rows, ["citewell", "low", "high"], "order")
    assert entry["means"] == {"citewell": 0.7, "low": 0.15, "high": 0.7}
    assert (entry["best_peer"], entry["pairs"], entry["difference"]) == ("high", 1, 0.2)
    worst([*rows, row("citewell", "c", 0.25), row("low", "c", 1.0)], ["citewell", "low", "high"], "order", 5)
    assert "-0.750  0.250 against 1.000 of low" in capsys.readouterr().out


def test_the_interval_holds_the_mean_and_needs_three_files() -> None:
    assert interval([0.1, 0.3]) == {"difference": 0.2}
    found = interval([0.0, 0.1, 0.2, 0.3, 0.4])
    assert found["low"] < found["difference"] == 0.2 < found["high"]
    assert interval([0.5] * 4) == {"difference": 0.5, "low": 0.5, "high": 0.5}
