"""Pictures side by side, with captions under or over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmlearn.types import FloatArray, UInt8Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def on_white(image: UInt8Array) -> UInt8Array:
    """Lay a transparent picture on white paper: (..., H, W, 4) uint8 RGBA -> (..., H, W, 3) uint8 RGB.

    Each channel becomes ``alpha * colour + (1 - alpha) * 255``. Raises ValueError for another shape, TypeError
    for another dtype: a float picture 0 to 1 would come out white all over.

    >>> on_white(np.array([[[255, 0, 0, 0]]], dtype=np.uint8))   # fully transparent red
    array([[[255, 255, 255]]], dtype=uint8)

    Built in: lesson 01.
    """
    if image.dtype != np.uint8:
        raise TypeError(
            f"expected uint8 levels 0 to 255, got {image.dtype}: a float picture 0 to 1 becomes one "
            "by (image * 255).round().astype('uint8')"
        )
    if image.shape[-1] != 4:
        raise ValueError(f"expected RGBA, (..., H, W, 4), got shape {image.shape}: is it RGB already?")
    colour, alpha = image[..., :3].astype(np.float32), image[..., 3:].astype(np.float32) / 255
    return np.round(colour * alpha + 255 * (1 - alpha)).astype(np.uint8)


def show_images(
    images: Sequence[UInt8Array] | UInt8Array | FloatArray,
    captions: Sequence[str] | None = None,
    title: str = "",
    columns: int = 6,
    inches: float = 1.6,
) -> Figure:
    """Draw pictures in a grid, `columns` a row, each `inches` wide, its caption above it.

    Args:
        images: N pictures, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8 0 to 255 or float 0 to 1.
        captions: N short texts, or none.

    Returns the matplotlib figure. Raises ValueError if the two counts differ, or for no picture or no column.

    Built in: lesson 00.
    """
    import matplotlib.pyplot as plt

    if len(images) == 0:
        raise ValueError("expected at least one picture, got none")
    if columns < 1:
        raise ValueError(f"expected at least 1 column, got {columns}")
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"expected one caption a picture, got {len(captions)} for {len(images)} pictures")
    rows = -(-len(images) // columns)
    wide = min(columns, len(images))
    lines = max((caption.count("\n") + 1 for caption in captions or []), default=0)
    figure, axes = plt.subplots(
        rows, wide, squeeze=False, figsize=(wide * inches, rows * (inches + 0.22 * lines) + 0.4 * bool(title))
    )
    for place, axis in enumerate(axes.flat):
        axis.axis("off")
        if place < len(images):
            axis.imshow(images[place], cmap="gray" if np.ndim(images[place]) == 2 else None)
            axis.set_title(captions[place] if captions is not None else "", fontsize=9, weight="normal")
    figure.suptitle(title, weight="bold")
    return figure
