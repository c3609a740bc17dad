"""Blocks and stacks against ``nn.TransformerEncoderLayer``: pre- and post-norm, masks, caches, how weights start."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmlearn.blocks import transformer as module
from mmlearn.blocks.cache import Cache
from mmlearn.blocks.transformer import FeedForward, Transformer, TransformerBlock
from mmlearn.bridge.perturb import perturb_

B, N, WIDTH, HEADS, HIDDEN = 3, 5, 12, 3, 20


def pair(norm: Any, activation: str = "gelu", eps: float = 1e-5) -> tuple[TransformerBlock, nn.TransformerEncoderLayer]:
    """PyTorch's layer, every parameter perturbed, and ours with its weights."""
    act: Any = {"gelu": F.gelu, "relu": F.relu}[activation]
    theirs = nn.TransformerEncoderLayer(
        WIDTH,
        HEADS,
        HIDDEN,
        dropout=0.0,
        activation=act,
        layer_norm_eps=eps,
        batch_first=True,
        norm_first=norm == "pre",
    )
    perturb_(theirs)
    ours = module.TransformerBlock(WIDTH, HEADS, HIDDEN, norm, activation, eps)
    ours.load_state_dict(in_our_names(dict(theirs.named_parameters())), strict=True)
    return ours, theirs


def in_our_names(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Parameters or gradients of PyTorch's layer by our names; its in_proj is query, key and value in one."""
    ours = {}
    for kind in ("weight", "bias"):
        parts = theirs[f"self_attn.in_proj_{kind}"].chunk(3)
        ours |= {f"attention.{name}.{kind}": p for name, p in zip(("query", "key", "value"), parts, strict=True)}
        ours[f"attention.output.{kind}"] = theirs[f"self_attn.out_proj.{kind}"]
        ours[f"feed_forward.up.{kind}"] = theirs[f"linear1.{kind}"]
        ours[f"feed_forward.down.{kind}"] = theirs[f"linear2.{kind}"]
        ours |= {f"norm{i}.{kind}": theirs[f"norm{i}.{kind}"] for i in (1, 2)}
    return ours


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def with_gradients(layer: nn.Module, options: dict[str, Any]) -> dict[str, Tensor]:
    """The output, the gradient of the input, and that of every parameter by its name."""
    x = random(B, N, WIDTH).requires_grad_()
    out = layer(x, **options)
    loss = (out * torch.linspace(-1, 2, out.numel()).reshape(out.shape)).sum()
    named = dict(layer.named_parameters())
    gradients = torch.autograd.grad(loss, (x, *named.values()))
    return {"output": out, "input": gradients[0], **dict(zip(named, gradients[1:], strict=True))}


def assert_same(ours: nn.Module, theirs: nn.Module, options: dict[str, Any], theirs_options: dict[str, Any]) -> None:
    found, other = with_gradients(ours, options), with_gradients(theirs, theirs_options)
    due = {"output": other["output"], "input": other["input"], **in_our_names(other)}
    assert set(found) == set(due)
    for name in due:
        torch.testing.assert_close(found[name], due[name], atol=1e-5, rtol=1e-4)


def check_norm(norm: str) -> None:
    real = torch.arange(N) < torch.tensor([[2], [5], [3]])  # (B, N)
    later = ~torch.ones(N, N).tril().bool()
    for activation, eps in (("gelu", 1e-5), ("relu", 1e-3)):
        ours, theirs = pair(norm, activation, eps)
        assert_same(ours, theirs, {}, {})
        assert_same(ours, theirs, {"mask": real}, {"src_key_padding_mask": ~real})
        assert_same(ours, theirs, {"causal": True}, {"src_mask": later, "is_causal": True})


def test_pre_norm_is_torchs() -> None:
    check_norm("pre")


def test_post_norm_is_torchs() -> None:
    check_norm("post")


def test_a_stack_is_its_blocks_and_a_last_norm_for_pre() -> None:
    x = random(B, N, WIDTH)
    for norm in ("pre", "post"):
        stack = perturb_(Transformer(3, WIDTH, HEADS, HIDDEN, norm))
        by_hand = x
        for block in stack.blocks:
            by_hand = block(by_hand, causal=True)
        assert isinstance(stack.norm, nn.LayerNorm if norm == "pre" else nn.Identity)
        torch.testing.assert_close(stack(x, causal=True), stack.norm(by_hand))


def test_weights_on_request_change_nothing_and_sum_to_one() -> None:
    stack, x = perturb_(Transformer(2, WIDTH, HEADS, HIDDEN)), random(B, N, WIDTH)
    for causal in (False, True):
        out, weights = stack(x, causal=causal, return_weights=True)
        torch.testing.assert_close(out, stack(x, causal=causal))
        torch.testing.assert_close(weights.sum(-1), torch.ones(B, 2, HEADS, N))
        assert bool(weights.triu(1).any()) is not causal
    first = stack.blocks[0](x, return_weights=True)[1]
    torch.testing.assert_close(stack(x, return_weights=True)[1][:, 0], first)


def test_a_mask_of_two_axes_is_of_tokens_even_in_a_square() -> None:
    stack, x = perturb_(Transformer(2, WIDTH, HEADS, HIDDEN)), random(N, N, WIDTH)
    real = torch.arange(N) < torch.arange(1, N + 1)[:, None]  # row b: b + 1 real tokens
    whole = stack(x, real)
    for b in range(N):
        torch.testing.assert_close(whole[b, : b + 1], stack(x[b : b + 1, : b + 1])[0])
    torch.testing.assert_close(stack(x, real[None]), stack(x, causal=True))  # as pairs it is the causal one


def test_a_cache_in_chunks_is_the_whole() -> None:
    stack, x = perturb_(Transformer(2, WIDTH, HEADS, HIDDEN)), random(B, N, WIDTH)
    real = torch.arange(N) != torch.tensor([[0], [9], [9]])
    for mask in (None, real):
        cache, parts, end = Cache(2), [], 0
        for size in (2, 1, 2):
            end += size
            part = None if mask is None else mask[:, :end]
            parts.append(stack(x[:, end - size : end], part, causal=True, cache=cache))
        torch.testing.assert_close(torch.cat(parts, 1), stack(x, mask, causal=True))
        assert cache.length == N


def test_weights_start_small_and_smaller_where_they_are_added() -> None:
    torch.manual_seed(0)
    stds: dict[tuple[str, str], list[float]] = {}
    for norm in ("pre", "post"):
        stack = Transformer(8, 64, 4, 256, norm)
        for name, parameter in stack.named_parameters():
            if name.endswith("bias"):
                assert not parameter.any()
            elif parameter.ndim == 1:
                assert (parameter == 1).all()
            else:
                key = "added" if name.endswith(("output.weight", "down.weight")) else "inner"
                stds.setdefault((norm, key), []).append(float(parameter.detach().std()))
    found = {key: sum(values) / len(values) for key, values in stds.items()}
    assert found["pre", "inner"] == pytest.approx(0.02, rel=0.02)
    assert found["pre", "added"] == pytest.approx(0.02 / 16**0.5, rel=0.02)
    assert found["post", "inner"] == pytest.approx(found["post", "added"], rel=0.02)


def test_dropout_works_while_training_and_only_then() -> None:
    torch.manual_seed(0)
    block, x = TransformerBlock(WIDTH, HEADS, HIDDEN, dropout=0.5), random(B, N, WIDTH)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_dropout_falls_on_both_summands(norm: Any) -> None:
    block, seen = TransformerBlock(8, 2, 16, norm=norm, dropout=0.5).train(), []
    block.dropout.register_forward_hook(lambda module, given, out: seen.append(given[0].shape))
    block(random(2, 3, 8))
    assert seen == [(2, 3, 8)] * 2


def test_feed_forward_sees_each_position_alone() -> None:
    layer, x = perturb_(FeedForward(WIDTH, HIDDEN, "gelu_tanh")), random(B, N, WIDTH)
    torch.testing.assert_close(layer(x)[:, 2], layer(x[:, 2]))
    assert "gelu_tanh" in repr(layer)


def test_runs_in_float64_and_under_autocast() -> None:
    stack, x = Transformer(2, WIDTH, HEADS, HIDDEN), random(B, N, WIDTH)
    lean = random(N, N)
    assert stack.double()(x.double(), lean[None].double(), causal=True).dtype == torch.float64
    stack.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for return_weights in (False, True):
            out = stack(x, lean[None], return_weights=return_weights)
            torch.testing.assert_close(
                (out[0] if return_weights else out).float(), stack(x, lean[None]), atol=0.1, rtol=0.1
            )


def test_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match='norm "pre" or "post", got \'both\''):
        TransformerBlock(8, 2, 32, norm="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a depth of at least 1, got 0"):
        Transformer(0, 8, 2, 32)
    with pytest.raises(ValueError, match=r"an activation of relu, .* got 'GELU'"):
        Transformer(1, 8, 2, 32, activation="GELU")
    for options in ({"eps": 0.0}, {"eps": math.nan}, {"eps": math.inf}, {"dropout": 1.0}, {"dropout": -0.1}):
        with pytest.raises(ValueError, match="dropout from 0 to below 1 and a finite eps above 0, got"):
            TransformerBlock(8, 2, 32, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hidden of at least 1, got 0"):
        TransformerBlock(8, 2, 0)
    for sizes in ((2.0, 8, 2, 32), (2, 8, 2, 32.0)):
        with pytest.raises(TypeError, match="as a whole number, got"):
            Transformer(*sizes)  # type: ignore[arg-type]
    stack, x = Transformer(2, WIDTH, HEADS, HIDDEN), random(B, N, WIDTH)
    for layer in (stack, stack.blocks[0]):
        for wrong in (x[0], x[..., :6]):
            with pytest.raises(ValueError, match=r"x of shape \(B, N, 12\), got"):
                layer(wrong)
        for wrong, sentence in ((x.double(), "as the weights are, got torch.float64"), (x.numpy(), "got ndarray")):
            with pytest.raises(TypeError, match=sentence):
                layer(wrong)
        with pytest.raises(TypeError, match=r"expected mask as a torch\.Tensor, got ndarray"):
            layer(x, np.ones((B, N), dtype=bool))
    with pytest.raises(ValueError, match="5 new positions with a cache but not causal"):
        stack(x, cache=Cache(2))
    for shape in ((N, N), (B, N + 1), (N, B)):
        with pytest.raises(ValueError, match=r"mask \(B, M\) = \(3, 5\), True = real token, got .* as mask\[None\]"):
            stack(x, torch.ones(shape).bool())
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        stack(x, torch.ones(B, N).long())
    with pytest.raises(ValueError, match="a cache of 2 layers, got 3"):
        stack(x, cache=Cache(3), causal=True)
    cache = Cache(2)
    stack(x, cache=cache, causal=True)
    with pytest.raises(ValueError, match=r"\(3, 6\), True = real token: 5 in the cache and 1 new, got \(3, 1\)"):
        stack(x[:, :1], torch.ones(B, 1).bool(), cache=cache, causal=True)


BLOCK, FEED = module.TransformerBlock, module.FeedForward


class _NormsSwapped(BLOCK):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor, mask: Any = None, **options: Any) -> Any:
        self.norm1, self.norm2 = self.norm2, self.norm1
        out = super().forward(x, mask, **options)
        self.norm1, self.norm2 = self.norm2, self.norm1
        return out


class _OtherNorm(BLOCK):  # type: ignore[misc, valid-type]
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pre_norm = not self.pre_norm


class _NoSum(BLOCK):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor, mask: Any = None, **options: Any) -> Any:
        return super().forward(x, mask, **options) - x


class _NotCausal(BLOCK):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor, mask: Any = None, *, causal: bool = False, **options: Any) -> Any:
        return super().forward(x, mask, **options)


class _EpsOfItsOwn(BLOCK):  # type: ignore[misc, valid-type]
    def __init__(self, width: int, heads: int, hidden: int, norm: Any, activation: str, eps: float) -> None:
        super().__init__(width, heads, hidden, norm, activation)


class _Parallel(BLOCK):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor, mask: Any = None, **options: Any) -> Any:
        return x + self.attention(self.norm1(x), None, mask, **options) + self.feed_forward(self.norm2(x))


class _NoBend(FEED):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.up(x))


class _BendLast(FEED):  # type: ignore[misc, valid-type]
    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.down(self.up(x)))


PRE, POST = test_pre_norm_is_torchs, test_post_norm_is_torchs
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("the two norms are swapped", "TransformerBlock", _NormsSwapped, PRE),
    ("the two norms are swapped after the sums", "TransformerBlock", _NormsSwapped, POST),
    ("pre-norm is post-norm", "TransformerBlock", _OtherNorm, PRE),
    ("post-norm is pre-norm", "TransformerBlock", _OtherNorm, POST),
    ("what came in is not added", "TransformerBlock", _NoSum, PRE),
    ("attention and network side by side", "TransformerBlock", _Parallel, PRE),
    ("the block is not told that it is causal", "TransformerBlock", _NotCausal, PRE),
    ("eps is not passed on", "TransformerBlock", _EpsOfItsOwn, POST),
    ("no bend in the network", "FeedForward", _NoBend, PRE),
    ("the bend comes last", "FeedForward", _BendLast, PRE),
    ("a square mask is one of pairs", "_of_tokens", lambda mask, x, before: mask if mask is None else mask[None],
     test_a_mask_of_two_axes_is_of_tokens_even_in_a_square),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
