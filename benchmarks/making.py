"""Made test sets: how many questions each corpus gives, how fast, and whether they order systems as people's do.

    python -m benchmarks.making                                      # the sample corpus alone
    python -m benchmarks.making --more NAME=DIR NAME=DIR --sheet OUT.csv
    python -m benchmarks.making --labels benchmarks/results/making_labels.csv

Yield and time for each corpus; for the sample corpus also the recall@10 of six searches (lexical, dense, hybrid and
three broken ones) over the people's questions and over the made ones, and the rank correlation of the two (Kendall's
tau). ``--sheet`` writes questions to be read and labelled by hand; ``--labels`` prints the shares of such a sheet.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.anchoring import anchor, relevant_passages
from citewell.evaluation.library import open_set
from citewell.evaluation.making import make_set
from citewell.evaluation.making.checks import echo
from citewell.evaluation.questions import Question, QuestionSet
from citewell.retrieval.fusion import fuse
from citewell.samples import corpus_path, questions_path

OWNER = Scope.owner()
RANKED = 10
Search = Callable[[str], Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--more", nargs="*", default=[], metavar="NAME=DIR", help="Other folders of documents.")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--sheet", type=Path, help="Write a CSV of questions for reading.")
    parser.add_argument("--labels", type=Path, help="Print the shares of a labelled sheet, and nothing else.")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/making.json"))
    arguments = parser.parse_args()
    if arguments.labels:
        print_labels(arguments.labels)
        return
    folders = {
        "samples": corpus_path(),
        **{each.partition("=")[0]: Path(each.partition("=")[2]) for each in arguments.more},
    }
    report: dict[str, Any] = {"count": arguments.count, "seed": arguments.seed, "corpora": {}}
    sheet: list[dict[str, str]] = []
    for name, folder in folders.items():
        with tempfile.TemporaryDirectory() as place:
            collection = citewell.open(Path(place) / "made.citewell", create=True)
            collection.add(folder)
            made, row = measured(collection, arguments.count, arguments.seed)
            report["corpora"][name] = row
            print(f"{name}: {json.dumps(row)}", flush=True)
            sheet += [{"corpus": name, **each} for each in rows_for_reading(made)]
            if name == "samples":
                report["agreement"] = agreement(collection, made)
                print(json.dumps(report["agreement"], indent=1), flush=True)
    if arguments.sheet:
        write_sheet(arguments.sheet, sheet)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


def measured(collection: Collection, count: int, seed: int) -> tuple[QuestionSet, dict[str, Any]]:
    """A made set, and what there is to say of its making."""
    started = time.perf_counter()
    made = make_set(collection.store, OWNER, count=count, seed=seed)
    seconds = time.perf_counter() - started
    facts = made.made
    names = (
        "documents", "documents_read", "made", "unanswerable", "kinds", "dropped", "gold_found_among_wide", "mean_echo",
    )  # fmt: skip
    return made, {**{name: facts[name] for name in names}, "seconds": round(seconds, 1)}


# -- do made questions order systems as people's questions do? ---------------------------------------------------------


def agreement(collection: Collection, made: QuestionSet) -> dict[str, Any]:
    """Recall@10 of each search over both sets, and Kendall's tau between the two orders."""
    human = open_set(None, questions_path())
    sets = {"human": human.questions, "made": made.questions}
    searches = searches_of(collection)
    figures = {name: recalls(collection, questions, searches) for name, questions in sets.items()}
    echoes = {name: mean_echo(questions) for name, questions in sets.items()}
    ones, others = ([figures[name][search] for search in searches] for name in ("human", "made"))
    return {"recall@10": figures, "kendall tau": kendall(ones, others), "mean echo": echoes}


def searches_of(collection: Collection) -> dict[str, Search]:
    """Three searches that are in use, and three that are broken in a known way."""
    index, encoder = collection.store.index, collection.store.encoder

    def lexical(question: str) -> Sequence[str]:
        return index.rank_lexical(question, 100, OWNER).ids

    def dense(question: str) -> Sequence[str]:
        return index.rank_dense(encoder.encode([question])[0], 100, OWNER).ids

    def hybrid(question: str) -> Sequence[str]:
        ranked = index.rank_lexical(question, 100, OWNER), index.rank_dense(encoder.encode([question])[0], 100, OWNER)
        return fuse(question, *ranked).ids

    def first_words(question: str) -> Sequence[str]:
        return lexical(" ".join(question.split()[:4]))

    def no_numbers(question: str) -> Sequence[str]:
        return dense("".join(" " if each.isdigit() else each for each in question))

    def buried(question: str) -> Sequence[str]:
        return hybrid(question)[5:]

    return {
        "lexical": lexical, "dense": dense, "hybrid": hybrid, "lexical, first four words": first_words,
        "dense without numbers": no_numbers, "hybrid without its first five": buried,
    }  # fmt: skip


def recalls(collection: Collection, questions: Sequence[Question], searches: dict[str, Search]) -> dict[str, float]:
    """The share of questions whose first ten passages show a gold; over those whose golds were found."""
    asked = []
    for each in anchor([question for question in questions if question.answerable], collection.store, OWNER):
        relevant = relevant_passages(each.question.golds, collection.store, OWNER)
        if relevant:
            asked.append((each.question.text, set(relevant)))
    return {
        name: round(sum(bool(set(search(text)[:RANKED]) & relevant) for text, relevant in asked) / len(asked), 4)
        for name, search in searches.items()
    }


def kendall(ones: Sequence[float], others: Sequence[float]) -> float:
    """Kendall's tau-b of two lists of scores."""
    pairs = list(combinations(range(len(ones)), 2))
    signs = [(_sign(ones[i] - ones[j]), _sign(others[i] - others[j])) for i, j in pairs]
    agree = sum(one * other for one, other in signs)
    untied = [sum(pair[side] != 0 for pair in signs) for side in (0, 1)]
    return round(agree / max(1e-9, (untied[0] * untied[1]) ** 0.5), 4)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def mean_echo(questions: Sequence[Question]) -> float:
    """How much of its gold a question repeats in one run, without the name of its document."""
    values = [
        echo(question.text.split(", according to ")[0], question.golds[0].quote)
        for question in questions if question.golds and question.golds[0].quote
    ]  # fmt: skip
    return round(sum(values) / max(1, len(values)), 4)


# -- reading by hand ---------------------------------------------------------------------------------------------------


def rows_for_reading(made: QuestionSet) -> list[dict[str, str]]:
    return [
        {
            "id": question.id, "kind": question.kind, "label": "", "why": "", "question": question.text,
            "answer": "; ".join(question.answers)[:200], "note": question.note,
            "quote": question.golds[0].quote[:300] if question.golds else "",
        }
        for question in made.questions
    ]  # fmt: skip


def write_sheet(path: Path, rows: Sequence[dict[str, str]]) -> None:
    chosen = sorted(random.Random(1).sample(list(rows), len(rows)), key=lambda row: row["corpus"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(chosen)


def print_labels(path: Path) -> None:
    """Shares of good, awkward and wrong questions, in all and by kind."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"]]
    for kind in ("all", *sorted({row["kind"] for row in rows})):
        labels = Counter(row["label"] for row in rows if kind in {"all", row["kind"]})
        total = sum(labels.values())
        shares = "  ".join(f"{name} {labels[name] / total:5.1%}" for name in ("good", "awkward", "wrong"))
        print(f"{kind:<14} n {total:>4}  {shares}")


if __name__ == "__main__":
    main()
