"""Ranks, MRR and median rank against slow counts, random orders of the ties and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from mmlearn.score.retrieval import hits_at_k, mean_reciprocal_rank, median_rank, ranks, recall_at_k


def slow_ranks(similarity: np.ndarray) -> list[int]:
    """Sort each row; where does the match stand? For rows without ties."""
    found = []
    for query, row in enumerate(similarity):
        order = sorted(range(len(row)), key=lambda item: -row[item])
        found.append(order.index(query) + 1)
    return found


def tossed(similarity: np.ndarray, measure: Callable[[list[int]], Any], times: int = 3000) -> Any:
    """The mean of a measure over random orders of the ties."""
    generator = np.random.default_rng(7)
    return np.mean(
        [measure(slow_ranks(similarity + 1e-6 * generator.random(similarity.shape))) for _ in range(times)], axis=0
    )


def without_ties() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(9, 13)) + 0.7 * np.eye(9, 13)


def with_ties() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, (5, 7)).astype(float)


def mean_reciprocal(places: list[int]) -> float:
    return float(np.mean(1 / np.array(places)))


def right(mrr: Callable[[Any], float], place: Callable[[Any], Any]) -> bool:
    """A square and an oblong without ties, ties, and a search that likes everything."""
    plain, tied, flat = without_ties(), with_ties(), np.ones((6, 6))
    square = plain[:, :9]
    theirs = label_ranking_average_precision_score(np.eye(9, dtype=int), square)
    return bool(
        np.isclose(mrr(square), theirs, atol=1e-12)
        and np.isclose(mrr(plain), mean_reciprocal(slow_ranks(plain)), atol=1e-12)
        and np.isclose(mrr(tied), tossed(tied, mean_reciprocal), atol=0.006)
        and np.isclose(mrr(flat), (1 / np.arange(1, 7)).mean(), atol=1e-12)
        and np.array_equal(place(plain), slow_ranks(plain))
        and np.allclose(place(tied), tossed(tied, np.array), atol=0.12)
        and np.allclose(place(flat), 3.5)
    )


def test_equal_to_slow_counts_scikit_learn_and_coin_tosses() -> None:
    assert right(mean_reciprocal_rank, ranks)


def _better(s: Any) -> Any:
    return (s > np.diagonal(s)[:, None]).sum(axis=1)


def _tied(s: Any) -> Any:
    return (s == np.diagonal(s)[:, None]).sum(axis=1)


SEEDED_BUGS: tuple[tuple[str, Any, Any], ...] = (
    ("ties count as wins", lambda s: float((1 / (_better(s) + 1)).mean()), ranks),
    ("ties count as losses", lambda s: float((1 / (_better(s) + _tied(s))).mean()), ranks),
    ("one over the mean place", lambda s: float((1 / ranks(s)).mean()), ranks),
    ("one over the mean of all places", lambda s: float(1 / ranks(s).mean()), ranks),
    ("columns are queries", lambda s: mean_reciprocal_rank(s[:, : len(s)].T), ranks),
    ("places start at 0", mean_reciprocal_rank, lambda s: ranks(s) - 1),
    ("the tied share is half a place short", mean_reciprocal_rank, lambda s: _better(s) + _tied(s) / 2),
    ("the least similar first", lambda s: mean_reciprocal_rank(-s), lambda s: ranks(-s)),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: tuple[str, Any, Any]) -> None:
    assert not right(bug[1], bug[2])


@pytest.mark.parametrize("make", [without_ties, with_ties])
def test_ranks_and_hits_say_the_same(make: Callable[[], np.ndarray]) -> None:
    """The mean place is 1 + the number of depths at which the match is not yet found."""
    similarity = make()
    missed = sum(1 - hits_at_k(similarity, k) for k in range(1, similarity.shape[1] + 1))
    np.testing.assert_allclose(ranks(similarity), 1 + missed)


def test_mrr_is_a_mean_of_recalls() -> None:
    """1 / rank = sum over k of hit@k / (k (k + 1)), and what is left at the full depth N."""
    similarity = with_ties()
    n = similarity.shape[1]
    total = sum(recall_at_k(similarity, k) / (k * (k + 1)) for k in range(1, n)) + 1 / n
    assert mean_reciprocal_rank(similarity) == pytest.approx(total)


def test_median_rank_is_the_median_and_chance_is_the_middle() -> None:
    similarity = without_ties()
    assert median_rank(similarity) == np.median(slow_ranks(similarity))
    assert median_rank(np.ones((10, 10))) == 5.5
    assert median_rank(np.eye(4)) == mean_reciprocal_rank(np.eye(4)) == 1


def test_a_shuffled_gallery_is_at_chance() -> None:
    generator = np.random.default_rng(3)
    noise = generator.normal(size=(400, 400))
    assert mean_reciprocal_rank(noise) == pytest.approx((1 / np.arange(1, 401)).mean(), abs=0.015)
    assert median_rank(noise) == pytest.approx(200.5, abs=30)


@pytest.mark.parametrize("measure", [ranks, mean_reciprocal_rank, median_rank])
def test_refuses_bad_input(measure: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="NaN"):
        measure([[np.nan]])
    with pytest.raises(ValueError, match="an item for every query"):
        measure(np.ones((3, 2)))
    with pytest.raises(ValueError, match="an item for every query"):
        measure(np.ones(3))
