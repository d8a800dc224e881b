"""Rows of training data, whatever file they stand in: which fields they have, and what an example of each kind needs.

Texts go through as they are: nothing is trimmed or normalised, because places of answers count in them. What a row
lacks is told with its line; no row is left out silently.

Labels of support rows, in any case, with blanks or hyphens for ``_``:

    supported        supported, supports, entailment, entailed, true, yes, 1
    not supported    not_supported, unsupported, neutral, not_enough_info, nei, partially_supported, not_entailment,
                     contradicted, contradiction, contradicts, refutes, refuted, false, no, 0

A file whose labels are the numbers 0, 1 and 2 is numbered as SNLI and MultiNLI are: 0 entailment, 1 neutral,
2 contradiction. With 0 and 1 alone, 1 is supported; a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from citewell.evaluation.sets.fields import QUESTION
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import Row, plain_name, unpacked
from citewell.evaluation.support_data import LABELS
from citewell.learning.data.examples import AnswerPlace, RankingExample, ReadingExample, SupportExample, Text
from citewell.records import Json, Span

QUERY = (*QUESTION, "anchor")
POSITIVES = ("positive", "positives", "pos", "positive_passages", "positive_ctxs", "passage", "passages", "context",
             "answer", "answers", "text")  # fmt: skip
NEGATIVES = ("negative", "negatives", "neg", "hard_negative", "hard_negatives", "negative_passages", "negative_ctxs",
             "hard_negative_ctxs")  # fmt: skip
PASSAGES = ("passage", "passages", "context", "contexts", "text")
ANSWERS = ("answers", "answer")
IMPOSSIBLE, ANSWERABLE = ("is_impossible", "unanswerable"), ("answerable", "is_answerable")
EVIDENCE = ("premise", "evidence", "context", "passage", "sentence1")
SENTENCE = ("claim", "sentence", "hypothesis", "sentence2")
LABEL = ("label", "gold_label", "supported", "verdict")
DOCUMENT = ("document", "document_id", "doc", "doc_id", "docid", "file", "filename", "file_name", "uri", "path",
            "corpus_id")  # fmt: skip
TITLE = ("title",)

WHAT = {"reading": "question, passage and answers", "ranking": "query and positive", "support": "premise and claim"}
"""Kind → its rows, for people."""

_NUMBERED = re.compile(r"(?:hard_)?neg(?:ative)?_?\d+")
_KNOWN = frozenset({*QUERY, *POSITIVES, *NEGATIVES, *PASSAGES, *IMPOSSIBLE, *ANSWERABLE, *EVIDENCE, *SENTENCE, *LABEL,
                    *DOCUMENT, *TITLE})  # fmt: skip
_NLI = {"0": "entailment", "1": "neutral", "2": "contradiction"}
_NUMBER = re.compile(r"-?\d+(?:\.0+)?")
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that write words, or a word and its endings, without blanks: an answer there has no word boundary."""


def is_known(name: str) -> bool:
    """Whether a column of this name, in whatever spelling, is understood."""
    plain = plain_name(name)
    return plain in _KNOWN or _NUMBERED.fullmatch(plain) is not None


def fits(kind: str, names: Iterable[str]) -> bool:
    """Whether rows with these (plain) names can be examples of ``kind``."""
    present = set(names)
    needed: dict[str, Sequence[Sequence[str]]] = {
        "reading": (QUERY, PASSAGES, (*ANSWERS, *IMPOSSIBLE, *ANSWERABLE)),
        "ranking": (QUERY, POSITIVES),
        "support": (EVIDENCE, SENTENCE, LABEL),
    }
    return all(not present.isdisjoint(each) for each in needed[kind])


# -- ranking -----------------------------------------------------------------------------------------------------------


def read_ranking(
    rows: Sequence[Row], problems: Problems, *, cells: bool
) -> tuple[list[RankingExample], tuple[str, ...]]:
    """A query with texts that answer it, and perhaps texts that do not. Only positives are of the row's document."""
    found = []
    for row in rows:
        fields = _Fields(row, problems, cells=cells)
        query = fields.text(QUERY)
        positives = fields.texts(POSITIVES, fields.name(DOCUMENT), fields.name(TITLE))
        negatives: list[Text] = []
        for name in row.values:
            if name in NEGATIVES or _NUMBERED.fullmatch(name):
                negatives += fields.texts((name,), required=False)
        same = {each.text for each in positives} & {each.text for each in negatives}
        if same:
            fields.say(f"the negative {next(iter(same))!r:.60} is also the positive. Expected another text.")
        if fields.ok:
            found.append(RankingExample(query, tuple(positives), tuple(negatives)))
    return found, ()


# -- reading -----------------------------------------------------------------------------------------------------------


def read_reading(
    rows: Sequence[Row], problems: Problems, *, cells: bool
) -> tuple[list[ReadingExample], tuple[str, ...]]:
    """A question, one or more passages, and answers: texts that stand there to the letter, or as the hub's SQuAD rows
    have them, ``{"text": […], "answer_start": […]}``."""
    found, repeated = [], 0
    for row in rows:
        fields = _Fields(row, problems, cells=cells)
        question = fields.text(QUERY)
        passages = tuple(fields.texts(PASSAGES, fields.name(DOCUMENT), fields.name(TITLE)))
        places = () if not fields.ok or fields.is_unanswerable() else fields.places([each.text for each in passages])
        if not fields.ok:
            continue
        repeated += len({passages[index].text[start:end].casefold() for index, start, end in places}) < len(places)
        found.append(ReadingExample(question, passages, places, "given" if places else "given, unanswerable"))
    notes = (f"In {repeated:,} rows an answer stands several times; every place counts as right.",) * bool(repeated)
    return found, notes


def places_of(answer: str, text: str) -> list[Span]:
    """Where an answer stands in a text: whole words, to the letter; else in other case."""
    if not answer.strip():
        return []
    before = r"(?<!\w)" if _is_letter(answer[0]) else ""
    after = r"(?!\w)" if _is_letter(answer[-1]) else ""
    pattern = before + re.escape(answer) + after
    exact = [match.span() for match in re.finditer(pattern, text)]
    return exact or [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]


def _is_letter(character: str) -> bool:
    return (character.isalnum() or character == "_") and not _UNSPACED.match(character)


# -- support -----------------------------------------------------------------------------------------------------------


def read_support(
    rows: Sequence[Row], problems: Problems, *, cells: bool
) -> tuple[list[SupportExample], tuple[str, ...]]:
    """Evidence (a text, or several, one line each), a sentence and a label; perhaps ``unsupported``, the places in the
    sentence that the evidence lacks as ``[[start, end], …]``, or WiCE's ``non_supported_spans`` by token."""
    given = {word for row in rows if (word := _word(_first(row.values, LABEL)[1])) and _NUMBER.fullmatch(word)}
    numbered = _NLI if "2" in given else {}
    found = []
    for row in rows:
        fields = _Fields(row, problems, cells=cells)
        evidence = "\n".join(each.text for each in fields.texts(EVIDENCE))
        sentence = fields.text(SENTENCE)
        supported = fields.label(numbered)
        unsupported = fields.unsupported(sentence)
        if supported and unsupported:
            fields.say("the label is 'supported', and places that are not supported are given. Expected one or other.")
        kind = row.values.get("kind", "")
        if fields.ok:
            made = kind if isinstance(kind, str) else ""
            found.append(SupportExample(evidence, sentence, supported, unsupported, made, fields.name(DOCUMENT)))
    notes = []
    if numbered:
        notes.append("Labels are numbers up to 2, read as SNLI has them: 0 entailment, 1 neutral, 2 contradiction.")
    elif given:
        notes.append("Labels are the numbers 0 and 1; 1 was read as supported.")
    return found, tuple(notes)


def _word(label: Any) -> str:
    """A label as one word: ``Not Enough-Info`` → ``not_enough_info``, ``1.0`` → ``1``, a JSON ``true`` → ``true``."""
    word = str(label).strip().lower().replace(" ", "_").replace("-", "_") if label is not None else ""
    if word.startswith("_"):
        word = "-" + word[1:]  # a sign, not a blank
    return word.partition(".")[0] if _NUMBER.fullmatch(word) else word


# -- fields ------------------------------------------------------------------------------------------------------------


def _first(values: Json, names: Sequence[str]) -> tuple[str, Any]:
    """The first of these fields that the row has, and its value."""
    return next(((name, values[name]) for name in names if name in values), ("", None))


class _Fields:
    """The values of one row. ok: nothing was wrong with what was asked for so far."""

    def __init__(self, row: Row, problems: Problems, *, cells: bool) -> None:
        self._row, self._problems, self._cells = row, problems, cells
        self.ok = True

    def say(self, message: str) -> None:
        self.ok = False
        self._problems.add(self._row.place, message)

    def text(self, names: Sequence[str]) -> str:
        name, value = _first(self._row.values, names)
        if isinstance(value, str) and value.strip():
            return value
        self.say(f"{_told(name, value, self._row.values)}. Expected a text in '{names[0]}'.")
        return ""

    def name(self, names: Sequence[str]) -> str:
        """A document's name or title; a number is written out."""
        _, value = _first(self._row.values, names)
        if value is None or isinstance(value, bool) or not isinstance(value, (str, int)):
            return ""
        return " ".join(str(value).split())

    def texts(self, names: Sequence[str], document: str = "", title: str = "", *, required: bool = True) -> list[Text]:
        """One text, a list of texts, or of objects with ``text`` and perhaps ``title`` and ``document``."""
        name, value = _first(self._row.values, names)
        value = self._listed(value)
        if value == [] and not required:
            return []
        found = []
        for each in value if isinstance(value, list) and value else [value]:
            text = Text(each, title, document) if isinstance(each, str) else _object(each, document, title)
            if text is None or not text.text.strip():
                self.say(f"{_told(name, each, self._row.values)}. Expected a text in '{name or names[0]}'.")
            else:
                found.append(text)
        return found

    def _listed(self, value: Any) -> Any:
        """A cell that holds a JSON list of texts or objects; a text that merely begins with a bracket stays one."""
        if not self._cells or not isinstance(value, str):
            return value
        inner = unpacked(value)
        if isinstance(inner, list) and inner and all(isinstance(each, (str, dict)) for each in inner):
            return inner
        return inner if isinstance(inner, dict) and ("text" in inner or "answer_start" in inner) else value

    def truth(self, names: Sequence[str]) -> bool | None:
        name, value = _first(self._row.values, names)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().casefold()
        if word not in _TRUE | _FALSE:
            self.say(f"'{name}' is {value!r:.60}. Expected true or false.")
        return word in _TRUE

    def is_unanswerable(self) -> bool:
        impossible, answerable = self.truth(IMPOSSIBLE), self.truth(ANSWERABLE)
        _, answers = _first(self._row.values, ANSWERS)
        empty = answers == [] or (isinstance(answers, dict) and answers.get("text") == [])
        return bool(impossible) or answerable is False or (empty and impossible is None and answerable is None)

    def places(self, passages: Sequence[str]) -> tuple[AnswerPlace, ...]:
        name, value = _first(self._row.values, ANSWERS)
        value = self._listed(value)
        if isinstance(value, dict):
            return self._stated(value, passages[0])
        if isinstance(value, str):
            start = self._row.values.get("answer_start")
            if isinstance(start, (int, str)) and str(start).isdigit():
                return self._stated({"text": [value], "answer_start": [int(start)]}, passages[0])
        answers = [str(each) if _is_number(each) else each for each in (value if isinstance(value, list) else [value])]
        if not answers or any(not isinstance(each, str) or not each.strip() for each in answers):
            self.say(f"{_told(name, value, self._row.values)}. Expected the answer's words, or 'is_impossible': true.")
            return ()
        found = {(index, *span) for index, text in enumerate(passages) for each in answers
                 for span in places_of(each, text)}  # fmt: skip
        if not found:
            self.say(f"the passage does not hold {answers[0]!r:.60}. Expected an answer that stands there word for "
                     "word.")  # fmt: skip
        return tuple(sorted(found))

    def _stated(self, value: Mapping[str, Any], text: str) -> tuple[AnswerPlace, ...]:
        """Answers with their places in the first passage."""
        answers, starts = value.get("text"), value.get("answer_start")
        if not isinstance(answers, list) or not isinstance(starts, list) or len(answers) != len(starts) or not answers:
            self.say("'answers' has not as many texts as places. Expected lists 'text' and 'answer_start'.")
            return ()
        found = set()
        for answer, start in zip(answers, starts, strict=True):
            if not isinstance(answer, str) or type(start) is not int or start < 0 or not answer.strip():
                self.say(f"the answer {answer!r:.60} at {start!r:.20}. Expected a text and a whole number.")
            elif text[start : start + len(answer)] != answer:
                there = text[start : start + len(answer)]
                self.say(f"at {start} the passage has {there!r:.60}, not {answer!r:.60}. Expected the answer's words.")
            else:
                found.add((0, start, start + len(answer)))
        return tuple(sorted(found))

    def label(self, numbered: Mapping[str, str]) -> bool:
        name, value = _first(self._row.values, LABEL)
        word = _word(value)
        label = LABELS.get(numbered.get(word, word))
        if label is None:
            what = f"'{name}' is {value!r:.60}" if name else f"no 'label' among {_names(self._row.values)}"
            self.say(f"{what}. Expected supported or not supported, entailment, neutral or contradiction, supports or "
                     "refutes, true or false, 1 or 0; delete rows that nobody could label.")  # fmt: skip
        return label == "supported"

    def unsupported(self, sentence: str) -> tuple[Span, ...]:
        values = self._row.values
        flags, tokens = values.get("non_supported_spans"), values.get("claim_tokens")
        if isinstance(flags, list) and isinstance(tokens, list):
            return self._flagged(sentence, tokens, flags)
        value = unpacked(values.get("unsupported", []))
        spans = value if isinstance(value, list) else [value]
        for each in spans:
            pair = isinstance(each, (list, tuple)) and len(each) == 2 and all(type(one) is int for one in each)
            if not pair or not 0 <= each[0] < each[1] <= len(sentence):
                self.say(f"'unsupported' has {each!r:.60}. Expected [start, end] within the {len(sentence)} characters "
                         "of the sentence.")  # fmt: skip
                return ()
        return tuple(sorted((int(start), int(end)) for start, end in spans))

    def _flagged(self, sentence: str, tokens: Sequence[Any], flags: Sequence[Any]) -> tuple[Span, ...]:
        """The flagged tokens' places; neighbours are one place."""
        found: list[Span] = []
        at, joined = 0, False
        for token, flag in zip(tokens, flags, strict=False):
            start = sentence.find(str(token), at)
            if start < 0 or len(tokens) != len(flags):
                self.say(f"'claim_tokens' has {token!r:.40}, {len(tokens)} tokens and {len(flags)} flags. Expected the "
                         "words of the claim, in order, each with a flag.")  # fmt: skip
                return ()
            at = start + len(str(token))
            if flag and joined:
                found[-1] = (found[-1][0], at)
            elif flag:
                found.append((start, at))
            joined = bool(flag)
        return tuple(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _object(value: Any, document: str, title: str) -> Text | None:
    """A text that is written as an object, with a title and a document of its own."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return None
    named = {plain_name(str(name)): each for name, each in value.items()}
    own = next((str(named[name]) for name in DOCUMENT if isinstance(named.get(name), (str, int))), document)
    return Text(value["text"], str(named.get("title") or named.get("context") or title), own)


def _told(name: str, value: Any, values: Json) -> str:
    return f"'{name}' is {value!r:.60}" if name else f"no such field among {_names(values)}"


def _names(values: Json) -> str:
    return ", ".join(f"'{name}'" for name in list(values)[:8]) or "no fields"


READERS: dict[str, Callable[..., tuple[list[Any], tuple[str, ...]]]] = {
    "reading": read_reading,
    "ranking": read_ranking,
    "support": read_support,
}
