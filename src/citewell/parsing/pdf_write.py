"""Pieces of a PDF file → blocks: which are headings and of which level, words cut at line ends, every part's place."""

from __future__ import annotations

import re
import statistics
from dataclasses import replace

from citewell.cleaning import clean, clean_line
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.pdf_join import body_size
from citewell.parsing.pdf_layout import Piece
from citewell.parsing.pdf_lines import CUT
from citewell.parsing.pdf_tables import TableCell
from citewell.parsing.pdf_text import PageText
from citewell.records import BlockKind, Box, Locator, Place

_NUMBERED_HEADING = re.compile(r"\(?[\dA-Za-z]{1,5}[.)]\s")
_CUT_WORD = re.compile(rf"([\w-]+){CUT}(\w+)")
_PUNCTUATION = ".,;:!?()[]{}\"'“”‘’"
_SENTENCE_END = re.compile(r"[.,;]$")
_CAPTION = re.compile(r"(?:figure|fig\.|table|chart|exhibit|abbildung|tabelle)\s+[\dIVX]+", re.IGNORECASE)


def mend_words(pieces: list[Piece], pages: list[PageText]) -> None:
    """Words cut at the end of a line become whole. The hyphen stays where the file elsewhere writes the word with one,
    or knows both halves as words of their own (``cutting-edge``)."""
    known = {word.text.strip(_PUNCTUATION).lower() for page in pages for word in page.words}

    def mend(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        part = first.rpartition("-")[2]  # of a compound, the word that was cut or ended
        whole, hyphened = (part + second).lower(), f"{part}-{second}".lower()
        halves = part.lower() in known and second.lower() in known and min(len(part), len(second)) > 2
        compound = part != first and (part.lower() in known or len(part) < 4)  # side-by-side, self-improve-ment
        joint = whole not in known and (hyphened in known or halves or compound)
        return f"{first}-{second}" if joint else first + second

    def mended(cell: TableCell) -> TableCell:
        tail = tuple(mended(rest) for rest in cell.tail)
        return cell._replace(text=_CUT_WORD.sub(mend, cell.text).replace(CUT, ""), tail=tail)

    for piece in pieces:
        piece.text = _CUT_WORD.sub(mend, piece.text).replace(CUT, "")
        for row in piece.rows:
            row[:] = [mended(cell) for cell in row]


def write(pieces: list[Piece], marked: dict[int, int], out: Builder) -> None:
    """Hand the pieces to the builder; the title is the largest text of the first page unless the file states one.
    marked: levels that bookmarks give to single pieces, by their number."""
    levels = _heading_levels(pieces, marked)
    body = body_size(pieces)
    for number, piece in enumerate(pieces):
        place = Locator(page=piece.page, boxes=(rounded(piece.box),))
        if piece.kind == "table":
            _write_table(piece, out)
        elif piece.kind in {"quote", "field"}:
            out.add("quote" if piece.kind == "quote" else "field", piece.text, place)
        elif (level := marked.get(number, _level(piece, levels, body))) is not None:
            out.heading(piece.text, level, place)
        elif piece.kind == "item":
            _write_text("list_item", piece, out, level=1 + min(5, int(piece.indent // 18)))
        else:
            _write_text("caption" if _CAPTION.match(piece.text) and len(piece.text) < 300 else "paragraph", piece, out)
    if not out.title:
        out.title = _largest(pieces)


def _write_text(kind: BlockKind, piece: Piece, out: Builder, level: int = 0) -> None:
    """One block. Where its text stands in several columns or on several pages, each part keeps its own place."""
    parts = piece.parts or [piece.part()]
    boxes = tuple(rounded(part.box) for part in parts if part.page == piece.page)
    count = len(out.blocks)
    out.add(kind, piece.text, Locator(page=piece.page, boxes=boxes), level=level)
    if len(parts) > 1 and len(out.blocks) > count:
        block = out.blocks[-1]
        lengths = [len(clean(part.text).rstrip("-\u00ad\u2010")) for part in parts[:-1]]
        spots = [(part.page, part.box) for part in parts]
        out.blocks[-1] = replace(block, cells=_places(clean(piece.text), block.span[0], lengths, spots))


def _places(text: str, start: int, lengths: list[int], spots: list[tuple[int, Box]]) -> tuple[Place, ...]:
    """Where the parts of ``text``, which begins at ``start``, stand. lengths: of all parts but the last."""
    found: list[Place] = []
    at = 0
    for length, (page, box) in zip([*lengths, len(text)], spots, strict=True):
        end = min(len(text), at + length)
        while at < end and text[at].isspace():
            at += 1
        cut = len(text[:end].rstrip())
        if at < cut:
            found.append(Place((start + at, start + cut), Locator(page=page, boxes=(rounded(box),))))
        at = max(at, end)
    return tuple(found)


def _heading_levels(pieces: list[Piece], marked: dict[int, int]) -> dict[float, int]:
    """Font size → level, the largest outermost; 0 stands for bold text in the size of the body. marked: levels that
    bookmarks give to single pieces, which hold for others of the same size."""
    body = body_size(pieces)
    known: dict[float, list[int]] = {}
    for number, level in marked.items():
        known.setdefault(_key(pieces[number], body), []).append(level)
    found: dict[float, int] = {}
    level = 0
    for size in sorted({_key(piece, body) for piece in pieces if _like_heading(piece, body)}, reverse=True):
        level = statistics.mode(known[size]) if size in known else level + 1
        found[size] = min(6, level)
    return found


def _level(piece: Piece, levels: dict[float, int], body: float) -> int | None:
    return levels.get(_key(piece, body)) if _like_heading(piece, body) else None


def _key(piece: Piece, body: float) -> float:
    return round(piece.size * 2) / 2 if piece.size > 1.08 * body else 0.0


def _like_heading(piece: Piece, body: float) -> bool:
    text = piece.text
    if (
        (piece.kind == "item" and not _NUMBERED_HEADING.match(text))
        or piece.kind not in {"text", "item"}
        or piece.lines > (5 if piece.size > 1.08 * body else 3)
        or len(text) > 160
        or sum(map(str.isalpha, text)) < 2
    ):
        return False
    if "...." in text or ". . ." in text or _CAPTION.match(text):
        return False
    if piece.size > 1.08 * body:
        return not (text.endswith((".", ";", ",")) and len(text) > 60)
    return piece.bold and piece.size > 0.95 * body and len(text) <= 100 and not _SENTENCE_END.search(text)


def _largest(pieces: list[Piece]) -> str:
    """The largest text of the first page, when it stands out."""
    first = [piece for piece in pieces if piece.page == pieces[0].page and piece.kind == "text"] if pieces else []
    best = max(first, key=lambda piece: piece.size, default=None)
    if best is not None and best.size > 1.15 * body_size(pieces) and 3 <= len(best.text) <= 200:
        return best.text
    return ""


def _write_table(piece: Piece, out: Builder) -> None:
    table = out.table()
    for number, row in enumerate(piece.rows):
        page = next((cell.page for cell in row if cell.text), piece.page)
        cells: list[Cell] = [
            (" ".join([cell.text, *(rest.text for rest in cell.tail)]), _place_of(cell)) for cell in row
        ]
        place = Locator(page=page, boxes=(rounded(_union([cell.box for cell in row if cell.text])),))
        count = len(out.blocks)
        if number == 0 and piece.has_header:
            table.header(cells, place)
        else:
            table.row(cells, place)
        if len(out.blocks) > count and any(cell.tail for cell in row):
            _place_tails(out, [cell for cell in row if clean_line(cell.text)])


def _place_of(cell: TableCell) -> Locator:
    return Locator(page=cell.page, boxes=(rounded(cell.box),))


def _place_tails(out: Builder, row: list[TableCell]) -> None:
    """Cells that go on over a page stand in two places."""
    block = out.blocks[-1]
    places: list[Place] = []
    for place, cell in zip(block.cells, row, strict=True):
        if not cell.tail:
            places.append(place)
            continue
        parts = [cell, *cell.tail]
        text = clean_line(" ".join(part.text for part in parts))
        lengths = [len(clean_line(part.text)) + 1 for part in parts[:-1]]
        places += _places(text, place.span[0], lengths, [(part.page, part.box) for part in parts])
    out.blocks[-1] = replace(block, cells=tuple(places))


def _union(boxes: list[Box]) -> Box:
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


def rounded(box: Box) -> Box:
    """Tenths of a point, and no further out than ten million: a page may claim to be of any size."""
    left, top, right, bottom = (round(min(max(each, -9e6), 9e6), 1) for each in box)
    return (left, top, right, bottom)
