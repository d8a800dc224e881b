"""Markdown, plain text, HTML, code and JSON: structure and exact places."""

from __future__ import annotations

import json

import pytest

from citewell.parsing import supported
from tests.parsing.conftest import find, outline, text_of
from tests.parsing.tiny_ole import compound_file
from tests.parsing.tiny_pdf import Page, pdf

MARKDOWN = """---
title: "Leave policy"
date: 2024-03-05
---

# Leave

You get **30 days** of [leave](http://x.example/).
{: .note}

## Parental

1. Tell HR
2. Fill in the form
   - both pages

| Grade | Days |
|-------|------|
| A     | 12   |
| B | `7` |

> Ask early.

```python
def f():
    return 1
```
"""


def test_markdown(parse) -> None:
    parsed = parse(MARKDOWN, "leave.md")
    assert (parsed.title, parsed.modified_at, parsed.media_type) == ("Leave policy", "2024-03-05", "text/markdown")
    assert outline(parsed) == [
        ("heading", "Leave"),
        ("paragraph", "You get 30 days of leave."),
        ("heading", "Parental"),
        ("list_item", "1. Tell HR"),
        ("list_item", "2. Fill in the form"),
        ("list_item", "both pages"),
        ("table_header", "Grade | Days"),
        ("table_row", "A | 12"),
        ("table_row", "B | 7"),
        ("quote", "Ask early."),
        ("code", "def f():\n    return 1"),
    ]
    lines = MARKDOWN.split("\n")
    for words, source in (("30 days", "30 days"), ("both pages", "both pages"), ("A | 12", "| A "), ("Ask", "> Ask")):
        first, last = find(parsed, words).locator.lines
        assert source in "\n".join(lines[first - 1 : last])
    row = find(parsed, "A | 12")
    assert row.header == "Grade | Days"
    assert row.heading_path == ("Leave", "Parental")
    assert [parsed.text[slice(*cell.span)] for cell in row.cells] == ["A", "12"]
    assert find(parsed, "both pages").level == 2


def test_front_matter_without_text_is_no_text(refused) -> None:
    assert refused("---\ntitle: Moved\n---\n", "moved.md").reason == "no_text"


TEXT = """Travel rules
============

First paragraph that is long enough to be wrapped at its
width by an editor.

ADDRESS

Main street 1
Bonn

- pack a bag
- bring a map
"""


def test_plain_text(parse) -> None:
    parsed = parse(TEXT, "rules.txt")
    assert outline(parsed) == [
        ("heading", "Travel rules"),
        ("paragraph", "First paragraph that is long enough to be wrapped at its width by an editor."),
        ("heading", "ADDRESS"),
        ("paragraph", "Main street 1\nBonn"),
        ("list_item", "pack a bag"),
        ("list_item", "bring a map"),
    ]
    assert parsed.title == "Travel rules"
    assert find(parsed, "First").locator.lines == (4, 5)
    assert find(parsed, "map").locator.lines == (13, 13)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_encodings(parse, encoding: str) -> None:
    words = (
        "Der Käufer prüft die Ware sofort nach dem Empfang und zeigt Mängel an. Größere Schäden meldet er telefonisch."
    )
    assert parse(words.encode(encoding), "vertrag.txt").text == words


def test_binary_named_text_is_refused(refused) -> None:
    assert refused(bytes(range(256)) * 20, "data.txt").reason == "corrupt"
    assert refused(b"\n \t\n", "blank.txt").reason == "empty"
    assert refused(b"", "nothing.pdf").reason == "empty"


HTML = """<html><head><title>Shop help</title><meta property="article:modified_time" content="2023-05-01T10:00:00Z">
<style>p{}</style></head><body><nav>Home | Login</nav><main><h1>Help</h1>
<h2 id="warranty">Warranty</h2><p>Two years.<script>alert(1)</script><span hidden>secret</span></p>
<div style="display:none">never</div>
<ul><li>lamps<ul><li>small ones</li></ul></li></ul>
<table><thead><tr><th>Item</th><th colspan=2>Terms</th></tr></thead>
<tr><td rowspan=2>Lamp</td><td>24</td><td>months</td></tr><tr><td>36</td><td>for pros</td></tr></table>
<pre>x = 1
  y</pre><dl><dt>RMA</dt><dd>a return number</dd></dl></main><footer>imprint</footer></body></html>"""


def test_html(parse) -> None:
    parsed = parse(HTML * 1, "help.html")
    assert (parsed.title, parsed.modified_at) == ("Shop help", "2023-05-01T10:00:00+00:00")
    assert outline(parsed) == [
        ("heading", "Help"),
        ("heading", "Warranty"),
        ("paragraph", "Two years."),
        ("list_item", "lamps"),
        ("list_item", "small ones"),
        ("table_header", "Item | Terms"),
        ("table_row", "Lamp | 24 | months"),
        ("table_row", "Lamp | 36 | for pros"),  # a row is found without the one above it
        ("code", "x = 1\n  y"),
        ("list_item", "RMA"),
        ("list_item", "a return number"),
    ]
    years = find(parsed, "Two years")
    assert years.locator.part == "#warranty"
    assert years.heading_path == ("Help", "Warranty")


def test_deep_html_is_read(parse, refused) -> None:
    parsed = parse("<div>" * 1500 + "deep words" + "</div>" * 1500, "deep.html")
    assert "deep words" in parsed.text
    assert refused("<div>" * 5000 + "deep words", "deeper.html").reason == "too_large"


PYTHON = (
    '''"""Module."""
import os


class Cart:
    """A cart."""
'''
    + "    x = 1\n" * 25
    + """
    def total(self):
        return 1


@decorated
def main():
    pass
"""
)


def test_python_code_is_cut_at_definitions(parse) -> None:
    parsed = parse(PYTHON, "shop.py")
    total = find(parsed, "def total")
    assert total.kind == "code"
    assert total.heading_path == ("class Cart", "def total")
    lines = PYTHON.split("\n")
    first, last = total.locator.lines
    assert lines[first - 1].strip() == "def total(self):"
    assert lines[last - 1].strip() == "return 1"
    assert text_of(parsed, find(parsed, "@decorated")).startswith("@decorated\ndef main")
    assert parsed.title == ""  # only the name could serve, which is not the parser's to give
    assert parsed.language == ""


def test_other_code(parse) -> None:
    source = "-- Adds.\nfunction add(a, b)\n  return a + b\nend\n\n-- Takes.\nfunction sub(a, b)\n  return a - b\nend\n"
    parsed = parse(source, "math.lua")
    assert find(parsed, "a - b").heading_path == ("sub",)
    assert find(parsed, "a - b").locator.lines == (6, 9)
    assert parse("key: 1\nother: two\n", "app.yaml").blocks[0].locator.lines == (1, 2)
    assert parse("def broken(:\n  x", "broken.py").blocks


def test_json_records_and_fields(parse) -> None:
    data = {
        "name": "Shop",
        "owner": {"city": {"zip": 53111}},
        "items": [{"id": 1, "price": 2.5}, {"id": 2, "tags": ["a", "b"]}],
    }
    parsed = parse(json.dumps(data), "shop.json")
    assert parsed.title == "Shop"
    assert ("field", "owner.city.zip: 53111") in outline(parsed)
    row = find(parsed, "id: 2")
    assert text_of(parsed, row) == "id: 2 | tags: a, b"
    assert row.locator.part == "/items/1"
    assert row.cells[1].locator.part == "/items/1/tags"


def test_json_lines_note_broken_ones(parse) -> None:
    parsed = parse('{"a": 1}\nnot json\n\n{"a": 3, "b": {"c": null, "d": "x"}}\n', "log.jsonl")
    assert [block.locator.lines for block in parsed.blocks] == [(1, 1), (4, 4)]
    assert text_of(parsed, parsed.blocks[1]) == "a: 3 | b.d: x"
    assert "1 lines are not JSON" in parsed.notes[0]
    parsed = parse("2024-03-05 started\n2024-03-05 stopped\n", "log.jsonl")
    assert "started" in parsed.text and "plain text" in parsed.notes[0]


def test_what_is_not_json_is_read_as_text(parse) -> None:
    parsed = parse('{"a": 1,\n "b": }', "bad.json")
    assert '"b": }' in parsed.text
    assert parsed.media_type == "text/plain"
    assert "not valid JSON: Expecting value at line 2, column 7" in parsed.notes[0]
    assert "plain text" in parsed.notes[0]


def test_json_values_have_lines(parse) -> None:
    text = (
        '{\n "a/b": "x\\n{",\n "owner": {\n  "name": "Anna",\n  "tags": [1,\n   2]\n },\n'
        ' "items": [\n  {"id": 1},\n  {"id": 2,\n   "n": 3}\n ]\n}'
    )
    parsed = parse(text, "shop.json")
    assert (find(parsed, "a/b").locator.part, find(parsed, "a/b").locator.lines) == ("/a~1b", (2, 2))
    assert (find(parsed, "Anna").locator.part, find(parsed, "Anna").locator.lines) == ("/owner", (4, 6))
    assert (find(parsed, "id: 2").locator.part, find(parsed, "id: 2").locator.lines) == ("/items/1", (10, 11))
    assert find(parsed, "id: 2").cells[1].locator.lines == (11, 11)


def test_odd_json(parse, refused) -> None:
    assert parse('{"big": ' + "9" * 5000 + ', "nan": NaN}', "odd.json").text.startswith("big: 999")
    assert refused("[" * 100_000 + "]" * 100_000, "deep.json").reason == "too_large"
    assert refused('{"a":' * 500 + "1" + "}" * 500, "deepish.json").reason == "too_large"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.MD", True), ("README", True), ("Makefile", True), ("Dockerfile", True), ("LICENSE.txt", True), ("x.pdf", True),
     ("a.png", False), ("a.pptx", True), ("a.wav", False), ("noextension", False), ("src/app.tsx", True)],
)  # fmt: skip
def test_supported(name: str, expected: bool) -> None:
    assert supported(name) is expected


def test_wrong_extensions(parse, refused) -> None:
    assert parse(pdf(Page().text(72, 700, "Really a PDF file.")), "file.txt").media_type == "application/pdf"
    assert refused("plain words", "file.pdf").reason == "corrupt"
    error = refused("words", "file.xyz")
    assert error.reason == "unsupported"
    assert ".xyz" in str(error)
    assert ".docx" in str(error)
    assert refused(b"\x89PNG\r\n\x1a\n\x00\x00", "picture.txt").reason == "unsupported"
    assert refused(compound_file({"EncryptedPackage": b"x" * 5000}), "a.xlsx").reason == "encrypted"
