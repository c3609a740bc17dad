"""LSA: many words pressed into few directions, so that texts without a common word can meet."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from scipy.sparse import issparse
from scipy.sparse.linalg import svds
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.types import FloatArray


class TruncatedSVD(NamedTuple):
    """The k strongest layers of a matrix: ``X ~ left @ diag(strengths) @ axes``.

    left (N, k) orthonormal columns, strengths (k,) falling and at least 0, axes (k, D) orthonormal rows.

    Built in: lesson 03.
    """

    left: FloatArray
    strengths: FloatArray
    axes: FloatArray


def truncated_svd(matrix: Any, k: int) -> TruncatedSVD:
    r"""The best approximation of a matrix by k layers, each a column times a row.

    ``X ~ U_k S_k V_k^T``: no other matrix of rank k has a smaller sum of squared differences to X (Eckart and
    Young). Nothing is moved to the mean first, unlike in PCA, so a sparse matrix stays sparse. The sign of a layer is
    free; here the largest entry of each axis is positive, as in scikit-learn's ``TruncatedSVD``.

    Args:
        matrix: (N, D) finite numbers, an array or a sparse matrix.
        k: how many layers, 1 to min(N, D).

    Returns TruncatedSVD. Raises ValueError for another shape, NaN or infinity, or a k out of range.

    >>> left, strengths, axes = truncated_svd([[2, 0], [0, 1], [0, 0]], k=1)
    >>> strengths.round(6), axes.round(6)
    (array([2.]), array([[1., 0.]]))

    Reference: Eckart and Young (1936), "The approximation of one matrix by another of lower rank",
    doi:10.1007/BF02288367.

    Built in: lesson 03.
    """
    table = matrix.astype(np.float64) if issparse(matrix) else np.asarray(matrix, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"expected a matrix (N, D) that is not empty, got shape {table.shape}")
    if not np.isfinite(table.data if issparse(table) else table).all():
        raise ValueError("expected finite numbers, got NaN or infinity")
    most = min(table.shape)
    if not isinstance(k, int | np.integer) or not 1 <= k <= most:
        raise ValueError(f"expected a whole number of layers from 1 to min{table.shape} = {most}, got {k!r}")
    few = _pays(most, int(k)) and abs(table).max() > 0  # Lanczos steps get nowhere in a matrix of zeros
    left, strengths, axes = _few_layers(table, int(k)) if few else _all_layers(table, int(k))
    at = np.abs(axes).argmax(axis=1)  # (k,)
    signs = np.where(axes[np.arange(len(axes)), at] < 0, -1.0, 1.0)  # (k,)
    return TruncatedSVD(left * signs, strengths, axes * signs[:, None])


def _pays(most: int, k: int) -> bool:
    """Whether Lanczos steps for k layers are cheaper than all layers at once, by LAPACK."""
    return most > 200 and k < most // 4


def _few_layers(table: Any, k: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    # A fixed start makes it repeatable; a random one, unlike a row of ones, has something of every direction.
    start = np.random.default_rng(0).normal(size=min(table.shape))
    left, strengths, axes = svds(table, k=k, v0=start)
    order = np.argsort(-strengths, kind="stable")  # svds gives the weakest first
    return left[:, order], strengths[order], axes[order]


def _all_layers(table: Any, k: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    dense = table.toarray() if issparse(table) else table
    left, strengths, axes = np.linalg.svd(dense, full_matrices=False)
    return left[:, :k], strengths[:k], axes[:k]


class LSA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    r"""Latent semantic analysis: rows of word weights -> their places along the k strongest directions.

    ``z = x V_k``, with V_k from the truncated SVD of the training rows. Words that occur with the same
    neighbours get nearly the same direction, so texts may be alike without sharing a word. For the rows of
    `fit` this is ``U_k S_k``. Equal to scikit-learn's ``TruncatedSVD(algorithm="arpack")`` at 1e-6; more
    components than min(N, D) is an error in both.

    Args:
        n_components: k, how many directions, 1 to min(N, D).

    Attributes: components_ (k, D) orthonormal rows, singular_values_ (k,) falling, n_features_in_ D.

    >>> LSA(n_components=1).fit_transform([[1, 1, 0], [2, 2, 0]]).round(2)
    array([[1.41],
           [2.83]])

    Paper: Deerwester et al. (1990), "Indexing by latent semantic analysis",
    doi:10.1002/(SICI)1097-4571(199009)41:6<391::AID-ASI1>3.0.CO;2-9.

    Built in: lesson 03.
    """

    def __init__(self, n_components: int = 2) -> None:
        self.n_components = n_components

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the directions of (N, D) rows, dense or sparse."""
        self._learn(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> FloatArray:
        """As ``fit(X).transform(X)``, without multiplying again: (N, k)."""
        svd = self._learn(X)
        places: FloatArray = svd.left * svd.strengths  # (N, k)
        return places

    def transform(self, X: Any) -> FloatArray:
        """(N, D) rows -> (N, k) float64 places along the directions that `fit` found."""
        check_is_fitted(self)
        rows = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=np.float64, reset=False)
        places: FloatArray = rows @ self.components_.T  # (N, D) @ (D, k) -> (N, k)
        return places

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def _learn(self, X: Any) -> TruncatedSVD:
        rows = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=np.float64)
        k, most = self.n_components, min(rows.shape)
        if not isinstance(k, int | np.integer) or not 1 <= k <= most:
            raise ValueError(
                f"expected n_components from 1 to {most}, got {k!r}: n_samples = {rows.shape[0]} and "
                f"n_features = {rows.shape[1]} have no more directions than the smaller of the two"
            )
        svd = truncated_svd(rows, k)
        self.components_ = svd.axes
        self.singular_values_ = svd.strengths
        return svd
