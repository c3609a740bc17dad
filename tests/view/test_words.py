"""The figures of visual words: that what they are given is what they draw."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from mmlearn.view.words import patches_at, plot_codebook, plot_histograms, plot_k_means

mpl.use("Agg")


def test_k_means_has_a_panel_a_step_with_all_points_and_centres() -> None:
    points, centres = np.random.default_rng(0).normal(size=(9, 2)), np.zeros((2, 2))
    figure = plot_k_means(points, [(np.full(9, -1), centres), (np.arange(9) % 2, centres + 1)], ["start", "1"], 3)
    for axis, name in zip(figure.axes, ["start", "1"], strict=True):
        cloud, crosses = axis.collections
        assert axis.get_title() == name and np.allclose(cloud.get_offsets(), points) and len(crosses.get_offsets()) == 2
    assert len(np.unique(figure.axes[0].collections[0].get_facecolor(), axis=0)) == 1
    assert len(np.unique(figure.axes[1].collections[0].get_facecolor(), axis=0)) == 2


def test_patches_are_cut_where_they_are_asked_for() -> None:
    picture = np.arange(100, dtype=np.uint8).reshape(10, 10)
    piece = patches_at(picture, np.array([[5.5, 3.5]]), half=2, side=4)
    assert (piece[0] == picture[2:6, 4:8]).all()
    colour = patches_at(np.stack([picture] * 3, axis=2), np.array([[5.5, 3.5], [-50, 0]]), half=2, side=8)
    assert colour.shape == (2, 8, 8, 3) and (colour[0, ::2, ::2, 0] == picture[2:6, 4:8]).all()
    assert (colour[1] == 255).all()


def test_a_codebook_has_a_row_a_word() -> None:
    patches = np.zeros((3, 4, 8, 8), np.uint8)
    figure = plot_codebook(patches, ["a", "b", "c"], "words")
    assert len(figure.axes) == 12 and figure.axes[4].get_ylabel() == "b"


def test_histograms_are_drawn_whole_and_on_one_scale() -> None:
    rows = np.array([[0.5, 0.0, 0.2], [0.9, 0.1, 0.0]])
    figure = plot_histograms([np.zeros((4, 4, 3), np.uint8)] * 2, rows, ["x", "y"])
    for axis, row in zip(figure.axes[1::2], rows, strict=True):
        assert [bar.get_height() for bar in axis.patches] == row.tolist() and axis.get_ylim()[1] >= 0.9


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a caption for each step"):
        plot_k_means(np.zeros((2, 2)), [], [])
    with pytest.raises(ValueError, match=r"points \(N, 2\)"):
        plot_k_means(np.zeros((2, 3)), [(np.zeros(2), np.zeros((1, 3)))], ["a"])
    with pytest.raises(ValueError, match="equal rows"):
        plot_codebook([[np.zeros((2, 2), np.uint8)], []], ["a", "b"])
    with pytest.raises(ValueError, match="as many of each"):
        plot_histograms([], np.zeros((1, 2)), [])
