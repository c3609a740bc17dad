"""Whether "90 % sure" means right nine times in ten."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, IntArray


class Reliability(NamedTuple):
    """One entry for each bin that holds an item, in order: all (B,), B <= n_bins.

    Built in: lesson 04.
    """

    confidence: FloatArray  # mean probability that was claimed, 0 to 1
    accuracy: FloatArray  # share that came true, 0 to 1
    items: IntArray  # how many the bin holds


def reliability_curve(confidence: ArrayLike, hits: ArrayLike, n_bins: int = 10) -> Reliability:
    """Sort the claims into bins of equal width; in each, what was claimed beside what came true.

    The same numbers as ``sklearn.calibration.calibration_curve(hits, confidence, n_bins=...)``, and the counts.
    A claim that lies on the edge of two bins belongs to the lower one.

    Args:
        confidence: (N,) probabilities, 0 to 1, that were claimed.
        hits: (N,) booleans or 0 and 1: did it come true?
        n_bins: bins of equal width between 0 and 1; empty ones are left out.

    Returns `Reliability`. Raises ValueError for unequal lengths, no items, or values out of range.

    >>> curve = reliability_curve([0.9, 0.9, 0.9, 0.1], [1, 1, 0, 0], n_bins=5)
    >>> curve.confidence, curve.accuracy.round(3), curve.items
    (array([0.1, 0.9]), array([0.   , 0.667]), array([1, 3]))

    Reference: DeGroot and Fienberg (1983), "The comparison and evaluation of forecasters", doi:10.2307/2987588.

    Built in: lesson 04.
    """
    claimed, right = np.asarray(confidence, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    if claimed.ndim != 1 or claimed.shape != right.shape or not claimed.size:
        raise ValueError(f"expected a hit for each probability, got shapes {claimed.shape} and {right.shape}")
    if not ((claimed >= 0) & (claimed <= 1)).all():
        raise ValueError("expected probabilities from 0 to 1: a decision value is none yet, calibrate it first")
    if not np.isin(right, (0, 1)).all():
        raise ValueError("expected every hit to be 0 or 1, False or True")
    if n_bins < 1:
        raise ValueError(f"expected at least 1 bin, got {n_bins}")
    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    place = np.searchsorted(inner_edges, claimed)  # (N,) 0 to n_bins - 1
    count = np.bincount(place, minlength=n_bins)  # (n_bins,)
    filled = count > 0
    sums = (np.bincount(place, values, minlength=n_bins)[filled] for values in (claimed, right))
    mean_claim, mean_hit = (each / count[filled] for each in sums)
    return Reliability(mean_claim, mean_hit, count[filled])


def expected_calibration_error(confidence: ArrayLike, hits: ArrayLike, n_bins: int = 10) -> float:
    r"""Mean distance between claim and truth over the bins, each weighed by its items (ECE).

    ``sum_b n_b / N |accuracy_b - confidence_b|``. It depends on the bins, so compare only like with like.

    Args: as in `reliability_curve`, which also says what is raised.

    >>> round(expected_calibration_error([0.9, 0.9, 0.9, 0.1], [1, 1, 0, 0], n_bins=5), 3)
    0.2

    Reference: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
    binning", doi:10.1609/aaai.v29i1.9602.

    Built in: lesson 04.
    """
    curve = reliability_curve(confidence, hits, n_bins)
    return float(curve.items @ np.abs(curve.accuracy - curve.confidence) / curve.items.sum())
