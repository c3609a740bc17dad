"""Positions: what tells a Transformer the order of its tokens, which attention alone does not see."""

from __future__ import annotations

import torch
from torch import Tensor


def sinusoidal_positions(length: int, width: int) -> Tensor:
    r"""A vector for each position, of sines and cosines from fast to slow: nothing is learned.

    ``p[t, 2i] = sin(t / 10000^(2i / D))``, ``p[t, 2i + 1] = cos(t / 10000^(2i / D))``. The vector of t + s is a
    rotation of that of t, by an angle that depends on s alone.

    Args:
        length: T, how many positions; 0 or more.
        width: D, even.

    Returns (T, D) float32 in [-1, 1], worked out in float64. Raises ValueError for a negative length or odd width.

    >>> sinusoidal_positions(3, 4)
    tensor([[ 0.0000,  1.0000,  0.0000,  1.0000],
            [ 0.8415,  0.5403,  0.0100,  0.9999],
            [ 0.9093, -0.4161,  0.0200,  0.9998]])

    Paper: Vaswani et al. (2017), "Attention is all you need", section 3.5, arXiv:1706.03762.

    Built in: lesson 08.
    """
    if length < 0 or width < 2 or width % 2:
        raise ValueError(f"expected a length of 0 or more and an even width (sines and cosines), got {length}, {width}")
    times = torch.arange(length, dtype=torch.float64)[:, None]  # (T, 1)
    speeds = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)  # (D / 2,)
    angles = times * speeds  # (T, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()  # (T, D): sine and cosine in turn
