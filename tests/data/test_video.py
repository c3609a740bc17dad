"""A sticker where it should be, clipped at the edges, and differences that do not wrap round."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.data.video import frame_difference, moving_sticker

RED = np.full((2, 3, 4), [255, 0, 0, 255], dtype=np.uint8)


def test_the_sticker_is_where_the_path_says() -> None:
    video = moving_sticker(RED, [(0, 0), (3, 4)], size=(6, 8))
    assert video.shape == (2, 6, 8, 3) and video.dtype == np.uint8
    for frame, (top, left) in zip(video, [(0, 0), (3, 4)], strict=True):
        inside = np.zeros((6, 8), dtype=bool)
        inside[top : top + 2, left : left + 3] = True
        assert (frame[inside] == [255, 0, 0]).all() and (frame[~inside] == 255).all()


@pytest.mark.parametrize(
    ("place", "seen"),
    [((-1, 0), 3), ((0, -2), 2), ((5, 7), 1), ((-5, 0), 0), ((0, 8), 0), ((99, 99), 0), ((-2, -3), 0)],
)
def test_what_leaves_the_frame_is_cut(place: tuple[int, int], seen: int) -> None:
    frame = moving_sticker(RED, [place], size=(6, 8))[0]
    assert ((frame == [255, 0, 0]).all(axis=-1)).sum() == seen


def test_the_part_that_is_left_is_the_right_part() -> None:
    shades = np.full((2, 3, 4), 255, dtype=np.uint8)
    shades[..., 0] = [[10, 20, 30], [40, 50, 60]]
    assert moving_sticker(shades, [(-1, -2)], size=(4, 4))[0, 0, 0, 0] == 60
    assert moving_sticker(shades, [(3, 3)], size=(4, 4))[0, 3, 3, 0] == 10


def test_half_transparent_is_half_white() -> None:
    pale = np.array([[[0, 0, 0, 128]]], dtype=np.uint8)
    assert moving_sticker(pale, [(0, 0)], size=(1, 1)).ravel().tolist() == [127, 127, 127]


def test_moving_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="round the path"):
        moving_sticker(RED, [(0.5, 1.0)])
    with pytest.raises(ValueError, match="RGBA"):
        moving_sticker(RED[..., :3], [(0, 0)])


def test_difference_does_not_wrap_round() -> None:
    video = np.zeros((3, 1, 1, 3), dtype=np.uint8)
    video[1] = (5, 250, 0)
    assert frame_difference(video).ravel().tolist() == [250, 250]  # up, then down


def test_what_stands_still_is_black() -> None:
    still = moving_sticker(RED, [(1, 1)] * 3, size=(6, 8))
    assert (frame_difference(still) == 0).all()
    moved = frame_difference(moving_sticker(RED, [(1, 1), (1, 2)], size=(6, 8)))
    assert moved.shape == (1, 6, 8)
    assert sorted(map(tuple, np.argwhere(moved[0]))) == [(1, 1), (1, 4), (2, 1), (2, 4)]


def test_difference_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one channel"):
        frame_difference(np.zeros((2, 4, 4, 0), dtype=np.uint8))
    with pytest.raises(ValueError, match="at least two frames"):
        frame_difference(np.zeros((1, 4, 4, 3), dtype=np.uint8))
    with pytest.raises(TypeError, match="uint8"):
        frame_difference(np.zeros((2, 4, 4, 3)))  # type: ignore[arg-type]
