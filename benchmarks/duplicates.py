"""Copies and versions told from siblings: precision and recall on labelled pairs, and the thresholds they give.

    python -m benchmarks.duplicates [--docs DIR] [--releases DOCS.jsonl.gz]

Pairs are made from files that went through the real parsers. From the sample corpus (and --docs, a folder of test files
of parser projects): each document saved again in another format, re-encoded, with typing errors, a boilerplate header,
one more paragraph, cut by a tenth; with other numbers and dates; against its siblings, other documents, filled forms,
and a series of minutes. From --docs also real twins: a source and its converted text. From --releases (rows of path and
text, the first folder a release): real manual pages of two releases, against other pages. Passages: the real chunker's,
edited in harmless ways and in ways that change what they say. Half of the documents choose the thresholds (greatest
F1), the other half is reported. Writes results/duplicates.{json,svg,png}.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.duplicate_pairs import (
    MINIMUM,
    Pair,
    Reader,
    edited,
    files,
    forms,
    passage_pairs,
    releases,
    sample_versions,
    series,
    siblings,
    twins,
    words_in,
)
from benchmarks.search_latency import RESULTS, machine, save
from citewell import duplicates
from citewell.duplicates import relation, similarity
from citewell.parsing.sandbox import ParserPool
from citewell.retrieval import copies
from citewell.samples import corpus_path
from citewell.settings import ParsingSettings

GRID = [round(0.02 * step, 2) for step in range(1, 50)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--releases", type=Path)
    arguments = parser.parse_args()
    with ParserPool(ParsingSettings()) as pool:
        reader = Reader(pool)
        samples = [reader.read(path.read_bytes(), path.name) for path in files(corpus_path())]
        samples = [each for each in samples if each]
        pairs = [*edited(samples, reader), *siblings(samples), *sample_versions(samples), *forms(reader)]
        pairs += series(samples, reader)
        others = [each for path in files(arguments.docs) if (each := reader.read(path.read_bytes(), path.name, path))]
        long = [each for each in others if words_in(each) >= 3 * MINIMUM]
        pairs += [*twins(others), *edited(random.Random(1).sample(long, min(60, len(long))), reader)]
        if arguments.releases:
            pairs += releases(arguments.releases, reader)
    passages = list(passage_pairs([*samples, *long]))
    report = {"command": "python -m benchmarks.duplicates --docs DOCS --releases RELEASES", "machine": machine(),
              "documents": judge_documents(pairs), "passages": judge_passages(passages)}  # fmt: skip
    save("duplicates", report)
    plot(report)
    for part in ("documents", "passages"):
        for name, found in report[part].items():
            print(part, name, json.dumps({key: value for key, value in found.items() if key != "curve"}))


# -- judging -----------------------------------------------------------------------------------------------------------


def judge_documents(pairs: Sequence[Pair]) -> dict[str, object]:
    """NEAR and RELATED chosen on one half; both, and the kinds found, reported on the other."""
    measured = [(each, similarity(each.one.signature, each.other.signature),
                 duplicates._overlap(each.one.signature, each.other.signature, duplicates.PERMUTATIONS),
                 duplicates.one_name(each.one, each.other)) for each in pairs if each.label != "related"]  # fmt: skip
    near = [(each, score, _passes(each)) for each, score, _, _ in measured]
    related = [(each, score, named) for each, _, score, named in measured if each.label != "same"]
    return {
        "pairs": counts(pairs),
        "near": threshold(near, "same"), "near without rules": threshold([(a, b, True) for a, b, _ in near], "same"),
        "versions": threshold(related, "version"),
        "versions without names": threshold([(a, b, True) for a, b, _ in related], "version"),
        "shipped": shipped([each for each in pairs if not each.chooses and each.label != "related"]),
        "found": kinds_found([each for each in pairs if not each.chooses]),
    }  # fmt: skip


def _passes(each: Pair) -> bool:
    """Whether the rules beside the threshold let a pair be near copies."""
    before, duplicates.NEAR = duplicates.NEAR, 0.0
    try:
        return relation(each.one, each.other)[0] in {"copies", "near copies"}
    finally:
        duplicates.NEAR = before


def shipped(pairs: Sequence[Pair]) -> dict[str, object]:
    """Precision and recall of the kinds that ``relation`` gives with the shipped thresholds and rules."""
    called = [relation(each.one, each.other)[0] for each in pairs]
    same = [(each, float(kind in {"copies", "near copies"}), True) for each, kind in zip(pairs, called, strict=True)]
    versions = [(each, float(kind == "versions"), True) for each, kind in zip(pairs, called, strict=True)]
    return {
        name: {**scores(rows, wanted, 1.0), "f1_interval": f1_interval(rows, wanted, 1.0)}
        for name, wanted, rows in (("copies and near copies", "same", same), ("versions", "version", versions))
    }


def kinds_found(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """How the reported half is judged, by how the pairs were made, with the shipped thresholds."""
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in pairs:
        table[f"{each.label}: {each.made}"][relation(each.one, each.other)[0] or "none"] += 1
    return {key: dict(value) for key, value in sorted(table.items())}


def judge_passages(pairs: Sequence[Pair]) -> dict[str, object]:
    rows = []
    for each in pairs:
        one, other = copies.Text(each.one), copies.Text(each.other)
        slips = one.words == other.words or (one.figures == other.figures and copies.only_slips(one, other))
        rows.append((each, copies.overlap(one, other) if one.words and other.words else 0.0, slips))
    reported = [each for each in pairs if not each.chooses]
    right: dict[str, list[bool]] = defaultdict(list)
    for each in reported:
        called = copies.same(copies.Text(each.one), copies.Text(each.other))
        right[f"{each.label}: {each.made}"].append(called == (each.label == "same"))
    return {
        "pairs": counts(pairs), "copies": threshold(rows, "same"),
        "copies without rules": threshold([(a, b, True) for a, b, _ in rows], "same"),
        "right": {key: f"{sum(value)}/{len(value)}" for key, value in sorted(right.items())},
    }  # fmt: skip


def counts(pairs: Sequence[Pair]) -> dict[str, int]:
    return {f"{label}, {half}": sum(each.label == label and each.chooses == (half == "choose") for each in pairs)
            for label in ("same", "version", "related", "other") for half in ("choose", "report")}  # fmt: skip


def threshold(rows: Sequence[tuple[Pair, float, bool]], wanted: str) -> dict[str, object]:
    """The threshold with the greatest F1 on the choosing half, and scores on the other; the curve of both halves."""
    choosing = [row for row in rows if row[0].chooses]
    reporting = [row for row in rows if not row[0].chooses]
    curve = [{"threshold": t, **scores(choosing, wanted, t)} for t in GRID]
    top = [each["threshold"] for each in curve if math.isclose(each["f1"], max(row["f1"] for row in curve))]
    chosen = top[len(top) // 2]
    return {
        "chosen": chosen, "best_range": [top[0], top[-1]], **scores(reporting, wanted, chosen),
        "f1_interval": f1_interval(reporting, wanted, chosen),
        "curve": [[t, *(scores(reporting, wanted, t)[each] for each in ("precision", "recall", "f1"))] for t in GRID],
    }  # fmt: skip


def scores(rows: Sequence[tuple[Pair, float, bool]], wanted: str, at: float) -> dict[str, object]:
    called = [rule and score >= at for _, score, rule in rows]
    gold = [each.label == wanted for each, _, _ in rows]
    hit = sum(a and b for a, b in zip(called, gold, strict=True))
    precision, recall = hit / max(1, sum(called)), hit / max(1, sum(gold))
    return {
        "n": len(rows), "positives": sum(gold), "called": sum(called), "precision": round(precision, 4),
        "precision_interval": wilson(hit, sum(called)), "recall": round(recall, 4),
        "recall_interval": wilson(hit, sum(gold)),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
    }  # fmt: skip


def f1_interval(rows: Sequence[tuple[Pair, float, bool]], wanted: str, at: float) -> list[float]:
    """95 %, by resampling the source documents."""
    by_source: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    for each, score, rule in rows:
        called, gold = rule and score >= at, each.label == wanted
        by_source[each.source] += (called and gold, called, gold)
    table = np.stack(list(by_source.values()))
    chosen = np.random.default_rng(1).integers(len(table), size=(1000, len(table)))
    hit, called, gold = table[chosen].sum(axis=1).T
    return [round(float(each), 4) for each in np.percentile(2 * hit / np.maximum(1, called + gold), (2.5, 97.5))]


def wilson(hits: int, n: int) -> list[float]:
    if not n:
        return [0.0, 1.0]
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [round(middle - half, 4), round(middle + half, 4)]


def plot(report: dict[str, dict[str, dict[str, list[list[float]]]]]) -> None:
    """Precision and recall over the threshold, with and without the rules beside it."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    shown = (("documents", "near", "near without rules", "Documents: near copies"),
             ("documents", "versions", "versions without names", "Documents: versions"),
             ("passages", "copies", "copies without rules", "Passages: copies"))  # fmt: skip
    figure, panels = pyplot.subplots(1, 3, figsize=(12, 3.8), sharey=True)
    for axes, (part, name, bare, title) in zip(panels, shown, strict=True):
        for key, style in ((name, "-"), (bare, ":")):
            curve = report[part][key]["curve"]
            for column, score, colour in ((1, "precision", "tab:blue"), (2, "recall", "tab:orange")):
                label = f"{score}{'' if key == name else ', overlap alone'}"
                axes.plot(GRID, [each[column] for each in curve], style, color=colour, label=label)
        axes.axvline(report[part][name]["chosen"], color="grey", linewidth=1)
        axes.set(xlabel="overlap at least", title=title, ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    for ending in ("svg", "png"):
        figure.savefig(RESULTS / f"duplicates.{ending}", dpi=120)


if __name__ == "__main__":
    main()
