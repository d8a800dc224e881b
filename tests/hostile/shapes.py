"""Files that claim to be enormous, or that hold very many of one thing."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.hostile.case import Case, case, zipped
from tests.hostile.seeds import (
    MORE,
    WORDS,
    odf_parts,
    xlsx_parts,
)


def cases() -> Iterator[Case]:
    yield from _sheets()
    yield from _pages()


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
