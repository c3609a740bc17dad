"""A picture -> the SIFT descriptors of its parts, as many as there are: a set of uneven size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from mmlearn.encode.opencv_sift import dense_sift, opencv_sift
from mmlearn.encode.sift import root_sift
from mmlearn.types import FloatArray, UInt8Array

SAMPLINGS = ("dense", "keypoints")
SMALLEST = 32  # pixels a side: below, a descriptor would hardly fit into the picture


def describe(
    pictures: Iterable[UInt8Array],
    sampling: str = "dense",
    scales: Sequence[float] = (1.5, 3.0),
    step: int = 4,
    n_jobs: int | None = None,
) -> list[FloatArray]:
    """The RootSIFT descriptors of every picture, computed picture by picture: nothing is learned, nothing can leak.

    "dense" looks at every `step`-th pixel, "keypoints" only where SIFT's detector finds something. Descriptors
    of blank paper (all zero) are left out, so a flat picture gives (0, 128) either way, where OpenCV's detector
    gives None. A picture smaller than 32 pixels is enlarged first (`enlarged`).

    Args:
        pictures: grey, (H, W) uint8, as `mmlearn.encode.pictures.as_grey` makes them; sizes may differ.
        sampling: "dense" or "keypoints".
        scales: sigma of the dense grid's descriptors in pixels; each is 12 sigma across.
        step: pixels from one place of the dense grid to the next.
        n_jobs: how many threads, as in scikit-learn: None is 1, -1 all cores. The result does not depend on it.

    Returns one (n, 128) float32 a picture, rows of length 1. Raises DataUnavailable without OpenCV, ValueError for
    an unknown sampling, scale or step.

    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> [rows.shape for rows in describe([np.zeros((40, 40), np.uint8), noise], step=16)]
    [(0, 128), (32, 128)]

    Built in: lesson 02.
    """
    if sampling not in SAMPLINGS:
        raise ValueError(f"expected sampling of {' or '.join(map(repr, SAMPLINGS))}, got {sampling!r}")
    if not isinstance(scales, Sequence | np.ndarray) or isinstance(scales, str):
        raise ValueError(f"expected scales as a list of sigmas, such as (1.5, 3.0), got {scales!r}")
    work = (delayed(_of_one)(picture, sampling, tuple(scales), step) for picture in pictures)
    return list(Parallel(n_jobs=n_jobs, prefer="threads")(work))  # OpenCV works outside Python's lock


def enlarged(picture: UInt8Array, smallest: int = SMALLEST) -> UInt8Array:
    """A picture of at least `smallest` pixels a side; a larger one comes back as it is.

    First it grows by the smallest whole factor that makes its **longer** side long enough (between the pixels' middles
    levels run in straight lines). If the shorter side is still too short, its edges are repeated on both sides.

    Args:
        picture: (H, W) uint8. smallest: pixels.

    Returns (H', W') uint8. Raises ValueError for a picture without pixels.

    >>> enlarged(np.array([[0, 200]], np.uint8), 4)
    array([[  0,  50, 150, 200],
           [  0,  50, 150, 200],
           [  0,  50, 150, 200],
           [  0,  50, 150, 200]], dtype=uint8)

    Built in: lesson 02.
    """
    if min(picture.shape) < 1:
        raise ValueError(f"expected a picture with pixels, got shape {picture.shape}")
    factor = -(-smallest // max(picture.shape))
    if factor > 1:
        down, across = (_between(side, factor) for side in picture.shape)
        picture = np.floor(down @ picture @ across.T + 0.5).astype(np.uint8)  # (factor H, factor W)
    lacks = [max(0, smallest - side) for side in picture.shape]
    return np.pad(picture, [(lack // 2, lack - lack // 2) for lack in lacks], mode="edge")


def _between(side: int, factor: int) -> FloatArray:
    """(factor * side, side) shares of each old pixel in each new one; beyond the outermost middles nothing changes."""
    places = np.clip((np.arange(factor * side) + 0.5) / factor - 0.5, 0, side - 1)
    shares: FloatArray = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(side)))
    return shares


def _of_one(picture: UInt8Array, sampling: str, scales: tuple[float, ...], step: int) -> FloatArray:
    large = enlarged(picture)
    found = dense_sift(large, scales, step)[2] if sampling == "dense" else opencv_sift(large)[1]
    return root_sift(found[found.any(axis=1)])  # (n, 128)
