"""OpenDocument texts, presentations and spreadsheets, written by hand."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.parsing.conftest import find, outline

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = ("office", "text", "table", "style", "presentation", "number", "chart", "meta")
_OTHERS = {"draw": "drawing", "fo": "xsl-fo-compatible", "svg": "svg-compatible"}
_SPACES = " ".join(
    [f'xmlns:{prefix}="{_OASIS}{name}:1.0"' for prefix, name in ({name: name for name in _NAMES} | _OTHERS).items()]
    + ['xmlns:dc="http://purl.org/dc/elements/1.1/"', 'xmlns:xlink="http://www.w3.org/1999/xlink"']
)
_META = (
    "<office:meta><dc:title>House rules</dc:title><dc:creator>Anna</dc:creator><dc:date>2024-03-05</dc:date>"
    "</office:meta>"
)


def _content(body: str, kind: str, styles: str = "") -> str:
    return (
        f"<office:document-content {_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )


def _package(content: str, kind: str, **parts: str) -> bytes:
    """An OpenDocument file. parts: further parts, ``__`` for ``/`` and ``_`` for ``.`` in their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", f"<office:document-meta {_SPACES}>{_META}</office:document-meta>")
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), part)
    return buffer.getvalue()


def _text(body: str, styles: str = "", **parts: str) -> bytes:
    return _package(_content(body, "text", styles), "text", **parts)


def test_headings_paragraphs_and_the_description(parse) -> None:
    parsed = parse(
        _text(
            '<text:h text:outline-level="1">Pets</text:h><text:p>Dogs<text:s text:c="2"/>are<text:tab/>'
            "<text:span>very</text:span>\n  welcome<text:line-break/>here.</text:p>"
            '<text:section><text:h text:outline-level="2">Cats</text:h><text:p>Cats too.</text:p></text:section>'
        ),
        "rules.odt",
    )
    assert (parsed.title, parsed.modified_at, parsed.metadata) == ("House rules", "2024-03-05", {"author": "Anna"})
    assert outline(parsed) == [
        ("heading", "Pets"), ("paragraph", "Dogs are very welcome\nhere."), ("heading", "Cats"),
        ("paragraph", "Cats too."),
    ]  # fmt: skip
    assert find(parsed, "Cats too").heading_path == ("Pets", "Cats")
    assert find(parsed, "Cats too").locator.part == "paragraph 4"


_LIST_STYLE = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")" '
    'text:display-levels="2"/></text:list-style><text:list-style style:name="B"><text:list-level-style-bullet '
    'text:level="1" text:bullet-char="-"/></text:list-style>'
)


def _item(text: str, inner: str = "") -> str:
    return f"<text:list-item><text:p>{text}</text:p>{inner}</text:list-item>"


def test_lists_with_their_numbers(parse) -> None:
    inner = f"<text:list>{_item('c')}{_item('d')}</text:list>"
    parsed = parse(
        _text(
            f'<text:list text:style-name="L">{_item("a")}{_item("b", inner)}</text:list>'
            f'<text:list text:style-name="B">{_item("bullet")}</text:list>'
            f'<text:list text:style-name="L" text:continue-numbering="true">{_item("e")}</text:list>'
            f'<text:list text:style-name="L">{_item("f")}</text:list>',
            _LIST_STYLE,
        ),
        "lists.odt",
    )
    assert [text for _, text in outline(parsed)] == ["1. a", "2. b", "2.a) c", "2.b) d", "bullet", "3. e", "1. f"]
    assert [block.level for block in parsed.blocks] == [1, 1, 2, 2, 1, 1, 1]


def _columns(count: int) -> str:
    return f'table:number-columns-repeated="{count}"'


def _rows(count: int) -> str:
    return f'table:number-rows-repeated="{count}"'


def _spanned(count: int) -> str:
    return f'table:number-columns-spanned="{count}"'


def _cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_tables_with_merged_and_repeated_cells(parse) -> None:
    rows = (
        f"<table:table-header-rows><table:table-row>{_cell('Wide', _spanned(2))}"
        f"<table:covered-table-cell/>{_cell('Last')}</table:table-row></table:table-header-rows>"
        f"<table:table-row>{_cell('x', _columns(2))}{_cell('y')}</table:table-row>"
        f"<table:table-row>{_cell('z')}{_cell('', _columns(1000000000))}</table:table-row>"
    )
    parsed = parse(_text(f"<text:p>Before</text:p><table:table>{rows}</table:table>"), "table.odt")
    assert outline(parsed) == [
        ("paragraph", "Before"), ("table_header", "Wide | | Last"), ("table_row", "x | x | y"), ("table_row", "z"),
    ]  # fmt: skip
    cell = find(parsed, "Last").cells[1].locator
    assert (cell.part, cell.cells) == ("table 1", "C1")


def test_notes_comments_and_page_headers(parse) -> None:
    body = (
        '<text:p>Rooms<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>Without breakfast.</text:p></text:note-body></text:note> cost 100<office:annotation><dc:creator>Rita"
        "</dc:creator><text:p>Since when?</text:p></office:annotation>.</text:p><text:p><draw:frame><draw:text-box>"
        "<text:p>Boxed words</text:p></draw:text-box></draw:frame>Anchored here.</text:p>"
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted words</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
    )
    page = "<style:master-page><style:header><text:p>Company letter</text:p></style:header></style:master-page>"
    masters = f"<office:master-styles>{page}{page}</office:master-styles>"
    styles = f"<office:document-styles {_SPACES}>{masters}</office:document-styles>"
    parsed = parse(_text(body, styles_xml=styles), "notes.odt")
    assert [(text, block.locator.part) for (_, text), block in zip(outline(parsed), parsed.blocks, strict=True)] == [
        ("Rooms cost 100.", "paragraph 1"),
        ("Anchored here.", "paragraph 2"),
        ("Boxed words", "paragraph 3"),
        ("Footnotes", "footnotes"),
        ("Without breakfast.", "footnote 1"),
        ("Since when?", "comment by Rita"),
        ("Company letter", "page header"),
    ]


def test_what_a_text_does_not_show_is_kept_apart(parse) -> None:
    def style(name: str, properties: str) -> str:
        inner = f"<style:text-properties {properties}/>"
        return f'<style:style style:name="{name}" style:family="text">{inner}</style:style>'

    styles = (
        style("H", 'text:display="none"')
        + style("T", 'fo:font-size="1pt"')
        + style("W", 'fo:color="#ffffff"')
        + style("L", 'fo:color="#ffffff" fo:background-color="#000000"')
    )
    body = (
        '<text:p>Seen <text:span text:style-name="H">hidden</text:span><text:span text:style-name="T">tiny</text:span>'
        '<text:span text:style-name="W">white</text:span><text:span text:style-name="L">lit</text:span></text:p>'
        "<text:p><text:hidden-paragraph/>whole paragraph</text:p>"
        '<text:section text:display="none"><text:p>whole section</text:p></text:section>'
        '<text:p>End<text:hidden-text text:string-value=" of field"/></text:p>'
    )
    parsed = parse(_text(body, styles), "hidden.odt")
    assert [text for _, text in outline(parsed)] == ["Seen lit", "End"]
    assert {(each.text, each.reason) for each in parsed.hidden} == {
        ("hidden", "hidden text"), ("tiny", "too small to read"), ("white", "white on white"),
        ("whole paragraph", "hidden paragraph"), ("whole section", "hidden section"), ("of field", "hidden text"),
    }  # fmt: skip


def test_charts_and_formulas_inside_a_text(parse) -> None:
    def row(*texts: str) -> str:
        return f"<table:table-row>{''.join(map(_cell, texts))}</table:table-row>"

    chart = _content(
        "<chart:chart><chart:title><text:p>Birds seen</text:p></chart:title><table:table>"
        f"{row('', 'Ducks')}{row('2023', '120')}</table:table></chart:chart>",
        "chart",
    )
    formula = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>E</mi><mo>=</mo><mi>m</mi></math>'
    body = "".join(
        f'<text:p><draw:frame><draw:object xlink:href="{place}"/></draw:frame></text:p>'
        for place in ("./Object 1", "./Object 2", "http://example.org/x", "../content")
    )
    parsed = parse(
        _text(body, **{"Object 1__content_xml": chart, "Object 2__content_xml": formula}), "objects.odt"
    )  # fmt: skip
    assert outline(parsed) == [
        ("caption", "Birds seen"), ("table_row", "| Ducks"), ("table_row", "2023 | 120"), ("paragraph", "E = m"),
    ]  # fmt: skip
    assert find(parsed, "120").locator.part == "chart 1"


def _presentation(*pages: str, styles: str = "") -> bytes:
    return _package(_content("".join(pages), "presentation", styles), "presentation")


def _frame(text: str, kind: str = "", left: int = 0, top: int = 0) -> str:
    shown = f'presentation:class="{kind}" ' if kind else ""
    place = f'svg:x="{left}cm" svg:y="{top}cm"'
    return f"<draw:frame {shown}{place}><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"


def test_slides_with_their_notes(parse) -> None:
    first = _frame("below", top=9) + _frame("right", left=9, top=2) + _frame("left", top=2)
    first += _frame("Plan", "title", 0, 5) + _frame("beyond", left=80)
    notes = f"<presentation:notes>{_frame('Say hello', 'notes')}{_frame('7', 'page-number')}</presentation:notes>"
    size = '<style:page-layout-properties fo:page-width="28cm" fo:page-height="21cm"/>'
    concealed = (
        f'<style:page-layout>{size}</style:page-layout><style:style style:name="D" style:family="drawing-page">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    parsed = parse(
        _presentation(
            f"<draw:page>{first}{notes}</draw:page>",
            f'<draw:page draw:style-name="D">{_frame("Never shown", "title")}</draw:page>',
            f"<draw:page>{_frame('Last', 'title')}</draw:page>",
            styles=concealed,
        ),
        "deck.odp",
    )
    pairs = zip(outline(parsed), parsed.blocks, strict=True)
    assert [(kind, text, str(block.locator)) for (kind, text), block in pairs] == [
        ("heading", "Plan", "slide 1"),
        ("paragraph", "left", "slide 1"),
        ("paragraph", "right", "slide 1"),
        ("paragraph", "below", "slide 1"),
        ("paragraph", "Say hello", "notes, slide 1"),
        ("heading", "Last", "slide 3"),
    ]
    assert [(each.text, each.reason, each.locator.slide) for each in parsed.hidden] == [
        ("beyond", "off the slide", 1), ("Never shown", "hidden slide", 2),
    ]  # fmt: skip


def _spreadsheet(*tables: str, styles: str = "") -> bytes:
    return _package(_content("".join(tables), "spreadsheet", styles), "spreadsheet")


def _row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_sheets_with_their_cells(parse) -> None:
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    day = 'office:value-type="date" office:date-value="2024-01-31"'
    table = (
        f'<table:table table:name="Prices">{_row(empty, attributes=_rows(2))}'
        f"{_row('<table:table-cell/>', _cell('Article'), _cell('Since'), _cell('Share'), empty)}"
        f"{_row('<table:table-cell/>', _cell('Lamp'), _cell('31.01.24', day), _cell('12.5 %'))}"
        f"{_row('<table:table-cell/>', _cell('Desk'), _cell('x', _columns(2)))}"
        f"{_row(empty, attributes=_rows(1048000))}"
        f"{_row(_cell('far away'))}</table:table>"
    )
    parsed = parse(_spreadsheet(table), "prices.ods")
    assert outline(parsed) == [
        ("heading", "Prices"),
        ("table_header", "Article | Since | Share"),
        ("table_row", "Lamp | 2024-01-31 | 12.5 %"),
        ("table_row", "Desk | x | x"),
        ("paragraph", "far away"),
    ]
    row = find(parsed, "Lamp")
    assert (row.locator.sheet, row.locator.cells) == ("Prices", "B4:D4")
    assert [cell.locator.cells for cell in row.cells] == ["B4", "C4", "D4"]
    assert find(parsed, "far away").locator.cells == "A1048006"


def test_hidden_rows_columns_and_sheets(parse) -> None:
    rows = "".join(
        _row(*(_cell(f"r{row}c{column}") for column in range(3)), attributes=shown)
        for row, shown in enumerate(("", "", 'table:visibility="collapse"', 'table:visibility="filter"'))
    )
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>'
    style = (
        '<style:style style:name="S" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    parsed = parse(
        _spreadsheet(
            f'<table:table table:name="Shown">{columns}{rows}</table:table>',
            f'<table:table table:name="Secret" table:style-name="S">{_row(_cell("hidden words"))}</table:table>',
            styles=style,
        ),
        "hidden.ods",
    )
    assert [text for _, text in outline(parsed)] == ["Shown", "r0c0 | r0c2", "r1c0 | r1c2", "r3c0 | r3c2"]
    found = {(each.text, each.reason, str(each.locator)) for each in parsed.hidden}
    assert {
        ("r1c1", "hidden column", "sheet Shown, B2"), ("r2c0 | r2c1 | r2c2", "hidden row", "sheet Shown, A3:C3"),
        ("hidden words", "hidden sheet", "sheet Secret, A1"),
    } <= found  # fmt: skip
    assert any("filter" in note for note in parsed.notes)


def test_flat_files_and_templates(parse) -> None:
    content = _content("<text:p>Flat words</text:p>", "text").replace("document-content", "document")
    assert parse('<?xml version="1.0"?>' + content, "flat.fodt").text == "Flat words"
    template = _package(_content("<text:p>Form words</text:p>", "text"), "text-template")
    assert parse(template, "form.ott").text == "Form words"


def test_passwords_of_open_documents(refused) -> None:
    manifest = '<manifest:manifest xmlns:manifest="urn:x"><manifest:encryption-data/></manifest:manifest>'
    assert refused(_text("<text:p>x</text:p>", **{"META-INF__manifest_xml": manifest}), "a.odt").reason == "encrypted"
    whole = _package("", "text", **{"encrypted-package": "x"})
    assert refused(whole, "a.odt").reason == "encrypted"


def test_macros_of_an_open_document_are_named(parse) -> None:
    parsed = parse(_text("<text:p>Words</text:p>", **{"Basic__Standard__Module1_xml": "<x/>"}), "macros.odt")
    assert parsed.text == "Words"
    assert any("macros" in note for note in parsed.notes)


def test_hostile_open_documents(refused, parse) -> None:
    entity = '<!DOCTYPE x [<!ENTITY a "b">]>' + _content("<text:p>&a;</text:p>", "text")
    assert refused(_package(entity, "text"), "entity.odt").reason == "corrupt"
    assert refused(entity, "entity.fodt").reason == "corrupt"
    plain = '<!DOCTYPE x PUBLIC "-//OpenOffice.org//DTD" "office.dtd">' + _content("<text:p>Words</text:p>", "text")
    assert parse(_package(plain, "text"), "old.odt").text == "Words"
    many = _row(_cell("x", _columns(16000)), attributes=_rows(1000000))
    assert refused(_spreadsheet(f'<table:table table:name="x">{many}</table:table>'), "many.ods").reason == "too_large"
    deep = "<text:section>" * 5_000 + "<text:p>x</text:p>" + "</text:section>" * 5_000
    assert refused(_text(deep), "deep.odt").reason in {"corrupt", "too_large"}
    rows = f"<table:table>{_row(_cell('x'), _cell('y'), attributes=_rows(2000000000))}</table:table>"
    assert len(parse(_text(rows), "rows.odt").text) < 100_000


@pytest.mark.parametrize(("kind", "name"), [("text", "a.odt"), ("spreadsheet", "a.ods"), ("presentation", "a.odp")])
def test_damaged_open_documents(refused, kind: str, name: str) -> None:
    whole = _package(_content("<text:p>x</text:p>", "chart"), kind)
    assert refused(whole, name).reason == "corrupt"  # the wrong body
    assert refused(_package("<a>", kind), name).reason == "corrupt"
    assert refused(whole[: len(whole) // 2], name).reason == "corrupt"
    assert refused(b"plain words", name).reason == "corrupt"
