"""Word, Excel and delimited text, made on the spot with the libraries that read them."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import docx
import openpyxl
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from tests.parsing.conftest import find, outline


def _docx(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_word(parse) -> None:
    document = docx.Document()
    document.core_properties.author = "Anna"
    document.core_properties.modified = datetime(2024, 3, 5, 10, 0)
    document.add_heading("Travel policy", 0)
    document.add_heading("Hotels", 1)
    document.add_paragraph("Hotels cost at most 120 euros.")
    document.add_paragraph("Breakfast included", style="List Bullet")
    document.add_paragraph("or nearby", style="List Bullet 2")
    table = document.add_table(rows=3, cols=3)
    for row, words in enumerate((("City", "Limit", "Note"), ("Bonn", "100", ""), ("Graz", "110", "in summer"))):
        for column, word in enumerate(words):
            table.cell(row, column).text = word
    document.add_paragraph("After the table.")
    document.sections[0].header.paragraphs[0].text = "Running header"
    parsed = parse(_docx(document), "travel.docx")
    assert (parsed.title, parsed.modified_at, parsed.metadata) == (
        "Travel policy",
        "2024-03-05T10:00:00+00:00",
        {"author": "Anna"},
    )
    assert outline(parsed) == [
        ("title", "Travel policy"),
        ("heading", "Hotels"),
        ("paragraph", "Hotels cost at most 120 euros."),
        ("list_item", "Breakfast included"),
        ("list_item", "or nearby"),
        ("table_header", "City | Limit | Note"),
        ("table_row", "Bonn | 100"),
        ("table_row", "Graz | 110 | in summer"),
        ("paragraph", "After the table."),
    ]
    row = find(parsed, "Graz")
    assert (row.locator.part, row.locator.cells) == ("table 1", "A3:C3")
    assert row.cells[1].locator.cells == "B3"
    assert row.heading_path == ("Hotels",)
    assert find(parsed, "After").locator.part == "paragraph 6"
    assert find(parsed, "nearby").level == 2


def test_tracked_changes_read_as_accepted(parse) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The limit is ")
    for tag, text_tag, words in (("w:del", "w:delText", "100"), ("w:ins", "w:t", "120")):
        change, run, text = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(text_tag)
        text.text = words
        run.append(text)
        change.append(run)
        paragraph._p.append(change)
    paragraph.add_run(" euros.")
    assert parse(_docx(document), "tracked.docx").text == "The limit is 120 euros."


def test_footnotes_follow_the_body(parse) -> None:
    notes = (
        b'<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b'<w:footnote w:type="separator" w:id="0"><w:p><w:r><w:t>-</w:t></w:r></w:p></w:footnote>'
        b'<w:footnote w:id="2"><w:p><w:r><w:t>Without breakfast.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    document = docx.Document()
    document.add_paragraph("Hotels cost at most 120 euros.")
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, notes, document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    parsed = parse(_docx(document), "notes.docx")
    assert outline(parsed)[1:] == [("heading", "Footnotes"), ("list_item", "Without breakfast.")]
    assert parsed.blocks[-1].locator.part == "footnote 2"


def test_merged_word_cells_repeat_nothing(parse) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Wide"
    table.cell(0, 2).text = "Last"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "Tall"
    for row in (1, 2):
        table.cell(row, 1).text, table.cell(row, 2).text = f"b{row}", f"c{row}"
    parsed = parse(_docx(document), "merged.docx")
    assert [text for _, text in outline(parsed)] == ["Wide | | Last", "Tall | b1 | c1", "| b2 | c2"]
    assert find(parsed, "Last").cells[1].locator.cells == "C1"
    assert table.cell(0, 0)._tc.find(qn("w:tcPr")) is not None


def _workbook(fill) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_workbook(parse) -> None:
    def fill(book) -> None:
        sheet = book.active
        sheet.title = "Prices"
        sheet["B1"] = "Price list for all shops"
        for row in (
            ["Article", "Since", "Share", "Price"],
            ["Lamp", datetime(2024, 1, 31), 0.125, 12.5],
            ["Desk", None, 1, 240.0],
        ):
            sheet.append([None, *row])
        sheet["D3"].number_format = "0.0%"
        sheet["E3"].number_format = "#,##0.00 €"
        sheet["E5"] = "=SUM(E3:E4)"
        hidden = book.create_sheet("Secret")
        hidden.append(["Key", "Value"])
        hidden.append(["a", True])
        hidden.sheet_state = "hidden"
        book.create_sheet("Empty")

    parsed = parse(_workbook(fill), "prices.xlsx")
    assert outline(parsed) == [
        ("heading", "Prices"),
        ("paragraph", "Price list for all shops"),
        ("table_header", "Article | Since | Share | Price"),
        ("table_row", "Lamp | 2024-01-31 | 12.5% | 12.50"),
        ("table_row", "Desk | | 1 | 240"),
        ("table_row", "| | | =SUM(E3:E4)"),
        ("heading", "Secret"),
        ("table_header", "Key | Value"),
        ("table_row", "a | TRUE"),
    ]
    lamp = find(parsed, "Lamp")
    assert (lamp.locator.sheet, lamp.locator.cells) == ("Prices", "B3:E3")
    assert [cell.locator.cells for cell in lamp.cells] == ["B3", "C3", "D3", "E3"]
    assert lamp.header == "Article | Since | Share | Price"
    assert lamp.heading_path == ("Prices",)
    assert "Secret" in parsed.notes[0]
    assert parse(_workbook(fill), "prices.xlsx").to_json() == parse(_workbook(fill), "prices.xlsx").to_json()


def test_several_tables_and_a_far_cell(parse) -> None:
    def fill(book) -> None:
        sheet = book.active
        for row in (["A", "B"], [1, 2], [], ["Name", "Town"], ["Ben", "Bonn"]):
            sheet.append(row)
        sheet.cell(1_000_000, 300, "far away")

    parsed = parse(_workbook(fill), "far.xlsx")
    assert find(parsed, "Ben").header == "Name | Town"
    assert find(parsed, "far away").locator.cells == "KN1000000"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'Name,Note,Price\nLamp,"small, blue\nand bright",12\nDesk,,30\n'),
        ("a.csv", 'Name;Note;Price\nLamp;"small, blue\nand bright";12\nDesk;;30\n'),
        ("a.tsv", 'Name\tNote\tPrice\nLamp\t"small, blue\nand bright"\t12\nDesk\t\t30\n'),
    ],
)
def test_delimited(parse, name: str, text: str) -> None:
    parsed = parse(text, name)
    assert outline(parsed) == [
        ("table_header", "Name | Note | Price"),
        ("table_row", "Lamp | small, blue and bright | 12"),
        ("table_row", "Desk | | 30"),
    ]
    lamp, desk = parsed.blocks[1:]
    assert (lamp.locator.lines, lamp.locator.cells) == ((2, 3), "A2:C2")
    assert (desk.locator.lines, desk.locator.cells) == ((4, 4), "A3:C3")
    assert desk.cells[1].locator.cells == "C3"
    assert desk.header == "Name | Note | Price"


def test_numbers_alone_have_no_header(parse) -> None:
    assert [kind for kind, _ in outline(parse("1,2\n3,4\n", "n.csv"))] == ["table_row", "table_row"]


def _zip(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_zip_bombs_are_not_opened(refused) -> None:
    bomb = _zip(**{"word/document.xml": b"<w:p/>" * 10_000_000})
    assert len(bomb) < 1_000_000
    error = refused(bomb, "bomb.docx")
    assert error.reason == "too_large"
    assert "zip bomb" in str(error)
    many = _zip(**{"word/document.xml": b"", **{f"x{number}": b"" for number in range(10_001)}})
    assert refused(many, "many.docx").reason == "too_large"


def test_entities_are_refused(refused) -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    assert refused(_zip(**{"word/document.xml": evil}), "evil.docx").reason == "corrupt"


def test_damaged_packages(refused) -> None:
    whole = _docx(docx.Document())
    assert refused(whole[: len(whole) // 2], "cut.docx").reason == "corrupt"
    assert refused(_zip(**{"word/document.xml": b"<a>"}), "odd.docx").reason == "corrupt"
    assert refused(_zip(**{"xl/workbook.xml": b"<a>"}), "odd.xlsx").reason == "corrupt"
    assert refused(_zip(**{"ppt/presentation.xml": b""}), "deck.pptx").reason == "unsupported"
    assert refused(_zip(**{"a.txt": b"x"}), "zip.pdf").reason == "unsupported"
    assert refused(_docx(docx.Document()), "empty.docx").reason == "no_text"
