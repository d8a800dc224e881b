"""Writers for web pages, e-books, plain text and notebooks."""

from __future__ import annotations

import json
import re
import textwrap
from html import escape
from pathlib import Path

from .markup import Block, Page, bold_parts
from .packing import write_members

NAV = (
    ("Home", "/"),
    ("Products", "/products"),
    ("Support", "/support"),
    ("Documents", "/documents"),
    ("People", "/people"),
    ("Contact", "/contact"),
)


def _inline(text: str) -> str:
    return "".join(f"<strong>{escape(p)}</strong>" if bold else escape(p) for p, bold in bold_parts(text))


def _table(block: Block) -> list[str]:
    lines = ["<table>", "<thead>"]
    lines.append("<tr>" + "".join(f"<th>{_inline(c)}</th>" for c in block.rows[0]) + "</tr>")
    lines += ["</thead>", "<tbody>"]
    lines += ["<tr>" + "".join(f"<td>{_inline(c)}</td>" for c in row) + "</tr>" for row in block.rows[1:]]
    return [*lines, "</tbody>", "</table>"]


def blocks_html(blocks: tuple[Block, ...]) -> str:
    """Blocks as HTML, one element a line."""
    lines: list[str] = []
    for block in blocks:
        if block.kind == "heading":
            lines.append(f"<h{block.level}>{_inline(block.text)}</h{block.level}>")
        elif block.kind in ("bullets", "numbers"):
            tag = "ul" if block.kind == "bullets" else "ol"
            lines += [f"<{tag}>", *(f"<li>{_inline(item)}</li>" for item in block.items), f"</{tag}>"]
        elif block.kind == "table":
            lines += _table(block)
        elif block.kind == "code":
            lines.append(f"<pre><code>{escape(block.text)}</code></pre>")
        elif block.kind == "para":
            lines.append(f"<p>{_inline(block.text)}</p>")
    return "\n".join(lines)


def write_html(page: Page, target: Path) -> None:
    """Write ``page`` inside the navigation, side bar and footer of the company's web site."""
    menu = "\n".join(f'<li><a href="{link}">{name}</a></li>' for name, link in NAV)
    parts = page.path.split("/")[:-1]
    crumbs = " &rsaquo; ".join(["Home", *(part.replace("-", " ").title() for part in parts), escape(page.title)])
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(page.title)} - Tarnholt Instruments</title>
<meta name="author" content="{escape(page.author)}">
<meta name="date" content="{page.meta["date"]}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font-family:sans-serif;margin:0}} nav ul{{display:flex;gap:1rem;list-style:none}}</style>
<script>window.siteMenu = {{"open": false, "search": "/search"}};</script>
</head>
<body>
<header>
<a class="logo" href="/">Tarnholt Instruments</a>
<nav aria-label="Main">
<ul>
{menu}
</ul>
</nav>
</header>
<div class="cookie-bar">We use two cookies to keep you signed in.
<button>Accept</button> <button>Settings</button></div>
<div class="breadcrumbs">{crumbs}</div>
<main>
<article>
<h1>{escape(page.title)}</h1>
{blocks_html(page.blocks)}
</article>
</main>
<aside>
<h2>Most read</h2>
<ul><li><a href="/support/rma">Return a product</a></li><li><a href="/support/firmware">Firmware downloads</a></li>
<li><a href="/people/holidays">Public holidays by site</a></li></ul>
</aside>
<footer>
<p>Tarnholt Instruments Ltd, Attercliffe Wharf 14, Sheffield. Registered in England. web@tarnholt.example</p>
<p><a href="/legal/privacy">Privacy</a> | <a href="/legal/imprint">Imprint</a> | <a href="/sitemap">Site map</a></p>
</footer>
</body>
</html>
"""
    target.write_text(text, encoding="utf-8", newline="\n")


def write_text(page: Page, target: Path) -> None:
    """Write ``page`` as plain text, wrapped at 96 columns."""
    lines: list[str] = [page.title, "=" * len(page.title), ""]
    for block in page.blocks:
        if block.kind == "heading":
            lines += [block.text, "-" * len(block.text)]
        elif block.kind == "table":
            widths = [max(len(row[i]) for row in block.rows) for i in range(len(block.rows[0]))]
            lines += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in block.rows]
        elif block.kind in ("bullets", "numbers"):
            for number, item in enumerate(block.items, start=1):
                mark = "* " if block.kind == "bullets" else f"{number}. "
                lines += textwrap.wrap(item, 96, initial_indent=mark, subsequent_indent=" " * len(mark))
        elif block.kind == "code":
            lines += block.text.splitlines()
        else:
            lines += textwrap.wrap(block.text, 96, break_on_hyphens=False)
        lines.append("")
    target.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8", newline="\n")


_XHTML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en">
<head><title>{title}</title></head>
<body>
{body}
</body>
</html>
"""

_OPF = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:tarnholt:{ident}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<dc:date>{date}</dc:date>
<meta property="dcterms:modified">{modified}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""

_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def _chapters(page: Page) -> list[tuple[str, tuple[Block, ...]]]:
    chapters: list[tuple[str, list[Block]]] = []
    for block in page.blocks:
        if block.kind == "heading" and block.level == 1:
            chapters.append((block.text, []))
        chapters[-1][1].append(block)
    return [(title, tuple(blocks)) for title, blocks in chapters]


def write_epub(page: Page, target: Path) -> None:
    """Write ``page`` as an EPUB 3 book, one chapter file for every first-level heading."""
    names: list[tuple[str, str]] = []
    bodies: list[tuple[str, bytes]] = []
    for number, (title, blocks) in enumerate(_chapters(page), start=1):
        name = f"chapter-{number:02d}.xhtml"
        names.append((name, title))
        bodies.append((f"OEBPS/{name}", _XHTML.format(title=escape(title), body=blocks_html(blocks)).encode()))
    links = "\n".join(f'<li><a href="{name}">{escape(title)}</a></li>' for name, title in names)
    nav = f'<nav epub:type="toc"><h1>Contents</h1><ol>\n{links}\n</ol></nav>'
    opf = _OPF.format(
        ident=re.sub(r"\W+", "-", page.path),
        title=escape(page.title),
        author=escape(page.author),
        date=page.meta["date"],
        modified=page.modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
        items="\n".join(
            f'<item id="c{i}" href="{n}" media-type="application/xhtml+xml"/>'
            for i, (n, _) in enumerate(names, start=1)
        ),
        spine="\n".join(f'<itemref idref="c{i}"/>' for i in range(1, len(names) + 1)),
    )
    members = [
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", _CONTAINER.encode()),
        ("OEBPS/content.opf", opf.encode()),
        ("OEBPS/nav.xhtml", _XHTML.format(title="Contents", body=nav).encode()),
        *bodies,
    ]
    write_members(target, members, stored=("mimetype",))


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def write_notebook(page: Page, target: Path) -> None:
    """Write ``page`` as a notebook: ``python`` blocks become code cells, ``output`` blocks what they printed."""
    cells: list[dict[str, object]] = []
    count = 0
    for chunk in re.split(r"(```\w+\n.*?\n```)", page.body, flags=re.S):
        fenced = re.fullmatch(r"```(\w+)\n(.*?)\n```", chunk, flags=re.S)
        if fenced is None:
            if chunk.strip():
                cells.append(
                    {
                        "cell_type": "markdown",
                        "id": f"cell-{len(cells) + 1}",
                        "metadata": {},
                        "source": _lines(chunk.strip()),
                    }
                )
        elif fenced[1] == "output":
            cells[-1]["outputs"] = [{"name": "stdout", "output_type": "stream", "text": _lines(fenced[2] + "\n")}]
        else:
            count += 1
            cells.append(
                {
                    "cell_type": "code",
                    "execution_count": count,
                    "id": f"cell-{len(cells) + 1}",
                    "metadata": {},
                    "outputs": [],
                    "source": _lines(fenced[2]),
                }
            )
    book = {
        "cells": cells,
        "metadata": {
            "authors": [{"name": page.author}],
            "date": page.meta["date"],
            "title": page.title,
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": "3.11.6"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    target.write_text(json.dumps(book, indent=1) + "\n", encoding="utf-8", newline="\n")
