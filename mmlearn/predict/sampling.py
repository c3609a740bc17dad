"""Writing with a language model: which tokens may come next, and one token after another."""

from __future__ import annotations

import math
import operator
from typing import Any

import torch
from torch import Tensor

from mmlearn.blocks.require import require_tensor


def filter_logits(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    r"""Sharpen or flatten the choice of the next token, then strike out what may not be chosen.

    ``logits / temperature``, then `keep_top_k`, then `keep_nucleus`, in the order of transformers' ``generate``.
    What is struck out becomes ``-inf``: probability 0 after softmax. Unlike there, ``top_p=1.0`` is taken at its
    word and strikes nothing.

    Args:
        logits: (..., V) floating point, one row a choice.
        temperature: above 0. Below 1 the likely become likelier, above 1 the choice flattens.
        top_k: keep this many of the likeliest, 1 or more; None: all.
        top_p: keep the likeliest that together reach this probability, above 0 and at most 1; None: all.

    Returns (..., V) logits. Raises ValueError for NaN or +inf, a row with nothing to choose from, or a setting out
    of range; TypeError for whole numbers in place of logits.

    >>> filter_logits(torch.tensor([2.0, 0.0, 1.0]), temperature=0.5, top_k=2)
    tensor([4., -inf, 2.])

    Reference: Ackley, Hinton and Sejnowski (1985), "A learning algorithm for Boltzmann machines" (temperature),
    doi:10.1207/s15516709cog0901_7.

    Built in: lesson 08.
    """
    _require_logits(logits)
    if isinstance(temperature, bool) or not 0 < temperature < math.inf:
        raise ValueError(
            f"expected a temperature above 0, got {temperature!r}: the single likeliest token is logits.argmax(-1), "
            "or generate(..., temperature=0)"
        )
    logits = logits / temperature
    if not (logits.amax(-1) < math.inf).all():
        raise ValueError(
            f"a temperature of {temperature} is so small that logits / temperature overflows: "
            "generate(..., temperature=0) takes the likeliest"
        )
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    return logits if top_p is None else keep_nucleus(logits, top_p)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Strike out all but the k largest logits of each row; what ties with the k-th stays too.

    A k beyond the vocabulary keeps everything, as transformers' ``TopKLogitsWarper`` does.

    Args:
        logits: (..., V) floating point.
        k: how many to keep, 1 or more.

    Returns (..., V), ``-inf`` where struck out. Raises ValueError as `filter_logits`.

    >>> keep_top_k(torch.tensor([2.0, 0.0, 1.0]), 1)
    tensor([2., -inf, -inf])

    Reference: Fan, Lewis and Dauphin (2018), "Hierarchical neural story generation", arXiv:1805.04833.

    Built in: lesson 08.
    """
    _require_logits(logits)
    if not _is_whole(k) or k < 1:
        raise ValueError(f"expected top_k as a whole number of tokens, 1 or more, got {k!r}")
    kth = logits.topk(min(k, logits.shape[-1])).values[..., -1:]  # (..., 1) the smallest that stays
    return logits.masked_fill(logits < kth, float("-inf"))


def keep_nucleus(logits: Tensor, p: float) -> Tensor:
    r"""Strike out the unlikely tail: keep the smallest set of tokens whose probabilities together reach p.

    Sorted from the likeliest down, a token stays if those **before** it sum to less than p. So the one that crosses
    the line is kept, and never nothing. As transformers' ``TopPLogitsWarper``, except that p = 1 strikes nothing,
    where rounding there can.

    Args:
        logits: (..., V) floating point.
        p: above 0, at most 1.

    Returns (..., V), ``-inf`` where struck out. Raises ValueError as `filter_logits`.

    >>> keep_nucleus(torch.tensor([0.5, 0.3, 0.2]).log(), 0.6).exp()    # 0.5 does not reach 0.6; 0.5 + 0.3 does
    tensor([0.5000, 0.3000, 0.0000])

    Reference: Holtzman, Buys, Du, Forbes and Choi (2020), "The curious case of neural text degeneration",
    arXiv:1904.09751.

    Built in: lesson 08.
    """
    _require_logits(logits)
    if isinstance(p, bool) or not 0 < p <= 1:
        raise ValueError(f"expected top_p above 0 and at most 1, a share of the probability, got {p!r}")
    if p == 1:
        return logits
    probabilities, order = logits.softmax(-1).sort(dim=-1, descending=True)  # (..., V) both
    before = probabilities.cumsum(-1) - probabilities  # (..., V) what the likelier ones sum to
    tail = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(tail, float("-inf"))


@torch.no_grad()
def generate(
    model: Any,
    ids: Tensor,
    *,
    steps: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end: int | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Tensor:
    """Write on: sample up to `steps` tokens, each from what the model expects after all before it.

    With the cache the model reads the given tokens once and from then on only the newest one. Without, it reads
    everything again at every step: the same tokens, much later. While it writes, the model is in eval mode (no
    dropout); afterwards it is as it was.

    Args:
        model: causal, as ``mmlearn.encode.text.TextTransformer``: ``model(ids, cache=cache)`` -> states,
            ``model.logits(states)``, ``model.new_cache()``, ``model.config`` with causal, vocabulary, positions.
        ids: (B, T) int64, T >= 1: where to begin. Rows have one length, so there is no padding.
        steps: how many tokens to add at most, 0 or more.
        temperature: as in `filter_logits`; 0: always the likeliest, of equals the first.
        top_k, top_p: as in `filter_logits`.
        end: the token that ends a text, 0 to V - 1. After it a row is filled up with `end`; when all have ended, it
            stops.
        generator: of the draws, on the device of `ids`; None: torch's own.
        use_cache: keep keys and values, or read everything anew.

    Returns (B, T + n) int64, n <= steps. Raises ValueError for a model that sees the future, ids or `end` out of the
    vocabulary, or more tokens than the model has positions.

    >>> from mmlearn.encode.text import TextConfig, TextTransformer
    >>> config = TextConfig(20, 9, 8, 1, 2, 16, causal=True, norm="pre", activation="gelu", eps=1e-5)
    >>> generate(TextTransformer(config), torch.tensor([[3, 1]]), steps=4).shape
    torch.Size([1, 6])

    Built in: lesson 08.
    """
    _require_start(model, ids, steps, end)
    settings = (1.0 if temperature == 0 else temperature, top_k, top_p)
    filter_logits(torch.zeros(1, model.config.vocabulary), *settings)  # refused before the work
    modes = {module: module.training for module in model.modules()}  # each its own: some may be frozen in eval mode
    model.eval()
    cache = model.new_cache() if use_cache else None
    try:
        ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)  # (B,)
        unread = ids  # what the model has not read yet
        for _ in range(steps):
            logits = model.logits(model(unread, cache=cache)[:, -1])  # (B, V) after the last token
            chosen = _choose(logits, temperature, top_k, top_p, generator)  # (B,)
            if end is not None:
                chosen = chosen.masked_fill(ended, end)
                ended = ended | (chosen == end)
            ids = torch.cat([ids, chosen[:, None]], dim=1)  # (B, T + 1)
            if bool(ended.all()):
                break
            unread = chosen[:, None] if use_cache else ids
    finally:
        for module, mode in modes.items():
            module.training = mode
    return ids


def _choose(
    logits: Tensor, temperature: float, top_k: int | None, top_p: float | None, generator: torch.Generator | None
) -> Tensor:
    if temperature == 0:
        return logits.argmax(-1)  # (B,)
    probabilities = filter_logits(logits, temperature, top_k, top_p).softmax(-1)  # (B, V)
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]  # (B,)


def _is_whole(number: Any) -> bool:
    """A whole number, NumPy's too."""
    try:
        operator.index(number)
    except TypeError:
        return False
    return not isinstance(number, bool)


def _require_logits(logits: Tensor) -> None:
    require_tensor(logits, "logits")
    if not logits.is_floating_point():
        raise TypeError(f"expected logits, floating-point numbers, got {logits.dtype}: are these token ids?")
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"expected logits (..., V), one number a token, got shape {tuple(logits.shape)}")
    if logits.isnan().any():
        raise ValueError("expected logits, got NaN among them: did the training diverge?")
    best = logits.amax(-1)  # (...)
    if (best == float("inf")).any():
        raise ValueError("expected logits, got +inf among them: did something overflow?")
    if (best == float("-inf")).any():
        raise ValueError("expected something to choose from, got a row of -inf: was every token struck out?")


def _require_start(model: Any, ids: Tensor, steps: int, end: int | None) -> None:
    config = model.config
    if not config.causal:
        raise ValueError(
            "expected a causal model, got one that looks both ways: it has learned to read the token that it should "
            "guess, so it cannot write. Build it with TextConfig(causal=True)"
        )
    if not _is_whole(steps) or steps < 0:
        raise ValueError(f"expected steps as a whole number, 0 or more, got {steps!r}")
    if end is not None and (not _is_whole(end) or not 0 <= end < config.vocabulary):
        raise ValueError(f"expected end as a token from 0 to {config.vocabulary - 1}, got {end!r}: it would never come")
    require_tensor(ids, "ids")
    if ids.ndim != 2 or not ids.shape[1] or ids.is_floating_point():
        raise ValueError(
            f"expected token ids (B, T) with T >= 1, got {ids.dtype} of shape {tuple(ids.shape)}: "
            "for one text use ids[None]; to begin from nothing, begin with the start token"
        )
    if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < config.vocabulary:
        raise ValueError(
            f"expected ids from 0 to {config.vocabulary - 1}, got {int(ids.min())} to {int(ids.max())}: "
            "do tokenizer and model belong together?"
        )
    if ids.shape[1] + steps > config.positions:
        raise ValueError(
            f"the model has {config.positions} positions; {ids.shape[1]} given tokens and {steps} steps are too many: "
            f"at most {max(0, config.positions - ids.shape[1])} steps"
        )
