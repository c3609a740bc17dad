"""How sure a measured share is: an interval beside every number."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike


def wilson_interval(hits: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    r"""Interval for a share measured on n trials, by Wilson's score method.

    ``(p + z^2/2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)``. Unlike the
    usual ``p +- z * error`` it stays within 0 and 1 and does not shrink to nothing when every trial failed.
    For counts it equals ``scipy.stats.binomtest(successes, n).proportion_ci(level, "wilson")``; a trial may
    also count in part (0 to 1, as in `hits_at_k`), and then the interval is on the wide, safe side.

    Args:
        hits: (n,) numbers or booleans, 0 (miss) to 1 (hit), of independent trials.
        level: how often such intervals cover the truth, between 0 and 1.

    Returns (low, high). Raises ValueError if there is no trial or a value lies outside 0 to 1.

    >>> low, high = wilson_interval([True] * 8 + [False] * 2)
    >>> print(f"{low:.3f} {high:.3f}")
    0.490 0.943

    Reference: Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    doi:10.1080/01621459.1927.10502953.

    Built in: lesson 01.
    """
    trials = np.asarray(hits, dtype=np.float64)
    if trials.ndim != 1 or not trials.size:
        raise ValueError(f"expected a list of trials, at least one, got shape {trials.shape}")
    if not ((trials >= 0) & (trials <= 1)).all():
        raise ValueError("expected every trial between 0 (miss) and 1 (hit)")
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, as 0.95, got {level}")
    n, share = trials.size, float(trials.mean())
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = share + z**2 / (2 * n)
    reach = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    scale = 1 + z**2 / n
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
