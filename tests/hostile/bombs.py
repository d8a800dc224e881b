"""Archives that unfold without end, lie about their size, point out of their folder, or hold each other."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zlib
from collections.abc import Iterator

from tests.hostile.case import Case, case, zeros, zipped
from tests.hostile.seeds import MORE, WORDS, docx_parts, seeds, tarred

GIGABYTE = 1 << 30
TRAVERSAL = (
    "../../escape.txt", "/etc/cron.d/escape.txt", "..\\..\\escape.txt", "C:\\Windows\\escape.txt", "a/./../../../escape.txt",
    "//server/share/escape.txt", "~/.bashrc.txt", "con.txt", "nul", "a" * 4000 + ".txt", "new\nline.txt", "bell\x07.txt",
    "rtl\u202etxt.exe.txt", "\udce4.txt", "", ".", "..", "/", "a//b.txt", ".hidden.txt", "tag\U000e0041.txt", "%2e%2e/x.txt",
)  # fmt: skip


def cases() -> Iterator[Case]:
    yield from _zip_bombs()
    yield from _zips()
    yield from _tars()
    yield from _streams()


def _zip_bombs() -> Iterator[Case]:
    for extension in ("zip", "docx", "xlsx", "odt", "epub", "pptx"):
        yield case("bomb", f"flat.{extension}", "gigabyte", flat, GIGABYTE)
    yield case("bomb", "flat.zip", "lying-small", flat, GIGABYTE, 100)
    yield case("bomb", "flat.zip", "lying-huge", flat, 1 << 21, 1 << 62)
    yield case("bomb", "flat.docx", "lying-small", flat, GIGABYTE, 100, "word/document.xml")
    yield case("bomb", "docx.docx", "part-gigabyte", _docx_bomb, GIGABYTE, None)
    yield case("bomb", "docx.docx", "part-lying", _docx_bomb, GIGABYTE, 2000)
    yield case("bomb", "docx.docx", "part-90-to-1", _docx_slow, 90)
    yield case("bomb", "many.zip", "gigabytes", _many_bombs, 40)
    yield case("bomb", "nested.zip", "8-wide-4-deep", _nested_wide, 4)
    for extension in ("zip", "docx", "odt"):
        yield case("bomb", f"overlap.{extension}", "same-kernel", overlapping, 2000)
        yield case("bomb", f"overlap.{extension}", "quoted", quoted, 200)
    yield case("bomb", "entries.zip", "60000", lambda: zipped({f"{n}.txt": "" for n in range(60_000)}))
    yield case("bomb", "entries.zip", "2000-texts", lambda: zipped({f"{n}.txt": f"{WORDS} {n}" for n in range(2_000)}))
    yield case("bomb", "entries.zip", "same-name", _same_names)
    yield case("bomb", "comment.zip", "64k", _commented)


def _zips() -> Iterator[Case]:
    for depth in (*range(1, 21), 60, 300):
        yield case("nested", "zip", f"{depth:03}-deep", nested_zip, depth)
    for depth in (2, 5, 12):
        yield case("nested", "docx.zip", f"{depth:03}-deep", nested_zip, depth, zipped(docx_parts()), "x.docx")
    yield case("nested", "self.zip", "holds-itself", holding_itself)
    for number, name in enumerate(TRAVERSAL):
        yield case("names", "zip", f"{number:02}", _raw_zip_named, name.encode("utf-8", "surrogateescape"))
    yield case("names", "link.zip", "symlink", _zip_link)
    yield case("names", "device.zip", "device", _zip_link, 0o020666)
    yield case("zip", "encrypted.zip", "flag", _flagged, 1)
    yield case("zip", "utf8.zip", "flag", _flagged, 0x0800)
    for method in (1, 9, 12, 14, 93, 99, 65535):
        yield case("zip", "method.zip", f"{method}", _method, method)
    yield case("zip", "prefix.zip", "program", lambda: b"MZ" + bytes(5000) + seeds()["zip"])
    yield case("zip", "suffix.zip", "rubbish", lambda: seeds()["zip"] + b"rubbish" * 500)
    yield case("zip", "two.zip", "joined", lambda: seeds()["zip"] + zipped({"other.txt": MORE}))
    yield case("zip", "empty.zip", "no-entries", zipped, {})


def _tars() -> Iterator[Case]:
    kinds = {"symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "block": tarfile.BLKTYPE,
             "fifo": tarfile.FIFOTYPE, "directory": tarfile.DIRTYPE, "unknown": b"Z"}  # fmt: skip
    for name, kind in kinds.items():
        yield case("tar", "tar", name, _special, kind)
        yield case("tar", "tar.gz", name, lambda kind=kind: gzip.compress(_special(kind), mtime=0))
    for number, name in enumerate(TRAVERSAL):
        yield case(
            "names", "tar", f"{number:02}", lambda name=name: tarred({name: WORDS.encode(), "sound.txt": MORE.encode()})
        )
    for size in (1 << 33, 1 << 60):
        yield case("tar", "tar", f"claims-{size}", _claiming, size)
        yield case("tar", "sparse.tar", f"{size}", _sparse, size)
    yield case("tar", "pax.tar", "huge-header", _pax, 40_000_000)
    yield case("tar", "pax.tar", "negative-size", _pax_size, "-5")
    yield case("tar", "pax.tar", "odd-size", _pax_size, "1e9")
    yield case("tar", "entries.tar", "20000", lambda: tarred({f"{n}.txt": b"" for n in range(20_000)}))
    yield case("tar", "longlinks.tar", "chain", _long_names, 3000)
    yield case("nested", "tar", "010-deep", _nested_tar, 10)
    yield case("bomb", "zeros.tar.gz", "gigabyte", _tar_bomb)


def _streams() -> Iterator[Case]:
    for extension in ("gz", "txt.gz", "tar.gz", "tgz", "json.gz", "csv.gz"):
        yield case("bomb", f"zeros.{extension}", "gzip-gigabyte", gzipped, GIGABYTE)
    yield case("bomb", "text.txt.gz", "gzip-members", lambda: gzip.compress(b"", mtime=0) * 200_000)
    yield case("bomb", "letters.txt.gz", "gzip-60-MB", lambda: gzip.compress(b"pump " * 12_000_000, 9, mtime=0))
    yield case("nested", "gzip.txt.gz", "100-deep", _nested_gzip, 100)
    yield case("bomb", "zeros.txt.bz2", "bzip2-90-MB", lambda: bz2.compress(bytes(90_000_000)))
    yield case("bomb", "zeros.txt.xz", "xz-90-MB", lambda: lzma.compress(bytes(90_000_000), preset=0))
    yield case("names", "gz.gz", "traversal", lambda: _gzip_named(b"../../escape.txt"))
    yield case("names", "gz.gz", "no-end", lambda: _gzip_named(b"x" * 100_000))


def entry(name: bytes, packed: bytes, checksum: int, size: int, method: int = 8, flags: int = 0) -> bytes:
    """A local file of a zip archive, header and content."""
    head = struct.pack(
        "<4sHHHHHIIIHH",
        b"PK\x03\x04",
        20,
        flags,
        method,
        0,
        0x21,
        checksum,
        len(packed),
        min(size, 0xFFFFFFFF),
        len(name),
        0,
    )
    return head + name + packed


def directory(rows: list[tuple[bytes, int, int, int, int, int, int]], start: int, attributes: int = 0) -> bytes:
    """A zip archive's table of contents. Rows: name, method, flags, checksum, packed size, size, offset."""
    out = b""
    for name, method, flags, checksum, packed, size, offset in rows:
        extra = b"" if size <= 0xFFFFFFFE else struct.pack("<HHQ", 1, 8, size)
        out += struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 0x0314, 20, flags, method, 0, 0x21, checksum, packed,
            min(size, 0xFFFFFFFF), len(name), len(extra), 0, 0, 0, attributes, offset,
        ) + name + extra  # fmt: skip
    count = min(len(rows), 0xFFFF)
    return out + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(out), start, 0)


def flat(size: int, claimed: int | None = None, name: str = "zeros.txt") -> bytes:
    """One entry of zeros. claimed: the size its headers state."""
    packed, checksum = zeros(size)
    stated = size if claimed is None else claimed
    content = entry(name.encode(), packed, checksum, stated)
    return content + directory([(name.encode(), 8, 0, checksum, len(packed), stated, 0)], len(content))


def overlapping(count: int) -> bytes:
    """Every entry of the table of contents is the same 8 MB of zeros."""
    packed, checksum = zeros(8 << 20)
    content = entry(b"0.txt", packed, checksum, 8 << 20)
    rows = [(b"%d.txt" % number, 8, 0, checksum, len(packed), 8 << 20, 0) for number in range(count)]
    return content + directory(rows, len(content))


def quoted(count: int) -> bytes:
    """Fifield's construction (A better zip bomb, 2019): every file begins with a stored block that quotes the next
    file's header, and all end in the same kernel, so that no name or offset repeats."""
    kernel, _ = zeros(4 << 20)
    plain = bytes(4 << 20)
    checksum = zlib.crc32(plain)
    name = b"%05d.txt"
    tail = entry(name % (count - 1), kernel, checksum, len(plain))
    sizes = [(name % (count - 1), checksum, len(kernel), len(plain), len(tail))]
    content = plain[:0]
    for number in range(count - 2, -1, -1):
        head = tail[: 30 + 9]
        block = b"\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF)
        _, _, packed, size, _ = sizes[-1]
        content = head + content
        checksum = zlib.crc32(plain, zlib.crc32(content))
        packed, size = packed + len(block) + len(head), size + len(head)
        header = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0x21, checksum, packed, size, 9, 0)
        tail = header + name % number + block + tail
        sizes.append((name % number, checksum, packed, size, len(tail)))
    rows = [
        (each, 8, 0, checksum, packed, size, len(tail) - place) for each, checksum, packed, size, place in sizes[::-1]
    ]
    return tail + directory(rows, len(tail))


def holding_itself() -> bytes:
    """The one entry's bytes are the rest of the archive: reading it gives an archive that lists it again."""
    name = b"self.zip"
    length = 46 + len(name) + 22
    head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0x21, 0, length, length, len(name), 0) + name
    return head + directory([(name, 0, 0, 0, length, length, 0)], len(head))


def nested_zip(depth: int, kernel: bytes = WORDS.encode(), name: str = "pump.txt") -> bytes:
    data = kernel
    for level in range(depth):
        data = zipped({name: data, f"beside-{level}.txt": MORE})
        name = f"level-{level}.zip"
    return data


def _nested_wide(levels: int) -> bytes:
    data = flat(GIGABYTE >> 2)
    for _ in range(levels):
        data = zipped({f"{number:02}.zip": data for number in range(8)})
    return data


def _many_bombs(count: int) -> bytes:
    return zipped({f"{number}.zip": flat(GIGABYTE >> 4) for number in range(count)})


def _docx_bomb(size: int, claimed: int | None) -> bytes:
    """A sound document but for its body, which unfolds to blanks."""
    packed, checksum = zeros(size)
    out, rows = b"", []
    for name, content in docx_parts().items():
        data = content.encode() if isinstance(content, str) else content
        squeezed = zlib.compress(data)[2:-4]
        found = (
            (packed, checksum, claimed or size)
            if name == "word/document.xml"
            else (squeezed, zlib.crc32(data), len(data))
        )
        rows.append((name.encode(), 8, 0, found[1], len(found[0]), found[2], len(out)))
        out += entry(name.encode(), *found)
    return out + directory(rows, len(out))


def _docx_slow(ratio: int) -> bytes:
    """Just below the ratio at which a part is refused: 24 MB of empty paragraphs with changing attributes."""
    body = "".join(f'<w:p w:x="{number:06}"/>' + "<w:p/>" * ratio for number in range(24_000_000 // (ratio * 6 + 18)))
    return zipped(docx_parts(body))


def _same_names() -> bytes:
    content = entry(b"a.txt", b"one", zlib.crc32(b"one"), 3, 0)
    rows = [(b"a.txt", 0, 0, zlib.crc32(b"one"), 3, 3, 0)] * 500
    return content + directory(rows, len(content))


def _commented() -> bytes:
    data = seeds()["zip"]
    return data[:-2] + struct.pack("<H", 65535) + b"PK\x05\x06" * 16383 + b"PKx"


def _raw_zip_named(name: bytes) -> bytes:
    text = WORDS.encode()
    content = entry(name, text, zlib.crc32(text), len(text), 0, 0x0800)
    return content + directory([(name, 0, 0x0800, zlib.crc32(text), len(text), len(text), 0)], len(content))


def _zip_link(mode: int = 0o120777) -> bytes:
    target = b"/etc/passwd"
    content = entry(b"link.txt", target, zlib.crc32(target), len(target), 0)
    return content + directory(
        [(b"link.txt", 0, 0, zlib.crc32(target), len(target), len(target), 0)], len(content), mode << 16
    )


def _flagged(flag: int) -> bytes:
    content = entry(b"\xff.txt", b"secret", 0, 6, 0, flag)
    return content + directory([(b"\xff.txt", 0, flag, 0, 6, 6, 0)], len(content))


def _method(method: int) -> bytes:
    content = entry(b"a.txt", b"\x5d\x00\x00\x80\x00" * 20, 7, 1 << 20, method)
    return content + directory([(b"a.txt", method, 0, 7, 100, 1 << 20, 0)], len(content))


def _special(kind: bytes) -> bytes:
    info = tarfile.TarInfo("special.txt")
    info.type, info.linkname = kind, "/etc/passwd"
    sound = tarfile.TarInfo("sound.txt")
    sound.size = len(WORDS)
    return info.tobuf() + sound.tobuf() + WORDS.encode().ljust(512, b"\x00") + bytes(1024)


def _claiming(size: int) -> bytes:
    info = tarfile.TarInfo("endless.txt")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + WORDS.encode().ljust(512, b"\x00")


def _sparse(size: int) -> bytes:
    """An old GNU sparse file: no data, a claimed size of ``size``."""
    info = tarfile.TarInfo("sparse.txt")
    info.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    wide = b"\x80" + size.to_bytes(11, "big")
    head[386:410] = b"\x80" + bytes(10) + b"\x01" + wide[:12]
    head[483:495] = wide
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head) + bytes(1024)


def _pax(size: int) -> bytes:
    """An extended header that claims to be ``size`` bytes long."""
    return _pax_record(b"%d comment=" % size + b"a" * 1000)


def _pax_size(size: str) -> bytes:
    record = f" size={size}\n"
    return _pax_record(f"{len(record) + 2}{record}".encode())


def _pax_record(record: bytes) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    held = info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(-(-len(record) // 512) * 512, b"\x00")
    return held + tarred({"after.txt": WORDS.encode()})


def _long_names(count: int) -> bytes:
    """Headers that announce a long name for the next header, which announces one, and so on."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 10
    return (info.tobuf(tarfile.GNU_FORMAT) + b"a" * 10 + bytes(502)) * count


def _nested_tar(depth: int) -> bytes:
    data, name = WORDS.encode(), "pump.txt"
    for level in range(depth):
        data, name = gzip.compress(tarred({name: data}), mtime=0), f"level-{level}.tar.gz"
    return data


def _tar_bomb() -> bytes:
    info = tarfile.TarInfo("zeros.txt")
    info.size = GIGABYTE
    packed, checksum = zeros(GIGABYTE)
    head = info.tobuf(tarfile.GNU_FORMAT)
    start = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = start.compress(head) + start.flush(zlib.Z_FULL_FLUSH)
    del checksum
    return b"\x1f\x8b\x08\x00" + bytes(6) + first + packed + bytes(8)


def gzipped(size: int) -> bytes:
    packed, checksum = zeros(size)
    return b"\x1f\x8b\x08\x00" + bytes(6) + packed + struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _nested_gzip(depth: int) -> bytes:
    data = WORDS.encode()
    for _ in range(depth):
        data = gzip.compress(data, mtime=0)
    return data


def _gzip_named(name: bytes) -> bytes:
    plain = gzip.compress(WORDS.encode(), mtime=0)
    return plain[:3] + b"\x08" + plain[4:10] + name + (b"" if len(name) > 1000 else b"\x00") + plain[10:]
