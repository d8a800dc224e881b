"""Training examples from files: what format a file is in is told from its content, never from its name alone.

    reading     SQuAD 1.1 and 2.0; rows of question, passage and answers
    ranking     a folder in BEIR layout; rows of query and positive; SQuAD (its paragraphs are the positives)
    support     rows of premise, claim and label

Rows are JSON lines, a JSON list, CSV or TSV (:mod:`citewell.learning.data.rows`). A file is read whole or not at all:
everything that is wrong with it is one :class:`DataError` with line numbers. What was read differently from what
somebody may expect is told in :attr:`Examples.notes`. The questions of a collection's own sets, whose answers stand in
its documents, are :mod:`citewell.learning.data.own`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args, overload

from citewell.errors import DataError
from citewell.evaluation.sets.beir import is_beir, read_beir, splits
from citewell.evaluation.sets.problems import Problems
from citewell.evaluation.sets.rows import Row, csv_delimiter, csv_header, csv_rows, decode, json_lines, objects
from citewell.evaluation.sets.rows import read_json as read_one
from citewell.evaluation.sets.squad import SquadData, is_squad, parse_squad
from citewell.learning.data import rows as row_formats
from citewell.learning.data.examples import RankingExample, ReadingExample, SupportExample, Text

Kind = Literal["reading", "ranking", "support"]
Example = TypeVar("Example")

EXPECTED: dict[Kind, str] = {
    "reading": "SQuAD JSON ('data' with 'paragraphs'), or rows (JSON lines, CSV, TSV) with 'question', 'passage' and "
    "'answers'",
    "ranking": "a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels/), SQuAD JSON, or rows (JSON lines, CSV, "
    "TSV) with 'query' and 'positive'",
    "support": "rows (JSON lines, CSV, TSV) with 'premise', 'claim' and 'label'",
}
"""What is looked for, for people."""

_LINES = frozenset({".jsonl", ".ndjson"})
_WRAPPERS = ("data", "rows", "examples", "pairs")  # names under which tools put a list of rows


@dataclass(frozen=True, slots=True)
class Examples(Sequence[Example], Generic[Example]):
    """The examples of one file or folder, in its order.

    format: what it was read as, for people. notes: what was left out or understood in one of two ways.
    """

    items: tuple[Example, ...]
    format: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        return self.items[index]


@overload
def read_examples(path: Path, kind: Literal["reading"], split: str = "") -> Examples[ReadingExample]: ...
@overload
def read_examples(path: Path, kind: Literal["ranking"], split: str = "") -> Examples[RankingExample]: ...
@overload
def read_examples(path: Path, kind: Literal["support"], split: str = "") -> Examples[SupportExample]: ...
@overload
def read_examples(
    path: Path, kind: Kind, split: str = ""
) -> Examples[ReadingExample] | Examples[RankingExample] | Examples[SupportExample]: ...
def read_examples(path: Path, kind: Kind, split: str = "") -> Any:
    """The examples in ``path``, whatever of the formats for ``kind`` it has.

    split: of a BEIR folder; ``train`` when it has one, else its only one.
    """
    path = Path(path)
    if kind not in get_args(Kind):
        raise DataError(f"The kind of examples is '{kind}'. Expected one of: {', '.join(get_args(Kind))}.")
    if not path.exists():
        raise DataError(f"There is no file or folder '{path}'. Check the spelling.")
    if path.is_dir():
        if kind == "ranking" and is_beir(path):
            return _read_beir(path, split)
        found = "is a folder in BEIR layout" if is_beir(path) else "is a folder"
        raise DataError(f"'{path}' {found}. For {kind}, expected {EXPECTED[kind]}.")
    return _read_file(path, kind)


def require(examples: Sequence[object], at_least: int, what: str = "examples") -> None:
    """Stops a training that would learn nothing. what: for people, such as ``questions with a passage``."""
    if len(examples) >= at_least:
        return
    found = f"only {len(examples):,}" if examples else "none"
    raise DataError(
        f"Training needs at least {at_least:,} {what}; there are {found}. Add more, or use the model as it is. Nothing "
        "was changed."
    )


# -- files -------------------------------------------------------------------------------------------------------------


def _read_file(path: Path, kind: Kind) -> Examples[Any]:
    problems = Problems(path)
    text = decode(path, problems)
    if not text.strip():
        raise DataError(f"{path} is empty. For {kind}, expected {EXPECTED[kind]}.")
    if path.suffix.lower() in _LINES or _is_lines(text):
        return _of_rows(json_lines(path, text, problems), "JSON lines", path, kind, problems)
    if text.lstrip()[0] in "[{":
        return _of_json(read_one(path, text), path, kind, problems)
    header = csv_header(text.lstrip("\n").split("\n", 1)[0].rstrip("\r"), csv_delimiter(text, row_formats.is_known))
    if not any(row_formats.is_known(name) for name in header):
        raise DataError(
            f"{path} line 1: {', '.join(header)[:120]!r} has no column name that is known. For {kind}, expected "
            f"{EXPECTED[kind]}."
        )
    return _of_rows(csv_rows(path, text, row_formats.is_known, problems), "CSV", path, kind, problems, cells=True)


def _of_json(data: Any, path: Path, kind: Kind, problems: Problems) -> Examples[Any]:
    if is_squad(data):
        if kind == "support":
            raise DataError(f"{path} is in SQuAD's format. For support, expected {EXPECTED[kind]}.")
        squad = parse_squad(data, path, problems)
        return squad_reading(squad) if kind == "reading" else squad_ranking(squad)
    if isinstance(data, list):
        return _of_rows(objects(path, data, "$", problems), "JSON", path, kind, problems)
    for name in _WRAPPERS:
        if isinstance(data, dict) and isinstance(data.get(name), list):
            return _of_rows(objects(path, data[name], f"$.{name}", problems), "JSON", path, kind, problems)
    if isinstance(data, dict) and any(row_formats.is_known(name) for name in data):
        return _of_rows(objects(path, [data], "$", problems), "JSON", path, kind, problems)  # JSON lines of one line
    found = f"an object with {_some(data)}" if isinstance(data, dict) else type(data).__name__
    raise DataError(f"{path} holds {found}. For {kind}, expected {EXPECTED[kind]}.")


def _of_rows(
    rows: Iterator[Row], form: str, path: Path, kind: Kind, problems: Problems, *, cells: bool = False
) -> Examples[Any]:
    """cells: values are cells of a table, in which a list can only be written as JSON."""
    listed = list(rows)
    names = {name for row in listed for name in row.values}
    fits: dict[Kind, bool] = {each: row_formats.fits(each, names) for each in get_args(Kind)}
    if listed and not fits[kind]:
        other = next((each for each, fit in fits.items() if fit), "")
        hint = f" It can be read as {other}." if other else ""
        raise DataError(f"{path} has rows with {_some(sorted(names))}. For {kind}, expected {EXPECTED[kind]}.{hint}")
    read: Callable[..., tuple[list[Any], tuple[str, ...]]] = row_formats.READERS[kind]
    examples, notes = read(listed, problems, cells=cells)
    if not examples and not problems.count:
        problems.add(str(path), f"no row in it. For {kind}, expected {EXPECTED[kind]}.")
    problems.stop()
    return Examples(tuple(examples), f"{form}, rows of {row_formats.WHAT[kind]}", notes)


def _is_lines(text: str) -> bool:
    """Whether the first line is an object by itself and more follows."""
    first, _, rest = text.strip().partition("\n")
    return first.strip().startswith("{") and first.strip().endswith("}") and rest.strip().startswith("{")


def _some(names: Any) -> str:
    listed = [str(name) for name in names]
    return ", ".join(f"'{name}'" for name in listed[:6]) + (", …" if len(listed) > 6 else "") or "no fields"


# -- SQuAD -------------------------------------------------------------------------------------------------------------


def squad_reading(data: SquadData) -> Examples[ReadingExample]:
    """Every question with its paragraph; the document is the file the export names, else the article."""
    texts = _squad_texts(data)
    examples = []
    for each in data.questions:
        places = {(0, answer.start, answer.start + len(answer.text)) for answer in each.answers}
        kind = "given" if places else "given, unanswerable"
        examples.append(ReadingExample(each.text, (texts[each.context],), tuple(sorted(places)), kind))
    return Examples(tuple(examples), f"SQuAD {data.version}".strip())


def squad_ranking(data: SquadData) -> Examples[RankingExample]:
    """Every question that its paragraph answers, with that paragraph."""
    texts = _squad_texts(data)
    examples = tuple(RankingExample(each.text, (texts[each.context],)) for each in data.questions if each.answers)
    left = len(data.questions) - len(examples)
    notes = (f"{left:,} questions that their paragraph does not answer were left out.",) * bool(left)
    return Examples(examples, f"SQuAD {data.version}".strip(), notes)


def _squad_texts(data: SquadData) -> list[Text]:
    found = []
    for each in data.contexts:
        title = data.articles[each.article]
        found.append(Text(each.text, title.replace("_", " "), each.document or title or f"article {each.article + 1}"))
    return found


# -- BEIR --------------------------------------------------------------------------------------------------------------


def _read_beir(path: Path, split: str) -> Examples[RankingExample]:
    """Judged queries with their relevant texts, and those judged not relevant as negatives."""
    data = read_beir(path, split or _split_to_learn(path))
    texts = {
        name: Text(entry.text, entry.title, name) if entry.text.strip() else Text(entry.title, "", name)
        for name, entry in data.corpus.items()
    }
    examples, bare = [], []
    for query, text in data.queries.items():
        judged = [(texts[name], grade) for name, grade in data.judgments[query].items() if name in texts]
        positives = tuple(each for each, grade in judged if grade > 0)
        if positives and text.strip():
            examples.append(RankingExample(text, positives, tuple(each for each, grade in judged if grade <= 0)))
        else:
            bare.append(query)
    notes = []
    if data.outside:
        notes.append(f"{data.outside:,} judged documents are not in corpus.jsonl and were left out.")
    if bare:
        notes.append(f"{len(bare):,} queries without text or relevant document were left out, such as '{bare[0]}'.")
    return Examples(tuple(examples), f"BEIR, split '{data.split}'", tuple(notes))


def _split_to_learn(path: Path) -> str:
    known = splits(path)
    if "train" in known or len(known) == 1:
        return "train" if "train" in known else known[0]
    found = f"has the splits {', '.join(known)}" if known else "has no qrels/<split>.tsv"
    raise DataError(f"{path} {found}, and none is called 'train'. Say which one to learn from.")


def as_ranking(examples: Sequence[ReadingExample]) -> list[RankingExample]:
    """Reading examples as ranking examples: the passages that hold an answer, against those that do not."""
    found = []
    for each in examples:
        holding = {place[0] for place in each.answers}
        positives = tuple(each.passages[index] for index in sorted(holding))
        negatives = tuple(passage for index, passage in enumerate(each.passages) if index not in holding)
        if positives:
            found.append(RankingExample(each.question, positives, negatives))
    return found
