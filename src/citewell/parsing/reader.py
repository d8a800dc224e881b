"""Bytes → :class:`Parsed`, in this process. Only the disposable child calls this on bytes from outside."""

from __future__ import annotations

from collections.abc import Callable

from citewell.errors import ParseError
from citewell.parsing import code, detect, html, mail, markdown, pdf, sheets, structured, text, word
from citewell.parsing.builder import Builder
from citewell.parsing.parsed import Parsed

MAX_MAIL_DEPTH = 3
"""Attached mails are opened down to this depth; below it they are only listed."""

_READERS: dict[detect.Format, Callable[[bytes, Builder], None]] = {
    "markdown": markdown.read,
    "text": text.read,
    "html": html.read,
    "pdf": pdf.read,
    "docx": word.read,
    "xlsx": sheets.read_workbook,
    "csv": sheets.read_delimited,
    "json": structured.read_json,
    "jsonl": structured.read_lines,
    "code": code.read,
}


def read(data: bytes, name: str, depth: int = 0) -> Parsed:
    """Parse one file. depth: how many mails it is attached within. Raises :class:`ParseError`."""
    format_ = detect.detect(data, name)
    out = Builder(name)
    try:
        if format_ == "mail":
            mail.read(data, out, attachment=_attachment(depth))
        else:
            _READERS[format_](data, out)
        return out.finish()
    except RecursionError:
        raise ParseError("too_large", f"'{name}' is nested too deeply to be read ({format_}).") from None


def _attachment(depth: int) -> mail.Attachment:
    def parse(data: bytes, name: str) -> Parsed:
        if depth >= MAX_MAIL_DEPTH:
            raise ParseError("too_large", f"'{name}' is attached more than {MAX_MAIL_DEPTH} mails deep.")
        return read(data, name, depth + 1)

    return parse
