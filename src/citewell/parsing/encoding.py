"""Bytes of a text file → characters."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from citewell.errors import ParseError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257", "mac_roman", "iso8859_2"]
_ASCII_LETTERS = bytes([*range(65, 91), *range(97, 123)])
_PUNCTUATION = bytes([0x80, 0x82, 0x84, 0x85, 0x8B, *range(0x91, 0x98), 0x9B, 0xA0, 0xA7, 0xAB, 0xB0, 0xBB])  # cp1252
_GUESSED_FROM = 50_000  # bytes charset-normalizer looks at; more makes it slow, not better


def decode(data: bytes, name: str, declared: str = "") -> str:
    """By byte order mark, then strict UTF-8, then the declared encoding, then a guess. Binary data is an error."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\x00" in data:
        return _without_mark(data, name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A cut or a single bad byte late in a long UTF-8 text should not turn every accent into two letters.
        good = len(data[: error.start].decode("utf-8", "ignore")) < error.start
        if good and data.decode("utf-8", "replace").count("\ufffd") < len(data) // 200:
            return data.decode("utf-8", "replace")
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass  # a wrong declaration is common: guess instead
    return data.decode(_guess(data[:_GUESSED_FROM]), errors="replace")


def _guess(data: bytes) -> str:
    """The encoding, from the bytes alone. Texts in Latin letters with a few accents are too short of evidence for a
    free choice, which takes them for Arabic or Japanese now and then."""
    high = data.translate(None, bytes(range(128)))
    letters = len(data) - len(data.translate(None, _ASCII_LETTERS))
    latin = len(high) < 0.4 * (len(high) + letters)
    if latin and not high.translate(None, _PUNCTUATION):
        return "cp1252"
    guess = from_bytes(data, cp_isolation=_LATIN if latin else None).best()
    encoding = guess.encoding if guess is not None else "cp1252"
    # Where Western Europe has à and å, Central Europe has ŕ and ĺ, which no language uses much.
    return "cp1252" if encoding == "cp1250" and set(high) & set(b"\xc0\xc5\xe0\xe5") else encoding


def _without_mark(data: bytes, name: str) -> str:
    """UTF-16 without a mark has a zero in every second byte of mostly Latin text; anything else is binary."""
    even, odd = data[0:4000:2].count(0), data[1:4000:2].count(0)
    half = min(len(data), 4000) // 2
    if half and odd > 0.6 * half and even < 0.05 * half:
        return data.decode("utf-16-le", errors="replace")
    if half and even > 0.6 * half and odd < 0.05 * half:
        return data.decode("utf-16-be", errors="replace")
    if data.count(0) <= max(1, len(data) // 10_000):  # a stray zero in a log
        return decode(data.replace(b"\x00", b""), name)
    raise ParseError(
        "corrupt",
        f"'{name}' holds binary data (zero bytes), where text was expected. If it is not a text file, give it the "
        "extension of what it is.",
    )
