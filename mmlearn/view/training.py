"""Losses while training: every step thin, their drift thick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray
from mmlearn.view.style import BLACK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def smoothed(values: ArrayLike, memory: float = 0.95) -> FloatArray:
    r"""A running mean that forgets: ``m_t = memory * m_{t-1} + (1 - memory) * v_t``, freed of its start at 0.

    Dividing by ``1 - memory ** t`` frees it (as in Adam): the first value is itself, not (1 - memory) of itself.

    Args:
        values: (S,) numbers.
        memory: 0 (no smoothing) to below 1; about ``1 / (1 - memory)`` steps count.

    Returns (S,) float64. Raises ValueError for another rank or memory.

    >>> smoothed([4.0, 2.0, 2.0], memory=0.5).round(2)
    array([4.  , 2.67, 2.29])

    Built in: lesson 06.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or not 0 <= memory < 1:
        raise ValueError(f"expected a row of numbers and a memory from 0 to below 1, got {rows.shape} and {memory}")
    means, mean = np.empty_like(rows), 0.0
    for t, value in enumerate(rows, start=1):
        mean = memory * mean + (1 - memory) * value
        means[t - 1] = mean / (1 - memory**t)
    return means


def plot_losses(
    axis: Axes,
    losses: Mapping[str, ArrayLike],
    *,
    memory: float = 0.95,
    level: float | None = None,
    level_name: str = "chance",
    ylabel: str = "loss",
    title: str = "",
) -> None:
    """Curves of training, each raw and thin with its smoothed course on top, labelled.

    Args:
        axis: matplotlib axes to draw on.
        losses: label -> (S,) one number a step, such as ``history.losses``; lengths may differ.
        memory: of the smoothing, see `smoothed`; 0 draws the raw line only, thick.
        level: height of a dashed line, such as log(classes), the loss of a guess.
        level_name: what is written on it.
        ylabel, title: texts.

    Raises ValueError for no curve or one without steps.

    Built in: lesson 06.
    """
    if not losses or any(not len(np.asarray(values)) for values in losses.values()):
        raise ValueError(f"expected curves of one step or more, got {list(losses) or 'none'}")
    for (label, values), colour in zip(losses.items(), PALETTE * (1 + len(losses) // len(PALETTE)), strict=False):
        raw = np.asarray(values, dtype=np.float64)
        if memory:
            axis.plot(raw, color=colour, alpha=0.25, linewidth=0.8)
        axis.plot(smoothed(raw, memory), color=colour, linewidth=2, label=label)
    if level is not None:
        axis.axhline(level, color=BLACK, linestyle="--", linewidth=1)
        axis.annotate(level_name, (0, level), (2, 2), textcoords="offset points", va="bottom", fontsize=9)
    axis.set(xlabel="step", ylabel=ylabel)
    axis.set_title(title)
    axis.legend(fontsize=9)
