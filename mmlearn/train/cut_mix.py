"""CutMix: a rectangle of another picture is pasted in, and the answer is shared by the same measure."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlearn.train.augment import refuse_pictures


def cut_mix(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, float]:
    """Paste the same rectangle of each picture's partner into it.

    The share of a picture that is to stay is drawn evenly from 0 to 1; the rectangle has the picture's proportions and
    lies anywhere inside. (In the paper its centre lies anywhere and what hangs over is cut off.) One rectangle and one
    order of partners for the whole batch. The loss is shared as the pixels are:
    ``kept * loss(model(mixed), labels) + (1 - kept) * loss(model(mixed), labels[partner])``.

    Args:
        images: (B, C, H, W) floats.
        generator: draws on the CPU; equal seeds give equal batches.

    Returns mixed (B, C, H, W), new; partner (B,) int64, whose rectangle each picture got (some may get their own);
    kept, the share of its own pixels, exactly as cut. Raises TypeError for
    what is no tensor or no generator, ValueError for whole numbers, another rank or channels last.

    >>> images = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)])
    >>> mixed, partner, kept = cut_mix(images, torch.Generator().manual_seed(3))
    >>> foreign = mixed != images
    >>> kept == 1 - foreign[0].float().mean().item() or partner.tolist() == [0, 1]
    True

    Paper: Yun et al. (2019), "CutMix", arXiv:1905.04899.

    Built in: lesson 09.
    """
    refuse_pictures(images, generator)
    if not images.is_floating_point():
        raise ValueError(f"expected floats, got {images.dtype}: mmlearn.encode.tensors.to_tensor makes them")
    count, _, height, width = images.shape
    side = (1 - float(torch.rand((), generator=generator))) ** 0.5  # of the rectangle, as a share of the picture's
    tall, wide = int(height * side), int(width * side)
    top = int(torch.randint(height - tall + 1, (), generator=generator))
    left = int(torch.randint(width - wide + 1, (), generator=generator))
    partner = torch.randperm(count, generator=generator).to(images.device)  # (B,)
    mixed = images.clone()
    hole = (..., slice(top, top + tall), slice(left, left + wide))
    mixed[hole] = images[partner][hole]
    return mixed, partner, 1 - tall * wide / (height * width)
