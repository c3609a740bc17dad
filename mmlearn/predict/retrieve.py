"""Search: the items of a gallery that are most like a query, best first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse

from mmlearn.score.similarity import cosine_similarity
from mmlearn.types import FloatArray, IntArray

DECIMALS = 12  # cosines that agree this far are tied: a rounding error must not decide who comes first
_AT_ONCE = 1 << 22  # similarities held at a time: 32 MB


class Found(NamedTuple):
    """What a search found for Q queries: items (Q, k) int64 numbers of gallery rows, best first, and their
    cosines (Q, k) float64, falling.

    Built in: lesson 03.
    """

    items: IntArray
    cosines: FloatArray


def top_k(scores: ArrayLike, k: int) -> IntArray:
    """The k largest of each row, largest first; of equals, the one further left comes first.

    A plain sort costs N log N a row. Here the k-th largest value is found in N steps, and only what reaches
    it is sorted.

    Args:
        scores: (Q, N) numbers, larger is better.
        k: how many, 1 to N.

    Returns (Q, k) int64 column numbers. Raises ValueError for another shape, NaN, or a k out of range.

    >>> top_k([[0.2, 0.9, 0.5], [0.7, 0.7, 0.7]], k=2)
    array([[1, 2],
           [0, 1]])

    Built in: lesson 03.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"expected scores (queries, items), got shape {values.shape}")
    if np.isnan(values).any():
        raise ValueError("expected scores, got NaN among them: was a zero vector divided by its length?")
    _require_k(k, values.shape[1])
    kth = -np.partition(-values, k - 1, axis=1)[:, k - 1 : k]  # (Q, 1) the k-th largest
    better, level = values > kth, values == kth  # (Q, N) bool
    room = k - better.sum(axis=1, keepdims=True)  # (Q, 1) places left for those level with it
    kept = better | (level & (np.cumsum(level, axis=1) <= room))
    items = np.nonzero(kept)[1].reshape(len(values), k)  # (Q, k) from left to right
    order = np.argsort(-np.take_along_axis(values, items, axis=1), axis=1, kind="stable")
    best: IntArray = np.take_along_axis(items, order, axis=1).astype(np.int64)
    return best


def search(queries: Any, gallery: Any, k: int) -> Found:
    """For each query the k items of the gallery with the largest cosine, best first.

    Cosines that agree to 12 decimals are tied, and ties go to the earlier item: the same answer on every
    machine, for dense and for sparse rows. A query of zeros (no known word in it) is alike to nothing: its
    cosines are all 0, and its items are simply the first k. Queries are taken a block at a time, so that the
    memory stays small however many there are.

    Args:
        queries: (Q, D) finite numbers, an array or a sparse matrix.
        gallery: (N, D) as well, N >= 1.
        k: how many items a query gets, 1 to N.

    Returns Found(items (Q, k), cosines (Q, k)). Raises ValueError for another shape, unequal widths, NaN or
    infinity, or a k out of range.

    >>> search([[1, 1], [0, 0]], [[0, 3], [2, 2], [1, 0]], k=2)
    Found(items=array([[1, 0], [0, 1]]), cosines=array([[1.        , 0.70710678], [0.        , 0.        ]]))

    Reference: Salton, Wong and Yang (1975), "A vector space model for automatic indexing",
    doi:10.1145/361219.361220.

    Built in: lesson 03.
    """
    sparse = issparse(queries) or issparse(gallery)
    asked, items = (
        _unit_csr(x, n) if sparse else _dense(x, n) for x, n in ((queries, "queries"), (gallery, "gallery"))
    )
    if asked.shape[1] != items.shape[1]:
        raise ValueError(
            f"expected vectors of one width, got {asked.shape[1]} and {items.shape[1]} numbers: "
            "the two live in different spaces"
        )
    _require_k(k, items.shape[0])
    step = max(1, _AT_ONCE // items.shape[0])
    found = [_block(asked[start : start + step], items, k) for start in range(0, asked.shape[0], step)]
    if not found:
        return Found(np.empty((0, k), dtype=np.int64), np.empty((0, k)))
    return Found(np.concatenate([part.items for part in found]), np.concatenate([part.cosines for part in found]))


def _block(asked: Any, items: Any, k: int) -> Found:
    cosines = (asked @ items.T).toarray() if issparse(items) else cosine_similarity(asked, items)  # (Q, N)
    cosines = np.round(cosines, DECIMALS) + 0.0  # + 0.0 turns -0 into 0
    best = top_k(cosines, k)  # (Q, k)
    return Found(best, np.take_along_axis(cosines, best, axis=1))


def _require_k(k: int, n: int) -> None:
    if not isinstance(k, int | np.integer) or isinstance(k, bool):
        raise ValueError(f"expected k to be a whole number, got {k!r}")
    if not 1 <= k <= n:
        raise ValueError(f"expected k from 1 to the gallery's {n} items, got {k}")


def _dense(rows: Any, name: str) -> FloatArray:
    table: FloatArray = np.asarray(rows, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"expected {name} as a matrix, one vector a row, got shape {table.shape}: for one use x[None]")
    if not np.isfinite(table).all():
        raise ValueError(f"expected finite numbers, but {name} holds NaN or infinity")
    return table


def _unit_csr(rows: Any, name: str) -> csr_matrix:
    """Rows of length one, zeros left as they are, sparse."""
    if not issparse(rows):
        rows = _dense(rows, name)
    table = csr_matrix(rows, dtype=np.float64, copy=True)
    if not np.isfinite(table.data).all():
        raise ValueError(f"expected finite numbers, but {name} holds NaN or infinity")
    table.sum_duplicates()
    largest = abs(table).max(axis=1).toarray().ravel()  # (N,) first, so that the squares stay in range
    spread = np.diff(table.indptr)
    table.data /= np.repeat(np.where(largest > 0, largest, 1), spread)
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())  # (N,)
    table.data /= np.repeat(np.where(lengths > 0, lengths, 1), spread)
    return table
