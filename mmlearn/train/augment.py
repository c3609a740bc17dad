"""Augmentation: the same pictures, a little different each time they are seen."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor


def augment(
    images: Tensor,
    generator: torch.Generator,
    shift: int = 4,
    flip: bool = True,
    colour: float = 0.0,
    fill: float = 0.0,
) -> Tensor:
    """Move each picture by its own random step, mirror every other one, and change its colours a little.

    Each picture draws dx, dy from -shift to shift, a coin for its mirror, and one factor from ``1 - colour`` to
    ``1 + colour`` for every channel. What moves out is lost, what becomes free is `fill`. Libraries call shifting
    "random crop with padding". Mirror nothing whose meaning it changes: left and right, digits, text.

    Args:
        images: (B, C, H, W) floats of any range.
        generator: draws on the CPU, wherever the images are; equal seeds give equal batches.
        shift: pixels, 0 to below H and W.
        flip: whether half of the pictures, left to right, are mirrored.
        colour: 0 (none) to 1, a share of each channel's value; for values centred at 0 it scales the contrast.
        fill: value of the freed border, such as the background's.

    Returns new images, (B, C, H, W) of the same type and device.

    Raises ValueError for another rank, channels last, integers (divide them first), or values outside these ranges;
    TypeError for no generator: torch's shared one would make a step depend on whatever was drawn before.

    >>> square = torch.zeros(2, 1, 5, 5)
    >>> square[:, :, 2, 2] = 1
    >>> moved = augment(square, torch.Generator().manual_seed(0), shift=2)
    >>> [picture.nonzero()[0, 1:].tolist() for picture in moved], moved.sum().item()
    ([[0, 3], [0, 4]], 2.0)

    Reference: Shorten and Khoshgoftaar (2019), "A survey on image data augmentation for deep learning",
    doi:10.1186/s40537-019-0197-0.

    Built in: lesson 06.
    """
    refuse_pictures(images, generator)
    _refuse(images, shift, colour)
    b, c, height, width = images.shape
    padded = torch.nn.functional.pad(images, (shift, shift, shift, shift), value=fill)  # (B, C, H + 2s, W + 2s)
    top = torch.randint(0, 2 * shift + 1, (b, 1), generator=generator)  # (B, 1) first row of each cut-out
    left = torch.randint(0, 2 * shift + 1, (b, 1), generator=generator)
    mirrored = torch.rand(b, 1, generator=generator) < (0.5 if flip else 0.0)
    factors = 1 + colour * (2 * torch.rand(b, c, 1, 1, generator=generator) - 1)
    across = torch.arange(width)  # (W,)
    rows = (top + torch.arange(height)).to(images.device)  # (B, H)
    columns = (left + torch.where(mirrored, across.flip(0), across)).to(images.device)  # (B, W)
    picture = torch.arange(b, device=images.device)[:, None, None]  # (B, 1, 1)
    moved = padded.movedim(1, -1)[picture, rows[:, :, None], columns[:, None, :]]  # (B, H, W, C)
    return (moved.movedim(-1, 1) * factors.to(images)).contiguous() if colour else moved.movedim(-1, 1).contiguous()


def refuse_pictures(images: Tensor, generator: object) -> None:
    """Refuse what is no batch (B, C, H, W), and what is no generator.

    Built in: lesson 06.
    """
    if not isinstance(generator, torch.Generator):
        got = type(generator).__name__
        raise TypeError(f"expected a torch.Generator, as in torch.Generator().manual_seed(0), got {got}")
    require_tensor(images, "images")
    if images.ndim != 4:
        raise ValueError(f"expected images (B, C, H, W), got shape {tuple(images.shape)}: is the batch axis missing?")
    if images.shape[-1] <= 4 < images.shape[1]:
        raise ValueError(
            f"expected images (B, C, H, W), got shape {tuple(images.shape)}: are the channels last? "
            "images.movedim(-1, 1) puts them first"
        )


def _refuse(images: Tensor, shift: int, colour: float) -> None:
    if not images.is_floating_point():
        raise ValueError(f"expected floats, got {images.dtype}: turn pictures into floats first (divide by 255)")
    if not 0 <= shift < min(images.shape[-2:]):
        raise ValueError(f"expected a shift from 0 to below {min(images.shape[-2:])}, the smaller side, got {shift}")
    if not 0 <= colour <= 1:
        raise ValueError(f"expected colour from 0 to 1, got {colour}")
