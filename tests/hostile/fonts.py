"""PDF files with fonts that lie about their characters, point at themselves or are very many."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import Case, case
from tests.hostile.papers import file, page, stream, words
from tests.hostile.seeds import WORDS
from tests.parsing.tiny_pdf import Page, pdf


def cases() -> Iterator[Case]:
    space = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange "
    maps = {
        "range-huge": space + b"1 beginbfrange <0000> <FFFFFFFF> <0041> endbfrange endcmap", "ranges-50000": space + b"100 beginbfrange " + b"<0041> <0042> <0043> " * 50_000 + b"endbfrange endcmap",
        "text-long": space + b"1 beginbfchar <41> <" + b"0041" * 50_000 + b"> endbfchar endcmap", "use-itself": b"/M usecmap begincmap endcmap", "no-end": space + b"1 beginbfchar <", "surrogates": space + b"1 beginbfchar <41> <D800> endbfchar endcmap", "tags": space + b"1 beginbfchar <41> <DB40DC41> endbfchar endcmap",
        "dense": space + b"1 beginbfrange <00> <FF> [" + b"<0041> " * 100_000 + b"] endbfrange endcmap",
    }  # fmt: skip
    for name, content in maps.items():
        font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
        yield case(
            "pdf",
            "cmap.pdf",
            name,
            lambda content=content, font=font: page(words("A" * 2000), font=font, more={6: stream(content)}),
        )
    fonts = {
        "widths-huge": b"<</Type/Font/Subtype/TrueType/BaseFont/X/FirstChar 0/LastChar 2147483647/Widths[1e30 -1e30 0]>>", "descendant-of-itself": b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[5 0 R]>>", "type3-of-itself": b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/CharProcs<</A 4 0 R>>/Encoding<</Differences[65/A]>>/FirstChar 65/LastChar 65/Widths[1]/Resources<</Font<</F 5 0 R>>>>>>",
        "file-rubbish": b"<</Type/Font/Subtype/TrueType/BaseFont/X/FontDescriptor<</Type/FontDescriptor/FontName/X/Flags 4/FontFile2 6 0 R>>>>", "differences-100000": b"<</Type/Font/Subtype/Type1/BaseFont/X/Encoding<</Differences[" + b"0/" + b"A/" * 100_000 + b"B]>>>>", "name-long": b"<</Type/Font/Subtype/Type1/BaseFont/" + b"X" * 200_000 + b">>", "none": b"null", "matrix": b"<</Type/Font/Subtype/Type3/FontBBox[0 0 0 0]/FontMatrix[0 0 0 0 0 0]/CharProcs<<>>/Encoding/X>>",
    }  # fmt: skip
    for name, font in fonts.items():
        yield case(
            "pdf",
            "font.pdf",
            name,
            lambda font=font: page(words(), font=font, more={6: stream(b"\x00\x01\x00\x00\xff\xff" * 5000)}),
        )
    yield case("pdf", "font.pdf", "fonts-5000", _many_fonts, 5000)
    for name, info in {
        "title-1-MB": "/Title (" + "t" * 1_000_000 + ")",
        "title-rubbish": "/Title (\\376\\377\\330\\000)",
        "date": "/ModDate (D:99999999999999Z) /CreationDate (x)",
        "title-of-itself": "/Title 1 0 R",
    }.items():
        yield case("pdf", "info.pdf", name, lambda info=info: pdf(Page().text(72, 700, WORDS), info=info))


def _many_fonts(count: int) -> bytes:
    fonts = b"".join(b"/F%d %d 0 R" % (number, 10 + number) for number in range(count))
    content = b"BT 1 0 0 1 72 700 Tm " + b"".join(b"/F%d 8 Tf (x) Tj " % number for number in range(count)) + b"ET"
    more = {10 + number: b"<</Type/Font/Subtype/Type1/BaseFont/Font%d>>" % number for number in range(count)}
    return file({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<<%b>>>>>>" % fonts, 4: stream(content), **more,
    })  # fmt: skip
