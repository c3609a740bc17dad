"""A Transformer's maps over pictures: one value a patch, drawn on the pixels that the patch is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view import saliency

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def enlarge(maps: ArrayLike, size: tuple[int, int]) -> FloatArray:
    """Maps of patches as maps of pixels: each value fills its patch, for within a patch nothing is known.

    Args:
        maps: (N, rows, columns).
        size: (H, W) of the pictures, in pixels, multiples of rows and columns.

    Returns (N, H, W) float64. Raises ValueError for another shape, or a size that does not fit.

    >>> enlarge([[[1.0, 2.0]]], (2, 4))[0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]

    Built in: lesson 09.
    """
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim != 3 or not values.size:
        raise ValueError(f"expected maps (N, rows, columns), got shape {values.shape}: one map is a batch by map[None]")
    (height, width), (rows, columns) = size, values.shape[1:]
    if height % rows or width % columns or not height or not width:
        raise ValueError(f"a picture of {height} x {width} pixels has no {rows} x {columns} patches of one size")
    large: FloatArray = values.repeat(height // rows, axis=1).repeat(width // columns, axis=2)  # (N, H, W)
    return large


def plot_maps(
    images: UInt8Array,
    maps: Mapping[str, ArrayLike],
    captions: Sequence[str],
    title: str = "",
    *,
    inches: float = 1.35,
    from_least: bool = True,
) -> Figure:
    """Pictures in a row with captions, and under each its maps of patches, a row for each kind.

    Rollouts have a floor: every patch gets a share, and what differs lies on top of it. So by default each map's
    colours run from its own smallest value to its own largest, which shows where a map is bright, not how much
    brighter: a map that is nearly flat looks as lively as any. ``from_least=False`` starts the colours at zero.

    Args:
        images: (N, H, W) grey or (N, H, W, 3) RGB, uint8.
        maps: name of the kind -> (N, rows, columns) of values 0 or more, arrays or tensors without gradient; the
            kinds' grids may differ.
        captions: N texts, over the pictures.
        title: of the figure.
        inches: side of one picture.
        from_least: colours from each map's smallest value (True) or from zero.

    Returns the matplotlib figure. Raises ValueError for no picture, counts that differ, a grid that does not fit the
    pictures, NaN, infinity or negative values.

    Built in: lesson 09.
    """
    large = {name: _pixels(values, images, from_least) for name, values in maps.items()}
    return saliency.plot_maps(images, large, captions, title, inches)


def _pixels(maps: Any, images: UInt8Array, from_least: bool) -> FloatArray:
    """(N, H, W) of one kind, checked before the floor is taken away, which would hide what is negative."""
    values = np.asarray(maps, dtype=np.float64)  # (N, rows, columns)
    if not np.isfinite(values).all() or (values.size and values.min() < 0):
        raise ValueError("expected maps of finite values, 0 or more: take the absolute value, or cut off below 0")
    large = enlarge(values, (images.shape[1], images.shape[2]))
    return large - large.min(axis=(1, 2), keepdims=True) if from_least else large
