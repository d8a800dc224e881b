"""What 8-bit arithmetic costs in ranking: dense-only nDCG@10 of the shipped encoder beside the float original.

    python benchmarks/encoder_fidelity.py --data BEIR_SETS --model-dir MODEL_DIR [--sets scifact:train …] [--cache DIR]

Exact cosine over title and text, cut at the encoder's length. The float original runs as the ONNX graph that
``bert_graph`` writes from MODEL_DIR's tensors; where sentence-transformers is installed its vectors are compared first.
--cache keeps the float vectors between runs. Needs ``onnx`` ([train]).
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from citewell.models.bert_graph import Architecture, read_safetensors, write_encoder
from citewell.models.encoder import Encoder, load_encoder
from citewell.models.files import CONFIG_NAME
from citewell.models.tokens import Floats

DEPTH = 10
SETS = ("scifact:train", "obliqa:dev", "cosqa:dev", "contoso_hr_pages:dev")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--encoder", default=None, help="another name or directory than the shipped encoder")
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="NAME:SPLIT")
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    ours = load_encoder(arguments.encoder) if arguments.encoder else load_encoder()
    with tempfile.TemporaryDirectory() as directory:
        original = write_original(arguments.model_dir, Path(directory) / "float", ours.max_tokens)
    print(f"$ python {' '.join(sys.argv)}\n{ours.identity} beside float {original.identity}")
    check_against_torch(original, arguments.model_dir)

    print(f"\n{'set':20} passages queries   float   8-bit   change  ± 95 %   cosine")
    changes, floats = [], []
    for each in arguments.sets:
        name, _, split = each.partition(":")
        texts, questions, gains = read_set(arguments.data / name, split)
        before = vectors(original, [texts, questions], arguments.cache and arguments.cache / f"{name}-{split}.npz")
        after = [ours.encode(texts), ours.encode(questions)]
        old, new = ndcg(*before, gains), ndcg(*after, gains)
        changes.append(float(np.mean(new - old)))
        floats.append(float(np.mean(old)))
        cosine = float(np.mean(np.sum(before[0] * after[0], axis=1)))
        spread = 1.96 * float(np.std(new - old)) / len(old) ** 0.5
        print(
            f"{each:20} {len(texts):8} {len(questions):7} {np.mean(old):7.4f} {np.mean(new):7.4f} "
            f"{changes[-1]:+8.4f} {spread:7.4f} {cosine:8.5f}",
            flush=True,
        )
    average, change = np.mean(floats), np.mean(changes)
    print(f"{'mean':36} {average:7.4f} {average + change:7.4f} {change:+8.4f}")


def write_original(model_dir: Path, directory: Path, max_tokens: int) -> Encoder:
    """The float encoder, loaded from a graph written into ``directory``."""
    tensors, architecture = read_safetensors(model_dir / "model.safetensors"), Architecture.read(model_dir)
    graph = write_encoder(tensors, architecture, max_tokens, {}, small_words=False)
    directory.mkdir()
    (directory / "model.onnx").write_bytes(graph.SerializeToString())
    shutil.copy(model_dir / "tokenizer.json", directory)
    (directory / CONFIG_NAME).write_text(json.dumps({"max_tokens": max_tokens, "pooling": "graph"}))
    return load_encoder(str(directory))


def check_against_torch(original: Encoder, model_dir: Path) -> None:
    """Prints the largest difference to sentence-transformers, when that is installed."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        print("sentence-transformers is not installed: float graph not compared with it")
        return
    texts = ["What is the notice period?", "def add(a, b):\n    return a + b", "grüße " * 300, "a"]
    theirs = SentenceTransformer(str(model_dir), device="cpu").encode(texts, normalize_embeddings=True)
    difference = np.abs(original.encode(texts) - theirs).max()
    print(f"largest difference of a float vector to sentence-transformers: {difference:.1e}")


def read_set(directory: Path, split: str) -> tuple[list[str], list[str], list[dict[int, int]]]:
    """Texts, questions, and per question the gain of each judged text by its index."""
    with (directory / "corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    places = {row["_id"]: place for place, row in enumerate(rows)}
    with (directory / "queries.jsonl").open(encoding="utf-8") as lines:
        questions = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    gains: dict[str, dict[int, int]] = {}
    with (directory / "qrels" / f"{split}.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if int(row["score"]) > 0 and row["corpus-id"] in places:
                gains.setdefault(row["query-id"], {})[places[row["corpus-id"]]] = int(row["score"])
    texts = [f"{row['title']}\n{row['text']}" if row.get("title") else row["text"] for row in rows]
    return texts, [questions[each] for each in gains], list(gains.values())


def vectors(encoder: Encoder, groups: list[list[str]], cache: Path | None) -> list[Floats]:
    """One array per group of texts, from ``cache`` when it is there."""
    if cache and cache.is_file():
        with np.load(cache) as stored:
            return [stored[str(place)] for place in range(len(groups))]
    found = [encoder.encode(texts) for texts in groups]
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, **{str(place): values for place, values in enumerate(found)})
    return found


def ndcg(texts: Floats, questions: Floats, gains: list[dict[int, int]]) -> np.ndarray:
    """nDCG@10 (linear gain, log2 discount, as trec_eval) of each question under exact cosine."""
    found = []
    for question, judged in zip(questions, gains, strict=True):
        best = np.argsort(-(texts @ question), kind="stable")[:DEPTH]
        found.append(_dcg([judged.get(int(place), 0) for place in best]) / _dcg(sorted(judged.values(), reverse=True)))
    return np.array(found)


def _dcg(gains: list[int]) -> float:
    return sum(gain / float(np.log2(place + 2)) for place, gain in enumerate(gains[:DEPTH]))


if __name__ == "__main__":
    main()
