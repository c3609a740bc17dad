"""Galleries of a search: the query on the left, its answers beside it, right and wrong told apart at a glance."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view.style import BLUE, GREY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Card = tuple["UInt8Array | FloatArray | None", str]


def show_answers(
    queries: Sequence[Card],
    answers: Sequence[Sequence[Card]],
    right: ArrayLike,
    title: str = "",
    inches: float = 1.25,
) -> Figure:
    """One row a query: the query, then its answers, the best first, each framed by whether it is right.

    A right answer has a solid blue frame and a tick, a wrong one a thin dashed vermilion frame and a cross: the
    colours differ for colour-blind readers too, and nothing depends on the colour alone.

    Args:
        queries: Q cards, each a picture and a text. A picture is (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8
            0 to 255 or float 0 to 1; None shows the text alone, large.
        answers: Q rows of k cards.
        right: (Q, k) bool.
        title: over the figure.
        inches: width of a card.

    Returns the matplotlib figure. Raises ValueError if the counts do not fit or there is nothing to show.

    Built in: lesson 05.
    """
    import matplotlib.pyplot as plt

    marks = np.asarray(right, dtype=bool)
    if marks.ndim != 2 or not marks.size or len(queries) != len(marks):
        raise ValueError(f"expected right as (queries, answers), got {marks.shape} for {len(queries)} queries")
    widths = [len(row) for row in answers]
    if widths != [marks.shape[1]] * len(marks):
        raise ValueError(f"expected {marks.shape[1]} answers for each of {len(marks)} queries, got {widths}")
    rows, columns = len(marks), 1 + marks.shape[1]
    shares = [1.15] + [1.0] * marks.shape[1]
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, width_ratios=shares, figsize=(columns * inches, rows * (inches + 0.3) + 0.6)
    )
    for row, (query, found) in enumerate(zip(queries, answers, strict=True)):
        _draw(axes[row, 0], query, GREY, "solid", 1.0)
        for place, card in enumerate(found, start=1):
            good = bool(marks[row, place - 1])
            colour, line, width = (BLUE, "solid", 3.0) if good else (VERMILION, "dashed", 1.0)
            _draw(axes[row, place], card, colour, line, width)
            sign = {"color": colour, "ha": "right", "va": "top", "fontsize": 12}
            axes[row, place].text(
                0.97, 0.97, "\u2713" if good else "\u2717", transform=axes[row, place].transAxes, **sign
            )
    for place, axis in enumerate(axes[0]):
        axis.set_title("asked" if place == 0 else f"{place}", fontsize=10, weight="normal")
    figure.suptitle(title, weight="bold" if title.isascii() else "normal")
    return figure


def _draw(axis: Axes, card: Card, colour: str, line: str, width: float) -> None:
    """A card in its frame: the picture with its text below, or the text alone."""
    picture, text = card
    axis.set(xticks=[], yticks=[])
    for edge in axis.spines.values():
        edge.set(visible=True, color=colour, linestyle=line, linewidth=width)
    if picture is None:
        axis.set_box_aspect(1)
        axis.text(0.5, 0.5, _wrapped(text, 12, 5), ha="center", va="center", fontsize=10, transform=axis.transAxes)
    else:
        levels: dict[str, Any] = {"cmap": "gray"} if np.ndim(picture) == 2 else {}
        axis.imshow(picture, **levels)
        axis.set_xlabel(_wrapped(text, 17, 2), fontsize=8)


def _wrapped(text: str, width: int, lines: int) -> str:
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …"))
