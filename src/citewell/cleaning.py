"""Characters a person does not see, or sees otherwise than a program does, made plain.

Every text of a document passes through :func:`clean` (prose) or :func:`clean_code` once, before spans are counted, so
that quotes, the index and the reader of an answer see the same characters. Both are idempotent. What they take away
can hide instructions in a document (tag characters, zero-width characters, bidirectional controls); what they keep is
what people wrote: composition is NFC, not NFKC, because ``10²`` must not become ``102``.
"""

from __future__ import annotations

import re
import unicodedata

_REPLACED = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st",
    "\u0132": "IJ", "\u0133": "ij",
    "\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢",  # bullets of the Symbol and Wingdings fonts in Word and PDF files
    "\u0085": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n",
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
    **{chr(code): " " for code in range(0x2000, 0x200B)},
}  # fmt: skip

_REMOVED = [
    *range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0),  # control characters
    0xAD, 0x34F, 0x180E, 0x200B, *range(0x2060, 0x2065), 0x3164, 0xFEFF, 0xFFFE, 0xFFFF,  # soft hyphen, zero width
    0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x2070), *range(0xFFF9, 0xFFFC),  # bidi controls
    *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0), *range(0xE0000, 0xE0080),  # variation selectors, tags
]  # fmt: skip

_TABLE: dict[int, str | None] = {
    **{ord(character): text for character, text in _REPLACED.items()},
    **dict.fromkeys(_REMOVED, None),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}

_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Joiners shape Arabic, Persian, Indic and emoji text. Elsewhere they are invisible noise.
_SHAPED = r"\u0600-\u1cff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINERS = re.compile(
    rf"(?<![{_SHAPED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_SHAPED}])|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_EMOJI_SELECTOR = re.compile(r"(?<![#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])\ufe0f+")

_BLANKS = re.compile(r"[ \t]+")
_AROUND_NEWLINE = re.compile(r" ?\n ?")
_NEWLINES = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"(?<![ \t])[ \t]+(?=\n|$)")  # begun once per run of blanks, not at each of them


def clean(text: str) -> str:
    """Prose: characters made plain, runs of blanks folded to one space, at most one empty line, ends stripped."""
    text = _characters(text)
    text = _AROUND_NEWLINE.sub("\n", _BLANKS.sub(" ", text))
    return _NEWLINES.sub("\n\n", text).strip()


def clean_code(text: str) -> str:
    """Code: characters made plain, blanks inside and before a line kept, those after it and empty end lines dropped."""
    text = _TRAILING.sub("", _characters(text))
    return text.strip("\n")


def clean_line(text: str) -> str:
    """Prose on one line, for titles, headings and table cells."""
    return " ".join(clean(text).split())


def _characters(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return _ASCII_CONTROL.sub(lambda match: "\n" if match[0] in "\x0b\x0c" else "", text)
    # One pass is a fixed point for all but contrived text (a removed character may bring two others together).
    while (plain := _pass(text)) != text:
        text = plain
    return text


def _pass(text: str) -> str:
    text = text.translate(_TABLE)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINERS.sub("", text)
    if "\ufe0f" in text:
        text = _EMOJI_SELECTOR.sub("", text)
    return unicodedata.normalize("NFC", text)
