"""The ratio test against a slow one and OpenCV's; homographies on points whose places are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmlearn.encode import matching as module

TRUE = np.array([[0.9, -0.3, 40.0], [0.25, 1.1, -15.0], [2e-4, -1e-4, 1.0]])


def slow_match(a: Any, b: Any, ratio: float) -> list[list[int]]:
    found = []
    for i, row in enumerate(a):
        apart = np.sqrt(((b - row) ** 2).sum(axis=1))
        first, second = np.sort(apart)[:2]
        if first < ratio * second:
            found.append([i, int(apart.argmin())])
    return found


def test_match_equals_a_slow_one() -> None:
    generator = np.random.default_rng(0)
    a = generator.random((1500, 16))  # more than are compared at once
    b = np.concatenate([a[generator.permutation(1500)[:40]] + 0.05, generator.random((30, 16))])
    for ratio in (0.5, 0.8, 1.0):
        got = module.match(a, b, ratio)
        assert got.tolist() == slow_match(a, b, ratio) and got.dtype == np.int64
    assert 20 < len(module.match(a, b, 0.5)) < len(module.match(a, b, 0.9))


def test_match_equals_opencvs_matcher() -> None:
    cv2 = pytest.importorskip("cv2")
    generator = np.random.default_rng(1)
    a = generator.integers(0, 256, (60, 128)).astype(np.uint8)
    b = np.concatenate([a[:25], generator.integers(0, 256, (50, 128))]).astype(np.uint8)
    theirs = [
        [first.queryIdx, first.trainIdx]
        for first, second in cv2.BFMatcher().knnMatch(a.astype(np.float32), b.astype(np.float32), k=2)
        if first.distance < 0.8 * second.distance
    ]
    assert module.match(a, b).tolist() == theirs  # also: uint8 does not wrap round


def test_no_partner_to_compare_with_is_no_match() -> None:
    rows = np.random.default_rng(0).random((5, 8))
    for a, b in ((rows[:0], rows), (rows, rows[:1]), (rows, rows[:0])):
        assert module.match(a, b).shape == (0, 2)
    twins = np.repeat(rows, 2, axis=0)
    assert len(module.match(rows, twins)) == 0  # 0 < 0.8 * 0 does not hold: nothing is clearly nearer


def test_bad_descriptors_are_refused() -> None:
    rows = np.zeros((3, 8))
    for a, b, says in ((rows, rows[:, :5], "expected descriptors"), (rows[0], rows, "expected descriptors"),
                       (rows, rows * np.nan, "finite")):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            module.match(a, b)
    for ratio in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="ratio of 0 to 1"):
            module.match(rows, rows, ratio)


def points(n: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(0, 600, (n, 2))


def test_homography_is_exact_on_clean_points() -> None:
    for n in (4, 5, 50):
        a = points(n) + 3000
        found = module.fit_homography(a, module.apply_homography(TRUE, a))
        np.testing.assert_allclose(found / found[2, 2], TRUE, atol=1e-7)
    many = np.stack([points(4, seed) for seed in range(6)])
    at_once = module.fit_homography(many, module.apply_homography(TRUE, many.reshape(-1, 2)).reshape(6, 4, 2))
    np.testing.assert_allclose(at_once / at_once[:, 2:, 2:], np.broadcast_to(TRUE, (6, 3, 3)), atol=1e-6)


def test_homography_averages_noise() -> None:
    a = points(400) + 3000
    noise = np.random.default_rng(5).normal(0, 1, a.shape)
    found = module.fit_homography(a, module.apply_homography(TRUE, a) + noise)
    off = np.linalg.norm(module.apply_homography(found, a) - module.apply_homography(TRUE, a), axis=1)
    assert off.mean() < 0.25  # far below the noise, 1.25 on average


def test_applying_by_hand() -> None:
    got = module.apply_homography(
        np.array([[0.0, -1.0, 5.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), np.array([[3.0, 4.0]])
    )
    np.testing.assert_allclose(got, [[0.5, 1.5]])
    gone = module.apply_homography(np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]]), np.array([[0.0, 1.0]]))
    assert not np.isfinite(gone).all()  # and no warning, which would fail this test


def test_ransac_survives_three_wrong_of_five() -> None:
    a = points(200)
    b = module.apply_homography(TRUE, a) + np.random.default_rng(6).normal(0, 0.5, a.shape)
    wrong = np.random.default_rng(7).permutation(200)[:120]
    b[wrong] = points(120, seed=8)
    found, inliers = module.ransac_homography(a, b, tolerance=2.0)
    right = np.ones(200, bool)
    right[wrong] = False
    assert (inliers & right).sum() >= 78 and (inliers & ~right).sum() <= 2
    off = np.linalg.norm(module.apply_homography(found, a) - module.apply_homography(TRUE, a), axis=1)
    assert off.max() < 2 and found[2, 2] == 1
    again, _ = module.ransac_homography(a, b, tolerance=2.0)
    assert (again == found).all()


def test_no_agreement_and_too_few_are_told() -> None:
    with pytest.raises(ValueError, match="at least 4 pairs"):
        module.ransac_homography(points(3), points(3))
    with pytest.raises(ValueError, match="at least 4 pairs"):
        module.fit_homography(points(3), points(3))
    with pytest.raises(ValueError, match="two views of one scene"):
        module.ransac_homography(points(9), points(9, seed=1), tolerance=0.0)
    for hole in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite places"):
            module.ransac_homography(points(6), np.full((6, 2), hole))


def test_a_point_that_goes_nowhere_is_no_inlier() -> None:
    nowhere = np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, 0]])  # sends x = 0 to y / 0 and x / 0 = 0 / 0
    assert module._distance(nowhere, np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])).tolist() == [np.inf]


def test_the_winner_is_fitted_twice_each_time_to_its_voters(monkeypatch: pytest.MonkeyPatch) -> None:
    a = points(60)
    b = module.apply_homography(TRUE, a) + np.random.default_rng(6).normal(0, 1.5, a.shape)
    asked = []

    def spy(xy_a: Any, xy_b: Any) -> Any:
        if np.ndim(xy_a) == 2:
            asked.append((xy_a, xy_b))
        return FIT(xy_a, xy_b)

    monkeypatch.setattr(module, "fit_homography", spy)
    found, inliers = module.ransac_homography(a, b, tolerance=2.0, trials=5)
    assert len(asked) == 2
    voters = module._distance(FIT(*asked[0]), a, b) <= 2.0
    assert len(asked[0][0]) != voters.sum() and (asked[1][0] == a[voters]).all()
    last = FIT(*asked[1])
    np.testing.assert_allclose(found, last / last[2, 2])
    assert (inliers == (module._distance(last, a, b) <= 2.0)).all()


def test_lists_do_as_well_and_holes_are_told() -> None:
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    for found in (module.fit_homography(square, square), module.ransac_homography(square, square)[0]):
        np.testing.assert_allclose(found / found[2, 2], np.eye(3), atol=1e-9)
    with pytest.raises(ValueError, match="finite places"):
        module.fit_homography(square, np.where(np.eye(4, 2) == 1, np.nan, square))
    with pytest.raises(ValueError, match="at least 4 pairs"):
        module.fit_homography([1, 2], [1, 2])


MATCH, FIT, REAL = module.match, module.fit_homography, module.ransac_homography
SLOW, RANSAC = test_match_equals_a_slow_one, test_ransac_survives_three_wrong_of_five
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("squared distances under the ratio", "match", lambda a, b, ratio=0.8: MATCH(a, b, ratio**0.5), SLOW),
    ("no ratio test", "match", lambda a, b, ratio=0.8: MATCH(a, b, 1.0), SLOW),
    ("columns swapped", "match", lambda a, b, ratio=0.8: MATCH(a, b, ratio)[:, ::-1], SLOW),
    ("b looks for a", "match", lambda a, b, ratio=0.8: MATCH(b, a, ratio)[:, ::-1], SLOW),
    ("rows counted from each batch", "match",
     lambda a, b, ratio=0.8: MATCH(a, b, ratio) % np.array([1024, 1 << 40]), SLOW),
    ("not divided by the third number", "apply_homography",
     lambda h, xy: np.concatenate([xy, np.ones((len(xy), 1))], axis=1) @ np.swapaxes(h, -1, -2)[..., :2],
     test_applying_by_hand),
    ("the inverse is fitted", "fit_homography", lambda a, b: FIT(b, a), test_homography_is_exact_on_clean_points),
    ("an affine map is fitted", "fit_homography",
     lambda a, b: FIT(a, b) * np.array([[1.0, 1, 1], [1, 1, 1], [0, 0, 1]]), test_homography_is_exact_on_clean_points),
    ("coordinates are not normalised", "_normaliser",
     lambda xy: np.zeros((*xy.shape[:-2], 3, 3)) + np.eye(3), test_homography_averages_noise),
    ("one draw only", "ransac_homography", lambda a, b, **rest: REAL(a, b, trials=1, **rest), RANSAC),
    ("everybody votes", "_distance", lambda h, a, b: np.zeros((*h.shape[:-2], len(a))), RANSAC),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
