"""Rounding of linear layers against plain arithmetic, on small random layers with one outlier channel."""

from __future__ import annotations

import numpy as np
import pytest

from citewell.models.bert_graph import Floats, Grid, Linear, round_columns
from citewell.models.rounding import observe, round_compensated, round_layer


@pytest.fixture
def inputs() -> Floats:
    """(tokens, channels), correlated, the first channel far larger than the rest."""
    generator = np.random.default_rng(1)
    values = generator.normal(size=(500, 8)) @ generator.normal(size=(8, 24)) + generator.normal(size=(500, 24))
    values[:, 0] *= 40
    return values.astype(np.float32)


@pytest.fixture
def linear() -> Linear:
    generator = np.random.default_rng(2)
    return Linear("x", generator.normal(size=(24, 10)).astype(np.float32), np.zeros(10, dtype=np.float32))


def test_a_grid_keeps_zero_and_its_ends() -> None:
    grid = Grid.over(np.array([-1.0, -3.0], np.float32), np.array([2.0, 0.5], np.float32))
    assert grid.round(np.zeros(2, np.float32)).tolist() == [0, 0]
    np.testing.assert_allclose(grid.round(np.array([2.0, -3.0], np.float32)), [2, -3], atol=grid.scale)
    assert grid.round(np.array([9.0, -9.0], np.float32)).tolist() == pytest.approx([2, -3], abs=grid.scale)


def test_observing_in_batches_changes_nothing(inputs: Floats) -> None:
    once = observe([{"x": inputs}], 500)["x"]
    often = observe(({"x": part} for part in np.array_split(inputs, 7)), 100)["x"]
    np.testing.assert_array_equal(once.low, often.low)
    np.testing.assert_array_equal(once.high, often.high)
    np.testing.assert_allclose(once.products, often.products, rtol=1e-4, atol=1e-1)
    assert often.sample.shape == inputs.shape


def test_compensation_beats_plain_rounding(inputs: Floats, linear: Linear) -> None:
    products = observe([{"x": inputs}], 1)["x"].products
    plain, compensated = round_columns(linear.weight, 15), round_compensated(linear.weight, products, 15)

    def error(steps: Floats, scale: Floats) -> float:
        return float(np.mean((inputs @ (steps * scale - linear.weight)) ** 2))

    assert np.abs(compensated[0]).max() <= 15
    assert error(*compensated) < 0.5 * error(*plain)


def test_an_outlier_channel_gets_its_own_divisor(inputs: Floats, linear: Linear) -> None:
    observed = observe([{"x": inputs}], 500)["x"]
    rounded = round_layer(linear, observed, 127)
    assert rounded.grid.divisors is not None
    assert rounded.grid.divisors[0] > 2 * np.median(rounded.grid.divisors)
    plain = Grid.over(observed.low, observed.high).round(inputs) @ linear.weight
    ours = rounded.grid.round(inputs) / rounded.grid.divisors @ (rounded.weight * rounded.scale)
    wanted = inputs @ linear.weight
    assert np.mean((ours - wanted) ** 2) < 0.3 * np.mean((plain - wanted) ** 2)


def test_a_channel_that_is_always_zero_is_survived(inputs: Floats, linear: Linear) -> None:
    inputs[:, [3, 7]] = 0
    rounded = round_layer(linear, observe([{"x": inputs}], 500)["x"], 127)
    divisors = np.ones(24, np.float32) if rounded.grid.divisors is None else rounded.grid.divisors
    assert np.isfinite(divisors).all()
    assert (divisors > 0).all()
    ours = rounded.grid.round(inputs) / divisors @ (rounded.weight * rounded.scale)
    wanted = inputs @ linear.weight
    assert np.mean((ours - wanted) ** 2) < 0.01 * np.mean(wanted**2)


def test_a_layer_that_reads_nothing_is_survived(linear: Linear) -> None:
    nothing = np.zeros((5, 24), np.float32)
    assert np.isfinite(round_layer(linear, observe([{"x": nothing}], 5)["x"], 63).scale).all()
