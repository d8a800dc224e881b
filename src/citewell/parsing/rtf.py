"""Rich text (RTF): paragraphs, headings, list items, tables, notes, text boxes, and page headers once.

striprtf turns a file into one string: it loses footnotes, comments and text boxes, shows hidden text and deletions as
text, and says neither where a paragraph is a heading nor which cell a word stands in. So this reads the language
itself: groups, control words and characters; what it does not know is passed over, as the format demands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import rtf_words
from citewell.parsing.builder import Builder
from citewell.parsing.packages import is_white
from citewell.parsing.rtf_blocks import Blocks, Paragraph
from citewell.parsing.rtf_words import CHARACTERS, FLOWS, KEPT, SKIPPED, SYMBOLS

MAX_DEPTH = 2_000
"""Groups within groups. Word closes them at about a hundred."""

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])|([^\\{}\r\n\x00]+)|[\r\n\x00]+|\\$", re.DOTALL
)
_INFO = frozenset(("title", "author", "creatim", "revtim", "subject"))
_DATE_PARTS = ("yr", "mo", "dy", "hr", "min")


@dataclass
class _State:
    """What a group inherits from the one around it, and loses at its end."""

    destination: str = "body"
    codec: str = "cp1252"
    skip_after_unicode: int = 1
    hidden: bool = False
    deleted: bool = False
    half_points: int = 24
    colour: int = 0
    shaded: bool = False
    paragraph: Paragraph = field(default_factory=Paragraph)
    starred: bool = False
    entered: bool = False  # it began a stream of its own


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/rtf"
    _Reader(data, out).read()


class _Reader:
    def __init__(self, data: bytes, out: Builder) -> None:
        self.data = data
        self.out = out
        self.blocks = Blocks(out)
        self.state = _State()
        self.stack: list[_State] = []
        self.pending = bytearray()  # characters of the current code page, decoded together
        self.to_skip = 0  # stand-ins for a Unicode character, for readers that know none
        self.codecs: dict[int, str] = {}
        self.colours: list[str] = []
        self.rgb = [0, 0, 0]
        self.colour_given = False
        self.font = self.style = self.default_font = 0
        self.default_codec = "cp1252"
        self.names: dict[int, str] = {}
        self.info: dict[str, str] = {}
        self.dates: dict[str, dict[str, int]] = {}

    def read(self) -> None:
        at = 0
        data = self.data
        while (match := _TOKEN.match(data, at)) is not None:
            at = match.end()
            hexadecimal, word, number, symbol, brace, text = match.groups()
            if hexadecimal is not None:
                self.literal(bytes.fromhex(hexadecimal.decode()))
            elif text is not None:
                self.literal(text)
            elif word is not None:
                value = int(number) if number is not None else None
                if word == b"bin":
                    at += max(0, value or 0)
                else:
                    self.word(word.decode(), value)
            elif brace == b"{":
                self.open()
            elif brace == b"}":
                self.close()
            elif symbol is not None:
                self.symbol(symbol)
        self.flush()
        self.describe()
        self.blocks.finish()

    def literal(self, text: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(text))
            self.to_skip -= skipped
            text = text[skipped:]
        self.pending += text

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.state.starred = True
        elif symbol in b"\r\n":
            self.word("par", None)
        elif symbol in SYMBOLS:
            self.say(SYMBOLS[symbol])

    def open(self) -> None:
        self.flush()
        if len(self.stack) >= MAX_DEPTH:
            raise ParseError("too_large", f"'{self.out.name}' nests more than {MAX_DEPTH:,} groups. It is no document.")
        self.stack.append(self.state)
        self.state = copy(self.state)
        self.state.starred = self.state.entered = False
        self.to_skip = 0

    def close(self) -> None:
        self.flush()
        self.to_skip = 0
        if not self.stack:
            return
        inner, self.state = self.state, self.stack.pop()
        if inner.entered:
            self.blocks.leave()

    def word(self, word: str, value: int | None) -> None:
        if (character := CHARACTERS.get(word)) is not None:
            if self.to_skip:
                self.to_skip -= 1
            else:
                self.say(character)
            return
        self.flush()
        self.to_skip = 0
        state = self.state
        starred, state.starred = state.starred, False
        if self.destination(word.lower(), starred=starred) or state.destination == "skipped":
            return
        if (action := _ACTIONS.get(word)) is not None:
            action(self, value)
        elif state.destination in {"creatim", "revtim"} and word in _DATE_PARTS:
            self.dates.setdefault(state.destination, {})[word] = value or 0

    def destination(self, word: str, *, starred: bool) -> bool:
        """Whether a word opens a group of another kind; the group is then noted."""
        state = self.state
        if state.destination == "skipped":
            return True
        if word in {"fonttbl", "colortbl", "stylesheet", "info"} or (state.destination == "info" and word in _INFO):
            state.destination = word
        elif word == "atnauthor":
            state.destination = "author of comment"
        elif word in FLOWS and state.destination != "stylesheet":
            state.destination = FLOWS[word]
            self.blocks.enter(FLOWS[word])
            state.entered = True
            state.paragraph = Paragraph()
        elif word in {"pntext", "listtext"}:
            state.destination = "mark"
        elif word == "upr":
            state.destination = "upr"  # only the Unicode form within it counts
        elif word == "ud" and len(self.stack) > 1:
            state.destination = self.stack[-2].destination
        elif word in SKIPPED or (starred and word not in KEPT and state.destination != "stylesheet"):
            state.destination = "skipped"
        elif word in {"shpinst", "shpgrp"}:
            state.destination = "shape"
        else:
            return False
        return True

    def flush(self) -> None:
        if self.pending:
            data, self.pending = bytes(self.pending), bytearray()
            self.say(data.decode(self.state.codec, "replace"), flushed=True)

    def say(self, text: str, *, flushed: bool = False) -> None:
        """Characters go where the group sends them."""
        if not flushed:
            self.flush()
        state = self.state
        kind = state.destination
        if kind in self.blocks.kinds:
            if not state.deleted:
                self.blocks.say(text, self.unseen(), state.paragraph)
        elif kind == "mark":
            self.blocks.mark(text)
        elif kind in {"title", "author"}:
            self.info[kind] = self.info.get(kind, "") + text
        elif kind == "author of comment":
            self.blocks.author = text
        elif kind == "stylesheet":
            self.names[self.style] = (self.names.get(self.style, "") + text)[:200]
        elif kind == "colortbl":
            for _ in range(text.count(";")):
                self.colours.append(bytes(self.rgb).hex() if self.colour_given else "")
                self.rgb, self.colour_given = [0, 0, 0], False

    def unseen(self) -> str:
        """How the current characters are hidden, empty when they are not."""
        state = self.state
        if state.hidden:
            return "hidden text"
        if state.half_points <= 2:
            return "too small to read"
        on_paper = not state.shaded and not state.paragraph.in_table and state.destination != "text box"
        colour = self.colours[state.colour] if 0 <= state.colour < len(self.colours) else ""
        return "white on white" if on_paper and is_white(colour) else ""

    def describe(self) -> None:
        self.out.title = clean_line(self.info.get("title", ""))[:300]
        if author := clean_line(self.info.get("author", "")):
            self.out.metadata["author"] = author[:300]
        parts = self.dates.get("revtim") or self.dates.get("creatim") or {}
        year, month, day, hour, minute = (parts.get(part, 0) for part in _DATE_PARTS)
        if 1980 <= year < 10_000 and 0 < month <= 12 and 0 < day <= 31 and 0 <= hour < 24 and 0 <= minute < 60:
            self.out.modified_at = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00"

    def unicode(self, value: int | None) -> None:
        self.to_skip = self.state.skip_after_unicode
        self.say(chr((value or 0) & 0xFFFF))

    def set_font(self, value: int | None) -> None:
        self.font = value or 0
        if self.state.destination != "fonttbl":
            self.state.codec = self.codecs.get(self.font) or self.default_codec

    def set_character_set(self, value: int | None) -> None:
        if self.state.destination == "fonttbl" and (codec := rtf_words.of_character_set(value or 0)):
            self.codecs.setdefault(self.font, codec)

    def set_code_page(self, value: int | None) -> None:
        self.default_codec = self.state.codec = rtf_words.of_code_page(value or 1252)

    def set_colour_part(self, position: int, value: int | None) -> None:
        self.rgb[position] = min(max(value or 0, 0), 255)
        self.colour_given = True

    def set_style(self, value: int | None) -> None:
        if self.state.destination == "stylesheet":
            self.style = value or 0
        else:
            self.change(style=self.names.get(value or 0, "").rstrip(";"))

    def change(self, **values: object) -> None:
        """Set paragraph properties; paragraphs are shared between groups, so a changed one is a new one."""
        self.state.paragraph = copy(self.state.paragraph)
        for name, value in values.items():
            setattr(self.state.paragraph, name, value)

    def plain(self, _value: int | None) -> None:
        state = self.state
        state.hidden = state.deleted = state.shaded = False
        state.half_points, state.colour = 24, 0
        state.codec = self.codecs.get(self.default_font) or self.default_codec

    def end_paragraph(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.end_paragraph(self.state.paragraph)

    def end_cell(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.end_cell()

    def begin_row(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.begin_row()

    def define_cell(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.define_cell()

    def define_continued(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.define_continued()

    def end_row(self, _value: int | None) -> None:
        if self.state.destination in self.blocks.kinds:
            self.blocks.end_row()


Action = Callable[[_Reader, int | None], None]


def _flag(name: str) -> Action:
    def set_flag(reader: _Reader, value: int | None) -> None:
        setattr(reader.state, name, value != 0)

    return set_flag


def _shade(reader: _Reader, value: int | None) -> None:
    reader.state.shaded = reader.state.shaded or bool(value)


def _set(name: str) -> Action:
    def set_number(reader: _Reader, value: int | None) -> None:
        setattr(reader.state, name, max(0, value or 0))

    return set_number


def _paragraph(name: str, change: Callable[[int | None], object]) -> Action:
    return lambda reader, value: reader.change(**{name: change(value)})


_ACTIONS: dict[str, Action] = {
    "u": _Reader.unicode, "uc": _set("skip_after_unicode"), "f": _Reader.set_font,
    "fcharset": _Reader.set_character_set, "ansicpg": _Reader.set_code_page,
    "mac": lambda reader, _: reader.set_code_page(10000), "pc": lambda reader, _: reader.set_code_page(437),
    "pca": lambda reader, _: reader.set_code_page(850),
    "deff": lambda reader, value: setattr(reader, "default_font", value or 0),
    "red": lambda reader, value: reader.set_colour_part(0, value),
    "green": lambda reader, value: reader.set_colour_part(1, value),
    "blue": lambda reader, value: reader.set_colour_part(2, value),
    "v": _flag("hidden"), "deleted": _flag("deleted"), "plain": _Reader.plain, "fs": _set("half_points"),
    "cf": _set("colour"), "highlight": _shade, "cb": _shade, "chcbpat": _shade, "cbpat": _shade,
    "pard": lambda reader, _: setattr(reader.state, "paragraph", Paragraph()), "s": _Reader.set_style,
    "outlinelevel": _paragraph("outline", lambda value: value),
    "intbl": _paragraph("in_table", lambda value: value != 0),
    "ls": _paragraph("listed", bool),
    "ilvl": _paragraph("level", lambda value: min(max(value or 0, 0), 8)),
    "par": _Reader.end_paragraph, "sect": _Reader.end_paragraph, "cell": _Reader.end_cell, "row": _Reader.end_row,
    "trowd": _Reader.begin_row, "cellx": _Reader.define_cell, "clvmrg": _Reader.define_continued,
}  # fmt: skip
