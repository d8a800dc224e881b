"""Takes the words of documents out of the sets and runs of a collection, when the documents are removed from it.

What goes: a gold's quote and the answers, key points and notes of its question, the texts of hits, the quotes of
citations, the sentences and answers that were made from them. A question that was made from a removed document goes
whole; one a person wrote stays, without what it says of the document. Figures stay. What a set calls its documents by
and what it quotes without naming a document is found by name and by comparing words.

A file that cannot be read stops the removal before anything is changed: it is unknown what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.access import Scope
from citewell.durable import PARTIAL, write_durably
from citewell.errors import DataError, IntegrityError
from citewell.evaluation.naming import DocumentNames
from citewell.evaluation.places import EVALUATIONS, UNFINISHED, run_folder, set_folder
from citewell.evaluation.questions import SET_FORMAT, Gold, Question, QuestionSet
from citewell.evaluation.quotes import fold
from citewell.evaluation.runs import RUN_FORMAT, Result, Run
from citewell.records import Json
from citewell.store import Store

if TYPE_CHECKING:
    from citewell.catalog import Item

REMOVED = "Its source was removed from the collection."

MIN_COMPARED = 12
"""Folded characters of an answer or a quote without a document, from which on it is compared with removed texts; a
number or a name stands in too many documents to say where it is from."""

_Has = Callable[[Gold], bool]
_Holds = Callable[[str], bool]

_OWNER = Scope.owner()
_LINE = 24  # characters, as in the removal's own proof: shorter lines stand in many documents


def erase(store: Store, document_ids: Collection[str]) -> int:
    """Takes every text of these documents out of the stored sets and runs; gives the number of questions and results
    that changed. To be called while the catalog still knows the documents; the caller holds the lock."""
    ids = frozenset(document_ids)
    paths = [*_files(set_folder(store)), *_files(run_folder(store))]
    if not ids:
        return 0
    if broken := unreadable(store):
        raise DataError(
            f"{broken[0]} It is unknown whether it holds words of what is to be removed, so nothing was removed. "
            "Delete the file, or put a whole copy in its place, and run the command again."
        )
    for path in (store.root / EVALUATIONS).rglob(f"*{PARTIAL}"):  # also of unfinished runs
        path.unlink(missing_ok=True)
    if not paths:
        return 0
    gone = _Gone.of(store, ids)
    changed = 0
    for path in paths:
        data = json.loads(path.read_bytes())
        if path.parent == set_folder(store):
            kept, count = _forget_in_set(QuestionSet.from_json(data), gone)
            if count:
                write_durably(path, (json.dumps(kept.to_json(), ensure_ascii=False, indent=1) + "\n").encode())
        else:
            run, count = _forget_in_run(Run.from_json(data), ids, gone.has, gone.holds)
            if count:
                run.write(path)
        changed += count
    return changed


def forget_in_run(run: Run, known: Collection[str]) -> Run:
    """``run`` without words of documents that are not ``known``, which were removed while it was made. What they said
    is known from the run alone: its hits and citations. A citation without a document is one that was made up."""
    if run.kind != "answers":
        return run  # over documents of its own
    texts = [(hit.document_id, hit.text) for result in run.results for hit in result.hits]
    texts += [(cited.document_id, cited.quote) for result in run.results for cited in result.citations]
    gone = frozenset(document_id for document_id, _ in texts if document_id and document_id not in known)
    said = [fold(text) for document_id, text in texts if document_id in gone]

    def holds(words: str) -> bool:
        wanted = fold(words)
        return len(wanted) >= MIN_COMPARED and any(wanted in text for text in said)

    return _forget_in_run(run, gone, lambda gold: gold.document in gone, holds)[0] if gone else run


def unreadable(store: Store) -> list[str]:
    """A sentence for each file among the sets and runs that is none, or is damaged."""
    found = []
    for folder, wanted, read in (
        (set_folder(store), SET_FORMAT, QuestionSet.from_json), (run_folder(store), RUN_FORMAT, Run.from_json),
    ):  # fmt: skip
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not path.name.endswith(PARTIAL) and (why := _complaint(path, wanted, read)):
                found.append(f"{path} {why}.")
    return found


def leftovers(store: Store) -> list[Path]:
    """Files that were being written when a process was killed. Results of unfinished runs are none: those go on."""
    found = (store.root / EVALUATIONS).rglob(f"*{PARTIAL}")
    return sorted(path for path in found if not path.name.endswith(UNFINISHED))


def held(store: Store, document_ids: Collection[str]) -> list[str]:
    """What stored sets and runs still hold of these documents by id, as sentences; empty after :func:`erase`."""
    found = []
    for path in [*_files(set_folder(store)), *_files(run_folder(store))]:
        try:
            data = json.loads(path.read_bytes())
            texts = _texts_of(data, frozenset(document_ids))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # :func:`unreadable` tells of it
        found += [f"{path.relative_to(store.root)} still holds {each}" for each in texts]
    return list(dict.fromkeys(found))


# -- one file ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Gone:
    """The documents that go. names: of all documents. texts: folded. lines: their longer lines, folded. answered: what
    :meth:`holds` said before, because runs over one set ask about the same words again."""

    ids: frozenset[str]
    names: DocumentNames
    texts: tuple[str, ...]
    lines: frozenset[str]
    store: Store
    answered: dict[str, bool] = field(default_factory=dict)

    @staticmethod
    def of(store: Store, ids: frozenset[str]) -> _Gone:
        items = [item for item in store.catalog.items(_OWNER) if item.is_document]
        texts, lines = list[str](), set[str]()
        for text in (_text(store, item) for item in items if item.document_id in ids):
            texts.append(fold(text))
            lines.update(fold(line) for line in text.splitlines() if len(line.strip()) >= _LINE)
        return _Gone(ids, DocumentNames(items), tuple(text for text in texts if text), frozenset(lines - {""}), store)

    def has(self, gold: Gold) -> bool:
        """Whether a gold is of these documents."""
        if not gold.document:
            return self.holds(gold.quote)
        found, _ = self.names.find(gold)
        going = [item for item in found if item.document_id in self.ids]
        if gold.document in self.ids or (going and len(going) == len(found)):
            return True
        return bool(going) and self.holds(gold.quote)  # the name means documents that stay, too

    def holds(self, words: str) -> bool:
        """Whether words without a document stand in these ones, and in none that stays."""
        if words not in self.answered:
            self.answered[words] = self._holds(words)
        return self.answered[words]

    def _holds(self, words: str) -> bool:
        wanted = fold(words)
        if len(wanted) < MIN_COMPARED:
            return False
        within = any(wanted in text for text in self.texts)
        around = not within and len(wanted) > _LINE and any(line in wanted for line in self.lines)
        return (within or around) and not self._elsewhere(wanted, words)

    def _elsewhere(self, wanted: str, words: str) -> bool:
        hits = self.store.index.lexical(words, 20, _OWNER)
        return any(wanted in fold(hit.passage.text) for hit in hits if hit.passage.document_id not in self.ids)


def _forget_in_set(questions: QuestionSet, gone: _Gone) -> tuple[QuestionSet, int]:
    kept = [_forget(question, gone.has, gone.holds) for question in questions.questions]
    changed = sum(new != old for new, old in zip(kept, questions.questions, strict=True))
    return replace(questions, questions=tuple(each for each in kept if each is not None)), changed


def _forget(question: Question, has: _Has, holds: _Holds) -> Question | None:
    """The question without words of what goes; ``None`` when it was made from it."""
    lost = [has(gold) for gold in question.golds]
    made_of_it = any(lost) or any(has(Gold(document=source)) for source in question.sources)
    if made_of_it and question.origin != "human":
        return None
    told = any(holds(words) for words in (*question.answers, *question.key_points, question.note))
    if not any(lost) and not told:
        return question
    golds = tuple(
        replace(gold, quote="", span=None, document_version="") if is_lost else gold
        for gold, is_lost in zip(question.golds, lost, strict=True)
    )
    golds = tuple(gold for gold in golds if gold.document or gold.quote)
    return replace(question, golds=golds, answers=(), key_points=(), note=REMOVED)


def _forget_in_run(run: Run, ids: frozenset[str], has: _Has, holds: _Holds) -> tuple[Run, int]:
    results = tuple(_forget_result(result, ids, has, holds) for result in run.results)
    changed = sum(new != old for new, old in zip(results, run.results, strict=True))
    return replace(run, results=results), changed


def _forget_result(result: Result, ids: frozenset[str], has: _Has, holds: _Holds) -> Result:
    """A result without words of what goes. A made question keeps its id and its figures, not its words."""
    question = _forget(result.question, has, holds)
    if question is None:
        golds = tuple(replace(gold, quote="", span=None) for gold in result.question.golds)
        question = replace(result.question, text="", golds=golds, answers=(), key_points=(), note=REMOVED)
    hits = tuple(replace(hit, text="") if hit.document_id in ids else hit for hit in result.hits)
    citations = tuple(replace(each, quote="") if each.document_id in ids else each for each in result.citations)
    if citations == result.citations and question == result.question:
        return replace(result, hits=hits)
    sentences = tuple(replace(each, text="") for each in result.sentences)
    return replace(result, question=question, hits=hits, citations=citations, sentences=sentences, answer="")


def _texts_of(data: Json, ids: frozenset[str]) -> Iterator[str]:
    for result in data.get("results", ()):
        name = result["question"]["id"]
        if any(hit["document"] in ids and hit["text"] for hit in result["hits"]):
            yield f"the text of a hit for '{name}'"
        if any(cited["document"] in ids and cited["quote"] for cited in result["citations"]):
            yield f"a citation of '{name}'"
    questions = [*data.get("questions", ()), *(result["question"] for result in data.get("results", ()))]
    for question in questions:
        if any(gold.get("document") in ids and gold.get("quote") for gold in question.get("golds", ())):
            yield f"a gold of '{question['id']}'"
        if question["question"] and ids.intersection(question.get("sources", ())):
            yield f"the question '{question['id']}', which was made from it"


def _text(store: Store, item: Item) -> str:
    try:
        parsed = store.blobs.get(item.version)
    except IntegrityError:
        return ""  # damaged: what it said is unknown; golds that name the document go by its name
    return str(parsed["text"]) if parsed else ""


def _complaint(path: Path, wanted: int, read: Callable[[Json], object]) -> str:
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict) or data.get("format") != wanted:
            return "is no file of this release's evaluation"
        read(data)
    except (OSError, ValueError, RecursionError) as error:
        return f"cannot be read ({error})"
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        return f"is not complete ({type(error).__name__}: {error})"
    return ""


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.glob("*.json") if path.is_file())
