"""Archives: what they list, what they hand out, and what they refuse before anything is unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest

from citewell.errors import ParseError
from citewell.parsing import ParserPool, supported, wire
from citewell.parsing.members import Names, label
from citewell.parsing.parsed import Member
from citewell.settings import ParsingSettings

FILES = {"readme.txt": b"Open on Monday.", "notes/prices.csv": b"name,price\nlamp,12\n", "notes/empty.txt": b""}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def listed(parsed) -> list[tuple[str, int]]:
    return [(member.name, member.size) for member in parsed.members]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_lists_its_files_and_hands_them_out(parse, pool: ParserPool, method: int) -> None:
    files = {**FILES, "long.txt": b"".join(b"line %d\n" % number for number in range(20_000))}
    data = zipped(files, method)
    parsed = parse(data, "a.zip")
    assert listed(parsed) == [(name, len(content)) for name, content in files.items()]
    assert (parsed.media_type, parsed.blocks, parsed.text) == ("application/zip", (), "")
    assert pool.extract(data, "a.zip", range(4)) == list(files.values())
    assert pool.extract(data, "a.zip", [3, 0]) == [files["long.txt"], FILES["readme.txt"]]
    assert pool.extract(data, "a.zip", []) == []


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_lists_its_files_and_hands_them_out(parse, pool: ParserPool, mode: str, form: int) -> None:
    files = {**FILES, "grün/" + "very long name " * 5 + ".txt": b"x" * 3000}
    data = tarred(files, mode, form)
    for name in ("a.tar", "a.tar.gz", "a.tgz", "backup"):  # the bytes decide, not the name
        assert listed(parse(data, name)) == [(each, len(content)) for each, content in files.items()]
    assert pool.extract(data, "a.tar", [3, 1]) == [list(files.values())[3], FILES["notes/prices.csv"]]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_holds_one(parse, pool: ParserPool, pack) -> None:
    data = pack(b"name,price\nlamp,12\n" * 50)
    extension = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
    assert supported(f"prices.csv.{extension}")
    assert listed(parse(data, f"folder/prices.csv.{extension}")) == [("prices.csv", 950)]
    assert listed(parse(data, "prices"))[0][0] == "prices unpacked"
    assert pool.extract(data, f"prices.csv.{extension}", [0]) == [b"name,price\nlamp,12\n" * 50]
    two = data + pack(b"more")
    assert pool.extract(two, f"prices.csv.{extension}", [0]) == [b"name,price\nlamp,12\n" * 50 + b"more"]


def test_an_archive_within_an_archive_is_a_file_like_any_other(parse, pool: ParserPool) -> None:
    inner = tarred({"deep.txt": b"found"}, "w:gz")
    outer = zipped({"a/inner.tgz": inner, "paper.pdf": b"%PDF-1.4 not really"}, zipfile.ZIP_STORED)
    assert listed(parse(outer, "outer.zip"))[0] == ("a/inner.tgz", len(inner))
    handed = pool.extract(outer, "outer.zip", [0])[0]
    assert handed == inner
    assert pool.extract(handed, "inner.tgz", [0]) == [b"found"]
    first = tarred({"paper.pdf": b"%PDF-1.4 not really"})
    assert parse(first, "a.tar").media_type == "application/x-tar"  # though it says %PDF near its start


def test_names_are_labels(parse) -> None:
    names = {
        "/etc/passwd": "etc/passwd", "../../up.txt": "up.txt", "C:\\Users\\a.txt": "Users/a.txt", "a//b/./c.txt":
        "a/b/c.txt", "bell\x07\u202etxt.exe": "belltxt.exe", "..": "member 6", "same.txt": "same.txt",
        "./same.txt": "same (2).txt", "x/../same.txt": "x/same.txt", "./x/same.txt": "x/same (2).txt",
        "a" * 400 + ".docx": "a" * 195 + ".docx", "line\nbreak\t.txt": "line break .txt",
    }  # fmt: skip
    parsed = parse(tarred(dict.fromkeys(names, b"x")), "a.tar")
    assert [member.name for member in parsed.members] == list(names.values())
    assert [member.name for member in parse(zipped(dict.fromkeys(names, b"x")), "a.zip").members] == list(
        names.values()
    )
    assert label("\x00\\\\server\\share\\a.txt") == "server/share/a.txt"
    unique = Names()
    assert [unique.unique(name) for name in ("a", "a", "a (2)", "a")] == ["a", "a (2)", "a (2) (2)", "a (3)"]


def test_names_without_the_utf8_mark(parse) -> None:
    def renamed(raw: bytes) -> bytes:
        return zipped({"Q" * len(raw): b"x"}).replace(b"Q" * len(raw), raw)

    assert listed(parse(renamed("Übersicht.txt".encode("cp437")), "a.zip")) == [("Übersicht.txt", 1)]
    assert listed(parse(renamed("Übersicht.txt".encode()), "a.zip")) == [("Übersicht.txt", 1)]
    assert listed(parse(zipped({"日本.txt": b"x"}), "a.zip")) == [("日本.txt", 1)]


def test_what_says_nothing_is_left_out(parse, pool: ParserPool, refused) -> None:
    files = {"docs/": b"", "__MACOSX/._a.txt": b"x", "docs/.DS_Store": b"x", "docs/a.txt": b"kept"}
    for data in (zipped(files), tarred({name: content for name, content in files.items() if name != "docs/"})):
        assert listed(parse(data, "a")) == [("docs/a.txt", 4)]
        assert pool.extract(data, "a", [0]) == [b"kept"]
    assert refused(zipped({}), "none.zip").reason == "empty"
    assert refused(zipped({"docs/": b""}), "folders.zip").reason == "empty"


def test_what_is_not_read_is_listed_with_its_reason(parse, pool: ParserPool) -> None:
    data = bytearray(zipped({"secret.txt": b"locked", "odd.txt": b"odd", "fine.txt": b"fine"}))
    for magic, flags, method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        at = data.index(magic)
        data[at + flags] |= 1  # encrypted
        at = data.index(magic, at + 1)
        data[at + method] = 9  # Deflate64
    parsed = parse(bytes(data), "a.zip")
    assert [(each.name, each.reason) for each in parsed.members] == [
        ("secret.txt", "encrypted"), ("odd.txt", "unsupported"), ("fine.txt", ""),
    ]  # fmt: skip
    assert "Deflate64" in parsed.members[1].message
    secret, odd, fine = pool.extract(bytes(data), "a.zip", range(3))
    assert isinstance(secret, ParseError) and secret.reason == "encrypted"
    assert isinstance(odd, ParseError) and odd.reason == "unsupported"
    assert fine == b"fine"


def test_links_and_devices_are_listed_and_not_followed(parse, pool: ParserPool) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE),
                           ("disk", tarfile.BLKTYPE)):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("real.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"real"))
    parsed = parse(buffer.getvalue(), "a.tar")
    assert [each.reason for each in parsed.members] == ["unsupported"] * 4 + [""]
    assert all(isinstance(each, ParseError) for each in pool.extract(buffer.getvalue(), "a.tar", range(4)))
    assert pool.extract(buffer.getvalue(), "a.tar", [4]) == [b"real"]
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive_:
        archive_.writestr(link, b"/etc/passwd")
    assert parse(buffer.getvalue(), "a.zip").members == (
        Member("link.txt", 11, "unsupported", "'link.txt' is a link, and links in archives are not followed."),
    )


def test_a_sparse_file_is_listed_and_not_read(parse) -> None:
    info = tarfile.TarInfo("sparse.bin")
    info.size = 512
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[156:157] = b"S"
    head[386:398], head[398:410] = b"%011o\0" % 0, b"%011o\0" % 512
    head[483:495] = b"%011o\0" % (1 << 32)  # what it says it unfolds to
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    parsed = parse(bytes(head) + bytes(512) + bytes(1024), "a.tar")
    assert [(each.name, each.reason) for each in parsed.members] == [("sparse.bin", "unsupported")]


def test_bombs_are_refused_before_they_unfold(parse, refused, pool: ParserPool) -> None:
    bomb = zipped({"zeros.txt": bytes(40 << 20)})
    assert len(bomb) < 50_000
    assert refused(bomb, "bomb.zip").reason == "too_large"
    beside = zipped({"zeros.txt": bytes(2 << 20), "fine.txt": b"fine", "noise": b"".join(
        zlib.crc32(b"%d" % number).to_bytes(4, "big") for number in range(200_000))})  # fmt: skip
    parsed = parse(beside, "beside.zip")
    assert [each.reason for each in parsed.members] == ["too_large", "", ""]
    assert pool.extract(beside, "beside.zip", [1]) == [b"fine"]
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        endless = pack(bytes(200 << 20))
        assert refused(endless, "endless.gz").reason == "too_large"
        assert refused(pack(tarred({"zeros": bytes(40 << 20)})), "bomb.tar.gz").reason == "too_large"
    many = zipped({f"{number}": b"" for number in range(10_001)})
    assert "10,001" in str(refused(many, "many.zip"))
    assert "10,001" in str(refused(tarred({f"{number}": b"" for number in range(10_001)}, "w"), "many.tar"))


def _entry(name: bytes, offset: int, packed: bytes, content: bytes) -> bytes:
    """A line of a zip archive's table of contents."""
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, zlib.crc32(content), len(packed),
                       len(content), len(name), 0, 0, 0, 0, 0, offset) + name  # fmt: skip


def _local(name: bytes, packed: bytes, content: bytes) -> bytes:
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(content), len(packed), len(content),
                       len(name), 0) + name  # fmt: skip


def _with_table(files: bytes, entries: list[bytes]) -> bytes:
    table = b"".join(entries)
    return files + table + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(table),
                                       len(files), 0)  # fmt: skip


def test_files_that_share_their_bytes_are_refused(parse, refused) -> None:
    content = bytes(1000)
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(content) + kernel.flush()
    inner = _local(b"B", packed, content) + packed
    # An outer file whose data is a stored block that quotes the inner file's header, then the inner file's data.
    head = inner[: -len(packed)]
    quoted = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + inner
    outer = _local(b"A", quoted, head + content)
    start = len(outer) + 5
    overlapping = _with_table(
        outer + quoted, [_entry(b"A", 0, quoted, head + content), _entry(b"B", start, packed, content)]
    )
    with zipfile.ZipFile(io.BytesIO(overlapping)) as archive:  # a valid archive: the quoting works
        assert archive.infolist()[1].header_offset == start
    assert overlapping[start : start + 4] == b"PK\x03\x04"
    error = refused(overlapping, "overlap.zip")
    assert error.reason == "corrupt" and "share the same bytes" in str(error)
    honest = _with_table(inner, [_entry(b"B", 0, packed, content)])
    assert listed(parse(honest, "honest.zip")) == [("B", 1000)]
    twice = _with_table(inner, [_entry(b"B", 0, packed, content), _entry(b"C", 0, packed, content)])
    assert "share the same bytes" in str(refused(twice, "twice.zip"))
    assert refused(_with_table(inner, [_entry(b"B", 7, packed, content)]), "off.zip").reason == "corrupt"


def test_sizes_that_lie(parse, pool: ParserPool) -> None:
    content = b"0123456789" * 100
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        data = bytearray(zipped({"a.txt": content}, method))
        at = data.index(b"PK\x01\x02")
        data[at + 24 : at + 28] = struct.pack("<I", 10)
        assert listed(parse(bytes(data), "lies.zip")) == [("a.txt", 10)]
        less = pool.extract(bytes(data), "lies.zip", [0])[0]
        assert isinstance(less, ParseError) and less.reason == "too_large", method
        data[at + 24 : at + 28] = struct.pack("<I", 5000)
        more = pool.extract(bytes(data), "lies.zip", [0])[0]
        assert isinstance(more, ParseError) and more.reason == "corrupt", method
    damaged = bytearray(zipped({"a.txt": content, "b.txt": b"whole"}))
    damaged[45] ^= 0xFF
    first, second = pool.extract(bytes(damaged), "damaged.zip", [0, 1])
    assert isinstance(first, ParseError) and first.reason == "corrupt"
    assert second == b"whole"


def test_what_is_cut_off_or_is_none(parse, refused, pool: ParserPool) -> None:
    data = tarred({"a.txt": b"a" * 600, "b.txt": b"b" * 5000})
    parsed = parse(data[:4000], "cut.tar")
    assert listed(parsed) == [("a.txt", 600), ("b.txt", 5000)]
    assert any("cut off" in note for note in parsed.notes)
    whole, cut = pool.extract(data[:4000], "cut.tar", [0, 1])
    assert whole == b"a" * 600
    assert isinstance(cut, ParseError) and cut.reason == "corrupt"
    whole, gone = pool.extract(data[:1536] + b"\xff" * 512, "cut.tar", [0, 1])
    assert (whole, gone.reason) == (b"a" * 600, "corrupt")  # type: ignore[union-attr]
    assert listed(parse(data[:1536] + b"\xff" * 512, "cut.tar"))[0] == ("a.txt", 600)
    assert refused(zipped(FILES)[:-30], "cut.zip").reason == "corrupt"
    assert refused(gzip.compress(b"some text" * 100)[:-20], "cut.gz").reason == "corrupt"
    for name in ("a.zip", "a.tar", "a.gz", "a.mbox", "a.msg"):
        assert refused(b"just some words, nothing packed", name).reason == "corrupt"


def test_asking_for_what_is_not_there(pool: ParserPool) -> None:
    data = zipped(FILES)
    first, absent = pool.extract(data, "a.zip", [0, 7])
    assert first == FILES["readme.txt"]
    assert isinstance(absent, ParseError) and absent.reason == "vanished"
    with pytest.raises(ParseError, match="holds no other files"):
        pool.extract(b"some text", "a.txt", [0])
    with pytest.raises(ParseError, match="0 bytes"):
        pool.extract(b"", "a.zip", [0])


def test_an_answer_has_a_size() -> None:
    noise = b"".join(zlib.crc32(b"%d" % number).to_bytes(4, "big") for number in range(180_000))
    data = zipped({"a": noise, "b": noise, "c": b"small"})
    with ParserPool(ParsingSettings(workers=1, output_megabytes=1)) as pool:
        first, second, third = pool.extract(data, "a.zip", range(3))
        assert first == noise
        assert isinstance(second, ParseError) and second.reason == "too_large"
        assert third == b"small"
        assert pool.extract(data, "a.zip", [1]) == [noise]


def test_the_wire_for_members_believes_nothing() -> None:
    answer = wire.encode_files([b"one\n", ParseError("encrypted", "locked"), b""])
    one, locked, empty = wire.decode_files(answer, 3)
    assert (one, empty) == (b"one\n", b"")
    assert isinstance(locked, ParseError) and (locked.reason, str(locked)) == ("encrypted", "locked")
    for spoiled, count in (
        (answer, 2), (answer + b"x", 3), (answer[:-1], 3), (b"no json\n", 1), (b"[]\n", 0), (b'{"files":[-1]}\n', 1),
        (b'{"files":[true]}\nx', 1), (b'{"files":[["odd","message"]]}\n', 1), (b'{"files":[["corrupt"]]}\n', 1),
        (b'{"files":[["corrupt","' + b"x" * 600 + b'"]]}\n', 1), (b'{"files":[9999999999999]}\nx', 1),
    ):  # fmt: skip
        with pytest.raises(wire.WireError):
            wire.decode_files(spoiled, count)
