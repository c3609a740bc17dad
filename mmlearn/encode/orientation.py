"""Orientation: the directions that a neighbourhood points in, so that a turned picture can be turned back."""

from __future__ import annotations

import numpy as np

from mmlearn.types import FloatArray, IntArray

BINS = 36  # of ten degrees each
WINDOW = 1.5  # width of the bell of weights, in sigmas of the keypoint
PEAK = 0.8  # a second direction counts from this share of the highest


def gradients(layer: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope of the brightness: dx to the right, dy downwards; 0 at the picture's edge.

    Args:
        layer: (H, W) float.

    Returns dx and dy, each (H, W): half the difference of the two neighbours.

    >>> gradients(np.array([[0.0, 1.0, 4.0]] * 3))[0][1]
    array([0., 2., 0.])

    Built in: lesson 02.
    """
    dx, dy = np.zeros_like(layer), np.zeros_like(layer)
    dx[1:-1, 1:-1] = (layer[1:-1, 2:] - layer[1:-1, :-2]) / 2
    dy[1:-1, 1:-1] = (layer[2:, 1:-1] - layer[:-2, 1:-1]) / 2
    return dx, dy


def sample(values: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Values between the pixels, mixed from the four around; 0 beyond the edge.

    Args:
        values: (H, W) float.
        x, y: places in pixels, of any one shape.

    Returns an array of that shape.

    >>> sample(np.array([[0.0, 10.0], [20.0, 30.0]]), np.array([0.5, 9.0]), np.array([0.5, 9.0]))
    array([15.,  0.])

    Built in: lesson 02.
    """
    from scipy.ndimage import map_coordinates

    mixed: FloatArray = map_coordinates(values, np.stack([y, x]), order=1, mode="constant")
    return mixed


def orientation_histogram(dx: FloatArray, dy: FloatArray, weight: FloatArray, bins: int = BINS) -> FloatArray:
    """How much slope points in each direction: every sample adds ``weight * length`` to the bin of its angle.

    ``angle = atan2(dy, dx)``, 0 to 2 pi; bin k gathers the angles nearest to ``k * 2 pi / bins``.

    Args:
        dx, dy: (N, P) float, the slopes at P samples around each of N keypoints; y points down.
        weight: (P,) float, 0 or more.
        bins: how many directions.

    Returns (N, bins) float64.

    >>> right, down = np.array([[3.0, 0.0]]), np.array([[0.0, 2.0]])
    >>> orientation_histogram(right, down, np.ones(2), bins=4)
    array([[3., 2., 0., 0.]])

    Paper: Lowe (2004), section 5.

    Built in: lesson 02.
    """
    n = len(dx)
    turn = np.arctan2(dy, dx) / (2 * np.pi)  # (N, P) -0.5 to 0.5
    box = np.rint(turn * bins).astype(np.int64) % bins  # (N, P) 0 to bins - 1
    box += bins * np.arange(n)[:, None]  # one run of boxes a keypoint
    votes = weight * np.hypot(dx, dy)  # (N, P)
    counts = np.bincount(box.ravel(), votes.ravel(), minlength=n * bins).astype(np.float64)
    return counts.reshape(n, bins)


def histogram_peaks(histogram: FloatArray, share: float = PEAK) -> tuple[IntArray, FloatArray]:
    """The directions that stand out: bins above both neighbours and at least `share` of the highest.

    The histogram is smoothed first by (1, 4, 6, 4, 1) / 16. A parabola through a peak and its neighbours gives the
    angle between the bins.

    Args:
        histogram: (N, bins) float, 0 or more; its ends meet.
        share: of the highest bin, 0 to 1.

    Returns the row of each peak (M,) int64 and its angle (M,) float64, 0 to 2 pi. A row of zeros has no peak.

    >>> rows, angles = histogram_peaks(np.roll(np.eye(36)[:1], 9, axis=1))
    >>> rows, np.degrees(angles)
    (array([0]), array([90.]))

    Paper: Lowe (2004), section 5.

    Built in: lesson 02.
    """
    bins = histogram.shape[1]
    turned = [np.roll(histogram, shift, axis=1) for shift in (-2, -1, 0, 1, 2)]
    smooth: FloatArray = np.tensordot(np.array([1, 4, 6, 4, 1]) / 16, turned, axes=1)  # (N, bins)
    before, after = np.roll(smooth, 1, axis=1), np.roll(smooth, -1, axis=1)
    high = smooth >= share * smooth.max(axis=1, keepdims=True)
    rows, peak = np.nonzero((smooth > before) & (smooth > after) & high)
    left, top, right = before[rows, peak], smooth[rows, peak], after[rows, peak]
    between = (left - right) / (2 * (left - 2 * top + right))  # -0.5 to 0.5
    return rows, (peak + between) * 2 * np.pi / bins % (2 * np.pi)


def orientations(layer: FloatArray, x: FloatArray, y: FloatArray, sigma: FloatArray) -> tuple[IntArray, FloatArray]:
    """The main directions of each neighbourhood, one or more a keypoint.

    Slopes are read on a grid of a quarter of a sigma, out to 4.5 sigma, under a bell of 1.5 sigma. Unlike OpenCV's, the
    grid grows with sigma, so every keypoint is judged by as many samples.

    Args:
        layer: (H, W) float, blurred to about sigma.
        x, y, sigma: (N,) float, in pixels of the layer.

    Returns the keypoint of each direction (M,) int64, sorted, and the direction (M,) float64, 0 to 2 pi.

    Paper: Lowe (2004), section 5.

    Built in: lesson 02.
    """
    line = np.arange(-18, 19) / 4  # in sigmas
    u, v = (axis.ravel() for axis in np.meshgrid(line, line))  # (P,) each
    inside = np.hypot(u, v) <= 3 * WINDOW
    u, v = u[inside], v[inside]
    weight = np.exp(-(u**2 + v**2) / (2 * WINDOW**2))
    across, down = x[:, None] + sigma[:, None] * u, y[:, None] + sigma[:, None] * v  # (N, P)
    dx, dy = (sample(slope, across, down) for slope in gradients(layer))
    return histogram_peaks(orientation_histogram(dx, dy, weight))
