"""Do the intervals hold what they promise, and does the gate see losses without crying wolf? All by simulation.

    python -m benchmarks.evaluation_statistics            # writes benchmarks/results/statistics.json
    python -m benchmarks.evaluation_statistics --quick    # a tenth of the samples, prints only

Four parts. ``intervals``: how often 95 % intervals of means hold the true mean, for values that look like metrics, by
the method that is used and by those that were weighed against it. ``statistics``: the same for figures of a whole run.
``differences``: the same for differences of two runs. ``gate``: how often the gate's rule stops a run that is no worse
(false alarms) and one that lost 5 points (power), on paired scores of two systems that agree on most questions.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from citewell.evaluation.comparing import LEVEL
from citewell.evaluation.metrics.refusal import calibration, coverage_risk
from citewell.evaluation.statistics import holm, interval, interval_of, paired_difference, sign_flip_test, student

SEED = 20261120
NORMAL = NormalDist()
OUT = Path("benchmarks/results/statistics.json")
Drawn = tuple[np.ndarray, float]  # samples (runs, n) and the true mean
GAINS = 1 / np.log2(np.arange(2, 11) + 1)  # nDCG of one relevant passage at ranks 2 to 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", choices=("intervals", "statistics", "differences", "gate"))
    arguments = parser.parse_args()
    share = 0.1 if arguments.quick else 1.0
    parts: dict[str, Callable[[], Any]] = {
        "intervals": lambda: interval_coverage(int(1000 * share)),
        "statistics": lambda: statistic_coverage(int(200 * share)),
        "differences": lambda: difference_coverage(int(500 * share)),
        "gate": lambda: gate_rates(int(1000 * share)),
    }
    found = {}
    for name, part in parts.items():
        if arguments.part in (None, name):
            started = time.perf_counter()
            found[name] = part()
            print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    if not arguments.quick:
        kept = json.loads(OUT.read_text()) if OUT.exists() else {}
        OUT.write_text(json.dumps({**kept, **found}, indent=1) + "\n")


# -- intervals of means ------------------------------------------------------------------------------------------------

CHANCES = (0.5, 0.7, 0.8, 0.9, 0.95)
MIXTURES: dict[str, Callable[[np.random.Generator, tuple[int, int]], Drawn]] = {
    "nDCG, mean 0.61": lambda random, size: mixture(random, size, 0.15, 0.35, "rank"),
    "nDCG, mean 0.82": lambda random, size: mixture(random, size, 0.05, 0.75, "rank"),
    "nDCG, mean 0.17": lambda random, size: mixture(random, size, 0.7, 0.08, "rank"),
    "nDCG, mean 0.93": lambda random, size: mixture(random, size, 0.02, 0.9, "rank"),
    "F1, mean 0.45": lambda random, size: mixture(random, size, 0.3, 0.2, "middle"),
    "F1, mean 0.78": lambda random, size: mixture(random, size, 0.05, 0.6, "middle"),
    "F1, mean 0.22": lambda random, size: mixture(random, size, 0.6, 0.05, "middle"),
    "groundedness, mean 0.8": lambda random, size: (random.beta(8, 2, size), 0.8),
    "P@10, mean 0.13": lambda random, size: mixture(random, size, 0.1, 0.0, "tenths"),
}  # fmt: skip


SHAPES = (*(f"0/1, mean {p}" for p in CHANCES), *MIXTURES)


def samples_of(shape: str, n: int, samples: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Samples of ``n`` values, the true mean, and the samples' chances. Of 0/1 values every sample there can be."""
    if shape in MIXTURES:
        drawn, mean = MIXTURES[shape](np.random.default_rng(SEED + n), (samples, n))
        return drawn, mean, np.full(samples, 1 / samples)
    chance = float(shape.rpartition(" ")[2])
    every = np.tril(np.ones((n + 1, n)), -1)  # 0 to n ones
    return every, chance, np.array([math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)])


def mixture(random: np.random.Generator, size: tuple[int, int], zero: float, one: float, rest: str) -> Drawn:
    """A share of zeros, a share of ones, and the rest as ranks, F1 values or tenths."""
    values, mean = {
        "rank": lambda: (random.choice(GAINS, size), float(GAINS.mean())),
        "middle": lambda: (random.beta(2, 2, size), 0.5),
        "tenths": lambda: (random.choice([0.1, 0.2, 0.3], size, p=[0.7, 0.2, 0.1]), 0.14),
    }[rest]()
    place = random.random(size)
    return np.where(place < zero, 0.0, np.where(place < zero + one, 1.0, values)), one + (1 - zero - one) * mean


def interval_coverage(samples: int) -> list[dict[str, Any]]:
    """Share of the intervals that hold the true mean, in per cent, and their mean width, by shape, n and method."""
    rows = []
    for n in (20, 50, 200):
        counts = np.random.default_rng(SEED).multinomial(n, [1 / n] * n, 1000).astype(float)
        for shape in SHAPES:
            drawn, mean, weights = samples_of(shape, n, samples)
            inside: dict[str, float] = {}
            width: dict[str, float] = {}
            for values, weight in zip(drawn, weights, strict=True):
                for method, (low, high) in bounds(values, counts).items():
                    inside[method] = inside.get(method, 0) + weight * (low - 1e-9 <= mean <= high + 1e-9)
                    width[method] = width.get(method, 0) + weight * (high - low)
            rows.append({
                "shape": shape, "n": n, "samples": "all" if shape.startswith("0/1") else samples,
                "coverage": {method: round(100 * share, 1) for method, share in inside.items()},
                "width": {method: round(wide, 4) for method, wide in width.items()},
            })  # fmt: skip
            told = "  ".join(f"{method} {value:5.1f}" for method, value in rows[-1]["coverage"].items())
            print(f"n {n:>3}  {shape:<24} {told}", flush=True)
    return rows


def bounds(values: np.ndarray, counts: np.ndarray) -> dict[str, tuple[float, float]]:
    """Each method's interval; ``used`` is the package's."""
    n, mean, spread = len(values), float(values.mean()), float(values.std(ddof=1))
    means = counts @ values / n
    wide = NORMAL.cdf(math.sqrt(n / (n - 1)) * student(0.025, n - 1))
    used = interval(values.tolist())
    return {
        "used": (used.low, used.high),
        "percentile": quantiles(means, 0.025, 0.975),
        "expanded percentile": quantiles(means, wide, 1 - wide),
        "BCa": accelerated(values, means),
        "bootstrap-t": studentised(values, counts, means),
        "t": (
            mean - student(0.975, n - 1) * spread / math.sqrt(n),
            mean + student(0.975, n - 1) * spread / math.sqrt(n),
        ),
    }


def quantiles(means: np.ndarray, low: float, high: float) -> tuple[float, float]:
    found = np.quantile(means, [low, high])
    return float(found[0]), float(found[1])


def accelerated(values: np.ndarray, means: np.ndarray) -> tuple[float, float]:
    """Efron 1987; the acceleration from the third moment, as for every mean."""
    away = values - values.mean()
    if not away.any():
        return float(values[0]), float(values[0])
    below = (np.sum(means < values.mean()) + 0.5 * np.sum(means == values.mean()) + 0.5) / (len(means) + 1)
    shift, speed = NORMAL.inv_cdf(float(below)), float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    low, high = (
        NORMAL.cdf(shift + (shift + z) / (1 - speed * (shift + z)))
        for z in (NORMAL.inv_cdf(0.025), NORMAL.inv_cdf(0.975))
    )
    return quantiles(means, low, high)


def studentised(values: np.ndarray, counts: np.ndarray, means: np.ndarray) -> tuple[float, float]:
    n, mean, spread = len(values), float(values.mean()), float(values.std(ddof=1))
    spreads = np.sqrt(np.maximum(counts @ values**2 / n - means**2, 0) * n / (n - 1))
    usable = spreads > 1e-12
    if spread == 0 or not usable.any():
        return mean, mean
    low, high = np.quantile((means[usable] - mean) / spreads[usable], [0.025, 0.975])
    return max(0.0, mean - high * spread), min(1.0, mean - low * spread)


# -- figures of a whole run --------------------------------------------------------------------------------------------


def statistic_coverage(samples: int) -> list[dict[str, Any]]:
    """The same for calibration error and area under coverage-risk, by how the confidence is wrong."""
    miscalibrated: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "calibrated": lambda sure: sure, "4 points too sure": lambda sure: np.clip(sure - 0.04, 0, 1),
        "12 points too sure": lambda sure: np.clip(sure - 0.12, 0, 1), "half the slope": lambda sure: 0.25 + 0.5 * sure,
    }  # fmt: skip
    measures: dict[str, Callable[[Any, Any], float]] = {
        "expected calibration error": fast_error, "area under coverage-risk": fast_area,
    }  # fmt: skip
    sure, right = np.random.default_rng(SEED).random((2, 500))
    assert math.isclose(fast_error(sure, right < sure), calibration(sure, right < sure).error)
    assert math.isclose(fast_area(sure, right < sure), coverage_risk(sure, right < sure).area)
    rows = []
    for name, measure in measures.items():
        for kind, chance in miscalibrated.items():
            random = np.random.default_rng(SEED)
            sure = random.beta(2, 1.2, 1_000_000)
            true = measure(sure, random.random(len(sure)) < chance(sure))
            for n in (50, 200):
                inside, value = 0, 0.0
                for _ in range(samples):
                    sure = random.beta(2, 1.2, n)
                    right = random.random(n) < chance(sure)
                    figure = interval_of(n, lambda chosen, s=sure, r=right, m=measure: m(s[chosen], r[chosen]))
                    inside += figure.low - 1e-3 <= true <= figure.high
                    value += figure.value / samples
                rows.append({
                    "statistic": name, "confidence": kind, "n": n, "samples": samples, "true": round(true, 4),
                    "mean figure": round(value, 4), "coverage": round(100 * inside / samples, 1),
                })  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def fast_error(sure: np.ndarray, right: np.ndarray) -> float:
    """The package's calibration error without its checks and curves."""
    places = np.maximum(np.ceil(sure * 10).astype(int), 1)
    return float(np.abs(np.bincount(places, right - sure, 11)).sum() / len(sure))


def fast_area(sure: np.ndarray, right: np.ndarray) -> float:
    """The package's area, of confidences that are all different but for questions that stand several times."""
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], ~right[order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) + 1
    return float((np.cumsum(wrong)[ends - 1] / ends * np.diff(ends, prepend=0)).sum() / len(sure))


# -- the gate ----------------------------------------------------------------------------------------------------------

AGREEMENT = (0.06, 0.08, 0.1, 0.15, 0.25)
"""Share of the questions on which a 0/1 metric of two systems differs."""


GATES = {"one metric": (1, 1), "three, all lose": (3, 3), "three, one loses": (3, 1)}
"""Gated metrics, and how many of them lose."""


def gate_rates(samples: int) -> list[dict[str, Any]]:
    """How often the gate says regression, in per cent: false alarms where the true loss is 0 or the margin itself."""
    rows = []
    for n in (200, 50, 500):  # three metrics and margins only at 200
        for gated, (metrics, losing) in GATES.items():
            for flips in AGREEMENT:
                for loss, margin in ((0.0, 0.0), (0.05, 0.0), (0.02, 0.02)):
                    if (losing < metrics and loss != 0.05) or (n != 200 and (metrics > 1 or margin)):
                        continue
                    old, new = pool(flips, loss, metrics, losing)
                    count = samples * (1 if loss else 4 if metrics == 1 else 2)
                    corrected = corrected_p(new - old + margin, n, count)
                    rows.append({
                        "n": n, "gated": gated, "questions that differ": flips, "true loss": loss, "margin": margin,
                        "spread of differences": (new - old).std(axis=1).round(3).tolist(), "samples": count,
                        "stopped": round(100 * float((corrected <= LEVEL).mean()), 1),
                    })  # fmt: skip
                    if metrics == 1 and margin == 0:
                        rows[-1]["stopped, exact"] = round(100 * exact_rate(n, flips, loss), 1)
                    print(rows[-1], flush=True)
    return rows


def exact_rate(n: int, flips: float, loss: float) -> float:
    """What sampling approaches for one 0/1 metric: over every number of questions that differ and that got better."""
    rate, better = 0.0, (flips - loss) / 2 / flips
    for pairs in range(1, n + 1):
        chance = math.exp(log_choose(n, pairs) + pairs * math.log(flips) + (n - pairs) * math.log(1 - flips))
        if chance < 1e-9:
            continue
        p = sign_flip_test(np.array([[-1.0] * (pairs - up) + [1.0] * up for up in range(pairs + 1)]).T, lower=True)
        ups = np.array([math.exp(log_choose(pairs, up)) * better**up * (1 - better) ** (pairs - up)
                        for up in range(pairs + 1)])  # fmt: skip
        rate += chance * float(ups[p <= LEVEL].sum())
    return rate


def log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def corrected_p(gains: np.ndarray, n: int, samples: int) -> np.ndarray:
    """The lowest corrected p of each of so many samples of ``n`` questions, as the gate finds it."""
    random = np.random.default_rng(SEED + 1)
    lowest = []
    for start in range(0, samples, 50):  # one set of flips serves 50 samples
        count = min(50, samples - start)
        drawn = gains[:, random.integers(0, gains.shape[1], (n, count))]  # metrics, n, samples
        p = sign_flip_test(drawn.transpose(1, 2, 0).reshape(n, -1), lower=True).reshape(count, -1)
        lowest += [min(holm(dict(zip(NAMES, map(float, row), strict=False))).values()) for row in p]
    return np.array(lowest)


def difference_coverage(samples: int) -> list[dict[str, Any]]:
    """Share of the intervals of a paired difference that hold the true one, in per cent."""
    rows = []
    for n in (50, 200):
        for flips in AGREEMENT:
            for loss in (0.0, 0.05):
                random = np.random.default_rng(SEED + 2)
                old, new = pool(flips, loss, 2, 2)
                true = (new - old).mean(axis=1)
                inside = np.zeros(2)
                for _ in range(samples):
                    drawn = random.integers(0, old.shape[1], n)
                    for place in range(2):
                        found = paired_difference(new[place, drawn].tolist(), old[place, drawn].tolist())
                        inside[place] += found.low <= true[place] <= found.high
                share = (100 * inside / samples).round(1).tolist()
                rows.append({
                    "n": n, "questions that differ": flips, "true loss": loss, "samples": samples,
                    "coverage": dict(zip(NAMES, share, strict=False)),
                })  # fmt: skip
                print(rows[-1], flush=True)
    return rows


NAMES = ("correct", "passage nDCG@10", "citation precision")


@lru_cache(maxsize=2)
def pool(flips: float, loss: float, metrics: int, losing: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores (metrics, questions) of two systems on very many questions, from which samples are drawn.

    The first metric is 0/1: ``flips`` of the questions differ, of which enough turn bad for a net ``loss``. The others
    have ranks' values; they follow a turn of the first half of the time and move now and then without one. ``losing``
    metrics lose ``loss`` in all: what turns do not take, answers that fall to 0 do. The rest lose nothing.
    """
    random = np.random.default_rng(SEED)
    count = 400_000
    right = random.random(count) < 0.65
    turn = random.random(count)
    after = np.where(right, turn >= (flips + loss) / 2 / 0.65, turn < (flips - loss) / 2 / 0.35)
    before, found = [right.astype(float)], [after.astype(float)]
    for place in range(1, metrics):
        old = ranked(random, right)
        follows = (after != right) & (random.random(count) < 0.5) & (place < losing)
        new = np.where(follows, ranked(random, after), old)
        new = np.where((after == right) & (random.random(count) < flips), ranked(random, right), new)
        missing = (loss if place < losing else 0.0) - float(old.mean() - new.mean())
        new = np.where(random.random(count) < missing / new.mean(), 0.0, new)
        before.append(old)
        found.append(new)
    return np.array(before), np.array(found)


def ranked(random: np.random.Generator, right: np.ndarray) -> np.ndarray:
    """Values of a ranking metric, most often 1 where the question is ``right``."""
    return np.where(
        random.random(len(right)) < np.where(right, 0.75, 0.2), 1.0, random.choice([0.0, *GAINS], len(right))
    )


if __name__ == "__main__":
    main()
