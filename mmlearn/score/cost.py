"""What a program costs as its input grows: seconds of several calls, and the exponent of the growth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike


def median_seconds(calls: Mapping[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Time several calls in turn and take each one's median.

    Every call runs once unmeasured, to warm up; then all take turns, `repeats` rounds, so that whatever else the
    machine does strikes them alike, and the median drops the rounds in which it struck. `timeit` runs one call after
    the other and reports the fastest.

    Args:
        calls: name -> function of no arguments.
        repeats: rounds, 1 or more; an odd number has one in the middle.

    Returns name -> seconds, above 0. Raises ValueError for no calls or fewer than 1 round.

    >>> sorted(median_seconds({"sum": lambda: sum(range(9)), "nothing": lambda: None}, repeats=3))
    ['nothing', 'sum']

    Built in: lesson 07.
    """
    if not calls or repeats < 1:
        raise ValueError(f"expected at least 1 call and 1 round, got {len(calls)} and {repeats}")
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    tick = time.get_clock_info("perf_counter").resolution
    return {name: max(float(np.median(seconds)), tick) for name, seconds in taken.items()}


def fit_exponent(sizes: ArrayLike, costs: ArrayLike) -> tuple[float, float]:
    r"""How a cost grows with size: the power law ``cost = factor * size ** exponent`` that fits best.

    Least squares on the logarithms, ``log cost = log factor + exponent * log size``: on log-log paper a power law is
    a straight line and its exponent the slope. So each point counts by its ratio to the line; a plain fit of
    the costs would see the largest alone. Exponent 1: twice the size, twice the cost; 2: four times.

    Args:
        sizes: (S,) two different sizes or more, above 0.
        costs: (S,) what each took, above 0, in any unit.

    Returns (exponent, factor). Raises ValueError for unequal lengths, fewer than two different sizes, or numbers that
    are not above 0.

    >>> exponent, factor = fit_exponent([10, 20, 40], [300, 1200, 4800])
    >>> print(f"{exponent:.2f} {factor:.2f}")
    2.00 3.00

    Built in: lesson 07.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"expected one cost for each size, got shapes {x.shape} and {y.shape}")
    if not ((x > 0) & np.isfinite(x)).all() or not ((y > 0) & np.isfinite(y)).all():
        raise ValueError("expected sizes and costs above 0: a power law has no logarithm of 0 to fit")
    if len(np.unique(x)) < 2:
        raise ValueError(f"expected two different sizes or more, got {len(np.unique(x))}: a slope needs two points")
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return float(exponent), float(np.exp(intercept))
