"""Dual coordinate descent: the linear SVM solved one training item at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mmlearn.types import FloatArray


class DualSolution(NamedTuple):
    """Where the descent stopped.

    Built in: lesson 04.
    """

    weights: FloatArray  # (D, K) one column a problem
    alphas: FloatArray  # (N, K) the share of each item in the weights, >= 0; 0: no support vector
    gaps: FloatArray  # (passes,) after each pass the largest relative duality gap of the K problems


def dual_update(
    weights: FloatArray, alpha: float, x: FloatArray, sign: float, C: float = 1.0
) -> tuple[FloatArray, float]:
    r"""Minimise the dual over **one** item's alpha, the others held fixed: a parabola, cut off at 0.

    The weights are ``w = sum_i alpha_i y_i x_i``. With the slope ``G = y w.x - 1 + alpha / 2C`` and the curvature
    ``H = x.x + 1 / 2C`` the best value is ``max(0, alpha - G / H)``; then w moves by ``(new - old) y x``.

    Args:
        weights: (D,) w as the alphas have it now; it is not changed.
        alpha: of this item, >= 0.
        x: (D,) the item; if the SVM has an intercept, its last entry is 1.
        sign: +1 or -1, its class.
        C: price of a violated margin, > 0.

    Returns (weights (D,), alpha), both after the update.

    >>> weights, alpha = dual_update(np.zeros(2), 0.0, np.array([2.0, 1.0]), 1.0)
    >>> print(weights.round(3), round(alpha, 3))
    [0.364 0.182] 0.182

    Paper: Hsieh, Chang, Lin, Keerthi and Sundararajan (2008), "A dual coordinate descent method for
    large-scale linear SVM", algorithm 1, doi:10.1145/1390156.1390208.

    Built in: lesson 04.
    """
    slope = sign * (weights @ x) - 1 + alpha / (2 * C)
    new = max(0.0, float(alpha - slope / (x @ x + 1 / (2 * C))))
    return weights + (new - alpha) * sign * x, new


def dual_coordinate_descent(
    X: Any, signs: FloatArray, C: float, tol: float, max_iter: int, generator: np.random.Generator
) -> DualSolution:
    r"""Update every item's alpha in random order, pass after pass, until the duality gap is small.

    The K problems (one class against the rest, each) share the items, so each visit of an item updates all K at
    once. The dual never exceeds the primal objective P, and both meet at the optimum, so the gap
    ``(P - D) / P`` bounds how far P is above its minimum, whatever that is. LIBLINEAR instead stops when the
    slopes are small, which bounds nothing.

    Args:
        X: (N, D) float64, dense or CSR without repeated entries; the column of ones, if any, is part of it.
        signs: (N, K) +1 or -1.
        C: price of a violated margin, > 0.
        tol: relative gap at which to stop.
        max_iter: passes at most.
        generator: of the random orders.

    Returns `DualSolution`.

    >>> X, signs = np.array([[2.0, 1.0], [-1.0, 1.0]]), np.array([[1.0], [-1.0]])
    >>> found = dual_coordinate_descent(X, signs, C=1.0, tol=1e-9, max_iter=100, generator=np.random.default_rng(0))
    >>> found.weights.round(3).tolist(), bool(found.gaps[-1] <= 1e-9)
    ([[0.588], [-0.235]], True)

    Paper: Hsieh et al. (2008), doi:10.1145/1390156.1390208.

    Built in: lesson 04.
    """
    rows = _rows(X)
    curvature = np.array([x @ x for _, x in rows]) + 1 / (2 * C)  # (N,)
    weights = np.zeros((X.shape[1], signs.shape[1]))  # (D, K)
    alphas = np.zeros(signs.shape)  # (N, K)
    gaps: list[float] = []
    while len(gaps) < max_iter and not (gaps and gaps[-1] <= tol):
        for i in generator.permutation(len(rows)):
            at, x = rows[i]
            slope = signs[i] * (x @ weights[at]) - 1 + alphas[i] / (2 * C)  # (K,)
            new = np.maximum(0, alphas[i] - slope / curvature[i])  # (K,)
            step = (new - alphas[i]) * signs[i]  # (K,)
            if step.any():
                weights[at] += x[:, None] * step  # (entries of x, K)
                alphas[i] = new
        gaps.append(_relative_gap(X, signs, C, weights, alphas))
    return DualSolution(weights, alphas, np.array(gaps))


def _rows(X: Any) -> list[tuple[Any, FloatArray]]:
    """Each row as (which columns, their values): all columns of a dense row, the stored ones of a CSR row."""
    if isinstance(X, np.ndarray):
        return [(slice(None), x) for x in X]
    bounds = zip(X.indptr[:-1], X.indptr[1:], strict=True)
    return [(X.indices[start:stop], X.data[start:stop]) for start, stop in bounds]


def _relative_gap(X: Any, signs: FloatArray, C: float, weights: FloatArray, alphas: FloatArray) -> float:
    """The largest (primal - dual) / primal of the K problems."""
    half = (weights**2).sum(axis=0) / 2  # (K,) the length of w is in both
    short = np.maximum(0, 1 - signs * (X @ weights))  # (N, K) what each margin lacks
    primal = half + C * (short**2).sum(axis=0)  # (K,) > 0: no w is both 0 and right
    dual = alphas.sum(axis=0) - half - (alphas**2).sum(axis=0) / (4 * C)  # (K,)
    return float(((primal - dual) / primal).max())
