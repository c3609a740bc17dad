"""Loss curves: smoothing against the obvious loop, and what is drawn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmlearn.view.style import PALETTE
from mmlearn.view.training import plot_losses, smoothed


def test_smoothing_is_a_weighted_mean_of_what_came_before() -> None:
    values = np.random.default_rng(0).normal(size=30)
    for memory in (0.0, 0.5, 0.95):
        for t in range(30):
            weights = memory ** np.arange(t, -1, -1.0)
            assert smoothed(values, memory)[t] == pytest.approx(np.average(values[: t + 1], weights=weights))
    np.testing.assert_allclose(smoothed(np.full(9, 3.0)), 3.0)
    assert smoothed([]).shape == (0,)


def test_each_curve_is_drawn_raw_and_smoothed_in_one_colour() -> None:
    _, axis = plt.subplots()
    losses = {f"run {i}": np.linspace(2, 1, 5 + i) for i in range(len(PALETTE) + 1)}
    plot_losses(axis, losses, level=2.3, level_name="guess", title="falls")
    lines = axis.get_lines()
    assert len(lines) == 2 * len(losses) + 1
    for i, values in enumerate(losses.values()):
        thin, thick = lines[2 * i], lines[2 * i + 1]
        np.testing.assert_array_equal(thin.get_ydata(), values)
        np.testing.assert_allclose(thick.get_ydata(), smoothed(values))
        assert thin.get_color() == thick.get_color() and thin.get_linewidth() < thick.get_linewidth()
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(losses)
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("step", "loss", "falls")
    assert [text.get_text() for text in axis.texts] == ["guess"]
    plt.close("all")


def test_no_memory_draws_the_raw_line_alone() -> None:
    _, axis = plt.subplots()
    plot_losses(axis, {"a": [3, 1, 2]}, memory=0, ylabel="cross-entropy, nats")
    assert len(axis.get_lines()) == 1 and list(axis.get_lines()[0].get_ydata()) == [3, 1, 2]
    assert axis.get_ylabel() == "cross-entropy, nats"
    plt.close("all")


def test_bad_input_is_refused() -> None:
    _, axis = plt.subplots()
    for losses in ({}, {"a": []}):
        with pytest.raises(ValueError, match="expected curves of one step or more"):
            plot_losses(axis, losses)
    for values, memory in (([[1.0]], 0.5), ([1.0], 1.0), ([1.0], -0.1)):
        with pytest.raises(ValueError, match="a memory from 0 to below 1"):
            smoothed(values, memory)
    plt.close("all")
