"""Reads a retrieval data set in BEIR layout (Thakur et al. 2021).

    corpus.jsonl         {"_id", "title" (optional), "text"} per line
    queries.jsonl        {"_id", "text"} per line
    qrels/<split>.tsv    query-id, corpus-id, score: tab-separated, with or without that header line

Every complaint is a :class:`DataError` that names file and line, and says what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from citewell.errors import DataError


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


def read_beir(directory: Path, split: str) -> RetrievalData:
    """The data set in ``directory`` with the judgments of ``qrels/<split>.tsv``."""
    judgments = _read_judgments(directory, split)
    corpus = {
        name: Entry(_text(row, "title", place, required=False), _text(row, "text", place))
        for place, name, row in _read_rows(directory / "corpus.jsonl")
    }
    texts = {name: _text(row, "text", place) for place, name, row in _read_rows(directory / "queries.jsonl")}
    if unknown := [query for query in judgments if query not in texts]:
        raise DataError(
            f"{directory / 'qrels' / f'{split}.tsv'} judges query '{unknown[0]}' (and {len(unknown) - 1} more) that "
            "queries.jsonl does not hold. Expected every judged query there, with the same _id."
        )
    queries = {query: texts[query] for query in judgments}
    return RetrievalData(directory.resolve().name, split, corpus, queries, judgments)


def splits(directory: Path) -> list[str]:
    """Names of the splits that have judgments."""
    return sorted(path.stem for path in (directory / "qrels").glob("*.tsv"))


def _read_rows(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(place, id, object) of each line; place is ``file line n`` for messages."""
    if not path.is_file():
        raise DataError(f"{path} is missing. Expected corpus.jsonl, queries.jsonl and qrels/<split>.tsv.")
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            place = f"{path} line {number}"
            row = _parse(line, place)
            name = row.get("_id")
            if not isinstance(name, (str, int)) or isinstance(name, bool) or str(name) == "":
                raise DataError(f"{place}: '_id' is {name!r}. Expected a text that identifies the entry.")
            if str(name) in seen:
                raise DataError(f"{place}: '_id' {name!r} was used before. Expected each id once.")
            seen.add(str(name))
            yield place, str(name), row
    if not seen:
        raise DataError(f"{path} is empty. Expected one JSON object per line.")


def _parse(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:  # also UnicodeDecodeError
        raise DataError(f"{place} is not JSON in UTF-8 ({error}). Expected one JSON object per line.") from None
    if not isinstance(row, dict):
        raise DataError(f"{place} is not a JSON object. Expected an object with '_id' and 'text'.")
    return row


def _text(row: dict[str, Any], name: str, place: str, *, required: bool = True) -> str:
    value = row.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{place}: '{name}' is {value!r}. Expected a text.")
    return value


def _read_judgments(directory: Path, split: str) -> dict[str, dict[str, int]]:
    path = directory / "qrels" / f"{split}.tsv"
    if not path.is_file():
        known = ", ".join(splits(directory)) or "none"
        raise DataError(f"{path} is missing. Splits with judgments in {directory}: {known}.")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        columns = line.split("\t")
        if not line.strip() or (number == 1 and columns[0] == "query-id"):
            continue
        try:
            query, document, grade = columns
            found.setdefault(query, {})[document] = int(grade)
        except ValueError:
            raise DataError(
                f"{path} line {number} is {line[:80]!r}. Expected query-id, corpus-id and a whole number, "
                "separated by tabs."
            ) from None
    if not found:
        raise DataError(f"{path} holds no judgments. Expected lines of query-id, corpus-id and score.")
    return found
