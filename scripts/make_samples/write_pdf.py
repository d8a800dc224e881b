"""PDF writer: one or two columns, running header and footer, page numbers, tables that break across pages."""

from __future__ import annotations

import calendar
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
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


class _Look:
    """Paragraph styles for one document; ``size`` is the size of the body text in points."""

    def __init__(self, size: float, justified: bool) -> None:
        small = size - 1.2
        self.size, self.small = size, small
        self.body = _style("body", size, spaceAfter=size / 2, alignment=TA_JUSTIFY if justified else TA_LEFT)
        self.item = _style("item", size, spaceAfter=2)
        self.cell = _style("cell", small)
        self.head = _style("head", small, font="Helvetica-Bold", textColor=colors.white)
        self.title = _style("title", size + 9, font="Helvetica-Bold", textColor=ACCENT, spaceAfter=6)
        self.subtitle = _style("subtitle", size + 0.7, textColor=colors.grey)
        self.code = ParagraphStyle("code", fontName="Courier", fontSize=small, leading=10.5, leftIndent=6, spaceAfter=6)
        self.headings = {
            1: _style("h1", size + 5, font="Helvetica-Bold", textColor=ACCENT, spaceBefore=10, spaceAfter=5),
            2: _style("h2", size + 2.7, font="Helvetica-Bold", textColor=ACCENT, spaceBefore=9, spaceAfter=4),
            3: _style("h3", size + 0.8, font="Helvetica-Bold", spaceBefore=6, spaceAfter=3),
        }


class _Counted(Canvas):  # type: ignore[misc]
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


def _widths(rows: tuple[tuple[str, ...], ...], total: float, size: float) -> list[float]:
    """Column widths: narrow columns get what they need, the long ones share the rest."""
    count = len(rows[0])
    needs = [max(stringWidth(plain(row[i]), "Helvetica-Bold", size) for row in rows) + 14 for i in range(count)]
    if sum(needs) <= total:
        return [need + (total - sum(needs)) / count for need in needs]
    widths = dict.fromkeys(range(count), 0.0)
    open_columns, room = set(range(count)), total
    while open_columns:
        share = room / len(open_columns)
        fitting = [i for i in open_columns if needs[i] <= share]
        if not fitting:
            widths.update(dict.fromkeys(open_columns, share))
            break
        for i in fitting:
            widths[i] = needs[i]
            room -= needs[i]
            open_columns.remove(i)
    return [widths[i] for i in range(count)]


def _table(block: Block, width: float, look: _Look) -> Table:
    data = [[Paragraph(_inline(cell), look.head) for cell in block.rows[0]]]
    data += [[Paragraph(_inline(cell), look.cell) for cell in row] for row in block.rows[1:]]
    table = Table(data, colWidths=_widths(block.rows, width, look.small), repeatRows=1, spaceBefore=3, spaceAfter=9)
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


def _list(block: Block, look: _Look) -> ListFlowable:
    items = [ListItem(Paragraph(_inline(item), look.item)) for item in block.items]
    if block.kind == "numbers":
        return ListFlowable(items, bulletType="1", bulletFormat="%s.", leftIndent=16, bulletFontSize=look.size)
    return ListFlowable(items, bulletType="bullet", start="•", leftIndent=13, bulletFontSize=8)


def _flowables(page: Page, width: float, look: _Look) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(escape(page.title), look.title)]
    if "subtitle" in page.meta:
        story.append(Paragraph(escape(page.meta["subtitle"]), look.subtitle))
    story.append(Spacer(1, 4))
    pending: list[Flowable] = []
    for block in page.blocks:
        made: Flowable
        if block.kind == "heading":
            pending.append(Paragraph(_inline(block.text), look.headings[min(block.level, 3)]))
            continue
        if block.kind == "break":
            story.append(PageBreak())
            continue
        if block.kind == "table":
            made = _table(block, width, look)
        elif block.kind in ("bullets", "numbers"):
            made = _list(block, look)
        elif block.kind == "code":
            made = Preformatted(block.text, look.code)
        else:
            made = Paragraph(_inline(block.text), look.body)
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
    """Write ``page`` as a PDF; its head may set ``columns: 2``, the text ``size`` and the side ``margin``."""
    columns = int(page.meta.get("columns", "1"))
    gap, left, bottom = 7 * mm, float(page.meta.get("margin", "20")) * mm, 20 * mm
    width = (A4[0] - 2 * left - gap * (columns - 1)) / columns
    height = A4[1] - 42 * mm
    frames = [Frame(left + i * (width + gap), bottom, width, height, 0, 0, 0, 0, id=f"f{i}") for i in range(columns)]
    os.environ["SOURCE_DATE_EPOCH"] = str(calendar.timegm(page.modified.timetuple()))
    document = BaseDocTemplate(
        str(target),
        pagesize=A4,
        title=page.title,
        author=page.author,
        subject=page.meta.get("subject", page.title),
        creator="Tarnholt document office",
        keywords=page.meta.get("keywords", ""),
    )
    document.addPageTemplates([PageTemplate(id="all", frames=frames)])
    maker = type("_Maker", (_Counted,), {"decorate": staticmethod(_decorator(page))})
    look = _Look(float(page.meta.get("size", "9.8")), justified=columns > 1)
    document.build(_flowables(page, width, look), canvasmaker=maker)
