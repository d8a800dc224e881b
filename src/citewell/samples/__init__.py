"""A sample collection: the papers of the fictional company Tarnholt Instruments, and questions about them."""

from __future__ import annotations

from pathlib import Path


def corpus_path() -> Path:
    """Folder that holds the sample documents and their ``citewell-readers.toml``."""
    return Path(__file__).parent / "corpus"


def questions_path() -> Path:
    """File of questions about the documents, one JSON object a line."""
    return Path(__file__).parent / "questions.jsonl"
