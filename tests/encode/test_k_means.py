"""k-means against scikit-learn's, from the same start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans, kmeans_plusplus

from mmlearn.encode import k_means as module
from mmlearn.encode.k_means import k_means, lloyd_step, plus_plus, squared_distances


def uneven(seed: int, n: int = 400, d: int = 7) -> np.ndarray:
    """Points in heaps of different size and spread, far from the origin."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(scale=4, size=(6, d)) + 50
    which = rng.choice(6, n, p=[0.5, 0.2, 0.1, 0.1, 0.07, 0.03])
    return middles[which] + rng.normal(size=(n, d)) * (1 + which[:, None])


def library(points: np.ndarray, start: np.ndarray, steps: int = 300) -> KMeans:
    return KMeans(len(start), init=start, n_init=1, max_iter=steps, tol=0, algorithm="lloyd").fit(points)


def agrees_with_scikit_learn(ours: Callable[[Any, Any], Any]) -> bool:
    for seed in range(4):
        points = uneven(seed)
        start = points[np.random.default_rng(seed).choice(len(points), 5 + seed, replace=False)]
        theirs, mine = library(points, start), ours(points, start)
        if not (
            np.allclose(mine.centres, theirs.cluster_centers_, rtol=0, atol=1e-9)
            and (mine.labels == theirs.labels_).all()
            and np.isclose(mine.inertia, theirs.inertia_, rtol=1e-10, atol=0)
        ):
            return False
    return True


def test_equal_to_scikit_learn_from_the_same_start() -> None:
    assert agrees_with_scikit_learn(k_means)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_equal_to_scikit_learn_when_stopped_early(steps: int) -> None:
    points = uneven(9)
    mine, theirs = k_means(points, points[:8], max_steps=steps), library(points, points[:8], steps)
    np.testing.assert_allclose(mine.centres, theirs.cluster_centers_, atol=1e-9)
    assert (mine.labels == theirs.labels_).all() and not mine.converged and mine.n_steps == steps
    assert mine.inertia == pytest.approx(theirs.inertia_, rel=1e-10)


def squared_wrong(x: Any, c: Any) -> Any:
    return (x**2).sum(axis=1)[:, None] - x @ c.T + (c**2).sum(axis=1)


def no_norm(x: Any, c: Any) -> Any:
    return -2 * x @ c.T


def city_block(x: Any, c: Any) -> Any:
    return np.abs(x[:, None] - c).sum(axis=-1)


def median_of(x: Any, labels: Any, old: Any) -> Any:
    return np.stack([np.median(x[labels == k], axis=0) if (labels == k).any() else old[k] for k in range(len(old))])


def never_moves(x: Any, labels: Any, old: Any) -> Any:
    return old


def half_way(x: Any, labels: Any, old: Any) -> Any:
    return (old + means(x, labels, old)) / 2 if len(old) < 8 else means(x, labels, old)


def by_all(x: Any, labels: Any, old: Any) -> Any:
    return np.stack([(x * (labels == k)[:, None]).mean(axis=0) for k in range(len(old))])


def farthest(x: Any, c: Any) -> Any:
    return -distances(x, c)


means, distances = module._means, module.squared_distances

# Each stands in the module's own place of the name; the comparison above must notice it.
SEEDED_BUGS = (
    ("squared_distances", squared_wrong),
    ("squared_distances", no_norm),
    ("squared_distances", city_block),
    ("squared_distances", farthest),
    ("_means", median_of),
    ("_means", never_moves),
    ("_means", half_way),
    ("_means", by_all),
)


@pytest.mark.parametrize(("name", "bug"), SEEDED_BUGS, ids=[bug.__name__ for _, bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(name: str, bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, bug)
    assert not agrees_with_scikit_learn(k_means)


def test_no_step_raises_the_sum_of_squares() -> None:
    points = uneven(3)
    centres, sums = points[:6], []
    for _ in range(12):
        labels, centres = lloyd_step(points, centres)
        sums.append(((points - centres[labels]) ** 2).sum())
    assert (np.diff(sums) <= 1e-9).all() and sums[-1] < sums[0]


def test_distances_equal_the_plain_differences_and_are_never_negative() -> None:
    points, centres = uneven(5)[:50], uneven(6)[:9]
    plain = ((points[:, None] - centres) ** 2).sum(axis=-1)
    np.testing.assert_allclose(squared_distances(points, centres), plain, rtol=1e-8)
    assert (squared_distances(points + 1e6, points + 1e6).diagonal() >= 0).all()


def test_a_centre_that_nobody_chose_stays() -> None:
    labels, centres = lloyd_step([[0.0], [1.0]], [[0.0], [50.0]])
    assert labels.tolist() == [0, 0] and centres.tolist() == [[0.5], [50.0]]
    assert k_means([[0.0], [1.0]], [[0.0], [50.0]]).centres.tolist() == [[0.5], [50.0]]


def test_a_tie_goes_to_the_first_centre() -> None:
    assert lloyd_step([[0.0]], [[1.0], [-1.0]])[0].tolist() == [0]


def test_plus_plus_equals_scikit_learns_with_one_trial() -> None:
    for seed in range(10):
        points = uneven(seed, n=60)
        theirs, _ = kmeans_plusplus(points, 7, n_local_trials=1, random_state=seed)
        np.testing.assert_allclose(plus_plus(points, 7, random_state=seed), theirs, atol=1e-12)


def test_plus_plus_draws_far_points_by_the_squared_distance() -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    random = np.random.RandomState(0)
    pairs = np.array([sorted(plus_plus(points, 2, random).ravel()) for _ in range(3000)])
    # First centre each with 1/3; then by squared distance: from 0: 1, 9; from 1: 1, 4; from 3: 9, 4.
    due = {(0.0, 1.0): (1 / 10 + 1 / 5) / 3, (0.0, 3.0): (9 / 10 + 9 / 13) / 3, (1.0, 3.0): (4 / 5 + 4 / 13) / 3}
    for pair, share in due.items():
        assert (pairs == pair).all(axis=1).mean() == pytest.approx(share, abs=0.03)


def test_a_start_by_number_is_reproducible_and_good() -> None:
    points = uneven(2)
    first, again = (k_means(points, 6, random_state=4) for _ in range(2))
    assert (first.centres == again.centres).all() and first.converged
    assert first.inertia < k_means(points, 1).inertia / 2


def test_bad_input_is_refused() -> None:
    points = np.eye(3)
    for wrong, says in (
        (lambda: k_means(np.zeros((0, 2)), 1), "points as a matrix"),
        (lambda: k_means([1.0, 2.0], 1), "points as a matrix"),
        (lambda: k_means([[np.nan]], 1), "points hold NaN"),
        (lambda: k_means(points, np.zeros((2, 4))), "3 and 4 numbers"),
        (lambda: k_means(points, np.zeros((4, 3))), "4 for 3 points"),
        (lambda: k_means(points, 2, max_steps=0), "at least 1, got 0"),
        (lambda: plus_plus(points, 0), "at least 1 centre"),
        (lambda: plus_plus(np.ones((5, 2)), 2), "2 different points, got 1"),
    ):
        with pytest.raises(ValueError, match=says):
            wrong()


def test_distances_far_from_zero_are_those_near_zero() -> None:
    near = np.random.default_rng(3).integers(-50, 50, (40, 3)) / 8.0
    far = near + 1e9
    np.testing.assert_allclose(squared_distances(far, far[:5]), squared_distances(near, near[:5]), atol=1e-9)
    assert (k_means(far, far[:4]).labels == k_means(near, near[:4]).labels).all()


def test_equally_near_centres_stay_equally_near() -> None:
    points = np.array([[0.0], [1.0], [7.0]])  # their mean is no number of finitely many binary digits
    found = squared_distances(points, [[-1.0], [1.0], [3.0]])
    assert found.tolist() == [[1, 1, 9], [4, 0, 4], [64, 36, 16]]
