"""What is hidden of a picture and what is asked about it: random patches, their targets, the error on them alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmlearn.blocks.patches import patchify, unpatchify
from mmlearn.blocks.require import require_tensor, require_whole

EPS = 1e-6  # added to a patch's variance: a patch of one colour has none


def count_kept(patches: int, mask_ratio: float) -> int:
    """How many of a picture's patches stay: ``int(N (1 - mask_ratio))``, rounded down, as in ViTMAE.

    In floats, so that 0.9 of 10 patches leaves none (1 - 0.9 is a hair below 0.1): that is refused.

    Args:
        patches: N, 1 or more.
        mask_ratio: share to hide, 0 to below 1.

    Returns 1 to N. Raises ValueError for a ratio beyond that range, or one that leaves no patch; TypeError for what
    is no number.

    >>> count_kept(64, 0.75), count_kept(9, 0.5)
    (16, 4)

    Built in: lesson 10.
    """
    patches = require_whole(patches, "a number of patches", 1)
    if isinstance(mask_ratio, bool) or not isinstance(mask_ratio, int | float):
        raise TypeError(f"expected mask_ratio as a number, got {mask_ratio!r}")
    if not 0 <= mask_ratio < 1:
        raise ValueError(f"expected a mask_ratio from 0 to below 1, got {mask_ratio}: is it a percentage?")
    kept = int(patches * (1 - mask_ratio))
    if not kept:
        raise ValueError(
            f"a mask_ratio of {mask_ratio} leaves none of {patches} patches: the encoder would see nothing"
        )
    return kept


def random_masking(tokens: Tensor, mask_ratio: float, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Keep a random few of each sequence's tokens: those with the smallest noise.

    Sorting random numbers is shuffling. ``order = argsort(noise)`` says which token comes first, second ...; the
    first `count_kept` are kept, in that order; ``restore = argsort(order)`` is the way back:
    ``shuffled.gather(1, restore)`` puts everything into its place. Every picture has noise of its own, so hides
    other patches. As ViTMAE does, but ties in the noise always go to the earlier token.

    Args:
        tokens: (B, N, D), already with their positions.
        mask_ratio: share to hide, 0 to below 1; the number kept is rounded down.
        noise: (B, N) float, without NaN: ``torch.rand(B, N)``.

    Returns kept (B, K, D); mask (B, N) float32, 1 = hidden, 0 = kept; restore (B, N) int64.
    Raises TypeError for what is no tensor of floats, ValueError for shapes that do not fit, NaN, or no token kept.

    >>> tokens = torch.tensor([[[10.0], [11.0], [12.0], [13.0]]])
    >>> kept, mask, restore = random_masking(tokens, 0.5, torch.tensor([[0.9, 0.1, 0.7, 0.3]]))
    >>> kept.flatten().tolist(), mask.tolist(), restore.tolist()
    ([11.0, 13.0], [[1.0, 0.0, 1.0, 0.0]], [[3, 0, 2, 1]])

    Paper: He et al. (2022), "Masked autoencoders are scalable vision learners", section 3, arXiv:2111.06377.

    Built in: lesson 10.
    """
    _require_floats(tokens, "tokens")
    if tokens.ndim != 3:
        hint = (
            "pictures become tokens by patchify or ViT.embed" if tokens.ndim == 4 else "one sequence is a batch of one"
        )
        raise ValueError(f"expected tokens (B, N, D), got {tuple(tokens.shape)}: {hint}")
    _require_noise(noise, tuple(tokens.shape[:2]))
    order = noise.to(tokens.device).argsort(dim=1, stable=True)  # (B, N): token at each place of the shuffled row
    restore = order.argsort(dim=1)  # (B, N): place of each token in the shuffled row
    count = count_kept(tokens.shape[1], mask_ratio)
    chosen = order[:, :count, None].expand(-1, -1, tokens.shape[2])  # (B, K, D)
    mask = (restore >= count).float()  # (B, N)
    return tokens.gather(1, chosen), mask, restore


def patch_statistics(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each patch over its pixels and channels: ``sqrt(variance + 1e-6)``.

    The variance is the unbiased one (divided by n - 1), as ``Tensor.var`` has it and ViTMAE takes it.

    Args:
        patches: (..., n), n of 2 or more.

    Returns (..., 1) each. Raises TypeError for what is no tensor of floats, ValueError for patches of one number.

    >>> [round(each.item(), 3) for each in patch_statistics(torch.tensor([[1.0, 2.0, 3.0]]))]
    [2.0, 1.0]

    Built in: lesson 10.
    """
    _require_floats(patches, "patches")
    if not patches.ndim or patches.shape[-1] < 2:
        raise ValueError(f"expected patches of 2 numbers or more, got {tuple(patches.shape)}: one has no deviation")
    return patches.mean(-1, keepdim=True), (patches.var(-1, keepdim=True) + EPS).sqrt()


def normalise_patches(patches: Tensor) -> Tensor:
    """Each patch with mean 0 and deviation 1: the pattern without its brightness and contrast.

    ``(x - mean) / sqrt(variance + 1e-6)``, the variance unbiased. A patch of one colour becomes zeros.

    Args:
        patches: (..., n), n of 2 or more.

    Returns the same shape. Raises TypeError, ValueError as `patch_statistics`.

    >>> normalise_patches(torch.tensor([[1.0, 2.0, 3.0], [7.0, 7.0, 7.0]])).round(decimals=3).tolist()
    [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]

    Paper: He et al. (2022), section 3, "Reconstruction target", arXiv:2111.06377.

    Built in: lesson 10.
    """
    mean, deviation = patch_statistics(patches)
    return (patches - mean) / deviation


def hidden_error(predictions: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the hidden patches: ``sum_i mask_i |p_i - t_i|^2 / n / sum_i mask_i``.

    Args:
        predictions, targets: (B, N, n).
        mask: (B, N), 1 = hidden, 0 = seen; or bool, True = hidden.

    Returns (), 0 or more. Raises TypeError for what is no tensor of floats; ValueError for shapes that do not fit,
    for a mask of other numbers, and for one that hides nothing (ViTMAE gives NaN there).

    >>> p, t = torch.tensor([[[1.0, 1.0], [5.0, 5.0]]]), torch.zeros(1, 2, 2)
    >>> hidden_error(p, t, torch.tensor([[1.0, 0.0]]))
    tensor(1.)

    Paper: He et al. (2022), section 3, arXiv:2111.06377.

    Built in: lesson 10.
    """
    for name, tensor in (("predictions", predictions), ("targets", targets)):
        _require_floats(tensor, name)
    if predictions.ndim != 3 or predictions.shape != targets.shape:
        raise ValueError(
            f"expected predictions and targets of one shape (B, N, n), got {tuple(predictions.shape)} and "
            f"{tuple(targets.shape)}: a picture becomes patches by patchify"
        )
    kind = torch.promote_types(predictions.dtype, torch.float32)  # float16 cannot count beyond 65,504
    hidden = hidden_places(mask, tuple(predictions.shape[:2]), predictions).to(kind)  # (B, N)
    errors = ((predictions.to(kind) - targets.to(kind)) ** 2).mean(-1)  # (B, N)
    return (errors * hidden).sum() / hidden.sum()


def hide_patches(images: Tensor, mask: Tensor, patch: int, fill: float = 0.0) -> Tensor:
    """The pictures with their hidden patches in one level: what is left to see, to look at.

    Args:
        images: (B, C, H, W) float.
        mask: (B, N), 1 or True = hidden.
        patch: P, side of a patch in pixels.
        fill: level of the hidden patches; 0 is middle grey in what `to_tensor` makes.

    Returns (B, C, H, W), a copy. Raises TypeError, ValueError: see `patchify`; for another mask.

    >>> hide_patches(torch.ones(1, 1, 2, 4), torch.tensor([[1, 0]]), patch=2)[0, 0].tolist()
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]

    Built in: lesson 10.
    """
    patches = patchify(images, patch)  # (B, N, P P C)
    hidden = hidden_places(mask, tuple(patches.shape[:2]), patches, some=False)[..., None]  # (B, N, 1)
    grid = (images.shape[2] // patch, images.shape[3] // patch)
    return unpatchify(patches.masked_fill(hidden, fill), patch, grid)


def hidden_places(mask: Any, shape: tuple[int, ...], beside: Tensor, *, some: bool = True) -> Tensor:
    """A mask of 0 and 1, or of truths, as bool (B, N), on the device of `beside`.

    Args:
        mask: 1 or True = hidden.
        shape: (B, N), as it should be.
        beside: a tensor of the numbers that it masks.
        some: refuse a mask that hides nothing: a mean over nothing is NaN.

    Raises TypeError for what is no tensor, ValueError for another shape, other numbers, nothing hidden.

    >>> hidden_places(torch.tensor([[0.0, 1.0]]), (1, 2), torch.zeros(1))
    tensor([[False,  True]])

    Built in: lesson 10.
    """
    require_tensor(mask, "mask")
    if tuple(mask.shape) != shape:
        raise ValueError(
            f"expected a mask (B, N) = {shape}, 1 = hidden, a number for each patch, got {tuple(mask.shape)}"
        )
    if mask.dtype != torch.bool and not ((mask == 0) | (mask == 1)).all():
        raise ValueError("expected a mask of 0 (seen) and 1 (hidden), got other numbers: is it the noise, or restore?")
    hidden: Tensor = mask.to(beside.device) == 1  # (B, N)
    if some and not hidden.any():
        raise ValueError("the mask hides nothing, so there is nothing to take the mean of: 1 means hidden, 0 seen")
    return hidden


def _require_noise(noise: Any, shape: tuple[int, ...]) -> None:
    _require_floats(noise, "noise")
    if tuple(noise.shape) != shape:
        hint = ": one row for all would hide the same patches of every picture" if noise.ndim == 1 else ""
        raise ValueError(f"expected noise (B, N) = {shape}, one number a token, got {tuple(noise.shape)}{hint}")
    if noise.isnan().any():
        raise ValueError("expected noise without NaN, which no order knows: torch.rand(B, N) makes it")


def _require_floats(x: Any, name: str) -> None:
    require_tensor(x, name)
    if not x.is_floating_point():
        raise TypeError(f"expected {name} of floats, got {x.dtype}: use {name}.float()")
