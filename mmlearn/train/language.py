"""What a language model is trained and judged by: the probability that it gave to the token that came."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def next_token_loss(logits: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""Mean surprise at the next token: what a causal language model is trained to make small.

    ``-mean log softmax(logits[:, t])[ids[:, t + 1]]`` over all t whose next token is real. The logits at t were
    made from tokens up to t, so the target is one further: the labels are **shifted**. As
    ``GPT2LMHeadModel(ids, labels=ids).loss`` without padding (there padding is marked by labels of -100). Every token
    of the batch counts alike, so a long text weighs more than a short one.

    Args:
        logits: (B, T, V).
        ids: (B, T) int64, what was read.
        mask: (B, T) bool, True = real token; None: all are.

    Returns one number, in nats a token; perplexity is its exponential. Raises ValueError for shapes that do not fit,
    fewer than two tokens, or no real next token; TypeError for a mask that is not bool.

    >>> sure = 9 * torch.eye(3)[None, [1, 2, 0]]       # after 0 it expects 1, after 1 it expects 2
    >>> next_token_loss(sure, torch.tensor([[0, 1, 2]])).item() < 0.001
    True

    Reference: Bengio, Ducharme, Vincent and Jauvin (2003), "A neural probabilistic language model", Journal of
    Machine Learning Research 3.

    Built in: lesson 08.
    """
    targets = _targets(logits, ids, mask)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten(), ignore_index=-100)


@torch.no_grad()
def next_token_log_probabilities(model: Any, ids: Tensor, mask: Tensor | None = None, batch_size: int = 128) -> Tensor:
    """log p(token | all before it) for every token but the first of each text.

    Args:
        model: causal, as ``mmlearn.encode.text.TextTransformer``.
        ids: (N, T) int64; each text begins with the start token, of which nothing is asked.
        mask: (N, T) bool, True = real token; None: all are.
        batch_size: texts read at a time.

    Returns (N, T - 1) natural logarithms, 0 where the next token is padding, so that a row sums to the log
    probability of its text. Raises as `next_token_loss`.

    >>> from mmlearn.encode.text import TextConfig, TextTransformer
    >>> config = TextConfig(20, 9, 8, 1, 2, 16, causal=True, norm="pre", activation="gelu", eps=1e-5)
    >>> next_token_log_probabilities(TextTransformer(config), torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 2])

    Built in: lesson 08.
    """
    was_training = model.training
    model.eval()
    found = []
    for start in range(0, len(ids), batch_size):
        part = ids[start : start + batch_size]
        real = None if mask is None else mask[start : start + batch_size]
        logits = model.logits(model(part))  # (B, T, V); what padding says is not read
        targets = _targets(logits, part, real)  # (B, T - 1)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="none")
        found.append(-loss.view_as(targets))
    model.train(was_training)
    return torch.cat(found) if found else torch.zeros(0, max(0, ids.shape[1] - 1))


def _targets(logits: Tensor, ids: Tensor, mask: Tensor | None) -> Tensor:
    """(B, T - 1) the next tokens, -100 where there is none."""
    if logits.ndim != 3 or logits.shape[:2] != ids.shape or ids.shape[1] < 2:
        raise ValueError(
            f"expected logits (B, T, V) and ids (B, T) with T >= 2, got {tuple(logits.shape)} and {tuple(ids.shape)}: "
            "hand over all of both, the shift is made here"
        )
    if mask is None:
        return ids[:, 1:]
    if mask.dtype != torch.bool:
        raise TypeError(f"expected a bool mask, True = real token, got {mask.dtype}: use mask.bool()")
    if mask.shape != ids.shape:
        raise ValueError(f"expected a mask of the ids' shape {tuple(ids.shape)}, got {tuple(mask.shape)}")
    if not mask[:, 1:].any():
        raise ValueError("expected a text of two real tokens or more: there is no next token to learn from")
    return ids[:, 1:].masked_fill(~mask[:, 1:], -100)
