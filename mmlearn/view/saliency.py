"""Where a network looked, laid over the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, UInt8Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT = "inferno"


def normalise_map(heat: ArrayLike) -> FloatArray:
    """A map of values from 0 up as brightness 0 to 1: divided by its own largest value; all zeros stay zeros.

    Each map gets a scale of its own, so the brightest spots of two pictures are **not** equally strong evidence.

    >>> normalise_map([[0.0, 1.0], [2.0, 4.0]]).tolist()
    [[0.0, 0.25], [0.5, 1.0]]

    Args:
        heat: (H, W) of finite numbers, 0 or more.

    Returns (H, W) float64. Raises ValueError for another shape, NaN, infinity or negative values.

    Built in: lesson 06.
    """
    values = np.asarray(heat, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"expected one map (H, W), got shape {values.shape}")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("expected a map of finite values, 0 or more: take the absolute value, or cut off below 0")
    top = values.max()
    scaled: FloatArray = values / (top if top > 0 else 1.0)
    return scaled


def overlay(image: UInt8Array, heat: ArrayLike, strength: float = 0.6) -> UInt8Array:
    """A grey version of the picture with the map's colours over it: dark violet is nothing, yellow is most.

    ``(1 - strength) * grey + strength * colour(map / max)``; grey, so that the map's colours are the only ones.

    Args:
        image: (H, W) grey or (H, W, 3) RGB, uint8.
        heat: (H, W), 0 or more, of the picture's size.
        strength: 0 shows the picture alone, 1 the map alone.

    Returns (H, W, 3) uint8. Raises ValueError for sizes that differ or a strength beyond 0 to 1.

    >>> overlay(np.full((1, 2), 200, np.uint8), [[0.0, 1.0]], strength=0.0).tolist()
    [[[200, 200, 200], [200, 200, 200]]]

    Built in: lesson 06.
    """
    from matplotlib import colormaps

    values = normalise_map(heat)
    if image.dtype != np.uint8 or image.shape[:2] != values.shape or image.shape[2:] not in {(), (3,)}:
        raise ValueError(f"expected a uint8 picture of the map's size {values.shape}, got {image.dtype} {image.shape}")
    if not 0 <= strength <= 1:
        raise ValueError(f"expected a strength from 0 to 1, got {strength}")
    grey = image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114])  # (H, W)
    colours = 255 * colormaps[HEAT](values)[..., :3]  # (H, W, 3)
    mixed: UInt8Array = np.round((1 - strength) * grey[..., None] + strength * colours).astype(np.uint8)
    return mixed


def plot_maps(
    images: UInt8Array,
    maps: Mapping[str, ArrayLike],
    captions: Sequence[str],
    title: str = "",
    inches: float = 1.35,
) -> Figure:
    """Pictures in a row with captions, and under each its maps, a row for each kind.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.
        maps: name of the kind -> (N, H, W) of values 0 or more, each map scaled by its own largest.
        captions: N texts, over the pictures.
        title: of the figure.
        inches: side of one picture.

    Returns the matplotlib figure. Raises ValueError for no picture or counts that differ.

    Built in: lesson 06.
    """
    import matplotlib.pyplot as plt

    kinds = {name: np.asarray(values) for name, values in maps.items()}
    counts = {"captions": len(captions), **{name: len(values) for name, values in kinds.items()}}
    if not len(images) or set(counts.values()) != {len(images)}:
        raise ValueError(f"expected one of each for every one of {len(images)} pictures, got {counts}")
    lines = 1 + max(caption.count("\n") for caption in captions)
    figure, axes = plt.subplots(
        1 + len(kinds),
        len(images),
        squeeze=False,
        figsize=(0.5 + inches * len(images), inches * (1 + len(kinds)) + 0.2 * lines + 0.4 * bool(title)),
    )
    rows = [list(images), *([overlay(i, m) for i, m in zip(images, v, strict=True)] for v in kinds.values())]
    for name, row, drawn in zip(["picture", *kinds], axes, rows, strict=True):
        for axis, picture in zip(row, drawn, strict=True):
            axis.imshow(picture, cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        row[0].set_ylabel(name, fontsize=10)
    for axis, caption in zip(axes[0], captions, strict=True):
        axis.set_title(caption, fontsize=9, weight="normal")
    figure.suptitle(title, weight="bold")
    return figure
