"""Warps move what they say they move: a bright dot is found where the homography sends it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmlearn.encode import warps as module
from mmlearn.encode.matching import apply_homography
from mmlearn.encode.warps import View, add_noise, blur, rescale, rotate

DOT = np.exp(-((np.mgrid[:81, :101][1] - 63) ** 2 + (np.mgrid[:81, :101][0] - 30) ** 2) / 18)


def centre(image: Any) -> Any:
    weight = image.astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def dot_goes_where_it_should() -> None:
    for view in (
        rotate(DOT, 25),
        rotate(DOT, -70),
        rescale(DOT, 0.6),
        rescale(DOT, 2.3),
        blur(DOT, 2.0),
        rotate(DOT, 0),
    ):
        due = apply_homography(view.homography, np.array([[63.0, 30.0]]))[0]
        np.testing.assert_allclose(centre(view.image), due, atol=0.1)


def test_the_dot_is_where_the_homography_says() -> None:
    dot_goes_where_it_should()


def test_a_quarter_turn_is_numpys() -> None:
    image = np.random.default_rng(0).integers(0, 256, (31, 31)).astype(np.uint8)
    assert (rotate(image, 90).image == np.rot90(image, -1)).all()
    assert (rotate(image, 0).image == image).all() and (rescale(image, 1).image == image).all()


def test_positive_degrees_turn_clockwise_on_the_screen() -> None:
    right_of_middle = np.array([[90.0, 40.0]])  # x, y of a picture whose middle is (50, 40)
    gone = apply_homography(rotate(DOT, 90).homography, right_of_middle)
    np.testing.assert_allclose(gone, [[50, 80]], atol=1e-9)  # below it


def test_shrinking_blurs_first_so_that_stripes_become_grey() -> None:
    stripes = np.tile([0.0, 1.0], (60, 30))
    small = rescale(stripes, 0.3).image
    assert small.shape == (18, 18) and small[3:-3, 3:-3].std() < 25


def test_noise_has_its_size_and_its_seed() -> None:
    flat = np.full((200, 200), 0.5)
    noisy = add_noise(flat, 12, random_state=3)
    assert noisy.image.std() == pytest.approx(12, rel=0.05) and noisy.image.mean() == pytest.approx(127.5, abs=0.5)
    assert (noisy.image == add_noise(flat, 12, random_state=3).image).all()
    assert (noisy.image != add_noise(flat, 12, random_state=4).image).any()
    assert (noisy.homography == np.eye(3)).all()
    assert (add_noise(np.ones((9, 9)), 50).image <= 255).all()


def test_bad_changes_are_refused() -> None:
    for factor in (0.0, -1.0, 0.001, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="leaves at least one pixel"):
            rescale(DOT, factor)
    for levels in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="0 levels or more"):
            add_noise(DOT, levels)
    with pytest.raises(ValueError, match="sigma above 0"):
        blur(DOT, 0)


def backwards(pixels: Any, homography: Any, shape: Any) -> Any:
    return DRAW(pixels, np.linalg.inv(homography), shape)


DRAW = module._draw
SEEDED_BUGS = (("the inverse is forgotten", "_draw", backwards),)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, bug[1], bug[2])
    with pytest.raises(AssertionError):
        dot_goes_where_it_should()


def test_a_view_unpacks() -> None:
    image, homography = View(np.zeros((2, 2), np.uint8), np.eye(3))
    assert image.shape == (2, 2) and homography.shape == (3, 3)
