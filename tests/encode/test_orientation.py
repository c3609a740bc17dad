"""Directions against hand-made slopes, a slow histogram, and known turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmlearn.encode import orientation as module


def ramp(degrees: float, size: int = 41) -> Any:
    """Brightness that rises in one direction, clockwise from the right as one sees it."""
    y, x = np.mgrid[:size, :size] / size
    return np.cos(np.radians(degrees)) * x + np.sin(np.radians(degrees)) * y


def test_slopes_are_half_the_difference_of_neighbours() -> None:
    layer = np.random.default_rng(0).random((7, 9))
    dx, dy = module.gradients(layer)
    theirs_y, theirs_x = np.gradient(layer)
    np.testing.assert_allclose(dx[1:-1, 1:-1], theirs_x[1:-1, 1:-1])
    np.testing.assert_allclose(dy[1:-1, 1:-1], theirs_y[1:-1, 1:-1])
    assert not dx[0].any() and not dx[:, -1].any() and not dy[0].any() and not dy[:, -1].any()


def test_sampling_is_exact_on_a_ramp_and_zero_outside() -> None:
    y, x = np.mgrid[:5, :8]
    got = module.sample(2.0 * x + 10.0 * y, np.array([[3.25, 0.0], [8.1, 7.0]]), np.array([[1.5, 0.0], [2.0, 4.0]]))
    np.testing.assert_allclose(got, [[21.5, 0.0], [0.0, 54.0]])


def test_histogram_equals_a_slow_one() -> None:
    generator = np.random.default_rng(1)
    dx, dy, weight = generator.normal(size=(3, 50)), generator.normal(size=(3, 50)), generator.random(50)
    slow = np.zeros((3, 36))
    for i in range(3):
        for p in range(50):
            degrees = np.degrees(np.arctan2(dy[i, p], dx[i, p])) % 360
            slow[i, round(degrees / 10) % 36] += weight[p] * np.sqrt(dx[i, p] ** 2 + dy[i, p] ** 2)
    np.testing.assert_allclose(module.orientation_histogram(dx, dy, weight), slow)
    assert module.orientation_histogram(dx[:0], dy[:0], weight).shape == (0, 36)


@pytest.mark.parametrize("degrees", [0.0, 3.0, 90.0, 134.0, 275.0, 359.0])
def test_a_ramp_points_where_it_rises(degrees: float) -> None:
    rises_where(degrees)


def rises_where(degrees: float = 134.0) -> None:
    rows, angle = module.orientations(ramp(degrees), np.array([20.0]), np.array([20.0]), np.array([2.0]))
    assert rows.tolist() == [0]
    off = (np.degrees(angle[0]) - degrees + 180) % 360 - 180
    assert abs(off) < 5.1  # half a bin: all samples of a ramp fall into one
    assert 0 <= angle[0] < 2 * np.pi


def test_peaks_lie_between_the_bins() -> None:
    bins = np.arange(36)
    for top in (7.3, 35.8, 0.1):
        apart = (bins - top + 18) % 36 - 18
        rows, angle = module.histogram_peaks(np.exp(-(apart**2) / 8)[None])
        assert rows.tolist() == [0]
        np.testing.assert_allclose(angle * 36 / (2 * np.pi), [top], atol=0.05)


def test_a_second_direction_counts_from_four_fifths() -> None:
    for height, count in ((0.82, 2), (0.78, 1)):
        histogram = np.zeros((1, 36))
        histogram[0, 9], histogram[0, 27] = 1, height
        rows, angle = module.histogram_peaks(histogram)
        assert rows.tolist() == [0] * count
        np.testing.assert_allclose(np.degrees(angle), [90, 270][:count])


def test_flat_has_no_direction() -> None:
    rows, angle = module.orientations(np.ones((20, 20)), np.array([9.0, 5.0]), np.array([9.0, 5.0]), np.ones(2))
    assert len(rows) == len(angle) == 0


def test_rows_name_their_keypoint() -> None:
    histogram = np.zeros((3, 36))
    histogram[0, 4] = histogram[2, 30] = 5
    rows, angle = module.histogram_peaks(histogram)
    assert rows.tolist() == [0, 2]
    np.testing.assert_allclose(np.degrees(angle), [40, 300])


def slow_directions(layer: Any, x: float, y: float, sigma: float) -> list[float]:
    """The whole of `orientations` for one keypoint, sample by sample, in degrees."""
    dx, dy = module.gradients(layer)
    histogram = np.zeros(36)
    for i in range(-18, 19):
        for j in range(-18, 19):
            u, v = i / 4, j / 4
            if np.hypot(u, v) > 4.5:
                continue
            place = (np.array([x + sigma * u]), np.array([y + sigma * v]))
            gx, gy = (module.sample(slope, *place)[0] for slope in (dx, dy))
            box = round(np.degrees(np.arctan2(gy, gx)) / 10) % 36
            histogram[box] += np.exp(-(u * u + v * v) / (2 * 1.5**2)) * np.hypot(gx, gy)
    kernel = dict(zip((-2, -1, 0, 1, 2), (1, 4, 6, 4, 1), strict=True))
    smooth = [sum(w * histogram[(k + s) % 36] for s, w in kernel.items()) / 16 for k in range(36)]
    due = []
    for k in range(36):
        left, top, right = smooth[k - 1], smooth[k], smooth[(k + 1) % 36]
        if top > left and top > right and top >= 0.8 * max(smooth):
            due.append((k + (left - right) / (2 * (left - 2 * top + right))) * 10 % 360)
    return due


def test_directions_of_a_textured_layer_equal_a_slow_loop() -> None:
    for seed in range(3):
        layer = np.random.default_rng(seed).random((60, 60))
        _, found = module.orientations(layer, np.array([30.2]), np.array([28.7]), np.array([2.5]))
        np.testing.assert_allclose(np.degrees(found), slow_directions(layer, 30.2, 28.7, 2.5), atol=1e-6)


HISTOGRAM = module.orientation_histogram
PEAKS = module.histogram_peaks
SLOW = test_histogram_equals_a_slow_one
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("y and x swapped in the angle", "orientation_histogram",
     lambda dx, dy, w, bins=36: HISTOGRAM(dy, dx, w, bins), SLOW),
    ("y points up", "orientation_histogram", lambda dx, dy, w, bins=36: HISTOGRAM(dx, -dy, w, bins), rises_where),
    ("weights are forgotten", "orientation_histogram",
     lambda dx, dy, w, bins=36: HISTOGRAM(dx, dy, np.ones_like(w), bins), SLOW),
    ("every slope counts one", "orientation_histogram",
     lambda dx, dy, w, bins=36: HISTOGRAM(dx / np.hypot(dx, dy), dy / np.hypot(dx, dy), w, bins), SLOW),
    ("slopes of y for slopes of x", "gradients", lambda layer: np.gradient(layer), rises_where),
    ("x and y swapped in sampling", "sample",
     lambda values, x, y: values[np.rint(x).astype(int) % 5, np.rint(y).astype(int) % 5],
     test_sampling_is_exact_on_a_ramp_and_zero_outside),
    ("bins for angles", "histogram_peaks", lambda h, share=0.8: (PEAKS(h)[0], np.rint(PEAKS(h)[1] * 18 / np.pi)),
     test_peaks_lie_between_the_bins),
    ("the highest peak alone", "histogram_peaks", lambda h, share=0.8: PEAKS(h, 1.0),
     test_a_second_direction_counts_from_four_fifths),
    ("every peak", "histogram_peaks", lambda h, share=0.8: PEAKS(h, 0.0),
     test_a_second_direction_counts_from_four_fifths),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
