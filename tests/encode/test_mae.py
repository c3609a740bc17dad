"""MAE against ViTMAEForPreTraining: loss, predictions, gradients, pictures; what hidden patches may not change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from transformers.models.vit_mae.modeling_vit_mae import ViTMAEDecoder

from mmlearn.blocks.patches import patchify
from mmlearn.bridge import load, vit_mae
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import remap
from mmlearn.encode import mae as module
from mmlearn.encode.mae import MAE, MAEConfig, MAEOutput
from mmlearn.encode.masking import hide_patches
from mmlearn.encode.vit import ViTConfig
from mmlearn.train.card import Card
from mmlearn.train.checkpoint import load_checkpoint, save_checkpoint

ENCODER = ViTConfig(
    image=15, patch=3, channels=2, width=12, depth=3, heads=2, hidden=20, positions="sinusoidal", eps=1e-3
)
SHAPE = MAEConfig(ENCODER, width=20, depth=2, heads=5, hidden=14, mask_ratio=0.6)
B, N = 3, 25
IMAGES = (
    torch.randn(B, 2, 15, 15, generator=torch.Generator().manual_seed(0)) * 0.5
    + torch.tensor([0.1, -0.4])[:, None, None]
)
NOISE = torch.rand(B, N, generator=torch.Generator().manual_seed(1))


def fresh(config: MAEConfig = SHAPE) -> MAE:
    model: MAE = module.MAE(config).eval()
    return model


def both(config: MAEConfig = SHAPE) -> tuple[MAE, ViTMAEForPreTraining]:
    """Theirs, every parameter perturbed, tables of positions too, and ours with its weights; eager attention."""
    ours = fresh(config)
    settings = ViTMAEConfig(**vit_mae.settings(ours), attn_implementation="eager")
    theirs = perturb_(ViTMAEForPreTraining(settings).eval(), scale=0.2)
    return load(ours, theirs), theirs


def close(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


CONFIGS = [
    SHAPE,
    replace(SHAPE, normalise_targets=False, mask_ratio=0.3),
    replace(SHAPE, mask_ratio=0.95),  # one patch is seen
    MAEConfig(replace(ENCODER, image=12, patch=4, channels=1, depth=1, eps=1e-12, activation="gelu_tanh"), 8, 1, 1, 9),
    MAEConfig(replace(ENCODER, image=21, patch=7, channels=3, width=20, heads=5), 4, 3, 2, 6, 0.5, False),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_loss_and_predictions_are_vit_maes(config: MAEConfig) -> None:
    is_vit_mae(config)


def is_vit_mae(config: MAEConfig = SHAPE) -> None:
    ours, theirs = both(config)
    e = config.encoder
    images = torch.randn(4, e.channels, e.image, e.image, generator=torch.Generator().manual_seed(2)) - 0.3
    noise = torch.rand(4, e.patches, generator=torch.Generator().manual_seed(3))
    mine, other = ours(images, noise=noise), theirs(images, noise=noise)
    close(mine.loss, other.loss)
    close(mine.predictions, other.logits)
    assert torch.equal(mine.mask, other.mask) and mine.mask.sum(1).tolist() == [e.patches - config.kept] * 4
    close(ours.targets(images), _their_targets(theirs, images))


def _their_targets(theirs: ViTMAEForPreTraining, images: Tensor) -> Tensor:
    patches: Tensor = theirs.patchify(images)
    if not theirs.config.norm_pix_loss:
        return patches
    return (patches - patches.mean(-1, keepdim=True)) / (patches.var(-1, keepdim=True) + 1e-6) ** 0.5


@pytest.mark.parametrize("eps", [1e-12, 1e-6, 1e-5])
def test_a_small_eps_is_vit_maes_too(eps: float) -> None:
    small_eps(eps)


def small_eps(eps: float = 1e-12) -> None:
    """Sines of variance 1/2 hide a small eps: where both streams are made faint, even 1e-6 shows, in any one norm."""
    ours, theirs = both(replace(SHAPE, encoder=replace(ENCODER, eps=eps)))
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():  # all that is added to a stream
            if any(part in name for part in ("embed", "mask_token", "o_proj", "fc2")):
                tensor.mul_(1e-2)
    load(ours, theirs)
    expected = theirs(IMAGES, noise=NOISE).logits
    close(ours(IMAGES, NOISE).predictions, expected)
    for norm in [part for part in ours.modules() if isinstance(part, nn.LayerNorm)]:
        for other in {1e-12, 1e-6, 1e-5} - {eps}:
            norm.eps = other
            found = ours(IMAGES, NOISE).predictions
            assert not torch.allclose(found, expected, atol=1e-5, rtol=1e-4), f"{other} passes for {eps}"
        norm.eps = eps


def test_gradients_of_pictures_and_every_parameter_are_vit_maes() -> None:
    for config in CONFIGS[:2]:
        ours, theirs = both(config)
        x, y = (IMAGES.clone().requires_grad_() for _ in range(2))
        weights = torch.linspace(-1, 2, B * N * 18).reshape(B, N, 18)
        mine, other = ours(x, noise=NOISE), theirs(y, noise=NOISE)
        (9 * mine.loss + (mine.predictions * weights).sum() / 20).backward()  # so that the largest are above 1
        (9 * other.loss + (other.logits * weights).sum() / 20).backward()
        assert x.grad is not None and x.grad.abs().max() > 0.1
        close(x.grad, y.grad)
        grads = {name: tensor.grad for name, tensor in theirs.named_parameters() if tensor.requires_grad}
        table = [
            rule for rule in vit_mae.rules(grads) if not rule.source.endswith(("position_embeddings", "pos_embed"))
        ]
        learned = {name: tensor for name, tensor in ours.named_parameters() if tensor.requires_grad}
        assert set(dict(ours.named_parameters())) - set(learned) == {"encoder.position_embedding", "decoder_positions"}
        for name, due in remap(grads, table, learned).items():
            assert learned[name].grad is not None, f"{name} gets no gradient"
            close(learned[name].grad, due)
        assert max(float(grad.abs().max()) for grad in grads.values()) > 1


def test_reconstruction_is_vit_maes_with_the_seen_patches_pasted() -> None:
    for config in CONFIGS[:2]:
        ours, theirs = both(config)
        got = ours.reconstruct(IMAGES, noise=NOISE)
        out, patches = theirs(IMAGES, noise=NOISE), theirs.patchify(IMAGES)
        guessed = out.logits
        if config.normalise_targets:
            guessed = guessed * (patches.var(-1, keepdim=True) + 1e-6) ** 0.5 + patches.mean(-1, keepdim=True)
        mask = out.mask[..., None]
        close(got, theirs.unpatchify(guessed * mask + patches * (1 - mask)))
        seen = patchify(got, 3)[out.mask == 0]
        assert torch.equal(seen, patchify(IMAGES, 3)[out.mask == 0]) and not got.requires_grad


def test_what_is_hidden_changes_no_prediction() -> None:
    ours, _ = both()
    found = ours(IMAGES, noise=NOISE)
    other = ours(hide_patches(IMAGES, found.mask, 3, fill=5.0), noise=NOISE)
    assert torch.equal(found.predictions, other.predictions) and torch.equal(found.mask, other.mask)
    seen = IMAGES + 0.1 * (found.mask.reshape(B, 1, 5, 5).repeat_interleave(3, 2).repeat_interleave(3, 3) == 0)
    assert (ours(seen, noise=NOISE).predictions - found.predictions).abs().amax((1, 2)).min() > 1e-3


def test_hidden_places_are_told_apart_by_their_positions() -> None:
    ours, _ = both()
    found = ours(IMAGES, noise=NOISE)
    for picture, mask in zip(found.predictions, found.mask, strict=True):
        assert torch.pdist(picture[mask == 1]).min() > 1e-3
    ours.decoder_positions.data.zero_()  # then all mask tokens are alike
    blind = ours(IMAGES, noise=NOISE)
    for picture, mask in zip(blind.predictions, blind.mask, strict=True):
        assert torch.pdist(picture[mask == 1]).max() < 1e-4


def test_the_encoder_sees_a_class_token_and_the_kept_patches_only() -> None:
    ours, seen = fresh(), []
    ours.encoder.transformer.register_forward_pre_hook(lambda module, given: seen.append(given[0].shape))
    states, mask, restore = ours.encode(IMAGES, NOISE)
    assert seen == [(B, 11, 12)] and SHAPE.kept == 10
    assert states.shape == (B, 11, 12) and mask.shape == restore.shape == (B, N)
    assert ours.decode(states, restore).shape == (B, N, 18)


def test_a_generator_draws_the_noise_and_torchs_own_is_left_alone() -> None:
    ours, draw = fresh(), torch.Generator
    first, again, other = (ours(IMAGES, generator=draw().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(first.mask, again.mask) and torch.equal(first.loss, again.loss)
    assert not torch.equal(first.mask, other.mask)
    assert len({tuple(row) for row in first.mask.tolist()}) == B  # each picture hides other patches
    state = torch.get_rng_state()
    ours(IMAGES, generator=draw().manual_seed(5)), ours(IMAGES, NOISE)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(0)
    drawn = ours(IMAGES).mask
    torch.manual_seed(0)
    assert torch.equal(ours(IMAGES).mask, drawn)


def test_parts_and_how_they_start() -> None:
    torch.manual_seed(0)
    wide = MAEConfig(replace(ENCODER, width=60), width=40, heads=5)
    ours = MAE(wide)
    assert ours.encoder.config.positions == "sinusoidal" and not ours.encoder.position_embedding.requires_grad
    assert not ours.decoder_positions.requires_grad
    for weight in (ours.mask_token, ours.to_decoder.weight, ours.prediction.weight):
        assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.3)
    assert (ours.prediction.bias == 0).all() and (ours.to_decoder.bias == 0).all()
    theirs = ViTMAEDecoder(ViTMAEConfig(**vit_mae.settings(ours)), N)  # alone: a whole fresh model zeroes the table
    close(ours.decoder_positions.detach(), theirs.decoder_pos_embed.detach())
    assert float(ours(IMAGES).loss.detach()) == pytest.approx(1.0, abs=0.1)  # it says 0 of numbers of variance 1


def test_every_parameter_that_may_learn_does() -> None:
    ours = fresh()
    ours(IMAGES, NOISE).loss.backward()
    for name, parameter in ours.named_parameters():
        assert (parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)) == parameter.requires_grad, name


def test_it_learns_to_fill_in_what_the_seen_patches_tell() -> None:
    torch.manual_seed(0)
    tiny = ViTConfig(image=6, patch=2, channels=1, width=16, depth=1, heads=2, hidden=32, positions="sinusoidal")
    model = MAE(MAEConfig(tiny, 16, 1, 2, 32, mask_ratio=0.5, normalise_targets=False))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    draw, losses = torch.Generator().manual_seed(0), []
    for _ in range(50):
        levels = torch.rand(32, 1, 1, 1, generator=draw) * 2 - 1  # one grey for each picture, of variance 1/3
        optimiser.zero_grad()
        loss = model(levels.expand(32, 1, 6, 6), generator=draw).loss
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 0.25 and sum(losses[-10:]) / 10 < 0.05


def test_a_checkpoint_gives_it_back(tmp_path: Path) -> None:
    ours = perturb_(fresh())
    card = Card("Fills in.", "none", "0", {"loss": "none"}, "MIT")
    folder = save_checkpoint(tmp_path / "tiny-mae", ours, SHAPE, card)
    again = load_checkpoint(folder, lambda config: MAE(MAEConfig(**config)))
    assert again.config == SHAPE
    assert torch.equal(again(IMAGES, NOISE).loss, ours(IMAGES, NOISE).loss)


def test_a_config_goes_through_json_and_is_frozen() -> None:
    assert MAEConfig(**json.loads(json.dumps(asdict(SHAPE)))) == SHAPE
    counted = MAEConfig(ENCODER, width=np.int64(24))  # type: ignore[arg-type]
    assert type(counted.width) is int
    with pytest.raises(FrozenInstanceError):
        SHAPE.width = 3  # type: ignore[misc]


def test_learned_positions_of_the_encoder_learn() -> None:
    ours = fresh(replace(SHAPE, encoder=replace(ENCODER, positions="learned")))
    ours(IMAGES, NOISE).loss.backward()
    assert ours.encoder.position_embedding.grad is not None and ours.encoder.position_embedding.grad.abs().sum() > 0


def test_dropout_of_the_encoders_config_reaches_both() -> None:
    model = MAE(replace(SHAPE, encoder=replace(ENCODER, dropout=0.25)))
    assert {part.p for part in model.modules() if isinstance(part, nn.Dropout)} == {0.25}
    assert torch.equal(model.eval()(IMAGES, NOISE).loss, model(IMAGES, NOISE).loss)


def test_float64() -> None:
    out = fresh().double()(IMAGES.double(), NOISE)
    assert isinstance(out, MAEOutput) and out.loss.dtype == out.predictions.dtype == torch.float64


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"encoder": 3}, TypeError, "encoder as a ViTConfig, got int"),
        ({"encoder": replace(ENCODER, classes=5)}, ValueError, "without head, got classes=5: use classes=0"),
        ({"width": 0}, ValueError, "the decoder's width of at least 1, got 0"),
        ({"width": 21, "heads": 3}, ValueError, "a multiple of its heads and of 4 .* got 21 and 3 heads"),
        ({"width": 20, "heads": 3}, ValueError, "a multiple of its heads and of 4 .* got 20 and 3 heads"),
        ({"depth": 1.5}, TypeError, "the decoder's depth as a whole number, got 1.5"),
        ({"mask_ratio": 1.0}, ValueError, "from 0 to below 1, got 1.0"),
        ({"mask_ratio": 75}, ValueError, "is it a percentage"),
        ({"mask_ratio": 0.99}, ValueError, "0.99 leaves none of 25 patches"),
        ({"mask_ratio": 0.0}, ValueError, "0.0 hides none of 25 patches: raise it"),
        ({"normalise_targets": 1}, TypeError, "normalise_targets True or False, got 1"),
    ],
)
def test_a_config_that_no_model_can_have_is_refused(changes: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        replace(SHAPE, **changes)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda m: m(IMAGES[0]), ValueError, r"one picture needs images\[None\]"),
        (lambda m: m(IMAGES.permute(0, 2, 3, 1)), ValueError, "the channels are last"),
        (lambda m: m((IMAGES * 99).byte()), TypeError, r"floats, got torch\.uint8"),
        (lambda m: m(torch.zeros(2, 2, 18, 18)), ValueError, "pictures of 15 x 15"),
        (lambda m: m(torch.zeros(2, 3, 15, 15)), ValueError, r"expected \(B, 2, H, W\), got \(2, 3, 15, 15\)"),
        (
            lambda m: m(IMAGES, NOISE[:, :9]),
            ValueError,
            r"noise \(B, N\) = \(3, 25\), one number a token, got \(3, 9\)",
        ),
        (lambda m: m(IMAGES, NOISE[0]), ValueError, "would hide the same patches of every picture"),
        (lambda m: m(IMAGES, generator=3), TypeError, "generator as a torch.Generator, got int"),
        (lambda m: m(IMAGES[:0]), ValueError, "expected one picture or more, got none"),
        (
            lambda m: m.decode(torch.zeros(3, 11, 9), torch.zeros(3, 25).long()),
            ValueError,
            r"states of shape \(B, N, 12\)",
        ),
    ],
)
def test_bad_input_is_refused(call: Callable[[MAE], Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        call(fresh())


MODEL, MASKING, STACK = MAE, module.random_masking, module.Transformer


class _NoRestore(MODEL):  # type: ignore[misc, valid-type]
    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        return super().decode(states, torch.arange(restore.shape[1]).expand_as(restore))


class _ScatteredBack(MODEL):  # type: ignore[misc, valid-type]
    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        return super().decode(states, restore.argsort(dim=1))


class _NoClassInDecoder(MODEL):  # type: ignore[misc, valid-type]
    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        x = self.to_decoder(states)
        x = torch.cat([x[:, 1:], self.mask_token.expand(len(x), restore.shape[1] + 1 - x.shape[1], -1)], dim=1)
        x = x.gather(1, restore[..., None].expand_as(x)) + self.decoder_positions[:, 1:]
        return self.prediction(self.decoder(x))


class _MaskTokenWithoutPositions(MODEL):  # type: ignore[misc, valid-type]
    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        x = self.to_decoder(states)
        row = torch.cat([x[:, 1:], self.mask_token.expand(len(x), restore.shape[1] + 1 - x.shape[1], -1)], dim=1)
        seen = (restore < states.shape[1] - 1)[..., None]  # (B, N, 1)
        patches = row.gather(1, restore[..., None].expand_as(row)) + self.decoder_positions[:, 1:] * seen
        return self.prediction(self.decoder(torch.cat([x[:, :1] + self.decoder_positions[:, :1], patches], 1))[:, 1:])


class _NoDecoderPositions(MODEL):  # type: ignore[misc, valid-type]
    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        kept, self.decoder_positions.data = self.decoder_positions.data, self.decoder_positions.data * 0
        out = super().decode(states, restore)
        self.decoder_positions.data = kept
        return out


class _FirstPredictionsToo(MODEL):  # type: ignore[misc, valid-type]
    """The class token's prediction is taken for the first patch's."""

    def decode(self, states: Tensor, restore: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self.decoder.register_forward_hook(lambda part, given, gave: seen.append(gave))
        super().decode(states, restore)
        hook.remove()
        return self.prediction(seen[0][:, :-1])


class _MasksBeforePositions(MODEL):  # type: ignore[misc, valid-type]
    """The encoder's tokens lose their positions."""

    def encode(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Any:
        kept, self.encoder.position_embedding.data = self.encoder.position_embedding.data, torch.zeros(1, N + 1, 12)
        out = super().encode(images, noise, generator=generator)
        self.encoder.position_embedding.data = kept
        return out


class _SeesAll(MODEL):  # type: ignore[misc, valid-type]
    """Hidden patches are set to zero, not left out: four times the work, and the encoder knows where they were."""

    def encode(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Any:
        tokens = self.encoder.embed(images)
        _, mask, restore = MASKING(tokens, self.config.mask_ratio, self._noise(tokens, noise, generator))
        states = self.encoder.transformer(self.encoder.with_class(tokens * (1 - mask)[..., None]))
        order = restore.argsort(dim=1)[:, : self.config.kept, None].expand(-1, -1, states.shape[2])
        return torch.cat([states[:, :1], states[:, 1:].gather(1, order)], dim=1), mask, restore


class _NoClassToken(MODEL):  # type: ignore[misc, valid-type]
    def encode(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Any:
        self.encoder.class_token.data.zero_()
        return super().encode(images, noise, generator=generator)


class _RawTargets(MODEL):  # type: ignore[misc, valid-type]
    def targets(self, images: Tensor) -> Tensor:
        return patchify(images, self.config.encoder.patch)


class _ShowsTheTruth(MODEL):  # type: ignore[misc, valid-type]
    def reconstruct(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Tensor:
        return images


class _PastesNothing(MODEL):  # type: ignore[misc, valid-type]
    """Shows predictions where patches were seen as well."""

    @torch.no_grad()
    def reconstruct(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Tensor:
        mean, deviation = module.patch_statistics(patchify(images, 3))
        return module.unpatchify(self(images, noise).predictions * deviation + mean, 3, (5, 5))


class _LeavesTheUnits(MODEL):  # type: ignore[misc, valid-type]
    """Shows normalised predictions as they are."""

    @torch.no_grad()
    def reconstruct(self, images: Tensor, noise: Any = None, *, generator: Any = None) -> Tensor:
        found, patches = self(images, noise), patchify(images, 3)
        return module.unpatchify(torch.where(found.mask[..., None] == 1, found.predictions, patches), 3, (5, 5))


class _OtherEps(MODEL):  # type: ignore[misc, valid-type]
    def __init__(self, config: MAEConfig) -> None:
        super().__init__(config)
        for part in self.decoder.modules():
            if isinstance(part, nn.LayerNorm):
                part.eps = 1e-5


class _LearnsPositions(MODEL):  # type: ignore[misc, valid-type]
    def __init__(self, config: MAEConfig) -> None:
        super().__init__(config)
        self.decoder_positions.requires_grad_()


def _inverted(*given: Any) -> Any:
    kept, mask, restore = MASKING(*given)
    return kept, 1 - mask, restore


def _channels_first(images: Tensor, patch: int) -> Tensor:
    rows = patchify(images, patch)  # (B, N, P P C)
    return rows.unflatten(2, (patch**2, -1)).transpose(2, 3).flatten(2)


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("restore is forgotten", "MAE", _NoRestore, is_vit_mae),
    ("shuffled once more instead of back", "MAE", _ScatteredBack, is_vit_mae),
    ("the class token is dropped in the decoder", "MAE", _NoClassInDecoder, is_vit_mae),
    ("mask tokens have no positions", "MAE", _MaskTokenWithoutPositions,
     test_hidden_places_are_told_apart_by_their_positions),
    ("the decoder has no positions", "MAE", _NoDecoderPositions, test_hidden_places_are_told_apart_by_their_positions),
    ("predictions are one place off", "MAE", _FirstPredictionsToo, is_vit_mae),
    ("hidden before they get positions", "MAE", _MasksBeforePositions, is_vit_mae),
    ("hidden patches become zeros", "MAE", _SeesAll, test_the_encoder_sees_a_class_token_and_the_kept_patches_only),
    ("hidden patches become zeros, by the numbers", "MAE", _SeesAll, is_vit_mae),
    ("no class token in the encoder", "MAE", _NoClassToken, is_vit_mae),
    ("targets are not normalised", "MAE", _RawTargets, is_vit_mae),
    ("reconstruct shows the truth", "MAE", _ShowsTheTruth,
     test_reconstruction_is_vit_maes_with_the_seen_patches_pasted),
    ("reconstruct pastes nothing", "MAE", _PastesNothing,
     test_reconstruction_is_vit_maes_with_the_seen_patches_pasted),
    ("reconstruct leaves normalised units", "MAE", _LeavesTheUnits,
     test_reconstruction_is_vit_maes_with_the_seen_patches_pasted),
    ("another eps in the decoder", "MAE", _OtherEps, is_vit_mae),
    ("eps of 1e-12 raised to 1e-6 in the decoder", "Transformer",
     lambda *sizes: STACK(*sizes[:6], max(sizes[6], 1e-6), *sizes[7:]), small_eps),
    ("the decoder's positions learn", "MAE", _LearnsPositions,
     test_gradients_of_pictures_and_every_parameter_are_vit_maes),
    ("the mask is inverted", "random_masking", _inverted, is_vit_mae),
    ("the largest noise is seen", "random_masking", lambda t, ratio, noise: MASKING(t, ratio, 1 - noise), is_vit_mae),
    ("one noise for the whole batch", "random_masking",
     lambda t, ratio, noise: MASKING(t, ratio, noise[:1].expand_as(noise)), is_vit_mae),
    ("the loss is on all patches", "hidden_error", lambda p, t, mask: ((p - t) ** 2).mean(), is_vit_mae),
    ("targets channel by channel", "patchify", _channels_first, is_vit_mae),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)


def test_reconstruct_hides_what_the_generator_says() -> None:
    ours = perturb_(fresh())
    shown = ours.reconstruct(IMAGES, generator=torch.Generator().manual_seed(5))
    mask = ours(IMAGES, generator=torch.Generator().manual_seed(5)).mask
    assert torch.equal((patchify(shown, 3) != patchify(IMAGES, 3)).any(-1), mask.bool())


def test_states_and_restore_that_do_not_belong_together_are_refused() -> None:
    ours = fresh()
    states, mask, restore = ours.encode(IMAGES, NOISE)
    for wrong in (mask, NOISE, restore[:2], restore[:, :20], restore.int()):
        with pytest.raises(ValueError, match=r"restore \(B, N\) = \(3, 25\) of int64, .* is it the mask, or the noise"):
            ours.decode(states, wrong)
    for given, back in ((states[:, :1], restore), (states, restore + 1), (torch.zeros(3, 27, 12), restore)):
        with pytest.raises(ValueError, match="2 to 26 tokens, and restore from 0 to 24"):
            ours.decode(given, back)
    with pytest.raises(TypeError, match=r"restore as a torch\.Tensor, got NoneType"):
        ours.decode(states, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a MAEConfig, got ViTConfig"):
        MAE(ENCODER)  # type: ignore[arg-type]
