"""SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018), and what annotation tools export in its form.

{"version", "data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers":
    [{"text", "answer_start"}], "is_impossible" (2.0)}]}]}]}
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import decode, read_json
from citewell.records import Json
from citewell.sentences import sentence_spans

MAX_OFF = 4
"""Characters an answer's stated place may be off: some exports count others than Python does."""


@dataclass(frozen=True, slots=True)
class SquadAnswer:
    """An answer: the context's characters from ``start``."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """context: index into :attr:`SquadData.contexts`. answers: none when the context does not answer it."""

    id: str
    text: str
    context: int
    answers: tuple[SquadAnswer, ...]
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class SquadContext:
    """A paragraph. article: index into :attr:`SquadData.articles`. document: of exports that name the file."""

    article: int
    text: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class SquadData:
    """articles: their titles, in order."""

    version: str
    articles: tuple[str, ...]
    contexts: tuple[SquadContext, ...]
    questions: tuple[SquadQuestion, ...]


def is_squad(data: Any) -> bool:
    """Whether a JSON value has SQuAD's layout."""
    articles = data.get("data") if isinstance(data, dict) else None
    return isinstance(articles, list) and any(isinstance(each, dict) and "paragraphs" in each for each in articles)


def read_squad(path: Path) -> SquadData:
    """The whole file, or a :class:`DataError` that lists what is wrong with it."""
    problems = Problems(path)
    data = read_json(path, decode(path, problems))
    if not is_squad(data):
        problems.add(str(path), "no list 'data' of articles with 'paragraphs'. Expected SQuAD's layout.")
        problems.stop()
    return parse_squad(data, path, problems)


def parse_squad(data: Json, path: Path, problems: Problems) -> SquadData:
    """:func:`read_squad` of what was read already."""
    reader = _Reader(path, problems)
    for number, article in enumerate(data["data"]):
        reader.article(article, f"$.data[{number}]")
    if not reader.questions and not problems.count:
        problems.add(str(path), "no question in it. Expected at least one.")
    problems.stop()
    version = str(data.get("version", ""))
    return SquadData(version, tuple(reader.articles), tuple(reader.contexts), tuple(reader.questions))


def squad_questions(data: SquadData) -> list[Question]:
    """Each question with the sentence that answers it as the gold's quote: an answer alone is often one word."""
    ends: dict[int, list[int]] = {}
    found = []
    for each in data.questions:
        context = data.contexts[each.context]
        if each.context not in ends:
            ends[each.context] = [end for _, end in sentence_spans(context.text)]
        quotes = dict.fromkeys(_sentence(context.text, ends[each.context], answer) for answer in each.answers)
        found.append(Question(
            each.id, each.text, tuple(dict.fromkeys(answer.text for answer in each.answers)),
            tuple(Gold(context.document, quote) for quote in quotes), answerable=not each.impossible,
        ))  # fmt: skip
    return found


def _sentence(text: str, ends: list[int], answer: SquadAnswer) -> str:
    """The sentence, or sentences, that an answer stands in."""
    first = bisect.bisect_right(ends, answer.start)
    last = bisect.bisect_left(ends, answer.start + len(answer.text))
    start = ends[first - 1] if first else 0
    end = ends[min(last, len(ends) - 1)] if ends else len(text)
    return text[start : max(end, answer.start + len(answer.text))].strip()


class _Reader:
    """Goes through the file and collects what is wrong with it."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path, self._problems = path, problems
        self._ids: dict[str, str] = {}
        self.articles: list[str] = []
        self.contexts: list[SquadContext] = []
        self.questions: list[SquadQuestion] = []

    def article(self, article: Any, at: str) -> None:
        if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
            self._say(at, "no list 'paragraphs'. Expected one in every article.")
            return
        self.articles.append(str(article.get("title", "")))
        for number, paragraph in enumerate(article["paragraphs"]):
            self._paragraph(paragraph, f"{at}.paragraphs[{number}]")

    def _paragraph(self, paragraph: Any, at: str) -> None:
        context = paragraph.get("context") if isinstance(paragraph, dict) else None
        if not isinstance(context, str) or not context.strip():
            self._say(at, f"'context' is {context!r:.60}. Expected the paragraph's text.")
            return
        document = paragraph.get("document") or paragraph.get("file") or paragraph.get("file_name") or ""
        self.contexts.append(SquadContext(len(self.articles) - 1, context, str(document)))
        for number, each in enumerate(self._list(paragraph, "qas", at)):
            self._question(each, context, f"{at}.qas[{number}]")

    def _question(self, each: Any, context: str, at: str) -> None:
        before = self._problems.count
        if not isinstance(each, dict):
            self._say(at, "not an object. Expected one with 'id', 'question' and 'answers'.")
            return
        name, text, impossible = each.get("id"), each.get("question"), each.get("is_impossible", False)
        if not isinstance(name, (str, int)) or isinstance(name, bool) or str(name) == "":
            self._say(at, f"'id' is {name!r}. Expected a text that identifies the question.")
        elif str(name) in self._ids:
            self._say(at, f"the id '{name}' was used before, in {self._ids[str(name)]}. Expected each id once.")
        if not isinstance(text, str) or not text.strip():
            self._say(at, f"'question' is {text!r:.60}. Expected the question's text.")
        if not isinstance(impossible, bool):
            self._say(at, f"'is_impossible' is {impossible!r:.60}. Expected true or false.")
        given = self._list(each, "answers", at)
        answers = [self._answer(answer, context, f"{at}.answers[{number}]") for number, answer in enumerate(given)]
        if not given and not impossible:
            self._say(at, "no answer to a question that has one. Expected 'answers', or 'is_impossible': true.")
        if self._problems.count == before:
            self._ids[str(name)] = at
            kept = () if impossible else tuple(dict.fromkeys(each for each in answers if each is not None))
            question = str(text).strip()
            self.questions.append(
                SquadQuestion(str(name), question, len(self.contexts) - 1, kept, impossible=bool(impossible))
            )

    def _answer(self, answer: Any, context: str, at: str) -> SquadAnswer | None:
        text, start = (answer.get("text"), answer.get("answer_start")) if isinstance(answer, dict) else (None, None)
        if not isinstance(text, str) or not text.strip():
            self._say(at, f"'text' is {text!r:.60}. Expected the answer's words.")
        elif type(start) is not int or not 0 <= start <= len(context):
            self._say(at, f"'answer_start' is {start!r:.60}. Expected a whole number within the context.")
        else:
            near = context.find(text, max(0, start - MAX_OFF), start + len(text) + MAX_OFF)
            if near >= 0:
                return SquadAnswer(text, near if context[start : start + len(text)] != text else start)
            self._say(at, f"the context has no {text!r:.60} at {start}. Expected the answer's words there.")
        return None

    def _list(self, value: Json, name: str, at: str) -> list[Any]:
        found = value.get(name, [])
        if isinstance(found, list):
            return found
        self._say(at, f"'{name}' is {found!r:.60}. Expected a list.")
        return []

    def _say(self, at: str, message: str) -> None:
        self._problems.add(f"{self._path} {at}", message)
