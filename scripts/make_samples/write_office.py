"""Writers for word-processor documents, slide decks and workbooks."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import pptx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.shared import Pt
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import PP_ALIGN
from pptx.util import Inches
from pptx.util import Pt as SlidePt

from .markup import Block, Page, bold_parts, plain
from .packing import repack

Cell = str | int | float | date | None
DARK = RGBColor.from_string("1F4E5F")  # type: ignore[no-untyped-call]
LIGHT = RGBColor.from_string("4F7F8F")  # type: ignore[no-untyped-call]


def _properties(core: Any, page: Page) -> None:
    core.title, core.author, core.last_modified_by = page.title, page.author, page.author
    core.created, core.modified, core.revision = page.created, page.modified, 1
    core.subject = page.meta.get("subject", "")
    core.keywords = page.meta.get("keywords", "")


def _runs(paragraph: Any, text: str) -> None:
    for part, bold in bold_parts(text):
        paragraph.add_run(part).bold = bold or None


def _docx_block(document: Any, block: Block) -> None:
    if block.kind == "heading":
        document.add_heading(plain(block.text), level=min(block.level, 4))
    elif block.kind in ("bullets", "numbers"):
        for item in block.items:
            style = "List Bullet" if block.kind == "bullets" else "List Number"
            _runs(document.add_paragraph(style=style), item)
    elif block.kind == "table":
        table = document.add_table(rows=0, cols=len(block.rows[0]), style="Light Grid Accent 1")
        table.alignment = WD_TABLE_ALIGNMENT.LEFT
        for row in block.rows:
            cells = table.add_row().cells
            for cell, text in zip(cells, row, strict=True):
                cell.paragraphs[0].text = plain(text)
        document.add_paragraph()
    elif block.kind == "break":
        document.add_page_break()
    elif block.kind == "code":
        run = document.add_paragraph().add_run(block.text)
        run.font.name, run.font.size = "Courier New", Pt(9)
    else:
        _runs(document.add_paragraph(), block.text)


def write_docx(page: Page, target: Path) -> None:
    """Write ``page`` with real heading, list and table styles."""
    document = docx.Document()
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(10.5)
    _properties(document.core_properties, page)
    section = document.sections[0]
    section.header.paragraphs[0].text = f"Tarnholt Instruments\t\t{page.meta.get('running', page.title)}"
    section.footer.paragraphs[0].text = page.meta.get("footer", "Tarnholt Instruments Ltd - internal")
    document.add_heading(page.title, level=0)
    for block in page.blocks:
        _docx_block(document, block)
    buffer = io.BytesIO()
    document.save(buffer)
    repack(buffer.getvalue(), target, page.modified)


def _boxes(slide: Any, block: Block) -> None:
    rows = [[cell.strip() for cell in line.split("|")] for line in block.text.splitlines() if line.strip()]
    height = min(1.1, 4.6 / len(rows))
    for line, row in enumerate(rows):
        width = 12.1 / len(row)
        for column, text in enumerate(row):
            wide = min(width - 0.15, 3.6)
            left = 0.6 + column * width + (width - wide) / 2
            shape = slide.shapes.add_shape(
                MSO_SHAPE.ROUNDED_RECTANGLE,
                Inches(left),
                Inches(1.8 + line * (height + 0.25)),
                Inches(wide),
                Inches(height),
            )
            shape.fill.solid()
            shape.fill.fore_color.rgb = DARK if line == 0 else LIGHT
            frame = shape.text_frame
            frame.word_wrap = True
            for index, part in enumerate(text.split(";")):
                paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
                paragraph.alignment = PP_ALIGN.CENTER
                run = paragraph.add_run()
                run.text = part.strip()
                run.font.size = SlidePt(15 if index == 0 else 12)
                run.font.bold = index == 0


def _slide_table(slide: Any, block: Block, top: float) -> float:
    height = 0.42 * len(block.rows)
    shape = slide.shapes.add_table(
        len(block.rows), len(block.rows[0]), Inches(0.6), Inches(top), Inches(12.1), Inches(height)
    )
    for i, row in enumerate(block.rows):
        for j, text in enumerate(row):
            cell = shape.table.cell(i, j)
            cell.text = plain(text)
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size = SlidePt(14)
                paragraph.font.bold = i == 0
    return top + height + 0.25


def _slide_text(slide: Any, items: tuple[str, ...], top: float, bullet: bool) -> float:
    lines = sum(1 + len(item) // 95 for item in items)
    height = 0.42 * lines + 0.1
    frame = slide.shapes.add_textbox(Inches(0.6), Inches(top), Inches(12.1), Inches(height)).text_frame
    frame.word_wrap = True
    for index, item in enumerate(items):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.space_after = SlidePt(5)
        run = paragraph.add_run()
        run.text = ("• " if bullet else "") + plain(item)
        run.font.size = SlidePt(18)
    return top + height + 0.2


def write_pptx(page: Page, target: Path) -> None:
    """Write ``page`` as a deck: a title slide, then one slide for every second-level heading."""
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    _properties(deck.core_properties, page)
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    band = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, Inches(2.3), deck.slide_width, Inches(2.6))
    band.fill.solid()
    band.fill.fore_color.rgb = DARK
    frame = band.text_frame
    for index, text in enumerate((page.title, page.meta.get("subtitle", ""))):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.CENTER
        run = paragraph.add_run()
        run.text, run.font.size = text, SlidePt(40 if index == 0 else 20)
    top = 1.7
    for block in page.blocks:
        if block.kind == "heading":
            slide = deck.slides.add_slide(deck.slide_layouts[5])
            holder = slide.shapes.title
            holder.left, holder.top, holder.width, holder.height = (Inches(v) for v in (0.6, 0.4, 12.1, 1.0))
            holder.text = block.text
            heading = holder.text_frame.paragraphs[0]
            heading.alignment = PP_ALIGN.LEFT
            heading.font.size = SlidePt(30)
            heading.font.color.rgb = DARK
            top = 1.7
        elif block.kind == "table":
            top = _slide_table(slide, block, top)
        elif block.kind == "code":
            _boxes(slide, block)
        elif block.kind == "bullets":
            top = _slide_text(slide, block.items, top, bullet=True)
        elif block.text.startswith("Notes:"):
            slide.notes_slide.notes_text_frame.text = block.text.removeprefix("Notes:").strip()
        else:
            top = _slide_text(slide, (block.text,), top, bullet=False)
    buffer = io.BytesIO()
    deck.save(buffer)
    repack(buffer.getvalue(), target, page.modified)


@dataclass(frozen=True)
class Sheet:
    """One sheet: optional note lines above, a header row, rows, and number formats by column index."""

    name: str
    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    formats: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Book:
    """A workbook and what its properties say."""

    path: str
    title: str
    author: str
    created: datetime
    sheets: list[Sheet]


def write_xlsx(book: Book, target: Path) -> None:
    """Write ``book`` with bold header rows and columns wide enough to read."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in book.sheets:
        tab = workbook.create_sheet(sheet.name)
        for note in sheet.notes:
            tab.append([note])
        tab.append(list(sheet.header))
        first = tab.max_row
        for cell in tab[first]:
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", fgColor="1F4E5F")
        for row in sheet.rows:
            tab.append(list(row))
        for index, code in sheet.formats.items():
            for line in range(first + 1, tab.max_row + 1):
                tab.cell(line, index + 1).number_format = code
        for index in range(len(sheet.header)):
            texts = [sheet.header[index], *(str(row[index]) for row in sheet.rows if row[index] is not None)]
            tab.column_dimensions[get_column_letter(index + 1)].width = min(60, max(map(len, texts)) + 3)
        tab.freeze_panes = tab.cell(first + 1, 1)
    properties = workbook.properties
    properties.title, properties.creator, properties.lastModifiedBy = book.title, book.author, book.author
    properties.created = book.created
    buffer = io.BytesIO()
    workbook.save(buffer)
    repack(buffer.getvalue(), target, book.created)
