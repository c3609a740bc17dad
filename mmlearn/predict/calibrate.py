"""From decision values to probabilities: Platt scaling, and a classifier that does it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import check_cv, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.predict.svm import LinearSVM
from mmlearn.types import FloatArray


def platt_probabilities(values: ArrayLike, slope: float, offset: float) -> FloatArray:
    r"""A sigmoid of the decision values: ``p = 1 / (1 + exp(slope * f + offset))``.

    The sign is Platt's, so a sensible `slope` is negative: then a larger f is a larger p. Written so that no
    exp overflows, whichever way the exponent points.

    Args:
        values: decision values f, any shape.
        slope, offset: Platt's A and B, as `platt_scale` finds them.

    Returns probabilities, 0 to 1, of the same shape.

    >>> platt_probabilities([-1000, 0, 2], slope=-1.0, offset=0.0).round(3)
    array([0.   , 0.5  , 0.881])

    Paper: Platt (1999), "Probabilistic outputs for support vector machines and comparisons to regularized
    likelihood methods", in Advances in large margin classifiers, MIT Press.

    Built in: lesson 04.
    """
    exponent = slope * np.asarray(values, dtype=np.float64) + offset
    small = np.exp(-np.abs(exponent))  # never above 1
    probabilities: FloatArray = np.where(exponent >= 0, small, 1.0) / (1 + small)
    return probabilities


def platt_scale(values: ArrayLike, positive: ArrayLike, max_iter: int = 100) -> tuple[float, float]:
    r"""The sigmoid that fits decision values best: (slope, offset) for `platt_probabilities`.

    Minimises ``- sum_i t_i log p_i + (1 - t_i) log(1 - p_i)`` by Newton's method with step halving. The targets
    t are not 1 and 0 but ``(N+ + 1) / (N+ + 2)`` and ``1 / (N- + 2)``, so that no finite sample claims certainty
    and the minimum exists even where the two classes do not overlap. Equal to scikit-learn's sigmoid
    calibration (which minimises the same by L-BFGS).

    The values must come from items that the classifier was **not** trained on; on its own training items it
    is right too often, and the sigmoid would be too steep.

    Args:
        values: (N,) decision values, finite.
        positive: (N,) booleans or 0 and 1: does the item belong to the class?
        max_iter: Newton steps at most; about ten are needed.

    Returns (slope, offset). Raises ValueError for unequal lengths, NaN, or items of one kind only.

    >>> slope, offset = platt_scale([-2, -1, -1, 0, 0, 1, 1, 2], [0, 0, 0, 0, 1, 1, 1, 1])
    >>> platt_probabilities([-1, 0, 1], slope, offset).round(2)
    array([0.24, 0.5 , 0.76])

    Paper: Platt (1999); the method is that of Lin, Lin and Weng (2007), "A note on Platt's probabilistic
    outputs for support vector machines", doi:10.1007/s10994-007-5018-6.

    Built in: lesson 04.
    """
    scores, truth = _values_and_truth(values, positive)
    scale = max(1.0, float(np.abs(scores).max()))  # Newton on values of size 1, whatever their unit
    basis = np.stack([scores / scale, np.ones(len(scores))], axis=1)  # (N, 2)
    n_positive, n_negative = truth.sum(), (~truth).sum()
    targets = np.where(truth, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))  # (N,)
    found = np.array([0.0, np.log((n_negative + 1) / (n_positive + 1))])  # no slope: the share of positives
    for _ in range(max_iter):
        p = platt_probabilities(basis @ found, 1.0, 0.0)  # (N,)
        gradient = (targets - p) @ basis  # (2,)
        if np.abs(gradient).max() < 1e-10 * len(scores):
            break
        hessian = (basis * (p * (1 - p))[:, None]).T @ basis + 1e-12 * np.eye(2)  # (2, 2)
        found = _downhill(found, -np.linalg.solve(hessian, gradient), basis, targets)
    return float(found[0] / scale), float(found[1])


class CalibratedSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with decision values, made to give probabilities.

    Decision values are taken **out of fold** (each item's from a copy trained without it), a sigmoid is fitted
    for each class against the rest, and the classifier is then trained once more on everything. With more than
    two classes the sigmoids are divided by their sum. The same as scikit-learn's
    ``CalibratedClassifierCV(classifier, method="sigmoid", ensemble=False, cv=cv)``.

    Args:
        classifier: with a `decision_function`; None: `LinearSVM()`. It is cloned, never changed.
        cv: folds, or a splitter, or a list of (train, test); give splits by family where relatives occur.

    Attributes:
        classes_: (K,) sorted.
        classifier_: trained on all items.
        sigmoids_: (K, 2) slope and offset of each class, (1, 2) for two classes.
        n_features_in_: D.

    >>> X, y = [[-2.0], [-1.5], [-1.0], [1.0], [1.5], [2.0]], ["no", "no", "no", "yes", "yes", "yes"]
    >>> model = CalibratedSVM(cv=3).fit(X, y)
    >>> model.predict_proba([[0.0]]).round(2)
    array([[0.5, 0.5]])

    Paper: Platt (1999); Zadrozny and Elkan (2002), "Transforming classifier scores into accurate multiclass
    probability estimates", doi:10.1145/775047.775151.

    Built in: lesson 04.
    """

    def __init__(self, classifier: Any = None, cv: Any = 3) -> None:
        self.classifier = classifier
        self.cv = cv

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, D), dense or CSR, and y (N,). Raises ValueError for one class, NaN, or too few items."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(y)
        self.classes_, place, sizes = np.unique(y, return_inverse=True, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError(f"expected two classes or more, got 1 class, {self.classes_[0]}: nothing to tell apart")
        if isinstance(self.cv, int | np.integer) and sizes.min() < self.cv:
            few = self.classes_[sizes.argmin()]
            raise ValueError(
                f"expected {self.cv} items of each class for {self.cv} folds, class {few} has {sizes.min()}"
            )
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y))
        values = cross_val_predict(self._machine(), X, y, cv=folds, method="decision_function")  # (N,) or (N, K)
        kinds = range(1, 2) if values.ndim == 1 else range(len(self.classes_))
        columns = values.reshape(len(values), -1).T  # (K, N), two classes: (1, N)
        self.sigmoids_ = np.array([platt_scale(f, place == k) for f, k in zip(columns, kinds, strict=True)])
        self.classifier_ = self._machine().fit(X, y)
        return self

    def predict_proba(self, X: Any) -> FloatArray:
        """Probability of each class: (N, K), rows sum to one."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        values = self.classifier_.decision_function(X).reshape(X.shape[0], -1)  # (N, K), two classes: (N, 1)
        each = np.stack([platt_probabilities(f, *ab) for f, ab in zip(values.T, self.sigmoids_, strict=True)], axis=1)
        if len(self.classes_) == 2:
            return np.hstack([1 - each, each])  # (N, 2)
        total = each.sum(axis=1, keepdims=True)  # (N, 1)
        even = np.full_like(each, 1 / each.shape[1])
        probabilities: FloatArray = np.divide(each, total, out=even, where=total > 0)
        return probabilities  # where all sigmoids are 0, no class is favoured

    def predict(self, X: Any) -> Any:
        """The most probable class: (N,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def _machine(self) -> Any:
        return LinearSVM() if self.classifier is None else clone(self.classifier)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = get_tags(self._machine()).input_tags.sparse
        return tags


def _values_and_truth(values: ArrayLike, positive: ArrayLike) -> tuple[FloatArray, Any]:
    scores, truth = np.asarray(values, dtype=np.float64), np.asarray(positive)
    if scores.ndim != 1 or scores.shape != truth.shape:
        raise ValueError(f"expected an answer for each decision value, got shapes {scores.shape} and {truth.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("expected finite decision values, got NaN or infinity among them")
    if not np.isin(truth, (0, 1)).all():
        raise ValueError("expected True or False (or 1 and 0) for each item: for class k, that is y == k")
    truth = truth.astype(bool)
    if truth.all() or not truth.any():
        raise ValueError("expected items inside and outside the class, got only one kind: no sigmoid fits that")
    return scores, truth


def _downhill(found: FloatArray, step: FloatArray, basis: FloatArray, targets: FloatArray) -> FloatArray:
    """A Newton step, halved until it goes down."""
    before, length = _loss(found, basis, targets), 1.0
    while length > 1e-10 and _loss(found + length * step, basis, targets) > before:
        length /= 2
    return found + length * step


def _loss(found: FloatArray, basis: FloatArray, targets: FloatArray) -> float:
    exponent = basis @ found  # (N,) -log p = log(1 + exp(z)), -log(1 - p) = log(1 + exp(-z))
    return float((targets * np.logaddexp(0, exponent) + (1 - targets) * np.logaddexp(0, -exponent)).sum())
