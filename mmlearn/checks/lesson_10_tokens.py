"""The exercise of lesson 10 on BEiT's loss: which token of the codebook was hidden here?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.lesson_10_loss import to_first

Generator = np.random.Generator


def _of_tokens(b: int, n: int, v: int, hidden: int, scale: float = 2.0) -> Callable[[Generator], tuple[Any, ...]]:
    """Logits (B, N, V), tokens (B, N), and a mask with another number of hidden places in each row."""

    def make(generator: Generator) -> tuple[Any, ...]:
        import torch

        mask = np.stack([generator.permutation(n) < max(1, hidden - row) for row in range(b)]).astype(np.float64)
        logits = torch.from_numpy(generator.normal(size=(b, n, v)) * scale)
        return logits, torch.from_numpy(generator.integers(v, size=(b, n))), torch.from_numpy(mask)

    return make


def _coin(_: Generator) -> tuple[Any, ...]:
    import torch

    logits = torch.tensor([[[0.0, 0.0], [0.0, 3.0], [1.0, 0.0]]], dtype=torch.float64)
    return logits, torch.tensor([[1, 1, 0]]), torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)


def _surprise(logits: Any, tokens: Any) -> Any:
    """-log p of the right token at every place, (B, N)."""
    return -logits.log_softmax(dim=-1).gather(2, tokens[..., None])[..., 0]


def _right(logits: Any, tokens: Any, mask: Any) -> Any:
    return (_surprise(logits, tokens) * mask).sum() / mask.sum()


def _softmax_twice(logits: Any, tokens: Any, mask: Any) -> Any:
    return _right(logits.softmax(dim=-1), tokens, mask)


def _overflows(logits: Any, tokens: Any, mask: Any) -> Any:
    p = logits.exp() / logits.exp().sum(dim=-1, keepdim=True)
    return (-p.log().gather(2, tokens[..., None])[..., 0] * mask).sum() / mask.sum()


def _underflows(logits: Any, tokens: Any, mask: Any) -> Any:
    p = logits.softmax(dim=-1).gather(2, tokens[..., None])[..., 0]
    return (-p.log() * mask).sum() / mask.sum()


def _over_places(logits: Any, tokens: Any, mask: Any) -> Any:
    surprise = -logits.log_softmax(dim=1).gather(2, tokens[..., None])[..., 0]
    return (surprise * mask).sum() / mask.sum()


def _raw_logits(logits: Any, tokens: Any, mask: Any) -> Any:
    return (-logits.gather(2, tokens[..., None])[..., 0] * mask).sum() / mask.sum()


def _probability(logits: Any, tokens: Any, mask: Any) -> Any:
    return (-(-_surprise(logits, tokens)).exp() * mask).sum() / mask.sum()


def _row_by_row(logits: Any, tokens: Any, mask: Any) -> Any:
    return ((_surprise(logits, tokens) * mask).sum(dim=1) / mask.sum(dim=1)).mean()


def _torn(logits: Any, tokens: Any, mask: Any) -> Any:
    b, n, k = logits.shape
    return _right(logits.reshape(b, k, n).transpose(1, 2), tokens, mask)


def _axis_left(logits: Any, tokens: Any, mask: Any) -> Any:
    return (_surprise(logits, tokens)[..., None] * mask).sum() / mask.sum()


def _all_with_all(logits: Any, tokens: Any, mask: Any) -> Any:
    return (-logits.log_softmax(dim=-1)[..., tokens] * mask).sum() / mask.sum()


def _zero_ignored(logits: Any, tokens: Any, mask: Any) -> Any:
    asked = mask * (tokens != 0)
    return (_surprise(logits, tokens) * asked).sum() / asked.sum()


def _over_batch(logits: Any, tokens: Any, mask: Any) -> Any:
    return (-logits.log_softmax(dim=0).gather(2, tokens[..., None])[..., 0] * mask).sum() / mask.sum()


TOKEN_LOSS = Exercise(
    id="10.5",
    title="Which token was hidden?",
    reference="mmlearn.encode.codebook.masked_token_loss",
    cases=(
        Case("three places, two tokens; both equally likely where hidden", _coin),
        Case("three pictures of 9 places, 6 tokens", _of_tokens(3, 9, 6, 7)),
        Case("one place hidden", _of_tokens(1, 4, 3, 1)),
        Case("logits in the thousands", _of_tokens(2, 5, 4, 4, scale=2000.0)),
    ),
    mistakes=(
        Mistake(
            lambda logits, tokens, mask: _surprise(logits, tokens).mean(),
            "You average over all places; those it was shown are no riddle. Mark the hidden ones only.",
        ),
        Mistake(
            lambda logits, tokens, mask: (
                _right(logits, tokens, 1 - mask) if mask.min() == 0 else _right(logits, tokens, mask)
            ),
            "You mark the places that it was shown: the mask is 1 where a token was hidden.",
        ),
        Mistake(
            lambda logits, tokens, mask: (_surprise(logits, tokens) * mask).mean(),
            "You divide by the number of all places: divide by that of the hidden ones, mask.sum().",
        ),
        Mistake(
            lambda logits, tokens, mask: (_surprise(logits, tokens) * mask).sum(),
            "You add the surprises up: divide by the number of hidden places.",
        ),
        Mistake(
            _row_by_row,
            "You average picture by picture first. Every hidden place counts alike: one sum over all, over mask.sum().",
        ),
        Mistake(
            lambda logits, tokens, mask: -_right(logits, tokens, mask),
            "The sign is wrong: a loss is the surprise, MINUS the log of the probability.",
        ),
        Mistake(
            lambda logits, tokens, mask: _right(logits, tokens, mask) / np.log(2),
            "You measure in bits (log to the base 2); the natural log is due.",
        ),
        Mistake(
            _softmax_twice,
            "Softmax is taken twice: cross_entropy and log_softmax want the logits themselves.",
        ),
        Mistake(
            _overflows,
            "e to the power of a large logit overflows, and NaN comes out: log_softmax (or cross_entropy) never does.",
        ),
        Mistake(
            _underflows,
            "The log of a softmax: where a probability is rounded to 0 the log is infinite. log_softmax takes the two "
            "steps as one.",
        ),
        Mistake(
            _torn,
            "reshape tears the numbers apart: cross_entropy wants the classes SECOND, logits.transpose(1, 2).",
        ),
        Mistake(
            _axis_left,
            "After gather the last axis, of length 1, is still there, and with the mask it is stretched to (B, N, N): "
            "take it away, [..., 0].",
        ),
        Mistake(
            _all_with_all,
            "log_p[..., tokens] asks every place for every place's token, (B, N, B, N). gather asks each for its own.",
        ),
        Mistake(
            lambda logits, tokens, mask: _surprise(logits, tokens * mask.long()).mean(),
            "tokens * mask turns what was seen into token 0, and that is then asked for as well. Leave the tokens as "
            "they are, and multiply the surprises.",
        ),
        Mistake(
            lambda logits, tokens, mask: _surprise(logits * mask[..., None], tokens).mean(),
            "logits * mask makes all tokens equally likely where nothing was hidden, and that still counts. Multiply "
            "the surprises.",
        ),
        Mistake(
            _zero_ignored,
            "ignore_index=0 leaves out token 0 wherever it is hidden, too: it is a token like the others. Use -100.",
        ),
        Mistake(_over_batch, "Your softmax runs over the batch (axis 0); it runs over the tokens, the last axis."),
        Mistake(_over_places, "Your softmax runs over the places (axis 1); it runs over the tokens, the last axis."),
        Mistake(_raw_logits, "The logits themselves are no log-probabilities: log_softmax over the last axis first."),
        Mistake(_probability, "You take the probability of the right token, without its log."),
        Mistake(
            lambda logits, tokens, mask: _right(logits.detach(), tokens, mask),
            "The number is right, but no gradient reaches the logits: is there a detach(), .item() or no_grad()?",
        ),
    ),
    use=to_first,
)
