"""What the rest of the collection says to a question: the round trip of a made question.

The question is searched for, widely (:data:`WIDE` passages by words and as many by vectors), and every sentence and row
found is read by plain rules, without the system's reader and without its order. A stretch that says what the question
asks for, of the right kind of value, is either another gold (the same answer) or a rival (another one): then the
question has no one answer and is given up.

A question is never dropped because the search did not find its gold, so the set does not flatter the search it was
checked with. What can remain: a rival that stands in none of the passages found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.answering.read import text_of, units_of
from citewell.answering.words import IDENTIFIER, terms
from citewell.evaluation.making.drafts import Draft, Shape
from citewell.evaluation.making.shapes import holds, shape_of
from citewell.records import Passage, Span

if TYPE_CHECKING:
    from citewell.store import Store

WIDE = 100
"""Passages looked at from each of the two searches, ten times what an answer is read from."""
SAYS = 0.8  # share of a question's words a stretch needs to speak of the same; all of them where they are few
FEW = 4
SAME_ANSWER = 0.8  # share of the answer's words a stretch needs to give the same answer
KEPT = 20_000  # passages whose words are kept
MOST_GOLDS = 6
LEAST_COPIED = 20  # characters of a stretch that is the same in another document by more than chance


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item or row with every word that says what it is about. own: the words of its text alone."""

    text: str
    span: Span
    own: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trip:
    """What the round trip found. also: further golds, as passage and span. rank: of the gold among the passages of
    both searches, from 1, in the order the two were interleaved; 0 when it was not found."""

    rival: str = ""
    also: tuple[tuple[Passage, Span], ...] = ()
    rank: int = 0


class Corpus:
    """The visible passages of a collection, read through wide searches."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._index = store.index.snapshot()
        self._encoder = store.encoder
        self._scope = scope
        self._passages: dict[str, Passage] = {}
        self._read_units: dict[str, tuple[Unit, ...]] = {}

    def near(self, question: str, *others: str) -> list[Passage]:
        """The passages nearest to ``question`` by vectors and by words, then by the words of ``others``."""
        dense = self._index.rank_dense(self._encoder.encode([question])[0], WIDE, self._scope).ids
        lexical = [self._index.rank_lexical(each, WIDE, self._scope).ids for each in (question, *others)]
        both = [each for pair in zip(_padded(lexical[0]), _padded(dense), strict=True) for each in pair]
        return self._read([*both, *(each for ids in lexical[1:] for each in ids)])

    def round_trip(self, draft: Draft, question: str, quote: str, document_id: str, *, name: str = "") -> Trip:
        """Whether the collection gives ``question`` one answer, and where it stands.

        quote: the gold's. name: the document's, when the question names it; then only that document can answer it, and
        others only where they say the same words.
        """
        keys = draft.keys.replace(name, "") if name else draft.keys
        wanted, exact = set(terms(keys)), _identifiers(keys)
        also: list[tuple[Passage, Span]] = []
        rank = 0
        for place, passage in enumerate(self.near(question, keys), 1):
            own = passage.document_id == document_id
            if own and not rank and _overlap(passage.span, draft.span):
                rank = place
            for unit in self._units(passage):
                if (own and _overlap(unit.span, draft.span)) or not _speaks(unit, wanted, exact):
                    continue
                if name and not own and (len(unit.text) < LEAST_COPIED or unit.text not in quote):
                    continue
                if _same_answer(unit, draft.answers[0]):
                    also.append((passage, unit.span))
                elif _answers(unit, draft, keys):
                    return Trip(rival=f"{passage.uri}: {unit.text[:120]}", rank=rank)
        return Trip("", tuple(also[:MOST_GOLDS]), rank)

    def speaks_of(self, question: str, about: str, asked: str) -> Passage | None:
        """A passage that may answer a question nobody should be able to answer: it names ``about`` and says at least
        half of ``asked``."""
        thing, wanted = set(terms(about)), set(terms(asked))
        exact = _identifiers(about)
        for passage in self.near(question, f"{about} {asked}", about):
            words, text = self._words(passage), passage.searchable.casefold()
            if exact and not all(each in text for each in exact):
                continue
            if thing <= words and 2 * len(_with_synonyms(wanted, words)) >= len(wanted):
                return passage
        return None

    def nearest(self, question: str) -> Passage | None:
        return next(iter(self.near(question)), None)

    def _units(self, passage: Passage) -> tuple[Unit, ...]:
        if passage.id not in self._read_units:
            self._read_units[passage.id] = _units(passage)
        return self._read_units[passage.id]

    def _words(self, passage: Passage) -> frozenset[str]:
        return frozenset().union(*(unit.words for unit in self._units(passage)))

    def _read(self, ids: Iterable[str]) -> list[Passage]:
        wanted = list(dict.fromkeys(each for each in ids if each))
        missing = [each for each in wanted if each not in self._passages]
        if len(self._passages) > KEPT:
            self._passages.clear()
            self._read_units.clear()
            missing = wanted
        self._passages.update((each.id, each) for each in self._index.get(missing, self._scope))
        return [self._passages[each] for each in wanted if each in self._passages]


def _units(passage: Passage) -> tuple[Unit, ...]:
    context = frozenset(terms(f"{passage.context} {passage.modified_at[:4]}"))
    found = []
    for span in units_of(passage):
        text = text_of(passage, span)
        own = frozenset(terms(text))
        found.append(Unit(text, span, own, own | context))
    return tuple(found)


def _speaks(unit: Unit, wanted: set[str], exact: set[str]) -> bool:
    known = len(wanted & unit.words)
    enough = len(wanted) if len(wanted) <= FEW else SAYS * len(wanted)
    if known < enough or not wanted & unit.own:
        return False
    return all(set(terms(each)) <= unit.words for each in exact)


def _same_answer(unit: Unit, answer: str) -> bool:
    said = set(terms(answer))
    return bool(said) and len(said & unit.own) >= SAME_ANSWER * len(said)


def _answers(unit: Unit, draft: Draft, keys: str) -> bool:
    """Whether the unit gives a value of the kind asked for, other than the numbers of the question itself."""
    shape: Shape = draft.shape
    if shape in {"number", "amount"}:
        others = set(re.findall(r"\d[\d.,]*", unit.text)) - set(re.findall(r"\d[\d.,]*", keys))
        measured = [word for word in terms(draft.answers[0]) if word.isalpha() and len(word) > 2]
        money = shape_of(draft.answers[0]) == "amount"  # "per person" and "for an individual" are rivals too
        return bool(others) and (not measured or money or bool(set(measured) & unit.own))
    return holds(shape, unit.text) and len(unit.own) > 1


def _identifiers(text: str) -> set[str]:
    return {each.casefold() for each in IDENTIFIER.findall(text)}


def _overlap(one: Span, two: Span) -> bool:
    return one[0] < two[1] and two[0] < one[1]


def _padded(ids: tuple[str, ...]) -> list[str]:
    return [*ids, *[""] * (WIDE - len(ids))]


_SYNONYMS = tuple(
    frozenset(terms(each)) for each in (
        "price cost fee charge rate amount GBP EUR USD pounds euros dollars",
        "phone telephone extension mobile call number",
        "deadline due latest until date", "e-mail email mail address", "owner responsible contact manager head lead",
        "supplier vendor manufacturer maker", "weight kg heavy g grams", "length height width size dimensions mm cm",
        "warranty guarantee", "colour color", "location place site address room office",
    )
)  # fmt: skip


def _with_synonyms(wanted: set[str], words: frozenset[str]) -> set[str]:
    """The wanted words that are said, in their own form or in one that means about the same."""
    return {
        word for word in wanted
        if word in words or any(word in group and group & words for group in _SYNONYMS)
    }  # fmt: skip
