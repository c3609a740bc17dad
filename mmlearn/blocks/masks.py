"""Masks: who may look at whom, what a mask's shape means, and sentences for those that do not fit."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor


def check_inputs(q: Tensor, k: Tensor, v: Tensor) -> None:
    """Refuse queries, keys and values that do not belong together, with the likely cause.

    q (..., N, D), k (..., M, D), v (..., M, E), of one float type. Raises TypeError, ValueError.

    >>> check_inputs(torch.ones(5, 8), torch.ones(7, 8), torch.ones(7, 4))

    Built in: lesson 07.
    """
    for each, name in ((q, "q"), (k, "k"), (v, "v")):
        require_tensor(each, name)
    got = f"got q {tuple(q.shape)}, k {tuple(k.shape)}, v {tuple(v.shape)}"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ValueError(f"expected q (..., N, D), k (..., M, D) and v (..., M, E), {got}: one vector is [None, :]")
    if not q.dtype == k.dtype == v.dtype or not q.is_floating_point():
        raise TypeError(f"expected q, k and v of one float type, got {q.dtype}, {k.dtype} and {v.dtype}: use .float()")
    if not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
        raise ValueError(f"expected the same leading axes (batch, heads) in q, k and v, {got}")
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"expected queries and keys of one width, {got}: did you forget to project, or transpose k?")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"expected one value for each key, {got}: do k and v come from the same sequence?")


def check_mask(mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The mask with as many axes as the scores, if it can be spread over them; refused otherwise.

    Args:
        mask: bool (True = may look) or float (added to the scores).
        shape: of the scores, (..., N, M).

    Returns the mask, axes of length 1 put in front. Raises TypeError for another type, ValueError for another shape.

    >>> check_mask(torch.ones(1, 7, dtype=torch.bool), (2, 5, 7)).shape
    torch.Size([1, 1, 7])

    Built in: lesson 07.
    """
    require_tensor(mask, "mask")
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise TypeError(
            f"expected a mask of bool (True = may look) or float (added to the scores), got {mask.dtype}: "
            "a tokenizer's 0 and 1 become one by mask.bool()"
        )
    padded = (1,) * (len(shape) - mask.ndim) + tuple(mask.shape)
    if len(padded) != len(shape) or any(m not in {1, s} for m, s in zip(padded, shape, strict=True)):
        raise ValueError(
            f"expected a mask that can be spread over the scores {tuple(shape)}, queries before keys, "
            f"got {tuple(mask.shape)}: a mask of real tokens (B, M) becomes one by mask[:, None, :] (heads: one "
            "None more)"
        )
    return mask.reshape(padded)


def with_causal(mask: Tensor | None, n: int, m: int, device: torch.device | None = None) -> Tensor | None:
    """The mask, with everything later than a query's own position hidden as well.

    The n queries are the last n of the m positions. One query alone is the last: nothing is later, the mask stays.

    Args:
        mask: None, or bool or float, broadcastable to (..., n, m).
        n, m: queries and keys; m >= n.
        device: where a new mask is made.

    Returns bool (..., n, m), or float where the mask is. Raises ValueError where m < n.

    >>> with_causal(None, 2, 3).int()
    tensor([[1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)

    Built in: lesson 07.
    """
    if m < n:
        raise ValueError(f"causal: {n} queries cannot be the last of {m} positions: are q and k the wrong way round?")
    if n == 1:
        return mask
    earlier = torch.ones(n, m, dtype=torch.bool, device=device).tril(m - n)  # (n, m)
    if mask is None:
        return earlier
    return mask & earlier if mask.dtype == torch.bool else mask.masked_fill(~earlier, float("-inf"))


def head_mask(mask: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """A mask as people write it, in axes that spread over the scores of all heads.

    (B, M) of bool, True = real token -> (B, 1, 1, M); (N, M) -> (1, 1, N, M); (B, N, M) -> (B, 1, N, M);
    (B, heads, N, M) stays. A float mask of two axes is always (N, M): real tokens are bool.

    Args:
        mask: bool or float, of 2 to 4 axes.
        shape: (B, heads, N, M), of the scores.

    Returns the mask with four axes. Raises ValueError for a shape that fits neither, or, bool with B = N > 1, that
    fits (B, M) and (N, M) alike; TypeError for another type.

    >>> head_mask(torch.ones(3, 7, dtype=torch.bool), (3, 2, 5, 7)).shape
    torch.Size([3, 1, 1, 7])

    Built in: lesson 07.
    """
    require_tensor(mask, "mask")
    b, _, n, m = shape
    if mask.ndim == 2 and mask.dtype == torch.bool and tuple(mask.shape) == (b, m):
        if b == n > 1:
            raise ValueError(
                f"a mask of shape {(b, m)} with {b} sequences of {n} queries can mean two things: write "
                "mask[:, None, :] if its rows are sequences (True = real token), mask[None] if they are queries"
            )
        return mask[:, None, None, :]  # (B, 1, 1, M)
    if mask.ndim == 3:
        return check_mask(mask, (b, n, m))[:, None]  # (B, 1, N, M)
    if mask.ndim not in {2, 4}:
        raise ValueError(
            f"expected a mask (B, M) = {(b, m)} of real tokens, or (N, M) = {(n, m)}, (B, N, M) or (B, heads, N, M), "
            f"got {tuple(mask.shape)}"
        )
    return check_mask(mask, shape)
