"""Four stages of multimodal learning, each as one picture drawn from the course's own data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view.style import BLUE, GREEN, GREY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KIND_COLOURS = (BLUE, VERMILION, GREEN)  # image, text, sound
MEANINGS = ("how much of each colour", "how often each letter, a to z", "how loud at each moment")


def draw_separate(picture: UInt8Array, name: str, wave: FloatArray, features: Sequence[FloatArray]) -> Figure:
    """Stage 1: a model for each modality, none knows of the others.

    Args:
        picture: (H, W, 3) uint8 RGB.    name: a few letters.    wave: (T,) float, -1 to 1.
        features: three vectors, one for each lane, drawn as bars.

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 3, figsize=(9, 4.6), width_ratios=(1.2, 2, 1.2))
    labels = ("image model:\n“an animal”", "text model:\n“an animal word”", "speech model:\n“someone speaks”")
    for row, lane in enumerate(axes):
        if row == 0:
            lane[0].imshow(picture)
        elif row == 1:
            _words(lane[0], f"“{name}”", 13)
        else:
            lane[0].plot(wave, color=KIND_COLOURS[row], linewidth=0.6)
        _bars(lane[1], [features[row]], KIND_COLOURS[row:])
        lane[1].set_xlabel(MEANINGS[row], fontsize=9)
        _words(lane[2], f"→  {labels[row]}", 11)
        lane[0].axis("off")
    figure.suptitle("Stage 1 · one modality, one model", weight="bold")
    return figure


def draw_fused(pictures: Sequence[UInt8Array], names: Sequence[str], parts: Sequence[FloatArray]) -> Figure:
    """Stage 2: two vectors laid end to end for one decision, and pictures matched with words.

    Args:
        pictures: (H, W, 3) uint8 RGB each, in any order.    names: as many; name i belongs to picture i.
        parts: the vectors of the first pair's two modalities.

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(1.3, 1))
    _bars(left, parts, KIND_COLOURS)
    left.set_xlabel("numbers of the picture, then numbers of the name", fontsize=9)
    left.set_title(f"fusion: “{names[0]}” as one vector", fontsize=10)
    right.set_title("matching: which word for which picture?", fontsize=10)
    right.set(xlim=(0, 3), ylim=(-0.6, len(names) - 0.4))
    right.axis("off")
    order = [*range(1, len(names)), 0]  # the words stand one place off, so that the lines cross
    for place, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        inset = right.inset_axes((0.1, place - 0.42, 0.84, 0.84), transform=right.transData)
        inset.imshow(picture)
        inset.axis("off")
        right.text(2.0, order[place], name, va="center")
        right.plot([0.95, 1.93], [place, order[place]], color=GREY)
    figure.suptitle("Stage 2 · fusion and matching", weight="bold")
    return figure


def draw_pretraining(pictures: Sequence[UInt8Array], names: Sequence[str]) -> Figure:
    """Stage 3: every picture against every name of a batch; only the diagonal belongs together.

    Args:
        pictures: N pictures, (H, W, 3) uint8 RGB.    names: N names; name i belongs to picture i.

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    n = len(names)
    figure, axis = plt.subplots(figsize=(6.4, 5.2))
    axis.imshow(np.eye(n), cmap="Blues", vmin=0, vmax=1.4)
    axis.set_xticks(range(n), [textwrap.fill(name, 11) for name in names])  # upright, under their own column
    axis.set_yticks([])
    axis.tick_params(length=0)
    for row, picture in enumerate(pictures):
        inset = axis.inset_axes((-1.5, row - 0.45, 0.9, 0.9), transform=axis.transData)
        inset.imshow(picture)
        inset.axis("off")
        for column in range(n):
            does, ink = ("pull", "white") if row == column else ("push", "black")
            axis.text(column, row, does, ha="center", va="center", color=ink, fontsize=9)
    axis.set_xlim(-1.6, n - 0.5)
    for side in axis.spines.values():
        side.set_visible(False)
    axis.set_title("Stage 3 · pre-training on pairs")
    return figure


def draw_uses(picture: UInt8Array, uses: Sequence[tuple[str, str]]) -> Figure:
    """Stage 4: one picture, many uses, each a line of what goes in and what comes out.

    Args:
        picture: (H, W, 3) uint8 RGB.    uses: (what is asked of the model, what it gives back).

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.9), width_ratios=(1, 1.4))
    left.imshow(picture)
    left.axis("off")
    right.axis("off")
    for place, (asked, given) in enumerate(uses):
        height = 1 - place / len(uses)
        right.text(0, height, asked, va="top", color=BLUE, transform=right.transAxes)
        right.text(0.05, height - 0.085, given, va="top", fontsize=10, transform=right.transAxes)
    figure.suptitle("Stage 4 · applications", weight="bold")
    return figure


def _bars(axis: Axes, parts: Sequence[FloatArray], colours: Sequence[str]) -> None:
    """Vectors end to end, each in its own colour."""
    start = 0
    for part, colour in zip(parts, colours, strict=False):
        axis.bar(np.arange(start, start + len(part)), part, color=colour)
        start += len(part)
    axis.set(xticks=[], yticks=[])


def _words(axis: Axes, text: str, size: int) -> None:
    axis.axis("off")
    axis.text(0.5, 0.5, text, ha="center", va="center", fontsize=size, transform=axis.transAxes)
