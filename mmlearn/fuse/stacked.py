"""Stacked fusion: a second classifier learns how far to trust each of the first ones."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.fuse.blocks import Blocks, Matrix, split_blocks
from mmlearn.fuse.early import check_labels, default_classifier
from mmlearn.fuse.experts import check_groups, inner_folds
from mmlearn.types import FloatArray


def _gives_probabilities(self: Any) -> bool:
    return self.final_classifier is None or hasattr(self.final_classifier, "predict_proba")


class StackedFusion(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    r"""A classifier a modality, and a final classifier that learns from their scores (stacking).

    ``s = [s_1(x_1), ..., s_M(x_M)]``, then ``final(s)``. No rule is chosen by hand: the final classifier finds
    from data that, say, text may be trusted for food and pictures for faces. It must learn from scores of rows
    that the first classifiers had **not** seen (`inner_folds`); on their own training rows these are nearly
    always right, and the final one would learn to believe anything. A missing modality's scores are replaced
    by their mean over training, so that they speak for nobody. Like scikit-learn's StackingClassifier with one
    column selector a modality, but with missing modalities and with groups kept together.

    Args:
        blocks: (name, width) of each modality in X's columns, at most one width -1 for the rest; None: one block.
        flags: True if X's first M columns are presence flags, 1 or 0.
        classifier: for every modality; its `decision_function` is used, else its `predict_proba`. None: LinearSVC.
        final_classifier: learns from the scores; None: LogisticRegression.

    After `fit`: ``classes_`` (C,), ``experts_`` one a modality, ``means_`` (M lists of scores), ``final_``.
    Raises ValueError as `LateFusion`; every class must be among the rows that have a modality, at least twice.

    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 3)), np.repeat([0, 1], 20)
    >>> X[y == 1] += 3
    >>> StackedFusion(blocks=(("image", 2), ("text", 1))).fit(X, y).predict([[3., 3., 3.]])
    array([1])

    Reference: Wolpert (1992), "Stacked generalization", doi:10.1016/S0893-6080(05)80023-1.

    Built in: lesson 04.
    """

    def __init__(
        self, blocks: Blocks = None, flags: bool = False, classifier: Any = None, final_classifier: Any = None
    ) -> None:
        self.blocks = blocks
        self.flags = flags
        self.classifier = classifier
        self.final_classifier = final_classifier

    def fit(self, X: Matrix, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn from X (N, D), dense or CSR, labels y (N,), and groups (N,) that no inner division parts."""
        labels: Any
        X, labels = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        families = check_groups(groups, labels)
        self.classes_ = check_labels(labels)
        parts, present = split_blocks(X, self.blocks, self.flags)
        self.experts_, self.means_, unseen = [], [], []
        for m, (name, part) in enumerate(parts.items()):
            rows = np.flatnonzero(present[:, m])
            if len(np.unique(labels[rows])) < len(self.classes_):
                raise ValueError(f"expected rows of every class that have block {name!r}, got {len(rows)} rows")
            own = self.classifier if self.classifier is not None else default_classifier()
            scores = _unseen_scores(own, part[rows], labels[rows], None if families is None else families[rows])
            self.means_.append(scores.mean(axis=0))
            unseen.append(_filled(scores, rows, X.shape[0], self.means_[m]))
            self.experts_.append(clone(own).fit(part[rows], labels[rows]))
        last = self.final_classifier if self.final_classifier is not None else LogisticRegression(max_iter=1000)
        self.final_ = clone(last).fit(np.hstack(unseen), labels)
        return self

    def scores(self, X: Matrix) -> FloatArray:
        """What the final classifier sees: every modality's scores side by side, (N, M x C), M with two classes."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        parts, present = split_blocks(X, self.blocks, self.flags)
        columns = []
        for m, part in enumerate(parts.values()):
            rows = np.flatnonzero(present[:, m])
            given = _scores(self.experts_[m], part[rows]) if rows.size else np.empty((0, len(self.means_[m])))
            columns.append(_filled(given, rows, X.shape[0], self.means_[m]))
        return np.hstack(columns)

    def predict(self, X: Matrix) -> Any:
        """The most likely class of each row, (N,)."""
        scores = self.scores(X)
        return self.final_.predict(scores)

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Matrix) -> Any:
        """The final classifier's probabilities, (N, C), if it gives any."""
        scores = self.scores(X)
        return self.final_.predict_proba(scores)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _scores(classifier: Any, X: Matrix) -> FloatArray:
    """(n, C) scores, (n, 1) of a decision function with two classes."""
    method = getattr(classifier, "decision_function", None) or classifier.predict_proba
    given = np.asarray(method(X))
    return given.reshape(len(given), -1)


def _unseen_scores(classifier: Any, X: Matrix, y: Any, groups: Any) -> FloatArray:
    """Each row's scores from a classifier that was trained without its part of the rows."""
    pieces = []
    for train, test in inner_folds(y, groups):
        pieces.append((test, _scores(clone(classifier).fit(X[train], y[train]), X[test])))
    scores = np.empty((len(y), pieces[0][1].shape[1]))
    for test, given in pieces:
        scores[test] = given
    return scores


def _filled(scores: FloatArray, rows: Any, n: int, mean: FloatArray) -> FloatArray:
    """(n, width): the scores at their rows, the mean everywhere else."""
    full = np.tile(mean, (n, 1))
    full[rows] = scores
    return full
