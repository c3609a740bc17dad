"""Two classes in a plane: lines between them, margins, and the items that hold the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray
from mmlearn.view.style import BLACK, BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 40  # support vectors; from here on their rings are drawn smaller and thinner


def plot_points(
    points: FloatArray, signs: ArrayLike, names: Sequence[str] = ("-1", "+1"), axis: Axes | None = None
) -> Axes:
    """Two classes in a plane: blue dots and orange triangles (form and colour both tell).

    Args:
        points: (N, 2).
        signs: (N,) -1 or +1.
        names: of the class -1 and of the class +1.
        axis: where to draw; None makes a new figure.

    Returns the matplotlib axis. Raises ValueError for another shape or other signs.

    Built in: lesson 04.
    """
    import matplotlib.pyplot as plt

    places, kinds = np.asarray(points), np.asarray(signs)
    if places.ndim != 2 or places.shape[1] != 2 or kinds.shape != places.shape[:1]:
        raise ValueError(f"expected points (N, 2) and a sign for each, got shapes {places.shape} and {kinds.shape}")
    if not np.isin(kinds, (-1, 1)).all():
        raise ValueError("expected every sign to be -1 or +1")
    if axis is None:
        _, axis = plt.subplots(figsize=(5.6, 4.6))
    for kind, name, colour, marker in ((-1, names[0], BLUE, "o"), (1, names[1], ORANGE, "^")):
        x, y = places[kinds == kind].T
        axis.scatter(x, y, s=26, color=colour, marker=marker, label=name, alpha=0.85, linewidths=0)
    # The lines that follow must not move the frame.
    axis.set(xlim=_frame(places[:, 0]), ylim=_frame(places[:, 1]), autoscale_on=False)
    return axis


def plot_line(axis: Axes, weights: ArrayLike, label: str = "", **style: Any) -> None:
    """The line on which ``w1 x + w2 y + b`` is 0, across the whole axis.

    Args:
        axis: that `plot_points` returned.
        weights: (3,) w1, w2 and the intercept b.
        label: for the legend.
        style: of the line, as matplotlib's ``plot`` takes it.

    Raises ValueError if w1 and w2 are both 0: then there is no line.

    Built in: lesson 04.
    """
    across, up, offset = (float(value) for value in np.asarray(weights))
    if across == up == 0:
        raise ValueError("expected weights of a line, but w1 and w2 are both 0")
    foot = -offset * np.array([across, up]) / (across**2 + up**2)  # the line's point nearest to the origin
    axis.axline((foot[0], foot[1]), (foot[0] - up, foot[1] + across), label=label or None, **style)


def plot_margin(
    points: FloatArray,
    signs: ArrayLike,
    weights: ArrayLike,
    names: Sequence[str] = ("-1", "+1"),
    title: str = "",
    axis: Axes | None = None,
) -> Figure:
    """A linear SVM in a plane: its line, its two margins, and a ring around each support vector.

    A support vector lies on its margin or on the wrong side of it: ``y (w.x + b) <= 1``. All others could be
    taken away without moving the line.

    Args:
        points, signs, names: as in `plot_points`.
        weights: (3,) w1, w2 and the intercept.
        title: of the figure.
        axis: where to draw; None makes a new figure.

    Returns the matplotlib figure. Raises ValueError as `plot_points` and `plot_line`.

    Built in: lesson 04.
    """
    axis = plot_points(points, signs, names, axis)
    places, w = np.asarray(points), np.asarray(weights, dtype=np.float64)
    plot_line(axis, w, color=BLACK, linewidth=2)
    for side in (-1, 1):
        plot_line(axis, w - [0, 0, side], color=GREY, linewidth=1.2, linestyle="--")
    margins = np.asarray(signs) * (places @ w[:2] + w[2])  # (N,)
    holds = places[margins <= 1 + 1e-3]  # rounding apart, a support vector sits on its margin
    label = f"{len(holds)} support vectors"
    size, thick = (90, 1.1) if len(holds) <= MANY else (42, 0.6)  # many rings hide their dots unless they are thin
    axis.scatter(holds[:, 0], holds[:, 1], s=size, label=label, facecolors="none", edgecolors=BLACK, linewidths=thick)
    # Below the axis and its label: inside, it could cover a support vector.
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3, fontsize=9, columnspacing=1.2)
    axis.set_title(title)
    return cast("Figure", axis.get_figure())


def plot_convergence(
    gaps: Mapping[str, ArrayLike], title: str = "", target: float | None = None, axis: Axes | None = None
) -> Figure:
    """How far each method is above the optimum after each pass, on a logarithmic scale.

    Args:
        gaps: label -> (passes,) distances above the optimum, such as ``objective / optimum - 1``; values that
            are not positive have no place on a logarithmic axis and are left out.
        title: of the figure.
        target: drawn as a dotted line.
        axis: where to draw; None makes a new figure.

    Returns the matplotlib figure. Raises ValueError for no curve.

    Built in: lesson 04.
    """
    import matplotlib.pyplot as plt

    if not gaps:
        raise ValueError("expected at least one curve, got none")
    if axis is None:
        _, axis = plt.subplots(figsize=(7, 3.6))
    for (label, values), style in zip(gaps.items(), ("-", "--", "-.", ":") * len(gaps), strict=False):
        heights = np.asarray(values, dtype=np.float64)
        axis.semilogy(np.arange(1, len(heights) + 1), np.where(heights > 0, heights, np.nan), style, label=label)
    if target is not None:
        axis.axhline(target, color=GREY, linestyle=":", label=f"target {target:g}")
    axis.set(title=title, xlabel="passes over the data", ylabel="objective / optimum − 1")
    axis.legend(fontsize=9)
    return cast("Figure", axis.get_figure())


def _frame(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    edge = 0.06 * (high - low) or 1.0
    return low - edge, high + edge
