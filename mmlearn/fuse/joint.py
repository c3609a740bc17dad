"""A joint distribution of two modalities: what one says about the other, as a product of Gaussian experts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from mmlearn.fuse.cca import TwoViews, canonical_directions, covariance, paired, second_view
from mmlearn.types import FloatArray

_SUREST = 1 - 1e-9  # a correlation of exactly 1 would be an expert of infinite precision


class Gaussian(NamedTuple):
    """Independent normal distributions: mean (N, K), precision (K,) or (N, K), which is 1 / variance.

    Built in: lesson 05.
    """

    mean: FloatArray
    precision: FloatArray


def product_of_gaussians(means: ArrayLike, precisions: ArrayLike) -> Gaussian:
    r"""Multiply the densities of M experts about one number: the product is a normal density again.

    ``precision = sum_m p_m``, ``mean = sum_m p_m mean_m / precision``, where precision is 1 / variance. Sure
    experts count more, every expert adds certainty, and one of precision 0 (a missing modality) changes nothing.

    Args:
        means: (M, ...) what each expert expects.
        precisions: of the same shape or one that broadcasts to it, 0 or more, not all 0 at any place.

    Returns mean and precision, each of shape (...). Raises ValueError for NaN, infinity, negative precisions, or a
    place where nobody knows anything.

    >>> product_of_gaussians([0.0, 3.0], [1.0, 2.0])
    Gaussian(mean=array(2.), precision=array(3.))

    Paper: Hinton (2002), "Training products of experts by minimizing contrastive divergence",
    doi:10.1162/089976602760128018.

    Built in: lesson 05.
    """
    expected, sure = np.asarray(means, dtype=np.float64), np.asarray(precisions, dtype=np.float64)
    if not (np.isfinite(expected).all() and np.isfinite(sure).all()):
        raise ValueError("expected finite means and precisions, got NaN or infinity: a missing expert has precision 0")
    if (sure < 0).any():
        raise ValueError(f"expected precisions of 0 or more, got {sure.min():g}: precision is 1 / variance")
    expected, sure = np.broadcast_arrays(expected, sure)
    total = sure.sum(axis=0)  # (...)
    if not (total > 0).all():
        raise ValueError("expected somebody to know something at every place, but all precisions are 0: add a prior")
    return Gaussian(np.asarray((sure * expected).sum(axis=0) / total), np.asarray(total))


def conditional_mean(x: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> FloatArray:
    r"""What to expect of the rest of a jointly normal vector (x, y), once x is known.

    ``E[y | x] = mean_y + C_yx C_xx^(-1) (x - mean_x)``: the straight-line regression of y on x.

    Args:
        x: (N, D) the known part, the first D of the D + E numbers.
        mean: (D + E,).
        covariance: (D + E, D + E), with a block C_xx that can be inverted.

    Returns (N, E). Raises ValueError for shapes that do not fit or NaN.

    >>> conditional_mean([[2.0]], mean=[0.0, 10.0], covariance=[[1.0, 0.5], [0.5, 1.0]])
    array([[11.]])

    Built in: lesson 05.
    """
    rows = check_array(x, dtype=np.float64, input_name="x")
    centre, spread = np.asarray(mean, dtype=np.float64), check_array(covariance, dtype=np.float64)
    d = rows.shape[1]
    if centre.ndim != 1 or spread.shape != (centre.size, centre.size) or d >= centre.size:
        raise ValueError(
            f"expected x (N, D), mean (D + E,), covariance (D + E, D + E), got {rows.shape}, {centre.shape} "
            f"and {spread.shape}"
        )
    slope = np.linalg.solve(spread[:d, :d], spread[:d, d:])  # (D, E)
    expected: FloatArray = centre[d:] + (rows - centre[:d]) @ slope  # (N, E)
    return expected


class GaussianProductOfExperts(TwoViews):
    r"""One hidden cause behind both modalities; each is an expert on it, and a missing one is filled in.

    ``z ~ N(0, I)``, ``x = W_x z + mean_x + noise_x``, ``y = W_y z + mean_y + noise_y`` with noise of any
    covariance. The likeliest W is known in closed form (probabilistic CCA, Bach and Jordan 2005): with the
    canonical directions A, B and correlations rho, ``W_x = C_xx A rho^(1/2)``, ``W_y = C_yy B rho^(1/2)``. Then
    x alone says of z_k: normal about ``a_k . (x - mean_x) / rho_k^(1/2)`` with precision ``rho_k / (1 - rho_k)``,
    likewise y, and the posterior is the product of both experts with the prior: see `product_of_gaussians`.

    The data fix ``W_x W_y^T`` alone: how a correlation is shared out between the two experts is a choice, and here
    both get the same root (the paper's symmetric solution), so neither is trusted more than the other.
    Beyond the paper: a regularised covariance (as in `CCA`) stands for C, and rho is held just below 1.

    Args:
        n_components: K, width of z, 1 to min(D, E); None takes them all.
        regularisation: share of the mean variance added to every variance, 0 or more.

    Learns x_mean_ (D,), y_mean_ (E,), x_weights_ (D, K) and y_weights_ (E, K) the canonical directions,
    x_loadings_ (D, K) and y_loadings_ (E, K) the W, correlations_ (K,).

    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = GaussianProductOfExperts().fit(x, 2 * x + [[0.1], [-0.1], [-0.1], [0.1]])
    >>> model.fill_in(X=[[1.5]]).round(6)
    array([[3.]])
    >>> bool(model.posterior([[1.5]], [[3.0]]).precision > model.posterior([[1.5]]).precision)
    True

    Paper: Bach and Jordan (2005), "A probabilistic interpretation of canonical correlation analysis", technical
    report 688, Department of Statistics, University of California, Berkeley.

    Built in: lesson 05.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> GaussianProductOfExperts:
        """X (N, D) and y (N, E) or (N,), row by row the same things, none missing."""
        left, right = paired(self, X, y)
        found = canonical_directions(left, right, self.n_components, self.regularisation)
        self.x_weights_, self.y_weights_, rho = found
        self.correlations_ = np.minimum(rho, _SUREST)  # (K,)
        self.x_mean_, self.y_mean_ = left.mean(axis=0), right.mean(axis=0)
        root = np.sqrt(self.correlations_)  # (K,)
        self.x_loadings_ = covariance(left, self.regularisation) @ self.x_weights_ * root  # (D, K)
        self.y_loadings_ = covariance(right, self.regularisation) @ self.y_weights_ * root  # (E, K)
        self._n_features_out = len(root)
        return self

    def posterior(self, X: ArrayLike | None = None, y: ArrayLike | None = None) -> Gaussian:
        """What is known of z, given X (N, D), y (N, E), both or neither (None: that modality is missing).

        Returns mean (N, K) and precision (K,); with neither, the prior, for N = 1.
        Raises ValueError for NaN (None says "missing", NaN never does), other widths or unequal rows.
        """
        experts = self._experts(X, y)
        rows = {len(mean) for mean in experts}
        if len(rows) > 1:
            raise ValueError(f"expected a row of y for every row of X, got {sorted(rows)} rows")
        n, k = (rows or {1}).pop(), len(self.correlations_)
        precision = self.correlations_ / (1 - self.correlations_)  # (K,) of each expert
        means = np.stack([np.zeros((n, k)), *experts])  # (1 + experts, N, K), the prior first
        precisions = np.stack([np.ones(k), *[precision] * len(experts)])  # (1 + experts, K)
        mean, total = product_of_gaussians(means, precisions[:, None])
        return Gaussian(mean, total[0])

    def transform(self, X: ArrayLike, y: ArrayLike | None = None) -> FloatArray:
        """The posterior mean of z, (N, K), given X (N, D) and, where it is there, y (N, E)."""
        return self.posterior(X, y).mean

    def fill_in(self, X: ArrayLike | None = None, y: ArrayLike | None = None) -> FloatArray:
        """The missing modality, expected from the other: X (N, D) -> (N, E), or y (N, E) -> (N, D).

        ``mean_y + W_y E[z | x]``. Raises ValueError unless exactly one of the two is given.
        """
        if (X is None) == (y is None):
            raise ValueError("expected one modality to be there and the other to be None, its place to be filled in")
        z = self.posterior(X, y).mean  # (N, K)
        filled: FloatArray
        if y is None:
            filled = self.y_mean_ + z @ self.y_loadings_.T  # (N, E)
        else:
            filled = self.x_mean_ + z @ self.x_loadings_.T  # (N, D)
        return filled

    def _experts(self, X: ArrayLike | None, y: ArrayLike | None) -> list[FloatArray]:
        """What each modality that is there expects of z, (N, K) each."""
        check_is_fitted(self)
        root = np.sqrt(self.correlations_)  # (K,)
        root = np.where(root > 0, root, 1.0)  # an expert of precision 0 may expect anything
        said = []
        if X is not None:
            rows = validate_data(self, X, reset=False, dtype=np.float64)
            said.append((rows - self.x_mean_) @ self.x_weights_ / root)
        if y is not None:
            said.append((second_view(y, len(self.y_mean_)) - self.y_mean_) @ self.y_weights_ / root)
        return said
