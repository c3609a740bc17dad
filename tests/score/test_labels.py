"""Accuracy, confusion and F1 against scikit-learn, on uneven labels, missing classes and chosen labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from mmlearn.score.labels import accuracy, class_scores, confusion_matrix, macro_f1

RNG = np.random.default_rng(0)
WORDS = np.array(["ape", "bee", "cat", "dog", "elk"])
PAIRS = [
    (RNG.integers(0, 4, 80) * RNG.integers(0, 2, 80), RNG.integers(0, 4, 80)),
    (WORDS[RNG.integers(0, 3, 40)], WORDS[RNG.integers(1, 5, 40)]),  # ape never guessed, elk never true
    (np.array([2, 2, 2]), np.array([2, 2, 2])),
    (np.array([0, 0, 1]), np.array([5, 5, 5])),
    (np.array([True, False, True]), np.array([True, True, False])),
]


def labels_for(truth: Any) -> list[Any]:
    kinds = np.unique(truth)
    return [None, kinds[::-1], kinds[:1]]


def agrees(confusion: Callable[..., Any], f1: Callable[..., float]) -> bool:
    for truth, guess in PAIRS:
        for labels in labels_for(truth):
            due = metrics.f1_score(truth, guess, labels=labels, average="macro", zero_division=0)
            found = confusion(truth, guess, labels)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scikit-learn asks about a matrix of one cell
                theirs = metrics.confusion_matrix(truth, guess, labels=labels)
            if found.shape != theirs.shape or (found != theirs).any():
                return False
            if not np.isclose(f1(truth, guess, labels), due, rtol=0, atol=1e-12):
                return False
    return True


def test_confusion_and_macro_f1_equal_scikit_learn() -> None:
    assert agrees(confusion_matrix, macro_f1)


def _f1_of_means(truth: Any, guess: Any, labels: Any = None) -> float:
    _, precision, recall, *_ = class_scores(truth, guess, labels)
    return float(2 * precision.mean() * recall.mean() / max(precision.mean() + recall.mean(), 1e-9))


def _weighted(truth: Any, guess: Any, labels: Any = None) -> float:
    scores = class_scores(truth, guess, labels)
    return float(scores.f1 @ scores.support / scores.support.sum())


def _only_true(truth: Any, guess: Any, labels: Any = None) -> float:
    return macro_f1(truth, guess, np.unique(truth) if labels is None else labels)


def _cut(truth: Any, guess: Any, labels: Any = None) -> float:
    kept = np.isin(guess, np.unique(truth) if labels is None else labels)
    return macro_f1(truth[kept], guess[kept], labels) if kept.any() else 0.0


SEEDED_BUGS = (
    (lambda *a: confusion_matrix(*a).T, macro_f1),  # truth in the columns
    (lambda t, g, labels: confusion_matrix(t, g, None if labels is None else np.sort(labels)), macro_f1),
    (confusion_matrix, lambda t, g, labels: accuracy(t, g)),  # micro-F1
    (confusion_matrix, _f1_of_means),
    (confusion_matrix, _weighted),
    (confusion_matrix, _only_true),  # a class that is guessed but never true is left out
    (confusion_matrix, _cut),  # guesses outside the labels are left out
    (confusion_matrix, lambda *a: float(class_scores(*a).precision.mean())),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Any) -> None:
    assert not agrees(*bug)


@pytest.mark.parametrize(("truth", "guess"), PAIRS)
def test_scores_of_each_class_equal_scikit_learn(truth: Any, guess: Any) -> None:
    for labels in labels_for(truth):
        ours = class_scores(truth, guess, labels)
        theirs = metrics.precision_recall_fscore_support(truth, guess, labels=labels, zero_division=0)
        for mine, due in zip(ours[1:], theirs, strict=True):
            np.testing.assert_allclose(mine, due, rtol=0, atol=1e-12)
    assert accuracy(truth, guess) == metrics.accuracy_score(truth, guess)


def test_rows_are_truth_and_items_outside_the_labels_are_not_counted() -> None:
    matrix = confusion_matrix(["a", "a", "b", "c"], ["b", "b", "b", "a"], labels=["b", "a"])
    assert matrix.tolist() == [[1, 0], [2, 0]]
    assert matrix.dtype == np.int64


def test_a_score_without_anything_to_divide_by_is_zero_and_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    scores = class_scores([0, 0], [1, 1], labels=[0, 1, 2])
    assert scores.f1.tolist() == scores.precision.tolist() == scores.recall.tolist() == [0, 0, 0]
    assert not recwarn.list


@pytest.mark.parametrize("score", [accuracy, confusion_matrix, class_scores, macro_f1])
def test_refuses_bad_input(score: Callable[..., Any]) -> None:
    for truth, guess in (([], []), ([1, 2], [1]), ([[1]], [[1]])):
        with pytest.raises(ValueError, match="a guess for each item, at least one"):
            score(truth, guess)
    with pytest.raises(ValueError, match="words in one and numbers in the other"):
        score(["1", "2"], [1, 2])


@pytest.mark.parametrize("labels", [[], [1, 1], 3])
def test_refuses_labels_that_are_none_or_repeated(labels: Any) -> None:
    with pytest.raises(ValueError, match="different classes, at least one"):
        confusion_matrix([1, 2], [1, 2], labels)


@pytest.mark.parametrize("score", [confusion_matrix, class_scores, macro_f1])
def test_refuses_labels_of_another_kind(score: Callable[..., Any]) -> None:
    for truth, labels in ((["a"], [0, 1]), ([0, 1], ["0", "1"])):
        with pytest.raises(ValueError, match="labels of the truth's kind"):
            score(truth, truth, labels=labels)


@pytest.mark.parametrize("score", [accuracy, confusion_matrix, class_scores, macro_f1])
def test_refuses_none_among_the_labels(score: Callable[..., Any]) -> None:
    for truth, guess in ((["a", None], ["a", "b"]), ([0, 1], [0, None])):
        with pytest.raises(ValueError, match="got None among them"):
            score(truth, guess)
    with pytest.raises(ValueError, match="got None among them"):
        confusion_matrix(["a"], ["a"], labels=["a", None])
