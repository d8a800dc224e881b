"""Rich text, written by hand as Word and LibreOffice write it."""

from __future__ import annotations

import pytest

from tests.parsing.conftest import find, outline

_HEAD = (
    r"{\rtf1\ansi\ansicpg1252\uc1\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset204 Arial Cyr;}"
    r"{\f2\fnil\fcharset128 Mincho;}}{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}"
    r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 Title;}}"
)


def _rtf(body: str) -> bytes:
    return (_HEAD + body + "}").encode("latin-1")


def test_paragraphs_headings_and_the_description(parse) -> None:
    parsed = parse(
        _rtf(
            r"{\info{\title House rules}{\author Anna}{\creatim\yr2023\mo1\dy2}{\revtim\yr2024\mo3\dy5\hr10\min7}}"
            r"\pard\s1 Pets\par\pard\plain Dogs are {\b welcome}.\par Cats\line too.\par"
        ),
        "rules.rtf",
    )
    assert (parsed.title, parsed.modified_at, parsed.metadata) == (
        "House rules", "2024-03-05T10:07:00", {"author": "Anna"},
    )  # fmt: skip
    assert outline(parsed) == [
        ("heading", "Pets"), ("paragraph", "Dogs are welcome."), ("paragraph", "Cats\ntoo."),
    ]  # fmt: skip
    assert find(parsed, "Cats").locator.part == "paragraph 3"
    assert find(parsed, "Cats").heading_path == ("Pets",)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"caf\'e9 \u8364? \ldblquote ok\rdblquote", "café € “ok”"),
        (r"{\f1 \'cc\'ee\'f1\'ea\'e2\'e0}", "Москва"),
        (r"{\f2 \'93\'fa\'96\'7b}", "日本"),
        (r"\u-10179?\u-8704?", "\U0001f600"),
        (r"{\uc2 \u8211\'96\'96}x", "–x"),
        (r"{\uc0 \u8211}x", "–x"),
        (r"{\upr{ascii form}{\*\ud{unicode \u8211?}}}", "unicode –"),
        (r"one\~two \{braces\} back\\slash", "one two {braces} back\\slash"),
        ("line\r\n break", "line break"),
    ],
)
def test_characters(parse, written: str, shown: str) -> None:
    assert parse(_rtf(rf"\pard {written}\par"), "characters.rtf").text == shown


def test_tables_keep_rows_and_cells(parse) -> None:
    def row(*cells: str) -> str:
        return r"\trowd\cellx1000\cellx2000\pard\intbl " + "".join(rf"{cell}\cell " for cell in cells) + r"\row "

    parsed = parse(
        _rtf(
            r"Before\par"
            + row("City", "Limit")
            + row("Bonn", "100")
            + row(r"Graz\par an der Mur", "")
            + r"\pard After\par"
        ),
        "table.rtf",
    )
    assert outline(parsed) == [
        ("paragraph", "Before"),
        ("table_header", "City | Limit"),
        ("table_row", "Bonn | 100"),
        ("table_row", "Graz an der Mur"),
        ("paragraph", "After"),
    ]
    cell = find(parsed, "Bonn").cells[1].locator
    assert (cell.part, cell.cells) == ("table 1", "B2")


def test_lists_keep_the_numbers_word_wrote(parse) -> None:
    parsed = parse(
        _rtf(
            r"\pard{\listtext\f0 1.\tab}\ls1\ilvl0 first\par{\listtext\f0 2.\tab}second\par"
            r"\pard{\listtext\f0 \bullet\tab}\ls2\ilvl1 inner\par"
        ),
        "list.rtf",
    )
    assert outline(parsed) == [("list_item", "1. first"), ("list_item", "2. second"), ("list_item", "inner")]
    assert parsed.blocks[2].level == 2


def test_hidden_and_deleted_words(parse) -> None:
    parsed = parse(
        _rtf(
            r"\pard Seen {\v hidden words}{\deleted struck }{\fs2 tiny words}{\cf2 white words}{\cf2\highlight1 lit}"
            r"{\v\v0  again}\par"
        ),
        "hidden.rtf",
    )
    assert parsed.text == "Seen lit again"
    assert [(each.text, each.reason) for each in parsed.hidden] == [
        ("hidden words", "hidden text"), ("tiny words", "too small to read"), ("white words", "white on white"),
    ]  # fmt: skip


def test_notes_comments_boxes_and_page_headers(parse) -> None:
    parsed = parse(
        _rtf(
            r"{\header\pard Company letter\par}{\headerf\pard Company letter\par}"
            r"\pard Rooms{\super\chftn}{\footnote\pard\plain{\super\chftn} Without breakfast.} cost 100"
            r"{\*\atnid X}{\*\atnauthor Rita}\chatn{\*\annotation{\*\atnref 1}\pard Since when?\par}"
            r"{\shp{\*\shpinst\shpleft0{\sp{\sn fill}{\sv 1}}{\shptxt\pard Boxed words\par}}"
            r"{\shprslt{\pard old\par}}}.\par"
            r"{\field{\*\fldinst HYPERLINK target}{\fldrslt link words}}\par{\pict\wmetafile8 0102abcd}"
        ),
        "notes.rtf",
    )
    assert [(text, block.locator.part) for (_, text), block in zip(outline(parsed), parsed.blocks, strict=True)] == [
        ("Boxed words", "text box"),
        ("Rooms cost 100.", "paragraph 1"),
        ("link words", "paragraph 2"),
        ("Footnotes", "footnotes"),
        ("Without breakfast.", "footnote 1"),
        ("Since when?", "comment by Rita"),
        ("Company letter", "page header"),
    ]


def test_binary_data_is_jumped_over(parse) -> None:
    data = _HEAD.encode() + rb"\pard Before {\pict\bin9 }}}\par{{ } after\par}"
    assert parse(data, "binary.rtf").text == "Before after"


def test_a_word_file_that_is_rich_text(parse) -> None:
    assert parse(_rtf(r"\pard Words\par"), "really.doc").text == "Words"


def test_hostile_rich_text(refused, parse) -> None:
    assert refused(b"{\\rtf1" + b"{" * 100_000 + b"x", "deep.rtf").reason == "too_large"
    assert parse(_rtf(r"\pard kept\par\bin99999999 "), "bin.rtf").text == "kept"
    assert parse(_HEAD.encode() + b"\\pard open end {\\b bold}", "cut.rtf").text == "open end bold"
    assert parse(_rtf(r"\pard kept }}}}} also\par"), "closed.rtf").text == "kept also"
    assert refused(b"no rich text", "plain.rtf").reason == "corrupt"
    assert refused(_rtf(r"\pard\par"), "empty.rtf").reason == "no_text"
