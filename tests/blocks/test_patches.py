"""Patches by a slow loop, against ViTMAE's own and a convolution's, and what bad pictures are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining

from mmlearn.blocks import patches as module
from mmlearn.blocks.linear import linear
from mmlearn.blocks.patches import near_sides, require_grid, unpatchify
from mmlearn.bridge.perturb import perturb_
from mmlearn.encode.tensors import to_tensor

CASES = ((2, 3, 12, 20, 4), (1, 1, 6, 6, 6), (3, 2, 7, 21, 7), (2, 5, 3, 4, 1), (0, 3, 8, 8, 4))


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_patches_by_a_slow_loop() -> None:
    for b, c, h, w, patch in CASES:
        images = pictures(b, c, h, w)
        found = module.patchify(images, patch)
        assert found.shape == (b, (h // patch) * (w // patch), patch * patch * c)
        for row in range(h // patch):
            for column in range(w // patch):
                one = images[:, :, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
                flat = torch.stack([one[:, k, i, j] for i in range(patch) for j in range(patch) for k in range(c)], 1)
                assert torch.equal(found[:, row * (w // patch) + column], flat)


def test_patches_are_ordered_as_vit_mae_orders_them_and_back() -> None:
    small = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4,
             "decoder_hidden_size": 4, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 1,
             "decoder_intermediate_size": 4}  # fmt: skip
    theirs = ViTMAEForPreTraining(ViTMAEConfig(image_size=12, patch_size=4, num_channels=2, **small))
    images = pictures(2, 2, 12, 20)
    expected = theirs.patchify(images, interpolate_pos_encoding=True)
    assert torch.equal(module.patchify(images, 4), expected)
    assert torch.equal(module.unpatchify(expected, 4, (3, 5)), theirs.unpatchify(expected, (12, 20)))


def test_there_and_back_is_exact_for_pictures_gradients_and_other_types() -> None:
    for b, c, h, w, patch in CASES:
        images = pictures(b, c, h, w)
        grid = (h // patch, w // patch)
        assert torch.equal(module.unpatchify(module.patchify(images, patch), patch, grid), images)
        again = module.patchify(images.double(), patch)
        assert again.dtype == torch.float64
        assert torch.equal(module.patchify(module.unpatchify(again, patch, grid), patch), again)
    turned = pictures(2, 8, 12, 3).permute(0, 3, 1, 2)  # channels first, though not in memory
    assert torch.equal(module.patchify(turned, 4), module.patchify(turned.contiguous(), 4))
    hidden = torch.tensor([[[True], [False]]]).expand(1, 2, 4)
    assert module.unpatchify(hidden, 2, (1, 2))[0, 0].tolist() == [[True, True, False, False]] * 2
    images = pictures(2, 3, 8, 8).requires_grad_()
    onto = pictures(2, 4, 48, seed=1)
    (module.patchify(images, 4) * onto).sum().backward()
    assert images.grad is not None and torch.equal(images.grad, module.unpatchify(onto, 4, (2, 2)))


def test_the_embedding_equals_a_convolution_of_stride_p() -> None:
    for b, c, h, w, patch in CASES[:-1]:
        layer = perturb_(module.PatchEmbedding(patch, c, 11))
        conv = nn.Conv2d(c, 11, patch, stride=patch)
        with torch.no_grad():
            weight = layer.projection.weight.unflatten(1, (patch, patch, c))  # (D, P, P, C)
            conv.weight.copy_(weight.permute(0, 3, 1, 2))
            conv.bias.copy_(layer.projection.bias)  # type: ignore[union-attr]
        ours, theirs = (pictures(b, c, h, w).requires_grad_() for _ in range(2))
        found, expected = layer(ours), conv(theirs).flatten(2).transpose(1, 2)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
        onto = pictures(*found.shape, seed=2)
        (found * onto).sum().backward()
        (expected * onto).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-4)
        grad = conv.weight.grad.permute(0, 2, 3, 1).flatten(1)  # type: ignore[union-attr]
        torch.testing.assert_close(layer.projection.weight.grad, grad, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(layer.projection.bias.grad, conv.bias.grad, atol=1e-5, rtol=1e-4)  # type: ignore[union-attr]


def test_vectors_start_about_as_large_as_the_pixels() -> None:
    torch.manual_seed(0)
    layer = module.PatchEmbedding(8, 3, 192)
    assert not layer.projection.bias.any()
    assert float(layer(pictures(4, 3, 64, 64)).detach().std()) == pytest.approx(1.0, abs=0.1)
    assert float(layer.projection.weight.detach().abs().max()) <= (6 / (192 + 192)) ** 0.5
    assert layer.grid(pictures(1, 3, 16, 40)) == (2, 5)
    assert "patch=8, channels=3" in repr(layer)


BAD: tuple[tuple[str, Any, type[Exception], str], ...] = (
    ("an array", np.zeros((2, 16, 16, 3), np.uint8), TypeError, "got ndarray: mmlearn.encode.tensors.to_tensor makes"),
    ("a list", [[1.0]], TypeError, "expected images as a torch.Tensor, got list"),
    ("bytes, channels last", torch.zeros(2, 16, 24, 3).byte(), ValueError, "channels are last; .*to_tensor puts them"),
    ("floats, channels last", torch.zeros(2, 16, 16, 3), ValueError, r"\(2, 16, 16, 3\): the channels are last"),
    ("bytes", torch.zeros(2, 3, 16, 16).byte(), TypeError, "got torch.uint8: are these levels 0 to 255.*to_tensor"),
    ("whole numbers", torch.zeros(2, 3, 16, 16).long(), TypeError, "expected floats, got torch.int64"),
    ("RGBA, channels last", torch.zeros(2, 16, 16, 4).byte(), ValueError, "channels are last; .*to_tensor puts them"),
    ("one picture", torch.zeros(3, 16, 16), ValueError, r"got \(3, 16, 16\): one picture needs images\[None\]"),
    ("one, channels last", torch.zeros(16, 16, 3), ValueError, r"one picture, its channels last; .*\(images\[None\]\)"),
    ("one grey picture", torch.zeros(16, 16), ValueError, r"images\[None, None\]"),
    ("a film", torch.zeros(1, 2, 3, 16, 16), ValueError, "there are 5 axes, not 4"),
    ("a height", torch.zeros(2, 3, 20, 16), ValueError, "a height of whole .* 8 .* 20 x 16: .* height to 16 or 24"),
    ("a width", torch.zeros(2, 3, 16, 5), ValueError, "width of whole patches of 8 .* 16 x 5: .* the width to 8, or"),
    ("no pixels", torch.zeros(2, 3, 16, 0), ValueError, "width of whole patches of 8 pixels, got 16 x 0"),
)  # fmt: skip
ONLY_THE_LAYER: tuple[tuple[str, Any, type[Exception], str], ...] = (
    ("RGBA", torch.zeros(2, 4, 16, 16), ValueError, r"\(2, 4, 16, 16\): RGBA, .*on_white\(images\)"),
    ("grey", torch.zeros(2, 1, 16, 16), ValueError, r"grey pictures for a model of colours.*expand\(-1, 3, -1, -1\)"),
    ("two channels", torch.zeros(2, 2, 16, 16), ValueError, "the model was made for 3 channels"),
    ("other floats", torch.zeros(2, 3, 16, 16).double(), TypeError, "float32, as the weights are, got torch.float64"),
)  # fmt: skip


@pytest.mark.parametrize(("images", "error", "says"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_bad_pictures_are_told_the_likely_cause(images: Any, error: type[Exception], says: str) -> None:
    for function in (lambda each: module.patchify(each, 8), module.PatchEmbedding(8, 3, 4)):
        with pytest.raises(error, match=says):
            function(images)


@pytest.mark.parametrize(
    ("images", "error", "says"), [e[1:] for e in ONLY_THE_LAYER], ids=[e[0] for e in ONLY_THE_LAYER]
)
def test_pictures_of_other_channels_are_told_what_to_do(images: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        module.PatchEmbedding(8, 3, 4)(images)
    module.patchify(images, 8)  # has no weights, so it cuts whatever it gets


def test_colours_for_a_grey_model_are_averaged_by_the_reader() -> None:
    with pytest.raises(ValueError, match=r"colours for a model of grey pictures; .*images\.mean\(1, keepdim=True\)"):
        module.PatchEmbedding(8, 1, 4)(torch.zeros(2, 3, 16, 16))
    with pytest.raises(ValueError, match=r"made for 1 channel$"):
        module.PatchEmbedding(8, 1, 4)(torch.zeros(2, 2, 16, 16))


def test_small_maps_are_no_pictures_with_channels_last() -> None:
    assert module.patchify(torch.zeros(2, 60, 3, 3), 3).shape == (2, 1, 540)
    assert module.patchify(to_tensor(np.zeros((2, 8, 8), np.uint8)), 4).shape == (2, 4, 16)


def test_what_cannot_be_put_together_is_refused() -> None:
    good = torch.zeros(2, 6, 12)
    for wrong, patch, grid, error, says in (
        (good.numpy(), 2, (2, 3), TypeError, "expected patches as a torch.Tensor, got ndarray"),
        (good[0], 2, (2, 3), ValueError, r"got \(6, 12\): one picture needs patches\[None\]"),
        (good, 2, (2, 4), ValueError, "expected 2 x 4 = 8 patches, got 6$"),
        (good, 2, (1, 5), ValueError, r"expected 1 x 5 = 5 patches, got 6: is the class token .* patches\[:, 1:\]"),
        (good, 5, (2, 3), ValueError, "P . P . C = 25 C numbers, .* got 12: a model's own"),
        (good[..., :0], 2, (2, 3), ValueError, "got 0"),
        (good, 2, 6, TypeError, r"expected grid as a pair \(rows, columns\) of patches, got 6"),
        (good, 2, (2, 3, 1), TypeError, "expected grid as a pair"),
        (good, 2, (0, 3), ValueError, "each side of grid of at least 1, got 0"),
        (good, 2, (2.0, 3), TypeError, "each side of grid as a whole number, got 2.0"),
        (good, 0, (2, 3), ValueError, "patch of at least 1, got 0"),
    ):
        with pytest.raises(error, match=says):
            unpatchify(wrong, patch, grid)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"patch as a whole number, got 2\.5"):
        module.patchify(torch.zeros(1, 1, 5, 5), 2.5)  # type: ignore[arg-type]
    for sizes in ((0, 3, 4), (8, 0, 4), (8, 3, 0)):
        with pytest.raises(ValueError, match="of at least 1, got 0"):
            module.PatchEmbedding(*sizes)
    assert require_grid([np.int64(2), 3], "grid") == (2, 3)


def test_near_sides_are_whole_patches_around_it() -> None:
    assert [near_sides(side, 16) for side in (1, 17, 100, 223)] == ["16", "16 or 32", "96 or 112", "208 or 224"]


PATCHIFY, UNPATCHIFY = module.patchify, module.unpatchify


def channels_first(images: Tensor, patch: int) -> Tensor:
    """As a convolution's weight is ordered, and F.unfold's columns."""
    return F.unfold(images, patch, stride=patch).transpose(1, 2)


def transposed(images: Tensor, patch: int) -> Tensor:
    """Inside a patch column by column."""
    b, c, h, w = images.shape
    cut = images.reshape(b, c, h // patch, patch, w // patch, patch)
    return cut.permute(0, 2, 4, 5, 3, 1).reshape(b, -1, patch * patch * c)


def column_by_column(images: Tensor, patch: int) -> Tensor:
    b, c, h, w = images.shape
    cut = images.reshape(b, c, h // patch, patch, w // patch, patch)
    return cut.permute(0, 4, 2, 3, 5, 1).reshape(b, -1, patch * patch * c)


def striped(images: Tensor, patch: int) -> Tensor:
    return images.reshape(len(images), -1, patch**2 * images.shape[1])


def grid_turned(patches: Tensor, patch: int, grid: tuple[int, int]) -> Tensor:
    return UNPATCHIFY(patches, patch, grid[::-1]).reshape(len(patches), -1, grid[0] * patch, grid[1] * patch)


class _NoBias(module.PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        return linear(PATCHIFY(images, self.patch), self.projection.weight)


LOOP, CONV = test_patches_by_a_slow_loop, test_the_embedding_equals_a_convolution_of_stride_p
BACK = test_there_and_back_is_exact_for_pictures_gradients_and_other_types
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("a patch is ordered channel by channel", "patchify", channels_first, LOOP),
    ("channel by channel, seen by ViTMAE", "patchify", channels_first,
     test_patches_are_ordered_as_vit_mae_orders_them_and_back),
    ("a patch is ordered column by column", "patchify", transposed, LOOP),
    ("the patches are ordered column by column", "patchify", column_by_column, LOOP),
    ("a plain reshape cuts stripes", "patchify", striped, LOOP),
    ("rows and columns are taken for each other", "unpatchify", grid_turned, BACK),
    ("stripes, seen by the way back", "patchify", striped, BACK),
    ("stripes, seen by the convolution", "patchify", striped, CONV),
    ("the bias is forgotten", "PatchEmbedding", _NoBias, CONV),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_four_channels_and_a_width_of_four_are_channels_first() -> None:
    assert module.patchify(torch.zeros(2, 4, 8, 4), 4).shape == (2, 2, 64)
