"""Our convolution against torch's: values and gradients, uneven sizes, strides, frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmlearn.encode import convolution

SIZES = [  # batch, channels, height, width, kernels, kernel height, kernel width, stride, padding
    (2, 3, 9, 7, 4, 3, 3, 1, 1),
    (1, 1, 5, 5, 1, 5, 5, 1, 0),
    (2, 2, 8, 11, 3, 2, 4, 2, 0),
    (3, 1, 6, 6, 2, 1, 1, 3, 2),
    (1, 4, 4, 4, 4, 4, 4, 4, 0),
]


def drawn(size: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    b, c, h, w, o, u, v = size[:7]
    generator = torch.Generator().manual_seed(seed)
    shapes = (b, c, h, w), (o, c, u, v), (o,)
    return [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_torch_at_every_size(size: tuple[int, ...]) -> None:
    compare_with_torch(size)


def test_equals_torch_in_values_and_gradients() -> None:
    compare_with_torch(SIZES[2])


def compare_with_torch(size: tuple[int, ...]) -> None:
    given, same = drawn(size), drawn(size)
    ours = convolution.convolve(*given, *size[7:])
    theirs = F.conv2d(*same, *size[7:])
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
    onto = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for mine, other in zip(
        torch.autograd.grad((ours * onto).sum(), given), torch.autograd.grad((theirs * onto).sum(), same), strict=True
    ):
        torch.testing.assert_close(mine, other, atol=1e-10, rtol=0)


def test_in_the_floats_of_training_too() -> None:
    images, kernels, bias = (each.detach().float() for each in drawn(SIZES[0]))
    ours = convolution.convolve(images, kernels, bias, 1, 1)
    torch.testing.assert_close(ours, F.conv2d(images, kernels, bias, 1, 1), atol=1e-5, rtol=1e-4)


def test_moves_with_the_picture() -> None:
    images, kernels, _ = drawn((1, 2, 12, 12, 3, 3, 3))
    plain = convolution.convolve(images, kernels)
    moved = convolution.convolve(images.roll((2, 3), (2, 3)), kernels)
    torch.testing.assert_close(moved[..., 2:, 3:], plain[..., :-2, :-3])


def test_refuses_what_does_not_fit() -> None:
    images, kernels = torch.zeros(2, 3, 8, 8), torch.zeros(4, 3, 3, 3)
    for arguments, says in (
        ((images[0], kernels), r"images\[None\]"),
        ((images.permute(0, 2, 3, 1), kernels), "channels last"),
        ((images, kernels, torch.zeros(3)), "one bias for each of 4 kernels"),
        ((images, kernels, None, 0), "stride of 1 or more"),
        ((images, kernels, None, 1, -1), "padding of 0 or more"),
        ((images[..., :2], kernels), r"\(3, 3\) does not fit into \(8, 2\)"),
    ):
        with pytest.raises(ValueError, match=says):
            convolution.convolve(*arguments)


def test_refuses_other_types_and_two_strides() -> None:
    images, kernels = torch.zeros(2, 3, 8, 8), torch.zeros(4, 3, 3, 3)
    whole = torch.uint8
    for arguments, says in (
        ((images.to(whole), kernels.to(whole)), "images, kernels of one float type, got torch.uint8, torch.uint8"),
        ((images, kernels.double()), r"got torch\.float32, torch\.float64: use \.float\(\)"),
        ((images, kernels, torch.zeros(4).double()), "images, kernels, bias of one float type"),
        ((images.numpy(), kernels), "expected images as a torch.Tensor, got ndarray"),
        ((images, kernels, np.zeros(4)), "expected bias as a torch.Tensor, got ndarray"),
        ((images, kernels, None, (1, 2)), r"stride as a whole number, got \(1, 2\)"),
        ((images, kernels, None, 1.5), "stride as a whole number, got 1.5"),
        ((images, kernels, None, 1, "same"), "padding as a whole number, got 'same'"),
    ):
        with pytest.raises(TypeError, match=says):
            convolution.convolve(*arguments)


def test_a_kernel_that_fits_only_with_the_frame_on_both_sides() -> None:
    found = convolution.convolve(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 4, 4), padding=1)
    assert found.tolist() == [[[[4.0]]]]


def turned_kernel(images: Tensor, kernels: Tensor, *rest: Any) -> Tensor:
    return F.conv2d(images, kernels.flip(2, 3), *rest)


def swapped_sides(images: Tensor, kernels: Tensor, *rest: Any) -> Tensor:
    return F.conv2d(images.transpose(2, 3), kernels.transpose(2, 3), *rest)


def no_gradient_to_kernels(images: Tensor, kernels: Tensor, *rest: Any) -> Tensor:
    return F.conv2d(images, kernels.detach() + 0 * kernels, *rest)


def bias_on_the_wrong_axis(
    images: Tensor, kernels: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0
) -> Tensor:
    answers = F.conv2d(images, kernels, None, stride, padding)
    return answers if bias is None else answers + bias.mean()


SEEDED_BUGS = (
    ("the kernel is turned, as in the textbook", "convolve", turned_kernel, test_equals_torch_in_values_and_gradients),
    ("height and width are swapped", "convolve", swapped_sides, test_equals_torch_in_values_and_gradients),
    ("no gradient reaches the kernels", "convolve", no_gradient_to_kernels, test_equals_torch_in_values_and_gradients),
    ("one bias for all channels", "convolve", bias_on_the_wrong_axis, test_equals_torch_in_values_and_gradients),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(convolution, bug)
