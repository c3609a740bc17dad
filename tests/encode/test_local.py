"""Local descriptors: what a picture gives, whatever its size and however many threads work."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.encode.local import describe, enlarged
from mmlearn.encode.opencv_sift import dense_sift, opencv_sift
from mmlearn.encode.sift import root_sift

pytest.importorskip("cv2", reason="the optional extra opencv is not installed")


def pictures(count: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + 7 * i, 50 - 3 * i), dtype=np.uint8) for i in range(count)]


def test_dense_is_opencvs_on_the_same_grid() -> None:
    for rows, picture in zip(describe(pictures(), "dense", (2.0, 3.0), 8), pictures(), strict=True):
        assert rows.dtype == np.float32 and (rows == root_sift(dense_sift(picture, (2.0, 3.0), 8)[2])).all()


def test_keypoints_are_opencvs() -> None:
    for rows, picture in zip(describe(pictures(), "keypoints"), pictures(), strict=True):
        assert len(rows) > 0 and (rows == root_sift(opencv_sift(picture)[1])).all()


@pytest.mark.parametrize("sampling", ["dense", "keypoints"])
def test_threads_change_nothing(sampling: str) -> None:
    one, two = (describe(pictures(12), sampling, n_jobs=jobs) for jobs in (1, 2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("sampling", ["dense", "keypoints"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_has_no_descriptors(sampling: str, level: int) -> None:
    flat = [np.full(shape, level, np.uint8) for shape in ((1, 1), (1, 9), (64, 64))]
    assert [rows.shape for rows in describe(flat, sampling)] == [(0, 128)] * 3


def test_blank_paper_is_left_out_and_all_rows_have_length_1() -> None:
    picture = np.full((64, 64), 255, np.uint8)
    picture[20:30, 20:30] = 0
    rows = describe([picture], step=4)[0]
    assert 0 < len(rows) < 2 * 16 * 16
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 40), (3, 3), (8, 8), (31, 5), (32, 1)])
def test_small_pictures_have_descriptors(shape: tuple[int, int]) -> None:
    picture = np.zeros(shape, np.uint8)
    picture.flat[0] = 255
    assert len(describe([picture])[0]) > 0


def test_enlarging_equals_opencvs_linear_resize() -> None:
    import cv2

    for picture in (np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8) for shape in ((8, 8), (3, 7))):
        large = enlarged(picture, max(picture.shape) * 5)
        theirs = cv2.resize(picture, None, fx=5, fy=5, interpolation=cv2.INTER_LINEAR)
        edge = (large.shape[0] - theirs.shape[0]) // 2
        inner = large[edge : edge + theirs.shape[0]]
        assert np.abs(inner.astype(int) - theirs).max() <= 1
        assert (large[:edge] == inner[0]).all() and (large[edge + len(inner) :] == inner[-1]).all()


def test_a_large_picture_is_not_touched() -> None:
    picture = pictures(1)[0]
    assert (enlarged(picture) == picture).all() and enlarged(np.zeros((5, 90), np.uint8)).shape == (32, 90)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="'dense' or 'keypoints', got 'grid'"):
        describe(pictures(1), "grid")
    with pytest.raises(ValueError, match="step of at least 1"):
        describe(pictures(1), step=0)
    with pytest.raises(ValueError, match="with pixels"):
        enlarged(np.zeros((0, 3), np.uint8))
