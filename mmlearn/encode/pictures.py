"""Pictures in whatever form they come, as a list of grey or RGB pictures of 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.encode.pixels import to_grey
from mmlearn.types import FloatArray, UInt8Array
from mmlearn.view.images import on_white

Range = tuple[float, float]


def as_grey(X: Any, image_shape: Sequence[int] | None = None, value_range: Range | None = None) -> list[UInt8Array]:
    """Pictures as grey levels: RGBA is laid on white paper, RGB becomes brightness, grey stays as it is.

    ``grey = 0.299 R + 0.587 G + 0.114 B`` (`to_grey`); a float picture 0 to 1 is rounded to 256 levels.

    Args:
        X: without `image_shape`, N pictures, a list or an array: each (H, W) grey, (H, W, 1) grey, (H, W, 3) RGB
            or (H, W, 4) RGBA, uint8 0 to 255 or float 0 to 1; in a list, sizes and kinds may differ.
            With `image_shape`, N flattened rows, (N, D), as scikit-learn's tools hand them on.
        image_shape: (H, W) or (H, W, C) of every row, one of them -1 if it follows from D: (1, -1) is a picture
            of one row of pixels.
        value_range: (low, high) of the rows' numbers, stretched to 0 to 255; what lies beyond is cut off.
            Default: 0 to 255 for uint8, else the smallest and largest number in `X`. Only for rows.

    Returns N arrays (H, W) uint8, copies or views of `X`. Raises ValueError for no picture, a picture without
    pixels, another shape, NaN, infinity or floats beyond 0 to 1; TypeError for other kinds of numbers.

    >>> as_grey([np.ones((1, 2)), np.zeros((1, 1, 3), np.uint8)])
    [array([[255, 255]], dtype=uint8), array([[0]], dtype=uint8)]
    >>> as_grey([[0, 1, 2, 4]], image_shape=(2, -1))
    [array([[  0,  64],
           [128, 255]], dtype=uint8)]

    Built in: lesson 02.
    """
    return [_grey(picture) for picture in as_levels(X, image_shape, value_range)]


def as_rgb(X: Any, image_shape: Sequence[int] | None = None, value_range: Range | None = None) -> list[UInt8Array]:
    """Pictures as red, green and blue levels: RGBA is laid on white paper, grey becomes three equal channels.

    Arguments, and what is refused, as in `as_grey`.

    Returns N arrays (H, W, 3) uint8.

    >>> as_rgb(np.full((1, 1, 2), 7, np.uint8))[0].tolist()
    [[[7, 7, 7], [7, 7, 7]]]

    Built in: lesson 02.
    """
    return [_rgb(picture) for picture in as_levels(X, image_shape, value_range)]


def range_of(rows: ArrayLike) -> Range:
    """The (low, high) that flattened rows are stretched by: 0 to 255 for uint8, else their own ends.

    >>> range_of([[0.5, 2.0]]), range_of(np.zeros((1, 2), np.uint8))
    ((0.5, 2.0), (0.0, 255.0))

    Built in: lesson 02.
    """
    numbers = np.asarray(rows)
    return (0.0, 255.0) if numbers.dtype == np.uint8 else (float(numbers.min()), float(numbers.max()))


def as_levels(X: Any, image_shape: Sequence[int] | None = None, value_range: Range | None = None) -> list[UInt8Array]:
    """Pictures as levels 0 to 255, their channels as they are: what `as_grey` and `as_rgb` start from.

    Arguments, and what is refused, as in `as_grey`.

    Returns N arrays uint8, each (H, W) or (H, W, C) with C of 1, 3 or 4.

    >>> as_levels([np.full((1, 1, 4), 0.5)])[0].tolist()
    [[[128, 128, 128, 128]]]

    Built in: lesson 02.
    """
    if image_shape is not None:
        return _unflattened(X, image_shape, value_range)
    if value_range is not None:
        raise ValueError("value_range is for flattened rows, (N, D), and needs image_shape= as well")
    _require_many(X)
    return [_levels(picture, place) for place, picture in enumerate(X)]


def _require_many(X: Any) -> None:
    """N pictures, not one, and not N rows."""
    if not isinstance(X, np.ndarray | list | tuple):
        raise TypeError(f"expected a list or an array of pictures, got {type(X).__name__}")
    if len(X) == 0:
        raise ValueError("expected at least one picture, got none")
    if not isinstance(X, np.ndarray) or X.dtype == object:
        return
    if X.ndim < 3:
        raise ValueError(
            f"expected pictures as (N, H, W) or (N, H, W, C), got shape {X.shape}: one picture goes into a list, "
            "[picture]; flattened rows (N, D) need image_shape=(H, W)"
        )
    if X.ndim == 3 and X.shape[2] in (3, 4):
        raise ValueError(
            f"shape {X.shape} may be one colour picture or {len(X)} narrow grey ones: pass a list, "
            "[picture] or list(pictures)"
        )


def _levels(picture: Any, place: int) -> UInt8Array:
    """One picture as uint8, its shape and numbers checked."""
    if picture is None:
        raise ValueError(f"picture {place} is None: was its file not found? cv2.imread gives None and says nothing")
    pixels = np.asarray(picture)
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3, 4))):
        first = pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4)
        hint = ": are the channels first? picture.transpose(1, 2, 0) puts them last" if first else ""
        raise ValueError(
            f"expected picture {place} as (H, W) or (H, W, C) with C of 1, 3 or 4, got {pixels.shape}{hint}"
        )
    if pixels.size == 0:
        raise ValueError(f"picture {place} has no pixels: its shape is {pixels.shape}")
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind != "f":
        raise TypeError(
            f"expected uint8 levels 0 to 255 or floats 0 to 1, got {pixels.dtype} in picture {place}: "
            "whole levels become one by .astype('uint8'), a mask by .astype(float)"
        )
    if not np.isfinite(pixels).all():
        raise ValueError(f"picture {place} holds NaN or infinity")
    if pixels.min() < 0 or pixels.max() > 1:
        raise ValueError(
            f"expected floats from 0 to 1, got {pixels.min():g} to {pixels.max():g} in picture {place}: "
            "are they levels 0 to 255? Divide by 255 or convert to uint8"
        )
    return _rounded(pixels * 255)


def _unflattened(X: Any, image_shape: Sequence[int], value_range: Range | None) -> list[UInt8Array]:
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.size == 0:
        raise ValueError(f"with image_shape, expected rows (N, D), one picture each, got shape {rows.shape}")
    if rows.dtype.kind not in "uif":
        raise TypeError(f"expected numbers, got {rows.dtype}")
    if not isinstance(image_shape, Sequence | np.ndarray):
        raise ValueError(f"expected image_shape as (H, W) or (H, W, C), got {image_shape!r}")
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise ValueError(f"expected image_shape as (H, W) or (H, W, C) with C of 1, 3 or 4, got {shape}")
    try:
        pictures = rows.reshape(len(rows), *shape)
    except ValueError:
        raise ValueError(f"rows of {rows.shape[1]} numbers do not make pictures of shape {shape}") from None
    return list(_stretched(pictures, value_range or range_of(rows)))


def _stretched(numbers: Any, value_range: Range) -> UInt8Array:
    low, high = value_range
    if numbers.dtype == np.uint8 and (low, high) == (0, 255):
        return np.asarray(numbers, np.uint8)
    if not np.isfinite(numbers).all():
        raise ValueError("the rows hold NaN or infinity")
    if not low <= high:
        raise ValueError(f"expected value_range as (low, high), got {value_range}")
    # Divided by 2 first: the difference of two very large numbers may be no number any more.
    width = high / 2 - low / 2
    share = (numbers / 2 - low / 2) / (width if width > 0 else 1.0)
    return _rounded(255 * np.clip(share, 0, 1))


def _rounded(levels: FloatArray) -> UInt8Array:
    """To the nearest whole level, a half upwards."""
    rounded: UInt8Array = np.floor(levels + 0.5).astype(np.uint8)
    return rounded


def _grey(picture: UInt8Array) -> UInt8Array:
    if picture.ndim == 2:
        return picture
    return picture[..., 0] if picture.shape[2] == 1 else to_grey(_rgb(picture))


def _rgb(picture: UInt8Array) -> UInt8Array:
    if picture.ndim == 2 or picture.shape[2] == 1:
        return np.repeat(picture.reshape(*picture.shape[:2], 1), 3, axis=2)  # (H, W, 3)
    return on_white(picture) if picture.shape[2] == 4 else picture
