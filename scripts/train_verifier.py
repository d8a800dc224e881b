"""Trains the shipped verifier: a pair checkpoint in a folder, made from public data whose licence allows it.

    python -m scripts.train_verifier DATA --base BASE --out OUT [--epochs 1.2] [--seed 0]

DATA is the folder with the development data (its layout: :data:`PLACES`), BASE a Hugging Face directory of
all-MiniLM-L6-v2. Started again, it goes on from its newest checkpoint. Needs the ``train`` extra; about 20 minutes of
two cores an epoch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from citewell.learning.data.support import build_support_examples
from citewell.learning.data.support_sources import SupportPaths

PLACES = {
    "squad": "reading/squad/train-v1.1.json", "powershell": "text/powershell_docs.jsonl.gz",
    "articles": "text/wikipedia_2014_articles.jsonl.gz", "passages": "text/wikipedia_2wiki_passages.jsonl",
    "medquad": "retrieval/medquad", "fever": "nli/train_dev.jsonl",
    "wice": "nli/wice_non_supported_tokens_train.jsonl",
}  # fmt: skip


def paths_in(data: Path) -> SupportPaths:
    return SupportPaths(**{name: data / place for name, place in PLACES.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=1.2)
    parser.add_argument("--learning-rate", type=float, default=1.2e-4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train, held_out, manifest = build_support_examples(paths_in(arguments.data), arguments.seed)
    print(f"{len(train)} examples to train on, {len(held_out)} held out", flush=True)

    from citewell.learning.train.verifier import train_verifier

    curve = train_verifier(
        arguments.base, arguments.out, train, held_out, manifest, epochs=arguments.epochs,
        learning_rate=arguments.learning_rate, seed=arguments.seed, report=lambda line: print(line, flush=True),
    )  # fmt: skip
    print(f"{arguments.out}: {curve.seconds:.0f} s, held-out loss {curve.held_out[-1:]}")


if __name__ == "__main__":
    main()
