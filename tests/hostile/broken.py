"""Sound files broken in every simple way: cut, flipped, doubled, dropped, zeroed, mixed, misnamed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from tests.hostile.case import Case, case, zipped
from tests.hostile.seeds import PACKAGES, seeds

COUNTS = {
    "truncated": 20, "bit": 14, "noise": 6, "doubled": 6, "removed": 10, "zeroed": 10, "swapped": 5, "inserted": 5,
    "number": 10,
}  # fmt: skip
"""How often each way is used on each seed."""

INNER = {"truncated": 6, "bit": 6, "doubled": 6, "removed": 8, "zeroed": 4, "number": 12, "tag": 12}
"""The same inside the main part of a zip package, where the damage gets past the archive's checksums."""

_NUMBERS = (
    b"-1",
    b"0",
    b"2147483648",
    b"9223372036854775808",
    b"1" + b"0" * 400,
    b"1e999",
    b"NaN",
    b"",
    b"0x41",
    b"\xd9\xa3",
)
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]{1,200}>")
_HEADERS = (
    b"%PDF-1.7\n",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"{\\rtf1",
    b"\x1f\x8b\x08\x00",
    b"<!DOCTYPE html>",
    b"From ",
)


def cases() -> Iterator[Case]:
    """All of them, seed by seed."""
    for seed, sound in seeds().items():
        for way, count in COUNTS.items():
            for number in range(count):
                yield case("damage", seed, f"{way}-{number:02}", _damaged, seed, way, number)
        for number, header in enumerate(_HEADERS):
            yield case("damage", seed, f"header-{number:02}", _with_header, sound, header)
        for other in list(seeds())[::4]:
            extension = other.partition(".")[2] or other
            if extension != (seed.partition(".")[2] or seed):
                yield case("misnamed", f"{seed.partition('.')[0]}.{extension}", "sound", lambda sound=sound: sound)
    for seed in PACKAGES:
        for way, count in INNER.items():
            for number in range(count):
                yield case("inner", seed, f"{way}-{number:02}", _damaged_within, seed, way, number)
        for part in PACKAGES[seed][0]():
            short = re.sub(r"[^\w.]+", "_", part)
            yield case("inner", seed, f"without-{short}", _without, seed, part, None)
            yield case("inner", seed, f"empty-{short}", _without, seed, part, b"")


def _with_header(sound: bytes, header: bytes) -> bytes:
    return header + sound[len(header) :]


def _damaged(seed: str, way: str, number: int) -> bytes:
    return WAYS[way](seeds()[seed], random.Random(f"{seed} {way} {number}"), number / COUNTS[way])


def _damaged_within(seed: str, way: str, number: int) -> bytes:
    make, main = PACKAGES[seed]
    parts = make()
    content = parts[main]
    content = content.encode() if isinstance(content, str) else content
    parts[main] = WAYS[way](content, random.Random(f"inner {seed} {way} {number}"), number / INNER[way])
    return zipped(parts, stored=["mimetype"])


def _without(seed: str, part: str, instead: bytes | None) -> bytes:
    parts = PACKAGES[seed][0]()
    del parts[part]
    return zipped(parts if instead is None else {**parts, part: instead})


def _truncated(data: bytes, generator: random.Random, share: float) -> bytes:
    """Cut evenly over the file, with one byte, and one byte short."""
    return data[: max(1, int(len(data) * share))] if share < 0.95 else data[:-1]


def _bit(data: bytes, generator: random.Random, share: float) -> bytes:
    out = bytearray(data)
    out[generator.randrange(len(out))] ^= 1 << generator.randrange(8)
    return bytes(out)


def _noise(data: bytes, generator: random.Random, share: float) -> bytes:
    out = bytearray(data)
    for _ in range(max(4, len(out) // 50)):
        out[generator.randrange(len(out))] = generator.randrange(256)
    return bytes(out)


def _stretch(data: bytes, generator: random.Random) -> tuple[int, int]:
    start = generator.randrange(len(data))
    return start, min(len(data), start + generator.choice((1, 7, 40, 200, len(data) // 3 + 1)))


def _doubled(data: bytes, generator: random.Random, share: float) -> bytes:
    start, end = _stretch(data, generator)
    return data[:end] + data[start:end] * generator.choice((1, 2, 50)) + data[end:]


def _removed(data: bytes, generator: random.Random, share: float) -> bytes:
    start, end = _stretch(data, generator)
    return data[:start] + data[end:] or b"\x00"


def _zeroed(data: bytes, generator: random.Random, share: float) -> bytes:
    start, end = _stretch(data, generator)
    return data[:start] + generator.choice((b"\x00", b"\xff")) * (end - start) + data[end:]


def _swapped(data: bytes, generator: random.Random, share: float) -> bytes:
    a, b, c, d = sorted(generator.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _inserted(data: bytes, generator: random.Random, share: float) -> bytes:
    place = generator.randrange(len(data))
    return data[:place] + generator.randbytes(generator.choice((1, 16, 300))) + data[place:]


def _number(data: bytes, generator: random.Random, share: float) -> bytes:
    """One number of the file becomes one that does not fit."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _bit(data, generator, share)
    match = generator.choice(found)
    return data[: match.start()] + generator.choice(_NUMBERS) + data[match.end() :]


def _tag(data: bytes, generator: random.Random, share: float) -> bytes:
    """One element of a markup part goes, comes twice, or changes places with another."""
    found = list(_TAG.finditer(data))
    first, second = sorted(generator.sample(found, 2), key=re.Match.start)
    start, end = first.span()
    match generator.randrange(3):
        case 0:
            return data[:start] + data[end:]
        case 1:
            return data[:end] + first[0] * 20 + data[end:]
        case _:
            return data[:start] + second[0] + data[end : second.start()] + first[0] + data[second.end() :]


WAYS: dict[str, Callable[[bytes, random.Random, float], bytes]] = {
    "truncated": _truncated, "bit": _bit, "noise": _noise, "doubled": _doubled, "removed": _removed, "zeroed": _zeroed,
    "swapped": _swapped, "inserted": _inserted, "number": _number, "tag": _tag,
}  # fmt: skip
