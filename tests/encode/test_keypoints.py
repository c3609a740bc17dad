"""Extrema against a slow search, refinement against parabolas, the edge test against its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from mmlearn.encode import keypoints as module
from mmlearn.encode.keypoints import Keypoints, no_keypoints


def slow_extrema(dog: Any, threshold: float) -> list[tuple[int, int, int]]:
    found = []
    for s, y, x in np.ndindex(*dog.shape):
        box = dog[max(s - 1, 0) : s + 2, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        hill = dog[s, y, x] == box.max() and dog[s, y, x] > threshold
        valley = dog[s, y, x] == box.min() and dog[s, y, x] < -threshold
        if box.size == 27 and (hill or valley):
            found.append((s, y, x))
    return found


def test_extrema_equal_a_slow_search() -> None:
    generator = np.random.default_rng(0)
    for shape, threshold in (((5, 9, 11), 0.5), ((3, 3, 3), 0.0), ((4, 20, 8), 1.5)):
        dog = generator.normal(size=shape)
        assert [tuple(place) for place in module.local_extrema(dog, threshold).tolist()] == slow_extrema(dog, threshold)
    rounded = np.round(generator.normal(size=(5, 12, 12)))  # many ties
    assert [tuple(place) for place in module.local_extrema(rounded, 0.5).tolist()] == slow_extrema(rounded, 0.5)


def test_extrema_of_nothing() -> None:
    for shape in ((3, 5, 5), (2, 9, 9), (5, 1, 9)):
        found = module.local_extrema(np.zeros(shape))
        assert found.shape == (0, 3) and found.dtype == np.int64


def quadratic(place: Any, curve: Any, height: float) -> Any:
    """A parabola in three dimensions with its top exactly at `place`."""
    grid = np.stack(np.mgrid[:5, :21, :21], axis=-1) - np.asarray(place)  # (5, 21, 21, 3)
    return height - 0.5 * np.einsum("syxi,ij,syxj->syx", grid, np.asarray(curve), grid)


CURVE = [[0.02, 0.002, 0.001], [0.002, 0.03, 0.004], [0.001, 0.004, 0.02]]


def test_the_top_of_a_parabola_is_found_exactly() -> None:
    for place in ((2.3, 10.4, 9.7), (1.8, 12.49, 8.0), (2.0, 10.0, 10.0)):
        dog = quadratic(place, CURVE, 0.5)
        peaks = module.refine(dog, np.rint([place]).astype(np.int64))
        np.testing.assert_allclose(peaks.position, [place], atol=1e-9)
        np.testing.assert_allclose(peaks.value, [0.5], atol=1e-9)
        assert peaks.layer.tolist() == [round(place[0])]


def test_a_top_next_door_is_walked_to_and_counted_once() -> None:
    dog = quadratic((2.1, 10.2, 10.3), CURVE, 0.5)
    peaks = module.refine(dog, np.array([[2, 11, 12], [1, 9, 10]]))
    np.testing.assert_allclose(peaks.position, [[2.1, 10.2, 10.3]], atol=1e-9)


def test_derivatives_of_a_parabola_are_its_coefficients() -> None:
    dog = quadratic((2.2, 10.4, 9.7), CURVE, 0.5)
    gradient, hessian = module.derivatives(dog, np.array([[2, 10, 10], [1, 8, 12]]))
    np.testing.assert_allclose(hessian, np.broadcast_to(-np.array(CURVE), (2, 3, 3)), atol=1e-12)
    offset = np.array([[0.2, 0.4, -0.3], [1.2, 2.4, -2.3]])
    np.testing.assert_allclose(gradient, offset @ np.array(CURVE), atol=1e-12)


def test_what_leaves_the_picture_or_has_no_top_is_dropped() -> None:
    outside = quadratic((2.0, 2.0, 10.0), CURVE, 0.5)  # in the border of 5 pixels
    assert len(module.refine(outside, np.array([[2, 2, 10], [2, 6, 10]])).value) == 0
    slope = np.broadcast_to(np.arange(21.0), (5, 21, 21)).copy()  # a singular Hessian, no top at all
    assert len(module.refine(slope, np.array([[2, 10, 10]])).value) == 0


def test_weak_ones_are_dropped_by_the_octaves_contrast() -> None:
    place = np.array([[2, 10, 10]])
    for height, kept in ((0.0134, 1), (0.0133, 0), (-0.0134, 1), (-0.0133, 0)):
        curve = np.sign(height) * np.array(CURVE)
        assert len(module.refine(quadratic((2, 10, 10), curve, height), place).value) == kept


def test_edges_are_dropped_at_a_ratio_of_ten() -> None:
    for ratio, kept in ((9.9, 1), (10.1, 0), (1000.0, 0)):
        curve = np.diag([0.02, 0.03, 0.03 / ratio])
        assert len(module.refine(quadratic((2, 10, 10), curve, 0.5), np.array([[2, 10, 10]])).value) == kept
    saddle = np.diag([1.0, 1.0, -1.0])[None]
    assert not module.is_corner(saddle).any()


def test_an_edge_is_one_in_any_direction() -> None:
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    hessian = np.zeros((2, 3, 3))
    for row, ratio in enumerate((9.0, 11.0)):
        hessian[row, 1:, 1:] = turn @ np.diag([1.0, ratio]) @ turn.T
    assert module.is_corner(hessian).tolist() == [True, False]
    assert module.is_corner(-hessian).tolist() == [True, False]
    assert module.is_corner(hessian, edge=20).tolist() == [True, True]


def test_the_strongest_come_first_and_equals_keep_their_order() -> None:
    response = np.array([0.1, 0.5, 0.3, 0.5])
    points = Keypoints(np.arange(8.0).reshape(4, 2), np.ones(4), np.zeros(4), response)
    assert points.strongest(3).tolist() == [1, 3, 2] and points.strongest(None).tolist() == [1, 3, 2, 0]
    for wrong in (2.5, -1, "3"):
        with pytest.raises(ValueError, match="a number of keypoints, 0 or more, got"):
            points.strongest(wrong)  # type: ignore[arg-type]
    chosen = points.select(points.strongest(2))
    assert len(chosen) == 2 and chosen.xy.tolist() == [[2, 3], [6, 7]]
    assert len(no_keypoints()) == 0


def tops(dog: Any, threshold: float, **window: Any) -> Any:
    hill = (dog == ndimage.maximum_filter(dog, **window)) & (dog > threshold)
    valley = (dog == ndimage.minimum_filter(dog, **window)) & (dog < -threshold)
    hit = hill | valley
    return np.argwhere(hit[1:-1, 1:-1, 1:-1]) + 1


def unmixed(dog: Any, places: Any) -> Any:
    gradient, hessian = DERIVATIVES(dog, places)
    return gradient, hessian * np.eye(3)


DERIVATIVES = module.derivatives
TOP, EXTREMA = test_the_top_of_a_parabola_is_found_exactly, test_extrema_equal_a_slow_search
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("8 neighbours, not 26", "local_extrema", lambda d, t=0.0: tops(d, t, size=(1, 3, 3)), EXTREMA),
    ("6 neighbours, not 26", "local_extrema",
     lambda d, t=0.0: tops(d, t, footprint=ndimage.generate_binary_structure(3, 1)), EXTREMA),
    ("hills only", "local_extrema",
     lambda d, t=0.0: np.array([p for p in slow_extrema(d, t) if d[p] > 0]).reshape(-1, 3), EXTREMA),
    ("off by one", "local_extrema", lambda d, t=0.0: tops(d, t, size=3) - 1, EXTREMA),
    ("no step between the pixels", "_offset", lambda gradient, hessian: np.zeros_like(gradient), TOP),
    ("the step goes the other way", "_offset",
     lambda gradient, hessian: np.linalg.solve(hessian, gradient[..., None])[..., 0], TOP),
    ("mixed derivatives are left out", "derivatives", unmixed, TOP),
    ("it never walks on", "MOVES", 1, test_a_top_next_door_is_walked_to_and_counted_once),
    ("no border", "BORDER", 1, test_what_leaves_the_picture_or_has_no_top_is_dropped),
    ("contrast of one layer, not of the octave", "INTERVALS", 1, test_weak_ones_are_dropped_by_the_octaves_contrast),
    ("no edge test", "is_corner", lambda hessian, edge=10.0: np.ones(len(hessian), bool),
     test_edges_are_dropped_at_a_ratio_of_ten),
    ("edges along row and column only", "is_corner",
     lambda h, edge=10.0: np.maximum(h[:, 1, 1] / h[:, 2, 2], h[:, 2, 2] / h[:, 1, 1]) < edge,
     test_an_edge_is_one_in_any_direction),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
