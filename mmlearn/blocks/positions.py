"""Positions: what tells a Transformer the order of its tokens, which attention alone does not see."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmlearn.blocks.patches import require_grid
from mmlearn.blocks.require import require_tensor


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


def sinusoidal_positions_2d(grid: tuple[int, int], width: int) -> Tensor:
    r"""A vector for each cell of a grid: half of it tells the column, half the row; nothing is learned.

    ``p[r columns + c] = (sin(c s), cos(c s), sin(r s), cos(r s))`` with the D / 4 speeds ``s[i] = 10000^(-4i / D)``.
    The column comes first, and sines and cosines are blocks, not in turn as in `sinusoidal_positions`: so does
    ViTMAE, whose trained weights rely on it. Its table has a row of zeros in front, for the class token; here not.

    Args:
        grid: (rows, columns) of patches.
        width: D, a multiple of 4.

    Returns (rows * columns, D) float32 in [-1, 1], worked out in float64. Raises TypeError for what is no pair of whole
    numbers, ValueError for a side below 1 or a width that 4 does not divide.

    >>> sinusoidal_positions_2d((2, 2), 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0000, 1.0000],
            [0.0000, 1.0000, 0.8415, 0.5403],
            [0.8415, 0.5403, 0.8415, 0.5403]])

    Paper: He et al. (2022), "Masked autoencoders are scalable vision learners", appendix A.1, arXiv:2111.06377.

    Built in: lesson 09.
    """
    rows, columns = require_grid(grid, "grid")
    if width < 4 or width % 4:
        raise ValueError(f"expected a width that is a multiple of 4 (sines and cosines of two axes), got {width}")
    speeds = 10000.0 ** (-torch.arange(0, width, 4, dtype=torch.float64) / width)  # (D / 4,)
    row = torch.arange(rows, dtype=torch.float64).repeat_interleave(columns)[:, None] * speeds  # (N, D / 4)
    column = torch.arange(columns, dtype=torch.float64).repeat(rows)[:, None] * speeds  # (N, D / 4)
    return torch.cat([column.sin(), column.cos(), row.sin(), row.cos()], dim=1).float()  # (N, D)


def interpolate_positions(table: Tensor, old_grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    """Positions learned on one grid of patches, for another: the table is resized as if it were a picture.

    Each of the D numbers is a small picture of rows x columns, resized bicubically, corners not aligned, as in
    transformers' ViTModel (``interpolate_pos_encoding=True``), which takes the old grid for a square. Bicubic weights
    can be negative, so values may overshoot a little. For the same grid it is the table itself.

    Args:
        table: (old rows * old columns, D) floats, row by row, without the class token's.
        old_grid, new_grid: (rows, columns).

    Returns (new rows * new columns, D). Raises TypeError for what is no tensor of floats or no pair of whole numbers,
    ValueError for a table that is not of the old grid.

    >>> table = torch.tensor([[0.0], [1.0]])
    >>> interpolate_positions(table, (1, 2), (1, 4)).flatten()
    tensor([-0.1055,  0.2266,  0.7734,  1.1055])

    Paper: Dosovitskiy et al. (2021), "An image is worth 16x16 words", section 3.2, arXiv:2010.11929.

    Built in: lesson 09.
    """
    require_tensor(table, "table")
    if not table.is_floating_point():
        raise TypeError(f"expected a table of floats, got {table.dtype}: use table.float()")
    (rows, columns), new = require_grid(old_grid, "old_grid"), require_grid(new_grid, "new_grid")
    count, shape = rows * columns, tuple(table.shape)
    if table.ndim != 2 or len(table) != count:
        hint = ""
        if table.ndim == 3:
            hint = ": leave out the batch axis, table[0]"
        elif table.ndim == 2 and len(table) == count + 1:
            hint = ": the class token has no place in the picture, pass table[1:] and put table[:1] back in front"
        raise ValueError(f"expected a table of {rows} x {columns} = {count} rows, (N, D), got {shape}{hint}")
    if (rows, columns) == new:
        return table
    picture = table.T.reshape(1, -1, rows, columns)  # (1, D, rows, columns)
    resized = F.interpolate(picture, size=new, mode="bicubic", align_corners=False)  # (1, D, new rows, new columns)
    return resized[0].flatten(1).T  # (new rows * new columns, D)
