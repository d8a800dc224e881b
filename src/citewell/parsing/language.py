"""The language of a text, by character n-grams."""

from __future__ import annotations

from py3langid import langid

MIN_LETTERS = 40  # shorter texts are guessed wrong too often to be worth a field


def identify(text: str) -> str:
    """Two-letter ISO 639-1 code of the text's main language, or empty when there is too little of it."""
    if sum(map(str.isalpha, text)) < MIN_LETTERS:
        return ""
    code = str(langid.classify(text)[0])
    return "" if code == "zxx" else code  # zxx: no language


def load() -> None:
    """Load the model now, which writes temporary files, so that a confined process can identify without them."""
    langid.classify("load")
