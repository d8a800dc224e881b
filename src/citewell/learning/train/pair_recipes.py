"""Reader and verifier: networks of our own on pairs, each described by what differs between them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from citewell.errors import UserError
from citewell.evaluation.runs import Figure
from citewell.learning.recipes import LearnSettings, RecipeName, Report, Trained, Watcher, sample
from citewell.learning.train import joint, verifier
from citewell.learning.train.backbone import PairNetwork, load_network, save_checkpoint
from citewell.learning.train.lora import RATE, add_lora
from citewell.learning.train.measuring import figures, identity_of
from citewell.learning.train.running import Batch, TrainingSettings, fit
from citewell.models.files import Head
from citewell.models.pairs import PairTokens

ANSWER_TOKENS = 30  # an answer's length at most, as everywhere since BERT's own SQuAD script

Logits = Mapping[str, torch.Tensor]
Values = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class PairRecipe:
    """items: examples as model inputs. plan: items in batches of so many tokens, by a seed. score: metrics of each item
    of a batch. tokens: of an item's longest row. batch: tokens of a batch with padding."""

    name: RecipeName
    heads: Mapping[str, Head]
    items: Callable[[Sequence[Any], PairTokens], list[Any]]
    plan: Callable[[Sequence[Any], int, int], list[list[int]]]
    collate: Callable[[Sequence[Any]], Batch]
    loss: Callable[[Any, Batch], torch.Tensor]
    score: Callable[[Logits, Sequence[Any]], Values]
    tokens: Callable[[Any], int]
    learning_rate: float
    batch: int


def train_pairs(
    recipe: PairRecipe, base: Path, work: Path, checkpoint: Path, train: Sequence[Any], held_out: Sequence[Any],
    settings: LearnSettings, report: Report, progress: Watcher | None = None,
) -> Trained:  # fmt: skip
    """Trains from the body in ``base`` and writes a pair checkpoint. The order of examples is the seed's."""
    tokens = PairTokens(base / "tokenizer.json")
    order = random.Random(settings.seed).sample(range(len(train)), len(train))
    items, others = recipe.items([train[index] for index in order], tokens), recipe.items(held_out, tokens)
    _need_room(base, max((recipe.tokens(item) for item in (*items, *others)), default=0))
    batch = settings.batch or recipe.batch
    batches = _batches(recipe, items, batch, settings)
    rate = settings.learning_rate or recipe.learning_rate * (RATE if settings.lora else 1.0)
    training = TrainingSettings(
        steps=len(batches), learning_rate=rate, seed=settings.seed, evaluate_every=settings.evaluate_every,
        patience=settings.patience, budget=settings.budget, threads=settings.threads,
    )  # fmt: skip
    network = load_network(base, recipe.heads, settings.seed)
    merge = add_lora(network.body, settings.lora, settings.seed) if settings.lora else None
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    report(f"{len(items):,} examples to learn from, {len(others):,} held out; {trained:,} parameters are trained")
    curve = fit(
        network, recipe.loss, recipe.collate, [[items[index] for index in each] for each in batches],
        [[others[index] for index in each] for each in recipe.plan(others, 2 * batch, settings.seed)],
        training, work, report, progress=progress, identity=identity_of(base, train, held_out, [settings.lora]),
    )  # fmt: skip
    if merge:
        merge()
    known = sample(items, max(len(others), 100))
    used = {
        **settings.to_json(), "learning_rate": rate, "batch": batch, "warmup": training.warmup, "steps": curve.steps,
        "weight_decay": training.weight_decay, "trained_parameters": trained,
    }  # fmt: skip
    save_checkpoint(network, base, checkpoint, {})
    return Trained(
        checkpoint, curve, measure(recipe, network, sample(others), batch),
        measure(recipe, network, sample(known), batch), used,
    )  # fmt: skip


def _batches(recipe: PairRecipe, items: Sequence[Any], batch: int, settings: LearnSettings) -> list[list[int]]:
    """The batches of all epochs, of the last one perhaps a part."""
    found: list[list[int]] = []
    for epoch in range(math.ceil(settings.epochs)):
        planned = recipe.plan(items, batch, settings.seed + epoch)
        found += planned[: math.ceil(len(planned) * min(1.0, settings.epochs - epoch))]
    return found


def _need_room(base: Path, longest: int) -> None:
    places = json.loads((base / "config.json").read_text(encoding="utf-8")).get("max_position_embeddings", 0)
    if longest > places:
        raise UserError(
            f"The base model reads {places} tokens and the longest pair has {longest}. Take a base with more places, "
            "or shorter passages."
        )


def measure(recipe: PairRecipe, network: PairNetwork, items: Sequence[Any], batch: int) -> dict[str, Figure]:
    """The recipe's metrics on these items, in float32."""
    found: Values = {}
    device = next(network.parameters()).device
    network.eval()
    for each in recipe.plan(items, 2 * batch, 0) if items else []:
        inputs = [items[index] for index in each]
        made = {name: value.to(device) for name, value in recipe.collate(inputs).items()}
        with torch.inference_mode():
            logits = network(made["input_ids"], made["token_type_ids"], made["attention_mask"])
        for name, values in recipe.score({name: value.cpu() for name, value in logits.items()}, inputs).items():
            found.setdefault(name, []).extend(values)
    return figures(found)


# -- the reader --------------------------------------------------------------------------------------------------------


def _read_score(logits: Logits, groups: Sequence[joint.Group]) -> Values:
    """exact: the best span of all passages is a right one. overlap: F1 of its tokens with the nearest right one.
    unanswerable told: no span is more likely than none. right passage first: by relevance, where it is known."""
    values: Values = {"exact": [], "overlap": [], "unanswerable told": [], "right passage first": []}
    at = 0
    for group in groups:
        rows = range(at, at + len(group.rows))
        at += len(group.rows)
        known = [row.relevant for row in group.rows]
        if True in known and False in known:
            best = max(rows, key=lambda row: float(logits["relevance"][row, 0]))
            values["right passage first"].append(float(group.rows[best - rows.start].relevant is True))
        if not group.read:
            continue
        odds, place = max(
            (_best_span(logits["span"][row].numpy(), group.rows[row - rows.start].text), row) for row in rows
        )
        right = [(row.spans, rows.start + index) for index, row in enumerate(group.rows) if row.spans]
        if not right:
            values["unanswerable told"].append(float(odds[0] <= 0))
            continue
        spans = [span for own, row in right if row == place for span in own]
        said = (odds[1], odds[2]) if odds[0] > 0 else (-1, -1)
        values["exact"].append(float(said in spans))
        values["overlap"].append(max((_overlap(said, span) for span in spans), default=0.0))
    return values


def _best_span(logits: np.ndarray[Any, Any], text: tuple[int, int]) -> tuple[float, int, int]:
    """Log odds of the best span in the text against none, and its first and last token."""
    first, count = text[0], text[1] - text[0]
    if count < 1:
        return -math.inf, -1, -1
    starts, ends = logits[first : first + count, 0], logits[first : first + count, 1]
    scores = starts[:, None] + ends[None, :]
    scores = np.where(np.tri(count, dtype=bool).T & np.tri(count, k=ANSWER_TOKENS - 1, dtype=bool), scores, -np.inf)
    start, end = np.unravel_index(int(scores.argmax()), scores.shape)
    null = float(logits[0, 0] + logits[0, 1])
    return float(scores[start, end]) - null, first + int(start), first + int(end)


def _overlap(said: tuple[int, int], right: tuple[int, int]) -> float:
    shared = max(0, min(said[1], right[1]) - max(said[0], right[0]) + 1)
    return 2 * shared / (said[1] - said[0] + 1 + right[1] - right[0] + 1) if said[0] >= 0 else 0.0


READER = PairRecipe(
    name="reader", heads=joint.HEADS, items=joint.groups_of, plan=joint.plan, collate=joint.collate, loss=joint.loss_of,
    score=_read_score, tokens=lambda group: group.tokens, learning_rate=1e-4, batch=6144,
)  # fmt: skip


# -- the verifier ------------------------------------------------------------------------------------------------------


def _support_score(logits: Logits, rows: Sequence[verifier.Row]) -> Values:
    values: Values = {"accuracy": [], "supported told": [], "unsupported told": []}
    for row, logit in zip(rows, logits["support"][:, 0].tolist(), strict=True):
        right = float((logit > 0) == row.supported)
        values["accuracy"].append(right)
        values["supported told" if row.supported else "unsupported told"].append(right)
    return values


VERIFIER = PairRecipe(
    name="verifier", heads=verifier.HEADS, items=verifier.rows_of, plan=verifier.plan, collate=verifier.collate,
    loss=verifier.loss_of, score=_support_score, tokens=lambda row: len(row.pair.ids), learning_rate=1.2e-4, batch=4096,
)  # fmt: skip
