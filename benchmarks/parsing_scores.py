"""How near one reading of a file is to another: words, order, tables, headings, strings. Pure functions.

Everything is compared as a :class:`Content`. Expectations and peers come as Markdown and go through the same function;
ours comes from its blocks. Words are made alike on every side: Unicode NFKC, lower case, split at whatever is neither
letter nor digit, every CJK character a word of its own, diacritics that stand alone dropped. Not words: link targets,
HTML tags and comments, LaTeX commands, the midnight after a date, and the marker or number that begins a line (``-``,
``2.``, ``- b)``), because whether a list's number is text is a matter of taste, not of reading right.
"""

from __future__ import annotations

import bisect
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citewell.parsing.parsed import Parsed

Table = tuple[tuple[str, ...], ...]
"""Rows of cells, each cell its words joined by spaces; all rows equally long."""

MIN_GRAMS = 10
"""Fewer shared word triples than this say nothing about order."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_TARGET = r"\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)"
_IMAGE = re.compile(r"!\[([^\]]*)\]" + _TARGET)
_LINK = re.compile(r"\[([^\[\]]*)\]" + _TARGET)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_FORMULA = re.compile(r"\$\$?(.+?)\$\$?")
_MARKER = re.compile(r"\A\s*(?:>\s*)*(?:(?:(?:\d{1,3}|[A-Za-z])[.)]|[-*+•·▪●○◦‣–])\s+(?:\[[ xX]\]\s+)?){1,2}")
_MIDNIGHT = re.compile(r"(?<=\d{4}-\d\d-\d\d)[ T]00:00(?::00)?(?!\d)")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_ROWS = frozenset(("table_header", "table_row"))
_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Content:
    """What a reading found. headings: level and words. raw: as it was written, for strings that must be absent."""

    words: tuple[str, ...]
    tables: tuple[Table, ...]
    headings: tuple[tuple[int, str], ...]
    raw: str


def words(text: str) -> list[str]:
    text = _MIDNIGHT.sub("", unicodedata.normalize("NFKC", text)).casefold()
    if not text.isascii():
        text = "".join(each for each in text if unicodedata.category(each) not in {"Mn", "Cf"})
    return [part for word in _WORD.findall(text) for part in (_CJK.findall(word) if not word.isascii() else (word,))]


def plain(line: str) -> str:
    """One line of Markdown without its markup and its list marker."""
    line = _IMAGE.sub(r" \1 ", line)
    for _ in range(2):  # a link around an image
        line = _LINK.sub(r" \1 ", line)
    line = html.unescape(_TAG.sub(" ", line))
    return bare(re.sub(r"\\([^\w\s])", r"\1", _without_commands(line)))


def bare(line: str) -> str:
    """One line of plain text without its list marker and LaTeX commands."""
    return _MARKER.sub("", _without_commands(line), count=1)


def _without_commands(line: str) -> str:
    return _FORMULA.sub(lambda found: re.sub(r"\\[A-Za-z]+", " ", found[0]), line)


def content_of_markdown(text: str) -> Content:
    lines = _COMMENT.sub(" ", text).split("\n")
    found: list[str] = []
    tables: list[Table] = []
    headings: list[tuple[int, str]] = []
    code = False
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if _FENCE.match(line):
            code = not code
        elif code:
            found += words(line)
        elif line.lstrip().startswith("|") and number < len(lines) and _is_rule(lines[number]):
            rows = [line]
            number += 1
            while number < len(lines) and lines[number].lstrip().startswith("|"):
                rows.append(lines[number])
                number += 1
            cells = [[" ".join(words(plain(cell))) for cell in _cells(row)] for row in rows]
            tables += _table(cells)
            found += [word for row in cells for cell in row for word in cell.split()]
        elif heading := _HEADING.fullmatch(line):
            inside = _heading_words(plain(heading[2]))
            found += inside
            if inside:
                headings.append((len(heading[1]), " ".join(inside)))
        else:
            found += words(plain(line))
    return Content(tuple(found), tuple(tables), tuple(headings), text)


def _heading_words(text: str) -> list[str]:
    """Without a single number before it: ``1 Scope`` is ``1. Scope``; ``1.2 Terms`` keeps its own."""
    return words(re.sub(r"\A\s*\d{1,3}\s+(?=\S)", "", text))


def _is_rule(line: str) -> bool:
    return "|" in line and _RULE.fullmatch(line) is not None


def _cells(row: str) -> list[str]:
    parts = _CELL_EDGE.split(row.strip())
    return [part.replace("\\|", "|") for part in parts[1 : -1 if not parts[-1].strip() else None]]


def _table(rows: Sequence[Sequence[str]]) -> list[Table]:
    """The table in a list, without its empty rows and columns; nothing when no cell has words."""
    width = max(map(len, rows), default=0)
    filled = [row + [""] * (width - len(row)) for row in map(list, rows) if any(row)]
    used = [column for column in range(width) if any(row[column] for row in filled)]
    return [tuple(tuple(row[column] for column in used) for row in filled)] if used else []


def content_of_text(text: str) -> Content:
    """Of a parser that writes plain text."""
    return Content(tuple(word for line in text.split("\n") for word in words(bare(line))), (), (), text)


def content_of_parsed(parsed: Parsed) -> Content:
    """Our own: what the blocks hold. A title or a date that stands in the file's properties alone is no text."""
    from citewell.cli.parse_view import row_cells

    found: list[str] = []
    tables: list[Table] = []
    headings: list[tuple[int, str]] = []
    rows: list[list[str]] = []
    before = ""
    for block in parsed.blocks:
        text = parsed.text[slice(*block.span)]
        if rows and (block.kind not in _ROWS or (block.kind == "table_header" and before == "table_row")):
            tables += _table(rows)
            rows = []
        before = block.kind
        if block.kind in _ROWS:
            rows.append([" ".join(words(bare(cell))) for cell in row_cells(parsed.text, block)])
            found += [word for cell in rows[-1] for word in cell.split()]
        elif block.kind == "code":
            found += words(text)
        else:
            title = block.kind in {"heading", "title"}
            inside = [word for line in text.split("\n") for word in (_heading_words if title else words)(bare(line))]
            found += inside
            if title and inside:
                headings.append((block.level, " ".join(inside)))
    tables += _table(rows)
    return Content(tuple(found), tuple(tables), tuple(headings), parsed.text)


def joined(contents: Iterable[Content]) -> Content:
    """Several readings as one, such as a container's own text and its members'."""
    parts = list(contents)
    return Content(
        tuple(word for part in parts for word in part.words),
        tuple(table for part in parts for table in part.tables),
        tuple(heading for part in parts for heading in part.headings),
        "\n".join(part.raw for part in parts),
    )


# -- measures: each in [0, 1], higher is better, None where the expectation holds nothing of the kind ----------------


def score(expected: Content, found: Content) -> dict[str, float | None]:
    recall, precision = word_overlap(expected.words, found.words)
    return {
        "text recall": recall,
        "text precision": precision,
        "order": order(expected.words, found.words),
        **table_scores(expected.tables, found.tables),
        **heading_scores(expected.headings, found.headings),
    }


def word_overlap(expected: Sequence[str], found: Sequence[str]) -> tuple[float | None, float | None]:
    """Share of the expected words that were found, and of the found words that were expected, each as often as it
    stands there. Nothing found has no precision."""
    if not expected:
        return None, None
    shared = (Counter(expected) & Counter(found)).total()
    return shared / len(expected), shared / len(found) if found else None


def order(expected: Sequence[str], found: Sequence[str]) -> float | None:
    """Reading order: of all pairs of word triples that stand exactly once on both sides, the share that stands in the
    expected order (Kendall's tau, scaled to [0, 1]). One half is chance. It says nothing about what is missing."""
    positions = _unique_grams(found)
    ranks = [positions[gram] for gram in _unique_grams(expected) if gram in positions]
    if len(ranks) < MIN_GRAMS:
        return None
    seen: list[int] = []
    concordant = 0
    for rank in ranks:
        place = bisect.bisect(seen, rank)
        concordant += place
        seen.insert(place, rank)
    return concordant / (len(ranks) * (len(ranks) - 1) / 2)


def _unique_grams(sequence: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Triples that occur once, in order, with their position."""
    grams = list(zip(sequence, sequence[1:], sequence[2:], strict=False))
    counts = Counter(grams)
    return {gram: place for place, gram in enumerate(grams) if counts[gram] == 1}


def table_scores(expected: Sequence[Table], found: Sequence[Table]) -> dict[str, float | None]:
    """cell recall, cell precision: share of the expected (found) non-empty cells that are in the right place: each
    expected table is compared with the found one that shares most cells, row by row and cell by cell in order
    (:func:`aligned`). shape: share of expected tables whose partner has as many rows and as many columns.
    no false table: where no table is expected, whether none was found."""
    if not expected:
        return {"cell recall": None, "cell precision": None, "shape": None, "no false table": float(not found)}
    counts = [Counter(_filled(table)) for table in found]
    shared = sorted(
        (-(Counter(_filled(wanted)) & counts[other]).total(), abs(number - other), number, other)
        for number, wanted in enumerate(expected)
        for other in range(len(found))
    )
    partner: dict[int, int] = {}
    for overlap, _, number, other in shared:
        if overlap and number not in partner and other not in partner.values():
            partner[number] = other
    matched = sum(aligned(expected[number], found[other]) for number, other in partner.items())
    shapes = sum(_shape(expected[number]) == _shape(found[other]) for number, other in partner.items())
    wanted_cells, found_cells = (sum(len(_filled(table)) for table in tables) for tables in (expected, found))
    return {
        "cell recall": matched / wanted_cells,
        "cell precision": matched / found_cells if found_cells else None,
        "shape": shapes / len(expected),
        "no false table": None,
    }


def _shape(table: Table) -> tuple[int, int]:
    return len(table), len(table[0])


def _squeezed(row: Sequence[str]) -> list[str]:
    """Non-empty cells; equal neighbours are one, because a merged cell is written once by some and often by others."""
    return [cell for before, cell in pairwise(("", *row)) if cell and cell != before]


def _filled(table: Table) -> list[str]:
    return [cell for row in table for cell in _squeezed(row)]


def aligned(expected: Table, found: Table) -> int:
    """The most cells that agree when rows are paired in order and the cells of paired rows are paired in order."""
    theirs = [_squeezed(row) for row in found]
    kept = [set(row) for row in theirs]
    best = [0] * (len(theirs) + 1)
    for row in map(_squeezed, expected):
        inside = set(row)
        following = [0]
        for column, other in enumerate(theirs):
            gain = _common(row, other) if inside & kept[column] else 0
            following.append(max(best[column + 1], following[column], best[column] + gain))
        best = following
    return best[-1]


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    if first == second:
        return len(first)
    best = [0] * (len(second) + 1)
    for cell in first:
        following = [0]
        for column, other in enumerate(second):
            following.append(
                best[column] + 1 if cell == other else max(best[column + 1], following[column]),
            )
        best = following
    return best[-1]


def heading_scores(expected: Sequence[tuple[int, str]], found: Sequence[tuple[int, str]]) -> dict[str, float | None]:
    """Headings by their words, each as often as it stands there. level: of the headings on both sides, in order, the
    share of neighbours that go the same way on both: deeper, level or back up. (Absolute levels are a convention: some
    count the title as level 1, some do not.)"""
    if not expected:
        return {"heading recall": None, "heading precision": None, "heading level": None}
    shared = (Counter(text for _, text in expected) & Counter(text for _, text in found)).total()
    left: dict[str, list[int]] = {}
    for level, text in found:
        left.setdefault(text, []).append(level)
    both = [(level, left[text].pop(0)) for level, text in expected if left.get(text)]
    ways = [_sign(second[0] - first[0]) == _sign(second[1] - first[1]) for first, second in pairwise(both)]
    return {
        "heading recall": shared / len(expected),
        "heading precision": shared / len(found) if found else None,
        "heading level": sum(ways) / len(ways) if ways else None,
    }


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def string_score(present: Sequence[str], absent: Sequence[str], found: Content) -> float | None:
    """Share of the strings that are there and of those that must not be there and are not. A string is there when its
    words follow each other; one that must not be there is looked for letter by letter."""
    wanted = [each for text in present if (each := _wanted(text))]
    if not wanted and not absent:
        return None
    right = sum(contains(found.words, each) for each in wanted) + sum(text not in found.raw for text in absent)
    return right / (len(wanted) + len(absent))


def _wanted(text: str) -> list[str]:
    """The words of an expected piece of Markdown; none of what is markup alone, a picture's data or a link's target."""
    if text.startswith(("data:", "](", "```")) or set(text) <= set("|- :"):
        return []
    return list(content_of_markdown(text).words)


def contains(sequence: Sequence[str], part: Sequence[str]) -> bool:
    """Whether the words of ``part`` follow each other in ``sequence``."""
    return f" {' '.join(part)} " in f" {' '.join(sequence)} "
