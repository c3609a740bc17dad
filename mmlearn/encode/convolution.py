"""Convolution from scratch: one small window, slid over the picture, the same numbers everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor, require_whole


def convolve(images: Tensor, kernels: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0) -> Tensor:
    r"""Slide every kernel over every picture and take the dot product at each stop.

    ``y[b, o, i, j] = bias[o] + sum over c, u, v of kernels[o, c, u, v] x[b, c, stride i + u, stride j + v]``,
    with x the picture in a frame of `padding` zeros. It is ``torch.nn.functional.conv2d`` without groups and
    dilation. The textbook's convolution turns the kernel by 180 degrees first; networks leave that out (it is a
    cross-correlation), since the kernel is learned anyway.

    The windows are a view of the picture, not a copy; the multiplication is one matrix product.

    Args:
        images: (B, C, H, W) floats.
        kernels: (O, C, U, V), O kernels that each look at all C channels through U x V pixels.
        bias: (O,), added to every place of its channel.
        stride: pixels from one stop to the next, down and across: one number for both, unlike there.
        padding: rows and columns of zeros on each of the four sides, one number too.

    Returns (B, O, (H + 2 padding - U) // stride + 1, (W + 2 padding - V) // stride + 1).
    Raises ValueError for shapes that do not fit, a stride below 1, or a kernel larger than the framed picture;
    TypeError for whole numbers (uint8 would wrap at 256), mixed types, or a stride that is not one whole number.

    >>> picture = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])           # dark, then bright
    >>> convolve(picture, torch.tensor([[[[-1.0, 1.0]]]])).tolist()  # where does it change?
    [[[[0.0, 1.0, 0.0]]]]

    Paper: LeCun et al. (1989), "Backpropagation applied to handwritten zip code recognition",
    doi:10.1162/neco.1989.1.4.541.

    Built in: lesson 06.
    """
    _require_fitting(images, kernels, bias, stride, padding)
    framed = torch.nn.functional.pad(images, (padding, padding, padding, padding))  # (B, C, H + 2p, W + 2p)
    high, wide = kernels.shape[2:]
    windows = framed.unfold(2, high, stride).unfold(3, wide, stride)  # (B, C, I, J, U, V)
    answers = torch.einsum("bcijuv,ocuv->boij", windows, kernels)  # (B, O, I, J)
    return answers if bias is None else answers + bias[:, None, None]


def _require_fitting(images: Tensor, kernels: Tensor, bias: Tensor | None, stride: int, padding: int) -> None:
    given = {"images": images, "kernels": kernels} | ({} if bias is None else {"bias": bias})
    for name, each in given.items():
        require_tensor(each, name)
    types = [each.dtype for each in given.values()]
    if len(set(types)) > 1 or not images.is_floating_point():
        raise TypeError(
            f"expected {', '.join(given)} of one float type, got {', '.join(map(str, types))}: use .float()"
        )
    require_whole(stride, "stride")
    require_whole(padding, "padding")
    if images.ndim != 4 or kernels.ndim != 4:
        raise ValueError(
            f"expected images (B, C, H, W) and kernels (O, C, U, V), got {tuple(images.shape)} and "
            f"{tuple(kernels.shape)}: one picture becomes a batch by images[None]"
        )
    if images.shape[1] != kernels.shape[1]:
        raise ValueError(
            f"the pictures have {images.shape[1]} channels, the kernels look at {kernels.shape[1]}: "
            "are the channels last? mmlearn.encode.tensors.to_tensor puts them first"
        )
    if bias is not None and tuple(bias.shape) != (kernels.shape[0],):
        raise ValueError(f"expected one bias for each of {kernels.shape[0]} kernels, got shape {tuple(bias.shape)}")
    if stride < 1 or padding < 0:
        raise ValueError(f"expected a stride of 1 or more and a padding of 0 or more, got {stride} and {padding}")
    framed = tuple(side + 2 * padding for side in images.shape[2:])
    if any(small > large for small, large in zip(kernels.shape[2:], framed, strict=True)):
        raise ValueError(f"a kernel of {tuple(kernels.shape[2:])} does not fit into {framed}, padding included")
