"""Rows of questions, whatever file they stand in: our own names, those of other tools, and what each row must have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import get_args

from citewell.access import check_principal
from citewell.errors import SettingsError
from citewell.evaluation.metrics.instructions import FORMATS
from citewell.evaluation.questions import Gold, Instructions, Origin, Question
from citewell.evaluation.sets import fields as known
from citewell.evaluation.sets.fields import Complaints
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import Row, plain_name, unpacked
from citewell.records import content_id

_IGNORED = frozenset({"", "split", "unnamed_0", "index", "asked_as"})
_ID_DIGITS = 12

NAMES = frozenset({
    *known.ID, *known.QUESTION, *known.ANSWER, *known.DOCUMENT, *known.QUOTE, *known.PAGE, *known.SPAN, *known.START,
    *known.END, *known.GRADE, *known.GOLDS, *known.KIND, *known.ANSWERABLE, *known.IMPOSSIBLE, *known.KEY_POINTS,
    *known.NOTE, "tags", "split", "principals", "instructions", "locator", "nearest", "origin", "document_version",
})  # fmt: skip


def is_known(name: str) -> bool:
    """Whether a column of this (plain) name is understood."""
    return name in NAMES


def is_question_name(name: str) -> bool:
    """Whether a field of this name, in whatever spelling, holds the question."""
    return plain_name(name) in known.QUESTION


def questions_of(
    rows: Iterable[Row], path: Path, problems: Problems, understood: Iterable[str] = ()
) -> tuple[list[Question], tuple[str, ...]]:
    """The questions of ``rows``, and notes for people. understood: further names that the caller has dealt with."""
    found: list[Question] = []
    places: dict[str, str] = {}
    unused: Counter[str] = Counter()
    repeated = 0
    for row in rows:
        complaints = Complaints(row.place, row.values, problems)
        question = _question(complaints)
        unused.update(set(row.values) - complaints.used - _IGNORED - set(understood))
        if question is None:
            continue
        if question.id in places and not complaints.has_id:
            repeated += 1  # the same row to the last field
            continue
        if question.id in places:
            complaints.say(
                f"the id {question.id!r:.80} was used before, in {places[question.id]}. Expected each id once."
            )
            continue
        places[question.id] = row.place.removeprefix(f"{path} ")
        found.append(question)
    if not found and not problems.count:
        problems.add(str(path), "no question in it. Expected at least one.")
    return found, tuple(_notes(found, unused, repeated))


def _question(row: Complaints) -> Question | None:
    text = row.text(known.QUESTION)
    if not text or text.casefold() == "nan":
        if not row.ok:
            return None  # told already
        name, value = row.first(known.QUESTION)
        what = f"'{name}' is {value!r}" if name else f"no question among {', '.join(row.row) or 'no fields'}"
        row.say(f"{what}. Expected the question's text in 'question'.")
        return None
    golds = row.golds()
    answers = row.texts((*known.ANSWER, "references") if row.has_reference_texts() else known.ANSWER)
    kind, tags = row.text(known.KIND), row.texts(("tags",), tags=True)
    question = Question(
        id=row.text(known.ID) or content_id(json.dumps(row.row, sort_keys=True, default=str))[:_ID_DIGITS],
        text=text, answers=answers, golds=golds, answerable=_answerable(row, kind, answers, golds),
        key_points=row.texts(known.KEY_POINTS), instructions=_instructions(row), kind=kind, tags=tags,
        split=row.text(("split",)), principals=_principals(row), origin=_origin(row), note=_note(row),
    )  # fmt: skip
    return question if row.ok else None


def _answerable(row: Complaints, kind: str, answers: Sequence[str], golds: Sequence[Gold]) -> bool:
    stated, impossible = row.truth(known.ANSWERABLE), row.truth(known.IMPOSSIBLE)
    if stated is None:
        stated = not impossible if impossible is not None else kind.casefold() not in known.UNANSWERABLE_KINDS
    if not stated and golds:
        row.say("'answerable' is false, and a document or quote is given. Expected one or the other; name a document "
                "that comes near in 'nearest'.")  # fmt: skip
    if stated and not answers and not golds and any(row.row.get(name) == [] for name in known.ANSWER):
        row.say("no reference answer and no document for a question that has an answer. Expected one of them.")
    return stated


def _instructions(row: Complaints) -> Instructions:
    _, value = row.first(("instructions",))
    value = unpacked(value)
    if value is None:
        return Instructions()
    names = {field.name for field in fields(Instructions)}
    if not isinstance(value, dict) or not set(value) <= names:
        row.say(f"'instructions' is {value!r:.80}. Expected an object with some of {', '.join(sorted(names))}.")
        return Instructions()
    inner = Complaints(f"{row.place} instructions", value, row.problems)
    found = Instructions(
        inner.text(("format",)), inner.number(("max_words",), 0) or 0, inner.text(("language",)),
        inner.texts(("contain",)), inner.texts(("avoid",)),
    )  # fmt: skip
    if found.format and found.format not in FORMATS:
        inner.say(f"'format' is {found.format!r:.80}. Expected one of {', '.join(FORMATS)}.")
    row.ok = row.ok and inner.ok
    return found


def _principals(row: Complaints) -> tuple[str, ...] | None:
    if "principals" not in row.row:
        return None
    value = row.row["principals"]
    row.used.add("principals")
    if unpacked(value) == []:
        return ()
    found = row.texts(("principals",), tags=True)
    for principal in found:
        try:
            check_principal(principal)
        except SettingsError as error:
            row.say(str(error))
    return found


def _origin(row: Complaints) -> Origin:
    value = row.text(("origin",)) or "human"
    for origin in get_args(Origin):
        if value == origin:
            return origin  # type: ignore[no-any-return]
    row.say(f"'origin' is {value!r:.80}. Expected one of {', '.join(get_args(Origin))}.")
    return "human"


def _note(row: Complaints) -> str:
    note, nearest = row.text(known.NOTE), row.text(("nearest",))
    return " ".join(part for part in (note, f"Nearest: {nearest}." if nearest else "") if part)


def _notes(found: Sequence[Question], unused: Counter[str], repeated: int) -> Iterable[str]:
    if repeated:
        yield f"{repeated} rows without an id that say the same as an earlier one were left out."
    if unused:
        told = ", ".join(f"{name} ({count})" for name, count in sorted(unused.items()))
        yield f"Fields that were not used, with how many rows have them: {told}."
    if found and not any(each.answers or each.golds or not each.answerable for each in found):
        yield (
            "No question has an answer, a document or a quote, and none is unanswerable: only what needs none of them "
            "can be measured."
        )
