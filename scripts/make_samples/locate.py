"""Find where a quotation stands in a finished document."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import docx
import pypdfium2
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

Locator = dict[str, Any]
Unit = tuple[Locator, str]
_LINE_WINDOW = 8


def squash(text: str) -> str:
    """Text with table bars and runs of white space reduced to one blank."""
    return re.sub(r"[\s|]+", " ", text.replace("\u00ad", "").replace("\ufffe", "-")).strip()


def _strip_tags(text: str) -> str:
    text = re.sub(r"</t[dh]>\s*<t[dh][^>]*>", " | ", text)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def _pdf(data: bytes) -> list[Unit]:
    document = pypdfium2.PdfDocument(data)
    return [({"page": i + 1}, document[i].get_textpage().get_text_range()) for i in range(len(document))]


def _docx(path: Path) -> list[Unit]:
    document = docx.Document(str(path))
    units: list[Unit] = [({}, paragraph.text) for paragraph in document.paragraphs]
    for table in document.tables:
        units += [({}, " | ".join(cell.text for cell in row.cells)) for row in table.rows]
    return units


def cell_text(value: object) -> str:
    """A workbook cell the way people write it."""
    if value is None:
        return ""
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


def _xlsx(path: Path) -> list[Unit]:
    units: list[Unit] = []
    for sheet in load_workbook(path).worksheets:
        last = get_column_letter(sheet.max_column)
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            where = {"sheet": sheet.title, "cells": f"A{number}:{last}{number}"}
            units.append((where, " | ".join(cell_text(value) for value in row)))
    return units


def _pptx(path: Path) -> list[Unit]:
    units: list[Unit] = []
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"ppt/slides/slide\d+\.xml", name)]
        for name in names:
            texts = re.findall(r"<a:t>([^<]*)</a:t>", archive.read(name).decode())
            number = int(re.findall(r"\d+", name)[0])
            units.append(({"slide": number}, html.unescape(" ".join(texts))))
    return sorted(units, key=lambda unit: unit[0]["slide"])


def _epub(path: Path) -> list[Unit]:
    with zipfile.ZipFile(path) as archive:
        return [
            ({"part": name}, _strip_tags(archive.read(name).decode()))
            for name in archive.namelist()
            if "chapter" in name
        ]


def _notebook(path: Path) -> list[Unit]:
    units: list[Unit] = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        text = "".join(cell["source"])
        for output in cell.get("outputs", []):
            text += "\n" + "".join(output["text"])
        units.append(({"part": f"cell {number}"}, text))
    return units


def _lines(lines: list[str], extra: Locator) -> list[Unit]:
    units: list[Unit] = []
    for width in range(1, _LINE_WINDOW + 1):
        for first in range(len(lines) - width + 1):
            text = "\n".join(lines[first : first + width])
            units.append(({**extra, "lines": [first + 1, first + width]}, text))
    return units


def _csv(text: str, extra: Locator) -> list[Unit]:
    return _lines([" | ".join(row) for row in csv.reader(io.StringIO(text))], extra)


def _mail(path: Path) -> list[Unit]:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    body = message.get_body(("plain",))
    assert body is not None
    units: list[Unit] = [({}, re.sub(r"^[> ]+", "", body.get_content(), flags=re.M))]
    units += [({}, f"{name}: {value}") for name, value in message.items()]
    for part in message.iter_attachments():
        name = part.get_filename() or ""
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if name.endswith(".pdf"):
            units += [({"part": name, **where}, text) for where, text in _pdf(data)]
        else:
            units += _csv(data.decode(), {"part": name})
    return units


def units(path: Path) -> list[Unit]:
    """The document in pieces that can be pointed at, smallest first where pieces overlap."""
    kind = path.suffix
    if kind == ".pdf":
        return _pdf(path.read_bytes())
    if kind == ".csv":
        return _csv(path.read_text(encoding="utf-8"), {})
    if kind == ".html":
        return _lines([_strip_tags(line) for line in path.read_text(encoding="utf-8").splitlines()], {})
    readers = {".docx": _docx, ".xlsx": _xlsx, ".pptx": _pptx, ".epub": _epub, ".ipynb": _notebook, ".eml": _mail}
    if kind in readers:
        return readers[kind](path)
    return _lines(path.read_text(encoding="utf-8").splitlines(), {})


def locate(path: Path, quote: str) -> Locator | None:
    """Where ``quote`` stands in ``path``, or None when it is not there."""
    wanted = squash(quote)
    for where, text in units(path):
        if wanted in squash(text):
            return where
    return None
