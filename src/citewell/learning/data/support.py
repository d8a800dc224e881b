"""What a verifier learns from: sentences beside the evidence that supports them or does not.

Of every passage that is used, some sentences stay true (as they are, or reworded by ``rewording.py``) and as many are
made wrong: corrupted, beside evidence they were taken out of, or out of a neighbouring passage about the same. In some
pairs the wrong sentence is written into the evidence instead, so that now the changed one is supported and the first is
not: no word alone says which one it is. Answered questions become statements, with another answer where they are
wrong. FEVER's and WiCE's claims were judged by people.

A document is on one side only: :func:`side_of` says which. ``test`` is for benchmarks and never used here; what holds
a sentence of FEVER's test, or nearly the same text, is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Literal

from citewell import __version__
from citewell.learning.data.corruptions import corrupt, plain_words
from citewell.learning.data.examples import SupportExample, Text
from citewell.learning.data.leaks import drop_leaks, leaks_between
from citewell.learning.data.manifest import DataManifest, DataSource, describe
from citewell.learning.data.rewording import reworded, statement
from citewell.learning.data.support_sources import (
    LICENCES,
    TITLES,
    Asked,
    SupportPaths,
    judged,
    passages_of,
    wice,
    wice_pages,
)
from citewell.sentences import sentence_spans

Side = Literal["train", "held out", "test"]
SALT = "verifier 1"
TEST, HELD_OUT = 20, 30  # of 100 documents: up to the first for benchmarks, up to the second to choose by

SYMMETRIC = frozenset({"number", "date", "entity", "negation", "roles"})
"""Corruptions after which neither sentence supports the other; the evidence may be changed instead of the sentence."""


@dataclass(frozen=True, slots=True)
class SupportMix:
    """How many passages of each source are used, and shares. The defaults are the shipped recipe's."""

    squad: int = 2600
    powershell: int = 1000
    articles: int = 1500
    passages: int = 1600
    medquad: int = 1200
    sentences: int = 2  # of each passage
    statements: int = 2  # of each passage with questions
    reworded: float = 0.65  # of the true sentences, and of those that are then made wrong
    titled: float = 0.3  # of evidence that begins with the document's title, as passages under headings do
    flipped: float = 0.35  # of symmetric corruptions that are written into the evidence
    long: float = 0.1  # of evidence that goes on with another passage of the document
    corrupted: float = 0.78  # of wrong sentences; the others are true somewhere else
    judged_passes: int = 3  # how often FEVER and WiCE are used
    strangers: float = 0.1  # of FEVER's supported claims: once more, beside another claim's evidence


def build_support_examples(
    paths: SupportPaths, seed: int = 0, mix: SupportMix = SupportMix()
) -> tuple[list[SupportExample], list[SupportExample], DataManifest]:
    """Examples to train on, examples to choose by, and the manifest; the same for the same seed."""
    train: list[SupportExample] = []
    held_out: list[SupportExample] = []
    made: dict[str, list[SupportExample]] = {}
    told = frozenset(key for each in _tests(paths) for key in _keys(each.evidence))
    for name, path in _given(paths):
        if name in {"fever", "wice"}:
            found = judged(path) if name == "fever" else wice(path, Random(f"{seed} {name}"))
            mine = {side: [each for each in found if side_of(each.document) == side] for side in ("train", "held out")}
            mine["train"] = _repeated(mine["train"], mix, Random(f"{seed} {name} passes"))
            if name == "wice":
                mine["held out"] += _beside_pages([*mine["held out"]], wice_pages(path), seed)
        else:
            clean = _without_documents_of_tests(passages_of(name, path), told)
            mine = {
                "train": made_examples(_some(clean, "train", getattr(mix, name), seed), seed, mix),
                "held out": made_examples(_some(clean, "held out", getattr(mix, name) // 12, seed), seed, mix),
            }
        train += mine["train"]
        held_out += mine["held out"]
        made[name] = [*mine["train"], *mine["held out"]]
    if tests := _tests(paths):
        train = drop_leaks(train, leaks_between(train, tests))
        held_out = drop_leaks(held_out, leaks_between(held_out, tests))
    Random(f"{seed} order").shuffle(train)
    counts = {"train": len(train), "held out": len(held_out)}
    counts |= {f"train: {kind}": count for kind, count in Counter(each.kind for each in train).most_common()}
    kept = {id(each) for each in (*train, *held_out)}
    sources = [_source(name, path, [each for each in made[name] if id(each) in kept]) for name, path in _given(paths)]
    return train, held_out, DataManifest(tuple(sources), f"{SALT}, seed {seed}", counts, f"citewell {__version__}")


def side_of(document: str) -> Side:
    """On which side a document is; names differ neither by capitals nor by blanks."""
    plain = " ".join(document.casefold().replace("_", " ").split())
    bucket = int.from_bytes(hashlib.sha256(f"{SALT} {plain}".encode()).digest()[:4], "big") % 100
    return "test" if bucket < TEST else "held out" if bucket < HELD_OUT else "train"


def made_examples(asked: Sequence[Asked], seed: int, mix: SupportMix = SupportMix()) -> list[SupportExample]:
    """Right and wrong sentences about every passage, as many of each."""
    of_document: dict[str, list[int]] = {}
    for index, each in enumerate(asked):
        of_document.setdefault(each.passage.document, []).append(index)
    found: list[SupportExample] = []
    for index, each in enumerate(asked):
        random = Random(f"{seed} {each.passage.document} {each.passage.text[:80]}")
        near = [place for place in of_document[each.passage.document] if place != index] or [(index + 1) % len(asked)]
        siblings = sentences(asked[random.choice(near)].passage.text)
        found += _about(each.passage, siblings, random, mix)
        found += _stated(each, random, mix)
    return found


def sentences(text: str) -> list[str]:
    """The sentences of ``text`` that read like one: a capital, an end, words rather than signs."""
    found = (text[start:end] for start, end in sentence_spans(text))
    return [
        each for each in found
        if 5 <= len(each.split()) <= 45 and each[0].isupper() and each[-1] in ".!"
        and sum(letter.isalpha() or letter == " " for letter in each) > 0.8 * len(each)
    ]  # fmt: skip


def _about(passage: Text, siblings: Sequence[str], random: Random, mix: SupportMix) -> Iterator[SupportExample]:
    told = sentences(passage.text)
    for own in random.sample(told, min(mix.sentences, len(told))):
        evidence = _evidence(passage, own, random, mix.titled)
        if random.random() < mix.long:
            evidence = " ".join([evidence, *siblings])
        name = passage.context if passage.context.casefold() in evidence.casefold() else ""
        true = reworded(own, random, name=name, steps=random.choice((1, 1, 2, 3)))
        true = true if random.random() < mix.reworded else own
        base = reworded(own, random, name=name) if random.random() < mix.reworded else own
        wrong = None
        if random.random() < mix.corrupted:
            wrong = corrupt(base, evidence, random, siblings=siblings)
        if wrong is None:
            yield from _elsewhere(passage, own, true, evidence, siblings, random, mix)
            continue
        flipped = evidence.replace(own, wrong.sentence)
        if wrong.kind in SYMMETRIC and random.random() < mix.flipped and _differ(base, own, flipped):
            again = reworded(wrong.sentence, random) if random.random() < mix.reworded else wrong.sentence
            yield SupportExample(flipped, again, True, (), "true, evidence changed", passage.document)
            kind = f"{wrong.kind}, evidence changed"
            yield SupportExample(flipped, base, False, wrong.replaced, kind, passage.document)
        else:
            yield SupportExample(evidence, true, True, (), "true" if true == own else "reworded", passage.document)
            yield SupportExample(evidence, wrong.sentence, False, wrong.unsupported, wrong.kind, passage.document)


def _differ(base: str, own: str, flipped: str) -> bool:
    return base == own and plain_words(own) not in plain_words(flipped)


def _elsewhere(
    passage: Text, own: str, true: str, evidence: str, siblings: Sequence[str], random: Random, mix: SupportMix
) -> Iterator[SupportExample]:
    """A sentence that is true, but not by this evidence: a neighbour's, or its own with its sentence taken out."""
    if siblings and random.random() < 0.5:
        wrong = max(siblings, key=lambda each: _shared(each, evidence))
        told, kind = evidence, "sibling"
    else:
        wrong, told, kind = true, " ".join(evidence.replace(own, " ").split()), "taken out"
    if len(told.split()) >= 8 and _shared(wrong, told) < 0.6:
        yield SupportExample(evidence, true, True, (), "true" if true == own else "reworded", passage.document)
        yield SupportExample(told, wrong, False, ((0, len(wrong)),), kind, passage.document)


def _beside_pages(claims: Sequence[SupportExample], pages: Sequence[Asked], seed: int) -> Iterator[SupportExample]:
    """Held-out claims, and sentences that are true or corrupted, beside whole pages: how a verifier is to be weighed
    where evidence is longer than one window. Nothing is trained on them, for only one window would be read."""
    texts = {each.passage.document: each.passage.text for each in pages if side_of(each.passage.document) == "held out"}
    for each in claims:
        if each.document in texts:
            yield replace(each, evidence=texts[each.document], kind=f"page: {each.kind}")
    for document, text in sorted(texts.items()):
        random = Random(f"{seed} {document}")
        others = sentences(texts[random.choice(sorted(texts))])
        told = sentences(text)
        for own in random.sample(told, min(4, len(told))):
            true = reworded(own, random, steps=2)
            yield SupportExample(text, true, True, (), "page: reworded", document)
            if wrong := corrupt(true, text, random, siblings=others):
                yield SupportExample(text, wrong.sentence, False, wrong.unsupported, f"page: {wrong.kind}", document)


def _stated(asked: Asked, random: Random, mix: SupportMix) -> Iterator[SupportExample]:
    """Questions with their answers as statements, right and with another answer that looks alike."""
    made = [(question, answer, statement(question, answer)) for question, answer in asked.questions]
    made = [each for each in made if each[2]]
    for question, answer, right in random.sample(made, min(mix.statements, len(made))):
        others = [
            other for asks, other in asked.questions
            if _looks(other) == _looks(answer) and asks != question
            and plain_words(other) not in plain_words(answer) and plain_words(answer) not in plain_words(other)
            and plain_words(other) not in plain_words(question)
        ]  # fmt: skip
        if not others:
            continue
        other = random.choice(others)
        wrong = statement(question, other)
        at = wrong.casefold().find(other.casefold().rstrip("."))
        holding = next((each for each in sentences(asked.passage.text) if answer in each), "")
        if at >= 0 and holding:
            evidence = _evidence(asked.passage, holding, random, mix.titled, least=3)
            if answer in evidence:
                yield SupportExample(evidence, right, True, (), "statement", asked.passage.document)
                span = (at, at + len(other.rstrip(".")))
                yield SupportExample(evidence, wrong, False, (span,), "other answer", asked.passage.document)


def _looks(answer: str) -> tuple[bool, bool]:
    return bool(re.search(r"\d", answer)), answer[:1].isupper()


def _evidence(passage: Text, own: str, random: Random, titled: float, least: int = 1) -> str:
    """The sentence among its neighbours, perhaps under the document's title."""
    told = [passage.text[start:end] for start, end in sentence_spans(passage.text)]
    at = next((place for place, each in enumerate(told) if own in each), 0)
    size = max(least, random.choice((1, 2, 3, 3, 4, 5, 6, len(told))))
    first = max(0, at - random.randrange(size))
    text = " ".join(told[first : first + size])
    return f"{passage.context}\n{text}" if passage.context and random.random() < titled else text


def _shared(sentence: str, evidence: str) -> float:
    """Share of a sentence's longer words that the evidence has."""
    told = plain_words(evidence)
    longer = [word for word in plain_words(sentence).split() if len(word) > 3]
    return sum(f" {word} " in told for word in longer) / max(1, len(longer))


def _repeated(found: list[SupportExample], mix: SupportMix, random: Random) -> list[SupportExample]:
    """Judged claims as often as the mix says, from the second time on with another text's sentences around."""
    extra: list[SupportExample] = []
    for again in range(1, mix.judged_passes):
        for each in found:
            other = random.choice(found)
            stray = random.choice([other.evidence[s:e] for s, e in sentence_spans(other.evidence)] or [""])
            parts = [each.evidence, stray] if random.random() < 0.5 else [stray, each.evidence]
            mixed = " ".join(parts) if again and each.document != other.document else each.evidence
            extra.append(replace(each, evidence=mixed if random.random() < 0.5 else each.evidence))
    for each in found:
        other = random.choice(found)
        if each.supported and each.document != other.document and random.random() < mix.strangers:
            whole = ((0, len(each.sentence)),)
            extra.append(SupportExample(other.evidence, each.sentence, False, whole, "stranger", each.document))
    return found + extra


def _some(passages: Sequence[Asked], side: Side, limit: int, seed: int) -> list[Asked]:
    """Up to ``limit`` passages of the documents on one side, in stretches of four of a document, which are siblings."""
    kept = [each for each in passages if side_of(each.passage.document) == side]
    blocks = [kept[start : start + 4] for start in range(0, len(kept), 4)]
    Random(f"{seed} {side}").shuffle(blocks)
    return [each for block in blocks for each in block][:limit]


def _tests(paths: SupportPaths) -> list[SupportExample]:
    """FEVER's pairs that a benchmark asks."""
    return [] if paths.fever is None else [each for each in judged(paths.fever) if side_of(each.document) == "test"]


def _without_documents_of_tests(passages: Sequence[Asked], told: frozenset[str]) -> list[Asked]:
    """The passages of documents none of which has a sentence that a test has."""
    leaks = {each.passage.document for each in passages if not told.isdisjoint(_keys(each.passage.text))}
    return [each for each in passages if each.passage.document not in leaks]


def _keys(text: str) -> Iterator[str]:
    for start, end in sentence_spans(text):
        words = plain_words(text[start:end])
        if len(words.split()) >= 8:
            yield words


def _source(name: str, path: Path, used: Sequence[SupportExample]) -> DataSource:
    return describe(
        path, name=TITLES[name], licence=LICENCES[name], examples=len(used),
        documents=len({each.document for each in used}), safe_to_ship=True,
    )  # fmt: skip


def _given(paths: SupportPaths) -> list[tuple[str, Path]]:
    return [(field.name, path) for field in fields(paths) if (path := getattr(paths, field.name)) is not None]
