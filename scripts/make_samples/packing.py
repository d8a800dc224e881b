"""Fixed time stamps for the zip-based formats, so that the same content always gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

_STAMP = (2025, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def write_members(path: Path, members: list[tuple[str, bytes]], stored: tuple[str, ...] = ()) -> None:
    """Write ``members`` in the order given, each with the same time stamp; names in ``stored`` stay uncompressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)


def repack(data: bytes, path: Path, modified: datetime) -> None:
    """Write the Office file ``data`` to ``path`` with fixed zip stamps and the given modification date."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    stamp = modified.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    fixed = [
        (name, _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", body) if name == "docProps/core.xml" else body)
        for name, body in members
    ]
    write_members(path, fixed)
