"""The Transformer: blocks of attention and a small network, each added to what came in; encoder and decoder alike."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from mmlearn.blocks.activations import activation as activation_of
from mmlearn.blocks.attention import MultiHeadAttention
from mmlearn.blocks.cache import Cache, LayerCache
from mmlearn.blocks.linear import Linear
from mmlearn.blocks.require import require_tensor, require_vectors, require_whole

Norm = Literal["pre", "post"]


class FeedForward(nn.Module):
    """Two layers with a bend between them, on each position alone: ``down(activation(up(x)))``.

    Args:
        width: D, of what comes in and goes out.
        hidden: width in between, mostly 4 D.
        activation: "relu", "gelu", "gelu_tanh" or "quick_gelu".

    >>> FeedForward(8, 32, "gelu")(torch.randn(2, 5, 8)).shape
    torch.Size([2, 5, 8])

    Paper: Vaswani et al. (2017), "Attention is all you need", section 3.3, arXiv:1706.03762.

    Built in: lesson 08.
    """

    def __init__(self, width: int, hidden: int, activation: str) -> None:
        super().__init__()
        width, hidden = require_whole(width, "width", 1), require_whole(hidden, "hidden", 1)
        self.up = Linear(width, hidden)
        self.down = Linear(hidden, width)
        self.activation_name = activation
        self.activation = activation_of(activation)

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (..., D). Returns (..., D)."""
        out: Tensor = self.down(self.activation(self.up(x)))  # (..., D) -> (..., hidden) -> (..., D)
        return out

    def extra_repr(self) -> str:
        """The activation, which no submodule shows."""
        return f"activation={self.activation_name!r}"


class TransformerBlock(nn.Module):
    """Attention between positions, then a network on each of them; both added to what came in.

    norm "pre" (GPT-2, ViT, CLIP):  ``x = x + attention(norm1(x))``, ``x = x + feed_forward(norm2(x))``.
    norm "post" (the paper, BERT):  ``x = norm1(x + attention(x))``, ``x = norm2(x + feed_forward(x))``.
    With "pre" the sum itself is never normalised, so gradients reach the first block undamped. Dropout falls on both
    summands, not on the attention weights, unlike in the libraries, where it does both (equal at dropout 0 or in
    evaluation).

    Args:
        width, heads: of the attention.
        hidden: width inside the feed-forward network.
        norm: "pre" or "post".
        activation: see `mmlearn.blocks.activations`.
        eps: added to the variance in layer normalisation, above 0: 1e-5 in GPT-2, 1e-12 in BERT.
        dropout: probability, 0 to below 1.

    >>> TransformerBlock(8, 2, 32)(torch.randn(3, 5, 8), causal=True).shape
    torch.Size([3, 5, 8])

    Paper: Vaswani et al. (2017), arXiv:1706.03762; pre and post: Xiong et al. (2020), "On layer normalization in
    the Transformer architecture", arXiv:2002.04745.

    Built in: lesson 08.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        norm: Norm = "pre",
        activation: str = "gelu",
        eps: float = 1e-5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if norm not in {"pre", "post"}:
            raise ValueError(f'expected norm "pre" or "post", got {norm!r}')
        if not 0 <= dropout < 1 or not 0 < eps < math.inf:
            raise ValueError(f"expected dropout from 0 to below 1 and a finite eps above 0, got {dropout} and {eps}")
        self.pre_norm = norm == "pre"
        self.attention = MultiHeadAttention(width, heads)
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.feed_forward = FeedForward(width, hidden, activation)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        cache: LayerCache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Args as in `MultiHeadAttention`. Returns (B, N, D), or (that, weights (B, heads, N, M))."""
        require_vectors(x, self.attention.width, self, "x")  # before the norm, which says less
        found = self.attention(
            self.norm1(x) if self.pre_norm else x, None, mask, causal=causal, cache=cache, return_weights=return_weights
        )
        gathered, weights = found if return_weights else (found, None)  # (B, N, D)
        if self.pre_norm:
            x = x + self.dropout(gathered)
            x = x + self.dropout(self.feed_forward(self.norm2(x)))
        else:
            x = self.norm1(x + self.dropout(gathered))
            x = self.norm2(x + self.dropout(self.feed_forward(x)))
        return x if weights is None else (x, weights)


class Transformer(nn.Module):
    """A stack of blocks: two-way it is an encoder (BERT, ViT), causal a decoder (GPT-2).

    Weights start as in GPT-2: normal with standard deviation 0.02, biases 0; with pre-norm, those of the layers
    whose output is added to the stream (attention.output, feed_forward.down) are smaller by sqrt(2 depth), so that
    the sum does not grow with the depth. With post-norm nothing is scaled, as in BERT: the norm does it.

    Args:
        depth: how many blocks.
        width, heads, hidden, norm, activation, eps, dropout: see `TransformerBlock`. With "pre" a last layer norm
            follows the blocks, as nothing else has normalised their sum.

    >>> encoder = Transformer(depth=2, width=8, heads=2, hidden=32)
    >>> states, weights = encoder(torch.randn(3, 5, 8), return_weights=True)
    >>> states.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 2, 5, 5]))

    Paper: Vaswani et al. (2017), "Attention is all you need", arXiv:1706.03762; Radford et al. (2019), "Language
    models are unsupervised multitask learners", section 2.3.

    Built in: lesson 08.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        heads: int,
        hidden: int,
        norm: Norm = "pre",
        activation: str = "gelu",
        eps: float = 1e-5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        depth = require_whole(depth, "a depth", 1)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, heads, hidden, norm, activation, eps, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, eps=eps) if norm == "pre" else nn.Identity()
        self._initialise((2 * depth) ** -0.5 if norm == "pre" else 1.0)

    def _initialise(self, residual_scale: float) -> None:
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                residual = name.endswith(("attention.output.weight", "feed_forward.down.weight"))
                nn.init.normal_(parameter, std=0.02 * (residual_scale if residual else 1.0))
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        cache: Cache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the blocks, one after the other.

        Args:
            x: (B, N, D).
            mask: bool of two axes: always (B, M), True = real token, also where B = N; or three or four axes, as in
                `MultiHeadAttention`. M is N plus what the cache holds.
            causal: position n looks at positions up to n only.
            cache: of `Cache(depth)`; its positions come before those of x, of which there is one or it is causal.
            return_weights: return weights (B, depth, heads, N, M) as well.

        Returns (B, N, D), or (that, weights). Raises TypeError, ValueError: see `attention`.
        """
        if cache is not None and len(cache) != len(self.blocks):
            raise ValueError(f"expected a cache of {len(self.blocks)} layers, got {len(cache)}")
        require_tensor(x, "x")
        mask = _of_tokens(mask, x, 0 if cache is None else cache.length)
        kept = []
        for i, block in enumerate(self.blocks):
            layer_cache = None if cache is None else cache[i]
            found = block(x, mask, causal=causal, cache=layer_cache, return_weights=return_weights)
            x, weights = found if return_weights else (found, None)  # (B, N, D), (B, heads, N, M)
            kept.append(weights)
        x = self.norm(x)
        return (x, torch.stack(kept, dim=1)) if return_weights else x  # type: ignore[arg-type]


def _of_tokens(mask: Tensor | None, x: Tensor, before: int) -> Tensor | None:
    """A bool mask of two axes is one of real tokens, (B, M) -> (B, 1, M); any other stays as it is."""
    if mask is not None:
        require_tensor(mask, "mask")
    if mask is None or mask.ndim != 2 or mask.dtype != torch.bool or x.ndim != 3:  # else the first block says more
        return mask
    expected = (x.shape[0], before + x.shape[1])
    if tuple(mask.shape) != expected:
        cached = f": {before} in the cache and {x.shape[1]} new" if before else ""
        raise ValueError(
            f"expected a mask (B, M) = {expected}, True = real token{cached}, got {tuple(mask.shape)}; "
            "a mask of pairs (N, M) goes in as mask[None]"
        )
    return mask[:, None, :]  # (B, 1, M)
