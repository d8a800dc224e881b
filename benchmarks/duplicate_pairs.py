"""Labelled pairs of documents and passages for ``benchmarks/duplicates.py``, made from files that real parsers read."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import random
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from docx import Document as WordDocument

from citewell import duplicates
from citewell.chunking import chunk
from citewell.duplicates import Signed, signature
from citewell.errors import ParseError
from citewell.models.encoder import load_encoder
from citewell.parsing.sandbox import ParserPool
from citewell.records import Document, Passage, content_id
from citewell.retrieval import copies
from citewell.settings import ChunkingSettings

MOST_RELEASES = 240  # pages with a page of the same path in another release
MINIMUM = 40  # words of a document that is edited; a shorter one is mostly edit afterwards


@dataclass(frozen=True)
class Pair:
    """Two documents (or passages), and what a person calls them. source: decides the half."""

    label: str  # "same", "version", "other"; "related" is one of the first two and left out of precision and recall
    made: str
    source: str
    one: Signed | Passage
    other: Signed | Passage

    @property
    def chooses(self) -> bool:
        return chooses(self.source)


def chooses(source: str) -> bool:
    """Whether this source is of the half that chooses; ``#0`` and ``#1`` at the end say so."""
    if source[-2:] in {"#0", "#1"}:
        return source[-1] == "0"
    return hashlib.sha256(source.encode()).digest()[0] % 2 == 0


def source_of(document: Document) -> str:
    return Path(document.uri).name.split(".")[0]


# -- documents ---------------------------------------------------------------------------------------------------------


class Reader:
    """Bytes to documents through the sandboxed parsers."""

    def __init__(self, pool: ParserPool) -> None:
        self.pool = pool

    def read(self, data: bytes, name: str, path: Path | None = None) -> Document | None:
        try:
            parsed = self.pool.parse(data, name)
        except ParseError:
            return None
        uri = str(path or name)
        return Document(
            content_id(uri, data), content_id(data), uri, parsed.title or name, parsed.media_type, parsed.text,
            parsed.blocks, language=parsed.language,
        )  # fmt: skip


def files(root: Path | None) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size < 3e6) if root else []


def words_in(document: Document) -> int:
    return len(duplicates.words(document.text))


def sign(document: Document) -> Signed:
    return Signed(document.id, document.uri, document.title, "", document.version, signature(document.text))


def pair(label: str, made: str, one: Document, other: Document) -> Pair:
    return Pair(label, made, source_of(one), sign(one), sign(other))


def paragraphs(document: Document) -> list[str]:
    return [document.text[a:b] for a, b in (block.span for block in document.blocks)]


def edited(documents: Sequence[Document], reader: Reader) -> Iterator[Pair]:
    """Every document against edits of itself: still the same, and other versions of it."""
    for number, document in enumerate(documents):
        if words_in(document) < MINIMUM:
            continue
        chance, blocks = random.Random(number), paragraphs(document)
        stem = source_of(document)
        shuffled = documents[(number + 1) % len(documents)]
        same = {
            "as wrapped text": (rewrapped(blocks), f"{stem} (1).txt", "utf-8"),
            "as UTF-16 text": ("\n\n".join(blocks), f"export-{number}.txt", "utf-16"),
            "as HTML": (html(blocks), f"{stem}.html", "utf-8"),
            "as Word": (word(blocks), f"{stem}.docx", ""),
            "typing errors": ("\n\n".join(typos(each, chance, 0.005) for each in blocks), f"{stem}-copy.txt", "utf-8"),
            "boilerplate header": (
                "Beckline Holding. Internal use only. Printed copies are not controlled.\n\n" + "\n\n".join(blocks),
                f"scan-{number}.txt", "utf-8"),
            "a paragraph more": (
                "\n\n".join([*blocks, max(paragraphs(shuffled), key=len)[:300]]), f"{stem}.txt", "utf-8"),
            "cut by a tenth": (cut("\n\n".join(blocks)), f"{stem}.txt", "utf-8"),
        }  # fmt: skip
        versions = {
            "numbers and dates": (numbers("\n\n".join(blocks), chance, 0.3), f"{stem}-v2.txt", "utf-8"),
            "one number": (numbers("\n\n".join(blocks), chance, 0.0), f"{stem}_2027.txt", "utf-8"),
            "numbers, a third rewritten": (
                numbers(rewritten("\n\n".join(blocks), shuffled.text), chance, 0.3), f"{stem} final.txt", "utf-8"),
        }  # fmt: skip
        for label, variants in (("same", same), ("version", versions)):
            for made, (content, name, encoding) in variants.items():
                data = content if isinstance(content, bytes) else content.encode(encoding)
                if label == "version" and content == "\n\n".join(blocks):
                    continue  # it states no number
                if other := reader.read(data, name):
                    title = document.title if document.title != Path(document.uri).name else other.title
                    yield pair(label, made, document, replace(other, title=title))


def rewrapped(blocks: Sequence[str]) -> str:
    return "\n\n".join(textwrap.fill(each, 64, break_on_hyphens=False) for each in blocks)


def html(blocks: Sequence[str]) -> str:
    body = "".join(f"<p>{escape(each)}</p>" for each in blocks)
    return f"<!doctype html><meta charset=utf-8><body>{body}</body>"


def word(blocks: Sequence[str]) -> bytes:
    made, out = WordDocument(), io.BytesIO()
    for each in blocks:
        made.add_paragraph(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", each))
    made.save(out)
    return out.getvalue()


def typos(text: str, chance: random.Random, share: float) -> str:
    """One letter of some longer words doubled, dropped or swapped with the next."""

    def slip(match: re.Match[str]) -> str:
        found = match.group()
        if chance.random() >= share:
            return found
        at = chance.randrange(1, len(found) - 2)
        return chance.choice((
            found[:at] + found[at + 1 :], found[: at + 1] + found[at:],
            found[:at] + found[at + 1] + found[at] + found[at + 2 :],
        ))  # fmt: skip

    return re.sub(r"\b[a-z]{5,}\b", slip, text)


def rewritten(text: str, source: str) -> str:
    """The last third in words of another document."""
    keep = text.rfind(" ", 0, 2 * len(text) // 3)
    return f"{text[:keep]}\n\n{source[: len(text) - keep]}"


def cut(text: str) -> str:
    return text[: text.rfind(" ", 0, int(0.9 * len(text)))]


def numbers(text: str, chance: random.Random, share: float) -> str:
    """Some numbers changed, at least one."""
    found = [match.span() for match in re.finditer(r"(?<![\w.])\d+(?![\w.])", text)]
    chosen = [span for span in found if chance.random() < share] or found[len(found) // 2 :][:1]
    for start, end in reversed(chosen):
        text = text[:start] + str(int(text[start:end]) + chance.randrange(1, 9)) + text[end:]
    return text


def sample_versions(samples: Sequence[Document]) -> Iterator[Pair]:
    """The sample corpus's own versions."""
    named = {Path(each.uri).name: each for each in samples}
    for one, other in (("travel-expenses-policy-2023.pdf", "travel-expenses-policy-2025.pdf"),
                       ("beckline-sla-v1.docx", "beckline-sla-v2.pdf"),
                       ("price-list-2024.pdf", "price-list-2025.xlsx")):  # fmt: skip
        if one in named and other in named:
            yield pair("version", "real policy", named[one], named[other])


def siblings(samples: Sequence[Document]) -> Iterator[Pair]:
    """All other pairs of the sample corpus: data sheets of one family, handbooks of two sites, and chance pairs."""
    versions = re.compile(r"travel-expenses|beckline-sla|price-list")
    for one, other in itertools.combinations(samples, 2):
        same_half = chooses(source_of(one)) == chooses(source_of(other))
        if same_half and not (versions.search(one.uri) and versions.search(other.uri)):
            yield pair("other", "two samples", one, other)


FORMS = {
    "Leave request": "I request leave from {date} to {date2}, in all {n} working days. My deputy during this time is {who2}. Open tasks were handed over and the calendar is up to date. I know that leave is granted by the line manager within five working days and that days not taken expire on 31 March of the following year. Requests for more than three weeks need the consent of the head of department.",  # noqa: E501
    "Repair order": "Customer: {who}. Device serial number {n}{n2}. Received on {date}, returned on {date2}. Fault reported: the reading drifts after warm-up. Work done: sensor cleaned, seals replaced, zero point set, test run of two hours passed. Parts and labour come to {n2} EUR plus value added tax. The guarantee on the repair is six months and does not extend the guarantee of the device.",  # noqa: E501
    "Invoice": "Invoice number {n}-{n2}, date {date}. For deliveries according to your order of {date2} we charge {n2} EUR net. Value added tax of 19 percent is added. Payable within thirty days without deduction to the account named below. Goods stay our property until they are paid in full. Please state the invoice number with your payment.",  # noqa: E501
}  # fmt: skip
PEOPLE = ("Anna Kim", "Jon Bright", "Maria Lopez", "Tomas Novak", "Lea Braun", "Ivo Marek", "Sara Lind", "Paul Ashe")


def forms(reader: Reader) -> Iterator[Pair]:
    """Forms with one title, filled in by different people; file names with a running number or a person."""
    for (title, text), by_number in itertools.product(FORMS.items(), (True, False)):
        filled = []
        for number, who in enumerate(PEOPLE):
            chance = random.Random(f"{title}{number}")
            values = {"who": who, "who2": PEOPLE[number - 1], "n": chance.randrange(3, 900),
                      "n2": chance.randrange(100, 9000), "date": f"{number + 3} May 2025",
                      "date2": f"{number + 12} May 2025"}  # fmt: skip
            body = f"{title}\n\nName: {who}\n\n{text.format(**values)}\n\nSigned {who}"
            key = 100 + number if by_number else who.split()[1].lower()
            if made := reader.read(body.encode(), f"{title.lower().replace(' ', '-')}-{key}.txt"):
                filled.append(replace(made, title=title))
        for half in (0, 1):
            for one, other in itertools.combinations(filled[half::2], 2):
                yield Pair("other", "filled forms", f"{title}{by_number}#{half}", sign(one), sign(other))


def series(samples: Sequence[Document], reader: Reader) -> Iterator[Pair]:
    """Minutes of one group: the same title but for the date, the same opening and headings, other content."""
    opening = (
        "Minutes of the change advisory group\n\nPresent: operations, support, product. Chair: head of operations."
    )
    frame = ("Minutes of the last meeting", "Changes since then", "Changes decided", "Any other business")
    made = []
    for number, document in enumerate(samples[:40]):
        body = [each for each in paragraphs(document) if 80 < len(each) < 600][:4]
        if len(body) == len(frame):
            parts = [opening, *(f"{head}\n\n{text}" for head, text in zip(frame, body, strict=True))]
            date = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
            if found := reader.read("\n\n".join(parts).encode(), f"minutes-{date}.txt"):
                made.append(replace(found, title="Change advisory group, minutes"))
    for half in (0, 1):
        for one, other in itertools.combinations(made[half::2], 2):
            yield Pair("other", "minutes of a series", f"{one.uri}#{half}", sign(one), sign(other))


def twins(documents: Sequence[Document]) -> Iterator[Pair]:
    """A file and its converted text: names that continue one another, such as a.odt and a.odt.md."""
    named = defaultdict(list)
    for document in documents:
        named[Path(document.uri).name].append(document)
    for document in documents:
        name = Path(document.uri).name
        for ending in (".md", ".pdf", ".html"):
            for other in named.get(name + ending, ()):
                if words_in(document) >= MINIMUM and words_in(other) >= MINIMUM:
                    yield pair("same", "real: source and converted text", document, other)


def releases(path: Path, reader: Reader) -> Iterator[Pair]:
    """Manual pages of two releases, and against the next page; also different pages of one file name."""
    by_page: dict[str, dict[str, str]] = defaultdict(dict)
    by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            release, _, page = row["path"].partition("/")
            by_page[page][release] = row["text"]
            by_name[Path(page).name].append((row["path"], row["text"]))
    both = [page for page in sorted(by_page) if len(by_page[page]) == 2][:MOST_RELEASES]
    read = {page: [reader.read(by_page[page][key].encode(), f"{key}/{page}") for key in sorted(by_page[page])]
            for page in both}  # fmt: skip
    for page, following in zip(both, [*both[1:], both[0]], strict=True):
        one, other = read[page]
        if one and other:
            changed = duplicates.words(one.text) != duplicates.words(other.text)
            yield pair("related" if changed else "same", f"real: two releases{', text changed' * changed}", one, other)
        if one and (neighbour := read[following][0]):
            yield pair("other", "real: neighbouring pages", one, neighbour)
    for found in by_name.values():
        if len(found) > 2:
            pages = [page for name, text in found if (page := reader.read(text.encode(), name))]
            for one, other in itertools.combinations(pages, 2):
                yield Pair("other", "real: other pages of one name", one.uri, sign(one), sign(other))


# -- passages ----------------------------------------------------------------------------------------------------------

HARMLESS: dict[str, Callable[[str, random.Random], str]] = {
    "wrapped": lambda text, _: re.sub(r"(\S+ \S+ \S+ \S+) ", "\\1\n", text),
    "other quotes and dashes": lambda text, _: text.replace("'", "’").replace(" - ", " – ").replace('"', "“") + " ",
    "hyphenated": lambda text, _: re.sub(r"\b([a-z]{4})([a-z]{4,})\b", r"\1- \2", text, count=2),
    "a typing error": lambda text, chance: _once(typos, text, chance),
    "typing errors": lambda text, chance: typos(text, chance, 0.04),
    "capitals": lambda text, _: text.upper() if text.islower() else text.lower(),
    "an article": lambda text, _: re.sub(r"\bthe (?=[a-z])", "", text, count=1),
}
HARMFUL: dict[str, Callable[[str, random.Random], str]] = {
    "a number": lambda text, chance: numbers(text, chance, 0.0),
    "two numbers swapped": lambda text, _: _swapped(text),
    "a unit": lambda text, _: re.sub(
        r"(?<=\d) ?(days|hours|weeks|months|mm|bar|EUR|GBP|%)", _other_unit, text, count=1),
    "a negation": lambda text, _: re.sub(r"\b(is|are|may|must|can|will|should)\b(?! not)", r"\1 not", text, count=1),
    "a name": lambda text, _: re.sub(r"(?<=[a-z] )[A-Z][a-z]{3,}", "Harrowgate", text, count=1),
    "a letter of a name": lambda text, _: re.sub(r"(?<=[a-z] )([A-Z][a-z]{2})[a-z](?=[a-z])", r"\1x", text, count=1),
    "an opposite": lambda text, _: re.sub(
        r"\b(before|after|increase|decrease|allowed|always|open|high|low|more|less|with|all|only|or)\b",
        lambda match: OPPOSITES[match.group()], text, count=1),
    "a condition": lambda text, _: re.sub(r"(?<=[a-z]{3})\. ", ", unless the manager agrees. ", text, count=1),
    "a sentence less": lambda text, _: re.sub(r"(?<=[.:]) [A-Z][^.]{20,}\.", "", text, count=1),
    "a word less": lambda text, _: re.sub(
        r" (?:only|also|all|both|new|written|monthly|open|first)\b", "", text, count=1),
}  # fmt: skip
OPPOSITES = {
    "before": "after", "after": "before", "increase": "decrease", "decrease": "increase", "allowed": "forbidden",
    "always": "seldom", "open": "closed", "high": "low", "low": "high", "more": "less", "less": "more",
    "with": "without", "all": "some", "only": "also", "or": "and",
}  # fmt: skip
UNITS = {"days": "weeks", "hours": "days", "weeks": "days", "months": "weeks", "mm": "cm", "bar": "kPa", "EUR": "GBP",
         "GBP": "EUR", "%": "‰"}  # fmt: skip


def _once(change: Callable[[str, random.Random, float], str], text: str, chance: random.Random) -> str:
    share = 0.005
    while share < 1 and (changed := change(text, chance, share)) == text:
        share *= 2
    return changed


def _swapped(text: str) -> str:
    found = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
    if len(found) < 2 or found[0].group() == found[-1].group():
        return text
    a, b = found[0], found[-1]
    return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]


def _other_unit(match: re.Match[str]) -> str:
    return match.group().replace(match.group(1), UNITS[match.group(1)])


def passage_pairs(documents: Sequence[Document]) -> Iterator[Pair]:
    """Passages against edits of themselves, and against the most alike passage of another document."""
    encoder, cut_up = load_encoder(), []
    for number, document in enumerate(documents):
        passages = chunk(document, encoder, ChunkingSettings())
        cut_up += [(number, passage) for passage in passages]
        for each in random.Random(number).sample(passages, min(6, len(passages))):
            for label, edits in (("same", HARMLESS), ("other", HARMFUL)):
                for made, edit in edits.items():
                    changed = edit(each.text, random.Random(each.id))
                    if changed != each.text:
                        yield Pair(label, made, document.uri, each, replace(each, text=changed))
    rows = [
        (number, copies.Text(passage)) for number, passage in random.Random(1).sample(cut_up, min(1500, len(cut_up)))
    ]
    for number, text in rows[:500]:
        others = [other for other_number, other in rows if other_number != number and other.words != text.words]
        nearest = max(others, key=lambda other: len(text.rough & other.rough) / max(1, len(text.rough | other.rough)))
        yield Pair("other", "most alike of another document", documents[number].uri, text.passage, nearest.passage)
