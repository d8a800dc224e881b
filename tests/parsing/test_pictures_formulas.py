"""Words about pictures and formulas of Office files: what an author wrote is text, what a program guessed is not."""

from __future__ import annotations

import io

import docx
import pytest
from docx.oxml import parse_xml
from pptx import Presentation
from pptx.util import Inches

from tests.parsing.conftest import Parse

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def picture(description: str) -> bytes:
    return (
        f'<w:r xmlns:w="{W}" xmlns:wp="{WP}"><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" '
        f'descr="{description}"/></wp:inline></w:drawing></w:r>'
    ).encode()


def word_file(*runs: bytes, text: str = "See the figure.") -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph(text)
    for run in runs:
        paragraph._p.append(parse_xml(run))
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_what_an_author_says_of_a_picture_is_its_caption(parse: Parse) -> None:
    parsed = parse(word_file(picture("Lamp with two oil tanks")), "figure.docx")
    assert [(block.kind, parsed.text[slice(*block.span)], block.locator.part) for block in parsed.blocks] == [
        ("paragraph", "See the figure.", "paragraph 1"), ("caption", "Lamp with two oil tanks", "paragraph 1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "description",
    [
        "",
        "IMG_2041.jpeg",
        "A duck&#10;&#10;Description automatically generated",
        "A duck AI-generated content may be incorrect.",
    ],
)
def test_file_names_and_guesses_of_programs_are_no_text(description: str, parse: Parse) -> None:
    assert parse(word_file(picture(description)), "figure.docx").text == "See the figure."


def test_pictures_on_slides(parse: Parse) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for description in ("Map of the Brno site", "map.png"):
        box = slide.shapes.add_textbox(0, 0, Inches(1), Inches(1))
        box._element.nvSpPr.cNvPr.set("descr", description)
    buffer = io.BytesIO()
    deck.save(buffer)
    parsed = parse(buffer.getvalue(), "map.pptx")
    assert parsed.text == "Map of the Brno site"
    assert (parsed.blocks[0].kind, parsed.blocks[0].locator.slide) == ("caption", 1)


def formula(inner: str) -> bytes:
    return f'<m:oMath xmlns:m="{M}">{inner}</m:oMath>'.encode()


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def test_names_in_formulas_do_not_run_into_what_is_beside_them(parse: Parse) -> None:
    sine = f"<m:func><m:fName>{run('sin')}</m:fName><m:e>{run('x')}</m:e></m:func>"
    limit = f"<m:limLow><m:e>{run('lim')}</m:e><m:lim>{run('n→0')}</m:lim></m:limLow>"
    matrix = (
        "<m:m>" + "".join(f"<m:mr><m:e>{run(a)}</m:e><m:e>{run(b)}</m:e></m:mr>" for a, b in ("12", "34")) + "</m:m>"
    )
    for inner, expected in (
        (f"{run('a')}{sine}{run('+b')}", "a sin x +b"),
        (f"{limit}{run(' n')}", "lim_(n→0) n"),
        (matrix, "1 2; 3 4"),
    ):
        assert parse(word_file(formula(inner), text=""), "math.docx").text == expected


def test_two_formulas_in_one_paragraph_stay_apart(parse: Parse) -> None:
    assert parse(word_file(formula(run("a=b")), formula(run("c=d")), text=""), "math.docx").text == "a=b c=d"
