"""PDF writer: one or two columns, running header and footer, page numbers, tables that break across pages."""

from __future__ import annotations

import calendar
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    ListFlowable,
    ListItem,
    PageBreak,
    PageTemplate,
    Paragraph,
    Preformatted,
    Spacer,
    Table,
    TableStyle,
)

from .markup import Block, Page, bold_parts, plain

ACCENT = colors.HexColor("#1f4e5f")
RULE = colors.HexColor("#9fb4bd")
BAND = colors.HexColor("#eef3f5")


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=more.pop("font", "Helvetica"), fontSize=size, leading=size * 1.35, **more)


BODY = _style("body", 9.8, spaceAfter=5)
NARROW = _style("narrow", 9.2, spaceAfter=5, alignment=TA_JUSTIFY)
CELL = _style("cell", 8.6)
HEAD_CELL = _style("head", 8.6, font="Helvetica-Bold", textColor=colors.white)
TITLE = _style("title", 19, font="Helvetica-Bold", textColor=ACCENT, spaceAfter=6)
HEADINGS = {
    1: _style("h1", 15, font="Helvetica-Bold", textColor=ACCENT, spaceBefore=10, spaceAfter=5),
    2: _style("h2", 12.5, font="Helvetica-Bold", textColor=ACCENT, spaceBefore=9, spaceAfter=4),
    3: _style("h3", 10.6, font="Helvetica-Bold", spaceBefore=6, spaceAfter=3),
}
CODE = ParagraphStyle("code", fontName="Courier", fontSize=8.4, leading=10.5, leftIndent=6, spaceAfter=6)


class _Counted(Canvas):
    """Canvas that holds its pages back until the number of pages is known."""

    decorate: Callable[[Canvas, int, int], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - name given by reportlab
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        held = self._held
        for number, state in enumerate(held, start=1):
            self.__dict__.update(state)
            type(self).decorate(self, number, len(held))
            super().showPage()
        super().save()


def _inline(text: str) -> str:
    return "".join(f"<b>{escape(part)}</b>" if bold else escape(part) for part, bold in bold_parts(text))


def _widths(rows: tuple[tuple[str, ...], ...], total: float) -> list[float]:
    count = len(rows[0])
    longest = [max(stringWidth(plain(row[i]), "Helvetica-Bold", 8.6) for row in rows) + 13 for i in range(count)]
    words = [
        max(stringWidth(word, "Helvetica-Bold", 8.6) for row in rows for word in (plain(row[i]).split() or [""])) + 13
        for i in range(count)
    ]
    if sum(longest) <= total:
        spare = (total - sum(longest)) / count
        return [width + spare for width in longest]
    room = total - sum(words)
    wish = [max(width - word, 0.0) for width, word in zip(longest, words, strict=True)]
    return [word + room * part / (sum(wish) or 1) for word, part in zip(words, wish, strict=True)]


def _table(block: Block, width: float) -> Table:
    data = [[Paragraph(_inline(cell), HEAD_CELL) for cell in block.rows[0]]]
    data += [[Paragraph(_inline(cell), CELL) for cell in row] for row in block.rows[1:]]
    table = Table(data, colWidths=_widths(block.rows, width), repeatRows=1, spaceBefore=3, spaceAfter=9)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), ACCENT),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, BAND]),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _list(block: Block, style: ParagraphStyle) -> ListFlowable:
    tight = ParagraphStyle("tight", parent=style, spaceAfter=2)
    items = [ListItem(Paragraph(_inline(item), tight)) for item in block.items]
    if block.kind == "numbers":
        return ListFlowable(items, bulletType="1", bulletFormat="%s.", leftIndent=16, bulletFontSize=style.fontSize)
    return ListFlowable(items, bulletType="bullet", start="•", leftIndent=13, bulletFontSize=8)


def _flowables(page: Page, width: float, body: ParagraphStyle) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(escape(page.title), TITLE)]
    if "subtitle" in page.meta:
        story.append(Paragraph(escape(page.meta["subtitle"]), _style("sub", 10.5, textColor=colors.grey)))
    story.append(Spacer(1, 4))
    pending: list[Flowable] = []
    for block in page.blocks:
        made: Flowable
        if block.kind == "heading":
            pending.append(Paragraph(_inline(block.text), HEADINGS[min(block.level, 3)]))
            continue
        if block.kind == "break":
            story.append(PageBreak())
            continue
        if block.kind == "table":
            made = _table(block, width)
        elif block.kind in ("bullets", "numbers"):
            made = _list(block, body)
        elif block.kind == "code":
            made = Preformatted(block.text, CODE)
        else:
            made = Paragraph(_inline(block.text), body)
        short = block.kind != "table" or len(block.rows) < 9
        if pending and short:
            story.append(KeepTogether([*pending, made]))
        else:
            story.extend([*pending, made])
        pending = []
        if block.kind in ("bullets", "numbers"):
            story.append(Spacer(1, 5))
    return story


def _decorator(page: Page) -> Callable[[Canvas, int, int], None]:
    left, right, top = 20 * mm, A4[0] - 20 * mm, A4[1] - 14 * mm

    def decorate(canvas: Canvas, number: int, count: int) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica-Bold", 8)
        canvas.setFillColor(ACCENT)
        canvas.drawString(left, top, "TARNHOLT INSTRUMENTS")
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(colors.grey)
        canvas.drawRightString(right, top, page.meta.get("running", page.title))
        canvas.setStrokeColor(RULE)
        canvas.line(left, top - 4, right, top - 4)
        canvas.line(left, 15 * mm, right, 15 * mm)
        canvas.drawString(left, 11 * mm, page.meta.get("footer", "Tarnholt Instruments Ltd - internal"))
        canvas.drawRightString(right, 11 * mm, f"Page {number} of {count}")
        canvas.restoreState()

    return decorate


def write_pdf(page: Page, target: Path) -> None:
    """Write ``page`` as a PDF; ``columns: 2`` in its head gives two columns."""
    columns = int(page.meta.get("columns", "1"))
    gap, left, bottom = 7 * mm, 20 * mm, 20 * mm
    width = (A4[0] - 2 * left - gap * (columns - 1)) / columns
    height = A4[1] - 42 * mm
    frames = [
        Frame(left + i * (width + gap), bottom, width, height, 0, 0, 0, 0, id=f"f{i}") for i in range(columns)
    ]
    os.environ["SOURCE_DATE_EPOCH"] = str(calendar.timegm(page.modified.timetuple()))
    document = BaseDocTemplate(
        str(target), pagesize=A4, title=page.title, author=page.author, subject=page.meta.get("subject", page.title),
        creator="Tarnholt document office", keywords=page.meta.get("keywords", ""),
    )
    document.addPageTemplates([PageTemplate(id="all", frames=frames)])
    maker = type("_Maker", (_Counted,), {"decorate": staticmethod(_decorator(page))})
    document.build(_flowables(page, width, NARROW if columns > 1 else BODY), canvasmaker=maker)
