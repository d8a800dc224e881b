"""Speed of the shipped encoder beside sentence-transformers' default, in one run: passages per second.

    python benchmarks/encoding.py [--data BEIR_SETS] [--model-dir MODEL_DIR] [--passages 2000] [--budgets]

--data: a directory of data sets in BEIR layout, sampled evenly; without it, pieces of the package's own sample corpus.
--model-dir: the original sentence-transformers directory; without it, or without that package, only ours is timed.
--budgets: also try other batch sizes. Both read the same texts on the same machine; compare ratios, not machines.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import citewell.models.encoder as encoding

SAMPLES = Path(encoding.__file__).parents[1] / "samples" / "corpus"
COLD = """
import time; start = time.perf_counter()
from citewell.models.encoder import load_encoder
imported = time.perf_counter(); encoder = load_encoder()
loaded = time.perf_counter(); encoder.encode(["How many days of leave do I have?"])
print(imported - start, loaded - imported, time.perf_counter() - loaded)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1, help="each slice is encoded this often, the fastest counts")
    parser.add_argument("--budgets", action="store_true")
    arguments = parser.parse_args()
    texts = sample_texts(arguments.data, arguments.passages)
    encoder = encoding.load_encoder()
    lengths = [min(count, encoder.max_tokens) for count in encoder.count_tokens(texts)]
    print(f"$ python {' '.join(sys.argv)}")
    print(
        f"{len(texts)} passages, mean {statistics.mean(lengths):.0f} tokens, median {statistics.median(lengths):.0f}\n"
    )

    encoders: dict[str, Callable[[list[str]], object]] = {encoder.identity: encoder.encode}
    if arguments.model_dir:
        from sentence_transformers import SentenceTransformer

        theirs = SentenceTransformer(str(arguments.model_dir), device="cpu")
        encoders["sentence-transformers fp32, batch 32"] = lambda part: theirs.encode(part, batch_size=32)
    rates = measure(encoders, texts, arguments.rounds)
    slowest = min(rates.values())
    print(f"{'encoder':40} {'passages/s':>10} {'ratio':>6}")
    for name, rate in rates.items():
        print(f"{name:40} {rate:10.1f} {rate / slowest:6.2f}")

    print("\nfresh process     import  load  first question (seconds)")
    runs = [cold_start() for _ in range(5)]
    print(f"fastest of 5      {'  '.join(f'{min(column):.3f}' for column in zip(*runs, strict=True))}")
    query = min(timed(encoder.encode, ["How many days of leave do I have?"]) for _ in range(50))
    print(f"one question, warm, fastest of 50: {query * 1000:.2f} ms")
    if arguments.budgets:
        print_budgets(encoder, texts[:500])


def sample_texts(data: Path | None, count: int) -> list[str]:
    """``count`` passages, evenly from every set, shuffled; the same ones each time."""
    generator = random.Random(0)
    pools = [read_passages(path) for path in sorted(data.glob("*/corpus.jsonl"))] if data else [read_samples()]
    texts = []
    for pool in pools:
        generator.shuffle(pool)
        texts += pool[: count // len(pools) + 1]
    generator.shuffle(texts)
    while len(texts) < count and texts:
        texts += texts[: count - len(texts)]
    return texts[:count]


def read_passages(corpus: Path) -> list[str]:
    with corpus.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [f"{row.get('title', '')}\n{row['text']}".strip() for row in rows]


def read_samples() -> list[str]:
    """Pieces of 20 to 150 words of the sample corpus's plain texts."""
    generator = random.Random(0)
    pieces = []
    for path in sorted(SAMPLES.rglob("*")):
        if path.suffix in {".md", ".txt", ".html", ".csv"}:
            words = path.read_text(encoding="utf-8", errors="replace").split()
            while words:
                length = generator.randint(20, 150)
                pieces.append(" ".join(words[:length]))
                words = words[length:]
    if not pieces:
        sys.exit(f"No plain texts in {SAMPLES}. Give --data.")
    return pieces


def measure(encoders: dict[str, Callable[[list[str]], object]], texts: list[str], rounds: int) -> dict[str, float]:
    """Passages per second of each. They take turns on slices of 100, so that a busy moment meets all of them alike."""
    parts = [texts[start : start + 100] for start in range(0, len(texts), 100)]
    seconds = dict.fromkeys(encoders, 0.0)
    for encode in encoders.values():
        encode(texts[:32])
    for part in parts:
        best = {name: min(timed(encode, part) for _ in range(rounds)) for name, encode in encoders.items()}
        for name, spent in best.items():
            seconds[name] += spent
    return {name: len(texts) / spent for name, spent in seconds.items()}


def timed(encode: Callable[[list[str]], object], texts: list[str]) -> float:
    start = time.perf_counter()
    encode(texts)
    return time.perf_counter() - start


def cold_start() -> list[float]:
    done = subprocess.run([sys.executable, "-c", COLD], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def print_budgets(encoder: encoding.Encoder, texts: list[str]) -> None:
    """Passages per second by tokens and rows of a batch."""
    original = encoding.batches
    print("\ntokens  rows  passages/s")
    for tokens in (256, 512, 1024, 2048):
        for rows in (1, 4, 16, 64):
            encoding.batches = lambda lengths, mixed, t=tokens, r=rows: original(lengths, mixed, t, r)  # type: ignore
            print(f"{tokens:6} {rows:5} {len(texts) / min(timed(encoder.encode, texts) for _ in range(2)):11.1f}")
    encoding.batches = original


if __name__ == "__main__":
    main()
