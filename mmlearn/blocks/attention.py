"""Attention: a lookup that mixes all values by how similar their keys are to a query; one head, then many."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmlearn.blocks.cache import LayerCache
from mmlearn.blocks.linear import Linear
from mmlearn.blocks.masks import check_inputs, check_mask, head_mask, with_causal
from mmlearn.blocks.require import require_vectors, require_whole


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, causal: bool = False, return_weights: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Mix the values by the similarity of each query to each key.

    ``softmax(q k^T / sqrt(D) + mask) v``, by PyTorch's fused kernel, which (with D = E) never holds the (N, M)
    weights in memory; where they are asked for, by `manual_attention`. Both give the same numbers. A query that may
    look at nothing gets zeros, as in ``F.scaled_dot_product_attention``; ``nn.MultiheadAttention`` gives NaN
    there by default (with ``need_weights=True``). With `causal` and M > N the queries are the last N of the M
    positions, as when a cache holds the earlier ones; PyTorch's own ``is_causal`` takes them for the first N.

    Args:
        q: (..., N, D) queries, any float type.
        k: (..., M, D) keys; the leading axes are those of q.
        v: (..., M, E) values.
        mask: broadcastable to (..., N, M). Bool: True where looking is allowed. Float: added to the scores.
        causal: query n looks at positions up to its own only.
        return_weights: return the weights (..., N, M) as well.

    Returns (..., N, E), or (that, weights). Raises TypeError for a mask of whole numbers or inputs of several
    types, ValueError for shapes that do not fit.

    >>> q, k, v = torch.randn(2, 5, 8), torch.randn(2, 7, 8), torch.randn(2, 7, 4)
    >>> attention(q, k, v).shape
    torch.Size([2, 5, 4])
    >>> attention(q, k, v, return_weights=True)[1].sum(-1).allclose(torch.ones(2, 5))
    True

    Paper: Vaswani et al. (2017), "Attention is all you need", equation 1, arXiv:1706.03762.

    Built in: lesson 07.
    """
    if return_weights:
        return manual_attention(q, k, v, mask, causal=causal)
    check_inputs(q, k, v)
    plain = causal and mask is None and q.shape[-2] == k.shape[-2]  # then the kernel skips what is hidden
    mask = None if plain else _whole_mask(q, k, mask, causal)
    mask = None if mask is None else _four(mask)
    mixed = F.scaled_dot_product_attention(_four(q), _four(k), _four(v), mask, is_causal=plain)
    return mixed[(0,) * (4 - q.ndim)]  # (..., N, E)


def manual_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, causal: bool = False
) -> tuple[Tensor, Tensor]:
    r"""Attention step by step, as the formula reads: ``softmax(q k^T / sqrt(D) + mask) v``, and the weights.

    Arguments, errors and paper as in `attention`, which is faster and needs less memory where only the mixed values
    are wanted. Rows of weights sum to one over the keys; a row whose keys are all hidden is zero.

    Returns (..., N, E) and weights (..., N, M).

    >>> q = k = torch.tensor([[9.0, 0.0], [0.0, 9.0]])
    >>> manual_attention(q, k, torch.tensor([[1.0], [2.0]]))[0]
    tensor([[1.],
            [2.]])

    Built in: lesson 07.
    """
    check_inputs(q, k, v)
    mask = _whole_mask(q, k, mask, causal)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5  # (..., N, M)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
    blind = (scores == float("-inf")).all(-1, keepdim=True)  # (..., N, 1): softmax would give 0/0 in these rows
    weights = scores.masked_fill(blind, 0.0).softmax(-1).masked_fill(blind, 0.0)  # (..., N, M)
    return weights @ v, weights  # (..., N, E)


def _four(x: Tensor) -> Tensor:
    """(..., N, D) with axes of length 1 in front, four in all: the fused kernels want (B, heads, N, D)."""
    return x[(None,) * (4 - x.ndim)]


def _whole_mask(q: Tensor, k: Tensor, mask: Tensor | None, causal: bool) -> Tensor | None:
    """The checked mask, with the causal one in it, in the type of the scores."""
    mask = None if mask is None else check_mask(mask, (*q.shape[:-1], k.shape[-2])).to(q.device)
    if causal:
        mask = with_causal(mask, q.shape[-2], k.shape[-2], q.device)
    return mask if mask is None or mask.dtype == torch.bool else mask.to(q.dtype)


class MultiHeadAttention(nn.Module):
    r"""Several attentions side by side, each in its own slice of the width.

    ``output(concat_h attention(query(x)_h, key(c)_h, value(c)_h))``, with c the context, or x itself. Equal to
    ``nn.MultiheadAttention(batch_first=True)`` once weights are mapped (`mmlearn.bridge`), but for three things:
    query, key and value are three layers, not one of three times the width; a bool mask says where looking is
    **allowed**, there where it is forbidden; and a query that may look at nothing gives the output layer's
    bias, there NaN by default.

    Args:
        width: D, of what comes in and goes out.
        heads: how many; a divisor of the width.
        bias: whether the four layers have one.

    >>> layer = MultiHeadAttention(width=8, heads=2)
    >>> out, weights = layer(torch.randn(3, 5, 8), context=torch.randn(3, 7, 8), return_weights=True)
    >>> out.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 7]))

    Paper: Vaswani et al. (2017), "Attention is all you need", section 3.2.2, arXiv:1706.03762.

    Built in: lesson 07.
    """

    def __init__(self, width: int, heads: int, *, bias: bool = True) -> None:
        super().__init__()
        width, heads = require_whole(width, "width"), require_whole(heads, "heads")
        if width < 1 or heads < 1 or width % heads:
            raise ValueError(f"expected a width that is a multiple of the number of heads, got {width} and {heads}")
        self.width, self.heads = width, heads
        self.query = Linear(width, width, bias=bias)
        self.key = Linear(width, width, bias=bias)
        self.value = Linear(width, width, bias=bias)
        self.output = Linear(width, width, bias=bias)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        cache: LayerCache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """What each position of x gathers from the context, or from x itself.

        Args:
            x: (B, N, D), asks.
            context: (B, M, D), is looked at; without it x itself (self-attention, M = N plus what the cache holds).
            mask: bool (B, M), True for a real token of the context; or bool or float (N, M), (B, N, M), (B, heads,
                N, M), True where looking is allowed or what is added to the scores. A bool mask of two axes could
                be meant both ways where B = N: that is refused, with how to write either.
            causal: position n looks at positions up to n only (self-attention).
            cache: keys and values of earlier positions; those of x are added to it, unless the call is refused. With
                several new positions it needs `causal`: else the first of them would see the last.
            return_weights: return weights (B, heads, N, M) as well.

        Returns (B, N, D), or (that, weights). Raises TypeError, ValueError: see `attention`.
        """
        require_vectors(x, self.width, self, "x")
        source = x if context is None else context
        if context is not None:
            require_vectors(context, self.width, self, "context")
            _check_context(x, context, causal, cache)
        if cache is not None and not causal and x.shape[1] > 1:
            raise ValueError(
                f"{x.shape[1]} new positions with a cache but not causal: the first of them would see the last, what "
                "is cached before them could not; pass causal=True"
            )
        q, k, v = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N or M, D / heads)
            for each in (self.query(x), self.key(source), self.value(source))
        )
        seen = k.shape[-2] + (0 if cache is None else cache.length)  # M counts the earlier ones too
        mask = None if mask is None else head_mask(mask, (len(x), self.heads, q.shape[-2], seen))
        if cache is not None:  # last, so that a call that is refused leaves it as it was
            k, v = cache.extend(k, v)  # (B, heads, M, D / heads)
        found = attention(q, k, v, mask, causal=causal, return_weights=return_weights)
        mixed, weights = found if isinstance(found, tuple) else (found, None)  # (B, heads, N, D / heads)
        out = self.output(mixed.transpose(1, 2).flatten(2))  # (B, N, D)
        return out if weights is None else (out, weights)

    def extra_repr(self) -> str:
        """The heads, which no submodule shows."""
        return f"heads={self.heads}"


def _check_context(x: Tensor, context: Tensor, causal: bool, cache: LayerCache | None) -> None:
    if len(context) != len(x):
        raise ValueError(f"expected one context for each of the {len(x)} sequences of x, got {len(context)}")
    if causal or cache is not None:
        raise ValueError(
            "`causal` and `cache` are for self-attention, where x and what it looks at are one sequence: "
            "leave them out, or leave out the context"
        )
