"""Every development set through the product's own commands: one table, the baseline that later work is compared with.

    python -m benchmarks.development --data DIR --work DIR [--limit 50] [--only retrieval reading …] [--every-split]

DIR of --data holds retrieval/, reading/, nli/, demo_corpus/ and chunking_eval/. Each set is one command; its JSON is
kept under --work, so that a run that was stopped goes on where it was, and --again measures anew. What is asked is
capped (column "of"), evenly over the file for reading and from its beginning otherwise; corpora are always indexed
whole. A set that fails is a row with its error. Writes results/development.json and prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import development_sets as sets
from citewell.evaluation.running import code_hash
from citewell.samples import corpus_path, questions_path

RESULTS = Path(__file__).parent / "results" / "development.json"
COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]
Json = dict[str, Any]

RETRIEVAL_CAP, READING_CAP, SUPPORT_CAP = 1000, 1000, 1000
SPLITS = {"scifact": "train"}  # main split where it is not dev
FURTHER = (("medquad", "train"), ("mtrag_fiqa_pool", "dev_full"), ("msmarco_dl20_pool", "dev_full"))
"""Splits that index a large corpus a second time; with --every-split."""

SHOWN = {
    "retrieval": ("nDCG@10", "Recall@10", "Recall@100", "MRR@10"),
    "answers": ("correct", "correct when answerable", "correct when unanswerable", "gold shown", "passage nDCG@10",
                "page Recall@10", "document Recall@10", "answer accuracy", "groundedness"),
    "reading": ("correct", "HasAns F1", "HasAns exact match", "NoAns exact match", "expected calibration error"),
    "support": ("AUROC", "balanced accuracy", "F1 of unsupported", "expected calibration error"),
}  # fmt: skip

NOT_RUN = {
    "reading/pubmedqa": "yes/no/maybe and a conclusion that is not in the text: nothing to quote",
    "nli/halueval_general": "a question and a reply without a premise: nothing to check the reply against",
    "nli/wice_non_supported_tokens": "partially supported claims only; measuring needs both kinds",
    "rag/realtimeqa_robustrag": "each question brings its own search results, some poisoned: no collection",
    "docs, security, text": "not for evaluation of answers",
}


@dataclass(frozen=True)
class Task:
    """One command. shown: as a person would type it. cap: most questions; for support, pairs of each source."""

    group: str
    name: str
    arguments: tuple[str, ...]
    shown: str
    cap: int | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="for indexes, converted sets and finished results")
    parser.add_argument("--limit", type=int, help="at most so many questions of each set")
    parser.add_argument("--only", nargs="+", default=list(SHOWN), help=f"of {', '.join(SHOWN)}, or parts of set names")
    parser.add_argument("--every-split", action="store_true", help="also " + ", ".join(map(":".join, FURTHER)))
    parser.add_argument("--again", action="store_true", help="measure finished sets anew")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    chosen = [
        task for task in tasks(arguments.data, arguments.work, arguments.every_split)
        if any(each == task.group or each in task.name for each in arguments.only)
    ]  # fmt: skip
    found = []
    for number, task in enumerate(chosen, start=1):
        print(f"[{number}/{len(chosen)}] {task.group} {task.name}", file=sys.stderr, flush=True)
        found += table_rows(task, measured(task, arguments.work, arguments.limit, again=arguments.again))
    summary = {"limit": arguments.limit, "code": code_hash(), "rows": found, "not run": NOT_RUN}
    arguments.out.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(markdown(found))


# -- which sets --------------------------------------------------------------------------------------------------------


def tasks(data: Path, work: Path, every_split: bool) -> Iterator[Task]:
    """Small sets first, so that a fault shows early."""
    inputs = work / "inputs"
    yield from answer_tasks(data, work, inputs)
    yield from support_tasks(data)
    yield from reading_tasks(data, inputs)
    yield retrieval_task(sets.covid_faq(data, inputs), "dev")
    folders = sorted((data / "retrieval").iterdir(), key=lambda each: (each / "corpus.jsonl").stat().st_size)
    for folder in folders:
        yield retrieval_task(folder, SPLITS.get(folder.name, "dev"))
    if every_split:
        for name, split in FURTHER:
            yield retrieval_task(data / "retrieval" / name, split)


def retrieval_task(folder: Path, split: str) -> Task:
    shown = f"evaluate retrieval {folder.name} --split {split}"
    return Task(
        "retrieval", f"{folder.name}:{split}", ("evaluate", "retrieval", str(folder), "--split", split), shown,
        RETRIEVAL_CAP,
    )  # fmt: skip


def reading_tasks(data: Path, inputs: Path) -> Iterator[Task]:
    squad = data / "reading/squad"
    files = [(squad / "train-v1.1.json", 2000), (squad / "dev-v2.0.json", 2000)]
    files += [(data / "reading/policyqa/dev.json", READING_CAP)]
    converters: tuple[sets.Converter, ...] = (sets.subjqa, sets.tatqa, sets.quotesum, sets.wikitables)
    files += [(convert(data, inputs), READING_CAP) for convert in converters]
    for path, cap in files:
        always = () if has_unanswerable(path) else ("--answer-always",)
        name = f"{path.parent.name}-{path.stem}" if path.is_relative_to(data) else path.stem
        shown = " ".join(("evaluate reading", path.name, *always))
        yield Task("reading", name, ("evaluate", "reading", str(path), *always), shown, cap)


def has_unanswerable(path: Path) -> bool:
    return '"is_impossible": true' in path.read_text(encoding="utf-8")


def support_tasks(data: Path) -> Iterator[Task]:
    path = data / "nli/train_dev.jsonl"
    yield Task("support", "nli", ("evaluate", "support", str(path)), f"evaluate support {path.name}", SUPPORT_CAP)


def answer_tasks(data: Path, work: Path, inputs: Path) -> Iterator[Task]:
    demo = data / "demo_corpus"
    for name, documents, questions in (
        ("samples", corpus_path(), questions_path()),
        ("tts_handbook", demo / "tts_handbook_md", sets.handbook(data, inputs)),
        ("contoso_hr", demo / "contoso_hr_pdf", sets.contoso(data, inputs)),
        ("chunking_eval", data / "chunking_eval/corpora", sets.chunking(data, inputs)),
    ):
        collection = indexed(work / "collections" / f"{name}.citewell", documents)
        shown = f"add {documents.name}; evaluate answers {questions.name}"
        arguments = ("-c", str(collection), "evaluate", "answers", str(questions))
        yield Task("answers", name, arguments, shown)


def indexed(collection: Path, documents: Path) -> Path:
    """The collection of ``documents``; made once, brought up to date afterwards."""
    collection.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [*COMMAND, "-c", str(collection), "add", str(documents), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{documents} could not be indexed:\n{done.stderr}")
    return collection


# -- running -----------------------------------------------------------------------------------------------------------


def measured(task: Task, work: Path, limit: int | None, *, again: bool) -> Json:
    """The command's JSON with seconds and limit; from an earlier run with the same limit when there is one."""
    limits = [each for each in (task.cap, limit) if each is not None]
    asked = min(limits) if limits else None
    path = work / "finished" / f"{task.group}-{task.name.replace(':', '-')}-{asked or 'all'}.json"
    if path.exists() and not again:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [*(["--limit", str(asked)] if asked else [])]
    if task.group == "answers":
        options += ["--out", str(path.with_suffix(".run.json"))]
    started = time.monotonic()
    done = subprocess.run([*COMMAND, *task.arguments, *options, "--json"], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return {"error": f"exit {done.returncode}: {last[0]}", "seconds": round(seconds, 1)}
    found = {**json.loads(done.stdout), "seconds": round(seconds, 1), "limit": asked}
    path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return found


def table_rows(task: Task, found: Json) -> list[Json]:
    """One row, and for support one of each source."""
    command = "citewell " + task.shown + (f" --limit {found['limit']}" if found.get("limit") else "")
    row: Json = {"group": task.group, "set": task.name, "command": command, "seconds": found["seconds"]}
    if "error" in found:
        return [{**row, "error": found["error"]}]
    if task.group == "retrieval":
        facts = {name: found[name] for name in ("documents", "passages")}
        return [{**row, **facts, "questions": found["queries"], "metrics": chosen(task.group, found["metrics"])}]
    questions = found["set"]["questions"]
    row |= {"questions": questions, "notes": found["notes"], "metrics": chosen(task.group, found["metrics"])}
    if task.group == "answers":
        row |= {name: found["collection"][name] for name in ("documents", "passages")}
    sources = found["curves"].get("sources", {})
    return [row] + [
        {**row, "set": f"{task.name}: {source}", "questions": next(iter(figures.values()))["n"], "metrics": figures}
        for source, figures in sources.items()
    ]


def chosen(group: str, metrics: Json) -> Json:
    return {name: metrics[name] for name in SHOWN[group] if name in metrics}


def markdown(found: list[Json]) -> str:
    lines = []
    for group, names in SHOWN.items():
        rows = [row for row in found if row["group"] == group]
        used = [name for name in names if any(name in row.get("metrics", {}) for row in rows)]
        if not rows:
            continue
        lines += [
            "",
            f"| {group} | n | {' | '.join(used)} | seconds | command |",
            "|" + "---|" * (len(used) + 4),
        ]
        for row in rows:
            cells = [cell(row.get("metrics", {}).get(name), row.get("questions", 0)) for name in used]
            told = row.get("error") or f"`{row['command']}`"
            questions = f"{row['questions']:,}" if "questions" in row else "–"
            lines.append(f"| {row['set']} | {questions} | {' | '.join(cells)} | {row['seconds']:.0f} | {told} |")
    return "\n".join(lines)


def cell(figure: Json | None, questions: int) -> str:
    """A figure with its interval, and over how many questions where that is not all."""
    if figure is None:
        return "–"
    count = f", n {figure['n']:,}" if figure["n"] != questions else ""
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f}{count})"


if __name__ == "__main__":
    main()
