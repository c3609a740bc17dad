"""Eight painted places: fixed, and told apart by colour alone."""

import zlib

import numpy as np
import pytest

from mmlearn.data.backgrounds import BACKGROUNDS, draw_background

# checksums of the 64-pixel pictures: they change only if somebody means to change them
FROZEN = {
    "grass": 806775415,
    "beach": 576252509,
    "sea": 1057584742,
    "sky": 3651961170,
    "snow": 2484730110,
    "night": 2879018506,
    "wall": 982976025,
    "floor": 743176769,
}


def test_eight_with_names_of_their_own() -> None:
    assert len(BACKGROUNDS) == 8
    for column in ("name", "en", "zh"):
        assert len({getattr(place, column) for place in BACKGROUNDS}) == 8
    assert all(place.zh[-1] in "上里中前" for place in BACKGROUNDS)


@pytest.mark.parametrize("place", BACKGROUNDS, ids=lambda place: place.name)
@pytest.mark.parametrize("size", [32, 64, 97])
def test_fills_the_square(place, size) -> None:
    picture = draw_background(place.name, size)
    assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    assert picture.std((0, 1)).max() > 1  # a texture, not one flat colour


def test_same_bytes_for_ever() -> None:
    assert {place.name: zlib.crc32(draw_background(place.name, 64).tobytes()) for place in BACKGROUNDS} == FROZEN


def test_mean_colours_lie_apart() -> None:
    means = np.array([draw_background(place.name, 64).mean((0, 1)) for place in BACKGROUNDS])  # (8, 3)
    apart = np.abs(means[:, None] - means[None]).sum(2) + 1000 * np.eye(8)
    assert apart.min() > 50


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="unknown background 'moon': choose one of grass, beach"):
        draw_background("moon", 64)


@pytest.mark.parametrize("size", [-5, 0, 1.5, 64.0, "64", None, True, 5000])
def test_a_size_that_is_no_count_of_pixels(size) -> None:
    with pytest.raises(ValueError, match="expected a size of 1 to 4096 whole pixels, got"):
        draw_background("grass", size)
