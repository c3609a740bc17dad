"""ViTMAEForPreTraining and our MAE, ViTMAEModel and our ViT: both directions, files, settings, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import ViTConfig as TheirViTConfig
from transformers import ViTMAEConfig, ViTMAEForPreTraining, ViTMAEModel, ViTModel

from mmlearn.bridge import layers, rules, trace, vit, vit_mae
from mmlearn.bridge import transfer as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import SAME, BridgeError, Convert, Rule
from mmlearn.encode.mae import MAE, MAEConfig
from mmlearn.encode.vit import ViT, ViTConfig

ENCODER = ViTConfig(
    image=15, patch=3, channels=2, width=12, depth=3, heads=2, hidden=20, positions="sinusoidal", eps=1e-3
)
SHAPE = MAEConfig(ENCODER, width=12, depth=2, heads=3, hidden=20, mask_ratio=0.6)  # as wide as the encoder, on purpose
IMAGES = torch.randn(3, 2, 15, 15, generator=torch.Generator().manual_seed(0)) - 0.2
NOISE = torch.rand(3, 25, generator=torch.Generator().manual_seed(1))
RISING = torch.arange(25.0).expand(3, -1)


def fresh(config: MAEConfig = SHAPE, **changes: Any) -> MAE:
    return MAE(replace(config, **changes)).eval()


def theirs_for(**changes: Any) -> ViTMAEForPreTraining:
    """Theirs, of SHAPE, every parameter perturbed."""
    settings = vit_mae.settings(fresh()) | changes
    return perturb_(ViTMAEForPreTraining(ViTMAEConfig(**settings, attn_implementation="eager")).eval())


def refused(theirs: nn.Module | dict[str, Tensor], ours: nn.Module | None = None) -> str:
    try:
        module.load(fresh() if ours is None else ours, theirs)
    except BridgeError as error:
        return str(error)
    return ""


def loaded(theirs: nn.Module | dict[str, Tensor]) -> MAE:
    """Ours with their weights; a refusal is a failure."""
    ours = fresh()
    assert refused(theirs, ours) == ""
    return ours


def agree(got: Tensor, expected: Tensor) -> None:
    assert got.shape == expected.shape
    off = (got - expected).abs().max().item()
    assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), f"max |ours - theirs| {off:.1e}"


def same(ours: MAE, theirs: ViTMAEForPreTraining) -> None:
    mine, other = ours(IMAGES, NOISE), theirs(IMAGES, noise=NOISE)
    agree(mine.loss, other.loss)
    agree(mine.predictions, other.logits)


def test_loss_and_predictions_equal_the_librarys() -> None:
    theirs = theirs_for()
    same(loaded(theirs), theirs)


def test_weights_alone_are_told_from_a_classifiers_by_their_decoder() -> None:
    theirs = theirs_for()
    same(loaded(theirs.state_dict()), theirs)  # no config tells the kind
    assert module.family_of(theirs.state_dict()).name == "ViTMAEForPreTraining"


def test_there_and_back_is_exact_both_ways() -> None:
    theirs = theirs_for()
    ours = loaded(theirs)
    other = ViTMAEForPreTraining(ViTMAEConfig(**module.library_settings(ours)))
    other.load_state_dict(module.export(ours), strict=True)
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    mine = perturb_(fresh(), seed=5)
    again = module.load(fresh(), module.export(mine))
    for name, tensor in mine.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_our_export_computes_the_same_in_the_library() -> None:
    ours = perturb_(fresh(), seed=6)
    theirs = ViTMAEForPreTraining(ViTMAEConfig(**module.library_settings(ours))).eval()
    theirs.load_state_dict(module.export(ours), strict=True)
    same(ours, theirs)


def test_the_encoder_alone_goes_into_a_vit_and_comes_back() -> None:
    theirs = theirs_for(mask_ratio=0.0)
    model = ViT(replace(ENCODER, positions="learned")).eval()  # also where they may learn from now on
    for source in (theirs.vit, theirs.vit.state_dict()):
        module.load(model, source)
        agree(model.states(IMAGES), theirs.vit(IMAGES, noise=RISING).last_hidden_state)
    mine = module.load(fresh(), theirs_for()).encoder
    out = ViTMAEModel(ViTMAEConfig(**vit.settings(mine), mask_ratio=0.0)).eval()
    out.load_state_dict(module.export(mine), strict=True)
    agree(mine.states(IMAGES), out(IMAGES, noise=RISING).last_hidden_state)
    plain = ViTModel(TheirViTConfig(**module.library_settings(mine)), add_pooling_layer=False).eval()
    plain.load_state_dict(
        module.export(mine), strict=True
    )  # an encoder is a ViT: the library's two have the same names
    agree(mine.states(IMAGES), plain(IMAGES).last_hidden_state)


def test_files_as_the_library_writes_them_and_as_they_were_published_load(tmp_path: Any) -> None:
    from safetensors.torch import load_file
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    theirs = theirs_for()
    theirs.save_pretrained(tmp_path)
    written = load_file(tmp_path / "model.safetensors")
    published = {name.replace("decoder_encoder.layer.", "decoder_layers."): tensor for name, tensor in written.items()}
    assert "vit.encoder.layer.2.attention.output.dense.bias" in published
    assert "decoder.decoder_layers.1.attention.attention.query.weight" in published
    for file in (written, published):
        same(loaded(file), theirs)


def test_trace_names_every_layer_and_the_first_that_differs() -> None:
    theirs = theirs_for()
    ours = loaded(theirs)
    found = trace(ours, theirs, IMAGES, NOISE)
    assert found.first is None, str(found)
    assert len(found.layers) == 3 * 10 + 3 + 2 * 10 + 3
    assert not any(layer.note for layer in found.layers)  # each is called in both
    ours.decoder.blocks[1].norm2.eps = 1e-1
    first = trace(ours, theirs, IMAGES, NOISE).first
    assert first is not None and first.ours == "decoder.blocks.1.norm2"
    assert first.theirs == "decoder.decoder_layers.1.layernorm_after"
    other = trace(
        ours, theirs, ours_call=lambda: ours(IMAGES, NOISE), theirs_call=lambda: theirs(IMAGES, noise=1 - NOISE)
    )
    assert other.first is not None and other.first.ours == "input of encoder.transformer.blocks.0.norm1"


def test_trace_of_an_encoder_alone() -> None:
    theirs = theirs_for(mask_ratio=0.0).vit
    ours = module.load(ViT(ENCODER), theirs)
    calls: dict[str, Any] = {"ours_call": lambda: ours(IMAGES), "theirs_call": lambda: theirs(IMAGES, noise=RISING)}
    assert trace(ours, theirs, **calls).first is None
    with pytest.raises(
        ValueError, match=r"ViTMAEModel shuffles and hides patches, .* mask_ratio=0 and noise that rises"
    ):
        trace(ours, theirs, IMAGES)


@pytest.mark.parametrize("inputs", [(IMAGES,), (IMAGES, None), (IMAGES, NOISE, NOISE)])
def test_trace_needs_the_noise(inputs: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(images, noise\) as inputs, .* each model would draw its own"):
        trace(fresh(), theirs_for(), *inputs)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"norm_pix_loss": False}, "norm_pix_loss is False in theirs, True would be ours"),
        ({"mask_ratio": 0.75}, "mask_ratio is 0.75 in theirs, 0.6 would be ours"),
        ({"decoder_num_attention_heads": 2}, "decoder_num_attention_heads is 2 in theirs, 3 would be ours"),
        ({"num_attention_heads": 3}, "num_attention_heads is 3 in theirs, 2 would be ours"),
        ({"layer_norm_eps": 1e-12}, "layer_norm_eps is 1e-12 in theirs, 0.001 would be ours"),
        ({"hidden_act": "gelu_new"}, "hidden_act is 'gelu_new' in theirs, 'gelu' would be ours"),
        ({"decoder_num_hidden_layers": 3}, "decoder_num_hidden_layers is 3 in theirs, 2 would be ours"),
        ({"qkv_bias": False}, "qkv_bias is False in theirs"),
    ],
)
def test_settings_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert named in refused(theirs_for(**changes))


def test_what_does_not_belong_together_is_told() -> None:
    theirs = theirs_for()
    assert "ours is a ViT, an encoder without decoder" in refused(theirs, ViT(ENCODER))
    assert "ours is a whole MAE, ViTMAEModel is an encoder alone: pass ours.encoder" in refused(theirs.vit)
    assert "ours is no MAE" in refused(theirs, nn.Linear(2, 2))
    assert "ours is no ViT" in refused(theirs.vit, nn.Linear(2, 2))
    assert "ViTMAEModel has none" in refused(theirs.vit, ViT(replace(ENCODER, classes=4)))
    smaller = theirs_for(decoder_hidden_size=24).state_dict()
    assert "decoder.mask_token of theirs gives (1, 1, 24), mask_token of ours expects (1, 1, 12)" in refused(smaller)
    shallow = theirs_for(decoder_num_hidden_layers=1).state_dict()
    assert "decoder.blocks.1" in refused(shallow) and "is ours deeper" in refused(shallow)


MAE_TABLE = vit_mae.DECODER


def changed(part: str, **what: Any) -> tuple[Rule, ...]:
    """The decoder's table with the rules about `part` of theirs replaced."""
    assert any(part in rule.source for rule in MAE_TABLE)
    return tuple(replace(rule, **what) if part in rule.source else rule for rule in MAE_TABLE)


def renamed(exchange: dict[str, str]) -> tuple[Rule, ...]:
    table = []
    for rule in MAE_TABLE:
        old = next((name for name in exchange if name in rule.target), None)
        table.append(replace(rule, target=rule.target.replace(old, exchange[old])) if old else rule)
    return tuple(table)


def by_channels() -> Convert:
    """The last layer's rows as if they were ordered channel by channel, like a convolution's weight."""

    def turn(theirs: Tensor, _: int) -> list[Tensor]:
        return [theirs.unflatten(0, (2, 9)).transpose(0, 1).flatten(0, 1)]

    return Convert(turn, lambda ours: ours[0])


def lenient(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """A loader that leaves the decoder's positions as they were."""
    return rules.remap(theirs, table, ours, ignore) | {"decoder_positions": ours["decoder_positions"].clone()}


def swapped(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """The encoder's positions for the decoder's: here both are as wide."""
    found = rules.remap(theirs, table, ours, ignore)
    return found | {"decoder_positions": found["encoder.position_embedding"].clone()}


def without(*names: str) -> tuple[Any, ...]:
    fewer = {name: value for name, value in vit_mae.settings(fresh()).items() if name not in names}
    return (replace(vit_mae.VIT_MAE, settings=lambda ours: fewer),)


def classifier_first() -> tuple[Any, ...]:
    return (vit.VIT, vit.VIT_CLASSIFIER, vit_mae.VIT_MAE, vit_mae.VIT_MAE_ENCODER)


def targets_are_compared() -> None:
    assert "norm_pix_loss" in refused(theirs_for(norm_pix_loss=False))


def heads_of_the_decoder_are_compared() -> None:
    assert "decoder_num_attention_heads" in refused(theirs_for(decoder_num_attention_heads=2))


def unturned(ours: Any, table: Any) -> dict[str, Tensor]:
    """Exports the patches' weight row by row as it is."""
    plain = Convert(SAME.cut, lambda ours: ours[0].reshape(12, 2, 3, 3))
    return rules.unmap(ours, [replace(r, convert=plain) if "projection.weight" in r.source else r for r in table])


SEEDED_BUGS: tuple[tuple[str, ModuleType, str, Any, Callable[[], None]], ...] = (
    ("the decoder's layer norms swapped", vit_mae, "DECODER", renamed({"norm1": "norm2", "norm2": "norm1"}),
     test_loss_and_predictions_equal_the_librarys),
    ("the decoder's query and key swapped", vit_mae, "DECODER", renamed({".query": ".key", ".key": ".query"}),
     test_loss_and_predictions_equal_the_librarys),
    ("the last layer channel by channel", vit_mae, "DECODER",
     changed("decoder_pred", convert=by_channels()), test_loss_and_predictions_equal_the_librarys),
    ("biases of the last layer not loaded", vit_mae, "DECODER",
     tuple(r for r in MAE_TABLE if "decoder_pred.bias" not in r.source), test_loss_and_predictions_equal_the_librarys),
    ("the decoder's positions not loaded", module, "remap", lenient, test_loss_and_predictions_equal_the_librarys),
    ("the encoder's positions in the decoder", module, "remap", swapped,
     test_loss_and_predictions_equal_the_librarys),
    ("taken for a classifier", module, "FAMILIES", classifier_first(),
     test_weights_alone_are_told_from_a_classifiers_by_their_decoder),
    ("kinds of targets not compared", module, "FAMILIES", without("norm_pix_loss"), targets_are_compared),
    ("the decoder's heads not compared", module, "FAMILIES", without("decoder_num_attention_heads"),
     heads_of_the_decoder_are_compared),
    ("export forgets to turn the patches' weight back", module, "unmap", unturned,
     test_our_export_computes_the_same_in_the_library),
    ("trace leaves the decoder out", layers, "FAMILIES",
     (replace(vit_mae.VIT_MAE, pairs=lambda ours: vit_mae.pairs(ours)[:33]),),
     test_trace_names_every_layer_and_the_first_that_differs),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    what, where, *rest = bug
    assert_caught(where, (what, *rest))
