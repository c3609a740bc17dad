"""ViTModel, ViTForImageClassification and our ViT: states, weights, logits, gradients, other sizes, both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import ViTConfig as TheirConfig
from transformers import ViTForImageClassification, ViTModel

from mmlearn.blocks import patches, positions
from mmlearn.bridge import rules, trace, vit
from mmlearn.bridge import transfer as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import SAME, BridgeError, Convert, Rule
from mmlearn.encode import vit as model
from mmlearn.encode.vit import ViT, ViTConfig

SHAPE = ViTConfig(image=15, patch=3, channels=2, width=12, depth=3, heads=2, hidden=20, eps=1e-3)
SIZES = ((15, 15), (21, 9), (3, 75), (6, 6), (30, 15))  # what it learned; and its 25 patches in a row


def pictures(height: int = 15, width: int = 15, seed: int = 1) -> Tensor:
    return torch.randn(3, SHAPE.channels, height, width, generator=torch.Generator().manual_seed(seed))


def fresh(**changes: Any) -> ViT:
    return model.ViT(replace(SHAPE, **changes)).eval()


def vit_model(**changes: Any) -> ViTModel:
    """Theirs, of SHAPE, every parameter perturbed."""
    return perturb_(ViTModel(TheirConfig(**(vit.settings(fresh()) | changes), attn_implementation="eager")).eval())


def classifier(classes: int = 5, **changes: Any) -> ViTForImageClassification:
    settings = vit.settings(fresh()) | {"num_labels": classes} | changes
    return perturb_(ViTForImageClassification(TheirConfig(**settings, attn_implementation="eager")).eval())


def loaded(theirs: nn.Module | dict[str, Tensor], **changes: Any) -> ViT:
    """Ours with their weights; a refusal is a failure."""
    assert refused(theirs, **changes) == ""
    return module.load(fresh(**changes), theirs)


def refused(theirs: nn.Module | dict[str, Tensor], **changes: Any) -> str:
    try:
        module.load(fresh(**changes), theirs)
    except BridgeError as error:
        return str(error)
    return ""


def agree(got: Tensor, expected: Tensor) -> None:
    assert got.shape == expected.shape
    off = (got - expected).abs().max().item()
    assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), f"max |ours - theirs| {off:.1e}"


def test_states_and_every_layers_weights_equal_vit_models() -> None:
    theirs = vit_model()
    states, weights = loaded(theirs).states(pictures(), return_weights=True)
    out = theirs(pictures(), output_attentions=True)
    agree(states, out.last_hidden_state)
    agree(weights, torch.stack(out.attentions, dim=1))  # (B, depth, heads, N + 1, N + 1)


def test_states_at_every_size_equal_vit_models() -> None:
    theirs = vit_model()
    ours = loaded(theirs)
    for height, width in SIZES:
        images = pictures(height, width)
        agree(ours.states(images, interpolate=True), theirs(images, interpolate_pos_encoding=True).last_hidden_state)


@pytest.mark.parametrize("eps", [1e-12, 1e-6, 1e-5])
def test_a_small_eps_is_the_librarys_too(eps: float) -> None:
    small_eps(eps)


def small_eps(eps: float = 1e-12) -> None:
    """On a blank picture fresh vectors are as faint as their positions, 0.02: there even 1e-6 shows, in each norm."""
    torch.manual_seed(0)
    ours, blank = perturb_(fresh(eps=eps), scale=1e-3), torch.zeros(3, 2, 15, 15)
    theirs = ViTModel(TheirConfig(**module.library_settings(ours)), add_pooling_layer=False).eval()
    theirs.load_state_dict(module.export(ours), strict=True)
    expected = theirs(blank).last_hidden_state
    agree(ours.states(blank), expected)
    for norm in [part for part in ours.modules() if isinstance(part, nn.LayerNorm)]:
        for other in {1e-12, 1e-6, 1e-5} - {eps}:
            norm.eps = other
            assert not torch.allclose(ours.states(blank), expected, atol=1e-5, rtol=1e-4), f"{other} passes for {eps}"
        norm.eps = eps


@pytest.mark.parametrize(
    ("activation", "name"),
    [("relu", "relu"), ("gelu_tanh", "gelu_pytorch_tanh"), ("gelu_tanh", "gelu_new"), ("quick_gelu", "quick_gelu")],
)
def test_other_activations_equal_theirs(activation: str, name: str) -> None:
    theirs = vit_model(hidden_act=name)
    agree(loaded(theirs, activation=activation).states(pictures()), theirs(pictures()).last_hidden_state)


def test_a_model_of_the_published_proportions_equals_theirs() -> None:
    settings = {"image_size": 48, "patch_size": 16, "num_channels": 3, "hidden_size": 36, "num_attention_heads": 3,
                "intermediate_size": 144, "layer_norm_eps": 1e-12}  # fmt: skip
    theirs = vit_model(**settings)
    ours = loaded(theirs, image=48, patch=16, channels=3, width=36, heads=3, hidden=144, eps=1e-12)
    images = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(2))
    agree(ours.states(images), theirs(images).last_hidden_state)


def test_logits_equal_those_of_vit_for_image_classification() -> None:
    theirs = classifier()
    ours = loaded(theirs, classes=5)
    agree(ours(pictures()), theirs(pictures()).logits)
    images = pictures(9, 24)
    agree(ours(images, interpolate=True), theirs(images, interpolate_pos_encoding=True).logits)


def gradients(images: Tensor, theirs: Any, call: Callable[[Any, Tensor], Tensor], ours: ViT, **size: bool) -> None:
    """Of every parameter and of the pixels, by a random sum of what comes out."""
    mine, yours = (images.clone().requires_grad_() for _ in range(2))
    out = ours(mine, **size) if ours.config.classes else ours.states(mine, **size)
    onto = torch.randn(out.shape, generator=torch.Generator().manual_seed(3))
    (out * onto).sum().backward()
    (call(theirs, yours) * onto).sum().backward()
    grads = {name: tensor.grad for name, tensor in theirs.named_parameters() if "pooler" not in name}
    expected = rules.remap(grads, vit.rules(grads), ours.state_dict())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, f"{name} gets no gradient"
        agree(parameter.grad, expected[name])
    assert mine.grad is not None and yours.grad is not None
    agree(mine.grad, yours.grad)


def test_gradients_of_every_parameter_equal_vit_models() -> None:
    theirs = vit_model()
    gradients(pictures(), theirs, lambda m, x: m(x).last_hidden_state, loaded(theirs))


def test_gradients_at_another_size_reach_every_learned_position() -> None:
    theirs = vit_model()

    def resized(m: Any, x: Tensor) -> Tensor:
        out: Tensor = m(x, interpolate_pos_encoding=True).last_hidden_state
        return out

    gradients(pictures(21, 9), theirs, resized, loaded(theirs), interpolate=True)


def test_gradients_through_the_head_equal_theirs() -> None:
    theirs = classifier()
    gradients(pictures(), theirs, lambda m, x: m(x).logits, loaded(theirs, classes=5))


@pytest.mark.parametrize("classes", [0, 4])
def test_there_and_back_is_exact_both_ways(classes: int) -> None:
    theirs = classifier(classes) if classes else vit_model()
    ours = loaded(theirs, classes=classes)
    kind: Any = ViTForImageClassification if classes else lambda config: ViTModel(config, add_pooling_layer=False)
    other = kind(TheirConfig(**module.library_settings(ours)))
    other.load_state_dict(module.export(ours), strict=True)
    for name, tensor in other.state_dict().items():
        assert torch.equal(theirs.state_dict()[name], tensor), name
    mine = perturb_(fresh(classes=classes), seed=5)
    again = module.load(fresh(classes=classes), module.export(mine))
    for name, tensor in mine.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_our_export_computes_the_same_in_the_library() -> None:
    ours = perturb_(fresh(), seed=6)
    theirs = ViTModel(TheirConfig(**module.library_settings(ours)), add_pooling_layer=False).eval()
    theirs.load_state_dict(module.export(ours), strict=True)
    agree(ours.states(pictures()), theirs(pictures()).last_hidden_state)
    ours = perturb_(fresh(classes=7), seed=6)
    head = ViTForImageClassification(TheirConfig(**module.library_settings(ours))).eval()
    head.load_state_dict(module.export(ours), strict=True)
    agree(ours(pictures()), head(pictures()).logits)


def test_files_as_the_library_writes_them_load(tmp_path: Any) -> None:
    from safetensors.torch import load_file
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for theirs, classes in ((vit_model(), 0), (classifier(), 5)):
        theirs.save_pretrained(tmp_path)  # its layers are named "encoder.layer.0 ...", unlike in the model
        file = load_file(tmp_path / "model.safetensors")
        assert any("encoder.layer.0.attention" in name for name in file)
        out = theirs(pictures())
        ours = loaded(file, classes=classes)
        agree(ours(pictures()) if classes else ours.states(pictures()), out.logits if classes else out[0])


def test_what_the_states_do_not_depend_on_is_left_out() -> None:
    config = TheirConfig(**vit.settings(fresh()))
    theirs = perturb_(ViTModel(config, add_pooling_layer=False, use_mask_token=True).eval())
    agree(loaded(theirs).states(pictures()), theirs(pictures()).last_hidden_state)
    body = perturb_(ViTForImageClassification(TheirConfig(**vit.settings(fresh()), num_labels=0)).eval())
    agree(loaded(body.vit)(pictures()), body(pictures()).logits)  # its head is none: logits are the class token's state


def test_states_are_the_same_however_ours_pools_and_whatever_its_positions_were() -> None:
    theirs = vit_model()
    for changes in ({"pooling": "mean"}, {"positions": "sinusoidal"}):
        agree(loaded(theirs, **changes).states(pictures()), theirs(pictures()).last_hidden_state)
    module.export(fresh(positions="sinusoidal", pooling="mean"))


def test_trace_names_every_layer_and_the_first_that_differs() -> None:
    theirs, other = vit_model(), classifier()
    for ours, library, layers in ((loaded(theirs), theirs, 33), (loaded(other, classes=5), other, 34)):
        found = trace(ours, library, pictures())
        assert found.first is None and len(found.layers) == layers and found.worst < 1e-5
        assert not any(layer.note for layer in found.layers)
    ours = loaded(theirs)
    ours.transformer.blocks[1].norm2.eps = 1e-6
    first = trace(ours, theirs, pictures()).first
    assert first is not None and first.ours == "transformer.blocks.1.norm2"
    ours = loaded(theirs)
    ours.class_token.data += 0.1
    first = trace(ours, theirs, pictures()).first
    assert first is not None and first.ours == "input of dropout"
    with pytest.raises(ValueError, match=r"expected \(images,\) as inputs, got 2 .* ours_call"):
        trace(ours, theirs, pictures(), None)


def test_trace_at_another_size_says_how_both_are_called() -> None:
    theirs = vit_model()
    ours, images = loaded(theirs), pictures(21, 9)
    found = trace(
        ours, theirs,
        ours_call=lambda: ours(images, interpolate=True),
        theirs_call=lambda: theirs(images, interpolate_pos_encoding=True),
    )  # fmt: skip
    assert found.first is None and len(found.layers) == 33


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden_act": "gelu_new"}, "hidden_act is 'gelu_new' in theirs, 'gelu' would be ours"),
        ({"layer_norm_eps": 1e-12}, "layer_norm_eps is 1e-12 in theirs, 0.001 would be ours"),
        ({"num_attention_heads": 3}, "num_attention_heads is 3 in theirs, 2 would be ours"),
        ({"image_size": 18}, "image_size is 18 in theirs, 15 would be ours"),
        ({"image_size": (15, 30)}, r"image_size is (15, 30) in theirs"),
        ({"image_size": 20, "patch_size": 4}, "patch_size is 4 in theirs, 3 would be ours"),
        ({"qkv_bias": False}, "qkv_bias is False in theirs, True would be ours"),
        ({"num_channels": 3}, "num_channels is 3 in theirs, 2 would be ours"),
        ({"num_hidden_layers": 2}, "num_hidden_layers is 2 in theirs, 3 would be ours"),
    ],
)
def test_settings_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert named in refused(vit_model(**changes))
    assert named in refused(classifier(**changes), classes=5)


def test_a_square_written_as_a_pair_is_understood() -> None:
    theirs = vit_model(image_size=(15, 15), patch_size=(3, 3))
    agree(loaded(theirs).states(pictures()), theirs(pictures()).last_hidden_state)


def test_heads_that_do_not_fit_are_refused_and_told() -> None:
    assert "ours has a head of 4 classes, ViTModel has none" in refused(vit_model(), classes=4)
    assert "ours has no head" in refused(classifier())
    assert "pooling='mean'" in refused(classifier(), classes=5, pooling="mean")
    assert "num_labels is 5 in theirs, 4 would be ours" in refused(classifier(), classes=4)
    with pytest.raises(BridgeError, match=r"ViTModel: ours has a head .* ViTForImageClassification: ours has pooling="):
        module.export(fresh(classes=3, pooling="mean"))


def test_what_is_no_vit_is_refused_on_either_side() -> None:
    from transformers import DeiTConfig, DeiTModel

    with pytest.raises(BridgeError, match=r"theirs is a ViTModel, .*: ours is no ViT"):
        module.load(nn.Linear(2, 2), vit_model())
    with pytest.raises(BridgeError, match=r"theirs is a ViTForImageClassification, .*: ours is no ViT"):
        module.load(nn.Linear(2, 2), classifier())
    deit = DeiTModel(DeiTConfig(**vit.settings(fresh())))
    assert "of the kind 'deit', which has ViTModel's names and computes otherwise" in refused(deit)
    assert "distillation_token" in refused(deit.state_dict())
    oblong = vit_model().state_dict()
    name = "embeddings.patch_embeddings.projection.weight"
    oblong[name] = oblong[name].reshape(12, 2, 1, 9)
    assert "patches of 1 x 9 pixels, ours are square" in refused(oblong)
    assert "expected 4 axes" in refused(oblong | {name: oblong[name].flatten(1)})


def test_of_two_models_with_the_same_names_the_kind_tells() -> None:
    theirs = vit_model()
    state = theirs.state_dict()
    for kind, name in (("", "ViTModel"), ("vit", "ViTModel"), ("vit_mae", "ViTMAEModel"), ("deit", "ViTModel")):
        assert module.family_of(state, kind).name == name
    assert module.kind_of(theirs) == "vit" and module.kind_of(state) == "" and module.kind_of(nn.Linear(2, 2)) == ""


# What follows seeds bugs: into the table, the settings, and the model itself.


def as_conv(order: tuple[int, ...]) -> Any:
    return lambda channels: Convert(lambda theirs, _: [theirs.permute(*order).flatten(1)], lambda ours: ours[0])


def changed(part: str, **what: Any) -> Callable[..., tuple[Rule, ...]]:
    """The table with the rules about `part` of theirs replaced."""
    assert any(part in rule.source for rule in vit.encoder_rules())
    return lambda channels=3: tuple(
        replace(rule, **what) if part in rule.source else rule for rule in RULES(channels)
    )  # fmt: skip


def renamed(exchange: dict[str, str]) -> Callable[..., tuple[Rule, ...]]:
    def table(channels: int = 3) -> tuple[Rule, ...]:
        found = []
        for rule in RULES(channels):
            old = next((name for name in exchange if name in rule.target), None)
            found.append(replace(rule, target=rule.target.replace(old, exchange[old])) if old else rule)
        return tuple(found)

    return table


def lenient(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """A loader that never loads the last layer norm."""
    found = rules.remap(theirs, table, ours, ignore)
    return {n: ours[n].clone() if n.startswith("transformer.norm") else tensor for n, tensor in found.items()}


def unturned(ours: Any, table: Any) -> dict[str, Tensor]:
    """Exports the patches' weight row by row as it is."""
    shape = ours["patch_embedding.projection.weight"].shape[0], SHAPE.channels, SHAPE.patch, SHAPE.patch
    plain = Convert(SAME.cut, lambda ours: ours[0].reshape(shape))
    return rules.unmap(ours, [replace(r, convert=plain) if "projection.weight" in r.source else r for r in table])


def without(name: str) -> Any:
    fewer = replace(vit.VIT, settings=lambda ours: {k: v for k, v in vit.settings(ours).items() if k != name})
    return (fewer, vit.VIT_CLASSIFIER)


def eps_is_compared() -> None:
    assert "layer_norm_eps" in refused(vit_model(layer_norm_eps=1e-12))


def heads_are_compared() -> None:
    assert "num_attention_heads" in refused(vit_model(num_attention_heads=3))


RULES, VIT, PATCHIFY = vit.encoder_rules, model.ViT, patches.patchify
INTERPOLATE, TRANSFORMER = positions.interpolate_positions, model.Transformer


class _ClassLast(VIT):  # type: ignore[misc, valid-type]
    def with_class(self, tokens: Tensor) -> Tensor:
        return super().with_class(tokens).roll(-1, dims=1)


class _ClassWithoutPosition(VIT):  # type: ignore[misc, valid-type]
    def with_class(self, tokens: Tensor) -> Tensor:
        return torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)


class _PositionsOffByOne(VIT):  # type: ignore[misc, valid-type]
    def embed(self, images: Tensor, **size: bool) -> Tensor:
        return super().embed(images, **size) - self.position_embedding[:, 1:] + self.position_embedding[:, :-1]


class _NoPositions(VIT):  # type: ignore[misc, valid-type]
    def embed(self, images: Tensor, **size: bool) -> Tensor:
        return self.patch_embedding(images)


class _MeanForTheClass(VIT):  # type: ignore[misc, valid-type]
    def pool(self, states: Tensor) -> Tensor:
        return states.mean(dim=1)


class _FirstPatch(VIT):  # type: ignore[misc, valid-type]
    def pool(self, states: Tensor) -> Tensor:
        return states[:, 1]


def whole_table(table: Tensor, old: Any, new: Any) -> Tensor:
    """Resizes the class token's position as if it were a place in the picture."""
    return INTERPOLATE(table.roll(1, 0), old, new)


def resize_by(**options: Any) -> Any:
    def resized(table: Tensor, old: Any, new: Any) -> Tensor:
        picture = table.T.reshape(1, -1, *old)
        return F.interpolate(picture, size=new, **options)[0].flatten(1).T

    return resized


def by_columns(images: Tensor, patch: int) -> Tensor:
    """Patches column by column: the second one is below the first."""
    rows, columns = images.shape[2] // patch, images.shape[3] // patch
    return PATCHIFY(images, patch).unflatten(1, (rows, columns)).transpose(1, 2).flatten(1, 2)


def striped(images: Tensor, patch: int) -> Tensor:
    """A plain reshape: the right shape, the wrong numbers."""
    return images.reshape(len(images), -1, patch**2 * images.shape[1])


def no_last_norm(*sizes: Any) -> nn.Module:
    stack = TRANSFORMER(*sizes)
    stack.norm.forward = lambda x: x
    return stack


STATES, EVERY_SIZE = test_states_and_every_layers_weights_equal_vit_models, test_states_at_every_size_equal_vit_models
LOGITS = test_logits_equal_those_of_vit_for_image_classification
SEEDED_BUGS: tuple[tuple[str, ModuleType, str, Any, Callable[[], None]], ...] = (
    ("the convolution's weight channel by channel", vit, "patch_weight", as_conv((0, 1, 2, 3)), STATES),
    ("a patch turned: columns before rows", vit, "patch_weight", as_conv((0, 3, 2, 1)), STATES),
    ("layer norms swapped", vit, "encoder_rules", renamed({"norm1": "norm2", "norm2": "norm1"}), STATES),
    ("query and key swapped", vit, "encoder_rules", renamed({".query": ".key", ".key": ".query"}), STATES),
    ("biases of the values not loaded", vit, "encoder_rules",
     lambda channels=3: tuple(r for r in RULES(channels) if "v_proj.bias" not in r.source), STATES),
    ("the last layer norm never loaded", module, "remap", lenient, STATES),
    ("export forgets to turn the patches' weight back", module, "unmap", unturned,
     test_our_export_computes_the_same_in_the_library),
    ("eps not compared", module, "FAMILIES", without("layer_norm_eps"), eps_is_compared),
    ("heads not compared", module, "FAMILIES", without("num_attention_heads"), heads_are_compared),
    ("the class token last", model, "ViT", _ClassLast, STATES),
    ("the class token without its position", model, "ViT", _ClassWithoutPosition, STATES),
    ("positions off by one: the class token's for the first patch", model, "ViT", _PositionsOffByOne, STATES),
    ("no positions", model, "ViT", _NoPositions, STATES),
    ("the mean of all tokens for the class token's state", model, "ViT", _MeanForTheClass, LOGITS),
    ("the first patch for the class token", model, "ViT", _FirstPatch, LOGITS),
    ("eps not passed on", model, "Transformer", lambda *sizes: TRANSFORMER(*sizes[:6], 1e-6, *sizes[7:]), STATES),
    ("eps of 1e-12 raised to 1e-6", model, "Transformer",
     lambda *sizes: TRANSFORMER(*sizes[:6], max(sizes[6], 1e-6), *sizes[7:]), small_eps),
    ("GELU's tanh formula for the exact one", model, "Transformer",
     lambda *sizes: TRANSFORMER(*sizes[:5], "gelu_tanh", *sizes[6:]), STATES),
    ("post-norm", model, "Transformer", lambda *sizes: TRANSFORMER(*sizes[:4], "post", *sizes[5:]), STATES),
    ("no norm after the last block", model, "Transformer", no_last_norm, STATES),
    ("patches column by column", patches, "patchify", by_columns, STATES),
    ("patches are stripes", patches, "patchify", striped, STATES),
    ("the class token's position interpolated", model, "interpolate_positions", whole_table, EVERY_SIZE),
    ("bilinear", model, "interpolate_positions", resize_by(mode="bilinear", align_corners=False), EVERY_SIZE),
    ("corners aligned", model, "interpolate_positions", resize_by(mode="bicubic", align_corners=True), EVERY_SIZE),
    ("smoothed before it is made smaller", model, "interpolate_positions",
     resize_by(mode="bicubic", align_corners=False, antialias=True), EVERY_SIZE),
    ("rows and columns swapped", model, "interpolate_positions",
     lambda table, old, new: INTERPOLATE(table, old, new[::-1]), EVERY_SIZE),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    what, where, *rest = bug
    assert_caught(where, (what, *rest))
