"""Full text: how passages are split into terms, and how a question becomes a query of plain words.

Ranking is BM25 with k1 = 1.2 and b = 0.75 (Robertson et al. 1995, "Okapi at TREC-3"), over lower-cased, accent-folded
and stemmed words without stop words. Words are cut by Unicode's rules and a dictionary for scripts written without
spaces (``icu/split``), so Chinese, Japanese and Thai are searchable in every collection; for text with spaces the terms
are those of the simple splitter.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

MAX_QUERY_TERMS = 64
"""Distinct words of a question that are looked up; a longer question keeps its first ones."""

MAX_QUERY_CHARACTERS = 20_000
"""Characters of a question that are read at all."""

_STOP_WORDS = frozenset({
    "Danish", "Dutch", "English", "Finnish", "French", "German", "Hungarian", "Italian", "Norwegian", "Portuguese",
    "Russian", "Spanish", "Swedish",
})  # fmt: skip
_STEMMED = _STOP_WORDS | {"Arabic", "Greek", "Romanian", "Tamil", "Turkish"}

_WORD = re.compile(r"\w+")


def tokenizer_options(language: str) -> dict[str, Any]:
    """Options of the engine's inverted index for ``language`` (an English name such as ``German``).

    A language without stemmer or stop words is indexed by its words as they are.
    """
    stemmed, stopped = language in _STEMMED, language in _STOP_WORDS
    return {
        "base_tokenizer": "icu/split",
        "language": language if stemmed else "English",
        "stem": stemmed,
        "remove_stop_words": stopped,
        "ascii_folding": True,
        "lower_case": True,
        "with_position": False,
    }


def query_words(question: str) -> str:
    """The first :data:`MAX_QUERY_TERMS` distinct words of ``question``, joined by blanks; it holds no query syntax."""
    words = (match.group() for match in _WORD.finditer(question[:MAX_QUERY_CHARACTERS]))
    distinct = islice(dict.fromkeys(word.casefold() for word in words), MAX_QUERY_TERMS)
    return " ".join(distinct)
