"""The bars of lesson 02, small: our SIFT beside OpenCV's at equal counts, on five photographs and four changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from mmlearn.data import science_photos
from mmlearn.encode.keypoints import Keypoints
from mmlearn.encode.matching import match
from mmlearn.encode.opencv_sift import opencv_sift
from mmlearn.encode.pixels import to_grey
from mmlearn.encode.sift import sift
from mmlearn.encode.warps import View, add_noise, blur, rescale, rotate
from mmlearn.score.repeatability import match_precision, repeatability

N = 150
KEYS = "astronaut", "chelsea", "coffee", "coins", "china"
CHANGES: dict[str, Callable[[Any], View]] = {
    "rotation": lambda image: rotate(image, 35),
    "scale": lambda image: rescale(image, 0.7),
    "blur": lambda image: blur(image, 1.2),
    "noise": lambda image: add_noise(image, 10),
}


@cache
def photos() -> tuple[Any, ...]:
    data = science_photos()
    whole = [to_grey(data.images[list(data.keys).index(key)]) for key in KEYS]
    return tuple(grey[10:300, 20:384] for grey in whole)


@cache
def first(detector: Callable[..., Any], place: int) -> Any:
    """What a detector finds in the unchanged photograph; once for all changes."""
    return detector(photos()[place], N)


def scattered(points: Keypoints, shape: tuple[int, ...], seed: int) -> Keypoints:
    """As many places of the same sizes, anywhere."""
    generator = np.random.default_rng(seed)
    xy = generator.random((len(points), 2)) * [shape[1] - 1, shape[0] - 1]
    return Keypoints(xy, generator.permutation(points.scale), points.angle, points.response)


@pytest.mark.parametrize("change", CHANGES)
def test_as_repeatable_and_as_precise_as_opencv(change: str) -> None:
    pytest.importorskip("cv2")
    rows = []
    for place, image in enumerate(photos()):
        view = CHANGES[change](image)
        shapes = image.shape, view.image.shape
        row = []
        for detector in (sift, opencv_sift):
            (a, before), (b, after) = first(detector, place), detector(view.image, N)
            row += [repeatability(a, b, view.homography, shapes),
                    match_precision(match(before, after), a.xy, b.xy, view.homography)]  # fmt: skip
            assert len(a) == N
        control = scattered(a, image.shape, 0), scattered(b, view.image.shape, 1)
        rows.append([*row, repeatability(*control, view.homography, shapes)])
    ours, our_precision, theirs, their_precision, random = np.mean(rows, axis=0)
    assert ours >= 0.9 * theirs and our_precision >= 0.8 * their_precision
    assert random < 0.2 * ours and ours > 0.25 and our_precision > 0.7
