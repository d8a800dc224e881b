"""Drawing what a parser understood of a file, for people: outline, blocks with their places, tables as tables.

Long tables are cut on the screen and wide ones turned into records; ``--json`` has everything.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from citewell.cli.output import count, printable
from citewell.records import Block, Document, Hidden, Locator

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from citewell.parsing.parsed import Member, Parsed

MAX_ROWS = 50
"""Rows of one table that are drawn; the rest is counted."""

_PIPED_WIDTH = 100  # where there is no terminal to ask
_PLACE_WIDTH = 24  # "sheet Prices, AA10:AC10"
_COLUMN_WIDTH = 9  # a table whose columns would get less is written as records
_LEVEL_INDENT = "  "
_NUMBERED = re.compile(r"\w{1,4}[.)] ")
_ROWS = frozenset({"table_header", "table_row"})
_KIND_NAMES = {"list_item": "list item", "table_header": "table header", "table_row": "table row"}


def print_parse(parsed: Document | Parsed, name: str, members: Sequence[Member] = ()) -> None:
    """Everything that was understood. name: shown where the file states no title. members: the files inside it."""
    from rich.console import Console

    screen = Console(
        highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH
    )  # fmt: skip
    screen.print(_label(parsed.title or name), style="bold")
    _print_facts(screen, parsed)
    _print_outline(screen, parsed)
    if parsed.blocks:
        _heading(screen, f"Text: {_summary(parsed.blocks)}")
        for table, blocks in groupby(parsed.blocks, key=lambda block: block.kind in _ROWS):
            if table:
                for rows in _tables(blocks):
                    screen.print(_draw_table(rows, parsed.text, screen.width))
            else:
                screen.print(_draw_blocks(blocks, parsed.text))
    _print_hidden(screen, parsed.hidden)
    _print_members(screen, members)


def row_cells(text: str, block: Block) -> list[str]:
    """A row's texts by column. Cells without text have no place of their own, but leave a bar in the row's text."""
    found: list[str] = []
    start = block.span[0]
    for cell in block.cells:
        found += [""] * (text.count("|", start, cell.span[0]) - bool(found))
        found.append(text[slice(*cell.span)])
        start = cell.span[1]
    return found or [text[slice(*block.span)]]


def _print_facts(screen: Console, parsed: Document | Parsed) -> None:
    facts = [("type", parsed.media_type), ("date", parsed.modified_at or "not stated"),
             ("language", parsed.language or "unknown")]  # fmt: skip
    if isinstance(parsed, Document):
        facts += [("file", parsed.uri), ("readers", ", ".join(parsed.readers) or "nobody")]
    facts += [(key, str(value)) for key, value in parsed.metadata.items() if isinstance(value, str | int | float)]
    facts += [("note", note) for note in parsed.notes]
    grid = _grid(("dim", 12), (None, None))
    for key, value in facts:
        grid.add_row(_label(key), printable(value))
    screen.print(grid)


def _print_outline(screen: Console, parsed: Document | Parsed) -> None:
    headings = [block for block in parsed.blocks if block.kind in {"title", "heading"}]
    if not headings:
        return
    _heading(screen, "Outline")
    grid = _grid((None, None), ("dim", _PLACE_WIDTH))
    levels = sorted({block.level for block in headings})
    for block in headings:
        text, place = _label(parsed.text[slice(*block.span)]), _label(str(block.locator))
        grid.add_row(_LEVEL_INDENT * levels.index(block.level) + text, place if place != text else "")
    screen.print(grid)


def _summary(blocks: Sequence[Block]) -> str:
    """``12 paragraphs, 3 headings, 2 rows``."""
    kinds: dict[str, int] = {}
    for block in blocks:
        kinds[block.kind] = kinds.get(block.kind, 0) + 1
    return ", ".join(count(number, _KIND_NAMES.get(kind, kind)) for kind, number in kinds.items())


def _draw_blocks(blocks: Iterable[Block], text: str) -> Table:
    grid = _grid(("dim", 10), ("dim", _PLACE_WIDTH), (None, None))
    for block in blocks:
        kind = _KIND_NAMES.get(block.kind, block.kind) + (f" {block.level}" if block.kind == "heading" else "")
        shown = printable(text[slice(*block.span)])
        if block.kind == "list_item" and not _NUMBERED.match(shown):
            shown = _LEVEL_INDENT * max(0, min(block.level, 8) - 1) + f"• {shown}"
        grid.add_row(kind, printable(str(block.locator)), _styled(shown, block))
    return grid


def _styled(shown: str, block: Block) -> RenderableType:
    from rich.text import Text

    style = "bold" if block.kind in {"title", "heading"} else "cyan" if block.kind == "code" else ""
    return Text(shown, style=style)


def _tables(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Runs of rows that belong together: after a row, a header starts a new table, and so does another header in
    force. A header can be several rows."""
    rows: list[Block] = []
    for block in blocks:
        ended = bool(rows) and rows[-1].kind == "table_row"
        if ended and (block.kind == "table_header" or block.header != rows[-1].header):
            yield rows
            rows = []
        rows.append(block)
    if rows:
        yield rows


def _draw_table(rows: Sequence[Block], text: str, width: int) -> Table:
    """Columns under their header's cells; the place of a row stands before it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    header = row_cells(text, rows[0]) if rows[0].kind == "table_header" else []
    body = rows[1:] if header else rows
    cells = [row_cells(text, row) for row in body[:MAX_ROWS]]
    columns = max(map(len, [header, *cells]), default=0)
    if columns * _COLUMN_WIDTH > width - _PLACE_WIDTH:
        return _draw_records(header, body, cells)
    shared, places = _places(rows)
    table = Table(
        box=box.ROUNDED, header_style="bold", title=shared or None, title_style="dim", title_justify="left",
        show_header=bool(header), caption=_left_out(len(body) - len(cells)), caption_justify="left",
    )  # fmt: skip
    if any(places):
        table.add_column(places[0] if header else "", style="dim", header_style="dim", max_width=_PLACE_WIDTH)
    for column in range(columns):
        table.add_column(_label(header[column]) if column < len(header) else "", overflow="fold")
    for place, texts in zip(places[1 if header else 0 :], cells, strict=False):
        table.add_row(*([place] if any(places) else []), *(Text(_label(cell)) for cell in texts))
    return table


def _places(rows: Sequence[Block]) -> tuple[str, list[str]]:
    """What the places of all rows have in common, and the rest of each."""
    places = [row.locator.to_json() for row in rows]
    same = {key for key in ("part", "page", "slide", "sheet")
            if key in places[0] and all(place.get(key) == places[0][key] for place in places)}  # fmt: skip
    shared = Locator.from_json({key: places[0][key] for key in same})
    rest = [Locator.from_json({key: value for key, value in place.items() if key not in same}) for place in places]
    return printable(str(shared)), [printable(str(place)) for place in rest]


def _draw_records(header: Sequence[str], rows: Sequence[Block], cells: Sequence[Sequence[str]]) -> Table:
    """A table too wide to draw: one row under the other, each cell behind its column's name."""
    grid = _grid(("dim", 10), ("dim", _PLACE_WIDTH), (None, None))
    grid.add_row("table", "", count(max(map(len, [header, *cells])), "column"))
    for row, texts in zip(rows, cells, strict=False):
        named = [
            f"{_label(header[column])}: {_label(cell)}" if column < len(header) and header[column] else _label(cell)
            for column, cell in enumerate(texts)
            if cell
        ]
        grid.add_row("row", printable(str(row.locator)), " · ".join(named))
    if left := _left_out(len(rows) - len(cells)):
        grid.add_row("", "", left)
    return grid


def _left_out(rows: int) -> str | None:
    return f"… and {count(rows, 'row')} more; --json has all" if rows > 0 else None


def _print_hidden(screen: Console, hidden: Sequence[Hidden]) -> None:
    if not hidden:
        return
    _heading(screen, f"Hidden text, not indexed: {count(sum(len(each.text) for each in hidden), 'character')}")
    grid = _grid(("red", 20), ("dim", _PLACE_WIDTH), ("dim", None))
    for each in hidden:
        grid.add_row(printable(each.reason), printable(str(each.locator)), printable(each.text))
    screen.print(grid)


def _print_members(screen: Console, members: Sequence[Member]) -> None:
    if not members:
        return
    _heading(
        screen, f"Files inside: {count(len(members), 'file')}, each indexed as a document of its own if it is read"
    )
    grid = _grid((None, None), ("dim", 10), (None, None))
    for member in members:
        grid.add_row(_label(member.name), _size(member.size), printable(_why_not_read(member)))
    screen.print(grid)


def _why_not_read(member: Member) -> str:
    from citewell.parsing.detect import supported

    if member.reason:
        return f"not read, {member.reason}: {member.message}"
    return "" if supported(member.name) else "not read, unsupported: by its name it is of no format that is read"


def _size(number: int) -> str:
    return f"{number} B" if number < 1000 else f"{number / 1e3:.0f} kB" if number < 1e6 else f"{number / 1e6:.1f} MB"


def _heading(screen: Console, text: str) -> None:
    screen.print(f"\n{text}", style="bold underline")


def _grid(*columns: tuple[str | None, int | None]) -> Table:
    """Columns without lines. Of each: its style and its width, the last one takes what is left."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    for style, width in columns:
        grid.add_column(style=style, width=width, overflow="fold")
    return grid


def _label(text: str) -> str:
    """``text`` on one line, without control sequences."""
    return printable(" ".join(text.split()))
