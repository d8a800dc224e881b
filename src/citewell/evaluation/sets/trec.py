"""TREC judgments and runs, as ``trec_eval`` reads them: columns with blanks or tabs between them.

qrels    query  iteration  document  grade
run      query  Q0         document  rank   score  name
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from citewell.errors import DataError
from citewell.evaluation.sets.fields import MAX_WHOLE
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode

_QRELS, _RUN = 4, 6  # columns


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Query id → document id → grade (0 and less: judged not relevant). BEIR's three columns with or without their
    header are read too."""
    problems = Problems(path)
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(decode(path, problems).splitlines(), start=1):
        columns = line.split("\t") if line.count("\t") == 2 else line.split()
        if not columns or (number == 1 and columns[0] in {"query-id", "query_id"}):
            continue
        place = f"{path} line {number}"
        if len(columns) not in {3, _QRELS}:
            problems.add(
                place, f"{line[:80]!r} has {len(columns)} columns. Expected query, iteration, document, grade."
            )
            continue
        query, document, grade = columns[0], columns[-2], columns[-1]
        try:
            value = int(grade)
        except ValueError:
            problems.add(place, f"the grade is {grade[:40]!r}. Expected a whole number.")
            continue
        if abs(value) > MAX_WHOLE:
            problems.add(place, f"the grade is {grade[:40]!r}. Expected a whole number of at most {MAX_WHOLE:,}.")
            continue
        if document in found.get(query, {}):
            problems.add(place, f"document '{document}' was judged for query '{query}' before. Expected it once.")
            continue
        found.setdefault(query, {})[document] = value
    problems.stop()
    if not found:
        raise DataError(f"{path} holds no judgments. Expected lines of query, iteration, document, grade.")
    return found


def read_run(path: Path, known: Mapping[str, object] | None = None) -> dict[str, dict[str, float]]:
    """Query id → document id → score, best first: by score, and equal scores by id downwards, as ``trec_eval`` orders
    them whatever the rank column says. known: queries there are; others are an error."""
    problems = Problems(path)
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(decode(path, problems).splitlines(), start=1):
        columns = line.split()
        if not columns:
            continue
        place = f"{path} line {number}"
        if len(columns) != _RUN:
            told = f"{line[:80]!r} has {len(columns)} columns. Expected query, Q0, document, rank, score, name."
            problems.add(place, told)
            continue
        query, document = columns[0], columns[2]
        score = _number(columns[4])
        if score is None:
            problems.add(place, f"the score is {columns[4][:40]!r}. Expected a number.")
        elif document in found.get(query, {}):
            problems.add(place, f"document '{document}' is there twice for query '{query}'. Expected it once.")
        elif known is not None and query not in known:
            problems.add(place, f"query '{query}' is none of the {len(known)} that are judged.")
        else:
            found.setdefault(query, {})[document] = score
    problems.stop()
    if not found:
        raise DataError(f"{path} holds no ranking. Expected lines of query, Q0, document, rank, score, name.")
    return {query: _ordered(scores) for query, scores in found.items()}


def write_run(path: Path, rankings: Mapping[str, Sequence[tuple[str, float]]], name: str = "citewell") -> None:
    """Writes rankings, each best first, as a run other tools read. Ids with blanks cannot be written."""
    lines = []
    for query, ranking in rankings.items():
        for rank, (document, score) in enumerate(ranking, start=1):
            if bad := next((each for each in (query, document) if not each or len(each.split()) != 1), None):
                raise DataError(f"The id {bad!r} cannot stand in a TREC run: it is empty or holds blanks.")
            lines.append(f"{query} Q0 {document} {rank} {score:.6f} {name}\n")
    path.write_text("".join(lines), encoding="utf-8")


def _ordered(scores: Mapping[str, float]) -> dict[str, float]:
    by_id = sorted(scores.items(), reverse=True)
    return dict(sorted(by_id, key=lambda each: -each[1]))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
