"""How much to trust each of two modalities: the weight curve, and the point on it that validation chooses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.fuse.rules import weighted_rule
from mmlearn.types import FloatArray

WEIGHTS = tuple(step / 20 for step in range(21))  # 0, 0.05, ..., 1


def weight_curve(image: ArrayLike, text: ArrayLike, labels: ArrayLike, weights: ArrayLike = WEIGHTS) -> FloatArray:
    """Accuracy of ``w image + (1 - w) text`` for each weight w.

    Args:
        image, text: (N, C) probabilities of the two modalities, rows sum to 1.
        labels: (N,) whole numbers 0 to C - 1, the right column of each row.
        weights: (W,) 0 to 1, the share of the first; 0 is text alone, 1 image alone.

    Returns (W,) shares of rows whose largest entry is the right one. Raises ValueError for other shapes or ranges.

    >>> weight_curve([[0.9, 0.1], [0.6, 0.4]], [[0.2, 0.8], [0.1, 0.9]], [0, 1], weights=[0, 0.5, 1])
    array([0.5, 1. , 0.5])

    Built in: lesson 04.
    """
    pair, truth = np.stack([np.asarray(image), np.asarray(text)]), np.asarray(labels)  # (2, N, C)
    shares = np.asarray(weights, dtype=np.float64)
    if shares.ndim != 1 or not shares.size or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"expected weights from 0 to 1, at least one, got {shares.tolist()}")
    if pair.ndim != 3 or truth.shape != pair.shape[1:2] or not truth.size:
        raise ValueError(f"expected (N, C) probabilities twice and N labels, got {pair.shape[1:]} and {truth.shape}")
    if truth.dtype.kind not in "iu" or truth.min() < 0 or truth.max() >= pair.shape[2]:
        raise ValueError(f"expected labels as columns, whole numbers 0 to {pair.shape[2] - 1}")
    fused = (weighted_rule(pair, (w, 1 - w)) for w in shares)
    return np.array([(p.argmax(axis=1) == truth).mean() for p in fused])


def choose_weight(
    image: ArrayLike, text: ArrayLike, labels: ArrayLike, validation: ArrayLike, weights: ArrayLike = WEIGHTS
) -> float:
    """The weight that is best on the validation rows; of equally good ones, the one nearest to 1/2.

    ``w* = argmax_w accuracy(w image + (1 - w) text)``, over the rows marked as validation **only**: a weight
    chosen on the rows that it is later judged by has seen the answers. Accuracy is a staircase, so ties are the
    rule; the one nearest to 1/2 leans least on one modality (of two equally near, the smaller).

    Args:
        image, text, labels, weights: as in `weight_curve`, N rows.
        validation: (N,) booleans, True for the rows to choose on.

    Returns one of `weights`. Raises ValueError as `weight_curve`, and for no validation row.

    >>> image, text = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]], [[0.2, 0.8], [0.1, 0.9], [0.8, 0.2]]
    >>> choose_weight(image, text, [0, 1, 1], validation=[True, True, False], weights=[0, 0.5, 1])
    0.5

    Built in: lesson 04.
    """
    rows = np.asarray(validation)
    if rows.dtype != np.bool_ or rows.shape != np.asarray(labels).shape or not rows.any():
        raise ValueError(f"expected True or False for every row, at least one True, got {rows.dtype} {rows.shape}")
    seen = [np.asarray(values)[rows] for values in (image, text, labels)]
    curve = weight_curve(seen[0], seen[1], seen[2], weights)  # (W,)
    best = np.asarray(weights, dtype=np.float64)[curve == curve.max()]
    near = np.abs(best - 0.5).round(9)  # 0.3 and 0.7 are equally near, up to rounding
    return float(best[near == near.min()].min())
