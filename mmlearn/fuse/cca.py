"""Canonical correlation analysis: the directions along which two modalities of one thing agree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from mmlearn.types import FloatArray

_FLAT = 1e-10  # a direction with less than this share of the widest one's variance counts as constant


def inverse_root(covariance: ArrayLike) -> FloatArray:
    r"""The symmetric ``R`` with ``R C R = identity``: multiplied by it, data of covariance C become round.

    With ``C = V diag(d) V^T`` it is ``V diag(d ** -1/2) V^T``. Unlike the textbook's inverse root it is defined
    for constant directions too: where ``d`` is 0 (below 1e-10 of the largest), R is 0, as in a pseudo-inverse.

    Args:
        covariance: (D, D) symmetric, no negative variance; units squared.

    Returns (D, D) float64, one over units. Raises ValueError for another shape, NaN, an unsymmetric matrix or
    a negative variance.

    >>> inverse_root([[4.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]])

    Built in: lesson 05.
    """
    matrix = check_array(covariance, dtype=np.float64, ensure_min_samples=1, input_name="covariance")
    if matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T, atol=1e-8 * np.abs(matrix).max()):
        raise ValueError(f"expected a symmetric matrix (D, D), got one of shape {matrix.shape}: X.T @ X, not X?")
    variances, axes = np.linalg.eigh(matrix)  # (D,) going up, (D, D) one axis a column
    if variances[0] < -1e-8 * max(variances[-1], 0.0) - 1e-300:
        raise ValueError(f"expected variances of 0 or more, got {variances[0]:.3g} along one axis: no covariance")
    wide = variances > _FLAT * variances[-1]  # (D,) all False if nothing varies
    root: FloatArray = (axes[:, wide] / np.sqrt(variances[wide])) @ axes[:, wide].T  # (D, D)
    return root


def whiten(rows: ArrayLike) -> FloatArray:
    r"""Centre and turn a cloud of points into a round one: mean 0, variance 1 and no correlation.

    ``(X - mean) C^(-1/2)`` with the covariance ``C = (X - mean)^T (X - mean) / (N - 1)``. Of all roots of C this
    takes the symmetric one ("ZCA"), which moves the points least. Constant directions become 0.

    Args:
        rows: (N, D) numbers, N >= 2.

    Returns (N, D) float64 without unit. Raises ValueError for fewer than two rows, NaN or infinity.

    >>> whiten([[0.0, 10.0], [2.0, 10.0], [4.0, 10.0]])
    array([[-1.,  0.],
           [ 0.,  0.],
           [ 1.,  0.]])

    Reference: Kessy, Lewin and Strimmer (2018), "Optimal whitening and decorrelation",
    doi:10.1080/00031305.2016.1277159.

    Built in: lesson 05.
    """
    centred = _centred(check_array(rows, dtype=np.float64, ensure_min_samples=2))
    white: FloatArray = centred @ inverse_root(centred.T @ centred / (len(centred) - 1))  # (N, D)
    return white


def canonical_directions(
    X: ArrayLike, y: ArrayLike, n_components: int | None = None, regularisation: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Directions a_k, b_k along which ``X a_k`` and ``y b_k`` are correlated most, and the correlations.

    ``C_xx^(-1/2) C_xy C_yy^(-1/2) = U diag(rho) V^T``, ``A = C_xx^(-1/2) U``, ``B = C_yy^(-1/2) V``: whiten both,
    then a singular value decomposition. The scores ``X A`` have variance 1 and are uncorrelated with each other
    and with every column of ``y B`` but their own. Signs are free; here the largest entry of each a_k is positive.

    With regularisation r each covariance becomes ``C + r * mean variance * identity`` (Vinod 1976 adds a plain
    ``r * identity``; times the mean variance, r needs no unit). Scores then have a variance below 1, and rho is
    shrunk.

    Args:
        X: (N, D) one modality.
        y: (N, E) the other, row by row of the same things.
        n_components: K, 1 to min(D, E); None takes them all.
        regularisation: r, 0 or more.

    Returns A (D, K), B (E, K), rho (K,) from 1 (agree fully) down to 0. Constant columns get direction 0.

    Raises ValueError for unequal rows, NaN, a K or r out of range; and if, without regularisation, there are so
    few rows that any two sets of numbers would be found perfectly correlated.

    >>> x = np.array([[0.0, 3.0], [1.0, 1.0], [2.0, 2.0], [3.0, 0.0], [4.0, 5.0]])
    >>> A, B, rho = canonical_directions(x, 2 * x[:, :1] + 7)
    >>> print((x @ A).shape, rho.round(6))
    (5, 1) [1.]

    Paper: Hotelling (1936), "Relations between two sets of variates", doi:10.1093/biomet/28.3-4.321. Ridge:
    Vinod (1976), "Canonical ridge and econometrics of joint production", doi:10.1016/0304-4076(76)90010-5.

    Built in: lesson 05.
    """
    left, right = _two_views(X, y)
    k = _checked(left, right, n_components, regularisation)
    n = len(left)
    units = [_spread(rows) if regularisation == 0 else np.ones(rows.shape[1]) for rows in (left, right)]
    left, right = left / units[0], right / units[1]  # without a ridge, units do not matter: none may look constant
    root_x = inverse_root(covariance(left, regularisation))  # (D, D)
    root_y = inverse_root(covariance(right, regularisation))  # (E, E)
    cross = root_x @ (_centred(left).T @ _centred(right) / (n - 1)) @ root_y  # (D, E)
    u, rho, vt = np.linalg.svd(cross, full_matrices=False)  # (D, m), (m,) going down, (m, E)
    A = root_x @ u[:, :k] / units[0][:, None]  # (D, K), in X's own units again
    B = root_y @ vt[:k].T / units[1][:, None]  # (E, K)
    largest = np.abs(A).argmax(axis=0)  # (K,)
    sign = np.where(A[largest, np.arange(k)] < 0, -1.0, 1.0)  # (K,)
    return A * sign, B * sign, np.clip(rho[:k], 0.0, 1.0)


def covariance(rows: FloatArray, regularisation: float = 0.0) -> FloatArray:
    r"""Covariance of the columns, with a share of the mean variance added to each variance.

    ``C = (X - mean)^T (X - mean) / (N - 1) + r * trace(...) / D * identity``.

    Args:
        rows: (N, D), N >= 2.
        regularisation: r, 0 or more.

    Returns (D, D) float64.

    >>> covariance(np.array([[0.0, 0.0], [2.0, 0.0]]), regularisation=0.5)
    array([[2.5, 0. ],
           [0. , 0.5]])

    Built in: lesson 05.
    """
    centred = _centred(rows)
    matrix: FloatArray = centred.T @ centred / (len(centred) - 1)  # (D, D)
    matrix[np.diag_indices_from(matrix)] += regularisation * np.trace(matrix) / len(matrix)
    return matrix


class TwoViews(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What estimators of two modalities share: their settings, and that fit needs a y of one column or more.

    Args: as in `CCA`.

    Built in: lesson 05.
    """

    def __init__(self, n_components: int | None = None, regularisation: float = 0.0) -> None:
        self.n_components = n_components
        self.regularisation = regularisation

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


class CCA(TwoViews):
    r"""Two modalities brought to one space by canonical correlation analysis.

    ``fit(X, y)`` learns `canonical_directions`; ``transform`` gives ``(X - mean) A``, of variance 1 in every column
    (less with regularisation), and ``transform_y`` the other side's. scikit-learn's CCA finds the same correlations
    by iteration, one pair of directions at a time; it knows no regularisation, and its scores are scaled otherwise.

    Args:
        n_components: K, 1 to min(D, E); None takes them all.
        regularisation: share of the mean variance added to every variance, 0 or more; needed where columns are
            many and rows are few.

    Learns x_mean_ (D,), y_mean_ (E,), x_weights_ (D, K), y_weights_ (E, K), correlations_ (K,).

    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(50, 3))
    >>> y = np.hstack([x[:, :1] + 0.1 * generator.normal(size=(50, 1)), generator.normal(size=(50, 1))])
    >>> model = CCA(n_components=2).fit(x, y)
    >>> model.transform(x).shape, model.transform_y(y).shape, bool(model.correlations_[0] > 0.98)
    ((50, 2), (50, 2), True)

    Paper: Hotelling (1936), "Relations between two sets of variates", doi:10.1093/biomet/28.3-4.321.

    Built in: lesson 05.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> CCA:
        """X (N, D) and y (N, E) or (N,), row by row the same things."""
        left, right = paired(self, X, y)
        found = canonical_directions(left, right, self.n_components, self.regularisation)
        self.x_weights_, self.y_weights_, self.correlations_ = found
        self.x_mean_, self.y_mean_ = left.mean(axis=0), right.mean(axis=0)
        self._n_features_out = len(self.correlations_)
        return self

    def transform(self, X: ArrayLike, y: Any = None) -> FloatArray:
        """X (M, D) -> scores (M, K). The other modality has `transform_y`; y is not used here.

        (scikit-learn's CCA returns a pair of scores if y is given, which stops a Pipeline whose next step
        expects one matrix.)
        """
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        scores: FloatArray = (rows - self.x_mean_) @ self.x_weights_  # (M, K)
        return scores

    def transform_y(self, y: ArrayLike) -> FloatArray:
        """The other modality alone: y (L, E) -> scores (L, K)."""
        check_is_fitted(self)
        scores: FloatArray = (second_view(y, len(self.y_mean_)) - self.y_mean_) @ self.y_weights_  # (L, K)
        return scores


def paired(estimator: Any, X: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """X (N, D) and y (N, E) as an estimator's fit takes them: finite float64, N equal, at least two rows.

    Raises ValueError otherwise, with both counts in the message; TypeError for a sparse y.

    Built in: lesson 05.
    """
    if issparse(y):
        raise TypeError("expected y as a dense array, got a sparse matrix: y.toarray() is one")
    left, right = validate_data(
        estimator, X, y, multi_output=True, y_numeric=True, dtype=np.float64, ensure_min_samples=2
    )
    right = np.asarray(right, dtype=np.float64)
    return left, right.reshape(len(right), -1)  # (N, D), (N, E)


def second_view(y: ArrayLike, width: int) -> FloatArray:
    """y (L, E) or, for E = 1, (L,), as float64 (L, E). Raises ValueError for NaN or another width than E.

    >>> second_view([1, 2], 1).shape
    (2, 1)

    Built in: lesson 05.
    """
    rows: FloatArray = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    rows = rows.reshape(len(rows), -1) if width == 1 else rows
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"expected y of shape (rows, {width}) as in fit, got {np.shape(y)}")
    return rows


def _centred(rows: FloatArray) -> FloatArray:
    centred: FloatArray = rows - rows.mean(axis=0)
    return centred


def _spread(rows: FloatArray) -> FloatArray:
    """Standard deviation of each column, 1 for a constant one."""
    spread: FloatArray = rows.std(axis=0)
    return np.where(spread > 1e-10 * np.abs(rows).max(axis=0), spread, 1.0)  # rounding is no spread


def _two_views(X: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    left = check_array(X, dtype=np.float64, ensure_min_samples=2)
    right = check_array(y, dtype=np.float64, ensure_min_samples=2, input_name="y")
    if len(left) != len(right):
        raise ValueError(f"expected a row of y for every row of X, got {len(left)} and {len(right)} rows")
    return left, right


def _checked(left: FloatArray, right: FloatArray, n_components: int | None, regularisation: float) -> int:
    """The number of components asked for, after all the reasons to refuse."""
    most = min(left.shape[1], right.shape[1])
    k = most if n_components is None else n_components
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or not 1 <= k <= most:
        raise ValueError(
            f"expected n_components from 1 to {most}, the smaller width of X ({left.shape[1]}) and y "
            f"({right.shape[1]}), got {n_components!r}"
        )
    if not np.isfinite(regularisation) or regularisation < 0:
        raise ValueError(f"expected regularisation of 0 or more, got {regularisation!r}")
    if regularisation == 0:
        widths = [int(np.linalg.matrix_rank(_centred(rows))) for rows in (left, right)]
        if sum(widths) > len(left) - 1:
            raise ValueError(
                f"{len(left)} rows are too few for {widths[0]} and {widths[1]} independent columns: some direction "
                "would fit perfectly whatever the data. Expected more rows than columns of both together; give "
                "more rows, fewer columns, or regularisation above 0 (0.1, say)"
            )
    return int(k)
