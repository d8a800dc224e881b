"""EPUB: chapters in the order of the spine, places by file and anchor, protected books refused."""

from __future__ import annotations

import io
import zipfile

from tests.parsing.conftest import find, outline

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The lamp</dc:title><dc:creator>Anna Smith</dc:creator>
<dc:creator>Ben Jones</dc:creator><dc:date>2021-02-03</dc:date>
<meta property="dcterms:modified">2024-03-05T10:00:00Z</meta></metadata>
<manifest><item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="font" href="f.otf" media-type="font/otf"/></manifest>
<spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>
<header><h1>Beginning</h1></header><p>First words.<a id="x"/></p><h2 id="s1">Part</h2><p>Under it.</p>
<aside>A note at the side.</aside><p style="display:none">secret</p></body></html>"""
TWO = """<html xmlns="http://www.w3.org/1999/xhtml"><body><p>No heading here.</p></body></html>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/one%20a.xhtml">One</a></li>
<li><a href="two.xhtml">Chapter two</a></li></ol></nav></body></html>"""


def _book(**more: str) -> bytes:
    parts = {
        "mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OPS/book.opf": PACKAGE,
        "OPS/two.xhtml": TWO, "OPS/text/one a.xhtml": ONE, "OPS/nav.xhtml": NAV, **more,
    }  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return data.getvalue()


def _encrypted(uri: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
        f'<enc:EncryptedData><enc:CipherData><enc:CipherReference URI="{uri}"/></enc:CipherData></enc:EncryptedData>'
        "</encryption>"
    )


def test_a_book(parse) -> None:
    parsed = parse(_book(), "lamp.epub")
    assert (parsed.title, parsed.modified_at) == ("The lamp", "2024-03-05T10:00:00+00:00")
    assert parsed.metadata["author"] == "Anna Smith, Ben Jones"
    assert outline(parsed) == [
        ("heading", "Beginning"),
        ("paragraph", "First words."),
        ("heading", "Part"),
        ("paragraph", "Under it."),
        ("paragraph", "A note at the side."),
        ("heading", "Chapter two"),
        ("paragraph", "No heading here."),
    ]
    under = find(parsed, "Under it")
    assert under.locator.part == "one a.xhtml#s1"
    assert under.heading_path == ("Beginning", "Part")
    assert find(parsed, "No heading").heading_path == ("Chapter two",)
    assert find(parsed, "No heading").locator.part == "two.xhtml"
    assert [each.text for each in parsed.hidden] == ["secret"]


def test_known_by_its_content(parse) -> None:
    assert parse(_book(), "lamp.zip").media_type == "application/epub+zip"


def test_protected_books_are_refused_but_scrambled_fonts_are_not(parse, refused) -> None:
    error = refused(_book(**{"META-INF/encryption.xml": _encrypted("OPS/two.xhtml")}), "lamp.epub")
    assert error.reason == "encrypted" and "DRM" in str(error)
    assert parse(_book(**{"META-INF/encryption.xml": _encrypted("OPS/f.otf")}), "lamp.epub").blocks


def test_incomplete_books(parse, refused) -> None:
    assert refused(_book(**{"META-INF/container.xml": "<container/>"}), "lamp.epub").reason == "corrupt"
    assert refused(_book()[:200], "lamp.epub").reason == "corrupt"
    package = PACKAGE.replace("text/one%20a", "missing")
    parsed = parse(_book(**{"OPS/book.opf": package}), "lamp.epub")
    assert "No heading here." in parsed.text
    assert any("1 chapters" in note for note in parsed.notes)
