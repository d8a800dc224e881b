"""The verifier on claims that people judged, on made errors it never saw, and on verbatim quotes.

    python -m benchmarks.verifier --data DEV --model MODEL

DEV holds the development data, MODEL an exported verifier. Beside it stand the plain features alone (``support.json``,
fitted on half of FEVER and of WiCE dev, so those two rows flatter them) and the network alone. Nothing is chosen here:
thresholds come from held-out training data. FEVER: the fifth of the pairs kept back by groups that share evidence.
Corruptions: of kinds, and of documents, that nothing was trained or chosen on. Writes results/verifier.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from scripts.train_verifier import PLACES

from citewell.evaluation.metrics.support import literal_support
from citewell.evaluation.runs import Figure
from citewell.evaluation.statistics import interval
from citewell.evaluation.support_data import pair_figures
from citewell.learning.data.corruptions import UNSEEN, corrupt
from citewell.learning.data.rewording import reworded
from citewell.learning.data.support import sentences, side_of
from citewell.learning.data.support_sources import json_lines, judged, passages_of
from citewell.literals.features import Support
from citewell.models.verifier import Verifier
from citewell.records import Json, Span
from citewell.sentences import sentence_spans

RESULTS = Path(__file__).parent / "results"
TEXTS = ("squad", "powershell", "articles", "passages", "medquad")
SEED = 20261120
WANTED = 2000  # corruptions, and quotes


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence beside evidence. kind: of corruption, for a row of its own."""

    sentence: str
    evidence: str
    supported: bool
    kind: str = ""
    marked: tuple[Span, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="only so many cases of each set")
    arguments = parser.parse_args()
    verifier = Verifier.load(arguments.model)
    result: Json = {
        "command": "python -m benchmarks.verifier --data DEV --model MODEL", "verifier": verifier.identity,
        "judged": {}, "made": {},
    }  # fmt: skip
    for name, cases in judged_sets(arguments.data).items():
        result["judged"][name] = compare(name, verifier, cases[: arguments.limit])
    made = corruptions(arguments.data)[: arguments.limit]
    result["made"]["corruptions not trained on"] = caught(verifier, made)
    quotes = [Case(case.sentence, case.evidence, True) for case in verbatim(arguments.data)][: arguments.limit]
    result["made"]["verbatim quotes"] = alarms(verifier, quotes, "verbatim quotes")
    rest = [Case(changed(case), case.evidence, True) for case in verbatim(arguments.data)][: arguments.limit]
    result["made"]["reworded quotes"] = alarms(verifier, rest, "reworded quotes")
    if arguments.limit is None:
        (RESULTS / "verifier.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def judged_sets(data: Path) -> dict[str, list[Case]]:
    rows = list(json_lines(data / PLACES["fever"]))

    def of(*sources: str) -> list[Case]:
        return [
            Case(row["claim"], row["premise"], row["label"] == "SUPPORT") for row in rows
            if row["src"] in sources and (row["src"] != "healthver" or row["split"] == "dev")
        ]  # fmt: skip

    return {
        "FEVER, kept back": [
            Case(each.sentence, each.evidence, each.supported)
            for each in judged(data / PLACES["fever"])
            if side_of(each.document) == "test"
        ],
        "WiCE dev": of("wice_claim"),
        "SciFact + HealthVer dev": of("scifact", "healthver"),
        "COVID-Fact": of("covidfact"),
    }


def compare(name: str, verifier: Verifier, cases: Sequence[Case]) -> Json:
    """Balanced accuracy, AUROC and the other figures of the three systems on the same pairs."""
    holds = np.array([case.supported for case in cases])
    found: Json = {"pairs": len(cases), "supported": int(holds.sum())}
    systems: dict[str, Callable[[Case], tuple[float, bool]]] = {
        "verifier": lambda case: _scored(verifier.check(case.sentence, [case.evidence])),
        "network alone": lambda case: _logit(verifier.read(case.sentence, [case.evidence]).logit),
        "plain features": lambda case: _scored(literal_support(case.sentence, [case.evidence])),
    }
    print(f"{name}: {len(cases)} pairs, {holds.mean():.0%} supported")
    for system, score in systems.items():
        started = time.perf_counter()
        scored = [score(case) for case in cases]
        took = (time.perf_counter() - started) / max(1, len(cases))
        figures = pair_figures(np.array([each for each, _ in scored]), np.array([said for _, said in scored]), holds)
        found[system] = {key: each.to_json() for key, each in figures.items()} | {"seconds a pair": round(took, 5)}
        shown = "  ".join(f"{key} {each.value:.3f} [{each.low:.3f}, {each.high:.3f}]" for key, each in figures.items())
        print(f"  {system:<16}{shown}  {1000 * took:.1f} ms")
    return found


def _scored(judgement: Support) -> tuple[float, bool]:
    return judgement.score, judgement.verdict == "supported"


def _logit(value: float) -> tuple[float, bool]:
    return 1 / (1 + np.exp(-value)), value >= 0


def corruptions(data: Path) -> list[Case]:
    """Up to :data:`WANTED`, as many of each unseen kind as there are, from documents kept back."""
    random = Random(SEED)
    found: dict[str, list[Case]] = {kind: [] for kind in UNSEEN}
    for sentence, evidence, siblings in _kept_back(data):
        base = reworded(sentence, random) if random.random() < 0.5 else sentence
        for kind in UNSEEN:
            if wrong := corrupt(base, evidence, random, kinds=[kind], siblings=siblings):
                found[kind].append(Case(wrong.sentence, evidence, False, kind, wrong.unsupported))
    each = WANTED // len(UNSEEN)
    rare = sorted(found.values(), key=len)
    taken = random.sample(rare[0], min(each, len(rare[0])))
    taken += random.sample(rare[1], min(WANTED - len(taken), len(rare[1])))
    random.shuffle(taken)
    return taken


def verbatim(data: Path) -> list[Case]:
    found = [Case(sentence, evidence, True) for sentence, evidence, _ in _kept_back(data)]
    return Random(SEED).sample(found, min(WANTED, len(found)))


def changed(case: Case) -> str:
    return reworded(case.sentence, Random(SEED), steps=2)


def _kept_back(data: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Sentences of documents on the test side, their passage, and sentences of the passage before."""
    for name in TEXTS:
        passages = [each.passage for each in passages_of(name, data / PLACES[name])]
        before: list[str] = []
        for passage in passages:
            if side_of(passage.document) != "test":
                continue
            told = sentences(passage.text)
            random = Random(f"{SEED} {passage.text[:60]}")
            whole = [passage.text[start:end] for start, end in sentence_spans(passage.text)]
            for sentence in random.sample(told, min(2, len(told))):
                at = next((place for place, each in enumerate(whole) if sentence in each), 0)
                first = max(0, at - random.randrange(4))
                yield sentence, " ".join(whole[first : max(first + 5, at + 1)]), before
            before = told


def caught(verifier: Verifier, cases: Sequence[Case]) -> Json:
    """The share of wrong sentences not called supported, by kind, and how well their words are marked."""
    judgements = [verifier.check(case.sentence, [case.evidence]) for case in cases]
    plain = [literal_support(case.sentence, [case.evidence]) for case in cases]
    found: Json = {}
    for kind in ("all", *UNSEEN):
        picked = [i for i, case in enumerate(cases) if kind in {"all", case.kind}]
        if not picked:
            continue
        figure = interval([float(judgements[i].verdict != "supported") for i in picked])
        beside = interval([float(plain[i].verdict != "supported") for i in picked])
        hit = interval([float(_meet(judgements[i].unsupported, cases[i].marked)) for i in picked])
        found[kind] = {
            "caught": figure.to_json(),
            "by plain features": beside.to_json(),
            "wrong word marked": hit.to_json(),
        }
        print(f"corruptions, {kind}: caught {_shown(figure)}, plain features {_shown(beside)}, marked {_shown(hit)}")
    return found


def alarms(verifier: Verifier, cases: Sequence[Case], name: str) -> Json:
    """The share of true sentences not called supported."""
    figure = interval([float(verifier.check(case.sentence, [case.evidence]).verdict != "supported") for case in cases])
    network = interval([float(verifier.read(case.sentence, [case.evidence]).logit < 0) for case in cases])
    beside = interval([float(literal_support(case.sentence, [case.evidence]).verdict != "supported") for case in cases])
    print(f"{name}: false alarms {_shown(figure)}, network alone {_shown(network)}, plain features {_shown(beside)}")
    return {
        "false alarms": figure.to_json(), "network alone": network.to_json(), "plain features": beside.to_json(),
    }  # fmt: skip


def _meet(found: Sequence[Span], true: Sequence[Span]) -> bool:
    return any(a < d and c < b for a, b in found for c, d in true)


def _shown(figure: Figure) -> str:
    return f"{figure.value:.1%} [{figure.low:.1%}, {figure.high:.1%}] n = {figure.n}"


if __name__ == "__main__":
    main()
