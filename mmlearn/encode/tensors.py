"""From pictures as files hold them to tensors as networks want them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor
from mmlearn.types import UInt8Array

LAY_ON_WHITE = "lay it on white first, mmlearn.view.images.on_white(images)"


def to_tensor(images: UInt8Array, mean: float = 0.5, std: float = 0.5) -> Tensor:
    r"""Pictures, channels last and 0 to 255, as a float tensor, channels first and about -1 to 1.

    ``x[n, c, h, w] = (image[n, h, w, c] / 255 - mean) / std``. torchvision's ``ToTensor`` and ``Normalize`` do the
    same one picture at a time; grey pictures get an axis of one channel, as there. The axes are **moved**, not
    reshaped: a reshape to the same shape would cut the rows of colours into shreds.

    Args:
        images: (N, H, W) grey or (N, H, W, 3) RGB, uint8.
        mean, std: subtracted from and divided into the brightness 0 to 1. The default makes black -1, white +1.

    Returns (N, C, H, W) float32, C 1 or 3, a copy. Raises TypeError for floats, other numbers, or a tensor;
    ValueError for one picture, RGBA, channels first, no pixels, or a std that is not above 0.

    >>> red = np.zeros((1, 2, 4, 3), dtype=np.uint8)
    >>> red[..., 0] = 255
    >>> to_tensor(red).shape, to_tensor(red)[0, :, 0, 0].tolist()
    (torch.Size([1, 3, 2, 4]), [1.0, -1.0, -1.0])

    Built in: lesson 06.
    """
    _require_images(images)
    _require_scale(mean, std)
    channels = images[..., None] if images.ndim == 3 else images  # (N, H, W, C)
    moved = np.ascontiguousarray(channels.transpose(0, 3, 1, 2))  # (N, C, H, W)
    return torch.from_numpy(moved).float().div_(255).sub_(mean).div_(std)


def to_images(tensor: Tensor, mean: float = 0.5, std: float = 0.5) -> UInt8Array:
    """The way back, to look at what a network was shown: (N, C, H, W) float -> (N, H, W[, 3]) uint8.

    ``round(255 (x std + mean))``, cut off at 0 and 255 (an augmented picture may lie beyond).

    >>> pixels = np.array([[[0, 255]]], dtype=np.uint8)
    >>> to_images(to_tensor(pixels)).tolist()
    [[[0, 255]]]

    Args:
        tensor: (N, 1, H, W) or (N, 3, H, W) of floats.
        mean, std: as they were in `to_tensor`.

    Returns (N, H, W) uint8 for one channel, (N, H, W, 3) for three. Raises TypeError for what is no tensor of floats;
    ValueError for another shape, NaN, or a std that is not above 0.

    Built in: lesson 06.
    """
    require_tensor(tensor, "tensor")
    _require_scale(mean, std)
    if not tensor.is_floating_point():
        raise TypeError(f"expected floats, as to_tensor makes them, got {tensor.dtype}: are these pixels already?")
    if tensor.ndim != 4 or tensor.shape[1] not in (1, 3):
        raise ValueError(
            f"expected (N, 1, H, W) or (N, 3, H, W), got {tuple(tensor.shape)}{_likely(tuple(tensor.shape))}"
        )
    if tensor.isnan().any():
        raise ValueError("expected numbers, got NaN among them, which has no colour: did something diverge?")
    levels = ((tensor.detach().float() * std + mean) * 255).round().clamp(0, 255)  # (N, C, H, W)
    images: UInt8Array = levels.permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()  # (N, H, W, C)
    return images[..., 0] if images.shape[-1] == 1 else images


def _likely(shape: tuple[int, ...]) -> str:
    """What a tensor of this shape is likely to be, and what to do."""
    if len(shape) == 4 and shape[3] in (1, 3, 4):
        return ": are the channels last? tensor.permute(0, 3, 1, 2) puts them first"
    if len(shape) == 4 and shape[1] == 4:
        return f": RGBA, whose fourth channel is transparency; {LAY_ON_WHITE}"
    return ": one picture becomes a batch by tensor[None]" if len(shape) == 3 and shape[0] in (1, 3) else ""


def _require_scale(mean: float, std: float) -> None:
    if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
        raise ValueError(f"expected a finite mean and a std above 0, got mean={mean}, std={std}")


def _require_images(images: Any) -> None:
    if isinstance(images, Tensor):
        raise TypeError("expected a NumPy array of pictures, got a tensor: is it done already?")
    if not isinstance(images, np.ndarray):
        raise TypeError(f"expected a NumPy array of pictures, got {type(images).__name__}: np.stack(list) makes one")
    if images.dtype != np.uint8:
        raise TypeError(
            f"expected uint8 levels 0 to 255, got {images.dtype}: a float picture 0 to 1 becomes one "
            "by (image * 255).round().astype('uint8')"
        )
    shape = images.shape
    if images.ndim == 2 or (images.ndim == 3 and shape[-1] in (3, 4)):
        raise ValueError(
            f"expected many pictures, got shape {shape}: one picture becomes a batch by images[None], "
            "narrow grey ones get their channel by images[..., None]"
        )
    if images.ndim == 4 and shape[-1] == 4:
        raise ValueError(f"expected grey or RGB, got RGBA, shape {shape}: {LAY_ON_WHITE}")
    if images.ndim == 4 and shape[-1] not in (1, 3) and shape[1] in (1, 3, 4):
        raise ValueError(f"expected channels last, (N, H, W, 3), got {shape}: are the channels first already?")
    if images.ndim not in (3, 4) or (images.ndim == 4 and shape[-1] not in (1, 3)):
        raise ValueError(f"expected (N, H, W) grey or (N, H, W, 3) RGB, got shape {shape}")
    if images.size == 0:
        raise ValueError(f"expected at least one picture with pixels, got shape {shape}")
