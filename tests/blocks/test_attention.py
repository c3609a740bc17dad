"""Scaled dot-product attention against PyTorch's: values and gradients, fused and by hand, every kind of mask."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from mmlearn.blocks import attention as module
from mmlearn.blocks.attention import attention, manual_attention

Inputs = tuple[Tensor, Tensor, Tensor]
FUSED, MANUAL = F.scaled_dot_product_attention, manual_attention

SHAPES = (  # leading axes, N, M, D, E
    ((2, 3), 5, 7, 8, 8),
    ((2, 3), 7, 5, 4, 6),
    ((3,), 4, 4, 8, 2),
    ((), 3, 6, 5, 5),
    ((1, 1), 1, 1, 1, 1),
    ((2, 2), 1, 9, 16, 16),
    ((0, 2), 3, 3, 4, 4),
)


def inputs(seed: int, leading: tuple[int, ...], n: int, m: int, d: int, e: int, dtype: Any = torch.float32) -> Inputs:
    g = torch.Generator().manual_seed(seed)
    sizes = ((n, d), (m, d), (m, e))
    q, k, v = (2 * torch.randn(*leading, *size, generator=g, dtype=dtype) for size in sizes)
    return q.requires_grad_(), k.requires_grad_(), v.requires_grad_()


def bool_mask(*shape: int) -> Tensor:
    """About half of it True; the first query sees nothing."""
    mask = torch.rand(*shape, generator=torch.Generator().manual_seed(4)) > 0.5
    mask[..., 0, :] = False
    return mask


def float_mask(*shape: int) -> Tensor:
    """Hides what `bool_mask` hides, and leans on the rest."""
    lean = torch.randn(*shape, generator=torch.Generator().manual_seed(5))
    return lean.masked_fill(~bool_mask(*shape), float("-inf"))


def with_gradients(f: Callable[..., Tensor], given: Inputs) -> list[Tensor]:
    """The output, and the gradients of a sum in which every number of it counts differently."""
    out = f(*given)
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return [out.detach(), *torch.autograd.grad((out * weights).sum(), given)]


def assert_same(ours: Callable[..., Tensor], theirs: Callable[..., Tensor], given: Inputs) -> None:
    close = 1e-12 if given[0].dtype == torch.float64 else 1e-5
    for mine, other in zip(with_gradients(ours, given), with_gradients(theirs, given), strict=True):
        torch.testing.assert_close(mine, other, atol=close, rtol=10 * close)


def both_ways(mask: Tensor | None = None, causal: bool = False) -> list[Callable[..., Any]]:
    """Ours, fused and by hand."""
    return [
        lambda q, k, v: module.attention(q, k, v, mask, causal=causal),
        lambda q, k, v: module.attention(q, k, v, mask, causal=causal, return_weights=True)[0],
    ]


def check_against_torch(dtype: Any) -> None:
    for seed, shape in enumerate(SHAPES):
        given = inputs(seed, *shape, dtype=dtype)
        (n, m), lead = shape[1:3], shape[0]
        masks = [None, bool_mask(n, m), float_mask(n, m), bool_mask(*lead, n, m), float_mask(*lead, n, m)]
        masks += [bool_mask(2, m)[1:], float_mask(*lead[:-1], *[1 for _ in lead[-1:]], n, m)]
        for mask in masks:
            added = mask.to(dtype) if mask is not None and mask.is_floating_point() else mask
            for ours in both_ways(mask):
                assert_same(ours, lambda q, k, v, a=added: FUSED(q, k, v, attn_mask=a), given)


def test_equal_to_torch() -> None:
    check_against_torch(torch.float32)


def test_equal_to_torch_in_float64() -> None:
    check_against_torch(torch.float64)


def test_causal_is_equal_to_torch() -> None:
    for seed, shape in enumerate(((2, 3), n, n, 8, 8) for n in (1, 2, 9)):
        for ours in both_ways(causal=True):
            assert_same(ours, lambda q, k, v: FUSED(q, k, v, is_causal=True), inputs(seed, *shape))


def test_causal_with_more_keys_asks_from_the_last_positions() -> None:
    given = inputs(1, (2, 3), 7, 7, 8, 8)
    whole = FUSED(*given, is_causal=True)
    for n in (1, 3, 7):
        for ours in both_ways(causal=True):
            torch.testing.assert_close(ours(given[0][..., 7 - n :, :], *given[1:]), whole[..., 7 - n :, :])


def test_causal_and_a_mask_together_hide_what_either_hides() -> None:
    given = inputs(2, (2, 3), 5, 7, 4, 4)
    earlier = torch.ones(5, 7).tril(2).bool()
    for mask in (bool_mask(2, 1, 5, 7), bool_mask(2, 1, 5, 7)[:, :, 1:2], float_mask(5, 7)):
        both = mask & earlier if mask.dtype == torch.bool else mask.masked_fill(~earlier, float("-inf"))
        for ours in both_ways(mask, causal=True):
            assert_same(ours, lambda q, k, v, b=both: FUSED(q, k, v, attn_mask=b), given)


def test_a_query_that_sees_nothing_gets_zeros_and_no_gradient() -> None:
    given = inputs(3, (2, 2), 4, 6, 8, 8)
    for mask in (bool_mask(4, 6), float_mask(4, 6), torch.zeros(4, 6).bool()):
        for ours in both_ways(mask):
            out, *gradients = with_gradients(ours, given)
            assert not out[..., 0, :].any() and not gradients[0][..., 0, :].any()
            assert not any(each.isnan().any() for each in gradients)
        weights = manual_attention(*given, mask)[1]
        seen = mask.any(-1) if mask.dtype == torch.bool else (mask > float("-inf")).any(-1)
        torch.testing.assert_close(weights.sum(-1), seen.float().expand(2, 2, 4))


def test_what_is_hidden_changes_nothing() -> None:
    q, k, v = inputs(4, (2, 3), 5, 7, 8, 8)
    mask = torch.ones(7, dtype=torch.bool)
    mask[[2, 6]] = False
    other_k, other_v = (torch.where(mask[:, None], each, 50 * each + 9) for each in (k, v))
    for ours in both_ways(mask):
        torch.testing.assert_close(ours(q, other_k, other_v), ours(q, k, v))


def test_the_weights_are_the_softmax_of_the_scores() -> None:
    q, k, v = inputs(5, (2, 3), 5, 7, 8, 8)
    out, weights = attention(q, k, v, return_weights=True)
    torch.testing.assert_close(weights, torch.einsum("bhnd,bhmd->bhnm", q, k).div(8**0.5).softmax(-1))
    torch.testing.assert_close(out, torch.einsum("bhnm,bhmd->bhnd", weights, v))


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
@pytest.mark.parametrize("mask", [None, bool_mask(5, 7), float_mask(1, 7)], ids=["no mask", "bool", "float"])
def test_whatever_the_axes_the_kernel_is_the_fused_one(leading: tuple[int, ...], mask: Tensor | None) -> None:
    given = inputs(9, leading, 5, 7, 8, 8)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):  # raises where it would have to be another
        for causal in (False, True):
            assert attention(*given, mask, causal=causal).shape == (*leading, 5, 8)


def test_large_scores_stay_finite() -> None:
    q, k, v = (100 * each for each in inputs(6, (2,), 5, 5, 64, 64))
    for ours in both_ways():
        assert ours(q, k, v).isfinite().all()
        torch.testing.assert_close(ours(q, k, v), FUSED(q, k, v))


def test_the_order_of_the_keys_does_not_matter_that_of_the_queries_does() -> None:
    q, k, v = inputs(7, (2,), 5, 7, 8, 8)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(attention(q, k[:, order], v[:, order]), attention(q, k, v))
    torch.testing.assert_close(attention(q.flip(1), k, v), attention(q, k, v).flip(1))


@pytest.mark.parametrize("ours", [attention, manual_attention])
def test_refuses_what_does_not_fit(ours: Callable[..., Any]) -> None:
    q, k, v = inputs(8, (2, 3), 5, 7, 8, 8)
    for bad, sentence in (
        ((q[0, 0, 0], k, v), r"got q \(8,\), k .*: one vector is \[None, :\]"),
        ((q[..., :6], k, v), r"one width, got q \(2, 3, 5, 6\), .* forget to project"),
        ((q, k.transpose(-1, -2), v), "or transpose k"),
        ((q, k, v[..., :6, :]), "one value for each key"),
        ((q[:1], k, v), "the same leading axes"),
        ((q, k, v[0]), "the same leading axes"),
    ):
        with pytest.raises(ValueError, match=sentence):
            ours(*bad)
    for given in ((q.double(), k, v), (q, k.double(), v), (q, k, v.double())):
        with pytest.raises(TypeError, match=r"one float type, got .*torch\.float64"):
            ours(*given)
    for place, name in enumerate("qkv"):  # NumPy's arrays, of which the lesson's first attention is made
        given = [np.ones((2, 3)) if i == place else torch.ones(2, 3) for i in range(3)]
        with pytest.raises(TypeError, match=rf"expected {name} as a torch\.Tensor, got ndarray"):
            ours(*given)
    with pytest.raises(TypeError, match=r"expected mask as a torch\.Tensor, got ndarray"):
        ours(q, k, v, np.ones((5, 7), dtype=bool))
    with pytest.raises(TypeError, match=r"one float type, got torch.int64"):
        ours(q.long(), k.long(), v.long())
    with pytest.raises(TypeError, match=r"got torch.int64: a tokenizer's 0 and 1 become one by mask.bool\(\)"):
        ours(q, k, v, torch.ones(5, 7).long())
    for shape in ((7, 5), (5, 6), (2, 5, 7), (2, 7), (1, 2, 3, 5, 7)):
        with pytest.raises(ValueError, match=r"spread over the scores \(2, 3, 5, 7\)"):
            ours(q, k, v, torch.ones(shape).bool())
    with pytest.raises(ValueError, match="7 queries cannot be the last of 5 positions"):
        ours(k, q, q, causal=True)


def test_a_float64_mask_does_for_float32() -> None:
    q, k, v = inputs(9, (1,), 4, 4, 8, 8)
    mask = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for ours, theirs in zip(both_ways(mask=mask), both_ways(mask=mask.float()), strict=True):
        torch.testing.assert_close(ours(q, k, v), theirs(q, k, v))


def test_masks_follow_the_queries_to_their_device() -> None:
    q, k, v = (torch.empty(2, n, 4, device="meta") for n in (3, 5, 5))
    for mask in (None, torch.zeros(3, 5), torch.ones(3, 5).bool()):
        for ours in both_ways(mask=mask, causal=True):
            assert ours(q, k, v).device.type == "meta"


def _fused(wrong: Callable[..., Any]) -> Any:
    return SimpleNamespace(scaled_dot_product_attention=wrong)


def _by_hand(change: Callable[..., Any]) -> Callable[..., Any]:
    """`manual_attention` with one step changed: change(scores, mask) -> weights."""

    def wrong(q: Tensor, k: Tensor, v: Tensor, mask: Any = None, *, causal: bool = False) -> Any:
        weights = change(q @ k.transpose(-1, -2), q.shape[-1], module._whole_mask(q, k, mask, causal))
        return weights @ v, weights

    return wrong


def _hide(scores: Tensor, mask: Tensor | None, low: float = float("-inf")) -> Tensor:
    if mask is None:
        return scores
    return scores.masked_fill(~mask, low) if mask.dtype == torch.bool else scores + mask


def _zeroed_after(scores: Tensor, d: int, mask: Tensor | None) -> Tensor:
    weights = (scores / d**0.5).softmax(-1)
    return weights if mask is None else weights * (mask if mask.dtype == torch.bool else mask > float("-inf"))


def test_the_mutant_without_a_mutation_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    right = _by_hand(lambda s, d, m: _hide(s / d**0.5, m).softmax(-1).nan_to_num(0.0))
    monkeypatch.setattr(module, "manual_attention", right)
    for test in (LAST, TOGETHER, test_what_is_hidden_changes_nothing):
        test()


LAST, TOGETHER = test_causal_with_more_keys_asks_from_the_last_positions, test_causal_is_equal_to_torch
BLIND = test_a_query_that_sees_nothing_gets_zeros_and_no_gradient
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("no scale", "manual_attention", _by_hand(lambda s, d, m: _hide(s, m).softmax(-1).nan_to_num(0.0)),
     test_equal_to_torch),
    ("divided by D, not its root", "manual_attention",
     _by_hand(lambda s, d, m: _hide(s / d, m).softmax(-1).nan_to_num(0.0)), test_equal_to_torch),
    ("softmax over the queries", "manual_attention",
     _by_hand(lambda s, d, m: _hide(s / d**0.5, m).softmax(-2).nan_to_num(0.0)), test_equal_to_torch),
    ("masked after softmax", "manual_attention", _by_hand(_zeroed_after), test_equal_to_torch),
    ("hidden scores are -10, not minus infinity", "manual_attention",
     _by_hand(lambda s, d, m: _hide(s / d**0.5, m, -10.0).softmax(-1).nan_to_num(0.0)),
     test_what_is_hidden_changes_nothing),
    ("a query that sees nothing looks at everything alike", "manual_attention",
     _by_hand(lambda s, d, m: _hide(s / d**0.5, m, -1e9).softmax(-1)), BLIND),
    ("NaN where nothing is seen", "manual_attention", _by_hand(lambda s, d, m: _hide(s / d**0.5, m).softmax(-1)),
     BLIND),
    ("NaN gradients where nothing is seen", "manual_attention",
     _by_hand(lambda s, d, m: _hide(s / d**0.5, m).softmax(-1).nan_to_num(0.0)), BLIND),
    ("the fused kernel gets no scale", "F", _fused(lambda *a, **o: FUSED(*a, scale=1.0, **o)),
     test_equal_to_torch),
    ("the mask is not passed on", "F", _fused(lambda q, k, v, mask=None, **o: FUSED(q, k, v, **o)),
     test_equal_to_torch),
    ("the mask is taken the other way round", "F",
     _fused(lambda q, k, v, mask=None, **o: FUSED(
         q, k, v, ~mask if mask is not None and mask.dtype == torch.bool else mask, **o)),
     test_equal_to_torch),
    ("keys and values swapped", "F", _fused(lambda q, k, v, *a, **o: FUSED(q, v, k, *a, **o)), TOGETHER),
    ("causal queries are the first of the positions", "with_causal",
     lambda mask, n, m, device=None: torch.ones(n, m, dtype=torch.bool).tril(), LAST),
    ("a token does not see itself", "with_causal",
     lambda mask, n, m, device=None: torch.ones(n, m, dtype=torch.bool).tril(m - n - 1), LAST),
    ("causal forgets the other mask", "with_causal",
     lambda mask, n, m, device=None: torch.ones(n, m, dtype=torch.bool).tril(m - n),
     test_causal_and_a_mask_together_hide_what_either_hides),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
