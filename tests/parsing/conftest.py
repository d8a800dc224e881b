"""One real pool for the whole session, and the check that every parsed file must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from citewell.errors import ParseError
from citewell.parsing import Parsed, ParserPool
from citewell.records import Block
from citewell.settings import ParsingSettings

Parse = Callable[[bytes | str, str], Parsed]


@pytest.fixture(scope="session")
def pool() -> Iterator[ParserPool]:
    with ParserPool(ParsingSettings(workers=2, wall_seconds=20)) as pool:
        yield pool


@pytest.fixture
def parse(pool: ParserPool) -> Parse:
    """Parse through the sandbox and check the spans."""

    def run(data: bytes | str, name: str) -> Parsed:
        parsed = pool.parse(data.encode() if isinstance(data, str) else data, name)
        check_spans(parsed)
        assert Parsed.from_json(parsed.to_json()) == parsed
        return parsed

    return run


@pytest.fixture
def refused(pool: ParserPool) -> Callable[[bytes | str, str], ParseError]:
    """Parse something that must fail, and return the error."""

    def run(data: bytes | str, name: str) -> ParseError:
        with pytest.raises(ParseError) as caught:
            pool.parse(data.encode() if isinstance(data, str) else data, name)
        assert len(str(caught.value)) > 20
        return caught.value

    return run


def check_spans(parsed: Parsed) -> None:
    """Every block and cell cuts non-empty, stripped text; blocks increase and never overlap; cells lie in their row."""
    end = 0
    for block in parsed.blocks:
        text = text_of(parsed, block)
        assert text and text == text.strip()
        assert block.span[0] >= end
        end = block.span[1]
        inside = block.span[0]
        for cell in block.cells:
            assert inside <= cell.span[0] < cell.span[1] <= block.span[1]
            inside = cell.span[1]
            cut = parsed.text[slice(*cell.span)]
            assert cut == cut.strip()


def text_of(parsed: Parsed, block: Block) -> str:
    return parsed.text[slice(*block.span)]


def outline(parsed: Parsed) -> list[tuple[str, str]]:
    """(kind, text) of every block."""
    return [(block.kind, text_of(parsed, block)) for block in parsed.blocks]


def find(parsed: Parsed, words: str) -> Block:
    """The first block that holds ``words``."""
    return next(block for block in parsed.blocks if words in text_of(parsed, block))
