"""Late fusion: one classifier a modality decides, then a rule joins the decisions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.fuse.blocks import Blocks, Matrix, check_weights, split_blocks
from mmlearn.fuse.early import check_labels
from mmlearn.fuse.experts import check_groups, expert_probabilities, fit_expert
from mmlearn.fuse.rules import average_rule, product_rule, vote_rule, weighted_rule
from mmlearn.types import BoolArray, FloatArray

RULES = ("average", "weighted", "product", "bayes", "vote")


class LateFusion(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    r"""A classifier for each modality, their calibrated probabilities joined by a rule (decision-level fusion).

    ``p_m(c | x_m)`` from classifier m alone; then average, weighted, product, bayes (product with the prior
    divided out) or vote, as in `mmlearn.fuse.rules`. A modality may be missing at training and at test: its
    classifier learns from the rows that have it, and the rule leaves it out where it is not. No
    classifier knows of the others, so a hint that two modalities repeat looks like two hints.

    Args:
        blocks: (name, width) of each modality in X's columns, at most one width -1 for the rest; None: one block.
        flags: True if X's first M columns are presence flags, 1 or 0.
        rule: "average", "weighted", "product", "bayes" or "vote".
        weights: (M,) for the rule "weighted", >= 0; to be chosen on validation. Other rules take None only.
        classifier: for every modality; one without `predict_proba` is calibrated (`fit_expert`). None: LinearSVC.

    After `fit`: ``classes_`` (C,), ``experts_`` one a modality, ``class_prior_`` (C,) the classes' shares in
    training, which answer where nothing is present. Raises ValueError as `EarlyFusion`, and for an unknown rule.

    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 3)), np.repeat([0, 1], 20)
    >>> X[y == 1] += 3
    >>> LateFusion(blocks=(("image", 2), ("text", 1)), rule="product").fit(X, y).predict([[3., 3., 3.]])
    array([1])

    Reference: Kittler, Hatef, Duin and Matas (1998), "On combining classifiers", doi:10.1109/34.667881.

    Built in: lesson 04.
    """

    def __init__(
        self,
        blocks: Blocks = None,
        flags: bool = False,
        rule: str = "average",
        weights: ArrayLike | None = None,
        classifier: Any = None,
    ) -> None:
        self.blocks = blocks
        self.flags = flags
        self.rule = rule
        self.weights = weights
        self.classifier = classifier

    def fit(self, X: Matrix, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn from X (N, D), dense or CSR, labels y (N,), and groups (N,) that calibration keeps together."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        families = check_groups(groups, y)
        self.classes_ = check_labels(y)
        views = self._views(X)
        self._check_rule(len(views))
        self.class_prior_ = (np.asarray(y)[:, None] == self.classes_).mean(axis=0)  # (C,)
        self.experts_ = [self._expert(name, view, there, y, families) for name, (view, there) in views.items()]
        return self

    def predict_each(self, X: Matrix) -> tuple[FloatArray, BoolArray]:
        """Every modality's own probabilities (M, N, C), and who is present (N, M).

        The rows of a missing modality hold the classes' shares in training.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        views = self._views(X)
        each = np.tile(self.class_prior_, (len(views), X.shape[0], 1))  # (M, N, C)
        for m, (view, there) in enumerate(views.values()):
            if there.any():
                each[m, there] = expert_probabilities(self.experts_[m], view[there], self.classes_)
        return each, np.stack([there for _, there in views.values()], axis=1)

    def predict_proba(self, X: Matrix) -> Any:
        """The fused probabilities, (N, C)."""
        each, present = self.predict_each(X)
        self._check_rule(len(each))  # set_params may have changed it since fit
        if self.rule == "weighted":
            return weighted_rule(each, self.weights, present, self.class_prior_)
        if self.rule in {"product", "bayes"}:
            return product_rule(each, present, self.class_prior_, divide=self.rule == "bayes")
        rule = vote_rule if self.rule == "vote" else average_rule
        return rule(each, present, self.class_prior_)

    def predict(self, X: Matrix) -> Any:
        """The most likely class of each row, (N,)."""
        fused = self.predict_proba(X)
        return self.classes_[fused.argmax(axis=1)]

    def _views(self, X: Matrix) -> dict[str, tuple[Matrix, BoolArray]]:
        """What each classifier looks at, by name: features (N, D_m), and which rows have them (N,)."""
        parts, present = split_blocks(X, self.blocks, self.flags)
        return {name: (part, present[:, m]) for m, (name, part) in enumerate(parts.items())}

    def _expert(self, name: str, view: Matrix, there: BoolArray, y: Any, groups: Any) -> Any:
        if len(np.unique(y[there])) < 2:
            raise ValueError(f"expected rows of at least two classes that have block {name!r}, got {there.sum()} rows")
        return fit_expert(self.classifier, view[there], y[there], None if groups is None else groups[there])

    def _check_rule(self, count: int) -> None:
        if self.rule not in RULES:
            raise ValueError(f"unknown rule {self.rule!r}: choose from {', '.join(RULES)}")
        if self.rule == "weighted":
            check_weights(self.weights, count)
        elif self.weights is not None:
            raise ValueError(f'weights would be ignored by the rule {self.rule!r}: use rule="weighted" or weights=None')

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
