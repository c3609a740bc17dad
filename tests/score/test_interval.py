"""Wilson's interval against scipy's, and that it covers the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.score.interval import wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 50), (3, 50), (25, 50), (50, 50), (1, 1629)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_equals_scipy(successes: int, n: int, level: float) -> None:
    from scipy.stats import binomtest

    theirs = binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson_interval(np.arange(n) < successes, level) == pytest.approx((theirs.low, theirs.high))


def test_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = wilson_interval(generator.random(100) < 0.1)
        inside += low <= 0.1 <= high
    assert 0.92 < inside / 2000 < 0.98


def test_partial_hits_count_in_part() -> None:
    assert wilson_interval([0.5] * 10) == pytest.approx(wilson_interval([1] * 5 + [0] * 5))


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson_interval([])
    with pytest.raises(ValueError, match="between 0"):
        wilson_interval([2.0])
    with pytest.raises(ValueError, match="between 0"):
        wilson_interval([float("nan")])
    with pytest.raises(ValueError, match=r"as 0\.95, got 95"):
        wilson_interval([1.0], level=95)
