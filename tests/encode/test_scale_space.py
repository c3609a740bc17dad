"""Blur and pyramid against SciPy, OpenCV and hand-made cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from mmlearn.encode import scale_space as module
from mmlearn.encode.scale_space import Octave

PICTURE = np.random.default_rng(0).random((37, 50)).astype(np.float32)


def test_blur_equals_scipy() -> None:
    for sigma in (0.4, 1.0, 1.249, 3.3):
        theirs = ndimage.gaussian_filter(PICTURE.astype(np.float64), sigma, mode="mirror", truncate=4)
        np.testing.assert_allclose(module.gaussian_blur(PICTURE.astype(np.float64), sigma), theirs, atol=1e-12)
        assert module.gaussian_blur(PICTURE, sigma).dtype == np.float32


def test_blur_is_near_opencvs() -> None:
    cv2 = pytest.importorskip("cv2")
    theirs = cv2.GaussianBlur(PICTURE, (0, 0), 1.6)
    np.testing.assert_allclose(module.gaussian_blur(PICTURE, 1.6), theirs, atol=2e-4)  # it cuts the bell elsewhere


def test_a_picture_smaller_than_the_bell_is_mirrored_again() -> None:
    tiny = np.array([[0.0, 1.0]])
    blurred = module.gaussian_blur(tiny, 5.0)
    assert blurred.shape == (1, 2)
    np.testing.assert_allclose(blurred.sum(), 1, atol=1e-6)


def test_kernel_is_a_mean_and_even() -> None:
    kernel = module.gaussian_kernel(2.3)
    assert kernel.sum() == pytest.approx(1) and (kernel == kernel[::-1]).all() and len(kernel) == 2 * 9 + 1
    for sigma in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="sigma above 0"):
            module.gaussian_kernel(sigma)


def test_doubling_keeps_every_pixel_and_puts_means_between() -> None:
    finer = module.double_size(PICTURE)
    assert finer.shape == (73, 99) and finer.dtype == PICTURE.dtype
    assert (finer[::2, ::2] == PICTURE).all()
    np.testing.assert_allclose(finer[1, 1], PICTURE[:2, :2].mean(), atol=1e-7)
    assert module.double_size(PICTURE[:1, :1]).shape == (1, 1)


def test_every_layer_has_the_blur_it_claims() -> None:
    """A single blur from the doubled picture must give what the steps give, in the first octave and the second."""
    first, second = module.scale_space(PICTURE)[:2]
    fine = module.double_size(PICTURE.astype(np.float64))
    for i in range(6):
        sigma = 1.6 * 2 ** (i / 3)
        at_once = ndimage.gaussian_filter(fine, np.sqrt(sigma**2 - 1), mode="mirror", truncate=8)
        np.testing.assert_allclose(first.layers[i], at_once, atol=1e-3)
        again = ndimage.gaussian_filter(fine, np.sqrt((2 * sigma) ** 2 - 1), mode="mirror", truncate=8)[::2, ::2]
        np.testing.assert_allclose(second.layers[i][5:-5, 5:-5], again[5:-5, 5:-5], atol=2e-3)


def test_octaves_halve_until_they_are_too_small() -> None:
    octaves = module.scale_space(np.zeros((100, 60)))
    assert [octave.layers.shape for octave in octaves] == [(6, 199, 119), (6, 100, 60), (6, 50, 30), (6, 25, 15)]
    assert [octave.step for octave in octaves] == [0.5, 1, 2, 4]
    assert module.scale_space(np.zeros((1, 1))) == [] == module.scale_space(np.zeros((6, 900)))
    assert len(module.scale_space(np.zeros((7, 7)))) == 1


def test_difference_keeps_its_sign() -> None:
    y, x = np.mgrid[:41, :41]
    bright = np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 50)
    for picture, sign in ((bright, -1), (1 - bright, 1)):
        dog = module.difference_of_gaussians(module.scale_space(picture)[1].layers)
        assert dog.shape == (5, 41, 41)
        assert (sign * dog[:, 20, 20] > 0.01).all()


@pytest.mark.parametrize(
    ("picture", "error", "says"),
    [
        (np.zeros((4, 4, 3), np.uint8), ValueError, "to_grey"),
        (np.zeros((2, 4, 4, 3), np.uint8), ValueError, "one picture at a time"),
        (np.zeros((0, 5), np.uint8), ValueError, "at least one pixel"),
        (np.full((3, 3), np.nan), ValueError, "finite brightness"),
        (np.full((3, 3), 2.0), ValueError, "divide levels by 255"),
        (np.full((3, 3), -0.1), ValueError, "floats 0 to 1"),
        (np.zeros((3, 3), np.int64), TypeError, "uint8 0 to 255 or float"),
        (np.zeros((3, 3), bool), TypeError, "got bool"),
    ],
)
def test_bad_pictures_are_refused(picture: Any, error: type[Exception], says: str) -> None:
    for function in (module.as_intensity, module.scale_space):
        with pytest.raises(error, match=says):
            function(picture)


def test_levels_and_floats_are_the_same_picture() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (9, 9)).astype(np.uint8)
    np.testing.assert_allclose(module.as_intensity(levels), module.as_intensity(levels / 255), atol=1e-7)


def whole_sigma(image: Any) -> list[Octave]:
    """Each layer blurred by its whole sigma again, not by what is still missing."""
    first = module.gaussian_blur(module.double_size(module.as_intensity(image)), 1.249)
    layers = [first]
    for i in range(1, 6):
        layers.append(module.gaussian_blur(layers[-1], 1.6 * 2 ** (i / 3)))
    return [Octave(np.stack(layers), 0.5), Octave(np.stack(layers)[:, ::2, ::2], 1.0)]


def corner_doubling(image: Any) -> Any:
    finer: Any = image.repeat(2, axis=0).repeat(2, axis=1)
    return finer[:-1, :-1]


def no_mirror(image: Any, sigma: float) -> Any:
    return ndimage.gaussian_filter(image, sigma, mode="constant")


BLUR, LAYERS = test_blur_equals_scipy, test_every_layer_has_the_blur_it_claims
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the camera's blur is forgotten", "CAMERA_SIGMA", 0.0, LAYERS),
    ("the camera's blur is not doubled", "CAMERA_SIGMA", 0.25, LAYERS),
    ("each layer is blurred by its whole sigma", "scale_space", whole_sigma, LAYERS),
    ("the first blur is 1", "SIGMA", 1.0 + 1e-6, LAYERS),
    ("two intervals to an octave", "INTERVALS", 2, test_octaves_halve_until_they_are_too_small),
    ("the sign of the difference is lost", "difference_of_gaussians",
     lambda layers: np.abs(np.diff(layers, axis=0)), test_difference_keeps_its_sign),
    ("sharp minus blurred", "difference_of_gaussians", lambda layers: -np.diff(layers, axis=0),
     test_difference_keeps_its_sign),
    ("the edge is black", "gaussian_blur", no_mirror, BLUR),
    ("the bell is cut at two sigma", "gaussian_kernel",
     lambda sigma: np.ones(2 * int(2 * sigma + 0.5) + 1) / (2 * int(2 * sigma + 0.5) + 1), BLUR),
    ("doubling repeats pixels", "double_size", corner_doubling, test_doubling_keeps_every_pixel_and_puts_means_between),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
