"""Grey levels against Pillow and OpenCV, histograms against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from mmlearn.encode.pixels import colour_histogram, to_grey


def _all_levels() -> np.ndarray:
    """Every combination of 32 levels a channel, both ends included: (32, 1024, 3)."""
    levels = np.linspace(0, 255, 32).round().astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(32, 1024, 3)


def test_grey_is_the_weighted_sum_to_the_nearest_level() -> None:
    image = _all_levels()
    exact = image.astype(np.float64) @ [0.299, 0.587, 0.114]
    grey = to_grey(image)
    assert grey.dtype == np.uint8 and grey.shape == (32, 1024)
    assert np.abs(grey - exact).max() <= 0.5 + 1e-9


def test_a_half_rounds_up() -> None:
    assert 299 * 0 + 587 * 0 + 114 * 250 == 28500
    assert to_grey(np.array([[[0, 0, 250]]], dtype=np.uint8))[0, 0] == 29


def test_grey_equals_pillow_to_one_level() -> None:
    from PIL import Image

    image = _all_levels()
    theirs = np.asarray(Image.fromarray(image).convert("L")).astype(int)
    assert np.abs(to_grey(image) - theirs).max() <= 1
    assert (to_grey(image) == theirs).mean() > 0.99


def test_grey_equals_opencv_to_one_level() -> None:
    cv2 = pytest.importorskip("cv2", reason="the optional extra opencv is not installed")
    image = _all_levels()
    theirs = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(int)
    assert np.abs(to_grey(image) - theirs).max() <= 1
    swapped = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(to_grey(image[..., ::-1]) - swapped).max() <= 1
    assert np.abs(to_grey(image) - swapped).max() > 40  # the trap is a large error, not a subtle one


def test_grey_keeps_leading_axes_and_the_input() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 7, 3), dtype=np.uint8)
    before = images.copy()
    assert to_grey(images).shape == (2, 3, 5, 7)
    assert (to_grey(images)[1, 2] == to_grey(images[1, 2])).all()
    assert (images == before).all()


def test_grey_refuses_what_it_would_get_wrong() -> None:
    with pytest.raises(TypeError, match="expected uint8"):
        to_grey(np.zeros((4, 4, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="on_white"):
        to_grey(np.zeros((4, 4, 4), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"\(4, 4\)"):
        to_grey(np.zeros((4, 4), dtype=np.uint8))


@pytest.mark.parametrize("bins", [1, 2, 3, 4, 7])
def test_histogram_equals_numpys(bins: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 6, 5, 3), dtype=np.uint8)
    ours = colour_histogram(images, bins)
    for image, row in zip(images, ours, strict=True):
        edges = [np.linspace(0, 256, bins + 1)] * 3
        theirs, _ = np.histogramdd(image.reshape(-1, 3), bins=edges)
        np.testing.assert_allclose(row, theirs.ravel() / 30, atol=1e-12)


def test_histogram_weighs_pixels_by_alpha() -> None:
    image = np.zeros((1, 1, 2, 4), dtype=np.uint8)
    image[0, 0, 0] = (255, 255, 255, 255)  # opaque white
    image[0, 0, 1] = (0, 0, 0, 51)  # black, one fifth there
    assert colour_histogram(image, bins=2)[0, [0, 7]] == pytest.approx([1 / 6, 5 / 6])
    image[..., 3] = 0
    assert (colour_histogram(image, bins=2) == 0).all()


def test_histogram_forgets_places() -> None:
    image = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    assert (colour_histogram(image) == colour_histogram(image[:, ::-1, ::-1])).all()


def test_histogram_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match=r"image\[None\]"):
        colour_histogram(np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match="1 to 256"):
        colour_histogram(np.zeros((1, 4, 4, 3), dtype=np.uint8), bins=0)
