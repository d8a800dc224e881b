"""How long one search takes, in process and warm, as the collection grows.

    python benchmarks/search_latency.py --data RETRIEVAL_SETS --cache /tmp/latency --sizes 10000 100000 300000 1000000

RETRIEVAL_SETS holds directories in BEIR layout. Their passages (the package's chunker) and vectors (its encoder, kept
under ``--cache``) fill the table; what is missing to a size is made up: texts of four sentences drawn from the real
passages, vectors as the mean of two real ones of the same set with Gaussian noise (the table prints how many). Timed is
``citewell.retrieval.search.search`` with the shipped encoder: encoding, both searches, fusion, reading ten passages.
Questions are the sets' own, each asked once after a warm-up with others. Writes results/search_latency.{json,svg,png}.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citewell.access import EVERYONE, Scope
from citewell.evaluation.retrieval import passages_of
from citewell.evaluation.sets.beir import read_beir, splits
from citewell.index.passages import PassageTable
from citewell.models.encoder import load_encoder
from citewell.records import Passage, content_id
from citewell.retrieval.search import rank, search
from citewell.sentences import sentence_spans
from citewell.settings import RetrievalSettings

Floats = NDArray[np.float32]

RESULTS = Path(__file__).parent / "results"
COMMIT = 10_000  # passages per commit
NOISE = 0.35  # length of the noise added to a made-up vector, the real ones having length 1
OWNER = Scope.owner()


def main() -> None:
    arguments = parse_arguments(__doc__ or "")
    encoder = load_encoder()
    passages, vectors, sets = load_passages(arguments.data, arguments.cache, arguments.sets)
    questions = load_questions(arguments.data, arguments.sets, 2 * arguments.questions)
    path = arguments.cache / "latency.lance"
    shutil.rmtree(path, ignore_errors=True)
    table, rows, done = PassageTable.create(path, encoder.dimension), [], 0
    supply = grow(passages, vectors, sets)
    for size in sorted(arguments.sizes):
        started = time.perf_counter()
        while done < size:
            batch = [next(supply) for _ in range(min(COMMIT, size - done))]
            table.commit([each for each, _ in batch], np.array([row for _, row in batch]), ())
            done += len(batch)
        table.optimize()
        built = time.perf_counter() - started
        rows.append({
            "passages": size, "made_up": max(0, size - len(passages)), "build_seconds": round(built, 1),
            "disk_megabytes": disk(path), "peak_megabytes": peak(), **time_searches(table, encoder, questions),
        })  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
        save("search_latency", {"command": command(arguments), "machine": machine(), "rows": rows})
        plot(rows)


def peak() -> int:
    """Largest resident size of this process so far, in MB; it holds the real passages and vectors, too."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def parse_arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", required=True, help="directories under --data")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=500)
    return parser.parse_args()


def load_passages(data: Path, cache: Path, names: list[str]) -> tuple[list[Passage], Floats, list[int]]:
    """Real passages of the sets in a random order, their vectors, and the number of each one's set."""
    encoder, passages, vectors, sets = load_encoder(), [], [], []
    cache.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        corpus = read_beir(data / name, splits(data / name)[0]).corpus
        found = [passage for item in corpus.items() for passage in passages_of(*item, encoder)]
        stored = cache / f"{name}.npy"
        if not stored.exists():
            np.save(stored, encoder.encode([passage.searchable for passage in found]))
        passages += found
        vectors.append(np.load(stored))
        sets += [number] * len(found)
    order = np.random.default_rng(1).permutation(len(passages))
    return [passages[i] for i in order], np.concatenate(vectors)[order], [sets[i] for i in order]


def load_questions(data: Path, names: list[str], count: int) -> list[str]:
    """Judged questions of all sets, mixed."""
    found = [text for name in names for text in read_beir(data / name, splits(data / name)[0]).queries.values()]
    chosen = np.random.default_rng(2).permutation(len(found))[:count]
    return [found[i] for i in chosen]


def grow(passages: list[Passage], vectors: Floats, sets: list[int]) -> Iterator[tuple[Passage, Floats]]:
    """The real passages, then made-up ones without end."""
    yield from zip(passages, vectors, strict=True)
    random = np.random.default_rng(3)
    sentences = [each.text[a:b] for each in passages[:20_000] for a, b in sentence_spans(each.text)]
    members = [np.flatnonzero(np.array(sets) == number) for number in range(max(sets) + 1)]
    while True:
        first = int(random.integers(len(passages)))
        second = int(random.choice(members[sets[first]]))
        text = " ".join(sentences[i] for i in random.integers(len(sentences), size=4))
        name = content_id("made up", text)
        noise = random.normal(size=vectors.shape[1]) * NOISE / np.sqrt(vectors.shape[1])
        yield (
            Passage(id=name, document_id=name, document_version="1", source_id="", uri=name, title="", text=text,
                    span=(0, len(text)), readers=(EVERYONE,)),
            (vectors[first] + vectors[second]) / 2 + noise,
        )  # fmt: skip


def time_searches(table: PassageTable, encoder: object, questions: list[str]) -> dict[str, float]:
    """Milliseconds per search, as percentiles, and the medians of its parts."""
    settings, half = RetrievalSettings(), len(questions) // 2
    for question in questions[:half]:
        search(question, table, encoder, OWNER, None, settings)
    whole = [
        clock(lambda q=question: search(q, table, encoder, OWNER, None, settings)) for question in questions[half:]
    ]
    vectors = encoder.encode(questions[half:])
    snapshot = table.snapshot()
    ranking = rank(questions[half], lambda: vectors[0], snapshot, OWNER)
    parts = {
        "encode": [clock(lambda q=question: encoder.encode([q])) for question in questions[half:]],
        "lexical": [clock(lambda q=question: snapshot.rank_lexical(q, 100, OWNER)) for question in questions[half:]],
        "dense": [clock(lambda v=vector: snapshot.rank_dense(v, 100, OWNER)) for vector in vectors],
        "read": [clock(lambda: snapshot.get(ranking.ids[:10], OWNER)) for _ in range(half)],
    }
    return {
        **{f"p{p}_ms": round(float(np.percentile(whole, p)), 2) for p in (50, 90, 99)},
        **{f"{name}_p50_ms": round(float(np.median(times)), 2) for name, times in parts.items()},
        "dense_recall@10": recall(snapshot, vectors[:50]),
    }


def recall(table: PassageTable, vectors: Floats, k: int = 10, **restriction: object) -> float:
    """Mean share of the exact ``k`` nearest that the index's own search finds."""
    shares = []
    for vector in vectors:
        found = table.rank_dense(vector, k, restriction.get("scope", OWNER), restriction.get("filters"))
        truth = table.rank_dense(vector, k, restriction.get("scope", OWNER), restriction.get("filters"), exact=True)
        shares.append(len(set(found.ids) & set(truth.ids)) / max(1, len(truth.ids)))
    return round(float(np.mean(shares)), 4)


def clock(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def disk(path: Path) -> int:
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) // 2**20


def machine() -> dict[str, object]:
    return {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine(),
            "load_before": round(os.getloadavg()[0], 1), "date": time.strftime("%Y-%m-%d")}  # fmt: skip


def command(arguments: argparse.Namespace) -> str:
    given = {k: v for k, v in vars(arguments).items() if k not in {"data", "cache"}}
    return f"python benchmarks/… --data DATA --cache CACHE {given}"


def save(name: str, result: dict[str, object]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def plot(rows: list[dict[str, float]]) -> None:
    """Latency over size, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4))
    sizes = [row["passages"] for row in rows]
    for name, style in (("p50_ms", "o-"), ("p99_ms", "s-"), ("lexical_p50_ms", "^--"), ("dense_p50_ms", "v--")):
        axes.plot(sizes, [row[name] for row in rows], style, label=name.removesuffix("_ms").replace("_p50", " p50"))
    axes.set(xscale="log", yscale="log", xlabel="passages", ylabel="milliseconds", title="One search, warm, in process")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.tight_layout()
    for ending in ("svg", "png"):
        figure.savefig(RESULTS / f"search_latency.{ending}", dpi=120)


if __name__ == "__main__":
    main()
