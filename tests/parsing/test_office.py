"""Word, Excel and delimited text, made on the spot with the libraries that read them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

import docx
import openpyxl
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from openpyxl.comments import Comment
from openpyxl.styles import Font

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
        ("paragraph", "Running header"),
    ]
    assert (parsed.blocks[-1].locator.part, parsed.blocks[-1].heading_path) == ("page header", ())
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


def test_merged_word_cells_belong_to_every_row_they_span(parse) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Wide"
    table.cell(0, 2).text = "Last"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "Tall"
    for row in (1, 2):
        table.cell(row, 1).text, table.cell(row, 2).text = f"b{row}", f"c{row}"
    parsed = parse(_docx(document), "merged.docx")
    assert [text for _, text in outline(parsed)] == ["Wide | | Last", "Tall | b1 | c1", "Tall | b2 | c2"]
    assert find(parsed, "Last").cells[1].locator.cells == "C1"
    assert [cell.locator.cells for cell in find(parsed, "b2").cells] == ["A2", "B3", "C3"]
    assert table.cell(0, 0)._tc.find(qn("w:tcPr")) is not None


_CONTROL = (
    '<w:sdt xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"><w:sdtPr><w14:checkbox>'
    '<w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r>{}</w:r></w:sdtContent></w:sdt>'
)
_OLD_FORM = (
    '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:fldChar w:fldCharType="begin">'
    "<w:ffData><w:checkBox>{}</w:checkBox></w:ffData></w:fldChar></w:r>"
)
_WINGDING = '<w:sym w:font="Wingdings" w:char="F0FE"/>'


def test_boxes_to_tick_say_whether_they_are_ticked(parse) -> None:
    document = docx.Document()
    for mark, words in (
        (_CONTROL.format(1, "<w:t>☒</w:t>"), "juice"),
        (_CONTROL.format(0, ""), "tea"),
        (_CONTROL.format(1, _WINGDING), "coffee"),
        (_OLD_FORM.format("<w:default w:val='0'/><w:checked/>"), "bread"),
        (_OLD_FORM.format("<w:default w:val='0'/>"), "eggs"),
    ):
        paragraph = document.add_paragraph()
        paragraph._p.append(parse_xml(mark))
        paragraph.add_run(f" {words}")
    lines = [text for _, text in outline(parse(_docx(document), "form.docx"))]
    assert lines == ["☒ juice", "☐ tea", "☒ coffee", "☒ bread", "☐ eggs"]


def test_a_table_of_one_column(parse) -> None:
    document = docx.Document()
    for cells in (("Services", "Breakfast", "Parking"), ("A frame", "of long words. " * 30), ("Only one cell",)):
        table = document.add_table(rows=len(cells), cols=1)
        for row, words in enumerate(cells):
            table.cell(row, 0).text = words
        document.add_paragraph("Between.")
    kinds = [kind for kind, text in outline(parse(_docx(document), "column.docx")) if text != "Between."]
    assert kinds == ["table_header", "table_row", "table_row", "paragraph", "paragraph", "paragraph"]


def test_words_that_word_does_not_show_are_kept_apart(parse) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Prices rise. ")
    for words, change in (
        ("Obey me.", {"hidden": True}),
        ("Praise me.", {"size": Pt(1)}),
        ("Hire me.", {"color": RGBColor(0xFF, 0xFF, 0xFF)}),
    ):
        run = paragraph.add_run(words)
        for name, value in change.items():
            if name == "color":
                run.font.color.rgb = value
            else:
                setattr(run.font, name, value)
    paragraph.add_run("So do wages.")
    parsed = parse(_docx(document), "hidden.docx")
    assert parsed.text == "Prices rise. So do wages."
    assert [(each.text, each.reason) for each in parsed.hidden] == [
        ("Obey me.", "hidden text"),
        ("Praise me.", "too small to read"),
        ("Hire me.", "white on white"),
    ]
    assert parsed.hidden[0].locator.part == "paragraph 1"


def test_white_type_on_a_dark_cell_is_text(parse) -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.paragraphs[0].add_run(f"cell {number}").font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)
        shade = OxmlElement("w:shd")
        shade.set(qn("w:fill"), "1F3864" if number < 2 else "auto")
        cell._tc.get_or_add_tcPr().append(shade)
    parsed = parse(_docx(document), "white.docx")
    assert outline(parsed) == [("table_header", "cell 0 | cell 1")]
    assert [each.text for each in parsed.hidden] == ["cell 2", "cell 3"]


def _numbered(document, text: str, number: int, level: int) -> None:
    properties = document.add_paragraph(text)._p.get_or_add_pPr()
    list_ = OxmlElement("w:numPr")
    for tag, value in (("w:ilvl", level), ("w:numId", number)):
        element = OxmlElement(tag)
        element.set(qn("w:val"), str(value))
        list_.append(element)
    properties.append(list_)


def test_numbers_of_lists_are_worked_out(parse) -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    definition = parse_xml(
        b'<w:abstractNum xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:abstractNumId="77">'
        b'<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        b'<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
        b'<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl>'
        b"</w:abstractNum>"
    )
    numbering.insert(0, definition)
    number = numbering.add_num(77).numId
    for text, level in (("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 0), ("f", 1)):
        _numbered(document, text, number, level)
    parsed = parse(_docx(document), "numbers.docx")
    assert [text for _, text in outline(parsed)] == ["3. a", "3.i) b", "3.ii) c", "d", "4. e", "4.i) f"]
    assert [block.level for block in parsed.blocks] == [1, 2, 2, 3, 1, 2]


def test_comments_boxes_and_formulas_of_a_word_file(parse) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Area ")
    box = parse_xml(
        b'<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        b'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>'
        b'<mc:Choice Requires="wps"><w:drawing><w:txbxContent><w:p><w:r><w:t>Boxed words</w:t></w:r></w:p>'
        b"</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>Boxed words</w:t>"
        b"</w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    math = parse_xml(
        b'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:sSup><m:e><m:r><m:t>r</m:t>'
        b"</m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num>"
        b"<m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"
    )
    paragraph._p.append(math)
    paragraph._p.append(box)
    document.add_comment(paragraph.runs, text="Really?", author="Rita")
    parsed = parse(_docx(document), "boxes.docx")
    assert outline(parsed) == [
        ("paragraph", "Area r^2(a+b)/2"), ("paragraph", "Boxed words"), ("quote", "Really?"),
    ]  # fmt: skip
    assert parsed.blocks[-1].locator.part == "comment by Rita"


def test_nested_tables_stand_in_their_cell(parse) -> None:
    document = docx.Document()
    outer = document.add_table(rows=2, cols=2)
    for number, cell in enumerate(cell for row in outer.rows for cell in row.cells):
        cell.text = f"outer {number}"
    inner = outer.cell(1, 1).add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "inner 0", "inner 1"
    parsed = parse(_docx(document), "nested.docx")
    assert [text for _, text in outline(parsed)] == ["outer 0 | outer 1", "outer 2 | outer 3 inner 0 inner 1"]


def test_strict_word_files_and_templates(parse) -> None:
    document = docx.Document()
    document.add_heading("Strict heading", 1)
    document.add_paragraph("Strict words.")
    usual = b"http://schemas.openxmlformats.org/"
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_docx(document))) as source, zipfile.ZipFile(strict, "w") as target:
        for entry in source.infolist():
            content = source.read(entry).replace(usual + b"package/2006", b"KEPT")
            content = re.sub(
                rb"http://schemas.openxmlformats.org/(\w+)/2006/", rb"http://purl.oclc.org/ooxml/\1/", content
            )
            target.writestr(entry.filename, content.replace(b"KEPT", usual + b"package/2006"))
    assert b"purl.oclc.org/ooxml/wordprocessingml/main" in zipfile.ZipFile(strict).read("word/document.xml")
    for name in ("strict.docx", "strict.dotx"):
        assert outline(parse(strict.getvalue(), name)) == [
            ("heading", "Strict heading"), ("paragraph", "Strict words."),
        ]  # fmt: skip


def test_macros_are_named_and_not_read(parse) -> None:
    document = docx.Document()
    document.add_paragraph("Words.")
    buffer = io.BytesIO(_docx(document))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"Sub AutoOpen()")
    parsed = parse(buffer.getvalue(), "macros.docm")
    assert parsed.text == "Words."
    assert any("macros" in note for note in parsed.notes)


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
    ]
    assert [(each.text, each.reason, str(each.locator)) for each in parsed.hidden] == [
        ("Key | Value", "hidden sheet", "sheet Secret, A1:B1"),
        ("a | TRUE", "hidden sheet", "sheet Secret, A2:B2"),
    ]
    lamp = find(parsed, "Lamp")
    assert (lamp.locator.sheet, lamp.locator.cells) == ("Prices", "B3:E3")
    assert [cell.locator.cells for cell in lamp.cells] == ["B3", "C3", "D3", "E3"]
    assert lamp.header == "Article | Since | Share | Price"
    assert lamp.heading_path == ("Prices",)
    assert "hidden sheet" in parsed.notes[0]
    data = _workbook(fill)
    assert parse(data, "prices.xlsx").to_json() == parse(data, "prices.xlsx").to_json()


def test_hidden_rows_columns_and_cells(parse) -> None:
    def fill(book) -> None:
        sheet = book.active
        sheet.title = "Prices"
        for row in (["Article", "Cost", "Price"], ["Lamp", 7, 12], ["Desk", 90, 240], ["Bed", 80, 300]):
            sheet.append(row)
        sheet["E2"], sheet["E3"] = "white remark", "masked remark"
        sheet["E2"].font = Font(color="FFFFFFFF")
        sheet["E3"].number_format = ";;;"
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[4].hidden = True

    parsed = parse(_workbook(fill), "hidden.xlsx")
    assert [text for _, text in outline(parsed)] == ["Prices", "Article | Price", "Lamp | 12", "Desk | 240"]
    assert find(parsed, "Desk").cells[1].locator.cells == "C3"
    found = {(each.text, each.reason, each.locator.cells) for each in parsed.hidden}
    assert {
        ("7", "hidden column", "B2"), ("Bed | 80 | 300", "hidden row", "A4:C4"),
        ("white remark", "white on white", "E2"), ("masked remark", "number format that shows nothing", "E3"),
    } <= found  # fmt: skip


def test_rows_behind_a_filter_or_an_outline_are_read(parse) -> None:
    def fill(book) -> None:
        sheet = book.active
        for row in (["Town", "Size"], ["Bonn", 3], ["Graz", 4], ["Linz", 5], ["Kiel", 6]):
            sheet.append(row)
        sheet.auto_filter.ref = "A1:B3"
        sheet.auto_filter.add_filter_column(0, ["Bonn"])
        sheet.row_dimensions[3].hidden = True  # held back by the filter
        sheet.row_dimensions[4].hidden, sheet.row_dimensions[4].outlineLevel = True, 1

    parsed = parse(_workbook(fill), "filter.xlsx")
    assert [text for _, text in outline(parsed)][1:] == ["Town | Size", "Bonn | 3", "Graz | 4", "Linz | 5", "Kiel | 6"]
    assert not parsed.hidden
    assert "filter or an outline" in parsed.notes[0]


def test_comments_of_a_workbook_follow_its_cells(parse) -> None:
    def fill(book) -> None:
        book.active.append(["Town", "Size"])
        book.active["B1"].comment = Comment("Since when?", "Bob")

    parsed = parse(_workbook(fill), "comments.xlsx")
    assert (outline(parsed)[-1], str(parsed.blocks[-1].locator)) == (
        ("quote", "Since when?"),
        "comment by Bob, sheet Sheet, B1",
    )


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


def test_rows_that_no_workbook_has(refused) -> None:
    whole = _workbook(lambda book: book.active.append(["a", "b"]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(buffer, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry).replace(b'r="1"', b'r="99999999999"'))
    assert refused(buffer.getvalue(), "rows.xlsx").reason == "corrupt"


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
    assert refused(_zip(**{"ppt/presentation.xml": b""}), "deck.pptx").reason == "corrupt"
    assert refused(_docx(docx.Document()), "empty.docx").reason == "no_text"
