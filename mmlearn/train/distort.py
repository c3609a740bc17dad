"""Stronger augmentation: pictures turned, zoomed, moved, mirrored and lit a little differently."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mmlearn.train.augment import refuse_pictures


def distort(
    images: Tensor,
    generator: torch.Generator,
    turn: float = 0.2,
    zoom: float = 0.2,
    shift: float = 6.0,
    flip: bool = True,
    light: float = 0.3,
    paper: float = 1.0,
) -> Tensor:
    r"""Draw each picture anew on a grid that is turned, zoomed, moved and perhaps mirrored; then change its light.

    Output pixel p takes the picture's colour at ``A p + b`` (bilinear), with A a turn by an angle times a factor
    (times a mirror for every other picture), b a step; all drawn evenly, picture by picture:
    angle in -turn .. turn, factor in 1 - zoom .. 1 + zoom, step in -shift .. shift pixels down and right.
    Then, on the scale 0 black to 1 white, all within 1 - light .. 1 + light: brightness ``q <- f q``, contrast
    ``q <- m + f (q - m)`` about the picture's mean, saturation the same about each pixel's grey. `augment` moves by
    whole pixels and scales each channel alone, which tints the paper; here grey stays grey.

    Args:
        images: (B, C, H, W) floats, -1 black to 1 white, as `mmlearn.encode.tensors.to_tensor` makes them.
        generator: draws on the CPU, wherever the images are; equal seeds give equal batches.
        turn: largest angle, in radians, 0 or more.
        zoom: 0 to below 1.
        shift: pixels, 0 or more.
        flip: whether half of the pictures, left to right, are mirrored.
        light: 0 (none) to 1.
        paper: what lies outside of the picture; 1 is white.

    Returns new images, (B, C, H, W); light may lead a little beyond -1 to 1. Raises ValueError for another rank,
    channels last, whole numbers, or values outside these ranges; TypeError for no generator.

    >>> square = torch.ones(2, 1, 6, 6)
    >>> square[:, :, 2:4, 2:4] = -1
    >>> same = distort(square, torch.Generator().manual_seed(0), turn=0, zoom=0, shift=0, light=0)
    >>> bool(torch.allclose(same, square, atol=1e-5))       # mirrored or not: it is its own mirror image
    True

    Reference: Simard, Steinkraus, Platt (2003), "Best practices for convolutional neural networks applied to visual
    document analysis", doi:10.1109/ICDAR.2003.1227801.

    Built in: lesson 06.
    """
    refuse_pictures(images, generator)
    _refuse(images, turn, zoom, shift, light)
    count, _, height, width = images.shape
    even = [2 * torch.rand(count, 1, generator=generator) - 1 for _ in range(7)]  # 7 x (B, 1) each -1 to 1
    angle, factor = turn * even[0], 1 + zoom * even[1]
    mirror = torch.where(torch.rand(count, 1, generator=generator) < (0.5 if flip else 0.0), -1.0, 1.0)
    cos, sin = angle.cos() * factor, angle.sin() * factor
    down, right = 2 * shift / height * even[2], 2 * shift / width * even[3]  # the grid runs from -1 to 1
    grid_rows = [cos * mirror, -sin, right, sin * mirror, cos, down]
    maps = torch.cat(grid_rows, dim=1).reshape(count, 2, 3).to(images)  # (B, 2, 3)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)  # (B, H, W, 2)
    moved = F.grid_sample(images - paper, grid, align_corners=False) + paper  # outside is 0, so `paper`
    return _relit(moved, *(1 + light * each[:, :, None, None].to(images) for each in even[4:])) if light else moved


def _relit(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Three factors a picture, (B, 1, 1, 1) each, on the scale 0 to 1."""
    levels = (images + 1) / 2 * brightness
    mean = levels.mean(dim=(1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
    levels = mean + (levels - mean) * contrast
    grey = levels.mean(dim=1, keepdim=True)  # (B, 1, H, W)
    return (grey + (levels - grey) * saturation) * 2 - 1


def _refuse(images: Tensor, turn: float, zoom: float, shift: float, light: float) -> None:
    if not images.is_floating_point():
        raise ValueError(f"expected floats -1 to 1, got {images.dtype}: mmlearn.encode.tensors.to_tensor makes them")
    if not (turn >= 0 and 0 <= zoom < 1 and shift >= 0 and 0 <= light <= 1):
        raise ValueError(
            "expected turn and shift of 0 or more, zoom from 0 to below 1, light from 0 to 1, got "
            f"turn={turn}, zoom={zoom}, shift={shift}, light={light}"
        )
