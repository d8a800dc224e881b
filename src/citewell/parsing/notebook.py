"""Jupyter notebooks: Markdown cells as Markdown, code cells as code, the text they put out in short.

Locators name the cell, counted from 1, and the lines in it. Pictures and other rich output are left out.
"""

from __future__ import annotations

import re
from typing import Any

from citewell.errors import ParseError
from citewell.parsing import html, markdown
from citewell.parsing.builder import Builder
from citewell.parsing.code import portions
from citewell.parsing.encoding import decode
from citewell.parsing.structured import load
from citewell.records import Locator

MAX_OUTPUT_LINES = 30  # of one output; more is a log or a large table, which belongs into a file of its own
MAX_OUTPUT_CHARACTERS = 3000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PLACEHOLDER = re.compile(r"<[\w.]+(?: [^<>]*)?>")  # how Python shows an object without text, such as <Figure size …>


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/x-ipynb+json"
    value = load(decode(data, out.name), out.name)
    cells = _cells(value)
    if cells is None:
        raise ParseError(
            "corrupt",
            f"'{out.name}' is JSON, but not a Jupyter notebook: expected a list of cells, found "
            f"{_kind(value)}. If it is plain JSON, name it .json.",
        )
    _describe(value, out)
    shortened = sum(_cell(cell, f"cell {number}", out) for number, cell in enumerate(cells, start=1))
    if shortened:
        out.notes.append(f"{shortened} long outputs of cells were cut to {MAX_OUTPUT_LINES} lines.")


def _kind(value: Any) -> str:
    return f"an object with {', '.join(sorted(map(str, value)))[:100]}" if isinstance(value, dict) else "something else"


def _cells(value: Any) -> list[dict[str, Any]] | None:
    """Of format 4, or of the worksheets of format 3; ``None`` when it is no notebook."""
    if not isinstance(value, dict):
        return None
    found = value.get("cells")
    if found is None and isinstance(value.get("worksheets"), list):
        found = [cell for sheet in value["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


def _describe(notebook: dict[str, Any], out: Builder) -> None:
    facts = notebook.get("metadata")
    if not isinstance(facts, dict):
        return
    if isinstance(facts.get("title"), str):
        out.title = facts["title"]
    authors = facts.get("authors")
    names = [each.get("name") for each in authors if isinstance(each, dict)] if isinstance(authors, list) else []
    if author := ", ".join(name for name in names if isinstance(name, str)):
        out.metadata["author"] = author[:300]
    for key in ("kernelspec", "language_info"):
        info = facts.get(key)
        name = (info.get("language") or info.get("name")) if isinstance(info, dict) else None
        if isinstance(name, str) and name:
            out.metadata["programming_language"] = name[:50]


def _cell(cell: dict[str, Any], part: str, out: Builder) -> int:
    """Append one cell; returns how many of its outputs were shortened."""
    source = _joined(cell.get("source", cell.get("input")))
    match cell.get("cell_type"):
        case "markdown":
            markdown.write(source, out, part)
        case "heading":  # format 3
            level = cell.get("level")
            out.heading(source, level if isinstance(level, int) and 1 <= level <= 6 else 1, Locator(part=part))
        case "code":
            lines = source.split("\n")
            for first, last in portions(lines, 0, len(lines)):
                out.add("code", "\n".join(lines[first:last]), Locator(part=part, lines=(first + 1, last)))
            outputs = cell.get("outputs")
            return sum(_output(each, f"{part}, output", out) for each in outputs) if isinstance(outputs, list) else 0
        case _:
            out.add("paragraph", source, Locator(part=part))
    return 0


def _output(output: Any, part: str, out: Builder) -> bool:
    """Append what one output says; whether it was shortened."""
    if not isinstance(output, dict):
        return False
    rich = output.get("data")
    data: dict[str, Any] = rich if isinstance(rich, dict) else output
    words = _joined(output.get("text")) or _joined(data.get("text/plain"))
    if output.get("output_type") in {"error", "pyerr"}:
        words = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
    elif prose := _joined(data.get("text/markdown")):
        markdown.write(prose, out, part)
        return False
    elif (page := _joined(data.get("text/html"))) and (not words or _PLACEHOLDER.fullmatch(words.strip())):
        html.write_fragment(page, out, part)
        return False
    words = _ANSI.sub("", words)
    if _PLACEHOLDER.fullmatch(words.strip()):
        return False
    short = "\n".join(words.split("\n")[:MAX_OUTPUT_LINES])[:MAX_OUTPUT_CHARACTERS]
    out.add("code", short, Locator(part=part))
    return len(short) < len(words.rstrip())


def _joined(value: Any) -> str:
    """Notebooks keep text as one string or as a list of lines."""
    if isinstance(value, str):
        return value
    return "".join(each for each in value if isinstance(each, str)) if isinstance(value, list) else ""
