"""MultiHeadAttention against ``nn.MultiheadAttention``: self, cross, causal, padding, values and all gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmlearn.blocks import attention as module
from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.blocks.cache import LayerCache
from mmlearn.bridge.perturb import perturb_

ATTENTION, HEAD_MASK = module.attention, module.head_mask
B, N, M, WIDTH, HEADS = 3, 5, 7, 12, 3


def pair(bias: bool = True, dtype: Any = torch.float32) -> tuple[MultiHeadAttention, nn.MultiheadAttention]:
    """PyTorch's layer, every parameter perturbed, and ours with its weights: theirs holds q, k and v in one."""
    theirs = perturb_(nn.MultiheadAttention(WIDTH, HEADS, bias=bias, batch_first=True, dtype=dtype))
    ours = MultiHeadAttention(WIDTH, HEADS, bias=bias).to(dtype)
    state = {"output.weight": theirs.out_proj.weight}
    for name, weight in zip(("query", "key", "value"), theirs.in_proj_weight.chunk(3), strict=True):
        state[f"{name}.weight"] = weight
    if bias:
        state["output.bias"] = theirs.out_proj.bias
        for name, each in zip(("query", "key", "value"), theirs.in_proj_bias.chunk(3), strict=True):
            state[f"{name}.bias"] = each
    ours.load_state_dict(state, strict=True)
    return ours, theirs


def random(*shape: int, seed: int = 0, dtype: Any = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def some(*shape: int) -> Tensor:
    """Bool, True where looking is allowed; everybody sees the second position."""
    mask = torch.rand(*shape, generator=torch.Generator().manual_seed(1)) > 0.4
    mask[..., 1] = True
    return mask


def gradients(layer: nn.Module, out: Tensor, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return torch.autograd.grad((out * weights).sum(), (*inputs, *layer.parameters()), allow_unused=True)


def assert_same(
    context: bool, mask: Tensor | None, bias: bool = True, dtype: Any = torch.float32, **theirs: Any
) -> None:
    """Output, weights, gradients of the inputs and of every parameter; with the weights asked for and without."""
    ours, layer = pair(bias, dtype)
    x = random(B, N, WIDTH, dtype=dtype).requires_grad_()
    c = random(B, M, WIDTH, seed=1, dtype=dtype).requires_grad_() if context else x
    expected, weights = layer(x, c, c, average_attn_weights=False, **theirs)
    causal = theirs.get("is_causal", False)
    close = 1e-12 if dtype == torch.float64 else 1e-5
    inputs = (x, c) if context else (x,)
    due = gradients(layer, expected, inputs)
    split = [part for each in due[len(inputs) : -2 if bias else -1] for part in each.chunk(3)]  # in_proj: q, k, v
    for return_weights in (True, False):
        found = ours(x, c if context else None, mask, causal=causal, return_weights=return_weights)
        out = found[0] if return_weights else found
        torch.testing.assert_close(out, expected, atol=close, rtol=10 * close)
        if return_weights:
            torch.testing.assert_close(found[1], weights, atol=close, rtol=10 * close)
        got = dict(
            zip([*range(len(inputs)), *dict(ours.named_parameters())], gradients(ours, out, inputs), strict=True)
        )
        kinds = ("weight", "bias") if bias else ("weight",)
        named = {f"{name}.{kind}": split[3 * i + j] for i, kind in enumerate(kinds)
                 for j, name in enumerate(("query", "key", "value"))}  # fmt: skip
        named |= {f"output.{kind}": due[i - len(kinds)] for i, kind in enumerate(kinds)}
        for key, value in {**dict(enumerate(due[: len(inputs)])), **named}.items():
            torch.testing.assert_close(got[key], value, atol=close, rtol=10 * close)


def refusal(layer: nn.Module, x: Tensor, mask: Tensor) -> str:
    """The sentence that refuses this mask; nothing where it is taken."""
    try:
        layer(x, mask=mask)
    except ValueError as error:
        return str(error)
    return ""


def test_self_attention() -> None:
    assert_same(False, None)
    assert_same(False, None, bias=False)
    assert_same(False, None, dtype=torch.float64)


def test_cross_attention() -> None:
    assert_same(True, None)
    assert_same(True, None, bias=False, dtype=torch.float64)


def test_causal() -> None:
    assert_same(False, None, attn_mask=~torch.ones(N, N).tril().bool(), is_causal=True)


def test_padding() -> None:
    real = some(B, M)
    assert_same(True, real, key_padding_mask=~real)
    assert_same(True, real[:, None, :], key_padding_mask=~real)
    assert_same(False, real[:, :N], key_padding_mask=~real[:, :N])


def test_pairs() -> None:
    each = some(B, HEADS, N, M)
    assert_same(True, each[0, 0], attn_mask=~each[0, 0])
    assert_same(True, each[:, 0], attn_mask=~each[:, 0].repeat_interleave(HEADS, dim=0))
    assert_same(True, each, attn_mask=~each.flatten(0, 1))


def test_float_masks() -> None:
    lean = random(B, HEADS, N, M, seed=3).masked_fill(~some(B, HEADS, N, M), float("-inf"))
    assert_same(True, lean[0, 0], attn_mask=lean[0, 0])
    assert_same(True, lean[:, 0], attn_mask=lean[:, 0].repeat_interleave(HEADS, dim=0))
    assert_same(True, lean, attn_mask=lean.flatten(0, 1))
    assert_same(True, lean.double(), dtype=torch.float64, attn_mask=lean.double().flatten(0, 1))


def test_padding_and_causal_together() -> None:
    real = torch.arange(N) < torch.tensor([[2], [5], [3]])  # (B, N), padding on the right
    assert_same(False, real, attn_mask=~torch.ones(N, N).tril().bool(), is_causal=True, key_padding_mask=~real)


def test_a_query_that_sees_nothing_gives_the_output_bias_and_nan_in_torch() -> None:
    ours, theirs = pair()
    x = random(B, N, WIDTH).requires_grad_()
    real = torch.ones(B, N, dtype=torch.bool)
    real[1] = False
    for return_weights in (True, False):
        found = ours(x, mask=real, return_weights=return_weights)
        out = found[0] if return_weights else found
        torch.testing.assert_close(out[1], ours.output.bias.expand(N, WIDTH))
        assert not any(each.isnan().any() for each in gradients(ours, out, (x,)) if each is not None)
    assert theirs(x, x, x, key_padding_mask=~real)[0][1].isnan().all()


def test_a_square_mask_of_two_axes_is_refused_where_it_could_mean_two_things() -> None:
    ours, _ = pair()
    x, mask = random(N, N, WIDTH), some(N, N)
    assert "write mask[:, None, :] if its rows are sequences (True = real token), mask[None]" in refusal(ours, x, mask)
    sequences, queries = ours(x, mask=mask[:, None, :]), ours(x, mask=mask[None])
    for i in range(N):  # one sequence alone cannot be mistaken
        torch.testing.assert_close(sequences[i : i + 1], ours(x[i : i + 1], mask=mask[i : i + 1]))
        torch.testing.assert_close(queries[i : i + 1], ours(x[i : i + 1], mask=mask))
    added = torch.zeros(N, N).masked_fill(~mask, float("-inf"))
    torch.testing.assert_close(ours(x, mask=added), queries)  # of floats, two axes are always pairs


def test_a_cache_gives_what_the_whole_sequence_gives() -> None:
    ours, _ = pair()
    x = random(B, M, WIDTH)
    whole, cache = ours(x, causal=True), LayerCache()
    parts = [ours(part, causal=True, cache=cache) for part in x.split([3, 1, 2, 1], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    assert cache.length == M


def test_a_refused_call_leaves_the_cache_as_it_was() -> None:
    ours, _ = pair()
    x, cache = random(B, M, WIDTH), LayerCache()
    ours(x[:, :4], causal=True, cache=cache)
    for mask in (torch.ones(B, 3).bool(), torch.ones(B, 3, 4).bool(), torch.ones(B, 7).long()):
        with pytest.raises((TypeError, ValueError)):
            ours(x[:, 4:], mask=mask, causal=True, cache=cache)
        assert cache.length == 4
    torch.testing.assert_close(ours(x[:, 4:], causal=True, cache=cache), ours(x, causal=True)[:, 4:])


def test_a_cache_that_is_not_causal_takes_one_position_at_a_time() -> None:
    ours, _ = pair()
    x, cache = random(B, 3, WIDTH), LayerCache()
    parts = [ours(part, cache=cache) for part in x.split(1, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), ours(x, causal=True))
    with pytest.raises(ValueError, match=r"2 new positions with a cache but not causal: .* pass causal=True"):
        ours(x[:, :2], cache=cache)
    assert cache.length == 3


def test_heads_are_slices_of_the_width() -> None:
    ours, _ = pair()
    x = random(B, N, WIDTH)
    with torch.no_grad():
        ours.output.weight.copy_(torch.eye(WIDTH))
        ours.output.bias.zero_()
    d = WIDTH // HEADS
    for h in range(HEADS):
        q, k, v = (layer(x)[..., h * d : (h + 1) * d] for layer in (ours.query, ours.key, ours.value))
        torch.testing.assert_close(ours(x)[..., h * d : (h + 1) * d], ATTENTION(q, k, v))


def test_refuses_bad_input() -> None:
    for width, heads in ((10, 3), (0, 1), (4, 0), (4, 8)):
        with pytest.raises(ValueError, match="a multiple of the number of heads, got"):
            MultiHeadAttention(width, heads)
    ours, x, c = MultiHeadAttention(WIDTH, HEADS), random(B, N, WIDTH), random(B, M, WIDTH)
    with pytest.raises(ValueError, match=r"x of shape \(B, N, 12\), got \(5, 12\): one sequence is a batch of one"):
        ours(x[0])
    with pytest.raises(ValueError, match=r"got \(3, 5, 8\): project it to width 12 first"):
        ours(x[..., :8])
    with pytest.raises(ValueError, match=r"context of shape \(B, N, 12\), got \(3, 7, 4\)"):
        ours(x, c[..., :4])
    with pytest.raises(ValueError, match="one context for each of the 3 sequences of x, got 1"):
        ours(x, c[:1])
    for options in ({"causal": True}, {"cache": LayerCache()}):
        with pytest.raises(ValueError, match="for self-attention"):
            ours(x, c, **options)
    for shape in ((B, N), (M, N), (B, 1), (B, M, N), (B, HEADS, M, N), (B, HEADS + 1, N, M), (M,), (1, B, HEADS, N, M)):
        with pytest.raises(ValueError, match="expected a mask"):
            ours(x, c, torch.ones(shape).bool())
    with pytest.raises(TypeError, match=r"got torch.int64: a tokenizer's 0 and 1"):
        ours(x, c, torch.ones(B, M).long())
    for given, sentence in (
        ((x.double(),), "x of torch.float32, as the weights are, got torch.float64"),
        ((x.long(),), "got torch.int64"),
        ((x, c.double()), "context of torch.float32, as the weights are, got torch.float64"),
        ((x.numpy(),), "expected x as a torch.Tensor, got ndarray"),
        ((x, c.numpy()), "expected context as a torch.Tensor, got ndarray"),
        ((x, c, np.ones((B, M), dtype=bool)), "expected mask as a torch.Tensor, got ndarray"),
    ):
        with pytest.raises(TypeError, match=sentence):
            ours(*given)
    for sizes in ((12.0, 3), (12, 3.0), ("12", 3)):
        with pytest.raises(TypeError, match="as a whole number, got"):
            MultiHeadAttention(*sizes)


def test_heads_show_in_the_printed_layer() -> None:
    assert "heads=3" in repr(MultiHeadAttention(WIDTH, HEADS))


def _mixed_heads(q: Tensor, k: Tensor, v: Tensor, *rest: Any, **options: Any) -> Any:
    found = ATTENTION(q, k, v, *rest, **options)
    return (found[0].flip(1), found[1]) if isinstance(found, tuple) else found.flip(1)


def _one_head(q: Tensor, k: Tensor, v: Tensor, mask: Any = None, **options: Any) -> Any:
    scale = (q.shape[1]) ** -0.5  # as if D were the whole width
    return ATTENTION(q * scale, k, v, mask, **options)


SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("heads come back in the wrong order", "attention", _mixed_heads, test_self_attention),
    ("scaled by the width, not the head's", "attention", _one_head, test_cross_attention),
    ("keys for values", "attention", lambda q, k, v, *r, **o: ATTENTION(q, k, k, *r, **o), test_cross_attention),
    ("causal is not passed on", "attention",
     lambda q, k, v, mask=None, causal=False, **o: ATTENTION(q, k, v, mask, **o), test_causal),
    ("causal drops the padding", "attention",
     lambda q, k, v, mask=None, causal=False, **o: ATTENTION(q, k, v, None if causal else mask, causal=causal, **o),
     test_padding_and_causal_together),
    ("the first sequence's padding for all", "head_mask", lambda mask, shape: HEAD_MASK(mask, shape)[:1],
     test_padding),
    ("the first head's mask for all", "head_mask", lambda mask, shape: HEAD_MASK(mask, shape)[:, :1], test_pairs),
    ("the mask is dropped", "head_mask", lambda mask, shape: torch.ones(shape, dtype=torch.bool), test_float_masks),
    ("a square mask is always one of tokens", "head_mask",
     lambda mask, shape: mask[:, None, None] if mask.ndim == 2 else HEAD_MASK(mask, shape),
     test_a_square_mask_of_two_axes_is_refused_where_it_could_mean_two_things),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
