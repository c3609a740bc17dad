"""How far a mean would wander if the test items had been others: the bootstrap, with relatives kept together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, IntArray

CELLS = 2_000_000  # numbers drawn at once: 16 MB


def bootstrap_interval(
    values: ArrayLike, groups: ArrayLike | None = None, level: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    r"""Interval for the mean of `values`: draw the items again, with replacement, and see where the means fall.

    ``mean* = sum(values of the drawn) / (number of the drawn)``, `n_resamples` times; the interval holds the
    middle `level` of these means (the percentile method). Without groups it equals ``scipy.stats.bootstrap``
    with ``method="percentile"``, digit for digit.

    With groups, **whole groups** are drawn (the cluster bootstrap): the woman farmer comes with the man farmer.
    Drawing them one by one would pretend that relatives are independent trials, and the interval would be too
    narrow. If all values are equal the interval has no width; for shares near 0 or 1 of independent trials
    use `wilson_interval`.

    Args:
        values: (N,) finite numbers, such as hits: 1 right, 0 wrong.
        groups: (N,) the group of each item, as ``stickers().families``; None: every item for itself.
        level: how often such intervals should cover the truth, between 0 and 1.
        n_resamples: how often the items are drawn anew.
        seed: of the draw; the same seed gives the same interval.

    Returns (low, high). Raises ValueError for fewer than two values or groups, NaN, or unequal lengths.

    >>> low, high = bootstrap_interval([1, 0] * 50)
    >>> print(f"{low:.2f} {high:.2f}")
    0.40 0.60
    >>> low, high = bootstrap_interval([1, 1, 1, 1, 0, 0, 0, 0] * 13, groups=np.repeat(np.arange(26), 4))
    >>> print(f"{low:.2f} {high:.2f}")
    0.31 0.69

    Reference: Efron (1979), "Bootstrap methods: another look at the jackknife", doi:10.1214/aos/1176344552;
    Field and Welsh (2007), "Bootstrapping clustered data", doi:10.1111/j.1467-9868.2007.00593.x.

    Built in: lesson 04.
    """
    numbers = _values(values, "values")
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, as 0.95, got {level}")
    if n_resamples < 1:
        raise ValueError(f"expected at least 1 resample, got {n_resamples}")
    group = _group_numbers(numbers, groups)  # (N,)
    bites = _bites(n_resamples, int(group.max()) + 1, np.random.default_rng(seed))
    means = np.concatenate([resampled_means(numbers, group, drawn) for drawn in bites])  # (n_resamples,)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def paired_gain(
    hits_a: ArrayLike,
    hits_b: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """How much better `a` is than `b` **on the same items**, with an interval: (gain, low, high).

    ``gain = mean(hits_a - hits_b)``, positive where a is better; its interval is the `bootstrap_interval` of the
    differences. An item that both get right, or both wrong, counts 0 and adds no noise, so this interval is far
    narrower than what two separate intervals suggest.

    Args:
        hits_a: (N,) finite numbers, item by item: 1 where a is right, 0 where it is wrong.
        hits_b: (N,) the same for b, in the same order.
        groups, level, n_resamples, seed: as in `bootstrap_interval`.

    Raises ValueError as there, and where the two have different lengths.

    >>> both, new = [1, 0, 1, 0] * 25, [1, 0, 1, 1] * 25      # the new one gets a quarter more right
    >>> print("{:.2f} [{:.2f}, {:.2f}]".format(*paired_gain(new, both)))
    0.25 [0.17, 0.34]

    Reference: Efron and Tibshirani (1993), "An introduction to the bootstrap", chapter 8, Chapman and Hall,
    doi:10.1201/9780429246593.

    Built in: lesson 04.
    """
    a, b = _values(hits_a, "hits_a"), _values(hits_b, "hits_b")
    if a.shape != b.shape:
        raise ValueError(f"expected two lists of hits on the same items, got {len(a)} and {len(b)}")
    low, high = bootstrap_interval(a - b, groups, level, n_resamples, seed)
    return float((a - b).mean()), low, high


def resampled_means(values: ArrayLike, group: ArrayLike, drawn: ArrayLike) -> FloatArray:
    """The mean of the values of each draw of whole groups.

    ``sum of the values of the drawn groups / number of these values``. A group that is drawn twice counts
    twice, a group that is not drawn does not count, and a large group weighs more than a small one.

    Args:
        values: (N,) numbers.
        group: (N,) the number of each item's group, 0 to G - 1, each at least once.
        drawn: (R, G) numbers of the groups drawn, one draw a row.

    Returns (R,) float64. Raises ValueError if values and group differ in length.

    >>> resampled_means([1, 0, 1], [0, 0, 1], [[0, 0], [0, 1], [1, 1]]).round(3)
    array([0.5  , 0.667, 1.   ])

    Built in: lesson 04.
    """
    numbers, places, draws = np.asarray(values, dtype=np.float64), np.asarray(group), np.asarray(drawn)
    if numbers.ndim != 1 or numbers.shape != places.shape:
        raise ValueError(f"expected a group for each value, got shapes {numbers.shape} and {places.shape}")
    totals, sizes = np.bincount(places, numbers), np.bincount(places)  # (G,) (G,)
    means: FloatArray = totals[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    return means


def _values(values: ArrayLike, name: str) -> FloatArray:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise ValueError(f"expected {name} as a list of two numbers or more, got shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"expected finite numbers, but {name} holds NaN or infinity")
    return numbers


def _group_numbers(values: FloatArray, groups: ArrayLike | None) -> IntArray:
    """A number for each item's group, 0 to G - 1; without groups every item is its own."""
    if groups is None:
        return np.arange(len(values))
    names = np.asarray(groups)
    if names.shape != values.shape:
        raise ValueError(f"expected a group for each value, got shapes {names.shape} and {values.shape}")
    kinds, group = np.unique(names, return_inverse=True)
    if len(kinds) < 2:
        raise ValueError(f"expected two groups or more, got only {kinds[0]!r}: a single one shows no spread")
    return group


def _bites(n: int, count: int, generator: np.random.Generator) -> Iterator[IntArray]:
    """`n` draws of `count` groups each, in bites that fit into memory."""
    bite = max(1, CELLS // count)
    for start in range(0, n, bite):
        yield generator.integers(0, count, (min(bite, n - start), count))
