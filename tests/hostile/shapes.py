"""Files that claim to be enormous: sheets, tables, nesting, and text made for slow patterns."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import json
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
    xlsx_parts,
)


def cases() -> Iterator[Case]:
    yield from _sheets()
    yield from _pages()
    yield from _deep()
    yield from _slow()
    yield from _packages()


def _sheets() -> Iterator[Case]:
    far = f'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>{WORDS}</t></is></c></row>'
    yield case("size", "xlsx", "last-cell", lambda: zipped(xlsx_parts(far)))
    yield case(
        "size",
        "xlsx",
        "beyond-last",
        lambda: zipped(xlsx_parts(far.replace("XFD1048576", "ZZZZZ99999999").replace("1048576", "99999999"))),
    )
    yield case(
        "size",
        "xlsx",
        "rows-backwards",
        lambda: zipped(xlsx_parts("".join(f'<row r="{9 - n}"><c r="A{9 - n}"><v>{n}</v></c></row>' for n in range(9)))),
    )
    for name, merged in {
        "everything": ["A1:XFD1048576"],
        "many": [f"A{n}:XFD{n + 1}" for n in range(1, 20_000, 2)],
        "backwards": ["XFD9:A1"],
        "rubbish": ["A0:", "$$", "1:2:3"],
    }.items():
        cells = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
        yield case(
            "size",
            "xlsx",
            f"merged-{name}",
            lambda cells=cells: zipped(xlsx_parts("", f"<mergeCells>{cells}</mergeCells>")),
        )
    yield case(
        "size",
        "xlsx",
        "dimension",
        lambda: zipped(
            {
                **xlsx_parts(),
                "xl/worksheets/sheet1.xml": str(xlsx_parts()["xl/worksheets/sheet1.xml"]).replace(
                    "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
                ),
            }
        ),
    )
    yield case(
        "size",
        "xlsx",
        "shared-string-far",
        lambda: zipped(xlsx_parts('<row r="1"><c r="A1" t="s"><v>99999999</v></c><c r="B1" t="s"><v>-1</v></c></row>')),
    )
    yield case(
        "size",
        "xlsx",
        "rows-far-apart",
        lambda: zipped(
            xlsx_parts("".join(f'<row r="{n * 1000}"><c r="A{n * 1000}"><v>{n}</v></c></row>' for n in range(1, 1000)))
        ),
    )
    yield case(
        "size",
        "xlsx",
        "columns-far-apart",
        lambda: zipped(xlsx_parts("".join(f'<row r="{n}"><c r="XFD{n}"><v>{n}</v></c></row>' for n in range(1, 3000)))),
    )
    yield case("size", "xlsx", "sheets-3000", _many_sheets, 3000)
    yield case(
        "size",
        "xlsx",
        "dates-odd",
        lambda: zipped(
            xlsx_parts(
                '<row r="1"><c r="A1" t="d"><v>99999-01-01</v></c><c r="B1" t="d"><v>x</v></c><c r="C1" t="n"><v>1e400</v></c><c r="D1" t="e"><v>#REF!</v></c><c r="E1" t="b"><v>7</v></c></row>'
            )
        ),
    )
    for name, (rows, columns) in {
        "million": (1_000_000, 1_000_000),
        "billion": (10**9, 10**9),
        "negative": (-5, -5),
        "rows": (10**6, 1),
        "columns": (1, 10**6),
    }.items():
        yield case("size", "ods", f"repeated-{name}", _repeated, rows, columns)
    yield case(
        "size",
        "ods",
        "spanned",
        lambda: zipped(
            odf_parts(
                "spreadsheet",
                f'<table:table><table:table-row><table:table-cell table:number-columns-spanned="{10**9}" table:number-rows-spanned="{10**9}"><text:p>{WORDS}</text:p></table:table-cell></table:table-row></table:table>',
            )
        ),
    )
    yield case(
        "size",
        "odt",
        "spaces-billion",
        lambda: zipped(odf_parts("text", f'<text:p>a<text:s text:c="{10**9}"/>{WORDS}</text:p>')),
    )
    yield case("size", "csv", "million-columns", lambda: "a," * 1_000_000 + "\nb,c\n")
    yield case("size", "csv", "million-rows", lambda: "a,b\n" * 1_000_000)
    yield case("size", "csv", "ragged", lambda: "\n".join("x," * n for n in range(1400)))
    yield case("size", "csv", "one-quote", lambda: '"' + "a,b\n" * 300_000)
    yield case("size", "csv", "quotes", lambda: '"' * 1_000_001)
    yield case("size", "csv", "field-20-MB", lambda: '"' + "pump " * 4_000_000 + '",b\n')
    yield case("size", "tsv", "tabs", lambda: "\t" * 2_000_000)


def _many_sheets(count: int) -> bytes:
    parts = xlsx_parts()
    book = str(parts["xl/workbook.xml"])
    start, end = book.index("<sheet "), book.index("</sheets>")
    parts["xl/workbook.xml"] = (
        book[:start] + "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, count)) + book[end:]
    )
    return zipped(parts)


def _repeated(rows: int, columns: int) -> bytes:
    cell = f'<table:table-cell table:number-columns-repeated="{columns}"><text:p>{MORE}</text:p></table:table-cell>'
    return zipped(
        odf_parts(
            "spreadsheet",
            f'<table:table table:name="T"><table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row></table:table>',
        )
    )


def _pages() -> Iterator[Case]:
    wide = f'<tr><td colspan="1000000000" rowspan="1000000000">{WORDS}</td><td>x</td></tr>'
    yield case("size", "html", "spans", lambda: f"<table>{wide}{wide}</table>")
    yield case(
        "size",
        "html",
        "spans-1000",
        lambda: "<table>" + '<tr><td colspan="1000" rowspan="1000">x</td><td>y</td></tr>' * 3000 + "</table>",
    )
    yield case(
        "size",
        "html",
        "row-of-cells",
        lambda: "<table><tr>" + "<td>x</td>" * 100_000 + "</tr><tr><td>y</td></tr></table>",
    )
    yield case(
        "size", "html", "attributes", lambda: "<p " + " ".join(f"a{n}=x" for n in range(100_000)) + f">{WORDS}</p>"
    )
    yield case("size", "html", "classes", lambda: f"<p class='{'navbox ' * 100_000}'>{WORDS}</p><p>{MORE}</p>")
    yield case("size", "html", "headings", lambda: "<h1>a</h1>" * 50_000)
    yield case("size", "html", "anchors", lambda: "".join(f"<a id=a{n}></a>" for n in range(50_000)) + WORDS)
    yield case("size", "html", "list-start", lambda: f"<ol start='{'9' * 5000}'><li>{WORDS}</li></ol>")
    yield case(
        "size",
        "html",
        "base64-image",
        lambda: f'<img alt="x" src="data:image/png;base64,{"A" * 3_000_000}"><p>{WORDS}</p>',
    )
    yield case("size", "html", "meta", lambda: "<head>" + "<meta name=a content=b>" * 50_000 + f"</head><p>{WORDS}</p>")
    yield case("size", "html", "entities", lambda: "&amp;&lt;&#1114112;&#x110000;&#0;" * 50_000)
    yield case("size", "html", "links", lambda: f"<a href=x>{MORE}</a> " * 20_000)
    yield case("size", "html", "formatting", lambda: "<b><i><u>" * 30_000 + WORDS)
    yield case("size", "html", "misnested", lambda: "<b><p><i></b></p>" * 20_000 + WORDS)
    yield case("size", "html", "foster", lambda: "<table>" + "<b>x<tr><td>" * 20_000)
    yield case(
        "size", "md", "table-wide", lambda: "|a" * 20_000 + "|\n" + "|-" * 20_000 + "|\n" + "|b" * 20_000 + "|\n"
    )
    yield case("size", "md", "table-gaps", lambda: "|a" * 20_000 + "|\n" + "|-" * 20_000 + "|\n" + "|b|\n" * 2_000)
    yield case("size", "md", "headings", lambda: "# a\n" * 100_000)
    yield case("size", "md", "definitions", lambda: "".join(f"[a{n}]: /x\n" for n in range(50_000)) + "[a1] " * 20_000)
    yield case("size", "rst", "grid", lambda: ("+-" * 2_000 + "+\n" + "| " * 2_000 + "|\n") * 200)
    yield case("size", "rst", "columns", lambda: "= " * 5_000 + "\n" + "a " * 5_000 + "\n" + "= " * 5_000 + "\n")
    yield case("size", "rst", "targets", lambda: "".join(f".. _a{n}: x\n" for n in range(30_000)) + "a_ " * 20_000)
    yield case("size", "adoc", "table", lambda: "|===\n" + "|a" * 200_000 + "\n|===\n")
    yield case("size", "adoc", "columns", lambda: '[cols="1000000000*"]\n|===\n|a |b\n|===\n')
    yield case(
        "size", "srt", "cues", lambda: "".join(f"{n}\n00:00:01,000 --> 00:00:02,000\nx\n\n" for n in range(60_000))
    )
    yield case(
        "size",
        "srt",
        "times",
        lambda: f"1\n99999999999:99:99,999 --> 00:00:01,000\n{WORDS}\n\n2\n-1:00:00,0 --> 9\n{MORE}\n",
    )
    yield case(
        "size", "vtt", "times", lambda: f"WEBVTT\n\n{'9' * 5000}:00:00.000 --> {'9' * 5000}:00:01.000\n{WORDS}\n"
    )
    yield case(
        "size",
        "json",
        "numbers",
        lambda: '{"a": ' + "9" * 1_000_000 + ', "b": 1e999999, "c": -0.0, "d": NaN, "e": Infinity}',
    )
    yield case("size", "json", "keys", lambda: json.dumps({f"k{n}": n for n in range(100_000)}))
    yield case("size", "json", "long-key", lambda: json.dumps({"k" * 500_000: {"k" * 500_000: [WORDS, {"a": 1}]}}))
    yield case("size", "json", "records", lambda: json.dumps([{"a": n} for n in range(100_000)]))
    yield case("size", "json", "same-key", lambda: "{" + '"a": 1,' * 200_000 + '"a": 2}')
    yield case("size", "jsonl", "lines", lambda: '{"a": 1}\n' * 200_000)
    yield case(
        "size",
        "ipynb",
        "cells",
        lambda: json.dumps(
            {"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = 1", "outputs": []}] * 20_000}
        ),
    )
    yield case(
        "size",
        "ipynb",
        "odd-values",
        lambda: json.dumps(
            {
                "nbformat": "x",
                "cells": [
                    1,
                    None,
                    {"cell_type": 7, "source": {"a": 1}},
                    {"cell_type": "markdown", "source": [1, None]},
                    {"cell_type": "code", "source": WORDS, "outputs": [None, {"data": {"text/plain": 7}}]},
                ],
            }
        ),
    )
    yield case(
        "size",
        "ipynb",
        "output-20-MB",
        lambda: json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "source": "x",
                        "outputs": [{"output_type": "stream", "text": "pump\n" * 4_000_000}],
                    }
                ],
            }
        ),
    )


def _deep() -> Iterator[Case]:
    for depth in (500, 100_000):
        nested = {
            "json": "[" * depth + "1" + "]" * depth, "objects.json": '{"a":' * depth + "1" + "}" * depth, "open.json": "[" * depth,
            "html": "<div>" * depth + WORDS + "</div>" * depth, "tables.html": "<table><tr><td>" * min(depth, 3000) + WORDS, "lists.html": "<ul><li>" * depth + WORDS,
            "quotes.html": "<blockquote>" * depth + WORDS, "spans.html": "<span>" * depth + WORDS, "svg.html": "<svg>" + "<g>" * depth + WORDS,
            "md": ">" * depth + WORDS, "lists.md": "".join(f"{'  ' * n}- a\n" for n in range(min(depth, 1500))), "stars.md": "*a _b " * depth + WORDS,
            "bullets.md": "- " * depth + WORDS, "rst": "".join(f"{'  ' * n}* a\n\n" for n in range(min(depth, 800))),
            "quotes.rst": "".join(f"{' ' * n}{WORDS}\n\n" for n in range(min(depth, 1000))), "directives.rst": "".join(f"{'   ' * n}.. note::\n\n" for n in range(min(depth, 800))),
            "adoc": "".join(f"{'*' * (n % 50 + 1)} a\n" for n in range(depth)), "examples.adoc": "".join("=" * (4 + n % 200) + "\n" for n in range(depth)),
            "xml": "<a>" * depth + WORDS + "</a>" * depth, "open.xml": "<a>" * depth, "rtf": "{\\rtf1 " + "{" * depth + WORDS + "}" * depth + "}", "open.rtf": "{\\rtf1 " + "{" * depth + WORDS,
            "py": "x = " + "(" * depth + "1" + ")" * depth + "\n", "lists.py": "x = " + "[" * depth + "]" * depth, "unary.py": "x = " + "-" * depth + "1\n",
            "calls.py": "f" + "()" * depth + "\n", "blocks.py": "".join(f"{' ' * n}if 1:\n" for n in range(min(depth, 1200))) + " " * 1200 + "pass\n", "else.py": "if a: pass\n" + "elif a: pass\n" * depth, "strings.py": "x = " + "'a' " * depth + "\n",
            "fstrings.py": "x = " + "f'{" * min(depth, 200) + "1" + "}'" * min(depth, 200) + "\n", "attributes.py": "x = a" + ".a" * depth + "\n", "sums.py": "x = 1" + "+1" * depth + "\n",
            "js": "{" * depth + WORDS, "yaml": "".join(f"{' ' * n}a:\n" for n in range(min(depth, 2000))), "aliases.yaml": "a: &a [x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)}, ' * 9}]\n" for n in range(20)),
            "ipynb": '{"nbformat": 4, "cells": ' + "[" * depth + "]" * depth + "}", "tex": "\\a{" * depth + WORDS, "svg": '<svg xmlns="http://www.w3.org/2000/svg">' + "<g>" * depth + "<text>x</text>" + "</g>" * depth + "</svg>",
        }  # fmt: skip
        for seed, text in nested.items():
            yield case("deep", seed, f"{depth}", lambda text=text: text)


def _slow() -> Iterator[Case]:
    """Lines of one thing, repeated: what patterns and parsers with a quadratic corner choke on."""
    units = {
        "a": "a", "A": "A", "space": " ", "x-space": "a" + " ", "tab": "\t", "nbsp": "\u00a0", "newline": "\n", "bracket": "[", "paren": "(", "brace": "{", "open-link": "[a](", "empty-link": "[](", "image": "![", "angle": "<",
        "tag": "<a", "comment": "<!--", "cdata": "<![CDATA[", "pi": "<?", "script": "<script>", "star": "*", "star-a": "*a ", "under": "_a", "under-star": "a**b_", "tick": "`", "ticks": "``a`", "tilde": "~~a", "pipe": "|", "pipe-a": "|a",
        "hash": "# ", "quote": ">", "dash": "- ", "equals": "=", "number": "1. ", "digit": "1", "digit-dot": "1.", "comma": ",", "semicolon": ";", "quote-mark": '"', "apostrophe": "'", "backslash": "\\", "amp": "&", "entity": "&#", "entity-a": "&a",
        "template": "{%", "template-x": "{{", "attribute": "{:", "colon": ":", "colons": "::", "dots": "..", "dollar": "$$a", "caret": "^[", "footnote": "[^a]", "bang": "!", "email": "a@", "dot-a": "a.", "url": "http://a", "slash": "/", "date": "2024-",
        "bullet-space": "-" + " " * 40 + "\n", "colon-line": ":a: b\n", "line-star": "*\n", "line-quote": "> \n", "line-fence": "```\n", "line-paren": "(\n", "line-space": " \n", "line-brace": "}\n", "reference": "[a]: <\n", "reference-title": '[a]: b "\n', "joiner": "\u200d", "combining": "a\u0301\u0316", "zalgo": "\u0301", "emoji": "\U0001f468\u200d", "hangul": "\u1100\u1161", "bidi": "\u202e", "fullwidth": "\uff21",
    }  # fmt: skip
    for name, unit in units.items():
        for extension in ("md", "txt", "html", "rst"):
            yield case("slow", extension, name, lambda unit=unit: WORDS + "\n\n" + unit * (60_000 // len(unit)))
    for name in (
        "bracket",
        "space",
        "x-space",
        "angle",
        "brace",
        "digit",
        "quote-mark",
        "backslash",
        "comma",
        "a",
        "paren",
        "tag",
        "line-space",
        "combining",
        "colon",
        "equals",
        "semicolon",
        "pipe-a",
        "digit-dot",
    ):
        for extension in (
            "py",
            "js",
            "c",
            "sql",
            "yaml",
            "ini",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "xml",
            "svg",
            "rtf",
            "adoc",
            "eml",
            "mbox",
            "srt",
            "vtt",
            "tex",
            "ipynb",
        ):
            yield case("slow", extension, name, _slow_within, extension, units[name])
    yield case("slow", "long.txt", "a-1-MB", lambda: "a" * 1_000_000)
    yield case("slow", "long.txt", "a-20-MB", lambda: "a" * 20_000_000)
    yield case("slow", "long.txt", "words-1-MB", lambda: f"{WORDS} " * 12_000)
    yield case("slow", "long.txt", "capitals-1-MB", lambda: "A. B! C? " * 110_000)
    yield case("slow", "long.txt", "abbreviations", lambda: "e.g. Dr. U.S. i.e. No. " * 40_000)
    yield case("slow", "long.txt", "letters-1-MB", lambda: "pump\n\n" * 160_000)
    yield case("slow", "long.txt", "han-1-MB", lambda: "泵" * 350_000)
    yield case("slow", "long.md", "pump-1-MB", lambda: "**pump** `x` [y](z) " * 50_000)


def _slow_within(extension: str, unit: str) -> str:
    text = unit * (60_000 // len(unit))
    wrapped = {
        "rtf": f"{{\\rtf1 {WORDS} {text}}}", "eml": f"Subject: {text[:30_000]}\nFrom: {text[:30_000]}\n\n{WORDS}\n{text}", "mbox": f"From a Sun Mar  3 10:00:00 2024\nSubject: x\n\n{text}",
        "json": f'{{"a": "{WORDS}", "b": {text}', "ipynb": f'{{"nbformat": 4, "cells": {text}', "xml": f"<a>{WORDS}{text}</a>", "svg": f"<svg>{WORDS}{text}</svg>", "srt": f"1\n00:00:01,000 --> 00:00:02,000\n{text}", "vtt": f"WEBVTT\n\n{text}",
    }  # fmt: skip
    return wrapped.get(extension, f"{WORDS}\n{text}")


def _packages() -> Iterator[Case]:
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
