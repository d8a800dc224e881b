"""All hostile cases, and the folder whose names are hostile."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.hostile import bombs, broken, fonts, mails, nesting, offices, papers, references, shapes, texts
from tests.hostile.case import Bait, Case
from tests.hostile.seeds import WORDS


def cases(bait: Bait) -> Iterator[Case]:
    """Every file, in the same order with the same bytes each time for the same bait."""
    yield from damage()
    yield from designed(bait)


def damage() -> Iterator[Case]:
    """Sound files broken at random places."""
    return broken.cases()


def designed(bait: Bait) -> Iterator[Case]:
    """Files made for one weakness each."""
    yield from bombs.cases()
    yield from mails.cases()
    yield from references.cases(bait)
    yield from shapes.cases()
    yield from nesting.cases()
    yield from offices.cases()
    yield from papers.cases()
    yield from fonts.cases()
    yield from texts.cases()


ODD_NAMES = (
    b"new\nline.txt", b"bell\x07.txt", b"escape\x1b[2J.txt", b"latin-\xe4.txt", b"half-\xed\xa0\x80.txt", b"x" * 251 + b".txt", "rtl\u202etxt.exe.txt".encode(),
    "zero\u200bwidth.txt".encode(), b"quote'\".txt", b"semi;colon.txt", b"$(touch owned).txt", b"`touch owned`.txt", b"-rf.txt", b"--help.txt", b"a%00b.txt", b"star*.txt",
    b"tab\t.txt", b" space .txt", b"back\\slash.txt", b"...txt", b"a.txt.", "tag\U000e0041.txt".encode(), b"percent%s%n.txt", b"{name}.txt", b"NUL.txt", "e\u0301.txt".encode(), "\u00e9.txt".encode(),
    b"'; DROP TABLE items; --.txt", b"<script>.html", b"[bold]x[red].txt",
)  # fmt: skip


def tree(folder: Path, secret: Path) -> int:
    """Write names, links and special files below ``folder``; returns how many entries a listing should mention."""
    root = os.fsencode(folder)
    for name in ODD_NAMES:
        Path(os.fsdecode(root + b"/" + name)).write_text(f"{WORDS}\n", encoding="utf-8")
    (folder / "link-out.txt").symlink_to(secret)
    (folder / "link-up").symlink_to("..")
    (folder / "link-loop.txt").symlink_to("link-loop.txt")
    (folder / "link-nowhere.txt").symlink_to("nowhere.txt")
    (folder / "link-device.txt").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.txt")
    deep = folder
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "bottom.txt").write_text(WORDS, encoding="utf-8")
    with (folder / "sparse.txt").open("wb") as sparse:
        sparse.truncate(50 << 20)
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(5 << 30)
    closed = folder / "closed.txt"
    closed.write_text(WORDS, encoding="utf-8")
    closed.chmod(0)
    return len(ODD_NAMES) + 4
