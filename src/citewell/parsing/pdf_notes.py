"""What lies on a PDF page without being part of it: comments and the values of form fields."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import pypdfium2.raw as pdfium

from citewell.cleaning import clean, clean_line
from citewell.parsing.pdf_text import PageText
from citewell.records import Box

MAX_PER_PAGE = 2_000
_MAX_BYTES = 40_000  # of one comment or value, in UTF-16
_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # a text field's flag: its value is a secret
_SPOKEN = frozenset({
    pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE,
    pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_CARET,
    pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE,
    pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE,
})  # fmt: skip
_CHOSEN = frozenset({pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON})
_WRITTEN = frozenset({
    pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX,
})  # fmt: skip


class Note(NamedTuple):
    """box: on the page as shown. hidden: the file says not to show it."""

    kind: Literal["quote", "field"]
    text: str
    box: Box
    hidden: bool


def notes_on(page: Any, form: Any, text: PageText) -> list[Note]:
    """Top to bottom. page: a ``pypdfium2.PdfPage``. form: the file's form handle, or ``None``."""
    if not form:
        return _notes(page, form, text)
    pdfium.FORM_OnAfterLoadPage(page, form)  # else boxes are never checked
    try:
        return _notes(page, form, text)
    finally:
        pdfium.FORM_OnBeforeClosePage(page, form)


def _notes(page: Any, form: Any, text: PageText) -> list[Note]:
    found: list[Note] = []
    for number in range(min(MAX_PER_PAGE, max(0, pdfium.FPDFPage_GetAnnotCount(page)))):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            hidden = bool(pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN)
            if kind in _SPOKEN and (words := _comment(annotation, kind)):
                found.append(Note("quote", words, _box(annotation, text), hidden))
            elif kind == pdfium.FPDF_ANNOT_WIDGET and form and (words := _field(form, annotation)):
                found.append(Note("field", words, _box(annotation, text), hidden))
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return sorted(found, key=lambda note: (round(note.box[1] / 4), note.box[0]))


def _comment(annotation: Any, kind: int) -> str:
    words = clean(_string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size)))
    if not words or kind == pdfium.FPDF_ANNOT_FREETEXT:
        return words
    author = clean_line(_string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"T", buffer, size)))
    return f"Comment by {author[:100]}: {words}" if author else f"Comment: {words}"


def _field(form: Any, annotation: Any) -> str:
    """``Name: value`` of a field that has been filled in; the name is the one people are shown, where there is one."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _CHOSEN:
        if not pdfium.FPDFAnnot_IsChecked(form, annotation):
            return ""
        value = _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldExportValue(form, annotation, b, n))
        value = "yes" if kind == pdfium.FPDF_FORMFIELD_CHECKBOX or not value else value
    elif kind in _WRITTEN and not pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        value = _string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, b, n))
    else:
        return ""
    name = clean_line(_string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, annotation, b, n)))
    name = name or clean_line(_string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, b, n)))
    value = clean(value)
    return f"{name[:200]}: {value}" if name and value else value


def _string(read: Callable[[Any, int], int]) -> str:
    """Calls a PDFium function that fills a buffer with UTF-16."""
    size = min(_MAX_BYTES, read(None, 0))
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (_MAX_BYTES // 2))()
    written = min(_MAX_BYTES, read(buffer, _MAX_BYTES))
    return bytes(buffer)[: max(0, written - 2)].decode("utf-16-le", "ignore")


def _box(annotation: Any, text: PageText) -> Box:
    rectangle = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle)):
        return (0.0, 0.0, 0.0, 0.0)
    xs, ys = sorted((rectangle.left, rectangle.right)), sorted((rectangle.bottom, rectangle.top))
    left, top, right, bottom = text.shown.boxes(np.array([[xs[0], ys[0], xs[1], ys[1]]]))[0].tolist()
    return (left, top, right, bottom)
