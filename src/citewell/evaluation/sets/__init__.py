"""Question sets from files: each format has a module of its own, and :func:`read_set` tells which one a file is in.

    beir        a folder with queries.jsonl and qrels/
    trec        judgments and runs; read_set takes a folder of judgments with queries.tsv or queries.jsonl beside them
    squad       SQuAD 1.1 and 2.0
    ragas       rows of Ragas, of 0.1 and later
    deepeval    goldens and test cases
    questions   rows of questions: CSV, JSON lines, a JSON list, and Citewell's own JSON

A file is read whole or not at all: everything that is wrong with it is one :class:`DataError`. What a set's golds mean
in a collection is :mod:`citewell.evaluation.anchoring`'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from citewell.errors import DataError
from citewell.evaluation.questions import SET_FORMAT, Question, QuestionSet
from citewell.evaluation.sets import beir, deepeval, ragas, squad, topics
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.questions import is_known, is_question_name, questions_of
from citewell.evaluation.sets.rows import (
    Row,
    are_columns,
    columns,
    csv_delimiter,
    csv_header,
    csv_rows,
    decode,
    json_lines,
    named,
    objects,
    read_json,
)

__all__ = ["FORMATS", "choose_split", "read_set"]

FORMATS = (
    "a folder in BEIR layout (queries.jsonl, qrels/); a folder or file of TREC judgments with queries.tsv or "
    "queries.jsonl beside it; SQuAD JSON ('data' with 'paragraphs'); Ragas JSON, JSON lines or CSV ('user_input' or "
    "'question' with 'reference' or 'ground_truth'); DeepEval JSON ('input' with 'expected_output' or 'context'); CSV "
    "or JSON lines with a column 'question'; a set written by Citewell ('format' and 'questions')"
)

_WRAPPERS = ("questions", "samples", "goldens", "test_cases", "testCases", "data", "rows", "dataset")
"""Names under which tools put the list of rows into a JSON object."""

_UNFIT = re.compile(r"[^a-z0-9._-]+")

_Read = tuple[Sequence[Question], tuple[str, ...]]


def read_set(path: Path, split: str = "", name: str = "") -> QuestionSet:
    """The set in a file or folder, whatever of the known formats it has.

    split: only its questions, where the set has splits. name: of the set; the file's unless given.
    """
    if not path.exists():
        raise DataError(f"There is no file or folder '{path}'. Check the spelling.")
    name = name or plain_set_name(path)
    if path.is_dir():
        if not (beir.is_beir(path) or topics.is_topics(path)):
            raise DataError(f"'{path}' holds no question set. Looked for {FORMATS}.")
        read = beir.read_beir_questions if beir.is_beir(path) else topics.read_topics
        questions, notes = read(path, split)
        return QuestionSet(name, tuple(questions), notes=notes)
    return choose_split(_read_file(path, name), split)


def plain_set_name(path: Path) -> str:
    """A name a collection accepts, from a file's: ``Prüfung (v2).csv`` → ``prufung-v2``."""
    stem = path.resolve().stem if path.is_file() else path.resolve().name
    plain = unicodedata.normalize("NFKD", stem.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return _UNFIT.sub("-", plain).strip("-._")[:64] or "set"


def choose_split(questions: QuestionSet, split: str) -> QuestionSet:
    """The questions of one split; all of them when none is named."""
    if not split:
        return questions
    chosen = tuple(each for each in questions.questions if each.split == split)
    if not chosen:
        known = sorted({each.split for each in questions.questions} - {""})
        raise DataError(f"'{questions.name}' has no split '{split}'. Splits there: {', '.join(known) or 'none'}.")
    return replace(questions, questions=chosen)


def _read_file(path: Path, name: str) -> QuestionSet:
    problems = Problems(path)
    text = decode(path, problems)
    if not text.strip():
        raise DataError(f"{path} is empty. Looked for {FORMATS}.")
    made: dict[str, Any] = {}
    if text.lstrip()[0] in "[{":
        read, made = _read_json(path, text, problems)
    elif topics.is_qrels(text):
        read = topics.read_beside(path)
    else:
        read = _read_table(path, text, problems)
    problems.stop()
    return QuestionSet(name, tuple(read[0]), made, read[1])


def _read_json(path: Path, text: str, problems: Problems) -> tuple[_Read, dict[str, Any]]:
    """A JSON value of any of the formats, or JSON lines."""
    if _is_lines(text):
        return _read_rows(list(json_lines(path, text, problems)), path, problems), {}
    data = read_json(path, text)
    if squad.is_squad(data):
        return (squad.squad_questions(squad.parse_squad(data, path, problems)), ()), {}
    if isinstance(data, dict) and isinstance(data.get("questions"), list) and "format" in data:
        return _read_own(data, path, problems)
    return _read_rows(_listed_rows(data, path, problems), path, problems), {}


def _listed_rows(data: Any, path: Path, problems: Problems) -> list[Row]:
    """Rows of a JSON value: a list, an object that holds one, a table by columns, or one question alone."""
    if isinstance(data, list):
        return list(objects(path, data, "$", problems))
    for name in _WRAPPERS:
        if isinstance(data.get(name), list) and all(isinstance(each, dict) for each in data[name]):
            return list(objects(path, data[name], f"$.{name}", problems))
    if any(is_question_name(name) for name in data):
        return list(columns(path, data, problems)) if are_columns(data) else [Row(f"{path} $", named(data))]
    raise DataError(f"{path} holds no question set: an object with {_some(data)}. Looked for {FORMATS}.")


def _read_own(data: dict[str, Any], path: Path, problems: Problems) -> tuple[_Read, dict[str, Any]]:
    if data["format"] != SET_FORMAT:
        raise DataError(f"{path} has format {data['format']!r}; this release reads {SET_FORMAT}. Upgrade Citewell.")
    questions, notes = questions_of(objects(path, data["questions"], "$.questions", problems), path, problems)
    made = data.get("made", {})
    if not isinstance(made, dict):
        problems.add(f"{path} $.made", "not an object. Expected how the set was made, or nothing.")
        made = {}
    return (questions, notes), made


def _read_table(path: Path, text: str, problems: Problems) -> _Read:
    header = csv_header(text.lstrip("\n").split("\n", 1)[0].rstrip("\r"), csv_delimiter(text, is_known))
    if not any(is_question_name(name) for name in header):
        raise DataError(
            f"{path} line 1: no column for the question among {', '.join(header)[:200]!r}. Looked for {FORMATS}."
        )
    return _read_rows(list(csv_rows(path, text, is_known, problems)), path, problems)


def _read_rows(rows: Sequence[Row], path: Path, problems: Problems) -> _Read:
    """Rows of any tool, told apart by the names all of them use."""
    names = {name for row in rows for name in row.values}
    if ragas.is_ragas(names):
        return questions_of(ragas.ragas_rows(rows), path, problems, ragas.UNDERSTOOD)
    if deepeval.is_deepeval(names):
        return questions_of(deepeval.deepeval_rows(rows), path, problems, deepeval.UNDERSTOOD)
    if rows and not any(is_question_name(name) for name in names):
        raise DataError(f"{path} holds no questions: rows with {_some(sorted(names))}. Looked for {FORMATS}.")
    return questions_of(rows, path, problems)


def _is_lines(text: str) -> bool:
    """Whether the first line is an object by itself and more follows."""
    first, _, rest = text.strip().partition("\n")
    return first.strip().startswith("{") and first.strip().endswith("}") and rest.strip().startswith("{")


def _some(names: Iterable[str]) -> str:
    listed = [str(name) for name in names]
    return ", ".join(f"'{name}'" for name in listed[:6]) + (", …" if len(listed) > 6 else "") or "nothing"
