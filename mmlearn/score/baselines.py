"""The opponent that every model must beat: always give the most frequent answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def majority_label(train_labels: ArrayLike) -> str | int:
    """The most frequent training label; of several equally frequent ones, the first in sorted order.

    Args:
        train_labels: (N,) strings or whole numbers, N >= 1.

    Raises ValueError if there is no label or the shape is not (N,).

    >>> majority_label(["cat", "dog", "dog"])
    'dog'

    Built in: lesson 00.
    """
    labels = np.asarray(train_labels)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"expected a list of training labels, at least one, got shape {labels.shape}")
    kinds, counts = np.unique(labels, return_counts=True)
    winner: str | int = kinds[counts.argmax()].item()
    return winner


def majority_accuracy(train_labels: ArrayLike, test_labels: ArrayLike) -> float:
    """Share of the test labels that equal the most frequent **training** label.

    ``mean over test items of [label = mode of the training labels]``. The guess may use the training labels
    only: looking at the test labels to choose it would be the first small leak.

    Args:
        train_labels: (N,) strings or whole numbers, N >= 1.
        test_labels: (M,) of the same kind, M >= 1.

    Returns a share, 0 to 1. Raises ValueError if either is empty or the shape is wrong.

    >>> majority_accuracy(["cat", "dog", "dog"], ["dog", "cat", "cat", "bird"])
    0.25

    Built in: lesson 00.
    """
    truth = np.asarray(test_labels)
    if truth.ndim != 1 or not truth.size:
        raise ValueError(f"expected a list of test labels, at least one, got shape {truth.shape}")
    return float((truth == majority_label(train_labels)).mean())
