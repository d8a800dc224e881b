"""Copies and versions told from siblings: precision and recall on labelled pairs, and the thresholds they give.

    python -m benchmarks.duplicates [--docs DIR] [--releases DOCS.jsonl.gz]

Pairs are made from files that went through the real parsers. From the sample corpus (and --docs, a folder of test files
of parser projects): each document saved again in another format, re-encoded, with typing errors, a boilerplate header,
one more paragraph, cut by a tenth; with other numbers and dates; against its siblings, other documents, filled forms,
and a series of minutes. From --docs also real twins: a source and its converted text. From --releases (rows of path and
text, the first folder a release): real versions of manual pages, against other pages. Passages: the real chunker's,
edited in harmless ways and in ways that change what they say. Half of the documents choose the thresholds (greatest
F1), the other half is reported. Writes results/duplicates.{json,svg,png}.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import itertools
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from docx import Document as WordDocument

from benchmarks.search_latency import RESULTS, machine, save
from citewell import duplicates
from citewell.chunking import chunk
from citewell.duplicates import Signed, relation, same_name, signature, similarity
from citewell.errors import ParseError
from citewell.models.encoder import load_encoder
from citewell.parsing.sandbox import ParserPool
from citewell.records import Document, Passage, content_id
from citewell.retrieval import copies
from citewell.samples import corpus_path
from citewell.settings import ChunkingSettings, ParsingSettings

GRID = [round(0.02 * step, 2) for step in range(1, 50)]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--releases", type=Path)
    arguments = parser.parse_args()
    with ParserPool(ParsingSettings()) as pool:
        reader = Reader(pool)
        samples = [reader.read(path.read_bytes(), path.name) for path in files(corpus_path())]
        samples = [each for each in samples if each]
        pairs = [*edited(samples, reader), *siblings(samples), *sample_versions(samples), *forms(reader)]
        pairs += series(samples, reader)
        others = [each for path in files(arguments.docs) if (each := reader.read(path.read_bytes(), path.name, path))]
        long = [each for each in others if words_in(each) >= 3 * MINIMUM]
        pairs += [*twins(others), *edited(random.Random(1).sample(long, min(60, len(long))), reader)]
        if arguments.releases:
            pairs += releases(arguments.releases, reader)
    passages = list(passage_pairs([*samples, *long]))
    report = {"command": "python -m benchmarks.duplicates --docs DOCS --releases RELEASES", "machine": machine(),
              "documents": judge_documents(pairs), "passages": judge_passages(passages)}  # fmt: skip
    save("duplicates", report)
    plot(report)
    for part in ("documents", "passages"):
        for name, found in report[part].items():
            print(part, name, json.dumps({key: value for key, value in found.items() if key != "curve"}))


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
    import textwrap

    return "\n\n".join(textwrap.fill(each, 64, break_on_hyphens=False) for each in blocks)


def html(blocks: Sequence[str]) -> str:
    from html import escape

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


# -- judging -----------------------------------------------------------------------------------------------------------


def judge_documents(pairs: Sequence[Pair]) -> dict[str, object]:
    """NEAR and RELATED chosen on one half; both, and the kinds found, reported on the other."""
    measured = [(each, similarity(each.one.signature, each.other.signature),
                 duplicates._overlap(each.one.signature, each.other.signature, duplicates.PERMUTATIONS),
                 same_name(each.one, each.other)) for each in pairs if each.label != "related"]  # fmt: skip
    near = [(each, score, _passes(each)) for each, score, _, _ in measured]
    related = [(each, score, named) for each, _, score, named in measured if each.label != "same"]
    return {
        "pairs": counts(pairs),
        "near": threshold(near, "same"), "near without rules": threshold([(a, b, True) for a, b, _ in near], "same"),
        "versions": threshold(related, "version"),
        "versions without names": threshold([(a, b, True) for a, b, _ in related], "version"),
        "shipped": shipped([each for each in pairs if not each.chooses and each.label != "related"]),
        "found": kinds_found([each for each in pairs if not each.chooses]),
    }  # fmt: skip


def _passes(each: Pair) -> bool:
    """Whether the rules beside the threshold let a pair be near copies."""
    before, duplicates.NEAR = duplicates.NEAR, 0.0
    try:
        return relation(each.one, each.other)[0] in {"copies", "near copies"}
    finally:
        duplicates.NEAR = before


def shipped(pairs: Sequence[Pair]) -> dict[str, object]:
    """Precision and recall of the kinds that ``relation`` gives with the shipped thresholds and rules."""
    called = [relation(each.one, each.other)[0] for each in pairs]
    same = [(each, float(kind in {"copies", "near copies"}), True) for each, kind in zip(pairs, called, strict=True)]
    versions = [(each, float(kind == "versions"), True) for each, kind in zip(pairs, called, strict=True)]
    return {
        name: {**scores(rows, wanted, 1.0), "f1_interval": f1_interval(rows, wanted, 1.0)}
        for name, wanted, rows in (("copies and near copies", "same", same), ("versions", "version", versions))
    }


def kinds_found(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """How the reported half is judged, by how the pairs were made, with the shipped thresholds."""
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in pairs:
        table[f"{each.label}: {each.made}"][relation(each.one, each.other)[0] or "none"] += 1
    return {key: dict(value) for key, value in sorted(table.items())}


def judge_passages(pairs: Sequence[Pair]) -> dict[str, object]:
    rows = []
    for each in pairs:
        one, other = copies.Text(each.one), copies.Text(each.other)
        slips = one.words == other.words or (one.figures == other.figures and copies.only_slips(one, other))
        rows.append((each, copies.overlap(one, other) if one.words and other.words else 0.0, slips))
    reported = [each for each in pairs if not each.chooses]
    right: dict[str, list[bool]] = defaultdict(list)
    for each in reported:
        called = copies.same(copies.Text(each.one), copies.Text(each.other))
        right[f"{each.label}: {each.made}"].append(called == (each.label == "same"))
    return {
        "pairs": counts(pairs), "copies": threshold(rows, "same"),
        "copies without rules": threshold([(a, b, True) for a, b, _ in rows], "same"),
        "right": {key: f"{sum(value)}/{len(value)}" for key, value in sorted(right.items())},
    }  # fmt: skip


def counts(pairs: Sequence[Pair]) -> dict[str, int]:
    return {f"{label}, {half}": sum(each.label == label and each.chooses == (half == "choose") for each in pairs)
            for label in ("same", "version", "related", "other") for half in ("choose", "report")}  # fmt: skip


def threshold(rows: Sequence[tuple[Pair, float, bool]], wanted: str) -> dict[str, object]:
    """The threshold with the greatest F1 on the choosing half, and scores on the other; the curve of both halves."""
    choosing = [row for row in rows if row[0].chooses]
    reporting = [row for row in rows if not row[0].chooses]
    curve = [{"threshold": t, **scores(choosing, wanted, t)} for t in GRID]
    top = [each["threshold"] for each in curve if math.isclose(each["f1"], max(row["f1"] for row in curve))]
    chosen = top[len(top) // 2]
    return {
        "chosen": chosen, "best_range": [top[0], top[-1]], **scores(reporting, wanted, chosen),
        "f1_interval": f1_interval(reporting, wanted, chosen),
        "curve": [{"threshold": t, **scores(reporting, wanted, t)} for t in GRID],
    }  # fmt: skip


def scores(rows: Sequence[tuple[Pair, float, bool]], wanted: str, at: float) -> dict[str, object]:
    called = [rule and score >= at for _, score, rule in rows]
    gold = [each.label == wanted for each, _, _ in rows]
    hit = sum(a and b for a, b in zip(called, gold, strict=True))
    precision, recall = hit / max(1, sum(called)), hit / max(1, sum(gold))
    return {
        "n": len(rows), "positives": sum(gold), "called": sum(called), "precision": round(precision, 4),
        "precision_interval": wilson(hit, sum(called)), "recall": round(recall, 4),
        "recall_interval": wilson(hit, sum(gold)),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
    }  # fmt: skip


def f1_interval(rows: Sequence[tuple[Pair, float, bool]], wanted: str, at: float) -> list[float]:
    """95 %, by resampling the source documents."""
    by_source: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    for each, score, rule in rows:
        called, gold = rule and score >= at, each.label == wanted
        by_source[each.source] += (called and gold, called, gold)
    table = np.stack(list(by_source.values()))
    chosen = np.random.default_rng(1).integers(len(table), size=(1000, len(table)))
    hit, called, gold = table[chosen].sum(axis=1).T
    return [round(float(each), 4) for each in np.percentile(2 * hit / np.maximum(1, called + gold), (2.5, 97.5))]


def wilson(hits: int, n: int) -> list[float]:
    if not n:
        return [0.0, 1.0]
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [round(middle - half, 4), round(middle + half, 4)]


def plot(report: dict[str, dict[str, dict[str, list[dict[str, float]]]]]) -> None:
    """Precision and recall over the threshold, with and without the rules beside it."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    shown = (("documents", "near", "near without rules", "Documents: near copies"),
             ("documents", "versions", "versions without names", "Documents: versions"),
             ("passages", "copies", "copies without rules", "Passages: copies"))  # fmt: skip
    figure, panels = pyplot.subplots(1, 3, figsize=(12, 3.8), sharey=True)
    for axes, (part, name, bare, title) in zip(panels, shown, strict=True):
        for key, style in ((name, "-"), (bare, ":")):
            curve = report[part][key]["curve"]
            for score, colour in (("precision", "tab:blue"), ("recall", "tab:orange")):
                label = f"{score}{'' if key == name else ', overlap alone'}"
                axes.plot(GRID, [each[score] for each in curve], style, color=colour, label=label)
        axes.axvline(report[part][name]["chosen"], color="grey", linewidth=1)
        axes.set(xlabel="overlap at least", title=title, ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    for ending in ("svg", "png"):
        figure.savefig(RESULTS / f"duplicates.{ending}", dpi=120)


if __name__ == "__main__":
    main()
