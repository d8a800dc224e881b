"""A compound file (OLE 2, as in [MS-CFB] version 3) in the smallest form that readers accept, for tests.

    compound_file({"WordDocument": b"…", "Storage/stream": b"…"}) -> bytes

No reader of ours or of the libraries looks at times, class ids or the colour of the directory tree, so they are zero.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SECTOR, MINI = 512, 64
CUTOFF = 4096  # shorter streams stand in the mini stream
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


@dataclass
class _Entry:
    name: str
    kind: int  # 1 storage, 2 stream, 5 root
    data: bytes = b""
    children: dict[str, _Entry] = field(default_factory=dict)
    number: int = 0
    first: int = _END
    size: int = 0
    child: int = _FREE
    right: int = _FREE


def compound_file(streams: dict[str, bytes]) -> bytes:
    """The bytes of a compound file. Keys: path of a stream, with ``/`` between storages."""
    root = _Entry("Root Entry", 5)
    for path, data in streams.items():
        *storages, name = path.split("/")
        parent = root
        for storage in storages:
            parent = parent.children.setdefault(storage, _Entry(storage, 1))
        parent.children[name] = _Entry(name, 2, data)
    entries = _numbered(root)
    mini_table = _fill_mini_stream(root, entries)

    sectors: list[bytes] = []
    table: list[int] = []

    def place(data: bytes) -> int:
        """Append a chain of sectors; returns its first."""
        if not data:
            return _END
        first = len(sectors)
        pieces = [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        sectors.extend(pieces)
        table.extend([*range(first + 1, first + len(pieces)), _END])
        return first

    for entry in entries:
        if entry.kind == 5 or (entry.kind == 2 and len(entry.data) >= CUTOFF):
            entry.first, entry.size = place(entry.data), len(entry.data)
    mini_sectors = -(-len(mini_table) // 128)
    mini_first = place(struct.pack(f"<{len(mini_table)}I", *mini_table).ljust(mini_sectors * SECTOR, b"\xff"))
    directory_first = place(b"".join(map(_packed, entries)))
    count = 1
    while count * 128 < len(table) + count:
        count += 1
    assert count <= 109, "the header alone lists the table's sectors"
    table_sectors = list(range(len(sectors), len(sectors) + count))
    table += [_FAT] * count
    packed = struct.pack(f"<{len(table)}I", *table).ljust(count * SECTOR, b"\xff")
    header = struct.pack(
        "<8s16s5H6x9I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, count, directory_first, 0, CUTOFF, mini_first, mini_sectors, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *table_sectors, *[_FREE] * (109 - count))
    return header + b"".join(sectors) + packed


def _numbered(root: _Entry) -> list[_Entry]:
    """All entries, parents first; siblings form a chain in the order the format asks for."""
    entries = [root]
    for entry in entries:  # grows while it is walked
        children = sorted(entry.children.values(), key=lambda each: (len(each.name), each.name.upper()))
        for number, child in enumerate(children, start=len(entries)):
            child.number = number
            child.right = number + 1 if child is not children[-1] else _FREE
        entry.child = children[0].number if children else _FREE
        entries += children
    return entries


def _fill_mini_stream(root: _Entry, entries: list[_Entry]) -> list[int]:
    """Move short streams into the root's data; returns the mini stream's allocation table."""
    table: list[int] = []
    for entry in entries:
        if entry.kind == 2 and 0 < len(entry.data) < CUTOFF:
            count = -(-len(entry.data) // MINI)
            entry.first, entry.size = len(table), len(entry.data)
            table += [*range(len(table) + 1, len(table) + count), _END]
            root.data += entry.data.ljust(count * MINI, b"\0")
    return table


def _packed(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        name, len(name) + 2, entry.kind, 1, _FREE, entry.right, entry.child, b"", 0, 0, 0, entry.first, entry.size,
    )  # fmt: skip
