"""Small sound files, one of each format, written byte by byte so that they are the same on every day and machine."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from functools import cache

from tests.hostile.case import zipped
from tests.parsing.tiny_pdf import Page, pdf

WORDS = "The feed pump in the north store runs at 40 bar and was inspected on 3 March 2024."
MORE = "Valve 7 leaks; order seal K-12 before the outage in week 19."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument"
_CORE = (
    f'{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
    "<dc:title>Pump report</dc:title><dcterms:modified>2024-03-03T10:00:00Z</dcterms:modified></cp:coreProperties>"
)


def content_types(overrides: dict[str, str]) -> str:
    parts = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return (
        f'{HEAD}<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )


def relations(*rows: tuple[str, str], external: bool = False) -> str:
    """Rows of kind and target. external: the targets are addresses."""
    mode = ' TargetMode="External"' if external else ""
    found = "".join(
        f'<Relationship Id="rId{number}" Type="{kind if ":" in kind else f"{OFFICE}/relationships/{kind}"}" '
        f'Target="{target}"{mode}/>' for number, (kind, target) in enumerate(rows, start=1)
    )  # fmt: skip
    return f'{HEAD}<Relationships xmlns="{_RELATIONS}">{found}</Relationships>'


def docx_parts(body: str = "") -> dict[str, bytes | str]:
    body = body or (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Pumps</w:t></w:r></w:p>'
        f"<w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p><w:tbl>"
        "<w:tr><w:tc><w:p><w:r><w:t>Part</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Bar</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:tc><w:p><w:r><w:t>K-12</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>40</w:t></w:r></w:p></w:tc></w:tr>"
        f'</w:tbl><w:p><w:r><w:t xml:space="preserve">{MORE}</w:t></w:r></w:p>'
    )
    return {
        "[Content_Types].xml": content_types({
            "word/document.xml": f"{_MIME}.wordprocessingml.document.main+xml",
            "word/styles.xml": f"{_MIME}.wordprocessingml.styles+xml",
        }),
        "_rels/.rels": relations(
            ("officeDocument", "word/document.xml"),
            ("http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "word/document.xml": f'{HEAD}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        "word/_rels/document.xml.rels": relations(("styles", "styles.xml")),
        "word/styles.xml": (
            f'{HEAD}<w:styles xmlns:w="{WORD}"><w:style w:type="paragraph" w:styleId="Heading1">'
            '<w:name w:val="heading 1"/></w:style></w:styles>'
        ),
        "docProps/core.xml": _CORE,
    }  # fmt: skip


def xlsx_parts(rows: str = "", after: str = "") -> dict[str, bytes | str]:
    def row(number: int, *texts: str) -> str:
        cells = "".join(
            f'<c r="{chr(65 + n)}{number}" t="inlineStr"><is><t>{t}</t></is></c>' for n, t in enumerate(texts)
        )
        return f'<row r="{number}">{cells}</row>'

    rows = rows or row(1, "Part", "Bar", "Remark") + row(2, "K-12", "40", MORE) + (
        '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3"><v>41.5</v></c><c r="C3"><f>B3*2</f><v>83</v></c></row>'
    )
    return {
        "[Content_Types].xml": content_types({
            "xl/workbook.xml": f"{_MIME}.spreadsheetml.sheet.main+xml",
            "xl/worksheets/sheet1.xml": f"{_MIME}.spreadsheetml.worksheet+xml",
            "xl/sharedStrings.xml": f"{_MIME}.spreadsheetml.sharedStrings+xml",
        }),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'{HEAD}<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}/relationships"><sheets>'
            '<sheet name="Parts" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")),
        "xl/worksheets/sheet1.xml": f'{HEAD}<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData>{after}</worksheet>',
        "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{SHEET}" count="1" uniqueCount="1"><si><t>{WORDS}</t></si></sst>',
        "docProps/core.xml": _CORE,
    }  # fmt: skip


def pptx_parts(shapes: str = "") -> dict[str, bytes | str]:
    def shape(number: int, kind: str, text: str) -> str:
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="s{number}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
            f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        )

    shapes = shapes or shape(2, "title", "Pumps") + shape(3, "body", WORDS)
    return {
        "[Content_Types].xml": content_types({
            "ppt/presentation.xml": f"{_MIME}.presentationml.presentation.main+xml",
            "ppt/slides/slide1.xml": f"{_MIME}.presentationml.slide+xml",
        }),
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": (
            f'{HEAD}<p:presentation xmlns:p="{SLIDE}" xmlns:r="{OFFICE}/relationships"><p:sldIdLst>'
            '<p:sldId id="256" r:id="rId1"/></p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/slide1.xml")),
        "ppt/slides/slide1.xml": (
            f'{HEAD}<p:sld xmlns:p="{SLIDE}" xmlns:a="{DRAWING}"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/>'
            f"<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{shapes}</p:spTree></p:cSld></p:sld>"
        ),
        "docProps/core.xml": _CORE,
    }  # fmt: skip


def odf_parts(kind: str = "text", body: str = "") -> dict[str, bytes | str]:
    """kind: ``text`` or ``spreadsheet``."""
    spaces = "".join(
        f' xmlns:{each}="urn:oasis:names:tc:opendocument:xmlns:{each}:1.0"'
        for each in ("office", "text", "table", "draw")
    )
    body = body or (
        f'<text:h text:outline-level="1">Pumps</text:h><text:p>{WORDS}</text:p><text:p>{MORE}</text:p>'
        if kind == "text"
        else '<table:table table:name="Parts"><table:table-row><table:table-cell office:value-type="string"><text:p>Part'
        "</text:p></table:table-cell><table:table-cell><text:p>Bar</text:p></table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2">'
        f"<text:p>{MORE}</text:p></table:table-cell></table:table-row></table:table>"
    )
    mime = f"application/vnd.oasis.opendocument.{kind}"
    return {
        "mimetype": mime,
        "META-INF/manifest.xml": (
            f'{HEAD}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'
        ),
        "content.xml": (
            f'{HEAD}<office:document-content{spaces} xmlns:xlink="http://www.w3.org/1999/xlink">'
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
        ),
        "meta.xml": f"{HEAD}<office:document-meta{spaces}><office:meta/></office:document-meta>",
    }


def epub_parts(chapter: str = "") -> dict[str, bytes | str]:
    chapter = chapter or (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Pumps</title></head>'
        f"<body><h1>Pumps</h1><p>{WORDS}</p><p>{MORE}</p></body></html>"
    )
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            f'{HEAD}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
        ),
        "OEBPS/content.opf": (
            f'{HEAD}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Pump book</dc:title><dc:identifier id="id">x1</dc:identifier>'
            '</metadata><manifest><item id="c1" href="chapter1.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="c1"/></spine></package>'
        ),
        "OEBPS/chapter1.xhtml": chapter,
    }


PACKAGES = {
    "docx": (docx_parts, "word/document.xml"), "xlsx": (xlsx_parts, "xl/worksheets/sheet1.xml"),
    "pptx": (pptx_parts, "ppt/slides/slide1.xml"), "odt": (odf_parts, "content.xml"),
    "ods": (lambda: odf_parts("spreadsheet"), "content.xml"), "epub": (epub_parts, "OEBPS/content.opf"),
}  # fmt: skip
"""Extension → its parts, and the part that matters most."""


def mail(body: str = WORDS, attachment: bytes = b"Part,Bar\nK-12,40\n", name: str = "parts.csv") -> bytes:
    return (
        f"From: ada@example.org\r\nTo: bob@example.org\r\nDate: Sun, 3 Mar 2024 10:00:00 +0000\r\nSubject: Pump report\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\nContent-Type: text/plain; '
        f"charset=utf-8\r\n\r\n{body}\r\n\r\n> {MORE}\r\n--cut\r\nContent-Type: application/octet-stream\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    ).encode() + attachment + b"\r\n--cut--\r\n"  # fmt: skip


def tarred(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def packed_pdf() -> bytes:
    """A PDF whose page is compressed and whose table of objects is a stream, as current writers make them."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    held = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: page,
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}  # fmt: skip
    index, bodies = b"", b""
    for number, body in held.items():
        index += b"%d %d " % (number, len(bodies))
        bodies += body + b" "
    rows = {0: (0, 0, 0), **{number: (2, 6, place) for place, number in enumerate(held)}}
    out = b"%PDF-1.5\n"
    text = b"BT /F 11 Tf 1 0 0 1 72 700 Tm (" + WORDS.encode() + b") Tj ET"
    for number, entries, content in ((4, b"", text), (6, b"/Type/ObjStm/N 4/First %d" % len(index), index + bodies)):
        packed = zlib.compress(content)
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream endobj\n" % (
            number, entries, len(packed), packed,
        )  # fmt: skip
    rows[7] = (1, len(out), 0)
    table = b"".join(bytes((kind, *place.to_bytes(2, "big"), last)) for _, (kind, place, last) in sorted(rows.items()))
    out += b"7 0 obj<</Type/XRef/Size 8/W[1 2 1]/Root 1 0 R/Length %d>>stream\n%b\nendstream endobj\n" % (
        len(table), table,
    )  # fmt: skip
    return out + b"startxref\n%d\n%%%%EOF\n" % rows[7][1]


_RTF = rf"{{\rtf1\ansi\deff0{{\fonttbl{{\f0 Arial;}}}}{{\info{{\title Pump report}}}}\pard\b Pumps\b0\par {WORDS}\par {MORE}\par}}"
_SRT = f"1\n00:00:01,000 --> 00:00:04,000\n{WORDS}\n\n2\n00:00:05,000 --> 00:00:09,500\n{MORE}\n"
_CODE = f'"""{WORDS}"""\n\n\nclass Pump:\n    def run(self, bar: int = 40) -> str:\n        return "{MORE}"\n'
_HTML = (
    f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>Pumps</title></head><body><h1 id="a">Pumps</h1><p>{WORDS}</p>'
    f"<ul><li>One</li><li>Two</li></ul><table><tr><th>Part</th><th>Bar</th></tr><tr><td>K-12</td><td>40</td></tr></table>"
    f"<p>{MORE}</p></body></html>"
)
_NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": "python"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Pumps\n", WORDS]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": ["print(40)"],
         "outputs": [{"output_type": "stream", "name": "stdout", "text": [MORE]}]},
    ],
}  # fmt: skip
_RSS = (
    f'{HEAD}<rss version="2.0"><channel><title>Pumps</title><item><title>North store</title><description>{WORDS}'
    "</description></item></channel></rss>"
)


@cache
def seeds() -> dict[str, bytes]:
    """Extension → a sound file of that format, a few kilobytes at most."""
    plain = f"PUMPS\n\n{WORDS}\n{MORE}\n\n- one\n- two\n".encode()
    message = mail()
    return {
        "docx": zipped(docx_parts()), "xlsx": zipped(xlsx_parts()), "pptx": zipped(pptx_parts()),
        "odt": zipped(odf_parts(), stored=["mimetype"]), "ods": zipped(odf_parts("spreadsheet"), stored=["mimetype"]),
        "epub": zipped(epub_parts(), stored=["mimetype"]),
        "pdf": pdf(Page().text(72, 760, "Pumps", 18, bold=True).text(72, 720, WORDS).text(72, 700, MORE), Page().text(72, 700, MORE)),
        "packed.pdf": packed_pdf(),
        "html": _HTML.encode(), "xml": f"{HEAD}<report><part id='7'>{WORDS}</part><part>{MORE}</part></report>".encode(),
        "rss": _RSS.encode(),
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><title>Pumps</title><text x="1" y="2">{WORDS}</text></svg>'.encode(),
        "md": f"---\ntitle: Pumps\n---\n# Pumps\n\n{WORDS}\n\n| Part | Bar |\n|---|---|\n| K-12 | 40 |\n\n1. one\n2. *two*\n\n> {MORE}\n".encode(),
        "rst": f"Pumps\n=====\n\n{WORDS}\n\n* one\n* two\n\n.. note:: {MORE}\n\n====  ===\nPart  Bar\n====  ===\nK-12  40\n====  ===\n".encode(),
        "adoc": f"= Pumps\n\n{WORDS}\n\n* one\n\n|===\n|Part |Bar\n|K-12 |40\n|===\n".encode(),
        "csv": f"Part,Bar,Remark\nK-12,40,{MORE}\nK-13,41,\"{WORDS}\"\n".encode(),
        "tsv": f"Part\tBar\nK-12\t40\nK-13\t{MORE}\n".encode(),
        "json": json.dumps({"title": "Pumps", "parts": [{"part": "K-12", "bar": 40}, {"part": MORE, "bar": None}]}).encode(),
        "jsonl": b'{"part": "K-12", "bar": 40}\n{"part": "K-13", "remark": "' + MORE.encode() + b'"}\n',
        "eml": message, "mbox": b"".join(b"From ada@example.org Sun Mar  3 10:00:00 2024\n" + message + b"\n" for _ in range(2)),
        "zip": zipped({"notes/pump.txt": plain, "parts.csv": "Part,Bar\nK-12,40\n"}),
        "tar": tarred({"notes/pump.txt": plain, "parts.csv": b"Part,Bar\nK-12,40\n"}),
        "targz.tar.gz": gzip.compress(tarred({"notes/pump.txt": plain}), mtime=0), "gzip.txt.gz": gzip.compress(plain, mtime=0),
        "rtf": _RTF.encode(), "ipynb": json.dumps(_NOTEBOOK).encode(), "srt": _SRT.encode(),
        "vtt": b"WEBVTT\n\n" + _SRT.replace(",", ".").encode(), "txt": plain, "py": _CODE.encode(),
        "js": f"// {WORDS}\nexport function run(bar) {{\n  return '{MORE}';\n}}\n".encode(),
        "yaml": f"pump:\n  bar: 40\n  remark: {WORDS}\n".encode(), "tex": f"\\section{{Pumps}}\n{WORDS}\n".encode(),
    }  # fmt: skip
