"""Late fusion's rules: several classifiers' probabilities become one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.fuse.blocks import check_weights
from mmlearn.types import BoolArray, FloatArray

SMALLEST = float(np.finfo(np.float64).tiny)  # 2e-308: what a probability of 0 counts as under a logarithm


def average_rule(probabilities: ArrayLike, present: ArrayLike | None = None, prior: ArrayLike | None = None) -> Any:
    """The mean of the modalities' probabilities, over those that are there.

    ``p(c) = 1/K sum_k p_k(c)``, k over the K modalities present. One modality that is sure and wrong costs at
    most its share: the mild rule.

    Args:
        probabilities: (M, N, C), 0 to 1, each row sums to 1: M modalities, N items, C classes. Rows of a
            missing modality are not read, but must be finite.
        present: (N, M) booleans or 0 and 1; None: everything is there.
        prior: (C,) the answer where nothing is there; None: 1 / C for every class.

    Returns (N, C), rows sum to 1. Raises ValueError for other shapes, values outside 0 to 1, rows that do not
    sum to 1, NaN.

    >>> average_rule([[[0.9, 0.1]], [[0.4, 0.6]]])
    array([[0.65, 0.35]])
    >>> average_rule([[[0.9, 0.1]], [[0.4, 0.6]]], present=[[0, 1]])
    array([[0.4, 0.6]])

    Reference: Kittler, Hatef, Duin and Matas (1998), "On combining classifiers", the sum rule,
    doi:10.1109/34.667881.

    Built in: lesson 04.
    """
    return weighted_rule(probabilities, None, present, prior)


def weighted_rule(
    probabilities: ArrayLike,
    weights: ArrayLike | None,
    present: ArrayLike | None = None,
    prior: ArrayLike | None = None,
) -> Any:
    """The weighted mean of the modalities' probabilities, weights shared out among those that are there.

    ``p(c) = sum_k w_k p_k(c) / sum_k w_k``, k over the modalities present. Weights 0.7 and 0.3 with the
    first modality missing give the second all the say. Where the weights of what is there are all 0, the
    prior answers.

    Args:
        probabilities, present, prior: as in `average_rule`.
        weights: (M,) >= 0, not all 0; they need not sum to 1. None: all 1, the average.

    Returns (N, C), rows sum to 1. Raises ValueError as `average_rule`, and for weights that make no sense.

    >>> weighted_rule([[[0.9, 0.1]], [[0.4, 0.6]]], weights=[3, 1])
    array([[0.775, 0.225]])

    Built in: lesson 04.
    """
    p, there, base = _checked(probabilities, present, prior)
    share = there * check_weights(weights, len(p))  # (N, M)
    total = share.sum(axis=1)  # (N,)
    fused = np.einsum("nm,mnc->nc", share / np.where(total > 0, total, 1)[:, None], p)  # (N, C)
    return np.where((total > 0)[:, None], fused, base)


def product_rule(
    probabilities: ArrayLike,
    present: ArrayLike | None = None,
    prior: ArrayLike | None = None,
    divide: bool = False,
) -> Any:
    r"""The product of the modalities' probabilities, brought back to sum 1, computed with logarithms.

    ``p(c) ~ prod_k p_k(c)``, k over the modalities present; with `divide`, Bayes' form for modalities that are
    independent given the class, ``p(c) ~ prior(c)^(1 - K) prod_k p_k(c)``: each p_k holds the prior already,
    and K of them would count it K times. Any modality can veto a class: the severe rule.
    In logarithms the product is a sum, so it cannot run out of small numbers; the largest is taken away
    before exp. A probability of 0 counts as the smallest normal float, 2e-308, so that two modalities that
    exclude each other's classes give a defined answer, not 0/0.

    Args:
        probabilities, present, prior: as in `average_rule`.
        divide: divide by the prior once for each modality beyond the first. The prior must then be above 0.

    Returns (N, C), rows sum to 1. Raises ValueError as `average_rule`, and for a prior of 0 to divide by.

    >>> product_rule([[[0.9, 0.1]], [[0.4, 0.6]]]).round(3)
    array([[0.857, 0.143]])
    >>> product_rule([[[1e-300, 3e-300, 1]], [[1e-300, 1e-300, 1]]], present=[[1, 1]]).round(3)
    array([[0., 0., 1.]])

    Reference: Kittler, Hatef, Duin and Matas (1998), "On combining classifiers", the product rule,
    doi:10.1109/34.667881.

    Built in: lesson 04.
    """
    p, there, base = _checked(probabilities, present, prior)
    if divide and (base <= 0).any():
        raise ValueError("expected a prior above 0 for every class, or it cannot be divided by")
    logs = np.einsum("nm,mnc->nc", there.astype(np.float64), np.log(np.maximum(p, SMALLEST)))  # (N, C)
    if divide:
        logs = logs + (1 - there.sum(axis=1))[:, None] * np.log(base)
    fused = np.exp(logs - logs.max(axis=1, keepdims=True))  # (N, C) the largest is 1
    return np.where(np.any(there, axis=1, keepdims=True), fused / fused.sum(axis=1, keepdims=True), base)


def vote_rule(probabilities: ArrayLike, present: ArrayLike | None = None, prior: ArrayLike | None = None) -> Any:
    """Majority vote: each modality that is there names its most likely class; their mean breaks ties.

    ``p(c) = (votes(c) + mean_k p_k(c)) / (K + 1)``. The mean acts as one more voter whose ballot is split: it
    decides a draw, and never outweighs a whole vote. Without it a draw would go to whichever class comes first
    in the alphabet, and with two modalities every disagreement is a draw. Where a modality finds several classes
    equally likely, its vote is split among them.

    Args:
        probabilities, present, prior: as in `average_rule`.

    Returns (N, C), rows sum to 1. Raises ValueError as `average_rule`.

    >>> vote_rule([[[0.6, 0.4]], [[0.1, 0.9]], [[0.6, 0.4]]]).round(3)
    array([[0.608, 0.392]])

    Built in: lesson 04.
    """
    p, there, base = _checked(probabilities, present, prior)
    best = np.asarray(p == p.max(axis=2, keepdims=True), dtype=np.float64)  # (M, N, C)
    ballots = best / best.sum(axis=2, keepdims=True)
    count = there.sum(axis=1)[:, None]  # (N, 1)
    votes = np.einsum("nm,mnc->nc", there.astype(np.float64), ballots)  # (N, C)
    return np.where(count > 0, (votes + average_rule(p, there, base)) / (count + 1), base)


def _checked(
    probabilities: ArrayLike, present: ArrayLike | None, prior: ArrayLike | None
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """(M, N, C) probabilities, (N, M) who is there, (C,) prior: complete and sound."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 3 or not p.shape[0] or not p.shape[2]:
        raise ValueError(f"expected probabilities (modalities, items, classes), got shape {p.shape}")
    m, n, c = p.shape
    flags = np.ones((n, m)) if present is None else np.asarray(present)
    if flags.shape != (n, m) or not np.isin(flags, (0, 1)).all():
        raise ValueError(f"expected presence flags 0 or 1 of shape (items, modalities) = {(n, m)}, got {flags.shape}")
    there: BoolArray = np.asarray(flags, dtype=np.bool_)
    if not np.isfinite(p).all():
        raise ValueError("expected finite probabilities, got NaN or infinity: a missing modality is told by present=")
    used = p[there.T]  # (rows that count, C)
    if (used < 0).any() or (used > 1).any() or not np.allclose(used.sum(axis=1), 1, atol=1e-6):
        raise ValueError("expected probabilities 0 to 1 whose rows sum to 1: calibrate scores first (lesson 04)")
    base = np.full(c, 1 / c) if prior is None else np.asarray(prior, dtype=np.float64)
    if base.shape != (c,) or not (base >= 0).all() or not np.isclose(base.sum(), 1, atol=1e-6):
        raise ValueError(f"expected a prior of {c} probabilities that sum to 1, got {base.tolist()}")
    return p, there, base
