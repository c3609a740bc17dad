"""Curves with their doubt: how a score moves as one thing is turned up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.view.style import BLACK, BLUE, GREY, PALETTE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_curves(
    axis: Axes,
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    xlabel: str,
    ylabel: str = "accuracy",
    title: str = "",
    level: float | None = None,
    level_name: str = "majority",
) -> None:
    """Several scores over one quantity, each labelled, and a dashed line for what needs no model.

    Args:
        axis: matplotlib axes to draw on.
        x: (S,) the quantity that is turned, such as the share of missing pictures, 0 to 1.
        curves: label -> (S,) scores, or (S, 3) score, low and high, whose interval is shaded.
        xlabel, ylabel, title: texts.
        level: height of the dashed line, such as the majority's accuracy.
        level_name: what is written on it, at its left end.

    Raises ValueError for a curve that is not as long as `x`.

    Built in: lesson 04.
    """
    places = np.asarray(x, dtype=np.float64)
    for (label, values), colour in zip(curves.items(), PALETTE * (1 + len(curves) // len(PALETTE)), strict=False):
        scores = np.asarray(values, dtype=np.float64)
        if scores.shape not in {(len(places),), (len(places), 3)}:
            raise ValueError(
                f"expected {len(places)} scores, or as many with low and high, got {scores.shape}: {label}"
            )
        if scores.ndim == 2:
            axis.fill_between(places, scores[:, 1], scores[:, 2], color=colour, alpha=0.15, linewidth=0)
        axis.plot(places, scores if scores.ndim == 1 else scores[:, 0], "o-", color=colour, markersize=4, label=label)
    if level is not None:
        axis.axhline(level, color=BLACK, linestyle="--", linewidth=1)
        axis.annotate(level_name, (places.min(), level), (0, 2), textcoords="offset points", va="bottom", fontsize=9)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_title(title)
    axis.legend(fontsize=9)


def plot_weight_curves(
    axis: Axes, weights: ArrayLike, curves: ArrayLike, chosen: Sequence[float], title: str = ""
) -> None:
    """The weight curve of every split, thin, their mean, thick, and the weight that each split chose.

    Args:
        axis: matplotlib axes to draw on.
        weights: (W,) share of the first modality, 0 to 1.
        curves: (S, W) accuracy on validation, one row a split.
        chosen: (S,) the chosen weights, each one of `weights`.

    Raises ValueError for curves of another width, another number of choices, or a choice that is no weight.

    Built in: lesson 04.
    """
    places, rows = np.asarray(weights, dtype=np.float64), np.asarray(curves, dtype=np.float64)
    if rows.ndim != 2 or rows.shape != (len(chosen), len(places)):
        raise ValueError(f"expected {len(chosen)} curves of {len(places)} weights, got shape {rows.shape}")
    for row, weight in zip(rows, chosen, strict=True):
        at = np.flatnonzero(np.isclose(places, weight))
        if not at.size:
            raise ValueError(f"expected each chosen weight among the weights, got {weight}")
        axis.plot(places, row, color=GREY, linewidth=1)
        axis.plot(places[at], row[at], "o", color=VERMILION, markersize=8)
    axis.plot(places, rows.mean(axis=0), color=BLUE, linewidth=2.5, label="mean of the splits")
    axis.plot([], [], "o", color=VERMILION, label="chosen on this split")
    axis.set(xlabel="weight of the picture (0: text alone, 1: picture alone)", ylabel="accuracy on validation")
    axis.set_title(title)
    axis.legend(fontsize=9, loc="lower center")
