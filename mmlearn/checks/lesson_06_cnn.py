"""The exercises of lesson 06 on convolution and Grad-CAM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator


def _tensor(generator: Generator, *shape: int) -> Any:
    import torch

    return torch.from_numpy(generator.normal(size=shape))


# 06.6 · convolution


def _convolution(*size: int, stride: int = 1) -> Callable[[Generator], tuple[Any, ...]]:
    """Pictures (B, C, H, W), kernels (O, C, U, V) and biases, from the seven sizes b c h w o u v."""

    def make(generator: Generator) -> tuple[Any, ...]:
        b, c, h, w, o, u, v = size
        return _tensor(generator, b, c, h, w), _tensor(generator, o, c, u, v), _tensor(generator, o), stride

    return make


def _edge(generator: Generator) -> tuple[Any, ...]:
    import torch

    picture = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])
    return picture, torch.tensor([[[[-1.0, 1.0]]]]), torch.zeros(1), 1


def _torchs(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    from torch.nn import functional

    return functional.conv2d(images, kernels, bias, stride)


def _turned(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels.flip(2, 3), bias, stride)


def _one_channel(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images[:, :1], kernels[:, :1], bias, stride)


def _stride_across_only(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels, bias, 1)[..., ::stride]


def _last_stop_missing(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels, bias, 1)[..., :-1, :-1][..., ::stride, ::stride]


def _framed(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    from torch.nn import functional

    return functional.conv2d(images, kernels, bias, stride, padding=(kernels.shape[2] // 2, kernels.shape[3] // 2))


def _mean(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels / kernels[0].numel(), bias, stride)


def _bias_every_tap(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels, bias * kernels.shape[2] * kernels.shape[3], stride)


def _cut_from_the_graph(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels.detach(), bias, stride)


def _pooled(images: Any, kernels: Any, bias: Any, stride: int) -> Any:
    return _torchs(images, kernels, bias, 1)[..., stride - 1 :: stride, stride - 1 :: stride]


def _loop(
    images: Any, kernels: Any, bias: Any, stride: int, rule: str = "bcij,oc->boij", turn: str = "", keep: bool = True
) -> Any:
    """Over the places of the kernel, without the bias; `turn` exchanges u and v, `keep=False` forgets the earlier."""
    import torch

    (high, wide), total = kernels.shape[2:], torch.zeros(())
    rows, columns = (images.shape[2] - high) // stride + 1, (images.shape[3] - wide) // stride + 1
    for u in range(high):
        for v in range(wide):
            down, right = (v, u) if turn == "picture" else (u, v)
            under = images[:, :, down::stride, right::stride][..., :rows, :columns]
            term = torch.einsum(rule, under, kernels[:, :, v, u] if turn == "kernel" else kernels[:, :, u, v])
            total = total + term if keep else term
    return total


def _without_loop_bias(**slip: Any) -> Callable[..., Any]:
    return lambda images, kernels, bias, stride: _loop(images, kernels, bias, stride, **slip) + bias[:, None, None]


CONVOLVE = Exercise(
    id="06.6",
    title="Convolution",
    reference="mmlearn.encode.convolution.convolve",
    cases=(
        Case("an edge: dark, dark, bright, bright", _edge),
        Case("one kernel of 3 x 3 on a grey picture", _convolution(1, 1, 5, 5, 1, 3, 3)),
        Case("two pictures of three channels, four kernels", _convolution(2, 3, 6, 7, 4, 3, 2)),
        Case("a stride of 2", _convolution(2, 2, 9, 8, 3, 2, 3, stride=2)),
        Case("a kernel as large as the picture", _convolution(2, 3, 4, 4, 2, 4, 4)),
    ),
    mistakes=(
        Mistake(_turned, "Your kernel is turned by 180 degrees, as in the textbook: networks leave that out."),
        Mistake(_one_channel, "Only the first channel is looked at: sum over all C channels of the picture."),
        Mistake(
            lambda images, kernels, bias, stride: _torchs(images, kernels, None, stride),
            "The bias is missing: bias[o] is added to every place of output channel o.",
        ),
        Mistake(
            lambda images, kernels, bias, stride: _torchs(images, kernels, bias, 1),
            "You stop at every pixel, whatever the stride: the stops are stride pixels apart.",
        ),
        Mistake(_stride_across_only, "The stride is for both directions; yours skips columns but no rows."),
        Mistake(_last_stop_missing, "One stop short: there are (H - U) // stride + 1 of them, the last one included."),
        Mistake(_framed, "No frame of zeros is asked for: the window stays inside the picture."),
        Mistake(_mean, "You take the mean of the products; the sum is due."),
        Mistake(_bias_every_tap, "The bias is added once for every number of the window: add it once, at the end."),
        Mistake(
            _cut_from_the_graph,
            "The values are right, but no gradient reaches the kernels, so they would never learn: "
            "is there a detach(), .data or .numpy() on the way?",
        ),
        Mistake(
            _without_loop_bias(turn="picture"),
            "u and v have changed places in the slices: u counts rows (axis 2), v columns (axis 3).",
        ),
        Mistake(
            _without_loop_bias(turn="kernel"),
            "u and v have changed places in the kernel: kernels[:, :, u, v], u for rows, v for columns.",
        ),
        Mistake(
            lambda images, kernels, bias, stride: _loop(images, kernels, bias, stride) + bias,
            "bias (O,) meets the LAST axis, the columns: bias[:, None, None] lines it up with the channels.",
        ),
        Mistake(
            _without_loop_bias(keep=False),
            "Only the last place of the kernel is left: each must be added to those before, total = total + ...",
        ),
        Mistake(
            lambda images, kernels, bias, stride: _loop(images, kernels, bias, stride, keep=False),
            "`total = ...` overwrites the bias and all but the last place of the kernel: total = total + ...",
        ),
        Mistake(
            _without_loop_bias(rule="bcij,co->boij"),
            "Do the sizes not fit? kernels[:, :, u, v] is (O, C), output channels first: 'bcij,oc->boij'.",
        ),
        Mistake(_pooled, "Your first stop is not in the corner: begin at row 0 and column 0."),
    ),
    use=with_gradients,
)


# 06.8 · Grad-CAM


def _maps(b: int, k: int, h: int, w: int) -> Callable[[Generator], tuple[Any, ...]]:
    return lambda generator: (_tensor(generator, b, k, h, w).relu(), _tensor(generator, b, k, h, w))


def _four_places(generator: Generator) -> tuple[Any, ...]:
    import torch

    lit = [[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]]]
    slopes = [[[2.0, 0.0], [0.0, 0.0]], [[-1.0, -1.0], [-1.0, -1.0]], [[0.0, 0.0], [1.0, 0.0]]]
    return torch.tensor([lit]), torch.tensor([slopes])  # (1, 3, 2, 2) both


def _nothing_for_it(generator: Generator) -> tuple[Any, ...]:
    activations, gradients = _maps(1, 3, 2, 2)(generator)
    return activations, -gradients.abs()


def _weighted(weight: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Grad-CAM with another weight for each channel."""
    return lambda activations, gradients: (weight(gradients) * activations).sum(dim=1).relu()


def _scaled(activations: Any, gradients: Any) -> Any:
    heat = _weighted(lambda g: g.mean(dim=(2, 3), keepdim=True))(activations, gradients)
    return heat / heat.amax(dim=(1, 2), keepdim=True)


def _scaled_with_care(activations: Any, gradients: Any) -> Any:
    heat = _weighted(lambda g: g.mean(dim=(2, 3), keepdim=True))(activations, gradients)
    return heat / (heat.amax(dim=(1, 2), keepdim=True) + 1e-8)


WEIGHTED_MAP = Exercise(
    id="06.8",
    title="The heart of Grad-CAM",
    reference="mmlearn.encode.saliency.weighted_map",
    cases=(
        Case("three channels, four places", _four_places),
        Case("three pictures, five channels", _maps(3, 5, 4, 6)),
        Case("nothing speaks for the class", _nothing_for_it),
    ),
    mistakes=(
        Mistake(
            lambda activations, gradients: (gradients.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=1),
            "What speaks against the class is still in your map, below 0: a relu at the end cuts it off.",
        ),
        Mistake(
            lambda activations, gradients: (gradients.mean(dim=(2, 3), keepdim=True) * activations).relu().sum(dim=1),
            "The relu comes too early: add up the channels first, so that pro and contra can cancel.",
        ),
        Mistake(
            _weighted(lambda g: -g.mean(dim=(2, 3), keepdim=True)),
            "A minus too many before the relu: your map shows what speaks AGAINST the class.",
        ),
        Mistake(
            lambda activations, gradients: (
                (gradients.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=(2, 3)).relu()
            ),
            "You sum over the places, and the map is gone: sum over the channels, dim=1.",
        ),
        Mistake(
            _weighted(lambda g: g.mean(dim=(2, 3))),
            "Do the sizes not fit? (B, K) does not line up with (B, K, h, w): keepdim=True makes it (B, K, 1, 1).",
        ),
        Mistake(
            _weighted(lambda g: g.relu().mean(dim=(2, 3), keepdim=True)),
            "You cut the gradients off below 0 before the mean; the formula's only relu is the one at the end.",
        ),
        Mistake(
            _scaled_with_care,
            "The map is scaled to 1, and how strong the evidence was is lost: leave the sum as it is.",
        ),
        Mistake(
            _weighted(lambda g: g),
            "One weight a channel, the mean of its gradient over all places; yours differs from place to place.",
        ),
        Mistake(
            _weighted(lambda g: g.sum(dim=(2, 3), keepdim=True)),
            "Your weights are sums; the mean over the places is due, so that the size of the map does not matter.",
        ),
        Mistake(
            _weighted(lambda g: g.abs().mean(dim=(2, 3), keepdim=True)),
            "You take the gradient's absolute value: a channel that speaks against the class must keep its minus.",
        ),
        Mistake(
            _weighted(lambda g: g.amax(dim=(2, 3), keepdim=True)),
            "Your weights are the largest gradients; the mean over the places is due.",
        ),
        Mistake(
            lambda activations, gradients: (activations.mean(dim=(2, 3), keepdim=True) * gradients).sum(dim=1).relu(),
            "Swapped: the mean is of the gradients, and it weights the activations.",
        ),
        Mistake(
            lambda activations, gradients: (gradients.mean(dim=(2, 3), keepdim=True) * activations).mean(dim=1).relu(),
            "You average over the channels; the sum is due.",
        ),
        Mistake(
            lambda activations, gradients: activations.mean(dim=1).relu(),
            "Your map does not use the gradients, so it would be the same for every class.",
        ),
        Mistake(
            _scaled,
            "Do not scale the map here: where nothing speaks for the class that is 0 / 0. Drawing it scales it.",
        ),
    ),
)
