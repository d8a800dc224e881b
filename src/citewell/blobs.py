"""Parsed documents on disk, content-addressed, immutable: ``blobs/ab/abcd….json.z``.

The key is the document version, a hash of the bytes, the file's name and the code that parsed them, so a moved or
copied file finds its parse here, and a stale one is never found. A file is the SHA-256 of the rest, then JSON packed by
zlib; it is written beside its name, synced and renamed, so a killed process or a power cut leaves the whole blob or
none. Files of format 1 have no hash before them and are still read; zlib's own checksum tells damaged ones.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from citewell.durable import sync_directory, write_durably
from citewell.errors import IntegrityError
from citewell.records import Json

_DIGEST = 32  # bytes of a SHA-256
MAX_UNPACKED = 1 << 30
"""Bytes of one value unpacked, far above what a parser may return; a damaged or hostile file does not fill memory."""


class BlobStore:
    """Plain JSON values by key. Keys are hex digits; whoever holds one has passed a scope check for its document."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json.z"

    def __contains__(self, key: str) -> bool:
        return self.path(key).exists()

    def put(self, key: str, value: Json, *, sync: bool = True) -> None:
        """Stores a value durably: when this returns, a catalog may name it. sync: without it, when the caller has
        synced the folder."""
        path = self.path(key)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            if sync:
                sync_directory(self._root)
        write_durably(path, pack(value), sync=sync)

    def get(self, key: str) -> Json | None:
        """The value, ``None`` when there is none, :class:`IntegrityError` when it is damaged."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return unpack(data)
        except ValueError as error:
            raise IntegrityError(
                f"{path} is damaged: {error}. Delete the file and run  citewell sync  to parse it again."
            ) from None

    def keys(self) -> Iterator[str]:
        """Every key that is stored."""
        for path in self._root.glob("*/*.json.z"):
            yield path.name.partition(".")[0]

    def keep_only(self, keys: Collection[str]) -> int:
        """Deletes every blob whose key is not in ``keys``; returns how many."""
        removed = 0
        for path in self._root.glob("*/*"):
            if path.name.partition(".")[0] not in keys:
                path.unlink()
                removed += 1
        return removed


def pack(value: Json) -> bytes:
    """The bytes of a blob file."""
    packed = zlib.compress(json.dumps(value, ensure_ascii=False).encode("utf-8"), 1)
    return hashlib.sha256(packed).digest() + packed


def unpack(data: bytes) -> Json:
    """The value in a blob file of any format, or :class:`ValueError` that says what is wrong."""
    packed = data[_DIGEST:] if hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST] else data
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        raise ValueError("its content does not match its hash") from None
    if not reader.eof or reader.unused_data:
        raise ValueError("it is cut off, too long or too large")
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it holds no object")
    return value
