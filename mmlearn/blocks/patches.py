"""A picture as a sequence of patches: cut it, put it together again, and one linear layer on each patch."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmlearn.blocks.linear import Linear
from mmlearn.blocks.require import require_tensor, require_type, require_whole

COLOURS = (1, 3, 4)  # channels that pictures have: grey, RGB, RGBA
TO_TENSOR = "mmlearn.encode.tensors.to_tensor"  # for the sentences


def patchify(images: Tensor, patch: int) -> Tensor:
    r"""Cut pictures into square patches, each flattened to a vector of its numbers.

    ``patches[b, r (W / P) + c, (i P + j) C + k] = images[b, k, r P + i, c P + j]``: patch after patch as one reads,
    row by row, and inside a patch too, row by row, the channels of a pixel side by side. transformers' ViTMAE orders
    a patch so; the weights of an ``nn.Conv2d`` are ordered otherwise, channel by channel (C, P, P). A plain reshape
    to (B, N, P P C) has the right shape and the wrong numbers: it cuts the picture into stripes.

    Args:
        images: (B, C, H, W) floats; H and W multiples of P.
        patch: P, side of a patch in pixels.

    Returns (B, N, P * P * C), N = (H / P) (W / P). Raises TypeError for what is no tensor of floats, ValueError
    for another number of axes, channels that are last, and sides that P does not divide.

    >>> import torch
    >>> picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> patchify(picture, 2)[0].tolist()
    [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0], [8.0, 9.0, 12.0, 13.0], [10.0, 11.0, 14.0, 15.0]]

    Paper: Dosovitskiy et al. (2021), "An image is worth 16x16 words", section 3.1, arXiv:2010.11929.

    Built in: lesson 09.
    """
    patch = require_whole(patch, "patch", 1)
    _require_images(images, patch)
    b, c, h, w = images.shape
    rows, columns = h // patch, w // patch
    cut = images.reshape(b, c, rows, patch, columns, patch)  # (B, C, rows, P, columns, P)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(b, rows * columns, patch**2 * c)  # (B, N, P P C)


def unpatchify(patches: Tensor, patch: int, grid: tuple[int, int]) -> Tensor:
    """Put patches together to pictures: the inverse of `patchify`, number for number.

    Args:
        patches: (B, N, P * P * C) of any type.
        patch: P, side of a patch in pixels.
        grid: (rows, columns) of patches, of which there are N.

    Returns (B, C, rows P, columns P). Raises TypeError for what is no tensor, ValueError for another number of
    axes, another N, and a vector that is no multiple of P * P.

    >>> import torch
    >>> pictures = torch.randn(2, 3, 4, 6)
    >>> bool((unpatchify(patchify(pictures, 2), 2, grid=(2, 3)) == pictures).all())
    True

    Built in: lesson 09.
    """
    require_tensor(patches, "patches")
    patch, (rows, columns) = require_whole(patch, "patch", 1), require_grid(grid, "grid")
    shape = tuple(patches.shape)
    if patches.ndim != 3:
        raise ValueError(f"expected patches of shape (B, N, P * P * C), got {shape}: one picture needs patches[None]")
    if shape[1] != rows * columns:
        hint = ": is the class token still in front? patches[:, 1:]" if shape[1] == rows * columns + 1 else ""
        raise ValueError(f"expected {rows} x {columns} = {rows * columns} patches, got {shape[1]}{hint}")
    if not shape[2] or shape[2] % patch**2:
        raise ValueError(
            f"expected vectors of P * P * C = {patch**2} C numbers, as patchify makes them with patch={patch}, "
            f"got {shape[2]}: a model's own vectors go through a layer to pixels first"
        )
    channels = shape[2] // patch**2
    cut = patches.reshape(shape[0], rows, columns, patch, patch, channels)  # (B, rows, columns, P, P, C)
    turned = cut.permute(0, 5, 1, 3, 2, 4)  # (B, C, rows, P, columns, P)
    return turned.reshape(shape[0], channels, rows * patch, columns * patch)  # (B, C, rows P, columns P)


class PatchEmbedding(nn.Module):
    """A vector for each patch of a picture: ``projection(patchify(images))``, one linear layer for all patches.

    Equal to an ``nn.Conv2d(channels, width, P, stride=P)``, which transformers' ViT uses, once its weight (D, C, P, P)
    is permuted to (D, P, P, C) and flattened. The weight starts uniform as in Glorot and Bengio (2010), as ViTMAE's
    does: vectors come out about as large as the pixels are; the bias starts at 0.

    Args:
        patch: P, side of a patch in pixels.
        channels: C, of the pictures: 3 RGB, 1 grey.
        width: D, numbers in a patch's vector.

    >>> import torch
    >>> PatchEmbedding(patch=8, channels=3, width=12)(torch.zeros(2, 3, 32, 24)).shape
    torch.Size([2, 12, 12])

    Paper: Dosovitskiy et al. (2021), "An image is worth 16x16 words", equation 1, arXiv:2010.11929.

    Built in: lesson 09.
    """

    def __init__(self, patch: int, channels: int, width: int) -> None:
        super().__init__()
        self.patch, self.channels = require_whole(patch, "patch", 1), require_whole(channels, "channels", 1)
        self.projection = Linear(self.patch**2 * self.channels, require_whole(width, "width", 1))
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Args: images (B, C, H, W) float, about -1 to 1 as `to_tensor` makes them. Returns (B, N, D).

        Raises as `patchify`, and for other channels (ValueError) or another float type than the weights' (TypeError).
        """
        _require_images(images, self.patch, self.channels)
        require_type(images, self, "images")
        vectors: Tensor = self.projection(patchify(images, self.patch))  # (B, N, P P C) -> (B, N, D)
        return vectors

    def grid(self, images: Tensor) -> tuple[int, int]:
        """(rows, columns) of the patches of some pictures (B, C, H, W)."""
        return images.shape[2] // self.patch, images.shape[3] // self.patch

    def extra_repr(self) -> str:
        """The patch, which no submodule shows."""
        return f"patch={self.patch}, channels={self.channels}"


def require_grid(grid: Any, name: str) -> tuple[int, int]:
    """(rows, columns) of patches as plain ints, both 1 or more.

    Raises TypeError for what is no pair of whole numbers, ValueError for one below 1.

    >>> require_grid((4, 6), "grid")
    (4, 6)

    Built in: lesson 09.
    """
    if not isinstance(grid, tuple | list) or len(grid) != 2:
        raise TypeError(f"expected {name} as a pair (rows, columns) of patches, got {grid!r}")
    rows, columns = (require_whole(side, f"each side of {name}", 1) for side in grid)
    return rows, columns


def near_sides(side: int, patch: int) -> str:
    """The sides next to one that a patch does not divide, in words.

    >>> near_sides(70, 8), near_sides(5, 8)
    ('64 or 72', '8')

    Built in: lesson 09.
    """
    below = side // patch * patch
    return f"{below} or {below + patch}" if below else f"{patch}"


def _require_images(images: Tensor, patch: int, channels: int | None = None) -> None:
    """Refuse what are no pictures (B, C, H, W) of floats with sides of whole patches; of any channels if None."""
    if not isinstance(images, Tensor):
        listed = isinstance(images, list | tuple) and images and isinstance(images[0], Tensor)
        hint = "torch.stack(images) makes one" if listed else f"{TO_TENSOR} makes one of an array (N, H, W, 3) of uint8"
        raise TypeError(f"expected images as a torch.Tensor, got {type(images).__name__}: {hint}")
    shape, due = tuple(images.shape), "C" if channels is None else channels
    if images.ndim != 4:
        raise ValueError(f"expected pictures (B, {due}, H, W), got {shape}: {_about_axes(shape)}")
    if _channels_last(shape, channels):
        raise ValueError(
            f"expected (B, {due}, H, W), got {shape}: the channels are last; {TO_TENSOR} puts them first, "
            "as images.permute(0, 3, 1, 2) does"
        )
    if not images.is_floating_point():
        raise TypeError(f"expected floats, got {images.dtype}: are these levels 0 to 255? {TO_TENSOR} makes floats")
    if channels is not None and shape[1] != channels:
        raise ValueError(f"expected (B, {channels}, H, W), got {shape}: {_about_channels(shape[1], channels)}")
    for name, side in (("height", shape[2]), ("width", shape[3])):
        if not side or side % patch:
            raise ValueError(
                f"expected a {name} of whole patches of {patch} pixels, got {shape[2]} x {shape[3]}: "
                f"resize, cut or pad the {name} to {near_sides(side, patch)}, or choose another patch"
            )


def _about_axes(shape: tuple[int, ...]) -> str:
    """What pictures of other axes are likely to be, and what to do."""
    if len(shape) == 3 and shape[2] in COLOURS and shape[0] not in COLOURS:
        return f"one picture, its channels last; pass {TO_TENSOR}(images[None])"
    if len(shape) == 3:
        return "one picture needs images[None], grey ones without an axis of channels need images[:, None]"
    return "one grey picture needs images[None, None]" if len(shape) == 2 else f"there are {len(shape)} axes, not 4"


def _channels_last(shape: tuple[int, ...], channels: int | None) -> bool:
    """Does the last axis look like colours, and the second not?"""
    if shape[1] == channels:
        return False
    return shape[3] == channels or (shape[3] in COLOURS and min(shape[1:3]) > max(COLOURS))


def _about_channels(got: int, due: int) -> str:
    """What pictures of other channels are likely to be, and what to do."""
    if got == 4:
        return "RGBA, whose fourth channel is transparency; lay it on white first, mmlearn.view.images.on_white(images)"
    if (got, due) == (1, 3):
        return "grey pictures for a model of colours; repeat the channel, images.expand(-1, 3, -1, -1)"
    if (got, due) == (3, 1):
        return "colours for a model of grey pictures; average the channels, images.mean(1, keepdim=True)"
    return f"the model was made for {due} channel{'s' if due > 1 else ''}"
