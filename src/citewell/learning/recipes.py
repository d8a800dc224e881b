"""What can be trained, with which settings, and what comes out: values that need no torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from citewell.errors import SettingsError
from citewell.evaluation.runs import Figure
from citewell.learning.curves import Curve, Progress
from citewell.learning.data.examples import Text
from citewell.learning.data.formats import Kind as ExampleKind
from citewell.records import Json

RecipeName = Literal["encoder", "reranker", "reader", "verifier"]

READS: dict[RecipeName, ExampleKind] = {
    "encoder": "ranking", "reranker": "ranking", "reader": "reading", "verifier": "support",
}  # fmt: skip
"""The kind of examples each recipe learns from."""

LEAST: dict[RecipeName, tuple[int, str]] = {
    "encoder": (16, "queries with a text that answers them"), "reranker": (16, "queries with a text that answers them"),
    "reader": (16, "questions with a passage"), "verifier": (32, "pairs of evidence and sentence"),
}  # fmt: skip
"""Fewer examples than this teach nothing. Far more are needed for a model that is any better: hundreds at least."""

BERT_LAYERS = ("query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")
"""Every linear layer of a BERT body, which LoRA is added to (Dettmers et al. 2023, arXiv:2305.14314, section 4: all of
them are needed to match full training)."""

Report = Callable[[str], None]
Watcher = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters (Hu et al. 2021, arXiv:2106.09685), trained instead of the body and merged into it at the end.

    alpha: their weight is alpha / rank; 0: twice the rank. targets: names of linear layers.
    """

    rank: int
    alpha: int = 0
    targets: tuple[str, ...] = BERT_LAYERS


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How to train. What is 0 is left to the recipe.

    budget: seconds of the training itself. batch: tokens with padding for reader and verifier, rows for the others.
    evaluate_every: steps. patience: evaluations without a better held-out loss before it stops; 0: it never does.
    held_out: share of the examples, by document. negatives: mined for each query that comes without any. enrich:
    whether a reader also learns from distractors and from questions made unanswerable. seed: of everything random, also
    the salt of the split. threads: of the processor.
    """

    epochs: float = 1.0
    budget: float = 0.0
    learning_rate: float = 0.0
    batch: int = 0
    evaluate_every: int = 0
    patience: int = 3
    seed: int = 0
    held_out: float = 0.1
    negatives: int = 4
    enrich: bool = True
    listwise: bool = False  # a reranker's loss over the texts of a query together instead of one by one
    lora: Lora | None = None
    folds: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        for name, value, least in (("epochs", self.epochs, 0.001), ("budget", self.budget, 0.0),
                                   ("learning_rate", self.learning_rate, 0.0), ("batch", self.batch, 0),
                                   ("patience", self.patience, 0), ("negatives", self.negatives, 0),
                                   ("threads", self.threads, 0)):  # fmt: skip
            if not value >= least:
                raise SettingsError(f"{name} is {value}. Expected at least {least}.")
        if not 0 < self.held_out <= 0.5:
            raise SettingsError(
                f"The share to hold out is {self.held_out}. Expected above 0, at most 0.5, such as 0.1."
            )
        if self.folds and not 2 <= self.folds <= 20:
            raise SettingsError(f"{self.folds} folds. Expected from 2 to 20, or 0 for none.")
        if self.lora is not None and not 1 <= self.lora.rank <= 512:
            raise SettingsError(f"The rank of LoRA is {self.lora.rank}. Expected from 1 to 512, such as 16.")

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a recipe gives back. checkpoint: a folder that the export reads. held_out, train: metrics on the held-out
    examples and on as many that were learnt from. used: every setting as it was in the end."""

    checkpoint: Path
    curve: Curve
    held_out: Mapping[str, Figure]
    train: Mapping[str, Figure]
    used: Json = field(default_factory=dict)

    @property
    def gaps(self) -> dict[str, float]:
        """By how much each metric is better on what was learnt from: overfitting, when it is much."""
        return {
            name: self.train[name].value - figure.value for name, figure in self.held_out.items() if name in self.train
        }


MEASURED = 500
"""Examples of a side that are measured, at most: enough for intervals of a few points."""

Item = TypeVar("Item")


def sample(items: Sequence[Item], count: int = MEASURED) -> list[Item]:
    """At most ``count`` of the items, evenly from all of them."""
    if len(items) <= count:
        return list(items)
    return [items[len(items) * index // count] for index in range(count)]


def written(text: Text) -> str:
    """A text as an encoder reads it: its context in front, as ``Passage.searchable`` has it."""
    return f"{text.context}\n{text.text}" if text.context else text.text


_TIME = re.compile(
    r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s)?", re.IGNORECASE
)


def seconds_of(text: str) -> float:
    """``30m``, ``1h 30m``, ``90s``, ``45`` (minutes) in seconds."""
    found = _TIME.fullmatch(text.strip())
    plain = re.fullmatch(r"\d+(?:\.\d+)?", text.strip())
    parts = [float(each or 0) for each in found.groups()] if found else [0.0]
    total = 60 * float(text) if plain else sum(each * unit for each, unit in zip(parts, (3600, 60, 1), strict=False))
    if total <= 0:
        raise SettingsError(f"The budget is {text!r}. Expected a time such as 30m, 2h or 90s.")
    return total
