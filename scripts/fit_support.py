"""Fits ``citewell.evaluation.metrics.support.literal_support`` on premise–claim pairs that people judged.

    python -m scripts.fit_support PAIRS.jsonl            # fits, writes support.json, reports
    python -m scripts.fit_support PAIRS.jsonl --report   # reports only

PAIRS.jsonl has ``{"src", "premise", "claim", "label"}`` per line; the label is SUPPORT or anything else. Fitted is on
one half of the sources whose licence allows it (FEVER and WiCE, both CC BY-SA; halves by a hash of the premise, so that
no premise is in both). People judged only claims beside a text on the same matter, so half of the claims are also put
beside another one's text, as not supported. Reported is on the other half and on sources never fitted on (SciFact,
COVID-Fact, HealthVer: research only, or no licence stated): AUROC, accuracy at 0.5 and expected calibration error, with
95 % intervals by bootstrap over pairs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from citewell.evaluation.metrics import support as module
from citewell.evaluation.metrics.refusal import calibration
from citewell.literals.features import FEATURES, SUPPORTED, WEAK, measure
from scripts.fit_answering import logistic

OUT = Path(module.__file__).parent / "support.json"
FITTED = {"fever_dev_rte": "FEVER (CC BY-SA 3.0)", "wice_claim": "WiCE (ODC-By, texts CC BY-SA)"}
RIDGE = 1.0
RESAMPLES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--report", action="store_true", help="report on the shipped weights, change nothing")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.pairs.read_text(encoding="utf-8").splitlines()]
    labels = np.array([row["label"] == "SUPPORT" for row in rows])
    fit = np.array([row["src"] in FITTED and in_fit_half(row["premise"]) for row in rows])
    if not arguments.report:
        own = [row for row, used in zip(rows, fit, strict=True) if used]
        shown = np.concatenate([labels[fit], np.zeros(len(strangers(own)))])
        features = [plain(row) for row in own + strangers(own)]
        weights, bias = logistic(np.array(features), shown, RIDGE)
        OUT.write_text(json.dumps(record(weights, bias, rows, labels, fit, arguments.pairs), indent=1) + "\n")
        module.load_model.cache_clear()
    scores = np.array([module.literal_support(row["claim"], [row["premise"]]).score for row in rows])
    print(f"{'source':<16}{'pairs':>7}{'supported':>11}  {'AUROC':<22}{'accuracy':<22}{'calibration error':<22}")
    for source in dict.fromkeys(row["src"] for row in rows):
        part = np.array([row["src"] == source for row in rows])
        if source in FITTED:
            print(line(f"{source} fit", scores[part & fit], labels[part & fit]))
        print(line(source, scores[part & ~fit], labels[part & ~fit]))
    alien = strangers([row for row, used in zip(rows, fit, strict=True) if not used and row["src"] in FITTED])
    below = np.mean([module.literal_support(row["claim"], [row["premise"]]).score < WEAK for row in alien])
    print(f"held-out claims beside another claim's premise, scored below {WEAK}: {below:.3f} of {len(alien)}")


def plain(row: dict[str, Any]) -> list[float]:
    measured, _ = measure(row["claim"], [row["premise"]])
    return [measured[name] for name in FEATURES]


def strangers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims of the first half, each beside a premise of the second."""
    half = len(rows) // 2
    return [{**row, "premise": other["premise"]} for row, other in zip(rows[:half], rows[half:], strict=False)]


def in_fit_half(premise: str) -> bool:
    return hashlib.sha256(premise.encode()).digest()[0] % 2 == 0


def record(
    weights: np.ndarray, bias: float, rows: list[dict[str, Any]], labels: np.ndarray, fit: np.ndarray, pairs: Path
) -> dict[str, Any]:
    counts = {
        name: {
            "pairs": int(sum(fit[i] and row["src"] == source for i, row in enumerate(rows))),
            "supported": int(sum(fit[i] and labels[i] and row["src"] == source for i, row in enumerate(rows))),
        }
        for source, name in FITTED.items()
    }
    return {
        "weights": dict(zip(FEATURES, (round(float(each), 5) for each in weights), strict=True)),
        "bias": round(bias, 5),
        "training": {
            "command": f"python -m scripts.fit_support {pairs.name}", "date": date.today().isoformat(),
            "file": pairs.name, "sha256": hashlib.sha256(pairs.read_bytes()).hexdigest(), "fitted": counts,
            "beside_another_text": int(fit.sum()) // 2, "ridge": RIDGE,
        },
    }  # fmt: skip


def line(name: str, scores: np.ndarray, labels: np.ndarray) -> str:
    measures: tuple[Callable[[np.ndarray, np.ndarray], float], ...] = (
        auroc,
        lambda s, y: float(np.mean((s >= SUPPORTED) == y)),
        lambda s, y: calibration(s, y).error,
    )
    cells = "".join(f"{figure(measure, scores, labels):<22}" for measure in measures)
    return f"{name:<18}{len(scores):>5}{np.mean(labels):>11.2f}  {cells}"


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The chance that a supported claim scores above another; ties count half."""
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    positive = int(labels.sum())
    area = ranks[labels].sum() - positive * (positive + 1) / 2
    return float(area / max(1, positive * (len(labels) - positive)))


def figure(measure: Callable[[np.ndarray, np.ndarray], float], scores: np.ndarray, labels: np.ndarray) -> str:
    random = np.random.default_rng(20261120)
    picks = (random.integers(0, len(scores), len(scores)) for _ in range(RESAMPLES))
    low, high = np.percentile([measure(scores[pick], labels[pick]) for pick in picks], [2.5, 97.5])
    return f"{measure(scores, labels):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
