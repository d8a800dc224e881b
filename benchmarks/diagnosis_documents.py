"""Breaks of documents: not there, unreadable, read badly, edited since. See :mod:`benchmarks.diagnosis_breaks`."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.diagnosis_base import Base, Broken, all_in, assembled, coin, corpus_files, indexed, rewrite, set_of
from citewell.records import Block, Document


def deleted(base: Base) -> Broken:
    """Every other document is not there. Truth for the questions all of whose golds were in those documents."""
    gone = {path for path in corpus_files() if coin(path, 2)}
    collection = indexed(base, "deleted", gone)
    return Broken("document deleted", collection, set_of(base), all_in(base, gone, "not_in_corpus"))


def unreadable(base: Base) -> Broken:
    """Every other binary file is cut off after a third, so that it cannot be read."""
    damaged = {path for path in corpus_files() if Path(path).suffix in {".docx", ".xlsx", ".pptx", ".epub", ".pdf"}}
    damaged = {path for path in damaged if coin(path, 2)}
    collection = indexed(base, "unreadable", set(), damaged)
    failed = {item.uri for item in collection.items() if item.status == "failed"}
    damaged = {path for path in damaged if any(uri.endswith(path) for uri in failed)}
    return Broken("file damaged", collection, set_of(base), all_in(base, damaged, "lost_in_parsing"))


def garbled(base: Base) -> Broken:
    """Every document was read badly: letters lost, columns interleaved, or the gold's block left out, by turns."""
    collection = base.copy("garbled")
    lost: dict[str, set[int]] = {}
    for result in base.answerable():
        for gold in result.question.golds:
            if gold.span is not None:
                lost.setdefault(gold.document, set()).update(range(*gold.span))
    kinds = {}
    for item in collection.items():
        if item.is_document:
            kinds[item.document_id] = ("letters", "columns", "dropped")[coin(item.uri, 3)]
    rewrite(collection, lambda document: _damaged(document, kinds[document.id], lost.get(document.id, set())))
    truth = {each.question.id: "lost_in_parsing" for each in base.answerable()}
    return Broken("parse garbled", collection, set_of(base), truth, took=lambda result: result.state == "unplaced")


def edited(base: Base) -> Broken:
    """The numbers of the golds changed in the documents since the set was anchored; sentences without one are gone."""
    collection = base.copy("edited")
    spans: dict[str, list[tuple[int, int]]] = {}
    for result in base.answerable():
        for gold in result.question.golds:
            if gold.span is not None:
                spans.setdefault(gold.document, []).append(gold.span)
    rewrite(collection, lambda document: _edited(document, spans.get(document.id, [])))
    questions = set_of(base, {each.question.id: each.question for each in base.answerable()})  # with anchored golds
    truth = {each.question.id: "gold_doubtful" for each in base.answerable()}
    return Broken("document edited", collection, questions, truth, took=lambda result: result.state == "stale")


def _damaged(document: Document, kind: str, lost: set[int]) -> Document:
    random_ = random.Random(document.uri.rsplit("/", 1)[-1])
    pieces: list[tuple[Block, str]] = []
    for block in document.blocks:
        text = document.text[slice(*block.span)]
        if kind == "letters":
            pieces.append((block, re.sub(r"[A-Za-z]", lambda m: "" if random_.random() < 0.25 else m.group(), text)))
        elif kind == "dropped":
            if not lost.intersection(range(*block.span)):
                pieces.append((block, text))
        elif kind == "columns" and pieces and pieces[-1][0].kind == block.kind and "\x00" not in pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], _interleaved(pieces[-1][1], text) + "\x00")
        elif kind == "columns" and block.kind in {"paragraph", "list_item"}:
            first, second = _halves(text)
            pieces.append((block, _interleaved(first, second)))
        else:
            pieces.append((block, text))
    return assembled(document, [(block, text.replace("\x00", "")) for block, text in pieces])


def _halves(text: str) -> tuple[str, str]:
    words = text.split(" ")
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


def _interleaved(one: str, other: str) -> str:
    """Three words of the one, three of the other, and so on."""
    left, right = one.split(), other.split()
    mixed = []
    for start in range(0, max(len(left), len(right)), 3):
        mixed += left[start : start + 3] + right[start : start + 3]
    return " ".join(mixed)


def _edited(document: Document, spans: Sequence[tuple[int, int]]) -> Document:
    pieces = []
    for block in document.blocks:
        start, end = block.span
        text = document.text[start:end]
        for a, b in sorted((a, b) for a, b in spans if start <= a and b <= end):
            old = document.text[a:b]
            new = re.sub(r"\d+", lambda m: str(int(m.group()) + 3), old)
            text = text.replace(old, new if new != old else "This is decided case by case.")
        pieces.append((block, text))
    return assembled(document, pieces)
