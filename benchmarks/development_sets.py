"""Development sets as the product reads them: what is not in a known format is converted in a few lines each.

Nothing is added, reworded or judged here. Rows that do not fit (an answer that is not in its text, a computed number)
are left out, and each converter says which.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

NOT_FOUND = "ANSWERNOTFOUND"  # how SubjQA marks a review that does not answer
CERTAIN = {"off_topic", "nonsense"}  # kinds of unanswerable questions that nobody needs to check by hand


def rows(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def write_rows(path: Path, found: Iterable[Json]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")
    return path


def write_squad(path: Path, items: Iterable[tuple[str, str, str, str, int]]) -> Path:
    """items: id, context, question, answer, start; an empty answer means that there is none."""
    paragraphs: dict[str, list[Json]] = {}
    for name, context, question, answer, start in items:
        answers = [{"text": answer, "answer_start": start}] if answer else []
        row = {"id": name, "question": question, "answers": answers, "is_impossible": not answer}
        paragraphs.setdefault(context, []).append(row)
    listed = [{"context": context, "qas": qas} for context, qas in paragraphs.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"version": path.stem, "data": [{"title": path.stem, "paragraphs": listed}]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return path


# -- reading -----------------------------------------------------------------------------------------------------------


def subjqa(data: Path, out: Path) -> Path:
    """Reviews of the five dev files; the mark of an unanswered question is cut from the review. Of several answers the
    first; answers that are not where the file says are left out."""

    def items() -> Iterable[tuple[str, str, str, str, int]]:
        for path in sorted((data / "reading/subjqa").glob("*_dev.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                for number, row in enumerate(csv.DictReader(file)):
                    context = row["review"].replace(NOT_FOUND, "").rstrip()
                    answer = "" if row["human_ans_spans"] == NOT_FOUND else row["human_ans_spans"]
                    start = context.find(answer) if answer else 0
                    if context and start >= 0:
                        yield f"{path.stem}-{number}", context, row["question"], answer, start

    return write_squad(out / "subjqa-dev.json", items())


def tatqa(data: Path, out: Path) -> Path:
    """Questions whose answer is one stretch of the report's text; those on tables or that calculate are left out."""

    def items() -> Iterable[tuple[str, str, str, str, int]]:
        for report in json.loads((data / "reading/tatqa/tatqa_dataset_dev.json").read_text(encoding="utf-8")):
            paragraphs = sorted(report["paragraphs"], key=lambda each: int(each["order"]))
            context = "\n\n".join(each["text"] for each in paragraphs)
            for row in report["questions"]:
                if (row["answer_type"], row["answer_from"]) != ("span", "text"):
                    continue
                start = context.find(row["answer"][0])
                if start >= 0:
                    yield row["uid"], context, row["question"], row["answer"][0], start

    return write_squad(out / "tatqa-text-spans.json", items())


def quotesum(data: Path, out: Path) -> Path:
    """Each source that holds its own short answer word for word; the summaries are not used."""

    def items() -> Iterable[tuple[str, str, str, str, int]]:
        seen = set()
        for row in rows(data / "reading/quotesum/dev.jsonl"):
            for number in range(1, 9):
                context, answer = row[f"source{number}"], row[f"short_ans_{number}"]
                start = context.find(answer) if answer else -1
                if start >= 0 and (key := (row["question"], context)) not in seen:
                    seen.add(key)
                    yield f"{row['unique_id']}-{number}", context, row["question"], answer, start

    return write_squad(out / "quotesum-dev.json", items())


def wikitables(data: Path, out: Path) -> Path:
    """Tables as lines of cells; questions whose answer is exactly one cell. Counting, comparing and several answers
    are left out."""
    root = data / "reading/wikitablequestions"

    def items() -> Iterable[tuple[str, str, str, str, int]]:
        with (root / "training.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                path = root / row["context"]
                if not path.exists():
                    continue
                with path.open(encoding="utf-8", newline="") as table:
                    cells = [[" ".join(cell.split()) for cell in line] for line in csv.reader(table, escapechar="\\")]
                context, places = joined(cells)
                found = [start for start, cell in places if cell == row["targetValue"]]
                if len(found) == 1:
                    yield row["id"], context, row["utterance"], row["targetValue"], found[0]

    return write_squad(out / "wikitables-one-cell.json", items())


def joined(cells: list[list[str]]) -> tuple[str, list[tuple[int, str]]]:
    """A table as lines of ``a | b``, and where each cell begins."""
    places, start = [], 0
    for line in cells:
        for number, cell in enumerate(line, start=1):
            places.append((start, cell))
            start += len(cell) + (1 if number == len(line) else 3)
    return "\n".join(" | ".join(line) for line in cells), places


# -- retrieval ---------------------------------------------------------------------------------------------------------


def covid_faq(data: Path, out: Path) -> Path:
    """Answers of the English rows as the corpus, questions as queries; equal answers are one document."""
    with (data / "reading/covid_faq/faq_covidbert.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["lang"] == "en" and row["answer"].strip()]
    folder, places = out / "covid_faq", dict[str, str]()
    for row in found:
        places.setdefault(row["answer"], f"a{len(places)}")
    write_rows(folder / "corpus.jsonl", ({"_id": name, "title": "", "text": text} for text, name in places.items()))
    write_rows(folder / "queries.jsonl", ({"_id": f"q{n}", "text": row["question"]} for n, row in enumerate(found)))
    (folder / "qrels").mkdir(exist_ok=True)
    lines = [f"q{number}\t{places[row['answer']]}\t1\n" for number, row in enumerate(found)]
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines), encoding="utf-8")
    return folder


# -- answers -----------------------------------------------------------------------------------------------------------


def demo(data: Path, out: Path, questions: str) -> Path:
    """Questions of the demo corpus with those unanswerable ones that are so for certain."""
    root = data / "demo_corpus"
    found = [
        {
            "id": row["id"], "question": row["question"], "answer": row["answer"], "answerable": True,
            "golds": [
                {"document": source["file"], **{key: source[key] for key in ("page", "quote") if key in source}}
                for source in row["sources"]
            ],
        }
        for row in rows(root / questions)
    ]  # fmt: skip
    found += [
        {"id": f"u{number}", "question": row["question"], "answerable": False, "tags": [row["kind"]]}
        for number, row in enumerate(rows(root / "unanswerable.jsonl"))
        if row["kind"] in CERTAIN
    ]
    return write_rows(out / questions, found)


def contoso(data: Path, out: Path) -> Path:
    return demo(data, out, "qa_contoso_hr.jsonl")


def handbook(data: Path, out: Path) -> Path:
    return demo(data, out, "qa_tts_handbook.jsonl")


def chunking(data: Path, out: Path) -> Path:
    """Questions with the exact stretches that answer them; there are no answers in words."""
    with (data / "chunking_eval/questions_df.csv").open(encoding="utf-8", newline="") as file:
        found = [
            {
                "id": f"c{number}", "question": row["question"], "answerable": True, "tags": [row["corpus_id"]],
                "golds": [
                    {"document": f"{row['corpus_id']}.md", "quote": gold["content"]}
                    for gold in json.loads(row["references"])
                ],
            }
            for number, row in enumerate(csv.DictReader(file))
        ]  # fmt: skip
    return write_rows(out / "chunking-eval.jsonl", found)


Converter = Callable[[Path, Path], Path]
