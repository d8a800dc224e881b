"""One hostile file, and the few tools every family of them needs."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

EARLY = (1980, 1, 1, 0, 0, 0)
"""The date of every zip entry, so that the same seed gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Bait:
    """What the payloads try to reach. file: absolute path of a file that must stay unread; port: of a listener on this
    machine that must stay uncalled."""

    file: str = "/etc/passwd"
    port: int = 9

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def local(self) -> str:
        return f"file://{self.file}"


@dataclass(frozen=True, slots=True)
class Case:
    """A file that is not made before :attr:`data` is read. family: what it tries; seed: what it was made from."""

    family: str
    seed: str
    mutation: str
    extension: str
    make: Callable[[], bytes]

    @property
    def name(self) -> str:
        return f"{self.family}~{self.seed}~{self.mutation}.{self.extension}"

    @property
    def data(self) -> bytes:
        return self.make()


def case(family: str, seed: str, mutation: str, make: Callable[..., bytes | str], *arguments: Any) -> Case:
    """seed: also the extension; ``seed`` may be ``word.docx`` to tell the two apart."""
    return Case(
        family, seed.partition(".")[0], mutation, seed.partition(".")[2] or seed, partial(_made, make, arguments)
    )


def _made(make: Callable[..., bytes | str], arguments: Iterable[Any]) -> bytes:
    made = make(*arguments)
    return made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made


def zipped(parts: Mapping[str, bytes | str], *, stored: Iterable[str] = ()) -> bytes:
    """A zip archive with the same bytes on every day. stored: parts that are not compressed."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, EARLY)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return held.getvalue()


def zeros(size: int, wbits: int = -15) -> tuple[bytes, int]:
    """``size`` zero bytes, deflated, and their checksum, without ever holding them. wbits: as in :mod:`zlib`."""
    block = bytes(1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    pieces = [packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)]
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # the same bytes each time from now on
    pieces += [again] * ((size >> 20) - 2)
    pieces += [packer.compress(block), packer.flush()]
    checksum = 0
    for _ in range(size >> 20):
        checksum = zlib.crc32(block, checksum)
    return b"".join(pieces), checksum
