"""The curves hold what they were given, and refuse what does not fit."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.curves import plot_curves, plot_weight_curves


def test_curves_are_drawn_with_their_intervals() -> None:
    _, axis = plt.subplots()
    plain, wide = [0.5, 0.4, 0.3], [[0.5, 0.4, 0.6], [0.4, 0.3, 0.5], [0.3, 0.2, 0.4]]
    plot_curves(axis, [0, 0.5, 1], {"early": plain, "late": wide}, "share missing", title="Gaps", level=0.24)
    np.testing.assert_allclose(axis.lines[0].get_ydata(), plain)
    np.testing.assert_allclose(axis.lines[1].get_ydata(), plain)
    assert len(axis.collections) == 1 and axis.get_title() == "Gaps" and axis.get_xlabel() == "share missing"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["early", "late"]
    plt.close("all")


def test_the_chosen_weights_lie_on_their_curves() -> None:
    _, axis = plt.subplots()
    curves = np.array([[0.4, 0.6, 0.5], [0.5, 0.5, 0.7]])
    plot_weight_curves(axis, [0, 0.5, 1], curves, [0.5, 1.0], title="Weights")
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines if len(line.get_xdata()) == 1]
    assert dots == [(0.5, 0.6), (1.0, 0.7)]
    plt.close("all")


def test_what_does_not_fit_is_refused() -> None:
    _, axis = plt.subplots()
    with pytest.raises(ValueError, match="expected 3 scores"):
        plot_curves(axis, [0, 0.5, 1], {"early": [0.1, 0.2]}, "x")
    with pytest.raises(ValueError, match="expected 1 curves of 3 weights"):
        plot_weight_curves(axis, [0, 0.5, 1], [[0.1, 0.2]], [0.5])
    with pytest.raises(ValueError, match=r"chosen weight among the weights, got 0.7"):
        plot_weight_curves(axis, [0, 0.5, 1], [[0.1, 0.2, 0.3]], [0.7])
    plt.close("all")
