"""BertModel and our post-norm, two-way TextTransformer: outputs, gradients, both directions, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForMaskedLM, BertModel, RobertaConfig, RobertaModel

from mmlearn.bridge import bert, family, rules
from mmlearn.bridge import transfer as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import BridgeError, both
from mmlearn.encode.text import TextConfig, TextTransformer

# No two sizes alike, so that no axis can pass for another.
SHAPE = TextConfig(
    vocabulary=37, positions=11, width=12, depth=3, heads=2, hidden=20,
    causal=False, norm="post", activation="gelu", eps=1e-3, segments=3,
)  # fmt: skip
LENGTHS = torch.tensor([7, 1, 3, 5])
MASK = torch.arange(7) < LENGTHS[:, None]  # (4, 7)
IDS = torch.randint(0, SHAPE.vocabulary, (4, 7), generator=torch.Generator().manual_seed(1))
SEGMENTS = torch.randint(0, SHAPE.segments, (4, 7), generator=torch.Generator().manual_seed(2))
WEIGHTS = torch.randn(4, 7, SHAPE.width, generator=torch.Generator().manual_seed(3)) * MASK[..., None]


def bert_model(**changes: Any) -> BertModel:
    """Theirs, of SHAPE, every parameter perturbed."""
    wanted = bert.settings(fresh()) | changes
    config = BertConfig(**wanted, attn_implementation="eager")
    return perturb_(BertModel(config, add_pooling_layer=False).eval())


def fresh(**changes: Any) -> TextTransformer:
    return TextTransformer(replace(SHAPE, **changes)).eval()


def loaded(theirs: nn.Module | dict[str, Tensor], **changes: Any) -> TextTransformer:
    """Ours with their weights; a refusal is a failure."""
    assert refused(theirs, **changes) == ""
    return module.load(fresh(**changes), theirs)


def refused(theirs: nn.Module | dict[str, Tensor], **changes: Any) -> str:
    try:
        module.load(fresh(**changes), theirs)
    except BridgeError as error:
        return str(error)
    return ""


def states(theirs: BertModel, mask: Tensor | None = MASK, segments: Tensor | None = SEGMENTS) -> Tensor:
    out: Tensor = theirs(
        input_ids=IDS, attention_mask=None if mask is None else mask.long(), token_type_ids=segments
    ).last_hidden_state
    return out


def agree(got: Tensor, expected: Tensor) -> None:
    assert got.shape == expected.shape
    off = (got - expected).abs().max().item()
    assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), f"max |ours - theirs| {off:.1e}"


def test_outputs_equal_bert_with_padding_and_segments() -> None:
    theirs = bert_model()
    agree(loaded(theirs)(IDS, MASK, segments=SEGMENTS)[MASK], states(theirs)[MASK])


def test_outputs_equal_bert_without_either() -> None:
    theirs = bert_model()
    agree(loaded(theirs)(IDS), states(theirs, None, None))


@pytest.mark.parametrize(("activation", "name"), [("relu", "relu"), ("gelu_tanh", "gelu_new"), ("quick_gelu",) * 2])
def test_outputs_equal_bert_with_other_activations(activation: str, name: str) -> None:
    theirs = bert_model(hidden_act=name)
    agree(loaded(theirs, activation=activation)(IDS, MASK, segments=SEGMENTS)[MASK], states(theirs)[MASK])


def test_gradients_of_every_parameter_equal_berts() -> None:
    theirs = bert_model()
    ours = loaded(theirs)
    (ours(IDS, MASK, segments=SEGMENTS) * WEIGHTS).sum().backward()
    (states(theirs) * WEIGHTS).sum().backward()
    expected = rules.remap(
        {name: tensor.grad for name, tensor in theirs.named_parameters()}, bert.RULES, ours.state_dict()
    )
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, f"{name} gets no gradient"  # a key's bias: only zeros, softmax ignores it
        agree(parameter.grad, expected[name])


def test_without_perturbing_swapped_norms_would_pass() -> None:
    """Why every parity test shakes the library's model first: fresh norms are all alike."""
    theirs = BertModel(
        BertConfig(**bert.settings(fresh()), attn_implementation="eager"), add_pooling_layer=False
    ).eval()
    ours = loaded(theirs)
    for block in ours.transformer.blocks:
        block.norm1, block.norm2 = block.norm2, block.norm1
    agree(ours(IDS, MASK)[MASK], states(theirs, segments=None)[MASK])


def test_there_and_back_is_exact_both_ways() -> None:
    theirs = bert_model()
    ours = loaded(theirs)
    exported = module.export(ours)
    other = BertModel(BertConfig(**module.library_settings(ours)), add_pooling_layer=False)
    other.load_state_dict(exported, strict=True)
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    mine = perturb_(fresh(), seed=5)
    again = module.load(fresh(), module.export(mine))
    for name, tensor in mine.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_our_export_computes_the_same_in_bert() -> None:
    ours = perturb_(fresh(), seed=6)
    config = BertConfig(**module.library_settings(ours), attn_implementation="eager")
    theirs = BertModel(config, add_pooling_layer=False).eval()
    theirs.load_state_dict(module.export(ours), strict=True)
    agree(ours(IDS, MASK, segments=SEGMENTS)[MASK], states(theirs)[MASK])


def test_a_pooler_and_stored_position_ids_are_left_out_by_name() -> None:
    theirs = bert_model()
    extra = {"pooler.dense.weight": torch.ones(12, 12), "pooler.dense.bias": torch.ones(12)}
    ours = loaded(theirs.state_dict() | extra | {"embeddings.position_ids": torch.arange(11)[None]})
    agree(ours(IDS), states(theirs, None, None))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden_act": "gelu_new"}, "hidden_act is 'gelu_new' in theirs, 'gelu' would be ours"),
        ({"layer_norm_eps": 1e-12}, "layer_norm_eps is 1e-12 in theirs, 0.001 would be ours"),
        ({"num_attention_heads": 3}, "num_attention_heads is 3 in theirs, 2 would be ours"),
        ({"is_decoder": True}, "is_decoder is True in theirs"),
        ({"num_hidden_layers": 2}, "num_hidden_layers is 2 in theirs, 3 would be ours"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
    ],
)
def test_settings_that_weights_do_not_show_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert named in refused(bert_model(**changes))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"norm": "pre"}, "norm='pre'"),
        ({"causal": True}, "causal"),
        ({"segments": 0}, "segments"),
        ({"depth": 4}, "4 would be ours"),
        ({"heads": 4}, "num_attention_heads"),
    ],
)
def test_a_shape_of_ours_that_bert_has_not_is_refused(changes: dict[str, Any], named: str) -> None:
    assert named in refused(bert_model(), **changes)


@pytest.mark.parametrize(("changes", "named"), [({"width": 16}, "(37, 12)"), ({"depth": 4}, "ours got nothing")])
def test_from_a_state_dict_sizes_are_told_by_the_tensors(changes: dict[str, Any], named: str) -> None:
    assert named in refused(bert_model().state_dict(), **changes)


def test_a_refusal_changes_nothing() -> None:
    ours = perturb_(fresh())
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    broken = bert_model().state_dict() | {"encoder.layer.2.output.LayerNorm.bias": torch.zeros(5)}
    with pytest.raises(BridgeError):
        module.load(ours, broken)
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.state_dict().items())


def test_another_kind_of_model_with_the_same_names_is_refused() -> None:
    config = RobertaConfig(**(bert.settings(fresh()) | {"pad_token_id": 1}))
    theirs = RobertaModel(config, add_pooling_layer=False)  # the same tensors, but its positions start at 2
    assert theirs.state_dict().keys() == bert_model().state_dict().keys()
    assert "theirs is of the kind 'roberta'" in refused(theirs)


def test_a_model_inside_another_is_named() -> None:
    inside = BertForMaskedLM(BertConfig(**bert.settings(fresh())))
    assert "pass its .bert" in refused(inside)


def swapped(one: str, other: str) -> tuple[rules.Rule, ...]:
    """The table with two targets exchanged."""
    exchange = {one: other, other: one}
    return tuple(
        replace(rule, target=rule.target.replace(found, exchange[found])) if (found := _found(rule, exchange)) else rule
        for rule in bert.RULES
    )


def _found(rule: rules.Rule, names: dict[str, str]) -> str:
    return next((name for name in names if f".{name}." in rule.target), "")


def lenient(left_out: str) -> Callable[..., dict[str, Tensor]]:
    """A loader without strictness: what matches `left_out` keeps the values it had."""

    def remap(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
        found = rules.remap(theirs, table, ours, ignore)
        return {name: ours[name].clone() if left_out in name else tensor for name, tensor in found.items()}

    return remap


OUTPUTS, GRADIENTS = (
    test_outputs_equal_bert_with_padding_and_segments,
    test_gradients_of_every_parameter_equal_berts,
)


def settings_are_refused() -> None:
    for changes in ({"hidden_act": "gelu_new"}, {"layer_norm_eps": 1e-12}, {"num_attention_heads": 3}):
        assert next(iter(changes)) in refused(bert_model(**changes))


def without(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda ours, all_of_them=bert.settings: {k: v for k, v in all_of_them(ours).items() if k != name}


SEEDED_BUGS: tuple[tuple[str, ModuleType, str, Any, Callable[[], None]], ...] = (
    ("layer norms swapped", bert, "RULES", swapped("norm1", "norm2"), OUTPUTS),
    ("query and key swapped", bert, "RULES", swapped("query", "key"), GRADIENTS),
    ("key and value swapped", bert, "RULES", swapped("key", "value"), OUTPUTS),
    ("a rule that never fires", bert, "RULES", (*bert.RULES, *both("encoder.norm", "transformer.norm")), OUTPUTS),
    ("a key of theirs goes unused", bert, "RULES", bert.RULES[:-1], OUTPUTS),
    ("biases of the attention dropped", module, "remap", lenient("attention.query.bias"), OUTPUTS),
    ("the last layer norm never loaded", module, "remap", lenient("blocks.2.norm2"), OUTPUTS),
    ("the segments never loaded", module, "remap", lenient("segment_embedding"), OUTPUTS),
    ("either GELU will do", family, "ACTIVATIONS", {"gelu": ("gelu", "gelu_new")}, settings_are_refused),
    ("eps not compared", module, "FAMILIES", (replace(bert.BERT, settings=without("layer_norm_eps")),),
     settings_are_refused),
    ("heads not compared", module, "FAMILIES", (replace(bert.BERT, settings=without("num_attention_heads")),),
     settings_are_refused),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    what, where, *rest = bug
    assert_caught(where, (what, *rest))
