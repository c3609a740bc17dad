"""Maps of patches over pictures: every value on its own patch, and floors taken away only when asked."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from mmlearn.view import saliency
from mmlearn.view.rollout import enlarge, plot_maps

IMAGES = np.zeros((2, 8, 12, 3), np.uint8)
MAPS = 1 + np.arange(12.0).reshape(2, 2, 3)


def test_each_value_fills_its_patch() -> None:
    large = enlarge(MAPS, (8, 12))
    for n in range(2):
        for i in range(8):
            for j in range(12):
                assert large[n, i, j] == MAPS[n, i // 4, j // 4]


def test_the_figure_starts_at_the_least_or_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[np.ndarray] = []
    plain = saliency.overlay
    monkeypatch.setattr(saliency, "overlay", lambda image, heat: drawn.append(heat) or plain(image, heat))
    kinds = {"rollout": torch.from_numpy(MAPS), "last block": np.ones((2, 4, 4))}
    figure = plot_maps(IMAGES, kinds, ["fox", "owl"], "Where it may have looked")
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == ["picture", "rollout", "last block"]
    assert figure.get_suptitle() == "Where it may have looked"
    assert [float(heat.min()) for heat in drawn] == [0, 0, 0, 0] and float(drawn[1].max()) == 5
    assert not drawn[2].any()  # a flat map has no bright place
    plot_maps(IMAGES[..., 0], kinds, ["fox", "owl"], from_least=False)
    np.testing.assert_array_equal(drawn[4], enlarge(MAPS, (8, 12))[0])
    plt.close("all")


def test_refuses_what_does_not_fit() -> None:
    for wrong, size, says in (
        (MAPS[0], (8, 12), r"one map is a batch by map\[None\]"),
        (MAPS, (8, 10), "8 x 10 pixels has no 2 x 3 patches"),
        (MAPS, (0, 12), "0 x 12 pixels"),
        (MAPS[:0], (8, 12), r"expected maps \(N, rows, columns\)"),
    ):
        with pytest.raises(ValueError, match=says):
            enlarge(wrong, size)
    for wrong in (MAPS - 5, np.where(MAPS > 3, np.nan, MAPS), np.where(MAPS > 3, np.inf, MAPS)):
        with pytest.raises(ValueError, match="finite values, 0 or more"):
            plot_maps(IMAGES, {"rollout": wrong}, ["fox", "owl"])
    with pytest.raises(ValueError, match="every one of 2 pictures"):
        plot_maps(IMAGES, {"rollout": MAPS[:1]}, ["fox", "owl"])
    with pytest.raises(ValueError, match="every one of 2 pictures"):
        plot_maps(IMAGES, {"rollout": MAPS}, ["fox"])
