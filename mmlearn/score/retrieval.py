"""How often a search finds its match: recall at k, with ties shared fairly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray


def hits_at_k(similarity: ArrayLike, k: int) -> FloatArray:
    """For each query, the chance that its match is among the first k answers.

    With ``g`` answers strictly better than the match and ``t`` as good as it (itself included), a coin-toss
    order of the ties puts the match in the first k with probability ``clip((k - g) / t, 0, 1)``. Without
    ties that is 1 or 0, the textbook's hit or miss. Counting ties as wins would give a search that finds
    everything equally similar a recall of 1; this rule gives it k / N, exactly chance.

    Args:
        similarity: (Q, N), row i is query i against the N items of the gallery, larger is more alike.
            **The match of query i is item i**, so N >= Q.
        k: how many answers are looked at, 1 to N.

    Returns (Q,) float64, 0 to 1. Raises ValueError for another shape, NaN, or a k that is no whole number or
    out of range.

    >>> hits_at_k([[0.9, 0.1, 0.0], [0.5, 0.5, 0.5], [0.3, 0.2, 0.1]], k=1).round(3)
    array([1.   , 0.333, 0.   ])

    Built in: lesson 01.
    """
    scores = np.asarray(similarity, dtype=np.float64)
    if scores.ndim != 2 or not 1 <= scores.shape[0] <= scores.shape[1]:
        raise ValueError(f"expected (queries, items) with an item for every query, got shape {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError("expected similarities, got NaN among them: was a zero vector divided by its length?")
    if not isinstance(k, int | np.integer):
        raise ValueError(f"expected k to be a whole number, got {k!r}")
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"expected k from 1 to the gallery's {scores.shape[1]} items, got {k}")
    match = np.diagonal(scores)[:, None]  # (Q, 1)
    better = (scores > match).sum(axis=1)  # (Q,)
    tied = (scores == match).sum(axis=1)  # (Q,) at least 1: the match itself
    hits: FloatArray = np.clip((k - better) / tied, 0.0, 1.0)
    return hits


def recall_at_k(similarity: ArrayLike, k: int) -> float:
    """Share of queries whose match is among the first k answers (R@k); chance is k / N.

    The mean of `hits_at_k`, where ties and errors are explained.

    >>> recall_at_k([[0.9, 0.1], [0.8, 0.2]], k=1)
    0.5

    Built in: lesson 01.
    """
    return float(hits_at_k(similarity, k).mean())
