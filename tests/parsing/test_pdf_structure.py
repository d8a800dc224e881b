"""Columns, tables without lines, and what goes on over a column or a page."""

from __future__ import annotations

from tests.parsing.conftest import find, outline, text_of
from tests.parsing.tiny_pdf import Page, pdf

PROSE = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs", "along", "the", "river"]


def _lines(page: Page, x: float, top: float, count: int, mark: str, per_line: int = 5, size: float = 9) -> None:
    for line in range(count):
        words = " ".join(PROSE[(line + i) % len(PROSE)] for i in range(per_line))
        page.text(x, top - 12 * line, f"{mark}{line} {words}", size)


def _in_order(text: str, names: list[str]) -> bool:
    places = [text.index(f"{name} ") for name in names]
    return places == sorted(places)


def test_three_columns_whose_lines_do_not_stand_level(parse) -> None:
    page = Page()
    for column, name in enumerate(("left", "middle", "right")):
        _lines(page, 50 + 175 * column, 760 - 5 * column, 25, name)
    text = parse(pdf(page), "three.pdf").text
    assert _in_order(text, [f"{name}{line}" for name in ("left", "middle", "right") for line in range(25)])


def test_justified_text_with_wide_gaps_is_no_table(parse) -> None:
    """All letters of these words are equally wide in Helvetica, so that lines can be stretched to one width."""
    words = ["banana", "deep", "hound", "abandon", "gong", "due", "upon", "done", "and", "bad", "pound", "pond", "node"]
    page = Page()
    for line in range(12):
        chosen = [words[(3 * line + number) % len(words)] for number in range(2 + line % 3)]
        free = 150 - sum(5.56 * len(word) for word in chosen)
        x = 72.0
        for word in chosen:
            page.text(x, 760 - 12 * line, word)
            x += 5.56 * len(word) + free / (len(chosen) - 1)
    assert {kind for kind, _ in outline(parse(pdf(page), "justified.pdf"))} == {"paragraph"}


def test_the_two_pages_of_a_spread_are_read_one_after_the_other(parse) -> None:
    page = Page()
    page.entries = "/MediaBox [0 0 1190 842]"
    for side, x in (("left", 80), ("right", 720)):
        for line in range(12):
            page.text(x, 740 - 30 * line, f"{side}{line} is a question that stands alone")
    text = parse(pdf(page), "spread.pdf").text
    assert _in_order(text, [f"{side}{line}" for side in ("left", "right") for line in range(12)])


def test_a_table_without_lines_whose_cells_are_long(parse) -> None:
    page = Page().text(72, 790, "What each plan covers, for members and for their families, is listed below.")
    rows = [
        (["Service"], ["Standard plan"], ["Plus plan"]),
        (
            ["Visits to a doctor", "in the network"],
            ["Covered after the member", "has paid the yearly amount", "that was agreed."],
            ["Covered in full from the", "first day of the contract."],
        ),
        (
            ["Medicines on", "prescription"],
            ["Members pay ten pounds", "for each medicine."],
            ["Members pay nothing for", "generic medicines and five", "pounds for others."],
        ),
        (["Stays in hospital"], ["Half of the cost is paid", "by the plan."], ["Paid in full, in a room", "for two."]),
    ]
    y = 750.0
    for row in rows:
        for x, lines in zip((72, 200, 380), row, strict=True):
            for number, line in enumerate(lines):
                page.text(x, y - 12 * number, line)
        y -= 12 * max(map(len, row)) + 12
    parsed = parse(pdf(page), "plans.pdf")
    assert outline(parsed)[1:] == [
        ("table_header", "Service | Standard plan | Plus plan"),
        (
            "table_row",
            "Visits to a doctor in the network | Covered after the member has paid the yearly amount that was agreed. "
            "| Covered in full from the first day of the contract.",
        ),
        (
            "table_row",
            "Medicines on prescription | Members pay ten pounds for each medicine. | Members pay nothing for generic "
            "medicines and five pounds for others.",
        ),
        ("table_row", "Stays in hospital | Half of the cost is paid by the plan. | Paid in full, in a room for two."),
    ]


def test_cells_that_few_rows_fill_keep_their_columns(parse) -> None:
    page = Page()
    names = ("Code", "Place", "Expected", "Found", "State")
    rows = (
        ("K1", "A-12", "450", "", ""),
        ("", "B-07", "", "289", ""),
        ("K2", "", "780", "778", "good"),
        ("K3", "D-22", "", "156", "bad"),
    )
    for number, row in enumerate((names, *rows)):
        for column, words in enumerate(row):
            if words:
                page.text(72 + 90 * column, 700 - 18 * number, words)
    parsed = parse(pdf(page), "sparse.pdf")
    assert [text for kind, text in outline(parsed) if kind == "table_row"] == [
        "K1 | A-12 | 450", "| B-07 | | 289", "K2 | | 780 | 778 | good", "K3 | D-22 | | 156 | bad",
    ]  # fmt: skip


def _grid(page: Page, xs: tuple[int, ...], ys: tuple[int, ...]) -> None:
    for y in ys:
        page.line(xs[0], y, xs[-1], y)
    for x in xs:
        page.line(x, ys[0], x, ys[-1])


def test_a_cell_merged_over_rows_belongs_to_each_of_them(parse) -> None:
    page = Page().text(72, 770, "Opening hours of our shops, by season, as decided in the meeting of the board.")
    for y in (740, 720, 680):
        page.line(72, y, 400, y)
    page.line(200, 700, 400, 700)
    for x in (72, 200, 300, 400):
        page.line(x, 740, x, 680)
    for x, y, words in (
        (76, 726, "Season"), (204, 726, "Day"), (304, 726, "Hours"), (76, 696, "Summer"),
        (204, 706, "Monday"), (304, 706, "8 to 18"), (204, 686, "Sunday"), (304, 686, "closed"),
    ):  # fmt: skip
        page.text(x, y, words)
    parsed = parse(pdf(page), "hours.pdf")
    assert [text for kind, text in outline(parsed) if kind == "table_row"] == [
        "Summer | Monday | 8 to 18",
        "Summer | Sunday | closed",
    ]


def test_a_table_over_three_pages_is_one_with_its_header(parse) -> None:
    pages = []
    for number in range(3):
        page = Page()
        top = 760
        _grid(page, (72, 200, 400), tuple(range(top, top - 20 * 31 - 1, -20)))
        for column, words in enumerate(("Article", "Price")):
            page.text(76 + 128 * column, top - 14, words, bold=True)
        for row in range(30):
            page.text(76, top - 14 - 20 * (row + 1), f"Part {30 * number + row}").text(
                204, top - 14 - 20 * (row + 1), f"{30 * number + row}.50"
            )
        pages.append(page)
    parsed = parse(pdf(*pages), "prices.pdf")
    rows = [block for block in parsed.blocks if block.kind == "table_row"]
    assert [kind for kind, _ in outline(parsed)].count("table_header") == 1
    assert [text_of(parsed, row) for row in rows] == [f"Part {n} | {n}.50" for n in range(90)]
    assert {row.header for row in rows} == {"Article | Price"}
    assert [row.locator.page for row in rows] == [1] * 30 + [2] * 30 + [3] * 30


def test_a_row_that_is_cut_by_the_end_of_the_page_is_whole(parse) -> None:
    one, two = Page(), Page()
    _grid(one, (72, 200, 500), (120, 100, 80, 60))
    for y, row in (
        (106, ("Name", "Meaning")),
        (86, ("Alpha", "The first letter of all.")),
        (66, ("Beta", "It comes after")),
    ):
        one.text(76, y, row[0], bold=y == 106).text(204, y, row[1], bold=y == 106)
    _grid(two, (72, 200, 500), (780, 760, 740, 720))
    two.text(76, 766, "Name", bold=True).text(204, 766, "Meaning", bold=True).text(
        204, 746, "the first and before the third."
    )
    two.text(76, 726, "Gamma").text(204, 726, "The third.")
    parsed = parse(pdf(one, two), "letters.pdf")
    assert [text for kind, text in outline(parsed) if kind == "table_row"] == [
        "Alpha | The first letter of all.",
        "Beta | It comes after the first and before the third.",
        "Gamma | The third.",
    ]
    beta = find(parsed, "Beta")
    assert [(parsed.text[slice(*cell.span)], cell.locator.page) for cell in beta.cells] == [
        ("Beta", 1), ("It comes after", 1), ("the first and before the third.", 2),
    ]  # fmt: skip


def test_a_paragraph_that_runs_across_a_page_keeps_both_places_and_footnotes_follow_it(parse) -> None:
    one = Page().text(
        72, 240, "A page of text in a size that most of the words of this file have, so that it is the body."
    )
    one.text(72, 116, "Whoever buys from us may send the goods back, as long as they have not been")
    one.line(72, 90, 200, 90).text(72, 78, "1 See the law of 1998, in the version of last year.", 7)
    two = Page().text(72, 770, "used and the receipt is at hand.").text(72, 740, "The cost of sending them is ours.")
    parsed = parse(pdf(one, two), "returns.pdf")
    assert [text for _, text in outline(parsed)][1:] == [
        "Whoever buys from us may send the goods back, as long as they have not been used and the receipt is at hand.",
        "1 See the law of 1998, in the version of last year.",
        "The cost of sending them is ours.",
    ]
    whole = find(parsed, "Whoever")
    assert whole.locator.page == 1
    assert [(parsed.text[slice(*part.span)], part.locator.page) for part in whole.cells] == [
        ("Whoever buys from us may send the goods back, as long as they have not been", 1),
        ("used and the receipt is at hand.", 2),
    ]


def test_a_word_cut_at_the_end_of_a_page_is_whole(parse) -> None:
    one = Page().text(72, 100, "These are the many rules that one has to follow to get a new bat-")
    two = Page().text(72, 770, "tery for the lamp that stands at home.")
    parsed = parse(pdf(one, two), "cut.pdf")
    assert outline(parsed) == [
        (
            "paragraph",
            "These are the many rules that one has to follow to get a new battery for the lamp that stands at home.",
        )
    ]
    parts = parsed.blocks[0].cells
    assert [(parsed.text[slice(*part.span)], part.locator.page) for part in parts] == [
        ("These are the many rules that one has to follow to get a new bat", 1),
        ("tery for the lamp that stands at home.", 2),
    ]


def test_footnotes_that_differ_only_in_numbers_are_no_running_text(parse) -> None:
    pages = []
    for number, year in enumerate((1990, 1987, 2003, 1999)):
        page = (
            Page()
            .text(72, 800, "Rules of the house")
            .text(72, 700, f"Rule {'abcd'[number]} of the many that hold here.")
        )
        pages.append(
            page.text(72, 60, f"{number + 3} See the law of {year}, page {7 * number * number}.", 7).text(
                290, 30, f"{number + 11}"
            )
        )
    parsed = parse(pdf(*pages), "rules.pdf")
    assert parsed.text.count("See the law of") == 4
    assert "Rules of the house" not in parsed.text
    assert not {"11", "12", "13", "14"} & {text for _, text in outline(parsed)}


def test_the_header_of_two_pages_is_dropped_and_titles_at_the_top_stay(parse) -> None:
    pages = []
    for number in range(2):
        page = Page().text(72, 815, "Northwind travel rules, spring edition", 8)
        page.text(72, 760, f"Chapter {number + 1}", 18).text(
            72, 700, f"Text of chapter {'one' if number else 'two'}, which is short."
        )
        pages.append(page)
    parsed = parse(pdf(*pages), "travel.pdf")
    assert "Northwind" not in parsed.text
    assert [text for kind, text in outline(parsed) if kind == "heading"] == ["Chapter 1", "Chapter 2"]


def test_text_that_the_file_marks_as_artifact_is_dropped_at_the_edge(parse) -> None:
    pages = []
    for number in range(2):
        page = Page()
        page.parts += ["/Artifact BMC", *Page().text(72, 20, f"Printed by office {'AB'[number]}").parts, "EMC"]
        pages.append(page.text(72, 700, f"Text of page {'AB'[number]}."))
    assert [text for _, text in outline(parse(pdf(*pages), "tagged.pdf"))] == ["Text of page A.", "Text of page B."]


def test_footnote_marks_do_not_join_the_word_before(parse) -> None:
    page = (
        Page()
        .text(72, 700, "practice")
        .text(72 + 38.5, 704, "12", 6)
        .text(125, 700, "and H")
        .text(151.5, 698.5, "2", 6)
    )
    assert parse(pdf(page), "marks.pdf").text == "practice 12 and H2"


def test_names_beside_long_values_each_keep_their_value(parse) -> None:
    page = Page().text(72, 790, "What the visitor said and what the office did about it, in the order of events.")
    entries = (
        (
            "Question",
            ["Why was the lamp that was sent in spring never", "paid for, although it had been repaired twice?"],
        ),
        ("Action", ["Look up the order."]),
        ("Finding", ["The order was cancelled by the shop in summer, so", "that no invoice was ever written for it."]),
        (
            "Question",
            ["Was the second lamp of that order sent to the same", "address as the first one, or was it kept?"],
        ),
        ("Action", ["Ask the shop."]),
        ("Answer", ["It was kept."]),
    )
    y = 750
    for name, lines in entries:
        page.text(72, y, name)
        for line in lines:
            page.text(160, y, line)
            y -= 12
    rows = [text for kind, text in outline(parse(pdf(page), "visit.pdf")) if kind.startswith("table")]
    assert rows == [f"{name} | {' '.join(lines)}" for name, lines in entries]
