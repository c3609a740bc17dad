"""The exercise of lesson 07 on masks: attention that may not look everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_07_attention import attended, tensors

Generator = np.random.Generator
LOW = -float("inf")


def masked_attention(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """The course's answer to 07.3: the package's attention, step by step."""
    from mmlearn.blocks.attention import manual_attention

    return manual_attention(q, k, v, mask)[0]


def _case(generator: Generator, b: int, n: int, m: int, *, blind: bool = False, real: bool = False) -> tuple[Any, ...]:
    """Inputs with a mask: any (N, M), one with a blind row, or (B, 1, M) of real tokens."""
    import torch

    mask = generator.random((n, m)) < 0.6
    mask[:, 0] = True
    if blind:
        mask[1] = False
    if real:
        lengths = generator.integers(1, m, size=(b, 1, 1))
        mask = np.arange(m) < lengths  # (B, 1, M)
    return *tensors(generator, (b, n, 8), (b, m, 8), (b, m, 3)), torch.from_numpy(mask)


def _loud(generator: Generator) -> tuple[Any, ...]:
    """Scores beyond what exp can hold, and one hidden key a hundred times as long as the rest; float64."""
    import torch

    q, k, v = tensors(generator, (2, 3, 8), (2, 5, 8), (2, 5, 3), double=True)
    q[..., 0], k[..., 0] = 60.0, 60.0  # adds 3600 / sqrt(8) to every score
    k[:, 2] *= 100
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[:, 2] = False
    return q, k, v, mask


def _scores(q: Any, k: Any) -> Any:
    return q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5


def _filled(low: float, mend: Callable[[Any], Any] = lambda weights: weights) -> Callable[..., Any]:
    """Forbidden scores set to `low`; what comes of softmax is mended."""

    def wrong(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
        scores = _scores(q, k) if mask is None else _scores(q, k).masked_fill(~mask, low)
        return mend(scores.softmax(-1)) @ v

    return wrong


def _inverted(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return masked_attention(q, k, v, mask if mask is None else ~mask)


def _ignored(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return masked_attention(q, k, v)


def _after(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    weights = _scores(q, k).softmax(-1)
    return (weights if mask is None else weights * mask) @ v


def _after_shared_anew(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    weights = _scores(q, k).softmax(-1)
    weights = weights if mask is None else weights * mask
    return weights / (weights.sum(-1, keepdim=True) + 1e-9) @ v


def _by_exponentials(hide: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The softmax written out, without the row's largest score taken off."""

    def wrong(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
        scores = _scores(q, k)
        exponentials = scores.exp() if mask is None else hide(scores, mask)
        return exponentials / (exponentials.sum(-1, keepdim=True) + 1e-9) @ v

    return wrong


def _hides_what_is_allowed(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k)
    return (scores if mask is None else scores.masked_fill(mask, LOW)).softmax(-1) @ v


def _indexed(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k)
    if mask is not None:
        scores[~mask] = LOW
    return scores.softmax(-1) @ v


def _mended_at_the_end(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return _filled(LOW)(q, k, v, mask).nan_to_num(0.0)


def _zeroed(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k)
    return (scores if mask is None else scores * mask).softmax(-1) @ v


def _added(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = _scores(q, k)
    return (scores if mask is None else scores + mask.to(scores)).softmax(-1) @ v


def _no_way_back(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """The values are right; a NaN in the softmax of a blind row comes back in the gradient."""
    import torch

    scores = _scores(q, k)
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(~mask, LOW)
    return scores.softmax(-1).nan_to_num(0.0) @ v


def _rows(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """Whole queries are shut out as soon as one of their keys is."""
    found = masked_attention(q, k, v)
    return found if mask is None else found * mask.all(-1, keepdim=True)


def _unscaled(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return masked_attention(q * q.shape[-1] ** 0.5, k, v, mask)


def _values_alone(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """Forbidden values are emptied where no query may see them; their keys still take a share."""
    if mask is None:
        return masked_attention(q, k, v)
    seen = mask.expand(len(q), *mask.shape[-2:]).any(-2)  # (B, M)
    return masked_attention(q, k, v * seen[..., None])


MASKED = Exercise(
    id="07.3",
    title="Attention with a mask",
    reference="mmlearn.checks.lesson_07_masks.masked_attention",
    cases=(
        Case("a mask (N, M) for 4 queries and 6 keys", lambda g: _case(g, 2, 4, 6)),
        Case("sentences of several lengths, mask (B, 1, M)", lambda g: _case(g, 3, 4, 7, real=True)),
        Case("a query that may look at nothing", lambda g: _case(g, 2, 3, 5, blind=True)),
        Case("scores too large for exp, and the largest is hidden", _loud),
        Case("no mask", lambda g: tensors(g, (2, 3, 4), (2, 5, 4), (2, 5, 4))),
    ),
    mistakes=(
        Mistake(
            _inverted,
            "You look exactly where the mask forbids it: True means allowed. (masked_fill fills where its mask is "
            "True: ~mask.)",
        ),
        Mistake(_ignored, "The mask changes nothing in your result: is it used?"),
        Mistake(_after, "Masking after softmax leaves rows that no longer sum to one: mask the SCORES, with -inf."),
        Mistake(
            _zeroed,
            "A forbidden score of 0 still gets the share exp(0) = 1: forbidden is -inf, whose exponential is 0.",
        ),
        Mistake(
            _after_shared_anew,
            "Sharing out anew after softmax works until a hidden score is far above the rest: then all that is allowed "
            "has underflowed to 0. Mask the scores before it.",
        ),
        Mistake(
            _by_exponentials(lambda scores, mask: scores.exp() * mask),
            "exp(1000) is infinite, and infinity times a mask's 0 is NaN: let softmax do it, after a masked_fill of "
            "the scores.",
        ),
        Mistake(
            _by_exponentials(lambda scores, mask: scores.masked_fill(~mask, LOW).exp()),
            "The mask is right, but exp(1000) is infinite and infinity / infinity is NaN: softmax takes the largest "
            "score off first.",
        ),
        Mistake(
            _hides_what_is_allowed,
            "masked_fill fills where its mask is TRUE, and that is where looking is allowed: you hide just these keys. "
            "Fill where it is False, ~mask. (What is NaN now is then a query that may look at nothing.)",
        ),
        Mistake(
            _indexed,
            "scores[~mask] wants a mask of the scores' own shape, and yours has to spread over the batch: "
            "scores.masked_fill(~mask, ...) does that.",
        ),
        Mistake(
            _mended_at_the_end,
            "The values are right; the NaN that nan_to_num hides at the end was in the WEIGHTS, and comes back in the "
            "gradients. Fill the weights with 0 where the mask forbids, before you mix.",
        ),
        Mistake(_added, "Adding a mask of True and False raises allowed scores by 1 and forbids nothing."),
        Mistake(
            _filled(LOW),
            "A query that may look at nothing should get zeros; yours gets NaN, for softmax of only -inf is 0/0.",
        ),
        Mistake(
            _filled(-1e9),
            "A large negative number nearly does it, but where ALL keys are forbidden all are equal again: such a "
            "query should get zeros, yours gets the mean of what is hidden.",
        ),
        Mistake(
            _filled(-10.0),
            "-10 is not low enough: forbidden keys keep a small share, so what is hidden leaks. Use -inf.",
        ),
        Mistake(
            _no_way_back,
            "The values are right, but a NaN was made on the way, and in the gradient it comes back. masked_fill the "
            "scores (it passes no gradient where it fills) instead of adding -inf.",
        ),
        Mistake(_rows, "You shut out whole queries. The mask's last axis is over the KEYS: hide single scores."),
        Mistake(_unscaled, "The mask is right, but the scores are no longer divided by the square root of D."),
        Mistake(
            _values_alone,
            "You empty the hidden values, but their keys still take a share of the weight: mask the scores.",
        ),
    ),
    use=attended,
)
