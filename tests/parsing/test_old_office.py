"""Word, PowerPoint and Excel files of before 2007, written byte by byte."""

from __future__ import annotations

import io
import struct

import olefile
import pytest

from tests.parsing.conftest import find, outline
from tests.parsing.tiny_office import (
    HEADING_1,
    LIST_BULLET,
    OWN_HEADING,
    TITLE,
    Sheet,
    Slide,
    Words,
    binary_workbook,
    presentation,
    sprm,
    word_file,
    workbook,
)
from tests.parsing.tiny_ole import compound_file

_VANISH, _DELETED, _SIZE, _COLOUR = 0x083C, 0x0800, 0x4A43, 0x6870
_IN_TABLE, _ROW_END, _OUTLINE = sprm(0x2416, 1), sprm(0x2417, 1), 0x2640


def test_paragraphs_by_their_style(parse) -> None:
    parsed = parse(
        word_file(
            [
                Words("House rules\r", TITLE),
                Words("Pets\r", HEADING_1),
                Words("Dogs 😀 are welcome — Ελληνικά.\r"),
                Words("Own style\r", OWN_HEADING),
                Words("a bullet\r", LIST_BULLET),
                Words("outlined\r", properties=sprm(_OUTLINE, 1)),
            ]
        ),
        "rules.doc",
    )
    assert parsed.title == "House rules"
    assert outline(parsed) == [
        ("title", "House rules"),
        ("heading", "Pets"),
        ("paragraph", "Dogs 😀 are welcome — Ελληνικά."),
        ("heading", "Own style"),
        ("list_item", "a bullet"),
        ("heading", "outlined"),
    ]
    assert find(parsed, "Dogs").locator.part == "paragraph 3"
    assert find(parsed, "outlined").level == 2


def test_pieces_of_one_byte_characters(parse) -> None:
    assert parse(word_file([Words("café – “quoted”\r")], compressed=True), "a.doc").text == "café – “quoted”"


def test_hidden_and_deleted_characters_of_a_doc(parse) -> None:
    text = "Seen hidden deleted tiny white end\r"

    def run(word: str, properties: bytes) -> tuple[int, int, bytes]:
        return text.index(word), text.index(word) + len(word), properties

    runs = (
        run("hidden ", sprm(_VANISH, 1)), run("deleted ", sprm(_DELETED, 1)), run("tiny ", sprm(_SIZE, 2, 2)),
        run("white ", sprm(_COLOUR, 0xFFFFFF, 4)),
    )  # fmt: skip
    parsed = parse(word_file([Words("First\r"), Words(text, runs=runs), Words("Last\r")]), "hidden.doc")
    assert parsed.text == "First\n\nSeen end\n\nLast"
    assert [(each.text, each.reason) for each in parsed.hidden] == [
        ("hidden", "hidden text"), ("tiny", "too small to read"), ("white", "white on white"),
    ]  # fmt: skip


def test_tables_fields_and_footnotes_of_a_doc(parse) -> None:
    cells = [Words(f"{text}\x07", properties=_IN_TABLE) for text in ("City", "Limit")]
    row_end = Words("\x07", properties=_IN_TABLE + _ROW_END)
    second = [Words("Bonn\r", properties=_IN_TABLE), Words("am Rhein\x07", properties=_IN_TABLE), cells[1], row_end]
    link = "See \x13 HYPERLINK x \x14the list\x15 below\x02.\r"
    parsed = parse(
        word_file([Words(link), *cells, row_end, *second, Words("After\r")], notes="\x02 Without breakfast.\r"), "t.doc"
    )
    assert outline(parsed) == [
        ("paragraph", "See the list below."),
        ("table_header", "City | Limit"),
        ("table_row", "Bonn am Rhein | Limit"),
        ("paragraph", "After"),
        ("heading", "Footnotes"),
        ("list_item", "Without breakfast."),
    ]
    cell = find(parsed, "Bonn").cells[1].locator
    assert (cell.part, cell.cells) == ("table 1", "B2")
    assert parsed.blocks[-1].locator.part == "footnote 1"


def test_a_doc_of_word_95_reads_as_paragraphs(parse) -> None:
    data = word_file([Words("Old words\r"), Words("café\r")], compressed=True, version=104)
    assert outline(parse(data, "95.doc")) == [("paragraph", "Old words"), ("paragraph", "café")]


def test_slides_of_a_ppt(parse) -> None:
    parsed = parse(
        presentation(
            [
                Slide("First — title", (("below", 2000, 100), ("right", 1010, 3000), ("left", 1000, 100)), "Say hello"),
                Slide("Never shown", (("inside", 1000, 100),), hidden=True),
                Slide("Third", (("beyond", 1000, 9000),), table=(("City", "Limit"), ("Bonn", "100"))),
            ]
        ),
        "deck.ppt",
    )
    assert [
        (kind, text, str(block.locator)) for (kind, text), block in zip(outline(parsed), parsed.blocks, strict=True)
    ] == [
        ("heading", "First — title", "slide 1"),
        ("paragraph", "left", "slide 1"),
        ("paragraph", "right", "slide 1"),
        ("paragraph", "below", "slide 1"),
        ("paragraph", "Say hello", "notes, slide 1"),
        ("heading", "Third", "slide 3"),
        ("table_header", "City | Limit", "table 1, slide 3, A1:B1"),
        ("table_row", "Bonn | 100", "table 1, slide 3, A2:B2"),
    ]
    assert {(each.text, each.reason, each.locator.slide) for each in parsed.hidden} == {
        ("Never shown", "hidden slide", 2), ("inside", "hidden slide", 2), ("beyond", "off the slide", 3),
    }  # fmt: skip


def test_sheets_of_an_xls(parse) -> None:
    cells = tuple(
        (row + 1, column + 1, value)
        for row, values in enumerate((("Article", "Since", "Price"), ("Lamp", 45322.0, 12.5), ("Desk", 45323.5, 240.0)))
        for column, value in enumerate(values)
    )
    parsed = parse(workbook([Sheet("Prices", cells, dates=((2, 2), (3, 2)))]), "prices.xls")
    assert outline(parsed) == [
        ("heading", "Prices"),
        ("table_header", "Article | Since | Price"),
        ("table_row", "Lamp | 2024-01-31 | 12.5"),
        ("table_row", "Desk | 2024-02-01 12:00:00 | 240"),
    ]
    row = find(parsed, "Lamp")
    assert (row.locator.sheet, row.locator.cells) == ("Prices", "B3:D3")
    assert [cell.locator.cells for cell in row.cells] == ["B3", "C3", "D3"]


def test_sheets_of_an_xlsb(parse) -> None:
    rows = (("Town", "Size"), ("Bonn", 3.5), ("Graz", 4.0))
    parsed = parse(binary_workbook("Towns", rows), "towns.xlsb")
    assert outline(parsed) == [
        ("heading", "Towns"), ("table_header", "Town | Size"), ("table_row", "Bonn | 3.5"), ("table_row", "Graz | 4"),
    ]  # fmt: skip
    assert str(find(parsed, "Graz").locator) == "sheet Towns, A3:B3"


def test_hidden_parts_of_an_xls(parse) -> None:
    cells = tuple((row, column, f"r{row}c{column}") for row in range(4) for column in range(3))
    parsed = parse(
        workbook(
            [
                Sheet("Shown", cells, hidden_rows=(2,), hidden_columns=(1,)),
                Sheet("Secret", ((0, 0, "hidden words"),), hidden=True),
            ]
        ),
        "hidden.xls",
    )
    assert [text for _, text in outline(parsed)] == ["Shown", "r0c0 | r0c2", "r1c0 | r1c2", "r3c0 | r3c2"]
    found = {(each.text, each.reason, str(each.locator)) for each in parsed.hidden}
    assert {
        ("r1c1", "hidden column", "sheet Shown, B2"), ("r2c0 | r2c1 | r2c2", "hidden row", "sheet Shown, A3:C3"),
        ("hidden words", "hidden sheet", "sheet Secret, A1"),
    } <= found  # fmt: skip


def test_passwords_are_said(refused) -> None:
    assert refused(word_file([Words("x\r")], flags=0x0300), "a.doc").reason == "encrypted"
    assert refused(presentation([Slide("x")], token=0xF3D1C4DF), "a.ppt").reason == "encrypted"
    assert refused(workbook([Sheet("x", ((0, 0, "y"),))], password=True), "a.xls").reason == "encrypted"
    assert refused(compound_file({"EncryptedPackage": b"x" * 5000}), "a.docx").reason == "encrypted"


def test_what_a_file_is_embedded_in_decides(parse) -> None:
    """An Excel sheet inside a Word document does not make it a workbook."""
    cells = workbook([Sheet("x", ((0, 0, "inner"),))])
    assert parse(word_file([Words("Words\r")]), "a.xls").text == "Words"  # by its streams, not its name
    assert b"W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00" in cells
    document = compound_file({"ObjectPool/_1/WordDocument": b"x" * 100, "Workbook": _stream(cells)})
    assert parse(document, "a.doc").text == "x\n\ninner"


def _stream(data: bytes) -> bytes:
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        return bytes(file.openstream("Workbook").read())


@pytest.mark.parametrize("name", ["a.doc", "a.ppt", "a.xls"])
def test_damaged_old_files(refused, name: str) -> None:
    whole = {
        "a.doc": word_file([Words("Some words\r")]), "a.ppt": presentation([Slide("Title")]),
        "a.xls": workbook([Sheet("x", ((0, 0, "y"),))]),
    }[name]  # fmt: skip
    for data in (whole[:600], whole[: len(whole) // 2], whole[:512] + b"\xff" * (len(whole) - 512)):
        assert refused(data, name).reason in {"corrupt", "unsupported", "no_text"}
    assert refused(b"plain words", name).reason == "corrupt"
    streams = {"WordDocument": b"\xec\xa5" + b"\xff" * 5000, "1Table": b"\xff" * 500}
    assert refused(compound_file(streams), "a.doc").reason in {"corrupt", "encrypted"}


def test_the_summary_of_an_old_file(parse) -> None:
    values = (
        (1, struct.pack("<IHH", 2, 1252, 0)), (2, struct.pack("<II", 0x1E, 8) + b"Caf\xe9 X\0\0"),
        (4, struct.pack("<II", 0x1E, 4) + b"Ann\0"), (13, struct.pack("<IQ", 0x40, 133_540_128_000_000_000)),
        (99, struct.pack("<II", 0x1003, 0xFFFFFFFF)),
    )  # fmt: skip
    places, at = b"", 8 + 8 * len(values)
    for identity, value in values:
        places += struct.pack("<II", identity, at)
        at += len(value)
    body = struct.pack("<II", at, len(values)) + places + b"".join(value for _, value in values)
    with olefile.OleFileIO(io.BytesIO(word_file([Words("Words\r")]))) as file:
        streams = {path[0]: file.openstream(path).read() for path in file.listdir()}
    streams["\x05SummaryInformation"] = struct.pack("<44xI", 48) + body
    parsed = parse(compound_file(streams), "summary.doc")
    assert (parsed.title, parsed.metadata) == ("Café X", {"author": "Ann"})
    assert parsed.modified_at == "2024-03-04T08:00:00+00:00"


def test_html_saved_as_an_old_office_file(parse) -> None:
    page = "<html><body><table><tr><td>a</td><td>b</td></tr></table><p>Words</p></body></html>"
    assert "Words" in parse(page, "export.xls").text
