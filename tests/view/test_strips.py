"""Rows of pictures under common headings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.strips import show_strips


def test_a_column_a_heading_a_row_a_picture() -> None:
    grey, colour = np.zeros((2, 4, 4), dtype=np.uint8), np.ones((2, 4, 4, 3))
    figure = show_strips({"seen": grey, "guess": colour, "truth": colour}, "three", names=["cat", "dog"])
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["seen", "guess", "truth"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["cat", "dog"]
    assert not any(axis.get_title() for axis in axes[1])
    assert axes[1, 1].images[0].get_array().shape == (4, 4, 3)
    plt.close(figure)


@pytest.mark.parametrize(
    "columns", [{}, {"a": np.zeros((0, 2, 2))}, {"a": np.zeros((1, 2, 2)), "b": np.zeros((2, 2, 2))}]
)
def test_columns_of_unequal_length_are_refused(columns: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="same number of pictures"):
        show_strips(columns)


def test_a_name_for_each_row() -> None:
    with pytest.raises(ValueError, match="a name for each of 1 rows, got 2"):
        show_strips({"a": np.zeros((1, 2, 2))}, names=["x", "y"])


def test_grey_pictures_keep_their_levels() -> None:
    figure = show_strips({"uint8": np.full((1, 2, 2), 100, np.uint8), "float": np.full((1, 2, 2), 0.4)})
    assert [axis.images[0].get_clim() for axis in figure.axes] == [(0, 255), (0, 1)]
    assert figure.axes[0].images[0].get_cmap().name == "gray"
    plt.close(figure)
