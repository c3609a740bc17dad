"""How much a term tells, and counts weighed by it: the arithmetic of TF-IDF."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse

from mmlearn.types import FloatArray

NORMS = ("l1", "l2", None)


def inverse_document_frequency(counts: ArrayLike, smooth: bool = True) -> FloatArray:
    r"""How much each term tells: the logarithm of how rarely a document holds it, plus one.

    ``idf_t = ln((1 + n) / (1 + df_t)) + 1``, where n is the number of documents and df_t how many of them hold
    term t, however often. The textbook has ``ln(n / df_t)``; the 1 at the end keeps terms that are everywhere
    from vanishing, and smoothing adds one document that holds every term, so that no df is 0 (scikit-learn's
    defaults). ``smooth=False`` gives ``ln(n / df_t) + 1``.

    Args:
        counts: (N, D) how often each term occurs in each document, 0 or more; an array or a sparse matrix.
        smooth: see above.

    Returns (D,) float64, at least 1 for terms that occur. Raises ValueError for another shape, no document, a
    negative count, NaN, or without smoothing a term that no document holds.

    >>> inverse_document_frequency([[1, 0], [3, 0], [1, 2]]).round(3)
    array([1.   , 1.693])

    Reference: Spärck Jones (1972), "A statistical interpretation of term specificity and its application in
    retrieval", doi:10.1108/eb026526.

    Built in: lesson 03.
    """
    table = _count_table(counts)
    n = table.shape[0]
    df = np.asarray((table > 0).sum(axis=0), dtype=np.float64).ravel()  # (D,) documents, not occurrences
    if not smooth and (df == 0).any():
        raise ValueError(
            f"expected every term in at least one document, but term {int((df == 0).argmax())} is in none: "
            "leave it out, or take smooth=True"
        )
    weights: FloatArray = np.log((n + smooth) / (df + smooth)) + 1
    return weights


def weighted_rows(
    counts: ArrayLike, weights: ArrayLike, sublinear_tf: bool = False, norm: str | None = "l2"
) -> csr_matrix:
    """Counts -> TF-IDF: each count times its term's weight, then each row brought to length one.

    ``x_dt = tf_dt * weights_t``, then ``x_d / |x_d|``. With `sublinear_tf` a term that occurs tf times counts
    ``1 + ln(tf)``: the tenth mention says less than the first. A row of zeros stays zeros.

    Args:
        counts: (N, D) how often each term occurs in each document, 0 or more; an array or a sparse matrix.
        weights: (D,), as a rule those of `inverse_document_frequency`.
        sublinear_tf: see above.
        norm: "l2" (the root of the sum of squares is one), "l1" (the sum of magnitudes is one) or None.

    Returns (N, D) sparse CSR float64. Raises ValueError for shapes that do not fit, negative counts, NaN, or
    another norm.

    >>> weighted_rows([[3, 4], [0, 0]], [1.0, 1.0]).toarray()
    array([[0.6, 0.8],
           [0. , 0. ]])

    Reference: Salton and Buckley (1988), "Term-weighting approaches in automatic text retrieval",
    doi:10.1016/0306-4573(88)90021-0.

    Built in: lesson 03.
    """
    if norm not in NORMS:
        raise ValueError(f"expected norm 'l1', 'l2' or None, got {norm!r}")
    rows = csr_matrix(_count_table(counts), dtype=np.float64, copy=True)
    scale = np.asarray(weights, dtype=np.float64)
    if scale.shape != (rows.shape[1],):
        raise ValueError(f"expected one weight a term, ({rows.shape[1]},), got shape {scale.shape}")
    if not np.isfinite(scale).all():
        raise ValueError("expected finite weights, got NaN or infinity")
    rows.sum_duplicates()
    rows.eliminate_zeros()
    if sublinear_tf:
        rows.data = 1 + np.log(rows.data)
    rows.data *= scale[rows.indices]  # each stored count meets its own column's weight
    if norm is not None:
        power = 2 if norm == "l2" else 1
        sizes = np.add.reduceat(np.append(np.abs(rows.data) ** power, 0.0), rows.indptr[:-1]) ** (1 / power)
        rows.data /= np.repeat(np.where(sizes > 0, sizes, 1), np.diff(rows.indptr))
    return rows


def _count_table(counts: ArrayLike) -> Any:
    table = csr_matrix(counts) if issparse(counts) else np.asarray(counts)
    if table.ndim != 2 or table.shape[0] == 0:
        raise ValueError(f"expected counts (documents, terms), at least one document, got shape {table.shape}")
    values: FloatArray = np.asarray(table.data if issparse(table) else table)
    if not np.all(values >= 0):  # NaN is not >= 0 either
        raise ValueError("expected counts of 0 or more, got a negative number or NaN")
    return table
