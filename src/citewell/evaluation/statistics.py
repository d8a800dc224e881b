"""How sure a figure is: intervals of means, paired tests, corrections for many tests, and what a sample can show.

Every interval is meant to hold the true mean in 95 of 100 samples of questions. Which method does that was chosen by
simulation (``benchmarks/evaluation_statistics.py``; docs/explanation/statistics.md has the table and what was tried):

- a mean of 0/1 values: Wilson's score interval (Wilson 1927);
- a mean of other values from 0 to 1: the Bayesian bootstrap over questions (Rubin 1981) with half a question of value
  0 and half a question of value 1 added, which is Jeffreys' prior where values are 0/1;
- a mean of values without bounds: the same without the halves, read at the widened levels of Hesterberg (2015);
- a statistic of the whole sample: the bootstrap over questions at those levels, corrected for bias.

Two runs over the same questions are compared by flipping the signs of their differences (Fisher 1935). Everything is
seeded: the same values give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from citewell.errors import DataError
from citewell.evaluation.runs import Figure

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

SEED = 20261120
RESAMPLES = 2000
STATISTIC_RESAMPLES = 1000  # of figures of a whole run, which are computed anew for each
FLIPS = 10_000
EXACT_PAIRS = 13  # up to so many pairs that differ, all 2^13 = 8,192 signs are tried: fewer than FLIPS
LARGE = 5000  # from so many values on, bootstrap and t interval agree to a hundredth of their width
LEAST_PAIRS = 5  # fewer pairs cannot reach p < 0.05 on two sides: with 4 it is 1 / 2^4 = 0.0625
_BIAS = 2 + math.sqrt(2)
"""How far, in biases of the bootstrap, the end of an interval moves towards which the statistic is biased. A mean of
absolute deviations, such as a calibration error, is too high by the size of its noise; resampling doubles the noise's
variance and so shows sqrt(2) - 1 = 1 / 2.41 of that; one more for the resamples' own."""

_CHUNK = 4_000_000  # signs held in memory at once
_NORMAL = NormalDist()


# -- intervals ---------------------------------------------------------------------------------------------------------


def interval(
    values: Sequence[float], names: Sequence[str] = (), bounds: tuple[float, float] | None = (0.0, 1.0)
) -> Figure:
    """The mean of ``values`` with its 95 % interval.

    names: the questions' ids, for the message about a value that is no number. bounds: what values can be at all;
    ``None``, or values beyond them: nothing is known about that. One value alone says nothing about others, so its
    interval is ``bounds``; no value gives 0 with ``n`` 0 and the same interval.
    """
    sample = _numbers(values, names)
    if bounds is not None and sample.size and (sample.min() < bounds[0] or sample.max() > bounds[1]):
        bounds = None
    mean = float(sample.mean()) if sample.size else 0.0
    if len(sample) < 2:
        low, high = bounds if bounds is not None else (mean, mean)
        return Figure(mean, low, high, len(sample))
    if bounds is None:
        low, high = _bootstrap(sample, None)
        return Figure(mean, min(low, mean), max(high, mean), len(sample))
    width = bounds[1] - bounds[0]
    unit = (sample - bounds[0]) / width
    low, high = _wilson(unit) if np.all((unit == 0) | (unit == 1)) else _bootstrap(unit, (0.0, 1.0))
    # The ends of the range belong to the interval when nothing was seen but them.
    low, high = bounds[0] + width * low, bounds[0] + width * high
    return Figure(mean, min(low, mean), max(high, mean), len(sample))


def paired_difference(ones: Sequence[float], others: Sequence[float], names: Sequence[str] = ()) -> Figure:
    """The mean of ``ones - others``, question by question, with its 95 % interval."""
    left, right = _numbers(ones, names), _numbers(others, names)
    if len(left) != len(right):
        raise DataError(f"{len(left)} values cannot be compared in pairs with {len(right)}.")
    inside = all(part.size == 0 or (part.min() >= 0 and part.max() <= 1) for part in (left, right))
    return interval((left - right).tolist(), names, (-1.0, 1.0) if inside else None)


def interval_of(
    sample_count: int, statistic: Callable[[Indexes], float], bounds: tuple[float, float] | None = (0.0, 1.0)
) -> Figure:
    """A statistic of the whole sample, such as a calibration error, with its 95 % interval.

    statistic: the value for the questions at these indexes (of which some stand several times); called some 1,000
    times. bounds: as for :func:`interval`.
    """
    value = float(statistic(np.arange(sample_count))) if sample_count else 0.0
    if not math.isfinite(value):
        raise DataError(f"The statistic of {sample_count} questions is {value}, not a number.")
    known = bounds is not None and bounds[0] <= value <= bounds[1]
    low, high = bounds if bounds is not None and known else (-math.inf, math.inf)
    if sample_count < 2:
        return Figure(value, low if known else value, high if known else value, sample_count)
    random = np.random.default_rng(SEED)
    draws = (random.integers(0, sample_count, sample_count) for _ in range(STATISTIC_RESAMPLES))
    drawn = np.array([statistic(each) for each in draws])
    drawn = drawn[np.isfinite(drawn)]
    level = _NORMAL.cdf(-_widened(sample_count))
    bias = float(drawn.mean()) - value
    ends = np.quantile(drawn, [level, 1 - level]) - np.where([bias > 0, bias < 0], _BIAS * bias, bias)
    return Figure(value, max(low, min(float(ends[0]), value)), min(high, max(float(ends[1]), value)), sample_count)


def _numbers(values: Sequence[float], names: Sequence[str]) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(sample))
    if wrong.size:
        place = int(wrong[0])
        which = f"question '{names[place]}'" if place < len(names) else f"value {place + 1} of {len(sample)}"
        raise DataError(f"The figure of {which} is {sample[place]}, not a number. Every figure must be finite.")
    return sample


def _wilson(values: Floats) -> tuple[float, float]:
    share, z2 = float(values.mean()), _NORMAL.inv_cdf(0.975) ** 2 / len(values)
    middle = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * share * (1 - share) + z2 * z2 / 4) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def _bootstrap(values: Floats, ends: tuple[float, float] | None) -> tuple[float, float]:
    distinct, counts = np.unique(values, return_counts=True)
    if len(values) > LARGE and len(distinct) > LARGE // 4:
        half = student(0.975, len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
        low, high = float(values.mean()) - half, float(values.mean()) + half
        return (low, high) if ends is None else (max(ends[0], low), min(ends[1], high))
    if len(distinct) * 4 > len(values):
        weights = _weights(len(values))
        sums, totals = weights @ values, weights.sum(axis=1)
    else:  # a sum of exponential weights of equal values is one gamma weight
        weights = np.random.default_rng(SEED).standard_gamma(counts, size=(RESAMPLES, len(counts)))
        sums, totals = weights @ distinct, weights.sum(axis=1)
    if ends is not None:
        halves = np.random.default_rng(SEED + 1).standard_gamma(0.5, size=(RESAMPLES, 2))
        sums, totals = sums + halves @ np.asarray(ends), totals + halves.sum(axis=1)
    level = 0.025 if ends is not None else _NORMAL.cdf(-_widened(len(values)))  # the added halves widen enough
    low, high = np.quantile(sums / totals, [level, 1 - level])
    return float(low), float(high)


@lru_cache(maxsize=2)
def _weights(count: int) -> Floats:
    """Exponential weights, shared by every metric over the same number of questions."""
    return np.random.default_rng(SEED).standard_exponential((RESAMPLES, count))


def _widened(count: int) -> float:
    """The normal quantile at which a bootstrap of ``count`` values is read: it is narrow by sqrt((n-1)/n), and treats
    the spread as known (Hesterberg 2015, section 4.3)."""
    return math.sqrt(count / (count - 1)) * student(0.975, count - 1)


def student(level: float, freedom: int) -> float:
    """The quantile of Student's t: the series of Abramowitz and Stegun 26.7.5, right to 5 digits from 30 degrees of
    freedom on; below that the distribution function (26.7.3 and 4) turned round by bisection."""
    if freedom >= 30:
        z = _NORMAL.inv_cdf(level)
        found: float = (
            z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        )  # fmt: skip
        return found
    low, high = -1000.0, 1000.0  # one degree of freedom has its 97.5 % quantile at 12.7
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_below(middle, freedom) < level else (low, middle)
    return (low + high) / 2


def _student_below(value: float, freedom: int) -> float:
    angle = math.atan(value / math.sqrt(freedom))
    odd = freedom % 2
    term = (math.cos(angle) if freedom > 1 else 0.0) if odd else 1.0
    total = term
    for step in range(3 if odd else 2, freedom - 1, 2):
        term *= math.cos(angle) ** 2 * (step - 1) / step
        total += term
    return 0.5 + ((angle + math.sin(angle) * total) / math.pi if odd else math.sin(angle) * total / 2)


# -- paired tests ------------------------------------------------------------------------------------------------------


def paired_test(ones: Sequence[float], others: Sequence[float]) -> float:
    """How often chance alone would set the means so far apart, in either direction: the p value of the paired
    randomisation test. 1 when no pair differs."""
    return float(sign_flip_test(_differences(ones, others))[0])


def sign_flip_test(differences: Floats, lower: bool = False) -> Floats:
    """p values of the columns of (questions, columns); the same flips serve all of them.

    A question to which a column does not apply stands there as 0, which is the same as leaving it out. lower: one
    side, for sums below 0; otherwise both sides. Columns with few differing pairs, or with differences of one size
    (0/1 values), get the exact p value; the others that of 10,000 random flips, to which the observed one is added
    (Phipson and Smyth 2010). Sums equal to the observed one count half (the mid-p value: Lancaster 1961): counted
    whole, the test of 0/1 values would give false alarms in 2 or 3 of 100 cases instead of 5 and miss more (Fagerland,
    Lydersen and Laake 2013).
    """
    found = np.ones(differences.shape[1])
    sampled = []
    for column, values in enumerate(differences.T):
        exact = _exact_p(values[values != 0], lower)
        if exact is None:
            sampled.append(column)
        else:
            found[column] = exact
    if sampled:
        found[sampled] = _sampled_p(differences[:, sampled], lower)
    return found


def _differences(ones: Sequence[float], others: Sequence[float]) -> Floats:
    left, right = _numbers(ones, ()), _numbers(others, ())
    if len(left) != len(right):
        raise DataError(f"{len(left)} values cannot be compared in pairs with {len(right)}.")
    return (left - right)[:, None]


def _exact_p(values: Floats, lower: bool) -> float | None:
    """The p value over all signs, where that is cheap; otherwise ``None``."""
    if not values.size:
        return 1.0
    sizes = np.abs(values)
    if np.allclose(sizes, sizes[0], rtol=1e-9, atol=0):
        return _sign_p(int((values > 0).sum()), len(values), lower)
    if len(values) > EXACT_PAIRS:
        return None
    signs = 1 - 2 * ((np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1)
    return float(_extreme(signs @ values, values.sum(), sizes.sum(), lower).mean())


def _sign_p(positive: int, pairs: int, lower: bool) -> float:
    """The sign test: of ``pairs`` coins, fewer than ``positive`` heads and half of just so many (or of either side)."""
    fewest = positive if lower else min(positive, pairs - positive)
    ways, below = 1, 0  # of just so many heads, of fewer; whole numbers, because they outgrow floats
    for heads in range(fewest):
        below += ways
        ways = ways * (pairs - heads) // (heads + 1)
    tail: float = (2 * below + ways) / 2 ** (pairs + 1 if lower else pairs)
    return min(1.0, tail)


def _sampled_p(differences: Floats, lower: bool) -> Floats:
    used = differences[np.any(differences != 0, axis=1)]
    seen, reach = used.sum(axis=0), np.abs(used).sum(axis=0)
    extreme = np.zeros(used.shape[1])
    for signs in _signs(len(used)):
        extreme += _extreme(signs @ used, seen, reach, lower).sum(axis=0)
    return (extreme + 1) / (FLIPS + 1)


def _signs(count: int) -> Iterator[Floats]:
    random = np.random.default_rng(SEED)
    step = max(1, min(FLIPS, _CHUNK // count))
    for start in range(0, FLIPS, step):
        rows = min(step, FLIPS - start)
        bits = np.unpackbits(random.integers(0, 256, (rows, (count + 7) // 8), dtype=np.uint8), axis=1, count=count)
        yield 1.0 - 2.0 * bits.astype(np.float64)


def _extreme(flipped: Floats, seen: Floats, reach: Floats, lower: bool) -> Floats:
    """1 where the flipped sum is further out than the one seen, 1/2 where it is equal, else 0. Sums of the same numbers
    in another order count as equal."""
    away = seen - flipped if lower else np.abs(flipped) - np.abs(seen)
    found: Floats = (away > 1e-9 * reach) + 0.5 * (np.abs(away) <= 1e-9 * reach)
    return found


def holm(p: Mapping[str, float], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """Each p value corrected for being one of several (Holm 1979): the chance that any of them is a false alarm stays
    below the level it is compared with. weights: how much of that chance each may use up; equal unless given."""
    shares = weights or dict.fromkeys(p, 1.0)
    ordered = sorted(p, key=lambda name: p[name] / shares[name])
    highest, corrected, left = 0.0, {}, sum(shares[name] for name in p)
    for name in ordered:
        highest = max(highest, min(1.0, left * p[name] / shares[name]))
        left -= shares[name]
        corrected[name] = highest
    return {name: corrected[name] for name in p}


# -- what a sample can show --------------------------------------------------------------------------------------------


def spread(ones: Sequence[float], others: Sequence[float]) -> float:
    """The standard deviation of the differences, question by question; 0 with fewer than two."""
    values = _differences(ones, others)[:, 0]
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def questions_needed(
    difference: float, spread: float, power: float = 0.8, level: float = 0.05, *, one_sided: bool = False
) -> int:
    """How many questions a paired comparison needs to see ``difference`` with the chance ``power``.

    spread: standard deviation of the differences (:func:`spread`). 0 when ``difference`` is 0: no number shows it.
    """
    if difference == 0:
        return 0
    return max(LEAST_PAIRS, math.ceil((_reach(power, level, one_sided) * spread / abs(difference)) ** 2))


def detectable_difference(
    n: int, spread: float, power: float = 0.8, level: float = 0.05, *, one_sided: bool = False
) -> float:
    """The smallest true difference that ``n`` questions show with the chance ``power``; at most 1.

    Where no pair differed, the spread is unknown, not 0: pass that of a like comparison, or see
    :func:`unseen_spread`.
    """
    return 1.0 if n < LEAST_PAIRS else min(1.0, _reach(power, level, one_sided) * spread / math.sqrt(n))


def unseen_spread(n: int) -> float:
    """The spread that ``n`` questions without any difference still allow: three of ``n`` may differ (the rule of
    three, Hanley and Lippman-Hand 1983)."""
    return math.sqrt(min(1.0, 3 / n)) if n else 1.0


def _reach(power: float, level: float, one_sided: bool) -> float:
    return _NORMAL.inv_cdf(1 - level / (1 if one_sided else 2)) + _NORMAL.inv_cdf(power)
