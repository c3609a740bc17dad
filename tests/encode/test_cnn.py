"""The CNN against a second one, written out with torch's functions, and its promises one by one."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlearn.bridge.perturb import perturb_
from mmlearn.encode import cnn
from mmlearn.encode.cnn import CNNConfig

SMALL = CNNConfig(channels=2, classes=5, widths=(4, 6, 6), depth=2, stem=2)


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def norm(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled = (x - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt()
    return scaled * weights[f"{name}.weight"][:, None, None] + weights[f"{name}.bias"][:, None, None]


def written_out(weights: dict[str, Tensor], config: CNNConfig, images: Tensor) -> Tensor:
    """The forward pass from the weights alone, by the formulas of the docstrings."""
    x = norm(weights, "stem.1", F.conv2d(images, weights["stem.0.weight"], stride=config.stem)).relu()
    for stage in range(len(config.widths)):
        for block in range(config.depth):
            name, stride = f"stages.{stage}.{block}", 2 if stage and not block else 1
            y = norm(weights, f"{name}.norm1", F.conv2d(x, weights[f"{name}.conv1.weight"], None, stride, 1)).relu()
            y = norm(weights, f"{name}.norm2", F.conv2d(y, weights[f"{name}.conv2.weight"], None, 1, 1))
            if f"{name}.around.weight" in weights:
                x = F.conv2d(x, weights[f"{name}.around.weight"], None, stride)
            x = (x + y).relu()
    return x.mean((2, 3)) @ weights["head.weight"].T + weights["head.bias"]


def test_equals_the_formulas_written_out() -> None:
    torch.manual_seed(0)
    model = perturb_(cnn.CNN(SMALL)).eval()
    images, same = (pictures(3, 2, 22, 17).requires_grad_() for _ in range(2))
    weights = {key: value.detach().clone().requires_grad_(value.is_floating_point()) for key, value in
               model.state_dict().items()}  # fmt: skip
    ours, theirs = model(images), written_out(weights, SMALL, same)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    onto = pictures(*ours.shape, seed=1)
    (ours * onto).sum().backward()
    (theirs * onto).sum().backward()
    torch.testing.assert_close(images.grad, same.grad, atol=1e-5, rtol=1e-4)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, weights[name].grad, atol=1e-5, rtol=1e-4, msg=name)


def test_shapes_and_what_the_config_says_of_them() -> None:
    model = cnn.CNN(SMALL).eval()
    images = pictures(2, 2, 32, 48)
    assert model.feature_map(images).shape == (2, SMALL.width, 32 // SMALL.reduction, 48 // SMALL.reduction)
    torch.testing.assert_close(model.features(images), model.feature_map(images).mean((2, 3)))
    torch.testing.assert_close(model(images), model.head(model.features(images)))
    assert cnn.CNN(CNNConfig(channels=1))(pictures(4, 1, 28, 28)).shape == (4, 8)


def test_a_picture_does_not_depend_on_its_neighbours_in_eval_mode() -> None:
    model = perturb_(cnn.CNN(SMALL)).eval()
    images = pictures(4, 2, 16, 16)
    torch.testing.assert_close(model(images)[:1], model(images[:1]), atol=1e-6, rtol=1e-5)
    model.train()
    assert not torch.allclose(model(images)[:1], model(images[:2])[:1], atol=1e-3)


def test_a_new_block_passes_on_what_it_gets() -> None:
    block = cnn.ResidualBlock(3, 3).eval()
    x = pictures(2, 3, 6, 6).relu()
    torch.testing.assert_close(block(x), x)


def test_every_parameter_learns() -> None:
    model = perturb_(cnn.CNN(SMALL))
    F.cross_entropy(model(pictures(6, 2, 16, 16)), torch.arange(6) % 5).backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 1e-7) for p in model.parameters())


def test_dropout_works_in_training_only() -> None:
    model = perturb_(cnn.CNN(dataclasses.replace(SMALL, dropout=0.5)))
    images = pictures(4, 2, 16, 16)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


def test_a_config_goes_through_json() -> None:
    again = CNNConfig(**json.loads(json.dumps(dataclasses.asdict(SMALL))))
    assert again == SMALL and hash(again) == hash(SMALL)


@pytest.mark.parametrize(
    "wrong", [{"widths": ()}, {"depth": 0}, {"stem": 0}, {"classes": 0}, {"widths": (8, 0)}, {"dropout": 1.0}], ids=str
)
def test_refuses_a_size_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        CNNConfig(**wrong)


@pytest.mark.parametrize("wrong", [{"widths": (8.0,)}, {"depth": 1.5}, {"stem": "2"}, {"classes": True}], ids=str)
def test_refuses_a_size_that_is_not_whole(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="as a whole number, got"):
        CNNConfig(**wrong)
    for widths in (32, "ab"):
        with pytest.raises(ValueError, match=r"widths, one for each stage, as \(32, 64\), got"):
            CNNConfig(widths=widths)  # type: ignore[arg-type]


def test_sides_that_do_not_divide_round_up_after_the_stem_which_leaves_the_rest_out() -> None:
    model = perturb_(cnn.CNN(SMALL)).eval()  # stem 2, then two halvings
    images = pictures(1, 2, 19, 23)
    assert model.feature_map(images).shape == (1, 6, 3, 3)  # 19 -> 9 -> 5 -> 3, 23 -> 11 -> 6 -> 3
    other = images.clone()
    other[..., 18:, :] += 9
    other[..., 22:] += 9
    assert torch.equal(model(other), model(images))


@pytest.mark.parametrize(
    ("images", "kind", "says"),
    [
        (torch.zeros(2, 16, 16, 2), ValueError, "channels are last; use to_tensor"),
        (torch.zeros(2, 16, 16), ValueError, r"images\[None\]"),
        (torch.zeros(2, 3, 16, 16), ValueError, r"expected \(B, 2, H, W\), got \(2, 3, 16, 16\)"),
        (torch.zeros(2, 2, 16, 16, dtype=torch.uint8), TypeError, "expected floats, got torch.uint8"),
        (
            torch.zeros(2, 2, 16, 16).double(),
            TypeError,
            "images of torch.float32, as the weights are, got torch.float64",
        ),
        (np.zeros((2, 2, 16, 16)), TypeError, "expected images as a torch.Tensor, got ndarray"),
        (torch.zeros(2, 2, 1, 16), ValueError, "2 pixels a side or more, got 1 x 16"),
    ],
)
def test_refuses_pictures_it_was_not_made_for(images: Tensor, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        cnn.CNN(SMALL)(images)


def _forward(self: Any, x: Tensor) -> Tensor:
    return self.norm2(self.conv2(self.norm1(self.conv1(x)).relu())).relu()  # type: ignore[no-any-return]


def _late_sum(self: Any, x: Tensor) -> Tensor:
    return self.around(x) + self.norm2(self.conv2(self.norm1(self.conv1(x)).relu())).relu()  # type: ignore[no-any-return]


def _no_inner_relu(self: Any, x: Tensor) -> Tensor:
    return (self.around(x) + self.norm2(self.conv2(self.norm1(self.conv1(x))))).relu()  # type: ignore[no-any-return]


def _swapped_norms(self: Any, x: Tensor) -> Tensor:
    return (self.around(x) + self.norm1(self.conv2(self.norm2(self.conv1(x)).relu()))).relu()  # type: ignore[no-any-return]


def _block(forward: Any) -> type[nn.Module]:
    return type("WrongBlock", (cnn.ResidualBlock,), {"forward": forward})


class MaxPooled(cnn.CNN):
    def features(self, images: Tensor) -> Tensor:
        return self.feature_map(images).amax(dim=(2, 3))


SEEDED_BUGS = (
    ("no way around the block", "ResidualBlock", _block(_forward), test_equals_the_formulas_written_out),
    ("relu before the sum", "ResidualBlock", _block(_late_sum), test_equals_the_formulas_written_out),
    ("no relu between the convolutions", "ResidualBlock", _block(_no_inner_relu), test_equals_the_formulas_written_out),
    ("the two norms swapped", "ResidualBlock", _block(_swapped_norms), test_equals_the_formulas_written_out),
    ("the largest place in place of the mean", "CNN", MaxPooled, test_equals_the_formulas_written_out),
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(assert_caught: Any, bug: Any) -> None:
    assert_caught(cnn, bug)
