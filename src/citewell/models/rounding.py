"""Decides how the linear layers of a BERT are put on 8 bits, from what passes through them on calibration texts.

Only numpy; used by ``learning/export.py`` and never when a question is asked. Per layer, two steps:

1. choose the input's grid: among a few ways to divide outlier channels (see ``bert_graph``), the one whose rounded
   layer is nearest to the original on sampled inputs;
2. round the weights one input at a time, each time moving the error onto the inputs not yet rounded, as far as
   calibration inputs are correlated: GPTQ (Frantar et al. 2022, arXiv:2210.17323). It leaves 15–60 % of plain
   rounding's squared error here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citewell.models.bert_graph import Floats, Grid, Linear, Rounded, Steps, round_columns

Doubles = NDArray[np.float64]

DAMPING = 0.01  # of the mean diagonal, added to it: the paper's value
SMOOTHING = (0.5, 0.65, 0.8, 0.9)  # SmoothQuant's alpha: share of an outlier that the weight takes over
CEILINGS = (80, 90, 95, 98, 99, 99.5, 99.9)  # percentiles of the channels' reach above which a channel is divided


@dataclass(slots=True)
class Inputs:
    """What one linear layer reads on the calibration texts."""

    low: Floats  # (channels,) smallest value of each
    high: Floats  # (channels,)
    products: Doubles  # (channels, channels) sum of x xᵀ over all tokens
    sample: Floats  # (some tokens, channels)


def observe(batches: Iterable[dict[str, Floats]], per_batch: int, seed: int = 0) -> dict[str, Inputs]:
    """Statistics per layer of batches ``{layer name: (tokens, channels)}``; ``per_batch`` tokens of each are kept."""
    generator = np.random.default_rng(seed)
    found: dict[str, Inputs] = {}
    samples: dict[str, list[Floats]] = {}
    for batch in batches:
        for name, values in batch.items():
            kept = values[generator.choice(len(values), min(len(values), per_batch), replace=False)]
            samples.setdefault(name, []).append(kept)
            low, high, products = values.min(axis=0), values.max(axis=0), (values.T @ values).astype(np.float64)
            if (seen := found.get(name)) is None:
                found[name] = Inputs(low, high, products, kept)
            else:
                seen.low, seen.high = np.minimum(seen.low, low), np.maximum(seen.high, high)
                seen.products += products
    for name, parts in samples.items():
        found[name].sample = np.concatenate(parts)
    return found


def round_layer(linear: Linear, inputs: Inputs, levels: int) -> Rounded:
    """The layer with 8-bit inputs and weights on ``-levels … levels``."""
    grid = min(_grids(linear, inputs), key=lambda each: _error(linear, inputs, each, levels))
    weight, products = linear.weight, inputs.products
    if grid.divisors is not None:
        weight = weight * grid.divisors[:, None]
        products = products / np.outer(grid.divisors, grid.divisors)
    steps, scale = round_compensated(weight, products, levels)
    return Rounded(grid, steps, scale)


def round_compensated(weight: Floats, products: Doubles, levels: int) -> tuple[Steps, Floats]:
    """``weight`` (inputs, outputs) rounded so that ``x @ weight`` changes least for inputs with these products.

    Inputs with the largest sum of squares are rounded first. Returns the steps and one scale per output.
    """
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / levels
    damped = products + np.eye(len(products)) * DAMPING * (np.mean(np.diag(products)) or 1.0)
    order = np.argsort(-np.diag(damped))
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left = weight[order].astype(np.float64)
    steps = np.zeros_like(left)
    for place in range(len(left)):
        steps[place] = np.clip(np.rint(left[place] / scale), -levels, levels)
        error = (left[place] - steps[place] * scale) / upper[place, place]
        left[place + 1 :] -= upper[place, place + 1 :, None] * error
    back = np.argsort(order)
    return steps[back].astype(np.int8), scale.astype(np.float32)


def _grids(linear: Linear, inputs: Inputs) -> Iterator[Grid]:
    """The grids worth trying, the plain one first."""
    reach = np.maximum(inputs.high, -inputs.low)
    strength = np.abs(linear.weight).max(axis=1)
    yield Grid.over(inputs.low, inputs.high)
    used = (reach > 0) & (strength > 0)  # a channel may be 0 on every calibration text; it is left as it is
    if not used.any():
        return
    for alpha in SMOOTHING:
        divisors = np.ones_like(reach)
        divisors[used] = reach[used] ** alpha / strength[used] ** (1 - alpha)
        divisors[used] /= np.median(divisors[used])
        yield Grid.over(inputs.low, inputs.high, divisors.astype(np.float32))
    for ceiling in CEILINGS:
        divisors = np.maximum(1, reach / np.percentile(reach[used], ceiling)).astype(np.float32)
        yield Grid.over(inputs.low, inputs.high, divisors)


def _error(linear: Linear, inputs: Inputs, grid: Grid, levels: int) -> float:
    """Mean squared change of the layer's result on the sampled inputs, weights rounded plainly."""
    divisors = np.ones(len(linear.weight), dtype=np.float32) if grid.divisors is None else grid.divisors
    steps, scale = round_columns(linear.weight * divisors[:, None], levels)
    changed = (grid.round(inputs.sample) / divisors) @ (steps * scale)
    return float(np.mean((changed - inputs.sample @ linear.weight) ** 2))
