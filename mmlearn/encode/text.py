"""Token ids -> vectors, by a Transformer: BERT's kind (two-way) and GPT-2's (causal) from one config."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmlearn.blocks.activations import activation as activation_of
from mmlearn.blocks.cache import Cache
from mmlearn.blocks.linear import linear
from mmlearn.blocks.require import require_tensor, require_type, require_whole
from mmlearn.blocks.transformer import Norm, Transformer


@dataclass(frozen=True)
class TextConfig:
    """What a `TextTransformer` is made of: ``causal=True, norm="pre", activation="gelu_tanh", eps=1e-5`` is GPT-2's
    shape, ``causal=False, norm="post", activation="gelu", eps=1e-12, segments=2`` BERT's.

    Raises ValueError for a size below 1 and whatever else no model can have, TypeError for one that is no whole number.

    >>> TextConfig(100, 16, 32, 2, 4, 128, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5).head_width
    8

    Built in: lesson 08.
    """

    vocabulary: int  # V, ids are 0 to V - 1
    positions: int  # the longest sequence, in tokens: each position's vector is learned
    width: int  # D, of every vector
    depth: int  # blocks
    heads: int  # a divisor of the width
    hidden: int  # width inside the feed-forward networks, mostly 4 D
    causal: bool  # True: a token sees only earlier ones (decoder); False: all of them (encoder)
    norm: Norm  # "pre": before attention and network (GPT-2); "post": after the sums (BERT)
    activation: str  # "gelu" (BERT), "gelu_tanh" (GPT-2), "quick_gelu" (CLIP), "relu"
    eps: float  # added to the variance in layer normalisation: 1e-12 (BERT), 1e-5 (GPT-2)
    segments: int = 0  # kinds of text in one sequence: 2 in BERT (first and second sentence), else 0
    dropout: float = 0.0  # probability, while training

    def __post_init__(self) -> None:
        for name in ("vocabulary", "positions", "width", "depth", "heads", "hidden", "segments"):
            least = None if name == "segments" else 1
            object.__setattr__(self, name, require_whole(getattr(self, name), name, least))
        if not isinstance(self.causal, bool):
            raise TypeError(f"expected causal True (decoder) or False (encoder), got {self.causal!r}")
        if self.width % self.heads:
            raise ValueError(f"expected a width that is a multiple of the heads, got {self.width} and {self.heads}")
        if self.norm not in {"pre", "post"}:
            raise ValueError(f'expected norm "pre" or "post", got {self.norm!r}')
        if self.segments < 0 or not 0 <= self.dropout < 1 or not 0 < self.eps < math.inf:
            raise ValueError(
                f"expected segments of 0 or more, dropout from 0 to below 1 and eps above 0 and finite, "
                f"got {self.segments}, {self.dropout}, {self.eps}"
            )
        activation_of(self.activation)

    @property
    def head_width(self) -> int:
        """D / heads, the width of one head's queries, keys and values."""
        return self.width // self.heads


class TextTransformer(nn.Module):
    """Token ids to one vector a token: embedding plus position (plus segment), then a Transformer.

    ``transformer(norm(token_embedding[ids] + position_embedding[0 .. T - 1] + segment_embedding[segments]))``; the norm
    only with "post". Equal to transformers' ``BertModel`` (post-norm, two-way) and ``GPT2LMHeadModel`` (pre-norm,
    causal; `logits`) at 1e-5 once the weights are mapped by `mmlearn.bridge.load`. Positions count from the left,
    so padding belongs on the right. Embeddings start normal with standard deviation 0.02, the rest as `Transformer`.
    Every token's vector learns; in ``BertModel`` that of the padding token (id 0, ``padding_idx=0``) gets no gradient,
    even where it stands among real tokens.

    Args:
        config: sizes and kind; kept as `.config`.

    >>> config = TextConfig(100, 16, 32, 2, 4, 128, causal=True, norm="pre", activation="gelu_tanh", eps=1e-5)
    >>> model = TextTransformer(config)
    >>> states = model(torch.tensor([[5, 7, 99]]))
    >>> states.shape, model.logits(states).shape
    (torch.Size([1, 3, 32]), torch.Size([1, 3, 100]))

    Paper: Devlin et al. (2019), "BERT", arXiv:1810.04805; Radford et al. (2019), "Language models are unsupervised
    multitask learners".

    Built in: lesson 08.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        c = self.config = config
        self.token_embedding = nn.Embedding(c.vocabulary, c.width)
        self.position_embedding = nn.Embedding(c.positions, c.width)
        if c.segments:
            self.segment_embedding = nn.Embedding(c.segments, c.width)
        self.embedding_norm = nn.LayerNorm(c.width, eps=c.eps) if c.norm == "post" else nn.Identity()
        self.dropout = nn.Dropout(c.dropout)
        self.transformer = Transformer(c.depth, c.width, c.heads, c.hidden, c.norm, c.activation, c.eps, c.dropout)
        for module in self.children():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        *,
        segments: Tensor | None = None,
        cache: Cache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """A vector for every token, in the light of those it may look at.

        Args:
            ids: (B, T) whole numbers, 0 to vocabulary - 1.
            mask: (B, T) bool, True = real token, False = padding, which nobody looks at. With a cache (B, M), for
                the M = cache.length + T tokens read by then.
            segments: (B, T) whole numbers, 0 to segments - 1; 0 everywhere where left out.
            cache: from `new_cache`: the tokens before these; a causal model only.
            return_weights: return weights (B, depth, heads, T, M) as well.

        Returns (B, T, D), or (that, weights). What it says at padding means nothing. Raises TypeError, ValueError.
        """
        before = 0 if cache is None else cache.length
        self._check(ids, mask, before, cache)
        where = torch.arange(before, before + ids.shape[1], device=ids.device)  # (T,)
        x = self.token_embedding(ids) + self.position_embedding(where)  # (B, T, D)
        if self.config.segments:
            x = x + self._segment_vectors(ids, segments)  # (B, T, D)
        elif segments is not None:
            raise ValueError("this model has no segments: leave them out, or build it with TextConfig(segments=2)")
        x = self.dropout(self.embedding_norm(x))
        out: Tensor | tuple[Tensor, Tensor] = self.transformer(
            x, mask, causal=self.config.causal, cache=cache, return_weights=return_weights
        )
        return out

    def logits(self, states: Tensor) -> Tensor:
        """A score for every token of the vocabulary: how well it would follow; by the token embedding itself.

        Args:
            states: (..., D), of `forward`.

        Returns (..., V), softmax of which is the probability of the next token. Raises ValueError for another width.
        """
        require_tensor(states, "states")
        if not states.ndim or states.shape[-1] != self.config.width:
            raise ValueError(f"expected states of width {self.config.width}, got {tuple(states.shape)}")
        require_type(states, self.token_embedding, "states")
        return linear(states, self.token_embedding.weight)  # (..., D) @ (D, V)

    def new_cache(self) -> Cache:
        """An empty cache for this model's layers. Raises ValueError where the model is not causal."""
        if not self.config.causal:
            raise ValueError("only a causal model can be continued: in a two-way one each new token changes all before")
        return Cache(self.config.depth)

    def _segment_vectors(self, ids: Tensor, segments: Tensor | None) -> Tensor:
        """(B, T, D), or (D,) where all tokens are of the first segment: one row for all is faster to learn."""
        if segments is None:
            return self.segment_embedding.weight[0]
        require_tensor(segments, "segments")
        if segments.shape != ids.shape:
            raise ValueError(f"expected a segment for each id, {tuple(ids.shape)}, got {tuple(segments.shape)}")
        _check_ids(segments, self.config.segments, "segments")
        vectors: Tensor = self.segment_embedding(segments)
        return vectors

    def _check(self, ids: Tensor, mask: Tensor | None, before: int, cache: Cache | None) -> None:
        require_tensor(ids, "ids")
        if ids.ndim != 2 or ids.shape[1] == 0:
            hint = "one sequence is a batch of one: ids[None]" if ids.ndim == 1 else "a sequence has at least a token"
            raise ValueError(f"expected ids of shape (B, T), got {tuple(ids.shape)}: {hint}")
        _check_ids(ids, self.config.vocabulary, "ids")
        if before + ids.shape[1] > self.config.positions:
            raise ValueError(
                f"the sequence has {before + ids.shape[1]} tokens, this model knows {self.config.positions} positions: "
                "cut the text, or build the model with more"
            )
        if mask is not None:
            require_tensor(mask, "mask")
        if mask is not None and mask.dtype != torch.bool:
            raise TypeError(f"expected a bool mask, True = real token, got {mask.dtype}: 0 and 1 become one by .bool()")
        if mask is not None and tuple(mask.shape) != (len(ids), before + ids.shape[1]):
            raise ValueError(
                f"expected a mask for every token read by then, {(len(ids), before + ids.shape[1])}, "
                f"got {tuple(mask.shape)}"
            )
        if cache is not None and not self.config.causal:
            raise ValueError("a cache is for causal models: in a two-way one each new token changes all before")


def _check_ids(ids: Tensor, most: int, name: str) -> None:
    if ids.dtype not in {torch.int32, torch.int64}:
        raise TypeError(f"expected {name} of whole numbers, int64, got {ids.dtype}: use .long()")
    if ids.numel() and (int(ids.min()) < 0 or int(ids.max()) >= most):
        raise ValueError(
            f"expected {name} from 0 to {most - 1}, got {int(ids.min())} to {int(ids.max())}: "
            "do they come from this model's tokenizer?"
        )
