"""How alike two vectors are: the angle between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> FloatArray:
    r"""Cosine of the angle between every row of `a` and every row of `b`.

    ``S[i, j] = a_i . b_j / (|a_i| |b_j|)``: 1 for the same direction, 0 for a right angle, -1 for opposite.
    Length does not matter: a text written twice has the same direction. A vector of zeros has no direction;
    its similarity to anything is 0 here and in scikit-learn, where the bare formula gives 0/0.

    Args:
        a: (M, D) numbers of any real dtype; computed in float64.
        b: (N, D).

    Returns (M, N) float64, -1 to 1 (up to rounding). Raises ValueError if `a` or `b` is not a matrix, if the
    widths differ, or if a value is not finite.

    >>> cosine_similarity([[1, 1], [0, 0]], [[2, 2], [0, 3]]).round(4)
    array([[1.    , 0.7071],
           [0.    , 0.    ]])

    Reference: Salton, Wong and Yang (1975), "A vector space model for automatic indexing",
    doi:10.1145/361219.361220.

    Built in: lesson 01.
    """
    left, right = _unit_rows(a, "a"), _unit_rows(b, "b")
    if left.shape[1] != right.shape[1]:
        raise ValueError(
            f"expected vectors of one width, got {left.shape[1]} and {right.shape[1]} numbers: "
            "the two live in different spaces"
        )
    similarity: FloatArray = left @ right.T  # (M, N)
    return similarity


def _unit_rows(vectors: ArrayLike, name: str) -> FloatArray:
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"expected {name} as a matrix, one vector a row, got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"expected finite numbers, but {name} holds NaN or infinity")
    # Dividing by the largest entry first keeps the squares of very large or very small entries in range.
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)  # (M, 1)
    rows = rows / np.where(largest > 0, largest, 1)
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))  # (M, 1)
    unit: FloatArray = rows / np.where(length > 0, length, 1)
    return unit
