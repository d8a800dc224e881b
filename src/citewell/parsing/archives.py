"""Archives and compressed files: ZIP, TAR (also .tar.gz, .tar.bz2, .tar.xz) and single .gz, .bz2, .xz files.

An archive is judged before anything in it is unpacked: how many files, how large they say they are, how strongly they
are packed, and whether their stored bytes overlap. Nothing is written to disk, links and devices are listed and not
followed, and names are labels (:mod:`citewell.parsing.members`).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from tarfile import HeaderError
from typing import IO, Any, Final, Self, cast

from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.members import MAX_ENTRIES, Inner, Walk, collect, left_out, refuse

MAX_UNPACKED = 512 << 20
MAX_RATIO = 100  # of unpacked to packed size, beyond MIN_SUSPICIOUS
MIN_SUSPICIOUS = 1 << 20

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
           NotImplementedError, OverflowError)  # fmt: skip
_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14  # compression methods, APPNOTE.TXT 4.4.5
_METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd"}
_LOCAL_HEADER: Final = 30  # bytes of a local file header before its name, APPNOTE.TXT 4.3.7


def read_zip(data: bytes, out: Builder) -> None:
    out.media_type = "application/zip"
    out.language = ""
    collect(walk_zip(data, out.name), out)
    _not_empty(out)


def read_tar(data: bytes, out: Builder) -> None:
    out.media_type = "application/x-tar"
    out.language = ""
    try:
        collect(walk_tar(data, out.name), out)
    except _CutOffError as error:
        if not out.members:
            raise
        out.notes.append(f"{error} The {len(out.members)} files before that are listed.")
    _not_empty(out)


def read_compressed(data: bytes, out: Builder) -> None:
    out.media_type = {b"\x1f\x8b": "application/gzip", b"BZ": "application/x-bzip2"}.get(data[:2], "application/x-xz")
    out.language = ""
    collect(walk_compressed(data, out.name), out)


def _not_empty(out: Builder) -> None:
    if not out.members:
        raise ParseError("empty", f"'{out.name}' is an archive without files. Nothing to index.")


def walk_zip(data: bytes, name: str) -> Walk:
    """The files of a ZIP archive, or a :class:`ParseError` when it is a bomb or damaged."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except _BROKEN as error:
        raise ParseError(
            "corrupt",
            f"'{name}' is damaged: its table of contents cannot be read ({error}). It is probably cut off; fetch or "
            "save it again.",
        ) from None
    check_totals(name, len(data), len(entries), sum(entry.file_size for entry in entries))
    places = _places(data, entries, archive.start_dir, name)
    for entry in entries:
        path = _zip_name(entry)
        if not path.endswith(("/", "\\")) and not left_out(path):
            yield _zip_inner(data, entry, path, places[entry.header_offset])


def check_totals(name: str, packed: int, entries: int, unpacked: int) -> None:
    """Raises :class:`ParseError` when an archive holds too much."""
    if entries > MAX_ENTRIES:
        raise ParseError("too_large", f"'{name}' holds {entries:,} files; at most {MAX_ENTRIES:,} are read. Split it.")
    ratio = unpacked / max(1, packed)
    if unpacked > MAX_UNPACKED or (unpacked > MIN_SUSPICIOUS and ratio > MAX_RATIO):
        raise ParseError(
            "too_large",
            f"'{name}' unfolds from {packed / 2**20:.2f} MB to {unpacked / 2**20:,.0f} MB ({ratio:,.0f} times); at "
            f"most {MAX_UNPACKED >> 20} MB and {MAX_RATIO} times are read. It may be made to do harm (a zip bomb). "
            "If you trust it, unpack it yourself and add the folder.",
        )


def _places(data: bytes, entries: list[zipfile.ZipInfo], end: int, name: str) -> dict[int, int]:
    """Where each entry's packed bytes begin, by the offset of its header. Entries that share bytes are how a small
    file unfolds to petabytes (Fifield, A better zip bomb, 2019)."""
    found: dict[int, int] = {}
    previous = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        start = entry.header_offset
        head = data[start : start + _LOCAL_HEADER] if start >= 0 else b""
        if len(head) < _LOCAL_HEADER or not head.startswith(b"PK\x03\x04"):
            raise ParseError("corrupt", f"'{name}' is damaged: a file in it is not where the table of contents says.")
        begin = start + _LOCAL_HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        if start < previous or begin + entry.compress_size > end:
            raise ParseError(
                "corrupt",
                f"'{name}' holds files that share the same bytes, which no archive program writes. It is made to do "
                "harm (a zip bomb) and was not opened.",
            )
        found[start], previous = begin, begin + entry.compress_size
    return found


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Programs that do not set the UTF-8 flag store UTF-8 or the code page of DOS."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def _zip_inner(data: bytes, entry: zipfile.ZipInfo, path: str, begin: int) -> Inner:
    size = entry.file_size
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        return refuse(path, size, "unsupported", f"'{path}' is a link, and links in archives are not followed.")
    if entry.flag_bits & 0x41:
        return refuse(
            path, size, "encrypted",
            f"'{path}' is protected by a password. Unpack the archive with it and add the files.",
        )  # fmt: skip
    if entry.compress_type not in {_STORED, _DEFLATED, _BZIP2, _LZMA}:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        return refuse(
            path, size, "unsupported",
            f"'{path}' is packed with {method}, which is not read. Unpack the archive and add the files.",
        )  # fmt: skip
    if size > MIN_SUSPICIOUS and size > MAX_RATIO * max(1, entry.compress_size):
        return refuse(
            path, size, "too_large",
            f"'{path}' unfolds more than {MAX_RATIO} times, to {size / 2**20:,.0f} MB. It is probably a zip bomb and "
            "was not unpacked.",
        )  # fmt: skip
    return Inner(path, size, lambda: _unpack(data[begin : begin + entry.compress_size], entry, path))


def _unpack(packed: bytes, entry: zipfile.ZipInfo, path: str) -> bytes:
    """The bytes of one entry; unpacking stops one byte after the size it declares."""
    size = entry.file_size
    try:
        if entry.compress_type == _STORED:
            content = packed
        elif entry.compress_type == _DEFLATED:
            content = zlib.decompressobj(-15).decompress(packed, size + 1)
        elif entry.compress_type == _BZIP2:
            content = bz2.BZ2Decompressor().decompress(packed, size + 1)
        else:  # a version and the length of the properties, then what a .lzma file has without its size
            alone = packed[4:9] + b"\xff" * 8 + packed[9:]
            content = lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(alone, size + 1)
    except _BROKEN:
        raise ParseError("corrupt", f"'{path}' is damaged and cannot be unpacked. Fetch or save it again.") from None
    if len(content) > size:
        raise ParseError(
            "too_large", f"'{path}' unfolds to more than the {size:,} bytes its archive states, and was not read."
        )
    if len(content) < size or zlib.crc32(content) != entry.CRC:
        raise ParseError("corrupt", f"'{path}' is damaged: what was unpacked is not what its archive states.")
    return content


class _CutOffError(ParseError):
    """A tar archive ends too early, or goes on with nonsense; what came before is whole."""


class _Header(tarfile.TarInfo):
    """The library takes a damaged header for the end of the archive; here it is an error."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if type(error).__name__ in {"TruncatedHeaderError", "InvalidHeaderError"}:  # the others are a proper end
                raise _CutOffError("corrupt", str(error)) from None
            raise


def walk_tar(data: bytes, name: str) -> Walk:
    """The files of a TAR archive, read as a stream. Raises :class:`_CutOffError` at its damaged end."""
    stream = cast(IO[bytes], unpacked(data, name))
    seen = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, errorlevel=0) as archive:
            while info := archive.next():
                seen += 1
                if seen > MAX_ENTRIES:
                    check_totals(name, len(data), seen, 0)
                if not info.isdir() and not left_out(info.name):
                    yield _tar_inner(archive, info)
                if info.size > MAX_UNPACKED:
                    return  # to skip what it claims to hold would take hours
                cast(Any, archive).members.clear()  # or every header stays in memory
    except (_CutOffError, *_BROKEN) as error:
        raise _CutOffError("corrupt", f"'{name}' is damaged or cut off ({error}).") from None


def _tar_inner(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Inner:
    path = info.name
    if info.issym() or info.islnk():
        return refuse(path, 0, "unsupported", f"'{path}' is a link, and links in archives are not followed.")
    if info.issparse():
        return refuse(path, info.size, "unsupported", f"'{path}' is a sparse file, which is not read.")
    if not info.isreg():
        return refuse(path, 0, "unsupported", f"'{path}' is a device or pipe, not a file with content.")
    if info.size > MAX_UNPACKED:
        return refuse(
            path, info.size, "too_large",
            f"'{path}' says it has {info.size / 2**20:,.0f} MB; at most {MAX_UNPACKED >> 20} MB are unpacked.",
        )  # fmt: skip

    def load() -> bytes:
        try:
            file = archive.extractfile(info)
            content = file.read() if file else b""
        except _BROKEN:
            raise ParseError(
                "corrupt", f"'{path}' is damaged and cannot be unpacked. Fetch or save it again."
            ) from None
        if len(content) != info.size:
            raise ParseError("corrupt", f"'{path}' is cut off: {len(content):,} of its {info.size:,} bytes are there.")
        return content

    return Inner(path, info.size, load)


def walk_compressed(data: bytes, name: str) -> Walk:
    """The one file of a .gz, .bz2 or .xz file."""
    stream = unpacked(data, name)
    if not stream.compressed:
        raise ParseError(
            "corrupt",
            f"'{name}' is not a compressed file: expected the first bytes of gzip, bzip2 or xz, found {data[:8]!r}.",
        )
    size = 0
    try:
        while piece := stream.read(1 << 20):
            size += len(piece)
    except _BROKEN:
        raise ParseError("corrupt", f"'{name}' is damaged and cannot be unpacked. Fetch it again.") from None
    yield Inner(_inner_name(name), size, lambda: unpacked(data, name).read(size))


def _inner_name(name: str) -> str:
    base, dot, extension = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return base if dot and base and extension.lower() in {"gz", "bz2", "xz"} else f"{name} unpacked"


def unpacked(data: bytes, name: str) -> _Stream:
    """What a compressed stream unfolds to, as a file; bytes that are not compressed as they are."""
    opener = next((opener for start, opener in _OPENERS if data.startswith(start)), None)
    return _Stream(opener(io.BytesIO(data)) if opener else io.BytesIO(data), name, len(data), bool(opener))


_OPENERS: tuple[tuple[bytes, Callable[[io.BytesIO], io.BufferedIOBase]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)


def holds_tar(data: bytes, name: str) -> bool:
    """Whether this is a TAR archive, compressed or not."""
    try:
        head = unpacked(data, name).read(512)
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (*_BROKEN, ParseError):
        return False
    return head[257:262] == b"ustar" or ".tar" in name.lower() or name.lower().endswith((".tgz", ".tbz2", ".txz"))


class _Stream:
    """A file to read from that ends with an error once it has unfolded to more than an honest archive would."""

    def __init__(self, file: io.BufferedIOBase, name: str, packed: int, compressed: bool) -> None:
        self._file = file
        self._name = name
        self._packed = packed
        self.compressed = compressed
        limit = max(MIN_SUSPICIOUS, min(MAX_UNPACKED, packed * MAX_RATIO)) if compressed else packed
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, at most the few megabytes asked for at a time."""
        pieces: list[bytes] = []
        wanted = size if size >= 0 else 1 << 62
        while wanted > 0 and (piece := self._file.read(min(wanted, 1 << 20))):
            wanted -= len(piece)
            self._left -= len(piece)
            if self._left < 0:
                self._refuse()
            pieces.append(piece)
        return b"".join(pieces)

    def _refuse(self) -> None:
        raise ParseError(
            "too_large",
            f"'{self._name}' unfolds from {self._packed / 2**20:.2f} MB to more than {MAX_RATIO} times that, or more "
            f"than {MAX_UNPACKED >> 20} MB. It may be made to do harm. If you trust it, unpack it yourself and add the "
            "files.",
        )
