"""Where a Transformer's answer may come from: attention followed back through all blocks, and the class token's map."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Literal

import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor, require_whole

SLACK = 1e-2  # how far a row of weights may be from a sum of one: half precision is that coarse


def attention_rollout(weights: Tensor, residual: float = 0.5) -> Tensor:
    """How much of each input token is in each token of the last block, if attention were all that mixes them.

    ``R = A_L ... A_2 A_1`` (the first block's matrix is applied first, so it stands on the right),
    ``A_l = (1 - residual) mean over heads of weights_l + residual I``, each row of A_l brought to a sum of one. I
    stands for the sum around attention, on which a token keeps itself. The paper takes one half, as if attention gave
    as much as the token already had; how much it really is depends on the vectors' lengths, which rollout does not
    know. Neither does it know values, output projections or the feed-forward networks: it is a bound on where
    information could have come from by way of attention, not what the model made of it, and no explanation of a class.

    Args:
        weights: (B, depth, heads, N, N), after the softmax, as `ViT.states(..., return_weights=True)` gives them:
            row = the token that looks, column = the token looked at. A row of zeros looks at nothing.
        residual: 0 to below 1, the share that a token keeps of itself in each block; 0 leaves the sums around
            attention out.

    Returns (B, N, N), 0 or more, each row's sum one; row i is what token i is mixed of. No gradients.

    Raises:
        TypeError: for no tensor, or whole numbers.
        ValueError: for other shapes, weights that are negative, NaN or whose rows do not sum to one, a residual
            outside 0 to below 1, and, with residual 0, a row of zeros.

    >>> looks_left = torch.tensor([[1.0, 0.0], [1.0, 0.0]])                    # both tokens look at the first
    >>> two_blocks = looks_left.expand(1, 2, 1, 2, 2)                          # (B, depth, heads, N, N)
    >>> attention_rollout(two_blocks).tolist()                                 # 1/2 of itself, then 1/2 of that
    [[[1.0, 0.0], [0.75, 0.25]]]

    Paper: Abnar and Zuidema (2020), "Quantifying attention flow in transformers", arXiv:2005.00928.

    Built in: lesson 09.
    """
    _require_weights(weights)
    if isinstance(residual, bool) or not isinstance(residual, Real) or not 0 <= float(residual) < 1:
        raise ValueError(
            f"expected a residual from 0 to below 1, the share that a token keeps of itself, got {residual!r}"
        )
    tokens = weights.shape[-1]
    identity = torch.eye(tokens, dtype=_kept_type(weights), device=weights.device)  # (N, N)
    mixed = identity.expand(len(weights), tokens, tokens)  # (B, N, N): before the first block each is itself
    for block in weights.detach().to(identity.dtype).mean(dim=2).unbind(dim=1):  # of each block: (B, N, N)
        step = (1 - residual) * block + residual * identity
        sums = step.sum(dim=-1, keepdim=True)  # (B, N, 1)
        if not bool((sums > 0).all()):
            raise ValueError("a token looks at nothing and keeps nothing of itself: use a residual above 0")
        mixed = (step / sums) @ mixed  # (B, N, N) @ (B, N, N)
    return mixed


def class_token_map(
    weights: Tensor, grid: tuple[int, int], layer: int = -1, *, pooling: Literal["class", "mean"] = "class"
) -> Tensor:
    """What the class token looked at, laid out as the picture's patches.

    ``map[b, r, c] = M[b, 0, 1 + r columns + c]``, M the mean over heads of one block's weights, or a rollout. With
    ``pooling="mean"``, for a model whose answer comes from the mean over patches, it is the mean over the patches' rows
    in place of the class token's. The class token's own column is left out, so a map sums to less than one.

    Args:
        weights: (B, depth, heads, N + 1, N + 1), or (B, N + 1, N + 1) as `attention_rollout` gives; token 0 is the
            class token.
        grid: (rows, columns) of the patches, N = rows times columns, as ``ViTConfig.grid``.
        layer: which block's weights, 0 to depth - 1 or counted back from -1; a rollout has one only.
        pooling: "class" or "mean", as ``ViTConfig.pooling``.

    Returns (B, rows, columns), 0 or more. No gradients.

    Raises:
        TypeError: for no tensor, or whole numbers.
        ValueError: for other shapes, a grid that does not fit, a layer that is not there, another pooling, and weights
            as in `attention_rollout`.

    >>> rows = torch.tensor([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> class_token_map(rows[None], grid=(1, 2))
    tensor([[[0.2000, 0.7000]]])

    Paper: Dosovitskiy et al. (2020), "An image is worth 16x16 words", arXiv:2010.11929,
    appendix "Attention maps".

    Built in: lesson 09.
    """
    _require_weights(weights, rollout=True)
    if pooling not in {"class", "mean"}:
        raise ValueError(f'expected pooling "class" or "mean", got {pooling!r}')
    depth = weights.shape[1] if weights.ndim == 5 else 1
    layer = require_whole(layer, "layer")
    if not -depth <= layer < depth:
        hint = "" if weights.ndim == 5 else ": a rollout is of all layers at once"
        raise ValueError(f"expected a layer from {-depth} to {depth - 1}, got {layer}{hint}")
    rows, columns = _require_grid(grid, weights.shape[-1])
    each = weights.detach().to(_kept_type(weights))
    table = each[:, layer].mean(dim=1) if each.ndim == 5 else each  # (B, N + 1, N + 1)
    looked = table[:, 0, 1:] if pooling == "class" else table[:, 1:, 1:].mean(dim=1)  # (B, N)
    return looked.reshape(-1, rows, columns)  # (B, rows, columns)


def _kept_type(weights: Tensor) -> torch.dtype:
    """float32 for half precision, whose errors would add up over the blocks; else the weights' own."""
    return torch.promote_types(weights.dtype, torch.float32)


def _require_grid(grid: Any, tokens: int) -> tuple[int, int]:
    if not isinstance(grid, tuple | list) or len(grid) != 2:
        raise ValueError(f"expected a grid (rows, columns) of patches, got {grid!r}")
    rows, columns = require_whole(grid[0], "rows", 1), require_whole(grid[1], "columns", 1)
    if rows * columns + 1 != tokens:
        hint = "is the class token cut off already?" if rows * columns == tokens else "is it of another picture size?"
        raise ValueError(
            f"expected {rows * columns + 1} tokens, the class token and a grid of {rows} x {columns} patches, "
            f"got {tokens}: {hint}"
        )
    return rows, columns


def _require_weights(weights: Any, rollout: bool = False) -> None:
    """Weights after the softmax, square; a rollout (B, N, N) too where that will do."""
    if isinstance(weights, tuple | list) and weights and all(isinstance(each, Tensor) for each in weights):
        pair = len(weights) == 2 and weights[1].ndim == 5
        hint = (
            "states and weights? take the second"
            if pair
            else "torch.stack(weights, dim=1) makes one of a library's (B, heads, N, N) a layer"
        )
        raise TypeError(
            f"expected weights as one torch.Tensor, got {len(weights)} in a {type(weights).__name__}: {hint}"
        )
    require_tensor(weights, "weights")
    if not weights.is_floating_point():
        raise TypeError(f"expected weights of floats, got {weights.dtype}")
    shape = tuple(weights.shape)
    if weights.ndim != 5 and not (rollout and weights.ndim == 3):
        hint = ": one layer becomes a depth of one by weights[:, None]" if weights.ndim == 4 else ""
        raise ValueError(
            f"expected weights (B, depth, heads, N, N){' or a rollout (B, N, N)' * rollout}, got {shape}{hint}"
        )
    if shape[-1] != shape[-2]:
        raise ValueError(f"expected as many tokens that look as are looked at, got {shape}: is this cross-attention?")
    if not math.prod(shape):
        raise ValueError(f"expected weights of something, got shape {shape}")
    values = weights.detach().float()
    sums = values.sum(dim=-1)  # (B, depth, heads, N) or (B, N)
    low, high = float(values.min()), float(values.max())
    fit = ((sums - 1).abs() < SLACK) | (sums == 0)  # false for NaN
    if low < 0 or not bool(fit.all()):
        raise ValueError(
            f"expected weights of 0 or more whose rows sum to one, got numbers from {low:.3g} to {high:.3g} and sums "
            f"from {float(sums.min()):.3g} to {float(sums.max()):.3g}: are these the scores before the softmax, or did "
            "dropout change them? Then call model.eval() first"
        )
