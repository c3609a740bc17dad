"""The exercise of lesson 08 on sentences: from a vector a token to one a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake

Generator = np.random.Generator


def _right(states: Any, mask: Any) -> Any:
    from mmlearn.encode.pooling import sentence_vectors

    return sentence_vectors(states, mask)


def _unit(vectors: Any) -> Any:
    return vectors / vectors.norm(dim=-1, keepdim=True)


def _states(generator: Generator, t: int, d: int, lengths: tuple[int, ...]) -> tuple[Any, Any]:
    """States with a common part, so that no mean is near zero; at padding stands something, as in a real model."""
    import torch

    states = torch.from_numpy(generator.normal(size=(len(lengths), t, d)) + generator.normal(size=d)).float()
    return states, torch.arange(t) < torch.tensor(lengths)[:, None]  # (B, T)


def _zeroed(states: Any, mask: Any) -> Any:
    return states * mask[..., None]


def _max(states: Any, mask: Any) -> Any:
    return _unit(states.masked_fill(~mask[..., None], float("-inf")).amax(1))


def _tokens_first(states: Any, mask: Any) -> Any:
    return _right(_unit(states), mask)


def _by_the_longest(states: Any, mask: Any) -> Any:
    return _zeroed(states, mask).mean(1)


def _without_ends(states: Any, mask: Any) -> Any:
    inner = mask.clone()
    inner[:, 0] = False
    inner &= mask.roll(-1, 1).logical_and(mask) if mask.shape[1] > 1 else mask
    weights = inner[..., None].to(states.dtype)
    return _unit((states * weights).sum(1) / weights.sum(1).clamp(min=1))


def _without_cls(states: Any, mask: Any) -> Any:
    return _right(states[:, 1:], mask[:, 1:])


def _last(states: Any, mask: Any) -> Any:
    import torch

    return _unit(states[torch.arange(len(states)), mask.sum(1) - 1])


POOL = Exercise(
    id="08.9",
    title="One vector a sentence",
    reference="mmlearn.encode.pooling.sentence_vectors",
    cases=(
        Case("three sentences of 6, 3 and 4 tokens", lambda g: _states(g, 6, 8, (6, 3, 4))),
        Case("two sentences of 3 and 9 tokens", lambda g: _states(g, 9, 5, (3, 9))),
        Case("one sentence, no padding", lambda g: _states(g, 4, 6, (4,))),
    ),
    mistakes=(
        Mistake(
            lambda states, mask: _unit(states.mean(1)),
            "Padding is averaged in: the same sentence gets another vector beside a longer one. Use the mask.",
        ),
        Mistake(
            lambda states, mask: _unit(states[:, 0]),
            "That is the vector of [CLS] alone, as BERT's classifiers use it. This model was trained on the mean.",
        ),
        Mistake(
            lambda states, mask: _zeroed(states, mask).sum(1) / mask.sum(1, keepdim=True),
            "The means are right, their length is not: divide each by its norm, so that a dot product is a cosine.",
        ),
        Mistake(_tokens_first, "You bring each token to length one before the mean. First the mean, then the length."),
        Mistake(_max, "That is max pooling, the largest number of each column; the mean is asked for."),
        Mistake(
            _by_the_longest,
            "You divide by T, padding included, and leave the length as it comes: divide by the number of real tokens, "
            "then by the norm.",
        ),
        Mistake(
            lambda states, mask: _zeroed(states, mask).sum(1),
            "That is the sum, without its length set to one: divide by the norm.",
        ),
        Mistake(
            lambda states, mask: _unit(_zeroed(states, ~mask).sum(1) + 1e-9),
            "You average what is padding: the mask is the wrong way round, True means a real token.",
        ),
        Mistake(
            lambda states, mask: states.mean(1),
            "Padding is in your mean, and the length is left as it comes: use the mask, then divide by the norm.",
        ),
        Mistake(
            lambda states, mask: (m := _zeroed(states, mask).sum(1) / mask.sum(1, keepdim=True)) / m.norm(dim=0),
            "Your norm runs over the sentences (dim 0): each ROW gets length one, norm(dim=-1, keepdim=True).",
        ),
        Mistake(_without_cls, "[CLS] is left out; this model's mean takes it in, as every real token."),
        Mistake(_without_ends, "[CLS] and [SEP] are left out; this model's mean takes them in, as all real tokens."),
        Mistake(_last, "That is the last token's vector, as with causal models; this one was trained on the mean."),
        Mistake(
            lambda states, mask: (v := _right(states, mask)) / v.norm(),
            "You divide by the norm of the whole batch: each row has a length of its own, norm(dim=-1, keepdim=True).",
        ),
    ),
)
