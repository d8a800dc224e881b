"""Parsed documents on disk, content-addressed, immutable: ``blobs/ab/abcd….json.z``.

The key is the document version, a hash of the bytes, the file's name and the code that parsed them, so a moved or
copied file finds its parse here, and a stale one is never found. Files are written beside their name and renamed, so a
killed process leaves either the whole blob or none; zlib's checksum tells a damaged one.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Collection
from pathlib import Path

from citewell.errors import IntegrityError
from citewell.records import Json


class BlobStore:
    """Plain JSON values by key. Keys are hex digits; whoever holds one has passed a scope check for its document."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json.z"

    def __contains__(self, key: str) -> bool:
        return self._path(key).exists()

    def put(self, key: str, value: Json) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{uuid.uuid4().hex}.partial")  # equal files may be parsed at the same time
        partial.write_bytes(zlib.compress(json.dumps(value, ensure_ascii=False).encode("utf-8"), 1))
        partial.replace(path)

    def get(self, key: str) -> Json | None:
        """The value, ``None`` when there is none, :class:`IntegrityError` when it is damaged."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            value: Json = json.loads(zlib.decompress(data))
        except (zlib.error, ValueError):
            raise IntegrityError(
                f"{path} is damaged: it does not unpack. Delete the file and run  citewell sync  to parse it again."
            ) from None
        return value

    def keep_only(self, keys: Collection[str]) -> int:
        """Deletes every blob whose key is not in ``keys``; returns how many."""
        removed = 0
        for path in self._root.glob("*/*"):
            if path.name.partition(".")[0] not in keys:
                path.unlink()
                removed += 1
        return removed
