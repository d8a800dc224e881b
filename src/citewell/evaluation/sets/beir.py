"""Reads a retrieval data set in BEIR layout (Thakur et al. 2021).

    corpus.jsonl         {"_id", "title" (optional), "text"} per line
    queries.jsonl        {"_id", "text"} per line
    qrels/<split>.tsv    query-id, corpus-id, score: tab-separated, with or without that header line

Every complaint is a :class:`DataError` that names file and line, and says what was expected. A corpus may be left out
when only the questions are wanted, because the documents are in a collection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from citewell.errors import DataError
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode, json_lines
from citewell.evaluation.sets.trec import read_qrels
from citewell.records import Json

PREFERRED_SPLITS = ("test", "dev")
"""Which split is read when none is named and there are several."""

_NAMES_TOLD = 3


class Entry(NamedTuple):
    """One document of the corpus."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class RetrievalData:
    """A corpus, the judged questions of one split, and the judgments.

    corpus: document id → entry. queries: query id → text, those with judgments, in the order of the judgments.
    judgments: query id → document id → grade (0 and less: judged not relevant). outside: judged documents that the
    corpus does not hold; they count as not found, as in the official evaluation.
    """

    name: str
    split: str
    corpus: dict[str, Entry]
    queries: dict[str, str]
    judgments: dict[str, dict[str, int]]

    @property
    def outside(self) -> int:
        return sum(document not in self.corpus for grades in self.judgments.values() for document in grades)


def is_beir(directory: Path) -> bool:
    return (directory / "queries.jsonl").is_file() and (directory / "qrels").is_dir()


def read_beir(directory: Path, split: str) -> RetrievalData:
    """The data set in ``directory`` with the judgments of ``qrels/<split>.tsv``."""
    judgments = _read_judgments(directory, split)
    problems = Problems(directory)
    corpus = {
        name: Entry(_text(row, "title", place, problems, required=False), _text(row, "text", place, problems))
        for place, name, row in _read_rows(directory / "corpus.jsonl", problems)
    }
    queries = _read_queries(directory, split, judgments, problems)
    problems.stop()
    return RetrievalData(directory.resolve().name, split, corpus, queries, judgments)


def read_beir_questions(directory: Path, split: str = "") -> tuple[list[Question], tuple[str, ...]]:
    """The judged questions with their relevant documents by name, and notes for people."""
    split = split or _only_split(directory)
    judgments = _read_judgments(directory, split)
    problems = Problems(directory)
    texts = _read_queries(directory, split, judgments, problems)
    corpus = directory / "corpus.jsonl"
    known = {name for _, name, _ in _read_rows(corpus, problems)} if corpus.is_file() else None
    problems.stop()
    questions = [
        Question(query, text, golds=tuple(Gold(document, grade=grade) for document, grade in
                                          judgments[query].items() if grade > 0), split=split)
        for query, text in texts.items()
    ]  # fmt: skip
    return questions, tuple(_notes(judgments, known, questions))


def splits(directory: Path) -> list[str]:
    """Names of the splits that have judgments."""
    return sorted(path.stem for path in (directory / "qrels").glob("*.tsv"))


def _notes(judgments: dict[str, dict[str, int]], known: set[str] | None, questions: list[Question]) -> Iterator[str]:
    judged = dict.fromkeys(document for grades in judgments.values() for document in grades)
    if known is not None and (outside := [name for name in judged if name not in known]):
        told = ", ".join(outside[:_NAMES_TOLD])
        yield f"{len(outside)} judged documents are not in corpus.jsonl ({told}); they count as not found."
    if bare := sum(not question.golds for question in questions):
        yield f"{bare} questions have no relevant document; they have no ranking metrics."


def _only_split(directory: Path) -> str:
    known = splits(directory)
    if len(known) == 1:
        return known[0]
    if preferred := next((each for each in PREFERRED_SPLITS if each in known), ""):
        return preferred
    raise DataError(f"{directory} has the splits {', '.join(known) or 'none'}. Say which one with --split.")


def _read_queries(
    directory: Path, split: str, judgments: dict[str, dict[str, int]], problems: Problems
) -> dict[str, str]:
    path = directory / "queries.jsonl"
    texts = {name: _text(row, "text", place, problems) for place, name, row in _read_rows(path, problems)}
    if unknown := [query for query in judgments if query not in texts]:
        told = ", ".join(f"'{query}'" for query in unknown[:_NAMES_TOLD])
        problems.add(
            str(directory / "qrels" / f"{split}.tsv"),
            f"it judges query {told} ({len(unknown)} in all) that queries.jsonl does not hold. Expected every judged "
            "query there, with the same _id.",
        )
    return {query: texts[query] for query in judgments if query in texts}


def _read_rows(path: Path, problems: Problems) -> Iterator[tuple[str, str, Json]]:
    """(place, id, object) of each line; place is ``file line n`` for messages."""
    if not path.is_file():
        raise DataError(f"{path} is missing. Expected corpus.jsonl, queries.jsonl and qrels/<split>.tsv.")
    seen: set[str] = set()
    any_row = False
    for place, row in json_lines(path, decode(path, problems), problems):
        any_row = True
        name = row.get("_id")
        if not isinstance(name, (str, int)) or isinstance(name, bool) or str(name) == "":
            problems.add(place, f"'_id' is {name!r}. Expected a text that identifies the entry.")
        elif str(name) in seen:
            problems.add(place, f"'_id' {name!r} was used before. Expected each id once.")
        else:
            seen.add(str(name))
            yield place, str(name), row
    if not any_row and not problems.count:
        problems.add(str(path), "it is empty. Expected one JSON object per line.")


def _text(row: dict[str, Any], name: str, place: str, problems: Problems, *, required: bool = True) -> str:
    value = row.get(name)
    if isinstance(value, str):
        return value
    if required or value is not None:
        problems.add(place, f"'{name}' is {value!r:.80}. Expected a text.")
    return ""


def _read_judgments(directory: Path, split: str) -> dict[str, dict[str, int]]:
    path = directory / "qrels" / f"{split}.tsv"
    if not directory.is_dir():
        found = "a file" if directory.exists() else "not there"
        raise DataError(
            f"{directory} is {found}. Expected a folder with corpus.jsonl, queries.jsonl and qrels/{split}.tsv, or a "
            "file of TREC qrels together with --from-run RUN."
        )
    if not path.is_file():
        known = ", ".join(splits(directory)) or "none"
        raise DataError(f"{path} is missing. Splits with judgments in {directory}: {known}.")
    return read_qrels(path)
