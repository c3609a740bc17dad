"""Saliency against finite differences, Grad-CAM against formulas that need no autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlearn.bridge.perturb import perturb_
from mmlearn.encode import saliency as module
from mmlearn.encode.cnn import CNN, CNNConfig

TARGETS = torch.tensor([2, 0, 1])


def network(double: bool = False) -> CNN:
    torch.manual_seed(0)
    model = perturb_(CNN(CNNConfig(channels=2, classes=3, widths=(4, 6), stem=2))).eval()
    return model.double() if double else model


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_saliency_equals_finite_differences() -> None:
    model, images, step = network(double=True), pictures(3, 2, 8, 6).double(), 1e-5
    expected = torch.zeros(3, 8, 6, dtype=torch.float64)
    with torch.no_grad():
        for c in range(2):
            for i in range(8):
                for j in range(6):
                    nudge = torch.zeros_like(images)
                    nudge[:, c, i, j] = step
                    up, down = (model(images + side * nudge)[range(3), TARGETS] for side in (1, -1))
                    expected[:, i, j] = expected[:, i, j].maximum(((up - down) / (2 * step)).abs())
    torch.testing.assert_close(module.saliency(model, images, TARGETS), expected, atol=1e-7, rtol=1e-5)


def closed_form(model: CNN, images: Tensor, targets: Tensor) -> Tensor:
    """CAM (Zhou et al. 2015): after the last map there is only a mean and a linear layer, so no gradient is needed."""
    with torch.no_grad():
        maps = model.feature_map(images)  # (B, D, h, w)
        weights = model.head.weight[targets] / maps[0, 0].numel()  # (B, D) d logit / d map, the same everywhere
        small = torch.einsum("bd,bdhw->bhw", weights, maps).clamp_min(0)
        return F.interpolate(small[:, None], images.shape[2:], mode="bilinear")[:, 0]


def test_grad_cam_of_the_last_map_is_the_closed_form() -> None:
    model, images = network(), pictures(3, 2, 20, 12)
    ours = module.grad_cam(model, model.stages, images, TARGETS)
    assert ours.shape == (3, 20, 12) and float(ours.max()) > 1e-3 and float(ours.min()) >= 0
    torch.testing.assert_close(ours, closed_form(model, images, TARGETS), atol=1e-6, rtol=1e-5)


def test_grad_cam_of_an_inner_layer_is_the_model_cut_in_two() -> None:
    model, images = network(), pictures(3, 2, 12, 12)
    below = model.stages[0](model.stem(images)).detach().requires_grad_()  # (3, 4, 6, 6)
    logits = model.head(model.stages[1](below).mean((2, 3)))
    logits[range(3), TARGETS].sum().backward()
    alpha = below.grad.mean((2, 3))  # type: ignore[union-attr]
    small = torch.einsum("bk,bkhw->bhw", alpha, below).detach().clamp_min(0)
    expected = F.interpolate(small[:, None], (12, 12), mode="bilinear")[:, 0]
    ours = module.grad_cam(model, model.stages[0], images, TARGETS)
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-5)


def test_what_speaks_against_the_class_is_cut_off() -> None:
    activations = torch.tensor([[[[1.0, 2.0], [0.0, 3.0]], [[4.0, 0.0], [1.0, 1.0]]]])
    gradients = torch.tensor([[[[4.0, 0.0], [0.0, 0.0]], [[-2.0, -2.0], [0.0, 0.0]]]])
    # alpha = 1 and -1; 1 - 4, 2 - 0, 0 - 1, 3 - 1
    assert module.weighted_map(activations, gradients).tolist() == [[[0, 2], [0, 2]]]


def test_pictures_do_not_mix_and_order_does_not_matter() -> None:
    model, images = network(), pictures(3, 2, 12, 12)
    for explain in (module.saliency, cam):
        together = explain(model, images, TARGETS)
        alone = torch.cat([explain(model, images[i : i + 1], TARGETS[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
        assert not torch.allclose(together, explain(model, images, (TARGETS + 1) % 3), atol=1e-3)


def cam(model: CNN, images: Tensor, targets: Tensor) -> Tensor:
    return module.grad_cam(model, model.stages[0], images, targets)


@pytest.mark.parametrize("explain", [module.saliency, cam])
def test_the_model_stays_as_it_was(explain: Callable[..., Tensor]) -> None:
    model, images = network(), pictures(3, 2, 12, 12)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explain(model, images, TARGETS)
    assert all(parameter.grad is None for parameter in model.parameters()) and not images.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(part._forward_hooks for part in model.modules())


@pytest.mark.parametrize("explain", [module.saliency, cam])
def test_frozen_weights_and_no_grad_do_not_matter(explain: Callable[..., Tensor]) -> None:
    images = pictures(3, 2, 12, 12)
    expected = explain(network(), images, TARGETS)
    frozen = network().requires_grad_(False)
    with torch.no_grad():
        torch.testing.assert_close(explain(frozen, images, TARGETS), expected)


def test_the_hook_is_gone_after_an_error() -> None:
    model = network()
    with pytest.raises(ValueError, match="expected targets from 0 to 2, got 0 to 7"):
        module.grad_cam(model, model.stages, pictures(2, 2, 8, 8), torch.tensor([0, 7]))
    assert not any(part._forward_hooks for part in model.modules())


def test_refuses_bad_input() -> None:
    model, images = network(), pictures(3, 2, 8, 8)
    other = nn.Conv2d(2, 2, 1)
    for call, says in (
        (lambda: module.saliency(network().train(), images, TARGETS), r"call model\.eval\(\) first"),
        (lambda: module.saliency(model, images[0], TARGETS), r"expected floats \(B, C, H, W\)"),
        (lambda: module.saliency(model, images, TARGETS[:2]), "one int64 target a picture"),
        (lambda: module.saliency(model, images, TARGETS.float()), "one int64 target a picture, got torch.float32"),
        (lambda: module.saliency(model, images, TARGETS - 1), "targets from 0 to 2, got -1 to 1"),
        (lambda: module.saliency(model.stages, pictures(3, 4, 8, 8), TARGETS), r"expected logits \(B, K\)"),
        (lambda: module.grad_cam(model, other, images, TARGETS), "layer of this model"),
        (lambda: module.grad_cam(model, model.head, images, TARGETS), "one map"),
        (lambda: module.weighted_map(images, images[:2]), "activations and gradients"),
    ):
        with pytest.raises(ValueError, match=says):
            call()  # type: ignore[no-untyped-call]


def test_a_layer_that_is_called_twice_is_refused() -> None:
    conv = nn.Conv2d(2, 2, 1)
    model = nn.Sequential(conv, nn.ReLU(), conv, nn.Flatten(), nn.Linear(32, 3)).eval()
    with pytest.raises(ValueError, match=r"one map \(B, K, h, w\) a pass"):
        module.grad_cam(model, conv, pictures(3, 2, 4, 4), TARGETS)


@pytest.mark.parametrize("first", [True, False])
def test_layers_that_change_what_they_get_in_place_are_no_trap(first: bool) -> None:
    def network(inplace: bool) -> nn.Sequential:
        torch.manual_seed(0)
        conv, start = nn.Conv2d(2, 3, 3), [nn.ReLU(inplace)] if first else []
        return nn.Sequential(*start, conv, nn.ReLU(inplace), nn.Flatten(), nn.Linear(48, 3)).eval()

    images = pictures(3, 2, 6, 6)
    before, plain, inplace = images.clone(), network(False), network(True)
    torch.testing.assert_close(module.saliency(inplace, images, TARGETS), module.saliency(plain, images, TARGETS))
    at = int(first)  # the convolution, whose output the next layer overwrites
    ours = module.grad_cam(inplace, inplace[at], images, TARGETS)
    torch.testing.assert_close(ours, module.grad_cam(plain, plain[at], images, TARGETS))
    assert torch.equal(images, before) and float(ours.max()) > 0


class Odd(nn.Module):
    """A layer that nothing depends on, one that gives two maps, and logits that may be cut from the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused, self.head = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1), nn.Linear(2, 3)
        self.cut = False
        self.pair = Pair()

    def forward(self, images: Tensor) -> Tensor:
        self.unused(images)
        first, _ = self.pair(self.used(images))
        logits: Tensor = self.head(first.mean((2, 3)))
        return logits.detach() if self.cut else logits


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def test_refuses_layers_that_the_logits_do_not_depend_on_or_that_give_two() -> None:
    model, images = Odd().eval(), pictures(3, 2, 8, 8)
    assert module.grad_cam(model, model.used, images, TARGETS).shape == (3, 8, 8)
    with pytest.raises(ValueError, match="the logits do not depend on this layer"):
        module.grad_cam(model, model.unused, images, TARGETS)
    with pytest.raises(ValueError, match=r"one map \(B, K, h, w\), it gave a tuple"):
        module.grad_cam(model, model.pair, images, TARGETS)
    assert not any(part._forward_hooks for part in model.modules())
    model.cut = True
    with pytest.raises(ValueError, match="the logits do not depend on the pictures: is it left out, or detached"):
        module.saliency(model, images, TARGETS)
    for given, name in (((images.numpy(), TARGETS), "images"), ((images, np.zeros(3, dtype=int)), "targets")):
        with pytest.raises(TypeError, match=f"expected {name} as a torch.Tensor, got ndarray"):
            module.saliency(model, *given)


def test_the_first_target_too_many() -> None:
    with pytest.raises(ValueError, match="targets from 0 to 2, got 3 to 3"):
        module.saliency(network(), pictures(1, 2, 8, 8), torch.tensor([3]))


def _without_relu(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1)


def _weights_of_the_activations(activations: Tensor, gradients: Tensor) -> Tensor:
    return (activations.mean((2, 3), keepdim=True) * gradients).sum(1).relu()


def _place_by_place(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients * activations).sum(1).relu()


def _summed(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.sum((2, 3), keepdim=True) * activations).sum(1).relu()


def _relu_too_early(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.mean((2, 3), keepdim=True) * activations).relu().sum(1)


def _loss_not_logit(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    return -F.cross_entropy(model(images), targets, reduction="none")


def _best_class(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    logits: Tensor = model(images)
    return logits.amax(dim=1)


CAM = test_grad_cam_of_the_last_map_is_the_closed_form
SEEDED_BUGS = (
    ("what speaks against is kept", "weighted_map", _without_relu, CAM),
    ("activations and gradients swapped", "weighted_map", _weights_of_the_activations, CAM),
    (
        "no mean over places",
        "weighted_map",
        _place_by_place,
        test_grad_cam_of_an_inner_layer_is_the_model_cut_in_two,
    ),
    ("sum in place of the mean", "weighted_map", _summed, CAM),
    ("cut off channel by channel", "weighted_map", _relu_too_early, CAM),
    ("the loss is explained, not the logit", "_logits", _loss_not_logit, CAM),
    ("the best class, not the one asked for", "_logits", _best_class, test_saliency_equals_finite_differences),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(module, bug)
