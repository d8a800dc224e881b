"""PDF files: text in reading order with its page and boxes, headings, lists and tables.

The work is split in two: :mod:`citewell.parsing.pdf_text` gets words and lines off a page,
:mod:`citewell.parsing.pdf_layout` turns one page's words into pieces. Here the whole file is looked at: running headers
and footers, the size of body text and so what is a heading, tables that go on over a page.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder, Cell, Table
from citewell.parsing.dates import pdf_date
from citewell.parsing.pdf_layout import Piece, pieces_of
from citewell.parsing.pdf_lines import CUT, Row, rows_of
from citewell.parsing.pdf_text import PageText, Word, read_page
from citewell.records import Box, Locator

MAX_PAGES = 5000
_MARGIN = 0.14  # share of the page's height at top and bottom where running headers and footers stand
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\s*[-–|]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–|]?(?:\s*(?:of|von|/)\s*\d{1,4})?", re.I
)
_NUMBERED_HEADING = re.compile(r"\(?[\dA-Za-z]{1,5}[.)]\s")
_CUT_WORD = re.compile(rf"([\w-]+){CUT}(\w+)")
_PUNCTUATION = ".,;:!?()[]{}\"'“”‘’"
_SENTENCE_END = re.compile(r"[.,;]$")
_CAPTION = re.compile(r"(?:figure|fig\.|table|chart|exhibit|abbildung|tabelle)\s+[\dIVX]+", re.IGNORECASE)
_MEANINGLESS_TITLE = re.compile(
    r"(?:\(?untitled|\(?anonymous|\(?unspecified|microsoft (?:word|powerpoint|excel)|document\d*|slide \d+|"
    r"powerpoint|presentation\d*|"
    r".*\.(?:docx?|pdf|pptx?|xlsx?|indd|tex|dvi|rtf|qxd|eps|p65|cdr|odt)$|.*\\|/)", re.IGNORECASE,
)  # fmt: skip


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/pdf"
    document = _open(data, out.name)
    try:
        pages = _pages(document, out)
        _describe(document, out)
    finally:
        document.close()
    _report_silent_pages(pages, out)
    skipped = _running_texts(pages)
    pieces = [piece for page in pages for piece in pieces_of(page, skipped.get(page.number, set()))]
    _mend_words(pieces, pages)
    _write(pieces, out)


def _open(data: bytes, name: str) -> Any:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        pass  # the reason is in the last error code
    if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or b"/Encrypt" in data[-4096:]:
        raise ParseError(
            "encrypted",
            f"'{name}' is protected by a password. Open it with the password, print or export it to a new PDF without "
            "one, and add that.",
        )
    raise ParseError(
        "corrupt",
        f"'{name}' is not a readable PDF: its structure is damaged or cut off ({len(data):,} bytes). Fetch it again, "
        "or open it in a PDF viewer and save a copy.",
    )


def _pages(document: Any, out: Builder) -> list[PageText]:
    count = len(document)
    if count > MAX_PAGES:
        raise ParseError("too_large", f"'{out.name}' has {count:,} pages; at most {MAX_PAGES:,} are read. Split it.")
    if count == 0:
        raise ParseError("no_text", f"'{out.name}' is a PDF without pages.")
    found = []
    broken = []
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError:
            broken.append(number)
            continue
        try:
            found.append(read_page(page, number))
        finally:
            page.close()
    if broken:
        out.notes.append(f"{_counted(broken)} could not be read: damaged.")
    out.metadata["pages"] = count
    return found


def _describe(document: Any, out: Builder) -> None:
    values = {key: clean_line(value)[:500] for key, value in document.get_metadata_dict(skip_empty=True).items()}
    out.modified_at = pdf_date(values.get("ModDate", "")) or pdf_date(values.get("CreationDate", ""))
    for key in ("Author", "Subject", "Keywords"):
        if values.get(key) and not values[key].startswith("("):
            out.metadata[key.lower()] = values[key]
    if created := pdf_date(values.get("CreationDate", "")):
        out.metadata["created"] = created
    title = values.get("Title", "")
    if 3 <= len(title) <= 200 and not _MEANINGLESS_TITLE.match(title) and sum(map(str.isalpha, title)) > 2:
        out.title = title


def _report_silent_pages(pages: list[PageText], out: Builder) -> None:
    """Notes about pages without text; an error when no page has any."""
    silent = [page for page in pages if not page.words]
    images = [page.number for page in silent if page.images]
    if len(silent) == len(pages):
        what = f"all {len(pages)} pages are images" if len(images) == len(pages) else "no page holds text"
        raise ParseError(
            "no_text",
            f"'{out.name}' has no text: {what}. OCR is not part of this release: run it through an OCR program first, "
            "for example ocrmypdf, and add the result.",
        )
    if images:
        one = len(images) == 1
        out.notes.append(
            f"{_counted(images)} {'has' if one else 'have'} no text: {'it is an image' if one else 'they are images'}."
        )
    unmapped = [
        page.number for page in pages if page.unmapped > 0.3 * max(1, sum(len(word.text) for word in page.words))
    ]
    if unmapped:
        out.notes.append(
            f"{_counted(unmapped)}: the fonts do not say which letters they show; text may be missing or wrong."
        )


def _counted(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    shown = ", ".join(map(str, numbers[:20]))
    return f"pages {shown}{' …' if len(numbers) > 20 else ''}"


def _running_texts(pages: list[PageText]) -> dict[int, set[Word]]:
    """Words of lines that repeat at the top or bottom of pages, and page numbers, by page."""
    candidates: list[tuple[int, str, Row]] = []
    for page in pages:
        margin = _MARGIN * page.height
        last = max((word.middle for word in page.words), default=0.0) - 2.0  # the last line, wherever it stands
        edge = [
            word for word in page.words if word.bottom < margin or word.top > page.height - margin or word.middle > last
        ]
        for row in rows_of(edge):
            side = "top" if row.box[3] < page.height / 2 else "bottom"
            key = f"{side} {_DIGITS.sub('#', row.text.lower())}"
            if "#" in key or len(row.segments()) < 3:  # else it is the header of a table that goes on
                candidates.append((page.number, key, row))
    counts = {key: len(numbers) for key, numbers in _by_key(candidates).items()}
    needed = max(3, min(5, round(0.4 * len(pages))))
    found: dict[int, set[Word]] = {}
    for number, key, row in candidates:
        if counts[key] >= (2 if _PAGE_NUMBER.fullmatch(row.text.strip()) or key.endswith("#") else needed):
            found.setdefault(number, set()).update(row.words)
    return found


def _by_key(candidates: list[tuple[int, str, Row]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for number, key, _ in candidates:
        found.setdefault(key, set()).add(number)
    return found


def _mend_words(pieces: list[Piece], pages: list[PageText]) -> None:
    """Words cut at the end of a line become whole. The hyphen stays where the file elsewhere writes the word with one,
    or knows both halves as words of their own (``cutting-edge``)."""
    known = {word.text.strip(_PUNCTUATION).lower() for page in pages for word in page.words}

    def mend(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        whole, hyphened = (first + second).lower(), f"{first}-{second}".lower()
        halves = first.lower() in known and second.lower() in known and min(len(first), len(second)) > 2
        return f"{first}-{second}" if whole not in known and (hyphened in known or halves) else first + second

    for piece in pieces:
        piece.text = _CUT_WORD.sub(mend, piece.text).replace(CUT, "")
        for row in piece.rows:
            row[:] = [cell._replace(text=_CUT_WORD.sub(mend, cell.text).replace(CUT, "")) for cell in row]


def _write(pieces: list[Piece], out: Builder) -> None:
    levels = _heading_levels(pieces)
    body = _body_size(pieces)
    table: Table | None = None
    width = 0
    page = 0
    for piece in pieces:
        place = Locator(page=piece.page, boxes=(_rounded(piece.box),))
        if piece.kind == "table":
            goes_on = table is not None and piece.page == page + 1 and len(piece.rows[0]) == width
            table = _write_table(piece, table if goes_on else None, out)
            width, page = len(piece.rows[0]), piece.page
            continue
        table = None  # text in between: the next table is another one
        if (level := _level(piece, levels, body)) is not None:
            out.heading(piece.text, level, place)
        elif piece.kind == "item":
            out.add("list_item", piece.text, place, level=1 + min(5, int(piece.indent // 18)))
        else:
            out.add(
                "caption" if _CAPTION.match(piece.text) and len(piece.text) < 300 else "paragraph", piece.text, place
            )
    if not out.title:
        out.title = _largest(pieces)


def _body_size(pieces: list[Piece]) -> float:
    sizes: Counter[float] = Counter()
    for piece in pieces:
        if piece.kind != "table":
            sizes[round(piece.size * 2) / 2] += len(piece.text)
    return max(sizes, key=lambda size: sizes[size]) if sizes else 10.0


def _heading_levels(pieces: list[Piece]) -> dict[float, int]:
    """Font size → level, the largest outermost; 0 stands for bold text in the size of the body."""
    body = _body_size(pieces)
    sizes = sorted({_key(piece, body) for piece in pieces if _like_heading(piece, body)}, reverse=True)
    return {size: min(6, rank) for rank, size in enumerate(sizes, start=1)}


def _level(piece: Piece, levels: dict[float, int], body: float) -> int | None:
    return levels.get(_key(piece, body)) if _like_heading(piece, body) else None


def _key(piece: Piece, body: float) -> float:
    return round(piece.size * 2) / 2 if piece.size > 1.08 * body else 0.0


def _like_heading(piece: Piece, body: float) -> bool:
    text = piece.text
    if (
        (piece.kind == "item" and not _NUMBERED_HEADING.match(text))
        or piece.kind == "table"
        or piece.lines > 3
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
    if best is not None and best.size > 1.15 * _body_size(pieces) and 3 <= len(best.text) <= 200:
        return best.text
    return ""


def _write_table(piece: Piece, before: Table | None, out: Builder) -> Table:
    """Rows of one table. before: the table it goes on from, on the page before."""
    rows = piece.rows
    repeated = before is not None and _header_text(rows[0]) == before.header_text
    header = before.header_text if before is not None and (repeated or not piece.has_header) else ""
    table = out.table(header)
    for number, row in enumerate(rows):
        if number == 0 and repeated:
            continue
        cells: list[Cell] = [(cell.text, Locator(page=piece.page, boxes=(_rounded(cell.box),))) for cell in row]
        place = Locator(page=piece.page, boxes=(_rounded(_union([cell.box for cell in row if cell.text])),))
        if number == 0 and piece.has_header:
            table.header(cells, place)
        else:
            table.row(cells, place)
    return table


def _header_text(row: list[Any]) -> str:
    return " | ".join(clean_line(cell.text) for cell in row if cell.text)


def _union(boxes: list[Box]) -> Box:
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


def _rounded(box: Box) -> Box:
    return (round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1))
