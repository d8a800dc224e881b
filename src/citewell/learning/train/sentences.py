"""What the two recipes on sentence-transformers share: the body, the texts, the data set, the end of a training."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from citewell.errors import UserError
from citewell.learning.data.examples import RankingExample
from citewell.learning.recipes import LearnSettings
from citewell.learning.train.lora import RATE, add_lora
from citewell.learning.train.running import Careful, TrainingSettings, arguments_of
from citewell.models.pairs import MAX_TOKENS


def body_of(base: Path, max_tokens: int) -> Any:
    """The base model's layers as sentence-transformers has them: without pooler, without dropout, words frozen."""
    from sentence_transformers.base.modules import Transformer

    if not (base / "model.safetensors").is_file():
        raise UserError(f"{base} has no model.safetensors. Expected a Hugging Face directory with BERT weights.")
    own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    body = Transformer(
        str(base),
        model_kwargs={**own, "add_pooling_layer": False, "use_safetensors": True, "dtype": torch.float32},
        processor_kwargs=own,
        config_kwargs={**own, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    )
    body.max_seq_length = min(max_tokens, MAX_TOKENS, body.model.config.max_position_embeddings)
    body.model.embeddings.requires_grad_(False)
    return body


def adapt(body: Any, settings: LearnSettings) -> Callable[[], None]:
    """Adds LoRA where it is asked for; gives back what merges it."""
    return add_lora(body.model, settings.lora, settings.seed) if settings.lora else lambda: None


def filled(examples: Sequence[RankingExample], count: int, seed: int) -> list[RankingExample]:
    """Each example with exactly ``count`` negatives: its own hardest ones, and where it has too few, texts that answer
    other queries."""
    generator = random.Random(seed)
    others = list(dict.fromkeys(text for each in examples for text in each.positives))
    found = []
    for each in examples:
        own = list(dict.fromkeys(each.negatives))[:count]
        fitting = generator.sample(others, min(len(others), 4 * count + len(each.positives)))
        own += [text for text in fitting if text not in each.positives and text not in own][: count - len(own)]
        found.append(RankingExample(each.query, each.positives, tuple(own)))
    return [each for each in found if len(each.negatives) == count]


def settled(settings: LearnSettings, steps: int, rate: float) -> TrainingSettings:
    """Settings for the trainer; rate: the recipe's own."""
    chosen = settings.learning_rate or rate * (RATE if settings.lora else 1.0)
    return TrainingSettings(
        steps=max(1, steps), learning_rate=chosen, warmup=0.1, seed=settings.seed, patience=settings.patience,
        evaluate_every=settings.evaluate_every, budget=settings.budget, threads=settings.threads,
    )  # fmt: skip


def make_trainer(
    kind: type[Any], arguments: type[Any], model: Any, loss: Any, rows: tuple[Any, Any], batch: int,
    values: Mapping[str, Any], callbacks: Sequence[Any], **more: Any,
) -> Any:  # fmt: skip
    """A trainer of sentence-transformers with our care. rows: columns to learn from, and held out (perhaps none)."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    careful = type(f"Careful{kind.__name__}", (Careful, kind), {})
    sizes = {"per_device_train_batch_size": batch, "per_device_eval_batch_size": batch}
    train, held_out = (Dataset.from_dict(each) if each else None for each in rows)
    return careful(
        model=model, args=arguments_of(arguments, {**values, **sizes}, **more), train_dataset=train,
        eval_dataset=held_out, loss=loss, callbacks=list(callbacks),
    )  # fmt: skip


def tokens_of(body: Any, texts: Sequence[str]) -> float:
    """Tokens of a text on average, as far as they are read."""
    if not texts:
        return 0.0
    rows = body.tokenizer(list(texts), truncation=True, max_length=body.max_seq_length)["input_ids"]
    return sum(map(len, rows)) / len(texts)
