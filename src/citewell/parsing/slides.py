"""PowerPoint presentations: per slide its title, text, lists, tables, charts, speaker notes and comments.

The XML is read directly rather than through python-pptx, which loads every picture, stops at the first part it does not
know and does not look into alternatives (``mc:AlternateContent``). Parts are found through the package's own lists of
relations; those outside the package (linked pictures, templates on a server) cannot be reached.

What the file does not show is kept apart: hidden slides and shapes, words off the slide, of 1 point or smaller, and
white on white. Slides are counted as PowerPoint counts them, hidden ones included. The slide number is no text; a date
or footer that repeats on every slide is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import office_math, packages, slides_data
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.numerals import Numeral, column_letter, numeral
from citewell.parsing.slides_shapes import MC, A, P, R, Shape, Sheet, inherited, off_slide, on_white, sheet, unseen
from citewell.parsing.spans import Continued
from citewell.records import Locator

_FURNITURE = frozenset(("ftr", "dt", "hdr"))
_NUMBERINGS: dict[str, Numeral] = {
    "arabic": "decimal", "alphaLc": "lower_letter", "alphaUc": "upper_letter", "romanLc": "lower_roman",
    "romanUc": "upper_roman",
}  # fmt: skip
_MAX_COLUMNS = 1_000


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    with packages.open_package(data, out.name) as archive:
        packages.describe(archive, out)
        packages.note_macros(archive, out)
        _Deck(packages.Package(archive, out.name), out).read()


class _Deck:
    """One pass over the slides in the order of the presentation."""

    def __init__(self, package: packages.Package, out: Builder) -> None:
        self.package = package
        self.out = out
        self.size = (0.0, 0.0)
        self.furniture: set[str] = set()  # dates and footers written already
        self.sheets: dict[str, Sheet | None] = {}  # layouts and masters by part

    def read(self) -> None:
        start = self.package.main("ppt/presentation.xml")
        root = self.package.root(start)
        if root is None or root.tag != f"{P}presentation":
            raise ParseError(
                "corrupt",
                f"'{self.out.name}' is not a readable presentation: expected a presentation part, found "
                f"{'none' if root is None else 'something else'}. Open it in PowerPoint and save it again.",
            )
        extent = root.find(f"{P}sldSz")
        if extent is not None:
            width, height = extent.get("cx", ""), extent.get("cy", "")
            self.size = (float(width), float(height)) if width.isdigit() and height.isdigit() else self.size
        related = self.package.relations(start)
        for number, entry in enumerate(root.iterfind(f"{P}sldIdLst/{P}sldId"), start=1):
            relation = related.get(entry.get(f"{R}id", ""))
            if relation is None or (slide := self.package.root(relation.target)) is None:
                self.out.notes.append(f"Slide {number} is missing from the file or damaged; it was left out.")
                continue
            _Slide(self, relation.target, slide, number).read()

    def sheet(self, part: str, kind: str) -> Sheet | None:
        """A layout with its master, or a master with its theme; each is read once."""
        if part not in self.sheets:
            root = self.package.root(part)
            if root is None:
                self.sheets[part] = None
            elif kind == "layout":
                self.sheets[part] = sheet(root, self.sheet(self.package.related(part, "slideMaster"), "master"))
            else:
                self.sheets[part] = sheet(root, None, self.package.root(self.package.related(part, "theme")))
        return self.sheets[part]


class _Slide:
    def __init__(self, deck: _Deck, part: str, root: Any, number: int) -> None:
        self.deck = deck
        self.package = package = deck.package
        self.out = deck.out
        self.part = part
        self.number = number
        self.place = Locator(slide=number)
        self.sheet = sheet(root, deck.sheet(package.related(part, "slideLayout"), "layout"))
        self.relations = package.relations(part)
        self.unshown = root.get("show") in {"0", "false"}
        self.tables = self.charts = 0

    def read(self) -> None:
        self.out.close_sections(1)
        last: list[Shape] = []
        for shape in self.sheet.shapes:
            if shape.placeholder in _FURNITURE:
                last.append(shape)
            elif shape.placeholder != "sldNum":
                self.shape(shape)
        for shape in last:
            text = clean_line(_plain(shape.element))
            if text and text not in self.deck.furniture:
                self.deck.furniture.add(text)
                self.shape(shape)
        self.notes()
        for text, who in slides_data.comments(self.comment_roots(), self.authors()):
            self.put("quote", text, Locator(slide=self.number, part=f"comment by {who}" if who else "comment"))

    def put(self, kind: Any, text: str, place: Locator, *, level: int = 0) -> None:
        if self.unshown:
            self.out.hide(text, "hidden slide", place)
        elif kind == "heading":
            self.out.heading(text, 1, place)
        else:
            self.out.add(kind, text, place, level=level)

    def shape(self, shape: Shape) -> None:
        reason = "hidden shape" if shape.hidden else "off the slide" if off_slide(shape.box, self.deck.size) else ""
        if reason:
            self.out.hide(_plain(shape.element), reason, self.place)
            return
        table = shape.element.find(f"{A}graphic/{A}graphicData/{A}tbl")
        if table is not None:
            self.table(table)
        elif shape.element.tag == f"{P}graphicFrame":
            self.graphic(shape)
        elif (body := shape.element.find(f"{P}txBody")) is not None:
            self.frame(shape, body)
        properties = shape.element.find(f"*/{P}cNvPr")
        if properties is not None:
            self.put("caption", packages.picture_words(properties), self.place)

    def frame(self, shape: Shape, body: Any) -> None:
        white = _once(lambda: on_white(shape, self.sheet))
        if shape.placeholder in {"title", "ctrTitle"}:
            self.put("heading", "\n".join(self.text(each, white) for each in body.iterfind(f"{A}p")), self.place)
            return
        listed = _Numbers(shape, body, self.sheet)
        for paragraph in body.iterfind(f"{A}p"):
            text = self.text(paragraph, white)
            if not text.strip():
                continue
            level, mark = listed.mark(paragraph)
            if mark is None:
                self.put("paragraph", text, self.place)
            else:
                self.put("list_item", f"{mark} {text}" if mark else text, self.place, level=level + 1)

    def text(self, paragraph: Any, white: Callable[[], bool]) -> str:
        """What a paragraph shows; what it does not is kept apart."""
        shown: list[str] = []
        kept: dict[str, list[str]] = {}
        for element in paragraph:
            words = _plain(element)
            if not words:
                continue
            painted = element.find(f"{A}rPr/{A}solidFill") is not None
            reason = unseen(element, self.sheet, white_paper=painted and white())
            (kept.setdefault(reason, []) if reason and words.strip() else shown).append(words)
        for reason, pieces in kept.items():
            self.out.hide("".join(pieces), reason, self.place)
        return "".join(shown)

    def table(self, table: Any) -> None:
        self.tables += 1
        part = f"table {self.tables}"
        rows: list[tuple[list[Cell], Locator]] = []
        merged = Continued(self.out)
        for number, row in enumerate(table.iterfind(f"{A}tr"), start=1):
            own: list[tuple[Cell, bool]] = []
            for column, cell in enumerate(row.findall(f"{A}tc")[:_MAX_COLUMNS]):
                beside, below = (cell.get(name) in {"1", "true"} for name in ("hMerge", "vMerge"))
                words = " ".join(self.text(each, lambda: False) for each in cell.iter(f"{A}p"))
                place = Locator(slide=self.number, part=part, cells=f"{column_letter(column + 1)}{number}")
                own.append((("" if beside or below else words, place), below and not beside))
            cells = merged.row(own)
            last = column_letter(max(1, len(cells)))
            rows.append((cells, Locator(slide=self.number, part=part, cells=f"A{number}:{last}{number}")))
        self.rows(rows)

    def rows(self, rows: list[tuple[list[Cell], Locator]]) -> None:
        if self.unshown:
            for cells, place in rows:
                self.out.hide(" | ".join(text for text, _ in cells if text), "hidden slide", place)
            return
        table = self.out.table()
        for number, (cells, place) in enumerate(rows):
            if number == 0 and len(rows) > 1 and sum(1 for text, _ in cells if text.strip()) >= 2:
                table.header(cells, place)
            else:
                table.row(cells, place)

    def graphic(self, shape: Shape) -> None:
        """A chart's or diagram's words and numbers, from the parts the slide names."""
        for element in shape.element.iterfind(f"{A}graphic/{A}graphicData/*"):
            name = etree.QName(element).localname
            relation = self.relations.get(element.get(f"{R}{'dm' if name == 'relIds' else 'id'}", ""))
            root = self.package.root(relation.target) if relation is not None else None
            if root is None:
                continue
            if name == "chart":
                self.chart(root)
            elif name == "relIds":
                for text, level in slides_data.diagram(root):
                    self.put("list_item", text, self.place, level=level)

    def chart(self, root: Any) -> None:
        self.charts += 1
        part = f"chart {self.charts}"
        found = slides_data.chart(root)
        self.put("caption", found.title, Locator(slide=self.number, part=part))
        place = Locator(slide=self.number, part=part)
        self.rows([([(text, place) for text in row], place) for row in found.rows])

    def notes(self) -> None:
        root = self.package.root(self.package.related(self.part, "notesSlide"))
        if root is None:
            return
        for shape in sheet(root).shapes:
            if shape.placeholder not in {"sldNum", "sldImg", "hdr", "ftr", "dt"} and not shape.hidden:
                for paragraph in shape.element.iterfind(f"{P}txBody/{A}p"):
                    self.put("paragraph", _plain(paragraph), Locator(slide=self.number, part="notes"))

    def comment_roots(self) -> Iterator[Any]:
        for relation in self.relations.values():
            if relation.kind == "comments" and (root := self.package.root(relation.target)) is not None:
                yield root

    def authors(self) -> list[Any]:
        roots = (self.package.root(part) for part in ("ppt/commentAuthors.xml", "ppt/authors.xml"))
        return [root for root in roots if root is not None]


class _Numbers:
    """Which paragraphs of a text frame are list items, and what stands before each."""

    def __init__(self, shape: Shape, body: Any, owner: Sheet) -> None:
        self.sources = [body.find(f"{A}lstStyle")]
        base, level = inherited(shape, owner), owner.parent
        while base is not None and level is not None:
            self.sources.append(base.element.find(f"{P}txBody/{A}lstStyle"))
            base, level = inherited(base, level), level.parent
        master: Sheet | None = owner
        while master is not None and master.parent is not None:
            master = master.parent
        if master is not None and shape.placeholder in {"body", "obj", "subTitle"}:
            self.sources.append(master.root.find(f"{P}txStyles/{P}bodyStyle"))
        self.counts: dict[int, int] = {}
        self.kinds: dict[int, str] = {}

    def mark(self, paragraph: Any) -> tuple[int, str | None]:
        """Level from 0, and the number (``2.``), empty for a bullet, ``None`` for no list item."""
        properties = paragraph.find(f"{A}pPr")
        given = "0" if properties is None else properties.get("lvl", "0")
        level = min(int(given), 8) if given.isdigit() and len(given) < 3 else 0
        bullet = self.bullet(properties, level)
        for deeper in [each for each in self.counts if each > level]:
            del self.counts[deeper]
        if bullet is None or bullet.tag != f"{A}buAutoNum":
            self.counts.pop(level, None)
            return level, None if bullet is None or bullet.tag == f"{A}buNone" else ""
        kind, start = bullet.get("type", "arabicPeriod"), bullet.get("startAt", "1")
        if self.kinds.get(level) != kind:
            self.counts.pop(level, None)
        self.kinds[level] = kind
        first = int(start) if start.isdigit() and len(start) < 6 else 1
        self.counts[level] = self.counts.get(level, first - 1) + 1
        return level, _numbered(self.counts[level], kind)

    def bullet(self, properties: Any, level: int) -> Any:
        """The nearest element that says what stands before a paragraph."""
        styles = (None if each is None else each.find(f"{A}lvl{level + 1}pPr") for each in self.sources)
        for source in (properties, *styles):
            for element in source if source is not None else ():
                if element.tag in {f"{A}buNone", f"{A}buChar", f"{A}buAutoNum", f"{A}buBlip"}:
                    return element
        return None


def _numbered(number: int, kind: str) -> str:
    base = next((each for each in _NUMBERINGS if kind.startswith(each)), "arabic")
    text = numeral(number, _NUMBERINGS[base])
    if kind.endswith("ParenBoth"):
        return f"({text})"
    return text + (")" if kind.endswith("ParenR") else "" if kind.endswith("Plain") else ".")


def _plain(element: Any) -> str:
    """All characters of a shape, paragraph or run, shown or not."""
    pieces: list[str] = []
    stack = [element]
    while stack:
        each = stack.pop()
        if each.tag in office_math.FORMULAS:
            pieces.append(office_math.line(each))
        elif each.tag == f"{A}t":
            pieces.append(each.text or "")
        elif each.tag != f"{MC}Fallback":
            if each.tag == f"{A}br" or (each.tag == f"{A}p" and pieces):
                pieces.append("\n")
            stack += reversed(each)
    return "".join(pieces)


def _once(ask: Callable[[], bool]) -> Callable[[], bool]:
    """The same answer, worked out when first wanted."""
    known: list[bool] = []

    def answer() -> bool:
        if not known:
            known.append(ask())
        return known[0]

    return answer
