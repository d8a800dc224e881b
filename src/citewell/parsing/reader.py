"""Bytes → :class:`Parsed`, in this process. Only the disposable child calls this on bytes from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from citewell.errors import ParseError
from citewell.parsing import (
    archives,
    code,
    detect,
    epub,
    excel,
    html,
    light_markup,
    mail,
    mail_box,
    markdown,
    notebook,
    old_excel,
    old_powerpoint,
    old_word,
    opendocument,
    opendocument_sheets,
    outlook,
    pdf,
    restructured,
    rtf,
    sheets,
    slides,
    structured,
    subtitles,
    text,
    word,
    xml_text,
)
from citewell.parsing.builder import Builder
from citewell.parsing.members import Walk, take
from citewell.parsing.parsed import Parsed

_READERS: dict[detect.Format, Callable[[bytes, Builder], None]] = {
    "markdown": markdown.read,
    "text": text.read,
    "html": html.read,
    "pdf": pdf.read,
    "docx": word.read,
    "xlsx": excel.read_workbook,
    "pptx": slides.read,
    "odt": opendocument.read_text,
    "ods": opendocument_sheets.read,
    "odp": opendocument.read_presentation,
    "xls": old_excel.read,
    "doc": old_word.read,
    "ppt": old_powerpoint.read,
    "rtf": rtf.read,
    "csv": sheets.read_delimited,
    "json": structured.read_json,
    "jsonl": structured.read_lines,
    "rst": restructured.read,
    "asciidoc": light_markup.read_asciidoc,
    "org": light_markup.read_org,
    "xml": xml_text.read,
    "epub": epub.read,
    "notebook": notebook.read,
    "subtitles": subtitles.read,
    "code": code.read,
    "mail": mail.read,
    "msg": outlook.read,
    "mbox": mail_box.read,
    "zip": archives.read_zip,
    "tar": archives.read_tar,
    "compressed": archives.read_compressed,
}

_WALKS: dict[detect.Format, Callable[[bytes, str], Walk]] = {
    "mail": mail.walk,
    "msg": outlook.walk,
    "mbox": mail_box.walk,
    "zip": archives.walk_zip,
    "tar": archives.walk_tar,
    "compressed": archives.walk_compressed,
}


def read(data: bytes, name: str) -> Parsed:
    """Parse one file. Raises :class:`ParseError`."""
    format_ = detect.detect(data, name)
    out = Builder(name)
    try:
        _READERS[format_](data, out)
        return out.finish()
    except RecursionError:
        raise ParseError("too_large", f"'{name}' is nested too deeply to be read ({format_}).") from None


def extract(data: bytes, name: str, numbers: Sequence[int], limit: int) -> list[bytes | ParseError]:
    """The bytes of the members at these positions of ``Parsed.members``. limit: bytes of all of them together."""
    format_ = detect.detect(data, name)
    if format_ not in _WALKS:
        raise ParseError("unsupported", f"'{name}' holds no other files ({format_}).")
    return take(_WALKS[format_](data, name), numbers, name, limit)
