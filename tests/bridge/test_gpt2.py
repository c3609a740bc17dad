"""GPT2LMHeadModel and our pre-norm, causal TextTransformer: logits, gradients, cache, both directions, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from mmlearn.bridge import gpt2, rules
from mmlearn.bridge import transfer as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import SAME, STACKED_COLUMNS, STACKED_ROWS, BridgeError, Convert, Rule
from mmlearn.encode.text import TextConfig, TextTransformer

SHAPE = TextConfig(
    vocabulary=37, positions=11, width=12, depth=3, heads=2, hidden=20,
    causal=True, norm="pre", activation="gelu_tanh", eps=1e-3,
)  # fmt: skip
MASK = torch.arange(7) < torch.tensor([7, 1, 3, 5])[:, None]  # (4, 7)
IDS = torch.randint(0, SHAPE.vocabulary, (4, 7), generator=torch.Generator().manual_seed(1))
WEIGHTS = torch.randn(4, 7, SHAPE.vocabulary, generator=torch.Generator().manual_seed(3)) * MASK[..., None]
TOKENS = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}


def gpt2_model(**changes: Any) -> GPT2LMHeadModel:
    """Theirs, of SHAPE, every parameter perturbed."""
    config = GPT2Config(**(gpt2.settings(fresh()) | TOKENS | changes), attn_implementation="eager")
    return perturb_(GPT2LMHeadModel(config).eval())


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


def logits(ours: TextTransformer, mask: Tensor | None = MASK) -> Tensor:
    return ours.logits(ours(IDS, mask))


def their_logits(theirs: GPT2LMHeadModel, mask: Tensor | None = MASK) -> Tensor:
    out: Tensor = theirs(input_ids=IDS, attention_mask=None if mask is None else mask.long()).logits
    return out


def agree(got: Tensor, expected: Tensor) -> None:
    assert got.shape == expected.shape
    off = (got - expected).abs().max().item()
    assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), f"max |ours - theirs| {off:.1e}"


def test_logits_equal_gpt2() -> None:
    theirs = gpt2_model()
    ours = loaded(theirs)
    agree(logits(ours, None), their_logits(theirs, None))
    agree(logits(ours)[MASK], their_logits(theirs)[MASK])


@pytest.mark.parametrize(("activation", "name"), [("relu", "relu"), ("gelu", "gelu"), ("gelu_tanh", "gelu_fast")])
def test_logits_equal_gpt2_with_other_activations(activation: str, name: str) -> None:
    theirs = gpt2_model(activation_function=name)
    agree(logits(loaded(theirs, activation=activation)), their_logits(theirs))


def test_gradients_of_every_parameter_equal_gpt2s() -> None:
    theirs = gpt2_model()
    ours = loaded(theirs)
    (logits(ours) * WEIGHTS).sum().backward()
    (their_logits(theirs) * WEIGHTS).sum().backward()
    grads = {name: tensor.grad for name, tensor in theirs.named_parameters()}  # the tied head once, as the embedding
    expected = rules.remap(grads, gpt2.rules(grads), ours.state_dict())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, f"{name} gets no gradient"
        agree(parameter.grad, expected[name])


def test_token_by_token_with_a_cache_equals_gpt2s_cache() -> None:
    theirs = gpt2_model()
    ours, past = loaded(theirs), None
    cache, whole = ours.new_cache(), their_logits(theirs, None)
    for start, end in ((0, 3), (3, 4), (4, 7)):  # a beginning, one token, then several at once
        got = ours.logits(ours(IDS[:, start:end], cache=cache))
        out = theirs(input_ids=IDS[:, start:end], past_key_values=past, use_cache=True)
        past = out.past_key_values
        agree(got, out.logits)
        agree(got, whole[:, start:end])
    assert cache.length == 7


def test_there_and_back_is_exact_both_ways() -> None:
    theirs = gpt2_model()
    ours = loaded(theirs)
    other = GPT2LMHeadModel(GPT2Config(**module.library_settings(ours), **TOKENS))
    other.load_state_dict(module.export(ours), strict=True)
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    mine = perturb_(fresh(), seed=5)
    again = module.load(fresh(), module.export(mine))
    for name, tensor in mine.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_our_export_computes_the_same_in_gpt2() -> None:
    ours = perturb_(fresh(), seed=6)
    theirs = GPT2LMHeadModel(GPT2Config(**module.library_settings(ours), **TOKENS)).eval()
    theirs.load_state_dict(module.export(ours), strict=True)
    agree(logits(ours), their_logits(theirs))


def test_the_body_alone_and_old_files_with_masks_load_too() -> None:
    theirs = gpt2_model()
    agree(logits(loaded(theirs.transformer)), their_logits(theirs))
    masks = {"transformer.h.0.attn.bias": torch.ones(1, 1, 11, 11), "transformer.h.0.attn.masked_bias": torch.ones(())}
    agree(logits(loaded(theirs.state_dict() | masks)), their_logits(theirs))


def test_a_head_of_its_own_is_refused() -> None:
    untied = gpt2_model().state_dict()
    untied["lm_head.weight"] = untied["lm_head.weight"] + 0.25
    message = refused(untied)
    assert "lm_head.weight" in message and "transformer.wte.weight" in message and "2.5e-01" in message


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"activation_function": "gelu"}, "activation_function is 'gelu' in theirs, 'gelu_new' would be ours"),
        ({"layer_norm_epsilon": 1e-5}, "layer_norm_epsilon is 1e-05 in theirs, 0.001 would be ours"),
        ({"n_head": 3}, "n_head is 3 in theirs, 2 would be ours"),
        ({"scale_attn_weights": False}, "scale_attn_weights is False in theirs"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True in theirs"),
        ({"n_inner": None}, "gives (48, 12)"),  # None is 4 times the width in GPT-2: the shape tells
    ],
)
def test_settings_that_weights_do_not_show_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert named in refused(gpt2_model(**changes))


def test_gpt2s_own_way_of_saying_four_times_the_width_is_understood() -> None:
    theirs = gpt2_model(n_inner=None)
    agree(logits(loaded(theirs, hidden=48)), their_logits(theirs))


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"norm": "post"}, "norm='post'"), ({"causal": False}, "causal=True"), ({"segments": 2}, "2 segments")],
)
def test_a_shape_of_ours_that_gpt2_has_not_is_refused(changes: dict[str, Any], named: str) -> None:
    assert named in refused(gpt2_model(), **changes)


@pytest.mark.parametrize("changes", [{"norm": "post"}, {"causal": False}, {"segments": 2}])
def test_a_shape_that_no_library_has_is_not_exported(changes: dict[str, Any]) -> None:
    with pytest.raises(BridgeError, match=r"no library's model .* BertModel: ours .* GPT2LMHeadModel: ours "):
        module.export(fresh(**changes))
    with pytest.raises(BridgeError):
        module.export(nn.Linear(2, 2))


def changed(part: str, **what: Any) -> tuple[Rule, ...]:
    """The table with the rules about `part` of theirs replaced."""
    assert any(part in rule.source for rule in gpt2.BODY)
    return tuple(replace(rule, **what) if part in rule.source else rule for rule in gpt2.BODY)


def renamed(exchange: dict[str, str]) -> tuple[Rule, ...]:
    table = []
    for rule in gpt2.BODY:
        old = next((name for name in exchange if name in rule.target), None)
        table.append(replace(rule, target=rule.target.replace(old, exchange[old])) if old else rule)
    return tuple(table)


# Three parts for each head, not three parts of all heads: (heads, 3, D / heads) instead of (3, heads, D / heads).
INTERLEAVED = Convert(
    lambda theirs, parts: [each.flatten(0, 1) for each in theirs.T.unflatten(0, (2, 3, 6)).unbind(1)],
    STACKED_COLUMNS.join,
)


def lenient(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """A loader that never loads the last layer norm."""
    found = rules.remap(theirs, table, ours, ignore)
    return {n: ours[n].clone() if n.startswith("transformer.norm") else tensor for n, tensor in found.items()}


def without_tie(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """Leaves the head out without a word."""
    headless = {name: tensor for name, tensor in theirs.items() if name != "lm_head.weight"}
    return rules.remap(headless, gpt2.rules(headless), ours, ignore)


def unturned(ours: Any, table: Any) -> dict[str, Tensor]:
    """Exports one square matrix as it is."""
    return rules.unmap(ours, [replace(r, convert=SAME) if "attn.c_proj.weight" in r.source else r for r in table])


ANY_GELU = replace(gpt2.GPT2, settings=lambda ours: gpt2.settings(ours) | {"activation_function": "gelu"})
SCALE = replace(gpt2.GPT2, settings=lambda ours: {"n_head": 2})


def scale_is_refused() -> None:
    assert "scale_attn_weights" in refused(gpt2_model(scale_attn_weights=False))


SEEDED_BUGS: tuple[tuple[str, ModuleType, str, Any, Callable[[], None]], ...] = (
    ("a square Conv1D not transposed", gpt2, "BODY", changed("attn.c_proj.weight", convert=SAME),
     test_logits_equal_gpt2),
    ("a bias-free q, k, v", gpt2, "BODY", tuple(r for r in gpt2.BODY if "c_attn.bias" not in r.source),
     test_logits_equal_gpt2),
    ("query and key swapped in c_attn", gpt2, "BODY", renamed({"{query,key,value}": "{key,query,value}"}),
     test_logits_equal_gpt2),
    ("c_attn cut head by head", gpt2, "BODY", changed("c_attn.weight", convert=INTERLEAVED), test_logits_equal_gpt2),
    ("c_attn cut by rows", gpt2, "BODY", changed("c_attn.weight", convert=STACKED_ROWS), test_logits_equal_gpt2),
    ("layer norms swapped", gpt2, "BODY", renamed({"norm1": "norm2", "norm2": "norm1"}), test_logits_equal_gpt2),
    ("the last layer norm never loaded", module, "remap", lenient, test_logits_equal_gpt2),
    ("an untied head is dropped", module, "remap", without_tie, test_a_head_of_its_own_is_refused),
    ("the wrong GELU is asked for", module, "FAMILIES", (ANY_GELU,), test_logits_equal_gpt2),
    ("unscaled attention goes unnoticed", module, "FAMILIES", (SCALE,), scale_is_refused),
    ("export forgets to turn back", module, "unmap", unturned, test_our_export_computes_the_same_in_gpt2),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    what, where, *rest = bug
    assert_caught(where, (what, *rest))
