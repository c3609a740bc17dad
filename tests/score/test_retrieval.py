"""Recall at k against a slow, obvious count and against random orders of the ties."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.score.retrieval import hits_at_k, recall_at_k


def _slow(similarity: np.ndarray, k: int) -> float:
    hits = 0
    for query, row in enumerate(similarity):
        first = sorted(range(len(row)), key=lambda item: -row[item])[:k]
        hits += query in first
    return hits / len(similarity)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_equals_the_slow_count_without_ties(k: int) -> None:
    similarity = np.random.default_rng(0).normal(size=(6, 8))
    assert recall_at_k(similarity, k) == pytest.approx(_slow(similarity, k))


def test_ties_are_shared_as_coin_tosses_would() -> None:
    similarity = np.random.default_rng(1).integers(0, 3, (5, 7)).astype(float)
    generator = np.random.default_rng(2)
    tossed = [_slow(similarity + 1e-6 * generator.random(similarity.shape), 2) for _ in range(4000)]
    assert recall_at_k(similarity, 2) == pytest.approx(np.mean(tossed), abs=0.01)


def test_a_search_that_likes_everything_is_at_chance() -> None:
    for k in (1, 3, 10):
        assert recall_at_k(np.ones((10, 10)), k) == pytest.approx(k / 10)


def test_perfect_worst_and_full_depth() -> None:
    assert recall_at_k(np.eye(5), 1) == 1
    assert recall_at_k(1 - np.eye(5), 4) == 0
    assert recall_at_k(1 - np.eye(5), 5) == 1


def test_hits_are_per_query_and_never_fall_with_k() -> None:
    similarity = np.random.default_rng(3).integers(0, 4, (6, 6))
    rows = np.stack([hits_at_k(similarity, k) for k in range(1, 7)])
    assert rows.shape == (6, 6) and (np.diff(rows, axis=0) >= 0).all() and (rows[-1] == 1).all()


def test_queries_are_rows() -> None:
    similarity = np.array([[0.5, 0.9], [0.1, 0.6]])  # row 0 misses its match; column 1 would
    assert hits_at_k(similarity, 1).tolist() == [0, 1]
    assert hits_at_k(similarity.T, 1).tolist() == [1, 0]


@pytest.mark.parametrize("k", [1.5, 2.0, "1", None, float("nan")])
def test_a_depth_that_is_no_whole_number_is_refused(k) -> None:
    with pytest.raises(ValueError, match="expected k to be a whole number, got"):
        hits_at_k(np.eye(3), k)


def test_a_depth_counted_by_numpy_will_do() -> None:
    assert hits_at_k(np.eye(3), np.int64(1)).tolist() == [1, 1, 1]


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="NaN"):
        recall_at_k([[np.nan]], 1)
    with pytest.raises(ValueError, match="k from 1"):
        recall_at_k(np.eye(3), 4)
    with pytest.raises(ValueError, match="k from 1"):
        recall_at_k(np.eye(3), 0)
    with pytest.raises(ValueError, match="an item for every query"):
        recall_at_k(np.ones((3, 2)), 1)
