"""The verifier's recipe: is this sentence supported by this evidence, and if not, which of its words are not.

A row is one (sentence, evidence) pair. Two losses, both binary cross-entropy: support, on the first token; and, for
rows whose wrong words are known, "not supported" on every token of the sentence. Pairs that people judged only as a
whole teach the first alone.
"""

from __future__ import annotations

import math
import platform
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional

from citewell.learning.curves import Curve
from citewell.learning.data.examples import SupportExample
from citewell.learning.data.manifest import DataManifest
from citewell.learning.train.backbone import load_network, save_checkpoint
from citewell.learning.train.running import TrainingSettings, fit
from citewell.models.files import Head
from citewell.models.pairs import Pair, PairTokens
from citewell.records import Json

HEADS = {"support": Head("first", 1), "unsupported": Head("tokens", 1)}
SENTENCE_TOKENS = 128  # of the sentence; the rest is cut
MARK_WEIGHT = 0.5  # of the loss on words beside the loss on the sentence
WRONG_WEIGHT = 3.0  # of a wrong token beside a right one: about one in seven is wrong


@dataclass(frozen=True, slots=True)
class Row:
    """One pair. wrong: for each token of the sentence whether it is not supported; ``None`` when nobody knows."""

    pair: Pair
    supported: bool
    wrong: tuple[bool, ...] | None


def rows_of(examples: Sequence[SupportExample], tokens: PairTokens) -> list[Row]:
    """The examples as pairs; those longer than one window are left out, since nobody says which window supports."""
    windows = tokens.windows(
        [each.sentence for each in examples], [""] * len(examples), [each.evidence for each in examples],
        first_tokens=SENTENCE_TOKENS,
    )  # fmt: skip
    return [
        Row(found[0], example.supported, _wrong(example, found[0]))
        for example, found in zip(examples, windows, strict=True)
        if len(found) == 1
    ]


def _wrong(example: SupportExample, pair: Pair) -> tuple[bool, ...] | None:
    if not example.supported and not example.unsupported:
        return None
    return tuple(any(a < end and b > start for start, end in example.unsupported) for a, b in pair.first)


def plan(rows: Sequence[Row], batch_tokens: int, seed: int) -> list[list[int]]:
    """Batches of rows of about the same length, at most ``batch_tokens`` with padding, in random order."""
    generator = random.Random(seed)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].pair.ids) + generator.uniform(-8, 8))
    batches: list[list[int]] = [[]]
    for index in order:
        if batches[-1] and (len(batches[-1]) + 1) * (len(rows[index].pair.ids) + 8) > batch_tokens:
            batches.append([])
        batches[-1].append(index)
    generator.shuffle(batches)
    return batches


def collate(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """One batch. Shapes: (rows, tokens), and (rows,) for supported. wrong: 1, 0, or -1 where it does not count."""
    shape = (len(rows), max(len(row.pair.ids) for row in rows))
    ids, types, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    wrong = torch.full(shape, -1.0)
    for index, row in enumerate(rows):
        length = len(row.pair.ids)
        ids[index, :length] = torch.tensor(row.pair.ids)
        types[index, :length] = torch.tensor(row.pair.types)
        mask[index, :length] = 1
        if row.wrong:
            wrong[index, 1 : 1 + len(row.wrong)] = torch.tensor([float(each) for each in row.wrong])
    return {
        "input_ids": ids, "token_type_ids": types, "attention_mask": mask, "wrong": wrong,
        "supported": torch.tensor([float(row.supported) for row in rows]),
    }  # fmt: skip


def loss_of(logits: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Loss on the sentences plus the weighted loss on their words."""
    whole = functional.binary_cross_entropy_with_logits(logits["support"][:, 0], batch["supported"])
    known = batch["wrong"] >= 0
    if not known.any():
        return whole
    words = functional.binary_cross_entropy_with_logits(
        logits["unsupported"][..., 0][known], batch["wrong"][known],
        pos_weight=torch.tensor(WRONG_WEIGHT, device=known.device),
    )  # fmt: skip
    return whole + MARK_WEIGHT * words


def train_verifier(
    base: Path, out: Path, train: Sequence[SupportExample], held_out: Sequence[SupportExample],
    manifest: DataManifest, *,
    epochs: float = 1.2, batch_tokens: int = 4096, learning_rate: float = 1.2e-4, seed: int = 0,
    evaluate_every: int = 250, report: Callable[[str], None] = lambda line: None,
) -> Curve:  # fmt: skip
    """Trains on ``train`` from the body in ``base`` and writes a pair checkpoint to ``out``.

    Called again with the same arguments it goes on from the newest checkpoint in ``out/work``.
    """
    tokens = PairTokens(base / "tokenizer.json")
    rows, others = rows_of(train, tokens), rows_of(held_out, tokens)
    batches: list[list[int]] = []
    for epoch in range(math.ceil(epochs)):  # of the last one perhaps a part
        planned = plan(rows, batch_tokens, seed + epoch)
        batches += planned[: math.ceil(len(planned) * min(1.0, epochs - epoch))]
    settings = TrainingSettings(
        steps=len(batches), learning_rate=learning_rate, seed=seed, evaluate_every=evaluate_every
    )
    network = load_network(base, HEADS, seed)
    report(f"{len(rows)} rows, {sum(len(row.pair.ids) for row in rows)} tokens, {settings.steps} steps")
    curve = fit(
        network, loss_of, lambda batch: collate([batch[0][index] for index in batch[1]]),
        [(rows, batch) for batch in batches], [(others, batch) for batch in plan(others, 2 * batch_tokens, seed)],
        settings, out / "work", report,
    )  # fmt: skip
    save_checkpoint(network, base, out, _record(base, manifest.to_json(), curve, settings, epochs, batch_tokens))
    return curve


def _record(
    base: Path, manifest: Json, curve: Curve, settings: TrainingSettings, epochs: float, batch_tokens: int
) -> Json:
    import transformers

    from citewell.models.files import file_sha256

    return {
        "recipe": "verifier", "base": {"sha256": file_sha256(base / "model.safetensors")}, "data": manifest,
        "settings": {**asdict(settings), "epochs": epochs, "batch_tokens": batch_tokens, "mark_weight": MARK_WEIGHT,
                     "wrong_weight": WRONG_WEIGHT, "sentence_tokens": SENTENCE_TOKENS},
        "curve": {"train": curve.train, "held_out": curve.held_out, "seconds": round(curve.seconds, 1)},
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "transformers": transformers.__version__},
    }  # fmt: skip
