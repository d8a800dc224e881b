"""Fits the fusion weight (``src/citewell/retrieval/fusion.json``) and reports it leave-one-set-out.

    python scripts/fit_fusion.py --data RETRIEVAL_SETS --sets scifact:train cosqa … --extra cacm medquad … \
        --measure obliqa … --cache DIR [--write]

RETRIEVAL_SETS holds directories in BEIR layout; a set is ``name`` (split ``dev``) or ``name:split``. Each set is
indexed as ``citewell evaluate retrieval`` does it; its rankings are kept under ``--cache``. ``--sets`` are fitted on
and reported: each is measured with the weights fitted on all the others; ``--extra`` are only fitted on, ``--measure``
only reported: sets whose licence does not allow training what ships.
``--questions N`` takes at most N questions of each set, evenly spread over its judgments. What is maximised is the mean
over sets of nDCG@10 as a smooth function of the weight: it is computed for 21 weights per question, blurred (a Gaussian
of 0.1) and interpolated.
Needs numpy and the package; one core, minutes plus the encoding.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citewell.access import Scope
from citewell.evaluation.retrieval import build_index
from citewell.evaluation.sets.beir import RetrievalData, read_beir
from citewell.index import Ranking
from citewell.models.encoder import load_encoder
from citewell.retrieval.fusion import FEATURES, FusionModel, dense_weight, features, fuse, log_spreads

Floats = NDArray[np.float64]

GRID = np.linspace(0.0, 1.0, 21)
BLUR = 0.1  # of the weight
PENALTY = 1e-3  # on squared coefficients; 5e-3 gave the same means
CANDIDATES = 100
STEPS, RATE = 3000, 0.02  # of Adam
TARGET = Path(__file__).parent.parent / "src/citewell/retrieval/fusion.json"


@dataclass(frozen=True)
class Question:
    """One judged question with both rankings, and nDCG@10 per grid weight and of the two methods alone."""

    text: str
    lexical: Ranking
    dense: Ranking
    curve: Floats
    alone: tuple[float, float]


@dataclass(frozen=True)
class Fitted:
    """A set ready for fitting: offset (n,), standardisable features (n, 3), blurred and exact curves (n, 21)."""

    offset: Floats
    features: Floats
    blurred: Floats
    questions: list[Question]


def main() -> None:
    arguments = parse_arguments()
    names = [*arguments.sets, *arguments.extra]
    data = {name: prepare(load_set(arguments, name)) for name in [*names, *arguments.measure]}
    results = {}
    for name in [*arguments.sets, *arguments.measure]:
        model = fit([data[other] for other in names if other != name])
        results[name.partition(":")[0]] = measure(data[name], model)
    report(results)
    model = fit([data[name] for name in names])
    print("all sets:", json.dumps(stored(model)["features"]), f"intercept {model.intercept:.4f}")
    everything = {name: round(100 * measure(each, model)["hybrid"], 2) for name, each in data.items()}
    print("fitted on all:", everything)
    if arguments.write:
        record = {
            "fitted": datetime.now(UTC).date().isoformat(), "encoder": load_encoder().identity, "sets": arguments.sets,
            "extra": arguments.extra, "measured_only": arguments.measure, "questions": arguments.questions,
            "candidates": CANDIDATES, "penalty": PENALTY, "command": "scripts/fit_fusion.py",
            "leave_one_set_out_nDCG@10": results,
        }  # fmt: skip
        TARGET.write_text(json.dumps({**stored(model), "record": record}, indent=1) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--extra", nargs="*", default=[])
    parser.add_argument("--measure", nargs="*", default=[])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def load_set(arguments: argparse.Namespace, name: str) -> list[Question]:
    """Questions of one set; their rankings come from the cache or are made and cached."""
    folder, _, split = name.partition(":")
    data = read_beir(arguments.data / folder, split or "dev")
    chosen = list(data.queries)[:: math.ceil(len(data.queries) / arguments.questions)]
    path = arguments.cache / f"{folder}.json"
    if not path.exists():
        arguments.cache.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(search_set(data, chosen, arguments.cache / f"{folder}.lance")))
    cached = json.loads(path.read_text())
    document_of = cached["document_of"]
    return [
        question(data, query, Ranking(tuple(found["lexical"]), np.array(found["lexical_scores"])),
                 Ranking(tuple(found["dense"]), np.array(found["dense_scores"])), document_of)
        for query, found in cached["questions"].items() if query in chosen
    ]  # fmt: skip


def search_set(data: RetrievalData, chosen: list[str], table: Path) -> dict[str, object]:
    """Both rankings of each chosen question, as plain data."""
    encoder = load_encoder()
    index, document_of = build_index(data, encoder, table, print)
    vectors = encoder.encode([data.queries[query] for query in chosen])
    found = {}
    for query, vector in zip(chosen, vectors, strict=True):
        lexical = index.rank_lexical(data.queries[query], CANDIDATES, Scope.owner())
        dense = index.rank_dense(vector, CANDIDATES, Scope.owner())
        found[query] = {
            "lexical": lexical.ids, "lexical_scores": lexical.scores.tolist(),
            "dense": dense.ids, "dense_scores": dense.scores.tolist(),
        }  # fmt: skip
    return {"document_of": document_of, "questions": found}


def question(
    data: RetrievalData, query: str, lexical: Ranking, dense: Ranking, document_of: dict[str, str]
) -> Question:
    grades, text = data.judgments[query], data.queries[query]
    curve = [ndcg(fuse(text, lexical, dense, constant(weight, lexical, dense)), grades, document_of) for weight in GRID]
    alone = (ndcg(lexical, grades, document_of), ndcg(dense, grades, document_of))
    return Question(text, lexical, dense, np.array(curve), alone)


def constant(weight: float, lexical: Ranking, dense: Ranking) -> FusionModel:
    """A model that gives exactly ``weight`` to this question (0 and 1 to within 1e-9)."""
    weight = min(max(float(weight), 1e-9), 1 - 1e-9)
    offset = log_spreads(lexical, dense) if lexical.ids and dense.ids else 0.0
    width = len(FEATURES)
    return FusionModel(math.log(weight / (1 - weight)) - offset, (0.0,) * width, (1.0,) * width, (0.0,) * width)


def ndcg(ranking: Ranking, grades: dict[str, int], document_of: dict[str, str], depth: int = 10) -> float:
    """nDCG@10 with linear gains over documents, as trec_eval computes it."""
    documents = list(dict.fromkeys(document_of[passage] for passage in ranking.ids))[:depth]
    gained = sum(max(grades.get(each, 0), 0) / math.log2(i + 2) for i, each in enumerate(documents))
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:depth]
    best = sum(grade / math.log2(i + 2) for i, grade in enumerate(ideal))
    return gained / best if best else 0.0


def prepare(questions: list[Question]) -> Fitted:
    kernel = np.exp(-0.5 * ((GRID[:, None] - GRID) / BLUR) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    both = [each for each in questions if each.lexical.ids and each.dense.ids]
    return Fitted(
        offset=np.array([log_spreads(each.lexical, each.dense) for each in both]),
        features=np.array([features(each.text, each.lexical, each.dense) for each in both]),
        blurred=np.array([each.curve for each in both]) @ kernel.T,
        questions=questions,
    )


def fit(sets: list[Fitted]) -> FusionModel:
    """Maximises the mean over sets of blurred nDCG@10, less the penalty, by Adam from zero."""
    stacked = np.concatenate([each.features for each in sets])
    means, scales = stacked.mean(axis=0), stacked.std(axis=0) + 1e-6
    inputs = [np.column_stack([np.ones(len(each.features)), (each.features - means) / scales]) for each in sets]
    values = np.concatenate([[4.0], np.zeros(len(FEATURES))])
    first, second = np.zeros_like(values), np.zeros_like(values)
    for step in range(1, STEPS + 1):
        gradient = 2 * PENALTY * values * np.r_[0.0, np.ones(len(FEATURES))]
        for each, rows in zip(sets, inputs, strict=True):
            weight = 1 / (1 + np.exp(-np.clip(each.offset + rows @ values, -30, 30)))
            gradient -= rows.T @ (slope(each.blurred, weight) * weight * (1 - weight)) / len(rows) / len(sets)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        values = values - RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
    return FusionModel(float(values[0]), tuple(means.tolist()), tuple(scales.tolist()), tuple(values[1:].tolist()))


def slope(curves: Floats, weight: Floats) -> Floats:
    """Derivative by the weight of the piecewise linear curves."""
    cell = np.minimum((weight * (len(GRID) - 1)).astype(int), len(GRID) - 2)
    row = np.arange(len(weight))
    return np.asarray((curves[row, cell + 1] - curves[row, cell]) * (len(GRID) - 1))


def measure(each: Fitted, model: FusionModel) -> dict[str, float]:
    """nDCG@10 of both methods alone and of the fusion (the grid's curve, interpolated), and the mean weight."""
    weights = np.array([dense_weight(q.text, q.lexical, q.dense, model) for q in each.questions])
    hybrid = [float(np.interp(weight, GRID, q.curve)) for q, weight in zip(each.questions, weights, strict=True)]
    alone = np.mean([q.alone for q in each.questions], axis=0)
    return {
        "lexical": round(float(alone[0]), 4), "dense": round(float(alone[1]), 4),
        "hybrid": round(float(np.mean(hybrid)), 4), "weight": round(float(weights.mean()), 3),
        "questions": len(each.questions),
    }  # fmt: skip


def report(results: dict[str, dict[str, float]]) -> None:
    print(f"{'nDCG@10, weights fitted on the other sets':44} lexical  dense hybrid  against better  mean weight")
    for name, row in results.items():
        gain = row["hybrid"] - max(row["lexical"], row["dense"])
        numbers = "".join(f"{100 * row[key]:7.2f}" for key in ("lexical", "dense", "hybrid"))
        print(f"{name:44} {numbers} {100 * gain:+14.2f} {row['weight']:12.2f}")
    mean = {key: float(np.mean([row[key] for row in results.values()])) for key in ("lexical", "dense", "hybrid")}
    numbers = "".join(f"{100 * value:7.2f}" for value in mean.values())
    print(f"{'mean':44} {numbers} {100 * (mean['hybrid'] - max(mean['lexical'], mean['dense'])):+14.2f}")


def stored(model: FusionModel) -> dict[str, object]:
    """The model as it is stored."""
    rows = zip(FEATURES, model.means, model.scales, model.coefficients, strict=True)
    return {
        "intercept": round(model.intercept, 5),
        "features": {
            name: {"mean": round(mean, 5), "scale": round(scale, 5), "coefficient": round(coefficient, 5)}
            for name, mean, scale, coefficient in rows
        },
    }


if __name__ == "__main__":
    main()
