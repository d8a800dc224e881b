"""Which documents say the same, and which are versions of one another: small signatures, compared without any text.

A document's signature is made once, when it is indexed, and stored in the catalog. It holds a hash of all its words,
one MinHash of its runs of words and one of its vocabulary (Broder 1997: the share of equal minima estimates the Jaccard
overlap), and two small samples of what tells versions apart: its numbers, and its names. From signatures alone
:func:`groups` finds

    copies         the same words, whatever the format, the line breaks and the punctuation
    near copies    almost the same runs of words, and not each with numbers or names that the other lacks
    versions       a vocabulary in common, and a title or file name that differs only by a date or a mark such as "v2"

A policy written anew shares few runs of words with the old one, and two data sheets of one family share many; only what
they are called keeps versions and siblings apart, so no two documents are versions for their words alone. Copies of a
passage among the results of one search are another matter: :mod:`citewell.retrieval.copies`.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice
from typing import Any, Literal

Kind = Literal["copies", "near copies", "versions"]

SIGNATURE_VERSION = 1
"""First byte of a signature. Signatures of other versions are compared by the hash of their words only."""

SHINGLE = 5  # words in a run
PERMUTATIONS = 128  # minima of each MinHash, 16 bits each; the standard error of an estimate near 0.6 is 0.04
SEED = 20_261_120
SAMPLE = 64  # numbers, and names, kept of a document: those with the smallest hashes; most documents have fewer

# benchmarks/results/duplicates.json: RELATED has the best F1 on the half of the labelled pairs that chooses, NEAR is on
# a flat stretch of its curve. The three below were set by hand (decision 12).
NEAR = 0.5  # overlap from which two documents without differing numbers and names are near copies
RELATED = 0.3  # overlap of vocabularies from which two documents of the same name are versions
SAME_VOCABULARY = 0.8  # overlap of vocabularies from which files of one name are near copies
TEMPLATE = 0.3  # overlap from which documents of one title may be one form, filled in
NAMES_APART = 0.05  # share of differing names up to which they may be typing errors

BANDS, ROWS = 42, 3  # of the MinHash; pairs at NEAR share a band with probability 0.996, pairs at 0.1 with 0.04
NAME_CHARACTERS = 300  # of a title that are looked at
CROWD = 24  # members of one band or name that each document is compared with at most, so that the work stays bounded

_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"  # scripts without spaces
WORD = re.compile(rf"[^\W\d_{_UNSPACED}]+|(?:(?<![\w.])[-+])?\d+(?:[.,:/]\d+)*|[{_UNSPACED}]|[%‰°€$£¥<>≤≥±=≠]")
"""A word, a number (signed where no word stands before it), a character of a script without spaces, or a sign that
carries meaning. Other punctuation differs between formats and is left out."""

_HEADER = struct.Struct(">BBI16s")  # version, version of the MinHash, how many words, their hash
_NUMBERS = struct.Struct(">I8s")  # how many numbers, the hash of all of them
_MINIMA = struct.Struct(f">{2 * PERMUTATIONS}H")  # of runs, of single words
_SAMPLES = struct.Struct(f">{2 * SAMPLE}I")  # of numbers, of names
_SIZE = _HEADER.size + _MINIMA.size + _SAMPLES.size + _NUMBERS.size
_EMPTY = 0xFFFFFFFF  # fills a sample that is not full

_DATE_IN_NAME = re.compile(
    r"(?:(?<![^\W_])|(?<=[a-z]{4}))(?:19|20)\d\d(?:[-._ ]?(?:0[1-9]|1[0-2])(?:[-._ ]?(?:0[1-9]|[12]\d|3[01]))?)?"
    r"(?![^\W_])"
    r"|(?:\d{1,2}\.? )?\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
    r"(?= \d| (?:19|20)\d\d)(?: \d{1,2}(?!\d),?)?"
)
_MARK_IN_NAME = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition|issue)[ ._-]?\d+(?:[._]\d+)*(?![^\W_])"
    r"|\b(?:rev|revision|version)[ ._-][a-z]\b"
    r"|(?<![^\W_])(?:draft|final|old|new|latest|approved|signed|wip|updated|superseded|entwurf)(?![^\W_])"
)
_COPY_IN_NAME = re.compile(r"\(\d{1,2}\)|(?<![^\W_])(?:copy(?: of)?|kopie|backup)(?![^\W_])")
_ENDING = re.compile(r"(?:\.[a-z][a-z0-9]{0,7})+$")
_NAME_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Signed:
    """A document as :func:`groups` sees it. modified_at: ISO 8601, empty when unknown."""

    document_id: str
    uri: str
    title: str
    modified_at: str
    version: str
    signature: bytes
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Documents that belong together.

    versions: newest first; the documents of one version are copies of each other, newest first. One version unless kind
    is ``versions``. similarity: the least overlap of two documents that hold the group together, in [0, 1].
    """

    kind: Kind
    versions: tuple[tuple[Signed, ...], ...]
    similarity: float

    @property
    def documents(self) -> tuple[Signed, ...]:
        return tuple(each for version in self.versions for each in version)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "similarity": round(self.similarity, 3),
            "versions": [
                [{"document": each.document_id, "uri": each.uri, "title": each.title, "modified_at": each.modified_at}
                 for each in version]
                for version in self.versions
            ],
        }  # fmt: skip


def words(text: str) -> list[str]:
    """The words, numbers and meaningful signs of ``text``, lower case, in order."""
    return WORD.findall(text.lower().replace("\N{MINUS SIGN}", "-"))


def signature(text: str) -> bytes:
    """What :func:`groups` needs of a document's text: always the same number of bytes, the same on every machine."""
    found = words(text)
    runs = (" ".join(found[i : i + SHINGLE]) for i in range(max(1, len(found) - SHINGLE + 1)))
    digest = hashlib.sha256(" ".join(found).encode("utf-8", "surrogatepass")).digest()[:16]
    counts: Counter[str] = Counter()
    numbers = []  # the second 30 is another one than the first: one of them may change
    for word in found:
        if word[-1].isdigit():
            counts[word] += 1
            numbers.append(f"{word} {counts[word]}")
    every = hashlib.sha256(" ".join(sorted(numbers)).encode()).digest()[:8]
    return (
        _HEADER.pack(SIGNATURE_VERSION, _algorithm(), len(found), digest)
        + _MINIMA.pack(*_minima(runs), *_minima(found))
        + _SAMPLES.pack(*_sample(numbers), *_sample(_names(text)))
        + _NUMBERS.pack(len(numbers), every)
    )


def similarity(one: bytes, other: bytes) -> float:
    """The estimated Jaccard overlap of two documents' runs of words, in [0, 1]; exactly 1 for the same words."""
    if _hash(one) == _hash(other) or one[:2] != other[:2]:  # of different releases only the words' hash compares
        return float(_hash(one) == _hash(other))
    return _overlap(one, other, 0)


def relation(one: Signed, other: Signed) -> tuple[Kind | None, float]:
    """How two documents are related, if at all, and the overlap of their runs of words."""
    overlap = similarity(one.signature, other.signature)
    if overlap == 1.0 and _hash(one.signature) == _hash(other.signature):
        return "copies", 1.0
    named_alike = one_name(one, other)
    vocabulary = _overlap(one.signature, other.signature, PERMUTATIONS) if named_alike else 0.0
    alike = overlap >= NEAR or vocabulary >= SAME_VOCABULARY
    if alike and not (named_alike and _marked(one, other)) and not _differ(one.signature, other.signature):
        return "near copies", overlap
    return ("versions" if vocabulary >= RELATED else None), overlap


def groups(entries: Sequence[Signed]) -> list[Group]:
    """Documents that are copies or versions of each other, the largest groups first; the others are left out.

    The same for every order of ``entries``. Only what is given is compared: give what the asker may read.
    """
    entries = sorted(
        (each for each in entries if _usable(each.signature)), key=lambda each: (each.uri, each.document_id)
    )
    alike, related = _Sets(len(entries)), _Sets(len(entries))
    least: dict[int, float] = {}
    first = {_hash(each.signature): number for number, each in reversed(list(enumerate(entries)))}
    links: list[tuple[int, int, Kind, float]] = [
        (first[_hash(each.signature)], number, "copies", 1.0) for number, each in enumerate(entries)
    ]
    for one, other in _candidates(entries):
        kind, overlap = relation(entries[one], entries[other])
        if kind is not None:
            links.append((one, other, kind, overlap))
    for one, other, kind, _ in links:
        related.join(one, other)
        if kind != "versions":
            alike.join(one, other)
    for one, _, _, overlap in links:
        root = related.find(one)
        least[root] = min(overlap, least.get(root, 1.0))
    found = [_group(entries, members, alike, least[root]) for root, members in related.sets() if len(members) > 1]
    return sorted(found, key=lambda group: (-len(group.documents), group.documents[0].uri))


def one_name(one: Signed, other: Signed) -> bool:
    """Whether title or file name are the same but for dates and marks, and these are not one form filled in twice."""
    if not names_of(one.title, one.uri) & names_of(other.title, other.uri):
        return False
    return similarity(one.signature, other.signature) < TEMPLATE or not _filled_in(one, other)


def _marked(one: Signed, other: Signed) -> bool:
    """Whether title and file name say that these are different versions: 2023 and 2025, v1 and v2."""
    left, right = marks(one.title, one.uri), marks(other.title, other.uri)
    return bool(left - right and right - left)


def _filled_in(one: Signed, other: Signed) -> bool:
    """Whether two documents that share a title look like one form filled in twice: by file name and names in them."""
    left, right = _bare(_stem(one.uri)), _bare(_stem(other.uri))
    if left == right:
        return False
    numbers, other_numbers = (set(re.findall(r"\d+", name)) for name in (left, right))
    if numbers - other_numbers and other_numbers - numbers:
        return True
    missing, of = _missing(_samples(one.signature)[1], _samples(other.signature)[1])
    return missing > NAMES_APART * of


def names_of(title: str, uri: str) -> set[str]:
    """What a document is called without dates, marks of a version and file ending: its title, its file name."""
    return {name for name in (_bare(title), _bare(_stem(uri))) if name}


def marks(title: str, uri: str) -> set[str]:
    """The dates and marks of a version in a document's title and file name."""
    text = f"{title[:NAME_CHARACTERS]} | {_stem(uri)[:NAME_CHARACTERS]}".lower()
    found = [*_MARK_IN_NAME.findall(text), *(match.group() for match in _DATE_IN_NAME.finditer(text))]
    return {re.sub(r"[^\w]|_", "", each) for each in found}


@lru_cache(maxsize=1 << 14)
def _bare(name: str) -> str:
    text = _ENDING.sub("", name[:NAME_CHARACTERS].lower()).replace("_", " ")
    for pattern in (_COPY_IN_NAME, _MARK_IN_NAME, _DATE_IN_NAME, _MARK_IN_NAME):
        text = pattern.sub(" ", text)
    return " ".join(_NAME_PART.findall(text))


def _stem(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2].partition("#")[0]


# -- signatures --------------------------------------------------------------------------------------------------------


def _algorithm() -> int:
    from rensa import RMinHash

    return int(getattr(RMinHash, "ALGORITHM_VERSION", 1))


def _minima(tokens: Iterable[str]) -> list[int]:
    from rensa import RMinHash

    sketch = RMinHash(PERMUTATIONS, SEED)
    left = iter(tokens)
    while batch := list(islice(left, 10_000)):  # a book's runs never stand in memory together
        sketch.update(batch)
    return [minimum & 0xFFFF for minimum in sketch.digest()]


def _names(text: str) -> set[str]:
    """Capitalised words inside a sentence: names of people, places and products, mostly."""
    found = re.findall(r"(?<=[^\W_] )[A-Z][^\W\d_]+|(?<=[^\W_], )[A-Z][^\W\d_]+", text)
    return {each.lower() for each in found}


def _sample(tokens: Iterable[str]) -> list[int]:
    """The :data:`SAMPLE` smallest hashes of distinct tokens, in order."""
    hashes = {
        int.from_bytes(hashlib.blake2b(each.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")
        for each in set(tokens)
    } - {_EMPTY}
    return (sorted(hashes) + [_EMPTY] * SAMPLE)[:SAMPLE]


def _overlap(one: bytes, other: bytes, first: int) -> float:
    """The share of equal minima, of runs (from 0) or of single words (from :data:`PERMUTATIONS`)."""
    start = _HEADER.size + 2 * first
    left, right = (each[start : start + 2 * PERMUTATIONS] for each in (one, other))
    if left == right:
        return 1.0
    pairs = zip(memoryview(left).cast("H"), memoryview(right).cast("H"), strict=True)
    return sum(a == b for a, b in pairs) / PERMUTATIONS


def _samples(signed: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The samples of numbers and of names."""
    both = _SAMPLES.unpack_from(signed, _HEADER.size + _MINIMA.size)
    return both[:SAMPLE], both[SAMPLE:]


def _hash(signed: bytes) -> bytes:
    return signed[6 : _HEADER.size]


def _length(signed: bytes) -> int:
    return int.from_bytes(signed[2:6], "big")


def _usable(signed: bytes) -> bool:
    """Whether it can be compared: whole, and of a document that has words."""
    return len(signed) == _SIZE and signed[0] == SIGNATURE_VERSION and _length(signed) > 0


def _differ(one: bytes, other: bytes) -> bool:
    """Whether each document states a number, or more names than slips of the pen, that the other lacks."""
    (numbers, names), (other_numbers, other_names) = _samples(one), _samples(other)
    missing, of = _missing(names, other_names)
    if missing > NAMES_APART * of or _missing(numbers, other_numbers)[0] > 0:
        return True
    (count, every), (other_count, other_every) = (_NUMBERS.unpack(each[-_NUMBERS.size :]) for each in (one, other))
    return bool(count == other_count and every != other_every)  # as many, but others


def _missing(one: Sequence[int], other: Sequence[int]) -> tuple[int, int]:
    """The smaller of the two counts of hashes only one side has, and how many there are in all.

    Only hashes up to the largest that both samples reach are compared: a full sample says nothing about larger ones.
    """
    reach = min(one[-1], other[-1])
    left, right = ({each for each in side if each <= reach and each != _EMPTY} for side in (one, other))
    return min(len(left - right), len(right - left)), len(left | right)


# -- pairs worth comparing ---------------------------------------------------------------------------------------------


def _candidates(entries: Sequence[Signed]) -> Iterator[tuple[int, int]]:
    """Pairs of different texts that share a band of their MinHash or a name, each pair once.

    One of several copies stands for all in each band, and one for all that bear the same name.
    """
    crowds: dict[tuple[int, bytes] | str, dict[bytes, int]] = defaultdict(dict)
    seen_texts: set[bytes] = set()
    for number, entry in enumerate(entries):
        text = _hash(entry.signature)
        for name in names_of(entry.title, entry.uri):
            crowds[name].setdefault(text, number)
        if text not in seen_texts:
            seen_texts.add(text)
            for band in range(BANDS):
                start = _HEADER.size + 2 * ROWS * band
                crowds[band, entry.signature[start : start + 2 * ROWS]][text] = number
    seen: set[tuple[int, int]] = set()
    for crowd in crowds.values():
        if len(crowd) > 1:
            by_date = sorted(crowd.values(), key=lambda number: (entries[number].modified_at, number))
            for pair in _near_in(by_date):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _near_in(crowd: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs of a small crowd; in a large one each member with the :data:`CROWD` members after it."""
    if len(crowd) <= CROWD:
        pairs: Iterable[tuple[int, int]] = combinations(crowd, 2)
    else:
        pairs = ((one, other) for i, one in enumerate(crowd) for other in crowd[i + 1 : i + 1 + CROWD])
    for one, other in pairs:
        yield min(one, other), max(one, other)


class _Sets:
    """Numbers joined into sets."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, one: int, other: int) -> None:
        self._parent[self.find(other)] = self.find(one)

    def sets(self) -> Iterator[tuple[int, list[int]]]:
        members: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parent)):
            members[self.find(number)].append(number)
        yield from members.items()


def _group(entries: Sequence[Signed], members: Sequence[int], alike: _Sets, least: float) -> Group:
    """The members by version. A version is as old as its oldest copy: a copy saved again later is no newer text."""
    same: dict[int, list[Signed]] = defaultdict(list)
    for number in members:
        same[alike.find(number)].append(entries[number])
    versions = [
        tuple(sorted(each, key=lambda entry: (entry.modified_at, entry.uri), reverse=True)) for each in same.values()
    ]
    versions.sort(key=lambda version: (min(each.modified_at for each in version), version[0].uri), reverse=True)
    if len(versions) > 1:
        kind: Kind = "versions"
    else:
        kind = "copies" if len({_hash(each.signature) for each in versions[0]}) == 1 else "near copies"
    return Group(kind, tuple(versions), least)
