"""Office files are zip archives of XML: this looks at one before any library unpacks it.

A small archive can unfold to gigabytes, and XML may define entities that grow without end. Both are recognised from
the table of contents and the first bytes of a part.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree import ElementTree

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date

MAX_UNPACKED = 512 << 20
MAX_RATIO = 100  # of unpacked to packed size, for parts above MIN_SUSPICIOUS
MIN_SUSPICIOUS = 1 << 20
MAX_ENTRIES = 10_000

BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError, OSError)


def open_package(data: bytes, name: str) -> zipfile.ZipFile:
    """The checked archive. Raises :class:`ParseError`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except BROKEN as error:
        raise ParseError("corrupt", f"'{name}' is damaged: its zip archive cannot be opened ({error}).") from None
    if len(entries) > MAX_ENTRIES:
        raise ParseError("too_large", f"'{name}' holds {len(entries):,} parts; at most {MAX_ENTRIES:,} are read.")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED:
        raise ParseError(
            "too_large",
            f"'{name}' unfolds from {len(data) / 2**20:.1f} MB to {total / 2**20:,.0f} MB; at most "
            f"{MAX_UNPACKED >> 20} MB are read. It may be a zip bomb.",
        )
    for entry in entries:
        _check(archive, entry, name)
    return archive


def _check(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
    if entry.flag_bits & 1:
        raise ParseError("encrypted", f"'{name}' is an encrypted archive. Save a copy without a password and add that.")
    if entry.file_size > MIN_SUSPICIOUS and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        raise ParseError(
            "too_large",
            f"'{name}': its part '{entry.filename[:100]}' unfolds more than {MAX_RATIO} times, to "
            f"{entry.file_size / 2**20:,.0f} MB. It is probably a zip bomb and was not opened.",
        )
    if not entry.filename.lower().endswith((".xml", ".rels", ".vml")):
        return
    try:
        with archive.open(entry) as part:
            head = part.read(2048)
    except BROKEN as error:
        raise ParseError(
            "corrupt", f"'{name}' is damaged: its part '{entry.filename[:100]}' cannot be unpacked ({error})."
        ) from None
    plain = head.replace(b"\x00", b"").upper()  # also when written as UTF-16
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise ParseError(
            "corrupt",
            f"'{name}': its part '{entry.filename[:100]}' declares a document type or entities, which Office files "
            "never do. It may be made to do harm and was not read.",
        )


_TEMPLATE_TITLES = frozenset(("word document", "untitled", "title", "document"))
_PROGRAMS = frozenset(("openpyxl", "python-docx", "apache poi"))  # written by libraries where an author should be


def describe(archive: zipfile.ZipFile, out: Builder) -> None:
    """Title, author and date from ``docProps/core.xml``. A package without it states none: the libraries would invent
    today's date, and no two readings of the same file would agree."""
    try:
        root = ElementTree.fromstring(archive.read("docProps/core.xml"))  # noqa: S314 - open_package refused entities
    except (KeyError, ElementTree.ParseError, *BROKEN):
        return
    found: dict[str, str] = {}
    for element in root:
        found.setdefault(element.tag.rpartition("}")[2], clean_line(element.text or ""))
    if found.get("title", "").lower() not in _TEMPLATE_TITLES:
        out.title = found.get("title", "")[:300]
    out.modified_at = iso_date(found.get("modified", "")) or iso_date(found.get("created", ""))
    if (author := found.get("creator", "")) and author.lower() not in _PROGRAMS:
        out.metadata["author"] = author[:300]
