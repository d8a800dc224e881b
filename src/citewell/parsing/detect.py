"""Which reader a file needs: by its first bytes where they say so, else by its name."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath
from typing import Literal

from citewell.errors import ParseError

Format = Literal["markdown", "text", "html", "pdf", "docx", "xlsx", "csv", "json", "jsonl", "mail", "code"]

_EXTENSIONS: dict[Format, str] = {
    "markdown": "md markdown mdown mkd mdx",
    "text": "txt text log rst org adoc asciidoc tex srt vtt",
    "html": "html htm xhtml",
    "pdf": "pdf",
    "docx": "docx docm",
    "xlsx": "xlsx xlsm",
    "csv": "csv tsv",
    "json": "json geojson",
    "jsonl": "jsonl ndjson",
    "mail": "eml",
    "code": (
        "py pyi js mjs cjs jsx ts tsx go java kt kts scala swift c h cc cpp cxx hpp hh cs rs rb php pl lua r jl dart "
        "ex exs erl hs clj vue svelte sh bash zsh fish ps1 bat sql graphql proto tf gradle groovy cmake make mk "
        "yaml yml toml ini cfg conf properties env xml xsd xsl css scss less dockerfile"
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
    b"MM\x00*": "a TIFF image", b"{\\rtf": "a rich text (RTF) file", b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"BZh": "a bzip2 archive", b"\x7fELF": "a program",
    b"RIFF": "a sound, video or image file", b"ID3": "a sound file", b"OggS": "a sound file", b"fLaC": "a sound file",
    b"%!PS": "a PostScript file", b"SQLite format 3": "a SQLite database", b"PAR1": "a Parquet file",
}  # fmt: skip

_WITHIN_ZIP = {
    "ppt/presentation.xml": "a PowerPoint presentation", "ppt/_rels/presentation.xml.rels": "a PowerPoint presentation",
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)", "meta-inf/container.xml": "an EPUB book",
    "content.xml": "an OpenDocument file", "index/document.iwa": "an Apple iWork file",
}  # fmt: skip


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
    if b"%PDF-" in data[:1024] and named not in {"mail", "code"}:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _within_zip(data, name)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _compound_file(data, name)
    foreign = next((what for start, what in _FOREIGN.items() if data.startswith(start)), None)
    if foreign and (b"\x00" in data[:8192] + data[-64:] or foreign.startswith("a rich")):
        raise _unsupported(name, foreign)
    if named in {"pdf", "docx", "xlsx"}:
        expected = "'%PDF-'" if named == "pdf" else "a zip archive ('PK')"
        raise ParseError(
            "corrupt",
            f"'{name}' is not a {named.upper()} file: expected {expected} at its start, found {data[:8]!r}. "
            "It may be damaged or an incomplete download; open it in its program and save it again.",
        )
    if named is None and PurePath(name).suffix:
        raise _unsupported(name, f"a {PurePath(name).suffix.lower()} file")
    return named or "text"


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
    if "xl/workbook.xml" in names:
        return "xlsx"
    what = next((what for entry, what in _WITHIN_ZIP.items() if entry in names), "a zip archive")
    raise _unsupported(name, what)


def _compound_file(data: bytes, name: str) -> ParseError:
    """OLE containers: encrypted Office files, or the Office formats of before 2007."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return ParseError(
            "encrypted",
            f"'{name}' is protected by a password. Open it in its Office program, save a copy without the password, "
            "and add that.",
        )
    streams = {"WordDocument": "an old Word document (.doc)", "Workbook": "an old Excel workbook (.xls)",
               "PowerPoint Document": "an old PowerPoint presentation (.ppt)",
               "__properties_version1.0": "an Outlook message (.msg)"}  # fmt: skip
    what = next((what for key, what in streams.items() if key.encode("utf-16-le") in data), "an old Office file")
    return _unsupported(name, what)


def _unsupported(name: str, what: str) -> ParseError:
    known = ", ".join(f".{extensions.split()[0]}" for format_, extensions in _EXTENSIONS.items() if format_ != "code")
    return ParseError(
        "unsupported",
        f"'{name}' is {what}, which is not read yet. Supported: {known}, and source code. "
        "Convert it to one of these, for example to PDF.",
    )
