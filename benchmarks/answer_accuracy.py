"""How answer accuracy treats texts of which people said the right answer, or whether they support a claim.

    python -m benchmarks.answer_accuracy --data DEV

DEV holds ``reading/squad/dev-v2.0.json``, ``reading/quotesum/dev.jsonl`` and ``nli/train_dev.jsonl``. No public set has
answers that people marked right or wrong beside references, so agreement is measured where labels follow from what
people wrote. Writes results/answer_accuracy.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from citewell.evaluation.metrics.accuracy import answer_accuracy
from citewell.evaluation.metrics.texts import normalised
from citewell.evaluation.statistics import interval
from citewell.sentences import sentence_spans

RESULTS = Path(__file__).parent / "results"
Row = tuple[str, bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    rows: dict[str, list[float]] = {}
    for name, accepted in (*squad(data), *quotesum(data), *fever(data)):
        rows.setdefault(name, []).append(float(accepted))
    figures = {name: interval(values) for name, values in rows.items()}
    for name, figure in figures.items():
        print(f"{name:68}{figure.value:7.1%} [{figure.low:.1%}, {figure.high:.1%}]  n = {figure.n}")
    result = {"command": "python -m benchmarks.answer_accuracy --data DEV",
              "accepted": {name: figure.to_json() for name, figure in figures.items()}}  # fmt: skip
    (RESULTS / "answer_accuracy.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def squad(data: Path) -> Iterator[Row]:
    """Answers of one annotator, with those of the others as references; and what is no answer."""
    chance = random.Random(20261120)
    articles = json.loads((data / "reading/squad/dev-v2.0.json").read_text(encoding="utf-8"))["data"]
    for paragraph in (paragraph for article in articles for paragraph in article["paragraphs"]):
        text = paragraph["context"]
        sentences = [text[start:end] for start, end in sentence_spans(text)]
        asked = [each for each in paragraph["qas"] if len(each["answers"]) > 2]
        for question in asked:
            answers = [each["text"] for each in question["answers"]]
            first, others = answers[0], answers[1:]
            yield "SQuAD: another annotator's answer", answer_accuracy(first, others)
            yield "SQuAD: the same by exact match", normalised(first) in {normalised(each) for each in others}
            holding = next((each for each in sentences if first in each), "")
            if holding:
                yield "SQuAD: a sentence that holds the answer", answer_accuracy(holding, others)
            elsewhere = [each for each in sentences if not holds_any(each, answers)]
            if elsewhere:
                yield "SQuAD: another sentence of the paragraph", answer_accuracy(chance.choice(elsewhere), answers)
            wrong = [each["answers"][0]["text"] for each in asked if not same_answer(each, answers)]
            if wrong:
                yield "SQuAD: another question's answer", answer_accuracy(chance.choice(wrong), answers)


def holds_any(sentence: str, answers: list[str]) -> bool:
    return any(each.lower() in sentence.lower() for each in answers)


def same_answer(question: dict[str, Any], answers: list[str]) -> bool:
    return not {each["text"].lower() for each in question["answers"]}.isdisjoint(each.lower() for each in answers)


def quotesum(data: Path) -> Iterator[Row]:
    """Summaries that several people wrote for one question."""
    written: dict[str, list[str]] = {}
    for line in (data / "reading/quotesum/dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        written.setdefault(row["qid"], []).append(re.sub(r"\[ \d+ | \]", "", row["summary"]))
    before: list[str] = []
    for summaries in written.values():
        if len(summaries) > 1:
            yield "QuoteSum: another person's summary", answer_accuracy(summaries[0], summaries[1:])
        if before:
            yield "QuoteSum: the summary of another question", answer_accuracy(summaries[0], before)
        before = summaries


def fever(data: Path) -> Iterator[Row]:
    """Sentences beside claims: people said whether the sentence supports the claim. Every fourth pair."""
    rows = [json.loads(line) for line in (data / "nli/train_dev.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in [row for row in rows if row["src"] == "fever_dev_rte"][::4]:
        label = "supports" if row["label"] == "SUPPORT" else "does not support"
        yield f"FEVER: a sentence that {label} the reference", answer_accuracy(row["premise"], [row["claim"]])


if __name__ == "__main__":
    main()
