"""One classifier for each modality, with probabilities that may be compared across them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from mmlearn.fuse.blocks import Matrix
from mmlearn.fuse.early import default_classifier
from mmlearn.types import FloatArray, IntArray


def inner_folds(y: Any, groups: Any, folds: int = 3) -> list[tuple[IntArray, IntArray]]:
    """Divisions of the training rows for scores that no row gives to itself: (train, test) row numbers.

    Every class is in every part where possible. With groups (families), no group is in two parts: relatives
    on both sides would make a classifier look surer than it will be on strangers.

    Args:
        y: (n,) labels.
        groups: (n,) group of each row, or None.
        folds: how many parts; fewer if the rarest class has fewer rows.

    Raises ValueError if a class has a single row, or all its rows in one group: then no part can hold it out and
    still train on it.

    >>> [test.tolist() for _, test in inner_folds(["a", "b", "a", "b"], None)]
    [[0, 1], [2, 3]]

    Built in: lesson 04.
    """
    y = np.asarray(y)
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        rare = classes[counts.argmin()]
        raise ValueError(f"expected at least 2 items of every class to calibrate on, got 1 of class {rare}")
    parts = min(folds, int(counts.min()))
    if groups is None:
        return list(StratifiedKFold(parts).split(y, y))
    families = np.asarray(groups)
    if families.shape != y.shape:
        raise ValueError(f"expected one group a row, shape {y.shape}, got {families.shape}")
    parts = min(parts, len(np.unique(families)))
    if parts < 2:
        raise ValueError("expected at least 2 groups, got 1: nothing can be held out")
    divisions = list(StratifiedGroupKFold(parts).split(y, y, families))
    for train, _ in divisions:
        if (lost := np.setdiff1d(classes, y[train])).size:
            raise ValueError(
                f"expected every class in at least 2 groups, but class {lost[0]} is held out whole: "
                "then it cannot be learned"
            )
    return divisions


def check_groups(groups: ArrayLike | None, y: Any) -> Any:
    """The groups as an array, None for None; an error unless there is one for each label.

    >>> check_groups(["s1", "s1", "s2"], [0, 1, 0])
    array(['s1', 's1', 's2'], dtype='<U2')

    Built in: lesson 04.
    """
    if groups is None:
        return None
    if np.shape(groups) != np.shape(y):
        raise ValueError(f"expected one group a row, {len(y)}, got shape {np.shape(groups)}")
    return np.asarray(groups)


def fit_expert(classifier: Any, X: Matrix, y: Any, groups: Any = None) -> Any:
    """A classifier fitted on one modality, calibrated by Platt's sigmoid if it gives no probabilities itself.

    The sigmoid is fitted on scores that each row got from a classifier that had not seen it (`inner_folds`);
    the classifier that answers later is trained on all rows.

    Args:
        classifier: scikit-learn classifier, or None for LinearSVC.
        X: (n, D), dense or CSR; y: (n,) labels; groups: (n,) or None.

    Built in: lesson 04.
    """
    own = classifier if classifier is not None else default_classifier()
    if hasattr(own, "predict_proba"):
        return clone(own).fit(X, y)
    return CalibratedClassifierCV(clone(own), cv=inner_folds(y, groups), ensemble=False).fit(X, y)


def expert_probabilities(expert: Any, X: Matrix, classes: ArrayLike) -> FloatArray:
    """(N, C) probabilities in the order of `classes`; 0 for a class that this modality never met.

    Built in: lesson 04.
    """
    known = np.searchsorted(np.asarray(classes), expert.classes_)
    spread = np.zeros((X.shape[0], len(np.asarray(classes))))
    spread[:, known] = expert.predict_proba(X)
    return spread
