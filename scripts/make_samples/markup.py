"""A small Markdown subset: enough to describe a policy, a data sheet or a slide deck once and write it anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_ORDERED = re.compile(r"^\d+\. +")


@dataclass(frozen=True)
class Block:
    """One piece of a document.

    ``kind`` is heading, para, bullets, numbers, table, code or break. ``level`` is used by headings only, ``info``
    holds the language of a code block, and ``rows`` the cells of a table with the header row first.
    """

    kind: str
    text: str = ""
    level: int = 0
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    info: str = ""


@dataclass(frozen=True)
class Page:
    """A source document: where it goes, what is said about it, and its blocks."""

    path: str
    meta: dict[str, str]
    body: str
    blocks: tuple[Block, ...] = field(default=())

    @property
    def title(self) -> str:
        """Title as shown in the document and its metadata."""
        return self.meta["title"]

    @property
    def author(self) -> str:
        """Person or department that signs the document."""
        return self.meta.get("author", "Tarnholt Instruments")

    @property
    def created(self) -> datetime:
        """Date of the document, at nine in the morning."""
        return datetime.fromisoformat(self.meta["date"] + "T09:00:00")

    @property
    def modified(self) -> datetime:
        """Date of the last change; the document date when nothing else is given."""
        return datetime.fromisoformat(self.meta.get("modified", self.meta["date"]) + "T16:30:00")


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def _is_start(line: str) -> bool:
    return line.startswith(("#", "- ", "|", "```", "\\pagebreak")) or bool(_ORDERED.match(line))


def _items(lines: list[str], start: int, ordered: bool) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    index = start
    while index < len(lines):
        line = lines[index]
        if ordered and _ORDERED.match(line):
            found.append(_ORDERED.sub("", line).strip())
        elif not ordered and line.startswith("- "):
            found.append(line[2:].strip())
        elif line.startswith("  ") and line.strip() and found:
            found[-1] += " " + line.strip()
        else:
            break
        index += 1
    return tuple(found), index


def parse_blocks(text: str) -> tuple[Block, ...]:
    """Split ``text`` into blocks."""
    lines = text.splitlines()
    blocks: list[Block] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line.strip():
            index += 1
        elif line.startswith("```"):
            end = next(i for i in range(index + 1, len(lines)) if lines[i].startswith("```"))
            blocks.append(Block("code", "\n".join(lines[index + 1 : end]), info=line[3:].strip()))
            index = end + 1
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            blocks.append(Block("heading", line[level:].strip(), level=level))
            index += 1
        elif line.startswith("\\pagebreak"):
            blocks.append(Block("break"))
            index += 1
        elif line.startswith("|"):
            rows: list[tuple[str, ...]] = []
            while index < len(lines) and lines[index].startswith("|"):
                cells = _cells(lines[index])
                if not all(set(cell) <= set("-:") and cell for cell in cells):
                    rows.append(cells)
                index += 1
            blocks.append(Block("table", rows=tuple(rows)))
        elif line.startswith("- "):
            items, index = _items(lines, index, ordered=False)
            blocks.append(Block("bullets", items=items))
        elif _ORDERED.match(line):
            items, index = _items(lines, index, ordered=True)
            blocks.append(Block("numbers", items=items))
        else:
            parts = [line.strip()]
            index += 1
            while index < len(lines) and lines[index].strip() and not _is_start(lines[index]):
                parts.append(lines[index].strip())
                index += 1
            blocks.append(Block("para", " ".join(parts)))
    return tuple(blocks)


def read_page(source: Path, root: Path) -> Page:
    """Read one ``<output path>.md`` file below ``root``."""
    text = source.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    meta: dict[str, str] = {}
    for line in head.splitlines():
        if line.strip():
            key, _, value = line.partition(":")
            meta[key.strip()] = value.strip()
    path = source.relative_to(root).as_posix().removesuffix(".md")
    return Page(path, meta, body.strip("\n"), parse_blocks(body))


def bold_parts(text: str) -> list[tuple[str, bool]]:
    """Split inline text at ``**``; every second part is bold. Back-ticks are dropped."""
    parts = text.replace("`", "").split("**")
    return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def plain(text: str) -> str:
    """Inline text without emphasis marks."""
    return text.replace("**", "").replace("`", "")
