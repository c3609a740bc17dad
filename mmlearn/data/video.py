"""Pictures in a row: a sticker that moves, and what changes from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlearn.types import UInt8Array


def moving_sticker(sticker: UInt8Array, path: ArrayLike, size: tuple[int, int] = (96, 160)) -> UInt8Array:
    """Move a sticker over white paper: one frame for each place of the path.

    Args:
        sticker: (h, w, 4) uint8 RGBA.
        path: (T, 2) whole numbers, the row and the column of the sticker's top left corner in each frame, in
            pixels; it may lie partly or wholly outside the frame.
        size: height and width of a frame, pixels.

    Returns (T, H, W, 3) uint8 RGB. Raises ValueError for another shape or a path that is not whole numbers.

    >>> dot = np.full((1, 1, 4), [0, 0, 0, 255], dtype=np.uint8)
    >>> moving_sticker(dot, [(0, 0), (0, 2)], size=(1, 3))[..., 0]
    array([[[  0, 255, 255]],
    <BLANKLINE>
           [[255, 255,   0]]], dtype=uint8)

    Built in: lesson 01.
    """
    places = np.asarray(path)
    if sticker.ndim != 3 or sticker.shape[-1] != 4 or sticker.dtype != np.uint8:
        raise ValueError(f"expected one RGBA sticker, (h, w, 4) uint8, got {sticker.shape} {sticker.dtype}")
    if places.ndim != 2 or places.shape[1] != 2 or not np.issubdtype(places.dtype, np.integer):
        raise ValueError(f"expected (T, 2) whole pixels, got {places.shape} {places.dtype}: round the path")
    height, width = size
    video = np.full((len(places), height, width, 3), 255, dtype=np.uint8)
    for frame, (top, left) in zip(video, places, strict=True):
        rows = slice(max(0, top), max(0, min(height, top + sticker.shape[0])))
        columns = slice(max(0, left), max(0, min(width, left + sticker.shape[1])))
        part = sticker[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        if part.size and rows.stop > rows.start and columns.stop > columns.start:
            frame[rows, columns] = _over_white(part)
    return video


def _over_white(part: UInt8Array) -> UInt8Array:
    alpha = part[..., 3:].astype(np.float64) / 255
    return np.round(part[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def frame_difference(video: UInt8Array) -> UInt8Array:
    """How much each pixel changes from one frame to the next: ``max over channels |v[t + 1] - v[t]|``.

    What stands still becomes 0 (black); what moves shows twice, where it was and where it is. The difference
    is taken in wider integers: in uint8, 3 - 5 would be 254.

    Args:
        video: (T, H, W, C) uint8, T >= 2.

    Returns (T - 1, H, W) uint8, 0 to 255. Raises ValueError for another shape, TypeError for another dtype.

    >>> video = np.array([[[[5]]], [[[3]]]], dtype=np.uint8)        # one pixel that darkens
    >>> frame_difference(video)
    array([[[2]]], dtype=uint8)

    Built in: lesson 01.
    """
    if video.dtype != np.uint8:
        raise TypeError(f"expected uint8 frames, 0 to 255, got {video.dtype}")
    if video.ndim != 4 or len(video) < 2 or video.shape[-1] < 1:
        raise ValueError(f"expected (T, H, W, C) with at least two frames and at least one channel, got {video.shape}")
    change = np.abs(np.diff(video.astype(np.int16), axis=0))  # (T - 1, H, W, C)
    largest: UInt8Array = change.max(axis=-1).astype(np.uint8)  # (T - 1, H, W)
    return largest
