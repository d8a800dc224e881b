"""PDF files: text in reading order with its page and boxes, headings, lists and tables.

The work is split in two: :mod:`citewell.parsing.pdf_text` gets words and lines off a page,
:mod:`citewell.parsing.pdf_layout` turns one page's words into pieces. Here the whole file is looked at: running headers
and footers, the size of body text and so what is a heading, tables that go on over a page.
"""

from __future__ import annotations

import re
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.dates import pdf_date
from citewell.parsing.pdf_hidden import Eye
from citewell.parsing.pdf_join import joined
from citewell.parsing.pdf_layout import Piece, pieces_of
from citewell.parsing.pdf_notes import Note, notes_on
from citewell.parsing.pdf_outline import bookmarks, levels_by_piece, split_at
from citewell.parsing.pdf_running import running_texts
from citewell.parsing.pdf_text import PageText, read_page
from citewell.parsing.pdf_write import mend_words, rounded, write
from citewell.records import Locator

MAX_PAGES = 5000
_FORM_SETTINGS = pdfium.FPDF_FORMFILLINFO(version=2)
_MEANINGLESS_TITLE = re.compile(
    r"(?:\(?untitled|\(?anonymous|\(?unspecified|microsoft (?:word|powerpoint|excel)|document\d*|slide \d+|"
    r"powerpoint|presentation\d*|"
    r".*\.(?:docx?|pdf|pptx?|xlsx?|indd|tex|dvi|rtf|qxd|eps|p65|cdr|odt)$|.*\\|/)", re.IGNORECASE,
)  # fmt: skip


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/pdf"
    document = _open(data, out.name)
    try:
        form = _form(document, out)
        try:
            pages, notes = _pages(document, form, out)
        finally:
            if form:
                pdfium.FPDFDOC_ExitFormFillEnvironment(form)
        _describe(document, out)
        marks = bookmarks(document)
    finally:
        document.close()
    _report_silent_pages(pages, notes, out)
    skipped = running_texts(pages)
    pieces = []
    for page in pages:
        pieces += pieces_of(page, skipped.get(page.number, set()))
        pieces += [Piece(note.kind, note.text, page.number, note.box) for note in notes.get(page.number, ())]
    pieces = joined(split_at(pieces, marks))
    mend_words(pieces, pages)
    heights = {page.number: page.shown.top for page in pages if page.shown.rotation == 0}
    write(pieces, levels_by_piece(pieces, marks, heights), out)


def _form(document: Any, out: Builder) -> Any:
    """The file's form handle; ``None`` when it has no form."""
    kind = document.get_formtype()
    if kind == pdfium.FORMTYPE_NONE:
        return None
    if kind == pdfium.FORMTYPE_XFA_FULL:
        out.notes.append("The form is of the kind XFA, which only some programs show: fields may be missing.")
    form = pdfium.FPDFDOC_InitFormFillEnvironment(document, _FORM_SETTINGS)
    return form or None


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


def _pages(document: Any, form: Any, out: Builder) -> tuple[list[PageText], dict[int, list[Note]]]:
    """The pages, and by their number what lies on them."""
    count = len(document)
    if count > MAX_PAGES:
        raise ParseError("too_large", f"'{out.name}' has {count:,} pages; at most {MAX_PAGES:,} are read. Split it.")
    if count == 0:
        raise ParseError("no_text", f"'{out.name}' is a PDF without pages.")
    found: list[PageText] = []
    notes: dict[int, list[Note]] = {}
    broken = []
    eye = Eye()
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError:
            broken.append(number)
            continue
        try:
            text, hidden = eye.apart(page, read_page(page, number))
            found.append(text)
            lying = notes_on(page, form, text)
        finally:
            page.close()
        notes[number] = [note for note in lying if not note.hidden]
        hidden += [(note.text, "a hidden note or field", note.box) for note in lying if note.hidden]
        for words, reason, box in hidden:
            out.hide(words, reason, Locator(page=number, boxes=(rounded(box),)))
    if broken:
        out.notes.append(f"{_counted(broken)} could not be read: damaged.")
    out.metadata["pages"] = count
    return found, notes


def _describe(document: Any, out: Builder) -> None:
    values = {key: clean_line(value)[:500] for key, value in document.get_metadata_dict(skip_empty=True).items()}
    out.modified_at = pdf_date(values.get("ModDate", "")) or pdf_date(values.get("CreationDate", ""))
    for key in ("Author", "Subject", "Keywords"):
        if values.get(key) and not values[key].startswith("("):
            out.metadata[key.lower()] = values[key]
    if attached := pdfium.FPDFDoc_GetAttachmentCount(document):
        out.notes.append(f"Files attached to this one: {attached:,}. They are not read.")
    if created := pdf_date(values.get("CreationDate", "")):
        out.metadata["created"] = created
    title = values.get("Title", "")
    if 3 <= len(title) <= 200 and not _MEANINGLESS_TITLE.match(title) and sum(map(str.isalpha, title)) > 2:
        out.title = title


def _report_silent_pages(pages: list[PageText], notes: dict[int, list[Note]], out: Builder) -> None:
    """Notes about pages without text and about scans; an error when no page has any text."""
    silent = [page for page in pages if not page.words and not notes.get(page.number)]
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
        out.metadata["pages_without_text"] = images
        out.notes.append(
            f"{_counted(images)} {'has' if one else 'have'} no text: {'it is an image' if one else 'they are images'}."
        )
    if scans := [page.number for page in pages if page.scanned]:
        out.notes.append(
            f"{_counted(scans)}: a scan. Its text is the invisible layer that a text recogniser left in the file; it "
            "may differ from what the image shows."
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
