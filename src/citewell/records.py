"""The values that pass between stages: frozen, plain data, JSON in and out.

This module imports nothing of ours. Every value has ``to_json`` (a dict of plain data) and, where it is read back,
``from_json``; ``None`` and empty fields are left out of the JSON. Ids come from content, never from position in a file
or from time, so an old citation can never point at new text.

    Document ─ Block ─ Cell        what a parser understood of one file
    Passage ─ Place                what is indexed, retrieved and cited
    Hit ─ Copy                     a passage one stage ranked, and where else its text stands
    Citation ─ Claim ─ Answer      what a person reads
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Literal

Json = dict[str, Any]
Span = tuple[int, int]
"""Character offsets, half-open: ``text[start:end]``."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points (1/72 inch), measured from the top left corner of the page."""

BlockKind = Literal[
    "title", "heading", "paragraph", "list_item", "table_header", "table_row", "code", "caption", "quote", "field",
]  # fmt: skip
Stage = Literal["lexical", "dense", "fused", "reranked"]
Verdict = Literal["supported", "weak", "unsupported", "contradicted"]


def content_id(*parts: str | bytes) -> str:
    """32 hex digits (128 bits of SHA-256) that depend on every part and on where each part ends."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:32]


def stated_title(title: str, uri: str) -> str:
    """The title if the document states it; empty when it is only the file's name."""
    return "" if title == PurePath(uri).name else title


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a person would look in the original file. Only the fields that apply are set.

    page: 1-based page of a PDF. boxes: on that page. sheet, cells: spreadsheet place such as ``B4`` or ``A4:D4``.
    slide: 1-based. lines: first and last line of a text file, 1-based, inclusive. seconds: start, end in a recording.
    part: a named part such as an attachment, a JSON pointer, or a notebook cell.
    """

    page: int | None = None
    boxes: tuple[Box, ...] = ()
    sheet: str | None = None
    cells: str | None = None
    slide: int | None = None
    lines: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    part: str | None = None

    def to_json(self) -> Json:
        found: Json = {}
        for name in ("page", "sheet", "cells", "slide", "part"):
            if (value := getattr(self, name)) is not None:
                found[name] = value
        if self.boxes:
            found["boxes"] = [list(box) for box in self.boxes]
        if self.lines is not None:
            found["lines"] = list(self.lines)
        if self.seconds is not None:
            found["seconds"] = list(self.seconds)
        return found

    @staticmethod
    def from_json(data: Json) -> Locator:
        lines, seconds = data.get("lines"), data.get("seconds")
        return Locator(
            page=data.get("page"),
            boxes=tuple((float(b[0]), float(b[1]), float(b[2]), float(b[3])) for b in data.get("boxes", ())),
            sheet=data.get("sheet"),
            cells=data.get("cells"),
            slide=data.get("slide"),
            lines=(int(lines[0]), int(lines[1])) if lines else None,
            seconds=(float(seconds[0]), float(seconds[1])) if seconds else None,
            part=data.get("part"),
        )

    def __str__(self) -> str:
        """Short human form: ``page 3``, ``sheet Prices, B4``, ``lines 10-14``."""
        words = []
        if self.part:
            words.append(self.part)
        if self.page is not None:
            words.append(f"page {self.page}")
        if self.slide is not None:
            words.append(f"slide {self.slide}")
        if self.sheet:
            words.append(f"sheet {self.sheet}")
        if self.cells:
            words.append(self.cells)
        if self.lines:
            first, last = self.lines
            words.append(f"line {first}" if first == last else f"lines {first}-{last}")
        if self.seconds:
            words.append(f"{self.seconds[0]:.0f}-{self.seconds[1]:.0f} s")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a document's text and where it stands in the original."""

    span: Span
    locator: Locator

    def to_json(self) -> Json:
        return {"span": list(self.span), "locator": self.locator.to_json()}

    @staticmethod
    def from_json(data: Json) -> Place:
        return Place((int(data["span"][0]), int(data["span"][1])), Locator.from_json(data["locator"]))


@dataclass(frozen=True, slots=True)
class Block:
    """One element of a document, in reading order.

    span: offsets in ``Document.text``; blocks never overlap. heading_path: titles of the sections it stands in,
    outermost first. cells: for table rows, the place of each cell; for a paragraph that goes on in another column or on
    another page, its parts. header: for table rows, the header row's text. level: of a heading, 1 is outermost; of a
    list item, its depth from 1.
    """

    kind: BlockKind
    span: Span
    locator: Locator
    heading_path: tuple[str, ...] = ()
    cells: tuple[Place, ...] = ()
    header: str = ""
    level: int = 0

    def to_json(self) -> Json:
        found: Json = {"kind": self.kind, "span": list(self.span), "locator": self.locator.to_json()}
        if self.heading_path:
            found["heading_path"] = list(self.heading_path)
        if self.cells:
            found["cells"] = [cell.to_json() for cell in self.cells]
        if self.header:
            found["header"] = self.header
        if self.level:
            found["level"] = self.level
        return found

    @staticmethod
    def from_json(data: Json) -> Block:
        return Block(
            kind=data["kind"],
            span=(int(data["span"][0]), int(data["span"][1])),
            locator=Locator.from_json(data["locator"]),
            heading_path=tuple(data.get("heading_path", ())),
            cells=tuple(Place.from_json(cell) for cell in data.get("cells", ())),
            header=data.get("header", ""),
            level=data.get("level", 0),
        )


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that the file holds but shows to nobody, such as white on white or ``display: none``.

    It is kept apart: never part of a document's text, never indexed, never quoted. reason: for people.
    """

    text: str
    reason: str
    locator: Locator

    def to_json(self) -> Json:
        return {"text": self.text, "reason": self.reason, "locator": self.locator.to_json()}

    @staticmethod
    def from_json(data: Json) -> Hidden:
        return Hidden(data["text"], data["reason"], Locator.from_json(data["locator"]))


@dataclass(frozen=True, slots=True)
class Document:
    """One file (or mail, page, row) as text with structure.

    id: hash of source id and URI, stable across edits. version: hash of the bytes, the file's name and the versions
    of the code that parsed and cut them.
    modified_at: ISO 8601 date or date-time the document states or its file carries; empty when unknown.
    readers: principals who may read it; empty means nobody. text: one normalised string; every span counts in it.
    notes: what a reader of the document should know about its parsing, such as pages without text. hidden: text the
    file does not show, kept apart from ``text``.
    """

    id: str
    version: str
    uri: str
    title: str
    media_type: str
    text: str
    blocks: tuple[Block, ...]
    source_id: str = ""
    language: str = ""
    modified_at: str = ""
    readers: tuple[str, ...] = ()
    metadata: Json = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    def to_json(self) -> Json:
        return {
            "id": self.id, "version": self.version, "uri": self.uri, "title": self.title,
            "source_id": self.source_id, "media_type": self.media_type, "language": self.language,
            "modified_at": self.modified_at,
            "readers": list(self.readers), "metadata": self.metadata, "notes": list(self.notes),
            "hidden": [each.to_json() for each in self.hidden], "text": self.text,
            "blocks": [block.to_json() for block in self.blocks],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Document:
        return Document(
            id=data["id"], version=data["version"], uri=data["uri"], title=data["title"],
            media_type=data["media_type"], text=data["text"],
            blocks=tuple(Block.from_json(block) for block in data["blocks"]), source_id=data.get("source_id", ""),
            language=data.get("language", ""), modified_at=data.get("modified_at", ""),
            readers=tuple(data.get("readers", ())), metadata=data.get("metadata", {}),
            notes=tuple(data.get("notes", ())), hidden=tuple(Hidden.from_json(each) for each in data.get("hidden", ())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that is indexed, retrieved and cited as one.

    id: hash of document id, text and occurrence: same text, same id. span: exact, ``document.text[a:b] == text``.
    header: the table header row its rows belong to; with title and heading path it is the context the encoder and the
    full-text index read before the text, never part of the text itself. places: locators of its parts, by span.
    """

    id: str
    document_id: str
    document_version: str
    source_id: str
    uri: str
    title: str
    text: str
    span: Span
    heading_path: tuple[str, ...] = ()
    header: str = ""
    places: tuple[Place, ...] = ()
    readers: tuple[str, ...] = ()
    language: str = ""
    modified_at: str = ""
    media_type: str = ""
    metadata: Json = field(default_factory=dict)

    @property
    def context(self) -> str:
        """Title, headings and table header, one line, given to the encoder and the full-text index with the text."""
        path = [part for part in self.heading_path if part.casefold() != self.title.casefold()]
        return " > ".join(part for part in (self.title, *path, self.header) if part)

    @property
    def searchable(self) -> str:
        """What the full-text index reads."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    @property
    def embedded(self) -> str:
        """What the encoder reads: the same without a title that is only the file's name, so that a renamed file keeps
        its vectors."""
        return self.searchable if stated_title(self.title, self.uri) else replace(self, title="").searchable

    @property
    def text_hash(self) -> str:
        """The key under which the passage's vector can be used again: a hash of what the encoder reads."""
        return content_id(self.embedded)

    def locate(self, span: Span | None = None) -> Locator:
        """The locator of ``span`` (document offsets, default the whole passage), merged from the places it touches."""
        start, end = span or self.span
        touched = [place.locator for place in self.places if place.span[0] < end and start < place.span[1]]
        return merge_locators(touched)


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place where the same text stands. span: exact, in that document's text."""

    document_id: str
    uri: str
    title: str
    span: Span
    locator: Locator
    modified_at: str = ""

    @staticmethod
    def of(passage: Passage, span: Span | None = None) -> Copy:
        """``span`` (document offsets, default the whole passage) of ``passage`` as a place."""
        return Copy(
            passage.document_id, passage.uri, passage.title, span or passage.span, passage.locate(span),
            passage.modified_at,
        )  # fmt: skip

    def to_json(self) -> Json:
        return {
            "document": self.document_id, "uri": self.uri, "title": self.title, "start": self.span[0],
            "end": self.span[1], "locator": self.locator.to_json(), "modified_at": self.modified_at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage as one stage ranked it. Higher scores are better; the scale belongs to the stage.

    copies: the other passages of this search with the same text, newest first; they are no hits of their own.
    """

    passage: Passage
    score: float
    stage: Stage
    copies: tuple[Passage, ...] = ()

    def to_json(self) -> Json:
        passage = self.passage
        return {
            "passage_id": passage.id, "document": passage.document_id, "uri": passage.uri, "title": passage.title,
            "heading_path": list(passage.heading_path), "text": passage.text, "start": passage.span[0],
            "end": passage.span[1], "locator": passage.locate().to_json(), "modified_at": passage.modified_at,
            "score": round(self.score, 6), "stage": self.stage,
            "copies": [Copy.of(each).to_json() for each in self.copies],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citation:
    """Proof of a sentence: the document's own characters at ``span``. Built from hits by code, never by a model.

    also: the other places where the quote stands word for word, newest first. newer: the newest version of this
    document, when it is newer than this one and the search did not find the quote in it.
    """

    passage_id: str
    document_id: str
    document_version: str
    uri: str
    title: str
    quote: str
    span: Span
    locator: Locator
    heading_path: tuple[str, ...] = ()
    header: str = ""
    modified_at: str = ""
    also: tuple[Copy, ...] = ()
    newer: Copy | None = None

    def to_json(self) -> Json:
        return {
            "document": self.document_id, "uri": self.uri, "title": self.title, "quote": self.quote,
            "start": self.span[0], "end": self.span[1], "locator": self.locator.to_json(),
            "passage_id": self.passage_id, "document_version": self.document_version,
            "heading_path": list(self.heading_path), "header": self.header, "modified_at": self.modified_at,
            "also": [copy.to_json() for copy in self.also], "newer": self.newer.to_json() if self.newer else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer. citations: indexes into ``Answer.citations``. support: in [0, 1]."""

    text: str
    citations: tuple[int, ...]
    support: float
    verdict: Verdict

    def to_json(self) -> Json:
        return {
            "text": self.text, "citations": list(self.citations), "support": round(self.support, 4),
            "verdict": self.verdict,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer. reason: a stable word; message: for people."""

    reason: Literal["nothing_found", "unknown_name", "weak_evidence"]
    message: str

    def to_json(self) -> Json:
        return {"reason": self.reason, "message": self.message}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Documents that answer differently. citations: indexes into ``Answer.citations``, newest first."""

    summary: str
    citations: tuple[int, ...]

    def to_json(self) -> Json:
        return {"summary": self.summary, "citations": list(self.citations)}


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """The few words of the first sentence that answer a question for a name, a number, a date …

    citation: index of the citation that holds it. span: its characters in that citation's document.
    """

    text: str
    citation: int
    span: Span

    def to_json(self) -> Json:
        return {"text": self.text, "citation": self.citation, "start": self.span[0], "end": self.span[1]}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to: a cited answer, or an honest refusal with the nearest passages.

    confidence: calibrated probability in [0, 1] that the answer is right. weak: it is given, but more likely wrong than
    the collection's target risk allows. short: when a few words say it. timings: seconds per stage.
    """

    question: str
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    confidence: float
    refusal: Refusal | None = None
    conflicts: tuple[Conflict, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    trace_id: str = ""
    short: ShortAnswer | None = None
    weak: bool = False

    @property
    def refused(self) -> bool:
        return self.refusal is not None

    def to_json(self) -> Json:
        return {
            "question": self.question, "answer": self.text, "refused": self.refused,
            "refusal": self.refusal.to_json() if self.refusal else None, "confidence": round(self.confidence, 4),
            "weak": self.weak, "short_answer": self.short.to_json() if self.short else None,
            "claims": [claim.to_json() for claim in self.claims],
            "citations": [citation.to_json() for citation in self.citations],
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
            "hits": [hit.to_json() for hit in self.hits],
            "timings": {stage: round(seconds, 6) for stage, seconds in self.timings.items()},
            "trace_id": self.trace_id,
        }  # fmt: skip


def merge_locators(locators: list[Locator]) -> Locator:
    """One locator for several neighbouring places: the first one's page, sheet or part, widened where that is exact.

    Boxes of the first page are joined; line ranges and cell ranges of the same sheet and part are spanned.
    """
    if not locators:
        return Locator()
    first = locators[0]
    same = [
        each for each in locators
        if (each.page, each.sheet, each.slide, each.part) == (first.page, first.sheet, first.slide, first.part)
    ]  # fmt: skip
    lines = [each.lines for each in same if each.lines]
    seconds = [each.seconds for each in same if each.seconds]
    return Locator(
        page=first.page,
        boxes=tuple(dict.fromkeys(box for each in same for box in each.boxes)),
        sheet=first.sheet,
        cells=_span_cells([each.cells for each in same if each.cells]),
        slide=first.slide,
        lines=(min(pair[0] for pair in lines), max(pair[1] for pair in lines)) if lines else None,
        seconds=(min(pair[0] for pair in seconds), max(pair[1] for pair in seconds)) if seconds else None,
        part=first.part,
    )


def _span_cells(ranges: list[str]) -> str | None:
    """``["A2:D2", "A5:D5"]`` → ``"A2:D5"``; ``["B2"]`` → ``"B2"``."""
    corners = [corner for each in ranges for corner in each.split(":")]
    if not corners:
        return None
    columns = [corner.rstrip("0123456789") for corner in corners]
    rows = [int(corner[len(column) :] or 0) for corner, column in zip(corners, columns, strict=True)]
    by_width = sorted(columns, key=lambda column: (len(column), column))
    start, end = f"{by_width[0]}{min(rows)}", f"{by_width[-1]}{max(rows)}"
    return start if start == end else f"{start}:{end}"
