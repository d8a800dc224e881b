"""Bookmarks, comments and form fields of PDF files."""

from __future__ import annotations

import pytest

from tests.parsing.conftest import find, outline
from tests.parsing.tiny_pdf import Page, first_object, pdf

BOX = (300, 690, 400, 710)


def _pages() -> tuple[Page, Page]:
    one = Page().text(72, 760, "1 Scope").text(72, 740, "These rules hold for all goods that we sell in shops.")
    one.text(72, 710, "1.1 Exceptions").text(72, 690, "They do not hold for gifts, nor for goods sold as seen.")
    two = Page().text(72, 760, "2 Returns").text(72, 740, "Goods may be sent back within thirty days, with receipt.")
    return one, two


def test_bookmarks_give_headings_and_levels_that_the_type_does_not_show(parse) -> None:
    plain = parse(pdf(*_pages()), "rules.pdf")
    assert "heading" not in {kind for kind, _ in outline(plain)}
    marked = parse(pdf(*_pages(), outline=[("Scope", 1, 1), ("1.1 Exceptions", 2, 1), ("Returns", 1, 2)]), "rules.pdf")
    headings = [(block.level, marked.text[slice(*block.span)]) for block in marked.blocks if block.kind == "heading"]
    assert headings == [(1, "1 Scope"), (2, "1.1 Exceptions"), (1, "2 Returns")]
    assert find(marked, "gifts").heading_path == ("1 Scope", "1.1 Exceptions")
    assert find(marked, "thirty").heading_path == ("2 Returns",)


def test_bookmarks_decide_the_level_of_every_heading_of_their_size(parse) -> None:
    page = Page().text(72, 790, "Handbook", 24)
    for number, name in enumerate(("Alpha", "Beta", "Gamma")):
        page.text(72, 740 - 90 * number, name, 14).text(72, 715 - 90 * number, "Text of this part, in the usual size.")

    def levels(*marks: tuple[str, int, int]) -> list[int]:
        parsed = parse(pdf(page, outline=marks), "book.pdf")
        return [block.level for block in parsed.blocks if block.kind == "heading"]

    assert levels() == [1, 2, 2, 2]
    assert levels(("Alpha", 1, 1), ("Beta", 1, 1)) == [1, 1, 1, 1]
    assert levels(("Handbook", 1, 1), ("Parts", 2, 1), ("Alpha", 3, 1), ("Beta", 3, 1)) == [1, 3, 3, 3]


def test_bookmarks_that_point_in_circles_end(parse) -> None:
    one, two = _pages()
    root = first_object(2)
    data = pdf(
        one,
        two,
        catalog=f"/Outlines {root} 0 R",
        objects=[
            f"<< /Type /Outlines /First {root + 1} 0 R >>",
            f"<< /Title (1 Scope) /Dest [5 0 R /Fit] /First {root + 1} 0 R /Next {root + 2} 0 R >>",
            f"<< /Title (2 Returns) /Dest [7 0 R /Fit] /First {root + 1} 0 R /Next {root + 1} 0 R >>",
        ],
    )
    parsed = parse(data, "circle.pdf")
    assert [text for kind, text in outline(parsed) if kind == "heading"] == ["1 Scope", "2 Returns"]


def test_comments_come_behind_the_text_of_their_page(parse) -> None:
    one = Page().text(72, 700, "The price was agreed on in spring and holds until the end of this")
    one.note("Text", BOX, "/Contents (Is this still true?) /T (Anna)")
    one.note("Highlight", (72, 690, 200, 710), "/Contents (See the contract.)")
    one.note("FreeText", (72, 600, 200, 620), "/Contents (Written on the page)")
    one.note("Link", BOX, "/Contents (A link says nothing)")
    two = Page().text(72, 700, "year, as both sides have signed.")
    parsed = parse(pdf(one, two), "notes.pdf")
    assert outline(parsed) == [
        (
            "paragraph",
            "The price was agreed on in spring and holds until the end of this year, as both sides have signed.",
        ),
        ("quote", "Comment: See the contract."),
        ("quote", "Comment by Anna: Is this still true?"),
        ("quote", "Written on the page"),
    ]
    comment = find(parsed, "Anna").locator
    assert comment.page == 1
    assert comment.boxes == ((300.0, 132.0, 400.0, 152.0),)


def test_a_hidden_comment_is_kept_apart(parse) -> None:
    page = Page().text(72, 700, "A page.").note("Text", BOX, "/Contents (Nobody sees me) /F 2")
    parsed = parse(pdf(page), "notes.pdf")
    assert parsed.text == "A page."
    assert [(each.reason, each.text) for each in parsed.hidden] == [
        ("a hidden note or field", "Comment: Nobody sees me")
    ]


def _form() -> bytes:
    free = first_object(1)
    states = f"/AP << /N << /On {free + 7} 0 R /Off {free + 7} 0 R >> >>"
    fields = [
        "/FT /Tx /T (name_1) /TU (Full name) /V (Ada Lovelace) /Rect [100 690 300 705]",
        "/FT /Tx /T (city) /V (London) /Rect [100 660 300 675]",
        "/FT /Tx /T (empty) /Rect [100 630 300 645]",
        "/FT /Tx /T (secret) /Ff 8192 /V (hunter2) /Rect [100 600 300 615]",
        "/FT /Ch /Ff 131072 /T (Country) /Opt [(UK) (FR)] /V (FR) /Rect [100 570 300 585]",
        f"/FT /Btn /T (Newsletter) /V /On /AS /On {states} /Rect [100 540 110 550]",
        f"/FT /Btn /T (Adverts) /V /Off /AS /Off {states} /Rect [100 510 110 520]",
    ]
    page = Page().text(72, 760, "Registration of visitors")
    numbers = [f"{free + number} 0 R" for number in range(len(fields))]
    page.notes = list(numbers)
    return pdf(
        page,
        catalog=f"/AcroForm << /Fields [{' '.join(numbers)}] >>",
        objects=[
            *(f"<< /Type /Annot /Subtype /Widget {entry} >>" for entry in fields),
            "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 >>\nstream\n\nendstream",
        ],
    )


def test_values_of_form_fields_are_read_with_their_names(parse) -> None:
    parsed = parse(_form(), "form.pdf")
    assert outline(parsed) == [
        ("paragraph", "Registration of visitors"),
        ("field", "Full name: Ada Lovelace"),
        ("field", "city: London"),
        ("field", "Country: FR"),
        ("field", "Newsletter: yes"),
    ]
    assert "hunter2" not in parsed.text
    place = find(parsed, "Ada").locator
    assert place.page == 1
    assert place.boxes[0] == pytest.approx((100, 842 - 705, 300, 842 - 690), abs=0.2)


def test_attached_files_are_noted(parse) -> None:
    free = first_object(1)
    data = pdf(
        Page().text(72, 700, "See the attachment."),
        catalog=f"/Names << /EmbeddedFiles << /Names [(a.txt) {free} 0 R] >> >>",
        objects=[
            f"<< /Type /Filespec /F (a.txt) /EF << /F {free + 1} 0 R >> >>",
            "<< /Type /EmbeddedFile /Length 2 >>\nstream\nhi\nendstream",
        ],
    )
    assert parse(data, "attached.pdf").notes == ("Files attached to this one: 1. They are not read.",)
