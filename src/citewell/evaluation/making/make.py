"""The loop of ``citewell evaluate make``: read documents, draft, choose in balance, verify, add unanswerable twins.

Work is bounded at every step: documents read, blocks looked at, drafts kept for each document, passages searched for
each question. Everything chosen depends on the seed and on the content alone.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.errors import DataError
from citewell.evaluation.making.checks import Seen, echo, fault
from citewell.evaluation.making.choosing import Candidate, Chooser
from citewell.evaluation.making.codes import code_drafts
from citewell.evaluation.making.corpus import WIDE, Corpus, Trip
from citewell.evaluation.making.definitions import definition_drafts
from citewell.evaluation.making.drafts import Draft, Material, material
from citewell.evaluation.making.gaps import gap_drafts
from citewell.evaluation.making.headings import heading_drafts
from citewell.evaluation.making.naming import names_of_documents
from citewell.evaluation.making.rewording import reworded
from citewell.evaluation.making.statements import statement_drafts
from citewell.evaluation.making.tables import field_drafts, record_drafts, table_drafts
from citewell.evaluation.making.twins import Borrowed, Twin, borrowed, twins_of, verified
from citewell.evaluation.making.written import Writer, written_drafts
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.records import Document, Json, Passage, Span, content_id

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.store import Store

RULES_VERSION = "1"
"""Changes when the same collection would give other questions."""
SEED = 20261120
UNANSWERABLE = 0.2  # share of twins in the set
DRAFTS_OF_ONE = 8  # of one kind and one document that are kept; more where there are few documents
ENOUGH = 6  # drafts for every question wanted, from which no more documents are read
TRIED_FOR_ONE, TWINS_OF_ONE = 12, 4  # twins verified for each one wanted; of one draft
REWORDED = frozenset({"condition", "date", "fact", "how-to", "number", "person", "place", "reason"})
SAME_CORE = 2  # questions that differ in the document's name alone
NEIGHBOURS = 20  # nearest passages of a question whose documents a twin may name instead
READ_AT_LEAST, READ_PER_QUESTION = 60, 8  # documents: at most the larger of the first and the second times the count
FILTER = (
    f"Each question was searched for ({WIDE} passages by words, {WIDE} by vectors); it was dropped when another "
    "stretch gives another answer, and a stretch with the same answer became a second gold. None was dropped because "
    "its gold was not found."
)

OnProgress = Callable[[str, int, int], None]
_RULES: tuple[Callable[[Material], Iterator[Draft]], ...] = (
    table_drafts, record_drafts, field_drafts, definition_drafts, heading_drafts, statement_drafts, code_drafts,
    gap_drafts,
)  # fmt: skip


def make_set(
    store: Store,
    scope: Scope,
    *,
    count: int = 100,
    seed: int = SEED,
    name: str = "made",
    writer: Writer | None = None,
    on_progress: OnProgress | None = None,
) -> QuestionSet:
    """A test set of up to ``count`` questions from the visible documents, a fifth of them unanswerable.

    writer: a language model as a function from prompt to text; it then writes the answerable questions, and rules only
    verify them. What could not be made, and why, is in the set's ``made``.
    """
    items = [item for item in store.catalog.items(scope) if item.is_document]
    if not items:
        raise DataError("There is no document to make questions from. Add some first:  citewell add FOLDER")
    show = on_progress or (lambda _stage, _done, _total: None)
    maker = _Maker(store, scope, items, seed, show)
    pool = maker.collect(count, writer)
    twin_count = round(count * UNANSWERABLE)
    questions = maker.answerable(pool, count - twin_count)
    twins = maker.unanswerable(pool, min(twin_count, round(len(questions) * UNANSWERABLE / (1 - UNANSWERABLE))))
    made = sorted([*questions, *twins], key=lambda question: question.id)
    return QuestionSet(name, tuple(made), maker.told(made, count, "model" if writer else "rules"))


class _Maker:
    """One making: the documents, what was taken, and why the rest was not."""

    def __init__(self, store: Store, scope: Scope, items: Sequence[Item], seed: int, show: OnProgress) -> None:
        self._store, self._seed, self._show = store, seed, show
        self._items = {item.document_id: item for item in items}
        self._names = names_of_documents(items)
        self._corpus = Corpus(store, scope)
        self._order = in_order(items, seed)
        self._seen = Seen()
        self._cores: Counter[str] = Counter()
        self._asked: set[tuple[str, Span, str]] = set()
        self._reasons: Counter[str] = Counter()
        self._read = 0
        self._ranks: list[int] = []
        self._echoes: list[float] = []
        self._model = False
        self._of_one = DRAFTS_OF_ONE

    def collect(self, count: int, writer: Writer | None) -> list[Candidate]:
        """Checked drafts of enough documents, in the order of the documents."""
        most = min(len(self._order), max(READ_AT_LEAST, READ_PER_QUESTION * count))
        pool: list[Candidate] = []
        self._model = writer is not None
        least = min(most, max(READ_AT_LEAST, count))
        self._of_one = max(DRAFTS_OF_ONE, ENOUGH * count // (3 * len(self._order)))
        for number, item in enumerate(self._order[:most]):
            self._show("reading", number, most)
            if len(pool) >= ENOUGH * count and number >= least:
                break
            document = self._store.document(item)
            if document is None:
                self._reasons["stored text of the document is missing"] += 1
                continue
            self._read += 1
            given = material(document, self._names[item.document_id], _number(self._seed, document.text[:2000]))
            drafts = (
                written_drafts(given, writer, self._reasons)
                if writer
                else chain.from_iterable(r(given) for r in _RULES)
            )
            pool.extend(self._checked(given, item, drafts))
        self._show("reading", most, most)
        return pool

    def answerable(self, pool: Sequence[Candidate], wanted: int) -> list[Question]:
        """Questions that the round trip left with one answer, in balance over kinds, documents and file types."""
        chooser, made = Chooser(pool, self._model), list[Question]()
        while len(made) < wanted and (candidate := chooser.next()) is not None:
            question = self._verified(candidate)
            chooser.tell(candidate, taken=question is not None)
            if question is not None:
                made.append(question)
                self._show("verifying", len(made), wanted)
        self._reasons["not needed"] += chooser.left if len(made) == wanted else 0
        return made

    def unanswerable(self, pool: Sequence[Candidate], wanted: int) -> list[Question]:
        """Twins that nothing answers, of changing kinds, one for a draft and few for a document."""
        lent = borrowed([candidate.draft for candidate in pool])
        lenders = {
            candidate.draft.asked: candidate.document_id for candidate in reversed(pool) if candidate.draft.asked
        }
        made: list[Question] = []
        changes: Counter[str] = Counter()
        documents: Counter[str] = Counter()
        tried = 0
        for candidate in sorted(pool, key=lambda each: _number(self._seed, "twin", each.draft.question)):
            if len(made) == wanted or tried > TRIED_FOR_ONE * wanted:
                break
            if documents[candidate.document_id] > len(made) // 4:
                continue
            for twin in self._twins(candidate, lent, changes):
                tried += 1
                if self._seen.has(twin.question) or not twin.question.endswith("?"):
                    continue
                good, nearest = verified(twin, self._corpus)
                if not good:
                    self._reasons["twin: the documents may answer it"] += 1
                    continue
                named = [key for key, name in self._names.items() if name and name in twin.question]
                held = [
                    candidate.document_id,
                    lenders.get(twin.asked, ""),
                    nearest.document_id if nearest else "",
                    *named,
                ]
                made.append(self._twin_question(twin, nearest, held))
                self._seen.add(twin.question)
                changes[twin.change] += 1
                documents[candidate.document_id] += 1
                self._show("twins", len(made), wanted)
                break
        return made

    def _twins(self, candidate: Candidate, lent: Borrowed, changes: Counter[str]) -> list[Twin]:
        """A few possible twins of a draft, of the kinds of change made least so far."""
        draft, name = candidate.draft, candidate.given.name
        question = draft.question if draft.alone or not draft.named else draft.named
        rng = random.Random(_number(self._seed, draft.question))  # noqa: S311 — a choice, no secret
        near = [self._names.get(passage.document_id, "") for passage in self._corpus.near(question)[:NEIGHBOURS]]
        others = tuple(each for each in dict.fromkeys(near) if each and each != name)
        twins = twins_of(draft, question, name, lent, others, rng)
        few = {"other attribute": 6}  # such twins are the least like what people ask: they count sixfold
        return sorted(twins, key=lambda twin: (changes[twin.change] + 1) * few.get(twin.change, 1))[:TWINS_OF_ONE]

    def _twin_question(self, twin: Twin, nearest: Passage | None, held: Sequence[str]) -> Question:
        """held: ids of all documents whose words the twin or its note has; it goes when one of them is removed."""
        where = f" Nearest: {PurePath(nearest.uri).name}, {nearest.locate()}".rstrip(", ") + "." if nearest else ""
        return Question(
            id=_id(twin.question, "", self._model), text=twin.question, answerable=False, kind="unanswerable",
            tags=("twin", twin.change), origin="model" if self._model else "made",
            note=f"Made unanswerable: {twin.why}.{where}", sources=tuple(sorted({*held} - {""})),
        )  # fmt: skip

    def told(self, made: Sequence[Question], count: int, how: str) -> Json:
        """How the set was made, for its ``made``."""
        kinds = Counter(question.kind for question in made)
        found = sum(rank > 0 for rank in self._ranks)
        return {
            "how": how, "rules": RULES_VERSION, "seed": self._seed, "asked_for": count, "made": len(made),
            "unanswerable": sum(not question.answerable for question in made), "kinds": dict(sorted(kinds.items())),
            "documents": len(self._items), "documents_read": self._read, "filter": FILTER,
            "gold_found_among_wide": round(found / len(self._ranks), 4) if self._ranks else None,
            "mean_echo": round(sum(self._echoes) / len(self._echoes), 4) if self._echoes else None,
            "dropped": dict(sorted((name, number) for name, number in self._reasons.items() if number)),
            "content": content_id(*sorted(f"{each.document_id} {each.version}" for each in self._items.values())),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip

    def _checked(self, given: Material, item: Item, drafts: Iterator[Draft]) -> list[Candidate]:
        """The drafts worth a search, at most :data:`DRAFTS_OF_ONE` of each kind, chosen by seed."""
        kept: dict[str, list[Candidate]] = defaultdict(list)
        for draft in drafts:
            asked = draft.question.replace(given.name, "") if given.name else draft.question
            why = fault(draft.named or draft.question, asked, draft.answers[0], given.quote(draft.span))
            if not draft.alone and not draft.named:
                why = why or "no name tells its document from another"
            if why:
                self._reasons[why] += 1
                continue
            order = _number(self._seed, draft.question, given.quote(draft.span))
            kept[draft.kind].append(Candidate(draft, item.document_id, item.media_type, order, given))
        spans = {each.draft.span for kind, of_kind in kept.items() if kind != "cloze" for each in of_kind}
        kept["cloze"] = [each for each in kept["cloze"] if each.draft.span not in spans]
        chosen = []
        for _, of_kind in sorted(kept.items()):
            best = sorted(of_kind, key=lambda each: (each.order, each.draft.span))
            chosen.extend(best[: self._of_one])
            self._reasons["not needed"] += max(0, len(of_kind) - self._of_one)
        return chosen

    def _verified(self, candidate: Candidate) -> Question | None:
        """The question without the document's name if that has one answer, else with it, else nothing."""
        draft, given = candidate.draft, candidate.given
        quote = given.quote(draft.span)
        if self._cores[draft.question] >= SAME_CORE:
            self._reasons["nearly the same question was taken"] += 1
            return None
        source = (candidate.document_id, draft.span, draft.asked if draft.kind in {"table", "field"} else "")
        if source in self._asked:
            self._reasons["its source was asked already"] += 1
            return None
        for name in ("", given.name):
            text = draft.named if name else draft.question
            text = reworded(text) if draft.kind in REWORDED else text
            if not text or (not name and not draft.alone):
                continue
            if self._seen.has(text):
                self._reasons["nearly the same question was taken"] += 1
                return None
            trip = self._corpus.round_trip(draft, text, quote, candidate.document_id, name=name)
            if not trip.rival:
                self._seen.add(text)
                self._asked.add(source)
                self._cores[draft.question] += 1
                self._ranks.append(trip.rank)
                self._echoes.append(echo(reworded(draft.question) if draft.kind in REWORDED else draft.question, quote))
                return self._question(candidate, text, trip)
        self._reasons["another stretch gives another answer"] += 1
        return None

    def _question(self, candidate: Candidate, text: str, trip: Trip) -> Question:
        draft, document = candidate.draft, candidate.given.document
        golds = [_gold(document, draft.span)]
        for passage, span in trip.also:
            quote = passage.text[span[0] - passage.span[0] : span[1] - passage.span[0]]
            golds.append(Gold(
                passage.document_id, quote, passage.locate(span).page, span, passage.document_version,
                name=passage.uri,
            ))  # fmt: skip
        how = "a language model" if self._model else "rule"
        return Question(
            id=_id(text, golds[0].quote, self._model), text=text, answers=draft.answers, golds=tuple(golds),
            kind=draft.kind, tags=(draft.shape,) if draft.shape != "text" else (),
            origin="model" if self._model else "made",
            note=f"Made from {PurePath(document.uri).name} by {how}: {draft.rule}.",
        )  # fmt: skip


def in_order(items: Sequence[Item], seed: int) -> list[Item]:
    """Documents by seed, file types taking turns, so that the first ones are of all types."""
    by_type: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_type[item.media_type].append(item)
    lists = [
        sorted(of_type, key=lambda each: (_number(seed, PurePath(each.uri).name, each.title), each.document_id))
        for _, of_type in sorted(by_type.items())
    ]  # fmt: skip
    return [item for turn in zip_longest(*lists) for item in turn if item is not None]


def _gold(document: Document, span: Span) -> Gold:
    page = next((
        block.locator.page for block in document.blocks if block.span[0] <= span[0] < block.span[1]
    ), None)  # fmt: skip
    return Gold(document.id, document.text[span[0] : span[1]], page, span, document.version, name=document.uri)


def _number(seed: int, *parts: str) -> int:
    return int(content_id(str(seed), *parts)[:12], 16)


def _id(question: str, quote: str, model: bool) -> str:
    return f"{'w' if model else 'm'}-{content_id(question, quote)[:10]}"
