"""The library route: same types, defined results for flat pictures, a grid that covers small pictures too."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from mmlearn.data.unavailable import DataUnavailable
from mmlearn.encode import opencv_sift as module
from mmlearn.encode.sift import sift

NOISE = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)


@pytest.fixture
def no_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "cv2":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)


def test_without_opencv_the_command_is_told(no_opencv: None) -> None:
    assert not module.has_opencv()
    for function in (module.opencv_sift, module.dense_sift):
        with pytest.raises(DataUnavailable, match=r'pip install "opencv-python-headless>=4.10,<5"'):
            function(NOISE)
    assert len(sift(NOISE)[0]) > 0  # the course's own needs no OpenCV


def test_it_is_opencvs_but_for_the_order() -> None:
    cv2 = pytest.importorskip("cv2")
    points, descriptors = module.opencv_sift(NOISE)
    theirs, rows = cv2.SIFT_create(enable_precise_upscale=True).detectAndCompute(NOISE, None)
    order = np.argsort([-point.response for point in theirs], kind="stable")
    np.testing.assert_allclose(points.xy, np.array([theirs[i].pt for i in order]))
    np.testing.assert_allclose(points.scale, np.array([theirs[i].size for i in order]) / 2)
    np.testing.assert_allclose(np.degrees(points.angle), np.array([theirs[i].angle for i in order]) % 360, atol=1e-9)
    assert (descriptors == rows[order]).all() and descriptors.dtype == np.float32
    assert (np.diff(points.response) <= 0).all()
    some, _ = module.opencv_sift(NOISE, 7)
    assert (some.xy == points.xy[:7]).all()


def test_flat_and_tiny_pictures_have_no_keypoints() -> None:
    cv2 = pytest.importorskip("cv2")
    flat = np.full((50, 50), 200, np.uint8)
    assert cv2.SIFT_create().detectAndCompute(flat, None)[1] is None  # what the wrapper is for
    for picture in (flat, np.zeros((1, 1)), np.zeros((2, 90))):
        points, descriptors = module.opencv_sift(picture)
        assert len(points) == 0 and descriptors.shape == (0, 128) and descriptors.dtype == np.float32


def test_floats_are_rounded_to_levels() -> None:
    pytest.importorskip("cv2")
    assert (module.opencv_sift(NOISE)[1] == module.opencv_sift(NOISE / 255)[1]).all()


def test_dense_grid_lies_in_the_middle_and_scales_follow_each_other() -> None:
    pytest.importorskip("cv2")
    xy, scale, descriptors = module.dense_sift(NOISE, scales=(2.0, 5.0), step=16)
    assert descriptors.shape == (2 * 4 * 5, 128) and descriptors.dtype == np.float32
    assert xy[:6].tolist() == [[7, 5], [23, 5], [39, 5], [55, 5], [71, 5], [7, 21]]
    assert (xy[:20] == xy[20:]).all() and scale.tolist() == [2.0] * 20 + [5.0] * 20


def test_a_dense_descriptor_is_sifts_upright_one() -> None:
    cv2 = pytest.importorskip("cv2")
    xy, _, descriptors = module.dense_sift(NOISE, scales=(3.0,), step=20)
    _, alone = cv2.SIFT_create().compute(NOISE, [cv2.KeyPoint(float(xy[4, 0]), float(xy[4, 1]), 6.0, 0.0)])
    assert (descriptors[4] == alone[0]).all()


def test_the_smallest_pictures_have_one_place() -> None:
    pytest.importorskip("cv2")
    for shape, place in (((1, 1), [0, 0]), ((1, 9), [4, 0]), ((9, 1), [0, 4])):
        xy, scale, descriptors = module.dense_sift(np.zeros(shape), scales=(4.0,), step=16)
        assert descriptors.shape == (1, 128) and not descriptors.any() and scale.tolist() == [4.0]
        assert (np.abs(xy - place) <= 4).all() and (xy >= 0).all()


def test_bad_input_is_refused() -> None:
    for scales, step in (((0.0,), 8), ((), 8), ((4.0,), 0), ((float("nan"),), 8)):
        with pytest.raises(ValueError, match="positive scales and a step"):
            module.dense_sift(NOISE, scales, step)
    for function in (module.opencv_sift, module.dense_sift):
        with pytest.raises(ValueError, match="to_grey"):
            function(np.zeros((9, 9, 3), np.uint8))
        with pytest.raises(ValueError, match="NaN"):
            function(np.full((9, 9), np.nan))
