"""PowerPoint presentations of before 2007 (.ppt), as [MS-PPT] describes them.

A document is a tree of records; slides stand where the list of persistent objects says. A slide's words are in its
drawing, or, for titles and outlines, in the document's list of slide texts, to which the drawing refers. Read per
slide: the title, texts and tables from top left, speaker notes. A table is a group of shapes; its rows and columns are
found by where their corners are. Hidden slides are kept apart. Embedded charts and pictures are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from citewell.parsing import compound
from citewell.parsing.builder import Builder
from citewell.parsing.compound import number
from citewell.parsing.reading_order import BAND_INCHES, in_order
from citewell.parsing.text_tables import write_table
from citewell.records import Locator

# Record types, [MS-PPT] 2.13.24 and [MS-ODRAW] 2.2
_DOCUMENT, _SLIDE, _NOTES, _SLIDE_ATOM, _SLIDE_INFO = 0x03E8, 0x03EE, 0x03F0, 0x03EF, 0x03F9
_SLIDE_LIST, _SLIDE_PERSIST, _DRAWING, _DOCUMENT_ATOM = 0x0FF0, 0x03F3, 0x040C, 0x03E9
_TEXT_HEADER, _CHARACTERS, _BYTES, _OUTLINE_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_USER_EDIT, _PERSIST_DIRECTORY = 0x0FF5, 0x1772
_GROUP, _SHAPE, _TEXT_BOX, _ANCHOR, _CHILD_ANCHOR = 0xF003, 0xF004, 0xF00D, 0xF010, 0xF00F
_PROPERTIES = (0xF00B, 0xF121, 0xF122)
_TABLE_PROPERTIES = 0x039F  # marks a group as a table, [MS-ODRAW] 2.3.4.37

_TITLES, _NOTES_TEXT = (0, 6), 2  # text types: title, centred title; notes
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_MAX_EDITS = 1_000
_MAX_DEPTH = 40
_MAX_CELLS = 10_000
_INCH = 576  # in the format's unit


class _Record(NamedTuple):
    kind: int
    instance: int
    start: int  # of the content
    end: int
    container: bool


@dataclass(frozen=True, slots=True)
class _Words:
    """kind: the text type, such as title or notes."""

    kind: int
    text: str
    top: int = 0
    left: int = 0
    rows: tuple[tuple[str, ...], ...] = ()  # of a table
    outside: bool = False  # it lies off the slide


@dataclass
class _Entry:
    """One slide of the list: where it stands and its outline texts."""

    persist: int
    identity: int
    texts: list[_Words] = field(default_factory=list)


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.ms-powerpoint"
    with compound.open_compound(data, out.name) as file:
        user = compound.stream(file, "Current User", out.name)
        document = compound.stream(file, "PowerPoint Document", out.name)
        compound.describe(file, out)
        if number(user, 12, 4) == _ENCRYPTED_TOKEN or file.exists("EncryptedSummary"):
            raise compound.protected(out.name)
    _Deck(document, number(user, 16, 4), out).read()


class _Deck:
    def __init__(self, data: bytes, edit: int, out: Builder) -> None:
        self.data = data
        self.out = out
        self.places = self._places(edit)
        self.size = (0, 0)  # of a slide, width and height; 0 when unknown

    def read(self) -> None:
        root = next(
            (each for each in map(self.record, self.places.values()) if each is not None and each.kind == _DOCUMENT),
            None,
        )
        if root is None:
            raise compound.damaged(self.out.name, "it holds no presentation")
        for each in self.inside(root):
            if each.kind == _DOCUMENT_ATOM:
                self.size = number(self.data, each.start, 4), number(self.data, each.start + 4, 4)
        lists = {each.instance: self._entries(each) for each in self.inside(root) if each.kind == _SLIDE_LIST}
        notes = {entry.identity: entry for entry in lists.get(2, [])}
        for count, entry in enumerate(lists.get(0, []), start=1):
            slide = self.record(self.places.get(entry.persist, -1))
            if slide is None or slide.kind != _SLIDE:
                self.out.notes.append(f"Slide {count} is missing from the file or damaged; it was left out.")
                continue
            self.slide(slide, entry, notes, count)

    def table(self, words: _Words, count: int, place: Locator) -> None:
        part = f"table {count}"
        if len(words.rows) < 2 or len(words.rows[0]) < 2:
            self.out.add("paragraph", " ".join(text for row in words.rows for text in row), place)
        else:
            write_table([list(map(_shown, row)) for row in words.rows], part, self.out, slide=place.slide)

    def slide(self, slide: _Record, entry: _Entry, notes: dict[int, _Entry], count: int) -> None:
        place = Locator(slide=count)
        atoms = {each.kind: each for each in self.inside(slide)}
        info = atoms.get(_SLIDE_INFO)
        unshown = info is not None and bool(number(self.data, info.start + 10, 2) & 0x4)
        self.out.close_sections(1)
        words = self._drawn(slide, entry.texts)
        if not words:
            words = entry.texts
        placed = ((int(each.kind not in _TITLES), each.top, each.left, each) for each in words)
        words = in_order(placed, BAND_INCHES * _INCH)
        tables = 0
        for position, each in enumerate(words):
            if unshown or each.outside:
                text = each.text or " | ".join(text for row in each.rows for text in row if text)
                self.out.hide(_shown(text), "hidden slide" if unshown else "off the slide", place)
            elif each.rows:
                tables += 1
                self.table(each, tables, place)
            elif position == 0 and each.kind in _TITLES:
                self.out.heading(_shown(each.text), 1, place)
            else:
                for line in each.text.split("\r"):
                    self.out.add("paragraph", _shown(line), place)
        atom = atoms.get(_SLIDE_ATOM)
        spoken = notes.get(number(self.data, atom.start + 16, 4)) if atom is not None else None
        container = self.record(self.places.get(spoken.persist, -1)) if spoken is not None else None
        if container is not None and container.kind == _NOTES:
            for each in self._drawn(container, []):
                if each.kind == _NOTES_TEXT and not unshown:
                    for line in each.text.split("\r"):
                        self.out.add("paragraph", _shown(line), Locator(slide=count, part="notes"))

    def record(self, at: int) -> _Record | None:
        """The record that begins at ``at``."""
        if not 0 <= at <= len(self.data) - 8:
            return None
        head, kind, size = number(self.data, at, 2), number(self.data, at + 2, 2), number(self.data, at + 4, 4)
        return _Record(kind, head >> 4, at + 8, min(at + 8 + size, len(self.data)), head & 0xF == 0xF)

    def inside(self, parent: _Record) -> Iterator[_Record]:
        at = parent.start
        while at < parent.end and (record := self.record(at)) is not None:
            yield record._replace(end=min(record.end, parent.end))
            at = record.end

    def _places(self, edit: int) -> dict[int, int]:
        """Where each persistent object stands, by its number; later edits win."""
        found: dict[int, int] = {}
        seen: set[int] = set()
        while edit not in seen and len(seen) < _MAX_EDITS:
            seen.add(edit)
            record = self.record(edit)
            if record is None or record.kind != _USER_EDIT:
                break
            directory = self.record(number(self.data, record.start + 12, 4))
            if directory is not None and directory.kind == _PERSIST_DIRECTORY:
                for identity, place in self._directory(directory):
                    found.setdefault(identity, place)
            edit = number(self.data, record.start + 8, 4)
        if not found:
            raise compound.damaged(self.out.name, "its list of slides cannot be found")
        return found

    def _directory(self, record: _Record) -> Iterator[tuple[int, int]]:
        at = record.start
        while at + 4 <= record.end:
            head = number(self.data, at, 4)
            count = min(head >> 20, (record.end - at - 4) // 4)
            for index in range(count):
                yield (head & 0xFFFFF) + index, number(self.data, at + 4 + 4 * index, 4)
            at += 4 + 4 * (head >> 20)

    def _entries(self, record: _Record) -> list[_Entry]:
        found: list[_Entry] = []
        kind = 4
        for each in self.inside(record):
            if each.kind == _SLIDE_PERSIST:
                found.append(_Entry(number(self.data, each.start, 4), number(self.data, each.start + 12, 4)))
            elif each.kind == _TEXT_HEADER:
                kind = number(self.data, each.start, 4)
            elif each.kind in {_CHARACTERS, _BYTES} and found:
                found[-1].texts.append(_Words(kind, self._characters(each)))
        return found

    def _characters(self, record: _Record) -> str:
        data = self.data[record.start : record.end]
        return data.decode("utf-16-le", "replace") if record.kind == _CHARACTERS else data.decode("latin-1")

    def _drawn(self, container: _Record, outline: list[_Words]) -> list[_Words]:
        """Texts of the shapes of a slide."""
        found: list[_Words] = []
        for drawing in self.inside(container):
            if drawing.kind == _DRAWING:
                self._collect(drawing, outline, found, None, 0)
        return found

    def _collect(
        self, parent: _Record, outline: list[_Words], found: list[_Words], frame: tuple[int, int] | None, depth: int
    ) -> None:
        """frame: top and left of the group around, whose shapes stay together."""
        for record in self.inside(parent):
            if record.kind == _SHAPE:
                place = frame or self._corner(record)
                outside = self._outside(record)
                for each in self.inside(record):
                    if each.kind == _TEXT_BOX:
                        found += [
                            _Words(words.kind, words.text, *place, outside=outside)
                            for words in self._box(each, outline)
                            if words.text
                        ]
            elif record.container and depth < _MAX_DEPTH:
                inner = frame
                if record.kind == _GROUP and parent.kind == _GROUP and frame is None:
                    first = next(self.inside(record), None)  # the group itself, as a shape without text
                    inner = self._corner(first) if first is not None else None
                    if first is not None and self._marks_table(first) and (rows := self._rows(record, outline)):
                        found.append(_Words(4, "", *(inner or (0, 0)), rows=rows))
                        continue
                self._collect(record, outline, found, inner, depth + 1)

    def _marks_table(self, shape: _Record) -> bool:
        for each in self.inside(shape):
            if each.kind in _PROPERTIES:
                count = min(each.instance, (each.end - each.start) // 6)
                codes = (number(self.data, each.start + 6 * index, 2) & 0x3FFF for index in range(count))
                if _TABLE_PROPERTIES in codes:
                    return True
        return False

    def _rows(self, group: _Record, outline: list[_Words]) -> tuple[tuple[str, ...], ...]:
        """The cells of a table group by their corners. A merged cell stands where it begins."""
        cells: dict[tuple[int, int], str] = {}
        for shape in self.inside(group):
            anchor = next((each for each in self.inside(shape) if each.kind == _CHILD_ANCHOR), None)
            boxes = [each for each in self.inside(shape) if each.kind == _TEXT_BOX]
            if anchor is not None and boxes:
                left, top = number(self.data, anchor.start, 4), number(self.data, anchor.start + 4, 4)
                cells[top, left] = " ".join(words.text for box in boxes for words in self._box(box, outline))
        tops, lefts = sorted({top for top, _ in cells}), sorted({left for _, left in cells})
        if len(tops) * len(lefts) > _MAX_CELLS:
            return ()
        return tuple(tuple(cells.get((top, left), "") for left in lefts) for top in tops)

    def _outside(self, shape: _Record) -> bool:
        for each in self.inside(shape):
            if each.kind == _ANCHOR and each.end - each.start == 8 and all(self.size):
                top, left, right, bottom = (_signed(number(self.data, each.start + at, 2)) for at in (0, 2, 4, 6))
                return right < 0 or bottom < 0 or left > self.size[0] or top > self.size[1]
        return False

    def _corner(self, shape: _Record) -> tuple[int, int]:
        for each in self.inside(shape):
            if each.kind == _ANCHOR and each.end - each.start == 8:
                return _signed(number(self.data, each.start, 2)), _signed(number(self.data, each.start + 2, 2))
        return 0, 0

    def _box(self, record: _Record, outline: list[_Words]) -> Iterator[_Words]:
        kind = 4
        for each in self.inside(record):
            if each.kind == _TEXT_HEADER:
                kind = number(self.data, each.start, 4)
            elif each.kind in {_CHARACTERS, _BYTES}:
                yield _Words(kind, self._characters(each))
            elif each.kind == _OUTLINE_REFERENCE:
                index = number(self.data, each.start, 4)
                if index < len(outline):
                    yield outline[index]


def _signed(value: int) -> int:
    return value - 0x10000 if value >= 0x8000 else value


def _shown(text: str) -> str:
    """Line breaks as such; the field marks of dates and slide numbers (``*``) stay, as they are one character."""
    return text.replace("\x0b", "\n").replace("\r", "\n")
