"""How well labels were guessed: accuracy, who is taken for whom, precision, recall and F1."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlearn.types import FloatArray, IntArray


class ClassScores(NamedTuple):
    """Scores of each class, all of shape (C,), in the order of `labels`.

    Built in: lesson 04.
    """

    labels: NDArray[Any]
    precision: FloatArray  # of those called so, the share that are
    recall: FloatArray  # of those that are, the share called so
    f1: FloatArray
    support: IntArray  # how many there are


def accuracy(truth: ArrayLike, guess: ArrayLike) -> float:
    """Share of the items whose guess equals the truth.

    Args:
        truth: (N,) strings or whole numbers, N >= 1.
        guess: (N,) of the same kind.

    Returns a share, 0 to 1. Raises ValueError for unequal lengths, no items, or words beside numbers.

    >>> accuracy(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666

    Built in: lesson 04.
    """
    true, guessed = _pair(truth, guess)
    return float((true == guessed).mean())


def confusion_matrix(truth: ArrayLike, guess: ArrayLike, labels: ArrayLike | None = None) -> IntArray:
    """Entry [i, j] counts the items of class i that were taken for class j: rows are truth, columns guesses.

    Some books put the truth in the columns; this is scikit-learn's way round.

    Args:
        truth: (N,) strings or whole numbers, N >= 1.
        guess: (N,) of the same kind.
        labels: (C,) classes in the order wanted; None: all that occur in either, sorted. Items with a truth
            or a guess outside `labels` are not counted.

    Returns (C, C) int64. Raises ValueError as `accuracy`, and for repeated labels or none.

    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    array([[1, 0],
           [1, 1]])

    Built in: lesson 04.
    """
    true, guessed = _pair(truth, guess)
    kinds = _labels(true, guessed, labels)
    order = np.argsort(kinds)
    places = [
        order[np.searchsorted(kinds, column, sorter=order).clip(max=len(kinds) - 1)] for column in (true, guessed)
    ]
    known = (kinds[places[0]] == true) & (kinds[places[1]] == guessed)  # (N,)
    counts = np.zeros((len(kinds), len(kinds)), dtype=np.int64)
    np.add.at(counts, (places[0][known], places[1][known]), 1)
    return counts


def class_scores(truth: ArrayLike, guess: ArrayLike, labels: ArrayLike | None = None) -> ClassScores:
    r"""Precision, recall and F1 of each class.

    With ``right`` items of a class found, ``called`` so and ``there`` in truth:
    ``precision = right / called``, ``recall = right / there``, ``F1 = 2 right / (called + there)``, which is
    the harmonic mean of the two. Where a denominator is 0 the score is 0 (scikit-learn: the same, with a
    warning): a class that is never guessed has no precision to speak of.

    Args:
        truth, guess: (N,) as in `accuracy`.
        labels: (C,) the classes wanted; None: all that occur in truth or guess, sorted. Unlike in the confusion
            matrix, a guess outside `labels` still counts as a miss of the item's own class.

    Returns `ClassScores`. Raises ValueError as `confusion_matrix`.

    >>> scores = class_scores(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    >>> scores.precision, scores.recall, scores.f1.round(3)
    (array([0.5, 1. ]), array([1. , 0.5]), array([0.667, 0.667]))

    Reference: van Rijsbergen (1979), "Information retrieval", chapter 7, Butterworths.

    Built in: lesson 04.
    """
    true, guessed = _pair(truth, guess)
    kinds = _labels(true, guessed, labels)
    is_true, is_guessed = true == kinds[:, None], guessed == kinds[:, None]  # (C, N) (C, N)
    right = (is_true & is_guessed).sum(axis=1)  # (C,)
    called, there = is_guessed.sum(axis=1), is_true.sum(axis=1)
    f1 = _share(2 * right, called + there)
    return ClassScores(kinds, _share(right, called), _share(right, there), f1, there)


def macro_f1(truth: ArrayLike, guess: ArrayLike, labels: ArrayLike | None = None) -> float:
    """The plain mean of the classes' F1: every class counts the same, however few it has.

    Args: as in `class_scores`, which also says what is raised.

    >>> truth = ["common"] * 98 + ["rare"] * 2
    >>> round(accuracy(truth, ["common"] * 100), 3), round(macro_f1(truth, ["common"] * 100), 3)
    (0.98, 0.495)

    Built in: lesson 04.
    """
    return float(class_scores(truth, guess, labels).f1.mean())


def _pair(truth: ArrayLike, guess: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    true, guessed = np.asarray(truth), np.asarray(guess)
    if true.ndim != 1 or true.shape != guessed.shape or not true.size:
        raise ValueError(f"expected a guess for each item, at least one, got shapes {true.shape} and {guessed.shape}")
    if _has_none(true) or _has_none(guessed):
        raise ValueError(
            "expected a label for each item, got None among them: leave those items out, or name the class"
        )
    if _words(true) != _words(guessed):
        raise ValueError("expected truth and guess of one kind, got words in one and numbers in the other")
    return true, guessed


def _labels(true: NDArray[Any], guessed: NDArray[Any], labels: ArrayLike | None) -> NDArray[Any]:
    if labels is None:
        return np.union1d(true, guessed)
    kinds = np.asarray(labels)
    if _has_none(kinds):
        raise ValueError(f"expected labels as a list of classes, got None among them: {labels!r}")
    if kinds.ndim != 1 or not kinds.size or len(np.unique(kinds)) != len(kinds):
        raise ValueError(f"expected labels as a list of different classes, at least one, got {labels!r}")
    if _words(kinds) != _words(true):
        raise ValueError(f"expected labels of the truth's kind, words or numbers, got {labels!r}")
    return kinds


def _has_none(column: NDArray[Any]) -> bool:
    return column.dtype == object and any(x is None for x in column.ravel().tolist())


def _words(column: NDArray[Any]) -> bool:
    return column.dtype.kind in "US" or any(isinstance(x, str) for x in column.tolist())


def _share(part: IntArray, whole: IntArray) -> FloatArray:
    return part / np.where(whole > 0, whole, 1)
