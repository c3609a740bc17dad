"""The linear support vector machine: the widest road between two classes, and one road for each of many."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.predict.dual import dual_coordinate_descent
from mmlearn.types import FloatArray


def svm_objective(
    weights: FloatArray, X: FloatArray, signs: FloatArray, C: float = 1.0, loss: str = "squared_hinge"
) -> tuple[float, FloatArray]:
    r"""What a linear SVM minimises, and its gradient.

    ``P(w) = |w|^2 / 2 + C sum_i max(0, 1 - y_i w.x_i)^2``. The intercept is the weight of a column of ones in X,
    so it is penalised too: that is scikit-learn's LinearSVC (LIBLINEAR) and not the textbook's SVM, whose
    intercept is free. With ``loss="hinge"`` the square is left out; at a kink (a margin of exactly 1) the
    slope on the far side, 0, is given, one of many subgradients.

    Args:
        weights: (D,).
        X: (N, D), for an intercept with a last column of ones.
        signs: (N,) +1 or -1.
        C: price of a violated margin, > 0.
        loss: "squared_hinge" or "hinge".

    Returns (value, gradient (D,)). Raises ValueError for another loss, or for signs other than +1 and -1.

    >>> svm_objective(np.array([1.0, 0.0]), np.array([[0.5, 1.0], [-2.0, 1.0]]), np.array([1.0, -1.0]))
    (0.75, array([ 0.5, -1. ]))

    Built in: lesson 04.
    """
    if loss not in {"squared_hinge", "hinge"}:
        raise ValueError(f"expected the loss 'squared_hinge' or 'hinge', got {loss!r}")
    _require_signs(signs)
    short = np.maximum(0, 1 - signs * (X @ weights))  # (N,) what each margin lacks
    if loss == "hinge":
        price, slope = short.sum(), (short > 0) * 1.0
    else:
        price, slope = (short**2).sum(), 2 * short
    gradient: FloatArray = weights - C * (slope * signs) @ X  # (D,)
    return float(weights @ weights / 2 + C * price), gradient


def subgradient_svm(
    X: FloatArray,
    signs: FloatArray,
    C: float = 1.0,
    loss: str = "squared_hinge",
    n_passes: int = 50,
    random_state: int | np.random.RandomState | None = 0,
) -> tuple[FloatArray, FloatArray]:
    r"""Walk downhill, one random item at a time: simple, and slow to arrive.

    Step t looks at one item i and takes ``|w|^2 / 2 + C N loss_i`` for the objective (right on average); it goes
    against that slope by ``1 / (t + t0)``. With ``loss="hinge"`` and t0 = 0 this is Pegasos; the squared hinge
    is steep where Pegasos' first steps land, so there t0 is its largest curvature, ``2 C N max |x|^2``.

    Args:
        X: (N, D), for an intercept with a last column of ones.
        signs: (N,) +1 or -1.
        C, loss: as in `svm_objective`.
        n_passes: how often each item is visited.
        random_state: of the random orders.

    Returns (weights (D,), objective after each pass (n_passes,)). Raises ValueError as `svm_objective`.

    >>> X, signs = np.array([[2.0, 1.0], [-1.0, 1.0]]), np.array([1.0, -1.0])
    >>> weights, history = subgradient_svm(X, signs, n_passes=500)
    >>> weights.round(2).tolist()                      # the optimum is 0.588, -0.235
    [0.59, -0.24]

    Paper: Shalev-Shwartz, Singer, Srebro and Cotter (2011), "Pegasos: primal estimated sub-gradient solver for
    SVM", doi:10.1007/s10107-010-0420-4.

    Built in: lesson 04.
    """
    _require_signs(signs)
    generator = check_random_state(random_state)
    n = len(X)
    weights, history = np.zeros(X.shape[1]), np.empty(n_passes)
    calm = 2 * C * n * float((X**2).sum(axis=1).max()) if loss == "squared_hinge" else 0.0
    t = 0
    for each in range(n_passes):
        for i in generator.permutation(n):
            t += 1
            _, slope = svm_objective(weights, X[i : i + 1], signs[i : i + 1], C * n, loss)
            weights = weights - slope / (t + calm)
        history[each] = svm_objective(weights, X, signs, C, loss)[0]
    return weights, history


class LinearSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    r"""Linear SVM with the objective of scikit-learn's LinearSVC, by dual coordinate descent.

    ``|w|^2 / 2 + b^2 / 2 + C sum_i max(0, 1 - y_i (w.x_i + b))^2``, its minimum found to the relative accuracy
    `tol` for certain (a duality gap, see `mmlearn.predict.dual.dual_coordinate_descent`). More than two classes:
    one such problem each, that class against the rest; the largest decision value wins.

    Args:
        C: price of a violated margin, > 0; larger fits the training items more closely.
        tol: how far the objective may be above its minimum, as a share of it.
        max_iter: passes over the items at most; a ConvergenceWarning tells if they were not enough.
        random_state: of the random orders.

    Attributes:
        classes_: (K,) sorted.
        coef_: (K, D), or (1, D) for two classes, positive towards ``classes_[1]``.
        intercept_: (K,) or (1,).
        n_iter_: passes made.
        gap_: relative duality gap reached.
        n_features_in_: D.

    >>> svm = LinearSVM().fit([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [3.0, 1.0]], ["left", "left", "right", "right"])
    >>> svm.predict([[0.5, 9.0], [2.5, -9.0]]).tolist()
    ['left', 'right']

    Paper: Hsieh, Chang, Lin, Keerthi and Sundararajan (2008), doi:10.1145/1390156.1390208. Reference: Cortes and
    Vapnik (1995), "Support-vector networks", doi:10.1007/BF00994018.

    Built in: lesson 04.
    """

    def __init__(self, C: float = 1.0, tol: float = 1e-4, max_iter: int = 1000, random_state: Any = 0) -> None:
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, D), dense or CSR, and y (N,). Raises ValueError for C <= 0, one class, NaN."""
        if not 0 < self.C < np.inf:
            raise ValueError(f"expected C > 0, got {self.C!r}: C is the finite price of a violated margin")
        if not self.max_iter >= 1:
            raise ValueError(f"expected max_iter of 1 or more, got {self.max_iter!r}: each is a pass over the items")
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"expected two classes or more, got 1 class, {self.classes_[0]}: nothing to tell apart")
        positive = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        signs = np.where(y[:, None] == positive, 1.0, -1.0)  # (N, K), two classes: (N, 1)
        seed = check_random_state(self.random_state).randint(2**31)
        generator = np.random.default_rng(seed)
        found = dual_coordinate_descent(_with_ones(X), signs, self.C, self.tol, self.max_iter, generator)
        self.coef_, self.intercept_ = found.weights[:-1].T.copy(), found.weights[-1].copy()  # (K, D) (K,)
        self.n_iter_, self.gap_ = len(found.gaps), float(found.gaps[-1])
        if not self.gap_ <= self.tol:  # NaN too
            advice = "raise max_iter, lower C, or bring the features to a similar size"
            warnings.warn(f"gap {self.gap_:.1e} after {self.n_iter_} passes: {advice}", ConvergenceWarning, 2)
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """How far on its side each item lies, in units of the margin: (N, K), or (N,) for two classes."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        values: FloatArray = X @ self.coef_.T + self.intercept_  # (N, K)
        return values[:, 0] if len(self.classes_) == 2 else values

    def predict(self, X: Any) -> Any:
        """The class with the largest decision value: (N,)."""
        values = self.decision_function(X)
        return self.classes_[(values > 0).astype(int) if values.ndim == 1 else values.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _require_signs(signs: FloatArray) -> None:
    if not (np.abs(signs) == 1).all():
        raise ValueError("expected signs +1 or -1, got other values: np.where(y == k, 1.0, -1.0)")


def _with_ones(X: Any) -> Any:
    """A copy of X with one more column, of ones: its weight is the intercept."""
    if isinstance(X, np.ndarray):
        return np.hstack([X, np.ones((len(X), 1))])  # (N, D + 1)
    from scipy.sparse import csr_array, hstack

    joined = hstack([csr_array(X), np.ones((X.shape[0], 1))], format="csr")  # (N, D + 1)
    joined.sum_duplicates()  # an update adds to each column once
    return joined
