"""Office files are zip archives of XML: this looks at one before any library unpacks it.

A small archive can unfold to gigabytes, and XML may define entities that grow without end. Both are recognised from
the table of contents and the first bytes of a part. :func:`xml_root` is the one way our own readers parse XML.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from lxml import etree

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
    except BROKEN:
        raise ParseError(
            "corrupt",
            f"'{name}' is damaged: its part '{entry.filename[:100]}' cannot be unpacked. Fetch or save it again.",
        ) from None
    if _declares_entities(head):
        raise _entities(f"'{name}': its part '{entry.filename[:100]}'")


def xml_root(data: bytes, name: str) -> etree._Element:
    """The root element of one XML file or part. Raises :class:`ParseError`.

    name: for the message. Nothing outside ``data`` is ever loaded, no entity is expanded, and libxml2's own limits on
    depth and size stay in force. A document type that only names its DTD (XHTML, old OpenDocument) is let through.
    """
    if _declares_entities(data):
        raise _entities(f"'{name}'")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise ParseError(
            "corrupt",
            f"'{name}' is not well-formed XML ({getattr(error, 'msg', error)}). It is probably damaged; open it in its "
            "program and save it again.",
        ) from None
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and next(subset.iterentities(), None) is not None:  # in an encoding the bytes did not show
        raise _entities(f"'{name}'")
    return root


def _declares_entities(data: bytes) -> bool:
    """Whether a document type is declared with content of its own; naming a DTD, which is never fetched, is none."""
    plain = data.replace(b"\x00", b"").upper()  # also when written as UTF-16
    if b"<!ENTITY" in plain:
        return True
    declared = plain.find(b"<!DOCTYPE")
    if declared < 0:
        return False
    closed, opened = plain.find(b">", declared), plain.find(b"[", declared)
    return closed < 0 or 0 <= opened < closed


def _entities(what: str) -> ParseError:
    return ParseError(
        "corrupt",
        f"{what} declares entities or a document type of its own, which files of its kind do not need. It may be made "
        "to do harm and was not read.",
    )


_TEMPLATE_TITLES = frozenset(("word document", "untitled", "title", "document"))
_PROGRAMS = frozenset(("openpyxl", "python-docx", "apache poi"))  # written by libraries where an author should be


def describe(archive: zipfile.ZipFile, out: Builder) -> None:
    """Title, author and date from ``docProps/core.xml``. A package without it states none: the libraries would invent
    today's date, and no two readings of the same file would agree."""
    try:
        root = xml_root(archive.read("docProps/core.xml"), "docProps/core.xml")
    except (KeyError, ParseError, *BROKEN):
        return
    found: dict[str, str] = {}
    for element in root:
        found.setdefault(str(element.tag).rpartition("}")[2], clean_line(element.text or ""))
    if found.get("title", "").lower() not in _TEMPLATE_TITLES:
        out.title = found.get("title", "")[:300]
    out.modified_at = iso_date(found.get("modified", "")) or iso_date(found.get("created", ""))
    if (author := found.get("creator", "")) and author.lower() not in _PROGRAMS:
        out.metadata["author"] = author[:300]


_FILE_NAME = re.compile(r"\S+\.\w{2,5}")
_GUESSED = re.compile(r"(?i)automatically generated|ai-generated content")  # by Office: nobody's statement


def picture_words(properties: Any) -> str:
    """What a picture shows, in the words its author wrote for those who cannot see it; a file's name is none, and
    neither is what a program guessed."""
    words = clean_line(properties.get("descr") or "")[:2000]
    return "" if _FILE_NAME.fullmatch(words) or _GUESSED.search(words) else words


_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_STRICT_NAMES = {b"extendedProperties": b"extended-properties", b"customProperties": b"custom-properties"}


def transitional(xml: bytes) -> bytes:
    """XML of 'Strict Open XML' (ISO/IEC 29500-1) with the namespaces of the ordinary kind (29500-4 A), which differ in
    little else that a reader of text meets."""
    if b"purl.oclc.org" not in xml:
        return xml
    return _STRICT.sub(_usual, xml)


def _usual(match: re.Match[bytes]) -> bytes:
    name = _STRICT_NAMES.get(match[2], match[2])
    return b"http://schemas.openxmlformats.org/%b/2006/%b" % (match[1], name)


def ordinary(archive: zipfile.ZipFile, data: bytes, name: str) -> bytes:
    """The package for libraries that know only the ordinary namespaces: ``data`` itself, or a copy of a strict one
    without its pictures."""
    if b"purl.oclc.org" not in read_part(archive, "_rels/.rels", name):
        return data
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
        for entry in archive.infolist():
            if entry.filename.lower().endswith((".xml", ".rels")):
                part = transitional(read_part(archive, entry.filename, name))
                part = part.replace(b"/relationships/extendedProperties", b"/relationships/extended-properties")
                target.writestr(entry.filename, part)
            else:
                target.writestr(entry.filename, b"")
    return copy.getvalue()


def read_part(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    """The bytes of one part, empty when the package has none of this name. Raises :class:`ParseError`."""
    try:
        return archive.read(part)
    except KeyError:
        return b""
    except BROKEN:
        raise ParseError(
            "corrupt", f"'{name}' is damaged: its part '{part[:100]}' cannot be unpacked. Fetch or save it again."
        ) from None


@dataclass(frozen=True, slots=True)
class Relation:
    """One line of a part's list of related parts. kind: the last word of its type, such as ``slideLayout``."""

    kind: str
    target: str


def relations(archive: zipfile.ZipFile, part: str, name: str) -> dict[str, Relation]:
    """Parts that ``part`` refers to, by id. Those outside the package (linked pictures, templates on a server) are left
    out, so nothing can follow them."""
    folder, _, file = part.rpartition("/")
    data = read_part(archive, f"{folder}/_rels/{file}.rels".lstrip("/"), name)
    found: dict[str, Relation] = {}
    for element in xml_root(data, name) if data else ():
        if element.get("TargetMode", "").lower() == "external":
            continue
        target = element.get("Target", "")
        steps = posixpath.normpath(posixpath.join("/", "" if target.startswith("/") else folder, target))
        found[element.get("Id", "")] = Relation(element.get("Type", "").rpartition("/")[2], steps.lstrip("/"))
    return found


def note_macros(archive: zipfile.ZipFile, out: Builder) -> None:
    """Say that a file holds programs. They are never read."""
    names = (entry.filename.lower() for entry in archive.infolist())
    if any(each.endswith(("vbaproject.bin", "vbadata.xml")) or each.startswith("basic/") for each in names):
        out.notes.append(MACROS)


MACROS = "It holds macros, which were not read."

NEAR_WHITE = 0xF5
"""Each of red, green and blue at least this: a contrast to white below 1.1 : 1, where 4.5 is readable (WCAG 2.2)."""


def is_white(colour: str) -> bool:
    """Whether a colour such as ``FFFFFF`` or ``#fefefe`` cannot be seen on white paper."""
    digits = colour.lstrip("#")
    if len(digits) != 6:
        return False
    try:
        return all(part >= NEAR_WHITE for part in bytes.fromhex(digits))
    except ValueError:
        return False


class Package:
    """The XML parts of an Office package. A part that is missing or damaged is ``None``: what stands in the others can
    be read all the same."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.archive = archive
        self.name = name
        self._relations: dict[str, dict[str, Relation]] = {}

    def root(self, part: str) -> etree._Element | None:
        try:
            data = read_part(self.archive, part, self.name) if part else b""
            return xml_root(transitional(data), part) if data else None
        except ParseError:
            return None

    def main(self, usual: str) -> str:
        """The part that everything hangs on."""
        return self.related("", "officeDocument") or usual

    def relations(self, part: str) -> dict[str, Relation]:
        if part not in self._relations:
            try:
                self._relations[part] = relations(self.archive, part, self.name)
            except ParseError:
                self._relations[part] = {}
        return self._relations[part]

    def related(self, part: str, kind: str) -> str:
        """The first part of this kind that ``part`` refers to, empty when there is none."""
        return next((each.target for each in self.relations(part).values() if each.kind == kind), "")
