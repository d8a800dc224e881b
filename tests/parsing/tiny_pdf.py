"""A PDF writer of a few lines, so that tests know every coordinate of what they read. Not for real documents.

Coordinates are points from the bottom left corner, as PDF has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842


@dataclass
class Page:
    """entries: more of the page's dictionary, such as ``/CropBox [0 0 300 300]``. notes: annotations on it."""

    rotate: int = 0
    parts: list[str] = field(default_factory=list)
    entries: str = ""
    notes: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, words: str, size: float = 10, *, bold: bool = False, turn: bool = False,
        mode: int = 0, grey: float | None = None,
    ) -> Page:  # fmt: skip
        """turn: a quarter turn against the clock. mode: of rendering, 3 is invisible. grey: 0 is black, 1 white."""
        escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        matrix = f"0 1 -1 0 {x} {y}" if turn else f"1 0 0 1 {x} {y}"
        show = f"BT /{'B' if bold else 'R'} {size} Tf {matrix} Tm ({escaped}) Tj ET"
        self.parts.append(show if grey is None and not mode else f"q {mode} Tr {grey or 0} g {show} Q")
        return self

    def fill(self, x0: float, y0: float, x1: float, y1: float, grey: float) -> Page:
        """A plain rectangle."""
        self.parts.append(f"{grey} g {x0} {y0} {x1 - x0} {y1 - y0} re f 0 g")
        return self

    def layer(self, inner: Page) -> Page:
        """What ``inner`` shows, as optional content whose group is the first of the file's ``objects``."""
        self.parts += ["/OC /Layer BDC", *inner.parts, "EMC"]
        return self

    def note(self, subtype: str, box: tuple[float, float, float, float], entries: str) -> Page:
        """An annotation."""
        sides = " ".join(map(str, box))
        self.notes.append(f"<< /Type /Annot /Subtype /{subtype} /Rect [{sides}] {entries} >>")
        return self

    def line(self, x0: float, y0: float, x1: float, y1: float) -> Page:
        self.parts.append(f"{x0} {y0} m {x1} {y1} l S")
        return self

    def image(self, width: float = 200, height: float = 200, x: float = 100, y: float = 100) -> Page:
        self.parts.append(f"q {width} 0 0 {height} {x} {y} cm BI /W 1 /H 1 /BPC 8 /CS /G ID A EI Q")
        return self


def first_object(pages: int) -> int:
    """Number of the first of the ``objects`` of a file with so many pages."""
    return 5 + 2 * pages


def _outline(entries: Sequence[tuple[str, int, int]], first: int) -> list[str]:
    """The root and one object per bookmark, numbered from ``first``; each points to its parent, child and sibling."""
    found = [f"<< /Type /Outlines /First {first + 1} 0 R >>"]
    for number, (title, level, page) in enumerate(entries):
        after = entries[number + 1 :]
        parent = next((n for n in reversed(range(number)) if entries[n][1] < level), -1)
        child = f"/First {first + number + 2} 0 R" if after and after[0][1] > level else ""
        ends = next((n for n, entry in enumerate(after) if entry[1] <= level), None)
        sibling = "" if ends is None or after[ends][1] < level else f"/Next {first + number + ends + 2} 0 R"
        found.append(
            f"<< /Title ({title}) /Parent {first + 1 + parent} 0 R /Dest [{5 + 2 * (page - 1)} 0 R /Fit] "
            f"{child} {sibling} >>"
        )
    return found


def pdf(
    *pages: Page, info: str = "", catalog: str = "", objects: Sequence[str] = (),
    outline: Sequence[tuple[str, int, int]] = (),
) -> bytes:  # fmt: skip
    """The file. info: entries of the information dictionary, such as ``/Title (A title)``. catalog: of the catalogue.
    objects: more objects, numbered from :func:`first_object`. outline: bookmarks as (title, level, page), from 1."""
    count = len(pages)
    free = first_object(count)
    layers = f"/Properties << /Layer {free} 0 R >>" if objects else ""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(count))
    written = [
        f"<< /Type /Catalog /Pages 2 0 R {f'/Outlines {free + len(objects)} 0 R' if outline else ''} {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        stream = "\n".join(page.parts)
        written.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {page.rotate} "
            f"{page.entries} /Annots [{' '.join(page.notes)}] "
            f"/Resources << /Font << /R 3 0 R /B 4 0 R >> {layers} >> "
            f"/Contents {6 + 2 * number} 0 R >>"
        )
        written.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    written += objects
    written += _outline(outline, free + len(objects)) if outline else []
    written.append(f"<< {info} >>")
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(written, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(out)
    out += f"xref\n0 {len(written) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    trailer = f"<< /Size {len(written) + 1} /Root 1 0 R /Info {len(written)} 0 R >>"
    return out + f"trailer {trailer}\nstartxref\n{start}\n%%EOF\n".encode()
