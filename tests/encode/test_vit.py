"""The ViT written out by its formulas, its promises one by one, and what it refuses; the library: tests/bridge."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlearn.blocks.patches import patchify
from mmlearn.blocks.positions import interpolate_positions, sinusoidal_positions_2d
from mmlearn.bridge.perturb import perturb_
from mmlearn.encode import vit as module
from mmlearn.encode.vit import ViTConfig
from mmlearn.train.card import Card
from mmlearn.train.checkpoint import load_checkpoint, save_checkpoint

SMALL = ViTConfig(image=10, patch=2, channels=2, classes=5, width=12, depth=2, heads=3, hidden=18, eps=1e-3)
MEAN = dataclasses.replace(SMALL, pooling="mean", activation="gelu_tanh")


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape or (3, 2, 10, 10), generator=torch.Generator().manual_seed(seed))


def fresh(config: ViTConfig = SMALL, **changes: Any) -> module.ViT:
    torch.manual_seed(0)
    return perturb_(module.ViT(dataclasses.replace(config, **changes))).eval()


def norm(weights: dict[str, Tensor], name: str, x: Tensor, eps: float) -> Tensor:
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, correction=0)
    return (x - mean) / (variance + eps).sqrt() * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def layer(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def written_out(w: dict[str, Tensor], config: ViTConfig, images: Tensor) -> Tensor:
    """The forward pass from the weights alone: a convolution, a loop over heads, the states, then the logits."""
    kernel = w["patch_embedding.projection.weight"].unflatten(1, (config.patch, config.patch, -1)).permute(0, 3, 1, 2)
    x = F.conv2d(images, kernel, w["patch_embedding.projection.bias"], stride=config.patch)  # (B, D, rows, columns)
    x = (
        torch.cat([w["class_token"].repeat(len(x), 1, 1), x.flatten(2).transpose(1, 2)], dim=1)
        + w["position_embedding"]
    )
    bend = {"gelu": lambda a: F.gelu(a), "gelu_tanh": lambda a: F.gelu(a, approximate="tanh")}[config.activation]
    for n in range(config.depth):
        name, size = f"transformer.blocks.{n}", config.width // config.heads
        y = norm(w, f"{name}.norm1", x, config.eps)
        q, k, v = (layer(w, f"{name}.attention.{part}", y) for part in ("query", "key", "value"))
        heads = []
        for h in range(config.heads):
            own = slice(h * size, (h + 1) * size)
            heads.append((q[..., own] @ k[..., own].transpose(1, 2) / math.sqrt(size)).softmax(-1) @ v[..., own])
        x = x + layer(w, f"{name}.attention.output", torch.cat(heads, -1))
        y = bend(layer(w, f"{name}.feed_forward.up", norm(w, f"{name}.norm2", x, config.eps)))
        x = x + layer(w, f"{name}.feed_forward.down", y)
    x = norm(w, "transformer.norm", x, config.eps)
    return layer(w, "head", x[:, 0] if config.pooling == "class" else x[:, 1:].mean(1))


def test_equals_the_formulas_written_out() -> None:
    for config in (SMALL, MEAN):
        model = fresh(config)
        ours, theirs = (pictures().requires_grad_() for _ in range(2))
        weights = {key: value.detach().clone().requires_grad_() for key, value in model.state_dict().items()}
        found, expected = model(ours), written_out(weights, config, theirs)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
        onto = pictures(*found.shape, seed=1)
        (found * onto).sum().backward()
        (expected * onto).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-4)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(parameter.grad, weights[name].grad, atol=1e-5, rtol=1e-4, msg=name)


def test_the_parts_put_together_are_the_whole() -> None:
    model, images = fresh(), pictures()
    tokens = model.embed(images)
    assert tokens.shape == (3, SMALL.patches, 12)
    torch.testing.assert_close(tokens, model.patch_embedding(images) + model.position_embedding[:, 1:])
    whole = model.with_class(tokens)
    assert whole.shape == (3, SMALL.patches + 1, 12) and torch.equal(whole[:, 1:], tokens)
    torch.testing.assert_close(whole[:, :1], (model.class_token + model.position_embedding[:, :1]).expand(3, -1, -1))
    states = model.states(images)
    torch.testing.assert_close(model.transformer(whole), states)
    torch.testing.assert_close(model.head(model.pool(states)), model(images))
    torch.testing.assert_close(model.features(images), states[:, 0])
    kept = tokens[:, [4, 0, 7]]  # as a masked autoencoder: some, in any order
    assert model.transformer(model.with_class(kept)).shape == (3, 4, 12)
    again, weights = model.states(images, return_weights=True)
    torch.testing.assert_close(again, states, atol=1e-5, rtol=1e-4)
    assert weights.shape == (3, 2, 3, 26, 26)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 3, 26))


def test_the_mean_is_over_the_patches_and_the_class_token_is_there_all_the_same() -> None:
    model, images = fresh(MEAN), pictures()
    states = model.states(images)
    assert states.shape == (3, 26, 12)
    torch.testing.assert_close(model.features(images), states[:, 1:].mean(dim=1))
    model(images).sum().backward()
    assert model.class_token.grad is not None and model.class_token.grad.abs().sum() > 0  # patches look at it


def test_without_positions_the_order_of_the_patches_is_not_seen() -> None:
    model, images = fresh(), pictures()
    shuffled = images.unflatten(3, (5, 2))[..., [3, 0, 4, 1, 2], :].flatten(3)  # columns of patches change places
    assert not torch.allclose(model(images), model(shuffled), atol=1e-3)
    nn.init.zeros_(model.position_embedding)
    torch.testing.assert_close(model(images), model(shuffled), atol=1e-5, rtol=1e-4)


def test_other_sizes_by_interpolated_positions_when_asked() -> None:
    for config in (SMALL, dataclasses.replace(SMALL, positions="sinusoidal")):
        model = fresh(config)
        for size in ((14, 6), (4, 4), (2, 50), (20, 20)):
            images = pictures(2, 2, *size)
            grid = (size[0] // 2, size[1] // 2)
            positions = interpolate_positions(model.position_embedding[0, 1:], config.grid, grid)
            torch.testing.assert_close(model.embed(images, interpolate=True), model.patch_embedding(images) + positions)
            assert model(images, interpolate=True).shape == (2, 5)
            assert model.features(images, interpolate=True).shape == (2, 12)
            with pytest.raises(ValueError, match=rf"10 x 10, .* got {size[0]} x {size[1]}: .* pass interpolate=True"):
                model(images)
        same = pictures()
        assert torch.equal(model(same), model(same, interpolate=True))


def test_as_many_patches_on_another_grid_are_another_size() -> None:
    model = fresh(image=4)  # a grid of 2 x 2; 1 x 4 has as many
    with pytest.raises(ValueError, match="4 x 4, as this model has learned, got 2 x 8"):
        model.states(pictures(1, 2, 2, 8))


def test_sinusoidal_positions_stay_and_the_rest_learns() -> None:
    model = module.ViT(dataclasses.replace(SMALL, positions="sinusoidal"))
    table = model.position_embedding
    assert not table.requires_grad and not table[0, 0].any()
    assert torch.equal(table[0, 1:], sinusoidal_positions_2d((5, 5), 12))
    assert "position_embedding" in model.state_dict()
    model(pictures()).sum().backward()
    assert [name for name, each in model.named_parameters() if each.grad is None] == ["position_embedding"]


def test_how_weights_start() -> None:
    torch.manual_seed(0)
    model = module.ViT(ViTConfig(classes=50))
    for tensor in (model.class_token, model.position_embedding, model.head.weight):
        assert float(tensor.detach().std()) == pytest.approx(0.02, rel=0.15)  # type: ignore[union-attr]
    assert model.head.bias is not None and not model.head.bias.any()  # type: ignore[union-attr]
    assert float(model.patch_embedding.projection.weight.detach().std()) == pytest.approx(1 / 192**0.5, rel=0.05)
    torch.manual_seed(0)
    again = module.ViT(ViTConfig(classes=50)).state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in model.state_dict().items())


def test_without_classes_the_features_come_out() -> None:
    model = fresh(classes=0)
    assert isinstance(model.head, nn.Identity)
    assert torch.equal(model(pictures()), model.features(pictures()))
    assert not any(name.startswith("head") for name in model.state_dict())


def test_dropout_falls_in_training_alone() -> None:
    model = fresh(dropout=0.5)
    assert torch.equal(model(pictures()), model(pictures()))
    model.train()
    assert not torch.equal(model(pictures()), model(pictures()))


def test_it_learns_which_patch_is_bright() -> None:
    torch.manual_seed(0)
    config = ViTConfig(image=6, patch=3, channels=1, classes=4, width=16, depth=1, heads=2, hidden=16)
    model, labels = module.ViT(config), torch.arange(64) % 4
    images = 0.1 * pictures(64, 1, 6, 6)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, 3 * (label // 2) :, 3 * (label % 2) :][:, :3, :3] += 1
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimiser.step()
    assert float((model(images).argmax(-1) == labels).float().mean()) == 1.0


def test_the_config_is_plain_and_says_its_sizes(tmp_path: Path) -> None:
    config = ViTConfig(224, 16, 3, 1000, 768, 12, 12, 3072)
    assert config.grid == (14, 14) and config.patches == 196 and config.head_width == 64 and config.eps == 1e-6
    with torch.device("meta"):  # the published count of ViT-B/16 with its head
        assert sum(each.numel() for each in module.ViT(config).parameters()) == 86_567_656
    assert ViTConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.width = 3  # type: ignore[misc]
    model = fresh()
    card = Card("Tests.", "none", "0", {"accuracy": "none"}, "MIT")
    save_checkpoint(tmp_path / "tiny-vit", model, SMALL, card)
    again = load_checkpoint(tmp_path / "tiny-vit", lambda settings: module.ViT(ViTConfig(**settings))).eval()
    assert again.config == SMALL and torch.equal(again(pictures()), model(pictures()))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"image": 70}, ValueError, "got 70 pixels and patches of 8: take an image of 64 or 72, or another patch"),
        ({"image": 4}, ValueError, "take an image of 8"),
        ({"patch": 0}, ValueError, "patch of at least 1, got 0"),
        ({"patch": (8, 8)}, TypeError, "patch as a whole number, got"),
        ({"classes": -1}, ValueError, "classes of at least 0, got -1"),
        ({"depth": 0}, ValueError, "depth of at least 1"),
        ({"width": 192.0}, TypeError, "width as a whole number"),
        ({"heads": 5}, ValueError, "a multiple of the heads, got 192 and 5"),
        ({"pooling": "cls"}, ValueError, 'expected pooling "class" or "mean", got \'cls\''),
        ({"positions": "rotary"}, ValueError, 'expected positions "learned" or "sinusoidal", got \'rotary\''),
        ({"positions": "sinusoidal", "width": 6}, ValueError, "multiple of 4 for sinusoidal positions, got 6"),
        ({"activation": "swish"}, ValueError, "an activation of relu, .* got 'swish'"),
        ({"eps": 0.0}, ValueError, "eps above 0 and finite"),
        ({"dropout": 1.0}, ValueError, "dropout from 0 to below 1"),
    ],
)
def test_configs_that_no_model_can_have(changes: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ViTConfig(**changes)


@pytest.mark.parametrize(
    ("images", "error", "says"),
    [
        (torch.zeros(1, 10, 10, 2), ValueError, "the channels are last"),
        (torch.zeros(1, 2, 10, 10).byte(), TypeError, "levels 0 to 255"),
        (torch.zeros(2, 10, 10), ValueError, r"one picture needs images\[None\]"),
        (torch.zeros(1, 3, 10, 10), ValueError, "the model was made for 2 channels"),
        (torch.zeros(1, 2, 10, 11), ValueError, "the width to 10 or 12"),
        (torch.zeros(1, 2, 10, 10).double(), TypeError, "as the weights are, got torch.float64"),
    ],
)
def test_bad_pictures_are_refused_before_anything_is_computed(
    images: Tensor, error: type[Exception], says: str
) -> None:
    for call in (fresh(), fresh().embed, fresh().states, fresh().features):
        for interpolate in (False, True):
            with pytest.raises(error, match=says):
                call(images, interpolate=interpolate)


def test_what_is_no_tokens_or_states_is_refused() -> None:
    model = fresh(MEAN)
    for function, name in ((model.with_class, "tokens"), (model.pool, "states")):
        for wrong, error in ((torch.zeros(3, 12), ValueError), (torch.zeros(3, 4, 11), ValueError), ([1.0], TypeError)):
            with pytest.raises(error, match=f"expected {name}"):
                function(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a class token and patches, got \(3, 1, 12\): no patches"):
        model.pool(torch.zeros(3, 1, 12))


VIT, TRANSFORMER, EMBEDDING = module.ViT, module.Transformer, module.PatchEmbedding


class _MeanOverClassToo(VIT):  # type: ignore[misc, valid-type]
    def pool(self, states: Tensor) -> Tensor:
        return states[:, 0] if self.config.pooling == "class" else states.mean(dim=1)


class _ClassLast(VIT):  # type: ignore[misc, valid-type]
    def with_class(self, tokens: Tensor) -> Tensor:
        return super().with_class(tokens).roll(-1, dims=1)


class _LastForClass(VIT):  # type: ignore[misc, valid-type]
    def pool(self, states: Tensor) -> Tensor:
        return states[:, -1] if self.config.pooling == "class" else super().pool(states)


class _PositionsTwice(VIT):  # type: ignore[misc, valid-type]
    def with_class(self, tokens: Tensor) -> Tensor:
        return super().with_class(tokens) + self.position_embedding[:, : tokens.shape[1] + 1]


class _AlwaysInterpolates(VIT):  # type: ignore[misc, valid-type]
    def embed(self, images: Tensor, **size: bool) -> Tensor:
        return super().embed(images, interpolate=True)


class _SineTableLearns(VIT):  # type: ignore[misc, valid-type]
    def __init__(self, config: ViTConfig) -> None:
        super().__init__(config)
        self.position_embedding.requires_grad_()


class _LearnsUnlearnt(VIT):  # type: ignore[misc, valid-type]
    """The mean pooling drops the class token altogether, so that it never learns."""

    def with_class(self, tokens: Tensor) -> Tensor:
        whole = super().with_class(tokens)
        return whole if self.config.pooling == "class" else torch.cat([whole[:, :1].detach(), tokens], dim=1)


def norm_after(*sizes: Any) -> nn.Module:
    stack = TRANSFORMER(*sizes)
    for block in stack.blocks:
        block.pre_norm = False
    return stack


class _Turned(EMBEDDING):  # type: ignore[misc, valid-type]
    def forward(self, images: Tensor) -> Tensor:
        return self.projection(patchify(images.transpose(2, 3), self.patch))


FORMULAS = test_equals_the_formulas_written_out
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the mean is over the class token too", "ViT", _MeanOverClassToo,
     test_the_mean_is_over_the_patches_and_the_class_token_is_there_all_the_same),
    ("the mean is over the class token too, by the formulas", "ViT", _MeanOverClassToo, FORMULAS),
    ("the class token last", "ViT", _ClassLast, test_the_parts_put_together_are_the_whole),
    ("the last patch for the class token", "ViT", _LastForClass, FORMULAS),
    ("positions added again with the class token", "ViT", _PositionsTwice, FORMULAS),
    ("the class token does not learn with the mean", "ViT", _LearnsUnlearnt,
     test_the_mean_is_over_the_patches_and_the_class_token_is_there_all_the_same),
    ("fixed positions learn", "ViT", _SineTableLearns, test_sinusoidal_positions_stay_and_the_rest_learns),
    ("other sizes go through unasked", "ViT", _AlwaysInterpolates, lambda: other_sizes_are_refused()),
    ("pictures turned: rows for columns", "PatchEmbedding", _Turned, FORMULAS),
    ("eps of its own", "Transformer", lambda *sizes: TRANSFORMER(*sizes[:6], 1e-12), FORMULAS),
    ("post-norm", "Transformer", norm_after, FORMULAS),
    ("one GELU for both", "Transformer", lambda *sizes: TRANSFORMER(*sizes[:5], "gelu", *sizes[6:]), FORMULAS),
    ("rows and columns swapped in the interpolation", "interpolate_positions",
     lambda table, old, new: interpolate_positions(table, old, new[::-1]),
     test_other_sizes_by_interpolated_positions_when_asked),
)  # fmt: skip


def other_sizes_are_refused() -> None:
    try:
        fresh().states(pictures(1, 2, 4, 4))
    except ValueError:
        return
    raise AssertionError("went through")


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_dropout_falls_on_the_embedded_tokens_too() -> None:
    model = fresh(dropout=0.5).train()
    model.transformer.eval()
    assert not torch.equal(model(pictures()), model(pictures()))


def test_interpolated_positions_learn() -> None:
    model = fresh()
    model(pictures(2, 2, 14, 6), interpolate=True).sum().backward()
    assert model.position_embedding.grad is not None and bool(model.position_embedding.grad[0].any(-1).all())


@pytest.mark.parametrize("eps", [1e-12, 1e-6, 1e-5])
def test_eps_reaches_every_norm_as_it_is(eps: float) -> None:
    norms = [part.eps for part in module.ViT(dataclasses.replace(SMALL, eps=eps)).modules() if hasattr(part, "eps")]
    assert norms == [eps] * (2 * SMALL.depth + 1)


def test_what_is_no_config_or_number_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a ViTConfig, got dict"):
        module.ViT({"image": 32})  # type: ignore[arg-type]
    for name, wrong in (("eps", "1e-6"), ("dropout", None), ("eps", True)):
        with pytest.raises(TypeError, match=f"expected {name} as a number, got"):
            ViTConfig(**{name: wrong})
    with pytest.raises(ValueError, match="no patches"):
        fresh().pool(torch.zeros(2, 0, 12))
