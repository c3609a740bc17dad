"""How well labels were guessed, drawn: scores with intervals, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.view.style import BLACK, BLUE, GREY, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_scores(
    scores: Mapping[str, tuple[float, float, float]],
    chance: float | None = None,
    majority: float | None = None,
    title: str = "",
    xlabel: str = "accuracy",
    colours: Mapping[str, str] | None = None,
    axis: Axes | None = None,
) -> Figure:
    """A dot and an interval for each score, the first on top, with chance and majority as dashed lines.

    Args:
        scores: label -> (value, low, high), low <= value <= high.
        chance, majority: what guessing gives, and what always giving the most frequent answer gives.
        title, xlabel: the axis is the score's, so say what it is.
        colours: label -> colour, for those that are not blue.
        axis: where to draw; None makes a new figure of fitting height.

    Returns the matplotlib figure. Raises ValueError for no score, or a value outside its interval.

    Built in: lesson 02.
    """
    import matplotlib.pyplot as plt

    _require_scores(scores)
    if axis is None:
        _, axis = plt.subplots(figsize=(8, 1.4 + 0.36 * len(scores)))
    for place, (label, (value, low, high)) in enumerate(scores.items()):
        colour = (colours or {}).get(label, BLUE)
        axis.plot([low, high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
        axis.plot(value, place, "o", color=colour, markersize=7)
        # Beside the axis, on the right: the number and its interval.
        text = f"{value:.3f}  [{low:.3f}, {high:.3f}]"
        axis.text(1.02, place, text, fontsize=9, va="center", transform=axis.get_yaxis_transform())
    for line, name, style in ((chance, "chance", ":"), (majority, "majority", "--")):
        if line is not None:
            axis.axvline(line, color=GREY, linestyle=style, linewidth=1.5, label=f"{name} {line:.3f}", zorder=0)
    axis.set_yticks(range(len(scores)), list(scores))
    axis.set_ylim(len(scores) - 0.4, -0.6)
    left, right = axis.get_xlim()
    lines = [line for line in (chance, majority) if line is not None]
    axis.set_xlim(min([left, *(line - 0.02 for line in lines)]), right)  # no line on the axis itself
    axis.set(title=title, xlabel=f"{xlabel} (line: 95 % interval)")
    if chance is not None or majority is not None:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 0.0), fontsize=9)
    return cast("Figure", axis.get_figure())


def plot_confusion(
    confusion: ArrayLike, names: Sequence[str], title: str = "", answers: str = "answer", axis: Axes | None = None
) -> Figure:
    """Who is taken for whom: a row for each true class, a column for each answer, the count in each cell.

    The colour is the share of the **row**, so that a small class is as easy to read as a large one.

    Args:
        confusion: (C, C) counts, as `mmlearn.score.labels.confusion_matrix` gives; a row may be empty.
        names: C class names.
        title: of the figure.
        answers: whose answers the columns are.
        axis: where to draw; None makes a new figure.

    Returns the matplotlib figure. Raises ValueError if the matrix is not square or the names do not fit.

    Built in: lesson 04.
    """
    import matplotlib.pyplot as plt

    counts = np.asarray(confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"expected a square matrix of counts, got shape {counts.shape}")
    if len(names) != len(counts):
        raise ValueError(f"expected a name for each of the {len(counts)} classes, got {len(names)}")
    total = counts.sum(axis=1, keepdims=True)  # (C, 1)
    shares = counts / np.where(total > 0, total, 1)  # (C, C) rows sum to one
    if axis is None:
        side = 2.4 + 0.48 * len(counts)
        _, axis = plt.subplots(figsize=(side + 1.2, side))
    picture = axis.imshow(shares, cmap=SEQUENTIAL, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = BLACK if shares[row, column] > 0.6 else "white"
        axis.text(column, row, f"{count:g}", ha="center", va="center", color=colour, fontsize=9)
    axis.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set(title=title, xlabel=answers, ylabel="truth")
    figure = cast("Figure", axis.get_figure())
    figure.colorbar(picture, ax=axis, shrink=0.75, label="share of the row")
    return figure


def _require_scores(scores: Mapping[str, tuple[float, float, float]]) -> None:
    if not scores:
        raise ValueError("expected at least one score, got none")
    for label, (value, low, high) in scores.items():
        if not low <= value <= high:
            raise ValueError(f"expected low <= value <= high for {label!r}, got {low} <= {value} <= {high}")
