"""Deterministic stand-ins small enough to read: words as tokens, hashed words as vectors."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from citewell.records import Block, Document, Locator


class WordEncoder:
    """Each word is one token; a text's vector is the normalised sum of its words' hashed directions."""

    identity = "words@1"
    dimension = 32
    max_tokens = 64

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self.token_spans(text)) + 2 for text in texts]

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or ["empty"]:
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                rows[index] += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def make_document(*blocks: tuple[str, str] | tuple[str, str, tuple[str, ...]], title: str = "Guide") -> Document:
    """A document from ``(kind, text[, heading_path])`` triples, one line per locator."""
    text, made = "", []
    header = ""
    for line, each in enumerate(blocks, start=1):
        kind, content, *path = each
        if text:
            text += "\n" if kind == "table_row" else "\n\n"
        header = content if kind == "table_header" else header if kind == "table_row" else ""
        start = len(text)
        text += content
        made.append(
            Block(
                kind,  # type: ignore[arg-type]
                (start, len(text)),
                Locator(lines=(line, line)),
                heading_path=path[0] if path else (),
                header=header if kind == "table_row" else "",
            )
        )
    return Document(
        "d" * 32, "v" * 32, "/docs/guide.md", title, "text/markdown", text, tuple(made), readers=("everyone",)
    )


def settle(root: Path) -> None:
    """Makes every file below look a minute old, so that its time is trusted."""
    past = time.time() - 60
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (past, past))
