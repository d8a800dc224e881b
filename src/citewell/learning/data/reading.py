"""What the shipped reader learns from: questions with the passages they would be read in, answerable and not.

Every question of SQuAD 1.1 with its own paragraph; some with a distractor beside it, a passage that search finds for
the question and that lacks the answer; some with only distractors, or changed so that their own paragraph no longer
answers them (``unanswerable.py``). Table cells come from WikiTableQuestions in the form our parsers give tables. What
only says which passage is relevant (question and section pairs) becomes :class:`RankingExample`.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from citewell.evaluation.sets.squad import SquadData, read_squad
from citewell.learning.data.examples import RankingExample, ReadingExample, Text
from citewell.learning.data.unanswerable import make_unanswerable

Nearest = Callable[[Sequence[str], Sequence[Text], int], list[list[int]]]
"""Queries, texts, k: of each query the positions of the k texts that search puts first."""

DISTRACTORS_SEEN = 30  # places of the ranking among which distractors are picked
TITLED = 0.5  # share of paragraphs read under their article's title, as documents with and without headings are
PASSAGE_WORDS = 170  # of a long text's piece: about what the chunker gives


@dataclass(frozen=True, slots=True)
class ReadingMix:
    """Shares of the answerable questions. The defaults are the shipped recipe's."""

    given: float = 0.70  # of all questions that are used, each with its paragraph
    distracted: float = 0.30  # of those: also with one distractor
    changed: float = 0.36  # of those: once more, made unanswerable
    elsewhere: float = 0.10  # of those: once more, with a distractor only


def squad_examples(
    data: SquadData, nearest: Nearest, mix: ReadingMix = ReadingMix(), seed: int = 0
) -> list[ReadingExample]:
    """Reading examples of every kind from SQuAD data; the same for the same seed."""
    generator = random.Random(seed)
    asked = [each for each in data.questions if each.answers and generator.random() < mix.given]
    texts = [Text(each.text, document=data.articles[each.article]) for each in data.contexts]
    of_article: dict[int, list[str]] = {}
    for each in data.contexts:
        of_article.setdefault(each.article, []).append(each.text)
    found = nearest([each.text for each in asked], texts, DISTRACTORS_SEEN)
    examples = []
    for question, ranking in zip(asked, found, strict=True):
        own = data.contexts[question.context]
        title = data.articles[own.article].replace("_", " ") if generator.random() < TITLED else ""
        given = Text(own.text, title, data.articles[own.article])
        places = {(answer.start, answer.start + len(answer.text)) for answer in question.answers}
        answers = tuple((0, start, end) for start, end in sorted(places))
        said = [answer.text.casefold() for answer in question.answers]
        wrong = [i for i in ranking if i != question.context and not _holds(texts[i].text, said)]
        distractor = texts[generator.choice(wrong[:8])] if wrong else None
        if distractor is not None:
            shown = distractor.document.replace("_", " ") if title else ""
            distractor = Text(distractor.text, shown, distractor.document)
        if distractor is not None and generator.random() < mix.distracted:
            examples.append(ReadingExample(question.text, (given, distractor), answers, "distracted"))
        else:
            examples.append(ReadingExample(question.text, (given,), answers, "given"))
        if distractor is not None and generator.random() < mix.elsewhere:
            examples.append(ReadingExample(question.text, (distractor,), (), "elsewhere"))
        if generator.random() < mix.changed:
            others = generator.sample(of_article[own.article], min(6, len(of_article[own.article])))
            if changed := make_unanswerable(question.text, own.text, others, generator):
                examples.append(ReadingExample(changed[0], (given,), (), f"changed: {changed[1]}"))
    return examples


def table_examples(directory: Path, limit: int, seed: int = 0) -> list[ReadingExample]:
    """WikiTableQuestions whose answer is one cell that a person can point at, in tables of our parsers' form."""
    generator = random.Random(seed)
    with (directory / "training.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    generator.shuffle(rows)
    examples: list[ReadingExample] = []
    for row in rows:
        if len(examples) >= limit:
            break
        if re.search(r"how many|difference|total|average|\bmore\b|\bmost\b|\bleast\b|number of", row["utterance"]):
            continue  # counted or compared, not read
        example = _table_example(row["utterance"], row["targetValue"], directory / row["context"], generator)
        if example is not None:
            examples.append(example)
    return examples


def _table_example(question: str, answer: str, path: Path, generator: random.Random) -> ReadingExample | None:
    with path.open(encoding="utf-8", newline="") as file:
        table = [[" ".join(cell.split()) for cell in line] for line in csv.reader(file, escapechar="\\")]
    if len(table) < 3 or len({len(line) for line in table}) != 1 or len(table[0]) > 9:
        return None
    cells = [(r, c) for r, line in enumerate(table[1:]) for c, cell in enumerate(line) if cell == answer]
    if len(cells) != 1 or not answer.strip():
        return None
    at = cells[0][0]
    first = max(0, at - generator.randint(0, 7))
    kept = table[1:][first : first + generator.randint(max(at - first + 1, 4), 14)]
    lines = [" | ".join(line) for line in kept]
    before = sum(len(line) + 1 for line in lines[: at - first])
    start = before + sum(len(cell) + 3 for cell in table[1:][at][: cells[0][1]])
    text = "\n".join(lines)
    if text[start : start + len(answer)] != answer:
        return None
    return ReadingExample(
        question, (Text(text, " | ".join(table[0]), str(path.parent.name + "/" + path.name)),),
        ((0, start, start + len(answer)),), "table",
    )  # fmt: skip


def section_pairs(path: Path, limit: int, seed: int = 0) -> list[tuple[str, Text]]:
    """From Markdown pages as JSON lines (``path``, ``text``): a heading with its title as the query, its section."""
    generator = random.Random(seed)
    found = []
    for page in _json_lines(path):
        title = re.search(r"^title: (.+)$", page["text"], re.MULTILINE)
        parts = re.split(r"^##+ (.+)$", page["text"], flags=re.MULTILINE)
        for heading, body in zip(parts[1::2], parts[2::2], strict=True):
            words = body.split()
            name = title.group(1) if title else Path(page["path"]).stem
            if len(words) >= 25 and len(heading) < 80 and heading.lower() not in {"syntax", "related links", "notes"}:
                ways = (f"{heading} {name}", f"{name}: {heading}", f"How does {name} handle {heading}?")
                asked = generator.choice(ways)
                found.append((asked, Text(_piece(body), name, page["path"])))
    generator.shuffle(found)
    return found[:limit]


def sentence_pairs(path: Path, limit: int, seed: int = 0) -> list[tuple[str, Text]]:
    """Inverse cloze (Lee et al. 2019, arXiv:1906.00300): a sentence as the query, some of its words dropped, and the
    passage it was taken from as the text; in one of ten the sentence stays in."""
    generator = random.Random(seed)
    found = []
    for page in _json_lines(path):
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", page["text"])
        if len(sentences) < 8:
            continue
        start = generator.randrange(len(sentences) - 6)
        window = sentences[start : start + 6]
        picked = generator.randrange(1, 6)
        words = [word for word in window[picked].split() if generator.random() < 0.7]
        if len(words) >= 5:
            rest = window if generator.random() < 0.1 else [*window[:picked], *window[picked + 1 :]]
            title = str(page.get("title", ""))
            found.append((" ".join(words[:24]), Text(_piece(" ".join(rest)), title, title)))
    generator.shuffle(found)
    return found[:limit]


def ranked(pairs: Sequence[tuple[str, Text]], nearest: Nearest, negatives: int, seed: int = 0) -> list[RankingExample]:
    """Each pair with ``negatives`` texts of other documents that search puts high for its query."""
    generator = random.Random(seed)
    texts = [text for _, text in pairs]
    examples = []
    for (query, text), ranking in zip(pairs, nearest([query for query, _ in pairs], texts, 20), strict=True):
        wrong = [i for i in ranking if texts[i].text != text.text and texts[i].document != text.document]
        if len(wrong) >= negatives:
            picked = generator.sample(wrong[:12], min(negatives, len(wrong[:12])))
            examples.append(RankingExample(query, (text,), tuple(texts[i] for i in picked)))
    return examples


def medquad_pairs(directory: Path, limit: int, seed: int = 0) -> list[tuple[str, Text]]:
    """The train questions of MedQuAD in BEIR's layout with a piece of their answer."""
    corpus = {each["_id"]: each for each in _json_lines(directory / "corpus.jsonl")}
    queries = {each["_id"]: each["text"] for each in _json_lines(directory / "queries.jsonl")}
    lines = (directory / "qrels" / "train.tsv").read_text(encoding="utf-8").splitlines()[1:]
    judged = [line.split("\t")[:2] for line in lines]
    random.Random(seed).shuffle(judged)
    return [
        (queries[query], Text(_piece(corpus[document]["text"]), corpus[document]["title"], corpus[document]["title"]))
        for query, document in judged[:limit]
    ]


def read_squad_part(path: Path, held_out: bool, articles: int = 22) -> SquadData:
    """SQuAD's questions of the last ``articles`` articles (held out), or of all others (to train on)."""
    data = read_squad(path)
    first = len(data.articles) - articles
    kept = [each for each in data.questions if (data.contexts[each.context].article >= first) == held_out]
    return SquadData(data.version, data.articles, data.contexts, tuple(kept))


def _holds(text: str, said: Sequence[str]) -> bool:
    folded = text.casefold()
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", folded) for each in said)


def _piece(text: str) -> str:
    words = text.split(" ")
    return text if len(words) <= PASSAGE_WORDS else " ".join(words[:PASSAGE_WORDS])


def _json_lines(path: Path) -> Iterator[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
