"""Turn the question files into ``questions.jsonl``, with a place found for every quotation.

A question file holds blocks separated by blank lines. The first character of a line says what it is::

    @ path of the document; stays in force until the next one
    ? question
    = short answer
    > quotation
    # further tags
    + path of another document :: quotation from it
    - reason why there is no answer (then ``@`` names the nearest document, or ``none``)
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from .locate import Locator, locate
from .markup import read_page

_KINDS = {
    ".xlsx": "spreadsheet",
    ".csv": "spreadsheet",
    ".eml": "email",
    ".py": "code",
    ".c": "code",
    ".json": "code",
    ".ipynb": "code",
    ".jsonl": "ticket",
}
_UNREAD = {".scan.pdf": "scan", ".wav": "recording"}


def glob_match(pattern: str, path: str) -> bool:
    """Whether ``path`` matches ``pattern``; ``**`` crosses folders and ``*`` does not."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.fullmatch("".join({"**": ".*", "*": "[^/]*"}.get(p, re.escape(p)) for p in parts), path) is not None


def _readers(corpus: Path) -> list[tuple[str, list[str]]]:
    rules = tomllib.loads((corpus / "citewell-readers.toml").read_text(encoding="utf-8"))["rule"]
    return [(rule["path"], rule["readers"]) for rule in rules]


def _blocks(text: str) -> list[list[tuple[str, str]]]:
    return [[(line[0], line[2:].strip()) for line in chunk.splitlines()] for chunk in re.split(r"\n{2,}", text.strip())]


class _Builder:
    def __init__(self, corpus: Path, pages: Path) -> None:
        self.corpus, self.pages = corpus, pages
        self.rules = _readers(corpus)
        self.items: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.counts = {"q": 0, "u": 0}
        self.document = "none"

    def _ident(self, letter: str) -> tuple[str, str]:
        self.counts[letter] += 1
        ident = f"{letter}{self.counts[letter]:03d}"
        return ident, ("fit", "test")[hashlib.sha256(ident.encode()).digest()[0] % 2]

    def _place(self, document: str, quote: str) -> Locator:
        for ending in _UNREAD:
            if document.endswith(ending):
                page = read_page(self.pages / f"{document}.md", self.pages)
                spoken = " ".join(" ".join(b.items) or b.text for b in page.blocks)
                if quote not in spoken:
                    self.problems.append(f"not in {document}: {quote}")
                return {"page": 1} if ending == ".scan.pdf" else {}
        path = self.corpus / document
        where = locate(path, quote) if path.is_file() else None
        if where is None:
            self.problems.append(f"not in {document}: {quote}")
            return {}
        return where

    def _tags(self, document: str, quote: str, answer: str, more: list[str]) -> list[str]:
        suffix = Path(document).suffix
        tags = ["table" if " | " in quote else "prose"]
        tags += [_KINDS[suffix]] if suffix in _KINDS else []
        tags += [tag for ending, tag in _UNREAD.items() if document.endswith(ending)]
        tags += ["numeric"] if re.search(r"\d", answer) else []
        return list(dict.fromkeys([*tags, *more, suffix.removeprefix(".")]))

    def add(self, block: list[tuple[str, str]]) -> None:
        """Add one block of a question file."""
        fields = {mark: text for mark, text in block if mark != "+"}
        self.document = fields.get("@", self.document)
        if "?" not in fields:
            return
        more = fields.get("#", "").split()
        if "-" in fields:
            ident, split = self._ident("u")
            item: dict[str, Any] = {
                "id": ident,
                "question": fields["?"],
                "answer": None,
                "document": None,
                "quote": None,
                "locator": None,
                "tags": [*more, "unanswerable"],
                "answerable": False,
                "reason": fields["-"],
                "split": split,
            }
            if self.document != "none":
                item["nearest"] = self.document
                if not (self.corpus / self.document).is_file():
                    self.problems.append(f"no such document: {self.document}")
            self.items.append(item)
            return
        ident, split = self._ident("q")
        tags = self._tags(self.document, fields[">"], fields["="], more)
        item = {
            "id": ident,
            "question": fields["?"],
            "answer": fields["="],
            "document": self.document,
            "quote": fields[">"],
            "locator": self._place(self.document, fields[">"]),
            "tags": tags,
            "answerable": True,
            "split": split,
        }
        readers = next(readers for pattern, readers in self.rules if glob_match(pattern, self.document))
        if readers != ["everyone"]:
            item["principals"] = readers
            tags.insert(-1, "restricted")
        also = [text.split(" :: ", 1) for mark, text in block if mark == "+"]
        if also:
            item["also"] = [{"document": d, "quote": q, "locator": self._place(d, q)} for d, q in also]
        self.items.append(item)


def write_questions(source: Path, corpus: Path, target: Path) -> list[str]:
    """Write every question below ``source`` to ``target`` and return what is wrong with them."""
    builder = _Builder(corpus, source.parent / "pages")
    for path in sorted(source.glob("*.txt")):
        for block in _blocks(path.read_text(encoding="utf-8")):
            builder.add(block)
    lines = [json.dumps(item, ensure_ascii=False) for item in builder.items]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return builder.problems
