import matplotlib as mpl
import numpy as np
import pytest

from mmlearn.view.images import on_white, show_images

mpl.use("Agg")


def test_opaque_stays_transparent_becomes_paper_and_half_is_half() -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [55, 55, 55, 128]]], dtype=np.uint8)
    white = on_white(pixels)
    assert white.dtype == np.uint8 and white.shape == (1, 3, 3)
    assert white[0, 0].tolist() == [10, 20, 30] and white[0, 1].tolist() == [255, 255, 255]
    assert white[0, 2].tolist() == [155, 155, 155]  # 55 * 128/255 + 255 * 127/255 = 154.6


def test_a_batch_is_laid_on_white_at_once() -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 4), dtype=np.uint8)
    assert np.array_equal(on_white(batch)[1], on_white(batch[1]))


def test_pictures_without_opacity_are_refused() -> None:
    with pytest.raises(ValueError, match="is it RGB already"):
        on_white(np.zeros((4, 4, 3), np.uint8))


def test_grid_has_a_place_for_each_picture_with_its_caption() -> None:
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 5
    figure = show_images(pictures, list("abcde"), title="five", columns=3)
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", "d", "e", ""]
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 1, 1, 0]


def test_wrong_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        show_images([])
    with pytest.raises(ValueError, match="got 1 for 2 pictures"):
        show_images([np.zeros((2, 2))] * 2, ["one"])


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.bool_])
def test_levels_that_are_not_bytes_are_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="expected uint8 levels 0 to 255, got " + np.dtype(kind).name):
        on_white(np.ones((4, 4, 4), kind))


def test_no_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 1 column, got 0"):
        show_images([np.zeros((2, 2))], columns=0)
