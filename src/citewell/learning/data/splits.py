"""Examples in two sides, or in folds, so that no document stands on both sides.

A side is decided by documents, never by rows: two questions about one document are alike, and what is learnt from one
helps with the other. Examples that share a document, directly or through others, stay together. The order of documents
comes from a hash of salt and name, so the same data and salt give the same sides everywhere, and another salt gives
others. Copies under another name are :mod:`citewell.learning.data.leaks`' business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from citewell.duplicates import words
from citewell.errors import DataError
from citewell.learning.data.examples import RankingExample, ReadingExample, SupportExample, Text
from citewell.records import content_id

AnyExample = ReadingExample | RankingExample | SupportExample
Example = TypeVar("Example", ReadingExample, RankingExample, SupportExample)
DocumentOf = Callable[[Example], str | Sequence[str]]
"""The documents an example is about; empty when it names none."""


def documents_of(example: AnyExample) -> tuple[str, ...]:
    """The documents an example is about: of what answers it, not of texts that only stand beside it."""
    if isinstance(example, SupportExample):
        return (example.document,) * bool(example.document)
    return tuple(dict.fromkeys(each.document for each in texts_about(example) if each.document))


def texts_about(example: AnyExample) -> tuple[Text, ...]:
    """The texts that answer an example; of a question that nothing answers, the first it is read in."""
    if isinstance(example, SupportExample):
        return (Text(example.evidence, document=example.document),)
    if isinstance(example, RankingExample):
        return example.positives
    holding = sorted({place[0] for place in example.answers}) or [0]
    return tuple(example.passages[index] for index in holding if index < len(example.passages))


def question_of(example: AnyExample) -> str:
    """What is asked: the question, the query, or the sentence to be supported."""
    if isinstance(example, ReadingExample):
        return example.question
    return example.query if isinstance(example, RankingExample) else example.sentence


def split(
    examples: Sequence[Example],
    document_of: DocumentOf[Example] = documents_of,
    share: float = 0.1,
    salt: str = "",
) -> tuple[list[Example], list[Example]]:
    """(train, held out), each in the order given. share: of the examples, to hold out.

    Groups are taken in the order of their hash, each one that still fits, and then the one that brings the held-out
    side nearest to its share, if any does. Neither side is empty.
    """
    if not 0 < share < 1:
        raise DataError(f"The share to hold out is {share}. Expected a number between 0 and 1, such as 0.1.")
    groups = _groups(examples, document_of, salt)
    if len(groups) < 2:
        raise DataError(
            f"{_told(examples, groups)}, so nothing can be held out. Expected examples of several documents."
        )
    target, chosen, held = share * len(examples), set[int](), 0
    for number, group in enumerate(groups):
        if held + len(group) <= target:
            chosen.add(number)
            held += len(group)
    left = [number for number in range(len(groups)) if number not in chosen]
    nearest = min(left, key=lambda number: abs(held + len(groups[number]) - target))
    if not chosen or (len(left) > 1 and abs(held + len(groups[nearest]) - target) < target - held):
        chosen.add(nearest)
    out = {index for number in chosen for index in groups[number]}
    return (
        [each for index, each in enumerate(examples) if index not in out],
        [each for index, each in enumerate(examples) if index in out],
    )


def folds(
    examples: Sequence[Example], document_of: DocumentOf[Example] = documents_of, k: int = 5, salt: str = ""
) -> list[tuple[list[Example], list[Example]]]:
    """``k`` times (train, held out); every example is held out once. The largest groups are dealt out first."""
    groups = _groups(examples, document_of, salt)
    if not 2 <= k <= len(groups):
        most = f"from 2 to {len(groups)} folds" if len(groups) > 1 else "examples of several documents"
        raise DataError(f"{_told(examples, groups)}, which cannot make {k} folds. Expected {most}.")
    sizes, fold_of = [0] * k, dict[int, int]()
    for group in sorted(groups, key=len, reverse=True):  # stable: groups of one size stay in the order of their hash
        fold = sizes.index(min(sizes))
        sizes[fold] += len(group)
        fold_of.update(dict.fromkeys(group, fold))
    return [
        (
            [each for index, each in enumerate(examples) if fold_of[index] != fold],
            [each for index, each in enumerate(examples) if fold_of[index] == fold],
        )
        for fold in range(k)
    ]


def _told(examples: Sequence[object], groups: Sequence[object]) -> str:
    kinds = "all belong to one group of documents" if len(groups) == 1 else f"make {len(groups)} groups of documents"
    return f"{len(examples):,} examples {kinds}" if examples else "There is no example"


def _groups(examples: Sequence[Example], document_of: DocumentOf[Example], salt: str) -> list[list[int]]:
    """Indexes of examples that belong together, in the order of their hash."""
    leader: dict[Hashable, str] = {}

    def first(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader.setdefault(leader[key], leader[key])
            key = leader[key]
        return key

    keys = [_keys(example, document_of) for example in examples]
    for own in keys:
        for key in own[1:]:
            leader[first(key)] = first(own[0])
    members: dict[str, list[int]] = {}
    for index, own in enumerate(keys):
        members.setdefault(first(own[0]), []).append(index)
    # the first name in the alphabet stands for the group: it does not depend on the order of examples
    return sorted(members.values(), key=lambda group: _hash(salt, min(key for index in group for key in keys[index])))


def _keys(example: Example, document_of: DocumentOf[Example]) -> list[str]:
    """What an example stays together by: its documents, else its question and the texts it is about."""
    found = document_of(example)
    named = [each for each in ([found] if isinstance(found, str) else found) if each]
    if named:
        return [f"document {each}" for each in named]
    question = " ".join(words(question_of(example))) or question_of(example)
    return [
        f"question {question}",
        *(f"text {content_id(each.text)}" for each in texts_about(example) if each.text.strip()),
    ]


def _hash(salt: str, name: str) -> bytes:
    return hashlib.sha256(f"{len(salt)} {salt} {name}".encode("utf-8", "surrogatepass")).digest()
