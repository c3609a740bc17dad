"""Do two maps agree on what is more and what is less?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray


def rank_correlation(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Spearman's rank correlation, row by row: 1 the same order, 0 no relation, -1 the opposite order.

    Each row's values become ranks (equal values share the mean of their ranks), and Pearson's correlation of the
    ranks is taken: ``r = cov(rank a, rank b) / (std(rank a) std(rank b))``. ``scipy.stats.spearmanr`` does the same
    for one pair of rows. A row whose values are all equal has no order, and gives NaN here as there; nothing is warned.

    Args:
        first: (N, D) numbers, such as N maps, flattened; D at least 2.
        second: (N, D), its partners.

    Returns (N,) float64, -1 to 1 or NaN. Raises ValueError for other shapes, NaN or infinity.

    >>> rank_correlation([[1, 2, 3], [1, 2, 3], [5, 5, 5]], [[10, 20, 99], [3, 2, 1], [1, 2, 3]]).tolist()
    [1.0, -1.0, nan]

    Reference: Spearman (1904), "The proof and measurement of association between two things", doi:10.2307/1412159.

    Built in: lesson 06.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape or a.shape[1] < 2:
        raise ValueError(f"expected two tables (N, D) of one shape, D at least 2, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite numbers, got NaN or infinity")
    x, y = _ranks(a), _ranks(b)  # (N, D) centred
    spread = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))  # (N,) 0 for a row without an order
    found: FloatArray = np.full(len(a), np.nan)
    np.divide((x * y).sum(axis=1), spread, out=found, where=spread > 0)
    return found


def _ranks(rows: FloatArray) -> FloatArray:
    """Centred ranks of each row, equal values sharing their mean."""
    ranks = np.empty_like(rows)
    for row, values in zip(ranks, rows, strict=True):
        _, place, count = np.unique(values, return_inverse=True, return_counts=True)
        last = np.cumsum(count)  # rank of the last of each kind, from 1
        row[:] = (last - (count - 1) / 2)[place]
    centred: FloatArray = ranks - (rows.shape[1] + 1) / 2
    return centred
