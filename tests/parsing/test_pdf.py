"""Reading order, headings, tables and exact boxes on pages whose every coordinate is known."""

from __future__ import annotations

import pytest

from citewell.parsing.pdf_lines import join_lines
from tests.parsing.conftest import find, outline, text_of
from tests.parsing.tiny_pdf import HEIGHT, WIDTH, Page, pdf

PROSE = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs", "along"]


def _paragraph(page: Page, x: float, top: float, words: list[str], per_line: int, lines: int, mark: str) -> None:
    for line in range(lines):
        chosen = [words[(line * per_line + i) % len(words)] for i in range(per_line)]
        page.text(x, top - 12 * line, f"{mark}{line} " + " ".join(chosen))


def test_headings_paragraphs_and_boxes(parse) -> None:
    page = Page().text(72, 770, "Warranty handbook", 20).text(72, 730, "Returns", 14, bold=True)
    page.text(72, 700, "Goods may be sent back within thirty days of the day on which they").text(
        72, 688, "arrived. Keep the receipt."
    )
    page.text(72, 660, "Repairs", 14, bold=True).text(72, 640, "Repairs take a week.")
    parsed = parse(pdf(page, info="/ModDate (D:20240131120000+01'00') /Author (Anna)"), "warranty.pdf")
    assert parsed.title == "Warranty handbook"
    assert parsed.modified_at == "2024-01-31T12:00:00+01:00"
    assert parsed.metadata["author"] == "Anna"
    assert outline(parsed) == [
        ("heading", "Warranty handbook"),
        ("heading", "Returns"),
        ("paragraph", "Goods may be sent back within thirty days of the day on which they arrived. Keep the receipt."),
        ("heading", "Repairs"),
        ("paragraph", "Repairs take a week."),
    ]
    returns = find(parsed, "Goods")
    assert returns.heading_path == ("Warranty handbook", "Returns")
    assert returns.locator.page == 1
    left, top, right, bottom = returns.locator.boxes[0]
    assert left == pytest.approx(72, abs=2)
    assert top < HEIGHT - 700 < HEIGHT - 688 < bottom < HEIGHT - 670
    assert 300 < right < WIDTH


def test_two_columns_below_a_full_width_title(parse) -> None:
    page = Page().text(72, 780, "A study of foxes in the wild and what they do all day long, told by a dog", 12)
    _paragraph(page, 60, 740, PROSE, 8, 20, "left")
    _paragraph(page, 320, 740, PROSE, 8, 20, "right")
    page.text(60, 440, "Both columns end here and the page goes on with one full line of text about foxes and dogs.")
    text = parse(pdf(page), "columns.pdf").text
    assert (
        text.index("A study")
        < text.index("left0")
        < text.index("left19")
        < text.index("right0")
        < text.index("right19")
    )
    assert text.index("right19") < text.index("Both columns")


def test_columns_drawn_in_mixed_order(parse) -> None:
    page = Page()
    for line in reversed(range(20)):
        page.text(320, 740 - 12 * line, f"right{line} the quick brown fox jumps over the lazy dog")
        page.text(60, 740 - 12 * line, f"left{line} the quick brown fox jumps over the lazy dog")
    text = parse(pdf(page), "mixed.pdf").text
    places = [text.index(f"{side}{line} ") for side in ("left", "right") for line in range(20)]
    assert places == sorted(places)


def test_a_ruled_table_has_located_cells(parse) -> None:
    page = Page().text(72, 770, "Prices are listed in the table below and hold until the end of the year.")
    xs, ys = (72, 200, 300, 400), (740, 720, 700, 680)
    for y in ys:
        page.line(xs[0], y, xs[-1], y)
    for x in xs:
        page.line(x, ys[0], x, ys[-1])
    rows = (("Article", "Size", "Price"), ("Lamp", "small", "12.50"), ("Desk", "", "240.00"))
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            if words:
                page.text(xs[column] + 4, ys[number] - 14, words)
    parsed = parse(pdf(page), "prices.pdf")
    assert outline(parsed)[1:] == [
        ("table_header", "Article | Size | Price"),
        ("table_row", "Lamp | small | 12.50"),
        ("table_row", "Desk | | 240.00"),
    ]
    desk = parsed.blocks[-1]
    assert desk.header == "Article | Size | Price"
    price = desk.cells[1]
    assert parsed.text[slice(*price.span)] == "240.00"
    left, top, right, bottom = price.locator.boxes[0]
    assert price.locator.page == 1
    assert left == pytest.approx(304, abs=2)
    assert top < HEIGHT - 686 < bottom
    assert right < 340


def test_an_aligned_table_without_lines(parse) -> None:
    page = Page().text(72, 770, "Opening hours of the branches in the three cities where we have an office.")
    rows = (("City", "Open", "Staff"), ("Bonn", "08:00", "12"), ("Graz", "09:00", "7"), ("Bern", "08:30", "31"))
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            page.text(72 + 130 * column, 740 - 16 * number, words)
    parsed = parse(pdf(page), "hours.pdf")
    assert [text for kind, text in outline(parsed) if kind == "table_row"] == [
        "Bonn | 08:00 | 12", "Graz | 09:00 | 7", "Bern | 08:30 | 31",
    ]  # fmt: skip
    assert find(parsed, "Graz").header == "City | Open | Staff"


def test_tables_under_their_own_headings_stay_apart(parse) -> None:
    page = Page().text(72, 780, "Prices of the year, all in pounds sterling without tax, as agreed in the spring.")
    y = 750
    for title, rows in (
        (
            "Instruments",
            (
                ("Article", "Description", "Price"),
                ("TPX", "Pressure transmitter", "248"),
                ("TFL", "Flow meter", "2,640"),
            ),
        ),
        ("Services", (("Article", "Service", "Price"), ("SV1", "Calibration", "42"), ("SV2", "Travel", "65"))),
    ):
        page.text(72, y, title, 14, bold=True)
        for number, row in enumerate(rows):
            for x, words in zip((72, 150, 320), row, strict=True):
                page.text(x, y - 20 - 14 * number, words, bold=number == 0)
        y -= 90
    parsed = parse(pdf(page), "prices.pdf")
    assert find(parsed, "SV1").header == "Article | Service | Price"
    assert find(parsed, "SV1").heading_path == ("Services",)
    assert find(parsed, "TFL").header == "Article | Description | Price"


def test_a_long_cell_does_not_join_columns_and_wrapped_cells_stay_whole(parse) -> None:
    page = Page()
    for number, row in enumerate(
        (
            ("Topic", "Basic", "Plus"),
            ("Availability per", "99.5 %", "99.9 %"),
            ("Users", "10", "50"),
            ("Delay", "7", "9"),
        )
    ):
        for x, words in zip((72, 180, 260), row, strict=True):
            page.text(x, 740 - 24 * number, words)
    page.text(72, 740 - 24 - 11, "calendar month")
    parsed = parse(pdf(page), "tiers.pdf")
    assert ("table_row", "Availability per calendar month | 99.5 % | 99.9 %") in outline(parsed)


def test_numbered_bold_lines_are_headings(parse) -> None:
    page = (
        Page()
        .text(72, 760, "1. Purpose", 13, bold=True)
        .text(72, 740, "We travel because customers need us in the room.")
    )
    page.text(72, 710, "2. Approval", 13, bold=True).text(
        72, 690, "Trips are approved by the manager of the department."
    )
    parsed = parse(pdf(page), "policy.pdf")
    assert [kind for kind, _ in outline(parsed)] == ["heading", "paragraph", "heading", "paragraph"]
    assert find(parsed, "Trips").heading_path == ("2. Approval",)


def test_words_placed_letter_by_letter_are_whole(parse) -> None:
    page = Page()
    x = 72.0
    for letter, width in (
        ("w", 7.22),
        ("o", 5.56),
        ("r", 3.33),
        ("d", 5.56),
        (" ", 2.78),
        ("t", 2.78),
        ("w", 7.22),
        ("o", 5.56),
    ):
        if letter != " ":
            page.text(x, 700, letter)
        x += width
    assert parse(pdf(page), "letters.pdf").text == "word two"


def test_lists_and_words_cut_at_line_ends(parse) -> None:
    page = Page()
    for number, words in enumerate(
        ("These are the steps one has to follow to get a new bat-", "tery for the lamp. The battery is in the drawer.")
    ):
        page.text(72, 760 - 12 * number, words)
    page.text(72, 720, "1. Open the drawer.").text(72, 706, "2. Take the battery out.")
    page.text(72, 680, "\u2022").text(84, 680, "Never throw it away.")
    parsed = parse(pdf(page), "steps.pdf")
    assert "new battery for the lamp" in parsed.text
    assert [text for kind, text in outline(parsed) if kind == "list_item"] == [
        "1. Open the drawer.", "2. Take the battery out.", "Never throw it away.",
    ]  # fmt: skip


def test_running_headers_and_page_numbers_are_dropped(parse) -> None:
    pages = []
    for number in range(1, 6):
        page = Page().text(72, 810, "Handbook of the Northwind company").text(280, 30, f"Page {number} of 5")
        pages.append(page.text(72, 700, f"Chapter {number} tells what to do in case number {number} of the many."))
    parsed = parse(pdf(*pages), "handbook.pdf")
    assert "Northwind" not in parsed.text
    assert "of 5" not in parsed.text
    assert [block.locator.page for block in parsed.blocks] == [1, 2, 3, 4, 5]


def test_a_clause_that_comes_again_and_again_is_no_running_header(parse) -> None:
    clause = "This clause binds both parties and their heirs."
    pages = []
    for number in range(1, 5):
        page = Page().text(72, 810, f"Contract of sale, page {number}")
        for place in (740, 640, 540):
            page.text(72, place + 20, f"{number}.{place} Terms of part {number}", bold=True).text(72, place, clause)
        pages.append(page)
    parsed = parse(pdf(*pages), "contract.pdf")
    assert parsed.text.count(clause) == 12
    assert "Contract of sale" not in parsed.text


def test_a_last_line_at_another_height_on_each_page_is_no_footer(parse) -> None:
    pages = [Page().text(72, 760, f"Bill {number} for lamps.") for number in range(1, 6)]
    for number, page in enumerate(pages):
        page.text(72, 700 - 60 * number, "Thank you for your order.")
    assert parse(pdf(*pages), "bills.pdf").text.count("Thank you") == 5


def test_pages_on_their_side(parse) -> None:
    upright = Page(rotate=90).text(300, 72, "This line is upright when the page is shown.", turn=True)
    sideways = Page().text(300, 72, "This line lies on its side on the page.", turn=True)
    parsed = parse(pdf(upright, sideways), "sides.pdf")
    first, second = (block.locator.boxes[0] for block in parsed.blocks)
    assert first[0] == pytest.approx(72, abs=3)  # as shown: the page is 842 wide
    assert first[2] - first[0] > 5 * (first[3] - first[1])
    assert second[3] - second[1] > 5 * (second[2] - second[0])  # a tall box: the words run upwards
    assert second[0] < 300 < second[2] + 3
    assert second[3] == pytest.approx(HEIGHT - 72, abs=3)


def test_image_pages_are_noted_or_refused(parse, refused) -> None:
    parsed = parse(pdf(Page().text(72, 700, "A page of text."), Page().image()), "mixed.pdf")
    assert parsed.notes == ("page 2 has no text: it is an image.",)
    error = refused(pdf(Page().image(), Page().image()), "scan.pdf")
    assert error.reason == "no_text"
    assert "all 2 pages are images" in str(error)
    assert "OCR" in str(error)


def test_damaged_and_protected_files(refused) -> None:
    whole = pdf(Page().text(72, 700, "text"))
    assert refused(b"%PDF-1.7\n" + b"\x00garbage" * 50, "cut.pdf").reason == "corrupt"
    lock = b"/Filter /Standard /V 1 /R 2 /O (" + b"x" * 32 + b") /U (" + b"y" * 32 + b") /P -4"
    locked = whole.replace(b"/Root 1 0 R", b"/Encrypt << " + lock + b" >> /ID [(a) (a)] /Root 1 0 R")
    error = refused(locked, "locked.pdf")
    assert error.reason == "encrypted"
    assert "without one" in str(error)


def test_join_lines() -> None:
    assert join_lines(["one", "two"]) == "one two"
    assert join_lines(["漢字", "仮名"]) == "漢字仮名"
    assert join_lines(["1990-", "2000"]) == "1990- 2000"


def test_a_known_compound_keeps_its_hyphen(parse) -> None:
    page = (
        Page()
        .text(72, 760, "We build systems that are well-known to be at the cutting-")
        .text(72, 748, "edge of what can be done.")
    )
    page.text(72, 720, "Cutting glass leaves a sharp edge.")
    assert "cutting-edge" in parse(pdf(page), "compound.pdf").text


def test_title_from_metadata_unless_meaningless(parse) -> None:
    page = Page().text(72, 760, "Large words at the top", 22).text(72, 700, "Body text follows here in a smaller size.")
    assert parse(pdf(page, info="/Title (Annual report)"), "x.pdf").title == "Annual report"
    assert parse(pdf(page, info="/Title (Microsoft Word - draft.doc)"), "x.pdf").title == "Large words at the top"
    assert text_of(parse(pdf(page), "x.pdf"), parse(pdf(page), "x.pdf").blocks[0]) == "Large words at the top"
