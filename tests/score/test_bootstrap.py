"""The bootstrap against scipy's, a slow count, and simulated worlds where the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from mmlearn.score.bootstrap import bootstrap_interval, paired_gain, resampled_means

Means = Callable[[Any, Any, Any], Any]


def test_equals_scipys_percentile_bootstrap() -> None:
    for seed, n, level in ((0, 37, 0.95), (1, 200, 0.9), (2, 2, 0.5)):
        values = np.random.default_rng(seed).gamma(2.0, size=n)
        theirs = bootstrap(
            (values,), np.mean, confidence_level=level, n_resamples=999, method="percentile", vectorized=True,
            rng=np.random.default_rng(5),
        ).confidence_interval  # fmt: skip
        ours = bootstrap_interval(values, level=level, n_resamples=999, seed=5)
        np.testing.assert_allclose(ours, (theirs.low, theirs.high), rtol=1e-12)


def test_draws_come_in_bites_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    values, groups = np.random.default_rng(3).random(60), np.arange(60) // 3
    whole = bootstrap_interval(values, groups)
    monkeypatch.setattr("mmlearn.score.bootstrap.CELLS", 128)
    assert bootstrap_interval(values, groups) == whole


def slow_means(values: Any, group: Any, drawn: Any) -> list[float]:
    """Lay the items of the drawn groups side by side, one draw after the other."""
    return [float(np.mean([v for g in row for v, its in zip(values, group, strict=True) if its == g])) for row in drawn]


def agrees_with_the_slow_count(means: Means) -> bool:
    for seed in range(4):
        generator = np.random.default_rng(seed)
        group = generator.permutation(np.concatenate([np.arange(7), generator.integers(0, 4, 20)]))
        values, drawn = generator.integers(0, 2, 27) * 1.0, generator.integers(0, 7, (11, 7))
        found = means(values, group, drawn)
        if np.shape(found) != (11,) or not np.allclose(found, slow_means(values, group, drawn), rtol=0, atol=1e-12):
            return False
    return True


def test_means_of_draws_equal_the_slow_count() -> None:
    assert agrees_with_the_slow_count(resampled_means)


def _sums(values: Any, group: Any) -> Any:
    return np.bincount(group, values), np.bincount(group)


SEEDED_BUGS = (
    lambda v, g, drawn: (_sums(v, g)[0] / _sums(v, g)[1])[drawn].mean(axis=1),  # mean of the groups' means
    lambda v, g, drawn: _sums(v, g)[0][drawn].sum(axis=1) / len(v),  # divided by N
    lambda v, g, drawn: v[drawn].mean(axis=1),  # numbers of groups taken for numbers of items
    lambda v, g, drawn: np.array([v[np.isin(g, row)].mean() for row in drawn]),  # drawn twice, counted once
    lambda v, g, drawn: resampled_means(v, np.sort(g), drawn),  # groups in another order than the values
)


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seeded_bug_is_caught(bug: Means) -> None:
    assert not agrees_with_the_slow_count(bug)


def test_groups_of_one_are_no_groups_and_names_do_not_matter() -> None:
    values = np.random.default_rng(6).random(40)
    assert bootstrap_interval(values, np.arange(40)) == bootstrap_interval(values)
    families = np.arange(40) // 2
    named = np.array([f"family {number:02}" for number in families])
    assert bootstrap_interval(values, named) == bootstrap_interval(values, families)


def coverage(n_groups: int, size: int, shared: float, grouped: bool, worlds: int = 400) -> float:
    """How often the 95 % interval covers the true mean 0, in worlds whose groups share a part of their luck."""
    generator = np.random.default_rng(7)
    groups = np.repeat(np.arange(n_groups), size)
    covered = 0
    for world in range(worlds):
        luck = generator.normal(size=n_groups)[groups] * shared**0.5
        values = luck + generator.normal(size=len(groups)) * (1 - shared) ** 0.5
        low, high = bootstrap_interval(values, groups if grouped else None, n_resamples=500, seed=world)
        covered += low <= 0 <= high
    return covered / worlds


def test_a_95_percent_interval_covers_the_truth_in_95_percent_of_worlds() -> None:
    assert 0.92 <= coverage(n_groups=80, size=1, shared=0.0, grouped=False) <= 0.97
    assert 0.92 <= coverage(n_groups=80, size=4, shared=0.5, grouped=True) <= 0.97


def test_relatives_drawn_one_by_one_give_an_interval_that_is_too_narrow() -> None:
    assert coverage(n_groups=80, size=4, shared=0.5, grouped=False) < 0.88


def test_uneven_groups_are_covered_too() -> None:
    generator, covered = np.random.default_rng(8), 0
    groups = np.repeat(np.arange(90), np.tile([1, 2, 6], 30))
    for world in range(400):
        hits = generator.random(len(groups)) < np.where(generator.random(90) < 0.5, 0.9, 0.3)[groups]
        low, high = bootstrap_interval(hits, groups, n_resamples=500, seed=world)
        covered += low <= 0.6 <= high
    assert 0.91 <= covered / 400 <= 0.97


def test_the_gain_is_that_of_the_first_over_the_second() -> None:
    better, worse = np.array([1, 1, 1, 0] * 10), np.array([1, 0, 1, 0] * 10)
    gain, low, high = paired_gain(better, worse)
    assert gain == 0.25 and 0 < low < gain < high
    back = paired_gain(worse, better)
    assert back[0] == -0.25 and back[1] == pytest.approx(-high) and back[2] == pytest.approx(-low)


def test_pairing_is_narrower_than_two_intervals_suggest() -> None:
    generator = np.random.default_rng(9)
    b = (generator.random(300) < 0.5) * 1.0
    a = np.where(generator.random(300) < 0.9, b, 1 - b)
    _, low, high = paired_gain(a, b)
    apart = [bootstrap_interval(each) for each in (a, b)]
    assert high - low < 0.6 * sum(top - bottom for bottom, top in apart)


def test_paired_gain_covers_a_known_gain_of_families() -> None:
    generator, covered = np.random.default_rng(10), 0
    families = np.repeat(np.arange(60), 5)
    for world in range(300):
        hard = generator.random(60)[families]  # how hard a family is, for both
        b = generator.random(300) < 0.2 + 0.5 * hard
        a = generator.random(300) < 0.3 + 0.5 * hard
        _, low, high = paired_gain(a, b, families, n_resamples=400, seed=world)
        covered += low <= 0.1 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(11).random(50)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


@pytest.mark.parametrize(
    ("values", "groups", "options", "says"),
    [
        ([], None, {}, "two numbers or more"),
        ([1.0], None, {}, "two numbers or more"),
        ([[1.0, 2.0]], None, {}, "two numbers or more"),
        ([1.0, np.nan], None, {}, "NaN or infinity"),
        ([1.0, 0.0], ["a"], {}, "a group for each value"),
        ([1.0, 0.0], ["a", "a"], {}, "two groups or more"),
        ([1.0, 0.0], None, {"level": 95}, "between 0 and 1"),
        ([1.0, 0.0], None, {"n_resamples": 0}, "at least 1 resample"),
    ],
)
def test_refuses_bad_input(values: Any, groups: Any, options: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        bootstrap_interval(values, groups, **options)


def test_refuses_unequal_pairs() -> None:
    with pytest.raises(ValueError, match="on the same items, got 3 and 2"):
        paired_gain([1, 0, 1], [1, 0])
    with pytest.raises(ValueError, match="a group for each value"):
        resampled_means([1, 0, 1], [0, 1], [[0, 1]])
