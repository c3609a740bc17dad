"""The majority baseline, against scikit-learn's dummy and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from mmlearn.score.baselines import majority_accuracy, majority_label


def agrees_with_scikit_learn(accuracy: Callable[[Any, Any], float]) -> bool:
    """On random labels, some of which training has never seen."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        train, test = rng.integers(0, 5, 101), rng.integers(0, 6, 57)
        dummy = DummyClassifier(strategy="most_frequent").fit(train[:, None], train)
        if not np.isclose(accuracy(train, test), dummy.score(test[:, None], test), rtol=0, atol=1e-12):
            return False
    return True


def test_equal_to_scikit_learn() -> None:
    assert agrees_with_scikit_learn(majority_accuracy)


# Each is a slip that would be easy to make in `majority_accuracy`; the comparison above must notice it.
SEEDED_BUGS = (
    lambda train, test: majority_accuracy(test, test),
    lambda train, test: majority_accuracy(train, train),
    lambda train, test: majority_accuracy(train, test) * len(test) / len(train),
    lambda train, test: float((test == np.unique(train)[np.unique(train, return_counts=True)[1].argmin()]).mean()),
    lambda train, test: float((test == train[0]).mean()),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[[Any, Any], float]) -> None:
    assert not agrees_with_scikit_learn(bug)


def test_the_guess_comes_from_training_alone() -> None:
    assert majority_accuracy(["a", "a", "b"], ["b", "b", "b", "a"]) == 0.25


def test_words_and_numbers_keep_their_kind() -> None:
    assert majority_label(["x", "y", "y"]) == "y"
    assert type(majority_label(np.array([3, 3, 1]))) is int


def test_a_tie_goes_to_the_first_in_sorted_order_whatever_the_order_seen() -> None:
    assert majority_label(["b", "a"]) == majority_label(["a", "b"]) == "a"


def test_labels_never_seen_in_training_are_misses() -> None:
    assert majority_accuracy([1, 1], [2, 3]) == 0.0


@pytest.mark.parametrize(("train", "test"), [([], [1]), ([1], []), ([[1, 2]], [1]), ([1], [[1]])])
def test_empty_or_misshapen_labels_are_errors(train: list[object], test: list[object]) -> None:
    with pytest.raises(ValueError, match="at least one, got shape"):
        majority_accuracy(train, test)
