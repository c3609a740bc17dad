"""What a direction of a space means: the pictures at its two ends, and the words that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view.style import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pictures = Sequence[UInt8Array | FloatArray]


def show_direction(high: Pictures, low: Pictures, words: Mapping[str, float], title: str = "") -> Figure:
    """Draw the pictures at the high end above those at the low end, and beside them the words as bars.

    Args:
        high, low: k pictures each, the farthest out first; (H, W, 3) or (H, W, 4), uint8 0 to 255 or float 0 to 1.
        words: word -> its place on the direction, above 0 towards the high end; drawn in order of place.
        title: over the figure.

    Returns the matplotlib figure. Raises ValueError if an end has no picture or another number than the other, or if
    there is no word.

    Built in: lesson 05.
    """
    import matplotlib.pyplot as plt

    if not len(high) or len(high) != len(low) or not words:
        raise ValueError(
            f"expected as many pictures at both ends and a word, got {len(high)}, {len(low)}, {len(words)}"
        )
    k = len(high)
    figure = plt.figure(figsize=(1.15 * k + 3.2, 2.9))
    places = figure.add_gridspec(2, k + 1, width_ratios=[1] * k + [2.2])
    for row, (pictures, end) in enumerate(((high, "high end"), (low, "low end"))):
        for column, picture in enumerate(pictures):
            axis = figure.add_subplot(places[row, column])
            axis.imshow(picture)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if column == 0:
                axis.set_ylabel(end, color=(BLUE, ORANGE)[row], fontsize=11)
    bars = figure.add_subplot(places[:, k])
    ordered = sorted(words.items(), key=lambda pair: pair[1])
    values = [value for _, value in ordered]
    bars.barh(range(len(ordered)), values, color=[BLUE if value > 0 else ORANGE for value in values])
    bars.set_yticks(range(len(ordered)), [word for word, _ in ordered], fontsize=9)
    bars.axvline(0, color="black", linewidth=0.8)
    bars.set_xlabel("mean place of the names with this word", fontsize=9)
    figure.suptitle(title, weight="bold" if title.isascii() else "normal")
    return figure
