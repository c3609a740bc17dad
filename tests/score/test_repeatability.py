"""Repeatability and precision on hand-made points, and our SIFT beside OpenCV's by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmlearn.encode.keypoints import Keypoints
from mmlearn.score import repeatability as module

SQUARE = ((100, 100), (100, 100))


def places(xy: Any, scale: Any = 2.0) -> Keypoints:
    at = np.asarray(xy, dtype=float).reshape(-1, 2)
    return Keypoints(at, np.broadcast_to(np.asarray(scale, dtype=float), len(at)).copy(), *np.zeros((2, len(at))))


GRID = np.stack(np.meshgrid(np.arange(10, 100, 20.0), np.arange(10, 100, 20.0)), axis=-1).reshape(-1, 2)  # 25 places


def test_all_found_again_and_none() -> None:
    assert module.repeatability(places(GRID), places(GRID), np.eye(3), SQUARE) == 1
    assert module.repeatability(places(GRID), places(GRID + 5), np.eye(3), SQUARE) == 0
    assert (
        module.repeatability(places(GRID), places(GRID + 5), np.array([[1, 0, 5], [0, 1, 5], [0, 0, 1.0]]), SQUARE) == 1
    )


def test_the_tolerance_is_in_pixels_and_counts() -> None:
    moved = GRID + np.array([1.5, 2.0])  # 2.5 pixels off
    assert module.repeatability(places(GRID), places(moved), np.eye(3), SQUARE) == 1
    assert module.repeatability(places(GRID), places(moved), np.eye(3), SQUARE, tolerance=2.4) == 0


def test_sizes_must_agree_after_the_change() -> None:
    for size, found in ((2.9, 1), (3.1, 0), (1.4, 1), (1.3, 0)):
        assert module.repeatability(places(GRID), places(GRID, size), np.eye(3), SQUARE) == found
    twice = np.diag([2.0, 2.0, 1.0])
    assert module.repeatability(places(GRID), places(2 * GRID, 4.0), twice, ((100, 100), (200, 200))) == 1
    assert module.repeatability(places(GRID), places(2 * GRID, 2.0), twice, ((100, 100), (200, 200))) == 0


def test_only_what_both_views_show_is_counted() -> None:
    """Moved by 40 pixels to the right: 15 of the 25 places are still there; b has five of its own, from outside a."""
    move = np.array([[1.0, 0, 40], [0, 1, 0], [0, 0, 1]])
    own = GRID[GRID[:, 0] == 10]
    seen = np.concatenate([(GRID + np.array([40, 0]))[GRID[:, 0] < 60], own])
    assert module.repeatability(places(GRID), places(seen), move, SQUARE) == 1


def test_a_point_has_one_partner_and_a_place_counts_once() -> None:
    crowd = np.repeat(GRID[:1], 4, axis=0) + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert module.repeatability(places(crowd), places(np.concatenate([GRID[:1], GRID[-3:]])), np.eye(3), SQUARE) == 0.25
    double = places(np.repeat(GRID[:2], 2, axis=0))  # two directions at each place
    half = places(np.concatenate([GRID[:1], GRID[-2:]]))
    assert module.repeatability(double, half, np.eye(3), SQUARE) == 0.5


def test_the_smaller_count_is_the_measure() -> None:
    assert module.repeatability(places(GRID), places(GRID[:5]), np.eye(3), SQUARE) == 1
    assert module.repeatability(places(GRID[:5]), places(GRID), np.eye(3), SQUARE) == 1


def test_the_homography_goes_from_a_to_b() -> None:
    turn = np.array([[0.0, -1, 99], [1, 0, 0], [0, 0, 1]])
    there = np.stack([99 - GRID[:, 1], GRID[:, 0]], axis=1) + np.array([0, 1])
    uneven = slice(0, 7)
    assert module.repeatability(places(GRID[uneven]), places(there[uneven]), turn, SQUARE) == 1


def test_perspective_changes_the_expected_size() -> None:
    tilt = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.01, 0, 1]])
    depth = 1 + 0.01 * GRID[:, 0]
    there = GRID / depth[:, None]
    due = 2.0 / depth**1.5  # one direction shrinks by depth^2, the other by depth
    assert module.repeatability(places(GRID), places(there, due), tilt, SQUARE, scale_ratio=1.0001) == 1


def test_nothing_to_find_is_zero() -> None:
    for a, b in ((places([]), places(GRID)), (places(GRID), places([])), (places(GRID), places(GRID + 1000))):
        assert module.repeatability(a, b, np.eye(3), SQUARE) == 0
    assert module.match_precision(np.zeros((0, 2), int), GRID, GRID, np.eye(3)) == 0


def test_precision_by_hand() -> None:
    matches = np.array([[0, 0], [1, 1], [2, 2], [3, 9]])
    assert module.match_precision(matches, GRID, GRID, np.eye(3)) == 0.75
    assert module.match_precision(matches, GRID, GRID + np.array([2, 2]), np.eye(3)) == 0
    assert module.match_precision(matches, GRID, GRID + np.array([2, 2]), np.eye(3), tolerance=3) == 0.75
    move = np.array([[1.0, 0, 7], [0, 1, 9], [0, 0, 1]])
    assert module.match_precision(matches, GRID, GRID + np.array([7, 9]), move) == 0.75
    other = np.array([[0, 5], [1, 5]])
    assert module.match_precision(other, GRID[:2], GRID, np.eye(3)) == 0


def test_bad_limits_are_refused() -> None:
    for named in ({"tolerance": -1.0}, {"scale_ratio": 0.5}):
        with pytest.raises(ValueError, match="tolerance of 0 or more and a ratio of 1 or more"):
            module.repeatability(places(GRID), places(GRID), np.eye(3), SQUARE, **named)


ONCE, MOVED, GROWTH, INSIDE = module._once, module._moved, module._growth, module._inside
SIZES, SHOWN = test_sizes_must_agree_after_the_change, test_only_what_both_views_show_is_counted
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("sizes do not count", "_growth", lambda h, xy: np.full(len(xy), np.nan), SIZES),
    ("sizes are not carried over", "_growth", lambda h, xy: np.ones(len(xy)), SIZES),
    ("the square root of the growth is forgotten", "_growth", lambda h, xy: GROWTH(h, xy) ** 2, SIZES),
    ("points outside count", "_inside", lambda xy, shape: np.ones(len(xy), bool), SHOWN),
    ("height and width swapped", "_inside", lambda xy, shape: INSIDE(xy, shape[::-1]), lambda: wide()),
    ("the homography backwards", "_moved", lambda h, xy: MOVED(np.linalg.inv(h), xy),
     test_all_found_again_and_none),
    ("many partners", "_one_to_one", lambda apart, allowed: np.argwhere(allowed).tolist(),
     test_a_point_has_one_partner_and_a_place_counts_once),
    ("a place counts once for each direction", "_once", lambda points: (points.xy, points.scale),
     test_a_point_has_one_partner_and_a_place_counts_once),
)  # fmt: skip


def wide() -> None:
    """A picture twice as wide as high: the right half counts, what lies below does not."""
    shape = ((50, 100), (50, 100))
    low, right = places([[20.0, 70.0], [20, 30], [90, 30]]), places([[20.0, 30.0], [90, 30]])
    assert module.repeatability(low, right, np.eye(3), shape) == 1
    assert (
        module.repeatability(places([[90.0, 30.0], [5, 5]]), places([[90.0, 30.0], [70, 20]]), np.eye(3), shape) == 0.5
    )


def test_a_wide_picture() -> None:
    wide()


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_matches_may_be_lists_and_other_shapes_are_told() -> None:
    at = [[0.0, 0.0], [9.0, 9.0]]
    assert module.match_precision([[0, 0], [1, 0]], at, at, np.eye(3).tolist()) == 0.5
    for matches, places in (([0, 1], at), ([[0, 0, 0]], at), ([[0.0, 0.0]], at), ([[0, 0]], [[1.0], [2.0]])):
        with pytest.raises(ValueError, match=r"expected matches \(K, 2\) in whole numbers"):
            module.match_precision(matches, places, places, np.eye(3))
