"""nn.MultiheadAttention and our MultiHeadAttention: outputs, gradients, both directions, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.bridge import rules, torch_attention, trace
from mmlearn.bridge import transfer as module
from mmlearn.bridge.perturb import perturb_
from mmlearn.bridge.rules import BridgeError, Convert, Rule
from mmlearn.encode.text import TextConfig, TextTransformer

WIDTH, HEADS = 12, 2
MASK = torch.arange(7) < torch.tensor([7, 1, 4])[:, None]  # (3, 7)
X = torch.randn(3, 5, WIDTH, generator=torch.Generator().manual_seed(1))
CONTEXT = torch.randn(3, 7, WIDTH, generator=torch.Generator().manual_seed(2))
WEIGHTS = torch.randn(3, 5, WIDTH, generator=torch.Generator().manual_seed(3))


def torch_model(**changes: Any) -> nn.MultiheadAttention:
    settings = {"embed_dim": WIDTH, "num_heads": HEADS, "batch_first": True} | changes
    return perturb_(nn.MultiheadAttention(**settings).eval(), scale=0.3)


def loaded(theirs: nn.Module, **changes: Any) -> MultiHeadAttention:
    """Ours with their weights; a refusal is a failure."""
    assert refused(theirs, **changes) == ""
    return module.load(fresh(**changes), theirs)


def fresh(**changes: Any) -> MultiHeadAttention:
    return MultiHeadAttention(**({"width": WIDTH, "heads": HEADS} | changes)).eval()


def refused(theirs: nn.Module, **changes: Any) -> str:
    try:
        module.load(fresh(**changes), theirs)
    except BridgeError as error:
        return str(error)
    return ""


def agree(got: Tensor, expected: Tensor) -> None:
    assert got.shape == expected.shape
    off = (got - expected).abs().max().item()
    assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), f"max |ours - theirs| {off:.1e}"


@pytest.mark.parametrize("bias", [True, False])
def test_outputs_equal_torch_self_and_cross_with_padding(bias: bool) -> None:
    theirs = torch_model(bias=bias)
    ours = loaded(theirs, bias=bias)
    agree(ours(X), theirs(X, X, X)[0])
    agree(ours(X, CONTEXT, MASK), theirs(X, CONTEXT, CONTEXT, key_padding_mask=~MASK)[0])


def test_weights_of_each_head_equal_torchs() -> None:
    theirs = torch_model()
    expected = theirs(X, CONTEXT, CONTEXT, key_padding_mask=~MASK, average_attn_weights=False)[1]
    agree(loaded(theirs)(X, CONTEXT, MASK, return_weights=True)[1], expected)


def test_gradients_of_inputs_and_parameters_equal_torchs() -> None:
    theirs = torch_model()
    ours = loaded(theirs)
    x, context = (each.clone().requires_grad_() for each in (X, CONTEXT))
    other_x, other = (each.clone().requires_grad_() for each in (X, CONTEXT))
    (ours(x, context, MASK) * WEIGHTS).sum().backward()
    (theirs(other_x, other, other, key_padding_mask=~MASK)[0] * WEIGHTS).sum().backward()
    assert x.grad is not None and other_x.grad is not None and context.grad is not None and other.grad is not None
    agree(x.grad, other_x.grad)
    agree(context.grad, other.grad)
    grads = {name: tensor.grad for name, tensor in theirs.named_parameters() if tensor.grad is not None}
    expected = rules.remap(grads, torch_attention.rules(grads), ours.state_dict())
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None, f"{name} gets no gradient"
        agree(parameter.grad, expected[name])


@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back_is_exact_both_ways(bias: bool) -> None:
    theirs = torch_model(bias=bias)
    ours = loaded(theirs, bias=bias)
    other = nn.MultiheadAttention(**module.library_settings(ours))
    other.load_state_dict(module.export(ours), strict=True)
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name
    agree(other(X, X, X)[0], ours(X))
    mine = perturb_(fresh(bias=bias), seed=5)
    again = module.load(fresh(bias=bias), module.export(mine))
    for name, tensor in mine.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_length_first_or_batch_first_is_no_matter_of_weights() -> None:
    theirs = torch_model(batch_first=False)
    agree(loaded(theirs)(X), theirs(*[X.transpose(0, 1)] * 3)[0].transpose(0, 1))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"num_heads": 3}, "num_heads is 3 in theirs, 2 would be ours"),
        ({"embed_dim": 16}, "embed_dim is 16 in theirs, 12 would be ours"),
        ({"add_zero_attn": True}, "add_zero_attn is True in theirs"),
        ({"add_bias_kv": True}, "bias_k, bias_v"),
        ({"kdim": 5, "vdim": 5}, "q_proj_weight, k_proj_weight, v_proj_weight"),
        ({"bias": False}, "got nothing: query.bias"),
    ],
)
def test_what_ours_could_not_compute_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    assert named in refused(torch_model(**changes))


def test_a_bias_that_ours_has_no_place_for_is_refused() -> None:
    assert "ours has no query.bias" in refused(torch_model(), bias=False)


def test_weights_of_another_kind_are_refused() -> None:
    text = TextTransformer(TextConfig(9, 5, 4, 1, 2, 6, causal=True, norm="pre", activation="relu", eps=1e-5))
    with pytest.raises(BridgeError, match=r"theirs is a nn\.MultiheadAttention, ours .* no MultiHeadAttention"):
        module.load(text, torch_model())
    with pytest.raises(BridgeError, match="GPT2LMHeadModel, ours could not compute the same: ours is no text"):
        module.load(fresh(), module.export(text))
    with pytest.raises(BridgeError, match=r"the bridge knows .* these weights \(weight, bias"):
        module.load(fresh(), nn.Linear(2, 2))
    with pytest.raises(BridgeError, match="no tensors"):
        module.load(fresh(), {})


def test_trace_gives_torch_the_same_inputs_in_its_own_words() -> None:
    theirs = torch_model()
    ours = loaded(theirs)
    for inputs in ((X,), (X, CONTEXT), (X, CONTEXT, MASK), (X, None, MASK[:, :5])):
        assert trace(ours, theirs, *inputs).first is None
    with pytest.raises(ValueError, match="expected a mask"):
        trace(ours, theirs, X, CONTEXT, torch.ones(5, 7, dtype=torch.bool))
    with pytest.raises(ValueError, match="batch_first=True"):
        trace(ours, torch_model(batch_first=False), X)


# Torch's rows read as (heads, 3, D / heads) instead of (3, heads, D / heads).
BY_HEAD = Convert(
    lambda theirs, parts: [each.flatten(0, 1) for each in theirs.unflatten(0, (HEADS, 3, -1)).unbind(1)],
    rules.STACKED_ROWS.join,
)


def order(names: str) -> tuple[Rule, ...]:
    return (replace(torch_attention.WEIGHTS[0], target=f"{{{names}}}.weight"), torch_attention.WEIGHTS[1])


def lenient(theirs: Any, table: Any, ours: Any, ignore: Any = ()) -> dict[str, Tensor]:
    """A loader that leaves the output's bias as it was."""
    found = rules.remap(theirs, table, ours, ignore)
    return {name: ours[name].clone() if name == "output.bias" else tensor for name, tensor in found.items()}


def self_and_cross() -> None:
    test_outputs_equal_torch_self_and_cross_with_padding(bias=True)


def heads_are_compared() -> None:
    assert "num_heads" in refused(torch_model(num_heads=3))


NO_HEADS = replace(torch_attention.TORCH_ATTENTION, settings=lambda ours: {"add_zero_attn": False})
SEEDED_BUGS: tuple[tuple[str, ModuleType, str, Any, Callable[[], None]], ...] = (
    ("key and value swapped", torch_attention, "WEIGHTS", order("query,value,key"), self_and_cross),
    ("query and key swapped", torch_attention, "WEIGHTS", order("key,query,value"), self_and_cross),
    ("cut head by head", torch_attention, "WEIGHTS",
     (replace(torch_attention.WEIGHTS[0], convert=BY_HEAD), torch_attention.WEIGHTS[1]), self_and_cross),
    ("no biases", torch_attention, "BIASES", (), self_and_cross),
    ("the output's bias is never loaded", module, "remap", lenient, self_and_cross),
    ("heads not compared", module, "FAMILIES", (NO_HEADS,), heads_are_compared),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    what, where, *rest = bug
    assert_caught(where, (what, *rest))
