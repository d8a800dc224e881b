"""Running headers, footers and page numbers: lines that come again at the edge of page after page.

A number in such a line either stays the same or counts with the pages. Footnotes stand at the edge too and differ only
in their numbers, but those follow no such rule.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass

from citewell.parsing.pdf_lines import Row, rows_of
from citewell.parsing.pdf_text import PageText, Word

_MARGIN = 0.14  # share of the page's height at top and bottom where running headers and footers stand
_SAME_HEIGHT = 6.0  # points; printers and page styles move running lines by less
_LARGE = 1.2  # times the usual size: a title, which may come again at the top of pages and is no running header
_MAX_LINES = 100  # looked at from each end of a page
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\s*[-–|]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–|]?(?:\s*(?:of|von|/)\s*\d{1,4})?", re.I
)
_PAGE_OF = re.compile(r"(?:page|seite)\s*(\d{1,4})(?:\s*(?:of|von|/)\s*\d{1,4})?", re.I)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line at the edge of a page. apart: it is the outermost one, and further from the text than lines are."""

    page: int
    key: str
    row: Row
    apart: bool

    @property
    def numbers(self) -> list[int]:
        return [int(found) for found in re.findall(r"\d{1,9}", self.row.text)]


def running_texts(pages: list[PageText]) -> dict[int, set[Word]]:
    """Words of lines that repeat at the top or bottom of pages, and page numbers, by page."""
    groups: dict[str, list[_Line]] = {}
    found: dict[int, set[Word]] = {}
    usual = statistics.mode([round(word.size, 1) for page in pages for word in page.words] or [10.0])
    for page in pages:
        if len(pages) > 1:  # on a single page they may be a letterhead, which says who wrote it
            found[page.number] = _artifacts(page)
        for line in _edge_lines(page, len(pages) == 2, usual):
            groups.setdefault(line.key, []).append(line)
    bodies = _Bodies(pages)
    needed = max(3, min(5, round(0.4 * len(pages))))
    for key, lines in groups.items():
        counting = key.endswith("#") or _PAGE_NUMBER.fullmatch(lines[0].row.text.strip()) is not None
        repeated = len({line.page for line in lines}) >= (2 if counting else needed) and _regular(lines)
        repeated = repeated and (counting or (_steady(lines) and not bodies.repeat(lines)))
        for line in lines:
            if repeated or _repeated_on_two(lines, len(pages)) or _states_its_page(line):
                found.setdefault(line.page, set()).update(line.row.words)
    return found


class _Bodies:
    """The pages' text between their edges."""

    def __init__(self, pages: list[PageText]) -> None:
        self._pages = pages
        self._texts: list[str] | None = None

    def repeat(self, lines: list[_Line]) -> bool:
        """Whether a line that comes again at the edges comes again in the text as often: a sentence of a contract is
        repeated wherever it is needed, and stands at an edge by chance. Headings come once in the text."""
        if self._texts is None:
            self._texts = [_between_edges(page) for page in self._pages]
        words = f" {' '.join(lines[0].row.text.split())} "
        return sum(text.count(words) for text in self._texts) >= max(2, len(lines) // 2)


def _between_edges(page: PageText) -> str:
    margin = _MARGIN * page.height
    inner = (word.text for word in page.words if word.bottom >= margin and word.top <= page.height - margin)
    return f" {' '.join(inner)} "


def _artifacts(page: PageText) -> set[Word]:
    """Words at the edge of the page that the file itself marks as no part of the text."""
    margin = _MARGIN * page.height
    return {
        word
        for word, style in zip(page.words, page.styles, strict=True)
        if style.artifact and (word.bottom < margin or word.top > page.height - margin)
    }


def _edge_lines(page: PageText, measured: bool, usual: float) -> list[_Line]:
    """measured: whether it matters how far the lines stand from the others. usual: size of most words of the file."""
    margin = _MARGIN * page.height
    last = max((word.middle for word in page.words), default=0.0) - 2.0  # the last line, wherever it stands
    edge = [
        word for word in page.words if word.bottom < margin or word.top > page.height - margin or word.middle > last
    ]
    rows = rows_of(edge)
    if len(rows) > 2 * _MAX_LINES:
        rows = rows[:_MAX_LINES] + rows[-_MAX_LINES:]
    large = _LARGE * max(usual, statistics.mode([round(word.size, 1) for word in page.words] or [10.0]))
    found = []
    for row in rows:
        if row.size > large and not _PAGE_NUMBER.fullmatch(row.text.strip()):
            continue  # a title, even when it comes again
        side = "top" if row.box[3] < page.height / 2 else "bottom"
        key = f"{side} {_DIGITS.sub('#', row.text.lower())}"
        if not _heads_table(row, page.words):
            found.append(_Line(page.number, key, row, measured and _apart(row, page.words)))
    return found


def _heads_table(row: Row, words: list[Word]) -> bool:
    """Whether the pieces of the line stand over those of the next one: the header of a table that goes on."""
    pieces = row.segments()
    if len(pieces) < 2:
        return False
    bottom = row.box[3]
    below = [word for word in words if bottom - 1 < word.bottom - 2 and bottom - 4 < word.top < bottom + 30]
    following = rows_of(below)[:1]
    lefts = [piece[0].left for line in following for piece in line.segments()]
    common = sum(any(abs(piece[0].left - left) < 3.0 for left in lefts) for piece in pieces)
    return common >= 2 or (len(pieces) > 2 and not any(map(str.isdigit, row.text)))


def _apart(row: Row, words: list[Word]) -> bool:
    """Whether the line is the page's first or last, with a gap of more than its own height to the others."""
    top, bottom = row.box[1], row.box[3]
    above = [word.bottom for word in words if word.middle < top]
    below = [word.top for word in words if word.middle > bottom]
    gap = bottom - top
    return (not above and bool(below) and min(below) - bottom > gap) or (
        not below and bool(above) and top - max(above) > gap
    )


def _regular(lines: list[_Line]) -> bool:
    """Each number in the line stays the same, or counts with the pages, on most pages."""
    counts = [len(line.numbers) for line in lines]
    width = statistics.mode(counts)
    chosen = [line for line in lines if len(line.numbers) == width]
    for place in range(width):
        values = [line.numbers[place] for line in chosen]
        steps = [value - line.page for value, line in zip(values, chosen, strict=True)]
        if max(values.count(statistics.mode(values)), steps.count(statistics.mode(steps))) < 0.6 * len(chosen):
            return False
    return True


def _steady(lines: list[_Line]) -> bool:
    """Whether most stand at the same height of their pages."""
    usual = statistics.median_low([line.row.box[1] for line in lines])
    return sum(abs(line.row.box[1] - usual) < _SAME_HEIGHT for line in lines) >= 0.6 * len(lines)


def _repeated_on_two(lines: list[_Line], pages: int) -> bool:
    """In a file of two pages, the same outermost line at the same height of both."""
    return (
        pages == 2
        and len(lines) == 2
        and all(line.apart for line in lines)
        and lines[0].page != lines[1].page
        and lines[0].row.text == lines[1].row.text
        and abs(lines[0].row.box[1] - lines[1].row.box[1]) < 2.0
    )


def _states_its_page(line: _Line) -> bool:
    found = _PAGE_OF.fullmatch(line.row.text.strip())
    return found is not None and int(found[1]) == line.page and not line.row.bold
