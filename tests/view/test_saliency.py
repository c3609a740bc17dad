"""Maps over pictures: scales, colours, and a figure with everything in its place."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.saliency import normalise_map, overlay, plot_maps


def test_each_map_has_its_own_scale() -> None:
    heat = np.array([[0.0, 3.0], [1.5, 0.75]])
    np.testing.assert_allclose(normalise_map(heat), [[0, 1], [0.5, 0.25]])
    np.testing.assert_allclose(normalise_map(7 * heat), normalise_map(heat))
    assert not normalise_map(np.zeros((2, 2))).any()


def test_the_overlay_is_a_mix_of_grey_and_heat() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype(np.uint8)
    heat = np.zeros((4, 5))
    heat[1, 2] = 2.0
    plain, mixed, alone = (overlay(image, heat, strength) for strength in (0.0, 0.5, 1.0))
    assert (plain[..., 0] == plain[..., 1]).all() and (plain[..., 1] == plain[..., 2]).all()
    np.testing.assert_allclose(mixed.astype(float), (plain.astype(float) + alone) / 2, atol=1)
    top = plt.colormaps["inferno"](1.0)
    np.testing.assert_allclose(alone[1, 2], 255 * np.array(top[:3]), atol=1)
    assert alone[0, 0].sum() < 20


def test_refuses_bad_maps() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    for heat, says in (
        (np.full((4, 5), -1.0), "0 or more"),
        (np.full((4, 5), np.nan), "finite"),
        (np.zeros((2, 4, 5)), r"one map \(H, W\)"),
        (np.zeros((5, 4)), "of the map's size"),
    ):
        with pytest.raises(ValueError, match=says):
            overlay(image, heat)
    with pytest.raises(ValueError, match="strength from 0 to 1"):
        overlay(image, np.zeros((4, 5)), 1.5)
    with pytest.raises(ValueError, match="expected a uint8 picture"):
        overlay(image / 255, np.zeros((4, 5)))


def test_the_figure_has_a_row_a_kind() -> None:
    images = np.zeros((3, 8, 8, 3), np.uint8)
    kinds = {"saliency": np.ones((3, 8, 8)), "Grad-CAM": np.zeros((3, 8, 8))}
    figure = plot_maps(images, kinds, ["a", "b\nc", "d"], "Where it looked")
    assert [axis.get_ylabel() for axis in figure.axes[::3]] == ["picture", "saliency", "Grad-CAM"]
    assert [axis.get_title() for axis in figure.axes[:3]] == ["a", "b\nc", "d"]
    assert figure.get_suptitle() == "Where it looked"
    plt.close(figure)
    plt.close(plot_maps(images[..., 0], {}, ["a", "b", "c"]))
    for wrong in (["a"], []):
        with pytest.raises(ValueError, match="every one of 3 pictures"):
            plot_maps(images, kinds, wrong)
