"""A sample collection: the papers of the fictional company Tarnholt Instruments, and questions about them."""

from __future__ import annotations

from pathlib import Path

DEMO_QUESTIONS = (
    "How many days may I work from home each week?",  # prose
    "What response time does the TPX-220 have?",  # a table in a PDF
    "What is the most I can pay for a hotel room in London these days?",  # two versions that differ
    "What is the maximum pressure of the TPX-230?",  # not in these documents: there is a 210 and a 220
)
"""One question of each kind; the last one has no answer in the corpus."""


def corpus_path() -> Path:
    """Folder that holds the sample documents and their ``citewell-readers.toml``."""
    return Path(__file__).parent / "corpus"


def questions_path() -> Path:
    """File of questions about the documents, one JSON object a line."""
    return Path(__file__).parent / "questions.jsonl"
