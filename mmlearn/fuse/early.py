"""Early fusion: join the features first, decide once."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.svm import LinearSVC
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mmlearn.fuse.blocks import Blocks, Matrix, check_weights, join_blocks, join_normalised, split_blocks


def default_classifier() -> Any:
    """The course's workhorse: scikit-learn's linear support vector machine, always with the same result.

    >>> default_classifier().random_state
    0

    Built in: lesson 04.
    """
    return LinearSVC(random_state=0)


def check_labels(y: Any) -> Any:
    """The sorted classes among the training labels; an error if there is only one.

    >>> check_labels(["cat", "dog", "cat"])
    array(['cat', 'dog'], dtype='<U3')

    Built in: lesson 04.
    """
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"expected labels of at least two classes, got only one class, {classes[0]}")
    return classes


def _classifier_has(method: str) -> Any:
    def there(self: Any) -> bool:
        own = getattr(self, "classifier_", self.classifier if self.classifier is not None else LinearSVC())
        return hasattr(own, method)

    return there


class EarlyFusion(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    r"""Classifier on the joined features of all modalities (feature-level fusion).

    ``z = [w_1 x_1 / |x_1|, ..., w_M x_M / |x_M|]``, then one classifier on z. It sets the weights of all
    features together, so it can see that a feature of one modality repeats a feature of the other (that red
    matters *because of* the word "heart" takes a classifier that is not linear); in return it needs all
    modalities at once, and a missing one leaves a hole that training did not show. With `normalise=False`
    the blocks keep their own lengths, as in plain concatenation.

    Args:
        blocks: (name, width) of each modality in X's columns, at most one width -1 for the rest; None: one block.
        flags: True if X's first M columns are presence flags, 1 or 0 (`join_blocks`, `ModalityEncoder`). A
            missing block counts as zeros; with all missing, the classifier's own offset decides.
        weights: (M,) weight of each block, >= 0; None: all 1. Only their effect on validation can choose them.
        normalise: bring each block's rows to length 1 first.
        classifier: any scikit-learn classifier that takes the joined matrix; None: LinearSVC.

    After `fit`: ``classes_`` (C,), ``classifier_``, ``n_features_in_``. `fit` and `predict` raise ValueError for
    NaN, columns that do not fit the blocks, flags other than 0 and 1, features under a flag of 0, one class.

    >>> X = np.array([[9., 0., 1., 0.], [8., 0., 0., 1.], [0., 7., 1., 0.], [0., 9., 0., 1.]])
    >>> model = EarlyFusion(blocks=(("image", 2), ("text", 2))).fit(X, ["a", "a", "b", "b"])
    >>> model.predict([[1., 0., 0., 1.]])
    array(['a'], dtype='<U1')

    Reference: Baltrusaitis, Ahuja and Morency (2019), "Multimodal machine learning: a survey and taxonomy",
    section 6.1, arXiv:1705.09406.

    Built in: lesson 04.
    """

    def __init__(
        self,
        blocks: Blocks = None,
        flags: bool = False,
        weights: ArrayLike | None = None,
        normalise: bool = True,
        classifier: Any = None,
    ) -> None:
        self.blocks = blocks
        self.flags = flags
        self.weights = weights
        self.normalise = normalise
        self.classifier = classifier

    def fit(self, X: Matrix, y: ArrayLike) -> Self:
        """Learn from X (N, D), dense or CSR, and labels y (N,)."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        self.classes_ = check_labels(y)
        own = self.classifier if self.classifier is not None else default_classifier()
        self.classifier_ = clone(own).fit(self._joined(X), y)
        return self

    def fused(self, X: Matrix) -> Matrix:
        """What the classifier sees: the weighted blocks without the flags, (N, D_1 + ... + D_M)."""
        check_is_fitted(self)
        return self._joined(validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False))

    def predict(self, X: Matrix) -> Any:
        """The most likely class of each row, (N,)."""
        check_is_fitted(self)
        return self.classifier_.predict(self.fused(X))

    @available_if(_classifier_has("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Matrix) -> Any:
        """The classifier's scores, (N, C), or (N,) with two classes."""
        check_is_fitted(self)
        return self.classifier_.decision_function(self.fused(X))

    @available_if(_classifier_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Matrix) -> Any:
        """The classifier's probabilities, (N, C), if it gives any."""
        check_is_fitted(self)
        return self.classifier_.predict_proba(self.fused(X))

    def _joined(self, X: Matrix) -> Matrix:
        parts, _ = split_blocks(X, self.blocks, self.flags)
        shares = check_weights(self.weights, len(parts))
        if self.normalise:
            return join_normalised(parts, shares)
        return join_blocks([weight * part for weight, part in zip(shares, parts.values(), strict=True)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
