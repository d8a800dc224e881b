"""The encoder's recipe: a query near the texts that answer it, far from those that do not.

Multiple negatives ranking (Henderson et al. 2017, arXiv:1705.00652) with sentence-transformers: of all texts of a
batch, the query's own must come nearest; hard negatives, where examples have any, stand among them. The words are
frozen.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from citewell.learning.data.examples import RankingExample, Text
from citewell.learning.recipes import LearnSettings, Report, Trained, Watcher, sample, written
from citewell.learning.train import sentences
from citewell.learning.train.measuring import figures, identity_of, ranking_values
from citewell.learning.train.running import conduct

LEARNING_RATE = 2e-5
BATCH = 64  # queries; each brings its text and its negatives
SCALE = 20.0  # of cosines before the softmax; sentence-transformers' own
MAX_TOKENS = 256


def train_encoder(
    base: Path, work: Path, checkpoint: Path, train: Sequence[RankingExample], held_out: Sequence[RankingExample],
    settings: LearnSettings, report: Report, progress: Watcher | None = None,
) -> Trained:  # fmt: skip
    """Trains from ``base`` and writes a sentence-transformers directory."""
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import Pooling
    from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments

    torch.manual_seed(settings.seed)
    body = sentences.body_of(base, _max_tokens(base))
    merge = sentences.adapt(body, settings)
    pooling = Pooling(body.model.config.hidden_size, pooling_mode="mean")
    model = SentenceTransformer(modules=[body, pooling], device="cuda" if torch.cuda.is_available() else "cpu")
    count = min(settings.negatives, max((len(each.negatives) for each in train), default=0))
    rows = _columns(train, count, settings.seed), _columns(held_out, count, settings.seed)
    batch = min(settings.batch or BATCH, max(2, len(rows[0]["query"])))
    steps = max(1, round(settings.epochs * len(rows[0]["query"]) / batch))
    training = sentences.settled(settings, steps, LEARNING_RATE)

    def build(trained: Any, values: Mapping[str, Any], callbacks: list[Any]) -> Any:
        return sentences.make_trainer(
            SentenceTransformerTrainer, SentenceTransformerTrainingArguments, trained,
            MultipleNegativesRankingLoss(trained, scale=SCALE), rows, batch, values, callbacks,
            batch_sampler="no_duplicates",
        )  # fmt: skip

    report(f"{len(rows[0]['query']):,} queries to learn from with {count} negatives each, {len(held_out):,} held out")
    tokens = sum(sentences.tokens_of(body, sample(column, 200)) for column in rows[0].values())
    curve = conduct(
        model, build, training, work, report, held_out=len(rows[1]["query"]) / batch, tokens_per_step=tokens * batch,
        progress=progress, identity=identity_of(base, train, held_out, [settings.lora, count, batch]),
    )  # fmt: skip
    merge()
    _save(model, base, checkpoint)
    used = {
        **settings.to_json(), "learning_rate": training.learning_rate, "batch": batch, "steps": curve.steps,
        "warmup": training.warmup, "negatives": count, "scale": SCALE, "max_tokens": body.max_seq_length,
    }  # fmt: skip
    known = sample(train, max(50, len(held_out)))
    return Trained(
        checkpoint, curve, figures(ranking_values(_rankings(model, sample(held_out)))),
        figures(ranking_values(_rankings(model, sample(known)))), used,
    )  # fmt: skip


def _max_tokens(base: Path) -> int:
    """What the base was made for."""
    path = base / "sentence_bert_config.json"
    found = json.loads(path.read_text(encoding="utf-8")).get("max_seq_length") if path.is_file() else None
    return int(found or MAX_TOKENS)


def _columns(examples: Sequence[RankingExample], count: int, seed: int) -> dict[str, list[str]]:
    """A row for each query and text that answers it."""
    full = sentences.filled(examples, count, seed)
    pairs = [(each, text) for each in full for text in each.positives]
    found = {
        "query": [each.query for each, _ in pairs],
        "positive": [written(text) for _, text in pairs],
    }
    for number in range(count):
        found[f"negative_{number + 1}"] = [written(each.negatives[number]) for each, _ in pairs]
    return found


def _rankings(model: Any, examples: Sequence[RankingExample]) -> list[tuple[list[str], list[str]]]:
    """Of each query all texts of the examples, nearest first, and which of them answer it."""
    texts = list(dict.fromkeys(text for each in examples for text in (*each.positives, *each.negatives)))
    place = {text: str(number) for number, text in enumerate(texts)}
    vectors = _encode(model, [written(text) for text in texts])
    asked = _encode(model, [each.query for each in examples])
    found = []
    for each, row in zip(examples, asked @ vectors.T, strict=True):
        order = torch.argsort(row, descending=True, stable=True).tolist()[:100]
        found.append(([str(index) for index in order], _places(each.positives, place)))
    return found


def _places(texts: Sequence[Text], place: Mapping[Text, str]) -> list[str]:
    return [place[text] for text in texts]


def _encode(model: Any, texts: Sequence[str]) -> torch.Tensor:
    found: torch.Tensor = model.encode(
        list(texts), convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
    )
    return found.float().cpu()


def _save(model: Any, base: Path, checkpoint: Path) -> None:
    model.save_pretrained(str(checkpoint), create_model_card=False)
    shutil.copyfile(base / "tokenizer.json", checkpoint / "tokenizer.json")
    (checkpoint / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": model[0].max_seq_length}) + "\n", encoding="utf-8"
    )
