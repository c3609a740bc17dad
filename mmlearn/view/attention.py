"""Where attention looks: heat maps of queries against keys, head by head, and over a picture's patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view.style import BLACK, BLUE, ORANGE, SEQUENTIAL, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

NUMBERS_UP_TO = 8  # keys; with more, the numbers in the cells would not be legible


def plot_weights(
    axis: Axes,
    weights: ArrayLike,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    title: str = "",
    highest: float | None = None,
    labels: tuple[str, str] = ("queries", "keys"),
) -> AxesImage:
    """A heat map of weights: one row a query, one column a key.

    Args:
        axis: matplotlib axes to draw on.
        weights: (N, M), 0 or more. With at most 8 keys the numbers stand in the cells.
        queries: N names of the rows, or none.
        keys: M names of the columns, or none.
        title: over the map.
        highest: end of the colour scale; default: the largest weight there is. Give 1 to compare maps.
        labels: what rows and columns are, beside the axes.

    Returns the image, for a colour bar. Raises ValueError if weights have no two axes or the names do not fit.

    Built in: lesson 07.
    """
    table = np.asarray(weights, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"expected weights (queries, keys), got shape {table.shape}: one head of one item?")
    for names, count, what in ((queries, table.shape[0], "queries"), (keys, table.shape[1], "keys")):
        if names is not None and len(names) != count:
            raise ValueError(f"expected {count} names of {what}, got {len(names)}")
    top = float(highest if highest is not None else max(table.max(), 1e-12))
    image = axis.imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=top, aspect="auto")
    if table.shape[1] <= NUMBERS_UP_TO:
        for (row, column), value in np.ndenumerate(table):
            shade = BLACK if value > 0.6 * top else "white"
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color=shade)
    if queries is not None:
        axis.set_yticks(range(len(queries)), list(queries), fontsize=9)
    if keys is not None:
        long = max(map(len, keys)) > 3
        axis.set_xticks(
            range(len(keys)), list(keys), fontsize=9, rotation=45 if long else 0, ha="right" if long else "center"
        )
    axis.set(xlabel=labels[1], ylabel=labels[0])
    axis.set_title(title)
    return image


def show_heads(
    weights: ArrayLike,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    title: str = "",
    labels: tuple[str, str] = ("queries", "keys"),
) -> Figure:
    """The heads of one attention layer side by side, counted from 1, on one colour scale from 0 to 1.

    Args:
        weights: (heads, N, M), of one item.
        queries, keys, labels: as in `plot_weights`.
        title: over the figure.

    Returns the matplotlib figure. Raises ValueError for weights without three axes.

    Built in: lesson 07.
    """
    import matplotlib.pyplot as plt

    maps = np.asarray(weights, dtype=np.float64)
    if maps.ndim != 3 or not maps.size:
        raise ValueError(f"expected weights (heads, queries, keys), got shape {maps.shape}: take one item, weights[0]")
    wide = max(2.2, min(4.0, 0.42 * maps.shape[2]))
    figure, axes = plt.subplots(
        1, len(maps), squeeze=False, sharey=True, figsize=(wide * len(maps) + 1.2, 0.42 * maps.shape[1] + 1.4)
    )
    for head, (axis, table) in enumerate(zip(axes[0], maps, strict=True), start=1):
        image = plot_weights(axis, table, queries, keys, f"head {head}", highest=1.0, labels=labels)
        if head > 1:
            axis.set_ylabel("")
    figure.colorbar(image, ax=axes[0].tolist(), label="weight")
    figure.suptitle(title, weight="bold")
    return figure


def overlay_weights(
    axis: Axes,
    picture: UInt8Array | FloatArray,
    weights: ArrayLike,
    title: str = "",
    boxes: ArrayLike | None = None,
    right: bool | None = None,
) -> None:
    """A picture under a veil that is clear where attention looks, with a mark on the strongest patch.

    The veil thins with the square root of weight / largest weight, so that weak looks show too.

    Args:
        axis: matplotlib axes to draw on.
        picture: (H, W, 3), uint8 0 to 255 or float 0 to 1.
        weights: (rows, columns) weights of the patches, 0 or more, the first row at the top.
        title: over the picture.
        boxes: (K, 4) x0, y0, x1, y1 in pixels, drawn as frames; negative ones are left out.
        right: True adds a tick to the title, False a cross; the mark is blue or vermilion, or else orange.

    Raises ValueError for weights without two axes, or boxes that are not (K, 4).

    Built in: lesson 07.
    """
    from matplotlib.patches import Rectangle

    table = np.asarray(weights, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"expected weights (rows, columns) of patches, got shape {table.shape}: reshape to the grid?")
    frames = np.zeros((0, 4)) if boxes is None else np.asarray(boxes)
    if frames.ndim != 2 or frames.shape[1] != 4:
        raise ValueError(f"expected boxes (K, 4) as x0, y0, x1, y1, got shape {frames.shape}")
    height, width = picture.shape[:2]
    axis.imshow(picture, extent=(0, width, height, 0))
    veil = np.ones((*table.shape, 4))
    veil[..., 3] = 0.85 * (1 - np.sqrt(table / max(table.max(), 1e-12)))  # opacity of the white veil
    axis.imshow(veil, extent=(0, width, height, 0), interpolation="nearest")
    colour = ORANGE if right is None else BLUE if right else VERMILION
    for x0, y0, x1, y1 in frames[(frames >= 0).all(axis=1)]:
        axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=BLACK, linestyle="--"))
    row, column = np.unravel_index(table.argmax(), table.shape)
    x, y = (column + 0.5) * width / table.shape[1], (row + 0.5) * height / table.shape[0]
    axis.plot(x, y, "o", markersize=9, markerfacecolor=colour, markeredgecolor="white", markeredgewidth=1.5)
    axis.set(xticks=[], yticks=[], xlim=(0, width), ylim=(height, 0))
    sign = "" if right is None else " \u2713" if right else " \u2717"
    axis.set_title(title + sign, fontsize=10, weight="normal")
