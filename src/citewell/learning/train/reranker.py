"""The reranker's recipe: a query and a text read together, and how well the text answers it.

A cross-encoder of sentence-transformers on the first token's vector, without pooler. Its loss is binary cross-entropy
of each pair, positives weighted up to the number of negatives; or, listwise, LambdaLoss over the texts of a query (Wang
et al. 2018), which optimises their order. The words are frozen. What is written is a pair checkpoint with the head
``relevance``, so it is exported and run like the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from citewell.learning.data.examples import RankingExample
from citewell.learning.recipes import LearnSettings, Report, Trained, Watcher, sample, written
from citewell.learning.train import sentences
from citewell.learning.train.backbone import PairNetwork, save_checkpoint
from citewell.learning.train.measuring import figures, identity_of, ranking_values
from citewell.learning.train.running import conduct
from citewell.models.files import Head
from citewell.models.pairs import MAX_TOKENS

LEARNING_RATE = 1e-4
BATCH = 32  # pairs
HEADS = {"relevance": Head("first", 1)}


def train_reranker(
    base: Path, work: Path, checkpoint: Path, train: Sequence[RankingExample], held_out: Sequence[RankingExample],
    settings: LearnSettings, report: Report, progress: Watcher | None = None,
) -> Trained:  # fmt: skip
    """Trains from ``base`` and writes a pair checkpoint."""
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments

    torch.manual_seed(settings.seed)
    body = sentences.body_of(base, MAX_TOKENS)
    model = _network(body)
    merge = sentences.adapt(body, settings)
    count = max(1, min(settings.negatives, max((len(each.negatives) for each in train), default=0)))
    full, others = (sentences.filled(each, count, settings.seed) for each in (train, held_out))
    columns = _lists if settings.listwise else _pairs
    rows = columns(full), columns(others)
    size = max(1, (settings.batch or BATCH) // (count + 1)) if settings.listwise else settings.batch or BATCH
    batch = min(size, max(1, len(rows[0]["query"])))
    steps = max(1, round(settings.epochs * len(rows[0]["query"]) / batch))
    training = sentences.settled(settings, steps, LEARNING_RATE)

    def build(trained: Any, values: Mapping[str, Any], callbacks: list[Any]) -> Any:
        return sentences.make_trainer(
            CrossEncoderTrainer, CrossEncoderTrainingArguments, trained, _loss(trained, settings.listwise, count),
            rows, batch, values, callbacks,
        )  # fmt: skip

    report(f"{len(full):,} queries to learn from with {count} negatives each, {len(others):,} held out")
    pairs = _pairs(sample(full, 50))
    tokens = sentences.tokens_of(body, [f"{q} {t}" for q, t in zip(pairs["query"], pairs["passage"], strict=True)])
    curve = conduct(
        model, build, training, work, report, held_out=len(rows[1]["query"]) / batch,
        tokens_per_step=tokens * batch * (count + 1 if settings.listwise else 1), progress=progress,
        identity=identity_of(base, train, held_out, [settings.lora, count, batch, settings.listwise]),
    )  # fmt: skip
    merge()
    _save(model, base, checkpoint)
    used = {
        **settings.to_json(), "learning_rate": training.learning_rate, "batch": batch, "steps": curve.steps,
        "warmup": training.warmup, "negatives": count, "max_tokens": body.max_seq_length,
    }  # fmt: skip
    known = sample(full, max(50, len(others)))
    return Trained(
        checkpoint, curve, figures(ranking_values(_rankings(model, sample(others)))),
        figures(ranking_values(_rankings(model, known))), used,
    )  # fmt: skip


def _network(body: Any) -> Any:
    """The cross-encoder: body, first token's vector, one linear layer as BERT begins them."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling

    size = body.model.config.hidden_size
    weight = torch.nn.init.normal_(torch.empty(1, size), std=0.02)
    head = Dense(
        size, 1, activation_function=torch.nn.Identity(), init_weight=weight, init_bias=torch.zeros(1),
        module_output_name="scores",
    )  # fmt: skip
    return CrossEncoder(
        modules=[body, Pooling(size, pooling_mode="cls"), head],
        device="cuda" if torch.cuda.is_available() else "cpu", activation_fn=torch.nn.Identity(),
    )  # fmt: skip


def _loss(model: Any, listwise: bool, negatives: int) -> Any:
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss, LambdaLoss

    if listwise:
        return LambdaLoss(model)
    return BinaryCrossEntropyLoss(model, pos_weight=torch.tensor(float(negatives)))


def _pairs(examples: Sequence[RankingExample]) -> dict[str, list[Any]]:
    rows = [
        (each.query, written(text), label)
        for each in examples
        for texts, label in ((each.positives, 1.0), (each.negatives, 0.0))
        for text in texts
    ]
    return {name: [row[place] for row in rows] for place, name in enumerate(("query", "passage", "label"))}


def _lists(examples: Sequence[RankingExample]) -> dict[str, list[Any]]:
    return {
        "query": [each.query for each in examples],
        "docs": [[written(text) for text in (*each.positives, *each.negatives)] for each in examples],
        "labels": [[1.0] * len(each.positives) + [0.0] * len(each.negatives) for each in examples],
    }


def _rankings(model: Any, examples: Sequence[RankingExample]) -> list[tuple[list[str], list[str]]]:
    """Of each query its own texts, best first, and which of them answer it."""
    found = []
    for each in examples:
        texts = [*each.negatives, *each.positives]  # equal scores keep this order: no luck for those that do not answer
        scores = model.predict([(each.query, written(text)) for text in texts], show_progress_bar=False)
        order = sorted(range(len(texts)), key=lambda index: -float(scores[index]))
        right = [str(index) for index in range(len(each.negatives), len(texts))]
        found.append(([str(index) for index in order], right))
    return found


def _save(model: Any, base: Path, checkpoint: Path) -> None:
    network = PairNetwork(model[0].model, HEADS)
    network.heads["relevance"].load_state_dict(model[2].linear.state_dict())
    save_checkpoint(network, base, checkpoint, {})
