"""Rank correlation against SciPy's, ties and constant rows included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from mmlearn.score import agreement


def test_equals_scipy_row_by_row() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 5, (20, 9)), generator.normal(size=(20, 9)).round(1)
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(agreement.rank_correlation(first, second), expected, atol=1e-12)


def test_only_the_order_counts() -> None:
    rows = np.random.default_rng(1).normal(size=(4, 30))
    np.testing.assert_allclose(agreement.rank_correlation(rows, np.exp(rows)), 1)
    np.testing.assert_allclose(agreement.rank_correlation(rows, -(rows**3)), -1)


def test_a_row_without_an_order_says_nothing() -> None:
    flat = np.zeros((2, 5))
    flat[1] = np.arange(5)
    found = agreement.rank_correlation(flat, flat)
    assert np.isnan(found[0]) and found[1] == 1


def test_refuses_bad_input() -> None:
    for first, second in (([1, 2], [1, 2]), ([[1, 2]], [[1, 2, 3]]), ([[1]], [[1]])):
        with pytest.raises(ValueError, match="two tables"):
            agreement.rank_correlation(first, second)
    with pytest.raises(ValueError, match="finite"):
        agreement.rank_correlation([[1, np.nan]], [[1, 2]])


def pearson(first: Any, second: Any) -> np.ndarray:
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(first, second, strict=True)])


def ties_by_order(rows: np.ndarray) -> np.ndarray:
    return rows.argsort(axis=1, kind="stable").argsort(axis=1) - (rows.shape[1] - 1) / 2


def order_for_rank(rows: np.ndarray) -> np.ndarray:
    return rows.argsort(axis=1) - (rows.shape[1] - 1) / 2


SEEDED_BUGS = (
    ("the values, not their ranks", "rank_correlation", pearson, test_only_the_order_counts),
    ("equal values ranked as they come", "_ranks", ties_by_order, test_equals_scipy_row_by_row),
    ("argsort once: the order, not the ranks", "_ranks", order_for_rank, test_equals_scipy_row_by_row),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(agreement, bug)
