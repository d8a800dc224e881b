"""Fits how answers are judged (``citewell.answering.calibration``) for the models that ship.

    python -m scripts.fit_answering --data DEV --work DIR --output calibration.json [--limit N]
    python -m scripts.make_model_set --calibration calibration.json

DEV holds ``reading/squad/train-v1.1.json``, ``chunking_eval/`` and ``demo_corpus/``; DIR keeps the collections, so that
a second run need not index again. No question of the sample corpus is used, nor one that the reader was trained on:

- SQuAD: the 22 articles that the reader's recipe holds out. Six of them are left out of the collection, so that their
  questions have no answer there; of the others' questions some are changed until their own paragraph no longer answers
  them (``learning/data/unanswerable.py``).
- questions made from documents by ``citewell evaluate make``: 160 pages of PowerShell's documentation, Contoso's PDFs,
  the 18F handbook, a fifth of them unanswerable;
- the handbook's own cited questions.

Contoso's own questions and those of the chunking evaluation are read and reported on, and not fitted on: their golds
are whole pages, or stretches of which a right sentence covers too little, so many right answers count as wrong.

``--leave-one-out`` fits on all sources but one and reports on that one, for each, and reports on the other two.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.development_sets import chunking, contoso, handbook

import citewell
from citewell.access import Scope
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES, confidence_features
from citewell.collection import Collection
from citewell.evaluation.library import list_sets, load_set, open_set, save_set
from citewell.evaluation.making import make_set
from citewell.evaluation.metrics.refusal import calibration as calibration_curve
from citewell.evaluation.metrics.refusal import coverage_risk
from citewell.evaluation.sets.squad import SquadData, read_squad
from citewell.learning.calibration import Case, Fitted, collect, describe, fit
from citewell.learning.data.unanswerable import make_unanswerable
from citewell.models.files import WEIGHTS
from citewell.models.modelset import SET_FILE, read_model_set
from citewell.models.reader import Reader
from citewell.sentences import sentence_spans

MADE = "made"  # name of the sets that are made here
HELD_OUT = 22  # articles; the reader's recipe keeps the same ones from its training
LEFT_OUT = 6  # of them, not in the collection
ASKED, OUTSIDE, CHANGED = 350, 110, 40
"""SQuAD questions with an answer, about articles that are left out, and changed. Three of ten without an answer, most
of them plainly so: people rather ask what is not there at all than what is there with one word exchanged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("calibration.json"))
    parser.add_argument("--limit", type=int, help="questions of each source")
    parser.add_argument("--leave-one-out", action="store_true")
    arguments = parser.parse_args()
    shipped = read_model_set(WEIGHTS)
    model = shipped.reader()
    if model is None:
        sys.exit(f"{WEIGHTS / SET_FILE} names no reader. Run scripts/make_model_set.py --role reader=DIRECTORY first.")
    reader = Reader(model)
    sources = {name: cases_of(name, arguments, reader) for name in FITTED}
    for name, cases in sources.items():
        print(
            f"{name}: {len(cases)} questions, {sum(c.question.answerable for c in cases)} answerable", file=sys.stderr
        )
    if arguments.leave_one_out:
        for name, cases in sources.items():
            fitted = fit([case for other, found in sources.items() if other != name for case in found])
            print(name, json.dumps(judge(fitted, cases)))
        every = fit([case for cases in sources.values() for case in cases])
        for name in REPORTED:
            print(name, json.dumps(judge(every, cases_of(name, arguments, reader))))
        return
    every = [case for found in sources.values() for case in found]
    fitted = fit(every)
    print(json.dumps(describe(fitted)), file=sys.stderr)
    arguments.output.write_text(json.dumps(record(fitted, sources, reader), indent=1) + "\n", encoding="utf-8")


def cases_of(name: str, arguments: argparse.Namespace, reader: Reader) -> list[Case]:
    started = time.monotonic()
    collection, path = SOURCES[name](arguments.data, arguments.work)
    questions = load_set(collection.store, MADE) if path is None else open_set(None, path)
    if arguments.limit and len(questions.questions) > arguments.limit:
        picked = random.Random(0).sample(questions.questions, arguments.limit)
        questions = replace(questions, questions=tuple(picked))
    found = collect(collection.store, questions, Scope.owner(), reader=reader)
    print(f"{name}: read in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return [replace(case, question=replace(case.question, id=f"{name}:{case.question.id}")) for case in found]


def judge(fitted: Fitted, cases: Sequence[Case]) -> dict[str, Any]:
    """What a calibration does on questions it has not seen."""
    calibration, sure, right = fitted.calibration, [], []
    for case in cases:
        logits = calibration.unit_logits(case.features.units)
        sure.append(calibration.confidence(confidence_features(case.features, logits)) if case.features.places else 0.0)
        right.append(bool(case.features.places) and case.right(logits))
    answerable = np.asarray([case.question.answerable for case in cases])
    confident, correct = np.asarray(sure), np.asarray(right)
    plain, shown = confident >= calibration.answer, confident >= calibration.weak
    curve = coverage_risk(sure, right)
    at = [
        coverage for coverage, risk in zip(curve.coverage, curve.risk, strict=True) if risk <= calibration.target_risk
    ]
    return {
        "n": len(cases), "right of answerable, never refused": share(correct[answerable]),
        "plain": share(plain), "risk of plain": share(~correct[plain]),
        "shown": share(shown), "risk of shown": share(~correct[shown]),
        "right and shown of answerable": share((correct & shown)[answerable]),
        "refused of unanswerable": share(~shown[~answerable]),
        "best coverage at target risk": round(max(at, default=0.0), 3),
        "calibration error": round(calibration_curve(sure, right).error, 3),
    }  # fmt: skip


def share(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 3) if len(values) else None


def record(fitted: Fitted, sources: dict[str, list[Case]], reader: Reader) -> dict[str, Any]:
    return {
        **fitted.calibration.to_json(FEATURES, CONFIDENCE_FEATURES),
        "figures": describe(fitted),
        "training": {
            "command": "python -m scripts.fit_answering --data DEV", "date": date.today().isoformat(),
            "reader": reader.identity,
            "questions": {
                name: {"answerable": sum(case.question.answerable for case in cases), "of": len(cases)}
                for name, cases in sources.items()
            },
        },
    }  # fmt: skip


# -- sources -----------------------------------------------------------------------------------------------------------


def squad(data: Path, work: Path) -> tuple[Collection, Path]:
    found = read_squad(data / "reading/squad/train-v1.1.json")
    more = read_squad(data / "reading/squad/dev-v2.0.json")
    first = len(found.articles) - HELD_OUT
    left_out = set(range(first, first + LEFT_OUT))
    path = work / "squad.jsonl"
    folder = work / "squad"
    if not folder.exists():
        folder.mkdir(parents=True)
        for part, skipped in ((found, left_out), (more, set[int]())):
            write_articles(part, skipped, folder)
    path.write_text("".join(json.dumps(row) + "\n" for row in squad_rows(found, first, left_out)), encoding="utf-8")
    return indexed(folder, work / "squad.citewell"), path


def write_articles(data: SquadData, skipped: set[int], folder: Path) -> None:
    for number, title in enumerate(data.articles):
        if number not in skipped:
            paragraphs = [each.text for each in data.contexts if each.article == number]
            text = f"# {title.replace('_', ' ')}\n\n" + "\n\n".join(" ".join(each.split()) for each in paragraphs)
            (folder / f"{file_name(title)}.md").write_text(text + "\n", encoding="utf-8")


def file_name(title: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in title)[:80]


def squad_rows(data: SquadData, first: int, left_out: set[int]) -> Iterator[dict[str, Any]]:
    generator = random.Random(0)
    asked = [each for each in data.questions if data.contexts[each.context].article >= first and each.answers]
    generator.shuffle(asked)
    inside = [each for each in asked if data.contexts[each.context].article not in left_out]
    outside = [each for each in asked if data.contexts[each.context].article in left_out]
    for each in inside[:ASKED]:
        yield squad_row(each.id, each.text, data, each)
    for each in outside[:OUTSIDE]:
        yield {"id": f"{each.id}-out", "question": each.text, "answerable": False, "tags": ["left out"]}
    made = 0
    for each in inside[ASKED:]:
        own = data.contexts[each.context]
        others = [other.text for other in data.contexts if other.article == own.article and other is not own]
        changed = make_unanswerable(each.text, own.text, generator.sample(others, min(6, len(others))), generator)
        if changed and made < CHANGED:
            made += 1
            yield {"id": f"{each.id}-changed", "question": changed[0], "answerable": False, "tags": [changed[1]]}


def squad_row(name: str, question: str, data: SquadData, asked: Any) -> dict[str, Any]:
    context = data.contexts[asked.context]
    answer = asked.answers[0]
    spans = [span for span in sentence_spans(context.text) if span[0] <= answer.start < span[1]]
    start, end = spans[0] if spans else (answer.start, answer.start + len(answer.text))
    quote = " ".join(context.text[start : max(end, answer.start + len(answer.text))].split())
    return {
        "id": name, "question": question, "answers": sorted({each.text for each in asked.answers}),
        "golds": [{"document": f"{file_name(data.articles[context.article])}.md", "quote": quote}],
    }  # fmt: skip


def indexed(source: Path, place: Path) -> Collection:
    collection = citewell.open(place, create=True)
    collection.add(source)
    return collection


def powershell_made(data: Path, work: Path) -> tuple[Collection, None]:
    """160 of the pages, by chance, as files."""
    folder = work / "powershell"
    if not folder.exists():
        folder.mkdir(parents=True)
        with gzip.open(data / "text/powershell_docs.jsonl.gz", "rt", encoding="utf-8") as file:
            pages = [json.loads(line) for line in file]
        random.Random(3).shuffle(pages)
        for page in [each for each in pages if 2000 < len(each["text"]) < 20000][:160]:
            (folder / page["path"].replace("/", "__")).write_text(page["text"], encoding="utf-8")
    return made(indexed(folder, work / "powershell.citewell"), 200), None


def contoso_made(data: Path, work: Path) -> tuple[Collection, None]:
    return made(contoso_set(data, work)[0], 150), None


def handbook_made(data: Path, work: Path) -> tuple[Collection, None]:
    return made(handbook_set(data, work)[0], 150), None


def made(collection: Collection, count: int) -> Collection:
    if MADE not in {each.name for each in list_sets(collection.store)}:
        save_set(collection.store, make_set(collection.store, Scope.owner(), count=count, name=MADE))
    return collection


def chunking_set(data: Path, work: Path) -> tuple[Collection, Path]:
    return indexed(data / "chunking_eval/corpora", work / "chunking.citewell"), chunking(data, work)


def contoso_set(data: Path, work: Path) -> tuple[Collection, Path]:
    return indexed(data / "demo_corpus/contoso_hr_pdf", work / "contoso.citewell"), contoso(data, work)


def handbook_set(data: Path, work: Path) -> tuple[Collection, Path]:
    return indexed(data / "demo_corpus/tts_handbook_md", work / "handbook.citewell"), handbook(data, work)


SOURCES = {
    "squad": squad, "handbook": handbook_set, "PowerShell, made": powershell_made, "Contoso, made": contoso_made,
    "handbook, made": handbook_made, "contoso": contoso_set, "chunking": chunking_set,
}  # fmt: skip
FITTED = ("squad", "handbook", "PowerShell, made", "Contoso, made", "handbook, made")
REPORTED = ("contoso", "chunking")


if __name__ == "__main__":
    main()
