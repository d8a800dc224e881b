"""Cells that span rows: every row can be understood alone, because the text stands in each row it covers."""

from __future__ import annotations

import io
import time

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches

from citewell.parsing.builder import MAX_AGAIN, MAX_AGAIN_IN_ALL
from tests.parsing.conftest import find, outline
from tests.parsing.test_opendocument import _row, _spreadsheet, _text

HTML = """<table><tr><th rowspan="2">Year</th><th colspan="2">Sales</th></tr><tr><th>Month</th><th>Pieces</th></tr>
<tr><td rowspan="3">2023</td><td>January</td><td>134</td></tr><tr><td>February</td><td>141</td></tr>
<tr><td></td><td></td></tr><tr><td>2024</td><td>January</td><td>9</td></tr></table>"""
XML = """<report><table><tgroup cols="2"><tbody><row><entry morerows="1">2023</entry><entry>January 134</entry></row>
<row><entry>February 141</entry></row></tbody></tgroup></table><p>Words of a paragraph.</p></report>"""
ADOC = "|===\n|Year |Month\n\n.2+|2023 |January 134\n|February 141\n|2024 |May 7\n|===\n"
RTF = (
    r"{\rtf1\ansi \trowd\clvmgf\cellx900\cellx2000\pard\intbl 2023\cell January 134\cell\row"
    r"\trowd\clvmrg\cellx900\cellx2000\pard\intbl \cell February 141\cell\row\pard After.\par}"
)
RST = """+------+--------------+
| 2023 | January 134  |
|      +--------------+
|      | February 141 |
+------+--------------+
"""


def _bytes(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _word() -> bytes:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "2023"
    table.cell(0, 1).text, table.cell(1, 1).text = "January 134", "February 141"
    return _bytes(document)


def _slides() -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(6), Inches(2)).table
    table.cell(0, 0).merge(table.cell(1, 0))
    for row, column, words in ((0, 0, "2023"), (0, 1, "January 134"), (1, 1, "February 141")):
        table.cell(row, column).text = words
    return _bytes(deck)


def _workbook(*merged: str, hide: int = 0) -> bytes:
    book = openpyxl.Workbook()
    for row in (("Year", "Month", "Pieces"), (2023, "January", 134), (None, "February", 141), (2024, "May", 7)):
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    if hide:
        book.active.row_dimensions[hide].hidden = True
    return _bytes(book)


_BELOW = "<table:table-row><table:covered-table-cell/>{}</table:table-row>"
_YEAR = '<table:table-cell table:number-rows-spanned="2"><text:p>2023</text:p></table:table-cell>'


def _cell(words: str) -> str:
    return f"<table:table-cell><text:p>{words}</text:p></table:table-cell>"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (HTML, "sales.html"),
        (XML, "sales.xml"),
        (ADOC, "sales.adoc"),
        (RST, "sales.rst"),
        (RTF, "sales.rtf"),
        (_word(), "sales.docx"),
        (_slides(), "sales.pptx"),
        (_workbook("A2:A3"), "sales.xlsx"),
        (_text(f"<table:table>{_row(_YEAR, _cell('January 134'))}{_BELOW.format(_cell('February 141'))}</table:table>"),
         "sales.odt"),
        (_spreadsheet(f'<table:table table:name="S">{_row(_YEAR, _cell("January"), _cell("134"))}'
                      f"{_BELOW.format(_cell('February') + _cell('141'))}</table:table>"), "sales.ods"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[-6:] else "",
)  # fmt: skip
def test_the_row_below_a_spanning_cell_says_its_year(parse, data, name: str) -> None:
    parsed = parse(data, name)
    assert parsed.text.count("2023") == 2
    below = find(parsed, "February")
    first = find(parsed, "January")
    assert parsed.text[slice(*below.span)].startswith("2023 | February")
    assert below.cells[0].locator == first.cells[0].locator  # where the merged cell stands
    assert below.cells[1].locator != first.cells[1].locator or name.endswith((".html", ".rst"))


def test_headers_over_headers_and_rows_of_nothing_else(parse) -> None:
    assert [text for _, text in outline(parse(HTML, "sales.html"))] == [
        "Year | Sales", "Year | Month | Pieces", "2023 | January | 134", "2023 | February | 141", "2024 | January | 9",
    ]  # fmt: skip
    assert find(parse(HTML, "sales.html"), "February").header == "Year | Month | Pieces"


def test_no_cell_reaches_out_of_its_part_of_the_table(parse) -> None:
    page = (
        "<table><thead><tr><th rowspan=3>Name</th><th>Price</th></tr></thead>"
        "<tbody><tr><td rowspan=0>lamp</td><td>12</td></tr><tr><td>13</td></tr></tbody>"
        "<tbody><tr><td>bulb</td><td>2</td></tr></tbody></table>"
    )
    assert [text for _, text in outline(parse(page, "p.html"))] == [
        "Name | Price",
        "lamp | 12",
        "lamp | 13",
        "bulb | 2",
    ]


def test_a_paragraph_beside_many_rows_is_written_once(parse) -> None:
    long = "word " * (MAX_AGAIN // 5 + 1)
    page = f"<table><tr><td rowspan=3>{long}</td><td>1</td><td>2</td></tr>" + "<tr><td>3</td><td>4</td></tr>" * 2
    parsed = parse(f"{page}</table>", "long.html")
    assert parsed.text.count("word word") == long.count("word word")
    assert parsed.text.count("| 3 | 4") == 2


def test_few_bytes_do_not_become_many(parse) -> None:
    label = "x" * MAX_AGAIN
    head = "".join(f"<td rowspan=1000>{label}</td>" for _ in range(200))
    page = f"<table><tr>{head}<td>0</td></tr>" + "<tr><td>1</td></tr>" * 999 + "</table>"
    started = time.monotonic()
    parsed = parse(page, "many.html")
    assert time.monotonic() - started < 10
    assert len(parsed.text) < MAX_AGAIN_IN_ALL + 1_000_000
    assert sum(block.kind == "table_row" for block in parsed.blocks) > 990


def test_merged_cells_of_a_workbook(parse) -> None:
    parsed = parse(_workbook("A2:A3", "B4:C4"), "merged.xlsx")
    assert [text for kind, text in outline(parsed) if kind != "heading"] == [
        "Year | Month | Pieces", "2023 | January | 134", "2023 | February | 141", "2024 | May",
    ]  # fmt: skip
    assert [cell.locator.cells for cell in find(parsed, "February").cells] == ["A2", "B3", "C3"]
    hidden = parse(_workbook("A2:A3", hide=2), "hidden.xlsx")
    assert "2023" not in hidden.text
    assert any("2023" in each.text for each in hidden.hidden)
