"""The fast library route: OpenCV's SIFT under the types of the course, at keypoints or on a dense grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode.keypoints import Keypoints, no_keypoints
from mmlearn.encode.scale_space import as_intensity
from mmlearn.types import FloatArray, UInt8Array

INSTALL = 'pip install "opencv-python-headless>=4.10,<5"'


def has_opencv() -> bool:
    """True where OpenCV (4.10 or later) is installed; it is an optional extra of the course.

    Built in: lesson 02.
    """
    try:
        _opencv()
    except DataUnavailable:
        return False
    return True


def opencv_sift(image: UInt8Array | FloatArray, n_keypoints: int | None = None) -> tuple[Keypoints, FloatArray]:
    """OpenCV's SIFT (C++), in the types of `mmlearn.encode.sift.sift`.

    Three things differ from a plain ``cv2.SIFT_create().detectAndCompute``. A picture without keypoints gives
    arrays of no rows, not None. The picture is doubled precisely (``enable_precise_upscale``); without it every
    keypoint lies a quarter of a pixel too far to the upper left. And exactly the strongest `n_keypoints` come back,
    the strongest first, also where several are equal.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1 (rounded to 256 levels: OpenCV's SIFT knows no others).
        n_keypoints: at most so many; None for all.

    Returns N keypoints and (N, 128) float32 whole numbers 0 to 255, rows of length about 512. Raises DataUnavailable
    without OpenCV; ValueError and TypeError as `mmlearn.encode.scale_space.as_intensity`.

    Built in: lesson 02.
    """
    levels, cv2 = _levels(image), _opencv()
    found, descriptors = cv2.SIFT_create(enable_precise_upscale=True).detectAndCompute(levels, None)
    if descriptors is None:
        return no_keypoints(), np.zeros((0, 128), np.float32)
    keypoints = Keypoints(
        xy=np.array([point.pt for point in found]),  # (N, 2)
        scale=np.array([point.size / 2 for point in found]),
        angle=np.array([np.radians(point.angle) % (2 * np.pi) for point in found]),
        response=np.array([point.response for point in found]),
    )
    order = keypoints.strongest(n_keypoints)
    return keypoints.select(order), np.asarray(descriptors)[order]


def dense_sift(
    image: UInt8Array | FloatArray, scales: Sequence[float] = (4.0, 8.0), step: int = 8
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """SIFT's descriptor on a regular grid, upright: nothing is detected, so every part of a picture has its say.

    A descriptor covers 4 x 4 cells of 3 sigma each, twelve sigma across. All scales are taken from one picture,
    blurred to 1.6 pixels, as OpenCV does for keypoints that it is given; a true scale space would blur each to its own.

    Args:
        image: (H, W) grey, uint8 0 to 255 or float 0 to 1.
        scales: sigma in pixels, above 0; OpenCV's ``KeyPoint.size`` is twice that.
        step: pixels from one place of the grid to the next; the grid lies in the middle of the picture, and has
            at least one place.

    Returns xy (N, 2) float64, scale (N,) float64 and descriptors (N, 128) float32 whole numbers 0 to 255 (all zero
    where the picture is flat): scale by scale, within it row by row.
    Raises DataUnavailable without OpenCV; ValueError for a scale that is not positive or a step below 1.

    Reference: Fei-Fei and Perona (2005), "A Bayesian hierarchical model for learning natural scene categories",
    doi:10.1109/CVPR.2005.16.

    Built in: lesson 02.
    """
    if step < 1 or len(scales) == 0 or not all(np.isfinite(scale) and scale > 0 for scale in scales):
        raise ValueError(f"expected positive scales and a step of at least 1 pixel, got {scales} and {step}")
    levels, cv2 = _levels(image), _opencv()
    rows, columns = (np.arange((length - 1) % step // 2, length, step) for length in levels.shape)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2).astype(np.float64)  # (rows * columns, 2) x, y
    xy = np.tile(grid, (len(scales), 1))  # (N, 2)
    scale = np.repeat(np.asarray(scales, dtype=np.float64), len(grid))  # (N,)
    points = [cv2.KeyPoint(x, y, 2 * s, 0.0) for (x, y), s in zip(xy.tolist(), scale.tolist(), strict=True)]
    kept, descriptors = cv2.SIFT_create().compute(levels, points)
    if len(kept) != len(points):
        raise RuntimeError(f"OpenCV kept {len(kept)} of {len(points)} places of the grid")
    return xy, scale, np.asarray(descriptors)


def _levels(image: UInt8Array | FloatArray) -> UInt8Array:
    intensity = as_intensity(image)
    return np.ascontiguousarray(np.round(intensity * 255).astype(np.uint8))


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        raise DataUnavailable("OpenCV", "no package cv2", INSTALL) from None
    return cv2
