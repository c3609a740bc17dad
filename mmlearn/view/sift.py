"""SIFT drawn: the pyramid of scales, keypoints with size and direction, a descriptor, matches of two views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mmlearn.types import BoolArray, FloatArray, UInt8Array
from mmlearn.view.style import BLUE, DIVERGING, ORANGE, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS, DIRECTIONS = 4, 8  # of a SIFT descriptor


class Drawable(Protocol):
    """What is drawn of keypoints: xy (N, 2) in pixels, scale (N,) sigma in pixels, angle (N,) radians, y down.

    Built in: lesson 02.
    """

    @property
    def xy(self) -> FloatArray: ...

    @property
    def scale(self) -> FloatArray: ...

    @property
    def angle(self) -> FloatArray: ...


def plot_pyramid(octaves: Sequence[FloatArray], captions: Sequence[str], title: str, signed: bool = False) -> Figure:
    """Layers of a scale space, an octave a row, all drawn at one size; the pixels of each are written beside it.

    Args:
        octaves: arrays (S, H, W) with equal S; brightness 0 to 1, or differences of either sign.
        captions: S texts over the columns.
        title: of the figure.
        signed: draw negative orange, zero white, positive violet.

    Returns the matplotlib figure. Raises ValueError if captions and layers differ in number.

    Built in: lesson 02.
    """
    import matplotlib.pyplot as plt

    columns = len(captions)
    if any(len(layers) != columns for layers in octaves) or not octaves:
        raise ValueError(f"expected octaves of {columns} layers each, got {[len(layers) for layers in octaves]}")
    height, width = octaves[0].shape[1:]
    figure, axes = plt.subplots(
        len(octaves), columns, squeeze=False, figsize=(9, 9 / columns * height / width * len(octaves) + 0.7)
    )
    for row, layers in zip(axes, octaves, strict=True):
        limit = float(np.abs(layers).max()) or 1.0
        for axis, layer in zip(row, layers, strict=True):
            if signed:
                axis.imshow(layer, cmap=DIVERGING, vmin=-limit, vmax=limit)
            else:
                axis.imshow(layer, cmap="gray", vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
        row[0].set_ylabel(f"{layers.shape[2]} x {layers.shape[1]}", fontsize=9)
    for axis, caption in zip(axes[0], captions, strict=True):
        axis.set_title(caption, fontsize=9, weight="normal")
    figure.suptitle(title, weight="bold")
    return figure


def draw_keypoints(
    axis: Axes, image: UInt8Array | FloatArray, keypoints: Drawable, title: str = "", colour: str = YELLOW
) -> None:
    """A picture with a circle for every keypoint, 3 sigma wide each way, and a spoke in its direction.

    Built in: lesson 02.
    """
    from matplotlib.collections import EllipseCollection, LineCollection

    axis.imshow(image, cmap="gray" if np.ndim(image) == 2 else None)
    axis.axis("off")
    axis.set_title(title)
    if len(keypoints.scale) == 0:
        return
    radius = 3 * keypoints.scale  # (N,)
    tips = keypoints.xy + radius[:, None] * np.stack([np.cos(keypoints.angle), np.sin(keypoints.angle)], axis=1)
    widths = 2 * radius
    circles = EllipseCollection(
        widths, widths, np.zeros(len(widths)), units="xy", offsets=keypoints.xy, offset_transform=axis.transData,
        facecolors="none", edgecolors=colour, linewidths=1,
    )  # fmt: skip
    axis.add_collection(circles)
    axis.add_collection(LineCollection(list(np.stack([keypoints.xy, tips], axis=1)), colors=colour, linewidths=1))


def draw_descriptor(axis: Axes, descriptor: FloatArray, title: str = "", colour: str = BLUE) -> None:
    """One descriptor as 4 x 4 stars: each ray's length is one of the 128 numbers, its direction that of its bin.

    Args:
        axis: where to draw.
        descriptor: (128,) float, 0 or more: cell row, cell column, direction.
        title: over the axis.
        colour: of the rays.

    Raises ValueError for another length.

    Built in: lesson 02.
    """
    from matplotlib.collections import LineCollection

    if np.shape(descriptor) != (CELLS * CELLS * DIRECTIONS,):
        raise ValueError(f"expected one descriptor of 128 numbers, got shape {np.shape(descriptor)}")
    row, column, bin_ = (axis_.ravel() for axis_ in np.indices((CELLS, CELLS, DIRECTIONS)))  # (128,) each
    turn = bin_ * 2 * np.pi / DIRECTIONS
    rays = np.stack([np.cos(turn), -np.sin(turn)], axis=1)  # against the clock on the screen, where y points down
    middle = np.stack([column, row], axis=1) + 0.5  # (128, 2)
    longest = float(np.max(descriptor)) or 1.0
    tips = middle + 0.48 * rays * (np.asarray(descriptor) / longest)[:, None]
    axis.add_collection(LineCollection(list(np.stack([middle, tips], axis=1)), colors=colour, linewidths=2))
    axis.set(xlim=(0, CELLS), ylim=(CELLS, 0), aspect="equal", xticks=range(CELLS + 1), yticks=range(CELLS + 1))
    axis.tick_params(labelbottom=False, labelleft=False, length=0)
    axis.grid(True, linewidth=0.8)
    axis.set_title(title)


def draw_matches(
    axis: Axes,
    images: tuple[UInt8Array, UInt8Array],
    xy: tuple[FloatArray, FloatArray],
    right: BoolArray,
    title: str = "",
    labels: tuple[str, str] = ("right", "wrong"),
) -> None:
    """Two pictures side by side and a line for every match: blue the right ones, orange and dashed the wrong ones.

    Args:
        axis: where to draw.
        images: (H, W) or (H, W, 3) each; the lower one gets white below it.
        xy: (K, 2) places in the left and in the right picture.
        right: (K,) bool.
        title: over the axis.
        labels: what the two colours are called below.

    Built in: lesson 02.
    """
    from matplotlib.collections import LineCollection

    height, gap = max(len(image) for image in images), 12
    pages = [np.full((height, image.shape[1] + gap, *image.shape[2:]), 255, np.uint8) for image in images]
    for page, image in zip(pages, images, strict=True):
        page[: len(image), : image.shape[1]] = image
    axis.imshow(np.hstack(pages), cmap="gray" if images[0].ndim == 2 else None)
    ends = np.stack([xy[0], xy[1] + [pages[0].shape[1], 0]], axis=1)  # (K, 2 ends, 2)
    for rows, colour, style, label in ((right, BLUE, "-", labels[0]), (~right, ORANGE, "--", labels[1])):
        lines = LineCollection(list(ends[rows]), colors=colour, linestyles=style, linewidths=0.9, alpha=0.8)
        lines.set_label(f"{label}: {int(rows.sum())}")
        axis.add_collection(lines)
    axis.axis("off")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncol=2)
    axis.set_title(title)
