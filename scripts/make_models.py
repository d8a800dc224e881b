"""Makes the models that ship, from public data whose licence allows it: reader (with relevance) and verifier.

    python -m scripts.make_models --data DATA --base BASE --output OUT [--only reader] [--budget 1h]

DATA is the folder with the development data (the paths below), BASE a Hugging Face directory of all-MiniLM-L6-v2. Each
model ends as a directory in OUT with its checkpoint, its record and its card. Started again, it goes on where it was.
Needs the ``train`` extra. The reader that ships took 70 minutes on two busy cores, beside the time that finding
distractors takes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import citewell
from citewell.learning.data.examples import RankingExample, ReadingExample, Text
from citewell.learning.data.manifest import DataManifest, DataSource, describe
from citewell.learning.data.mining import rank_texts
from citewell.learning.data.reading import (
    ReadingMix,
    medquad_pairs,
    ranked,
    read_squad_part,
    section_pairs,
    sentence_pairs,
    squad_examples,
    table_examples,
)
from citewell.learning.data.support import build_support_examples
from citewell.learning.learn import learn_examples
from citewell.learning.recipes import LearnSettings, seconds_of
from citewell.models.encoder import load_encoder
from scripts.train_verifier import paths_in

HELD_OUT_MIX = ReadingMix(given=0.45, distracted=0.5, changed=1.0, elsewhere=0.3)
"""Harder than what is learnt from: the held-out loss is to show what happens without an answer, too."""
HELD_OUT = 1600  # of the held-out examples: as many as are read in a minute
SPLIT = "the last 22 articles of SQuAD are held out"

SOURCES = {
    "SQuAD 1.1 train": ("reading/squad/train-v1.1.json", "CC BY-SA 4.0"),
    "WikiTableQuestions train": ("reading/wikitablequestions", "CC BY-SA 4.0"),
    "PowerShell documentation": ("text/powershell_docs.jsonl.gz", "CC BY 4.0"),
    "Wikipedia articles of 2014": ("text/wikipedia_2014_articles.jsonl.gz", "CC BY-SA 3.0"),
    "MedQuAD train": ("retrieval/medquad", "CC BY 4.0"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", choices=("reader", "verifier"))
    parser.add_argument("--budget", default="", help="time for each training, such as 1h")
    parser.add_argument("--epochs", type=float, default=1.0, help="of the reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    settings = LearnSettings(
        budget=seconds_of(arguments.budget) if arguments.budget else 0.0, seed=arguments.seed,
        threads=arguments.threads, epochs=arguments.epochs, patience=0, evaluate_every=300,
    )  # fmt: skip
    for name, make in (("reader", make_reader), ("verifier", make_verifier)):
        if arguments.only in (None, name):
            make(arguments.data, arguments.base, arguments.output / name, settings)


def make_reader(data: Path, base: Path, output: Path, settings: LearnSettings) -> None:
    """Spans, "not here" and relevance, in one network."""
    train, held_out, manifest = reading_examples(data, settings.seed)
    found = learn_examples(
        "reader", base, output, train, held_out, manifest, settings, command=_command(), report=_report
    )
    _tell(found.metrics)


def make_verifier(data: Path, base: Path, output: Path, settings: LearnSettings) -> None:
    from dataclasses import replace

    from citewell.learning.companions import add_combination, fit_companions
    from citewell.models.pair_model import PairModel
    from citewell.models.pairs import PairTokens
    from citewell.models.verifier import read_pairs
    from scripts.fit_verifier import group_of

    train, held_out, manifest = build_support_examples(paths_in(data), settings.seed)
    found = learn_examples(
        "verifier", base, output, train, held_out, manifest, replace(settings, epochs=1.2, evaluate_every=250),
        command=_command(), report=_report,
    )  # fmt: skip
    model = PairModel(output)
    tokens = PairTokens(model.tokenizer)
    _report("weighing the network against the plain features, every source alike")
    add_combination(
        output, fit_companions(lambda one, evidence: read_pairs(model, tokens, one, evidence), held_out, group_of)
    )
    _tell(found.metrics)


def reading_examples(
    data: Path, seed: int
) -> tuple[list[ReadingExample | RankingExample], list[ReadingExample], DataManifest]:
    """Examples to train on, examples to choose by, and where they come from; the same for the same seed."""
    encoder = load_encoder()

    def nearest(queries: Sequence[str], texts: Sequence[Text], count: int) -> list[list[int]]:
        _report(f"searching {len(texts):,} texts for what comes near {len(queries):,} questions")
        return rank_texts(queries, texts, encoder, count)

    places = {name: data / place for name, (place, _) in SOURCES.items()}
    squad, tables, pages, articles, medquad = places.values()
    made: dict[str, list[ReadingExample | RankingExample]] = {
        "SQuAD 1.1 train": [*squad_examples(read_squad_part(squad, held_out=False), nearest, seed=seed)],
        "WikiTableQuestions train": [*table_examples(tables, 4000, seed)],
        "PowerShell documentation": [*ranked(section_pairs(pages, 2600, seed), nearest, 2, seed)],
        "Wikipedia articles of 2014": [*ranked(sentence_pairs(articles, 1600, seed), nearest, 2, seed)],
        "MedQuAD train": [*ranked(medquad_pairs(medquad, 4000, seed), nearest, 2, seed)],
    }
    hard = squad_examples(read_squad_part(squad, held_out=True), nearest, HELD_OUT_MIX, seed + 1)
    held_out = random.Random(seed).sample(hard, min(HELD_OUT, len(hard)))
    train = [each for examples in made.values() for each in examples]
    counts = {"train": len(train), "held out": len(held_out)}
    counts |= {f"train: {kind}": count for kind, count in Counter(map(_kind, train)).most_common()}
    sources = tuple(_source(name, places[name], examples) for name, examples in made.items())
    return train, held_out, DataManifest(sources, f"{SPLIT}, seed {seed}", counts, f"citewell {citewell.__version__}")


def _source(name: str, path: Path, examples: Sequence[ReadingExample | RankingExample]) -> DataSource:
    texts = [text for each in examples for text in (each.passages if _reads(each) else each.positives)]
    return describe(
        path, name=name, licence=SOURCES[name][1], examples=len(examples),
        documents=len({text.document for text in texts}), safe_to_ship=True,
    )  # fmt: skip


def _reads(example: ReadingExample | RankingExample) -> bool:
    return isinstance(example, ReadingExample)


def _kind(example: ReadingExample | RankingExample) -> str:
    return example.kind.partition(":")[0] if isinstance(example, ReadingExample) else "ranking"


def _command() -> str:
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return f"python -m scripts.make_models {' '.join(words)}"


def _report(line: str) -> None:
    print(line, flush=True)


def _tell(metrics: dict[str, object]) -> None:
    for name, figure in metrics.items():
        print(f"  {name:<24}{figure}")


if __name__ == "__main__":
    main()
