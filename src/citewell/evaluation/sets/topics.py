"""Questions with TREC judgments: a file of judgments and, beside it or in the same folder, one of queries.

queries.tsv     query id, tab, text
queries.jsonl   {"_id", "text"} per line
"""

from __future__ import annotations

from pathlib import Path

from citewell.errors import DataError
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode, json_lines
from citewell.evaluation.sets.trec import read_qrels

QUERY_FILES = ("queries.tsv", "topics.tsv", "queries.jsonl")

_LOOKED_AT = 20  # lines that tell judgments from other text
_COLUMNS = 4


def is_topics(folder: Path) -> bool:
    """Whether a folder holds judgments and queries."""
    return _queries_in(folder) is not None and bool(_judgments_in(folder))


def is_qrels(text: str) -> bool:
    """Whether a text is TREC judgments: four columns, the last a whole number."""
    lines = [line.split() for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    if lines and lines[0][0] in {"query-id", "query_id"}:
        return True
    return bool(lines) and all(len(line) == _COLUMNS and line[3].lstrip("-").isdigit() for line in lines)


def read_topics(folder: Path, split: str = "") -> tuple[list[Question], tuple[str, ...]]:
    """The judged questions of a folder. split: the name of the judgments' file without its ending."""
    known = _judgments_in(folder)
    if split or len(known) == 1:
        path = known.get(split or next(iter(known)))
        if path is not None:
            return read_beside(path)
    raise DataError(f"{folder} has judgments {', '.join(known)}. Say which with --split.")


def read_beside(path: Path) -> tuple[list[Question], tuple[str, ...]]:
    """The questions that the judgments in ``path`` are of."""
    folder = path.parent if _queries_in(path.parent) or path.parent.name != "qrels" else path.parent.parent
    queries = _queries_in(folder)
    if queries is None:
        raise DataError(
            f"{path} holds judgments, and no file beside it has the questions. Expected {', '.join(QUERY_FILES)}."
        )
    judgments = read_qrels(path)
    problems = Problems(queries)
    texts = _texts(queries, problems)
    for query in (query for query in judgments if query not in texts):
        problems.add(str(path), f"it judges query '{query}', which {queries.name} does not hold.")
    problems.stop()
    questions = [
        Question(
            query, texts[query], golds=tuple(Gold(name, grade=grade) for name, grade in grades.items() if grade > 0)
        )
        for query, grades in judgments.items()
    ]
    bare = sum(not question.golds for question in questions)
    return questions, (f"{bare} questions have no relevant document.",) if bare else ()


def _texts(path: Path, problems: Problems) -> dict[str, str]:
    found: dict[str, str] = {}
    text = decode(path, problems)
    if path.suffix == ".jsonl":
        rows = [(row.place, row.values.get("_id", row.values.get("id")), row.values.get("text"))
                for row in json_lines(path, text, problems)]  # fmt: skip
    else:
        lines = [(f"{path} line {number}", line.partition("\t"))
                 for number, line in enumerate(text.split("\n"), start=1) if line.strip()]  # fmt: skip
        rows = [(place, columns[0].strip(), columns[2].strip()) for place, columns in lines]
    for place, name, words in rows:
        if name is None or str(name) == "" or not isinstance(words, str) or not words.strip():
            problems.add(place, f"the id is {name!r}, the text {words!r:.60}. Expected both.")
        elif str(name) in found:
            problems.add(place, f"the id '{name}' was used before. Expected each id once.")
        else:
            found[str(name)] = words.strip()
    return found


def _queries_in(folder: Path) -> Path | None:
    return next((folder / name for name in QUERY_FILES if (folder / name).is_file()), None)


def _judgments_in(folder: Path) -> dict[str, Path]:
    """File name without its ending → file, of those that hold judgments."""
    found = {}
    for path in sorted([*folder.glob("*qrels*"), *folder.glob("*.qrels"), *folder.glob("qrels/*.tsv")]):
        if path.is_file():
            found[path.stem] = path
    return found
