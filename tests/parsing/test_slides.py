"""PowerPoint presentations, made on the spot with python-pptx."""

from __future__ import annotations

import io
import re
import zipfile

import pptx
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import MSO_SHAPE
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from tests.parsing.conftest import find, outline

_TITLE_AND_CONTENT, _TITLE_ONLY, _BLANK = 1, 5, 6


def _bytes(deck) -> bytes:
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _slide(deck, layout: int, title: str = ""):
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def _box(slide, text: str, left: float, top: float):
    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5))
    box.text_frame.text = text
    return box


def test_a_slide_reads_from_its_title_to_its_notes(parse) -> None:
    deck = pptx.Presentation()
    deck.core_properties.title = "Board meeting"
    slide = _slide(deck, _TITLE_AND_CONTENT, "Results of 2024")
    body = slide.placeholders[1].text_frame
    body.text = "Sales rose"
    body.add_paragraph().text = "in every region"
    body.paragraphs[1].level = 1
    _box(slide, "bottom left", 1, 6.5)
    _box(slide, "top right", 7, 0.1)
    _box(slide, "top left", 1, 0.15)
    slide.notes_slide.notes_text_frame.text = "Thank the team."
    _box(_slide(deck, _BLANK), "Second slide", 1, 1)
    parsed = parse(_bytes(deck), "board.pptx")
    assert parsed.title == "Board meeting"
    assert outline(parsed) == [
        ("heading", "Results of 2024"),
        ("list_item", "Sales rose"),
        ("list_item", "in every region"),
        ("paragraph", "top left"),
        ("paragraph", "top right"),
        ("paragraph", "bottom left"),
        ("paragraph", "Thank the team."),
        ("paragraph", "Second slide"),
    ]
    assert [block.locator.slide for block in parsed.blocks] == [1] * 7 + [2]
    assert find(parsed, "every region").level == 2
    assert find(parsed, "Thank").locator.part == "notes"
    assert find(parsed, "Thank").heading_path == ("Results of 2024",)
    assert find(parsed, "Second").heading_path == ()


def test_templates_and_shows_are_read_too(parse) -> None:
    deck = pptx.Presentation()
    _slide(deck, _TITLE_ONLY, "A title")
    for kind in ("template", "slideshow"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(_bytes(deck))) as source, zipfile.ZipFile(buffer, "w") as target:
            for entry in source.infolist():
                content = source.read(entry).replace(b"presentation.main+xml", kind.encode() + b".main+xml")
                target.writestr(entry.filename, content)
        assert parse(buffer.getvalue(), "a.potx").text == "A title"


def test_tables_of_slides_keep_their_cells(parse) -> None:
    deck = pptx.Presentation()
    slide = _slide(deck, _TITLE_ONLY, "Rooms")
    table = slide.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"r{row}c{column}"
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(1, 0).text_frame.text = "tall"
    parsed = parse(_bytes(deck), "table.pptx")
    assert [text for _, text in outline(parsed)] == [
        "Rooms",
        "r0c0 | r0c1 | r0c2",
        "tall | r1c1 | r1c2",
        "tall | r2c1 | r2c2",  # a row is found without the one above it
    ]
    tall, cell = (each.locator for each in find(parsed, "r2c1").cells[:2])
    assert (cell.slide, cell.part, cell.cells) == (1, "table 1", "B3")
    assert tall.cells == "A2"


def test_charts_give_their_title_and_numbers(parse) -> None:
    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Ducks", (120, 135.5))
    data.add_series("Geese", (80, 90))
    area = (Inches(1), Inches(2), Inches(5), Inches(3))
    chart = _slide(deck, _TITLE_ONLY, "Birds").shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *area, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Birds seen"
    parsed = parse(_bytes(deck), "chart.pptx")
    assert outline(parsed)[1:] == [
        ("caption", "Birds seen"),
        ("table_header", "| Ducks | Geese"),
        ("table_row", "2023 | 120 | 80"),
        ("table_row", "2024 | 135.5 | 90"),
    ]
    assert str(find(parsed, "135.5").locator) == "chart 1, slide 1"


def test_groups_stay_together(parse) -> None:
    deck = pptx.Presentation()
    slide = _slide(deck, _BLANK)
    group = slide.shapes.add_group_shape()
    for text, top in (("group below", 3), ("group above", 1)):
        box = group.shapes.add_textbox(Inches(1), Inches(top), Inches(2), Inches(0.5))
        box.text_frame.text = text
    _box(slide, "free between", 1, 2)
    parsed = parse(_bytes(deck), "group.pptx")
    assert [text for _, text in outline(parsed)] == ["group above", "group below", "free between"]


def test_numbered_paragraphs_show_their_numbers(parse) -> None:
    deck = pptx.Presentation()
    frame = _box(_slide(deck, _BLANK), "first", 1, 1).text_frame
    for text in ("second", "third"):
        frame.add_paragraph().text = text
    for number, paragraph in enumerate(frame.paragraphs):
        mark = etree.SubElement(paragraph._p.get_or_add_pPr(), qn("a:buAutoNum"))
        mark.set("type", "alphaLcParenR" if number < 2 else "romanUcPeriod")
    parsed = parse(_bytes(deck), "numbers.pptx")
    assert outline(parsed) == [("list_item", "a) first"), ("list_item", "b) second"), ("list_item", "I. third")]


def test_what_a_slide_does_not_show_is_kept_apart(parse) -> None:
    deck = pptx.Presentation()
    slide = _slide(deck, _BLANK)
    _box(slide, "seen", 1, 1)
    _box(slide, "beyond the edge", 40, 1)
    _box(slide, "one point", 1, 2).text_frame.paragraphs[0].runs[0].font.size = Pt(1)
    white = _box(slide, "white words", 1, 3).text_frame.paragraphs[0].runs[0]
    white.font.color.rgb = RGBColor(255, 255, 255)
    _box(slide, "switched off", 1, 4)._element.nvSpPr.cNvPr.set("hidden", "1")
    hidden = _slide(deck, _TITLE_ONLY, "Never shown")
    hidden._element.set("show", "0")
    _slide(deck, _TITLE_ONLY, "Last")
    parsed = parse(_bytes(deck), "hidden.pptx")
    assert outline(parsed) == [("paragraph", "seen"), ("heading", "Last")]
    assert parsed.blocks[1].locator.slide == 3
    assert {(each.text, each.reason, each.locator.slide) for each in parsed.hidden} == {
        ("beyond the edge", "off the slide", 1), ("one point", "too small to read", 1),
        ("white words", "white on white", 1), ("switched off", "hidden shape", 1), ("Never shown", "hidden slide", 2),
    }  # fmt: skip


def test_white_words_on_colour_are_text(parse) -> None:
    deck = pptx.Presentation()

    def white(slide, text: str, shape=None) -> None:
        box = shape or _box(slide, text, 1, 1)
        box.text_frame.text = text
        box.text_frame.paragraphs[0].runs[0].font.color.rgb = RGBColor(255, 255, 255)

    area = (Inches(0.5), Inches(0.5), Inches(5), Inches(3))
    dark = _slide(deck, _BLANK)
    dark.background.fill.solid()
    dark.background.fill.fore_color.rgb = RGBColor(0, 0, 60)
    white(dark, "on a dark slide")
    filled = _slide(deck, _BLANK)
    white(filled, "in a filled shape", filled.shapes.add_shape(MSO_SHAPE.RECTANGLE, *area))
    above = _slide(deck, _BLANK)
    above.shapes.add_shape(MSO_SHAPE.RECTANGLE, *area)
    white(above, "above a filled shape")
    parsed = parse(_bytes(deck), "white.pptx")
    assert [text for _, text in outline(parsed)] == ["on a dark slide", "in a filled shape", "above a filled shape"]
    assert not parsed.hidden


def test_a_footer_is_written_once_and_slide_numbers_never(parse) -> None:
    deck = pptx.Presentation()
    for number in range(3):
        slide = _slide(deck, _TITLE_ONLY, f"Slide {number}")
        for kind, text in (("ftr", "Confidential"), ("sldNum", "77")):
            box = _box(slide, text, 1, 7)
            etree.SubElement(box._element.nvSpPr.find(qn("p:nvPr")), qn("p:ph")).set("type", kind)
    parsed = parse(_bytes(deck), "footer.pptx")
    assert [text for _, text in outline(parsed)] == ["Slide 0", "Confidential", "Slide 1", "Slide 2"]


def _changed(data: bytes, change) -> bytes:
    """The package with every part passed through ``change(name, content)``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for entry in source.infolist():
            if (content := change(entry.filename, source.read(entry))) is not None:
                target.writestr(entry.filename, content)
    return buffer.getvalue()


def test_comments_name_their_author(parse) -> None:
    deck = pptx.Presentation()
    _slide(deck, _TITLE_ONLY, "Plan")
    main = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    authors = f'<p:cmAuthorLst {main}><p:cmAuthor id="0" name="Rita"/></p:cmAuthorLst>'
    comments = f'<p:cmLst {main}><p:cm authorId="0"><p:text>Too optimistic?</p:text></p:cm></p:cmLst>'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"
    line = f'<Relationship Id="rId99" Type="{kind}" Target="../comments/comment1.xml"/></Relationships>'

    def change(name: str, content: bytes) -> bytes:
        return content.replace(b"</Relationships>", line.encode()) if name.endswith("slide1.xml.rels") else content

    buffer = io.BytesIO(_changed(_bytes(deck), change))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("ppt/commentAuthors.xml", authors)
        archive.writestr("ppt/comments/comment1.xml", comments)
    parsed = parse(buffer.getvalue(), "comments.pptx")
    assert outline(parsed)[-1] == ("quote", "Too optimistic?")
    assert str(parsed.blocks[-1].locator) == "comment by Rita, slide 1"


def test_a_missing_slide_is_noted_and_the_others_are_read(parse) -> None:
    deck = pptx.Presentation()
    for number in (1, 2, 3):
        _slide(deck, _TITLE_ONLY, f"Slide {number}")
    damaged = _changed(_bytes(deck), lambda name, content: None if name.endswith("slides/slide2.xml") else content)
    parsed = parse(damaged, "damaged.pptx")
    assert [(text, block.locator.slide) for (_, text), block in zip(outline(parsed), parsed.blocks, strict=True)] == [
        ("Slide 1", 1), ("Slide 3", 3),
    ]  # fmt: skip
    assert any("Slide 2" in note for note in parsed.notes)


def test_relations_out_of_the_file_are_not_followed(parse) -> None:
    deck = pptx.Presentation()
    _slide(deck, _TITLE_ONLY, "Plan").notes_slide.notes_text_frame.text = "Secret notes"

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("slide1.xml.rels"):
            return content
        return re.sub(rb'(<Relationship [^>]*notesSlide"[^>]*?)(/?>)', rb'\1 TargetMode="External"\2', content)

    parsed = parse(_changed(_bytes(deck), change), "external.pptx")
    assert parsed.text == "Plan"


def test_a_presentation_that_is_none(refused) -> None:
    deck = pptx.Presentation()
    _slide(deck, _TITLE_ONLY, "Plan")
    swapped = _changed(
        _bytes(deck), lambda name, content: b"<x/>" if name == "ppt/presentation.xml" else content
    )  # well-formed, but something else
    assert refused(swapped, "odd.pptx").reason == "corrupt"
    assert refused(b"plain words", "plain.pptx").reason == "corrupt"
    assert refused(_bytes(pptx.Presentation()), "empty.pptx").reason == "no_text"
