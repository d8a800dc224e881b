"""Is the diagnosis right? Each stage is broken on purpose, and the class that comes out is compared with the cause.

    python -m benchmarks.diagnosis                  # all breaks, on the sample corpus (about 10 minutes)
    python -m benchmarks.diagnosis --only buried    # breaks whose function's name holds this

Questions that were answered rightly before a break and are failed after it have a known cause. The rules of the
diagnosis were tuned on the questions marked ``fit`` alone; the target counts on those marked ``test``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import citewell
from benchmarks.diagnosis_base import OWNER, Base, Broken
from benchmarks.diagnosis_breaks import every_break
from citewell.evaluation.diagnosis import FAULTS, diagnose
from citewell.evaluation.running import evaluate
from citewell.evaluation.sets import read_set
from citewell.evaluation.statistics import interval
from citewell.records import Json
from citewell.samples import corpus_path, questions_path

OUT = Path("benchmarks/results/diagnosis.json")


@dataclass(frozen=True)
class Judged:
    """One broken question. said: the class of the diagnosis. proven: whether its re-run came out right."""

    id: str
    split: str
    broken: str
    truth: str
    said: str
    kind: str
    proven: bool | None
    evidence: str
    counterfactual: str

    @property
    def right(self) -> bool:
        return self.truth == self.said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="breaks whose name holds this")
    parser.add_argument("--most", type=int, default=60, help="questions asked for each break")
    parser.add_argument("--split", default="", help="only these questions: fit or test")
    parser.add_argument("--verbose", action="store_true", help="list what was put into the wrong class")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    judged: list[Judged] = []
    with tempfile.TemporaryDirectory() as folder:
        base = sound(Path(folder), arguments.split)
        started = time.perf_counter()
        for broken in every_break(base, arguments.only):
            found = judge(broken, arguments.most)
            judged += found
            right, seconds = sum(each.right for each in found), time.perf_counter() - started
            print(f"{broken.name:<24} {right:>4} of {len(found):>4} right, {seconds:.0f} s", flush=True)
            started = time.perf_counter()
    if arguments.verbose:
        for each in judged:
            if not each.right:
                print(f"{each.id} {each.split} {each.broken}: {each.said} {each.kind} {each.proven}\n"
                      f"    {each.evidence}\n    {each.counterfactual}")  # fmt: skip
    for split in ("fit", "test"):
        print_table([each for each in judged if each.split == split], split)
    if not arguments.only:
        write(report(judged), arguments.split, arguments.out)


def write(found: Json, split: str, path: Path) -> None:
    """Writes the figures; of one split, beside those of the other that are there."""
    if split and path.exists():
        found = {**json.loads(path.read_text(encoding="utf-8")), split: found[split]}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def sound(folder: Path, split: str = "") -> Base:
    """The sample corpus, indexed and asked."""
    collection = citewell.open(folder / "sound.citewell", create=True)
    collection.add(corpus_path())
    return Base(collection, evaluate(collection.store, read_set(questions_path(), split), OWNER), folder)


def judge(broken: Broken, most: int) -> list[Judged]:
    """The diagnosis of the questions that the break was made for and that it broke. most: asked at all; every second or
    third one, so that both splits have their share."""
    ids = sorted(broken.truth)
    ids = ids if broken.every or not ids else ids[:: -(-len(ids) // most)]
    asked = tuple(each for each in broken.questions.questions if each.id in set(ids))
    if not asked:
        return []
    with broken.damage():
        questions = replace(broken.questions, questions=asked)
        run = evaluate(broken.collection.store, questions, broken.scope, system=broken.system)
        wanted = {each.question.id: each for each in run.results if broken.took(each)}
        cases = diagnose(broken.collection.store, run, OWNER, ladder=False, only=wanted).cases
    return [
        Judged(
            case.question_id, wanted[case.question_id].question.split, broken.name, broken.truth[case.question_id],
            case.fault, case.kind, case.proven, case.evidence, case.counterfactual,
        )
        for case in cases
    ]  # fmt: skip


def print_table(judged: list[Judged], split: str) -> None:
    """Truth down, diagnosis across, then precision and recall with intervals."""
    print(f"\n{split}: {len(judged)} broken questions, {_share([each.right for each in judged])} in the right class")
    short = ["".join(word[0] for word in fault.split("_")) for fault in FAULTS]
    print(f"{'truth':<22}{''.join(f'{name:>5}' for name in short)}   recall                  precision")
    counts = Counter((each.truth, each.said) for each in judged)
    for fault in FAULTS:
        row = "".join(f"{counts[fault, said] or '·':>5}" for said in FAULTS)
        recall = _share([each.right for each in judged if each.truth == fault])
        precision = _share([each.right for each in judged if each.said == fault])
        print(f"{fault:<22}{row}   {recall:<23} {precision}")


def _share(values: list[bool]) -> str:
    if not values:
        return "-"
    figure = interval([float(each) for each in values])
    return f"{figure.value:.1%} ({figure.low:.0%}–{figure.high:.0%}, {figure.n})"


def report(judged: list[Judged]) -> Json:
    found: Json = {"command": "python -m benchmarks.diagnosis", "date": date.today().isoformat()}
    for split in ("fit", "test"):
        part = [each for each in judged if each.split == split]
        found[split] = {
            "right": interval([float(each.right) for each in part]).to_json(),
            "confusion": {
                truth: dict(Counter(each.said for each in part if each.truth == truth)) for truth in FAULTS
            },
            "classes": {fault: {
                "recall": interval([float(each.right) for each in part if each.truth == fault]).to_json(),
                "precision": interval([float(each.right) for each in part if each.said == fault]).to_json(),
            } for fault in FAULTS},
            "breaks": {name: interval([float(each.right) for each in part if each.broken == name]).to_json()
                       for name in dict.fromkeys(each.broken for each in part)},
            "proven": interval([float(each.proven is not False) for each in part if each.right]).to_json(),
            "wrong": [
                {"id": each.id, "broken": each.broken, "truth": each.truth, "said": each.said, "kind": each.kind}
                for each in part if not each.right
            ],
        }  # fmt: skip
    return found


if __name__ == "__main__":
    main()
