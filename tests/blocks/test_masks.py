"""What a mask's shape means, and the sentences for those that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from mmlearn.blocks import masks as module

TRUE = torch.ones
CAUSAL, HEAD_MASK, CHECK = module.with_causal, module.head_mask, module.check_mask


def hidden(mask: Tensor) -> Tensor:
    return ~mask if mask.dtype == torch.bool else mask == float("-inf")


def test_causal_hides_exactly_what_is_later() -> None:
    for n, m in ((1, 1), (1, 4), (2, 2), (3, 7), (5, 5)):
        mask = module.with_causal(None, n, m)
        for i in range(n):
            for j in range(m):
                seen = True if mask is None else bool(mask[i, j])
                assert seen == (j <= m - n + i)


def test_causal_keeps_what_was_hidden_and_the_numbers_of_a_float_mask() -> None:
    earlier = torch.ones(3, 5).tril(2).bool()
    mask = torch.rand(2, 1, 3, 5) > 0.5
    assert torch.equal(hidden(module.with_causal(mask, 3, 5)), ~mask | ~earlier)
    lean = torch.randn(2, 1, 3, 5).masked_fill(~mask, float("-inf"))
    both = module.with_causal(lean, 3, 5)
    assert torch.equal(hidden(both), ~mask | ~earlier)
    assert torch.equal(both[~hidden(both)], lean[~hidden(both)])
    one = torch.rand(2, 1, 1, 5) > 0.5
    assert module.with_causal(one, 1, 5) is one


def test_heads_of_every_way_to_write_a_mask() -> None:
    b, h, n, m = 3, 2, 5, 7
    tokens, pairs = torch.rand(b, m) > 0.5, torch.rand(b, h, n, m) > 0.5
    for mask, due in (
        (tokens, tokens[:, None, None].expand(b, h, n, m)),
        (pairs[0, 0], pairs[:1, :1].expand(b, h, n, m)),
        (pairs[:, 0], pairs[:, :1].expand(b, h, n, m)),
        (pairs[:1, 0], pairs[:1, :1].expand(b, h, n, m)),
        (pairs, pairs),
        (tokens[:, None, None], tokens[:, None, None].expand(b, h, n, m)),
    ):
        found = module.head_mask(mask, (b, h, n, m))
        assert found.ndim == 4 and torch.equal(found.expand(b, h, n, m), due)


@pytest.mark.parametrize("size", [2, 3])
def test_as_many_sequences_as_queries_are_ambiguous_from_two_on(size: int) -> None:
    with pytest.raises(ValueError, match="two things"):
        module.head_mask(torch.ones(size, 7, dtype=torch.bool), (size, 2, size, 7))
    assert module.head_mask(torch.ones(1, 7, dtype=torch.bool), (1, 2, 1, 7)).shape == (1, 1, 1, 7)


def test_a_float_mask_of_two_axes_is_of_pairs_even_where_it_fits_the_batch() -> None:
    lean = torch.randn(4, 4)
    assert torch.equal(module.head_mask(lean, (4, 2, 4, 4)).expand(4, 2, 4, 4)[3, 1], lean)


@pytest.mark.parametrize("shape", [(), (7,), (5, 7), (1, 7), (5, 1), (2, 1, 7), (3, 2, 5, 7), (3, 1, 1, 1)])
def test_a_mask_that_spreads_is_taken(shape: tuple[int, ...]) -> None:
    found = module.check_mask(TRUE(shape).bool(), (3, 2, 5, 7))
    assert found.ndim == 4 and found.expand(3, 2, 5, 7).all()


def test_refuses_what_does_not_fit() -> None:
    for shape in ((7, 5), (6,), (3, 5, 7), (1, 3, 2, 5, 7)):
        with pytest.raises(ValueError, match=r"spread over the scores \(3, 2, 5, 7\), queries before keys, got "):
            module.check_mask(TRUE(shape).bool(), (3, 2, 5, 7))
    with pytest.raises(TypeError, match=r"got torch\.uint8"):
        module.check_mask(TRUE(5, 7).byte(), (3, 2, 5, 7))
    with pytest.raises(ValueError, match="3 queries cannot be the last of 2 positions"):
        module.with_causal(None, 3, 2)
    with pytest.raises(ValueError, match=r"\(B, M\) = \(3, 7\) of real tokens, or \(N, M\) = \(5, 7\)"):
        module.head_mask(TRUE(7).bool(), (3, 2, 5, 7))
    with pytest.raises(ValueError, match="can mean two things"):
        module.head_mask(TRUE(5, 7).bool(), (5, 2, 5, 7))
    assert module.head_mask(TRUE(1, 7).bool(), (1, 2, 1, 7)).shape == (1, 1, 1, 7)  # one query: both mean the same


LATER, KEPT = test_causal_hides_exactly_what_is_later, test_causal_keeps_what_was_hidden_and_the_numbers_of_a_float_mask
SEEDED_BUGS: tuple[tuple[str, str, Any, Callable[[], None]], ...] = (
    ("a token does not see itself", "with_causal",
     lambda mask, n, m, device=None: TRUE(n, m, dtype=torch.bool).tril(m - n - 1), LATER),
    ("one token of the future is seen", "with_causal",
     lambda mask, n, m, device=None: TRUE(n, m, dtype=torch.bool).tril(m - n + 1), LATER),
    ("the later half is the one that is seen", "with_causal",
     lambda mask, n, m, device=None: TRUE(n, m, dtype=torch.bool).triu(m - n), LATER),
    ("either mask will do", "with_causal",
     lambda mask, n, m, device=None: mask | TRUE(n, m, dtype=torch.bool).tril(m - n)
     if mask.dtype == torch.bool else CAUSAL(mask, n, m), KEPT),
    ("a float mask's numbers are lost", "with_causal",
     lambda mask, n, m, device=None: CAUSAL(~hidden(mask), n, m),
     KEPT),
    ("tokens along the queries", "head_mask",
     lambda mask, shape: mask[:, None, :1, None] if mask.ndim == 2 else HEAD_MASK(mask, shape),
     test_heads_of_every_way_to_write_a_mask),
    ("three axes are heads, not sequences", "head_mask",
     lambda mask, shape: mask[:1, None] if mask.ndim == 3 else HEAD_MASK(mask, shape),
     test_heads_of_every_way_to_write_a_mask),
    ("a float mask's rows are sequences", "head_mask",
     lambda mask, shape: mask[:, None, None] if mask.ndim == 2 else HEAD_MASK(mask, shape),
     test_a_float_mask_of_two_axes_is_of_pairs_even_where_it_fits_the_batch),
)  # fmt: skip


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=[bug[0] for bug in SEEDED_BUGS])
def test_a_seeded_bug_is_caught(bug: Any, assert_caught: Callable[..., None]) -> None:
    assert_caught(module, bug)
