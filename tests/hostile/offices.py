"""Office files and books whose parts nest, repeat or point at themselves."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import Case, case, zipped
from tests.hostile.seeds import (
    DRAWING,
    HEAD,
    MORE,
    WORD,
    WORDS,
    docx_parts,
    epub_parts,
    odf_parts,
    pptx_parts,
)


def cases() -> Iterator[Case]:
    nested = "<w:tbl><w:tr><w:tc>" * 200 + f"<w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p>" + "</w:tc></w:tr></w:tbl>" * 200
    boxes = (
        "<w:p><w:r><w:txbxContent>" * 150
        + f"<w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p>"
        + "</w:txbxContent></w:r></w:p>" * 150
    )
    row = (
        "<w:tr>"
        + '<w:tc><w:tcPr><w:gridSpan w:val="1000"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>' * 60
        + "</w:tr>"
    )
    bodies = {
        "tables-nested": nested, "boxes-nested": boxes, "spans": f"<w:tbl>{row * 60}</w:tbl>", "sdt-nested": "<w:sdt><w:sdtContent>" * 240 + "<w:p/>" + "</w:sdtContent></w:sdt>" * 240,
        "paragraphs": "<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 60_000, "runs": "<w:p>" + "<w:r><w:t>x </w:t></w:r>" * 60_000 + "</w:p>", "rows": "<w:tbl>" + "<w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>" * 10_000 + "</w:tbl>",
        "cells": "<w:tbl><w:tr>" + "<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>" * 20_000 + "</w:tr><w:tr><w:tc/></w:tr></w:tbl>",
        "boxes-many": "<w:p><w:r>" + f"<w:txbxContent><w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p></w:txbxContent>" * 5_000 + "</w:r></w:p>", "breaks": "<w:p><w:r>" + "<w:br/>" * 100_000 + f"<w:t>{WORDS}</w:t></w:r></w:p>",
    }  # fmt: skip
    for name, body in bodies.items():
        yield case("shape", "docx", name, lambda body=body: zipped(docx_parts(body)))
    yield case("shape", "docx", "depth-100000", lambda: zipped(docx_parts("<w:p>" * 100_000 + "</w:p>" * 100_000)))
    yield case("shape", "docx", "styles-based-on-themselves", _style_loop)
    yield case(
        "shape",
        "docx",
        "numbering",
        lambda: zipped(
            docx_parts(
                f'<w:p><w:pPr><w:numPr><w:ilvl w:val="99999"/><w:numId w:val="-1"/></w:numPr><w:outlineLvl w:val="99999"/></w:pPr><w:r><w:t>{WORDS}</w:t></w:r></w:p>'
            )
        ),
    )
    shape = f"<p:sp><p:txBody><a:p><a:r><a:t>{WORDS}</a:t></a:r></a:p></p:txBody></p:sp>"
    yield case(
        "shape", "pptx", "groups-nested", lambda: zipped(pptx_parts("<p:grpSp>" * 200 + shape + "</p:grpSp>" * 200))
    )
    yield case(
        "shape",
        "pptx",
        "groups-100000",
        lambda: zipped(pptx_parts("<p:grpSp>" * 100_000 + shape + "</p:grpSp>" * 100_000)),
    )
    yield case("shape", "pptx", "shapes", lambda: zipped(pptx_parts(shape * 20_000)))
    yield case(
        "shape",
        "pptx",
        "table",
        lambda: zipped(
            pptx_parts(
                f'<p:graphicFrame><a:graphic><a:graphicData uri="{DRAWING}/table"><a:tbl>'
                + (
                    "<a:tr>"
                    + '<a:tc gridSpan="100000000" rowSpan="100000000"><a:txBody><a:p><a:r><a:t>x</a:t></a:r></a:p></a:txBody></a:tc>'
                    * 100
                    + "</a:tr>"
                )
                * 50
                + "</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
            )
        ),
    )
    yield case("shape", "pptx", "slides-same-part", _same_slide, 20_000)
    yield case(
        "shape",
        "odt",
        "lists-nested",
        lambda: zipped(
            odf_parts(
                "text",
                "<text:list><text:list-item>" * 200
                + f"<text:p>{WORDS}</text:p>"
                + "</text:list-item></text:list>" * 200,
            )
        ),
    )
    yield case(
        "shape",
        "odt",
        "sections-100000",
        lambda: zipped(odf_parts("text", "<text:section>" * 100_000 + "</text:section>" * 100_000)),
    )
    yield case(
        "shape",
        "odt",
        "tables-nested",
        lambda: zipped(
            odf_parts(
                "text",
                "<table:table><table:table-row><table:table-cell>" * 80
                + f"<text:p>{WORDS}</text:p>"
                + "</table:table-cell></table:table-row></table:table>" * 80,
            )
        ),
    )
    yield case(
        "shape",
        "odt",
        "outline",
        lambda: zipped(
            odf_parts(
                "text",
                f'<text:h text:outline-level="{10**12}">{WORDS}</text:h><text:h text:outline-level="-3">{MORE}</text:h>',
            )
        ),
    )
    yield case("shape", "epub", "spine-same-chapter", _same_chapter, 20_000)
    yield case("shape", "epub", "chapter-deep", lambda: zipped(epub_parts("<html><body>" + "<div>" * 50_000 + WORDS)))
    yield case(
        "shape",
        "epub",
        "contents-loop",
        lambda: zipped(
            {
                **epub_parts(),
                "OEBPS/content.opf": str(epub_parts()["OEBPS/content.opf"]).replace("chapter1.xhtml", "content.opf"),
            }
        ),
    )


def _style_loop() -> bytes:
    parts = docx_parts()
    parts["word/styles.xml"] = (
        f'{HEAD}<w:styles xmlns:w="{WORD}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="a"/><w:basedOn w:val="B"/>'
        '</w:style><w:style w:type="paragraph" w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="Heading1"/></w:style></w:styles>'
    )
    return zipped(parts)


def _same_slide(count: int) -> bytes:
    parts = pptx_parts()
    parts["ppt/presentation.xml"] = str(parts["ppt/presentation.xml"]).replace(
        '<p:sldId id="256" r:id="rId1"/>', '<p:sldId id="256" r:id="rId1"/>' * count
    )
    return zipped(parts)


def _same_chapter(count: int) -> bytes:
    parts = epub_parts()
    parts["OEBPS/content.opf"] = str(parts["OEBPS/content.opf"]).replace(
        '<itemref idref="c1"/>', '<itemref idref="c1"/>' * count
    )
    return zipped(parts)
