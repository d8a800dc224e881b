"""Which reader a file needs: by its first bytes where they say so, else by its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath
from typing import Literal

from citewell.errors import ParseError

Format = Literal[
    "markdown", "text", "html", "pdf", "docx", "xlsx", "csv", "json", "jsonl", "mail", "msg", "mbox", "zip", "tar",
    "compressed", "pptx", "odt", "ods", "odp", "xls", "doc", "ppt", "rtf", "rst", "xml", "epub",
    "notebook", "subtitles", "asciidoc", "org", "code",
]  # fmt: skip

_EXTENSIONS: dict[Format, str] = {
    "markdown": "md markdown mdown mkd mdx",
    "text": "txt text log tex",
    "rst": "rst rest",
    "asciidoc": "adoc asciidoc",
    "org": "org",
    "subtitles": "srt vtt",
    "notebook": "ipynb",
    "epub": "epub",
    "xml": "xml nxml docbook dbk tei rss atom opml",
    "html": "html htm xhtml",
    "pdf": "pdf",
    "docx": "docx docm dotx dotm",
    "xlsx": "xlsx xlsm xltx xltm",
    "pptx": "pptx pptm potx potm ppsx ppsm",
    "odt": "odt ott fodt",
    "ods": "ods ots fods",
    "odp": "odp otp fodp",
    "doc": "doc dot",
    "xls": "xls xlt xlsb",
    "ppt": "ppt pot pps",
    "rtf": "rtf",
    "csv": "csv tsv",
    "json": "json geojson",
    "jsonl": "jsonl ndjson",
    "mail": "eml",
    "msg": "msg",
    "mbox": "mbox",
    "zip": "zip",
    "tar": "tar tgz tbz2 txz",
    "compressed": "gz bz2 xz",
    "code": (
        "py pyi js mjs cjs jsx ts tsx go java kt kts scala swift c h cc cpp cxx hpp hh cs rs rb php pl lua r jl dart "
        "ex exs erl hs clj vue svelte sh bash zsh fish ps1 bat sql graphql proto tf gradle groovy cmake make mk "
        "yaml yml toml ini cfg conf properties env xsd xsl xslt css scss less dockerfile"
    ),
}
FORMAT_OF: dict[str, Format] = {
    extension: format_ for format_, extensions in _EXTENSIONS.items() for extension in extensions.split()
}
"""Extension without its dot → format."""

_NAMES: dict[str, Format] = {
    "makefile": "code", "dockerfile": "code", "jenkinsfile": "code", "gemfile": "code", "rakefile": "code",
    "vagrantfile": "code", "procfile": "code", "codeowners": "code", ".gitignore": "code", ".dockerignore": "code",
    ".editorconfig": "code",
    **dict.fromkeys(
        ("readme", "license", "licence", "copying", "notice", "authors", "contributors", "changelog", "changes",
         "history", "news", "install", "todo", "thanks", "maintainers"), "text",
    ),
}  # fmt: skip

_FOREIGN = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"\x7fELF": "a program",
    b"RIFF": "a sound, video or image file", b"ID3": "a sound file", b"OggS": "a sound file", b"fLaC": "a sound file",
    b"%!PS": "a PostScript file", b"SQLite format 3": "a SQLite database", b"PAR1": "a Parquet file",
}  # fmt: skip

_WITHIN_ZIP = {
    "index/document.iwa": "an Apple iWork file",
}  # fmt: skip


_PARTS: dict[str, Format] = {"xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx", "xl/workbook.bin": "xls"}
_OPEN_DOCUMENTS: dict[str, Format] = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}

_OFFICE: dict[Format, str] = {
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp"), "a zip archive ('PK')"),
    **dict.fromkeys(("doc", "xls", "ppt"), "a compound file (D0CF11E0)"), "rtf": "'{\\\\rtf'",
}  # fmt: skip
"""How each begins, for the message when one does not."""


def supported(name: str) -> bool:
    """Whether a file of this name is read, by its extension or a known name, in any case."""
    return format_of_name(name) is not None


def format_of_name(name: str) -> Format | None:
    path = PurePath(name.replace("\\", "/"))
    extension = path.suffix.lower().lstrip(".")
    return FORMAT_OF.get(extension) or _NAMES.get(path.name.lower()) or (_NAMES.get(path.stem.lower()))


def detect(data: bytes, name: str) -> Format:
    """The format of these bytes, or a :class:`ParseError` that says what was found and what is read."""
    named = format_of_name(name)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise ParseError("empty", f"'{name}' is empty: {len(data)} bytes without text.")
    if container := _container(data, name, named):  # before PDF, which may stand within the first bytes of one
        return container
    if b"%PDF-" in data[:1024] and named not in {"mail", "code"}:
        return "pdf"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound_file(data, name)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    foreign = next((what for start, what in _FOREIGN.items() if data.startswith(start)), None)
    if foreign and (b"\x00" in data[:8192] + data[-64:]):
        raise _unsupported(name, foreign)
    if named in _OFFICE and (other := _in_disguise(data, named)):
        return other
    if named == "pdf" or named in _OFFICE:
        expected = _OFFICE.get(named, "'%PDF-'")
        raise ParseError(
            "corrupt",
            f"'{name}' is not a {named.upper()} file: expected {expected} at its start, found {data[:8]!r}. "
            "It may be damaged or an incomplete download; open it in its program and save it again.",
        )
    if named is None and PurePath(name).suffix:
        raise _unsupported(name, f"a {PurePath(name).suffix.lower()} file")
    return named or "text"


HEAD_BYTES = 1024
"""The first bytes that :func:`refuse_unread` looks at."""

_RECOGNISED = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"From ",
)  # fmt: skip


def refuse_unread(head: bytes, name: str) -> None:
    """Raises for a file that no reader takes, by its name and first bytes alone, so that a share full of pictures and
    films is not read from end to end."""
    extension = PurePath(name).suffix
    if not extension or format_of_name(name) is not None or not head.strip(b" \t\r\n\x00"):
        return
    if not (head.startswith(_RECOGNISED) or b"%PDF-" in head or head[257:262] == b"ustar"):
        foreign = next((what for start, what in _FOREIGN.items() if head.startswith(start)), None)
        raise _unsupported(name, foreign or f"a {extension.lower()} file")


def _container(data: bytes, name: str, named: Format | None) -> Format | None:
    """Files that hold other files, and the Office formats that are zip archives."""
    from citewell.parsing import archives, mail_box, outlook  # only the child needs them

    if data.startswith(b"PK\x03\x04"):
        return _within_zip(data, name)
    if data.startswith(b"PK\x05\x06"):
        return "zip"  # without files
    if data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")):
        return "tar" if archives.holds_tar(data, name) else "compressed"
    if (named == "tar" or data[257:262] == b"ustar") and archives.holds_tar(data, name):
        return "tar"
    if outlook.is_message(data):
        return "msg"
    return "mbox" if named in {None, "mbox"} and mail_box.is_mailbox(data) else None


def _within_zip(data: bytes, name: str) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {entry.lower() for entry in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise ParseError(
            "corrupt",
            f"'{name}' begins like a zip archive, but its table of contents cannot be read ({error}). "
            "It is probably cut off; fetch or save it again.",
        ) from None
    if any(entry.startswith("word/document") for entry in names):
        return "docx"
    if found := next((format_ for part, format_ in _PARTS.items() if part in names), None):
        return found
    if "mimetype" in names and (document := _open_document(data)):
        return document
    if "meta-inf/container.xml" in names:
        return "epub"
    if what := next((what for entry, what in _WITHIN_ZIP.items() if entry in names), ""):
        raise _unsupported(name, what)
    return "zip"


def _open_document(data: bytes) -> Format | None:
    """Which OpenDocument file a zip archive is, by the media type it begins with."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("mimetype") as part:
            kind = part.read(100).decode("ascii", "replace").strip().rpartition("opendocument.")[2]
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, OSError):
        return None
    return _OPEN_DOCUMENTS.get(kind.removesuffix("-template"))


def _compound_file(data: bytes, name: str) -> Format:
    """OLE containers: encrypted Office files, or the Office formats of before 2007."""
    from citewell.parsing import compound  # only the child needs it

    kind = compound.kind(data)
    if kind == "encrypted":
        raise compound.protected(name)
    if not kind:
        raise _unsupported(name, "an old Office file of a kind that is not known")
    return kind


def _in_disguise(data: bytes, named: Format) -> Format | None:
    """Office files that are something else: programs export HTML as ``.xls`` or ``.doc``, and OpenDocument also exists
    as one XML file."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if named in {"odt", "ods", "odp"} and b"<office:document" in head:
        return named
    if named in {"doc", "xls"} and head.startswith((b"<html", b"<!doctype html", b"<table")):
        return "html"
    return "mail" if named in {"doc", "xls"} and head.startswith(b"mime-version:") else None


def _unsupported(name: str, what: str) -> ParseError:
    known = ", ".join(f".{extensions.split()[0]}" for format_, extensions in _EXTENSIONS.items() if format_ != "code")
    return ParseError(
        "unsupported",
        f"'{name}' is {what}, which is not read yet. Supported: {known}, and source code. "
        "Convert it to one of these, for example to PDF.",
    )
