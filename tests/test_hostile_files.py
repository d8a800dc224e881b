"""Files made to do harm end as text or as a message, through the real parser processes.

A sample of what ``benchmarks/hostile.py`` does with thousands: every 40th damaged file, and one or more of each kind of
designed ones.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

import citewell
from citewell.errors import ParseError, ParseReason
from citewell.parsing import Parsed, ParserPool
from citewell.settings import ParsingSettings
from tests.hostile import Bait, Case, damage, designed, tree
from tests.hostile.seeds import seeds
from tests.parsing.conftest import check_spans

SECRET = "heron-4711-quartz"  # noqa: S105 - bait
WALL = 5.0
SETTINGS = ParsingSettings(workers=2, wall_seconds=WALL, cpu_seconds=4, memory_megabytes=1024)
_CHOSEN = """
bomb~flat~gigabyte.zip bomb~flat~gigabyte.docx bomb~flat~lying-small.zip bomb~flat~lying-huge.zip
bomb~docx~part-gigabyte.docx bomb~docx~part-lying.docx bomb~overlap~same-kernel.zip bomb~overlap~quoted.zip
bomb~overlap~quoted.docx bomb~entries~same-name.zip bomb~comment~64k.zip bomb~zeros~gzip-gigabyte.txt.gz
nested~zip~012-deep.zip nested~self~holds-itself.zip nested~eml~010-deep.eml nested~attached~010-deep.eml
nested~gzip~100-deep.txt.gz nested~parts~multipart-500.eml names~zip~00.zip names~zip~01.zip names~zip~10.zip
names~zip~13.zip names~link~symlink.zip names~tar~00.tar zip~encrypted~flag.zip zip~method~99.zip tar~tar~symlink.tar
tar~tar~device.tar tar~sparse~1152921504606846976.tar tar~pax~negative-size.tar mail~eml~boundary-empty.eml
mail~eml~addresses-50000.eml mail~eml~address-comments.eml mail~eml~charset-codec.eml mail~eml~base64-broken.eml
entity~xml~laughs.xml entity~xml~file.xml entity~xml~web.xml entity~svg~file.svg entity~docx~laughs-main.docx
entity~docx~file-main.docx entity~xlsx~file-main.xlsx entity~odt~file-main.odt entity~epub~file-main.epub
entity~pptx~web-other.pptx entity~late~after-2-KB.docx entity~xml~xinclude.xml entity~utf16~file.xml
reference~docx~attachedTemplate-file.docx reference~docx~image-up.docx reference~xlsx~worksheet-web.xlsx
reference~pptx~slide-plain.pptx reference~epub~chapter-file.epub reference~html~everything.html
reference~rst~directives.rst reference~adoc~include.adoc reference~rtf~includetext.rtf reference~pdf~launch.pdf
reference~pdf~external-stream.pdf reference~ipynb~images.ipynb formula~csv~cmd.csv formula~xlsx~web.xlsx
macro~docx~vba.docm size~xlsx~last-cell.xlsx size~xlsx~merged-everything.xlsx size~ods~repeated-billion.ods
size~odt~spaces-billion.odt size~html~spans.html size~adoc~columns.adoc size~vtt~times.vtt size~json~numbers.json
size~ipynb~odd-values.ipynb deep~json~100000.json deep~html~100000.html deep~bullets~100000.md deep~rtf~100000.rtf
deep~py~100000.py deep~unary~100000.py deep~aliases~500.yaml deep~xml~100000.xml slow~md~template.md
slow~md~bracket.md slow~txt~ticks.txt slow~xml~space.xml slow~eml~quote-mark.eml shape~docx~depth-100000.docx
shape~docx~tables-nested.docx shape~pptx~groups-nested.pptx shape~epub~contents-loop.epub pdf~tree~kids-of-itself.pdf
pdf~tree~doubling-30.pdf pdf~xref~prev-of-itself.pdf pdf~stream~flate-gigabyte.pdf pdf~form~doubling-25.pdf
pdf~box~_0_0_1e30_1e30_.pdf pdf~content~states-100000.pdf pdf~cmap~range-huge.pdf pdf~font~descendant-of-itself.pdf
encoding~txt~utf-16-le.txt encoding~html~utf-7.html characters~md~tags.md characters~txt~escapes.txt
characters~csv~nul-between.csv foreign~any~random.pdf foreign~any~polyglot.zip foreign~ole~ole-loop.doc
foreign~ole~ole-far.msg foreign~any~pickle.txt
"""
DESIGNED = frozenset(_CHOSEN.split())
_PROGRAM_WORDS = re.compile(r"\b[A-Z][a-zA-Z]*(?:Error|Exception)\b|object has no attribute|Traceback|\bNoneType\b")


@dataclass(frozen=True)
class Ending:
    """How a file ended: text, or an error; after how many seconds; and how the files inside it ended."""

    result: Parsed | ParseError
    seconds: float
    inside: tuple[Parsed | ParseError, ...] = ()


def chosen(bait: Bait) -> list[Case]:
    return [*list(damage())[::40], *(case for case in designed(bait) if case.name in DESIGNED)]


NAMES = [case.name for case in chosen(Bait())]


@pytest.fixture(scope="module")
def calls() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine and the calls it got."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        found: list[object] = []
        yield server.getsockname()[1], found
        try:
            found.append(server.accept())
        except BlockingIOError:
            pass
    assert not found, "a parser called the listener"


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(SETTINGS) as pool:
        yield pool


@pytest.fixture(scope="module")
def endings(
    pool: ParserPool, calls: tuple[int, list[object]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ending]:
    """Every chosen file, read once."""
    secret = tmp_path_factory.mktemp("canary") / "secret.txt"
    secret.write_text(f"The password is {SECRET}.")
    bait = Bait(str(secret), calls[0])

    def end(case: Case) -> Ending:
        data = case.data
        started = time.monotonic()
        try:
            result: Parsed | ParseError = pool.parse(data, case.name)
        except ParseError as error:
            result = error
        seconds = time.monotonic() - started
        inside = tuple(_inside(pool, result, data, case.name)) if isinstance(result, Parsed) else ()
        return Ending(result, seconds, inside)

    with ThreadPoolExecutor(SETTINGS.workers) as threads:
        cases = chosen(bait)
        return dict(zip([case.name for case in cases], threads.map(end, cases), strict=True))


def _inside(pool: ParserPool, parsed: Parsed, data: bytes, name: str) -> Iterator[Parsed | ParseError]:
    numbers = [number for number, member in enumerate(parsed.members) if not member.reason][:3]
    try:
        contents = pool.extract(data, name, numbers) if numbers else []
    except ParseError as error:
        yield error
        return
    for number, content in zip(numbers, contents, strict=True):
        try:
            yield pool.parse(content, parsed.members[number].name) if isinstance(content, bytes) else content
        except ParseError as error:
            yield error


def test_every_designed_file_of_the_sample_exists() -> None:
    assert set(NAMES) >= DESIGNED
    assert len(NAMES) > 150


def test_sound_files_are_read(pool: ParserPool) -> None:
    """What is broken below is sound before: otherwise nothing would be shown."""
    for extension, data in seeds().items():
        if extension == "svg":
            continue  # a picture: refused by its name
        parsed = pool.parse(data, f"sound.{extension}")
        assert parsed.blocks or parsed.members, extension


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_ends_as_text_or_as_a_message(name: str, endings: dict[str, Ending]) -> None:
    ending = endings[name]
    assert ending.seconds < WALL + 5
    for number, result in enumerate((ending.result, *ending.inside)):
        if isinstance(result, Parsed):
            check_spans(result)
            assert SECRET not in repr(result)
        else:
            message = str(result)
            assert result.reason in get_args(ParseReason)
            assert number or name in message, message
            assert len(message) > 30 and message.endswith((".", "?", "…")), message
            assert not _PROGRAM_WORDS.search(message), message
            assert SECRET not in message


def test_a_death_harms_neither_the_pool_nor_the_next_file() -> None:
    with ParserPool(ParsingSettings(workers=1, wall_seconds=20, cpu_seconds=1, memory_megabytes=600)) as pool:
        for data, name in (
            (b"a,b\n" * 1_000_000, "long.csv"),
            (b"[" + b'{"a": [1]},' * 1_000_000 + b"1]", "wide.json"),
        ):
            with pytest.raises(ParseError) as caught:
                pool.parse(data, name)
            assert caught.value.reason in {"timeout", "memory", "too_large"}
            assert pool.parse(seeds()["docx"], "after.docx").blocks


@pytest.mark.integration
def test_a_folder_of_hostile_names_is_listed_and_nothing_is_touched(tmp_path: Path) -> None:
    secret = tmp_path / "outside" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text(f"The password is {SECRET}.")
    share = tmp_path / "share"
    share.mkdir()
    tree(share, secret)
    before = {os.fsencode(path): path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    collection = citewell.open(tmp_path / "c.citewell", create=True)
    collection.add(share)
    items = {item.uri: item for item in collection.items()}
    held = " ".join(collection.document(uri).text for uri, item in items.items() if item.status == "indexed")
    assert "feed pump" in held and SECRET not in held
    assert items[str(share / "link-out.txt")].status in {"failed", "skipped"}
    assert items[str(share / "huge.txt")].reason == "too_large"
    regular = [path for path in share.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert {os.fsencode(path).decode("utf-8", "backslashreplace") for path in regular} <= set(items)
    after = {
        os.fsencode(path): path.lstat().st_mtime_ns for path in tmp_path.rglob("*") if "c.citewell" not in str(path)
    }
    after.pop(os.fsencode(tmp_path), None)
    before.pop(os.fsencode(tmp_path), None)
    assert before == after
