"""Texts in figures: which word weighs how much, how often each occurs, and names cut to fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.view.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def clip(text: str, width: int = 18) -> str:
    """The text, cut to `width` columns; an ellipsis stands for what was cut. Chinese takes two columns a character.

    Args:
        text: a name or a caption, in one line.
        width: columns it may take, 2 or more; 18 fit over a picture of 1.5 inches.

    Returns the text as it is where it fits. Raises ValueError for a width below 2.

    >>> clip("woman dancing"), clip("grinning cat with smiling eyes"), clip("迎面驶来的出租车", width=10)
    ('woman dancing', 'grinning cat with…', '迎面驶来…')

    Built in: lesson 03.
    """
    if width < 2:
        raise ValueError(f"expected a width of 2 columns or more, got {width}")
    columns = np.cumsum([2 if east_asian_width(letter) in "WF" else 1 for letter in text])
    if not text or columns[-1] <= width:
        return text
    return text[: int((columns <= width - 1).sum())].rstrip() + "…"


def plot_word_weights(
    tables: Mapping[str, ArrayLike], texts: Sequence[str], words: Sequence[str], decimals: int = 2
) -> Figure:
    """Heat maps beside or under one another: a row a text, a column a word, each weight but 0 written into its cell.

    Args:
        tables: title -> (N, D) weights, 0 or more; each map has its own colour scale, white at 0.
        texts: N names of the rows.
        words: D names of the columns.
        decimals: of the numbers in the cells.

    Returns the matplotlib figure. Raises ValueError if there is no table, or a table is not (N, D).

    Built in: lesson 03.
    """
    import matplotlib.pyplot as plt

    if not tables:
        raise ValueError("expected at least one table of weights, got none")
    for title, table in tables.items():
        if np.shape(table) != (len(texts), len(words)):
            raise ValueError(
                f"expected {len(texts)} texts x {len(words)} words, got shape {np.shape(table)} for {title!r}"
            )
    beside = len(words) * len(tables) <= 16  # else under one another: a notebook is about 9 inches wide
    rows, columns = (1, len(tables)) if beside else (len(tables), 1)
    wide = min(9.5, 0.6 * len(words) * columns + 0.09 * max(map(len, texts), default=0) + 0.6)
    high = (0.32 * len(texts) + 0.45) * rows + 0.7
    figure, axes = plt.subplots(rows, columns, squeeze=False, sharex=True, sharey=True, figsize=(wide, high))
    for axis, (title, table) in zip(axes.flat, tables.items(), strict=True):
        weights = np.asarray(table, dtype=np.float64)
        top = weights.max(initial=0.0) or 1.0
        axis.imshow(weights, cmap="Blues", vmin=0, vmax=1.25 * top, aspect="auto")
        for (row, column), weight in np.ndenumerate(weights):
            if weight != 0:
                colour = "white" if weight > 0.75 * top else "black"
                axis.text(column, row, f"{weight:.{decimals}f}", ha="center", va="center", fontsize=8, color=colour)
        axis.set_xticks(range(len(words)), words, rotation=45, ha="right", fontsize=9)
        axis.set_yticks(range(len(texts)), texts, fontsize=9)
        axis.tick_params(length=0)
        axis.set_title(title)
    return figure


def plot_zipf(counts: Mapping[str, ArrayLike], title: str = "A few words are common, most are rare") -> Figure:
    """How often the most frequent word occurs, the second, the third ...: both axes logarithmic, a line a corpus.

    Zipf's law, frequency ~ 1 / rank, is a straight line that falls by a factor of ten over a factor of ten; a
    dashed one is drawn for comparison from the first corpus's top word, and says so.

    Args:
        counts: name of a corpus -> (D,) occurrences of each of its words, in any order, 1 or more.
        title: over the figure.

    Returns the matplotlib figure. Raises ValueError for no corpus, or one without words.

    Reference: Zipf (1949), "Human behavior and the principle of least effort".

    Built in: lesson 03.
    """
    import matplotlib.pyplot as plt

    if not counts or any(np.size(values) == 0 for values in counts.values()):
        raise ValueError("expected at least one corpus, each with at least one word")
    figure, axis = plt.subplots(figsize=(6.5, 3.6))
    for place, (name, values) in enumerate(counts.items()):
        falling = np.sort(np.asarray(values, dtype=np.float64))[::-1]  # (D,)
        ranks = np.arange(1, len(falling) + 1)
        if place == 0:
            axis.plot(
                ranks, falling[0] / ranks, "--", color="black", linewidth=1, label=f"1 / rank, from the top of {name}"
            )
        axis.plot(ranks, falling, ".-", color=PALETTE[place], linewidth=1.5, markersize=3, label=name)
    axis.set(xscale="log", yscale="log", ylim=(0.7, None))
    axis.set(xlabel="rank of the word", ylabel="times it occurs", title=title)
    axis.legend()
    return figure
