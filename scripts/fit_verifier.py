"""Fits how the exported verifier weighs its network against the plain features, and writes it beside the weights.

    python -m scripts.fit_verifier DATA MODEL

DATA is the folder with the development data, MODEL the directory that the export wrote. Fitted is on the held-out tenth
of the documents, which neither the training nor a benchmark uses: FEVER's, WiCE's and made pairs count alike.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

from citewell.learning.companions import add_combination, fit_companions
from citewell.learning.data.examples import SupportExample
from citewell.learning.data.support import build_support_examples
from citewell.models.pair_model import PairModel
from citewell.models.pairs import PairTokens
from citewell.models.verifier import read_pairs
from scripts.train_verifier import paths_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    _, held_out, manifest = build_support_examples(paths_in(arguments.data), arguments.seed)
    model = PairModel(arguments.model)
    tokens = PairTokens(model.tokenizer)
    found = fit_companions(lambda sentence, evidence: read_pairs(model, tokens, sentence, evidence), held_out, group_of)
    record = {
        **found.training, "command": "python -m scripts.fit_verifier DATA MODEL", "date": date.today().isoformat(),
        "network": model.identity, "split_salt": manifest.split_salt,
        "sources": {each.name: each.sha256 for each in manifest.sources},
    }  # fmt: skip
    add_combination(arguments.model, replace(found, training=record))
    for name, weight in found.weights.items():
        print(f"{name:<18}{weight:>9.3f}")
    print(f"{'bias':<18}{found.bias:>9.3f}\nwords are marked from {found.marked_from}; {found.training}")


def group_of(example: SupportExample) -> str:
    """FEVER's claims; everything beside WiCE's pages; made pairs."""
    if example.document.startswith("wice "):
        return "wice"
    return "fever" if example.document.startswith("fever ") else "made"


if __name__ == "__main__":
    main()
