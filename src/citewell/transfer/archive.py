"""The container of an exported collection: a tar with five members, always these, always in this order.

    export.json      format, encoder, settings; size and SHA-256 of the others
    catalog.jsonl    sources and items
    parses.jsonl     parsed documents
    passages.jsonl   where documents are cut into passages
    vectors.f32      their vectors, 32-bit floats, little-endian, one after the other

An archive comes from somewhere else and is not trusted: members are told apart by their order and must have exactly the
expected names; no name in it is ever used as a path, and nothing but plain files is accepted. Reading stops at the
first byte that is not as announced.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from citewell.durable import PARTIAL, sync_directory
from citewell.errors import IntegrityError, PathError
from citewell.records import Json

HEAD = "export.json"
MEMBERS = ("catalog.jsonl", "parses.jsonl", "passages.jsonl", "vectors.f32")

MAX_HEAD = 1_000_000  # bytes of export.json
_BLOCK = 512  # a tar's unit (POSIX.1-1988, ustar)
_PIECE = 1 << 20
_PADDING = 64 * 1024  # bytes of zeros a tar may end with; writers fill up to 10 KiB, some to more


def write_archive(path: Path, head: Json, folder: Path) -> None:
    """Packs ``head`` and the members in ``folder`` into ``path``, which appears when it is whole. Compressed when the
    name ends in ``.gz`` or ``.tgz``; readable by its owner alone."""
    described = {name: _describe(folder / name) for name in MEMBERS}
    text = json.dumps({**head, "members": described}, ensure_ascii=False, indent=1).encode("utf-8")
    partial = path.with_name(path.name + PARTIAL)
    try:
        with (
            _create(partial, packed=path.suffix in {".gz", ".tgz"}) as stream,
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        ):
            tar.addfile(_entry(HEAD, len(text)), io.BytesIO(text))
            for name in MEMBERS:
                with (folder / name).open("rb") as file:
                    tar.addfile(_entry(name, described[name]["size"]), file)
        partial.replace(path)
    except BaseException:  # Ctrl-C as well: nothing half-written stays
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def unpack_archive(path: Path, folder: Path) -> Json:
    """The head of the archive at ``path``; its members are in ``folder`` afterwards, each as announced."""
    try:
        with _open(path) as stream:
            head = _head(_read_member(stream, HEAD, MAX_HEAD))
            _check_room(head["members"], folder)
            for name in MEMBERS:
                _copy_member(stream, name, head["members"][name], folder / name)
            _check_end(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken(f"it does not unpack ({error})") from None
    return head


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


@contextmanager
def _create(path: Path, *, packed: bool) -> Iterator[BinaryIO]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        if packed:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, filename="", mtime=0) as zipped:
                yield zipped  # type: ignore[misc]
        else:
            yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield gzip.GzipFile(fileobj=file, mode="rb") if packed else file  # type: ignore[misc]
    except FileNotFoundError:
        raise PathError(f"'{path}' does not exist. Expected an archive made by:  citewell snapshot export") from None
    except IsADirectoryError:
        raise PathError(f"'{path}' is a folder. Expected an archive made by:  citewell snapshot export") from None


def _head(data: bytes) -> Json:
    try:
        head = json.loads(data)
        members: Mapping[str, Any] = head["members"]
        whole = set(members) == set(MEMBERS) and all(
            type(each["size"]) is int and each["size"] >= 0 and isinstance(each["sha256"], str)
            for each in members.values()
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise _broken("its first member does not describe the others")
    return dict(head)


def _check_room(members: Mapping[str, Any], folder: Path) -> None:
    """Unpacked, and then once more as a collection."""
    needed, free = 2 * sum(each["size"] for each in members.values()), shutil.disk_usage(folder).free
    if needed > free:
        raise PathError(
            f"The archive needs {needed / 1e9:.1f} GB to be imported; {free / 1e9:.1f} GB are free there. "
            "Make room, or import it into a folder on another disk."
        )


def _read_member(stream: BinaryIO, name: str, limit: int) -> bytes:
    size = _read_header(stream, name)
    if size > limit:
        raise _broken(f"{name} has {size:,} bytes; at most {limit:,} are read")
    data = _exactly(stream, size)
    _exactly(stream, -size % _BLOCK)
    return data


def _copy_member(stream: BinaryIO, name: str, announced: Mapping[str, Any], target: Path) -> None:
    size = _read_header(stream, name)
    if size != announced["size"]:
        raise _broken(f"{name} has {size:,} bytes instead of {announced['size']:,}")
    digest, left = hashlib.sha256(), size
    with target.open("xb") as file:
        while left:
            piece = _exactly(stream, min(left, _PIECE))
            digest.update(piece)
            file.write(piece)
            left -= len(piece)
    _exactly(stream, -size % _BLOCK)
    if digest.hexdigest() != announced["sha256"]:
        raise _broken(f"{name} is not the one that was exported")


def _read_header(stream: BinaryIO, expected: str) -> int:
    """The size of the next member, which must be the plain file ``expected``."""
    block = _exactly(stream, _BLOCK)
    name = block[:100].rstrip(b"\0").decode("utf-8", "replace")
    if name != expected or block[156:157] not in {b"0", b"\0"}:
        raise _broken(f"the plain file {expected} should come next")
    summed = sum(block) - sum(block[148:156]) + 8 * ord(" ")  # the checksum counts itself as blanks
    if summed != _number(block[148:156]):
        raise _broken(f"the header of {expected} is damaged")
    return _number(block[124:136])


def _number(field: bytes) -> int:
    """A tar number: octal digits, or for large files binary after a byte of 128 (GNU)."""
    if field[0] == 0o200:
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        raise _broken("a number in it is damaged") from None


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise _broken("it is cut off")
    return data


def _check_end(stream: BinaryIO) -> None:
    rest = stream.read(_PADDING + 1)
    if len(rest) > _PADDING or rest.strip(b"\0"):
        raise _broken("something follows its last member")


def _broken(what: str) -> IntegrityError:
    return IntegrityError(
        f"The archive cannot be imported: {what}. Nothing was kept of it. Export it again, and compare the two files."
    )
