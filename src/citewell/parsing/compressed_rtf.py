"""Rich text as Outlook packs it into a message, after [MS-OXRTFCP]: a small dictionary coder with a preset window."""

from __future__ import annotations

import struct

from citewell.errors import ParseError
from citewell.parsing import rtf
from citewell.parsing.builder import Builder

MAX_UNPACKED = 20 << 20

_WINDOW = 4096
_HEADER = struct.Struct("<4I")  # packed size, unpacked size, kind, checksum
_PACKED, _PLAIN = 0x75465A4C, 0x414C454D  # "LZFu", "MELA"
# The window before the first byte: words that begin nearly every such text ([MS-OXRTFCP] 2.1.2.1).
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain"
    b"\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def text_of(packed: bytes) -> str:
    """The text of packed rich text; empty when there is none or it is damaged beyond use."""
    out = Builder("message.rtf")
    try:
        rtf.read(unpack(packed), out)
        return out.finish().text
    except ParseError:
        return ""


def unpack(packed: bytes) -> bytes:
    """The rich text, as far as it can be unpacked."""
    if len(packed) < _HEADER.size:
        return b""
    _, size, kind, _ = _HEADER.unpack_from(packed)
    content = packed[_HEADER.size :]
    size = min(size, MAX_UNPACKED)
    if kind == _PLAIN:
        return content[:size]
    return _expand(content, size) if kind == _PACKED else b""


def _expand(content: bytes, size: int) -> bytes:
    """Groups of eight: a byte of flags, then for each bit a byte or a reference (12 bits where, 4 bits how long)."""
    out = bytearray(_PRESET)
    start = len(_PRESET)
    at = 0
    while at < len(content) and len(out) - start < size:
        flags, at = content[at], at + 1
        for bit in range(8):
            if flags >> bit & 1 == 0:
                out += content[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(content[at : at + 2], "big")
            at += 2
            where, length = reference >> 4, (reference & 15) + 2
            back = (len(out) - where) % _WINDOW  # positions count around the window
            if at > len(content) or back == 0:
                return bytes(out[start : start + size])
            for _ in range(length):
                out.append(out[-back] if back <= len(out) else 0x20)
    return bytes(out[start : start + size])
