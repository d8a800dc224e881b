"""Deterministic stand-ins small enough to read: words as tokens, hashed words as vectors."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from citewell.answering.calibration import Calibration
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.models.reader import Reading, Window
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


class WordReader:
    """Takes one word as the answer: a number, else a word that the question does not have. A text is as relevant as it
    has words of the question."""

    identity = "words@1"

    def read(self, question: str, contexts: Sequence[str], texts: Sequence[str]) -> list[Reading]:
        asked, readings = set(re.findall(r"\w+", question.lower())), []
        for text in texts:
            words = list(re.finditer(r"\w+", text))
            known = [word.group().lower() in asked for word in words]
            logits = [
                -1.0 if seen else 1.5 if word.group()[0].isdigit() else 0.5
                for word, seen in zip(words, known, strict=True)
            ]
            readings.append(_reading([word.span() for word in words], logits, float(sum(known))))
        return readings


class ScriptedReader:
    """Finds in each text the phrases it is told, each with its odds. said: text → its relevance and {phrase: odds}."""

    identity = "script@1"

    def __init__(self, said: Mapping[str, tuple[float, Mapping[str, float]]]) -> None:
        self._said = said

    def read(self, question: str, contexts: Sequence[str], texts: Sequence[str]) -> list[Reading]:
        readings = []
        for text in texts:
            relevance, phrases = self._said[text]
            found = sorted((text.index(phrase), phrase) for phrase in phrases)
            spans = [(start, start + len(phrase)) for start, phrase in found]
            readings.append(_reading(spans, [phrases[phrase] / 2 for _, phrase in found], relevance))
        return readings


def _reading(spans: Sequence[tuple[int, int]], logits: Sequence[float], relevance: float) -> Reading:
    values = np.asarray(logits, dtype=np.float32)
    return Reading((Window(tuple(spans), values, values),), relevance)


def make_calibration(
    units: Mapping[str, float], sure: Mapping[str, float] | None = None, *, answer: float = 0.7, weak: float = 0.4
) -> Calibration:
    """One in which only the features named count; confidence follows the best unit's logit unless told otherwise."""
    sure = {"logit": 1.0} if sure is None else sure
    return Calibration(
        np.asarray([units.get(name, 0.0) for name in FEATURES]), 0.0,
        np.asarray([sure.get(name, 0.0) for name in CONFIDENCE_FEATURES]), 0.0, answer, weak,
    )  # fmt: skip


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
