"""Text made to take long, where the parent process handles it: after the parser, outside its limits."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import citewell
from citewell import reading
from citewell.chunking import chunk, with_places
from citewell.cleaning import clean, clean_code
from citewell.errors import ParseError
from citewell.models.encoder import load_encoder
from citewell.parsing import ParserPool, sandbox
from citewell.parsing.builder import MAX_PLACES
from citewell.parsing.html_nesting import MAX_NESTING, check_nesting
from citewell.records import Block, Document, Locator, Passage, Place
from citewell.sentences import WINDOW, sentence_spans
from citewell.settings import ChunkingSettings, ParsingSettings
from tests.hostile.bombs import nested_zip
from tests.hostile.case import zipped
from tests.hostile.seeds import MORE, WORDS

LIMIT = 5.0  # processor seconds; each of these took minutes or would have


def cost(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.parametrize("unit", ["``a`", "![", "'", '"a', "(", "a. b ", "e.g. ", "。"])
def test_sentences_of_endless_paragraphs_are_found_in_time(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    spans: list[tuple[int, int]] = []
    assert cost(lambda: spans.extend(sentence_spans(text))) < LIMIT
    assert sum(end - start for start, end in spans) > 0.7 * len(text.replace(" ", ""))
    assert all(end - start <= WINDOW for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_a_long_paragraph_has_the_sentences_it_has_in_short_ones() -> None:
    sentences = [f"{WORDS[:-1]} for the {number}th time." for number in range(300)]
    text = " ".join(sentences)
    assert len(text) > 5 * WINDOW
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_a_row_of_very_many_cells_finds_its_places_in_time() -> None:
    count = 200_000
    places = tuple(Place((3 * number, 3 * number + 1), Locator(cells=f"A{number}")) for number in range(count))
    row = Block("table_row", (0, 3 * count), Locator(), cells=places)
    spans = [(start, start + 300) for start in range(0, 3 * count, 300)]
    passages = [Passage(str(start), "d", "v", "s", "uri", "title", "x", (start, end)) for start, end in spans]
    found: list[Passage] = []
    assert cost(lambda: found.extend(with_places(passages, [row]))) < LIMIT
    assert [len(passage.places) for passage in found] == [100] * len(spans)
    assert found[1].places[0] == places[100]


@pytest.mark.parametrize("change", [clean, clean_code])
def test_runs_of_blanks_are_folded_in_time(change: Callable[[str], str]) -> None:
    assert cost(lambda: change("a" + " " * 400_000 + "b\n" + "\t" * 400_000 + "c")) < LIMIT
    assert clean_code("a  \n  b \t\nc  d ") == "a\n  b\nc  d"


def test_pages_that_nest_too_deep_or_hold_too_many_attributes_are_refused_and_real_ones_are_not() -> None:
    for page in ("<div>" * (MAX_NESTING + 1), "<p " + " ".join(f"a{number}=x" for number in range(3000)) + ">"):
        with pytest.raises(ParseError, match=r"'page.html' .*was not read"):
            check_nesting(page, "page.html")
    check_nesting("<div><p>x</div>" * 50_000 + "<li>one" * 50_000 + "<!--" + "<div>" * 5000 + "-->", "page.html")
    check_nesting(f'<img alt="{"many words " * 5000}" src="data:{"A" * 100_000}">', "page.html")


def test_a_table_of_more_cells_than_are_kept_is_refused_with_advice() -> None:
    with ParserPool(ParsingSettings(workers=1)) as pool, pytest.raises(ParseError, match="Split it") as caught:
        pool.parse(b"a,b,c,d,e,f,g,h\n" * (MAX_PLACES // 8), "wide.csv")
    assert caught.value.reason == "too_large"


def test_an_answer_of_nothing_but_brackets_is_not_unfolded() -> None:
    with pytest.raises(ValueError, match="parts"):
        sandbox._as_json(b"[" + b"[]," * 4_000_000 + b"1]")


@pytest.mark.integration
def test_archives_in_archives_share_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_MEMBERS", 12)
    share = tmp_path / "share"
    share.mkdir()
    inner = zipped({f"{number}.txt": f"{MORE} {number}" for number in range(4)})
    (share / "wide.zip").write_bytes(zipped({f"{number}.zip": inner for number in range(4)}))
    (share / "deep.zip").write_bytes(nested_zip(2))
    collection = citewell.open(tmp_path / "c.citewell", create=True)
    collection.add(share)
    items = {item.uri: item for item in collection.items()}
    wide = [item for uri, item in items.items() if "wide.zip!/" in uri]
    assert sum(item.uri.endswith(".txt") for item in wide) == 8
    assert sum("not opened" in item.message for item in wide) == 2
    assert any(uri.endswith("pump.txt") for uri in items)


def test_very_many_paragraphs_and_endless_words_become_passages_in_time() -> None:
    encoder = load_encoder()
    many = "\n\n".join(["pump"] * 100_000)
    blocks = tuple(Block("paragraph", (6 * number, 6 * number + 4), Locator()) for number in range(100_000))
    endless = "a" * 2_000_000
    for text, found in ((many, blocks), (endless, (Block("paragraph", (0, len(endless)), Locator()),))):
        document = Document("d", "v", "uri", "title", "text/plain", text, found, "s")
        passages: list[Passage] = []
        assert cost(lambda document=document, passages=passages: passages.extend(  # type: ignore[misc]
            chunk(document, encoder, ChunkingSettings())
        )) < LIMIT  # fmt: skip
        assert "".join(passage.text for passage in passages).replace("\n\n", "") == text.replace("\n\n", "")
        assert max(len(passage.text) for passage in passages) <= 40_000
