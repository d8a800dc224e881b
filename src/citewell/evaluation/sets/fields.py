"""What the fields of a row mean: the names they go by, and their values as questions and golds have them.

Every reader of values says what is wrong through :class:`Row problems <Complaints>` and goes on, so that one pass over
a file finds all of its problems.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from citewell.evaluation.questions import Gold
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import named, unpacked
from citewell.records import Json, Span

ID = ("id", "_id", "unique_id", "question_id", "query_id", "qid", "uid")
QUESTION = ("question", "query", "user_input", "input", "utterance", "prompt", "question_text")
ANSWER = (
    "answers", "answer", "ground_truth", "ground_truths", "reference", "reference_answer", "reference_answers",
    "expected_output", "expected_answer", "gold_answer", "gold_answers", "target_value",
)  # fmt: skip
DOCUMENT = ("document", "doc", "document_id", "doc_id", "file", "filename", "file_name", "source", "source_file",
            "uri", "path", "corpus_id")  # fmt: skip
QUOTE = ("quote", "quotation", "gold_quote", "evidence", "excerpt", "supporting_text", "content", "text")
PAGE = ("page", "page_number", "slide")
SPAN = ("span",)
START, END = ("start", "start_index", "start_char"), ("end", "end_index", "end_char")
GRADE = ("grade", "relevance")
GOLDS = ("golds", "sources", "also", "references", "citations")
KIND = ("kind", "type", "question_type", "category", "evolution_type", "synthesizer_name")
ANSWERABLE, IMPOSSIBLE = ("answerable", "is_answerable"), ("is_impossible", "unanswerable")
KEY_POINTS = ("key_points", "keypoints")
NOTE = ("note", "reason", "comment", "comments")

UNANSWERABLE_KINDS = frozenset({"unanswerable", "off_topic", "off-topic", "nonsense", "no_answer"})
"""Kinds that say a question has no answer, where nothing else says so."""

SEPARATOR = "||"
"""Between several answers or key points in one CSV cell; a semicolon or a comma may belong to an answer."""

MAX_WHOLE = 1_000_000_000
"""The largest page, character or grade: sums of far larger grades are no numbers any more."""

_TAG_SEPARATOR = re.compile(r"\s*[;,|]\s*")
_TRUE, _FALSE = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}
_NOT_A_NUMBER = {"nan", "none", "null", "n/a", "<na>"}


class Complaints:
    """What is wrong with one row. used: the names that were understood."""

    def __init__(self, place: str, row: Json, problems: Problems) -> None:
        self.place, self.row, self.used = place, row, set[str]()
        self.problems = problems
        self.ok = True

    def say(self, message: str) -> None:
        self.ok = False
        self.problems.add(self.place, message)

    @property
    def has_id(self) -> bool:
        return any(name in self.row for name in ID)

    def first(self, names: Sequence[str]) -> tuple[str, Any]:
        """The first of these fields that the row has, and its value; all of them count as understood."""
        present = [name for name in names if name in self.row]
        self.used.update(present)
        return (present[0], self.row[present[0]]) if present else ("", None)

    # -- plain values --------------------------------------------------------------------------------------------------

    def text(self, names: Sequence[str]) -> str:
        """A text; a number is written out."""
        name, value = self.first(names)
        if value is None:
            return ""
        if _is_number(value):
            value = str(value)
        if not isinstance(value, str):
            self.say(f"'{name}' is {_short(value)}. Expected a text.")
            return ""
        return value.strip()

    def texts(self, names: Sequence[str], *, tags: bool = False) -> tuple[str, ...]:
        """Several texts: a list, a text with ``||`` between them, or one text."""
        name, value = self.first(names)
        value = unpacked(value)
        if value is None:
            return ()
        if isinstance(value, dict) and isinstance(value.get("text"), list):  # as SQuAD's rows have answers
            value = value["text"]
        if _is_number(value):
            value = str(value)
        if isinstance(value, str):
            value = _TAG_SEPARATOR.split(value.strip()) if tags else value.split(SEPARATOR)
        if not isinstance(value, list):
            self.say(f"'{name}' is {_short(value)}. Expected a text or a list of texts.")
            return ()
        return self._each(name, value)

    def _each(self, name: str, values: Sequence[Any]) -> tuple[str, ...]:
        found: list[str] = []
        for number, each in enumerate(values):
            plain = str(each) if _is_number(each) else each
            if not isinstance(plain, str) or plain.strip().casefold() in {"", "nan"}:
                what = f"'{name}'" if len(values) == 1 else f"'{name}' number {number + 1}"
                self.say(f"{what} is {_short(each)}. Expected a text that is not empty.")
                continue
            found.append(plain.strip())
        return tuple(dict.fromkeys(found))

    def truth(self, names: Sequence[str]) -> bool | None:
        name, value = self.first(names)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().casefold()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        self.say(f"'{name}' is {_short(value)}. Expected true or false.")
        return None

    def number(self, names: Sequence[str], least: int) -> int | None:
        """A whole number of at least ``least``."""
        name, value = self.first(names)
        if value is None or (isinstance(value, str) and value.strip().casefold() in _NOT_A_NUMBER - {"nan"}):
            return None
        return self.whole(name, value, least)

    def whole(self, name: str, value: Any, least: int) -> int | None:
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or number != int(number) or number < least:
            self.say(f"'{name}' is {_short(value)}. Expected a whole number of at least {least}.")
            return None
        if number > MAX_WHOLE:
            self.say(f"'{name}' is {_short(value)}. Expected a whole number of at most {MAX_WHOLE:,}.")
            return None
        return int(number)

    # -- golds ---------------------------------------------------------------------------------------------------------

    def golds(self) -> tuple[Gold, ...]:
        """The gold in the row's own fields, and those it lists."""
        found = self._own_golds()
        for name in GOLDS:
            if name not in self.row or (name == "references" and self.has_reference_texts()):
                continue
            self.used.add(name)
            listed = unpacked(self.row[name])
            for number, each in enumerate(listed if isinstance(listed, list) else [listed]):
                inner = Complaints(f"{self.place} {name}[{number}]", {}, self.problems)
                if isinstance(each, str) and each.strip():
                    found.append(Gold(document=each.strip()) if name == "sources" else Gold(quote=each.strip()))
                elif isinstance(each, dict):
                    inner.row = named(each)
                    golds = inner._own_golds(listed=True)
                    found += golds
                    if not golds and inner.ok:
                        inner.say(f"{_short(each)} names neither a document nor a quote.")
                else:
                    inner.say(f"{_short(each)}. Expected an object with 'document' and 'quote'.")
                self.ok = self.ok and inner.ok
        return tuple(dict.fromkeys(found))

    def has_reference_texts(self) -> bool:
        """Whether ``references`` are reference answers, not places."""
        listed = unpacked(self.row.get("references"))
        return isinstance(listed, str) or (isinstance(listed, list) and all(isinstance(each, str) for each in listed))

    def _own_golds(self, *, listed: bool = False) -> list[Gold]:
        """The golds of the row's own fields: one, or one for each quote. listed: the row is a gold itself."""
        document, quotes = self.text(DOCUMENT), self._quotes()
        page, span = self._page(), self._span()
        grade = self.number(GRADE, 1)
        version, name = (self.text(("document_version",)), self.text(("name",))) if listed else ("", "")
        if not document and not any(quotes):
            if page is not None or span is not None:
                self.say("a page or a span without 'document'. Expected the document it is of.")
            return []
        return [Gold(document, quote, page, span, version, 1 if grade is None else grade, name) for quote in quotes]

    def _quotes(self) -> tuple[str, ...]:
        _, value = self.first(QUOTE)
        if isinstance(unpacked(value), list):
            return self.texts(QUOTE) or ("",)
        return (self.text(QUOTE),)

    def _page(self) -> int | None:
        if (page := self.number(PAGE, 1)) is not None:
            return page
        _, locator = self.first(("locator",))
        locator = unpacked(locator)
        if not isinstance(locator, dict):
            return None
        value = locator.get("page", locator.get("slide"))
        return None if value is None else self.whole("locator.page", value, 1)

    def _span(self) -> Span | None:
        name, value = self.first(SPAN)
        value = unpacked(value)
        start, end = self.number(START, 0), self.number(END, 0)
        if value is None and start is None and end is None:
            return None
        pair = value if value is not None else [start, end]
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and all(type(each) is int for each in pair):
            first, last = pair
            if 0 <= first < last:
                return first, last
        self.say(f"'{name or 'start, end'}' is {_short(pair)}. Expected two whole numbers, the first the smaller.")
        return None


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 80 else f"{told[:77]}..."
