"""The exercise of lesson 08 on training: the loss of a language model."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmlearn.checks.exercise import Case, Exercise, Mistake
from mmlearn.checks.gradients import with_gradients

Generator = np.random.Generator


def _scored(generator: Generator, b: int, t: int, v: int, lengths: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Logits, ids and a mask; the fill is token 0, which also occurs as a real token."""
    import torch

    logits = torch.from_numpy(2 * generator.normal(size=(b, t, v))).float()
    ids = torch.from_numpy(generator.integers(0, v, (b, t)))
    ids[:, 1] = 0
    mask = torch.arange(t) < torch.tensor(lengths)[:, None]  # (B, T)
    return logits, ids.masked_fill(~mask, 0), mask


def _cross(logits: Any, targets: Any, **options: Any) -> Any:
    import torch.nn.functional as F

    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), **options)


def _marked(targets: Any, mask: Any) -> Any:
    return targets.masked_fill(~mask, -100)


def _unshifted(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits, _marked(ids, mask))


def _backwards(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, 1:], _marked(ids[:, :-1], mask[:, 1:]))


def _padding_counts(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], ids[:, 1:])


def _zero_is_padding(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], ids[:, 1:], ignore_index=0)


def _mask_of_the_reader(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], _marked(ids[:, 1:], mask[:, :-1]))


def _multiplied(logits: Any, ids: Any, mask: Any) -> Any:
    each = _cross(logits[:, :-1], ids[:, 1:], reduction="none").view(ids[:, 1:].shape)
    return (each * mask[:, 1:]).mean()


def _mean_of_means(logits: Any, ids: Any, mask: Any) -> Any:
    each = _cross(logits[:, :-1], ids[:, 1:], reduction="none").view(ids[:, 1:].shape) * mask[:, 1:]
    return (each.sum(1) / mask[:, 1:].sum(1)).mean()


def _summed(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], _marked(ids[:, 1:], mask[:, 1:]), reduction="sum")


def _softmax_first(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1].softmax(-1), _marked(ids[:, 1:], mask[:, 1:]))


def _log_likelihood(logits: Any, ids: Any, mask: Any) -> Any:
    return -_cross(logits[:, :-1], _marked(ids[:, 1:], mask[:, 1:]))


def _perplexity(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], _marked(ids[:, 1:], mask[:, 1:])).exp()


def _last_only(logits: Any, ids: Any, mask: Any) -> Any:
    import torch

    rows = torch.arange(len(ids))
    last = mask.sum(1) - 1
    return _cross(logits[rows, last - 1][:, None], ids[rows, last][:, None])


def _mask_upside_down(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], _marked(ids[:, 1:], ~mask[:, 1:]))


def _rolled(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits, _marked(ids.roll(-1, 1), mask))


def _by_all_real(logits: Any, ids: Any, mask: Any) -> Any:
    return _summed(logits, ids, mask) / mask.sum()


def _over_the_places(logits: Any, ids: Any, mask: Any) -> Any:
    chances = logits[:, :-1].log_softmax(1).gather(-1, ids[:, 1:, None])[..., 0]  # (B, T - 1)
    return -chances[mask[:, 1:]].mean()


def _not_flat(logits: Any, ids: Any, mask: Any) -> Any:
    import torch.nn.functional as F

    return F.cross_entropy(logits[:, :-1], _marked(ids[:, 1:], mask[:, 1:]), ignore_index=-100)


def _other_fill(logits: Any, ids: Any, mask: Any) -> Any:
    return _cross(logits[:, :-1], ids[:, 1:].masked_fill(~mask[:, 1:], -1))


LOSS = Exercise(
    id="08.6",
    title="The loss of a language model",
    reference="mmlearn.train.language.next_token_loss",
    cases=(
        Case("two texts of 6 and 3 tokens, 9 words", lambda g: _scored(g, 2, 6, 9, (6, 3))),
        Case("three texts of 2, 7 and 5 tokens, 4 words", lambda g: _scored(g, 3, 7, 4, (2, 7, 5))),
        Case("one text, no padding", lambda g: _scored(g, 1, 5, 6, (5,))),
    ),
    mistakes=(
        Mistake(
            _unshifted,
            "Nothing is shifted: at each place the model would be asked for the token it has just read. The logits "
            "at t belong to the token at t + 1.",
        ),
        Mistake(_backwards, "Shifted the wrong way: you ask for the token BEFORE. logits[:, :-1] go with ids[:, 1:]."),
        Mistake(_padding_counts, "Padding is learned as if it were text: leave out the targets where mask is False."),
        Mistake(
            _zero_is_padding,
            "You leave out every token 0, but 0 is a real token here, too: what is padding is told by the mask alone.",
        ),
        Mistake(
            _mask_of_the_reader,
            "The mask must be shifted with the targets, mask[:, 1:]: yours asks the last real token for what follows.",
        ),
        Mistake(
            _multiplied,
            "You set the loss at padding to 0 and then divide by all places: divide by the number of real targets.",
        ),
        Mistake(
            _mean_of_means,
            "You take a mean for each text and then their mean: asked is the mean over all real tokens of the batch.",
        ),
        Mistake(_summed, "That is the sum over the tokens; the mean is asked for."),
        Mistake(_softmax_first, "F.cross_entropy takes logits and makes the softmax itself: yours gets it twice."),
        Mistake(_log_likelihood, "The sign is turned: a loss is MINUS the mean log probability."),
        Mistake(_perplexity, "That is the perplexity; the loss is its logarithm: leave out the exp."),
        Mistake(
            _mask_upside_down,
            "The mask is the wrong way round: True means a real token, so -100 goes where it is False, ~mask[:, 1:].",
        ),
        Mistake(
            _rolled,
            "roll(-1) brings the first token round to the end, and the last logits are asked for it: cut instead, "
            "logits[:, :-1] and ids[:, 1:].",
        ),
        Mistake(
            _by_all_real,
            "You divide by all real tokens, the first of each text too; it is nobody's target: mask[:, 1:].sum().",
        ),
        Mistake(_over_the_places, "Your softmax runs over the places: the tokens of the vocabulary are the LAST axis."),
        Mistake(
            _not_flat,
            "F.cross_entropy wants the classes on axis 1: flatten(0, 1) the scores and flatten the targets, or "
            "transpose the scores.",
        ),
        Mistake(_other_fill, "What is left out must be filled with -100: that is the number ignore_index looks for."),
        Mistake(_last_only, "You ask for the last token of each text only: every token but the first is a lesson."),
    ),
    use=with_gradients,
)
