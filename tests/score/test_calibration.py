"""Reliability against scikit-learn's curve; the calibration error against a slow sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from mmlearn.score.calibration import Reliability, expected_calibration_error, reliability_curve


def agrees(curve: Callable[[Any, Any, int], Reliability]) -> bool:
    for seed, bins in ((0, 10), (1, 4), (2, 1)):
        generator = np.random.default_rng(seed)
        claimed = np.concatenate([generator.random(60) ** 2, [0.0, 1.0, 0.25, 0.5, 0.1]])  # edges of bins too
        hits = generator.random(65) < claimed
        right, mean = calibration_curve(hits, claimed, n_bins=bins)
        found = curve(claimed, hits, bins)
        if found.accuracy.shape != right.shape or found.items.sum() != 65:
            return False
        if not (np.allclose(found.accuracy, right, atol=1e-12) and np.allclose(found.confidence, mean, atol=1e-12)):
            return False
    return True


def test_equals_scikit_learns_curve() -> None:
    assert agrees(reliability_curve)


SEEDED_BUGS = (
    lambda c, h, n: reliability_curve(h, np.asarray(c) > 0.5, n),  # the two changed places
    lambda c, h, n: reliability_curve(c, ~h, n),  # misses for hits
    lambda c, h, n: reliability_curve(c, h, n + 1),  # edges for bins
    lambda c, h, n: reliability_curve(np.nextafter(c, 1), h, n),  # an edge belongs to the upper bin
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Callable[[Any, Any, int], Reliability]) -> None:
    assert not agrees(bug)


def test_calibration_error_is_the_weighted_mean_of_the_distances() -> None:
    generator = np.random.default_rng(3)
    claimed = generator.random(200)
    hits = generator.random(200) < claimed**2
    slow = 0.0
    for b in range(10):
        inside = (claimed > b / 10) & (claimed <= (b + 1) / 10)
        slow += inside.sum() / 200 * abs(hits[inside].mean() - claimed[inside].mean())
    assert expected_calibration_error(claimed, hits) == pytest.approx(slow, abs=1e-12)


def test_the_honest_and_the_boaster() -> None:
    assert expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == 0
    assert expected_calibration_error([1.0] * 4, [0, 0, 0, 0]) == 1


@pytest.mark.parametrize(
    ("claimed", "hits", "bins", "says"),
    [
        ([], [], 10, "a hit for each probability"),
        ([0.5], [1, 0], 10, "a hit for each probability"),
        ([1.3], [1], 10, "a decision value is none yet"),
        ([np.nan], [1], 10, "from 0 to 1"),
        ([0.5], [0.5], 10, "every hit to be 0 or 1"),
        ([0.5], [1], 0, "at least 1 bin"),
    ],
)
def test_refuses_bad_input(claimed: Any, hits: Any, bins: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        expected_calibration_error(claimed, hits, bins)
