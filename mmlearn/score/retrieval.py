"""How well a search finds its match: recall at k, ranks and their means, with ties shared fairly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, IntArray


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
    better, tied = _better_and_tied(similarity)
    items = np.shape(similarity)[1]
    if not isinstance(k, int | np.integer):
        raise ValueError(f"expected k to be a whole number, got {k!r}")
    if not 1 <= k <= items:
        raise ValueError(f"expected k from 1 to the gallery's {items} items, got {k}")
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


def ranks(similarity: ArrayLike) -> FloatArray:
    """For each query, the place of its match among the answers, 1 for the first.

    ``g + (t + 1) / 2`` with ``g`` answers strictly better and ``t`` as good (the match included): the mean place
    over all orders of the ties, so it may be a half. Counting only the better ones would put a search that finds
    everything equally similar first everywhere; this rule gives it (N + 1) / 2, exactly chance.

    Args:
        similarity: (Q, N) as in `hits_at_k`: the match of query i is item i.

    Returns (Q,) float64, 1 to N. Raises ValueError for another shape or NaN.

    >>> ranks([[0.9, 0.1, 0.0], [0.5, 0.5, 0.5], [0.3, 0.2, 0.1]])
    array([1., 2., 3.])

    Built in: lesson 05.
    """
    better, tied = _better_and_tied(similarity)
    places: FloatArray = better + (tied + 1) / 2
    return places


def reciprocal_ranks(similarity: ArrayLike) -> FloatArray:
    """For each query, 1 / the place of its match: 1 for the first answer, 1/2 for the second, hardly anything far down.

    Ties are shared as in `hits_at_k`: of a match that may stand at any of the places g + 1 to g + t the expected
    reciprocal counts, ``(1 / (g + 1) + ... + 1 / (g + t)) / t``, which is more than 1 over the mean place.

    Args:
        similarity: (Q, N) as in `hits_at_k`: the match of query i is item i.

    Returns (Q,) float64, above 0, at most 1. Raises ValueError for another shape or NaN.

    >>> reciprocal_ranks([[0.9, 0.1, 0.0], [0.8, 0.2, 0.1], [0.5, 0.5, 0.5]])
    array([1.        , 0.5       , 0.61111111])

    Built in: lesson 05.
    """
    better, tied = _better_and_tied(similarity)
    sums = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, np.shape(similarity)[1] + 1))])  # (N + 1,)
    reciprocals: FloatArray = (sums[better + tied] - sums[better]) / tied
    return reciprocals


def mean_reciprocal_rank(similarity: ArrayLike) -> float:
    """Mean over the queries of 1 / rank (MRR): 1 if every match comes first, 1/2 if every match comes second.

    The mean of `reciprocal_ranks`, where ties and errors are explained. Without ties and with one match a query it
    is scikit-learn's label_ranking_average_precision_score. Chance is ``(1 + 1/2 + ... + 1/N) / N``.

    >>> mean_reciprocal_rank([[0.9, 0.1], [0.8, 0.2]])
    0.75

    Reference: Voorhees (1999), "The TREC-8 question answering track report", NIST.

    Built in: lesson 05.
    """
    return float(reciprocal_ranks(similarity).mean())


def median_rank(similarity: ArrayLike) -> float:
    """The place that half of the matches reach or better (MedR), 1 at best; chance is (N + 1) / 2.

    The median of `ranks`, where ties and errors are explained.

    >>> median_rank([[0.9, 0.1, 0.0], [0.5, 0.5, 0.5], [0.3, 0.2, 0.1]])
    2.0

    Built in: lesson 05.
    """
    return float(np.median(ranks(similarity)))


def _better_and_tied(similarity: ArrayLike) -> tuple[IntArray, IntArray]:
    """How many items are strictly better than each query's match, and how many as good, itself included."""
    scores = np.asarray(similarity, dtype=np.float64)
    if scores.ndim != 2 or not 1 <= scores.shape[0] <= scores.shape[1]:
        raise ValueError(f"expected (queries, items) with an item for every query, got shape {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError("expected similarities, got NaN among them: was a zero vector divided by its length?")
    match = np.diagonal(scores)[:, None]  # (Q, 1)
    better = (scores > match).sum(axis=1)  # (Q,)
    tied = (scores == match).sum(axis=1)  # (Q,) at least 1: the match itself
    return better, tied
