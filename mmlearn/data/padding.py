"""Texts of unequal length -> one rectangle of token ids, and a mask of what is real."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlearn.types import BoolArray, IntArray


def pad(rows: Sequence[Sequence[int]], fill: int = 0, length: int | None = None) -> tuple[IntArray, BoolArray]:
    """Write lists of token ids into one array, filled up on the right.

    On the right, because a Transformer counts its positions from the left: a token's position then does not depend
    on its neighbours in the batch.

    Args:
        rows: N lists of ids, of any lengths.
        fill: the id that fills the rest; it may be a real token's as well, for the mask tells them apart.
        length: width of the array; None: that of the longest list.

    Returns ids (N, T) int64 and mask (N, T) bool, True where a token is real. Raises ValueError for a list longer
    than `length` (nothing is cut off silently).

    >>> ids, mask = pad([[5, 6, 7], [8]], fill=0)
    >>> print(ids, mask.astype(int), sep="\\n")
    [[5 6 7]
     [8 0 0]]
    [[1 1 1]
     [1 0 0]]

    Built in: lesson 08.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    longest = int(lengths.max(initial=0))
    width = longest if length is None else length
    if longest > width:
        raise ValueError(
            f"text {int(lengths.argmax())} has {longest} tokens, more than the length {width}: "
            "cut it yourself, or raise the length"
        )
    mask: BoolArray = np.arange(width) < lengths[:, None]  # (N, T)
    ids = np.full((len(rows), width), fill, dtype=np.int64)
    ids[mask] = [token for row in rows for token in row]  # row by row, left to right
    return ids, mask
