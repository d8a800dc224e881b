"""What stands in the training data and in the test data: found by document, passage and question, and dropped.

A score on questions whose texts were learnt from says nothing. Texts are compared by their runs of five words. Of each
text the smallest hashes of its runs are kept, a MinHash (Broder 1997): all of them up to :data:`SKETCH`, else an even
sample. What share of them a document of the other side holds is how far that document contains the text; so one
paragraph inside a long document is found, which the overlap of whole documents would not show. All runs of the other
side stand in one sorted array, and a text is looked at closer only when enough of its runs stand there at all; the
rarest of them then name the documents. No bands, so nothing is missed by chance: with texts up to :data:`SKETCH` words
the result is exact, with longer ones the standard error is at most 0.03.

Other words for the same thing, and translations, are not found.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from citewell.duplicates import words
from citewell.learning.data.examples import RankingExample, ReadingExample, Text
from citewell.learning.data.splits import AnyExample, Example, question_of, texts_about
from citewell.records import Json, content_id

SHINGLE = 5  # words in a run
MIN_WORDS = 10  # a shorter text, such as a heading or "See the annex.", stands in many documents and gives nothing away
SKETCH = 200  # hashes kept of a text: sqrt(0.8 * 0.2 / 200) = 0.028
THRESHOLD = 0.8  # share from which a text counts as contained; research on training data uses 0.7 to 0.8
_QUOTED = 80  # characters of a leak that are told
_ARTICLES = frozenset(("a", "an", "the"))

Hashes = NDArray[np.uint64]
Kind = Literal["document", "passage", "question"]


@dataclass(frozen=True, slots=True)
class Leak:
    """Something of the test side that the training side holds as well, or the other way round.

    train, test: the documents. share: how much of the smaller one, in [0, 1]. text: how it begins (of a question: all).
    """

    kind: Kind
    train: str
    test: str
    share: float
    text: str

    def to_json(self) -> Json:
        return {"kind": self.kind, "train": self.train, "test": self.test, "share": round(self.share, 3),
                "text": self.text}  # fmt: skip


# -- the whole way -----------------------------------------------------------------------------------------------------


def leaks_between(train: Sequence[AnyExample], test: Sequence[AnyExample], threshold: float = THRESHOLD) -> list[Leak]:
    """Everything that two lists of examples share: texts and questions."""
    found = find_leaks(texts_by_document(train), texts_by_document(test), threshold)
    return found + find_question_leaks(questions_by_document(train), questions_by_document(test), threshold)


def find_leaks(
    train_texts_by_document: Mapping[str, Sequence[str]],
    test_texts_by_document: Mapping[str, Sequence[str]],
    threshold: float = THRESHOLD,
) -> list[Leak]:
    """Documents and passages of either side that a document of the other contains, best first; each pair of documents
    once: as documents if one contains the other, else by the passage that is contained most."""
    train, test = _side(train_texts_by_document), _side(test_texts_by_document)
    best: dict[tuple[str, str], Leak] = {}
    for leak in [*_contained(test, train, threshold, swap=False), *_contained(train, test, threshold, swap=True)]:
        known = best.get((leak.train, leak.test))
        if known is None or _rank(leak) < _rank(known):
            best[leak.train, leak.test] = leak
    return sorted(best.values(), key=lambda leak: (*_rank(leak), leak.train, leak.test))


def find_question_leaks(
    train_questions_by_document: Mapping[str, Sequence[str]],
    test_questions_by_document: Mapping[str, Sequence[str]],
    threshold: float = THRESHOLD,
) -> list[Leak]:
    """Questions that are asked on both sides: the same words, or words and pairs of words that overlap (Jaccard) by
    ``threshold`` with the same numbers, and not each with a name the other lacks: "Who founded Lyon?" is another
    question than "Who founded Nice?". Articles, case and punctuation do not count."""
    train, test = (_questions(each) for each in (train_questions_by_document, test_questions_by_document))
    index = _Index([each.hashes for each in train])
    found = []
    for number, owners in index.candidates([each.hashes for each in test], threshold):
        asked = test[number]
        for owner in owners:
            other = train[owner]
            shared = index.shared(asked.hashes, owner)
            share = shared / max(1, len(asked.hashes) + len(other.hashes) - shared)
            if share >= threshold and asked.same_facts(other):
                found.append(Leak("question", other.document, asked.document, share, other.text))
    return sorted(set(found), key=lambda leak: (-leak.share, leak.text, leak.train, leak.test))


def drop_leaks(train: Sequence[Example], leaks: Iterable[Leak]) -> list[Example]:
    """``train`` without the documents that leak, as a whole, and without the questions that do."""
    listed = list(leaks)
    documents = {leak.train for leak in listed if leak.kind != "question"}
    questions = {leak.text for leak in listed if leak.kind == "question"}
    return [
        each for each in train
        if question_of(each) not in questions and documents.isdisjoint(map(document_key, _all_texts(each)))
    ]  # fmt: skip


def document_key(text: Text) -> str:
    """The document a text is of; without one, a name made from the text itself."""
    return text.document or f"text {content_id(text.text)[:16]}"


def texts_by_document(examples: Iterable[AnyExample]) -> dict[str, list[str]]:
    """Every text of the examples, also those that only stand beside an answer, by document, each once."""
    found: dict[str, dict[str, None]] = {}
    for each in examples:
        for text in _all_texts(each):
            found.setdefault(document_key(text), {})[text.text] = None
    return {document: list(texts) for document, texts in found.items()}


def questions_by_document(examples: Iterable[AnyExample]) -> dict[str, list[str]]:
    """Every question by the document it is about."""
    found: dict[str, dict[str, None]] = {}
    for each in examples:
        about = texts_about(each)
        found.setdefault(document_key(about[0]) if about else "", {})[question_of(each)] = None
    return {document: list(questions) for document, questions in found.items()}


def _all_texts(example: AnyExample) -> tuple[Text, ...]:
    if isinstance(example, ReadingExample):
        return example.passages
    return (*example.positives, *example.negatives) if isinstance(example, RankingExample) else texts_about(example)


# -- texts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage, or a whole document, as far as it is compared. document: index of its own."""

    kind: Kind
    document: int
    sketch: Hashes
    text: str


@dataclass(frozen=True, slots=True)
class _Side:
    names: list[str]
    runs: list[Hashes]  # of each document, all of them
    pieces: list[_Piece]


def runs_of(found: Sequence[str], hash_of: Callable[[str], int] | None = None) -> Hashes:
    """Hashes of the distinct runs of these words, in order. hash_of: of one word, as the caller remembers it."""
    hashed = np.fromiter(map(hash_of or _word_hash, found), np.uint64, len(found))
    if len(found) < SHINGLE:
        return np.asarray([np.bitwise_xor.reduce(hashed)], np.uint64) if len(found) else hashed
    count = len(found) - SHINGLE + 1
    total = np.zeros(count, np.uint64)
    for place in range(SHINGLE):
        total = total * _FACTOR + hashed[place : place + count]
    return np.unique(total)


def _side(texts_by_document: Mapping[str, Sequence[str]]) -> _Side:
    hash_of = _remembered()
    side = _Side(list(texts_by_document), [], [])
    for number, texts in enumerate(texts_by_document.values()):
        found = [words(text) for text in texts]
        runs = [runs_of(each, hash_of) for each in found]
        whole = np.unique(np.concatenate(runs)) if runs else np.zeros(0, np.uint64)
        side.runs.append(whole)
        told = [" ".join(text[: 4 * _QUOTED].split())[:_QUOTED] for text in texts]
        if sum(map(len, found)) >= MIN_WORDS:
            side.pieces.append(_Piece("document", number, whole[:SKETCH], told[0]))
        if len(texts) > 1:
            of_length = zip(runs, told, found, strict=True)
            side.pieces.extend(
                _Piece("passage", number, each[:SKETCH], text) for each, text, of in of_length if len(of) >= MIN_WORDS
            )
    return side


def _contained(side: _Side, other: _Side, threshold: float, *, swap: bool) -> Iterator[Leak]:
    """Pieces of ``side`` that a document of ``other`` contains. swap: ``side`` is the training side."""
    index = _Index(other.runs)
    for number, owners in index.candidates([each.sketch for each in side.pieces], threshold):
        piece = side.pieces[number]
        for owner in owners:
            share = index.shared(piece.sketch, owner) / len(piece.sketch)
            if share >= threshold:
                names = (side.names[piece.document], other.names[owner])
                train, test = names if swap else names[::-1]
                yield Leak(piece.kind, train, test, share, piece.text)


def _rank(leak: Leak) -> tuple[bool, float]:
    return leak.kind != "document", -leak.share


# -- questions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    document: str
    text: str
    hashes: Hashes
    words: frozenset[str]
    names: frozenset[str]  # capitalised words but the first

    def same_facts(self, other: _Question) -> bool:
        """Whether the numbers are the same, and no name stands where the other question has another one."""
        if any(word[-1].isdigit() for word in self.words ^ other.words):
            return False
        return self.words >= other.names or other.words >= self.names


def _questions(by_document: Mapping[str, Sequence[str]]) -> list[_Question]:
    hash_of = _remembered()
    found = []
    for document, texts in by_document.items():
        for text in texts:
            own = [word for word in words(text) if word not in _ARTICLES]
            pairs = [f"{one} {other}" for one, other in pairwise(own)]
            hashes = np.unique(np.fromiter(map(hash_of, (*own, *pairs)), np.uint64, len(own) + len(pairs)))
            if own:
                names = frozenset(each for word in text.split()[1:] if word[:1].isupper() for each in words(word))
                found.append(_Question(document, text, hashes, frozenset(own), names))
    return found


# -- which set contains which ------------------------------------------------------------------------------------------


class _Index:
    """Sets of hashes, and which of them may contain another set."""

    def __init__(self, sets: Sequence[Hashes]) -> None:
        self._sets = sets
        every = np.concatenate(sets) if sets else np.zeros(0, np.uint64)
        owners = np.repeat(np.arange(len(sets), dtype=np.int32), [len(each) for each in sets])
        order = np.argsort(every, kind="stable")
        self._hashes, self._owners = every[order], owners[order]

    def candidates(self, wanted: Sequence[Hashes], threshold: float) -> Iterator[tuple[int, list[int]]]:
        """Index into ``wanted`` → sets that may hold at least ``threshold`` of it; no set that does is missing.

        Of a set's n hashes at most n - ceil(threshold n) may be missing, so one more than that, whichever they are,
        cannot all be (Chaudhuri et al. 2006): the rarest are looked up.
        """
        flat = np.concatenate(wanted) if wanted else np.zeros(0, np.uint64)
        left, right = (np.searchsorted(self._hashes, flat, side=side) for side in ("left", "right"))
        known: dict[bytes, list[int]] = {}  # the same text again, such as a notice in every document
        end = 0
        for number, each in enumerate(wanted):
            start, end = end, end + len(each)
            needed = max(1, math.ceil(threshold * len(each)))
            counts = right[start:end] - left[start:end]
            if np.count_nonzero(counts) < needed:
                continue
            key = each.tobytes()
            if key not in known:
                rarest = start + np.argsort(counts, kind="stable")[: len(each) - needed + 1]
                places = [self._owners[left[place] : right[place]] for place in rarest]
                known[key] = np.unique(np.concatenate(places)).tolist()
            yield number, known[key]

    def shared(self, hashes: Hashes, owner: int) -> int:
        """How many of ``hashes`` this set holds."""
        own = self._sets[owner]
        at = np.minimum(np.searchsorted(own, hashes), len(own) - 1)
        return int(np.count_nonzero(own[at] == hashes))


# -- hashes ------------------------------------------------------------------------------------------------------------

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 over the golden ratio (Knuth, volume 3, section 6.4)


def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _remembered() -> Callable[[str], int]:
    known: dict[str, int] = {}

    def hash_of(word: str) -> int:
        found = known.get(word)
        if found is None:
            found = known[word] = _word_hash(word)
        return found

    return hash_of
