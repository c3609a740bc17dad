"""Visual words drawn: k-means step by step, words as patches, pictures as histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import FloatArray, IntArray, UInt8Array
from mmlearn.view.style import BLUE, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_k_means(
    points: FloatArray, steps: Sequence[tuple[IntArray, FloatArray]], captions: Sequence[str], columns: int = 4
) -> Figure:
    """Points in the plane, coloured by the centre they chose, and the centres (black crosses), a panel a step.

    Args:
        points: (N, 2).
        steps: for each panel labels (N,), -1 for none yet (grey), and centres (K, 2).
        captions: a text for each panel.
        columns: panels a row.

    Returns the matplotlib figure. Raises ValueError if the captions do not fit the steps, or points lie in no plane.

    Built in: lesson 02.
    """
    import matplotlib.pyplot as plt

    if len(steps) != len(captions) or not steps:
        raise ValueError(f"expected a caption for each step, at least one, got {len(captions)} for {len(steps)}")
    if np.ndim(points) != 2 or np.shape(points)[1] != 2:
        raise ValueError(f"expected points (N, 2), got shape {np.shape(points)}")
    rows, wide = -(-len(steps) // columns), min(columns, len(steps))
    figure, axes = plt.subplots(rows, wide, squeeze=False, figsize=(2.4 * wide, 2.5 * rows), sharex=True, sharey=True)
    shades = np.array([*PALETTE[:7], "#BBBBBB"])  # the last for points without a label
    for axis in axes.flat[len(steps) :]:
        axis.axis("off")
    for axis, (labels, centres), caption in zip(axes.flat, steps, captions, strict=False):
        colours = shades[np.where(np.asarray(labels) < 0, 7, np.asarray(labels) % 7)]
        axis.scatter(*np.asarray(points).T, s=9, c=colours, linewidths=0, alpha=0.8)
        axis.scatter(*np.asarray(centres).T, s=110, c="white", marker="X", edgecolors="black", linewidths=1.5)
        axis.set_title(caption, fontsize=10)
    figure.supxlabel("first number")
    figure.supylabel("second number")
    return figure


def patches_at(picture: UInt8Array, xy: FloatArray, half: float, side: int = 24) -> UInt8Array:
    """Square pieces of a picture, all drawn at one size, paper white where they reach beyond the edge.

    Args:
        picture: (H, W) or (H, W, C) uint8. xy: (N, 2) middles in pixels. half: half the piece's width in pixels.
        side: pixels of the result, the nearest pixel taken.

    Returns (N, side, side) or (N, side, side, C) uint8.

    >>> patches_at(np.array([[10, 20], [30, 40]], np.uint8), [[0.5, 0.5]], half=2, side=4)[0]
    array([[255, 255, 255, 255],
           [255,  10,  20, 255],
           [255,  30,  40, 255],
           [255, 255, 255, 255]], dtype=uint8)

    Built in: lesson 02.
    """
    height, width = picture.shape[:2]
    offsets = ((np.arange(side) + 0.5) / side * 2 - 1) * half  # (side,)
    found = []
    for x, y in np.asarray(xy, dtype=float):
        columns, rows = (np.floor(middle + offsets + 0.5).astype(int) for middle in (x, y))
        inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
        piece = picture[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)].copy()
        piece[~inside] = 255
        found.append(piece)
    return np.stack(found)


def plot_codebook(words: Sequence[Sequence[UInt8Array]], captions: Sequence[str], title: str = "") -> Figure:
    """One row a word: the patches nearest to its centre.

    Args:
        words: for each word its patches, (S, S) or (S, S, 3) uint8, all of one size and equally many.
        captions: a text on the left of each row.
        title: of the figure.

    Returns the matplotlib figure. Raises ValueError if the captions do not fit, or rows differ in length.

    Built in: lesson 02.
    """
    import matplotlib.pyplot as plt

    lengths = {len(row) for row in words}
    if len(words) != len(captions) or len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"expected equal rows and a caption each, got rows {lengths} and {len(captions)} captions")
    figure, axes = plt.subplots(len(words), lengths.pop(), squeeze=False, figsize=(8.5, 0.82 * len(words) + 0.4))
    for row, patches, caption in zip(axes, words, captions, strict=True):
        for axis, patch in zip(row, patches, strict=True):
            axis.imshow(patch, cmap="gray" if patch.ndim == 2 else None, vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set(visible=True, linewidth=0.5, color="#BBBBBB")
        row[0].set_ylabel(caption, rotation=0, ha="right", va="center", fontsize=9)
    figure.suptitle(title, weight="bold")
    return figure


def plot_histograms(pictures: Sequence[UInt8Array], histograms: FloatArray, names: Sequence[str]) -> Figure:
    """Pictures with the histograms of their words beside them, all on one scale.

    Args:
        pictures: N pictures, (H, W, 3) or (H, W). histograms: (N, K). names: N titles.

    Returns the matplotlib figure. Raises ValueError if the three differ in number.

    Built in: lesson 02.
    """
    import matplotlib.pyplot as plt

    n = len(pictures)
    if not n == len(histograms) == len(names) or n == 0:
        raise ValueError(
            f"expected as many of each, got {n} pictures, {len(histograms)} histograms, {len(names)} names"
        )
    figure, axes = plt.subplots(n, 2, squeeze=False, figsize=(9, 1.35 * n + 0.3), width_ratios=(1, 6))
    top = max(float(np.max(histograms)), 1e-9) * 1.05
    for (left, right), picture, histogram, name in zip(axes, pictures, histograms, names, strict=True):
        left.imshow(picture, cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=255)
        left.axis("off")
        right.bar(np.arange(len(histogram)), histogram, width=1.0, color=BLUE)
        right.set(ylim=(0, top), xlim=(-1, len(histogram)), ylabel="$h_k$")
        right.set_title(name, fontsize=10)
    axes[-1, 1].set_xlabel("number k of the word")
    return figure
